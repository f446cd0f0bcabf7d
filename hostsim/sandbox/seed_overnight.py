"""What happens in the haulier's books between the two days of the demonstration."""

from __future__ import annotations

from hostsim.sandbox.seed import COMPANY
from hostsim.sandbox.state import State

#: Invoices, by number.
CHANGED, TOUCHED, BOOKED = 10235, 10236, 10230
REMADE, DELETED = 10237, 10238
PAID = (10290, 10291)


def change_overnight(state: State) -> None:
    """Change the haulier's books as overnight, by the clock of the sandbox.

    A booked amount changes, two invoices are paid, a payment is modified without
    a change, one from a bank file is booked, and two are deleted, one of which
    is added again.
    """
    company = state.company(COMPANY)
    changed = company.payments_of(CHANGED)[0]
    company.change_payment(changed.number, amount=changed.amount - 100)
    company.touch_payment(company.payments_of(TOUCHED)[0].number)
    company.book_payment(company.payments_of(BOOKED)[0].number)
    # None is left to delete if this is called again.
    for deleted in company.payments_of(DELETED)[:1]:
        company.delete_payment(deleted.number)
    replaced = company.payments_of(REMADE)[0]
    company.delete_payment(replaced.number)
    for invoice in company.invoices():
        if invoice.number == REMADE:
            company.pay(invoice, replaced.amount, replaced.payment_date)
        if invoice.number in PAID:
            company.pay(invoice, invoice.total, company.today(), "file")
