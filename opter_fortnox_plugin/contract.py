"""Our half of the agreement with the host.

The host's half is its own page; neither side imports the other. Here stand
the values that we make, as frozen dataclasses, and the things that we are
handed, as protocols of just what we use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import pluggy

#: The project name that pluggy knows both sides by, and the entry-point group.
PROJECT = "opter"

#: The oldest version of the contract that we can do with: everything that was added
#: later is asked for in a way that an older host may leave unanswered.
NEEDED = "1.0"

#: How many payments or numbers one call carries at most.
BATCH = 500

hookimpl = pluggy.HookimplMarker(PROJECT)


class Text(NamedTuple):
    """A sentence or a label for a person, in both languages."""

    sv: str
    en: str


# --- What we make ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportType:
    """A way to import payments."""

    code: str
    formats: tuple[str, ...]
    label: Text


@dataclass(frozen=True, slots=True)
class SettingsField:
    """One field that a person fills in when an import is defined."""

    key: str
    kind: str
    label: Text
    help: Text
    default: str = ""
    required: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """What is wrong (``error``) or odd (``warning``) about one value."""

    key: str
    severity: str
    sentence: Text


@dataclass(frozen=True, slots=True)
class CheckedSettings:
    """What to store, and what to tell."""

    values: Mapping[str, str]
    problems: tuple[SettingsProblem, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """A Fortnox company: its ``DatabaseNumber`` and name."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class PaymentKey:
    """Company and payment ``Number``; the number is ``""`` where unreadable."""

    company: str
    number: str
    import_type: str = "FortnoxAPI"


@dataclass(frozen=True, slots=True)
class WriteOff:
    """A write-off made together with a payment; ``currency`` is ``""`` where not named."""

    amount: Decimal
    account: str
    description: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment in neutral words; ``amount`` is SEK, the rate SEK for one unit."""

    key: PaymentKey
    source: str
    invoice_number: str
    ocr: str | None
    date: date
    amount: Decimal
    currency: str
    amount_currency: Decimal | None
    exchange_rate: Decimal | None
    write_offs: tuple[WriteOff, ...]
    booked: bool
    warnings: tuple[Text, ...] = ()
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a payment is not offered for saving."""

    reason: str
    sentence: Text


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A payment that was read but is not offered for saving; ``amount`` is SEK."""

    key: PaymentKey
    reason: str
    sentence: Text
    payment: Payment | None
    amount: Decimal | None
    invoice_number: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    stage: str
    done: int
    total: int | None
    sentence: Text
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class InvoiceBalance:
    """What Fortnox says of an invoice; total and balance are in ``currency``."""

    invoice_number: str
    ocr: str
    customer: str
    currency: str
    total: Decimal
    balance: Decimal
    booked: bool
    cancelled: bool


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a run has to say at its end."""

    company: Company
    cursor: str | None
    not_read: int
    requests: int
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorText:
    """A code of our errors, who can act, and the sentence; details stand in braces."""

    code: str
    kind: str
    sentence: Text


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing; ``code`` and ``kind`` are those of the error, if wrong."""

    name: str
    what: Text
    state: str
    sentence: Text
    code: str = ""
    kind: str = ""


# --- What we are handed ------------------------------------------------------


class CompanyLike(Protocol):
    """The company that the host remembers for a definition."""

    @property
    def number(self) -> str: ...
    @property
    def name(self) -> str: ...


class PaymentLike(Protocol):
    """Of a payment that the host kept: what our settings look at."""

    @property
    def date(self) -> date: ...
    @property
    def invoice_number(self) -> str: ...
    @property
    def booked(self) -> bool: ...


class RegisteredPayment(Protocol):
    """A payment that the host registered, to be asked after."""

    @property
    def number(self) -> str: ...
    @property
    def invoice_number(self) -> str: ...


class HostHooks(Protocol):
    """The host's hooks as we call them; each answers with a list."""

    def opter_take_payments(self, *, run: Any, payments: Sequence[Payment]) -> list[int]: ...
    def opter_take_left_out(self, *, run: Any, left_out: Sequence[LeftOut]) -> list[int]: ...
    def opter_take_gone(self, *, run: Any, payment_numbers: Sequence[str]) -> list[int]: ...
    def opter_take_not_asked(self, *, run: Any, payment_numbers: Sequence[str]) -> list[int]: ...
    def opter_take_balances(self, *, run: Any, balances: Sequence[InvoiceBalance]) -> list[int]: ...
    def opter_invoices_to_ask(self, *, run: Any, company: CompanyLike) -> list[Sequence[str]]: ...
    def opter_registered_payments(
        self, *, run: Any, company: CompanyLike
    ) -> list[Sequence[RegisteredPayment]]: ...
    def opter_payments_to_confirm(
        self, *, run: Any, company: CompanyLike
    ) -> list[Sequence[str]]: ...
    def opter_known_invoices(
        self, *, run: Any, invoice_numbers: Sequence[str]
    ) -> list[Collection[str]]: ...
    def opter_progress(self, *, run: Any, progress: Progress) -> list[bool]: ...
    def opter_open_window(
        self, *, run: Any, address: str, answered: Callable[[str], Text | None]
    ) -> list[bool]: ...
    def opter_state_get(self, *, run: Any, key: str) -> list[str]: ...
    def opter_state_put(self, *, run: Any, key: str, value: str | None) -> list[bool]: ...
    def opter_secret_get(self, *, run: Any, key: str) -> list[str]: ...
    def opter_secret_put(self, *, run: Any, key: str, value: str | None) -> list[bool]: ...
    def opter_lock(
        self, *, run: Any, key: str, wait: float
    ) -> list[AbstractContextManager[bool]]: ...


class Run(Protocol):
    """One import by one person."""

    @property
    def id(self) -> str: ...
    @property
    def hook(self) -> Any: ...
    @property
    def import_type(self) -> str: ...
    @property
    def definition(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, str]: ...
    @property
    def company(self) -> CompanyLike | None: ...
    @property
    def cursor(self) -> str | None: ...
    @property
    def default_currency(self) -> str: ...
    @property
    def configuration(self) -> Mapping[str, str]: ...
    @property
    def login_timeout(self) -> float: ...
