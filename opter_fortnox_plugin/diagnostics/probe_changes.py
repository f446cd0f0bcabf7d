"""Questions of a probe about ``lastmodified``: what it finds, and by whose clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from opter_fortnox_plugin.diagnostics import probe_messages as words
from opter_fortnox_plugin.diagnostics.probe_reader import (
    MINUTE,
    Finding,
    Findings,
    Reader,
    Undecidable,
    latest_minute,
    listed,
    readable_of,
    refused,
    seen,
    spell,
    undecidable,
)
from opter_fortnox_plugin.fortnox.protocol import STOCKHOLM

#: Seconds between two looks at whether something has changed.
WATCH_EVERY: Final = 3.0
#: How long a change may take from being made to being shown.
SHOWN_AFTER: Final = timedelta(seconds=4)
#: What ``lastmodified`` may go by; any other is told as another.
ZONES: Final = ("Europe/Stockholm", "UTC")


class Meaning(NamedTuple):
    """One way to understand ``lastmodified``."""

    zone: str
    inclusive: bool


def meanings(latest: datetime, not_before: datetime | None, not_after: datetime) -> set[Meaning]:
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


def lastmodified(reader: Reader) -> Findings:
    latest, not_before, not_after = reader.latest, None, reader.now()
    if reader.watch:
        if (change := _watch(reader, latest)) is None:
            raise Undecidable(words.NOBODY_CHANGED)
        latest, not_before, not_after = change
    yield from judge_lastmodified(
        meanings(latest, not_before, not_after), watched=bool(reader.watch)
    )


def judge_lastmodified(possible: set[Meaning], *, watched: bool) -> Findings:
    """Say what all possible meanings have in common."""
    because = words.AT_THE_TURN if watched else words.WATCH
    zones, inclusive = {one.zone for one in possible}, {one.inclusive for one in possible}
    if not possible:
        yield Finding("lastmodified_zone", "another")
        yield undecidable("lastmodified_inclusive", words.STRANGE_ZONE)
        return
    if len(zones) == 1:
        yield Finding("lastmodified_zone", zones.pop())
    else:
        yield undecidable("lastmodified_zone", because)
    if len(inclusive) == 1:
        yield Finding("lastmodified_inclusive", inclusive.pop())
    else:
        yield undecidable("lastmodified_inclusive", because)


def _watch(reader: Reader, latest: datetime) -> tuple[datetime, datetime, datetime] | None:
    """Wait for a change; return its minute by ``lastmodified``, and between when it was made."""
    until = reader.clock() + reader.watch
    since, before = latest + MINUTE, reader.now()
    while (left := until - reader.clock()) > 0:
        reader.tell(words.change_now(round(left)))
        page = listed(reader.ask("invoicepayments", limit="1", lastmodified=spell(since)))
        if page.at is None:
            raise Undecidable(words.NO_CLOCK)
        if page.total:
            wall = page.at.astimezone(STOCKHOLM).replace(tzinfo=None)
            found = latest_minute(reader.changed_since, wall + timedelta(hours=2))
            reader.latest = found or since
            return reader.latest, before - SHOWN_AFTER, page.at
        before = page.at
        reader.sleep(WATCH_EVERY)
    return None


def lastmodified_compares(reader: Reader) -> Findings:
    day = last_spring(reader.now())
    at = datetime.combine(day, datetime.min.time())
    # 02:30 did not exist that night; 03:00 was the minute after 01:59.
    skipped, three, half_past = (
        reader.count_since(at + timedelta(minutes=minutes)) for minutes in (150, 180, 210)
    )
    yield judge_compares(skipped, three, half_past)


def last_spring(now: datetime) -> date:
    """Return the last day on which clocks in Stockholm were put forward."""
    today = now.astimezone(STOCKHOLM).date()
    for year in (today.year, today.year - 1):
        end = date(year, 3, 31)
        sunday = end - timedelta(days=(end.weekday() + 1) % 7)
        if sunday < today:
            return sunday
    raise AssertionError("one of two years has a spring that has been")


def judge_compares(skipped: int, three: int, half_past: int) -> Finding:
    """Tell what a time means that did not exist: the wall time itself, or an hour later."""
    if three == half_past:
        raise Undecidable(words.NO_NIGHT_CHANGE)
    if skipped >= three:
        return Finding("lastmodified_compares", "wall")
    return Finding("lastmodified_compares", "instant" if skipped == half_past else "another")


def lastmodified_seconds(reader: Reader) -> Findings:
    wall = reader.now().astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M:%S")
    reply = reader.ask("invoicepayments", limit="1", lastmodified=wall)
    yield Finding("lastmodified_seconds", not refused(reply), seen(reply))


def payment_touches_invoice(reader: Reader) -> Findings:
    latest = reader.latest
    page = listed(reader.ask("invoicepayments", lastmodified=spell(latest)))
    numbers = {row.invoice_number for row in readable_of(page.rows) if row.booked}
    for number in sorted(numbers)[:2]:
        then = _is_found(reader, number, latest)
        later = then and _is_found(reader, number, latest + MINUTE)
        if not later:
            yield Finding("payment_touches_invoice", then, "by one payment")
            return
    raise Undecidable(words.NO_BOOKED_CHANGE)


def _is_found(reader: Reader, number: str, since: datetime) -> bool:
    reply = reader.ask("invoices", documentnumber=number, lastmodified=spell(since))
    rows = listed(reply, "Invoices").rows
    return any(str(row.get("DocumentNumber")) == number for row in rows)
