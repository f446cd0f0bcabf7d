"""The tables of the office: settings, invoices, definitions, payments, plug-in state."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Literal, NamedTuple

from hostsim.errors import HostError, host_error
from hostsim.ledger.amounts import suggest_amounts, typed_amount
from hostsim.ledger.values import (
    SEK,
    Bill,
    Definition,
    Entry,
    ExportedInvoice,
    Invoice,
    LoadedBill,
)
from hostsim.messages import exports as exports_messages
from hostsim.messages import results as results_messages
from hostsim.messages.text import some_of
from hostsim.storage import item_content, unreported_commits
from hostsim.storage.connection import Database
from hostsim.storage.item_content import LostContent
from hostsim.storage.rows import (
    ENTRY_COLUMNS,
    OLDEST_FIRST,
    clean,
    columns_of,
    entry_of,
    first_row,
    is_id,
    mapping_text,
    payment_of,
    value_of,
)
from opter_contract.values import Company, SavedPayment, Text

log = logging.getLogger(__name__)

#: The settings of the office and their defaults.
SETTINGS = {"default_currency": SEK, "accepted_deviation": "0", "invoice_columns": ""}
ALIASES = {"accepted_invoice_deviation": "accepted_deviation"}

#: Above this an accepted deviation is a slip of the keyboard.
MAX_DEVIATION = Decimal(1_000_000)

_ENTRIES = f"SELECT {ENTRY_COLUMNS} FROM payments r JOIN invoices i ON i.id = r.invoice_id"  # noqa: S608 a constant

_OLDEST_FIRST = f"ORDER BY {OLDEST_FIRST.format('r')}, r.id"

_PAYMENTS = f"""
    {_ENTRIES}
    WHERE (:origin IS NULL OR r.origin = :origin
           OR (r.origin = 'import' AND lower(r.source) = :origin))
    AND (:invoice_id IS NULL OR r.invoice_id = :invoice_id)
    AND (:run_id IS NULL OR r.run_id = :run_id)
    {_OLDEST_FIRST}
"""

_IMPORTED = f"""
    {_ENTRIES} WHERE r.state = 'registered' AND r.origin = 'import'
    AND (:run_id IS NULL OR r.run_id = :run_id) {_OLDEST_FIRST}
"""

_REGISTERED = f"{_ENTRIES} WHERE r.state = 'registered' {_OLDEST_FIRST}"

_TOTALS = """
    SELECT i.region, r.origin, count(*), exact_sum(r.amount)
    FROM payments r JOIN invoices i ON i.id = r.invoice_id
    WHERE r.state = 'registered'
    GROUP BY i.region, r.origin
"""

_PAYMENTS_BY_NUMBER = f"""
    {_ENTRIES}
    WHERE r.import_type = :import_type AND r.company = :company AND r.number = :number
    ORDER BY r.id
"""


_COMPANY_FIXED = """
    SELECT 1 FROM runs WHERE definition = :name AND state = 'saved'
    UNION ALL SELECT 1 FROM export_runs WHERE definition = :name AND sent_at IS NOT NULL
    UNION ALL SELECT 1 FROM definitions WHERE company = :company AND name <> :name
    LIMIT 1
"""


class OriginTotal(NamedTuple):
    """The number of payments of a region and an origin, and their sum in SEK."""

    region: str
    origin: str
    number: int
    amount: Decimal


class Loaded(NamedTuple):
    """The number of new invoices or bills, and of known ones that were updated."""

    new: int
    updated: int
    #: Of invoices that had rows and have none any more, or differ from what was exported.
    lost: tuple[LostContent, ...] = ()


class Store(Database):
    """The host's database."""

    # --- Settings of the office ---

    def settings(self) -> Mapping[str, str]:
        """Return all settings of the office, defaults included."""
        stored = self.db.execute("SELECT key, value FROM settings")
        return SETTINGS | {row["key"]: row["value"] for row in stored if row["key"] in SETTINGS}

    def set_setting(self, key: str, text: str) -> None:
        """Change one setting of the office; a wrong value is refused with a sentence."""
        name = key.strip().lower().replace("-", "_")
        name = ALIASES.get(name, name)
        if name not in SETTINGS:
            raise host_error("SETTING_UNKNOWN", key=key, known=", ".join(sorted(SETTINGS)))
        self._write_setting(name, _PARSERS[name](text))

    def _write_setting(self, key: str, value: str) -> None:
        with self.checked_change() as db:
            db.execute(
                "INSERT INTO settings (key, value) VALUES (:key, :value)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                {"key": key, "value": value},
            )

    def plugins_off(self) -> frozenset[str]:
        row = first_row(self.db, "SELECT value FROM settings WHERE key = 'plugins_off'")
        return frozenset() if row is None else frozenset(map(str, json.loads(row["value"])))

    def set_plugins_off(self, names: Collection[str]) -> None:
        self._write_setting("plugins_off", json.dumps(sorted(names), ensure_ascii=False))

    @property
    def accepted_deviation(self) -> Decimal:
        """The shortfall that is written off instead of called a part payment; SEK."""
        return Decimal(self.settings()["accepted_deviation"])

    # --- Invoices ---

    def load_invoices(self, rows: Iterable[ExportedInvoice]) -> Loaded:
        """Take exported invoices, all or none; a known number of a region is updated."""
        currency, rows = self.settings()["default_currency"], list(rows)
        without = [row for row in rows if row.content is None]
        with self.checked_change() as db:
            lost = item_content.lost_content(db, without)
            new = [item_content.write_invoice(db, row, currency) for row in rows]
        return Loaded(sum(new), len(new) - sum(new), lost)

    def invoices(self) -> Iterator[Invoice]:
        """Return all invoices, by region and number."""
        query = (
            "SELECT * FROM invoices"
            " ORDER BY region, length(ltrim(number, '0')), ltrim(number, '0'), number"
        )
        return (value_of(Invoice, row) for row in self.stream(query))

    def known_invoices(self, region: str, numbers: Iterable[str]) -> frozenset[str]:
        """Return which of these numbers the region has."""
        rows = self.db.execute(
            "SELECT number FROM invoices"
            " WHERE region = :region AND number IN (SELECT value FROM json_each(:numbers))",
            {"region": region, "numbers": json.dumps([clean(number) for number in numbers])},
        )
        return frozenset(row["number"] for row in rows)

    # --- Bills of subcontractors ---

    def load_bills(self, rows: Iterable[LoadedBill]) -> Loaded:
        """Take bills, all or none; a known number of a region is replaced."""
        with self.checked_change() as db:
            new = [item_content.write_bill(db, row) for row in rows]
        return Loaded(sum(new), len(new) - sum(new))

    def bills(self) -> Iterator[Bill]:
        """Return all bills, by region and number."""
        query = (
            "SELECT b.*, s.code AS supplier_code, s.name AS supplier_name, s.sends_invoice"
            " FROM supplier_bills b"
            " JOIN suppliers s ON s.id = b.supplier_id"
            " ORDER BY b.region, length(b.number), b.number"
        )
        return (value_of(Bill, row) for row in self.stream(query))

    # --- Definitions ---

    def definitions(self, *, exports: bool | None = False) -> list[Definition]:
        """Return the imports by name, or the exports; ``None`` for both."""
        rows = self.db.execute(
            "SELECT * FROM definitions WHERE :exports IS NULL OR (subject <> '') = :exports"
            " ORDER BY name",
            {"exports": exports},
        )
        return [value_of(Definition, row) for row in rows]

    def definition(self, name: str, *, exports: bool | None = False) -> Definition:
        """Return one import, or export; an unknown name is refused, naming the known ones."""
        row = first_row(
            self.db,
            "SELECT * FROM definitions WHERE name = :name"
            " AND (:exports IS NULL OR (subject <> '') = :exports)",
            name=name,
            exports=exports,
        )
        if row is not None:
            return value_of(Definition, row)
        known = some_of([d.name for d in self.definitions(exports=exports)])
        unknown_code, none_code = (
            ("EXPORT_UNKNOWN", "NO_EXPORTS")
            if exports
            else ("DEFINITION_UNKNOWN", "NO_DEFINITIONS")
        )
        none = exports_messages.NEITHER if exports is None else exports_messages.NO_IMPORT
        if not known:
            raise host_error(none_code, name=name, none=none)
        raise host_error(unknown_code, name=name, known=known, none=none)

    def add_definition(self, definition: Definition) -> None:
        """Store a new definition; a name that is taken is refused."""
        try:
            with self.change() as db:
                db.execute(
                    "INSERT INTO definitions (name, subject, import_type, import_format, region,"
                    " settings, company, company_name) VALUES (:name, :subject, :import_type,"
                    " :import_format, :region, :settings, :company, :company_name)",
                    columns_of(definition),
                )
        except sqlite3.IntegrityError as error:
            existing = self.definition(definition.name, exports=None)
            words = exports_messages.definition_words(existing.subject)
            raise host_error("DEFINITION_EXISTS", name=existing.name, **words) from error

    def set_definition_settings(self, name: str, settings: Mapping[str, str]) -> None:
        with self.checked_change() as db:
            db.execute(
                "UPDATE definitions SET settings = :settings WHERE name = :name",
                {"settings": mapping_text(settings), "name": name},
            )

    def set_definition_region(self, name: str, region: str) -> None:
        with self.checked_change() as db:
            db.execute(
                "UPDATE definitions SET region = :region WHERE name = :name",
                {"region": region, "name": name},
            )

    def set_definition_company(self, name: str, company: Company) -> None:
        with self.checked_change() as db:
            db.execute(
                "UPDATE definitions SET company = :number, company_name = :company_name"
                " WHERE name = :name",
                {"number": company.number, "company_name": company.name, "name": name},
            )

    def is_company_fixed(self, definition: Definition) -> bool:
        """Whether something was saved for a definition's company, or another one shares it."""
        return first_row(self.db, _COMPANY_FIXED, **columns_of(definition)) is not None

    # --- Registered payments and runs ---

    def payments(
        self,
        *,
        origin: str | None = None,
        invoice_id: int | None = None,
        run_id: str | None = None,
    ) -> Iterator[Entry]:
        """Return the payments in the books, oldest first; deleted and reversed ones too.

        :param origin: ``import``, ``hand``, or a source in the plug-in's word (``manual``,
            ``file`` …), which is one of ``import``.
        """
        values = {
            "origin": origin and origin.lower(),
            "invoice_id": invoice_id,
            "run_id": run_id,
        }
        return map(entry_of, self.stream(_PAYMENTS, values))

    @contextmanager
    def registered_payments(self) -> Iterator[tuple[Sequence[OriginTotal], Iterator[Entry]]]:
        """Return the registered payments, oldest first, and their sums, as of one moment."""
        with self.reader() as connection:
            connection.execute("BEGIN")
            totals = [
                OriginTotal(region, origin, number, Decimal(amount))
                for region, origin, number, amount in connection.execute(_TOTALS)
            ]
            yield totals, map(entry_of, connection.execute(_REGISTERED))

    def payment(self, payment_id: int) -> Entry:
        """Return one payment of the books.

        :raises HostError: ``PAYMENT_UNKNOWN``.
        """
        query = f"{_ENTRIES} WHERE r.id = :id"
        row = first_row(self.db, query, id=payment_id) if is_id(payment_id) else None
        if row is None:
            raise host_error("PAYMENT_UNKNOWN", id=payment_id)
        return entry_of(row)

    def payments_by_number(
        self, import_type: str, company: str, numbers: Iterable[str]
    ) -> Iterator[Entry]:
        """Return the payments with these numbers of a company, whatever invoice they pay."""
        for number in numbers:
            values = {"import_type": import_type, "company": company, "number": number}
            yield from map(entry_of, self.stream(_PAYMENTS_BY_NUMBER, values))

    def registered(self, run_id: str | None = None) -> Iterator[SavedPayment]:
        """Return the imported payments that are registered, or those of one run, oldest first."""
        for row in self.stream(_IMPORTED, {"run_id": run_id}):
            payment = payment_of(row, row["company"], import_type=row["import_type"])
            if payment is not None:
                yield SavedPayment(payment, row["host_invoice_number"], row["status"])

    def mark_printed(
        self, table: Literal["runs", "export_runs"], run_id: str, revision: str
    ) -> None:
        """Record the revision of a run that a command has shown.

        If that cannot be written, it has to be shown once more.
        """
        try:
            with unreported_commits.uncounted(), self.change() as db:
                db.execute(
                    f"UPDATE {table} SET printed = :revision WHERE id = :run_id",  # noqa: S608 ours
                    {"revision": revision, "run_id": run_id},
                )
        except (HostError, sqlite3.Error):
            log.warning("the preview was shown, which could not be recorded")

    # --- Values that plug-ins store ---

    def state(self, import_type: str, key: str) -> str | None:
        query = "SELECT value FROM state WHERE import_type = :import_type AND key = :key"
        row = first_row(self.db, query, import_type=import_type, key=key)
        return None if row is None else str(row["value"])

    def set_state(self, import_type: str, key: str, value: str | None) -> None:
        """Store a value of a plug-in, or delete it."""
        values = {"import_type": import_type, "key": key, "value": value}
        query = "DELETE FROM state WHERE import_type = :import_type AND key = :key"
        if value is not None:
            query = (
                "INSERT INTO state (import_type, key, value) VALUES (:import_type, :key, :value)"
                " ON CONFLICT (import_type, key) DO UPDATE SET value = excluded.value"
            )
        with self.change() as db:
            db.execute(query, values)


def _currency(text: str) -> str:
    currency = text.strip().upper()
    if not re.fullmatch("[A-Z]{3}", currency):
        raise host_error(
            "SETTING_WRONG", key="default_currency", why=results_messages.CURRENCY_NEEDED
        )
    return currency


def _deviation(text: str) -> str:
    amount = typed_amount(text)
    if amount is None or not 0 <= amount <= MAX_DEVIATION:
        question, needed = suggest_amounts(text), results_messages.DEVIATION_NEEDED
        why = Text(f"{needed.sv}{question.sv}", f"{needed.en}{question.en}")
        raise host_error("SETTING_WRONG", key="accepted_deviation", why=why)
    return f"{abs(amount):f}"


_PARSERS: Mapping[str, Callable[[str], str]] = {
    "default_currency": _currency,
    "accepted_deviation": _deviation,
    "invoice_columns": str.strip,  # checked where a file is read
}
