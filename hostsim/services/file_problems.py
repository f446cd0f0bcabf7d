"""What is wrong or odd in a file that is loaded whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hostsim.errors import HostError, host_error
from hostsim.messages.text import say
from opter_contract.values import Text

#: How many problems are reported at most.
MOST_PROBLEMS = 20

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
        place = ", ".join(part for part in (line, item, self.field) if part)
        return (f"{place}: " if place else "") + say(self.message, language)


class Notes:
    """Remarks on what was loaded all the same."""

    def __init__(self) -> None:
        #: At most :data:`MOST_PROBLEMS` of the ``found`` ones.
        self.first: list[FileProblem] = []
        self.found = 0

    def add(self, note: FileProblem) -> None:
        self.found += 1
        if len(self.first) < MOST_PROBLEMS:
            self.first.append(note)


class FileWrong(HostError):
    """The file cannot be read; nothing of it was loaded."""

    def __init__(self, code: str, file: str, problems: Sequence[FileProblem], found: int) -> None:
        count_sv = "ett fel" if found == 1 else f"{found} fel"
        count_en = "one fault" if found == 1 else f"{found} faults"
        error = host_error(code, count=Text(count_sv, count_en), file=file)
        super().__init__(error.code, error.kind, error.message)
        self.problems = tuple(problems[:MOST_PROBLEMS])


def unreadable(path: Path, error: OSError) -> FileProblem:
    why = error.strerror or type(error).__name__
    return FileProblem(
        0,
        None,
        Text(
            f"filen {path} går inte att läsa ({why}); kontrollera namnet och rättigheterna.",
            f"the file {path} cannot be read ({why}); check its name and your rights to it.",
        ),
    )
