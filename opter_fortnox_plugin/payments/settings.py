"""The settings fields of the import, each declared once with what it excludes.

The meaning of the two "ignore" fields is Opter's own: a payment counts from its
``PaymentDate``, the date itself included, and a lower Fortnox invoice number is excluded.
Both are rules, never sync cursors: a payment can be back-dated.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, Protocol

from opter_contract.values import Reason, SettingsField, Text
from opter_fortnox_plugin import settings
from opter_fortnox_plugin.settings import SIGN_IN, Declared, read_all


class Screened(Protocol):
    """The fields of a payment that the rules read."""

    @property
    def date(self) -> date: ...
    @property
    def invoice_number(self) -> str: ...
    @property
    def booked(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """Which payments a setting excludes.

    :ivar excludes, message: called with a payment and the setting's value.
    :ivar includes_more: called with the current value and an earlier one; returns whether a
        payment that was excluded then could be included now.
    """

    reason: str
    excludes: Callable[[Screened, Any], bool]
    message: Callable[[Screened, Any], Text]
    includes_more: Callable[[Any, Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening(Declared):
    """A field that excludes payments."""

    rule: Rule


_NOT_BOOKED: Final = Text(
    "Betalningen är inte bokförd i Fortnox än. Den kommer in av sig själv när den har bokförts",
    "The payment is not booked in Fortnox yet. It comes in by itself once it is",
)

#: In the order to show them; of several rules that exclude a payment, the first tells why.
DECLARED: Final = (
    Screening(
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
        rule=Rule(
            "before-date",
            excludes=lambda payment, first: payment.date < first,
            message=lambda payment, first: Text(
                f"Betalningsdatumet {payment.date} är före {first}",
                f"The payment date {payment.date} is before {first}",
            ),
            includes_more=operator.lt,
        ),
    ),
    Screening(
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
        rule=Rule(
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
    Screening(
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
        rule=Rule(
            "not-booked",
            excludes=lambda payment, included: not (payment.booked or included),
            message=lambda *_: _NOT_BOOKED,
            includes_more=operator.gt,
        ),
    ),
    SIGN_IN,
)

FIELDS: Final = tuple(setting.field for setting in DECLARED)
_SCREENINGS: Final = tuple(setting for setting in DECLARED if isinstance(setting, Screening))

check: Final = partial(settings.check, declared=DECLARED)


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of one definition that have a rule."""

    ignore_payments_before: date
    ignore_numbers_before: int
    include_unbooked: bool

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Settings:
        """Read values that :data:`check` has passed.

        :raises ValueError: for other values.
        """
        return cls(**read_all(_SCREENINGS, values))

    def include_more_than(self, earlier: Settings) -> bool:
        """Return whether a payment that was excluded then could be included now."""
        return any(
            setting.rule.includes_more(
                getattr(self, setting.field.key), getattr(earlier, setting.field.key)
            )
            for setting in _SCREENINGS
        )

    def exclusion_reason(self, payment: Screened) -> Reason | None:
        """Return the first rule's reason for excluding a payment."""
        for setting in _SCREENINGS:
            value = getattr(self, setting.field.key)
            if setting.rule.excludes(payment, value):
                return Reason(setting.rule.reason, setting.rule.message(payment, value))
        return None
