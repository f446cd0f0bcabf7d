"""A file of invoices is read whole and right, or not at all."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostsim.errors import HostError
from hostsim.services import invoices_table, table_file
from hostsim.services.invoices_table import InvoicesTable, column_names
from hostsim.services.item_file import FileWrong, ProblemList
from hostsim.services.table_file import NotATable, read_rows

HEADER = "invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date"
LINE = "1001,100146,K1,Åkeri Öst AB,SEK,1250.50,2026-01-15,2026-02-14"


def read(*lines, header=HEADER, **options):
    content = "\n".join([header, *lines, ""]).encode()
    return InvoicesTable(**options).read_from(content, file="fakturor.csv")


def refused(*lines, header=HEADER):
    with pytest.raises(FileWrong) as caught:
        read(*lines, header=header)
    return caught.value


def with_total(text):
    return LINE.replace("1250.50", text)


def test_a_line_becomes_an_invoice_in_a_closed_period():
    (invoice,) = read(LINE)
    assert invoice.number == "1001"
    assert invoice.ocr == "100146"
    assert invoice.customer_name == "Åkeri Öst AB"
    assert invoice.total == Decimal("1250.50")
    assert (invoice.invoice_date, invoice.due_date) == (date(2026, 1, 15), date(2026, 2, 14))
    assert (invoice.region, invoice.period_closed) == ("", True)


def test_the_order_of_the_columns_does_not_matter():
    (invoice,) = read(
        "1250.50,2026-02-14,2026-01-15,SEK,Åkeri,K1,,1001",
        header="total,due_date,invoice_date,currency,customer_name,customer_code,ocr,invoice_number",
    )
    assert (invoice.number, invoice.total, invoice.ocr) == ("1001", Decimal("1250.50"), "")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted():
    content = ("\ufeff" + HEADER + "\r\n" + LINE + "\r\n").encode()
    assert [i.number for i in InvoicesTable().read_from(content, file="f.csv")] == ["1001"]


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("1250", "1250"),
        ('"1250,5"', "1250.5"),
        ("-99.90", "-99.90"),
        ("\u221210", "-10"),
        ("1 250.50", "1250.50"),
        ('"1\u00a0234\u00a0567,00"', "1234567"),
        ("-1\u202f250", "-1250"),
    ],
)
def test_an_amount_has_a_decimal_point_or_comma(text, total):
    assert read(with_total(text))[0].total == Decimal(total)


WRONG = {
    "total": [
        "", "abc", "1e3", '"1,234"', "12 50.50", "1250 500", "12.345", "NaN", "١٢", "--1",
        "9" * 5000,
    ],
    "ocr": [
        "100146.0", "1.00146E+05", "1E5", "=100146", '="100146"', "'100146", "１００１４６", "١٠",
        '"100,146"', "100.146", "1\u200b00146", "-100146", "+100146", "OCR100146", "RF18100146",
        "1001-46", "#N/A", "NULL", "1" * 26,
    ],
    "invoice_date": ["2026-02-30", "2026-1-5", "15/01/2026", "", "20260115"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text"), [(field, text) for field, several in WRONG.items() for text in several]
)
def test_what_could_be_misread_is_refused_by_its_field(field, text):
    value = {"total": "1250.50", "ocr": "100146", "invoice_date": "2026-01-15"}[field]
    (problem,) = refused(LINE.replace(value, text)).problems
    assert (problem.line, problem.field) == (2, field)


@pytest.mark.parametrize(
    ("text", "large", "small"),
    [("12.500", "12500", "12,50"), ('"1,000"', "1000", "1,00"), ("-12.345", "-12345", "-12,345")],
)
def test_an_amount_with_two_readings_is_refused_with_both(text, large, small):
    (problem,) = refused(with_total(text)).problems
    assert f"kan läsas som {large} eller {small};" in problem.message.sv


def with_number(text):
    return LINE.replace("1001,", text + ",", 1)


def with_ocr(text):
    return LINE.replace("100146", text)


MADE_BY_A_SPREADSHEET = [
    "1001.0", '"1001,00"', "1001.", "1.001E+03", '"1,001E+03"', "1E3", "1e3", "1001E-2",
    "=1001", '="1001"', '"=""1001"""', "'1001", "1001'", "\u20191001", '"""1001"""', "`1001`",
    "１００１", "١٠٠١", "1001²", "Ⅷ", "①",
    "1 001", "1\u00a0001", "1\u202f001", "1\u200b001", "\ufeff1001", "1001\u200e", "1\u00ad001",
    "1.001", '"1,001"', "1'001", "-1001", "+1001", "\u22121001", "1001-", "(1001)", "1001 kr",
    "#1001", "########", "#VALUE!", "NULL", "NaN", "N/A", "-", "0", "000", "2026-01-02",
    "1001;1002", "1001*", "10\x8501", "1" * 19, "9" * 5000, "F" + "1" * 50,
]  # fmt: skip


@pytest.mark.parametrize("text", MADE_BY_A_SPREADSHEET)
def test_a_number_that_no_number_of_fortnox_can_equal_is_refused(text):
    (problem,) = refused(LINE.replace("1001", "1002"), with_number(text)).problems
    assert (problem.line, problem.field) == (3, "invoice_number")
    assert len(problem.message.sv) < 300


def test_a_refused_number_is_named_with_what_to_do():
    (problem,) = refused(with_number("1001.0")).problems
    assert problem.text("sv") == (
        "rad 2, invoice_number: ”1001.0” kan inte vara ett fakturanummer i Fortnox; skriv numret "
        "som det står på fakturan, till exempel 1001. Formatera kolumnen som text i kalkylbladet "
        "innan du sparar filen."
    )
    assert "Format the column as text" in problem.text("en")


def test_what_cannot_be_seen_is_shown():
    (problem,) = refused(with_number("1\u200b001")).problems
    assert "”1?001”" in problem.message.sv


@pytest.mark.parametrize("text", ["", "100146", "10 01 46", " 100146 ", "100147", "1" * 25])
def test_an_ocr_is_digits_with_spaces_for_the_eye_whatever_its_check_digit(text):
    assert "".join(read(with_ocr(text))[0].ocr.split()) == "".join(text.split())


@pytest.mark.parametrize("text", ["1", "1001", "1" * 18, " 1001 "])
def test_a_plain_number_is_not_noted(text):
    notes = ProblemList()
    assert [one.number for one in read(with_number(text), notes=notes)] == [text.strip()]
    assert notes.found == 0


@pytest.mark.parametrize(
    "text", ["01001", "F1001", "1001A", "2026-1001", "2026/1001", "Ö_1", "1O01"]
)
def test_a_number_that_the_host_may_have_given_is_loaded_and_noted(text):
    notes = ProblemList()
    assert [one.number for one in read(with_number(text), notes=notes)] == [text]
    [note] = notes.first
    assert (note.line, note.field) == (2, "invoice_number")
    assert "OCR" in note.message.en


def test_notes_are_counted_and_the_first_twenty_kept():
    notes = ProblemList()
    read(*(with_number(f"F{n}").replace("100146", "") for n in range(30)), notes=notes)
    assert (notes.found, len(notes.first)) == (30, 20)


def test_semicolons_separate_where_the_header_has_them():
    (invoice,) = read(
        LINE.replace(",", ";").replace("1250.50", "1250,50"), header=HEADER.replace(",", ";")
    )
    assert invoice.total == Decimal("1250.50")


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("", True),
        ("true", True),
        ("1", True),
        ("Ja", True),
        ("FALSE", False),
        ("0", False),
        ("nej", False),
        ("SANT", True),
        ("FALSKT", False),
    ],
)
def test_a_period_counts_as_closed_unless_the_line_says_otherwise(text, closed):
    (invoice,) = read(f"{LINE},{text}", header=HEADER + ",period_closed")
    assert invoice.period_closed is closed


@pytest.mark.parametrize("text", ["KRONOR", "XQ1", "kr", "S€K", "XXX"])
def test_a_currency_that_fortnox_cannot_have_is_taken_and_noted(text):
    """A host's currency is free text; its invoice meets no payment."""
    notes = ProblemList()
    assert [one.currency for one in read(LINE.replace("SEK", text), notes=notes)] == [text]
    [note] = notes.first
    assert (note.line, note.field) == (2, "currency")
    assert f"”{text}”" in note.message.sv


@pytest.mark.parametrize(("text", "currency"), [("sek", "SEK"), ("BHD", "BHD"), ("", "")])
def test_a_currency_in_small_letters_is_one_too_and_none_is_that_of_the_office(text, currency):
    (invoice,) = read(LINE.replace("SEK", text))
    assert invoice.currency == currency


def noted(content):
    notes = ProblemList()
    InvoicesTable(notes=notes).read_from(content, file="f")
    return [(one.line, one.field, one.message.sv) for one in notes.first]


def test_two_invoices_with_one_ocr_are_noted():
    again = LINE.replace("1001,100146", "1002,10 01 46")
    others = [LINE.replace("1001,100146", f"{number},") for number in (1003, 1004)]
    content = "\n".join([HEADER, LINE, again, *others]).encode()
    [(line, field, says)] = noted(content)
    assert (line, field) == (3, "ocr")
    assert "”10 01 46” har faktura 1001 också" in says


def test_a_file_of_headings_alone_is_noted():
    [(_, _, says)] = noted(HEADER.encode())
    assert "inga fakturor" in says


def test_a_line_without_a_region_gets_the_one_that_was_asked_for():
    invoices = read(
        f"{LINE},Syd", LINE.replace("1001", "1002") + ",", header=HEADER + ",region", region="Norr"
    )
    assert [invoice.region for invoice in invoices] == ["Syd", "Norr"]


@pytest.mark.parametrize(
    ("header", "more", "line", "field"),
    [
        (HEADER + ",comment", ",x", 1, "comment"),
        (HEADER.replace(",ocr", ",region"), "", 1, "ocr"),
        (HEADER + ",ocr", ",x", 1, "ocr"),
        (HEADER + ",period_closed", ",kanske", 2, "period_closed"),
    ],
    ids=["unknown", "missing", "twice", "neither open nor closed"],
)
def test_a_column_that_cannot_be_is_refused_by_its_name(header, more, line, field):
    (problem,) = refused(LINE + more, header=header).problems
    assert (problem.line, problem.field) == (line, field)


def test_an_empty_file_lacks_every_column():
    with pytest.raises(FileWrong) as caught:
        InvoicesTable().read_from(b"", file="tom.csv")
    assert {p.field for p in caught.value.problems} >= set(invoices_table.REQUIRED)


def test_an_invoice_that_stands_twice_is_refused_with_the_first_line():
    (problem,) = refused(LINE, LINE).problems
    assert (problem.line, problem.field) == (3, "invoice_number")
    assert "rad 2" in problem.message.sv


def test_the_same_number_may_stand_in_two_regions():
    assert len(read(f"{LINE},Norr", f"{LINE},Syd", header=HEADER + ",region")) == 2


def test_a_line_with_too_few_fields_is_refused():
    (problem,) = refused("1001,100146").problems
    assert (problem.line, problem.field) == (2, None)


def test_lines_are_counted_as_the_file_counts_them():
    """Empty lines and quoted line breaks count."""
    broken = LINE.replace("Åkeri Öst AB", '"Åkeri\nÖst"')
    problems = refused(LINE, "", broken.replace("1001", "1002"), with_total("x")).problems
    assert [(p.line, p.field) for p in problems] == [
        (4, "customer_name"),
        (6, "total"),
        (6, "invoice_number"),
    ]


def test_every_problem_is_reported_but_no_more_than_twenty():
    error = refused(*[with_total("x").replace("1001", str(n)) for n in range(1, 31)])
    assert len(error.problems) == 20
    assert "30" in error.message.sv


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_file_that_excel_wrote_is_read_in_its_encoding(encoding):
    (invoice,) = InvoicesTable().read_from(f"{HEADER}\n{LINE}\n".encode(encoding), file="f.csv")
    assert invoice.customer_name == "Åkeri Öst AB"


@pytest.mark.parametrize("encoding", ["cp850", "mac-roman", "cp865"])
def test_a_file_in_an_encoding_that_might_be_another_is_refused_at_its_line(encoding):
    content = f"{HEADER}\n{LINE}\n".encode(encoding)
    with pytest.raises(FileWrong) as caught:
        InvoicesTable().read_from(content, file="gammal.csv")
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        (
            "sep=;\r\n" + HEADER.replace(",", ";"),
            LINE.replace(",", ";").replace("1250.50", "1250,5"),
        ),
        ("sep=;;;;;;;;;\n" + HEADER.replace(",", ";"), LINE.replace(",", ";") + ";;"),
        (HEADER.replace(",", "\t"), LINE.replace(",", "\t").replace("1250.50", "1250,50")),
        (HEADER + ",,", LINE + ",,"),
        ("," + HEADER, "0," + LINE),
        (HEADER, LINE.replace("2026-01-15", "2026-01-15 00:00:00")),
        (HEADER, LINE.replace("2026-01-15", "2026-01-15T00:00:00.000")),
    ],
    ids=["sep", "sep filled up", "tabs", "empty columns", "index of pandas", "time", "ISO time"],
)
def test_a_file_of_excel_in_sweden_or_of_pandas_is_read(heading, line):
    (invoice,) = read(line, header=heading)
    assert (invoice.number, invoice.total) == ("1001", Decimal("1250.50"))
    assert invoice.invoice_date == date(2026, 1, 15)


def test_lines_are_counted_from_the_one_with_the_separator():
    (problem,) = refused(with_total("x"), header="sep=,\n" + HEADER).problems
    assert (problem.line, problem.field) == (3, "total")


@pytest.mark.parametrize(
    ("first", "line", "says"),
    [
        ("sep=;", 1, "säger ett annat tecken mellan fälten"),
        ("sep=semikolon", 1, "ska vara sep= och tecknet"),
        ("Sep=", 1, "ska vara sep= och tecknet"),
        ("\nsep=,", 2, "ska vara sep= och tecknet"),
    ],
)
def test_a_line_with_another_separator_than_the_file_has_is_told_as_such(first, line, says):
    (problem,) = refused(LINE, header=f"{first}\n{HEADER}").problems
    assert problem.line == line
    assert says in problem.message.sv


def test_a_time_of_the_day_is_no_date():
    (problem,) = refused(LINE.replace("2026-01-15", "2026-01-15 10:30:00")).problems
    assert "till exempel 2026-01-31" in problem.message.sv


def test_other_headings_mean_what_was_said_and_the_others_are_not_read():
    header = HEADER.replace("invoice_number", "Fakturanr").replace("total", "Att betala, SEK")
    mapping = "fakturanr = invoice_number,Kommentar="
    header = f"{header.replace(', SEK', '')},Kommentar"
    (invoice,) = read(f"{LINE},1001.0", header=header, columns=f"{mapping},ATT BETALA=total")
    assert (invoice.number, invoice.total) == ("1001", Decimal("1250.50"))


def test_unknown_headings_are_told_with_what_to_write_once():
    first, second = refused(f"{LINE},x,y", header=HEADER + ",Moms,Öre").problems
    assert (first.field, second.field) == ("Moms", "Öre")
    assert '--columns "Moms=,Öre=", där det efter' in first.message.sv
    assert "--columns" not in second.message.sv


@pytest.mark.parametrize("mapping", ["Fakturanr", "Fakturanr=number", "=ocr"])
def test_a_mapping_that_says_nothing_is_refused(mapping):
    with pytest.raises(HostError, match="SETTING_WRONG") as caught:
        column_names(mapping)
    assert mapping in caught.value.message.sv


# --- XLSX ---


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in (HEADER.split(","), *rows):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


ROW = (
    1001,
    "100146",
    "K1",
    "Åkeri Öst AB",
    "SEK",
    1250.5,
    datetime(2026, 1, 15),  # noqa: DTZ001 cells have no zone
    date(2026, 2, 14),
)


def test_a_workbook_is_read_as_its_cells_are():
    (invoice,) = InvoicesTable().read_from(workbook(ROW, (), (None, None)), file="f.xlsx")
    assert (invoice.number, invoice.total) == ("1001", Decimal("1250.5"))
    assert (invoice.invoice_date, invoice.due_date) == (date(2026, 1, 15), date(2026, 2, 14))


@pytest.mark.parametrize(
    ("number", "total"), [(1001.0, 0.1 + 0.2), ("1001", 0.3), (1001, "0,30"), ("1001", "0.3")]
)
def test_a_number_in_a_cell_is_the_number_that_excel_shows(number, total):
    (invoice,) = InvoicesTable().read_from(
        workbook((number, *ROW[1:5], total, *ROW[6:])), file="f.xlsx"
    )
    assert (invoice.number, invoice.total) == ("1001", Decimal("0.3"))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (0, "1001.0"), (0, 1001.5), (0, 1.2345678901234567e17), (1, 1.2345678901234567e18),
        (5, "#VALUE!"), (5, 12.345), (6, datetime(2026, 1, 15, 10, 30)), (6, 46037),  # noqa: DTZ001
        (3, "Åkeri\nÖst"),
    ],
)  # fmt: skip
def test_a_cell_that_might_be_misread_is_refused_with_its_line(column, value):
    row = list(ROW)
    row[column] = value
    with pytest.raises(FileWrong) as caught:
        InvoicesTable().read_from(workbook((1002, *ROW[1:]), row), file="f.xlsx")
    [problem] = caught.value.problems
    assert (problem.line, problem.field) == (3, HEADER.split(",")[column])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (workbook(ROW)[:3000], "arbetsboken går inte att läsa"),
        (b"PK\x03\x04", "arbetsboken går inte att läsa"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "äldre Excelfil"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_told_how_to_save_it(content, says):
    with pytest.raises(FileWrong) as caught:
        InvoicesTable().read_from(content, file="f.xlsx")
    assert says in caught.value.problems[0].message.sv


def test_an_integer_in_a_cell_has_all_its_digits():
    content = workbook((1001, 1234567890123456, *ROW[2:]))
    (invoice,) = InvoicesTable().read_from(content, file="f.xlsx")
    assert invoice.ocr == "1234567890123456"
    assert noted(content) == []


def test_an_ocr_that_may_have_lost_digits_to_a_spreadsheet_is_noted():
    content = workbook((1001, 1234567890123450, *ROW[2:]))
    ((line, field, says),) = noted(content)
    assert (line, field, "slutar på noll efter 15 siffror" in says) == (2, "ocr", True)


def test_of_a_workbook_the_first_sheet_that_is_visible_is_read():
    book = openpyxl.load_workbook(io.BytesIO(workbook(ROW)))
    old, empty = book.create_sheet("Gammalt", 0), book.create_sheet("Tomt")
    old.append(["invoice_number"])
    old.sheet_state = "hidden"
    assert read_from(book) == ([], ["1001"])
    empty.append(["Not"])
    ((line, _, says),), numbers = read_from(book)
    assert (line, "”Sheet”" in says, numbers) == (0, True, ["1001"])


def read_from(book):
    """Return what is noted of a workbook, and the numbers of its invoices."""
    content = io.BytesIO()
    book.save(content)
    invoices = InvoicesTable().read_from(content.getvalue(), file="f.xlsx")
    return noted(content.getvalue()), [one.number for one in invoices]


def test_cells_that_were_merged_are_noted():
    content = workbook(ROW, (1002, "100147", None, None, *ROW[4:]))
    assert [found[:2] for found in noted(content)] == [(3, "customer_code"), (3, "customer_name")]


def test_a_formula_that_nobody_has_worked_out_is_refused_with_its_cell():
    formula = "=1000+250.5"
    with pytest.raises(FileWrong) as caught:
        InvoicesTable().read_from(
            workbook(ROW, (), (1002, "", *ROW[2:5], formula, *ROW[6:])), file="f.xlsx"
        )
    [problem] = caught.value.problems
    assert problem.line == 4
    assert f"cellen F4 har formeln ”{formula}” men inget resultat" in problem.message.sv


def test_a_formula_counts_as_what_it_came_to():
    book = workbook((*ROW[:1], "=1", *ROW[2:5], "=1000+250.5", *ROW[6:]))
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            sheet = old.read(name)
            sheet = sheet.replace(b'<c r="B2"><f>1</f><v />', b'<c r="B2" t="str"><f>1</f><v></v>')
            new.writestr(name, sheet.replace(b"250.5</f><v />", b"250.5</f><v>1250.5</v>"))
    (invoice,) = InvoicesTable().read_from(content.getvalue(), file="f.xlsx")
    assert (invoice.ocr, invoice.total) == ("", Decimal("1250.5"))


def test_a_small_workbook_that_unpacks_to_a_huge_one_is_refused(monkeypatch):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    monkeypatch.setattr(table_file, "_MAX_BYTES", 1_000_000)
    with pytest.raises(NotATable) as refused:
        list(read_rows(content.getvalue()))
    assert "packas upp" in refused.value.message.sv


def test_an_unclosed_quotation_mark_is_refused():
    error = refused('"1001,100146')
    assert error.problems[0].line == 2


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileWrong) as caught:
        InvoicesTable().read(tmp_path / "saknas.csv")
    assert caught.value.code == "INVOICES_FILE_WRONG"
    assert "saknas.csv" in caught.value.message.sv


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda t: (HEADER + "\n" + t).encode("utf-8", "replace"))
)
def test_no_content_does_anything_but_be_read_or_refused(content):
    with suppress(FileWrong):
        assert all(
            invoice.total.is_finite()
            for invoice in InvoicesTable().read_from(content, file="f.csv")
        )
