"""The state of the database, and how much of what it holds; no names and no amounts."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hostsim.errors import HostError
from hostsim.storage import damage
from hostsim.storage.connection import Database, error_of
from hostsim.storage.store import Store
from opter_contract.values import Text

#: What the database holds, counted. Aliases are the keys of the support bundle.
COUNTS: Mapping[str, str] = {
    "runs": "SELECT count(*) AS runs FROM runs",
    "open_previews": """
        SELECT r.definition, d.kind, d.status, d.reason, d.fetched AS read_in_this_run,
               d.deleted AS gone,
               count(*) AS rows
        FROM runs r JOIN run_rows d ON d.run_id = r.id WHERE r.state = 'open'
        GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6""",
    "pending": """
        SELECT definition, reason, deleted_at IS NOT NULL AS gone, count(*) AS rows
        FROM pending GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    "by_month": """
        SELECT substr(date, 1, 7) AS month, currency, count(*) AS rows FROM payments
        WHERE state = 'registered' GROUP BY 1, 2 ORDER BY 1, 2""",
    "by_status": """
        SELECT status, count(*) AS rows FROM payments WHERE state = 'registered'
        GROUP BY 1 ORDER BY 1""",
    "by_origin": """
        SELECT origin, source, state, bank_account <> '' AS has_bank_account,
               count(*) AS payments
        FROM payments GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
    "decisions": """
        SELECT definition, decision, number IS NULL AS of_a_series,
               applied_at IS NOT NULL AS settled, taken_back_at IS NOT NULL AS taken_back,
               count(*) AS decisions
        FROM decisions GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5""",
}


@contextmanager
def snapshot(store: Store) -> Iterator[None]:
    """Read everything in the block as of the same moment."""
    db = store.db
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def counts(store: Store, name: str) -> list[sqlite3.Row]:
    return store.db.execute(COUNTS[name]).fetchall()


def definitions(store: Store) -> list[sqlite3.Row]:
    """Return all definitions in the order of their creation."""
    return store.db.execute("SELECT * FROM definitions ORDER BY rowid").fetchall()


def latest_runs(store: Store, limit: int) -> list[sqlite3.Row]:
    query = "SELECT * FROM runs ORDER BY started_at DESC, rowid DESC LIMIT :limit"
    return store.db.execute(query, {"limit": limit}).fetchall()


def tables(store: Store) -> list[str]:
    rows = store.db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        " ORDER BY name"
    )
    return [row["name"] for row in rows]


def row_count(store: Store, table: str) -> int:
    quoted = table.replace('"', '""')
    rows: int = store.db.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]  # noqa: S608 the name of a table
    return rows


def pragma(store: Store, name: str) -> object:
    return store.db.execute(f"PRAGMA {name}").fetchone()[0]


def find_damage(store: Database) -> Text | None:
    """Check everything: pages, schema, references, amounts; each cell of a small database."""
    checks = [
        damage.find_schema_damage,
        damage.find_index_damage,
        damage.find_settings_damage,
        damage.find_books_damage,
        damage.find_reasons_damage,
    ]
    if store.path.stat().st_size <= damage.CHECKED_BY_CELL:
        checks.append(damage.find_cell_damage)
    with store.reader() as db:
        try:
            db.execute("BEGIN")
            return next((problem for check in checks if (problem := check(db)) is not None), None)
        except HostError as error:
            if error.code != "DATABASE_DAMAGED":
                raise
            return damage.untranslated(getattr(error.__cause__, "sqlite_errorname", "UTF-8"))


def damage_behind(error: BaseException, path: Path) -> HostError | None:
    """Return the damage of the database that causes an error which looks like a bug, if any.

    :param path: of the database that was in use.
    """
    if isinstance(error, sqlite3.Error) and (failure := error_of(error, path)) is not None:
        return failure
    if not isinstance(error, Exception) or not path.is_file():
        return None
    try:
        with Database(path, patience=0) as database:
            problem = find_damage(database)
    except HostError as damage_failure:
        return damage_failure if damage_failure.code == "DATABASE_DAMAGED" else None
    except sqlite3.Error:
        return None
    return None if problem is None else damage.damage_error(path, problem)


def version(store: Store) -> int:
    return damage.version_of(store.db.execute("PRAGMA user_version").fetchone()[0])


def integrity_problems(store: Store, limit: int) -> list[str]:
    """Return what SQLite finds wrong: names of tables and indexes, numbers of rows; else ``ok``."""
    return [row[0] for row in store.db.execute(f"PRAGMA integrity_check({limit})")]


def broken_references(store: Store) -> Mapping[str, int]:
    """Count by table the rows that refer to one that does not exist."""
    return Counter(row["table"] for row in store.db.execute("PRAGMA foreign_key_check"))


def test_write(store: Store) -> None:
    """Write an unchanged value: a lock alone would be granted on a full disk."""
    with store.change() as db:
        # One row: writing it renews its seal, too.
        db.execute("UPDATE settings SET value = value WHERE key = 'books'")
