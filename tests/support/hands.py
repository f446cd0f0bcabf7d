"""Hands that do jobs without threads: in any order that a test wants."""

from __future__ import annotations

from opter_fortnox_plugin.fortnox.worker_pool import Job


class Hands:
    """Does one job whenever somebody waits for news, the oldest first.

    :param choose: picks the next of several jobs, by its place among them.
    """

    def __init__(self, choose=lambda many: 0):
        self._choose = choose
        self._todo = []
        self.most = 0

    def start(self, work):
        job = Job(work)
        self._todo.append(job)
        self.most = max(self.most, len(self._todo))
        return job

    def look(self):
        job = self._todo.pop(self._choose(len(self._todo)))
        if job.wanted:
            job.do()
        job.done = True

    def result(self, job):
        while not job.done:
            self.look()
        return job.value
