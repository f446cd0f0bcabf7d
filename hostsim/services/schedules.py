"""Which imports and exports run unattended, and when."""

from __future__ import annotations

from hostsim.errors import host_error
from hostsim.ledger.schedules import Schedule, Timetable
from hostsim.services.context import Context
from hostsim.storage import schedules


class Schedules(Context):
    """The schedules of imports and exports."""

    def set_schedule(self, name: str, timetable: Timetable, save: str) -> Schedule:
        """Schedule an import or export, or change its schedule; one that was paused runs again."""
        self.store.definition(name, exports=None)
        schedules.store_schedule(self.store, name, timetable, save, timetable.first(self._clock()))
        return self.scheduled(name)

    def unschedule(self, name: str) -> None:
        """Remove a schedule; a running import or export is finished.

        :raises HostError: ``NOT_SCHEDULED``.
        """
        self.scheduled(name)
        schedules.delete(self.store, name)

    def resume(self, name: str | None) -> int:
        """Resume a paused schedule, due at once; ``None`` for all.

        :return: how many were paused.
        :raises HostError: ``NOT_SCHEDULED``.
        """
        if name is not None:
            self.scheduled(name)
        return schedules.resume(self.store, name, self._clock())

    def scheduled(self, name: str) -> Schedule:
        """Return the schedule of a definition.

        :raises HostError: ``NOT_SCHEDULED``.
        """
        self.store.definition(name, exports=None)
        schedule = schedules.schedule(self.store, name)
        if schedule is None:
            raise host_error("NOT_SCHEDULED", name=name)
        return schedule
