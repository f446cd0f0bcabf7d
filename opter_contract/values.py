"""The values that a host and a plug-in exchange: frozen, each declared once.

Either side may use objects of its own with the same attributes. An attribute that has a default
here may be missing, and then has that default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from opter_contract.version import CONTRACT_VERSION

#: ``Failure.kind``: who can act.
FAILURE_KINDS: Final = frozenset(
    {"settings", "login", "permission", "unavailable", "busy", "cancelled", "internal"}
)

#: ``SettingsField.kind``.
FIELD_KINDS: Final = frozenset({"date", "integer", "boolean", "text", "choice"})

#: ``SettingsProblem.severity``.
SEVERITIES: Final = frozenset({"error", "warning"})

#: ``Progress.stage``.
STAGES: Final = frozenset(
    {"login", "reading", "details", "invoices", "confirming", "waiting", "checking", "sending"}
)

#: ``Reason.reason`` of a payment that is ignored; with any other it is rejected.
IGNORED: Final = frozenset({"before-date", "below-number"})


class Text(NamedTuple):
    """A sentence or a label for a person, in both languages."""

    sv: str
    en: str


class Failure(Protocol):
    """The attributes of an exception that a host can show.

    ``code`` is stable, upper case with underscores. ``message`` says what
    happened and what to do next; a plug-in's names no customer, invoice or payment, since a host
    may mail it. ``kind`` says who can act, and is one of

    ``settings``     settings or configuration are wrong (the administrator);
    ``login``        nobody is signed in, or to the wrong company (the user);
    ``permission``   a licence or a right is missing (the administrator);
    ``unavailable``  the other service does not respond properly (wait);
    ``busy``         somebody else is doing it right now (wait);
    ``cancelled``    a person cancelled (nobody needs to);
    ``internal``     a bug in the program (the developer).
    """

    @property
    def code(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> Text: ...


# --- Settings ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportType:
    """A way to import payments that a person can choose in the settings."""

    code: str
    """Stable and unique among the plug-ins of a host: ``FortnoxAPI``."""
    formats: Sequence[str]
    """The formats that can be chosen with it, at least one: ``API``."""
    label: Text


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a settings field can have."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class SettingsField:
    """One field that the host shows when an import is defined."""

    key: str
    kind: str
    """``date`` (YYYY-MM-DD), ``integer``, ``boolean`` (true/false), ``text``, or ``choice``: one
    of ``choices``."""
    label: Text
    help: Text
    default: str = ""
    """As text; ``""`` if there is none."""
    required: bool = False
    secret: bool = False
    """True if the host must not show the value."""
    choices: Sequence[Choice] = ()
    """Of a ``choice``, in the order to show them."""


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """A problem with the value of one field."""

    key: str
    severity: str
    """``error``: the values are refused. ``warning``: they are not."""
    message: Text


@dataclass(frozen=True, slots=True)
class CheckedSettings:
    """The result of a check of settings values."""

    values: Mapping[str, str]
    """The values to store, in normal form; nothing else is stored."""
    problems: Sequence[SettingsProblem]


# --- Payments ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Company:
    """A company in the system that payments come from."""

    number: str
    """Identifies it there for ever (Fortnox: ``DatabaseNumber``)."""
    name: str


@dataclass(frozen=True, slots=True)
class PaymentKey:
    """The identity of a payment: import type, company and its number there."""

    company: str
    number: str
    """``""`` if it could not be read."""
    import_type: str = ""
    """A plug-in may omit it, since it is that of the run."""


@dataclass(frozen=True, slots=True)
class WriteOff:
    """A part of an invoice that was written off together with a payment."""

    amount: Decimal
    """Positive lowers what remains of an ordinary invoice."""
    account: str = ""
    """Number in the chart of accounts, ``""`` if unknown."""
    description: str = ""
    currency: str = ""
    """That of ``amount``, three letters: SEK or the payment's own. ``""`` if the other
    system names none: it then counts as SEK, at the payment's rate."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of one invoice, independent of the other system."""

    key: PaymentKey
    source: str
    """Its origin, in that system's terms (``manual``, ``file`` …)."""
    invoice_number: str
    """The invoice's number in the other system, ``""`` if only its OCR reference is known
    (a bank knows no invoices)."""
    ocr: str | None
    """The OCR reference of that invoice; ``None`` if it was not looked up, ``""`` if it has
    none."""
    date: date
    """The payment date of the books."""
    amount: Decimal
    """SEK. Negative for a refund."""
    currency: str
    """Three letters: the invoice's currency in the other system."""
    amount_currency: Decimal | None
    """In ``currency``; equals ``amount`` for SEK. ``None`` only in a payment that was excluded
    before it was needed."""
    exchange_rate: Decimal | None
    """SEK for one unit of ``currency``; ``None`` for SEK."""
    write_offs: Sequence[WriteOff] = ()
    booked: bool = True
    """False while the other system may still change or remove it."""
    warnings: Sequence[Text] = ()
    """Notes for a person about these figures."""
    customer_number: str | None = None
    """The number of the invoice's customer in the other system; ``None`` if it was not
    looked up.
    A host that needs it names the payment in ``opter_payments_to_confirm``."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a payment is not offered for saving."""

    reason: str
    """``before-date`` and ``below-number``: settings say to *ignore* it. ``not-booked``,
    ``unreadable`` and any other: it is *rejected*, and shown to a person."""
    message: Text


@dataclass(frozen=True, slots=True)
class ExcludedPayment:
    """A payment that was read but is not offered for saving, and why."""

    key: PaymentKey
    reason: str
    """As in :class:`Reason`."""
    message: Text
    payment: Payment | None
    """``None`` if it could not be read (``unreadable``)."""
    amount: Decimal | None
    """SEK; ``None`` if unknown."""
    invoice_number: str | None
    """``None`` if unknown."""


@dataclass(frozen=True, slots=True)
class InvoiceBalance:
    """The state of an invoice in the other system."""

    invoice_number: str
    """The invoice's number in the other system."""
    ocr: str
    """Its OCR reference; ``""`` if it has none."""
    customer_number: str
    """The number of its customer there."""
    currency: str
    total: Decimal
    """In ``currency``; negative for a credit invoice."""
    balance: Decimal
    """The amount left to pay there, in ``currency``."""
    booked: bool
    """If false, the balance means nothing."""
    cancelled: bool


@dataclass(frozen=True, slots=True)
class RegisteredPayment:
    """A registered payment to look up in the other system."""

    number: str
    """In the run's company."""
    invoice_number: str
    """The number of its invoice in the other system."""


# --- A run -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One import or export by one person, handed along to every hook.

    Active until ``opter_import_payments``, or the hook that it was made for, has returned.
    """

    id: str
    hook: Any = field(repr=False)
    """The hooks of this host (pluggy's relay)."""
    type_code: str
    """The code of the import type, or of the export type."""
    format: str
    definition: str
    """The name that a person gave this import, unique in the host."""
    settings: Mapping[str, str] = field(repr=False)
    """As ``opter_check_settings`` returned them."""
    company: Company | None = None
    """The company that this definition was first saved for."""
    cursor: str | None = None
    """What the last saved run of this definition reported."""
    default_currency: str = "SEK"
    """The host's own currency, as free text."""
    configuration: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of the host's administrator, by the names of the plug-in's environment variables;
    they override the environment, and may contain a client secret."""
    login_timeout: float = 300.0
    """Seconds that a person may take to sign in."""
    contract_version: str = CONTRACT_VERSION
    """The version of the contract that the host speaks."""
    subject: str = ""
    """What is exported, as in :class:`~opter_contract.export_values.ExportType`; ``""`` for an
    import."""
    attended: bool = True
    """Whether a person is present. In an unattended run a plug-in that needs one raises an error
    of the kind ``login`` or ``permission`` at once: it opens no browser, and waits for nobody."""
    redirect_uri: str = ""
    """Where a login redirects the browser, at a host that is a web application: the host
    receives it there and hands it over. ``""``: the plug-in receives it itself."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run."""

    stage: str
    """``login``, ``reading``, ``details``, ``invoices``, ``confirming`` or ``waiting``; of an
    export ``checking`` or ``sending``."""
    done: int
    total: int | None
    """``None`` while it is unknown."""
    message: Text
    seconds_left: float | None = None
    """Until the run has read everything; ``None`` while it is unknown."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The report of a run after the last payment has been taken."""

    company: Company
    cursor: str | None
    """Opaque. Comes back as ``run.cursor`` after this run was saved, and only then; ``None``
    leaves the earlier one in force. Must be ``None`` if a row without a number was handed
    over, which no host can offer again."""
    not_read: int
    """The number of payments there that did not have to be read, by the settings."""
    requests: int
    """The number of requests to the other system's API."""
    notes: Sequence[Text] = ()
    """Notes about the run for the person, such as a failed lookup."""


# --- The books ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A committed run, as its listeners get it."""

    id: str
    type_code: str
    definition: str
    company: Company
    payment_count: int
    """The number of payments that were registered."""


@dataclass(frozen=True, slots=True)
class SavedPayment:
    """A payment as registered in the host."""

    payment: Payment
    host_invoice_number: str
    status: str
    """``exact``, ``written-off``, ``partial``, ``advance`` or ``reversal``."""


@dataclass(frozen=True, slots=True)
class BookChange:
    """One change of the books, as recorded in the host's journal.

    Changes are immutable: a wrong registration is reversed by a later change, with the opposite
    amounts. So the sum of ``effect`` over the changes of an invoice is the amount paid of its
    total, and the sum of ``amount`` over the changes of a payment is its current amount.
    """

    books_id: str
    """Which books were changed: letters and digits, at most 50, permanent. Two databases of a
    host, such as that of a demonstration, are two books, and so is one restored from a
    backup."""
    sequence: int
    """In these books: 1, 2, 3 and so on without a gap."""
    kind: str
    """``registered``; ``reversed``, if the payment was replaced by another one in its source
    system; or ``deleted``, by a person here. A ``reversed`` payment is ``registered`` once more,
    under its ``payment_id``, if a person undoes the save that reversed it."""
    payment_id: int
    """The host's own number of the payment."""
    replaces: int | None
    """The ``payment_id`` of the payment that it replaces, the first of several."""
    key: PaymentKey | None
    """``None`` for a payment that a person entered."""
    region: str
    host_invoice_number: str
    """The number of the invoice, in its region."""
    date: date
    """The payment date of the books."""
    amount: Decimal
    """SEK; for ``reversed`` and ``deleted`` the negated amount, as in the next two."""
    currency: str
    amount_currency: Decimal
    """In ``currency``."""
    effect: Decimal
    """The amount by which it lowers the invoice's balance, in the invoice's currency, with
    write-offs."""
    source: str
    """As ``Payment.source``; ``hand`` for one that a person entered."""
    user: str
    at: datetime
    """With its zone."""


# --- Unattended runs ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EndedRun:
    """An unattended import or export, and how it ended."""

    definition: str
    type_code: str
    subject: str
    """``""`` for an import."""
    company: Company | None
    """``None`` if it is not known yet."""
    ended_at: datetime
    """With its zone."""
    outcome: str
    """``saved``; ``nothing-new``; ``waits-for-person``, if something is left for one, whatever
    else was saved; ``failed``, if it is retried automatically; ``paused``, if it is not."""
    counts: Mapping[str, int]
    """``read``, ``saved``, ``left`` for a person, ``rejected`` and ``ignored``; the first is the
    sum of the others. Empty where it failed."""
    code: str = ""
    """The code of the error that ended it; ``""`` if none did."""
    message: Text | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice for a person about an unattended run, sent once."""

    kind: str
    """``needs-person``: something waits, or a person must fix what keeps it from running;
    ``failed``: it failed, and is retried; ``recovered``: it failed, and works again."""
    run: EndedRun
    """The last one."""
    waiting: int = 0
    """The number of rows that wait for a person."""
    works_again: bool = False
    """A failure was reported, and it works again: true for every ``recovered``, and for a
    ``needs-person`` if something waits now."""


# --- Diagnosis ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErrorText:
    """An error that a plug-in can raise."""

    code: str
    kind: str
    """Who can act; one of the kinds of :class:`Failure`."""
    message: Text
    """What happened and what to do next; with placeholders in braces: ``{seconds}``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of checking one requirement of an import."""

    name: str
    """Stable, lower case with dots: ``network.api``."""
    label: Text
    """What was checked."""
    state: str
    """``ok``, ``failed``, ``unknown`` (it cannot be determined here) or ``skipped`` (another check
    that it depends on has failed)."""
    message: Text
    """The result and, unless it is ok, what to do. Never a secret."""
    code: str = ""
    """The code of the error, if it failed."""
    kind: str = ""
    """If it failed, who can act, as in :class:`Failure`."""
