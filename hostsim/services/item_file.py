"""Reads a file of items whole, or not at all, and says what is wrong or odd in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

from hostsim.errors import HostError, from_table
from hostsim.messages.text import say
from opter_contract.values import Text

T = TypeVar("T")

#: How many problems are reported at most.
MAX_PROBLEMS = 20

INVOICE: Final = Text("faktura", "invoice")


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong or odd at one line (counted from 1; the header is line 1)."""

    line: int
    field: str | None
    message: Text
    item: str = ""  # where the file has no lines
    noun: Text = INVOICE  # what the item is

    def text(self, language: str) -> str:
        line = f"{'line' if language == 'en' else 'rad'} {self.line}" if self.line else None
        item = f"{say(self.noun, language)} {self.item}" if self.item else None
        location = ", ".join(part for part in (line, item, self.field) if part)
        return (f"{location}: " if location else "") + say(self.message, language)


class InvalidValue(Exception):
    """A value that cannot be used, and why; ``hint`` helps with a spreadsheet alone."""

    def __init__(self, message: Text, hint: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.hint = hint


class ProblemList:
    """At most :data:`MAX_PROBLEMS` problems, the first of those that were ``found``."""

    def __init__(self) -> None:
        self.first: list[FileProblem] = []
        self.found = 0

    def add(self, problem: FileProblem) -> None:
        self.found += 1
        if len(self.first) < MAX_PROBLEMS:
            self.first.append(problem)


class FileWrong(HostError):
    """The file cannot be read; nothing of it was loaded."""

    def __init__(self, code: str, file: str, problems: ProblemList) -> None:
        count = problems.found
        count_sv = "ett fel" if count == 1 else f"{count} fel"
        count_en = "one fault" if count == 1 else f"{count} faults"
        super().__init__(code, *from_table(code, count=Text(count_sv, count_en), file=file))
        self.problems = tuple(problems.first)


class ItemFile(ABC, Generic[T]):
    """One pass over one file, with the problems found so far."""

    #: The code of the error.
    wrong: ClassVar[str]

    def __init__(self, region: str = "", notes: ProblemList | None = None) -> None:
        """Begin a pass.

        :param region: for items that name none.
        :param notes: collects warnings about items that are read anyway.
        """
        self._region = region
        self._notes = ProblemList() if notes is None else notes
        self._problems = ProblemList()

    @abstractmethod
    def items(self, content: bytes, folder: Path) -> Iterator[T]:
        """Yield the items that are right, and collect the problems of the others."""

    def read(self, path: Path) -> list[T]:
        """Read every item of a file.

        :raises FileWrong: with every problem by item, or line, and field.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            self._problems.add(_unreadable(path, error))
            raise FileWrong(self.wrong, path.name, self._problems) from error
        return self.read_from(content, file=path.name, folder=path.parent)

    def read_from(self, content: bytes, *, file: str, folder: Path = Path()) -> list[T]:
        """Read every item from the bytes of a file, as :meth:`read` does.

        :param file: how the file is called in messages.
        :param folder: in which other files that it names are looked up.
        """
        items = list(self.items(content, folder))
        if self._problems.found:
            raise FileWrong(self.wrong, file, self._problems)
        return items


def _unreadable(path: Path, error: OSError) -> FileProblem:
    why = error.strerror or type(error).__name__
    return FileProblem(
        0,
        None,
        Text(
            f"filen {path} går inte att läsa ({why}); kontrollera namnet och rättigheterna.",
            f"the file {path} cannot be read ({why}); check its name and your rights to it.",
        ),
    )
