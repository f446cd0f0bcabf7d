"""The authorization code grant: a browser opens with our ``state``, and a callback returns.

The callback server is ready before the browser opens. A host that is a web application
receives the callback at its own URL, and hands it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import LoginFailed
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.callback import Login
from opter_fortnox_plugin.login.callback_server import CallbackServer
from opter_fortnox_plugin.login.oauth import SCOPES, authorization_url

_ANOTHER_LOGIN: Final = Text(
    "En annan inloggning pågår på den här datorn; väntar på den",
    "Another login is going on on this machine; waiting for it",
)


def log_in(
    host: Host,
    configuration: Configuration,
    scopes: Sequence[str] = SCOPES,
    *,
    service: bool = False,
) -> str:
    """Open the login window and return the authorization code that comes back.

    :param service: request consent to a service account, from a system administrator.
    :raises LoginFailed: if the run is unattended, or nobody signs in.
    """
    if not host.attended:
        raise LoginFailed("LOGIN_NEEDED")
    login = Login(configuration.require_redirect_uri(), scopes=scopes)
    url = authorization_url(configuration, login.state, scopes, service=service)
    timeout = host.run.login_timeout
    with _callback_receiver(host, login) as on_redirect:
        host.open_browser(url, on_redirect)
        return login.wait(
            timeout,
            lambda left: host.report_progress("login", 0, None, _sign_in_message(round(left))),
        )


@contextmanager
def _callback_receiver(host: Host, login: Login) -> Iterator[Callable[[str], Text | None]]:
    """Listen for the callback; yield the function that also accepts it from the host.

    :raises LoginFailed: if the port of the redirect URI is in use.
    """
    try:
        if host.redirect_uri:
            yield login.hand_over
            return
        with (
            host.lock(
                f"login/{login.redirect_uri}",
                host.run.login_timeout,
                _ANOTHER_LOGIN,
                lambda: LoginFailed("LOGIN_WAITED_FOR_ANOTHER"),
            ),
            CallbackServer(login),
        ):
            yield login.paste
    finally:
        login.close()


def _sign_in_message(left: int) -> Text:
    return Text(
        f"Logga in i Fortnox i webbläsaren ({left} s kvar)",
        f"Sign in to Fortnox in the browser ({left} s left)",
    )
