"""Concurrent requests: the threads that make them, and how they end together.

A host need not be thread-safe, so only the thread that called the plug-in calls its
hooks: it submits work, waits, and reports progress. The workers make requests and
nothing else; what they need from the host runs as a callback on that thread.

Not a :class:`concurrent.futures.ThreadPoolExecutor`: the interpreter joins its threads
at exit without a time limit, so that one hanging connection would keep the process.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, Self, TypeVar, cast

from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two reports of progress while we wait.
_REPORT_INTERVAL: Final = 0.5

#: Seconds between two checks of a sleeping worker whether the pool has closed.
_POLL_SECONDS: Final = 0.2

#: Seconds that requests in flight get to end on their own after one has failed.
_GRACE_SECONDS: Final = 2.0

#: Seconds to wait for a worker at the end; one that is connecting cannot be aborted.
_JOIN_TIMEOUT: Final = 15.0


class Stopped(Exception):
    """The work was cancelled; never leaves this module's workers."""


class Future(Generic[T]):
    """Submitted work, and its value or error."""

    def __init__(self, work: Callable[[], T], number: int = 0) -> None:
        self._work = work
        #: Its position in the order of submission.
        self.number = number
        self.done = False
        #: Whether its request has started.
        self.started = False
        #: A cancelled future starts no request, and its error is not raised.
        self.cancelled = False
        self.error: BaseException | None = None
        self._value: Any = None

    def run(self, check: Callable[[], None] = lambda: None) -> None:
        """Do the work, unless ``check`` raises; store its value or error."""
        try:
            check()
            self._value = self._work()
        except Exception as error:  # noqa: BLE001 - raised again by result()
            self.error = error

    @property
    def failed(self) -> bool:
        """Whether the work itself raised an error."""
        return self.error is not None and not isinstance(self.error, Stopped)

    @property
    def value(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self._value)


def cancel(futures: Iterable[Future[Any]]) -> None:
    """Start none of these futures, and retry none that has started."""
    for future in futures:
        future.cancelled = True


class WorkerPool:
    """The workers of one run; a context manager that ends them.

    Work starts in the order of submission. When a future fails, no further request
    starts, and the next wait of the calling thread raises the error of the first failed one.

    :param report: reports that we are still waiting; may raise to stop everything.
    :param abort: ends the requests in flight.
    :param size: the maximum number of requests in flight.
    :param sleep, clock: seconds, to wait and to measure how long.
    """

    def __init__(
        self,
        report: Callable[[], None],
        *,
        abort: Callable[[], None] = lambda: None,
        size: int = REQUESTS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report = report
        self._abort = abort
        self._size = size
        self._sleep = sleep
        self._clock = clock
        self._queue: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        self._local = threading.local()
        self._submitted = 0
        self._pending: set[Future[Any]] = set()
        self._failed: list[Future[Any]] = []
        self._reported_at = clock()

    # --- on the host's thread ---

    def submit(self, work: Callable[[], T]) -> Future[T]:
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
        """Wait for a future; return its value, or raise its error."""
        while not future.done:
            self.wait_for_any()
        return future.value

    def run(self, work: Callable[[], T]) -> T:
        return self.result(self.submit(work))

    def wait_for_any(self) -> None:
        """Wait until any future may be done, and report now and then that we wait."""
        self._handle_event(_REPORT_INTERVAL)
        if self._failed:
            self._raise_first()
        if self._clock() - self._reported_at >= _REPORT_INTERVAL:
            self._reported_at = self._clock()
            self._report()

    @property
    def waiting(self) -> int:
        """The number of futures whose requests have not started."""
        return sum(not future.started for future in self._pending)

    def _handle_event(self, seconds: float) -> bool:
        try:
            self._events.get(timeout=seconds)()
        except queue.Empty:
            return False
        return True

    def _raise_first(self) -> None:
        """Wait for the requests in flight, and raise the error of the first failed future."""
        until = self._clock() + _GRACE_SECONDS
        while self._pending:
            if not self._handle_event(_POLL_SECONDS):
                self._report()
            if self._clock() > until:
                self._abort()
        first = min(self._failed, key=lambda future: future.number)
        raise first.error or AssertionError

    def _finish(self, future: Future[Any], *, ends_all: bool) -> None:
        future.done = True
        self._pending.discard(future)
        if ends_all:
            self._failed.append(future)

    # --- on the workers' threads ---

    def check(self) -> None:
        """Raise :class:`Stopped` if this worker's request must not start."""
        future: Future[Any] | None = getattr(self._local, "future", None)
        if self._closed.is_set() or (future is not None and future.cancelled):
            raise Stopped

    def may_start(self) -> None:
        """Note that this worker's request starts.

        :raises Stopped: if it must not.
        """
        self.check()
        future: Future[Any] | None = getattr(self._local, "future", None)
        if future is not None:
            future.started = True

    def sleep(self, seconds: float) -> None:
        """Sleep.

        :raises Stopped: soon after the pool has closed.
        """
        until = self._clock() + seconds
        while (remaining := until - self._clock()) > 0:
            self.check()
            self._sleep(min(remaining, _POLL_SECONDS))

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Run a callback on the host's thread, some time soon."""

        def deliver() -> None:
            if not self._closed.is_set():
                callback()

        self._events.put(deliver)

    def on_host_thread(self, callback: Callable[[], T]) -> T:
        """Run a callback on the host's thread, and wait for its value.

        Its error ends everything.
        """
        future = Future(callback)
        finished = threading.Event()

        def run() -> None:
            future.run(self.check)
            finished.set()
            if future.failed:
                raise future.error or AssertionError

        self._events.put(run)
        while not finished.wait(_POLL_SECONDS):
            self.check()
        return future.value

    def _work(self) -> None:
        while (future := self._queue.get()) is not None:
            self._local.future = future
            future.run(self.check)
            # Decided here and once: no request may start before the host's thread knows, and
            # it must be raised even if the future is cancelled meanwhile.
            if ends_all := future.failed and not future.cancelled:
                self._closed.set()
            self._events.put(partial(self._finish, future, ends_all=ends_all))
            # The value may be large, and it may be long until the next future.
            self._local.future = None
            del future

    # --- the end ---

    def close(self) -> None:
        """Start no more requests, abort those in flight, and end the threads."""
        self._closed.set()
        for _ in self._threads:
            self._queue.put(None)
        if self._pending:
            self._abort()
        for _ in range(round(_JOIN_TIMEOUT / _POLL_SECONDS)):
            for thread in self._threads:
                # After a Ctrl-C while it was being started, a thread cannot be joined.
                with suppress(RuntimeError):
                    thread.join(_POLL_SECONDS / len(self._threads))
            if not any(thread.is_alive() for thread in self._threads):
                return
            self._abort()
        log.warning("a request could not be aborted")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
