"""What reads from outside: each takes one changed input, and may refuse it with its own errors."""

from __future__ import annotations

import base64
import io
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import bill_file
import fortnox
from invoice_file import INVOICE

from hostsim.errors import HostError
from hostsim.plugins import mail
from hostsim.services import bills_json, invoices_json, invoices_table
from opter_fortnox_plugin.diagnostics.doctor.checks import refuse_unless_fortnox
from opter_fortnox_plugin.errors import FortnoxError, Missing, Rejected, Temporary, Unauthorized
from opter_fortnox_plugin.fortnox import (
    invoice_schemas,
    party_schemas,
    payment_schemas,
    protocol,
    responses,
    supplier_invoice_schemas,
)
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.protocol import Resource, Response
from opter_fortnox_plugin.login import oauth
from opter_fortnox_plugin.login.callback import Login
from opter_fortnox_plugin.login.callback_server import _CallbackHandler
from opter_fortnox_plugin.payments.conversion import Converter
from tests.fuzz.mutation import changed_bytes, changed_json

Random = random.Random

#: How the plug-in says that an answer is not what it should be.
REFUSALS: Final = (FortnoxError, Temporary, Unauthorized, Missing, Rejected, Unreadable)

STATE: Final = "state-of-this-login"
REDIRECT: Final = "http://localhost:51843/callback"

# --- Fortnox's answers ---

_INVOICE: Final = {
    "Invoice": fortnox.invoice(7)
    | {
        "Booked": True,
        "Cancelled": False,
        "CustomerNumber": "204",
        "InvoiceDate": "2026-02-01",
        "DueDate": "2026-03-01",
        "InvoiceRows": [
            {
                "AccountNumber": 3001,
                "DeliveredQuantity": "1",
                "Description": "Körning",
                "Price": 1000.25,
                "VAT": 25,
            }
        ],
    }
}
_SUPPLIER_INVOICE: Final = {
    "SupplierInvoice": {
        "GivenNumber": "12",
        "SupplierNumber": "5",
        "InvoiceNumber": "A-1",
        "InvoiceDate": "2026-02-01",
        "DueDate": "2026-03-01",
        "Currency": "SEK",
        "CurrencyRate": "1.0000",
        "Total": "1250.00",
        "VAT": "250.00",
        "Booked": False,
        "Cancelled": False,
        "SupplierInvoiceRows": [{"Account": 4010, "Debit": 1000, "Credit": 0, "Code": "TOT"}],
    }
}

_PAGES: Final = (protocol.PAYMENTS, protocol.INVOICES, protocol.CUSTOMERS, protocol.ACCOUNTS)

_BODIES: Final[tuple[Any, ...]] = (
    fortnox.page([fortnox.payment(1), fortnox.payment(2)]),
    fortnox.page([fortnox.invoice(7)], name="Invoices"),
    {"InvoicePayment": fortnox.detail(3, WriteOffs=[fortnox.write_off(0.5)])},
    _INVOICE,
    _SUPPLIER_INVOICE,
    {"Customer": {"CustomerNumber": "204", "Name": "Grus & Sten", "Active": True, "City": "Umeå"}},
    {"Supplier": {"SupplierNumber": "5", "Name": "Åkeriet", "Active": True, "BG": "5050-1055"}},
    {"Account": {"Number": 3001, "Active": True, "Year": 4, "Description": "Försäljning"}},
    {"FinancialYears": [{"Id": 4, "FromDate": "2026-01-01", "ToDate": "2026-12-31"}]},
    {"CompanyInformation": {"DatabaseNumber": 77, "CompanyName": "Åkeriet AB"}},
    fortnox.error(2000663),
    fortnox.error("2001101", capital=True),
    {"error": "invalid_grant", "error_description": "Invalid refresh token"},
    {"message": "unauthorized"},
    {"revoked": True},
    fortnox.tokens("header.eyJpYXQiOjE3NzAwMDAwMDB9.sign", "refresh"),
)

_STATUSES: Final = (200,) * 8 + (201, 204, 301, 400, 400, 401, 403, 404, 407, 429, 451, 500, 503)

_HEADERS: Final = {
    "date": fortnox.DATE,
    "retry-after": "5",
    "server": "squid/6.1",
    "location": "https://login.example.com/",
    "www-authenticate": "Bearer",
    "content-type": "application/json",
}

_READERS: Final[Mapping[Resource, tuple[Callable[[Any], Any], ...]]] = {
    protocol.PAYMENTS: (payment_schemas.payment_row, payment_schemas.payment_detail),
    protocol.INVOICES: (
        payment_schemas.invoice_ocr,
        payment_schemas.invoice_balance,
        invoice_schemas.invoice_of,
    ),
    protocol.CUSTOMERS: (party_schemas.customer_of,),
    protocol.SUPPLIERS: (party_schemas.supplier_of,),
    protocol.SUPPLIER_INVOICES: (supplier_invoice_schemas.supplier_invoice_of,),
    protocol.ACCOUNTS: (invoice_schemas.account_of,),
    protocol.FINANCIAL_YEARS: (invoice_schemas.year_of,),
    protocol.COMPANY: (payment_schemas.company_of,),
}


def answer(random: Random) -> Response:
    body = changed_json(random, random.choice(_BODIES))
    headers = {name: text for name, text in _HEADERS.items() if random.random() < 0.4}
    for name, text in headers.items():
        if random.random() < 0.2:
            headers[name] = changed_bytes(random, text.encode()).decode("latin-1")
    proxy = random.choice(("", "", "http://proxy:3128"))
    return Response(random.choice(_STATUSES), headers, body, proxy)


def fortnox_answer(response: Response) -> None:
    """Read an answer as each request would."""
    protocol.date_of(response)
    oauth.is_revoked(response)
    protocol.error_information(response.body)
    for resource, readers in _READERS.items():
        with suppress(*REFUSALS):
            _rows(responses.resource_in(response, resource), readers)
        with suppress(*REFUSALS):
            responses.written_resource(response, resource)
    for resource in _PAGES:
        with suppress(*REFUSALS):
            page = responses.page_of(responses.value_of(response, resource.path), resource.list_key)
            _rows(list(page.rows), _READERS[resource])
    with suppress(*REFUSALS):
        responses.list_in(response, protocol.ATTACHMENTS)
    with suppress(*REFUSALS):
        responses.raw_response(response)
    with suppress(*REFUSALS):
        refuse_unless_fortnox(response)
    for service in (False, True):
        with suppress(*REFUSALS):
            tokens = oauth.tokens_of(response, service=service)
            oauth.issued_at(tokens.access)
            oauth.tenant_of(tokens.access)


def _rows(value: Any, readers: tuple[Callable[[Any], Any], ...]) -> None:
    for row in value if isinstance(value, list) else [value]:
        for read in readers:
            with suppress(*REFUSALS):
                _convert(read(row))


def _convert(row: Any) -> None:
    if isinstance(row, payment_schemas.InvoicePayment):
        for detailed in (False, True):
            Converter("77", lambda _: None).convert(row, detailed=detailed)


def access_token(random: Random) -> str:
    claims = changed_json(random, {"iat": 1770000000, "tenantId": 77, "scope": ["payment"]})
    payload = base64.urlsafe_b64encode(claims).rstrip(b"=")
    token = b"e30." + payload + b".c2ln"
    if random.random() < 0.3:
        token = changed_bytes(random, token)
    return token.decode("utf-8", "surrogateescape")


def access_token_claims(token: str) -> None:
    oauth.issued_at(token)
    oauth.tenant_of(token)


# --- Files ---

_CSV: Final = (
    "invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date\n"
    "1001,100146,K1,Åkeri Öst AB,SEK,1000.00,2026-01-15,2026-02-14\n"
    '1002,"100248",K2,"Väst, ""frakt""",EUR,"1 000,50",2026-01-15,2026-02-14\n'
).encode()


def csv_file(random: Random) -> bytes:
    return changed_bytes(random, _CSV.replace(b",", b";") if random.random() < 0.2 else _CSV)


def invoices_csv_file(content: bytes) -> None:
    with suppress(HostError):
        invoices_table.InvoicesTable().read_from(content, file="f.csv")


def invoices_json_file(content: bytes) -> None:
    with suppress(HostError):
        invoices_json.InvoicesFile().read_from(content, file="f.json", folder=Path("/nowhere"))


def bills_json_file(content: bytes) -> None:
    with suppress(HostError):
        bills_json.BillsFile().read_from(content, file="f.json", folder=Path("/nowhere"))


# --- The callback ---

_REQUESTS: Final = (
    f"GET /callback?code=c0de&state={STATE} HTTP/1.1\r\nHost: localhost:51843\r\n\r\n",
    "GET /callback?error=access_denied&state=other HTTP/1.1\r\nHost: localhost:51843\r\n\r\n",
    "GET /callback HTTP/1.0\r\nHost: localhost:51843\r\nAccept: */*\r\n\r\n",
    "POST /callback HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 3\r\n\r\na=b",
)
#: What an answer is, from its first byte to its last; HTTP/0.9 has no head.
_ANSWER: Final = re.compile(
    rb"(?:HTTP/1\.0 \d{3} [\w' -]+\r\n(?:[\w-]+: [^\r\n]+\r\n)+\r\n)?<!doctype html>.*</html>\n",
    re.DOTALL,
)


class _Socket:
    def __init__(self, request: bytes) -> None:
        self._request = request
        self.sent = b""

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._request)

    def sendall(self, more: bytes) -> None:
        self.sent += more

    def settimeout(self, _seconds: float) -> None:
        """Nothing here waits."""


def request(random: Random) -> bytes:
    return changed_bytes(random, random.choice(_REQUESTS).encode())


def callback_request(sent: bytes) -> None:
    client = _Socket(sent)
    server: Any = SimpleNamespace(login=Login(REDIRECT, STATE))
    handler: Any = _CallbackHandler
    handler(client, ("127.0.0.1", 1), server)
    assert not client.sent or _ANSWER.fullmatch(client.sent), client.sent


def address(random: Random) -> str:
    text = f"{REDIRECT}?code=c0de&state={STATE}#fragment".encode()
    return changed_bytes(random, text).decode("utf-8", "surrogateescape")


def pasted_address(text: str) -> None:
    Login(REDIRECT, STATE).paste(text)
    Login(REDIRECT, STATE).hand_over(text)


# --- The environment ---

_MAIL: Final = {
    "HOSTSIM_SMTP": "[::1]:25",
    "HOSTSIM_MAIL_FROM": "Åkeriet <hostsim@example.com>",
    "HOSTSIM_MAIL_TO": "a@example.com, B <b@example.com>",
    "HOSTSIM_SMTP_USER": "u",
    "HOSTSIM_SMTP_PASSWORD": "p",
}


def environment(random: Random) -> dict[str, str]:
    changed = dict(_MAIL)
    for name in random.sample(sorted(changed), 2):
        text = changed_bytes(random, changed[name].encode())
        changed[name] = text.decode("utf-8", "surrogateescape")
    return changed


def mail_environment(variables: Mapping[str, str]) -> None:
    with suppress(HostError):
        mail.configured(variables)


#: By the function that reads: what makes its input.
TARGETS: Final[Mapping[Callable[[Any], None], Callable[[Random], Any]]] = {
    fortnox_answer: answer,
    access_token_claims: access_token,
    invoices_csv_file: csv_file,
    invoices_json_file: lambda random: changed_json(random, [INVOICE]),
    bills_json_file: lambda random: changed_json(random, [bill_file.BILL]),
    callback_request: request,
    pasted_address: address,
    mail_environment: environment,
}


def shown(value: object) -> str:
    """Write an input so that it can be pasted into a test."""
    text = f"{value!r} {value.body!r}" if isinstance(value, Response) else repr(value)
    return text if len(text) <= 1500 else f"{text[:1500]}… ({len(text)} characters)"
