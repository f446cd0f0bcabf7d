"""Why an invoice is not paid: what Fortnox has now, what became of it here, and what would help."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal

import pytest
import two_companies
from fake_plugin import FakePlugin, invoice, payment
from host_and_plugin import host_of as host_over
from host_and_plugin import refusal, row_of, rows_of
from two_companies import (
    NOON,
    NORTH,
    add_invoice,
    define,
    exported,
    host_of,
    ocr_of,
    pay,
)

from hostsim.ledger.reasons import REASONS
from hostsim.messages import explanations
from hostsim.messages.explanations import remaining
from hostsim.sandbox import WriteOff
from hostsim.storage.store import Store
from hostsim.views.explanation import entry_line, write_explanation
from hostsim.views.output import Output

NAME = "Nord"

state, company, sandbox = two_companies.state, two_companies.company, two_companies.sandbox
store, person = two_companies.store, two_companies.person


@pytest.fixture
def host(store, sandbox, person):
    host = host_of(store, sandbox, person)
    define(host, NAME, "Nord")
    return host


def import_and_save(host, name=NAME):
    host.import_payments(name)
    host.save(name)


def told(host, number, **more):
    """Return the outcome of each payment of an invoice, with its reason."""
    return {
        one.number: (one.outcome, one.reason)
        for one in host.why(str(number), NAME, **more).payments
    }


def test_an_invoice_that_is_paid_says_by_which_payment_in_which_run_by_whom_and_when(host, company):
    pay(company, 1001)
    import_and_save(host)
    found = host.why("1001")
    [one] = found.payments
    assert (one.number, one.outcome, one.to_do) == ("1", "registered", None)
    assert one.here[0].status == "exact"
    assert (one.last_seen.user, one.last_seen.run_id) == ("kim", next(host.runs()).id)
    assert one.at_source.amount == one.here[0].amount == Decimal(1000)
    assert "helt betald" in found.summary.sv


@pytest.mark.parametrize("offline", [False, True])
def test_what_remains_in_fortnox_is_printed_where_fortnox_was_asked(host, company, offline):
    pay(company, 1001, 400)
    stream = io.StringIO()
    write_explanation(Output(stream, "en"), host.why("1001", NAME, offline=offline))
    printed = re.sub(" +", " ", stream.getvalue())
    assert "Remaining 1,000.00 SEK" in printed
    assert ("Remaining in Fortnox 600.00 SEK" in printed) is not offline


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("5", "Kreditfaktura: kunden har 5,00 SEK till godo"),
        ("0", "Kreditfakturan är helt reglerad"),
        ("-5", "Kreditfaktura: 5,00 SEK för mycket är återbetalt"),
    ],
)
def test_a_credit_note_says_what_the_customer_is_owed(left, said):
    assert remaining(Decimal(left), "SEK", credit=True).sv == said


def test_a_payment_that_is_not_booked_has_to_be_booked_in_fortnox(host, company):
    pay(company, 1001, booked=False)
    import_and_save(host)
    [one] = host.why("1001").payments
    assert (one.outcome, one.reason) == ("rejected", "not-booked")
    assert "Bokför" in one.to_do.sv
    assert "Book the payment" in one.to_do.en
    assert one.last_seen.user == "kim"


def test_what_changed_in_fortnox_since_the_import_is_reported_as_it_is_now(host, company):
    pay(company, 1001, booked=False)
    import_and_save(host)
    company.book_payment(1)
    assert told(host, 1001) == {"1": ("not-read", None)}
    host.import_payments(NAME)
    assert told(host, 1001) == {"1": ("in-preview", None)}


CREDIT = 3001


@pytest.fixture(params=["here", "elsewhere"])
def credit(request, store, company):
    """A credit note in Fortnox, which is here, too, or not."""
    add_invoice(company, CREDIT, total=Decimal(-1000))
    if request.param == "here":
        store.load_invoices([exported(CREDIT, "Nord", total=Decimal(-1000))])
    return request.param


def settle(company, **credit):
    """Settle invoice 1001 against the credit note."""
    number = pay(company, 1001, source="finance").number
    pay(company, CREDIT, "-1000", **credit)
    return str(number)


@pytest.mark.parametrize("booked", [True, False])
def test_half_of_a_settlement_that_no_import_read_is_never_to_be_paid_back(
    host, company, credit, booked
):
    pay(company, 1001)
    import_and_save(host)
    half = settle(company, booked=booked)
    [one] = [each for each in host.why("1001").payments if each.number == half]
    row = row_of(host.import_payments(NAME), half)
    assert (one.reason, one.message) == (row.reason, row.message)
    assert one.reason == "settlement-blocked"
    assert "Betala tillbaka" not in one.to_do.sv


def test_a_settlement_that_no_import_read_is_said_to_be_ready_as_the_import_will(
    host, company, credit
):
    half = settle(company)
    told_of_both = told(host, 1001) | told(host, CREDIT)
    expected = {
        "here": ("not-read", None),
        "elsewhere": ("rejected", "settled-against-credit"),
    }[credit]
    assert told_of_both == {half: expected, "2": expected}


def test_of_two_settlements_of_one_credit_note_the_second_is_what_the_import_says(
    host, company, credit
):
    settle(company)
    day = date(2026, 3, 3)
    half = str(pay(company, 1002, payment_date=day).number)
    pay(company, CREDIT, "-1000", payment_date=day)
    says = told(host, 1002)
    import_says = {row.payment_number: row for row in rows_of(host.import_payments(NAME))}
    assert {number: reason for number, (_, reason) in says.items()} == {
        half: import_says[half].reason
    }


def test_of_a_credit_note_that_is_not_here_only_its_own_payments_are_told(host, company):
    add_invoice(company, CREDIT, total=Decimal(-1000))
    pay(company, 1001, "400")
    import_and_save(host)
    pay(company, 1001, "600", source="finance")
    pay(company, CREDIT, "-600")
    assert told(host, CREDIT) == {"3": ("rejected", "settled-against-credit")}
    assert host.why(str(CREDIT)).invoice is None


def test_a_payment_beside_a_settlement_of_the_same_amount_is_what_the_import_says(
    host, company, credit
):
    """A half settles one other half alone."""
    half = settle(company)
    pay(company, 1002)
    says = told(host, 1001) | told(host, 1002)
    import_says = {row.payment_number: row for row in rows_of(host.import_payments(NAME))}
    assert says["3"] == ("not-read", None)
    assert import_says["3"].status == "exact"
    assert says[half][1] == import_says[half].reason


def test_where_a_part_is_settled_the_rest_is_to_be_paid(host, company):
    add_invoice(company, CREDIT, total=Decimal(-1000))
    pay(company, 1001, "400", source="finance")
    pay(company, CREDIT, "-400")
    summary = host.why("1001").summary.sv
    assert "en del av den kvittad mot en kreditfaktura" in summary
    assert "påminn inte" not in summary


def test_what_an_import_has_judged_is_said_though_other_halves_could_not_be_searched(host, company):
    pay(company, 1001)
    import_and_save(host)
    again = str(pay(company, 1001).number)
    for number in range(4000, 4051):
        add_invoice(company, number, total=Decimal(-1000))
    host.import_payments(NAME)
    [one] = [each for each in host.why("1001").payments if each.number == again]
    assert "Betala tillbaka" in one.to_do.sv


def test_what_was_paid_twice_is_to_be_paid_back_also_beside_a_settlement_of_another_day(
    host, company, credit
):
    pay(company, 1001)
    import_and_save(host)
    settle(company, payment_date=date(2026, 3, 3))
    [one] = [each for each in host.why("1001").payments if each.number == "2"]
    assert one.reason == "invoice-already-paid"
    assert "Betala tillbaka" in one.to_do.sv


@pytest.mark.parametrize("paid", [True, False])
def test_where_other_halves_could_not_be_searched_nothing_is_promised(host, company, paid):
    """Neither that it can be saved, nor that it was paid twice."""
    if paid:
        pay(company, 1001)
        import_and_save(host)
    half = pay(company, 1001).number
    for number in range(4000, 4051):
        add_invoice(company, number, total=Decimal(-1000))
    [one] = [each for each in host.why("1001").payments if each.number == str(half)]
    assert one.to_do.sv.startswith("Den kan vara halva av en kvittning mot en kreditfaktura")


def test_a_payment_of_before_the_setting_is_found_however_old_it_is(host, company):
    pay(company, 1001, payment_date=date(2026, 1, 15))
    import_and_save(host)
    assert told(host, 1001) == {"1": ("ignored", "before-date")}


def test_an_invoice_number_below_the_setting_says_so(host, company):
    pay(company, 900)
    assert told(host, 900) == {"1": ("ignored", "below-number")}


def test_an_open_period_has_to_be_closed(host, store, company):
    store.load_invoices([exported(1001, "Nord", period_closed=False)])
    pay(company, 1001)
    assert told(host, 1001) == {"1": ("rejected", "period-open")}


def test_a_payment_in_another_currency_than_the_invoice_says_so(host, company):
    add_invoice(company, 1011, currency="EUR", total=Decimal(100))
    pay(
        company, 1011, "1125", currency="EUR", currency_rate=Decimal("11.25"),
        amount_currency=Decimal(100),
    )  # fmt: skip
    host.store.load_invoices([exported(1011, "Nord")])
    [one] = host.why("1011").payments
    assert (one.reason, one.at_source.amount_currency) == ("currency-differs", Decimal(100))


def test_a_payment_that_cannot_be_read_is_reported_too(host, company):
    pay(company, 1001, wire={"Amount": "API_NORIGHT"})
    assert told(host, 1001) == {"1": ("rejected", "unreadable")}


def test_write_offs_are_fetched_as_in_an_import(host, company):
    off = WriteOff(amount=Decimal(10), account=3740, description="öre")
    pay(company, 1001, "990", write_offs=(off,))
    [one] = host.why("1001").payments
    assert [row.amount for row in one.at_source.write_offs] == [Decimal(10)]


def test_an_invoice_that_the_host_does_not_have_is_asked_for_all_the_same(host, company):
    pay(company, 5001)
    found = host.why("5001")
    assert found.invoice is None
    assert "läs in den" in found.summary.sv
    assert told(host, 5001) == {"1": ("rejected", "invoice-not-found")}


def test_a_payment_by_ocr_is_found_by_the_hosts_number(host, store, company):
    store.load_invoices([exported(17, "Nord", ocr=company.invoice(5001).reference)])
    pay(company, 5001)
    assert told(host, 17) == {"1": ("not-read", None)}


def test_a_payment_by_ocr_is_found_by_fortnoxs_number(host, store, company):
    store.load_invoices([exported(17, "Nord", ocr=company.invoice(5001).reference)])
    pay(company, 5001)
    found = host.why("5001", NAME)
    assert found.invoice.number == "17"
    assert [one.outcome for one in found.payments] == ["not-read"]
    import_and_save(host)
    assert host.why("5001", NAME, offline=True).invoice.number == "17"


def test_a_payment_that_was_changed_in_fortnox_has_both_values(host, company):
    pay(company, 1001, "400")
    import_and_save(host)
    company.change_payment(1, amount=Decimal(450))
    [one] = host.why("1001").payments
    assert (one.outcome, one.reason) == ("registered", "changed-in-fortnox")
    assert (one.at_source.amount, one.here[0].amount) == (Decimal(450), Decimal(400))


def test_no_payment_at_all_says_where_to_look(host):
    assert "Fortnox har ingen betalning" in host.why("1001").summary.sv


def test_it_takes_a_handful_of_requests_and_leaves_nothing_behind(host, store, company):
    pay(company, 1001)
    import_and_save(host)
    before = list(store.db.iterdump())
    found = host.why("1001")
    after = [line for line in store.db.iterdump() if "pace/" not in line]
    assert after == [line for line in before if "pace/" not in line]
    assert found.requests <= 5


def test_nothing_is_left_behind_when_it_fails_either(host, store, state):
    state.withdraw_licence(NORTH)
    with pytest.raises(Exception, match="LICENCE_MISSING"):
        host.why("1001")
    assert list(host.runs()) == []


def test_a_search_that_is_refused_is_told_and_no_payment_is_denied(host, state):
    state.company(NORTH).forbidden.add("invoice")
    found = host.why("1001")
    assert found.payments == ()
    assert "not everything could be asked" in found.summary.en
    assert "has no payment" not in found.summary.en
    [note] = [one for one in found.notes if "OCR" in one.en]
    assert "RIGHT_MISSING" in note.en


def test_offline_nobody_is_asked_and_it_is_said(host, person, company):
    pay(company, 1001)
    pay(company, 1002, booked=False)
    import_and_save(host)
    before = person.logins
    assert told(host, 1001, offline=True) == {"1": ("registered", None)}
    found = host.why("1002", offline=True)
    assert [(one.outcome, one.reason) for one in found.payments] == [("rejected", "not-booked")]
    assert not found.asked
    assert "inte tillfrågat" in found.summary.sv
    assert person.logins == before


def test_a_kept_login_is_used(host, person, company):
    define(host, "Stannar", "Nord", sign_in="stay")
    host.why("1001", "Stannar")
    host.why("1002", "Stannar")
    assert person.logins == 1


# --- Which import is asked ---


def test_the_only_definition_whose_region_fits_is_asked(host):
    define(host, "Syd", "Syd")
    caught = refusal(host.why, "1001", offline=True)
    assert caught.code == "WHY_WHICH"
    assert "Nord, Syd" in caught.message.sv
    assert host.why("1001", region="Syd", offline=True).question.definition.name == "Syd"


def test_an_invoice_of_another_region_is_reported_to_be_another_invoice(host, store):
    store.load_invoices([exported(3001, "Syd")])
    found = host.why("3001", NAME, offline=True)
    assert found.invoice is None
    assert "men i region Syd" in found.summary.sv


def test_without_a_definition_what_is_known_here_is_reported(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001")])
        found = host_over(store).why("1001")
    assert found.not_asked == explanations.NO_DEFINITION
    assert found.invoice.number == "1001"


def test_a_plug_in_that_does_not_know_the_question_leaves_what_is_known_here(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001")])
        host = host_over(store, FakePlugin(payments=[payment(3)]))
        host.define("Fortnox", "Fake", "API", "", {})
        import_and_save(host, "Fortnox")
        found = host.why("1001")
    assert (found.asked, found.not_asked) == (False, explanations.CANNOT_ASK)
    assert [one.outcome for one in found.payments] == ["registered"]


# --- What a person decided (the tables are filled by hand here) ---


def decide(store, *, number=None, first_invoice=None, last_invoice=None):
    with store.change() as db:
        db.execute(
            "INSERT INTO decisions (definition, company, decision, number, first_invoice,"
            " last_invoice, why, user, at) VALUES (?, ?, 'set-aside', ?, ?, ?, ?, 'kim', ?)",
            (NAME, NORTH, number, first_invoice, last_invoice, "räntefaktura", NOON.isoformat()),
        )


@pytest.mark.parametrize(
    "which", [{"number": "1"}, {"first_invoice": "5000", "last_invoice": "5999"}]
)
def test_a_payment_that_was_set_aside_says_by_whom_and_why(host, store, company, which):
    pay(company, 5001)
    import_and_save(host)
    decide(store, **which)
    [one] = host.why("5001").payments
    assert one.outcome == "set-aside"
    assert (one.decisions[0].why, one.decisions[0].user) == ("räntefaktura", "kim")
    assert "ta tillbaka den" in one.to_do.sv


def test_a_payment_that_was_deleted_here_says_so(host, store, company):
    pay(company, 1001)
    import_and_save(host)
    with store.change() as db:
        db.execute(
            "UPDATE payments SET state = 'deleted', deleted_by = 'eva',"
            " deleted_at = '2026-04-21T08:00:00+00:00'"
        )
    [one] = host.why("1001", offline=True).payments
    assert (one.outcome, one.here[0].deleted_by) == ("deleted", "eva")
    assert "ta in den på nytt" in one.to_do.sv


# --- In words ---


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_of_an_import_says_what_would_have_to_happen(reason):
    assert REASONS[reason].to_do.sv.endswith(".")
    assert REASONS[reason].to_do.en.endswith(".")


# --- A payment that was moved to another invoice in Fortnox ---


@pytest.fixture
def moved(host, company):
    """A payment of 1001 that was saved, and pays 1002 in Fortnox now."""
    pay(company, 1001, "400")
    host.import_payments(NAME)
    host.save(NAME)
    company.change_payment(1, invoice_number=1002)


def the_one(host, **more):
    [one] = host.why("1001", NAME, **more).payments
    return one


def test_a_payment_that_left_the_invoice_is_to_be_imported_and_never_to_be_deleted(host, moved):
    one = the_one(host)
    assert (one.outcome, one.reason) == ("registered", "changed-in-fortnox")
    assert "fakturanummer registrerat 1001, nu 1002" in one.message.sv
    assert "Läs in igen" in one.to_do.sv
    assert "ta bort" not in one.to_do.sv
    assert "delete it" not in one.to_do.en


def test_once_read_it_says_which_invoice_it_pays_now_and_that_accept_or_keep_decide(host, moved):
    host.import_payments(NAME)
    one = the_one(host)
    assert (one.outcome, one.reason) == ("registered", "changed-in-fortnox")
    assert "fakturanummer registrerat 1001, nu 1002" in one.message.sv
    assert "godkänn den" in one.to_do.sv
    assert "keep what is registered" in one.to_do.en


def test_the_same_is_said_after_the_list_was_saved_without_a_decision(host, moved):
    host.import_payments(NAME)
    host.save(NAME)
    assert (the_one(host).outcome, the_one(host).reason) == ("registered", "changed-in-fortnox")


def test_once_kept_nothing_is_left_to_do(host, moved):
    host.import_payments(NAME)
    host.decide(NAME, "1", "keep")
    for offline in (False, True):
        one = the_one(host, offline=offline)
        assert (one.outcome, one.reason, one.to_do) == ("registered", None, None)
        assert "behålls som den är" in one.message.sv
        assert "fakturanummer registrerat 1001, nu 1002" in one.message.sv


@pytest.mark.parametrize("saved", [False, True])
def test_the_invoice_that_it_pays_there_may_be_paid_with_one_that_is_kept(host, moved, saved):
    host.import_payments(NAME)
    host.decide(NAME, "1", "keep")
    if saved:
        host.save(NAME)
    for offline in (False, True):
        [one] = host.why("1002", NAME, offline=offline).payments
        assert one.outcome == "registered"
        assert "fakturanummer registrerat 1001, nu 1002" in one.message.sv
        assert "den här kan alltså vara betald" in one.to_do.sv
        assert "faktura 1001" in entry_line(one.here[0], "sv")


def test_a_payment_that_moved_and_then_was_accepted_is_reversed_here(host, moved):
    host.import_payments(NAME)
    host.decide(NAME, "1", "accept")
    host.save(NAME)
    assert "reversal" in the_one(host).outcome


# --- By an invoice's OCR ---


def test_the_ocr_of_an_invoice_here_finds_it(host, company):
    pay(company, 1001)
    found = host.why(ocr_of(1001), NAME)
    assert (found.invoice.number, found.question.number) == ("1001", "1001")
    assert [one.outcome for one in found.payments] == ["not-read"]


def test_the_ocr_is_found_without_the_name_of_the_import_and_with_spaces_in_it(host):
    ocr = ocr_of(1001)
    assert host.why(f" {ocr[:2]} {ocr[2:]} ", offline=True).invoice.number == "1001"


@pytest.mark.parametrize(
    ("loaded", "found"),
    [
        ([exported(17, "Nord", ocr="77777"), exported(18, "Nord", ocr="77777")], None),
        ([exported(17, "Syd", ocr="77777")], None),
        ([exported(77777, "Nord"), exported(18, "Nord", ocr="77777")], "77777"),
    ],
    ids=["of two invoices", "of another region", "that is a number, too"],
)
def test_an_ocr_is_that_of_one_invoice_of_the_region_unless_it_is_its_number(
    host, store, loaded, found
):
    store.load_invoices(loaded)
    invoice = host.why("77777", NAME, offline=True).invoice
    assert (invoice and invoice.number) == found
