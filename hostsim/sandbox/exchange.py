"""What a resource needs of its request, and how it answers: the same for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Response, g, request

from hostsim.sandbox import query, responses
from hostsim.sandbox.errors import BAD_JSON, CONTENT_TYPE, Refused
from hostsim.sandbox.fields import no_data
from hostsim.sandbox.state import Company
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.tokens import Grant


def company() -> Company:
    """Return the company that the bearer belongs to."""
    grant: Grant = g.grant
    return switchboard().state.company(grant.company)


def base_url() -> str:
    """Return the address that the client used, which ``@url`` begins with."""
    return request.host_url.rstrip("/")


def json_body() -> Mapping[str, Any]:
    """Return what was sent, an object in JSON."""
    require_json()
    content = parse_json(request.get_data())
    return content if isinstance(content, dict) else {}


def parse_json(content: bytes) -> Any:
    try:
        return strict_json(content)
    except ValueError as error:
        message = "Error deserializing JSON: JSON_ERROR_SYNTAX"
        raise Refused(BAD_JSON, message) from error


def strict_json(content: bytes) -> Any:
    """Read JSON, amounts exactly; raises ``ValueError`` for anything else, ``NaN`` included."""
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
    """Return the record in what was sent: ``{"Invoice": {…}}``."""
    record = json_body().get(name)
    if not isinstance(record, Mapping) or not record:
        raise no_data()
    return record


def parse_path_number(text: str) -> int:
    """Read a number in a path; anything else matches nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def page_response(
    name: str, rows: Sequence[Any], serialize: Callable[[Any], Mapping[str, Any]]
) -> Response:
    """Answer with the requested page of a list."""
    switches = switchboard().switches
    meta, page_rows = query.paginate(rows, query.parse_page(request.args, switches), switches)
    return responses.json_response(
        {"MetaInformation": meta, name: [serialize(row) for row in page_rows]}
    )


def created_response(name: str, content: Mapping[str, Any], location: str) -> Response:
    """Answer that something was made; the location is a bare word, as recorded."""
    response = responses.json_response({name: content}, 201)
    response.headers["Location"] = location
    # Werkzeug would make the bare word a whole address.
    response.autocorrect_location_header = False
    return response
