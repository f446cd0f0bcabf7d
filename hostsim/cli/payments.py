"""What is registered: as a list, one in full, as a file, and what a person adds or deletes."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import Day, command, option, why_option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.root import hostsim
from hostsim.errors import host_error
from hostsim.ledger.amounts import typed_money, typed_rate
from hostsim.ledger.hand_payments import TypedPayment, wrong_amount_error
from hostsim.ledger.values import same_currency
from hostsim.messages import formats
from hostsim.messages import results as results_messages
from hostsim.messages.payments import payments as payments_text
from hostsim.services.hand_payments import MAX_KEY_LENGTH
from hostsim.storage import unreported_commits
from hostsim.views.payments import REGISTERED_PAYMENTS, write_entries, write_entry
from hostsim.views.table import write_json
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.payments_file import Exported


@command(
    hostsim,
    "payments",
    group=True,
    sv="Visa de registrerade betalningarna, exportera dem, eller registrera och ta bort för hand.",
    en="Show the registered payments, export them, or register and delete by hand.",
)
@option(
    "--origin",
    metavar="URSPRUNG",
    sv="Bara import, hand, eller en källa i Fortnox (manual, file, finance, autogiro …).",
    en="Only import, hand, or a source in Fortnox (manual, file, finance, autogiro …).",
)
def payments(common: Common, origin: str | None) -> None:
    with open_store(common) as store:
        if common.json:
            common.write_list(REGISTERED_PAYMENTS, lambda: store.payments(origin=origin))
        else:
            write_entries(common.output, lambda: store.payments(origin=origin))


@command(payments, "show", sv="Visa en betalning i sin helhet.", en="Show one payment in full.")
@click.argument("payment", metavar="ID", type=int)
def show(common: Common, payment: int) -> None:
    with open_store(common) as store:
        entry = store.payment(payment)
    if common.json:
        common.write_one(REGISTERED_PAYMENTS, entry)
    else:
        write_entry(common.output, entry)


@command(
    payments,
    "export",
    sv="Skriv betalningarna till en CSV-fil för Fortnox, utan dem som kom därifrån.",
    en="Write the payments to a CSV file for Fortnox, without those that came from there.",
)
@click.argument("file", metavar="FIL|-")
@option(
    "--region",
    metavar="REGION",
    sv="Regionen vars betalningar skrivs.",
    en="The region whose payments are written.",
)
@option(
    "--everything",
    is_flag=True,
    sv="Även det som kom från Fortnox; filen får då inte läsas in i Fortnox.",
    en="Also what came from Fortnox; the file must then not be brought in to Fortnox.",
)
def export(common: Common, file: str, *, region: str | None, everything: bool) -> None:
    from hostsim.services import payments_file

    if file == "-" and common.json:
        raise usage(
            "Välj en fil: med - står filen själv på standard output, och --json får inte plats.",
            "Choose a file: with - the file itself is standard output, without room for --json.",
        )
    if file != "-":
        payments_file.refuse_existing(Path(file))
    with (
        open_store(common) as store,
        payments_file.export(store, region=region, everything=everything) as exported,
    ):
        _note_excluded(common, exported, everything=everything)
        if file == "-":
            for line in exported.lines:
                common.output.write(line)
            return
        payments_file.write_new(Path(file), exported.lines)
    unreported_commits.note(results_messages.FILE_WRITTEN(path=file))
    _show_export(common, file, exported)


def _note_excluded(common: Common, exported: Exported, *, everything: bool) -> None:
    if everything:
        common.note(
            "Varning: filen innehåller även det som kom från Fortnox och får inte läsas in där.",
            "Warning: the file also holds what came from Fortnox and must not be brought in there.",
        )
        return
    common.note(*_excluded(exported))


def _excluded(exported: Exported) -> Text:
    number, sek = payments_text(exported.excluded), exported.excluded_amount
    return Text(
        f"Utelämnade, eftersom de kom från Fortnox: {number.sv}, {formats.money(sek, 'sv')} SEK.",
        f"Excluded, since they came from Fortnox: {number.en}, {formats.money(sek, 'en')} SEK.",
    )


def _show_export(common: Common, file: str, exported: Exported) -> None:
    if common.json:
        answer = {
            "file": file,
            "payments": exported.payments,
            "amount": exported.amount,
            "left_out": {
                "payments": exported.excluded,
                "amount": exported.excluded_amount,
            },
        }
        write_json(common.output, answer)
        return
    number, sek = payments_text(exported.payments), exported.amount
    common.output.say(
        f"Skrivna till {file}: {number.sv}, {formats.money(sek, 'sv')} SEK.",
        f"Written to {file}: {number.en}, {formats.money(sek, 'en')} SEK.",
    )
    common.output.say(*_excluded(exported))


# --- By hand ---


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
    f"ingenting. Högst {MAX_KEY_LENGTH} tecken.",
    en="A key of your own, for scripts: the same key again shows the same payment and registers "
    f"nothing. At most {MAX_KEY_LENGTH} characters.",
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
    typed = typed_money(amount)
    if typed is None or (currency and typed[1] and not same_currency(currency, typed[1])):
        raise wrong_amount_error(amount)
    known_rate = None if rate is None else typed_rate(rate)
    if rate is not None and known_rate is None:
        raise usage(
            f"Kursen ”{rate[:50]}” är inget tal.", f"The rate “{rate[:50]}” is not a number."
        )
    if key == "":
        # An empty variable of a script would protect from nothing.
        raise host_error("PAYMENT_KEY", longest=MAX_KEY_LENGTH)
    money, currency = typed[0], currency or typed[1]
    payment = TypedPayment(
        invoice, money, when, region, bank_account, currency, known_rate, key or ""
    )
    with open_store(common) as store:
        result = make_host(store).enter_payment(payment, confirm=confirm)
        added = store.payment(result.id)
    for doubt in result.doubts:
        message = doubt.message
        common.note(f"Bekräftat: {message.sv}", f"Confirmed: {message.en}")
    if not common.json:
        already, registered = results_messages.PAYMENT_KNOWN, results_messages.PAYMENT_ADDED
        common.output.line((already if result.already else registered)(id=result.id))
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
@why_option("Varför den tas bort; måste anges.", "Why it is deleted; must be given.")
def delete(common: Common, payment_id: int, why: str) -> None:
    with open_store(common) as store:
        make_host(store).delete_payment(payment_id, why=why)
        deleted = store.payment(payment_id)
    common.write_one(REGISTERED_PAYMENTS, deleted)
