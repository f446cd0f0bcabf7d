"""The rate limit, exceeded on purpose: how many, in how long, counted by what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.question import Questions
from opter_fortnox_plugin.diagnostics.probe.results import (
    SOMETHING_CHANGED,
    ProbeResult,
    Results,
    Undecided,
    body_form,
    evidence_of,
)
from opter_fortnox_plugin.fortnox.protocol import Response, date_of, error_information
from opter_fortnox_plugin.fortnox.rate_limiter import WINDOW

#: The maximum number of concurrent requests, and of all requests, to meet the rate limit.
CONCURRENCY: Final = 8
MAX_REQUESTS: Final = 64

#: How long to wait for requests to be accepted again, in seconds.
MAX_WINDOW: Final = 30.0

QUESTIONS: Final = Questions()


@dataclass(frozen=True, slots=True)
class Burst:
    """The outcome of many requests at once; times in seconds."""

    began: float
    seconds: float
    accepted: int
    limited: list[Response] = field(default_factory=list)


@QUESTIONS.ask(
    rate_limit=Text("Frågor i ett fönster", "Requests in a window"),
    rate_status=Text("Status vid för många frågor", "Status of too many requests"),
    rate_body=Text("Svarets innehåll då", "Its body"),
    rate_retry_after=Text("Retry-After, sekunder", "Retry-After, seconds"),
    rate_retry_after_as=Text("Retry-After, form", "Retry-After, form"),
    rate_bucket=Text("Räknas efter", "Counted by"),
    rate_window=Text("Fönstret, sekunder", "The window, seconds"),
    rate_refused_counts=Text("Nekade frågor räknas", "Refused requests count"),
)
def rate_limit(client: ProbeClient) -> Results:
    if not client.provoke_429:
        raise Undecided(
            Text(
                "det kräver fler frågor än Fortnox tillåter; kör igen med --provoke-429 om det får "
                "ske",
                "it takes more requests than Fortnox allows; run again with --provoke-429 if you "
                "may do that",
            )
        )
    other = client.replaced_tokens.access if client.replaced_tokens else None
    token = client.signed_in.access_token
    if other and client.get_once("invoicepayments", other).status == 401:
        other = None
    client.progress(
        Text(
            "Ställer med flit fler frågor än Fortnox tillåter, i ungefär en halv minut",
            "Exceeding Fortnox's rate limit on purpose, for about half a minute",
        )
    )
    client.sleep(WINDOW)
    try:
        burst = _burst(client, token, MAX_REQUESTS)
        # At once, before the window moves on.
        bucket = _bucket(client, other) if burst.limited else None
        yield from _limit_results(burst)
        if bucket is not None:
            yield bucket
            yield from _window(client, token, burst)
    finally:
        client.limiter.back_off(WINDOW)


def _burst(client: ProbeClient, token: str, count: int, *, until_limited: bool = True) -> Burst:
    began, accepted, limited = client.clock(), 0, []
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for start in range(0, count, CONCURRENCY):
            size = min(CONCURRENCY, count - start)
            for response in pool.map(lambda _: _get(client, token), range(size)):
                if is_limited(response):
                    limited.append(response)
                else:
                    accepted += 1
            if limited and until_limited:
                break
    return Burst(began, client.clock() - began, accepted, limited)


def _get(client: ProbeClient, token: str, at: float | None = None) -> Response:
    if at is not None:
        client.sleep(max(0.0, at - client.clock()))
    return client.get_once("invoicepayments?limit=1", token, limited=False)


def is_limited(response: Response) -> bool:
    """Return whether the rate limit refused a request; years ago the status was 503."""
    return response.status in (429, 503)


def _limit_results(burst: Burst) -> Results:
    """Yield the limit, and the form of its refusal."""
    if not burst.limited:
        if burst.seconds >= WINDOW:
            raise Undecided(Text("förbindelsen är för långsam", "the connection is too slow"))
        yield ProbeResult("rate_limit", None, f"{burst.accepted} at once")
        raise Undecided(Text("ingen gräns visade sig", "there was no limit"))
    yield ProbeResult("rate_limit", burst.accepted)
    response = burst.limited[0]
    yield ProbeResult("rate_status", response.status, evidence_of(response))
    yield ProbeResult("rate_body", body_kind(response), evidence_of(response))
    header = response.headers.get("retry-after", "").strip()
    seconds, form = retry_after(header, date_of(response))
    yield ProbeResult("rate_retry_after", seconds, form)
    if header:
        yield ProbeResult("rate_retry_after_as", form)
    else:
        absent = Text("Retry-After skickas inte", "no Retry-After is sent")
        yield ProbeResult("rate_retry_after_as", undecided=absent)


def body_kind(response: Response) -> str:
    """Return the kind of body of a refusal for the rate limit."""
    form = body_form(response.body)
    if error_information(response.body) is not None:
        return "application"
    return "json" if form.startswith("{") else form


def retry_after(text: str, now: datetime | None) -> tuple[int | None, str]:
    """Return the seconds that ``Retry-After`` asks for, and its form."""
    if not text:
        return None, "none"
    if text.isascii() and text.isdigit() and len(text) < 6:
        return int(text), "seconds"
    until = date_of(Response(0, {"date": text}, b""))
    if until is None or now is None:
        return None, "strange"
    return round((until - now).total_seconds()), "date"


def _bucket(client: ProbeClient, other: str | None) -> ProbeResult:
    """Try another token of the same login, right after the first was refused."""
    if other is None:
        only_one = Text(
            "inloggningen har bara en giltig åtkomstnyckel",
            "the login has only one valid access token",
        )
        return ProbeResult("rate_bucket", undecided=only_one)
    return ProbeResult("rate_bucket", "company" if is_limited(_get(client, other)) else "token")


def _window(client: ProbeClient, token: str, burst: Burst) -> Results:
    """Measure the window, and whether refused requests count."""
    if burst.limited[0].headers.get("retry-after"):
        raise Undecided(
            Text(
                "Fortnox sade hur länge man ska vänta, och det lyds",
                "Fortnox said how long to wait, and that is obeyed",
            )
        )
    # Offset by a quarter of a second from whole and half seconds, since clocks differ.
    wait = 0.25
    while is_limited(_get(client, token, burst.began + wait)):
        wait += 0.5
        if wait > MAX_WINDOW:
            raise Undecided(Text("Fortnox nekade i 30 sekunder", "Fortnox refused for 30 seconds"))
    window = wait - 0.25
    yield ProbeResult("rate_window", window, f"{window:g}–{window + 0.5:g} s")
    client.sleep(window + 1)
    again = _burst(client, token, burst.accepted, until_limited=False)
    if again.limited:
        raise Undecided(SOMETHING_CHANGED)
    client.sleep(max(0.0, again.began + window * 0.6 - client.clock()))
    _burst(client, token, burst.accepted, until_limited=False)
    last = _get(client, token, again.began + again.seconds + window + 0.25)
    yield ProbeResult("rate_refused_counts", is_limited(last))
