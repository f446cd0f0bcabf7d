"""The parts of an exported item besides its header, for every subject: party, rows, PDF."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path, PurePath
from typing import Any, Generic, TypeVar

from hostsim.storage.rows import clean, columns_of, first_row, value_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ItemTables(Generic[T]):
    """The tables of a subject's items; columns are named like the fields of their values."""

    item: type[T]
    row: type[Any]
    party: type[Any]
    table: str
    number: str  # the field that is the column ``number``
    parties: str
    party_field: str  # and with ``_id`` the column that names it

    @property
    def _rows(self) -> tuple[str, str]:
        """Return the table of the rows, and its column that names the item."""
        item = self.table.removesuffix("s")
        return f"{item}_rows", f"{item}_id"

    def write_party(self, db: sqlite3.Connection, region: str, party: object) -> int:
        """Replace the record of a party, and return its id."""
        names = _names(self.party)
        written = db.execute(
            f"INSERT INTO {self.parties} (region, {', '.join(names)})"  # noqa: S608 names of fields
            f" VALUES (:region, {', '.join(f':{name}' for name in names)})"
            " ON CONFLICT (region, code) DO UPDATE SET"
            f" {', '.join(f'{name} = excluded.{name}' for name in names)} RETURNING id",
            columns_of(party, region=region),
        )
        return int(written.fetchone()["id"])

    def write_rows(self, db: sqlite3.Connection, item_id: int, rows: Iterable[object]) -> None:
        """Replace the rows of an item."""
        table, item = self._rows
        names = _names(self.row)
        db.execute(f"DELETE FROM {table} WHERE {item} = :id", {"id": item_id})  # noqa: S608 names
        db.executemany(
            f"INSERT INTO {table} ({item}, place, {', '.join(names)})"  # noqa: S608 names of fields
            f" VALUES (:id, :place, {', '.join(f':{name}' for name in names)})",
            [columns_of(row, id=item_id, place=index) for index, row in enumerate(rows)],
        )

    def items(self, db: sqlite3.Connection, item_ids: Iterable[str]) -> dict[str, T]:
        """Return items as they are exported, by their ids."""
        table, item = self._rows
        ids = {"ids": json.dumps(list(item_ids))}
        condition = "i.item_id IN (SELECT value FROM json_each(:ids))"
        rows = defaultdict(list)
        for row in db.execute(
            f"SELECT i.item_id, r.* FROM {self.table} i JOIN {table} r ON r.{item} = i.id"  # noqa: S608 names
            f" WHERE {condition} ORDER BY r.{item}, r.place",
            ids,
        ):
            rows[row["item_id"]].append(value_of(self.row, row))
        party_columns = ", ".join(f"p.{name} AS p_{name}" for name in _names(self.party))
        return {
            row["item_id"]: value_of(
                self.item,
                row,
                **{self.party_field: value_of(self.party, row, "p_")},
                rows=tuple(rows[row["item_id"]]),
                document=PurePath(row["document"]).name,
            )
            for row in db.execute(
                f"SELECT i.*, i.number AS {self.number}, {party_columns} FROM {self.table} i"  # noqa: S608 names
                f" JOIN {self.parties} p ON p.id = i.{self.party_field}_id WHERE {condition}",
                ids,
            )
        }

    def document(self, db: sqlite3.Connection, item_id: str) -> str:
        """Return the path of an item's PDF; ``""`` if it has none."""
        query = f"SELECT document FROM {self.table} WHERE item_id = :id"  # noqa: S608 a name
        row = first_row(db, query, id=clean(item_id))
        return "" if row is None else str(row["document"])


def digest(*values: object) -> str:
    """Digest values that are exported."""
    text = json.dumps(values, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def digest_of_file(document: str) -> str:
    """Digest a PDF; ``""`` if there is none, or it cannot be read."""
    try:
        return hashlib.sha256(Path(document).read_bytes()).hexdigest() if document else ""
    except OSError:
        return ""


def _names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))
