"""Processes that do a task and are killed in it, for tests of sudden ends.

A test file takes the fixtures over by assigning them to names of its own, and
has one for its ``script``.
"""

import hashlib
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
from scripted_import import ask_for_small_pages

TESTS = Path(__file__).parent

#: A killed process loses nothing of what it has handed to the system, so that
#: memory will do for a disk here, and saves most of the time.
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there


@contextmanager
def quick_folder():
    """Make a folder where writing takes no time, if the system has such a place."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


#: Steps are cut into so many tests, for workers that share the work.
PARTS = 8


def cut(steps, part):
    """Return one of the parts of some steps, all of which together are all of them."""
    steps = list(steps)
    return steps[len(steps) * part // PARTS : len(steps) * (part + 1) // PARTS]


def each(steps):
    """Return each step as its name and how often it was taken by then, counted from 1."""
    taken = Counter()
    for name in steps:
        taken[name] += 1
        yield name, taken[name]


def missed(ended, taken, steps, die_at):
    """Tell how a kill was not the one that was meant; nothing where it was.

    What others did meanwhile has no order, but is what an undisturbed run does.
    """
    if ended != -signal.SIGKILL:
        return f"it ended with {ended}"
    last = list(each(taken))[-1]
    if last != die_at:
        return f"it was killed at {last}"
    strange = Counter(taken) - Counter(steps)
    return f"it took other steps: {dict(strange)}" if strange else None


def settle(sandbox):
    """Wait until the sandbox has dealt with all that a process which is gone has sent it."""
    server, tasks = sandbox._server, sandbox._server.task_dispatcher
    # Connections are accepted in turn: when ours was, all of that process were.
    with socket.create_connection((server.effective_host, int(server.effective_port))) as ours:
        ours.shutdown(socket.SHUT_WR)
        ours.recv(1)
    while server.active_channels or tasks.queue or tasks.active_count:
        threading.Event().wait(0.001)


def content(store):
    """Tell all that is in a database, but for the random names of its runs, by a digest.

    What comes next is the same for two of the same content, and is tried once.
    """
    text = "\n".join(store.db.iterdump())
    return hashlib.sha256(re.sub(r"\b[0-9a-f]{32}\b", "run", text).encode()).hexdigest()


class KilledProcesses:
    """Does tasks of ``killed_import.py`` in processes that are killed at a step."""

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
        """Do a task, and kill it at a step.

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
        ask_for_small_pages(patch)
        yield


@pytest.fixture(scope="module")
def folder():
    with quick_folder() as folder:
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
