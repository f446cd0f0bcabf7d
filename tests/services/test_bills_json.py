"""Bills of subcontractors are read from JSON whole, or not at all."""

import json
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import pytest
from bill_file import BILL, bill, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostsim.messages.exports import BILLS
from hostsim.services.bills_json import BillsFile
from hostsim.services.item_file import FileWrong, ProblemList
from hostsim.storage.item_content import TABLES
from hostsim.storage.store import Store


@pytest.fixture
def read(tmp_path):
    def read(*bills, **values):
        return BillsFile(**values).read_from(
            json.dumps(bills).encode(), file="f.json", folder=tmp_path
        )

    return read


@pytest.fixture
def problems(read):
    """Return each problem, in English."""

    def problems(*bills):
        with pytest.raises(FileWrong) as wrong:
            read(*bills)
        return [one.text("en") for one in wrong.value.problems]

    return problems


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        yield store


def item(store, item_id="/A-2026-117"):
    return TABLES[BILLS].items(store.db, [item_id])[item_id]


def digests(store):
    return [row["digest"] for row in store.db.execute("SELECT digest FROM supplier_bills")]


# --- Reading -----------------------------------------------------------------------------------


def test_the_bill_of_the_issue_is_read_whole(read):
    [one] = read(BILL)
    assert (one.bill.total, one.bill.vat, one.bill.bill_date, one.period_closed) == (
        Decimal("12500.00"), Decimal("2500.00"), date(2026, 11, 2), True,
    )  # fmt: skip
    assert asdict(one.bill.supplier) == BILL["supplier"]
    assert [(row.account, row.unit, row.debit) for row in one.bill.rows] == [
        ("4010", "12", Decimal("10000.00")),
        ("2641", "", Decimal("2500.00")),
    ]


def test_what_may_be_missing_has_a_default(read):
    needed = ("bill_number", "currency", "bill_date", "due_date", "total", "vat", "rows")
    [one] = read(
        {name: BILL[name] for name in needed} | {"supplier": {"code": "L", "name": "Lasse"}},
        region="Nord",
    )
    assert (one.bill.region, one.period_closed, one.document) == ("Nord", True, "")
    assert (one.bill.supplier.bankgiro, one.bill.supplier.sends_invoice) == ("", False)


WRONG = {
    "bill_number": ["", 117, "x" * 51, "a\nb", None, ...],
    "region": ["x" * 41],
    "period_closed": ["true"],
    "currency": ["kr", ...],
    "exchange_rate": ["0", "11,5", "11.25"],
    "bill_date": ["2026-02-30", None, ...],
    "due_date": ["x", ...],
    "total": ["12499.99", "12 500", None, ...],
    "vat": ["-0.01", "12500.01", None, ...],
    "pdf": ["../x.pdf", "/etc/x.pdf", "x.exe"],
    "rows": [[], {}, None, ...],
    "supplier": [[], None, ...],
    "supplier.code": ["", ...],
    "supplier.name": ["", ...],
    "supplier.country": ["SWE", "se"],
    "supplier.bankgiro": ["5050-1056", "123", 50501055],
    "supplier.plusgiro": ["901950-7", "1"],
    "supplier.iban": ["SE4550000000058398257467", "SE45-5000"],
    "supplier.bic": ["ESSE", "ESSESESS5"],
    "supplier.sends_invoice": ["no", 0],
    "supplier.email": ["a@example.com"],
    "rows[0]": [[], "4010"],
    "rows[0].account": ["", ...],
    "rows[0].debit": ["-10000.00", "1,50", "1.005", None, ...],
    "rows[0].credit": [True, ...],
    "colour": ["red"],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_field_is_told_by_bill_and_field(problems, field, value):
    rows = {"rows": [value, BILL["rows"][1]]} if field == "rows[0]" else None
    key = field.replace("supplier.", "supplier__").replace("rows[0].", "row__")
    [problem] = problems(bill(**rows or {key: value}))
    place = problem.partition(": ")[0]
    assert place.endswith(f", {field}")
    assert place.startswith("bill ")


def test_both_languages_tell_the_place(read):
    with pytest.raises(FileWrong) as wrong:
        read(bill(bill_date="x"))
    [one] = wrong.value.problems
    assert one.text("sv").startswith("avräkning A-2026-117, bill_date: ")
    assert one.text("en").startswith("bill A-2026-117, bill_date: ")
    assert wrong.value.code == "BILLS_FILE_WRONG"


def test_rows_that_do_not_come_to_the_total_name_both_sums(problems):
    [problem] = problems(bill(total="12500.01"))
    assert problem == (
        "bill A-2026-117, total: is 12500.01, but the rows come to 12500.00 (debit less credit)."
    )


def test_a_negative_bill_has_its_rows_on_the_other_side(read, problems):
    rows = [row(credit="100.00"), row(credit="25.00"), row(debit="0.01")]
    [one] = read(bill(total="-124.99", vat="-25.00", rows=rows))
    assert one.bill.total == Decimal("-124.99")
    assert len(problems(bill(total="-125.00", vat="25.00", rows=rows[:2]))) == 1
    [problem] = problems(bill(total="-125.00", vat="0.00", rows=[row(debit="-125.00")]))
    assert "without the minus sign on the other side" in problem


def test_a_row_has_one_side(problems):
    [problem] = problems(bill(row__debit="10001.00", row__credit="1.00"))
    assert problem.startswith("bill A-2026-117, rows[0]: has both debit and credit")


def test_a_zero_has_no_sign(read):
    rows = [row(debit="-0.00"), row(credit="5.00"), row(debit="5.00")]
    [one] = read(bill(total="-0.00", vat="-0.00", rows=rows))
    assert (str(one.bill.total), str(one.bill.rows[0].debit)) == ("0.00", "0.00")


def test_a_foreign_bill_has_a_rate_or_none(read):
    one, other = read(
        bill(currency="EUR", exchange_rate="11.50"), bill(bill_number="2", currency="EUR")
    )
    assert (one.bill.exchange_rate, other.bill.exchange_rate) == (Decimal("11.5"), None)


def test_a_number_may_be_there_once_in_a_region(read, problems):
    [problem] = problems(BILL, BILL)
    assert problem.startswith("bill A-2026-117, bill_number: is in the file already")
    assert len(read(BILL, bill(region="Nord"))) == 2


def test_a_supplier_has_one_card_in_a_file(read, problems):
    [problem] = problems(BILL, bill(bill_number="2", supplier__bankgiro="5555-5551"))
    assert problem.startswith("bill 2, supplier: LASSE has other details than in A-2026-117")
    other_region = bill(region="Nord", supplier__bankgiro="5555-5551")
    assert len(read(BILL, bill(bill_number="2"), other_region)) == 3


def test_what_is_around_a_bank_number_is_left_out_and_nothing_else(read):
    [one] = read(bill(supplier__bankgiro=" 5050-1055 ", supplier__bank_account=" 8327-9, 12 "))
    assert (one.bill.supplier.bankgiro, one.bill.supplier.bank_account) == (
        "5050-1055", "8327-9, 12",
    )  # fmt: skip


def test_account_numbers_are_taken_without_their_spaces(read):
    spaced = {"iban": "SE45 5000 0000 0583 9825 7466", "plusgiro": "90 19 50-6"}
    [one] = read(bill(**{f"supplier__{name}": text for name, text in spaced.items()}))
    supplier = one.bill.supplier
    assert (supplier.iban, supplier.plusgiro) == ("SE4550000000058398257466", "901950-6")


def test_a_pdf_is_named_and_a_missing_one_is_noted(read, tmp_path):
    (tmp_path / "there.pdf").write_bytes(b"%PDF")
    notes = ProblemList()
    one, other = read(bill(pdf="there.pdf"), bill(bill_number="2", pdf="gone.pdf"), notes=notes)
    assert (one.bill.document, one.document) == ("there.pdf", str(tmp_path / "there.pdf"))
    assert other.bill.document == "gone.pdf"
    assert [note.text("en").partition(": ")[0] for note in notes.first] == ["bill 2, pdf"]


# --- Storing -----------------------------------------------------------------------------------


def test_what_is_loaded_is_exported_as_it_was_read(read, store):
    [one] = read(bill(pdf="a.pdf", currency="EUR", exchange_rate="11.50"))
    assert store.load_bills([one]).new == 1
    assert item(store) == one.bill
    assert TABLES[BILLS].document(store.db, "/A-2026-117") == one.document


_AMOUNTS = st.decimals(0, Decimal("9999999999999.99"), places=2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one bill for another
@given(st.lists(st.tuples(_AMOUNTS, st.booleans()), min_size=1, max_size=20))
def test_amounts_stay_exact_from_the_file_to_the_export(read, store, sides):
    rows = [row(**{("debit" if on_debit else "credit"): str(side)}) for side, on_debit in sides]
    total = sum((side if on_debit else -side for side, on_debit in sides), Decimal(0))
    store.load_bills(read(bill(total=str(total), vat="0.00", rows=rows)))
    there = item(store)
    assert (there.total, sum(one.debit - one.credit for one in there.rows)) == (total, total)
    assert [str(max(one.debit, one.credit)) for one in there.rows] == [str(s) for s, _ in sides]


def test_a_bill_that_is_loaded_again_is_replaced(read, store):
    store.load_bills(read(BILL))
    again = read(bill(total="1.00", vat="0.00", rows=[row("1.00")], period_closed=False))
    assert store.load_bills([*again, *read(bill(region="Nord"))])[:2] == (1, 1)
    assert item(store) == again[0].bill
    assert [(one.region, one.period_closed) for one in store.bills()] == [
        ("", False), ("Nord", True),
    ]  # fmt: skip


def test_a_list_of_bills_is_loaded_whole_or_not_at_all(read, store):
    [one] = read(BILL)
    broken = replace(one, bill=replace(one.bill, bill_number=""))
    with pytest.raises(Exception, match="CHECK constraint failed"):
        store.load_bills([one, broken])
    assert list(store.bills()) == []


def test_a_card_that_changes_is_that_of_all_bills_and_changes_none_that_was_sent(read, store):
    store.load_bills(read(BILL, bill(bill_number="2")))
    before = digests(store)
    new = {"supplier__name": "Lasse & Co", "supplier__bankgiro": "5555-5551"}
    store.load_bills(read(bill(**new, supplier__sends_invoice=True)))
    assert item(store, "/2").supplier.bankgiro == "5555-5551"
    assert {(one.supplier_name, one.sends_invoice) for one in store.bills()} == {
        ("Lasse & Co", True)
    }
    assert digests(store) == before


def test_another_supplier_changes_all_of_its_bills(read, store):
    store.load_bills(read(BILL, bill(bill_number="2")))
    before = digests(store)
    store.load_bills(read(bill(supplier__organisation_number="556111-1111")))
    assert [now == then for now, then in zip(digests(store), before, strict=True)] == [
        False, False,
    ]  # fmt: skip
    store.load_bills(read(BILL))
    assert digests(store) == before


CHANGED = [
    {"currency": "EUR"},
    {"bill_date": "2026-11-03"},
    {"due_date": "2026-12-03"},
    {"vat": "2499.99"},
    {"row__account": "4011"},
    {"row__unit": ""},
    {"pdf": "a.pdf"},
    {"supplier__code": "OLLE"},
]


@pytest.mark.parametrize("changed", CHANGED, ids=str)
def test_what_a_supplier_invoice_is_made_of_changes_the_bill(read, store, changed):
    store.load_bills(read(BILL))
    before = digests(store)
    store.load_bills(read(bill(**changed)))
    assert digests(store) != before


def test_another_pdf_of_the_same_name_changes_the_bill(read, store, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF 1")
    store.load_bills(read(bill(pdf="a.pdf")))
    before = digests(store)
    (tmp_path / "a.pdf").write_bytes(b"%PDF 2")
    store.load_bills(read(bill(pdf="a.pdf")))
    assert digests(store) != before


def test_a_period_that_is_closed_changes_nothing_of_a_bill(read, store):
    store.load_bills(read(bill(period_closed=False)))
    before = digests(store)
    store.load_bills(read(BILL))
    assert digests(store) == before
