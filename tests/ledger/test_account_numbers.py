"""A number that money is sent to is refused where one slip made it, or where it cannot be one."""

import pytest

from hostsim.ledger.account_numbers import is_bankgiro, is_bic, is_iban, is_plusgiro

RIGHT = [
    (is_bankgiro, "5050-1055"),
    (is_bankgiro, "50501055"),
    (is_bankgiro, "991-2346"),
    (is_plusgiro, "901950-6"),
    (is_plusgiro, "18"),
    (is_iban, "SE4550000000058398257466"),
    (is_iban, "DE89370400440532013000"),
    (is_iban, "GB29NWBK60161331926819"),
    (is_iban, "NO9386011117947"),
]


@pytest.mark.parametrize(("rule", "number"), RIGHT)
def test_a_number_in_use_is_taken(rule, number):
    assert rule(number)


@pytest.mark.parametrize(("rule", "number"), RIGHT)
def test_one_wrong_digit_is_refused(rule, number):
    wrong = {
        f"{number[:index]}{digit}{number[index + 1 :]}"
        for index, right in enumerate(number)
        if right.isdigit()
        for digit in "0123456789"
    } - {number}
    assert list(filter(rule, wrong)) == []


OTHER_FORMS = {
    is_bankgiro: [
        "", "-", "505-01055", "5050 1055", "50501055 ", "000-0000", "5050-10551", "٥٠٥٠1055",
    ],
    is_plusgiro: ["", "8", "0-0", "41-232", "41 23-2", "123456789-7", "4123-"],
    is_iban: [
        "", "SE45 5000 0000 0583 9825 7466", "se4550000000058398257466", "5050-1055", "SE45",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in OTHER_FORMS.items() for text in texts]
)
def test_what_has_another_form_is_no_number(rule, text):
    assert not rule(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ESSESESS", True),
        ("DEUTDEFF500", True),
        ("", False),
        ("ESSESES", False),
        ("ESSESESS5", False),
        ("essesess", False),
        ("ESSE5ESS", False),
    ],
)
def test_a_bic_has_8_or_11_characters_and_a_country(text, expected):
    assert is_bic(text) is expected
