"""The host of the contract: it answers the hooks, imports, and saves what needs nobody.

No run is attended, nobody is shown a browser, and with a service account there is no secret.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pluggy

from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import READY
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

Settings = Mapping[str, str]


@dataclass(eq=False)
class Import:
    """A run, and what it has read so far."""

    run: Run
    of: Definition
    db: Db
    cancelled: Callable[[], bool]
    rows: dict[object, Row] = field(default_factory=dict)
    offered: dict[str, Row] | None = None  # what waits since earlier runs
    named: set[str] = field(default_factory=set)  # to be confirmed
    report: ImportReport = field(init=False)
    judged: list[Judged] = field(init=False)
    locks: dict[str, object] = field(default_factory=dict)


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

    def checked_settings(self, name: str, import_type: str, given: Settings) -> Settings:
        """Return a company's settings as they are stored; refuse what cannot be used everywhere."""
        hook, of = self.manager.hook, {"type_code": import_type, "subject": ""}
        answers = hook.opter_check_settings(values=given, **of)
        if not answers:
            raise FleetError("IMPORT_TYPE_UNKNOWN", company=name, type=import_type)
        stored: Settings = answers[0].values
        wrong = [one.message for one in answers[0].problems if one.severity == "error"]
        if wrong:
            sv, en = (" ".join(texts) for texts in zip(*wrong, strict=True))
            raise FleetError("SETTINGS_REFUSED", company=name, sv=sv, en=en)
        for one in (one for several in hook.opter_settings_fields(**of) for one in several):
            given_one = stored.get(SIGN_IN, one.default)
            if one.key == SIGN_IN and given_one != SERVICE_ACCOUNT:
                raise FleetError("SERVICE_ACCOUNT_NEEDED", company=name, sign_in=given_one)
        return stored

    def import_payments(
        self, db: Db, name: str, run_id: str, *, cancelled: Callable[[], bool] = lambda: False
    ) -> Import:
        """Read and judge, alone with the company; an error discards what was read."""
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
            read.report = answers[0]
            company = read.report.company.number
            expected = of.company.number if of.company else company
            others = {row.payment.key.company for row in read.rows.values() if row.payment}
            for actual in {company, *others} - {expected}:
                names = {"company": name, "expected": expected, "actual": actual}
                raise FleetError("WRONG_COMPANY", **names)
            self._offer_again(read)
        finally:
            del self._active[run_id]
        read.judged = self._judge(read, read.report.company)
        return read

    def save(self, db: Db, read: Import, *, all_ready: bool = False) -> None:
        """Register what is green, or all that is ready; keep the rest, and move the cursor."""
        read.db = db
        saved = database.save(
            db, read.of, read.run.id, read.report,
            judge=lambda: self._judge(read, read.report.company),
            registers=lambda one: all_ready or one.green,
        )  # fmt: skip
        self._notify(read, saved)

    def _judge(self, read: Import, company: Company, *, fetched: bool = False) -> list[Judged]:
        """Judge what was read, and what waits and was not read again."""
        waits = [row for number, row in (read.offered or {}).items() if number not in read.rows]
        rows = [*read.rows.values(), *waits]
        facts = database.facts(read.db, read.of, company.number, rows)
        return judge(rows, facts, as_if_fetched=fetched)

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
                    read.offered[row.number] = row._replace(excluded=_refusal(why))

    def _notify(self, read: Import, saved: Sequence[Judged]) -> None:
        """Tell each listener alone: one that fails affects nothing else."""
        of, company = read.of, read.report.company
        run = values.SavedRun(read.run.id, of.import_type, of.name, company, len(saved))
        rows: list[Any] = [(one.row.payment, one.invoice, one.judgement.status) for one in saved]
        batches = _batches([values.SavedPayment(*row) for row in rows])
        calls: list[Any] = [("opter_payments_saved", {"payments": batch}) for batch in batches]
        for plugin in self.manager.get_plugins() - {self}:
            others = self.manager.get_plugins() - {plugin}
            for hook, more in [*calls, ("opter_run_saved", {})]:
                try:
                    self.manager.subset_hook_caller(hook, others)(run=run, **more)
                except Exception as error:  # noqa: BLE001 whatever it is, the books are changed
                    log.warning("a listener failed in %s: %s", hook, type(error).__name__)

    def _take(self, run: Run, rows: Sequence[Row]) -> int:
        read = self._active[run.id].rows
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
        plain = [(one.key.number, one.payment, one.amount, one.invoice_number) for one in excluded]
        rows = zip(plain, excluded, strict=True)
        return self._take(run, [Row(*row, excluded=_refusal(one)) for row, one in rows])

    @hookimpl
    def opter_take_deleted(self, run: Run, payment_numbers: Sequence[str]) -> int:
        read = self._active[run.id]
        self._offer_again(read)
        for number in payment_numbers:
            (read.offered or {}).pop(number, None)
        return len(payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self, run: Run, company: Company) -> Sequence[str]:
        read = self._active[run.id]
        self._offer_again(read)
        judged = self._judge(read, company, fetched=True)
        ready = [one.row for one in judged if one.judgement.kind == READY and one.row.earlier]
        named = [row.number for row in ready if row.number not in read.named][:BATCH]
        read.named.update(named)
        return named

    @hookimpl
    def opter_known_invoices(self, run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:
        read = self._active[run.id]
        named = {"books": read.of.region, "numbers": list(invoice_numbers)}
        return [row["number"] for row in read.db.execute(SQL["known_invoices"], named)]

    @hookimpl
    def opter_progress(self, run: Run) -> bool:
        """End a run that has lost its connection, and with it the company's lock."""
        read = self._active[run.id]
        read.db.execute("SELECT 1")
        return read.cancelled()

    @hookimpl
    def opter_open_browser(self) -> bool:
        return False

    @hookimpl
    def opter_get_state(self, run: Run, key: str) -> str | None:
        named = {"import_type": run.type_code, "key": key}
        row = self._active[run.id].db.execute(SQL["state"], named).fetchone()
        return row["value"] if row else None

    @hookimpl
    def opter_set_state(self, run: Run, key: str, value: str | None) -> bool:
        named = {"import_type": run.type_code, "key": key, "value": value}
        self._active[run.id].db.execute(SQL["set_state"], named)
        return True

    @hookimpl
    def opter_lock(self, run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:
        read = self._active[run.id]
        return database.locked(read.db, f"plug-in {run.type_code} {key}", timeout, read.locks)


def _refusal(one: values.Reason | values.ExcludedPayment) -> Refusal:
    return Refusal(one.reason, Text(one.message.sv, one.message.en))


def _batches(several: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(several), BATCH):
        yield several[start : start + BATCH]
