"""What every user of the machine may see of an import in the list of processes.

A command line is shown to everybody, an environment to the user's own programs.
Both are searched while somebody signs in and while payments are read.
"""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from own_process import Program
from ports import free_port

from hostsim.sandbox import Fault, Sandbox, seed

PROC = Path("/proc/self/environ").exists()

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="neither /proc nor ps here")


@pytest.fixture(scope="module")
def sandbox():
    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(seed.empty(), redirect_uri=redirect) as sandbox:
        yield sandbox


class Seen:
    """Command lines and environments of the processes of an import, by process."""

    def __init__(self):
        self.lines, self.environments = {}, {}

    def look(self, session):
        """Look at every process that the one of this number has started, and at itself."""
        for number, line in _processes(session):
            self.lines[number] = line
            self.environments[number] = _environment(number)


def _processes(session):
    if not PROC:
        listed = subprocess.run(
            ["ps", "-axww", "-o", "pid=,pgid=,command="],  # noqa: S607
            check=True, capture_output=True,
        )  # fmt: skip
        for row in listed.stdout.splitlines():
            number, group, line = row.split(None, 2)
            if int(group) == session:
                yield int(number), line
        return
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with suppress(OSError):
            stat = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            if int(stat[3]) == session:
                yield int(folder.name), (folder / "cmdline").read_bytes()


def _environment(number):
    with suppress(OSError):
        return Path(f"/proc/{number}/environ").read_bytes()
    return b""


@pytest.fixture(scope="module")
def seen(tmp_path_factory, sandbox):
    """Import in a process of its own, and look at what it and its children show."""
    seen, reading = Seen(), Seen()
    folder = tmp_path_factory.mktemp("import") / "work"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = Program(folder, sandbox, port=listening.getsockname()[1])
        program.define()
        process = program.start(
            "import", "F", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

        def look(asked):
            if asked.path.startswith("/3/"):
                reading.look(process.pid)
            return False

        sandbox.faults.add(Fault(match=look))
        listening.settimeout(60)
        with listening.accept()[0] as browser:
            seen.browser = int(browser.makefile().readline())
            seen.look(process.pid)
            browser.sendall(b"!")
        assert process.wait(timeout=60) == 0
    seen.importing, seen.reading = process.pid, reading
    return seen


def held_by(sandbox, shown):
    """Name the secrets, of all that were issued, that processes show."""
    return {
        (number, secret)
        for number, text in shown.items()
        for secret in sandbox.issued
        if secret.encode() in text
    }


def test_no_secret_is_on_a_command_line(seen, sandbox):
    assert {seen.importing, seen.browser} <= seen.lines.keys()
    assert seen.importing in seen.reading.lines
    assert len(sandbox.issued) == 4  # the client's, a code and two tokens
    assert held_by(sandbox, seen.lines) == held_by(sandbox, seen.reading.lines) == set()


def test_the_address_to_sign_in_at_is_on_no_command_line(seen):
    """Its ``state`` would let others answer the login; the browser gets a file of the owner's."""
    shown = b"".join(seen.lines.values())
    assert b"file:///" in seen.lines[seen.browser]
    assert b"oauth-v1" not in shown
    assert b"state=" not in shown


@pytest.mark.skipif(not PROC, reason="environments are shown in /proc alone")
def test_the_client_secret_is_in_the_environment_of_the_import_alone(seen, sandbox):
    """An administrator has put it there; the browser does not inherit it."""
    assert len(seen.environments) >= 3
    assert all(seen.environments.values())
    only = {(seen.importing, sandbox.client_secret)}
    assert held_by(sandbox, seen.environments) == only
    assert held_by(sandbox, seen.reading.environments) == only


def test_a_browser_that_the_probe_opens_learns_neither(tmp_path, monkeypatch):
    from opter_fortnox_plugin.diagnostics.console import open_browser

    told = tmp_path / "told"
    monkeypatch.setenv("FORTNOX_CLIENT_SECRET", "s3cret")
    script = (
        "import os,sys; open(sys.argv[1],'w')"
        ".write(os.environ.get('FORTNOX_CLIENT_SECRET','none')+' '+sys.argv[2])"
    )
    monkeypatch.setenv("BROWSER", f'{sys.executable} -c "{script}" {told} %s')
    started = []
    popen = subprocess.Popen

    def remembered(*words, **options):
        started.append(popen(*words, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remembered)
    open_browser("http://127.0.0.1:9/?state=5t4te&a=b")
    started[0].wait(timeout=60)
    secret, _, address = told.read_text().partition(" ")
    assert (secret, address[:8]) == ("none", "file:///")
    assert "5t4te" not in str(started[0].args)
    page = Path(address.removeprefix("file://"))
    assert "url=http://127.0.0.1:9/?state=5t4te&amp;a=b" in page.read_text()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (page.parent, page)] == [0o700, 0o600]
    assert os.environ["FORTNOX_CLIENT_SECRET"] == "s3cret"
