"""Runs what is due, companies in parallel: once (``run-due``), or until stopped (``worker``).

Only the database says what is due: a run that was killed is still due, and another process
starts it again as soon as the operating system has released its lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Event

from hostsim.errors import HostError
from hostsim.plugins.listeners import notify_people
from hostsim.services.host import Host
from hostsim.storage import schedule_notices, schedules
from opter_contract.values import EndedRun

log = logging.getLogger(__name__)

OnEnded = Callable[[EndedRun], None]

#: Between two queries for schedules that were made or changed meanwhile.
POLL_SECONDS = 15.0

#: Before people are notified again after a failure, as when the mail server was down.
NOTIFY_RETRY_SECONDS = 300.0

#: The longest wait between two checks whether to stop.
STOP_CHECK_SECONDS = 1.0

#: Before a definition that another process is running is tried again.
BUSY_RETRY_SECONDS = 30.0


def now() -> datetime:
    return datetime.now(UTC)


def run_due(
    host: Host,
    *,
    at_once: int,
    on_ended: OnEnded,
    stop: Event,
    clock: Callable[[], datetime] = now,
) -> bool:
    """Run once what is due now.

    :param at_once: the number of definitions that run in parallel.
    :param on_ended: called with each run that ended, in this thread.
    :param stop: ends it early: running ones are finished, the others stay due.
    :return: whether all were run.
    """

    def run_unless_stopped(name: str) -> EndedRun | None:
        return None if stop.is_set() else host.run_scheduled(name)

    names = schedules.due(host.store, clock())
    with ThreadPoolExecutor(at_once, thread_name_prefix="run") as executor:
        try:
            left = {executor.submit(run_unless_stopped, name) for name in names}
            while left:
                # With a timeout: an endless wait would block signals on Windows.
                ended, left = wait(left, STOP_CHECK_SECONDS, FIRST_COMPLETED)
                for future in ended:
                    if (run := future.result()) is not None:
                        on_ended(run)
        except BaseException:
            stop.set()
            raise
    notify_people(host.plugins, host.store)
    return not stop.is_set()


def work(
    host: Host,
    *,
    at_once: int,
    on_ended: OnEnded,
    stop: Event,
    clock: Callable[[], datetime] = now,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] | None = None,
) -> None:
    """Run what is due until ``stop`` is set; the parameters are those of :func:`run_due`.

    Waits while the database is busy or unreachable.

    :param monotonic: a clock in seconds, to measure intervals.
    :param pause: sleeps this many seconds, or until ``stop`` is set.
    """
    pause = pause or stop.wait
    running: dict[Future[EndedRun | None], str] = {}
    busy_until: dict[str, float] = {}  # by definition: on the monotonic clock
    notified, notify_at = False, 0.0
    with ThreadPoolExecutor(at_once, thread_name_prefix="run") as executor:
        while not stop.is_set() or running:
            try:
                if not stop.is_set():
                    busy_until = {name: at for name, at in busy_until.items() if at > monotonic()}
                    busy = {*running.values(), *busy_until}
                    most = at_once + len(busy)
                    new = [n for n in schedules.due(host.store, clock(), most) if n not in busy]
                    for name in new[: at_once - len(running)]:
                        running[executor.submit(host.run_scheduled, name)] = name
                        notified, notify_at = False, 0.0
                if running:
                    for future in wait(running, STOP_CHECK_SECONDS, FIRST_COMPLETED).done:
                        name = running.pop(future)
                        if (run := future.result()) is None:
                            busy_until[name] = monotonic() + BUSY_RETRY_SECONDS
                        else:
                            on_ended(run)
                elif not stop.is_set():
                    # A first failure is often gone at the next try.
                    ready = not notified and monotonic() >= notify_at
                    if ready and not schedule_notices.is_retrying(host.store):
                        notified = notify_people(host.plugins, host.store)
                        notify_at = monotonic() + NOTIFY_RETRY_SECONDS
                    host.store.checkpoint_leftover_wal()
                    pause(_seconds_to_next(host, clock()))
            except HostError as error:
                if error.kind != "busy" and error.code != "DATABASE_UNREACHABLE":
                    raise
                log.warning("%s; waiting", error)
                pause(POLL_SECONDS)


def _seconds_to_next(host: Host, at: datetime) -> float:
    """Return the seconds until something is due, at most :data:`POLL_SECONDS`."""
    due = schedules.next_due(host.store)
    until = POLL_SECONDS if due is None else (due - at) / timedelta(seconds=1)
    return max(0.0, min(POLL_SECONDS, until))
