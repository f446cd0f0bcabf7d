"""An export of a few invoices or bills, always from the same database, to an empty Fortnox."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bill_export import LASSE, bill, row
from fake_export import exported_invoice, send_all
from invoice_export import EXPORTS, with_check_digit
from ports import free_port
from scripted_import import COMPANY, SECOND_DAY, FakeTime, build_host, plugin_with

from hostsim.ledger.values import LoadedBill
from hostsim.sandbox import Sandbox
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.state import State
from hostsim.sandbox.tokens import Grant
from hostsim.storage.export_previews import LISTS
from hostsim.storage.store import Store
from opter_contract import hookimpl
from opter_contract.export_values import Customer
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.invoices.settings import SCOPES
from opter_fortnox_plugin.session import Surroundings
from opter_fortnox_plugin.supplier_invoices.settings import SCOPES as BILL_SCOPES

NAME = "Ut"
SETTINGS = {
    "export_from_date": "2026-01-01",
    "attach_pdf": "true",
    "after_sending": "sent-by-host",
}
ALL_SCOPES = (*SCOPES, *BILL_SCOPES, "inbox", "connectfile")
DAYS = {"invoice_date": date(2026, 4, 1), "due_date": date(2026, 5, 1)}
OTHER = Customer("NYBRO", "1043", "Nybro Trä AB", city="Nybro", country="SE")

#: The expected totals in Fortnox at the end, by number.
TOTALS = {10301: Decimal("1250.00"), 10302: Decimal("625.00"), 10303: Decimal("125.00")}


def invoices(folder):
    """Make three invoices of two customers, one with a PDF."""
    pdf = folder / "10301.pdf"
    pdf.write_bytes(b"%PDF-1.4 test")
    return [
        build_invoice("10301", document=str(pdf)),
        build_invoice("10302", (("3001", "500.00", "125.00"),), customer=OTHER),
        build_invoice("10303", (("3001", "100.00", "25.00"),)),
    ]


def build_invoice(number, *rows, **more):
    return exported_invoice(number, *rows, ocr=with_check_digit(number), **DAYS, **more)


def plugin(transport, time):
    """Make the plug-in with another transport and clock."""
    plugin = plugin_with(transport, time)

    @hookimpl
    def opter_export(run):
        return EXPORTS[run.subject].export(
            run,
            surroundings=Surroundings(
                environment={}, now=time, sleep=time.sleep, clock=time, transport=transport
            ),
        )

    plugin.opter_export = opter_export
    return plugin


def fresh_code(sandbox, redirect_uri=None):
    grant = Grant(sandbox.client_id, COMPANY, 1, ALL_SCOPES)
    return sandbox.state.tokens.issue_code(grant, redirect_uri or sandbox.redirect_uri)


def exporting_host(store, configuration, code, *, transport=Transport, time=None, window=None):
    """Build a host with an instant login.

    :param code: returns the authorization code of Fortnox.
    """
    time = time or FakeTime()
    return build_host(
        store,
        configuration,
        code,
        transport=transport,
        time=time,
        now=SECOND_DAY,
        window=window,
        plugin=plugin,
    )


def send(host):
    """Send the last shown export, as ``hostsim export Ut --send`` does."""
    return host.send(NAME, host.last_shown(NAME))


class ExportScript:
    """An export that always starts from the same database and an empty Fortnox."""

    totals = TOTALS
    subject, settings = "invoices", SETTINGS

    def __init__(self, folder):
        self._folder = folder
        self.base = folder / "export.db"
        self.sandbox = self._new_sandbox()
        #: What was left by a disturbed export, and finished by the next one.
        self.finished = set()

    def __enter__(self):
        self.sandbox.__enter__()
        with Store.create(self.base) as store:
            self._load(store)
            host = self.host(store)
            host.define_export(NAME, "FortnoxAPI", self.subject, "", self.settings)
            self._prepare(store, host)
            host.export(NAME).mark_printed()
            # One file, to be copied.
            store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self

    def _load(self, store):
        store.load_invoices(invoices(self._folder))

    def _prepare(self, store, host):
        """Prepare the invoices or bills to export."""

    def __exit__(self, *error):
        self.sandbox.__exit__(*error)

    def _new_sandbox(self):
        state = State(Clock.stopped_at(SECOND_DAY))
        self._fill(state.add_company(COMPANY, "Grusbilarna i Ådalen AB"))
        return Sandbox(
            state,
            redirect_uri=f"http://127.0.0.1:{free_port()}/callback",
            monotonic=itertools.count(step=10).__next__,
        )

    def _fill(self, company):
        """Add the initial records to Fortnox."""

    def copy(self):
        """Replace the last copy of the database by a fresh one, and empty Fortnox."""
        self.sandbox.switchboard.reset()
        for leftover in self._folder.glob("copy.db-*"):
            leftover.unlink()
        return shutil.copy(self.base, self._folder / "copy.db")

    def host(self, store):
        return exporting_host(store, self.sandbox.environment(), lambda: fresh_code(self.sandbox))

    def host_beside(self, store):
        """Build a second host, with its own redirect URI."""
        redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
        configuration = self.sandbox.environment() | {"FORTNOX_REDIRECT_URI": redirect_uri}
        return exporting_host(store, configuration, lambda: fresh_code(self.sandbox, redirect_uri))

    def export(self, path):
        """Export and send all that is left."""
        with Store.open(path) as store:
            return self.host(store).export(NAME, review=send_all)

    @property
    def pdf(self):
        return str(self._folder / "10301.pdf")

    @property
    def files(self):
        return self.sandbox.state.company().registers.files

    def wrong(self, path):
        """Return the differences from the expected result on both sides; empty if none."""
        return [*self._wrong_in_fortnox(), *self._wrong_in_the_host(path)]

    def _wrong_in_fortnox(self):
        company = self.sandbox.state.company()
        invoices = company.invoices()
        totals = sorted((invoice.number, invoice.total) for invoice in invoices)
        if totals != sorted(self.totals.items()):
            yield f"Fortnox has {totals}"
        if sorted(company.registers.entries["customers"]) != ["1042", "1043"]:
            yield f"customers {sorted(company.registers.entries['customers'])}"
        if not all(invoice.sent for invoice in invoices):
            yield "not all are marked as sent"
        if (len(company.registers.files), len(company.registers.attachments)) != (1, 1):
            yield f"{len(company.registers.files)} files"

    def _wrong_in_the_host(self, path):
        with Store.open(path) as store:
            host = self.host(store)
            states = {item.item_number: item.state for item in host.exportable(NAME)}
            if set(states.values()) - {"sent", "unchanged"} or len(states) != len(self.totals):
                yield f"the host says {states}"
            remainder = host.export(NAME)
            left = {name: remainder.counts[name] for name in LISTS if remainder.counts[name]}
            if left:
                yield f"left for the next export: {left}"


class ChangeScript(ExportScript):
    """An export of changes: two invoices and a customer, of those exported before."""

    totals = TOTALS | {10301: Decimal("2500.00"), 10302: Decimal("250.00")}

    def _prepare(self, store, host):
        host.export(NAME, review=send_all)
        moved = replace(OTHER, city="Kalmar")
        store.load_invoices(
            [
                build_invoice("10301", (("3001", "2000.00", "500.00"),), document=self.pdf),
                build_invoice("10302", (("3001", "200.00", "50.00"),), customer=moved),
            ]
        )
        self._before = self.sandbox.state.snapshot()

    def copy(self):
        path = super().copy()
        self.sandbox.state.restore(self._before)
        return path

    def cancelled(self):
        return [
            invoice.number
            for invoice in self.sandbox.state.company().invoices()
            if invoice.cancelled
        ]


# --- Bills ---------------------------------------------------------------------------

SVEN = replace(LASSE, code="SVEN", name="Svens Grus AB", organisation_number="", bankgiro="")
BILL_DAYS = {"bill_date": date(2026, 4, 1), "due_date": date(2026, 5, 1)}


BILL_SETTINGS = {"export_from_date": "2026-01-01", "attach_pdf": "true"}
BILL_TOTALS = {"A-1": Decimal("12500.00"), "A-2": Decimal("-125.00"), "B-1": Decimal("800.00")}


class BillScript(ExportScript):
    """Bills of two suppliers, one with a PDF; the bankgiro of one supplier is confirmed."""

    subject = "supplier-bills"
    settings, totals = BILL_SETTINGS, BILL_TOTALS

    def _fill(self, company):
        supplier = {"SupplierNumber": "LASSE", "Name": LASSE.name, "BG": "123-4566"}
        company.registers.put("suppliers", "LASSE", supplier, SECOND_DAY)

    def _load(self, store):
        pdf = self._folder / "A-1.pdf"
        pdf.write_bytes(b"%PDF-1.4 bill")
        bills = [
            (bill("A-1", **BILL_DAYS, document="A-1.pdf"), str(pdf)),
            (bill("A-2", row("4600", credit="125.00"), **BILL_DAYS), ""),
            (bill("B-1", row("4600", "800.00"), supplier=SVEN, **BILL_DAYS), ""),
        ]
        store.load_bills(LoadedBill(content, document=path) for content, path in bills)

    def _prepare(self, store, host):
        host.export(NAME).mark_printed()
        host.confirm_bank(NAME, "LASSE")

    def export(self, path):
        """Export all that is left, twice, confirming bank changes each time.

        A request that may still be in progress is not repeated at once.
        """
        with Store.open(path) as store:
            host = self.host(store)

            def review(preview, _):
                for change in preview.bank_changes():
                    host.confirm_bank(NAME, change.party_number, preview.run_id)
                return host.export_run(preview.run_id).ids()

            return [host.export(NAME, review=review) for _ in range(2)][-1]

    def _wrong_in_fortnox(self):
        registers = self.sandbox.state.company().registers
        invoices = registers.supplier_invoices.values()
        totals = sorted((one.fields["InvoiceNumber"], one.fields["Total"]) for one in invoices)
        if totals != sorted(self.totals.items()):
            yield f"Fortnox has {totals}"
        bankgiros = {
            number: one.fields.get("BG", "")
            for number, one in registers.entries["suppliers"].items()
        }
        if bankgiros != {"LASSE": "5050-1055", "SVEN": ""}:
            yield f"suppliers {bankgiros}"
        files = [one.supplier_invoice for one in registers.files.values()]
        if len(files) != 1 or not files[0]:
            yield f"files {files}"

    def cancelled(self):
        invoices = self.sandbox.state.company().registers.supplier_invoices.values()
        return [invoice.fields["InvoiceNumber"] for invoice in invoices if invoice.cancelled]
