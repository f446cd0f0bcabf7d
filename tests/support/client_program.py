"""A third-party client in its own environment, and our script that uses it."""

import json
import os
import subprocess
import sys
import venv
from decimal import Decimal

#: Payments that are read at a time.
PAGE = 50

#: Seconds; making an environment has taken 5 to 30.
TIMEOUT = 240


class ProgramFailed(Exception):
    """The program failed; the message is its output."""


class Program:
    """A library in an environment of its own, and our script that uses it."""

    def __init__(self, folder, requirement, script):
        self.folder = folder
        self.script = script
        # Without a pip of its own, whose making would take most of the time.
        venv.create(folder)
        self.python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        quietly = ("--quiet", "--no-compile", "--disable-pip-version-check")
        self._run(
            "-m", "pip", "--python", self.python, "install", *quietly, requirement,
            by=sys.executable,
        )  # fmt: skip

    def _run(self, *arguments, by=None):
        # What another client needs is its own matter: our versions do not bind it.
        ours = ("PYTHON", "PIP_CONSTRAINT")
        environment = {name: v for name, v in os.environ.items() if not name.startswith(ours)}
        done = subprocess.run(
            [by or self.python, *arguments],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            cwd=self.folder,
            env=environment
            | {
                # No telemetry, and nothing is written outside the folder.
                "RUNTIME__DLTHUB_TELEMETRY": "false",
                "DLT_DATA_DIR": str(self.folder / "dlt"),
                "NO_PROXY": "127.0.0.1",
                "PYTHONIOENCODING": "utf-8",
            },
        )
        if done.returncode:
            raise ProgramFailed(done.stderr[-3000:])
        return done.stdout

    def read(self, *arguments):
        """Run the script; return the payments that it read, by number."""
        # -P: our folder of tests has modules with the names of libraries.
        rows = json.loads(self._run("-P", str(self.script), *arguments, str(PAGE)))
        read = {number: (invoice, Decimal(amount)) for number, invoice, amount in rows}
        assert len(read) == len(rows)
        return read

    def version(self, package):
        """Return the version of a package that was installed."""
        ask = f"from importlib.metadata import version; print(version({package!r}))"
        return self._run("-P", "-c", ask).strip()
