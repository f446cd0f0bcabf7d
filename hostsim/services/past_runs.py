"""The imports and reconciliations of the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hostsim.services.definitions import Definitions
from hostsim.storage import history
from hostsim.storage.history import Imported


class PastRuns(Definitions):
    """Gives runs with their settings, without what is secret."""

    def runs(self) -> Iterator[Imported]:
        """Give all imports and reconciliations of the past, latest first."""
        return history.runs(self.store, self.shown_settings)

    def run(self, prefix: str) -> Imported:
        """Give the one run whose id begins so; ``RUN_UNKNOWN`` and ``RUN_AMBIGUOUS`` otherwise."""
        return history.run(self.store, prefix, self.shown_settings)

    def shown_settings(self, import_type: str, values: Mapping[str, str]) -> dict[str, str]:
        return history.shown_settings(lambda: self.settings_fields(import_type), values)
