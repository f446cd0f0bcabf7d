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


# No test touches the keyring of whoever runs it; programs that tests start inherit this.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# How fast a machine is says nothing about the code: no deadlines.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
