"""BgMax files for tests, written column by column, and the example plug-in that reads them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "examples" / "bgmax"

#: How an import of bank files is defined at the command line, but for its settings.
ADD = ("formats", "add", "Bank", "--type", "BgMax", "--format", "BgMax 01")

START = "01BGMAX               0120261120173035010331P"


def payment(serial, amount, reference="", code="2", *, record="20", channel="2"):
    """Make a payment of ``amount`` kronor; an OCR reference stands to the right."""
    placed = f"{reference:>25}" if code == "2" else f"{reference:<25}"
    return f"{record}{3783511:010}{placed}{_ore(amount)}{code}{channel}{serial:012}0"


def deduction(serial, amount, reference, code="2"):
    return payment(serial, amount, reference, code, record="21") + "1"


def extra(serial, reference):
    return payment(serial, 0, reference, record="22")


def deposit(*records, bankgiro="9912346", day="20261119", serial=74, currency="SEK", total=None):
    """Make a section with its opening and its deposit, which adds up unless told otherwise."""
    entries = [record for record in records if record[:2] in {"20", "21"}]
    signed = [int(one[37:55]) * (-1 if one[:2] == "21" else 1) for one in entries]
    amount = _ore(total) if total is not None else f"{sum(signed):018}"
    return [
        f"05{bankgiro:0>10}{'':10}{currency}",
        *records,
        f"15{58410000010098:035}{day}{serial:05}{amount}{currency}{len(entries):08}",
    ]


def file(*sections, **counts):
    """Make a whole file; ``payments=9`` and the like make its end record wrong."""
    records = [record for section in sections for record in section]
    kinds = [record[:2] for record in records]
    told = {
        "payments": kinds.count("20"),
        "deductions": kinds.count("21"),
        "extras": kinds.count("22") + kinds.count("23"),
        "deposits": kinds.count("15"),
    } | counts
    end = "70" + "".join(f"{number:08}" for number in told.values())
    lines = [START, *records, end]
    return "".join(f"{line:<80}\r\n" for line in lines)


def _ore(amount):
    return f"{int(Decimal(amount) * 100):018}"


def installed(folder: Path) -> dict[str, str]:
    """Put the example where an interpreter finds it as an installed distribution.

    :return: the environment of such an interpreter.
    """
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("".join(points), encoding="utf-8")
    path = os.pathsep.join(map(str, (folder, EXAMPLE, ROOT)))
    return os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}


def hostsim(*words: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess:
    """Run a command of the host in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hostsim", *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
