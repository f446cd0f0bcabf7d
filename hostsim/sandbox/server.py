"""The sandbox as a real server on loopback, on a thread of its own."""

from __future__ import annotations

import logging
import secrets
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from waitress import create_server, wasyncore  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.task import WSGITask  # type: ignore[import-untyped]

from hostsim.sandbox.app import create_app
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.scopes import IMPORT_SCOPES, SCOPES
from hostsim.sandbox.state import State
from hostsim.sandbox.switchboard import Client, Switchboard
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant, TokenPair

#: The number of requests that can be processed, or hang, at once.
THREADS = 32

#: Open connections, idle ones included. A host of many companies may keep more than waitress's
#: default of 100; select(), the only call on Windows, is limited to 512.
MAX_CONNECTIONS = 1000 if hasattr(select, "poll") else 500

HOST = "127.0.0.1"

REDIRECT_URI = "http://localhost:51843/callback"


class _Task(WSGITask):  # type: ignore[misc]
    """Keeps the connection after a chunked response, where waitress would close it."""

    def set_close_on_finish(self) -> None:
        closes = self.request.headers.get("CONNECTION", "").lower() == "close"
        has_length = self.content_length is not None and self.has_body
        if self.wrote_header or closes or has_length or self.version != "1.1":
            super().set_close_on_finish()


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task


class Sandbox:
    """A Fortnox on this machine; a context manager that starts and stops the server.

    For trials and tests: its data and secrets are invented, and it should not
    be reachable from other machines.
    """

    def __init__(
        self,
        state: State,
        *,
        port: int = 0,
        clock: Clock | None = None,
        switches: Switches | None = None,
        redirect_uri: str = REDIRECT_URI,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Prepare a sandbox.

        :param state: companies, books and users.
        :param port: 0 for a free one.
        :param clock: for tokens, ``Date`` and ``lastmodified``; ``None`` for the state's own.
        :param switches: for unknown behaviour of Fortnox.
        :param redirect_uri: the registered one, which must match exactly.
        :param monotonic: returns seconds, for the rate limit alone.
        :param sleep: sleeps for seconds, for latency alone; the default ends early when the
            sandbox stops.
        """
        switches = switches or Switches()
        state.configure(clock, switches)
        client = Client(secrets.token_hex(6), secrets.token_hex(16), redirect_uri)
        self.state = state
        #: All settings and inspection; its most used parts are attributes here, too.
        self.switchboard = Switchboard(state, switches, client, monotonic, sleep)
        self.clock = self.switchboard.clock
        self.faults = self.switchboard.faults
        self.drift = self.switchboard.drift
        self.latency = self.switchboard.latency
        self.asked = self.switchboard.asked
        self._port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._woken = threading.Event()
        self.app = create_app(self.switchboard)

    # --- Starting and stopping ---

    def start(self) -> Self:
        """Serve until :meth:`stop`. Raises ``OSError`` if the port is in use."""
        if self._thread is not None:
            return self
        # First, so that a port in use leaves nothing behind.
        listener = bind_socket(HOST, self._port)
        # A second start uses the same port, so that URLs stay valid.
        self._port = listener.getsockname()[1]
        # Busy threads are expected: a hang or a slow drip occupies one on purpose.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.switchboard.stopping.clear()
        self._woken.clear()
        self._server = create_server(
            self.app,
            sockets=[listener],
            threads=THREADS,
            connection_limit=MAX_CONNECTIONS,
            ident="Fortnox",
            log_socket_errors=False,
        )
        self._server.channel_class = _Channel
        self._thread = threading.Thread(target=self._serve, name="fortnox-sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the server, and end hanging requests."""
        if self._thread is None:
            return
        self.switchboard.stopping.set()
        self._server.pull_trigger()
        self._woken.set()
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        """Run waitress's loop step by step, since its own cannot be stopped from outside."""
        server = self._server
        sockets = server._map  # noqa: SLF001 - waitress shows them in no other way
        while not self.switchboard.stopping.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=sockets, count=1)
        # The loop may end before stop() has pulled the trigger, which must not be closed before.
        self._woken.wait()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets, ignore_all=True)

    # --- URLs, credentials, tokens ---

    @property
    def url(self) -> str:
        if self._thread is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{HOST}:{self._port}"

    @property
    def auth_url(self) -> str:
        return f"{self.url}/oauth-v1"

    @property
    def api_url(self) -> str:
        return f"{self.url}/3"

    @property
    def client_id(self) -> str:
        return self.switchboard.client.id

    @property
    def client_secret(self) -> str:
        return self.switchboard.client.secret

    @property
    def redirect_uri(self) -> str:
        return self.switchboard.client.redirect_uri

    @property
    def switchboard_url(self) -> str:
        return f"{self.url}/_sandbox"

    def sign_in(
        self,
        company: int | str | None = None,
        scopes: Iterable[str] = IMPORT_SCOPES,
    ) -> TokenPair:
        """Issue tokens without the login pages: for tests, and for the curl line.

        :param company: its number; by default the first. Raises ``KeyError`` if unknown.
        """
        number = self.state.company(company).number
        return self.state.tokens.issue(Grant(self.client_id, number, 1, tuple(scopes)))

    def consent_everywhere(self) -> None:
        """Consent to a service account with all scopes, as administrator of every company."""
        for number in self.state.companies:
            self.state.consent(SCOPES, number)
        self.switchboard.remember_state()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point a client here."""
        return {
            "FORTNOX_CLIENT_ID": self.client_id,
            "FORTNOX_CLIENT_SECRET": self.client_secret,
            "FORTNOX_REDIRECT_URI": self.redirect_uri,
            "FORTNOX_AUTH_URL": self.auth_url,
            "FORTNOX_API_URL": self.api_url,
        }

    # --- For tests ---

    @property
    def switches(self) -> Switches:
        """How the sandbox behaves where Fortnox's behaviour is not known."""
        return self.switchboard.switches

    @property
    def issued(self) -> list[str]:
        """Every secret that was issued: the client secret, codes, access and refresh tokens."""
        return [self.client_secret, *self.state.tokens.issued]


def bind_socket(host: str, port: int) -> socket.socket:
    """Bind a port, exclusively on Windows too, where that is not the default."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    try:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
