"""Decisions and payments by hand, as they are typed and read on a terminal."""

import io

import pytest
from fake_plugin import FakePlugin, payment

from hostsim.plugins.loading import Plugins
from hostsim.views.output import Output
from hostsim.views.payments import write_entries


def test_the_lower_list_names_what_can_be_done(shown):
    assert "Kanske registrerad redan: hostsim decide Butik NUMMER --confirm" in shown.out
    assert "Borttagen här: hostsim decide Butik NUMMER --take-again" in shown.out
    assert "Ändrad i efterhand: hostsim decide Butik NUMMER --accept | --keep" in shown.out
    assert "hostsim set-aside Butik NUMMER" in shown.out


def test_of_a_payment_that_waits_for_another_one_it_offers_no_replacing(run, plugin):
    plugin.payments = [payment(1, amount="400")]
    run("import", "Butik", "--save")
    plugin.payments = [payment(1, "1002", "400"), payment(3, amount="400")]
    shown = run("import", "Butik").out
    assert "Kan ersätta en annan betalning (väntar): hostsim decide Butik NUMMER --confirm" in shown
    assert "--accept | --confirm" not in shown


def test_the_payment_of_another_import_is_named_and_confirmed(run, plugin, monkeypatch):
    bank = FakePlugin(code="Bank")
    both = [("fake", plugin), ("bank", bank)]
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls(both)))
    day = payment(1).date
    bank.payments = [payment(7, amount="400", date=day)]
    plugin.payments = [payment(1, amount="400", date=day)]
    run("formats", "add", "Banken", "--type", "Bank", "--format", "API")
    run("import", "Banken", "--save")
    [row] = run("import", "Butik", "--json").json["rejected"]
    assert row["reason"] == "possibly-registered-already"
    assert "registrerades genom importen Banken (Bank, betalning 7) av kim" in row["message"]
    assert run("save", "Butik", "--json").json["counts"]["ready"] == 0
    run("import", "Butik")
    assert run("decide", "Butik", 1, "--confirm").status == 0
    assert run("save", "Butik").status == 0
    registered = run("payments", "--json").json
    assert [(one["import_type"], one["payment_number"]) for one in registered] == [
        ("Fake", "1"),
        ("Bank", "7"),
    ]


def test_what_is_set_aside_is_counted_under_the_totals(run, shown):
    ended = run("set-aside", "Butik", 4, 5, "--why", "räntefakturor")
    assert ended.status == 0
    assert "Undanlagda bland de ignorerade: 2 (100,00 SEK)" in ended.out
    assert run("set-aside", "Butik", 3, "--json").json["set_aside"] == {
        "number": 3,
        "sek": "200.00",
    }


def test_a_series_is_set_aside_and_taken_back(run, shown):
    aside = run("set-aside", "Butik", "--series", "9000", "9999", "--json").json
    assert [row["reason"] for row in aside["ignored"]] == ["set-aside", "set-aside"]
    back = run("take-back", "Butik", "--series", "9000", "9999", "--json").json
    assert back["set_aside"]["number"] == 0


@pytest.mark.parametrize(
    ("number", "option", "status"),
    [(3, "--confirm", "partial"), (1, "--accept", "partial")],
)
def test_a_decision_brings_a_payment_to_the_upper_list(run, shown, number, option, status):
    ready = run("decide", "Butik", number, option, "--json").json["ready"]
    assert {row["payment_number"]: row["status"] for row in ready} == {str(number): status}


def test_decisions_are_listed_with_who_and_why(run, shown):
    run("decide", "Butik", 1, "--keep", "--why", "rabatt i efterhand")
    out = run("decisions", "Butik").out
    assert "Behålls som registrerad  kim" in out
    assert "rabatt i efterhand" in out
    [one] = run("decisions", "Butik", "--json").json
    assert (one["decision"], one["payment_number"], one["user"], one["in_force"]) == (
        "keep",
        "1",
        "kim",
        True,
    )


def test_what_is_taken_back_stays_in_the_list_of_decisions(run, shown):
    run("set-aside", "Butik", 4)
    run("take-back", "Butik", 4)
    assert "återtaget av kim" in run("decisions", "Butik").out


def test_without_decisions_the_list_says_so(run):
    assert run("decisions", "Butik").out == "Ingenting är avgjort.\n"
    assert run("decisions", "Butik", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["set-aside", "Butik"],
        ["set-aside", "Butik", "1", "--series", "1", "2"],
        ["take-back", "Butik"],
        ["decide", "Butik", "1"],
    ],
)
def test_what_is_not_said_is_asked_for(run, shown, arguments):
    ended = run(*arguments)
    assert (ended.status, ended.last.partition(":")[0]) == (2, "USAGE")


def test_a_decision_that_does_not_fit_ends_with_its_sentence(run, shown):
    ended = run("decide", "Butik", 4, "--accept", "--lang", "en")
    assert (ended.status, ended.out) == (2, "")
    assert ended.last.startswith("DECISION_DOES_NOT_FIT: Payment 4 was left as it is")


def test_without_an_open_list_a_decision_holds_from_the_next_import(run, shown):
    run("save", "Butik")
    assert "Ingen lista är öppen" in run("set-aside", "Butik", 4).out
    assert run("take-back", "Butik", 4, "--json").json["format"] == "Butik"


def test_the_money_of_a_payment_by_hand_is_typed_as_people_write_it(run):
    added = run("payments", "add", "1001", "1 000,00", "--bank-account", "5555-1234", "--json").json
    assert (added["id"], added["amount"], added["status"]) == (1, "1000.00", "exact")
    assert (added["origin"], added["bank_account"]) == ("hand", "5555-1234")


def test_a_payment_by_hand_in_euro_needs_its_rate(run):
    assert run("payments", "add", "1003", "100").last.startswith("PAYMENT_RATE: ")
    entry = ("1003", "100", "--currency", "EUR", "--rate", "11,25", "--confirm", "--json")
    added = run("payments", "add", *entry)
    assert (added.json["amount"], added.json["amount_currency"]) == ("1125.00", "100.00")


def test_money_that_goes_back_is_typed_after_two_dashes(run):
    run("payments", "add", "1001", "100")
    assert run("payments", "add", "--json", "1001", "--", "-50").json["status"] == "reversal"


def test_a_rate_that_is_no_number_is_refused(run):
    ended = run("payments", "add", "1001", "100", "--rate", "elva")
    assert (ended.status, ended.last.partition(":")[0]) == (2, "USAGE")


def test_the_list_of_payments_shows_deleted_and_reversed_ones(run, shown):
    run("decide", "Butik", 1, "--accept")
    run("save", "Butik")
    out = run("payments").out
    assert "Borttagen av kim" in out
    assert "Motbokad" in out
    assert "Motbokar betalning med id 1" in out
    # 450 anew, 100 by hand; 400 and its reversal are nothing; what is deleted counts nowhere.
    assert "Summa SEK: 550,00" in out


def test_deleting_shows_the_payment_as_it_stands_now(run, shown):
    deleted = run("payments", "delete", 1, "--why", "fel", "--json").json
    assert (deleted["state"], deleted["deleted_by"], deleted["deleted_why"]) == (
        "deleted",
        "kim",
        "fel",
    )
    assert run("payments", "delete", 1).last.startswith("WHY_NEEDED: ")


def test_deleted_rows_are_pink_on_a_terminal(run, shown, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    from hostsim.storage.store import Store

    output = Output(Terminal(), "sv")
    with Store.open("hostsim.db") as store:
        write_entries(output, store.payments)
    pink = [line for line in output.stream.getvalue().splitlines() if "\x1b[38;5;211m" in line]
    assert any("Borttagen" in line for line in pink)
    assert not any("för hand" in line for line in pink)


def test_help_makes_sense_in_both_languages(run):
    assert "motboka det registrerade och registrera på nytt" in _joined(run("decide", "--help"))
    english = _joined(run("decide", "--help", "--lang", "en"))
    assert "keep what is registered as it is" in english


def _joined(ended):
    return " ".join(ended.out.split())
