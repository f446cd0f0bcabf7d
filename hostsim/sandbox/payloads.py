"""What the control routes take, and an example of each: for ``GET /_sandbox`` and its page.

The examples work as they stand where the sandbox has just begun with the haulier's books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hostsim.sandbox.changes import KINDS
from hostsim.sandbox.records import REGISTERS

MATCH = (
    'object: {"method": text, "path": pattern with *, "query": {name: pattern},'
    ' "company": number}; without it every request'
)
AT = "number from 1: at which matching request it begins; 1 by default"
TIMES = "number from 1, or null for every one; 1 by default"
CHANGES = "list of changes, as GET /_sandbox/changes describes them"


@dataclass(frozen=True)
class Payload:
    """What a route takes."""

    fields: Mapping[str, str]
    """Each field, and what it accepts; all may be left out unless they are called needed."""
    example: Mapping[str, Any]
    sent_in: Literal["body", "query"] = "body"


#: By route, as ``GET /_sandbox`` names it. Routes that are not here take nothing.
PAYLOADS: Mapping[str, Payload] = {
    "POST /_sandbox/reset": Payload({}, {}),
    "PATCH /_sandbox/switches": Payload(
        {"NAME": "the value of the switch NAME; GET /_sandbox/switches lists names and values"},
        {"random_ties": True, "rate_limit": None},
    ),
    "POST /_sandbox/faults": Payload(
        {
            "fault": "status (by default), html, garbage, too_many, truncated, reset, hang or drip",
            "status": "number from 200 to 599",
            "body": "text",
            "content_type": "text",
            "headers": "object of texts",
            "retry_after": "text or number, for the header Retry-After",
            "performed": "true or false: whether the request takes effect all the same",
            "pause": "seconds between two bytes of a drip",
            "match": MATCH,
            "at": AT,
            "times": TIMES,
        },
        {"fault": "too_many", "retry_after": "5", "at": 2, "match": {"path": "/3/*"}},
    ),
    "PUT /_sandbox/latency": Payload(
        {
            "low": "seconds that a reply takes at least",
            "high": "seconds that it takes at most; low by default",
            "before_low": "likewise before the rate limit counts the request",
            "before_high": "likewise",
            "seed": "whole number: where chance begins",
            "match": MATCH,
        },
        {"low": 0.1, "high": 0.5, "seed": 1, "match": {"path": "/3/*"}},
    ),
    "POST /_sandbox/drift": Payload(
        {
            "changes": f"needed: {CHANGES}",
            "match": f"{MATCH.partition(';')[0]}; without it the lists of payments",
            "at": AT,
            "times": TIMES,
        },
        {"at": 2, "changes": [{"do": "delete_payment", "number": 1}]},
    ),
    "POST /_sandbox/changes": Payload(
        {"changes": f"needed: {CHANGES}"},
        {"changes": [{"do": "touch_payment", "number": 1}]},
    ),
    "POST /_sandbox/token": Payload(
        {
            "company": "number, also as a text; the first by default",
            "scopes": "text with spaces between; those of an import by default",
        },
        {"company": "480211", "scopes": "payment invoice companyinformation"},
    ),
    "PATCH /_sandbox/clock": Payload(
        {
            "now": "a time; without a zone it is wall time in Stockholm",
            "step": "seconds to move it, also below 0",
            "running": "true or false",
        },
        {"now": "2026-03-29T01:30", "running": False},
    ),
    "GET /_sandbox/asked": Payload(
        {"method": "GET, POST …", "path": "pattern with *", "company": "number"},
        {"method": "GET", "path": "/3/*", "company": "480211"},
        sent_in="query",
    ),
    "PATCH /_sandbox/asked": Payload(
        {"keep_bodies": "true or false: whether answers of /3 are kept, too"},
        {"keep_bodies": True},
    ),
}

_DAY = "a day, YYYY-MM-DD"
_INVOICE = {"number": 90001, "total": "100.00", "invoice_date": "2026-03-02"}
_PAYMENT = {"invoice_number": 10001, "amount": "100.00", "payment_date": "2026-03-16"}

#: What a field of a change accepts, and an example. Fields of books are those of
#: ``GET /_sandbox/companies/NUMBER/books``.
FIELDS: Mapping[str, tuple[str, Any]] = {
    "company": ("number; the first company by default", 480211),
    "number": ("number of the payment, invoice or supplier invoice", 1),
    "invoice": (
        "object with fields of the books; a new one needs number, total, invoice_date, due_date",
        _INVOICE | {"due_date": "2026-04-01"},
    ),
    "payment": (
        "object with fields of the books; a new one needs invoice_number, amount, payment_date",
        _PAYMENT,
    ),
    "scope": ("name of a scope", "customer"),
    "scopes": ("list of names of scopes, or null for all", ["payment", "invoice"]),
    "error": ("text: what error= says, or null", "access_denied"),
    "at": ("a time; without a zone it is wall time in Stockholm", "2026-03-29T01:30"),
    "seconds": ("seconds, also below 0", 3600),
    "user": ("name of a user", "demo"),
    "register": (f"one of {', '.join(REGISTERS)}", "costcenters"),
    "record": ("object with Fortnox's own field names", {"Code": "NORD", "Description": "Norr"}),
    "key": ("text: the number or the code of the record", "12"),
    "set_up": ("object with fields of set_up in the books", {"freight": "50", "method": "CASH"}),
    "years": (
        "list of {id, first, last, method}, or null",
        [{"id": 1, "first": "2026-05-01", "last": "2027-04-30"}],
    ),
    "until": (f"{_DAY}, or null", "2026-02-28"),
    "day": (_DAY, "2026-03-17"),
    "amount": ("amount, also as a text", "100"),
}

#: Where the example of a field is of another kind of record, of fewer fields, or of the second
#: company, which has what is still to be settled.
_OTHERS: Mapping[str, Mapping[str, Any]] = {
    "change_invoice": {"invoice": {"total": "120.00"}},
    "change_payment": {"payment": {"amount": "90.00"}},
    "settle_credit": {"number": 20020, "company": 480377},
    "book_supplier_invoice": {"company": 480377},
    "cancel_supplier_invoice": {"company": 480377},
    "pay_supplier_invoice": {"company": 480377},
}


def change_example(name: str) -> dict[str, Any]:
    """Return a change of this kind, with what it needs."""
    example = {"do": name} | {one: FIELDS[one][1] for one in KINDS[name].needs}
    if name.endswith("_invoice") and "number" in example and "supplier" not in name:
        example["number"] = 10001
    return example | dict(_OTHERS.get(name, {}))
