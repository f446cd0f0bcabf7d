"""Converts a row of Fortnox to a payment of the contract, or to the reason for excluding it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from opter_contract.values import ExcludedPayment, Payment, PaymentKey, Reason, Text
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment
from opter_fortnox_plugin.payments.exchange_rate import exchange_rate


@dataclass(frozen=True)
class Converter:
    """Converts the rows of one company.

    :param exclusion_reason: returns why the settings exclude a payment, if they do.
    """

    company_number: str
    exclusion_reason: Callable[[Payment | InvoicePayment], Reason | None]

    def convert(self, row: InvoicePayment, *, detailed: bool) -> Payment | ExcludedPayment:
        try:
            payment = self._payment(row, detailed=detailed)
        except Unreadable as error:
            return self.unreadable(error, row)
        reason = self.exclusion_reason(payment)
        if reason is None:
            return payment
        return excluded_for(reason, payment)

    def unreadable(
        self, error: Unreadable, row: InvoicePayment | Unreadable, number: str | None = None
    ) -> ExcludedPayment:
        """Exclude a payment that cannot be read, with its readable fields.

        :param number: the payment's number, if it was requested by number.
        """
        return ExcludedPayment(
            PaymentKey(self.company_number, number or row.number),
            "unreadable",
            _why_unreadable(error),
            None,
            row.amount,
            row.invoice_number,
        )

    def _payment(self, row: InvoicePayment, *, detailed: bool) -> Payment:
        amount_currency, rate = row.amount_currency, None
        warnings: tuple[Text, ...] = ()
        if row.currency == "SEK":
            amount_currency = row.amount
        elif detailed:
            amount_currency, rate, warnings = _currency_amounts(row)
        return Payment(
            key=PaymentKey(self.company_number, row.number),
            source=row.source,
            invoice_number=row.invoice_number,
            ocr=row.invoice_ocr,
            date=row.date,
            amount=row.amount,
            currency=row.currency,
            amount_currency=amount_currency,
            exchange_rate=rate,
            write_offs=row.write_offs,
            booked=row.booked,
            warnings=warnings,
            customer_number=row.customer_number,
        )


def excluded_for(reason: Reason, payment: Payment) -> ExcludedPayment:
    return ExcludedPayment(
        payment.key,
        reason.reason,
        reason.message,
        payment,
        payment.amount,
        payment.invoice_number,
    )


def _currency_amounts(row: InvoicePayment) -> tuple[Decimal, Decimal, tuple[Text, ...]]:
    if row.amount_currency is None:
        raise Unreadable(("AmountCurrency",))
    try:
        rate = exchange_rate(row.amount, row.amount_currency, row.currency_rate, row.currency_unit)
    except ValueError:
        raise Unreadable(("Amount", "AmountCurrency")) from None
    return row.amount_currency, rate.value, (rate.warning,) if rate.warning else ()


#: The fields of a payment as Fortnox shows them to people.
_FIELDS = {
    "Amount": Text("beloppet", "the amount"),
    "AmountCurrency": Text("beloppet i valutan", "the amount in the currency"),
    "Booked": Text("om den är bokförd", "whether it is booked"),
    "Currency": Text("valutan", "the currency"),
    "CurrencyRate": Text("kursen", "the exchange rate"),
    "CurrencyUnit": Text("kursens enhet", "the unit of the rate"),
    "InvoiceNumber": Text("fakturanumret", "the invoice number"),
    "Number": Text("betalningens nummer", "the number of the payment"),
    "PaymentDate": Text("betalningsdatumet", "the payment date"),
    "Source": Text("ursprunget", "the origin"),
    "WriteOffs": Text("avskrivningarna", "the write-offs"),
}


def _why_unreadable(error: Unreadable) -> Text:
    fields = [_FIELDS.get(name, Text(name, name)) for name in error.fields]
    sv = ", ".join(field.sv for field in fields) or "–"
    en = ", ".join(field.en for field in fields) or "–"
    if error.no_right:
        return Text(
            f"Fortnox visar inte {sv} för den som är inloggad",
            f"Fortnox does not show {en} to whoever is signed in",
        )
    return Text(
        f"Betalningen går inte att läsa: {sv}. Kontrollera den i Fortnox",
        f"The payment cannot be read: {en}. Check it in Fortnox",
    )
