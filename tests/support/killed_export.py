"""Kills an export before each commit, and reports what the next export does.

A program of its own, since a process with threads does not fork. Takes a folder and a subject; of
bills, the supplier's bankgiro changes and is confirmed. Prints a JSON list: for each commit its
statements, what was sent before and in all, with how the supplier was paid then, and how each item
stands.
"""

import itertools
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from fake_export import SETTINGS, FakeExport, load, send_all

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.export_previews import LISTS
from hostsim.storage.store import Store

NUMBERS = ["10301", "10302", "10303"]
BEFORE = "111-1111"


class Same:
    """Content of which only the number is known: equal to any other."""

    def __eq__(self, other):
        return True

    __hash__ = None


class Ledger(dict):
    """The sent items, in a file that survives the process."""

    def __init__(self, path):
        self._path = path
        lines = path.read_text().split() if path.exists() else []
        super().__init__(dict.fromkeys(lines, Same()))

    def __setitem__(self, item_id, invoice):
        with self._path.open("a") as file:
            file.write(f"{item_id}\n")
        super().__setitem__(item_id, invoice)


class Bankgiros(dict):
    """The bankgiro that the supplier is paid to, in another file."""

    def __init__(self, path):
        self._path = path
        super().__init__(LASSE=path.read_text() if path.exists() else BEFORE)

    def update(self, changes):
        for supplier, bankgiro in changes:
            self._path.write_text(bankgiro)
            self[supplier] = bankgiro


def build_host(store, folder):
    ledger, bankgiros = Ledger(folder / "ledger"), Bankgiros(folder / "bankgiro")
    plugin = FakeExport(there=ledger, bankgiros=bankgiros)
    return Host(store, Plugins([("fake", plugin)]), user="kim")


def export(host):
    """Export, confirm the shown bank changes, and send all items."""

    def review(preview, _):
        for change in list(preview.bank_changes()):
            host.confirm_bank("ut", change.party_number, preview.run_id)
        return host.export_run(preview.run_id).ids()

    host.export("ut", review=review)


def killing_store(step, trace):
    """Make a class of stores that kills the process before its nth commit.

    A kill at another statement of a transaction leaves the same: it is undone whole.
    """
    statements = []
    commits = itertools.count(1)

    def traced(statement):
        statements.append(" ".join(statement.split()[:3]))
        if statement == "COMMIT":
            trace.write_text(json.dumps(statements))
            statements.clear()
            if next(commits) == step:
                os.kill(os.getpid(), signal.SIGKILL)

    class Killing(Store):
        def _connect(self):
            connection = super()._connect()
            connection.set_trace_callback(traced)
            return connection

    return Killing


def export_killed_at(step, folder):
    """Export in a child process and kill it; return whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with killing_store(step, folder / "trace").open(folder / "host.db") as store:
                export(build_host(store, folder))
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return True
    if os.WEXITSTATUS(ended):
        raise SystemExit("the child failed")
    return False


def main(folder, subject):
    template = folder / "template.db"
    with Store.create(template) as store:
        for number in NUMBERS:
            load(store, subject, number)
        build_host(store, folder).define_export("ut", "Fake", subject, "", SETTINGS)
    results, step = [], 0
    while True:
        step += 1
        for old in ("host.db", "host.db-wal", "host.db-shm", "ledger", "bankgiro"):
            (folder / old).unlink(missing_ok=True)
        shutil.copy(template, folder / "host.db")
        if not export_killed_at(step, folder):
            break
        with Store.open(folder / "host.db") as store:
            host = build_host(store, folder)
            left = {item.item_number: item.state for item in host.exportable("ut")}
            sent_before = list(Ledger(folder / "ledger"))
            paid_before = Bankgiros(folder / "bankgiro")["LASSE"]
            host.export("ut", review=send_all)
            sent_unattended = list(Ledger(folder / "ledger"))
            paid_unattended = Bankgiros(folder / "bankgiro")["LASSE"]
            confirmed = store.db.execute("SELECT count(*) FROM bank_confirmations").fetchone()[0]
            export(host)
            remainder = host.export("ut")
            results.append(
                {
                    "statements": json.loads((folder / "trace").read_text()),
                    "left": left,
                    "sent_before": sent_before,
                    "paid_before": paid_before,
                    "sent_unattended": sent_unattended,
                    "paid_unattended": paid_unattended,
                    "confirmed": confirmed,
                    "sent": (folder / "ledger").read_text().split(),
                    "states": {item.item_number: item.state for item in host.exportable("ut")},
                    "rest": {
                        name: remainder.counts[name] for name in LISTS if remainder.counts[name]
                    },
                }
            )
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
