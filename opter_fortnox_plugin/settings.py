"""The fields that we contribute, checked once and explained when wrong.

Values travel as text, so that any host can keep them. The meaning of the two
"ignore" fields is Opter's own: a payment counts from its ``PaymentDate``, the
date itself included, and a lower Fortnox invoice number is left out. Both are
rules, never sync cursors: a payment can be back-dated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from opter_contract.values import (
    CheckedSettings,
    ImportType,
    Reason,
    SettingsField,
    SettingsProblem,
    Text,
)

IMPORT_TYPE: Final = ImportType("FortnoxAPI", ("API",), Text("Fortnox", "Fortnox"))

FIELDS: Final = (
    SettingsField(
        key="ignore_payments_before",
        kind="date",
        label=Text("Ignorera betalningar före", "Ignore payments before"),
        help=Text(
            "Betalningar med tidigare betalningsdatum i Fortnox importeras inte. Datumet självt "
            "räknas med. Skriv ÅÅÅÅ-MM-DD.",
            "Payments with an earlier payment date in Fortnox are not imported. The date itself "
            "is included. Write YYYY-MM-DD.",
        ),
        required=True,
    ),
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
    SettingsField(
        key="api_access_token",
        kind="text",
        label=Text("API access token", "API access token"),
        help=Text(
            "Lämna tomt. Hör till Fortnox gamla inloggning, som stängdes 2025-04-30.",
            "Leave empty. It belongs to Fortnox's old login, which was shut down on 2025-04-30.",
        ),
        secret=True,
    ),
    SettingsField(
        key="include_unbooked",
        kind="boolean",
        label=Text("Ta med obokförda betalningar", "Include unbooked payments"),
        help=Text(
            "Av: en betalning kommer in när den har bokförts i Fortnox. På: den kommer in genast, "
            "men Fortnox kan fortfarande ändra eller ta bort en sådan rad.",
            "Off: a payment comes in once it is booked in Fortnox. On: it comes in at once, but "
            "Fortnox may still change or remove such a row.",
        ),
        default="false",
    ),
    SettingsField(
        key="stay_signed_in",
        kind="boolean",
        label=Text("Förbli inloggad i Fortnox", "Stay signed in to Fortnox"),
        help=Text(
            "Av: du loggar in vid varje import. På: du loggar in en gång, och inloggningen sparas "
            "skyddad på den här datorn tills du slår av det. Den som kan köra importen här når då "
            "Fortnox utan lösenord.",
            "Off: you sign in at every import. On: you sign in once, and the login is kept "
            "protected on this machine until you switch this off. Whoever can run the import here "
            "then reaches Fortnox without a password.",
        ),
        default="false",
    ),
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)

_NOT_A_DATE: Final = Text(
    "”Ignorera betalningar före” ska vara ett datum som ÅÅÅÅ-MM-DD, till exempel 2026-01-31.",
    "“Ignore payments before” must be a date as YYYY-MM-DD, for instance 2026-01-31.",
)
_NOT_A_NUMBER: Final = Text(
    "”Ignorera nummer före” ska vara ett heltal från 0 och uppåt, med högst 15 siffror.",
    "“Ignore numbers before” must be a whole number from 0 upwards, of at most 15 digits.",
)
_NOT_A_BOOLEAN: Final = Text(
    "”Ta med obokförda betalningar” ska vara true eller false.",
    "“Include unbooked payments” must be true or false.",
)
_STAY_NOT_A_BOOLEAN: Final = Text(
    "”Förbli inloggad i Fortnox” ska vara true eller false.",
    "“Stay signed in to Fortnox” must be true or false.",
)
_DATE_REQUIRED: Final = Text(
    "”Ignorera betalningar före” måste fyllas i: från vilket datum ska betalningar importeras?",
    "“Ignore payments before” must be filled in: from which date are payments to be imported?",
)
_TOKEN_NOT_USED: Final = Text(
    "”API access token” används inte och har inte sparats. Fortnox stängde den inloggningen "
    "2025-04-30; du loggar in i ett fönster i stället. Lämna fältet tomt.",
    "“API access token” is not used and has not been stored. Fortnox shut that login down on "
    "2025-04-30; you sign in in a window instead. Leave the field empty.",
)


def _unknown_field(key: str) -> Text:
    names = ", ".join(field.key for field in FIELDS)
    shown = key if len(key) <= 60 else key[:60] + "…"
    return Text(
        f"Fältet {shown!r} finns inte. Fälten är {names}.",
        f"There is no field {shown!r}. The fields are {names}.",
    )


def _as_date(text: str) -> str | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _as_number(text: str) -> str | None:
    return str(int(text)) if _NUMBER.fullmatch(text) else None


def _as_boolean(text: str) -> str | None:
    return text.lower() if text.lower() in ("true", "false") else None


_CHECKS: Final[dict[str, tuple[Callable[[str], str | None], Text]]] = {
    "ignore_payments_before": (_as_date, _NOT_A_DATE),
    "ignore_numbers_before": (_as_number, _NOT_A_NUMBER),
    "include_unbooked": (_as_boolean, _NOT_A_BOOLEAN),
    "stay_signed_in": (_as_boolean, _STAY_NOT_A_BOOLEAN),
}


def check(values: Mapping[str, str]) -> CheckedSettings:
    """Check what a person entered, field by field.

    A value for ``api_access_token`` gets a warning and is never among the
    values to store, nor in any sentence.
    """
    known = {field.key for field in FIELDS}
    problems = [
        SettingsProblem(key, "error", _unknown_field(key)) for key in values if key not in known
    ]
    stored: dict[str, str] = {}
    for field in FIELDS:
        text = values.get(field.key, "").strip()
        if field.key not in _CHECKS:
            if text:
                problems.append(SettingsProblem(field.key, "warning", _TOKEN_NOT_USED))
            continue
        if not text and field.required:
            problems.append(SettingsProblem(field.key, "error", _DATE_REQUIRED))
            continue
        normalise, wrong = _CHECKS[field.key]
        value = normalise(text or field.default)
        if value is None:
            problems.append(SettingsProblem(field.key, "error", wrong))
            continue
        stored[field.key] = value
    return CheckedSettings(stored, tuple(problems))


def stays_signed_in(values: Mapping[str, str]) -> bool:
    """Tell whether the login is to outlive a run; no part of :class:`Settings`, which are rules."""
    return values.get("stay_signed_in", "false") == "true"


class Screened(Protocol):
    """What the settings look at of a payment."""

    @property
    def date(self) -> date: ...
    @property
    def invoice_number(self) -> str: ...
    @property
    def booked(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of one definition, as the rules use them."""

    ignore_payments_before: date
    ignore_numbers_before: int
    include_unbooked: bool

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Settings:
        """Read values that :func:`check` has passed.

        :raises KeyError, ValueError: for values that it has not.
        """
        return cls(
            ignore_payments_before=date.fromisoformat(values["ignore_payments_before"]),
            ignore_numbers_before=int(values.get("ignore_numbers_before", "0")),
            include_unbooked=values.get("include_unbooked", "false") == "true",
        )

    def include_more_than(self, earlier: Settings) -> bool:
        """Tell whether a payment that was left out then could come in now."""
        return (
            self.ignore_payments_before < earlier.ignore_payments_before
            or self.ignore_numbers_before < earlier.ignore_numbers_before
            or (self.include_unbooked and not earlier.include_unbooked)
        )

    def exclusion_reason(self, payment: Screened) -> Reason | None:
        """Say why these settings leave a payment out; ``before-date`` goes first."""
        if payment.date < self.ignore_payments_before:
            return Reason(
                "before-date",
                Text(
                    f"Betalningsdatumet {payment.date} är före {self.ignore_payments_before}",
                    f"The payment date {payment.date} is before {self.ignore_payments_before}",
                ),
            )
        if int(payment.invoice_number) < self.ignore_numbers_before:
            return Reason(
                "below-number",
                Text(
                    f"Fakturanumret {payment.invoice_number} är lägre än "
                    f"{self.ignore_numbers_before}",
                    f"The invoice number {payment.invoice_number} is lower than "
                    f"{self.ignore_numbers_before}",
                ),
            )
        if not payment.booked and not self.include_unbooked:
            return Reason(
                "not-booked",
                Text(
                    "Betalningen är inte bokförd i Fortnox än. Den kommer in av sig själv när den "
                    "har bokförts",
                    "The payment is not booked in Fortnox yet. It comes in by itself once it is",
                ),
            )
        return None
