"""Payments fetched one by one: where the row of a list is not enough, or may be outdated."""

from __future__ import annotations

from dataclasses import asdict

from opter_contract.values import ExcludedPayment, Payment
from opter_fortnox_plugin.errors import Missing
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment, payment_detail
from opter_fortnox_plugin.fortnox.protocol import PAYMENTS
from opter_fortnox_plugin.payments.conversion import Converter

#: A payment that was read; ``None`` if it is deleted.
Outcome = Payment | ExcludedPayment | None


class PaymentDetails:
    """The details of one company's payments."""

    def __init__(self, client: Client, converter: Converter) -> None:
        self._client = client
        self._converter = converter

    def needed(self, row: InvoicePayment) -> bool:
        """Return whether the list row is not enough: another currency, or write-offs."""
        if row.currency == "SEK" and not row.write_off_exist:
            return False
        reason = self._converter.exclusion_reason(row)
        return reason is None or reason.reason == "not-booked"

    def fetch(self, number: str) -> Outcome:
        try:
            raw = self._client.get(PAYMENTS, number)
        except Missing:
            return None
        try:
            row = payment_detail(raw)
            if row.number != number:
                raise Unreadable(("Number",), readable=asdict(row))
        except Unreadable as error:
            return self._converter.unreadable(error, error, number)
        return self._converter.convert(row, detailed=True)
