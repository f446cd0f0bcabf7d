"""Fortnox's responses with its own field names, and servers and clocks for tests."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from contextlib import suppress

from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.fortnox.protocol import Response

API = "https://api.fortnox.se/3"
AUTH = "https://apps.fortnox.se/oauth-v1"

#: The ``Date`` of every response here.
DATE = "Tue, 03 Feb 2026 08:15:30 GMT"


def payment(number, **fields):
    """Make a row of the list of payments: eleven fields."""
    return {
        "@url": f"{API}/invoicepayments/{number}",
        "Amount": 1250.5,
        "Booked": True,
        "Currency": "SEK",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "InvoiceNumber": 9000 + int(number),
        "Number": str(number),
        "PaymentDate": "2026-02-02",
        "Source": "manual",
        "WriteOffExist": False,
    } | fields


def detail(number, **fields):
    """Make the detail of a payment: more fields, and no ``WriteOffExist``."""
    row = payment(number)
    del row["WriteOffExist"]
    return (
        row
        | {
            "AmountCurrency": row["Amount"],
            "ExternalInvoiceReference1": "",
            "ExternalInvoiceReference2": "",
            "InvoiceCustomerName": "Grus & Sten i Norr AB",
            "InvoiceCustomerNumber": "204",
            "InvoiceDueDate": "2026-02-15",
            "InvoiceOCR": f"{9000 + int(number)}55",
            "InvoiceTotal": "1250.5",
            "ModeOfPayment": "BG",
            "ModeOfPaymentAccount": 1920,
            "VoucherNumber": 31,
            "VoucherSeries": "C",
            "VoucherYear": 4,
            "WriteOffs": [],
        }
        | fields
    )


def write_off(amount, account=3740, description="Öresavrundning"):
    """Make a row of ``WriteOffs``."""
    return {
        "Amount": amount,
        "AccountNumber": account,
        "CostCenter": None,
        "Currency": "SEK",
        "Description": description,
        "Project": None,
        "TransactionInformation": "",
    }


def invoice(number, **fields):
    """Make a row of the list of invoices: number and OCR as text."""
    return {
        "@url": f"{API}/invoices/{number}",
        "Balance": 0,
        "Currency": "SEK",
        "CurrencyRate": "1",
        "CurrencyUnit": 1,
        "CustomerName": "Grus & Sten i Norr AB",
        "DocumentNumber": str(number),
        "OCR": f"{number}55",
        "Total": 1250.5,
        "FinalPayDate": None,
    } | fields


def page(rows, total=None, *, number=1, pages=1, name="InvoicePayments"):
    """Make a page of a list; ``MetaInformation`` comes first."""
    total = len(rows) if total is None else total
    meta = {"@TotalResources": total, "@TotalPages": pages, "@CurrentPage": number}
    return {"MetaInformation": meta, name: rows}


def error(code, message="Ett fel.", *, capital=False):
    """Make an error in one of Fortnox's two casings."""
    names = ("Error", "Message", "Code") if capital else ("error", "message", "code")
    return {"ErrorInformation": dict(zip(names, (1, message, code), strict=True))}


def tokens(access, refresh):
    """Make a response of the token service."""
    return {
        "access_token": access,
        "expires_in": 3600,
        "token_type": "bearer",
        "scope": "payment invoice companyinformation",
        "refresh_token": refresh,
    }


def response(status=200, body=b"", **headers):
    """Make a response; a body other than bytes is sent as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    named = {name.replace("_", "-").lower(): text for name, text in headers.items()}
    return Response(status, {"date": DATE} | named, body)


def configuration(**changes):
    """Make a configuration of invented values."""
    return Configuration(
        **{
            "client_id": "k7Qclient",
            "client_secret": "s3cret-of-the-integration",
            "redirect_uri": "http://localhost:51843/callback",
            "auth_url": AUTH,
            "api_url": API,
        }
        | changes
    )


class Clock:
    """A clock that advances only by ``sleep``."""

    def __init__(self, now=1000.0):
        self.now = now
        self.naps = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += seconds


class Wire:
    """A server on this machine that sends exactly the given bytes.

    :param visits: the reaction to each request in turn: bytes to send, or a
        function of the connected socket. The last one is repeated.
    """

    def __init__(self, *visits):
        self._visits = list(visits)
        self.requests = []
        self.connections = 0
        self.over = threading.Event()
        self._threads = []
        self._open = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.over.set()
        with suppress(OSError):
            # close() alone does not wake accept() on every system.
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        for connected in self._open:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self.over.is_set():
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connected)
            self._start(self._serve, connected)

    def _serve(self, connected):
        with connected, suppress(OSError):
            while request := _request(connected):
                self.requests.append(request)
                visit = self._visits.pop(0) if len(self._visits) > 1 else self._visits[0]
                if not callable(visit):
                    connected.sendall(visit)
                elif visit(connected, self.over) is not KEEP:
                    return


KEEP = object()


def _request(connected):
    """Read one request: its head, and a body of its Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connected.recv(65536)
        if not part:
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connected.recv(65536)
    return (head + b"\r\n\r\n" + body).decode("latin-1")


def raw_response(status, body=b"", **headers):
    """Make the bytes of an HTTP response."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", f"Date: {DATE}"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def reset(connected, over):
    """Reset the connection without a response."""
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def hang(connected, over):
    """Send nothing until the test ends."""
    over.wait()


def drip(start, drop):
    """Send ``start``, and then ``drop`` again and again while the client reads."""

    def visit(connected, over):
        connected.sendall(start)
        while not over.wait(0.02):
            connected.sendall(drop)

    return visit


def truncated(start):
    """Send ``start``, and close the connection."""

    def visit(connected, over):
        connected.sendall(start)

    return visit
