"""The page for people who do not live in a terminal."""

from __future__ import annotations

import os

from hostsim.cli.command import command, option
from hostsim.cli.common import Common, load_plugins
from hostsim.cli.login import login_timeout
from hostsim.cli.root import hostsim
from hostsim.cli.sandbox import PORT
from hostsim.storage import commits


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
@option("--no-open", is_flag=True, sv="Öppna ingen webbläsare.", en="Open no browser.")
@option(
    "--empty",
    is_flag=True,
    sv="Börja sandlådan före den första importen, som i Opters artikel.",
    en="Begin the sandbox before the first import, as in Opter's article.",
)
def serve(common: Common, port: int, host: str, *, no_open: bool, empty: bool) -> None:
    from hostsim.desk.startup import run_desk
    from hostsim.storage.secrets import system_keyring

    given = common.db or os.environ.get("HOSTSIM_DB")
    # Its pages report what is committed while it is served.
    with commits.passing():
        run_desk(
            common.output,
            load_plugins(),
            database=common.database if given else None,
            environment=os.environ,
            login_timeout=login_timeout(os.environ),
            keyring=system_keyring,
            host=host,
            port=port,
            open_browser=not no_open,
            empty=empty,
        )
