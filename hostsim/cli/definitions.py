"""The imports and exports that are defined, and their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hostsim.cli.command import NAME, command, option
from hostsim.cli.common import Common, key_values, make_host, open_store, usage, warn
from hostsim.cli.root import hostsim
from hostsim.views.definitions import definition_columns
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.host import Host

_SET = option(
    "--set",
    "values",
    multiple=True,
    metavar="FÄLT=VÄRDE",
    sv="Ett fälts värde; kan anges flera gånger.",
    en="A field's value; may be repeated.",
)


@command(
    hostsim,
    "formats",
    group=True,
    sv="Visa de importer som är upplagda, eller lägg upp en.",
    en="Show the imports that are defined, or define one.",
)
def formats(common: Common) -> None:
    none = Text(
        "Ingen import är upplagd än; gör en med hostsim formats add.",
        "No import is defined yet; make one with hostsim formats add.",
    )
    _list(common, none, exports=False)


@command(formats, "add", sv="Lägg upp en import.", en="Define an import.")
@NAME
@option(
    "--type",
    "import_type",
    required=True,
    sv="Importtyp, till exempel FortnoxAPI.",
    en="Import type, such as FortnoxAPI.",
)
@option(
    "--format",
    "import_format",
    required=True,
    sv="Importformat, till exempel API.",
    en="Import format, such as API.",
)
@option(
    "--region",
    default="",
    sv="Regionen vars fakturor betalas.",
    en="The region whose invoices are paid.",
)
@option(
    "--same-company-as",
    "company_of",
    metavar="NAMN",
    sv="En import vars företag den här delar, där flera regioner är samma företag.",
    en="An import whose company this one shares, where several regions are one company.",
)
@_SET
def formats_add(common: Common, name: str, **definition: Any) -> None:
    _add(common, name, **definition)


@command(formats, "set", sv="Ändra en imports inställningar.", en="Change an import's settings.")
@NAME
@click.argument("values", nargs=-1, metavar="[FÄLT=VÄRDE]...")
@option(
    "--region",
    sv="En annan region; går så länge ingen betalning är sparad.",
    en="Another region; possible as long as no payment is saved.",
)
def formats_set(common: Common, name: str, values: tuple[str, ...], region: str | None) -> None:
    _change(common, name, values, region, exports=False)


@command(
    hostsim,
    "exports",
    group=True,
    sv="Visa de exporter som är upplagda, eller lägg upp en.",
    en="Show the exports that are defined, or define one.",
)
def exports(common: Common) -> None:
    none = Text(
        "Ingen export är upplagd än; gör en med hostsim exports add.",
        "No export is defined yet; make one with hostsim exports add.",
    )
    _list(common, none, exports=True)


@command(exports, "add", sv="Lägg upp en export.", en="Define an export.")
@NAME
@option(
    "--type",
    "import_type",
    required=True,
    sv="Exporttyp, till exempel FortnoxAPI.",
    en="Export type, such as FortnoxAPI.",
)
@option(
    "--subject",
    default="invoices",
    sv="Vad som exporteras: invoices eller supplier-bills.",
    en="What is exported: invoices or supplier-bills.",
)
@option(
    "--region",
    default="",
    sv="Regionen vars fakturor eller avräkningar exporteras.",
    en="The region whose invoices or bills are exported.",
)
@option(
    "--same-company-as",
    "company_of",
    metavar="NAMN",
    sv="En import eller export vars företag den här delar.",
    en="An import or export whose company this one shares.",
)
@_SET
def exports_add(common: Common, name: str, **definition: Any) -> None:
    _add(common, name, import_format="", **definition)


@command(exports, "set", sv="Ändra en exports inställningar.", en="Change an export's settings.")
@NAME
@click.argument("values", nargs=-1, metavar="[FÄLT=VÄRDE]...")
@option(
    "--region",
    sv="En annan region; går så länge ingenting är skickat.",
    en="Another region; possible as long as nothing is sent.",
)
def exports_set(common: Common, name: str, values: tuple[str, ...], region: str | None) -> None:
    _change(common, name, values, region, exports=True)


def _list(common: Common, none: Text, *, exports: bool) -> None:
    with open_store(common) as store:
        host = make_host(store)
        columns = definition_columns(host.shown_settings, exports=exports)
        common.write_list(columns, lambda: store.definitions(exports=exports), none)
        warn(common, host.settings_not_shown(exports=exports))


def _add(common: Common, name: str, values: tuple[str, ...], **definition: Any) -> None:
    """Define an import or an export; the other options are those of :meth:`Host.define`."""
    with open_store(common) as store:
        host = make_host(store)
        warn(common, host.define(name, values=key_values(values), **definition))
        _show(common, host, name.strip())


def _change(
    common: Common, name: str, values: tuple[str, ...], region: str | None, *, exports: bool
) -> None:
    if not values and region is None:
        raise usage("Ange minst ett FÄLT=VÄRDE.", "Give at least one FIELD=VALUE.")
    with open_store(common) as store:
        store.definition(name, exports=exports)
        host = make_host(store)
        warn(common, host.change(name, key_values(values), region=region))
        _show(common, host, name)


def _show(common: Common, host: Host, name: str) -> None:
    definition = host.store.definition(name, exports=None)
    common.write_one(
        definition_columns(host.shown_settings, exports=bool(definition.subject)), definition
    )
