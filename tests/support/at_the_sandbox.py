"""Commands in this process, with a sandbox and automatic logins: for fixtures."""

from __future__ import annotations

from contextlib import contextmanager

from ports import free_port

from hostsim.demo.preparation import sign_in_in_background
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Sandbox, seed
from opter_fortnox_plugin import hooks as fortnox


@contextmanager
def running_sandbox(monkeypatch, state=None):
    """Run a sandbox that the environment points to.

    :param state: its books; default: empty ones.
    """
    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(seed.empty() if state is None else state, redirect_uri=redirect) as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        yield sandbox


def sign_in_automatically(monkeypatch):
    """Sign in at each URL that the browser is opened on; return the list of these URLs."""
    opened = []

    def sign_in(url, on_redirect):
        opened.append(url)
        return sign_in_in_background(url, on_redirect)

    monkeypatch.setattr("hostsim.services.browser.open_browser", sign_in)
    return opened


def load_only_fortnox(monkeypatch):
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls([("fortnox", fortnox)])))
