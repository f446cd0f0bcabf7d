"""The demonstration: imports and an export on one machine, from sign-in to reconciling.

Everything in it is real but Fortnox: the installed plug-in, a login over HTTP, a
database, and the sandbox in the place of Fortnox.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from hostsim.demo import both_sides
from hostsim.demo.preparation import (
    ACCEPTED_DEVIATION,
    BILLS_NAME,
    EXPORT_NAME,
    IMPORT_FORMAT,
    IMPORT_TYPE,
    NAME,
    bill_settings,
    books_and_pays,
    export_settings,
    exported_invoices,
    free_port,
    load_bills,
    load_with_rows,
    sign_in_in_background,
)
from hostsim.errors import HostError, host_error
from hostsim.ledger.judging import KINDS
from hostsim.ledger.reasons import (
    ACCEPT,
    LEFT,
    NOT_LOOKED_UP,
    OTHER_REGION,
    REPLACED,
    SETTLEMENT_BLOCKED,
)
from hostsim.ledger.values import REGISTERED
from hostsim.messages import payments as payments_messages
from hostsim.messages.exports import BILLS, INVOICES
from hostsim.messages.text import listed, say
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Sandbox, seed, seed_cases, seed_exports, seed_overnight
from hostsim.services.host import Host
from hostsim.storage.export_previews import ExportPreview
from hostsim.storage.previews import Preview
from hostsim.storage.private_files import make_folder
from hostsim.storage.store import Store
from hostsim.views import exports as export_views
from hostsim.views import labels
from hostsim.views.output import Output
from hostsim.views.payments import write_entries
from hostsim.views.preview_output import write_preview
from hostsim.views.progress import progress_on
from hostsim.views.table import Column, write_table
from opter_contract.values import Text

#: The reasons that are shown; nothing that is refused belongs to an ordinary day, which has one
#: region.
_REASONS = {
    code: label
    for code, label in labels.REASONS.items()
    if code not in {LEFT, NOT_LOOKED_UP, OTHER_REGION, SETTLEMENT_BLOCKED}
}

#: The columns of a preview that are shown.
_SHORT = frozenset({"invoice", "bill", "customer", "supplier", "total", "other_total", "message"})

#: Seconds that the automatic sign-in may take.
LOGIN_TIMEOUT_SECONDS = 60.0


def run_demo(
    output: Output,
    plugins: Plugins,
    *,
    progress_stream: TextIO,
    keep: Path | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Sign in, import, save and import again, explaining each step.

    :param keep: the folder for the database; a temporary one that is removed
        at the end when not given.
    :raises HostError: ``DEMO_FAILED`` when the demonstration did not show
        what it promises.
    """
    began = time.monotonic()
    with _folder(output, keep) as folder:
        demo = _Demo(output, plugins, progress_stream, folder, now())
        demo.run()
        demo.summarise(time.monotonic() - began)


@dataclass(slots=True)
class _Demo:
    """One run of the demonstration."""

    output: Output
    plugins: Plugins
    progress_stream: TextIO
    folder: Path
    now: datetime
    sandbox: Sandbox = field(init=False)
    store: Store = field(init=False)
    step: int = 0
    requests: int = 0
    shown: set[str] = field(default_factory=set)
    flows: Sequence[both_sides.Flow] = ()

    def run(self) -> None:
        redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
        self._explain(
            "Startar ett låtsat Fortnox på den här datorn.",
            "Starting a simulated Fortnox on this machine.",
        )
        books = seed.haulier(self.now)
        with (
            Sandbox(books, redirect_uri=redirect_uri) as self.sandbox,
            Store.create(self.folder / "hostsim.db") as self.store,
        ):
            self.output.say(
                f"   Det svarar på {self.sandbox.url}.", f"   It answers at {self.sandbox.url}."
            )
            self._prepare()
            self._first_import()
            self._decisions()
            self._second_import()
            self._check_shown()
            numbers = self._export_invoices()
            self._import_their_payments(numbers)
            bills = self._export_bills()
            self._reconcile(numbers, bills)
            self._check_registered()

    def _prepare(self) -> None:
        self.store.set_setting("accepted_deviation", ACCEPTED_DEVIATION)
        loaded = self.store.load_invoices(exported_invoices(self.now))
        self._explain(
            f"Lägger in {loaded.new} fakturor som är skickade till Fortnox, "
            f"och godtar avvikelser på högst {ACCEPTED_DEVIATION} SEK.",
            f"Putting in {loaded.new} invoices that were sent to Fortnox, "
            f"and accepting deviations of at most {ACCEPTED_DEVIATION} SEK.",
        )
        values = {
            "ignore_payments_before": seed.cut_off_date(self.now).isoformat(),
            "ignore_numbers_before": str(seed.LOWEST_NUMBER),
        }
        host = self._host()
        host.define(NAME, IMPORT_TYPE, IMPORT_FORMAT, "", values)
        labels = {field.key: field.label for field in host.settings_fields(IMPORT_TYPE)}
        shown = ", ".join(
            f"{say(labels[key], self.output.language)} {value}" for key, value in values.items()
        )
        self._explain(
            f"Lägger upp importen {NAME} ({IMPORT_TYPE}) med {shown}.",
            f"Defining the import {NAME} ({IMPORT_TYPE}) with {shown}.",
        )

    def _first_import(self) -> None:
        self._explain(
            f"Loggar in i Fortnox som {seed.USER} och läser in betalningar.",
            f"Signing in to Fortnox as {seed.USER} and bringing in payments.",
        )
        preview = self._import()
        self._show(preview)
        self._save()
        self._explain(
            "Visar de betalningar som nu är registrerade.",
            "Showing the payments that are registered now.",
        )
        write_entries(self.output, self.store.payments, shorten=True)

    def _decisions(self) -> None:
        host = self._host()
        first, last = str(min(seed_cases.DIRECT)), str(max(seed_cases.DIRECT))
        host.set_aside_series(NAME, first, last, why="faktureras direkt i Fortnox")
        self._explain(
            f"Lägger undan fakturorna {first} till {last}, som görs direkt i Fortnox.",
            f"Setting aside the invoices {first} to {last}, which are made in Fortnox directly.",
        )
        books = self.sandbox.state.companies[seed.COMPANY]
        waiting = books.payments_of(seed_overnight.BOOKED)[0]
        host.add_payment(str(seed_overnight.BOOKED), waiting.amount, date=waiting.payment_date)
        self._explain(
            f"Registrerar betalningen av faktura {seed_overnight.BOOKED} för hand, fast den "
            "bara väntar på att bokföras i Fortnox.",
            f"Registering the payment of invoice {seed_overnight.BOOKED} by hand, although it "
            "only waits to be booked in Fortnox.",
        )
        deleted = next(row for row in self.store.payments() if row.status == "exact")
        host.delete_payment(deleted.id, why="fel faktura")
        self._explain(
            f"Tar bort en registrerad betalning av faktura {deleted.host_invoice_number}; den "
            "erbjuds igen vid nästa import.",
            f"Deleting a registered payment of invoice {deleted.host_invoice_number}; it is "
            "offered again by the next import.",
        )

    def _second_import(self) -> None:
        self._explain(
            "Nästa dag: under natten har Fortnox fått nya betalningar, bokfört en, ändrat en som "
            "redan är registrerad och tagit bort två, av vilka en är gjord på nytt. Läser in igen.",
            "The next day: overnight Fortnox got new payments, booked one, changed one that is "
            "registered already, and deleted two, of which one was made again. Importing again.",
        )
        before = {row.payment_number for row in self.store.payments() if row.state == REGISTERED}
        seed_overnight.change_overnight(self.sandbox.state)
        preview = self._import()
        self._show(preview)
        again = before & {row.payment_number for row in preview.rows("ready")}
        if again:
            raise _failed(
                f"{len(again)} betalningar som redan är registrerade erbjöds igen",
                f"{len(again)} payments that are registered already were offered again",
            )
        self._accept(preview)
        self._save()
        self._explain(
            f"Inget togs två gånger: de {len(before)} som var registrerade står kvar en gång var.",
            f"Nothing was taken twice: the {len(before)} that were registered stand there once.",
        )

    def _accept(self, preview: Preview) -> None:
        """Accept what was made again, and delete here what was only deleted there."""
        host = self._host()
        again = next(row for row in preview.rows("rejected") if row.reason == REPLACED)
        host.decide(NAME, again.payment_number, ACCEPT)
        for discrepancy in preview.discrepancies():
            if discrepancy.payment_id is not None:
                host.delete_payment(discrepancy.payment_id, why="borttagen i Fortnox")
        self._explain(
            f"Godkänner betalning {again.payment_number} i stället för den borttagna, och tar bort "
            "även här den som ingen kom i stället för.",
            f"Accepting payment {again.payment_number} in the place of the deleted one, and "
            "deleting here, too, the one that no other came for.",
        )

    def _export_invoices(self) -> list[str]:
        """Export invoices.

        :return: their numbers.
        """
        invoices = seed_exports.invoices_to_export(self.now)
        numbers = [str(invoice["invoice_number"]) for invoice in invoices]
        load_with_rows(self.store, invoices)
        self._explain(
            f"Lägger in {len(numbers)} fakturor som inte är exporterade, och lägger upp exporten "
            f"{EXPORT_NAME}. Förhandsvisar vad som ska skickas.",
            f"Putting in {len(numbers)} invoices that are not exported, and defining the export "
            f"{EXPORT_NAME}. Previewing what is to be sent.",
        )
        self._host().define_export(
            EXPORT_NAME, IMPORT_TYPE, INVOICES, "", export_settings(self.now)
        )
        run = self._send(EXPORT_NAME, numbers)
        self._explain(
            f"{len(numbers)} fakturor är skickade, och {run.counts['cards']} kunder är "
            "upplagda eller ändrade i Fortnox. Varje belopp där är vårt, på öret.",
            f"{len(numbers)} invoices are sent, and {run.counts['cards']} customers are new "
            "or changed in Fortnox. Each total there is ours, to the öre.",
        )
        return numbers

    def _import_their_payments(self, numbers: Sequence[str]) -> None:
        """Have these invoices booked and paid in Fortnox, and import the payments."""
        books_and_pays(self.sandbox, numbers)
        self._explain(
            "I Fortnox bokförs fakturorna, och kunderna betalar dem. Läser in betalningarna.",
            "In Fortnox the invoices are booked, and the customers pay them. Importing the "
            "payments.",
        )
        self._import()
        self._save()
        self.output.line()
        write_entries(
            self.output,
            lambda: (row for row in self.store.payments() if row.host_invoice_number in numbers),
            shorten=True,
        )

    def _export_bills(self) -> list[str]:
        """Export the bills of subcontractors, of which one has a new bankgiro.

        :return: the numbers of the bills.
        """
        bills = seed_exports.bills_to_export(self.now)
        numbers = [str(bill["bill_number"]) for bill in bills]
        numbers.remove(seed_exports.BILL_OF_INVOICING_SUPPLIER)
        changed = seed_exports.CHANGED_SUPPLIER
        load_bills(self.store, bills)
        self._explain(
            f"Lägger in {len(bills)} avräkningar till underleverantörer, av vilka en skickar "
            f"fakturor själv, och lägger upp exporten {BILLS_NAME}. Förhandsvisar vad som ska "
            "skickas.",
            f"Putting in {len(bills)} bills of subcontractors, one of whom sends invoices itself, "
            f"and defining the export {BILLS_NAME}. Previewing what is to be sent.",
        )
        self._host().define_export(BILLS_NAME, IMPORT_TYPE, BILLS, "", bill_settings(self.now))
        run = self._send(BILLS_NAME, numbers)
        self._explain(
            f"{run.counts['sent']} avräkningar är skickade. Bankgirot för {changed} ändrades i"
            " Fortnox först när någon hade bekräftat det.",
            f"{run.counts['sent']} bills are sent. The bankgiro of {changed} was changed in"
            " Fortnox only once somebody had confirmed it.",
        )
        return numbers

    def _send(self, name: str, numbers: Sequence[str]) -> ExportPreview:
        """Export as a person who reads the preview, confirms what is asked, and sends all."""
        with progress_on(self.progress_stream, self.output.language) as progress:
            host = self._host(on_progress=progress)
            run = host.export(name, review=lambda preview, _: self._review(host, name, preview))
        self.requests += run.requests
        sent = [item.item_number for item in run.items("sent")]
        if sorted(sent) != sorted(numbers):
            raise _failed(
                f"{name}: bara {len(sent)} av {len(numbers)} skickades",
                f"{name}: only {len(sent)} of {len(numbers)} were sent",
            )
        return run

    def _review(self, host: Host, name: str, preview: ExportPreview) -> tuple[str, ...]:
        """Show a preview, and confirm new bank details; return what is to be sent: all."""
        views = export_views.of(preview.subject)
        short = [column for column in views.items if column.key in _SHORT]
        self.output.line()
        write_table(self.output, short, preview.items)
        for party in dict.fromkeys(change.party_number for change in preview.bank_changes()):
            host.confirm_bank(name, party, preview.run_id)
        confirmed = host.export_run(preview.run_id)
        if confirmed.counts["bank_changes"]:
            self._explain(
                "Bekräftar bankuppgifterna, när leverantören själv har svarat att de är rätta.",
                "Confirming the bank details, once the supplier itself has said that they are "
                "right.",
            )
            self.output.line()
            write_table(self.output, views.bank_changes, confirmed.bank_changes)
        self.output.flush()
        return confirmed.ids()

    def _reconcile(self, numbers: Sequence[str], bills: Sequence[str]) -> None:
        """Compare the sums of both sides for these invoices and bills; they must be equal."""
        self.flows = both_sides.flows_of(self.store, self.sandbox, numbers, bills)
        wrong = [row for row in self.flows if row.differs]
        if wrong or not self.flows:
            which = listed(row.name for row in wrong)
            raise _failed(f"sidorna skiljer sig ({which.sv})", f"the sides differ ({which.en})")

    def _import(self) -> Preview:
        with progress_on(self.progress_stream, self.output.language) as progress:
            host = self._host(on_progress=progress)
            preview = host.import_payments(NAME)
        self.requests += preview.requests
        return preview

    def _host(self, **keywords: Any) -> Host:
        return Host(
            self.store,
            self.plugins,
            configuration=self.sandbox.environment(),
            login_timeout=LOGIN_TIMEOUT_SECONDS,
            window=sign_in_in_background,
            **keywords,
        )

    def _show(self, preview: Preview) -> None:
        self.output.line()
        write_preview(self.output, preview, show_ignored=True, shorten=True)
        for kind in KINDS:
            self.shown |= {row.status or row.reason or "" for row in preview.rows(kind)}

    def _save(self) -> None:
        saved = self._host().save(NAME)
        number = 0 if saved is None else saved.counts["ready"]
        self._explain(
            f"Sparar: {payments_messages.payments(number).sv} registreras.",
            f"Saving. {payments_messages.registered(number).en}",
        )

    def _check_shown(self) -> None:
        missing = [code for code in (*labels.STATUSES, *_REASONS) if code not in self.shown]
        if missing:
            codes = ", ".join(missing)
            raise _failed(f"detta visades aldrig: {codes}", f"never shown: {codes}")

    def _check_registered(self) -> None:
        keys = [entry.payment.key for entry in self.store.registered()]
        if len(set(keys)) != len(keys):
            raise _failed("en betalning är registrerad två gånger", "a payment is registered twice")

    def summarise(self, seconds: float) -> None:
        self._explain("Vad som visades.", "What was shown.")
        seconds_sv = f"{seconds:.1f} s".replace(".", ",")
        rows: list[tuple[Text, object]] = [
            (Text("Bedömningar", "Judgements"), _names(labels.STATUSES)),
            (Text("Orsaker", "Reasons"), _names(_REASONS)),
            (Text("Registrerat två gånger", "Registered twice"), Text("ingenting", "nothing")),
            (Text("Anrop till Fortnox", "Requests to Fortnox"), str(self.requests)),
            (Text("Tid", "Time"), Text(seconds_sv, f"{seconds:.1f} s")),
        ]
        columns: list[Column[tuple[Text, object]]] = [
            Column("shown", Text("Visat", "Shown"), lambda row: row[0]),
            Column("what", Text("Vad", "What"), lambda row: row[1], wide=True),
        ]
        write_table(self.output, columns, lambda: rows)
        self._explain(
            "Båda sidor, på öret: fakturor ut, betalningar in, avräkningar ut.",
            "Both sides, to the öre: invoices out, payments in, settlements out.",
        )
        self.output.line()
        write_table(self.output, both_sides.COLUMNS, lambda: self.flows)

    def _explain(self, sv: str, en: str) -> None:
        self.step += 1
        self.output.line()
        self.output.line(
            self.output.style(f"{self.step}. {en if self.output.language == 'en' else sv}", "1;36")
        )
        self.output.flush()


def _names(labels: Mapping[str, Text]) -> Text:
    return listed(
        Text(f"{label.sv} ({code})", f"{label.en} ({code})") for code, label in labels.items()
    )


def _failed(sv: str, en: str) -> HostError:
    return host_error("DEMO_FAILED", what=Text(sv, en))


@contextmanager
def _folder(output: Output, keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="hostsim-demo-") as folder:
            yield Path(folder)
        return
    try:
        make_folder(keep)
    except OSError as error:
        raise host_error("FOLDER_UNREACHABLE", path=keep) from error
    yield keep
    output.say(f"Databasen ligger kvar i {keep}.", f"The database stays in {keep}.")
