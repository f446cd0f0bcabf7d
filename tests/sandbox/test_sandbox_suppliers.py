"""Suppliers, their invoices, and the files on those."""

import json

import pytest
import requests
from fortnox_exporter import Exporter

from hostsim.sandbox import seed

parametrize = pytest.mark.parametrize

PDF = ("A-2026-117.pdf", b"%PDF-1.4 ett")


def row(account, debit="0", credit="0", **more):
    return {"Account": account, "Debit": debit, "Credit": credit} | more


CODING = [row(4600, "10000.00"), row(2641, "2500.00")]


def bill(**fields):
    given = {"SupplierNumber": "LASSE", "InvoiceNumber": "A-2026-117", "Total": "12500.00"}
    return {"SupplierInvoice": given | {"SupplierInvoiceRows": CODING} | fields}


def make(fortnox, **fields):
    return fortnox.answered("POST", "supplierinvoices", bill(**fields), 201)


def refused(fortnox, **fields):
    return fortnox.error_code("POST", "supplierinvoices", bill(**fields))[1]


def put(fortnox, number, **fields):
    return fortnox.answered("PUT", f"supplierinvoices/{number}", {"SupplierInvoice": fields})


def act(fortnox, number, action):
    return fortnox.answered("PUT", f"supplierinvoices/{number}/{action}", {})


def listed(fortnox, query=""):
    rows = fortnox.get(f"supplierinvoices{query}")["SupplierInvoices"]
    return [one["GivenNumber"] for one in rows]


@pytest.fixture
def there(fortnox):
    """A company with one supplier."""
    fortnox.record("suppliers", SupplierNumber="LASSE", Name="Lasses Åkeri", BG="5050-1055")
    return fortnox


# --- Suppliers --------------------------------------------------------------


def test_a_supplier_gets_the_next_number_or_its_own(fortnox):
    for number in ("1", "2"):
        answer = fortnox.ask("POST", "suppliers", {"Supplier": {"Name": "Lasse"}})
        assert answer.headers["Location"] == "suppliers"
        assert answer.json()["Supplier"]["SupplierNumber"] == number
    body = {"Supplier": {"Name": "Lasse", "SupplierNumber": "LASSE"}}
    assert fortnox.ask("POST", "suppliers", body).status_code == 201
    fortnox.set(supplier_number_code=2000001)
    assert fortnox.error_code("POST", "suppliers", body) == (400, 2000001)


def test_bank_details_of_a_supplier_are_changed_one_by_one_and_listed(there):
    body = {"Supplier": {"IBAN": "SE3550000000054910000003", "BG": "", "Phone1": "08-1"}}
    changed = there.ask("PUT", "suppliers/LASSE", body).json()["Supplier"]
    assert (changed["IBAN"], changed["BG"]) == ("SE3550000000054910000003", "5050-1055")
    (shown,) = there.get("suppliers?name=lasse")["Suppliers"]
    assert (shown["BG"], shown["Phone"]) == ("5050-1055", "08-1")
    assert there.get("suppliers?name=nilsson")["Suppliers"] == []


@parametrize(
    ("fields", "code"),
    [
        ({"City": "Lund"}, 2001795),
        ({"Name": "och så vidare…"}, 2000359),
        ({"Name": "x", "Comments": "a·b"}, 2000359),
        ({"Name": "x", "Wings": 2}, 2001399),
        ({"Name": "x", "CountryCode": "XX"}, 2000919),
        ({"Name": "x", "Country": "South Korea"}, 2000919),
        ({"Name": "x", "Currency": "GBP"}, 2000427),
        ({"Name": "x", "TermsOfPayment": "45"}, 2000429),
        ({"Name": "x", "PreDefinedAccount": "4999"}, 2000423),
    ],
)
def test_a_supplier_that_cannot_be_is_refused(fortnox, fields, code):
    assert fortnox.error_code("POST", "suppliers", {"Supplier": fields}) == (400, code)


def test_a_suppliers_country_follows_from_its_code(fortnox):
    body = {"Supplier": {"Name": "Ola", "CountryCode": "NO"}}
    assert fortnox.ask("POST", "suppliers", body).json()["Supplier"]["Country"] == "Norge"


def test_a_supplier_that_is_not_there_is_not_found(fortnox):
    fortnox.set(supplier_not_found_code=2000001)
    assert fortnox.error_code("GET", "suppliers/99") == (404, 2000001)
    assert fortnox.error_code("PUT", "suppliers/99", {"Supplier": {"Name": "x"}}) == (404, 2000001)


@parametrize(("delete_suppliers", "status"), [("accepted", 204), ("unknown", 404)])
def test_deleting_a_supplier_is_a_switch(there, delete_suppliers, status):
    there.set(delete_suppliers=delete_suppliers)
    assert there.ask("DELETE", "suppliers/LASSE", checked=False).status_code == status


# --- Making -----------------------------------------------------------------


def test_a_supplier_invoice_gets_a_number_and_the_row_of_the_debt(there):
    made = make(there)
    assert (made["GivenNumber"], made["SupplierName"]) == ("1", "Lasses Åkeri")
    assert (made["Total"], made["Balance"]) == ("12500.00", "12500.00")
    assert (made["Booked"], made["Vouchers"]) == (False, [])
    *sent, debt = made["SupplierInvoiceRows"]
    assert (len(sent), debt["Account"], debt["Code"], debt["Credit"]) == (2, 2440, "TOT", 12500)


def test_amounts_are_texts_also_where_they_are_nothing(there):
    made = make(there)
    assert (made["Freight"], made["RoundOffValue"], made["VAT"]) == ("0.00", "0.00", "0.00")


@parametrize(("given_number", "shown"), [("text", "1"), ("number", 1)])
def test_the_given_number_is_a_text_or_a_number_by_a_switch(there, given_number, shown):
    there.set(given_number=given_number)
    answer = there.ask("POST", "supplierinvoices", bill(), checked=False)
    assert answer.json()["SupplierInvoice"]["GivenNumber"] == shown


@parametrize(("supplier_invoice_twice", "found"), [("accepted", 2), ("refused", 1)])
def test_the_same_bill_twice_makes_two_by_a_switch(there, supplier_invoice_twice, found):
    there.set(supplier_invoice_twice=supplier_invoice_twice, supplier_invoice_twice_code=2000001)
    for _ in range(2):
        there.ask("POST", "supplierinvoices", bill())
    assert len(listed(there)) == found


def test_terms_of_payment_do_not_fill_the_due_date(there):
    there.record("suppliers", SupplierNumber="LASSE", TermsOfPayment="30")
    assert make(there, InvoiceDate="2026-03-01")["DueDate"] == "2026-03-01"
    assert make(there, DueDate="2026-04-01")["DueDate"] == "2026-04-01"


def test_a_negative_bill_turns_the_debt_round(there):
    rows = [row(4600, credit="80"), row(2641, credit="20")]
    made = make(there, Total="-100", SupplierInvoiceRows=rows)
    assert (made["Credit"], made["SupplierInvoiceRows"][-1]["Debit"]) == (True, 100)


def test_a_bill_in_another_currency_is_coded_in_both(there):
    rows = [{"Account": 4600, "DebitCurrency": "100"}]
    made = make(there, Currency="EUR", CurrencyRate="11.5", Total="100", SupplierInvoiceRows=rows)
    bought, debt = made["SupplierInvoiceRows"]
    assert (bought["Debit"], bought["DebitCurrency"]) == (1150, 100)
    assert (debt["Credit"], debt["CreditCurrency"], made["CurrencyRate"]) == (1150, 100, "11.5")
    assert make(there, Currency="EUR", Total="0", SupplierInvoiceRows=[])["CurrencyRate"] == (
        "11.275"
    )


def in_each(made):
    """Return the debit less the credit of a bill, in SEK and in its currency."""
    rows = made["SupplierInvoiceRows"]
    sums = [(f"Debit{of}", f"Credit{of}") for of in ("", "Currency")]
    return [round(sum(row[debit] - row[credit] for row in rows), 2) for debit, credit in sums]


@pytest.mark.parametrize(
    ("changed", "debit"),
    [
        ({"CurrencyRate": 12}, 1200),
        ({"Currency": "SEK"}, 100),
        ({"Currency": "USD", "CurrencyRate": "9.8765"}, 987.65),
        ({"Comments": "x"}, 1127.5),
    ],
)
def test_the_rows_of_a_bill_balance_in_sek_after_another_rate_or_currency(there, changed, debit):
    parts = [{"Account": 4600, "DebitCurrency": part} for part in ("33.33", "33.33", "33.34")]
    made = make(there, Currency="EUR", Total="100", SupplierInvoiceRows=parts)
    assert in_each(made) == [0, 0]
    after = put(there, made["GivenNumber"], **changed)
    assert in_each(after) == [0, 0]
    assert abs(after["SupplierInvoiceRows"][-1]["Credit"] - debit) <= 0.02
    act(there, made["GivenNumber"], "bookkeep")


def test_sek_of_a_row_that_contradict_its_amount_in_the_currency_do_not_count(there):
    part = {"Account": 4600, "DebitCurrency": "100", "Debit": "1"}
    made = make(there, Currency="EUR", Total="100", SupplierInvoiceRows=[part])
    assert made["SupplierInvoiceRows"][0]["Debit"] == 1127.5


def test_a_bill_without_rows_is_coded_by_the_defaults(there):
    there.record("suppliers", SupplierNumber="LASSE", PreDefinedAccount="4600")
    made = make(there, SupplierInvoiceRows=None, VAT="2500")
    accounts = [(one["Account"], one["Debit"]) for one in made["SupplierInvoiceRows"]]
    assert accounts == [(4600, 10000), (2641, 2500), (2440, 0)]


@parametrize(
    ("fields", "code"),
    [
        ({"SupplierNumber": None}, 2000729),
        ({"SupplierNumber": "99"}, 2009456),
        ({"Total": "12500.01"}, 2000755),
        ({"Currency": "GBP"}, 2000427),
        ({"CostCenter": "99"}, 2009442),
        ({"Project": "9"}, 2001161),
        ({"InvoiceNumber": "x" * 65}, 2009449),
        ({"InvoiceDate": "2035-01-01"}, 2009443),
        ({"VATType": "NONE"}, 2001392),
        ({"Wings": 2}, 2001399),
        ({"Comments": "och så vidare…"}, 2000359),
        ({"SupplierInvoiceRows": ["x"]}, 2002649),
        ({"SupplierInvoiceRows": [row(4999, "12500")]}, 2000423),
        ({"SupplierInvoiceRows": [row(4600, "12500", CostCenter="99")]}, 2009442),
        ({"SupplierInvoiceRows": [row(4600, "12500"), row(2440, credit="1", Code="TOT")]}, 2000755),
    ],
)
def test_a_supplier_invoice_that_cannot_be_is_refused(there, fields, code):
    assert refused(there, **fields) == code
    assert listed(there) == []


def test_a_locked_period_holds_for_supplier_invoices_too(there):
    there.change("lock_period", until="2026-02-28")
    assert refused(there, InvoiceDate="2026-02-28") == 2000401


# --- Changing, and the life of one ------------------------------------------


def test_only_what_is_sent_is_changed_and_the_debt_follows(there):
    make(there, Comments="en")
    changed = put(there, 1, Total="100", SupplierInvoiceRows=[row(4600, "100")])
    assert (changed["Comments"], changed["Total"]) == ("en", "100.00")
    assert [one["Credit"] for one in changed["SupplierInvoiceRows"]] == [0, 100]
    assert put(there, 1, Comments="två")["Comments"] == "två"
    assert there.error_code("PUT", "supplierinvoices/1", {"SupplierInvoice": {"Total": "7"}})[
        1
    ] == (2000755)


def test_booking_gives_one_voucher_and_ends_changes(there):
    make(there)
    act(there, 1, "approvalbookkeep")
    booked = act(there, 1, "bookkeep")
    (voucher,) = booked["Vouchers"]
    assert (booked["Booked"], voucher["ReferenceType"]) == (True, "SUPPLIERINVOICE")
    there.set(supplier_invoice_locked_code=2000001)
    for path in ("", "/bookkeep", "/cancel"):
        body = {"SupplierInvoice": {"Comments": "x"}}
        assert there.error_code("PUT", f"supplierinvoices/1{path}", body) == (400, 2000001)


@parametrize(("booking_needs_attest", "status"), [(False, 200), (True, 400)])
def test_a_switch_tells_whether_booking_needs_attest(there, booking_needs_attest, status):
    there.set(booking_needs_attest=booking_needs_attest)
    make(there)
    assert there.ask("PUT", "supplierinvoices/1/bookkeep", {}).status_code == status


def test_booking_checks_cost_centres_and_the_locked_period(there):
    there.record("accounts", Number=4600, CostCenterSettings="MANDATORY")
    make(there)
    assert there.error_code("PUT", "supplierinvoices/1/bookkeep", {}) == (400, 2000946)
    there.change("lock_period", until="2026-03-31")
    assert there.error_code("PUT", "supplierinvoices/1/bookkeep", {}) == (400, 2002141)


def test_cancelling_and_crediting(there):
    make(there)
    make(there)
    assert act(there, 1, "cancel")["Cancelled"] is True
    answered = act(there, 2, "credit")
    assert (answered["GivenNumber"], answered["CreditReference"]) == ("2", 3)
    credit = there.get("supplierinvoices/3")["SupplierInvoice"]
    assert (credit["Total"], credit["Credit"], credit["CreditReference"]) == ("-12500.00", True, 2)
    assert [one["Debit"] for one in credit["SupplierInvoiceRows"]] == [0, 0, 12500]
    assert there.error_code("PUT", "supplierinvoices/2/credit", {}) == (400, 2009459)


def test_lists_filter_by_state_supplier_and_time_and_spell_cancel_otherwise(there):
    there.record("suppliers", SupplierNumber="OLA", Name="Ola")
    for number in ("LASSE", "LASSE", "OLA"):
        make(there, SupplierNumber=number, DueDate="2026-03-01")
    there.change("book_supplier_invoice", number=1)
    there.change("cancel_supplier_invoice", number=2)
    act(there, 1, "approvalpayment")
    found = {
        state: listed(there, f"?filter={state}")
        for state in ("cancelled", "unpaid", "unpaidoverdue", "unbooked", "pendingpayment")
    }
    assert found == {
        "cancelled": ["2"],
        "unpaid": ["1"],
        "unpaidoverdue": ["1"],
        "unbooked": ["3"],
        "pendingpayment": ["1"],
    }
    assert listed(there, "?suppliernumber=OLA") == ["3"]
    there.change("pay_supplier_invoice", number=1, day="2026-03-16")
    assert listed(there, "?filter=fullypaid") == ["1"]
    (first, *_) = there.get("supplierinvoices?filter=authorizepending")["SupplierInvoices"]
    assert (first["Cancel"], first["Balance"], "Cancelled" in first) == (False, "0.00", False)
    there.advance(3600)
    put(there, 3, Comments="x")
    assert listed(there, "?lastmodified=2026-03-17 11:00") == ["3"]
    assert listed(there, "?sortorder=descending") == ["3", "2", "1"]
    assert there.error_code("GET", "supplierinvoices?filter=x") == (400, 2000587)
    assert there.error_code("GET", "supplierinvoices?invoicenumber=1") == (400, 2000588)


def test_a_supplier_invoice_that_is_not_there_is_not_found(there):
    there.set(supplier_invoice_not_found_code=2000001)
    assert there.error_code("GET", "supplierinvoices/9") == (404, 2000001)
    assert there.error_code("PUT", "supplierinvoices/9/bookkeep", {}) == (404, 2000001)


# --- Scopes and files -------------------------------------------------------


def test_supplier_alone_does_not_open_supplier_invoices(there):
    there.token = there.sandbox.sign_in(scopes=["supplier"]).access
    assert there.get("suppliers")["Suppliers"]
    assert there.error_code("GET", "supplierinvoices") == (400, 2000663)


def upload(there):
    answer = there.ask("POST", "inbox?path=inbox_s", files={"file": PDF})
    return answer.json()["File"]


def connect(there, **fields):
    body = {"SupplierInvoiceFileConnection": fields}
    return there.ask("POST", "supplierinvoicefileconnections", body)


def test_a_file_is_connected_by_the_id_of_the_inbox_and_leaves_its_folder(there):
    make(there)
    file = upload(there)
    answer = connect(there, SupplierInvoiceNumber="1", FileId=file["Id"])
    made = answer.json()["SupplierInvoiceFileConnection"]
    assert (answer.status_code, made["Name"], made["SupplierName"]) == (
        201,
        "A-2026-117.pdf",
        "Lasses Åkeri",
    )
    path = "supplierinvoicefileconnections"
    rows = there.get(f"{path}?supplierinvoicenumber=1")["SupplierInvoiceFileConnections"]
    assert rows == [made]
    assert there.get(f"{path}/{file['Id']}")["SupplierInvoiceFileConnection"] == made
    assert there.get("inbox/inbox_s")["Folder"]["Files"] == []
    assert there.ask("DELETE", f"{path}/{file['Id']}").status_code == 204
    assert there.ask("GET", f"{path}/{file['Id']}").status_code == 404


def test_a_connection_that_cannot_be_is_refused(there):
    make(there)
    file = upload(there)
    wrong = [
        connect(there, SupplierInvoiceNumber="1", FileId=file["ArchiveFileId"]),
        connect(there, SupplierInvoiceNumber="A-2026-117", FileId=file["Id"]),
        connect(there, SupplierInvoiceNumber="1"),
    ]
    assert [answer.status_code for answer in wrong] == [404, 404, 400]


@parametrize(
    ("supplier_invoice_shows_files", "shown"), [("never", None), ("empty", 0), ("shown", 1)]
)
def test_the_detail_shows_its_files_or_not_by_a_switch(there, supplier_invoice_shows_files, shown):
    there.set(supplier_invoice_shows_files=supplier_invoice_shows_files)
    make(there)
    connect(there, SupplierInvoiceNumber="1", FileId=upload(there)["Id"])
    answer = Exporter.ask(there, "GET", "supplierinvoices/1", checked=False).json()
    found = answer["SupplierInvoice"].get("SupplierInvoiceFileConnections")
    assert (found if found is None else len(found)) == shown


def test_supplier_invoices_survive_a_file_of_the_books(there, tmp_path):
    make(there, DueDate="2026-04-01", Comments="en")
    there.change("book_supplier_invoice", number=1)
    there.change("pay_supplier_invoice", number=1)
    url = f"{there.sandbox.switchboard_url}/companies/17/books"
    file = tmp_path / "books.json"
    file.write_bytes(requests.get(url, timeout=10).content)
    read = seed.from_json(file).company().registers
    assert read.supplier_invoices == there.company.registers.supplier_invoices
    assert (read.last_supplier_invoice, read.last_supplier_voucher) == (1, 1)


@parametrize(
    "content",
    [
        {"number": 1, "fields": {"Wings": 2}},
        {"number": 1, "fields": {"SupplierNumber": "1"}},
        {"number": 1, "fields": {"SupplierNumber": "1", "SupplierName": "x"}, "wings": 2},
    ],
)
def test_a_supplier_invoice_of_a_file_that_cannot_be_is_refused_with_a_sentence(tmp_path, content):
    file = tmp_path / "books.json"
    company = {"number": 1, "name": "x", "supplier_invoices": [content]}
    file.write_text(json.dumps({"companies": [company]}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"supplier_invoices\.0"):
        seed.from_json(file)


def test_a_reset_forgets_supplier_invoices(there):
    make(there)
    there.sandbox.switchboard.reset()
    assert listed(there) == []
