"""One item on its way to Fortnox, in the thread of its request.

Sent, not sent, or unknown: an answer that was lost is settled by asking, and what is there is
compared. Nothing is repeated blindly.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.errors import (
    FortnoxError,
    Missing,
    OutcomeUnknown,
    Rejected,
)
from opter_fortnox_plugin.exports.outcomes import Document, Outcome
from opter_fortnox_plugin.exports.problems import OF_FORTNOX, Problems
from opter_fortnox_plugin.exports.texts import both_sides, in_words
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.protocol import INBOX, Resource

#: How often a change is made again after it was found not to be there.
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
        """Read one as Fortnox answers it.

        :raises Unreadable: with the fields that are to blame.
        """

    @abstractmethod
    def create(self, ours: D) -> Outcome:
        """Make one."""

    @abstractmethod
    def changed(self, ours: D, theirs: D) -> Mapping[str, Any]:
        """Write ours as a request to change theirs has it."""

    @abstractmethod
    def differences(self, ours: D, theirs: D) -> list[Difference]:
        """Return the fields of ours that are not so there."""

    @abstractmethod
    def made_otherwise(self, ours: D, theirs: D) -> list[Difference]:
        """Return what Fortnox made otherwise of ours, as far as its answer to a write tells."""

    @abstractmethod
    def cause_of_total(self, theirs: D, fields: Collection[str]) -> Text | None:
        """Say why another total is likely, and what to do; ``None`` if it is not another.

        :param fields: that Fortnox made otherwise.
        """

    @abstractmethod
    def accounts_of(self, ours: D) -> list[str]:
        """Return the accounts of the rows."""

    def refusal_of(self, ours: D, rejected: Rejected) -> tuple[str, object]:
        """Return the code of a refusal of Fortnox's, and what its message is about."""
        code = OF_FORTNOX.get(rejected.code or 0, "REFUSED_BY_FORTNOX")
        day = ours.invoice_date
        what: dict[str, object] = {
            "CURRENCY_UNKNOWN": ours.currency,
            "PERIOD_LOCKED": Text(f"{day} eller senare", f"{day} or later"),
            "TEXT_REFUSED": self.problems.texts,
        }
        return code, what.get(code, ", ".join(dict.fromkeys(self.accounts_of(ours))))

    def another(self, ours: D, current: D) -> Outcome | None:
        """Tell what is where ours was to be made; ``None`` if it is ours."""
        raise NotImplementedError

    def rows_changed(self, before: D | None, current: D) -> bool:  # noqa: ARG002
        """Return whether a change was refused only since the rows are others by now."""
        return False

    # --- writing ---

    def find(self, number: str) -> D | None:
        """Return the one that has a number.

        :raises Unreadable: with the fields that are to blame.
        """
        try:
            return self.read(self._client.get(self.resource, number))
        except Missing:
            return None

    def update(self, ours: D, theirs: D) -> Outcome:
        """Change one that is there.

        :param theirs: as it stood there when it was compared.
        """

        def change(current: D | None) -> Any:
            payload = self.changed(ours, current or theirs)
            return self._client.update(self.resource, theirs.number, payload)

        return self.settled(ours, theirs.number, theirs, change)

    def settled(
        self, ours: D, number: str, theirs: D | None, write: Callable[[D | None], Any]
    ) -> Outcome:
        """Write one, and ask for its number where it is not known whether it was written.

        Once something was written, whatever else goes wrong leaves it unknown.
        """
        try:
            return self._write(ours, number, theirs, write)
        except _Unsettled as unsettled:
            return self.unknown(unsettled.error)
        except FortnoxError as error:
            # Before anything was written.
            return Outcome("refused", None, error.code, error.message, error=error)

    def _write(
        self, ours: D, number: str, theirs: D | None, write: Callable[[D | None], Any]
    ) -> Outcome:
        current, uncertain = theirs, False
        closed: FortnoxError | None = None
        for _ in range(ATTEMPTS):
            rejected = None
            if closed is not None:
                # It was asked for, and is not there.
                raise closed
            try:
                return self.checked(ours, self.read(write(current)))
            except (OutcomeUnknown, Unreadable) as error:
                uncertain, closed = True, getattr(error, "error", None)
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
                return self.refused(ours, rejected)
            settled = self._settled_by(ours, current, theirs)
            if settled is None and rejected:
                settled = self._settled_by_refusal(ours, before, current, rejected)
            if settled is None and current is not None and theirs is None:
                settled = self.update(ours, current)
            if settled is not None:
                return settled
        return self.unknown()

    def _settled_by_refusal(
        self, ours: D, before: D | None, current: D | None, rejected: Rejected
    ) -> Outcome | None:
        """Return what a refusal means; ``None`` if the rows have changed meanwhile."""
        changed = current is not None and self.rows_changed(before, current)
        return None if changed else self.refused(ours, rejected, current)

    def _settled_by(self, ours: D, current: D | None, theirs: D | None) -> Outcome | None:
        """Return what is settled by what is there now; ``None`` if it is still to be written."""
        if current is None:
            return None if theirs is None else self.problems.outcome("refused", "NOT_IN_FORTNOX")
        if current.cancelled:
            return self.problems.outcome("refused", "CANCELLED_IN_FORTNOX", number=current.number)
        # What was ours before need not have our mark: it may have been adopted.
        if theirs is None and (another := self.another(ours, current)) is not None:
            return another
        if not self.differences(ours, current):
            return self.checked(ours, current)
        if current.booked:
            return self.problems.outcome("booked", "BOOKED_IN_FORTNOX", current)
        return None

    def cancel(self, number: str, belongs: Callable[[D], bool]) -> Outcome:
        """Cancel one, as long as it is not booked.

        :param belongs: tells whether what has the number is ours.
        """
        sent = False
        for _ in range(ATTEMPTS):
            try:
                current = self.find(number)
            except Unreadable as error:
                return self.unreadable(error)
            except FortnoxError as error:
                if sent:
                    return self.unknown(error)
                raise
            if current is None:
                return self.problems.outcome("refused", "NOT_IN_FORTNOX")
            if not belongs(current):
                return self.problems.outcome("refused", "NUMBER_TAKEN", number=number, sides="")
            if current.cancelled:
                return Outcome("cancelled", current)
            if current.booked:
                return self.problems.outcome("booked", "BOOKED_IN_FORTNOX", current)
            try:
                sent = True
                self._client.act(self.resource, number, "cancel")
            except OutcomeUnknown as unknown:
                if unknown.error is not None:
                    return self.unknown(unknown.error)
            except Rejected as rejected:
                return self.refused(current, rejected, current)
        return self.unknown()

    # --- what it means ---

    def checked(self, ours: D, theirs: D) -> Outcome:
        """Compare what Fortnox made of one with what it was to be."""
        changes = self.made_otherwise(ours, theirs)
        if not changes:
            rate = "" if ours.currency == "SEK" else f"CurrencyRate {theirs.currency_rate}"
            return Outcome("sent", theirs, theirs=rate)
        if cause := self.cause_of_total(theirs, {difference.field for difference in changes}):
            message = self.another_total(ours, theirs, cause)
            return Outcome("sent", theirs, "TOTAL_DIFFERS", message)
        return self.problems.outcome("sent", "CONTENT_DIFFERS", theirs, what=both_sides(changes))

    def another_total(self, ours: D, theirs: D, cause: Text) -> Text:
        return self.problems.sentence(
            "TOTAL_DIFFERS",
            theirs=in_words(theirs.total, theirs.currency),
            ours=in_words(ours.total, ours.currency),
            cause=cause,
        )

    def refused(self, ours: D, rejected: Rejected, current: D | None = None) -> Outcome:
        """Return what a refusal of Fortnox's means."""
        code, what = self.refusal_of(ours, rejected)
        code = code if code in self.problems else "REFUSED_BY_FORTNOX"
        return self.problems.outcome(
            "refused", code, current, rejected=rejected, what=what, code=rejected.code or "–"
        )

    def unreadable(self, error: Unreadable) -> Outcome:
        fields = ", ".join(error.fields)
        return self.problems.outcome("unknown", "UNREADABLE_IN_FORTNOX", what=fields)

    def unknown(self, error: FortnoxError | None = None) -> Outcome:
        return self.problems.outcome("unknown", "RESULT_UNKNOWN", error=error)

    # --- its PDF ---

    @abstractmethod
    def attached(self, number: str) -> list[str]:
        """Return the names of the files of one; ``""`` if a name is not told."""

    @abstractmethod
    def file_id(self, file: Mapping[str, Any]) -> object:
        """Return the id by which a file of the inbox is attached."""

    @abstractmethod
    def attach_file(self, number: str, file_id: str) -> None:
        """Attach a file of the inbox."""

    def attach(self, number: str, content: bytes, *, sent_before: bool, again: bool) -> Outcome:
        """Put a PDF into Fortnox and attach it, once.

        :param sent_before: the item was there before, maybe with another PDF.
        :param again: this may have been done before, and was interrupted.
        :return: the state ``sent``, or ``unchanged`` where there is one; with the code of what
            remains to be done.
        """
        problem = self.problems.outcome
        if not content.startswith(b"%PDF-") or len(content) > MAX_PDF_BYTES:
            return problem("sent", "PDF_NOT_USABLE")
        # By its content, so that no other file is taken for it.
        name = f"{number}-{hashlib.sha256(content).hexdigest()[:12]}.pdf"
        for attempt in range(ATTEMPTS):
            try:
                names = self.attached(number) if sent_before or again or attempt else []
                if names:
                    done = name in names or again or attempt or not sent_before
                    state = "sent" if attempt else "unchanged"
                    return Outcome(state) if done else problem("unchanged", "PDF_NOT_REPLACED")
                file_id = self._uploaded(name) if again or attempt else ""
                file_id = file_id or self._id(self._client.upload(self.folder, name, content))
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

    def _uploaded(self, name: str) -> str:
        """Return the id of a file of this name that waits in the inbox; ``""`` for none."""
        folder = self._client.get(INBOX, self.folder)
        files = folder.get("Files") if isinstance(folder, Mapping) else None
        for file in files if isinstance(files, list) else ():
            if isinstance(file, Mapping) and file.get("Name") == name:
                return self._id(file)
        return ""

    def _id(self, file: Any) -> str:
        file_id = self.file_id(file) if isinstance(file, Mapping) else None
        return file_id if isinstance(file_id, str) else ""


class _Unsettled(Exception):
    """An error after something may have been written."""

    def __init__(self, error: FortnoxError) -> None:
        super().__init__(error.code)
        self.error = error
