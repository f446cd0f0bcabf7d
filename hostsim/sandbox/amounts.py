"""The amounts of an invoice: rows, fees, VAT of each rate, rounding half up to the öre.

Where Fortnox's arithmetic is not known, a switch decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import ZERO, Amounts

HUNDRED = Decimal(100)


def row_total(row: Mapping[str, Any]) -> Decimal:
    """Return the total of a row, with or without VAT as its price is."""
    discount: Decimal = row["Discount"]
    gross = round_half_up(row["Price"] * row["DeliveredQuantity"])
    if row["DiscountType"] == "AMOUNT":
        return gross - discount
    return round_half_up(gross * (HUNDRED - discount) / HUNDRED)


def without_vat(amount: Decimal, rate: Decimal, *, included: bool) -> Decimal:
    return round_half_up(amount * HUNDRED / (HUNDRED + rate)) if included else amount


def vat_of(amount: Decimal, rate: Decimal, *, included: bool) -> Decimal:
    return round_half_up(amount * rate / (HUNDRED + rate if included else HUNDRED))


def compute(
    rows: Iterable[Mapping[str, Any]],
    *,
    freight: Decimal,
    administration_fee: Decimal,
    fee_rate: Decimal,
    vat_included: bool,
    switches: Switches,
) -> tuple[Decimal, Amounts]:
    """Return the total of an invoice, and its parts."""
    fees = [vat_of(fee, fee_rate, included=vat_included) for fee in (freight, administration_fee)]
    fee_net = freight + administration_fee - (sum(fees, ZERO) if vat_included else ZERO)
    totals = [(row["VAT"], row_total(row)) for row in rows]
    vat = sum(
        (vat_of(*taxed, included=vat_included) for taxed in _vat_bases(totals, switches)), ZERO
    )
    gross = sum((total for _rate, total in totals), ZERO) - (vat if vat_included else ZERO)
    unrounded = gross + vat + fee_net + sum(fees, ZERO)
    total = round_half_up(unrounded, 0) if switches.whole_kronor else unrounded
    return total, Amounts(
        net=gross + fee_net,
        gross=gross,
        vat=vat + sum(fees, ZERO),
        freight_vat=fees[0],
        administration_fee_vat=fees[1],
        round_off=total - unrounded,
    )


def _vat_bases(
    totals: list[tuple[Decimal, Decimal]], switches: Switches
) -> Iterable[tuple[Decimal, Decimal]]:
    """Return the amounts that VAT is computed on, each with its rate."""
    if switches.vat_on == "rows":
        return [(total, rate) for rate, total in totals]
    sums: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for rate, total in totals:
        sums[rate] += total
    return [(total, rate) for rate, total in sums.items()]
