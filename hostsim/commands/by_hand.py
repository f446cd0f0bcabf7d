"""Registering and deleting payments by hand."""

from __future__ import annotations

from datetime import date, datetime

import click

from hostsim import history, render, render_history
from hostsim.by_hand import typed_number
from hostsim.commands.common import Common, Option, command, host_over, opened, usage
from hostsim.commands.register import payments
from hostsim.deciding import LONGEST_WHY
from hostsim.errors import host_error
from hostsim.texts import Text


@command(
    payments,
    "add",
    Text(
        "Registrera en betalning för hand. Skriv -- före ett negativt belopp.",
        "Register a payment by hand. Write -- before a negative amount.",
    ),
)
@click.argument("invoice", metavar="FAKTURA")
@click.argument("amount", metavar="BELOPP")
@click.option(
    "--region",
    default="",
    cls=Option,
    says=Text("Fakturans region; annars standardregionen.", "The invoice's; else the default one."),
)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATUM",
    cls=Option,
    says=Text(
        "Betalningsdatum, till exempel 2026-03-31; annars i dag.",
        "Payment date, such as 2026-03-31; otherwise today.",
    ),
)
@click.option(
    "--bank-account",
    default="",
    cls=Option,
    says=Text("Bankkontot som pengarna kom in på.", "The bank account that the money came to."),
)
@click.option(
    "--currency",
    default="",
    cls=Option,
    says=Text("Beloppets valuta; den ska vara fakturans.", "The amount's; must be the invoice's."),
)
@click.option(
    "--rate",
    cls=Option,
    says=Text(
        "Kursen, SEK för en enhet, när fakturan inte är i SEK.",
        "The rate, SEK for one unit, where the invoice is not in SEK.",
    ),
)
def add(
    common: Common,
    *,
    invoice: str,
    amount: str,
    region: str,
    day: datetime | None,
    bank_account: str,
    currency: str,
    rate: str | None,
) -> None:
    """Register a payment, and show it."""
    when: date | None = None if day is None else day.date()
    money = typed_number(amount)
    if money is None:
        raise host_error("PAYMENT_AMOUNT", amount=amount[:50])
    known_rate = None if rate is None else typed_number(rate)
    if rate is not None and known_rate is None:
        raise usage(f"Kursen ”{rate[:50]}” är inget tal.", f"The rate “{rate[:50]}” is no number.")
    with opened(common) as store:
        its = host_over(store).add_payment(
            invoice,
            money,
            region=region,
            date=when,
            bank_account=bank_account,
            currency=currency,
            rate=known_rate,
        )
        added = history.entry(store, its)
    if common.json:
        render.write_json(common.paper, render_history.entry_object(added, common.language))
        return
    common.paper.say(
        f"Betalningen är registrerad med id {its}.", f"The payment is registered with id {its}."
    )
    render.show_table(common.paper, render_history.entry_columns(common.paper), lambda: [added])


@command(
    payments,
    "delete",
    Text(
        "Ta bort en registrerad betalning. Den står kvar, märkt, och fakturan får tillbaka "
        "beloppet; kom den från Fortnox erbjuds den igen vid nästa import.",
        "Delete a registered payment. It stays, marked, and the invoice gets the amount back; "
        "one that came from Fortnox is offered again by the next import.",
    ),
)
@click.argument("its", metavar="ID", type=int)
@click.option(
    "--why",
    default="",
    metavar="TEXT",
    cls=Option,
    says=Text(
        f"Varför den tas bort; måste anges. Högst {LONGEST_WHY} tecken.",
        f"Why it is deleted; must be given. At most {LONGEST_WHY} characters.",
    ),
)
def delete(common: Common, its: int, why: str) -> None:
    """Delete a payment, and show how it stands now."""
    with opened(common) as store:
        host_over(store).delete_payment(its, why=why)
        deleted = history.entry(store, its)
    if common.json:
        render.write_json(common.paper, render_history.entry_object(deleted, common.language))
        return
    render.show_table(common.paper, render_history.entry_columns(common.paper), lambda: [deleted])
