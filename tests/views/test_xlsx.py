"""A workbook: numbers are numbers, dates are dates, and no text is a formula."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from hostsim.views.table import Column, Money
from hostsim.views.xlsx import Sum, write_xlsx
from opter_contract.values import Text


@pytest.fixture(scope="module")
def file():
    values = (
        ("text", "=1+1"),
        ("link", "https://example.com"),
        ("digits", "007"),
        ("amount", Decimal("1250.5")),
        ("foreign", Money(Decimal(-3), "EUR")),
        ("count", 7),
        ("day", date(2026, 11, 22)),
        ("at", datetime(2026, 11, 22, 12, 30, tzinfo=UTC)),
        ("none", None),
        ("word", Text("ja", "yes")),
    )
    columns = [Column(key, Text(key, key), lambda row, key=key: row[key]) for key, _ in values]
    file = io.BytesIO()
    total = Sum("Summa av 1", "amount", Money(Decimal("1250.5"), "SEK"))
    title = "Öppna/alla [x] & mycket mer än trettioen tecken"
    write_xlsx(file, title, columns, [dict(values)], language="sv", totals=[total])
    return file


@pytest.fixture(scope="module")
def sheet(file):
    return zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()


def cells(sheet, row):
    found = re.search(rf'<row r="{row}".*?</row>', sheet)[0]
    return re.findall(r'<c r="([A-Z])\d+"[^>]*?(?: t="(\w+)")?>(.*?)</c>', found)


def test_each_value_is_of_its_kind(sheet):
    kinds = {column: kind or "n" for column, kind, _ in cells(sheet, 2)}
    text, number = "inlineStr", "n"
    assert kinds == {
        **dict.fromkeys("ABCJ", text),
        **dict.fromkeys("DEFGH", number),
    }


def test_no_text_is_a_formula_or_a_link(sheet):
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=1+1" in cells(sheet, 2)[0][2]


def test_a_day_is_the_number_of_a_day_and_a_time_is_that_of_the_page(sheet):
    values = {column: inside for column, _, inside in cells(sheet, 2)}
    assert values["G"] == "<v>46348</v>"
    assert values["H"].startswith("<v>46348.52083")


def test_the_sum_of_the_screen_stands_below_its_column(sheet):
    (label, _, word), (column, _, amount) = cells(sheet, 3)
    assert (label, column, amount) == ("A", "D", "<v>1250.5</v>")
    assert "Summa av 1" in word


def test_an_amount_is_shown_with_its_decimals_and_a_foreign_one_with_its_currency(file):
    headings, row, total = openpyxl.load_workbook(file).active.iter_rows()
    formats = {cell.column_letter: cell.number_format for cell in row}
    assert [formats[column] for column in "DEFGH"] == [
        "#,##0.00", '#,##0.00 "EUR"', "#,##0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
    ]  # fmt: skip
    assert (total[3].value, total[3].number_format) == (1250.5, '#,##0.00 "SEK"')
    assert [headings[0].font.b, row[0].font.b, total[3].font.b] == [True, False, True]


def test_the_headings_are_on_each_page_of_paper(file, sheet):
    page = openpyxl.load_workbook(file).active
    assert (page.print_title_rows, page.freeze_panes) == ("$1:$1", "A2")
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert (page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage) == (0, True)
    assert "&amp;&amp; mycket mer" in sheet
    assert "&amp;P / &amp;N" in sheet


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Betalningar som inte kunde sparas", "Betalningar som inte kunde …"),
        ("Betalningar som inte kan sparas", "Betalningar som inte kan sparas"),
        ("Öppna/alla [x]: 'mer' än vad trettioett tecken rymmer", "Öppna alla x 'mer' än vad …"),
    ],
)
def test_the_name_of_the_sheet_has_whole_words(title, name):
    file = io.BytesIO()
    write_xlsx(file, title, [], [], language="sv")
    assert openpyxl.load_workbook(file).sheetnames == [name]


def test_what_xml_cannot_hold_is_replaced_and_no_file_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = io.BytesIO()
    columns = [Column("text", Text("Text", "Text"), lambda row: row[0])]
    with pytest.raises(IndexError):
        write_xlsx(file, "Lista", columns, [["a\x0bb"], []], language="sv")
    assert openpyxl.load_workbook(file).active["A2"].value == "a b"
    assert list(tmp_path.iterdir()) == []
