"""Checks of the values that a host and a plug-in exchange.

Each function returns messages for a developer, none if all is well. An attribute that has a
default in the contract may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from opter_contract.export_values import (
    ACTIONS,
    INVOICE_TYPES,
    PLANNED_STATES,
    RESULT_STATES,
    SUBJECTS,
    BankChange,
    BillRow,
    Customer,
    Difference,
    ExportItem,
    ExportReport,
    ExportType,
    Gap,
    Invoice,
    InvoiceRow,
    ItemResult,
    PlannedCard,
    PlannedItem,
    Supplier,
    SupplierBill,
)
from opter_contract.values import (
    FAILURE_KINDS,
    FIELD_KINDS,
    SEVERITIES,
    STAGES,
    Choice,
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    Payment,
    PaymentKey,
    Progress,
    SettingsField,
    SettingsProblem,
    WriteOff,
)


class _Rule(NamedTuple):
    expected: str
    holds: Callable[[Any], bool]


def _or_none(rule: _Rule) -> _Rule:
    return _Rule(f"{rule.expected}, or None", lambda value: value is None or rule.holds(value))


def _each(rule: _Rule) -> _Rule:
    return _Rule(f"several, each {rule.expected}", lambda several: all(map(rule.holds, several)))


def _one_of(names: Collection[str]) -> _Rule:
    return _Rule(f"one of {sorted(names)}", lambda value: value in names)


def _is_currency(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()


def _is_money(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


_TEXT: Final = _Rule("a text", lambda value: isinstance(value, str))
_FILLED: Final = _Rule(
    "a text that is not empty", lambda value: isinstance(value, str) and bool(value.strip())
)
_ID: Final = _Rule(
    "a text of 1 to 200 characters",
    lambda value: isinstance(value, str) and 1 <= len(value) <= 200,
)
_FLAG: Final = _Rule("True or False", lambda value: isinstance(value, bool))
_COUNT: Final = _Rule("a whole number from 0", lambda value: isinstance(value, int) and value >= 0)
_DAY: Final = _Rule(
    "a date without a time",
    lambda value: isinstance(value, date) and not isinstance(value, datetime),
)
_MONEY: Final = _Rule("a finite Decimal", _is_money)
_RATE: Final = _Rule("a Decimal above 0", lambda value: _is_money(value) and value > 0)
_CURRENCY: Final = _Rule("three capital letters", _is_currency)
_TRANSLATED: Final = _Rule(
    "a text in both languages",
    lambda value: all(_FILLED.holds(getattr(value, language, None)) for language in ("sv", "en")),
)

_RULES: Final[Mapping[type, Mapping[str, _Rule]]] = {
    ImportType: {"code": _FILLED, "formats": _each(_FILLED), "label": _TRANSLATED},
    SettingsField: {
        "key": _FILLED,
        "kind": _one_of(FIELD_KINDS),
        "label": _TRANSLATED,
        "help": _TRANSLATED,
        "default": _TEXT,
        "required": _FLAG,
        "secret": _FLAG,
    },
    Choice: {"value": _FILLED, "label": _TRANSLATED},
    SettingsProblem: {"severity": _one_of(SEVERITIES), "message": _TRANSLATED},
    Company: {"number": _FILLED, "name": _FILLED},
    PaymentKey: {"company": _FILLED, "number": _TEXT},
    WriteOff: {"amount": _MONEY, "account": _TEXT, "description": _TEXT},
    Payment: {
        "source": _FILLED,
        "invoice_number": _TEXT,
        "ocr": _or_none(_TEXT),
        "date": _DAY,
        "amount": _MONEY,
        "currency": _CURRENCY,
        "amount_currency": _or_none(_MONEY),
        "exchange_rate": _or_none(_RATE),
        "booked": _FLAG,
        "warnings": _each(_TRANSLATED),
    },
    ExcludedPayment: {
        "reason": _FILLED,
        "message": _TRANSLATED,
        "amount": _or_none(_MONEY),
        "invoice_number": _or_none(_TEXT),
    },
    Progress: {
        "stage": _one_of(STAGES),
        "done": _COUNT,
        "total": _or_none(_COUNT),
        "message": _TRANSLATED,
    },
    ImportReport: {"cursor": _or_none(_TEXT), "not_read": _COUNT, "requests": _COUNT},
    ExportType: {"code": _FILLED, "subject": _one_of(SUBJECTS), "label": _TRANSLATED},
    Customer: {
        "code": _FILLED,
        "ledger_number": _TEXT,
        "name": _FILLED,
        "organisation_number": _TEXT,
        "vat_number": _TEXT,
        "address1": _TEXT,
        "zip": _TEXT,
        "city": _TEXT,
        "country": _TEXT,
        "email": _TEXT,
    },
    InvoiceRow: {
        "account": _FILLED,
        "unit": _TEXT,
        "vat_rate": _FILLED,
        "net": _MONEY,
        "vat": _MONEY,
    },
    Invoice: {
        "invoice_number": _FILLED,
        "region": _TEXT,
        "type": _one_of(INVOICE_TYPES),
        "ocr": _TEXT,
        "currency": _CURRENCY,
        "exchange_rate": _or_none(_RATE),
        "invoice_date": _DAY,
        "due_date": _DAY,
        "order_number": _TEXT,
        "order_date": _or_none(_DAY),
        "credits": _TEXT,
        "document": _TEXT,
    },
    Supplier: {
        **dict.fromkeys((field.name for field in fields(Supplier)), _TEXT),
        "code": _FILLED,
        "name": _FILLED,
        "sends_invoice": _FLAG,
    },
    BillRow: {"account": _FILLED, "unit": _TEXT, "debit": _MONEY, "credit": _MONEY},
    SupplierBill: {
        "bill_number": _FILLED,
        "region": _TEXT,
        "currency": _CURRENCY,
        "exchange_rate": _or_none(_RATE),
        "bill_date": _DAY,
        "due_date": _DAY,
        "total": _MONEY,
        "vat": _MONEY,
        "document": _TEXT,
    },
    ExportItem: {"id": _ID, "exported": _FLAG, "intended": _FLAG, "number": _TEXT},
    Difference: {"field": _FILLED, "ours": _TEXT, "theirs": _TEXT},
    PlannedItem: {
        "id": _ID,
        "state": _one_of(PLANNED_STATES),
        "action": _one_of(ACTIONS),
        "party_number": _TEXT,
        "total": _MONEY,
        "other_total": _or_none(_MONEY),
        "currency": _CURRENCY,
        "number": _TEXT,
        "code": _TEXT,
        "message": _or_none(_TRANSLATED),
    },
    PlannedCard: {
        "number": _FILLED,
        "action": _one_of(ACTIONS),
        "message": _or_none(_TRANSLATED),
    },
    BankChange: {"party_number": _FILLED, "field": _FILLED, "ours": _TEXT, "theirs": _TEXT},
    Gap: {"code": _FILLED, "message": _TRANSLATED, "ids": _each(_ID)},
    ItemResult: {
        "id": _ID,
        "state": _one_of(RESULT_STATES),
        "number": _TEXT,
        "party_number": _TEXT,
        "total": _or_none(_MONEY),
        "code": _TEXT,
        "message": _or_none(_TRANSLATED),
        "theirs": _TEXT,
        "complete": _FLAG,
    },
    ExportReport: {"requests": _COUNT, "notes": _each(_TRANSLATED)},
}


def problems(kind: type, *several: Any) -> list[str]:
    """Check values of one kind of the contract's."""
    more = _MORE.get(kind, lambda _value: ())
    return [problem for value in several for problem in (*_broken(kind, value), *more(value))]


def problems_of_settings(checked: Any, keys: Iterable[str]) -> list[str]:
    """Check the answer of ``opter_check_settings``.

    :param keys: of the fields, and so of all that may be stored.
    """
    return [
        *(f"{key} is no field, but would be stored" for key in {*checked.values} - {*keys}),
        *(f"{key} is no text" for key, value in checked.values.items() if not _TEXT.holds(value)),
        *problems(SettingsProblem, *checked.problems),
    ]


def problems_of_failure(error: BaseException) -> list[str]:
    """Check an exception that a person is shown."""
    rules = {"code": _FILLED, "kind": _one_of(FAILURE_KINDS), "message": _TRANSLATED}
    return [
        f"the {name} of {error!r} is not {rule.expected}"
        for name, rule in rules.items()
        if not rule.holds(getattr(error, name, None))
    ]


def _broken(kind: type, value: Any) -> list[str]:
    defaults = {field.name: field.default for field in fields(kind)}
    return [
        f"{kind.__name__}: {name} is {found!r}, not {rule.expected}"
        for name, rule in _RULES[kind].items()
        if not rule.holds(found := getattr(value, name, defaults[name]))
    ]


def _import_type(one: Any) -> Iterator[str]:
    if not list(one.formats):
        yield f"{one.code} has no format"


def _settings_field(one: Any) -> Iterator[str]:
    choices = list(getattr(one, "choices", ()))
    yield from problems(Choice, *choices)
    values = [choice.value for choice in choices]
    if (one.kind == "choice") != bool(values):
        yield f"field {one.key} of kind {one.kind} has {len(values)} choices"
    if len(set(values)) < len(values):
        yield f"field {one.key} has a choice twice"


def _progress(one: Any) -> Iterator[str]:
    if one.total is not None and one.total < one.done:
        yield f"{one.done} of {one.total} are done"


def _report(one: Any) -> list[str]:
    return _broken(Company, one.company)


def _invoice(one: Any) -> Iterator[str]:
    yield from problems(Customer, one.customer)
    yield from problems(InvoiceRow, *one.rows)
    if not list(one.rows):
        yield f"invoice {one.invoice_number} has no rows"
    if one.currency == "SEK" and one.exchange_rate is not None:
        yield f"invoice {one.invoice_number}: one in SEK has the rate {one.exchange_rate}"


def _supplier_bill(one: Any) -> Iterator[str]:
    yield from problems(Supplier, one.supplier)
    yield from problems(BillRow, *one.rows)
    if not list(one.rows):
        yield f"bill {one.bill_number} has no rows"
    if sum((row.debit - row.credit for row in one.rows), Decimal(0)) != one.total:
        yield f"bill {one.bill_number}: its rows do not come to its total"
    if one.currency == "SEK" and one.exchange_rate is not None:
        yield f"bill {one.bill_number}: one in SEK has the rate {one.exchange_rate}"


def _item(one: Any) -> Iterator[str]:
    kind = SupplierBill if hasattr(one.content, "bill_number") else Invoice
    yield from problems(kind, one.content)


def _planned_item(one: Any) -> Iterator[str]:
    yield from _explained(one)
    yield from problems(Difference, *getattr(one, "differences", ()))
    if one.state in {"ready", "waiting"} and one.action == "none":
        yield f"item {one.id} is {one.state}, but nothing would be done"
    if one.state == "refused" and one.action != "none":
        yield f"item {one.id} is refused, but would be sent: {one.action}"


def _result(one: Any) -> Iterator[str]:
    yield from _explained(one)
    if one.state in {"sent", "adopted"} and not getattr(one, "number", ""):
        yield f"item {one.id} is {one.state}, but has no number there"


def _explained(one: Any) -> Iterator[str]:
    """Check that a person is told why an item is refused, in words that both sides have."""
    code, message = getattr(one, "code", ""), getattr(one, "message", None)
    if bool(code) != (message is not None):
        yield f"item {one.id} has the code {code!r} and the message {message!r}"
    if one.state == "refused" and not code:
        yield f"item {one.id} is refused without a code"


def _gap(one: Any) -> Iterator[str]:
    if not list(one.ids):
        yield f"the gap {one.code} concerns no item"


def _payment(one: Any) -> Iterator[str]:
    """Check what is also true of a payment that was excluded before more was known of it."""
    yield from problems(WriteOff, *one.write_offs)
    yield from _broken(PaymentKey, one.key)
    if one.currency != "SEK":
        return
    if one.exchange_rate is not None:
        yield f"payment {one.key.number}: one in SEK has the rate {one.exchange_rate}"
    if one.amount_currency not in {None, one.amount}:
        yield f"payment {one.key.number}: {one.amount} SEK are {one.amount_currency} SEK"


def _payment_to_save(one: Any) -> Iterator[str]:
    yield from _payment(one)
    if not one.key.number:
        yield "a payment has no number"
    if one.amount_currency is None:
        yield f"payment {one.key.number}: the amount in its currency is missing"
    if one.currency != "SEK" and one.exchange_rate is None:
        yield f"payment {one.key.number}: the exchange rate is missing"


def _excluded(one: Any) -> Iterator[str]:
    yield from _broken(PaymentKey, one.key)
    if (of := one.payment) is None:
        return
    if (of.key.company, of.key.number) != (one.key.company, one.key.number):
        yield f"excluded {one.key.number}: its payment has another key"
    if of.amount != one.amount:
        yield f"excluded {one.key.number}: its payment has another amount"
    yield from _broken(Payment, of)
    yield from _payment(of)


#: What must be true of several attributes together.
_MORE: Final[Mapping[type, Callable[[Any], Iterable[str]]]] = {
    ImportType: _import_type,
    Payment: _payment_to_save,
    ExcludedPayment: _excluded,
    Progress: _progress,
    ImportReport: _report,
    SettingsField: _settings_field,
    ExportItem: _item,
    Invoice: _invoice,
    SupplierBill: _supplier_bill,
    PlannedItem: _planned_item,
    PlannedCard: lambda one: problems(Difference, *getattr(one, "differences", ())),
    ItemResult: _result,
    Gap: _gap,
    ExportReport: _report,
}
