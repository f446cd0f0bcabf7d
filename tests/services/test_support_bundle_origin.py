"""The support bundle tells of regions, origins and decisions, and names nobody in doing so."""

from __future__ import annotations

import json

import pytest
from fake_plugin import FakePlugin, invoice, payment
from host_and_plugin import NOON, host_of

from hostsim.services import support_bundle
from hostsim.storage.store import Store

ACCOUNT, WHY, REGION = "5050-1055", "privat skuld för Bengt Ohlsson", "Bengts region"


@pytest.fixture
def texts(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001", region=REGION)])
        plugin = FakePlugin(payments=[payment(3)])
        host = host_of(store, plugin)
        host.define("Fortnox", "Fake", "API", REGION, {})
        host.import_payments("Fortnox", bank_account=ACCOUNT)
        host_of(store, plugin, user="eva-ek").save("Fortnox")
        with store.change() as db:
            db.executemany(
                "INSERT INTO decisions (definition, company, decision, number, first_invoice,"
                " last_invoice, why, user, at)"
                " VALUES ('Fortnox', '77', 'set-aside', ?, ?, ?, ?, 'eva-ek', ?)",
                [
                    (None, "500000", "599999", WHY, NOON.isoformat()),
                    ("777001", None, None, WHY, NOON.isoformat()),
                ],
            )
            db.execute("UPDATE runs SET error_sv = ?, error_en = ?", (WHY, WHY))
        return support_bundle.contents_of(
            store, host.plugins, environment={}, language="sv", at=NOON
        )


def test_a_run_tells_its_region_by_number_and_only_that_there_was_an_account(texts):
    [run] = json.loads(texts["runs.json"])["latest"]
    assert (run["region"], run["date"]) == (1, NOON.date().isoformat())
    assert run["has_bank_account"] is True
    assert run["saved_by_another_user"] is True


def test_payments_are_counted_by_origin_and_decisions_by_kind(texts):
    reported = json.loads(texts["payments.json"])
    assert reported["by_origin"] == [
        {"origin": "import", "source": "manual", "state": "registered", "has_bank_account": True,
         "payments": 1}
    ]  # fmt: skip
    counted = [
        (one["decision"], one["of_a_series"], one["decisions"]) for one in reported["decisions"]
    ]
    assert counted == [("set-aside", False, 1), ("set-aside", True, 1)]


@pytest.mark.parametrize(
    "word", [ACCOUNT, WHY, REGION, "Bengt", "eva-ek", "500000", "599999", "777001"]
)
def test_no_account_reason_region_user_or_number_is_in_it(texts, word):
    assert word not in "".join(texts.values())
