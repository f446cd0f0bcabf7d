"""Runs imports that kill themselves at a step, each in a process of its own.

Reads one task in JSON from each line of standard input, forks, lets the child
do it, and answers with a line: the signal that ended the child, or its status.
The child writes the name of each step before it takes it. Forking saves most
of the time that a new interpreter would need.
"""

import builtins
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from scripted_import import NAME, SECOND_DAY, FakeTime, ask_for_small_pages, host_of

from hostsim.store import Store
from opter_fortnox_plugin.transport import Transport


class Steps:
    """Counts steps, and ends the process without a word at one of them."""

    def __init__(self, die_at, trace):
        self._left = die_at
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def take(self, name):
        os.write(self._trace, f"{name}\n".encode())
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def store_with(steps):
    """Make a kind of store for which every statement that writes is a step."""

    def traced(statement):
        if not statement.startswith(("SELECT", "PRAGMA foreign_keys")):
            steps.take(" ".join(statement.split()[:3]))

    class Traced(Store):
        def _connect(self):
            connection = super()._connect()
            connection.set_trace_callback(traced)
            return connection

    return Traced


def transport_with(steps):
    """Make a transport for which each request, and each answer, is a step."""

    class Stepping(Transport):
        def send(self, method, address, **what):
            path = address.partition("//")[2].partition("/")[2]
            steps.take(f"{method} {path}")
            reply = super().send(method, address, **what)
            steps.take(f"answer to {method} {path}")
            return reply

    return Stepping


def create(task, steps):
    store_with(steps).create(task["db"]).close()


def import_and_save(task, steps):
    time = FakeTime()
    ask_for_small_pages(builtins)
    with store_with(steps).open(task["db"]) as store:
        host = host_of(
            store,
            task["configuration"],
            lambda: task["code"],
            transport=transport_with(steps),
            time=time,
            now=SECOND_DAY,
            window=lambda: steps.take("login"),
        )
        host.import_payments(NAME)
        steps.take("imported")
        host.save(NAME)
        steps.take("saved")


def do(task):
    """Do a task in this process, and end it."""
    status = 1
    try:
        steps = Steps(task["die_at"], Path(task["trace"]))
        {"create": create, "import": import_and_save}[task["what"]](task, steps)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the child may run on in its parent's place
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        do(json.loads(line))
    _, ended = os.waitpid(child, 0)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
    sys.stdout.flush()
