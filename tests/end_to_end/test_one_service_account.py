"""Several programs at once with one service account, nobody there, and Fortnox's own rate limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from at_the_sandbox import load_only_fortnox, running_sandbox, sign_in_automatically
from command_line import run_command

from hostsim.sandbox import Invoice, Payment, seed

__all__ = ["run_command"]

ROOT = Path(__file__).parents[2]
PAID = range(1001, 1031)
EXPORTED = [f"103{number:02}" for number in range(8)]
SETTINGS = (
    "--type", "FortnoxAPI", "--format", "API",
    "--set", "sign_in=service-account", "--set", "ignore_payments_before=2026-01-01",
)  # fmt: skip
EXPORT = (
    "--type", "FortnoxAPI",
    "--set", "sign_in=service-account", "--set", "export_from_date=2026-01-01",
)  # fmt: skip

HEAD = "invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date\n"


def invoice(number):
    return {
        "invoice_number": number,
        "currency": "SEK",
        "invoice_date": "2026-02-02",
        "due_date": "2026-03-02",
        "customer": {"code": "KALM", "ledger_number": "1042", "name": "Kalmar Glas & Porslin AB"},
        "rows": [{"account": "3001", "vat_rate": "25", "net": "1000.00", "vat": "250.00"}],
    }


def pay(company, number):
    company.add_payment(
        Payment(
            invoice_number=number,
            amount=Decimal(1000),
            payment_date=date(2026, 2, 1),
            booked=True,
        )
    )


@pytest.fixture
def sandbox(monkeypatch):
    state = seed.empty()
    company = state.company()
    for number in PAID:
        days = {"invoice_date": date(2026, 1, 15), "due_date": date(2026, 2, 14)}
        company.add_invoice(Invoice(number=number, total=Decimal(1000), **days))
    pay(company, PAID[0])
    with running_sandbox(monkeypatch, state) as sandbox:
        yield sandbox


@pytest.fixture
def windows(monkeypatch):
    return sign_in_automatically(monkeypatch)


@pytest.fixture
def run(run_command, monkeypatch, sandbox, windows):
    """Run commands where two imports and an export share the company of one consent."""
    load_only_fortnox(monkeypatch)

    def run(*words):
        ended = run_command(*words)
        assert ended.status == 0, ended.err
        return ended

    rows = [f"{number},,K1,Kund,SEK,1000.00,2026-01-15,2026-02-14\n" for number in PAID]
    Path("paid.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    Path("ut.json").write_text(
        json.dumps([invoice(number) for number in EXPORTED]), encoding="utf-8"
    )
    run("init")
    run("invoices", "load", "paid.csv")
    run("formats", "add", "A", *SETTINGS)
    run("sign-in", "A")
    run("import", "A", "--save", "--unattended")
    run("formats", "add", "B", *SETTINGS, "--same-company-as", "A")
    run("exports", "add", "Ut", *EXPORT, "--same-company-as", "A")
    run("sign-in", "Ut")
    run("invoices", "load", "ut.json")
    return run


def begin(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "hostsim", "--lang", "en", *words, "--unattended"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_two_imports_and_an_export_at_once_keep_the_limit_and_do_nothing_twice(
    run, sandbox, windows
):
    company = sandbox.state.company()
    for number in PAID[1:]:
        pay(company, number)
    run("export", "Ut", "--unattended")
    before = len(sandbox.switchboard.asked)
    processes = [
        begin("import", "A", "--save"),
        begin("import", "B", "--save"),
        begin("export", "Ut", "--send"),
    ]
    ended = [(*process.communicate(), process.returncode) for process in processes]
    assert [status for _, _, status in ended] == [0, 0, 0], ended

    asked = sandbox.switchboard.asked[before:]
    assert 429 not in {call.status for call in asked}
    # Each process asks for its own token, and stores and revokes none.
    tokens = [call.path for call in asked if call.path.startswith("/oauth-v1/")]
    assert tokens == ["/oauth-v1/token"] * 3
    # One consent for the imports, another for what the export needs besides.
    assert len(windows) == 2

    registered = [row["invoice_number"] for row in run("payments", "--json").json]
    assert sorted(registered) == [str(number) for number in PAID]
    made = sorted(invoice.number for invoice in company.invoices() if invoice.number not in PAID)
    assert made == [int(number) for number in EXPORTED]


def test_a_program_that_comes_after_them_finds_nobody_in_its_way(run, sandbox):
    processes = [begin("import", name, "--save") for name in "AB"]
    for process in processes:
        process.communicate()
    company = sandbox.state.company()
    pay(company, PAID[1])
    run("import", "B", "--save", "--unattended")
    run("import", "A", "--save", "--unattended")
    assert len(run("payments", "--json").json) == 2
