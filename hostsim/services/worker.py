"""Does what is due, companies beside each other: once (``run-due``), or on and on (``worker``).

The database alone says what is due: a run that was killed is still due, and another process
takes it up as soon as the operating system has let go of its lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

from hostsim.errors import HostError
from hostsim.plugins.listeners import notify_people
from hostsim.storage import schedules

if TYPE_CHECKING:
    from hostsim.services.host import Host
    from opter_contract.values import EndedRun

log = logging.getLogger(__name__)

OnEnded = Callable[["EndedRun"], None]

#: Seconds between two looks for schedules that were made or changed meanwhile.
LOOK = 15.0

#: Seconds before people are told what could not be told, as when the mail server was away.
TELL_AGAIN = 300.0

#: Seconds between two looks whether to stop.
GLANCE = 1.0

#: Seconds before a definition that another process works on is tried again.
TAKEN = 30.0


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
    """Do once what is due now.

    :param at_once: how many definitions run beside each other.
    :param on_ended: is called with each run that ended, in this thread.
    :param stop: ends it early: what is going on is finished, the rest stays due.
    :return: whether all were dealt with.
    """

    def one(name: str) -> EndedRun | None:
        return None if stop.is_set() else host.run_scheduled(name)

    names = schedules.due(host.store, clock())
    with ThreadPoolExecutor(at_once, thread_name_prefix="run") as executor:
        try:
            left = {executor.submit(one, name) for name in names}
            while left:
                # Not for ever: a wait without an end would keep signals out on Windows.
                ended, left = wait(left, GLANCE, FIRST_COMPLETED)
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
    """Do what is due, until told to stop; the parameters are as of :func:`run_due`.

    A database that is busy or out of reach is waited for.

    :param monotonic: seconds, to measure how long.
    :param pause: waits some seconds, or until told to stop.
    """
    pause = pause or stop.wait
    running: dict[Future[EndedRun | None], str] = {}
    taken: dict[str, float] = {}  # by definition, when to try it again
    told, tell_at = False, 0.0
    with ThreadPoolExecutor(at_once, thread_name_prefix="run") as executor:
        while not stop.is_set() or running:
            try:
                if not stop.is_set():
                    taken = {name: at for name, at in taken.items() if at > monotonic()}
                    busy = {*running.values(), *taken}
                    most = at_once + len(busy)
                    new = [n for n in schedules.due(host.store, clock(), most) if n not in busy]
                    for name in new[: at_once - len(running)]:
                        running[executor.submit(host.run_scheduled, name)] = name
                        told, tell_at = False, 0.0
                if running:
                    for future in wait(running, GLANCE, FIRST_COMPLETED).done:
                        name = running.pop(future)
                        if (run := future.result()) is None:
                            taken[name] = monotonic() + TAKEN
                        else:
                            on_ended(run)
                elif not stop.is_set():
                    # The first failures are often over at the next try.
                    ready = not told and monotonic() >= tell_at
                    if ready and not schedules.trying_again(host.store):
                        told = notify_people(host.plugins, host.store)
                        tell_at = monotonic() + TELL_AGAIN
                    host.store.checkpoint_leftover_wal()
                    pause(_idle(host, clock()))
            except HostError as error:
                if error.kind != "busy" and error.code != "DATABASE_UNREACHABLE":
                    raise
                log.warning("%s; waiting", error)
                pause(LOOK)


def _idle(host: Host, at: datetime) -> float:
    """Return how many seconds to wait for what is due next."""
    due = schedules.next_due(host.store)
    until = LOOK if due is None else (due - at) / timedelta(seconds=1)
    return max(0.0, min(LOOK, until))
