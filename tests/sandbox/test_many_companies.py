"""A sandbox of many companies, for a host that has thousands of them."""

import io
import json
import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests

from hostsim.cli.sandbox import run_sandbox
from hostsim.errors import HostError
from hostsim.sandbox import Clock, Sandbox, login_pages, scripted_login, seed, seed_many
from hostsim.sandbox.ocr import ocr_is_valid
from hostsim.sandbox.tokens import Grant
from hostsim.services import invoices_table
from hostsim.views.output import Output

NOW = datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC)
COUNT = 60


@pytest.fixture(scope="module")
def sandbox():
    state = seed_many.companies(COUNT, NOW)
    with Sandbox(state, clock=Clock.stopped_at(NOW), monotonic=lambda: 0.0) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def unused(sandbox):
    """Return each test the companies as they were, all consented."""
    sandbox.switchboard.reset()
    sandbox.consent_everywhere()


def control(sandbox, path, **content):
    return requests.post(f"{sandbox.switchboard_url}/{path}", json=content, timeout=10)


def service_token(sandbox, company, **form):
    return requests.post(
        f"{sandbox.auth_url}/token",
        data={"grant_type": "client_credentials"} | form,
        auth=(sandbox.client_id, sandbox.client_secret),
        headers={"TenantId": str(company)},
        timeout=10,
    )


def read(sandbox, token, path):
    bearer = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sandbox.api_url}/{path}", headers=bearer, timeout=10)


# --- What is in them ----------------------------------------------------------------


def test_each_company_has_a_number_a_name_and_books_of_its_own(sandbox):
    companies = sandbox.state.companies.values()
    first = seed_many.FIRST_COMPANY
    assert [one.number for one in companies] == list(range(first, first + COUNT))
    assert len({one.name for one in companies}) == COUNT
    assert len({one.organisation_number for one in companies}) == COUNT
    assert all(ocr_is_valid(one.organisation_number.replace("-", "")) for one in companies)
    assert {len(one.payments()) for one in companies} == {seed_many.PAYMENTS}
    changed = next(iter(companies))
    changed.registers.put("customers", "9", {"CustomerNumber": "9"}, NOW)
    assert not [
        one for one in companies if one is not changed and one.registers.get("customers", 9)
    ]


def test_they_are_the_same_at_every_start():
    once, again = (seed_many.companies(3, NOW) for _ in range(2))
    for number, company in once.companies.items():
        assert company.invoices() == again.companies[number].invoices()
        assert company.payments() == again.companies[number].payments()


def test_the_hosts_side_matches_but_for_part_payments_and_unknown_invoices(sandbox):
    host = {(row["region"], row["ocr"]): row for row in seed_many.exported_invoices(COUNT, NOW)}
    assert len(host) == COUNT * seed_many.INVOICES
    kinds = []
    for company in sandbox.state.companies.values():
        for payment in company.payments():
            invoice = company.invoice(payment.invoice_number)
            row = host.get((str(company.number), invoice.reference))
            if row is None:
                kinds.append("unknown")
                continue
            assert row["invoice_date"] == invoice.invoice_date.isoformat()
            part = payment.amount < Decimal(row["total"]) == invoice.total
            kinds.append("part" if part else "exact")
            assert part or (payment.amount == invoice.total and not invoice.balance)
    assert {kind: kinds.count(kind) for kind in kinds} == {"exact": 153, "part": 18, "unknown": 9}


def test_the_host_loads_its_side_as_any_file_of_invoices():
    rows = list(seed_many.exported_invoices(2, NOW, invoices=4))
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    loaded = list(invoices_table.InvoicesTable().read_from("\n".join(lines).encode(), file="many"))
    assert [one.region for one in loaded] == ["500001"] * 4 + ["500002"] * 4
    assert str(loaded[0].total) == rows[0]["total"]


def test_a_company_has_as_many_invoices_and_payments_as_asked():
    company = seed_many.companies(1, NOW, invoices=40, payments=30).company()
    assert len(company.payments()) == 30
    with pytest.raises(ValueError, match="at most one payment"):
        seed_many.companies(1, NOW, invoices=1, payments=2)


# --- How one gets in ----------------------------------------------------------------


def test_a_service_account_gets_tokens_in_every_company(sandbox):
    for number in (seed_many.FIRST_COMPANY, seed_many.FIRST_COMPANY + COUNT - 1):
        answer = service_token(sandbox, number, scope="payment companyinformation")
        shown = read(sandbox, answer.json()["access_token"], "companyinformation").json()
        assert shown["CompanyInformation"]["DatabaseNumber"] == number


def test_a_consent_is_withdrawn_and_given_for_one_company(sandbox):
    def change(do, **more):
        change = {"do": do, "company": 500002} | more
        assert control(sandbox, "changes", changes=[change]).json() == {"made": 1}

    change("withdraw_consent")
    assert service_token(sandbox, 500002).json()["error"] == "invalid_grant"
    assert service_token(sandbox, 500003).ok
    change("give_consent", scopes=["payment", "invoice"])
    assert service_token(sandbox, 500002).json()["scope"] == "payment invoice"
    assert not service_token(sandbox, 500002, scope="customer").ok
    change("give_consent")
    assert service_token(sandbox, 500002, scope="customer").ok


@pytest.mark.parametrize("ends", [True, False])
def test_the_refresh_token_of_a_consent_ends_with_it_unless_a_switch_says_otherwise(sandbox, ends):
    sandbox.switchboard.set(withdrawn_consent_ends_refresh=ends)
    tokens = sandbox.state.tokens
    of_service, of_person = (
        tokens.issue(Grant(sandbox.client_id, 500006, 1, ("payment",), service)).refresh
        for service in (True, False)
    )
    control(sandbox, "changes", changes=[{"do": "withdraw_consent", "company": 500006}])
    assert (tokens.grant_of_refresh(of_service) is None) == ends
    assert tokens.grant_of_refresh(of_person)


def test_a_reset_restores_consents_that_were_withdrawn(sandbox):
    control(sandbox, "changes", changes=[{"do": "withdraw_consent", "company": 500004}])
    control(sandbox, "reset")
    assert [service_token(sandbox, number).ok for number in (500003, 500004)] == [True, True]


def test_where_there_are_many_companies_a_person_types_a_number(sandbox):
    assert login_pages.MAX_LISTED_COMPANIES < COUNT
    last = seed_many.FIRST_COMPANY + COUNT - 1
    query = {"client_id": sandbox.client_id, "response_type": "code", "state": "s"}
    query |= {"scope": "payment companyinformation"}
    address = requests.Request("GET", f"{sandbox.auth_url}/auth", params=query).prepare().url
    back = scripted_login.callback_url(address, seed.USER, seed.PASSWORD, company=last)
    code = back.partition("code=")[2].partition("&")[0]
    assert sandbox.state.tokens.redeem(code, sandbox.client_id, None).grant.company == last
    with pytest.raises(scripted_login.ScriptedLoginError, match="circles"):
        scripted_login.callback_url(address, seed.USER, seed.PASSWORD, company=last + 1)


def test_the_switchboard_issues_tokens_as_the_token_service_answers(sandbox):
    answer = control(sandbox, "token", company="500007", scopes="payment companyinformation")
    refreshed = requests.post(
        f"{sandbox.auth_url}/token",
        data={"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]},
        auth=(sandbox.client_id, sandbox.client_secret),
        timeout=10,
    )
    of_each = {"Date", "X-Uid"}
    for one in (answer, refreshed):
        assert of_each < one.headers.keys()
        assert b" " not in one.content.replace(b"payment companyinformation", b"")
    heads = [
        {name: value for name, value in one.headers.items() if name not in of_each}
        for one in (answer, refreshed)
    ]
    assert heads[0] == heads[1]
    refreshed = refreshed.json()
    assert list(answer.json()) == list(refreshed)
    assert refreshed["scope"] == answer.json()["scope"] == "payment companyinformation"
    token = answer.json()["access_token"]
    assert read(sandbox, token, "companyinformation").json()["CompanyInformation"]["DatabaseNumber"]
    assert read(sandbox, token, "invoices").status_code == 400


def test_a_token_has_no_scope_that_the_program_is_not_registered_for(sandbox):
    control(sandbox, "changes", changes=[{"do": "register_scopes", "scopes": ["invoice"]}])
    assert control(sandbox, "token", scopes="invoice").ok
    answer = control(sandbox, "token", scopes="invoice payment")
    assert answer.json()["error"] == "payment: the registered scopes are invoice"
    control(sandbox, "reset")


def test_without_a_company_a_token_is_for_the_first_and_what_an_import_needs(sandbox):
    answer = control(sandbox, "token").json()
    assert answer["scope"] == "payment invoice companyinformation"
    shown = read(sandbox, answer["access_token"], "companyinformation").json()
    assert shown["CompanyInformation"]["DatabaseNumber"] == seed_many.FIRST_COMPANY


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"company": 1}, 404, "there is no company 1"),
        ({"company": "Åkeri"}, 400, "company is the number of a company"),
        ({"company": ""}, 400, "company is the number of a company"),
        ({"scopes": "payment secrets"}, 400, "secrets: the registered scopes are payment, "),
        ({"scopes": ["payment"]}, 400, "scopes is a text"),
        ({"scopes": ""}, 400, "scopes is a text"),
        ({"scope": "payment"}, 400, "scope means nothing here"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_with_a_sentence(sandbox, wrong, status, error):
    answer = control(sandbox, "token", **wrong)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(error)


# --- All of them at once ------------------------------------------------------------


def test_the_rate_limit_counts_each_company_alone(sandbox):
    tokens = [sandbox.sign_in(number).access for number in (500001, 500002)]
    for token in tokens:
        found = [read(sandbox, token, "invoicepayments").status_code for _ in range(26)]
        assert found == [200] * 25 + [429]


def test_hundreds_of_idle_connections_keep_nobody_out(sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
    try:
        assert read(sandbox, sandbox.sign_in(500009).access, "invoicepayments").status_code == 200
    finally:
        for one in idle:
            one.close()


# --- On the command line ------------------------------------------------------------


def run(look=lambda _text: None, **options):
    out = io.StringIO()
    run_sandbox(Output(out, "en"), wait=lambda: look(out.getvalue()), **options)
    return out.getvalue()


def test_one_line_of_json_tells_a_program_everything_once_it_answers():
    def look(text):
        told = json.loads(text)
        answer = requests.post(
            f"{told['auth_url']}/token",
            data={"grant_type": "client_credentials"},
            auth=(told["client_id"], told["client_secret"]),
            headers={"TenantId": str(told["companies"][1]["number"])},
            timeout=10,
        )
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        url = f"{told['api_url']}/companyinformation"
        shown = requests.get(url, headers=bearer, timeout=10).json()["CompanyInformation"]
        assert shown["CompanyName"] == told["companies"][1]["name"]
        assert requests.get(told["control_url"], timeout=10).ok
        assert told["users"] == [{"user": seed.USER, "password": seed.PASSWORD}]
        assert all(told["users"][0].items() <= one.items() for one in told["companies"])
        raise KeyboardInterrupt

    text = run(look, companies=2, as_json=True)
    assert text.count("\n") == 1


def test_of_many_companies_the_first_are_named_and_the_others_counted():
    text = run(companies=60)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("Company:")] == [
        "500001,", "500002,", "500003,", "500004,", "500005,",
    ]  # fmt: skip
    assert "and 55 more, up to 500060" in text
    assert "more, up to" not in run(companies=5)


def test_an_unknown_company_of_many_is_refused_without_naming_all():
    with pytest.raises(HostError) as caught:
        run(companies=60, company=1)
    assert "500005 …" in caught.value.message.en
    assert "500006" not in caught.value.message.en


def test_many_companies_go_with_no_other_books():
    with pytest.raises(HostError) as caught:
        run(companies=2, empty=True)
    assert "--empty and --companies" in caught.value.message.en
