"""``Ekonomi > Betalningsregistrering``: what is registered, and its origin."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, url_for

from hostsim.desk.downloads import FORM, page_file
from hostsim.desk.shared import desk_context, list_view, word
from hostsim.errors import HostError
from hostsim.ledger.values import Entry
from hostsim.messages.past_tense import once_saved
from hostsim.storage.history import PastRun, run
from hostsim.storage.invoices import invoice
from hostsim.storage.lists import registered
from hostsim.views.labels import PAYMENT_STATES
from hostsim.views.payments import origin as origin_of

pages = Blueprint("register", __name__, url_prefix="/payments")

TABS = ("payment", "invoice", "origin")


@pages.get("", endpoint="show")
def window(**dialog: object) -> str:
    """Show the register on the left, and the chosen payment on the right.

    :param dialog: the dialog in front of the window, and its values.
    """
    store = desk_context().store
    run_id = request.args.get("run") or None
    tab = request.args.get("tab", "")
    listed = list_view(
        "payments",
        word("payments"),
        registered(run_id),
        endpoint="register.show",
        row_argument="payment",
    )
    of_dialog = (request.view_args or {}).get("payment_id")
    chosen = _chosen(of_dialog or request.args.get("payment", type=int))
    if chosen is None and listed.page.entries:
        chosen = listed.page.entries[0]
    return render_template(
        "payments.html",
        listed=listed,
        run=_run(run_id),
        tab=tab if tab in TABS else TABS[0],
        tabs=TABS,
        chosen=chosen,
        invoice=None if chosen is None else invoice(store, chosen.invoice_id),
        of_invoice=[] if chosen is None else list(store.payments(invoice_id=chosen.invoice_id)),
        origin=None if chosen is None else _run(chosen.run_id),
        states=PAYMENT_STATES,
        origin_of=origin_of,
        once_saved=once_saved,
        **{"back": url_for("register.show")} | dialog,
    )


@pages.get(f"/payments.{FORM}")
def file(form: str) -> Response:
    return page_file(form, "payments", registered(request.args.get("run") or None))


def _chosen(payment_id: int | None) -> Entry | None:
    try:
        return None if payment_id is None else desk_context().store.payment(payment_id)
    except HostError:
        return None


def _run(run_id: str | None) -> PastRun | None:
    try:
        return None if run_id is None else run(desk_context().store, run_id)
    except HostError:
        return None
