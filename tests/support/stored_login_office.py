"""An office that stays signed in: the fixtures and helpers of the tests about that.

A test file takes the fixtures over by assigning them to names of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ports import free_port
from scripted_import import FIRST_DAY, NAME, SETTINGS, FakeTime, build_host, fresh_code, state_on

from hostsim.errors import failure_of
from hostsim.sandbox import Match, Sandbox, Switches
from hostsim.storage.store import Store
from opter_fortnox_plugin.fortnox.http import Transport

TESTS = Path(__file__).parent
STAY = SETTINGS | {"sign_in": "stay"}
TOKEN = Match("POST", "/oauth-v1/token")


@pytest.fixture
def sandbox():
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    # A refresh token that is used twice ends all of them: nothing is forgiven here.
    switches = Switches(reuse_revokes_family=True)
    with Sandbox(
        state_on(FIRST_DAY),
        redirect_uri=redirect_uri,
        switches=switches,
        monotonic=itertools.count(step=10).__next__,
    ) as sandbox:
        yield sandbox


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        yield store


class Office:
    """A host, and how many times somebody had to sign in."""

    def __init__(self, store, sandbox):
        self.store, self.sandbox, self.windows = store, sandbox, 0
        self.host = self.opened_with()

    def opened_with(self, transport=Transport, code=None):
        return build_host(
            self.store,
            self.sandbox.environment(),
            code or (lambda: fresh_code(self.sandbox)),
            transport=transport,
            time=FakeTime(),
            now=FIRST_DAY,
            window=self._window,
        )

    def _window(self):
        self.windows += 1

    def logins(self, name=NAME):
        """Import; return how many times somebody signed in for it."""
        before = self.windows
        self.host.import_payments(name)
        return self.windows - before

    def failure(self, host=None):
        """Import; return the code of the error that it ends with."""
        with pytest.raises(Exception) as caught:  # noqa: PT011
            (host or self.host).import_payments(NAME)
        failure = failure_of(caught.value)
        assert failure is not None, caught.value
        return failure.code

    @property
    def files(self):
        folder = self.store.path.with_name(f"{self.store.path.name}.secrets")
        return sorted(folder.iterdir()) if folder.exists() else []

    @property
    def alive(self):
        return self.sandbox.state.tokens.valid_refresh_tokens()


@pytest.fixture
def office(store, sandbox):
    office = Office(store, sandbox)
    office.host.define(NAME, "FortnoxAPI", "API", "", STAY)
    return office


@pytest.fixture
def signed_in(office):
    assert office.logins() == 1
    return office


def start(office, **task):
    process = subprocess.Popen(
        [sys.executable, "-P", str(TESTS / "stored_login_process.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parents[1], TESTS)))},
    )
    task |= {"db": str(office.store.path), "configuration": office.sandbox.environment()}
    process.stdin.write(json.dumps(task) + "\n")
    process.stdin.flush()
    return process


def refreshes(sandbox):
    return [asked.status for asked in sandbox.switchboard.asked if TOKEN(asked)]
