"""``/3/financialyears``."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from hostsim.sandbox import query, responses, rest
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.registers import FinancialYear
from hostsim.sandbox.switchboard import switchboard


def list_years() -> Response:
    query.check_parameters(request.args, query.COMMON_PARAMETERS | {"date", "Date"})
    years = list(rest.company().financial_years())
    requested = request.args.get("date", request.args.get("Date"))
    if requested is not None:
        day = query.parse_date(requested)
        years = [year for year in years if day in year]
    return rest.page_response("FinancialYears", years, _serialized)


def show_year(number: str) -> Response:
    for year in rest.company().financial_years():
        if str(year.id) == number:
            return responses.json_response({"FinancialYear": _serialized(year)})
    code = switchboard().switches.financial_year_code
    raise Refused(code, "Räkenskapsåret finns inte.", 404)


def _serialized(year: FinancialYear) -> dict[str, Any]:
    return {
        "@url": f"{rest.base_url()}/3/financialyears/{year.id}",
        "Id": year.id,
        "FromDate": year.first,
        "ToDate": year.last,
        "AccountChartType": "BAS",
        "AccountingMethod": year.method,
    }
