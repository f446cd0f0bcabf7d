"""``Betalningsregistrering`` by hand: a new payment, a deleted one, and a file for Fortnox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim import exporting, history
from hostsim.by_hand import typed_number
from hostsim.desk.common import office, tell, worded
from hostsim.desk.pages_register import window
from hostsim.errors import HostError, host_error
from hostsim.history import HAND, REGISTERED
from hostsim.regions import checked_bank_account
from hostsim.texts import DATE_NEEDED, Text, own

pages = Blueprint("by_hand", __name__, url_prefix="/payments")

_FIELDS = ("invoice", "amount", "rate", "date", "region", "bank_account")

#: The field that an error belongs beside.
_PLACES = {
    "PAYMENT_AMOUNT": "amount",
    "PAYMENT_CURRENCY": "amount",
    "PAYMENT_RATE": "rate",
    "BANK_ACCOUNT": "bank_account",
}


def _back(**values: Any) -> str:
    return url_for("register.show", **{**request.args.to_dict(), **values})


# --- A new one ----------------------------------------------------------------


@pages.get("/new")
def ask() -> str:
    """Show an empty payment, dated today."""
    return _ask({"invoice": request.args.get("invoice", "")})


def _ask(values: Mapping[str, str], wrong: Mapping[str, Text] | None = None) -> str:
    preset = dict.fromkeys(_FIELDS, "") | {"date": office().clock().date().isoformat()}
    return window(
        dialog="add",
        regions=office().regions(),
        values=preset | dict(values),
        wrong=dict.fromkeys(_FIELDS) | dict(wrong or {}),
        back=_back(),
    )


@pages.post("/new")
def add() -> AnyResponse:
    """Register a payment, or say beside the field why not."""
    form = {key: request.form.get(key, "").strip() for key in _FIELDS}
    try:
        its = _added(form)
    except _WrongError as wrong:
        return make_response(_ask(form, {wrong.place: wrong.sentence}), 422)
    except HostError as error:
        place = _PLACES.get(error.code, "invoice")
        return make_response(_ask(form, {place: own(error.sentence)}), 422)
    added = history.entry(office().store, its)
    number = added.row.host_invoice_number or ""
    tell(worded("told_added", number=number))
    return redirect(url_for("register.show", payment=its), 303)


class _WrongError(Exception):
    """A field whose value is none."""

    def __init__(self, place: str, sentence: Text) -> None:
        super().__init__(place)
        self.place, self.sentence = place, sentence


def _added(form: Mapping[str, str]) -> int:
    amount = typed_number(form["amount"])
    if amount is None:
        raise host_error("PAYMENT_AMOUNT", amount=form["amount"][:50])
    try:
        day = date.fromisoformat(form["date"])
    except ValueError as error:
        raise _WrongError("date", DATE_NEEDED) from error
    return (
        office()
        .host()
        .add_payment(
            form["invoice"],
            amount,
            region=form["region"],
            date=day,
            bank_account=checked_bank_account(form["bank_account"]),
            rate=_rate(form["rate"]),
        )
    )


def _rate(text: str) -> Decimal | None:
    found = typed_number(text)
    if text and found is None:
        raise _WrongError("rate", worded("rate_wrong", rate=text[:50]))
    return found


# --- Deleting one -------------------------------------------------------------


@pages.get("/<int:payment_id>/delete")
def ask_to_delete(payment_id: int) -> str:
    """Show the payment, and ask why it is to be deleted."""
    return _ask_to_delete(payment_id, "")


def _ask_to_delete(payment_id: int, why: str, wrong: Text | None = None) -> str:
    entry = history.entry(office().store, payment_id)
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
    """Delete a payment; it stays, and says so."""
    why = request.form.get("why", "")
    try:
        office().host().delete_payment(payment_id, why=why)
    except HostError as error:
        if error.code == "WHY_NEEDED":
            page = _ask_to_delete(payment_id, why, own(error.sentence))
            return make_response(page, 422)
        tell(own(error.sentence), "error")
    else:
        entry = history.entry(office().store, payment_id)
        number = entry.row.host_invoice_number or ""
        tell(
            worded("told_deleted" if entry.origin == HAND else "told_deleted_import", number=number)
        )
    return redirect(_back(payment=payment_id), 303)


# --- For Fortnox --------------------------------------------------------------


@pages.get("/ledger")
def ask_to_export() -> str:
    """Say what the file holds and what it leaves out, before it is fetched."""
    regions = office().regions()
    region = request.args.get("region", regions[0])
    return window(
        dialog="ledger",
        regions=regions,
        region=region,
        made=exporting.export(office().store, region=region),
        back=url_for("register.show"),
    )


@pages.get("/ledger.csv")
def export() -> Response:
    """Give the payments that did not come from there, of one region."""
    made = exporting.export(office().store, region=request.args.get("region", ""))
    response = Response(made.text, mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="kundreskontra.csv"'
    return response
