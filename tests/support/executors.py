"""An executor without threads, which runs jobs in the order that a test chooses."""

from __future__ import annotations

from opter_fortnox_plugin.fortnox.worker_pool import Future


class Executor:
    """Runs one future at each wait, by default the oldest.

    :param choose: returns the index of the future to run, given their number.
    """

    def __init__(self, choose=lambda count: 0):
        self._choose = choose
        self._queue = []
        self.max_queued = 0

    def submit(self, work):
        future = Future(work)
        self._queue.append(future)
        self.max_queued = max(self.max_queued, len(self._queue))
        return future

    def wait_for_any(self):
        future = self._queue.pop(self._choose(len(self._queue)))
        if not future.cancelled:
            future.run()
        future.done = True

    def result(self, future):
        while not future.done:
            self.wait_for_any()
        return future.value

    def run(self, work):
        return self.result(self.submit(work))
