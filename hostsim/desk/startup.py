"""What ``hostsim serve`` prepares: a database, a Fortnox to sign in to, and the page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hostsim.demo.preparation import (
    ACCEPTED_DEVIATION,
    exported_invoices,
    free_port,
    load_bills,
    load_with_rows,
)
from hostsim.desk import demo_day
from hostsim.desk.context import DeskContext
from hostsim.desk.reverse_proxy import NO_PROXY, ReverseProxy, is_loopback
from hostsim.desk.server import Desk
from hostsim.errors import host_error
from hostsim.sandbox import Sandbox, seed, seed_exports
from hostsim.sandbox.standalone import until_interrupted
from hostsim.services import browser
from hostsim.storage.secrets import FindKeyring, no_keyring
from hostsim.storage.store import Store
from hostsim.views.output import Output

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins

#: The environment variable that selects the real Fortnox.
CREDENTIALS = "FORTNOX_CLIENT_ID"

#: The default file of the host's data.
DATABASE = "hostsim.db"


def run_desk(
    output: Output,
    plugins: Plugins,
    *,
    database: Path | None,
    environment: Mapping[str, str],
    login_timeout: float,
    keyring: FindKeyring = no_keyring,
    host: str = "127.0.0.1",
    port: int = 0,
    proxy: ReverseProxy = NO_PROXY,
    open_browser: bool = True,
    empty: bool = False,
    wait: Callable[[], object] = until_interrupted,
) -> None:
    """Serve the desk until Ctrl-C or SIGTERM, and print its URL.

    :param database: the file; ``None`` is ``hostsim.db`` with the real Fortnox, and a
        temporary one that is removed at the end with the sandbox.
    :param environment: may contain the credentials.
    :param proxy: the reverse proxy in front of it.
    :param empty: start the sandbox before the first import, not on its second day.
    :param wait: blocks until the end; replaced in tests.
    """
    real = bool(environment.get(CREDENTIALS, "").strip())
    redirect_uri = proxy.redirect_uri
    office = (
        _real_context(plugins, database or Path(DATABASE), login_timeout, keyring, redirect_uri)
        if real
        else sandbox_context(
            plugins, database, login_timeout, second_day=not empty, redirect_uri=redirect_uri
        )
    )
    with office as desk_context, ExitStack() as stack:
        desk_context.host().notify_listeners()
        try:
            desk = stack.enter_context(Desk(desk_context, host, port, proxy))
        except OSError as error:
            raise host_error("DESK_PORT_IN_USE", host=host, port=port) from error
        _print_start(output, desk, real=real, lasting=database is not None)
        _print_warnings(output, host, proxy)
        output.flush()
        if open_browser:
            browser.open_browser(desk.start_url, lambda _url: None)
        try:
            wait()
        except KeyboardInterrupt:
            output.line()
            output.say("Avslutat.", "Ended.")


@contextmanager
def open_store(path: Path) -> Iterator[tuple[Store, bool]]:
    """Open a database for writing, or create it; true if it is new."""
    store, created = Store.open_or_create(path)
    with store:
        store.refuse_immutable()
        yield store, created


@contextmanager
def _real_context(
    plugins: Plugins, database: Path, login_timeout: float, keyring: FindKeyring, redirect_uri: str
) -> Iterator[DeskContext]:
    """Yield an office whose Fortnox is the real one."""
    with open_store(database) as (store, _):
        yield DeskContext(
            store,
            plugins,
            login_timeout=login_timeout,
            keyring=keyring,
            redirect_uri=redirect_uri,
        )


@contextmanager
def sandbox_context(
    plugins: Plugins,
    database: Path | None = None,
    login_timeout: float = 300.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    second_day: bool = False,
    user: str | None = None,
    redirect_uri: str = "",
) -> Iterator[DeskContext]:
    """Yield an office whose Fortnox is a sandbox with an invented haulage company.

    :param database: a new one gets the haulier's invoices, an existing one is not changed;
        ``None`` is a temporary one.
    :param second_day: simulate a day of work in a new one, so that a first visit shows every
        kind of payment.
    :param user: by default whoever is signed in to this machine.
    :param redirect_uri: where a login redirects the browser to; by default to the plug-in.
    """
    registered_uri = redirect_uri or f"http://127.0.0.1:{free_port()}/callback"
    with ExitStack() as stack:
        if database is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hostsim-desk-"))
            database = Path(folder) / DATABASE
        sandbox = stack.enter_context(Sandbox(seed.haulier(now()), redirect_uri=registered_uri))
        store, new = stack.enter_context(open_store(database))
        if new:
            store.set_setting("accepted_deviation", ACCEPTED_DEVIATION)
            store.load_invoices(exported_invoices(now()))
            load_with_rows(store, seed_exports.invoices_to_export(now()))
            load_with_rows(store, seed_exports.pending_invoices(now()))
            load_bills(store, seed_exports.bills_to_export(now()))
        desk_context = DeskContext(
            store,
            plugins,
            configuration=sandbox.environment(),
            login_timeout=login_timeout,
            user=user,
            redirect_uri=redirect_uri,
            sandbox=sandbox,
        )
        if new and second_day:
            demo_day.play_yesterday(desk_context, sandbox, now)
        yield desk_context


def _print_start(output: Output, desk: Desk, *, real: bool, lasting: bool) -> None:
    output.say(
        f"Betalningsimporten finns på {desk.start_url}\nAvsluta med Ctrl-C.",
        f"The payment import is at {desk.start_url}\nEnd it with Ctrl-C.",
    )
    if desk.start_url != desk.public_url:
        output.say(
            "Adressen är som ett lösenord: den släpper in vem som helst som har den, tills du "
            "avslutar.",
            "The address is like a password: it lets in whoever has it, until you end it.",
        )
    if desk.public_url != desk.url:
        redirect_uri = desk.desk_context.redirect_uri
        output.say(
            f"Omvänd proxy: skicka vidare till {desk.url}. Redirect URI i Fortnox "
            f"utvecklarportal: {redirect_uri}",
            f"Reverse proxy: pass on to {desk.url}. Redirect URI in Fortnox's developer portal: "
            f"{redirect_uri}",
        )
    if not real:
        output.say(
            f"Fortnox är en sandlåda på den här datorn: användare {seed.USER}, "
            f"lösenord {seed.PASSWORD}.",
            f"Fortnox is a sandbox on this machine: user {seed.USER}, password {seed.PASSWORD}.",
        )
    if real or lasting:
        path = desk.desk_context.store.path
        output.say(f"Databasen är {path}.", f"The database is {path}.")
    else:
        output.say(
            "Databasen är tillfällig och tas bort när du avslutar; behåll den med --db.",
            "The database is temporary and removed at the end; keep one with --db.",
        )


def _print_warnings(output: Output, host: str, proxy: ReverseProxy) -> None:
    if proxy.user_header:
        return
    if proxy.public_url:
        output.say(
            "Varning: alla som har adressen kan läsa och spara betalningar, och hostsim vet inte "
            "vem det var (--user-header).",
            "Warning: whoever has the address can read and save payments, and hostsim does not "
            "know who it was (--user-header).",
        )
    if not is_loopback(host):
        output.say(
            f"Varning: {host} nås utan kryptering: den som lyssnar på nätet ser adressen och kan "
            "då läsa och spara betalningar.",
            f"Warning: {host} is reached without encryption: whoever listens on the network sees "
            "the address and can then read and save payments.",
        )
