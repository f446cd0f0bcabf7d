"""A host that is a web application: it receives the answer of a login, and hands it over."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import pluggy
import pytest
from ports import free_port
from second_host import HostWithSecrets, hookimpl, new_run

from hostsim.sandbox import Sandbox, scripted_login, seed
from opter_contract.values import Company
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.payments.importer import import_payments
from opter_fortnox_plugin.session import Surroundings

OURS = "https://opter.example.com/fortnox/callback"
SETTINGS = {"ignore_payments_before": "2026-01-01"}


class WebHost(HostWithSecrets):
    """Hands over each answer as it is told, at once."""

    def __init__(self):
        super().__init__()
        self.urls, self.said = [], []
        self.answers = lambda url: [scripted_login.callback_url(url, seed.USER, seed.PASSWORD)]

    @hookimpl
    def opter_open_browser(self, run, url, on_redirect):
        self.urls.append(url)
        self.on_redirect = on_redirect
        self.said += [on_redirect(answer) for answer in self.answers(url)]
        return True


class Office:
    def __init__(self, sandbox):
        self.sandbox, self.host = sandbox, WebHost()
        self.manager = pluggy.PluginManager("opter")
        self.manager.register(self.host)
        self.environment = sandbox.environment()

    def bring(self, **more):
        values = {"settings": SETTINGS, "configuration": self.environment, "redirect_uri": OURS}
        run = new_run(self.manager, **values | {"login_timeout": 1.0} | more)
        return import_payments(run, surroundings=Surroundings(environment={}, sleep=lambda _: None))

    def code(self, **more):
        with pytest.raises(FortnoxError) as caught:
            self.bring(**more)
        return caught.value.code


@pytest.fixture
def office():
    with Sandbox(seed.empty(), redirect_uri=OURS) as sandbox:
        yield Office(sandbox)


def answer(url, **values):
    """Make the answer to a login that begins at this address."""
    [state] = parse_qs(urlsplit(url).query)["state"]
    return f"{OURS}?{urlencode({'state': state} | values)}"


def test_its_own_address_is_registered_and_goes_before_the_configured_one(office):
    office.environment["FORTNOX_REDIRECT_URI"] = f"http://localhost:{free_port()}/callback"
    company = office.sandbox.state.company()
    assert office.bring().company == Company(str(company.number), company.name)
    assert [parse_qs(urlsplit(url).query)["redirect_uri"] for url in office.host.urls] == [[OURS]]
    assert office.host.said == [None]


def test_no_redirect_address_needs_to_be_configured(office):
    del office.environment["FORTNOX_REDIRECT_URI"]
    assert office.bring().requests


def test_a_system_administrator_consents_in_the_same_way(office):
    settings = SETTINGS | {"sign_in": "service-account"}
    office.bring(settings=settings)
    [url] = office.host.urls
    assert "account_type=service" in url
    office.bring(settings=settings, attended=False)


def test_a_login_that_stays_is_found_again(office):
    settings = SETTINGS | {"sign_in": "stay"}
    office.bring(settings=settings)
    office.bring(settings=settings, attended=False)
    assert len(office.host.urls) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://opter.example.com/callback",
        "http://10.0.0.1/callback",
        "ftp://opter.example.com/",
        "opter.example.com/callback",
        "https://",
        "https://opter.example.com/callback?a=b",
        "https://opter.example.com/callback#a",
        "https://öpter.example.com/callback",
        "https://opter.example.com/call\nback",
    ],
)
def test_an_address_that_is_neither_https_nor_this_machine_is_refused(office, address):
    assert office.code(redirect_uri=address) == "CONFIGURATION_WRONG"
    assert office.host.urls == []


def test_a_refusal_at_fortnox_is_told_as_ever(office):
    office.host.answers = lambda url: [answer(url, error="access_denied")]
    assert office.code() == "LOGIN_REFUSED"
    assert office.host.said == [None]


def test_a_locked_company_is_told_as_ever(office):
    office.host.answers = lambda _url: [OURS]
    assert office.code(login_timeout=0.1) == "LOGIN_COMPANY_LOCKED"


def test_an_answer_of_another_login_is_refused_and_ends_nothing(office):
    office.host.answers = lambda url: [
        f"{OURS}?code=c0de&state=another",
        f"{OURS}/other?{answer(url, code='c0de').partition('?')[2]}",
        scripted_login.callback_url(url, seed.USER, seed.PASSWORD),
    ]
    office.bring()
    forged, elsewhere, ours = office.host.said
    assert ours is None
    for refusal in (forged, elsewhere):
        assert "hör inte till en inloggning som pågår" in refusal.sv
        assert "does not belong to a login" in refusal.en


def test_an_answer_is_taken_once_and_none_when_the_run_is_over(office):
    def twice(url):
        return [scripted_login.callback_url(url, seed.USER, seed.PASSWORD)] * 2

    office.host.answers = twice
    office.bring()
    assert [one is None for one in office.host.said] == [True, False]
    assert office.host.on_redirect(answer(office.host.urls[0], code="late")) is not None


def test_one_that_comes_too_late_is_refused(office):
    office.host.answers = lambda _url: []
    assert office.code(login_timeout=0.1) == "LOGIN_TIMED_OUT"
    assert office.host.on_redirect(answer(office.host.urls[0], code="late")) is not None


def test_logins_of_several_runs_wait_beside_each_other(office):
    """Each takes its own answer; a callback server would let one wait for the other."""
    pending, both = {}, threading.Barrier(2, timeout=60)

    class Waiting(WebHost):
        @hookimpl
        def opter_open_browser(self, run, url, on_redirect):
            pending[run.definition] = url, on_redirect
            both.wait()
            mine = next(one for one in pending.values() if one[1] is on_redirect)
            other = next(one for one in pending.values() if one[1] is not on_redirect)
            assert other[1](answer(mine[0], code="c0de")) is not None
            assert on_redirect(scripted_login.callback_url(url, seed.USER, seed.PASSWORD)) is None
            return True

    office.manager.unregister(office.host)
    office.manager.register(Waiting())
    reports = []
    runs = [
        threading.Thread(target=lambda name=name: reports.append(office.bring(definition=name)))
        for name in "AB"
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(reports) == 2


def test_the_sentence_of_a_timeout_names_the_address_to_register(office):
    office.host.answers = lambda _url: []
    with pytest.raises(FortnoxError) as caught:
        office.bring(login_timeout=0.1)
    assert OURS in caught.value.message.sv
    assert OURS in caught.value.message.en
