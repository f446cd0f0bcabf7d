"""Which plug-ins are switched off, by name: a JSON list among the settings."""

from __future__ import annotations

import json
from collections.abc import Collection

from hostsim.storage.store import Store

_KEY = "plugins_off"


def switched_off(store: Store) -> frozenset[str]:
    """Give the names; an empty set where all are on."""
    query = "SELECT value FROM settings WHERE key = :key"
    row = store.db.execute(query, {"key": _KEY}).fetchone()
    return frozenset() if row is None else frozenset(map(str, json.loads(row["value"])))


def set_switched_off(store: Store, names: Collection[str]) -> None:
    value = json.dumps(sorted(names), ensure_ascii=False)
    with store.change() as db:
        db.execute(
            "INSERT INTO settings (key, value) VALUES (:key, :value)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            {"key": _KEY, "value": value},
        )
