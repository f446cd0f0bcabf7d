"""Whatever Fortnox sends, every payment ends in one list, and an error is one for a person.

Host and plug-in are the real ones; Fortnox's answers are made up, in memory.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ports import free_port
from scripted_import import FakeTime, integrity_errors, plugin_with

from hostsim.ledger.values import ExportedInvoice
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.fortnox.protocol import Response

NAME = "Fortnox"
KINDS = ("ready", "rejected", "ignored")
DATE = "Mon, 20 Apr 2026 12:00:00 GMT"
COMPANY = {"CompanyInformation": {"DatabaseNumber": 7001, "CompanyName": "Åkeriet AB"}}


class Wire:
    """A transport that has what Fortnox would send; the number of payments is Fortnox's own."""

    def __init__(self, rows, details=None, invoices=None, *, company=COMPANY, meta=None):
        self.rows, self.details, self.invoices = rows, details or {}, invoices or {}
        self.company, self.meta = company, meta or {}

    def __call__(self):
        return self

    def abort(self):
        pass

    def close(self):
        pass

    def send(self, method, address, *, query=None, **_):
        path = urlsplit(address).path.split("/")[2:]
        match path:
            case ["token"]:
                return self._reply({"access_token": "a", "refresh_token": "b"})
            case ["revoke"]:
                return self._reply({"revoked": True})
            case ["companyinformation"]:
                return self._reply(self.company)
            case ["invoicepayments"]:
                rows = [] if "lastmodified" in query else self.rows
                return self._list("InvoicePayments", rows, query, self.meta)
            case ["invoices"]:
                return self._list("Invoices", list(self.invoices.values()), query, {})
            case ["invoicepayments", number]:
                return self._one("InvoicePayment", self.details, number)
            case ["invoices", number]:
                return self._one("Invoice", self.invoices, number)
        raise AssertionError(path)

    def _list(self, name, rows, query, meta):
        size = protocol.PAGE_SIZE
        start = (int(query["page"]) - 1) * size
        counts = {"@TotalResources": len(rows), "@TotalPages": -(-len(rows) // size)}
        return self._reply({"MetaInformation": counts | meta, name: rows[start : start + size]})

    def _one(self, name, values, number):
        if number not in values:
            error = {"Error": 1, "Message": "", "Code": 2000423}
            return self._reply({"ErrorInformation": error}, 404)
        return self._reply({name: values[number]})

    def _reply(self, value, status=200):
        return Response(status, {"date": DATE}, json.dumps(value).encode())


@pytest.fixture(scope="module")
def port():
    return free_port()


@contextmanager
def office(wire, port):
    """A host with eight invoices, and a definition whose payments come over this wire."""
    redirect_uri = f"http://127.0.0.1:{port}/callback"

    def sign_in(address, answered):
        state = parse_qs(urlsplit(address).query)["state"][0]
        return answered(f"{redirect_uri}?code=c&state={state}") is None

    configuration = {
        "FORTNOX_CLIENT_ID": "id",
        "FORTNOX_CLIENT_SECRET": "secret",
        "FORTNOX_REDIRECT_URI": redirect_uri,
    }
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "host.db") as store:
        # Nothing here dies suddenly; waiting for the disk would take most of the time.
        store.db.execute("PRAGMA synchronous = OFF")
        store.load_invoices(
            ExportedInvoice(str(n), f"{n}77", "K1", "Bageriet AB", currency, Decimal(1000))
            for n, currency in zip(range(1001, 1009), itertools.cycle(("SEK", "EUR")))
        )
        host = Host(
            store,
            Plugins([("fortnox", plugin_with(wire, FakeTime()))]),
            configuration=configuration,
            window=sign_in,
            clock=lambda: datetime(2026, 4, 20, 12, 0, tzinfo=UTC),
            user="kim",
        )
        values = {"ignore_payments_before": "2026-02-01", "ignore_numbers_before": "1002"}
        host.define(NAME, "FortnoxAPI", "API", "", values)
        yield host


def rows_of(preview):
    return [row for kind in KINDS for row in preview.rows(kind)]


def holds(preview):
    """Read is ready, rejected and ignored, in number and in money; and the lists say the same."""
    assert preview.counts["read"] == sum(preview.counts[kind] for kind in KINDS)
    assert preview.totals["read"] == sum(preview.totals[kind] for kind in KINDS)
    for kind in KINDS:
        rows = list(preview.rows(kind))
        assert len(rows) == preview.counts[kind]
        assert sum(row.amount for row in rows) == preview.totals[kind]


# --- What Fortnox could send ---

SURROGATES = st.sampled_from(["\ud800", "Åkeri \udfff AB", "a\x00b", "\u202e\u2028", "🚚" * 300])
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [
            "API_NORIGHT",
            "",
            " ",
            "1 000,00",
            "1e5",
            "٣٤",
            "-0",
            "0x10",
            "2026-02-30",
            "2026-13-01",
            "20260201",
            "0000-00-00",
            "NaN",
            float("nan"),
            float("inf"),
            float("-inf"),
            -1,
            0,
            10**12,
            10**40,
            1e300,
            1e-300,
            -0.0,
            0.005,
            1000.001,
            99999999999999999999999999999999,
            [],
            {},
            [[]],
            {"Amount": 1},
        ]
    ),
    SURROGATES,
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
AMOUNTS = st.one_of(
    st.integers(-2000, 2000),
    st.integers(-200_000, 200_000).map(lambda ore: float(Decimal(ore) / 100)),
    st.integers(-200_000, 200_000).map(lambda ore: f"{Decimal(ore) / 100:.2f}"),
    st.sampled_from([999999999999.99, -999999999999.99, "1000", "1000.000000"]),
)
NUMBERS = st.integers(1, 12).flatmap(lambda n: st.sampled_from([n, str(n), f"0{n}"]))
FIELDS = {
    "Number": NUMBERS,
    "InvoiceNumber": st.integers(1000, 1010).flatmap(lambda n: st.sampled_from([n, str(n)])),
    "PaymentDate": st.sampled_from(["2026-01-31", "2026-02-01", "2026-03-15", "2026-04-01"]),
    "Amount": AMOUNTS,
    "Currency": st.sampled_from(["SEK", "SEK", "EUR", "sek", "XXX"]),
    "CurrencyRate": st.sampled_from([1, "1", 11.25, "11.25", 0, None]),
    "CurrencyUnit": st.sampled_from([1, 100, "1", 0, None]),
    "Booked": st.sampled_from([True, True, "true", False]),
    "Source": st.sampled_from(["manual", "file", "finance", "something-new", 7]) | SURROGATES,
    "WriteOffExist": st.sampled_from([False, False, True, "false"]),
}
WRITE_OFF = st.fixed_dictionaries(
    {"Amount": AMOUNTS | ODD}, optional={"AccountNumber": ODD, "Description": ODD}
)
DETAIL_FIELDS = {
    **{name: values for name, values in FIELDS.items() if name != "WriteOffExist"},
    "AmountCurrency": AMOUNTS,
    "WriteOffs": st.lists(WRITE_OFF, max_size=3),
    "InvoiceOCR": st.sampled_from(["", "100377", "1003 77", 100377, "x"]),
}


@st.composite
def spoiled(draw, fields):
    """Draw an object of which a field or two may be odd or missing."""
    row = {name: draw(values) for name, values in fields.items()}
    for name in draw(st.sets(st.sampled_from(sorted(fields)), max_size=2)):
        if draw(st.booleans()):
            row[name] = draw(ODD)
        else:
            del row[name]
    return row


ROWS = st.lists(st.one_of(*[spoiled(FIELDS)] * 9, ODD), max_size=12)
DETAILS = st.dictionaries(
    st.integers(1, 12).map(str), st.one_of(*[spoiled(DETAIL_FIELDS)] * 9, ODD), max_size=12
)
INVOICES = st.dictionaries(
    st.integers(1000, 1010).map(str),
    spoiled({"DocumentNumber": st.integers(1000, 1010), "OCR": st.sampled_from(["100377", ""])}),
    max_size=4,
)


def examples(number):
    """Try as many, each with a host and a database of its own."""
    unhealthy = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=number, suppress_health_check=unhealthy)


def outcome(host):
    """Import; give the preview, or the error for a person. Anything else is a fault of ours."""
    try:
        return host.import_payments(NAME), None
    except FortnoxError as error:
        return None, error


def good(number, **fields):
    """Make a row with nothing odd about it."""
    return {
        "Amount": 1000,
        "Booked": True,
        "Currency": "SEK",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "InvoiceNumber": 1003,
        "Number": str(number),
        "PaymentDate": "2026-04-01",
        "Source": "manual",
        "WriteOffExist": False,
    } | fields


@examples(50)
@given(ROWS, DETAILS, INVOICES)
@example([good(1, Amount=float("nan")), good(2)], {}, {})
@example([good(1), good(1), good(1, Amount=7)], {}, {})
@example([None, "API_NORIGHT", 7, []], {}, {})
def test_read_is_ready_and_rejected_and_ignored_whatever_comes(port, rows, details, invoices):
    with office(Wire(rows, details, invoices), port) as host:
        preview = host.import_payments(NAME)
        holds(preview)
        saved = host.save(NAME)
        registered = [row.payment_number for row in host.store.payments()]
        assert sorted(registered) == sorted(row.payment_number for row in preview.rows("ready"))
        assert len(set(registered)) == saved.counts["ready"]
        assert integrity_errors(host.store.path) == []
        # And what was kept can be read again.
        holds(host.import_payments(NAME))


@examples(50)
@given(ROWS)
def test_every_payment_of_one_page_is_in_exactly_one_list_with_the_amount_that_it_had(port, rows):
    """Every detail is gone by the time that it is asked for, so that only list rows count."""
    named, without_number, listed = set(), 0, []
    for row in rows:
        number = number_of(row)
        if number is None:
            without_number += 1
        elif number not in named:
            named.add(number)
            listed.append(row)
    with office(Wire(rows), port) as host:
        shown = rows_of(host.import_payments(NAME))
    assert shown == rows_once(shown)
    assert sum(not row.payment_number for row in shown) == without_number
    assert {row.payment_number for row in shown} - {""} <= named
    amounts = {row.payment_number: row.amount for row in shown}
    for row in listed:
        if is_plain(row):
            assert amounts[number_of(row)] == Decimal(row["Amount"])


def number_of(row):
    """Say which payment a row is of; nothing where it does not say so itself."""
    number = row.get("Number") if isinstance(row, dict) else None
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    text = str(number)
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        return None
    return str(int(text))


def is_plain(row):
    """Say whether a row needs no detail and has nothing odd."""
    return (
        row.get("Currency") == "SEK"
        and row.get("WriteOffExist") is False
        and isinstance(row.get("Amount"), int)
        and not isinstance(row.get("Amount"), bool)
        and abs(row["Amount"]) <= 2000
        and row.get("Booked") is True
        and row.get("PaymentDate") == "2026-04-01"
        and str(row.get("InvoiceNumber")) in {"1003", "1005", "1007"}
    )


def rows_once(rows):
    counts = Counter(row.payment_number for row in rows)
    return [row for row in rows if not row.payment_number or counts[row.payment_number] == 1]


# --- Lists that contradict themselves ---


@examples(50)
@given(
    ROWS,
    st.fixed_dictionaries({}, optional={"@TotalResources": ODD, "@TotalPages": ODD}),
    st.sampled_from([2, 3, 500]),
)
def test_a_list_that_contradicts_itself_is_read_or_is_an_error_for_a_person(
    port, rows, meta, page_size
):
    with pytest.MonkeyPatch.context() as patch, office(Wire(rows, meta=meta), port) as host:
        patch.setattr(protocol, "PAGE_SIZE", page_size)
        preview, error = outcome(host)
        if error is None:
            holds(preview)
        else:
            assert error.message.sv
            assert host.open_preview(NAME) is None
            assert host.save(NAME) is None


@examples(25)
@given(st.one_of(ODD, st.fixed_dictionaries({}, optional={
    "DatabaseNumber": ODD, "CompanyName": ODD,
})))  # fmt: skip
def test_a_company_that_cannot_be_read_is_an_error_for_a_person(port, company):
    with office(Wire([good(1)], company={"CompanyInformation": company}), port) as host:
        preview, error = outcome(host)
        if error is None:
            assert preview.company.number.isdigit()
            holds(preview)
        else:
            assert error.code == "FORTNOX_UNAVAILABLE"


# --- One by one, what is worth a name ---


def imported(port, rows, details=None, **more):
    with office(Wire(rows, details, **more), port) as host:
        preview = host.import_payments(NAME)
        holds(preview)
        return {row.payment_number: row for row in rows_of(preview)}


def test_ten_megabytes_in_a_name_are_shortened_and_harm_nobody(port):
    long = "Å" * 10_000_000
    off = {"Amount": 1, "AccountNumber": long, "Description": long}
    row = good(1, Source=long, WriteOffExist=True, CustomerName=long)
    details = {"1": good(1, Source=long, WriteOffs=[off], InvoiceOCR=long)}
    company = {"CompanyInformation": {"DatabaseNumber": 1, "CompanyName": long}}
    with office(Wire([row, good(2)], details, company=company), port) as host:
        preview = host.import_payments(NAME)
        holds(preview)
        host.save(NAME)
        assert host.store.path.stat().st_size < 1_000_000
        assert len(preview.company.name) <= 100
        assert all(len(row.source) <= 100 for row in rows_of(preview))


def test_ten_megabytes_in_a_number_or_an_amount_spoil_their_own_row_only(port):
    rows = [good(1, Amount="9" * 10_000_000), good(2, InvoiceNumber="9" * 10_000_000), good(3)]
    shown = imported(port, rows)
    assert {number: row.reason for number, row in shown.items()} == {
        "1": "unreadable",
        "2": "unreadable",
        "3": None,
    }


def test_lone_surrogates_can_be_kept_and_shown(port):
    shown = imported(port, [good(1, Source="\ud800 fil \udfff")])
    assert shown["1"].source.encode()


@pytest.mark.parametrize("amount", ["API_NORIGHT", None, float("nan"), float("inf"), 1e300, "1,5"])
def test_an_amount_that_cannot_be_read_is_told_and_counts_as_nothing(port, amount):
    shown = imported(port, [good(1, Amount=amount), good(2)])
    assert (shown["1"].reason, shown["1"].amount) == ("unreadable", 0)
    assert shown["2"].status == "exact"


def test_an_amount_that_is_told_counts_even_where_the_rest_cannot_be_read(port):
    shown = imported(port, [good(1, Amount="12.50", PaymentDate="2026-02-30")])
    assert (shown["1"].reason, shown["1"].amount) == ("unreadable", Decimal("12.50"))


def test_a_number_that_stands_twice_is_one_payment(port):
    shown = imported(port, [good(1), good(1), good("01", Amount=5)])
    assert list(shown) == ["1"]
    assert shown["1"].amount == 1000


def test_amounts_below_zero_and_huge_ones_add_up_to_the_ore(port):
    rows = [good(n, Amount=sign * 999999999999.99) for n, sign in enumerate((1, -1, 1, 1), 1)]
    with office(Wire(rows), port) as host:
        preview = host.import_payments(NAME)
        holds(preview)
        assert preview.totals["read"] == Decimal("1999999999999.98")
