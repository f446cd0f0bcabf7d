"""Whatever comes from outside is read or refused: a few thousand inputs of what a run takes."""

from __future__ import annotations

from tests.fuzz import __main__ as fuzz
from tests.fuzz.targets import TARGETS


def test_nothing_from_outside_ends_in_a_traceback():
    assert list(fuzz.failures(0, 4000)) == []


def test_what_ends_in_a_traceback_is_found_and_can_be_read_again(monkeypatch):
    def broken(_given):
        return {}["missing"]

    monkeypatch.setattr(fuzz, "TARGETS", dict.fromkeys([broken], TARGETS[next(iter(TARGETS))]))
    [(kind, example)] = fuzz.failures(7, 1)
    assert kind.startswith("broken: KeyError at test_fuzz.py:")
    assert example.startswith("--seed 7: Response(")
