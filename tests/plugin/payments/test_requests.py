"""How many requests an import makes, and of which kind: counted by the sandbox."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pluggy
import pytest
from ports import free_port
from second_host import Host, hookimpl, new_run

from hostsim.sandbox import Sandbox, seed
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.faults import Fault
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant
from hostsim.sandbox.values import Invoice, Payment
from opter_contract.values import Company
from opter_fortnox_plugin.errors import LoginFailed
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.payments.importer import import_payments
from opter_fortnox_plugin.session import Surroundings

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
SETTINGS = {
    "ignore_payments_before": "2026-01-01",
    "ignore_numbers_before": "0",
    "include_unbooked": "false",
}
SCOPES = ("payment", "invoice", "companyinformation")
EURO = {
    "amount": Decimal(1125),
    "currency": "EUR",
    "currency_rate": Decimal("11.25"),
    "amount_currency": Decimal(100),
}


class Time:
    """A clock that goes on only when somebody rests; several threads may."""

    def __init__(self):
        self.now, self._lock = NOW.timestamp(), threading.Lock()

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        with self._lock:
            # Together they sleep no longer than one of them would alone.
            self.now += max(seconds / 25, 0.001)


class Knowing(Host):
    """A host that knows some invoices, and what it was told and by which threads."""

    def __init__(self, *known):
        super().__init__()
        self.known, self.threads, self.reports = set(known), set(), []

    @hookimpl
    def opter_known_invoices(self, run, invoice_numbers):
        self.threads.add(threading.get_ident())
        return self.known & set(invoice_numbers)

    @hookimpl
    def opter_progress(self, run, progress):
        self.threads.add(threading.get_ident())
        self.reports.append(progress)

    @hookimpl
    def opter_open_browser(self, run, url, on_redirect):
        return self.sign_in(url, on_redirect)

    @hookimpl
    def opter_get_state(self, run, key):
        self.threads.add(threading.get_ident())
        return self.state.get(key)


class Office:
    """A company in a sandbox, and a host that imports from it."""

    def __init__(self, **switches):
        self.time = Time()
        self.state = State(Clock.stopped_at(NOW))
        self.company = self.state.add_company(seed.COMPANY, "Grusbilarna i Ådalen AB")
        self.sandbox = Sandbox(
            self.state,
            switches=Switches(rate_limit=None, **switches),
            redirect_uri=f"http://localhost:{free_port()}/callback",
        )

    def pay(self, *numbers, day=date(2026, 4, 1), **fields):
        """Make an invoice with one payment for each number."""
        changed = NOW - timedelta(days=30)
        for number in numbers:
            self.company.add_invoice(
                Invoice(
                    number=number,
                    total=Decimal(1000),
                    currency=fields.get("currency", "SEK"),
                    invoice_date=day,
                    due_date=day,
                    modified=changed,
                )
            )
            payment = {"amount": Decimal(1000), "booked": True} | fields
            self.company.add_payment(
                Payment(invoice_number=number, payment_date=day, modified=changed, **payment)
            )

    def bring(self, host, *, everything=False, **more):
        """Import; return the report and how many requests of each kind there were."""
        self.sandbox.switchboard.asked.clear()
        report = self.report_of(host, everything=everything, **more)
        asked = [one for one in self.sandbox.switchboard.asked if one.path.startswith("/3/")]
        assert report.requests == len(asked)
        return report, Counter(_kind(one) for one in asked)

    def report_of(self, host, *, everything=False, transport=Transport, **more):
        """Import; return the report."""
        grant = Grant(self.sandbox.client_id, seed.COMPANY, 1, SCOPES)
        code = self.state.tokens.issue_code(grant, self.sandbox.redirect_uri)

        def answer(address, answered):
            state = address.partition("state=")[2].partition("&")[0]
            return answered(f"{self.sandbox.redirect_uri}?code={code}&state={state}") is None

        host.sign_in = answer
        manager = pluggy.PluginManager("opter")
        manager.register(host)
        run = new_run(
            manager, more.pop("settings", SETTINGS),
            configuration=self.sandbox.environment(), **more,
        )  # fmt: skip
        surroundings = Surroundings(
            environment={},
            now=self.time,
            sleep=self.time.sleep,
            clock=self.time,
            transport=transport,
        )
        return import_payments(run, everything=everything, surroundings=surroundings)


def _is_detail(asked):
    return asked.path.startswith("/3/invoicepayments/")


def _kind(asked):
    parts = asked.path.removeprefix("/3/").split("/")
    return parts[0] + (" detail" if len(parts) > 1 else "")


@pytest.fixture
def office(monkeypatch):
    monkeypatch.setattr(protocol, "PAGE_SIZE", 20)
    office = Office()
    with office.sandbox:
        yield office


def known(*ranges):
    return [str(number) for numbers in ranges for number in numbers]


# --- How many ---


def test_a_first_import_asks_for_the_company_the_pages_and_whether_anything_changed(office):
    office.pay(*range(1, 101))
    _, kinds = office.bring(Knowing(*known(range(1, 101))))
    assert kinds == {"companyinformation": 1, "invoicepayments": 5 + 1}


def test_no_payment_of_another_company_is_read(office):
    office.pay(*range(1, 101))
    with pytest.raises(LoginFailed, match="WRONG_COMPANY"):
        office.bring(Knowing(), company=Company("1", "Grannen AB"))
    asked = [one.path for one in office.sandbox.switchboard.asked if one.path.startswith("/3/")]
    assert asked == ["/3/companyinformation"]


def test_one_detail_for_each_payment_in_another_currency_that_passed_the_filters(office):
    office.pay(*range(1, 31))
    office.pay(*range(31, 51), **EURO)
    office.pay(*range(51, 56), day=date(2025, 12, 1), **EURO)
    _, kinds = office.bring(Knowing(*known(range(1, 56))))
    assert kinds["invoicepayments detail"] == 20


def test_ten_years_of_history_cost_at_most_four_requests_more_than_the_payments_since_the_date(
    office,
):
    for year in range(2016, 2026):
        office.pay(*range(year * 100, year * 100 + 40), day=date(year, 6, 1))
    office.pay(*range(1, 31))
    report, kinds = office.bring(Knowing(*known(range(1, 31))))
    assert kinds["invoicepayments"] <= 2 + 4
    assert report.not_read >= 300


def test_nothing_new_since_the_last_save_takes_two_requests(office):
    office.pay(*range(1, 101))
    office.pay(*range(101, 111), **EURO)
    host = Knowing(*known(range(1, 100)))
    report, _ = office.bring(host)
    _, kinds = office.bring(host, cursor=report.cursor)
    assert kinds == {"companyinformation": 1, "invoicepayments": 1}


def test_invoices_of_their_own_in_fortnox_are_paid_for_once(office):
    """Sixty invoices that the host does not know: three pages of the list, and never again."""
    office.pay(*range(1, 61))
    host = Knowing()
    _, kinds = office.bring(host)
    assert kinds["invoices"] == 3
    assert kinds["invoices detail"] == 0
    _, kinds = office.bring(host)
    assert set(kinds) == {"companyinformation", "invoicepayments"}


# --- How ---


def test_only_the_thread_that_called_the_plug_in_speaks_with_the_host(office):
    office.pay(*range(1, 101))
    office.pay(*range(101, 161), **EURO)
    office.sandbox.faults.add(Fault(status=503, match=_is_detail, times=3))
    host = Knowing(*known(range(1, 150)))
    office.bring(host)
    assert host.threads == {threading.get_ident()}
    assert "waiting" in {one.stage for one in host.reports}
    assert "fortnox" not in {thread.name for thread in threading.enumerate()}


def test_payments_are_handed_over_in_the_same_order_however_they_are_answered(office):
    office.pay(*range(1, 101))
    office.pay(*range(101, 161), day=date(2026, 3, 1), **EURO)
    host = Knowing(*known(range(1, 161)))
    office.bring(host)
    first = list(host.payments)
    host.payments.clear()
    office.sandbox.latency.set(0.0, 0.02, seed=7)
    office.bring(host)
    assert list(host.payments) == first
    assert len(first) == 160


def test_a_token_that_expires_with_many_requests_on_their_way_is_refreshed_once(office):
    office.pay(*range(1, 61), **EURO)
    details = []

    def thirtieth_detail(asked):
        details.append(asked.path.startswith("/3/invoicepayments/"))
        if sum(details) == 30:
            office.state.tokens.expire_access_tokens()
        return False

    office.sandbox.faults.add(Fault(status=500, match=thirtieth_detail, times=None))
    host = Knowing(*known(range(1, 61)))
    office.bring(host)
    tokens = [one for one in office.sandbox.switchboard.asked if one.path.endswith("/token")]
    assert len(tokens) == 2  # the login, and one refresh
    assert len(host.payments) == 60


# --- How long it will take ---


def test_the_time_that_is_left_is_told_after_the_first_page_in_both_languages(office):
    for first in range(1, 1001, 10):
        office.pay(*range(first, first + 10), day=date(2026, 1, 1) + timedelta(days=first // 10))
    host = Knowing(*known(range(1, 1001)))
    office.bring(host)
    first = next(one for one in host.reports if one.stage == "reading" and one.done)
    assert first.message.sv.startswith("Läste 20 av 1000 betalningar i Fortnox; ungefär ")
    assert first.message.en.endswith(" s left")
