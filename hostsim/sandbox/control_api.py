"""``/_sandbox``: the switchboard over HTTP, in JSON, for a test in any language.

Only this machine may use it, and changes must be sent as ``application/json``, so that no
foreign web page can make them. These requests are never disturbed, counted or recorded.
``GET /_sandbox`` lists what there is.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from hostsim.sandbox import changes, validation
from hostsim.sandbox.company import RIGHTS, Company
from hostsim.sandbox.drift import Change
from hostsim.sandbox.faults import FAULTS, Fault
from hostsim.sandbox.json_books import to_json
from hostsim.sandbox.json_records import REGISTERS
from hostsim.sandbox.matching import ANY_REQUEST, PAYMENT_LISTS, Match, Queued, Scheduled
from hostsim.sandbox.payloads import OBJECTS, PAYLOADS, Payload, change_example
from hostsim.sandbox.rest import strict_json
from hostsim.sandbox.scopes import IMPORT_SCOPES, SCOPES
from hostsim.sandbox.state import State, User
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.token_endpoints import issue_without_login
from hostsim.sandbox.tokens import Grant
from hostsim.sandbox.validation import Validator

control = Blueprint("control", __name__, url_prefix="/_sandbox")

#: What Fortnox has and the sandbox lacks, as far as it concerns payments and exports.
MISSING = {
    "/3/accounts, /3/costcenters, /3/currencies, /3/modesofpayments, /3/projects,"
    " /3/termsofpayments, /3/financialyears (POST, PUT, DELETE)": "changing registers; the"
    " switchboard does",
    "/3/predefinedaccounts": "predefined accounts",
    "/3/me": "the user",
    "/3/vouchers and all other resources": "everything that is not about payments and exports",
    "/oauth-v1/migrate": "tokens from before 2025",
    "wss://ws.fortnox.se": "events over WebSocket",
    "XML": "answers and bodies in XML; refused with code 1000030 or 1000031",
    "financialyear, financialyeardate": "these global parameters, but for the chart of accounts;"
    " refused as unknown",
}


class _BadRequest(Exception):
    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@control.before_request
def _only_for_this_machine() -> None:
    """Refuse other machines, host names that resolve to this one, and forms of web pages."""
    if not _is_loopback(request.remote_addr or ""):
        raise _BadRequest("the switchboard answers this machine only", 403)
    if not _is_local_name(urlsplit(f"//{request.host}").hostname or ""):
        raise _BadRequest("the switchboard is not known by that name", 403)
    if request.method in {"POST", "PUT", "PATCH"} and request.mimetype != "application/json":
        raise _BadRequest("Content-Type must be application/json", 415)


@control.errorhandler(_BadRequest)
def _invalid_response(error: _BadRequest) -> Response:
    return _json({"error": error.message}, error.status)


def not_found_response(error: HTTPException) -> Response:
    """Return the response to a path, or a method, that does not exist here."""
    see = "GET /_sandbox lists what there is"
    return _json({"error": f"{error.name}; {see}"}, error.code or 404)


# --- Overview --------------------------------------------------------------


@control.get("/")
def show_all() -> Response:
    """Show addresses, the demo client, companies, and the routes; to a browser as a page."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return _page()
    board, root = switchboard(), request.host_url.rstrip("/")
    client, state = board.client, board.state
    return _json(
        {
            "addresses": {
                "FORTNOX_AUTH_URL": f"{root}/oauth-v1",
                "FORTNOX_API_URL": f"{root}/3",
                "switchboard": f"{root}/_sandbox",
            },
            "client": {
                "FORTNOX_CLIENT_ID": client.id,
                "FORTNOX_CLIENT_SECRET": client.secret,
                "FORTNOX_REDIRECT_URI": client.redirect_uri,
            },
            "companies": [_company_json(company) for company in state.companies.values()],
            "users": [_user_json(user) for user in state.users.values()],
            "switchboard": routes(current_app, "control"),
            "payloads": PAYLOADS,
            "imitated": (
                routes(current_app, "login")
                | routes(current_app, "tokens")
                | routes(current_app, "api")
            ),
            "missing": MISSING,
            "asked_but_missing": sorted(
                {f"{asked.method} {asked.path}" for asked in board.asked if not asked.imitated}
            ),
        }
    )


def _page() -> Response:
    """Show the routes as a table for a person, with what each takes."""
    shown = [
        (*route.split(), says, PAYLOADS.get(route))
        for route, says in routes(current_app, "control").items()
    ]
    text = render_template(
        "control.html", routes=shown, kinds=_describe_kinds(), **_describe_fields()
    )
    response = Response(text, content_type="text/html; charset=UTF-8")
    response.headers["Cache-Control"] = "no-store"
    return response


@control.get("/unknowns")
def show_unknowns() -> Response:
    """Show the page of what is imitated, guessed and missing, as Markdown."""
    page = resources.files("hostsim.sandbox").joinpath("UNKNOWNS.md")
    return Response(page.read_text(encoding="utf-8"), content_type="text/markdown; charset=UTF-8")


@control.post("/reset")
def reset() -> Response:
    """Restore everything as it was at the start; tokens stay valid."""
    switchboard().reset()
    return _json({"reset": True})


# --- Switches ---------------------------------------------------------------


@control.get("/switches")
def show_switches() -> Response:
    """List the switches: value, default, what each accepts and means, and the source."""
    return _json({"switches": switchboard().switches.describe()})


@control.patch("/switches")
def set_switches() -> Response:
    """Set switches: ``{"random_ties": true, "rate_limit": null}``."""
    _parse(lambda: switchboard().set(**_plain_numbers(_json_content())))
    return show_switches()


@control.delete("/switches")
def default_switches() -> Response:
    """Set every switch to its default."""
    switchboard().switches = Switches()
    return show_switches()


# --- Faults, latency, drift -------------------------------------------------


@control.get("/faults")
def show_faults() -> Response:
    """List the queued faults."""
    queue = switchboard().faults.items()
    return _json({"faults": [_fault_json(queued) for queued in queue]})


@control.post("/faults")
def add_fault() -> Response:
    """Disturb replies: ``{"fault": "too_many", "retry_after": "5", "at": 2, "times": 1}``."""
    switchboard().faults.add(_build_fault(_read_payload()))
    return show_faults()


@control.delete("/faults")
def clear_faults() -> Response:
    """Clear all faults."""
    switchboard().faults.clear()
    return show_faults()


LATENCY_FIELDS = ("low", "high", "before_low", "before_high", "seed")


@control.get("/latency")
def show_latency() -> Response:
    """Show how long requests and replies are on their way, in seconds."""
    latency = switchboard().latency
    shown = {name: getattr(latency, name) for name in LATENCY_FIELDS}
    return _json(shown | {"match": _match_json(latency.match)})


@control.put("/latency")
def set_latency() -> Response:
    """Delay replies: ``{"low": 0.1, "high": 0.5, "seed": 1, "match": {}}``."""
    payload: dict[str, Any] = {"low": 0.0, "match": ANY_REQUEST} | _read_payload()
    _parse(lambda: switchboard().latency.set(**payload))
    return show_latency()


@control.delete("/latency")
def clear_latency() -> Response:
    """Answer without delay again."""
    switchboard().latency.clear()
    return show_latency()


@control.get("/drift")
def show_drift() -> Response:
    """List the queued changes, and those that could not be made."""
    drift = switchboard().drift
    shown = [_schedule_json(queued) | {"do": queued.item.description} for queued in drift.items()]
    return _json({"drift": shown, "failures": drift.failures})


@control.post("/drift")
def add_drift() -> Response:
    """Make changes before the n-th request: ``{"at": 2, "match": {}, "changes": [{"do": …}]}``.

    Without ``match`` the lists of payments are counted, from now and from 1.
    """
    payload, state = _read_payload(), switchboard().state
    schedule = _pop_schedule(payload, PAYMENT_LISTS)
    for change in payload["changes"]:
        perform = partial(changes.parse_change(change), state)
        description = json.dumps(change, ensure_ascii=False, default=str)
        switchboard().drift.add(Change(perform, description=description, **schedule))
    return show_drift()


@control.delete("/drift")
def clear_drift() -> Response:
    """Clear the queued changes."""
    switchboard().drift.clear()
    return show_drift()


# --- Books, rights, tokens and clock ----------------------------------------


@control.get("/changes")
def show_changes() -> Response:
    """List the changes that can be made, what each needs, and what its fields accept."""
    return _json({"changes": _describe_kinds()} | _describe_fields())


def _describe_fields() -> dict[str, Any]:
    return {
        "fields": _field_descriptions(changes.FIELDS),
        "objects": {
            kind.__name__: _field_descriptions(validation.fields_of(kind)) for kind in OBJECTS
        },
        "records": {
            name: {field: validator.description for field, validator in register.fields.items()}
            for name, register in REGISTERS.items()
        },
    }


def _field_descriptions(fields: Mapping[str, Validator]) -> dict[str, str]:
    return {name: validator.full_description for name, validator in fields.items()}


def _describe_kinds() -> dict[str, dict[str, Any]]:
    return {
        name: {
            "needs": kind.required,
            "may": kind.optional,
            "says": kind.description,
            "example": change_example(name),
        }
        for name, kind in changes.KINDS.items()
    }


@control.post("/changes")
def make_changes() -> Response:
    """Make changes now, all of them or none: ``{"changes": [{"do": …}]}``."""
    parsed = [changes.parse_change(change) for change in _read_payload()["changes"]]
    _apply_all(parsed)
    return _json({"made": len(parsed)})


def _apply_all(parsed: Iterable[Callable[[State], object]]) -> None:
    state = switchboard().state
    try:
        with state.all_or_nothing():
            for apply in parsed:
                apply(state)
    except LookupError as error:
        raise _BadRequest(f"there is no {error.args[0]}", 404) from error
    except (ArithmeticError, ValueError) as error:
        raise _BadRequest(str(error)) from error


@control.get("/companies/<int:number>")
def show_company(number: int) -> Response:
    """Show the rights of a company, and what is withdrawn."""
    return _json(_company_json(_find_company(number)))


@control.get("/companies/<int:number>/books")
def show_books(number: int) -> Response:
    """Show the books of a company, as a file for ``hostsim sandbox --data`` has them."""
    return _json({"companies": [to_json(_find_company(number))]})


@control.post("/token")
def issue_token() -> Response:
    """Issue tokens without a login: ``{"company": "480211", "scopes": "payment invoice"}``.

    The sandbox's own; the answer is that of ``/oauth-v1/token``. Licences count as at a refresh,
    rights when the token is used.
    """
    payload = _read_payload()
    scopes = payload.get("scopes", IMPORT_SCOPES)
    registered = [name for name in SCOPES if name in switchboard().state.registered_scopes]
    if unknown := [name for name in scopes if name not in registered]:
        raise _BadRequest(
            f"{', '.join(unknown)}: the registered scopes are {', '.join(registered)}"
        )
    company = _find_company(payload.get("company"))
    return issue_without_login(Grant(switchboard().client.id, company.number, 1, scopes))


@control.get("/clock")
def show_clock() -> Response:
    """Show the clock, in Stockholm."""
    clock = switchboard().state.clock
    return _json({"now": clock.local().isoformat(), "running": clock.running})


@control.patch("/clock")
def set_clock() -> Response:
    """Set, step, stop or start the clock: ``{"now": …, "step": seconds, "running": false}``.

    A time without a zone is wall time in Stockholm.
    """
    payload, clock = _read_payload(), switchboard().clock
    steps: list[Callable[[State], object]] = []
    # First, so that a clock that is stopped shows exactly the time it is set to.
    if "running" in payload:
        steps.append(lambda _state: clock.start() if payload["running"] else clock.stop())
    if "now" in payload:
        steps.append(lambda _state: clock.set(payload["now"]))
    if "step" in payload:
        steps.append(lambda _state: clock.step(payload["step"]))
    _apply_all(steps)
    return show_clock()


# --- Recorded requests ------------------------------------------------------


@control.get("/asked")
def show_asked() -> Response:
    """List the recorded requests, by ``method``, ``path`` (a pattern) and ``company``."""
    board, match = switchboard(), Match(**_read_payload())
    requests = [dataclasses.asdict(asked) for asked in list(board.asked) if match(asked)]
    return _json({"keep_bodies": board.keep_bodies, "asked": requests})


@control.patch("/asked")
def keep_bodies() -> Response:
    """Record the bodies of ``/3`` from now on, or not: ``{"keep_bodies": true}``."""
    switchboard().keep_bodies = _read_payload()["keep_bodies"]
    return _json({"keep_bodies": switchboard().keep_bodies})


@control.delete("/asked")
def clear_asked() -> Response:
    """Clear the recorded requests."""
    switchboard().asked.clear()
    return _json({"asked": []})


# --- From JSON --------------------------------------------------------------


def _json_content() -> dict[str, Any]:
    try:
        content = strict_json(request.get_data())
    except ValueError as error:
        raise _BadRequest("the body is not JSON") from error
    if not isinstance(content, dict):
        raise _BadRequest("the body is not a JSON object")
    return content


def _parse(read: Callable[[], Any]) -> Any:
    """Call ``read``; turn its errors into an invalid request."""
    try:
        return read()
    except (ArithmeticError, TypeError, ValueError) as error:
        raise _BadRequest(str(error)) from error


def _plain_numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in content.items()
    }


def _read_payload() -> dict[str, Any]:
    """Read the payload by the fields that the route declares."""
    payload = PAYLOADS[f"{request.method} {request.url_rule}"]
    content = request.args if payload.sent_in == "query" else _json_content()
    values: dict[str, Any] = _parse(
        lambda: validation.read(payload.fields, content, payload.required)
    )
    return values


def _pop_schedule(payload: dict[str, Any], default: Match) -> dict[str, Any]:
    """Remove the schedule from a payload, of a fault or of drift."""
    match, at, times = payload.pop("match", None), payload.pop("at", 1), payload.pop("times", 1)
    return {"match": match or default, "after": at - 1, "times": times}


def _build_fault(payload: dict[str, Any]) -> Fault:
    default, schedule = FAULTS[payload.pop("fault", "status")], _pop_schedule(payload, ANY_REQUEST)
    headers = dict(payload.pop("headers", default.headers))
    if "retry_after" in payload:
        headers["Retry-After"] = payload.pop("retry_after")
    return dataclasses.replace(default, headers=headers, **payload, **schedule)


# --- To JSON ----------------------------------------------------------------


def _json(content: object, status: int = 200) -> Response:
    text = json.dumps(content, ensure_ascii=False, indent=2, default=_jsonable)
    # An error may quote a lone surrogate.
    body = f"{text}\n".encode(errors="backslashreplace")
    response = Response(body, status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _jsonable(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Payload):
        return {"fields": value.accepts, "example": value.example, "sent_in": value.sent_in}
    return str(value) if isinstance(value, Decimal) else value.isoformat()


def _company_json(company: Company) -> dict[str, Any]:
    shown = {"number": company.number, "name": company.name}
    counts = {"invoices": len(company.invoices()), "payments": len(company.payments())}
    return shown | counts | {name: getattr(company, name) for name in RIGHTS}


def _user_json(user: User) -> dict[str, Any]:
    shown = dataclasses.asdict(user)
    del shown["password"]
    return shown


def _fault_json(queued: Queued[Fault]) -> dict[str, Any]:
    fault = queued.item
    shown = {"how": fault.how, "status": fault.status, "headers": dict(fault.headers)}
    return shown | {"performed": fault.performed} | _schedule_json(queued)


def _schedule_json(queued: Queued[Any]) -> dict[str, Any]:
    item: Scheduled = queued.item
    return {
        "match": _match_json(item.match),
        "at": item.after + 1,
        "times": item.times,
        "seen": queued.matched,
        "struck": queued.happened,
    }


def _match_json(match: object) -> object:
    return dataclasses.asdict(match) if isinstance(match, Match) else "a function of a test"


def routes(app: Flask, blueprint: str) -> dict[str, str]:
    """Return the routes of a blueprint, each with the first line of its docstring."""
    descriptions = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint.startswith(f"{blueprint}."):
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            description = (app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
            route = f"{method} {rule.rule.replace('int:', '')}"
            descriptions[route] = description.replace("``", "`")
    return descriptions


# --- Access -----------------------------------------------------------------


def _find_company(number: int | str | None) -> Company:
    """Return a company by its number; without one, the first."""
    try:
        return switchboard().state.company(number)
    except KeyError as error:
        raise _BadRequest(f"there is no company {number}", 404) from error


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_local_name(name: str) -> bool:
    """Whether a host name is this machine's own; others may be an attacker's, resolved to it."""
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
