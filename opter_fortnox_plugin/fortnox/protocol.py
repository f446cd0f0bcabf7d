"""Fortnox's requests and responses as values: resources, queries, JSON, pages.

Nothing here opens a connection. Sources: Fortnox's developer pages on parameters and rate limits,
and recorded responses where those pages are silent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from opter_fortnox_plugin.errors import Temporary

#: Fortnox's clock, for ``lastmodified``.
STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")

#: The status of a request that the rate limit refuses.
TOO_MANY_REQUESTS: Final = 429

#: The largest page that Fortnox returns.
PAGE_SIZE: Final = 500

#: ``lastmodified`` knows minutes only, and may be exclusive.
OVERLAP: Final = timedelta(hours=2)

#: Twelve digits at most; a number may come with zero decimals.
_CODE = re.compile(r"[0-9]{1,12}(\.0+)?", re.ASCII)

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

    :param path: its path.
    :param key: holds one resource, in requests and responses.
    :param list_key: holds the rows, in the response to a list.
    :param unexpected: names a response without the key: see :class:`~.errors.Temporary`.
    :param words: what messages call it; default: its path.
    """

    path: str
    key: str
    list_key: str = ""
    unexpected: str = "an answer of an unexpected form"
    words: str = ""

    @property
    def name(self) -> str:
        return self.words or self.path


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
ATTACHMENTS: Final = Resource("/api/fileattachments/attachments-v1", "", words="attached files")

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


def error_information(body: bytes) -> dict[str, Any] | None:
    """Return ``ErrorInformation``; ``None`` if there is none."""
    information = object_in(body).get("ErrorInformation")
    return information if isinstance(information, dict) else None


def object_in(body: bytes) -> dict[str, Any]:
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
    return moment_of(response.headers.get("date", ""))


def moment_of(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
