"""What an administrator prepares: the database, the office, the invoices, the imports."""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostsim.cli.common import Common, Option, command, host_over, opened, pairs, usage, warn
from hostsim.cli.root import hostsim
from hostsim.messages.formats import day, plain
from hostsim.messages.text import say
from hostsim.views import terminal
from hostsim.views.terminal import Column
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Definition, Invoice
    from hostsim.services.host import Host
    from hostsim.storage.store import Store


@command(hostsim, "init", Text("Skapa databasen.", "Make the database."))
def init(common: Common) -> None:
    """Make the database, or say that it is there already."""
    from hostsim.storage.store import Store

    path = common.database
    there = path.exists()
    store = Store.open(path) if there else Store.create(path)
    store.close()
    if common.json:
        terminal.write_json(common.output, {"database": str(path), "created": not there})
    elif there:
        common.output.say(f"Databasen {path} finns redan.", f"The database {path} exists already.")
    else:
        common.output.say(f"Databasen {path} är skapad.", f"The database {path} is made.")


_SETTINGS = {
    "default_currency": Text("Standardvaluta", "Default currency"),
    "accepted_deviation": Text(
        "Accepterad fakturaavvikelse (SEK)", "Accepted invoice deviation (SEK)"
    ),
}


@command(
    hostsim,
    "settings",
    Text(
        "Visa eller ändra kontorets inställningar: default_currency, accepted_deviation.",
        "Show or change the settings of the office: default_currency, accepted_deviation.",
    ),
)
@click.argument("values", nargs=-1, metavar="[NAMN=VÄRDE]...")
def settings(common: Common, values: tuple[str, ...]) -> None:
    """Change what is given, then show all."""
    wanted = pairs(values)
    with opened(common) as store:
        with store.change():
            for key, value in wanted.items():
                store.set_setting(key, value)
        now = dict(store.settings())
    if common.json:
        terminal.write_json(common.output, now)
        return
    rows = [(key, now[key]) for key in now]
    columns: list[Column[tuple[str, str]]] = [
        Column(
            Text("Inställning", "Setting"),
            lambda row: say(_SETTINGS[row[0]], common.language) if row[0] in _SETTINGS else row[0],
        ),
        Column(Text("Namn", "Name"), lambda row: row[0]),
        Column(Text("Värde", "Value"), lambda row: terminal.one_line(row[1])),
    ]
    terminal.show_table(common.output, columns, lambda: rows)


@command(
    hostsim,
    "invoices",
    Text("Visa fakturorna, eller läs in dem.", "Show the invoices, or load them."),
    group=True,
)
@click.pass_context
def invoices(context: click.Context, common: Common) -> None:
    """Show the invoices when no subcommand follows."""
    if context.invoked_subcommand is not None:
        return
    with opened(common) as store:
        if common.json:
            objects = (_invoice_object(invoice) for invoice in store.invoices())
            terminal.write_array_json(common.output, objects)
            return
        terminal.show_table(common.output, _invoice_columns(common), store.invoices)


def _invoice_object(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_number": invoice.number,
        "ocr": invoice.ocr,
        "customer_code": invoice.customer_code,
        "customer_name": invoice.customer_name,
        "currency": invoice.currency,
        "total": plain(invoice.total),
        "remaining": plain(invoice.remaining),
        "invoice_date": day(invoice.invoice_date) or None,
        "due_date": day(invoice.due_date) or None,
        "region": invoice.region,
        "period_closed": invoice.period_closed,
    }


def _invoice_columns(common: Common) -> list[Column[Invoice]]:
    language = common.language
    return [
        Column(Text("Faktura", "Invoice"), lambda i: terminal.one_line(i.number), right=True),
        Column(Text("OCR", "OCR"), lambda i: terminal.one_line(i.ocr), right=True),
        Column(Text("Kundnr", "Customer no."), lambda i: terminal.one_line(i.customer_code)),
        Column(Text("Kund", "Customer"), lambda i: terminal.one_line(i.customer_name), wraps=True),
        Column(Text("Datum", "Date"), lambda i: day(i.invoice_date)),
        Column(Text("Förfaller", "Due"), lambda i: day(i.due_date)),
        Column(Text("Valuta", "Currency"), lambda i: terminal.one_line(i.currency)),
        Column(Text("Belopp", "Total"), lambda i: terminal.amount(i.total, language), right=True),
        Column(
            Text("Återstår", "Remaining"),
            lambda i: terminal.amount(i.remaining, language),
            right=True,
        ),
        Column(Text("Region", "Region"), lambda i: terminal.one_line(i.region)),
        Column(
            Text("Period", "Period"),
            lambda i: common.text(
                "stängd" if i.period_closed else "öppen", "closed" if i.period_closed else "open"
            ),
        ),
    ]


@command(
    invoices,
    "load",
    Text("Läs in fakturor från en CSV-fil.", "Load invoices from a CSV file."),
)
@click.argument("file", metavar="FIL", type=click.Path(path_type=Path))
@click.option(
    "--region",
    cls=Option,
    default="",
    says=Text("Region för rader som inte anger någon.", "Region of lines that name none."),
)
def load(common: Common, file: Path, region: str) -> None:
    """Load a file of invoices: all of it or nothing."""
    from hostsim.services.invoices_csv import Notes, read_invoices

    notes = Notes()
    with opened(common) as store:
        loaded = store.load_invoices(read_invoices(file, region=region, notes=notes))
    for note in notes.first:
        common.tell(f"Obs: {note.text('sv')}", f"Note: {note.text('en')}")
    more = notes.found - len(notes.first)
    if more:
        common.tell(
            f"Obs: och {more} rader till av samma slag.", f"Note: and {more} more such lines."
        )
    if common.json:
        told = [
            {
                "line": note.line,
                "column": note.field,
                "sentence": say(note.message, common.language),
            }
            for note in notes.first
        ]
        terminal.write_json(
            common.output,
            {
                "added": loaded.new,
                "updated": loaded.updated,
                "noted": notes.found,
                "notes": told,
            },
        )
        return
    common.output.say(
        f"Fakturorna är inlästa: {loaded.new} nya, {loaded.updated} uppdaterade.",
        f"The invoices are loaded: {loaded.new} new, {loaded.updated} updated.",
    )


@command(
    hostsim,
    "formats",
    Text(
        "Visa de importer som är upplagda, eller lägg upp en.",
        "Show the imports that are defined, or define one.",
    ),
    group=True,
)
@click.pass_context
def formats(context: click.Context, common: Common) -> None:
    """Show the defined imports when no subcommand follows."""
    if context.invoked_subcommand is not None:
        return
    with opened(common) as store:
        host = host_over(store)
        definitions = list(store.definitions())
        if common.json:
            terminal.write_array_json(common.output, (_format_object(d, host) for d in definitions))
            return
        if not definitions:
            common.output.say(
                "Ingen import är upplagd än; gör en med hostsim formats add.",
                "No import is defined yet; make one with hostsim formats add.",
            )
        terminal.show_table(common.output, _format_columns(common, host), lambda: definitions)


def _format_object(definition: Definition, host: Host) -> dict[str, Any]:
    return {
        "name": definition.name,
        "type": definition.import_type,
        "format": definition.import_format,
        "region": definition.region,
        "settings": _shown_values(definition, host),
        "company": terminal.company_object(definition.company),
    }


def _shown_values(definition: Definition, host: Host) -> dict[str, str]:
    return host.shown_settings(definition.import_type, definition.settings)


def _format_columns(common: Common, host: Host) -> list[Column[Definition]]:
    def values(definition: Definition) -> str:
        shown = _shown_values(definition, host)
        return terminal.one_line("  ".join(f"{key}={value}" for key, value in shown.items()))

    def company(definition: Definition) -> str:
        if definition.company is None:
            return common.text("inget än", "none yet")
        return terminal.company_label(definition.company, common.language)

    return [
        Column(Text("Namn", "Name"), lambda d: terminal.one_line(d.name)),
        Column(Text("Importtyp", "Import type"), lambda d: d.import_type),
        Column(Text("Importformat", "Import format"), lambda d: d.import_format),
        Column(Text("Region", "Region"), lambda d: terminal.one_line(d.region)),
        Column(Text("Företag", "Company"), company, wraps=True),
        Column(Text("Inställningar", "Settings"), values, wraps=True),
    ]


@command(formats, "add", Text("Lägg upp en import.", "Define an import."))
@click.argument("name", metavar="NAMN")
@click.option(
    "--type",
    "import_type",
    cls=Option,
    required=True,
    says=Text("Importtyp, till exempel FortnoxAPI.", "Import type, such as FortnoxAPI."),
)
@click.option(
    "--format",
    "import_format",
    cls=Option,
    required=True,
    says=Text("Importformat, till exempel API.", "Import format, such as API."),
)
@click.option(
    "--region",
    cls=Option,
    default="",
    says=Text("Regionen vars fakturor betalas.", "The region whose invoices are paid."),
)
@click.option(
    "--same-company-as",
    "company_of",
    cls=Option,
    metavar="NAMN",
    says=Text(
        "En import vars företag den här delar, där flera regioner är samma företag.",
        "An import whose company this one shares, where several regions are one company.",
    ),
)
@click.option(
    "--set",
    "values",
    cls=Option,
    multiple=True,
    metavar="FÄLT=VÄRDE",
    says=Text("Ett fälts värde; kan anges flera gånger.", "A field's value; may be repeated."),
)
def formats_add(  # noqa: PLR0917
    common: Common,
    name: str,
    import_type: str,
    import_format: str,
    region: str,
    company_of: str | None,
    values: tuple[str, ...],
) -> None:
    """Define an import, if its plug-in accepts the values."""
    with opened(common) as store:
        host = host_over(store)
        problems = host.define(
            name, import_type, import_format, region, pairs(values), company_of=company_of
        )
        warn(common, problems)
        _show_format(common, store, host, name)


@command(formats, "set", Text("Ändra en imports inställningar.", "Change an import's settings."))
@click.argument("name", metavar="NAMN")
@click.argument("values", nargs=-1, metavar="[FÄLT=VÄRDE]...")
@click.option(
    "--region",
    cls=Option,
    says=Text(
        "En annan region; går så länge ingen betalning är sparad.",
        "Another region; possible as long as no payment is saved.",
    ),
)
def formats_set(common: Common, name: str, values: tuple[str, ...], region: str | None) -> None:
    """Change the given fields of an import, if its plug-in accepts them."""
    if not values and region is None:
        raise usage("Ange minst ett FÄLT=VÄRDE.", "Give at least one FIELD=VALUE.")
    with opened(common) as store:
        host = host_over(store)
        warn(common, host.change(name, pairs(values), region=region))
        _show_format(common, store, host, name)


def _show_format(common: Common, store: Store, host: Host, name: str) -> None:
    definition = store.definition(name)
    if common.json:
        terminal.write_json(common.output, _format_object(definition, host))
        return
    terminal.show_table(common.output, _format_columns(common, host), lambda: [definition])
