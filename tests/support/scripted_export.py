"""An export of a few invoices, or bills: always from the same database, to an empty Fortnox."""

from __future__ import annotations

import itertools
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bill_export import LASSE, bill, row
from fake_export import everything, loaded
from invoice_export import EXPORTS, with_check_digit
from ports import free_port
from scripted_import import COMPANY, SECOND_DAY, FakeTime, host_of, impatient_plugin

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

#: What Fortnox is to have in the end, by number.
TOTALS = {10301: Decimal("1250.00"), 10302: Decimal("625.00"), 10303: Decimal("125.00")}


def invoices(folder):
    """Make three invoices of two customers, one with a PDF."""
    pdf = folder / "10301.pdf"
    pdf.write_bytes(b"%PDF-1.4 test")
    return [
        made("10301", document=str(pdf)),
        made("10302", (("3001", "500.00", "125.00"),), customer=OTHER),
        made("10303", (("3001", "100.00", "25.00"),)),
    ]


def made(number, *rows, **more):
    return loaded(number, *rows, ocr=with_check_digit(number), **DAYS, **more)


def plugin(transport, time):
    """Make the plug-in as it is installed, but with this transport and this time."""
    ours = impatient_plugin(transport, time)

    @hookimpl
    def opter_export(run):
        return EXPORTS[run.subject].export(
            run,
            surroundings=Surroundings(
                environment={}, now=time, sleep=time.sleep, clock=time, transport=transport
            ),
        )

    ours.opter_export = opter_export
    return ours


def fresh_code(sandbox, redirect_uri=None):
    grant = Grant(sandbox.client_id, COMPANY, 1, ALL_SCOPES)
    return sandbox.state.tokens.issue_code(grant, redirect_uri or sandbox.redirect_uri)


def exporting_host(store, configuration, code, *, transport=Transport, time=None, window=None):
    """Put a host together whose person signs in at once.

    :param code: gives the code that Fortnox sends back.
    """
    time = time or FakeTime()
    return host_of(
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
    """Do what ``hostsim export Ut --send`` does."""
    return host.send(NAME, host.last_shown(NAME))


class ExportScript:
    """One export, always from the same database, and to a Fortnox that is emptied before."""

    totals = TOTALS
    subject, settings = "invoices", SETTINGS

    def __init__(self, folder):
        self._folder = folder
        self.base = folder / "export.db"
        self.sandbox = self._new_sandbox()

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
        """Make what is to be exported."""

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
        """Put into Fortnox what is there before."""

    def copy(self):
        """Lay a fresh copy of the database in the place of the last one, and empty Fortnox."""
        self.sandbox.switchboard.reset()
        for beside in self._folder.glob("copy.db-*"):
            beside.unlink()
        return shutil.copy(self.base, self._folder / "copy.db")

    def host(self, store):
        return exporting_host(store, self.sandbox.environment(), lambda: fresh_code(self.sandbox))

    def host_beside(self, store):
        """Make a host of its own, which signs in where no other one does."""
        redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
        configuration = self.sandbox.environment() | {"FORTNOX_REDIRECT_URI": redirect_uri}
        return exporting_host(store, configuration, lambda: fresh_code(self.sandbox, redirect_uri))

    def export(self, path):
        """Export whatever is left, as a person who sends what is shown."""
        with Store.open(path) as store:
            return self.host(store).export(NAME, review=everything)

    @property
    def pdf(self):
        return str(self._folder / "10301.pdf")

    @property
    def files(self):
        return self.sandbox.state.company().registers.files

    def wrong(self, path):
        """Tell what is not as it is to be, on either side; nothing where all is."""
        return [*self._wrong_in_fortnox(), *self._wrong_in_the_host(path)]

    def _wrong_in_fortnox(self):
        company = self.sandbox.state.company()
        there = company.invoices()
        found = sorted((one.number, one.total) for one in there)
        if found != sorted(self.totals.items()):
            yield f"Fortnox has {found}"
        if sorted(company.registers.entries["customers"]) != ["1042", "1043"]:
            yield f"customers {sorted(company.registers.entries['customers'])}"
        if not all(one.sent for one in there):
            yield "not all are marked as sent"
        if (len(company.registers.files), len(company.registers.attachments)) != (1, 1):
            yield f"{len(company.registers.files)} files"

    def _wrong_in_the_host(self, path):
        with Store.open(path) as store:
            host = self.host(store)
            states = {one.item_number: one.state for one in host.exportable(NAME)}
            if set(states.values()) - {"sent", "unchanged"} or len(states) != len(self.totals):
                yield f"the host says {states}"
            rest = host.export(NAME)
            left = {name: rest.counts[name] for name in LISTS if rest.counts[name]}
            if left:
                yield f"left for the next export: {left}"


class ChangeScript(ExportScript):
    """The same, but all was exported before, and two invoices and a customer have changed."""

    totals = TOTALS | {10301: Decimal("2500.00"), 10302: Decimal("250.00")}

    def _prepare(self, store, host):
        host.export(NAME, review=everything)
        moved = replace(OTHER, city="Kalmar")
        store.load_invoices(
            [
                made("10301", (("3001", "2000.00", "500.00"),), document=self.pdf),
                made("10302", (("3001", "200.00", "50.00"),), customer=moved),
            ]
        )
        self._before = self.sandbox.state.snapshot()

    def copy(self):
        path = super().copy()
        self.sandbox.state.restore(self._before)
        return path

    def cancelled(self):
        return [one.number for one in self.sandbox.state.company().invoices() if one.cancelled]


# --- Bills ---------------------------------------------------------------------------

SVEN = replace(LASSE, code="SVEN", name="Svens Grus AB", organisation_number="", bankgiro="")
BILL_DAYS = {"bill_date": date(2026, 4, 1), "due_date": date(2026, 5, 1)}


BILL_SETTINGS = {"export_from_date": "2026-01-01", "attach_pdf": "true"}
BILL_TOTALS = {"A-1": Decimal("12500.00"), "A-2": Decimal("-125.00"), "B-1": Decimal("800.00")}


class BillScript(ExportScript):
    """Bills of two suppliers, one with a PDF; of one supplier somebody has confirmed a bankgiro."""

    subject = "supplier-bills"
    settings, totals = BILL_SETTINGS, BILL_TOTALS

    def _fill(self, company):
        card = {"SupplierNumber": "LASSE", "Name": LASSE.name, "BG": "123-4566"}
        company.registers.put("suppliers", "LASSE", card, SECOND_DAY)

    def _load(self, store):
        pdf = self._folder / "A-1.pdf"
        pdf.write_bytes(b"%PDF-1.4 bill")
        several = [
            (bill("A-1", **BILL_DAYS, document="A-1.pdf"), str(pdf)),
            (bill("A-2", row("4600", credit="125.00"), **BILL_DAYS), ""),
            (bill("B-1", row("4600", "800.00"), supplier=SVEN, **BILL_DAYS), ""),
        ]
        store.load_bills(LoadedBill(one, document=path) for one, path in several)

    def _prepare(self, store, host):
        host.export(NAME).mark_printed()
        host.confirm_bank(NAME, "LASSE")

    def export(self, path):
        """Export whatever is left, as a person who confirms anew what is asked, until it is done.

        What may still have been on its way is not sent at once.
        """
        with Store.open(path) as store:
            host = self.host(store)

            def review(preview, _):
                for one in preview.bank_changes():
                    host.confirm_bank(NAME, one.party_number, preview.run_id)
                return host.export_run(preview.run_id).ids()

            return [host.export(NAME, review=review) for _ in range(2)][-1]

    def _wrong_in_fortnox(self):
        registers = self.sandbox.state.company().registers
        there = registers.supplier_invoices.values()
        found = sorted((one.fields["InvoiceNumber"], one.fields["Total"]) for one in there)
        if found != sorted(self.totals.items()):
            yield f"Fortnox has {found}"
        cards = {
            number: one.fields.get("BG", "")
            for number, one in registers.entries["suppliers"].items()
        }
        if cards != {"LASSE": "5050-1055", "SVEN": ""}:
            yield f"suppliers {cards}"
        files = [one.supplier_invoice for one in registers.files.values()]
        if len(files) != 1 or not files[0]:
            yield f"files {files}"

    def cancelled(self):
        there = self.sandbox.state.company().registers.supplier_invoices.values()
        return [one.fields["InvoiceNumber"] for one in there if one.cancelled]


def damage(path):
    with Store.open(path) as store, closing(store.db.execute("PRAGMA integrity_check")) as rows:
        return [row[0] for row in rows if row[0] != "ok"]
