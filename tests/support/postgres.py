"""A temporary PostgreSQL server, from the system's packages."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

#: Where Debian and its derivatives install each version, outside the path.
BEHIND_PATH = "/usr/lib/postgresql"

#: No data has to survive the machine, so fsync is off.
OPTIONS = (
    "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c max_connections=60"
)


def programs():
    """Return the folder with ``initdb`` and ``pg_ctl``; without one skip, or fail in CI."""
    versions = sorted(Path(BEHIND_PATH).glob("*/bin"), key=lambda folder: float(folder.parent.name))
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(versions))])
    initdb = shutil.which("initdb", path=path)
    missing = (
        None if initdb else f"no PostgreSQL here (initdb is not on the path or in {BEHIND_PATH})"
    )
    if sys.platform == "win32":
        missing = "PostgreSQL's sockets are files here"
    with contextlib.suppress(ImportError):
        import procrastinate
        import psycopg

        del procrastinate, psycopg
        return _or_without(missing) or Path(initdb).parent
    return _or_without("psycopg and procrastinate are not installed (extra: test)")


def _or_without(missing):
    if missing:
        (pytest.fail if os.environ.get("CI") and sys.platform == "linux" else pytest.skip)(missing)


class Cluster:
    """A server in a temporary folder, reached through a socket there."""

    def __init__(self, folder):
        self.folder, self._programs = folder, programs()
        # PostgreSQL refuses to be run by root.
        self._user = {}
        if os.geteuid() == 0:
            import pwd

            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._data = folder / "data"

    def start(self):
        self._run(
            "initdb", "-D", self._data, "-U", "fleet", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        options = OPTIONS.format(self.folder)
        self._run(
            "pg_ctl", "-D", self._data, "-l", self.folder / "log", "-w", "-o", options, "start"
        )

    def restart(self, mode):
        """Restart with mode ``fast`` or ``immediate``; the latter is a crash."""
        self._run(
            "pg_ctl", "-D", self._data, "-l", self.folder / "log", "-w", "-m", mode, "restart"
        )

    def stop(self):
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")

    def url(self, database="postgres"):
        return f"postgresql://fleet@/{database}?host={self.folder}"

    def _run(self, program, *words):
        command = [str(self._programs / program), *map(str, words)]
        # The server keeps its streams: what reads them would wait for it.
        subprocess.run(
            command, check=True, cwd=self.folder, timeout=120, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)},
            **self._user,
        )  # fmt: skip


@contextlib.contextmanager
def cluster():
    """Start a server, and stop it."""
    programs()
    # Not pytest's own folder: a socket's path is short, and nobody else may enter that one.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = Cluster(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Database:
    """A database with the tables of the fleet host."""

    def __init__(self, server):
        from fleet_host import database

        self.server, self.url = server, server.url()
        with database.connected(self.url) as db:
            database.create_tables(db)

    def empty(self):
        """Delete all rows, which is quicker than another database."""
        from fleet_host import database

        with database.connected(self.url) as db:
            tables = db.execute(
                "SELECT string_agg(tablename, ',') AS names FROM pg_tables"
                " WHERE schemaname = 'public'"
            ).fetchone()
            db.execute(f"TRUNCATE {tables['names']} RESTART IDENTITY")
