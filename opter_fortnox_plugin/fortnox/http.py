"""One HTTP exchange, with every deadline that it needs.

The only module that sends with :mod:`requests`: what it raises is turned into
:class:`~.errors.Temporary` here, and never carries a URL with a query, a
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
import urllib3
import urllib3.connection

from opter_contract.values import Text
from opter_fortnox_plugin.errors import NotFortnox, Temporary, Unavailable
from opter_fortnox_plugin.fortnox import network
from opter_fortnox_plugin.fortnox.protocol import Response, encode

log = logging.getLogger(__name__)

#: Seconds to connect, between two parts of a response, and for a whole exchange.
CONNECT_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 20.0
TOTAL_TIMEOUT: Final = 45.0

#: Bytes; a page of 500 payments has about 110,000.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024

#: Kept alive at most: one for each request that may start in one window.
CONNECTIONS: Final = 25

_CHUNK: Final = 64 * 1024

_TOO_LATE: Final = "no whole answer in time"

#: The status of a proxy for a wrong password, whatever the URL.
_WRONG_PASSWORD: Final = 407

#: The standard library's message when a proxy refuses to open a tunnel.
_TUNNEL: Final = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})")

#: The exceptions of a failed exchange. urllib3 lets some of its own errors through
#: while a body is read, and http.client a ValueError for a broken header.
_NETWORK: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,
)


#: Puts the authorization on a request, instead of one from a ``.netrc``.
Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]


def bearer(token: str) -> Auth:
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Deadline:
    """Ends an exchange that takes too long, by closing its connection.

    A read time-out starts again with each byte, so a response that trickles in, headers or
    body, would never time out.
    """

    current: threading.local = threading.local()

    def __init__(
        self,
        seconds: float,
        sent: Callable[[], None],
        answered: Callable[[int], None],
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


class _WatchedConnection:
    """A connection that shows its socket to the deadline of the exchange."""

    sock: Any

    def getresponse(self) -> Any:
        deadline: _Deadline | None = getattr(_Deadline.current, "deadline", None)
        if deadline is not None:
            deadline.watch(self.sock)
            deadline.sent()
        response = super().getresponse()  # type: ignore[misc]
        if deadline is not None:
            deadline.answered(response.status)
        return response


class _CompleteResponse(http.client.HTTPResponse):
    """A response with complete headers, or an error.

    urllib3 would accept incomplete ones, and log a traceback.
    """

    def begin(self) -> None:
        super().begin()
        if self.msg.defects:
            raise http.client.IncompleteRead(b"")


class _HttpConnection(_WatchedConnection, urllib3.connection.HTTPConnection):
    response_class = _CompleteResponse


class _HttpsConnection(_WatchedConnection, urllib3.connection.HTTPSConnection):
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

    :param context: verifies the other side; ``None`` if there is no TLS.
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
        """Do not trust certifi's certificates in addition to those of our context."""


def _watch_pools(manager: urllib3.PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class Transport:
    """Sends one request and returns the complete response, whatever its status.

    :param connect, read, total: deadlines in seconds.
    """

    def __init__(
        self,
        *,
        connect: float = CONNECT_TIMEOUT,
        read: float = READ_TIMEOUT,
        total: float = TOTAL_TIMEOUT,
    ) -> None:
        self._sessions: dict[str, requests.Session] = {}
        self._lock = threading.Lock()
        #: Held while a tunnel through a proxy is opened, so that a refusing proxy is tried once.
        self._opening = threading.Lock()
        #: Why the proxy refuses a host or, under ``""``, all of them: trying again could lock its
        #: account.
        self._refused: dict[str, Unavailable] = {}
        self._timeout = (connect, read)
        self._total = total
        self._active: set[_Deadline] = set()
        #: Called in the thread of each request when it was sent, and with the status of its
        #: response when that and the headers have arrived.
        self.sent: Callable[[], None] = lambda: None
        self.answered: Callable[[int], None] = lambda _status: None

    def send(
        self,
        method: str,
        url: str,
        *,
        auth: Auth,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: object = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Make one exchange.

        :param form, json, files: the body, if there is one.
        :raises Temporary: if no complete response came.
        :raises Unavailable: if the other side cannot prove who it is, or the proxy refuses.
        :raises SettingsWrong: if the machine's proxy or certificate settings cannot be used.
        """
        self._raise_if_refused(url)
        session, proxies = self._session(url), network.proxies_of(url)
        with self._deadline(url) as deadline:
            try:
                with session.request(
                    method,
                    url,
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
                    body = _body(response)
            # Reading from a connection that the deadline has shut can fail in any way.
            except Exception as error:  # noqa: BLE001 - a bug is raised again
                raise _failure(error, url, expired=deadline.expired) from None
            if deadline.expired:
                raise Temporary(_TOO_LATE)
        names = {name.lower(): text for name, text in response.headers.items()}
        return Response(response.status_code, names, body, network.shown(proxies))

    @contextmanager
    def _deadline(self, url: str) -> Iterator[_Deadline]:
        """Limit the time of an exchange, which :meth:`abort` may end at once."""
        opening = partial(self._connecting, url)
        with _Deadline(self._total, self.sent, self.answered, opening) as deadline:
            self._active.add(deadline)
            try:
                yield deadline
            finally:
                self._active.discard(deadline)

    @contextmanager
    def _connecting(self, url: str) -> Iterator[None]:
        """Open a tunnel through a proxy, one at a time, and none once it has refused."""
        with self._opening:
            self._raise_if_refused(url)
            try:
                yield
            except Exception as error:
                refused = _permanent_error(error, url)
                if isinstance(refused, Unavailable) and refused.code == "PROXY_REFUSED":
                    every_host = refused.details["status"] == _WRONG_PASSWORD
                    self._refused["" if every_host else _host(url)] = refused
                raise

    def _raise_if_refused(self, url: str) -> None:
        for host in ("", _host(url)):
            if host in self._refused:
                raise self._refused[host]

    def abort(self) -> None:
        """End every exchange in progress, in any thread; later ones may follow."""
        for deadline in self._active.copy():
            deadline.expire()

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()

    def _session(self, url: str) -> requests.Session:
        scheme = urlsplit(url).scheme
        with self._lock:
            if scheme not in self._sessions:
                self._sessions[scheme] = _new_session(scheme)
            return self._sessions[scheme]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _new_session(scheme: str) -> requests.Session:
    session = requests.Session()
    # Proxies and certificates come from :mod:`.network`, and no .netrc replaces our login.
    session.trust_env = False
    context = network.ssl_context() if scheme == "https" else None
    session.mount(f"{scheme}://", _Adapter(context))
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = "opter-fortnox-plugin"
    return session


def _body(response: requests.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise requests.exceptions.ContentDecodingError("too large")
    return b"".join(parts)


def _failure(error: Exception, url: str, *, expired: bool) -> Exception:
    """Return the error to raise for that of an exchange: a bug as it is."""
    if not expired and not isinstance(error, _NETWORK):
        return error
    if (refused := _permanent_error(error, url)) is not None:
        return refused
    failed = Temporary(_TOO_LATE) if expired else _temporary(error, url)
    log.debug("%s: %s", type(error).__name__, failed.what)
    return failed


def _permanent_error(error: Exception, url: str) -> Exception | None:
    """Return the error to raise if another attempt is useless, by the cause however deep."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unavailable("FORTNOX_NOT_TRUSTED", host=_host(url), store=_store())
        if refused := _TUNNEL.search(str(cause)) if isinstance(cause, OSError) else None:
            return _refused_by_proxy(int(refused[1]), url)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes; the libraries put some among the arguments."""
    waiting: list[object] = [error]
    seen: list[BaseException] = []
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and not any(cause is other for other in seen):
            seen.append(cause)
            yield cause
            waiting += [
                cause.__cause__,
                cause.__context__,
                getattr(cause, "reason", None),
                *cause.args,
            ]


def _refused_by_proxy(status: int, url: str) -> Exception:
    proxy = network.proxy_of(url)
    if status >= 500:
        return NotFortnox(status, Text(f"proxyn {proxy}", f"the proxy {proxy}"))
    return Unavailable(
        "PROXY_REFUSED", proxy=proxy, status=status, setting=network.proxy_setting(url)
    )


def _store() -> Text:
    if name := network.certificates():
        return Text(f"Filen i {name}", f"The file in {name}")
    return Text("Datorns certifikatlager", "The machine's certificate store")


def _temporary(error: Exception, url: str) -> Temporary:
    """Return what went wrong during a request."""
    if isinstance(error, requests.exceptions.ProxyError):
        proxy, setting = network.proxy_of(url), network.proxy_setting(url)
        sv, en = (setting, setting) if isinstance(setting, str) else setting
        return Temporary(
            "no connection to the proxy",
            explanation=Text(
                f"ingen förbindelse med proxyn {proxy}, som {sv} anger",
                f"no connection to the proxy {proxy}, which {en} gives",
            ),
        )
    if any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
        host = _host(url)
        return Temporary(
            "a name that cannot be looked up",
            explanation=Text(
                f"namnet {host} går inte att slå upp", f"the name {host} cannot be looked up"
            ),
        )
    return Temporary(_what(error))


def _what(error: Exception) -> str:
    """Describe an error without the URL that the libraries put in their messages."""
    # requests makes a ConnectionError of a read time-out within the body.
    timed_out = isinstance(error.__context__, urllib3.exceptions.ReadTimeoutError)
    if timed_out or isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "an answer that was cut off"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection"
    return "an answer that cannot be read"
