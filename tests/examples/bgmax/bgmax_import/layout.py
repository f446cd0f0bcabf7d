"""A BgMax file as Bankgirot's technical manual for Bankgiro Inbetalningar lays it out.

Lines of 80 columns in ISO 8859-1, each beginning with a record code; columns
are counted from 1, as in the manual. Amounts are in hundredths. A file adds up
by itself: a deposit (15) says what its payments (20) less its deductions (21)
make, and the end (70) says how many records of each kind there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

#: What a reference is, column 56: a checked OCR number, several, free text, or a wrong one.
CHECKED, SEVERAL, FREE, WRONG = "2", "3", "4", "5"

#: Who paid and where from: nothing here needs it, and it is personal data.
_SKIPPED = frozenset({"25", "26", "27", "28", "29"})


class NotBgMax(Exception):
    """The file is not as the layout says; ``line`` is counted from 1."""

    def __init__(self, line: int, sv: str, en: str) -> None:
        super().__init__(f"line {line}: {en}")
        self.line, self.sv, self.en = line, sv, en


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment, or with a negative amount a deduction, in the currency of its deposit."""

    serial: str  # Bankgirot's own running number: twelve digits, "-2" where it is there again
    reference: str
    reference_code: str
    channel: str
    amount: Decimal
    more_references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deposit:
    """What one day brought to one bankgiro number in one currency."""

    bankgiro: str
    currency: str
    day: date
    serial: str
    entries: Sequence[Entry]


def read(lines: Iterable[str]) -> list[Deposit]:
    """Read a whole file, and check it against its own sums.

    :raises NotBgMax: where it is something else, a test file, broken off or does not add up.
    """
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n").ljust(80)
        if text.strip():
            reader.take(_Line(number, text))
    return reader.finished()


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str

    def cut(self, first: int, last: int) -> str:
        return self.text[first - 1 : last].strip()

    def digits(self, first: int, last: int, sv: str, en: str) -> str:
        cut = self.text[first - 1 : last]
        if not (cut.isascii() and cut.isdigit()):
            raise self.wrong(f"{sv} är inte siffror", f"{en} is not digits")
        return cut

    def amount(self, first: int, last: int) -> Decimal:
        return Decimal(self.digits(first, last, "beloppet", "the amount")).scaleb(-2)

    def wrong(self, sv: str, en: str) -> NotBgMax:
        return NotBgMax(self.number, sv, en)


@dataclass
class _Reader:
    deposits: list[Deposit] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _section: tuple[str, str] | None = None
    _entries: list[Entry] = field(default_factory=list)
    _last: _Line = field(default_factory=lambda: _Line(1, ""))

    def take(self, line: _Line) -> None:
        code = line.cut(1, 2)
        if not self._counts and (code != "01" or line.cut(3, 22) != "BGMAX"):
            raise line.wrong("filen börjar inte som en BgMax-fil", "no BgMax file begins like this")
        if self._counts["70"]:
            raise line.wrong("det står något efter slutposten", "something follows the end record")
        self._counts[code] += 1
        self._last = line
        if code not in _SKIPPED:
            self._record(code, line)

    def _record(self, code: str, line: _Line) -> None:
        match code:
            case "01" if self._counts["01"] == 1:
                self._start(line)
            case "05" if self._section is None:
                bankgiro = line.digits(3, 12, "bankgironumret", "the bankgiro number").lstrip("0")
                self._section = bankgiro, line.cut(23, 25)
            case "20" | "21" if self._section:
                self._entry(line, -1 if code == "21" else 1)
            case "22" | "23" if self._entries:
                last = self._entries[-1]
                more = (*last.more_references, line.cut(13, 37))
                self._entries[-1] = replace(last, more_references=more)
            case "15" if self._section:
                self._deposit(line, *self._section)
            case "70" if self._section is None:
                self._end(line)
            case _:
                raise line.wrong(
                    f"posten {code} hör inte hit", f"the record {code} is out of place"
                )

    def _start(self, line: _Line) -> None:
        if line.cut(23, 24) != "01":
            raise line.wrong("versionen är inte 01", "the version is not 01")
        if line.cut(45, 45) != "P":
            raise line.wrong("filen är märkt som test", "the file is marked as a test")

    def _entry(self, line: _Line, sign: int) -> None:
        serial = line.digits(58, 69, "BGC-löpnumret", "Bankgirot's running number")
        # In the manual's own example one number stands twice in a deposit.
        same = sum(one.serial[:12] == serial for one in self._entries)
        serial += f"-{same + 1}" if same else ""
        amount = sign * line.amount(38, 55)
        self._entries.append(
            Entry(serial, line.cut(13, 37), line.cut(56, 56), line.cut(57, 57), amount)
        )

    def _deposit(self, line: _Line, bankgiro: str, currency: str) -> None:
        day = line.digits(38, 45, "betalningsdagen", "the payment date")
        try:
            when = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        except ValueError:
            raise line.wrong(f"{day} är ingen dag", f"{day} is no day") from None
        told, total = line.amount(51, 68), sum(one.amount for one in self._entries)
        if told != total:
            raise line.wrong(
                f"insättningen är {told}, men betalningarna är {total}",
                f"the deposit is {told}, but its payments are {total}",
            )
        if int(line.digits(72, 79, "antalet", "the number")) != len(self._entries):
            raise line.wrong("antalet betalningar stämmer inte", "the number of payments is wrong")
        if line.cut(69, 71) != currency:
            raise line.wrong("valutan stämmer inte", "the currency is not the section's")
        serial = line.digits(46, 50, "löpnumret", "the running number")
        self.deposits.append(Deposit(bankgiro, currency, when, serial, tuple(self._entries)))
        self._section, self._entries = None, []

    def _end(self, line: _Line) -> None:
        counts = self._counts
        for first, sv, en, found in (
            (3, "betalningar", "payments", counts["20"]),
            (11, "avdrag", "deductions", counts["21"]),
            (19, "extra referenser", "extra references", counts["22"] + counts["23"]),
            (27, "insättningar", "deposits", counts["15"]),
        ):
            told = int(line.digits(first, first + 7, "antalet", "the number"))
            if told != found:
                raise line.wrong(
                    f"slutposten säger {told} {sv}, men {found} finns",
                    f"the end record says {told} {en}, but there are {found}",
                )

    def finished(self) -> list[Deposit]:
        if not self._counts["70"]:
            raise self._last.wrong("filen slutar mitt i", "the file breaks off")
        return self.deposits
