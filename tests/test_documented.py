"""Opter documents its payment import; each documented sentence is kept by a test, named here.

The sentences are in our words. What is not documented is a choice of ours, and
stands in the README.
"""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from fake_plugin import FakePlugin, euro, invoice, payment

from hostsim.host import Host
from hostsim.plugins import Plugins
from hostsim.store import Store

ROOT = Path(__file__).parent.parent
ARTICLE = "browser/test_article.py::test_the_whole_article_step_by_step"

#: What is documented, and the tests that keep it.
DOCUMENTED = {
    "Läs fil stands at the bottom right of Ekonomi > Betalningsimport": [
        "browser/test_article.py::test_the_buttons_stand_at_the_bottom_right",
    ],
    "its dialog has Filformat with an edit icon, Region, Bank account, Date and Ok": [
        "test_desk.py::test_the_dialog_to_read_a_file_has_the_fields_of_the_article",
    ],
    "Date is preset to today": [
        "test_desk.py::test_the_date_of_a_reading_is_preset_to_today",
    ],
    "the edit icon opens Betalningsimport - Inställningar, where a new import gets a name": [
        ARTICLE
    ],
    "Importtyp FortnoxAPI and Importformat API are registered by the plug-in": [
        "test_settings.py::test_the_import_is_registered_as_fortnoxapi_with_the_format_api",
        ARTICLE,
    ],
    "Ignorera betalningar före is a date; payments before it are not imported": [
        "test_settings.py::test_the_fields_are_these_five_with_these_kinds_and_presets",
        "test_importer.py::test_the_date_itself_is_included_and_the_day_before_is_not",
    ],
    "the date itself is included": ["test_settings.py::test_the_date_itself_is_included"],
    "Ignorera nummer före is a Fortnox invoice number; lower ones are not imported": [
        "test_importer.py::test_a_lower_invoice_number_is_ignored_and_the_number_itself_is_not",
    ],
    "its preset is 0, which means all": [
        "test_settings.py::test_the_fields_are_these_five_with_these_kinds_and_presets",
        "test_settings.py::test_zero_leaves_no_number_out",
    ],
    "API access token is left empty": [
        "test_settings.py::test_a_token_gets_a_warning_and_is_stored_and_repeated_nowhere",
        ARTICLE,
    ],
    "Läs fil, Fortnox in Filformat, Ok": [ARTICLE],
    "a window opens for the ordinary Fortnox login": [ARTICLE],
    "user name and password are typed at Fortnox, never in the host": [
        "browser/test_article.py::test_the_password_is_typed_at_fortnox_and_never_here",
    ],
    "the import starts if the login succeeds": [
        ARTICLE,
        "browser/test_going_wrong.py::test_a_refusal_at_the_login_is_told_with_what_to_do",
    ],
    "the window then has two lists": [
        "browser/test_article.py::test_the_lists_are_stacked_the_upper_above_the_lower",
    ],
    "upper: a green tick where the amount is right": [
        "test_desk.py::test_ticks_and_flags_carry_a_word_and_a_shape_besides_their_colour",
    ],
    "a red flag where it is too little or too much": [
        "test_desk.py::test_ticks_and_flags_carry_a_word_and_a_shape_besides_their_colour",
    ],
    "Warning message says Partial payment": ["test_judging.py::test_a_part_payment_is_told"],
    "or Advance will be created": ["test_judging.py::test_an_advance_is_told"],
    "a shortfall of at most Accepted invoice deviation is written off instead": [
        "test_judging.py::test_the_amount_that_is_written_off_is_told_in_crowns",
        "test_judging.py::test_payments_become_what_the_table_says",
    ],
    "lower: what cannot be saved, with Reason for not saving": [
        "test_desk.py::test_the_lower_list_says_why",
    ],
    "such as Error loading invoice or The invoice is already paid": [
        "test_judging.py::test_messages_begin_with_the_words_that_people_know",
        ARTICLE,
    ],
    "Spara betalningar stands at the bottom right": [
        "browser/test_article.py::test_the_buttons_stand_at_the_bottom_right",
    ],
    "nothing is registered before this button": [
        "test_desk.py::test_nothing_is_registered_before_the_button",
    ],
    "then the payments stand in Ekonomi > Betalningsregistrering": [ARTICLE],
    "importing again after saving: what is registered comes in the lower list": [
        "test_documented.py::test_what_is_registered_comes_in_the_lower_list_when_it_is_read_again",
        "browser/test_article.py::test_importing_again_after_saving_registers_nothing_twice",
    ],
    "the invoices were exported to Fortnox first, so that numbers agree": [
        "test_documented.py::test_a_payment_of_an_invoice_that_was_never_exported_cannot_be_saved",
    ],
    "numbers or OCR numbers must agree, otherwise the payment is not imported": [
        "test_judging.py::test_a_payment_without_invoice_is_not_found",
        "test_end_to_end.py::test_a_payment_meets_the_invoice_whose_number_differs_but_whose_ocr_agrees",
    ],
    "the company has the integration licence and the program licences": [
        "test_protocol.py::test_a_missing_licence_is_named",
    ],
    "the default currency is SEK, otherwise there is a clear error": [
        "test_end_to_end.py::test_a_default_currency_other_than_sek_refuses_and_names_the_setting",
    ],
    "Fortnox has three-letter currency codes, the host's are free text": [
        "test_documented.py::test_a_currency_that_the_host_calls_otherwise_is_told_with_both_names",
    ],
    "invoice number, amount, and the rate of other currencies cross": [
        "test_documented.py::test_number_amount_and_rate_cross",
    ],
    "only invoices in closed invoice periods can be paid": [
        "test_documented.py::test_an_invoice_in_an_open_period_cannot_be_paid",
    ],
    "payments drive reminders and interest, so that a wrong date is a real fault": [
        "test_documented.py::test_a_payment_keeps_its_own_date_whenever_it_is_imported",
    ],
}


@cache
def names_in(path):
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("sentence", DOCUMENTED)
def test_what_is_documented_is_kept_by_a_test_that_exists(sentence):
    assert DOCUMENTED[sentence]
    for name in DOCUMENTED[sentence]:
        path, _, test = name.partition("::")
        assert test in names_in(path), name


def test_the_labels_of_the_article_are_the_ones_that_its_walk_uses():
    walk = (ROOT / "tests/browser/test_article.py").read_text(encoding="utf-8")
    for label in (
        "Ekonomi", "Betalningsimport", "Läs fil", "Filformat", "Betalningsimport - Inställningar",
        "Importtyp", "Importformat", "Ignorera betalningar före", "Ignorera nummer före",
        "API access token", "Ok", "Spara betalningar", "Betalningsregistrering",
    ):  # fmt: skip
        assert re.search(rf'"{label}"', walk), label


# --- What no other file says by itself ----------------------------------------


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        yield store


def imported(store, *payments, at=datetime(2026, 11, 22, tzinfo=UTC)):
    """Import these payments; a second import reads them again."""
    plugins = Plugins([("fake", FakePlugin(payments=list(payments)))])
    host = Host(store, plugins, clock=lambda: at, user="kim")
    if not store.definitions():
        host.define("Fortnox", "Fake", "API", "", {})
    return host, host.import_payments("Fortnox")


def test_what_is_registered_comes_in_the_lower_list_when_it_is_read_again(store):
    store.load_invoices([invoice("1001")])
    host, _ = imported(store, payment(1))
    host.save("Fortnox")
    _, preview = imported(store, payment(1))
    assert [row.reason for row in preview.rows("rejected")] == ["already-imported"]
    assert preview.counts["ready"] == 0


def test_a_payment_of_an_invoice_that_was_never_exported_cannot_be_saved(store):
    _, preview = imported(store, payment(1, "1001"))
    [row] = preview.rows("rejected")
    assert row.message.sv.startswith("Fel vid inläsning av faktura")
    assert row.message.en.startswith("Error loading invoice")


def test_a_currency_that_the_host_calls_otherwise_is_told_with_both_names(store):
    store.load_invoices([invoice("2001", "100", "Euro")])
    _, preview = imported(store, euro(1))
    [row] = preview.rows("rejected")
    assert "EUR" in row.message.sv
    assert "Euro" in row.message.sv


def test_number_amount_and_rate_cross(store):
    store.load_invoices([invoice("2001", "100", "EUR")])
    host, _ = imported(store, euro(1, rate="11.25"))
    host.save("Fortnox")
    [row] = store.payments()
    assert (row.host_invoice_number, row.amount) == ("2001", Decimal(1125))
    assert (row.amount_currency, row.exchange_rate) == (Decimal(100), Decimal("11.25"))


def test_an_invoice_in_an_open_period_cannot_be_paid(store):
    store.load_invoices([invoice("1001", period_closed=False)])
    _, preview = imported(store, payment(1))
    assert [row.reason for row in preview.rows("rejected")] == ["period-open"]


def test_a_payment_keeps_its_own_date_whenever_it_is_imported(store):
    store.load_invoices([invoice("1001")])
    host, _ = imported(store, payment(1, date=date(2026, 1, 31)))
    host.save("Fortnox")
    assert [row.payment_date for row in store.payments()] == [date(2026, 1, 31)]
