"""The past: one invoice explained, earlier imports, and payments with their origin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import command, option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.login import NO_BROWSER, UNATTENDED, interactive_host
from hostsim.cli.payments import payments
from hostsim.cli.root import hostsim
from hostsim.ledger.matching import KINDS
from hostsim.messages import formats
from hostsim.messages import results as results_messages
from hostsim.messages.payments import payments as payments_text
from hostsim.storage import commits
from hostsim.views.explanation import explanation_object, write_explanation
from hostsim.views.payments import REGISTERED_PAYMENTS, write_entry
from hostsim.views.preview import write_preview
from hostsim.views.runs import RUNS, write_run, write_run_json, write_runs
from hostsim.views.table import write_json
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.payments_file import Exported
    from hostsim.storage.history import Imported
    from hostsim.storage.store import Store


@command(
    hostsim,
    "why",
    sv="Visa allt om en faktura: betalningar i Fortnox, vad de blev här, vad som saknas.",
    en="Explain one invoice: its payments in Fortnox, their outcome here, and what is missing.",
)
@click.argument("invoice", metavar="FAKTURA")
@click.argument("name", required=False, metavar="[NAMN]")
@option(
    "--region",
    metavar="REGION",
    sv="Fakturans region, om flera har numret.",
    en="The invoice's region, if several have it.",
)
@option(
    "--offline",
    is_flag=True,
    sv="Fråga inte Fortnox; visa det som är känt här.",
    en="Do not ask Fortnox.",
)
@NO_BROWSER
@UNATTENDED
def why(
    common: Common,
    invoice: str,
    name: str | None,
    *,
    region: str | None,
    offline: bool,
    no_browser: bool,
    unattended: bool,
) -> None:
    with open_store(common) as store:
        with interactive_host(
            common, store, no_browser=no_browser, attended=not unattended
        ) as host:
            found = host.why(invoice, name, region=region, offline=offline)
        if common.json:
            write_json(common.output, explanation_object(found, common.language))
        else:
            write_explanation(common.output, found)


@command(
    hostsim,
    "runs",
    sv="Visa alla importer, eller en i sin helhet.",
    en="Show all imports, or one in full.",
)
@click.argument("run", required=False, metavar="[ID]")
def runs(common: Common, run: str | None) -> None:
    with open_store(common) as store:
        host = make_host(store)
        if run is not None:
            _show_run(common, store, host.run(run))
        elif common.json:
            common.write_list(RUNS, host.runs)
        else:
            write_runs(common.output, host.runs)


def _show_run(common: Common, store: Store, run: Imported) -> None:
    from hostsim.storage.previews import preview_of

    preview = preview_of(store, run.id) if run.state == "open" else None
    if common.json:
        lists = {} if preview is None else {kind: preview.rows(kind) for kind in KINDS}
        registered = store.payments(run_id=run.id)
        write_run_json(common.output, run, registered, lists)
        return
    write_run(common.output, run, lambda: store.payments(run_id=run.id))
    if preview is not None:
        common.output.line()
        write_preview(common.output, preview, show_ignored=True)


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
    commits.note(results_messages.file_written(file))
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
