"""An import: who signs in, what is read, what is left out and why, what is handed over.

Nothing is registered here: the host judges what it took, and a person saves.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from opter_contract.values import (
    Company,
    ExcludedPayment,
    ImportReport,
    Payment,
    PaymentKey,
    Reason,
    Run,
    Text,
)
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import (
    Busy,
    FortnoxError,
    LoginFailed,
    Missing,
    SettingsWrong,
    in_swedish,
)
from opter_fortnox_plugin.fortnox.best_effort import BestEffort
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import Page, authorization_address
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS, RateLimiter
from opter_fortnox_plugin.fortnox.schemas import (
    InvoicePayment,
    Unreadable,
    payment_detail,
    plain,
)
from opter_fortnox_plugin.fortnox.worker_pool import Future, WorkerPool
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login import stored_login
from opter_fortnox_plugin.login.authorization_code import CallbackServer, Login
from opter_fortnox_plugin.login.tokens import TokenEndpoint
from opter_fortnox_plugin.payments.balances import Balances
from opter_fortnox_plugin.payments.exchange_rate import exchange_rate
from opter_fortnox_plugin.payments.ocr import OcrLookup
from opter_fortnox_plugin.payments.page_scan import PageScan, Row
from opter_fortnox_plugin.payments.watermark import Cursor
from opter_fortnox_plugin.settings import Settings, stays_signed_in

#: Seconds that an import waits for another one of the same company.
COMPANY_TIMEOUT: Final = 10.0

#: Pages go on being read while fewer details than this are to come, enough for two
#: windows of the limit; and so many pages at most wait for theirs.
ENOUGH_DETAILS: Final = 2 * REQUESTS
PAGES_WAITING: Final = 8

#: Registered payments that are asked after in a run, at most.
MAX_PAYMENTS_CHECKED: Final = 100

#: A detail that was asked for: what became of the payment, ``None`` where it is gone.
Detail = Future["Payment | ExcludedPayment | None"]


def import_payments(
    run: Run,
    *,
    everything: bool = False,
    importer: MakeImporter | None = None,
    environment: Mapping[str, str] = os.environ,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    transport: Callable[[], Transport] = Transport,
) -> ImportReport:
    """Read a company's payments and hand them to the host.

    :param everything: all that exist, whatever the settings say; nothing is
        left out but what cannot be read, and no cursor is made.
    :param importer: reads something else than an import does.
    :param now: Unix time, for what other processes have to understand.
    :param sleep, clock: seconds, to wait and to measure how long.
    :raises FortnoxError: where there is something for a person to do.
    """
    if run.default_currency.strip().upper() != "SEK":
        raise SettingsWrong("DEFAULT_CURRENCY_NOT_SEK", currency=plain(run.default_currency, 20))
    settings = Settings.of(run.settings)
    configuration = Configuration.of(run.configuration, environment)
    host = Host(run, sleep=sleep, clock=clock)
    wire = transport()
    pool = WorkerPool(host.repeat_progress, abort=wire.abort, sleep=sleep, clock=clock)
    limiter = RateLimiter(sleep=pool.sleep, clock=clock, may_start=pool.may_start)
    wire.sent = limiter.sent
    try:
        with stored_login.signed_in(
            host,
            TokenEndpoint(wire, configuration, host.wait),
            configuration,
            stay=stays_signed_in(run.settings),
            log_in=lambda: log_in(host, configuration),
            now=now,
            clock=clock,
        ) as signed_in:
            client = Client(
                configuration.api_url,
                wire,
                signed_in,
                limiter,
                sleep=pool.sleep,
                waiting=lambda what, seconds: pool.call_soon(
                    lambda: host.report_progress("waiting", 0, None, _again(what, seconds))
                ),
                renew=lambda refused: pool.on_host_thread(lambda: signed_in.renew(refused)),
                check=pool.check,
                now=now,
            )
            # What is entered last ends first: no request may start once the locks are let go.
            with ExitStack() as locks, ExitStack() as held:
                if run.company is not None:
                    # First, so that not even one request goes beside another import's.
                    locks.enter_context(_company_lock(host, run.company))
                held.enter_context(_limited(host, limiter, configuration.client_id, now))
                asked = held.enter_context(pool).submit(client.company)
                make = importer or partial(Importer, everything=everything)
                reader = make(host, client, pool, limiter, settings=settings)
                reader.begin()
                company = pool.result(asked)
                refuse_other_company(run, company)
                if run.company is None:
                    locks.enter_context(_company_lock(host, company))
                    _recall(host, limiter, configuration.client_id, now)
                return reader.run(company)
    finally:
        wire.close()


# --- around the reading -------------------------------------------------------


def log_in(host: Host, configuration: Configuration) -> str:
    """Open the login window and return the authorization code that comes back."""
    login = Login(configuration.redirect_uri)
    address = authorization_address(
        configuration.auth_url, configuration.client_id, login.redirect_uri, login.state
    )
    patience = host.run.login_timeout
    with (
        host.lock(
            f"login/{login.redirect_uri}",
            patience,
            _ANOTHER_LOGIN,
            lambda: LoginFailed("LOGIN_WAITED_FOR_ANOTHER"),
        ),
        CallbackServer(login),
    ):
        host.open_browser(address, login.paste)
        return login.wait(
            patience, lambda left: host.report_progress("login", 0, None, _sign_in(round(left)))
        )


@contextmanager
def _limited(
    host: Host, limiter: RateLimiter, client_id: str, now: Callable[[], float]
) -> Iterator[None]:
    """Count the requests of the run before, and keep ours for the run after."""
    _recall(host, limiter, client_id, now)
    try:
        yield
    finally:
        host.set_state(_pace_key(client_id), limiter.recent_starts(now()))


def _recall(host: Host, limiter: RateLimiter, client_id: str, now: Callable[[], float]) -> None:
    if kept := host.get_state(_pace_key(client_id)):
        limiter.restore(kept, now())


def _pace_key(client_id: str) -> str:
    # By client id alone: who signs in is known only after the first request.
    return f"pace/{client_id}"[:200]


def refuse_other_company(run: Run, company: Company) -> None:
    """Raise ``WRONG_COMPANY`` where a definition belongs to another company."""
    expected = run.company
    if expected is not None and expected.number != company.number:
        raise LoginFailed(
            "WRONG_COMPANY",
            expected=expected.name,
            expected_number=expected.number,
            actual=company.name,
            actual_number=company.number,
        )


@contextmanager
def _company_lock(host: Host, company: Company) -> Iterator[None]:
    waiting = Text(
        f"En annan import av {company.name} pågår; väntar på den",
        f"Another import of {company.name} is running; waiting for it",
    )
    with host.lock(
        f"company/{company.number}",
        COMPANY_TIMEOUT,
        waiting,
        lambda: Busy("COMPANY_BUSY", company=company.name, seconds=f"{COMPANY_TIMEOUT:g}"),
    ):
        yield


# --- the reading itself -------------------------------------------------------


class Importer:
    """What one run reads and hands over."""

    def __init__(
        self,
        host: Host,
        client: Client,
        pool: WorkerPool,
        limiter: RateLimiter,
        *,
        settings: Settings,
        everything: bool = False,
    ) -> None:
        self._host = host
        self._client = client
        self._pool = pool
        self._limiter = limiter
        self._settings = settings
        self._everything = everything
        self._first_page: Future[Page] | None = None
        self._page_scan: PageScan | None = None
        #: Pages that wait for details, and those details from the first that is not here yet.
        self._pages: deque[list[Payment | ExcludedPayment | Detail]] = deque()
        self._details: deque[Detail] = deque()
        self._pages_begun = 0
        self._details_begun = 0
        #: From when changes are read; ``None`` for everything.
        self._since: datetime | None = None
        self._notes: list[Text] = []

    def begin(self) -> None:
        """Ask for what is needed whichever company answers, beside the question which it is."""
        since = self._since = self._where_to_begin()
        self._first_page = self._pool.submit(lambda: self._client.payments(1, since))

    def run(self, company: Company) -> ImportReport:
        """Read the payments of a company and hand them over."""
        self._company = company
        self._ocr = OcrLookup(
            self._client,
            self._host,
            self._pool,
            company.number,
            seconds_left=self._seconds_left,
        )
        return self._read()

    def _read(self) -> ImportReport:
        since = self._since
        page_scan = self._page_scan = PageScan(
            self._pool,
            lambda page: self._client.payments(page, since),
            lambda moment: self._client.payments(1, moment).total > 0,
            # What changed is read whole: a payment that was saved may have
            # been moved to a date before the setting.
            None if self._everything or since else self._settings.ignore_payments_before,
            first_page=self._first_page,
        )
        self._host.report_progress(
            "reading", 0, None, _AHEAD if _AHEAD in self._notes else _READING
        )
        for rows in page_scan.pages():
            self._begin(rows)
            done, total, left = page_scan.read, page_scan.total, self._seconds_left()
            self._host.report_progress("reading", done, total, _read(done, total), left)
            self._hand_over(may_wait=PAGES_WAITING)
        self._hand_over(may_wait=0)
        self._host.take_excluded([self._unreadable(row, row) for row in page_scan.without_number])
        if not self._everything:
            if self._host.takes_balances():
                self._compare()
            self._check_registered()
            self._confirm()
        return self._report(self._cursor(page_scan), page_scan.not_read)

    def _report(self, cursor: str | None, not_read: int) -> ImportReport:
        requests = self._limiter.started
        return ImportReport(self._company, cursor, not_read, requests, tuple(self._notes))

    def _where_to_begin(self) -> datetime | None:
        earlier = None if self._everything else Cursor.load(self._host.run.cursor)
        if earlier is None:
            return None
        if self._client.is_ahead(earlier.watermark):
            # Written when every clock was wrong, or before ours was set back. Fortnox's own
            # time is not waited for: it could only make us read less.
            self._notes.append(_AHEAD)
            return None
        return earlier.since(self._settings)

    def _cursor(self, page_scan: PageScan) -> str | None:
        """Return where the next reading begins, or ``None`` to begin where this one did.

        A row without a number cannot be offered again by the host, so that
        the next reading must meet it once more.
        """
        if self._everything or page_scan.first_answer_at is None or page_scan.without_number:
            return None
        return Cursor(page_scan.first_answer_at, self._settings).dump()

    def _begin(self, rows: Sequence[Row]) -> None:
        """Begin with a page of rows: ask for the details that it takes."""
        page = [self._outcome(row) for row in rows]
        details = [one for one in page if isinstance(one, Future)]
        self._pages.append(page)
        self._pages_begun += 1
        self._details.extend(details)
        self._details_begun += len(details)

    def _outcome(self, row: Row) -> Payment | ExcludedPayment | Detail:
        if isinstance(row, Unreadable):
            return self._unreadable(row, row)
        if self._needs_detail(row):
            return self._pool.submit(partial(self._detailed, row.number))
        return self._judged(row, detailed=False)

    def _hand_over(self, *, may_wait: int) -> None:
        """Hand over the pages whose details have come, in order.

        :param may_wait: so many pages may go on waiting while others are read.
        """
        while self._pages:
            while self._details and self._details[0].done:
                self._details.popleft()
            page = self._pages[0]
            if all(one.done for one in page if isinstance(one, Future)):
                self._pages.popleft()
                self._emit([one.value if isinstance(one, Future) else one for one in page])
            elif len(self._details) > ENOUGH_DETAILS or len(self._pages) > may_wait:
                self._tell_details()
                self._pool.wait_for_any()
            else:
                return

    def _tell_details(self) -> None:
        done, left = self._details_begun - len(self._details), self._seconds_left()
        total = self._details_begun
        self._host.report_progress("details", done, total, _details(done, total), left)

    def _seconds_left(self, more: int = 0) -> float | None:
        """Return how long the limit will still make us take; ``None`` where nothing tells.

        Payments that were not read yet are taken to need as many details as those that were.

        :param more: requests that are to come besides.
        """
        requests = self._pool.waiting + more
        if (page_scan := self._page_scan) is not None:
            if not page_scan.end_known:
                return None
            details = self._details_begun * page_scan.pages_to_take / (self._pages_begun or 1)
            requests += page_scan.pages_to_request + round(details)
        return self._limiter.seconds_for(requests)

    def _needs_detail(self, row: InvoicePayment) -> bool:
        """Tell whether the list row is not enough: another currency, or write-offs."""
        if row.currency == "SEK" and not row.write_off_exist:
            return False
        reason = self._exclusion_reason(row)
        return reason is None or reason.reason == "not-booked"

    def _detailed(self, number: str) -> Payment | ExcludedPayment | None:
        """Return a payment by its detail; ``None`` where it is gone."""
        try:
            raw = self._client.payment(number)
        except Missing:
            return None
        try:
            row = payment_detail(raw)
            if row.number != number:
                raise Unreadable(("Number",), known=asdict(row))
        except Unreadable as error:
            return self._unreadable(error, error, number)
        return self._judged(row, detailed=True)

    def _judged(self, row: InvoicePayment, *, detailed: bool) -> Payment | ExcludedPayment:
        try:
            payment = self._payment(row, detailed=detailed)
        except Unreadable as error:
            return self._unreadable(error, row)
        reason = self._exclusion_reason(payment)
        if reason is None:
            return payment
        return ExcludedPayment(
            payment.key,
            reason.reason,
            reason.message,
            payment,
            payment.amount,
            payment.invoice_number,
        )

    def _exclusion_reason(self, payment: Payment | InvoicePayment) -> Reason | None:
        return None if self._everything else self._settings.exclusion_reason(payment)

    def _payment(self, row: InvoicePayment, *, detailed: bool) -> Payment:
        amount_currency, rate = row.amount_currency, None
        warnings: tuple[Text, ...] = ()
        if row.currency == "SEK":
            amount_currency = row.amount
        elif detailed:
            amount_currency, rate, warnings = _in_currency(row)
        return Payment(
            key=PaymentKey(self._company.number, row.number),
            source=row.source,
            invoice_number=row.invoice_number,
            ocr=row.invoice_ocr,
            date=row.date,
            amount=row.amount,
            currency=row.currency,
            amount_currency=amount_currency,
            exchange_rate=rate,
            write_offs=row.write_offs,
            booked=row.booked,
            warnings=warnings,
            customer_number=row.customer_number,
        )

    def _unreadable(
        self, error: Unreadable, known: Row, number: str | None = None
    ) -> ExcludedPayment:
        """Exclude a payment that cannot be read, with what is known of it.

        :param number: the payment's number, where it was requested by that.
        """
        return ExcludedPayment(
            PaymentKey(self._company.number, number or known.number),
            "unreadable",
            _why_unreadable(error),
            None,
            known.amount,
            known.invoice_number,
        )

    def _emit(self, outcomes: Sequence[Payment | ExcludedPayment | None]) -> None:
        """Hand over payments and what is left out, with their OCR references.

        ``None`` was deleted since its row was read; a later reading would not meet it.
        """
        payments = [one for one in outcomes if isinstance(one, Payment)]
        excluded = [one for one in outcomes if isinstance(one, ExcludedPayment)]
        self._host.take_payments(self._with_ocr(payments))
        waiting = [one.payment for one in excluded if one.reason == "not-booked" and one.payment]
        ocr = {payment.key: payment for payment in self._with_ocr(waiting)}
        self._host.take_excluded(
            [replace(one, payment=ocr.get(one.key, one.payment)) for one in excluded]
        )

    def _with_ocr(self, payments: list[Payment]) -> list[Payment]:
        """Add the OCR reference where the host does not know the invoice number."""
        if self._everything:
            return payments  # nobody matches them with invoices
        numbers = {one.invoice_number for one in payments if one.ocr is None}
        unknown_to_host = numbers - self._host.known_invoices(numbers)
        if not unknown_to_host:
            return payments
        references = self._ocr.references(unknown_to_host)
        return [
            replace(one, ocr=references[one.invoice_number])
            if one.ocr is None and one.invoice_number in references
            else one
            for one in payments
        ]

    def _balances(self) -> Balances:
        return Balances(self._client, self._host, self._pool, seconds_left=self._seconds_left)

    def _compare(self) -> None:
        """Hand over what Fortnox says remains of invoices."""
        balances = self._balances()
        balances.hand_over_unpaid()
        if not balances.failed:
            balances.hand_over(self._host.invoices_to_check(self._company))
        self._notes += balances.notes

    def _check_registered(self) -> None:
        """Find out which registered payments that the host names no longer exist.

        One that has another invoice now is handed over, so that the host knows where it is.
        The host is told of which ones nothing is known.
        """
        effort = BestEffort(self._pool)
        seen: set[str] = set()
        room, too_many = MAX_PAYMENTS_CHECKED, 0
        while registered := self._host.registered_payments(self._company):
            fresh = {one.number: one.invoice_number for one in registered if one.number not in seen}
            if not fresh:
                break
            seen.update(fresh)
            possible = [number for number in fresh if number.isdecimal()]
            asked = possible[:room]
            room, too_many = room - len(asked), too_many + len(possible) - len(asked)
            found = self._fetched(asked, _ASKING_AFTER, effort)
            self._emit([one for number, one in found.items() if _is_of_another(one, fresh[number])])
            self._host.take_deleted([number for number, one in found.items() if one is None])
            self._host.take_unchecked([number for number in fresh if number not in found])
        if too_many:
            self._notes.append(_not_asked_after(too_many))
        self._notes += [_not_checked(count, why) for why, count in effort.failed.items()]

    def _confirm(self) -> None:
        """Fetch again what the host has kept and would now offer for saving.

        And payments of this run of which it must know what only the detail tells. One that
        cannot be fetched stays as the host knows it.
        """
        effort = BestEffort(self._pool)
        asked: set[str] = set()
        while effort.aborted is None and (numbers := self._host.payments_to_confirm(self._company)):
            fresh = [number for number in dict.fromkeys(numbers) if number not in asked]
            if not fresh:
                break
            asked.update(fresh)
            found = self._fetched(fresh, _CONFIRMING, effort)
            self._emit(list(found.values()))
            self._host.take_deleted([number for number, one in found.items() if one is None])
        self._notes += [_not_confirmed(count, why) for why, count in effort.failed.items()]

    def _fetched(
        self, numbers: Sequence[str], message: Text, effort: BestEffort
    ) -> dict[str, Payment | ExcludedPayment | None]:
        """Fetch payments by their numbers, as far as they come; ``None`` for one that is gone."""
        futures = {number: effort.submit(partial(self._detailed, number)) for number in numbers}
        found: dict[str, Payment | ExcludedPayment | None] = {}
        for done, (number, future) in enumerate(futures.items()):
            left = self._limiter.seconds_for(self._pool.waiting)
            self._host.report_progress("confirming", done, len(futures), message, left)
            outcome = effort.result(future)
            if not isinstance(outcome, FortnoxError):
                found[number] = outcome
        return found


MakeImporter = Callable[..., Importer]


def _is_of_another(outcome: Payment | ExcludedPayment | None, invoice_number: str) -> bool:
    """Tell whether a payment can be read, and does not pay this invoice."""
    payment = outcome.payment if isinstance(outcome, ExcludedPayment) else outcome
    return payment is not None and payment.invoice_number != invoice_number


def _in_currency(row: InvoicePayment) -> tuple[Decimal, Decimal, tuple[Text, ...]]:
    if row.amount_currency is None:
        raise Unreadable(("AmountCurrency",))
    try:
        rate = exchange_rate(row.amount, row.amount_currency, row.currency_rate, row.currency_unit)
    except ValueError:
        raise Unreadable(("Amount", "AmountCurrency")) from None
    return row.amount_currency, rate.value, (rate.warning,) if rate.warning else ()


# --- what a person is told ----------------------------------------------------

_ANOTHER_LOGIN: Final = Text(
    "En annan inloggning pågår på den här datorn; väntar på den",
    "Another login is going on on this machine; waiting for it",
)
_READING: Final = Text("Läser betalningar i Fortnox", "Reading payments in Fortnox")
_CONFIRMING: Final = Text(
    "Kontrollerar betalningar från tidigare importer",
    "Checking payments of earlier imports",
)
_ASKING_AFTER: Final = Text(
    "Kontrollerar att registrerade betalningar finns kvar i Fortnox",
    "Checking that registered payments still exist in Fortnox",
)
_AHEAD: Final = Text(
    "Tidpunkten som importen skulle läsa från ligger i framtiden, så alla betalningar läses på "
    "nytt. Kontrollera datorns klocka",
    "The time that the import should read from lies in the future, so all payments are read "
    "again. Check the machine's clock",
)


def _sign_in(left: int) -> Text:
    return Text(
        f"Logga in i Fortnox i webbläsaren ({left} s kvar)",
        f"Sign in to Fortnox in the browser ({left} s left)",
    )


def _read(done: int, total: int) -> Text:
    return Text(
        f"Läste {done} av {total} betalningar i Fortnox",
        f"Read {done} of {total} payments in Fortnox",
    )


def _details(done: int, total: int) -> Text:
    return Text(
        f"Hämtar valutabelopp och avskrivningar ({done} av {total})",
        f"Fetching currency amounts and write-offs ({done} of {total})",
    )


def _not_asked_after(count: int) -> Text:
    return Text(
        f"{count} registrerade betalningar hann inte kontrolleras i Fortnox: högst "
        f"{MAX_PAYMENTS_CHECKED} frågas det efter per import",
        f"{count} registered payments were not checked in Fortnox: at most {MAX_PAYMENTS_CHECKED} "
        "are checked in an import",
    )


def _not_checked(count: int, why: Text) -> Text:
    return Text(
        f"{count} registrerade betalningar kunde inte kontrolleras i Fortnox. {why.sv}",
        f"{count} registered payments could not be checked in Fortnox. {why.en}",
    )


def _not_confirmed(count: int, why: Text) -> Text:
    return Text(
        f"{count} betalningar kunde inte hämtas på nytt från Fortnox och står kvar som de var. "
        f"{why.sv}",
        f"{count} payments could not be fetched again from Fortnox, and stay as they were. "
        f"{why.en}",
    )


def _again(what: str, seconds: float) -> Text:
    return Text(
        f"Fortnox svarade inte som det ska ({in_swedish(what)}); försöker igen om {seconds:.0f} s",
        f"Fortnox did not answer as it should ({what}); trying again in {seconds:.0f} s",
    )


def _why_unreadable(why: Unreadable) -> Text:
    names = ", ".join(why.fields) or "–"
    if why.no_right:
        return Text(
            f"Fortnox visar inte {names} för den som loggade in (API_NORIGHT)",
            f"Fortnox does not show {names} to the person who signed in (API_NORIGHT)",
        )
    return Text(
        f"Betalningen går inte att läsa: {names}. Kontrollera den i Fortnox",
        f"The payment cannot be read: {names}. Check it in Fortnox",
    )
