"""The tables of a new database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources

#: Of ``schema.sql``; a database of another version is refused.
VERSION = 1


def statements() -> Iterator[str]:
    """Return the statements that make the tables, since executescript would commit between them."""
    script = resources.files("hostsim.storage").joinpath("schema.sql").read_text(encoding="utf-8")
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
