"""A command imports the libraries that it needs, and no others."""

import os
import subprocess
import sys

import pytest

#: What some command or other needs, and most do not.
LIBRARIES = (
    "filelock",
    "flask",
    "jinja2",
    "keyring",
    "marshmallow",
    "pytest",
    "requests",
    "rich",
    "tenacity",
    "urllib3",
    "waitress",
    "werkzeug",
)

PROGRAM = """
import sys
from hostsim.__main__ import main
try:
    status = main(sys.argv[1:])
except SystemExit as ended:
    status = ended.code
loaded = sys.modules.keys() & {libraries}
print("\\n", status or 0, *sorted(loaded), file=sys.stderr)
"""

FORMAT = ("--type", "FortnoxAPI", "--format", "API", "--set", "ignore_payments_before=2026-01-01")


def imported(folder, *arguments):
    """Run a command, and name what it imported of these libraries."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(libraries=set(LIBRARIES)), *arguments],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=os.environ | {"HOSTSIM_DB": str(folder / "h.db"), "PYTHONIOENCODING": "utf-8"},
    )
    status, *loaded = done.stderr.splitlines()[-1].split()
    assert status == "0", done.stderr
    return loaded


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    assert imported(folder, "init") == []
    # An import is defined under a lock; with nothing kept, nobody is asked anything.
    assert imported(folder, "formats", "add", "F", *FORMAT) == ["filelock"]
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["serve", "--help"],
        ["settings"],
        ["invoices"],
        ["formats"],
        ["plugins"],
        ["payments", "--json"],
        ["runs"],
        ["decisions", "F"],
        ["why", "1001", "--offline"],
    ],
    ids=" ".join,
)
def test_a_command_that_only_looks_imports_no_library_but_the_command_lines(office, command):
    assert imported(office, *command) == []


def test_saving_needs_a_lock_and_no_plug_in(office):
    assert imported(office, "save", "F") in (["filelock"], [])
