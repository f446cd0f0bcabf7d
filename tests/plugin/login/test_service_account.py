"""A service account: one consent, then nobody is needed, and nothing is stored that is secret."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pluggy
import pytest
from fortnox import response
from ports import free_port
from second_host import HostWithSecrets, hookimpl, new_run

from hostsim.sandbox import Fault, Match, Sandbox, Switches, scripted_login, seed
from hostsim.sandbox.tokens import Grant
from opter_contract.programs import signals
from opter_contract.values import Company
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.login import service_account
from opter_fortnox_plugin.login.oauth import SCOPES
from opter_fortnox_plugin.login.stored_login import StoredLogin
from opter_fortnox_plugin.payments.importer import import_payments
from opter_fortnox_plugin.session import Surroundings, sign_in_for_unattended_runs

BARE = Surroundings(environment={})
SETTINGS = {"ignore_payments_before": "2026-01-01", "sign_in": "service-account"}
TOKEN = Match("POST", "/oauth-v1/token")
INFORMATION = '{"ErrorInformation":{"error":1,"message":"","code":%d}}'


class Person(HostWithSecrets):
    """A host whose user is a system administrator, and signs in."""

    def __init__(self):
        super().__init__()
        self.windows = []

    @hookimpl
    def opter_open_browser(self, run, url, on_redirect):
        self.windows.append(url)
        arguments = (url, seed.USER, seed.PASSWORD)
        threading.Thread(target=scripted_login.sign_in, args=arguments, daemon=True).start()
        return True


class Office:
    def __init__(self, sandbox):
        self.sandbox, self.host = sandbox, Person()
        self.manager = pluggy.PluginManager("opter")
        self.manager.register(self.host)
        number = sandbox.state.company().number
        self.company = Company(str(number), sandbox.state.company().name)

    def run(self, **more):
        values = {"settings": SETTINGS, "configuration": self.sandbox.environment()}
        return new_run(self.manager, **values | more)

    def bring(self, **more):
        return import_payments(
            self.run(**more), surroundings=Surroundings(environment={}, sleep=lambda _: None)
        )

    def code(self, **more):
        with pytest.raises(FortnoxError) as caught:
            self.bring(**more)
        return caught.value.code, caught.value.kind

    def asked(self, path):
        return [one for one in self.sandbox.switchboard.asked if one.path == path]


@pytest.fixture
def office():
    uri = f"http://localhost:{free_port()}/callback"
    with Sandbox(seed.empty(), redirect_uri=uri) as sandbox:
        yield Office(sandbox)


@pytest.fixture
def consented(office):
    sign_in_for_unattended_runs(office.run(), surroundings=BARE)
    office.host.windows.clear()
    return office


def test_one_consent_is_enough_and_nobody_is_asked_again(office):
    assert office.bring().company == office.company
    [window] = office.host.windows
    assert "account_type=service" in window
    for _ in range(2):
        assert office.bring(attended=False).company == office.company
    assert len(office.host.windows) == 1


def test_nothing_secret_is_stored_and_nothing_revoked(consented):
    consented.bring(attended=False)
    assert consented.host.secrets == {}
    assert consented.asked("/oauth-v1/revoke") == []
    kept = "".join(map(str, consented.host.state.values()))
    assert not any(token in kept for token in consented.sandbox.state.tokens.issued)


def test_nothing_that_ends_with_a_run_withdraws_the_consent(office):
    office.sandbox.switchboard.switches = Switches(revoke_withdraws_consent=True)
    office.bring()
    office.bring(attended=False)
    assert len(office.host.windows) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to one thread")
def test_a_consent_whose_answer_comes_during_an_interruption_is_not_revoked(office):
    class Interrupting(Transport):
        def send(self, method, address, **what):
            answer = super().send(method, address, **what)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            return answer

    with signals.ending(), pytest.raises(KeyboardInterrupt):
        import_payments(
            office.run(), surroundings=Surroundings(environment={}, transport=Interrupting)
        )
    assert len(office.asked("/oauth-v1/token")) == 1
    assert office.asked("/oauth-v1/revoke") == []


def test_a_company_that_is_known_needs_no_consent_where_it_was_given_before(consented):
    """As where a stored service login moves over, or another definition has the consent."""
    consented.host.state.clear()
    report = consented.bring(attended=False, company=consented.company)
    assert report.company == consented.company
    assert consented.host.windows == []


def test_signing_in_ahead_asks_even_where_there_is_a_consent(consented):
    assert sign_in_for_unattended_runs(consented.run(), surroundings=BARE) == consented.company
    assert len(consented.host.windows) == 1


@pytest.mark.parametrize("second", ["replaces", "adds"])
def test_a_consent_to_more_ends_nothing_that_was_consented_to_before(consented, second):
    """A company has one service account for each client: imports and exports share it."""
    consented.sandbox.switchboard.switches = Switches(second_consent=second)
    known = {"company": consented.company}
    more = ("companyinformation", "customer")
    sign_in_for_unattended_runs(consented.run(definition="Ut", **known), more, surroundings=BARE)
    consented.bring(attended=False, **known)
    [window] = consented.host.windows
    asked = parse_qs(urlsplit(window).query)["scope"][0].split()
    assert sorted(asked) == sorted({*SCOPES, *more})


def test_a_stale_access_token_is_replaced_in_the_middle(consented):
    consented.sandbox.faults.add(
        Fault(401, '{"message":"unauthorized"}', "application/json", match=Match("GET", "/3/*"))
    )
    consented.bring(attended=False)
    assert consented.host.windows == []


# --- Nobody is there --------------------------------------------------------------------


def test_without_a_consent_an_unattended_run_ends_at_once(office):
    assert office.code(attended=False) == ("NO_CONSENT", "permission")
    assert office.code(attended=False, company=office.company) == ("NO_CONSENT", "permission")
    assert office.host.windows == []


@pytest.mark.parametrize("way", ["every-time", "stay"])
def test_an_unattended_run_never_waits_for_anybody(office, way):
    settings = SETTINGS | {"sign_in": way}
    assert office.code(attended=False, settings=settings) == ("LOGIN_NEEDED", "login")
    assert office.host.windows == []


def test_a_consent_that_was_withdrawn_is_told_as_such_until_it_is_given_again(consented):
    consented.sandbox.state.tokens.withdraw_consent(consented.sandbox.state.company().number)
    for _ in range(2):
        assert consented.code(attended=False) == ("CONSENT_WITHDRAWN", "permission")
    assert consented.host.windows == []
    consented.bring()
    assert len(consented.host.windows) == 1
    consented.bring(attended=False)


def test_a_consent_without_effect_is_told_as_such_until_a_token_comes_of_it(office):
    refused = Fault(400, '{"error":"invalid_grant"}', "application/json", match=TOKEN)
    # The code is exchanged before.
    office.sandbox.faults.add(replace(refused, after=1))
    assert office.code() == ("CONSENT_NOT_EFFECTIVE", "permission")
    office.sandbox.faults.add(refused)
    assert office.code(attended=False) == ("CONSENT_NOT_EFFECTIVE", "permission")
    office.bring(attended=False)
    assert len(office.host.windows) == 1
    office.sandbox.faults.add(refused)
    assert office.code(attended=False) == ("CONSENT_WITHDRAWN", "permission")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(400, '{"error":"unauthorized_client"}', "application/json"), "CLIENT_NOT_ALLOWED"),
        (
            Fault(400, '{"error":"unsupported_grant_type"}', "application/json"),
            "CLIENT_NOT_ALLOWED",
        ),
        (
            Fault(
                400,
                '{"error":"invalid_grant",'
                '"error_description":"Client does not allow service account"}',
                "application/json",
            ),
            "CLIENT_NOT_ALLOWED",
        ),
        (Fault(403, INFORMATION % 2001103, "application/json"), "LICENCE_MISSING"),
        (Fault(403, INFORMATION % 2001101, "application/json"), "LICENCE_MISSING"),
        (Fault(400, INFORMATION % 2000663, "application/json"), "SCOPE_MISSING"),
        (Fault(403, INFORMATION % 2001339, "application/json"), "RIGHT_MISSING"),
        (Fault(400, INFORMATION % 2000310, "application/json"), "TOKEN_REFUSED"),
        (Fault(400, '{"error":"error_missing_license"}', "application/json"), "LICENCE_MISSING"),
        (Fault(401, '{"error":"invalid_client"}', "application/json"), "LOGIN_CLIENT_UNKNOWN"),
        (Fault(400, '{"error":"invalid_request"}', "application/json"), "TOKEN_REFUSED"),
        (Fault(500), "FORTNOX_UNAVAILABLE"),
        (Fault(403, "<html>", "text/html"), "NOT_FORTNOX"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_another_refusal_is_no_withdrawn_consent(consented, fault, code):
    consented.sandbox.faults.add(replace(fault, match=TOKEN, times=2))
    assert consented.code(attended=False)[0] == code
    consented.sandbox.faults.clear()
    consented.bring(attended=False)


@pytest.mark.parametrize(
    ("switches", "code"),
    [
        ({"client_credentials": "unsupported"}, "CLIENT_NOT_ALLOWED"),
        ({"client_credentials": "not_allowed"}, "CLIENT_NOT_ALLOWED"),
        ({"client_credentials_status": 403}, "CONSENT_WITHDRAWN"),
        ({"client_credentials_status": 401}, "CONSENT_WITHDRAWN"),
    ],
)
def test_whatever_status_fortnox_refuses_a_service_account_with(consented, switches, code):
    consented.sandbox.switchboard.switches = Switches(**switches)
    consented.sandbox.state.tokens.withdraw_consent(consented.sandbox.state.company().number)
    assert consented.code(attended=False)[0] == code


@pytest.mark.parametrize("answer", ["refused", "granted"])
def test_a_licence_that_has_lapsed_is_told_wherever_fortnox_says_so(consented, answer):
    consented.sandbox.switchboard.switches = Switches(client_credentials_unlicensed=answer)
    consented.sandbox.state.withdraw_licence()
    assert consented.code(attended=False) == ("LICENCE_MISSING", "permission")


def test_fewer_scopes_than_needed_are_told_before_the_first_request(office):
    office.sandbox.switchboard.switches = Switches(unlicensed_at_login="fewer_scopes")
    office.sandbox.state.company().unlicensed.add("payment")
    assert office.code() == ("SCOPES_NOT_GRANTED", "permission")
    assert office.asked("/3/invoicepayments") == []


def test_a_consent_that_gives_less_than_needed_is_asked_for_again_where_a_person_is(consented):
    body = '{"access_token": "a", "refresh_token": null, "scope": "payment companyinformation"}'
    less = Fault(200, body, "application/json", match=TOKEN)
    consented.sandbox.faults.add(less)
    assert consented.code(attended=False) == ("SCOPES_NOT_GRANTED", "permission")
    assert consented.host.windows == []
    consented.sandbox.faults.add(less)
    consented.bring()
    assert len(consented.host.windows) == 1


def test_another_company_is_refused_and_not_remembered(office):
    other = Company("1", "Ett annat åkeri AB")
    assert office.code(company=other)[0] == "WRONG_COMPANY"
    assert office.code(company=other, attended=False)[0] == "NO_CONSENT"
    assert office.code(attended=False)[0] == "NO_CONSENT"


@pytest.mark.parametrize(("way", "told"), [("service-account", True), ("stay", False)])
def test_at_another_company_a_consent_is_to_be_removed_and_a_persons_login_is_not(
    office, way, told
):
    settings = SETTINGS | {"sign_in": way}
    with pytest.raises(FortnoxError, match="WRONG_COMPANY") as caught:
        office.bring(company=Company("1", "Ett annat åkeri AB"), settings=settings)
    sentence = f"a system administrator of {office.company.name} removes it again in Fortnox"
    assert (sentence in caught.value.message.en) == told


def test_fortnox_is_asked_whose_a_token_is_that_does_not_tell(office, monkeypatch):
    monkeypatch.setattr(service_account, "tenant_of", lambda _: "")
    assert office.bring().company == office.company
    assert office.bring(attended=False).company == office.company


# --- A login was stored before ----------------------------------------------------------


@pytest.fixture
def stayed(office):
    """A person is signed in, and the company is known to nobody else."""
    office.bring(settings=SETTINGS | {"sign_in": "stay"})
    office.host.windows.clear()
    return office


def consent_elsewhere(office):
    """Make the stored login one whose consent was for a service account."""
    company = office.sandbox.state.company().number
    grant = Grant(office.sandbox.client_id, company, 1, SCOPES)
    office.sandbox.state.tokens.consent(grant)


def stored(office):
    return [secret for secret in office.host.secrets.values() if secret]


def test_a_stored_service_login_moves_over_without_anybody(stayed):
    consent_elsewhere(stayed)
    hooks.opter_settings_stored(stayed.run())
    # Kept until a run has succeeded without it.
    assert len(stored(stayed)) == 1
    assert stayed.bring(attended=False).company == stayed.company
    assert (stored(stayed), stayed.host.windows) == ([], [])
    # To revoke it might withdraw the consent.
    assert stayed.asked("/oauth-v1/revoke") == []


def test_it_moves_over_too_where_fortnox_was_out_of_reach_when_the_setting_changed(stayed):
    consent_elsewhere(stayed)
    stayed.sandbox.faults.add(Fault(503, match=TOKEN, times=2))
    with pytest.raises(FortnoxError, match="FORTNOX_UNAVAILABLE"):
        hooks.opter_settings_stored(stayed.run())
    assert stayed.bring(attended=False).company == stayed.company
    assert stayed.host.windows == []


def test_a_persons_stored_login_gives_no_consent_and_is_not_lost(stayed):
    with pytest.raises(FortnoxError, match="NO_CONSENT"):
        hooks.opter_settings_stored(stayed.run())
    assert stayed.code(attended=False)[0] == "NO_CONSENT"
    back = SETTINGS | {"sign_in": "stay"}
    hooks.opter_settings_stored(stayed.run(settings=back))
    stayed.bring(settings=back, attended=False)
    assert stayed.host.windows == []


def test_a_persons_stored_login_is_revoked_once_the_service_account_works(stayed):
    with pytest.raises(FortnoxError, match="NO_CONSENT"):
        hooks.opter_settings_stored(stayed.run())
    sign_in_for_unattended_runs(stayed.run(), surroundings=BARE)
    assert stored(stayed) == []
    assert len(stayed.asked("/oauth-v1/revoke")) == 1
    stayed.bring(attended=False)
    assert len(stayed.host.windows) == 1


def test_a_stored_login_outlives_a_consent_at_another_company(stayed):
    other = Company("1", "Ett annat åkeri AB")
    assert stayed.code(company=other)[0] == "WRONG_COMPANY"
    assert len(stored(stayed)) == 1


def test_a_consent_that_gives_too_little_does_not_take_over(stayed):
    company = stayed.sandbox.state.company().number
    grant = Grant(stayed.sandbox.client_id, company, 1, ("companyinformation",))
    stayed.sandbox.state.tokens.consent(grant)
    with pytest.raises(FortnoxError, match="SCOPES_NOT_GRANTED"):
        hooks.opter_settings_stored(stayed.run())
    assert len(stored(stayed)) == 1


def test_what_the_person_of_a_stored_login_lacks_keeps_no_service_account_out(stayed):
    lapsed = Fault(400, '{"error":"error_missing_license"}', "application/json", match=TOKEN)
    stayed.sandbox.faults.add(lapsed)
    assert stayed.bring().company == stayed.company
    assert len(stayed.host.windows) == 1


def test_a_failure_to_end_a_stored_login_fails_no_run(stayed, monkeypatch, caplog):
    consent_elsewhere(stayed)
    monkeypatch.setattr(StoredLogin, "end", lambda *_, **__: 1 / 0)
    assert stayed.bring(attended=False).company == stayed.company
    assert "ZeroDivisionError" in caplog.text


# --- Settings ----------------------------------------------------------------------------


def test_signing_in_ahead_is_of_no_use_where_it_is_done_every_time(office):
    with pytest.raises(FortnoxError, match="SIGN_IN_EVERY_TIME"):
        sign_in_for_unattended_runs(
            office.run(settings=SETTINGS | {"sign_in": "every-time"}),
            surroundings=BARE,
        )


def test_signing_in_ahead_stores_a_login_that_stays(office):
    stay = SETTINGS | {"sign_in": "stay"}
    sign_in_for_unattended_runs(office.run(settings=stay), surroundings=BARE)
    office.bring(settings=stay, attended=False)
    assert len(office.host.windows) == 1


def test_a_token_that_another_host_has_stored_meanwhile_is_used(office):
    """As by a host that shares the secrets, but not the locks."""

    class Meanwhile(Transport):
        def send(self, method, address, **what):
            refused = (what.get("form") or {}).get("refresh_token")
            if not refused or used:
                return super().send(method, address, **what)
            used.append(refused)
            tokens = office.sandbox.state.tokens
            fresh = tokens.refresh(refused, office.sandbox.client_id).refresh
            [(key, stored)] = office.host.secrets.items()
            office.host.secrets[key] = stored.replace(refused, fresh)
            return response(400, {"error": "invalid_grant"})

    used, stay = [], SETTINGS | {"sign_in": "stay"}
    office.bring(settings=stay)
    run = office.run(settings=stay, attended=False)
    assert (
        import_payments(run, surroundings=Surroundings(environment={}, transport=Meanwhile)).company
        == office.company
    )
    assert used
    assert len(office.host.windows) == 1
