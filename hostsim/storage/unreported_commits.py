"""The commits of this thread, so that no later error claims that nothing was saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hostsim.errors import host_error
from hostsim.messages import results as results_messages
from hostsim.messages import text as text_messages

if TYPE_CHECKING:
    from hostsim.errors import HostError
    from opter_contract.values import Text

_thread = threading.local()


@dataclass
class Commits:
    """Whether anything was committed, and the messages about it."""

    any: bool = False
    messages: list[Text] = field(default_factory=list)

    def not_shown_error(self) -> HostError:
        """Return the error of a result that is saved but could not be shown."""
        saved = text_messages.joined(self.messages) or results_messages.SAVED
        return host_error("SAVED_NOT_SHOWN", saved=saved)


@contextmanager
def watch() -> Iterator[Commits]:
    """Note what this thread commits while the block runs."""
    outer = noted()
    _thread.commits = inner = Commits()
    try:
        yield inner
    finally:
        _thread.commits = outer


#: A block whose commits do not count: what they store is deleted again, or says only
#: how a run went.
uncounted = watch


def noted() -> Commits:
    """Return what this thread has noted; nothing outside of :func:`watch`."""
    commits: Commits = getattr(_thread, "commits", None) or Commits()
    return commits


def note(message: Text | None = None) -> None:
    """Note that something was committed, or that an output file was written."""
    commits = noted()
    commits.any = True
    if message is not None:
        commits.messages.append(message)
