"""The same money by two ways is never registered twice without a person who says so."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from tempfile import TemporaryDirectory

import pytest
from fake_plugin import OTHER_COMPANY, FakePlugin, euro, excluded, invoice, payment
from host_and_plugin import host_of, outcomes, remaining, row_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostsim.storage.previews import PreviewChanged
from hostsim.storage.store import Store

DOUBTFUL = "possibly-registered-already"
PAID = "invoice-already-paid"
DAY = payment(10).date


class Office:
    """A host with three imports of one region, and a person who types."""

    def __init__(self, folder, *invoices):
        self.store = Store.create(f"{folder}/host.db")
        self.store.load_invoices(invoices or [invoice("1001", "1000")])
        self.plugins = {"Fake": FakePlugin(), "Bank": FakePlugin(code="Bank")}
        self.host = host_of(self.store, *self.plugins.values())
        for name, import_type in (("Fortnox", "Fake"), ("Bank", "Bank"), ("Again", "Fake")):
            self.host.define(name, import_type, "API", "", {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def reads(self, name, *payments):
        plugin = self.plugins[self.store.definition(name).import_type]
        plugin.payments = [one for one in payments if one.booked]
        plugin.excluded = [excluded("not-booked", one) for one in payments if not one.booked]
        plugin.source |= {one.key.number: one for one in plugin.payments}
        return self.host.import_payments(name)

    def saves(self, name, *payments):
        self.reads(name, *payments)
        self.host.save(name)

    def types(self, amount, day=DAY, number="1001", **values):
        return self.host.add_payment(number, Decimal(amount), date=day, confirm=True, **values)

    def taken(self):
        """Return what was taken from the invoices by the payments that count."""
        rows = self.store.db.execute("SELECT effect FROM payments WHERE state <> 'deleted'")
        return sum((Decimal(row["effect"]) for row in rows), Decimal(0))


@pytest.fixture
def office(tmp_path):
    with Office(tmp_path) as office:
        yield office


def on(days, number=1, amount="400", **values):
    """Build a payment so many days after the day."""
    return payment(number, amount=amount, date=DAY + timedelta(days), **values)


# --- The whole kind -----------------------------------------------------------

#: The first payment and the second: in euro, in SEK, and whether they are the same money.
EURO = {
    "equal": ("100", "11", "100", "11", True),
    "equal in euro": ("100", "11", "100", "11.25", True),
    "equal in SEK": ("100", "11", "110", "10", True),
    "other": ("100", "11", "99", "11.5", False),
}
IN_SEK = {"equal": ("400", "400", True), "other": ("400", "401", False)}


@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    first_by=st.sampled_from(["hand", "Fortnox", "Bank", "Again"]),
    then_by=st.sampled_from(["Fortnox", "Bank", "Again"]),
    in_euro=st.booleans(),
    figures=st.sampled_from(["equal", "equal", "equal in euro", "equal in SEK", "other"]),
    days=st.integers(-6, 6),
    several=st.sampled_from(["1", "1.5", "3"]),
    state=st.sampled_from(["registered", "registered", "registered", "deleted"]),
)
def test_the_verdict_is_that_of_the_rule(  # noqa: PLR0917 - drawn by name
    first_by, then_by, in_euro, figures, days, several, state
):
    if in_euro:
        one, rate, other, other_rate, same = EURO[figures]
        first = euro(11, "1001", one, rate, date=DAY)
        second = euro(12, "1001", other, other_rate, date=DAY + timedelta(days))
    else:
        one, other, same = IN_SEK.get(figures, IN_SEK["equal"])
        rate = None
        first, second = on(0, 11, one), on(days, 12, other)
    total = Decimal(one) * Decimal(several)
    with (
        TemporaryDirectory() as folder,
        Office(folder, invoice("1001", total, "EUR" if in_euro else "SEK")) as office,
    ):
        if first_by == "hand":
            its = office.types(one, rate=rate and Decimal(rate))
        else:
            office.saves(first_by, first)
            [its] = [row.id for row in office.store.payments()]
        if state == "deleted":
            office.host.delete_payment(its, why="fel")
        left = total if state == "deleted" else total - Decimal(one)
        ways = {"Fortnox": "Fake", "Again": "Fake"}
        another = ways.get(first_by, first_by) != ways.get(then_by, then_by)
        near = same and another and state == "registered" and abs(days) <= 4

        taken = Decimal(other)
        said = PAID if left <= 0 else "exact" if taken == left else "partial"
        said = "advance" if 0 < left < taken else said
        expected = DOUBTFUL if near and (days == 0 or said in {PAID, "advance"}) else said
        preview = office.reads(then_by, second)
        row = row_of(preview, "12")
        assert (row.status or row.reason) == expected
        warned = row.warning is not None and "Kan vara registrerad redan" in row.warning.sv
        assert warned == (near and expected != DOUBTFUL)
        before = office.taken()
        office.host.save(then_by)
        saved = taken if expected not in {DOUBTFUL, PAID} else Decimal(0)
        assert office.taken() == before + saved


# --- By which way -------------------------------------------------------------


def test_the_other_import_is_named_with_its_type_number_user_and_time(office):
    office.saves("Bank", on(0, 7))
    row = row_of(office.reads("Fortnox", on(0, 1)), "1")
    assert row.reason == DOUBTFUL
    assert row.message.sv == (
        "Kan vara registrerad redan: 400,00 SEK den 2026-01-10 registrerades genom importen Bank "
        "(Bank, betalning 7) av kim 2026-11-22 12:00"
    )
    assert "was registered through the import Bank (Bank, payment 7) by kim" in row.message.en


def test_an_import_of_another_company_is_another_way(office):
    office.saves("Bank", on(0, 1))
    office.plugins["Fake"].company = OTHER_COMPANY
    preview = office.reads("Fortnox", on(0, 1, company=OTHER_COMPANY))
    assert outcomes(preview) == {"1": DOUBTFUL}


def test_a_payment_near_what_remains_is_saved_with_a_warning_that_names_the_other(office):
    office.types("400")
    row = row_of(office.reads("Fortnox", on(3)), "1")
    assert (row.status, row.reason) == ("partial", None)
    assert "Delbetalning" in row.warning.sv
    assert "400,00 SEK den 2026-01-10 registrerades för hand av kim" in row.warning.sv


@pytest.mark.parametrize("days", [-4, 4])
@pytest.mark.parametrize("typed", ["1000", "600"])
def test_near_and_more_than_remains_it_is_doubtful(tmp_path, days, typed):
    with Office(tmp_path, invoice("1001", "1000")) as office:
        office.types(typed)
        assert outcomes(office.reads("Fortnox", on(days, amount=typed))) == {"1": DOUBTFUL}


def test_five_days_away_it_is_paid_twice(office):
    office.types("1000")
    assert outcomes(office.reads("Fortnox", on(5, amount="1000"))) == {"1": PAID}


def test_in_sek_on_an_invoice_in_euro_the_same_sek_is_reported_before_the_currency(tmp_path):
    with Office(tmp_path, invoice("1001", "100", "EUR")) as office:
        office.types("100", rate=Decimal(11))
        assert outcomes(office.reads("Bank", on(0, amount="1100"))) == {"1": DOUBTFUL}
        assert outcomes(office.host.decide("Bank", "1", "confirm")) == {"1": "currency-differs"}
        assert outcomes(office.reads("Bank", on(2, amount="1100"))) == {"1": "currency-differs"}


def test_not_booked_and_open_periods_are_reported_after_the_same_money(office):
    office.types("400")
    assert outcomes(office.reads("Fortnox", on(0, booked=False))) == {"1": DOUBTFUL}
    assert outcomes(office.reads("Fortnox", on(1, booked=False))) == {"1": "not-booked"}
    office.store.load_invoices([replace(invoice("1001", "1000"), period_closed=False)])
    assert outcomes(office.reads("Fortnox", on(0))) == {"1": DOUBTFUL}
    assert outcomes(office.reads("Fortnox", on(1))) == {"1": "period-open"}


def test_money_that_goes_back_by_two_ways_is_doubted_too(office):
    office.types("400")
    office.types("-400")
    office.saves("Bank", on(9, 5))
    preview = office.reads("Fortnox", on(0, 1, "-400"), on(9, 2))
    assert outcomes(preview) == {"1": DOUBTFUL, "2": DOUBTFUL}


def test_what_an_accepted_change_countered_is_doubted_no_more(office):
    office.saves("Bank", on(0, 7))
    office.reads("Bank", on(0, 7, "300"))
    office.host.decide("Bank", "7", "accept")
    office.host.save("Bank")
    preview = office.reads("Fortnox", on(0, 1, "400"), on(0, 2, "300"))
    assert outcomes(preview) == {"1": "partial", "2": DOUBTFUL}


def test_one_by_another_way_is_used_up_by_one_and_the_nearest_is_asked(office):
    office.types("300")
    preview = office.reads("Fortnox", on(-1, 1, "300"), on(0, 2, "300"), on(1, 3, "300"))
    assert outcomes(preview) == {"1": "partial", "2": DOUBTFUL, "3": "partial"}
    assert all("registrerad redan" not in row.warning.sv for row in preview.rows("ready"))


def test_what_was_set_aside_for_another_reason_does_not_use_up_the_nearest(office):
    office.types("1000")
    office.reads("Fortnox", on(6, 1, "1000"))
    office.host.set_aside("Fortnox", ["1"])
    preview = office.reads("Fortnox", on(3, 1, "1000"), on(0, 2, "1000"))
    assert outcomes(preview) == {"1": "set-aside", "2": DOUBTFUL}


# --- What a person says -------------------------------------------------------


def test_a_confirmation_covers_every_payment_that_was_named_and_no_later_one(office):
    office.types("300")
    office.reads("Bank", on(0, 7, "300"))
    office.host.decide("Bank", "7", "confirm")
    office.host.save("Bank")
    row = row_of(office.reads("Fortnox", on(0, 1, "300")), "1")
    assert "för hand" in row.message.sv
    assert "genom importen Bank" in row.message.sv
    assert outcomes(office.host.decide("Fortnox", "1", "confirm")) == {"1": "partial"}
    office.types("300")
    assert outcomes(office.reads("Fortnox", on(0, 1, "300"))) == {"1": DOUBTFUL}


def test_a_confirmation_holds_when_one_of_the_named_is_deleted(office):
    typed = office.types("300")
    office.types("300")
    office.reads("Fortnox", on(0, 1, "300"))
    office.host.decide("Fortnox", "1", "confirm")
    office.host.delete_payment(typed, why="fel")
    assert outcomes(office.reads("Fortnox", on(0, 1, "300"))) == {"1": "partial"}


def test_set_aside_as_the_other_it_stays_out_and_comes_back_doubtful(office):
    office.saves("Bank", on(0, 7))
    office.reads("Fortnox", on(0, 1))
    assert outcomes(office.host.set_aside("Fortnox", ["1"])) == {"1": "set-aside"}
    office.host.save("Fortnox")
    assert remaining(office.store) == 600
    assert outcomes(office.reads("Fortnox")) == {"1": "set-aside"}
    assert outcomes(office.host.take_back("Fortnox", ["1"])) == {"1": DOUBTFUL}


# --- Two previews that are open -----------------------------------------------


@pytest.mark.parametrize(("saved", "other"), [("Fortnox", "Bank"), ("Bank", "Fortnox")])
@pytest.mark.parametrize("amount", ["1000", "400"])
def test_the_same_money_in_two_open_previews_is_saved_from_one_of_them(
    office, saved, other, amount
):
    shown = [office.reads(name, on(0, 1, amount)) for name in (saved, other)]
    assert [preview.counts["ready"] for preview in shown] == [1, 1]
    office.host.save(saved)
    with pytest.raises(PreviewChanged) as changed:
        office.host.save(other)
    assert outcomes(changed.value.preview) == {"1": DOUBTFUL}
    office.host.save(other)
    assert office.taken() == Decimal(amount)


# --- Twins ----------------------------------------------------------------------

TWINS = (invoice("1001", "1000"), invoice("1002", "1000"))
WRONG = "Kan ha registrerats på fel faktura, 1002"


@pytest.fixture
def twins(tmp_path):
    with Office(tmp_path, *TWINS) as office:
        yield office


def warning(preview, number="1"):
    found = row_of(preview, number).warning
    return "" if found is None else found.sv


def test_what_was_picked_on_a_twin_is_named_on_the_payment_of_the_other(twins):
    twins.types("1000", number="1002")
    preview = twins.reads("Fortnox", on(4, 1, "1000"))
    assert outcomes(preview) == {"1": "exact"}
    assert warning(preview).replace("\xa0", " ") == (
        "Kan ha registrerats på fel faktura, 1002: 1 000,00 SEK den 2026-01-10 registrerades för "
        "hand av kim 2026-11-22 12:00"
    )
    assert twins.host.save("Fortnox").saved


def test_a_part_of_a_twin_by_another_import_is_named_too(twins):
    twins.saves("Bank", on(-2, 7, "400", invoice="1002"))
    assert WRONG in warning(twins.reads("Fortnox", on(0, 1, "400")))


def test_it_is_named_whatever_came_on_the_twin_afterwards(twins):
    twins.types("1000", number="1002")
    twins.types("55", DAY + timedelta(20), number="1002")
    assert WRONG in warning(twins.reads("Fortnox", on(0, 1, "1000")))


@pytest.mark.parametrize(
    ("title", "days", "amount", "twin"),
    [
        ("five days away", 5, "1000", TWINS[1]),
        ("another amount", 0, "999", TWINS[1]),
        ("another customer", 0, "1000", replace(TWINS[1], customer_code="K2")),
        ("another region", 0, "1000", replace(TWINS[1], region="Syd")),
        ("more remained of it", 0, "1000", invoice("1002", "1001")),
        ("another currency", 0, "1000", invoice("1002", "1000", "EUR")),
    ],
)
def test_what_is_no_twin_is_not_warned_of(tmp_path, title, days, amount, twin):
    with Office(tmp_path, TWINS[0], twin) as office:
        rate = Decimal(1) if twin.currency == "EUR" else None
        office.types("1000", number="1002", region=twin.region, rate=rate)
        preview = office.reads("Fortnox", on(days, 1, amount))
        assert (title, "fel faktura" in warning(preview)) == (title, False)


def test_customers_without_a_code_have_no_twins(tmp_path):
    with Office(tmp_path, *(replace(one, customer_code="") for one in TWINS)) as office:
        office.types("1000", number="1002")
        assert warning(office.reads("Fortnox", on(0, 1, "1000"))) == ""


def test_what_a_payment_of_this_import_explains_on_the_twin_is_not_warned_of(twins):
    twins.types("1000", number="1002")
    preview = twins.reads("Fortnox", on(0, 1, "1000"), on(1, 2, "1000", invoice="1002"))
    assert outcomes(preview) == {"1": "exact", "2": DOUBTFUL}
    assert warning(preview) == ""
    twins.host.save("Fortnox")
    # The other one waits in the lower list, and explains what was typed as long as it does.
    [saved] = [row.id for row in twins.store.payments() if row.payment_number]
    twins.host.delete_payment(saved, why="fel")
    twins.reads("Fortnox", on(0, 1, "1000"))
    assert "fel faktura" not in warning(twins.host.decide("Fortnox", "1", "take-again"))


def test_what_is_registered_under_this_import_explains_it_too(twins):
    twins.saves("Fortnox", on(0, 2, "400", invoice="1002"))
    twins.types("400", number="1002")
    assert warning(twins.reads("Fortnox", on(0, 1, "600"))) == "Delbetalning"
    assert "fel faktura" not in warning(twins.reads("Fortnox", on(0, 1, "400")))


def test_what_was_given_back_or_deleted_on_the_twin_is_not_warned_of(twins):
    twins.types("1000", number="1002")
    twins.types("-1000", number="1002")
    assert warning(twins.reads("Fortnox", on(0, 1, "1000"))) == ""
    twins.host.delete_payment(twins.types("1000", number="1002"), why="fel")
    assert warning(twins.reads("Fortnox", on(0, 1, "1000"))) == ""


def test_a_twin_that_is_typed_after_the_preview_refuses_the_save(twins):
    twins.reads("Fortnox", on(0, 1, "1000"))
    twins.types("1000", number="1002")
    with pytest.raises(PreviewChanged) as changed:
        twins.host.save("Fortnox")
    assert WRONG in warning(changed.value.preview)
    assert twins.host.save("Fortnox").saved


def test_twins_among_credit_invoices_and_in_euro(tmp_path):
    both = [invoice(number, "-100", "EUR") for number in ("1001", "1002")]
    with Office(tmp_path, *both) as office:
        office.types("-100", number="1002", rate=Decimal(11))
        preview = office.reads("Fortnox", euro(1, "1001", "-100", "11.2", date=DAY))
        assert outcomes(preview) == {"1": "exact"}
        assert WRONG in warning(preview)


def test_what_was_imported_from_this_company_is_no_twin(twins):
    twins.saves("Again", on(0, 7, "1000", invoice="1002"))
    assert warning(twins.reads("Fortnox", on(0, 1, "1000"))) == ""
