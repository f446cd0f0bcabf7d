"""Two regions whose imports share a company: each is left the payments of its own invoices."""

import pytest
from fake_plugin import AnsweringPlugin, excluded, invoice, payment
from host_and_plugin import importing_host, outcomes, reads, remaining, row_of, saves

from hostsim.ledger.reasons import possible_decisions

NOT_FOUND = "invoice-not-found"
OTHER = "other-region"
CHANGED = "changed-in-fortnox"


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002")]


@pytest.fixture
def plugin():
    return AnsweringPlugin()


@pytest.fixture
def host(store, plugin):
    """Both regions have saved; they share a company."""
    host = importing_host(store, plugin)
    saves(host, plugin, payment(1, "1002"))
    host.define("Syd", "Fake", "API", "S", {}, company_of="Fortnox")
    store.load_invoices([invoice("2001", region="S", ocr="200177")])
    plugin.payments = []
    host.import_payments("Syd")
    host.save("Syd")
    return host


def test_a_payment_of_the_other_regions_invoice_is_ignored_and_names_its_import(host, plugin):
    preview = reads(host, plugin, payment(2, "2001"))
    assert outcomes(preview) == {"2": OTHER}
    assert row_of(preview, "2").message.en == (
        "The invoice belongs to another region of the same company: Syd imports the payment"
    )
    assert preview.counts["ignored"] == 1


def test_so_is_one_that_has_its_ocr_and_one_that_is_not_booked(host, plugin):
    plugin.excluded = [excluded("not-booked", payment(3, "2001", booked=False))]
    preview = reads(host, plugin, payment(2, "77", ocr="200177"))
    assert outcomes(preview) == {"2": OTHER, "3": OTHER}


@pytest.mark.parametrize("offline", [False, True])
def test_why_never_says_to_load_it_or_to_change_it_there(host, plugin, offline):
    reads(host, plugin, payment(2, "2001"))
    host.save("Fortnox")
    found = host.why("2001", "Fortnox", offline=offline)
    [payment_2] = found.payments
    assert (payment_2.outcome, payment_2.reason) == ("ignored", OTHER)
    assert payment_2.to_do.en.startswith("Nothing has to be done here")
    assert "it belongs to another region of the same company" in found.summary.en


@pytest.fixture
def saved_there(host, plugin):
    """The south has saved a payment that the default region was offered before."""
    reads(host, plugin, payment(2, "2001"))
    host.save("Fortnox")
    host.import_payments("Syd")
    host.save("Syd")
    plugin.payments = []


def test_the_other_region_saves_it_and_then_it_is_offered_once_more(host, saved_there, store):
    assert remaining(store, "2001") == 0
    assert outcomes(host.import_payments("Fortnox")) == {"2": OTHER}
    host.save("Fortnox")
    assert host.import_payments("Fortnox").counts["read"] == 0


@pytest.mark.parametrize("amount", ["1000", "900"])
def test_what_is_saved_there_cannot_be_said_not_to_be_saved_here_changed_or_not(
    host, plugin, saved_there, amount
):
    plugin.payments = [payment(2, "2001", amount)]
    counts = host.import_payments("Fortnox").counts
    assert (counts["rejected"], counts["ignored"]) == (0, 1)


def test_why_says_that_it_is_registered(host, plugin, saved_there):
    plugin.payments = [payment(2, "2001")]
    [payment_2] = host.why("2001", "Fortnox").payments
    assert (payment_2.outcome, payment_2.reason) == ("registered", None)


def test_what_is_deleted_in_the_other_region_is_offered_there_alone(
    host, plugin, saved_there, store
):
    [one] = [entry for entry in store.payments() if entry.payment_number == "2"]
    host.delete_payment(one.id, why="fel")
    plugin.payments = [payment(2, "2001")]
    assert outcomes(host.import_payments("Fortnox")) == {"2": OTHER}
    assert outcomes(host.import_payments("Syd")) == {"2": "deleted-in-host"}


def test_what_may_replace_a_payment_of_this_region_is_accepted_in_the_other_one(
    host, plugin, store
):
    plugin.source, plugin.deleted = {}, {"1"}
    plugin.payments = [payment(2, "2001")]
    assert outcomes(host.import_payments("Fortnox")) == {"2": OTHER}
    assert outcomes(host.import_payments("Syd")) == {"2": "replaced"}
    host.decide("Syd", "2", "accept")
    host.save("Syd")
    assert [remaining(store, number) for number in ("1002", "2001")] == [1000, 0]


# --- A registered payment was moved to an invoice of the other region ---


@pytest.fixture
def moved(host, plugin):
    saves(host, plugin, payment(2, "1001"))
    plugin.payments = [payment(2, "2001")]
    plugin.source = {"2": payment(2, "2001")}


def test_a_payment_that_was_moved_there_says_to_accept_the_change_there(host, moved):
    row = row_of(host.import_payments("Fortnox"), "2")
    assert row.reason == CHANGED
    assert "invoice number registered 1001, now 2001" in row.message.en
    assert row.message.en.endswith("import Syd and accept the change there")
    assert possible_decisions(row.reason, row.obstacle) == ("keep", "set-aside")


@pytest.mark.parametrize("decided", ["set-aside", "keep"])
def test_one_that_is_set_aside_or_kept_there_says_to_take_that_back_there(host, moved, decided):
    host.import_payments("Syd")
    if decided == "keep":
        host.decide("Syd", "2", "keep")
    else:
        host.set_aside("Syd", ["2"])
    row = row_of(host.import_payments("Fortnox"), "2")
    assert "was set aside or kept in Syd: take that back there" in row.message.en


def test_once_it_is_accepted_there_nothing_is_left_to_do_here(host, moved, store):
    host.import_payments("Fortnox")
    host.save("Fortnox")
    host.import_payments("Syd")
    host.decide("Syd", "2", "accept")
    host.save("Syd")
    assert [remaining(store, number) for number in ("1001", "2001")] == [1000, 0]
    assert outcomes(host.import_payments("Fortnox")) == {"2": OTHER}


def test_what_is_accepted_here_all_the_same_is_not_saved_and_says_so(host, moved):
    host.import_payments("Fortnox")
    preview = host.decide("Fortnox", "2", "accept")
    assert preview.counts["ready"] == 0
    assert "import Syd and accept the change there" in row_of(preview, "2").message.en


@pytest.mark.parametrize("number", ["1001", "2001"])
def test_why_says_of_both_invoices_where_to_accept_it(host, moved, number):
    host.import_payments("Fortnox")
    host.save("Fortnox")
    [payment_2] = [one for one in host.why(number, "Fortnox").payments if one.number == "2"]
    assert payment_2.reason == CHANGED
    assert "accept the change in the import of that region" in payment_2.to_do.en


def test_a_payment_whose_invoice_comes_to_this_region_is_offered_again(host, plugin, store):
    reads(host, plugin, payment(2, "2001"))
    host.save("Fortnox")
    plugin.payments = []
    store.load_invoices([invoice("2001")])
    assert outcomes(host.import_payments("Fortnox")) == {"2": "exact"}


# --- The import of the other region was never saved ---


@pytest.fixture
def north(host, store):
    store.load_invoices([invoice("4001", region="N")])
    host.define("Nord", "Fake", "API", "N", {}, company_of="Fortnox")


@pytest.mark.parametrize("read", [False, True])
def test_its_payment_is_told_with_what_to_do_while_that_import_was_never_saved(
    host, plugin, north, read
):
    if read:
        host.import_payments("Nord")
    row = row_of(reads(host, plugin, payment(2, "4001")), "2")
    assert row.reason == NOT_FOUND
    assert row.message.en == (
        "The invoice belongs to another region of the same company, and Nord, which imports its "
        "payments, was never saved: import and save Nord"
    )


@pytest.mark.parametrize("offline", [False, True])
def test_so_does_why_which_does_not_call_it_another_invoice(host, plugin, north, offline):
    reads(host, plugin, payment(2, "4001"))
    host.save("Fortnox")
    found = host.why("4001", "Fortnox", offline=offline)
    [payment_2] = found.payments
    assert payment_2.reason == NOT_FOUND
    assert "import and save the one that it is defined with" in payment_2.to_do.en
    assert "it belongs to another region of the same company" in found.summary.en


def test_it_is_ignored_once_that_import_was_saved(host, plugin, north):
    reads(host, plugin, payment(2, "4001"))
    host.save("Fortnox")
    plugin.payments = []
    host.import_payments("Nord")
    host.save("Nord")
    assert outcomes(host.import_payments("Fortnox")) == {"2": OTHER}


@pytest.mark.parametrize("reason", ["not-booked", "not-looked-up"])
def test_nor_does_it_say_then_to_load_the_invoice_here(host, plugin, north, reason):
    plugin.excluded = [excluded(reason, payment(2, "4001"))]
    row = row_of(reads(host, plugin), "2")
    assert row.reason == NOT_FOUND
    assert "import and save Nord" in row.message.en


# --- No import that shares the company ---


def test_an_invoice_of_no_region_is_not_found(host, plugin):
    assert outcomes(reads(host, plugin, payment(2, "3001"))) == {"2": NOT_FOUND}


def test_nor_is_one_of_a_region_without_an_import(host, plugin, store):
    store.load_invoices([invoice("3001", region="N")])
    assert outcomes(reads(host, plugin, payment(2, "3001"))) == {"2": NOT_FOUND}


def test_nor_is_one_of_a_region_whose_import_has_no_company_yet(host, plugin, store):
    store.load_invoices([invoice("3001", region="N")])
    host.define("Nord", "Fake", "API", "N", {})
    assert outcomes(reads(host, plugin, payment(2, "3001"))) == {"2": NOT_FOUND}
