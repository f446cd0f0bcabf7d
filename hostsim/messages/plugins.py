"""Why a plug-in is not in use, as the end of a sentence that begins with its name."""

from __future__ import annotations

from hostsim.messages.text import Template

#: ``error`` names only the kind of error: its message could hold anything.
NOT_IMPORTABLE = Template("gick inte att ladda ({error})", "could not be loaded ({error})")
IS_A_CLASS = Template(
    "är en klass; ingången ska visa på en modul eller ett objekt",
    "is a class; the entry point must name a module or an object",
)
IS_UNHASHABLE = Template(
    "är ett objekt utan __hash__; det behövs för att registreras",
    "is an object without __hash__, which is needed to be registered",
)
NO_HOOK = Template(
    "svarar inte på någon hook; är den märkt för projektet opter?",
    "answers no hook; is it marked for the project opter?",
)
NO_HOOK_OF_OURS = Template(
    "svarar inte på någon hook: den är märkt för projektet {projects}, inte för opter",
    "answers no hook: it is marked for the project {projects}, not for opter",
)
UNKNOWN_HOOK = Template("har en okänd hook: {hook}", "has an unknown hook: {hook}")
MISSPELLED_HOOK = Template(
    "har en okänd hook: {hook} (menas {similar}?)",
    "has an unknown hook: {hook} (is {similar} meant?)",
)
UNKNOWN_ARGUMENT = Template(
    "begär okända argument i {hook}: {arguments}",
    "asks for unknown arguments in {hook}: {arguments}",
)
HOSTS_OWN_HOOK = Template(
    "svarar på {hook}, som bara värdsystemet får svara på",
    "answers {hook}, which only the host may answer",
)
IMPORT_TYPES_INVALID = Template(
    "kunde inte ange sina importtyper ({error})", "could not list its import types ({error})"
)
IMPORT_TYPE_TAKEN = Template(
    "{plugin} registrerar importtypen {code}, som {other} redan har",
    "{plugin} registers the import type {code}, which {other} already has",
)
EXPORT_TYPES_INVALID = Template(
    "kunde inte ange sina exporttyper ({error})", "could not list its export types ({error})"
)
EXPORT_TYPE_TAKEN = Template(
    "{plugin} registrerar exporttypen {code}, som {other} redan har",
    "{plugin} registers the export type {code}, which {other} already has",
)
NOT_REGISTERED = Template("kunde inte registreras ({error})", "could not be registered ({error})")
NAME_TAKEN = Template(
    "{plugin} har samma namn som {other}; stäng av det som inte ska användas med "
    "hostsim plugins off PAKET:{name}",
    "{plugin} has the same name as {other}; switch off the one that is not wanted with "
    "hostsim plugins off DISTRIBUTION:{name}",
)
EQUALS_ANOTHER = Template(
    "{plugin} är samma objekt som {other}, eller säger sig vara lika med det (__eq__)",
    "{plugin} is the same object as {other}, or claims to equal it (__eq__)",
)
NOT_EXAMINED = Template("gick inte att undersöka ({error})", "could not be examined ({error})")
NO_PLUGIN = Template(
    "är inget insticksprogram ({kind}); ingången ska visa på en modul eller ett objekt med hookar",
    "is not a plug-in ({kind}); the entry point must name a module or an object with hooks",
)
UNMARKED_HOOK = Template(
    "har {hook} utan märkning: pluggy skulle aldrig anropa den",
    "has {hook} without a mark: pluggy would never call it",
)
HOOK_OF_OTHERS = Template(
    "har {hook} märkt för projektet {projects}, inte för opter: pluggy skulle aldrig anropa den",
    "has {hook} marked for the project {projects}, not for opter: pluggy would never call it",
)
CONTRACT_UNREADABLE = Template(
    'anger avtalets version på fel sätt ({kind}); skriv opter_contract_version = "1.0"',
    'states the version of the contract wrongly ({kind}); write opter_contract_version = "1.0"',
)
CONTRACT_TOO_OLD = Template(
    "är för gammalt: det är gjort för avtalets version {needed}, men värdsystemet har "
    "{host}; uppgradera insticksprogrammet",
    "is too old: it is made for version {needed} of the contract, but the host has {host}; "
    "upgrade the plug-in",
)
CONTRACT_TOO_NEW = Template(
    "är för nytt: det behöver avtalets version {needed}, men värdsystemet har {host}; "
    "uppgradera värdsystemet",
    "is too new: it needs version {needed} of the contract, but the host has {host}; "
    "upgrade the host",
)
SWITCHED_OFF = Template(
    "är avstängt; hostsim plugins on {name} slår på det",
    "is switched off; hostsim plugins on {name} switches it on",
)
SWITCHED_OFF_BY = Template(
    "är avstängt av {variable}; ta bort namnet där så slås det på",
    "is switched off by {variable}; remove its name there to switch it on",
)
NOT_ALLOWED = Template(
    "är inte tillåtet av {variable}; lägg till {name} där så tillåts det",
    "is not allowed by {variable}; add {name} there to allow it",
)
WRONG_GROUP = Template(
    "laddas inte: ingången står i gruppen {group}, men gruppen heter opter",
    "is not loaded: its entry point is in the group {group}, but the group is called opter",
)
