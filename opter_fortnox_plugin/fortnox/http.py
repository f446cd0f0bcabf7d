"""One HTTP exchange, with every deadline that it needs.

The only module that sends with :mod:`requests`: what it raises is turned into
:class:`~.errors.Temporary` here, and never carries an address with a query, a
header or a body.
"""

from __future__ import annotations

import http.client
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Final, Self
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.auth
import urllib3
import urllib3.connection

from opter_contract.values import Text
from opter_fortnox_plugin.errors import NotFortnox, Temporary, Unavailable
from opter_fortnox_plugin.fortnox import network
from opter_fortnox_plugin.fortnox.protocol import Reply, encode

log = logging.getLogger(__name__)

#: Seconds to get a connection, between two parts of an answer, and for a whole exchange.
CONNECT: Final = 10.0
READ: Final = 20.0
TOTAL: Final = 45.0

#: Bytes; a page of 500 payments has about 110,000.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024

#: Kept alive at most: one for each request that may start in one window.
CONNECTIONS: Final = 25

_CHUNK: Final = 64 * 1024

#: What a proxy answers to a wrong password, whatever the address.
_WRONG_PASSWORD: Final = 407

#: How the standard library says that a proxy did not open a way to the other side.
_TUNNEL: Final = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})")

#: What an exchange can fail with. urllib3 lets some of its own errors through
#: while a body is read, and http.client a ValueError for a broken header.
_NETWORK: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,
)


class Bearer(requests.auth.AuthBase):
    """Puts the access token on a request.

    As ``auth=``, since requests would let a ``.netrc`` replace a plain header.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoAuth(requests.auth.AuthBase):
    """Sends no authorization, not even one from a ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Deadline:
    """Ends an exchange that takes too long, by closing its connection.

    A read time-out starts again with each byte, so an answer that trickles in, headers or
    body, would never time out.
    """

    current: threading.local = threading.local()

    def __init__(
        self,
        seconds: float,
        sent: Callable[[], None],
        answered: Callable[[], None],
        connecting: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.sent, self.answered, self.connecting = sent, answered, connecting
        self._timer = threading.Timer(seconds, self.expire)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.expired = False

    def watch(self, connected: socket.socket | None) -> None:
        with self._lock:
            self._socket = connected
            if self.expired:
                self._shut()

    def expire(self) -> None:
        with self._lock:
            self.expired = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is None:
            return
        try:
            # The plain socket's method: the TLS one would pull the object away
            # from the thread that reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            log.debug("the connection was closed already")

    def __enter__(self) -> Self:
        _Deadline.current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        _Deadline.current.deadline = None
        self._timer.cancel()
        with self._lock:
            self._socket = None


class _Watched:
    """A connection that shows its socket to the deadline of the exchange."""

    sock: Any

    def getresponse(self) -> Any:
        deadline: _Deadline | None = getattr(_Deadline.current, "deadline", None)
        if deadline is not None:
            deadline.watch(self.sock)
            deadline.sent()
        response = super().getresponse()  # type: ignore[misc]
        if deadline is not None:
            deadline.answered()
        return response


class _CompleteResponse(http.client.HTTPResponse):
    """An answer with complete headers, or an error.

    urllib3 would accept incomplete ones, and log a traceback.
    """

    def begin(self) -> None:
        super().begin()
        if self.msg.defects:
            raise http.client.IncompleteRead(b"")


class _HttpConnection(_Watched, urllib3.connection.HTTPConnection):
    response_class = _CompleteResponse


class _HttpsConnection(_Watched, urllib3.connection.HTTPSConnection):
    response_class = _CompleteResponse

    def connect(self) -> None:
        deadline: _Deadline | None = getattr(_Deadline.current, "deadline", None)
        if deadline is None or self.proxy is None:
            return super().connect()
        with deadline.connecting():
            return super().connect()


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(requests.adapters.HTTPAdapter):
    """Kept-alive connections that are watched; retried elsewhere.

    :param context: verifies the other side; ``None`` where there is no TLS.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._tls: dict[str, Any] = {} if context is None else {"ssl_context": context}
        super().__init__(pool_connections=4, pool_maxsize=CONNECTIONS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **(kwargs | self._tls))
        _watch_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:
        if self._tls:
            kwargs |= {**self._tls, "proxy_ssl_context": self._tls["ssl_context"]}
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        _watch_pools(manager)
        return manager

    def close(self) -> None:
        """Close the connections now; urllib3 leaves them to the garbage collector."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated
                if (pool := manager.pools.get(key)) is not None:
                    pool.close()
        super().close()

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:
        """Do not trust certifi's certificates beside those of our context."""


def _watch_pools(manager: urllib3.PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class Transport:
    """Sends one request and returns the whole reply, whatever its status.

    :param connect, read, total: deadlines in seconds.
    """

    def __init__(
        self, *, connect: float = CONNECT, read: float = READ, total: float = TOTAL
    ) -> None:
        self._sessions: dict[str, requests.Session] = {}
        self._lock = threading.Lock()
        #: Held while a way through a proxy is opened, so that one that refuses is asked once.
        self._opening = threading.Lock()
        #: Why the proxy lets nothing through, to a host or, as ``""``, at all: asking again could
        #: lock its account.
        self._refused: dict[str, Unavailable] = {}
        self._timeout = (connect, read)
        self._total = total
        self._active: set[_Deadline] = set()
        #: Called in the thread of each request when it has left, and when the status and the
        #: headers of its answer are there.
        self.sent: Callable[[], None] = lambda: None
        self.answered: Callable[[], None] = lambda: None

    def send(
        self,
        method: str,
        address: str,
        *,
        auth: requests.auth.AuthBase,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: object = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one exchange.

        :param form, json, files: the body, if there is one.
        :raises Temporary: where no whole answer came.
        :raises Unavailable: where the other side cannot prove who it is, or the proxy refuses.
        :raises SettingsWrong: where the machine's own set-up lets nothing out.
        """
        self._raise_if_refused(address)
        session, proxies = self._session(address), network.proxies_of(address)
        opening = partial(self._connecting, address)
        with (
            _Deadline(self._total, self.sent, self.answered, opening) as deadline,
            self._tracked(deadline),
        ):
            try:
                with session.request(
                    method,
                    address,
                    params=query,
                    data=form if json is None else encode(json),
                    files=files,
                    headers=headers if json is None else {"Content-Type": "application/json"},
                    auth=auth,
                    proxies=proxies,
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    body = self._body(response)
                    headers = {name.lower(): text for name, text in response.headers.items()}
            # Reading from a connection that the deadline has shut can fail in any way.
            except Exception as error:
                if not deadline.expired and not isinstance(error, _NETWORK):
                    raise
                if (refused := _refusal(error, address)) is not None:
                    raise refused from None
                failed = _temporary(error, address, expired=deadline.expired)
                log.debug("%s: %s", type(error).__name__, failed.what)
                raise failed from None
            if deadline.expired:
                raise Temporary("no whole answer in time")
        return Reply(response.status_code, headers, body, network.shown(proxies))

    @contextmanager
    def _connecting(self, address: str) -> Iterator[None]:
        """Open a way through a proxy, one at a time, and none once it has refused."""
        with self._opening:
            self._raise_if_refused(address)
            try:
                yield
            except Exception as error:
                refused = _refusal(error, address)
                if isinstance(refused, Unavailable) and refused.code == "PROXY_REFUSED":
                    every = refused.details["status"] == _WRONG_PASSWORD
                    self._refused["" if every else _host(address)] = refused
                raise

    def _raise_if_refused(self, address: str) -> None:
        for host in ("", _host(address)):
            if host in self._refused:
                raise self._refused[host]

    def _body(self, response: requests.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_content(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise requests.exceptions.ContentDecodingError("too large")
        return b"".join(parts)

    @contextmanager
    def _tracked(self, deadline: _Deadline) -> Iterator[None]:
        self._active.add(deadline)
        try:
            yield
        finally:
            self._active.discard(deadline)

    def abort(self) -> None:
        """End every exchange that is going on, in whatever thread; later ones may follow."""
        for deadline in self._active.copy():
            deadline.expire()

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()

    def _session(self, address: str) -> requests.Session:
        scheme = urlsplit(address).scheme
        with self._lock:
            if scheme not in self._sessions:
                self._sessions[scheme] = _session(scheme)
            return self._sessions[scheme]


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _session(scheme: str) -> requests.Session:
    session = requests.Session()
    # Proxies and certificates come from :mod:`.network`, and no .netrc replaces our login.
    session.trust_env = False
    context = network.ssl_context() if scheme == "https" else None
    session.mount(f"{scheme}://", _Adapter(context))
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = "opter-fortnox-plugin"
    return session


def _refusal(error: Exception, address: str) -> Exception | None:
    """Return what to raise where the way to the other side is closed, by the cause however deep."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unavailable("FORTNOX_NOT_TRUSTED", host=_host(address), store=_store())
        if refused := _TUNNEL.search(str(cause)) if isinstance(cause, OSError) else None:
            return _refused_by_proxy(int(refused[1]), address)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and all that it came from; the libraries put some among the arguments."""
    waiting: list[object] = [error]
    seen: list[BaseException] = []
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and not any(one is other for other in seen):
            seen.append(one)
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _refused_by_proxy(status: int, address: str) -> Exception:
    proxy = network.proxy_of(address)
    if status >= 500:
        return NotFortnox(status, Text(f"proxyn {proxy}", f"the proxy {proxy}"))
    return Unavailable(
        "PROXY_REFUSED", proxy=proxy, status=status, setting=network.proxy_setting(address)
    )


def _store() -> Text:
    if name := network.certificates():
        return Text(f"Filen i {name}", f"The file in {name}")
    return Text("Datorns certifikatlager", "The machine's certificate store")


def _temporary(error: Exception, address: str, *, expired: bool) -> Temporary:
    """Say what went wrong on the way to an address."""
    if expired:
        return Temporary("no whole answer in time")
    if isinstance(error, requests.exceptions.ProxyError):
        proxy, setting = network.proxy_of(address), network.proxy_setting(address)
        sv, en = (setting, setting) if isinstance(setting, str) else setting
        return Temporary(
            "no connection to the proxy",
            told=Text(
                f"ingen förbindelse med proxyn {proxy}, som {sv} anger",
                f"no connection to the proxy {proxy}, which {en} gives",
            ),
        )
    if any(isinstance(one, socket.gaierror) for one in _causes(error)):
        host = _host(address)
        return Temporary(
            "a name that cannot be looked up",
            told=Text(
                f"namnet {host} går inte att slå upp", f"the name {host} cannot be looked up"
            ),
        )
    return Temporary(_what(error))


def _what(error: Exception) -> str:
    """Describe an error without the address that the libraries put in their messages."""
    # requests makes a ConnectionError of a read time-out within the body.
    timed_out = isinstance(error.__context__, urllib3.exceptions.ReadTimeoutError)
    if timed_out or isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "an answer that was cut off"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection"
    return "an answer that cannot be read"
