"""Runs imports and exports that kill themselves at a step, each in a new process.

Reads one task in JSON from each line of standard input, forks, lets the child
do it, and prints a line: the signal that ended the child, or its status.
The child writes the name of each step before it takes it. Forking saves most
of the time that a new interpreter would need.

Requests run in parallel, in no fixed order. So a step is identified by its name
and its count; the thread that takes it blocks the others, so that it is the last
that was written.

A task with a ``limit`` has no steps: the system ends the child in the write
that would make a file longer than this number of bytes.
"""

import builtins
import itertools
import json
import os
import resource
import signal
import sys
import threading
import traceback
import types
from collections import Counter
from decimal import Decimal
from pathlib import Path

import code_blocks
import scripted_export
from scripted_import import NAME, SECOND_DAY, FakeTime, build_host, use_small_pages

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_contract import hookimpl
from opter_fortnox_plugin.fortnox.http import Transport


class Steps:
    """Counts steps by name, and kills the process at one of them."""

    def __init__(self, die_at, trace):
        self._die_at = die_at
        self._taken = Counter()
        self._lock = threading.Lock()
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if trace else None

    def take(self, name):
        if self._trace is None:
            return
        with self._lock:
            os.write(self._trace, f"{name}\n".encode())
            self._taken[name] += 1
            if [name, self._taken[name]] == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)


def store_with(steps):
    """Make a class of stores for which every writing statement is a step."""

    def traced(statement):
        # A trigger is told as a comment; it is part of the statement that it follows. Of what is
        # set and looked up, only the log's moving writes anything by itself.
        words = " ".join(statement.split()[:3])
        moves = words.startswith("PRAGMA wal_checkpoint")
        if moves or not words.startswith(("SELECT", "PRAGMA", "--")):
            steps.take(words)

    class Traced(Store):
        def _connect(self):
            connection = super()._connect()
            connection.set_trace_callback(traced)
            return connection

    return Traced


def transport_with(steps, together=0):
    """Make a transport for which each request, and each response, is a step.

    :param together: the number of requests after the first list that are all sent before
        any response is read. That all are sent is a step, too.
    """
    meeting = threading.Barrier(
        together or 1, action=lambda: steps.take("all on their way"), timeout=20.0
    )
    positions = itertools.count()

    class Stepping(Transport):
        mine = threading.local()

        @property
        def sent(self):
            return self._left

        @sent.setter
        def sent(self, told):
            self._told = told

        def _left(self):
            self._told()
            if getattr(self.mine, "meets", False):
                meeting.wait()

        def send(self, method, url, **what):
            path = url.partition("//")[2].partition("/")[2]
            steps.take(f"{method} {path}")
            # The company and the first list come first, and alone.
            self.mine.meets = path.startswith("3/") and 2 <= next(positions) < 2 + together
            response = super().send(method, url, **what)
            steps.take(f"answer to {method} {path}")
            return response

    return Stepping


def stepping(steps, name, do):
    """Wrap a function so that each call, and each return, is a step."""

    def wrapped(*arguments):
        steps.take(name)
        result = do(*arguments)
        steps.take(f"after {name}")
        return result

    return wrapped


def die_at_limit(task):
    """Make the system end this process if a file would exceed the task's limit."""
    if "limit" not in task:
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (task["limit"], hard_limit))


def create(task, steps):
    store_with(steps).create(task["db"]).close()


def save(task, steps):
    with store_with(steps).open(task["db"]) as store:
        die_at_limit(task)
        Host(store, Plugins(), clock=lambda: SECOND_DAY, user="kim").save(NAME)
        steps.take("saved")


def ledger_in(folder, steps):
    """Make the ledger of the documentation, stored in a folder; each call of it is a step."""
    os.environ["LEDGER_FOLDER"] = folder
    ledger = types.ModuleType("ledger")
    exec(code_blocks.block(code_blocks.LEDGER), vars(ledger))  # noqa: S102 the page's own
    told = stepping(steps, "told", ledger.opter_books_changed)

    @hookimpl
    def opter_books_changed(changes):
        return told(changes)

    ledger.opter_books_changed = opter_books_changed
    return Plugins([("ledger", ledger)])


def listen(task, steps):
    """Save, enter and delete payments, with a listening ledger."""
    with store_with(steps).open(task["db"]) as store:
        plugins = ledger_in(task["folder"], steps)
        host = Host(store, plugins, clock=lambda: SECOND_DAY, user="kim")
        host.save(NAME)
        payment_id = host.add_payment("1001", Decimal("0.40"), confirm=True)
        host.delete_payment(payment_id, why="fel")


def close(task, steps):
    """Open and close a database, so that SQLite writes the WAL to the database file."""
    with store_with(steps).open(task["db"]):
        die_at_limit(task)


def import_and_save(task, steps):
    time = FakeTime(task["now"]) if "now" in task else FakeTime()
    use_small_pages(builtins)
    # These make a stored login durable, and nothing else uses them.
    os.fsync = stepping(steps, "fsync", os.fsync)
    Path.replace = stepping(steps, "replace", Path.replace)
    with store_with(steps).open(task["db"]) as store:
        die_at_limit(task)
        host = build_host(
            store,
            task["configuration"],
            lambda: task["code"],
            transport=transport_with(steps, task.get("together", 0)),
            time=time,
            now=SECOND_DAY,
            window=lambda: steps.take("login"),
        )
        host.import_payments(NAME)
        steps.take("imported")
        host.save(NAME)
        steps.take("saved")


def export(task, steps):
    """Send the shown export, as ``hostsim export NAME --send`` does; or cancel an invoice."""
    os.fsync = stepping(steps, "fsync", os.fsync)
    with store_with(steps).open(task["db"]) as store:
        host = scripted_export.exporting_host(
            store,
            task["configuration"],
            lambda: task["code"],
            transport=transport_with(steps, task.get("together", 0)),
            window=lambda: steps.take("login"),
        )
        if "cancel" in task:
            host.cancel(scripted_export.NAME, task["cancel"])
        else:
            scripted_export.send(host)
        steps.take("done")


def do(task):
    """Do a task in this process, and end it."""
    status = 1
    try:
        steps = Steps(task["die_at"], None if "limit" in task else Path(task["trace"]))
        {
            "create": create,
            "import": import_and_save,
            "save": save,
            "listen": listen,
            "close": close,
            "export": export,
        }[task["what"]](task, steps)
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
