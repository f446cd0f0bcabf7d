"""The contract between a host and its import plug-ins, on one page.

A host is an ERP that keeps invoices and payments. A plug-in brings payments from another
system. Both register with :mod:`pluggy` under the project name ``opter``; a plug-in is found
through an entry point in the group ``opter``.

The values that they exchange are in :mod:`opter_contract.values`. Neither side has to import
them: any object with these attributes works.

A run::

    host                                   plug-in
    opter_import_payments(run)  ─────────►
                                ◄───────── run.hook.opter_open_browser …
                                ◄───────── run.hook.opter_take_payments (batches)
                                ◄───────── run.hook.opter_take_excluded (batches)
                                ◄───────── run.hook.opter_take_balances (batches)
                                ◄───────── run.hook.opter_invoices_to_check
                                ◄───────── run.hook.opter_payments_to_check
                                ◄───────── run.hook.opter_payments_to_confirm
                                ◄───────── run.hook.opter_take_payments / _take_deleted
                                ◄───────── ImportReport
    … a person reviews the payments and saves; the host commits …
    opter_payments_saved (batches), opter_run_saved  ─►  every listener
    opter_books_changed (batches)  ─►  every listener

A round of unattended runs, all that were due::

    … each run reads, saves what the schedule permits, and ends; the host stores that …
    opter_run_ended (each)  ─►  every listener
    … the last one has ended …
    opter_notices  ─►  every listener that tells people

Rules for every hook:

* Hooks are called with keyword arguments. An implementation may omit arguments that it does
  not need, so that the contract can grow.
* No hook is "first result": the caller gets a list with one answer from each implementation
  that did not return ``None``. So a host works with or without these specifications.
* Only the host answers the hooks of the second group (``opter_take_…`` to ``opter_lock``),
  except ``opter_progress``, which any plug-in may watch.
* Nothing is global. A hook gets everything in its arguments, and two runs may be active
  concurrently in one process.
* Money is :class:`~decimal.Decimal`, never a float, in the currency that the attribute names.
  A :class:`~datetime.date` is a day in the calendar of the books and has no time zone.
* To fail with a message for the person, raise an exception that has the attributes of
  :class:`~opter_contract.values.Failure`. Any other exception is a bug, and is shown as one.

Which side implements each hook, and the effect of omitting it:

=========================== ======== ==================================== =====
hook                        answered if omitted                           since
=========================== ======== ==================================== =====
opter_import_types          plug-in  it has none; it only listens         1.0
opter_settings_fields       plug-in  there are none                       1.0
opter_check_settings        plug-in  *required of one with a type*        1.0
opter_settings_stored       plug-in  nothing happens                      1.0
opter_import_payments       plug-in  *required of one with a type*        1.0
opter_read_all_payments     plug-in  the host cannot reconcile            1.0
opter_read_invoice_payments plug-in  the host answers from what it has    1.0
opter_exclusion_reasons     plug-in  nothing is excluded                  1.0
opter_sign_in               plug-in  a person signs in at an import       1.0
opter_diagnose              plug-in  only the host's own checks are made  1.0
opter_errors                plug-in  its codes are missing from the list  1.0
opter_payments_saved        listener it is not notified                   1.0
opter_books_changed         listener it is not notified                   1.0
opter_run_saved             listener it is not notified                   1.0
opter_run_ended             listener it is not notified                   1.0
opter_notices               listener people are told by nobody            1.0
opter_take_payments         host     *required*                           1.0
opter_take_excluded         host     *required*                           1.0
opter_take_deleted          host     *required*                           1.0
opter_take_unchecked        host     no payment is held back              1.0
opter_take_balances         host     no balances are read                 1.0
opter_invoices_to_check     host     none are read one by one             1.0
opter_payments_to_check     host     none are checked                     1.0
opter_payments_to_confirm   host     *required*                           1.0
opter_known_invoices        host     *required*                           1.0
opter_progress              anyone   nobody watches, nobody cancels       1.0
opter_open_browser          host     *required where a person signs in*   1.0
opter_get_state             host     nothing is stored                    1.0
opter_set_state             host     *required*                           1.0
opter_get_secret            host     nothing is stored                    1.0
opter_set_secret            host     nothing is stored                    1.0
opter_lock                  host     *required*                           1.0
=========================== ======== ==================================== =====

Call a hook that may be omitted with ``getattr(run.hook, name, None)``: pluggy has no attribute
for one that neither side has.

How the contract changes:

* It has a version, :data:`~opter_contract.version.CONTRACT_VERSION`: ``major.minor``. The host
  states its own as ``run.contract_version``. A plug-in states the oldest version that it
  supports as the string ``opter_contract_version`` on the object that its entry point names:
  ``opter_contract_version = "1.0"``, which is also the default.
* A minor version adds: a hook, an argument of a hook, an attribute with a default. None of them
  may be required. Both sides ignore what they do not know.
* A plug-in that answers a hook which was added after the version that it states marks the
  implementation with ``optionalhook=True``, or an older host rejects it as misspelt. One that
  uses an added argument states the version that added it, since pluggy has no optional
  arguments.
* A major version removes something, or changes what it means. Another major version is refused
  with a message by the side that notices it first.

1.0 is the first version.

A host that is a web application
--------------------------------

Its users' browsers are on other machines, where no plug-in can listen. It sets ``run.redirect_uri``
to an ``https`` URL of its own, which the administrator registers in the other system.

* The plug-in uses exactly this URL as the ``redirect_uri`` of OAuth (RFC 6749), opens no
  port, and calls ``opter_open_browser`` as always.
* The ``url`` has the parameter ``state``. It is the plug-in's, cannot be guessed and belongs to one
  login, so the host finds the run of a callback by it, however many wait at once. A callback with
  an unknown ``state`` changes nothing.
* The host accepts a callback only from the browser session that started the run, against
  cross-site request forgery (RFC 6749, 10.12). The cookie must be sent from another site
  (``SameSite=Lax``). A callback without any parameter belongs to the session's own login.
* It calls ``on_redirect`` with ``run.redirect_uri``, ``?`` and the unchanged query. ``None``: it
  shows that the window may be closed and that the run reports the outcome. Otherwise it shows the
  message. Each callback is accepted once, and none after the run has ended.
* It shows and logs neither ``state`` nor ``code``.
* ``run.login_timeout`` and cancelling end the wait as always.

What your host must promise
---------------------------

Each sentence is a test of :mod:`opter_contract.conformance` with the same words. A host that
receives payments, shows them and registers nothing promises what concerns it; one that saves
promises all. 27 to 32 are for a host that compares with the other system; they are optional.

*Money.*

1. Money stays exact in every list and in the books. It is decimal, with its currency, and
   never a float on the way; no öre is rounded off, however large the amount.
2. A payment is compared with its invoice in the currency of the invoice. If the two currencies
   differ, it is rejected.
3. A write-off counts as paid. Each with its sign; one in SEK at the payment's rate.
4. A write-off counts in its own currency. One in the currency of the payment is not converted.
5. A refund increases what remains to pay. A negative payment of an ordinary invoice is a
   ``reversal`` and no error.
6. Payments of one invoice are judged in date order. One that comes when nothing remains is
   rejected, and one of more than what remains is an ``advance``.
7. An OCR reference is used only if the number is unknown and one invoice has it. An empty one
   never matches.

*Everything that was read.*

8. Every payment that was read is in exactly one list. Ready, rejected (a person reviews it) or
   ignored (``before-date``, ``below-number``); the number and the sum agree with what was read.
9. A row without a number is shown. Each of several that look alike. It has no key, so the host
   need not offer it again: its plug-in returns no cursor, and reads it again.
10. The warnings of a plug-in are shown.
11. A batch is acknowledged only if all of it is stored. What cannot be stored, such as an
    amount that is no finite Decimal, ends the run.
12. An error ends the run and discards it. What was stored before stays.
13. A rejected payment is offered again until it is saved. A cursor is returned, so it is not
    read a second time; an import that failed, or was not saved, changes nothing. This applies
    to everything that has a number, however many: also to what changed, to what was entered
    again (27), and to what was shown as ready but no longer is when it is saved.
14. A payment that is offered again is checked against the current settings.
    ``opter_exclusion_reasons``.
15. A payment that is offered again is fetched again before it is saved.
    ``opter_payments_to_confirm`` names it, and the figures that come then count.
16. A payment that was deleted at its source is not registered. Nor is it offered again after a
    save.
17. The cursor moves only with a save.
18. A cursor is returned only to its own definition.

*Once.*

19. Nothing is registered before a save.
20. A payment is registered only once. Its key is import type, company and number, whichever
    run or definition brings it, and whatever happened to its invoice.
21. Two concurrent saves register a payment once. What was shown as ready is judged again when
    it is saved.
22. A number is unique only within its company and import type. The same number elsewhere is
    another payment.
23. Payments that look alike are separate payments. Two with the same date, amount and invoice
    are both registered.
24. A payment whose figures changed is shown and not registered again. With another reason than
    one that did not change.
25. Two imports of one definition never run concurrently. The second waits, or is refused.
26. Another company is refused. From the first save of a definition on.

*What the other system says.*

27. A payment that was deleted and entered again counts once. If the first one was deleted there
    (``opter_payments_to_check``), the new one is not ready beside it, in this run or a later
    one, whichever definition reads it: on the same invoice with any amount, or on another one
    with the same amount.
28. A payment is not ready while another payment of its invoice is unchecked. The plug-in could
    not check that one (``opter_take_unchecked``); it is checked again at the next import.
29. A registered payment that was deleted at its source is reported. If more remains there than
    here (``opter_take_balances``), the registered payments are checked, and those that were
    deleted are shown.
30. An invoice that is open only in the host is checked. ``opter_invoices_to_check``.
31. A listener is sent every change of the books until it acknowledges it. In order, from the
    first one on, however late the listener was installed (``opter_books_changed``).
32. A change is sent as it is in the books. Key, date, signed amounts, currency and the host's
    invoice; ``effect`` includes write-offs.

*Trust.*

33. Everything stored survives a restart. The books, rejected payments, cursors, state and
    secrets; which payments were deleted, until they are checked again; the journal, and how far
    each listener acknowledged it.
34. A listener that fails affects nothing else.
35. A host that cannot show a URL to anyone says so. ``opter_open_browser`` returns ``False``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager

import pluggy

from opter_contract import PROJECT
from opter_contract.values import (
    BookChange,
    CheckedSettings,
    Company,
    EndedRun,
    ErrorText,
    ExcludedPayment,
    Finding,
    ImportReport,
    ImportType,
    InvoiceBalance,
    Notice,
    Payment,
    Progress,
    Reason,
    RegisteredPayment,
    Run,
    SavedPayment,
    SavedRun,
    SettingsField,
    Text,
)

hookspec = pluggy.HookspecMarker(PROJECT)


# --- Answered by a plug-in --------------------------------------------------


@hookspec
def opter_import_types() -> Sequence[ImportType]:  # type: ignore[empty-body]
    """List the import types of the plug-in.

    Called once, when the host has loaded its plug-ins. Must not open a connection or a browser.

    :return: the types, in the order to show them.

    An error, or a code that another plug-in has already registered, excludes the plug-in.

    Example::

        @hookimpl
        def opter_import_types():
            return [ImportType("CAMT054", ["camt.054.001.08"], Text("Bankfil", "Bank file"))]
    """


@hookspec
def opter_settings_fields(type_code: str, subject: str) -> Sequence[SettingsField] | None:
    """List the settings fields of an import type, or of an export type.

    Called before the host shows or checks a definition. Must not open a connection or a
    browser.

    :param type_code: the code of a registered type.
    :param subject: of an export type; ``""`` for an import type.
    :return: the fields, in the order to show them; ``None`` for a type of another plug-in.

    An error is shown, and the definition cannot be edited.

    Example::

        @hookimpl
        def opter_settings_fields(type_code):
            path = Text("Filens sökväg", "Path of the file")
            return [SettingsField("path", "text", path, path)] if type_code == "CAMT054" else None
    """


@hookspec
def opter_check_settings(
    type_code: str, values: Mapping[str, str], subject: str
) -> CheckedSettings | None:
    """Check what a person entered, field by field.

    Called when a definition is created or changed, before anything is stored. Must not open a
    connection or a browser.

    :param type_code: the code of a registered type.
    :param values: text by field key; a field that is missing was not filled in.
    :param subject: of an export type; ``""`` for an import type.
    :return: the values to store and the problems of the values given; ``None`` for a type of
        another plug-in. With a problem of severity ``error`` nothing is stored.

    An error is shown, and nothing is stored.

    Example::

        @hookimpl
        def opter_check_settings(type_code, values):
            if type_code != "CAMT054":
                return None
            missing = SettingsProblem("path", "error", Text("Ange filen.", "Name the file."))
            path = values.get("path", "").strip()
            return CheckedSettings({"path": path}, [] if path else [missing])
    """


@hookspec
def opter_settings_stored(run: Run) -> None:
    """React to new settings of a definition.

    Called after a definition was created or changed, in the plug-in of its import type, while
    no import of it is running. May take long, and may use secrets, state, locks and progress;
    takes no payments and opens no browser.

    :param run: as for an import; ``run.settings`` are the new ones. Active until this returns.

    An error is shown as a warning, and the settings stay.

    Example::

        @hookimpl
        def opter_settings_stored(run):
            if run.settings.get("sign_in") == "every-time":
                run.hook.opter_set_secret(run=run, key="login", value=None)
    """


@hookspec
def opter_import_payments(run: Run) -> ImportReport | None:
    """Read payments and hand them to the host.

    Called when a person starts an import; never concurrently for one definition, but
    concurrently for two definitions, in two threads. Registers nothing: a person reviews the
    payments, and saves. Within one run each payment is handed over once, except that
    ``opter_payments_to_confirm`` may ask for one again.

    :param run: this import.
    :return: the report; ``None`` for a type of another plug-in.

    An error ends the run, and the host discards what it took.

    Example::

        @hookimpl
        def opter_import_payments(run):
            if run.type_code != "CAMT054":
                return None
            payments = read(run.settings["path"])
            for batch in batches(payments, BATCH):
                assert run.hook.opter_take_payments(run=run, payments=batch) == [len(batch)]
            return ImportReport(Company("5050-1055", "Bageriet"), None, not_read=0, requests=0)
    """


@hookspec
def opter_read_all_payments(run: Run) -> ImportReport | None:
    """Read every payment that exists, whatever the settings exclude, and hand it to the host.

    Called when a person reconciles the host's payments with those of the other system; never
    concurrently with an import of the same definition. Registers nothing. Everything that can
    be read goes to ``opter_take_payments``: the old, the low-numbered and, with ``booked``
    false, the unbooked ones. Only what is ``unreadable`` goes to ``opter_take_excluded``.
    ``ocr`` may be ``None`` throughout, ``run.cursor`` means nothing, and nothing needs to be
    confirmed.

    :param run: this comparison; to be used like the run of an import.
    :return: the report, without a cursor and with ``not_read`` 0; ``None`` for a type of
        another plug-in.

    An error ends the run, and the host discards what it took.

    Example::

        @hookimpl
        def opter_read_all_payments(run):
            if run.type_code != "CAMT054":
                return None
            hand_over(run, read(run.settings["path"]))
            return ImportReport(Company("5050-1055", "Bageriet"), None, not_read=0, requests=0)
    """


@hookspec
def opter_read_invoice_payments(
    run: Run, invoice_numbers: Sequence[str], ocr_references: Sequence[str]
) -> ImportReport | None:
    """Read every payment of some invoices and hand it to the host.

    Called when a person asks why an invoice is not paid; never concurrently with an import of
    the same definition. Registers nothing. Each payment is handed over as in an import: to
    ``opter_take_payments``, or with the settings' reason to ``opter_take_excluded``; but all of
    them, however old, whatever ``run.cursor`` is, and nothing needs to be confirmed.

    Where people settle a credit note by two payments of one date whose sum is 0, the other half
    is handed over, too, although it is of another invoice, and both have a ``customer_number``:
    a half alone looks like money. So are the other payments of its invoice, which may have used
    it up. What could not be searched for it is a note of the report.

    :param run: this lookup; to be used like the run of an import.
    :param invoice_numbers: in the other system, at most :data:`BATCH`; one that cannot be a
        number there has no payments.
    :param ocr_references: at most :data:`BATCH`; the payments of each invoice that has one of
        them are read, too.
    :return: the report, without a cursor and with ``not_read`` 0; ``None`` for a type of
        another plug-in.

    An error ends the run, and the host discards what it took.

    Example::

        @hookimpl
        def opter_read_invoice_payments(run, invoice_numbers, ocr_references):
            if run.type_code != "CAMT054":
                return None
            payments = read(run.settings["path"])
            hand_over(run, [one for one in payments if one.ocr in ocr_references])
            return ImportReport(Company("5050-1055", "Bageriet"), None, not_read=0, requests=0)
    """


@hookspec
def opter_exclusion_reasons(
    run: Run, payments: Sequence[Payment]
) -> Sequence[Reason | None] | None:
    """Return the reason why the current settings exclude each of these payments.

    Called during a run, for payments that an earlier run read and that were rejected then: the
    host keeps them and offers them again. Also called for what ``opter_read_all_payments``
    handed over, to explain why the host does not have it. Must not open a connection or a
    browser.

    :param run: the import or the comparison that is running.
    :param payments: at most :data:`BATCH`.
    :return: one answer for each payment, in the same order, ``None`` for one that is not
        excluded; ``None`` for a type of another plug-in.

    An error ends the run.

    Example::

        @hookimpl
        def opter_exclusion_reasons(run, payments):
            if run.type_code != "CAMT054":
                return None
            old = Reason("before-date", Text("För gammal", "Too old"))
            since = date.fromisoformat(run.settings["since"])
            return [old if one.date < since else None for one in payments]
    """


@hookspec
def opter_sign_in(run: Run) -> Company | None:
    """Sign a person in, so that later runs can be unattended.

    Called when a person asks for it; never concurrently with an import of the same definition.
    Signs in as an import would, even if a login is stored, and reads no payments; may open a
    browser once, and use secrets, state, locks and progress.

    :param run: to be used like the run of an import; always attended.
    :return: the company; ``None`` for a type of another plug-in.

    An error ends it, such as a login that would not outlive the run.

    Example::

        @hookimpl
        def opter_sign_in(run):
            return consent(run).company if run.type_code == "Shop" else None
    """


@hookspec
def opter_diagnose(run: Run) -> Sequence[Finding] | None:
    """Check everything that an import needs, and report each check.

    Called when a person asks what does not work; never concurrently with an import of the same
    definition. Runs as many checks as possible. Reads few payments and hands none over; may open a
    browser once, and use secrets, state, locks and progress as an import does.

    :param run: to be used like the run of an import.
    :return: the findings, in the order to act on them; ``None`` for a type of another plug-in.

    An error ends it. Problems outside of the program are findings, not errors, except that a
    person may cancel.

    Example::

        @hookimpl
        def opter_diagnose(run):
            if run.type_code != "CAMT054":
                return None
            there = Path(run.settings["path"]).exists()
            message = Text("Den finns.", "It exists.") if there else Text("Saknas.", "Missing.")
            label = Text("Filen", "The file")
            return [Finding("bank.file", label, "ok" if there else "failed", message)]
    """


@hookspec
def opter_errors() -> Sequence[ErrorText]:  # type: ignore[empty-body]
    """List every error that the plug-in can raise, so that a code can be explained later.

    Called when a person looks a code up. Must not open a connection or a browser.

    :return: each code once.

    An error is logged, and the plug-in's codes are missing from the list.

    Example::

        @hookimpl
        def opter_errors():
            message = Text("Filen {path} saknas.", "The file {path} is missing.")
            return [ErrorText("FILE_MISSING", "settings", message)]
    """


@hookspec
def opter_payments_saved(run: SavedRun, payments: Sequence[SavedPayment]) -> None:
    """Be notified of payments that were registered.

    Called after the commit, in every plug-in that listens, one plug-in at a time. Cannot undo
    or refuse anything.

    :param run: the run that was saved.
    :param payments: at most :data:`BATCH`, each once.

    An error is logged and affects nothing else.

    Example::

        @hookimpl
        def opter_payments_saved(run, payments):
            for one in payments:
                print(one.host_invoice_number, one.payment.amount, one.status)
    """


@hookspec
def opter_books_changed(changes: Sequence[BookChange]) -> int | None:
    """Be notified of every change of the books, in order and without a gap.

    Called after each commit that changed the books (a save, a typed payment, a deletion), and
    before an import and a save for earlier changes that were not acknowledged, such as when the
    program ended in between. Called in every plug-in that listens, one plug-in at a time and never
    in two threads or processes concurrently, repeatedly until it has acknowledged everything. A new
    plug-in gets everything from the first change on; one that was switched off gets those that it
    missed. Unacknowledged changes are sent again, so a change may come twice: equal ``sequence``,
    equal change. Cannot undo or refuse anything.

    :param changes: all with the same ``books_id``: those after the last one that the plug-in
        acknowledged, in the order of their ``sequence``; at least one, at most :data:`BATCH`.
    :return: the ``sequence`` of the last change that the plug-in has durably stored, one of
        ``changes``. A lower one than it acknowledged before, 0 for none, means that it lost
        changes: everything after that one is sent again at once, but only one such step back is
        made each time. A higher one than it was sent means that the books were rolled back: it
        stored another change of that ``sequence``, or later ones, such as when an older file of the
        host was restored by hand. A person is notified, and nothing more is sent. A plug-in that
        writes a file compares both: the first of ``changes`` is at most one after the last one in
        the file, and those from there on are the same. Anything else acknowledges nothing, and
        nothing more is sent until the next time.

    If the host restored a backup, the books have another ``books_id``, and everything is sent from
    the first change on: the changes stored of the former books are void, and are reversed or
    deleted as a whole.

    An error is logged and acknowledges nothing.

    Example::

        @hookimpl
        def opter_books_changed(changes):
            with open(f"ledger-{changes[0].books_id}.csv", "a") as ledger:
                for one in changes:
                    print(one.sequence, one.host_invoice_number, one.effect, sep=";", file=ledger)
            return changes[-1].sequence
    """


@hookspec
def opter_run_saved(run: SavedRun) -> None:
    """Be notified that a run was saved.

    Called after the commit and after the last ``opter_payments_saved``, also when no payment
    was ready; in every plug-in that listens, one at a time. Cannot undo or refuse anything.

    :param run: the run that was saved.

    An error is logged and affects nothing else.

    Example::

        @hookimpl
        def opter_run_saved(run):
            print(run.definition, run.payment_count)
    """


@hookspec
def opter_run_ended(run: EndedRun) -> None:
    """Be notified that an unattended run has ended, whatever its outcome.

    Called at the end of each such run, an import or an export, after all of it is stored;
    in every plug-in that listens, one at a time. Saves were notified before, by the hooks above.
    Not called again if the program ends first. Cannot undo or refuse anything.

    :param run: how it ended.

    An error is logged and affects nothing else.

    Example::

        @hookimpl
        def opter_run_ended(run):
            print(run.ended_at, run.definition, run.outcome, run.code)
    """


@hookspec
def opter_notices(notices: Sequence[Notice]) -> bool | None:
    """Notify people about unattended runs.

    Called when a round of such runs has ended (all that were due), at most once a round, in
    every plug-in that listens, one plug-in at a time and never in two threads or processes
    concurrently. There is one notice for a definition, about its last run, if this plug-in has
    something new to report: it fails, works again, needs a person, or more waits for one than was
    reported. Nothing is repeated every night, and a failure that ended before it was reported is
    not reported at all. After a crash the same notice may come again.

    :param notices: at least one, and all of them, sorted by definition; for one message to
        people, not one each.
    :return: ``True`` if people were notified: these do not come again. Otherwise those that are
        still valid come with the next round.

    An error is logged and means that they were not notified.

    Example::

        @hookimpl
        def opter_notices(notices):
            lines = [f"{one.kind} {one.run.definition} {one.run.code}" for one in notices]
            return requests.post(CHAT, json={"text": "; ".join(lines)}, timeout=30).ok
    """


# --- Answered by the host ---------------------------------------------------


@hookspec
def opter_take_payments(run: Run, payments: Sequence[Payment]) -> int:  # type: ignore[empty-body]
    """Take payments that may be saved if they match an invoice.

    Called by the plug-in, any number of times, in any order of payments. The host stores them
    with the run and judges them when the run is over. A payment whose key was taken before in
    this run replaces the earlier one.

    :param run: as it was passed to ``opter_import_payments``.
    :param payments: at most :data:`BATCH`.
    :return: the number that were taken, which is all of them.

    The caller must check that it got exactly one answer and that the number is right: a batch
    that was not acknowledged is an error, since it would be lost silently. An error ends the
    run.

    Example::

        @hookimpl
        def opter_take_payments(self, run, payments):
            self.payments[run.id] |= {one.key.number: one for one in payments}
            return len(payments)
    """


@hookspec
def opter_take_excluded(run: Run, excluded: Sequence[ExcludedPayment]) -> int:  # type: ignore[empty-body]
    """Take payments that were read but are ignored or rejected, with the reason.

    Called by the plug-in so that every payment that was read is accounted for.

    :param run: as it was passed to ``opter_import_payments``.
    :param excluded: at most :data:`BATCH`.
    :return: the number that were taken, which is all of them; to be checked like the answer of
        ``opter_take_payments``.

    An error ends the run.

    Example::

        @hookimpl
        def opter_take_excluded(self, run, excluded):
            self.excluded[run.id].extend(excluded)
            return len(excluded)
    """


@hookspec
def opter_take_deleted(run: Run, payment_numbers: Sequence[str]) -> int:  # type: ignore[empty-body]
    """Take the numbers of payments that no longer exist at their source.

    Called by the plug-in for numbers that ``opter_payments_to_confirm`` or
    ``opter_payments_to_check`` named; only if the other system itself says so.

    :param run: as it was passed to ``opter_import_payments``.
    :param payment_numbers: in the run's company, at most :data:`BATCH`.
    :return: the number that were taken, which is all of them; to be checked like the answer of
        ``opter_take_payments``.

    An error ends the run.

    Example::

        @hookimpl
        def opter_take_deleted(self, run, payment_numbers):
            self.deleted[run.id].update(payment_numbers)
            return len(payment_numbers)
    """


@hookspec
def opter_take_unchecked(run: Run, payment_numbers: Sequence[str]) -> int:  # type: ignore[empty-body]
    """Take the numbers of registered payments that could not be checked.

    Called by the plug-in for numbers that ``opter_payments_to_check`` named: there were too
    many, or the other system refused. Nothing is concluded about them: one that was known to be
    deleted still is.

    :param run: as it was passed to ``opter_import_payments``.
    :param payment_numbers: in the run's company, at most :data:`BATCH`.
    :return: the number that were taken, which is all of them; to be checked like the answer of
        ``opter_take_payments``.

    An error ends the run.

    Example::

        @hookimpl
        def opter_take_unchecked(self, run, payment_numbers):
            self.unchecked[run.id].update(payment_numbers)
            return len(payment_numbers)
    """


@hookspec
def opter_take_balances(run: Run, balances: Sequence[InvoiceBalance]) -> int:  # type: ignore[empty-body]
    """Take the other system's balances of its invoices.

    Called by the plug-in after the last batch of payments, with all invoices that are unpaid
    there, and with those that ``opter_invoices_to_check`` names. The host compares them with
    its own, and ignores invoices that it does not have. A first call with an empty batch shows
    whether the host compares at all: otherwise the plug-in reads no balances.

    :param run: as it was passed to ``opter_import_payments``.
    :param balances: at most :data:`BATCH`.
    :return: the number that were taken, which is all of them; to be checked like the answer of
        ``opter_take_payments``.

    An error ends the run.

    Example::

        @hookimpl
        def opter_take_balances(self, run, balances):
            self.balances[run.id] |= {one.invoice_number: one.balance for one in balances}
            return len(balances)
    """


@hookspec
def opter_invoices_to_check(run: Run, company: Company) -> Sequence[str]:  # type: ignore[empty-body]
    """Return the invoices that the plug-in must read one by one.

    Called by the plug-in when it has handed over the unpaid invoices there: an invoice that is open
    only here may be paid, credited or unknown there, and of one that is overpaid only here a
    payment may be deleted there. The plug-in reads as many as it can afford, hands over the
    balance of those that exist (``opter_take_balances``), and states in ``ImportReport.notes``
    what it did not read.

    :param run: as it was passed to ``opter_import_payments``.
    :param company: the company of this run.
    :return: invoice numbers, the most urgent first, at most :data:`BATCH`.

    An error ends the run.

    Example::

        @hookimpl
        def opter_invoices_to_check(self, run):
            unpaid_there = self.balances[run.id]
            return [number for number in self.open_invoices if number not in unpaid_there][:BATCH]
    """


@hookspec
def opter_payments_to_check(run: Run, company: Company) -> Sequence[RegisteredPayment]:  # type: ignore[empty-body]
    """Return the registered payments whose existence the plug-in must check.

    People correct a payment by deleting it and entering it again, under a new number. So the
    host names the registered payments, of this import type and company, that a payment of this
    run may have replaced: of the same invoice, or with the same amount and currency within 35
    days; and those of invoices of which more remains there than the payments registered here
    leave. Called by the plug-in after the balances, while it is still signed in, and again
    until the answer is empty. The plug-in checks as many as it can afford, in this order, and
    says which no longer exist (``opter_take_deleted``) and which it could not check
    (``opter_take_unchecked``): the host does not offer for saving any payment that may have
    replaced one of those. All others exist.

    :param run: as it was passed to ``opter_import_payments``.
    :param company: the company of this run.
    :return: the newest first, at most :data:`BATCH`; none that was read in this run, or
        named before in it.

    An error ends the run.

    Example::

        while several := run.hook.opter_payments_to_check(run=run, company=company)[0]:
            deleted = [one.number for one in several if not exists(one.number)]
            assert run.hook.opter_take_deleted(run=run, payment_numbers=deleted) == [len(deleted)]
    """


@hookspec
def opter_payments_to_confirm(run: Run, company: Company) -> Sequence[str]:  # type: ignore[empty-body]
    """Return the payments that must be fetched again, with details, before they can be saved.

    Those of earlier runs that would be saved now, those of this run of which the host needs the
    ``customer_number``, and those of earlier runs that wait for a person: what was deleted at the
    source leaves the host's list.

    Called by the plug-in after the last batch, while it is still signed in, and again until the
    answer is empty. A host that stores nothing between runs returns an empty list.

    :param run: as it was passed to ``opter_import_payments``.
    :param company: the company of this run.
    :return: payment numbers, at most :data:`BATCH`; none that was named before in this run.

    An error ends the run.

    Example::

        while numbers := run.hook.opter_payments_to_confirm(run=run, company=company)[0]:
            payments = [fetch(number) for number in numbers if exists(number)]
            deleted = [number for number in numbers if not exists(number)]
            assert run.hook.opter_take_payments(run=run, payments=payments) == [len(payments)]
            assert run.hook.opter_take_deleted(run=run, payment_numbers=deleted) == [len(deleted)]
    """


@hookspec
def opter_known_invoices(run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:  # type: ignore[empty-body]
    """Return which of these invoices the host has.

    Called by the plug-in so that it looks up OCR references only of invoices that the host does
    not know by number.

    :param run: as it was passed to ``opter_import_payments``.
    :param invoice_numbers: numbers in the other system, at most :data:`BATCH`.
    :return: the ones that the host has for this import.

    An error ends the run.

    Example::

        @hookimpl
        def opter_known_invoices(self, invoice_numbers):
            return self.open_invoices & set(invoice_numbers)
    """


@hookspec
def opter_progress(run: Run, progress: Progress) -> bool | None:
    """Show the progress of a run, and return whether to cancel it.

    Called by the plug-in often, and at least every second while it waits. Must return at once.

    :param run: as it was passed to ``opter_import_payments``.
    :param progress: the stage, and a message for the person.
    :return: ``True`` to cancel; the plug-in then ends with a failure of the kind ``cancelled``.
        Anything else continues.

    An error ends the run.

    Example::

        @hookimpl
        def opter_progress(self, progress):
            print(progress.message.en)
            return self.cancelled
    """


@hookspec
def opter_open_browser(run: Run, url: str, on_redirect: Callable[[str], Text | None]) -> bool:  # type: ignore[empty-body]
    """Open a browser at a URL, for a person to sign in.

    Called by the plug-in when it is ready to receive the redirect. Must return at once, without
    waiting for the person. A host also shows the URL, for a person whose browser did not open.
    If nobody can be shown anything the plug-in does not wait, and ends with a failure of the
    kind ``login``. Not called in a run that is not ``attended``.

    :param run: as it was passed to ``opter_import_payments``.
    :param url: the page to sign in at. Not a secret, but valid for one login only.
    :param on_redirect: may be called, from any thread, with the URL that the browser was
        redirected to, by a host that gets it before the plug-in does (its own
        ``run.redirect_uri``, a browser of its own, or a URL that was pasted). Returns at once:
        ``None`` if it was accepted, otherwise a message that says why not.
    :return: whether a person is shown the URL, in a browser or otherwise.

    An error ends the run.

    Example::

        @hookimpl
        def opter_open_browser(self, url):
            threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
            return True
    """


@hookspec
def opter_get_state(run: Run, key: str) -> str | None:
    """Read a small value that the plug-in stored.

    Called by the plug-in, at any time of a run.

    :param run: as it was passed to ``opter_import_payments``. All runs of the import type share
        its values.
    :param key: the plug-in's own; at most 200 characters.
    :return: the value; ``None`` if there is none.

    An error ends the run.

    Example::

        @hookimpl
        def opter_get_state(self, run, key):
            return self.state.get((run.type_code, key))
    """


@hookspec
def opter_set_state(run: Run, key: str, value: str | None) -> bool:  # type: ignore[empty-body]
    """Store a small value, durably, at once and whether or not the run is saved.

    Called by the plug-in, at any time of a run. Never for secrets: use ``opter_set_secret``.

    :param run: as it was passed to ``opter_import_payments``.
    :param key: the plug-in's own; at most 200 characters.
    :param value: at most 100,000 characters; ``None`` deletes it.
    :return: ``True``.

    An error ends the run.

    Example::

        @hookimpl
        def opter_set_state(self, run, key, value):
            self.state[run.type_code, key] = value
            return True
    """


@hookspec
def opter_get_secret(run: Run, key: str) -> str | None:
    """Read a secret that the plug-in stored for this definition.

    Called by the plug-in, at any time of a run.

    :param run: as it was passed to ``opter_import_payments`` or ``opter_settings_stored``. The
        secret belongs to its definition alone.
    :param key: the plug-in's own; at most 200 characters.
    :return: the secret; ``None`` if there is none. If it is damaged, also ``None``, after the
        host has shown that to a person. Does not ask a person for anything, such as to unlock a
        keyring, if nothing was stored.

    An error ends the run.

    Example::

        @hookimpl
        def opter_get_secret(self, run, key):
            return keyring.get_password("opter", f"{run.definition}/{key}")
    """


@hookspec
def opter_set_secret(run: Run, key: str, value: str | None) -> bool:  # type: ignore[empty-body]
    """Store a secret for this definition, whether or not the run is saved.

    Called by the plug-in, at any time of a run. Only the person's own account can read it; it is
    never in the host's database, a log or a message. Durable and complete when it returns:
    after a crash there is the earlier secret or the new one.

    :param run: as it was passed to ``opter_import_payments`` or ``opter_settings_stored``.
    :param key: the plug-in's own; at most 200 characters.
    :param value: at most 8,000 characters; ``None`` deletes it.
    :return: ``True``. A host without a store for secrets omits this hook, and the plug-in then
        stores none.

    An error ends the run.

    Example::

        @hookimpl
        def opter_set_secret(self, run, key, value):
            name = f"{run.definition}/{key}"
            if value is None:
                keyring.delete_password("opter", name)
            else:
                keyring.set_password("opter", name, value)
            return True
    """


@hookspec
def opter_lock(run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:  # type: ignore[empty-body]
    """Return a lock across threads, processes and users of this host.

    Called by the plug-in, at any time of a run. It is released when its holder ends.

    :param run: as it was passed to ``opter_import_payments``.
    :param key: the name of the lock; the plug-in's own, at most 200 characters.
    :param timeout: seconds to wait for another holder; 0 tries once.
    :return: a context manager; its value is whether the lock was acquired.

    An error ends the run.

    Example::

        [lock] = run.hook.opter_lock(run=run, key="refresh token", timeout=0)
        with lock as acquired:
            if acquired:
                refresh()
    """
