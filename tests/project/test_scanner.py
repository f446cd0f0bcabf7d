"""The scanner of the code (ruff's S rules) is on, and nothing is hidden from it in silence."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("hostsim", "opter_fortnox_plugin", "opter_contract")


def test_the_scanner_is_on_for_all_that_is_installed():
    """But for asserts in the suites, which are tests that others inherit."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lint = settings["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    assert [rule for rule in lint["ignore"] if re.fullmatch(r"S\d*", rule)] == []
    ignored = {
        path: [rule for rule in rules if re.fullmatch(r"S\d*", rule)]
        for path, rules in lint["per-file-ignores"].items()
        if not path.startswith("tests/")
    }
    assert {path: rules for path, rules in ignored.items() if rules} == {
        "opter_contract/conformance/**": ["S101"]
    }


def test_every_line_that_is_hidden_from_it_says_why():
    hidden = [
        line.strip()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"noqa:.*\bS\d{3}", line)
    ]
    assert len(hidden) > 10
    reason = re.compile(r"noqa: [A-Z0-9, ]+? (- )?[a-z].+$")
    assert [line for line in hidden if not reason.search(line)] == []


def test_the_tests_run_with_versions_that_are_pinned():
    """CI could not install a version below a floor; the place of a registry is nobody else's."""
    pinned = (ROOT / "tests" / "constraints.txt").read_text(encoding="utf-8")
    names = {line.partition("==")[0].lower() for line in pinned.splitlines() if "==" in line}
    assert {"requests", "urllib3", "flask", "werkzeug", "filelock", "pytest", "ruff"} <= names
    assert "://" not in pinned
