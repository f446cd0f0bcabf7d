"""The fleet host keeps to the contract."""

from decimal import Decimal

import postgres
import pytest

from opter_contract.conformance import hosts
from opter_contract.conformance.host_under_test import FORMAT, INVOICES, Booking, PreviewRow

#: Whose invoices those of the suite are.
BOOKS = "suite"


@pytest.fixture(scope="module")
def database():
    with postgres.cluster() as server:
        yield postgres.Database(server)


class FleetHost:
    """The fleet host, adapted to the suite; a person saves whatever is ready."""

    def __init__(self, url):
        from fleet_host import database

        self.database, self.url = database, url
        self.plugins, self.read, self.runs = [], {}, 0
        self.cancelled = False
        self.start()
        with self.pool.connection() as db:
            insert = (
                "INSERT INTO invoices VALUES"
                " (%s, %s, %s, '1', 'Kund AB', %s, %s, %s, NULL, NULL, true)"
            )
            for one in INVOICES:
                values = BOOKS, one.number, one.ocr, one.currency, one.total, one.total
                db.execute(insert, values)

    def start(self):
        from fleet_host.host import Host

        self.pool = self.database.open_pool(self.url, 6)
        self.host = Host(self.plugins)

    def restart(self):
        self.pool.close()
        self.read = {}
        self.start()

    def register(self, plugin):
        self.plugins.append(plugin)
        self.host.manager.register(plugin)

    def import_payments(self, import_type, definition):
        with self.pool.connection() as db:
            values = definition, BOOKS, import_type, FORMAT
            insert = "INSERT INTO companies VALUES (%s, %s, %s, %s, '{}') ON CONFLICT DO NOTHING"
            db.execute(insert, values)
        self.runs += 1
        run = f"{self.runs}"
        with self.database.alone(self.pool, definition, 1.0) as db:
            db.execute(self.database.SQL["begin_run"], {"run": run, "company": definition})
            self.read[definition] = [
                self.host.import_payments(db, definition, run, cancelled=lambda: self.cancelled),
                True,
            ]

    def save(self, definition):
        read, unsaved = self.read.get(definition, (None, False))
        if unsaved:
            self.read[definition][1] = False
            with self.database.alone(self.pool, definition, 1.0) as db:
                self.host.save(db, read, all_ready=True)

    def preview(self, definition):
        read, _ = self.read[definition]
        return [
            PreviewRow(
                one.row.number, one.judgement.kind,
                one.judgement.status or one.judgement.reason, one.row.amount or Decimal(0),
                one.row.payment and one.row.payment.currency,
                one.row.payment and one.row.payment.amount_currency,
                one.judgement.warning.sv if one.judgement.warning else "",
            )
            for one in read.judged
        ]  # fmt: skip

    def bookings(self):
        with self.pool.connection() as db:
            rows = db.execute("SELECT * FROM payments").fetchall()
        return [
            Booking(
                row["import_type"], row["company_number"], row["number"], row["amount"],
                row["currency"], row["amount_currency"], row["invoice"],
            )
            for row in rows
        ]  # fmt: skip

    def remaining(self, invoice):
        with self.pool.connection() as db:
            query = "SELECT remaining FROM invoices WHERE books = %s AND number = %s"
            return db.execute(query, (BOOKS, invoice)).fetchone()["remaining"]

    def cancel(self):
        self.cancelled = True

    def error_text(self, error):
        from fleet_host.errors import failure_of

        failure = failure_of(error)
        return f"{failure.code}: {failure.message.sv}"

    def disable_browser(self):
        """Nobody is ever shown one."""


class TestFleetHost(
    hosts.HostTakes,
    hosts.HostStoresState,
    hosts.HostLocks,
    hosts.HostCancels,
    hosts.HostShowsFailures,
    hosts.HostSaves,
    hosts.HostJudges,
    hosts.HostAccounts,
    hosts.HostRegistersOnce,
    hosts.HostPersists,
    hosts.HostWithoutBrowser,
):
    """Every promise of a host that saves; it stores no secrets, and compares nothing."""

    @pytest.fixture
    def host_under_test(self, database):
        database.empty()
        host = FleetHost(database.url)
        yield host
        host.pool.close()
