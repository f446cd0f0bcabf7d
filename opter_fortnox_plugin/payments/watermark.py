"""Where the next import starts: stored by the host, moved by its save alone.

The watermark is the time of a run's first list answer by whichever clock was
earliest, since no clock can be trusted alone. It comes with the settings of that
run: a setting that includes more than before voids it, since what was excluded
then has not been changed since.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Self

from opter_fortnox_plugin.fortnox.protocol import OVERLAP
from opter_fortnox_plugin.payments.settings import Settings

_VERSION = 1


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
