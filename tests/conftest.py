"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import settings


@pytest.fixture(scope="session")
def now() -> datetime:
    """Return a time for invented data; the real one, since real servers stamp with theirs."""
    return datetime.now(UTC)


#: Long proofs of what shorter tests hold too, and how long each takes on two cores.
SLOW = {
    "test_kill.py": "a process killed at each step of an import, 1 min",
    "test_kill_staying.py": "the same with a stored login, 1 min",
    "test_kill_commit.py": "killed inside SQLite's own writes, 30 s",
    "test_faults.py": "every fault at every request, 2 min",
    "test_public_clients.py": "other clients read the same pages, 30 s",
    "test_ordinary_days.py": "what an economist decides, in a browser, 1 min",
    "test_long_lists.py": "50,000 rows on a page, 20 s",
    "test_accessibility.py": "every page held against WCAG, 60 s",
}


def pytest_report_header() -> str:
    """Say how long it takes, before it does."""
    return "about three minutes on two cores; the long proofs apart (-m slow), five more"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long proofs, so that they run when they are asked for."""
    for item in items:
        if item.path.name in SLOW:
            item.add_marker(pytest.mark.slow)


# No test touches the keyring of whoever runs it; programs that tests start inherit this.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# How fast a machine is says nothing about the code: no deadlines.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
