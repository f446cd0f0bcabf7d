"""``Ekonomi > Betalningsregistrering``: what is registered, and where it came from."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, render_template, request, url_for

from hostsim.desk.common import office, shown, words
from hostsim.desk.pages_import import csv_response
from hostsim.ledger.values import Invoice
from hostsim.storage.lists import Asked, Entry, all_of, registered
from hostsim.storage.rows import invoice_of, row_of
from hostsim.views.history import BOOKED_AS

pages = Blueprint("register", __name__, url_prefix="/payments")

TABS = ("payment", "invoice", "origin")


@pages.get("")
def show() -> str:
    """Show the register on the left, and the chosen payment on the right."""
    return window()


def window(**dialog: object) -> str:
    """Show the window, with what stands before it."""
    run = request.args.get("run") or None
    tab = request.args.get("tab", "")
    listed = shown(
        "payments",
        words()("payments"),
        registered(run),
        endpoint="register.show",
        csv="register.export",
        picks="payment",
    )
    chosen = _chosen(request.args.get("payment", ""))
    if chosen is None and listed.page.entries:
        chosen = _chosen(str(listed.page.entries[0].id))
    return render_template(
        "payments.html",
        listed=listed,
        run=_run(run) if run else None,
        tab=tab if tab in TABS else TABS[0],
        tabs=TABS,
        chosen=chosen,
        write_offs=() if chosen is None else row_of(chosen).write_offs,
        invoice=None if chosen is None else _invoice(chosen),
        of_invoice=[] if chosen is None else _of_invoice(chosen),
        origin=None if chosen is None else _run(chosen["run_id"]),
        states=BOOKED_AS,
        **{"dialog": None, "job": None, "failure": None, "back": url_for("register.show")} | dialog,
    )


@pages.get("/payments.csv")
def export() -> Response:
    """Give the register as CSV, as it is filtered and sorted on the page."""
    run = request.args.get("run") or None
    entries = all_of(office().store, registered(run), Asked.of(request.args))
    return csv_response("payments", "betalningsregistrering", entries)


def _chosen(payment_id: str) -> sqlite3.Row | None:
    if not payment_id.isascii() or not payment_id.isdigit() or len(payment_id) > 18:
        return None
    row: sqlite3.Row | None = (
        office()
        .store.db.execute(
            "SELECT p.*, i.number AS host_invoice_number, i.customer_name, NULL AS reason,"
            " NULL AS message_sv, NULL AS message_en"
            " FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE p.id = ?",
            (int(payment_id),),
        )
        .fetchone()
    )
    return row


def _invoice(payment: sqlite3.Row) -> Invoice:
    row = (
        office()
        .store.db.execute("SELECT * FROM invoices WHERE id = ?", (payment["invoice_id"],))
        .fetchone()
    )
    return invoice_of(row)


def _of_invoice(payment: sqlite3.Row) -> list[Entry]:
    of_invoice = registered(invoice_id=payment["invoice_id"])
    return list(all_of(office().store, of_invoice, Asked()))


def _run(run_id: str | None) -> sqlite3.Row | None:
    row: sqlite3.Row | None = (
        office().store.db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    )
    return row
