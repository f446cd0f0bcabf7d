"""The state and settings of one sandbox, for its routes, and for tests to set and inspect.

Over HTTP the same is under ``/_sandbox`` (:mod:`hostsim.sandbox.control_api`). Two sandboxes in
a process share nothing.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from hostsim.sandbox.drift import Drift
from hostsim.sandbox.faults import Faults
from hostsim.sandbox.latency import Latency
from hostsim.sandbox.matching import ReceivedRequest
from hostsim.sandbox.pending_logins import PendingLogins
from hostsim.sandbox.rate_limiter import RateLimiter
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches

KEY = "hostsim.sandbox"

#: Of recorded requests; the oldest are dropped first.
MAX_RECORDED = 20_000


@dataclass(frozen=True)
class Client:
    """The program as registered in the developer portal."""

    id: str
    secret: str = field(repr=False)
    redirect_uri: str


class Switchboard:
    """The parts of one sandbox. Settings apply from the next request."""

    def __init__(
        self,
        state: State,
        switches: Switches,
        client: Client,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """``sleep`` is for latency alone."""
        #: Companies, books, users, licences, scopes and tokens.
        self.state = state
        state.client_id = client.id
        self.clock = state.clock
        self.client = client
        #: Set when the server stops, so that no request hangs on.
        self.stopping = threading.Event()
        #: Faulty responses.
        self.faults = Faults()
        #: Changes between two requests.
        self.drift = Drift()
        #: The delay of responses.
        self.latency = Latency(sleep or self.stopping.wait)
        self.rate_limiter = RateLimiter(monotonic)
        self.pending_logins = PendingLogins()
        #: Requests in the order of their responses; may be cleared.
        self.asked: list[ReceivedRequest] = []
        #: Whether ``asked`` keeps response bodies of ``/3``. Tokens are never kept.
        self.keep_bodies = False
        self.switches = switches
        self._switches_before = switches
        self.remember_state()

    @property
    def switches(self) -> Switches:
        """How the sandbox behaves where Fortnox's behaviour is not known."""
        return self._switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._switches = switches
        self.rng = random.Random(switches.random_seed)  # noqa: S311 - can be repeated
        self.rate_limiter.set(
            switches.rate_limit,
            switches.rate_window,
            refused_counts=switches.rate_refused_counts,
        )
        self.state.configure(None, switches)

    def set(self, **changes: object) -> Switches:
        """Set switches by name.

        Raises ``ValueError`` with a sentence when a switch does not accept a value.
        """
        self.switches = self.switches.with_changes(changes)
        return self.switches

    def record(self, request: ReceivedRequest) -> None:
        self.asked.append(request)
        if len(self.asked) > MAX_RECORDED:
            del self.asked[: MAX_RECORDED // 10]

    def remember_state(self) -> None:
        """Make a reset restore the present state."""
        self._state_before = self.state.snapshot()

    def reset(self) -> None:
        """Restore books, rights, consents, switches and clock as they were at the start.

        Faults, latency, drift, recorded requests and the rate limit's counts are cleared.
        Tokens stay valid.
        """
        self.switches = self._switches_before
        self.state.restore(self._state_before)
        self.faults.clear()
        self.latency.clear()
        self.drift.clear()
        self.asked.clear()
        self.keep_bodies = False
        self.rate_limiter.clear()


def switchboard() -> Switchboard:
    """Return the switchboard of the sandbox that answers this request."""
    board: Switchboard = current_app.extensions[KEY]
    return board
