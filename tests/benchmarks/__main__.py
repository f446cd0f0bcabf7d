"""Read the same pages with this plug-in, pyfortnox and dlt, and draw what each took.

    python -m tests.benchmarks [--sizes N …] [--tools NAME …] [--no-limit] [--draw]

Fortnox is a sandbox in a process of its own, with its limiter on and answers
that take 0 to 800 ms. Each tool reads in a process of its own, pyfortnox and
dlt in environments that are made for them. What was measured is kept in
``results.json``, size by size, and drawn as ``time.svg`` and ``memory.svg``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import plot, served

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
SIZES: Final = (1_000, 10_000, 50_000)
PAGE: Final = 500

#: As the plug-in keeps them: 25 requests in 5 seconds, and a margin.
REQUESTS, WINDOW = 25, 5.1

#: Seconds of waiting for one reading, whatever it is.
PATIENCE: Final = 3 * 3600


@dataclass(frozen=True)
class Outcome:
    """How one reading went; seconds of the wall and of the processor, bytes at most."""

    tool: str
    version: str
    payments: int
    requests: int
    refused: int
    seconds: float
    optimum: float
    processor: float
    memory: int
    right: int

    @property
    def ratio(self) -> float:
        """How many times the time that the limit makes anybody take."""
        return self.seconds / self.optimum


def optimum(payments: int) -> float:
    """Tell how long the limit makes anybody take who reads so many payments in full pages."""
    pages = max(1, -(-payments // PAGE))
    return (pages - 1) // REQUESTS * WINDOW + sum(served.LATENCY) / 2


# --- The tools --------------------------------------------------------------


def _run(command: Sequence[str], **environment: str) -> str:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
        env=kept | {"NO_PROXY": "127.0.0.1,localhost"} | environment,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout


def python_with(library: str, folder: Path) -> str:
    """Make an environment with the current release of a library, unless it is there."""
    place = folder / library
    python = str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    if not (place / "made").exists():
        print(f"making an environment with {library} …", file=sys.stderr)
        venv.create(place, clear=True)
        quietly = ("--quiet", "--disable-pip-version-check")
        _run([sys.executable, "-m", "pip", "--python", python, "install", *quietly, library])
        (place / "made").touch()
    return python


def _version(python: str, library: str) -> str:
    code = f"from importlib.metadata import version; print(version({library!r}))"
    return _run([python, "-c", code]).strip()


def _with_ours(reach: served.Reach, count: int, _: Path) -> tuple[str, dict[str, Any]]:
    script = str(HERE / "read_with_ours.py")
    arguments = (str(count), reach.code, json.dumps(dict(reach.environment)))
    path = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    found = json.loads(_run([sys.executable, script, *arguments], PYTHONPATH=path))
    return metadata.version("opter-fortnox-plugin"), found


def _with_library(
    library: str, reach: served.Reach, count: int, folder: Path
) -> tuple[str, dict[str, Any]]:
    python = python_with(library, folder)
    script = str(HERE / f"read_with_{library}.py")
    secret = reach.environment["FORTNOX_CLIENT_SECRET"]
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(folder / "dlt-data")}
    found = _run([python, script, str(count), reach.url, reach.token, secret], **quiet)
    return _version(python, library), json.loads(found)


TOOLS: Final = ("ours", "pyfortnox", "dlt")
NAMES: Final = {"ours": "this plug-in"}


def measure(tool: str, count: int, folder: Path, *, limited: bool = True) -> Outcome:
    """Read so many payments with one tool."""
    with served.running(count, legacy=tool == "pyfortnox", limited=limited) as there:
        if tool == "ours":
            version, found = _with_ours(there.reach, count, folder)
        else:
            version, found = _with_library(tool, there.reach, count, folder)
        seen = there.end()
    return Outcome(
        tool=tool,
        version=version,
        payments=count,
        requests=seen.requests,
        refused=seen.refused,
        optimum=optimum(count),
        **found,
    )


# --- What is kept and shown -------------------------------------------------


def machine() -> str:
    """Tell what it was measured on."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{os.cpu_count()} cores, {platform.system()}, Python {python}"


def kept() -> list[Outcome]:
    """Read what was measured before."""
    if not RESULTS.exists():
        return []
    return [Outcome(**one) for one in json.loads(RESULTS.read_text("utf-8"))["outcomes"]]


def keep(outcome: Outcome) -> None:
    """Put an outcome in the place of the earlier one of its tool and size."""
    which = {(one.tool, one.payments): one for one in kept()}
    which[outcome.tool, outcome.payments] = outcome
    places: Mapping[str, int] = {tool: place for place, tool in enumerate(TOOLS)}
    ordered = sorted(which.values(), key=lambda one: (one.payments, places[one.tool]))
    content = {"machine": machine(), "outcomes": [asdict(one) for one in ordered]}
    RESULTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


HEAD: Final = (
    "payments", "tool", "requests", "429s", "seconds", "optimum", "over", "ratio", "cpu s", "MB",
    "right",
)  # fmt: skip
LINE: Final = "{:>9} {:<16} {:>8} {:>5} {:>8} {:>8} {:>7} {:>6} {:>7} {:>6} {:>9}"


def line_of(it: Outcome) -> str:
    """Write an outcome as a line of the table."""
    return LINE.format(
        it.payments,
        f"{it.tool} {it.version}",
        it.requests,
        it.refused,
        f"{it.seconds:.1f}",
        f"{it.optimum:.1f}",
        f"{it.seconds - it.optimum:.1f}",
        f"{it.ratio:.2f}",
        f"{it.processor:.1f}",
        f"{it.memory / 1e6:.0f}",
        it.right,
    )


def draw() -> None:
    """Draw what is kept."""
    outcomes = kept()
    seconds: dict[str, list[tuple[float, float]]] = {
        "Fortnox's limit": sorted({(one.payments, one.optimum) for one in outcomes})
    }
    memory: dict[str, list[tuple[float, float]]] = {}
    for one in outcomes:
        name = NAMES.get(one.tool, one.tool)
        seconds.setdefault(name, []).append((one.payments, one.seconds))
        memory.setdefault(name, []).append((one.payments, one.memory / 1e6))
    times = plot.chart("Seconds to read; this plug-in: to read, judge and save", seconds)
    (HERE / "time.svg").write_text(times, "utf-8")
    (HERE / "memory.svg").write_text(plot.chart("Peak memory, MB", memory), "utf-8")


def main() -> None:
    """Measure, print a table, and draw."""
    asked = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    asked.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    asked.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    asked.add_argument("--no-limit", action="store_true", help="as fast as the tools are")
    asked.add_argument("--draw", action="store_true", help="only draw what was measured before")
    asked.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "opter-fortnox-benchmarks",
        help="where the environments of the other tools are kept",
    )
    options = asked.parse_args()
    if options.draw:
        for it in kept():
            print(line_of(it))
        draw()
        return
    print(LINE.format(*HEAD))
    for size in options.sizes:
        for tool in options.tools:
            it = measure(tool, size, options.environments, limited=not options.no_limit)
            print(line_of(it), flush=True)
            if not options.no_limit:
                keep(it)
    if not options.no_limit:
        draw()


if __name__ == "__main__":
    main()
