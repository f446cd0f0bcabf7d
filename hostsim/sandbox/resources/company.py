"""``/3/companyinformation``."""

from flask import Response, request

from hostsim.sandbox import exchange, query, responses, serializers


def company_information() -> Response:
    query.only(request.args, ())
    fields = serializers.company_information(exchange.company())
    return responses.answer({"CompanyInformation": fields})
