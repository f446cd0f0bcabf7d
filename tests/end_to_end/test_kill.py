"""An import that is killed at any step leaves nothing half done.

A real process is ended with SIGKILL at each request, each answer and each
statement that writes, one after the other. What comes next always ends as if
nothing had happened.
"""

import os
from collections import Counter

import killed_process
import pytest
from killed_process import (
    PARTS,
    content_digest,
    kill_error,
    steps_of_part,
    telling_steps,
    wait_until_idle,
)
from scripted_import import (
    NAME,
    SECOND_DAY,
    Script,
    fresh_code,
    integrity_errors,
    registered,
    stored_rows,
)

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Fault, Match
from hostsim.services.host import Host
from hostsim.storage.store import Store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL and no fork here")

small_pages, folder = killed_process.small_pages, killed_process.folder
killed, sandbox = killed_process.killed, killed_process.sandbox


AN_INVOICE = Match("GET", "/3/invoices/1000")

#: What is asked for beside each other: two more pages of the list, and a detail of the first.
TOGETHER = 3


@pytest.fixture(scope="module")
def script(folder):
    return Script(folder)


@pytest.fixture(scope="module")
def undisturbed(script, sandbox):
    """What is there after an undisturbed import and save, and after another one."""
    path = script.copy()
    return [script.run(sandbox, path).rows for _ in range(2)]


@pytest.fixture(scope="module")
def attempt(script, sandbox, killed):
    """Import and save in a process that is killed at a step; its token expires on the way."""
    expired = Fault(401, '{"message":"unauthorized"}', "application/json", match=AN_INVOICE)

    def attempt(path, die_at=None, **more):
        script.time.sleep(60)
        sandbox.faults.clear()
        sandbox.faults.add(expired)
        ended = killed.do(
            "import",
            die_at=die_at,
            db=str(path),
            code=fresh_code(sandbox),
            configuration=sandbox.environment(),
            **more,
        )
        wait_until_idle(sandbox)
        return ended

    yield attempt
    sandbox.faults.clear()


@pytest.fixture(scope="module")
def steps(script, attempt):
    ended, steps = attempt(script.copy())
    assert ended == 0
    return steps


@pytest.fixture(scope="module")
def made_good():
    """Collect the contents of databases that the next import has made good."""
    return set()


def test_the_process_that_is_killed_does_what_an_undisturbed_one_does(script, attempt, undisturbed):
    path = script.copy()
    assert attempt(path)[0] == 0
    assert stored_rows(path) == undisturbed[0]


def test_every_request_and_every_statement_that_writes_is_a_step(steps, sandbox):
    """The requests as Fortnox saw them, and the tables that an import and a save change."""
    sent = [step for step in steps if step.startswith(("GET", "POST"))]
    asked = [f"{call.method} {call.path[1:]}" for call in sandbox.asked[-len(sent) :]]
    assert Counter(sent) == Counter(asked)
    assert Counter(sent) == Counter(
        step.removeprefix("answer to ") for step in steps if step.startswith("answer to ")
    )
    for table in ("runs", "run_rows", "state", "payments", "pending"):
        assert any(step == f"INSERT INTO {table}" for step in steps), table
    assert {"UPDATE invoices SET", "UPDATE definitions SET", "login", "imported"} <= set(steps)
    assert sent.count("POST oauth-v1/token") == 2
    assert steps.count("BEGIN IMMEDIATE") == steps.count("COMMIT") >= 10


@pytest.mark.parametrize("part", range(PARTS))
def test_an_import_that_is_killed_at_any_step_is_made_good_by_the_next(
    script, sandbox, attempt, steps, undisturbed, *, made_good, part
):
    """Nothing lost, nothing twice, and a save is there whole or not at all."""
    before, after = registered(script.base), len(undisturbed[0]["payments"])
    wrong = []
    for step in steps_of_part(telling_steps(steps), part):
        path = script.copy()
        ended, taken = attempt(path, die_at=step)
        told = f"killed at step {step}"
        if found := kill_error(ended, taken, steps, step):
            wrong.append(f"{told}: {found}")
        if found := integrity_errors(path):
            wrong.append(f"{told}: the database is damaged: {found}")
        there = registered(path)
        if len(there) not in {len(before), after}:
            wrong.append(f"{told}: {there} are registered")
        with Store.open(path) as store:
            left = content_digest(store)
        if left in made_good:
            continue
        sandbox.faults.clear()
        outcome = script.run(sandbox, path)
        expected = undisturbed[there != before]
        if outcome.rows == expected:
            made_good.add(left)
            continue
        different = [t for t in expected if (outcome.rows or {}).get(t) != expected[t]]
        wrong.append(f"{told}: then exit status {outcome.status}, other {different}")
    assert wrong == []
    assert len(steps) > 100


ON_THEIR_WAY = "all on their way"
ANSWERS = [
    ("answer to GET 3/invoicepayments", 2),
    ("answer to GET 3/invoicepayments", 3),
    ("answer to GET 3/invoicepayments/18", 1),
]


@pytest.mark.parametrize("step", [(ON_THEIR_WAY, 1), *ANSWERS])
def test_an_import_that_is_killed_with_requests_on_their_way_is_made_good_by_the_next(
    script, sandbox, attempt, steps, undisturbed, *, step
):
    """When all have left and none is answered, and at each of their answers."""
    path = script.copy()
    ended, taken = attempt(path, die_at=step, together=TOGETHER)
    assert kill_error(ended, taken, [*steps, ON_THEIR_WAY], step) is None
    until = taken[: taken.index(ON_THEIR_WAY)]
    begun = [name for name in until if name.startswith("GET")]
    answered = [name for name in until if name.startswith("answer to GET")]
    assert len(begun) - len(answered) == TOGETHER
    assert integrity_errors(path) == []
    assert registered(path) == registered(script.base)
    sandbox.faults.clear()
    assert script.run(sandbox, path).rows == undisturbed[0]


def test_a_preview_of_a_killed_import_can_be_saved(script, attempt, undisturbed):
    """What was imported needs no second reading: only the save was lost."""
    path = script.copy()
    attempt(path, die_at=("imported", 1))
    with Store.open(path) as store:
        Host(store, Plugins(), clock=lambda: SECOND_DAY, user="kim").save(NAME)
    assert stored_rows(path) == undisturbed[0]


def test_a_database_that_was_killed_at_its_making_can_be_made_again(killed, tmp_path):
    _, steps = killed.do("create", db=str(tmp_path / "whole.db"))
    assert steps.count("COMMIT") == 1
    wrong = []
    for index, step in enumerate(telling_steps(steps)):
        path = tmp_path / f"{index}.db"
        ended, taken = killed.do("create", die_at=step, db=str(path))
        if found := kill_error(ended, taken, steps, step):
            wrong.append(f"{step}: {found}")
        try:
            Store.create(path).close()
        except HostError as error:
            if error.code != "DATABASE_EXISTS" or integrity_errors(path):
                wrong.append(f"killed at step {step}: {error.code}")
    assert wrong == []
