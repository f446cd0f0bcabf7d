"""What was done can be looked up: every import, and where each payment came from."""

from __future__ import annotations

import csv
import io
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from exported import export
from fake_plugin import FakePlugin, invoice, payment
from host_and_plugin import NOON, host_of, refusal

from hostsim.services import payments_file
from hostsim.storage import registration


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002"), invoice("1001", region="Syd")]


@pytest.fixture
def plugin():
    return FakePlugin(payments=[payment(3), payment(4, "1002", "400", source="autogiro")])


@pytest.fixture
def host(store, plugin):
    host = host_of(store, plugin)
    host.define("Fortnox", "Fake", "API", "", {"before": "2026-01-01"})
    return host


@pytest.fixture
def saved(host):
    host.import_payments("Fortnox", bank_account="5050-1055")
    host.save("Fortnox")
    return host


def type_by_hand(store, amount="250", region="", **values):
    """Register a payment as it is when somebody typed it."""
    row = {
        "origin": "hand", "source": "hand", "invoice_number": "1001", "date": "2026-01-09",
        "amount": amount, "currency": "SEK", "amount_currency": amount, "write_offs": "[]",
        "booked": 1, "warnings": "[]", "status": "partial", "written_off": "0", "effect": amount,
        "bank_account": "=1+1", "user": "eva", "registered_at": NOON.isoformat(),
    } | values  # fmt: skip
    names = tuple(row)
    [invoice_id] = store.db.execute(
        "SELECT id FROM invoices WHERE region = ? AND number = '1001'", (region,)
    ).fetchone()
    with store.change() as db:
        db.execute(
            f"INSERT INTO payments (invoice_id, {', '.join(names)})"  # noqa: S608 names of ours
            f" VALUES (?, {', '.join('?' * len(names))})",
            (invoice_id, *row.values()),
        )


# --- Imports ---


def test_a_saved_import_tells_who_when_what_and_how_much(saved):
    [run] = saved.runs()
    assert (run.user, run.saved_by, run.state) == ("kim", "kim", "saved")
    assert (run.started_at, run.saved_at) == (NOON, NOON)
    assert (run.region, run.bank_account, run.date) == ("", "5050-1055", NOON.date())
    assert (run.company.number, run.requests, run.not_read) == ("77", 5, 3)
    assert run.saved == (2, 1400)
    assert run.counts == {"read": 2, "ready": 2, "left": 0, "rejected": 0, "ignored": 0}
    assert run.settings == {"before": "2026-01-01"}


def test_a_cancelled_import_says_that_it_was(host, plugin):
    def interrupt(_run):
        raise KeyboardInterrupt

    plugin.during = interrupt
    with pytest.raises(KeyboardInterrupt):
        host.import_payments("Fortnox")
    [run] = host.runs()
    assert run.error_code == "CANCELLED"
    assert "avbröts" in run.error.sv


def test_a_preview_that_another_replaced_is_still_listed(host):
    host.import_payments("Fortnox")
    host.import_payments("Fortnox")
    assert [run.state for run in host.runs()] == ["open", "replaced"]


def test_a_run_is_found_by_the_beginning_of_its_id_if_it_is_the_only_one(saved, store):
    [run] = saved.runs()
    assert saved.run(run.id[:6].upper()).id == run.id
    assert refusal(saved.run, "zz").code == "RUN_UNKNOWN"
    assert refusal(saved.run, "").code == "RUN_UNKNOWN"
    with store.change() as db:
        db.execute(
            "INSERT INTO runs (id, definition, state, user, settings, started_at)"
            " SELECT substr(id, 1, 6) || 'x', definition, 'failed', user, settings, started_at"
            " FROM runs"
        )
    assert refusal(saved.run, run.id[:6]).code == "RUN_AMBIGUOUS"


def test_settings_that_are_secret_or_whose_plug_in_is_gone_are_not_shown(saved, store):
    without = host_of(store)
    assert [run.settings for run in without.runs()] == [{"before": "•••"}]


# --- Origin ---


@pytest.mark.parametrize(
    ("origin", "amounts"),
    [("import", [1000, 400]), ("hand", [250]), ("Autogiro", [400]), ("manual", [1000]), ("x", [])],
)
def test_payments_are_chosen_by_origin_or_by_fortnoxs_source(saved, store, origin, amounts):
    type_by_hand(store)
    assert [one.amount for one in store.payments(origin=origin)] == amounts


def test_a_payment_that_is_not_there_is_refused(store):
    assert refusal(store.payment, 17).code == "PAYMENT_UNKNOWN"


# --- Export ---


def lines(made):
    return list(csv.DictReader(io.StringIO(made.text)))


def test_an_export_leaves_out_what_came_from_fortnox_and_counts_it(saved, store):
    type_by_hand(store)
    made = export(store)
    [line] = lines(made)
    assert (line["invoice_number"], line["amount"], line["origin"]) == ("1001", "250.00", "hand")
    assert (made.payments, made.excluded, made.excluded_amount) == (1, 2, 1400)


def test_everything_is_exported_only_when_asked_for(saved, store):
    type_by_hand(store)
    made = export(store, everything=True)
    assert [line["origin"] for line in lines(made)] == ["import", "import", "hand"]
    assert made.excluded == 0


def reverse(host):
    with host.store.change() as db:
        registration.reverse(db, 1, None, "eva", NOON)


@pytest.mark.parametrize(
    "take_back",
    [lambda host: host.delete_payment(1, why="fel"), reverse],
    ids=["deleted", "reversed"],
)
def test_what_no_longer_counts_is_in_no_export(host, store, take_back):
    host.add_payment("1001", Decimal(250), confirm=True)
    assert len(lines(export(store, everything=True))) == 1
    take_back(host)
    assert lines(export(store, everything=True)) == []


def test_a_file_holds_what_was_counted_also_where_somebody_registers_meanwhile(store):
    """It is written line by line, so that any number of payments takes no memory."""
    type_by_hand(store)
    with payments_file.export(store) as made:
        first = next(made.lines)
        type_by_hand(store, "400")
        assert (first.count(","), len(list(made.lines)), made.payments) == (9, 1, 1)


def test_the_rate_and_both_amounts_of_another_currency_are_given(store):
    type_by_hand(store, "1125.50", currency="EUR", amount_currency="100", exchange_rate="11.255")
    [line] = lines(export(store))
    assert (line["amount"], line["currency"], line["exchange_rate"], line["amount_sek"]) == (
        "100.00", "EUR", "11.255", "1125.50",
    )  # fmt: skip


def test_payments_of_several_regions_never_stand_in_one_export_for_fortnox(store):
    type_by_hand(store)
    type_by_hand(store, region="Syd")
    assert refusal(export, store).code == "EXPORT_REGION_NEEDED"
    assert [line["region"] for line in lines(export(store, region="Syd"))] == ["Syd"]
    assert export(store, region="").payments == 1


def test_a_file_is_written_whole_or_not_at_all_and_never_over_another(tmp_path):
    path = tmp_path / "export.csv"
    payments_file.write_new(path, "å\n")
    assert path.read_bytes() == "å\n".encode()
    assert refusal(payments_file.write_new, path, "x").code == "EXPORT_EXISTS"
    nowhere = tmp_path / "no" / "x.csv"
    assert refusal(payments_file.write_new, nowhere, "x").code == "EXPORT_UNREACHABLE"
    assert [one.name for one in tmp_path.iterdir()] == ["export.csv"]


def no_links(_file, _name):
    raise PermissionError


@pytest.mark.parametrize("link", [os.link, no_links])
def test_a_file_that_comes_while_another_one_is_written_stays(tmp_path, monkeypatch, link):
    path = tmp_path / "export.csv"
    monkeypatch.setattr(os, "link", link)

    def lines_and_another_file():
        yield "mine"
        path.write_text("another's")

    assert refusal(payments_file.write_new, path, lines_and_another_file()).code == "EXPORT_EXISTS"
    assert [one.read_text() for one in tmp_path.iterdir()] == ["another's"]


def test_where_there_are_no_links_a_new_file_is_whole_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    payments_file.write_new(tmp_path / "export.csv", "x")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["x"]


# --- On the command line ---


@pytest.fixture
def done(ready):
    assert ready("import", "Butik", "--save").status == 0
    assert ready("formats", "set", "Butik", "behave=fail:login", "word=hemligt").status == 0
    assert ready("import", "Butik").status == 3
    return ready


def test_runs_lists_imports_latest_first(done):
    first, second = done("runs", "--json").json
    assert (first["state"], second["state"]) == ("failed", "saved")
    assert first["error"] == {"code": "SHOP_LOGIN", "sentence": "Det gick inte (SHOP_LOGIN)."}
    assert second["saved"]["payments"] == second["counts"]["ready"]
    assert first["settings"]["word"] == "•••"
    shown = done("runs").out
    assert "Misslyckades:" in shown
    assert "SHOP_LOGIN" in shown
    assert "hemligt" not in shown


def test_one_run_is_shown_in_full_with_what_it_registered(done):
    run = done("runs", "--json").json[1]["id"]
    found = done("runs", run[:8], "--json").json
    assert {one["run"] for one in found["registered"]} == {run}
    assert "Registrerade betalningar" in done("runs", run[:8]).out
    assert done("runs", "zz").last.startswith("RUN_UNKNOWN: ")


def test_an_open_preview_is_shown_with_its_rows(ready):
    ready("import", "Butik")
    run = ready("runs", "--json").json[0]["id"]
    found = ready("runs", run, "--json").json
    assert len(found["ready"]) == found["counts"]["ready"]
    assert found["registered"] == []
    assert "Betalningar som kan sparas" in ready("runs", run).out


def test_payments_are_filtered_and_shown_one_by_one(done):
    found = done("payments", "--origin", "file", "--json").json
    assert {one["origin"] for one in found} == {"import"}
    assert done("payments", "--origin", "hand", "--json").json == []
    one = done("payments", "show", found[0]["id"], "--json").json
    assert one == found[0]
    assert "import: betalfil" in done("payments", "show", found[0]["id"]).out


def test_an_export_says_what_it_leaves_out_in_its_output_and_on_standard_error(done):
    ended = done("payments", "export", "ut.csv", "--json")
    assert ended.json["left_out"]["payments"] > 0
    assert "kom från Fortnox" in ended.err
    assert Path("ut.csv").read_text(encoding="utf-8").startswith("invoice_number,")
    piped = done("payments", "export", "-")
    assert piped.out.splitlines() == [",".join(payments_file.COLUMNS)]
    assert "Utelämnade" in piped.err
    assert "Utelämnade" in done("payments", "export", "igen.csv").out
    assert done("payments", "export", "-", "--json").status == 2


def test_everything_comes_with_a_warning(done):
    ended = done("payments", "export", "-", "--everything")
    assert "får inte läsas in" in ended.err
    assert len(ended.out.splitlines()) > 1


def test_why_is_reported_in_words_and_as_json(done):
    shown = done("why", "1001", "--offline")
    assert "Registrerad" in shown.out
    assert "inte tillfrågat" in shown.out
    found = json.loads(done("why", "1001", "Butik", "--json", "--offline").out)
    assert found["invoice"]["number"] == "1001"
    assert found["payments"][0]["here"][0]["origin"] == "import"
    assert "was not asked" in done("why", "1001", "--lang", "en", "--offline").out
