"""The desk as an HTTP server, on a thread of its own."""

from __future__ import annotations

import logging
import secrets
import threading
from typing import Any, Self

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from hostsim.desk.access_control import KEY
from hostsim.desk.app import MAX_FORM_BYTES, create_app
from hostsim.desk.context import DeskContext
from hostsim.desk.reverse_proxy import NO_PROXY, ReverseProxy
from hostsim.sandbox.server import bind_socket

#: Pages that can be answered at once; imports have threads of their own.
THREADS = 8

#: A browser opens six connections.
MAX_CONNECTIONS = 100

#: The latest connections without a request yet are not closed.
MAX_NEW_CONNECTIONS = 10

#: A response is buffered, in a file, for a slow client, so that its thread can go on.
MAX_BUFFERED_BYTES = 2**30


class Desk:
    """A running desk; a context manager that starts and stops it."""

    def __init__(
        self,
        desk_context: DeskContext,
        host: str = "127.0.0.1",
        port: int = 0,
        proxy: ReverseProxy = NO_PROXY,
    ) -> None:
        """Prepare it.

        :param host: a numeric address, or ``localhost``.
        :param port: 0 takes a free one.
        :param proxy: in front of it.
        """
        self.desk_context = desk_context
        self._key = secrets.token_urlsafe(32)
        self.app = create_app(desk_context, host, proxy, key=self._key)
        self._proxy = proxy
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._woken = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens, with a slash at the end."""
        any_address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - named, not bound
        name = any_address.get(self._host, f"[{self._host}]" if ":" in self._host else self._host)
        return f"http://{name}:{self._port}/"

    @property
    def public_url(self) -> str:
        """Where people reach it, with a slash at the end."""
        return f"{self._proxy.public_url}/" if self._proxy.public_url else self.url

    @property
    def start_url(self) -> str:
        """What a person opens: with the key, unless the proxy names its users."""
        if self._proxy.user_header:
            return self.public_url
        return f"{self.public_url}?{KEY}={self._key}"

    def __enter__(self) -> Self:
        """Start serving. Raises ``OSError`` when the port is taken."""
        socket = bind_socket(self._host, self._port)
        self._port = socket.getsockname()[1]
        # Browsers send a cookie to every port of a machine.
        self.app.config["SESSION_COOKIE_NAME"] = f"hostsim_desk_{self._port}"
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(
            self.app,
            sockets=[socket],
            threads=THREADS,
            # Never reached by idle connections: the oldest are closed before.
            connection_limit=2 * MAX_CONNECTIONS,
            max_request_body_size=2 * MAX_FORM_BYTES,
            outbuf_high_watermark=MAX_BUFFERED_BYTES,
            ident=None,
            log_socket_errors=False,
            url_scheme=self._proxy.scheme,
        )
        self._thread = threading.Thread(target=self._serve, name="desk", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.desk_context.jobs.stop()
        self._stopping.set()
        self._server.pull_trigger()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        """Run waitress's loop step by step, since its own cannot be stopped from outside."""
        sockets = self._server._map  # noqa: SLF001 - waitress has no public attribute
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=sockets, count=1)
            self._close_idle_connections()
            self.desk_context.store.checkpoint_leftover_wal()
        self._woken.wait()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets, ignore_all=True)

    def _close_idle_connections(self) -> None:
        """Close the oldest connections without a whole request if there are too many.

        waitress would accept no new ones as long as each sends a byte now and then.
        """
        channels = list(self._server.active_channels.values())
        idle = [channel for channel in channels if not channel.requests]
        idle.sort(key=lambda channel: channel.creation_time)
        # A new connection had no time for a request.
        for channel in idle[:-MAX_NEW_CONNECTIONS][: max(0, len(channels) - MAX_CONNECTIONS)]:
            channel.handle_close()
