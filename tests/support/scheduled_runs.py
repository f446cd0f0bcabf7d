"""Schedules with outcomes set by a test, without running."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from fake_plugin import COMPANY

from hostsim.ledger.values import Definition

NIGHT = datetime(2026, 11, 29, 5, 0, tzinfo=UTC)
FAILED = {"failed", "paused"}


class Schedules:
    """Stores the outcomes of runs, as the services that run them do."""

    def __init__(self, store):
        self.store = store
        self.nights = 0

    def add(self, *names):
        for name in names:
            self.store.add_definition(Definition(name, "Fake", "API", "", {}, COMPANY, None))
            self.schedule(name)

    def schedule(self, name):
        self.write(
            "INSERT INTO schedules (definition, daily, save, next_due)"
            " VALUES (:name, '06:00', 'green', '2026-11-29T05:00:00+00:00')",
            name=name,
        )

    def end(self, name, outcome, waiting=0, code="NO_CONSENT"):
        self.nights += 1
        at = NIGHT + timedelta(days=self.nights)
        failed = outcome in FAILED
        self.write(
            "UPDATE schedules SET outcome = :outcome, waiting = :waiting, ended_at = :at,"
            " paused_at = :paused_at, counts = :counts, error_code = :code, error_sv = :sv,"
            " error_en = :en WHERE definition = :name",
            name=name,
            outcome=outcome,
            waiting=waiting,
            at=at.isoformat(),
            paused_at=at.isoformat() if outcome == "paused" else None,
            counts=json.dumps({} if failed else {"left": waiting}),
            code=code if failed else None,
            sv="Gör om samtycket." if failed else None,
            en="Consent again." if failed else None,
        )

    def resume(self, name):
        self.write("UPDATE schedules SET paused_at = NULL WHERE definition = :name", name=name)

    def remove(self, name):
        for table in ("told", "schedules"):
            self.write(f"DELETE FROM {table} WHERE definition = :name", name=name)  # noqa: S608

    def write(self, statement, **values):
        with self.store.change() as db:
            db.execute(statement, values)
