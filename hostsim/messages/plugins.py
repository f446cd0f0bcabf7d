"""Why a plug-in is not in use."""

from __future__ import annotations

from collections.abc import Iterable

from opter_contract.values import Text


def not_importable(error: str) -> Text:
    """Say that loading the plug-in's module failed; only the kind of error is named."""
    return Text(f"gick inte att ladda ({error})", f"could not be loaded ({error})")


def is_a_class() -> Text:
    """Say that a class cannot answer hooks."""
    return Text(
        "är en klass; ingången ska visa på en modul eller ett objekt",
        "is a class; the entry point must name a module or an object",
    )


def is_unhashable() -> Text:
    """Say that pluggy cannot tell the object from others."""
    return Text(
        "är ett objekt utan __hash__; det behövs för att registreras",
        "is an object without __hash__, which is needed to be registered",
    )


def no_hook(other_projects: Iterable[str]) -> Text:
    """Say that the plug-in answers nothing, and which other project it was made for."""
    others = ", ".join(sorted(other_projects))
    if not others:
        return Text(
            "svarar inte på någon hook; är den märkt för projektet opter?",
            "answers no hook; is it marked for the project opter?",
        )
    return Text(
        f"svarar inte på någon hook: den är märkt för projektet {others}, inte för opter",
        f"answers no hook: it is marked for the project {others}, not for opter",
    )


def unknown_hook(name: str, similar: str | None) -> Text:
    """Name a hook that the contract does not have, and what was probably meant."""
    if similar is None:
        return Text(f"har en okänd hook: {name}", f"has an unknown hook: {name}")
    return Text(
        f"har en okänd hook: {name} (menas {similar}?)",
        f"has an unknown hook: {name} (is {similar} meant?)",
    )


def unknown_argument(hook: str, arguments: Iterable[str]) -> Text:
    """Name the arguments that a hook does not have."""
    names = ", ".join(sorted(arguments))
    return Text(
        f"begär okända argument i {hook}: {names}",
        f"asks for unknown arguments in {hook}: {names}",
    )


def hosts_own_hook(hook: str) -> Text:
    """Say that only the host may answer a hook."""
    return Text(
        f"svarar på {hook}, som bara värdsystemet får svara på",
        f"answers {hook}, which only the host may answer",
    )


def import_types_wrong(error: str) -> Text:
    """Say that the plug-in could not tell its import types properly."""
    return Text(
        f"kunde inte ange sina importtyper ({error})",
        f"could not tell its import types ({error})",
    )


def import_type_taken(code: str, mine: str, other: str) -> Text:
    """Name the two that register the same import type."""
    return Text(
        f"{mine} registrerar importtypen {code}, som {other} redan har",
        f"{mine} registers the import type {code}, which {other} has already",
    )


def not_registered(error: str) -> Text:
    """Say that pluggy refused the plug-in."""
    return Text(f"kunde inte registreras ({error})", f"could not be registered ({error})")


def name_taken(name: str, mine: str, other: str) -> Text:
    """Name the two whose entry points have one name, and say how to choose."""
    return Text(
        f"{mine} har samma namn som {other}; stäng av det som inte ska användas med "
        f"hostsim plugins off PAKET:{name}",
        f"{mine} has the same name as {other}; switch off the one that is not wanted with "
        f"hostsim plugins off DISTRIBUTION:{name}",
    )


def equals_another(mine: str, other: str) -> Text:
    """Name the two that pluggy could not tell from each other."""
    return Text(
        f"{mine} är samma objekt som {other}, eller säger sig vara lika med det (__eq__)",
        f"{mine} is the same object as {other}, or says that it equals it (__eq__)",
    )


def not_examined(error: str) -> Text:
    """Say that the object fails when it is looked at."""
    return Text(f"gick inte att undersöka ({error})", f"could not be examined ({error})")


def no_plug_in(kind: str) -> Text:
    """Say that the entry point leads to something that can answer no hooks."""
    return Text(
        f"är inget insticksprogram ({kind}); ingången ska visa på en modul eller ett objekt "
        "med hookar",
        f"is no plug-in ({kind}); the entry point must name a module or an object with hooks",
    )


def not_marked(hook: str, other_projects: Iterable[str]) -> Text:
    """Name a hook that pluggy would never call, and the project that it is marked for."""
    others = ", ".join(sorted(other_projects))
    if not others:
        return Text(
            f"har {hook} utan märkning: pluggy skulle aldrig anropa den",
            f"has {hook} without a mark: pluggy would never call it",
        )
    return Text(
        f"har {hook} märkt för projektet {others}, inte för opter: pluggy skulle aldrig anropa den",
        f"has {hook} marked for the project {others}, not for opter: pluggy would never call it",
    )


def contract_unreadable(kind: str) -> Text:
    """Say how a plug-in tells the version of the contract."""
    return Text(
        f'anger avtalets version på fel sätt ({kind}); skriv opter_contract = "1.0"',
        f'tells the version of the contract wrongly ({kind}); write opter_contract = "1.0"',
    )


def contract_too_old(plugin: str, host: str) -> Text:
    """Say that the plug-in is of a major that the host no longer speaks."""
    return Text(
        f"är för gammalt: det är gjort för avtalets version {plugin}, men värdsystemet har "
        f"{host}; uppgradera insticksprogrammet",
        f"is too old: it is made for version {plugin} of the contract, but the host has {host}; "
        "upgrade the plug-in",
    )


def contract_too_new(plugin: str, host: str) -> Text:
    """Say that the plug-in needs more than the host speaks."""
    return Text(
        f"är för nytt: det behöver avtalets version {plugin}, men värdsystemet har {host}; "
        "uppgradera värdsystemet",
        f"is too new: it needs version {plugin} of the contract, but the host has {host}; "
        "upgrade the host",
    )


def switched_off(name: str) -> Text:
    """Say that a person switched the plug-in off, and how it comes on again."""
    return Text(
        f"är avstängt; hostsim plugins on {name} slår på det",
        f"is switched off; hostsim plugins on {name} switches it on",
    )


def switched_off_by(variable: str) -> Text:
    """Say which environment variable switches the plug-in off."""
    return Text(
        f"är avstängt av {variable}; ta bort namnet där så slås det på",
        f"is switched off by {variable}; take the name out there to switch it on",
    )


def wrong_group(group: str) -> Text:
    """Say that nobody looks for plug-ins in that group."""
    return Text(
        f"laddas inte: ingången står i gruppen {group}, men gruppen heter opter",
        f"is not loaded: its entry point is in the group {group}, but the group is called opter",
    )
