"""Paid twice, reversed, over- and underpaid, over several imports: cases to check by hand.

Each case is a page from an economist's week. ``import`` reads the payments that are listed
under it, and behind the arrow stands what becomes of each; ``again`` is one that an earlier
import could not save. Amounts are in the currency that they name, ``@`` is the rate, ``off``
what Fortnox wrote off with the payment (SEK). ``remains`` is what is left to pay.
"""

import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from fake_plugin import FakePlugin, invoice, payment, write_off
from host_and_plugin import host_of, outcomes, remaining

from hostsim.storage.store import Store

CASES = """
== Paid twice, in two imports
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
save
import
  payment 2 of 1001 on 01-06 1000 SEK -> invoice-already-paid
save
remains 1001 0

== Paid twice, and the first goes back: the second comes in at the next import
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
  payment 2 of 1001 on 01-06 1000 SEK -> invoice-already-paid
save
import
  payment 3 of 1001 on 01-05 -1000 SEK -> reversal
  again 2 -> exact
save
remains 1001 0

== Paid twice, set aside by a person, who takes it back
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
  payment 2 of 1001 on 01-06 1000 SEK -> invoice-already-paid
aside 2 -> set-aside
save
import
  again 2 -> set-aside
back 2 -> invoice-already-paid
save
remains 1001 0

== Two equal part payments of one day both come in
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 500 SEK -> partial
  payment 2 of 1001 on 01-05 500 SEK -> exact
save
remains 1001 0

== Two equal part payments in two imports both come in
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 500 SEK -> partial
save
import
  payment 2 of 1001 on 01-05 500 SEK -> exact
save
remains 1001 0

== The same payment read twice is registered once
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 400 SEK -> partial
save
import
  payment 1 of 1001 on 01-05 400 SEK -> already-imported
save
remains 1001 600

== Too little, and the rest a week later
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 900 SEK -> partial
save
import
  payment 2 of 1001 on 01-12 100 SEK -> exact
save
remains 1001 0

== Too little, and too much a week later
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 900 SEK -> partial
save
import
  payment 2 of 1001 on 01-12 150 SEK -> advance
save
remains 1001 -50

== Too much, and the excess is paid back
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1100 SEK -> advance
save
import
  payment 2 of 1001 on 01-12 -100 SEK -> reversal
save
remains 1001 0

== After an advance nothing more can be saved
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1100 SEK -> advance
save
import
  payment 2 of 1001 on 01-12 50 SEK -> invoice-already-paid
save
remains 1001 -100

== Reversed in a later import, and paid again after that
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
save
import
  payment 2 of 1001 on 01-12 -1000 SEK -> reversal
save
import
  payment 3 of 1001 on 01-19 1000 SEK -> exact
save
remains 1001 0

== A shortfall within the accepted deviation is written off, and a later payment is too much
accepted 5
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 997 SEK -> written-off
save
import
  payment 2 of 1001 on 01-12 3 SEK -> invoice-already-paid
save
remains 1001 0

== The last of two payments in two imports is within the deviation
accepted 5
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 500 SEK -> partial
save
import
  payment 2 of 1001 on 01-12 496 SEK -> written-off
save
remains 1001 0

== Two write-offs, one of each sign, the second in another import
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 490 SEK off 10 -> partial
save
import
  payment 2 of 1001 on 01-12 502 SEK off -2 -> exact
save
remains 1001 0

== A payment with a write-off goes back, the write-off with it
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 990 SEK off 10 -> exact
save
import
  payment 2 of 1001 on 01-12 -990 SEK off -10 -> reversal
save
remains 1001 1000

== A payment with a write-off is deleted here: the write-off comes back, too
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 990 SEK off 10 -> exact
save
deleted 1
remains 1001 1000

== One that was written off within the deviation is deleted here: all comes back
accepted 5
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 997 SEK -> written-off
save
deleted 1
remains 1001 1000

== Euro: two parts at two rates, in two imports
invoice 2001 100 EUR
import
  payment 1 of 2001 on 01-05 40 EUR @11 -> partial
save
import
  payment 2 of 2001 on 01-12 60 EUR @11.50 -> exact
save
remains 2001 0

== Euro: paid twice
invoice 2001 100 EUR
import
  payment 1 of 2001 on 01-05 100 EUR @11 -> exact
save
import
  payment 2 of 2001 on 01-12 100 EUR @11.50 -> invoice-already-paid
save
remains 2001 0

== Euro: reversed at another rate: the euro count, not the crowns
invoice 2001 100 EUR
import
  payment 1 of 2001 on 01-05 100 EUR @11 -> exact
save
import
  payment 2 of 2001 on 01-12 -100 EUR @12 -> reversal
save
remains 2001 100

== Euro: too much
invoice 2001 100 EUR
import
  payment 1 of 2001 on 01-05 120 EUR @11 -> advance
save
remains 2001 -20

== Euro: what was deleted gives the euro back, its write-off at its own rate
invoice 2001 100 EUR
import
  payment 1 of 2001 on 01-05 98 EUR @11 off 22 -> exact
save
deleted 1
remains 2001 100

== Credit invoice: paid out in two parts, in two imports
invoice 3001 -500 SEK
import
  payment 1 of 3001 on 01-05 -200 SEK -> partial
save
import
  payment 2 of 3001 on 01-12 -300 SEK -> exact
save
remains 3001 0

== Credit invoice: paid out twice
invoice 3001 -500 SEK
import
  payment 1 of 3001 on 01-05 -500 SEK -> exact
save
import
  payment 2 of 3001 on 01-12 -500 SEK -> invoice-already-paid
save
remains 3001 0

== Credit invoice: paid out, and the money comes back
invoice 3001 -500 SEK
import
  payment 1 of 3001 on 01-05 -500 SEK -> exact
save
import
  payment 2 of 3001 on 01-12 500 SEK -> reversal
save
remains 3001 -500

== Credit invoice in euro with a write-off of the other sign
invoice 3002 -100 EUR
import
  payment 1 of 3002 on 01-05 -101 EUR @11 off 11 -> exact
save
remains 3002 0

== Typed by hand before: not saved until confirmed, and then beside it
invoice 1001 1000 SEK
typed 1001 on 01-05 400 SEK
import
  payment 1 of 1001 on 01-05 400 SEK -> possibly-registered-already
save
remains 1001 600
import
  again 1 -> possibly-registered-already
decide 1 confirm -> partial
save
remains 1001 200

== Typed in full and confirmed as another payment: an advance, once that is accepted, too
invoice 1001 1000 SEK
typed 1001 on 01-05 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> possibly-registered-already
decide 1 confirm -> invoice-already-paid
decide 1 accept -> advance
save
remains 1001 -1000

== One typed by hand, two in Fortnox: only one of them is doubtful
invoice 1001 1000 SEK
typed 1001 on 01-05 300 SEK
import
  payment 1 of 1001 on 01-05 300 SEK -> possibly-registered-already
  payment 2 of 1001 on 01-05 300 SEK -> partial
save
remains 1001 400
import
  again 1 -> possibly-registered-already
save
remains 1001 400

== One typed by hand, two in Fortnox: when the first is another payment, the second is doubtful
invoice 1001 1000 SEK
typed 1001 on 01-05 300 SEK
import
  payment 11 of 1001 on 01-05 300 SEK -> possibly-registered-already
  payment 12 of 1001 on 01-05 300 SEK -> partial
decide 11 confirm -> partial
save
remains 1001 400
import
  again 12 -> possibly-registered-already
save
remains 1001 400

== Confirmed as another payment and saved: an equal one that comes later is doubtful
invoice 1001 1000 SEK
typed 1001 on 01-05 300 SEK
import
  payment 11 of 1001 on 01-05 300 SEK -> possibly-registered-already
decide 11 confirm -> partial
save
remains 1001 400
import
  payment 12 of 1001 on 01-05 300 SEK -> possibly-registered-already
save
remains 1001 400
import
  payment 12 of 1001 on 01-05 300 SEK -> possibly-registered-already
decide 12 confirm -> partial
save
remains 1001 100

== A write-off is added in Fortnox after it was saved, and the change is accepted
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 990 SEK -> partial
save
remains 1001 10
import
  payment 1 of 1001 on 01-05 990 SEK off 10 -> changed-in-fortnox
decide 1 accept -> exact
save
remains 1001 0

== A write-off is changed in Fortnox, and what is registered is kept until it changes again
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 990 SEK off 10 -> exact
save
import
  payment 1 of 1001 on 01-05 990 SEK off 5 -> changed-in-fortnox
decide 1 keep -> already-imported
save
import
  payment 1 of 1001 on 01-05 990 SEK off 5 -> already-imported
save
import
  payment 1 of 1001 on 01-05 990 SEK off 4 -> changed-in-fortnox
save
remains 1001 0

== Typed by hand on another day is another payment
invoice 1001 1000 SEK
typed 1001 on 01-04 400 SEK
import
  payment 1 of 1001 on 01-05 400 SEK -> partial
save
remains 1001 200

== Typed by hand in euro at another rate: the euro are equal
invoice 2001 100 EUR
typed 2001 on 01-05 40 EUR @12
import
  payment 1 of 2001 on 01-05 40 EUR @11 -> possibly-registered-already
save
remains 2001 60

== What was typed is deleted: the payment from Fortnox comes in by itself
invoice 1001 1000 SEK
typed 1001 on 01-05 400 SEK
import
  payment 1 of 1001 on 01-05 400 SEK -> possibly-registered-already
save
deleted by hand 1
import
  again 1 -> partial
save
remains 1001 600

== Deleted here: offered, and comes in again only when a person says so
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
save
deleted 1
import
  again 1 -> deleted-in-host
save
remains 1001 1000
import
  payment 1 of 1001 on 01-05 1000 SEK -> deleted-in-host
decide 1 take-again -> exact
save
remains 1001 0

== The amount changed in Fortnox, and what is registered is kept
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
save
import
  payment 1 of 1001 on 01-05 900 SEK -> changed-in-fortnox
decide 1 keep -> already-imported
save
import
  payment 1 of 1001 on 01-05 900 SEK -> already-imported
save
remains 1001 0

== Kept once, and changed once more: it is asked anew
invoice 1001 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
save
import
  payment 1 of 1001 on 01-05 900 SEK -> changed-in-fortnox
decide 1 keep -> already-imported
save
import
  payment 1 of 1001 on 01-05 800 SEK -> changed-in-fortnox
decide 1 accept -> partial
save
remains 1001 200

== The invoice number changed, and the write-off within the deviation comes back, too
accepted 5
invoice 1001 1000 SEK
invoice 1002 998 SEK
import
  payment 1 of 1001 on 01-05 996 SEK -> written-off
save
import
  payment 1 of 1002 on 01-05 996 SEK -> changed-in-fortnox
decide 1 accept -> written-off
save
remains 1001 1000
remains 1002 0

== Two payments have changed places
invoice 1001 1000 SEK
invoice 1002 1000 SEK
import
  payment 1 of 1001 on 01-05 1000 SEK -> exact
  payment 2 of 1002 on 01-05 1000 SEK -> exact
save
import
  payment 1 of 1002 on 01-05 1000 SEK -> changed-in-fortnox
  payment 2 of 1001 on 01-05 1000 SEK -> changed-in-fortnox
decide 1 accept -> changed-in-fortnox
decide 2 accept -> exact
save
remains 1001 0
remains 1002 0

== Euro: the rate and the amount changed, and the change is accepted
invoice 2001 100 EUR
import
  payment 1 of 2001 on 01-05 100 EUR @11 -> exact
save
import
  payment 1 of 2001 on 01-05 90 EUR @11.50 -> changed-in-fortnox
decide 1 accept -> partial
save
remains 2001 10

== Credit invoice: the amount changed, and the change is accepted
invoice 3001 -500 SEK
import
  payment 1 of 3001 on 01-05 -500 SEK -> exact
save
import
  payment 1 of 3001 on 01-05 -450 SEK -> changed-in-fortnox
decide 1 accept -> partial
save
remains 3001 -50

== A series that is invoiced in Fortnox directly is set aside, and one of it is known later
invoice 1001 1000 SEK
series 9000 9999
import
  payment 1 of 9001 on 01-05 100 SEK -> set-aside
  payment 2 of 8999 on 01-05 100 SEK -> invoice-not-found
save
invoice 9001 100 SEK
import
  again 1 -> exact
  again 2 -> invoice-not-found
save
remains 9001 0
"""


class Week:
    """A host, a plug-in, and what an economist does with them."""

    def __init__(self, folder):
        self.plugin = FakePlugin()
        self.store = Store.create(folder / "host.db")
        self.host = host_of(self.store, self.plugin)
        self.host.define("Fortnox", "Fake", "API", "", {})
        self.host.import_payments("Fortnox")  # so that the company is known
        self.host.save("Fortnox")
        self.expected = None

    def do(self, line):
        """Do what a line says, and check what it promises."""
        said, _, outcome = line.partition("->")
        word, *rest = said.split()
        if word in {"payment", "again"}:
            self.expected[rest[0]] = outcome.strip()
            if word == "payment":
                self.plugin.payments.append(read(rest))
            return
        self.finish_import()
        getattr(self, word)(*rest)
        if outcome:
            shown = outcomes(self.host.open_preview("Fortnox"))
            assert (line, shown[rest[0]]) == (line, outcome.strip())

    def finish_import(self):
        if self.expected is None:
            return
        self.plugin.source |= {one.key.number: one for one in self.plugin.payments}
        preview = self.host.import_payments("Fortnox")
        assert outcomes(preview) == self.expected
        figures = preview.counts, preview.totals
        assert all(f["read"] == f["ready"] + f["rejected"] + f["ignored"] for f in figures)
        self.plugin.payments, self.expected = [], None

    def invoice(self, number, total, currency):
        self.store.load_invoices([invoice(number, total, currency)])

    def accepted(self, amount):
        self.store.set_setting("accepted_deviation", amount)

    def save(self):
        assert self.host.save("Fortnox").saved

    def remains(self, number, amount):
        assert (number, remaining(self.store, number)) == (number, Decimal(amount))

    def aside(self, number):
        self.host.set_aside("Fortnox", [number], why="dubbelbetald")

    def series(self, first, last):
        self.host.set_aside_series("Fortnox", first, last, why="direkt i Fortnox")

    def back(self, number):
        self.host.take_back("Fortnox", [number])

    def decide(self, number, decision):
        self.host.decide("Fortnox", number, decision)

    def typed(self, number, _on, day, amount, _currency, rate=None):
        rate = None if rate is None else Decimal(rate.removeprefix("@"))
        self.host.add_payment(number, Decimal(amount), date=date_of(day), rate=rate, confirm=True)

    def deleted(self, *which):
        number = "" if which[0] == "by" else which[0]
        [its] = [
            row.id
            for row in self.store.payments()
            if row.payment_number == number and row.state == "registered"
        ]
        self.host.delete_payment(its, why="fel")

    def __getattr__(self, word):
        if word == "import":
            return self.begin_import
        raise AttributeError(word)

    def begin_import(self):
        self.expected = {}


def read(words):
    """Read ``1 of 1001 on 01-05 990 SEK @11 off 10``."""
    number, _of, its_invoice, _on, day, amount, currency, *rest = words
    rate = next((word[1:] for word in rest if word.startswith("@")), None)
    offs = [write_off(after) for word, after in pairwise(rest) if word == "off"]
    in_currency = Decimal(amount)
    return payment(
        number,
        its_invoice,
        in_currency * Decimal(rate or 1),
        currency,
        date=date_of(day),
        amount_currency=in_currency,
        exchange_rate=None if rate is None else Decimal(rate),
        write_offs=tuple(offs),
    )


def date_of(day):
    return date.fromisoformat(f"2026-{day}")


def paid(store):
    """Return total less remaining of each invoice on which something happened."""
    rows = store.db.execute("SELECT id, total, remaining FROM invoices")
    sums = {row["id"]: Decimal(row["total"]) - Decimal(row["remaining"]) for row in rows}
    return {its: amount for its, amount in sums.items() if amount}


def taken(store):
    """Return what the payments that were not deleted took from each invoice."""
    sums = defaultdict(Decimal)
    for row in store.db.execute("SELECT * FROM payments WHERE state <> 'deleted'"):
        sums[row["invoice_id"]] += Decimal(row["effect"])
    return {its: amount for its, amount in sums.items() if amount}


TABLE = [
    (title.strip(), text)
    for title, text in re.findall(r"^== (.*)\n((?:(?!==).*\n)*)", CASES, re.MULTILINE)
]


@pytest.mark.parametrize(("title", "text"), TABLE, ids=[title for title, _ in TABLE])
def test_it_goes_as_the_case_says_and_the_books_add_up(tmp_path, title, text):
    week = Week(tmp_path)
    with week.store as store:
        for line in filter(str.strip, text.splitlines()):
            week.do(line)
        assert paid(store) == taken(store)


def test_there_are_at_least_thirty_cases():
    assert len(TABLE) >= 30
