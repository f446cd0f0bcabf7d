"""What ``lastmodified`` finds, and which clock it goes by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import (
    MINUTE,
    ProbeClient,
    latest_minute,
    readable_payments,
    two_hours_after,
    wall_time,
)
from opter_fortnox_plugin.diagnostics.probe.question import Questions
from opter_fortnox_plugin.diagnostics.probe.results import (
    NO_DATE_HEADER,
    ProbeResult,
    Results,
    Undecided,
    page_in,
    result_of,
)
from opter_fortnox_plugin.fortnox.protocol import STOCKHOLM

#: Seconds between two checks whether something has changed.
WATCH_INTERVAL: Final = 3.0
#: How long a change may take from being made to being shown.
MAX_DELAY: Final = timedelta(seconds=4)
#: The clocks that are tried.
ZONES: Final = ("Europe/Stockholm", "UTC")

QUESTIONS: Final = Questions()

# --- Time zone -------------------------------------------------------------------


class Meaning(NamedTuple):
    """One way to understand ``lastmodified``."""

    zone: str
    inclusive: bool


def possible_meanings(
    latest: datetime, not_before: datetime | None, not_after: datetime
) -> set[Meaning]:
    """Return every meaning by which the latest change lies where it must.

    :param latest: the latest minute that ``lastmodified`` finds it by, a wall time.
    :param not_before: when it was certainly not made yet, if that is known.
    :param not_after: when it was certainly made.
    """
    possible = set()
    for zone in ZONES:
        for inclusive in (True, False):
            minute = latest if inclusive else latest + MINUTE
            begins = minute.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            late_enough = not_before is None or begins + MINUTE > not_before
            if begins <= not_after and late_enough:
                possible.add(Meaning(zone, inclusive))
    return possible


@QUESTIONS.ask(
    lastmodified_zone=Text("Tidszon för lastmodified", "Time zone of lastmodified"),
    lastmodified_inclusive=Text(
        "lastmodified tar med sin minut", "lastmodified includes its minute"
    ),
)
def lastmodified(client: ProbeClient) -> Results:
    """Say what all possible meanings have in common."""
    if client.watch:
        possible, undecided = possible_meanings(*_watched_change(client)), _MINUTE_ENDED
    else:
        latest = client.latest_change
        possible, undecided = possible_meanings(latest, None, client.now()), _WATCH
    if not possible:
        yield ProbeResult("lastmodified_zone", "another")
        unknown = Text("tidszonen är okänd", "the time zone is unknown")
        yield ProbeResult("lastmodified_inclusive", undecided=unknown)
        return
    for name, answers in (
        ("lastmodified_zone", {meaning.zone for meaning in possible}),
        ("lastmodified_inclusive", {meaning.inclusive for meaning in possible}),
    ):
        if len(answers) == 1:
            yield ProbeResult(name, answers.pop())
        else:
            yield ProbeResult(name, undecided=undecided)


_WATCH: Final = Text(
    "ingen vet när den senaste ändringen gjordes; kör igen med --watch 300 och spara en "
    "inbetalning i Fortnox medan den väntar",
    "it is unknown when the last change was made; run again with --watch 300, and save a payment "
    "in Fortnox while it waits",
)
_MINUTE_ENDED: Final = Text(
    "ändringen gjordes när en minut tog slut; kör igen",
    "the change was made as a minute ended; run again",
)
NO_CHANGE_WHILE_WATCHING: Final = Text(
    "ingen inbetalning ändrades medan vi väntade", "no payment was changed while we waited"
)


def _watched_change(client: ProbeClient) -> tuple[datetime, datetime, datetime]:
    """Wait for a change; return its minute by ``lastmodified``, and between when it was made."""
    latest = client.latest_change
    until = client.clock() + client.watch
    since, before = latest + MINUTE, client.now()
    while (left := until - client.clock()) > 0:
        client.progress(
            Text(
                f"Spara eller bokför en inbetalning i Fortnox nu ({left:.0f} s kvar)",
                f"Save or book a payment in Fortnox now ({left:.0f} s left)",
            )
        )
        response = client.get("invoicepayments", limit="1", lastmodified=wall_time(since))
        page = page_in(response)
        if page.at is None:
            raise Undecided(NO_DATE_HEADER)
        if page.total:
            found = latest_minute(client.changed_since, two_hours_after(page.at))
            client.latest_change = found or since
            return client.latest_change, before - MAX_DELAY, page.at
        before = page.at
        client.sleep(WATCH_INTERVAL)
    raise Undecided(NO_CHANGE_WHILE_WATCHING)


# --- Summer time, seconds and invoices -------------------------------------------


@QUESTIONS.ask(
    lastmodified_compares=Text("lastmodified vid sommartid", "lastmodified at summer time")
)
def compares(client: ProbeClient) -> Results:
    day = last_spring(client.now())
    at = datetime.combine(day, datetime.min.time())
    # 02:30 did not exist that night; 03:00 was the minute after 01:59.
    counts = [client.count_since(at + timedelta(minutes=minutes)) for minutes in (150, 180, 210)]
    yield ProbeResult("lastmodified_compares", comparison(*counts))


def comparison(skipped: int, three: int, half_past: int) -> str:
    """Name what a time means that did not exist: the wall time itself, or an hour later."""
    if three == half_past:
        raise Undecided(
            Text(
                "ingen inbetalning ändrades den halvtimme på natten då klockan ställdes fram",
                "no payment was changed in the half-hour of the night after clocks were put "
                "forward",
            )
        )
    if skipped >= three:
        return "wall"
    return "instant" if skipped == half_past else "another"


def last_spring(now: datetime) -> date:
    """Return the last day on which clocks in Stockholm were put forward."""
    today = now.astimezone(STOCKHOLM).date()
    sundays = (_last_sunday_of_march(year) for year in (today.year, today.year - 1))
    return next(sunday for sunday in sundays if sunday < today)


def _last_sunday_of_march(year: int) -> date:
    end = date(year, 3, 31)
    return end - timedelta(days=(end.weekday() + 1) % 7)


@QUESTIONS.ask(lastmodified_seconds=Text("lastmodified med sekunder", "lastmodified with seconds"))
def seconds(client: ProbeClient) -> Results:
    at = client.now().astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M:%S")
    response = client.get("invoicepayments", limit="1", lastmodified=at)
    yield result_of("lastmodified_seconds", response, lambda: True, refused=False)


@QUESTIONS.ask(
    payment_touches_invoice=Text(
        "Bokförd inbetalning ändrar fakturan", "A booked payment modifies its invoice"
    )
)
def payment_touches_invoice(client: ProbeClient) -> Results:
    """Return whether the payment that was booked last has changed its invoice in that minute."""
    latest = client.latest_change
    page = page_in(client.get("invoicepayments", lastmodified=wall_time(latest)))
    numbers = {row.invoice_number for row in readable_payments(page.rows) if row.booked}
    for number in sorted(numbers)[:2]:
        found = _invoice_changed_since(client, number, latest)
        later = found and _invoice_changed_since(client, number, latest + MINUTE)
        if not later:
            yield ProbeResult("payment_touches_invoice", found, "by one payment")
            return
    raise Undecided(
        Text(
            "den inbetalning som ändrades sist är inte bokförd, eller så ändrades fakturan senare",
            "the payment that was changed last is not booked, or its invoice was changed later",
        )
    )


def _invoice_changed_since(client: ProbeClient, number: str, since: datetime) -> bool:
    response = client.get("invoices", documentnumber=number, lastmodified=wall_time(since))
    rows = page_in(response, "Invoices").rows
    return any(str(row.get("DocumentNumber")) == number for row in rows)
