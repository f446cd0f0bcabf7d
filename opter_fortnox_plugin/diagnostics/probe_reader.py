"""How a probe asks: one company's Fortnox, answers as they came, and their form.

What is kept of an answer is its form alone: status, content type, keys, codes.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.diagnostics import probe_messages as words
from opter_fortnox_plugin.errors import FortnoxError, Missing, Temporary, Unauthorized
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Bearer, Nobody, Transport
from opter_fortnox_plugin.fortnox.protocol import (
    STOCKHOLM,
    Page,
    Reply,
    Tokens,
    code_of,
    date_of,
    decode,
    error_information,
    page_of,
    payments_query,
    value_of,
)
from opter_fortnox_plugin.fortnox.rate_limiter import Pace
from opter_fortnox_plugin.fortnox.schemas import (
    InvoicePayment,
    Unreadable,
    payment_detail,
    payment_row,
)
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

Answer = str | int | float | bool | None

#: A number that no payment has, a resource and a parameter that Fortnox does not have.
NOBODY: Final = "999999999"
NO_RESOURCE: Final = "nosuchresource"
NO_PARAMETER: Final = "nosuchparameter"

#: How many details are fetched for one question.
DETAILS: Final = 6

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question.

    :param answer: where decided; ``None`` may be an answer (nothing is sent, no limit).
    :param because: why it cannot be decided here.
    :param seen: the form of what came, without any content.
    """

    name: str
    answer: Answer = None
    seen: str = ""
    because: Text | None = None

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return self.because is None


class Undecidable(Exception):
    """Neither this company nor reading alone can show the answer."""

    def __init__(self, because: Text) -> None:
        super().__init__(because.en)
        self.because = because


# --- The form of an answer ------------------------------------------------------

_CONTENT_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; ?charset=[A-Za-z0-9-]+)?", re.ASCII)
_KEY: Final = re.compile(r"@?[A-Za-z_]{1,40}", re.ASCII)
_MOST_KEYS: Final = 8


def content_type(reply: Reply) -> str:
    """Return the content type, where it is one."""
    text = reply.headers.get("content-type", "")
    return text if _CONTENT_TYPE.fullmatch(text) else ("none" if not text else "strange")


def body_form(body: bytes) -> str:
    """Tell the form of a body: its keys, never its values."""
    if not body.strip():
        return "empty"
    try:
        value = decode(body)
    except Temporary:
        return "html" if body.lstrip()[:1] == b"<" else "text"
    return _form(value)


def _form(value: Any) -> str:
    if isinstance(value, dict):
        keys = [key if _KEY.fullmatch(key) else "…" for key in value]
        inner = [f"{key}{_form(one)}" for key, one in zip(keys, value.values(), strict=True)]
        return (
            "{"
            + ", ".join([*inner[:_MOST_KEYS], *(["…"] if len(inner) > _MOST_KEYS else [])])
            + "}"
        )
    return "[]" if isinstance(value, list) else ""


def seen(reply: Reply) -> str:
    """Tell status, content type and, for a refusal, form and code."""
    parts = [str(reply.status), content_type(reply)]
    if reply.status >= 300:
        parts.append(body_form(reply.body))
        if code := code_of(error_information(reply.body)):
            parts.append(f"code {code}")
    return " ".join(parts)


def refused(reply: Reply) -> bool:
    """Tell whether a request was not accepted."""
    return reply.status >= 400


def listed(reply: Reply, name: str = "InvoicePayments") -> Page:
    """Read a list that must be there.

    :raises Undecidable: where it was refused, or is none.
    """
    if refused(reply):
        raise Undecidable(words.refused(seen(reply)))
    try:
        return page_of(value_of(reply, ""), name, date_of(reply))
    except (Temporary, FortnoxError, Missing, Unauthorized):
        raise Undecidable(words.no_list(body_form(reply.body))) from None


# --- Asking ----------------------------------------------------------------------


class Reader:
    """Asks one company's Fortnox, within the rate limit, and remembers what many questions need.

    :param provoke: whether the rate limit may be exceeded on purpose.
    :param watch: seconds to wait for somebody to change a payment; 0 for not at all.
    :param waiting: is told that an answer was not as it should be, and how many seconds we wait.
    :param tell: is told what a person should know meanwhile.
    """

    def __init__(
        self,
        configuration: Configuration,
        transport: Transport,
        endpoint: TokenEndpoint,
        signed_in: SignedIn,
        *,
        provoke: bool = False,
        watch: float = 0.0,
        tell: Callable[[Text], None] = lambda _text: None,
        waiting: Callable[[str, float], None] = lambda _what, _seconds: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.configuration = configuration
        self.endpoint = endpoint
        self.signed_in = signed_in
        self.provoke = provoke
        self.watch = watch
        self.tell = tell
        self.sleep = sleep
        self.clock = clock
        self.pace = Pace(sleep=sleep, clock=clock)
        #: Refusals with Fortnox's own error body, for what they have in common.
        self.refusals: list[Reply] = []
        #: Tokens whose refresh token was swapped for the next.
        self.spent: Tokens | None = None
        self._transport = transport
        self._other_requests = 0
        self._client = Client(
            configuration.api_url,
            transport,
            signed_in,
            self.pace,
            sleep=sleep,
            waiting=waiting,
        )

    @property
    def requests(self) -> int:
        """How many requests were made, those for tokens included."""
        return self.pace.started + self._other_requests

    def ask(self, path: str, **query: str) -> Reply:
        """Return an answer as it came; what is temporary is tried again."""
        reply = self._client.reply(path, query)
        if error_information(reply.body) is not None:
            self.refusals.append(reply)
        return reply

    def ask_once(self, path: str, token: str | None = None, *, paced: bool = True) -> Reply:
        """Return the answer of this very moment, whatever it is; without a token, ask as nobody.

        :raises Temporary: where no whole answer came.
        """
        if paced:
            self.pace.wait_for_turn()
        else:
            self._other_requests += 1
        auth = Bearer(token) if token else Nobody()
        return self._transport.send("GET", f"{self.configuration.api_url}/{path}", auth=auth)

    def post(self, form: dict[str, str]) -> Reply:
        """Return the token service's answer to a form."""
        self._other_requests += 1
        return self.endpoint.post("token", form)

    def count_refresh(self) -> None:
        self._other_requests += 1

    # --- What many questions need ---

    @cached_property
    def newest(self) -> Page:
        """The newest payments by date, a whole page of them."""
        return listed(self.ask("invoicepayments", **payments_query(1, None)))

    @cached_property
    def unsorted(self) -> Reply:
        """The list as it comes when nothing is asked for."""
        return self.ask("invoicepayments")

    @cached_property
    def readable(self) -> list[InvoicePayment]:
        """Those of the newest payments that can be read."""
        return readable_of(self.newest.rows)

    @cached_property
    def foreign(self) -> list[tuple[InvoicePayment, InvoicePayment]]:
        """Some payments in another currency than SEK: each by its row and its detail."""
        rows = [row for row in self.readable if row.currency != "SEK" and row.amount]
        # One of each currency first, since all of one have much the same rate.
        firsts = {row.currency: row for row in reversed(rows)}
        chosen = [*firsts.values(), *(row for row in rows if row not in firsts.values())]
        pairs = ((row, self._detail(row.number)) for row in chosen[:DETAILS])
        return [(row, detail) for row, detail in pairs if detail is not None]

    @cached_property
    def invoice(self) -> Mapping[str, Any]:
        """The invoice that comes first."""
        rows = listed(self.ask("invoices", limit="1"), "Invoices").rows
        if not rows or not isinstance(rows[0], Mapping):
            raise Undecidable(words.NO_INVOICE)
        return rows[0]

    @cached_property
    def latest(self) -> datetime:
        """The latest minute by which ``lastmodified`` still finds a payment, in its own time."""
        wall = self.now().astimezone(STOCKHOLM).replace(tzinfo=None)
        found = latest_minute(self.changed_since, wall + timedelta(hours=2))
        if found is None:
            raise Undecidable(words.NO_CHANGE)
        return found

    def changed_since(self, minute: datetime) -> bool:
        """Tell whether ``lastmodified`` finds any payment from a minute on."""
        return self.count_since(minute) > 0

    def count_since(self, minute: datetime) -> int:
        """Count the payments that ``lastmodified`` finds from a minute on."""
        return listed(self.ask("invoicepayments", limit="1", lastmodified=spell(minute))).total

    def now(self) -> datetime:
        """Return Fortnox's own time, in UTC."""
        moment = date_of(self.ask("invoicepayments", limit="1"))
        if moment is None:
            raise Undecidable(words.NO_CLOCK)
        return moment

    def _detail(self, number: str) -> InvoicePayment | None:
        reply = self.ask(f"invoicepayments/{number}")
        try:
            return payment_detail(value_of(reply, "").get("InvoicePayment"))
        except (Temporary, FortnoxError, Missing, Unauthorized, Unreadable) as error:
            log.debug("a payment is left out: %s", type(error).__name__)
            return None


def readable_of(rows: Sequence[Any]) -> list[InvoicePayment]:
    readable = []
    for row in rows:
        try:
            readable.append(payment_row(row))
        except Unreadable:
            log.debug("a row that cannot be read is left out")
    return readable


def spell(moment: datetime) -> str:
    """Write a wall time as ``lastmodified`` takes it."""
    return moment.strftime("%Y-%m-%d %H:%M")


def latest_minute(found: Callable[[datetime], bool], upper: datetime) -> datetime | None:
    """Return the latest minute for which ``found`` is true, by halving.

    :param found: true up to some minute and false after it.
    :param upper: a time after which nothing can be found.
    :return: ``None`` where nothing is found for thirty years.
    """
    upper = upper.replace(second=0, microsecond=0)
    step, low = 60, upper - timedelta(minutes=60)
    while not found(low):
        step *= 4
        if step > 30 * 366 * 24 * 60:
            return None
        upper, low = low, low - timedelta(minutes=step)
    while upper - low > MINUTE:
        middle = low + timedelta(minutes=(upper - low) // MINUTE // 2)
        if found(middle):
            low = middle
        else:
            upper = middle
    return low


Findings = Iterator[Finding]


def undecidable(name: str, because: Text, what: str = "") -> Finding:
    """Make the finding that something cannot be decided here."""
    return Finding(name, because=because, seen=what)
