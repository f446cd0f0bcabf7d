"""How settings fields are declared and checked, and those of an import, in :data:`DECLARED`.

Values travel as text, so that any host can store them. The meaning of the two
"ignore" fields is Opter's own: a payment counts from its ``PaymentDate``, the
date itself included, and a lower Fortnox invoice number is excluded. Both are
rules, never sync cursors: a payment can be back-dated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from opter_contract.values import (
    CheckedSettings,
    Choice,
    ImportType,
    Reason,
    SettingsField,
    SettingsProblem,
    Text,
)

IMPORT_TYPE: Final = ImportType("FortnoxAPI", ("API",), Text("Fortnox", "Fortnox"))


class Screened(Protocol):
    """The fields of a payment that the rules read."""

    @property
    def date(self) -> date: ...
    @property
    def invoice_number(self) -> str: ...
    @property
    def booked(self) -> bool: ...


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
_NO_CHOICE: Final = Text("ska vara ett av alternativen.", "must be one of the choices.")


# --- Fields ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which payments a setting excludes.

    :ivar excludes, message: called with a payment and the setting's value.
    :ivar includes_more: called with the current value and an earlier one; returns whether a
        payment that was excluded then could be included now.
    """

    reason: str
    excludes: Callable[[Screened, Any], bool]
    message: Callable[[Screened, Any], Text]
    includes_more: Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True)
class Declared:
    """A field and everything derived from it.

    :ivar parse: reads its value instead of its kind's parser; raises ``ValueError``.
    :ivar problem: shown if ``parse`` raises.
    :ivar missing: shown if a required field is empty.
    :ivar unused: shown if a field is filled in whose value is never stored.
    """

    field: SettingsField
    rule: _Rule | None = None
    parse: Callable[[str], Any] | None = None
    problem: Text = Text("", "")  # noqa: RUF009 - never changed
    missing: Text | None = None
    unused: Text | None = None


_NOT_BOOKED: Final = Text(
    "Betalningen är inte bokförd i Fortnox än. Den kommer in av sig själv när den har bokförts",
    "The payment is not booked in Fortnox yet. It comes in by itself once it is",
)

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

#: What ``sign_in`` was before it had three values.
_FORMER: Final = "stay_signed_in"
_OVERRULED: Final = Text(
    "Inloggningen är angiven på det gamla sättet också; den här gäller.",
    "The login is given in the former way, too; this one counts.",
)

#: In the order to show them; of several rules that exclude a payment, the first tells why.
DECLARED: Final = (
    Declared(
        SettingsField(
            key="ignore_payments_before",
            kind="date",
            label=Text("Ignorera betalningar före", "Ignore payments before"),
            help=Text(
                "Betalningar med tidigare betalningsdatum i Fortnox importeras inte. Datumet "
                "självt räknas med. Skriv ÅÅÅÅ-MM-DD.",
                "Payments with an earlier payment date in Fortnox are not imported. The date "
                "itself is included. Write YYYY-MM-DD.",
            ),
            required=True,
        ),
        missing=Text(
            "”Ignorera betalningar före” måste fyllas i: från vilket datum ska betalningar "
            "importeras?",
            "“Ignore payments before” must be filled in: from which date are payments to be "
            "imported?",
        ),
        rule=_Rule(
            "before-date",
            excludes=lambda payment, first: payment.date < first,
            message=lambda payment, first: Text(
                f"Betalningsdatumet {payment.date} är före {first}",
                f"The payment date {payment.date} is before {first}",
            ),
            includes_more=operator.lt,
        ),
    ),
    Declared(
        SettingsField(
            key="ignore_numbers_before",
            kind="integer",
            label=Text("Ignorera nummer före", "Ignore numbers before"),
            help=Text(
                "Betalningar för lägre fakturanummer i Fortnox importeras inte. 0 betyder alla.",
                "Payments for lower invoice numbers in Fortnox are not imported. 0 means all.",
            ),
            default="0",
        ),
        rule=_Rule(
            "below-number",
            excludes=lambda payment, lowest: int(payment.invoice_number) < lowest,
            message=lambda payment, lowest: Text(
                f"Fakturanumret {payment.invoice_number} är lägre än {lowest}",
                f"The invoice number {payment.invoice_number} is lower than {lowest}",
            ),
            includes_more=operator.lt,
        ),
    ),
    Declared(
        SettingsField(
            key="api_access_token",
            kind="text",
            label=Text("Gammal nyckel (API access token)", "Old key (API access token)"),
            help=Text(
                "Lämna tomt. Hör till Fortnox gamla inloggning, som stängdes 2025-04-30.",
                "Leave empty. It belongs to Fortnox's old login, which was shut down on "
                "2025-04-30.",
            ),
            secret=True,
        ),
        unused=Text(
            "Den gamla nyckeln används inte och har inte sparats. Fortnox stängde den "
            "inloggningen 2025-04-30; du loggar in i ett fönster i stället. Lämna fältet tomt.",
            "The old key is not used and has not been stored. Fortnox shut that login down "
            "on 2025-04-30; you sign in in a window instead. Leave the field empty.",
        ),
    ),
    Declared(
        SettingsField(
            key="include_unbooked",
            kind="boolean",
            label=Text("Ta med obokförda betalningar", "Include unbooked payments"),
            help=Text(
                "Av: en betalning kommer in när den har bokförts i Fortnox. På: den kommer in "
                "genast, men Fortnox kan fortfarande ändra eller ta bort en sådan rad.",
                "Off: a payment comes in once it is booked in Fortnox. On: it comes in at once, "
                "but Fortnox may still change or remove such a row.",
            ),
            default="false",
        ),
        rule=_Rule(
            "not-booked",
            excludes=lambda payment, included: not (payment.booked or included),
            message=lambda *_: _NOT_BOOKED,
            includes_more=operator.gt,
        ),
    ),
    SIGN_IN,
)

FIELDS: Final = tuple(setting.field for setting in DECLARED)
_RULES: Final = tuple((setting, setting.rule) for setting in DECLARED if setting.rule)


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


def check(values: Mapping[str, str], declared: Sequence[Declared] = DECLARED) -> CheckedSettings:
    """Check what a person entered, field by field.

    A value for ``api_access_token`` gets a warning, and is neither stored nor
    part of any message.
    """
    problems = [SettingsProblem(_FORMER, "warning", _OVERRULED)] if _overruled(values) else []
    values = _renamed(values)
    keys = [setting.field.key for setting in declared]
    problems += [
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
        problem = setting.problem if setting.parse else kind.problem if kind else _NO_CHOICE
        return Text(f"”{label.sv}” {problem.sv}", f"“{label.en}” {problem.en}")
    return str(value).lower() if setting.field.kind in _KINDS else text


def _unknown_field(key: str, keys: Sequence[str]) -> Text:
    names = ", ".join(keys)
    short_key = key if len(key) <= 60 else key[:60] + "…"
    return Text(
        f"Fältet {short_key!r} finns inte. Fälten är {names}.",
        f"There is no field {short_key!r}. The fields are {names}.",
    )


def sign_in(values: Mapping[str, str]) -> str:
    """Return how a run signs in; not part of :class:`Settings`, which are rules."""
    return _renamed(values).get(SIGN_IN.field.key) or EVERY_TIME


def _renamed(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values with the earlier setting renamed to ``sign_in``, unless that is set."""
    former = _former(values)
    if former is None and values.get(_FORMER, "").strip():
        return values
    current = {key: value for key, value in values.items() if key != _FORMER}
    if former and not _explicit(values):
        current[SIGN_IN.field.key] = former
    return current


def _overruled(values: Mapping[str, str]) -> bool:
    """Return whether the earlier setting contradicts ``sign_in``."""
    former, explicit = _former(values), _explicit(values)
    if not former or not explicit:
        return False
    return (former == STAY) != (explicit == STAY)


def _former(values: Mapping[str, str]) -> str | None:
    """Return the value of the earlier setting as one of ``sign_in``; ``None`` if it has none."""
    return {"true": STAY, "false": EVERY_TIME}.get(values.get(_FORMER, "").strip().lower())


def _explicit(values: Mapping[str, str]) -> str:
    return values.get(SIGN_IN.field.key, "").strip()


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of one definition that have a rule."""

    ignore_payments_before: date
    ignore_numbers_before: int
    include_unbooked: bool

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Settings:
        """Read values that :func:`check` has passed.

        :raises ValueError: for other values.
        """
        return cls(**read_all((setting for setting, _ in _RULES), values))

    def include_more_than(self, earlier: Settings) -> bool:
        """Return whether a payment that was excluded then could be included now."""
        return any(
            rule.includes_more(
                getattr(self, setting.field.key), getattr(earlier, setting.field.key)
            )
            for setting, rule in _RULES
        )

    def exclusion_reason(self, payment: Screened) -> Reason | None:
        """Return the first rule's reason for excluding a payment."""
        for setting, rule in _RULES:
            value = getattr(self, setting.field.key)
            if rule.excludes(payment, value):
                return Reason(rule.reason, rule.message(payment, value))
        return None
