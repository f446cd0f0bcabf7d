"""How settings fields are declared and checked, and how a run signs in.

Values travel as text, so that any host can store them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from opter_contract.values import (
    CheckedSettings,
    Choice,
    ImportType,
    SettingsField,
    SettingsProblem,
    Text,
)

IMPORT_TYPE: Final = ImportType("FortnoxAPI", ("API",), Text("Fortnox", "Fortnox"))


# --- Kinds of values ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """How text is read: its pattern, its parser, and the message for invalid text."""

    pattern: str
    parse: Callable[[str], Any]
    problem: Text


_KINDS: Final = {
    "date": _Kind(
        r"\d{4}-\d{2}-\d{2}",
        date.fromisoformat,
        Text(
            "ska vara ett datum som ÅÅÅÅ-MM-DD, till exempel 2026-01-31.",
            "must be a date as YYYY-MM-DD, for instance 2026-01-31.",
        ),
    ),
    "integer": _Kind(
        r"\d{1,15}",
        int,
        Text(
            "ska vara ett heltal från 0 och uppåt, med högst 15 siffror.",
            "must be a whole number from 0 upwards, of at most 15 digits.",
        ),
    ),
    "boolean": _Kind(
        "(?i:true|false)",
        lambda text: text.lower() == "true",
        Text("ska vara true eller false.", "must be true or false."),
    ),
}


# --- Fields ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declared:
    """A field and everything derived from it.

    :ivar parse: reads its value instead of its kind's parser; raises ``ValueError``.
    :ivar problem: shown if ``parse`` raises.
    :ivar missing: shown if a required field is empty.
    :ivar unused: shown if a field is filled in whose value is never stored.
    """

    field: SettingsField
    parse: Callable[[str], Any] | None = None
    problem: Text = Text("", "")  # noqa: RUF009 - never changed
    missing: Text | None = None
    unused: Text | None = None


#: How a run signs in, by import and by export.
EVERY_TIME: Final = "every-time"
STAY: Final = "stay"
SERVICE_ACCOUNT: Final = "service-account"

SIGN_IN: Final = Declared(
    SettingsField(
        key="sign_in",
        kind="choice",
        label=Text("Inloggning i Fortnox", "Login to Fortnox"),
        help=Text(
            "Förbli inloggad: du loggar in en gång, och inloggningen sparas skyddad på den här "
            "datorn. Servicekonto: en systemadministratör godkänner en gång i Fortnox, och inget "
            "sparas här; godkännandet gäller tills det tas bort i Fortnox. Med båda når den som "
            "kan köra detta här Fortnox utan lösenord.",
            "Stay signed in: you sign in once, and the login is kept protected on this machine. "
            "Service account: a system administrator approves once in Fortnox, and nothing is "
            "kept here; the approval lasts until it is removed in Fortnox. With both, whoever can "
            "run this here reaches Fortnox without a password.",
        ),
        default=EVERY_TIME,
        choices=(
            Choice(EVERY_TIME, Text("Varje gång", "Every time")),
            Choice(STAY, Text("Förbli inloggad", "Stay signed in")),
            Choice(SERVICE_ACCOUNT, Text("Servicekonto", "Service account")),
        ),
    ),
)

# --- Values ------------------------------------------------------------------


def read(setting: Declared, text: str) -> Any:
    """Read the value of a field.

    :raises ValueError: if the text is invalid.
    """
    if setting.parse is not None:
        return setting.parse(text)
    if setting.field.kind == "choice":
        if text not in {choice.value for choice in setting.field.choices}:
            raise ValueError(setting.field.key)
        return text
    kind = _KINDS[setting.field.kind]
    if not re.fullmatch(kind.pattern, text, re.ASCII):
        raise ValueError(setting.field.key)
    return kind.parse(text)


def read_all(declared: Iterable[Declared], values: Mapping[str, str]) -> dict[str, Any]:
    """Read the values of fields, by key.

    :raises ValueError: for values that :func:`check` would refuse.
    """
    return {
        setting.field.key: read(setting, values.get(setting.field.key, setting.field.default))
        for setting in declared
    }


def check(values: Mapping[str, str], declared: Sequence[Declared]) -> CheckedSettings:
    """Check what a person entered, field by field.

    A value for ``api_access_token`` gets a warning, and is neither stored nor
    part of any message.
    """
    keys = [setting.field.key for setting in declared]
    problems = [
        SettingsProblem(key, "error", _unknown_field(key, keys))
        for key in values
        if key not in keys
    ]
    stored: dict[str, str] = {}
    for setting in declared:
        text = values.get(setting.field.key, "").strip()
        if setting.unused:
            if text:
                problems.append(SettingsProblem(setting.field.key, "warning", setting.unused))
            continue
        value = _normalised(setting, text)
        if isinstance(value, Text):
            problems.append(SettingsProblem(setting.field.key, "error", value))
        else:
            stored[setting.field.key] = value
    return CheckedSettings(stored, tuple(problems))


def _normalised(setting: Declared, text: str) -> str | Text:
    """Return the value to store, or what is wrong with the text."""
    if setting.missing and not text:
        return setting.missing
    text = text or setting.field.default
    try:
        value = read(setting, text)
    except ValueError:
        label = setting.field.label
        kind = _KINDS.get(setting.field.kind)
        problem = setting.problem if setting.parse else kind.problem if kind else _one_of(setting)
        return Text(f"”{label.sv}” {problem.sv}", f"“{label.en}” {problem.en}")
    return str(value).lower() if setting.field.kind in _KINDS else text


def _one_of(setting: Declared) -> Text:
    """Name the choices as the field shows them, and as they are written where they are typed."""
    choices = setting.field.choices
    sv = ", ".join(f"{choice.label.sv} ({choice.value})" for choice in choices)
    en = ", ".join(f"{choice.label.en} ({choice.value})" for choice in choices)
    return Text(f"ska vara ett av alternativen: {sv}.", f"must be one of the choices: {en}.")


def _unknown_field(key: str, keys: Sequence[str]) -> Text:
    names = ", ".join(keys)
    short_key = key if len(key) <= 60 else key[:60] + "…"
    return Text(
        f"Fältet {short_key!r} finns inte. Fälten är {names}.",
        f"There is no field {short_key!r}. The fields are {names}.",
    )


def sign_in(values: Mapping[str, str]) -> str:
    """Return how a run signs in, an import or an export."""
    return values.get(SIGN_IN.field.key) or EVERY_TIME
