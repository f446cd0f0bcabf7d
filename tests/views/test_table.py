"""A list is declared once, and written as a table, a page, CSV and JSON."""

import io
from datetime import date
from decimal import Decimal

import pytest

from hostsim.messages.exports import WORDS
from hostsim.storage.decisions import MAX_WHY_LENGTH
from hostsim.views.exports import of
from hostsim.views.output import Output
from hostsim.views.pages import PAGES
from hostsim.views.table import (
    Column,
    Money,
    as_object,
    csv_lines,
    json_attributes,
    on_page,
    rate,
    text_of,
    write_facts,
    write_json,
    write_table,
)
from opter_contract.values import Company, Text

COLUMNS = (
    *json_attributes("name"),
    Column("number", Text("Nummer", "Number"), lambda c: int(c.number), right=True),
    Column("sek", Text("Belopp", "Amount"), lambda _: Decimal("1234.5"), right=True, json="amount"),
    Column("other", Text("Annan", "Other"), lambda _: Money(Decimal(5000), "EUR"), page=False),
    Column("rate", Text("Kurs", "Rate"), lambda _: rate(Decimal("11.20")), terminal=False),
    Column("day", Text("Dag", "Day"), lambda _: date(2026, 3, 31)),
    Column("none", Text("Tom", "Empty"), lambda _: None),
)
COMPANY = Company("1000", "Åkeri AB")


def written(write, language="sv"):
    stream = io.StringIO()
    write(Output(stream, language))
    return stream.getvalue()


def test_a_table_has_what_is_meant_for_a_terminal_and_no_empty_column():
    lines = written(lambda out: write_table(out, COLUMNS, lambda: [COMPANY])).splitlines()
    assert lines[0].split() == ["Nummer", "Belopp", "Annan", "Dag"]
    assert lines[2] == "  1 000  1 234,50  5 000,00 EUR  2026-03-31"


def test_csv_has_what_is_meant_for_a_page_and_no_spaces_in_numbers():
    heading, line = csv_lines(COLUMNS, [COMPANY], "sv")
    assert heading == "\ufeffNummer;Belopp;Kurs;Dag;Tom\r\n"
    assert line == "1000;1234,50;11,2;2026-03-31;\r\n"


def test_json_has_amounts_as_text_with_a_point():
    assert as_object(COLUMNS, COMPANY, "sv") == {"name": "Åkeri AB", "amount": "1234.50"}


def test_an_iterator_in_an_object_is_written_an_entry_at_a_time():
    parts = {"a": {"b": Text("ja", "yes")}, "rows": iter([1, 2]), "none": iter([])}
    assert written(lambda out: write_json(out, parts)) == (
        '{\n  "a": {\n    "b": "ja"\n  },\n  "rows": [\n    1,\n    2\n  ],\n  "none": []\n}\n'
    )


def test_a_fact_without_a_value_is_not_printed():
    facts = [(Text("Kund", "Customer"), "A"), (Text("Datum", "Date"), None)]
    assert written(lambda out: write_facts(out, facts), "en") == " Customer  A\n"


def test_a_sentence_is_read_whole_in_each_form():
    words = " ".join(str(number) for number in range(250))
    columns = [Column("why", Text("Varför", "Why"), lambda _: Text(words, words), wide=True)]
    [_, _, *lines] = written(lambda out: write_table(out, columns, lambda: [COMPANY])).splitlines()
    [_, csv_line] = csv_lines(columns, [COMPANY], "sv")
    facts = written(lambda out: write_facts(out, [(Text("Varför", "Why"), Text(words, words))]))
    assert " ".join(line.strip() for line in lines) == words
    assert (csv_line.strip(), facts.split(maxsplit=1)[1].strip()) == (words, words)


def test_a_name_of_ten_megabytes_is_cut_and_a_typed_reason_of_500_characters_is_not():
    assert len(text_of("x" * 10_000_000, "sv")) == MAX_WHY_LENGTH
    assert text_of("y" * MAX_WHY_LENGTH, "sv") == "y" * MAX_WHY_LENGTH


@pytest.mark.parametrize(
    "columns",
    [
        *PAGES.values(),
        *(one for views in map(of, WORDS) for one in (views.exportable, views.items, views.log)),
    ],
)
def test_the_columns_of_a_page_have_keys_of_their_own(columns):
    keys = [column.key for column in on_page(columns)]
    assert len(set(keys)) == len(keys)
