"""Sends one item to Fortnox, in the thread of its request.

It is sent, not sent, or unknown: after a lost response the item is read and compared. No write is
repeated blindly.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, Missing, OutcomeUnknown, Rejected
from opter_fortnox_plugin.exports.outcomes import Document, Outcome
from opter_fortnox_plugin.exports.problems import OF_FORTNOX, Problems
from opter_fortnox_plugin.exports.texts import amount_in_words, describe_differences
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.protocol import INBOX, Resource

#: The maximum number of attempts to write, each after reading that the previous one had no effect.
ATTEMPTS: Final = 3

#: Bytes of the largest file that Fortnox attaches; only PDF.
MAX_PDF_BYTES: Final = 5 * 1024 * 1024

D = TypeVar("D", bound=Document)


class Sender(ABC, Generic[D]):
    """Sends items of one kind.

    :cvar folder: of Fortnox's inbox, for their files.
    """

    resource: ClassVar[Resource]
    problems: ClassVar[Problems]
    folder: ClassVar[str]

    def __init__(self, client: Client) -> None:
        self._client = client

    # --- what each kind has of its own ---

    @abstractmethod
    def read(self, value: Any) -> D:
        """Read an item from a response.

        :raises Unreadable: with the fields to blame.
        """

    @abstractmethod
    def create(self, ours: D) -> Outcome: ...

    @abstractmethod
    def update_payload(self, ours: D, theirs: D) -> Mapping[str, Any]:
        """Return the JSON of a request that changes theirs to ours."""

    @abstractmethod
    def differences(self, ours: D, theirs: D) -> list[Difference]:
        """Return the fields in which theirs differs from ours."""

    def unexpected_changes(self, ours: D, theirs: D) -> list[Difference]:
        """Return the fields that Fortnox did not write as sent, as far as its response shows."""
        return self.differences(ours, theirs)

    @abstractmethod
    def cause_of_total(self, theirs: D, fields: Collection[str]) -> Text | None:
        """Return the likely cause of another total, and what to do; ``None`` if it is the same.

        :param fields: that Fortnox did not write as sent.
        """

    @abstractmethod
    def account_numbers(self, ours: D) -> list[str]: ...

    def refusal_code(self, ours: D, rejected: Rejected) -> tuple[str, object]:
        """Return the code of a refusal by Fortnox, and what its message is about."""
        code = OF_FORTNOX.get(rejected.code or 0, "REFUSED_BY_FORTNOX")
        day = ours.invoice_date
        what: dict[str, object] = {
            "CURRENCY_UNKNOWN": ours.currency,
            "PERIOD_LOCKED": Text(f"{day} eller senare", f"{day} or later"),
            "TEXT_REFUSED": self.problems.texts,
        }
        return code, what.get(code, ", ".join(dict.fromkeys(self.account_numbers(ours))))

    def outcome_if_not_ours(self, ours: D, current: D) -> Outcome | None:
        """Return the outcome if the number belongs to another document; ``None`` if it is ours."""
        raise NotImplementedError

    def rows_changed(self, before: D | None, current: D) -> bool:  # noqa: ARG002
        """Return whether a change was refused only because the rows have changed meanwhile."""
        return False

    # --- writing ---

    def find(self, number: str) -> D | None:
        """Return the document with a number; ``None`` if there is none.

        :raises Unreadable: with the fields to blame.
        """
        try:
            return self.read(self._client.get(self.resource, number))
        except Missing:
            return None

    def update(self, ours: D, theirs: D) -> Outcome:
        """Change a document.

        :param theirs: as it was when it was compared.
        """

        def change(current: D | None) -> Any:
            payload = self.update_payload(ours, current or theirs)
            return self._client.update(self.resource, theirs.number, payload)

        return self.write_and_verify(ours, theirs.number, theirs, change)

    def write_and_verify(
        self, ours: D, number: str, theirs: D | None, write: Callable[[D | None], Any]
    ) -> Outcome:
        """Write an item; read it back if it is not known whether it was written.

        Once something may have been written, any other error leaves the result unknown.
        """
        try:
            return self._write(ours, number, theirs, write)
        except _Unsettled as unsettled:
            return self.unknown_outcome(unsettled.error)
        except FortnoxError as error:
            # Before anything was written.
            return Outcome("refused", None, error.code, error.message, error=error)

    def _write(
        self, ours: D, number: str, theirs: D | None, write: Callable[[D | None], Any]
    ) -> Outcome:
        current, uncertain = theirs, False
        blocked: FortnoxError | None = None
        for _ in range(ATTEMPTS):
            rejected = None
            if blocked is not None:
                # It was looked up, and does not exist.
                raise blocked
            try:
                return self.verified(ours, self.read(write(current)))
            except (OutcomeUnknown, Unreadable) as error:
                uncertain, blocked = True, getattr(error, "error", None)
            except Rejected as error:
                # Whatever its code: a used number is looked up before it is called refused.
                rejected = error
            except FortnoxError as error:
                raise (_Unsettled(error) if uncertain else error) from None
            try:
                before, current = current, self.find(number)
            except Unreadable as error:
                return self.unreadable(error)
            except FortnoxError as error:
                if rejected is None or uncertain:
                    raise _Unsettled(error) from None
                return self.refused_outcome(ours, rejected)
            if outcome := self._outcome_by_content(ours, current, theirs):
                return outcome
            if rejected and not (current and self.rows_changed(before, current)):
                return self.refused_outcome(ours, rejected, current)
            if current is not None and theirs is None:
                return self.update(ours, current)
        return self.unknown_outcome()

    def _outcome_by_content(self, ours: D, current: D | None, theirs: D | None) -> Outcome | None:
        """Return the outcome by the current document; ``None`` if ours must still be written."""
        if current is None:
            return None if theirs is None else self.problems.outcome("refused", "NOT_IN_FORTNOX")
        if current.cancelled:
            return self.problems.outcome("refused", "CANCELLED_IN_FORTNOX", number=current.number)
        # A document that was ours before need not have our mark: it may have been adopted.
        if theirs is None and (outcome := self.outcome_if_not_ours(ours, current)):
            return outcome
        if not self.differences(ours, current):
            return self.verified(ours, current)
        if current.booked:
            return self.problems.outcome("booked", "BOOKED_IN_FORTNOX", current)
        return None

    def cancel(self, number: str, belongs: Callable[[D], bool]) -> Outcome:
        """Cancel a document unless it is booked.

        :param belongs: returns whether a document is ours.
        """
        sent = False
        for _ in range(ATTEMPTS):
            try:
                current = self.find(number)
            except Unreadable as error:
                return self.unreadable(error)
            except FortnoxError as error:
                if sent:
                    return self.unknown_outcome(error)
                raise
            if current is None:
                return self.problems.outcome("refused", "NOT_IN_FORTNOX")
            if not belongs(current):
                return self.problems.outcome("refused", "NUMBER_TAKEN", number=number)
            if current.cancelled:
                return Outcome("cancelled", current)
            if current.booked:
                return self.problems.outcome("booked", "BOOKED_IN_FORTNOX", current)
            try:
                sent = True
                self._client.act(self.resource, number, "cancel")
            except OutcomeUnknown as unknown:
                if unknown.error is not None:
                    return self.unknown_outcome(unknown.error)
            except Rejected as rejected:
                return self.refused_outcome(current, rejected, current)
        return self.unknown_outcome()

    # --- outcomes ---

    def verified(self, ours: D, theirs: D) -> Outcome:
        """Return the outcome of a write, by comparing what was sent with what Fortnox has."""
        changes = self.unexpected_changes(ours, theirs)
        if not changes:
            rate = "" if ours.currency == "SEK" else f"CurrencyRate {theirs.currency_rate}"
            return Outcome("sent", theirs, theirs=rate)
        if cause := self.cause_of_total(theirs, {difference.field for difference in changes}):
            message = self.total_message(ours, theirs, cause)
            return Outcome("sent", theirs, "TOTAL_DIFFERS", message)
        return self.problems.outcome(
            "sent", "CONTENT_DIFFERS", theirs, what=describe_differences(changes)
        )

    def total_message(self, ours: D, theirs: D, cause: Text) -> Text:
        return self.problems.sentence(
            "TOTAL_DIFFERS",
            theirs=amount_in_words(theirs.total, theirs.currency),
            ours=amount_in_words(ours.total, ours.currency),
            cause=cause,
        )

    def refused_outcome(self, ours: D, rejected: Rejected, current: D | None = None) -> Outcome:
        code, what = self.refusal_code(ours, rejected)
        code = code if code in self.problems else "REFUSED_BY_FORTNOX"
        return self.problems.outcome(
            "refused", code, current, rejected=rejected, what=what, code=rejected.code or "–"
        )

    def unreadable(self, error: Unreadable) -> Outcome:
        fields = ", ".join(error.fields)
        return self.problems.outcome("unknown", "UNREADABLE_IN_FORTNOX", what=fields)

    def unknown_outcome(self, error: FortnoxError | None = None) -> Outcome:
        return self.problems.outcome("unknown", "RESULT_UNKNOWN", error=error)

    # --- its PDF ---

    @abstractmethod
    def attachment_names(self, number: str) -> list[str]:
        """Return the names of the files attached to a document; ``""`` for an unknown name."""

    @abstractmethod
    def file_id(self, file: Mapping[str, Any]) -> object:
        """Return the id by which a file of the inbox is attached."""

    @abstractmethod
    def attach_file(self, number: str, file_id: str) -> None: ...

    def attach(self, number: str, content: bytes, *, sent_before: bool, again: bool) -> Outcome:
        """Put a PDF into Fortnox and attach it, once.

        :param sent_before: the item was there before, maybe with another PDF.
        :param again: an earlier attempt may have been interrupted.
        :return: with the state ``sent``, or ``unchanged`` if one is attached; and the code of what
            remains to be done.
        """
        problem = self.problems.outcome
        if not content.startswith(b"%PDF-") or len(content) > MAX_PDF_BYTES:
            return problem("sent", "PDF_NOT_USABLE")
        # Named by its content, so that no other file is mistaken for it.
        name = f"{number}-{hashlib.sha256(content).hexdigest()[:12]}.pdf"
        for attempt in range(ATTEMPTS):
            try:
                # An earlier request, of this call or before it, may have uploaded or attached it.
                tried = again or attempt > 0
                names = self.attachment_names(number) if sent_before or tried else []
                if names:
                    is_ours = name in names or tried or not sent_before
                    state = "sent" if attempt else "unchanged"
                    return Outcome(state) if is_ours else problem("unchanged", "PDF_NOT_REPLACED")
                file_id = self._find_upload(name) if tried else ""
                file_id = file_id or self._file_id(self._client.upload(self.folder, name, content))
                if file_id:
                    self.attach_file(number, file_id)
                    return Outcome("sent")
            except OutcomeUnknown as unknown:
                if unknown.error is not None:
                    raise unknown.error from None
            except Missing:
                continue
            except Rejected as rejected:
                return problem("sent", "PDF_NOT_ATTACHED", rejected=rejected)
        return problem("sent", "PDF_NOT_ATTACHED")

    def _find_upload(self, name: str) -> str:
        """Return the id of a file of this name in the inbox; ``""`` for none."""
        folder = self._client.get(INBOX, self.folder)
        files = folder.get("Files") if isinstance(folder, Mapping) else None
        for file in files if isinstance(files, list) else ():
            if isinstance(file, Mapping) and file.get("Name") == name:
                return self._file_id(file)
        return ""

    def _file_id(self, file: Any) -> str:
        file_id = self.file_id(file) if isinstance(file, Mapping) else None
        return file_id if isinstance(file_id, str) else ""


class _Unsettled(Exception):
    """An error after something may have been written."""

    def __init__(self, error: FortnoxError) -> None:
        super().__init__(error.code)
        self.error = error
