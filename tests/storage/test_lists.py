"""Lists of 50,000 payments: a page at a time, sorted, searched, summed and exported."""

import csv
import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from desk_person import signed_in_client
from fake_plugin import invoice, payment
from hypothesis import given
from hypothesis import strategies as st

from hostsim.desk.context import DeskContext
from hostsim.plugins.loading import Plugins
from hostsim.services.payments_file import escape_formula
from hostsim.storage.decisions import AS_DECIDED
from hostsim.storage.invoices import open_invoices
from hostsim.storage.lists import PAGE, Selection, all_of, list_of, page_of, preview_rows
from hostsim.storage.rows import PAYMENT_COLUMNS, record_of
from hostsim.storage.sql_functions import swedish
from hostsim.storage.store import Store
from hostsim.views.pages import PAGES
from hostsim.views.table import csv_lines, on_page

MANY = 50_000
RUN = "run-1"
CUSTOMERS = ("Öst & Väst AB", "Ängens Åkeri AB", "=cmd|' /C calc'!A0", "Ågrens Bygg AB")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Keep an open preview of 50,000 ready payments and two that cannot be saved."""
    with Store.create(tmp_path_factory.mktemp("lists") / "host.db") as store:
        with store.change() as db:
            fill(db)
        yield store


def fill(db, many=MANY):
    db.execute(
        "INSERT INTO definitions (name, import_type, import_format, region, settings)"
        " VALUES ('Fortnox', 'Fake', 'API', '', '{}')"
    )
    db.execute(
        "INSERT INTO runs (id, definition, state, user, settings, started_at, counts, totals)"
        " VALUES (?, 'Fortnox', 'open', 'kim', '{}', '2026-11-22T09:00:00+01:00', ?, ?)",
        (
            RUN,
            f'{{"read": {MANY + 2}, "ready": {MANY}, "left": 0, "rejected": 2, "ignored": 0}}',
            '{"read": "5020", "ready": "5000", "left": "0", "rejected": "20", "ignored": "0"}',
        ),
    )
    db.executemany(
        "INSERT INTO invoices (id, region, number, ocr, customer_code, customer_name, currency,"
        " total, remaining, period_closed) VALUES (?, '', ?, '', 'K', ?, 'SEK', ?, '1', 1)",
        [
            (index + 1, str(1000 + index), name, str(7000 + index))
            for index, name in enumerate(CUSTOMERS)
        ],
    )
    marks = ", ".join("?" * len(PAYMENT_COLUMNS.split(", ")))
    db.executemany(
        f"INSERT INTO run_rows (run_id, {PAYMENT_COLUMNS}, fetched, kind, status, reason,"  # noqa: S608
        f" message_sv, message_en, invoice_id) VALUES (?, {marks}, 1, ?, ?, ?, ?, ?, ?)",
        [*map(ready, range(1, many + 1)), rejected(MANY + 1), rejected(MANY + 2)],
    )


def ready(number):
    of = payment(number, str(1000 + number % 4), "0.10", date=payment(1).date)
    status = "partial" if number % 1000 == 0 else "exact"
    return (RUN, *record_of(of).values(), "ready", status, None, None, None, number % 4 + 1)


def rejected(number):
    of = payment(number, "77", "10", date=payment(1).date)
    columns = record_of(of).values()
    return (RUN, *columns, "rejected", None, "not-booked", "Inte än", "Not yet", None)


@pytest.fixture(scope="module")
def client(store):
    return signed_in_client(DeskContext(store, Plugins()))


def get(client, path):
    answer = client.get(path, headers={"Host": "127.0.0.1"})
    assert answer.status_code == 200
    return answer


def listed(store, kind="ready", **asked):
    return page_of(store, preview_rows(RUN, kind), Selection(**asked))


def numbers(page):
    return [entry.payment_number for entry in page.entries]


def test_a_page_holds_a_hundred_of_fifty_thousand(store):
    page = listed(store)
    assert (len(page.entries), page.found, page.pages) == (PAGE, MANY, 500)
    assert (page.first, page.last) == (1, 100)


def test_the_sum_of_fifty_thousand_is_exact_to_the_ore(store):
    """As binary fractions, ten öre fifty thousand times is not five thousand kronor."""
    assert [one.amount for one in listed(store).sums] == [Decimal("5000.00")]


def test_the_pages_together_are_the_list_once(store):
    seen = [n for index in range(1, 501, 100) for n in numbers(listed(store, page=index))]
    assert len(set(seen)) == len(seen) == 500
    assert numbers(listed(store, page=500))[-1] == str(MANY - 1)


def test_beyond_the_last_page_is_the_last_page(store):
    assert listed(store, page=9999).number == 500


def test_a_list_is_sorted_by_numbers_as_numbers(store):
    assert numbers(listed(store, sort="payment"))[:10] == [str(n) for n in range(1, 11)]
    assert numbers(listed(store, sort="-payment"))[0] == str(MANY)


def test_what_needs_a_look_comes_first_when_sorted_by_judgement(store):
    statuses = [entry.status for entry in listed(store, sort="mark").entries]
    assert statuses[:51] == ["partial"] * 50 + ["exact"]


def test_customers_are_sorted_as_in_a_swedish_register():
    names = ["Örebro", "Zebra", "Ärla", "Adam", "Åbo"]
    assert sorted(names, key=swedish) == ["Adam", "Zebra", "Åbo", "Ärla", "Örebro"]


def test_a_search_finds_capitals_and_small_letters_alike(store):
    assert listed(store, text="öst &").found == MANY // 4
    assert listed(store, text="ÄNGENS").found == MANY // 4


@pytest.mark.parametrize("text", ["10,00", "10,0", "10"])
def test_an_amount_is_found_as_swedes_write_it(store, text):
    assert listed(store, "rejected", text=text).found == 2


def test_a_grouped_amount_is_one_number_and_not_two_words(tmp_path):
    """As two words, 12 000 would find whatever has a 12 somewhere and three zeros elsewhere."""
    totals = {"1001": "12000", "1012": "1000", "1013": "500", "1014": "18375"}
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice(number, total) for number, total in totals.items()])
        source = open_invoices(date(2026, 11, 22))
        found = {
            text: {one.number for one in page_of(store, source, Selection(text=text)).entries}
            for text in (
                "12 000",
                "12\xa0000,00 kr",
                "1012 1000",
                "bullen 500,00",
                "1000 kr",
                "12 000,00 kr bullen",
                "bullen 8 375",
                "bullen 18 375,0",
            )
        }
    assert found == {
        "12 000": {"1001"},
        "12\xa0000,00 kr": {"1001"},
        "1012 1000": {"1012"},
        "bullen 500,00": {"1013"},
        "1000 kr": {"1012"},
        "12 000,00 kr bullen": {"1001"},
        "bullen 8 375": set(),
        "bullen 18 375,0": {"1014"},
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.250,50", "1001"),
        ("1.250,50 kr", "1001"),
        ("1,250.50", "1001"),
        ("12.500", "1002"),
        ("12.500,00", "1002"),
        ("2.250.000", "1003"),
        ("−1 000", "1004"),
        ("−1000", "1004"),
        ("−1.000,00", "1004"),
        ("bullen−ett", "1005"),
        ("12500:-", "1002"),
        ("12 500,-", "1002"),
        ("12.500:–", "1002"),
        ("−1000:-", "1004"),
        ("bullen 7,-", "1005"),
    ],
)
def test_an_amount_is_found_with_points_in_it_with_a_real_minus_and_with_kronor_behind(
    tmp_path, text, number
):
    totals = {"1001": "1250.5", "1002": "12500", "1003": "2250000", "1004": "-1000"}
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice(number, total) for number, total in totals.items()])
        store.load_invoices([invoice("1005", "7", customer_name="Bullen−Ett AB")])
        page = page_of(store, open_invoices(date(2026, 11, 22)), Selection(text=text))
    assert [one.number for one in page.entries] == [number]


def test_a_row_of_a_preview_is_found_by_the_total_of_its_invoice(store):
    assert listed(store, text="7 003,00 kr").found == MANY // 4


def test_a_search_may_hold_any_character(store):
    for text in ("'", "%", "?1", "("):
        assert listed(store, text=text).found in {0, MANY // 4}


def test_one_kind_can_be_looked_at_alone(store):
    page = listed(store, code="partial")
    assert page.found == 50
    assert page.codes == {"exact": MANY - 50, "partial": 50}


@given(st.text(max_size=30))
def test_whatever_stands_in_the_address_a_page_is_shown(text):
    asked = Selection.of({"q": text, "sort": text, "page": text, "code": text})
    assert 1 <= asked.page < 10**7


@pytest.mark.parametrize("sort", ["", "; DROP TABLE runs", "rowid", "-", "--mark"])
def test_an_unknown_column_sorts_what_needs_a_look_first_then_by_date(store, sort):
    found = numbers(listed(store, sort=sort))
    assert (found[:2], found[50:52]) == (["1000", "2000"], ["1", "2"])


def test_the_page_of_fifty_thousand_is_small(client):
    page = get(client, "/import").text
    assert len(page) < 200_000
    assert "1–100 av 50 000" in page.replace("\xa0", " ")


def test_the_link_to_the_next_page_keeps_search_and_order(client):
    page = get(client, "/import?ready_q=bygg&ready_sort=-amount&rejected_page=1").text
    link = re.search(r'id="ready-next" href="([^"]+)"', page)[1]
    for part in ("ready_q=bygg", "ready_sort=-amount", "ready_page=2", "rejected_page=1"):
        assert part in link


def test_an_export_is_what_the_list_shows_in_the_same_order(client):
    answer = get(client, f"/import/{RUN}/ready.csv?ready_code=partial&ready_sort=-payment")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert rows[0][:5] == ["Bedömning", "Betalningsnr", "Faktura", "Kund", "Datum"]
    assert len(rows) == 51
    assert rows[1][1] == str(MANY)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_an_export_holds_all_fifty_thousand(client):
    answer = get(client, f"/import/{RUN}/ready.csv")
    assert answer.data.count(b"\r\n") == MANY + 1


def test_an_export_is_read_by_a_swedish_excel(client):
    data = get(client, f"/import/{RUN}/rejected.csv").data
    assert data.startswith(b"\xef\xbb\xbf")
    assert "10,00;" in data.decode()


@pytest.mark.parametrize(
    "cell", ["=1+1", "+46701234567x", "-x", "@SUM(A1)", "\tx", "\rx", " =1", "＝1+1", "-1+cmd|x"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(cell):
    assert escape_formula(cell) == "'" + cell


SEPARATORS = ";,|\t\n\r"


@given(
    st.lists(
        st.sampled_from([*SEPARATORS, *"=+-@＝＋－＠", '"', "'", " ", "1", "cmd()"]), max_size=12
    )
)
def test_no_part_of_a_cell_becomes_a_formula_where_it_is_split_at_a_usual_separator(parts):
    """As a spreadsheet does that takes the quotes around our cell for text, or for its own."""
    cell = escape_formula("".join(parts))
    for one in re.split(f"[{SEPARATORS}]", cell):
        begins = one.strip(' "')[:1]
        assert begins not in set("=+-@＝＋－＠") or re.fullmatch(r"-?\d+([.,]\d+)?", cell)


@pytest.mark.parametrize("cell", ["-4375,00", "12,5", "-1", "Åkeri AB", "", "Box 1, 392 00 Kalmar"])
def test_numbers_and_names_stay_as_they_are(cell):
    assert escape_formula(cell) == cell


def test_a_customer_named_like_a_formula_is_harmless_in_an_export(store):
    source = preview_rows(RUN, "ready")
    lines = csv_lines(PAGES["ready"], all_of(store, source, Selection(text="=cmd")), "sv")
    assert next(line for line in lines if "cmd" in line).split(";")[3].strip('"').startswith("'=")


def test_a_name_with_control_characters_stays_on_its_line(store):
    """Neither a line break nor a mark that turns the writing round reaches page or export."""
    turned = "Å\u202ekeri\n\x1b[31m AB"
    with store.change() as db:
        db.execute("UPDATE invoices SET customer_name = ? WHERE id = 4", (turned,))
    entry = listed(store, text="31m").entries[0]
    assert on_page(PAGES["ready"])[3].cell(entry, "sv") == "Å keri [31m AB"
    with store.change() as db:
        db.execute("UPDATE invoices SET customer_name = ? WHERE id = 4", (CUSTOMERS[3],))


def test_a_list_can_be_looked_at_while_it_is_being_sent(store):
    sent = all_of(store, preview_rows(RUN, "ready"), Selection(text="bygg", sort="customer"))
    next(sent)
    assert listed(store, text="öst", sort="customer").found == MANY // 4
    assert len(list(sent)) == MANY // 4 - 1


def test_a_page_and_its_counts_are_of_one_moment(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        with store.change() as db:
            fill(db, 2)

        def entry(row):
            with store.change() as db:
                db.execute("UPDATE run_rows SET status = 'partial'")
            return row["number"]

        source = replace(preview_rows(RUN, "ready"), entry=entry)
        page = page_of(store, source, Selection())
        assert page.entries == ["1", "2"]
        assert page.codes == {"exact": 2}


def test_a_list_that_changes_while_it_is_sent_is_sent_as_it_was_summed(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        with store.change() as db:
            fill(db, 2)
        page, rows = list_of(store, preview_rows(RUN, "ready"), Selection())
        with store.change() as db:
            db.execute("DELETE FROM run_rows WHERE number = '1'")
        assert (page.found, page.sums) == (2, [("SEK", 2, Decimal("0.20"))])
        assert [row.payment_number for row in rows] == ["1", "2"]


def test_what_became_of_a_decision_is_looked_up_by_its_payment(store):
    """Not by all rows of the open preview, once for each decision."""
    query = f"EXPLAIN QUERY PLAN SELECT {AS_DECIDED} FROM decisions r"  # noqa: S608 a constant
    steps = store.db.execute(query)
    used = " ".join(step["detail"] for step in steps)
    assert used.count("one_row_a_payment") == used.count("one_open_preview") == 2
