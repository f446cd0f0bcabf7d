"""Ports for parallel tests: each worker has its own range.

The ranges are outside the system's ephemeral ports, so that no connection takes
a port between this check and the start of the server.
"""

import os
import random

from hostsim.demo import preparation

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

#: Below the product's own range, so that a demo takes none of these.
FIRST = 20_000 + 500 * (WORKER % 12)


def free_port() -> int:
    """Return an unused port that no other worker takes."""
    return preparation.free_port(lambda _first, _last: random.randint(FIRST, FIRST + 499))  # noqa: S311 - no secret
