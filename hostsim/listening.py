"""Telling others what was registered, after the commit.

Every plug-in that listens is told alone: in one pluggy call the first
exception would keep the others from hearing. Nobody can undo anything here.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hostsim.errors import failure_of
from hostsim.previews import saved_payments

if TYPE_CHECKING:
    from hostsim.models import SavedRun
    from hostsim.plugins import Plugins
    from hostsim.store import Store

log = logging.getLogger(__name__)


def tell(plugins: Plugins, store: Store, run: SavedRun) -> None:
    """Tell every listener of the payments of a run, and that it was saved."""
    for name, call in plugins.listeners("opter_payments_saved", "opter_run_saved"):
        for batch in saved_payments(store, run.id):
            _told(name, call, "opter_payments_saved", run=run, payments=batch)
        _told(name, call, "opter_run_saved", run=run)


def _told(name: str, call: Callable[..., Any], hook: str, **arguments: object) -> None:
    try:
        call(hook, **arguments)
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
