"""A save: payments are registered, others reversed, invoices updated; the rest stays pending."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import READY
from hostsim.ledger.reasons import OTHER_REGION, SET_ASIDE
from hostsim.ledger.values import EXACT, ZERO
from hostsim.messages import decisions as decisions_messages
from hostsim.storage import balance_checks
from hostsim.storage import decisions as decision_store
from hostsim.storage.company_regions import refuse_company_of_other_region
from hostsim.storage.import_runs import (
    ImportRun,
    differs,
    forget_rows,
    judgement_values,
    wrong_company_error,
)
from hostsim.storage.previews import revision_of
from hostsim.storage.rows import (
    OLDEST_FIRST,
    PAYMENT_COLUMNS,
    plain,
    words_of,
    write_offs_of,
    write_offs_text,
)
from hostsim.storage.scope import NOT_REGISTERED
from opter_contract.values import Company


class _PreviewOutdated(Exception):
    """The host's data changed so that the preview no longer holds."""


class NotAsShown(Exception):
    """The open preview is not the one that was shown."""


class _Hidden(NamedTuple):
    """A row that a decision hides, and its refusal without that."""

    row_id: int
    reason: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Registration:
    """The save of one run, by one person, at one moment."""

    import_run: ImportRun
    company: Company
    user: str
    at: datetime

    @property
    def _values(self) -> dict[str, str]:
        return self.import_run.scope(self.company.number)._asdict()

    def save(self, *, revision: str | None = None) -> bool:
        """Register what is ready, all or nothing; return whether the preview still held.

        :param revision: of the preview to save; ``None`` for whatever is open.
        :raises NotAsShown: if another one is open; nothing is judged then.
        """
        try:
            with self.import_run.store.changing_books() as db:
                if revision not in {None, revision_of(db, self.import_run.run_id)}:
                    raise NotAsShown
                self.import_run.refuse_damage()
                self._refuse_other_company()
                hidden, replaced, other_halves = self._write_invoices(db)
                self._write_payments(db, replaced, other_halves)
                self._write_pending(db, hidden)
                self._end_run(db)
        except _PreviewOutdated:
            return False
        return True

    def _end_run(self, db: sqlite3.Connection) -> None:
        decision_store.mark_applied(db, self._values, self.at)
        decision_store.take_in(db, self.import_run.definition.name, self.company.number)
        # Registered and pending payments are all that is needed of earlier saved runs.
        query = "SELECT id FROM runs WHERE definition = :definition AND state = 'saved'"
        for row in db.execute(query, self._values).fetchall():
            forget_rows(db, row["id"])
        values = {
            **self._values,
            "company_name": self.company.name,
            "user": self.user,
            "at": self.at.isoformat(),
        }
        db.execute(
            "UPDATE definitions SET company = :company, company_name = :company_name,"
            " cursor = COALESCE((SELECT cursor FROM runs WHERE id = :run_id), cursor)"
            " WHERE name = :definition",
            values,
        )
        db.execute(
            "UPDATE runs SET state = 'saved', saved_at = :at, saved_by = :user WHERE id = :run_id",
            values,
        )

    def _refuse_other_company(self) -> None:
        store = self.import_run.store
        definition = store.definition(self.import_run.definition.name)
        if definition.company is not None and definition.company.number != self.company.number:
            raise wrong_company_error(definition, definition.company, self.company)
        refuse_company_of_other_region(store, definition, self.company)

    def _write_invoices(
        self, db: sqlite3.Connection
    ) -> tuple[list[_Hidden], Mapping[str, int], Mapping[str, tuple[str, str]]]:
        """Judge again, and update the balances of the invoices; refuse any difference.

        :return: the rows that decisions hide; and by number, the payment that one replaces, and
            the number and invoice of the other half of a settlement.
        """
        hidden: list[_Hidden] = []
        replaced: dict[str, int] = {}
        reversed_ids: set[int] = set()
        with self.import_run.judging(self.company.number) as judging:
            for invoice in judging.judge_invoices():
                lowered_by = ZERO
                for row, judgement in zip(invoice.rows, invoice.judgements, strict=True):
                    if differs(judgement_values(invoice.invoice_id, judgement), row):
                        raise _PreviewOutdated
                    if judgement.hidden is not None and row["number"]:
                        hidden.append(_Hidden(row["id"], judgement.reason or "", judgement.hidden))
                    if judgement.kind == READY:
                        lowered_by = EXACT.add(lowered_by, judgement.effect)
                        old_ids = judging.reversed_by(row)
                        if old_ids:
                            replaced[row["number"]] = old_ids[-1]
                        for old_id in sorted(set(old_ids) - reversed_ids):
                            reverse(db, old_id, self.import_run.run_id, self.user, self.at)
                        reversed_ids.update(old_ids)
                if lowered_by and invoice.invoice_id is not None:
                    lower_balance(db, invoice.invoice_id, lowered_by)
            found = judging.settlements
            other_halves = {
                number: (half.number, half.invoice_number)
                for number, half in [*found.made_again.items(), *found.by_number.items()]
            }
        return hidden, replaced, other_halves

    def _write_payments(
        self,
        db: sqlite3.Connection,
        replaced: Mapping[str, int],
        other_halves: Mapping[str, tuple[str, str]],
    ) -> None:
        values = {
            "user": self.user,
            "at": self.at.isoformat(),
            "replaced": json.dumps(replaced),
            "other_halves": json.dumps(other_halves),
        }
        db.execute(_REGISTER, {**self._values, **values})

    def _write_pending(self, db: sqlite3.Connection, hidden: Sequence[_Hidden]) -> None:
        """Store the rejected payments, to be offered again; delete those that no longer are."""
        balance_checks.store_ignored_payments(db, self._values)
        db.execute(_MARK_DELETED, {**self._values, "at": self.at.isoformat()})
        db.execute(_DELETE_PENDING, self._values)
        db.execute(_ADD_PENDING, self._values)
        # A payment that is set aside is stored with the reason that this hides; a kept difference
        # as "already-imported", and it is offered again when the decision is revoked.
        db.executemany(
            _ADD_HIDDEN,
            [
                {
                    **self._values,
                    "reason": refusal.reason if reason == SET_ASIDE else reason,
                    **words_of(refusal.message),
                    "obstacle": refusal.obstacle,
                    "row_id": row_id,
                }
                for row_id, reason, refusal in hidden
                if refusal.reason != "already-imported"
            ],
        )


def reverse(
    db: sqlite3.Connection, payment_id: int, run_id: str | None, user: str, at: datetime
) -> None:
    """Reverse a registered payment so that both stay visible; restore its invoice's balance."""
    query = "SELECT * FROM payments WHERE id = :id"
    row = db.execute(query, {"id": payment_id}).fetchone()
    values = {
        **{name: _negative(row[name]) for name in _NEGATED},
        "id": payment_id,
        "write_offs": write_offs_text(
            replace(write_off, amount=write_off.amount.copy_negate())
            for write_off in write_offs_of(row["write_offs"])
        ),
        **words_of(decisions_messages.reversal_of(payment_id)),
        "run_id": run_id,
        "user": user,
        "at": at.isoformat(),
    }
    db.execute(_REVERSE, values)
    db.execute("UPDATE payments SET state = 'reversed' WHERE id = :id", {"id": payment_id})
    lower_balance(db, row["invoice_id"], Decimal(row["effect"]).copy_negate())


def lower_balance(db: sqlite3.Connection, invoice_id: int, effect: Decimal) -> None:
    """Lower the balance of an invoice by an effect, in its currency."""
    query = "SELECT remaining FROM invoices WHERE id = :id"
    row = db.execute(query, {"id": invoice_id}).fetchone()
    remaining = EXACT.subtract(Decimal(row["remaining"]), effect)
    db.execute(
        "UPDATE invoices SET remaining = :remaining WHERE id = :id",
        {"remaining": plain(remaining), "id": invoice_id},
    )


def _negative(text: str | None) -> str | None:
    # copy_negate, unlike -x, rounds nothing.
    return None if text is None else plain(Decimal(text).copy_negate())


# --- SQL --------------------------------------------------------------------

# The customer of a payment that changed need not have been read again: it is that of its invoice.
_CUSTOMER = """
    COALESCE(customer, (SELECT p.customer FROM payments p WHERE p.id = payment_id
                        AND p.invoice_number = run_rows.invoice_number)) AS customer
"""
_REGISTERED = {"customer": _CUSTOMER}

# MATERIALIZED, so that SQLite makes an index of it.
_REGISTER = f"""
    INSERT INTO payments (origin, import_type, company, {PAYMENT_COLUMNS}, invoice_id, status,
                          warning_sv, warning_en, written_off, effect, settles, settles_invoice,
                          bank_account, run_id, user, registered_at, replaces)
    WITH replaced (number_of, payment_id) AS MATERIALIZED
        (SELECT key, value FROM json_each(:replaced)),
    halves (half, settles, settles_invoice) AS MATERIALIZED
        (SELECT key, value ->> 0, value ->> 1 FROM json_each(:other_halves))
    SELECT 'import', :import_type, :company,
           {", ".join(_REGISTERED.get(name, name) for name in PAYMENT_COLUMNS.split(", "))},
           invoice_id, status, warning_sv, warning_en, written_off, effect,
           settles, settles_invoice, (SELECT bank_account FROM runs WHERE id = :run_id),
           run_id, :user, :at, payment_id
    FROM run_rows LEFT JOIN replaced ON number_of = number
    LEFT JOIN halves ON half = number
    WHERE run_id = :run_id AND kind = 'ready'
    -- What became nothing at its source only takes back what was registered.
    AND (amount GLOB '*[1-9]*' OR amount_currency GLOB '*[1-9]*' OR write_offs <> '[]')
    ORDER BY {OLDEST_FIRST.format("run_rows")}
"""  # noqa: S608 constants

_NEGATED = ("amount", "amount_currency", "written_off", "effect")

#: What a reversal writes in the place of what it reverses.
_REVERSED = {name: f":{name}" for name in ("amount", "amount_currency", "write_offs")} | {
    "warnings": "'[]'"
}

_REVERSE = f"""
    INSERT INTO payments (origin, state, reverses, import_type, company, {PAYMENT_COLUMNS},
                          invoice_id, status, warning_sv, warning_en, written_off, effect,
                          bank_account, run_id, user, registered_at)
    SELECT origin, 'reversal', id, import_type, company,
           {", ".join(_REVERSED.get(name, name) for name in PAYMENT_COLUMNS.split(", "))},
           invoice_id, status, :sv, :en, :written_off, :effect, bank_account,
           :run_id, :user, :at
    FROM payments WHERE id = :id
"""  # noqa: S608 constants

_MARK_DELETED = """
    UPDATE pending SET deleted_at = :at
    WHERE definition = :definition AND company = :company
    AND number IN (SELECT number FROM run_rows WHERE run_id = :run_id AND deleted = 1)
"""

_DELETE_PENDING = """
    DELETE FROM pending
    WHERE definition = :definition AND company = :company
    AND number IN (SELECT number FROM run_rows WHERE run_id = :run_id AND deleted = 0)
"""

_ADD_PENDING = f"""
    INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv, message_en,
                         obstacle)
    SELECT :definition, :company, {PAYMENT_COLUMNS}, reason, message_sv, message_en, obstacle
    FROM run_rows r
    WHERE run_id = :run_id AND deleted = 0 AND number IS NOT NULL
    AND (kind IN ('left', 'rejected') AND reason <> 'already-imported'
         -- The invoice may come to this region, or that region's import go, before that.
         OR reason = '{OTHER_REGION}' AND {NOT_REGISTERED})
"""  # noqa: S608 constants

_ADD_HIDDEN = f"""
    INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv, message_en,
                         obstacle)
    SELECT :definition, :company, {PAYMENT_COLUMNS}, :reason, :sv, :en, :obstacle
    FROM run_rows WHERE id = :row_id
"""  # noqa: S608 constants
