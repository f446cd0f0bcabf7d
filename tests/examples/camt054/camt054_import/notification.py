"""A bank's notice of what came to an account: camt.054.001.08 of ISO 20022.

``Ntfctn`` (an account) holds ``Ntry`` (a line of its statement), and that ``TxDtls`` (a payment).
The message is read as a stream: each payment is forgotten when it has been handed on, and who
paid is never looked at. Its own counts and sums are checked where the bank gives them. Source:
https://www.iso20022.org/iso-20022-message-definitions, BankToCustomerDebitCreditNotificationV08.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

_URN: Final = "urn:iso:std:iso:20022:tech:xsd:"
VERSION: Final = "camt.054.001.08"

# More than any field or nesting of the schema has, so that no file fills the memory.
_LONGEST_TEXT: Final = 10_000
_DEEPEST: Final = 100

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,17})?")


class NotCamt054(Exception):
    """The file cannot be trusted; ``line`` is counted from 1."""

    def __init__(self, line: int, sv: str, en: str) -> None:
        super().__init__(f"line {line}: {en}")
        self.line, self.sv, self.en = line, sv, en


@dataclass(frozen=True, slots=True)
class Account:
    """Whose notice it is; ``number`` is an IBAN, or a bankgiro number."""

    number: str
    owner: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment that came in, or what else happened on the account."""

    number: str
    """Booking date, and the bank's own references of the entry and of the payment in it, which
    are the same in every file that has the payment, of the hour or of the day. What the payer
    chose (``EndToEndId``) may come twice, and ``NtryRef`` only counts within a file. Where one
    reference stands for several payments, the second is ``-2``."""
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
    gives the sum of several) or ``charges`` (it is not what was paid); ``""`` where it may."""


@dataclass
class _Total:
    count: int = 0
    amount: Decimal | None = Decimal()
    """``None`` where something in it cannot be added up."""

    def add(self, amount: Decimal | None) -> None:
        self.count += 1
        self.amount = None if None in {self.amount, amount} else self.amount + amount


class Reader:
    """One pass through one file. ``account`` is known when the first transaction is."""

    def __init__(self) -> None:
        self.account: Account | None = None
        self._found: list[Transaction] = []
        self._path = [Element("")]
        self._given: Counter[str] = Counter()
        self._credits, self._debits = _Total(), _Total()  # the entries of a notification
        self._batch, self._payments = _Total(), _Total()  # those of a batch, and of an entry
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._data
        parser.EndElementHandler = self._end

    def read(self, file: BinaryIO) -> Iterator[Transaction]:
        """Yield what happened. The file is right only if this comes to its end.

        :raises NotCamt054: where it is something else, breaks off or does not add up.
        """
        more = True
        while more:
            chunk = file.read(1 << 16)
            more = bool(chunk)
            try:
                self._parser.Parse(chunk, not more)
            except expat.ExpatError as error:
                says = expat.ErrorString(error.code)
                raise self._wrong(
                    f"XML-koden är inte hel ({says})", f"broken XML: {says}"
                ) from None
            except (ValueError, LookupError):  # of Python's codecs
                raise self._wrong("teckenkoden kan inte läsas", "unknown encoding") from None
            yield from self._found
            self._found.clear()
        if self.account is None:
            raise self._wrong("avisering (Ntfctn) saknas", "there is no notification (Ntfctn)")

    def _wrong(self, sv: str, en: str) -> NotCamt054:
        return NotCamt054(self._parser.CurrentLineNumber, sv, en)

    # --- XML ---

    def _doctype(self, *_: object) -> None:
        # It declares entities: a few that expand to gigabytes, or files of this machine.
        raise self._wrong("en DTD tillåts inte", "a DTD is not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if len(self._path) == 1 and tag != f"{_URN}{VERSION} Document":
            found = namespace.removeprefix(_URN)[:40] or name[:40]
            raise self._wrong(
                f"filen är {found}, men bara {VERSION} läses; be banken om den",
                f"the file is {found}, but only {VERSION} is read; ask the bank for it",
            )
        if len(self._path) > _DEEPEST:
            raise self._wrong("för många nivåer", "too many levels")
        element = Element(name if namespace == _URN + VERSION else tag, attributes)
        self._path[-1].append(element)
        self._path.append(element)

    def _data(self, text: str) -> None:
        element = self._path[-1]
        element.text = (element.text or "") + text
        if len(element.text) > _LONGEST_TEXT:
            raise self._wrong("en text är för lång", "a text is too long")

    def _end(self, _: str) -> None:
        element = self._path.pop()
        match (len(self._path), element.tag):
            case (6, "TxDtls"):
                self._transaction(self._path[-2], element)
            case (5, "NtryDtls"):
                if self._batch.count:
                    self._check(element, "Btch/NbOfTxs", self._batch.count)
                    self._check(element, "Btch/TtlAmt", self._batch.amount)
                self._batch = _Total()
            case (4, "Ntry"):
                self._entry(element)
            case (3, "Ntfctn"):
                self._notification(element)
            case _:
                return
        self._path[-1].remove(element)

    # --- The message ---

    def _transaction(self, entry: Element, details: Element, *, whole: bool = False) -> None:
        """Take a payment, or a ``whole`` entry that the bank does not split."""
        self._take_account(self._path[3])
        total, currency = self._amount(entry.find("Amt"))
        own = details.find("Amt")
        own = details.find("AmtDtls/TxAmt/Amt") if own is None else own
        amount, of = (total, currency) if own is None else self._amount(own)
        unsplit = whole or (own is None and _text(self._path[-1], "Btch/NbOfTxs") not in {"", "1"})
        charged = _charged(entry) or _charged(details)
        side = _text(entry, "CdtDbtInd")
        own_side = _text(details, "CdtDbtInd") or side
        signed = amount if own_side == side else -amount
        for sums in (self._batch, self._payments):
            sums.add(None if unsplit or charged or of != currency else signed)
        returned = _text(entry, "RvslInd") in {"true", "1"} or details.find("RtrInf") is not None
        problems = (
            (_text(entry, "Sts/Cd") != "BOOK", "not-booked"),
            (returned, "returned"),
            (own_side != "CRDT", "debit"),
            (unsplit, "no-details"),
            (charged, "charges"),
        )
        references = [
            _text(one)
            for strd in details.iterfind("RmtInf/Strd")
            for one in strd.findall("CdtrRefInf/Ref") or strd.findall("RfrdDocInf/Nb")
        ]
        day = self._day(entry)
        self._found.append(
            Transaction(
                self._number(day, entry, details),
                day,
                amount if own_side == "CRDT" else -amount,
                of,
                tuple(dict.fromkeys(filter(None, references))),
                " ".join(map(_text, details.iterfind("RmtInf/Ustrd"))),
                next((problem for holds, problem in problems if holds), ""),
            )
        )

    def _number(self, day: date, entry: Element, details: Element) -> str:
        place = f"{_text(self._path[3], 'Id')}/{self._credits.count + self._debits.count + 1}"
        of_entry = _text(entry, "AcctSvcrRef") or place
        references = (_text(details, f"Refs/{name}") for name in ("AcctSvcrRef", "UETR", "TxId"))
        of_payment = next(filter(None, references), "")
        number = "-".join(dict.fromkeys(filter(None, (f"{day:%Y%m%d}", of_entry, of_payment))))
        self._given[number] += 1
        return number if self._given[number] == 1 else f"{number}-{self._given[number]}"

    def _entry(self, entry: Element) -> None:
        if not self._payments.count:
            self._transaction(entry, Element("TxDtls"), whole=True)
        self._check(entry, "Amt", self._payments.amount)
        amount, _ = self._amount(entry.find("Amt"))
        (self._credits if _text(entry, "CdtDbtInd") == "CRDT" else self._debits).add(amount)
        self._batch, self._payments = _Total(), _Total()

    def _notification(self, notification: Element) -> None:
        self._take_account(notification)
        into, out = self._credits, self._debits
        self._credits, self._debits = _Total(), _Total()
        if _text(notification, "NtfctnPgntn/LastPgInd") not in {"", "true", "1"} or (
            _text(notification, "NtfctnPgntn/PgNb") not in {"", "1"}
        ):
            return  # the summary may be that of all pages
        for path, count, amount in (
            ("TtlNtries", into.count + out.count, into.amount + out.amount),
            ("TtlCdtNtries", into.count, into.amount),
            ("TtlDbtNtries", out.count, out.amount),
        ):
            self._check(notification, f"TxsSummry/{path}/NbOfNtries", count)
            self._check(notification, f"TxsSummry/{path}/Sum", amount)
        net = into.amount - out.amount
        self._check(notification, "TxsSummry/TtlNtries/TtlNetNtry/Amt", net)

    def _take_account(self, notification: Element) -> None:
        number = _text(notification, "Acct/Id/IBAN") or _text(notification, "Acct/Id/Othr/Id")
        account = Account(number, _text(notification, "Acct/Ownr/Nm"))
        if not number:
            raise self._wrong("kontots nummer (Acct) saknas", "the account (Acct) is missing")
        if self.account is not None and self.account.number != number:
            raise self._wrong(
                f"den gäller två konton, {self.account.number} och {number}; hämta en fil för vart",
                f"it is about two accounts, {self.account.number} and {number}; get a file of each",
            )
        self.account = self.account or account

    def _check(self, of: Element, path: str, found: Decimal | int | None) -> None:
        """Compare a count or a sum with what the bank says it is, if it does."""
        told = _text(of, path)
        if told and found is not None and self._decimal(told) != abs(found):
            raise self._wrong(
                f"{path} är {told}, men det som finns är {abs(found)}",
                f"{path} is {told}, but what is there is {abs(found)}",
            )

    def _amount(self, amount: Element | None) -> tuple[Decimal, str]:
        if amount is None or len(amount.get("Ccy", "")) != 3:
            raise self._wrong(
                "belopp eller valuta (Amt) saknas", "amount or currency is missing (Amt)"
            )
        return self._decimal(_text(amount)), amount.get("Ccy", "")

    def _decimal(self, text: str) -> Decimal:
        if not _NUMBER.fullmatch(text):
            raise self._wrong(f"{text[:20]!r} är inget belopp", f"{text[:20]!r} is no amount")
        return Decimal(text)

    def _day(self, entry: Element) -> date:
        found = next(filter(None, (_text(entry, path) for path in _DAYS)), "")
        try:
            return date.fromisoformat(found[:10])  # of a time, the bank's own day
        except ValueError:
            raise self._wrong(f"{found[:20]!r} är ingen dag", f"{found[:20]!r} is no day") from None


_DAYS: Final = ("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")


def _text(of: Element, path: str = ".") -> str:
    return (of.findtext(path) or "").strip()


def _charged(of: Element) -> bool:
    """Tell whether the bank has taken charges."""
    amounts = (_text(one) for charges in of.iterfind("Chrgs") for one in charges.iter())
    return any(_NUMBER.fullmatch(text) and Decimal(text) for text in amounts)
