"""The desk as a real server, on a thread of its own."""

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

#: Open connections; a browser has six.
CONNECTIONS = 100

#: Of them, the latest that have asked for nothing yet and may stay.
JUST_COME = 10

#: Bytes of an answer that may wait for a slow reader, in a file, while its thread goes on.
WAITING = 2**30


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
        :param proxy: before it.
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
        every = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - named, not bound
        name = every.get(self._host, f"[{self._host}]" if ":" in self._host else self._host)
        return f"http://{name}:{self._port}/"

    @property
    def public_url(self) -> str:
        """Where people reach it, with a slash at the end."""
        return f"{self._proxy.public_url}/" if self._proxy.public_url else self.url

    @property
    def address(self) -> str:
        """What a person opens: with the key, where the proxy does not name its users."""
        if self._proxy.user_header:
            return self.public_url
        return f"{self.public_url}?{KEY}={self._key}"

    def __enter__(self) -> Self:
        """Listen and answer. Raises ``OSError`` when the port is taken."""
        listening = bind_socket(self._host, self._port)
        self._port = listening.getsockname()[1]
        # Browsers send a cookie to every port of a machine.
        self.app.config["SESSION_COOKIE_NAME"] = f"hostsim_desk_{self._port}"
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(
            self.app,
            sockets=[listening],
            threads=THREADS,
            # Never reached by those who say nothing: room is made before.
            connection_limit=2 * CONNECTIONS,
            max_request_body_size=2 * MAX_FORM_BYTES,
            outbuf_high_watermark=WAITING,
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
        """Run waitress's loop turn by turn, since its own cannot be stopped from outside."""
        sockets = self._server._map  # noqa: SLF001 - waitress shows them in no other way
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=sockets, count=1)
            self._make_room()
            self.desk_context.store.checkpoint_leftover_wal()
        self._woken.wait()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets, ignore_all=True)

    def _make_room(self) -> None:
        """Where there are too many connections, close the oldest with nothing asked in whole.

        waitress would take no new ones, for as long as each sends a byte now and then.
        """
        channels = list(self._server.active_channels.values())
        slow = [one for one in channels if not one.requests]
        slow.sort(key=lambda one: one.creation_time)
        # Whoever has just come had no time to ask.
        for one in slow[:-JUST_COME][: max(0, len(channels) - CONNECTIONS)]:
            one.handle_close()
