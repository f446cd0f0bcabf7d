"""Fortnox's API: paced, patient, signed in.

What is temporary is tried again, within bounds of attempts and of time; what
is not, never. Every error that leaves is a :class:`~.errors.FortnoxError`, or
:class:`~.errors.Missing` for a single thing that is not there.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

import tenacity

from opter_contract.values import Company
from opter_fortnox_plugin.errors import (
    LoginFailed,
    Missing,
    Refused,
    Temporary,
    Unauthorized,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.http import Bearer, Transport
from opter_fortnox_plugin.fortnox.protocol import (
    Page,
    Reply,
    date_of,
    invoice_query,
    invoices_query,
    page_of,
    payments_query,
    raw_reply,
    value_of,
)
from opter_fortnox_plugin.fortnox.rate_limiter import WINDOW, RateLimiter
from opter_fortnox_plugin.fortnox.schemas import company_of

log = logging.getLogger(__name__)

T = TypeVar("T")

#: How patient we are with one request: attempts, and seconds of waiting in all.
ATTEMPTS: Final = 6
TIMEOUT: Final = 120.0

#: Seconds before the second attempt, doubled for each one after, with jitter.
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 10.0

#: How often one request may ask for another token: the first may be one that
#: another thread or process was given, and be stale too.
RENEWALS: Final = 2


class Authorization(Protocol):
    """A login's permission to use the API."""

    @property
    def access_token(self) -> str:
        """The access token of now."""

    @property
    def time(self) -> datetime | None:
        """The time by the token service's clock (UTC); ``None`` where it does not tell."""

    def renew(self, refused: str) -> str:
        """Return an access token in the place of one that Fortnox has refused."""


class Client:
    """Reads from one company's Fortnox.

    :param sleep: waits a number of seconds.
    :param waiting: called with what went wrong and the seconds until the next attempt.
    :param renew: returns an access token in the place of one that was refused,
        where it is not for the thread of a request to do that.
    :param uniform: a random number between two others.
    :param check: raises where an answer is not wanted any more, so that its request is
        not made again.
    :param now: Unix time.
    """

    def __init__(
        self,
        api_url: str,
        transport: Transport,
        signed_in: Authorization,
        limiter: RateLimiter,
        *,
        sleep: Callable[[float], None],
        waiting: Callable[[str, float], None],
        uniform: Callable[[float, float], float] = random.uniform,
        renew: Callable[[str], str] | None = None,
        check: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api_url = api_url
        self._transport = transport
        self._signed_in = signed_in
        self._limiter = limiter
        self._sleep = sleep
        self._uniform = uniform
        self._renew = renew
        self._check = check
        self._now = now
        self._waiting = waiting

    # --- what is read ---

    def company(self) -> Company:
        """Return who we are signed in to: ``DatabaseNumber`` and name."""

        def read(reply: Reply) -> Company:
            value = value_of(reply, "companyinformation").get("CompanyInformation")
            company = company_of(value)
            if company is None:
                raise Temporary("company information of an unexpected form")
            return company

        return self._get("companyinformation", read)

    def payments(
        self, page: int, since: datetime | None, invoice_number: str | None = None
    ) -> Page:
        """Return a page of payments, newest first.

        Its time is the earliest of all clocks: one that is too early makes us read again, and
        one that is too late would hide payments. Without a time of Fortnox's it has none.

        :param since: only what changed since then.
        :param invoice_number: only the payments of this invoice.
        """
        ours, by_token = self.now, self._signed_in.time

        def read(reply: Reply) -> Page:
            value = value_of(reply, "invoicepayments")
            theirs = [moment for moment in (date_of(reply), by_token) if moment]
            return page_of(value, "InvoicePayments", min([*theirs, ours]) if theirs else None)

        return self._get("invoicepayments", read, payments_query(page, since, invoice_number))

    def payment(self, number: str) -> Any:
        """Return the detail of a payment, as it stands in the answer.

        :raises Missing: where Fortnox has no such payment.
        """

        def read(reply: Reply) -> Any:
            value = value_of(reply, "invoicepayments")
            if "InvoicePayment" not in value:
                raise Temporary("a payment of an unexpected form")
            return value["InvoicePayment"]

        return self._get_one(f"invoicepayments/{quote(number, safe='')}", read)

    def invoices(self, page: int, ocr: str | None = None, *, unpaid: bool = False) -> Page:
        """Return a page of invoices, highest number first.

        :param ocr: only those whose reference holds these digits somewhere.
        :param unpaid: only those that are unpaid.
        """
        return self._get("invoices", _invoices, invoices_query(page, ocr, unpaid=unpaid))

    def invoices_like(self, number: str) -> Page:
        """Return invoices with these digits in their number: first the one that has no others."""
        return self._get("invoices", _invoices, invoice_query(number))

    def invoice(self, number: str) -> Any:
        """Return the detail of an invoice, as it stands in the answer.

        :raises Missing: where Fortnox has no such invoice.
        """

        def read(reply: Reply) -> Any:
            value = value_of(reply, "invoices")
            if "Invoice" not in value:
                raise Temporary("an invoice of an unexpected form")
            return value["Invoice"]

        return self._get_one(f"invoices/{quote(number, safe='')}", read)

    def reply(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """Return the raw answer, even a refusal: for questions about answers themselves."""
        return self._get(path, raw_reply, query)

    # --- what time it is ---

    @property
    def now(self) -> datetime:
        """The time by our clock (UTC)."""
        return datetime.fromtimestamp(self._now(), UTC)

    def is_ahead(self, moment: datetime) -> bool:
        """Tell whether a moment lies ahead of our clock, and of the token service's."""
        by_token = self._signed_in.time
        return moment > self.now and (by_token is None or moment > by_token)

    # --- how it is read ---

    def _get(
        self, path: str, read: Callable[[Reply], T], query: Mapping[str, str] | None = None
    ) -> T:
        """Get what is always there."""
        try:
            return self._get_one(path, read, query)
        except Missing:
            raise Refused("FORTNOX_REFUSED", resource=path, status=404, fortnox_code="–") from None

    def _get_one(
        self, path: str, read: Callable[[Reply], T], query: Mapping[str, str] | None = None
    ) -> T:
        """Get a single thing, which may be :class:`Missing`."""
        token = self._signed_in.access_token
        for _ in range(RENEWALS):
            try:
                return self._patiently(path, read, query, token)
            except Unauthorized:
                log.info("the access token is no longer accepted; refreshing it")
            token = (self._renew or self._signed_in.renew)(token)
        try:
            return self._patiently(path, read, query, token)
        except Unauthorized:
            raise LoginFailed("LOGIN_EXPIRED") from None

    def _patiently(
        self,
        path: str,
        read: Callable[[Reply], T],
        query: Mapping[str, str] | None,
        token: str,
    ) -> T:
        def attempt() -> T:
            self._limiter.acquire()
            address = f"{self._api_url}/{path}"
            reply = self._transport.send("GET", address, auth=Bearer(token), query=query)
            self._limiter.answered()
            return read(reply)

        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Temporary),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(TIMEOUT),
            wait=self._how_long,
            sleep=self._sleep,
            before_sleep=self._before_sleep,
            reraise=True,
        )
        try:
            return patiently(attempt)
        except Temporary as error:
            attempts = patiently.statistics.get("attempt_number", ATTEMPTS)
            raise Unavailable("FORTNOX_UNAVAILABLE", what=error.what, attempts=attempts) from None

    def _how_long(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after = error.wait if isinstance(error, Temporary) else None
        if retry_after is not None:
            return retry_after + self._uniform(0.0, 0.5)
        if isinstance(error, Temporary) and error.limited:
            return WINDOW + self._uniform(0.0, 0.5)
        doubled: float = FIRST_WAIT * 2 ** (state.attempt_number - 1)
        return min(doubled, LONGEST_WAIT) * self._uniform(0.5, 1.5)

    def _before_sleep(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        # Nothing is retried once the request was aborted.
        self._check()
        if isinstance(error, Temporary):
            log.warning("Fortnox: %s; trying again in %.1f s", error.what, seconds)
            self._waiting(error.what, seconds)
            if error.limited:
                self._limiter.back_off(seconds)


def _invoices(reply: Reply) -> Page:
    return page_of(value_of(reply, "invoices"), "Invoices")
