"""What is prepared beside the sandbox: invoices and bills of the host, settings, and a person.

The demonstration and the desk both begin so.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import random
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import Any

from hostsim.sandbox import Sandbox, scripted_login, seed, seed_exports
from hostsim.sandbox.changes import parse_change
from hostsim.services.bills_json import BillsFile
from hostsim.services.invoices_json import InvoicesFile
from hostsim.services.invoices_table import InvoicesTable
from hostsim.storage.store import Store
from opter_contract.values import Text

log = logging.getLogger(__name__)

#: The import that the demonstration defines.
NAME = "Fortnox"
IMPORT_TYPE = "FortnoxAPI"
IMPORT_FORMAT = "API"

#: The export of invoices that it defines, and what is exported.
EXPORT_NAME = "Fakturor"

#: The export of bills.
BILLS_NAME = "Avräkningar"

#: SEK that may be missing before a payment counts as partial.
ACCEPTED_DEVIATION = "5"


def exported_invoices(now: datetime) -> list[Any]:
    """Read the demo's invoices as any file of invoices is read."""
    rows = seed.exported_invoices(now)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return InvoicesTable().read_from(text.getvalue().encode(), file="demo")


def bill_settings(now: datetime) -> dict[str, str]:
    return {"export_from_date": seed.cut_off_date(now).isoformat()}


def export_settings(now: datetime) -> dict[str, str]:
    rounding = seed_exports.ROUNDING_ACCOUNT
    return bill_settings(now) | {"cost_center": "unit", "rounding_account": rounding}


def load_bills(store: Store, bills: Sequence[Mapping[str, Any]]) -> None:
    content = json.dumps(bills).encode()
    store.load_bills(BillsFile().read_from(content, file="demo"))


def load_with_rows(store: Store, invoices: Sequence[Mapping[str, Any]]) -> None:
    content = json.dumps(invoices).encode()
    store.load_invoices(InvoicesFile().read_from(content, file="demo"))


def books_and_pays(sandbox: Sandbox, numbers: Iterable[str]) -> None:
    for number in numbers:
        for do in ("book_invoice", "pay_invoice"):
            parse_change({"do": do, "number": int(number)})(sandbox.state)


def free_port(choose: Callable[[int, int], int] = random.randint) -> int:
    """Find a port of this machine that is free.

    Below the ports that systems give to outgoing connections, so that none of
    those takes it before it is used.
    """
    for _ in range(100):
        port = choose(26_000, 32_000)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("this machine has no free port")


def sign_in_in_background(url: str, _on_redirect: Callable[[str], Text | None]) -> bool:
    """Sign in over HTTP as the person at the browser, in a thread of its own."""

    def sign_in() -> None:
        try:
            scripted_login.sign_in(url, seed.USER, seed.PASSWORD)
        except Exception:
            # The import then reports a timeout; this is the cause.
            log.exception("the demonstration could not sign in")

    threading.Thread(target=sign_in, name="sign-in", daemon=True).start()
    return True
