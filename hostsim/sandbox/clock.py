"""The sandbox's clock, for its tokens, its ``Date`` header and its books."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

#: The zone of Fortnox's wall times.
STOCKHOLM = ZoneInfo("Europe/Stockholm")


#: The years that it accepts; the last years of ``datetime`` overflow in some zones.
FIRST_YEAR, LAST_YEAR = 1970, 2999
RANGE = f"from {FIRST_YEAR} to {LAST_YEAR}"


def day_in_stockholm(at: datetime) -> date:
    return at.astimezone(STOCKHOLM).date()


def real_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """A clock that can be set, stepped and stopped."""

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        """``source`` returns zone-aware times."""
        self._source = source
        self._offset = timedelta()
        self._stopped: datetime | None = None
        self._lock = threading.Lock()

    @classmethod
    def stopped_at(cls, at: datetime) -> Clock:
        clock = cls()
        clock.set(at)
        clock.stop(at)
        return clock

    def now(self) -> datetime:
        """Return the time, in UTC."""
        with self._lock:
            return self._now()

    def local(self) -> datetime:
        """Return the time in Stockholm."""
        return self.now().astimezone(STOCKHOLM)

    @property
    def running(self) -> bool:
        with self._lock:
            return self._stopped is None

    def set(self, at: datetime) -> None:
        """Set the clock to a zone-aware time."""
        aware = _aware(at)
        with self._lock:
            self._set(aware)

    def step(self, by: timedelta) -> None:
        """Move the clock forwards, or backwards by a negative step."""
        with self._lock:
            try:
                at = self._now() + by
            except OverflowError as error:
                raise _out_of_range() from error
            self._set(check_year(at))

    def stop(self, at: datetime | None = None) -> None:
        """Stop the clock, now or at a zone-aware time."""
        aware = None if at is None else _aware(at)
        with self._lock:
            self._stopped = aware or self._now()

    def start(self) -> None:
        """Start the clock from the time that it shows."""
        with self._lock:
            shown, self._stopped = self._now(), None
            self._set(shown)

    def snapshot(self) -> tuple[timedelta, datetime | None]:
        """Return the setting of the clock, for :meth:`restore`."""
        with self._lock:
            return self._offset, self._stopped

    def restore(self, before: tuple[timedelta, datetime | None]) -> None:
        """Restore the setting of the clock; a running clock includes the time since."""
        with self._lock:
            self._offset, self._stopped = before

    def _now(self) -> datetime:
        if self._stopped is not None:
            return self._stopped
        return self._source().astimezone(UTC) + self._offset

    def _set(self, at: datetime) -> None:
        if self._stopped is not None:
            self._stopped = at
        else:
            self._offset = at - self._source().astimezone(UTC)


def check_year(at: datetime) -> datetime:
    """Return a time, or raise ``ValueError`` if its year is out of range."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise _out_of_range()
    return at


def _out_of_range() -> ValueError:
    return ValueError(f"the clock shows years {RANGE}")


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a clock is set to a time with a zone")
    return check_year(check_year(at).astimezone(UTC))
