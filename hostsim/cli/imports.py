"""The daily work: import, save, and compare."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import NAME, OPTIONAL_NAME, Day, command, common_option, option, why_option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.login import NO_BROWSER, UNATTENDED, interactive_host
from hostsim.cli.root import hostsim
from hostsim.errors import HostError, host_error
from hostsim.storage import previews
from hostsim.storage.previews import PreviewChanged
from hostsim.views.output import ReaderClosed
from hostsim.views.preview_output import write_no_preview_json, write_preview, write_preview_json
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview


REGION = option(
    "--region",
    metavar="REGION",
    sv="Regionen vars fakturor betalas; annars filformatets egen.",
    en="The region whose invoices are paid; otherwise the file format's own.",
)

BANK_ACCOUNT = option(
    "--bank-account",
    default="",
    metavar="KONTO",
    sv="Bankkontot som pengarna kom in på.",
    en="The bank account that the money came in to.",
)

DATE = option(
    "--date",
    "day",
    type=Day(),
    metavar="DATUM",
    sv="Importens datum, annars i dag; varje betalning behåller sitt eget.",
    en="The date of the import, otherwise today; each payment keeps its own.",
)

SHOW_IGNORED = common_option(
    "--show-ignored",
    is_flag=True,
    sv="Visa även de ignorerade en för en.",
    en="Show the ignored ones one by one, too.",
)


@command(
    hostsim, "import", sv="Läs in betalningar och visa dem.", en="Bring in payments and show them."
)
@NAME
@option("--save", is_flag=True, sv="Spara dem också.", en="Save them too.")
@REGION
@BANK_ACCOUNT
@DATE
@NO_BROWSER
@UNATTENDED
@SHOW_IGNORED
def import_(
    common: Common,
    name: str,
    *,
    save: bool,
    region: str | None,
    bank_account: str,
    day: datetime | None,
) -> None:
    with open_store(common) as store:
        store.definition(name)
        with interactive_host(common, store) as (host, _):
            preview = host.import_payments(
                name, region=region, bank_account=bank_account, date=day and day.date()
            )
        if save:
            with show_if_changed(common):
                preview = host.save(name, preview.revision) or preview
        show_preview(common, preview)


@contextlib.contextmanager
def show_if_changed(common: Common) -> Iterator[None]:
    """Show the open preview, if it is not the one that was shown, so that nothing was done.

    The error is reported also if the preview cannot be printed; it is not marked as printed then.
    """
    try:
        yield
    except PreviewChanged as changed:
        try:
            show_preview(common, changed.preview)
        except (ReaderClosed, HostError) as error:
            raise changed from error
        raise


def show_preview(common: Common, preview: Preview) -> None:
    """Print a preview as tables or as JSON, and mark it as the one that a save saves.

    The last thing that a command does with its result.
    """
    output = common.output
    if common.json:
        write_preview_json(output, preview)
    else:
        write_preview(output, preview, show_ignored=common.show_ignored)
    output.flush()
    preview.mark_printed()


def show_if_any(common: Common, preview: Preview | None, name: str | None, none: Text) -> None:
    """Show a preview, or that there is none."""
    if preview is not None:
        show_preview(common, preview)
    elif common.json:
        write_no_preview_json(common.output, name)
    else:
        common.output.line(none)


@command(
    hostsim, "save", sv="Spara de betalningar som visades.", en="Save the payments that were shown."
)
@OPTIONAL_NAME
@option(
    "--revision",
    metavar="REVISION",
    sv="Spara just den revisionen (revision i --json); annars den som ett kommando visade sist.",
    en="Save this very revision (revision in --json); otherwise the one that a command showed "
    "last.",
)
@option(
    "--leave",
    multiple=True,
    metavar="NUMMER",
    sv="Spara inte den betalningen; den erbjuds igen vid nästa import. Kan anges flera gånger.",
    en="Do not save this payment; the next import offers it again. May be given several times.",
)
@SHOW_IGNORED
def save(
    common: Common,
    name: str | None,
    *,
    revision: str | None,
    leave: tuple[str, ...],
) -> None:
    with open_store(common) as store:
        # First of all: what another command prints from now on, the person has not read.
        shown = previews.printed_revision(store, name) if revision is None else revision
        if name is not None:
            store.definition(name)
        if not shown and revision is not None:
            raise usage("Ange en revision.", "Give a revision.")
        host = make_host(store)
        with show_if_changed(common):
            if leave:
                name = host.name_to_save(name)
                if name is None:
                    raise host_error("NOTHING_TO_SAVE")
                left = host.leave_out(name, leave, revision=shown)
                shown = "" if left is None else left.revision
            preview = host.save(name, shown)
        none = Text("Det finns inget att spara.", "There is nothing to save.")
        show_if_any(common, preview, name, none)


@command(
    hostsim,
    "undo-save",
    sv="Ångra en hel sparning: dess betalningar står kvar som borttagna, och erbjuds igen vid "
    "nästa import. Ta in dem igen med decide --take-again --run.",
    en="Undo a whole save: its payments stay as deleted, and the next import offers them again. "
    "Take them again with decide --take-again --run.",
)
@click.argument("run", metavar="ID")
@why_option("Varför; måste anges.", "Why; must be given.")
def undo_save(common: Common, run: str, why: str) -> None:
    from hostsim.views.payments import REGISTERED_PAYMENTS, with_states
    from hostsim.views.table import as_object, write_json

    with open_store(common) as store:
        undone = make_host(store).undo_save(run, why=why)
    if common.json:
        kept = [as_object(REGISTERED_PAYMENTS, entry, common.language) for entry in undone.kept]
        numbers = {"deleted": undone.deleted, "restored": undone.restored}
        write_json(common.output, {**numbers, "forgotten": len(undone.forgotten), "kept": kept})
        return
    common.output.line(undone.sentence)
    if undone.kept:
        which = with_states(undone.kept)
        common.output.say(f"Rördes inte: {which.sv}.", f"Not touched: {which.en}.")


@command(
    hostsim,
    "reconcile",
    sv="Jämför alla betalningar som finns där de kommer ifrån med de registrerade; ingenting "
    "ändras.",
    en="Compare all payments that exist where they come from with the registered ones; "
    "nothing is changed.",
)
@NAME
@NO_BROWSER
@UNATTENDED
@SHOW_IGNORED
def reconcile(common: Common, name: str) -> None:
    from hostsim.views.reconciliation import write_reconciliation, write_reconciliation_json

    with open_store(common) as store, contextlib.ExitStack() as stack:
        store.definition(name)
        with interactive_host(common, store) as (host, _):
            reconciliation = stack.enter_context(host.reconcile(name))
        if common.json:
            write_reconciliation_json(common.output, reconciliation)
        else:
            write_reconciliation(common.output, reconciliation, show_ignored=common.show_ignored)
