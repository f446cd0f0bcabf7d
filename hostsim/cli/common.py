"""What every command is given, and how it opens the database and makes a host."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from hostsim.errors import HostError, host_error
from hostsim.views.output import Output, one_line
from hostsim.views.table import Column, as_object, write_json, write_json_list, write_table
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins
    from hostsim.services.host import Host
    from hostsim.storage.store import Store

T = TypeVar("T")

# An address to sign in at must stay whole; a flood must not scroll it away.
_MAX_LINE_LENGTH = 8000


@dataclass(slots=True)
class Common:
    """The options that every command has, and some that several have, and its output."""

    language: str
    db: str | None = None
    verbose: int = 0
    json: bool = False
    log_level: str | None = None
    log_file: Path | None = None
    no_browser: bool = False
    unattended: bool = False
    show_ignored: bool = False
    #: Where the result goes while a command runs; others may print on ``sys.stdout``.
    result: TextIO | None = None

    @property
    def database(self) -> Path:
        """The file that the host's data lies in.

        :raises HostError: ``DATABASE_UNREACHABLE`` for a folder.
        """
        path = Path(self.db or os.environ.get("HOSTSIM_DB") or "hostsim.db")
        if path.is_dir():
            why = Text("det är en mapp", "it is a folder")
            raise host_error("DATABASE_UNREACHABLE", path=path, why=why)
        return path

    @property
    def output(self) -> Output:
        return Output(self.result or sys.stdout, self.language)

    def note(self, sv: str, en: str) -> None:
        write_stderr(en if self.language == "en" else sv)

    def write_list(
        self,
        columns: Iterable[Column[T]],
        rows: Callable[[], Iterable[T]],
        none: Text | None = None,
    ) -> None:
        """Write a list as a table, or as JSON with ``--json``; ``rows`` may be called again.

        :param none: the sentence in the place of a table without rows.
        """
        if self.json:
            write_json_list(self.output, columns, rows())
        elif none is not None and not any(True for _ in rows()):
            self.output.line(none)
        else:
            write_table(self.output, columns, rows)

    def write_one(self, columns: Iterable[Column[T]], item: T) -> None:
        columns = tuple(columns)
        if self.json:
            write_json(self.output, as_object(columns, item, self.language))
        else:
            write_table(self.output, columns, lambda: [item])


def write_stderr(line: str) -> None:
    """Write one line to standard error, where everything but the result goes."""
    with contextlib.suppress(OSError):
        sys.stderr.write(one_line(line.replace("\N{NO-BREAK SPACE}", " "), _MAX_LINE_LENGTH) + "\n")
        sys.stderr.flush()


def usage(sv: str, en: str) -> HostError:
    return host_error("USAGE", what=Text(sv, en))


@contextlib.contextmanager
def open_store(common: Common, *, checked: bool = True) -> Iterator[Store]:
    """Open the database for one command.

    :param checked: refuse a damaged one at once, where that is soon seen.
    :raises HostError: ``NO_DATABASE`` when there is none yet.
    """
    from hostsim.storage.store import Store

    with Store.open(common.database, checked=checked) as store:
        yield store


def load_plugins(store: Store | None = None) -> Plugins:
    """Load the plug-ins that are not switched off.

    :param store: also says which are off, in addition to the environment.
    """
    from hostsim.plugins import discovery
    from hostsim.plugins.loading import Plugins

    off = discovery.off(store)
    return Plugins.load(off=off)


def plugins_without_database(common: Common) -> Plugins:
    """Load the plug-ins for a command that works without a database, too.

    What a database says is switched off counts where it can be read.
    """
    from hostsim.storage.store import Store

    try:
        store = Store.open(common.database, patience=2.0)
    except (HostError, sqlite3.Error):
        return load_plugins()
    with store:
        return load_plugins(store)


def make_host(store: Store, plugins: Plugins | None = None, **keywords: Any) -> Host:
    from hostsim.services.host import Host
    from hostsim.storage.secrets import system_keyring

    return Host(store, plugins or load_plugins(store), keyring=system_keyring, **keywords)


def key_values(arguments: Iterable[str]) -> dict[str, str]:
    """Parse ``KEY=VALUE`` arguments."""
    pairs: dict[str, str] = {}
    for text in arguments:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise usage(
                f"”{text}” ska skrivas NAMN=VÄRDE.", f"“{text}” must be written NAME=VALUE."
            )
        if key in pairs:
            raise usage(f"{key} är angivet två gånger.", f"{key} is given twice.")
        pairs[key] = value
    return pairs


def warn(common: Common, problems: Iterable[Any]) -> None:
    for problem in problems:
        message = problem.message
        common.note(
            f"Varning: {problem.key}: {message.sv}", f"Warning: {problem.key}: {message.en}"
        )
