"""Everything of a sandbox that can be set and inspected, as one object for tests.

Over HTTP the same is under ``/_sandbox`` (:mod:`hostsim.sandbox.control`).
"""

from __future__ import annotations

from hostsim.sandbox.runtime import Runtime
from hostsim.sandbox.switches import Switches


class Switchboard:
    """Everything that a test sets or inspects. What is set holds from the next request."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        #: Companies, books, users, licences, scopes and tokens.
        self.state = runtime.state
        self.clock = runtime.state.clock
        #: Replies that are disturbed.
        self.faults = runtime.faults
        #: How long replies take.
        self.latency = runtime.latency
        #: Changes between two requests.
        self.drift = runtime.drift
        #: Every request that was answered, in that order; may be cleared. Only the last
        #: 20,000 or so are recorded.
        self.asked = runtime.asked
        self._switches_before = runtime.switches
        self._books_before = runtime.state.snapshot()
        self._clock_before = runtime.state.clock.snapshot()

    @property
    def switches(self) -> Switches:
        """How the sandbox behaves where Fortnox's behaviour is not known."""
        return self._runtime.switches

    def set(self, **changes: object) -> Switches:
        """Set switches by name.

        Raises ``ValueError`` with a sentence when a switch does not accept a value.
        """
        self._runtime.switches = self.switches.changed(changes)
        return self.switches

    @property
    def keep_bodies(self) -> bool:
        """Whether ``asked`` keeps what ``/3`` answered. Tokens are never kept."""
        return self._runtime.keep_bodies

    @keep_bodies.setter
    def keep_bodies(self, keep: bool) -> None:
        self._runtime.keep_bodies = keep

    def reset(self) -> None:
        """Restore books, rights, switches and clock as they were when the sandbox was made.

        Faults, latency, drift, recorded requests and the rate limit's counts are cleared.
        Tokens stay valid.
        """
        self._runtime.switches = self._switches_before
        self.state.restore(self._books_before)
        self.clock.restore(self._clock_before)
        self.faults.clear()
        self.latency.clear()
        self.drift.clear()
        self.asked.clear()
        self.keep_bodies = False
        self._runtime.rate_limiter.clear()
