"""``/oauth-v1``: the login pages, and the token endpoints.

Bodies, statuses and the odd content types of the token request are as
recorded. The pages are invented: those of Fortnox are not recorded.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from werkzeug.wrappers import Response as AnyResponse

from hostsim.sandbox import responses
from hostsim.sandbox.pending_logins import (
    SCOPES,
    PendingLogin,
    companies_of,
    complete_login,
    licensed_scopes,
    redirect_url,
)
from hostsim.sandbox.state import User
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.tokens import Challenge, Grant, TokenPair
from opter_contract.values import Text

#: With more companies than this, the person types a number.
MAX_LISTED_COMPANIES = 50

pages = Blueprint("oauth", __name__, url_prefix="/oauth-v1")


UNKNOWN_CLIENT = Text(
    "Programmet som ville logga in finns inte (client_id). Kontrollera inställningarna.",
    "The program that wants to sign in is unknown (client_id). Check its settings.",
)
WRONG_REDIRECT = Text(
    "Adressen som svaret ska till är inte den som är registrerad (redirect_uri).",
    "The address for the answer is not the registered one (redirect_uri).",
)
NO_STATE = Text(
    "Inloggningen saknar värdet state. Börja om i programmet som du kom ifrån.",
    "The login lacks the value state. Start again in the program that you came from.",
)
UNKNOWN_SCOPE = Text(
    "Programmet är inte registrerat för de behörigheter som det ber om (invalid_scope)."
    " Kontakta den som har gjort det.",
    "The program is not registered for the permissions that it asks for (invalid_scope)."
    " Contact whoever made it.",
)
LOGIN_FAILED = Text(
    "Inloggningen misslyckades. Försök igen senare.",
    "Signing in failed. Try again later.",
)
LOGIN_EXPIRED = Text(
    "Inloggningen har blivit för gammal. Börja om i programmet som du kom ifrån.",
    "This login is too old. Start again in the program that you came from.",
)
WRONG_PASSWORD = Text(
    "Fel användarnamn eller lösenord. Försök igen.",
    "Wrong user name or password. Try again.",
)
WRONG_COMPANY = Text(
    "Det finns inget företag med det numret som användaren kan logga in till.",
    "There is no company of that number that this user can sign in to.",
)
NO_COMPANY = Text(
    "Användaren har inget företag att logga in till.",
    "This user has no company to sign in to.",
)


# --- Login pages -----------------------------------------------------------


@pages.get("/auth")
def auth() -> AnyResponse:
    """Begin a login, or say on a page why it cannot begin."""
    query, client = request.args, switchboard().client
    if query.get("client_id") != client.id:
        return _error_page(UNKNOWN_CLIENT)
    if query.get("redirect_uri", client.redirect_uri) != client.redirect_uri:
        return _error_page(WRONG_REDIRECT)
    if not query.get("state"):
        return _error_page(NO_STATE)
    pending = PendingLogin(
        browser=session.setdefault("browser", secrets.token_urlsafe(16)),
        client_id=client.id,
        redirect_uri=client.redirect_uri,
        given_redirect_uri=query.get("redirect_uri"),
        state=query["state"],
        scopes=tuple(dict.fromkeys(query.get("scope", "").split())),
        service=query.get("account_type") == "service",
        challenge=_pkce_challenge(),
    )
    if error := _request_error(pending):
        return _reject_request(pending, error)
    return _page("login.html", switchboard().pending_logins.begin(pending), pending)


def _reject_request(pending: PendingLogin, error: str) -> AnyResponse:
    """Redirect an invalid request to the program, or show an error page."""
    switches = switchboard().switches
    if error == "invalid_scope" and switches.unregistered_scope == "page":
        return _error_page(UNKNOWN_SCOPE)
    if switches.login_errors == "page":
        return _error_page(LOGIN_FAILED)
    return redirect(redirect_url(pending, error=error))


def _pkce_challenge() -> Challenge | None:
    """Read the PKCE challenge, if it is checked."""
    if switchboard().switches.pkce != "checked" or "code_challenge" not in request.args:
        return None
    method = request.args.get("code_challenge_method", "plain")
    return Challenge(request.args["code_challenge"], method)


def _request_error(pending: PendingLogin) -> str | None:
    """Return OAuth's error code for an invalid request; Fortnox's own is not known."""
    if request.args.get("response_type") != "code":
        return "unsupported_response_type"
    if not pending.scopes or not registered_scopes() >= set(pending.scopes):
        return "invalid_scope"
    if request.args.get("account_type", "service") != "service":
        return "invalid_request"
    if request.args.get("access_type", "offline") != "offline":
        return "invalid_request"
    if switchboard().switches.pkce == "refused" and "code_challenge" in request.args:
        return "invalid_request"
    return None


def registered_scopes() -> AbstractSet[str]:
    """Return the scopes that the program may ask for."""
    registered = switchboard().state.registered_scopes
    return SCOPES.keys() if registered is None else registered


@pages.post("/login")
def login() -> AnyResponse:
    """Check name and password, and go on to the company or the consent."""
    ticket, pending = _pending_login()
    if pending is None:
        return _error_page(LOGIN_EXPIRED)
    if _is_refused():
        return _finish_refused(ticket, pending)
    user = _authenticate(request.form.get("user", ""), request.form.get("password", ""))
    if user is None:
        return _page("login.html", ticket, pending, wrong=WRONG_PASSWORD)
    pending.user = user
    return _choose_company(ticket, pending, user)


def _choose_company(
    ticket: str, pending: PendingLogin, user: User, wrong: Text | None = None
) -> AnyResponse:
    companies = companies_of(user, switchboard().state)
    if not companies:
        return _error_page(NO_COMPANY)
    if len(companies) > 1:
        listed = len(companies) <= MAX_LISTED_COMPANIES
        context = {"companies": companies, "listed": listed, "wrong": wrong}
        return _page("company.html", ticket, pending, **context)
    pending.company = companies[0]
    return _page("consent.html", ticket, pending)


@pages.post("/company")
def company() -> AnyResponse:
    """Take the chosen company, and ask for consent."""
    ticket, pending = _pending_login()
    if pending is None or pending.user is None:
        return _error_page(LOGIN_EXPIRED)
    if _is_refused():
        return _finish_refused(ticket, pending)
    chosen = request.form.get("company", "")
    for candidate in companies_of(pending.user, switchboard().state):
        if str(candidate.number) == chosen:
            pending.company = candidate
            return _page("consent.html", ticket, pending)
    return _choose_company(ticket, pending, pending.user, WRONG_COMPANY)


@pages.post("/consent")
def consent() -> AnyResponse:
    """Send the person back to the program, with a code or with an error."""
    ticket, pending = _pending_login()
    if pending is None or pending.user is None or pending.company is None:
        return _error_page(LOGIN_EXPIRED)
    if _is_refused():
        return _finish_refused(ticket, pending)
    url = complete_login(pending, pending.user, pending.company, switchboard().state)
    return _finish_login(ticket, url, pending.error)


def _pending_login() -> tuple[str, PendingLogin | None]:
    """Find the login of a submitted form, only for the browser that began it."""
    ticket = request.form.get("ticket", "")
    return ticket, switchboard().pending_logins.find(ticket, session.get("browser"))


def _is_refused() -> bool:
    return request.form.get("decision") == "refuse"


def _finish_refused(ticket: str, pending: PendingLogin) -> AnyResponse:
    return _finish_login(ticket, redirect_url(pending, error="access_denied"), "access_denied")


def _authenticate(name: str, password: str) -> User | None:
    user = switchboard().state.users.get(name)
    if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
        return None
    return user


def _finish_login(ticket: str, url: str, error: str | None) -> AnyResponse:
    """Redirect to the program, or show an error page if a switch says so."""
    switchboard().pending_logins.end(ticket)
    if error and switchboard().switches.login_errors == "page":
        return _error_page(LOGIN_FAILED)
    return redirect(url)


def _page(template: str, ticket: str, pending: PendingLogin, **context: object) -> Response:
    state = switchboard().state
    text = render_template(
        template,
        ticket=ticket,
        pending=pending,
        scopes=[SCOPES[name] for name in pending.scopes],
        shown=state.users.get(state.shown_user or ""),
        **context,
    )
    back = urlsplit(pending.redirect_uri)
    return _html_response(text, 200, f"'self' {back.scheme}://{back.netloc}")


def _error_page(message: Text) -> Response:
    return _html_response(render_template("error.html", message=message), 400, "'self'")


def _html_response(text: str, status: int, form_action: str) -> Response:
    """Return a page without scripts, whose forms may post here or to the program only."""
    response = make_response(text, status)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {form_action};"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


# --- Token endpoints -------------------------------------------------------


#: The required parameters of each grant type; RFC 6749, 4.1.3 and 6.
REQUIRED_PARAMETERS = {"authorization_code": ("code",), "refresh_token": ("refresh_token",)}


@pages.post("/token")
def token() -> Response:
    """Turn a code, a refresh token or an earlier consent into tokens."""
    _check_host()
    if not _is_client_authenticated():
        return _invalid_client()
    kind = request.form.get("grant_type", "")
    for name in ("grant_type", *REQUIRED_PARAMETERS.get(kind, ())):
        if not request.form.get(name):
            return _token_error(400, "invalid_request", f"The parameter {name} is missing")
    match kind:
        case "authorization_code":
            return _redeem_code()
        case "refresh_token":
            return _refresh()
        case "client_credentials" if switchboard().switches.client_credentials != "unsupported":
            return _grant_client_credentials()
        case _:
            return _token_error(400, "unsupported_grant_type", "The grant type is not supported")


def _redeem_code() -> Response:
    code, redirect_uri = request.form.get("code", ""), request.form.get("redirect_uri")
    verifier, switches = request.form.get("code_verifier", ""), switchboard().switches
    tokens = switchboard().state.tokens
    grant = tokens.grant_of_code(code)
    scopes = _licensed_scopes(grant) if grant else ()
    if grant and not scopes:
        return _missing_licence_error()
    pair = tokens.redeem(code, switchboard().client.id, redirect_uri, verifier, scopes)
    if pair is None:
        message = "Authorization code doesn't exist or is invalid for the client"
        return _token_error(
            switches.bad_code_status, "invalid_grant", message, switches.bad_code_content_type
        )
    return token_response(pair)


def _grant_client_credentials() -> Response:
    """Grant ``client_credentials``: the company is in a header; no refresh token is issued."""
    switches = switchboard().switches
    if switches.client_credentials == "not_allowed":
        return _token_error(400, "unauthorized_client", "Client does not allow service account")
    tenant, scopes = request.headers.get("TenantId", ""), request.form.get("scope", "").split()
    number = int(tenant) if re.fullmatch(r"[0-9]{1,18}", tenant) else -1
    company = switchboard().state.companies.get(number)
    tokens, client = switchboard().state.tokens, switchboard().client.id
    consented = tokens.consented(client, number)
    unlicensed = company is not None and not company.integration_licence
    licence_policy = switches.client_credentials_unlicensed if unlicensed else "granted"
    if company is None or consented is None or licence_policy == "no_consent":
        message = "The tenant has given no consent to the client"
        return _token_error(switches.client_credentials_status, "invalid_grant", message)
    if licence_policy == "refused":
        return _missing_licence_error()
    requested = replace(consented, scopes=tuple(scopes) or consented.scopes)
    licensed = licensed_scopes(requested, switchboard().state)
    if set(requested.scopes) <= set(consented.scopes) and not licensed:
        return _missing_licence_error()
    pair = tokens.for_service(client, number, licensed or requested.scopes)
    if pair is None:
        message = "The scope is unknown, or exceeds the consent"
        return _token_error(400, switches.client_credentials_scope, message)
    return token_response(pair)


def _refresh() -> Response:
    refresh_token, state = request.form.get("refresh_token", ""), switchboard().state
    grant = state.tokens.grant_of_refresh(refresh_token)
    scopes = _licensed_scopes(grant) if grant else ()
    if grant and not scopes:
        return _missing_licence_error()
    pair = state.tokens.refresh(refresh_token, switchboard().client.id, scopes)
    if pair is None:
        return _token_error(400, "invalid_grant", "Invalid refresh token")
    return token_response(pair)


def _licensed_scopes(grant: Grant) -> tuple[str, ...]:
    """Return the licensed scopes of a grant; none without the integration licence."""
    state = switchboard().state
    if not state.company(grant.company).integration_licence:
        return ()
    return licensed_scopes(grant, state)


def issue_without_login(grant: Grant) -> Response:
    """Issue tokens as for a code, without one."""
    scopes = _licensed_scopes(grant)
    if not scopes:
        return _missing_licence_error()
    return token_response(switchboard().state.tokens.issue(replace(grant, scopes=scopes)))


def _missing_licence_error() -> Response:
    if switchboard().switches.lapsed_licence == "words":
        return _token_error(400, "invalid_request", "The company does not have enough licenses")
    return _token_error(400, "error_missing_license", "The company has no licence")


@pages.post("/revoke")
def revoke() -> Response:
    """End a refresh token, and say so of any other text too."""
    _check_host()
    if not _is_client_authenticated():
        return _invalid_client()
    switchboard().state.tokens.revoke(request.form.get("token", ""))
    return _token_service_response({"revoked": True}, 200, responses.JSON)


def _check_host() -> None:
    """Refuse token requests on a host whose name begins with ``api.``."""
    if request.host.startswith("api.") and not switchboard().switches.token_on_api_host:
        abort(404)


def _is_client_authenticated() -> bool:
    """Check the client's id and secret, in Basic authorization or, by a switch, in the body."""
    client = switchboard().client
    name, secret = _basic_credentials() or _body_credentials() or ("", "")
    return hmac.compare_digest(name.encode(), client.id.encode()) and hmac.compare_digest(
        secret.encode(), client.secret.encode()
    )


def _basic_credentials() -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = (
            base64.b64decode(encoded.strip(" "), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _body_credentials() -> tuple[str, str] | None:
    if not switchboard().switches.client_secret_in_body:
        return None
    return request.form.get("client_id", ""), request.form.get("client_secret", "")


def token_response(pair: TokenPair) -> Response:
    fields: dict[str, object] = {
        "access_token": pair.access,
        "expires_in": 3600,
        "token_type": "bearer",
        "scope": " ".join(pair.grant.scopes),
    }
    if pair.refresh:
        fields["refresh_token"] = pair.refresh
    return _token_service_response(fields, 200, responses.JSON)


def _token_error(
    status: int, error: str, description: str, content_type: str = "text/html; charset=UTF-8"
) -> Response:
    """Return an error as recorded: JSON declared as HTML."""
    content = {"error": error, "error_description": description}
    return _token_service_response(content, status, content_type)


def _invalid_client() -> Response:
    """Return the error as recorded: JSON declared as plain text."""
    content = {
        "error": "invalid_client",
        "error_description": "The client credentials are invalid",
    }
    return _token_service_response(content, 401, "text/plain;charset=UTF-8")


def _token_service_response(content: object, status: int, content_type: str) -> Response:
    """Return a response without ``Content-Length``, with the recorded caching headers."""

    def body() -> Iterator[bytes]:
        yield responses.encode(content).encode()

    response = Response(body(), status, content_type=content_type)
    response.headers["X-Uid"] = secrets.token_hex(4)
    if status != 401:
        response.headers["Cache-Control"] = "no-store"
    if status == 200:
        response.headers["Pragma"] = "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
    return response
