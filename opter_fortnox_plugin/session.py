"""One run's connection to Fortnox: signed in, rate-limited, with a lock on its company."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from opter_contract.values import Company, Run, Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import (
    Busy,
    LoginFailed,
    NotPermitted,
    SettingsWrong,
    Unavailable,
    in_swedish,
)
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import TOO_MANY_REQUESTS, plain
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login import service_account, stored_login
from opter_fortnox_plugin.login.authorization_code import log_in
from opter_fortnox_plugin.login.oauth import SCOPES, Tokens
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint
from opter_fortnox_plugin.settings import EVERY_TIME, SERVICE_ACCOUNT, STAY, sign_in

#: Seconds that a run waits for another one of the same company.
COMPANY_TIMEOUT: Final = 10.0


@dataclass(frozen=True)
class Surroundings:
    """The environment and clocks of a run.

    :ivar now: Unix time, for what other processes read.
    :ivar sleep, clock: seconds, to wait and to measure how long.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    transport: Callable[[], Transport] = Transport

    def host_of(self, run: Run) -> Host:
        return Host(run, now=self.now, sleep=self.sleep, clock=self.clock)


#: Those of this process.
HERE: Final = Surroundings()


@dataclass(frozen=True)
class Session:
    """A run that is signed in."""

    host: Host
    client: Client
    pool: WorkerPool
    limiter: RateLimiter
    client_id: str

    def seconds_left(self, more: int = 0) -> float:
        """Return the time under the rate limit for this many requests and those that wait."""
        return self.limiter.seconds_for(self.pool.waiting + more)

    @contextmanager
    def limited(self, company: Company | None = None) -> Iterator[None]:
        """Count the requests of the previous run, and store ours for the next one.

        :param company: whose limit it is; ``None`` until the company is known.
        """
        key = f"pace/{self.client_id}"[:180] + (f"/{company.number[:19]}" if company else "")
        if stored := self.host.get_state(key):
            self.limiter.restore(stored, self.host.now())
        try:
            yield
        finally:
            self.host.set_state(key, self.limiter.recent_ends(self.host.now()))

    @contextmanager
    def company_lock(self, company: Company) -> Iterator[None]:
        """Lock the company against requests of other runs; count the requests that they made.

        :raises Busy: if another one does not end in time.
        """
        waiting = Text(
            f"En annan import eller export av {company.name} pågår; väntar på den",
            f"Another import or export of {company.name} is running; waiting for it",
        )
        with (
            self.host.lock(
                f"company/{company.number}",
                COMPANY_TIMEOUT,
                waiting,
                lambda: Busy("COMPANY_BUSY", company=company.name, seconds=f"{COMPANY_TIMEOUT:g}"),
            ),
            self.limited(company),
        ):
            yield

    @contextmanager
    def alone(
        self,
        lock: Callable[[Company], AbstractContextManager[None]],
        company: Callable[[], Company],
    ) -> Iterator[Company]:
        """Run with a lock on the company that is signed in, whichever that is.

        :param lock: locks a company.
        :param company: fetches the company.
        :raises LoginFailed: if the run belongs to another one.
        """
        run = self.host.run
        # Exited in reverse order: no request may start once the locks are released.
        with ExitStack() as locks, ExitStack() as held:
            if run.company is not None:
                # First, so that not even one request runs concurrently with another run's.
                locks.enter_context(lock(run.company))
            else:
                held.enter_context(self.limited())
            held.enter_context(self.pool)
            actual = company()
            refuse_other_company(run, actual)
            if run.company is None:
                locks.enter_context(lock(actual))
            yield actual


@contextmanager
def logged_in(
    host: Host,
    endpoint: TokenEndpoint,
    limiter: RateLimiter,
    *,
    scopes: Sequence[str],
    require_all: bool = True,
    again: bool = False,
) -> Iterator[SignedIn]:
    """Sign in as the settings say.

    :param require_all: refuse a login without all of the scopes.
    :param again: sign a person in, even if a login is stored.
    """
    method, configuration = sign_in(host.run.settings), endpoint.configuration
    needed = scopes if require_all else ()
    if method == SERVICE_ACCOUNT:
        logging_in = service_account.signed_in(
            host,
            endpoint,
            log_in=lambda granted: log_in(
                host, configuration, [*dict.fromkeys((*scopes, *sorted(granted)))], service=True
            ),
            number_of=partial(company_number, host, endpoint, limiter),
            scopes=needed,
            again=again,
            proof=require_all,
        )
    else:
        ask = partial(log_in, host, configuration, scopes)
        logging_in = stored_login.signed_in(
            host, endpoint, stay=method == STAY, log_in=ask, scopes=needed, again=again
        )
    with logging_in as login:
        if require_all:
            require(scopes, login.tokens)
        yield login


@contextmanager
def signed_in(
    run: Run, surroundings: Surroundings, *, scopes: Sequence[str] = SCOPES, again: bool = False
) -> Iterator[Session]:
    """Sign in for the length of a run. The caller enters the session's pool.

    :param scopes: that the run needs.
    :param again: sign a person in, even if a login is stored.
    :raises FortnoxError: if a person must act.
    """
    if run.default_currency.strip().upper() != "SEK":
        raise SettingsWrong("DEFAULT_CURRENCY_NOT_SEK", currency=plain(run.default_currency, 20))
    sleep, clock = surroundings.sleep, surroundings.clock
    with _token_endpoint(run, surroundings) as (host, endpoint):
        http, configuration = endpoint.transport, endpoint.configuration
        pool = WorkerPool(host.repeat_progress, abort=http.abort, sleep=sleep, clock=clock)
        limiter = RateLimiter(sleep=pool.sleep, clock=clock, may_start=pool.may_start)
        http.sent, http.answered = limiter.sent, lambda _status: limiter.answered()
        with logged_in(host, endpoint, limiter, scopes=scopes, again=again) as login:
            client = Client(
                configuration.api_url,
                http,
                login,
                limiter,
                sleep=pool.sleep,
                waiting=lambda what, seconds: pool.call_soon(
                    partial(report_retry, host, what, seconds)
                ),
                renew=lambda refused: pool.on_host_thread(lambda: login.renew(refused)),
                check=pool.check,
                now=host.now,
            )
            yield Session(host, client, pool, limiter, configuration.client_id)


@contextmanager
def _token_endpoint(run: Run, surroundings: Surroundings) -> Iterator[tuple[Host, TokenEndpoint]]:
    """Prepare requests for tokens.

    :raises SettingsWrong: if the configuration is incomplete.
    """
    configuration = Configuration.of_run(run, surroundings.environment)
    host = surroundings.host_of(run)
    with closing(surroundings.transport()) as http:
        yield host, TokenEndpoint(http, configuration, host.wait)


def company_number(
    host: Host, endpoint: TokenEndpoint, limiter: RateLimiter, tokens: Tokens
) -> str:
    # Without the refresh token, which only the code that stored it may use.
    login = SignedIn(endpoint, replace(tokens, refresh=""))
    client = Client(
        endpoint.configuration.api_url,
        endpoint.transport,
        login,
        limiter,
        sleep=host.wait,
        waiting=partial(report_retry, host),
    )
    return client.company().number


def take_over_stored_login(
    run: Run, scopes: Sequence[str] = SCOPES, surroundings: Surroundings = HERE
) -> None:
    """Check whether a service account can replace the stored login.

    If the company has consented to one, the next run can be unattended. The stored login stays
    until that has succeeded.

    :param scopes: that the runs need.
    :raises FortnoxError: if it cannot, with what a person must do.
    """
    with _token_endpoint(run, surroundings) as (host, endpoint):
        limiter = RateLimiter(sleep=host.wait, clock=surroundings.clock)
        account = service_account.ServiceAccount(
            host, endpoint, number_of=partial(company_number, host, endpoint, limiter)
        )
        require(scopes, account.tokens_unattended())


def end_stored_login(run: Run, surroundings: Surroundings = HERE) -> None:
    """Revoke and delete the login that is stored for a definition, outside of an import.

    :raises Unavailable: if Fortnox did not confirm it; it is deleted anyway.
    """
    with _token_endpoint(run, surroundings) as (host, endpoint):
        if not stored_login.StoredLogin(host, endpoint).end():
            raise Unavailable("LOGIN_NOT_REVOKED")


def sign_in_for_unattended_runs(
    run: Run, scopes: Sequence[str] = SCOPES, surroundings: Surroundings = HERE
) -> Company:
    """Sign a person in for later unattended runs; return the company.

    :param scopes: that these runs need.
    :raises FortnoxError: if a person must act.
    """
    if sign_in(run.settings) == EVERY_TIME:
        raise SettingsWrong("SIGN_IN_EVERY_TIME")
    with (
        signed_in(run, surroundings, scopes=scopes, again=True) as session,
        session.limited(run.company),
        session.pool as pool,
    ):
        company = pool.run(session.client.company)
        with session.limited(company):
            pass  # the next run of the company counts this request
        refuse_other_company(run, company)
        return company


def require(scopes: Sequence[str], tokens: Tokens) -> None:
    """Raise an error if not all of these scopes were granted.

    :raises NotPermitted: naming the missing ones.
    """
    if lacking := tokens.lacking(scopes):
        raise NotPermitted("SCOPES_NOT_GRANTED", scopes=", ".join(lacking))


def refuse_other_company(run: Run, company: Company) -> None:
    """Raise ``WRONG_COMPANY`` if the definition belongs to another company."""
    expected, by_service = run.company, sign_in(run.settings) == SERVICE_ACCOUNT
    if expected is not None and expected.number != company.number:
        raise LoginFailed(
            "WRONG_COMPANY",
            expected=expected.name,
            expected_number=expected.number,
            actual=company.name,
            actual_number=company.number,
            consent=_remove_consent(company) if by_service else "",
        )


def _remove_consent(company: Company) -> Text:
    return Text(
        f"Godkändes ett servicekonto där tar en systemadministratör i {company.name} bort det igen "
        "i Fortnox, bland företagets kopplingar. ",
        f"If a service account was approved there, a system administrator of {company.name} "
        "removes it again in Fortnox, among the company's integrations. ",
    )


def report_retry(host: Host, what: str, seconds: float) -> None:
    if what.startswith(str(TOO_MANY_REQUESTS)):
        # The normal limit is not an error.
        message = Text(
            f"Fortnox ber oss vänta {seconds:.0f} s", f"Fortnox asks us to wait {seconds:.0f} s"
        )
    else:
        message = Text(
            f"Fortnox svarade inte som det ska ({in_swedish(what)}); försöker igen om "
            f"{seconds:.0f} s",
            f"Fortnox did not answer as it should ({what}); trying again in {seconds:.0f} s",
        )
    host.report_progress("waiting", 0, None, message)
