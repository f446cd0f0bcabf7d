"""Which credit settles which debit: the rule, and thousands of equal ones."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hostsim.ledger.candidates import oldest_first
from hostsim.storage.settlements import Half, match_halves

DAY = date(2026, 1, 20)


def half(number, invoice="1001", **values):
    defaults = {
        "date": DAY,
        "debit": "400",
        "currency": "SEK",
        "customer": "7",
        "customer_here": "\nK1",
        "invoice_id": 1,
        "registered": False,
    }
    return Half(number=str(number), invoice_number=invoice, **defaults | values)


# --- The rule, a pair at a time ---


def same_customer(credit, debit):
    if credit.customer and debit.customer:
        return credit.customer == debit.customer
    here, other_here = credit.customer_here, debit.customer_here
    if None in {here, other_here} or here.split("\n")[0] != other_here.split("\n")[0]:
        return None
    return here == other_here


def may_settle(credit, debit):
    return (
        (credit.date, credit.debit, credit.currency) == (debit.date, debit.debit, debit.currency)
        and credit.invoice_number != debit.invoice_number
        and not (credit.registered and debit.registered)
        and not (credit.ignored and debit.ignored)
        and not (credit.customer_here is None and debit.customer_here is None)
        and debit.only_for in {None, credit.number}
    )


def in_order(pair):
    credit, debit = pair
    return (
        credit.ignored or debit.ignored,
        credit.registered or debit.registered,
        oldest_first(credit.date, credit.number),
        oldest_first(debit.date, debit.number),
    )


def matched_one_by_one(credit_halves, debit_halves):
    pairs, used, unknown = set(), set(), set()
    all_pairs = [(c, d) for c in credit_halves for d in debit_halves if may_settle(c, d)]
    for pair in sorted(all_pairs, key=in_order):
        if used.isdisjoint(pair) and same_customer(*pair) is None:
            unknown |= {one for one in pair if one.registered is False or one is pair[1]}
        elif used.isdisjoint(pair) and same_customer(*pair):
            used |= set(pair)
            pairs.add(pair)
    return pairs, unknown


@st.composite
def halves(draw, first):
    several = draw(st.integers(0, 7))
    numbers = draw(st.permutations(range(first, first + several)))
    return [
        half(
            number,
            draw(st.sampled_from(["1001", "1002", "1003"])),
            debit=draw(st.sampled_from(["400", "400", "500"])),
            customer=draw(st.sampled_from(["7", "8", "", None])),
            customer_here=draw(st.sampled_from(["\nK1", "\nK2", "S\nK1", None])),
            registered=(registered := draw(st.booleans())),
            ignored=not registered and draw(st.booleans()),
            only_for=draw(st.sampled_from([None, None, "3"])) if registered and first > 1 else None,
        )
        for number in numbers
    ]


@given(halves(first=1), halves(first=98))
def test_each_credit_gets_the_oldest_debit_of_its_customer(credit_halves, debit_halves):
    pairs, unknown = match_halves(credit_halves, debit_halves)
    assert (set(pairs), set(unknown)) == matched_one_by_one(credit_halves, debit_halves)
