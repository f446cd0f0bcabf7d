"""Commands in this process, at a sandbox where a person signs in: for fixtures of test files."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from ports import free_port

from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Sandbox, scripted_login, seed
from opter_fortnox_plugin import hooks as fortnox


@contextmanager
def sandbox_of(monkeypatch, state=None):
    """Run a sandbox that the environment points to.

    :param state: its books; default: empty ones.
    """
    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(seed.empty() if state is None else state, redirect_uri=redirect) as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        yield sandbox


def signing_in(monkeypatch):
    """Have somebody sign in at each address that a window is opened on; give these addresses."""
    opened = []

    def sign_in(address, _answered):
        opened.append(address)
        arguments = (address, seed.USER, seed.PASSWORD)
        threading.Thread(target=scripted_login.sign_in, args=arguments, daemon=True).start()
        return True

    monkeypatch.setattr("hostsim.services.browser.open_browser", sign_in)
    return opened


def load_fortnox_alone(monkeypatch):
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls([("fortnox", fortnox)])))
