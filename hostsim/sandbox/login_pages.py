"""``/oauth-v1/auth`` and the pages that follow: sign in, choose a company, consent.

The pages are invented: those of Fortnox are not recorded.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from werkzeug.wrappers import Response as AnyResponse

from hostsim.sandbox.pending_logins import (
    PendingLogin,
    companies_of,
    complete_login,
    redirect_url,
)
from hostsim.sandbox.scopes import SCOPES
from hostsim.sandbox.state import User
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.tokens import Challenge
from opter_contract.values import Text

#: With more companies than this, the person types a number.
MAX_LISTED_COMPANIES = 50

pages = Blueprint("login", __name__, url_prefix="/oauth-v1")


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
    if not pending.scopes or not switchboard().state.registered_scopes >= set(pending.scopes):
        return "invalid_scope"
    if request.args.get("account_type", "service") != "service":
        return "invalid_request"
    if request.args.get("access_type", "offline") != "offline":
        return "invalid_request"
    if switchboard().switches.pkce == "refused" and "code_challenge" in request.args:
        return "invalid_request"
    return None


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
