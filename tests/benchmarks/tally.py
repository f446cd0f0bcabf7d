"""What every reader counts, alike: which payments came, each once and with its amount.

Imported by programs that run in other environments, so nothing but Python here.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self


def peak() -> int:
    """Return the most memory that this program has had, in bytes.

    Not by ``getrusage`` where there is another way: on Linux that begins with
    what the process had which started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        words = status.read_text("ascii", "replace").partition("VmHWM:")[2].split()
        return int(words[0]) * 1024
    if sys.platform == "win32":
        return 0  # nothing that comes with Python tells
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


class Tally:
    """Counts the payments that come, in a bit each, while it measures."""

    def __init__(self, count: int) -> None:
        self._seen = bytearray(count + 1)
        self.right = 0

    def take(self, number: object, amount: object) -> None:
        """Count a payment, unless it came before or its amount is wrong."""
        place = int(str(number))
        if float(str(amount)) == 1000 + place % 90 + 0.5 and not self._seen[place]:
            self._seen[place] = 1
            self.right += 1

    def __enter__(self) -> Self:
        self._began, self._cpu = time.monotonic(), time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ended, cpu = time.monotonic(), time.process_time()
        found = {
            "seconds": round(ended - self._began, 2),
            "processor": round(cpu - self._cpu, 2),
            "memory": peak(),
            "right": self.right,
        }
        if error is None:
            json.dump(found, sys.stdout)
