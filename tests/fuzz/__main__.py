"""Read N inputs that are changed at random, and print what ends in a traceback.

    python -m tests.fuzz N [--seed S]

Every input has a seed of its own, so that one that was printed can be read again:
``--seed 123`` and N = 1 make input 123.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# The tests' own support, as pytest finds it.
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from tests.fuzz.targets import TARGETS, shown


def failures(first: int, count: int) -> Iterator[tuple[str, str]]:
    """Read inputs; yield where one ended that was neither read nor refused, and that input."""
    targets = list(TARGETS.items())
    for seed in range(first, first + count):
        read, make = targets[seed % len(targets)]
        given = make(random.Random(seed))  # noqa: S311 - not a secret, but to be had again
        try:
            read(given)
        except Exception as error:  # noqa: BLE001 - each of them is a find
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
            name = type(error).__name__
            yield f"{read.__name__}: {name} at {place}", f"--seed {seed}: {shown(given)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the first input")
    asked = parser.parse_args()
    began = time.monotonic()
    found: Counter[str] = Counter()
    for kind, example in failures(asked.seed, asked.count):
        if not found[kind]:
            print(f"{kind}\n  {example}", flush=True)
        found[kind] += 1
    seconds = time.monotonic() - began
    print(f"{asked.count} inputs in {seconds:.0f} s, {found.total()} ended in a traceback:")
    for kind, times in found.most_common():
        print(f"{times:>8} {kind}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
