"""Every promise of SECURITY.md names a test that exists, and so does docs/platforms.md."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PLATFORMS = (ROOT / "docs/platforms.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/(?:\w+/)+test_\w+\.py)::(test_\w+)`", PAGE + PLATFORMS)


@cache
def names_in(path):
    """Return the names of the tests of a file, without running any of it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_test_that_is_named_exists(path, name):
    assert (ROOT / path).is_file()
    assert name in names_in(path)


def test_every_promise_names_a_test():
    promises = re.findall(r"^- .*$", PAGE, re.MULTILINE)
    assert len(promises) > 30
    assert [line for line in promises if not re.search(r"`tests/\S+::test_\w+`$", line)] == []


def test_every_test_is_named_in_full():
    assert len(NAMED) == (PAGE + PLATFORMS).count("::test_")
