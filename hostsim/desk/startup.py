"""What ``hostsim serve`` prepares: a database, a Fortnox to sign in to, and the page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hostsim.demo import (
    ACCEPTED_DEVIATION,
    ending_on_signals,
    exported_invoices,
    free_port,
    load_bills,
    load_with_rows,
    until_interrupted,
)
from hostsim.desk import demo_day
from hostsim.desk.access_control import is_loopback
from hostsim.desk.context import DeskContext
from hostsim.desk.server import Desk
from hostsim.errors import host_error
from hostsim.sandbox import Sandbox, seed, seed_bills, seed_invoices
from hostsim.services import browser
from hostsim.storage.secrets import FindKeyring, no_keyring
from hostsim.storage.store import Store
from hostsim.views.output import Output

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins

#: Set where the real Fortnox is wanted.
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
    open_browser: bool = True,
    empty: bool = False,
    wait: Callable[[], object] = until_interrupted,
) -> None:
    """Serve the desk until Ctrl-C or SIGTERM, and print its address.

    :param database: the file; ``None`` is ``hostsim.db`` with the real Fortnox, and a
        temporary one that is removed at the end with the sandbox.
    :param environment: where credentials are looked for.
    :param empty: begin the sandbox before the first import, instead of on its second day.
    :param wait: waits for the end; replaced in tests.
    """
    real = bool(environment.get(CREDENTIALS, "").strip())
    with ExitStack() as stack:
        stack.enter_context(ending_on_signals())
        if real:
            store = stack.enter_context(opened(database or Path(DATABASE)))
            desk_context = DeskContext(store, plugins, login_timeout=login_timeout, keyring=keyring)
        else:
            desk_context = stack.enter_context(
                beside_sandbox(plugins, database, login_timeout, second_day=not empty)
            )
        desk_context.host().notify_listeners()
        desk = stack.enter_context(_listening(desk_context, host, port))
        _print_address(output, desk, real=real, lasting=database is not None, host=host)
        if open_browser:
            browser.open_browser(desk.url, lambda _address: None)
        try:
            wait()
        except KeyboardInterrupt:
            output.line()
            output.say("Avslutat.", "Ended.")


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Open a database, or make it where there is none."""
    with Store.open(path) if path.exists() else Store.create(path) as store:
        yield store


@contextmanager
def beside_sandbox(
    plugins: Plugins,
    database: Path | None = None,
    login_timeout: float = 300.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    second_day: bool = False,
    user: str | None = None,
) -> Iterator[DeskContext]:
    """Give an office whose Fortnox is a sandbox with an invented haulage company.

    :param database: a new one gets the haulier's invoices, an existing one is not changed;
        ``None`` is a temporary one.
    :param second_day: play a day of work in a new one, so that a first visit shows every kind of
        payment.
    :param user: who works there, by default whoever is signed in to this machine.
    """
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    with ExitStack() as stack:
        if database is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hostsim-desk-"))
            database = Path(folder) / DATABASE
        new = not database.exists()
        sandbox = stack.enter_context(Sandbox(seed.haulier(now()), redirect_uri=redirect_uri))
        store = stack.enter_context(opened(database))
        if new:
            store.set_setting("accepted_deviation", ACCEPTED_DEVIATION)
            store.load_invoices(exported_invoices(now()))
            load_with_rows(store, seed_invoices.invoices_to_export(now()))
            load_with_rows(store, seed_invoices.invoices_that_wait(now()))
            load_bills(store, seed_bills.bills_to_export(now()))
        desk_context = DeskContext(
            store,
            plugins,
            configuration=sandbox.environment(),
            login_timeout=login_timeout,
            user=user,
            sandbox=sandbox,
        )
        if new and second_day:
            demo_day.play_yesterday(desk_context, sandbox, now)
        yield desk_context


@contextmanager
def _listening(desk_context: DeskContext, host: str, port: int) -> Iterator[Desk]:
    with ExitStack() as stack:
        try:
            desk = stack.enter_context(Desk(desk_context, host, port))
        except OSError as error:
            raise host_error("DESK_PORT_IN_USE", host=host, port=port) from error
        yield desk


def _print_address(output: Output, desk: Desk, *, real: bool, lasting: bool, host: str) -> None:
    output.say(
        f"Betalningsimporten finns på {desk.url}. Avsluta med Ctrl-C.",
        f"The payment import is at {desk.url}. End it with Ctrl-C.",
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
    if not is_loopback(host):
        output.say(
            f"Varning: alla som når {host} kan läsa och spara betalningar här, utan lösenord och "
            "utan kryptering.",
            f"Warning: whoever reaches {host} can read and save payments here, without a password "
            "and without encryption.",
        )
    output.flush()
