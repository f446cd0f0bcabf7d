"""The host's answers while a plug-in works on a run, and above all on an import.

What a plug-in hands over is checked against the contract here, and copied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeVar

from hostsim.errors import HostError, host_error
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.values import SEK, Definition
from hostsim.messages import results as results_messages
from hostsim.storage.company_regions import refuse_company_of_other_region
from hostsim.storage.deleted_at_source import ToCheck
from hostsim.storage.import_runs import ImportRun, Record, wrong_company_error
from hostsim.storage.rows import MAX_ID, clean, record_of, unreadable_record, without_spaces
from hostsim.storage.secrets import Secrets
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.export_values import ExportReport
from opter_contract.values import (
    SEVERITIES,
    CheckedSettings,
    Choice,
    Company,
    ExcludedPayment,
    Finding,
    ImportReport,
    InvoiceBalance,
    Payment,
    PaymentKey,
    Progress,
    Reason,
    RegisteredPayment,
    Run,
    SettingsField,
    SettingsProblem,
    Text,
    WriteOff,
)

#: The contract's bounds of a plug-in's small state.
MAX_KEY_LENGTH = 200
MAX_VALUE_LENGTH = 100_000

#: The contract's bound of a secret.
MAX_SECRET_LENGTH = 8_000

#: Sums stay exact up to here (see ``judging.EXACT``), and no real amount comes near.
MAX_DIGITS = 50

T = TypeVar("T")
C = TypeVar("C")

Window = Callable[[str, Callable[[str], Text | None]], bool]
OnProgress = Callable[[Progress], bool | None]


class StoredRun(Protocol):
    """A run as it is stored."""

    @property
    def store(self) -> Store: ...

    @property
    def run_id(self) -> str: ...

    @property
    def definition(self) -> Definition: ...

    def fail(self, code: str, message: Text | None = None) -> None: ...


class Session:
    """A run while its plug-in works on it: what imports and exports have in common.

    Each hook of the contract that the plug-in calls is answered by the method of its name.
    """

    def __init__(
        self,
        run: Run,
        stored: StoredRun,
        *,
        call_owner: Callable[..., Any],
        window: Window,
        on_progress: OnProgress,
        secrets: Secrets,
        clock: Callable[[], datetime],
    ) -> None:
        """Take the parts; ``call_owner`` calls a hook in the plug-in of a type."""
        self.run = run
        self._call_owner = call_owner
        self._window = window
        self._on_progress = on_progress
        self._clock = clock
        self._store = stored.store
        self._definition = stored.definition
        self._secrets = secrets
        self._failure: BaseException | None = None

    def call(self, hook: str, **arguments: object) -> Any:
        return self._call_owner(
            self.run.type_code, hook, self.run.subject, run=self.run, **arguments
        )

    @contextmanager
    def remembering_failure(self) -> Iterator[None]:
        """Remember what a hook of the host raises, also where the plug-in swallows it."""
        try:
            yield
        except BaseException as error:
            self._failure = self._failure or error
            raise

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def opter_progress(self, progress: Progress) -> bool | None:
        with checking():
            copy = _checked_progress(progress)
        return self._on_progress(copy)

    def opter_open_browser(self, url: str, on_redirect: Callable[[str], Text | None]) -> bool:
        return self._window(text(url), on_redirect)

    def opter_get_state(self, key: str) -> str | None:
        check_stored("state key", key, MAX_KEY_LENGTH)
        return self._store.state(self.run.type_code, key)

    def opter_set_state(self, key: str, value: str | None) -> bool:
        check_stored("state key", key, MAX_KEY_LENGTH)
        if value is not None:
            check_stored("state value", value, MAX_VALUE_LENGTH)
        self._store.set_state(self.run.type_code, key, value)
        return True

    def opter_get_secret(self, key: str) -> str | None:
        check_stored("secret key", key, MAX_KEY_LENGTH)
        return self._secrets.get(self.run.definition, key)

    def opter_set_secret(self, key: str, value: str | None) -> bool:
        check_stored("secret key", key, MAX_KEY_LENGTH)
        if value is not None:
            check_stored("secret", value, MAX_SECRET_LENGTH)
        self._secrets.put(self.run.definition, key, value)
        return True

    def opter_lock(self, key: str, timeout: float) -> AbstractContextManager[bool]:
        check_stored("lock key", key, MAX_KEY_LENGTH)
        wait = seconds(timeout)
        return self._store.locks.hold("plug-in", self.run.type_code, key, wait=wait)

    def refuse_other_company(self, company: Company) -> None:
        """Refuse the books of another company than the definition's, or of another region."""
        expected = self.run.company
        if expected is not None and company.number != expected.number:
            raise wrong_company_error(self._definition, expected, company)
        refuse_company_of_other_region(self._store, self._definition, company)


class ImportSession(Session):
    """An import while its plug-in works on it."""

    #: Whether payments that earlier runs rejected are offered again, and may be confirmed.
    offers_earlier = True

    #: An invoice whose registered payments are all checked for deletion, if it is here.
    invoice_id: int | None = None

    def __init__(self, run: Run, import_run: ImportRun, **parts: Any) -> None:
        super().__init__(run, import_run, **parts)
        self._import_run = import_run
        self._lock = threading.Lock()
        self._company: str | None = None
        self._invoices_checked: set[str] = set()
        self._offered_again = False
        self._rejected_fetched = False
        # Not yet returned; ``None`` after something new was read, which may change the list.
        self._to_check: list[ToCheck] | None = None

    def opter_take_payments(self, payments: Sequence[Payment]) -> int:
        copies = copies_of(payments, partial(checked_payment, import_type=self.run.type_code))
        for copy in copies:
            _check_complete(copy)
        self._check_company(copy.key.company for copy in copies)
        self._import_run.take(Record(record_of(copy)) for copy in copies)
        self._to_check = None
        return len(copies)

    def opter_take_excluded(self, excluded: Sequence[ExcludedPayment]) -> int:
        records = copies_of(excluded, _excluded_record)
        self._check_company(copies_of(excluded, lambda payment: text(payment.key.company)))
        self._import_run.take(records)
        self._to_check = None
        return len(records)

    def opter_take_deleted(self, payment_numbers: Sequence[str]) -> int:
        numbers = copies_of(payment_numbers, text)
        self._import_run.take_deleted(self._company or "", numbers)
        return len(numbers)

    def opter_take_unchecked(self, payment_numbers: Sequence[str]) -> int:
        numbers = copies_of(payment_numbers, text)
        self._import_run.take_unchecked(self._company or "", numbers)
        return len(numbers)

    def opter_take_balances(self, balances: Sequence[InvoiceBalance]) -> int:
        copies = copies_of(balances, _checked_balance)
        self._import_run.take_balances(copies)
        self._to_check = None
        return len(copies)

    def opter_payments_to_confirm(self, company: Company) -> list[str]:
        """Return payments of earlier runs that would be ready now, then some that would not."""
        company = self._begin(company)
        if not self.offers_earlier:
            return []
        self._report_comparing()
        numbers = self._import_run.payments_to_fetch(company.number)
        if not numbers and not self._rejected_fetched:
            self._rejected_fetched = True
            numbers = self._import_run.rejected_to_fetch(company.number)
        return numbers

    def opter_invoices_to_check(self, company: Company) -> Sequence[str]:
        """Return invoices that are open here and whose balance there is unknown, each once."""
        company = self._begin(company)
        self._report_comparing()
        numbers = self._import_run.invoices_to_check(company.number, self._clock())
        new = [number for number in numbers if number not in self._invoices_checked]
        self._invoices_checked.update(new)
        return new

    def opter_payments_to_check(self, company: Company) -> Sequence[RegisteredPayment]:
        """Return registered payments that may have been deleted, a batch at a time."""
        company = self._begin(company)
        run = self._import_run
        if self._to_check is None:
            self._report_comparing()
            self._to_check = run.payments_to_check(company.number, self._clock(), self.invoice_id)
        batch, self._to_check = self._to_check[:BATCH], self._to_check[BATCH:]
        run.mark_checked(company.number, batch)
        return [RegisteredPayment(payment.number, payment.invoice_number) for payment in batch]

    def _report_comparing(self) -> None:
        """Report what goes on; the plug-in hears of a cancellation at its own next report."""
        self._on_progress(Progress("comparing", 0, None, results_messages.COMPARING))

    def opter_known_invoices(self, invoice_numbers: Sequence[str]) -> Collection[str]:
        """Choose the invoices that the region of the definition has."""
        numbers = copies_of(invoice_numbers, text)
        definition = self._import_run.definition
        return self._import_run.store.known_invoices(definition.region, numbers)

    def finish(self, report: ImportReport) -> ImportReport:
        """End the reading; offer again what earlier runs rejected, if that is still to do."""
        self.raise_failure()
        copy = checked_report(report)
        self._begin(copy.company)
        # A note may say that not everything was checked.
        checked = () if copy.notes else self._invoices_checked
        self._import_run.store_checked_invoices(copy.company.number, checked, self._clock())
        return copy

    def _begin(self, company: Company) -> Company:
        """Check the company; the first time, offer again what earlier runs rejected."""
        company = checked_company(company)
        self._check_company([company.number], company.name)
        with self._lock:
            if self._offered_again or not self.offers_earlier:
                return company
            self._offered_again = True
        self._import_run.offer_again(company.number, self._exclusion_reasons)
        return company

    def _check_company(self, numbers: Iterable[str], name: str = "") -> None:
        for number in set(numbers):
            if self._company != number:
                self.refuse_other_company(Company(number, name))
            with self._lock:
                self._company = self._company or number
            if not number or number != self._company:
                raise broken("payments of several companies in one run")

    def _exclusion_reasons(self, payments: Sequence[Payment]) -> Sequence[Refusal | None]:
        """Ask the plug-in which of these payments today's settings exclude."""
        answers = self.call("opter_exclusion_reasons", payments=payments)
        if answers is None:
            return [None] * len(payments)
        refusals = copies_of(answers, _checked_reason)
        if len(refusals) != len(payments):
            raise broken("opter_exclusion_reasons did not answer for each payment")
        return refusals


# --- Checking what a plug-in hands over -----------------------------------------


def broken(what: str) -> HostError:
    """Return the error for a plug-in that breaks the contract."""
    return host_error("CONTRACT_BROKEN", what=what)


@contextmanager
def checking() -> Iterator[None]:
    """Refuse a value without the attributes of the contract's, or of another type."""
    try:
        yield
    except HostError:
        raise
    except (AttributeError, TypeError) as error:
        raise broken(f"a value is not as the contract says: {error}") from error
    except Exception as error:
        # The type alone: the message could hold anything.
        raise broken(f"a value cannot be read ({type(error).__name__})") from error


def copies_of(batch: Collection[T], copy: Callable[[T], C]) -> list[C]:
    """Copy each value of a batch."""
    with checking():
        check_size(batch)
        return [copy(value) for value in batch]


def checked_payment(payment: Payment, import_type: str = "") -> Payment:
    customer = getattr(payment, "customer_number", None)
    return Payment(
        key=PaymentKey(text(payment.key.company), text(payment.key.number), import_type),
        source=text(payment.source),
        invoice_number=text(payment.invoice_number),
        ocr=None if payment.ocr is None else without_spaces(text(payment.ocr)),
        date=_day(payment.date),
        amount=money(payment.amount),
        currency=text(payment.currency),
        amount_currency=money_or_none(payment.amount_currency),
        exchange_rate=money_or_none(payment.exchange_rate),
        write_offs=tuple(
            WriteOff(
                money(w.amount),
                text(getattr(w, "account", "")),
                text(getattr(w, "description", "")),
                text(getattr(w, "currency", "")),
            )
            for w in getattr(payment, "write_offs", ())
        ),
        booked=bool(getattr(payment, "booked", True)),
        warnings=tuple(map(sentence, getattr(payment, "warnings", ()))),
        customer_number=None if customer is None else text(customer),
    )


def checked_company(company: Company) -> Company:
    with checking():
        return Company(text(company.number), text(company.name))


def checked_report(report: ImportReport | ExportReport) -> ImportReport:
    """Copy a report; that of an export has neither a cursor nor payments that were not read."""
    with checking():
        cursor = getattr(report, "cursor", None)
        if cursor is not None:
            check_writable("cursor", cursor)
        return ImportReport(
            company=checked_company(report.company),
            cursor=cursor,
            not_read=count(getattr(report, "not_read", 0)),
            requests=count(report.requests),
            notes=tuple(map(sentence, getattr(report, "notes", ()))),
        )


def checked_finding(finding: Finding) -> Finding:
    return Finding(
        text(finding.name),
        sentence(finding.label),
        text(finding.state),
        sentence(finding.message),
        text(getattr(finding, "code", "")),
        text(getattr(finding, "kind", "")),
    )


def checked_fields(fields: Sequence[SettingsField] | None) -> list[SettingsField]:
    """Copy the settings fields of a type; a plug-in without the hook has none."""
    return [] if fields is None else copies_of(fields, _checked_field)


def _checked_field(field: SettingsField) -> SettingsField:
    return SettingsField(
        _exact("key of a field", field.key),
        text(field.kind),
        sentence(field.label),
        sentence(field.help),
        _exact("default of a field", getattr(field, "default", "")),
        bool(getattr(field, "required", False)),
        bool(getattr(field, "secret", False)),
        tuple(copies_of(getattr(field, "choices", ()), _checked_choice)),
    )


def _checked_choice(choice: Choice) -> Choice:
    return Choice(_exact("choice", choice.value), sentence(choice.label))


def checked_settings(checked: CheckedSettings) -> CheckedSettings:
    """Copy the result of ``opter_check_settings``."""
    with checking():
        values = {
            _exact("key of a setting", key): _exact("setting", value)
            for key, value in checked.values.items()
        }
        return CheckedSettings(values, tuple(copies_of(checked.problems, _checked_problem)))


def _checked_problem(problem: SettingsProblem) -> SettingsProblem:
    severity = text(problem.severity)
    if severity not in SEVERITIES:
        raise broken("a severity is neither error nor warning")
    return SettingsProblem(text(problem.key), severity, sentence(problem.message))


def _excluded_record(excluded: ExcludedPayment) -> Record:
    refusal = Refusal(text(excluded.reason), sentence(excluded.message))
    number = text(excluded.key.number)
    if excluded.payment is not None:
        columns = record_of(checked_payment(excluded.payment))
        return Record(columns | {"number": number or None}, refusal)
    invoice_number = excluded.invoice_number
    columns = unreadable_record(
        number,
        None if invoice_number is None else text(invoice_number),
        money_or_none(excluded.amount),
    )
    return Record(columns, refusal)


def _checked_balance(balance: InvoiceBalance) -> InvoiceBalance:
    return InvoiceBalance(
        invoice_number=text(balance.invoice_number),
        ocr=text(balance.ocr),
        customer_number=text(balance.customer_number),
        currency=text(balance.currency),
        total=money(balance.total),
        balance=money(balance.balance),
        booked=bool(balance.booked),
        cancelled=bool(balance.cancelled),
    )


def _checked_reason(answer: Reason | None) -> Refusal | None:
    return None if answer is None else Refusal(text(answer.reason), sentence(answer.message))


def _checked_progress(progress: Progress) -> Progress:
    seconds_left = getattr(progress, "seconds_left", None)
    return Progress(
        text(progress.stage),
        count(progress.done),
        None if progress.total is None else count(progress.total),
        sentence(progress.message),
        None if seconds_left is None else seconds(seconds_left),
    )


def _check_complete(payment: Payment) -> None:
    if not payment.key.number:
        raise broken("a payment without a number was offered")
    if not payment.currency:
        raise broken("a payment without a currency was offered")
    if payment.currency == SEK:
        return
    if payment.amount_currency is None:
        raise broken("a payment was offered without its amount in the currency")
    if payment.write_offs and not (payment.exchange_rate and payment.exchange_rate > 0):
        raise broken("a payment with write-offs was offered without a rate")


def check_size(batch: Collection[object]) -> None:
    if isinstance(batch, str | bytes):
        raise broken("a batch is a text")
    if len(batch) > BATCH:
        raise broken(f"a batch of {len(batch)} is larger than {BATCH}")


def check_length(what: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise broken(f"a {what} of {len(text)} characters is longer than {longest}")


def check_stored(what: str, value: str, longest: int) -> None:
    check_writable(what, value)
    check_length(what, value, longest)


def check_writable(what: str, value: str) -> None:
    """Check a text that the plug-in gets back as it was: it cannot be cleaned."""
    if text(value) != value:
        raise broken(f"a {what} cannot be written in UTF-8")


def _exact(what: str, value: str) -> str:
    check_writable(what, value)
    return text(value)


def text(value: str) -> str:
    """Copy a text, as one of the plain type: a subclass may compare as it likes."""
    if not isinstance(value, str):
        raise broken("a text is not a text")
    return clean(str.__str__(value))


def sentence(message: Text) -> Text:
    return Text(text(message.sv), text(message.en))


def count(number: int) -> int:
    if not isinstance(number, int) or abs(number) > MAX_ID:
        raise broken("a number is not an integer that can be stored")
    return number


def seconds(number: float) -> float:
    if not isinstance(number, int | float) or not abs(number) <= threading.TIMEOUT_MAX:
        raise broken("a number of seconds is not one that can be waited for")
    return number


def _day(day: date) -> date:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise broken("a payment date is not a date")
    return day


def money(amount: Decimal) -> Decimal:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise broken("an amount is not a finite Decimal")
    _sign, digits, exponent = amount.as_tuple()
    if amount.adjusted() > MAX_DIGITS or (isinstance(exponent, int) and exponent < -MAX_DIGITS):
        raise broken(f"an amount has more than {MAX_DIGITS} digits ({len(digits)})")
    return amount


def money_or_none(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else money(amount)
