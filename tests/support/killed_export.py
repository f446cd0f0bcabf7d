"""Kills an export before each statement that writes, and after each one is what comes next told.

A program of its own, since a process with threads does not fork. Prints a JSON list: for
each step its name, what was sent in all, how each invoice stands, and the next preview's lists.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from fake_export import SETTINGS, FakeExport, everything, loaded

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.export_previews import LISTS
from hostsim.storage.store import Store

NUMBERS = ["10301", "10302", "10303"]


class Same:
    """An invoice of which only its number is known: what is compared with it is the same."""

    def __eq__(self, other):
        return True

    __hash__ = None


class Ledger(dict):
    """What was sent, in a file that outlives the sender."""

    def __init__(self, path):
        self._path = path
        lines = path.read_text().split() if path.exists() else []
        super().__init__(dict.fromkeys(lines, Same()))

    def __setitem__(self, item_id, invoice):
        with self._path.open("a") as file:
            file.write(f"{item_id}\n")
        super().__setitem__(item_id, invoice)


def host_over(store, ledger):
    return Host(store, Plugins([("fake", FakeExport(there=Ledger(ledger)))]), user="kim")


def killing(step, trace):
    """Make a kind of store that ends the process before its nth statement that writes."""
    taken = []

    def traced(statement):
        if statement.startswith(("SELECT", "PRAGMA", "--")):
            return
        taken.append(statement)
        trace.write_text(" ".join(statement.split()[:3]))
        if len(taken) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    class Killing(Store):
        def _connect(self):
            connection = super()._connect()
            connection.set_trace_callback(traced)
            return connection

    return Killing


def killed_at(step, path, ledger, trace):
    """Export in a child, and kill it; tell whether it was."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with killing(step, trace).open(path) as store:
                host_over(store, ledger).export("ut", review=everything)
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return True
    if os.WEXITSTATUS(ended):
        raise SystemExit("the child failed")
    return False


def main(folder):
    template = folder / "template.db"
    with Store.create(template) as store:
        store.load_invoices(loaded(number) for number in NUMBERS)
        host_over(store, folder / "none").define_export("ut", "Fake", "invoices", "", SETTINGS)
    told, step = [], 0
    while True:
        step += 1
        path, ledger, trace = folder / "host.db", folder / "ledger", folder / "trace"
        for old in (path, ledger, folder / "host.db-wal", folder / "host.db-shm"):
            old.unlink(missing_ok=True)
        shutil.copy(template, path)
        if not killed_at(step, path, ledger, trace):
            break
        with Store.open(path) as store:
            host = host_over(store, ledger)
            left = {one.item_number: one.state for one in host.exportable("ut")}
            sent_before = ledger.read_text().split() if ledger.exists() else []
            host.export("ut", review=everything)
            rest = host.export("ut")
            told.append(
                {
                    "step": trace.read_text(),
                    "left": left,
                    "sent_before": sent_before,
                    "sent": ledger.read_text().split(),
                    "states": {one.item_number: one.state for one in host.exportable("ut")},
                    "rest": {name: rest.counts[name] for name in LISTS if rest.counts[name]},
                }
            )
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
