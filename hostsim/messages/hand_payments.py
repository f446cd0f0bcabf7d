"""What is doubtful about a payment that a person typed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hostsim.messages.formats import money
from opter_contract.values import Text


def invoice_facts(
    number: str, customer: str, total: Decimal, remaining: Decimal, currency: str
) -> Text:
    return Text(
        f"Faktura {number}, {customer}: totalt {money(total, 'sv')} {currency}, "
        f"{money(remaining, 'sv')} {currency} återstår.",
        f"Invoice {number}, {customer}: total {money(total, 'en')} {currency}, "
        f"{money(remaining, 'en')} {currency} remains.",
    )


def doubtful_date(day: date, first: date, today: date) -> Text:
    if day > today:
        return Text(
            f"Datumet {day} ligger efter i dag, {today}.",
            f"The date {day} is after today, {today}.",
        )
    return Text(
        f"Datumet {day} ligger mer än ett år tillbaka, före {first}.",
        f"The date {day} is more than a year ago, before {first}.",
    )


def more_than_remains(amount: Decimal, remaining: Decimal, currency: str) -> Text:
    return Text(
        f"Beloppet {money(amount, 'sv')} {currency} är mer än de {money(remaining, 'sv')} "
        f"{currency} som återstår.",
        f"The amount {money(amount, 'en')} {currency} is more than the {money(remaining, 'en')} "
        f"{currency} that remain.",
    )


def nothing_remains(too_much: Decimal, currency: str) -> Text:
    if not too_much:
        return Text("Ingenting återstår av fakturan.", "Nothing remains of the invoice.")
    return Text(
        f"Ingenting återstår av fakturan: {money(too_much, 'sv')} {currency} för mycket är redan "
        "registrerat.",
        f"Nothing remains of the invoice: {money(too_much, 'en')} {currency} too much is "
        "registered already.",
    )


def more_than_was_paid(amount: Decimal, paid: Decimal, currency: str) -> Text:
    return Text(
        f"Beloppet {money(amount, 'sv')} {currency} ger tillbaka mer än de {money(paid, 'sv')} "
        f"{currency} som är betalda.",
        f"The amount {money(amount, 'en')} {currency} gives back more than the "
        f"{money(paid, 'en')} {currency} that were paid.",
    )


def first_rate(rate: Decimal, currency: str) -> Text:
    return Text(
        f"Kursen {_rate(rate, 'sv')} är den första i {currency}, så det finns ingen att jämföra "
        "med.",
        f"The rate {_rate(rate, 'en')} is the first in {currency}, so that there is none to "
        "compare it with.",
    )


def doubtful_rate(rate: Decimal, last: Decimal, currency: str) -> Text:
    return Text(
        f"Kursen {_rate(rate, 'sv')} avviker mer än en tredjedel från den senast registrerade i "
        f"{currency}, {_rate(last, 'sv')}.",
        f"The rate {_rate(rate, 'en')} is more than a third away from the one registered last in "
        f"{currency}, {_rate(last, 'en')}.",
    )


def _rate(rate: Decimal, language: str) -> str:
    text = f"{rate:f}"
    return text if language == "en" else text.replace(".", ",")


def identical(
    payment_id: int, amount: Decimal, currency: str, day: date, *, who: Text, number: str | None
) -> Text:
    """Return the doubt about a registered payment that may be the same.

    :param number: at the source; ``None`` for one by hand.
    """
    sv = "för hand" if number is None else f"från import, nummer {number}"
    en = "by hand" if number is None else f"by an import, number {number}"
    return Text(
        f"Samma betalning kan vara registrerad redan: id {payment_id}, {money(amount, 'sv')} "
        f"{currency}, {day}, {sv}, av {who.sv}.",
        f"The same payment may be registered already: id {payment_id}, {money(amount, 'en')} "
        f"{currency}, {day}, {en}, by {who.en}.",
    )
