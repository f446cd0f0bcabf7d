"""What the routes of one sandbox share; two sandboxes in a process share nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from hostsim.sandbox.faults import Asked, Drift, Faults, Latency
from hostsim.sandbox.limiter import Limiter
from hostsim.sandbox.signing import Signings
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches

KEY = "hostsim.sandbox"

#: So many requests are remembered; the oldest are forgotten first.
REMEMBERED = 20_000


@dataclass(frozen=True)
class Client:
    """The program that is registered in the developer portal."""

    id: str
    secret: str = field(repr=False)
    redirect_uri: str


class World:
    """State, switches and faults of a running sandbox, and what it was asked."""

    def __init__(
        self,
        state: State,
        switches: Switches,
        client: Client,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Put the parts together. ``sleep`` is for latency alone."""
        self.state = state
        self.client = client
        #: Set when the server stops, so that nobody hangs on.
        self.stopping = threading.Event()
        self.faults = Faults()
        self.drift = Drift()
        self.latency = Latency(sleep or self.stopping.wait)
        self.limiter = Limiter(switches.rate_limit, switches.rate_window, monotonic)
        self.signings = Signings()
        self.asked: list[Asked] = []
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
        self.limiter.set(
            switches.rate_limit,
            switches.rate_window,
            refused_counts=switches.rate_refused_counts,
        )
        self.state.govern(None, switches)

    def remember(self, asked: Asked) -> None:
        """Note a request that was answered."""
        self.asked.append(asked)
        if len(self.asked) > REMEMBERED:
            del self.asked[: REMEMBERED // 10]


def world() -> World:
    """Give the world of the request that is being answered."""
    found: World = current_app.extensions[KEY]
    return found
