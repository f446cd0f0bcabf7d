"""Hand the payments of a BgMax file to a host. No login, no network, nothing kept.

The key of a payment is the bankgiro number and, in it, the payment date, the
deposit's running number and Bankgirot's own: the same for ever, so that a file
that is read twice registers nothing twice. Bankgirot's amounts are in the
currency of the account; one that is not in kronor has no amount in SEK, which
the contract wants, and is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pluggy

from bgmax_import.layout import CHECKED, FREE, SEVERAL, WRONG, Deposit, Entry, NotBgMax, read

CODE = "BgMax"
BATCH = 500

hookimpl = pluggy.HookimplMarker("opter")


class Text(NamedTuple):
    sv: str
    en: str


class ImportType(NamedTuple):
    code: str
    formats: tuple[str, ...]
    label: Text


class Field(NamedTuple):
    key: str
    kind: str
    label: Text
    help: Text
    default: str = ""
    required: bool = False
    secret: bool = False


class Problem(NamedTuple):
    key: str
    severity: str
    message: Text


class Checked(NamedTuple):
    values: Mapping[str, str]
    problems: tuple[Problem, ...]


class Company(NamedTuple):
    number: str
    name: str


class Key(NamedTuple):
    company: str
    number: str


class Progress(NamedTuple):
    stage: str
    done: int
    total: int | None
    message: Text


class Report(NamedTuple):
    company: Company
    cursor: str | None
    not_read: int
    requests: int


class Reason(NamedTuple):
    reason: str
    message: Text


@dataclass(frozen=True, slots=True)
class Payment:
    key: Key
    source: str
    invoice_number: str
    ocr: str
    date: date
    amount: Decimal
    currency: str = "SEK"
    amount_currency: Decimal | None = None
    exchange_rate: None = None
    write_offs: tuple[()] = ()
    booked: bool = True
    warnings: tuple[()] = ()


@dataclass(frozen=True, slots=True)
class ExcludedPayment:
    key: Key
    reason: str
    message: Text
    payment: Payment | None
    amount: Decimal | None
    invoice_number: str | None


class Failed(Exception):
    """What a person is told when nothing can be imported."""

    def __init__(self, code: str, kind: str, message: Text) -> None:
        super().__init__(code)
        self.code, self.kind, self.message = code, kind, message


IMPORT_TYPE = ImportType(CODE, ("BgMax 01",), Text("Bankgirofil (BgMax)", "Bankgiro file (BgMax)"))

FIELDS = (
    Field(
        "path",
        "text",
        Text("Filens sökväg", "Path of the file"),
        Text("BgMax-filen från internetbanken.", "The BgMax file from the bank."),
        required=True,
    ),
    Field(
        "ignore_payments_before",
        "date",
        Text("Ignorera betalningar före", "Ignore payments before"),
        Text("Tidigare betalningsdagar tas inte med.", "Earlier payment dates are left out."),
    ),
    Field(
        "references",
        "text",
        Text("Kundernas referens", "The customers' reference"),
        Text("ocr (OCR-nummer) eller number (fakturanummer).", "ocr or number (of the invoice)."),
        default="ocr",
    ),
)

_CHANNELS = {"1": "bank", "2": "supplier-payments", "3": "slip", "4": "autogiro"}

_UNUSABLE = {
    SEVERAL: ("several-references", "Flera referenser delar på beloppet", "Several references"),
    WRONG: ("wrong-reference", "OCR-numret är fel", "The OCR number is wrong"),
}
_NONE = ("no-reference", "Betalaren angav ingen referens", "The payer gave no reference")


@hookimpl
def opter_import_types() -> Sequence[ImportType]:
    return [IMPORT_TYPE]


@hookimpl
def opter_settings_fields(type_code: str) -> Sequence[Field] | None:
    return FIELDS if type_code == CODE else None


@hookimpl
def opter_check_settings(type_code: str, values: Mapping[str, str]) -> Checked | None:
    if type_code != CODE:
        return None
    known = {one.key: values.get(one.key, "").strip() or one.default for one in FIELDS}
    return Checked(known, tuple(_problems(known, set(values) - set(known))))


def _problems(values: Mapping[str, str], unknown: set[str]) -> Iterator[Problem]:
    for key in sorted(unknown):
        yield Problem(key, "error", Text("Fältet finns inte.", "There is no such field."))
    if not values["path"].isprintable() or not values["path"]:
        yield Problem("path", "error", Text("Ange filens sökväg.", "Give the file's path."))
    day = values["ignore_payments_before"]
    if day and _day(day) is None:
        told = Text("Skriv datumet ÅÅÅÅ-MM-DD.", "Write the date YYYY-MM-DD.")
        yield Problem("ignore_payments_before", "error", told)
    if values["references"] not in {"ocr", "number"}:
        told = Text("Skriv ocr eller number.", "Write ocr or number.")
        yield Problem("references", "error", told)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if text == day.isoformat() else None


@hookimpl
def opter_import_payments(run: Any) -> Report | None:
    if run.type_code != CODE:
        return None
    deposits = _read(Path(run.settings["path"]))
    company = _company(deposits, run.company)
    entries = [(deposit, entry) for deposit in deposits for entry in deposit.entries]
    for start in range(0, len(entries), BATCH):
        _go_on(run, start, len(entries))
        _hand_over(run, company, entries[start : start + BATCH])
    return Report(company, None, 0, 0)


@hookimpl
def opter_exclusion_reasons(
    run: Any, payments: Sequence[Payment]
) -> Sequence[Reason | None] | None:
    if run.type_code != CODE:
        return None
    return [_ignored(run, payment) for payment in payments]


def _read(path: Path) -> list[Deposit]:
    try:
        with path.open(encoding="iso-8859-1", newline=None) as lines:
            return read(lines)
    except OSError:
        told = Text(
            f"Filen {path} kan inte läsas; kontrollera sökvägen och dina rättigheter.",
            f"The file {path} cannot be read; check the path and your rights.",
        )
        raise Failed("BGMAX_NO_FILE", "settings", told) from None
    except NotBgMax as wrong:
        told = Text(
            f"Rad {wrong.line} i {path}: {wrong.sv}. Ingenting är inläst; hämta filen på nytt.",
            f"Line {wrong.line} of {path}: {wrong.en}. Nothing was brought in; fetch the file "
            "anew.",
        )
        raise Failed("BGMAX_FILE_WRONG", "settings", told) from None


def _company(deposits: Sequence[Deposit], expected: Any) -> Company:
    numbers = sorted({one.bankgiro for one in deposits})
    if not numbers and expected is not None:
        return Company(expected.number, expected.name)
    if len(numbers) != 1:
        named = ", ".join(map(_written, numbers)) or "–"
        told = Text(
            f"Filen gäller inte ett bankgironummer utan {len(numbers)} ({named}); hämta en fil "
            "för varje.",
            f"The file is not about one bankgiro number but {len(numbers)} ({named}); fetch one "
            "file for each.",
        )
        raise Failed("BGMAX_BANKGIROS", "settings", told)
    company = Company(f"BG{numbers[0]}", f"Bankgiro {_written(numbers[0])}")
    if expected is not None and expected.number != company.number:
        told = Text(
            f"Filen gäller {company.name}, men importen hör till {expected.name}; välj rätt fil.",
            f"The file is about {company.name}, but the import belongs to {expected.name}; "
            "choose the right file.",
        )
        raise Failed("BGMAX_OTHER_BANKGIRO", "settings", told)
    return company


def _written(bankgiro: str) -> str:
    return f"{bankgiro[:-4]}-{bankgiro[-4:]}"


def _go_on(run: Any, done: int, total: int) -> None:
    told = Text(f"Läste {done} av {total} betalningar", f"Read {done} of {total} payments")
    progress = Progress("reading", done, total, told)
    if any(answer is True for answer in run.hook.opter_progress(run=run, progress=progress)):
        raise Failed("CANCELLED", "cancelled", Text("Avbrutet.", "Cancelled."))


def _hand_over(run: Any, company: Company, entries: Sequence[tuple[Deposit, Entry]]) -> None:
    judged = [_judged(run, company, deposit, entry) for deposit, entry in entries]
    payments = [one for one in judged if isinstance(one, Payment)]
    excluded = [one for one in judged if isinstance(one, ExcludedPayment)]
    if payments:
        answers = run.hook.opter_take_payments(run=run, payments=payments)
        _acknowledged(answers, len(payments))
    if excluded:
        answers = run.hook.opter_take_excluded(run=run, excluded=excluded)
        _acknowledged(answers, len(excluded))


def _acknowledged(answers: Sequence[int], number: int) -> None:
    if list(answers) != [number]:
        told = Text(
            "Värden tog inte emot alla betalningar; meddela den som utvecklar den.",
            "The host did not take all payments; tell its developer.",
        )
        raise Failed("BGMAX_NOT_TAKEN", "internal", told)


def _judged(
    run: Any, company: Company, deposit: Deposit, entry: Entry
) -> Payment | ExcludedPayment:
    key = Key(company.number, f"{deposit.day:%Y%m%d}-{deposit.serial}-{entry.serial}")
    given = ", ".join(entry.more_references) or entry.reference or "–"
    if deposit.currency != "SEK":
        told = Text(
            f"Beloppet är i {deposit.currency}, och filen säger inte vad det är i kronor: {given}",
            f"The amount is in {deposit.currency}, and the file does not say it in SEK: {given}",
        )
        return ExcludedPayment(key, "no-sek-amount", told, None, None, None)
    if entry.reference_code not in {CHECKED, FREE} or entry.more_references:
        code = SEVERAL if entry.more_references else entry.reference_code
        reason, sv, en = _UNUSABLE.get(code, _NONE)
        told = Text(f"{sv}: {given}", f"{en}: {given}")
        return ExcludedPayment(key, reason, told, None, entry.amount, None)
    payment = _payment(run, key, deposit, entry)
    ignored = _ignored(run, payment)
    if ignored is None:
        return payment
    return ExcludedPayment(key, *ignored, payment, payment.amount, payment.invoice_number or None)


def _payment(run: Any, key: Key, deposit: Deposit, entry: Entry) -> Payment:
    # An OCR number is not handed over as an invoice number: it might be another invoice's.
    only_ocr = run.settings["references"] == "ocr" and entry.reference_code == CHECKED
    return Payment(
        key=key,
        source=_CHANNELS.get(entry.channel, "bankgiro"),
        invoice_number="" if only_ocr else entry.reference,
        ocr=entry.reference if only_ocr else "",
        date=deposit.day,
        amount=entry.amount,
        amount_currency=entry.amount,
    )


def _ignored(run: Any, payment: Payment) -> Reason | None:
    first = run.settings["ignore_payments_before"]
    if first and payment.date < date.fromisoformat(first):
        told = Text(f"Betalningsdagen är före {first}", f"The payment date is before {first}")
        return Reason("before-date", told)
    return None
