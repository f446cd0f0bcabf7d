"""What a response of the API holds: the value, or the error of it.

Nothing here opens a connection. Sources: Fortnox's developer pages on errors, and recorded
responses where those pages are silent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.errors import (
    Missing,
    NotPermitted,
    Refused,
    Rejected,
    Temporary,
    Unauthorized,
    in_swedish,
)
from opter_fortnox_plugin.fortnox.not_fortnox import (
    NETWORK_LOGIN,
    is_from_fortnox,
    not_fortnox,
    server_of,
)
from opter_fortnox_plugin.fortnox.protocol import (
    TOO_MANY_REQUESTS,
    Page,
    Resource,
    Response,
    code_of,
    date_of,
    decode,
    error_information,
    moment_of,
    object_in,
    plain,
)

# Fortnox's error codes, by what they mean for the person.
INTERNAL_ERRORS = frozenset({1000003, 1000029})  # sent with status 400, and temporary

_NO_SCOPE = 2000663

_NO_INTEGRATION_LICENCE = 2001103

_NO_MODULE_LICENCE = 2001101

_NO_RIGHT = frozenset({2001339, 2003330, 2001427, 2001393, 2002455})

_NOT_SIGNED_IN = frozenset({2000310, 2000311, 2003275, 2004054})

#: Mentions a licence, however Fortnox words that it has lapsed.
LICENCE = re.compile("licen[cs]", re.IGNORECASE)

#: What whoever is signed in may not do.
_READ: Final = Text("läsa", "read")

_WRITE: Final = Text("lägga upp eller ändra", "create or change")


def value_of(response: Response, resource: str) -> dict[str, Any]:
    """Return the object that an API response holds.

    :param resource: what was requested, for the message of an error.
    :raises Temporary, Unauthorized, Missing: for the caller to act on.
    :raises FortnoxError: for a person to act on.
    """
    if 200 <= response.status < 300:
        value = json_in(response)
        if not isinstance(value, dict):
            raise Temporary("an answer of an unexpected form")
        if "ErrorInformation" not in value:
            return value
    raise _error_of(response, resource)


def json_in(response: Response) -> Any:
    """Return the JSON of a response.

    :raises NotFortnox: if it is a page, or text that Fortnox did not send.
    :raises Temporary: if it is incomplete.
    """
    start = response.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start and start not in b"{[":
        raise not_fortnox(response)
    return decode(response.body)


def resource_in(response: Response, resource: Resource) -> Any:
    """Return the one resource that a response holds, undecoded.

    :raises Exception: as :func:`value_of` does.
    """
    value = value_of(response, resource.name)
    if resource.key not in value:
        raise Temporary(resource.unexpected)
    return value[resource.key]


def temporary_error(response: Response) -> Temporary | None:
    """Return the error of a status that asks the client to try again later, if it does."""
    if response.status in (408, TOO_MANY_REQUESTS) or (
        response.status >= 500 and response.status != NETWORK_LOGIN
    ):
        limited = response.status == TOO_MANY_REQUESTS
        # Fortnox's own may be a page, too, so that it is reported and not judged.
        server = "" if object_in(response.body) else server_of(response)
        what = f"{response.status}, {server}" if server else str(response.status)
        return Temporary(what, wait=_retry_after(response), limited=limited)
    return None


def _error_of(response: Response, resource: str) -> Exception:
    if temporary := temporary_error(response):
        return temporary
    if not is_from_fortnox(response):
        return not_fortnox(response)
    status = response.status
    # The service of attachments has its code as ``error``, if it has one.
    information = error_information(response.body) or {
        "Code": object_in(response.body).get("error")
    }
    code = code_of(information)
    shown = "–" if code is None else code
    if code in INTERNAL_ERRORS:
        return Temporary(f"{status}, {code}")
    if refused := not_permitted(code, status, resource):
        return refused
    if status == 401 or code in _NOT_SIGNED_IN:
        return Unauthorized()
    if status == 403:
        if LICENCE.search(response.body.decode("utf-8", "replace")):
            return licence_missing(_licence_of(resource), shown, status)
        return _right_missing(resource, shown)
    if status == 404:
        return Missing(resource)
    return Refused("FORTNOX_REFUSED", resource=resource, status=status, fortnox_code=shown)


def not_permitted(code: int | None, status: int, resource: str | Text) -> NotPermitted | None:
    """Return the error of a code that says what is missing: a licence, a scope or a right."""
    if code == _NO_INTEGRATION_LICENCE:
        return licence_missing(_INTEGRATION, code, status)
    if code == _NO_MODULE_LICENCE:
        return licence_missing(_licence_of(resource), code, status)
    if code == _NO_SCOPE:
        return NotPermitted("SCOPE_MISSING", resource=resource, fortnox_code=code)
    if code in _NO_RIGHT:
        return _right_missing(resource, code)
    return None


def _right_missing(resource: object, code: object, act: Text = _READ) -> NotPermitted:
    return NotPermitted("RIGHT_MISSING", resource=resource, fortnox_code=code, act=act)


def licence_missing(licence: Text, code: object = "–", status: int | None = None) -> NotPermitted:
    return NotPermitted("LICENCE_MISSING", licence=licence, fortnox_code=code, status=status)


def _licence_of(resource: str | Text) -> Text:
    if isinstance(resource, Text):
        return Text(f"en licens för {resource.sv}", f"a licence for {resource.en}")
    return Text(f"en licens för {in_swedish(resource)}", f"a licence for {resource}")


_INTEGRATION: Final = Text("integrationslicensen", "the integration licence")


def written_resource(response: Response, resource: Resource) -> Any:
    """Return the resource in the response to a write request.

    :raises Temporary: if the caller cannot know whether it was written, or it was limited.
    :raises Rejected: if Fortnox itself did not write it.
    :raises Unauthorized, FortnoxError: if it was not written for another reason.
    """
    try:
        return resource_in(response, resource)
    except NotPermitted as error:
        if error.code == "RIGHT_MISSING":
            raise _right_missing(resource.name, error.details["fortnox_code"], _WRITE) from None
        raise
    except (Refused, Missing):
        information = error_information(response.body)
        if information is None:
            raise Temporary("an answer of an unexpected form") from None
        raise Rejected(code_of(information), _message_of(information)) from None


def _message_of(information: dict[str, Any]) -> str:
    words = information.get("Message") or information.get("message")
    return plain(words, 200) if isinstance(words, str) else ""


def raw_response(response: Response) -> Response:
    """Return any response, unless a retry may get a different one.

    :raises Temporary, Unauthorized: for the caller to try again.
    """
    if 200 <= response.status < 300:
        return response
    error = _error_of(response, "")
    if isinstance(error, Temporary | Unauthorized):
        raise error
    return response


def _retry_after(response: Response) -> float | None:
    """Return ``Retry-After`` in seconds, from a number or a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    until, since = moment_of(text), date_of(response)
    return max(0.0, (until - since).total_seconds()) if until and since else None


def list_in(response: Response, resource: Resource) -> list[Any]:
    """Return a response that is a list.

    :raises Temporary: if it is no list.
    :raises Exception: as :func:`value_of` does.
    """
    value = decode(response.body) if 200 <= response.status < 300 else None
    if isinstance(value, list):
        return value
    value_of(response, resource.name)
    raise Temporary("a list of an unexpected form")


def page_of(value: Mapping[str, Any], name: str, at: datetime | None = None) -> Page:
    """Read one page of a list.

    :param at: the time of the response, by Fortnox's clock.
    :raises Temporary: if it is no list with ``MetaInformation``.
    """
    rows = value.get(name)
    meta = value.get("MetaInformation")
    if not isinstance(rows, list) or not isinstance(meta, dict):
        raise Temporary("a list of an unexpected form")
    try:
        total, pages = (_count(meta[key]) for key in ("@TotalResources", "@TotalPages"))
    except (KeyError, ValueError):
        raise Temporary("a list of an unexpected form") from None
    if rows and pages < 1:
        raise Temporary("a list of an unexpected form")
    return Page(rows, total, pages, at)


def _count(value: object) -> int:
    """Read a count, sent as a number or as text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise ValueError
