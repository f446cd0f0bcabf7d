"""A bank's notice of what came to an account: camt.054.001.08 of ISO 20022.

``Ntfctn`` (an account) holds ``Ntry`` (a line of its statement), and that ``TxDtls`` (a payment).
The message is read as a stream: each payment is forgotten when it has been handed on. What is not
booked comes last, unless the file has it as booked, too. Its own counts and sums are checked where
the bank gives them. Source, also of the external code sets:
https://www.iso20022.org/iso-20022-message-definitions, BankToCustomerDebitCreditNotificationV08.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from zoneinfo import ZoneInfo

from opter_contract.currencies import DECIMALS, is_payable
from opter_contract.values import Company, Text

VERSION: Final = "camt.054.001.08"
_URN: Final = "urn:iso:std:iso:20022:tech:xsd:"
_NAMESPACE: Final = _URN + VERSION

#: Bytes without a payment in them, so that no file fills the memory.
_MOST: Final = 1 << 20

_UNKNOWN: Final = Decimal("NaN")
_AMOUNT = re.compile(r"\+?[0-9]{1,18}(?:\.[0-9]{1,17})?")
_ZONE: Final = ZoneInfo("Europe/Stockholm")

#: What is booked later than this after its file was made has a wrong date.
_AHEAD: Final = timedelta(days=31)

#: What a bank or a clearing calls one transaction.
_OWN_REFERENCES: Final = tuple(
    f"Refs/{name}"
    for name in ("AcctSvcrRef", "AcctSvcrTxId", "UETR", "TxId", "ClrSysRef", "MktInfrstrctrTxId")
)
#: What stands where a reference is compulsory and there is none.
_NOTHING: Final = frozenset({"", "NOTPROVIDED", "NONREF"})
#: Most banks only count the entries of a file in ``NtryRef``; another file has other numbers.
_COUNTED = re.compile(r"^[0-9]{1,6}$")
#: What nobody should have to type, or that a terminal might obey.
_UNTYPABLE = re.compile(r"[^0-9A-Za-z._+-]+")

#: Sub-families of money that came back, in the external code set of bank transaction codes.
_RETURNS: Final = frozenset(
    {"RRTN", "RPCR", "UPDD", "PRDD", "RCDD", "UPCQ", "UPTC", "UPCT", "UDFT"}
)


class NotCamt054(Exception):
    """The file cannot be trusted; ``line`` is counted from 1."""

    def __init__(self, line: int, sv: str, en: str) -> None:
        super().__init__(f"line {line}: {en}")
        self.line, self.why = line, Text(sv, en)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment that came in, or what else happened on the account."""

    number: str
    """The same in every file that has the payment, of the hour or of the day, whatever it stands
    in there: the bank's reference of the payment, else of its entry, and a digest of the amount
    and what it pays. Without either, the day and a digest of all that tells payments apart.
    The second of two alike in an entry (without any reference: in a notification) is ``-2``.
    What the file has once more has the problem ``twice`` and ``-copy2``: no number comes twice."""
    day: date
    """The booking date."""
    amount: Decimal
    """Negative for a debit."""
    currency: str
    references: tuple[str, ...]
    """The structured ones: OCR numbers, or numbers of documents."""
    text: str
    """What the payer wrote instead."""
    problem: str
    """Why it pays no invoice: ``not-booked``, ``returned``, ``debit``, ``no-details`` (the bank
    gives the sum of several), ``charges`` (it is not what was paid), ``credit-note`` (nor is
    it), ``future`` or ``twice``; ``""`` where it may."""


@dataclass
class _Total:
    count: int = 0
    amount: Decimal = Decimal()
    """Not a number where something in it cannot be added up."""

    def add(self, amount: Decimal) -> None:
        self.count += 1
        self.amount += amount


class Reader:
    """One pass through one file. ``company``, the account, is known when a transaction is.

    ``pages`` are those of a notice in several, of which the file may lack some; ``by_looks``
    counts the payments without a reference: what looks the same in another file is the same.
    """

    def __init__(self) -> None:
        self.company: Company | None = None
        self.pages: list[str] = []
        self.by_looks = 0
        self._made: date | None = None
        self._empty = 0
        self._found: list[Transaction] = []
        self._pending: dict[str, Transaction] = {}
        self._path: list[Element] = []
        self._given: Counter[str] = Counter()
        self._alike: Counter[tuple[str, int, str]] = Counter()
        self._into, self._out = _Total(), _Total()  # the entries of a notification
        self._batch, self._payments = _Total(), _Total()  # those of a batch, and of an entry
        self._builder = TreeBuilder()
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._builder.data
        parser.EndElementHandler = self._end

    def read(self, file: BinaryIO) -> Iterator[Transaction]:
        """Yield what happened. The file is right only if this comes to its end.

        :raises NotCamt054: where it is something else, breaks off or does not add up.
        """
        more = True
        while more:
            chunk = file.read(1 << 16)
            more = bool(chunk)
            self._empty += len(chunk)
            try:
                self._parser.Parse(chunk, not more)
            except expat.ExpatError as error:
                says = expat.ErrorString(error.code)
                raise self._wrong(
                    f"XML-koden är inte hel ({says})", f"broken XML: {says}"
                ) from None
            except (ValueError, LookupError):  # of Python's codecs
                raise self._wrong("teckenkoden kan inte läsas", "unknown encoding") from None
            if self._empty > _MOST:
                raise self._wrong("en betalning är för stor", "a payment is too large")
            yield from self._found
            self._found.clear()
        yield from (one for number, one in self._pending.items() if not self._given[number])
        if self.company is None:
            raise self._wrong("avisering (Ntfctn) saknas", "there is no notification (Ntfctn)")

    def _wrong(self, sv: str, en: str) -> NotCamt054:
        return NotCamt054(self._parser.CurrentLineNumber, sv, en)

    # --- XML ---

    def _doctype(self, *_: object) -> None:
        # It declares entities: a few that expand to gigabytes, or files of this machine.
        raise self._wrong("en DTD tillåts inte", "a DTD is not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if not self._path and tag != f"{_NAMESPACE} Document":
            found = namespace.removeprefix(_URN)[:40] or name[:40]
            raise self._wrong(
                f"filen är {found}, men bara {VERSION} läses; be banken om den",
                f"the file is {found}, but only {VERSION} is read; ask the bank for it",
            )
        name = name if namespace == _NAMESPACE else tag
        self._path.append(self._builder.start(name, attributes))

    def _end(self, _: str) -> None:
        element = self._path.pop()
        self._builder.end(element.tag)
        match (len(self._path), element.tag):
            case (5, "TxDtls"):
                self._transaction(self._path[-2], element)
            case (4, "NtryDtls"):
                if self._batch.count:
                    side = _text(element, "Btch/CdtDbtInd") or self._side(self._path[-1])
                    self._check(element, "Btch/NbOfTxs", self._batch.count)
                    self._check(element, "Btch/TtlAmt", self._batch.amount, side)
                self._batch = _Total()
            case (3, "Ntry"):
                self._entry(element)
            case (2, "Ntfctn"):
                self._notification(element)
            case (2, "GrpHdr"):
                made = _text(element, "CreDtTm")
                self._made = self._day(made) if made else None
                self._part_of_several(element, "MsgPgntn")
            case _:
                return
        del self._path[-1][-1]

    # --- The message ---

    def _transaction(self, entry: Element, details: Element, *, whole: bool = False) -> None:
        """Take a payment, or a ``whole`` entry that the bank does not split."""
        self._empty = 0
        self._take_account(self._path[2])
        total, currency = self._amount(entry.find("Amt"))
        own = details.find("Amt")
        own = details.find("AmtDtls/TxAmt/Amt") if own is None else own
        amount, of = (total, currency) if own is None else self._amount(own)
        unsplit = whole or (own is None and _text(self._path[-1], "Btch/NbOfTxs") not in {"", "1"})
        charged = _charged(entry) or _charged(details)
        side = self._side(entry)
        own_side = self._side(details, side)
        amount = amount if own_side == "CRDT" else -amount
        for sums in (self._batch, self._payments):
            sums.add(_UNKNOWN if unsplit or charged or of != currency else amount)
        day = self._day(_text(entry, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"))
        returned = _returned(entry, details)
        found = (
            _text(one)
            for strd in details.iterfind("RmtInf/Strd")
            for one in (*strd.findall("CdtrRefInf/Ref"), *strd.findall("RfrdDocInf/Nb"))
        )
        references = tuple(dict.fromkeys(filter(None, found)))
        text = " ".join(map(_text, details.iterfind("RmtInf/Ustrd")))
        content = (amount, of, references or re.findall("[0-9]+", text), returned)
        number = self._number(entry, details, day, content, text)
        pending = _text(entry, "Sts/Cd") != "BOOK"
        self._given[number] += not pending
        times = self._given[number]
        problems = (
            (pending, "not-booked"),
            (returned, "returned"),
            ("DBIT" in {side, own_side}, "debit"),
            (unsplit, "no-details"),
            (charged, "charges"),
            (any(map(_credit_note, details.iterfind("RmtInf/Strd"))), "credit-note"),
            (self._made is not None and day - self._made > _AHEAD, "future"),
            (times > 1, "twice"),
        )
        problem = next((problem for holds, problem in problems if holds), "")
        own_number = number if times < 2 else f"{number}-copy{times}"
        one = Transaction(own_number, day, amount, of, references, text, problem)
        if pending:
            self._pending[number] = one
        else:
            self._found.append(one)

    def _number(
        self, entry: Element, details: Element, day: date, content: tuple[object, ...], text: str
    ) -> str:
        own, of_entry = _text(details, *_OWN_REFERENCES), _text(entry, "AcctSvcrRef")
        if reference := own or of_entry:
            number = _named(reference, content)
        else:
            self.by_looks += 1
            its_entry = _COUNTED.sub("", _text(entry, "NtryRef"))
            payer = _text(details, "RltdPties/Dbtr/Pty/Nm")
            of_details = [(one.tag, _text(one)) for one in details.iterfind("Refs//*")]
            number = _named(f"{day:%Y%m%d}", content, text, its_entry, payer, of_details)
        if not own:
            place = self._into.count + self._out.count if of_entry else -1
            key = (number, place, _text(entry, "Sts/Cd"))
            self._alike[key] += 1
            if (alike := self._alike[key]) > 1:
                number = f"{number}-{alike}"
        return number

    def _entry(self, entry: Element) -> None:
        if not self._payments.count:
            self._transaction(entry, Element("TxDtls"), whole=True)
        side = self._side(entry)
        self._check(entry, "Amt", self._payments.amount, side)
        amount, _ = self._amount(entry.find("Amt"))
        (self._into if side == "CRDT" else self._out).add(amount)
        self._batch, self._payments = _Total(), _Total()

    def _notification(self, notification: Element) -> None:
        self._take_account(notification)
        into, out = self._into, self._out
        self._into, self._out = _Total(), _Total()
        self._alike.clear()
        self._part_of_several(notification, "NtfctnPgntn")
        if self.pages:
            return  # the summary may be that of all pages
        all_of_it = _Total(into.count + out.count, into.amount + out.amount)
        for name, of in (("TtlNtries", all_of_it), ("TtlCdtNtries", into), ("TtlDbtNtries", out)):
            self._check(notification, f"TxsSummry/{name}/NbOfNtries", of.count)
            self._check(notification, f"TxsSummry/{name}/Sum", of.amount)
        net = "TxsSummry/TtlNtries/TtlNetNtry"
        side = _text(notification, f"{net}/CdtDbtInd")
        self._check(notification, f"{net}/Amt", into.amount - out.amount, side)

    def _part_of_several(self, whole: Element, path: str) -> None:
        page = (_text(whole, f"{path}/PgNb"), _text(whole, f"{path}/LastPgInd"))
        if page not in {("", ""), ("1", "true"), ("1", "1")}:
            self.pages.append(page[0] or "?")

    def _side(self, of: Element, default: str = "") -> str:
        if (side := _text(of, "CdtDbtInd") or default) not in {"CRDT", "DBIT"}:
            raise self._wrong(
                f"CdtDbtInd är {side[:20]!r}, men ska vara CRDT eller DBIT",
                f"CdtDbtInd is {side[:20]!r}, but should be CRDT or DBIT",
            )
        return side

    def _take_account(self, notification: Element) -> None:
        number = _text(notification, "Acct/Id/IBAN", "Acct/Id/Othr/Id")
        if not number:
            raise self._wrong("kontots nummer (Acct) saknas", "the account (Acct) is missing")
        if self.company is None:
            self.company = Company(number, _text(notification, "Acct/Ownr/Nm") or number)
        if (known := self.company.number) != number:
            raise self._wrong(
                f"den gäller två konton, {known} och {number}; hämta en fil för vart",
                f"it is about two accounts, {known} and {number}; get a file of each",
            )

    def _check(self, of: Element, path: str, found: Decimal | int, side: str = "CRDT") -> None:
        """Compare a count or a sum with what the bank says it is, if it does."""
        told = _text(of, path)
        signed = -found if side == "DBIT" else found
        if told and not Decimal(found).is_nan() and self._decimal(told) != signed:
            raise self._wrong(
                f"{path} är {told}, men det som finns är {signed}",
                f"{path} is {told}, but what is there is {signed}",
            )

    def _amount(self, element: Element | None) -> tuple[Decimal, str]:
        text, currency = "", ""
        if element is not None:
            text, currency = _text(element), element.get("Ccy", "")
        if currency not in DECIMALS or not is_payable(self._decimal(text), currency):
            raise self._wrong(
                f"'{text[:20]} {currency[:9]}' är inget belopp i en valuta och dess decimaler",
                f"'{text[:20]} {currency[:9]}' is no amount in a currency and its decimals",
            )
        return round(Decimal(text), DECIMALS[currency]), currency

    def _decimal(self, text: str) -> Decimal:
        if not _AMOUNT.fullmatch(text):
            raise self._wrong(f"{text[:20]!r} är inget belopp", f"{text[:20]!r} is no amount")
        return Decimal(text)

    def _day(self, text: str) -> date:
        try:
            if "T" not in text:
                return date.fromisoformat(text[:10])
            time = datetime.fromisoformat(text)
            return (time.astimezone(_ZONE) if time.tzinfo else time).date()
        except (ValueError, OverflowError):
            raise self._wrong(f"{text[:20]!r} är ingen dag", f"{text[:20]!r} is no day") from None


def _named(readable: str, *content: object) -> str:
    """Make a number of all of these that can be typed."""
    digest = hashlib.sha256(repr((readable, content)).encode()).hexdigest()[:16]
    return f"{_UNTYPABLE.sub('-', readable)[:36]}-{digest}"


def _text(of: Element, *paths: str) -> str:
    """Return the text of the first of these that has one."""
    found = (" ".join((of.findtext(path) or "").split()) for path in paths or (".",))
    return next((text for text in found if text not in _NOTHING), "")


def _returned(entry: Element, details: Element) -> bool:
    """Return whether it came back, or was made undone."""
    kinds = {_text(one, "BkTxCd/Domn/Fmly/SubFmlyCd") for one in (entry, details)}
    reversal = _text(entry, "RvslInd") in {"true", "1"}
    return reversal or details.find("RtrInf") is not None or not kinds.isdisjoint(_RETURNS)


def _charged(of: Element) -> bool:
    """Return whether the bank has taken charges."""
    amounts = (_text(one) for charges in of.iterfind("Chrgs") for one in charges.iter())
    return any(_AMOUNT.fullmatch(text) and Decimal(text) for text in amounts)


def _credit_note(strd: Element) -> bool:
    """Return whether the payer has deducted a credit note."""
    kinds = {_text(one) for one in strd.iterfind("RfrdDocInf/Tp/CdOrPrtry/Cd")}
    return "CREN" in kinds or strd.find("RfrdDocAmt/CdtNoteAmt") is not None
