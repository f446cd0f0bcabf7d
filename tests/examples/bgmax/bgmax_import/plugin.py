"""Hand the payments of a BgMax file to a host. No login, no network, nothing stored.

The key of a payment is the bankgiro number and, in it, the payment date, the
deposit's running number and Bankgirot's own: they never change, so that a file
that is read twice registers nothing twice. Bankgirot's amounts are in the
currency of the account; one that is not in kronor has no amount in SEK, which
the contract requires, and is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from bgmax_import.layout import CHECKED, FREE, SEVERAL, WRONG, Deposit, Entry, NotBgMax, read
from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    CheckedSettings,
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    Payment,
    PaymentKey,
    Progress,
    Reason,
    Run,
    SettingsField,
    SettingsProblem,
    Text,
)

CODE = "BgMax"


class Failed(Exception):
    """What a person is shown when nothing can be imported."""

    def __init__(self, code: str, kind: str, message: Text) -> None:
        super().__init__(code)
        self.code, self.kind, self.message = code, kind, message


IMPORT_TYPE = ImportType(CODE, ("BgMax 01",), Text("Bankgirofil (BgMax)", "Bankgiro file (BgMax)"))

FIELDS = (
    SettingsField(
        "path",
        "text",
        Text("Filens sökväg", "Path of the file"),
        Text("BgMax-filen från internetbanken.", "The BgMax file from the bank."),
        required=True,
    ),
    SettingsField(
        "ignore_payments_before",
        "date",
        Text("Ignorera betalningar före", "Ignore payments before"),
        Text("Tidigare betalningsdagar tas inte med.", "Earlier payment dates are excluded."),
    ),
    SettingsField(
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
def opter_settings_fields(type_code: str) -> Sequence[SettingsField] | None:
    return FIELDS if type_code == CODE else None


@hookimpl
def opter_check_settings(type_code: str, values: Mapping[str, str]) -> CheckedSettings | None:
    if type_code != CODE:
        return None
    known = {one.key: values.get(one.key, "").strip() or one.default for one in FIELDS}
    return CheckedSettings(known, tuple(_problems(known, set(values) - set(known))))


def _problems(values: Mapping[str, str], unknown: set[str]) -> Iterator[SettingsProblem]:
    for key in sorted(unknown):
        yield SettingsProblem(key, "error", Text("Fältet finns inte.", "There is no such field."))
    if not values["path"].isprintable() or not values["path"]:
        yield SettingsProblem("path", "error", Text("Ange filens sökväg.", "Give the file's path."))
    day = values["ignore_payments_before"]
    if day and _day(day) is None:
        message = Text("Skriv datumet ÅÅÅÅ-MM-DD.", "Write the date YYYY-MM-DD.")
        yield SettingsProblem("ignore_payments_before", "error", message)
    if values["references"] not in {"ocr", "number"}:
        message = Text("Skriv ocr eller number.", "Write ocr or number.")
        yield SettingsProblem("references", "error", message)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if text == day.isoformat() else None


@hookimpl
def opter_import_payments(run: Run) -> ImportReport | None:
    if run.type_code != CODE:
        return None
    deposits = _read(Path(run.settings["path"]))
    company = _company(deposits, run.company)
    entries = [(deposit, entry) for deposit in deposits for entry in deposit.entries]
    for start in range(0, len(entries), BATCH):
        _go_on(run, start, len(entries))
        _hand_over(run, company, entries[start : start + BATCH])
    return ImportReport(company, None, 0, 0)


@hookimpl
def opter_exclusion_reasons(
    run: Run, payments: Sequence[Payment]
) -> Sequence[Reason | None] | None:
    if run.type_code != CODE:
        return None
    return [_ignored(run, payment) for payment in payments]


def _read(path: Path) -> list[Deposit]:
    try:
        with path.open(encoding="iso-8859-1", newline=None) as lines:
            return read(lines)
    except OSError:
        message = Text(
            f"Filen {path} kan inte läsas; kontrollera sökvägen och dina rättigheter.",
            f"The file {path} cannot be read; check the path and your rights.",
        )
        raise Failed("BGMAX_NO_FILE", "settings", message) from None
    except NotBgMax as wrong:
        message = Text(
            f"Rad {wrong.line} i {path}: {wrong.sv}. Ingenting är inläst; hämta filen på nytt.",
            f"Line {wrong.line} of {path}: {wrong.en}. Nothing was read; fetch the file again.",
        )
        raise Failed("BGMAX_FILE_WRONG", "settings", message) from None


def _company(deposits: Sequence[Deposit], expected: Company | None) -> Company:
    numbers = sorted({one.bankgiro for one in deposits})
    if not numbers and expected is not None:
        return Company(expected.number, expected.name)
    if len(numbers) != 1:
        named = ", ".join(map(_written, numbers)) or "–"
        message = Text(
            f"Filen gäller inte ett bankgironummer utan {len(numbers)} ({named}); hämta en fil "
            "för varje.",
            f"The file is not about one bankgiro number but {len(numbers)} ({named}); fetch one "
            "file for each.",
        )
        raise Failed("BGMAX_BANKGIROS", "settings", message)
    company = Company(f"BG{numbers[0]}", f"Bankgiro {_written(numbers[0])}")
    if expected is not None and expected.number != company.number:
        message = Text(
            f"Filen gäller {company.name}, men importen hör till {expected.name}; välj rätt fil.",
            f"The file is about {company.name}, but the import belongs to {expected.name}; "
            "choose the right file.",
        )
        raise Failed("BGMAX_OTHER_BANKGIRO", "settings", message)
    return company


def _written(bankgiro: str) -> str:
    return f"{bankgiro[:-4]}-{bankgiro[-4:]}"


def _go_on(run: Run, done: int, total: int) -> None:
    message = Text(f"Läste {done} av {total} betalningar", f"Read {done} of {total} payments")
    progress = Progress("reading", done, total, message)
    if any(answer is True for answer in run.hook.opter_progress(run=run, progress=progress)):
        raise Failed("CANCELLED", "cancelled", Text("Avbrutet.", "Cancelled."))


def _hand_over(run: Run, company: Company, entries: Sequence[tuple[Deposit, Entry]]) -> None:
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
        message = Text(
            "Värden tog inte emot alla betalningar; meddela den som utvecklar den.",
            "The host did not take all payments; tell its developer.",
        )
        raise Failed("BGMAX_NOT_TAKEN", "internal", message)


def _judged(
    run: Run, company: Company, deposit: Deposit, entry: Entry
) -> Payment | ExcludedPayment:
    key = PaymentKey(company.number, f"{deposit.day:%Y%m%d}-{deposit.serial}-{entry.serial}")
    given = ", ".join(entry.more_references) or entry.reference or "–"
    if deposit.currency != "SEK":
        message = Text(
            f"Beloppet är i {deposit.currency}, och filen säger inte vad det är i kronor: {given}",
            f"The amount is in {deposit.currency}, and the file does not say it in SEK: {given}",
        )
        return ExcludedPayment(key, "no-sek-amount", message, None, None, None)
    if entry.reference_code not in {CHECKED, FREE} or entry.more_references:
        code = SEVERAL if entry.more_references else entry.reference_code
        reason, sv, en = _UNUSABLE.get(code, _NONE)
        message = Text(f"{sv}: {given}", f"{en}: {given}")
        return ExcludedPayment(key, reason, message, None, entry.amount, None)
    payment = _payment(run, key, deposit, entry)
    ignored = _ignored(run, payment)
    if ignored is None:
        return payment
    return ExcludedPayment(
        key,
        ignored.reason,
        ignored.message,
        payment,
        payment.amount,
        payment.invoice_number or None,
    )


def _payment(run: Run, key: PaymentKey, deposit: Deposit, entry: Entry) -> Payment:
    # An OCR number is not handed over as an invoice number: it might be another invoice's.
    only_ocr = run.settings["references"] == "ocr" and entry.reference_code == CHECKED
    return Payment(
        key=key,
        source=_CHANNELS.get(entry.channel, "bankgiro"),
        invoice_number="" if only_ocr else entry.reference,
        ocr=entry.reference if only_ocr else "",
        date=deposit.day,
        amount=entry.amount,
        currency="SEK",
        amount_currency=entry.amount,
        exchange_rate=None,
    )


def _ignored(run: Run, payment: Payment) -> Reason | None:
    first = run.settings["ignore_payments_before"]
    if first and payment.date < date.fromisoformat(first):
        message = Text(f"Betalningsdagen är före {first}", f"The payment date is before {first}")
        return Reason("before-date", message)
    return None
