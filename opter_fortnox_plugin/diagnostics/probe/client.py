"""The requests of a probe to one company's Fortnox: rate-limited, with raw responses."""

from __future__ import annotations

import bisect
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.results import (
    NO_DATE_HEADER,
    NO_INVOICE,
    Undecided,
    is_refused,
    page_in,
)
from opter_fortnox_plugin.errors import FortnoxError, Missing, Temporary, Unauthorized
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable, readable
from opter_fortnox_plugin.fortnox.http import bearer, no_auth
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment, payment_detail, payment_row
from opter_fortnox_plugin.fortnox.protocol import (
    STOCKHOLM,
    Page,
    Response,
    date_of,
    error_information,
    payments_query,
)
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.responses import value_of
from opter_fortnox_plugin.login.oauth import Tokens
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

#: A number that no payment has, a resource and a parameter that Fortnox does not have.
NO_SUCH_NUMBER: Final = "999999999"
NO_SUCH_RESOURCE: Final = "nosuchresource"
NO_SUCH_PARAMETER: Final = "nosuchparameter"

#: The maximum number of details that are fetched for one question.
MAX_DETAILS: Final = 6

#: Common currencies of hauliers. The list of payments has no filter by currency, but the list of
#: invoices has; the payments of at most this many invoices of each currency are fetched.
CURRENCIES: Final = ("EUR", "NOK", "DKK", "USD", "GBP", "PLN", "CHF", "JPY")
MAX_INVOICES: Final = 2

MINUTE: Final = timedelta(minutes=1)
_THIRTY_YEARS: Final = range(30 * 366 * 24 * 60)


@dataclass(eq=False)
class ProbeClient:
    """Makes requests to one company's Fortnox, and caches shared responses.

    :param provoke_429: whether the rate limit may be exceeded on purpose.
    :param consented: whether the login was a consent for a service account, made for the probe.
    :param watch: seconds to wait for somebody to change a payment; 0 for not at all.
    :param progress: shows the progress to a person.
    :param waiting: called with what went wrong and the seconds until the next attempt.
    """

    endpoint: TokenEndpoint
    signed_in: SignedIn
    provoke_429: bool = False
    consented: bool = False
    watch: float = 0.0
    progress: Callable[[Text], None] = lambda _text: None
    waiting: Callable[[str, float], None] = lambda _what, _seconds: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(sleep=self.sleep, clock=self.clock)
        #: Refusals with Fortnox's own error body.
        self.refusals: list[Response] = []
        #: The tokens before the last refresh.
        self.replaced_tokens: Tokens | None = None
        self._payments_of: dict[str, list[InvoicePayment]] = {}
        self._unlimited_requests = 0
        self._client = Client(
            self.endpoint.configuration.api_url,
            self.endpoint.transport,
            self.signed_in,
            self.limiter,
            sleep=self.sleep,
            waiting=self.waiting,
        )

    @property
    def requests(self) -> int:
        """The number of requests, including those for tokens."""
        return self.limiter.started + self._unlimited_requests

    def get(self, path: str, **query: str) -> Response:
        """Return the raw response; temporary errors are retried."""
        response = self._client.response(path, query)
        if error_information(response.body) is not None:
            self.refusals.append(response)
        return response

    def get_once(self, path: str, token: str | None = None, *, limited: bool = True) -> Response:
        """Return the response to a single attempt, whatever it is.

        :param token: ``None`` for a request without authorization.
        :param limited: whether to stay within the rate limit.
        :raises Temporary: if no complete response came.
        """
        if limited:
            self.limiter.acquire()
        else:
            self._unlimited_requests += 1
        auth = bearer(token) if token else no_auth
        try:
            url = f"{self.endpoint.configuration.api_url}/{path}"
            return self.endpoint.transport.send("GET", url, auth=auth)
        finally:
            self.limiter.release()

    def post_token_form(self, form: dict[str, str], company: str = "") -> Response:
        """Return the token service's response to a form.

        :param company: the number of the company of a service account.
        """
        self._unlimited_requests += 1
        return self.endpoint.post("token", form, company)

    def refresh(self) -> None:
        """Exchange the tokens for the next.

        :raises LoginFailed: if Fortnox refuses.
        """
        self._unlimited_requests += 1
        self.signed_in.renew(self.signed_in.access_token)

    # --- Shared responses ---

    @cached_property
    def newest_page(self) -> Page:
        """A full page of payments, newest first."""
        return page_in(self.get("invoicepayments", **payments_query(1, None)))

    @cached_property
    def default_list(self) -> Response:
        """The list of payments without any parameter."""
        return self.get("invoicepayments")

    @cached_property
    def payments(self) -> list[InvoicePayment]:
        """The readable ones of the newest payments."""
        return readable_payments(self.newest_page.rows)

    @cached_property
    def foreign_rows(self) -> list[InvoicePayment]:
        """Payments in other currencies than SEK: the newest ones, and those of such invoices."""
        rows = [row for row in self.payments if row.currency != "SEK" and row.amount]
        among_newest = {row.currency for row in rows}
        for currency in CURRENCIES:
            if currency not in among_newest:
                rows += self._payments_in_currency(currency)
        return rows

    def _payments_in_currency(self, currency: str) -> list[InvoicePayment]:
        response = self.get("invoices", currency=currency)
        if is_refused(response):
            return []
        # They must be paid or written off, at least in part.
        numbers = [
            str(row.get("DocumentNumber"))
            for row in page_in(response, "Invoices").rows
            if isinstance(row, Mapping)
            and row.get("Currency") == currency
            and row.get("Balance") != row.get("Total")
        ]
        return [
            row
            for number in numbers[:MAX_INVOICES]
            for row in self.payments_of(number)
            if row.currency == currency and row.amount
        ]

    def payments_of(self, invoice_number: str) -> list[InvoicePayment]:
        """Return the readable payments of an invoice; cached."""
        if invoice_number not in self._payments_of:
            response = self.get("invoicepayments", invoicenumber=invoice_number)
            # The filter may match a part of the number.
            self._payments_of[invoice_number] = [
                row
                for row in readable_payments(page_in(response).rows)
                if row.invoice_number == invoice_number
            ]
        return self._payments_of[invoice_number]

    @cached_property
    def foreign_payments(self) -> list[tuple[InvoicePayment, InvoicePayment]]:
        """Some payments in another currency than SEK, each as its row and its detail."""
        rows = self.foreign_rows
        # One of each currency first, since rates of one currency are similar.
        firsts = {row.currency: row for row in reversed(rows)}
        chosen = [*firsts.values(), *(row for row in rows if row not in firsts.values())]
        pairs = ((row, self._detail(row.number)) for row in chosen[:MAX_DETAILS])
        return [(row, detail) for row, detail in pairs if detail is not None]

    @cached_property
    def first_invoice(self) -> Mapping[str, Any]:
        """The first invoice of the list."""
        rows = page_in(self.get("invoices", limit="1"), "Invoices").rows
        if not rows or not isinstance(rows[0], Mapping):
            raise Undecided(NO_INVOICE)
        return rows[0]

    @cached_property
    def latest_change(self) -> datetime:
        """The latest minute from which ``lastmodified`` finds a payment, in its own time."""
        minute = latest_minute(self.changed_since, two_hours_after(self.now()))
        if minute is None:
            raise Undecided(Text("ingen inbetalning har ändrats", "no payment has been changed"))
        return minute

    def changed_since(self, minute: datetime) -> bool:
        return self.count_since(minute) > 0

    def count_since(self, minute: datetime) -> int:
        """Count the payments that ``lastmodified`` finds from a minute on."""
        response = self.get("invoicepayments", limit="1", lastmodified=wall_time(minute))
        return page_in(response).total

    def now(self) -> datetime:
        """Return the time by Fortnox's clock, in UTC."""
        moment = date_of(self.get("invoicepayments", limit="1"))
        if moment is None:
            raise Undecided(NO_DATE_HEADER)
        return moment

    def _detail(self, number: str) -> InvoicePayment | None:
        response = self.get(f"invoicepayments/{number}")
        try:
            return payment_detail(value_of(response, "").get("InvoicePayment"))
        except (Temporary, FortnoxError, Missing, Unauthorized, Unreadable) as error:
            log.debug("a payment cannot be read: %s", type(error).__name__)
            return None


#: Reads rows of the list of payments, skipping unreadable ones.
readable_payments: Final[Callable[[Sequence[Any]], list[InvoicePayment]]] = partial(
    readable, payment_row
)


def wall_time(moment: datetime) -> str:
    """Format a time for ``lastmodified``."""
    return moment.strftime("%Y-%m-%d %H:%M")


def two_hours_after(moment: datetime) -> datetime:
    """Return a wall time that is in the future by Stockholm's clock and by UTC."""
    return moment.astimezone(STOCKHOLM).replace(tzinfo=None) + timedelta(hours=2)


def latest_minute(matches: Callable[[datetime], bool], upper: datetime) -> datetime | None:
    """Return the latest minute for which ``matches`` is true.

    :param matches: true up to some minute and false after it.
    :param upper: a time after which it is false.
    :return: ``None`` if it is false for thirty years.
    """
    upper = upper.replace(second=0, microsecond=0)
    ago = bisect.bisect_left(_THIRTY_YEARS, x=True, key=lambda ago: matches(upper - ago * MINUTE))
    return upper - ago * MINUTE if ago in _THIRTY_YEARS else None
