"""A process that stays signed in: told line by line what to do, for the tests of the stored login.

Its standard input holds a task in JSON, then a line for each time that its
threads are to ask Fortnox who they are signed in to; each is answered with a
line. With ``die_at`` it ends at once before the step of that number.
"""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from scripted_import import NAME

from hostsim.plugins.loading import Plugins
from hostsim.plugins.session import ImportSession
from hostsim.services.context import new_id
from hostsim.services.host import Host
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.store import Store
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.host import Host as HostSide
from opter_fortnox_plugin.login import stored_login
from opter_fortnox_plugin.login.tokens import TokenEndpoint


def nap(_):
    """Let others go on; nothing here depends on how long that is."""
    threading.Event().wait(0.01)


def nobody():
    raise AssertionError("a person was asked to sign in")


class Steps:
    """Counts the steps of a refresh, and ends the process without a word before one of them."""

    def __init__(self, die_at):
        self._left = die_at
        os.fsync = self._before(os.fsync)
        Path.replace = self._before(Path.replace)

    def take(self):
        self._left -= 1
        if self._left == 0:
            os._exit(9)

    def _before(self, do):
        def told(*what):
            self.take()
            return do(*what)

        return told

    def transport(self):
        class Stepping(Transport):
            def send(_, method, url, **what):  # noqa: N805
                self.take()
                response = super().send(method, url, **what)
                self.take()
                return response

        return Stepping()


@contextmanager
def session(store, configuration, transport, log_in=nobody):
    """Stay signed in as an import does; give a client."""
    host = Host(store, Plugins([("fortnox", hooks)]), configuration=configuration)
    values = Configuration.of(configuration, {})
    run = ImportRun(store, new_id(), store.definition(NAME))
    with host._session(ImportSession, run) as reading:
        side = HostSide(reading.run, sleep=nap)
        endpoint = TokenEndpoint(transport, values, nap)
        with stored_login.signed_in(side, endpoint, stay=True, log_in=log_in) as signed_in:
            yield Client(
                values.api_url,
                transport,
                signed_in,
                RateLimiter(sleep=nap, requests=1_000_000),
                sleep=nap,
                waiting=lambda what, seconds: None,
            )


def main():
    task = json.loads(sys.stdin.readline())
    transport = Steps(task["die_at"]).transport() if "die_at" in task else Transport()
    threads = task.get("threads", 1)
    with (
        Store.open(task["db"]) as store,
        session(store, task["configuration"], transport) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        print("signed in", flush=True)  # noqa: T201 - read by the test
        for _ in sys.stdin:
            together = threading.Barrier(threads)

            def ask(_, together=together):
                together.wait()
                return client.company().number

            print(json.dumps(list(pool.map(ask, range(threads)))), flush=True)  # noqa: T201
    transport.close()


if __name__ == "__main__":
    main()
