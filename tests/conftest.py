"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import fortnox_openapi
import pytest
from hypothesis import settings


@pytest.fixture(scope="session")
def now() -> datetime:
    """Return a time for invented data; the real one, since real servers stamp with theirs."""
    return datetime.now(UTC)


#: Long proofs of what shorter tests hold too, by file, folder or test: the seconds on one of two
#: busy cores (as ``pytest -m slow -n 2 --durations=0`` adds them up), and what each proves.
SLOW = {
    "browser": (276, "the pages in a real browser"),
    "test_read_is_ready_and_rejected_and_ignored_whatever_comes": (10, "any rows and details"),
    "test_every_payment_of_one_page_is_in_exactly_one_list_with_the_amount_that_it_had": (
        5,
        "any page",
    ),
    "test_a_list_that_contradicts_itself_is_read_or_is_an_error_for_a_person": (5, "any totals"),
    "test_a_company_that_cannot_be_read_is_an_error_for_a_person": (2, "any company"),
    "test_faults.py": (133, "every fault at every request"),
    "test_keyring.py": (5, "real keyrings, each in a process of its own"),
    "test_kill.py": (50, "a process killed at each step of an import"),
    "test_kill_commit.py": (31, "killed inside SQLite's own writes"),
    "test_kill_listeners.py": (8, "a listener's ledger, wherever the host is killed"),
    "test_kill_stored_login.py": (45, "killed at each step with a stored login"),
    "test_listeners_whatever_is_decided.py": (4, "a listener's ledger, whatever is decided"),
    "test_public_clients.py": (13, "other clients read the same pages"),
    "test_second_host.py": (7, "the wheel alone, in an empty environment"),
}


def pytest_report_header() -> str:
    """Say how long it takes, before it does."""
    more = sum(seconds for seconds, _ in SLOW.values()) / 2 / 60
    return f"under three minutes on two cores; the long proofs (-m slow) take {more:.0f} more"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the long proofs, so that they run when they are asked for.

    What needs more than the project has is left out where that is not at hand.
    """
    if not fortnox_openapi.SHARED.is_dir():
        without = [item for item in items if item.get_closest_marker("recorded")]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]
    for item in items:
        names = {item.path.name, item.path.parent.name, getattr(item, "originalname", None)}
        if not SLOW.keys().isdisjoint(names):
            item.add_marker(pytest.mark.slow)


# No test touches the keyring of whoever runs it; programs that tests start inherit this.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# How fast a machine is says nothing about the code: no deadlines.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
