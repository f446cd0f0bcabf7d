"""Reconciling tells every difference with its way, and changes nothing."""

from __future__ import annotations

import io
import json
import tracemalloc
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import haulier
import pytest
from fake_plugin import (
    COMPANY,
    AnsweringPlugin,
    FakePlugin,
    euro,
    invoice,
    payment,
    unreadable,
    write_off,
)
from host_and_plugin import NOON, importing_host
from hypothesis import given
from hypothesis import strategies as st

from hostsim.cli import login, main
from hostsim.errors import HostError
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.differences import find_differences
from hostsim.ledger.judging import READY
from hostsim.ledger.reconciliation import (
    AT_NEXT_IMPORT,
    DIFFERS,
    EQUAL,
    IN_PREVIEW,
    KINDS,
    ONLY_AT_SOURCE,
    ONLY_IN_HOST,
    Pair,
    Side,
    Totals,
    reason_not_here,
)
from hostsim.sandbox.values import Payment as FortnoxPayment
from hostsim.services import reconciliation
from hostsim.storage import reconciliations
from hostsim.storage.import_runs import ImportRun, Record
from hostsim.storage.rows import record_of
from hostsim.storage.store import Store
from hostsim.views.output import Output
from hostsim.views.reconciliation import write_reconciliation_json
from opter_contract.values import Text


def counts(found):
    return {kind: found.totals.count(kind) for kind in KINDS}


def reasons(found, kind):
    return {one.payment_number: one.reason for one in found.unequal(kind)}


def dump(store):
    """Return all that the database holds, but the history of runs that compared."""
    return [line for line in store.db.iterdump() if "'reconciled'" not in line]


# --- Against the plug-in and the sandbox ---


sandbox, store, books = haulier.sandbox, haulier.store, haulier.company
person, host, saved = haulier.person, haulier.host, haulier.saved


def registered(store, currency="SEK"):
    return [one.payment for one in store.registered() if one.payment.currency == currency]


def test_right_after_saving_what_is_registered_is_equal_and_the_rest_has_its_way(saved, store):
    with saved.reconcile("Fortnox") as found:
        all_reasons = set(reasons(found, ONLY_AT_SOURCE).values())
        compared = counts(found)
    assert compared[EQUAL] == len(list(store.registered()))
    assert (compared[DIFFERS], compared[ONLY_IN_HOST]) == (0, 0)
    assert all_reasons >= {"before-date", "not-booked", "unreadable", "invoice-not-found"}
    assert AT_NEXT_IMPORT.reason not in all_reasons


def test_everything_that_exists_is_read_whatever_the_settings_say(saved, books):
    with saved.reconcile("Fortnox") as found:
        assert found.totals.all.source.number == len(books.payments())
        assert found.totals.kind(ONLY_AT_SOURCE).source.number == len(
            reasons(found, ONLY_AT_SOURCE)
        )


def test_a_payment_deleted_in_fortnox_is_only_in_the_host(saved, store, books):
    gone = registered(store)[0]
    books.delete_payment(int(gone.key.number))
    assert gone.key.number not in saved.import_payments("Fortnox").deleted
    with saved.reconcile("Fortnox") as found:
        [one] = found.unequal(ONLY_IN_HOST)
    assert (one.payment_number, one.source) == (gone.key.number, None)
    assert one.host.amount == gone.amount
    assert one.reason == "deleted-in-fortnox"


def test_what_changed_in_fortnox_differs_with_both_values(saved, store, books):
    first, second, third, fourth = registered(store)[:4]
    books.change_payment(int(first.key.number), amount=first.amount + Decimal("0.01"))
    books.change_payment(int(second.key.number), payment_date=second.date - timedelta(days=1))
    books.unbook_payment(int(third.key.number))
    books.change_payment(int(fourth.key.number), invoice_number=int(first.invoice_number))
    with saved.reconcile("Fortnox") as found:
        differing = {one.payment_number: one for one in found.unequal(DIFFERS)}
    assert {number: one.fields for number, one in differing.items()} == {
        first.key.number: ("amount",),
        second.key.number: ("payment_date",),
        third.key.number: ("booked",),
        fourth.key.number: ("invoice_number",),
    }
    one = differing[first.key.number]
    assert one.source.amount - one.host.amount == Decimal("0.01")
    assert found.totals.kind(DIFFERS).difference.sek == Decimal("0.01")


def test_an_amount_in_euro_is_compared_in_euro_too(saved, store, books):
    paid = registered(store, "EUR")[0]
    cheaper = paid.amount_currency - Decimal("0.01")
    books.change_payment(int(paid.key.number), amount_currency=cheaper)
    with saved.reconcile("Fortnox") as found:
        [one] = found.unequal(DIFFERS)
    assert one.fields == ("amount_currency",)
    assert found.totals.kind(DIFFERS).difference.sek == 0
    assert found.totals.days[paid.date, "EUR"].difference.amount == Decimal("-0.01")


def test_a_payment_that_is_unreadable_now_differs_from_the_registered_one(saved, store, books):
    paid = registered(store)[0]
    books.change_payment(int(paid.key.number), wire={"Amount": "API_NORIGHT"})
    with saved.reconcile("Fortnox") as found:
        [one] = found.unequal(DIFFERS)
    assert (one.payment_number, one.reason, one.source.amount) == (
        paid.key.number,
        "unreadable",
        None,
    )


def test_a_new_payment_is_missing_first_then_in_the_preview_then_equal(saved, store, books):
    paid = registered(store)[0]
    new = books.add_payment(
        FortnoxPayment(
            invoice_number=int(paid.invoice_number),
            amount=Decimal(-1),
            payment_date=paid.date,
            booked=True,
        )
    )
    number = str(new.number)
    seen = []
    for step in (lambda: None, lambda: saved.import_payments("Fortnox"), saved.save):
        step()
        with saved.reconcile("Fortnox") as found:
            seen.append(reasons(found, ONLY_AT_SOURCE).get(number))
    assert seen == ["at-next-import", "in-preview", None]


def test_a_definition_that_was_never_saved_lacks_everything(host, books):
    with host.reconcile("Fortnox") as found:
        compared = counts(found)
    assert compared == {
        EQUAL: 0,
        DIFFERS: 0,
        ONLY_IN_HOST: 0,
        ONLY_AT_SOURCE: len(books.payments()),
    }


def test_nothing_in_the_database_is_changed_and_nothing_is_left(saved, store, books):
    books.delete_payment(int(registered(store)[0].key.number))
    saved.import_payments("Fortnox")
    with saved.reconcile("Fortnox"):
        pass
    # Only now, since the plug-in keeps the times of its requests.
    before = dump(store)
    cleaned = [line for line in before if "pace/" not in line]
    with saved.reconcile("Fortnox"):
        pass
    assert [line for line in dump(store) if "pace/" not in line] == cleaned
    [*left] = store.db.execute(
        "SELECT 1 FROM run_rows JOIN runs ON runs.id = run_id WHERE state = 'reconciled'"
    )
    assert left == []


def test_an_open_preview_can_be_saved_afterwards(host):
    ready = host.import_payments("Fortnox").counts["ready"]
    with host.reconcile("Fortnox") as found:
        assert list(reasons(found, ONLY_AT_SOURCE).values()).count("in-preview") == ready
    assert host.save("Fortnox").counts["ready"] == ready


def test_the_command_prints_tables_and_one_object(saved, store, books, monkeypatch, capsys):
    books.delete_payment(int(registered(store)[0].key.number))
    monkeypatch.setattr(login, "make_host", lambda *_, **__: saved)
    database = ("--db", str(store.path))
    assert main.run(["reconcile", "Fortnox", *database]) == 0
    table = capsys.readouterr().out
    assert "Finns här men inte i Fortnox (1)" in table
    assert "visas med --show-ignored" in table
    assert "Betalningsdatumet" not in table
    assert max(map(len, table.splitlines())) <= 140
    assert main.run(["reconcile", "Fortnox", "--json", "--lang", "en", *database]) == 0
    reported = json.loads(capsys.readouterr().out)
    kinds = ("equal", "differs", "only_in_fortnox")
    assert reported["counts"]["fortnox"] == sum(reported["counts"][kind] for kind in kinds)
    for group in ("by_currency", "by_day"):
        for side in ("fortnox", "host", "difference"):
            total = sum(Decimal(line[side]["sek"]) for line in reported[group])
            assert total == Decimal(reported["totals"][side])
    assert [one["way"] for one in reported["only_in_host"]] == ["deleted-in-fortnox"]


# --- With a plug-in that does what it is told ---


@pytest.fixture
def fresh(tmp_path):
    with Store.create(tmp_path / "fresh.db") as store:
        store.load_invoices([invoice("1001", "100000"), invoice("2001", "1000", "EUR")])
        yield store


def saved_with(store, *payments):
    """Register these payments; return a host, and its plug-in, which finds them again."""
    plugin = AnsweringPlugin(payments=list(payments))
    host = importing_host(store, plugin)
    host.import_payments("Fortnox")
    host.save("Fortnox")
    return host, plugin


def test_write_offs_are_compared(fresh):
    host, plugin = saved_with(fresh, payment(1, amount="990", write_offs=(write_off("10"),)))
    plugin.payments = [payment(1, amount="990")]
    with host.reconcile("Fortnox") as found:
        [one] = found.unequal(DIFFERS)
    assert one.fields == ("write_offs",)
    assert "avskrivet registrerat 10,00 SEK" in one.message.sv


def test_booking_afterwards_is_the_ordinary_course_and_no_difference(fresh):
    host, plugin = saved_with(fresh, payment(1, booked=False))
    plugin.payments = [payment(1)]
    with host.reconcile("Fortnox") as found:
        assert counts(found)[EQUAL] == 1


def test_a_row_without_a_number_makes_it_unsure_what_was_deleted(fresh):
    host, plugin = saved_with(fresh, payment(1))
    plugin.payments, plugin.excluded = [], [unreadable("", Decimal(1000), "1001")]
    with host.reconcile("Fortnox") as found:
        assert reasons(found, ONLY_IN_HOST) == {"1": "deleted-or-unreadable"}
        assert reasons(found, ONLY_AT_SOURCE) == {"": "unreadable"}
        assert found.totals.all.difference.sek == 0


def test_what_other_definitions_registered_for_the_company_counts_as_registered(fresh):
    host, _ = saved_with(fresh, payment(1))
    host.define("Andra", "Fake", "API", "", {})
    with host.reconcile("Andra") as found:
        assert counts(found)[EQUAL] == 1


def test_currencies_have_sums_of_their_own(fresh):
    host, plugin = saved_with(fresh, payment(1), euro(2))
    plugin.payments = [payment(1), euro(2, rate="12")]
    with host.reconcile("Fortnox") as found:
        currencies = found.totals.currencies
    assert currencies["SEK"].agrees
    difference = currencies["EUR"].difference
    assert (difference.number, difference.sek, difference.amount) == (0, 100, 0)


def test_a_plug_in_that_cannot_read_all_is_an_error_of_its_own(fresh):
    host = importing_host(fresh, FakePlugin())
    with pytest.raises(HostError, match="CANNOT_RECONCILE"), host.reconcile("Fortnox"):
        pass


def test_a_reading_that_fails_leaves_nothing_but_its_code(fresh):
    def fail(_run):
        raise HostError("NO_LICENCE", "permission", Text("Nej.", "No."))

    host, plugin = saved_with(fresh, payment(1))
    plugin.during = fail
    with pytest.raises(HostError, match="NO_LICENCE"), host.reconcile("Fortnox"):
        pass
    [*codes] = fresh.db.execute("SELECT error_code FROM runs WHERE state = 'failed'")
    assert [row[0] for row in codes] == ["NO_LICENCE"]


def test_an_import_may_begin_while_a_person_looks_and_another_comparison_may_not(fresh):
    host, _ = saved_with(fresh, payment(1))
    with host.reconcile("Fortnox") as found:
        host.import_payments("Fortnox")
        with pytest.raises(HostError, match="IMPORT_RUNNING"), host.reconcile("Fortnox"):
            pass
        assert found.totals.count(EQUAL) == 1


def test_what_is_registered_while_a_person_looks_does_not_change_what_they_see(fresh):
    host, plugin = saved_with(fresh, payment(1))
    plugin.payments = [payment(1), payment(2)]
    with host.reconcile("Fortnox") as found:
        host.import_payments("Fortnox")
        host.save("Fortnox")
        assert reasons(found, ONLY_AT_SOURCE) == {"2": "at-next-import"}


def test_rows_of_a_comparison_that_died_are_cleared_away_by_the_next(fresh):
    host, _ = saved_with(fresh, payment(1))
    with host._definition_lock("Fortnox"):
        host._read_and_compare("Fortnox")
    with host.reconcile("Fortnox"):
        [rows] = fresh.db.execute(
            "SELECT count(*) FROM run_rows WHERE run_id IN"
            " (SELECT id FROM runs WHERE state = 'reconciled')"
        )
        assert rows[0] == 1


def test_rows_are_streamed(fresh):
    """The memory for the differences does not grow with their number."""
    several = [payment(1, key=payment(n).key) for n in range(1, 5001)]
    host = importing_host(fresh, AnsweringPlugin(payments=several))
    with host.reconcile("Fortnox") as found:
        tracemalloc.start()
        output = Output(io.StringIO(), "sv")
        output.stream.write = len
        write_reconciliation_json(output, found)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found.totals.count(ONLY_AT_SOURCE) == 5000
    assert peak < 1_000_000


# --- Why the host lacks it ---


NOT_FOUND = Refusal("invoice-not-found", Text("Fel", "Error"))
TOO_OLD = Refusal("before-date", Text("Före", "Before"))
NOT_BOOKED = Refusal("not-booked", Text("Inte bokförd", "Not booked"))


@pytest.mark.parametrize(
    ("screened", "shown", "pending", "way"),
    [
        (TOO_OLD, (READY, None), NOT_FOUND, TOO_OLD),
        (None, (READY, None), NOT_FOUND, IN_PREVIEW),
        (None, ("rejected", NOT_FOUND), None, NOT_FOUND),
        (None, (None, None), NOT_FOUND, NOT_FOUND),
        (None, (None, None), NOT_BOOKED, AT_NEXT_IMPORT),
        (None, ("ignored", TOO_OLD), None, AT_NEXT_IMPORT),
        (None, (None, None), None, AT_NEXT_IMPORT),
    ],
)
def test_the_way_is_what_holds_now_and_not_what_was_said_then(screened, shown, pending, way):
    assert reason_not_here(screened, shown, pending) is way


# --- Sums ---


AMOUNTS = st.decimals(
    min_value=Decimal("-1e20"), max_value=Decimal("1e20"), places=2, allow_nan=False
)
SIDES = st.builds(
    Side,
    invoice_number=st.just("1"),
    date=st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 5)),
    amount=st.none() | AMOUNTS,
    currency=st.none() | st.sampled_from(["SEK", "EUR", "NOK"]),
    amount_currency=st.none() | AMOUNTS,
    booked=st.booleans(),
)
COMPARED = st.one_of(
    st.tuples(st.just(EQUAL), SIDES).map(lambda two: (two[0], two[1], two[1])),
    st.tuples(st.just(DIFFERS), SIDES, SIDES),
    st.tuples(st.just(ONLY_AT_SOURCE), SIDES, st.none()),
    st.tuples(st.just(ONLY_IN_HOST), st.none(), SIDES),
)


def counted(several):
    """Count each side by itself, the plain way: all, and by currency."""
    sides, currencies = Pair(), {}
    for _, there, here in several:
        for fortnox, host in ((there, None), (None, here)):
            if side := fortnox or host:
                sides.add(fortnox, host)
                currencies.setdefault(side.currency or "", Pair()).add(fortnox, host)
    return sides, currencies


@given(st.lists(COMPARED, max_size=30))
def test_kinds_currencies_and_days_add_up_to_both_sides_to_the_ore(several):
    totals = Totals()
    for kind, there, here in several:
        totals.add(kind, there, here)
    totals.check(*counted(several))
    fortnox = [totals.kind(kind).source for kind in (EQUAL, DIFFERS, ONLY_AT_SOURCE)]
    host = [totals.kind(kind).host for kind in (EQUAL, DIFFERS, ONLY_IN_HOST)]
    assert sum(one.number for one in fortnox) == totals.all.source.number
    assert sum(one.sek for one in fortnox) == totals.all.source.sek
    assert sum(one.number for one in host) == totals.all.host.number
    assert sum(one.sek for one in host) == totals.all.host.sek
    assert totals.kind(EQUAL).agrees


@given(st.lists(COMPARED, min_size=1, max_size=10), st.data())
def test_a_payment_that_is_counted_nowhere_is_noticed(several, data):
    forgotten = data.draw(st.integers(0, len(several) - 1))
    totals = Totals()
    for place, (kind, there, here) in enumerate(several):
        if place != forgotten:
            totals.add(kind, there, here)
    with pytest.raises(RuntimeError):
        totals.check(*counted(several))


PAYMENTS = st.builds(
    lambda number, amount, invoice, booked: payment(number, invoice, amount, booked=booked),
    st.integers(1, 8),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["1001", "1002"]),
    st.booleans(),
)


@given(
    st.lists(PAYMENTS, unique_by=lambda one: one.key),
    st.lists(PAYMENTS, unique_by=lambda one: one.key),
)
def test_each_payment_of_either_side_is_in_exactly_one_place(tmp_path_factory, there, here):
    with registered_by_hand(tmp_path_factory, here) as store:
        import_run = ImportRun(store, "r", store.definition("Fortnox"))
        reconciliations.begin(import_run, "kim", NOON)
        import_run.take(Record(record_of(one)) for one in there)
        found = reconciliation.compare(import_run, COMPANY, 0, NOON)
        listed = {kind: set(reasons(found, kind)) for kind in KINDS if kind != EQUAL}
    fortnox, host = ({one.key.number: one for one in side} for side in (there, here))
    both = set(fortnox) & set(host)
    assert listed[ONLY_AT_SOURCE] == set(fortnox) - set(host)
    assert listed[ONLY_IN_HOST] == set(host) - set(fortnox)
    assert listed[DIFFERS] == {n for n in both if find_differences(host[n], fortnox[n])}
    assert found.totals.count(EQUAL) == len(both) - len(listed[DIFFERS])


@contextmanager
def registered_by_hand(folders, payments):
    with Store.create(folders.mktemp("db") / "h.db") as store:
        importing_host(store, FakePlugin())
        store.load_invoices([invoice("1001")])
        with store.change() as db:
            db.execute(
                "INSERT INTO runs (id, definition, state, user, settings, started_at)"
                " VALUES ('s', 'Fortnox', 'saved', 'kim', '{}', '2026-01-01T00:00:00+00:00')"
            )
            db.executemany(
                "INSERT INTO payments (origin, effect, import_type, company, number, source,"
                " invoice_number, ocr, date, amount, currency, amount_currency, exchange_rate,"
                " write_offs, booked,"
                " warnings, customer, invoice_id, status, written_off, run_id, user, registered_at)"
                " VALUES ('import', '0', 'Fake', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                " 1, 'exact', '0', 's', 'kim', '2026-01-01')",
                [(COMPANY.number, *record_of(one).values()) for one in payments],
            )
        yield store
