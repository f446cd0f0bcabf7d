"""A person's confirmation of other bank details: of the values that were shown, once, for a day."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hostsim.errors import HostError, host_error
from hostsim.messages import exports as messages
from hostsim.storage.export_previews import ExportPreview, ShownChange, bank_changes_of
from hostsim.storage.rows import value_of
from hostsim.storage.store import Store
from opter_contract.export_values import BankChange


def confirm(
    store: Store, run_id: str, party_number: str, user: str, at: datetime
) -> list[ShownChange]:
    """Confirm the bank changes of a party that a run showed; return the confirmed ones.

    :param run_id: the last run of its export; an earlier one shows nothing to confirm.
    """
    # Elapsed hours, also if the clocks change.
    until = at.astimezone(UTC) + timedelta(hours=messages.CONFIRMED_HOURS)
    with store.change() as db:
        confirmed = db.execute(
            _CONFIRM,
            {
                "run_id": run_id,
                "party_number": party_number,
                "user": user,
                "at": at.isoformat(),
                "until": until.isoformat(),
            },
        ).fetchall()
        for row in confirmed:
            db.execute(_LOG, _event(run_id, row, "bank-confirmed", user, at))
    shown = bank_changes_of(store, run_id, party_number)
    return [change for change in shown if change.confirmed and not change.used]


def use(
    store: Store, run_id: str, party_numbers: Sequence[str], user: str, at: datetime
) -> list[BankChange]:
    """Use the confirmations of these parties for a run, once; return their bank changes.

    :raises HostError: ``EXPORT_CHANGED`` if an expected one is not in force now.
    """
    values = {"run_id": run_id, "party_numbers": json.dumps(party_numbers)}
    with store.change() as db:
        confirmed_rows = db.execute(_USE, values).fetchall()
        for row in confirmed_rows:
            db.execute(_LOG, _event(run_id, row, "bank-changing", user, at))
        if db.execute(_CHOSEN_UNCONFIRMED, values).fetchone():
            raise host_error("EXPORT_CHANGED")
    return [value_of(BankChange, row) for row in confirmed_rows]


def unconfirmed_error(preview: ExportPreview) -> HostError:
    """Return the error of a run with items that wait for a confirmation."""
    waiting = {c.party_number for c in preview.bank_changes() if not c.confirmed}
    return host_error(
        "BANK_UNCONFIRMED",
        suppliers=len(waiting),
        name=preview.definition,
        hours=messages.CONFIRMED_HOURS,
    )


def _event(run_id: str, row: sqlite3.Row, event: str, user: str, at: datetime) -> dict[str, object]:
    description = f"{row['field']}: {row['theirs'] or '–'} → {row['ours'] or '–'}"
    return {
        "run_id": run_id,
        "event": event,
        "party_number": row["party_number"],
        "what": description,
        "user": user,
        "at": at.isoformat(),
    }


# --- SQL --------------------------------------------------------------------

# Only what the last run showed: a change of an earlier one may have been made since. One that was
# confirmed in time for the run may be too old by now.
_CONFIRM = """
    INSERT INTO bank_confirmations (run_id, export_type, subject, company, party_number, field,
                                    ours, theirs, user, at, until)
    SELECT b.run_id, d.import_type, d.subject, r.company, b.party_number, b.field, b.ours,
           b.theirs, :user, :at, :until
    FROM bank_changes b JOIN export_runs r ON r.id = b.run_id
    JOIN definitions d ON d.name = r.definition
    WHERE b.run_id = :run_id AND b.party_number = :party_number AND b.used = 0
    AND (b.confirmed_at IS NULL OR julianday(b.confirmed_until) < julianday(:at))
    AND r.id = (SELECT l.id FROM export_runs l WHERE l.definition = r.definition
                AND l.revision <> '' ORDER BY l.started_at DESC, l.rowid DESC LIMIT 1)
    RETURNING party_number, field, ours, theirs
"""

# Of no item, but of a supplier.
_LOG = """
    INSERT INTO export_log (run_id, export_type, subject, company, item_id, event, party_number,
                            message_sv, message_en, user, at)
    SELECT r.id, d.import_type, d.subject, r.company, '', :event, :party_number, :what, :what,
           :user, :at
    FROM export_runs r JOIN definitions d ON d.name = r.definition WHERE r.id = :run_id
"""

# Only of parties of which something is sent, whatever a plug-in asks for.
_USE = """
    UPDATE export_bank_changes AS u SET confirmation = b.sequence
    FROM bank_changes b
    WHERE u.run_id = :run_id AND u.confirmation IS NULL AND b.run_id = u.run_id
    AND b.party_number = u.party_number AND b.field = u.field AND b.sequence IS NOT NULL
    AND u.party_number IN (SELECT value FROM json_each(:party_numbers))
    AND u.party_number IN (
        SELECT party_number FROM export_items WHERE run_id = :run_id AND chosen = 1)
    RETURNING party_number, field, ours, theirs
"""

# Whether an item would be sent whose bank changes this run has not used confirmations of.
UNCONFIRMED = """
    r.state = 'waiting' AND EXISTS (
        SELECT 1 FROM export_bank_changes b WHERE b.run_id = r.run_id
        AND b.party_number = r.party_number AND b.confirmation IS NULL)
"""

_CHOSEN_UNCONFIRMED = f"""
    SELECT 1 FROM export_items r
    WHERE r.run_id = :run_id AND r.chosen = 1 AND {UNCONFIRMED}
    AND r.party_number IN (SELECT value FROM json_each(:party_numbers)) LIMIT 1
"""  # noqa: S608 constants
