"""Two regions whose imports share a company: each is left the payments of its own invoices."""

import pytest
from fake_plugin import AnsweringPlugin, excluded, invoice, payment
from host_and_plugin import importing_host, outcomes, reads, remaining, row_of, saves

NOT_FOUND = "invoice-not-found"
OTHER = "other-region"


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


def test_the_other_region_saves_it_and_then_it_is_registered_for_both(host, plugin, store):
    reads(host, plugin, payment(2, "2001"))
    host.save("Fortnox")
    host.import_payments("Syd")
    host.save("Syd")
    assert remaining(store, "2001") == 0
    plugin.payments = []
    assert outcomes(host.import_payments("Fortnox")) == {"2": "already-imported"}


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
