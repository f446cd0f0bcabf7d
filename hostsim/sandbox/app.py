"""``/3``: the routes that look like Fortnox, and what happens around each request.

First what the switchboard asked for (drift, latency, faults), then the gateway
(bearer, rate limit), then the rights of the company, then the resource.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from hostsim.sandbox import query, rows, wire, writing
from hostsim.sandbox.control import KEY as SWITCHBOARD
from hostsim.sandbox.control import control, no_such_thing
from hostsim.sandbox.errors import (
    BAD_JSON,
    CONTENT_TYPE,
    NO_API_LICENCE,
    NO_CREDENTIALS,
    NO_MODULE_LICENCE,
    NO_SCOPE,
    RESPONSE_TYPE,
    Refused,
    invoice_not_found,
)
from hostsim.sandbox.faults import HTML, Asked, Fault
from hostsim.sandbox.oauth import pages
from hostsim.sandbox.state import Company, Invoice, Payment
from hostsim.sandbox.switchboard import Switchboard
from hostsim.sandbox.tokens import Grant
from hostsim.sandbox.world import KEY, World, world

log = logging.getLogger(__name__)

api = Blueprint("api", __name__, url_prefix="/3")

#: The scope that each resource belongs to.
SCOPE_OF = {
    "invoicepayments": "payment",
    "invoices": "invoice",
    "companyinformation": "companyinformation",
}

#: Parameters that only the client, or nobody, may know.
HIDDEN = {"state", "code", "token", "refresh_token", "access_token", "client_secret"}


def create_app(whole: World, switchboard: Switchboard) -> Flask:
    """Make the application of one sandbox."""
    app = Flask(__name__, static_folder="static", static_url_path="/_sandbox")
    app.extensions[KEY] = whole
    app.extensions[SWITCHBOARD] = switchboard
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME="fortnox_sandbox",
        SESSION_COOKIE_PATH="/oauth-v1",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.url_map.strict_slashes = False
    app.before_request(_before)
    app.after_request(_after)
    app.register_error_handler(Refused, _say_no)
    app.register_error_handler(HTTPException, _no_such_path)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    app.register_blueprint(control)
    return app


# --- Around each request ----------------------------------------------------


def _before() -> AnyResponse | None:
    g.fault = g.grant = None
    if _is_ours():
        return None
    g.grant = _bearer()
    if world().drift.waiting:
        world().drift.happen(_asked(None))
        g.grant = _bearer()
    grant: Grant | None = g.grant
    admitted = grant is None or not _is_api() or world().limiter.admit(_bucket(grant))
    world().latency.wait(_asked(None))
    g.fault = fault = world().faults.next(_asked(None))
    if fault is not None and not fault.performed:
        return _go_wrong(fault)
    return _at_the_gate(grant, admitted=admitted) if _is_api() else None


def _at_the_gate(grant: Grant | None, *, admitted: bool) -> AnyResponse | None:
    """Let a request through to its resource, or answer in its place."""
    if grant is None:
        return _unauthorized()
    if not admitted:
        return _too_many()
    if "xml" in request.headers.get("Accept", "") and not request.accept_mimetypes.accept_json:
        raise Refused(RESPONSE_TYPE, "Invalid response type")
    if request.url_rule is not None:
        _check_rights(grant)
    return None


def _after(response: Response) -> Response:
    if _is_ours():
        return response
    wire.stamp(response, world().state.clock.now())
    fault: Fault | None = g.fault
    # What a truncated or dripping answer would have been.
    body = _kept_body(response)
    if fault is not None and fault.performed:
        _spoil(fault, response)
        body = _kept_body(response) if fault.how == "answer" else body
    world().remember(_asked(response.status_code, body))
    log.debug("%s %s: %s", request.method, request.path, response.status_code)
    return response


def _kept_body(response: Response) -> str | None:
    """Keep what ``/3`` answers, where somebody wants it; tokens never."""
    if not world().keep_bodies or not _is_api():
        return None
    return response.get_data().decode(errors="replace")


def _asked(status: int | None, body: str | None = None) -> Asked:
    grant: Grant | None = g.grant
    return Asked(
        method=request.method,
        path=request.path,
        query={name: "\u2026" if name in HIDDEN else value for name, value in request.args.items()},
        status=status,
        at=world().state.clock.now(),
        company=grant.company if grant else None,
        imitated=request.url_rule is not None,
        body=body,
    )


def _is_ours() -> bool:
    """Tell whether a request is for the switchboard, which nothing goes wrong at."""
    return request.path.split("/")[1] == "_sandbox"


def _is_api() -> bool:
    return request.path.split("/")[1] == "3"


def _bearer() -> Grant | None:
    token = _access_token()
    return None if token is None else world().state.tokens.grant_of(token)


def _access_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    secret = request.headers.get("Client-Secret", "")
    known = hmac.compare_digest(secret.encode(), world().client.secret.encode())
    if world().switches.legacy_headers and known:
        return request.headers.get("Access-Token")
    return None


def _bucket(grant: Grant) -> tuple[object, ...]:
    if world().switches.rate_bucket == "token":
        return (_access_token(),)
    return (grant.client_id, grant.company)


def _unauthorized() -> Response:
    """Answer a request with no good bearer; recorded for an expired one only."""
    bare = "Authorization" not in request.headers
    if bare and world().switches.missing_bearer == "application":
        message = "Kan inte logga in, access-token eller client-secret saknas."
        return _say_no(Refused(NO_CREDENTIALS, message, 403))
    return wire.gateway(401, "unauthorized")


def _too_many() -> Response:
    switches, now = world().switches, world().state.clock.now()
    response = _too_many_body(switches.rate_body)
    response.status_code = switches.rate_status
    if (seconds := switches.rate_retry_after) is not None:
        later = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
        as_date = switches.rate_retry_after_as == "date"
        response.headers["Retry-After"] = later if as_date else str(seconds)
    return response


def _too_many_body(kind: str) -> Response:
    match kind:
        case "text":
            return Response("Too Many Requests", content_type="text/plain")
        case "application":
            return _say_no(Refused(429, "Too Many Requests", 429))
        case "html":
            return Response(HTML, content_type="text/html; charset=UTF-8")
        case "empty":
            return Response(b"")
        case _:
            return wire.gateway(429, "Too Many Requests")


def _check_rights(grant: Grant) -> None:
    company, switches = world().state.company(grant.company), world().switches
    scope = SCOPE_OF[request.path.split("/")[2]]
    if not company.integration_licence:
        raise Refused(NO_API_LICENCE, "Api-licens saknas.", switches.missing_licence_status)
    if scope not in grant.scopes or scope in company.withdrawn:
        message = "Har inte beh\u00f6righet f\u00f6r scope"
        raise Refused(NO_SCOPE, message, switches.missing_scope_status)
    if scope in company.unlicensed:
        message = "Det finns ingen aktiv licens f\u00f6r \u00f6nskat scope"
        raise Refused(NO_MODULE_LICENCE, message, switches.missing_licence_status)


def _say_no(refused: Refused) -> Response:
    return wire.refusal(refused, codes_as_text=world().switches.codes_as_text)


def _no_such_path(error: HTTPException) -> AnyResponse:
    """Answer what is not imitated as a path that Fortnox does not have; code invented."""
    if _is_ours():
        return no_such_thing(error)
    code = world().switches.unknown_path_code
    return _say_no(Refused(code, "Resursen finns inte.", 404))


# --- What goes wrong --------------------------------------------------------


def _go_wrong(fault: Fault) -> Response:
    if fault.how == "hang":
        world().stopping.wait()
    if fault.how in {"hang", "reset"}:
        _hang_up()
    return Response(
        fault.body, fault.status, headers=dict(fault.headers), content_type=fault.content_type
    )


def _spoil(fault: Fault, response: Response) -> None:
    """Spoil the answer to a request that took effect."""
    body = response.get_data()
    if fault.how == "answer":
        response.status_code = fault.status
        response.headers.extend(dict(fault.headers))
        response.content_type = fault.content_type
        response.set_data(fault.body)
        return
    if fault.how == "reset":
        _hang_up()
        return
    if fault.how == "truncate":
        response.set_data(body[: len(body) // 2])
    if fault.how == "drip":
        response.response = _drops(body, fault.pause, world().stopping)
    response.headers["Content-Length"] = str(len(body))


def _drops(body: bytes, pause: float, stopping: threading.Event) -> Iterator[bytes]:
    for place in range(len(body)):
        yield body[place : place + 1]
        stopping.wait(pause)


def _hang_up() -> None:
    """Close the connection under the server, which hands it over only in this way."""
    check = request.environ.get("waitress.client_disconnected")
    connection = getattr(getattr(check, "__self__", None), "socket", None)
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


# --- Resources --------------------------------------------------------------


@api.get("/companyinformation")
def company_information() -> Response:
    """Say which company the bearer belongs to."""
    query.only(request.args, ())
    return wire.answer({"CompanyInformation": rows.company_information(_company())})


@api.get("/invoicepayments")
def list_payments() -> Response:
    """List payments."""
    found = query.payments(
        _company().payments(), request.args, world().switches, world().rng, _customer_of
    )
    return _list("InvoicePayments", found, _payment_row)


@api.get("/invoicepayments/<number>")
def show_payment(number: str) -> Response:
    """Show a payment with what the list leaves out."""
    payment = writing.find_payment(_company(), _number(number), world().switches)
    return _payment(payment)


@api.post("/invoicepayments")
def make_payment() -> Response:
    """Make an unbooked payment."""
    response = _payment(writing.make_payment(_company(), _body(), world().switches))
    response.status_code = 201
    response.headers["Location"] = "invoicepayments"
    # Werkzeug would make the bare word, which was recorded, a whole address.
    response.autocorrect_location_header = False
    return response


@api.put("/invoicepayments/<number>")
def change_payment(number: str) -> Response:
    """Change an unbooked payment."""
    changed = writing.change_payment(_company(), _number(number), _body(), world().switches)
    return _payment(changed)


@api.put("/invoicepayments/<number>/bookkeep")
def book_payment(number: str) -> Response:
    """Book a payment."""
    _json_only()
    return _payment(writing.book_payment(_company(), _number(number), world().switches))


@api.delete("/invoicepayments/<number>")
def delete_payment(number: str) -> Response:
    """Delete a payment."""
    writing.delete_payment(_company(), _number(number), world().switches)
    return wire.no_content()


@api.get("/invoices")
def list_invoices() -> Response:
    """List invoices."""
    today = world().state.clock.local().date()
    found = query.invoices(
        _company().invoices(), request.args, world().switches, world().rng, today
    )
    return _list("Invoices", found, lambda invoice: rows.invoice_row(_told(invoice), _base()))


@api.get("/invoices/<number>")
def show_invoice(number: str) -> Response:
    """Show an invoice."""
    invoice = _company().invoice(_number(number))
    if invoice is None:
        raise invoice_not_found()
    return wire.answer({"Invoice": rows.invoice_detail(_told(invoice), _base())})


# --- Beneath the resources --------------------------------------------------


def _company() -> Company:
    grant: Grant = g.grant
    return world().state.company(grant.company)


def _base() -> str:
    """Give the address that the client used, which ``@url`` begins with."""
    return request.host_url.rstrip("/")


def _list(name: str, found: list[Any], spell: Callable[[Any], rows.Fields]) -> Response:
    switches = world().switches
    meta, cut = query.cut(found, query.page_of(request.args, switches), switches)
    return wire.answer({"MetaInformation": meta, name: [spell(row) for row in cut]})


def _payment_row(payment: Payment) -> rows.Fields:
    switches = world().switches
    if switches.payment_row == "full":
        invoice = _company().invoice(payment.invoice_number)
        return rows.full_payment_row(payment, invoice, _base())
    in_currency = switches.list_amount == "currency"
    return rows.payment_row(payment, _base(), in_currency=in_currency)


def _payment(payment: Payment) -> Response:
    invoice = _company().invoice(payment.invoice_number)
    fields = rows.payment_detail(payment, invoice, _base())
    return wire.answer({"InvoicePayment": fields})


def _told(invoice: Invoice) -> Invoice:
    """Give an invoice in the currency that it is told in."""
    return rows.in_sek(invoice) if world().switches.invoice_amounts == "SEK" else invoice


def _customer_of(payment: Payment) -> str:
    invoice = _company().invoice(payment.invoice_number)
    return invoice.customer_number if invoice else ""


def _number(text: str) -> int:
    """Read a number in a path; what is none belongs to nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _json_only() -> None:
    if request.mimetype != wire.JSON:
        raise Refused(CONTENT_TYPE, "Invalid content type")


def _body() -> Mapping[str, Any]:
    _json_only()
    try:
        body = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError as error:
        message = "Error deserializing JSON: JSON_ERROR_SYNTAX"
        raise Refused(BAD_JSON, message) from error
    return body if isinstance(body, dict) else {}
