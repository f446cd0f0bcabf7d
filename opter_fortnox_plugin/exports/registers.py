"""The registers in Fortnox that items refer to, read once a run, and what they lack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from opter_fortnox_plugin.errors import Missing
from opter_fortnox_plugin.exports.lists import Lists
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import readable
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
)
from opter_fortnox_plugin.fortnox.worker_pool import Future, WorkerPool


class Registers:
    """Accounts, years, the locked period, currencies and cost centres."""

    def __init__(self, client: Client, pool: WorkerPool) -> None:
        self._client = client
        self._pool = pool
        self.years: Sequence[FinancialYear] = ()
        self.locked_until: date | None = None
        self.currencies: frozenset[str] | None = None
        self.cost_centers: frozenset[str] | None = None
        #: By the id of the year, and the number.
        self.accounts: Mapping[str, Mapping[str, Account]] = {}

    def read(self, days: Collection[date], *, foreign: bool, centers: bool = False) -> None:
        """Read the registers that items of these days refer to.

        :param foreign: whether some are in another currency than SEK.
        :param centers: whether some have cost centres.
        """
        client, pool = self._client, self._pool
        lists = Lists(client, pool)
        years = pool.submit(lambda: _fetch_years(client))
        locked: Future[date | None] = pool.submit(lambda: _fetch_locked_until(client))
        currencies = lists.start(CURRENCIES) if foreign else None
        cost_centers = lists.start(COST_CENTERS) if centers else None
        self.years = pool.result(years)
        needed = {year.id for day in days if (year := self.year_of(day))}
        accounts = {year: lists.start(ACCOUNTS, financialyear=year) for year in needed}
        self.locked_until = pool.result(locked)
        self.currencies = currencies and frozenset(map(code_in, currencies()))
        self.cost_centers = cost_centers and frozenset(map(code_in, cost_centers()))
        self.accounts = {
            year: {account.number: account for account in readable(account_of, listed())}
            for year, listed in accounts.items()
        }

    def year_of(self, day: date) -> FinancialYear | None:
        return next((year for year in self.years if year.from_date <= day <= year.to_date), None)

    def descriptions(self, day: date) -> Mapping[str, str]:
        """Return the names of the accounts in the year of a day."""
        year = self.year_of(day)
        accounts = self.accounts.get(year.id, {}) if year else {}
        return {number: account.description for number, account in accounts.items()}

    # --- Missing references ---

    def missing_references(
        self, day: date, currency: str, coding: Iterable[tuple[str, str]]
    ) -> Iterable[tuple[str, str]]:
        """Yield the code of each missing reference, with its value.

        :param coding: the item's accounts, each with its cost centre or ``""``.
        """
        if self.currencies is not None and currency not in {"SEK", *self.currencies}:
            yield "CURRENCY_UNKNOWN", currency
        if self.locked_until and day <= self.locked_until:
            yield "PERIOD_LOCKED", self.locked_until.isoformat()
        year = self.year_of(day)
        if year is None:
            yield "FINANCIAL_YEAR_MISSING", day.isoformat()
            return
        for number, center in coding:
            yield from self._account_problems(
                self.accounts.get(year.id, {}).get(number), number, center
            )

    def _account_problems(
        self, account: Account | None, number: str, center: str
    ) -> Iterable[tuple[str, str]]:
        if account is None:
            yield "ACCOUNT_UNKNOWN", number
        elif not account.active:
            yield "ACCOUNT_INACTIVE", number
        elif account.cost_center_settings == "MANDATORY" and not center:
            yield "COST_CENTER_DEMANDED", number
        elif account.cost_center_settings == "NOTALLOWED" and center:
            yield "COST_CENTER_NOT_ALLOWED", number
        if center and self.cost_centers is not None and center not in self.cost_centers:
            yield "COST_CENTER_UNKNOWN", center


def _fetch_years(client: Client) -> Sequence[FinancialYear]:
    try:
        rows = client.get(FINANCIAL_YEARS)
    except Missing:
        return []
    return readable(year_of, rows if isinstance(rows, list) else ())


def _fetch_locked_until(client: Client) -> date | None:
    try:
        period = client.get(LOCKED_PERIOD)
    except Missing:
        return None
    end = period.get("EndDate") if isinstance(period, Mapping) else None
    with suppress(ValueError):
        return date.fromisoformat(end) if isinstance(end, str) else None
    return None
