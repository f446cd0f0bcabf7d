"""An executor without threads, that runs jobs in any order that a test wants."""

from __future__ import annotations

from opter_fortnox_plugin.fortnox.worker_pool import Future


class Executor:
    """Runs one future whenever somebody waits, the oldest first.

    :param choose: picks the next of several futures, by its place among them.
    """

    def __init__(self, choose=lambda many: 0):
        self._choose = choose
        self._queue = []
        self.most = 0

    def submit(self, work):
        future = Future(work)
        self._queue.append(future)
        self.most = max(self.most, len(self._queue))
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
