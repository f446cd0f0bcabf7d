"""The contract between a host and its import plug-ins, on one page.

A host is an ERP that keeps invoices and payments. A plug-in brings payments
from somewhere else. Both register with :mod:`pluggy` under the project name
``opter``; a plug-in is found through an entry point in the group ``opter``.

What crosses is described in :mod:`opter_contract.values`. Neither side has to
import it: any object with these attributes will do.

How a run goes::

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
    … a person looks, and saves; the host commits …
    opter_payments_saved (batches), opter_run_saved  ─►  every listener
    opter_books_changed (batches)  ─►  every listener

Rules that hold for every hook:

* Hooks are called with keyword arguments. An implementation may leave out
  arguments that it does not need, so that the contract can grow.
* No hook is "first result": the caller gets a list with one answer from each
  implementation that did not answer ``None``. A host therefore needs no
  specifications to be right.
* Only the host answers the hooks of the second group (``opter_take_…`` to
  ``opter_lock``), except ``opter_progress``, which anybody may watch.
* Nothing is global. Whatever a hook needs to know stands in its arguments,
  and two runs may go on at once in one process.
* Money is :class:`~decimal.Decimal`, never a float, in the currency that the
  attribute names. A :class:`~datetime.date` is a day in the calendar of the
  books and has no time zone.
* To fail with a sentence for the person, raise an exception that has the
  attributes of :class:`~opter_contract.values.Failure`. Any other exception is
  a bug, and is shown as one.

Who answers what, and what may be left out:

========================= ======== ==================================== =====
hook                      answered left out, it means                   since
========================= ======== ==================================== =====
opter_import_types        plug-in  it registers none; it only listens   1.0
opter_settings_fields     plug-in  there are none                       1.0
opter_check_settings      plug-in  *required of one with a type*        1.0
opter_settings_stored     plug-in  nothing to do                        1.0
opter_import_payments     plug-in  *required of one with a type*        1.0
opter_read_all_payments   plug-in  the host cannot reconcile            1.0
opter_read_invoice_payments       plug-in  questions are answered from the host 1.0
opter_exclusion_reasons     plug-in  nothing is excluded                  1.0
opter_diagnose            plug-in  nothing is known beyond the host     1.0
opter_errors              plug-in  its codes are missing from the list  1.0
opter_payments_saved      listener it does not listen                   1.0
opter_books_changed       listener it does not listen                   1.0
opter_run_saved           listener it does not listen                   1.0
opter_take_payments       host     *required*                           1.0
opter_take_excluded       host     *required*                           1.0
opter_take_deleted        host     *required*                           1.0
opter_take_unchecked      host     nothing is held back for it          1.0
opter_take_balances       host     no balances are read                 1.0
opter_invoices_to_check   host     none are asked for                   1.0
opter_payments_to_check host     none are looked up                   1.0
opter_payments_to_confirm host     *required*                           1.0
opter_known_invoices      host     *required*                           1.0
opter_progress            anybody  nobody watches, nobody cancels       1.0
opter_open_browser         host     *required where a person signs in*   1.0
opter_get_state           host     nothing is there                     1.0
opter_set_state           host     *required*                           1.0
opter_get_secret          host     nothing is there                     1.0
opter_set_secret          host     nothing is stored                    1.0
opter_lock                host     *required*                           1.0
========================= ======== ==================================== =====

A hook that may be left out is reached with ``getattr(run.hook, name, None)``.

How the contract changes:

* It has a version, :data:`~opter_contract.version.CONTRACT_VERSION`: ``major.minor``.
  The host says its own as ``run.contract_version``. A plug-in says the oldest version
  that it supports, as the text ``opter_contract_version`` on the object that its entry
  point names: ``opter_contract_version = "1.0"``, which is also what silence means.
* A minor adds: a hook, an argument of a hook, an attribute with a default. None
  of them may be needed. Both sides pass over what they do not know.
* A plug-in that answers a hook which was added after the version that it says
  marks the implementation with ``optionalhook=True``, or an older host calls
  it misspelt. One that asks for an argument which was added says the version
  that added it, since pluggy has no optional arguments.
* A major takes away, or changes what something means. Another major is
  refused with a sentence, by whichever side notices first.

1.0 is the first.

What your host must promise
---------------------------

Each sentence is a test of :mod:`opter_contract.conformance`, of the same words. A host that takes
payments, shows them and registers nothing promises what concerns it; one that saves, all.
27 to 32 are for a host that compares with the other system; it may do without.

*Money.*

1. Money stays exact in every list and in the books. It is decimal, with its currency, and
   never a float on the way; no öre is rounded off, however large the amount.
2. A payment is compared with its invoice in the currency of the invoice. Where the two
   currencies differ, it is rejected.
3. What was written off counts as paid. Each row with its sign; SEK at the payment's rate.
4. A write-off counts in its own currency. What is in the currency of the payment counts as
   it is.
5. Money that went back raises what remains. A negative payment of an ordinary invoice is a
   ``reversal`` and no error.
6. Payments of one invoice are judged one after another. By date, not as they came; one that
   comes when nothing remains is rejected, and more than remains is an ``advance``.
7. An OCR reference counts only where the number is unknown and one invoice has it. An empty
   one has none.

*Nothing vanishes.*

8. All that was read stands in one list, in number and in money. Ready, rejected (a person
   looks at it) or ignored (``before-date``, ``below-number``), and nowhere else.
9. A row without a number is shown. Each of several that look alike. It has no key, so that the
   host need not offer it again: its plug-in hands no cursor back, and reads it again.
10. What a plug-in warns of is shown.
11. A batch is acknowledged only when all of it is kept. What cannot be kept, as an amount
    that is no finite Decimal, ends the run.
12. An error ends the run and leaves nothing. What stood there before stays.
13. What was rejected is offered again until it is saved. A cursor is handed back, so nobody
    reads it a second time; an import that failed, or was not saved, uses nothing up. All that
    has a number, however many: also what changed, what may be made again (27), and what was
    shown as ready but is not when it is saved.
14. What is offered again is screened by the settings of today. ``opter_exclusion_reasons``.
15. What is offered again is fetched again before it is saved. ``opter_payments_to_confirm``
    names it, and the figures that come then count.
16. What is gone at its source is not registered. Nor offered again, after a save.
17. The cursor moves with a save and only then.
18. A cursor comes back to its own definition alone.

*Once.*

19. Nothing is registered before a save.
20. A payment is registered once for ever. Its key is import type, company and number,
    whichever run or definition brings it, and whatever became of its invoice.
21. Two saves at once register a payment once. What was shown as ready is looked at again
    when it is saved.
22. A number is unique in its company and import type alone. The same number elsewhere is
    another payment.
23. Payments that look alike are payments of their own. Two of one date, amount and invoice
    both come in.
24. A payment whose figures changed is shown and not registered again. With another reason
    than one that did not change.
25. Two imports of one definition never run at once. The second waits, or says so.
26. Another company is refused. Once a definition was saved for one.

*What the other system says.*

27. A payment that was made again counts once. Where the first one is gone there
    (``opter_payments_to_check``), the new one is not ready beside it, in this run or a later
    one, whichever definition reads it: on the same invoice with any amount, or on another one
    with the same amount.
28. A payment is not ready while nobody knows whether another one of its invoice exists. The
    plug-in could not ask after it (``opter_take_unchecked``); it is asked after again at the
    next import.
29. A payment that was deleted at its source is noticed. Where more remains there than here
    (``opter_take_balances``), the registered payments are asked after, and who is gone is
    shown.
30. An invoice that is open here alone is asked for. ``opter_invoices_to_check``.
31. Whoever listens is told every change of the books until it is kept. In order, from the
    first one on, however late it came (``opter_books_changed``).
32. What is told of a change is what stands in the books. Key, date, signed amounts, currency
    and the host's invoice; ``effect`` holds what was written off.

*Trust.*

33. What is stored outlives the host. The books, what waits, cursors, state and secrets; what
    is known to be gone, unless it is asked after again; the journal, and how far each listener
    has kept it.
34. A listener that fails harms nobody.
35. A host that can show nobody an address says so. ``opter_open_browser`` answers ``False``.
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
    ErrorText,
    ExcludedPayment,
    Finding,
    ImportReport,
    ImportType,
    InvoiceBalance,
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


# --- Asked of a plug-in -----------------------------------------------------


@hookspec
def opter_import_types() -> Sequence[ImportType]:  # type: ignore[empty-body]
    """Say which import types the plug-in registers.

    Called once, when the host has loaded its plug-ins. Must not open a
    connection or a window.

    :return: the types, in the order to show them.

    An error, or a code that another plug-in registered already, leaves the
    plug-in out.
    """


@hookspec
def opter_settings_fields(type_code: str) -> Sequence[SettingsField] | None:
    """Describe the settings fields of an import type.

    Called before the host shows or checks a definition. Must not open a
    connection or a window.

    :param type_code: the code of a registered type.
    :return: the fields, in the order to show them; ``None`` for a type of
        another plug-in.

    An error is shown, and the definition cannot be edited.
    """


@hookspec
def opter_check_settings(type_code: str, values: Mapping[str, str]) -> CheckedSettings | None:
    """Check what a person entered, field by field.

    Called when a definition is made or changed, before anything is stored.
    Must not open a connection or a window.

    :param type_code: the code of a registered type.
    :param values: text by field key; a field that is not there was not
        filled in.
    :return: the values to store and what is wrong with the ones given;
        ``None`` for a type of another plug-in. With a problem of severity
        ``error`` nothing is stored.

    An error is shown, and nothing is stored.
    """


@hookspec
def opter_settings_stored(run: Run) -> None:
    """Hear that the settings of a definition were stored.

    Called in the plug-in of the definition's import type, after a definition
    was made or changed, while no import of it is going on. May take long, and
    may ask the host for secrets, state, locks and progress; hands no payments
    over and opens no window.

    :param run: as for an import; ``run.settings`` are the new ones. Alive
        until this returns.

    An error is shown as a warning, and the settings stay.
    """


@hookspec
def opter_import_payments(run: Run) -> ImportReport | None:
    """Read payments and hand them to the host.

    Called when a person starts an import; never twice at once for one
    definition, but for two definitions at once, in two threads. Registers
    nothing: a person looks at what came, and saves. Within one run each
    payment is handed over once, except that ``opter_payments_to_confirm``
    may ask for one again.

    :param run: this import.
    :return: the report; ``None`` for a type of another plug-in.

    An error ends the run, and the host throws away what it took.
    """


@hookspec
def opter_read_all_payments(run: Run) -> ImportReport | None:
    """Read every payment that exists, whatever the settings say, and hand it to the host.

    Called when a person compares the host's payments with the ones in the
    other system; never at once with an import of the same definition.
    Registers nothing. All that could be read goes to ``opter_take_payments``:
    the old, the low-numbered and, with ``booked`` false, the unbooked ones.
    Only what is ``unreadable`` goes to ``opter_take_excluded``. ``ocr`` may be
    ``None`` throughout, ``run.cursor`` means nothing, and there is nothing to
    confirm.

    :param run: this comparison; to be used as the run of an import.
    :return: the report, without a cursor and with nothing left unread;
        ``None`` for a type of another plug-in.

    An error ends the run, and the host throws away what it took.
    """


@hookspec
def opter_read_invoice_payments(
    run: Run, invoice_numbers: Sequence[str], ocr_references: Sequence[str]
) -> ImportReport | None:
    """Read every payment of some invoices and hand it to the host.

    Called when a person asks why an invoice is not paid; never at once with an
    import of the same definition. Registers nothing. Each payment is handed
    over as an import would: to ``opter_take_payments``, or with the settings'
    reason to ``opter_take_excluded``; but all of them, however old, whatever
    ``run.cursor`` says, and there is nothing to confirm.

    :param run: this question; to be used as the run of an import.
    :param invoice_numbers: in the other system, at most :data:`BATCH`; one
        that cannot be a number there has no payments.
    :param ocr_references: OCR references, at most :data:`BATCH`; the payments of
        each invoice that holds one of them are read, too.
    :return: the report, without a cursor and with nothing left unread;
        ``None`` for a type of another plug-in.

    An error ends the run, and the host throws away what it took.
    """


@hookspec
def opter_exclusion_reasons(
    run: Run, payments: Sequence[Payment]
) -> Sequence[Reason | None] | None:
    """Say which of these payments today's settings leave out.

    Called during a run, for payments that an earlier run read and that were
    rejected then: the host keeps them and offers them again. Called for what
    ``opter_read_all_payments`` handed over, too, to tell why the host lacks
    it. Must not open a connection or a window.

    :param run: the import or the comparison that is going on.
    :param payments: at most :data:`BATCH`.
    :return: one answer for each payment, in the same order, ``None`` for
        one that is not left out; ``None`` for a type of another plug-in.

    An error ends the run.
    """


@hookspec
def opter_diagnose(run: Run) -> Sequence[Finding] | None:
    """Go through everything that an import needs, and say of each thing whether it is right.

    Called when a person asks what is wrong; never at once with an import of
    the same definition. Goes on as far as it can. Reads no payments to
    speak of and hands none over; may open a window once, and use secrets, state,
    locks and progress as an import does.

    :param run: to be used as the run of an import.
    :return: the findings, in the order to act on them; ``None`` for a type of
        another plug-in.

    An error ends it. What is wrong outside of the program is a finding and
    no error, except that a person may cancel.
    """


@hookspec
def opter_errors() -> Sequence[ErrorText]:  # type: ignore[empty-body]
    """List every error that the plug-in can raise, so that a code can be explained later.

    Called when a person looks a code up. Must not open a connection or a window.

    :return: each code once.

    An error is logged, and the plug-in's codes are missing from the list.
    """


@hookspec
def opter_payments_saved(run: SavedRun, payments: Sequence[SavedPayment]) -> None:
    """Hear of payments that were registered.

    Called after the commit, in every plug-in that listens, one plug-in at a
    time. Cannot undo or refuse anything.

    :param run: the run that was saved.
    :param payments: at most :data:`BATCH`, each once.

    An error is logged and harms nobody.
    """


@hookspec
def opter_books_changed(changes: Sequence[BookChange]) -> int | None:
    """Hear of what changed the books, in order and without a gap.

    Called after each commit that changed the books (a save, a payment by hand, a
    deletion), and before an import and a save for what is left from earlier, such as when
    the program ended in between. Called in every plug-in that listens, one plug-in at a time
    and never in two threads or processes at once, again and again until it has acknowledged
    all. A plug-in that is new is told everything from the first change on; one that was
    switched off, what it missed. What a plug-in did not acknowledge it is told again, so a
    change may be told twice: equal ``sequence``, equal change. Cannot undo or refuse
    anything.

    :param changes: of one and the same ``books_id``: those behind the last one that the plug-in
        acknowledged, in the order of their ``sequence``; at least one, at most :data:`BATCH`.
    :return: the ``sequence`` of the last change that the plug-in has durably kept, one of
        ``changes``. A lower one than it acknowledged before, 0 for none, says that it lost
        what it kept: it is told again everything after that one, at once, but goes back only
        once at an occasion. A plug-in that keeps a file compares: the first of ``changes``
        is at most one after the last that the file has. Anything else acknowledges nothing,
        and nothing more is told until the next occasion.

    An error is logged and acknowledges nothing.
    """


@hookspec
def opter_run_saved(run: SavedRun) -> None:
    """Hear that a run was saved.

    Called after the commit and after the last ``opter_payments_saved``, also
    when no payment was ready; in every plug-in that listens, one at a time.
    Cannot undo or refuse anything.

    :param run: the run that was saved.

    An error is logged and harms nobody.
    """


# --- Offered by the host ----------------------------------------------------


@hookspec
def opter_take_payments(run: Run, payments: Sequence[Payment]) -> int:  # type: ignore[empty-body]
    """Take payments that may be saved if they meet an invoice.

    Called by the plug-in, any number of times, in any order of payments.
    The host keeps them aside; it judges them when the run is over. A payment
    whose key was taken before in this run replaces the earlier one.

    :param run: as it was handed to ``opter_import_payments``.
    :param payments: at most :data:`BATCH`.
    :return: how many were taken, which is all of them.

    The caller must check that it got exactly one answer and that the number
    is right; a batch that nobody acknowledged is an error, since it would
    be lost without a sound. An error ends the run.
    """


@hookspec
def opter_take_excluded(run: Run, excluded: Sequence[ExcludedPayment]) -> int:  # type: ignore[empty-body]
    """Take payments that were read but are ignored or rejected, with the reason.

    Called by the plug-in so that everything that was read is accounted for.

    :param run: as it was handed to ``opter_import_payments``.
    :param excluded: at most :data:`BATCH`.
    :return: how many were taken, which is all of them; to be checked as the
        answer to ``opter_take_payments``.

    An error ends the run.
    """


@hookspec
def opter_take_deleted(run: Run, payment_numbers: Sequence[str]) -> int:  # type: ignore[empty-body]
    """Take word that payments no longer exist where they came from.

    Called by the plug-in for numbers that ``opter_payments_to_confirm`` or
    ``opter_payments_to_check`` asked for; only where the other system itself says so.

    :param run: as it was handed to ``opter_import_payments``.
    :param payment_numbers: in the run's company, at most :data:`BATCH`.
    :return: how many were taken, which is all of them; to be checked as the
        answer to ``opter_take_payments``.

    An error ends the run.
    """


@hookspec
def opter_take_unchecked(run: Run, payment_numbers: Sequence[str]) -> int:  # type: ignore[empty-body]
    """Take word that registered payments could not be asked after.

    Called by the plug-in for numbers that ``opter_payments_to_check`` named:
    there were too many, or the other system refused. Nothing follows about them: one that was
    gone before is gone still.

    :param run: as it was handed to ``opter_import_payments``.
    :param payment_numbers: in the run's company, at most :data:`BATCH`.
    :return: how many were taken, which is all of them; to be checked as the
        answer to ``opter_take_payments``.

    An error ends the run.
    """


@hookspec
def opter_take_balances(run: Run, balances: Sequence[InvoiceBalance]) -> int:  # type: ignore[empty-body]
    """Take what the other system says of its invoices: what remains to pay, above all.

    Called by the plug-in after the last batch of payments, with all invoices
    that are unpaid there, and with those that ``opter_invoices_to_check`` asks for. The host
    compares them with its own; invoices that it does not have it passes over. A first call
    with none tells the plug-in whether anybody listens: otherwise it reads no balances.

    :param run: as it was handed to ``opter_import_payments``.
    :param balances: at most :data:`BATCH`.
    :return: how many were taken, which is all of them; to be checked as the
        answer to ``opter_take_payments``.

    An error ends the run.
    """


@hookspec
def opter_invoices_to_check(run: Run, company: Company) -> Sequence[str]:  # type: ignore[empty-body]
    """Say which invoices the other system must be asked for, one by one.

    Called by the plug-in when it has handed over what is unpaid there: what is
    open here but was not among them may be paid, credited or unknown there. The plug-in
    asks for as many as it can afford, says the balance of those that are there
    (``opter_take_balances``), and what it did not ask in ``ImportReport.notes``.

    :param run: as it was handed to ``opter_import_payments``.
    :param company: the company of this run.
    :return: invoice numbers, the most urgent first, at most :data:`BATCH`.

    An error ends the run.
    """


@hookspec
def opter_payments_to_check(run: Run, company: Company) -> Sequence[RegisteredPayment]:  # type: ignore[empty-body]
    """Say which payments are registered for these invoices, or amounts, but were not read.

    People correct a payment by deleting it and making it again, under a new
    number. So the host names the registered payments, of this import type and company,
    that a payment of this run may have replaced: of the same invoice, or with the same
    amount and currency within 35 days; and those of invoices where more remains there than
    the payments registered here leave. Called by the plug-in after the balances, while it
    is still signed in, and again until the answer is empty. The plug-in asks for as many as
    it can afford, in this order, and says which no longer exist (``opter_take_deleted``) and
    which it could not ask after (``opter_take_unchecked``): whatever may have replaced one of
    those, the host does not offer for saving. What is neither exists.

    :param run: as it was handed to ``opter_import_payments``.
    :param company: the company of this run.
    :return: the newest first, at most :data:`BATCH`; none that was read in this run, or
        asked for before in it.

    An error ends the run.
    """


@hookspec
def opter_payments_to_confirm(run: Run, company: Company) -> Sequence[str]:  # type: ignore[empty-body]
    """Say which payments must be fetched again, whole, before they can be saved.

    Those of earlier runs that would be saved now, and those of this run of which the host
    must know the ``customer_number``.

    Called by the plug-in after the last batch, while it is still signed in,
    and again until the answer is empty. A host that keeps nothing between
    runs answers with an empty list.

    :param run: as it was handed to ``opter_import_payments``.
    :param company: the company of this run.
    :return: payment numbers, at most :data:`BATCH`; none that was asked for
        before in this run.

    An error ends the run.
    """


@hookspec
def opter_known_invoices(run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:  # type: ignore[empty-body]
    """Say which of these invoices the host has.

    Called by the plug-in so that it looks up the OCR reference only for
    invoices that the host does not know by number.

    :param run: as it was handed to ``opter_import_payments``.
    :param invoice_numbers: numbers in the other system, at most :data:`BATCH`.
    :return: the ones that the host has for this import.

    An error ends the run.
    """


@hookspec
def opter_progress(run: Run, progress: Progress) -> bool | None:
    """Hear how far a run has come, and say whether to stop.

    Called by the plug-in often, and at least every second while it waits.
    Must return at once.

    :param run: as it was handed to ``opter_import_payments``.
    :param progress: the stage, and a sentence for the person.
    :return: ``True`` to cancel; the plug-in then ends with a failure of the
        kind ``cancelled``. Anything else goes on.

    An error ends the run.
    """


@hookspec
def opter_open_browser(run: Run, url: str, on_redirect: Callable[[str], Text | None]) -> bool:  # type: ignore[empty-body]
    """Open a browser window on an address, for a person to sign in.

    Called by the plug-in when it is ready to receive the answer. Must return
    at once, without waiting for the person. A host also shows the address,
    for a person whose window did not open. Where nobody is shown anything, as
    in a scheduled import, the plug-in waits for nobody and ends with a failure
    of the kind ``login``.

    :param run: as it was handed to ``opter_import_payments``.
    :param url: where to go. Not a secret, but good for one login only.
    :param on_redirect: may be called, from any thread, with the address that
        the window ended at, by a host that sees it before the plug-in does
        (a window of its own, or an address that was pasted). Returns
        ``None`` when that was the answer, otherwise a sentence that says
        why not.
    :return: whether a person is being shown the address, in a window or otherwise.

    An error ends the run.
    """


@hookspec
def opter_get_state(run: Run, key: str) -> str | None:
    """Read a small value that the plug-in put away.

    Called by the plug-in, at any time of a run.

    :param run: as it was handed to ``opter_import_payments``. The place is
        shared by all runs of the import type.
    :param key: the plug-in's own; at most 200 characters.
    :return: the value; ``None`` where there is none.

    An error ends the run.
    """


@hookspec
def opter_set_state(run: Run, key: str, value: str | None) -> bool:  # type: ignore[empty-body]
    """Put a small value away, durably, at once and whether or not the run is saved.

    Called by the plug-in, at any time of a run. Never for secrets: those have
    ``opter_set_secret``.

    :param run: as it was handed to ``opter_import_payments``.
    :param key: the plug-in's own; at most 200 characters.
    :param value: at most 100,000 characters; ``None`` takes it away.
    :return: ``True``.

    An error ends the run.
    """


@hookspec
def opter_get_secret(run: Run, key: str) -> str | None:
    """Read a secret that the plug-in put away for this definition.

    Called by the plug-in, at any time of a run.

    :param run: as it was handed to ``opter_import_payments`` or
        ``opter_settings_stored``. The place belongs to its definition alone.
    :param key: the plug-in's own; at most 200 characters.
    :return: the secret; ``None`` where there is none. Where the place is
        damaged, also ``None``, after the host has told a person so. Asks
        nothing of a person, as to unlock a keyring, where nothing was put.

    An error ends the run.
    """


@hookspec
def opter_set_secret(run: Run, key: str, value: str | None) -> bool:  # type: ignore[empty-body]
    """Put a secret away for this definition, whether or not the run is saved.

    Called by the plug-in, at any time of a run. In a place that only the
    person's own account can read; never in the host's database, a log or a
    message. Durable when it returns, and whole: after a sudden end there is
    the earlier secret or the new one.

    :param run: as it was handed to ``opter_import_payments`` or
        ``opter_settings_stored``.
    :param key: the plug-in's own; at most 200 characters.
    :param value: at most 8,000 characters; ``None`` takes it away.
    :return: ``True``. A host without a place for secrets leaves this hook
        out, and the plug-in then keeps none.

    An error ends the run.
    """


@hookspec
def opter_lock(run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:  # type: ignore[empty-body]
    """Give a lock that holds across threads, processes and users of this host.

    Called by the plug-in, at any time of a run. It is let go when its holder
    dies.

    :param run: as it was handed to ``opter_import_payments``.
    :param key: what to lock; the plug-in's own, at most 200 characters.
    :param timeout: seconds to wait for another holder; 0 tries once.
    :return: a context manager; entering it tells whether the lock was got.

    An error ends the run.
    """
