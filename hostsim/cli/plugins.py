"""The plug-ins that were found, what each does or why it does not, and their switches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import click

from hostsim.cli.command import command, option
from hostsim.cli.common import Common, load_plugins, open_store, usage
from hostsim.cli.root import hostsim
from hostsim.messages.text import say
from hostsim.views.output import one_line
from hostsim.views.plugins import PLUGINS, SWITCHES
from hostsim.views.table import write_json_list
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.plugins.loading import FoundPlugin
    from hostsim.storage.store import Store


@command(
    hostsim,
    "plugins",
    group=True,
    sv="Visa insticksprogrammen och vad de gör, eller stäng av och slå på dem.",
    en="Show the plug-ins and what they do, or switch them off and on.",
)
def plugins(common: Common) -> None:
    from opter_contract import CONTRACT_VERSION

    # Plug-ins can be listed before there is a database.
    database = open_store(common) if common.database.exists() else contextlib.nullcontext()
    with database as store:
        entries = _entries(store)
    if not entries and not common.json:
        common.output.say("Inget insticksprogram är installerat.", "No plug-in is installed.")
        return
    common.write_list(PLUGINS, lambda: entries)
    if common.json:
        return
    common.output.say(
        f"Värdsystemet talar version {CONTRACT_VERSION} av avtalet.",
        f"The host speaks version {CONTRACT_VERSION} of the contract.",
    )


def _entries(store: Store | None) -> list[FoundPlugin]:
    from hostsim.messages import plugins as plugins_messages
    from hostsim.plugins import discovery
    from hostsim.plugins.loading import FoundPlugin

    loaded = load_plugins(store)
    elsewhere = [
        FoundPlugin.of(point, plugins_messages.WRONG_GROUP(group=point.group), "elsewhere")
        for point in discovery.elsewhere()
    ]
    return [*loaded.loaded, *loaded.excluded, *elsewhere]


# --- Switches -----------------------------------------------------------------

_ALL = option("--all", "every", is_flag=True, sv="Alla på en gång.", en="All at once.")


@command(
    plugins,
    "off",
    sv="Stäng av insticksprogram: de importeras inte ens förrän de slås på igen.",
    en="Switch plug-ins off: they are not even imported until they are switched on again.",
)
@click.argument("names", nargs=-1, metavar="[NAMN]...")
@_ALL
def off(common: Common, names: tuple[str, ...], *, every: bool) -> None:
    from hostsim.plugins import discovery

    _switch(common, discovery.switch_off, names, every=every)


@command(plugins, "on", sv="Slå på insticksprogram igen.", en="Switch plug-ins on again.")
@click.argument("names", nargs=-1, metavar="[NAMN]...")
@_ALL
def on(common: Common, names: tuple[str, ...], *, every: bool) -> None:
    from hostsim.plugins import discovery

    _switch(common, discovery.switch_on, names, every=every)


def _switch(
    common: Common,
    switch: Callable[[Store, Collection[str]], None],
    names: tuple[str, ...],
    *,
    every: bool,
) -> None:
    from hostsim.plugins import discovery

    if bool(names) == every:
        raise usage("Ange namn eller --all.", "Give names or --all.")
    with open_store(common) as store:
        switch(store, [discovery.ALL] if every else names)
        now_off = discovery.off(store)
    now = [(point, now_off.why(point)) for point in discovery.installed()]
    if common.json:
        write_json_list(common.output, SWITCHES, now)
        return
    for point, reason in now:
        state = say(reason or Text("är påslaget", "is on"), common.language)
        common.output.line(one_line(f"{point.full_name} {state}."))
