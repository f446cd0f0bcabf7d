"""The plug-in's doctor finds whether each thing is ok, and says what to do if not.

Against a sandbox in which one thing at a time is broken.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pluggy
import pytest
from ports import free_port
from second_host import HostWithSecrets, hookimpl, new_run
from web_host import register_redirect_uri

from hostsim.sandbox import Fault, Match, Sandbox, scripted_login, seed
from opter_contract.values import Company, Text
from opter_fortnox_plugin.diagnostics.doctor.checks import IMPORT, checks_of
from opter_fortnox_plugin.diagnostics.doctor.run import diagnose
from opter_fortnox_plugin.errors import CODES, Cancelled, Unavailable
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.network import proxy_of
from opter_fortnox_plugin.fortnox.retries import ATTEMPTS
from opter_fortnox_plugin.session import Surroundings

SETTINGS = {"ignore_payments_before": "2026-01-01"}
NAME = "Åkeri Norr AB"
LABELS = {check.name: check.label for check in checks_of(IMPORT)}

#: What needs a login.
AFTER_LOGIN = {"licence", "modules", "scopes", "company", "rate"} | {
    "rights.company",
    "rights.payments",
    "rights.invoices",
}


def sign_in(address):
    return scripted_login.sign_in(address, seed.USER, seed.PASSWORD)


class Person(HostWithSecrets):
    """A host whose user signs in, or does something else, in the window."""

    def __init__(self, act=sign_in):
        super().__init__()
        self.act = act
        self.windows = 0

    @hookimpl
    def opter_open_browser(self, run, url, on_redirect):
        self.windows += 1
        threading.Thread(target=self.act, args=[url], daemon=True).start()
        return True


@pytest.fixture
def sandbox():
    with Sandbox(seed.empty(), redirect_uri=f"http://localhost:{free_port()}/callback") as sandbox:
        yield sandbox


@pytest.fixture
def configuration(sandbox):
    return sandbox.environment()


@pytest.fixture
def company(sandbox):
    return sandbox.state.company()


@pytest.fixture
def examine(configuration):
    """Examine; return the findings by name."""

    def examine(*, person=None, environment=(), transport=Transport, injected=(), **run):
        manager = pluggy.PluginManager("opter")
        manager.register(person or Person())
        made = new_run(manager, **{"settings": SETTINGS, "configuration": configuration} | run)
        surroundings = Surroundings(
            environment=dict(environment), sleep=lambda _: None, transport=transport
        )
        injected = {"proxy": lambda _: None} | dict(injected)
        found = diagnose(made, surroundings, **injected)
        return {one.name: one for one in found}

    return examine


def test_a_web_application_receives_the_answer_itself(examine, configuration, sandbox):
    ours = "https://opter.example.com/fortnox/callback"
    register_redirect_uri(sandbox, ours)
    del configuration["FORTNOX_REDIRECT_URI"]

    class WebHost(Person):
        @hookimpl
        def opter_open_browser(self, run, url, on_redirect):
            on_redirect(scripted_login.callback_url(url, seed.USER, seed.PASSWORD))
            return True

    findings = examine(person=WebHost(), redirect_uri=ours)
    assert failed(findings) == {}
    assert ours in findings["configuration.redirect_uri"].message.sv
    assert findings["redirect"].message.en == "Not needed: the host receives it."


def failed(findings):
    return {name: one.code for name, one in findings.items() if one.state == "failed"}


def skipped(findings):
    return {name for name, one in findings.items() if one.state == "skipped"}


def refused(sandbox, path, code):
    """Let Fortnox refuse whatever is asked of a path by somebody who is signed in."""
    body = json.dumps({"ErrorInformation": {"error": 1, "message": "Nej.", "code": code}})

    def match(asked):
        return asked.path == path and asked.company is not None

    sandbox.faults.add(Fault(400, body, "application/json", match=match, times=None))


# --- All is well ----------------------------------------------------------------


def test_all_is_ok_where_an_import_would_work(examine):
    findings = examine()
    states = {name: one.state for name, one in findings.items()}
    assert states.pop("currency") == "unknown"
    assert set(states.values()) == {"ok"}
    assert set(findings) == set(LABELS) - {"configuration.others"}


def test_it_signs_in_once_and_makes_four_requests(examine, sandbox):
    person = Person()
    examine(person=person)
    asked = [one.path for one in sandbox.switchboard.asked if one.path.startswith("/3/")]
    assert person.windows == 1
    assert sorted(asked) == [
        "/3/companyinformation",
        "/3/companyinformation",
        "/3/invoicepayments",
        "/3/invoices",
    ]


def test_it_hands_over_no_payments(examine):
    person = Person()
    examine(person=person)
    assert (person.payments, person.excluded) == ({}, [])


def test_it_leaves_no_login_behind(examine, sandbox):
    examine()
    assert [one.path for one in sandbox.switchboard.asked][-1] == "/oauth-v1/revoke"


def test_it_shows_neither_secret_nor_token(examine, sandbox, configuration, caplog):
    caplog.set_level(logging.DEBUG)
    configuration["FORTNOX_API_URL"] = sandbox.api_url.replace("//", "//kim:password@")
    shown = repr(examine()) + caplog.text
    assert sandbox.client_secret not in shown
    assert "kim:password" not in shown
    assert not [one for one in shown.split() if one.startswith("eyJ")]


# --- Configuration ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"])
def test_a_missing_setting_is_named_and_the_login_is_skipped(examine, configuration, name):
    del configuration[f"FORTNOX_{name}"]
    findings = examine()
    assert failed(findings) == {f"configuration.{name.lower()}": "CONFIGURATION_MISSING"}
    assert skipped(findings) >= {"login"} | AFTER_LOGIN
    assert findings["clock"].state == "ok"
    assert LABELS[f"configuration.{name.lower()}"].sv in findings["login"].message.sv


def test_the_default_address_is_fortnox_own(examine, configuration):
    del configuration["FORTNOX_API_URL"]

    def nowhere(address, timeout):
        raise ConnectionRefusedError

    findings = examine(injected={"connect": nowhere})
    assert "https://api.fortnox.se/3" in findings["configuration.api_url"].message.sv
    assert findings["configuration.api_url"].state == "ok"


def test_an_address_without_tls_is_failed(examine, configuration):
    configuration["FORTNOX_API_URL"] = "http://api.fortnox.se/3"
    findings = examine()
    assert failed(findings) == {"configuration.api_url": "CONFIGURATION_WRONG"}
    assert skipped(findings) >= {"network.api", "answer.api", "clock", "login"}
    assert findings["answer.login"].state == "ok"


def test_a_value_that_was_copied_with_quotation_marks_is_unknown(examine, configuration):
    configuration["FORTNOX_CLIENT_ID"] = f'"{configuration["FORTNOX_CLIENT_ID"]}"'
    findings = examine(person=Person(lambda _: None), login_timeout=0.01)
    assert findings["configuration.client_id"].state == "unknown"


def test_a_misspelt_setting_is_named(examine):
    findings = examine(environment={"FORTNOX_CLIENTID": "x", "FORTNOX_OF_SOMEBODY_ELSE": "x"})
    message = findings["configuration.others"].message.en
    assert "FORTNOX_CLIENTID (is FORTNOX_CLIENT_ID meant?)" in message
    assert "SOMEBODY_ELSE" not in message


def test_another_default_currency_is_failed(examine):
    assert failed(examine(default_currency="EUR")) == {"currency": "DEFAULT_CURRENCY_NOT_SEK"}


# --- Network ------------------------------------------------------------------------


def unknown_name(address, timeout):
    raise socket.gaierror(-2, "Name or service not known")


def no_route(address, timeout):
    raise TimeoutError


@pytest.mark.parametrize(
    ("connect", "code"),
    [(unknown_name, "FORTNOX_NAME_UNKNOWN"), (no_route, "FORTNOX_NOT_REACHED")],
)
def test_an_unknown_host_name_differs_from_a_refused_connection(examine, connect, code):
    findings = examine(injected={"connect": connect})
    assert failed(findings) == {"network.login": code, "network.api": code}
    assert "clock" in skipped(findings)


class Untrusted(Transport):
    def send(self, method, address, **more):
        raise Unavailable("FORTNOX_NOT_TRUSTED", host="api.fortnox.se", store="x")


def test_a_certificate_that_cannot_be_trusted_is_failed(examine):
    findings = examine(transport=Untrusted)
    assert failed(findings) == dict.fromkeys(("answer.login", "answer.api"), "FORTNOX_NOT_TRUSTED")


def test_a_service_that_is_down_is_failed(examine, sandbox):
    sandbox.faults.add(Fault(503, match=Match(path="/3/companyinformation"), times=1))
    findings = examine()
    assert failed(findings) == {"answer.api": "FORTNOX_UNAVAILABLE"}
    assert findings["login"].state == "ok"
    assert skipped(findings) == {"clock"}


def test_an_answer_that_breaks_off_is_failed(examine, sandbox):
    sandbox.faults.add(Fault.reset(match=Match(path="/3/companyinformation"), times=1))
    assert failed(examine()) == {"answer.api": "FORTNOX_UNAVAILABLE"}


def test_a_reply_that_fortnox_does_not_give_to_strangers_is_unknown(examine, sandbox):
    match = Match(path="/3/companyinformation")
    sandbox.faults.add(Fault(200, "{}", "application/json", match=match, times=1))
    finding = examine()["answer.api"]
    assert (finding.state, "200" in finding.message.sv) == ("unknown", True)


def test_a_proxy_is_named_and_the_connection_behind_it_is_not_checked(examine):
    injected = {"proxy": lambda _: "proxy.example:8080", "connect": unknown_name}
    findings = examine(injected=injected)
    assert "proxy.example:8080" in findings["network.proxy"].message.sv
    assert findings["network.api"].state == "ok"


def test_certificates_that_cannot_be_read_are_failed_and_nothing_is_asked(
    examine, configuration, monkeypatch, tmp_path
):
    configuration["FORTNOX_API_URL"] = "https://api.fortnox.se/3"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    findings = examine()
    assert failed(findings) == {"network.certificates": "CERTIFICATES_WRONG"}
    assert {"answer.login", "answer.api", "login"} <= skipped(findings)


def test_a_proxy_that_cannot_be_used_is_failed(examine, configuration, monkeypatch):
    configuration["FORTNOX_API_URL"] = "https://api.fortnox.se/3"
    monkeypatch.setenv("https_proxy", "ftp://proxy:1")
    findings = examine(injected={"proxy": proxy_of})
    assert {"network.proxy", "network.api"} <= failed(findings).keys()
    assert set(failed(findings).values()) == {"PROXY_WRONG"}


@pytest.mark.parametrize("path", ["/3/companyinformation", "/oauth-v1/token"])
@pytest.mark.parametrize("status", [200, 302, 401, 403, 407])
def test_who_answers_in_fortnoxs_place_fails_where_it_does(examine, sandbox, path, status):
    sandbox.faults.add(Fault(status, "<html>", "text/html", match=Match(path=path), times=1))
    name = "answer.login" if "token" in path else "answer.api"
    assert failed(examine()) == {name: "NOT_FORTNOX"}


def test_rows_agree_where_one_register_is_answered_by_somebody_else(examine, sandbox):
    def match(asked):
        return asked.path == "/3/invoicepayments" and asked.company is not None

    sandbox.faults.add(Fault(302, "", "text/html", match=match, times=None))
    findings = examine()
    assert failed(findings) == {"rights.payments": "NOT_FORTNOX"}


# --- Clock --------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-2, 2])
def test_a_clock_that_is_off_by_minutes_is_failed(examine, minutes):
    findings = examine(
        injected={"local_time": lambda: datetime.now(UTC) + timedelta(minutes=minutes)}
    )
    assert failed(findings) == {"clock": "CLOCK_WRONG"}
    assert findings["clock"].message.sv.count(":") >= 4


def test_a_clock_in_another_zone_is_ok(examine):
    zone = ZoneInfo("America/New_York")
    assert examine(injected={"local_time": lambda: datetime.now(zone)})["clock"].state == "ok"


def test_a_clock_without_a_date_header_is_unknown(examine):
    class Timeless(Transport):
        def send(self, method, address, **more):
            response = super().send(method, address, **more)
            return type(response)(response.status, {}, response.body)

    assert examine(transport=Timeless)["clock"].state == "unknown"


# --- Login --------------------------------------------------------------------------


def test_a_port_in_use_fails_and_no_window_opens(examine, configuration):
    person = Person()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configuration["FORTNOX_REDIRECT_URI"] = f"http://127.0.0.1:{port}/callback"
        findings = examine(person=person)
    assert failed(findings) == {"redirect": "LOGIN_PORT_IN_USE"}
    assert skipped(findings) == {"login"} | AFTER_LOGIN
    assert person.windows == 0


def test_a_wrong_secret_is_failed(examine, configuration):
    configuration["FORTNOX_CLIENT_SECRET"] = "another"
    findings = examine()
    assert failed(findings) == {"login": "LOGIN_CLIENT_UNKNOWN"}
    assert skipped(findings) == AFTER_LOGIN


def test_a_refused_login_fails(examine):
    person = Person(lambda address: scripted_login.refuse(address, seed.USER, seed.PASSWORD))
    assert failed(examine(person=person)) == {"login": "LOGIN_REFUSED"}


def test_a_login_that_times_out_fails(examine):
    findings = examine(person=Person(lambda _: None), login_timeout=0.01)
    assert failed(findings) == {"login": "LOGIN_TIMED_OUT"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("error_missing_license", "LICENCE_MISSING"),
        ("error_missing_system_admin_right", "ADMINISTRATOR_NEEDED"),
    ],
)
def test_an_error_of_the_login_has_its_code(examine, company, error, code):
    company.consent_error = error
    assert failed(examine()) == {"login": code}


# --- Licences and rights --------------------------------------------------------------


def test_a_missing_integration_licence_fails_once(examine, sandbox):
    for path in ("companyinformation", "invoicepayments", "invoices"):
        refused(sandbox, f"/3/{path}", 2001103)
    findings = examine()
    assert failed(findings) == {"licence": "LICENCE_MISSING"}
    assert skipped(findings) == AFTER_LOGIN - {"licence", "scopes", "rate"}


def test_a_missing_program_licence_fails_once(examine, sandbox):
    for path in ("invoicepayments", "invoices"):
        refused(sandbox, f"/3/{path}", 2001101)
    findings = examine()
    assert failed(findings) == {"modules": "LICENCE_MISSING"}
    assert skipped(findings) == {"rights.payments"}
    assert findings["company"].state == "ok"


@pytest.mark.parametrize(
    ("scope", "right"),
    [
        ("payment", "rights.payments"),
        ("companyinformation", "rights.company"),
    ],
)
def test_a_withdrawn_scope_fails(examine, sandbox, scope, right):
    sandbox.state.withdraw_scope(scope)
    findings = examine()
    assert failed(findings) == {"scopes": "SCOPE_MISSING"}
    assert right in skipped(findings)


def test_a_scope_that_was_not_granted_is_named(examine):
    class Granting(Transport):
        def send(self, method, address, **more):
            response = super().send(method, address, **more)
            if not address.endswith("/token"):
                return response
            body = json.loads(response.body) | {"scope": "invoice companyinformation"}
            return type(response)(response.status, response.headers, json.dumps(body).encode())

    findings = examine(transport=Granting)
    assert failed(findings) == {"scopes": "SCOPES_NOT_GRANTED"}
    assert "payment" in findings["scopes"].message.sv


@pytest.mark.parametrize(
    ("path", "code", "right"),
    [
        ("/3/invoicepayments", 2003330, "rights.payments"),
        ("/3/companyinformation", 2002455, "rights.company"),
    ],
)
def test_a_right_that_the_person_lacks_fails(examine, sandbox, path, code, right):
    refused(sandbox, path, code)
    findings = examine()
    assert failed(findings) == {right: "RIGHT_MISSING"}
    assert str(code) in findings[right].message.sv


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (2001339, "RIGHT_MISSING"),
        (2000663, "SCOPE_MISSING"),
        (2001101, "LICENCE_MISSING"),
    ],
)
def test_invoices_that_may_not_be_read_are_told_as_what_an_import_does_without(
    examine, sandbox, code, shown
):
    refused(sandbox, "/3/invoices", code)
    findings = examine()
    assert failed(findings) == {}
    assert findings["rights.invoices"].state == "unknown"
    assert f"({shown}, code {code})" in findings["rights.invoices"].message.en


def test_what_may_be_read_is_counted(examine, sandbox):
    assert "0" in examine()["rights.payments"].message.sv


def test_an_unexpected_refusal_is_a_fault_of_the_plug_in(examine, sandbox):
    refused(sandbox, "/3/invoices", 2000588)
    assert failed(examine()) == {"rights.invoices": "FORTNOX_REFUSED"}


# --- Company and rate limit -------------------------------------------------------------


def test_the_company_is_compared_with_the_one_of_the_import(examine, company):
    ours = Company(str(company.number), company.name)
    assert company.name in examine(company=ours)["company"].message.sv
    findings = examine(company=Company("1", NAME))
    assert failed(findings) == {"company": "WRONG_COMPANY"}
    assert NAME in findings["company"].message.sv


def test_meeting_the_rate_limit_fails(examine, sandbox):
    def signed_in(asked):
        return asked.company is not None

    sandbox.faults.add(Fault.too_many("0", match=signed_in, times=2))
    findings = examine()
    assert failed(findings) == {"rate": "RATE_LIMITED"}
    assert "2 gånger" in findings["rate"].message.sv


@pytest.mark.parametrize("path", ["/oauth-v1/token", "/3/companyinformation"])
def test_a_limit_that_the_first_requests_meet_is_an_answer_and_counted(examine, sandbox, path):
    sandbox.faults.add(Fault.too_many(match=Match(path=path)))
    findings = examine()
    assert failed(findings) == {"rate": "RATE_LIMITED"}
    assert "asked us to wait once (429)" in findings["rate"].message.en


def test_every_refusal_of_the_rate_limit_is_counted_also_the_last_one(examine, sandbox):
    sandbox.faults.add(Fault.too_many("0", match=Match(path="/3/invoicepayments"), times=None))
    findings = examine()
    assert findings["rights.payments"].code == "FORTNOX_UNAVAILABLE"
    assert f"{ATTEMPTS} gånger" in findings["rate"].message.sv


def test_a_limit_that_keeps_anybody_from_signing_in_is_told(examine, sandbox):
    sandbox.faults.add(Fault.too_many(match=Match(path="/oauth-v1/token"), times=None))
    findings = examine()
    assert failed(findings) == {"login": "FORTNOX_UNAVAILABLE", "rate": "RATE_LIMITED"}


# --- Errors of the host ---------------------------------------------------------------------


def test_an_error_of_the_host_is_a_finding_beside_the_others(examine):
    class Deaf(Person):
        @hookimpl
        def opter_open_browser(self, run, url, on_redirect):
            raise _HostError("login")

    findings = examine(person=Deaf())
    assert failed(findings) == {"login": "INPUT_ENDED"}
    assert findings["answer.api"].state == "ok"
    assert skipped(findings) == AFTER_LOGIN


def test_cancelling_by_the_host_ends_it(examine):
    class Stop(Person):
        @hookimpl
        def opter_open_browser(self, run, url, on_redirect):
            raise _HostError("cancelled")

    with pytest.raises(_HostError):
        examine(person=Stop())


class _HostError(Exception):
    code = "INPUT_ENDED"
    message = Text("Slut.", "Ended.")

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


# --- How it ends --------------------------------------------------------------------------


def test_cancelling_ends_it(examine):
    class Stop(Person):
        @hookimpl
        def opter_progress(self, run, progress):
            return True

    with pytest.raises(Cancelled):
        examine(person=Stop(lambda _: None))


def test_every_failure_is_in_the_table_of_errors(examine, configuration):
    configuration.clear()
    for one in examine().values():
        assert bool(one.code) == (one.state == "failed")
        assert one.code in {"", *CODES}


# --- Stored login -------------------------------------------------------------------


def test_a_stored_login_is_used_and_stays_stored(examine, configuration):
    """Neither a window nor its port is needed then."""
    person, stored = Person(), SETTINGS | {"sign_in": "stay"}
    examine(person=person, settings=stored)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configuration["FORTNOX_REDIRECT_URI"] = f"http://127.0.0.1:{port}/callback"
        findings = examine(person=person, settings=stored)
    assert (person.windows, findings["login"].state) == (1, "ok")
    assert failed(findings) == {"redirect": "LOGIN_PORT_IN_USE"}
    assert [value for value in person.secrets.values() if value]
