"""When an unattended run is due, without I/O.

Times of day are Stockholm's, as the books are. All moments have a zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hostsim.ledger.values import Definition
from opter_contract.values import Company, Text

STOCKHOLM = ZoneInfo("Europe/Stockholm")

# Outcomes of a run, as the contract has them.
SAVED = "saved"
NOTHING_NEW = "nothing-new"
WAITS = "waits-for-person"
FAILED = "failed"
PAUSED = "paused"

# The state of an import or export; its outcome if it failed, waits or is paused.
FINE = "fine"
TO_RUN = "to-run"
NOT_SCHEDULED = "not-scheduled"

#: What is saved unattended.
GREEN = "green"  # what has a green tick
NONE = "none"

#: The kinds of failures (see the contract) that may pass. A fault of the program
#: may, too, and another try costs little.
TEMPORARY_FAILURES = frozenset({"unavailable", "busy", "changed", "saved", "output", "internal"})

#: Minutes to the next try, by the number of failures in a row; the last one repeats.
RETRIES = (5, 10, 20, 40, 60)

#: The shortest and the longest time between two runs.
MIN_INTERVAL = timedelta(minutes=1)
MAX_INTERVAL = timedelta(days=7)

#: From a time of day to the next, if the clocks are put back.
MAX_DAY = timedelta(hours=25)

_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)", re.ASCII)
_EVERY = re.compile(r"(\d{1,5})\s*(m|min|h|d)", re.ASCII)
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Timetable:
    """When something runs: at a time of every day, or again and again. One of both is given."""

    daily: time | None = None  # in Stockholm
    every: timedelta | None = None

    def first(self, now: datetime) -> datetime:
        """Return when a new schedule is due: at once, or at the next time of day."""
        return now if self.every is not None else self.next(now)

    def next(self, after: datetime) -> datetime:
        """Return when it is due after a run that began then; missed runs are not made up for."""
        if self.every is not None:
            return after + self.every
        return _next_time_of_day(self.daily or time(), after)

    def again(self, now: datetime, began: datetime, failures: int) -> datetime:
        """Return when to try again after some failures in a row: soon, then less often."""
        pause = timedelta(minutes=RETRIES[min(failures, len(RETRIES)) - 1])
        return min(now + pause, self.next(began))


@dataclass(frozen=True, slots=True)
class Schedule:
    """An import or export that runs unattended, and how its last run ended."""

    definition: str
    subject: str  # "" for an import
    company: Company | None
    timetable: Timetable
    save: str  # GREEN or NONE
    next_due: datetime
    paused_at: datetime | None
    ended_at: datetime | None  # None if it has not run yet; so is the outcome
    outcome: str | None
    counts: Mapping[str, int]  # as of ``EndedRun``
    waiting: int  # how much waits for a person
    failures: int  # in a row
    error_code: str | None
    error: Text | None

    @property
    def paused(self) -> bool:
        return self.paused_at is not None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to run now.

        Also if the next time is further away than possible, since the clock was once ahead.
        """
        longest = self.timetable.every or MAX_DAY
        return not self.paused and not now < self.next_due <= now + longest

    @property
    def resumed(self) -> bool:
        """Whether a person let it run again, and it has not yet."""
        return self.outcome == PAUSED and not self.paused


class Scheduled(NamedTuple):
    """An import or export, and its schedule if it has one."""

    definition: Definition
    schedule: Schedule | None
    standing: str  # FINE, TO_RUN, NOT_SCHEDULED, or the outcome that it stopped at

    @property
    def id(self) -> str:
        """Its name in URLs."""
        return self.definition.name


def time_of_day(text: str) -> time | None:
    """Read a time of day as a person writes it; ``None`` if it is none."""
    match = _TIME_OF_DAY.fullmatch(text.strip())
    return match and time(int(match[1]), int(match[2]))


def interval(text: str) -> timedelta | None:
    """Read ``30m``, ``2h`` or ``1d``; ``None`` if it is none, or too short or too long."""
    match = _EVERY.fullmatch(text.strip().lower())
    if match is None:
        return None
    length = timedelta(**{_UNITS[match[2]]: int(match[1])})
    return length if MIN_INTERVAL <= length <= MAX_INTERVAL else None


def _next_time_of_day(at: time, after: datetime) -> datetime:
    day = after.astimezone(STOCKHOLM).date()
    while True:
        due = _moment(datetime.combine(day, at))
        if due > after:
            return due
        day += timedelta(days=1)


def _moment(wall: datetime) -> datetime:
    """Return when clocks show a time: the first time, or when they jumped over it."""
    step = timedelta(0)
    # A time that was jumped over is not what its moment shows.
    while (moment := wall.replace(tzinfo=STOCKHOLM).astimezone(UTC)).astimezone(STOCKHOLM).replace(
        tzinfo=None
    ) != wall:
        step = timedelta(minutes=1)
        wall -= step
    return moment + step
