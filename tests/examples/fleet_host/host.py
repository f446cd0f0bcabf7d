"""The host of the contract: it answers the hooks, imports, and saves what needs nobody.

Nobody is there: runs are not attended, nobody is shown a browser, and no secret is stored. With
a service account there is none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pluggy

from hostsim.ledger.matching import READY, Refusal
from hostsim.ledger.values import Definition
from opter_contract import BATCH, PROJECT, hookimpl, hooks, values
from opter_contract.values import Company, ImportReport, Payment, Run, Text

from . import database
from .database import SQL, Db
from .errors import FleetError
from .judging import Judged, Row, checked, judge

log = logging.getLogger(__name__)

#: The field that says how a plug-in signs in, and its only value that works on every machine.
SIGN_IN, SERVICE_ACCOUNT = "sign_in", "service-account"

#: Seconds between two questions whether the connection of a run is still there.
_CHECKED_EVERY = 1.0


@dataclass(eq=False)
class Import:
    """A run, and what it has read so far."""

    run: Run
    of: Definition
    db: Db
    cancelled: Callable[[], bool]
    rows: dict[object, Row] = field(default_factory=dict)
    offered: dict[str, Row] | None = None  # what waits since earlier runs
    named: set[str] = field(default_factory=set)
    report: ImportReport = field(init=False)
    judged: list[Judged] = field(init=False)
    locks: dict[str, object] = field(default_factory=dict)
    checked_at: float = 0.0


class Host:
    """The hooks, and the plug-ins that it was given or that are installed."""

    def __init__(self, plugins: Sequence[object] | None = None) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hooks)
        self.manager.register(self)
        if plugins is None:
            self.manager.load_setuptools_entrypoints(PROJECT)
        for plugin in plugins or ():
            self.manager.register(plugin)
        self.manager.check_pending()
        self._active: dict[str, Import] = {}

    def checked_settings(
        self, name: str, import_type: str, given: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Give the settings of a company as they are to be stored.

        :raises FleetError: for what cannot be used, or not on many machines.
        """
        hook, of = self.manager.hook, {"type_code": import_type, "subject": ""}
        answers = hook.opter_check_settings(values=given, **of)
        if not answers:
            raise FleetError("IMPORT_TYPE_UNKNOWN", company=name, type=import_type)
        stored: Mapping[str, str] = answers[0].values
        wrong = [one.message for one in answers[0].problems if one.severity == "error"]
        if wrong:
            sv, en = (" ".join(texts) for texts in zip(*wrong, strict=True))
            raise FleetError("SETTINGS_REFUSED", company=name, sv=sv, en=en)
        for one in (one for several in hook.opter_settings_fields(**of) for one in several):
            given_one = stored.get(SIGN_IN, one.default)
            if one.key == SIGN_IN and given_one != SERVICE_ACCOUNT:
                raise FleetError("SERVICE_ACCOUNT_NEEDED", company=name, sign_in=given_one)
        return stored

    # --- A run ---

    def import_payments(
        self, db: Db, name: str, run_id: str, *, cancelled: Callable[[], bool] = lambda: False
    ) -> Import:
        """Read and judge; nothing is registered, and an error discards what was read.

        :param db: a connection that is alone with the company.
        """
        of = database.company(db, name)
        run = Run(
            run_id, self.manager.hook, of.import_type, of.import_format, name, of.settings,
            of.company, of.cursor, attended=False,
        )  # fmt: skip
        read = self._active[run_id] = Import(run, of, db, cancelled)
        try:
            answers = self.manager.hook.opter_import_payments(run=run)
            if len(answers) != 1:
                raise FleetError("CONTRACT_BROKEN", what=f"{len(answers)} answers to an import")
            [read.report] = answers
            self._refuse_other_company(read)
            self._offer_again(read)
        finally:
            del self._active[run_id]
        read.judged = self._judge(read, read.report.company)
        return read

    def save(self, db: Db, read: Import, *, all_ready: bool = False) -> None:
        """Register what is green, keep what waits, and move the cursor; then tell listeners.

        :param all_ready: register also what has a warning, as a person would who has read it.
        """
        read.db = db
        saved = database.save(
            db, read.of, read.run.id, read.report,
            judge=lambda: self._judge(read, read.report.company),
            registers=lambda one: all_ready or one.green,
        )  # fmt: skip
        self._notify(read, saved)

    def _judge(
        self, read: Import, company: Company, *, as_if_fetched: bool = False
    ) -> list[Judged]:
        """Judge what was read, and what waits and was not read again."""
        waits = [row for number, row in (read.offered or {}).items() if number not in read.rows]
        rows = [*read.rows.values(), *waits]
        facts = database.facts(read.db, read.of, company.number, rows)
        return judge(rows, facts, as_if_fetched=as_if_fetched)

    def _offer_again(self, read: Import) -> None:
        """Take what waits, as today's settings see it."""
        if read.offered is not None:
            return
        read.offered = database.offered(read.db, read.of.name)
        for batch in _batches([row for row in read.offered.values() if row.payment]):
            payments = [row.payment for row in batch]
            answers = self.manager.hook.opter_exclusion_reasons(run=read.run, payments=payments)
            for row, why in zip(batch, answers[0] if answers else [], strict=False):
                if why is not None:
                    refusal = Refusal(why.reason, Text(why.message.sv, why.message.en))
                    read.offered[row.number] = row._replace(excluded=refusal)

    def _refuse_other_company(self, read: Import) -> None:
        company = read.report.company.number
        expected = read.run.company.number if read.run.company else company
        others = {row.payment.key.company for row in read.rows.values() if row.payment}
        for actual in {company, *others} - {expected}:
            names = {"company": read.of.name, "expected": expected, "actual": actual}
            raise FleetError("WRONG_COMPANY", **names)

    def _notify(self, read: Import, saved: Sequence[Judged]) -> None:
        """Tell each listener alone: one that fails affects nothing else."""
        of, company = read.of, read.report.company
        run = values.SavedRun(read.run.id, of.import_type, of.name, company, len(saved))
        payments = [
            values.SavedPayment(one.row.payment, one.invoice or "", one.judgement.status or "")
            for one in saved
            if one.row.payment
        ]
        for plugin in self.manager.get_plugins() - {self}:
            for batch in _batches(payments):
                self._tell(plugin, "opter_payments_saved", run=run, payments=batch)
            self._tell(plugin, "opter_run_saved", run=run)

    def _tell(self, plugin: object, hook: str, **arguments: object) -> None:
        others = self.manager.get_plugins() - {plugin}
        try:
            self.manager.subset_hook_caller(hook, others)(**arguments)
        except Exception as error:  # noqa: BLE001 whatever it is, the books are changed
            log.warning("a listener failed in %s: %s", hook, type(error).__name__)

    # --- Hooks ---

    def _of(self, run: Run) -> Import:
        if run.id not in self._active:
            raise FleetError("CONTRACT_BROKEN", what="a hook was called after the run")
        return self._active[run.id]

    def _take(self, run: Run, rows: Sequence[Row]) -> int:
        read = self._of(run).rows
        for row in [checked(one) for one in rows]:
            key = row.number or object()  # rows without a number are all different
            read.pop(key, None)
            read[key] = row
        return len(rows)

    @hookimpl
    def opter_take_payments(self, run: Run, payments: Sequence[Payment]) -> int:
        rows = [Row(one.key.number, one, one.amount, one.invoice_number) for one in payments]
        return self._take(run, rows)

    @hookimpl
    def opter_take_excluded(self, run: Run, excluded: Sequence[values.ExcludedPayment]) -> int:
        rows = [
            Row(
                one.key.number, one.payment, one.amount, one.invoice_number,
                Refusal(one.reason, Text(one.message.sv, one.message.en)),
            )
            for one in excluded
        ]  # fmt: skip
        return self._take(run, rows)

    @hookimpl
    def opter_take_deleted(self, run: Run, payment_numbers: Sequence[str]) -> int:
        read = self._of(run)
        self._offer_again(read)
        for number in payment_numbers:
            (read.offered or {}).pop(number, None)
        return len(payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self, run: Run, company: Company) -> Sequence[str]:
        read = self._of(run)
        self._offer_again(read)
        ready = [
            one.row
            for one in self._judge(read, company, as_if_fetched=True)
            if one.judgement.kind == READY
        ]
        waited = [row.number for row in ready if row.earlier and row.number not in read.named]
        read.named.update(waited[:BATCH])
        return waited[:BATCH]

    @hookimpl
    def opter_known_invoices(self, run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:
        read = self._of(run)
        named = {"books": read.of.region, "numbers": list(invoice_numbers)}
        return [row["number"] for row in read.db.execute(SQL["known_invoices"], named)]

    @hookimpl
    def opter_progress(self, run: Run) -> bool:
        """End a run that has lost its connection, and with it the company's lock."""
        read = self._of(run)
        if time.monotonic() - read.checked_at > _CHECKED_EVERY:
            read.checked_at = time.monotonic()
            read.db.execute("SELECT 1")
        return read.cancelled()

    @hookimpl
    def opter_open_browser(self) -> bool:
        return False

    @hookimpl
    def opter_get_state(self, run: Run, key: str) -> str | None:
        named = {"import_type": run.type_code, "key": key}
        row = self._of(run).db.execute(SQL["state"], named).fetchone()
        return None if row is None else str(row["value"])

    @hookimpl
    def opter_set_state(self, run: Run, key: str, value: str | None) -> bool:
        named = {"import_type": run.type_code, "key": key, "value": value}
        self._of(run).db.execute(SQL["delete_state" if value is None else "set_state"], named)
        return True

    @hookimpl
    def opter_lock(self, run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:
        read = self._of(run)
        return database.locked(read.db, f"plug-in {run.type_code} {key}", timeout, read.locks)


def _batches(several: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(several), BATCH):
        yield several[start : start + BATCH]
