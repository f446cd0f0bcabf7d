"""Import and save all payments: the plug-in, a host, and its database in a file."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from measurement import Measurement

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_fortnox_plugin import hooks

NAME = "Fortnox"
count, code, environment = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])


def sign_in(address: str, answered: Any) -> bool:
    """Answer at once, as a person would."""
    query = parse_qs(urlsplit(address).query)
    answered(f"{query['redirect_uri'][0]}?code={code}&state={query['state'][0]}")
    return True


with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "host.db") as store:
    with store.change() as db:
        db.executemany(
            "INSERT INTO invoices (region, number, ocr, customer_code, customer_name, currency,"
            " total, remaining, period_closed)"
            " VALUES ('', ?1, '', 'K1', 'Grus AB', 'SEK', ?2, ?2, 1)",
            ((str(n), f"{1000 + n % 90}.50") for n in range(1, count + 1)),
        )
    host = Host(
        store, Plugins([("fortnox", hooks)]), configuration=environment, window=sign_in, user="me"
    )
    host.define(NAME, "FortnoxAPI", "API", "", {"ignore_payments_before": "1990-01-01"})
    with Measurement(count) as measurement:
        host.import_payments(NAME)
        host.save(NAME)
        # The books are what must be right.
        rows = store.db.execute("SELECT number, amount FROM payments WHERE state = 'registered'")
        for number, amount in rows:
            measurement.count(number, amount)
