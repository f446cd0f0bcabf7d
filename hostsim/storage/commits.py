"""What was committed in this thread, so that nobody is told afterwards that nothing was saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hostsim.errors import host_error
from hostsim.messages import texts

if TYPE_CHECKING:
    from hostsim.errors import HostError
    from opter_contract.values import Text

_here = threading.local()


@dataclass
class Commits:
    """Whether anything was committed, and what is known of it."""

    any: bool = False
    said: list[Text] = field(default_factory=list)

    def not_shown(self) -> HostError:
        """Make the error of a result that is saved and could not be shown."""
        saved = texts.joined(self.said) or texts.SAVED
        return host_error("SAVED_NOT_SHOWN", saved=saved)


@contextmanager
def watched() -> Iterator[Commits]:
    """Note what this thread commits while the block runs."""
    around = found()
    _here.commits = inner = Commits()
    try:
        yield inner
    finally:
        _here.commits = around


#: A block whose commits count for nothing: what they keep is thrown away again, or says only
#: how a run went.
passing = watched


def found() -> Commits:
    """Give what was noted in this thread; nothing where nobody watches."""
    commits: Commits = getattr(_here, "commits", None) or Commits()
    return commits


def note(what: Text | None = None) -> None:
    """Note that something was committed, or written to a file that was asked for."""
    commits = found()
    commits.any = True
    if what is not None:
        commits.said.append(what)
