"""Fixtures for tests of a client of Fortnox, in this project or any other.

In the ``conftest.py`` beside the tests' root::

    pytest_plugins = ["hostsim.sandbox.pytest_plugin"]

and in a test::

    def test_my_client_reads_payments(fortnox_sandbox, fortnox_token):
        company = fortnox_sandbox.state.company()
        company.add_invoice(Invoice(number=1, total=Decimal(100), …))
        company.add_payment(Payment(invoice_number=1, amount=Decimal(100), …))
        client = MyClient(fortnox_sandbox.api_url, fortnox_token)
        assert [payment.number for payment in client.payments()] == ["1"]

A test, or a ``conftest.py``, can override
``fortnox_books`` for the data (``seed.haulier(now)``, ``seed.from_json(path)``),
``fortnox_switches`` for unknown behaviour, ``fortnox_clock`` for the time,
``fortnox_redirect_uri`` for a client's own. Nothing here is loaded automatically.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hostsim.sandbox import seed
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.server import REDIRECT_URI, Sandbox
from hostsim.sandbox.state import State
from hostsim.sandbox.switchboard import Switchboard
from hostsim.sandbox.switches import Switches


@pytest.fixture
def fortnox_books() -> State:
    """Return companies, books and users; one company with empty books unless overridden."""
    return seed.empty()


@pytest.fixture
def fortnox_switches() -> Switches:
    """Return the switches for unknown behaviour; the defaults unless overridden."""
    return Switches()


@pytest.fixture
def fortnox_clock() -> Clock:
    """Return the sandbox's clock; real time unless overridden or set."""
    return Clock()


@pytest.fixture
def fortnox_redirect_uri() -> str:
    """Return the registered redirect URI, which a client must repeat exactly."""
    return REDIRECT_URI


@pytest.fixture
def fortnox_sandbox(
    fortnox_books: State,
    fortnox_switches: Switches,
    fortnox_clock: Clock,
    fortnox_redirect_uri: str,
) -> Iterator[Sandbox]:
    """Run a Fortnox for this test alone, on a free port of this machine."""
    sandbox = Sandbox(
        fortnox_books,
        clock=fortnox_clock,
        switches=fortnox_switches,
        redirect_uri=fortnox_redirect_uri,
    )
    with sandbox:
        yield sandbox


@pytest.fixture
def fortnox_switchboard(fortnox_sandbox: Sandbox) -> Switchboard:
    """Return the sandbox's switchboard, to set and inspect it."""
    return fortnox_sandbox.switchboard


@pytest.fixture
def fortnox_token(fortnox_sandbox: Sandbox) -> str:
    """Return an access token for the first company, without a login."""
    return fortnox_sandbox.sign_in().access


@pytest.fixture
def fortnox_environment(
    fortnox_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Set the environment variables that point a client here, for this test."""
    environment = fortnox_sandbox.environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment
