"""The plug-in's own part of a diagnosis; :mod:`.doctor` puts the host's before it."""

from __future__ import annotations

from collections.abc import Sequence

from hostsim.plugins.session import PluginSession
from hostsim.services.context import Context
from hostsim.storage import commits
from opter_contract.values import Finding


class Diagnosis(Context):
    """Has a plug-in check what an import needs."""

    def diagnose(self, name: str) -> Sequence[Finding] | None:
        """Have the plug-in of a definition check everything that an import needs.

        :return: what it found; ``None`` where it cannot check.
        """
        self.plugins.owner(self.store.definition(name).import_type)
        with (
            self._alone(name),
            commits.passing(),
            self._session(PluginSession, self._new_run(name)) as session,
        ):
            found: Sequence[Finding] | None = session.call("opter_diagnose")
        return found
