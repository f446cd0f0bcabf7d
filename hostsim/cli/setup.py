"""What an administrator prepares: the database, the office, invoices and bills, the login."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import FILE, NAME, command, option
from hostsim.cli.common import Common, key_values, open_store
from hostsim.cli.login import NO_BROWSER, interactive_host
from hostsim.cli.root import hostsim
from hostsim.messages.text import say
from hostsim.views.bills import BILLS
from hostsim.views.definitions import SETTINGS
from hostsim.views.invoices import INVOICES
from hostsim.views.table import write_json
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.item_file import ProblemList
    from hostsim.storage.item_content import LostContent
    from hostsim.storage.store import Loaded


@command(hostsim, "init", sv="Skapa databasen.", en="Make the database.")
def init(common: Common) -> None:
    from hostsim.storage.store import Store

    path = common.database
    store, created = Store.open_or_create(path)
    store.close()
    if common.json:
        write_json(common.output, {"database": str(path), "created": created})
    elif created:
        common.output.say(f"Databasen {path} är skapad.", f"The database {path} is made.")
    else:
        common.output.say(f"Databasen {path} finns redan.", f"The database {path} exists already.")


@command(
    hostsim,
    "settings",
    sv="Visa eller ändra kontorets inställningar: default_currency, accepted_deviation, "
    "invoice_columns.",
    en="Show or change the settings of the office: default_currency, accepted_deviation, "
    "invoice_columns.",
)
@click.argument("values", nargs=-1, metavar="[NAMN=VÄRDE]...")
def settings(common: Common, values: tuple[str, ...]) -> None:
    from hostsim.services.open_previews import office_settings_change

    changes = key_values(values)
    with open_store(common) as store:
        with office_settings_change(store):
            for key, value in changes.items():
                store.set_setting(key, value)
        now = dict(store.settings())
    if common.json:
        write_json(common.output, now)
        return
    common.write_list(SETTINGS, now.items)


@command(
    hostsim,
    "invoices",
    group=True,
    sv="Visa fakturorna, eller läs in dem.",
    en="Show the invoices, or load them.",
)
def invoices(common: Common) -> None:
    with open_store(common) as store:
        common.write_list(INVOICES, store.invoices)


@command(
    invoices,
    "load",
    sv="Läs in fakturor från en CSV- eller XLSX-fil, eller med rader från en JSON-fil.",
    en="Load invoices from a CSV or XLSX file, or with their rows from a JSON file.",
)
@FILE
@option(
    "--region",
    default="",
    sv="Region för fakturor som inte anger någon.",
    en="Region of invoices that name none.",
)
@option(
    "--columns",
    metavar="RUBRIK=KOLUMN,...",
    sv="Vad filens rubriker betyder; ”Moms=” läses inte. Läggs till det som sagts förut; ”” "
    "glömmer det.",
    en="What the file's headings mean; “VAT=” is not read. Added to what was said before; “” "
    "forgets it.",
)
def load_invoices(common: Common, file: Path, region: str, columns: str | None) -> None:
    from hostsim.services import invoices_json, invoices_table
    from hostsim.services.item_file import FileProblem, ProblemList
    from hostsim.services.open_previews import judge_open_previews

    notes = ProblemList()
    with open_store(common) as store:
        meaning = store.settings()["invoice_columns"]
        if columns is not None:
            meaning = invoices_table.merged_columns(meaning, columns)
        if invoices_json.is_json(file):
            rows = invoices_json.InvoicesFile(region, notes).read(file)
        else:
            rows = invoices_table.InvoicesTable(region, notes, meaning).read(file)
        with store.checked_change():
            store.set_setting("invoice_columns", meaning)
            loaded = store.load_invoices(rows)
        judge_open_previews(store)
    for lost in loaded.lost:
        for message in _losses(lost):
            notes.add(FileProblem(0, None, message, lost.number))
    _show_loaded(common, loaded, notes, "invoice_number", Text("Fakturorna", "The invoices"))


def _losses(lost: LostContent) -> Iterator[Text]:
    """Say what an invoice that had rows has lost, or has otherwise than where it was exported."""
    from hostsim.messages import files
    from hostsim.messages.formats import money_of

    if lost.rows:
        yield files.LOST_ROWS_THERE if lost.may_be_there else files.LOST_ROWS
    if lost.customer != lost.customer_before:
        yield files.OTHER_CUSTOMER(before=lost.customer_before, now=lost.customer)
    if lost.total_there is not None and lost.total_differs:
        now, there = (money_of(each, lost.currency) for each in (lost.total, lost.total_there))
        yield files.OTHER_TOTAL(now=now, there=there)


@command(
    hostsim,
    "bills",
    group=True,
    sv="Visa underleverantörernas avräkningar, eller läs in dem.",
    en="Show the bills of subcontractors, or load them.",
)
def bills(common: Common) -> None:
    with open_store(common) as store:
        common.write_list(BILLS, store.bills)


@command(
    bills,
    "load",
    sv="Läs in avräkningar med rader från en JSON-fil.",
    en="Load bills with their rows from a JSON file.",
)
@FILE
@option(
    "--region",
    default="",
    sv="Region för avräkningar som inte anger någon.",
    en="Region of bills that name none.",
)
def load_bills(common: Common, file: Path, region: str) -> None:
    from hostsim.services.bills_json import BillsFile
    from hostsim.services.item_file import ProblemList

    notes = ProblemList()
    with open_store(common) as store:
        loaded = store.load_bills(BillsFile(region, notes).read(file))
    _show_loaded(common, loaded, notes, "bill_number", Text("Avräkningarna", "The bills"))


def _show_loaded(
    common: Common, loaded: Loaded, notes: ProblemList, number: str, what: Text
) -> None:
    """Print what was loaded, and what is odd about it.

    :param number: the key of an item's number in JSON.
    """
    for note in notes.first:
        common.note(f"Obs: {note.text('sv')}", f"Note: {note.text('en')}")
    more = notes.found - len(notes.first)
    if more:
        common.note(f"Obs: och {more} anmärkningar till.", f"Note: and {more} notes more.")
    if common.json:
        first = [
            {
                "line": note.line,
                "column": note.field,
                **({number: note.item} if note.item else {}),
                "sentence": say(note.message, common.language),
            }
            for note in notes.first
        ]
        write_json(
            common.output,
            {"added": loaded.new, "updated": loaded.updated, "noted": notes.found, "notes": first},
        )
        return
    common.output.say(
        f"{what.sv} är inlästa: {loaded.new} nya, {loaded.updated} uppdaterade.",
        f"{what.en} are loaded: {loaded.new} new, {loaded.updated} updated.",
    )


@command(
    hostsim,
    "sign-in",
    sv="Logga in en gång, för de körningar som ingen är med vid.",
    en="Sign in once, for the runs that nobody is there for.",
)
@NAME
@NO_BROWSER
def sign_in(common: Common, name: str) -> None:
    with (
        open_store(common) as store,
        interactive_host(common, store) as (host, _),
    ):
        company = host.sign_in(name)
    if common.json:
        write_json(common.output, {"definition": name, "company": asdict(company)})
        return
    common.output.say(
        f"{name} är inloggad till {company.name} ({company.number}).",
        f"{name} is signed in to {company.name} ({company.number}).",
    )
