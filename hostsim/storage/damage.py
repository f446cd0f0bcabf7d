"""What shows that a database is damaged, or that its file is not the one that it was.

Each check returns a problem, without the content of any row; ``None`` if there is none.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from hostsim.errors import HostError, host_error
from hostsim.ledger.reasons import REASONS
from hostsim.ledger.values import EXACT
from hostsim.storage import schema
from opter_contract.values import Text

#: Bytes up to which a file is checked whole whenever it is opened, and before each change that a
#: person makes: 100 ms.
CHECKED_AT_OPENING = 8 << 20

#: MiB up to which it is checked whole before such a change where the last check is older than
#: :data:`CHECKED_EVERY`: 0.5 s.
CHECKED_WHOLE = 32

#: Seconds.
CHECKED_EVERY = 60.0

#: After how many changes the pages of a larger file are checked, for each MiB: so that it takes
#: half a millisecond of each change, however large the file is.
CHANGES_A_MIB = 10

#: Bytes up to which each cell is read where something unexpected was met.
CHECKED_BY_CELL = 64 << 20

#: What SQLite says of a file whose content cannot be.
CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

MAGIC = b"SQLite format 3\0"


def damage_error(path: Path, problem: Text) -> HostError:
    return host_error("DATABASE_DAMAGED", path=path, problem=problem)


def untranslated(problem: str) -> Text:
    """Return a problem in SQLite's own words, which are the same in every language."""
    return Text(problem, problem)


# --- The file and its WAL -------------------------------------------------------------
# PRAGMA user_version holds the version of the tables in its lowest byte, and above it a count that
# each change makes one higher. Both are in the first page, which is therefore in every change, so
# that a WAL (-wal) begins with the count that follows the one of the file it belongs to.

_COUNTS = 1 << 23


def version_of(user_version: int) -> int:
    return user_version & 0xFF


def count_of(user_version: int) -> int:
    return user_version >> 8 & (_COUNTS - 1)


def count_up(user_version: int) -> int:
    return (count_of(user_version) + 1) % _COUNTS << 8 | version_of(user_version)


def is_behind(count: int, other: int) -> bool:
    """Return whether a count is lower than another one; they begin again after eight million."""
    return 0 < (other - count) % _COUNTS < _COUNTS // 2


def count_in_file(path: Path) -> int | None:
    """Return the count in the file itself, whatever its WAL has; ``None`` if it has none.

    By SQLite: on POSIX systems, to open and close the file would let go of all its locks.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            # If the WAL was being checkpointed when its process was killed, the file may be shorter
            # than its first page says.
            db.execute("PRAGMA writable_schema = ON")
            return count_of(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return None  # reading it raises the reason


def wal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def has_wal(path: Path) -> bool:
    """Return whether a WAL holds, or may soon hold, what the file itself does not."""
    # On a disk that is full SQLite leaves an empty WAL, and some bytes of an index that has 32 KiB.
    index = path.with_name(f"{path.name}-shm")
    for file, least in ((wal_of(path), 1), (index, 32 << 10)):
        with suppress(FileNotFoundError):
            if file.stat().st_size >= least:
                return True
    return False


def has_foreign_wal(path: Path) -> bool:
    """Return whether the WAL next to a file belongs to a later state of it.

    As when a copy of last night was put back next to the WAL of today.
    """

    def wal_is_later() -> bool:
        # The WAL first: the file may only go on meanwhile.
        first = _first_count(wal_of(path))
        count = count_in_file(path)
        if first is None or count is None:
            return False
        return is_behind((count + 1) % _COUNTS, first)

    # Twice: the WAL may have begun again between the two.
    return wal_is_later() and wal_is_later()


def _first_count(wal: Path) -> int | None:
    """Return the count of the first page 1 in a WAL; ``None`` if there is none.

    https://sqlite.org/fileformat2.html#the_write_ahead_log
    """
    try:
        with wal.open("rb") as file:
            header = file.read(32)
            while len(header) == 32 and len(frame := file.read(24 + 64)) == 24 + 64:
                if frame[8:16] != header[16:24]:
                    break  # of an earlier round
                if frame[:4] == b"\0\0\0\1":
                    return count_of(struct.unpack(">I", frame[24 + 60 :])[0])
                file.seek(int.from_bytes(header[8:12], "big") - 64, 1)
    except OSError:
        pass
    return None


# --- The content ------------------------------------------------------------------------


def find_page_damage(db: sqlite3.Connection) -> Text | None:
    """Check that tables and indexes are whole, and every row as its table demands."""
    return _first_problem(db, "quick_check(1)")


def find_index_damage(db: sqlite3.Connection) -> Text | None:
    """Check like :func:`find_page_damage`, and that tables, indexes and references agree."""
    if problem := _first_problem(db, "integrity_check(1)"):
        return problem
    row = db.execute("PRAGMA foreign_key_check").fetchone()
    return None if row is None else untranslated(f"foreign_key_check: {row[0]}")


def _first_problem(db: sqlite3.Connection, check: str) -> Text | None:
    result: str = db.execute(f"PRAGMA {check}").fetchone()[0]
    if result == "ok":
        return None
    return untranslated(f"{check.partition('(')[0]}: {result.splitlines()[0]}")


def find_books_damage(db: sqlite3.Connection, after: int = -1) -> Text | None:
    """Check that the payments of each invoice add up to its total less what remains.

    And that amounts are those of the journal.

    :param after: check only what the journal says later than at this sequence.
    """
    values = {"after": after}
    query = _BALANCES if after < 0 else _BALANCES_CHANGED
    wrong = db.execute(_NOT_AS_JOURNALED, values).fetchone()[0]
    try:
        wrong += sum(
            EXACT.add(Decimal(remaining), Decimal(taken or 0)) != Decimal(total)
            for total, remaining, taken in db.execute(query, values)
        )
    except (ArithmeticError, ValueError, sqlite3.OperationalError) as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR:
            raise
        return Text("ett belopp går inte att läsa", "an amount cannot be read")
    if not wrong:
        return None
    return Text(
        f"{wrong} fakturor eller betalningar stämmer inte med varandra",
        f"{wrong} invoices or payments do not agree",
    )


def find_settings_damage(db: sqlite3.Connection) -> Text | None:
    """Check that settings, and those of imports and exports, are as they were written.

    An accepted deviation writes money off, and a date makes payments ignored. Due times of
    schedules and positions of listeners are checked, too.
    """
    sealed = " UNION ALL ".join(
        f"SELECT 1 FROM {table} WHERE seal IS NOT content"  # noqa: S608 constants
        for table in ("settings", "definitions", "schedules", "listeners")
    )
    if db.execute(f"{sealed} LIMIT 1").fetchone() is None:
        return None
    return Text("en inställning är inte den som gavs", "a setting is not the one that was given")


def find_reasons_damage(db: sqlite3.Connection) -> Text | None:
    """Check that each reason is one of ours, or the one that a plug-in gave for the payment."""
    own = ", ".join(f"'{code}'" for code in REASONS)
    wrong = db.execute(
        f"SELECT count(*) FROM run_rows WHERE reason NOT IN ({own})"  # noqa: S608 constants
        " AND reason IS NOT excluded_reason AND reason IS NOT earlier_reason"
    ).fetchone()[0]
    if not wrong:
        return None
    return Text(
        f"{wrong} rader har en orsak som inte finns",
        f"{wrong} rows have a reason that does not exist",
    )


_NOT_AS_JOURNALED = """
    SELECT count(*) FROM journal j LEFT JOIN payments p ON p.id = j.payment_id
    WHERE j.sequence > :after AND (p.id IS NULL OR j.kind = 'registered'
        AND (p.amount <> j.amount OR p.effect <> j.effect
             OR p.amount_currency IS NOT j.amount_currency))
"""

_BALANCES = """
    SELECT i.total, i.remaining, (SELECT exact_sum(p.effect) FROM payments p
                                  WHERE p.invoice_id = i.id AND p.state <> 'deleted')
    FROM invoices i
"""

_BALANCES_CHANGED = f"""
    {_BALANCES} WHERE i.id IN (SELECT t.invoice_id FROM journal j JOIN payments t
                               ON t.id = j.payment_id WHERE j.sequence > :after)
"""  # noqa: S608 a constant


def find_schema_damage(db: sqlite3.Connection) -> Text | None:
    """Check that every table, index and trigger of a new database is there, to the letter."""
    missing = _schema() - {tuple(row) for row in db.execute(_SCHEMA)}
    return untranslated(f"sqlite_master: {min(name for name, _ in missing)}") if missing else None


@cache
def _schema() -> frozenset[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as new:
        for statement in schema.statements():
            new.execute(statement)
        return frozenset(new.execute(_SCHEMA))


_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"


def find_cell_damage(db: sqlite3.Connection) -> Text | None:
    """Check that amounts, days, times and JSON can be read, and all that is text."""
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        quoted = table.replace('"', '""')
        rows = db.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 the name of a table
        readers = [_READERS.get(column[0], _text_or_number) for column in rows.description]
        try:
            for row in rows:
                for read, cell in zip(readers, row, strict=True):
                    if cell not in {None, ""}:
                        read(cell)
        except (ArithmeticError, ValueError, TypeError, sqlite3.OperationalError):
            # The message could hold a value of a row.
            return Text(
                f"ett värde i {table} går inte att läsa", f"a value in {table} is unreadable"
            )
    return None


def _text_or_number(cell: object) -> None:
    if isinstance(cell, bytes):
        raise TypeError  # no column holds them


def _finite(cell: str) -> None:
    if not Decimal(cell).is_finite():
        raise ValueError


_READERS: dict[str, Callable[[str], object]] = {
    column: read
    for read, columns in {
        _finite: (
            *("amount", "amount_currency", "exchange_rate", "effect", "written_off", "total"),
            *("remaining", "balance", "net", "vat", "debit", "credit", "other_total"),
        ),
        date.fromisoformat: ("date", "invoice_date", "due_date", "bill_date", "order_date"),
        datetime.fromisoformat: (
            *("at", "registered_at", "deleted_at", "started_at", "finished_at", "saved_at"),
            *("sent_at", "applied_at", "taken_back_at", "next_due", "paused_at", "ended_at"),
        ),
        json.loads: (
            *("write_offs", "warnings", "settings", "counts", "totals", "differences"),
            "facts",
        ),
    }.items()
    for column in columns
}
