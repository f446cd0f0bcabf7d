"""What stands between a person and an import, looked at one thing after the other.

Each look says that a thing is right, or raises the error that an import would
end with. What needs something that is not right is skipped, and the rest goes
on. One login at most, and four questions to the API; no secret is in any answer.
"""

from __future__ import annotations

import difflib
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from opter_contract.values import Finding, Run, Text
from opter_fortnox_plugin import configuration
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.diagnostics import doctor_messages as words
from opter_fortnox_plugin.errors import (
    Cancelled,
    FortnoxError,
    Missing,
    NotPermitted,
    Refused,
    SettingsWrong,
    Temporary,
    Unauthorized,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Nobody, Transport, proxy_of
from opter_fortnox_plugin.fortnox.protocol import SCOPES, Reply, date_of, value_of
from opter_fortnox_plugin.fortnox.rate_limiter import Pace
from opter_fortnox_plugin.fortnox.schemas import company_of, plain
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login import stored_login
from opter_fortnox_plugin.login.authorization_code import Listener, Login
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint
from opter_fortnox_plugin.payments.importer import log_in, refuse_another
from opter_fortnox_plugin.settings import stays_signed_in

#: Seconds that the clock may be off. An import goes by Fortnox's own time and stands
#: hours; certificates, and people who compare two logs, do not.
MOST_SKEW: Final = 60.0

#: Seconds to wait for a connection.
PATIENCE: Final = 10.0

#: What an import reads, and the name of the finding that says whether it may.
RESOURCES: Final = {
    "companyinformation": "rights.company",
    "invoicepayments": "rights.payments",
    "invoices": "rights.invoices",
}

#: Fortnox's code for a program licence that is missing; the others are the integration's.
_NO_MODULE: Final = 2001101

Connect = Callable[[tuple[str, int], float], socket.socket]


def now_in_zone() -> datetime:
    """Tell the time, in the zone of the machine."""
    return datetime.now(UTC).astimezone()


def diagnose(
    run: Run,
    *,
    environment: Mapping[str, str] = os.environ,
    now: Callable[[], datetime] = now_in_zone,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    transport: Callable[[], Transport] = Transport,
    connect: Connect = socket.create_connection,
    proxy: Callable[[str], str | None] = proxy_of,
) -> list[Finding]:
    """Say of everything that an import needs whether it is right.

    :param now: the machine's time, with its zone.
    :param sleep, clock: seconds, to wait and to measure how long.
    :param connect: opens a connection to a host and port, within so many seconds.
    :param proxy: names the proxy between us and an address.
    :raises Cancelled: where somebody says stop.
    """
    host = Host(run, sleep=sleep, clock=clock)
    wire = transport()
    try:
        with ExitStack() as held:
            doctor = Doctor(host, environment, wire, held, now=now, connect=connect, proxy=proxy)
            return doctor.examine(Pace(sleep=host.wait, clock=clock))
    finally:
        wire.close()


class _Unknown(Exception):
    """Nobody can see from here whether it is right; says what a person can look at."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(sentence.en)
        self.sentence = sentence


class _Waits(Exception):
    """It depends on another finding, which is not right."""

    def __init__(self, other: str) -> None:
        super().__init__(other)
        self.other = other


class Doctor:
    """One examination: what was found so far, and what the next look needs of it."""

    def __init__(
        self,
        host: Host,
        environment: Mapping[str, str],
        transport: Transport,
        held: ExitStack,
        *,
        now: Callable[[], datetime],
        connect: Connect,
        proxy: Callable[[str], str | None],
    ) -> None:
        self._host = host
        self._run = host.run
        self._environment = environment
        self._transport = transport
        self._held = held
        self._now = now
        self._connect = connect
        self._proxy = proxy
        self._findings: dict[str, Finding] = {}
        self._values: dict[str, str] = {}
        self._answer: tuple[Reply, datetime] | None = None
        self._signed_in: SignedIn | None = None
        self._read: dict[str, dict[str, Any] | FortnoxError] = {}
        self._limited = 0

    def examine(self, pace: Pace) -> list[Finding]:
        """Look at everything, in the order in which a person would put it right."""
        self._look_at_configuration()
        self._look("currency", self._currency)
        self._look("network.proxy", self._proxies, *_services())
        self._look_at_service("login", configuration.AUTH_URL, self._login_answers)
        self._look_at_service("api", configuration.API_URL, self._api_answers)
        self._look("clock", self._clock, "answer.api")
        self._look("redirect", self._redirect, _name(configuration.REDIRECT_URI))
        stays = stays_signed_in(self._run.settings)
        needed = [*map(_name, configuration.NAMES), "answer.login"]
        self._look("login", self._login, *needed, *([] if stays else ["redirect"]))
        if self._signed_in is not None:
            self._read_all(self._client(pace, self._signed_in))
        self._look("licence", self._licence, "login")
        self._look("modules", self._modules, "login", "licence")
        self._look("scopes", self._scopes, "login")
        for resource, name in RESOURCES.items():
            self._look(name, lambda it=resource: self._may_read(it), "login")  # type: ignore[misc]
        self._look("company", self._company, "rights.company")
        self._look("rate", self._rate, "login")
        return list(self._findings.values())

    # --- How a look becomes a finding ---

    def _look(self, name: str, look: Callable[[], Text], *needs: str) -> None:
        """Look at one thing, unless something that it needs is not right."""
        what = words.WHAT[name]
        try:
            self._wait_for(needs)
            found = Finding(name, what, "ok", look())
        except Cancelled:
            raise
        except FortnoxError as error:
            found = Finding(name, what, "failed", error.sentence, error.code, error.kind)
        except _Unknown as unknown:
            found = Finding(name, what, "unknown", unknown.sentence)
        except _Waits as waits:
            found = Finding(name, what, "skipped", words.skipped(words.WHAT[waits.other]))
        self._findings[name] = found

    def _wait_for(self, needs: Iterable[str]) -> None:
        for other in needs:
            if self._findings[other].state in ("failed", "skipped"):
                raise _Waits(other)

    # --- Configuration ---

    def _look_at_configuration(self) -> None:
        for name in configuration.NAMES:
            self._look(_name(name), lambda it=name: self._configured(it))  # type: ignore[misc]
        if strange := self._strange_names():
            self._look("configuration.others", lambda: _raise(_Unknown(words.strange(strange))))

    def _configured(self, name: str) -> Text:
        host, environment = self._run.configuration, self._environment
        value = configuration.value_of(name, host, environment)
        self._values[name] = value
        given = configuration.given(name, host, environment)
        if any(character in "\"' <>" for character in given):
            raise _Unknown(words.odd(name))
        if name == configuration.REDIRECT_URI or name in configuration.PRESETS:
            return words.address(_shown(value), preset=not given)
        return words.given()

    def _strange_names(self) -> list[tuple[str, str]]:
        """Return the names that look like ours and are none, each with what was meant."""
        names = {*self._run.configuration, *self._environment}
        strange = sorted(
            name
            for name in names
            if name.upper().startswith("FORTNOX_") and name not in configuration.NAMES
        )
        close = {
            name: difflib.get_close_matches(name, configuration.NAMES, n=1, cutoff=0.8)
            for name in strange
        }
        return [(name, meant[0]) for name, meant in close.items() if meant]

    def _currency(self) -> Text:
        currency = self._run.default_currency
        if currency.strip().upper() != "SEK":
            raise SettingsWrong("DEFAULT_CURRENCY_NOT_SEK", currency=plain(currency, 20))
        raise _Unknown(words.COMPANY_CURRENCY)

    # --- Network and clock ---

    def _proxies(self) -> Text:
        services = [self._values[name] for name in configuration.PRESETS]
        proxies = sorted({proxy for one in services if (proxy := self._proxy(one))})
        return words.proxies(proxies)

    def _look_at_service(self, short: str, setting: str, answers: Callable[[], Text]) -> None:
        self._look(f"network.{short}", lambda: self._reached(setting), _name(setting))
        self._look(f"answer.{short}", answers, f"network.{short}")

    def _reached(self, setting: str) -> Text:
        address = self._values[setting]
        if proxy := self._proxy(address):
            return words.by_proxy(proxy)
        host, port = _host_and_port(urlsplit(address))
        try:
            self._connect((host, port), PATIENCE).close()
        except socket.gaierror:
            raise Unavailable("FORTNOX_NAME_UNKNOWN", host=host, setting=setting) from None
        except OSError:
            raise Unavailable(
                "FORTNOX_NOT_REACHED", host=host, port=port, setting=setting
            ) from None
        return words.connected(host, port)

    def _login_answers(self) -> Text:
        address = self._values[configuration.AUTH_URL]
        self._ask(f"{address}/auth")
        return words.answers(tls=address.startswith("https"))

    def _api_answers(self) -> Text:
        address = self._values[configuration.API_URL]
        reply = self._ask(f"{address}/companyinformation")
        self._answer = reply, self._now()
        if reply.status != 401:
            raise _Unknown(words.no_fortnox(reply.status, configuration.API_URL))
        return words.answers(tls=address.startswith("https"))

    def _ask(self, address: str) -> Reply:
        """Ask as nobody: that there is an answer is enough."""
        try:
            reply = self._transport.send("GET", address, auth=Nobody())
        except Temporary as error:
            raise Unavailable("FORTNOX_UNAVAILABLE", what=error.what, attempts=1) from None
        if reply.status >= 500:
            raise Unavailable("FORTNOX_UNAVAILABLE", what=str(reply.status), attempts=1)
        return reply

    def _clock(self) -> Text:
        reply, ours = _known(self._answer)
        theirs = date_of(reply)
        if theirs is None:
            raise _Unknown(words.NO_DATE)
        skew = abs((ours - theirs).total_seconds())
        if skew > MOST_SKEW:
            zone = ours.tzinfo
            raise SettingsWrong(
                "CLOCK_WRONG",
                seconds=f"{skew:.0f}",
                ours=_moment(ours),
                theirs=_moment(theirs.astimezone(zone)),
            )
        return words.clock(skew, f"{ours:%Z} (UTC{ours.isoformat()[-6:]})")

    # --- Login ---

    def _redirect(self) -> Text:
        address = self._values[configuration.REDIRECT_URI]
        with Listener(Login(address)):
            return words.port_free(urlsplit(address).port or 80)

    def _login(self) -> Text:
        configured = Configuration.of(self._run.configuration, self._environment)
        self._signed_in = self._held.enter_context(
            stored_login.signed_in(
                self._host,
                TokenEndpoint(self._transport, configured, self._host.wait),
                configured,
                stay=stays_signed_in(self._run.settings),
                log_in=lambda: log_in(self._host, configured),
            )
        )
        return words.SIGNED_IN

    # --- What may be read ---

    def _client(self, pace: Pace, signed_in: SignedIn) -> Client:
        return Client(
            self._values[configuration.API_URL],
            self._transport,
            signed_in,
            pace,
            sleep=self._host.wait,
            waiting=self._waiting,
        )

    def _waiting(self, what: str, seconds: float) -> None:
        self._limited += what == "429"
        self._host.tell("waiting", 0, None, words.waiting(seconds))

    def _read_all(self, client: Client) -> None:
        for done, resource in enumerate(RESOURCES):
            self._host.tell("reading", done, len(RESOURCES), words.ASKING)
            try:
                query = None if resource == "companyinformation" else {"limit": "1"}
                self._read[resource] = value_of(client.reply(resource, query), resource)
            except Cancelled:
                raise
            except FortnoxError as error:
                self._read[resource] = error
            except (Missing, Temporary, Unauthorized):
                # A refusal that came as an answer, and that Fortnox gives to no such question.
                self._read[resource] = Refused(
                    "FORTNOX_REFUSED", resource=resource, status="–", fortnox_code="–"
                )

    def _refusals(self, code: str) -> list[FortnoxError]:
        errors = [one for one in self._read.values() if isinstance(one, FortnoxError)]
        return [error for error in errors if error.code == code]

    def _licence(self) -> Text:
        for error in self._refusals("LICENCE_MISSING"):
            if not _is_module(error):
                raise error
        if any(isinstance(one, dict) for one in self._read.values()):
            return words.LICENSED
        raise _Unknown(words.LICENCE_UNSEEN)

    def _modules(self) -> Text:
        for error in self._refusals("LICENCE_MISSING"):
            raise error
        if all(isinstance(self._read[one], dict) for one in ("invoicepayments", "invoices")):
            return words.MODULES
        raise _Unknown(words.MODULES_UNSEEN)

    def _scopes(self) -> Text:
        granted = _known(self._signed_in).tokens.scopes
        lacking = [scope for scope in SCOPES if granted and scope not in granted]
        if lacking:
            raise NotPermitted("SCOPE_MISSING", resource=", ".join(lacking))
        for error in self._refusals("SCOPE_MISSING"):
            raise error
        if not granted and not all(isinstance(one, dict) for one in self._read.values()):
            raise _Unknown(words.SCOPES_UNSEEN)
        return words.scopes(SCOPES)

    def _may_read(self, resource: str) -> Text:
        outcome = self._read[resource]
        if isinstance(outcome, dict):
            return words.may_read(_total(outcome))
        if outcome.code == "LICENCE_MISSING":
            raise _Waits("modules" if _is_module(outcome) else "licence")
        if outcome.code == "SCOPE_MISSING":
            raise _Waits("scopes")
        raise outcome

    def _company(self) -> Text:
        answer = self._read["companyinformation"]
        value = answer.get("CompanyInformation") if isinstance(answer, dict) else None
        company = company_of(value)
        if company is None:
            raise Unavailable(
                "FORTNOX_UNAVAILABLE", what="company information of an unexpected form", attempts=1
            )
        refuse_another(self._run, company)
        if self._run.company is None:
            return words.first_company(company)
        return words.same_company(company)

    def _rate(self) -> Text:
        if self._limited:
            raise Unavailable("RATE_LIMITED", count=self._limited)
        return words.NO_LIMIT


def _name(setting: str) -> str:
    return f"configuration.{setting.removeprefix('FORTNOX_').lower()}"


def _services() -> list[str]:
    return [_name(setting) for setting in configuration.PRESETS]


def _raise(error: Exception) -> Text:
    raise error


def _known(value: Any) -> Any:
    assert value is not None, "an earlier look has put it there"  # noqa: S101
    return value


def _is_module(error: FortnoxError) -> bool:
    return error.details.get("fortnox_code") == _NO_MODULE


def _host_and_port(address: SplitResult) -> tuple[str, int]:
    return address.hostname or "", address.port or (443 if address.scheme == "https" else 80)


def _shown(address: str) -> str:
    """Return an address without the name and password that somebody may have put in it."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _total(answer: Mapping[str, Any]) -> int | None:
    meta = answer.get("MetaInformation")
    total = meta.get("@TotalResources") if isinstance(meta, dict) else None
    return total if isinstance(total, int) else None
