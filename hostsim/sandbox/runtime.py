"""What the routes of one sandbox share; two sandboxes in a process share nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from hostsim.sandbox.faults import Drift, Faults, Latency, ReceivedRequest
from hostsim.sandbox.pending_logins import PendingLogins
from hostsim.sandbox.rate_limiter import RateLimiter
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches

KEY = "hostsim.sandbox"

#: How many requests are recorded; the oldest are dropped first.
MAX_RECORDED = 20_000


@dataclass(frozen=True)
class Client:
    """The program as registered in the developer portal."""

    id: str
    secret: str = field(repr=False)
    redirect_uri: str


class Runtime:
    """State, switches and faults of a running sandbox, and the requests to it."""

    def __init__(
        self,
        state: State,
        switches: Switches,
        client: Client,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """``sleep`` is for latency alone."""
        self.state = state
        self.client = client
        #: Set when the server stops, so that no request hangs on.
        self.stopping = threading.Event()
        self.faults = Faults()
        self.drift = Drift()
        self.latency = Latency(sleep or self.stopping.wait)
        self.rate_limiter = RateLimiter(switches.rate_limit, switches.rate_window, monotonic)
        self.pending_logins = PendingLogins()
        self.asked: list[ReceivedRequest] = []
        self.keep_bodies = False
        self.switches = switches

    @property
    def switches(self) -> Switches:
        """How the sandbox behaves where Fortnox's behaviour is not known."""
        return self._switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        """Let other switches hold, from the next request."""
        self._switches = switches
        self.rng = random.Random(switches.random_seed)  # noqa: S311 - can be repeated
        self.rate_limiter.set(
            switches.rate_limit,
            switches.rate_window,
            refused_counts=switches.rate_refused_counts,
        )
        self.state.configure(None, switches)

    def record(self, asked: ReceivedRequest) -> None:
        self.asked.append(asked)
        if len(self.asked) > MAX_RECORDED:
            del self.asked[: MAX_RECORDED // 10]


def runtime() -> Runtime:
    """Return the runtime of the request that is being answered."""
    found: Runtime = current_app.extensions[KEY]
    return found
