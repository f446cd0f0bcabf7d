"""An import from beginning to end, as a person goes through it.

A definition is made once. Each import reads, judges and ends in the open
preview of its definition; nothing is registered before :meth:`Host.save`.
"""

from __future__ import annotations

import getpass
import logging
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from hostsim.errors import SettingsRefused, failure_of, host_error
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import SEK, Decision, Definition
from hostsim.messages import explanations, texts
from hostsim.messages.texts import own, settings_not_followed
from hostsim.plugins.listeners import tell, tell_changes
from hostsim.plugins.session import LiveRun, OnProgress, Window, broken
from hostsim.services import explanation, hand_payments, reconciliation
from hostsim.services.explanation import Explanation, Lookup, Question
from hostsim.services.hand_payments import Added, Entry
from hostsim.services.reconciliation import FullRun, Reconciliation
from hostsim.storage import (
    commits,
    decision_store,
    history,
    import_runs,
    page_rows,
    reconciliations,
)
from hostsim.storage.decision_store import DecisionWriter
from hostsim.storage.explanations import forget
from hostsim.storage.history import Imported
from hostsim.storage.import_runs import ImportRun, NotAsShown, Preview, PreviewChanged
from hostsim.storage.regions import checked_bank_account, refuse_other_region, region_fixed
from hostsim.storage.secrets import FindKeyring, Secrets, no_keyring
from opter_contract import CONTRACT
from opter_contract.values import (
    CheckedSettings,
    Company,
    ExcludedPayment,
    Finding,
    ImportReport,
    Payment,
    Progress,
    Run,
    SavedRun,
    SettingsField,
    SettingsProblem,
    Text,
)

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins
    from hostsim.storage.store import Store

log = logging.getLogger(__name__)

AnyRun = TypeVar("AnyRun", bound=LiveRun)

#: How long the name of a definition may be.
LONGEST_NAME = 200

_NOTHING: Mapping[str, str] = MappingProxyType({})

#: Variables that no program which we start needs to know.
_SECRET = frozenset({"FORTNOX_CLIENT_SECRET"})


def now() -> datetime:
    """Tell the time, in the zone of the machine."""
    return datetime.now(UTC).astimezone()


def new_id() -> str:
    """Make the id of a run."""
    return uuid.uuid4().hex


def system_user() -> str:
    """Name the user of the system, where it knows one."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # As in a container whose user has no name, or on Windows without USERNAME.
        return "?"


def open_window(address: str, answered: Callable[[str], Text | None]) -> bool:  # noqa: ARG001 the browser comes back to the plug-in by itself
    """Open a browser window, the way ``webbrowser`` and ``BROWSER`` choose it.

    In a process of its own, since a browser in the terminal would keep us
    waiting. It gets none of our streams: whoever reads them to their end
    would wait until the browser is closed. Nor does it get the secret that an
    administrator put into our environment.
    """
    command = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    try:
        child = subprocess.Popen(  # noqa: S603 our own interpreter, and no shell
            [sys.executable, "-c", command, address],
            env={name: text for name, text in os.environ.items() if name not in _SECRET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        log.warning("no browser window could be opened")
        return False
    # Somebody must wait for the child, or it would stay as a zombie.
    threading.Thread(target=child.wait, name="browser", daemon=True).start()
    return True


def ignore_progress(progress: Progress) -> bool | None:  # noqa: ARG001 as the hook has it
    """Watch nothing, and never cancel."""
    return None


def _fail(import_run: ImportRun, error: BaseException) -> None:
    """Write down what ended a run; of a bug only that it was one."""
    failure = failure_of(error)
    if failure is None:
        import_run.fail("INTERNAL")
    else:
        import_run.fail(failure.code, own(failure.sentence))


class Host:
    """The host over one database. Two imports may go on at once, in two threads."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        *,
        configuration: Mapping[str, str] = _NOTHING,
        login_timeout: float = 300.0,
        window: Window | None = None,
        on_progress: OnProgress = ignore_progress,
        clock: Callable[[], datetime] = now,
        user: str | None = None,
        new_id: Callable[[], str] = new_id,
        lock_wait: float = 10.0,
        keyring: FindKeyring = no_keyring,
    ) -> None:
        """Put a host together.

        :param configuration: values of the administrator for plug-ins; they go
            before the environment.
        :param login_timeout: seconds that a person may take to sign in.
        :param window: opens a window on an address, at once; preset: the
            system's browser.
        :param on_progress: hears of progress; ``True`` cancels.
        :param clock: tells the time, with its zone.
        :param user: who imports and saves; preset: the user of the system.
        :param lock_wait: seconds to wait for another import of a definition.
        :param keyring: finds a keyring for secrets; preset: a file beside the database.
        """
        self.store = store
        self.plugins = plugins
        self._configuration = MappingProxyType(dict(configuration))
        self._login_timeout = login_timeout
        self._window = window or open_window
        self._on_progress = on_progress
        self._clock = clock
        self._user = system_user() if user is None else user
        self._new_id = new_id
        self._lock_wait = lock_wait
        self._secrets = Secrets(store.path, store.locks, keyring)

    # --- Definitions ---

    def settings_fields(self, import_type: str) -> Sequence[SettingsField]:
        """Give the fields that a plug-in contributes to a definition."""
        answer = self.plugins.call_owner(
            import_type, "opter_settings_fields", import_type=import_type
        )
        return list(answer or ())

    def define(
        self,
        name: str,
        import_type: str,
        import_format: str,
        region: str,
        values: Mapping[str, str],
        *,
        company_of: str | None = None,
    ) -> Sequence[SettingsProblem]:
        """Make a definition; give the warnings about its values.

        :param region: whose invoices the payments are for; ``""`` is the default one.
        :param company_of: another definition, whose company this one shares, as where
            several regions are one company; preset: that of the first save.
        :raises HostError: ``COMPANY_NOT_KNOWN`` where that one has saved nothing yet.
        :raises SettingsRefused: when a value is wrong; nothing is stored then.
        """
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise host_error("DEFINITION_NAME")
        self.plugins.owner(import_type)
        formats = self.plugins.import_types[import_type].formats
        if import_format not in formats:
            known = ", ".join(formats)
            raise host_error(
                "IMPORT_FORMAT_UNKNOWN", type=import_type, name=import_format, known=known
            )
        company = None
        if company_of is not None:
            company = self.store.definition(company_of).company
            if company is None:
                raise host_error("COMPANY_NOT_KNOWN", name=company_of)
        checked = self._checked(import_type, values)
        definition = Definition(
            name.strip(), import_type, import_format, region, dict(checked.values), company, None
        )
        self.store.add_definition(definition)
        with self._alone(definition.name):
            return [*checked.problems, *self._settings_stored(definition.name)]

    def change(
        self, name: str, values: Mapping[str, str], *, region: str | None = None
    ) -> Sequence[SettingsProblem]:
        """Change settings of a definition; give the warnings about its values.

        What is not given stays. An open preview was read with the earlier
        settings, and is discarded.

        :param region: another region, as long as nothing was saved; ``None`` leaves it.
        :raises SettingsRefused: when a value is wrong; nothing is stored then.
        :raises HostError: ``REGION_FIXED`` when something was saved already.
        """
        self.store.definition(name)
        with self._alone(name):
            definition = self.store.definition(name)
            checked = self._checked(definition.import_type, {**definition.settings, **values})
            moves = region is not None and region != definition.region
            if moves and definition.company is not None:
                raise region_fixed(definition, region or "")
            with self.store.change() as db:
                self.store.set_definition_settings(name, checked.values)
                if region is not None and moves:
                    self.store.set_definition_region(name, region)
                changed = moves or dict(checked.values) != dict(definition.settings)
                if changed and import_runs.discard(db, name, "discarded"):
                    log.info("the open preview of %s was discarded: its settings changed", name)
            return [*checked.problems, *self._settings_stored(name)]

    def _settings_stored(self, name: str) -> Sequence[SettingsProblem]:
        """Tell the plug-in of new settings; what it cannot do about them is a warning."""
        live = self._live(ImportRun(self.store, self._new_id(), self.store.definition(name)))
        try:
            with self.plugins.answers.alive(live):
                self.plugins.call_owner(live.run.import_type, "opter_settings_stored", run=live.run)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 whatever it is, the settings are stored
            failure = failure_of(error)
            if failure is None:
                log.warning("a plug-in failed in opter_settings_stored: %s", type(error).__name__)
            sentence = settings_not_followed() if failure is None else failure.sentence
            return [SettingsProblem(name, "warning", sentence)]
        return []

    def _checked(self, import_type: str, values: Mapping[str, str]) -> CheckedSettings:
        checked: CheckedSettings | None = self.plugins.call_owner(
            import_type, "opter_check_settings", import_type=import_type, values=dict(values)
        )
        if checked is None:
            raise broken("opter_check_settings was not answered")
        if any(problem.severity == "error" for problem in checked.problems):
            raise SettingsRefused(checked.problems)
        return checked

    # --- Importing ---

    def import_payments(
        self,
        name: str,
        *,
        region: str | None = None,
        bank_account: str = "",
        date: date | None = None,
    ) -> Preview:
        """Read payments and judge them; nothing is registered.

        The result becomes the open preview of the definition. When it fails,
        what was read is thrown away and an earlier preview stays.

        :param region: the definition's own, the preset; another one is refused.
        :param bank_account: where the money came in; every payment that is saved gets it.
        :param date: of the import, preset to today; a payment keeps its own.
        :raises HostError: ``REGION_DIFFERS``, ``BANK_ACCOUNT``.
        """
        definition = self.store.definition(name)
        account = checked_bank_account(bank_account)
        refuse_other_region(definition, region)
        self.plugins.owner(definition.import_type)
        self._refuse_other_currency()
        self.tell_listeners()
        with self._alone(name), commits.passing():
            import_run = ImportRun(self.store, self._new_id(), self.store.definition(name))
            refuse_other_region(import_run.definition, region)
            at = self._clock()
            import_run.begin(self._user, at, bank_account=account, day=date or at.date())
            try:
                report = self._read(import_run)
                import_run.judge(Company(report.company.number, report.company.name))
                preview = import_run.finish(
                    report.cursor,
                    report.not_read,
                    report.requests,
                    self._clock(),
                    [own(note) for note in getattr(report, "notes", ())],
                )
            except BaseException as error:
                _fail(import_run, error)
                raise
        commits.note(texts.PREVIEW_KEPT)
        return preview

    def _read(self, import_run: ImportRun) -> ImportReport:
        live = self._live(import_run)
        with self.plugins.answers.alive(live):
            report: ImportReport | None = self.plugins.call_owner(
                live.run.import_type, "opter_import_payments", run=live.run
            )
            if report is None:
                raise broken("opter_import_payments was not answered")
            live.finish(report.company, notes=bool(getattr(report, "notes", ())))
        return report

    def _live(self, import_run: ImportRun) -> LiveRun:
        return self._live_as(LiveRun, import_run)

    def _live_as(self, kind: type[AnyRun], import_run: ImportRun) -> AnyRun:
        return kind(
            self._run(import_run),
            import_run,
            window=self._window,
            on_progress=self._on_progress,
            screen=self._screen,
            secrets=self._secrets,
            clock=self._clock,
        )

    def _run(self, import_run: ImportRun) -> Run:
        definition = import_run.definition
        return Run(
            id=import_run.run_id,
            hook=self.plugins.manager.hook,
            import_type=definition.import_type,
            import_format=definition.import_format,
            definition=definition.name,
            settings=MappingProxyType(dict(definition.settings)),
            company=definition.company,
            cursor=definition.cursor,
            default_currency=self.store.settings()["default_currency"],
            configuration=self._configuration,
            login_timeout=self._login_timeout,
            contract=CONTRACT,
        )

    def _screen(
        self, run: Run, payments: Sequence[Payment]
    ) -> Sequence[ExcludedPayment | None] | None:
        answer: Sequence[ExcludedPayment | None] | None = self.plugins.call_owner(
            run.import_type, "opter_screen_payments", run=run, payments=payments
        )
        return answer

    # --- Deciding ---

    def decisions(self, name: str) -> list[Decision]:
        """Give what was decided about payments of a definition, in force or not."""
        return decision_store.decisions(self.store, self.store.definition(name).name)

    # ``revision`` is that of the preview that a person decided on; where another one is open,
    # nothing is decided. "" is for no preview, and ``None`` for whatever is open.

    def set_aside(
        self,
        name: str,
        numbers: Collection[str],
        *,
        why: str = "",
        revision: str | None = None,
    ) -> Preview | None:
        """Set rejected payments aside, all or none, until they are taken back.

        What is set aside already stays as it is.

        :param numbers: payment numbers of the open preview; without one, of those
            that wait.
        :return: the open preview, judged again; ``None`` when nothing is open.
        :raises HostError: ``PAYMENT_NOT_SHOWN`` or ``DECISION_DOES_NOT_FIT``.
        """
        return self._decide(
            name, numbers, lambda writer, others: writer.set_aside(numbers, why, others), revision
        )

    def set_aside_series(
        self, name: str, first: str, last: str, *, why: str = "", revision: str | None = None
    ) -> Preview | None:
        """Set every payment aside whose invoice lies in a series and is not here.

        :param first: invoice number where the payments come from; included, as is ``last``.
        :return: the open preview, judged again; ``None`` when nothing is open.
        :raises HostError: ``SERIES_WRONG`` or ``SERIES_EXISTS``.
        """
        return self._decide(
            name, (), lambda writer, _: writer.set_aside_series(first, last, why), revision
        )

    def take_back(
        self,
        name: str,
        numbers: Collection[str] = (),
        *,
        series: Collection[tuple[str, str]] = (),
        ids: Collection[int] = (),
        revision: str | None = None,
    ) -> Preview | None:
        """Take decisions back, all that are named or none; whoever made them stays readable.

        :param numbers: payments, whatever was decided about them.
        :param series: first and last invoice number, as they were set aside.
        :param ids: of decisions.
        :return: the open preview, judged again; ``None`` when nothing is open.
        :raises HostError: ``DECISION_UNKNOWN`` where nothing of that is in force.
        """
        return self._decide(
            name, (), lambda writer, _: writer.take_back(numbers, series, ids), revision
        )

    def decide(
        self,
        name: str,
        number: str,
        decision: str,
        *,
        why: str = "",
        revision: str | None = None,
    ) -> Preview | None:
        """Decide about one payment of the open preview; a save then does it.

        :param decision: ``confirm`` what may be registered already, ``take-again`` what
            was deleted here, ``accept`` a change, or ``keep`` what is registered;
            ``set-aside`` is :meth:`set_aside`.
        :param revision: of the preview that the person decided on, as in the other decisions;
            ``""`` where none was open, ``None`` for whatever is open now.
        :return: the open preview, judged again.
        :raises HostError: ``PAYMENT_NOT_SHOWN``, ``DECISION_DOES_NOT_FIT``, or
            ``LIST_CHANGED`` where another revision is open.
        """
        if decision == SET_ASIDE:
            return self.set_aside(name, [number], why=why, revision=revision)
        return self._decide(
            name,
            (number,),
            lambda writer, others: writer.decide(number, decision, why, others),
            revision,
        )

    def _decide(
        self,
        name: str,
        numbers: Collection[str],
        act: Callable[[DecisionWriter, decision_store.Others], None],
        revision: str | None,
    ) -> Preview | None:
        """Write decisions down in one transaction, and judge the open preview again.

        Should the process end between the two, a save refuses the preview and judges it.
        """
        self.store.definition(name)
        with self._alone(name):
            definition = self.store.definition(name)
            run_id = import_runs.open_runs(self.store).get(name)
            company = definition.company
            self._refuse_other_list(run_id, revision)
            if run_id is not None:
                company = import_runs.preview_of(self.store, run_id).company
            if company is None:
                raise host_error("COMPANY_NOT_KNOWN", name=name)
            if run_id is None:
                with self.store.change() as db:
                    act(
                        DecisionWriter(db, name, company.number, None, self._user, self._clock()),
                        {},
                    )
                return None
            import_run = ImportRun(self.store, run_id, definition)
            with self.store.change() as db:
                with import_run.judging(company.number) as judging:
                    others = judging.possibly_registered(numbers)
                    replaceable, settles = judging.replaceable, judging.settlements.by_number
                    before = judging.decided()
                at = self._clock()
                writer = DecisionWriter(
                    db, name, company.number, run_id, self._user, at, replaceable, settles
                )
                act(writer, others)
            with commits.passing(), self.store.change():
                import_run.judge(company, before)
            return import_runs.preview_of(self.store, run_id)

    def _refuse_other_list(self, run_id: str | None, shown: str | None) -> None:
        if shown is None or shown == import_runs.revision_of(self.store.db, run_id):
            return
        if run_id is None:
            raise host_error("LIST_CHANGED")
        raise PreviewChanged(import_runs.preview_of(self.store, run_id), "LIST_CHANGED")

    def hidden_by_series(self, name: str, numbers: Collection[str]) -> dict[str, Decision]:
        """Give the series that hides each of these payments, where one does."""
        definition = self.store.definition(name)
        run_id = import_runs.open_runs(self.store).get(name)
        if definition.company is None and run_id is None:
            return {}
        company = definition.company
        if run_id is not None:
            company = import_runs.preview_of(self.store, run_id).company
        number_of = "" if company is None else company.number
        writer = DecisionWriter(self.store.db, name, number_of, run_id, self._user, self._clock())
        found = {number: writer.hiding(number) for number in numbers}
        return {number: series for number, series in found.items() if series is not None}

    def waits_for_import(self, name: str, number: str) -> bool:
        """Tell whether a payment has to be fetched again before a save does what was decided."""
        run_id = import_runs.open_runs(self.store).get(self.store.definition(name).name)
        return page_rows.needs_import(self.store, run_id, number)

    # --- By hand ---

    def add_payment(
        self,
        invoice_number: str,
        amount: Decimal,
        *,
        region: str = "",
        date: date | None = None,
        bank_account: str = "",
        currency: str = "",
        rate: Decimal | None = None,
        confirm: bool = False,
        key: str = "",
    ) -> int:
        """Register a payment by hand; give its id.

        An open preview that judged the same invoice is refused at its save, and shown anew.

        :param amount: in the invoice's currency; negative for money that went back.
        :param date: the payment date; preset: today.
        :param currency: must be the invoice's; preset: that.
        :param rate: SEK for one unit; needed where the invoice is not in SEK.
        :param confirm: register it though it is doubtful.
        :param key: makes it once: the same key again gives the same payment.
        :raises HostError: see :func:`hostsim.services.hand_payments.add`.
        """
        entry = Entry(invoice_number, amount, date, region, bank_account, currency, rate, key)
        return self.enter_payment(entry, confirm=confirm).id

    def enter_payment(self, entry: Entry, *, confirm: bool = False, seen: str = "") -> Added:
        """Register a payment by hand as :meth:`add_payment`, and tell how it went.

        :param seen: the seal of the doubts that were shown, which confirms them and no others.
        """
        with self.store.change() as db:
            added = hand_payments.add(
                db, entry, self._user, self._clock(), confirm=confirm, seen=seen
            )
        if not added.already:
            commits.note(texts.payment_added(added.id))
        self.tell_listeners()
        return added

    def delete_payment(self, payment_id: int, *, why: str) -> None:
        """Delete a registered payment, typed or imported; it stays in the list, marked.

        An imported one is offered again by the next import, as ``deleted-in-host``.

        :raises HostError: see :func:`hostsim.services.hand_payments.delete`.
        """
        with self.store.change() as db:
            hand_payments.delete(db, payment_id, why, self._user, self._clock())
        commits.note(texts.payment_deleted(payment_id))
        self.tell_listeners()

    # --- Comparing afterwards ---

    @contextmanager
    def reconcile(self, name: str) -> Iterator[Reconciliation]:
        """Compare every payment that exists there with every one that is registered here.

        Reads everything, whatever the settings say, and registers nothing. What
        was read is thrown away at the end of the ``with`` block.
        """
        definition = self.store.definition(name)
        self.plugins.owner(definition.import_type)
        self._refuse_other_currency()
        # Two locks, so that looking at the result keeps nobody from importing.
        with self._alone(name, "reconciliation"):
            with self._alone(name), commits.passing():
                found = self._reconciled(name)
            try:
                yield found
            finally:
                with commits.passing():
                    found.close()

    def _reconciled(self, name: str) -> Reconciliation:
        import_run = ImportRun(self.store, self._new_id(), self.store.definition(name))
        reconciliations.begin(import_run, self._user, self._clock())
        try:
            report = self._read_all(import_run)
            company = Company(report.company.number, report.company.name)
            return reconciliation.compare(import_run, company, report.requests, self._clock())
        except BaseException as error:
            _fail(import_run, error)
            raise

    def _read_all(self, import_run: ImportRun) -> ImportReport:
        live = self._live_as(FullRun, import_run)
        with self.plugins.answers.alive(live):
            report: ImportReport | None = self.plugins.call_owner(
                live.run.import_type, "opter_read_all_payments", run=live.run
            )
            if report is None:
                raise host_error(
                    "CANNOT_RECONCILE", type=live.run.import_type, name=live.run.definition
                )
            live.finish(report.company)
            live.explain(report.company.number)
        return report

    # --- Finding out what is wrong ---

    def diagnose(self, name: str) -> Sequence[Finding] | None:
        """Have the plug-in of a definition look at everything that an import needs.

        :return: what it found; ``None`` where it cannot look.
        """
        self.plugins.owner(self.store.definition(name).import_type)
        with self._alone(name), commits.passing():
            live = self._live(ImportRun(self.store, self._new_id(), self.store.definition(name)))
            with self.plugins.answers.alive(live):
                found: Sequence[Finding] | None = self.plugins.call_owner(
                    live.run.import_type, "opter_diagnose", run=live.run
                )
        return found

    # --- Explaining ---

    def why(
        self,
        number: str,
        name: str | None = None,
        *,
        region: str | None = None,
        offline: bool = False,
    ) -> Explanation:
        """Tell everything about one invoice, and what its missing payment waits for.

        Asks Fortnox, unless nobody is to; registers nothing and keeps nothing
        of what was read.

        :param number: of the invoice, here or in Fortnox.
        :param name: the definition to ask; preset: the only one whose region fits.
        :param region: of the invoice; preset: the definition's.
        :param offline: tell what is known here, without asking.
        :raises HostError: ``WHY_WHICH`` where several definitions fit.
        """
        question = explanation.question_of(self.store, number, name, region)
        if question.definition is not None:
            question = replace(question, source=self.source(question.definition.import_type))
        if offline:
            return explanation.explain(self.store, question, None, explanations.OFFLINE)
        if question.definition is None:
            return explanation.explain(self.store, question, None, explanations.NO_DEFINITION)
        self.plugins.owner(question.definition.import_type)
        self._refuse_other_currency()
        with self._alone(question.definition.name), commits.passing():
            definition = self.store.definition(question.definition.name)
            import_run = ImportRun(self.store, self._new_id(), definition)
            import_run.begin(self._user, self._clock())
            try:
                lookup = self._looked_up(import_run, question)
                not_asked = explanations.CANNOT_ASK if lookup is None else None
                return explanation.explain(self.store, question, lookup, not_asked)
            finally:
                forget(import_run)

    def source(self, import_type: str) -> Text:
        """Name where payments of an import type come from, in its plug-in's word for it."""
        known = self.plugins.import_types.get(import_type)
        return Text(import_type, import_type) if known is None else own(known.label)

    def _looked_up(self, import_run: ImportRun, question: Question) -> Lookup | None:
        """Have the plug-in read the invoice's payments; ``None`` where it cannot."""
        live = self._live_as(explanation.InvoiceRun, import_run)
        live.invoice_id = question.invoice_id
        with self.plugins.answers.alive(live):
            report: ImportReport | None = self.plugins.call_owner(
                live.run.import_type,
                "opter_read_payments",
                run=live.run,
                invoice_numbers=explanation.source_numbers(self.store, question),
                references=explanation.references(self.store, question),
            )
            if report is None:
                return None
            live.finish(report.company)
        company = Company(report.company.number, report.company.name)
        return Lookup(import_run, company, report.requests)

    # --- What was done ---

    def runs(self) -> Iterator[Imported]:
        """Give all imports and comparisons of the past, latest first."""
        return history.runs(self.store, self.shown_settings)

    def run(self, prefix: str) -> Imported:
        """Give the one run whose id begins so; ``RUN_UNKNOWN`` and ``RUN_AMBIGUOUS`` otherwise."""
        return history.run(self.store, prefix, self.shown_settings)

    def shown_settings(self, import_type: str, values: Mapping[str, str]) -> dict[str, str]:
        """Show the settings of an import, but not what only its owner may see."""
        return history.shown_settings(lambda: self.settings_fields(import_type), values)

    # --- Saving ---

    def open_preview(self, name: str) -> Preview | None:
        """Give the open preview of a definition; ``None`` when nothing is open."""
        self.store.definition(name)
        run_id = import_runs.open_runs(self.store).get(name)
        return None if run_id is None else import_runs.preview_of(self.store, run_id)

    def save(self, name: str | None = None, revision: str | None = None) -> Preview | None:
        """Register what is ready in an open preview; needs no login and no plug-in.

        :param name: the definition; ``None`` for the only one with an open preview.
        :param revision: of the preview to save, and of no other; where that one was saved
            before, it is only given back. ``""`` is that of no preview; ``None`` saves
            whatever is open.
        :return: what was saved; ``None`` when nothing is open.
        :raises PreviewChanged: when another revision is open, or the host's data changed
            so that the result would differ; nothing is saved, and the error carries what
            is open now.
        :raises HostError: ``NOTHING_TO_SAVE`` where the revision is neither open nor saved.
        """
        chosen = self._to_save(name)
        if chosen is None:
            return None
        self._refuse_other_currency()
        self.tell_listeners()
        with self._alone(chosen):
            run_id = import_runs.open_runs(self.store).get(chosen)
            if run_id is None:
                return self._saved_before(chosen, revision)
            import_run = ImportRun(self.store, run_id, self.store.definition(chosen))
            company = import_runs.preview_of(self.store, run_id).company
            if company is None:
                raise broken("the run has no company")
            try:
                held = import_run.save(company, self._user, self._clock(), revision=revision)
            except NotAsShown:
                before = import_runs.saved_as(self.store, chosen, revision or "")
                if before is not None:
                    return import_runs.preview_of(self.store, before)
                raise PreviewChanged(import_runs.preview_of(self.store, run_id)) from None
            if not held:
                with commits.passing(), self.store.change():
                    import_run.judge(company)
                raise PreviewChanged(import_runs.preview_of(self.store, run_id))
        preview = import_runs.preview_of(self.store, run_id)
        commits.note(texts.registered(preview.counts["ready"]))
        import_type = import_run.definition.import_type
        saved = SavedRun(run_id, import_type, chosen, company, preview.counts["ready"])
        tell(self.plugins, self.store, saved)
        self.tell_listeners()
        return preview

    def tell_listeners(self) -> None:
        """Tell each plug-in that listens what changed the books and it has not acknowledged.

        Every method that changes the books does it after the commit; an import and a save
        also before they begin, for what was left when a program ended.
        """
        tell_changes(self.plugins, self.store)

    def _saved_before(self, name: str, revision: str | None) -> Preview | None:
        """Give what was saved with this revision, now that nothing is open."""
        if not revision:
            return None
        run_id = import_runs.saved_as(self.store, name, revision)
        if run_id is None:
            raise host_error("NOTHING_TO_SAVE")
        return import_runs.preview_of(self.store, run_id)

    def _to_save(self, name: str | None) -> str | None:
        if name is not None:
            return self.store.definition(name).name
        names = list(import_runs.open_runs(self.store))
        if len(names) > 1:
            raise host_error("DEFINITION_NEEDED", names=", ".join(names))
        return names[0] if names else None

    def _refuse_other_currency(self) -> None:
        currency = self.store.settings()["default_currency"]
        if currency.upper() != SEK:
            raise host_error("DEFAULT_CURRENCY", currency=currency)

    @contextmanager
    def _alone(self, name: str, what: str = "definition") -> Iterator[None]:
        """Keep every other import, save and change of this definition away."""
        with self.store.locks.hold(what, name, wait=self._lock_wait) as got:
            if not got:
                raise host_error("IMPORT_RUNNING", name=name)
            yield
