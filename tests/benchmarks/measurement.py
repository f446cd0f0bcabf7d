"""What is measured of every client: time, memory, and whether each payment came once.

Imported by programs that run in other environments, so nothing but Python here.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self


def peak_memory() -> int:
    """Return the peak memory of this process, in bytes.

    Not by ``getrusage`` where there is another way: on Linux that begins with
    the memory of the parent process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        words = status.read_text("ascii", "replace").partition("VmHWM:")[2].split()
        return int(words[0]) * 1024
    if sys.platform == "win32":
        return 0  # the standard library has nothing for it
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Measurement:
    """Measures while it is open, and prints the figures as JSON."""

    def __init__(self, count: int) -> None:
        self._received = bytearray(count + 1)
        self.right = 0

    def count(self, number: object, amount: object) -> None:
        """Count a payment, unless it came before or its amount is wrong."""
        index = int(str(number))
        if float(str(amount)) == 1000 + index % 90 + 0.5 and not self._received[index]:
            self._received[index] = 1
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
        figures = {
            "seconds": round(ended - self._began, 2),
            "processor": round(cpu - self._cpu, 2),
            "memory": peak_memory(),
            "right": self.right,
        }
        if error is None:
            json.dump(figures, sys.stdout)
