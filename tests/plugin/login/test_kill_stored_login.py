"""An import with a kept login that is killed at any step asks for one login at most.

At each step of asking for tokens and of keeping them, and at every fourth of the
others, at which ``test_kill.py`` kills. A refresh token that is used twice ends them
all here: nothing is forgiven.
"""

import os

import killed_process
import pytest
from killed_process import (
    PARTS,
    content_digest,
    kill_error,
    numbered_steps,
    steps_of_part,
    telling_steps,
    wait_until_idle,
)
from scripted_import import (
    NAME,
    SECOND_DAY,
    Script,
    host_of_sandbox,
    integrity_errors,
    registered,
    state_on,
    stored_rows,
)

from hostsim.sandbox import Fault, Match, Sandbox, Switches
from hostsim.storage.locks import Locks
from hostsim.storage.secrets import Secrets
from hostsim.storage.store import Store
from opter_fortnox_plugin.login.token_format import StoredTokens, read

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL and no fork here")

small_pages, folder = killed_process.small_pages, killed_process.folder
killed, sandbox = killed_process.killed, killed_process.sandbox


AN_INVOICE = Match("GET", "/3/invoices/1000")
TOKEN = "POST oauth-v1/token"


class Staying(Script):
    """A script whose definition stays signed in."""

    def __init__(self, folder):
        super().__init__(folder)
        with Store.open(self.base) as store:
            settings = store.definition(NAME).settings
            store.set_definition_settings(NAME, {**settings, "sign_in": "stay"})
            store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._place = None

    def sandbox(self):
        switches = Switches(reuse_revokes_family=True)
        return Sandbox(
            state_on(SECOND_DAY),
            redirect_uri=self.redirect_uri,
            switches=switches,
            monotonic=self.time,
        )

    @property
    def files(self):
        folder = self.base.with_name("copy.db.secrets")
        return sorted(folder.iterdir()) if folder.exists() else []

    def kept_login(self):
        [file] = [file for file in self.files if file.suffix != ".new"]
        _, _, text = file.read_text(encoding="utf-8").partition("\n")
        return read(text)

    def standing(self, sandbox):
        """Return whether the refresh token that is kept is good, and the access token, if any."""
        login, tokens = self.kept_login(), sandbox.state.tokens
        return (
            tokens.grant_of_refresh(login.refresh) is not None,
            tokens.grant_of(login.access) is not None if login.access else None,
        )

    def sign_in(self, sandbox, path):
        """Keep a login as an earlier import has left it; the first time, by an import."""
        for file in self.files:
            file.unlink()
        if self._place is None:
            assert self.imports(sandbox, path) == 1
            [file] = self.files
            self._place = file.name
            path = self.copy()
        secrets = Secrets(path, Locks(path))
        secrets._write(self._place, StoredTokens(sandbox.sign_in().refresh).write())
        return path

    def imports(self, sandbox, path):
        """Import and save; return how many times somebody had to sign in."""
        self.time.sleep(60)
        windows = []
        with Store.open(path) as store:
            host = host_of_sandbox(
                store,
                sandbox,
                time=self.time,
                now=SECOND_DAY,
                window=lambda: windows.append(NAME),
            )
            host.import_payments(NAME)
            host.save(NAME)
        return len(windows)


@pytest.fixture(scope="module")
def script(folder):
    return Staying(folder)


@pytest.fixture(scope="module")
def undisturbed(script, sandbox):
    """What is there after an undisturbed import and save, and after another one."""
    path = script.sign_in(sandbox, script.copy())
    outcomes = []
    for _ in range(2):
        assert script.imports(sandbox, path) == 0
        outcomes.append(stored_rows(path))
    return outcomes


@pytest.fixture(scope="module")
def attempt(script, sandbox, killed):
    """Import and save in a process that is killed at a step; its token expires on the way."""
    expired = Fault(401, '{"message":"unauthorized"}', "application/json", match=AN_INVOICE)

    def attempt(die_at=None):
        path = script.sign_in(sandbox, script.copy())
        script.time.sleep(60)
        sandbox.faults.clear()
        sandbox.faults.add(expired)
        ended, steps = killed.do(
            "import",
            die_at=die_at,
            db=str(path),
            code="nobody signs in",
            configuration=sandbox.environment(),
            now=script.time.now,
        )
        wait_until_idle(sandbox)
        sandbox.faults.clear()
        return path, ended, steps

    return attempt


@pytest.fixture(scope="module")
def steps(attempt, undisturbed):
    path, ended, steps = attempt()
    assert ended == 0
    assert stored_rows(path) == undisturbed[0]
    return steps


@pytest.fixture(scope="module")
def made_good():
    """Collect what was there when the next import made it good: content, and standing."""
    return set()


def steps_to_die_at(steps):
    """Return the steps of tokens and of the file that keeps them, and every fourth other."""
    of_a_login, others = ("oauth-v1", "fsync", "replace"), telling_steps(steps)[::4]
    return [
        step
        for step in numbered_steps(steps)
        if step in others or any(word in step[0] for word in of_a_login)
    ]


def since_the_last_refresh(taken):
    """Return the steps after the last question for tokens; until it, what is kept stays good."""
    last = max((at for at, step in enumerate(taken) if step == TOKEN), default=0)
    return taken[last:]


def test_keeping_the_login_is_among_the_steps(steps):
    """A refresh at the beginning, one in the middle, and the rest at the end."""
    assert "login" not in steps
    assert steps.count("POST oauth-v1/token") == 2
    assert steps.count("replace") == steps.count("after replace") == 4
    assert steps.count("fsync") == 8
    names = [name for name, _ in steps_to_die_at(steps)]
    assert all(names.count(name) == steps.count(name) for name in (TOKEN, "replace", "fsync"))
    assert len(names) > 50


@pytest.mark.parametrize("part", range(PARTS))
def test_an_import_with_a_kept_login_that_is_killed_at_any_step_is_made_good_by_the_next(
    script, sandbox, attempt, steps, undisturbed, *, made_good, part
):
    """With a login where Fortnox's answer came and was not kept, and with none elsewhere."""
    before, after = registered(script.base), len(undisturbed[0]["payments"])
    wrong = []
    for step in steps_of_part(steps_to_die_at(steps), part):
        told = f"killed at step {step}"
        path, ended, taken = attempt(die_at=step)
        if found := kill_error(ended, taken, steps, step):
            wrong.append(f"{told}: {found}")
        there = registered(path)
        if integrity_errors(path) or len(there) not in {len(before), after}:
            wrong.append(f"{told}: {integrity_errors(path)}, {len(there)} are registered")
        with Store.open(path) as store:
            left = (content_digest(store), *script.standing(sandbox))
        if left in made_good:
            continue
        logins = script.imports(sandbox, path)
        if stored_rows(path) != undisturbed[there != before]:
            wrong.append(f"{told}: another state")
        if script.standing(sandbox) != (True, None):
            wrong.append(f"{told}: the login that is kept is not good, or not alone")
        good, _ = left[1:]
        if not good and "after replace" in since_the_last_refresh(taken):
            wrong.append(f"{told}: what came with the last refresh was kept, and is not good")
        if logins != int(not good):
            wrong.append(f"{told}: {logins} logins, where the token was good: {good}")
        made_good.add(left)
    assert wrong == []


def test_it_asks_for_a_login_exactly_where_an_answer_came_and_was_not_kept(
    script, sandbox, attempt, steps
):
    """And once: the import after it asks nobody."""
    for nth in range(1, steps.count(TOKEN) + 1):
        path, _, taken = attempt(die_at=(f"answer to {TOKEN}", nth))
        assert taken[-1] == f"answer to {TOKEN}"
        assert [script.imports(sandbox, path) for _ in range(3)] == [1, 0, 0]
        path, _, taken = attempt(die_at=(TOKEN, nth))
        assert taken[-1] == TOKEN
        assert [script.imports(sandbox, path) for _ in range(2)] == [0, 0]
