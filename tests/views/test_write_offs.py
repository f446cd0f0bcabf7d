"""What was written off where a payment came from is said as a person would say it."""

from decimal import Decimal

import pytest

from hostsim.views.payments import write_off_sentences
from hostsim.views.table import Money


@pytest.mark.parametrize(
    ("off", "paid", "sentence"),
    [
        ("0.40", "100", "0,40 SEK är avskrivet"),
        ("-0.40", "100", "0,40 SEK för mycket betalt är bokfört som differens"),
        ("-0.40", "-100", "0,40 SEK är avskrivet"),
        ("0.40", "-100", "0,40 SEK för mycket betalt är bokfört som differens"),
    ],
)
def test_no_sentence_about_a_write_off_has_a_minus_sign(off, paid, sentence):
    [said] = write_off_sentences([Money(Decimal(off))], Decimal(paid))
    assert said.sv.replace("\xa0", " ") == sentence
