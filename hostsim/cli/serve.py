"""The page for people who do not live in a terminal."""

from __future__ import annotations

import os

from hostsim.cli.command import command, option
from hostsim.cli.common import Common, load_plugins
from hostsim.cli.login import login_timeout
from hostsim.cli.root import hostsim
from hostsim.cli.sandbox import PORT
from hostsim.storage import unreported_commits


@command(
    hostsim,
    "serve",
    json=False,
    sv="Öppna Ekonomi > Betalningsimport i webbläsaren, tills du trycker Ctrl-C.",
    en="Open Economy > Payment import in the browser, until you press Ctrl-C.",
)
@PORT
@option(
    "--host",
    metavar="ADRESS",
    default="127.0.0.1",
    sv="Adressen att lyssna på; annars bara den här datorn.",
    en="The address to listen on; otherwise this machine only.",
)
@option(
    "--public-url",
    metavar="URL",
    sv="Adressen som en omvänd proxy ger sidan: https://opter.example.com/fortnox. "
    "Inloggningens svar kommer till den, med /callback efter.",
    en="The address that a reverse proxy gives the page: https://opter.example.com/fortnox. "
    "The answer of a login comes to it, with /callback at its end.",
)
@option(
    "--user-header",
    metavar="NAMN",
    sv="Huvudet som proxyn namnger användaren i, som X-Remote-User; utan det släpps ingen in.",
    en="The header in which the proxy names the user, such as X-Remote-User; nobody comes in "
    "without it.",
)
@option(
    "--trusted-proxy",
    metavar="ADRESS",
    sv="Proxyns adress; bara den tros om användaren. Annars den här datorn.",
    en="The proxy's address; it alone is believed about the user. Otherwise this machine.",
)
@option("--no-open", is_flag=True, sv="Öppna ingen webbläsare.", en="Open no browser.")
@option(
    "--empty",
    is_flag=True,
    sv="Börja sandlådan före den första importen, som i Opters artikel.",
    en="Begin the sandbox before the first import, as in Opter's article.",
)
def serve(
    common: Common,
    port: int,
    host: str,
    *,
    public_url: str | None,
    user_header: str | None,
    trusted_proxy: str | None,
    no_open: bool,
    empty: bool,
) -> None:
    from hostsim.desk.reverse_proxy import reverse_proxy
    from hostsim.desk.startup import run_desk
    from hostsim.storage.secrets import system_keyring

    proxy = reverse_proxy(public_url, user_header, trusted_proxy)
    path = common.db or os.environ.get("HOSTSIM_DB")
    # Its pages report what is committed while it is served.
    with unreported_commits.uncounted():
        run_desk(
            common.output,
            load_plugins(),
            database=common.database if path else None,
            environment=os.environ,
            login_timeout=login_timeout(os.environ),
            keyring=system_keyring,
            host=host,
            port=port,
            proxy=proxy,
            open_browser=not no_open,
            empty=empty,
        )
