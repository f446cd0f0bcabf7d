"""``Betalningsregistrering`` by hand: a new payment, a deleted one, and a file for Fortnox."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.payment_register import window
from hostsim.desk.shared import desk_context, language, tell, text_with
from hostsim.errors import DoubtfulPayment, HostError, host_error
from hostsim.ledger.amounts import typed_amount, typed_date, typed_rate
from hostsim.ledger.hand_payments import Entry, wrong_amount
from hostsim.ledger.values import HAND, REGISTERED, Invoice
from hostsim.messages.formats import money, plain
from hostsim.messages.results import DATE_NEEDED
from hostsim.messages.text import own
from hostsim.services import payments_file
from hostsim.services.hand_payments import Added
from hostsim.storage.invoices import invoice_row
from hostsim.storage.rows import invoice_of
from opter_contract.values import Text

pages = Blueprint("by_hand", __name__, url_prefix="/payments")

_FIELDS = ("invoice", "amount", "rate", "date", "region", "bank_account", "key")

#: The field that an error belongs beside.
_PLACES = {
    "PAYMENT_AMOUNT": "amount",
    "PAYMENT_TOO_LARGE": "amount",
    "PAYMENT_CURRENCY": "amount",
    "PAYMENT_RATE": "rate",
    "BANK_ACCOUNT": "bank_account",
}

#: The field that a doubt belongs beside, where it has none of its own name.
_DOUBTFUL = {"identical": "amount"}


def _back(**values: Any) -> str:
    return url_for("register.show", **{**request.args.to_dict(), **values})


# --- A new one ----------------------------------------------------------------


@pages.get("/new")
def ask() -> str:
    named = {key: request.args.get(key, "").strip() for key in ("invoice", "region")}
    return _ask(named | {"key": _new_key()}, prefill=True)


def _ask(
    values: Mapping[str, str],
    wrong: Mapping[str, Text] | None = None,
    doubtful: DoubtfulPayment | None = None,
    *,
    prefill: bool = False,
) -> str:
    """Show the form.

    :param prefill: put what remains of the invoice where no amount is typed.
    """
    invoice = _invoice(values)
    left = _remaining(invoice) if prefill and not values.get("amount") else ""
    preset = dict.fromkeys(_FIELDS, "") | {"date": desk_context().clock().date().isoformat()}
    doubts: dict[str, list[Text]] = {}
    for doubt in () if doubtful is None else doubtful.doubts:
        doubts.setdefault(_DOUBTFUL.get(doubt.place, doubt.place), []).append(doubt.message)
    return window(
        dialog="add",
        regions=desk_context().regions(),
        values=preset | dict(values) | ({"amount": left} if left else {}),
        prefilled=left,
        prefilled_of=_named(values),
        wrong=dict.fromkeys(_FIELDS) | dict(wrong or {}),
        doubts=dict.fromkeys(_FIELDS, ()) | doubts,
        seal="" if doubtful is None else doubtful.seal,
        named=invoice,
        back=_back(),
    )


def _invoice(values: Mapping[str, str]) -> Invoice | None:
    row = invoice_row(desk_context().store.db, values.get("region", ""), values["invoice"])
    return None if row is None else invoice_of(row)


def _remaining(invoice: Invoice | None) -> str:
    """Write what remains as it can be typed; nothing where nothing does."""
    if invoice is None or not invoice.remaining:
        return ""
    # An English 1,000.00 could be taken for 1.00 as well.
    return money(invoice.remaining, "sv") if language() == "sv" else plain(invoice.remaining)


def _new_key() -> str:
    return secrets.token_urlsafe(16)


@pages.post("/new")
def add() -> AnyResponse:
    """Register a payment, or say beside the field why not."""
    form = {key: request.form.get(key, "").strip() for key in _FIELDS}
    stale = _is_stale(form)
    if stale:
        form["amount"] = ""
    if stale or request.form.get("look"):
        return make_response(_ask(form, prefill=True))
    try:
        made = _added(form)
    except _WrongError as wrong:
        return make_response(_ask(form, {wrong.place: wrong.message}), 422)
    except DoubtfulPayment as doubtful:
        return make_response(_ask(form, doubtful=doubtful), 422)
    except HostError as error:
        place = _PLACES.get(error.code, "invoice")
        if error.code in {"PAYMENT_KEY", "PAYMENT_KEY_USED", "PAYMENT_KEY_DELETED"}:
            form["key"] = _new_key()
        return make_response(_ask(form, {place: own(error.message)}), 422)
    number = desk_context().store.payment(made.id).host_invoice_number or ""
    tell(text_with("told_added_already" if made.already else "told_added", number=number))
    return redirect(url_for("register.show", payment=made.id), 303)


def _is_stale(form: Mapping[str, str]) -> bool:
    """Tell whether the amount is what remained of another invoice, and nobody typed it."""
    left, its = request.form.get("prefilled", "").strip(), request.form.get("prefilled_of", "")
    return bool(left) and form["amount"] == left and its.strip() != _named(form)


def _named(values: Mapping[str, str]) -> str:
    return f"{values['invoice']} {values.get('region', '')}".strip()


class _WrongError(Exception):
    """A field whose value is none."""

    def __init__(self, place: str, message: Text) -> None:
        super().__init__(place)
        self.place, self.message = place, message


def _added(form: Mapping[str, str]) -> Added:
    amount = typed_amount(form["amount"])
    if amount is None:
        raise wrong_amount(form["amount"])
    day = typed_date(form["date"])
    if day is None:
        raise _WrongError("date", DATE_NEEDED)
    entry = Entry(
        form["invoice"],
        amount,
        day,
        region=form["region"],
        bank_account=form["bank_account"],
        rate=_rate(form["rate"]),
        # A form without one is no form of ours; it is registered once all the same.
        key=form["key"] or _new_key(),
    )
    return desk_context().host().enter_payment(entry, shown=request.form.get("seal", ""))


def _rate(text: str) -> Decimal | None:
    found = typed_rate(text)
    if text and found is None:
        raise _WrongError("rate", text_with("rate_wrong", rate=text[:50]))
    return found


# --- Deleting one -------------------------------------------------------------


@pages.get("/<int:payment_id>/delete")
def ask_to_delete(payment_id: int) -> str:
    return _ask_to_delete(payment_id, "")


def _ask_to_delete(payment_id: int, why: str, wrong: Text | None = None) -> str:
    entry = desk_context().store.payment(payment_id)
    if entry.state != REGISTERED:
        raise host_error("PAGE_UNKNOWN")
    return window(
        dialog="delete",
        entry=entry,
        typed_by_hand=entry.origin == HAND,
        values={"why": why},
        wrong=wrong,
        back=_back(payment=payment_id),
    )


@pages.post("/<int:payment_id>/delete")
def delete(payment_id: int) -> AnyResponse:
    why = request.form.get("why", "")
    try:
        desk_context().host().delete_payment(payment_id, why=why)
    except HostError as error:
        if error.code == "WHY_NEEDED":
            page = _ask_to_delete(payment_id, why, own(error.message))
            return make_response(page, 422)
        tell(own(error.message), "error")
    else:
        entry = desk_context().store.payment(payment_id)
        number = entry.host_invoice_number or ""
        tell(
            text_with(
                "told_deleted" if entry.origin == HAND else "told_deleted_import", number=number
            )
        )
    return redirect(_back(payment=payment_id), 303)


# --- For Fortnox --------------------------------------------------------------


@pages.get("/ledger")
def ask_to_export() -> str:
    """Say what the file holds and what it leaves out, before it is fetched."""
    regions = desk_context().regions()
    region = request.args.get("region", regions[0])
    return window(
        dialog="ledger",
        regions=regions,
        region=region,
        made=payments_file.export(desk_context().store, region=region),
        back=url_for("register.show"),
    )


@pages.get("/ledger.csv")
def export() -> Response:
    made = payments_file.export(desk_context().store, region=request.args.get("region", ""))
    response = Response(made.text, mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="kundreskontra.csv"'
    return response
