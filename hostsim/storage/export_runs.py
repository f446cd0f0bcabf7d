"""An export run: what it was given, what it planned, and what became of each item.

Every method that is named ``take`` or ``store`` has committed when it returns: a process
that is killed after it has lost nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hostsim.errors import HostError, host_error
from hostsim.ledger.values import Definition
from hostsim.messages import exports as messages
from hostsim.storage.bank_confirmations import UNCONFIRMED, unconfirmed_error
from hostsim.storage.company_regions import refuse_company_of_other_region
from hostsim.storage.export_previews import (
    ITEMS_LIST,
    ExportPreview,
    preview_of,
)
from hostsim.storage.exportable_items import OFFERED, SENT_PARTY, WITH_STATE, of_subject
from hostsim.storage.item_content import TABLES
from hostsim.storage.rows import columns_of, first_row, mapping_text, value_of, words_of
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.export_values import (
    BankChange,
    ExportItem,
    Gap,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import Company, Text


@dataclass(frozen=True, slots=True)
class ExportRun:
    """A run of an export and its rows in the database."""

    store: Store
    run_id: str
    definition: Definition
    user: str
    company: Company | None  # of earlier exports; None before the first
    asked: tuple[str, ...] | None = None  # the numbers that a person asked for
    takes_back: bool = False  # it sends nothing, so that its item needs no rows

    def begin(self, at: datetime) -> None:
        """Record the beginning of the run, end interrupted ones, and choose the items."""
        with self.store.change() as db:
            name = {"definition": self.definition.name}
            db.execute(_INTERRUPT, name | words_of(messages.INTERRUPTED))
            for table in _REVIEW_TABLES:
                db.execute(_FORGET.format(table=table), name)
            db.execute(
                _BEGIN,
                self._values
                | {
                    "user": self.user,
                    "settings": mapping_text(self.definition.settings),
                    "at": at.isoformat(),
                },
            )
            db.execute(self._for_subject(_CHOOSE_ITEMS), self._values)
            if self.asked is not None:
                self._add_gaps(db, self._open_periods(db))

    def _open_periods(self, db: sqlite3.Connection) -> list[Gap]:
        rows = db.execute(self._for_subject(_OPEN), self._values)
        ids = [row["item_id"] for row in rows]
        sentence = messages.said(messages.PERIOD_OPEN, self.definition.subject)
        return [Gap("PERIOD_OPEN", sentence, ids)] if ids else []

    # --- The items for the plug-in, and its plan ---

    def items(self, after: str) -> list[ExportItem]:
        """Return the next batch, with its content at this moment.

        :param after: the id of the last item of the batch before; ``""`` for the first one.
        :raises KeyError: if that item was not given.
        """
        with self.store.change() as db:
            last_place = 0
            if after:
                last_item = first_row(db, _PLACE, run_id=self.run_id, item_id=after)
                if last_item is None:
                    raise KeyError(after)
                last_place = last_item["place"]
            batch = self._values | {"place": last_place, "most": BATCH}
            db.execute(self._for_subject(_TAKE_CONTENT), batch)
            rows = db.execute(self._for_subject(_BATCH), batch).fetchall()
            tables = TABLES[self.definition.subject]
            contents = tables.items(db, [row["id"] for row in rows])
        # What may have arrived is looked for, which needs no rows.
        lost_rows = not all(row["digest"] or row["intended"] for row in rows)
        if (lost_rows and not self.takes_back) or len(contents) < len(rows):
            raise host_error("EXPORT_CHANGED")  # loaded again, without content
        return [value_of(ExportItem, row, content=contents[row["id"]]) for row in rows]

    def take_planned(self, items: Sequence[PlannedItem]) -> list[str]:
        """Store planned items; return the ids that were not given, or are planned already."""
        with self.store.change() as db:
            return [
                item.id
                for item in items
                if not db.execute(
                    self._for_subject(_PLAN), columns_of(item, **self._values)
                ).rowcount
            ]

    def take_cards(self, cards: Iterable[PlannedCard]) -> None:
        with self.store.change() as db:
            db.executemany(_ADD_CARD, [columns_of(card, run_id=self.run_id) for card in cards])

    def take_bank_changes(self, changes: Iterable[BankChange]) -> list[str]:
        """Store bank changes; return the fields that were handed over already."""
        with self.store.change() as db:
            return [
                f"{change.field} of {change.party_number}"
                for change in changes
                if not db.execute(_ADD_BANK_CHANGE, columns_of(change, run_id=self.run_id)).rowcount
            ]

    def take_gaps(self, gaps: Iterable[Gap]) -> list[str]:
        """Store gaps; return the ids in them that were not given to the plug-in."""
        all_gaps = list(gaps)
        ids = [item_id for gap in all_gaps for item_id in gap.ids]
        with self.store.change() as db:
            unknown = self._matching_ids(db, _NOT_GIVEN, ids)
            if not unknown:
                self._add_gaps(db, all_gaps)
        return unknown

    def _add_gaps(self, db: sqlite3.Connection, gaps: Iterable[Gap]) -> None:
        for gap in gaps:
            ids = json.dumps(list(gap.ids))
            db.execute(_ADD_GAP, columns_of(gap, run_id=self.run_id, ids=ids))

    def _matching_ids(
        self, db: sqlite3.Connection, query: str, item_ids: Iterable[str]
    ) -> list[str]:
        """Return those of these ids that a query made of :data:`_NOT_AMONG` returns."""
        rows = db.execute(query, {"run_id": self.run_id, "ids": json.dumps(list(item_ids))})
        return [row["value"] for row in rows]

    def knows_new_items(self, company: Company) -> bool:
        """Return whether the books of a company know items that were given as new."""
        values = self._values | {"company": company.number}
        return first_row(self.store.db, self._for_subject(_KNOWN), **values) is not None

    # --- The review ---

    def plan(self, company: Company) -> ExportPreview:
        """Digest the plan for a company, and return it as a preview."""
        with self.store.change() as db:
            db.execute(
                "UPDATE export_runs SET company = :company, company_name = :name"
                " WHERE id = :run_id",
                {"company": company.number, "name": company.name, "run_id": self.run_id},
            )
            digest = hashlib.sha256()
            for query in _SHOWN:
                for (line,) in db.execute(query, self._values):
                    digest.update(str(line).encode("utf-8", "surrogatepass") + b"\n")
            db.execute(
                "UPDATE export_runs SET revision = :revision WHERE id = :run_id",
                {"revision": digest.hexdigest()[:16], "run_id": self.run_id},
            )
        return self.preview()

    def preview(self) -> ExportPreview:
        return preview_of(self.store, self.run_id)

    def open_gaps(self, item_ids: Collection[str]) -> bool:
        """Return whether one of these items, or every item, waits for something in the set-up."""
        ids = json.dumps(list(item_ids))
        return first_row(self.store.db, _IN_GAPS, run_id=self.run_id, ids=ids) is not None

    def choose(self, item_ids: Collection[str], company: Company, at: datetime) -> list[str]:
        """Store the items that a person sends; from now on the definition belongs to the company.

        :return: the ids that were not planned; nothing is stored then.
        :raises HostError: ``BANK_UNCONFIRMED`` if one waits for a confirmation,
            ``COMPANY_OF_OTHER_REGION``.
        """
        chosen = self._values | {"ids": json.dumps(list(item_ids)), "at": at.isoformat()}
        with self.store.change() as db:
            unknown = self._matching_ids(db, _NOT_PLANNED, item_ids)
            if unknown or not item_ids:
                return unknown
            if db.execute(_CHOSEN_WAITING, chosen).fetchone():
                raise unconfirmed_error(self.preview())
            # Again: another region may have become that company's while a person reviewed.
            definition = self.store.definition(self.definition.name, exports=True)
            refuse_company_of_other_region(self.store, definition, company)
            db.execute(_MARK_CHOSEN, chosen)
            db.execute(_MARK_UNCHOSEN_READY, self._values)
            db.execute("UPDATE export_runs SET sent_at = :at WHERE id = :run_id", chosen)
            db.execute(
                "UPDATE definitions SET company = :company, company_name = :name"
                " WHERE name = :definition AND company IS NULL",
                self._values | {"company": company.number, "name": company.name},
            )
        return []

    # --- The results of the items ---

    def store_intents(
        self, company: Company, item_ids: Sequence[str], at: datetime, event: str = "intended"
    ) -> list[str]:
        """Store what is about to be sent; return the ids that nobody chose to send.

        Also those whose bank changes were not given as confirmed in this run.
        """
        with self.store.change() as db:
            if not_chosen := self._matching_ids(db, _NOT_CHOSEN, item_ids):
                return not_chosen
            for item_id in item_ids:
                values = self._event(company, at) | {"item_id": item_id, "event": event}
                db.execute(_LOG_INTENT, values)
                db.execute(_INTEND if event == "intended" else _DOUBT, values)
                db.execute(_MARK_INTENDED, values)
        return []

    def store_results(
        self, company: Company, results: Sequence[ItemResult], at: datetime
    ) -> list[str]:
        """Store the results of items; return the ids that were not given, which are not stored."""
        with self.store.change() as db:
            unknown = self._matching_ids(db, _NOT_GIVEN, [result.id for result in results])
            for result in results:
                if result.id in unknown:
                    continue
                values = columns_of(result, **self._event(company, at))
                db.execute(_LOG_RESULT, values)
                db.execute(_SETTLE, values)
                db.execute(_MARK_RESULT, values)
        return unknown

    def _event(self, company: Company, at: datetime) -> dict[str, object]:
        return self._values | {"company": company.number, "user": self.user, "at": at.isoformat()}

    # --- The end ---

    def finish(self, state: str, *, requests: int = 0, notes: Sequence[Text] = ()) -> ExportPreview:
        with self.store.change() as db:
            db.execute(
                "UPDATE export_runs SET state = :state, requests = :requests, notes = :notes"
                " WHERE id = :run_id",
                {
                    "state": state,
                    "requests": requests,
                    "notes": json.dumps(notes, ensure_ascii=False),
                    "run_id": self.run_id,
                },
            )
        return self.preview()

    def fail(self, code: str, message: Text | None = None) -> None:
        """Record the error that ended the run; what was sent before stays."""
        with self.store.change() as db:
            db.execute(
                "UPDATE export_runs SET state = 'failed', error_code = :code,"
                " error_sv = :sv, error_en = :en WHERE id = :run_id",
                {"code": code, "run_id": self.run_id, **words_of(message)},
            )

    def _for_subject(self, query: str) -> str:
        return of_subject(query, self.definition.subject)

    @property
    def _values(self) -> dict[str, object]:
        return {
            "run_id": self.run_id,
            "definition": self.definition.name,
            "export_type": self.definition.import_type,
            "subject": self.definition.subject,
            "company": "" if self.company is None else self.company.number,
            "region": self.definition.region,
            "asked": None if self.asked is None else json.dumps(self.asked),
        }


def open_gaps_error(preview: ExportPreview) -> HostError:
    """Return the error of a run that would send items with gaps."""
    words = messages.WORDS[preview.subject]
    return host_error("EXPORT_GAPS", gaps=preview.counts["gaps"], **words)


# --- SQL --------------------------------------------------------------------

_INTERRUPT = """
    UPDATE export_runs SET state = 'failed', error_code = 'INTERRUPTED', error_sv = :sv,
        error_en = :en
    WHERE definition = :definition AND state = 'running'
"""

_REVIEW_TABLES = ("export_items", "export_cards", "export_bank_changes", "export_gaps")

# What was only looked at; what was sent is told by later runs, too.
_FORGET = """
    DELETE FROM {table} WHERE run_id IN (
        SELECT id FROM export_runs WHERE definition = :definition AND sent_at IS NULL)
"""

_BEGIN = """
    INSERT INTO export_runs (id, definition, state, user, settings, started_at, region, asked)
    VALUES (:run_id, :definition, 'running', :user, :settings, :at, :region, :asked)
"""

# Corrections last: they name another invoice.
_CHOOSE_ITEMS = f"""
    INSERT INTO export_items (run_id, place, item_id, digest, party, credits)
    SELECT :run_id, row_number() OVER (ORDER BY i.type = 'correction', length(i.number), i.number),
           i.item_id, i.digest, i.party, i.credits
    FROM {WITH_STATE}
    WHERE i.region = :region AND CASE
        WHEN :asked IS NOT NULL THEN i.number IN (SELECT value FROM json_each(:asked))
        ELSE {OFFERED} END
"""  # noqa: S608 constants

_OPEN = """
    SELECT r.item_id FROM export_items r JOIN <items> i ON i.item_id = r.item_id
    WHERE r.run_id = :run_id AND i.period_closed = 0 ORDER BY r.place
"""

_PLACE = "SELECT place FROM export_items WHERE run_id = :run_id AND item_id = :item_id"

# The content may have been loaded again since the items were chosen.
_TAKE_CONTENT = """
    UPDATE export_items SET (digest, party, credits) = (
        SELECT digest, party, credits FROM <items> i WHERE i.item_id = export_items.item_id)
    WHERE run_id = :run_id AND place > :place AND place <= :place + :most
"""

# One that was taken back is new again: what is there of it is no longer ours.
_BATCH = f"""
    SELECT r.item_id AS id, r.digest,
           coalesce(e.exported, 0) AND e.state <> 'cancelled' AS exported,
           coalesce(e.intended, 0) > 0 AS intended, e.complete IS 0 AS incomplete,
           CASE e.state WHEN 'cancelled' THEN '' ELSE coalesce(e.number, '') END AS number
    FROM export_items r JOIN {WITH_STATE}
    WHERE r.item_id = i.item_id AND r.run_id = :run_id AND r.place > :place
    ORDER BY r.place LIMIT :most
"""  # noqa: S608 constants

# Of an item that is not what is here, the name belongs to its party's number there.
_PARTY_THERE = f"""
    coalesce((
        SELECT {SENT_PARTY} FROM exported_items e
        WHERE e.export_type = :export_type AND e.subject = :subject AND e.company = :company
        AND e.item_id = :id AND e.party_number = :party_number), party)
"""  # noqa: S608 constants

# Without rows a plug-in cannot know the total here.
_PLAN = f"""
    UPDATE export_items SET state = :state, action = :action, number = :number,
        party = CASE WHEN :action = 'none' AND :state NOT IN ('adopted', 'unchanged')
                     THEN {_PARTY_THERE} ELSE party END,
        party_number = :party_number,
        total = CASE digest WHEN '' THEN (
            SELECT i.total FROM <items> i WHERE i.item_id = :id) ELSE :total END,
        other_total = :other_total,
        currency = :currency, code = :code, message_sv = :message_sv, message_en = :message_en,
        differences = :differences
    WHERE run_id = :run_id AND item_id = :id AND state IS NULL
"""  # noqa: S608 constants

_ADD_CARD = """
    INSERT INTO export_cards (run_id, number, action, differences, message_sv, message_en)
    VALUES (:run_id, :number, :action, :differences, :message_sv, :message_en)
"""

_ADD_BANK_CHANGE = """
    INSERT INTO export_bank_changes (run_id, party_number, field, ours, theirs)
    VALUES (:run_id, :party_number, :field, :ours, :theirs) ON CONFLICT DO NOTHING
"""

_CHOSEN_WAITING = f"""
    SELECT 1 FROM json_each(:ids) o JOIN export_items r
        ON r.run_id = :run_id AND r.item_id = o.value
    WHERE r.state = 'waiting' AND {ITEMS_LIST} = 'waiting' LIMIT 1
"""  # noqa: S608 constants

_ADD_GAP = """
    INSERT INTO export_gaps (run_id, code, message_sv, message_en, item_ids)
    VALUES (:run_id, :code, :message_sv, :message_en, :ids)
"""

# By the key of the table, for each id: a run may have very many.
_NOT_AMONG = """
    SELECT o.value FROM json_each(:ids) o WHERE NOT EXISTS (
        SELECT 1 FROM export_items r WHERE r.run_id = :run_id AND r.item_id = o.value AND {0})
"""
_NOT_GIVEN = _NOT_AMONG.format("1")
_NOT_PLANNED = _NOT_AMONG.format("r.state IS NOT NULL")
_NOT_CHOSEN = _NOT_AMONG.format(f"r.chosen = 1 AND NOT ({UNCONFIRMED})")

_KNOWN = f"""
    SELECT 1 FROM export_items r JOIN {WITH_STATE}
    WHERE r.item_id = i.item_id AND r.run_id = :run_id AND (e.exported = 1 OR e.intended > 0)
    LIMIT 1
"""  # noqa: S608 constants

_IN_GAPS = """
    SELECT 1 FROM export_gaps g WHERE g.run_id = :run_id
    AND (g.item_ids = '[]' OR EXISTS (
        SELECT 1 FROM json_each(g.item_ids) o JOIN json_each(:ids) c ON c.value = o.value))
"""

# What a person sees of a run, and what it was made with, in the order in which it is shown.
_SHOWN = (
    """
    SELECT json_array(company, company_name, region, settings, asked)
    FROM export_runs WHERE id = :run_id
    """,
    """
    SELECT json_array(item_id, digest, state, action, number, party_number, total, other_total,
                      currency, code, message_sv, message_en, differences)
    FROM export_items WHERE run_id = :run_id AND state IS NOT NULL ORDER BY item_id
    """,
    """
    SELECT json_array(number, action, differences, message_sv, message_en)
    FROM export_cards WHERE run_id = :run_id ORDER BY 1
    """,
    """
    SELECT json_array(party_number, field, ours, theirs)
    FROM export_bank_changes WHERE run_id = :run_id ORDER BY 1
    """,
    """
    SELECT json_array(code, message_sv, message_en, item_ids)
    FROM export_gaps WHERE run_id = :run_id ORDER BY 1
    """,
)

_MARK_CHOSEN = """
    UPDATE export_items SET chosen = 1
    WHERE run_id = :run_id AND item_id IN (SELECT value FROM json_each(:ids))
"""

# An item that could be sent does not wait, whatever happens to its stored confirmation.
_MARK_UNCHOSEN_READY = f"""
    UPDATE export_items AS r SET state = 'ready', code = '', message_sv = NULL, message_en = NULL
    WHERE r.run_id = :run_id AND r.chosen = 0 AND r.state = 'waiting' AND {ITEMS_LIST} = 'ready'
"""  # noqa: S608 constants

_LOG_INTENT = """
    INSERT INTO export_log (run_id, export_type, subject, company, item_id, event, user, at)
    VALUES (:run_id, :export_type, :subject, :company, :item_id, :event, :user, :at)
"""

_INTEND = """
    INSERT INTO exported_items (export_type, subject, company, item_id, state, intended, run_id,
                                user, at)
    VALUES (:export_type, :subject, :company, :item_id, 'intended', 1, :run_id, :user, :at)
    ON CONFLICT DO UPDATE SET
        exported = exported AND state <> 'cancelled',
        number = CASE state WHEN 'cancelled' THEN '' ELSE number END,
        state = 'intended', intended = 1 + intended, code = '', message_sv = NULL,
        message_en = NULL, run_id = excluded.run_id, user = excluded.user, at = excluded.at
"""

# Until the result is known, it is not known whether it is there.
_DOUBT = """
    UPDATE exported_items SET intended = 1 + intended
    WHERE export_type = :export_type AND subject = :subject AND company = :company
    AND item_id = :item_id
"""

_MARK_INTENDED = """
    UPDATE export_items SET intended = 1 WHERE run_id = :run_id AND item_id = :item_id
"""

_LOG_RESULT = """
    INSERT INTO export_log (run_id, export_type, subject, company, item_id, event, number,
                            party_number, total, code, message_sv, message_en, theirs, complete,
                            user, at)
    VALUES (:run_id, :export_type, :subject, :company, :id, :state, :number,
            :party_number, :total, :code, :message_sv, :message_en, :theirs, :complete, :user, :at)
"""

# An item that is there unchanged stays what it was there; what is not known of it now was known.
# A refusal settles what this run was about to send, and nothing that an earlier one may have sent.
_SETTLE = """
    INSERT INTO exported_items (export_type, subject, company, item_id, state, exported, intended,
                                complete, number, party_number, total, digest, credits, code,
                                message_sv, message_en, run_id, user, at)
    SELECT :export_type, :subject, :company, :id,
           CASE :state WHEN 'unchanged' THEN 'sent' ELSE :state END,
           :state IN ('sent', 'adopted', 'unchanged', 'booked')
               OR (:state = 'refused' AND :number <> ''),
           :state = 'unknown', :complete,
           :number, :party_number, :total,
           CASE WHEN :state IN ('refused', 'unknown', 'cancelled') THEN '' ELSE r.digest END,
           r.credits,
           :code, :message_sv, :message_en, :run_id, :user, :at
    FROM export_items r WHERE r.run_id = :run_id AND r.item_id = :id
    ON CONFLICT DO UPDATE SET
        state = CASE WHEN :state = 'unchanged' AND state IN ('adopted', 'booked') THEN state
                     ELSE excluded.state END,
        exported = max(exported AND (state <> 'cancelled' OR :state = 'cancelled'),
                       excluded.exported),
        intended = CASE WHEN :state = 'refused'
                        THEN max(intended - (SELECT r.intended FROM export_items r
                                             WHERE r.run_id = :run_id AND r.item_id = :id), 0)
                        WHEN :state = 'unknown' THEN max(intended, 1) ELSE 0 END,
        complete = excluded.complete,
        number = CASE WHEN excluded.number <> '' THEN excluded.number
                      WHEN state = 'cancelled' AND :state <> 'cancelled' THEN '' ELSE number END,
        party_number = CASE excluded.party_number WHEN '' THEN party_number
                            ELSE excluded.party_number END,
        total = coalesce(excluded.total, total),
        digest = CASE excluded.digest WHEN '' THEN digest ELSE excluded.digest END,
        credits = CASE WHEN :state IN ('sent', 'adopted', 'unchanged') THEN excluded.credits
                       ELSE credits END,
        code = excluded.code, message_sv = excluded.message_sv, message_en = excluded.message_en,
        run_id = excluded.run_id, user = excluded.user, at = excluded.at
"""

_MARK_RESULT = f"""
    UPDATE export_items SET result = :state, complete = :complete,
        party = CASE WHEN :state IN ('booked', 'refused', 'unknown')
                     THEN {_PARTY_THERE} ELSE party END,
        intended = CASE :state WHEN 'unknown' THEN intended ELSE 0 END,
        number = CASE :number WHEN '' THEN number ELSE :number END,
        party_number = CASE :party_number WHEN '' THEN party_number ELSE :party_number END,
        other_total = coalesce(:total, other_total),
        code = CASE WHEN :code = '' AND state = :state THEN code ELSE :code END,
        message_sv = CASE WHEN :code = '' AND state = :state THEN message_sv ELSE :message_sv END,
        message_en = CASE WHEN :code = '' AND state = :state THEN message_en ELSE :message_en END
    WHERE run_id = :run_id AND item_id = :id
"""  # noqa: S608 constants
