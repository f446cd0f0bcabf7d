"""``Betalningsregistrering`` by hand: a new payment, a deleted one, and a file for Fortnox."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal

from flask import Blueprint, Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.payment_register import window
from hostsim.desk.shared import desk_context, language, notify, notify_error, with_query
from hostsim.errors import DoubtfulPayment, HostError
from hostsim.ledger.amounts import typed_date, typed_money, typed_rate
from hostsim.ledger.hand_payments import TypedPayment, wrong_amount_error
from hostsim.ledger.values import HAND, REGISTERED, Invoice
from hostsim.messages.desk import page_text
from hostsim.messages.formats import money, plain
from hostsim.messages.results import DATE_NEEDED
from hostsim.messages.text import own
from hostsim.services import payments_file
from hostsim.services.hand_payments import Added
from hostsim.storage.invoices import invoice_row, open_invoices
from hostsim.storage.lists import Page, Selection, page_of
from hostsim.storage.rows import value_of
from hostsim.views.labels import PAYMENT_STATES, label
from opter_contract.values import Text

pages = Blueprint("by_hand", __name__, url_prefix="/payments")

_FIELDS = ("invoice", "amount", "rate", "date", "region", "bank_account", "key")

#: The field that an error belongs to.
_FIELD_OF_ERROR = {
    "PAYMENT_AMOUNT": "amount",
    "PAYMENT_TOO_LARGE": "amount",
    "PAYMENT_CURRENCY": "amount",
    "PAYMENT_RATE": "rate",
    "BANK_ACCOUNT": "bank_account",
}

#: The field that a doubt belongs to, if it has another name.
_FIELD_OF_DOUBT = {"identical": "amount"}


# --- A new payment ------------------------------------------------------------


@pages.get("/new")
def ask() -> str:
    values = {key: request.args.get(key, "").strip() for key in ("invoice", "region")}
    return _dialog(values | {"key": _new_key()}, prefill=True)


def _dialog(
    values: Mapping[str, str],
    wrong: Mapping[str, Text] | None = None,
    doubtful: DoubtfulPayment | None = None,
    *,
    prefill: bool = False,
) -> str:
    """Show the form.

    :param prefill: fill in the remaining amount of the invoice if no amount is typed.
    """
    invoice = _invoice(values)
    remaining = _remaining(invoice) if prefill and not values.get("amount") else ""
    default = dict.fromkeys(_FIELDS, "") | {"date": desk_context().clock().date().isoformat()}
    doubts: dict[str, list[Text]] = {}
    for doubt in () if doubtful is None else doubtful.doubts:
        doubts.setdefault(_FIELD_OF_DOUBT.get(doubt.place, doubt.place), []).append(doubt.message)
    return window(
        dialog="add",
        regions=desk_context().regions(),
        values=default | dict(values) | ({"amount": remaining} if remaining else {}),
        prefilled=remaining,
        prefilled_of=_invoice_name(values),
        wrong=dict.fromkeys(_FIELDS) | dict(wrong or {}),
        doubts=dict.fromkeys(_FIELDS, ()) | doubts,
        seal="" if doubtful is None else doubtful.confirmation_digest,
        form_invoice=invoice,
        matches=_matching_invoices(values) if invoice is None else None,
        max_proposals=MAX_PROPOSALS,
        back=with_query("register.show"),
    )


#: Invoices proposed if something other than a number is typed.
MAX_PROPOSALS = 8


def _matching_invoices(values: Mapping[str, str]) -> Page | None:
    """Search the open invoices for the text that was typed instead of a number."""
    if not values["invoice"]:
        return None
    today = desk_context().clock().date()
    source = open_invoices(today, values.get("region", ""))
    return page_of(desk_context().store, source, Selection(text=values["invoice"]))


def _invoice(values: Mapping[str, str]) -> Invoice | None:
    row = invoice_row(desk_context().store.db, values.get("region", ""), values["invoice"])
    return None if row is None else value_of(Invoice, row)


def _remaining(invoice: Invoice | None) -> str:
    """Return the remaining amount as a person types it; ``""`` if nothing remains."""
    if invoice is None or not invoice.remaining:
        return ""
    # An English 1,000.00 could also be read as 1.00.
    return money(invoice.remaining, "sv") if language() == "sv" else plain(invoice.remaining)


def _new_key() -> str:
    return secrets.token_urlsafe(16)


@pages.post("/new")
def add() -> AnyResponse:
    """Register a payment, or show the refusal at its field."""
    form = {key: request.form.get(key, "").strip() for key in _FIELDS}
    stale = _is_stale(form)
    if stale:
        form["amount"] = ""
    if stale or request.form.get("look"):
        return make_response(_dialog(form, prefill=True))
    try:
        added = _add(form)
    except _FieldError as wrong:
        return make_response(_dialog(form, {wrong.field: wrong.message}), 422)
    except DoubtfulPayment as doubtful:
        return make_response(_dialog(form, doubtful=doubtful), 422)
    except HostError as error:
        field = _FIELD_OF_ERROR.get(error.code, "invoice")
        if error.code in {"PAYMENT_KEY", "PAYMENT_KEY_USED", "PAYMENT_KEY_DELETED"}:
            form["key"] = _new_key()
        return make_response(_dialog(form, {field: own(error.message)}), 422)
    number = desk_context().store.payment(added.id).host_invoice_number or ""
    notify(page_text("payment_known" if added.already else "payment_added", number=number))
    return redirect(url_for("register.show", payment=added.id), 303)


def _is_stale(form: Mapping[str, str]) -> bool:
    """Return whether the amount was filled in for another invoice, and not typed."""
    prefilled = request.form.get("prefilled", "").strip()
    prefilled_of = request.form.get("prefilled_of", "").strip()
    return bool(prefilled) and form["amount"] == prefilled and prefilled_of != _invoice_name(form)


def _invoice_name(values: Mapping[str, str]) -> str:
    return f"{values['invoice']} {values.get('region', '')}".strip()


class _FieldError(Exception):
    """A field whose value cannot be read."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(field)
        self.field, self.message = field, message


def _add(form: Mapping[str, str]) -> Added:
    typed = typed_money(form["amount"])
    if typed is None:
        raise wrong_amount_error(form["amount"])
    amount, currency = typed
    day = typed_date(form["date"])
    if day is None:
        raise _FieldError("date", DATE_NEEDED)
    payment = TypedPayment(
        form["invoice"],
        amount,
        day,
        region=form["region"],
        bank_account=form["bank_account"],
        currency=currency,
        rate=_rate(form["rate"]),
        # A form without a key is not from our page; it is still registered only once.
        key=form["key"] or _new_key(),
    )
    return desk_context().host().enter_payment(payment, shown=request.form.get("seal", ""))


def _rate(text: str) -> Decimal | None:
    rate = typed_rate(text)
    if text and rate is None:
        raise _FieldError("rate", page_text("rate_wrong", rate=text[:50]))
    return rate


# --- Deleting a payment -------------------------------------------------------


@pages.get("/<int:payment_id>/delete")
def ask_to_delete(payment_id: int) -> AnyResponse | str:
    state = desk_context().store.payment(payment_id).state
    if state != REGISTERED:
        notify(page_text("not_registered_now", state=label(PAYMENT_STATES, state)))
        return redirect(with_query("register.show", payment=payment_id), 303)
    return _delete_dialog(payment_id, "")


def _delete_dialog(payment_id: int, why: str, wrong: Text | None = None) -> str:
    entry = desk_context().store.payment(payment_id)
    return window(
        dialog="delete",
        entry=entry,
        typed_by_hand=entry.origin == HAND,
        values={"why": why},
        wrong=wrong,
        back=with_query("register.show", payment=payment_id),
    )


@pages.post("/<int:payment_id>/delete")
def delete(payment_id: int) -> AnyResponse:
    why = request.form.get("why", "")
    try:
        desk_context().host().delete_payment(payment_id, why=why)
    except HostError as error:
        if error.code == "WHY_NEEDED":
            page = _delete_dialog(payment_id, why, own(error.message))
            return make_response(page, 422)
        notify_error(error)
    else:
        entry = desk_context().store.payment(payment_id)
        number = entry.host_invoice_number or ""
        deleted = "payment_deleted" if entry.origin == HAND else "imported_payment_deleted"
        notify(page_text(deleted, number=number))
    return redirect(with_query("register.show", payment=payment_id), 303)


# --- The file for Fortnox -----------------------------------------------------


@pages.get("/ledger")
def ask_to_export() -> str:
    """Show what the file contains and excludes, before it is downloaded."""
    regions = desk_context().regions()
    region = request.args.get("region", regions[0])
    with payments_file.export(desk_context().store, region=region) as exported:
        return window(
            dialog="ledger",
            regions=regions,
            region=region,
            exported=exported,
            back=url_for("register.show"),
        )


@pages.get("/ledger.csv")
def export() -> Response:
    region = request.args.get("region", "")
    with payments_file.export(desk_context().store, region=region) as exported:
        response = Response("".join(exported.lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="kundreskontra.csv"'
    return response
