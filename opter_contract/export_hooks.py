"""The contract between a host and its export plug-ins, on one page.

An export is a second kind of transfer: the host has items, such as invoices or supplier bills, and
a plug-in sends them to another system. Settings fields, their check, errors, diagnosis, state,
secrets, locks, progress and login are those of :mod:`opter_contract.hooks`; a run of an export
has ``run.subject``, and so have its settings hooks.

An export::

    host                                   plug-in
    opter_export(run)            ─────────►
                                 ◄───────── run.hook.opter_items_to_export (batches)
                                            reads what the other system has, changes nothing
                                 ◄───────── run.hook.opter_take_planned_items (batches)
                                 ◄───────── run.hook.opter_take_planned_cards (batches)
                                 ◄───────── run.hook.opter_take_bank_changes (batches)
                                 ◄───────── run.hook.opter_take_gaps
                                 ◄───────── run.hook.opter_review_export
    … a person looks at the preview, and sends or does not …
        the ids to send          ─────────►
                                 ◄───────── run.hook.opter_confirmed_bank_changes (batches)
                                 ◄───────── run.hook.opter_take_intents   before a request
                                 ◄───────── run.hook.opter_take_results   after its answer
                                 ◄───────── ExportReport

The rules for every hook are those of :mod:`opter_contract.hooks`.

Which side implements each hook, and the effect of omitting it:

============================ ======== ==================================== =====
hook                         answered if omitted                           since
============================ ======== ==================================== =====
opter_export_types           plug-in  it exports nothing                   1.0
opter_export                 plug-in  *required of one with a type*        1.0
opter_cancel_exported        plug-in  the host cannot take an item back    1.0
opter_items_to_export        host     *required*                           1.0
opter_read_document          host     items have no documents              1.0
opter_take_planned_items     host     *required*                           1.0
opter_take_planned_cards     host     nobody is shown them                 1.0
opter_take_bank_changes      host     nobody is shown them, nor confirms   1.0
opter_take_gaps              host     *required*                           1.0
opter_review_export          host     *required*                           1.0
opter_confirmed_bank_changes host     none is confirmed                    1.0
opter_take_intents           host     *required*                           1.0
opter_take_results           host     *required*                           1.0
============================ ======== ==================================== =====

What your host must promise
---------------------------

Each sentence is a test of :mod:`opter_contract.conformance.export_hosts` with the same words.

1. Nothing is sent before a person has seen it. What ``opter_review_export`` returns was shown
   with the plan that was handed over, or with an equal one.
2. Nothing is sent while a gap is open. Except what the gap does not concern, where a person left
   out the items that it does.
3. An intent is stored before it is acknowledged, and so is a result. Both survive a kill.
4. An item keeps its id for ever.
5. An item whose result is unknown is given again. With ``intended``, at the next export, until
   its result is known; so is one that is not complete.
6. An item that was sent is not given again as new. With ``exported`` where it has changed since,
   or where a person asks for it.
7. Two exports of one company never run concurrently. The second is refused before it reads.
8. Another company is refused. From the first send of a definition on.
9. Amounts stay exact.
10. A plug-in's words are shown. Codes, messages, differences and gaps.
11. A bank change is confirmed by a person. By name, for the values that were shown, and once:
    where it was given as confirmed and is there again, it is confirmed again. What was not
    asked for is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pluggy

from opter_contract import PROJECT
from opter_contract.export_values import (
    BankChange,
    ExportItem,
    ExportReport,
    ExportType,
    Gap,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import Company, Run

hookspec = pluggy.HookspecMarker(PROJECT)


# --- Answered by a plug-in --------------------------------------------------


@hookspec
def opter_export_types() -> Sequence[ExportType]:  # type: ignore[empty-body]
    """List what the plug-in can export.

    Called once, when the host has loaded its plug-ins. Must not open a connection or a browser.

    :return: the types, in the order to show them.

    An error, or a code and subject that another plug-in has registered, excludes the plug-in.

    Example::

        @hookimpl
        def opter_export_types():
            return [ExportType("Sie", "invoices", Text("SIE-fil", "SIE file"))]
    """


@hookspec
def opter_export(run: Run) -> ExportReport | None:
    """Plan an export, have it reviewed, and send the items that a person chose.

    Called when a person starts an export; never concurrently for one definition. Changes nothing
    in the other system before ``opter_review_export`` has returned, and then only the items of
    which it returned the ids. A lock of the company is held until the export ends.

    :param run: this export, of the items of ``run.subject``.
    :return: the report; ``None`` for a type of another plug-in.

    An error ends the export. Results that ``opter_take_results`` took before stay.

    Example::

        @hookimpl
        def opter_export(run):
            if run.type_code != "Sie":
                return None
            [items] = run.hook.opter_items_to_export(run=run, after="")
            [ids] = run.hook.opter_review_export(run=run, company=company, timeout=1800.0) or [()]
            for item in [one for one in items if one.id in ids]:
                run.hook.opter_take_intents(run=run, item_ids=[item.id])
                run.hook.opter_take_results(run=run, results=[send(item)])
            return ExportReport(company, requests=0)
    """


@hookspec
def opter_cancel_exported(run: Run, item: ExportItem) -> ItemResult | None:
    """Take back an exported item, if the other system still allows it.

    Called when a person asks for it.

    :param run: as for an export.
    :param item: with ``exported`` and, if an export reported it, ``number``; its rows may be
        missing if the host no longer has them.
    :return: with state ``cancelled``, or the reason why not (``booked``, ``refused``,
        ``unknown``); ``None`` for a type of another plug-in.

    An error is shown, and the item stays exported.

    Example::

        @hookimpl
        def opter_cancel_exported(run, item):
            if run.type_code != "Sie":
                return None
            return ItemResult(item.id, "refused", code="FILE_WRITTEN", message=DELETE_THE_FILE)
    """


# --- Answered by the host ---------------------------------------------------


@hookspec
def opter_items_to_export(run: Run, after: str) -> Sequence[ExportItem]:  # type: ignore[empty-body]
    """Return the items to send, at most :data:`opter_contract.BATCH` at a time.

    Called by the plug-in first, until a batch is empty. In a stable order, as ``after`` requires:
    new items, those that changed since they were sent, those whose result is unknown, and those
    that a person asked for.

    :param run: as it was passed to ``opter_export``.
    :param after: the id of the last item of the batch before; ``""`` for the first batch.
    :return: the next batch; an empty one at the end.

    An error ends the export.

    Example::

        @hookimpl
        def opter_items_to_export(self, after):
            ids = sorted(key for key in self.items if key > after and not self.is_done(key))
            return [self.items[key] for key in ids[:BATCH]]
    """


@hookspec
def opter_read_document(run: Run, item_id: str) -> bytes | None:
    """Return the content of an item's document, a PDF.

    Called by the plug-in for an item whose content names one.

    :param run: as it was passed to ``opter_export``.
    :param item_id: of an item that ``opter_items_to_export`` gave.
    :return: ``None`` if there is none, or it cannot be read.

    An error ends the export.

    Example::

        @hookimpl
        def opter_read_document(self, item_id):
            file = self.folder / self.items[item_id].content.document
            return file.read_bytes() if file.is_file() else None
    """


@hookspec
def opter_take_planned_items(run: Run, items: Sequence[PlannedItem]) -> int:  # type: ignore[empty-body]
    """Take the plans of items, for the preview.

    Called by the plug-in before the review; each item that ``opter_items_to_export`` returned is
    planned once, except those that settings exclude; a note of the report says how many.

    :param run: as it was passed to ``opter_export``.
    :param items: at most :data:`opter_contract.BATCH`.
    :return: the number that were taken: all.

    An error ends the export.

    Example::

        @hookimpl
        def opter_take_planned_items(self, run, items):
            self.plans[run.id].extend(items)
            return len(items)
    """


@hookspec
def opter_take_planned_cards(run: Run, cards: Sequence[PlannedCard]) -> int:  # type: ignore[empty-body]
    """Take the customers or suppliers that a send would create or change there, for the preview.

    Called by the plug-in before the review.

    :param run: as it was passed to ``opter_export``.
    :param cards: at most :data:`opter_contract.BATCH`.
    :return: the number that were taken: all.

    An error ends the export.

    Example::

        @hookimpl
        def opter_take_planned_cards(self, run, cards):
            self.cards[run.id].extend(cards)
            return len(cards)
    """


@hookspec
def opter_take_bank_changes(run: Run, changes: Sequence[BankChange]) -> int:  # type: ignore[empty-body]
    """Take the bank details that would change there, for the preview and for confirmation.

    Called by the plug-in before the review. Unconfirmed changes are not made, and new items of
    that party (planned as ``waiting``) are not sent.

    :param run: as it was passed to ``opter_export``.
    :param changes: at most :data:`opter_contract.BATCH`.
    :return: the number that were taken: all.

    An error ends the export.

    Example::

        change = BankChange("LASSE", "BG", "5555-5551", "123-4567")
        assert run.hook.opter_take_bank_changes(run=run, changes=[change]) == [1]
    """


@hookspec
def opter_confirmed_bank_changes(  # type: ignore[empty-body]
    run: Run, party_numbers: Collection[str]
) -> Sequence[BankChange]:
    """Return which of the bank changes of these parties a person has confirmed, by name.

    Called by the plug-in after the review and before it writes any party record, for each party
    once. A confirmation is valid for all four values of a change, and is returned once: the host
    then forgets it, so that an old confirmation never overwrites a later change there. It keeps
    those that it does not return: if a person left out the bills of a supplier, its confirmation
    is neither used nor lost.

    :param run: as it was passed to ``opter_export``.
    :param party_numbers: of the suppliers whose items the review returned, at most
        :data:`opter_contract.BATCH`.
    :return: those that are confirmed.

    An error ends the export.

    Example::

        @hookimpl
        def opter_confirmed_bank_changes(self, run, party_numbers):
            asked = [one for one in self.changes[run.id] if one.party_number in party_numbers]
            confirmed = self.confirmations.intersection(asked)
            self.confirmations -= confirmed
            return list(confirmed)
    """


@hookspec
def opter_take_gaps(run: Run, gaps: Sequence[Gap]) -> int:  # type: ignore[empty-body]
    """Take the missing parts of the other system's set-up.

    Called by the plug-in before the review, and once more if a gap shows only during sending; the
    plug-in then sends nothing more.

    :param run: as it was passed to ``opter_export``.
    :param gaps: at most :data:`opter_contract.BATCH`.
    :return: the number that were taken: all.

    An error ends the export.

    Example::

        gap = Gap("ACCOUNT_UNKNOWN", Text("Konto 3001 saknas …", "…"), ["/10301"])
        assert run.hook.opter_take_gaps(run=run, gaps=[gap]) == [1]
    """


@hookspec
def opter_review_export(run: Run, company: Company, timeout: float) -> Collection[str] | None:
    """Show the plan, and wait until a person decides what to send.

    Called by the plug-in once, when the complete plan has been taken.

    :param run: as it was passed to ``opter_export``.
    :param company: whose books the items go to; the host refuses one that is not the
        definition's.
    :param timeout: seconds after which the login ends; nothing is sent then.
    :return: the ids of the items to send, including those that need no request (whose result is
        then reported); empty to send nothing.

    An error ends the export.

    Example::

        @hookimpl
        def opter_review_export(self, run, company, timeout):
            if run.company is not None and run.company.number != company.number:
                raise OtherCompany(company)
            return self.ids_to_send(self.plans[run.id], within=timeout)
    """


@hookspec
def opter_take_intents(run: Run, item_ids: Sequence[str]) -> int:  # type: ignore[empty-body]
    """Store that these items are about to be sent.

    Called by the plug-in before the request. Whatever happens next, they are offered as
    ``intended`` until their result is known.

    :param run: as it was passed to ``opter_export``.
    :param item_ids: of items that the review returned, at most :data:`opter_contract.BATCH`.
    :return: the number that were stored: all.

    An error ends the export, and nothing more is sent.

    Example::

        @hookimpl
        def opter_take_intents(self, item_ids):
            with self.database:
                self.database.executemany(STORE_INTENT, [(key,) for key in item_ids])
            return len(item_ids)
    """


@hookspec
def opter_take_results(run: Run, results: Sequence[ItemResult]) -> int:  # type: ignore[empty-body]
    """Store the results of items, as soon as they are known.

    Called by the plug-in after each response, for items that the review returned.

    :param run: as it was passed to ``opter_export``.
    :param results: at most :data:`opter_contract.BATCH`.
    :return: the number that were stored: all.

    An error ends the export, and nothing more is sent.

    Example::

        result = ItemResult("/10301", "sent", "10301", total=Decimal("1374.99"))
        assert run.hook.opter_take_results(run=run, results=[result]) == [1]
    """
