"""An export that is killed at any step is finished by the next one, and nothing is sent twice.

A real process is ended with SIGKILL at each request, each answer and each statement that
writes, one after the other, but for those at which it leaves what it leaves at another.
"""

import functools
import itertools
import os
import pickle
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import killed_process
import pytest
from invoice_export import new_sandbox
from killed_process import (
    PARTS,
    content_digest,
    kill_error,
    memory_folder,
    steps_of_part,
    telling_steps,
    wait_until_idle,
)
from own_process import Program
from scripted_export import (
    NAME,
    TOTALS,
    BillScript,
    ChangeScript,
    ExportScript,
    build_invoice,
    fresh_code,
    send,
)
from scripted_import import integrity_errors

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Fault, Match
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.errors import FortnoxError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL and no fork here")

folder, killed = killed_process.folder, killed_process.killed


@pytest.fixture(scope="module")
def script(folder):
    with ExportScript(folder) as script:
        yield script


@pytest.fixture(scope="module")
def changed():
    with memory_folder() as folder, ChangeScript(folder) as script:
        yield script


@pytest.fixture(scope="module")
def bills():
    with memory_folder() as folder, BillScript(folder) as script:
        yield script


@pytest.fixture(scope="module")
def attempt(killed, script):
    """Send in a process that is killed at a step."""

    def attempt(path, die_at=None, script=script, **more):
        ended = killed.do(
            "export",
            die_at=die_at,
            db=str(path),
            code=fresh_code(script.sandbox),
            configuration=script.sandbox.environment(),
            **more,
        )
        wait_until_idle(script.sandbox)
        return ended

    return attempt


@pytest.fixture(scope="module")
def steps_of(attempt):
    """Return the steps of an undisturbed export of a script."""

    @functools.cache
    def steps_of(script):
        path = script.copy()
        ended, steps = attempt(path, script=script)
        assert (ended, script.wrong(path)) == (0, [])
        return steps

    return steps_of


def test_every_request_and_every_statement_that_writes_is_a_step(script, attempt):
    path = script.copy()
    _, steps = attempt(path)
    sent = [step for step in steps if step.startswith(("GET", "POST", "PUT"))]
    asked = [f"{call.method} {call.path[1:]}" for call in script.sandbox.asked]
    assert Counter(sent) == Counter(asked)
    for table in ("export_log", "exported_items"):
        assert any(step == f"INSERT INTO {table}" for step in steps), table
    assert steps.count("BEGIN IMMEDIATE") == steps.count("COMMIT") >= 10


def test_every_kind_of_request_is_among_the_steps(steps_of, script, changed, bills):
    kinds = {
        script: {
            "POST 3/invoices": 3,
            "POST 3/customers": 2,
            "PUT 3/invoices/10301/externalprint": 1,
            "POST api/fileattachments/attachments-v1": 1,
        },
        changed: {"PUT 3/invoices/10301": 1, "PUT 3/customers/1043": 1},
        bills: {
            "POST 3/supplierinvoices": 3,
            "PUT 3/suppliers/LASSE": 1,
            "POST 3/suppliers": 1,
            "POST 3/inbox": 1,
        },
    }
    for one, counts in kinds.items():
        steps = steps_of(one)
        assert {name: steps.count(name) for name in counts} == counts
        assert len(telling_steps(steps)) >= 40


def unfinished(script, path):
    """Tell what the next export does not finish; of what was left alike, once."""
    with Store.open(path) as store:
        left = content_digest(store, pickle.dumps(script.sandbox.state.snapshot()))
    if left in script.finished:
        return []
    script.finished.add(left)
    script.export(path)
    return script.wrong(path)


def wrong_after_kills(script, attempt, steps, part):
    """Kill an export at each step of a part of them, and tell what is wrong then."""
    wrong = []
    for step in steps_of_part(telling_steps(steps), part):
        path = script.copy()
        ended, taken = attempt(path, die_at=step, script=script)
        told = f"killed at step {step}"
        if found := kill_error(ended, taken, steps, step):
            wrong.append(f"{told}: {found}")
        if found := integrity_errors(path):
            wrong.append(f"{told}: the database is damaged: {found}")
        wrong += [f"{told}: {problem}" for problem in unfinished(script, path)]
    return wrong


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("of", ["script", "changed", "bills"])
def test_an_export_that_is_killed_at_any_step_is_finished_by_the_next(
    request, attempt, steps_of, of, part
):
    """Each item is in Fortnox once and right, the host knows it, and who is paid was confirmed."""
    script = request.getfixturevalue(of)
    assert wrong_after_kills(script, attempt, steps_of(script), part) == []


def test_taking_back_that_is_killed_at_any_step_is_finished_by_the_next(changed, attempt):
    ended, steps = attempt(changed.copy(), script=changed, cancel="10303")
    assert (ended, changed.cancelled()) == (0, [10303])
    wrong = []
    for step in telling_steps(steps):
        path = changed.copy()
        ended, taken = attempt(path, die_at=step, script=changed, cancel="10303")
        told = f"killed at step {step}"
        if found := kill_error(ended, taken, steps, step):
            wrong.append(f"{told}: {found}")
        with Store.open(path) as store:
            host = changed.host(store)
            before = {item.item_number: item.state for item in host.exportable(NAME)}["10303"]
            if before != "cancelled":
                host.cancel(NAME, "10303")
            after = {item.item_number: item.state for item in host.exportable(NAME)}["10303"]
        if (changed.cancelled(), after) != ([10303], "cancelled"):
            wrong.append(f"{told}: Fortnox {changed.cancelled()}, host {before}, then {after}")
    assert wrong == []


# --- answers that are lost ---------------------------------------------------------

LOST = {
    "500 after the effect": Fault(500, performed=True),
    "500 before": Fault(500),
    "reset after the effect": Fault.reset(performed=True),
    "reset before": Fault.reset(),
    "half an answer": Fault.truncated(),
    "a page": Fault.html(),
}

#: For these the answer of the repeated request is lost, too.
TWICE = {"500 after the effect", "500 before"}
#: A question is repeated, and has no effect: these answer it never.
FOR_EVER = {"500 before", "half an answer", "a page"}


@pytest.mark.parametrize("name", LOST)
def test_an_answer_that_is_lost_at_any_request_makes_nothing_double(script, steps_of, name):
    """Whether the export goes on or ends with an error, the next one finishes it."""
    assert doubles(script, steps_of(script), name) == []


@pytest.mark.parametrize("name", ["500 after the effect", "reset before", "half an answer"])
def test_an_answer_that_is_lost_at_any_request_makes_no_bill_double(bills, steps_of, name):
    """Each kind of the answers above once: bills share their sending with invoices."""
    assert doubles(bills, steps_of(bills), name) == []


def how_often(name, method):
    """Return how often in a row an answer is lost; ``None`` for always."""
    if method == "GET":
        return [None] if name in FOR_EVER else []
    return [1, 2] if name in TWICE else [1]


def doubles(script, steps, name):
    """Lose each answer of an export, and tell what the next one does not finish."""
    kinds = Counter(step for step in steps if step.startswith(("GET", "POST", "PUT")))
    wrong = []
    for kind, count in kinds.items():
        method, _, where = kind.partition(" ")
        for after, times in itertools.product(range(count), how_often(name, method)):
            path = script.copy()
            match = Match(method, f"/{where}")
            script.sandbox.faults.add(replace(LOST[name], match=match, after=after, times=times))
            with Store.open(path) as store:
                try:
                    send(script.host(store))
                except (HostError, FortnoxError) as error:
                    ended = error.code
                else:
                    ended = "well"
            script.sandbox.faults.clear()
            told = f"{name}: {kind} {after + 1}, {times} times, ended {ended}"
            wrong += [f"{told}: {problem}" for problem in unfinished(script, path)]
    return wrong


# --- two at once --------------------------------------------------------------------


@pytest.fixture
def fortnox():
    with new_sandbox() as sandbox:
        yield sandbox


def office(folder, sandbox):
    """Make a folder with a database whose preview was shown, and hostsim in it."""
    program = Program(folder, sandbox)
    invoices = [
        build_invoice(str(number), (("3001", f"{total * 4 / 5}", f"{total / 5}"),))
        for number, total in TOTALS.items()
    ]
    with Store.create(folder / "hostsim.db") as store:
        store.load_invoices(invoices)
        host = Host(store, Plugins([("fortnox", hooks)]))
        values = {"export_from_date": "2026-01-01"}
        host.define_export(NAME, "FortnoxAPI", "invoices", "", values)
    program.run("export", NAME, "--json")
    return program


def send_alone(program):
    process = program.start("export", NAME, "--send", "--json", stdout=subprocess.DEVNULL)
    return process.wait(timeout=120)


def there(sandbox):
    return {invoice.number: invoice.total for invoice in sandbox.state.company().invoices()}


def test_of_two_exports_of_one_host_one_is_refused(fortnox, tmp_path):
    """The second begins and ends while the first waits for an answer."""
    program = office(tmp_path / "one", fortnox)
    ended = []

    def meanwhile(asked):
        if asked.method == "POST" and asked.path == "/3/invoices" and not ended:
            ended.append("begun")
            ended.append(send_alone(program))
        return False

    fortnox.faults.add(Fault(match=meanwhile, times=None))
    assert send_alone(program) == 0
    assert ended == ["begun", 6]
    assert there(fortnox) == TOTALS
    assert len(fortnox.state.company().invoices()) == len(TOTALS)


def test_two_hosts_that_export_the_same_at_once_make_each_invoice_once(script, folder):
    """Two databases share no lock: the number and our mark tell that it is there."""
    one = script.copy()
    other = shutil.copy(script.base, folder / "other.db")
    script.sandbox.latency.set(0.1, 0.3, match=Match("POST"))

    def export(path):
        with Store.open(path) as store:
            return send(script.host_beside(store)).counts["sent"]

    with ThreadPoolExecutor() as pool:
        assert sum(pool.map(export, (one, other))) >= len(TOTALS)
    # A file is put there before it is attached, so that each of them may have put one.
    expected = [] if len(script.files) == 1 else ["2 files"]
    for path in (one, other):
        script.export(path)
        assert script.wrong(path) == expected
