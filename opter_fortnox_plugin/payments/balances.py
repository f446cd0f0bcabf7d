"""The balances of Fortnox's invoices, for the host to compare.

All unpaid invoices, in one pass over pages, and single ones that the host names. They are
advisory: changes meanwhile do no harm, and a failure does not end the import.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from opter_contract.values import InvoiceBalance, Text
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.best_effort import BestEffort
from opter_fortnox_plugin.fortnox.fields import readable
from opter_fortnox_plugin.fortnox.payment_schemas import invoice_balance
from opter_fortnox_plugin.fortnox.protocol import INVOICES, Page, invoice_query, invoices_query
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import Future, cancel
from opter_fortnox_plugin.session import Session

log = logging.getLogger(__name__)

#: The maximum number of invoices that are requested one by one in a run, which asks once.
MAX_CHECKED: Final = 100

#: The maximum number of digits of an invoice number in Fortnox; it refuses longer ones.
_MAX_DIGITS: Final = 9


class Balances:
    """The balances of one company's invoices."""

    def __init__(self, session: Session) -> None:
        self._client = session.client
        self._host = session.host
        self._effort = BestEffort(session.pool)
        self._seconds_left = session.seconds_left
        self._unchecked = 0

    @property
    def failed(self) -> bool:
        return bool(self._effort.failed)

    @property
    def notes(self) -> list[Text]:
        """Notes for a person on what could not be checked."""
        too_many = [_too_many_to_check(self._unchecked)] if self._unchecked else []
        return too_many + [_not_compared(why) for why in self._effort.failed]

    def hand_over_unpaid(self) -> None:
        """Hand over the balance of each invoice that is unpaid in Fortnox.

        Fortnox omits those that are not booked, so nothing follows from a missing one.
        """
        futures = deque([self._submit_unpaid(1)])
        requested, done, pages = 1, 0, None
        while futures:
            left = self._seconds_left(pages - requested if pages else 0)
            self._host.report_progress("invoices", done, pages, _comparing(done, pages), left)
            page = self._effort.result(futures.popleft())
            if isinstance(page, FortnoxError):
                cancel(futures)
                return
            done += 1
            # An empty page is the last one, whatever the number of pages is.
            pages = max(requested, page.pages) if page.rows else requested
            while requested < pages and len(futures) < REQUESTS:
                requested += 1
                futures.append(self._submit_unpaid(requested))
            self._host.take_balances(balances_of(page.rows))
        self._host.report_progress("invoices", done, done, _comparing(done, done))

    def _submit_unpaid(self, page: int) -> Future[Page | FortnoxError]:
        query = invoices_query(page, unpaid=True)
        return self._effort.submit(partial(self._client.page, INVOICES, query))

    def hand_over(self, invoice_numbers: Iterable[str]) -> Sequence[InvoiceBalance]:
        """Hand over the balances of the given invoices that exist, and return them."""
        valid = [number for number in dict.fromkeys(invoice_numbers) if is_invoice_number(number)]
        chosen = valid[:MAX_CHECKED]
        self._unchecked += len(valid) - len(chosen)
        futures = [
            self._effort.submit(partial(self._client.page, INVOICES, invoice_query(number)))
            for number in chosen
        ]
        balances: list[InvoiceBalance] = []
        for done, (number, future) in enumerate(zip(chosen, futures, strict=True)):
            self._host.report_progress(
                "invoices", done, len(chosen), _COMPARING, self._seconds_left()
            )
            page = self._effort.result(future)
            if isinstance(page, FortnoxError):
                continue
            # Fortnox finds every number that contains these digits.
            balances += [
                balance for balance in balances_of(page.rows) if balance.invoice_number == number
            ]
        self._host.take_balances(balances)
        return balances


def balances_of(rows: Sequence[Any]) -> list[InvoiceBalance]:
    """Read rows of the list of invoices, skipping unreadable ones."""
    balances = readable(invoice_balance, rows)
    if len(balances) < len(rows):
        log.warning("%s invoices cannot be read, and are not compared", len(rows) - len(balances))
    return balances


def is_invoice_number(number: str) -> bool:
    """Return whether Fortnox can have an invoice of this number."""
    digits = number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS
    return digits and not number.startswith("0")


_COMPARING: Final = Text(
    "Jämför vad som återstår av fakturorna i Fortnox",
    "Comparing what remains of the invoices in Fortnox",
)


def _comparing(done: int, pages: int | None) -> Text:
    if not done or not pages:
        return _COMPARING
    return Text(
        f"{_COMPARING.sv} (sida {done} av {pages} är läst)",
        f"{_COMPARING.en} (page {done} of {pages} is read)",
    )


def _too_many_to_check(count: int) -> Text:
    return Text(
        f"{count} obetalda fakturor hann inte kontrolleras i Fortnox: högst {MAX_CHECKED} frågas "
        "det efter per import",
        f"{count} unpaid invoices were not checked in Fortnox: at most {MAX_CHECKED} are asked "
        "for in an import",
    )


def _not_compared(why: Text) -> Text:
    return Text(
        f"Vad som återstår av fakturorna kunde inte jämföras med Fortnox. {why.sv}",
        f"What remains of the invoices could not be compared with Fortnox. {why.en}",
    )
