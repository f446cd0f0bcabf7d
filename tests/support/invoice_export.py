"""A host in memory that exports invoices to the sandbox, over HTTP and without waiting."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from decimal import Decimal

import requests
from ports import free_port

import opter_fortnox_plugin.hooks
from hostsim.demo.preparation import sign_in_in_background
from hostsim.sandbox import Match, Sandbox, seed
from opter_contract import hookimpl
from opter_contract.conformance.recording_export_host import RecordingExportHost, send_all
from opter_contract.conformance.sample_invoices import with_check_digit
from opter_contract.export_values import Customer, ExportItem, Invoice, InvoiceRow
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.invoices import exporter as invoices
from opter_fortnox_plugin.session import Surroundings
from opter_fortnox_plugin.supplier_invoices import exporter as supplier_bills

SETTINGS = {"export_from_date": "2026-01-01"}
POSTS = Match("POST", "/3/invoices")
PUTS = Match("PUT", "/3/invoices/*")

KALMAR = Customer(
    "KALM",
    "1042",
    "Kalmar Glas & Porslin AB",
    organisation_number="556000-0000",
    address1="Box 1",
    zip="392 00",
    city="Kalmar",
    country="SE",
    email="faktura@example.com",
)


def row(net="1000.00", vat="250.00", *, account="3001", unit="", rate="25"):
    return InvoiceRow(account, unit, rate, Decimal(net), Decimal(vat))


def invoice(number="10301", *rows, **more):
    """Make an invoice, by default of one row of 1000 SEK with 25 % VAT."""
    values = {
        "invoice_number": number,
        "region": "",
        "type": "invoice",
        "ocr": with_check_digit(number),
        "currency": "SEK",
        "exchange_rate": None,
        "invoice_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "order_number": "4555",
        "order_date": date(2026, 10, 28),
        "customer": KALMAR,
        "rows": rows or (row(),),
    }
    return Invoice(**values | more)


def item(content, **known):
    return ExportItem(f"{content.region}/{number_of(content)}", content, **known)


def number_of(content):
    """Return the host's number of an invoice or a bill."""
    return getattr(content, "invoice_number", None) or content.bill_number


EXPORTS = {"invoices": invoices.EXPORT, "supplier-bills": supplier_bills.EXPORT}


def send_all_after(act):
    """Make a review during which something happens; everything possible is sent then."""

    def review(recorded):
        act()
        return send_all(recorded)

    return review


class _Plugin:
    """The plug-in, with a clock that advances only by ``sleep``."""

    opter_contract_version = "1.0"

    def __init__(self, office):
        self._surroundings = Surroundings(
            sleep=office.sleep, clock=lambda: office.seconds, transport=Transport
        )

    @hookimpl
    def opter_export_types(self):
        return opter_fortnox_plugin.hooks.opter_export_types()

    @hookimpl
    def opter_export(self, run):
        return EXPORTS[run.subject].export(run, self._surroundings)

    @hookimpl
    def opter_cancel_exported(self, run, item):
        return EXPORTS[run.subject].cancel(run, item, self._surroundings)


class Office:
    """A host with invoices, the plug-in, and a Fortnox."""

    subject = "invoices"
    scopes = ("invoice", "inbox")

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.fortnox = sandbox.state.company()
        self.seconds = 0.0
        self.settings = SETTINGS
        self.host = RecordingExportHost(
            _Plugin(self), browser=sign_in_in_background, configuration=sandbox.environment()
        )

    def sleep(self, seconds):
        self.seconds += seconds

    def set_invoices(self, *invoices, **known):
        """Set the host's invoices to send."""
        self.host.items = [item(invoice, **known) for invoice in invoices]
        return self

    def export(self, *, review=send_all, **settings):
        """Export, and return the results that the host received."""
        self.host.review = review
        run = self.host.new_run("FortnoxAPI", dict(self.settings) | settings, subject=self.subject)
        self.recorded = self.host.runs[run.id]
        return self.host.export(run)

    def cancel(self, number="10301"):
        run = self.host.new_run("FortnoxAPI", dict(self.settings), subject=self.subject)
        item = next(
            exported for exported in self.host.items if number_of(exported.content) == number
        )
        return self.host.call("opter_cancel_exported", run=run, item=self.host.given(item))

    # --- what Fortnox has ---

    def ask(self, method, path, **more):
        """Make a request as a user in Fortnox; return the content of its response."""
        token = self.sandbox.sign_in(scopes=self.scopes).access
        response = requests.request(
            method,
            f"{self.sandbox.api_url}/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            **more,
        )
        assert response.status_code < 300, response.text
        return response.json()

    def get_invoice(self, number="10301"):
        return self.ask("GET", f"invoices/{number}")["Invoice"]

    def change_invoice(self, number, fields):
        self.ask("PUT", f"invoices/{number}", json={"Invoice": fields})

    def upload(self, name, content):
        """Upload a file to the inbox of customer invoices."""
        files = {"file": (name, content)}
        self.ask("POST", "inbox", params={"path": "inbox_kf"}, files=files)

    def numbers(self):
        return [invoice.number for invoice in self.fortnox.invoices()]

    def requests(self, method="*", path="*"):
        """Count the requests of a method and a path."""
        matching = Match(None if method == "*" else method, None if path == "*" else path)
        return sum(map(matching, self.sandbox.asked))

    def fault(self, fault, match, **more):
        self.sandbox.faults.add(replace(fault, match=match, **more))


def new_sandbox(**switches):
    """Make a sandbox with one company with empty books, without a rate limit."""
    sandbox = Sandbox(
        seed.empty(),
        redirect_uri=f"http://127.0.0.1:{free_port()}/callback",
        monotonic=itertools.count(step=10).__next__,
    )
    sandbox.switchboard.set(**switches)
    return sandbox
