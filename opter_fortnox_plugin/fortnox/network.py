"""Proxy and trusted certificates, from the environment.

What is wrong here is wrong for every request, so it is a configuration error.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests
import truststore
from urllib3.util import Url, parse_url

from opter_contract.values import Text
from opter_fortnox_plugin.configuration import LOOPBACK
from opter_fortnox_plugin.errors import SettingsWrong

#: The variables that name a file or a folder of certificates; the first one set is used.
CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

_SOCKS: Final = frozenset({"socks4", "socks4a", "socks5", "socks5h"})

_SYSTEM: Final = Text("datorns proxyinställning", "the machine's proxy setting")


def certificates() -> str | None:
    """Return the variable that names the certificates to trust; ``None`` for the system's."""
    return next((name for name in CERTIFICATES if os.environ.get(name)), None)


def ssl_context() -> ssl.SSLContext:
    """Return the context that verifies the server.

    :raises SettingsWrong: if the file that a variable names cannot be used.
    """
    name = certificates()
    if name is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    path = os.environ[name]
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        raise SettingsWrong("CERTIFICATES_WRONG", name=name, path=path) from None


def proxies_of(url: str) -> dict[str, str]:
    """Return the proxy for a request to a URL, by scheme.

    :raises SettingsWrong: if it cannot be used.
    """
    proxy = _proxy_of(url)
    if proxy is None:
        return {}
    if why := _proxy_problem(proxy):
        raise SettingsWrong("PROXY_WRONG", name=_variable_of(proxy), why=why)
    return {urlsplit(url).scheme: proxy}


def proxy_of(url: str) -> str | None:
    """Return the proxy for a request to a URL, without its password.

    :raises SettingsWrong: if it cannot be used.
    """
    return shown(proxies_of(url)) or None


def shown(proxies: Mapping[str, str]) -> str:
    """Return the proxy without its password; ``""`` for none."""
    proxy = next(iter(proxies.values()), "")
    return proxy.partition("://")[2].rpartition("@")[2] or proxy.rpartition("@")[2]


def proxy_setting(url: str) -> str | Text:
    """Return the name of the setting that chooses the proxy for a URL."""
    return _variable_of(_proxy_of(url) or "")


def _proxy_of(url: str) -> str | None:
    # Requests to this machine use no proxy.
    if urlsplit(url).hostname in LOOPBACK:
        return None
    proxies = requests.utils.get_environ_proxies(url)
    return requests.utils.select_proxy(url, proxies) or None


def _variable_of(proxy: str) -> str | Text:
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        for spelled in (name, name.upper()):
            if os.environ.get(spelled) == proxy:
                return spelled
    return _SYSTEM


def _proxy_problem(proxy: str) -> Text | None:
    """Return what is wrong with a proxy's URL, if anything."""
    try:
        parts = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        parts = Url()
    if not parts.host:
        return Text("det är ingen adress till en proxy", "it is not the address of a proxy")
    if parts.scheme in _SOCKS and find_spec("socks") is None:
        return Text(
            "SOCKS kräver biblioteket PySocks: pip install PySocks",
            "SOCKS needs the library PySocks: pip install PySocks",
        )
    if parts.scheme not in {"http", "https", *_SOCKS}:
        return Text(
            "den ska börja med http://, https:// eller socks5://",
            "it must begin with http://, https:// or socks5://",
        )
    return None
