"""The past: one invoice explained, and earlier imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hostsim.cli.command import OPTIONAL_NAME, command, option
from hostsim.cli.common import Common, make_host, open_store
from hostsim.cli.login import NO_BROWSER, UNATTENDED, interactive_host
from hostsim.cli.root import hostsim
from hostsim.ledger.judging import KINDS
from hostsim.views.explanation import explanation_object, write_explanation
from hostsim.views.preview_output import write_preview
from hostsim.views.runs import RUNS, write_run, write_run_json, write_runs
from hostsim.views.table import write_json

if TYPE_CHECKING:
    from hostsim.storage.history import PastRun
    from hostsim.storage.store import Store


@command(
    hostsim,
    "why",
    sv="Visa allt om en faktura: betalningar i Fortnox, vad de blev här, vad som saknas.",
    en="Explain one invoice: its payments in Fortnox, their outcome here, and what is missing.",
)
@click.argument("invoice", metavar="FAKTURA")
@OPTIONAL_NAME
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
) -> None:
    with open_store(common) as store:
        with interactive_host(common, store) as (host, _):
            explanation = host.why(invoice, name, region=region, offline=offline)
        if common.json:
            write_json(common.output, explanation_object(explanation, common.language))
        else:
            write_explanation(common.output, explanation)


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


def _show_run(common: Common, store: Store, run: PastRun) -> None:
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
