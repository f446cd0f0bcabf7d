"""Imports, exports and questions that run while a person looks at a page.

Each has a thread of its own. Its progress is stored here until the page asks for it, and
what the person does (stop, paste an address, send) until the plug-in asks.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from hostsim.errors import failure_of, host_error
from hostsim.services.explanation import Explanation
from hostsim.storage import commits
from hostsim.storage.export_previews import ExportPreview
from opter_contract.values import Company, Failure, Progress, Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview

log = logging.getLogger(__name__)

#: Ended jobs that are remembered, for a page that asks late.
REMEMBERED = 50

#: Seconds that a plan waits for an answer, at most.
MAX_REVIEW_SECONDS = 1800.0

# What a job does.
IMPORT: Final = "import"
QUESTION: Final = "question"
EXPORT: Final = "export"
CANCELLATION: Final = "cancellation"
SIGN_IN: Final = "sign-in"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose: in ``Läs fil`` or ``Exportera``, or what it is about."""

    definition: str
    region: str = ""
    bank_account: str = ""
    day: date | None = None
    task: str = IMPORT
    number: str = ""  # of the invoice or bill of a question or a cancellation
    numbers: tuple[str, ...] = ()  # of an export; none where it is of all that wait


@dataclass(frozen=True, slots=True)
class Starter:
    """Who began a job, and in which browser: only there is its login answered."""

    user: str | None = None
    browser: str = field(default="", repr=False)  # the token of its session


#: What became of a job: what was read, planned or sent, or the company that was signed in to.
Result: TypeAlias = "Preview | Explanation | ExportPreview | Company"

#: Does what a job is about, and reaches the person through it.
Execute = Callable[["Job"], Result]
Explain = Callable[[BaseException], Failure | None]


class Job:
    """What a person started on the page."""

    def __init__(self, choice: Choice, starter: Starter) -> None:
        self.id = secrets.token_urlsafe(9)
        self.choice = choice
        self.starter = starter
        #: Where to sign in; its ``state`` is for the starter's browser alone.
        self.address: str | None = None
        #: How often there was one, so that the login's window is sent to each.
        self.logins = 0
        self.progress: Progress | None = None
        #: How often the number of payments rose: the pages, where payments are read in pages.
        self.pages = 0
        #: How many payments were read; the progress may count something else meanwhile.
        self.read = 0
        self.run_id: str | None = None
        self.explanation: Explanation | None = None
        self.company: Company | None = None
        self.failure: Failure | None = None
        self.plan = Plan()
        self.ended = threading.Event()
        self._stopped = threading.Event()
        self._answered: Callable[[str], Text | None] | None = None

    def window(self, address: str, answered: Callable[[str], Text | None]) -> bool:
        """Have the page open a window on an address; returns at once."""
        self._answered = answered
        self.address = address
        self.logins += 1
        return True

    def on_progress(self, progress: Progress) -> bool:
        """Store how far the plug-in is; true asks it to stop."""
        if progress.stage == "reading" and progress.done > self.read:
            self.pages += 1
            self.read = progress.done
        self.progress = progress
        return self._stopped.is_set()

    def review(self, preview: ExportPreview, timeout: float) -> Collection[str] | None:
        """Have the page show the plan, and wait for what the person sends of it."""
        self.run_id = preview.run_id
        if not preview.counts["items"] and not preview.counts["gaps"]:
            return None
        return self.plan.wait(min(timeout, MAX_REVIEW_SECONDS))

    @property
    def signing_in(self) -> bool:
        stage = self.progress.stage if self.progress else "login"
        return self.address is not None and stage == "login" and not self.ended.is_set()

    @property
    def state(self) -> str:
        """The ``state`` of the login's address; ``""`` where it has none."""
        return parse_qs(urlsplit(self.address or "").query).get("state", [""])[0]

    def stop(self) -> None:
        """Ask the plug-in to stop when it next says how far it is; a plan is not sent."""
        self._stopped.set()
        self.plan.answer(None)

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    def answer(self, address: str) -> Text | None:
        """Pass on the address that the login window ended at; a sentence refuses it."""
        return None if self._answered is None else self._answered(address)

    def run(self, execute: Execute, explain: Explain = failure_of) -> None:
        with commits.watched() as saved:
            try:
                found = execute(self)
                if isinstance(found, Explanation):
                    self.explanation = found
                elif isinstance(found, Company):
                    self.company = found
                else:
                    self.run_id = found.run_id
            except BaseException as error:  # noqa: BLE001 - the page shows any error
                self.failure = explain(error)
                if self.failure is None:
                    self.failure = saved.not_shown_error() if saved.any else host_error("INTERNAL")
                    # Its own text may hold what a log must not.
                    log.error("a job ended with %s", type(error).__name__)  # noqa: TRY400
            finally:
                self.ended.set()


@dataclass(eq=False)
class Plan:
    """The plan of an export, while a person looks at it."""

    #: The ids that the person has unticked.
    left_out: set[str] = field(default_factory=set)
    #: Nobody answered in time.
    expired: bool = False
    shown: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _chosen: Collection[str] | None = None

    def wait(self, timeout: float) -> Collection[str] | None:
        """Wait for an answer, at most so many seconds."""
        self.shown.set()
        self.answered.wait(timeout)
        with self._lock:
            self.expired = not self.answered.is_set()
            self.answered.set()
            return self._chosen

    def answer(self, ids: Collection[str] | None) -> bool:
        """Send these items, or nothing; false where it was answered before, or is too late."""
        with self._lock:
            if self.answered.is_set():
                return False
            self._chosen = ids
            self.answered.set()
            return True

    @property
    def waiting(self) -> bool:
        return self.shown.is_set() and not self.answered.is_set()

    def tick(self, shown: Collection[str], ticked: Collection[str]) -> None:
        """Note which of the rows on a page are ticked."""
        self.left_out = (self.left_out - set(ticked)) | (set(shown) - set(ticked))


#: A job that no person at a page began.
NOBODY: Final = Starter()


class Jobs:
    """The jobs of this desk; one of a definition at a time."""

    def __init__(self, execute: Execute, explain: Explain = failure_of) -> None:
        self._execute = execute
        self._explain = explain
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, choice: Choice, starter: Starter = NOBODY) -> Job:
        """Begin a job; where the same is running, give that one.

        :raises HostError: ``IMPORT_RUNNING`` or ``EXPORT_RUNNING`` where the definition is used
            for another.
        """
        with self._lock:
            for running in self.running():
                if running.choice.definition != choice.definition:
                    continue
                if _about(running.choice) != _about(choice):
                    exports = {choice.task, running.choice.task} & {EXPORT, CANCELLATION}
                    code = "EXPORT_RUNNING" if exports else "IMPORT_RUNNING"
                    raise host_error(code, name=choice.definition)
                return running
            job = Job(choice, starter)
            for ended in [j.id for j in self._jobs.values() if j.ended.is_set()][:-REMEMBERED]:
                del self._jobs[ended]
            self._jobs[job.id] = job
        threading.Thread(
            target=job.run,
            args=(self._execute, self._explain),
            name=f"{choice.task}-{job.id}",
            daemon=True,
        ).start()
        return job

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def running(self) -> list[Job]:
        return [job for job in list(self._jobs.values()) if not job.ended.is_set()]

    def stop(self, seconds: float = 60.0) -> None:
        """Stop all jobs, and wait at most so long for each to end.

        Whoever closes the database must have waited: a job writes into it.
        """
        for job in self.running():
            job.stop()
        for job in self.running():
            job.ended.wait(seconds)


def _about(choice: Choice) -> tuple[object, ...]:
    return choice.task, choice.number, choice.bank_account, choice.day
