"""Rows of the tables as values, and values as rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hostsim.ledger.values import SEK, Entry, PreviewRow, SavedRow
from opter_contract.export_values import Difference
from opter_contract.values import Company, Payment, PaymentKey, Text, WriteOff

T = TypeVar("T")

#: The columns of a payment, alike in run_rows, pending and payments.
PAYMENT_COLUMNS = (
    "number, source, invoice_number, ocr, date, amount, currency, amount_currency, "
    "exchange_rate, write_offs, booked, warnings, customer"
)


def columns_as(alias: str, prefix: str) -> str:
    """Return the columns of a payment of a table, each with a prefix before its name."""
    return ", ".join(f"{alias}.{name} AS {prefix}{name}" for name in PAYMENT_COLUMNS.split(", "))


#: The same, of a registered payment ``p``, each with ``reg_`` before its name.
REGISTERED_COLUMNS = columns_as("p", "reg_")

_ROW_COLUMNS = """
    r.*, i.number AS host_invoice_number, i.customer_name, i.currency AS invoice_currency
"""

#: What :func:`row_of` reads, of a payment ``r`` in a preview and its invoice ``i``.
ROW_COLUMNS = f"{_ROW_COLUMNS}, i.total AS invoice_total, i.due_date"

#: What :func:`entry_of` reads of a payment in the books.
ENTRY_COLUMNS = f"""
    {_ROW_COLUMNS}, i.region, NULL AS reason, NULL AS message_sv, NULL AS message_en
"""

#: SQL that sorts by payment date, then by number as a number, as ``candidates.oldest_first``.
OLDEST_FIRST = (
    "{0}.date IS NULL, {0}.date, length(ltrim({0}.number, '0')), ltrim({0}.number, '0'), {0}.number"
)


def record_of(payment: Payment) -> dict[str, object]:
    """Write a payment as :data:`PAYMENT_COLUMNS`, in their order."""
    columns = columns_of(payment, number=payment.key.number, customer=payment.customer_number)
    return {name: columns[name] for name in PAYMENT_COLUMNS.split(", ")}


def unreadable_record(
    number: str, invoice_number: str | None, amount: Decimal | None
) -> dict[str, object]:
    """Write the known fields of a payment that could not be read at the source."""
    return dict.fromkeys(PAYMENT_COLUMNS.split(", ")) | {
        "number": number or None,
        "invoice_number": invoice_number,
        "amount": plain(amount),
        "write_offs": "[]",
        "warnings": "[]",
    }


def value_of(
    cls: Callable[..., T], row: Mapping[str, Any] | sqlite3.Row, prefix: str = "", **extra: Any
) -> T:
    """Read a value out of the columns that are named as its fields; ``extra`` are its others.

    A ``Text`` has two columns, one per language; a ``Company`` one for its number and one for its
    name.

    :raises ValueError, ArithmeticError, KeyError: a column holds an invalid value, as after damage.
    """
    for name, kind in _kinds(cls).items():
        if name in extra:
            continue
        column = f"{prefix}{name}"
        if kind is Text:
            extra[name] = text_of(row[f"{column}_sv"], row[f"{column}_en"])
            continue
        if kind is Company:
            number, company_name = row[column], row[f"{column}_name"]
            extra[name] = None if number is None else Company(number, company_name or "")
            continue
        stored = row[column]
        extra[name] = None if stored is None else _reader(kind)(stored)
    return cls(**extra)


def columns_of(value: object, **extra: object) -> dict[str, object]:
    """Write a value as the columns that :func:`value_of` reads; ``extra`` are others."""
    cls: Callable[..., object] = type(value)
    columns: dict[str, object] = {}
    for name, kind, write in _writers(cls):
        field = getattr(value, name)
        if kind is Text:
            columns[f"{name}_sv"], columns[f"{name}_en"] = field or (None, None)
        elif kind is Company:
            columns[name] = field and field.number
            columns[f"{name}_name"] = field and field.name
        else:
            columns[name] = field if field is None or write is None else write(field)
    return columns | extra


@cache
def _writers(
    cls: Callable[..., object],
) -> Sequence[tuple[str, Any, Callable[[Any], object] | None]]:
    """Return each field's name and type, and its writer, if it is not stored unchanged."""
    return [(name, kind, _WRITERS.get(kind)) for name, kind in _kinds(cls).items()]


def words_of(message: Text | None) -> dict[str, str | None]:
    """Write a sentence as two values, one per language."""
    return {"sv": message and clean(message.sv), "en": message and clean(message.en)}


def first_row(db: sqlite3.Connection, query: str, **values: object) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(query, values).fetchone()
    return row


@cache
def _kinds(cls: Callable[..., object]) -> Mapping[str, Any]:
    """Return the type of each field, without an optional ``None``."""
    return {
        name: next((argument for argument in get_args(hint) if argument is not NoneType), hint)
        if get_origin(hint) in {Union, UnionType}
        else hint
        for name, hint in get_type_hints(cls).items()
    }


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return the function that reads a column of a type; of a ``Literal``, only its words."""
    if get_origin(kind) is Literal:
        return {word: word for word in get_args(kind)}.__getitem__
    return _READERS[kind]


def payment_of(
    row: Mapping[str, Any] | sqlite3.Row, company: str, prefix: str = "", import_type: str = ""
) -> Payment | None:
    """Read the columns of a payment; ``None`` if it could not be read at the source."""
    if row[f"{prefix}date"] is None:
        return None
    return value_of(
        Payment,
        row,
        prefix,
        key=PaymentKey(company, row[f"{prefix}number"], import_type),
        customer_number=row[f"{prefix}customer"],
    )


def row_of(row: sqlite3.Row) -> PreviewRow:
    return value_of(PreviewRow, row, **_figures(row))


def saved_row_of(row: sqlite3.Row) -> SavedRow:
    return value_of(SavedRow, row, **_figures(row))


def entry_of(row: sqlite3.Row) -> Entry:
    at = datetime.fromisoformat(row["registered_at"])
    return value_of(Entry, row, at=at, **_figures(row))


def _figures(row: sqlite3.Row) -> dict[str, Any]:
    amount = decimal_of(row["amount"])
    in_currency = amount if row["currency"] == SEK else decimal_of(row["amount_currency"])
    return {
        "payment_number": row["number"] or "",
        "payment_date": day_of(row["date"]),
        "amount": Decimal(0) if amount is None else amount,
        "amount_currency": in_currency,
    }


def text_of(sv: str | None, en: str | None) -> Text | None:
    return None if sv is None or en is None else Text(sv, en)


#: SQLite takes no larger integers.
MAX_ID = 2**63 - 1


def is_id(number: int) -> bool:
    """Return whether a number can be the id of a row."""
    return 0 < number <= MAX_ID


def clean(text: str) -> str:
    """Replace what UTF-8 cannot encode: halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def without_spaces(ocr: str) -> str:
    return "".join(ocr.split())


def plain(amount: Decimal | None) -> str | None:
    """Write a decimal without an exponent."""
    return None if amount is None else f"{amount:f}"


def mapping_text(values: Mapping[str, object]) -> str:
    return json.dumps(dict(values), ensure_ascii=False)


def write_offs_text(write_offs: Iterable[WriteOff]) -> str:
    rows = [[plain(w.amount), w.account, w.description, w.currency] for w in write_offs]
    return json.dumps(rows, ensure_ascii=False) if rows else "[]"


def write_offs_of(text: str) -> tuple[WriteOff, ...]:
    if text == "[]":
        return ()
    return tuple(
        WriteOff(Decimal(amount), *other_fields) for amount, *other_fields in json.loads(text)
    )


def warnings_text(warnings: Iterable[Text]) -> str:
    rows = [[warning.sv, warning.en] for warning in warnings]
    return json.dumps(rows, ensure_ascii=False) if rows else "[]"


def warnings_of(text: str) -> tuple[Text, ...]:
    return () if text == "[]" else tuple(Text(sv, en) for sv, en in json.loads(text))


def differences_text(differences: Iterable[Difference]) -> str:
    return json.dumps([[d.field, d.ours, d.theirs] for d in differences], ensure_ascii=False)


def differences_of(text: str) -> tuple[Difference, ...]:
    return () if text == "[]" else tuple(Difference(*fields) for fields in json.loads(text))


def decimal_of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    str: str,
    int: int,
    bool: bool,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    Sequence[WriteOff]: write_offs_of,
    Sequence[Text]: warnings_of,
    Sequence[Difference]: differences_of,
    Mapping[str, str]: json.loads,
    Mapping[str, int]: json.loads,
}

_WRITERS: Mapping[Any, Callable[[Any], object]] = {
    Decimal: plain,
    date: date.isoformat,
    datetime: datetime.isoformat,
    Sequence[WriteOff]: write_offs_text,
    Sequence[Text]: warnings_text,
    Sequence[Difference]: differences_text,
    Mapping[str, str]: mapping_text,
    Mapping[str, int]: mapping_text,
}
