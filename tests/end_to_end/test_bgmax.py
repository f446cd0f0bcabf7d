"""A bank file through the same host and contract: nothing in them is made for Fortnox."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal

import bgmax
import pytest
from bgmax import deduction, deposit, extra, payment

INVOICES = """\
invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date
1001,655969,K1,Åkeri Öst AB,SEK,1000.00,2026-10-15,2026-11-14
1002,658765,K2,Västfrakt AB,SEK,500.00,2026-10-15,2026-11-14
655969,10017,K3,Nordfrakt AB,SEK,70.00,2026-10-15,2026-11-14
"""

FIRST = bgmax.file(
    deposit(
        payment(10, "1000.00", "655969"),
        payment(11, "200.50", "658765"),
        payment(12, "12.34", "999999"),
        payment(13, "70.00", "", "0"),
        payment(14, "1400.00", "655969 658765", "3"),
        extra(14, "655969"),
        extra(14, "658765"),
    ),
    deposit(payment(20, "88.00", "655969"), currency="EUR", serial=75),
)


@pytest.fixture
def layout(monkeypatch):
    monkeypatch.syspath_prepend(bgmax.EXAMPLE)
    from bgmax_import import layout

    return layout


class Office:
    """A person at the command line, with the example installed."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = bgmax.installed(folder / "site")

    def __call__(self, *words):
        return bgmax.hostsim(*words, environment=self.environment, folder=self.folder)

    def json(self, *words):
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text.encode("iso-8859-1"))
        return path


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path)
    (tmp_path / "invoices.csv").write_text(INVOICES, encoding="utf-8")
    office.file("first.txt", FIRST)
    for words in (
        ("init",),
        ("invoices", "load", "invoices.csv"),
        (*bgmax.ADD, "--set", "path=first.txt"),
    ):
        done = office(*words)
        assert done.returncode == 0, done.stderr
    return office


def listed(preview):
    return {
        row["payment_number"][-2:]: row.get("status") or row["reason"]
        for kind in ("ready", "rejected", "ignored")
        for row in preview[kind]
    }


# --- Through the command line -----------------------------------------------------


def test_a_bank_file_is_imported_saved_and_shown_by_the_commands_alone(office):
    preview = office.json("import", "Bank")
    assert listed(preview) == {
        "10": "exact",
        "11": "partial",
        "12": "invoice-not-found",
        "13": "no-reference",
        "14": "several-references",
        "20": "no-sek-amount",
    }
    assert preview["company"] == {"number": "BG9912346", "name": "Bankgiro 991-2346"}
    assert office.json("save", "Bank")["saved"] is True
    registered = {row["payment_number"]: row for row in office.json("payments")}
    assert list(registered) == ["20261119-00074-000000000010", "20261119-00074-000000000011"]
    assert registered["20261119-00074-000000000010"]["host_invoice_number"] == "1001"


def test_the_same_file_read_twice_registers_nothing_twice(office):
    office.json("import", "Bank", "--save")
    again = office.json("import", "Bank", "--save")
    assert (listed(again)["10"], listed(again)["11"]) == ("already-imported", "already-imported")
    assert len(office.json("payments")) == 2


def test_an_earlier_file_is_read_again_for_what_it_held_that_could_not_be_saved(office):
    office.json("import", "Bank", "--save")
    office.file("second.txt", bgmax.file(deposit(payment(30, "299.50", "658765"), serial=76)))
    office.json("formats", "set", "Bank", "path=second.txt")
    assert listed(office.json("import", "Bank", "--save"))["30"] == "exact"
    (office.folder / "invoices.csv").write_text(
        INVOICES.splitlines()[0] + "\n1004,999999,K4,Sent AB,SEK,12.34,2026-10-15,2026-11-14\n",
        encoding="utf-8",
    )
    office.json("invoices", "load", "invoices.csv")
    assert listed(office.json("import", "Bank"))["12"] == "invoice-not-found"
    office.json("formats", "set", "Bank", "path=first.txt")
    assert listed(office.json("import", "Bank"))["12"] == "exact"


def test_nothing_that_a_person_sees_says_fortnox(office):
    shown = []
    for words in (
        ("formats",),
        ("import", "Bank", "--save"),
        ("import", "Bank"),
        ("payments",),
        ("reconcile", "Bank"),
        ("reconcile", "--help"),
    ):
        for language in ("sv", "en"):
            done = office(*words, "--lang", language)
            shown += [*done.stdout.splitlines(), *done.stderr.splitlines()]
    assert [line for line in shown if "fortnox" in line.lower()] == []


def test_what_only_has_an_ocr_is_shown_with_it(office):
    [row] = [
        row
        for row in office.json("import", "Bank")["rejected"]
        if row["reason"] == "invoice-not-found"
    ]
    assert "999999" in row["message"]


def test_a_file_cannot_be_reconciled_and_says_so(office):
    done = office("reconcile", "Bank")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("CANNOT_RECONCILE: ")


def test_a_damaged_file_is_refused_with_its_line_and_nothing_is_read(office):
    office.file("first.txt", FIRST.replace("000000000000100000", "000000000000100001"))
    done = office("import", "Bank")
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("BGMAX_FILE_WRONG: Rad 10 i first.txt: insättningen är 2682.84")


def test_a_file_of_another_bankgiro_is_refused(office):
    office.json("import", "Bank", "--save")
    office.file("other.txt", bgmax.file(deposit(payment(1, 1, "1"), bankgiro="55551234")))
    office.json("formats", "set", "Bank", "path=other.txt")
    done = office("import", "Bank")
    assert "Bankgiro 5555-1234" in done.stderr
    assert "Bankgiro 991-2346" in done.stderr


def test_wrong_settings_are_refused_field_by_field(office):
    done = office("formats", "set", "Bank", "path=", "references=name", "colour=red")
    assert done.returncode == 2
    for key in ("path", "references", "colour"):
        assert f"{key}: " in done.stderr


def test_it_is_listed_with_its_distribution(office):
    done = office("plugins", "--json")
    assert "bgmax-import" in done.stdout


# --- The file ---------------------------------------------------------------------


def test_a_deposit_has_its_day_its_number_and_its_signed_entries(layout):
    text = bgmax.file(
        deposit(payment(1, "1000.00", "655969"), deduction(2, "400.25", "17", "4"), serial=7)
    )
    [found] = layout.read(text.splitlines())
    assert (found.bankgiro, found.currency, found.serial) == ("9912346", "SEK", "00007")
    assert found.day == date(2026, 11, 19)
    assert [(one.serial[-1], one.reference, one.amount) for one in found.entries] == [
        ("1", "655969", Decimal("1000.00")),
        ("2", "17", Decimal("-400.25")),
    ]


def test_trailing_blanks_may_be_lost_and_who_paid_is_skipped(layout):
    text = bgmax.file(deposit(payment(1, 1, "1"), "26Någon Person", "27Storgatan 2"))
    lines = [line.rstrip() for line in text.splitlines()]
    [found] = layout.read(lines)
    assert len(found.entries) == 1


def test_two_payments_with_one_running_number_stay_two(layout):
    text = bgmax.file(deposit(payment(1, 1, "1"), payment(1, 2, "2"), payment(2, 3, "3")))
    [found] = layout.read(text.splitlines())
    serials = ["000000000001", "000000000001-2", "000000000002"]
    assert [one.serial for one in found.entries] == serials


ONE = deposit(payment(1, "10.00", "655969"))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "breaks off"),
        ("invoice;amount\n", 1, "no BgMax file begins"),
        (bgmax.file(ONE).replace("BGMAX ", "BGMIN "), 1, "no BgMax file begins"),
        (bgmax.file(ONE).replace("0331P", "0331T"), 1, "test"),
        (bgmax.file(ONE).replace("   0120", "   0220"), 1, "version"),
        ("".join(bgmax.file(ONE).splitlines(keepends=True)[:-1]), 4, "breaks off"),
        (bgmax.file(ONE) + "70\r\n", 6, "follows the end"),
        (bgmax.file(deposit(payment(1, 10, "1"), total=11)), 4, "the deposit is 11.00"),
        (bgmax.file(ONE, payments=2), 5, "says 2 payments"),
        (bgmax.file(ONE, deductions=1), 5, "says 1 deductions"),
        (bgmax.file(ONE, extras=1), 5, "says 1 extra references"),
        (bgmax.file(ONE, deposits=2), 5, "says 2 deposits"),
        (bgmax.file(deposit(payment(1, 10, "1"), day="20261131")), 4, "no day"),
        (bgmax.file(ONE[1:]), 2, "the record 20 is out of place"),
        (bgmax.file(ONE[:-1]), 4, "the record 70 is out of place"),
        (bgmax.file([ONE[0], extra(1, "1"), *ONE[1:]]), 3, "the record 22 is out of place"),
        (bgmax.file([*ONE[:2], "99", *ONE[2:]]), 4, "the record 99 is out of place"),
        (bgmax.file([ONE[0], ONE[1][:57] + f"{1:12}0", ONE[2]]), 3, "running number is not digits"),
        (bgmax.file([ONE[0], ONE[1].replace("1000", "1O00"), ONE[2]]), 3, "the amount is not"),
        (bgmax.file([*ONE[:2], ONE[2].replace("SEK", "EUR")]), 4, "currency"),
        (bgmax.file([*ONE[:2], ONE[2][:-1] + "2"]), 4, "number of payments"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(layout, text, line, says):
    with pytest.raises(layout.NotBgMax, match=says) as refused:
        layout.read(text.splitlines(keepends=True))
    assert refused.value.line == line


def test_the_example_needs_the_contract_alone():
    for source in sorted((bgmax.EXAMPLE / "bgmax_import").glob("*.py")):
        imports = [
            line.split()[1].split(".")[0]
            for line in source.read_text(encoding="utf-8").splitlines()
            if line.startswith(("import ", "from "))
        ]
        assert set(imports) <= {*sys.stdlib_module_names, "opter_contract", "bgmax_import"}
