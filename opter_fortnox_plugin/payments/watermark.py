"""Where the next import starts: stored by the host, moved by its save alone.

The watermark is the time of a run's first list answer by whichever clock was
earliest, since no clock can be trusted alone. It comes with the settings of that
run: a setting that includes more than before voids it, since what was excluded
then has not been changed since.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final, Self

from opter_contract.values import Text
from opter_fortnox_plugin.fortnox.protocol import OVERLAP
from opter_fortnox_plugin.payments.settings import Settings

_VERSION = 1

_CURSOR_IN_FUTURE: Final = Text(
    "Tidpunkten som importen skulle läsa från ligger i framtiden, så alla betalningar läses på "
    "nytt. Kontrollera datorns klocka",
    "The time that the import should read from lies in the future, so all payments are read "
    "again. Check the machine's clock",
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A watermark (UTC) and the settings for which it is valid."""

    watermark: datetime
    settings: Settings

    def since(self, settings: Settings) -> datetime | None:
        """Return the start of the changes to read with these settings; ``None`` for everything."""
        if settings.include_more_than(self.settings):
            return None
        try:
            return self.watermark - OVERLAP
        except OverflowError:
            return None

    def dump(self) -> str:
        cursor = {"version": _VERSION, "watermark": self.watermark.isoformat()}
        return json.dumps(cursor | asdict(self.settings), default=str)

    @classmethod
    def load(cls, text: str | None) -> Self | None:
        """Read the stored text; ``None`` if we did not write it."""
        try:
            stored = json.loads(text or "")
            watermark = datetime.fromisoformat(stored["watermark"])
            if stored["version"] != _VERSION or watermark.tzinfo is None:
                return None
            settings = Settings.of(
                {field.name: str(stored[field.name]) for field in fields(Settings)}
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        return cls(watermark, settings)


def start_of_changes(
    cursor: str | None, settings: Settings, is_in_future: Callable[[datetime], bool]
) -> tuple[datetime | None, Text | None]:
    """Return the start of the changes to read, ``None`` for everything, and a note about it."""
    earlier = Cursor.load(cursor)
    if earlier is None:
        return None, None
    if is_in_future(earlier.watermark):
        # Stored when every clock was wrong, or before ours was set back. Fortnox's own
        # time is not awaited: it could only make us read less.
        return None, _CURSOR_IN_FUTURE
    return earlier.since(settings), None
