"""Where the result of a command goes: a terminal, a file or a pipe, in one language."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TextIO

from hostsim.errors import host_error
from hostsim.messages.text import say
from opter_contract.programs.streams import reader_closed
from opter_contract.values import Text

#: Columns of text without a terminal: wide enough that no number is broken.
WIDTH = 140

# A name of ten megabytes is cut. A sentence, and the 500 characters of a typed reason, are not.
_MAX_LINE_LENGTH = 500
_MAX_SENTENCE_LENGTH = 2000
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class ReaderClosed(Exception):
    """The reader closed the pipe, as ``| head`` does."""


class Output:
    """Standard output, or another stream in its place.

    Every write raises :class:`ReaderClosed` once the other end of a pipe is closed, and
    ``OUTPUT_FAILED`` if it fails otherwise, as on a full disk.
    """

    def __init__(self, stream: TextIO, language: str) -> None:
        self.stream = stream
        self.language = language
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
        self.unicode = encoding.replace("-", "").startswith("utf")
        terminal = is_terminal(stream)
        # The older windows of Windows show the codes of colours as text.
        self.coloured = terminal and (sys.platform != "win32" or "WT_SESSION" in os.environ)
        self.width = shutil.get_terminal_size((WIDTH, 24)).columns if terminal else WIDTH

    def line(self, text: str | Text = "") -> None:
        """Write one line, with plain spaces only, so that amounts are found by searching."""
        line = text if isinstance(text, str) else say(text, self.language)
        self.write(line.replace("\N{NO-BREAK SPACE}", " ") + "\n")

    def say(self, sv: str, en: str) -> None:
        self.line(Text(sv, en))

    def title(self, text: str | Text) -> None:
        line = text if isinstance(text, str) else say(text, self.language)
        self.line(self.style(line, "1"))

    def write(self, text: str) -> None:
        try:
            self.stream.write(text)
        except OSError as error:
            raise _closed_or_failed(error) from error

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError as error:
            raise _closed_or_failed(error) from error

    def style(self, text: str, code: str | None) -> str:
        """Colour text on a terminal; ``code`` is the number of an ANSI style."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured and code else text


def _closed_or_failed(error: OSError) -> Exception:
    if reader_closed(error):
        return ReaderClosed()
    return host_error("OUTPUT_FAILED", why=error.strerror or type(error).__name__)


def is_terminal(stream: TextIO) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())


def sentence_line(sentence: Text, language: str) -> str:
    """Write a sentence on one line, whole."""
    return one_line(say(sentence, language), _MAX_SENTENCE_LENGTH)


def one_line(text: str, longest: int = _MAX_LINE_LENGTH) -> str:
    """Make text safe for one line of a terminal: no control characters, limited length."""
    clean = _UNSAFE.sub(" ", text).strip()
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
