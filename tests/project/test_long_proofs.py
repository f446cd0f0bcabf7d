"""The list of the long proofs in tests/conftest.py fits the tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

TESTS = Path(__file__).parents[1]


class Item:
    def __init__(self, file, test):
        self.path, self.originalname = TESTS / file, test
        self.is_slow = False

    def add_marker(self, mark):
        self.is_slow = mark.name == "slow"

    def get_closest_marker(self, _name):
        return None


@pytest.fixture
def mark(request, monkeypatch):
    """Mark the tests that a list of long proofs names; return those that are marked."""
    [conftest] = [
        plugin
        for plugin in request.config.pluginmanager.get_plugins()
        if getattr(plugin, "__file__", None) == str(TESTS / "conftest.py")
    ]

    def mark(slow, *items, asked="."):
        monkeypatch.setattr(conftest, "SLOW", slow)
        option = SimpleNamespace(ignore=None, ignore_glob=None, deselect=None, lf=False)
        config = SimpleNamespace(
            option=option,
            args=[asked],
            invocation_params=SimpleNamespace(dir=TESTS),
            hook=request.config.hook,
        )
        session = SimpleNamespace(testsfailed=0)
        conftest.pytest_collection_modifyitems(session, config, list(items))
        return [item for item in items if item.is_slow]

    return mark


def test_an_entry_names_a_test_of_one_file_where_several_have_it(mark):
    here, there = Item("cli/test_a.py", "test_it"), Item("desk/test_b.py", "test_it")
    assert mark({"test_b.py::test_it": (1, "")}, here, there) == [there]
    both = Item("cli/test_a.py", "test_it"), Item("desk/test_b.py", "test_it")
    assert mark({"test_it": (1, "")}, *both) == list(both)


def test_an_entry_that_no_test_fits_ends_a_run_of_all_tests(mark):
    item = Item("cli/test_a.py", "test_it")
    with pytest.raises(LookupError, match="test_gone"):
        mark({"test_gone": (1, "")}, item)
    assert mark({"test_gone": (1, "")}, item, asked="cli") == []
