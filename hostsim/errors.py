"""What can go wrong in the host, sorted by who can act.

A person sees a stable code and a sentence in the chosen language. Plug-ins
raise exceptions of their own with the same attributes; :func:`failure_of`
tells them from bugs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from hostsim.messages.texts import ERRORS, joined
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
    """A failure that was foreseen, with a sentence for the person."""

    def __init__(self, code: str, kind: str, message: Text) -> None:
        """Keep the code, who can act, and the sentence."""
        super().__init__(code, kind, message)
        self.code = code
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        """Write code and English sentence, for logs and developers."""
        return f"{self.code}: {self.message.en}"


class SettingsRefused(HostError):
    """The settings of a definition are wrong; ``problems`` says field by field why."""

    def __init__(self, problems: Sequence[SettingsProblem]) -> None:
        """Keep the problems, warnings included."""
        wrong = [p for p in problems if p.severity == "error"]
        told = Text(
            " ".join(f"{p.key}: {p.message.sv}" for p in wrong),
            " ".join(f"{p.key}: {p.message.en}" for p in wrong),
        )
        kind, message = from_table("SETTINGS_REFUSED", {"problems": told})
        super().__init__("SETTINGS_REFUSED", kind, message)
        self.problems = tuple(problems)


class Doubt(NamedTuple):
    """What is doubtful about a payment that a person typed."""

    place: str  # "date", "amount", "rate" or "identical"
    message: Text  # with the figures


class DoubtfulPayment(HostError):
    """A payment that was typed is doubtful and was not registered.

    ``seal`` stands for exactly these doubts and figures: who shows them hands it
    back to confirm them and no others.
    """

    def __init__(self, facts: Text, doubts: Sequence[Doubt], seal: str) -> None:
        """Keep what is known of the invoice, and every doubt."""
        told = joined([doubt.message for doubt in doubts])
        values: dict[str, object] = {"facts": facts, "doubts": told}
        super().__init__("DOUBTFUL_PAYMENT", *from_table("DOUBTFUL_PAYMENT", values))
        self.doubts = tuple(doubts)
        self.seal = seal


def host_error(code: str, /, **values: object) -> HostError:
    """Make the error that ``texts.ERRORS`` describes, with these values in its sentence."""
    return HostError(code, *from_table(code, values))


def failure_of(error: BaseException) -> Failure | None:
    """Tell whether an exception, also a plug-in's, was foreseen; ``None`` for a bug."""
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
    """Choose the exit status; a bug, and a kind that nobody knows, is 1."""
    if failure is None:
        return EXIT_STATUS["internal"]
    return EXIT_STATUS.get(failure.kind, EXIT_STATUS["internal"])


def from_table(code: str, values: dict[str, object]) -> tuple[str, Text]:
    kind, message = ERRORS[code]
    return kind, Text(message.sv.format_map(values), message.en.format_map(values))
