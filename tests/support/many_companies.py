"""A host with an import of each of a sandbox's many companies, signed in by service accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hostsim.ledger.schedules import GREEN, Timetable
from hostsim.ledger.values import ExportedInvoice
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import seed_many
from hostsim.services.host import Host
from hostsim.storage import schedules
from hostsim.storage.store import Store
from opter_fortnox_plugin import hooks

SETTINGS = {"sign_in": "service-account", "ignore_payments_before": "2020-01-01"}

HALF_HOURS = Timetable(every=timedelta(minutes=30))


def company_numbers(count):
    """Return the numbers of the companies, which are the names of their imports, too."""
    return [str(seed_many.FIRST_COMPANY + index) for index in range(count)]


def create_database(path, count, *, now=None):
    """Create a database with the invoices and a schedule of each company; all are due."""
    now = now or datetime.now(UTC)
    with Store.create(path) as store:
        store.load_invoices(
            ExportedInvoice(
                row["invoice_number"],
                row["ocr"],
                row["customer_code"],
                row["customer_name"],
                row["currency"],
                Decimal(row["total"]),
                region=row["region"],
            )
            for row in seed_many.exported_invoices(count, now)
        )
        host = Host(store, Plugins([("fortnox", hooks)]))
        first, *others = company_numbers(count)
        host.define(first, "FortnoxAPI", "API", first, SETTINGS)
        definition = store.definition(first)
        with store.change() as db:
            for number in others:
                store.add_definition(replace(definition, name=number, region=number))
            # As if each had been signed in to.
            db.execute("UPDATE definitions SET company = name, company_name = name")
            for number in company_numbers(count):
                schedules.store_schedule(store, number, HALF_HOURS, GREEN, now)
    return path


def unattended_host(store, environment, **values):
    """Return an unattended host."""
    defaults = {"attended": False, "configuration": environment}
    return Host(store, Plugins([("fortnox", hooks)]), **defaults | values)
