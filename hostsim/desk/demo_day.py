"""A day of work in the sandbox, so that a first visit to the desk shows every kind of payment.

Yesterday the payments of the last weeks were imported and saved, a payment was typed by hand,
one was deleted, and some invoices that Fortnox issues itself were set aside; then a night
passed. The next import reads the rest. Exports are defined, with invoices and bills waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hostsim.demo.preparation import (
    BILLS_NAME,
    EXPORT_NAME,
    IMPORT_FORMAT,
    IMPORT_TYPE,
    NAME,
    bill_settings,
    export_settings,
)
from hostsim.messages.exports import BILLS, INVOICES
from hostsim.sandbox import scripted_login, seed, seed_cases, seed_overnight
from hostsim.services.host import Host

if TYPE_CHECKING:
    from hostsim.desk.context import DeskContext
    from hostsim.sandbox import Sandbox
    from opter_contract.values import Text

#: Yesterday's import reads so far back that it includes the payment that changes overnight.
DAYS_READ = 32


def play_yesterday(
    desk_context: DeskContext, sandbox: Sandbox, now: Callable[[], datetime]
) -> None:
    """Import, save and decide as a person would have done the day before ``now``."""
    if IMPORT_TYPE not in desk_context.plugins.import_types:
        return
    host = Host(
        desk_context.store,
        desk_context.plugins,
        configuration=sandbox.environment(),
        login_timeout=desk_context.login_timeout,
        window=_sign_in,
        redirect_uri=desk_context.redirect_uri,
        clock=lambda: now() - timedelta(days=1),
        user=desk_context.user,
    )
    values = {
        "ignore_payments_before": (now().date() - timedelta(days=DAYS_READ)).isoformat(),
        "ignore_numbers_before": str(seed.LOWEST_NUMBER),
    }
    host.define(NAME, IMPORT_TYPE, IMPORT_FORMAT, "", values)
    host.import_payments(NAME)
    host.save(NAME)
    _type_and_delete(host, desk_context, sandbox)
    host.set_aside_series(
        NAME,
        str(min(seed_cases.DIRECT)),
        str(max(seed_cases.DIRECT) - 2),
        why="faktureras direkt i Fortnox",
    )
    host.change(NAME, values | {"ignore_payments_before": seed.cut_off_date(now()).isoformat()})
    # Not run here: the import has used up the rate limit. Whoever visits runs them.
    for name, subject, settings in (
        (EXPORT_NAME, INVOICES, export_settings),
        (BILLS_NAME, BILLS, bill_settings),
    ):
        if (IMPORT_TYPE, subject) in desk_context.plugins.export_types:
            host.define_export(name, IMPORT_TYPE, subject, "", settings(now()))
    seed_overnight.change_overnight(sandbox.state)


def _sign_in(url: str, on_callback: Callable[[str], Text | None]) -> bool:
    on_callback(scripted_login.callback_url(url, seed.USER, seed.PASSWORD))
    return True


def _type_and_delete(host: Host, desk_context: DeskContext, sandbox: Sandbox) -> None:
    """Type a payment that waits to be booked in Fortnox; delete one of another invoice."""
    books = sandbox.state.companies[seed.COMPANY]
    waiting = books.payments_of(seed_overnight.BOOKED)[0]
    host.add_payment(str(seed_overnight.BOOKED), waiting.amount, date=waiting.payment_date)
    overnight = {str(seed_overnight.CHANGED), str(seed_overnight.TOUCHED)}
    deleted = next(
        row
        for row in desk_context.store.payments()
        if row.origin == "import" and row.host_invoice_number not in overnight
    )
    host.delete_payment(deleted.id, why="fel faktura")
