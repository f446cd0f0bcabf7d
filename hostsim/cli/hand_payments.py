"""Registering and deleting payments by hand."""

from __future__ import annotations

from datetime import date, datetime

import click

from hostsim.cli.command import Day, command, option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.payments import payments
from hostsim.errors import host_error
from hostsim.ledger.amounts import typed_amount, typed_rate
from hostsim.ledger.hand_payments import Entry, wrong_amount
from hostsim.messages import results as results_messages
from hostsim.services.hand_payments import LONGEST_KEY
from hostsim.storage.decision_store import LONGEST_WHY
from hostsim.views.payments import REGISTERED_PAYMENTS


@command(
    payments,
    "add",
    sv="Registrera en betalning för hand. Skriv -- före ett negativt belopp.",
    en="Register a payment by hand. Write -- before a negative amount.",
)
@click.argument("invoice", metavar="FAKTURA")
@click.argument("amount", metavar="BELOPP")
@option(
    "--region",
    default="",
    sv="Fakturans region; annars standardregionen.",
    en="The invoice's; else the default one.",
)
@option(
    "--date",
    "day",
    type=Day(),
    metavar="DATUM",
    sv="Betalningsdatum, till exempel 2026-03-31; annars i dag.",
    en="Payment date, such as 2026-03-31; otherwise today.",
)
@option(
    "--bank-account",
    default="",
    sv="Bankkontot som pengarna kom in på.",
    en="The bank account that the money came to.",
)
@option(
    "--currency",
    default="",
    sv="Beloppets valuta; den ska vara fakturans.",
    en="The amount's; must be the invoice's.",
)
@option(
    "--rate",
    sv="Kursen, SEK för en enhet, när fakturan inte är i SEK.",
    en="The rate, SEK for one unit, where the invoice is not in SEK.",
)
@option(
    "--confirm",
    is_flag=True,
    sv="Registrera den fast något är tveksamt; det som är tveksamt skrivs ut.",
    en="Register it though something is doubtful; prints what is doubtful.",
)
@option(
    "--key",
    metavar="TEXT",
    sv="En egen nyckel, för skript: samma nyckel igen visar samma betalning och registrerar "
    f"ingenting. Högst {LONGEST_KEY} tecken.",
    en="A key of your own, for scripts: the same key again shows the same payment and registers "
    f"nothing. At most {LONGEST_KEY} characters.",
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
    confirm: bool,
    key: str | None,
) -> None:
    when: date | None = None if day is None else day.date()
    money = typed_amount(amount)
    if money is None:
        raise wrong_amount(amount)
    known_rate = None if rate is None else typed_rate(rate)
    if rate is not None and known_rate is None:
        raise usage(f"Kursen ”{rate[:50]}” är inget tal.", f"The rate “{rate[:50]}” is no number.")
    if key == "":
        # An empty variable of a script would protect from nothing.
        raise host_error("PAYMENT_KEY", longest=LONGEST_KEY)
    entry = Entry(invoice, money, when, region, bank_account, currency, known_rate, key or "")
    with open_store(common) as store:
        made = make_host(store).enter_payment(entry, confirm=confirm)
        added = store.payment(made.id)
    for doubt in made.doubts:
        message = doubt.message
        common.note(f"Bekräftat: {message.sv}", f"Confirmed: {message.en}")
    if not common.json:
        known, new = results_messages.payment_known, results_messages.payment_added
        common.output.line((known if made.already else new)(made.id))
    common.write_one(REGISTERED_PAYMENTS, added)


@command(
    payments,
    "delete",
    sv="Ta bort en registrerad betalning. Den står kvar, märkt, och fakturan får tillbaka "
    "beloppet; kom den från Fortnox erbjuds den igen vid nästa import.",
    en="Delete a registered payment. It stays, marked, and the invoice gets the amount back; "
    "one that came from Fortnox is offered again by the next import.",
)
@click.argument("payment_id", metavar="ID", type=int)
@option(
    "--why",
    default="",
    metavar="TEXT",
    sv=f"Varför den tas bort; måste anges. Högst {LONGEST_WHY} tecken.",
    en=f"Why it is deleted; must be given. At most {LONGEST_WHY} characters.",
)
def delete(common: Common, payment_id: int, why: str) -> None:
    with open_store(common) as store:
        make_host(store).delete_payment(payment_id, why=why)
        deleted = store.payment(payment_id)
    common.write_one(REGISTERED_PAYMENTS, deleted)
