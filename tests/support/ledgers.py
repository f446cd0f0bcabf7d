"""A listener that keeps a ledger, and whatever may happen to it; what the books say beside it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from fake_plugin import hookimpl

from hostsim.storage import journal
from opter_contract.values import PaymentKey


class Killed(KeyboardInterrupt):
    """The program ends here: nothing may catch it."""


class Ledger:
    """Keeps what it is told, each sequence once.

    :ivar troubles: what happens at the next tellings, one after the other: ``fails``
        before anything is kept; ``keeps-and-fails``; ``silent``; ``half`` is kept and
        acknowledged; the program is ``killed`` when all is kept; or an answer to give.
    """

    def __init__(self):
        self.kept = {}
        self.told = []
        self.troubles = []

    @hookimpl
    def opter_books_changed(self, changes):
        self.told.append([one.sequence for one in changes])
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble == "fails":
            raise RuntimeError("Bageriet Bullen AB owes money")
        several = changes[: (len(changes) + 1) // 2] if trouble == "half" else changes
        for one in several:
            # What is told twice is the same.
            assert self.kept.setdefault(one.sequence, one) == one
        if trouble == "killed":
            raise Killed
        if trouble == "keeps-and-fails":
            raise SystemExit
        if trouble == "silent":
            return None
        return several[-1].sequence if trouble in {None, "half"} else trouble

    def by_invoice(self):
        """Sum up what each invoice was paid, in its currency."""
        sums = defaultdict(Decimal)
        for one in self.kept.values():
            sums[one.region, one.host_invoice_number] += one.effect
        return {invoice: paid for invoice, paid in sums.items() if paid}

    def by_key(self):
        """Sum up what each payment counts, SEK; one by hand goes by its id."""
        sums = defaultdict(Decimal)
        for one in self.kept.values():
            sums[one.key or one.payment_id] += one.amount
        return {key: amount for key, amount in sums.items() if amount}


class Books:
    """What the books of a host say, in the words of a ledger."""

    def __init__(self, store):
        self.store = store

    def by_invoice(self):
        return {
            (one.region, one.number): one.total - one.remaining
            for one in self.store.invoices()
            if one.total != one.remaining
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
        """Hold the journal against the invoices, and against each row of the payments."""
        ledger = Ledger()
        everything = journal.changes_after(self.store.db, 0, 1_000_000)
        ledger.kept = {one.sequence: one for one in everything}
        assert ledger.by_invoice() == self.by_invoice()
        counted = defaultdict(Decimal)
        for one in ledger.kept.values():
            counted[one.payment_id] += one.amount
        for row in self.store.db.execute("SELECT id, state, amount FROM payments"):
            counts = Decimal(row["amount"]) if row["state"] == "registered" else 0
            assert counted[row["id"]] == counts
