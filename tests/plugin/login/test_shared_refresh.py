"""Who imports beside others shares their access token; when all are done, nobody has one.

Host, plug-in and Fortnox are the real ones, over real HTTP and real files.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress

import pytest
import stored_login_office
from scripted_import import COMPANY, FIRST_DAY, NAME, FakeTime, host_of_sandbox
from stored_login_office import refreshes, start
from stored_login_process import session

from hostsim.sandbox import Fault, Match
from opter_fortnox_plugin.fortnox.http import Transport

sandbox, store = stored_login_office.sandbox, stored_login_office.store
office, signed_in = stored_login_office.office, stored_login_office.signed_in


@pytest.fixture
def transport():
    transport = Transport()
    yield transport
    transport.close()


def issued_in(files, sandbox):
    text = "".join(file.read_text() for file in files)
    return [secret for secret in sandbox.state.tokens.issued if secret in text]


def begin(office, transport):
    return session(office.store, office.sandbox.environment(), transport)


def end(processes):
    for process in processes:
        with suppress(OSError):
            process.stdin.close()
        process.wait()
        process.stdout.close()


def test_four_processes_of_eight_threads_make_one_refresh_together_and_all_go_on(signed_in):
    sandbox = signed_in.sandbox
    sandbox.asked.clear()
    processes = [start(signed_in, threads=8) for _ in range(4)]
    try:
        assert [process.stdout.readline() for process in processes] == ["signed in\n"] * 4
        assert refreshes(sandbox) == [200]
        for _ in range(3):
            sandbox.state.tokens.expire_access_tokens()
            sandbox.asked.clear()
            for process in processes:
                process.stdin.write("\n")
                process.stdin.flush()
            answers = [json.loads(process.stdout.readline()) for process in processes]
            assert answers == [[str(COMPANY)] * 8] * 4
            assert refreshes(sandbox) == [200]
    finally:
        end(processes)
    assert [process.returncode for process in processes] == [0] * 4
    assert len(issued_in(signed_in.files, sandbox)) == signed_in.alive == 1
    assert signed_in.logins() == 0


def test_a_process_that_ends_takes_the_token_away_from_nobody(signed_in, transport):
    with begin(signed_in, transport) as first:
        with begin(signed_in, transport) as second:
            second.company()
        signed_in.sandbox.asked.clear()
        assert first.company().number == str(COMPANY)
        assert refreshes(signed_in.sandbox) == []


def test_what_another_was_given_may_be_stale_too(signed_in, transport):
    """Then there is a refresh after all, and nobody is asked to sign in."""
    tokens = signed_in.sandbox.state.tokens
    with begin(signed_in, transport) as first, begin(signed_in, transport) as second:
        tokens.expire_access_tokens()
        first.company()
        tokens.expire_access_tokens()
        signed_in.sandbox.asked.clear()
        assert second.company().number == str(COMPANY)
        assert refreshes(signed_in.sandbox) == [200]


def test_while_an_import_runs_its_access_token_is_there_and_afterwards_it_is_not(
    signed_in, transport
):
    with begin(signed_in, transport):
        during = issued_in(signed_in.files, signed_in.sandbox)
    assert len(during) == 2
    after = issued_in(signed_in.files, signed_in.sandbox)
    assert len(after) == 1
    assert signed_in.sandbox.state.tokens.grant_of_refresh(after[0]) is not None


def test_after_an_import_that_failed_it_is_not_there_either(signed_in):
    down = Fault(503, match=Match("GET", "/3/*"), times=None)
    signed_in.sandbox.faults.add(down)
    assert signed_in.failure() == "FORTNOX_UNAVAILABLE"
    assert len(issued_in(signed_in.files, signed_in.sandbox)) == 1


def abandoned(office):
    """Leave the place as an import does that is killed: with an access token in it."""
    [file] = office.files
    process = start(office)
    assert process.stdout.readline() == "signed in\n"
    process.kill()
    end([process])
    assert len(issued_in([file], office.sandbox)) == 2
    office.sandbox.asked.clear()


def test_what_a_killed_import_left_is_used_and_then_cleared_away(signed_in, transport):
    abandoned(signed_in)
    with begin(signed_in, transport) as client:
        client.company()
    assert refreshes(signed_in.sandbox) == []
    assert len(issued_in(signed_in.files, signed_in.sandbox)) == 1


def test_what_a_killed_import_left_and_fortnox_refuses_is_renewed_without_a_login(
    signed_in, transport
):
    abandoned(signed_in)
    signed_in.sandbox.state.tokens.expire_access_tokens()
    with begin(signed_in, transport) as client:
        assert client.company().number == str(COMPANY)
    assert refreshes(signed_in.sandbox) == [200]


def test_what_a_killed_import_left_is_not_used_when_it_ends_soon(signed_in):
    abandoned(signed_in)
    [file] = signed_in.files
    time = FakeTime()
    _, _, value = file.read_bytes().partition(b"\n")
    time.now = json.loads(value)["until"] - 599
    host = host_of_sandbox(signed_in.store, signed_in.sandbox, time=time, now=FIRST_DAY)
    host.import_payments(NAME)
    assert refreshes(signed_in.sandbox) == [200]


def test_switching_off_while_another_version_keeps_its_own_form_is_no_error(signed_in):
    [key] = {file.name for file in signed_in.files}
    signed_in.host._secrets._write(key, '{"version": 99}')
    assert signed_in.host.change(NAME, {"sign_in": "every-time"}) == []
    assert signed_in.files == []


def test_sixteen_runs_of_one_process_that_begin_together_make_one_refresh(signed_in, transport):
    signed_in.sandbox.asked.clear()
    with ExitStack() as runs:
        for _ in range(16):
            runs.enter_context(begin(signed_in, transport))
    assert refreshes(signed_in.sandbox) == [200]
