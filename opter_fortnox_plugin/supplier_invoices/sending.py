"""One bill on its way to Fortnox.

Fortnox takes the same bill twice and cannot be asked for our number: a bill is made once and never
again in the same export. A lost answer is settled by the supplier's newest bills; where it is not
among them, it stays unknown until the next export, which reads them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, OutcomeUnknown, Rejected
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.exports.problems import OF_FORTNOX
from opter_fortnox_plugin.exports.sending import Sender
from opter_fortnox_plugin.exports.texts import both_sides, in_words
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.protocol import (
    FILE_CONNECTIONS,
    OVERLAP,
    PAGE_SIZE,
    STOCKHOLM,
    SUPPLIER_INVOICES,
)
from opter_fortnox_plugin.fortnox.supplier_schemas import (
    SupplierInvoice,
    supplier_invoice_of,
    supplier_invoice_payload,
)
from opter_fortnox_plugin.supplier_invoices.content import (
    adoptable,
    differences,
    is_of_another,
    is_ours,
)
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS

#: Seconds before each look for a bill whose answer was lost: it may show late in the list.
PAUSES: Final = (0.0, 2.0, 5.0)


class BillSender(Sender[SupplierInvoice]):
    """Sends bills.

    :ivar known: the given numbers that Fortnox had when the plan was made.
    :ivar read_at: when that was, by Fortnox's clock; ``None`` where it did not tell.
    """

    resource = SUPPLIER_INVOICES
    problems = PROBLEMS
    folder = "inbox_s"

    def __init__(self, client: Client, sleep: Callable[[float], None]) -> None:
        super().__init__(client)
        self._sleep = sleep
        self.known: Collection[str] = ()
        self.read_at: datetime | None = None

    def read(self, value: Any) -> SupplierInvoice:
        return supplier_invoice_of(value)

    def create(self, ours: SupplierInvoice) -> Outcome:
        try:
            payload = supplier_invoice_payload(ours)
            return self.checked(ours, self.read(self._client.create(self.resource, payload)))
        except (OutcomeUnknown, Unreadable):
            return self._settled_by_newest(ours)
        except Rejected as rejected:
            return self.refused(ours, rejected)
        except FortnoxError as error:
            # Before anything was written.
            return Outcome("refused", None, error.code, error.message, error=error)

    def _settled_by_newest(self, ours: SupplierInvoice) -> Outcome:
        """Look for a bill that may have been made among those that are new there."""
        for pause in PAUSES:
            self._sleep(pause)
            try:
                made = [one for one in self._newest(ours) if self._is_made(ours, one)]
                if made and (found := self.find(made[0].given_number)) is not None:
                    return self.checked(ours, found)
            except Unreadable as error:
                return self.unreadable(error)
            except FortnoxError as error:
                return self.unknown(error)
        return self.unknown()

    def _is_made(self, ours: SupplierInvoice, one: SupplierInvoice) -> bool:
        """Tell whether one is what we just made: by our mark, or since it is new and equal."""
        if one.cancelled or one.given_number in self.known:
            return False
        new = not is_of_another(ours, one) and not adoptable(ours, one)
        return is_ours(ours, one) or new

    def _newest(self, ours: SupplierInvoice) -> Iterable[SupplierInvoice]:
        """Read the supplier's bills since the plan was made; Fortnox may ignore the filters."""
        query = {"suppliernumber": ours.supplier_number}
        if self.read_at is not None:
            since = (self.read_at - OVERLAP).astimezone(STOCKHOLM)
            query["lastmodified"] = since.isoformat(" ", "minutes")[:16]
        number = pages = 1
        while number <= pages:
            limits = {"limit": str(PAGE_SIZE), "page": str(number)}
            page = self._client.page(self.resource, limits | query)
            for row in page.rows:
                # By the row as it is: another bill that cannot be read is none of ours.
                if key_of(row)[0] == ours.supplier_number:
                    yield from self._one(ours, row)
            number, pages = number + 1, page.pages

    def _one(self, ours: SupplierInvoice, row: Any) -> Iterable[SupplierInvoice]:
        try:
            yield self.read(row)
        except Unreadable:
            if key_of(row)[1] == ours.invoice_number:
                raise

    def changed(self, ours: SupplierInvoice, theirs: SupplierInvoice) -> Mapping[str, Any]:  # noqa: ARG002
        payload = supplier_invoice_payload(ours)
        return payload | (
            {"CurrencyRate": "1", "CurrencyUnit": 1} if ours.currency == "SEK" else {}
        )

    def differences(self, ours: SupplierInvoice, theirs: SupplierInvoice) -> list[Difference]:
        return differences(ours, theirs)

    def checked(self, ours: SupplierInvoice, theirs: SupplierInvoice) -> Outcome:
        found = differences(ours, theirs)
        names = [one.field for one in found]
        if not found:
            rate = "" if ours.currency == "SEK" else f"CurrencyRate {theirs.currency_rate}"
            return Outcome("sent", theirs, theirs=rate)
        if "Total" in names:
            return PROBLEMS.outcome(
                "sent",
                "TOTAL_DIFFERS",
                theirs,
                theirs=in_words(theirs.total, theirs.currency),
                ours=in_words(ours.total, ours.currency),
                cause=_CHECK_THERE,
            )
        return PROBLEMS.outcome("sent", "CONTENT_DIFFERS", theirs, what=both_sides(found))

    def refusal_of(self, ours: SupplierInvoice, rejected: Rejected) -> tuple[str, object]:
        code = OF_FORTNOX.get(rejected.code or 0, "REFUSED_BY_FORTNOX")
        day = ours.invoice_date
        what: dict[str, object] = {
            "CURRENCY_UNKNOWN": ours.currency,
            "PERIOD_LOCKED": Text(f"{day} eller senare", f"{day} or later"),
            "TEXT_REFUSED": Text("avräkningen eller leverantören", "the bill or the supplier"),
        }
        accounts = ", ".join(dict.fromkeys(row.account for row in ours.rows))
        return code, what.get(code, accounts)

    # --- its PDF ---

    def attached(self, number: str) -> list[Any]:
        query = {"supplierinvoicenumber": number}
        return [
            row
            for row in self._client.page(FILE_CONNECTIONS, query).rows
            if isinstance(row, Mapping) and str(row.get("SupplierInvoiceNumber")) == number
        ]

    def file_id(self, file: Mapping[str, Any]) -> object:
        # That of the inbox, not of the archive.
        return file.get("Id")

    def attach_file(self, number: str, file_id: str) -> None:
        connection = {"SupplierInvoiceNumber": number, "FileId": file_id}
        self._client.create(FILE_CONNECTIONS, connection)


def key_of(row: Any) -> tuple[str, str]:
    """Return the supplier and the number of a row of a list, whatever else it has."""
    values = row if isinstance(row, Mapping) else {}
    supplier, number = (values.get(key) for key in ("SupplierNumber", "InvoiceNumber"))
    return str(supplier or "").strip(), str(number or "").strip()


_CHECK_THERE: Final = Text(
    "Kontrollera leverantörsfakturan i Fortnox innan den betalas.",
    "Check the supplier invoice in Fortnox before it is paid.",
)
