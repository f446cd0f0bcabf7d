"""Processes that do a task and are killed in it, for tests of sudden ends.

A test file takes the fixtures over by assigning them to names of its own, and
has one for its ``script``.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
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
    """Give one of the parts of some steps, all of which together are all of them."""
    steps = list(steps)
    return steps[len(steps) * part // PARTS : len(steps) * (part + 1) // PARTS]


def content(store):
    """Tell all that is in a database, but for the random names of its runs, by a digest.

    What comes next is the same for two of the same content, and is tried once.
    """
    text = "\n".join(store.db.iterdump())
    return hashlib.sha256(re.sub(r"\b[0-9a-f]{32}\b", "run", text).encode()).hexdigest()


class Victims:
    """Does tasks of ``killed_import.py`` in processes that are killed at a step."""

    def __init__(self, trace):
        self._trace = trace
        self._nursery = subprocess.Popen(
            [sys.executable, "-P", str(TESTS / "killed_import.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parent, TESTS)))},
        )

    def do(self, what, *, die_at=0, **task):
        """Do a task, and kill it at its step of this number, counted from 1; 0 for never.

        :return: how the process ended, and the steps that it began.
        """
        self._trace.unlink(missing_ok=True)
        task |= {"what": what, "die_at": die_at, "trace": str(self._trace)}
        self._nursery.stdin.write(json.dumps(task) + "\n")
        self._nursery.stdin.flush()
        ended = int(self._nursery.stdout.readline())
        steps = self._trace.read_text(encoding="utf-8") if self._trace.exists() else ""
        return ended, steps.splitlines()

    def close(self):
        self._nursery.stdin.close()
        self._nursery.wait()
        self._nursery.stdout.close()


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
def victims(folder):
    victims = Victims(folder / "trace")
    yield victims
    victims.close()


@pytest.fixture(scope="module")
def sandbox(script):
    with script.sandbox() as sandbox:
        yield sandbox
