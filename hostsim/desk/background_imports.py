"""Imports that run while a person looks at a page.

Each import has a thread of its own. Its progress is stored here until the page asks
for it, and what the person does (stop, paste an address) until the plug-in asks.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from hostsim.errors import failure_of, host_error
from hostsim.services.explanation import Explanation
from hostsim.storage import commits
from opter_contract.values import Failure, Progress, Text

if TYPE_CHECKING:
    from hostsim.plugins.session import OnProgress, Window
    from hostsim.storage.previews import Preview

log = logging.getLogger(__name__)

#: Ended imports that are remembered, for a page that asks late.
REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose in ``Läs fil``; or the invoice that a question is about."""

    definition: str
    region: str = ""
    bank_account: str = ""
    day: date | None = None
    invoice: str = ""  # where this is a question and no import


#: Imports payments, or explains an invoice; given what was chosen, and how to reach the person.
Import = Callable[[Choice, "Window", "OnProgress"], "Preview | Explanation"]


class Job:
    """One import that a person started on the page."""

    def __init__(self, choice: Choice) -> None:
        self.id = secrets.token_urlsafe(9)
        self.choice = choice
        self.address: str | None = None
        self.progress: Progress | None = None
        #: How often the number of payments rose: the pages, where payments are read in pages.
        self.pages = 0
        #: How many payments were read; the progress may count something else meanwhile.
        self.read = 0
        self.run_id: str | None = None
        self.explanation: Explanation | None = None
        self.failure: Failure | None = None
        self.ended = threading.Event()
        self._stopped = threading.Event()
        self._answered: Callable[[str], Text | None] | None = None

    def window(self, address: str, answered: Callable[[str], Text | None]) -> bool:
        """Have the page open a window on an address; returns at once."""
        self._answered = answered
        self.address = address
        return True

    def on_progress(self, progress: Progress) -> bool:
        """Store how far the plug-in is; true asks it to stop."""
        if progress.stage == "reading" and progress.done > self.read:
            self.pages += 1
            self.read = progress.done
        self.progress = progress
        return self._stopped.is_set()

    @property
    def signing_in(self) -> bool:
        stage = self.progress.stage if self.progress else "login"
        return self.address is not None and stage == "login" and not self.ended.is_set()

    def stop(self) -> None:
        """Ask the plug-in to stop when it next says how far it is."""
        self._stopped.set()

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    def answer(self, address: str) -> Text | None:
        """Pass on the address that the login window ended at; a sentence refuses it."""
        return None if self._answered is None else self._answered(address)

    def run(self, execute: Import) -> None:
        with commits.watched() as saved:
            try:
                found = execute(self.choice, self.window, self.on_progress)
                if isinstance(found, Explanation):
                    self.explanation = found
                else:
                    self.run_id = found.run_id
            except BaseException as error:  # noqa: BLE001 - the page shows any error
                self.failure = failure_of(error)
                if self.failure is None:
                    self.failure = saved.not_shown() if saved.any else host_error("INTERNAL")
                    # Its own text may hold what a log must not.
                    log.error("an import ended with %s", type(error).__name__)  # noqa: TRY400
            finally:
                self.ended.set()


class Jobs:
    """The imports of this desk; one of a definition at a time."""

    def __init__(self, execute: Import) -> None:
        self._execute = execute
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, choice: Choice) -> Job:
        """Begin an import or a question; where the same is running, give that one.

        :raises HostError: ``IMPORT_RUNNING`` where the definition is used for another.
        """
        with self._lock:
            for running in self.running():
                if running.choice.definition != choice.definition:
                    continue
                if running.choice.invoice != choice.invoice:
                    raise host_error("IMPORT_RUNNING", name=choice.definition)
                return running
            job = Job(choice)
            for ended in [j.id for j in self._jobs.values() if j.ended.is_set()][:-REMEMBERED]:
                del self._jobs[ended]
            self._jobs[job.id] = job
        threading.Thread(
            target=job.run, args=(self._execute,), name=f"import-{job.id}", daemon=True
        ).start()
        return job

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def running(self) -> list[Job]:
        return [job for job in list(self._jobs.values()) if not job.ended.is_set()]

    def stop(self, seconds: float = 60.0) -> None:
        """Stop all imports, and wait at most so long for each to end.

        Whoever closes the database must have waited: an import writes into it.
        """
        for job in self.running():
            job.stop()
        for job in self.running():
            job.ended.wait(seconds)
