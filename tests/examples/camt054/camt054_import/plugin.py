"""Hand the payments of a camt.054 file to a host. No login, no network, nothing stored.

A file that is read twice registers nothing twice: a payment is known by the account and the bank's
own references. What is not in kronor has no amount in SEK, which the contract requires, and is
rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from camt054_import.notification import VERSION, Account, NotCamt054, Reader, Transaction
from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    CheckedSettings,
    Choice,
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    Payment,
    PaymentKey,
    Progress,
    Run,
    SettingsField,
    SettingsProblem,
    Text,
)

CODE = "CAMT054"


class Failed(Exception):
    """What a person is shown when nothing can be imported."""

    def __init__(self, code: str, kind: str, message: Text) -> None:
        super().__init__(code)
        self.code, self.kind, self.message = code, kind, message


IMPORT_TYPE = ImportType(CODE, (VERSION,), Text("Bankfil (camt.054)", "Bank file (camt.054)"))

FIELDS = (
    SettingsField(
        "path",
        "text",
        Text("Filens sökväg", "Path of the file"),
        Text("camt.054-filen från banken.", "The camt.054 file from the bank."),
        required=True,
    ),
    SettingsField(
        "references",
        "choice",
        Text("Kundernas referens", "The customers' reference"),
        Text(
            "Fakturanummer, även i fri text, är för den som inte har OCR-avtal med banken.",
            "Invoice numbers, also in a text, are for who has no OCR agreement with the bank.",
        ),
        default="ocr",
        choices=(
            Choice("ocr", Text("OCR-nummer", "OCR number")),
            Choice("number", Text("Fakturanummer", "Invoice number")),
        ),
    ),
)

#: Why a transaction pays no invoice here.
_REASONS = {
    "returned": Text("Betalningen är återlämnad eller rättad", "It was returned or reversed"),
    "debit": Text("Pengarna gick ut från kontot", "The money left the account"),
    "no-details": Text(
        "Banken visar bara summan av flera", "The bank gives the sum of several only"
    ),
    "charges": Text("Banken har dragit avgifter", "The bank has deducted charges"),
    "not-booked": Text("Banken har inte bokfört den än", "The bank has not booked it yet"),
    "no-sek-amount": Text("Filen har inget belopp i kronor", "The file has no amount in SEK"),
    "several-references": Text("Flera referenser delar på beloppet", "Several references share it"),
    "no-reference": Text("Betalaren angav ingen referens", "The payer gave no reference"),
}

_FROM_TEXT = Text(
    "Fakturanumret kommer ur betalarens text; kontrollera det.",
    "The invoice number is from the payer's text; check it.",
)

#: A number that stands alone: no part of a word, an amount or a date.
_NUMBER = re.compile(r"(?<!\w)(?<![0-9][.,:/-])[0-9]{1,18}(?!\w|[.,:/-][0-9])")


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
    if values["references"] not in {"ocr", "number"}:
        message = Text("Skriv ocr eller number.", "Write ocr or number.")
        yield SettingsProblem("references", "error", message)


@hookimpl
def opter_import_payments(run: Run) -> ImportReport | None:
    if run.type_code != CODE:
        return None
    path, reader, done = Path(run.settings["path"]), Reader(), 0
    try:
        with path.open("rb") as file:
            transactions = reader.read(file)
            while batch := list(islice(transactions, BATCH)):
                _go_on(run, done)
                _hand_over(run, _company(reader.account, run.company), batch)
                done += len(batch)
    except OSError:
        message = Text(
            f"Filen {path} kan inte läsas; kontrollera sökvägen och dina rättigheter.",
            f"The file {path} cannot be read; check the path and your rights.",
        )
        raise Failed("CAMT054_NO_FILE", "settings", message) from None
    except NotCamt054 as wrong:
        message = Text(
            f"Rad {wrong.line} i {path}: {wrong.sv}. Ingenting är inläst.",
            f"Line {wrong.line} of {path}: {wrong.en}. Nothing was read.",
        )
        raise Failed("CAMT054_FILE_WRONG", "settings", message) from None
    return ImportReport(_company(reader.account, run.company), None, 0, 0)


def _company(account: Account | None, expected: Company | None) -> Company:
    assert account is not None  # the reader has refused a file without one
    company = Company(account.number, account.owner or f"Konto {account.number}")
    if expected is not None and expected.number != company.number:
        message = Text(
            f"Filen gäller konto {company.number}, men importen hör till {expected.number}; "
            "välj rätt fil.",
            f"The file is about account {company.number}, but the import belongs to "
            f"{expected.number}; choose the right file.",
        )
        raise Failed("CAMT054_OTHER_ACCOUNT", "settings", message)
    return company


def _go_on(run: Run, done: int) -> None:
    message = Text(f"Läste {done} betalningar", f"Read {done} payments")
    progress = Progress("reading", done, None, message)
    if any(answer is True for answer in run.hook.opter_progress(run=run, progress=progress)):
        raise Failed("CANCELLED", "cancelled", Text("Avbrutet.", "Cancelled."))


def _hand_over(run: Run, company: Company, transactions: Sequence[Transaction]) -> None:
    judged = [_judged(run, PaymentKey(company.number, one.number), one) for one in transactions]
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
        raise Failed("CAMT054_NOT_TAKEN", "internal", message)


def _judged(run: Run, key: PaymentKey, one: Transaction) -> Payment | ExcludedPayment:
    by_number = run.settings["references"] == "number"
    references = one.references or (_numbers(one.text) if by_number else ())
    problem = one.problem or ("no-sek-amount" if one.currency != "SEK" else "")
    if not problem and len(references) != 1:
        problem = "several-references" if references else "no-reference"
    if problem:
        said = ", ".join(references) or one.text or "–"
        message = Text(*(f"{reason}: {said}" for reason in _REASONS[problem]))
        amount = one.amount if one.currency == "SEK" else None
        return ExcludedPayment(key, problem, message, None, amount, None)
    # An OCR number is not handed over as an invoice number: it might be another invoice's.
    return Payment(
        key=key,
        source="bank",
        invoice_number=references[0] if by_number else "",
        ocr="" if by_number else references[0],
        date=one.day,
        amount=one.amount,
        currency="SEK",
        amount_currency=one.amount,
        exchange_rate=None,
        warnings=() if one.references else (_FROM_TEXT,),
    )


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_NUMBER.findall(text)))
