"""Imports, exports and questions that run while a person looks at a page.

Each has a thread of its own. Its progress is stored here until the page polls it, and what
the person does (stop, paste a URL, send) until the plug-in polls that.
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
from hostsim.storage import unreported_commits
from hostsim.storage.export_previews import ExportPreview
from opter_contract.values import Company, Failure, Progress, Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview

log = logging.getLogger(__name__)

#: Ended jobs that are remembered, for a page that polls late.
MAX_ENDED_JOBS = 50

#: A plan waits no longer for an answer.
MAX_REVIEW_SECONDS = 1800.0

# What a job does.
IMPORT: Final = "import"
QUESTION: Final = "question"
EXPORT: Final = "export"
CANCELLATION: Final = "cancellation"
SIGN_IN: Final = "sign-in"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a job is to do, as chosen in ``Läs fil``, ``Exportera`` or another dialog."""

    definition: str
    region: str = ""
    bank_account: str = ""
    day: date | None = None
    task: str = IMPORT
    number: str = ""  # of the invoice or bill of a question or a cancellation
    numbers: tuple[str, ...] = ()  # of an export; empty for all waiting items


@dataclass(frozen=True, slots=True)
class Starter:
    """Who began a job, and in which browser; only that browser may answer its login."""

    user: str | None = None
    browser: str = field(default="", repr=False)  # the token of its session


#: The preview of an import or export, an explanation, or the company that was signed in to.
Result: TypeAlias = "Preview | Explanation | ExportPreview | Company"

#: Executes the task of a job, and reaches the person through it.
Execute = Callable[["Job"], Result]
Explain = Callable[[BaseException], Failure | None]


class Job:
    """A task that a person started on the page."""

    def __init__(self, choice: Choice, starter: Starter) -> None:
        self.id = secrets.token_urlsafe(9)
        self.choice = choice
        self.starter = starter
        #: Where to sign in; its ``state`` is for the starter's browser alone.
        self.login_url: str | None = None
        #: Counts the login URLs, so that the login's window is sent to each.
        self.logins = 0
        self.progress: Progress | None = None
        #: How often the number of payments rose: the pages, if payments are read in pages.
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
        self._on_callback: Callable[[str], Text | None] | None = None

    def window(self, url: str, on_callback: Callable[[str], Text | None]) -> bool:
        """Make the page open a login window on a URL; return at once."""
        self._on_callback = on_callback
        self.login_url = url
        self.logins += 1
        return True

    def on_progress(self, progress: Progress) -> bool:
        """Store the progress of the plug-in; true asks it to stop."""
        if progress.stage == "reading" and progress.done > self.read:
            self.pages += 1
            self.read = progress.done
        self.progress = progress
        return self._stopped.is_set()

    def review(self, preview: ExportPreview, timeout: float) -> Collection[str] | None:
        """Make the page show the plan, and wait for the items that the person sends."""
        self.run_id = preview.run_id
        if not preview.counts["items"] and not preview.counts["gaps"]:
            return None
        return self.plan.wait(min(timeout, MAX_REVIEW_SECONDS))

    @property
    def signing_in(self) -> bool:
        stage = self.progress.stage if self.progress else "login"
        return self.login_url is not None and stage == "login" and not self.ended.is_set()

    @property
    def state(self) -> str:
        """The ``state`` of the login's URL; ``""`` if it has none."""
        return parse_qs(urlsplit(self.login_url or "").query).get("state", [""])[0]

    def stop(self) -> None:
        """Ask the plug-in to stop at its next progress report; a plan is not sent."""
        self._stopped.set()
        self.plan.answer(None)

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    def answer(self, url: str) -> Text | None:
        """Pass on the URL that the login window ended at; return the refusal, if any."""
        return None if self._on_callback is None else self._on_callback(url)

    def run(self, execute: Execute, explain: Explain) -> None:
        with unreported_commits.watch() as saved:
            try:
                result = execute(self)
                if isinstance(result, Explanation):
                    self.explanation = result
                elif isinstance(result, Company):
                    self.company = result
                else:
                    self.run_id = result.run_id
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
    """The plan of an export while a person reviews it."""

    #: The ids that the person has unticked; replaced as a whole, so that a reader's copy stays.
    left_out: frozenset[str] = frozenset()
    #: Nobody answered in time.
    expired: bool = False
    shown: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _chosen: Collection[str] | None = None

    def wait(self, timeout: float) -> Collection[str] | None:
        """Wait for an answer.

        :param timeout: in seconds.
        """
        self.shown.set()
        self.answered.wait(timeout)
        with self._lock:
            self.expired = not self.answered.is_set()
            self.answered.set()
            return self._chosen

    def answer(self, ids: Collection[str] | None) -> bool:
        """Send these items, or nothing; return false if it was answered before or has expired."""
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
        """Store which of these rows are ticked; of others it stays as it is."""
        with self._lock:
            self.left_out = ticks_changed(self.left_out, shown, ticked)


def ticks_changed(
    left_out: frozenset[str], shown: Collection[str], ticked: Collection[str]
) -> frozenset[str]:
    """Return what is left out once these of the shown rows are ticked."""
    return (left_out - set(ticked)) | (frozenset(shown) - set(ticked))


class Jobs:
    """The jobs of this desk, one per definition at a time."""

    def __init__(self, execute: Execute, explain: Explain = failure_of) -> None:
        self._execute = execute
        self._explain = explain
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._closed = False

    def start(self, choice: Choice, starter: Starter) -> Job:
        """Start a job, or return the running one that does the same.

        :raises HostError: ``IMPORT_RUNNING`` or ``EXPORT_RUNNING`` if another job uses the
            definition; ``CANCELLED`` once they are stopped.
        """
        with self._lock:
            for running in self.running():
                if running.choice.definition != choice.definition:
                    continue
                if running.choice != choice:
                    exports = {choice.task, running.choice.task} & {EXPORT, CANCELLATION}
                    code = "EXPORT_RUNNING" if exports else "IMPORT_RUNNING"
                    raise host_error(code, name=choice.definition)
                return running
            if self._closed:
                raise host_error("CANCELLED")
            job = Job(choice, starter)
            ended = [job_id for job_id, job in self._jobs.items() if job.ended.is_set()]
            for job_id in ended[:-MAX_ENDED_JOBS]:
                del self._jobs[job_id]
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
        """Stop all jobs for good, and wait for each to end; they write to the database.

        :param seconds: the timeout of each.
        """
        with self._lock:
            self._closed = True
            running = self.running()
        for job in running:
            job.stop()
        for job in running:
            job.ended.wait(seconds)
