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
_REPORT_INTERVAL: Final = 0.5

#: Seconds between two looks of a resting worker at whether it is all over.
_POLL: Final = 0.2

#: Seconds that requests which are on their way get to end by themselves after one has failed.
_GRACE: Final = 2.0

#: Seconds to wait for a worker at the end; one that is connecting cannot be broken off.
_JOIN_TIMEOUT: Final = 15.0


class Stopped(Exception):
    """The job is not wanted any more; never leaves this module's workers."""


class Future(Generic[T]):
    """Something to do, and what came of it."""

    def __init__(self, work: Callable[[], T], number: int = 0) -> None:
        self._work = work
        #: Its place in the order in which jobs were handed out.
        self.number = number
        self.done = False
        #: Whether its request has started.
        self.started = False
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


class Executor(Protocol):
    """What whoever reads needs of a crew."""

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Begin to do something, as soon as there is somebody to do it."""

    def wait_for_any(self) -> None:
        """Wait for news of any job."""

    def result(self, future: Future[T]) -> T:
        """Wait for a job, and return what came of it."""


class WorkerPool:
    """Workers for the length of a run; a context manager that ends them.

    Jobs are begun in the order in which they were handed out. When one fails,
    no further request starts, and the error of the first in order is raised,
    from whatever the calling thread waits for next.

    :param say: tells the person that we still wait; may raise to stop all.
    :param abort: ends the exchanges that are going on.
    :param size: how many requests are on their way at most.
    :param sleep, clock: seconds, to wait and to measure how long.
    """

    def __init__(
        self,
        say: Callable[[], None],
        *,
        abort: Callable[[], None] = lambda: None,
        size: int = REQUESTS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._break_off = abort
        self._size = size
        self._sleep = sleep
        self._clock = clock
        self._queue: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        self._local = threading.local()
        self._submitted = 0
        self._started = 0
        self._never_started = 0
        self._pending: set[Future[Any]] = set()
        self._failed: list[Future[Any]] = []
        self._reported_at = clock()

    # --- for the thread that speaks with the host ---

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Hand out a job."""
        future = Future(work, self._submitted)
        self._submitted += 1
        self._pending.add(future)
        self._queue.put(future)
        if len(self._threads) < min(self._size, len(self._pending)):
            thread = threading.Thread(target=self._work, name="fortnox", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def result(self, future: Future[T]) -> T:
        """Wait for a job; return what came of it, or raise its error."""
        while not future.done:
            self.wait_for_any()
        return future.value

    def do(self, work: Callable[[], T]) -> T:
        """Have something done, and wait for it."""
        return self.result(self.submit(work))

    def wait_for_any(self) -> None:
        """Wait for news of any job, and tell the person now and then that we do."""
        self._handle_event(_REPORT_INTERVAL)
        if self._failed:
            self._raise_first()
        if self._clock() - self._reported_at >= _REPORT_INTERVAL:
            self._reported_at = self._clock()
            self._say()

    @property
    def waiting(self) -> int:
        """How many jobs were handed out whose requests are still to start."""
        return self._submitted - self._started - self._never_started

    def _handle_event(self, seconds: float) -> bool:
        try:
            self._events.get(timeout=seconds)()
        except queue.Empty:
            return False
        return True

    def _raise_first(self) -> None:
        """Let what is on its way end, and raise the error of the first job in order."""
        until = self._clock() + _GRACE
        while self._pending:
            if not self._handle_event(_POLL):
                self._say()
            if self._clock() > until:
                self._break_off()
        first = min(self._failed, key=lambda future: future.number)
        raise first.error or AssertionError

    def _finished(self, future: Future[Any], *, ends_all: bool) -> None:
        future.done = True
        self._never_started += not future.started
        self._pending.discard(future)
        if ends_all:
            self._failed.append(future)

    # --- for the workers ---

    def check(self) -> None:
        """Go on, unless it is all over or nobody wants this job any more.

        :raises Stopped: where a request must not start.
        """
        future: Future[Any] | None = getattr(self._local, "future", None)
        if self._closed.is_set() or (future is not None and not future.wanted):
            raise Stopped

    def may_start(self) -> None:
        """Let the request of this worker's job start; called for one worker at a time.

        :raises Stopped: where it must not.
        """
        self.check()
        future: Future[Any] | None = getattr(self._local, "future", None)
        if future is not None and not future.started:
            future.started = True
            self._started += 1

    def sleep(self, seconds: float) -> None:
        """Wait.

        :raises Stopped: soon after it is all over.
        """
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self.check()
            self._sleep(min(left, _POLL))

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Have something done by the thread that speaks with the host, some time soon."""

        def deliver() -> None:
            if not self._closed.is_set():
                callback()

        self._events.put(deliver)

    def on_host_thread(self, callback: Callable[[], T]) -> T:
        """Have something done by the thread that speaks with the host, and wait for it.

        An error of it ends everything.
        """
        future = Future(callback)
        answered = threading.Event()

        def answer() -> None:
            future.do(self.check)
            answered.set()
            if future.failed:
                raise future.error or AssertionError

        self._events.put(answer)
        while not answered.wait(_POLL):
            self.check()
        return future.value

    def _work(self) -> None:
        while (future := self._queue.get()) is not None:
            self._local.future = future
            future.do(self.check)
            # Decided here and once: nothing may start before it is heard of, and whoever
            # drops the job meanwhile must still hear of it.
            if ends_all := future.failed and future.wanted:
                self._closed.set()
            self._events.put(partial(self._finished, future, ends_all=ends_all))
            # What came of it may be large, and the next job may be long in coming.
            self._local.future = None
            del future

    # --- the end ---

    def close(self) -> None:
        """Start nothing more, break off what is on its way, and send everybody home."""
        self._closed.set()
        for _ in self._threads:
            self._queue.put(None)
        if self._pending:
            self._break_off()
        for _ in range(round(_JOIN_TIMEOUT / _POLL)):
            for thread in self._threads:
                thread.join(_POLL / len(self._threads))
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
