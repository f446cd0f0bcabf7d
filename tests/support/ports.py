"""Ports for tests that run side by side: each worker has a range of its own.

None is one that the system hands out itself: between our finding it free and a
program's listening there, any connection of the machine might have taken it.
"""

import os
import random

from hostsim import demo

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

#: Below the range that the product chooses from, so that a demo takes none of ours.
FIRST = 20_000 + 500 * (WORKER % 12)


def free_port() -> int:
    """Find a port that nobody listens on, and that no other worker will take."""
    return demo.free_port(lambda _first, _last: random.randint(FIRST, FIRST + 499))  # noqa: S311 - no secret
