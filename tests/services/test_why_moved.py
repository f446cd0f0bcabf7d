"""Why, for a payment that was moved to another invoice in Fortnox, and by an invoice's OCR."""

import pytest
from two_companies import (
    NORTH,
    Person,
    books,
    define,
    exported,
    host_of,
    new_store,
    ocr_of,
    pay,
    running,
)

NAME = "Nord"


@pytest.fixture
def state():
    return books()


@pytest.fixture
def company(state):
    return state.company(NORTH)


@pytest.fixture
def store(tmp_path):
    with new_store(tmp_path / "host.db") as store:
        yield store


@pytest.fixture
def host(state, store, monkeypatch):
    with running(state, monkeypatch) as sandbox:
        host = host_of(store, sandbox, Person())
        define(host, NAME, "Nord")
        yield host


@pytest.fixture
def moved(host, company):
    """A payment of 1001 that was saved, and pays 1002 in Fortnox now."""
    pay(company, 1001, "400")
    host.import_payments(NAME)
    host.save(NAME)
    company.change_payment(1, invoice_number=1002)


def the_one(host, **more):
    [one] = host.why("1001", NAME, **more).payments
    return one


def test_a_payment_that_left_the_invoice_is_to_be_imported_and_never_to_be_deleted(host, moved):
    one = the_one(host)
    assert (one.outcome, one.reason) == ("registered", "changed-in-fortnox")
    assert "fakturanummer registrerat 1001, nu 1002" in one.message.sv
    assert "Läs in igen" in one.to_do.sv
    assert "ta bort" not in one.to_do.sv
    assert "delete it" not in one.to_do.en


def test_once_read_it_says_which_invoice_it_pays_now_and_that_accept_or_keep_decide(host, moved):
    host.import_payments(NAME)
    one = the_one(host)
    assert (one.outcome, one.reason) == ("registered", "changed-in-fortnox")
    assert "fakturanummer registrerat 1001, nu 1002" in one.message.sv
    assert "--accept" in one.to_do.sv
    assert "--keep" in one.to_do.en


def test_the_same_is_said_after_the_list_was_saved_without_a_decision(host, moved):
    host.import_payments(NAME)
    host.save(NAME)
    assert (the_one(host).outcome, the_one(host).reason) == ("registered", "changed-in-fortnox")


def test_once_kept_nothing_is_left_to_do(host, moved):
    host.import_payments(NAME)
    host.decide(NAME, "1", "keep")
    one = the_one(host)
    assert (one.outcome, one.reason, one.to_do) == ("registered", None, None)


def test_a_payment_that_moved_and_then_was_accepted_is_countered_here(host, moved):
    host.import_payments(NAME)
    host.decide(NAME, "1", "accept")
    host.save(NAME)
    assert "counter" in the_one(host).outcome


def test_the_ocr_of_an_invoice_here_finds_it(host, company):
    pay(company, 1001)
    found = host.why(ocr_of(1001), NAME)
    assert (found.invoice.number, found.question.number) == ("1001", "1001")
    assert [one.outcome for one in found.payments] == ["not-read"]


def test_the_ocr_is_found_without_the_name_of_the_import_and_with_spaces_in_it(host):
    ocr = ocr_of(1001)
    assert host.why(f" {ocr[:2]} {ocr[2:]} ", offline=True).invoice.number == "1001"


def test_an_ocr_that_two_invoices_have_finds_neither(host, store):
    store.load_invoices([exported(17, "Nord", ocr="77777"), exported(18, "Nord", ocr="77777")])
    assert host.why("77777", NAME, offline=True).invoice is None


def test_a_number_goes_before_an_ocr(host, store):
    store.load_invoices([exported(77777, "Nord"), exported(18, "Nord", ocr="77777")])
    assert host.why("77777", NAME, offline=True).invoice.number == "77777"


def test_an_ocr_of_another_region_is_not_looked_at(host, store):
    store.load_invoices([exported(17, "Syd", ocr="77777")])
    assert host.why("77777", NAME, offline=True).invoice is None
