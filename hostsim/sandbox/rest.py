"""Request parsing and responses that all resources share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Response, g, request

from hostsim.sandbox import query, responses
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import BAD_JSON, CONTENT_TYPE, Refused
from hostsim.sandbox.fields import no_data
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.tokens import Grant


def company() -> Company:
    """Return the company of the bearer."""
    grant: Grant = g.grant
    return switchboard().state.company(grant.company)


def base_url() -> str:
    """Return the base URL by which the client addressed us, for ``@url``."""
    return request.host_url.rstrip("/")


def json_body() -> Mapping[str, Any]:
    require_json()
    content = parse_json()
    return content if isinstance(content, dict) else {}


def parse_json() -> Any:
    """Parse the body, or refuse it."""
    try:
        return strict_json(request.get_data())
    except ValueError as error:
        message = "Error deserializing JSON: JSON_ERROR_SYNTAX"
        raise Refused(BAD_JSON, message) from error


def strict_json(content: bytes) -> Any:
    """Parse JSON, with amounts as ``Decimal``. Raises ``ValueError``, also for ``NaN``."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse_constant(text: str) -> None:
    raise ValueError(text)


def require_json() -> None:
    if not request.mimetype and switchboard().switches.missing_content_type == "json":
        return
    if request.mimetype != responses.JSON:
        raise Refused(CONTENT_TYPE, "Invalid content type")


def record_in_body(name: str) -> Mapping[str, Any]:
    """Return the record in the body's envelope: ``{"Invoice": {…}}``."""
    record = json_body().get(name)
    if not isinstance(record, Mapping) or not record:
        raise no_data()
    return record


def parse_path_number(text: str) -> int:
    """Parse a number in a path; -1, which matches no record, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def page_response(
    name: str, rows: Sequence[Any], serialize: Callable[[Any], Mapping[str, Any]]
) -> Response:
    switches = switchboard().switches
    meta, page_rows = query.paginate(rows, query.parse_page(request.args, switches), switches)
    return responses.json_response(
        {"MetaInformation": meta, name: [serialize(row) for row in page_rows]}
    )


def created_response(name: str, content: Mapping[str, Any], location: str) -> Response:
    """Return 201; ``Location`` is a bare word, as recorded."""
    response = responses.json_response({name: content}, 201)
    response.headers["Location"] = location
    # Werkzeug would make it an absolute URL.
    response.autocorrect_location_header = False
    return response
