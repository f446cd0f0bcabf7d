"""The host's answers while a plug-in works on a run.

One object in the plug-in manager answers for the host: it knows the active
sessions by the id of their run and hands each call to the right one. What a
plug-in hands over is checked against the contract here, and copied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hostsim.errors import HostError, host_error
from hostsim.ledger.matching import Refusal
from hostsim.ledger.values import SEK
from hostsim.messages import text as text_messages
from hostsim.storage.import_runs import ImportRun, Record, wrong_company
from hostsim.storage.region_checks import refuse_company_of_other_region
from hostsim.storage.rows import clean, record_of, unreadable_record, without_spaces
from hostsim.storage.secrets import Secrets
from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    Company,
    ExcludedPayment,
    InvoiceBalance,
    Payment,
    PaymentKey,
    Progress,
    RegisteredPayment,
    Run,
    Text,
    WriteOff,
)

#: The contract's bounds of a plug-in's small state.
LONGEST_KEY = 200
LONGEST_VALUE = 100_000

#: The contract's bound of a secret.
LONGEST_SECRET = 8_000

#: Sums stay exact up to here (see ``judging.EXACT``), and no real amount comes near.
MOST_DIGITS = 50

Window = Callable[[str, Callable[[str], "Text | None"]], bool]
OnProgress = Callable[["Progress"], "bool | None"]


class PluginSession:
    """A run while its plug-in works on it."""

    #: Whether payments that earlier runs rejected are offered again, and may be confirmed.
    offers_earlier = True

    #: An invoice whose registered payments are all checked for deletion.
    invoice_id: int | None = None

    def __init__(
        self,
        run: Run,
        import_run: ImportRun,
        *,
        call_owner: Callable[..., Any],
        window: Window,
        on_progress: OnProgress,
        secrets: Secrets,
        clock: Callable[[], datetime],
    ) -> None:
        """Put a session together; ``call_owner`` calls a hook in the plug-in of an import type."""
        self.run = run
        self.window = window
        self.on_progress = on_progress
        self._call_owner = call_owner
        self._clock = clock
        self._import_run = import_run
        self._secrets = secrets
        self._lock = threading.Lock()
        self._company: str | None = None
        self._invoices_checked: set[str] = set()
        self._offered_again = False
        self._failure: BaseException | None = None

    def call(self, hook: str, **arguments: object) -> Any:
        return self._call_owner(self.run.type_code, hook, run=self.run, **arguments)

    @contextmanager
    def remembering_failure(self) -> Iterator[None]:
        """Remember what a hook of the host raises, also where the plug-in swallows it."""
        try:
            yield
        except BaseException as error:
            self._failure = self._failure or error
            raise

    def take_payments(self, payments: Sequence[Payment]) -> int:
        _check_size(payments)
        copies = [received(payment, self.run.type_code) for payment in payments]
        for copy in copies:
            _check_complete(copy)
        self._check_company(copy.key.company for copy in copies)
        self._import_run.take(Record(record_of(copy)) for copy in copies)
        return len(copies)

    def take_excluded(self, excluded: Sequence[ExcludedPayment]) -> int:
        _check_size(excluded)
        self._check_company(one.key.company for one in excluded)
        self._import_run.take([_excluded_record(one) for one in excluded])
        return len(excluded)

    def take_deleted(self, numbers: Sequence[str]) -> int:
        _check_size(numbers)
        self._import_run.take_deleted(self._company or "", numbers)
        return len(numbers)

    def take_unchecked(self, numbers: Sequence[str]) -> int:
        _check_size(numbers)
        self._import_run.take_unchecked(self._company or "", numbers)
        return len(numbers)

    def take_balances(self, balances: Sequence[InvoiceBalance]) -> int:
        _check_size(balances)
        self._import_run.take_balances(balances)
        return len(balances)

    def payments_to_confirm(self, company: Company) -> list[str]:
        """Give payments of earlier runs that would be ready now."""
        self._begin(company)
        if not self.offers_earlier:
            return []
        return self._import_run.payments_to_fetch(company.number)

    def invoices_to_check(self, company: Company) -> Sequence[str]:
        """Give invoices that are open here and whose balance there is unknown, each once."""
        self._begin(company)
        numbers = self._import_run.invoices_to_check(company.number, self._clock())
        new = [number for number in numbers if number not in self._invoices_checked]
        self._invoices_checked.update(new)
        return new

    def registered_payments(self, company: Company) -> Sequence[RegisteredPayment]:
        """Give registered payments that may have been deleted."""
        self._begin(company)
        at = self._clock()
        return self._import_run.registered_payments(company.number, at, self.invoice_id)

    def known_invoices(self, numbers: Sequence[str]) -> Collection[str]:
        """Choose the invoices that the region of the definition has."""
        _check_size(numbers)
        definition = self._import_run.definition
        return self._import_run.store.known_invoices(definition.region, numbers)

    def state(self, key: str) -> str | None:
        _check_length("state key", key, LONGEST_KEY)
        return self._import_run.store.state(self.run.type_code, key)

    def set_state(self, key: str, value: str | None) -> bool:
        _check_length("state key", key, LONGEST_KEY)
        _check_length("state value", value or "", LONGEST_VALUE)
        self._import_run.store.set_state(self.run.type_code, key, value)
        return True

    def secret(self, key: str) -> str | None:
        _check_length("secret key", key, LONGEST_KEY)
        return self._secrets.get(self.run.definition, key)

    def set_secret(self, key: str, value: str | None) -> bool:
        _check_length("secret key", key, LONGEST_KEY)
        _check_length("secret", value or "", LONGEST_SECRET)
        self._secrets.put(self.run.definition, key, value)
        return True

    def lock(self, key: str, wait: float) -> AbstractContextManager[bool]:
        _check_length("lock key", key, LONGEST_KEY)
        locks = self._import_run.store.locks
        return locks.hold("plug-in", self.run.type_code, key, wait=wait)

    def finish(self, company: Company, *, notes: bool = False) -> None:
        """End the reading; offer again what earlier runs rejected, if that is still to do.

        :param notes: the plug-in reports something, as that it could not check everything.
        """
        if self._failure is not None:
            raise self._failure
        self._begin(company)
        checked = () if notes else self._invoices_checked
        self._import_run.store_checked_invoices(company.number, checked, self._clock())

    def _begin(self, company: Company) -> None:
        """Check the company; the first time, offer again what earlier runs rejected."""
        self._check_company([company.number], company.name)
        with self._lock:
            if self._offered_again or not self.offers_earlier:
                return
            self._offered_again = True
        self._import_run.offer_again(company.number, self._screened)

    def _check_company(self, numbers: Iterable[str], name: str = "") -> None:
        for number in set(numbers):
            expected = self.run.company
            if expected is not None and number != expected.number:
                raise wrong_company(self.run.definition, expected, Company(number, name))
            if self._company is None:
                refuse_company_of_other_region(
                    self._import_run.store, self._import_run.definition, Company(number, name)
                )
            with self._lock:
                self._company = self._company or number
            if not number or number != self._company:
                raise broken("payments of several companies in one run")

    def _screened(self, payments: Sequence[Payment]) -> Sequence[Refusal | None]:
        """Ask the plug-in which of these payments today's settings exclude."""
        answers = self.call("opter_exclusion_reasons", payments=payments)
        if answers is None:
            return [None] * len(payments)
        if len(answers) != len(payments):
            raise broken("opter_exclusion_reasons did not answer for each payment")
        return [
            None if a is None else Refusal(a.reason, text_messages.own(a.message)) for a in answers
        ]


class HostHooks:
    """The host's own implementation of the hooks that only a host answers."""

    def __init__(self) -> None:
        self._sessions: dict[str, PluginSession] = {}

    @contextmanager
    def active(self, session: PluginSession) -> Iterator[None]:
        """Answer for a session while the block runs."""
        self._sessions[session.run.id] = session
        try:
            yield
        finally:
            del self._sessions[session.run.id]

    @contextmanager
    def _of(self, run: Run) -> Iterator[PluginSession]:
        session = self._sessions.get(run.id)
        if session is None:
            raise broken("a hook was called for a run that is not going on")
        with session.remembering_failure():
            yield session

    @hookimpl
    def opter_take_payments(self, run: Run, payments: Sequence[Payment]) -> int:
        with self._of(run) as session:
            return session.take_payments(payments)

    @hookimpl
    def opter_take_excluded(self, run: Run, excluded: Sequence[ExcludedPayment]) -> int:
        with self._of(run) as session:
            return session.take_excluded(excluded)

    @hookimpl
    def opter_take_deleted(self, run: Run, payment_numbers: Sequence[str]) -> int:
        with self._of(run) as session:
            return session.take_deleted(payment_numbers)

    @hookimpl
    def opter_take_unchecked(self, run: Run, payment_numbers: Sequence[str]) -> int:
        with self._of(run) as session:
            return session.take_unchecked(payment_numbers)

    @hookimpl
    def opter_take_balances(self, run: Run, balances: Sequence[InvoiceBalance]) -> int:
        with self._of(run) as session:
            return session.take_balances(balances)

    @hookimpl
    def opter_invoices_to_check(self, run: Run, company: Company) -> Sequence[str]:
        with self._of(run) as session:
            return session.invoices_to_check(company)

    @hookimpl
    def opter_payments_to_check(self, run: Run, company: Company) -> Sequence[RegisteredPayment]:
        with self._of(run) as session:
            return session.registered_payments(company)

    @hookimpl
    def opter_payments_to_confirm(self, run: Run, company: Company) -> Sequence[str]:
        with self._of(run) as session:
            return session.payments_to_confirm(company)

    @hookimpl
    def opter_known_invoices(self, run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:
        with self._of(run) as session:
            return session.known_invoices(invoice_numbers)

    @hookimpl
    def opter_progress(self, run: Run, progress: Progress) -> bool | None:
        with self._of(run) as session:
            return session.on_progress(progress)

    @hookimpl
    def opter_open_browser(
        self, run: Run, url: str, on_redirect: Callable[[str], Text | None]
    ) -> bool:
        with self._of(run) as session:
            return session.window(url, on_redirect)

    @hookimpl
    def opter_get_state(self, run: Run, key: str) -> str | None:
        with self._of(run) as session:
            return session.state(key)

    @hookimpl
    def opter_set_state(self, run: Run, key: str, value: str | None) -> bool:
        with self._of(run) as session:
            return session.set_state(key, value)

    @hookimpl
    def opter_get_secret(self, run: Run, key: str) -> str | None:
        with self._of(run) as session:
            return session.secret(key)

    @hookimpl
    def opter_set_secret(self, run: Run, key: str, value: str | None) -> bool:
        with self._of(run) as session:
            return session.set_secret(key, value)

    @hookimpl
    def opter_lock(self, run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:
        with self._of(run) as session:
            return session.lock(key, timeout)


# --- Checking what a plug-in hands over -----------------------------------------


def received(payment: Payment, import_type: str = "") -> Payment:
    """Copy a payment that a plug-in handed over, and check it against the contract."""
    customer = getattr(payment, "customer_number", None)
    return Payment(
        key=PaymentKey(clean(payment.key.company), clean(payment.key.number), import_type),
        source=clean(payment.source),
        invoice_number=clean(payment.invoice_number),
        ocr=None if payment.ocr is None else without_spaces(clean(payment.ocr)),
        date=_day(payment.date),
        amount=_money(payment.amount),
        currency=clean(payment.currency),
        amount_currency=_money_or_none(payment.amount_currency),
        exchange_rate=_money_or_none(payment.exchange_rate),
        write_offs=tuple(
            WriteOff(
                _money(w.amount),
                clean(w.account),
                clean(w.description),
                clean(getattr(w, "currency", "")),
            )
            for w in payment.write_offs
        ),
        booked=bool(payment.booked),
        warnings=tuple(Text(clean(w.sv), clean(w.en)) for w in payment.warnings),
        customer_number=None if customer is None else clean(customer),
    )


def broken(what: str) -> HostError:
    """Make the error for a plug-in that does not keep to the contract."""
    return host_error("CONTRACT_BROKEN", what=what)


def _excluded_record(excluded: ExcludedPayment) -> Record:
    given = Refusal(excluded.reason, Text(clean(excluded.message.sv), clean(excluded.message.en)))
    number = clean(excluded.key.number)
    if excluded.payment is not None:
        columns = record_of(received(excluded.payment))
        return Record((number, *columns[1:]), given)
    invoice_number = excluded.invoice_number
    known = unreadable_record(
        number,
        None if invoice_number is None else clean(invoice_number),
        _money_or_none(excluded.amount),
    )
    return Record(known, given)


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


def _check_size(batch: Sequence[object]) -> None:
    if len(batch) > BATCH:
        raise broken(f"a batch of {len(batch)} is larger than {BATCH}")


def _check_length(what: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise broken(f"a {what} of {len(text)} characters is longer than {longest}")


def _day(day: date) -> date:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise broken("a payment date is not a date")
    return day


def _money(amount: Decimal) -> Decimal:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise broken("an amount is not a finite Decimal")
    _sign, digits, exponent = amount.as_tuple()
    if amount.adjusted() > MOST_DIGITS or (isinstance(exponent, int) and exponent < -MOST_DIGITS):
        raise broken(f"an amount has more than {MOST_DIGITS} digits ({len(digits)})")
    return amount


def _money_or_none(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else _money(amount)
