"""The payloads of the control routes, with examples: for ``GET /_sandbox`` and its page.

The examples work as they are in a new sandbox with the haulier's books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hostsim.sandbox import validation
from hostsim.sandbox.changes import KINDS, TIME, checked_change
from hostsim.sandbox.changes import SECONDS as STEP
from hostsim.sandbox.faults import FAULTS
from hostsim.sandbox.latency import MAX_WAIT_SECONDS
from hostsim.sandbox.matching import Match
from hostsim.sandbox.registers import FinancialYear, SetUp
from hostsim.sandbox.validation import Validator
from hostsim.sandbox.values import Amounts, Invoice, InvoiceRow, Payment, WriteOff

MATCH_FIELDS: Mapping[str, Validator] = {
    "method": validation.TEXT,
    "path": validation.TEXT.with_meaning("a pattern with *"),
    "query": Validator(
        "an object of parameters and their patterns",
        lambda value: {name: str(text) for name, text in validation.OBJECT.read(value).items()},
    ),
    "company": validation.integer(0),
}


def _parse_match(value: object) -> Match:
    return Match(**{"query": {}} | validation.read(MATCH_FIELDS, value))


MATCH = validation.nullable(
    Validator(f"an object of {', '.join(MATCH_FIELDS)}", _parse_match)
).with_meaning(
    "; ".join(f"{name}: {one.full_description}" for name, one in MATCH_FIELDS.items())
    + "; without it every request, for drift the lists of payments"
)
WHEN = {
    "match": MATCH,
    "at": validation.integer(1).with_meaning("at which matching request it begins; 1 by default"),
    "times": validation.nullable(validation.integer(1)).with_meaning(
        "at how many; null for every one"
    ),
}
SECONDS = validation.number(0, MAX_WAIT_SECONDS)
_CHANGE = Validator("a change, as GET /_sandbox/changes describes it", checked_change)
CHANGES = validation.list_of(_CHANGE, 1)


def _parse_headers(value: Any) -> dict[str, str]:
    return {
        str(HEADER_NAME.read(name)): str(validation.HEADER.read(text))
        for name, text in validation.OBJECT.read(value).items()
    }


HEADER_NAME = validation.pattern("a name of a header", "[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _parse_scopes(value: Any) -> tuple[str, ...]:
    names = tuple(validation.TEXT.read(value).split())
    if not names:
        raise ValueError(value)
    return names


def _parse_header_value(value: Any) -> str:
    return str(validation.HEADER.read(str(value) if type(value) is int else value))


@dataclass(frozen=True)
class Payload:
    """The payload of a route."""

    fields: Mapping[str, Validator]
    example: Mapping[str, Any]
    sent_in: Literal["body", "query"] = "body"
    required: tuple[str, ...] = ()

    @property
    def accepts(self) -> dict[str, str]:
        """Return the description of each field."""
        return {
            name: f"needed: {validator.full_description}"
            if name in self.required
            else validator.full_description
            for name, validator in self.fields.items()
        }


COMPANY = validation.pattern("the number of a company", "[0-9]{1,18}")

#: By route, as ``GET /_sandbox`` names it. Other routes have no payload.
PAYLOADS: Mapping[str, Payload] = {
    "POST /_sandbox/reset": Payload({}, {}),
    "PATCH /_sandbox/switches": Payload(
        {
            "NAME": Validator(
                "the value of the switch NAME; GET /_sandbox/switches lists names and values", str
            )
        },
        {"random_ties": True, "rate_limit": None},
    ),
    "POST /_sandbox/faults": Payload(
        {
            "fault": validation.choice(*FAULTS),
            "status": validation.integer(200, 599),
            "body": validation.TEXT,
            "content_type": validation.HEADER,
            "headers": Validator("an object of texts of one line in ASCII", _parse_headers),
            "retry_after": Validator("a text of one line or a whole number", _parse_header_value),
            "performed": validation.FLAG.with_meaning(
                "whether the request takes effect all the same"
            ),
            "pause": SECONDS.with_meaning("seconds between two bytes of a drip"),
            **WHEN,
        },
        {"fault": "too_many", "retry_after": "5", "at": 2, "match": {"path": "/3/*"}},
    ),
    "PUT /_sandbox/latency": Payload(
        {
            "low": SECONDS.with_meaning("seconds that a reply takes at least"),
            "high": SECONDS.with_meaning("at most; low by default"),
            "before_low": SECONDS.with_meaning("likewise before the rate limit counts the request"),
            "before_high": SECONDS.with_meaning("likewise"),
            "seed": validation.integer(0).with_meaning("where chance begins"),
            "match": MATCH,
        },
        {"low": 0.1, "high": 0.5, "seed": 1, "match": {"path": "/3/*"}},
    ),
    "POST /_sandbox/drift": Payload(
        {"changes": CHANGES, **WHEN},
        {"at": 2, "changes": [{"do": "delete_payment", "number": 1}]},
        required=("changes",),
    ),
    "POST /_sandbox/changes": Payload(
        {"changes": CHANGES},
        {"changes": [{"do": "touch_payment", "number": 1}]},
        required=("changes",),
    ),
    "POST /_sandbox/token": Payload(
        {
            "company": Validator(
                "the number of a company, also as a text",
                lambda value: COMPANY.read(str(value) if type(value) is int else value),
                "the first by default",
            ),
            "scopes": Validator(
                "a text of scopes, with spaces between",
                _parse_scopes,
                "those of an import by default",
            ),
        },
        {"company": "480211", "scopes": "payment invoice companyinformation"},
    ),
    "PATCH /_sandbox/clock": Payload(
        {"now": TIME, "step": STEP, "running": validation.FLAG},
        {"now": "2026-03-29T01:30", "running": False},
    ),
    "GET /_sandbox/asked": Payload(
        {
            "method": validation.TEXT,
            "path": MATCH_FIELDS["path"],
            "company": Validator(COMPANY.description, lambda text: int(COMPANY.read(text))),
        },
        {"method": "GET", "path": "/3/*", "company": "480211"},
        sent_in="query",
    ),
    "PATCH /_sandbox/asked": Payload(
        {"keep_bodies": validation.FLAG.with_meaning("whether answers of /3 are kept, too")},
        {"keep_bodies": True},
        required=("keep_bodies",),
    ),
}

#: The objects in changes, described by ``GET /_sandbox/changes``.
OBJECTS = (Invoice, Payment, WriteOff, InvoiceRow, Amounts, SetUp, FinancialYear)

_INVOICE = {"number": 90001, "total": "100.00", "invoice_date": "2026-03-02"}
_PAYMENT = {"invoice_number": 10001, "amount": "100.00", "payment_date": "2026-03-16"}

#: An example of each field of a change.
EXAMPLES: Mapping[str, Any] = {
    "company": 480211,
    "number": 1,
    "invoice": _INVOICE | {"due_date": "2026-04-01"},
    "payment": _PAYMENT,
    "scope": "customer",
    "scopes": ["payment", "invoice"],
    "error": "access_denied",
    "at": "2026-03-29T01:30",
    "seconds": 3600,
    "register": "costcenters",
    "record": {"Code": "NORD", "Description": "Norr"},
    "key": "12",
    "set_up": {"freight": "50", "method": "CASH"},
    "years": [{"id": 1, "first": "2026-05-01", "last": "2027-04-30"}],
    "until": "2026-02-28",
}

#: Overrides of the examples: another type of record, fewer fields, or the second company, which
#: has unsettled invoices.
_EXAMPLES_BY_KIND: Mapping[str, Mapping[str, Any]] = {
    "change_invoice": {"invoice": {"total": "120.00"}},
    "change_payment": {"payment": {"amount": "90.00"}},
    "settle_credit": {"number": 20020, "company": 480377},
    "book_supplier_invoice": {"company": 480377},
    "cancel_supplier_invoice": {"company": 480377},
    "pay_supplier_invoice": {"company": 480377},
}


def change_example(name: str) -> dict[str, Any]:
    """Return an example of a kind of change, with its required fields."""
    example = {"do": name} | {field: EXAMPLES[field] for field in KINDS[name].required}
    if name.endswith("_invoice") and "number" in example and "supplier" not in name:
        example["number"] = 10001
    return example | dict(_EXAMPLES_BY_KIND.get(name, {}))
