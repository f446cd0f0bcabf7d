"""What invoices refer to in Fortnox, read once a run, and what is missing there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, TypeVar

from opter_contract.export_values import ExportItem, Gap, Invoice
from opter_fortnox_plugin.errors import Missing
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.invoice_schemas import (
    Account,
    FinancialYear,
    account_of,
    code_in,
    year_of,
)
from opter_fortnox_plugin.fortnox.protocol import (
    ACCOUNTS,
    COST_CENTERS,
    CURRENCIES,
    FINANCIAL_YEARS,
    LOCKED_PERIOD,
    PAGE_SIZE,
    Page,
    Resource,
)
from opter_fortnox_plugin.fortnox.worker_pool import Future, WorkerPool
from opter_fortnox_plugin.invoices.content import customer_number, rate_of
from opter_fortnox_plugin.invoices.problems import sentence
from opter_fortnox_plugin.invoices.settings import InvoiceSettings

T = TypeVar("T")


class Lists:
    """Reads whole lists, their pages beside each other."""

    def __init__(self, client: Client, pool: WorkerPool) -> None:
        self._client = client
        self._pool = pool

    def start(self, resource: Resource, **query: str) -> Callable[[], list[Any]]:
        """Request the first page; return what waits for all of them."""

        def page(number: int) -> Page:
            return self._client.page(
                resource, {"limit": str(PAGE_SIZE), "page": str(number), **query}
            )

        first = self._pool.submit(partial(page, 1))

        def rows() -> list[Any]:
            found = self._pool.result(first)
            others = [
                self._pool.submit(partial(page, number)) for number in range(2, found.pages + 1)
            ]
            return [*found.rows, *(row for one in others for row in self._pool.result(one).rows)]

        return rows


class Registers:
    """Accounts, years, the locked period, currencies and cost centres."""

    def __init__(self) -> None:
        self.years: Sequence[FinancialYear] = ()
        self.locked_until: date | None = None
        self.currencies: frozenset[str] | None = None
        self.cost_centers: frozenset[str] | None = None
        #: By the id of the year, and the number.
        self.accounts: Mapping[str, Mapping[str, Account]] = {}

    def read(
        self,
        client: Client,
        pool: WorkerPool,
        invoices: Iterable[Invoice],
        settings: InvoiceSettings,
    ) -> None:
        """Read what these invoices refer to."""
        lists, invoices = Lists(client, pool), list(invoices)
        years = pool.submit(lambda: _years(client))
        locked: Future[date | None] = pool.submit(lambda: _locked_until(client))
        currencies = cost_centers = None
        if any(invoice.currency != "SEK" for invoice in invoices):
            currencies = lists.start(CURRENCIES)
        if settings.cost_center == "unit" and any(r.unit for i in invoices for r in i.rows):
            cost_centers = lists.start(COST_CENTERS)
        self.years = pool.result(years)
        needed = {year.id for i in invoices if (year := self.year_of(i.invoice_date))}
        accounts = {year: lists.start(ACCOUNTS, financialyear=year) for year in needed}
        self.locked_until = pool.result(locked)
        self.currencies = currencies and frozenset(map(code_in, currencies()))
        self.cost_centers = cost_centers and frozenset(map(code_in, cost_centers()))
        self.accounts = {
            year: {account.number: account for account in _readable(account_of, rows())}
            for year, rows in accounts.items()
        }

    def year_of(self, day: date) -> FinancialYear | None:
        return next((y for y in self.years if y.from_date <= day <= y.to_date), None)

    def descriptions(self, day: date) -> Mapping[str, str]:
        """Return the names of the accounts in the year of a day."""
        year = self.year_of(day)
        accounts = self.accounts.get(year.id, {}) if year else {}
        return {number: account.description for number, account in accounts.items()}


def _readable(read: Callable[[Any], T], rows: Iterable[Any]) -> list[T]:
    """Read rows; what cannot be read counts as missing."""
    found = []
    for row in rows:
        with suppress(Unreadable):
            found.append(read(row))
    return found


def _years(client: Client) -> Sequence[FinancialYear]:
    try:
        found = client.get(FINANCIAL_YEARS)
    except Missing:
        return []
    return _readable(year_of, found if isinstance(found, list) else ())


def _locked_until(client: Client) -> date | None:
    try:
        period = client.get(LOCKED_PERIOD)
    except Missing:
        return None
    end = period.get("EndDate") if isinstance(period, Mapping) else None
    with suppress(ValueError):
        return date.fromisoformat(end) if isinstance(end, str) else None
    return None


def gaps_of(
    items: Sequence[ExportItem], registers: Registers, settings: InvoiceSettings
) -> list[Gap]:
    """Return everything that is missing, each with the items that need it."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in items:
        for gap in dict.fromkeys(_gaps(item.invoice, registers, settings)):
            found.setdefault(gap, []).append(item.id)
    return [Gap(code, sentence(code, what=what), tuple(ids)) for (code, what), ids in found.items()]


def _gaps(
    invoice: Invoice, registers: Registers, settings: InvoiceSettings
) -> Iterable[tuple[str, str]]:
    if not customer_number(invoice.customer, settings):
        yield "CUSTOMER_NUMBER_MISSING", invoice.customer.code
    for row in invoice.rows:
        if rate_of(row.vat_rate, settings.vat_kinds) is None:
            yield "VAT_RATE_UNKNOWN", row.vat_rate
    if registers.currencies is not None and invoice.currency not in {
        "SEK",
        *registers.currencies,
    }:
        yield "CURRENCY_UNKNOWN", invoice.currency
    if registers.locked_until and invoice.invoice_date <= registers.locked_until:
        yield "PERIOD_LOCKED", registers.locked_until.isoformat()
    year = registers.year_of(invoice.invoice_date)
    if year is None:
        yield "FINANCIAL_YEAR_MISSING", invoice.invoice_date.isoformat()
        return
    accounts = registers.accounts.get(year.id, {})
    for row in invoice.rows:
        unit = row.unit.strip() if settings.cost_center == "unit" else ""
        yield from _row_gaps(row.account.strip(), unit, accounts, registers.cost_centers)
    if settings.rounding_account:
        yield from _row_gaps(settings.rounding_account, "", accounts, None)


def _row_gaps(
    number: str,
    unit: str,
    accounts: Mapping[str, Account],
    cost_centers: frozenset[str] | None,
) -> Iterable[tuple[str, str]]:
    account = accounts.get(number)
    if account is None:
        yield "ACCOUNT_UNKNOWN", number
    elif not account.active:
        yield "ACCOUNT_INACTIVE", number
    elif account.cost_center_settings == "MANDATORY" and not unit:
        yield "COST_CENTER_DEMANDED", number
    elif account.cost_center_settings == "NOTALLOWED" and unit:
        yield "COST_CENTER_NOT_ALLOWED", number
    if unit and cost_centers is not None and unit not in cost_centers:
        yield "COST_CENTER_UNKNOWN", unit
