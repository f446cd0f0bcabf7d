"""What the plug-in asks beside payments: balances of invoices, and what became of payments.

The host is one of the test's own, so that what is seen is the plug-in's half alone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from types import SimpleNamespace

import pytest
from second_host import hookimpl

from hostsim.sandbox.faults import Fault
from hostsim.sandbox.matching import Match
from hostsim.sandbox.values import Invoice, Payment, WriteOff
from opter_fortnox_plugin.fortnox import protocol, retries
from opter_fortnox_plugin.fortnox.http import Transport
from tests.plugin.payments.test_requests import EURO, NOW, Knowing, Office

DAY = date(2026, 4, 1)
FORBIDDEN = json.dumps({"ErrorInformation": {"Error": 1, "Message": "", "Code": 2001339}})


class Comparing(Knowing):
    """A host of contract 1.2, which asks what it is told to ask."""

    def __init__(self, *known, invoices=(), registered=(), confirm=()):
        super().__init__(*known)
        self.balances, self.gone, self.not_asked, self.calls = {}, [], [], []
        self.invoices, self.confirm = list(invoices), list(confirm)
        self.registered = [SimpleNamespace(number=n, invoice_number=i) for n, i in registered]

    @hookimpl
    def opter_take_payments(self, run, payments):
        self.calls.append("payments")
        return super().opter_take_payments(run, payments)

    @hookimpl
    def opter_take_balances(self, run, balances):
        if balances:
            self.calls.append("balances")
        self.balances |= {one.invoice_number: one for one in balances}
        return len(balances)

    @hookimpl
    def opter_invoices_to_check(self, run, company):
        self.calls.append("invoices to ask")
        return self.invoices

    @hookimpl
    def opter_payments_to_check(self, run, company):
        """Name them again and again, as a host does that does not remember what it asked."""
        self.calls.append("registered")
        return self.registered

    @hookimpl
    def opter_payments_to_confirm(self, run, company):
        self.calls.append("to confirm")
        return self.confirm

    @hookimpl
    def opter_take_deleted(self, run, payment_numbers):
        self.gone.extend(payment_numbers)
        return len(payment_numbers)

    @hookimpl
    def opter_take_unchecked(self, run, payment_numbers):
        self.not_asked.extend(payment_numbers)
        return len(payment_numbers)


@pytest.fixture
def office(monkeypatch):
    monkeypatch.setattr(protocol, "PAGE_SIZE", 20)
    office = Office(number_filters_match_part=True)
    with office.sandbox:
        yield office


def bill(office, *numbers, total=1000, **fields):
    """Make invoices that nobody has paid."""
    for number in numbers:
        office.company.add_invoice(
            Invoice(
                number=number, total=Decimal(total), invoice_date=DAY, due_date=DAY,
                modified=NOW - timedelta(days=30), **fields,
            )
        )  # fmt: skip


def part_of(office, number, amount, **fields):
    payment = {"payment_date": DAY, "booked": True, "modified": NOW - timedelta(days=30)} | fields
    made = Payment(invoice_number=number, amount=Decimal(amount), **payment)
    return str(office.company.add_payment(made).number)


def sentences(report):
    return [note.en for note in report.notes]


# --- The pass over what is unpaid ---


def test_a_host_that_takes_no_balances_costs_no_request_for_them(office):
    bill(office, 1, 2)
    report, kinds = office.bring(Knowing())
    assert (kinds["invoices"], report.notes) == (0, ())


def test_the_balance_of_each_unpaid_invoice_is_handed_over(office):
    bill(office, 7, customer_number="K9", ocr="12345")
    part_of(office, 7, 400)
    host = Comparing("7")
    office.bring(host)
    [one] = host.balances.values()
    assert (one.invoice_number, one.ocr, one.customer_number, one.currency) == (
        "7",
        "12345",
        "K9",
        "SEK",
    )
    assert (one.total, one.balance) == (Decimal("1000.00"), Decimal("600.00"))
    assert (one.booked, one.cancelled) == (True, False)


def test_what_was_written_off_in_either_currency_lowers_the_balance(office):
    bill(office, 8, 9, currency="EUR", total=500)
    for number, off in (
        (8, WriteOff(amount=Decimal(10), account=3740, currency="EUR")),
        (
            9,
            WriteOff(amount=Decimal("112.50"), account=3740),
        ),
    ):
        euro = EURO | {"amount": Decimal(4500), "amount_currency": Decimal(400)}
        part_of(office, number, **euro, write_offs=(off,))
    host = Comparing("8", "9")
    office.bring(host)
    assert {one.balance for one in host.balances.values()} == {Decimal("90.00")}
    assert {off.currency for one in host.payments.values() for off in one.write_offs} == {
        "EUR",
        "SEK",
    }


class Told(Comparing):
    """Such a host, which notes what it is told of the invoices."""

    def __init__(self, *known, **asked):
        super().__init__(*known, **asked)
        self.told = []

    @hookimpl
    def opter_progress(self, run, progress):
        if progress.stage == "invoices":
            self.told.append((progress.done, progress.total, progress.message.sv))


def test_each_page_of_unpaid_invoices_that_is_read_is_told(office):
    bill(office, *range(1, 46))
    host = Told("1")
    office.bring(host)
    said = "Jämför vad som återstår av fakturorna i Fortnox"
    assert host.told == [
        (0, None, said),
        *((n, 3, f"{said} (sida {n} av 3 är läst)") for n in (1, 2, 3)),
    ]


def test_all_pages_of_unpaid_invoices_are_read_once(office):
    bill(office, *range(1, 46))
    host = Comparing()
    _, kinds = office.bring(host)
    assert kinds["invoices"] == 3
    assert sorted(map(int, host.balances)) == list(range(1, 46))


def test_an_import_without_news_costs_one_request_more_than_reading_alone(office):
    office.pay(*range(1, 11))
    host = Comparing(*map(str, range(1, 11)))
    report, _ = office.bring(host)
    _, kinds = office.bring(host, cursor=report.cursor)
    assert kinds == {"companyinformation": 1, "invoicepayments": 1, "invoices": 1}


def test_the_questions_come_in_the_order_of_the_contract(office):
    office.pay(1)
    bill(office, 2)
    host = Comparing("1", "2")
    office.bring(host)
    assert host.calls == ["payments", "balances", "invoices to ask", "registered", "to confirm"]


def test_a_row_that_cannot_be_read_is_passed_over(office):
    bill(office, 1)
    bill(office, 2, wire={"Balance": "API_NORIGHT"})
    bill(office, 3, wire={"OCR": "API_NORIGHT", "CustomerNumber": "API_NORIGHT"})
    host = Comparing()
    report, _ = office.bring(host)
    assert sorted(host.balances) == ["1", "3"]
    assert (host.balances["3"].ocr, host.balances["3"].customer_number) == ("", "")
    assert report.notes == ()


@pytest.mark.parametrize("fault", [(403, FORBIDDEN), (403, "<html>"), (400, FORBIDDEN)])
def test_an_import_goes_on_where_invoices_may_not_be_read_and_says_so(office, fault):
    office.pay(1)
    office.sandbox.faults.add(Fault(*fault, match=Match(path="/3/invoices"), times=None))
    host = Comparing("1", invoices=["1"])
    report, kinds = office.bring(host)
    assert list(host.payments) == ["1"]
    assert kinds["invoices"] == 1
    [note] = report.notes
    assert note.sv.startswith("Vad som återstår av fakturorna kunde inte jämföras med Fortnox. ")
    assert note.en.startswith("What remains of the invoices could not be compared with Fortnox. ")


def unavailable(fault, path):
    return replace(fault, match=Match(path=path), times=None)


UNAVAILABLE = pytest.mark.parametrize(
    "fault", [Fault(500), Fault.garbage(), Fault.reset(), Fault(404, "<html>")], ids=str
)
REFUSED = pytest.mark.parametrize(
    "fault", [Fault(403, FORBIDDEN), Fault(403), Fault(400, FORBIDDEN)], ids=str
)


@UNAVAILABLE
def test_an_import_goes_on_where_the_list_of_invoices_never_comes(office, fault):
    office.pay(1)
    office.sandbox.faults.add(unavailable(fault, "/3/invoices"))
    host = Comparing("1", invoices=["1"])
    report, kinds = office.bring(host)
    assert (list(host.payments), kinds["invoices"]) == (["1"], 6)
    [note] = sentences(report)
    assert note.startswith("What remains of the invoices could not be compared with Fortnox. ")
    assert "waiting" in {one.stage for one in host.reports}


def test_a_list_of_invoices_that_hangs_costs_the_patience_of_one_request(office):
    bill(office, *range(1, 46))
    office.sandbox.faults.add(unavailable(Fault.hang(), "/3/invoices"))
    host = Comparing(invoices=["1"])
    report = office.report_of(host, transport=partial(Transport, read=0.3))
    # The company, the payments, and one list of invoices.
    assert report.requests == 2 + retries.ATTEMPTS
    [note] = sentences(report)
    assert "no answer in time" in note
    assert any("trying again" in one.message.en for one in host.reports)


def test_one_invoice_that_is_refused_leaves_the_others_compared(office):
    bill(office, 1, 2)
    for number in (1, 2):
        part_of(office, number, 1000)
    office.sandbox.faults.add(
        Fault(400, FORBIDDEN, match=Match(query={"documentnumber": "1"}), times=None)
    )
    host = Comparing("1", "2", invoices=["1", "2"])
    report, _ = office.bring(host)
    assert list(host.balances) == ["2"]
    assert len(report.notes) == 1


def test_a_host_that_does_not_acknowledge_balances_is_told(office):
    class Deaf(Comparing):
        @hookimpl
        def opter_take_balances(self, run, balances):
            return 0

    bill(office, 1)
    with pytest.raises(Exception, match="NOT_ACKNOWLEDGED"):
        office.bring(Deaf())


# --- Invoices that are asked for one by one ---


def test_an_invoice_is_asked_for_by_its_whole_number_though_fortnox_finds_parts(office):
    bill(office, 12, 112, 120, 1200)
    part_of(office, 12, 1000)
    host = Comparing("12", invoices=["12", "12", "99", "K-17", "012"])
    _, kinds = office.bring(host)
    assert host.balances["12"].balance == 0
    assert "99" not in host.balances
    assert kinds["invoices"] == 1 + 2


def test_more_than_a_hundred_invoices_are_not_asked_for_and_their_number_is_told(office):
    host = Comparing(invoices=[str(number) for number in range(1, 131)])
    report, kinds = office.bring(host)
    assert kinds["invoices"] == 1 + 100
    [note] = sentences(report)
    assert note.startswith("30 unpaid invoices were not checked")


# --- Registered payments ---


def test_a_registered_payment_that_was_deleted_is_gone_and_one_that_lives_is_not_read_again(office):
    bill(office, 1)
    first, second = part_of(office, 1, 400), part_of(office, 1, 200)
    office.company.delete_payment(int(first))
    host = Comparing("1", registered=[(second, "1"), (first, "1")])
    _, kinds = office.bring(host)
    assert (host.gone, kinds["invoicepayments detail"]) == ([first], 2)


def test_a_registered_payment_that_pays_another_invoice_now_is_handed_over(office):
    bill(office, 1, 2)
    number = part_of(office, 2, 400, payment_date=date(2026, 2, 1))
    host = Comparing("1", registered=[(number, "1")])
    office.bring(host)
    assert (host.payments[number].invoice_number, host.gone) == ("2", [])


def test_more_than_a_hundred_payments_are_not_asked_after_and_their_number_is_told(office):
    host = Comparing(registered=[(str(number), "1") for number in range(150, 0, -1)])
    report, kinds = office.bring(host)
    assert kinds["invoicepayments detail"] == 100
    assert host.gone == [str(number) for number in range(150, 50, -1)]
    assert host.not_asked == [str(number) for number in range(50, 0, -1)]
    [note] = sentences(report)
    assert note.startswith("50 registered payments were not checked")


def deleted_ones(office, *, refused, fault, count=4):
    """Return a host that names payments that were deleted; one of them gets no right answer."""
    office.sandbox.faults.add(unavailable(fault, f"/3/invoicepayments/{refused}"))
    return Comparing(registered=[(str(number), "1") for number in range(1, count + 1)])


@REFUSED
def test_a_registered_payment_that_fortnox_refuses_is_not_asked_and_the_others_are(office, fault):
    host = deleted_ones(office, refused=2, fault=fault)
    report, kinds = office.bring(host)
    assert (host.gone, host.not_asked) == (["1", "3", "4"], ["2"])
    assert kinds["invoicepayments detail"] == 4
    [note] = sentences(report)
    assert note.startswith("1 registered payments could not be checked in Fortnox. Whoever is")


def test_a_refusal_is_told_once_with_its_code(office):
    body = FORBIDDEN.replace("2001339", "2009999")
    report, _ = office.bring(deleted_ones(office, refused="*", fault=Fault(403, body)))
    [note] = sentences(report)
    assert note.startswith("4 registered payments could not be checked")
    assert "(code 2009999)" in note


@UNAVAILABLE
def test_a_registered_payment_that_never_comes_is_not_asked_and_the_import_goes_on(office, fault):
    host = deleted_ones(office, refused=2, fault=fault)
    report, _ = office.bring(host)
    assert sorted(host.gone + host.not_asked) == ["1", "2", "3", "4"]
    assert "2" in host.not_asked
    [note] = sentences(report)
    assert "registered payments could not be checked in Fortnox. " in note


def test_where_no_detail_comes_not_every_one_is_waited_for(office):
    host = deleted_ones(office, refused="*", fault=Fault(500), count=150)
    report, kinds = office.bring(host)
    assert host.not_asked[:3] == ["1", "2", "3"]
    assert (len(host.not_asked), host.gone) == (150, [])
    # Those that were on their way together, but no others.
    assert kinds["invoicepayments detail"] < 100 * 6
    assert len(report.notes) == 2


def test_a_host_from_before_the_question_is_told_in_the_note_alone(office):
    host = deleted_ones(office, refused=2, fault=Fault(403, FORBIDDEN))
    host.opter_take_unchecked = None
    report, _ = office.bring(host)
    assert (host.gone, len(report.notes)) == (["1", "3", "4"], 1)


def test_a_host_that_does_not_acknowledge_what_was_not_asked_is_told(office):
    class Deaf(Comparing):
        @hookimpl
        def opter_take_unchecked(self, run, payment_numbers):
            return 0

    with pytest.raises(Exception, match="NOT_ACKNOWLEDGED"):
        office.bring(Deaf(registered=[("x", "1")]))


# --- Payments to confirm ---


@REFUSED
def test_a_payment_that_may_not_be_fetched_again_stays_and_the_others_are_confirmed(office, fault):
    bill(office, 1)
    numbers = [part_of(office, 1, 100) for _ in range(3)]
    office.sandbox.faults.add(unavailable(fault, f"/3/invoicepayments/{numbers[1]}"))
    host = Comparing("1", confirm=[*numbers, "99"])
    report, _ = office.bring(host)
    assert (sorted(host.payments), host.gone) == (numbers, ["99"])
    [note] = sentences(report)
    assert note.startswith("1 payments could not be fetched again from Fortnox, and stay")


@UNAVAILABLE
def test_confirming_ends_where_a_payment_never_comes_and_the_import_goes_on(office, fault):
    bill(office, 1)
    number = part_of(office, 1, 100)
    office.sandbox.faults.add(unavailable(fault, f"/3/invoicepayments/{number}"))
    host = Comparing("1", confirm=[number])
    report, _ = office.bring(host)
    assert (list(host.payments), host.calls.count("to confirm")) == ([number], 1)
    assert len(report.notes) == 1


def test_a_detail_that_the_import_itself_needs_still_ends_it(office):
    bill(office, 1, currency="EUR")
    number = part_of(office, 1, **EURO)
    office.sandbox.faults.add(unavailable(Fault(500), f"/3/invoicepayments/{number}"))
    with pytest.raises(Exception, match="FORTNOX_UNAVAILABLE"):
        office.bring(Comparing("1"))


def test_a_hundred_requests_are_all_that_several_answers_get(office):
    class Several(Comparing):
        @hookimpl
        def opter_payments_to_check(self, run, company):
            start = len(self.calls)
            self.calls.append("registered")
            numbers = range(start * 60, start * 60 + 60) if start < 3 else ()
            return [SimpleNamespace(number=str(n + 1), invoice_number="1") for n in numbers]

        @hookimpl
        def opter_invoices_to_check(self, run, company):
            return []

        @hookimpl
        def opter_take_balances(self, run, balances):
            return len(balances)

    report, kinds = office.bring(Several())
    assert kinds["invoicepayments detail"] == 100
    assert sentences(report)[0].startswith("80 registered payments were not checked")


def test_what_is_no_payment_number_is_not_asked_after(office):
    host = Comparing(registered=[("", "1"), ("x/1", "1")])
    _, kinds = office.bring(host)
    assert (kinds["invoicepayments detail"], host.gone) == (0, [])
    assert host.not_asked == ["", "x/1"]


# --- The customer of a payment ---


def test_the_customer_is_known_of_a_payment_that_was_read_whole(office):
    bill(office, 1, customer_number="K9")
    bill(office, 2, customer_number="K8", currency="EUR")
    listed, detailed = part_of(office, 1, 1000), part_of(office, 2, **EURO)
    host = Comparing("1", "2")
    office.bring(host)
    assert host.payments[listed].customer_number is None
    assert host.payments[detailed].customer_number == "K8"


def test_a_payment_of_this_run_is_handed_over_again_with_its_customer(office):
    bill(office, 1, customer_number="K9")
    bill(office, 2, total=-1000, customer_number="K9")
    numbers = part_of(office, 1, 1000), part_of(office, 2, -1000)
    host = Comparing("1", "2", confirm=numbers)
    _, kinds = office.bring(host)
    assert {one.customer_number for one in host.payments.values()} == {"K9"}
    assert {one.amount for one in host.payments.values()} == {Decimal(1000), Decimal(-1000)}
    assert kinds["invoicepayments detail"] == 2


@pytest.mark.parametrize("hidden", ["API_NORIGHT", "", None])
def test_a_customer_that_fortnox_hides_is_not_known(office, hidden):
    bill(office, 1)
    number = part_of(office, 1, 1000, wire={"InvoiceCustomerNumber": hidden})
    host = Comparing("1", confirm=[number])
    office.bring(host)
    assert host.payments[number].customer_number is None


# --- What is neither zero nor positive ---


def test_a_payment_of_nothing_with_a_write_off_passes_unharmed(office):
    bill(office, 1)
    number = part_of(office, 1, 0, write_offs=(WriteOff(amount=Decimal(1000), account=6351),))
    host = Comparing("1")
    office.bring(host)
    [off] = host.payments[number].write_offs
    assert (host.payments[number].amount, off.amount) == (Decimal("0.00"), Decimal("1000.00"))


def test_a_negative_payment_in_euro_keeps_both_signs(office):
    bill(office, 1, total=-100, currency="EUR")
    euro = EURO | {"amount": Decimal(-1125), "amount_currency": Decimal(-100)}
    number = part_of(office, 1, **euro)
    host = Comparing("1")
    office.bring(host)
    one = host.payments[number]
    assert (one.amount, one.amount_currency) == (Decimal("-1125.00"), Decimal("-100.00"))
    assert one.exchange_rate == Decimal("11.25")


# --- Reading everything ---


def test_reading_everything_asks_for_nothing_of_this(office):
    bill(office, 1)
    host = Comparing(invoices=["1"], registered=[("1", "1")])
    _, kinds = office.bring(host, everything=True)
    assert set(kinds) == {"companyinformation", "invoicepayments"}
    assert "registered" not in host.calls
