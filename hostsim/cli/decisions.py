"""Decisions about payments that cannot be saved.

A decision is about the list that a command printed last. If another one is open, such as
one that the page made or changed, nothing is decided and that list is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import NAME, command, option, why_option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.imports import show_if_any, show_if_changed
from hostsim.cli.root import hostsim
from hostsim.ledger.reasons import KEEP, TAKE_AGAIN
from hostsim.storage import previews
from hostsim.views.decisions import DECISIONS
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview


_SERIES = option(
    "--series",
    nargs=2,
    default=None,
    metavar="FÖRSTA SISTA",
    sv="En serie fakturanummer i Fortnox, båda ändarna medräknade.",
    en="A series of Fortnox's invoice numbers, both ends included.",
)
_WHY = why_option("Varför; sparas och visas.", "Why; stored and shown.")


@command(
    hostsim,
    "set-aside",
    sv="Lägg undan betalningar som aldrig möter en faktura här: en, flera eller en hel serie "
    "fakturanummer. De kommer fram igen om de går att spara.",
    en="Set payments aside that will never meet an invoice here: one, several or a whole series "
    "of invoice numbers. They come up again when they can be saved.",
)
@NAME
@click.argument("numbers", nargs=-1, metavar="[NUMMER]...")
@_SERIES
@_WHY
def set_aside(
    common: Common, name: str, numbers: tuple[str, ...], series: tuple[str, str] | None, why: str
) -> None:
    _require_numbers_or_series(numbers, series)
    with open_store(common) as store:
        shown = previews.printed_revision(store, name)
        host = make_host(store)
        if series is not None:
            with show_if_changed(common):
                preview = host.set_aside_series(name, *series, why=why, revision=shown)
            _show(common, name, preview, "Undanlagt", "Set aside")
            return
        before = {decision.id for decision in host.decisions(name)}
        with show_if_changed(common):
            preview = host.set_aside(name, numbers, why=why, revision=shown)
        new = {decision.number for decision in host.decisions(name) if decision.id not in before}
        for number in dict.fromkeys(numbers):
            if number not in new:
                common.note(
                    f"Betalning {number} var undanlagd redan; ingenting ändrades för den.",
                    f"Payment {number} was set aside already; nothing was changed for it.",
                )
        nothing = ("Ingenting ändrades", "Nothing was changed")
        _show(common, name, preview, *(("Undanlagt", "Set aside") if new else nothing))


@command(
    hostsim,
    "take-back",
    sv="Ta tillbaka det som är avgjort om betalningar: undanlagda visas igen.",
    en="Take back what was decided about payments: those set aside are shown again.",
)
@NAME
@click.argument("numbers", nargs=-1, metavar="[NUMMER]...")
@_SERIES
def take_back(
    common: Common, name: str, numbers: tuple[str, ...], series: tuple[str, str] | None
) -> None:
    _require_numbers_or_series(numbers, series)
    with open_store(common) as store:
        shown = previews.printed_revision(store, name)
        all_series = [] if series is None else [series]
        host = make_host(store)
        with show_if_changed(common):
            preview = host.take_back(name, numbers, series=all_series, revision=shown)
        for number, over in host.hidden_by_series(name, numbers).items():
            first, last = over.first_invoice, over.last_invoice
            back = f"hostsim take-back {name} --series {first} {last}"
            common.note(
                f"Betalning {number} döljs ändå, av serien {first} till {last}. Ta tillbaka den "
                f"också: {back}",
                f"Payment {number} is still hidden, by the series {first} to {last}. Take "
                f"that back, too: {back}",
            )
        _show(common, name, preview, "Återtaget", "Taken back")


@command(
    hostsim,
    "decide",
    sv="Avgör en betalning i den nedre listan; det görs när du sparar. Är raden från en tidigare "
    "import, läs in igen innan du sparar. Ångra med take-back.",
    en="Decide about a payment in the lower list; it is done when you save. If the row is of an "
    "earlier import, import again before you save. Undo with take-back.",
)
@NAME
@click.argument("number", required=False, metavar="[NUMMER]")
@option(
    "--confirm",
    "chosen",
    flag_value="confirm",
    sv="Kanske registrerad redan: nej, det är en annan betalning; spara den också, om något "
    "återstår att betala.",
    en="Possibly registered already: no, it is another payment; save it, too, if something remains "
    "to pay.",
)
@option(
    "--take-again",
    "chosen",
    flag_value="take-again",
    sv="Borttagen här: ta in den igen.",
    en="Deleted here: take it in again.",
)
@option(
    "--accept",
    "chosen",
    flag_value="accept",
    sv="Ändrad i efterhand: motboka det registrerade och registrera på nytt. Redan betald: ta in "
    "den som förskott. Även det som ersätter en borttagen, eller är kvittat.",
    en="Changed afterwards: reverse what is registered and register it again. Paid already: take "
    "it as an advance. Also what replaces a deleted one, or was settled.",
)
@option(
    "--keep",
    "chosen",
    flag_value="keep",
    sv="Ändrad i efterhand: behåll det registrerade som det är.",
    en="Changed afterwards: keep what is registered as it is.",
)
@option(
    "--run",
    metavar="ID",
    sv="Med --take-again: alla betalningar i sparningen som ångrades, i stället för en.",
    en="With --take-again: all payments of the save that was undone, instead of one.",
)
@_WHY
def decide(
    common: Common, name: str, number: str | None, *, chosen: str | None, run: str | None, why: str
) -> None:
    if (number is None) is (run is None) or (run is not None and chosen != TAKE_AGAIN):
        raise usage(
            "Ange en betalnings nummer, eller --take-again och en sparning med --run.",
            "Give the number of a payment, or --take-again and a save with --run.",
        )
    if chosen is None:
        raise usage(
            "Ange vad som ska göras: --confirm, --take-again, --accept eller --keep.",
            "Say what is to be done: --confirm, --take-again, --accept or --keep.",
        )
    with open_store(common) as store:
        shown = previews.printed_revision(store, name)
        host = make_host(store)
        if number is None:
            with show_if_changed(common):
                host.take_save_again(name, run or "", revision=shown)
            _show(common, name, host.open_preview(name), "Avgjort", "Decided")
            return
        with show_if_changed(common):
            preview = host.decide(name, number, chosen, why=why, revision=shown)
        if chosen != KEEP and host.needs_import(name, number):
            common.note(
                f"Betalning {number} är från en tidigare import: läs in igen med hostsim import "
                f"{name}; sedan görs det när du sparar.",
                f"Payment {number} is of an earlier import: import again with hostsim import "
                f"{name}; after that it is done when you save.",
            )
        _show(common, name, preview, "Avgjort", "Decided")


@command(
    hostsim,
    "decisions",
    sv="Visa vad som är avgjort om betalningar: av vem, när, varför och om det gäller.",
    en="Show what was decided about payments: by whom, when, why and whether it is in force.",
)
@NAME
def decisions(common: Common, name: str) -> None:
    with open_store(common) as store:
        listed = make_host(store).decisions(name)
    none = Text("Ingenting är avgjort.", "Nothing is decided.")
    common.write_list(DECISIONS, lambda: listed, none)


def _require_numbers_or_series(numbers: Sequence[str], series: tuple[str, str] | None) -> None:
    if bool(numbers) is (series is not None):
        raise usage(
            "Ange antingen nummer på betalningar eller en serie med --series.",
            "Give either numbers of payments or a series with --series.",
        )


def _show(common: Common, name: str, preview: Preview | None, sv: str, en: str) -> None:
    """Confirm a decision on standard error, and show the list as it is now."""
    common.note(f"{sv}.", f"{en}.")
    none = Text(
        "Ingen lista är öppen; det gäller från nästa import.",
        "No list is open; it holds from the next import.",
    )
    show_if_any(common, preview, name, none)
