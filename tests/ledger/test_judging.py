"""What becomes of a payment beside its invoice: the rules, as an economist can check them."""

import itertools
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import NamedTuple

import fake_plugin
import pytest
from fake_plugin import euro, known_invoice, payment, write_off
from hypothesis import assume, given
from hypothesis import strategies as st

from hostsim.ledger import reasons
from hostsim.ledger.candidates import Candidate, Refusal, oldest_first
from hostsim.ledger.decisions import Settlement
from hostsim.ledger.judging import judge, judge_without_invoice
from hostsim.ledger.values import EXACT, Invoice
from hostsim.ledger.write_offs import effect_of
from opter_contract.values import Text

ZERO = Decimal(0)
PAID = "invoice-already-paid"


def invoice(*arguments, remaining=None, **values):
    return known_invoice(fake_plugin.invoice(*arguments, **values), remaining)


class Case(NamedTuple):
    """An invoice, its payments by date, what each became, and what then remains."""

    name: str
    invoice: Invoice
    payments: tuple
    outcomes: tuple[str, ...]
    remaining: str
    accepted: str = "0"


SEK_1000 = invoice(total="1000")
EUR_100 = invoice("2001", "100", "EUR")
CREDIT_500 = invoice(total="-500")
CREDIT_EUR = invoice("2001", "-100", "EUR")

CASES = [
    # --- An ordinary invoice in SEK ---
    Case("paid exactly", SEK_1000, (payment(1, amount="1000"),), ("exact",), "0"),
    Case("paid in two parts", SEK_1000, (payment(1, amount="400"), payment(2, amount="600")),
         ("partial", "exact"), "0"),
    Case("two equal part payments", SEK_1000, (payment(1, amount="500"), payment(2, amount="500")),
         ("partial", "exact"), "0"),
    Case("too little", SEK_1000, (payment(1, amount="990"),), ("partial",), "10"),
    Case("too much", SEK_1000, (payment(1, amount="1100"),), ("advance",), "-100"),
    Case("too much with the second", SEK_1000,
         (payment(1, amount="600"), payment(2, amount="600")), ("partial", "advance"), "-200"),
    Case("paid twice", SEK_1000, (payment(1, amount="1000"), payment(2, amount="1000")),
         ("exact", PAID), "0"),
    Case("paid after an advance", SEK_1000, (payment(1, amount="1100"), payment(2, amount="100")),
         ("advance", PAID), "-100"),
    Case("paid before today", invoice(remaining="0"), (payment(1, amount="1000"),), (PAID,), "0"),
    Case("a part was paid before today", invoice(remaining="300"), (payment(1, amount="300"),),
         ("exact",), "0"),
    Case("nothing was paid", SEK_1000, (payment(1, amount="0"),), ("no-amount",), "1000"),
    Case("an invoice of nothing", invoice(total="0"), (payment(1, amount="10"),), (PAID,), "0"),
    # --- Money that goes back ---
    Case("reversed after it was paid", SEK_1000,
         (payment(1, amount="1000"), payment(2, amount="-1000")), ("exact", "reversal"), "1000"),
    Case("reversed and paid again", SEK_1000,
         (payment(1, amount="1000"), payment(2, amount="-1000"), payment(3, amount="1000")),
         ("exact", "reversal", "exact"), "0"),
    Case("reversed where nothing remains", invoice(remaining="0"), (payment(1, amount="-200"),),
         ("reversal",), "200"),
    Case("an advance paid back", SEK_1000,
         (payment(1, amount="1100"), payment(2, amount="-100")), ("advance", "reversal"), "0"),
    Case("reversed where everything remains", SEK_1000, (payment(1, amount="-50"),),
         ("reversal",), "1050"),
    # --- Written off in Fortnox ---
    Case("990 with 10 written off", SEK_1000,
         (payment(1, amount="990", write_offs=(write_off("10", "6351"),)),), ("exact",), "0"),
    Case("1000.40 with -0.40 for rounding", SEK_1000,
         (payment(1, amount="1000.40", write_offs=(write_off("-0.40"),)),), ("exact",), "0"),
    Case("two write-offs of one payment", SEK_1000,
         (payment(1, amount="985", write_offs=(write_off("10"), write_off("5"))),),
         ("exact",), "0"),
    Case("a write-off that is too small", SEK_1000,
         (payment(1, amount="980", write_offs=(write_off("10"),)),), ("partial",), "10"),
    Case("a write-off alone", SEK_1000, (payment(1, amount="0", write_offs=(write_off("1000"),)),),
         ("exact",), "0"),
    # --- The accepted deviation of the office ---
    Case("3 short, 5 accepted", SEK_1000, (payment(1, amount="997"),), ("written-off",), "0", "5"),
    Case("5 short, 5 accepted", SEK_1000, (payment(1, amount="995"),), ("written-off",), "0", "5"),
    Case("5.01 short, 5 accepted", SEK_1000, (payment(1, amount="994.99"),), ("partial",), "5.01",
         "5"),
    Case("3 too much, 5 accepted", SEK_1000, (payment(1, amount="1003"),), ("advance",), "-3", "5"),
    Case("nothing is accepted unless told", SEK_1000, (payment(1, amount="999.99"),),
         ("partial",), "0.01"),
    Case("the last payment decides", SEK_1000, (payment(1, amount="996"), payment(2, amount="2")),
         ("partial", "written-off"), "0", "5"),
    Case("the missing crowns come", SEK_1000, (payment(1, amount="996"), payment(2, amount="4")),
         ("partial", "exact"), "0", "5"),
    Case("a reversal is no shortfall", SEK_1000,
         (payment(1, amount="1000"), payment(2, amount="-3")), ("exact", "reversal"), "3", "5"),
    # --- Euro ---
    Case("paid exactly in euro", EUR_100, (euro(1, amount="100"),), ("exact",), "0"),
    Case("paid in euro at two rates", EUR_100,
         (euro(1, amount="40", rate="11"), euro(2, amount="60", rate="11.5")),
         ("partial", "exact"), "0"),
    Case("22 crowns written off are 2 euro at 11", EUR_100,
         (euro(1, amount="98", write_offs=(write_off("22"),)),), ("exact",), "0"),
    Case("0.05 crowns are 0.00 euro", EUR_100,
         (euro(1, amount="100", write_offs=(write_off("0.05"),)),), ("exact",), "0"),
    Case("0.06 crowns are 0.01 euro", EUR_100,
         (euro(1, amount="99.99", write_offs=(write_off("0.06"),)),), ("exact",), "0"),
    Case("-11 crowns are -1 euro", EUR_100,
         (euro(1, amount="101", write_offs=(write_off("-11"),)),), ("exact",), "0"),
    Case("0.40 euro short is 4.40 crowns", EUR_100, (euro(1, amount="99.60"),),
         ("written-off",), "0", "5"),
    Case("0.50 euro short is 5.50 crowns", EUR_100, (euro(1, amount="99.50"),),
         ("partial",), "0.50", "5"),
    Case("paid twice in euro", EUR_100, (euro(1), euro(2)), ("exact", PAID), "0"),
    Case("reversed in euro", EUR_100, (euro(1), euro(2, amount="-40")),
         ("exact", "reversal"), "40"),
    # --- Credit invoices, where every sign is turned ---
    Case("a credit invoice paid exactly", CREDIT_500, (payment(1, amount="-500"),), ("exact",),
         "0"),
    Case("a credit invoice paid in part", CREDIT_500, (payment(1, amount="-200"),), ("partial",),
         "-300"),
    Case("a credit invoice paid too much", CREDIT_500, (payment(1, amount="-600"),), ("advance",),
         "100"),
    Case("a credit invoice paid twice", CREDIT_500,
         (payment(1, amount="-500"), payment(2, amount="-500")), ("exact", PAID), "0"),
    Case("a credit invoice reversed", CREDIT_500,
         (payment(1, amount="-500"), payment(2, amount="500")), ("exact", "reversal"), "-500"),
    Case("a credit invoice 3 short, 5 accepted", CREDIT_500, (payment(1, amount="-497"),),
         ("written-off",), "0", "5"),
    Case("a credit invoice with a write-off", CREDIT_500,
         (payment(1, amount="-490", write_offs=(write_off("-10"),)),), ("exact",), "0"),
    Case("a credit invoice in euro", CREDIT_EUR, (euro(1, amount="-100"),), ("exact",), "0"),
    # --- Order ---
    Case("by date, not by number", SEK_1000,
         (payment(9, amount="1000", date=payment(1).date), payment(2, amount="1000")),
         ("exact", PAID), "0"),
    Case("of one day by number, as a number", SEK_1000,
         (payment(9, amount="1000", date=payment(1).date),
          payment(10, amount="1000", date=payment(1).date)), ("exact", PAID), "0"),
    # --- Beside the invoice ---
    Case("another currency", invoice(currency="Euro"), (euro(1, "1001"),),
         ("currency-differs",), "1000"),
    Case("a currency in small letters", invoice(currency=" sek "), (payment(1),), ("exact",), "0"),
    Case("an open period", invoice(period_closed=False), (payment(1),), ("period-open",), "1000"),
    Case("an open period and paid", invoice(period_closed=False, remaining="0"), (payment(1),),
         ("period-open",), "0"),
]  # fmt: skip


def judged(case_invoice, payments, accepted="0", **flags):
    candidates = [Candidate(p.key.number, p) for p in payments]
    return judge(case_invoice, candidates, Decimal(accepted), **flags)


def outcome(judgement):
    return judgement.status or judgement.reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_payments_become_what_the_table_says(case):
    """In whatever order they are read."""
    expected = dict(zip((p.key.number for p in case.payments), case.outcomes, strict=True))
    for order in itertools.permutations(case.payments):
        result = judged(case.invoice, order, case.accepted)
        got = {p.key.number: outcome(j) for p, j in zip(order, result.judgements, strict=True)}
        assert (got, result.remaining) == (expected, Decimal(case.remaining))


def test_a_part_payment_is_told():
    [judgement] = judged(SEK_1000, [payment(1, amount="990")]).judgements
    assert judgement.warning == Text("Delbetalning", "Partial payment")


def test_an_advance_is_told():
    [judgement] = judged(SEK_1000, [payment(1, amount="1100")]).judgements
    assert judgement.warning == Text("Förskott kommer att skapas", "Advance will be created")


def test_an_exact_payment_needs_no_words():
    [judgement] = judged(SEK_1000, [payment(1)]).judgements
    assert judgement.warning is None


def test_the_amount_that_is_written_off_is_told_in_crowns():
    [judgement] = judged(EUR_100, [euro(1, amount="99.60")], "5").judgements
    assert judgement.written_off == Decimal("4.40")
    assert judgement.warning.sv.startswith("4,40 SEK skrivs av")


def test_what_the_plug_in_warns_of_follows_our_own_warning():
    odd = Text("Kursen är uträknad.", "The rate was worked out.")
    [judgement] = judged(SEK_1000, [payment(1, amount="990", warnings=(odd,))]).judgements
    assert judgement.warning.sv == "Delbetalning. Kursen är uträknad."
    assert judgement.warning.en == "Partial payment. The rate was worked out."


def test_messages_begin_with_the_words_that_people_know():
    paid, _twice = judged(invoice(remaining="0"), [payment(1), payment(2)]).judgements
    unknown = judge_without_invoice(Candidate("1", payment(1, "4711")))
    assert paid.message == Text("Fakturan är redan betald", "The invoice is already paid")
    assert unknown.message.sv.startswith("Fel vid inläsning av faktura: ")
    assert "4711" in unknown.message.sv
    assert unknown.message.en.startswith("Error loading invoice: ")


# --- Reasons, first that applies --------------------------------------------


def refusal(reason):
    return Refusal(reason, Text(f"för att {reason}", f"because {reason}"))


def candidate(**values):
    return Candidate("1", **{"payment": payment(1)} | values)


#: The worse first; each is made so that all later ones would apply too.
HOPELESS = invoice(currency="Euro", period_closed=False, remaining="0")
REASONS = [
    ("unreadable", HOPELESS, candidate(payment=None, excluded=refusal("unreadable"))),
    ("unreadable", HOPELESS, candidate(excluded=refusal("unreadable"), registered=payment(1))),
    ("changed-in-fortnox", HOPELESS,
     candidate(registered=payment(1, amount="1"), excluded=refusal("before-date"))),
    ("already-imported", HOPELESS,
     candidate(registered=payment(1), excluded=refusal("before-date"))),
    ("already-imported", HOPELESS,
     candidate(registered=payment(1), excluded=refusal("not-booked"))),
    ("before-date", HOPELESS, candidate(excluded=refusal("before-date"))),
    ("below-number", HOPELESS, candidate(excluded=refusal("below-number"))),
    ("not-booked", HOPELESS, candidate(excluded=refusal("not-booked"))),
    ("some-day-new", HOPELESS, candidate(excluded=refusal("some-day-new"))),
    ("period-open", HOPELESS, candidate()),
    ("currency-differs", invoice(currency="Euro", remaining="0"), candidate()),
    ("invoice-already-paid", invoice(remaining="0"), candidate()),
    ("settlement-blocked", invoice(remaining="0"),
     candidate(settles=Settlement("2", "1009", 9, complete=True))),
    ("settlement-blocked", invoice(remaining="0"),
     candidate(settles=Settlement("2", "8001", None, complete=False))),
    ("settled-against-credit", SEK_1000,
     candidate(settles=Settlement("2", "8001", None, complete=False))),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "beside", "read"), REASONS)
def test_the_first_reason_that_applies_is_given(reason, beside, read):
    [judgement] = judge(beside, [read], ZERO).judgements
    assert judgement.reason == reason
    assert judgement.kind == ("ignored" if reason in reasons.IGNORED else "rejected")


@pytest.mark.parametrize(("reason", "beside", "read"), REASONS[:9])
def test_the_same_reasons_come_before_a_missing_invoice(reason, beside, read):
    assert judge_without_invoice(read).reason == reason


def test_a_payment_without_invoice_is_not_found():
    judgement = judge_without_invoice(candidate())
    assert (judgement.kind, judgement.reason) == ("rejected", "invoice-not-found")


# --- Registered already -----------------------------------------------------


@pytest.mark.parametrize(
    ("now", "sv", "en"),
    [
        (payment(1, amount="900"), "belopp registrerat 1\xa0000,00 SEK, nu 900,00 SEK",
         "amount registered 1,000.00 SEK, now 900.00 SEK"),
        (euro(1, "1001"), "valuta registrerat SEK, nu EUR", "currency registered SEK, now EUR"),
        (payment(1, date=payment(2).date), "betalningsdatum registrerat 2026-01-01, nu 2026-01-02",
         "payment date registered 2026-01-01, now 2026-01-02"),
        (payment(1, "1002"), "fakturanummer registrerat 1001, nu 1002",
         "invoice number registered 1001, now 1002"),
        (payment(1, booked=False), "bokförd registrerat ja, nu nej",
         "booked registered yes, now no"),
    ],
)  # fmt: skip
def test_a_change_after_registration_is_said_with_both_values(now, sv, en):
    [judgement] = judge(SEK_1000, [candidate(payment=now, registered=payment(1))], ZERO).judgements
    assert judgement.reason == "changed-in-fortnox"
    assert sv in judgement.message.sv
    assert en in judgement.message.en


def test_a_change_of_the_amount_in_the_currency_is_said():
    now = euro(1, amount="99", rate="11")
    before = euro(1, amount="100", rate="11")
    [judgement] = judge(EUR_100, [candidate(payment=now, registered=before)], ZERO).judgements
    assert "belopp i valutan registrerat 100,00 EUR, nu 99,00 EUR" in judgement.message.sv


def test_an_amount_in_the_currency_that_nobody_looked_up_is_no_change():
    vague = replace(euro(1), amount_currency=None, exchange_rate=None)
    [judgement] = judge(EUR_100, [candidate(payment=vague, registered=euro(1))], ZERO).judgements
    assert judgement.reason == "already-imported"


@pytest.mark.parametrize("before", [payment(1, amount="1000.00"), payment(1, booked=False)])
def test_writing_an_amount_differently_and_getting_booked_are_no_change(before):
    [judgement] = judge(SEK_1000, [candidate(registered=before)], ZERO).judgements
    assert judgement.reason == "already-imported"


# --- Payments of earlier runs -----------------------------------------------


def test_a_payment_that_was_not_fetched_again_keeps_its_earlier_reason():
    earlier = refusal("invoice-not-found")
    result = judge(SEK_1000, [candidate(earlier=earlier)], ZERO)
    assert result.judgements[0].message == earlier.message
    assert result.remaining == Decimal(1000)


def test_a_payment_that_was_not_fetched_again_can_get_another_reason():
    read = candidate(earlier=refusal("invoice-not-found"))
    [judgement] = judge(invoice(remaining="0"), [read], ZERO).judgements
    assert judgement.reason == PAID


def test_a_payment_that_was_not_fetched_again_takes_nothing_from_the_others():
    old = candidate(earlier=refusal("invoice-not-found"))
    new = Candidate("2", payment(2))
    result = judge(SEK_1000, [old, new], ZERO)
    assert [outcome(j) for j in result.judgements] == ["invoice-not-found", "exact"]


def test_asking_tells_which_would_be_ready():
    """Of two that pay the same invoice only the first is worth a request."""
    first = candidate(earlier=refusal("invoice-not-found"))
    second = Candidate("2", payment(2), earlier=refusal("invoice-not-found"))
    result = judge(SEK_1000, [first, second], ZERO, as_if_fetched=True)
    assert [outcome(j) for j in result.judgements] == ["exact", PAID]


def test_a_payment_with_an_unknown_amount_is_worth_asking_for_but_never_ready():
    vague = replace(euro(1, booked=False), amount_currency=None)
    [asked] = judge(EUR_100, [Candidate("1", vague)], ZERO, as_if_fetched=True).judgements
    [judged_now] = judge(EUR_100, [Candidate("1", vague)], ZERO).judgements
    assert (asked.kind, judged_now.kind, judged_now.reason) == ("ready", "rejected", "unreadable")


# --- For all amounts --------------------------------------------------------

amounts = st.decimals(-10_000, 10_000, places=2)
rates = st.sampled_from(["1", "11", "0.085", "11.4567"])


@st.composite
def situations(draw):
    """Draw an invoice in SEK or EUR with any number of payments, and a deviation."""
    in_euro = draw(st.booleans())
    total = draw(amounts)
    currency = "EUR" if in_euro else "SEK"
    drawn = invoice("1", total, currency, remaining=draw(amounts))
    payments = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        day = payment(draw(st.integers(1, 4))).date
        write_offs = tuple(write_off(a) for a in draw(st.lists(amounts, max_size=2)))
        amount = draw(amounts)
        build = euro if in_euro else payment
        extra = {"rate": draw(rates)} if in_euro else {}
        payments.append(build(number, "1", amount, date=day, write_offs=write_offs, **extra))
    return drawn, payments, draw(st.decimals(0, 100, places=2))


@given(situations())
def test_what_remains_changes_by_what_is_ready_and_nothing_else(situation):
    drawn, payments, accepted = situation
    result = judged(drawn, payments, accepted)
    ready = [p for p, j in zip(payments, result.judgements, strict=True) if j.kind == "ready"]
    effects = sum((effect_of(p) for p in ready), ZERO)
    written_off = any(j.status == "written-off" for j in result.judgements)
    assert result.remaining == (ZERO if written_off else drawn.remaining - effects)


@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_reading_never_matters(situation, random):
    drawn, payments, accepted = situation
    shuffled = random.sample(payments, len(payments))
    straight = judged(drawn, payments, accepted)
    mixed = judged(drawn, shuffled, accepted)
    by_number = dict(zip((p.key.number for p in shuffled), mixed.judgements, strict=True))
    assert [by_number[p.key.number] for p in payments] == list(straight.judgements)
    assert mixed.remaining == straight.remaining


@given(situations())
def test_a_credit_invoice_is_an_ordinary_one_in_a_mirror(situation):
    drawn, payments, accepted = situation
    assume(drawn.total != 0)
    mirrored = judged(mirror_invoice(drawn), [mirror(p) for p in payments], accepted)
    straight = judged(drawn, payments, accepted)
    assert mirrored.judgements == [
        replace(j, effect=-j.effect, remaining=-j.remaining) for j in straight.judgements
    ]
    assert mirrored.remaining == -straight.remaining


@given(situations())
def test_the_effects_add_up_to_what_was_paid(situation):
    drawn, payments, accepted = situation
    result = judged(drawn, payments, accepted)
    with localcontext(EXACT):
        effects = sum((judgement.effect for judgement in result.judgements), ZERO)
        assert drawn.remaining - effects == result.remaining


@given(situations())
def test_only_the_last_ready_payment_can_be_written_off(situation):
    drawn, payments, accepted = situation
    result = judged(drawn, payments, accepted)
    in_order = sorted(
        zip(payments, result.judgements, strict=True),
        key=lambda pair: oldest_first(pair[0].date, pair[0].key.number),
    )
    ready = [judgement for _payment, judgement in in_order if judgement.kind == "ready"]
    assert "written-off" not in [judgement.status for judgement in ready[:-1]]
    assert all(j.written_off <= accepted for j in ready)


@given(situations())
def test_a_second_judging_finds_everything_imported(situation):
    drawn, payments, accepted = situation
    first = judged(drawn, payments, accepted)
    ready = {
        p.key.number: p
        for p, j in zip(payments, first.judgements, strict=True)
        if j.kind == "ready"
    }
    again = [Candidate(p.key.number, p, registered=ready.get(p.key.number)) for p in payments]
    after = invoice("1", drawn.total, drawn.currency, remaining=first.remaining)
    reasons = {
        c.number: j.reason
        for c, j in zip(again, judge(after, again, accepted).judgements, strict=True)
    }
    assert all(reasons[number] == "already-imported" for number in ready)


def test_huge_amounts_are_added_to_the_ore():
    result = judged(invoice(total="1" + 44 * "0"), [payment(1, amount="0.01")])
    assert str(result.remaining) == 44 * "9" + ".99"


def mirror(original):
    return replace(
        original,
        amount=-original.amount,
        amount_currency=-original.amount_currency,
        write_offs=tuple(write_off(-w.amount) for w in original.write_offs),
    )


def mirror_invoice(original):
    return invoice("1", -original.total, original.currency, remaining=-original.remaining)
