"""The whole job on one machine, for a person who wants to see it before trusting it.

Everything in it is real but Fortnox: the plug-in that is installed, a server
on loopback that speaks as Fortnox does, a login over HTTP, and a database.
"""

from __future__ import annotations

import csv
import io
import logging
import random
import shlex
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from hostsim.errors import HostError, host_error
from hostsim.ledger.reasons import ACCEPT, REPLACED
from hostsim.messages import texts
from hostsim.messages.texts import say
from hostsim.sandbox import Sandbox, Switches, scripted_login, seed
from hostsim.sandbox.server import REDIRECT_URI
from hostsim.sandbox.switches import from_text
from hostsim.services import invoices_csv
from hostsim.services.host import Host
from hostsim.storage.store import Store
from hostsim.views import render
from hostsim.views.render import Column, Paper
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins
    from hostsim.storage.previews import Preview
    from opter_contract.values import Text as AnyText

log = logging.getLogger(__name__)

#: What the demonstration calls its import, and what it chooses for it.
NAME = "Fortnox"
IMPORT_TYPE = "FortnoxAPI"
IMPORT_FORMAT = "API"

#: SEK that may be missing before a payment counts as partial.
ACCEPTED_DEVIATION = "5"

#: Seconds that the demo's own visitor may take to sign in.
LOGIN_TIMEOUT = 60.0


def run_demo(
    paper: Paper,
    plugins: Plugins,
    *,
    progress_stream: TextIO,
    keep: Path | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    elapsed: Callable[[], float] = time.monotonic,
) -> None:
    """Sign in, import, save and import again, and say at each step what happens.

    :param keep: the folder for the database; a temporary one that is removed
        at the end when not given.
    :raises HostError: ``DEMO_FAILED`` when the demonstration did not show
        what it promises.
    """
    began = elapsed()
    with _folder(paper, keep) as folder:
        demo = _Demo(paper, plugins, progress_stream, folder, now())
        demo.run()
        seconds = elapsed() - began
        demo.summarise(seconds)


@dataclass(slots=True)
class _Demo:
    """One run of the demonstration."""

    paper: Paper
    plugins: Plugins
    progress_stream: TextIO
    folder: Path
    now: datetime
    step: int = 0
    requests: int = 0
    seen: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Go through all steps."""
        redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
        self._tell(
            "Startar ett låtsat Fortnox på den här datorn.",
            "Starting a pretended Fortnox on this machine.",
        )
        books = seed.haulier(self.now)
        with (
            Sandbox(books, redirect_uri=redirect_uri) as sandbox,
            Store.create(self.folder / "hostsim.db") as store,
        ):
            self.paper.say(f"   Det svarar på {sandbox.url}.", f"   It answers at {sandbox.url}.")
            self._prepare(store, sandbox)
            self._first_import(store, sandbox)
            self._decisions(store, sandbox)
            self._second_import(store, sandbox)
            self._check(store)

    def _prepare(self, store: Store, sandbox: Sandbox) -> None:
        store.set_setting("accepted_deviation", ACCEPTED_DEVIATION)
        loaded = store.load_invoices(exported_invoices(self.now))
        self._tell(
            f"Lägger in {loaded.new} fakturor som är skickade till Fortnox, "
            f"och godtar avvikelser på högst {ACCEPTED_DEVIATION} SEK.",
            f"Putting in {loaded.new} invoices that were sent to Fortnox, "
            f"and accepting deviations of at most {ACCEPTED_DEVIATION} SEK.",
        )
        values = {
            "ignore_payments_before": seed.cut_off(self.now).isoformat(),
            "ignore_numbers_before": str(seed.LOWEST_NUMBER),
        }
        host = self._host(store, sandbox)
        host.define(NAME, IMPORT_TYPE, IMPORT_FORMAT, "", values)
        labels = {field.key: field.label for field in host.settings_fields(IMPORT_TYPE)}
        shown = ", ".join(
            f"{say(labels[key], self.paper.language)} {value}" for key, value in values.items()
        )
        self._tell(
            f"Lägger upp importen {NAME} ({IMPORT_TYPE}) med {shown}.",
            f"Defining the import {NAME} ({IMPORT_TYPE}) with {shown}.",
        )

    def _first_import(self, store: Store, sandbox: Sandbox) -> None:
        self._tell(
            f"Loggar in i Fortnox som {seed.USER} och läser in betalningar.",
            f"Signing in to Fortnox as {seed.USER} and bringing in payments.",
        )
        preview = self._import(store, sandbox)
        self._show(preview)
        self._save(store, sandbox)
        self._tell(
            "Visar de betalningar som nu är registrerade.",
            "Showing the payments that are registered now.",
        )
        render.show_payments(self.paper, store.payments, shorten=True)

    def _decisions(self, store: Store, sandbox: Sandbox) -> None:
        host = self._host(store, sandbox)
        first, last = str(min(seed.DIRECT)), str(max(seed.DIRECT))
        host.set_aside_series(NAME, first, last, why="faktureras direkt i Fortnox")
        self._tell(
            f"Lägger undan fakturorna {first} till {last}, som görs direkt i Fortnox.",
            f"Setting aside the invoices {first} to {last}, which are made in Fortnox directly.",
        )
        waiting = next(
            payment
            for payment in sandbox.state.companies[seed.COMPANY].payments()
            if payment.invoice_number == seed.BOOKED_OVERNIGHT
        )
        host.add_payment(str(seed.BOOKED_OVERNIGHT), waiting.amount, date=waiting.payment_date)
        self._tell(
            f"Registrerar betalningen av faktura {seed.BOOKED_OVERNIGHT} för hand, fast den "
            "bara väntar på att bokföras i Fortnox.",
            f"Registering the payment of invoice {seed.BOOKED_OVERNIGHT} by hand, although it "
            "only waits to be booked in Fortnox.",
        )
        gone = next(row for row in store.payments() if row.status == "exact" and row.id)
        host.delete_payment(gone.id or 0, why="fel faktura")
        self._tell(
            f"Tar bort en registrerad betalning av faktura {gone.host_invoice_number}; den "
            "erbjuds igen vid nästa import.",
            f"Deleting a registered payment of invoice {gone.host_invoice_number}; it is "
            "offered again by the next import.",
        )

    def _second_import(self, store: Store, sandbox: Sandbox) -> None:
        self._tell(
            "Nästa dag: under natten har Fortnox fått nya betalningar, bokfört en, ändrat en som "
            "redan är registrerad och tagit bort två, av vilka en är gjord på nytt. Läser in igen.",
            "The next day: overnight Fortnox got new payments, booked one, changed one that is "
            "registered already, and deleted two, of which one was made again. Importing again.",
        )
        before = registered_numbers(store)
        seed.change_overnight(sandbox.state)
        preview = self._import(store, sandbox)
        self._show(preview)
        again = before & {row.payment_number for row in preview.rows("ready")}
        if again:
            raise _failed(
                f"{len(again)} betalningar som redan är registrerade erbjöds igen",
                f"{len(again)} payments that are registered already were offered again",
            )
        self._accept(store, sandbox, preview)
        self._save(store, sandbox)
        self._tell(
            f"Inget togs två gånger: de {len(before)} som var registrerade står kvar en gång var.",
            f"Nothing was taken twice: the {len(before)} that were registered stand there once.",
        )

    def _accept(self, store: Store, sandbox: Sandbox, preview: Preview) -> None:
        """Accept what was made again, and delete here what was only deleted there."""
        host = self._host(store, sandbox)
        again = next(row for row in preview.rows("rejected") if row.reason == REPLACED)
        host.decide(NAME, again.payment_number, ACCEPT)
        for one in preview.discrepancies():
            if one.payment_id is not None:
                host.delete_payment(one.payment_id, why="borttagen i Fortnox")
        self._tell(
            f"Godkänner betalning {again.payment_number} i stället för den borttagna, och tar bort "
            "även här den som ingen kom i stället för.",
            f"Accepting payment {again.payment_number} in the place of the deleted one, and "
            "deleting here, too, the one that no other came for.",
        )

    def _import(self, store: Store, sandbox: Sandbox) -> Preview:
        with render.progress_on(self.progress_stream, self.paper.language) as progress:
            host = self._host(store, sandbox, on_progress=progress)
            preview = host.import_payments(NAME)
        self.requests += preview.requests
        return preview

    def _host(self, store: Store, sandbox: Sandbox, **keywords: Any) -> Host:
        return Host(
            store,
            self.plugins,
            configuration=sandbox.environment(),
            login_timeout=LOGIN_TIMEOUT,
            window=sign_in_elsewhere,
            **keywords,
        )

    def _show(self, preview: Preview) -> None:
        self.paper.line()
        render.show_preview(self.paper, preview, show_ignored=True, shorten=True)
        for kind in render.KINDS:
            self.seen |= {row.status or row.reason or "" for row in preview.rows(kind)}

    def _save(self, store: Store, sandbox: Sandbox) -> None:
        saved = self._host(store, sandbox).save(NAME)
        number = 0 if saved is None else saved.counts["ready"]
        self._tell(
            f"Sparar: {texts.payments(number).sv} registreras.",
            f"Saving. {texts.registered(number).en}",
        )

    def _check(self, store: Store) -> None:
        """See to it that the demonstration kept its promises."""
        missing = [code for code in (*render.STATUSES, *render.REASONS) if code not in self.seen]
        if missing:
            codes = ", ".join(missing)
            raise _failed(f"detta visades aldrig: {codes}", f"never shown: {codes}")
        keys = [entry.payment.key for entry in store.registered()]
        if len(set(keys)) != len(keys):
            raise _failed("en betalning är registrerad två gånger", "a payment is registered twice")

    def summarise(self, seconds: float) -> None:
        """Say in a few lines what was shown."""
        self._tell("Klart.", "Done.")
        language = self.paper.language
        rows = [
            (say(Text("Bedömningar", "Judgements"), language), _names(render.STATUSES, language)),
            (say(Text("Orsaker", "Reasons"), language), _names(render.REASONS, language)),
            (
                say(Text("Registrerat två gånger", "Registered twice"), language),
                say(Text("ingenting", "nothing"), language),
            ),
            (say(Text("Anrop till Fortnox", "Requests to Fortnox"), language), str(self.requests)),
            (
                say(Text("Tid", "Time"), language),
                say(Text(f"{seconds:.1f} s".replace(".", ","), f"{seconds:.1f} s"), language),
            ),
        ]
        columns: list[Column[tuple[str, str]]] = [
            Column(Text("Visat", "Shown"), lambda row: row[0]),
            Column(Text("Vad", "What"), lambda row: row[1], wraps=True),
        ]
        render.show_table(self.paper, columns, lambda: rows)

    def _tell(self, sv: str, en: str) -> None:
        self.step += 1
        self.paper.line()
        self.paper.line(
            self.paper.style(f"{self.step}. {en if self.paper.language == 'en' else sv}", "1;36")
        )
        self.paper.flush()


def _names(labels: Mapping[str, Text], language: str) -> str:
    return ", ".join(f"{say(label, language)} ({code})" for code, label in labels.items())


def _failed(sv: str, en: str) -> HostError:
    return host_error("DEMO_FAILED", what=Text(sv, en))


@contextmanager
def _folder(paper: Paper, keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="hostsim-demo-") as folder:
            yield Path(folder)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise host_error("FOLDER_UNREACHABLE", path=keep) from error
    yield keep
    paper.say(f"Databasen ligger kvar i {keep}.", f"The database stays in {keep}.")


def registered_numbers(store: Store) -> set[str]:
    """Collect the numbers of the payments that are registered."""
    return {row.payment_number for row in store.payments() if row.state == "registered"}


def exported_invoices(now: datetime) -> list[Any]:
    """Read the demo's invoices as any file of invoices is read."""
    rows = seed.exported_invoices(now)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return list(invoices_csv.invoices_in(text.getvalue().encode(), file="demo"))


def free_port(choose: Callable[[int, int], int] = random.randint) -> int:
    """Find a port of this machine that nobody listens on.

    Below the ports that systems give to outgoing connections, so that none of
    those takes it before it is used.
    """
    for _ in range(100):
        port = choose(26_000, 32_000)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("this machine has no free port")


def sign_in_elsewhere(address: str, _answered: Callable[[str], AnyText | None]) -> bool:
    """Be the person in the window: sign in over HTTP, in a thread of its own."""

    def sign_in() -> None:
        try:
            scripted_login.sign_in(address, seed.USER, seed.PASSWORD)
        except Exception:
            # The import then says that nobody signed in; here stands why.
            log.exception("the demo's visitor could not sign in")

    threading.Thread(target=sign_in, name="visitor", daemon=True).start()
    return True


# --- The sandbox on its own --------------------------------------------------


def until_interrupted() -> None:
    """Wait for Ctrl-C, in turns: on Windows an endless wait would not hear it."""
    never = threading.Event()
    while not never.wait(0.5):
        pass


@contextmanager
def told_to_end() -> Iterator[None]:
    """Hear SIGTERM as Ctrl-C, so that what was begun is ended, and nothing temporary stays.

    A script that starts us in the background has a shell that lets us ignore
    Ctrl-C, which is meant for others; SIGTERM is how it ends us.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # where signals are somebody else's
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_sandbox(
    paper: Paper,
    *,
    port: int = 0,
    company: int | None = None,
    data: Path | None = None,
    empty: bool = False,
    switches: Sequence[str] = (),
    redirect_uri: str | None = None,
    wait: Callable[[], object] = until_interrupted,
) -> None:
    """Run the sandbox until Ctrl-C or SIGTERM, and print what a client needs to use it.

    :param port: 0 takes a free one.
    :param company: whose payments the curl line reads; the first by preset.
    :param switches: ``NAME=VALUE`` where Fortnox's behaviour is not known.
    :param redirect_uri: the registered one, for a client with an address of its own.
    :param wait: waits for the end; replaced in tests.
    """
    chosen = _switches(switches)
    with told_to_end(), _started(_books(data, empty=empty), port, chosen, redirect_uri) as sandbox:
        try:
            for line in sandbox_lines(sandbox, paper.language, company):
                paper.line(line)
            paper.flush()
            wait()
        except KeyboardInterrupt:
            paper.line()
            paper.say("Avslutat.", "Ended.")


def _books(data: Path | None, *, empty: bool) -> Any:
    if data is not None and empty:
        raise host_error(
            "USAGE",
            what=Text(
                "--data och --empty kan inte användas ihop; välj en.",
                "--data and --empty cannot be used together; choose one.",
            ),
        )
    if empty:
        return seed.empty()
    if data is None:
        return seed.haulier(datetime.now(UTC))
    try:
        return seed.from_json(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise host_error("SANDBOX_DATA_WRONG", path=data, why=error) from error


def _switches(given: Sequence[str]) -> Switches:
    chosen = Switches()
    for text in given:
        try:
            chosen = chosen.changed(from_text(text))
        except ValueError as error:
            raise host_error(
                "USAGE",
                what=Text(
                    f"--switch {text} går inte: {error}. Sidan hostsim/sandbox/UNKNOWNS.md "
                    "beskriver alla.",
                    f"--switch {text} is not possible: {error}. The page "
                    "hostsim/sandbox/UNKNOWNS.md "
                    "describes all.",
                ),
            ) from error
    return chosen


def _started(books: Any, port: int, switches: Switches, redirect_uri: str | None) -> Sandbox:
    sandbox = Sandbox(
        books, port=port, switches=switches, redirect_uri=redirect_uri or REDIRECT_URI
    )
    try:
        sandbox.start()
    except OSError as error:
        raise host_error("SANDBOX_PORT_IN_USE", port=port) from error
    return sandbox


def sandbox_lines(sandbox: Sandbox, language: str, company: int | None = None) -> Iterator[str]:
    """Yield what a person needs to point a client at the sandbox."""
    environment = sandbox.environment()

    def words(sv: str, en: str) -> str:
        return en if language == "en" else sv

    yield words(
        f"Ett låtsat Fortnox kör på {sandbox.url}. Avsluta med Ctrl-C.",
        f"A pretended Fortnox runs at {sandbox.url}. End it with Ctrl-C.",
    )
    yield words(f"Inloggning:   {sandbox.auth_url}", f"Login:        {sandbox.auth_url}")
    yield f"API:          {sandbox.api_url}"
    yield words("Styrpanel:", "Switchboard:").ljust(14) + sandbox.switchboard_url
    for user in sandbox.state.users.values():
        yield words("Användare:", "User:").ljust(14) + words(
            f"{user.name}, lösenord {user.password}", f"{user.name}, password {user.password}"
        )
    for number, books in sandbox.state.companies.items():
        yield words("Företag:", "Company:").ljust(14) + f"{number}, {books.name}"
    yield words("Klient:", "Client:").ljust(14) + sandbox.client_id
    yield words("Hemlighet:", "Secret:").ljust(14) + sandbox.client_secret
    yield ""
    yield words("Kopiera till sh eller bash:", "Copy to sh or bash:")
    yield from (f"export {key}={shlex.quote(value)}" for key, value in environment.items())
    yield ""
    yield words("Kopiera till PowerShell:", "Copy to PowerShell:")
    yield from (f"$env:{key} = '{value}'" for key, value in environment.items())
    token = _access_token(sandbox, company)
    if token is not None:
        yield ""
        yield words("Prova (gäller i en timme):", "Try it (good for an hour):")
        yield (
            f'curl -H "Authorization: Bearer {token}" '
            f'"{sandbox.api_url}/invoicepayments?limit=5&sortby=paymentdate"'
        )
    yield words("Vad styrpanelen kan:", "What the switchboard can do:")
    yield f'curl "{sandbox.switchboard_url}"'


def _access_token(sandbox: Sandbox, company: int | None) -> str | None:
    """Issue a token without a login, for the line that a person copies."""
    companies = sandbox.state.companies
    if company is None and companies:
        company = next(iter(companies))
    if company is None:
        return None
    if company not in companies:
        known = ", ".join(str(number) for number in companies)
        raise host_error(
            "USAGE",
            what=Text(
                f"Företaget {company} finns inte; välj ett av {known}.",
                f"There is no company {company}; choose one of {known}.",
            ),
        )
    return sandbox.sign_in(company).access
