"""Sends one bill to Fortnox.

Fortnox accepts duplicates and cannot filter by our number, so a bill is created at most once in an
export. After a lost response the bills since the plan was made are read; if it is not among them,
the result is unknown until the next export, which reads all of the supplier's bills.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, OutcomeUnknown, Rejected
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.exports.write_and_verify import Sender
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable, text_in
from opter_fortnox_plugin.fortnox.protocol import FILE_CONNECTIONS, SUPPLIER_INVOICES
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import (
    SupplierInvoice,
    supplier_invoice_of,
    supplier_invoice_payload,
)
from opter_fortnox_plugin.supplier_invoices.bill_lookup import SupplierLedger
from opter_fortnox_plugin.supplier_invoices.content import differences, identity_differences
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS

#: Seconds before each search for a bill whose response was lost: it may be listed late.
PAUSES: Final = (0.0, 2.0, 5.0)


class BillSender(Sender[SupplierInvoice]):
    """Sends bills of suppliers whose ledger has been read."""

    resource = SUPPLIER_INVOICES
    problems = PROBLEMS
    folder = "inbox_s"

    def __init__(
        self, client: Client, ledger: SupplierLedger, sleep: Callable[[float], None]
    ) -> None:
        super().__init__(client)
        self._ledger = ledger
        self._sleep = sleep

    def read(self, value: Any) -> SupplierInvoice:
        return supplier_invoice_of(value)

    def create(self, ours: SupplierInvoice) -> Outcome:
        try:
            payload = supplier_invoice_payload(ours)
            return self.verified(ours, self.read(self._client.create(self.resource, payload)))
        except OutcomeUnknown as unknown:
            return self._outcome_by_newer(ours, unknown.error)
        except Unreadable:
            return self._outcome_by_newer(ours)
        except Rejected as rejected:
            return self.refused_outcome(ours, rejected)
        except FortnoxError as error:
            # Before anything was written.
            return Outcome("refused", None, error.code, error.message, error=error)

    def _outcome_by_newer(
        self, ours: SupplierInvoice, blocked: FortnoxError | None = None
    ) -> Outcome:
        """Search the newer bills for one that may have been created.

        :param blocked: the error that keeps requests from reaching Fortnox, if any.
        """
        for pause in PAUSES:
            self._sleep(pause)
            try:
                newer = self._ledger.newer()
                marked = newer.with_our_mark(ours)
                equal = [
                    bill
                    for bill in newer.with_same_number(ours)
                    if not identity_differences(ours, bill)
                ]
                candidates = [*marked, *equal]
                current = self.find(candidates[0].number) if candidates else None
            except Unreadable as error:
                return self.unreadable(error)
            except FortnoxError as error:
                return self.unknown_outcome(error)
            if current is not None and len(candidates) > 1:
                numbers = ", ".join(bill.number for bill in candidates)
                return PROBLEMS.outcome("sent", "TWICE_IN_FORTNOX", current, number=numbers)
            if current is not None:
                # Without our mark it is somebody else's, or Fortnox dropped the mark.
                return self.verified(ours, current) if marked else Outcome("adopted", current)
        return self.unknown_outcome(blocked)

    def update_payload(self, ours: SupplierInvoice, theirs: SupplierInvoice) -> Mapping[str, Any]:  # noqa: ARG002
        payload = supplier_invoice_payload(ours)
        return payload | (
            {"CurrencyRate": "1", "CurrencyUnit": 1} if ours.currency == "SEK" else {}
        )

    def differences(self, ours: SupplierInvoice, theirs: SupplierInvoice) -> list[Difference]:
        return differences(ours, theirs)

    def cause_of_total(self, theirs: SupplierInvoice, fields: Collection[str]) -> Text | None:  # noqa: ARG002
        return _CHECK_THERE if "Total" in fields else None

    def account_numbers(self, ours: SupplierInvoice) -> list[str]:
        return [row.account for row in ours.rows]

    # --- its PDF ---

    def attachment_names(self, number: str) -> list[str]:
        # Fortnox finds every number that contains these digits.
        return [
            text_in(row, "Name")
            for row in self._client.rows(FILE_CONNECTIONS, {"supplierinvoicenumber": number})
            if text_in(row, "SupplierInvoiceNumber") == number
        ]

    def file_id(self, file: Mapping[str, Any]) -> object:
        # That of the inbox, not of the archive.
        return file.get("Id")

    def attach_file(self, number: str, file_id: str) -> None:
        connection = {"SupplierInvoiceNumber": number, "FileId": file_id}
        self._client.create(FILE_CONNECTIONS, connection)


_CHECK_THERE: Final = Text(
    "Kontrollera leverantörsfakturan i Fortnox innan den betalas.",
    "Check the supplier invoice in Fortnox before it is paid.",
)
