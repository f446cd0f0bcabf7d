"""Whoever listens to what changed the books can keep a ledger that is right to the öre."""

import logging
import sqlite3
import threading
from decimal import Decimal

import host_and_plugin
import pytest
from fake_plugin import euro, invoice, payment
from host_and_plugin import NOON, host_of, import_and_save, preview_of
from ledgers import Books, Killed, Ledger

from hostsim.storage import journal
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import PaymentKey

invoices, store, plugin = host_and_plugin.invoices, host_and_plugin.store, host_and_plugin.plugin


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def host(store, plugin, ledger):
    host = host_of(store, plugin, ledger)
    host.define("Fortnox", "Fake", "API", "", {})
    return host


def told(ledger):
    return [
        (one.kind, one.payment_id, one.replaces, one.amount, one.effect)
        for one in ledger.kept.values()
    ]


def agree(ledger, store):
    Books(store).journal_adds_up()
    assert ledger.by_invoice() == Books(store).by_invoice()
    assert ledger.by_key() == Books(store).by_key()


# --- What is told ---


def test_what_is_saved_is_reported_with_all_that_a_ledger_needs(host, store, plugin, ledger):
    import_and_save(host, plugin, payment(1), euro(2, amount="99.50"))
    sek, eur = ledger.kept.values()
    assert sek.books_id.isalnum()
    assert sek.books_id == eur.books_id
    assert (sek.kind, sek.payment_id, sek.replaces) == ("registered", 1, None)
    assert (sek.key, sek.region, sek.host_invoice_number) == (payment(1).key, "", "1001")
    assert (sek.date, sek.source, sek.user, sek.at) == (payment(1).date, "manual", "kim", NOON)
    assert (sek.amount, sek.currency, sek.amount_currency, sek.effect) == (1000, "SEK", 1000, 1000)
    assert (eur.amount, eur.currency) == (Decimal("1094.50"), "EUR")
    assert eur.amount_currency == eur.effect == Decimal("99.50")
    agree(ledger, store)


def test_what_is_typed_and_deleted_is_reported_at_once(host, store, ledger):
    host.add_payment("1002", Decimal("-12.50"), confirm=True)
    host.delete_payment(1, why="fel")
    assert told(ledger) == [
        ("registered", 1, None, Decimal("-12.50"), Decimal("-12.50")),
        ("deleted", 1, None, Decimal("12.50"), Decimal("12.50")),
    ]
    assert [one.key for one in ledger.kept.values()] == [None, None]
    agree(ledger, store)


def test_an_accepted_change_takes_the_old_amount_back_and_names_what_it_replaces(
    host, store, plugin, ledger
):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    host.save()
    assert told(ledger) == [
        ("registered", 1, None, 1000, 1000),
        ("reversed", 1, None, -1000, -1000),
        ("registered", 3, 1, 900, 900),
    ]
    assert ledger.by_key() == {PaymentKey("77", "1", "Fake"): 900}
    agree(ledger, store)


def test_a_payment_that_moved_gives_the_one_invoice_back_what_the_other_gets(
    host, store, plugin, ledger
):
    store.load_invoices([invoice("1003")])
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, "1003"))
    host.decide("Fortnox", "1", "accept")
    host.save()
    assert ledger.by_invoice() == {("", "1003"): 1000}
    agree(ledger, store)


def test_two_databases_are_two_books(host, ledger, plugin, tmp_path):
    host.add_payment("1001", Decimal(1), confirm=True)
    other = Ledger()
    with Store.create(tmp_path / "other.db") as second:
        second.load_invoices([invoice("1001")])
        host_of(second, other).add_payment("1001", Decimal(1), confirm=True)
    assert other.kept[1].books_id != ledger.kept[1].books_id


def test_a_refused_save_and_a_save_of_nothing_tell_nothing(host, plugin, ledger):
    preview_of(host, plugin, payment(1, "9999"))
    host.save()
    assert ledger.received == []


def test_nothing_is_reported_that_is_not_committed(host, store, ledger):
    with pytest.raises(RuntimeError), store.change():  # noqa: PT012
        host.add_payment("1001", Decimal(1), confirm=True)
        raise RuntimeError
    assert (ledger.received, journal.last_sequence(store.db)) == ([], 0)


def test_one_that_is_taken_again_after_its_deletion_is_another_payment_of_the_same_key(
    host, store, plugin, ledger
):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    plugin.source = {"1": payment(1)}
    preview_of(host, plugin, payment(1))
    host.decide("Fortnox", "1", "take-again")
    host.save()
    assert [(kind, its) for kind, its, *_ in told(ledger)] == [
        ("registered", 1),
        ("deleted", 1),
        ("registered", 2),
    ]
    agree(ledger, store)


# --- What was not acknowledged ---


def test_many_changes_are_reported_in_order_in_small_batches(host, store, plugin, ledger):
    store.load_invoices([invoice("9", str(BATCH + 1))])
    ledger.faults = ["fails"] * 2
    import_and_save(host, plugin, *(payment(number, "9", "1") for number in range(1, BATCH + 1)))
    host.add_payment("9", Decimal(1), confirm=True)
    assert ledger.kept == {}
    host.notify_listeners()
    assert [len(sequences) for sequences in ledger.received[2:]] == [BATCH, 1]
    assert list(ledger.kept) == sorted(ledger.kept)
    agree(ledger, store)


def test_a_new_listener_is_reported_everything_from_the_first_change(host, store, plugin, ledger):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    late = Ledger()
    host_of(store, plugin, ledger, late).add_payment("1001", Decimal(5), confirm=True)
    assert late.kept == ledger.kept
    agree(late, store)


def test_a_listener_that_was_switched_off_catches_up(host, store, plugin, ledger):
    host.add_payment("1001", Decimal(1), confirm=True)
    host_of(store, plugin).add_payment("1001", Decimal(2), confirm=True)
    assert len(ledger.kept) == 1
    host.add_payment("1001", Decimal(3), confirm=True)
    assert ledger.received == [[1], [2, 3]]


@pytest.mark.parametrize(
    "trouble", ["fails", "keeps-and-fails", "silent", True, "2", 1.0, 0, -1, 2, 10**30]
)
def test_what_a_listener_did_not_acknowledge_is_sent_again(host, store, ledger, caplog, trouble):
    """Nothing is an acknowledgement but the sequence of a change that was told."""
    caplog.set_level(logging.DEBUG)
    ledger.faults = [trouble]
    host.add_payment("1001", Decimal(1), confirm=True)
    assert ledger.received == [[1]]
    host.add_payment("1001", Decimal(2), confirm=True)
    assert ledger.received == [[1], [1, 2]]
    agree(ledger, store)
    assert "Bullen" not in caplog.text


def test_what_was_kept_in_part_goes_on_there(host, plugin, ledger):
    ledger.faults = ["half", "half"]
    import_and_save(host, plugin, payment(1), payment(2, "1002", "1"), payment(3, "1002", "1"))
    assert ledger.received == [[1, 2, 3], [3]]


def test_a_listener_that_fails_harms_neither_the_save_nor_the_others(store, plugin, caplog):
    class Broken(Ledger):
        faults = property(lambda _self: ["fails"], lambda _self, _value: None)

    broken, whole = Broken(), Ledger()
    host = host_of(store, broken, plugin, whole)
    host.add_payment("1001", Decimal(1), confirm=True)
    host.add_payment("1001", Decimal(2), confirm=True)
    assert (broken.kept, broken.received) == ({}, [[1], [1, 2]])
    agree(whole, store)
    assert "plugin0 failed in opter_books_changed: RuntimeError" in caplog.text


@pytest.mark.parametrize("occasion", ["import", "save", "add", "start"])
def test_what_was_left_when_the_program_ended_is_reported_at_the_next_occasion(
    host, store, plugin, ledger, occasion
):
    """Also when the listener had kept it, and only its acknowledgement was lost."""
    ledger.faults = ["killed"]
    with pytest.raises(Killed):
        host.add_payment("1001", Decimal(1), confirm=True)
    store.close()
    host = host_of(store, plugin, ledger)
    {
        "import": lambda: host.import_payments("Fortnox"),
        "save": lambda: (host.import_payments("Fortnox"), host.save()),
        "add": lambda: host.add_payment("1001", Decimal(2), confirm=True),
        "start": host.notify_listeners,
    }[occasion]()
    assert ledger.received[1][0] == 1
    agree(ledger, store)


def test_an_import_tells_before_it_reads(host, store, plugin, ledger):
    ledger.faults = ["fails"]
    host.add_payment("1001", Decimal(1), confirm=True)
    plugin.during = lambda _run: ledger.received.append("read")
    host.import_payments("Fortnox")
    assert ledger.received == [[1], [1], "read"]


def test_a_save_tells_what_was_left_before_it_registers(host, store, plugin, ledger):
    preview_of(host, plugin, payment(1))
    ledger.faults = ["killed"]
    with pytest.raises(Killed):
        host.add_payment("1002", Decimal(1), confirm=True)
    host.save()
    assert ledger.received == [[1], [1], [2]]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_listener_that_lost_what_it_kept_is_reported_it_again_at_once(
    host, store, ledger, caplog, lost
):
    for amount in (1, 2, 3):
        host.add_payment("1001", Decimal(amount), confirm=True)
    ledger.kept = {number: one for number, one in ledger.kept.items() if number <= lost}
    ledger.faults = [lost]
    host.add_payment("1001", Decimal(4), confirm=True)
    assert ledger.received[-1] == list(range(lost + 1, 5))
    assert journal.acknowledged(store.db, "plugin1") == 4
    agree(ledger, store)
    assert f"lost changes and is sent those after {lost} again" in caplog.text


def test_a_listener_that_always_goes_back_is_not_told_for_ever(host, store, ledger):
    for amount in (1, 2, 3):
        host.add_payment("1001", Decimal(amount), confirm=True)
    ledger.faults = [2, 1, 0, 0, 0]
    host.add_payment("1001", Decimal(4), confirm=True)
    assert ledger.received[3:] == [[4], [3, 4]]
    assert journal.acknowledged(store.db, "plugin1") == 2
    host.notify_listeners()
    assert ledger.received[5:] == [[3, 4], [1, 2, 3, 4]]


@pytest.mark.parametrize("answer", [-1, True, "1", 9])
def test_what_is_no_sequence_of_a_change_moves_nothing(host, store, ledger, answer):
    host.add_payment("1001", Decimal(1), confirm=True)
    ledger.faults = [answer]
    host.add_payment("1001", Decimal(2), confirm=True)
    assert journal.acknowledged(store.db, "plugin1") == 1


# --- Several at once ---


class Slow(Ledger):
    """Lets another thread change the books while it is told, and notices two calls at once."""

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = meanwhile
        self.inside = 0

    def opter_books_changed(self, changes):
        self.inside += 1
        assert self.inside == 1
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            other = threading.Thread(target=meanwhile)
            other.start()
            other.join()
        sequence = super().opter_books_changed(changes)
        self.inside -= 1
        return sequence

    opter_books_changed.opter_impl = Ledger.opter_books_changed.opter_impl


def test_what_changes_while_a_listener_is_reported_is_left_to_who_tells_it(store):
    """Nobody waits for it, and it is never told by two at once."""
    slow = Slow(lambda: host.add_payment("1001", Decimal(2), confirm=True))
    host = host_of(store, slow)
    host.add_payment("1001", Decimal(1), confirm=True)
    assert slow.received == [[1], [2]]
    agree(slow, store)


def test_what_changes_just_before_the_lock_is_let_go_is_not_left_behind(store, ledger, monkeypatch):
    """When the holder has seen that nothing is left, and the other has seen that it is held."""
    host = host_of(store, ledger)
    changes_after = journal.changes_after

    def at_the_end(db, sequence):
        found = changes_after(db, sequence)
        if not found:
            monkeypatch.setattr(journal, "changes_after", changes_after)
            other = threading.Thread(
                target=lambda: host.add_payment("1001", Decimal(2), confirm=True)
            )
            other.start()
            other.join()
        return found

    monkeypatch.setattr(journal, "changes_after", at_the_end)
    host.add_payment("1001", Decimal(1), confirm=True)
    assert ledger.received == [[1], [2]]


def test_a_listener_may_change_the_books_itself(store):
    class Rounding(Ledger):
        def opter_books_changed(self, changes):
            if changes[0].sequence == 1:
                host.add_payment("1001", Decimal("0.40"), confirm=True)
            return super().opter_books_changed(changes)

        opter_books_changed.opter_impl = Ledger.opter_books_changed.opter_impl

    rounding = Rounding()
    host = host_of(store, rounding)
    host.add_payment("1001", Decimal(1), confirm=True)
    assert rounding.received == [[1], [2]]


def test_a_database_that_cannot_be_written_now_harms_nobody(
    host, store, ledger, monkeypatch, caplog
):
    monkeypatch.setattr(journal, "acknowledge", lambda db, *_: db.execute("no SQL"))
    assert host.add_payment("1001", Decimal(1), confirm=True) == 1
    assert "could not be sent the changes of the books: OperationalError" in caplog.text
    monkeypatch.undo()
    host.notify_listeners()
    assert ledger.received == [[1], [1]]


# --- Nobody can forget the journal ---


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET amount = '0'",
        "DELETE FROM journal",
        "DELETE FROM payments",
        "UPDATE payments SET effect = '0'",
        "UPDATE payments SET amount = '0'",
        "UPDATE payments SET invoice_id = 2",
        "UPDATE payments SET state = 'reversed'",
        "UPDATE payments SET state = 'reversal', reverses = 1",
    ],
)
def test_the_database_itself_refuses_what_a_ledger_could_not_follow(host, store, statement):
    host.add_payment("1001", Decimal(1), confirm=True)
    with pytest.raises(sqlite3.IntegrityError, match=r"never|once"):
        store.db.execute(statement)
    Books(store).journal_adds_up()


def test_what_was_deleted_cannot_be_revived_or_deleted_again(host, store):
    host.add_payment("1001", Decimal(1), confirm=True)
    host.delete_payment(1, why="fel")
    for state in ("registered", "deleted"):
        with pytest.raises(sqlite3.IntegrityError, match="once"):
            store.db.execute("UPDATE payments SET state = ?, deleted_at = NULL", (state,))


def test_payments_that_any_statement_writes_are_journaled(host, store, ledger):
    host.add_payment("1001", Decimal(7), confirm=True)
    columns = "origin, source, invoice_number, date, amount, currency, write_offs, booked,"
    columns += " warnings, invoice_id, status, written_off, effect, user, registered_at"
    store.db.execute(
        f"INSERT INTO payments ({columns}) SELECT {columns} FROM payments"  # noqa: S608 names of ours
    )
    store.db.execute("UPDATE payments SET state = 'deleted', deleted_by = 'x', deleted_at = user")
    kinds = [row["kind"] for row in store.db.execute("SELECT kind FROM journal ORDER BY sequence")]
    assert kinds == ["registered", "registered", "deleted", "deleted"]
