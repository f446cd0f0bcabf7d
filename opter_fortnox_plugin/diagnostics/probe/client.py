"""How a probe asks one company's Fortnox: within the rate limit, and responses as they came."""

from __future__ import annotations

import bisect
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
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
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.http import Bearer, NoAuth
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment, payment_detail, payment_row
from opter_fortnox_plugin.fortnox.protocol import (
    STOCKHOLM,
    Page,
    Response,
    Tokens,
    date_of,
    error_information,
    payments_query,
    value_of,
)
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

#: A number that no payment has, a resource and a parameter that Fortnox does not have.
NO_SUCH_NUMBER: Final = "999999999"
NO_SUCH_RESOURCE: Final = "nosuchresource"
NO_SUCH_PARAMETER: Final = "nosuchparameter"

#: How many details are fetched for one question.
MAX_DETAILS: Final = 6

#: Currencies that hauliers are paid in. The list of payments has no filter by currency, but that
#: of invoices has; the payments of at most so many invoices of each are fetched.
CURRENCIES: Final = ("EUR", "NOK", "DKK", "USD", "GBP", "PLN", "CHF", "JPY")
MAX_INVOICES: Final = 2

MINUTE: Final = timedelta(minutes=1)
_THIRTY_YEARS: Final = range(30 * 366 * 24 * 60)


class ProbeClient:
    """Asks one company's Fortnox, and caches what many questions need.

    :param provoke_429: whether the rate limit may be exceeded on purpose.
    :param consented: whether the login was a consent for a service account, made for the probe.
    :param watch: seconds to wait for somebody to change a payment; 0 for not at all.
    :param progress: shows a person how far the probe is, and what it waits for.
    """

    def __init__(
        self,
        endpoint: TokenEndpoint,
        signed_in: SignedIn,
        *,
        provoke_429: bool = False,
        consented: bool = False,
        watch: float = 0.0,
        progress: Callable[[Text], None] = lambda _text: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = endpoint
        self.signed_in = signed_in
        self.provoke_429 = provoke_429
        self.consented = consented
        self.watch = watch
        self.progress = progress
        self.sleep = sleep
        self.clock = clock
        self.limiter = RateLimiter(sleep=sleep, clock=clock)
        #: Refusals with Fortnox's own error body, for what they have in common.
        self.refusals: list[Response] = []
        #: Tokens that were exchanged for the next.
        self.replaced_tokens: Tokens | None = None
        self._payments_of: dict[str, list[InvoicePayment]] = {}
        self._unlimited_requests = 0
        self._client = Client(
            endpoint.configuration.api_url,
            endpoint.transport,
            signed_in,
            self.limiter,
            sleep=sleep,
            waiting=self._retrying,
        )

    def _retrying(self, what: str, seconds: float) -> None:
        self.progress(
            Text(
                f"Fortnox svarade inte som det ska ({what}); försöker igen om {seconds:.0f} s",
                f"Fortnox did not answer as it should ({what}); trying again in {seconds:.0f} s",
            )
        )

    @property
    def requests(self) -> int:
        """How many requests were made, those for tokens included."""
        return self.limiter.started + self._unlimited_requests

    def get(self, path: str, **query: str) -> Response:
        """Return a response as it came; what is temporary is tried again."""
        response = self._client.response(path, query)
        if error_information(response.body) is not None:
            self.refusals.append(response)
        return response

    def get_once(self, path: str, token: str | None = None, *, limited: bool = True) -> Response:
        """Return the response to one request, whatever it is.

        :param token: ``None`` for a request without authorization.
        :param limited: whether to stay within the rate limit.
        :raises Temporary: if no whole response came.
        """
        if limited:
            self.limiter.acquire()
        else:
            self._unlimited_requests += 1
        auth = Bearer(token) if token else NoAuth()
        try:
            url = f"{self.endpoint.configuration.api_url}/{path}"
            return self.endpoint.transport.send("GET", url, auth=auth)
        finally:
            self.limiter.release()

    def post_token_form(self, form: dict[str, str], company: str = "") -> Response:
        """Return the token service's response to a form.

        :param company: the number of the one that a service account is asked for.
        """
        self._unlimited_requests += 1
        return self.endpoint.post("token", form, company)

    def refresh(self) -> None:
        """Exchange the tokens for the next.

        :raises LoginFailed: if Fortnox refuses.
        """
        self._unlimited_requests += 1
        self.signed_in.renew(self.signed_in.access_token)

    # --- What many questions need ---

    @cached_property
    def newest_page(self) -> Page:
        """A whole page of payments, the newest by date."""
        return page_in(self.get("invoicepayments", **payments_query(1, None)))

    @cached_property
    def default_list(self) -> Response:
        """The list of payments without any parameter."""
        return self.get("invoicepayments")

    @cached_property
    def payments(self) -> list[InvoicePayment]:
        """Those of the newest payments that can be read."""
        return readable(self.newest_page.rows)

    @cached_property
    def foreign_rows(self) -> list[InvoicePayment]:
        """Payments in another currency than SEK: of the newest, and by invoices of a currency."""
        rows = [row for row in self.payments if row.currency != "SEK" and row.amount]
        among_newest = {row.currency for row in rows}
        for currency in CURRENCIES:
            if currency not in among_newest:
                rows += self._paid_in(currency)
        return rows

    def _paid_in(self, currency: str) -> list[InvoicePayment]:
        response = self.get("invoices", currency=currency)
        if is_refused(response):
            return []
        # Something of them must be paid, or written off.
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
        """Return the payments of one invoice that can be read; each invoice is asked for once."""
        if invoice_number not in self._payments_of:
            response = self.get("invoicepayments", invoicenumber=invoice_number)
            # The filter may match a part of the number.
            self._payments_of[invoice_number] = [
                row
                for row in readable(page_in(response).rows)
                if row.invoice_number == invoice_number
            ]
        return self._payments_of[invoice_number]

    @cached_property
    def foreign_payments(self) -> list[tuple[InvoicePayment, InvoicePayment]]:
        """Some payments in another currency than SEK, each as its row and its detail."""
        rows = self.foreign_rows
        # One of each currency first, since all of one have much the same rate.
        firsts = {row.currency: row for row in reversed(rows)}
        chosen = [*firsts.values(), *(row for row in rows if row not in firsts.values())]
        pairs = ((row, self._detail(row.number)) for row in chosen[:MAX_DETAILS])
        return [(row, detail) for row, detail in pairs if detail is not None]

    @cached_property
    def first_invoice(self) -> Mapping[str, Any]:
        """The invoice that the list begins with."""
        rows = page_in(self.get("invoices", limit="1"), "Invoices").rows
        if not rows or not isinstance(rows[0], Mapping):
            raise Undecided(NO_INVOICE)
        return rows[0]

    @cached_property
    def latest_change(self) -> datetime:
        """The latest minute from which ``lastmodified`` finds a payment, in its own time."""
        found = latest_minute(self.changed_since, two_hours_after(self.now()))
        if found is None:
            raise Undecided(Text("ingen inbetalning har ändrats", "no payment has been changed"))
        return found

    def changed_since(self, minute: datetime) -> bool:
        """Return whether ``lastmodified`` finds any payment from a minute on."""
        return self.count_since(minute) > 0

    def count_since(self, minute: datetime) -> int:
        """Count the payments that ``lastmodified`` finds from a minute on."""
        response = self.get("invoicepayments", limit="1", lastmodified=wall_time(minute))
        return page_in(response).total

    def now(self) -> datetime:
        """Return Fortnox's own time, in UTC."""
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


def readable(rows: Sequence[Any]) -> list[InvoicePayment]:
    payments = []
    for row in rows:
        try:
            payments.append(payment_row(row))
        except Unreadable:
            log.debug("a row cannot be read")
    return payments


def wall_time(moment: datetime) -> str:
    """Format a time as ``lastmodified`` takes it."""
    return moment.strftime("%Y-%m-%d %H:%M")


def two_hours_after(moment: datetime) -> datetime:
    """Return a wall time that is in the future by Stockholm's clock and by UTC."""
    return moment.astimezone(STOCKHOLM).replace(tzinfo=None) + timedelta(hours=2)


def latest_minute(found: Callable[[datetime], bool], upper: datetime) -> datetime | None:
    """Return the latest minute for which ``found`` is true.

    :param found: true up to some minute and false after it.
    :param upper: a time after which nothing can be found.
    :return: ``None`` if nothing is found for thirty years.
    """
    upper = upper.replace(second=0, microsecond=0)
    ago = bisect.bisect_left(_THIRTY_YEARS, x=True, key=lambda ago: found(upper - ago * MINUTE))
    return upper - ago * MINUTE if ago in _THIRTY_YEARS else None
