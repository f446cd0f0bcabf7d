"""One run's connection to Fortnox: signed in, inside the rate limit, alone with its company."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from opter_contract.values import Company, Run, Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import (
    Busy,
    LoginFailed,
    NotPermitted,
    SettingsWrong,
    in_swedish,
)
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import SCOPES, Tokens, plain
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login import service_account, stored_login
from opter_fortnox_plugin.login.authorization_code import log_in
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint
from opter_fortnox_plugin.settings import EVERY_TIME, SERVICE_ACCOUNT, STAY, sign_in

#: Seconds that a run waits for another one of the same company.
COMPANY_TIMEOUT: Final = 10.0


@dataclass(frozen=True)
class Surroundings:
    """What a run finds around it.

    :ivar now: Unix time, for what other processes have to understand.
    :ivar sleep, clock: seconds, to wait and to measure how long.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    transport: Callable[[], Transport] = Transport


@dataclass(frozen=True)
class Session:
    """A run that is signed in.

    :ivar now: Unix time.
    """

    host: Host
    client: Client
    pool: WorkerPool
    limiter: RateLimiter
    client_id: str
    now: Callable[[], float]

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Count the requests of the run before, and store ours for the run after."""
        self.restore()
        try:
            yield
        finally:
            self.host.set_state(self._limiter_key, self.limiter.recent_ends(self.now()))

    def restore(self) -> None:
        if stored := self.host.get_state(self._limiter_key):
            self.limiter.restore(stored, self.now())

    @property
    def _limiter_key(self) -> str:
        # By client id alone: who signs in is known only after the first request.
        return f"pace/{self.client_id}"[:200]

    @contextmanager
    def company_lock(self, company: Company) -> Iterator[None]:
        """Let no other run of the company make a request meanwhile.

        :raises Busy: where another one does not end in time.
        """
        waiting = Text(
            f"En annan import eller export av {company.name} pågår; väntar på den",
            f"Another import or export of {company.name} is running; waiting for it",
        )
        with self.host.lock(
            f"company/{company.number}",
            COMPANY_TIMEOUT,
            waiting,
            lambda: Busy("COMPANY_BUSY", company=company.name, seconds=f"{COMPANY_TIMEOUT:g}"),
        ):
            yield


@contextmanager
def logged_in(
    host: Host,
    endpoint: TokenEndpoint,
    configuration: Configuration,
    *,
    scopes: Sequence[str],
    require_all: bool = True,
    again: bool = False,
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SignedIn]:
    """Sign in as the settings say.

    :param require_all: refuse a login that was granted less.
    :param again: have a person do it, whatever is stored.
    """
    way = sign_in(host.run.settings)
    service = way == SERVICE_ACCOUNT
    by = (
        service_account.signed_in
        if service
        else partial(stored_login.signed_in, stay=way == STAY, now=now)
    )
    with by(
        host,
        endpoint,
        configuration,
        log_in=partial(log_in, host, configuration, scopes, service=service),
        scopes=scopes if require_all else (),
        again=again,
        clock=clock,
    ) as login:
        if require_all:
            require(scopes, login.tokens)
        yield login


@contextmanager
def signed_in(
    run: Run, surroundings: Surroundings, *, scopes: Sequence[str] = SCOPES, again: bool = False
) -> Iterator[Session]:
    """Sign in for the length of a run. The caller enters the session's pool.

    :param scopes: what the run may do there.
    :param again: have a person sign in, whatever is stored.
    :raises FortnoxError: where there is something for a person to do.
    """
    if run.default_currency.strip().upper() != "SEK":
        raise SettingsWrong("DEFAULT_CURRENCY_NOT_SEK", currency=plain(run.default_currency, 20))
    sleep, clock, now = surroundings.sleep, surroundings.clock, surroundings.now
    configuration = Configuration.of(run.configuration, surroundings.environment)
    host = Host(run, sleep=sleep, clock=clock)
    http = surroundings.transport()
    pool = WorkerPool(host.repeat_progress, abort=http.abort, sleep=sleep, clock=clock)
    limiter = RateLimiter(sleep=pool.sleep, clock=clock, may_start=pool.may_start)
    http.sent, http.answered = limiter.sent, limiter.answered
    try:
        with logged_in(
            host,
            TokenEndpoint(http, configuration, host.wait),
            configuration,
            scopes=scopes,
            again=again,
            now=now,
            clock=clock,
        ) as login:
            client = Client(
                configuration.api_url,
                http,
                login,
                limiter,
                sleep=pool.sleep,
                waiting=lambda what, seconds: pool.call_soon(
                    lambda: host.report_progress("waiting", 0, None, _retrying(what, seconds))
                ),
                renew=lambda refused: pool.on_host_thread(lambda: login.renew(refused)),
                check=pool.check,
                now=now,
            )
            yield Session(host, client, pool, limiter, configuration.client_id, now)
    finally:
        http.close()


def sign_in_ahead(run: Run, scopes: Sequence[str] = SCOPES, **surroundings: Any) -> Company:
    """Have a person sign in for the runs that nobody is there for; return the company.

    :param scopes: what these runs may do.
    :param surroundings: as :class:`Surroundings` has them.
    :raises FortnoxError: where there is something for a person to do.
    """
    if sign_in(run.settings) == EVERY_TIME:
        raise SettingsWrong("SIGN_IN_EVERY_TIME")
    around = Surroundings(**surroundings)
    with (
        signed_in(run, around, scopes=scopes, again=True) as session,
        session.limited(),
        session.pool as pool,
    ):
        company = pool.run(session.client.company)
        refuse_other_company(run, company)
        return company


def require(scopes: Sequence[str], tokens: Tokens) -> None:
    """Refuse to go on without one of these scopes.

    :raises NotPermitted: naming those that were not granted.
    """
    if lacking := tokens.lacking(scopes):
        raise NotPermitted("SCOPES_NOT_GRANTED", scopes=", ".join(lacking))


def refuse_other_company(run: Run, company: Company) -> None:
    """Raise ``WRONG_COMPANY`` where a definition belongs to another company."""
    expected = run.company
    if expected is not None and expected.number != company.number:
        raise LoginFailed(
            "WRONG_COMPANY",
            expected=expected.name,
            expected_number=expected.number,
            actual=company.name,
            actual_number=company.number,
        )


def _retrying(what: str, seconds: float) -> Text:
    return Text(
        f"Fortnox svarade inte som det ska ({in_swedish(what)}); försöker igen om {seconds:.0f} s",
        f"Fortnox did not answer as it should ({what}); trying again in {seconds:.0f} s",
    )
