"""``/3/financialyears``."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from hostsim.sandbox import exchange, query, responses
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.registers import FinancialYear
from hostsim.sandbox.switchboard import switchboard


def list_years() -> Response:
    query.only(request.args, query.COMMON | {"date", "Date"})
    years = list(exchange.company().financial_years())
    asked = request.args.get("date", request.args.get("Date"))
    if asked is not None:
        day = query.day_of(asked)
        years = [year for year in years if day in year]
    return exchange.page("FinancialYears", years, _serialized)


def show_year(number: str) -> Response:
    for year in exchange.company().financial_years():
        if str(year.id) == number:
            return responses.answer({"FinancialYear": _serialized(year)})
    code = switchboard().switches.financial_year_code
    raise Refused(code, "Räkenskapsåret finns inte.", 404)


def _serialized(year: FinancialYear) -> dict[str, Any]:
    return {
        "@url": f"{exchange.base()}/3/financialyears/{year.id}",
        "Id": year.id,
        "FromDate": year.first,
        "ToDate": year.last,
        "AccountChartType": "BAS",
        "AccountingMethod": year.method,
    }
