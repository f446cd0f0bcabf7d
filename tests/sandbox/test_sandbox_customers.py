"""Customers over the API."""

import pytest

parametrize = pytest.mark.parametrize


def numbers(fortnox, query=""):
    return [row["CustomerNumber"] for row in fortnox.get(f"customers{query}")["Customers"]]


def test_a_customer_gets_the_next_number_and_a_bare_word_for_a_location(fortnox):
    answer = fortnox.ask("POST", "customers", {"Customer": {"Name": "Kund AB"}})
    assert (answer.status_code, answer.headers["Location"]) == (201, "customers")
    assert answer.json()["Customer"]["CustomerNumber"] == "2"


def test_an_own_number_of_letters_and_digits_is_taken(fortnox):
    assert fortnox.customer(CustomerNumber="KALM1042")["CustomerNumber"] == "KALM1042"
    body = {"Customer": {"Name": "x", "CustomerNumber": "K M"}}
    assert fortnox.error_code("POST", "customers", body) == (400, 2000106)


def test_a_number_that_is_or_was_in_use_is_refused(fortnox):
    body = {"Customer": {"Name": "Ny", "CustomerNumber": "1"}}
    assert fortnox.error_code("POST", "customers", body) == (400, 2000637)
    assert fortnox.ask("DELETE", "customers/1").status_code == 204
    assert fortnox.error_code("POST", "customers", body) == (400, 2000637)


def test_a_change_does_not_take_the_number_of_another_nor_give_a_new_one(fortnox):
    fortnox.customer(CustomerNumber="7")
    body = {"Customer": {"CustomerNumber": "7"}}
    assert fortnox.error_code("PUT", "customers/1", body) == (400, 2000637)
    body = {"Customer": {"CustomerNumber": "8"}}
    assert fortnox.ask("PUT", "customers/1", body).json()["Customer"]["CustomerNumber"] == "1"


@parametrize(
    ("fields", "code"),
    [
        ({"City": "Lund"}, 2001795),
        ({"Name": "x", "Wings": 2}, 2001399),
        ({"Name": "och så vidare…"}, 2000359),
        ({"Name": "x", "ZipCode": "x" * 11}, 2009449),
        ({"Name": "x", "GLN": "123"}, 2009449),
        ({"Name": "x", "CountryCode": "XX"}, 2000919),
        ({"Name": "x", "Currency": "GBP"}, 2000427),
        ({"Name": "x", "TermsOfPayment": "45"}, 2000429),
        ({"Name": "x", "SalesAccount": "3999"}, 2000423),
        ({"Name": "x", "VATType": "NONE"}, 2001392),
        ({"Name": "x", "Type": 7}, 2001392),
        ({"Name": "x", "Active": "kanske"}, 2000134),
        ({"Name": "x", "InvoiceDiscount": "mycket"}, 2000108),
        ({"Name": ["x"]}, 2001392),
    ],
)
def test_a_customer_that_cannot_be_is_refused(fortnox, fields, code):
    assert fortnox.error_code("POST", "customers", {"Customer": fields}) == (400, code)
    assert numbers(fortnox) == ["1"]


def test_a_change_touches_what_is_sent_and_clears_by_api_blank_alone(fortnox):
    fortnox.customer(CustomerNumber="7", City="Lund", Phone1="08-1", Email="a@example.com")
    body = {"Customer": {"Name": "Ny AB", "City": "", "Phone1": "API_BLANK", "Email": None}}
    changed = fortnox.ask("PUT", "customers/7", body).json()["Customer"]
    assert (changed["Name"], changed["City"]) == ("Ny AB", "Lund")
    assert (changed["Phone1"], changed["Email"]) == (None, "a@example.com")


def test_a_change_of_nothing_is_refused(fortnox):
    assert fortnox.error_code("PUT", "customers/1", {"Customer": {}}) == (400, 2001392)


def test_what_a_card_has_stored_is_checked_again_at_every_change(fortnox):
    fortnox.customer(CustomerNumber="7", SalesAccount="3041")
    fortnox.record("accounts", Number=3041, Active=False)
    assert fortnox.error_code("PUT", "customers/7", {"Customer": {"City": "Lund"}}) == (
        400,
        2000550,
    )


def test_the_country_follows_from_its_code(fortnox):
    made = fortnox.customer(CountryCode="NO", DeliveryCountryCode="DE")
    assert (made["Country"], made["DeliveryCountry"]) == ("Norge", "Tyskland")
    number = made["CustomerNumber"]
    body = {"Customer": {"CountryCode": "API_BLANK"}}
    assert fortnox.ask("PUT", f"customers/{number}", body).json()["Customer"]["Country"] is None


@parametrize(
    ("customer_country", "status", "country"),
    [("refused", 400, None), ("ignored", 201, None), ("accepted", 201, "Norge")],
)
def test_a_switch_tells_what_a_country_by_name_does(fortnox, customer_country, status, country):
    fortnox.set(customer_country=customer_country)
    body = {"Customer": {"Name": "x", "Country": "Norge"}}
    answer = fortnox.ask("POST", "customers", body)
    assert answer.status_code == status
    assert answer.json().get("Customer", {}).get("Country") == country


def test_an_unknown_country_by_name_is_refused(fortnox):
    fortnox.set(customer_country="accepted")
    body = {"Customer": {"Name": "x", "Country": "South Korea"}}
    assert fortnox.error_code("POST", "customers", body) == (400, 2000919)


@parametrize(("customer_not_found", "code"), [("2000433", 2000433), ("2000204", 2000204)])
def test_a_customer_that_is_not_there_is_not_found_by_one_of_two_codes(
    fortnox, customer_not_found, code
):
    fortnox.set(customer_not_found=customer_not_found)
    assert fortnox.error_code("GET", "customers/99") == (404, code)
    assert fortnox.error_code("PUT", "customers/99", {"Customer": {"Name": "x"}}) == (404, code)
    assert fortnox.error_code("DELETE", "customers/99") == (404, code)


@parametrize(("delete_customer_with_invoices", "status"), [("accepted", 204), ("refused", 400)])
def test_deleting_a_customer_with_invoices_is_a_switch(
    fortnox, delete_customer_with_invoices, status
):
    fortnox.set(
        delete_customer_with_invoices=delete_customer_with_invoices, customer_in_use_code=2000001
    )
    fortnox.create_invoice()
    assert fortnox.ask("DELETE", "customers/1").status_code == status
    assert fortnox.get("invoices/1")["Invoice"]["CustomerName"] == "Updated name"


@parametrize(
    ("query", "found"),
    [
        ("", ["1", "2", "10"]),
        ("?name=KALMAR", ["2"]),
        ("?customernumber=1", ["1", "10"]),
        ("?organisationnumber=556000-0000", ["2"]),
        ("?city=kalm&zipcode=392", ["2"]),
        ("?email=@example.com", ["2"]),
        ("?phone=0480", ["2"]),
        ("?gln=7300000000001", ["2"]),
        ("?filter=active", ["1", "2"]),
        ("?filter=inactive", ["10"]),
        ("?sortby=name", ["2", "10", "1"]),
        ("?sortby=customernumber&sortorder=descending", ["10", "2", "1"]),
        ("?limit=1&page=2", ["2"]),
    ],
)
def test_customers_are_listed_searched_and_sorted(fortnox, query, found):
    fortnox.customer(
        CustomerNumber="2",
        Name="Kalmar Glas AB",
        OrganisationNumber="556000-0000",
        City="Kalmar",
        ZipCode="392 00",
        Email="faktura@example.com",
        Phone1="0480-1",
        GLN="7300000000001",
    )
    fortnox.customer(CustomerNumber="10", Name="Stängd AB", Active=False)
    assert numbers(fortnox, query) == found


def test_a_customer_number_is_found_whole_where_a_switch_says_so(fortnox):
    fortnox.record("customers", CustomerNumber="10", Name="Kund AB")
    fortnox.set(number_filters_match_part=False)
    found = fortnox.get("customers?customernumber=1")["Customers"]
    assert [row["CustomerNumber"] for row in found] == ["1"]


@parametrize(
    ("query", "code"),
    [("filter=x", 2000587), ("organizationnumber=1", 2000588), ("sortby=city", 2000588),
     ("name=%3Cb%3E", 2000359), ("lastmodified=igår", 2000588)],
)  # fmt: skip
def test_a_list_that_is_asked_for_wrongly_is_refused(fortnox, query, code):
    assert fortnox.error_code("GET", f"customers?{query}") == (400, code)


def test_changed_customers_are_found_by_lastmodified(fortnox):
    fortnox.advance(3600)
    fortnox.customer(Name="Ny AB")
    assert numbers(fortnox, "?lastmodified=2026-03-17 11:00") == ["2"]
    fortnox.ask("PUT", "customers/1", {"Customer": {"City": "Lund"}})
    assert numbers(fortnox, "?lastmodified=2026-03-17 11:00") == ["1", "2"]


def test_a_list_says_how_many_there_are_in_all(fortnox):
    for _ in range(4):
        fortnox.customer()
    meta = fortnox.get("customers?limit=2&page=2")["MetaInformation"]
    assert meta == {"@TotalResources": 5, "@TotalPages": 3, "@CurrentPage": 2}
