"""Processes that are killed during a task, for tests of crashes.

A test file assigns the fixtures to its own names, and has a fixture ``script``.
"""

import hashlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripted_import import use_small_pages

TESTS = Path(__file__).parent

#: A killed process loses nothing that it has written to the system, so a file
#: system in memory suffices here, and saves most of the time.
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there


@contextmanager
def memory_folder():
    """Make a temporary folder, in memory if the system has such a place."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


#: Of runs, and of files in Fortnox.
RANDOM_ID = re.compile(rb"\b[0-9a-f]{32}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Steps are cut into so many tests, for workers that share the work.
PARTS = 8


def steps_of_part(steps, part):
    """Return one of :data:`PARTS` parts of the steps."""
    steps = list(steps)
    return steps[len(steps) * part // PARTS : len(steps) * (part + 1) // PARTS]


def numbered_steps(steps):
    """Yield each step as its name and its count so far, from 1."""
    taken = Counter()
    for name in steps:
        taken[name] += 1
        yield name, taken[name]


#: A kill at a step leaves what the steps before it left. After these it is what it was before them.
LEAVE_NOTHING = ("GET ", "answer to GET ")


def undone(steps):
    """Yield of each step whether a transaction undoes it; a kill at its COMMIT stands for all."""
    inside = False
    for step in steps:
        inside = step == "BEGIN IMMEDIATE" or (inside and step != "COMMIT")
        yield inside and step.startswith(("BEGIN", "CREATE", "INSERT", "UPDATE", "DELETE"))


def telling_steps(steps):
    """Return the numbered steps at which a kill may leave something of its own.

    Of more than three statements, or transactions of one statement, that are
    alike and follow each other, the first, the middle and the last tell enough.
    """
    chunks, at = [], 0
    while at < len(steps):
        small = steps[at] == "BEGIN IMMEDIATE" and steps[at + 2 : at + 3] == ["COMMIT"]
        chunks.append(range(at, at + (3 if small else 1)))
        at = chunks[-1].stop
    numbered, telling = list(numbered_steps(steps)), []
    for _, alike in itertools.groupby(chunks, lambda chunk: [steps[at] for at in chunk]):
        row = list(alike)
        if len(row) > 3:
            row = [row[0], row[len(row) // 2], row[-1]]
        telling += [at for chunk in row for at in chunk]
    is_undone = list(undone(steps))
    return [
        numbered[at]
        for at in telling
        if not is_undone[at] and not (at and steps[at - 1].startswith(LEAVE_NOTHING))
    ]


def kill_error(ended, taken, steps, die_at):
    """Return how a kill differs from the intended one; ``None`` if it does not.

    Other threads' steps have no order, but are those of an undisturbed run.
    """
    if ended != -signal.SIGKILL:
        return f"it ended with {ended}"
    last = list(numbered_steps(taken))[-1]
    if last != die_at:
        return f"it was killed at {last}"
    unexpected = Counter(taken) - Counter(steps)
    return f"it took other steps: {dict(unexpected)}" if unexpected else None


def wait_until_idle(sandbox):
    """Wait until the sandbox has processed all requests of a process that has ended."""
    server, tasks = sandbox._server, sandbox._server.task_dispatcher
    # Connections are accepted in turn: when ours was, all of that process were.
    with socket.create_connection((server.effective_host, int(server.effective_port))) as ours:
        ours.shutdown(socket.SHUT_WR)
        ours.recv(1)
    while server.active_channels or tasks.queue or tasks.active_count:
        threading.Event().wait(0.001)


def content_digest(store, *beside, without=""):
    """Return a digest of a database and of what is beside it, without random ids, or a table.

    What is equal but for when the last requests were made goes on alike, so one of them is tested.
    """
    leave_out = (f'INSERT INTO "{without}" ', "INSERT INTO \"state\" VALUES('FortnoxAPI','pace/")
    rows = (line for line in store.db.iterdump() if not line.startswith(leave_out))
    content = b"\n".join([*(row.encode() for row in rows), *beside])
    return hashlib.sha256(RANDOM_ID.sub(b"id", content)).hexdigest()


class KilledProcesses:
    """Runs tasks of ``killed_import.py`` in processes that are killed at a step."""

    def __init__(self, trace):
        self._trace = trace
        self._parent = subprocess.Popen(
            [sys.executable, "-P", str(TESTS / "killed_import.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parents[1], TESTS)))},
        )

    def do(self, what, *, die_at=None, **task):
        """Run a task, and kill it at a step.

        :param die_at: the name of the step, and when it is taken, counted from 1;
            ``None`` for never.
        :return: how the process ended, and the steps that it began.
        """
        self._trace.unlink(missing_ok=True)
        task |= {"what": what, "die_at": die_at, "trace": str(self._trace)}
        self._parent.stdin.write(json.dumps(task) + "\n")
        self._parent.stdin.flush()
        ended = int(self._parent.stdout.readline())
        steps = self._trace.read_text(encoding="utf-8") if self._trace.exists() else ""
        return ended, steps.splitlines()

    def close(self):
        self._parent.stdin.close()
        self._parent.wait()
        self._parent.stdout.close()


# --- Fixtures ---


@pytest.fixture(scope="module", autouse=True)
def small_pages():
    with pytest.MonkeyPatch.context() as patch:
        use_small_pages(patch)
        yield


@pytest.fixture(scope="module")
def folder():
    with memory_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def killed(folder):
    killed = KilledProcesses(folder / "trace")
    yield killed
    killed.close()


@pytest.fixture(scope="module")
def sandbox(script):
    with script.sandbox() as sandbox:
        yield sandbox
