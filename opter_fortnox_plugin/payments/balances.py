"""What Fortnox says remains to pay of its invoices, for the host to compare.

All that are unpaid, in one pass over pages, and single ones that the host asks for. It is
advice: changes during the reading do no harm, and a failure does not end the import.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from opter_contract.values import InvoiceBalance, Text
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.best_effort import BestEffort
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.payment_schemas import invoice_balance
from opter_fortnox_plugin.fortnox.protocol import INVOICES, invoice_query
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool, cancel
from opter_fortnox_plugin.host import Host

log = logging.getLogger(__name__)

#: Invoices that are requested one by one in a run, at most.
MAX_CHECKED: Final = 100

#: Digits of an invoice number that Fortnox can have; it refuses longer ones.
_MAX_DIGITS: Final = 9


class Balances:
    """The balances of one company's invoices.

    :param seconds_left: the time for so many more requests besides those to come
        anyway; ``None`` while that is unknown.
    """

    def __init__(
        self,
        client: Client,
        host: Host,
        pool: WorkerPool,
        *,
        seconds_left: Callable[[int], float | None],
    ) -> None:
        self._client = client
        self._host = host
        self._effort = BestEffort(pool)
        self._seconds_left = seconds_left
        self._unchecked = 0

    @property
    def failed(self) -> bool:
        """Whether Fortnox did not answer some request."""
        return bool(self._effort.failed)

    @property
    def notes(self) -> list[Text]:
        """What a person should know: that something could not be checked."""
        too_many = [_too_many_to_check(self._unchecked)] if self._unchecked else []
        return too_many + [_not_compared(why) for why in self._effort.failed]

    def hand_over_unpaid(self) -> None:
        """Hand over the balance of each invoice that is unpaid in Fortnox.

        Fortnox omits those that are not booked, so nothing follows from a missing one.
        """
        submit = self._effort.submit
        futures = deque([submit(partial(self._client.invoices, 1, unpaid=True))])
        requested, done, pages = 1, 0, None
        while futures:
            left = self._seconds_left(pages - requested if pages else 0)
            self._host.report_progress("invoices", done, pages, _comparing(done, pages), left)
            page = self._effort.result(futures.popleft())
            if isinstance(page, FortnoxError):
                cancel(futures)
                return
            done += 1
            # After an empty page there are no more, whatever the number of pages said.
            pages = max(requested, page.pages) if page.rows else requested
            while requested < pages and len(futures) < REQUESTS:
                requested += 1
                futures.append(submit(partial(self._client.invoices, requested, unpaid=True)))
            self._host.take_balances(balances_of(page.rows))
        self._host.report_progress("invoices", done, done, _comparing(done, done))

    def hand_over(self, invoice_numbers: Iterable[str]) -> None:
        """Hand over the balances of single invoices, of those that exist."""
        possible = [
            number for number in dict.fromkeys(invoice_numbers) if is_invoice_number(number)
        ]
        chosen = possible[:MAX_CHECKED]
        self._unchecked += len(possible) - len(chosen)
        futures = [
            self._effort.submit(partial(self._client.page, INVOICES, invoice_query(one)))
            for one in chosen
        ]
        found: list[InvoiceBalance] = []
        for done, (number, future) in enumerate(zip(chosen, futures, strict=True)):
            self._host.report_progress(
                "invoices", done, len(chosen), _COMPARING, self._seconds_left(0)
            )
            page = self._effort.result(future)
            if isinstance(page, FortnoxError):
                continue
            # Fortnox finds every number that holds these digits.
            found += [
                balance for balance in balances_of(page.rows) if balance.invoice_number == number
            ]
        self._host.take_balances(found)


def balances_of(rows: Sequence[Any]) -> list[InvoiceBalance]:
    """Read rows of the list of invoices, but for those that cannot be read."""
    found = []
    for raw in rows:
        try:
            found.append(invoice_balance(raw))
        except Unreadable:
            continue
    if len(found) < len(rows):
        log.warning("%s invoices cannot be read, and are not compared", len(rows) - len(found))
    return found


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
