"""Requests beside each other: who makes them, and how they end together.

A host need not be thread-safe, so only the thread that called the plug-in
speaks with it: it hands out jobs, looks on, and tells the person how far we
are. The workers make requests and nothing else; what they need of the host is
brought to that thread as an errand.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar, cast

from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two words to the person while we wait.
_WORD: Final = 0.5

#: Seconds between two looks of a resting worker at whether it is all over.
_LOOK: Final = 0.2

#: Seconds that requests which are on their way get to end by themselves after one has failed.
_GRACE: Final = 2.0

#: Seconds to wait for a worker at the end; one that is connecting cannot be broken off.
_LEAVE: Final = 15.0


class Stopped(Exception):
    """The job is not wanted any more; never leaves this module's workers."""


class Job(Generic[T]):
    """Something to do, and what came of it."""

    def __init__(self, work: Callable[[], T], number: int = 0) -> None:
        self._work = work
        #: Its place in the order in which jobs were handed out.
        self.number = number
        self.done = False
        #: Whether its request has started.
        self.asked = False
        #: Whether anybody still waits for it.
        self.wanted = True
        self.error: BaseException | None = None
        self._value: Any = None

    def do(self, check: Callable[[], None] = lambda: None) -> None:
        """Do it, unless ``check`` says not to; keep what came of it."""
        try:
            check()
            self._value = self._work()
        except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
            self.error = error

    @property
    def failed(self) -> bool:
        """Whether it ended with an error that is its own."""
        return self.error is not None and not isinstance(self.error, Stopped)

    @property
    def value(self) -> T:
        """What came of it, or the error that it ended with."""
        if self.error is not None:
            raise self.error
        return cast("T", self._value)


class Hands(Protocol):
    """What whoever reads needs of a crew."""

    def start(self, work: Callable[[], T]) -> Job[T]:
        """Begin to do something, as soon as there is somebody to do it."""

    def look(self) -> None:
        """Wait for news of any job."""

    def result(self, job: Job[T]) -> T:
        """Wait for a job, and return what came of it."""


class Crew:
    """Workers for the length of a run; a context manager that ends them.

    Jobs are begun in the order in which they were handed out. When one fails,
    no further request starts, and the error of the first in order is raised,
    from whatever the calling thread waits for next.

    :param say: tells the person that we still wait; may raise to stop all.
    :param break_off: ends the exchanges that are going on.
    :param size: how many requests are on their way at most.
    :param sleep, clock: seconds, to wait and to measure how long.
    """

    def __init__(
        self,
        say: Callable[[], None],
        *,
        break_off: Callable[[], None] = lambda: None,
        size: int = REQUESTS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._break_off = break_off
        self._size = size
        self._sleep = sleep
        self._clock = clock
        self._todo: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self._mine = threading.local()
        self._handed_out = 0
        self._asked = 0
        self._never_asked = 0
        self._under_way: set[Job[Any]] = set()
        self._failed: list[Job[Any]] = []
        self._said = clock()

    # --- for the thread that speaks with the host ---

    def start(self, work: Callable[[], T]) -> Job[T]:
        """Hand out a job."""
        job = Job(work, self._handed_out)
        self._handed_out += 1
        self._under_way.add(job)
        self._todo.put(job)
        if len(self._threads) < min(self._size, len(self._under_way)):
            thread = threading.Thread(target=self._work, name="fortnox", daemon=True)
            self._threads.append(thread)
            thread.start()
        return job

    def result(self, job: Job[T]) -> T:
        """Wait for a job; return what came of it, or raise its error."""
        while not job.done:
            self.look()
        return job.value

    def do(self, work: Callable[[], T]) -> T:
        """Have something done, and wait for it."""
        return self.result(self.start(work))

    def look(self) -> None:
        """Wait for news of any job, and tell the person now and then that we do."""
        self._hear(_WORD)
        if self._failed:
            self._settle()
        if self._clock() - self._said >= _WORD:
            self._said = self._clock()
            self._say()

    @property
    def waiting(self) -> int:
        """How many jobs were handed out whose requests are still to start."""
        return self._handed_out - self._asked - self._never_asked

    def _hear(self, seconds: float) -> bool:
        try:
            self._news.get(timeout=seconds)()
        except queue.Empty:
            return False
        return True

    def _settle(self) -> None:
        """Let what is on its way end, and raise the error of the first job in order."""
        until = self._clock() + _GRACE
        while self._under_way:
            if not self._hear(_LOOK):
                self._say()
            if self._clock() > until:
                self._break_off()
        first = min(self._failed, key=lambda job: job.number)
        raise first.error or AssertionError

    def _finished(self, job: Job[Any], *, ends_all: bool) -> None:
        job.done = True
        self._never_asked += not job.asked
        self._under_way.discard(job)
        if ends_all:
            self._failed.append(job)

    # --- for the workers ---

    def check(self) -> None:
        """Go on, unless it is all over or nobody wants this job any more.

        :raises Stopped: where a request must not start.
        """
        job: Job[Any] | None = getattr(self._mine, "job", None)
        if self._over.is_set() or (job is not None and not job.wanted):
            raise Stopped

    def may_start(self) -> None:
        """Let the request of this worker's job start; called for one worker at a time.

        :raises Stopped: where it must not.
        """
        self.check()
        job: Job[Any] | None = getattr(self._mine, "job", None)
        if job is not None and not job.asked:
            job.asked = True
            self._asked += 1

    def rest(self, seconds: float) -> None:
        """Wait.

        :raises Stopped: soon after it is all over.
        """
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self.check()
            self._sleep(min(left, _LOOK))

    def post(self, errand: Callable[[], object]) -> None:
        """Have something done by the thread that speaks with the host, some time soon."""

        def deliver() -> None:
            if not self._over.is_set():
                errand()

        self._news.put(deliver)

    def at_home(self, errand: Callable[[], T]) -> T:
        """Have something done by the thread that speaks with the host, and wait for it.

        An error of it ends everything.
        """
        job = Job(errand)
        answered = threading.Event()

        def answer() -> None:
            job.do(self.check)
            answered.set()
            if job.failed:
                raise job.error or AssertionError

        self._news.put(answer)
        while not answered.wait(_LOOK):
            self.check()
        return job.value

    def _work(self) -> None:
        while (job := self._todo.get()) is not None:
            self._mine.job = job
            job.do(self.check)
            # Decided here and once: nothing may start before it is heard of, and whoever
            # drops the job meanwhile must still hear of it.
            if ends_all := job.failed and job.wanted:
                self._over.set()
            self._news.put(partial(self._finished, job, ends_all=ends_all))
            # What came of it may be large, and the next job may be long in coming.
            self._mine.job = None
            del job

    # --- the end ---

    def close(self) -> None:
        """Start nothing more, break off what is on its way, and send everybody home."""
        self._over.set()
        for _ in self._threads:
            self._todo.put(None)
        if self._under_way:
            self._break_off()
        for _ in range(round(_LEAVE / _LOOK)):
            for thread in self._threads:
                thread.join(_LOOK / len(self._threads))
            if not any(thread.is_alive() for thread in self._threads):
                return
            self._break_off()
        log.warning("a request could not be broken off")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
