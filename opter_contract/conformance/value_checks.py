"""Checks of the values that a host and a plug-in exchange.

Each function returns messages for a developer, none if the value is valid. An attribute with a
default in the contract may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints

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
    Text,
    WriteOff,
)


class _Rule(NamedTuple):
    expected: str
    holds: Callable[[Any], bool]


def _or_none(rule: _Rule) -> _Rule:
    return _Rule(f"{rule.expected}, or None", lambda value: value is None or rule.holds(value))


def _each(rule: _Rule) -> _Rule:
    return _Rule(f"several, each {rule.expected}", lambda values: all(map(rule.holds, values)))


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

#: The rule of an attribute, by its declared type; those of other types are checked below.
_BY_TYPE: Final[Mapping[Any, _Rule]] = {
    str: _TEXT,
    str | None: _or_none(_TEXT),
    bool: _FLAG,
    int: _COUNT,
    int | None: _or_none(_COUNT),
    date: _DAY,
    date | None: _or_none(_DAY),
    Decimal: _MONEY,
    Decimal | None: _or_none(_MONEY),
    Text: _TRANSLATED,
    Text | None: _or_none(_TRANSLATED),
    Sequence[Text]: _each(_TRANSLATED),
}

#: What the type of an attribute does not say.
_BY_NAME: Final[Mapping[type, Mapping[str, _Rule]]] = {
    ImportType: {"code": _FILLED, "formats": _each(_FILLED)},
    SettingsField: {"key": _FILLED, "kind": _one_of(FIELD_KINDS)},
    Choice: {"value": _FILLED},
    SettingsProblem: {"severity": _one_of(SEVERITIES)},
    Company: {"number": _FILLED, "name": _FILLED},
    PaymentKey: {"company": _FILLED},
    Payment: {"source": _FILLED, "currency": _CURRENCY, "exchange_rate": _or_none(_RATE)},
    ExcludedPayment: {"reason": _FILLED},
    Progress: {"stage": _one_of(STAGES)},
    ExportType: {"code": _FILLED, "subject": _one_of(SUBJECTS)},
    Customer: {"code": _FILLED, "name": _FILLED},
    InvoiceRow: {"account": _FILLED, "vat_rate": _FILLED},
    Invoice: {
        "invoice_number": _FILLED,
        "type": _one_of(INVOICE_TYPES),
        "currency": _CURRENCY,
        "exchange_rate": _or_none(_RATE),
    },
    Supplier: {"code": _FILLED, "name": _FILLED},
    BillRow: {"account": _FILLED},
    SupplierBill: {
        "bill_number": _FILLED,
        "currency": _CURRENCY,
        "exchange_rate": _or_none(_RATE),
    },
    ExportItem: {"id": _ID},
    Difference: {"field": _FILLED},
    PlannedItem: {
        "id": _ID,
        "state": _one_of(PLANNED_STATES),
        "action": _one_of(ACTIONS),
        "currency": _CURRENCY,
    },
    PlannedCard: {"number": _FILLED, "action": _one_of(ACTIONS)},
    BankChange: {"party_number": _FILLED, "field": _FILLED},
    Gap: {"code": _FILLED, "ids": _each(_ID)},
    ItemResult: {"id": _ID, "state": _one_of(RESULT_STATES)},
}


@cache
def _rules(kind: type) -> Mapping[str, _Rule]:
    by_type = {name: _BY_TYPE.get(hint) for name, hint in get_type_hints(kind).items()}
    rules = by_type | dict(_BY_NAME.get(kind, {}))
    return {name: rule for name, rule in rules.items() if rule is not None}


def problems(kind: type, *values: Any) -> list[str]:
    """Check values of one class of the contract."""
    more = _MORE.get(kind, lambda _value: ())
    return [problem for value in values for problem in (*_broken(kind, value), *more(value))]


def problems_of_settings(checked: Any, keys: Iterable[str]) -> list[str]:
    """Check the result of ``opter_check_settings``.

    :param keys: of the fields; no others may be stored.
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
        f"{kind.__name__}: {name} is {actual!r}, not {rule.expected}"
        for name, rule in _rules(kind).items()
        if not rule.holds(actual := getattr(value, name, defaults[name]))
    ]


def _import_type(import_type: Any) -> Iterator[str]:
    if not list(import_type.formats):
        yield f"{import_type.code} has no format"


def _settings_field(field: Any) -> Iterator[str]:
    choices = list(getattr(field, "choices", ()))
    yield from problems(Choice, *choices)
    values = [choice.value for choice in choices]
    if (field.kind == "choice") != bool(values):
        yield f"field {field.key} of kind {field.kind} has {len(values)} choices"
    if len(set(values)) < len(values):
        yield f"field {field.key} has a choice twice"


def _progress(progress: Any) -> Iterator[str]:
    if progress.total is not None and progress.total < progress.done:
        yield f"{progress.done} of {progress.total} are done"


def _report(report: Any) -> list[str]:
    return _broken(Company, report.company)


def _invoice(invoice: Any) -> Iterator[str]:
    yield from problems(Customer, invoice.customer)
    yield from problems(InvoiceRow, *invoice.rows)
    if not list(invoice.rows):
        yield f"invoice {invoice.invoice_number} has no rows"
    if invoice.currency == "SEK" and invoice.exchange_rate is not None:
        yield f"invoice {invoice.invoice_number}: one in SEK has the rate {invoice.exchange_rate}"


def _supplier_bill(bill: Any) -> Iterator[str]:
    yield from problems(Supplier, bill.supplier)
    yield from problems(BillRow, *bill.rows)
    if not list(bill.rows):
        yield f"bill {bill.bill_number} has no rows"
    if sum((row.debit - row.credit for row in bill.rows), Decimal(0)) != bill.total:
        yield f"bill {bill.bill_number}: its rows do not come to its total"
    if bill.currency == "SEK" and bill.exchange_rate is not None:
        yield f"bill {bill.bill_number}: one in SEK has the rate {bill.exchange_rate}"


def _item(item: Any) -> Iterator[str]:
    kind = SupplierBill if hasattr(item.content, "bill_number") else Invoice
    yield from problems(kind, item.content)


def _planned_item(item: Any) -> Iterator[str]:
    yield from _explained(item)
    yield from problems(Difference, *getattr(item, "differences", ()))
    if item.state in {"ready", "waiting"} and item.action == "none":
        yield f"item {item.id} is {item.state}, but nothing would be done"
    if item.state == "refused" and item.action != "none":
        yield f"item {item.id} is refused, but would be sent: {item.action}"


def _result(result: Any) -> Iterator[str]:
    yield from _explained(result)
    if result.state in {"sent", "adopted"} and not getattr(result, "number", ""):
        yield f"item {result.id} is {result.state}, but has no number there"


def _explained(item: Any) -> Iterator[str]:
    """Check that code and message go together, and that a refused item has them."""
    code, message = getattr(item, "code", ""), getattr(item, "message", None)
    if bool(code) != (message is not None):
        yield f"item {item.id} has the code {code!r} and the message {message!r}"
    if item.state == "refused" and not code:
        yield f"item {item.id} is refused without a code"


def _gap(gap: Any) -> Iterator[str]:
    if not list(gap.ids):
        yield f"the gap {gap.code} concerns no item"


def _payment(payment: Any) -> Iterator[str]:
    """Check a payment, even one that was excluded before all of it was read."""
    yield from problems(WriteOff, *payment.write_offs)
    yield from _broken(PaymentKey, payment.key)
    if payment.currency != "SEK":
        return
    if payment.exchange_rate is not None:
        yield f"payment {payment.key.number}: one in SEK has the rate {payment.exchange_rate}"
    if payment.amount_currency not in {None, payment.amount}:
        amounts = f"{payment.amount} SEK are {payment.amount_currency} SEK"
        yield f"payment {payment.key.number}: {amounts}"


def _payment_to_save(payment: Any) -> Iterator[str]:
    yield from _payment(payment)
    if not payment.key.number:
        yield "a payment has no number"
    if payment.amount_currency is None:
        yield f"payment {payment.key.number}: the amount in its currency is missing"
    if payment.currency != "SEK" and payment.exchange_rate is None:
        yield f"payment {payment.key.number}: the exchange rate is missing"


def _excluded(row: Any) -> Iterator[str]:
    yield from _broken(PaymentKey, row.key)
    if (payment := row.payment) is None:
        return
    if (payment.key.company, payment.key.number) != (row.key.company, row.key.number):
        yield f"excluded {row.key.number}: its payment has another key"
    if payment.amount != row.amount:
        yield f"excluded {row.key.number}: its payment has another amount"
    yield from _broken(Payment, payment)
    yield from _payment(payment)


#: Checks across several attributes.
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
    PlannedCard: lambda card: problems(Difference, *getattr(card, "differences", ())),
    ItemResult: _result,
    Gap: _gap,
    ExportReport: _report,
}
