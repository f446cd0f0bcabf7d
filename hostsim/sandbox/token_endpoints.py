"""``/oauth-v1/token`` and ``/oauth-v1/revoke``.

Bodies, statuses and the odd content types are as recorded.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace

from flask import Blueprint, Response, abort, request

from hostsim.sandbox import responses
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.tokens import Grant, TokenPair

endpoints = Blueprint("tokens", __name__, url_prefix="/oauth-v1")

#: The required parameters of each grant type; RFC 6749, 4.1.3 and 6.
REQUIRED_PARAMETERS = {"authorization_code": ("code",), "refresh_token": ("refresh_token",)}


@endpoints.post("/token")
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
    licensed = switchboard().state.licensed_scopes(requested)
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
    return state.licensed_scopes(grant)


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


@endpoints.post("/revoke")
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
    client, sent = switchboard().client, request.authorization
    if sent is not None and sent.type == "basic":
        name, secret = sent.username, sent.password
    elif switchboard().switches.client_secret_in_body:
        name, secret = request.form.get("client_id"), request.form.get("client_secret")
    else:
        return False
    return hmac.compare_digest((name or "").encode(), client.id.encode()) and hmac.compare_digest(
        (secret or "").encode(), client.secret.encode()
    )


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
