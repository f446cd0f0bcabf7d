"""Telling others what was registered and what changed the books, after the commit.

Every plug-in that listens is told alone: in one pluggy call the first
exception would keep the others from hearing. Nobody can undo anything here.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hostsim.errors import failure_of
from hostsim.storage import commits, journal
from hostsim.storage.import_runs import saved_payments

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins
    from hostsim.storage.store import Store
    from opter_contract.values import SavedRun

log = logging.getLogger(__name__)


def tell(plugins: Plugins, store: Store, run: SavedRun) -> None:
    """Tell every listener of the payments of a run, and that it was saved."""
    for name, call in plugins.listeners("opter_payments_saved", "opter_run_saved"):
        for batch in saved_payments(store, run.id):
            _told(name, call, "opter_payments_saved", run=run, payments=batch)
        _told(name, call, "opter_run_saved", run=run)


def tell_changes(plugins: Plugins, store: Store) -> None:
    """Tell every listener what changed the books and it has not acknowledged yet.

    What cannot be told now is told at the next occasion.
    """
    if store.db.in_transaction:
        return  # nothing is told that is not committed
    for name, call in plugins.listeners("opter_books_changed"):
        try:
            _catch_up(store, name, call)
        except Exception as error:  # noqa: BLE001 whatever it is, the books are changed
            failure = failure_of(error)
            what = failure.code if failure is not None else type(error).__name__
            log.warning("plug-in %s could not be told what changed the books: %s", name, what)


def _catch_up(store: Store, name: str, call: Callable[..., Any]) -> None:
    while journal.acknowledged(store.db, name) < journal.last(store.db):
        with store.locks.hold("listener", name, wait=0) as got:
            # Whoever holds it looks again when it has let go, so that nothing is left behind.
            if not got or not _kept_all(store, name, call):
                return


def _kept_all(store: Store, name: str, call: Callable[..., Any]) -> bool:
    """Tell a listener the next changes until nothing is left; say whether it kept them all."""
    known = journal.acknowledged(store.db, name)
    may_go_back = True  # once, or one that never keeps anything would be told for ever
    while changes := journal.changes_after(store.db, known):
        kept = _told(name, call, "opter_books_changed", changes=changes)
        if type(kept) is int and may_go_back and 0 <= kept < known:
            log.warning("plug-in %s has lost changes and is told again those after %s", name, kept)
            may_go_back = False
        elif type(kept) is not int or not known < kept <= changes[-1].sequence:
            if kept is not None and kept != known:
                log.warning("plug-in %s acknowledged what it was not told", name)
            return False
        with commits.passing(), store.change() as db:
            journal.acknowledge(db, name, kept)
        known = kept
    return True


def _told(name: str, call: Callable[..., Any], hook: str, **arguments: object) -> Any:
    """Give the answer of a listener; ``None`` where it failed."""
    try:
        return call(hook, **arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 whatever it is, it harms nobody
        # Neither message nor values: they could hold personal data.
        failure = failure_of(error)
        what = failure.code if failure is not None else type(error).__name__
        log.warning("plug-in %s failed in %s: %s", name, hook, what)
        if failure is None:
            frames = traceback.extract_tb(error.__traceback__)
            where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            log.debug("plug-in %s failed at %s", name, " < ".join(reversed(where)))
    return None
