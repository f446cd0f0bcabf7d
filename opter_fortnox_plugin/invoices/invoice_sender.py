"""Sends one invoice to Fortnox, where it has our number and can be looked up by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.errors import OutcomeUnknown, Rejected
from opter_fortnox_plugin.exports.content import is_ours
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.exports.texts import describe_differences
from opter_fortnox_plugin.exports.write_and_verify import ATTEMPTS, Sender
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.invoice_schemas import (
    Invoice,
    changed_payload,
    invoice_of,
    invoice_payload,
)
from opter_fortnox_plugin.fortnox.protocol import INVOICES
from opter_fortnox_plugin.invoices.content import (
    differences,
    header_differences,
    identity_differences,
    with_row_ids,
)
from opter_fortnox_plugin.invoices.problems import PROBLEMS, likely_cause_of_total


class InvoiceSender(Sender[Invoice]):
    """Sends invoices."""

    resource = INVOICES
    problems = PROBLEMS
    folder = "inbox_kf"

    def read(self, value: Any) -> Invoice:
        return invoice_of(value)

    def create(self, ours: Invoice) -> Outcome:
        def make(_: Invoice | None) -> Any:
            return self._client.create(INVOICES, invoice_payload(ours))

        return self.write_and_verify(ours, ours.number, None, make)

    def update_payload(self, ours: Invoice, theirs: Invoice) -> Mapping[str, Any]:
        return changed_payload(with_row_ids(ours, theirs))

    def differences(self, ours: Invoice, theirs: Invoice) -> list[Difference]:
        return differences(ours, theirs)

    def outcome_if_not_ours(self, ours: Invoice, current: Invoice) -> Outcome | None:
        if is_ours(ours, current):
            return None
        differences = identity_differences(ours, current)
        if not differences:
            return Outcome("adopted", current)
        sides = f" ({describe_differences(differences)})"
        return PROBLEMS.outcome("refused", "NUMBER_TAKEN", number=ours.number, sides=sides)

    def rows_changed(self, before: Invoice | None, current: Invoice) -> bool:
        return before is not None and _row_ids(before) != _row_ids(current)

    def account_numbers(self, ours: Invoice) -> list[str]:
        return [row.account_number for row in ours.rows if row.account_number]

    def refusal_code(self, ours: Invoice, rejected: Rejected) -> tuple[str, object]:
        code, what = super().refusal_code(ours, rejected)
        charged = dict.fromkeys(f"{row.vat.normalize():f} %" for row in ours.rows if row.vat)
        if code == "REFUSED_BY_FORTNOX" and charged and "moms" in rejected.words.lower():
            # Its code is not documented; its message is.
            code = "VAT_RATE_UNKNOWN"
        centers = dict.fromkeys(row.cost_center for row in ours.rows if row.cost_center)
        values = {
            "VAT_RATE_UNKNOWN": charged,
            "COST_CENTER_UNKNOWN": centers,
            "CUSTOMER_NOT_THERE": [ours.party_number],
        }
        return code, ", ".join(values[code]) if code in values else what

    def verified(self, ours: Invoice, theirs: Invoice) -> Outcome:
        if theirs.number != ours.number:
            return PROBLEMS.outcome("sent", "NUMBER_NOT_KEPT", theirs, number=theirs.number)
        return super().verified(ours, theirs)

    def unexpected_changes(self, ours: Invoice, theirs: Invoice) -> list[Difference]:
        return header_differences(ours, theirs)

    def cause_of_total(self, theirs: Invoice, fields: Collection[str]) -> Text | None:
        if "CurrencyRate" in fields:
            return Text("Fortnox satte en annan kurs.", "Fortnox set another rate.")
        return likely_cause_of_total(theirs) if "Total" in fields else None

    # --- steps after sending ---

    def attachment_names(self, number: str) -> list[str]:
        return ["" for _ in self._client.attachments(number)]

    def file_id(self, file: Mapping[str, Any]) -> object:
        # Not the id of the inbox.
        return file.get("ArchiveFileId")

    def attach_file(self, number: str, file_id: str) -> None:
        self._client.attach(number, file_id)

    def mark_sent(self, number: str) -> Outcome:
        """Mark an invoice as sent to the customer.

        :return: with the state ``sent``, or ``unchanged`` if it was; and the code of what remains.
        """
        for _ in range(ATTEMPTS):
            try:
                current = self.find(number)
                if current is None or current.sent:
                    return Outcome("unchanged")
                self._client.act(INVOICES, number, "externalprint")
            except OutcomeUnknown as unknown:
                if unknown.error is not None:
                    raise unknown.error from None
                continue
            except Unreadable:
                continue
            except Rejected as rejected:
                return PROBLEMS.outcome("sent", "NOT_MARKED_SENT", rejected=rejected)
            return Outcome("sent")
        return PROBLEMS.outcome("sent", "NOT_MARKED_SENT")


def _row_ids(invoice: Invoice) -> list[str]:
    return [row.row_id for row in invoice.rows]
