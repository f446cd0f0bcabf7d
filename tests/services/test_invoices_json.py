"""Invoices with their rows are read from JSON whole, or not at all."""

import json
from datetime import date
from decimal import Decimal

import pytest
from bill_file import changed
from invoice_file import INVOICE

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.services.invoices_json import InvoicesFile, is_json
from hostsim.services.item_file import FileWrong, ProblemList
from hostsim.storage.store import Store


def invoice(**values):
    """Build an invoice; ``customer__zip`` is a field of the customer, ``row__net`` of row 0."""
    return changed(INVOICE, values)


@pytest.fixture
def read(tmp_path):
    def read(*invoices, text=None, **values):
        text = json.dumps(invoices) if text is None else text
        return InvoicesFile(**values).read_from(text.encode(), file="f.json", folder=tmp_path)

    return read


@pytest.fixture
def problems(read):
    """Return the place of each problem, in English."""

    def problems(*invoices, **values):
        with pytest.raises(FileWrong) as wrong:
            read(*invoices, **values)
        return [one.text("en").partition(": ")[0] for one in wrong.value.problems]

    return problems


def test_the_invoice_of_the_issue_is_read_whole(read, tmp_path):
    [one] = read(invoice())
    assert (one.number, one.total, one.invoice_date) == (
        "10301", Decimal("1374.99"), date(2026, 11, 2),
    )  # fmt: skip
    assert one.content.customer.zip == "392 00"
    assert [(row.account, row.unit, row.vat) for row in one.content.rows] == [
        ("3001", "12", Decimal("250.00")),
        ("3002", "", Decimal("25.00")),
    ]
    assert one.content.document == str(tmp_path / "10301.pdf")


def test_what_may_be_missing_has_a_default(read):
    [one] = read(
        {
            "invoice_number": "1",
            "currency": "SEK",
            "invoice_date": "2026-11-02",
            "due_date": "2026-12-02",
            "customer": {"code": "K", "name": "Kund"},
            "rows": [{"account": "3001", "vat_rate": "25", "net": "1", "vat": "0.25"}],
        },
        region="Nord",
    )
    assert (one.region, one.ocr, one.period_closed, one.content.type) == (
        "Nord", "", True, "invoice",
    )  # fmt: skip
    assert one.content.customer.ledger_number == ""


WRONG = {
    "invoice_number": ["", "0", "1 001", 10301, None, ...],
    "ocr": ["12x", "1" * 26],
    "type": ["credit", ""],
    "period_closed": ["true", 1],
    "currency": ["kr", "sek", "XQ1", "", ...],
    "exchange_rate": ["0", "-1", "11,5", "x", "11.25"],
    "invoice_date": ["2026-02-30", "02/11/2026", None, ...],
    "due_date": ["x", ...],
    "order_date": ["x"],
    "order_number": [4555, "a\nb", "x" * 201],
    "credits": ["10300"],
    "pdf": ["../x.pdf", "/etc/x.pdf", "C:\\x.pdf", "x.exe"],
    "region": ["x" * 41],
    "rows": [[], {}, None, ...],
    "customer": [[], "KALM", None, ...],
    "customer.code": ["", None, ...],
    "customer.name": ["", ...],
    "customer.country": ["SWE", "se"],
    "customer.postcode": ["1"],
    "rows[0].account": ["", ...],
    "rows[0].vat_rate": ["25 %", "moms", "25-eu", "0-EU", ...],
    "rows[0].net": ["1 000", "1,50", "1.005", "1e3", "NaN", None, True, 99.98999999999, ...],
    "rows[0].vat": ["-250.00"],
    "colour": ["red"],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_field_is_told_by_invoice_and_field(problems, field, value):
    key = field.replace("customer.", "customer__").replace("rows[0].", "row__")
    [place, *more] = problems(invoice(**{key: value}))
    assert not more
    assert place.endswith(f", {field}")
    assert place.startswith("invoice ")


def test_both_languages_tell_the_place(read):
    with pytest.raises(FileWrong) as wrong:
        read(invoice(type="credit"))
    [one] = wrong.value.problems
    assert one.text("sv").startswith("faktura 10301, type: ")
    assert one.text("en").startswith("invoice 10301, type: ")


@pytest.mark.parametrize("net", ["1000.00", "1000", 1000])
def test_an_amount_is_taken_as_it_is_written(read, net):
    [one] = read(invoice(row__net=net))
    assert str(one.content.rows[0].net) == "1000.00"


def test_a_number_of_the_file_is_never_made_a_float(read):
    [one] = read(text=json.dumps([invoice(row__net="@")]).replace('"@"', "1000.10"))
    assert one.content.rows[0].net == Decimal("1000.10")


@pytest.mark.parametrize("rate", ["0-eu", "0-export", "0-reverse", "0"])
def test_a_rate_of_nothing_has_no_vat(read, problems, rate):
    assert problems(invoice(row__vat_rate=rate)) == ["invoice 10301, rows[0].vat"]
    [one] = read(invoice(row__vat_rate=rate, row__vat="0.00"))
    assert one.content.rows[0].vat_rate == rate


def test_a_correction_is_negative_and_names_its_original(read, problems):
    correction = invoice(type="correction", credits="10300")
    assert problems(correction) == ["invoice 10301, rows"]
    for row in correction["rows"]:
        row.update(net=f"-{row['net']}", vat=f"-{row['vat']}")
    [one] = read(correction)
    assert (one.total, one.content.credits) == (Decimal("-1374.99"), "10300")
    assert problems(correction | {"credits": "10301"}) == ["invoice 10301, credits"]


def test_a_foreign_invoice_has_a_rate_or_none(read):
    one, other = read(
        invoice(currency="EUR", exchange_rate="11.50"), invoice(invoice_number="2", currency="EUR")
    )
    assert (one.content.exchange_rate, other.content.exchange_rate) == (Decimal("11.5"), None)


def test_a_number_may_be_there_once_in_a_region(read, problems):
    assert problems(invoice(), invoice()) == ["invoice 10301, invoice_number"]
    assert len(read(invoice(), invoice(region="Nord"))) == 2


def test_every_problem_is_told_and_nothing_is_read(problems):
    found = problems(invoice(type="x", ocr="x"), invoice(invoice_number="2"), "no invoice")
    assert found == ["invoice 10301, ocr", "invoice 10301, type", "invoice #3"]


@pytest.mark.parametrize("text", ["", "{}", "[", '"x"', "null", "[" * 100_000, '[{"a": NaN}]'])
def test_what_is_no_list_of_invoices_is_refused(read, text):
    with pytest.raises(FileWrong):
        read(text=text)


def test_a_key_that_stands_twice_is_refused(problems):
    text = json.dumps([invoice()]).replace('"ocr"', '"type": "invoice", "ocr"')
    assert problems(text=text) == ["invoice 10301, type"]


def test_a_pdf_that_is_missing_is_noted(read, tmp_path):
    (tmp_path / "there.pdf").write_bytes(b"%PDF")
    notes = ProblemList()
    read(invoice(), invoice(invoice_number="2", pdf="there.pdf"), notes=notes)
    assert [one.text("en").partition(": ")[0] for one in notes.first] == [
        "invoice 10301, pdf", "invoice 2, ocr"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", "", True),
        ("a.JSON", "", True),
        ("a.csv", "[", False),
        ("a.txt", "\ufeff [", True),
        ("a.txt", "invoice_number,ocr", False),
        ("gone.txt", None, False),
    ],
)
def test_json_is_known_by_its_name_or_by_how_it_begins(tmp_path, name, content, expected):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert is_json(path) is expected


def test_what_was_paid_stays_paid_when_an_invoice_is_replaced(read, tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices(read(invoice()))
        Host(store, Plugins()).add_payment("10301", Decimal(1000), confirm=True)
        store.load_invoices(read(invoice(row__net="2000.00", row__vat="500.00")))
        [one] = store.invoices()
    assert (one.total, one.remaining) == (Decimal("2624.99"), Decimal("1624.99"))
