"""An import: reads payments, and hands them to the host, or the reasons for excluding them.

Nothing is registered here: the host matches the payments, and a person saves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from opter_contract.values import Company, ExcludedPayment, ImportReport, Payment, Reason, Run, Text
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment
from opter_fortnox_plugin.fortnox.protocol import PAYMENTS, payments_query
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import Future
from opter_fortnox_plugin.payments.balances import Balances
from opter_fortnox_plugin.payments.confirmation import Confirmation
from opter_fortnox_plugin.payments.conversion import Converter, excluded_for
from opter_fortnox_plugin.payments.ocr_lookup import OcrLookup
from opter_fortnox_plugin.payments.page_scan import PageScan, Row
from opter_fortnox_plugin.payments.payment_details import Outcome, PaymentDetails
from opter_fortnox_plugin.payments.settings import Settings
from opter_fortnox_plugin.payments.watermark import Cursor, start_of_changes
from opter_fortnox_plugin.session import HERE, Session, Surroundings, signed_in

#: More pages are read while fewer details than this are pending, enough for two windows
#: of the rate limit, and while fewer pages than this wait for their details.
MAX_PENDING_DETAILS: Final = 2 * REQUESTS
MAX_PENDING_PAGES: Final = 8

#: A requested detail.
Detail = Future[Outcome]


def import_payments(
    run: Run,
    *,
    everything: bool = False,
    importer: ImporterFactory | None = None,
    surroundings: Surroundings = HERE,
) -> ImportReport:
    """Read a company's payments and hand them to the host.

    :param everything: read all payments; only unreadable ones are excluded, and there is
        no cursor.
    :param importer: creates the reader; an :class:`Importer` by default.
    :raises FortnoxError: if a person must act.
    """
    settings = Settings.of(run.settings)
    with signed_in(run, surroundings) as session:
        read_company = partial(session.pool.run, session.client.company)
        with session.alone(session.company_lock, read_company) as company:
            new = importer or partial(Importer, everything=everything)
            return new(session, company, settings).run()


# --- reading -------------------------------------------------------


class Importer:
    """Reads the payments of one run and hands them over."""

    def __init__(
        self, session: Session, company: Company, settings: Settings, *, everything: bool = False
    ) -> None:
        self._session = session
        self._company = company
        self._host = session.host
        self._client = session.client
        self._pool = session.pool
        self._settings = settings
        self._everything = everything
        self._converter = Converter(company.number, self._exclusion_reason)
        self._payment_details = PaymentDetails(self._client, self._converter)
        self._confirmation = Confirmation(
            session, company, self._payment_details, self._hand_over_outcomes
        )
        self._ocr = OcrLookup(session, company, self._seconds_left)
        self._page_scan: PageScan | None = None
        #: The pages that wait for details, and their details from the first pending one.
        self._pages: deque[list[Outcome | Detail]] = deque()
        self._details: deque[Detail] = deque()
        self._pages_started = 0
        self._details_started = 0
        self._notes: list[Text] = []
        self._lookup_failures = 0

    def run(self) -> ImportReport:
        since = self._start_of_changes()
        page_scan = self._page_scan = PageScan(
            self._pool,
            lambda page: self._client.page(PAYMENTS, payments_query(page, since)),
            lambda moment: self._client.page(PAYMENTS, payments_query(1, moment)).total > 0,
            # All changes are read: a payment that was saved may have been
            # moved to a date before the setting.
            None if self._everything or since else self._settings.ignore_payments_before,
        )
        self._read_pages(page_scan)
        if not self._everything:
            self._compare()
        return self._report(self._cursor(page_scan), page_scan.not_read)

    def _start_of_changes(self) -> datetime | None:
        """Return the start of the changes to read; ``None`` for everything."""
        if self._everything:
            return None
        since, note = start_of_changes(
            self._host.run.cursor, self._settings, self._client.is_in_future
        )
        if note is not None:
            self._notes.append(note)
        return since

    def _read_pages(self, page_scan: PageScan) -> None:
        # A note so far is about where it starts.
        self._host.report_progress("reading", 0, None, self._notes[0] if self._notes else _READING)
        for rows in page_scan.pages():
            self._add_page(rows)
            done, left = page_scan.read, self._seconds_left()
            # Payments deleted meanwhile were read, but Fortnox no longer counts them.
            total = max(done, page_scan.total)
            self._host.report_progress("reading", done, total, _read(done, total), left)
            self._hand_over(may_wait=MAX_PENDING_PAGES)
        self._hand_over(may_wait=0)
        self._host.take_excluded(
            [self._converter.unreadable(row, row) for row in page_scan.without_number]
        )

    def _compare(self) -> None:
        """Compare balances, and check the payments that the host names."""
        if self._ocr.refused is not None:
            self._notes.append(_look_up_refused(self._lookup_failures, self._ocr.refused))
        elif self._host.takes_balances():
            self._compare_balances()
        self._confirmation.check_registered()
        self._confirmation.confirm_ready()

    def _report(self, cursor: str | None, not_read: int) -> ImportReport:
        requests = self._session.limiter.started
        notes = (*self._notes, *self._confirmation.notes)
        return ImportReport(self._company, cursor, not_read, requests, notes)

    def _cursor(self, page_scan: PageScan) -> str | None:
        """Return where the next import starts, or ``None`` to start where this one did.

        The host can neither offer a row without a number again, nor find an invoice by an unknown
        OCR reference, so the next import must read them once more.
        """
        again = bool(page_scan.without_number or self._lookup_failures)
        if self._everything or page_scan.first_response_at is None or again:
            return None
        return Cursor(page_scan.first_response_at, self._settings).dump()

    def _add_page(self, rows: Sequence[Row]) -> None:
        """Add a page of rows, and request the details that they need."""
        page = [self._outcome(row) for row in rows]
        details = [item for item in page if isinstance(item, Future)]
        self._pages.append(page)
        self._pages_started += 1
        self._details.extend(details)
        self._details_started += len(details)

    def _outcome(self, row: Row) -> Outcome | Detail:
        if isinstance(row, Unreadable):
            return self._converter.unreadable(row, row)
        if self._payment_details.needed(row):
            return self._pool.submit(partial(self._payment_details.fetch, row.number))
        return self._converter.convert(row, detailed=False)

    def _hand_over(self, *, may_wait: int) -> None:
        """Hand over the pages whose details have arrived, in order.

        :param may_wait: the number of pages that may wait while others are read.
        """
        while self._pages:
            while self._details and self._details[0].done:
                self._details.popleft()
            page = self._pages[0]
            if all(item.done for item in page if isinstance(item, Future)):
                self._pages.popleft()
                self._hand_over_outcomes(
                    [item.value if isinstance(item, Future) else item for item in page]
                )
            elif len(self._details) > MAX_PENDING_DETAILS or len(self._pages) > may_wait:
                self._report_details()
                self._pool.wait_for_any()
            else:
                return

    def _report_details(self) -> None:
        done, left = self._details_started - len(self._details), self._seconds_left()
        total = self._details_started
        self._host.report_progress("details", done, total, _details_message(done, total), left)

    def _seconds_left(self, more: int = 0) -> float | None:
        """Estimate the seconds left under the rate limit; ``None`` while that is unknown.

        Unread payments are assumed to need as many details as the others.

        :param more: the number of requests that are not submitted yet.
        """
        requests = more
        if (page_scan := self._page_scan) is not None:
            if not page_scan.end_known:
                return None
            details = self._details_started * page_scan.pages_to_take / (self._pages_started or 1)
            requests += page_scan.pages_to_request + round(details)
        return self._session.seconds_left(requests)

    def _exclusion_reason(self, payment: Payment | InvoicePayment) -> Reason | None:
        return None if self._everything else self._settings.exclusion_reason(payment)

    def _hand_over_outcomes(self, outcomes: Sequence[Payment | ExcludedPayment | None]) -> None:
        """Hand over payments and excluded ones, with their OCR references.

        ``None`` is a payment deleted since its row was read; a later import would not find it.
        """
        payments = [outcome for outcome in outcomes if isinstance(outcome, Payment)]
        excluded = [outcome for outcome in outcomes if isinstance(outcome, ExcludedPayment)]
        payments, not_looked_up = self._add_ocr(payments)
        self._host.take_payments(payments)
        waiting = [row.payment for row in excluded if row.reason == "not-booked" and row.payment]
        ocr = {payment.key: payment for payment in self._add_ocr(waiting)[0]}
        self._host.take_excluded(
            [replace(row, payment=ocr.get(row.key, row.payment)) for row in excluded]
            + [excluded_for(_NOT_LOOKED_UP, payment) for payment in not_looked_up]
        )
        self._lookup_failures += len(not_looked_up)

    def _add_ocr(self, payments: list[Payment]) -> tuple[list[Payment], list[Payment]]:
        """Add the OCR reference if the host does not know the invoice number.

        :return: the payments, and separately those whose invoice could not be looked up.
        """
        if self._everything:
            return payments, []  # they are not matched with invoices
        numbers = {payment.invoice_number for payment in payments if payment.ocr is None}
        unknown_to_host = numbers - self._host.known_invoices(numbers)
        if not unknown_to_host:
            return payments, []
        references = self._ocr.references(unknown_to_host)
        complete, not_found = [], []
        for payment in payments:
            if payment.ocr is not None or payment.invoice_number not in unknown_to_host:
                complete.append(payment)
            elif payment.invoice_number in references:
                complete.append(replace(payment, ocr=references[payment.invoice_number]))
            else:
                not_found.append(payment)
        return complete, not_found

    def _compare_balances(self) -> None:
        balances = Balances(self._session)
        balances.hand_over_unpaid()
        if not balances.failed:
            balances.hand_over(self._host.invoices_to_check(self._company))
        self._notes += balances.notes


ImporterFactory = Callable[[Session, Company, Settings], Importer]


# --- messages ----------------------------------------------------

_READING: Final = Text("Läser betalningar i Fortnox", "Reading payments in Fortnox")
_NOT_LOOKED_UP: Final = Reason(
    "not-looked-up",
    Text(
        "Fakturan finns inte här under sitt nummer, och dess OCR-nummer kunde inte slås upp i "
        "Fortnox",
        "The invoice is not here under its number, and its OCR reference could not be looked up "
        "in Fortnox",
    ),
)


def _read(done: int, total: int) -> Text:
    return Text(
        f"Läste {done} av {total} betalningar i Fortnox",
        f"Read {done} of {total} payments in Fortnox",
    )


def _details_message(done: int, total: int) -> Text:
    return Text(
        f"Hämtar valutabelopp och avskrivningar ({done} av {total})",
        f"Fetching currency amounts and write-offs ({done} of {total})",
    )


def _look_up_refused(count: int, error: FortnoxError) -> Text:
    code = error.details.get("fortnox_code")
    waiting = Text(
        "1 betalning väntar" if count == 1 else f"{count} betalningar väntar",
        "1 payment waits" if count == 1 else f"{count} payments wait",
    )
    return Text(
        f"Fakturorna i Fortnox fick inte läsas ({error.code}, kod {code}), så vad som återstår av "
        f"dem jämfördes inte, och {waiting.sv} på att kunna slås upp. Resten är läst. Läs in de "
        "fakturorna här, eller ge den som loggar in rätten",
        f"The invoices in Fortnox may not be read ({error.code}, code {code}), so that what "
        f"remains of them was not compared, and {waiting.en} to be looked up. The rest is read. "
        "Load those invoices here, or give whoever signs in the right",
    )
