"""Where the next reading begins: kept by the host, moved by its save alone.

The watermark is the time of a run's first list answer by whichever clock was
earliest, since no clock can be trusted alone. It comes with the settings of that
run: a setting that includes more than before voids it, since what was left out
then has not been changed since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from opter_fortnox_plugin.fortnox.protocol import OVERLAP
from opter_fortnox_plugin.settings import Settings

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A watermark (UTC) and the settings that it holds for."""

    watermark: datetime
    settings: Settings

    def since(self, settings: Settings) -> datetime | None:
        """Return from when to read with these settings; ``None`` for everything."""
        if settings.include_more_than(self.settings):
            return None
        try:
            return self.watermark - OVERLAP
        except OverflowError:
            return None

    def dump(self) -> str:
        """Return the cursor as text for the host to keep."""
        return json.dumps(
            {
                "version": _VERSION,
                "watermark": self.watermark.isoformat(),
                "ignore_payments_before": self.settings.ignore_payments_before.isoformat(),
                "ignore_numbers_before": self.settings.ignore_numbers_before,
                "include_unbooked": self.settings.include_unbooked,
            }
        )

    @classmethod
    def load(cls, text: str | None) -> Self | None:
        """Read what the host kept; ``None`` where that is nothing that we wrote."""
        try:
            kept = json.loads(text or "")
            watermark = datetime.fromisoformat(kept["watermark"])
            if kept["version"] != _VERSION or watermark.tzinfo is None:
                return None
            settings = Settings(
                date.fromisoformat(kept["ignore_payments_before"]),
                int(kept["ignore_numbers_before"]),
                bool(kept["include_unbooked"]),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        return cls(watermark, settings)
