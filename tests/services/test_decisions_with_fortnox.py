"""The same decisions with the real plug-in and the sandbox: what the host asks for is fetched."""

from decimal import Decimal

import haulier
from host_and_plugin import outcomes

from hostsim.sandbox import seed_cases
from hostsim.sandbox.faults import Fault
from hostsim.sandbox.matching import Match

sandbox, store, company = haulier.sandbox, haulier.store, haulier.company
person, host, saved = haulier.person, haulier.host, haulier.saved


def first_exact(store):
    return next(row for row in store.payments() if row.status == "exact" and row.currency == "SEK")


def books(store, number):
    return [(row.state, row.amount) for row in store.payments() if row.payment_number == number]


def test_a_deleted_payment_is_fetched_again_from_fortnox_before_it_is_taken_again(saved, store):
    one = first_exact(store)
    saved.delete_payment(one.id, why="fel faktura")
    number = one.payment_number
    assert outcomes(saved.import_payments("Fortnox"))[number] == "deleted-in-host"
    saved.decide("Fortnox", number, "take-again")
    assert outcomes(saved.import_payments("Fortnox"))[number] == "exact"
    saved.save("Fortnox")
    assert books(store, number) == [("deleted", one.amount), ("registered", one.amount)]


def test_a_deleted_payment_that_fortnox_has_no_longer_is_gone(saved, store, company):
    one = first_exact(store)
    saved.delete_payment(one.id, why="fel faktura")
    saved.import_payments("Fortnox")
    saved.decide("Fortnox", one.payment_number, "take-again")
    company.delete_payment(int(one.payment_number))
    preview = saved.import_payments("Fortnox")
    assert preview.deleted == (one.payment_number,)


def test_a_change_in_fortnox_is_accepted(saved, store, company):
    one = first_exact(store)
    now = one.amount - Decimal("0.50")
    company.change_payment(int(one.payment_number), amount=now)
    preview = saved.import_payments("Fortnox")
    assert outcomes(preview)[one.payment_number] == "changed-in-fortnox"
    preview = saved.decide("Fortnox", one.payment_number, "accept")
    assert outcomes(preview)[one.payment_number] == "partial"
    saved.save("Fortnox")
    assert books(store, one.payment_number) == [
        ("reversed", one.amount),
        ("reversal", -one.amount),
        ("registered", now),
    ]


def test_a_change_in_euro_is_accepted_with_its_amount_in_euro(saved, store, company):
    one = next(row for row in store.payments() if row.currency == "EUR" and row.status == "exact")
    now = one.amount_currency - 1
    rate = one.exchange_rate
    company.change_payment(
        int(one.payment_number), amount=(now * rate).quantize(Decimal("0.01")), amount_currency=now
    )
    saved.import_payments("Fortnox")
    saved.decide("Fortnox", one.payment_number, "accept")
    saved.save("Fortnox")
    [left] = [i.remaining for i in store.invoices() if i.number == one.host_invoice_number]
    assert left == 1


def test_what_is_set_aside_costs_no_request_of_its_own(saved, store, sandbox):
    first, last = str(min(seed_cases.DIRECT)), str(max(seed_cases.DIRECT))
    saved.set_aside_series("Fortnox", first, last, why="direkt i Fortnox")
    sandbox.asked.clear()
    without = saved.import_payments("Fortnox")
    direct = set(map(str, seed_cases.DIRECT))
    ignored = without.rows("ignored")
    set_aside = {row.payment_number for row in ignored if row.invoice_number in direct}
    assert len(set_aside) == without.set_aside.number == len(seed_cases.DIRECT)
    requested = {request.path.rpartition("/")[2] for request in sandbox.asked}
    assert requested & set_aside == set()


def test_what_waits_for_a_person_and_is_deleted_in_fortnox_leaves_the_list(saved, company):
    waiting = [row.payment_number for row in saved.import_payments("Fortnox").rows("rejected")]
    company.delete_payment(int(waiting[0]))
    preview = saved.import_payments("Fortnox")
    assert preview.deleted == (waiting[0],)
    assert waiting[0] not in [row.payment_number for row in preview.rows("rejected")]


def test_the_host_knows_which_registered_payment_was_not_shown(saved, store, sandbox, company):
    one = first_exact(store)
    company.delete_payment(int(one.payment_number))
    path = f"/3/invoicepayments/{one.payment_number}"
    sandbox.faults.add(Fault(403, match=Match(path=path), times=None))
    saved.import_payments("Fortnox")
    query = (
        "SELECT checked, deleted FROM run_checked JOIN payments ON payments.id = payment_id"
        " WHERE number = ?"
    )
    assert [tuple(row) for row in store.db.execute(query, (one.payment_number,))] == [(0, 0)]
