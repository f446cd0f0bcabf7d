"""Fortnox's protocol, without I/O.

Nothing here opens a connection: functions make values or errors out of
responses and URLs out of values, so that every rule can be tested as a
function call. Sources: Fortnox's developer pages on authorization, errors,
parameters and rate limits, and recorded responses where those pages are silent.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from opter_contract.values import Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import (
    FortnoxError,
    LoginFailed,
    Missing,
    NotFortnox,
    NotPermitted,
    Refused,
    Rejected,
    SettingsWrong,
    Temporary,
    Unauthorized,
    Unavailable,
    in_swedish,
)

#: Fortnox's clock, for ``lastmodified``.
STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")

#: The status of a request that the rate limit refuses.
TOO_MANY_REQUESTS: Final = 429

#: The largest page that Fortnox returns.
PAGE_SIZE: Final = 500

#: What the import reads: payments, invoices (for OCR references), the company.
SCOPES: Final = ("payment", "invoice", "companyinformation")

#: ``lastmodified`` knows minutes only, and may be exclusive.
OVERLAP: Final = timedelta(hours=2)

# Fortnox's error codes, by what they mean for the person.
_INTERNAL_ERRORS = frozenset({1000003, 1000029})  # sent with status 400, and temporary
_NO_SCOPE = 2000663
_NO_INTEGRATION_LICENCE = 2001103
_NO_MODULE_LICENCE = 2001101
_NO_RIGHT = frozenset({2001339, 2003330, 2001427, 2001393, 2002455})
_NOT_SIGNED_IN = frozenset({2000310, 2000311, 2003275, 2004054})

#: Twelve digits at most; a number may come with zero decimals.
_CODE = re.compile(r"[0-9]{1,12}(\.0+)?", re.ASCII)

#: A company's number, as it is sent in a header.
_TENANT = re.compile(r"[0-9]{1,18}", re.ASCII)

#: Statuses that only a proxy or a network sends: login required, or blocked for legal reasons.
_NETWORK_LOGIN: Final = 511
_NEVER_FORTNOX: Final = frozenset({407, 451, _NETWORK_LOGIN})

#: Authentication schemes of proxies and networks, never of Fortnox.
_PROXY_SCHEMES: Final = ("basic", "digest", "negotiate", "ntlm")

#: OAuth error codes of a login service that is down.
_SERVICE_DOWN: Final = frozenset({"server_error", "temporarily_unavailable"})

#: OAuth error code of a client that is known, but may not use this grant type.
_NOT_ALLOWED: Final = "unauthorized_client"

#: Fortnox's message for the same, if the client has no service accounts.
_NO_SERVICE = re.compile("does not allow service account", re.IGNORECASE)

_TOKEN_REASON = re.compile(r"[a-z_]{1,40}", re.ASCII)

#: Mentions a licence, however Fortnox words that it has lapsed.
_LICENCE = re.compile("licen[cs]", re.IGNORECASE)

#: The name of a server or a host, as far as it may be shown.
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,59}", re.ASCII)

#: The parameters of a request.
Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response, with header names in lower case.

    :ivar proxy: the proxy that it came through; ``""`` for none.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the API, and the keys of its JSON.

    :param path: its path; messages name it by that, too.
    :param key: holds one resource, in requests and responses.
    :param list_key: holds the rows, in the response to a list.
    :param unexpected: names a response without the key: see :class:`~.errors.Temporary`.
    """

    path: str
    key: str
    list_key: str = ""
    unexpected: str = "an answer of an unexpected form"


COMPANY: Final = Resource(
    "companyinformation",
    "CompanyInformation",
    unexpected="company information of an unexpected form",
)
INVOICES: Final = Resource(
    "invoices", "Invoice", "Invoices", unexpected="an invoice of an unexpected form"
)
CUSTOMERS: Final = Resource("customers", "Customer", "Customers")
SUPPLIERS: Final = Resource("suppliers", "Supplier", "Suppliers")
SUPPLIER_INVOICES: Final = Resource(
    "supplierinvoices",
    "SupplierInvoice",
    "SupplierInvoices",
    unexpected="a supplier invoice of an unexpected form",
)
FILE_CONNECTIONS: Final = Resource(
    "supplierinvoicefileconnections",
    "SupplierInvoiceFileConnection",
    "SupplierInvoiceFileConnections",
)
ACCOUNTS: Final = Resource("accounts", "Account", "Accounts")
CURRENCIES: Final = Resource("currencies", "Currency", "Currencies")
COST_CENTERS: Final = Resource("costcenters", "CostCenter", "CostCenters")
#: A list of few, which has no pages.
FINANCIAL_YEARS: Final = Resource("financialyears", "FinancialYears")
LOCKED_PERIOD: Final = Resource("settings/lockedperiod", "LockedPeriod")
INBOX: Final = Resource("inbox", "Folder")
FILES: Final = Resource("inbox", "File")
#: Below the API's root, not its ``/3``; its responses are lists.
ATTACHMENTS: Final = Resource("/api/fileattachments/attachments-v1", "")
PAYMENTS: Final = Resource(
    "invoicepayments",
    "InvoicePayment",
    "InvoicePayments",
    unexpected="a payment of an unexpected form",
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and Fortnox's own time of it (UTC).

    ``total`` counts the resources of all pages.
    """

    rows: Sequence[Any] = field(repr=False)
    total: int
    pages: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and the single-use refresh token for the next one.

    ``scopes`` are the granted ones; empty if Fortnox did not say.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    scopes: frozenset[str] = field(default=frozenset(), compare=False)
    lifetime: float = field(default=0.0, compare=False)
    """Seconds that the access token was good for when it was issued; 0 if unknown."""

    def lacking(self, scopes: Iterable[str]) -> list[str]:
        """Return which of these scopes were not granted; none if Fortnox did not say."""
        return [scope for scope in scopes if self.scopes and scope not in self.scopes]


# --- JSON --------------------------------------------------------------------


def _integer(digits: str) -> int | Decimal:
    # int() refuses thousands of digits, and takes long over hundreds.
    return int(digits) if len(digits) <= 30 else Decimal(digits)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except ArithmeticError:
        # An exponent beyond all bounds spoils its own row, not the whole response.
        return Decimal("NaN")


def decode(body: bytes) -> Any:
    """Read JSON with exact decimals, whatever the response's content type says.

    ``NaN`` and ``Infinity`` become decimals of that name, so that they spoil
    their own row only.

    :raises Temporary: if it is no JSON: a garbled response may be
        complete the next time.
    """
    try:
        return json.loads(body, parse_float=_decimal, parse_int=_integer, parse_constant=Decimal)
    except (ValueError, RecursionError):
        raise Temporary("an answer that is not JSON") from None


def encode(value: Any) -> bytes:
    """Write JSON with exact decimals.

    :raises TypeError: for a value that JSON cannot hold, such as a decimal that is no number.
    """
    return _json_text(value).encode()


def _json_text(value: object) -> str:
    # The module json writes no decimals, and a float would lose digits of some.
    if isinstance(value, Mapping):
        items = (f"{json.dumps(name)}: {_json_text(item)}" for name, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_json_text, value))}]"
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if isinstance(value, Decimal) and value.is_finite():
        return str(int(value)) if value == value.to_integral_value() else f"{value:f}"
    return json.dumps(value, allow_nan=False)


def plain(text: str, max_length: int = 100) -> str:
    """Return printable text, shortened to ``max_length`` characters."""
    short = text if len(text) <= max_length else text[: max_length - 1] + "…"
    encodable = short.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in encodable)


# --- Errors ------------------------------------------------------------------

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
    value = value_of(response, resource.path)
    if resource.key not in value:
        raise Temporary(resource.unexpected)
    return value[resource.key]


def _temporary(response: Response) -> Temporary | None:
    """Return the error of a status that asks the client to try again later, if it does."""
    if response.status in (408, TOO_MANY_REQUESTS) or (
        response.status >= 500 and response.status != _NETWORK_LOGIN
    ):
        limited = response.status == TOO_MANY_REQUESTS
        # Fortnox's own may be a page, too, so that it is reported and not judged.
        server = "" if _dict_in(response.body) else _server(response)
        what = f"{response.status}, {server}" if server else str(response.status)
        return Temporary(what, wait=_retry_after(response), limited=limited)
    return None


def _error_of(response: Response, resource: str) -> Exception:
    if temporary := _temporary(response):
        return temporary
    if not _is_from_fortnox(response):
        return not_fortnox(response)
    status = response.status
    # The service of attachments has its code as ``error``, if it has one.
    information = error_information(response.body) or {"Code": _dict_in(response.body).get("error")}
    code = code_of(information)
    shown = "–" if code is None else code
    if code in _INTERNAL_ERRORS:
        return Temporary(f"{status}, {code}")
    if refused := _not_permitted(code, status, resource):
        return refused
    if status == 401 or code in _NOT_SIGNED_IN:
        return Unauthorized()
    if status == 403:
        if _LICENCE.search(response.body.decode("utf-8", "replace")):
            return _licence_missing(_licence_of(resource), shown, status)
        return _right_missing(resource, shown)
    if status == 404:
        return Missing(resource)
    return Refused("FORTNOX_REFUSED", resource=resource, status=status, fortnox_code=shown)


def _not_permitted(code: int | None, status: int, resource: str | Text) -> NotPermitted | None:
    """Return the error of a code that says what is missing: a licence, a scope or a right."""
    if code == _NO_INTEGRATION_LICENCE:
        return _licence_missing(_INTEGRATION, code, status)
    if code == _NO_MODULE_LICENCE:
        return _licence_missing(_licence_of(resource), code, status)
    if code == _NO_SCOPE:
        return NotPermitted("SCOPE_MISSING", resource=resource, fortnox_code=code)
    if code in _NO_RIGHT:
        return _right_missing(resource, code)
    return None


def _right_missing(resource: object, code: object, act: Text = _READ) -> NotPermitted:
    return NotPermitted("RIGHT_MISSING", resource=resource, fortnox_code=code, act=act)


def refuse_unless_fortnox(response: Response) -> None:
    """Refuse a response that Fortnox itself did not make, to a request without a login.

    :raises Temporary: if Fortnox did not make it.
    """
    if temporary := _temporary(response):
        raise temporary
    value = json_in(response) if response.status < 300 else _dict_in(response.body)
    is_json = isinstance(value, dict) and (response.status < 300 or "error" in value)
    if not (is_json and not _server(response)) and not _is_from_fortnox(response):
        raise not_fortnox(response)


def _is_from_fortnox(response: Response) -> bool:
    """Return whether Fortnox itself made a refusal.

    Its gateway says ``message``. Only Fortnox can say that a payment is deleted, or that a
    token is stale, not a proxy in between.
    """
    if error_information(response.body) is not None:
        return True
    asks_for = response.headers.get("www-authenticate", "").lower()
    if _server(response) or asks_for.startswith(_PROXY_SCHEMES):
        return False
    if response.status in {404, *_NEVER_FORTNOX} or 300 <= response.status < 400:
        return False
    value = _dict_in(response.body)
    if isinstance(value.get("message"), str) or {"error", "error_description"} <= value.keys():
        return True
    return not response.body or (response.status == 401 and bool(value))


def _server(response: Response) -> str:
    """Return the name of the server that responded, unless it is Fortnox."""
    server = response.headers.get("server", "").strip()
    return server if _SERVER.fullmatch(server) and server.lower() != "fortnox" else ""


def not_fortnox(response: Response) -> NotFortnox:
    """Return the error of a response that Fortnox did not make, naming who did if it says so."""
    host = _host_of(response.headers.get("location", ""))
    if 300 <= response.status < 400 and _SERVER.fullmatch(host):
        who = Text(f"en hänvisning till {host}", f"a redirect to {host}")
    elif server := _server(response):
        who = Text(f"en server som kallar sig {server}", f"a server that calls itself {server}")
    elif response.proxy:
        who = Text(f"kanske proxyn {response.proxy}", f"maybe the proxy {response.proxy}")
    else:
        who = Text("det sade inte sitt namn", "it did not say who it was")
    # Trying again with the same password could lock an account.
    may_pass = 200 <= response.status < 300 or response.status == 404
    return NotFortnox(response.status, who, may_pass=may_pass)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _licence_missing(licence: Text, code: object = "–", status: int | None = None) -> NotPermitted:
    return NotPermitted("LICENCE_MISSING", licence=licence, fortnox_code=code, status=status)


def _licence_of(resource: str | Text) -> Text:
    if isinstance(resource, Text):
        return Text(f"en licens för {resource.sv}", f"a licence for {resource.en}")
    return Text(f"en licens för {in_swedish(resource)}", f"a licence for {resource}")


_INTEGRATION: Final = Text("integrationslicensen", "the integration licence")
_ANY_LICENCE: Final = Text(
    "en licens, hos företaget eller hos den som är inloggad,",
    "a licence, of the company or of whoever is signed in,",
)
#: What is refused where the token service itself says that something is missing.
_EVERYTHING: Final = Text("det som kopplingen behöver", "what the integration needs")


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
            raise _right_missing(resource.path, error.details["fortnox_code"], _WRITE) from None
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


def error_information(body: bytes) -> dict[str, Any] | None:
    """Return ``ErrorInformation``; ``None`` if there is none."""
    information = _dict_in(body).get("ErrorInformation")
    return information if isinstance(information, dict) else None


def _dict_in(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds; an empty one if it holds none."""
    try:
        # A message in another encoding does not hide the code next to it.
        value = decode(body.decode("utf-8-sig", "replace").encode())
    except Temporary:
        return {}
    return value if isinstance(value, dict) else {}


def code_of(information: dict[str, Any] | None) -> int | None:
    """Return Fortnox's error code: ``Code`` or ``code``, a number or text."""
    for name in ("Code", "code"):
        code = (information or {}).get(name)
        text = code.strip() if isinstance(code, str) else str(code)
        if not isinstance(code, bool) and _CODE.fullmatch(text):
            return int(Decimal(text))
    return None


def _retry_after(response: Response) -> float | None:
    """Return ``Retry-After`` in seconds, from a number or a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    until, since = _moment(text), date_of(response)
    return max(0.0, (until - since).total_seconds()) if until and since else None


# --- Lists -------------------------------------------------------------------


def list_in(response: Response, resource: Resource) -> list[Any]:
    """Return a response that is a list.

    :raises Temporary: if it is no list.
    :raises Exception: as :func:`value_of` does.
    """
    value = decode(response.body) if 200 <= response.status < 300 else None
    if isinstance(value, list):
        return value
    value_of(response, resource.path)
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


def page_query(page: int, **more: str) -> Query:
    return {"limit": str(PAGE_SIZE), "page": str(page), **more}


def list_query(sort_by: str, page: int = 1, *, ascending: bool = False, **more: str) -> Query:
    """Return the query for a page of a list.

    :param more: other parameters, which filter the list.
    """
    order = "ascending" if ascending else "descending"
    return page_query(page, sortby=sort_by, sortorder=order, **more)


def modified_since(moment: datetime) -> Query:
    """Return the query for what was changed since a minute, by Fortnox's clock."""
    # By isoformat, since strftime writes years before 1000 with fewer digits.
    return {"lastmodified": moment.astimezone(STOCKHOLM).isoformat(" ", "minutes")[:16]}


def payments_query(page: int, since: datetime | None, invoice_number: str | None = None) -> Query:
    """Return the query for a page of payments, newest payment date first.

    :param since: only payments changed since then, by Fortnox's clock.
    :param invoice_number: only the payments of this invoice.
    """
    query = list_query("paymentdate", page)
    if since is not None:
        query |= modified_since(since)
    if invoice_number is not None:
        query["invoicenumber"] = invoice_number
    return query


def invoices_query(
    page: int, ocr: str | None = None, *, unpaid: bool = False, customer: str | None = None
) -> Query:
    """Return the query for a page of invoices, highest number first.

    :param ocr: only those whose reference contains these digits.
    :param unpaid: only unpaid ones; Fortnox omits those that are not booked.
    :param customer: only those whose customer's number contains this.
    """
    query = list_query("documentnumber", page)
    if unpaid:
        query["filter"] = "unpaid"
    if customer is not None:
        query["customernumber"] = customer
    return query if ocr is None else query | {"ocr": ocr}


def invoice_query(number: str) -> Query:
    """Return the query for the row of one invoice.

    Fortnox finds every number that contains the digits. No lower number contains them all, so
    the invoice itself comes first.
    """
    return list_query("documentnumber", ascending=True, documentnumber=number)


def date_of(response: Response) -> datetime | None:
    """Return the ``Date`` header, in UTC; ``None`` if there is none."""
    return _moment(response.headers.get("date", ""))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


# --- OAuth -------------------------------------------------------------------


def authorization_url(
    configuration: Configuration,
    state: str,
    scopes: Sequence[str] = SCOPES,
    *,
    service: bool = False,
) -> str:
    """Return the URL at which a person signs in and approves.

    :param service: for a service account, which a system administrator must approve.
    :raises SettingsWrong: if the redirect URI is missing or wrong.
    """
    query = {
        "client_id": configuration.client_id,
        "redirect_uri": configuration.require_redirect_uri(),
        "scope": " ".join(scopes),
        "state": state,
        "access_type": "offline",
        "response_type": "code",
        **({"account_type": "service"} if service else {}),
    }
    # Fortnox documents %20 between scopes, not a plus sign.
    return f"{configuration.auth_url}/auth?{urlencode(query).replace('+', '%20')}"


def tokens_of(response: Response, *, service: bool = False) -> Tokens:
    """Return the tokens of a response, whatever its content type.

    :param service: whether they were requested by ``client_credentials``.
    :raises Temporary: if the same request may succeed later.
    :raises LoginFailed, NotPermitted: if it will not.
    """
    value = _dict_in(response.body)
    code = code_of(error_information(response.body))
    if missing := _not_permitted(code, response.status, _EVERYTHING):
        raise missing
    refused = not 200 <= response.status < 300 or "error" in value
    if refused and _mentions_licence(response.body, value):
        raise _licence_missing(_ANY_LICENCE)
    error = str(value.get("error", ""))
    temporary = _temporary(response)
    if error in _SERVICE_DOWN and not (temporary and temporary.wait):
        raise refusal_of(error)
    if temporary:
        raise temporary
    if code in _INTERNAL_ERRORS:
        raise Temporary(f"{response.status}, {code}")
    is_oauth_error = isinstance(value.get("error"), str) and not _server(response)
    if refused and not (is_oauth_error or _is_from_fortnox(response)):
        raise not_fortnox(response)
    if not isinstance(json_in(response), dict):
        raise Temporary("an answer of an unexpected form")
    if refused:
        raise _token_error(response.status, value, code, service=service)
    access, refresh = value.get("access_token"), value.get("refresh_token") or ""
    if not isinstance(access, str) or not access or not isinstance(refresh, str):
        raise Temporary("an answer without a token")
    scopes = value.get("scope")
    granted = frozenset(scopes.split() if isinstance(scopes, str) else ())
    return Tokens(access, refresh, granted, _lifetime(value.get("expires_in")))


def _token_error(
    status: int, value: Mapping[str, Any], code: int | None, *, service: bool
) -> FortnoxError:
    """Return the error of a token service that gave no token, and will give none later."""
    error = str(value.get("error", ""))
    known = refusal_of(error, words=str(value.get("error_description", "")))
    if service and error == "unsupported_grant_type":
        return SettingsWrong("CLIENT_NOT_ALLOWED", reason=error)
    if error == "invalid_grant" or not isinstance(known, LoginFailed):
        return known
    # Not a person's decision, and no reason to give up a stored login.
    word = error if _TOKEN_REASON.fullmatch(error) else f"status {status}"
    reason = word if code is None else Text(f"{word}, kod {code}", f"{word}, code {code}")
    return Unavailable("TOKEN_REFUSED", reason=reason)


def _mentions_licence(body: bytes, value: Mapping[str, Any]) -> bool:
    """Return whether a response, JSON or a sentence, mentions a licence."""
    text = json.dumps(value, default=str) if value else body[:1000].decode("utf-8", "replace")
    return not text.lstrip().startswith("<") and bool(_LICENCE.search(text))


def is_revoked(response: Response) -> bool:
    """Return whether Fortnox itself has revoked a token."""
    return response.status == 200 and _dict_in(response.body).get("revoked") is True


def issued_at(access_token: str) -> datetime | None:
    """Return when an access token was issued (UTC), by its ``iat``; ``None`` if unknown.

    Not verified: it is used as a clock, never for authorization.
    """
    issued = _claims_of(access_token).get("iat")
    try:
        if isinstance(issued, bool) or not isinstance(issued, int | float):
            return None
        return datetime.fromtimestamp(issued, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def tenant_of(access_token: str) -> str:
    """Return the number of the company that an access token is for; ``""`` if unknown.

    Not verified: Fortnox does that where the number is used.
    """
    number = str(_claims_of(access_token).get("tenantId", ""))
    return number if _TENANT.fullmatch(number) else ""


def _claims_of(access_token: str) -> dict[str, Any]:
    try:
        payload = access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, LookupError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _lifetime(seconds: Any) -> float:
    """Read ``expires_in``; 0 if it is not plausible."""
    # Comparing a value that is no number would raise.
    number = isinstance(seconds, int | Decimal) and Decimal(seconds).is_finite()
    good = number and 0 < seconds <= 86_400
    return float(seconds) if good else 0.0


def refusal_of(error: str, scopes: Sequence[str] = SCOPES, words: str = "") -> FortnoxError:
    """Return the exception for an OAuth ``error`` of a login.

    :param scopes: that were requested.
    :param words: ``error_description``.
    """
    if _LICENCE.search(f"{error} {words}"):
        return _licence_missing(_ANY_LICENCE)
    if error == "error_missing_system_admin_right":
        return NotPermitted("ADMINISTRATOR_NEEDED")
    if error == "access_denied":
        return LoginFailed("LOGIN_REFUSED")
    if error == _NOT_ALLOWED or _NO_SERVICE.search(words):
        return SettingsWrong("CLIENT_NOT_ALLOWED", reason=_plain_word(error))
    if error == "invalid_client":
        return SettingsWrong("LOGIN_CLIENT_UNKNOWN")
    if error == "invalid_scope":
        return SettingsWrong("SCOPES_NOT_REGISTERED", scopes=", ".join(scopes))
    if error in _SERVICE_DOWN:
        return Unavailable("LOGIN_SERVICE_DOWN", reason=error)
    return LoginFailed("LOGIN_FAILED", reason=_plain_word(error))


def _plain_word(error: str) -> str:
    """Return an error if it is a plain word: anything else might be confidential."""
    return error if _TOKEN_REASON.fullmatch(error) else "–"
