"""What an economist does every morning: read, look, save, compare."""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO, TYPE_CHECKING

import click

from hostsim.cli.common import Common, Day, Option, command, host_over, opened, tell, usage
from hostsim.cli.root import hostsim
from hostsim.errors import HostError
from hostsim.messages.text import say
from hostsim.storage.previews import PreviewChanged
from hostsim.views.output import ReaderClosed
from hostsim.views.preview import write_no_preview_json, write_preview, write_preview_json
from hostsim.views.progress import progress_on
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview
    from hostsim.storage.store import Store
    from opter_contract.values import Text as AnyText


NO_BROWSER = click.option(
    "--no-browser",
    is_flag=True,
    cls=Option,
    says=Text(
        "Öppna inget fönster: läs adressen som inloggningen slutar på från standard input.",
        "Open no window: read the address that the login ends at from standard input.",
    ),
)

REGION = click.option(
    "--region",
    cls=Option,
    metavar="REGION",
    says=Text(
        "Regionen vars fakturor betalas; annars filformatets egen.",
        "The region whose invoices are paid; otherwise the file format's own.",
    ),
)

BANK_ACCOUNT = click.option(
    "--bank-account",
    cls=Option,
    default="",
    metavar="KONTO",
    says=Text("Bankkontot som pengarna kom in på.", "The bank account that the money came in to."),
)

DATE = click.option(
    "--date",
    "day",
    cls=Option,
    type=Day(),
    metavar="DATUM",
    says=Text(
        "Importens datum, annars i dag; varje betalning behåller sitt eget.",
        "The date of the import, otherwise today; each payment keeps its own.",
    ),
)

SHOW_IGNORED = click.option(
    "--show-ignored",
    is_flag=True,
    cls=Option,
    says=Text("Visa även de ignorerade en för en.", "Show the ignored ones one by one, too."),
)


@command(
    hostsim,
    "import",
    Text("Läs in betalningar och visa dem.", "Bring in payments and show them."),
)
@click.argument("name", metavar="NAMN")
@click.option(
    "--save",
    is_flag=True,
    cls=Option,
    says=Text("Spara dem också.", "Save them too."),
)
@REGION
@BANK_ACCOUNT
@DATE
@NO_BROWSER
@SHOW_IGNORED
def import_(
    common: Common,
    name: str,
    *,
    save: bool,
    region: str | None,
    bank_account: str,
    day: datetime | None,
    no_browser: bool,
    show_ignored: bool,
) -> None:
    """Import, and save when asked to; print what came of it."""
    timeout = login_timeout(os.environ)
    with opened(common) as store:
        store.definition(name)
        with progress_on(sys.stderr, common.language) as progress:
            host = host_over(
                store,
                login_timeout=timeout,
                window=Window(common, browser=not no_browser),
                on_progress=progress,
            )
            preview = host.import_payments(
                name, region=region, bank_account=bank_account, date=day and day.date()
            )
        if save:
            with shown_where_changed(common, show_ignored=show_ignored):
                preview = host.save(name, preview.revision) or preview
        show_preview(common, preview, show_ignored=show_ignored)


def login_timeout(environment: Mapping[str, str]) -> float:
    """Read how many seconds a person may take to sign in."""
    given = environment.get("HOSTSIM_LOGIN_TIMEOUT", "").strip() or "300"
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise usage(
            f"HOSTSIM_LOGIN_TIMEOUT ska vara ett antal sekunder större än 0, inte ”{given}”.",
            f"HOSTSIM_LOGIN_TIMEOUT must be a number of seconds above 0, not “{given}”.",
        )
    return seconds


@contextlib.contextmanager
def shown_where_changed(common: Common, *, show_ignored: bool) -> Iterator[None]:
    """Show what is open, where something else was shown and so nothing was done.

    That nothing was done is said also where it cannot be shown; then it does not count as shown.
    """
    try:
        yield
    except PreviewChanged as changed:
        try:
            show_preview(common, changed.preview, show_ignored=show_ignored)
        except (ReaderClosed, HostError) as error:
            raise changed from error
        raise


def show_preview(common: Common, preview: Preview, *, show_ignored: bool) -> None:
    """Print a preview as tables, or as JSON where that was asked for.

    The last thing that a command does with its result: from now on, a save saves this.
    """
    output = common.output
    if common.json:
        write_preview_json(output, preview)
    else:
        write_preview(output, preview, show_ignored=show_ignored)
    output.flush()
    preview.mark_printed()


def last_printed(store: Store, name: str | None) -> str:
    """Give the revision of the open preview that a command printed last; ``""`` for none."""
    from hostsim.storage import previews

    return previews.printed(store, name)


class Window:
    """The window that a person signs in through, and the address beside it."""

    def __init__(self, common: Common, *, browser: bool) -> None:
        """Open the person's browser, or read the answer from standard input."""
        self._common = common
        self._browser = browser

    def __call__(self, address: str, answered: Callable[[str], AnyText | None]) -> bool:
        """Show the address, and open it or wait for what is pasted."""
        from hostsim.services.browser import open_browser

        if self._browser:
            self._common.tell(
                f"Logga in i fönstret som öppnas. Öppnas inget, gå till: {address}",
                f"Sign in in the window that opens. If none does, go to: {address}",
            )
            open_browser(address, answered)
            # Whoever runs the command sees the address, whether or not a browser opens.
            return True
        self._common.tell(f"Gå hit och logga in: {address}", f"Go here and sign in: {address}")
        self._common.tell(
            "Klistra sedan in adressen som inloggningen slutade på och tryck på Retur.",
            "Then paste the address that the login ended at and press Return.",
        )
        reader = threading.Thread(
            target=self._read_answers, args=(answered,), name="answers", daemon=True
        )
        reader.start()
        return True

    def _read_answers(self, answered: Callable[[str], AnyText | None]) -> None:
        for line in lines_of(sys.stdin):
            if not line.strip():
                continue
            refusal = answered(line.strip())
            if refusal is None:
                return
            tell(say(refusal, self._common.language))


def lines_of(stream: IO[str]) -> Iterator[str]:
    """Yield lines as they are typed, until the stream ends.

    Reads below Python's buffer where it can: a thread that waits inside that
    buffer makes the interpreter abort when the program ends before it.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        yield from stream
        return
    waiting = b""
    while True:
        try:
            more = os.read(descriptor, 4096)
        except OSError:
            return
        *lines, waiting = (waiting + more).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if not more:
            if waiting:
                yield waiting.decode("utf-8", "replace")
            return


@command(
    hostsim,
    "save",
    Text("Spara de betalningar som visades.", "Save the payments that were shown."),
)
@click.argument("name", required=False, metavar="[NAMN]")
@click.option(
    "--revision",
    cls=Option,
    metavar="REVISION",
    says=Text(
        "Spara just den revisionen (revision i --json); annars den som ett kommando visade sist.",
        "Save this very revision (revision in --json); otherwise the one that a command showed "
        "last.",
    ),
)
@SHOW_IGNORED
def save(common: Common, name: str | None, *, revision: str | None, show_ignored: bool) -> None:
    """Save what a command printed last, and had ended before this one began."""
    with opened(common) as store:
        # First of all: what is printed from now on, nobody has looked at.
        shown = last_printed(store, name) if revision is None else revision
        if name is not None:
            store.definition(name)
        if not shown and revision is not None:
            raise usage("Ange en revision.", "Give a revision.")
        host = host_over(store)
        with shown_where_changed(common, show_ignored=show_ignored):
            preview = host.save(name, shown)
        if preview is not None:
            show_preview(common, preview, show_ignored=show_ignored)
        elif common.json:
            write_no_preview_json(common.output, name)
        else:
            common.output.say("Det finns inget att spara.", "There is nothing to save.")


@command(
    hostsim,
    "reconcile",
    Text(
        "Jämför alla betalningar som finns där de kommer ifrån med de registrerade; ingenting "
        "ändras.",
        "Compare all payments that exist where they come from with the registered ones; "
        "nothing is changed.",
    ),
)
@click.argument("name", metavar="NAMN")
@NO_BROWSER
@SHOW_IGNORED
def reconcile(common: Common, name: str, *, no_browser: bool, show_ignored: bool) -> None:
    """Compare both sides; differences are no error."""
    from hostsim.views.reconciliation import write_reconciliation, write_reconciliation_json

    timeout = login_timeout(os.environ)
    with opened(common) as store, contextlib.ExitStack() as held:
        store.definition(name)
        with progress_on(sys.stderr, common.language) as progress:
            window = Window(common, browser=not no_browser)
            host = host_over(store, login_timeout=timeout, window=window, on_progress=progress)
            found = held.enter_context(host.reconcile(name))
        if common.json:
            write_reconciliation_json(common.output, found)
        else:
            write_reconciliation(common.output, found, show_ignored=show_ignored)
