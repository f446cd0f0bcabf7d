"""Everything about a sandbox that can be set and looked at, as one object for tests.

Over HTTP the same stands under ``/_sandbox`` (:mod:`hostsim.sandbox.control`).
"""

from __future__ import annotations

from hostsim.sandbox.clock import Clock
from hostsim.sandbox.faults import Drift, Faults, Latency, ReceivedRequest
from hostsim.sandbox.runtime import Runtime
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches


class Switchboard:
    """The switchboard of one sandbox. What is set holds from the next request."""

    def __init__(self, runtime: Runtime) -> None:
        """Remember how everything is now, for :meth:`reset`."""
        self._runtime = runtime
        self._switches = runtime.switches
        self._books = runtime.state.snapshot()
        self._clock = runtime.state.clock.snapshot()

    @property
    def state(self) -> State:
        """Companies, books, users, licences, scopes and tokens."""
        return self._runtime.state

    @property
    def clock(self) -> Clock:
        """The sandbox's clock: set, step, stop or start it."""
        return self.state.clock

    @property
    def switches(self) -> Switches:
        """How the sandbox behaves where Fortnox's behaviour is not known."""
        return self._runtime.switches

    def set(self, **changes: object) -> Switches:
        """Set switches by name.

        Raises ``ValueError`` with a sentence when a switch does not take a value.
        """
        self._runtime.switches = self.switches.changed(changes)
        return self.switches

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._runtime.faults

    @property
    def latency(self) -> Latency:
        """How long answers take."""
        return self._runtime.latency

    @property
    def drift(self) -> Drift:
        """What is to change between two requests."""
        return self._runtime.drift

    @property
    def asked(self) -> list[ReceivedRequest]:
        """Every request that was answered, in that order; clear it to begin anew.

        After 20,000 requests the oldest are forgotten.
        """
        return self._runtime.asked

    @property
    def keep_bodies(self) -> bool:
        """Whether ``asked`` keeps what ``/3`` answered. Tokens are never kept."""
        return self._runtime.keep_bodies

    @keep_bodies.setter
    def keep_bodies(self, keep: bool) -> None:
        self._runtime.keep_bodies = keep

    def reset(self) -> None:
        """Put everything back as it was when the sandbox was made.

        Books, rights, switches and clock; no faults, no latency, no drift,
        nothing asked, nothing counted. Tokens stay good.
        """
        self._runtime.switches = self._switches
        self.state.restore(self._books)
        self.clock.restore(self._clock)
        self.faults.clear()
        self.latency.clear()
        self.drift.clear()
        self.asked.clear()
        self.keep_bodies = False
        self._runtime.rate_limiter.clear()
