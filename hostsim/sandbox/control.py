"""``/_sandbox``: the switchboard over HTTP, in JSON, for a test in any language.

Only this machine may use it, and changes must be sent as ``application/json``, so that no
foreign web page can make them. These requests are never disturbed, counted or recorded.
``GET /_sandbox`` lists what there is.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from hostsim.sandbox import changes
from hostsim.sandbox.changes import only
from hostsim.sandbox.faults import (
    PAYMENT_LISTS,
    Change,
    Fault,
    Match,
    Queued,
    Scheduled,
    any_request,
)
from hostsim.sandbox.json_books import to_json
from hostsim.sandbox.oauth import registered_scopes, tokens_answer
from hostsim.sandbox.payloads import FIELDS, PAYLOADS, Payload, change_example
from hostsim.sandbox.pending_logins import IMPORT_SCOPES, SCOPES
from hostsim.sandbox.state import RIGHTS, Company, State, User
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant

control = Blueprint("control", __name__, url_prefix="/_sandbox")

#: What Fortnox has and the sandbox lacks, as far as it concerns payments and exports.
MISSING = {
    "/3/accounts, /3/costcenters, /3/currencies, /3/projects, /3/termsofpayments,"
    " /3/financialyears (POST, PUT, DELETE)": "changing registers; the switchboard does",
    "/3/modesofpayments": "modes of payment",
    "/3/predefinedaccounts": "predefined accounts",
    "/3/me": "the user",
    "/3/vouchers and all other resources": "everything that is not about payments and exports",
    "/oauth-v1/migrate": "tokens from before 2025",
    "wss://ws.fortnox.se": "events over WebSocket",
    "XML": "answers and bodies in XML; refused with code 1000030 or 1000031",
    "financialyear, financialyeardate": "these global parameters, but for the chart of accounts;"
    " refused as unknown",
}


class _Invalid(Exception):
    """A request to the control routes that makes no sense."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@control.before_request
def _only_for_this_machine() -> None:
    """Refuse other machines, host names that resolve to this one, and forms of web pages."""
    if not _loopback(request.remote_addr or ""):
        raise _Invalid("the switchboard answers this machine only", 403)
    if not _local_name(urlsplit(f"//{request.host}").hostname or ""):
        raise _Invalid("the switchboard is not known by that name", 403)
    if request.method in {"POST", "PUT", "PATCH"} and request.mimetype != "application/json":
        raise _Invalid("Content-Type must be application/json", 415)


@control.errorhandler(_Invalid)
def _invalid(wrong: _Invalid) -> Response:
    return _json({"error": wrong.message}, wrong.status)


def not_found(error: HTTPException) -> Response:
    """Answer a path, or a method, that does not exist here."""
    see = "GET /_sandbox lists what there is"
    return _json({"error": f"{error.name}; {see}"}, error.code or 404)


# --- Overview --------------------------------------------------------------


@control.get("/")
def show_all() -> Response:
    """Show addresses, the demo client, companies, and the routes; to a browser as a page."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return _page()
    client, root = switchboard().client, request.host_url.rstrip("/")
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
            "companies": [_company_shown(one) for one in switchboard().state.companies.values()],
            "users": [_user_shown(one) for one in switchboard().state.users.values()],
            "switchboard": routes(current_app, "control"),
            "payloads": PAYLOADS,
            "imitated": routes(current_app, "oauth") | routes(current_app, "api"),
            "missing": MISSING,
            "asked_but_missing": sorted(
                {
                    f"{asked.method} {asked.path}"
                    for asked in switchboard().asked
                    if not asked.imitated
                }
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
        "control.html", routes=shown, kinds=_kinds_shown(), fields=_fields_shown()
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
    """Restore everything as it was at the start; tokens and consents stay valid."""
    switchboard().reset()
    return _json({"reset": True})


# --- Switches ---------------------------------------------------------------


@control.get("/switches")
def show_switches() -> Response:
    """List the switches: value, default, what each accepts and means, and the source."""
    return _json({"switches": switchboard().switches.described()})


@control.patch("/switches")
def set_switches() -> Response:
    """Set switches: ``{"random_ties": true, "rate_limit": null}``."""
    _parsed(lambda: switchboard().set(**_plain_numbers(_content())))
    return show_switches()


@control.delete("/switches")
def default_switches() -> Response:
    """Set every switch to its default."""
    switchboard().switches = Switches()
    return show_switches()


# --- Faults, latency, drift -------------------------------------------------

#: The faults that have a name.
FAULTS: Mapping[str, Fault] = {
    "status": Fault(),
    "html": Fault.html(),
    "garbage": Fault.garbage(),
    "too_many": Fault.too_many(),
    "truncated": Fault.truncated(),
    "reset": Fault.reset(),
    "hang": Fault.hang(),
    "drip": Fault.drip(),
}


@control.get("/faults")
def show_faults() -> Response:
    """List the queued faults."""
    queue = switchboard().faults.listed()
    return _json({"faults": [_fault_shown(queued) for queued in queue]})


@control.post("/faults")
def add_fault() -> Response:
    """Disturb replies: ``{"fault": "too_many", "retry_after": "5", "at": 2, "times": 1}``.

    ``fault`` is one of status, html, garbage, too_many, truncated, reset,
    hang, drip; also ``status``, ``body``, ``content_type``, ``headers``,
    ``performed``, ``pause`` (seconds), ``match``.
    """
    content = _content()
    switchboard().faults.add(_parsed(lambda: _fault(content)))
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
    return _json(shown | {"match": _match_shown(latency.match)})


@control.put("/latency")
def set_latency() -> Response:
    """Delay replies: ``{"low": 0.1, "high": 0.5, "seed": 1, "match": {}}``.

    ``before_low`` and ``before_high`` delay requests, before the rate limit counts them.
    """
    content = _content()
    _parsed(lambda: _set_latency(content))
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
    shown = [_schedule_shown(queued) | {"do": queued.item.description} for queued in drift.listed()]
    return _json({"drift": shown, "failures": drift.failures})


@control.post("/drift")
def add_drift() -> Response:
    """Make changes before the n-th request: ``{"at": 2, "match": {}, "changes": [{"do": …}]}``.

    Without ``match`` the lists of payments are counted, from now and from 1.
    """
    content = _content()
    for change in _parsed(lambda: _drift(content)):
        switchboard().drift.add(change)
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
    return _json({"changes": _kinds_shown(), "fields": _fields_shown()})


def _fields_shown() -> dict[str, str]:
    return {name: accepts for name, (accepts, _) in FIELDS.items()}


def _kinds_shown() -> dict[str, dict[str, Any]]:
    return {
        name: {
            "needs": kind.needs,
            "may": kind.may,
            "says": kind.description,
            "example": change_example(name),
        }
        for name, kind in changes.KINDS.items()
    }


@control.post("/changes")
def make_changes() -> Response:
    """Make changes now, all of them or none: ``{"changes": [{"do": …}]}``."""
    content = _content()
    _parsed(lambda: only(content, {"changes"}))
    made = _parsed(lambda: [changes.change_of(one) for one in _changes(content)])
    _make_all(made)
    return _json({"made": len(made)})


def _make_all(made: Iterable[Callable[[State], object]]) -> None:
    state = switchboard().state
    try:
        with state.all_or_nothing():
            for make in made:
                make(state)
    except LookupError as error:
        raise _Invalid(f"there is no {error}", 404) from error
    except (ArithmeticError, ValueError) as error:
        raise _Invalid(str(error)) from error


@control.get("/companies/<int:number>")
def show_company(number: int) -> Response:
    """Show the rights of a company, and what is withdrawn."""
    return _json(_company_shown(_company(number)))


@control.get("/companies/<int:number>/books")
def show_books(number: int) -> Response:
    """Show the books of a company, as a file for ``hostsim sandbox --data`` has them."""
    return _json({"companies": [to_json(_company(number))]})


@control.post("/token")
def issue_token() -> Response:
    """Issue tokens without a login: ``{"company": "480211", "scopes": "payment invoice"}``.

    The sandbox's own; the answer is that of ``/oauth-v1/token``. Without ``company`` it is the
    first, without ``scopes`` those of an import. Rights are checked when the token is used.
    """
    content = _content()
    company, scopes = _parsed(lambda: _token_wanted(content))
    grant = Grant(switchboard().client.id, company.number, 1, scopes)
    return tokens_answer(switchboard().state.tokens.issue(grant))


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
    content = _content()
    _parsed(lambda: _set_clock(content))
    return show_clock()


# --- Recorded requests ------------------------------------------------------


@control.get("/asked")
def show_asked() -> Response:
    """List the recorded requests, by ``method``, ``path`` (a pattern) and ``company``."""
    given = request.args
    company = given.get("company", type=int)
    wanted = Match(given.get("method"), given.get("path"), {}, company)
    found = [dataclasses.asdict(asked) for asked in list(switchboard().asked) if wanted(asked)]
    return _json({"keep_bodies": switchboard().keep_bodies, "asked": found})


@control.patch("/asked")
def keep_bodies() -> Response:
    """Record the bodies of ``/3`` from now on, or not: ``{"keep_bodies": true}``."""
    content = _content()
    _parsed(lambda: only(content, {"keep_bodies"}))
    switchboard().keep_bodies = content.get("keep_bodies") is True
    return _json({"keep_bodies": switchboard().keep_bodies})


@control.delete("/asked")
def clear_asked() -> Response:
    """Clear the recorded requests."""
    switchboard().asked.clear()
    return _json({"asked": []})


# --- From JSON --------------------------------------------------------------


def _content() -> dict[str, Any]:
    try:
        content = json.loads(request.get_data(), parse_float=Decimal, parse_constant=_not_json)
    except (RecursionError, ValueError) as error:
        raise _Invalid("the body is not JSON") from error
    if not isinstance(content, dict):
        raise _Invalid("the body is not a JSON object")
    return content


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _parsed(read: Callable[[], Any]) -> Any:
    """Read something, and refuse what is wrong with it."""
    try:
        return read()
    except (ArithmeticError, TypeError, ValueError) as error:
        raise _Invalid(str(error)) from error


def _plain_numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in content.items()
    }


#: When something happens, for faults and drift alike.
WHEN = {"match", "at", "times"}


def _when(content: Mapping[str, Any], default: Match) -> dict[str, Any]:
    at, times = content.get("at", 1), content.get("times", 1)
    if type(at) is not int or at < 1:
        raise ValueError("at is the number of a request, from 1")
    if times is not None and (type(times) is not int or times < 1):
        raise ValueError("times is a number from 1, or null for every request")
    return {"match": _match(content.get("match"), default), "after": at - 1, "times": times}


def _match(content: Any, default: Match = any_request) -> Match:
    if content is None:
        return default
    if not isinstance(content, Mapping):
        raise ValueError("match is an object with method, path, query or company")
    only(content, {"method", "path", "query", "company"})
    query = content.get("query", {})
    if not isinstance(query, Mapping):
        raise ValueError("query is an object of parameters")
    texts = {name: content.get(name) for name in ("method", "path")}
    company = content.get("company")
    if any(value is not None and not isinstance(value, str) for value in texts.values()):
        raise ValueError("method and path are texts")
    if company is not None and type(company) is not int:
        raise ValueError("company is a number")
    parameters = {name: str(value) for name, value in query.items()}
    return Match(texts["method"], texts["path"], parameters, company)


def _fault(content: Mapping[str, Any]) -> Fault:
    own = {"status", "body", "content_type", "headers", "performed", "pause", "retry_after"}
    only(content, {"fault"} | own | WHEN)
    default = FAULTS.get(content.get("fault", "status"))
    if default is None:
        raise ValueError(f"fault is one of {', '.join(FAULTS)}")
    given = {name: content[name] for name in own & content.keys() - {"retry_after"}}
    _check_fault(given)
    headers = dict(given.get("headers", default.headers))
    if "retry_after" in content:
        headers["Retry-After"] = str(content["retry_after"])
    if "pause" in given:
        given["pause"] = float(given["pause"])
    return dataclasses.replace(
        default, **given | {"headers": headers} | _when(content, any_request)
    )


#: Seconds.
LONGEST_WAIT = 86_400

#: What the fields of a fault are.
FAULT_FIELDS: Mapping[str, tuple[type, ...]] = {
    "status": (int,),
    "body": (str,),
    "content_type": (str,),
    "headers": (dict,),
    "performed": (bool,),
    "pause": (int, Decimal),
}


def _check_fault(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if type(value) not in FAULT_FIELDS[name]:
            raise ValueError(f"{name} cannot be a {type(value).__name__}")
    if not 200 <= given.get("status", 503) <= 599:
        raise ValueError("status is a number from 200 to 599")
    if not 0 <= given.get("pause", 1) <= LONGEST_WAIT:
        raise ValueError(f"pause is a number of seconds from 0 to {LONGEST_WAIT}")
    if any(not isinstance(value, str) for value in given.get("headers", {}).values()):
        raise ValueError("headers are texts")


def _set_latency(content: Mapping[str, Any]) -> None:
    only(content, {*LATENCY_FIELDS, "match"})
    numbers = {name: content[name] for name in LATENCY_FIELDS if name in content}
    if any(type(value) not in {int, Decimal} for value in numbers.values()):
        raise ValueError("low and high are seconds, seed is a whole number")
    seed = int(numbers.pop("seed", 0))
    if any(not 0 <= number <= LONGEST_WAIT for number in numbers.values()):
        raise ValueError(f"low and high are seconds from 0 to {LONGEST_WAIT}")
    seconds = {"low": 0.0} | {name: float(number) for name, number in numbers.items()}
    switchboard().latency.set(**seconds, seed=seed, match=_match(content.get("match")))


def _token_wanted(content: Mapping[str, Any]) -> tuple[Company, tuple[str, ...]]:
    only(content, {"company", "scopes"})
    scopes = content.get("scopes", " ".join(IMPORT_SCOPES))
    if not isinstance(scopes, str) or not scopes.split():
        raise ValueError("scopes is a text, with spaces between")
    known = [name for name in SCOPES if name in registered_scopes()]
    if unknown := [name for name in scopes.split() if name not in known]:
        raise ValueError(f"{', '.join(unknown)}: the registered scopes are {', '.join(known)}")
    company = content.get("company")
    if company is not None and not re.fullmatch("[0-9]{1,18}", str(company)):
        raise ValueError("company is a number")
    try:
        return switchboard().state.company(company), tuple(scopes.split())
    except KeyError as error:
        raise _Invalid(f"there is no company {company}", 404) from error


def _changes(content: Mapping[str, Any]) -> list[Any]:
    found = content.get("changes")
    if not isinstance(found, list) or not found:
        raise ValueError("changes is a list of changes")
    return found


def _drift(content: Mapping[str, Any]) -> list[Change]:
    only(content, {"changes"} | WHEN)
    when, state = _when(content, PAYMENT_LISTS), switchboard().state
    return [
        Change(partial(changes.change_of(one), state), description=_as_text(one), **when)
        for one in _changes(content)
    ]


def _as_text(change: Mapping[str, Any]) -> str:
    return json.dumps(change, ensure_ascii=False, default=str)


def _set_clock(content: Mapping[str, Any]) -> None:
    only(content, {"now", "step", "running"})
    if type(content.get("running", True)) is not bool:
        raise ValueError("running is true or false")
    steps: list[dict[str, Any]] = []
    # First of all, so that a clock that is stopped shows exactly what it is set to.
    if "running" in content:
        steps.append({"do": "start_clock" if content["running"] else "stop_clock"})
    if "now" in content:
        steps.append({"do": "set_clock", "at": content["now"]})
    if "step" in content:
        steps.append({"do": "step_clock", "seconds": content["step"]})
    _make_all([changes.change_of(step) for step in steps])


# --- To JSON ----------------------------------------------------------------


def _json(content: object, status: int = 200) -> Response:
    text = json.dumps(content, ensure_ascii=False, indent=2, default=_jsonable)
    response = Response(text + "\n", status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _jsonable(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Payload):
        return dataclasses.asdict(value)
    return str(value) if isinstance(value, Decimal) else value.isoformat()


def _company_shown(company: Company) -> dict[str, Any]:
    shown = {"number": company.number, "name": company.name}
    counts = {"invoices": len(company.invoices()), "payments": len(company.payments())}
    return shown | counts | {name: getattr(company, name) for name in RIGHTS}


def _user_shown(user: User) -> dict[str, Any]:
    shown = dataclasses.asdict(user)
    del shown["password"]
    return shown


def _fault_shown(queued: Queued[Fault]) -> dict[str, Any]:
    fault = queued.item
    shown = {"how": fault.how, "status": fault.status, "headers": dict(fault.headers)}
    return shown | {"performed": fault.performed} | _schedule_shown(queued)


def _schedule_shown(queued: Queued[Any]) -> dict[str, Any]:
    item: Scheduled = queued.item
    return {
        "match": _match_shown(item.match),
        "at": item.after + 1,
        "times": item.times,
        "seen": queued.matched,
        "struck": queued.happened,
    }


def _match_shown(match: object) -> object:
    return dataclasses.asdict(match) if isinstance(match, Match) else "a function of a test"


def routes(app: Flask, blueprint: str) -> dict[str, str]:
    """Describe what a blueprint answers by the first line of its docstrings."""
    found = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint.startswith(f"{blueprint}."):
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            description = (app.view_functions[rule.endpoint].__doc__ or "").partition("\n")[0]
            found[f"{method} {rule.rule.replace('int:', '')}"] = description.replace("``", "`")
    return found


# --- Who may ask ------------------------------------------------------------


def _company(number: int) -> Company:
    found = switchboard().state.companies.get(number)
    if found is None:
        raise _Invalid(f"there is no company {number}", 404)
    return found


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _local_name(name: str) -> bool:
    """Know the names of this machine; any other may be a name of an attacker, resolved to it."""
    return name == "localhost" or name.endswith(".localhost") or _loopback(name)
