"""What goes wrong here and not in a plug-in; errors.toml has the sentences."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import cast

from opter_contract.values import Failure, Text

ERRORS = tomllib.loads(resources.files(__package__).joinpath("errors.toml").read_text("utf-8"))


class FleetError(Exception):
    """An expected failure, with the attributes of :class:`~opter_contract.values.Failure`."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.kind = code, ERRORS[code]["kind"]
        self.message = Text(*(ERRORS[code][one].format_map(values) for one in Text._fields))

    def __str__(self) -> str:
        return f"{self.code}: {self.message.en}"


def failure_of(error: BaseException) -> Failure | None:
    """Return an exception as a failure, also a plug-in's; ``None`` for a bug."""
    known = all(hasattr(error, name) for name in ("code", "kind", "message"))
    return cast("Failure", error) if known else None
