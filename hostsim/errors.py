"""The errors of the host, sorted by who can act.

A person sees a stable code and a sentence in the chosen language. Plug-ins
raise exceptions of their own with the same attributes; :func:`failure_of`
tells them from bugs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from hostsim.messages.errors import COMMANDS, ERRORS
from hostsim.messages.text import joined, listed
from opter_contract.values import Failure, SettingsProblem, Text

#: The exit status of a command, by the kind of failure that ended it.
EXIT_STATUS = {
    "internal": 1,
    "usage": 2,
    "settings": 2,
    "login": 3,
    "permission": 4,
    "unavailable": 5,
    "busy": 6,
    "changed": 6,
    "saved": 7,
    "output": 8,
    "cancelled": 130,
}


class HostError(Exception):
    """An expected failure, with a message for the person."""

    def __init__(self, code: str, kind: str, message: Text) -> None:
        """Make an error; ``kind`` is who can act."""
        super().__init__(code, kind, message)
        self.code = code
        self.kind = kind
        self.message = message
        #: What to type, where commands are typed.
        self.command = COMMANDS.get(code)

    def __str__(self) -> str:
        return f"{self.code}: {self.message.en}"


class SettingsRefused(HostError):
    """The settings of a definition are invalid; ``problems`` also has the warnings."""

    def __init__(self, problems: Sequence[SettingsProblem]) -> None:
        wrong = [p for p in problems if p.severity == "error"]
        sentences = [Text(f"{p.key}: {p.message.sv}", f"{p.key}: {p.message.en}") for p in wrong]
        code = "SETTINGS_REFUSED"
        super().__init__(code, *from_table(code, problems=listed(sentences, " ")))
        self.problems = tuple(problems)


class Doubt(NamedTuple):
    """One thing that is doubtful about a typed payment."""

    place: str  # "date", "amount", "rate" or "identical"
    message: Text  # with the figures


class DoubtfulPayment(HostError):
    """A typed payment is doubtful and was not registered.

    ``confirmation_digest`` is computed from exactly these doubts and figures: a front end that
    shows them returns it to confirm these and no others.
    """

    def __init__(self, facts: Text, doubts: Sequence[Doubt], confirmation_digest: str) -> None:
        code = "DOUBTFUL_PAYMENT"
        sentences = joined([doubt.message for doubt in doubts])
        super().__init__(code, *from_table(code, facts=facts, doubts=sentences))
        self.doubts = tuple(doubts)
        self.confirmation_digest = confirmation_digest


def host_error(code: str, /, **values: object) -> HostError:
    """Make the error with this code, and these values in its sentence."""
    error = HostError(code, *from_table(code, **values))
    if error.command is not None:
        error.command = Text(*(text.format_map(values) for text in error.command))
    return error


def command_for(failure: Failure) -> Text | None:
    """Return the command to type about an error, for the command line."""
    if isinstance(failure, HostError):
        return failure.command
    return COMMANDS.get(failure.code)


def failure_of(error: BaseException) -> Failure | None:
    """Return an exception as a failure, also a plug-in's, if it is one; ``None`` for a bug."""
    if isinstance(error, KeyboardInterrupt):
        return host_error("CANCELLED")
    message = getattr(error, "message", None)
    words = (
        getattr(error, "code", None),
        getattr(error, "kind", None),
        getattr(message, "sv", None),
        getattr(message, "en", None),
    )
    if not all(isinstance(word, str) for word in words):
        return None
    return cast("Failure", error)


def exit_status(failure: Failure | None) -> int:
    """Choose the exit status; a bug, and an unknown kind, is 1."""
    if failure is None:
        return EXIT_STATUS["internal"]
    return EXIT_STATUS.get(failure.kind, EXIT_STATUS["internal"])


def from_table(code: str, /, **values: object) -> tuple[str, Text]:
    kind, message = ERRORS[code]
    return kind, Text(message.sv.format_map(values), message.en.format_map(values))
