"""One invoice on its way to Fortnox, in the thread of its request.

Sent, not sent, or unknown: an answer that was lost is settled by asking for our number, and what
is there is compared. Nothing is repeated blindly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.errors import (
    FortnoxError,
    Missing,
    OutcomeUnknown,
    Rejected,
)
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.invoice_schemas import (
    Invoice,
    changed_payload,
    invoice_of,
    invoice_payload,
)
from opter_fortnox_plugin.fortnox.protocol import INBOX, INVOICES
from opter_fortnox_plugin.invoices.content import (
    adoptable,
    differences,
    header_differences,
    in_words,
    is_ours,
    with_row_ids,
)
from opter_fortnox_plugin.invoices.problems import OF_FORTNOX, sentence

#: How often a change is made again after it was found not to be there.
ATTEMPTS: Final = 3

#: Bytes of the largest file that Fortnox attaches; only PDF.
LARGEST_PDF: Final = 5 * 1024 * 1024

#: The folder of customer invoices in Fortnox's inbox.
FOLDER: Final = "inbox_kf"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    :ivar state: as :class:`~opter_contract.export_values.ItemResult` has it.
    :ivar invoice: ours, as it stands in Fortnox, where that is known.
    :ivar theirs: Fortnox's own code and words.
    :ivar error: what ends the export.
    """

    state: str
    invoice: Invoice | None = None
    code: str = ""
    message: Text | None = None
    theirs: str = ""
    error: FortnoxError | None = None

    @classmethod
    def of(
        cls,
        state: str,
        code: str,
        invoice: Invoice | None = None,
        *,
        rejected: Rejected | None = None,
        error: FortnoxError | None = None,
        **details: object,
    ) -> Outcome:
        """Make an outcome with the message of its code."""
        words = words_of(rejected) if rejected else ""
        return cls(state, invoice, code, sentence(code, **details), words, error)


class Sender:
    """Sends invoices."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, number: str) -> Invoice | None:
        """Return the invoice that has a number.

        :raises Unreadable: with the fields that are to blame.
        """
        try:
            return invoice_of(self._client.invoice(number))
        except Missing:
            return None

    def create(self, ours: Invoice) -> Outcome:
        """Make an invoice."""

        def make(_: Invoice | None) -> Any:
            return self._client.create(INVOICES, invoice_payload(ours))

        return self._settled(ours, None, make)

    def update(self, ours: Invoice, theirs: Invoice) -> Outcome:
        """Change an invoice of ours.

        :param theirs: as it stood there when it was compared.
        """

        def change(found: Invoice | None) -> Any:
            payload = changed_payload(with_row_ids(ours, found or theirs))
            return self._client.update(INVOICES, ours.document_number, payload)

        return self._settled(ours, theirs, change)

    def _settled(
        self, ours: Invoice, theirs: Invoice | None, write: Callable[[Invoice | None], Any]
    ) -> Outcome:
        """Write an invoice, and ask for it where it is not known whether it was written.

        Once something was written, whatever else goes wrong leaves it unknown.
        """
        try:
            return self._write(ours, theirs, write)
        except _Unsettled as unsettled:
            return Outcome.of("unknown", "RESULT_UNKNOWN", error=unsettled.error)
        except FortnoxError as error:
            # Before anything was written.
            return Outcome("refused", None, error.code, error.message, error=error)

    def _write(
        self, ours: Invoice, theirs: Invoice | None, write: Callable[[Invoice | None], Any]
    ) -> Outcome:
        found, uncertain = theirs, False
        for _ in range(ATTEMPTS):
            rejected = None
            try:
                return checked(ours, invoice_of(write(found)))
            except (OutcomeUnknown, Unreadable):
                uncertain = True
            except Rejected as error:
                # Whatever its code: a used number is looked up before it is called refused.
                rejected = error
            except FortnoxError as error:
                raise (_Unsettled(error) if uncertain else error) from None
            try:
                before, found = found, self.find(ours.document_number)
            except Unreadable as error:
                return unreadable(error)
            except FortnoxError as error:
                if rejected is None or uncertain:
                    raise _Unsettled(error) from None
                return refused(ours, rejected)
            settled = self._settled_by(ours, found, theirs)
            if settled is None and rejected and (found is None or _same_rows(before, found)):
                settled = refused(ours, rejected, found)
            if settled is None and found is not None and theirs is None:
                settled = self.update(ours, found)
            if settled is not None:
                return settled
        return Outcome.of("unknown", "RESULT_UNKNOWN")

    def _settled_by(
        self, ours: Invoice, found: Invoice | None, theirs: Invoice | None
    ) -> Outcome | None:
        """Return what is settled by what is there now; ``None`` where it is still to be written."""
        if found is None:
            return None if theirs is None else Outcome.of("refused", "NOT_IN_FORTNOX")
        if found.cancelled:
            return Outcome.of("refused", "CANCELLED_IN_FORTNOX", number=found.document_number)
        # What was ours before need not have our mark: it may have been adopted.
        if theirs is None and not is_ours(ours, found):
            others = adoptable(ours, found)
            return taken(ours.document_number, others) if others else Outcome("adopted", found)
        if not differences(ours, found):
            return checked(ours, found)
        return Outcome.of("booked", "BOOKED_IN_FORTNOX", found) if found.booked else None

    def cancel(self, number: str, belongs: Callable[[Invoice], bool]) -> Outcome:
        """Cancel an invoice, as long as it is not booked.

        :param belongs: tells whether what has the number is ours.
        """
        sent = False
        for _ in range(ATTEMPTS):
            try:
                found = self.find(number)
            except Unreadable as error:
                return unreadable(error)
            except FortnoxError as error:
                if sent:
                    return Outcome.of("unknown", "RESULT_UNKNOWN", error=error)
                raise
            if found is None:
                return Outcome.of("refused", "NOT_IN_FORTNOX")
            if not belongs(found):
                return taken(number, ())
            if found.cancelled:
                return Outcome("cancelled", found)
            if found.booked:
                return Outcome.of("booked", "BOOKED_IN_FORTNOX", found)
            try:
                sent = True
                self._client.act(INVOICES, number, "cancel")
            except OutcomeUnknown:
                continue
            except Rejected as rejected:
                return refused(found, rejected, found)
        return Outcome.of("unknown", "RESULT_UNKNOWN")

    # --- what comes after ---

    def attach(self, number: str, content: bytes, *, sent_before: bool, again: bool) -> Outcome:
        """Put a PDF into Fortnox and attach it, once.

        :param sent_before: the invoice was there before, maybe with another PDF.
        :param again: this may have been done before, and was interrupted.
        :return: the state ``sent``, with the code of what remains to be done.
        """
        if not content.startswith(b"%PDF-") or len(content) > LARGEST_PDF:
            return Outcome.of("sent", "PDF_NOT_USABLE")
        # By its content, so that no other file is taken for it.
        name = f"{number}-{hashlib.sha256(content).hexdigest()[:12]}.pdf"
        for attempt in range(ATTEMPTS):
            try:
                if (sent_before or again or attempt) and self._client.attachments(number):
                    done = again or attempt or not sent_before
                    return Outcome("sent") if done else Outcome.of("sent", "PDF_NOT_REPLACED")
                file_id = self._uploaded(name) if again or attempt else ""
                file_id = file_id or archive_id(self._client.upload(FOLDER, name, content))
                if file_id:
                    self._client.attach(number, file_id)
                    return Outcome("sent")
            except (OutcomeUnknown, Missing):
                continue
            except Rejected as rejected:
                return Outcome.of("sent", "PDF_NOT_ATTACHED", rejected=rejected)
        return Outcome.of("sent", "PDF_NOT_ATTACHED")

    def _uploaded(self, name: str) -> str:
        """Return the id of a file of this name that waits in the inbox; ``""`` for none."""
        folder = self._client.get(INBOX, FOLDER)
        files = folder.get("Files") if isinstance(folder, Mapping) else None
        for file in files if isinstance(files, list) else ():
            if isinstance(file, Mapping) and file.get("Name") == name:
                return archive_id(file)
        return ""

    def mark_sent(self, number: str) -> Outcome:
        """Mark an invoice as sent to the customer.

        :return: the state ``sent``, with the code of what remains to be done.
        """
        for _ in range(ATTEMPTS):
            try:
                found = self.find(number)
                if found is None or found.sent:
                    return Outcome("sent")
                self._client.act(INVOICES, number, "externalprint")
            except (OutcomeUnknown, Unreadable):
                continue
            except Rejected as rejected:
                return Outcome.of("sent", "NOT_MARKED_SENT", rejected=rejected)
            return Outcome("sent")
        return Outcome.of("sent", "NOT_MARKED_SENT")


class _Unsettled(Exception):
    """An error after something may have been written."""

    def __init__(self, error: FortnoxError) -> None:
        super().__init__(error.code)
        self.error = error


def archive_id(file: Any) -> str:
    """Return the id by which a file is attached, which is not that of the inbox."""
    found = file.get("ArchiveFileId") if isinstance(file, Mapping) else None
    return found if isinstance(found, str) else ""


def _same_rows(before: Invoice | None, found: Invoice) -> bool:
    """Tell whether the ids of the rows are those that were written to."""
    ids = [[row.row_id for row in one.rows] for one in (before, found) if one is not None]
    return ids[0] == ids[-1]


def checked(ours: Invoice, theirs: Invoice) -> Outcome:
    """Compare what Fortnox made of an invoice with what it was to be."""
    if theirs.document_number != ours.document_number:
        return Outcome.of("sent", "NUMBER_NOT_KEPT", theirs, number=theirs.document_number)
    found = header_differences(ours, theirs)
    names = [one.field for one in found]
    if not found:
        rate = "" if ours.currency == "SEK" else f"CurrencyRate {theirs.currency_rate}"
        return Outcome("sent", theirs, theirs=rate)
    if "Total" in names or "CurrencyRate" in names:
        message = another_total(ours, theirs, rate="CurrencyRate" in names)
        return Outcome("sent", theirs, "TOTAL_DIFFERS", message)
    return Outcome.of("sent", "CONTENT_DIFFERS", theirs, what=_sides(found))


def another_total(ours: Invoice, theirs: Invoice, *, rate: bool = False) -> Text:
    """Say that the totals differ, and why that is likely so.

    :param rate: the rate of the currency differs.
    """
    return sentence(
        "TOTAL_DIFFERS",
        theirs=in_words(theirs.total, theirs.currency),
        ours=in_words(ours.total, ours.currency),
        cause=_likely_cause(theirs, rate=rate),
    )


def _likely_cause(theirs: Invoice, *, rate: bool) -> Text:
    if rate:
        return Text("Fortnox satte en annan kurs.", "Fortnox set another rate.")
    if theirs.administration_fee:
        return Text(
            "Fortnox lade till en faktureringsavgift; ta bort den förinställda i Fortnox.",
            "Fortnox added an administration fee; remove the preset one in Fortnox.",
        )
    if theirs.freight:
        return Text(
            "Fortnox lade till frakt; ta bort den förinställda i Fortnox.",
            "Fortnox added freight; remove the preset one in Fortnox.",
        )
    if theirs.round_off:
        return Text(
            "Fortnox avrundade till hela kronor; slå av öresavrundning i Fortnox.",
            "Fortnox rounded to whole kronor; switch the rounding off in Fortnox.",
        )
    return Text(
        "Momsen blev en annan; kontrollera momssatserna och kundens momsslag i Fortnox.",
        "The VAT became another; check the VAT rates and the customer's VAT type in Fortnox.",
    )


def taken(number: str, others: Sequence[Difference]) -> Outcome:
    """Return the refusal of a number that is another invoice's, with both sides."""
    sides = f" ({_sides(others)})" if others else ""
    return Outcome.of("refused", "NUMBER_TAKEN", number=number, sides=sides)


def _sides(several: Sequence[Difference]) -> str:
    return "; ".join(f"{one.field} {one.ours or '–'} / {one.theirs or '–'}" for one in several)


def words_of(rejected: Rejected) -> str:
    """Return Fortnox's own code and words, for the log of the books."""
    return ": ".join(filter(None, (str(rejected.code or ""), rejected.words)))


def refused(ours: Invoice, rejected: Rejected, found: Invoice | None = None) -> Outcome:
    """Return what a refusal of Fortnox's means."""
    code = OF_FORTNOX.get(rejected.code or 0, "REFUSED_BY_FORTNOX")
    charged = dict.fromkeys(f"{row.vat.normalize():f} %" for row in ours.rows if row.vat)
    if code == "REFUSED_BY_FORTNOX" and charged and "moms" in rejected.words.lower():
        # Its code is not documented; the words are.
        code = "VAT_RATE_UNKNOWN"
    accounts = ", ".join(dict.fromkeys(r.account_number for r in ours.rows if r.account_number))
    centers = ", ".join(dict.fromkeys(r.cost_center for r in ours.rows if r.cost_center))
    what: object = {
        "CURRENCY_UNKNOWN": ours.currency,
        "COST_CENTER_UNKNOWN": centers,
        "VAT_RATE_UNKNOWN": ", ".join(charged),
        "PERIOD_LOCKED": Text(f"{ours.invoice_date} eller senare", f"{ours.invoice_date} or later"),
        "TEXT_REFUSED": Text("fakturan eller kunden", "the invoice or the customer"),
    }.get(code, accounts)
    message = sentence(code, what=what, code=rejected.code or "–")
    return Outcome("refused", found, code, message, words_of(rejected))


def unreadable(error: Unreadable) -> Outcome:
    return Outcome.of("unknown", "UNREADABLE_IN_FORTNOX", what=", ".join(error.fields))
