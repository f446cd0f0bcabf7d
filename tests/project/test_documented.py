"""Opter documents its payment import; each documented sentence is kept by a test, named here.

The sentences are in our words. What is not documented is a choice of ours, and
stands in docs/choices.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.test_security_page import names_in

ROOT = Path(__file__).parents[2]
ARTICLE = "browser/test_article.py::test_the_whole_article_step_by_step"

#: What is documented, and the tests that keep it.
DOCUMENTED = {
    "Läs fil stands at the bottom right of Ekonomi > Betalningsimport": [
        "browser/test_article.py::test_the_buttons_stand_at_the_bottom_right",
    ],
    "its dialog has Filformat with an edit icon, Region, Bank account, Date and Ok": [
        "desk/test_desk.py::test_the_dialog_to_read_a_file_has_the_fields_of_the_article",
    ],
    "Date is preset to today": [
        "desk/test_desk.py::test_the_date_of_a_reading_is_by_default_today",
    ],
    "the edit icon opens Betalningsimport - Inställningar, where a new import gets a name": [
        ARTICLE
    ],
    "Importtyp FortnoxAPI and Importformat API are registered by the plug-in": [
        "plugin/payments/test_settings.py::test_the_import_is_registered_as_fortnoxapi_with_the_format_api",
        ARTICLE,
    ],
    "Ignorera betalningar före is a date; payments before it are not imported": [
        "plugin/payments/test_settings.py::test_the_fields_are_these_five_with_these_kinds_and_defaults",
        "plugin/payments/test_settings.py::test_the_date_itself_is_included",
    ],
    "the date itself is included": [
        "plugin/payments/test_settings.py::test_the_date_itself_is_included"
    ],
    "Ignorera nummer före is a Fortnox invoice number; lower ones are not imported": [
        "plugin/payments/test_settings.py::test_a_number_is_compared_as_a_number_and_strictly",
    ],
    "its preset is 0, which means all": [
        "plugin/payments/test_settings.py::test_the_fields_are_these_five_with_these_kinds_and_defaults",
        "plugin/payments/test_settings.py::test_zero_excludes_no_number",
    ],
    "API access token is left empty": [
        "plugin/payments/test_settings.py::test_a_token_gets_a_warning_and_is_stored_and_repeated_nowhere",
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
        "desk/test_desk.py::test_ticks_and_flags_carry_a_word_and_a_shape_besides_their_colour",
    ],
    "a red flag where it is too little or too much": [
        "desk/test_desk.py::test_ticks_and_flags_carry_a_word_and_a_shape_besides_their_colour",
    ],
    "Warning message says Partial payment": ["ledger/test_judging.py::test_a_part_payment_is_told"],
    "or Advance will be created": ["ledger/test_judging.py::test_an_advance_is_told"],
    "a shortfall of at most Accepted invoice deviation is written off instead": [
        "ledger/test_judging.py::test_the_amount_that_is_written_off_is_told_in_crowns",
        "ledger/test_judging.py::test_payments_become_what_the_table_says",
    ],
    "lower: what cannot be saved, with Reason for not saving": [
        "desk/test_desk.py::test_the_lower_list_says_why",
    ],
    "such as Error loading invoice or The invoice is already paid": [
        "ledger/test_judging.py::test_messages_begin_with_the_words_that_people_know",
        ARTICLE,
    ],
    "Spara betalningar stands at the bottom right": [
        "browser/test_article.py::test_the_buttons_stand_at_the_bottom_right",
    ],
    "nothing is registered before this button": [
        "desk/test_desk.py::test_nothing_is_registered_before_the_button",
    ],
    "then the payments stand in Ekonomi > Betalningsregistrering": [ARTICLE],
    "importing again after saving: what is registered comes in the lower list": [
        "ledger/test_judging.py::test_a_second_judging_finds_everything_imported",
        "desk/test_ticks_and_undo.py::test_the_button_says_how_many_and_how_much",
    ],
    "the invoices were exported to Fortnox first, so that numbers agree": [
        "ledger/test_judging.py::test_messages_begin_with_the_words_that_people_know",
    ],
    "numbers or OCR numbers must agree, otherwise the payment is not imported": [
        "ledger/test_judging.py::test_a_payment_without_invoice_is_not_found",
        "end_to_end/test_end_to_end.py::test_a_payment_meets_the_invoice_whose_number_differs_but_whose_ocr_agrees",
    ],
    "the company has the integration licence and the program licences": [
        "plugin/fortnox/test_responses.py::test_a_missing_licence_is_named",
    ],
    "the default currency is SEK, otherwise there is a clear error": [
        "services/test_imports.py::test_another_default_currency_refuses_the_import_naming_the_setting",
    ],
    "Fortnox has three-letter currency codes, the host's are free text": [
        "services/test_imports.py::test_a_currency_that_the_host_calls_otherwise_is_told_with_both_names",
    ],
    "invoice number, amount, and the rate of other currencies cross": [
        "services/test_imports.py::test_a_registered_payment_is_the_one_that_was_read_and_says_where_from",
    ],
    "only invoices in closed invoice periods can be paid": [
        "ledger/test_judging.py::test_payments_become_what_the_table_says",
    ],
    "payments drive reminders and interest, so that a wrong date is a real fault": [
        "services/test_read_file.py::test_a_saved_payment_gets_the_bank_account_and_keeps_its_own_date",
    ],
}


ORDINARY = "browser/test_ordinary_days.py::"
GOING_WRONG = "browser/test_going_wrong.py::"

#: What the desk promises beside Opter's article, and the tests that keep it.
PROMISED = {
    "nothing else has to be prepared": [
        "desk/test_desk_opening.py::test_nothing_has_to_be_prepared",
        "desk/test_desk_opening.py::test_a_first_visit_shows_every_kind_of_thing",
        "desk/test_desk_opening.py::test_with_real_credentials_there_is_no_sandbox_and_no_invented_data",
    ],
    "the page knows no field by itself; a second plug-in's appear with input, help and errors": [
        "desk/test_desk.py::test_the_page_knows_no_plugin_by_name",
        "desk/test_desk.py::test_the_fields_of_any_plugin_are_shown_as_it_describes_them",
        "desk/test_desk.py::test_a_problem_stands_beside_its_field_and_nothing_is_stored",
    ],
    "progress: pages, payments, time left, and cancelling that leaves nothing half done": [
        "desk/test_desk.py::test_progress_names_payments_pages_and_the_time_that_is_left",
        "desk/test_desk.py::test_cancelling_leaves_nothing_half_done",
    ],
    "ticks, flags, warnings, reasons, a fold-out of the ignored, totals that add up": [
        "desk/test_desk.py::test_ticks_and_flags_carry_a_word_and_a_shape_besides_their_colour",
        "desk/test_desk.py::test_the_lower_list_says_why",
        "desk/test_desk.py::test_the_ignored_are_folded_away",
        "desk/test_desk.py::test_the_totals_add_up",
    ],
    "the register has search, the payments of an invoice, and where each came from": [
        "desk/test_desk.py::test_the_register_is_searched",
        "desk/test_desk.py::test_the_register_shows_the_payments_of_an_invoice",
        "desk/test_desk.py::test_the_register_shows_where_a_payment_came_from",
    ],
    "Swedish first, English by a switch": [
        "desk/test_desk.py::test_every_word_exists_in_both_languages_with_the_same_values",
        "desk/test_desk.py::test_amounts_dates_and_rates_are_written_as_swedes_do",
        ORDINARY + "test_the_same_days_in_english",
    ],
    "messages come from the plug-in": [
        "desk/test_desk.py::test_a_failure_is_shown_in_the_words_of_the_plugin",
    ],
    "keyboard from end to end, and the focus returns to where it was": [
        "browser/test_keyboard.py::test_an_import_from_settings_to_register_with_the_keyboard_alone",
        ORDINARY + "test_deciding_with_the_keyboard_alone",
        ORDINARY + "test_the_focus_returns_to_where_it_was",
    ],
    "a screen reader hears progress, and axe-core finds nothing": [
        "browser/test_accessibility.py::test_progress_is_told_to_a_screen_reader",
        "browser/test_accessibility.py::test_no_page_of_the_second_day_has_a_violation",
    ],
    "lists of 50,000 rows stay usable": [
        "browser/test_long_lists.py::test_fifty_thousand_rows_are_usable",
        "storage/test_lists.py::test_an_export_holds_all_fifty_thousand",
    ],
    "safe: loopback, cookie, tokens, policy, escaping": [
        "desk/test_desk_opening.py::test_the_desk_listens_on_this_machine_alone",
        "desk/test_desk.py::test_the_cookie_is_for_this_site_and_no_script",
        "desk/test_desk_decisions.py::test_no_form_without_the_token_changes_anything",
        "desk/test_desk.py::test_every_answer_runs_only_our_scripts_and_can_be_framed_by_nobody",
        "desk/test_desk.py::test_a_customer_with_markup_in_the_name_is_only_a_name",
    ],
    "refusal at login, an error of Fortnox in the middle, cancelling, in a browser": [
        "browser/test_going_wrong.py::test_a_refusal_at_the_login_is_told_with_what_to_do",
        GOING_WRONG
        + "test_an_error_of_fortnox_in_the_middle_ends_with_a_sentence_and_nothing_half_done",
        "browser/test_going_wrong.py::test_cancelling_before_anybody_signed_in_leaves_nothing",
        "desk/test_desk.py::test_cancelling_leaves_nothing_half_done",
        ORDINARY + "test_a_refusal_at_the_login_of_a_question_is_told",
    ],
    "set aside and taken back, one row or a series, with who, when and why": [
        ORDINARY + "test_a_row_is_set_aside_and_taken_back",
        ORDINARY + "test_a_series_is_set_aside_from_a_row_with_why",
        "desk/test_desk_decisions.py::test_one_row_is_set_aside_with_who_when_and_why",
        "desk/test_desk_decisions.py::test_how_many_are_set_aside_stands_above_the_lower_list",
    ],
    "typed by hand before is confirmed; deleted here is taken again": [
        ORDINARY + "test_a_payment_that_was_typed_before_is_saved_when_confirmed",
        ORDINARY + "test_a_deleted_payment_is_taken_again",
    ],
    "changed in Fortnox: both values side by side, accept or keep": [
        ORDINARY + "test_a_change_shows_both_values_and_is_accepted",
        "desk/test_desk_decisions.py::test_what_is_registered_can_be_kept_and_the_change_accepted_later",
    ],
    "typed and deleted by hand, filtered on origin, exported without what came from Fortnox": [
        ORDINARY + "test_a_payment_is_typed_and_deleted_by_hand",
        ORDINARY + "test_a_doubtful_payment_asks_for_a_second_press_beside_its_invoice",
        ORDINARY + "test_the_register_is_filtered_on_origin_and_exported_for_fortnox",
        "desk/test_desk_books.py::test_an_export_says_what_it_leaves_out",
    ],
    "everything about one invoice in one place": [
        ORDINARY + "test_an_invoice_is_asked_about_here_and_in_fortnox",
        "desk/test_desk_books.py::test_every_row_leads_to_its_invoice",
    ],
    "each import, and one in full": [
        "desk/test_desk_books.py::test_one_import_is_shown_in_full",
    ],
    "Region, Bank account and Date of Läs fil are kept with the run": [
        "desk/test_desk.py::test_region_bank_account_and_date_are_kept_with_the_run",
    ],
}


@pytest.mark.parametrize("sentence", [*DOCUMENTED, *PROMISED])
def test_what_is_documented_is_kept_by_a_test_that_exists(sentence):
    tests = (DOCUMENTED | PROMISED)[sentence]
    assert tests
    for name in tests:
        path, _, test = name.partition("::")
        assert test in names_in(f"tests/{path}"), name


def test_the_labels_of_the_article_are_the_ones_that_its_walk_uses():
    walk = (ROOT / "tests/browser/test_article.py").read_text(encoding="utf-8")
    for label in (
        "Ekonomi", "Betalningsimport", "Läs fil", "Filformat", "Betalningsimport - Inställningar",
        "Importtyp", "Importformat", "Ignorera betalningar före", "Ignorera nummer före",
        "API access token", "Ok", "Spara betalningar", "Betalningsregistrering",
    ):  # fmt: skip
        assert re.search(rf'"{label}"', walk), label
