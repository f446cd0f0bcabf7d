"""Our plug-in, and the bank file's, keep to the contract: the kit that ships with the host."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import camt054
import pytest
from camt054 import entry, payment, single
from fortnox_program import invoice, paid
from ports import free_port
from web_host import register_redirect_uri

from hostsim.sandbox import Sandbox, scripted_login, seed
from hostsim.sandbox.values import WriteOff
from opter_contract.conformance.plugins import PluginConformance
from opter_fortnox_plugin import hooks as fortnox

pytest_plugins = ["hostsim.pytest_plugin"]


def books(today):
    """Keep few payments, one of each kind, so that no rate limit makes a test wait."""
    state = seed.empty()
    company = state.company()
    for number, total, currency in ((1, 1000, "SEK"), (2, 100, "EUR")):
        company.add_invoice(invoice(number, total, invoice_date=today, currency=currency))

    def add(number, amount, day=today, **more):
        company.add_payment(paid(number, amount, payment_date=day, **more))

    add(1, 500)
    add(1, 499, write_offs=(WriteOff(amount=Decimal(1), account=3740),))
    add(2, 1100, currency="EUR", amount_currency=Decimal(100), currency_rate=Decimal(11))
    add(1, 5, booked=False)
    add(1, 5, wire={"Amount": "API_NORIGHT"})
    add(1, 5, today - timedelta(days=31))
    return state


class TestFortnox(PluginConformance):
    """The plug-in of this project, against the sandbox."""

    @pytest.fixture
    def sandbox(self, now):
        address = f"http://127.0.0.1:{free_port()}/callback"
        with Sandbox(books(now.date()), redirect_uri=address) as sandbox:
            yield sandbox

    @pytest.fixture
    def opter_plugin(self):
        return fortnox

    @pytest.fixture
    def opter_settings(self, now):
        return {"ignore_payments_before": str(now.date() - timedelta(days=30))}

    @pytest.fixture
    def opter_configuration(self, sandbox):
        return sandbox.environment()

    @pytest.fixture
    def opter_sign_in(self):
        return lambda address: scripted_login.sign_in(address, seed.USER, seed.PASSWORD)

    @pytest.fixture
    def opter_web_sign_in(self, sandbox, opter_redirect_uri):
        register_redirect_uri(sandbox, opter_redirect_uri)
        return lambda address: scripted_login.callback_url(address, seed.USER, seed.PASSWORD)


class TestBankFile(PluginConformance):
    """The example of a second import type, with a file."""

    @pytest.fixture
    def opter_plugin(self, monkeypatch):
        monkeypatch.syspath_prepend(camt054.EXAMPLE)
        from camt054_import import plugin

        return plugin

    @pytest.fixture
    def opter_settings(self, tmp_path):
        path = tmp_path / "bank.xml"
        many = [payment(100 + place, 1, text=f"Faktura {place}") for place in range(1200)]
        text = camt054.file(
            single(1, "10.50", "655969"),
            single(2, 5, "655969", side="DBIT"),
            entry(3, 1200, *many),
            single(4, 1),
            single(5, 1, "17", "655969"),
            single(7, 1, "655969", currency="EUR"),
        )
        path.write_text(text, encoding="utf-8")
        return {"path": str(path), "references": "number"}
