"""What the pages work with: one database, its plug-ins, and the running jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import g, has_request_context, session

from hostsim.desk.background_jobs import (
    CANCELLATION,
    EXPORT,
    QUESTION,
    SIGN_IN,
    Choice,
    Job,
    Jobs,
    Result,
    Starter,
)
from hostsim.errors import failure_of
from hostsim.services.context import now
from hostsim.services.host import Host
from hostsim.storage import database_checks, invoices, previews
from hostsim.storage.secrets import FindKeyring, no_keyring
from hostsim.storage.store import Store

if TYPE_CHECKING:
    from hostsim.ledger.values import Definition
    from hostsim.plugins.loading import Plugins
    from hostsim.sandbox import Sandbox
    from hostsim.storage.previews import Preview
    from opter_contract.values import Failure


@dataclass
class DeskContext:
    """One office as the pages see it; thread-safe."""

    store: Store
    plugins: Plugins
    configuration: Mapping[str, str] = field(default_factory=dict, repr=False)
    login_timeout: float = 300.0
    keyring: FindKeyring = no_keyring
    clock: Callable[[], datetime] = now
    user: str | None = None
    #: Where a login redirects the browser to; ``""`` if the plug-in receives it.
    redirect_uri: str = ""
    #: The simulated Fortnox; ``None`` with the real one.
    sandbox: Sandbox | None = None
    jobs: Jobs = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self._execute, self.failure_behind)

    def host(self, **keywords: Any) -> Host:
        return Host(
            self.store,
            self.plugins,
            configuration=self.configuration,
            login_timeout=self.login_timeout,
            keyring=self.keyring,
            clock=self.clock,
            redirect_uri=self.redirect_uri,
            **{"user": self.current_user} | keywords,
        )

    @property
    def current_user(self) -> str | None:
        """The user that the proxy names, otherwise ``user``."""
        return g.get("user", self.user) if has_request_context() else self.user

    def start(self, choice: Choice) -> Job:
        """Start a job for the current user; see :meth:`.background_jobs.Jobs.start`."""
        return self.jobs.start(choice, self._starter())

    def _starter(self) -> Starter:
        return Starter(self.current_user, session.get("token", ""))

    def is_starter(self, job: Job) -> bool:
        """Return whether the current user started the job, in this browser."""
        starter = self._starter()
        return bool(starter.browser) and job.starter == starter

    def job_of_login(self, states: Sequence[str] | None) -> Job | None:
        """Return the job that a login's callback belongs to, if the current user started it.

        :param states: each ``state`` of the callback; ``None`` if its query is empty.
        """
        jobs = [job for job in self.jobs.running() if job.signing_in and self.is_starter(job)]
        if states is not None:
            jobs = [job for job in jobs if [job.state] == states]
        return jobs[0] if len(jobs) == 1 else None

    def failure_behind(self, error: BaseException) -> Failure | None:
        """Return an error as a failure, or the damage of the database that causes it."""
        return failure_of(error) or database_checks.damage_behind(error, self.store.path)

    def _execute(self, job: Job) -> Result:
        choice = job.choice
        user = job.starter.user or self.user
        host = self.host(window=job.window, on_progress=job.on_progress, user=user)
        if choice.task == QUESTION:
            return host.why(choice.number, choice.definition)
        if choice.task == EXPORT:
            return host.export(choice.definition, review=job.review, items=choice.numbers)
        if choice.task == CANCELLATION:
            return host.cancel(choice.definition, choice.number)
        if choice.task == SIGN_IN:
            return host.sign_in(choice.definition)
        return host.import_payments(
            choice.definition,
            region=choice.region,
            bank_account=choice.bank_account,
            date=choice.day,
        )

    def regions(self) -> Sequence[str]:
        """Return the regions that definitions or invoices have; ``""`` is the default one."""
        return invoices.regions(self.store)

    def definitions(self, subject: str = "") -> list[Definition]:
        """Return the imports, or the exports of a subject."""
        definitions = self.store.definitions(exports=bool(subject))
        return [definition for definition in definitions if definition.subject == subject]

    def preview(self, run_id: str | None = None) -> Preview | None:
        """Return a run that is open or saved; by default the latest that is open."""
        row = previews.latest_preview(self.store, run_id)
        return None if row is None else previews.preview_of(self.store, row)

    def revisions(self) -> Mapping[str, str]:
        """Return the revision of each open preview, by definition."""
        return previews.open_revisions(self.store)

    def open_previews(self) -> Mapping[str, str]:
        """Return the run id of each open preview, by definition."""
        return previews.open_runs(self.store)
