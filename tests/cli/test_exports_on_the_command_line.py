"""Exports, as they are typed and read on a terminal."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from bill_file import bill
from fake_export import FakeExport

from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store
from opter_contract.values import Text

CUSTOMER = {"code": "KALM", "ledger_number": "1042", "name": "Kalmar Glas & Porslin AB"}


def invoice(number="10301", net="1000.00", vat="250.00", **values):
    return {
        "invoice_number": number,
        "currency": "SEK",
        "invoice_date": "2026-11-02",
        "due_date": "2026-12-02",
        "customer": CUSTOMER,
        "rows": [{"account": "3001", "vat_rate": "25", "net": net, "vat": vat}],
    } | values


@pytest.fixture
def plugin():
    return FakeExport()


@pytest.fixture
def run(run_command, monkeypatch, plugin):
    """Run a command in a folder with two invoices and an export."""
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls([("fake", plugin)])))
    run = run_command
    assert run("init").status == 0
    assert load(run, invoice("10301"), invoice("10302")).status == 0
    added = run(
        "exports", "add", "ut", "--type", "Fake", "--subject", "invoices",
        "--set", "from=2026-01-01", "--set", "key=hemlig",
    )  # fmt: skip
    assert added.status == 0
    return run


def load(run, *invoices):
    Path("fakturor.json").write_text(json.dumps(invoices), encoding="utf-8")
    return run("invoices", "load", "fakturor.json")


def numbers(found, key="invoice_number"):
    """Return the numbers of each list of items that is not empty."""
    return {
        name: [one[key] for one in rows]
        for name, rows in found.items()
        if isinstance(rows, list) and rows and key in rows[0]
    }


@pytest.fixture
def bills(run, plugin):
    """Have two bills of a supplier whose bankgiro changes, one of another, and an export."""
    olle = {"supplier__code": "OLLE", "supplier__bankgiro": "900-0001"}
    plugin.bankgiros = {"LASSE": "111-1111", "OLLE": "900-0001"}
    lasse = {"supplier__code": "LASSE", "supplier__bankgiro": "5555-5551"}
    suppliers = {"A-1": lasse, "A-2": lasse, "B-1": olle}
    loaded = [bill(bill_number=number, **supplier) for number, supplier in suppliers.items()]
    Path("avr.json").write_text(json.dumps(loaded), encoding="utf-8")
    assert run("bills", "load", "avr.json").status == 0
    added = ("--type", "Fake", "--subject", "supplier-bills", "--set", "from=2026-01-01")
    assert run("exports", "add", "av", *added).status == 0
    return run


# --- Definitions -----------------------------------------------------------------------------


def test_exports_are_listed_without_their_secrets(run):
    shown = run("exports")
    assert "from=2026-01-01" in shown.out
    assert "hemlig" not in shown.out
    [one] = run("exports", "--json").json
    assert (one["name"], one["type"], one["subject"]) == ("ut", "Fake", "invoices")


def test_an_export_is_no_import(run):
    assert run("formats", "--json").json == []
    assert run("import", "ut").last.startswith("NO_DEFINITIONS")
    assert run("export", "in").last.startswith("EXPORT_UNKNOWN")


def test_settings_of_an_export_are_changed(run):
    assert "from=2026-02-01" in run("exports", "set", "ut", "from=2026-02-01").out
    assert run("exports", "set", "ut").status == 2


# --- Preview, check and send -------------------------------------------------------------------


def test_an_export_alone_shows_what_it_would_send(run, plugin):
    shown = run("export", "ut")
    assert shown.status == 0
    assert "ut: Åkeriet AB (77)" in shown.out
    assert "Fakturor som kan skickas (2)" in shown.out
    assert "1 250,00 SEK" in shown.out
    assert "hostsim export ut --send" in shown.out
    assert plugin.events == []


def test_json_is_one_object_with_every_list(run):
    found = run("export", "ut", "--json").json
    lists = {"ready", "sent", "adopted", "unchanged", "booked", "refused", "unknown"}
    assert found.keys() >= lists | {"export", "company", "revision", "counts", "customers", "gaps"}
    assert found["company"] == {"name": "Åkeriet AB", "number": "77"}
    assert found["ready"][0] == {
        "invoice_number": "10301",
        "customer_number": "1042",
        "total": "1250.00",
        "fortnox_total": "1250.00",
        "currency": "SEK",
        "action": "create",
        "code": None,
        "message": None,
        "differences": [],
    }
    assert found["customers"] == [
        {"customer_number": "1042", "action": "create", "message": None, "differences": []}
    ]


def test_a_revision_is_sent_as_it_was_shown(run):
    revision = run("export", "ut", "--json").json["revision"]
    sent = run("export", "ut", "--send", "--revision", revision, "--json")
    assert (sent.status, numbers(sent.json)) == (0, {"sent": ["10301", "10302"]})


def test_what_was_shown_last_is_sent_without_a_revision(run, plugin):
    run("export", "ut")
    assert run("export", "ut", "--send").status == 0
    assert len(plugin.there) == 2


def test_without_a_preview_nothing_is_sent_but_shown(run, plugin):
    refused = run("export", "ut", "--send")
    assert (refused.status, plugin.events) == (6, [])
    assert refused.last.startswith("EXPORT_CHANGED")
    assert "Fakturor som kan skickas (2)" in refused.out
    assert run("export", "ut", "--send").status == 0


def test_some_invoices_are_asked_for(run):
    found = run("export", "ut", "--invoice", "10302", "--json").json
    assert numbers(found) == {"ready": ["10302"]}


def test_a_check_tells_gaps_with_status_2(run, plugin):
    assert run("export", "ut", "--check").status == 0
    rows = [{"account": "9999", "vat_rate": "25", "net": "1.00", "vat": "0.25"}]
    load(run, invoice("10302", rows=rows))
    checked = run("export", "ut", "--check")
    assert checked.status == 2
    assert "Konto 9999 saknas" in checked.out
    assert checked.err.startswith("EXPORT_GAPS")
    [gap] = run("export", "ut", "--check", "--json").json["gaps"]
    assert (gap["code"], gap["invoices"]) == ("ACCOUNT_UNKNOWN", ["10302"])


def test_a_gap_stops_a_send_with_status_2(run, plugin):
    rows = [{"account": "9999", "vat_rate": "25", "net": "1.00", "vat": "0.25"}]
    load(run, invoice("10302", rows=rows))
    assert run("export", "ut").status == 2
    assert (run("export", "ut", "--send").status, plugin.events) == (2, [])


def test_refused_rows_are_told_with_status_0(run, plugin):
    plugin.results["/10302"] = {"state": "refused", "code": "NUMBER_TAKEN"}
    run("export", "ut")
    sent = run("export", "ut", "--send", "--json")
    assert sent.status == 0
    assert sent.json["refused"][0]["code"] == "NUMBER_TAKEN"


@pytest.mark.parametrize(
    "result", [{"state": "unknown"}, {"code": "TOTAL_DIFFERS", "total": Decimal("1250.01")}]
)
def test_what_is_unknown_or_has_another_total_ends_with_status_5(run, plugin, result):
    plugin.results["/10302"] = result
    run("export", "ut")
    sent = run("export", "ut", "--send")
    assert sent.status == 5
    assert sent.last.startswith("EXPORT_UNSETTLED")


@pytest.mark.parametrize(
    "wrong",
    [
        ["--check", "--send"],
        ["--revision", "x"],
        ["--cancel", "10301", "--send"],
        ["--cancel", "10301", "--confirm-bank", "1"],
        ["--send", "--revision", ""],
    ],
)
def test_what_does_not_go_together_is_refused(run, wrong):
    assert run("export", "ut", *wrong).err.startswith("USAGE")


def test_a_second_export_beside_it_ends_with_status_6(run, plugin):
    plugin.before = pytest.fail
    with Store.open("hostsim.db") as store, store.locks.hold("definition", "ut", wait=0):
        busy = run("export", "ut")
    assert (busy.status, busy.err.partition(":")[0]) == (6, "EXPORT_RUNNING")


# --- On a terminal -----------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch):
    """Be a person at a terminal, who types what the list holds."""
    typed = []
    monkeypatch.setattr("hostsim.cli.exports.is_terminal", lambda _: True)
    monkeypatch.setattr("hostsim.cli.exports.typed_lines", lambda _: iter(typed))
    return typed


@pytest.mark.parametrize("answer", ["j", "JA", "y", "yes "])
def test_a_person_at_a_terminal_is_asked_once_and_sends(run, plugin, terminal, answer):
    terminal.append(answer)
    shown = run("export", "ut")
    assert shown.status == 0
    assert "Skicka till Åkeriet AB (77)? Antal fakturor: 2. [j/N]" in shown.err
    assert shown.out.index("Fakturor som kan skickas") < shown.out.index("Skickade fakturor")
    assert len(plugin.there) == 2


@pytest.mark.parametrize("answer", [["n"], [""], ["kanske"], []])
def test_any_other_answer_sends_nothing(run, plugin, terminal, answer):
    terminal += answer
    assert run("export", "ut").status == 0
    assert plugin.events == []


def test_nobody_is_asked_where_nothing_can_be_sent(run, plugin, terminal):
    terminal.append("j")
    refused = {"state": "refused", "action": "none", "code": "TEXT_REFUSED"}
    plugin.plans.update(dict.fromkeys(("/10301", "/10302"), refused))
    shown = run("export", "ut")
    assert (shown.status, "[j/N]" in shown.err) == (0, False)


def test_nobody_is_asked_where_json_is_wanted(run, plugin, terminal):
    terminal.append("j")
    assert "ready" in run("export", "ut", "--json").json
    assert plugin.events == []


# --- Taking back, and the log ------------------------------------------------------------------


def test_an_invoice_is_taken_back(run):
    run("export", "ut")
    run("export", "ut", "--send")
    back = run("export", "ut", "--cancel", "10302", "--json")
    assert (back.status, numbers(back.json)) == (0, {"cancelled": ["10302"]})


def test_an_invoice_that_cannot_be_taken_back_ends_with_status_2(run, plugin):
    run("export", "ut")
    run("export", "ut", "--send")
    plugin.results["/10302"] = {"state": "booked", "code": "BOOKED"}
    assert run("export", "ut", "--cancel", "10302").err.startswith("NOT_CANCELLED")
    assert run("export", "ut", "--cancel", "4711").err.startswith("INVOICE_UNKNOWN")


def test_the_log_tells_who_and_what(run):
    run("export", "ut")
    run("export", "ut", "--send")
    entries = run("exports", "log", "ut", "--json").json
    assert [(one["invoice_number"], one["event"], one["user"]) for one in entries][:2] == [
        ("10301", "intended", "kim"),
        ("10301", "sent", "kim"),
    ]
    assert "Skickad" in run("exports", "log").out


def test_why_tells_the_whole_story_of_an_invoice(run, plugin):
    run("export", "ut")
    plugin.results["/10302"] = {"state": "unknown"}
    run("export", "ut", "--send")
    [story] = run("why", "10302", "--offline", "--json").json["exports"]
    assert (story["export"], story["state"], story["user"]) == ("ut", "unknown", "kim")
    assert [one["event"] for one in story["log"]] == ["intended", "unknown"]
    plugin.results.clear()
    run("export", "ut")
    run("export", "ut", "--send")
    shown = run("why", "10302", "--offline").out
    assert "ut, Åkeriet AB (77): Skickad" in shown
    assert "Nummer i bokföringen: 10302" in shown


def test_what_was_asked_for_and_the_settings_leave_out_is_not_called_nothing(run, plugin):
    plugin.excluded = frozenset({"/10302"})
    out = run("export", "ut", "--invoice", "10302", "--lang", "en").out
    assert "the settings of the export leave it out" in out
    assert "nothing to export" not in out


def test_why_says_what_helps_an_exported_invoice_that_lost_its_rows(run):
    run("export", "ut")
    run("export", "ut", "--send")
    Path("fakturor.csv").write_text(
        "invoice_number,ocr,customer_code,customer_name,total,currency,invoice_date,due_date\n"
        "10302,,KALM,Kalmar Glas & Porslin AB,999.00,SEK,2026-11-02,2026-12-02\n"
    )
    notes = run("invoices", "load", "fakturor.csv", "--lang", "en").err
    assert "not changed in accounting any more" in notes
    assert "it is of 999.00 SEK here but of 1,250.00 SEK in accounting" in notes
    story = run("why", "10302", "--offline", "--lang", "en").out
    assert ("Load it from a JSON file" in story, "export again" in story) == (True, False)


def test_why_tells_no_story_of_what_was_not_exported(run):
    assert run("why", "10301", "--offline", "--json").json["exports"] == []


# --- Bills, and the bank details of suppliers ---------------------------------------------------


def test_bills_are_shown_in_their_own_words(bills):
    shown = bills("export", "av").out
    assert "Avräkningar som kan skickas (1)" in shown
    assert "Avräkningar som väntar på att bankuppgifter bekräftas (2)" in shown
    assert "Fakturor" not in shown
    assert "Bills that can be sent (1)" in bills("export", "av", "--lang", "en").out


def test_json_of_bills_is_as_of_invoices_with_their_keys(bills):
    found = bills("export", "av", "--json").json
    assert numbers(found, "bill_number") == {"ready": ["B-1"], "waiting": ["A-1", "A-2"]}
    assert found["ready"][0].keys() == {
        "bill_number", "given_number", "supplier_number", "total", "fortnox_total", "currency",
        "action", "code", "message", "differences",
    }  # fmt: skip
    assert found["suppliers"][0].keys() == {
        "supplier_number", "action", "message", "differences",
    }  # fmt: skip
    assert found["bank_changes"] == [
        {
            "supplier_number": "LASSE",
            "field": "BG",
            "ours": "5555-5551",
            "theirs": "111-1111",
            "confirmed": False,
            "confirmed_by": None,
        }
    ]
    assert {"suppliers", "bank_changes", "waiting"} <= found["counts"].keys()
    assert not {"customers", "cards"} & (found.keys() | found["counts"].keys())


def test_json_of_invoices_says_nothing_of_bank_details(run):
    found = run("export", "ut", "--json").json
    assert not {"bank_changes", "waiting"} & (found.keys() | found["counts"].keys())


def test_changed_bank_details_stand_in_a_table_old_and_new(bills):
    shown = bills("export", "av")
    assert "Bankuppgifter som ändras (1)" in shown.out
    [line] = [one.split() for one in shown.out.splitlines() if one.startswith(" LASSE ")][:1]
    assert line == ["LASSE", "Lasses", "Åkeri", "AB", "Bankgiro", "111-1111", "5555-5551"]


@pytest.mark.parametrize("more", [[], ["--send"], ["--check"]])
def test_what_waits_for_a_confirmation_ends_with_status_2(bills, plugin, more):
    bills("export", "av")
    ended = bills("export", "av", *more)
    assert (ended.status, ended.last.partition(":")[0]) == (2, "BANK_UNCONFIRMED")
    assert "hostsim export av --confirm-bank NUMBER" in ended.err
    assert plugin.events == [("sent", "/B-1")] * more.count("--send")


def test_bank_details_are_confirmed_by_name_and_then_sent(bills, plugin):
    bills("export", "av")
    confirmed = bills("export", "av", "--confirm-bank", "LASSE")
    assert confirmed.status == 0
    said = "Bekräftat av kim: leverantör LASSE, Bankgiro ändras från 111-1111 till 5555-5551."
    assert f"{said} Det gäller i 24 timmar." in confirmed.err
    assert "kim, " in confirmed.out
    assert bills("export", "av", "--send").status == 0
    assert plugin.bankgiros["LASSE"] == "5555-5551"
    assert len(plugin.there) == 3


def test_what_was_shown_is_confirmed_and_sent_at_once(bills, plugin):
    bills("export", "av")
    sent = bills("export", "av", "--confirm-bank", "LASSE", "--send", "--json")
    assert sent.status == 0
    assert numbers(sent.json, "bill_number") == {"sent": ["A-1", "A-2", "B-1"]}
    [change] = sent.json["bank_changes"]
    assert (change["confirmed"], change["confirmed_by"]) == (True, "kim")


def test_what_was_not_shown_is_not_confirmed(bills, plugin):
    bills("export", "av")
    plugin.before = pytest.fail
    refused = bills("export", "av", "--confirm-bank", "OLLE")
    assert (refused.status, refused.last.partition(":")[0]) == (2, "NO_BANK_CHANGE")


def test_what_a_send_left_is_confirmed_as_it_showed_it(bills, plugin):
    bills("export", "av")
    bills("export", "av", "--send")
    bills("export", "av", "--confirm-bank", "LASSE")
    assert bills("export", "av", "--send").status == 0
    assert len(plugin.there) == 3


def test_a_person_at_a_terminal_is_not_asked_about_what_waits_alone(bills, terminal, plugin):
    terminal.append("j")
    assert bills("export", "av", "--bill", "A-1").status == 2
    assert plugin.events == []


def test_a_person_at_a_terminal_sends_what_does_not_wait(bills, terminal, plugin):
    terminal.append("j")
    shown = bills("export", "av")
    assert "Antal avräkningar: 1. [j/N]" in shown.err
    assert (shown.status, plugin.events) == (2, [("sent", "/B-1")])


def test_a_bill_is_asked_for_by_its_number(bills):
    found = bills("export", "av", "--bill", "B-1", "--json").json
    assert numbers(found, "bill_number") == {"ready": ["B-1"]}
    assert bills("export", "av", "--bill", "4711").last.startswith("BILL_UNKNOWN")


def test_a_bill_is_taken_back(bills):
    bills("export", "av")
    bills("export", "av", "--send")
    assert numbers(bills("export", "av", "--cancel", "B-1", "--json").json, "bill_number") == {
        "cancelled": ["B-1"]
    }
    assert "Avräkning B-1 är inte exporterad" in bills("export", "av", "--cancel", "B-1").last


def test_the_log_tells_of_invoices_and_bills_each_by_its_number(bills):
    for name in ("ut", "av"):
        bills("export", name)
        bills("export", name, "--send")
    entries = bills("exports", "log", "--json").json
    found = [(one.get("invoice_number"), one.get("bill_number")) for one in entries]
    assert found == [("10301", None)] * 2 + [("10302", None)] * 2 + [(None, "B-1")] * 2
    assert entries[-1]["given_number"] == "B-1"
    assert [one["bill_number"] for one in bills("exports", "log", "av", "--json").json] == (
        ["B-1"] * 2
    )
    shown = bills("exports", "log").out
    assert "Faktura" in shown
    assert "Avräkning" in shown


def test_the_log_tells_who_confirmed_bank_details_and_who_changed_them(bills):
    bills("export", "av")
    assert bills("export", "av", "--confirm-bank", "LASSE", "--send").status == 0
    told = [
        (one["event"], one["supplier_number"], one["message"], bool(one["user"]))
        for one in bills("exports", "log", "av", "--json").json
        if one["event"].startswith("bank-")
    ]
    what = "BG: 111-1111 → 5555-5551"
    assert told == [("bank-confirmed", "LASSE", what, True), ("bank-changing", "LASSE", what, True)]
    assert "Bankuppgift bekräftad" in bills("exports", "log", "av").out


@pytest.mark.parametrize("name", ["ut", "av"])
def test_how_to_send_says_what_was_asked_for(bills, name):
    asked = {"ut": ("--invoice", "10301"), "av": ("--bill", "B-1")}[name]
    shown = bills("export", name, *asked)
    assert f"hostsim export {name} {' '.join(asked)} --send" in shown.out.replace('"', "")
    assert bills("export", name, *asked, "--send").status == 0


def test_what_was_sent_is_shown_too_where_an_error_ends_the_export(run, plugin):
    class Closed(Exception):
        code, kind, message = "CLOSED", "unavailable", Text("Stängt.", "Closed.")

    def fail(_run, item):
        if item.id == "/10302":
            raise Closed

    plugin.before_send = fail
    run("export", "ut")
    ended = run("export", "ut", "--send", "--json")
    assert (ended.status, ended.last.partition(":")[0]) == (5, "CLOSED")
    assert numbers(json.loads(ended.out)) == {"sent": ["10301"], "unknown": ["10302"]}


def test_the_settings_of_an_export_are_not_changed_as_those_of_an_import(run):
    before = run("exports", "--json").json
    assert run("formats", "set", "ut", "from=2026-05-01").status == 2
    assert run("exports", "--json").json == before
