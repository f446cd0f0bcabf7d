"""Read the same pages with this plug-in, pyfortnox and dlt, and draw what each took.

    python -m tests.benchmarks [--sizes N …] [--tools NAME …] [--no-limit] [--draw]

Fortnox is a sandbox in a process of its own, with its limiter on and answers
that take 0 to 800 ms. Each tool reads in a process of its own, pyfortnox and
dlt in environments that are made for them. What was measured is stored in
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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from hostsim.sandbox import Switches
from tests.benchmarks import plot
from tests.benchmarks.fortnox_server import LATENCY, Access, lazy_state, running

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
SIZES: Final = (1_000, 10_000, 50_000)
PAGE: Final = 500

#: The rate limit as the plug-in keeps it: 25 requests in 5 seconds, and a margin.
REQUESTS, WINDOW = 25, 5.1

#: Seconds that one client may take.
TIMEOUT: Final = 3 * 3600


@dataclass(frozen=True)
class Outcome:
    """What one client took: seconds by the wall clock and of the processor, peak bytes."""

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
        """Seconds over the optimum."""
        return self.seconds / self.optimum


def optimum(payments: int) -> float:
    """Return the seconds that the rate limit demands for so many payments in full pages."""
    pages = max(1, -(-payments // PAGE))
    return (pages - 1) // REQUESTS * WINDOW + sum(LATENCY) / 2


# --- The tools --------------------------------------------------------------


def _run(command: Sequence[str], **environment: str) -> str:
    ours = ("PYTHON", "PIP_CONSTRAINT")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
        env=inherited | {"NO_PROXY": "127.0.0.1,localhost"} | environment,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout


def python_with(library: str, folder: Path) -> str:
    """Make an environment with the current release of a library, unless it is there."""
    place = folder / library
    python = str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    if not (place / "complete").exists():
        print(f"making an environment with {library} …", file=sys.stderr)
        venv.create(place, clear=True)
        quietly = ("--quiet", "--disable-pip-version-check")
        _run([sys.executable, "-m", "pip", "--python", python, "install", *quietly, library])
        (place / "complete").touch()
    return python


def _version(python: str, library: str) -> str:
    code = f"from importlib.metadata import version; print(version({library!r}))"
    return _run([python, "-c", code]).strip()


def _with_ours(access: Access, count: int) -> tuple[str, dict[str, Any]]:
    script = str(HERE / "read_with_ours.py")
    arguments = (str(count), access.code, json.dumps(dict(access.environment)))
    path = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    found = json.loads(_run([sys.executable, script, *arguments], PYTHONPATH=path))
    return metadata.version("opter-fortnox-plugin"), found


def _with_library(
    library: str, access: Access, count: int, folder: Path
) -> tuple[str, dict[str, Any]]:
    python = python_with(library, folder)
    script = str(HERE / f"read_with_{library}.py")
    secret = access.environment["FORTNOX_CLIENT_SECRET"]
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(folder / "dlt-data")}
    found = _run([python, script, str(count), access.url, access.token, secret], **quiet)
    return _version(python, library), json.loads(found)


TOOLS: Final = ("ours", "pyfortnox", "dlt")
NAMES: Final = {"ours": "this plug-in"}


def measure(tool: str, count: int, folder: Path, *, limited: bool = True) -> Outcome:
    """Read so many payments with one tool."""
    switches = Switches(legacy_headers=tool == "pyfortnox", rate_limit=25 if limited else None)
    latency = LATENCY if limited else (0.0, 0.0)
    with running(partial(lazy_state, count), switches, latency) as fortnox:
        if tool == "ours":
            version, figures = _with_ours(fortnox.access, count)
        else:
            version, figures = _with_library(tool, fortnox.access, count, folder)
        received = fortnox.end()
    return Outcome(
        tool=tool,
        version=version,
        payments=count,
        requests=received.requests,
        refused=received.refused,
        optimum=optimum(count),
        **figures,
    )


# --- Results ----------------------------------------------------------------


def machine() -> str:
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{os.cpu_count()} cores, {platform.system()}, Python {python}"


def stored() -> list[Outcome]:
    """Return what was measured before."""
    if not RESULTS.exists():
        return []
    return [Outcome(**one) for one in json.loads(RESULTS.read_text("utf-8"))["outcomes"]]


def store(outcome: Outcome) -> None:
    """Store an outcome in place of the earlier one of its tool and size."""
    latest = {(one.tool, one.payments): one for one in stored()}
    latest[outcome.tool, outcome.payments] = outcome
    ordered = sorted(latest.values(), key=lambda one: (one.payments, TOOLS.index(one.tool)))
    content = {"machine": machine(), "outcomes": [asdict(one) for one in ordered]}
    RESULTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


HEAD: Final = (
    "payments", "tool", "requests", "429s", "seconds", "optimum", "over", "ratio", "cpu s", "MB",
    "right",
)  # fmt: skip
LINE: Final = "{:>9} {:<16} {:>8} {:>5} {:>8} {:>8} {:>7} {:>6} {:>7} {:>6} {:>9}"


def line_of(it: Outcome) -> str:
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
    outcomes = stored()
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
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument("--no-limit", action="store_true", help="no rate limit, no latency")
    parser.add_argument("--draw", action="store_true", help="only draw the stored results")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "opter-fortnox-benchmarks",
        help="where the environments of the other tools are stored",
    )
    options = parser.parse_args()
    if options.draw:
        for it in stored():
            print(line_of(it))
        draw()
        return
    print(LINE.format(*HEAD))
    for size in options.sizes:
        for tool in options.tools:
            it = measure(tool, size, options.environments, limited=not options.no_limit)
            print(line_of(it), flush=True)
            if not options.no_limit:
                store(it)
    if not options.no_limit:
        draw()


if __name__ == "__main__":
    main()
