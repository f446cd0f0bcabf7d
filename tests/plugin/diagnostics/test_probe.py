"""The probe finds out what a Fortnox does, over real HTTP, and nothing of the company."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fortnox import response
from hypothesis import given
from hypothesis import strategies as st
from ports import free_port

from hostsim.sandbox import (
    STOCKHOLM,
    Clock,
    Fault,
    Invoice,
    Payment,
    Sandbox,
    State,
    Switches,
    scripted_login,
    seed,
)
from hostsim.sandbox.matching import Match
from hostsim.sandbox.payments import create_payment
from hostsim.sandbox.switches import ImportSwitches, accepted_values, read_switches
from hostsim.sandbox.tokens import Grant
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.diagnostics.command_line import main
from opter_fortnox_plugin.diagnostics.probe import last_modified
from opter_fortnox_plugin.diagnostics.probe.access import spelling
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient, latest_minute
from opter_fortnox_plugin.diagnostics.probe.last_modified import (
    WATCH_INTERVAL,
    Meaning,
    comparison,
    last_spring,
    possible_meanings,
)
from opter_fortnox_plugin.diagnostics.probe.rate_limit import body_kind, retry_after
from opter_fortnox_plugin.diagnostics.probe.results import (
    ProbeResult,
    Undecided,
    body_form,
    content_type,
)
from opter_fortnox_plugin.diagnostics.probe.run import QUESTIONS, SCOPES, TITLES, probe
from opter_fortnox_plugin.errors import LoginFailed
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.login.oauth import authorization_url
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint
from opter_fortnox_plugin.session import Surroundings

NOW = datetime(2026, 3, 17, 9, 30, 20, tzinfo=UTC)
#: The night in which clocks in Stockholm were put forward, at its first minutes of summer time.
SPRING = datetime(2025, 3, 30, 3, 10, tzinfo=STOCKHOLM)
#: What each request is answered with once the licence has ended.
NO_LICENCE = Fault(
    403,
    '{"ErrorInformation":{"Error":1,"Message":"Api-licens saknas.","Code":2001103}}',
    "application/json",
    match=Match("GET", "/3/*"),
    times=None,
)
FIRST_PAYMENT = 300_001
FIRST_INVOICE = 70_001


#: Wall times, as ``lastmodified`` has them: without a zone.
def wall(*parts):
    return datetime(*parts)  # noqa: DTZ001


class Ticks:
    """Seconds that pass when somebody sleeps; the sandbox goes by them, too."""

    def __init__(self):
        self.seconds = 0.0
        self.naps = []
        self.meanwhile = lambda: None

    def __call__(self):
        return self.seconds

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.seconds += seconds
        self.meanwhile()

    def now(self):
        return NOW + timedelta(seconds=self.seconds)


def books(switches=None, *, negative=True, ordinary=120):
    """Make a company in which every question has an answer."""
    state = State(Clock())
    company = state.add_company(480_999, "Utfrågade Åkeriet AB")
    state.add_user("ida", "hemligt")
    for place in range(ordinary):
        day = date(2025, 3, 1) + timedelta(days=place // 3)
        invoice(company, place, day)
        # Numbers neither rise nor fall with dates.
        pay(company, place, number=FIRST_PAYMENT + place * 7 % ordinary, payment_date=day)
    invoice(company, 600, date(2025, 6, 1), currency="EUR", currency_rate=Decimal("11.25"))
    pay(
        company,
        600,
        number=FIRST_PAYMENT + 600,
        payment_date=date(2026, 1, 8),
        currency="EUR",
        currency_rate=Decimal("11.25"),
        amount=Decimal("1125.00"),
        amount_currency=Decimal("100.00"),
    )
    invoice(
        company, 601, date(2025, 6, 1), currency="JPY", currency_rate=Decimal(7), currency_unit=100
    )
    body = {"InvoiceNumber": FIRST_INVOICE + 601, "AmountCurrency": 50_000, "Currency": "JPY"}
    company.switches = switches or Switches()
    yen = create_payment(company, body | {"PaymentDate": "2026-01-09"})
    company.change_payment(yen.number, booked=True, modified=NOW - timedelta(days=60))
    if negative:
        invoice(company, 602, date(2025, 6, 1), credit_of=FIRST_INVOICE)
        pay(company, 602, number=FIRST_PAYMENT + 602, amount=Decimal(-75))
    company.change_payment(FIRST_PAYMENT, modified=SPRING.astimezone(UTC))
    invoice(company, 604, date(2025, 6, 1), booked=False)
    # Booked last of all, some minutes ago; its invoice follows, or it does not.
    invoice(company, 603, date(2025, 6, 1))
    pay(company, 603, number=FIRST_PAYMENT + 603, booked=False)
    return state


def invoice(company, place, day, **fields):
    company.add_invoice(
        Invoice(
            number=FIRST_INVOICE + place,
            total=Decimal(100),
            invoice_date=day,
            due_date=day + timedelta(days=30),
            customer_name=f"Kund {place} i Ärtemarks socken",
            customer_number=str(990_000 + place),
            modified=NOW - timedelta(days=70),
            **fields,
        )
    )


def pay(company, place, **fields):
    fields = {
        "amount": Decimal(100),
        "booked": True,
        "payment_date": date(2026, 1, 7),
        "modified": NOW - timedelta(days=60, minutes=place),
    } | fields
    company.add_payment(Payment(invoice_number=FIRST_INVOICE + place, **fields))


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def redirect():
    return f"http://127.0.0.1:{free_port()}/callback"


@pytest.fixture
def fortnox(ticks, redirect):
    """Return a function that starts a sandbox; all end with the test."""
    running = []

    def start(switches=None, state=None, **options):
        switches = switches or Switches()
        state = state or books(switches, **options)
        box = Sandbox(
            state, switches=switches, redirect_uri=redirect, clock=Clock(ticks.now), monotonic=ticks
        )
        running.append(box.start())
        company = state.company()
        if company.payment(FIRST_PAYMENT + 603):
            ticks.seconds += 100
            company.book_payment(FIRST_PAYMENT + 603)
            ticks.seconds += 300
        return box

    yield start
    for box in running:
        box.stop()


@pytest.fixture
def client(ticks):
    """Return a function that signs in and returns the client of a sandbox."""
    transports = []

    def sign_in(box, **options):
        transports.append(transport := Transport())
        configuration = Configuration.of({}, box.environment())
        endpoint = TokenEndpoint(transport, configuration, ticks.sleep)
        service = options.get("consented", False)
        address = authorization_url(configuration, "s", SCOPES, service=service)
        user = next(iter(box.state.users.values()))
        back = scripted_login.callback_url(address, user.name, user.password)
        [code] = parse_qs(urlsplit(back).query)["code"]
        signed_in = SignedIn(endpoint, endpoint.exchange(code))
        return ProbeClient(
            endpoint,
            signed_in,
            sleep=ticks.sleep,
            clock=ticks,
            **options,
        )

    yield sign_in
    for transport in transports:
        transport.close()


def found_by(client, *names):
    """Ask the questions that find these, in the probe's order; give what they found."""
    found = {}
    for question in QUESTIONS:
        if not set(question.titles) & set(names):
            continue
        try:
            for result in question.ask(client):
                found[result.name] = result
        except Undecided as undecided:
            missing = ProbeResult("", undecided=undecided.reason)
            found |= {name: missing for name in question.titles if name not in found}
    return found


# --- Each switch is named --------------------------------------------------------

#: What must have been asked before.
BEFORE = {
    "reuse_revokes_family": ["refresh_works"],
    "rate_bucket": ["refresh_works"],
    "codes_as_text": ["unknown_parameter", "payment_not_found_code"],
}
RATE = {name for name in TITLES if name.startswith("rate_")}
WATCHED = {"lastmodified_zone", "lastmodified_inclusive"}

#: Values of switches that take more than a few.
VALUES = {
    "bad_code_status": [400, 401],
    "client_credentials_status": [400, 403],
    "missing_scope_status": [400, 403],
    "rate_limit": [25, 31, None],
    "rate_window": [5.0, 2.5],
    "rate_retry_after": [None, 7],
    "lastmodified_zone": ["Europe/Stockholm", "UTC"],
    "payment_not_found_code": [2009434, 2000434],
    "unknown_path_code": [2009436, 1000001],
    # That none may be negative cannot be read off the absence of any.
    "negative_payments": [True],
}

#: What reading cannot show: writing, waiting, another login, or a company that lacks something.
HIDDEN = {
    "refresh_token_days",
    "client_secret_in_body",
    "token_on_api_host",
    "pkce",
    "client_credentials",
    "client_credentials_scope",
    "client_credentials_unlicensed",
    "second_consent",
    "withdrawn_consent_ends_refresh",
    "revoke_withdraws_consent",
    "other_currency",
    "delete_booked",
    "missing_content_type",
    "read_only_fields",
    "payment_locked_code",
    "payment_currency_code",
    "lapsed_licence",
    "unregistered_scope",
    "login_errors",
    "person_unlicensed",
    "missing_right_status",
    "write_off_currency",
    "write_off_sign",
    "credit_settlement",
    "finance_ocr",
}

#: Those that reading can show; others are of writing alone.
SWITCHES = {
    field.name for field in dataclasses.fields(ImportSwitches) if field.metadata["kind"] != "own"
}

CASES = [
    (name, value)
    for name in sorted(SWITCHES - HIDDEN - {"missing_licence_status"})
    for value in VALUES.get(name)
    or ([True, False] if accepted_values(name) == [True, False] else accepted_values(name))
]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_switch_that_reading_shows_is_named(name, value, fortnox, client, ticks):
    switches = replace(Switches(), **{name: value})
    if name == "rate_retry_after_as":
        switches = replace(switches, rate_retry_after=7)
    # More payments than a page holds, where that is the question.
    box = fortnox(switches, ordinary=510 if name == "limit_above_500" else 120)
    asking = client(box, provoke_429=name in RATE, watch=300.0 if name in WATCHED else 0.0)
    ticks.meanwhile = changes_while_watched(box, ticks)
    found = found_by(asking, *BEFORE.get(name, []), name)[name]
    assert getattr(found, "undecided", None) is None
    assert (found.name, found.answer) == (name, value)


def changes_while_watched(box, ticks):
    """Return what happens while the probe sleeps: somebody saves a payment, once."""
    waiting = iter([True])

    def happen():
        in_a_minute = 15 < box.clock.now().second < 45
        if ticks.naps[-1] == WATCH_INTERVAL and in_a_minute and next(waiting, False):
            box.state.company().touch_payment(FIRST_PAYMENT + 5)

    return happen


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_what_reading_cannot_show_is_called_undecidable(name, fortnox, client):
    found = found_by(client(fortnox(state=seed.empty())), name)[name]
    assert found.undecided.sv
    assert found.undecided.en


def test_every_switch_is_among_the_questions():
    assert set(TITLES) >= SWITCHES
    assert {name for question in QUESTIONS for name in question.titles} == set(TITLES)


@pytest.mark.parametrize("answer", accepted_values("client_credentials"))
def test_a_consent_shows_whether_a_service_account_gets_a_token(answer, fortnox, client):
    box = fortnox(Switches(client_credentials=answer, client_credentials_status=403))
    found = found_by(client(box, consented=True), "client_credentials")
    assert found["client_credentials"].answer == answer


def test_beside_a_consent_it_is_no_company_that_shows_the_refusal(fortnox, client):
    box = fortnox(Switches(client_credentials_status=403))
    found = found_by(client(box, consented=True), "client_credentials")
    assert found["client_credentials_status"].answer == 403


@pytest.mark.parametrize("answer", accepted_values("client_credentials_scope"))
def test_beside_a_consent_an_unknown_scope_is_refused_by_name(answer, fortnox, client):
    box = fortnox(Switches(client_credentials_scope=answer))
    found = found_by(client(box, consented=True), "client_credentials")
    assert found["client_credentials_scope"].answer == answer


@pytest.mark.parametrize("withdraws", [True, False])
def test_a_consent_for_the_probe_shows_whether_revoking_withdraws_it(withdraws, fortnox, client):
    box = fortnox(Switches(revoke_withdraws_consent=withdraws))
    found = {result.name: result for result in probe(client(box, consented=True)).results}
    assert found["revoke_withdraws_consent"].answer is withdraws


def test_a_refresh_token_that_ended_before_shows_nothing_of_revoking(fortnox, client):
    box = fortnox(Switches(revoke_withdraws_consent=True, reuse_revokes_family=True))
    found = {result.name: result for result in probe(client(box, consented=True)).results}
    assert not found["revoke_withdraws_consent"].decided


def test_a_consent_that_was_there_before_is_not_put_at_risk(fortnox, client):
    box = fortnox(Switches(revoke_withdraws_consent=True))
    company = box.state.company().number
    box.state.tokens.consent(Grant(box.client_id, company, 1, SCOPES))
    asking = client(box)
    report = probe(asking)
    asking.signed_in.sign_out()
    found = {result.name: result for result in report.results}
    assert found["client_credentials"].answer == "granted"
    assert "--service-account" in found["revoke_withdraws_consent"].undecided.sv
    assert box.state.tokens.for_service(box.client_id, company, ()) is not None


@pytest.mark.parametrize("status", [403, 400])
def test_a_missing_licence_ends_the_probe_and_is_named(status, fortnox, client):
    box = fortnox(replace(Switches(), missing_licence_status=status))
    asking = client(box)
    box.state.withdraw_licence()
    report = probe(asking)
    found = {result.name: result for result in report.results}
    assert report.error.code == "LICENCE_MISSING"
    assert found["missing_licence_status"].answer == status
    assert not found["payment_row"].decided


@pytest.mark.parametrize("inclusive", [True, False])
def test_watching_decides_zone_and_inclusiveness_together(inclusive, fortnox, client, ticks):
    box = fortnox(Switches(lastmodified_zone="UTC", lastmodified_inclusive=inclusive))
    ticks.meanwhile = changes_while_watched(box, ticks)
    found = found_by(client(box, watch=300.0), *WATCHED)
    assert found["lastmodified_zone"].answer == "UTC"
    assert found["lastmodified_inclusive"].answer is inclusive


def test_a_change_of_this_hour_shows_the_zone_without_watching(fortnox, client):
    """By a clock in UTC it would lie in the future."""
    found = found_by(client(fortnox()), *WATCHED)
    assert found["lastmodified_zone"].answer == "Europe/Stockholm"
    assert not found["lastmodified_inclusive"].decided


def test_an_old_change_shows_no_zone_without_watching(fortnox, client, ticks):
    box = fortnox()
    ticks.seconds += 7200
    found = found_by(client(box), *WATCHED)
    assert "--watch" in found["lastmodified_zone"].undecided.sv


def test_watching_ends_when_nobody_changes_anything(fortnox, client):
    found = found_by(client(fortnox(), watch=60.0), *WATCHED)
    assert found["lastmodified_zone"].undecided is last_modified.NO_CHANGE_WHILE_WATCHING


@pytest.mark.parametrize(("several", "answer"), [(True, True), (False, False)])
def test_two_text_filters_at_once_apply_together_or_are_refused(several, answer, fortnox, client):
    found = found_by(client(fortnox(Switches(several_filters=several))), "two_text_filters")
    assert found["two_text_filters"].answer is answer


def test_a_second_text_filter_that_is_ignored_is_named(fortnox, client):
    box = fortnox()
    body = (
        '{"MetaInformation":{"@TotalResources":1,"@TotalPages":1,"@CurrentPage":1},"Invoices":[{}]}'
    )
    where = Match("GET", "/3/invoices", {"customername": "nosuchtext"})
    box.faults.add(Fault(200, body, "application/json", match=where))
    box.switchboard.set(several_filters=True)
    found = found_by(client(box), "two_text_filters")
    assert found["two_text_filters"].answer == "one_ignored"


def test_unbooked_invoices_among_the_unpaid_are_told(fortnox, client):
    found = found_by(client(fortnox()), "unpaid_with_unbooked")["unpaid_with_unbooked"]
    assert isinstance(found.answer, bool)
    found = found_by(client(fortnox(state=seed.empty())), "unpaid_with_unbooked")
    assert not found["unpaid_with_unbooked"].decided


@pytest.mark.parametrize(("ordinary", "decided"), [(130, False), (600, True)])
def test_only_a_list_of_more_than_500_shows_what_becomes_of_a_limit_above_500(
    fortnox, client, ordinary, decided
):
    found = found_by(client(fortnox(ordinary=ordinary)), "limit_above_500")["limit_above_500"]
    assert found.decided == decided


def test_who_may_not_read_invoices_says_nothing_of_the_limit(fortnox, client):
    box = fortnox(ordinary=600)
    asking = client(box)
    box.state.company().withdrawn.add("invoice")
    found = found_by(asking, "limit_above_500")["limit_above_500"]
    assert found.answer == "clamped"


def test_a_foreign_payment_is_found_although_it_is_not_among_the_newest(fortnox, client):
    box = fortnox()
    company = box.state.company()
    for place in range(1000, 1500):
        invoice(company, place, date(2026, 2, 1))
        pay(company, place, payment_date=date(2026, 2, 2))
    asking = client(box)
    assert {row.currency for row in asking.payments} == {"SEK"}
    found = found_by(asking, "foreign_payment", "list_amount", "unit_divides", "invoice_amounts")
    assert found["foreign_payment"].answer is True
    assert found["list_amount"].answer == "SEK"
    assert found["unit_divides"].answer is False
    assert found["invoice_amounts"].answer == "currency"


def test_the_hauliers_books_say_of_foreign_payments_what_the_switches_say(fortnox, client):
    found = found_by(client(fortnox(state=seed.haulier(NOW))), "foreign_payment", "unit_divides")
    assert found["foreign_payment"].evidence == "in EUR, JPY, NOK"
    assert found["unit_divides"].answer is Switches().unit_divides


def test_where_no_payment_is_foreign_that_is_told_with_the_currencies_asked_for(fortnox, client):
    found = found_by(client(fortnox(state=seed.empty())), "foreign_payment", "list_amount")
    assert found["foreign_payment"].answer is False
    assert "EUR, NOK" in found["foreign_payment"].evidence
    assert not found["list_amount"].decided


def test_no_negative_payment_shows_nothing(fortnox, client):
    found = found_by(client(fortnox(negative=False)), "negative_payments")
    assert "negativ" in found["negative_payments"].undecided.sv


def test_an_empty_company_leaves_questions_undecided_and_ends_well(fortnox, client):
    report = probe(client(fortnox(state=seed.empty())))
    found = {result.name: result for result in report.results}
    assert report.error is None
    assert not found["list_amount"].decided
    assert found["page_beyond_end"].answer == "empty"


@pytest.mark.parametrize(
    ("fault", "sv", "en"),
    [(Fault(502), "502", "502"), (Fault.reset(), "ingen förbindelse", "no connection")],
    ids=["gateway", "reset"],
)
def test_a_question_that_fortnox_never_answers_hides_no_other(fault, sv, en, fortnox, client):
    box = fortnox()
    limit = Match("GET", "/3/invoicepayments", {"limit": "501"})
    box.faults.add(replace(fault, match=limit, times=None))
    report = probe(client(box))
    found = {result.name: result for result in report.results}
    assert report.error is None
    assert f"({sv})" in found["limit_above_500"].undecided.sv
    assert f"({en})" in found["limit_above_500"].undecided.en
    assert found["limit_below_1"].answer == "refused"


@pytest.mark.parametrize(
    "body", [b"[]", b"<html></html>", b'{"InvoicePayments":[1,null,{"a":[]}]}']
)
def test_answers_of_any_form_end_in_a_report(body, fortnox, client):
    box = fortnox()
    strange = Fault(200, body, "application/json", times=None, after=1, match=Match("GET"))
    box.faults.add(strange)
    report = probe(client(box))
    assert len(report.results) == len(TITLES)


# --- What it does to Fortnox -----------------------------------------------------


def test_a_probe_only_reads_stays_inside_the_limit_and_counts_its_requests(fortnox, client):
    box = fortnox()
    report = probe(client(box))
    api = [asked for asked in box.asked if asked.path.startswith("/3/")]
    tokens = [asked for asked in box.asked if asked.path == "/oauth-v1/token"]
    assert {asked.method for asked in api} == {"GET"}
    assert 429 not in {asked.status for asked in api}
    # The exchange of the code was there before the probe.
    assert report.requests == len(api) + len(tokens) - 1
    assert report.requests < 100


def test_a_provoked_probe_counts_its_requests_too(fortnox, client):
    box = fortnox()
    report = probe(client(box, provoke_429=True))
    asked = [one for one in box.asked if one.path.startswith(("/3/", "/oauth-v1/token"))]
    assert report.requests == len(asked) - 1


# --- The command -----------------------------------------------------------------


@pytest.fixture
def run(ticks, capfd):
    """Return a function that runs the command against a sandbox; gives status, output, log."""

    def command(box, *arguments, sign_in=None, **environment):
        def open_browser(address):
            name, person = next(iter(box.state.users.items()))
            act = sign_in or scripted_login.sign_in
            threading.Thread(target=act, args=(address, name, person.password)).start()

        status = main(
            ["probe", *arguments],
            open_browser=open_browser,
            surroundings=Surroundings(
                environment=box.environment() | environment, sleep=ticks.sleep, clock=ticks
            ),
        )
        return status, *capfd.readouterr()

    return command


def test_json_is_the_whole_of_standard_output(fortnox, run):
    status, out, err = run(fortnox(), "--json")
    report = json.loads(out)
    assert status == 0
    assert [one["question"] for one in report["findings"]] == [
        name for question in QUESTIONS for name in question.titles
    ]
    assert "1 av" in err


def test_the_report_is_a_table_in_the_language_asked_for(fortnox, run):
    _, swedish, _ = run(fortnox())
    assert "går inte att avgöra här" in swedish
    assert re.search(r"^\| `page_beyond_end` +\| Sida efter .*\*\*empty\*\*", swedish, re.MULTILINE)
    _, english, _ = run(fortnox(), "--lang", "en")
    assert "undecidable here, because" in english


def test_the_sandbox_behaves_as_the_file_of_switches_says(fortnox, run, tmp_path):
    there = Switches(payment_row="full", page_below_1="first", payment_not_found_code=2000434)
    box, path = fortnox(there), tmp_path / "switches.json"
    assert run(box, "--switches", str(path))[0] == 0
    switches, not_taken = read_switches(path)
    assert switches == there
    # What is told besides is no switch.
    assert {"meta_information", "refresh_works"} <= set(not_taken)
    written = path.read_text(encoding="utf-8")
    assert not [value for value in values_of(box.state) if len(value) > 8 and value in written]


def test_a_file_that_cannot_be_written_is_refused_before_the_login(fortnox, run, tmp_path):
    box = fortnox()
    for path in (tmp_path, tmp_path / "none" / "switches.json"):
        status, _, err = run(box, "--switches", str(path))
        assert status == 2
        assert err.splitlines()[-1].startswith("USAGE: ")
    assert not box.asked


def test_a_file_that_fails_to_be_written_leaves_the_report(fortnox, run, tmp_path, monkeypatch):
    def full(*_given, **_more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    status, out, err = run(fortnox(), "--json", "--switches", str(tmp_path / "switches.json"))
    assert json.loads(out)["complete"] is True
    assert (status, "No space left" in err) == (2, True)


def test_the_login_is_revoked_at_the_end(fortnox, run):
    box = fortnox()
    run(box)
    assert box.state.tokens.valid_refresh_tokens() == 0


def test_the_login_asks_for_no_more_than_it_needs(fortnox, run):
    opened = []

    def look(address, *_person):
        opened.append(address)

    _, _, err = run(fortnox(), "--login-timeout", "0.1", sign_in=look)
    assert parse_qs(urlsplit(opened[0]).query)["scope"] == ["payment invoice"]
    assert "(payment, invoice)" in err


WORD = re.compile(r"[\wÅÄÖåäö.,:-]*\w")


def values_of(state):
    """Collect everything that the books hold, as it could be written."""
    for company in state.companies.values():
        yield from (company.name, str(company.number), company.organisation_number)
        yield from (company.address, company.city, company.zip_code)
        for one in company.invoices():
            yield from (str(one.number), one.reference, one.customer_name, one.customer_number)
            yield from (str(one.total), f"{one.total:f}".rstrip("0").rstrip("."))
            yield from (str(one.invoice_date), str(one.due_date), str(one.balance))
        for one in company.payments():
            yield from (str(one.number), str(one.amount), str(one.in_currency))
            yield from (f"{one.amount:f}".rstrip("0").rstrip("."), str(one.payment_date))
            yield from (str(one.currency_rate), str(one.modified.astimezone(STOCKHOLM))[:16])
            yield from (row.description for row in one.write_offs)
    for user in state.users.values():
        yield from (user.name, user.password)


@pytest.mark.parametrize(
    ("state", "form"),
    [(lambda: seed.haulier(NOW), ["--json"]), (books, [])],
    ids=["haulier", "books"],
)
def test_a_report_holds_nothing_of_the_company_and_no_secret(state, form, fortnox, run):
    box = fortnox(state=state())
    status, out, err = run(box, "--provoke-429", *form)
    # A shorter number than four digits could stand there for another reason, such as a status.
    values = {value for value in values_of(box.state) if len(value) > 3}
    words = set(WORD.findall(out))
    assert status == 0
    assert len(values) > 300
    assert not values & words
    assert not [value for value in values if len(value) > 8 and value in out]
    assert len(box.issued) > 5
    assert not [secret for secret in box.issued if secret in out + err]


def test_unexpected_names_are_masked(fortnox, run):
    """Neither a key, nor a content type, nor an unexpected error name is repeated."""
    box = fortnox()
    odd = {"Kundens Namn 19500101-1234": 1, "message": "Kundens Namn"}
    box.faults.add(
        Fault(
            400,
            json.dumps(odd),
            "application/Kundens Namn",
            match=Match("GET", "/3/nosuchresource"),
            times=None,
        )
    )
    _, out, _ = run(box, "--json")
    assert "Kundens" not in out
    assert "{…, message}" in out


@pytest.mark.parametrize(
    ("arguments", "more", "ended"),
    [
        ([], {"sign_in": scripted_login.refuse}, (3, "LOGIN_REFUSED")),
        (["--login-timeout", "0.1"], {"sign_in": lambda *_: None}, (3, "LOGIN_TIMED_OUT")),
        ([], {"FORTNOX_CLIENT_SECRET": ""}, (2, "CONFIGURATION_MISSING")),
        (["--nonsense"], {}, (2, "USAGE")),
        (["--watch", "-1"], {}, (2, "USAGE")),
        (["--lang", "de"], {}, (2, "USAGE")),
    ],
)
def test_without_a_login_it_ends_with_status_and_code_and_no_report(
    arguments, more, ended, fortnox, run
):
    status, out, err = run(fortnox(), *arguments, **more)
    assert (status, err.splitlines()[-1].partition(": ")[0]) == ended
    assert out == ""


@pytest.mark.parametrize(
    ("fault", "ended", "code"),
    [
        (NO_LICENCE, 4, "LICENCE_MISSING"),
        (Fault(503, match=Match("GET", "/3/*"), times=None), 5, "FORTNOX_UNAVAILABLE"),
    ],
    ids=["licence", "unavailable"],
)
def test_what_ends_it_on_the_way_leaves_an_incomplete_report(fault, ended, code, fortnox, run):
    box = fortnox()
    box.faults.add(fault)
    status, out, err = run(box, "--json")
    assert (status, json.loads(out)["complete"]) == (ended, False)
    assert err.splitlines()[-1].startswith(f"{code}: ")


def test_another_attempt_is_told_in_the_language_asked_for(fortnox, run):
    box = fortnox()
    box.faults.add(Fault.reset(match=Match("GET", "/3/*")))
    _, _, err = run(box)
    assert "Fortnox svarade inte som det ska (ingen förbindelse); försöker igen om" in err


def test_a_login_that_expires_during_the_probe_ends_with_3(fortnox, client, ticks):
    box = fortnox()
    asking = client(box)
    assert asking.newest_page.total
    box.state.tokens.expire_access_tokens()
    box.state.tokens.expire_refresh_tokens()
    report = probe(asking)
    assert isinstance(report.error, LoginFailed)


@pytest.mark.parametrize(
    ("status", "code", "ended"), [(404, 2000434, 1), (400, 2000311, 5), (403, 2003330, 4)]
)
def test_payments_that_may_not_be_listed_end_the_probe(status, code, ended, fortnox, run):
    box = fortnox()
    body = json.dumps({"ErrorInformation": {"error": 1, "message": "Nej.", "code": code}})
    refusal = Fault(status, body, "application/json", match=Match("GET", "/3/*"), times=None)
    box.faults.add(refusal)
    status, _, err = run(box, "--json")
    assert status == ended
    assert re.match("[A-Z_]+: ", err.splitlines()[-1])
    assert "INTERNAL" not in err


def test_cancelling_ends_with_130_and_revokes_the_login(fortnox, run, ticks):
    box = fortnox()

    def cancel():
        raise KeyboardInterrupt

    ticks.meanwhile = cancel
    status, out, err = run(box)
    assert (status, out) == (130, "")
    assert err.splitlines()[-1].startswith("CANCELLED: ")
    assert box.state.tokens.valid_refresh_tokens() == 0


def test_the_command_takes_the_answer_from_standard_input(fortnox):
    """As a program of its own; without a licence, so that it need not wait for its turns."""
    box = fortnox()
    box.faults.add(NO_LICENCE)
    with subprocess.Popen(
        [sys.executable, "-m", "opter_fortnox_plugin", "probe", "--no-browser", "--json"],
        env={"PYTHONUTF8": "1"} | box.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as child:
        address = re.search(r"http\S+", child.stderr.readline()).group()
        back = scripted_login.callback_url(address, "ida", "hemligt")
        out, err = child.communicate(f"http://example.invalid/\n{back}\n", timeout=60)
    assert child.returncode == 4
    assert json.loads(out)["findings"]
    assert "Adressen är inte svaret" in err


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--no-browser"], "INPUT_ENDED")]
    + [([], "NO_WINDOW")] * (sys.platform not in {"darwin", "win32"}),  # there is a screen there
    ids=str,
)
def test_where_nobody_can_answer_nobody_is_waited_for(fortnox, options, code):
    screens = {"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"}
    environment = {name: text for name, text in os.environ.items() if name not in screens}
    done = subprocess.run(
        [sys.executable, "-m", "opter_fortnox_plugin", "probe", *options],
        env=environment | {"PYTHONUTF8": "1"} | fortnox().environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith(f"{code}: ")
    assert "--no-browser" in done.stderr


def test_output_is_utf8_whatever_the_locale_is():
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment = {name: text for name, text in os.environ.items() if "FORTNOX" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "opter_fortnox_plugin", "doctor", "--lang", "sv", "--no-browser"],
        env=environment | ascii_only,
        capture_output=True,
        check=False,
    )
    assert "värdet finns i Fortnox utvecklarportal" in done.stdout.decode("utf-8")


# --- Without a client ---------------------------------------------------------------


@given(st.datetimes(wall(2000, 1, 2), wall(2026, 1, 1)))
def test_the_latest_minute_is_found(moment):
    minute = moment.replace(second=0, microsecond=0)
    asked = []

    def found(at):
        asked.append(at)
        return at <= minute

    assert latest_minute(found, wall(2026, 1, 1, 2)) == minute
    assert len(asked) < 40


def test_nothing_is_found_in_thirty_years():
    assert latest_minute(lambda _at: False, wall(2026, 1, 1)) is None


def test_a_change_of_this_very_minute_shows_that_it_is_included():
    now = datetime(2026, 1, 7, 12, 0, 30, tzinfo=UTC)
    assert possible_meanings(wall(2026, 1, 7, 13, 0), None, now) == {
        Meaning("Europe/Stockholm", True)
    }


def test_a_minute_that_fits_no_clock_has_no_meaning():
    now = datetime(2026, 1, 7, 12, 0, 30, tzinfo=UTC)
    assert possible_meanings(wall(2026, 1, 7, 20, 0), None, now) == set()


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 3, 30, 12, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 12, tzinfo=UTC), date(2025, 3, 30)),
        (datetime(2026, 2, 1, tzinfo=UTC), date(2025, 3, 30)),
        (datetime(2024, 12, 1, tzinfo=UTC), date(2024, 3, 31)),
    ],
)
def test_the_last_spring_is_a_sunday_that_is_over(now, day):
    assert last_spring(now) == day


def test_a_quiet_night_shows_nothing_of_summer_time():
    with pytest.raises(Undecided):
        comparison(4, 4, 4)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", "empty"),
        (b"Too many", "text"),
        (b"<p>Too many</p>", "html"),
        (b"[1]", "[]"),
        (b'{"message":"x"}', "{message}"),
        (b'{"a":{"b":[1],"c d":2}}', "{a{b[], …}}"),
    ],
)
def test_a_body_is_described_by_its_form(body, form):
    assert body_form(body) == form


def test_the_form_of_a_wide_body_is_cut():
    body = json.dumps({f"key_{letter}": 1 for letter in "abcdefghijkl"}).encode()
    assert body_form(body).endswith("key_h, …}")


def test_a_content_type_that_is_none_is_not_repeated():
    assert content_type(response(200, b"", **{"content-type": "Kundens Namn"})) == "strange"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", (None, "none")),
        ("7", (7, "seconds")),
        ("Tue, 03 Feb 2026 08:15:40 GMT", (10, "date")),
        ("soon, you", (None, "strange")),
    ],
)
def test_retry_after_has_seconds_and_a_form(text, answer):
    assert retry_after(text, datetime(2026, 2, 3, 8, 15, 30, tzinfo=UTC)) == answer


def test_a_429_in_the_style_of_errors_is_the_applications():
    body = {"ErrorInformation": {"error": 1, "message": "x", "code": 1}}
    assert body_kind(response(429, body)) == "application"


def test_codes_of_both_kinds_are_both():
    found = {one.name: one.answer for one in spelling([(400, {"code": 1}), (404, {"Code": "1"})])}
    assert found == {"codes_as_text": "both", "error_casing": "400 lower, 404 upper"}
