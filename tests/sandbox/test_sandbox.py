"""The sandbox of Fortnox keeps its promises, asked over real HTTP."""

import base64
import gzip
import hashlib
import http.server
import itertools
import json
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fortnox_program import DAY, REDIRECT, Program, invoice, paid

from hostsim.sandbox import (
    STOCKHOLM,
    Clock,
    Fault,
    Sandbox,
    State,
    Switches,
    WriteOff,
    changes,
    ocr_of,
    scripted_login,
    seed,
    seed_cases,
    seed_overnight,
)

NOW = datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC)
LIST = "InvoicePayments"


@pytest.fixture
def clock():
    return Clock.stopped_at(NOW)


@pytest.fixture
def state():
    state = State()
    company = state.add_company(17, "Ett Åkeri AB", organisation_number="559000-0017")
    for number in (1001, 1002, 1003):
        company.add_invoice(invoice(number, modified=NOW - timedelta(days=9)))
    state.add_user("erik", "hemligt")
    return state


@pytest.fixture
def company(state, sandbox):
    return state.company()


@pytest.fixture
def seconds():
    """The sandbox's monotonic time for the rate limit; a test moves it by hand."""
    return [100.0]


@pytest.fixture
def switches():
    return Switches()


@pytest.fixture
def sandbox(state, clock, switches, seconds):
    with Sandbox(state, clock=clock, switches=switches, monotonic=lambda: seconds[0]) as sandbox:
        yield sandbox


@pytest.fixture
def program(sandbox):
    """A program that is signed in already, without the pages."""
    return Program(sandbox).get_tokens()


switched = pytest.mark.parametrize


# --- Login ------------------------------------------------------------------


def test_a_person_signs_in_and_ends_at_the_program_with_code_and_state(sandbox):
    answer = Program(sandbox).answer()
    assert answer == {"code": sandbox.issued[1], "state": "an-unguessable-state"}


def test_a_scripted_login_reads_the_page_of_the_programs_own_listener(state, clock):
    paths = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write("Du är inloggad".encode())

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, args=[0.01], daemon=True).start()
        uri = f"http://127.0.0.1:{listener.server_port}/callback"
        with Sandbox(state, clock=clock, redirect_uri=uri) as sandbox:
            address = Program(sandbox).address(redirect_uri=uri)
            assert scripted_login.sign_in(address, "erik", "hemligt") == "Du är inloggad"
            scripted_login.refuse(address, "erik", "hemligt")
        listener.shutdown()
    assert "code=" in paths[0]
    assert parse_qs(urlsplit(paths[1]).query)["error"] == ["access_denied"]


@switched(
    ("change", "word"),
    [
        ({"client_id": "somebody"}, "client_id"),
        ({"redirect_uri": REDIRECT + "/"}, "redirect_uri"),
        ({"state": None}, "state"),
    ],
)
def test_a_request_that_cannot_be_trusted_gets_a_page_and_no_redirect(sandbox, change, word):
    page = requests.get(Program(sandbox).address(**change), allow_redirects=False, timeout=10)
    assert page.status_code == 400
    assert word in page.text


@switched(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"account_type": "personal"}, "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_is_sent_back_with_an_error(sandbox, change, error):
    assert Program(sandbox).answer(**change) == {"error": error, "state": "an-unguessable-state"}


def test_the_registered_redirect_address_is_the_default(sandbox):
    program = Program(sandbox)
    code = program.answer(redirect_uri=None)["code"]
    assert program.redeem(code, redirect_uri=None).status_code == 200


def test_a_wrong_password_is_refused(sandbox):
    with pytest.raises(scripted_login.ScriptedLoginError):
        scripted_login.callback_url(Program(sandbox).address(), "erik", "fel")


def test_a_form_of_another_browser_is_not_accepted(sandbox):
    """A ticket alone signs nobody in: it is bound to the browser's cookie."""
    page = requests.get(Program(sandbox).address(), timeout=10).text
    ticket = page.split('name="ticket" value="')[1].split('"')[0]
    form = {"ticket": ticket, "user": "erik", "password": "hemligt"}
    answer = requests.post(f"{sandbox.auth_url}/login", data=form, timeout=10)
    assert answer.status_code == 400
    assert len(sandbox.issued) == 1


def test_the_pages_speak_swedish_first_and_run_no_script(sandbox):
    page = requests.get(Program(sandbox).address(), timeout=10)
    assert '<html lang="sv">' in page.text
    assert page.text.index("Lösenord") < page.text.index("Password")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert requests.get(f"{sandbox.url}/_sandbox/sandbox.css", timeout=10).status_code == 200


def test_a_scope_that_the_program_is_not_registered_for_is_refused_before_the_login(sandbox):
    changes.parse_change({"do": "register_scopes", "scopes": ["payment", "invoice"]})(sandbox.state)
    ends_on_a_page(sandbox, "invalid_scope")
    assert "code" in Program(sandbox).answer(scope="invoice payment")
    sandbox.switchboard.set(unregistered_scope="returned")
    assert Program(sandbox).answer() == {"error": "invalid_scope", "state": "an-unguessable-state"}
    sandbox.switchboard.reset()
    assert "code" in Program(sandbox).answer()
    ends_on_a_page(sandbox, "invalid_scope", scope="payment everything")


def ends_on_a_page(sandbox, word, **change):
    """Tell that a login ends at once, on a page without a form or an address to go on to."""
    address = Program(sandbox).address(**change)
    page = requests.get(address, allow_redirects=False, timeout=10)
    assert page.status_code == 400
    assert word in page.text
    assert "<form" not in page.text


def test_a_switch_lets_every_failed_login_end_on_a_page(sandbox, company):
    sandbox.switchboard.set(login_errors="page")
    ends_on_a_page(sandbox, "failed", response_type="token")
    with pytest.raises(scripted_login.ScriptedLoginError):
        scripted_login.refuse(Program(sandbox).address(), "erik", "hemligt")
    company.consent_error = "error_missing_license"
    with pytest.raises(scripted_login.ScriptedLoginError):
        Program(sandbox).answer()


@switched(
    ("person_unlicensed", "granted"),
    [("fewer_scopes", "payment companyinformation"), ("refused", None)],
)
def test_a_person_without_a_licence_gets_fewer_scopes_than_asked(
    sandbox, state, person_unlicensed, granted
):
    sandbox.switchboard.set(person_unlicensed=person_unlicensed)
    changes.parse_change({"do": "withdraw_module", "scope": "invoice", "user": "erik"})(state)
    answer = Program(sandbox).answer()
    token = Program(sandbox).redeem(answer.get("code", "none")).json()
    assert (token.get("scope"), answer.get("error")) == (
        granted,
        None if granted else "error_missing_license",
    )
    # The account of a service does without; a person without any licence gets no token.
    code = Program(sandbox).answer(account_type="service")["code"]
    assert "invoice" in Program(sandbox).redeem(code).json()["scope"].split()
    for scope in ("payment", "companyinformation"):
        changes.parse_change({"do": "withdraw_module", "scope": scope, "user": "erik"})(state)
    assert Program(sandbox).answer()["error"] == "error_missing_license"


def test_a_right_that_one_person_lacks_is_refused_with_a_sentence_and_the_rest_goes_on(
    sandbox, state
):
    changes.parse_change({"do": "withdraw_right", "scope": "payment", "user": "erik"})(state)
    program = Program(sandbox).sign_in()
    answer = program.ask("invoicepayments")
    assert (answer.status_code, answer.json()["ErrorInformation"]["Code"]) == (403, 2003330)
    assert answer.json()["ErrorInformation"]["Message"] == (
        "Saknar behörighet för in- och utbetalningar."
    )
    assert program.ask("invoices").status_code == 200
    sandbox.switchboard.set(missing_right_status=400)
    assert program.ask("invoicepayments").status_code == 400
    sandbox.switchboard.reset()
    assert program.ask("invoicepayments").status_code == 200


@switched(
    ("unlicensed_at_login", "granted"),
    [("refused", None), ("fewer_scopes", "payment companyinformation")],
)
def test_a_module_without_a_licence_refuses_a_login_or_leaves_its_scope_out(
    sandbox, company, unlicensed_at_login, granted
):
    sandbox.switchboard.set(unlicensed_at_login=unlicensed_at_login)
    company.unlicensed.add("invoice")
    answer = Program(sandbox).answer()
    token = Program(sandbox).redeem(answer.get("code", "none")).json()
    assert (token.get("scope"), answer.get("error")) == (
        granted,
        None if granted else "error_missing_license",
    )


@switched("error", ["error_missing_license", "error_missing_system_admin_right"])
def test_a_company_can_refuse_consent(sandbox, company, error):
    company.consent_error = error
    assert Program(sandbox).answer() == {"error": error, "state": "an-unguessable-state"}


def test_a_company_without_licence_cannot_consent(sandbox, state):
    state.withdraw_licence()
    assert Program(sandbox).answer()["error"] == "error_missing_license"


def test_a_locked_company_is_sent_back_with_neither_code_nor_state(sandbox, company):
    company.locked = True
    assert scripted_login.callback_url(Program(sandbox).address(), "erik", "hemligt") == REDIRECT


def test_only_an_administrator_can_allow_a_service_account(sandbox, state):
    state.add_user("erik", "hemligt", admin=False)
    answer = Program(sandbox).answer(account_type="service")
    assert answer["error"] == "error_missing_system_admin_right"


# --- Tokens -----------------------------------------------------------------


def test_a_code_is_good_once(sandbox):
    program = Program(sandbox)
    code = program.answer()["code"]
    assert program.redeem(code).status_code == 200
    again = program.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@switched(("minutes", "status"), [(9, 200), (10, 400)])
def test_a_code_lives_for_ten_minutes(sandbox, clock, minutes, status):
    program = Program(sandbox)
    code = program.answer()["code"]
    clock.step(timedelta(minutes=minutes))
    assert program.redeem(code).status_code == status


def test_the_redirect_address_must_be_repeated_with_the_code(sandbox):
    program = Program(sandbox)
    code = program.answer()["code"]
    assert program.redeem(code, redirect_uri=None).status_code == 400


def test_a_refresh_token_is_good_once_and_rotates(program):
    first = program.pair
    second = program.refresh().json()
    assert second["refresh_token"] != first["refresh_token"]
    assert program.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert program.refresh(second["refresh_token"]).status_code == 200


@switched("switches", [Switches(reuse_revokes_family=True)])
def test_a_switch_lets_reuse_end_all_tokens(program):
    second = program.refresh().json()
    program.refresh()
    assert program.refresh(second["refresh_token"]).status_code == 400


@switched(("days", "status"), [(44, 200), (45, 400)])
def test_a_refresh_token_lives_for_45_days(program, clock, days, status):
    clock.step(timedelta(days=days))
    assert program.refresh().status_code == status


@switched(("minutes", "status"), [(59, 200), (60, 401)])
def test_an_access_token_lives_for_an_hour(program, clock, minutes, status):
    clock.step(timedelta(minutes=minutes))
    assert program.ask("companyinformation").status_code == status


def test_access_tokens_can_be_expired_at_once(program, state):
    state.tokens.expire_access_tokens()
    answer = program.ask("companyinformation")
    assert (answer.status_code, answer.content) == (401, b'{"message":"unauthorized"}')
    assert "X-Build" not in answer.headers
    assert program.refresh().status_code == 200


def test_revoking_ends_a_refresh_token_and_is_true_for_anything(program):
    for token in (program.pair["refresh_token"], "invented"):
        assert program.post("revoke", token=token).json() == {"revoked": True}
    assert program.refresh().status_code == 400
    assert program.ask("companyinformation").status_code == 200


@switched("path", ["token", "revoke"])
def test_a_wrong_secret_is_refused(program, path):
    answer = program.post(path, secret="wrong", token="x")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@switched(("switches", "status"), [(Switches(), 401), (Switches(client_secret_in_body=True), 200)])
def test_the_secret_in_the_body_is_accepted_by_a_switch_only(program, status):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": program.pair["refresh_token"],
        "client_id": program.sandbox.client_id,
        "client_secret": program.sandbox.client_secret,
    }
    answer = requests.post(f"{program.sandbox.auth_url}/token", data=form, timeout=10)
    assert answer.status_code == status


def test_a_switch_words_a_lapsed_licence_in_a_sentence(program, sandbox, state):
    state.withdraw_licence()
    assert program.refresh().json()["error"] == "error_missing_license"
    sandbox.switchboard.set(lapsed_licence="words")
    answer = program.refresh()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "not have enough licenses" in answer.json()["error_description"]


def test_a_lapsed_licence_ends_refreshing_without_spending_the_token(program, state):
    state.withdraw_licence()
    assert program.refresh().json()["error"] == "error_missing_license"
    state.restore_licence()
    assert program.refresh().status_code == 200


def test_an_access_token_is_a_jwt_with_the_rights_packed_in_it(program):
    head, body, _signature = program.pair["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "HS256"
    assert (claims["tenantId"], claims["exp"] - claims["iat"]) == (17, 3600)
    assert json.loads(gzip.decompress(base64.b64decode(claims["rightsAsJson"])))["payment"]


def test_every_secret_is_listed_and_none_is_in_recorded_requests(program):
    program.refresh()
    issued = program.sandbox.issued
    assert {program.sandbox.client_secret, *(program.pair[name] for name in PAIR)} <= {*issued}
    assert len(issued) == 5
    shown = repr(program.sandbox.asked)
    assert not [secret for secret in [*issued, "an-unguessable-state"] if secret in shown]


PAIR = ("access_token", "refresh_token")


# --- Companies and rights ---------------------------------------------------


def test_two_companies_in_one_server_keep_their_books_apart(sandbox, state):
    other = state.add_company(18, "Två Åkeri AB")
    other.add_invoice(invoice(1001, "5"))
    state.add_user("erik", "hemligt")
    first, second = Program(sandbox).sign_in(company=17), Program(sandbox).sign_in(company=18)
    assert first.documents() == ["1001", "1002", "1003"]
    assert second.ask("invoices/1001").json()["Invoice"]["Total"] == 5
    information = second.ask("companyinformation").json()["CompanyInformation"]
    assert information["DatabaseNumber"] == 18
    assert [asked.company for asked in sandbox.asked[-3:]] == [17, 18, 18]


def test_a_scope_that_was_not_granted_is_missing(sandbox):
    program = Program(sandbox).sign_in(scope="companyinformation")
    assert program.code("invoicepayments") == (400, 2000663)
    assert program.ask("companyinformation").status_code == 200


def test_rights_can_be_withdrawn_in_the_middle(program, state):
    state.withdraw_scope("payment")
    assert program.code("invoicepayments/1") == (400, 2000663)
    state.restore_scope("payment")
    state.company().unlicensed.add("payment")
    assert program.code("invoicepayments") == (403, 2001101)
    state.withdraw_licence()
    assert program.code("companyinformation") == (403, 2001103)


@switched("switches", [Switches(missing_scope_status=403, missing_licence_status=400)])
def test_the_status_of_missing_rights_is_a_switch(program, state):
    state.withdraw_scope("payment")
    assert program.ask("invoicepayments").status_code == 403
    state.withdraw_licence()
    assert program.ask("invoicepayments").status_code == 400


# --- Lists ------------------------------------------------------------------


@pytest.fixture
def many(company):
    """215 payments; the days of payment repeat every 20."""
    for number in range(215):
        day = DAY + timedelta(days=number % 20)
        company.add_payment(paid(1001, "1", payment_date=day))


@pytest.mark.usefixtures("many")
def test_pages_have_100_rows_unless_asked_and_500_at_most(program):
    body = program.ask("invoicepayments").json()
    assert list(body) == ["MetaInformation", LIST]
    assert body["MetaInformation"] == meta(215, 3, 1)
    assert len(body[LIST]) == 100
    assert len(program.numbers(page=3)) == 15
    assert program.ask("invoicepayments", limit=501).json()["MetaInformation"] == meta(215, 1, 1)


@pytest.mark.usefixtures("many")
def test_all_pages_together_hold_every_payment_once(program):
    pages = [program.numbers(limit=50, page=page) for page in range(1, 6)]
    assert sorted(itertools.chain(*pages), key=int) == [str(n) for n in range(1, 216)]
    assert program.numbers(limit=50, offset=50) == pages[1]


@pytest.mark.usefixtures("many")
@switched(
    ("totals_beyond_end", "by_page", "by_offset"),
    [
        ("zero", (0, 0, 1), (0, 0, 1)),
        ("zero_by_offset", (215, 3, 4), (0, 0, 1)),
        ("kept", (215, 3, 4), (215, 3, 1)),
    ],
)
def test_beyond_the_end_a_list_is_empty_and_counts_nothing_as_recorded(
    program, sandbox, totals_beyond_end, by_page, by_offset
):
    sandbox.switchboard.set(totals_beyond_end=totals_beyond_end)
    body = program.ask("invoicepayments", page=4).json()
    assert body == {"MetaInformation": meta(*by_page), LIST: []}
    body = program.ask("invoicepayments", offset=215).json()
    assert body == {"MetaInformation": meta(*by_offset), LIST: []}


def test_an_empty_list_has_no_pages(program):
    assert program.ask("invoicepayments").json() == {"MetaInformation": meta(0, 0, 1), LIST: []}


def meta(total, pages, current):
    return {"@TotalResources": total, "@TotalPages": pages, "@CurrentPage": current}


@pytest.mark.usefixtures("many")
@switched("order", ["ascending", "descending"])
def test_payments_are_sorted_by_date_as_asked(program, order):
    body = program.ask("invoicepayments", sortby="paymentdate", sortorder=order, limit=500).json()
    dates = [row["PaymentDate"] for row in body[LIST]]
    assert dates == sorted(dates, reverse=order == "descending")


@pytest.mark.usefixtures("many")
@switched(
    ("switches", "first"),
    [(Switches(), "1"), (Switches(payment_order="newest"), "200")],
)
def test_the_order_without_a_sort_is_a_switch(program, first):
    assert program.numbers()[0] == first


@switched(
    "wrong",
    [
        {"fromdate": "2026-01-01"},
        {"todate": "2026-01-01"},
        {"Limit": "5"},
        {"customernumber": "1"},
        {"filter": "invoicenumber"},
        {"sortby": "amount"},
        {"sortorder": "down"},
        {"limit": "0"},
        {"page": "0"},
        {"page": "x"},
        {"lastmodified": "yesterday"},
        {"lastmodified": "2026-02-30"},
    ],
)
def test_a_parameter_that_payments_do_not_have_is_refused(program, wrong):
    answer = program.ask("invoicepayments", **wrong)
    assert answer.json() == {
        "ErrorInformation": {
            "error": 1,
            "message": "Ogiltig parameter i anropet.",
            "code": 2000588,
        }
    }
    assert answer.status_code == 400


def test_payments_of_one_invoice(program, company):
    company.add_payment(paid(1001))
    company.add_payment(paid(1002))
    assert program.numbers(invoicenumber=1002) == ["2"]
    assert program.code("invoicepayments", invoicenumber="x") == (400, 2000108)


# --- lastmodified -----------------------------------------------------------


def test_lastmodified_is_wall_time_in_stockholm(program, company):
    """10:30:15 in Stockholm, an hour before summer time's two."""
    company.add_payment(paid(1001))
    assert program.numbers(lastmodified="2026-03-17 10:30") == ["1"]
    assert program.numbers(lastmodified="2026-03-17 10:31") == []
    assert program.numbers(lastmodified="2026-03-17") == ["1"]


def test_lastmodified_follows_summer_time(program, company, clock):
    clock.set(datetime(2026, 3, 29, 1, 5, tzinfo=UTC))
    program.sign_in()
    company.add_payment(paid(1001))
    assert program.numbers(lastmodified="2026-03-29 03:05") == ["1"]
    assert program.numbers(lastmodified="2026-03-29 03:06") == []


@switched(
    ("switches", "found"),
    [(Switches(), []), (Switches(lastmodified_compares="instant"), ["1"])],
)
def test_the_hour_of_october_that_comes_twice(program, company, clock, found):
    """At 02:10 the second time, 02:40 the first time lies in the past only as an instant."""
    clock.set(datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    program.sign_in()
    company.add_payment(paid(1001))
    assert program.numbers(lastmodified="2026-10-25 02:40") == found
    assert program.numbers(lastmodified="2026-10-25 02:10") == ["1"]


@switched("switches", [Switches(lastmodified_inclusive=False)])
def test_a_switch_excludes_the_requested_minute(program, company):
    company.add_payment(paid(1001))
    assert program.numbers(lastmodified="2026-03-17 10:30") == []
    assert program.numbers(lastmodified="2026-03-17 10:29") == ["1"]


def test_every_change_of_a_payment_counts_as_a_modification(program, company, clock):
    company.add_payment(paid(1001, booked=False))
    for change in (company.touch_payment, company.book_payment, company.unbook_payment):
        clock.step(timedelta(minutes=1))
        change(1)
        local = clock.now().astimezone(STOCKHOLM)
        assert program.numbers(lastmodified=f"{local:%Y-%m-%d %H:%M}") == ["1"]


def test_a_deletion_never_shows_in_lastmodified(program, company):
    company.add_payment(paid(1001))
    company.delete_payment(1)
    assert program.numbers(lastmodified="2026-01-01") == []
    assert program.ask("invoicepayments/1").status_code == 404


def test_the_date_header_is_the_sandboxs_own_clock(program, clock):
    assert program.ask("companyinformation").headers["Date"] == "Tue, 17 Mar 2026 09:30:15 GMT"
    clock.step(timedelta(minutes=5))
    assert program.ask("companyinformation").headers["Date"] == "Tue, 17 Mar 2026 09:35:15 GMT"


# --- Payments ---------------------------------------------------------------


def test_the_detail_has_what_the_list_lacks(program, company):
    company.add_invoice(invoice(7, "100", currency="EUR", currency_rate=Decimal("11.3")))
    fee = WriteOff(amount=Decimal("56.5"), account=6570, description="Bankavgift")
    company.add_payment(
        paid(
            7,
            "1073.5",
            amount_currency=Decimal(95),
            currency="EUR",
            currency_rate=Decimal("11.3"),
            write_offs=(fee,),
        )
    )
    (row,) = program.ask("invoicepayments").json()[LIST]
    assert (row["Amount"], row["WriteOffExist"], "AmountCurrency" in row) == (1073.5, True, False)
    detail = program.ask("invoicepayments/1").json()["InvoicePayment"]
    assert (detail["AmountCurrency"], detail["InvoiceTotal"]) == (95, "100")
    assert detail["WriteOffs"][0]["Amount"] == 56.5
    assert "WriteOffExist" not in detail
    assert program.ask("invoices/7").json()["Invoice"]["Balance"] == 0


def test_amounts_are_numbers_without_needless_decimals(program, company):
    for amount in ("1000.00", "990.50", "-0.40", "1E+3"):
        company.add_payment(paid(1001, amount))
    raw = program.ask("invoicepayments").text
    assert [part.split(",")[0] for part in raw.split('"Amount":')[1:]] == [
        "1000",
        "990.5",
        "-0.4",
        "1000",
    ]


def test_a_field_can_be_hidden_by_the_licence(program, company):
    company.add_payment(paid(1001, wire={"Amount": "API_NORIGHT", "AmountCurrency": "API_NORIGHT"}))
    (row,) = program.ask("invoicepayments", spoiled=True).json()[LIST]
    assert row["Amount"] == "API_NORIGHT"
    assert len(row) == 11


@switched("switches", [Switches(payment_row="full")])
def test_a_switch_gives_list_rows_all_fields(program, company):
    company.add_payment(paid(1001))
    (row,) = program.ask("invoicepayments", spoiled=True).json()[LIST]
    assert (row["AmountCurrency"], row["InvoiceOCR"]) == (1000, ocr_of(1001))


def test_a_payment_is_made_unbooked_and_clears_its_invoice_when_it_is_booked(program):
    body = {"InvoicePayment": {"InvoiceNumber": 1001, "Amount": 1000, "PaymentDate": "2026-03-10"}}
    made = program.ask("invoicepayments", "POST", body)
    assert made.status_code == 201
    assert made.headers["Location"] == "invoicepayments"
    assert made.json()["InvoicePayment"]["Booked"] is False
    assert program.ask("invoices/1001").json()["Invoice"]["Balance"] == 1000
    booked = program.ask("invoicepayments/1/bookkeep", "PUT", {}).json()["InvoicePayment"]
    assert (booked["Booked"], booked["VoucherSeries"]) == (True, "C")
    paid_invoice = program.ask("invoices/1001").json()["Invoice"]
    assert (paid_invoice["Balance"], paid_invoice["FinalPayDate"]) == (0, "2026-03-10")


def test_an_unbooked_payment_can_be_changed_and_deleted(program, company):
    company.add_payment(paid(1001, booked=False))
    changed = program.ask("invoicepayments/1", "PUT", {"InvoicePayment": {"Amount": 12.5}})
    assert changed.json()["InvoicePayment"]["Amount"] == 12.5
    assert program.ask("invoicepayments/1", "DELETE").status_code == 204
    assert program.code("invoicepayments/1")[0] == 404


def test_a_booked_payment_can_be_neither_changed_nor_deleted_over_the_api(program, company):
    company.add_payment(paid(1001))
    assert program.code("invoicepayments/1", "PUT", {"InvoicePayment": {}})[0] == 400
    assert program.code("invoicepayments/1/bookkeep", "PUT", {})[0] == 400
    assert program.code("invoicepayments/1", "DELETE")[0] == 400


@switched(
    ("fields", "expected"),
    [
        ({"InvoiceNumber": 1001, "Amount": 1, "PaymentDate": "2026-03-01"}, (400, 2001089)),
        ({"InvoiceNumber": 9, "Amount": 1}, (404, 2000434)),
        ({"Amount": 1}, (400, 2001795)),
        ({"InvoiceNumber": 1001, "amount": 1}, (400, 2001399)),
        ({"InvoiceNumber": 1001, "Amount": "mycket"}, (400, 2000108)),
        ({"InvoiceNumber": 1001, "PaymentDate": "i dag"}, (400, 2001392)),
        ({"InvoiceNumber": 1001}, (400, 2001795)),
        ({"InvoiceNumber": 1001, "Amount": 1, "Currency": "EUR"}, (400, 2009437)),
        ({"InvoiceNumber": 1001, "Amount": 1, "WriteOffs": ["x"]}, (400, 2002649)),
        ({"InvoiceNumber": 1001, "Amount": 1, "ModeOfPaymentAccount": 999}, (400, 2009449)),
        ({"InvoiceNumber": 1001.5, "Amount": 1}, (400, 2000108)),
    ],
)
def test_an_invalid_payment_is_refused(program, fields, expected):
    assert program.code("invoicepayments", "POST", {"InvoicePayment": fields}) == expected
    assert program.numbers() == []


def test_a_payment_that_was_read_can_be_sent_back(program, company):
    """Fields that only Fortnox sets are in it, and are ignored."""
    company.add_payment(paid(1001, booked=False, payment_date=DAY))
    detail = program.ask("invoicepayments/1").json()["InvoicePayment"]
    detail |= {"Amount": 12, "Booked": True, "InvoiceOCR": "x"}
    changed = program.ask("invoicepayments/1", "PUT", {"InvoicePayment": detail})
    answer = changed.json()["InvoicePayment"]
    assert (answer["Amount"], answer["Booked"]) == (12, False)


def test_unbooked_payments_may_exceed_the_invoice_and_leave_its_balance_alone(program):
    for _ in range(5):
        body = {"InvoicePayment": {"InvoiceNumber": 1001, "Amount": 900}}
        assert program.ask("invoicepayments", "POST", body).status_code == 201
    invoice_now = program.ask("invoices/1001").json()["Invoice"]
    assert (invoice_now["Balance"], invoice_now["FinalPayDate"]) == (1000, None)
    for number, balance in ((1, 100), (2, -800)):
        program.ask(f"invoicepayments/{number}/bookkeep", "PUT", {})
        assert program.ask("invoices/1001").json()["Invoice"]["Balance"] == balance


def test_a_change_cannot_move_a_payment_before_its_invoice(program, company):
    company.add_payment(paid(1001, booked=False))
    fields = {"PaymentDate": "2026-03-01"}
    assert program.code("invoicepayments/1", "PUT", {"InvoicePayment": fields}) == (400, 2001089)
    assert program.ask("invoicepayments/1").json()["InvoicePayment"]["PaymentDate"] == "2026-03-12"


def test_deleting_an_unbooked_payment_does_not_touch_its_invoice(program, company):
    company.add_payment(paid(1002, booked=False))
    program.ask("invoicepayments/1", "DELETE")
    assert program.documents(lastmodified="2026-03-17") == []


def test_xml_is_refused_with_the_code_for_it(program):
    bearer = {"Authorization": f"Bearer {program.pair['access_token']}"}
    answer = requests.get(
        f"{program.sandbox.api_url}/invoices",
        headers=bearer | {"Accept": "application/xml"},
        timeout=10,
    )
    assert answer.json()["ErrorInformation"]["code"] == 1000030


def test_a_body_that_is_not_json_is_refused(program):
    assert program.code("invoicepayments", "POST", None) == (400, 1000031)


def test_changing_a_booked_payment_in_the_program_moves_the_balance(company):
    company.add_payment(paid(1001))
    company.change_payment(1, amount=Decimal(400))
    assert company.invoice(1001).balance == 600
    assert company.invoice(1001).final_pay_date is None
    company.change_payment(1, invoice_number=1002)
    assert (company.invoice(1001).balance, company.invoice(1002).balance) == (1000, 600)
    company.delete_payment(1)
    assert company.invoice(1002).balance == 1000


def test_a_credit_invoice_is_settled_by_a_payment_below_zero(program, company):
    company.add_invoice(invoice(9, "-250", credit_of=1001))
    company.add_payment(paid(9, "-250"))
    credit = program.ask("invoices/9").json()["Invoice"]
    assert (credit["Credit"], credit["CreditInvoiceReference"]) == ("true", "1001")
    assert (credit["Balance"], credit["FinalPayDate"]) == (0, "2026-03-12")


def test_a_credit_invoice_that_is_settled_in_part_is_not_paid(company):
    company.add_invoice(invoice(9, "-250", credit_of=1001))
    company.add_payment(paid(9, "-200"))
    assert (company.invoice(9).balance, company.invoice(9).final_pay_date) == (-50, None)


# --- Invoices ---------------------------------------------------------------


@switched(
    ("params", "expected"),
    [
        ({}, ["1001", "1002", "1003"]),
        ({"filter": "fullypaid"}, ["1002"]),
        ({"filter": "unpaid"}, ["1001", "1003"]),
        ({"filter": "unpaidoverdue"}, ["1003"]),
        ({"filter": "cancelled"}, []),
        ({"documentnumber": "1003"}, ["1003"]),
        ({"documentnumber": "3"}, ["1003"]),
        ({"documentnumber": "100", "ocr": ocr_of(1002)}, ["1002"]),
        ({"ocr": ocr_of(1002)}, ["1002"]),
        ({"customername": "ÅNGFABRIK"}, ["1003"]),
        ({"fromdate": "2026-01-02", "todate": "2026-01-31"}, ["1003"]),
        ({"fromfinalpaydate": "2026-03-12"}, ["1002"]),
        ({"credit": "true"}, []),
        ({"label": "1"}, []),
        ({"lastmodified": "2026-03-17 10:30"}, ["1002", "1003"]),
        ({"sortby": "customername", "sortorder": "descending"}, ["1003", "1001", "1002"]),
        ({"sortby": "invoicedate"}, ["1003", "1001", "1002"]),
    ],
)
def test_invoices_are_chosen_and_sorted(program, company, params, expected):
    """1002 is paid; 1003 is old, and of another customer."""
    company.add_payment(paid(1002))
    company.change_invoice(
        1003,
        customer_name="Ölands Ångfabrik",
        invoice_date=date(2026, 1, 2),
        due_date=date(2026, 2, 1),
    )
    assert program.documents(**params) == expected


def test_an_invalid_filter_and_an_unknown_one_are_refused(program):
    assert program.code("invoices", filter="odd") == (400, 2000587)
    assert program.code("invoices", invoicenumber="1") == (400, 2000588)


@switched("switches", [Switches(several_filters=False, number_filters_match_part=False)])
def test_switches_refuse_a_second_filter_and_match_whole_numbers(program):
    assert program.code("invoices", ocr="1", documentnumber="1") == (400, 2000588)
    assert program.documents(documentnumber="100") == []
    assert program.documents(documentnumber="1002") == ["1002"]


@switched("switches", [Switches(payment_touches_invoice=False)])
def test_a_switch_keeps_a_payment_from_touching_its_invoice(program, company):
    company.add_payment(paid(1002))
    assert program.documents(lastmodified="2026-03-17") == []


# --- Errors and limits ------------------------------------------------------


@switched("path", ["predefinedaccounts", "invoices/1/pdf", "", "invoicepayments/1/undo"])
def test_an_unknown_path_is_not_found(program, path):
    assert program.code(path)[0] == 404


def test_a_slash_at_the_end_makes_no_difference(program, sandbox):
    for path in ("invoices", "invoices/1001", "companyinformation", "invoicepayments"):
        with_slash = program.ask(f"{path}/")
        assert with_slash.content == program.ask(path).content
        assert not with_slash.history


@switched("number", ["99", "x", "1" * 30, "%C3%A5"])
def test_an_unknown_number_is_not_found_with_capitals(program, number):
    answer = program.ask(f"invoices/{number}")
    assert answer.status_code == 404
    assert answer.json()["ErrorInformation"]["Code"] == 2000434


@switched("switches", [Switches(codes_as_text=True)])
def test_a_switch_makes_codes_texts(program):
    answer = program.ask("invoices/9", spoiled=True)
    assert answer.json()["ErrorInformation"]["Code"] == "2000434"


def test_the_26th_request_within_five_seconds_is_refused(program, seconds):
    for step in range(25):
        seconds[0] = 200 + step * 0.1
        assert program.ask("companyinformation").status_code == 200
    seconds[0] = 204.99
    refused = program.ask("companyinformation")
    assert (refused.status_code, refused.content) == (429, b'{"message":"Too Many Requests"}')
    assert "Retry-After" not in refused.headers
    seconds[0] = 205.0
    assert program.ask("companyinformation").status_code == 200
    assert program.ask("companyinformation").status_code == 429


# --- Faults -----------------------------------------------------------------


def test_html_and_garbage_come_with_status_200(program, sandbox):
    sandbox.faults.add(Fault.html())
    sandbox.faults.add(Fault.garbage())
    assert "<html>" in program.ask("invoices", spoiled=True).text
    with pytest.raises(ValueError, match=r"decode|Expecting"):
        program.ask("invoices", spoiled=True).json()


def test_a_truncated_answer_is_shorter_than_it_promises(program, sandbox):
    sandbox.faults.add(Fault.truncated())
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        program.ask("invoices")


def test_a_connection_can_end_without_an_answer(program, sandbox):
    sandbox.faults.add(Fault.reset())
    with pytest.raises(requests.exceptions.ConnectionError):
        program.ask("invoices")
    assert program.ask("invoices").status_code == 200


def test_a_refresh_token_is_spent_although_its_answer_was_lost(program, sandbox):
    sandbox.faults.add(Fault.reset(performed=True))
    with pytest.raises(requests.exceptions.ConnectionError):
        program.refresh()
    assert program.refresh().status_code == 400


def test_a_hanging_request_ends_when_the_sandbox_stops(state, clock):
    sandbox = Sandbox(state, clock=clock).start()
    program = Program(sandbox).sign_in()
    sandbox.faults.add(Fault.hang())
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{sandbox.api_url}/invoices", timeout=0.05)
    assert program.ask("invoices").status_code == 200
    sandbox.stop()


def test_a_slow_drip_arrives_whole_in_the_end(program, sandbox):
    sandbox.faults.add(Fault.drip(pause=0))
    assert len(program.ask("invoices").json()["Invoices"]) == 3


# --- The server -------------------------------------------------------------


def test_the_environment_points_a_client_here(sandbox):
    assert sandbox.environment() == {
        "FORTNOX_CLIENT_ID": sandbox.client_id,
        "FORTNOX_CLIENT_SECRET": sandbox.client_secret,
        "FORTNOX_REDIRECT_URI": REDIRECT,
        "FORTNOX_AUTH_URL": f"{sandbox.url}/oauth-v1",
        "FORTNOX_API_URL": f"{sandbox.url}/3",
    }


def test_a_sandbox_can_be_stopped_and_started_again_at_the_same_place(state, clock):
    sandbox = Sandbox(state, clock=clock).start()
    program, url = Program(sandbox).sign_in(), sandbox.url
    sandbox.stop()
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{url}/3/invoices", timeout=10)
    with sandbox:
        assert sandbox.url == url
        assert program.ask("invoices").status_code == 200


def test_a_port_that_is_taken_is_an_error_at_the_start(sandbox, state):
    port = urlsplit(sandbox.url).port
    with pytest.raises(OSError, match=str(port) + "|in use"):
        Sandbox(state, port=port).start()


def test_a_connection_is_kept_alive(program, sandbox):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {program.pair['access_token']}"
        ports = set()
        for _ in range(3):
            with session.get(f"{sandbox.api_url}/invoices", stream=True, timeout=10) as answer:
                ports.add(answer.raw.connection.sock.getsockname())
                assert answer.content
    assert len(ports) == 1


# --- Data to begin with -----------------------------------------------------


@pytest.fixture(params=[NOW, datetime(2026, 11, 21, 23, 30, tzinfo=UTC)], ids=["day", "weekend"])
def now(request):
    return request.param


@pytest.fixture
def haulier(now):
    state = seed.haulier(now)
    state.configure(Clock.stopped_at(now), Switches())
    return state


def test_the_haulier_is_the_same_at_every_start(haulier, now):
    again = seed.haulier(now)
    for number, company in haulier.companies.items():
        assert company.invoices() == again.companies[number].invoices()
        assert company.payments() == again.companies[number].payments()
    assert seed.exported_invoices(now) == seed.exported_invoices(now)


def test_the_haulier_has_a_half_year_in_four_currencies(haulier, now):
    payments = haulier.company().payments()
    assert 200 < len(payments) < 500
    assert {payment.currency for payment in payments} == {"SEK", "EUR", "NOK", "JPY"}
    assert {payment.source for payment in payments} == {"manual", "file", "finance", "autogiro"}
    span = payments[-1].payment_date - min(payment.payment_date for payment in payments)
    assert timedelta(days=170) < span < timedelta(days=215)
    assert all(payment.modified <= now for payment in payments)
    assert any(now - payment.modified < timedelta(hours=1) for payment in payments)


def test_no_payment_is_dated_before_its_invoice_or_in_the_future(haulier, now):
    for company in haulier.companies.values():
        for payment in company.payments():
            start = company.invoice(payment.invoice_number).invoice_date
            assert start <= payment.payment_date <= now.astimezone(STOCKHOLM).date()


def test_a_demo_import_needs_few_details(haulier, now):
    needy = [
        payment
        for payment in haulier.company().payments()
        if payment.booked
        and payment.payment_date >= seed.cut_off_date(now)
        and payment.invoice_number >= seed.LOWEST_NUMBER
        and (payment.currency != "SEK" or payment.write_offs)
    ]
    assert 10 < len(needy) <= 35


def test_everything_that_the_settings_ignore_is_there(haulier, now):
    payments, cut_off = haulier.company().payments(), seed.cut_off_date(now)
    assert any(payment.payment_date < cut_off for payment in payments)
    assert any(
        payment.payment_date >= cut_off and payment.invoice_number < seed.LOWEST_NUMBER
        for payment in payments
    )


def test_every_case_is_paid_after_the_cut_off(haulier, now):
    for number, case in seed_cases.CASES.items():
        payments = haulier.company().payments_of(case.in_fortnox_as or number)
        assert len(payments) == len(case.payments)
        assert all(payment.payment_date >= seed.cut_off_date(now) for payment in payments)


def test_the_host_knows_what_was_exported_and_nothing_else(haulier, now):
    exported = {row["invoice_number"]: row for row in seed.exported_invoices(now)}
    known = {str(invoice.number): invoice for invoice in haulier.company().invoices()}
    assert known.keys() - exported.keys() == {
        str(number) for number in (*seed_cases.DIRECT, *seed_cases.CREDIT_NOTES, 20010)
    }
    assert exported.keys() - known.keys() == {"10165"}
    assert exported["10165"]["ocr"] == known["20010"].reference
    assert exported["10168"]["currency"] == "Euro"
    assert exported["10170"]["period_closed"] == "false"
    for number in exported.keys() & known.keys():
        assert Decimal(exported[number]["total"]) == known[number].total


def test_yen_are_as_the_switch_has_them_and_one_rate_agrees_with_nothing(haulier):
    def readings(number):
        (payment,) = haulier.company().payments_of(number)
        whole = payment.in_currency * payment.currency_rate
        return [abs(amount - payment.amount) < 50 for amount in (whole / 100, whole)]

    assert readings(10185) == [False, True]
    assert readings(10186) == [False, True]
    assert readings(10187) == [False, False]


def test_a_night_changes_adds_books_and_touches(haulier, now):
    company = haulier.company()
    before = {payment.number: payment for payment in company.payments()}
    haulier.clock.step(timedelta(hours=12))
    seed_overnight.change_overnight(haulier)
    after = {payment.number: payment for payment in company.payments()}
    new = [after[number] for number in after.keys() - before.keys()]
    assert len(new) == 3
    assert all(payment.booked for payment in new)
    deleted = [before[number].invoice_number for number in before.keys() - after.keys()]
    assert sorted(deleted) == [seed_overnight.REMADE, seed_overnight.DELETED]
    issued = before.keys() & after.keys()
    changed = [after[number] for number in issued if after[number].modified > now]
    assert len(changed) == 3
    different = [payment for payment in changed if payment.amount != before[payment.number].amount]
    newly_booked = [payment for payment in changed if not before[payment.number].booked]
    assert (len(different), len(newly_booked)) == (1, 1)


def test_one_night_after_another_can_pass(haulier):
    for _ in range(3):
        seed_overnight.change_overnight(haulier)
    assert haulier.company().payments_of(seed_overnight.DELETED) == []
    assert len(haulier.company().payments_of(seed_overnight.REMADE)) == 1


def test_there_are_two_companies_that_share_invoice_numbers(haulier):
    first, second = haulier.companies.values()
    assert first.invoice(10001).total != second.invoice(10001).total
    assert len(second.payments()) < len(first.payments())


def read_from_file(tmp_path, content):
    path = tmp_path / "böcker.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return seed.from_json(path)


def test_books_are_read_from_a_file(tmp_path):
    content = {
        "companies": [
            {
                "number": 5,
                "name": "Filens Åkeri AB",
                "city": "Örebro",
                "invoices": [
                    {
                        "number": 1,
                        "total": "100.50",
                        "invoice_date": "2026-01-02",
                        "due_date": "2026-02-01",
                    }
                ],
                "payments": [
                    {
                        "invoice_number": 1,
                        "amount": 100.4,
                        "payment_date": "2026-01-30",
                        "booked": True,
                        "modified": "2026-01-30T12:00:00+01:00",
                        "write_offs": [{"amount": "0.10", "account": 3740}],
                    }
                ],
            }
        ],
        "users": [{"name": "anna", "password": "x", "forbidden": ["payment"]}],
    }
    state = read_from_file(tmp_path, content)
    (payment,) = state.company(5).payments()
    assert payment.amount == Decimal("100.4")
    assert state.company(5).invoice(1).balance == 0
    assert state.shown_user == "anna"
    assert state.users["anna"].forbidden == {"payment"}


@switched(
    ("invoice_fields", "word"),
    [({"numer": 1}, "numer"), ({"number": 1, "total": "mycket"}, "mycket"), ({}, "number")],
)
def test_a_wrong_record_in_a_file_is_named(tmp_path, invoice_fields, word):
    books = {"companies": [{"number": 5, "name": "Fel AB", "invoices": [invoice_fields]}]}
    with pytest.raises(ValueError, match=word):
        read_from_file(tmp_path, books)


@switched("scopes", ["payment", ["everything"]])
def test_a_user_lacks_scopes_that_there_are(tmp_path, scopes):
    user = {"name": "anna", "password": "x", "unlicensed": scopes}
    books = {"companies": [{"number": 5, "name": "Fel AB"}], "users": [user]}
    with pytest.raises(ValueError, match="unlicensed"):
        read_from_file(tmp_path, books)


def test_empty_books_have_a_user(clock):
    with Sandbox(seed.empty(), clock=clock) as sandbox:
        address = Program(sandbox).address()
        assert "code=" in scripted_login.callback_url(address, seed.USER, seed.PASSWORD)


def test_the_signature_of_a_token_depends_on_the_sandbox(state, clock):
    tokens = []
    for _ in range(2):
        with Sandbox(state, clock=clock) as sandbox:
            tokens.append(Program(sandbox).sign_in().pair["access_token"])
    digests = {hashlib.sha256(token.encode()).hexdigest() for token in tokens}
    assert len(digests) == 2
