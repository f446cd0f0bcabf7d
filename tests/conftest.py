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


#: Long proofs of what shorter tests hold too, files and folders, and what each proves.
SLOW = {
    "browser": "the pages in a real browser",
    "test_bad_data.py": "whatever Fortnox sends, made up by Hypothesis",
    "test_conformance_of_hosts.py": "each check of the suite notices the host that breaks it",
    "test_faults.py": "every fault at every request",
    "test_keyring.py": "real keyrings, each in a process of its own",
    "test_kill.py": "a process killed at each step of an import",
    "test_kill_commit.py": "killed inside SQLite's own writes",
    "test_kill_listeners.py": "a listener's ledger, wherever the host is killed",
    "test_kill_stored_login.py": "killed at each step with a stored login",
    "test_listeners_whatever_is_decided.py": "a listener's ledger, whatever is decided",
    "test_probe.py": "the probe against every switch of the sandbox",
    "test_public_clients.py": "other clients read the same pages",
    "test_second_host.py": "the wheel alone, in an empty environment",
}


def pytest_report_header() -> str:
    """Say how long it takes, before it does."""
    return "under three minutes on two cores; the long proofs apart (-m slow), five more"


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
        if not SLOW.keys().isdisjoint({item.path.name, item.path.parent.name}):
            item.add_marker(pytest.mark.slow)


# No test touches the keyring of whoever runs it; programs that tests start inherit this.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# How fast a machine is says nothing about the code: no deadlines.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
