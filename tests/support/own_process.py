"""hostsim in its own processes, as an administrator runs it, and a browser that signs in.

Run as a program, this module is the browser: ``own_process.py [PORT] ADDRESS``. With a
port it first tells the test there that it is up, and waits until it may go on.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

from hostsim.plugins.loading import Plugins
from hostsim.sandbox import scripted_login, seed
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_fortnox_plugin import hooks

TESTS = Path(__file__).parent
MODULE = Path(__file__).as_posix()


class Program:
    """hostsim in a folder.

    :param port: where the browser reports that it is up; without one it signs in at once.
    """

    def __init__(self, folder, sandbox, *, port=None, **environment):
        folder.mkdir()
        self.folder = folder
        self._sandbox = sandbox
        browser = [f'"{Path(sys.executable).as_posix()}"', "-P", f'"{MODULE}"', str(port or "")]
        self.environment = (
            os.environ
            | sandbox.environment()
            | {"BROWSER": " ".join([*browser, "%s"])}
            | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parents[1], TESTS)))}
            | environment
        )

    def start(self, *words, **streams):
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "hostsim", *words],
            cwd=self.folder, env=self.environment, **streams,
        )  # fmt: skip

    def run(self, *words):
        """Run a command that succeeds; return its output."""
        process = self.start(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out.decode()
        return out

    def define(self, **settings):
        """Define an import in this process, since starting another takes a while."""
        values = {"ignore_payments_before": "2026-01-01"} | settings
        with Store.create(self.folder / "hostsim.db") as store:
            Host(store, Plugins([("fortnox", hooks)])).define("F", "FortnoxAPI", "API", "", values)

    @property
    def logins(self):
        """The number of logins."""
        return sum(1 for request in self._sandbox.asked if request.path == "/oauth-v1/auth")


def main(address, port=None):
    if port:
        with socket.create_connection(("127.0.0.1", int(port))) as test:
            test.sendall(str(os.getpid()).encode() + b"\n")
            test.recv(1)
    scripted_login.sign_in(address, seed.USER, seed.PASSWORD)


if __name__ == "__main__":
    main(*reversed(sys.argv[1:]))
