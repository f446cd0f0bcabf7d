"""A listener that keeps a ledger, its possible faults, and the host's books to compare with."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from fake_plugin import hookimpl

from hostsim.storage import journal
from opter_contract.values import PaymentKey


class Killed(KeyboardInterrupt):
    """The process is killed here: nothing may catch it."""


class Ledger:
    """Keeps the changes that it receives, each sequence once.

    :ivar faults: what happens at the next calls, in order: ``fails``
        before anything is kept; ``keeps-and-fails``; ``silent``; ``half`` is kept and
        acknowledged; the program is ``killed`` when all is kept; or an answer to give.
    """

    def __init__(self):
        self.kept = {}
        self.received = []
        self.faults = []

    @hookimpl
    def opter_books_changed(self, changes):
        self.received.append([change.sequence for change in changes])
        fault = self.faults.pop(0) if self.faults else None
        if fault == "fails":
            raise RuntimeError("Bageriet Bullen AB owes money")
        accepted = changes[: (len(changes) + 1) // 2] if fault == "half" else changes
        for change in accepted:
            # A repeated change is the same.
            assert self.kept.setdefault(change.sequence, change) == change
        if fault == "killed":
            raise Killed
        if fault == "keeps-and-fails":
            raise SystemExit
        if fault == "silent":
            return None
        return accepted[-1].sequence if fault in {None, "half"} else fault

    def by_invoice(self):
        """Return the sum paid of each invoice, in its currency."""
        sums = defaultdict(Decimal)
        for change in self.kept.values():
            sums[change.region, change.host_invoice_number] += change.effect
        return {invoice: paid for invoice, paid in sums.items() if paid}

    def by_key(self):
        """Return the sum of each payment, in SEK; a payment by hand has its id as key."""
        sums = defaultdict(Decimal)
        for change in self.kept.values():
            sums[change.key or change.payment_id] += change.amount
        return {key: amount for key, amount in sums.items() if amount}


class Books:
    """The sums of a host's books, in the form of a ledger."""

    def __init__(self, store):
        self.store = store

    def by_invoice(self):
        return {
            (invoice.region, invoice.number): invoice.total - invoice.remaining
            for invoice in self.store.invoices()
            if invoice.total != invoice.remaining
        }

    def by_key(self):
        sums = defaultdict(Decimal)
        for row in self.store.db.execute("SELECT * FROM payments WHERE state = 'registered'"):
            key = row["id"]
            if row["number"] is not None:
                key = PaymentKey(row["company"], row["number"], row["import_type"])
            sums[key] += Decimal(row["amount"])
        return {key: amount for key, amount in sums.items() if amount}

    def journal_adds_up(self):
        """Compare the journal with the invoices, and with each payment."""
        ledger = Ledger()
        changes = journal.changes_after(self.store.db, 0, 1_000_000)
        ledger.kept = {change.sequence: change for change in changes}
        assert ledger.by_invoice() == self.by_invoice()
        counted = defaultdict(Decimal)
        for change in ledger.kept.values():
            counted[change.payment_id] += change.amount
        for row in self.store.db.execute("SELECT id, state, amount FROM payments"):
            counts = Decimal(row["amount"]) if row["state"] == "registered" else 0
            assert counted[row["id"]] == counts
