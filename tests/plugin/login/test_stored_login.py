"""Staying signed in: one login, kept durably before it is used, by many at once, until ended.

Host, plug-in and Fortnox are the real ones, over real HTTP and real files.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pluggy
import pytest
import stored_login_office
from scripted_import import COMPANY, NAME, SETTINGS, FakeTime, fresh_code
from second_host import Host as HostInMemory
from second_host import hookimpl, new_run
from stored_login_office import STAY, TOKEN, Office, refreshes, start
from stored_login_process import session

from hostsim.sandbox import Fault, Match
from hostsim.sandbox.tokens import Grant
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.login.oauth import SCOPES
from opter_fortnox_plugin.payments.importer import import_payments
from opter_fortnox_plugin.session import Surroundings

REVOKE = Match("POST", "/oauth-v1/revoke")

#: What a refresh does, in this order.
STEPS = (
    "the request",
    "the answer is looked at",
    "the new token is on the disk",
    "it takes the place of the old one",
    "its name is on the disk",
)


sandbox, store = stored_login_office.sandbox, stored_login_office.store
office, signed_in = stored_login_office.office, stored_login_office.signed_in


# --- One login ---


def test_the_second_import_opens_no_window(signed_in):
    assert [signed_in.logins() for _ in range(3)] == [0, 0, 0]
    assert signed_in.alive == 1


def test_without_the_setting_every_import_asks_and_nothing_is_kept(store, sandbox):
    office = Office(store, sandbox)
    office.host.define(NAME, "FortnoxAPI", "API", "", SETTINGS)
    assert [office.logins() for _ in range(2)] == [1, 1]
    assert (office.alive, office.files) == (0, [])


def test_two_definitions_do_not_share_a_login(signed_in):
    signed_in.host.define("Fortnox 2", "FortnoxAPI", "API", "", STAY)
    assert signed_in.logins("Fortnox 2") == 1
    assert [signed_in.logins(name) for name in (NAME, "Fortnox 2")] == [0, 0]
    assert signed_in.alive == 2


def test_only_the_refresh_token_of_now_is_kept(signed_in):
    signed_in.logins()
    [file] = signed_in.files
    kept = [
        secret for secret in signed_in.sandbox.state.tokens.issued if secret in file.read_text()
    ]
    assert len(kept) == 1
    assert signed_in.sandbox.state.tokens.grant_of_refresh(kept[0]) is not None


def test_no_token_is_in_the_database_a_log_or_an_output(office, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    for _ in range(2):
        office.host.import_payments(NAME)
    office.sandbox.state.tokens.expire_refresh_tokens()
    office.host.import_payments(NAME)
    office.host.change(NAME, {"sign_in": "every-time"})
    beside = [path for path in office.store.path.parent.rglob("*") if path.is_file()]
    places = [path.read_bytes() for path in beside]
    places += ["".join(capfd.readouterr()).encode(), caplog.text.encode()]
    issued = office.sandbox.state.tokens.issued
    assert len(issued) > 6
    assert not [secret for secret in issued if any(secret.encode() in place for place in places)]


# --- Durable before it is used ---


def order_of(office, change=None):
    """Import; return what was asked of Fortnox and kept by the host, in that order."""
    done = []

    class Told(Transport):
        def send(self, method, address, **what):
            response = super().send(method, address, **what)
            done.append(address.rpartition("/")[2])
            return response

    host = office.opened_with(Told)
    put = host._secrets.put

    def told(definition, key, value):
        put(definition, key, value)
        done.append("kept" if value else "deleted")

    host._secrets.put = told
    host.import_payments(NAME)
    return done


def test_a_login_is_kept_before_its_access_token_is_used(office):
    assert order_of(office)[:2] == ["token", "kept"]


def test_what_a_refresh_returns_is_kept_before_it_is_used(signed_in):
    assert order_of(signed_in)[:2] == ["token", "kept"]


def test_so_is_what_a_refresh_in_the_middle_returns(signed_in):
    expired = Fault(401, '{"message":"unauthorized"}', match=Match("GET", "/3/invoicepayments"))
    signed_in.sandbox.switchboard.faults.add(expired)
    # Which company it is was asked beside the first page, and may be answered at any time.
    done = [one for one in order_of(signed_in) if one != "companyinformation"]
    again = done.index("invoicepayments")
    # First the access token that was refused leaves the place, then the new pair comes.
    assert done[again : again + 5] == [
        "invoicepayments", "kept", "token", "kept", "invoicepayments",
    ]  # fmt: skip


def test_switching_off_revokes_before_it_deletes(signed_in):
    """A sudden end in between leaves no login alive that nobody knows of."""
    signed_in.store.set_definition_settings(NAME, SETTINGS)
    assert order_of(signed_in)[:3] == ["revoke", "deleted", "token"]


# --- A sudden end ---


def test_a_save_of_the_token_that_fails_leads_to_exactly_one_login(signed_in):
    host = signed_in.opened_with()
    host._secrets.put = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        host.import_payments(NAME)
    assert [signed_in.logins() for _ in range(3)] == [1, 0, 0]
    assert signed_in.alive == 1


@pytest.mark.parametrize(
    ("before", "logins"),
    # Windows has no last step: it writes the names of files by itself.
    list(zip(STEPS, (0, 1, 1, 1, 0), strict=True))[: 4 if sys.platform == "win32" else 5],
)
def test_a_process_that_dies_before_a_step_leads_to_one_login_at_most(signed_in, before, logins):
    process = start(signed_in, die_at=STEPS.index(before) + 1)
    assert process.wait() == 9
    process.stdin.close()
    process.stdout.close()
    assert [signed_in.logins() for _ in range(3)] == [logins, 0, 0]
    assert len(signed_in.files) == 1


def lost(times):
    """Lose Fortnox's answer on the way: the token is spent, and nobody gets the next one."""
    return Fault(how="reset", match=TOKEN, performed=True, times=times)


def test_an_answer_that_is_lost_on_the_way_leads_to_exactly_one_login(signed_in):
    signed_in.sandbox.switchboard.faults.add(lost(1))
    assert [signed_in.logins() for _ in range(3)] == [1, 0, 0]


def test_so_do_two_lost_answers_after_an_import_that_says_that_fortnox_is_not_there(signed_in):
    signed_in.sandbox.switchboard.faults.add(lost(2))
    assert signed_in.failure() == "FORTNOX_UNAVAILABLE"
    assert [signed_in.logins() for _ in range(3)] == [1, 0, 0]


def test_a_login_that_fortnox_has_ended_is_asked_for_once(signed_in):
    signed_in.sandbox.state.tokens.expire_refresh_tokens()
    assert [signed_in.logins() for _ in range(3)] == [1, 0, 0]


def test_a_login_that_fortnox_has_ended_is_thrown_away_also_when_nobody_signs_in(signed_in):
    signed_in.sandbox.state.tokens.expire_refresh_tokens()
    assert signed_in.failure(signed_in.opened_with(code=lambda: "no-code")) == "LOGIN_FAILED"
    assert signed_in.files == []


def test_a_login_that_ends_in_the_middle_is_an_error_that_asks_for_a_login_once(signed_in):
    sandbox = signed_in.sandbox

    def end(asked):
        sandbox.state.tokens.expire_access_tokens()
        sandbox.state.tokens.expire_refresh_tokens()
        return False

    sandbox.switchboard.faults.add(Fault(match=lambda asked: "/3/" in asked.path and end(asked)))
    assert signed_in.failure() == "LOGIN_EXPIRED"
    sandbox.switchboard.faults.clear()
    assert signed_in.files == []
    assert [signed_in.logins() for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    "damage", [b"", b"x" * 200, b"a" * 64 + b"\nrefr"], ids=["empty", "garbage", "another"]
)
def test_a_damaged_place_is_told_and_mended_by_one_login(signed_in, caplog, damage):
    [file] = signed_in.files
    file.write_bytes(damage)
    assert [signed_in.logins() for _ in range(2)] == [1, 0]
    assert [one.message for one in caplog.records if "damaged" in one.message]


# --- What is temporary, and what only another login mends ---


def test_a_token_service_that_is_down_ends_the_import_and_keeps_the_login(signed_in):
    signed_in.sandbox.switchboard.faults.add(Fault(503, match=TOKEN, times=2))
    assert signed_in.failure() == "FORTNOX_UNAVAILABLE"
    assert signed_in.logins() == 0


def test_a_wrong_client_secret_keeps_the_login(signed_in):
    configuration = signed_in.sandbox.environment()
    signed_in.host._configuration = configuration | {"FORTNOX_CLIENT_SECRET": "other"}
    assert signed_in.failure() == "LOGIN_CLIENT_UNKNOWN"
    signed_in.host._configuration = configuration
    assert signed_in.logins() == 0


def test_a_login_to_the_wrong_company_is_not_kept(signed_in):
    signed_in.host.save(NAME)
    signed_in.sandbox.state.tokens.expire_refresh_tokens()
    tokens = signed_in.sandbox.state.tokens
    signed_in.sandbox.state.add_company(7002, "Ett annat åkeri AB")

    def code():
        grant = Grant(signed_in.sandbox.client_id, 7002, 1, SCOPES)
        return tokens.issue_code(grant, signed_in.sandbox.redirect_uri)

    assert signed_in.failure(signed_in.opened_with(code=code)) == "WRONG_COMPANY"
    assert (signed_in.alive, signed_in.files) == (0, [])
    assert [signed_in.logins() for _ in range(2)] == [1, 0]


OTHER_WORDS = {
    "invalid_request": "TOKEN_REFUSED",
    "unsupported_grant_type": "TOKEN_REFUSED",
    "access_denied": "TOKEN_REFUSED",
    "error_missing_system_admin_right": "ADMINISTRATOR_NEEDED",
    "server_error": "LOGIN_SERVICE_DOWN",
    "invalid_client": "LOGIN_CLIENT_UNKNOWN",
    "error_missing_license": "LICENCE_MISSING",
    "invalid_scope": "SCOPES_NOT_REGISTERED",
}


@pytest.mark.parametrize(("word", "code"), OTHER_WORDS.items())
def test_a_stored_login_is_given_up_on_no_other_word_than_invalid_grant(signed_in, word, code):
    refused = Fault(400, json.dumps({"error": word}), "application/json", match=TOKEN)
    signed_in.sandbox.switchboard.faults.add(refused)
    assert signed_in.failure() == code
    assert signed_in.logins() == 0


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 407])
def test_a_stored_login_outlives_what_is_not_fortnoxs_answer(signed_in, status):
    refused = Fault(
        status, "<html>Sign in to the network</html>", "text/html", match=TOKEN, times=2
    )
    signed_in.sandbox.switchboard.faults.add(refused)
    assert signed_in.failure() == "NOT_FORTNOX"
    signed_in.sandbox.switchboard.faults.clear()
    assert signed_in.logins() == 0


def test_a_person_without_the_right_to_one_register_stays_signed_in(office):
    body = json.dumps({"ErrorInformation": {"error": 1, "message": "", "code": 2001339}})
    office.sandbox.switchboard.faults.add(
        Fault(403, body, "application/json", match=Match("GET", "/3/invoicepayments"))
    )
    assert office.failure() == "RIGHT_MISSING"
    assert office.alive == 1
    assert office.logins() == 0


def test_a_stored_login_that_is_granted_less_now_asks_a_person_and_is_kept(signed_in):
    body = {"access_token": "a", "refresh_token": "r", "scope": "invoice companyinformation"}
    less = Fault(200, json.dumps(body), "application/json", match=TOKEN)
    signed_in.sandbox.switchboard.faults.add(less)
    assert signed_in.logins() == 1
    assert signed_in.logins() == 0


# --- Switching off ---


def test_switching_off_revokes_and_deletes_at_once(signed_in):
    assert signed_in.host.change(NAME, {"sign_in": "every-time"}) == []
    assert (signed_in.alive, signed_in.files) == (0, [])
    assert [signed_in.logins() for _ in range(2)] == [1, 1]
    assert signed_in.alive == 0


def test_a_setting_that_was_switched_off_elsewhere_ends_the_login_at_the_next_import(signed_in):
    signed_in.store.set_definition_settings(NAME, SETTINGS)
    assert signed_in.logins() == 1
    assert (signed_in.alive, signed_in.files) == (0, [])


def test_another_setting_does_not_end_the_login(signed_in):
    signed_in.host.change(NAME, {"ignore_numbers_before": "7"})
    assert signed_in.logins() == 0


def test_a_revoke_that_fails_is_a_warning_and_deletes_all_the_same(signed_in):
    signed_in.sandbox.switchboard.faults.add(Fault(503, match=REVOKE))
    [problem] = signed_in.host.change(NAME, {"sign_in": "every-time"})
    assert problem.severity == "warning"
    assert "45" in problem.message.sv
    assert signed_in.files == []
    assert signed_in.store.definition(NAME).settings["sign_in"] == "every-time"


def test_a_plug_in_that_fails_at_new_settings_is_a_warning_and_they_stay(signed_in, monkeypatch):
    monkeypatch.setattr(signed_in.host._secrets, "get", lambda *_: 1 / 0)
    [problem] = signed_in.host.change(NAME, {"sign_in": "every-time"})
    assert problem.severity == "warning"
    assert signed_in.store.definition(NAME).settings["sign_in"] == "every-time"


def test_a_definition_can_be_made_before_the_integration_is_set_up(store, sandbox, monkeypatch):
    monkeypatch.delenv("FORTNOX_CLIENT_ID", raising=False)
    office = Office(store, sandbox)
    office.host._configuration = {}
    assert office.host.define(NAME, "FortnoxAPI", "API", "", SETTINGS) == []


# --- A host without a place for secrets ---


def test_without_a_place_for_secrets_it_is_said_and_the_login_ends_with_the_run(sandbox, caplog):
    class Host(HostInMemory):
        @hookimpl
        def opter_open_browser(self, run, url, on_redirect):
            state = url.partition("state=")[2].partition("&")[0]
            code = fresh_code(sandbox)
            on_redirect(f"{sandbox.redirect_uri}?code={code}&state={state}")
            return True

        @hookimpl
        def opter_progress(self, run, progress):
            said.append(progress.message.en)

    said = []
    manager = pluggy.PluginManager("opter")
    manager.register(Host())
    time = FakeTime()
    run = new_run(manager, STAY, configuration=sandbox.environment())
    import_payments(
        run, surroundings=Surroundings(environment={}, now=time, sleep=time.sleep, clock=time)
    )
    assert sandbox.state.tokens.valid_refresh_tokens() == 0
    assert "The host cannot store the login; it ends with this import" in said
    assert "the host stores no secrets" in caplog.text


# --- Many at once ---


@pytest.mark.parametrize("runs", [1, 8], ids=["of one run", "each of its own run"])
def test_eight_threads_that_find_an_expired_token_make_one_refresh(signed_in, runs):
    sandbox, transport = signed_in.sandbox, Transport()
    together = threading.Barrier(8)

    def ask(client):
        together.wait()
        return client.company().number

    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        begun = [session(signed_in.store, sandbox.environment(), transport) for _ in range(runs)]
        clients = [stack.enter_context(one) for one in begun] * (8 // runs)
        for _ in range(5):
            sandbox.state.tokens.expire_access_tokens()
            sandbox.switchboard.asked.clear()
            assert list(pool.map(ask, clients)) == [str(COMPANY)] * 8
            assert refreshes(sandbox) == [200]
    transport.close()
    assert signed_in.logins() == 0


def test_a_login_that_another_has_renewed_is_not_spent_twice(signed_in):
    """Ours is stale then; using it would end the login for everybody."""
    environment, transport = signed_in.sandbox.environment(), Transport()
    with session(signed_in.store, environment, transport) as first:
        with session(signed_in.store, environment, transport) as second:
            signed_in.sandbox.state.tokens.expire_access_tokens()
            assert second.company().number == str(COMPANY)
        signed_in.sandbox.state.tokens.expire_access_tokens()
        assert first.company().number == str(COMPANY)
    transport.close()


def test_who_waits_too_long_for_another_says_so(signed_in):
    keys, locks = set(), signed_in.store.locks
    hold = locks.hold

    def told(*words, wait):
        keys.add(words)
        return hold(*words, wait=wait)

    locks.hold = told
    signed_in.logins()
    [key] = {words for words in keys if words[-1].startswith("token/")}
    with hold(*key, wait=0) as got:
        assert got
        assert signed_in.failure() == "LOGIN_WAITED_FOR_ANOTHER"
    assert signed_in.logins() == 0
