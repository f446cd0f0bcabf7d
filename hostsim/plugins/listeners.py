"""Notifies listening plug-ins of saves, of changes of the books, and of ended runs.

Always after the commit: no listener can undo anything. Each plug-in is called alone, since in
one pluggy call the first exception would keep the others from being called.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from hostsim.errors import failure_of, host_error
from hostsim.plugins.loading import Plugins
from hostsim.storage import journal, schedule_notices, unreported_commits
from hostsim.storage.previews import saved_payments
from hostsim.storage.store import Store
from opter_contract.values import EndedRun, SavedRun

log = logging.getLogger(__name__)

#: How long a round waits for another one that is notifying people.
_LOCK_WAIT_SECONDS = 120.0


def notify_of_save(plugins: Plugins, store: Store, run: SavedRun) -> None:
    """Send every listener the payments of a saved run, then the run."""
    for name, call in plugins.listeners("opter_payments_saved", "opter_run_saved"):
        for batch in saved_payments(store, run.id):
            _call_listener(name, call, "opter_payments_saved", run=run, payments=batch)
        _call_listener(name, call, "opter_run_saved", run=run)


def notify_of_changes(plugins: Plugins, store: Store) -> None:
    """Send every listener the changes of the books that it has not acknowledged.

    What cannot be sent now is sent at the next occasion.
    """
    if store.db.in_transaction:
        return  # nothing is sent that is not committed
    for name, call in plugins.listeners("opter_books_changed"):
        try:
            _catch_up(store, name, call)
        except Exception as error:  # noqa: BLE001 whatever it is, the books are changed
            log.warning(
                "plug-in %s could not be sent the changes of the books: %s", name, _code_of(error)
            )


def _catch_up(store: Store, name: str, call: Callable[..., Any]) -> None:
    while journal.acknowledged(store.db, name) < journal.last_sequence(store.db):
        with store.locks.hold("listener", name, wait=0) as acquired:
            # Its holder checks again after releasing it, so that nothing is left behind.
            if not acquired or not _send_all(store, name, call):
                return


def _send_all(store: Store, name: str, call: Callable[..., Any]) -> bool:
    """Send a listener the changes that follow; return whether it acknowledged all."""
    acknowledged = journal.acknowledged(store.db, name)
    may_go_back = True  # once, or a listener that never stores anything would never end
    while changes := journal.changes_after(store.db, acknowledged):
        upto = _call_listener(name, call, "opter_books_changed", changes=changes)
        if type(upto) is int and may_go_back and 0 <= upto < acknowledged:
            log.warning("plug-in %s lost changes and is sent those after %s again", name, upto)
            may_go_back = False
        elif type(upto) is int and upto > changes[-1].sequence:
            log.error("%s", host_error("BOOKS_WENT_BACK", name=name))
            return False
        elif type(upto) is not int or upto <= acknowledged:
            if upto is not None and upto != acknowledged:
                log.warning("plug-in %s acknowledged what it was not sent", name)
            return False
        with unreported_commits.uncounted(), store.change() as db:
            journal.acknowledge(db, name, upto)
        acknowledged = upto
    return True


def _call_listener(name: str, call: Callable[..., Any], hook: str, **arguments: object) -> Any:
    """Return the answer of a listener; ``None`` if it failed."""
    try:
        return call(hook, **arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 whatever it is, the books are changed
        log.warning("plug-in %s failed in %s: %s", name, hook, _code_of(error))
        if failure_of(error) is None:
            frames = traceback.extract_tb(error.__traceback__)
            where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            log.debug("plug-in %s failed at %s", name, " < ".join(reversed(where)))
    return None


def _code_of(error: BaseException) -> str:
    """Return the code or class of an error: its message could hold personal data."""
    failure = failure_of(error)
    return type(error).__name__ if failure is None else failure.code


def notify_of_run_end(plugins: Plugins, run: EndedRun) -> None:
    for name, call in plugins.listeners("opter_run_ended"):
        _call_listener(name, call, "opter_run_ended", run=run)


def notify_people(plugins: Plugins, store: Store) -> bool:
    """Send every listener the notices for people that it has not delivered yet.

    :return: whether all were delivered; the others are sent again at the end of the next round.
    """
    if store.db.in_transaction:
        return False  # nothing is sent that is not committed
    done = True
    for name, call in plugins.listeners("opter_notices"):
        try:
            # It waits, since who holds it may have looked before this round ended.
            with store.locks.hold("notices", name, wait=_LOCK_WAIT_SECONDS) as acquired:
                done &= acquired and _send_notices(store, name, call)
        except Exception as error:  # noqa: BLE001 whatever it is, the runs have ended
            log.warning("plug-in %s could not be sent the notices: %s", name, _code_of(error))
            done = False
    return done


def _send_notices(store: Store, name: str, call: Callable[..., Any]) -> bool:
    with unreported_commits.uncounted(), store.change() as db:
        schedule_notices.forget_fewer_waiting(db, name)
    pending_rows = schedule_notices.pending_notices(store.db, name)
    if not pending_rows:
        return True
    pending = [notice for notice, _ in pending_rows]
    if _call_listener(name, call, "opter_notices", notices=pending) is not True:
        return False
    with unreported_commits.uncounted(), store.change() as db:
        schedule_notices.mark_told(db, name, pending_rows)
    return True
