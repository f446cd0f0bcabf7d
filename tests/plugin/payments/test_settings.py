"""The fields of an import: shown in two languages, checked one by one, and what they exclude."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.payments.settings import FIELDS, Settings, check
from opter_fortnox_plugin.settings import IMPORT_TYPE

FIELD = {field.key: field for field in FIELDS}
VALUES = {
    "ignore_payments_before": "2026-03-01",
    "ignore_numbers_before": "100",
    "include_unbooked": "false",
    "sign_in": "every-time",
}

settings = st.builds(
    Settings,
    st.dates(date(2026, 1, 1), date(2026, 1, 9)),
    st.integers(0, 9),
    include_unbooked=st.booleans(),
)


@dataclass
class Paid:
    date: date
    invoice_number: str
    booked: bool = True


payments = st.builds(
    Paid, st.dates(date(2026, 1, 1), date(2026, 1, 9)), st.integers(0, 9).map(str), st.booleans()
)


def errors(values):
    return [one.key for one in check(values).problems if one.severity == "error"]


# --- What is registered ---


def test_the_import_is_registered_as_fortnoxapi_with_the_format_api():
    assert (IMPORT_TYPE.code, tuple(IMPORT_TYPE.formats)) == ("FortnoxAPI", ("API",))


def test_the_fields_are_these_five_with_these_kinds_and_defaults():
    assert {field.key: (field.kind, field.default) for field in FIELDS} == {
        "ignore_payments_before": ("date", ""),
        "ignore_numbers_before": ("integer", "0"),
        "api_access_token": ("text", ""),
        "include_unbooked": ("boolean", "false"),
        "sign_in": ("choice", "every-time"),
    }


def test_labels_are_the_words_that_users_know():
    assert FIELD["ignore_payments_before"].label.sv == "Ignorera betalningar före"
    assert FIELD["ignore_payments_before"].label.en == "Ignore payments before"
    assert FIELD["ignore_numbers_before"].label.sv == "Ignorera nummer före"
    assert FIELD["ignore_numbers_before"].label.en == "Ignore numbers before"
    assert FIELD["api_access_token"].label.sv == "Gammal nyckel (API access token)"


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_every_field_is_helped_with_in_both_languages(field):
    assert field.help.sv.endswith(".")
    assert field.help.en.endswith(".")
    assert field.help.sv != field.help.en


def test_the_help_of_unbooked_payments_warns_that_fortnox_may_change_or_remove_them():
    assert "ändra eller ta bort" in FIELD["include_unbooked"].help.sv
    assert "change or remove" in FIELD["include_unbooked"].help.en


def test_what_is_typed_as_a_token_is_not_shown():
    assert FIELD["api_access_token"].secret


# --- What a person enters ---


def test_right_values_pass_as_they_are():
    assert check(VALUES).values == VALUES
    assert not check(VALUES).problems


def test_what_is_left_empty_has_its_default():
    checked = check({"ignore_payments_before": "2026-03-01", "ignore_numbers_before": ""})
    assert checked.values == VALUES | {"ignore_numbers_before": "0"}


WRONG = {
    "ignore_payments_before": [
        "", "  ", "2026-02-30", "26-03-01", "2026-3-1", "20260301", "2026-03-01T00:00",
        "2026/03/01", "٢٠٢٦-٠٣-٠١", "2026-03-01\n2026-03-02", "0000-01-01", "i går",
    ],
    "ignore_numbers_before": ["-1", "+1", "1.0", "1 000", "1e3", "١٢", "alla", "9" * 5000],
    "include_unbooked": ["ja", "yes", "1", "on", "truefalse"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "wrong"), [(field, wrong) for field, several in WRONG.items() for wrong in several]
)
def test_what_is_no_date_number_or_truth_value_is_refused(field, wrong):
    assert errors(VALUES | {field: wrong}) == [field]


def test_what_is_none_of_the_choices_is_refused_with_them():
    [problem] = check(VALUES | {"sign_in": "always"}).problems
    assert problem.message.en == (
        "“Login to Fortnox” must be one of the choices: Every time (every-time), "
        "Stay signed in (stay), Service account (service-account)."
    )
    assert "Varje gång (every-time), Förbli inloggad (stay)" in problem.message.sv


def test_several_wrong_values_are_told_field_by_field_and_none_is_stored():
    checked = check(
        {
            "ignore_payments_before": "x",
            "ignore_numbers_before": "x",
            "include_unbooked": "x",
            "sign_in": "x",
        }
    )
    assert [one.key for one in checked.problems] == list(VALUES)
    assert checked.values == {}
    assert len({one.message for one in checked.problems}) == 4


def test_a_wrong_value_does_not_hide_a_right_one():
    assert check(VALUES | {"include_unbooked": "x"}).values["ignore_numbers_before"] == "100"


def test_a_field_that_does_not_exist_is_named():
    [problem] = check(VALUES | {"ignore_number_before": "1"}).problems
    assert (problem.key, problem.severity) == ("ignore_number_before", "error")
    assert "ignore_numbers_before" in problem.message.sv


def test_a_token_gets_a_warning_and_is_stored_and_repeated_nowhere():
    checked = check(VALUES | {"api_access_token": "zq-0815-token"})
    [problem] = checked.problems
    assert (problem.key, problem.severity) == ("api_access_token", "warning")
    assert "2025-04-30" in problem.message.sv
    assert "zq-0815-token" not in repr(checked)
    assert "api_access_token" not in checked.values


@given(st.dictionaries(st.sampled_from([*FIELD, "other"]) | st.text(), st.text()))
def test_whatever_is_entered_gets_an_answer_that_can_be_used(values):
    checked = check(values)
    if any(one.severity == "error" for one in checked.problems):
        return
    Settings.of(checked.values)
    assert check(checked.values).values == checked.values


@given(st.dates(min_value=date(1, 1, 1)), st.integers(0, 10**15 - 1), st.booleans())
def test_every_date_number_and_truth_value_can_be_entered(day, number, unbooked):
    values = {
        "ignore_payments_before": day.isoformat(),
        "ignore_numbers_before": str(number),
        "include_unbooked": str(unbooked),
    }
    assert Settings.of(check(values).values) == Settings(day, number, unbooked)


# --- What they exclude ---

RULES = Settings(date(2026, 3, 1), 100, include_unbooked=False)


def reason(settings, payment):
    why = settings.exclusion_reason(payment)
    return why.reason if why else None


def test_the_date_itself_is_included():
    assert reason(RULES, Paid(date(2026, 3, 1), "100")) is None
    assert reason(RULES, Paid(date(2026, 2, 28), "100")) == "before-date"


def test_a_number_is_compared_as_a_number_and_strictly():
    assert reason(RULES, Paid(date(2026, 3, 1), "99")) == "below-number"
    assert reason(RULES, Paid(date(2026, 3, 1), "1000")) is None


@given(payments)
def test_zero_excludes_no_number(payment):
    everything = Settings(date(2026, 1, 1), 0, include_unbooked=True)
    assert reason(everything, payment) is None


@given(settings, payments)
def test_the_first_reason_that_applies_is_the_one(settings, payment):
    applies = {
        "before-date": payment.date < settings.ignore_payments_before,
        "below-number": int(payment.invoice_number) < settings.ignore_numbers_before,
        "not-booked": not payment.booked and not settings.include_unbooked,
    }
    assert reason(settings, payment) == next(
        (name for name, is_so in applies.items() if is_so), None
    )


@given(settings, payments)
def test_a_reason_is_said_in_both_languages(settings, payment):
    why = settings.exclusion_reason(payment)
    assert why is None or (why.message.sv and why.message.sv != why.message.en)


@given(settings, settings, payments)
def test_what_could_come_in_now_and_not_before_is_noticed(now, earlier, payment):
    comes_in_now = reason(now, payment) is None and reason(earlier, payment) is not None
    assert not comes_in_now or now.include_more_than(earlier)


@given(settings)
def test_the_same_settings_include_no_more(settings):
    assert not settings.include_more_than(settings)
    later = settings.ignore_payments_before + timedelta(days=1)
    narrower = Settings(later, settings.ignore_numbers_before + 1, include_unbooked=False)
    assert not narrower.include_more_than(settings)
