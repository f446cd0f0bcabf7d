"""``/3``: the Flask application, and the processing of each request before and after its view.

The order: drift, latency and faults that a test has set; the gateway (bearer,
rate limit); the rights of the company; the resource.
"""

from __future__ import annotations

import copy
import functools
import hmac
import logging
import re
import secrets
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from hostsim.sandbox import responses
from hostsim.sandbox.control_api import control, not_found_response
from hostsim.sandbox.errors import (
    NO_CREDENTIALS,
    RESPONSE_TYPE,
    SYSTEM_EXCEPTION,
    AttachmentRefused,
    Refused,
)
from hostsim.sandbox.faults import HTML, Fault
from hostsim.sandbox.licences_and_rights import check_rights
from hostsim.sandbox.login_pages import pages
from hostsim.sandbox.matching import ReceivedRequest
from hostsim.sandbox.routes import BY_ENDPOINT, make_blueprint
from hostsim.sandbox.switchboard import KEY, Switchboard, switchboard
from hostsim.sandbox.token_endpoints import endpoints
from hostsim.sandbox.tokens import Grant

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: Parameters whose values are not recorded.
SECRET_PARAMETERS = {"state", "code", "token", "refresh_token", "access_token", "client_secret"}


def create_app(board: Switchboard) -> Flask:
    app = copy.copy(_shared_app())
    app.wsgi_app = _merge_slashes(app.wsgi_app, board)  # type: ignore[assignment]
    app.extensions = {KEY: board}
    app.config = copy.copy(app.config)
    app.secret_key = secrets.token_bytes(32)
    return app


@functools.cache
def _shared_app() -> Flask:
    """Make what all sandboxes share: compiling the routes takes longer than most tests."""
    app = Flask(__name__, static_folder="static", static_url_path="/_sandbox")
    app.config.update(
        SESSION_COOKIE_NAME="fortnox_sandbox",
        SESSION_COOKIE_PATH="/oauth-v1",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    # Fortnox has no OPTIONS.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.strict_slashes = False
    # A switch decides, before the routing and without a redirect.
    app.url_map.merge_slashes = False
    app.before_request(_before_request)
    app.after_request(_after_request)
    app.register_error_handler(Refused, _error_response)
    app.register_error_handler(AttachmentRefused, _attachment_error)
    app.register_error_handler(HTTPException, _unknown_path)
    app.register_blueprint(make_blueprint())
    app.register_blueprint(pages)
    app.register_blueprint(endpoints)
    app.register_blueprint(control)
    app.jinja_env.auto_reload = False
    return app


def _merge_slashes(application: WSGIApplication, board: Switchboard) -> WSGIApplication:
    """Merge repeated slashes in the path, as servers do."""

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "//" in environ["PATH_INFO"] and board.switches.double_slash == "merged":
            environ["PATH_INFO"] = re.sub("/{2,}", "/", environ["PATH_INFO"])
        return application(environ, start_response)

    return wrapped


# --- Around each request ----------------------------------------------------


def _before_request() -> AnyResponse | None:
    g.fault = g.grant = None
    if _is_control():
        return None
    g.grant = _bearer_grant()
    switchboard().latency.wait_before_count(_received_request(None))
    if switchboard().drift.waiting:
        switchboard().drift.perform_due(_received_request(None))
        g.grant = _bearer_grant()
    grant: Grant | None = g.grant
    admitted = (
        grant is None or not _is_api() or switchboard().rate_limiter.acquire(_rate_bucket(grant))
    )
    switchboard().latency.wait_after_count(_received_request(None))
    g.fault = fault = switchboard().faults.next(_received_request(None))
    if fault is not None and not fault.performed:
        return _fault_response(fault)
    return _admit(grant, admitted=admitted) if _is_api() else None


def _admit(grant: Grant | None, *, admitted: bool) -> AnyResponse | None:
    """Return the gateway's error response, or ``None`` to go on to the resource."""
    if grant is None:
        return _unauthorized()
    if not admitted:
        return _too_many_requests()
    if "xml" in request.headers.get("Accept", "") and not request.accept_mimetypes.accept_json:
        raise Refused(RESPONSE_TYPE, "Invalid response type")
    if request.url_rule is not None:
        check_rights(grant, BY_ENDPOINT[request.endpoint or ""])
    return None


def _after_request(response: Response) -> Response:
    if _is_control() and request.endpoint != "control.issue_token":
        return responses.finish(response)
    responses.add_common_headers(response, switchboard().state.clock.now())
    fault: Fault | None = g.fault
    # Before a fault truncates or drips it.
    body = _recorded_body(response)
    replaced = fault is not None and (not fault.performed or fault.how == "answer")
    if not replaced and _asks_for_gzip():
        responses.compress(response)
    if fault is not None and fault.performed:
        _apply_fault(fault, response)
        body = _recorded_body(response) if fault.how == "answer" else body
    else:
        responses.send_in_chunks(response)
    responses.finish(response)
    if _is_control():
        return response
    switchboard().record(_received_request(response.status_code, body))
    log.debug("%s %s: %s", request.method, request.path, response.status_code)
    return response


def _asks_for_gzip() -> bool:
    return switchboard().switches.gzip and request.accept_encodings["gzip"] > 0


def _recorded_body(response: Response) -> str | None:
    """Return the response body of ``/3`` if bodies are recorded; never tokens."""
    if not switchboard().keep_bodies or not _is_api():
        return None
    return response.get_data().decode(errors="replace")


def _received_request(status: int | None, body: str | None = None) -> ReceivedRequest:
    grant: Grant | None = g.grant
    return ReceivedRequest(
        method=request.method,
        path=request.path,
        query=_without_secrets(request.args),
        status=status,
        at=switchboard().state.clock.now(),
        company=grant.company if grant else None,
        imitated=request.url_rule is not None,
        body=body,
    )


def _without_secrets(query: Mapping[str, str]) -> dict[str, str]:
    return {name: "…" if name in SECRET_PARAMETERS else value for name, value in query.items()}


def _is_control() -> bool:
    """Whether a request is for the control routes, which faults never affect."""
    return request.path.split("/")[1] == "_sandbox"


def _is_api() -> bool:
    return request.path.split("/")[1] in {"3", "api"}


def _bearer_grant() -> Grant | None:
    token = _access_token()
    return None if token is None else switchboard().state.tokens.grant_of(token)


def _access_token() -> str | None:
    if request.authorization is not None and request.authorization.type == "bearer":
        return request.authorization.token
    secret = request.headers.get("Client-Secret", "")
    is_client = hmac.compare_digest(secret.encode(), switchboard().client.secret.encode())
    if switchboard().switches.legacy_headers and is_client:
        return request.headers.get("Access-Token")
    return None


def _rate_bucket(grant: Grant) -> tuple[object, ...]:
    if switchboard().switches.rate_bucket == "token":
        return (_access_token(),)
    return (grant.client_id, grant.company)


def _unauthorized() -> Response:
    """Refuse a request without a valid bearer; recorded for an expired one only."""
    has_no_header = "Authorization" not in request.headers
    if has_no_header and switchboard().switches.missing_bearer == "application":
        message = "Kan inte logga in, access-token eller client-secret saknas."
        return _error_response(Refused(NO_CREDENTIALS, message, 403))
    return responses.gateway_response(401, "unauthorized")


def _too_many_requests() -> Response:
    switches = switchboard().switches
    match switches.rate_body:
        case "text":
            response = Response("Too Many Requests", content_type="text/plain")
        case "application":
            response = _error_response(Refused(429, "Too Many Requests", 429))
        case "html":
            response = Response(HTML, content_type="text/html; charset=UTF-8")
        case "empty":
            response = Response(b"")
        case _:
            response = responses.gateway_response(429, "Too Many Requests")
    response.status_code = switches.rate_status
    if (seconds := switches.rate_retry_after) is not None:
        later = switchboard().state.clock.now() + timedelta(seconds=seconds)
        as_date = switches.rate_retry_after_as == "date"
        text = format_datetime(later, usegmt=True) if as_date else str(seconds)
        response.headers["Retry-After"] = text
    return response


def _attachment_error(refused: AttachmentRefused) -> Response:
    message = refused.error.replace("_", " ").capitalize()
    return responses.service_error(refused.error, message, refused.status)


def _error_response(refused: Refused) -> Response:
    if request.path.startswith("/api/"):
        return responses.service_error(str(refused.code), refused.message, refused.status)
    return responses.error_response(refused, codes_as_text=switchboard().switches.codes_as_text)


def _unknown_path(error: HTTPException) -> AnyResponse:
    """Return 404 for an unknown path, with an invented code, or 500 for an internal error."""
    if _is_control():
        return not_found_response(error)
    if isinstance(error, InternalServerError):
        # A bug of the sandbox; Flask has logged the traceback.
        return _error_response(Refused(SYSTEM_EXCEPTION, "System exception", 500))
    code = switchboard().switches.unknown_path_code
    return _error_response(Refused(code, "Resursen finns inte.", 404))


# --- Faults ----------------------------------------------------------------


def _fault_response(fault: Fault) -> Response:
    if fault.how == "hang":
        switchboard().stopping.wait()
    if fault.how in {"hang", "reset"}:
        _close_connection()
    return Response(
        fault.body, fault.status, headers=dict(fault.headers), content_type=fault.content_type
    )


def _apply_fault(fault: Fault, response: Response) -> None:
    """Apply a fault to the response of a request that took effect."""
    body = response.get_data()
    if fault.how == "answer":
        response.status_code = fault.status
        response.headers.extend(dict(fault.headers))
        response.content_type = fault.content_type
        response.set_data(fault.body)
        return
    if fault.how == "reset":
        _close_connection()
        return
    if fault.how == "truncate":
        response.set_data(body[: len(body) // 2])
    if fault.how == "drip":
        response.response = _drip(body, fault.pause, switchboard().stopping)
    response.headers["Content-Length"] = str(len(body))


def _drip(body: bytes, pause: float, stopping: threading.Event) -> Iterator[bytes]:
    for index in range(len(body)):
        yield body[index : index + 1]
        stopping.wait(pause)


def _close_connection() -> None:
    """Close the connection beneath waitress, which has no API for it."""
    check = request.environ.get("waitress.client_disconnected")
    connection = getattr(getattr(check, "__self__", None), "socket", None)
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
