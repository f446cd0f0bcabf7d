"""The checks of the doctor, in the order in which a person would correct what fails.

A check returns its finding, or raises the error that would end a transfer. There is at most one
login, and one API request for each resource; no message contains a secret. The checks after the
login depend on the transfer: see :class:`Needs`.
"""

from __future__ import annotations

import difflib
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from opter_contract.values import Text
from opter_fortnox_plugin import configuration
from opter_fortnox_plugin.configuration import API_URL, AUTH_URL, DEFAULTS, REDIRECT_URI
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
from opter_fortnox_plugin.fortnox import network
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Transport, no_auth
from opter_fortnox_plugin.fortnox.not_fortnox import is_from_fortnox, not_fortnox, server_of
from opter_fortnox_plugin.fortnox.payment_schemas import company_of
from opter_fortnox_plugin.fortnox.protocol import (
    TOO_MANY_REQUESTS,
    Response,
    date_of,
    object_in,
    plain,
)
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.responses import json_in, temporary_error, value_of
from opter_fortnox_plugin.fortnox.retries import unavailable
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.callback import Login
from opter_fortnox_plugin.login.callback_server import CallbackServer
from opter_fortnox_plugin.login.oauth import SCOPES
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint
from opter_fortnox_plugin.session import logged_in, refuse_other_company, report_retry, require
from opter_fortnox_plugin.settings import EVERY_TIME, IMPORT_TYPE, SERVICE_ACCOUNT, sign_in

#: Seconds that the clock may be off. A transfer uses Fortnox's own time and tolerates
#: hours; certificates, and people who compare logs, do not.
MAX_CLOCK_SKEW: Final = 60.0

#: Seconds to wait for a connection.
CONNECT_TIMEOUT: Final = 10.0

#: Fortnox's code for a missing program licence; the others mean the integration's.
NO_PROGRAM_LICENCE: Final = 2001101


class Unknown(Exception):
    """The state cannot be determined here; the message says what a person can check."""

    def __init__(self, sv: str, en: str) -> None:
        super().__init__(en)
        self.message = Text(sv, en)


class Skipped(Exception):
    """The check depends on another one that did not succeed."""

    def __init__(self, other: str) -> None:
        super().__init__(other)
        self.other = other


class Right(NamedTuple):
    """The right to read a resource.

    :param name, label: of its check.
    :param may_lack: whether the resource may not exist in Fortnox.
    :param without: what a transfer does without the right; ``None`` if it is required.
    """

    name: str
    label: Text
    query: Mapping[str, str] | None = MappingProxyType({"limit": "1"})
    may_lack: bool = False
    without: Text | None = None


@dataclass(frozen=True)
class Needs:
    """What a transfer needs from Fortnox.

    :ivar rights: the rights to read, by path.
    :ivar licensed: the paths that show the program licence, and the message if they can be read.
    :ivar company: the messages before and after the definition belongs to the company.
    :ivar set_up: checks of Fortnox's settings, after all others.
    """

    scopes: Sequence[str]
    rights: Mapping[str, Right]
    licensed: tuple[Sequence[str], Text]
    company: tuple[Text, Text]
    set_up: Sequence[Check] = ()


@dataclass
class Examination:
    """The state that the checks of one examination share.

    :param cleanup: ends the login and other resources with the examination.
    :param local_time: the machine's time, with its zone.
    :param connect: opens a connection to a host and port, with a time-out in seconds.
    :param proxy: returns the proxy for a URL.
    """

    host: Host
    needs: Needs
    environment: Mapping[str, str]
    transport: Transport
    limiter: RateLimiter
    cleanup: ExitStack
    local_time: Callable[[], datetime]
    connect: Callable[[tuple[str, int], float], socket.socket]
    proxy: Callable[[str], str | None]

    #: The names of the checks that failed or were skipped.
    not_ok: set[str] = field(default_factory=set)
    #: The valid values of the configuration.
    values: dict[str, str] = field(default_factory=dict)
    #: The API's first response, and the machine's time then.
    first_response: tuple[Response, datetime] = field(init=False)
    signed_in: SignedIn = field(init=False)
    #: The number of 429 responses, whatever asked.
    rate_limited: int = 0

    def __post_init__(self) -> None:
        self.transport.answered = self._count

    def _count(self, status: int) -> None:
        self.rate_limited += status == TOO_MANY_REQUESTS

    def require(self, names: Iterable[str]) -> None:
        """Raise an error if one of these checks did not succeed.

        :raises Skipped: naming the first one.
        """
        for name in names:
            if name in self.not_ok:
                raise Skipped(name)

    def send(self, url: str, form: Mapping[str, str] | None = None) -> Response:
        """Return the response to a request without a token, which Fortnox itself must refuse.

        :raises Unavailable: if there is none, or it is not Fortnox's.
        """
        method = "GET" if form is None else "POST"
        try:
            response = self.transport.send(method, url, auth=no_auth, form=form)
            # One that the rate limit refuses is an answer, too; it has a row of its own.
            if response.status != TOO_MANY_REQUESTS:
                refuse_unless_fortnox(response)
        except Temporary as error:
            raise unavailable(error, 1) from None
        return response

    @cached_property
    def client(self) -> Client:
        return Client(
            self.values[API_URL],
            self.transport,
            self.signed_in,
            self.limiter,
            sleep=self.host.wait,
            waiting=partial(report_retry, self.host),
        )

    @cached_property
    def outcomes(self) -> Mapping[str, dict[str, Any] | FortnoxError]:
        """The response or error for each of the rights."""
        return {
            resource: self._read(resource, right, done)
            for done, (resource, right) in enumerate(self.needs.rights.items())
        }

    def _read(self, resource: str, right: Right, done: int) -> dict[str, Any] | FortnoxError:
        reading = Text("Frågar Fortnox vad som får läsas", "Asking Fortnox what may be read")
        self.host.report_progress("reading", done, len(self.needs.rights), reading)
        query = None if right.query is None else dict(right.query)
        try:
            return value_of(self.client.response(resource, query), resource)
        except Cancelled:
            raise
        except FortnoxError as error:
            return error
        except Temporary as error:
            return unavailable(error, 1)
        except (Missing, Unauthorized) as error:
            if right.may_lack and isinstance(error, Missing):
                return {}
            # Fortnox does not normally respond like this.
            return Refused("FORTNOX_REFUSED", resource=resource, status="–", fortnox_code="–")

    def refusals(self, code: str) -> list[FortnoxError]:
        """Return the refusals with this code of rights that the transfer requires."""
        required = [
            outcome
            for resource, outcome in self.outcomes.items()
            if self.needs.rights[resource].without is None
        ]
        return [
            outcome
            for outcome in required
            if isinstance(outcome, FortnoxError) and outcome.code == code
        ]

    def is_readable(self, *resources: str) -> bool:
        return all(isinstance(self.outcomes[resource], dict) for resource in resources)


def refuse_unless_fortnox(response: Response) -> None:
    """Refuse a response that Fortnox itself did not make, to a request without a login.

    :raises Temporary: if Fortnox did not make it.
    """
    if temporary := temporary_error(response):
        raise temporary
    value = json_in(response) if response.status < 300 else object_in(response.body)
    is_json = isinstance(value, dict) and (response.status < 300 or "error" in value)
    if not (is_json and not server_of(response)) and not is_from_fortnox(response):
        raise not_fortnox(response)


Examine = Callable[[Examination], Text | None]


class Check(NamedTuple):
    """One check.

    :param run: returns the message of the finding, or ``None`` for no finding.
    :param needs: the checks that must have succeeded.
    """

    name: str
    label: Text
    run: Examine
    needs: tuple[str, ...] = ()


class Checks(list[Check]):
    """Checks in the order in which they run."""

    def check(self, name: str, label: Text, *needs: str) -> Callable[[Examine], Examine]:
        """Add the decorated function as a check."""

        def add(run: Examine) -> Examine:
            self.append(Check(name, label, run, needs))
            return run

        return add


#: The checks of every transfer, up to the scopes.
FIRST: Final = Checks()


def _setting(name: str) -> str:
    return f"configuration.{name.removeprefix('FORTNOX_').lower()}"


# --- Configuration ---------------------------------------------------------------


def check_setting(examination: Examination, name: str) -> Text:
    if name == REDIRECT_URI and (uri := examination.host.redirect_uri):
        configuration.redirect_uri_of_host(uri)
        return Text(f"Värdsystemet tar emot svaret på {uri}.", f"The host receives it at {uri}.")
    sources = examination.host.run.configuration, examination.environment
    needed = name != REDIRECT_URI or sign_in(examination.host.run.settings) == EVERY_TIME
    if not needed and not configuration.configured_value(name, *sources):
        return Text(
            "Inte angiven; den behövs bara när någon loggar in här.",
            "Not given; it is only needed when somebody signs in here.",
        )
    value = examination.values[name] = configuration.value_of(name, *sources)
    configured = configuration.configured_value(name, *sources)
    if any(character in "\"' <>" for character in configured):
        raise Unknown(
            f"Angiven, men med blanksteg, citattecken eller vinkelparenteser. Jämför {name} "
            "med Fortnox utvecklarportal och ta bort det som inte står där.",
            f"Given, but with spaces, quotation marks or angle brackets. Compare {name} with "
            "Fortnox's developer portal and remove what is not there.",
        )
    if name != REDIRECT_URI and name not in DEFAULTS:
        return Text("Angiven.", "Given.")
    shown = _without_password(value)
    if not configured:
        return Text(f"Inte angiven; {shown} gäller.", f"Not given; {shown} applies.")
    return Text(f"Angiven: {shown}.", f"Given: {shown}.")


FIRST.extend(
    Check(_setting(name), Text(name, name), partial(check_setting, name=name))
    for name in configuration.NAMES
)


@FIRST.check("configuration.others", Text("Okända inställningar", "Unknown settings"))
def check_unknown_settings(examination: Examination) -> Text | None:
    """Look for names that resemble ours."""
    names = {*examination.host.run.configuration, *examination.environment}
    similar = {
        name: difflib.get_close_matches(name, configuration.NAMES, n=1, cutoff=0.8)
        for name in sorted(names - {*configuration.NAMES})
        if name.upper().startswith("FORTNOX_")
    }
    suggestions = [(name, matches[0]) for name, matches in similar.items() if matches]
    if not suggestions:
        return None
    sv = ", ".join(f"{name} (menas {ours}?)" for name, ours in suggestions)
    en = ", ".join(f"{name} (is {ours} meant?)" for name, ours in suggestions)
    raise Unknown(
        f"Används inte: {sv}. Rätta namnet eller ta bort inställningen.",
        f"Not used: {en}. Correct the name or remove the setting.",
    )


@FIRST.check("currency", Text("Företagets valuta", "The company's currency"))
def check_currency(examination: Examination) -> Text:
    currency = examination.host.run.default_currency
    if currency.strip().upper() != "SEK":
        raise SettingsWrong("DEFAULT_CURRENCY_NOT_SEK", currency=plain(currency, 20))
    raise Unknown(
        "Standardvalutan är SEK här. Företagets egen valuta går inte att fråga efter: "
        "kontrollera i Fortnox att bokföringen förs i SEK.",
        "The default currency here is SEK. Fortnox's API does not tell the company's own: "
        "check in Fortnox that its books are kept in SEK.",
    )


# --- Network and clock -----------------------------------------------------------


@FIRST.check("network.proxy", Text("Proxy", "Proxy"), *map(_setting, DEFAULTS))
def check_proxy(examination: Examination) -> Text:
    services = [examination.values[name] for name in DEFAULTS]
    proxies = sorted({proxy for service in services if (proxy := examination.proxy(service))})
    if not proxies:
        return Text("Ingen används.", "None is used.")
    proxy_list = ", ".join(proxies)
    return Text(f"Används: {proxy_list}.", f"In use: {proxy_list}.")


@FIRST.check("network.certificates", Text("Betrodda certifikat", "Trusted certificates"))
def check_trust(examination: Examination) -> Text:
    services = [examination.values.get(name, "") for name in DEFAULTS]
    if not any(service.startswith("https") for service in services):
        return Text("Behövs inte på den här datorn.", "Not needed on this machine.")
    network.ssl_context()
    if name := network.certificates():
        return Text(f"De i filen som {name} anger.", f"Those in the file that {name} gives.")
    return Text("Datorns egna.", "The machine's own.")


def _check_connection(examination: Examination, setting: str) -> Text:
    url = examination.values[setting]
    if proxy := examination.proxy(url):
        return Text(f"Genom proxyn {proxy}.", f"Through the proxy {proxy}.")
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        examination.connect((host, port), CONNECT_TIMEOUT).close()
    except socket.gaierror:
        raise Unavailable("FORTNOX_NAME_UNKNOWN", host=host, setting=setting) from None
    except OSError:
        raise Unavailable("FORTNOX_NOT_REACHED", host=host, port=port, setting=setting) from None
    return Text(f"{host}:{port} nås.", f"{host}:{port} is reached.")


@FIRST.check(
    "network.login",
    Text("Väg till inloggningen", "Connection to the login"),
    _setting(AUTH_URL),
    "network.certificates",
)
def check_connection_to_login(examination: Examination) -> Text:
    return _check_connection(examination, AUTH_URL)


@FIRST.check("answer.login", Text("Inloggningen svarar", "The login answers"), "network.login")
def check_login_service(examination: Examination) -> Text:
    url = examination.values[AUTH_URL]
    # Fortnox's recorded response to an unknown token is its own JSON.
    examination.send(f"{url}/token", {"grant_type": "refresh_token", "refresh_token": "doctor"})
    return _response_message(url)


@FIRST.check(
    "network.api",
    Text("Väg till Fortnox API", "Connection to Fortnox's API"),
    _setting(API_URL),
    "network.certificates",
)
def check_connection_to_api(examination: Examination) -> Text:
    return _check_connection(examination, API_URL)


@FIRST.check("answer.api", Text("Fortnox API svarar", "Fortnox's API answers"), "network.api")
def check_api(examination: Examination) -> Text:
    url = examination.values[API_URL]
    response = examination.send(f"{url}/companyinformation")
    examination.first_response = response, examination.local_time()
    if response.status not in {401, TOO_MANY_REQUESTS}:
        raise Unknown(
            f"Svarar, men inte som Fortnox brukar (status {response.status} i stället för 401). "
            f"Kontrollera {API_URL}, och om en proxy eller brandvägg vill att någon loggar in.",
            f"Answers, but not as Fortnox does (status {response.status} instead of 401). Check "
            f"{API_URL}, and whether a proxy or firewall wants somebody to sign in.",
        )
    return _response_message(url)


def _response_message(url: str) -> Text:
    if url.startswith("https"):
        return Text("Svarar, med ett giltigt certifikat.", "Answers, with a valid certificate.")
    return Text(
        "Svarar, på den här datorn och utan kryptering.", "Answers, on this machine, unencrypted."
    )


@FIRST.check("clock", Text("Klocka", "Clock"), "answer.api")
def check_clock(examination: Examination) -> Text:
    response, ours = examination.first_response
    theirs = date_of(response)
    if theirs is None:
        raise Unknown(
            "Fortnox sade inte vad klockan är. Jämför datorns klocka med en annan.",
            "Fortnox did not tell the time. Compare the machine's clock with another.",
        )
    skew = abs((ours - theirs).total_seconds())
    if skew > MAX_CLOCK_SKEW:
        our_time, their_time = (
            f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (ours, theirs.astimezone(ours.tzinfo))
        )
        raise SettingsWrong("CLOCK_WRONG", seconds=f"{skew:.0f}", ours=our_time, theirs=their_time)
    zone = f"{ours:%Z} (UTC{ours.isoformat()[-6:]})"
    return Text(
        f"Stämmer med Fortnox på {skew:.0f} s när; tidszon {zone}.",
        f"Agrees with Fortnox to within {skew:.0f} s; time zone {zone}.",
    )


# --- Login -----------------------------------------------------------------------


@FIRST.check(
    "redirect",
    Text("Port för inloggningens svar", "Port for the login's answer"),
    _setting(REDIRECT_URI),
)
def check_redirect_port(examination: Examination) -> Text:
    if examination.host.redirect_uri:
        return Text("Behövs inte: värdsystemet tar emot.", "Not needed: the host receives it.")
    url = examination.values.get(REDIRECT_URI)
    if url is None:
        return Text("Behövs inte nu.", "Not needed now.")
    with CallbackServer(Login(url)):
        port = urlsplit(url).port or 80
        return Text(f"Port {port} är ledig.", f"Port {port} is free.")


@FIRST.check(
    "login",
    Text("Inloggning", "Login"),
    *(_setting(name) for name in configuration.NAMES if name != REDIRECT_URI),
    "answer.login",
)
def check_login(examination: Examination) -> Text:
    host = examination.host
    method = sign_in(host.run.settings)
    if method == EVERY_TIME:
        examination.require([_setting(REDIRECT_URI), "redirect"])
    configured = configuration.Configuration.of_run(host.run, examination.environment)
    endpoint = TokenEndpoint(examination.transport, configured, host.wait)
    examination.signed_in = examination.cleanup.enter_context(
        logged_in(
            host,
            endpoint,
            examination.limiter,
            # Missing scopes have a row of their own.
            scopes=examination.needs.scopes,
            require_all=False,
        )
    )
    if method == SERVICE_ACCOUNT:
        return Text(
            "Företaget har godkänt servicekontot, och Fortnox ger åtkomst genom det.",
            "The company has approved the service account, and Fortnox gives access by it.",
        )
    return Text("Fortnox godtog inloggningen.", "Fortnox accepted the login.")


# --- Rights ------------------------------------------------------------


@FIRST.check("licence", Text("Integrationslicens", "Integration licence"), "login")
def check_licence(examination: Examination) -> Text:
    for error in examination.refusals("LICENCE_MISSING"):
        if not _means_program_licence(error):
            raise error
    if any(examination.is_readable(resource) for resource in examination.needs.rights):
        return Text("Finns: Fortnox svarar på frågor.", "There is one: Fortnox answers.")
    raise Unknown(
        "Syns inte, eftersom ingen fråga fick ett riktigt svar. Se de andra raderna.",
        "Cannot be seen, since no request was answered properly. See the other lines.",
    )


@FIRST.check("modules", Text("Programlicenser", "Program licences"), "login", "licence")
def check_program_licences(examination: Examination) -> Text:
    for error in examination.refusals("LICENCE_MISSING"):
        raise error
    resources, message = examination.needs.licensed
    if examination.is_readable(*resources):
        return message
    raise Unknown(
        "Syns inte, eftersom allt inte får läsas. Se de andra raderna.",
        "Cannot be seen, since not everything may be read. See the other lines.",
    )


@FIRST.check("scopes", Text("Kopplingens behörigheter", "Integration scopes"), "login")
def check_scopes(examination: Examination) -> Text:
    tokens, scopes = examination.signed_in.tokens, examination.needs.scopes
    require(scopes, tokens)
    for error in examination.refusals("SCOPE_MISSING"):
        raise error
    scope_list = ", ".join(scopes)
    if not tokens.scopes and not examination.is_readable(*examination.needs.rights):
        raise Unknown(
            f"Fortnox sade inte vilka som gavs. Kontrollera {scope_list} i utvecklarportalen.",
            f"Fortnox did not say which were granted. Check {scope_list} in the developer portal.",
        )
    return Text(f"Har {scope_list}.", f"Has {scope_list}.")


def check_right(examination: Examination, resource: str) -> Text:
    outcome = examination.outcomes[resource]
    if isinstance(outcome, FortnoxError):
        without = examination.needs.rights[resource].without
        if without is not None and _concerns_one_register(outcome, examination):
            code = outcome.details.get("fortnox_code")
            sv, en = (f", kod {code}", f", code {code}") if code else ("", "")
            raise Unknown(
                f"Kan inte läsas ({outcome.code}{sv}). {without.sv}",
                f"Cannot be read ({outcome.code}{en}). {without.en}",
            )
        if outcome.code == "LICENCE_MISSING":
            raise Skipped("modules" if _means_program_licence(outcome) else "licence")
        if outcome.code == "SCOPE_MISSING":
            raise Skipped("scopes")
        raise outcome
    meta = outcome.get("MetaInformation")
    total = meta.get("@TotalResources") if isinstance(meta, dict) else None
    if not isinstance(total, int):
        return Text("Får läsas.", "May be read.")
    return Text(f"Får läsas; {total} finns.", f"May be read; {total} in all.")


def check_company(examination: Examination) -> Text:
    outcome = examination.outcomes["companyinformation"]
    value = outcome.get("CompanyInformation") if isinstance(outcome, dict) else None
    company = company_of(value)
    if company is None:
        raise Unavailable(
            "FORTNOX_UNAVAILABLE", what="company information of an unexpected form", attempts=1
        )
    refuse_other_company(examination.host.run, company)
    company_name = f"{company.name} ({company.number})"
    later, now = examination.needs.company
    if examination.host.run.company is None:
        return Text(f"{company_name}. {later.sv}", f"{company_name}. {later.en}")
    return Text(f"{company_name}, {now.sv}", f"{company_name}, {now.en}")


def check_rate_limit(examination: Examination) -> Text:
    if count := examination.rate_limited:
        once = Text("en gång", "once")
        times = once if count == 1 else Text(f"{count} gånger", f"{count} times")
        raise Unavailable("RATE_LIMITED", times=times)
    examination.require(["login"])
    return Text("Fortnox bad oss inte att vänta.", "Fortnox did not ask us to wait.")


def _concerns_one_register(error: FortnoxError, examination: Examination) -> bool:
    return isinstance(error, NotPermitted) and examination.is_readable("companyinformation")


def _means_program_licence(error: FortnoxError) -> bool:
    return error.details.get("fortnox_code") == NO_PROGRAM_LICENCE


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


# --- All checks ------------------------------------------------------------------


def checks_of(needs: Needs) -> tuple[Check, ...]:
    rights = (
        Check(right.name, right.label, partial(check_right, resource=resource), ("login",))
        for resource, right in needs.rights.items()
    )
    return (
        *FIRST,
        *rights,
        Check("company", Text("Företag", "Company"), check_company, ("rights.company",)),
        *needs.set_up,
        Check("rate", Text("Frågegräns", "Rate limit"), check_rate_limit),
    )


#: The right to read the company, which every transfer needs.
RIGHT_OF_COMPANY: Final = Right(
    "rights.company", Text("Rätt att läsa företagsuppgifter", "Right to read company"), None
)
RIGHT_OF_INVOICES: Final = Right(
    "rights.invoices", Text("Rätt att läsa kundfakturor", "Right to read invoices")
)

IMPORT: Final = Needs(
    scopes=SCOPES,
    rights={
        "companyinformation": RIGHT_OF_COMPANY,
        "invoicepayments": Right(
            "rights.payments", Text("Rätt att läsa inbetalningar", "Right to read payments")
        ),
        "invoices": RIGHT_OF_INVOICES._replace(
            without=Text(
                "Importen går ändå: betalningar av fakturor som inte finns här under sitt nummer "
                "kan inte slås upp, och vad som återstår jämförs inte.",
                "An import works all the same: payments of invoices that are not here under their "
                "number cannot be looked up, and what remains is not compared.",
            )
        ),
    },
    licensed=(
        ("invoicepayments",),
        Text(
            "Det som behövs finns: betalningar får läsas. Bokföring syns inte i svaren.",
            "What is needed is there: payments may be read. The answers do not show Bookkeeping.",
        ),
    ),
    company=(
        Text(
            "Importen hör till det när den har sparats första gången.",
            "The import belongs to it once it has been saved.",
        ),
        Text("som importen hör till.", "which the import belongs to."),
    ),
)

#: What each import needs, by its type.
IMPORTS: Final = {
    IMPORT_TYPE.code: IMPORT,
}
