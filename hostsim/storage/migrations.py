"""Migrations of a database from an earlier version to today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from importlib import resources

#: The first step goes from version 1 to version 2, and so on. It must leave sqlite_master as
#: ``schema.sql`` makes it, to the letter: another text is taken for damage.
STEPS: Sequence[Callable[[sqlite3.Connection], None]] = ()


def version() -> int:
    """Return the version of ``schema.sql``."""
    return 1 + len(STEPS)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a database to today's version; for a transaction of the caller."""
    # Another process may have been faster.
    user_version = db.execute("PRAGMA user_version").fetchone()[0]
    # The bits above the version are a count; see damage.py.
    for step in STEPS[(user_version & 0xFF) - 1 :]:
        step(db)
    db.execute(f"PRAGMA user_version = {user_version & ~0xFF | version()}")


def schema() -> Iterator[str]:
    """Return the statements that make the tables, since executescript would commit between them."""
    script = resources.files("hostsim.storage").joinpath("schema.sql").read_text(encoding="utf-8")
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
