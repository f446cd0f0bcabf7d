"""Rows of the tables as values, and values as rows."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hostsim.ledger.values import (
    SEK,
    Definition,
    Entry,
    Invoice,
    Row,
)
from opter_contract.values import Company, Payment, PaymentKey, Text, WriteOff

log = logging.getLogger(__name__)


#: The columns of a payment, alike in run_rows, pending and payments.
PAYMENT_COLUMNS = (
    "number, source, invoice_number, ocr, date, amount, currency, amount_currency, "
    "exchange_rate, write_offs, booked, warnings, customer"
)

#: What :func:`row_of` reads, of a payment ``r`` and its invoice ``i``.
ROW_COLUMNS = "r.*, i.number AS host_invoice_number, i.customer_name"

#: What :func:`entry_of` reads of a payment in the books.
ENTRY_COLUMNS = f"""
    {ROW_COLUMNS}, i.region, i.currency AS invoice_currency,
    NULL AS reason, NULL AS message_sv, NULL AS message_en
"""

#: SQL that sorts by payment date, then by number as a number, as ``judging.oldest_first``.
OLDEST_FIRST = (
    "{0}.date IS NULL, {0}.date, length(ltrim({0}.number, '0')), ltrim({0}.number, '0'), {0}.number"
)


def record_of(payment: Payment) -> tuple[object, ...]:
    """Write a payment in the order of :data:`PAYMENT_COLUMNS`."""
    return (
        payment.key.number,
        payment.source,
        payment.invoice_number,
        payment.ocr,
        payment.date.isoformat(),
        plain(payment.amount),
        payment.currency,
        plain(payment.amount_currency),
        plain(payment.exchange_rate),
        write_offs_text(payment.write_offs),
        int(payment.booked),
        warnings_text(payment.warnings),
        payment.customer_number,
    )


def payment_of(
    row: Mapping[str, Any] | sqlite3.Row, company: str, prefix: str = "", import_type: str = ""
) -> Payment | None:
    """Read the columns of a payment; ``None`` where it could not be read at the source."""
    if row[f"{prefix}date"] is None:
        return None
    return Payment(
        key=PaymentKey(company, row[f"{prefix}number"], import_type),
        source=row[f"{prefix}source"],
        invoice_number=row[f"{prefix}invoice_number"],
        ocr=row[f"{prefix}ocr"],
        date=date.fromisoformat(row[f"{prefix}date"]),
        amount=Decimal(row[f"{prefix}amount"]),
        currency=row[f"{prefix}currency"],
        amount_currency=decimal_of(row[f"{prefix}amount_currency"]),
        exchange_rate=decimal_of(row[f"{prefix}exchange_rate"]),
        write_offs=write_offs_of(row[f"{prefix}write_offs"]),
        booked=bool(row[f"{prefix}booked"]),
        warnings=warnings_of(row[f"{prefix}warnings"]),
        customer_number=row[f"{prefix}customer"],
    )


def row_of(row: sqlite3.Row) -> Row:
    return Row(**_shown(row))


def entry_of(row: sqlite3.Row) -> Entry:
    return Entry(
        **_shown(row),
        **{name: row[name] for name in _ENTRY},
        effect=Decimal(row["effect"]),
        written_off=Decimal(row["written_off"]),
        at=datetime.fromisoformat(row["registered_at"]),
        deleted_at=time_of(row["deleted_at"]),
    )


_ENTRY = (
    *("origin", "state", "reverses", "region", "import_type", "company", "bank_account"),
    *("invoice_currency", "run_id", "user", "deleted_by", "deleted_why", "invoice_id"),
)


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    amount = decimal_of(row["amount"])
    amount_currency = decimal_of(row["amount_currency"])
    return {
        "id": row["id"],
        "payment_number": row["number"] or "",
        "invoice_number": row["invoice_number"],
        "host_invoice_number": row["host_invoice_number"],
        "payment_date": day_of(row["date"]),
        "amount": Decimal(0) if amount is None else amount,
        "currency": row["currency"],
        "amount_currency": amount if row["currency"] == SEK else amount_currency,
        "exchange_rate": decimal_of(row["exchange_rate"]),
        "source": row["source"],
        "write_offs": write_offs_of(row["write_offs"]),
        "status": row["status"],
        "warning": text_of(row["warning_sv"], row["warning_en"]),
        "reason": row["reason"],
        "message": text_of(row["message_sv"], row["message_en"]),
        "customer_name": row["customer_name"],
    }


def invoice_of(row: sqlite3.Row, prefix: str = "") -> Invoice:
    """Read an invoice."""
    return Invoice(
        region=row[f"{prefix}region"],
        number=row[f"{prefix}number"],
        ocr=row[f"{prefix}ocr"],
        customer_code=row[f"{prefix}customer_code"],
        customer_name=row[f"{prefix}customer_name"],
        currency=row[f"{prefix}currency"],
        total=Decimal(row[f"{prefix}total"]),
        remaining=Decimal(row[f"{prefix}remaining"]),
        invoice_date=day_of(row[f"{prefix}invoice_date"]),
        due_date=day_of(row[f"{prefix}due_date"]),
        period_closed=bool(row[f"{prefix}period_closed"]),
    )


def text_of(sv: str | None, en: str | None) -> Text | None:
    """Read a sentence from its two columns."""
    return None if sv is None or en is None else Text(sv, en)


def is_id(number: int) -> bool:
    """Tell whether a number can be the id of a row; SQLite takes no larger integers."""
    return 0 < number < 2**63


def clean(text: str) -> str:
    """Replace what UTF-8 cannot encode: halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def without_spaces(ocr: str) -> str:
    """Write an OCR reference as its digits stand, without the spaces between them."""
    return "".join(ocr.split())


def plain(amount: Decimal | None) -> str | None:
    """Write a decimal without an exponent."""
    return None if amount is None else f"{amount:f}"


def definition_of(row: sqlite3.Row) -> Definition:
    return Definition(
        name=row["name"],
        import_type=row["import_type"],
        import_format=row["import_format"],
        region=row["region"],
        settings=json.loads(row["settings"]),
        company=company_of(row),
        cursor=row["cursor"],
    )


def company_of(row: sqlite3.Row) -> Company | None:
    if row["company"] is None:
        return None
    return Company(row["company"], row["company_name"] or "")


def settings_text(settings: Mapping[str, str]) -> str:
    return json.dumps(dict(settings), ensure_ascii=False)


def write_offs_text(write_offs: Iterable[WriteOff]) -> str:
    """Write write-offs as they are kept."""
    rows = [[plain(w.amount), w.account, w.description, w.currency] for w in write_offs]
    return json.dumps(rows, ensure_ascii=False) if rows else "[]"


def write_offs_of(text: str) -> tuple[WriteOff, ...]:
    if text == "[]":
        return ()
    return tuple(WriteOff(Decimal(amount), *rest) for amount, *rest in json.loads(text))


def warnings_text(warnings: Iterable[Text]) -> str:
    rows = [[warning.sv, warning.en] for warning in warnings]
    return json.dumps(rows, ensure_ascii=False) if rows else "[]"


def warnings_of(text: str) -> tuple[Text, ...]:
    return () if text == "[]" else tuple(Text(sv, en) for sv, en in json.loads(text))


def decimal_of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
