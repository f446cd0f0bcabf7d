r"""Fortnox's responses: JSON encoding and headers.

From recordings: ``/`` is escaped, non-ASCII is ``\uXXXX``, amounts are
numbers without trailing zeros. Responses of its gateway have fewer headers
than those of its application.
"""

from __future__ import annotations

import gzip
import json
import re
import secrets
from datetime import date, datetime
from decimal import Decimal
from email.utils import format_datetime
from http import HTTPStatus

from flask import Response

from hostsim.sandbox.errors import Refused

JSON = "application/json"

#: In every response, the gateway's included. The policy is invented.
COMMON_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self' *.fortnox.se; script-src 'self' *.fortnox.se; style-src 'self'"
        " 'unsafe-inline' *.fortnox.se; img-src 'self' data: *.fortnox.se; font-src 'self' data:"
        " *.fortnox.se; connect-src 'self' *.fortnox.se; frame-src 'self' *.fortnox.se;"
        " frame-ancestors 'self' *.fortnox.se; base-uri 'self'; form-action 'self' *.fortnox.se;"
        " object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Xss-Protection": "0",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "sameorigin",
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains",
}

REASON_PHRASES = {status.value: status.phrase for status in HTTPStatus}

#: The build that the recordings name; ten hexadecimal digits.
BUILD = "16d854443d"

#: Marks a number among JSON's strings; it is random, so that no text holds it.
_MARK = secrets.token_hex(8)
_MARKED_NUMBER = re.compile(f'"{_MARK}([^"]*)"')


def encode(value: object) -> str:
    """Encode JSON as Fortnox does; dictionaries keep their order."""
    encoded = json.dumps(value, separators=(",", ":"), default=_encode_date_or_number)
    return _MARKED_NUMBER.sub(r"\1", encoded).replace("/", "\\/")


def _encode_date_or_number(value: date | Decimal) -> str:
    """Return the text of a value that :mod:`json` cannot encode; a float would lose digits."""
    return f"{_MARK}{format_number(value)}" if isinstance(value, Decimal) else value.isoformat()


def format_number(value: Decimal) -> str:
    """Format an amount or a rate: ``1000``, ``990.5``, never ``1E+3``."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def json_response(content: object, status: int = 200) -> Response:
    """Return a response of Fortnox's application."""
    return _application_headers(Response(encode(content), status, content_type=JSON))


def file_response(content: bytes, content_type: str) -> Response:
    return _application_headers(Response(content, 200, content_type=content_type))


def no_content() -> Response:
    return _application_headers(Response(status=204))


def error_response(refused: Refused, *, codes_as_text: bool) -> Response:
    """Return an error of Fortnox's application.

    Validation (400) was recorded with lower-case keys, not found (404) and
    the specification have capitals.
    """
    code = str(refused.code) if codes_as_text else refused.code
    fields: dict[str, object] = {"Error": 1, "Message": refused.message, "Code": code}
    if refused.status == 400:
        fields = {name.lower(): value for name, value in fields.items()}
    return json_response({"ErrorInformation": fields}, refused.status)


def service_error(error: str, message: str, status: int) -> Response:
    """Return an error of the services outside ``/3``."""
    fields = {"error": error, "id": secrets.token_hex(8), "message": message}
    return json_response(fields, status)


def gateway_response(status: int, message: str) -> Response:
    """Return a response of the gateway, which does not use ``ErrorInformation``."""
    return Response(encode({"message": message}), status, content_type=JSON)


def add_common_headers(response: Response, now: datetime) -> Response:
    """Add the headers of every response, with the date by the sandbox's clock."""
    for name, value in COMMON_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Date"] = format_datetime(now, usegmt=True)
    return response


def finish(response: Response) -> Response:
    """Set the reason phrase in mixed case, as recorded; drop body headers if there is none."""
    code = response.status_code
    response.status = f"{code} {REASON_PHRASES.get(code, 'Unknown')}"
    if code in {204, 304}:
        response.close()  # it may be a file
        response.set_data(b"")
        del response.headers["Content-Type"], response.headers["Content-Length"]
    return response


def send_in_chunks(response: Response) -> None:
    """Omit the length of a large 201, as recorded of 2,183 bytes and not of 1,453."""
    if response.status_code == 201 and (response.content_length or 0) > 2000:
        response.response = iter([response.get_data()])
        del response.headers["Content-Length"]


def compress(response: Response) -> None:
    """Compress a response that has ``Vary``, as 200 and 404 of Fortnox do."""
    if response.headers.get("Vary") != "Accept-Encoding":
        return
    has_length = not response.is_streamed
    body = gzip.compress(response.get_data(), compresslevel=1, mtime=0)
    response.set_data(body)
    if not has_length:
        response.response = iter([body])
        del response.headers["Content-Length"]
    response.headers["Content-Encoding"] = "gzip"


def _application_headers(response: Response) -> Response:
    response.headers["X-Build"] = BUILD
    response.headers["X-Uid"] = secrets.token_hex(4)
    response.headers["X-Rack-Responsetime"] = str(80 + secrets.randbelow(200))
    # Recorded in responses 200 and 404, and in no 400.
    if response.status_code in {200, 404}:
        response.headers["Vary"] = "Accept-Encoding"
    return response
