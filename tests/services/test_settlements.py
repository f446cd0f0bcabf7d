"""What is said of a settlement that cannot be saved: the same in each place, and no money."""

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from fake_plugin import NEW_YEAR, AnsweringPlugin, balance, invoice, payment
from host_and_plugin import (
    MinuteClock,
    importing_host,
    outcomes,
    reads,
    refusal,
    remaining,
    row_of,
    saves,
)

from hostsim.ledger.candidates import Refusal
from hostsim.ledger.reasons import possible_decisions
from hostsim.services.outcomes import REJECTED, to_do_of
from hostsim.storage import judging
from hostsim.views.explanation import write_explanation
from hostsim.views.output import Output
from hostsim.views.preview import PREVIEW

BLOCKED = "settlement-blocked"
SETTLED = "settled-against-credit"
HERE, ELSEWHERE = "3001", "9999"  # the credit note


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "1200"), invoice(HERE, "-1000")]


@pytest.fixture
def plugin():
    return AnsweringPlugin()


@pytest.fixture
def host(store, plugin):
    return importing_host(store, plugin, clock=MinuteClock())


def halves(credit, debit="1001"):
    values = {"date": NEW_YEAR.replace(day=20), "customer_number": "7"}
    return [payment(11, debit, **values), payment(12, credit, "-1000", **values)]


def settled_though_paid(host, plugin, credit):
    """Save the payment of an invoice, and then read its settlement."""
    saves(host, plugin, payment(1))
    return reads(host, plugin, payment(1), *halves(credit))


def advice_in_the_list(host, number):
    row = row_of(host.open_preview("Fortnox"), number)
    decisions = [one for one in host.decisions("Fortnox") if one.number == number]
    return (
        row.reason,
        row.message,
        to_do_of(REJECTED, Refusal(row.reason, row.message, row.obstacle), decisions),
    )


def advice_at_the_invoice(host, invoice_number, number, *, offline):
    [one] = [
        one for one in host.why(invoice_number, offline=offline).payments if one.number == number
    ]
    return one.reason, one.message, one.to_do


def everything_said(host, credit):
    said = []
    for number, invoice_number in (("11", "1001"), ("12", credit)):
        listed = advice_in_the_list(host, number)
        for offline in (False, True):
            assert advice_at_the_invoice(host, invoice_number, number, offline=offline) == listed
        said.append(listed)
    return said


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_a_settlement_of_an_invoice_that_is_paid_says_so_and_never_to_pay_back(
    host, plugin, credit
):
    settled_though_paid(host, plugin, credit)
    for reason, message, advice in everything_said(host, credit):
        assert reason == BLOCKED
        assert "Faktura 1001 är redan betald här" in message.sv
        assert "Ångra kvittningen i Låtsas" in message.sv
        assert "Fakturan är redan betald" not in message.sv
        assert "Betala tillbaka" not in advice.sv
        assert "Registrera krediten" not in advice.sv
        assert possible_decisions(reason) == ("set-aside",)
    assert refusal(host.decide, "Fortnox", "12", "accept").code == "DECISION_DOES_NOT_FIT"


def test_the_list_names_the_other_half_on_the_page_and_on_a_terminal(host, plugin):
    settled_though_paid(host, plugin, ELSEWHERE)
    preview = host.open_preview("Fortnox")
    row = row_of(preview, "11")
    [*_, column] = PREVIEW["rejected"]
    stream = io.StringIO()
    write_explanation(Output(stream, "sv"), host.why("1001"))
    assert "hör ihop med betalning 12 på faktura 9999" in row.message.sv
    assert column.cell(row, "sv") == row.message.sv
    assert f"Orsak: {row.message.sv}\n" in stream.getvalue()


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_a_settlement_that_can_be_saved_is_said_to_be_so_everywhere(host, plugin, credit):
    reads(host, plugin, *halves(credit))
    if credit == ELSEWHERE:
        assert [reason for reason, *_ in everything_said(host, credit)] == [SETTLED, SETTLED]
        host.decide("Fortnox", "12", "accept")
    for offline in (False, True):
        [half] = [one for one in host.why("1001", offline=offline).payments if one.number == "11"]
        assert (half.outcome, half.reason) == ("in-preview", None)


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_so_it_is_said_once_the_list_is_closed(host, plugin, credit):
    settled_though_paid(host, plugin, credit)
    listed = [advice_in_the_list(host, number) for number in ("11", "12")]
    host.save("Fortnox")
    for offline in (False, True):
        told = [
            advice_at_the_invoice(host, invoice_number, number, offline=offline)
            for number, invoice_number in (("11", "1001"), ("12", credit))
        ]
        assert told == listed


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_what_is_set_aside_gives_the_reason_of_the_list(host, plugin, credit):
    settled_though_paid(host, plugin, credit)
    host.set_aside("Fortnox", ["11"])
    row = row_of(host.open_preview("Fortnox"), "12")
    for offline in (False, True):
        [half] = host.why(credit, offline=offline).payments
        assert (half.outcome, half.reason, half.message) == ("set-aside", row.reason, row.message)


def test_who_accepts_what_is_no_change_is_told_of_none(host, plugin):
    settled_though_paid(host, plugin, HERE)
    refused = refusal(host.decide, "Fortnox", "11", "accept")
    assert "att godkänna den går inte för den" in refused.message.sv


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_once_the_payment_here_is_deleted_the_settlement_can_be_saved(host, plugin, store, credit):
    settled_though_paid(host, plugin, credit)
    [paid] = store.payments()
    host.delete_payment(paid.id, why="fel")
    preview = reads(host, plugin, payment(1), *halves(credit))
    if credit == ELSEWHERE:
        preview = host.decide("Fortnox", "12", "accept")
    assert preview.counts["ready"] == 2
    host.save("Fortnox")
    assert remaining(store, "1001") == 0


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_once_the_payment_there_is_deleted_the_settlement_takes_its_place(
    host, plugin, store, credit
):
    settled_though_paid(host, plugin, credit)
    plugin.deleted = {"1"}
    reads(host, plugin, *halves(credit))
    assert "fanns redan bredvid den borttagna" in advice_in_the_list(host, "11")[2].sv
    preview = host.decide("Fortnox", "11", "accept")
    assert preview.counts["ready"] == 2
    host.save("Fortnox")
    assert remaining(store, "1001") == 0


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_what_was_undone_or_changed_there_since_the_list_is_a_half_no_longer(host, plugin, credit):
    settled_though_paid(host, plugin, credit)
    plugin.payments = []
    assert host.why(credit).payments[0].outcome == "gone-from-invoice"
    plugin.payments = [payment(11, amount="900")]
    assert {one.number: one.reason for one in host.why("1001").payments}["11"] != BLOCKED


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
@pytest.mark.parametrize("other_half", [[], [payment(12, ELSEWHERE, "-900")]], ids=len)
def test_a_half_whose_other_half_was_deleted_or_changed_there_is_money(
    host, plugin, credit, other_half
):
    debit, _ = halves(credit)
    reads(host, plugin, *halves(credit))
    plugin.payments = [debit, *other_half]
    found = host.why("1001")
    assert "kvittad" not in found.summary.sv
    assert [(one.number, one.reason) for one in found.payments] == [("11", None)]
    assert outcomes(reads(host, plugin, debit, *other_half))["11"] == "exact"


def test_what_came_between_after_the_credit_was_accepted_is_said(host, plugin):
    reads(host, plugin, *halves(ELSEWHERE))
    host.decide("Fortnox", "11", "accept")
    host.add_payment("1001", Decimal(1000), date=NEW_YEAR, confirm=True)
    for _, message, advice in everything_said(host, ELSEWHERE):
        assert "Faktura 1001 är redan betald här" in message.sv
        assert "Orsaken säger vad som hindrar" in advice.sv
        assert "Registrera krediten" not in advice.sv


def test_a_decided_half_that_has_to_be_read_again_says_so(host, plugin):
    saves(host, plugin, *halves(ELSEWHERE))
    plugin.payments, plugin.source = [], {}
    host.import_payments("Fortnox")
    host.decide("Fortnox", "11", "accept")
    for number in ("11", "12"):
        _, message, advice = advice_in_the_list(host, number)
        assert message.sv.startswith("Avgjord, men hämtas på nytt")
        assert advice.sv.startswith("Den är avgjord och tas in när du sparar")


def test_a_half_that_is_taken_again_is_said_to_be_ready(host, plugin):
    run_id = saves(host, plugin, *halves(HERE))
    host.undo_save(run_id, why="fel")
    host.take_save_again("Fortnox", run_id)
    reads(host, plugin, *halves(HERE))
    for offline in (False, True):
        assert [one.outcome for one in host.why(HERE, offline=offline).payments] == ["in-preview"]


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
@pytest.mark.parametrize("half", [0, 1], ids=["debit", "credit"])
def test_a_half_that_is_made_again_there_settles_what_the_deleted_one_did(
    host, store, plugin, credit, half
):
    registered = halves(credit)
    reads(host, plugin, *registered)
    if credit == ELSEWHERE:
        host.decide("Fortnox", "11", "accept")
    host.save("Fortnox")
    deleted = registered[half]
    plugin.deleted = {deleted.key.number}
    again = replace(deleted, key=replace(deleted.key, number="13"))
    assert outcomes(reads(host, plugin, again)) == {"13": "replaced"}
    row = row_of(host.decide("Fortnox", "13", "accept"), "13")
    assert row.status == SETTLED
    assert "Inga pengar kom in" in row.warning.sv
    assert f"hör ihop med betalning {registered[1 - half].key.number}" in row.warning.sv
    host.save("Fortnox")
    assert remaining(store, "1001") == 0


@pytest.mark.parametrize(("decision", "status"), [("accept", SETTLED), ("confirm", "exact")])
def test_one_that_is_made_again_of_another_day_settles_it_once_that_is_accepted(
    host, plugin, store, decision, status
):
    reads(host, plugin, *halves(HERE))
    host.save("Fortnox")
    store.load_invoices([invoice("1001", "2000")])
    plugin.deleted = {"11"}
    assert outcomes(reads(host, plugin, payment(13, customer_number="7"))) == {"13": "replaced"}
    assert outcomes(host.decide("Fortnox", "13", decision)) == {"13": status}
    assert outcomes(host.save("Fortnox")) == {"13": status}


def test_so_it_does_not_where_the_other_half_is_deleted_there_too(host, plugin):
    reads(host, plugin, *halves(HERE))
    host.save("Fortnox")
    plugin.deleted, plugin.unpaid = {"11", "12"}, [balance(HERE, "-1000", "-1000")]
    reads(host, plugin, payment(13, customer_number="7"))
    assert outcomes(host.decide("Fortnox", "13", "accept")) == {"13": "exact"}


def test_a_half_that_is_taken_again_without_the_other_says_that_it_was_one(host, plugin):
    saved = saves(host, plugin, *halves(HERE))
    host.undo_save(saved, why="fel")
    debit, _ = halves(HERE)
    plugin.payments, plugin.source = [], {"11": debit}
    host.take_save_again("Fortnox", saved)
    row = row_of(host.import_payments("Fortnox"), "11")
    assert row.status == "exact"
    assert "halva av en kvittning" in row.warning.sv


def test_a_settlement_with_a_credit_note_that_is_used_up_names_the_credit_note(host, plugin):
    saves(host, plugin, payment(2, HERE, "-1000"))
    preview = reads(host, plugin, payment(2, HERE, "-1000"), *halves(HERE))
    assert outcomes(preview) == {"2": "already-imported", "11": BLOCKED, "12": BLOCKED}
    assert "Kreditfaktura 3001 är redan reglerad här" in row_of(preview, "11").message.sv


def test_a_settlement_of_what_a_payment_that_was_left_out_pays_names_that(host, plugin):
    reads(host, plugin, payment(1), *halves(HERE))
    preview = host.leave_out("Fortnox", ["1"])
    assert "med en betalning som är urkryssad" in row_of(preview, "11").message.sv
    assert row_of(preview, "12").reason == BLOCKED


# --- What the summary says ---


@pytest.mark.parametrize("credit", [HERE, ELSEWHERE])
def test_a_credit_note_is_settled_against_an_invoice(host, plugin, credit):
    settled_though_paid(host, plugin, credit)
    assert "Kvittad mot faktura: hör ihop" in row_of(host.open_preview("Fortnox"), "12").message.sv
    for offline in (False, True):
        summary = host.why(credit, offline=offline).summary
        assert "kvittad mot en faktura" in summary.sv
        assert "kreditfaktura:" not in summary.sv
        assert "läs in den" not in summary.sv


def test_money_waits_where_a_payment_of_a_settled_invoice_lies_ready(host, plugin):
    settled = halves(ELSEWHERE, debit="1002")
    reads(host, plugin, *settled, payment(13, "1002", "1200"))
    for offline in (False, True):
        summary = host.why("1002", offline=offline).summary
        assert "inga pengar väntar" not in summary.sv
        assert "en betalning av den är inte sparad än" in summary.sv


def test_a_settlement_against_what_a_kept_payment_paid_names_that_and_no_debt(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(1, "1002"))
    host.decide("Fortnox", "1", "keep")
    reads(host, plugin, *halves(HERE))
    for _, message, _ in everything_said(host, HERE):
        assert "som behålls här men är ändrad" in message.sv
        assert (
            "Ta tillbaka att betalning 1 behålls, läs in igen och godkänn ändringen" in message.sv
        )
        assert "Ångra kvittningen" not in message.sv
        assert "till godo" not in message.sv


def test_so_it_does_where_what_is_kept_settled_the_credit_note(host, plugin):
    saves(host, plugin, payment(1, HERE, "-1000"))
    reads(host, plugin, payment(1, HERE, "-500"))
    host.decide("Fortnox", "1", "keep")
    message = row_of(reads(host, plugin, *halves(HERE)), "12").message.sv
    assert "är redan reglerad här, med betalning 1 (" in message
    assert "Ta tillbaka att betalning 1 behålls" in message


# --- Many of one amount and day ---


@pytest.fixture
def searches(monkeypatch):
    """Count the steps of SQLite of each search for settlements."""
    several, search = [], judging.find_settlements

    def counted(db, scope):
        several.append(0)

        def step():
            several[-1] += 1

        db.set_progress_handler(step, 100)
        try:
            return search(db, scope)
        finally:
            db.set_progress_handler(None, 0)

    monkeypatch.setattr(judging, "find_settlements", counted)
    return several


def alike(first, number, invoice, amount):
    values = {"date": NEW_YEAR.replace(day=20), "customer_number": "7"}
    return [payment(first + n, invoice, amount, **values) for n in range(number)]


def test_the_search_among_equal_payments_grows_with_them_and_not_with_their_square(
    host, plugin, searches
):
    steps = {}
    for first, number in ((100, 40), (1000, 160)):
        saves(host, plugin, *alike(first, number, "1001", "1"))
        reads(host, plugin, *alike(first, number, "1001", "1"), *alike(9000, number, HERE, "-1"))
        steps[number] = searches[-1]
    # Of five times as many registered ones, beside four times as many.
    assert steps[160] < 8 * steps[40]
