"""Exporting: sending invoices or supplier bills to other books, and what was sent."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hostsim.cli.command import NAME, OPTIONAL_NAME, command, option
from hostsim.cli.common import Common, make_host, open_store, usage
from hostsim.cli.definitions import exports
from hostsim.cli.login import NO_BROWSER, UNATTENDED, interactive_host, typed_lines
from hostsim.cli.root import hostsim
from hostsim.errors import HostError, host_error
from hostsim.messages import exports as messages
from hostsim.storage.bank_confirmations import unconfirmed_error
from hostsim.storage.export_previews import ExportChanged
from hostsim.storage.export_runs import open_gaps_error
from hostsim.views.exports import (
    to_look_at,
    write_export,
    write_export_json,
    write_how_to_send,
    write_log,
    write_log_json,
)
from hostsim.views.labels import BANK_FIELDS, company, label
from hostsim.views.output import ReaderClosed, is_terminal

if TYPE_CHECKING:
    from hostsim.services.host import Host
    from hostsim.storage.export_previews import ExportPreview
    from hostsim.views.progress import ProgressBar, ProgressLines

#: What a person types to send.
_YES = frozenset({"j", "ja", "y", "yes"})


@command(
    exports,
    "log",
    sv="Visa vad som gjorts med varje faktura eller avräkning, när och av vem.",
    en="Show what was done with each invoice or bill, when and by whom.",
)
@OPTIONAL_NAME
def exports_log(common: Common, name: str | None) -> None:
    with open_store(common) as store:
        if name is not None:
            store.definition(name, exports=True)
        host = make_host(store)
        write = write_log_json if common.json else write_log
        write(common.output, lambda: host.export_log(name))


@command(
    hostsim,
    "export",
    sv="Visa vad som ska skickas, och skicka det.",
    en="Show what is to be sent, and send it.",
)
@NAME
@option(
    "--invoice",
    "--bill",
    "items",
    multiple=True,
    metavar="NUMMER",
    sv="Bara den fakturan eller avräkningen; kan anges flera gånger.",
    en="This invoice or bill only; may be repeated.",
)
@option(
    "--check",
    is_flag=True,
    sv="Kontrollera bara vad som saknas i det andra systemet.",
    en="Only check what is missing in the other system.",
)
@option("--send", is_flag=True, sv="Skicka det som visades.", en="Send what was shown.")
@option(
    "--revision",
    metavar="REVISION",
    sv="Skicka just den revisionen (revision i --json); annars den som ett kommando visade sist.",
    en="Send this very revision (revision in --json); otherwise the one that a command showed "
    "last.",
)
@option(
    "--cancel",
    metavar="NUMMER",
    sv="Ta tillbaka en faktura eller avräkning som är skickad.",
    en="Take back an invoice or bill that was sent.",
)
@option(
    "--confirm-bank",
    "suppliers",
    multiple=True,
    metavar="LEVERANTÖRSNUMMER",
    sv="Bekräfta, i ditt namn, de ändrade bankuppgifter för leverantören som visades sist; kan "
    "anges flera gånger.",
    en="Confirm, by your name, the changed bank details of the supplier that were shown last; may "
    "be repeated.",
)
@NO_BROWSER
@UNATTENDED
def export(
    common: Common,
    name: str,
    *,
    items: tuple[str, ...],
    check: bool,
    send: bool,
    revision: str | None,
    cancel: str | None,
    suppliers: tuple[str, ...],
) -> None:
    if (check and send) or (cancel is not None and (check or send or items or suppliers)):
        raise usage(
            "Välj ett av --check, --send och --cancel; --cancel gäller en faktura eller avräkning.",
            "Choose one of --check, --send and --cancel; --cancel is about one invoice or bill.",
        )
    if revision is not None and not (send and revision):
        raise usage(
            "--revision kräver --send och en revision.", "--revision needs --send and a revision."
        )
    with open_store(common) as store:
        store.definition(name, exports=True)
        with interactive_host(common, store) as (host, progress):
            # First of all: what another command prints from now on, the person has not read.
            shown = host.last_shown(name) if revision is None else revision
            for supplier in suppliers:
                _confirm(common, host, name, supplier)
            if cancel is not None:
                preview = host.cancel(name, cancel)
            elif send:
                with _print_sent_on_error(common, host, name):
                    preview = _send(common, host, name, shown, items)
            else:
                question = _Question(common, progress, check=check)
                with _print_sent_on_error(common, host, name):
                    preview = host.export(name, review=question, items=items, check=check)
                if question.asks and not preview.sent:
                    for note in preview.notes:
                        common.output.line(note)
                    _raise_for(preview)
                    return
        _show(common, preview, how_to_send=not check, numbers=items)
        _raise_for(preview)
        if cancel is not None and not preview.counts["cancelled"]:
            words = messages.WORDS[preview.subject]
            raise host_error("NOT_CANCELLED", number=cancel, **words)


def _confirm(common: Common, host: Host, name: str, supplier: str) -> None:
    """Confirm what was shown of a supplier, and say what that was."""
    for change in host.confirm_bank(name, supplier):
        field, by = label(BANK_FIELDS, change.field), change.confirmed_by or ""
        sentence = messages.confirmed(change.party_number, field, change.ours, change.theirs, by)
        common.note(sentence.sv, sentence.en)


def _send(
    common: Common, host: Host, name: str, revision: str, items: tuple[str, ...]
) -> ExportPreview:
    try:
        return host.send(name, revision, items=items)
    except ExportChanged as changed:
        try:
            _show(common, changed.preview, how_to_send=True, numbers=items)
        except (ReaderClosed, HostError) as error:
            raise changed from error
        raise


@contextmanager
def _print_sent_on_error(common: Common, host: Host, name: str) -> Iterator[None]:
    """Also print the results of the items if an error ends an export that had begun to send."""
    before = next(host.export_runs(name), None)
    try:
        yield
    except Exception as error:
        after = next(host.export_runs(name), None)
        if after is not None and after.sent and (before is None or after.run_id != before.run_id):
            try:
                _show(common, after, how_to_send=False)
            except (ReaderClosed, HostError) as unshown:
                raise error from unshown
        raise


def _show(
    common: Common, preview: ExportPreview, *, how_to_send: bool, numbers: Iterable[str] = ()
) -> None:
    """Print a run; one that sent nothing is marked as the one that a send sends."""
    output = common.output
    if common.json:
        write_export_json(output, preview)
    else:
        write_export(output, preview)
        if how_to_send:
            write_how_to_send(output, preview, numbers)
    output.flush()
    preview.mark_printed()


def _raise_for(preview: ExportPreview) -> None:
    """End with an error where something is left to do for a person."""
    if preview.failures:
        words = messages.WORDS[preview.subject]
        raise host_error("EXPORT_UNSETTLED", what=to_look_at(preview), **words)
    if preview.counts["gaps"]:
        raise open_gaps_error(preview)
    if preview.counts["waiting"]:
        raise unconfirmed_error(preview)


class _Question:
    """Shows a preview on a terminal and asks once whether to send it; elsewhere sends nothing."""

    def __init__(
        self, common: Common, progress: ProgressBar | ProgressLines, *, check: bool
    ) -> None:
        self._common = common
        self._progress = progress
        #: Whether there is a person who reads and types, and something to be asked.
        self.asks = (
            not (check or common.unattended or common.json)
            and is_terminal(sys.stdin)
            and is_terminal(common.output.stream)
        )

    def __call__(self, preview: ExportPreview, timeout: float) -> Collection[str] | None:
        if not self.asks:
            return None
        self._progress.pause()
        _show(self._common, preview, how_to_send=False)
        counts, name = preview.counts, company(preview.company)
        not_sent = counts["refused"] + counts["unknown"] + counts["waiting"]
        if counts["gaps"] or not_sent == counts["items"]:
            return None
        number = counts["ready"] + counts["adopted"]
        items = messages.WORDS[preview.subject]["items"]
        self._common.note(
            f"Skicka till {name.sv}? Antal {items.sv}: {number}. [j/N]",
            f"Send to {name.en}? Number of {items.en}: {number}. [y/N]",
        )
        answer = _typed_line(timeout) or ""
        return preview.ids() if answer.strip().lower() in _YES else None


def _typed_line(timeout: float) -> str | None:
    """Wait for a line from standard input; ``None`` if none came in time."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        lines.put(next(iter(typed_lines(sys.stdin)), None))

    threading.Thread(target=read, name="answer", daemon=True).start()
    try:
        return lines.get(timeout=timeout)
    except queue.Empty:
        return None
