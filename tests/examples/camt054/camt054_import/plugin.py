"""Hand the payments of a camt.054 file to a host. No login, no network, nothing stored.

A file that is read twice registers nothing twice: a payment is known by the account and the number
that :mod:`.notification` gives it. What is not in kronor has no amount in SEK, which the contract
requires, and is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from textwrap import shorten

from camt054_import.notification import VERSION, NotCamt054, Reader, Transaction
from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    CheckedSettings,
    Choice,
    Company,
    ErrorText,
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

#: Kind and sentence by code: what a person is shown when nothing can be imported.
ERRORS = {
    "CAMT054_NO_FILE": (
        "settings",
        "Filen {path} kan inte läsas; kontrollera sökvägen och dina rättigheter.",
        "The file {path} cannot be read; check the path and your rights.",
    ),
    "CAMT054_FILE_WRONG": (
        "settings",
        "Rad {line} i {path}: {why.sv}. Ingenting är inläst.",
        "Line {line} of {path}: {why.en}. Nothing was read.",
    ),
    "CAMT054_OTHER_ACCOUNT": (
        "settings",
        "Filen gäller konto {found}, men importen hör till {expected}; välj en annan.",
        "The file is of account {found}, but the import belongs to {expected}; choose another.",
    ),
    "CAMT054_NOT_TAKEN": (
        "internal",
        "Värden tog inte emot alla betalningar; meddela den som utvecklar den.",
        "The host did not take all payments; tell its developer.",
    ),
    "CANCELLED": ("cancelled", "Avbrutet.", "Cancelled."),
}


class Failed(Exception):
    """One of :data:`ERRORS`."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, (self.kind, sv, en) = code, ERRORS[code]
        self.message = Text(sv.format_map(values), en.format_map(values))


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
    "credit-note": Text("En kreditnota är avdragen", "A credit note is deducted"),
    "future": Text(
        "Bokföringsdagen är långt efter att filen gjordes", "It is dated long after the file"
    ),
    "twice": Text(
        "Den står mer än en gång i filen; är det en till, registrera den för hand",
        "It is in the file more than once; if it is another one, enter it by hand",
    ),
    "other-currency": Text("Den är inte i kronor", "It is not in SEK"),
    "several-references": Text("Flera referenser delar på beloppet", "Several references share it"),
    "no-reference": Text("Betalaren angav ingen referens", "The payer gave no reference"),
}

_BY_LOOKS = Text(
    "Betalningar utan bankens referens: {}. En som är likadan i en annan fil visas som redan "
    "importerad; är den en till, registrera den för hand.",
    "Payments without a reference of the bank's: {}. One that is the same in another file is "
    "shown as already imported; if it is another one, enter it by hand.",
)
_PAGES = Text(
    "Filen har sida {} av en avisering i flera; läs in alla. Bankens summor är inte kontrollerade.",
    "The file has page {} of a notice in several; import all. The bank's sums are not checked.",
)
_FROM_TEXT = Text(
    "Fakturanumret kommer ur betalarens text; kontrollera det.",
    "The invoice number is from the payer's text; check it.",
)

#: A number that stands alone, or after a word for an invoice: no part of a date or an amount.
_NUMBER = re.compile(
    r"(?<![0-9][.,:/-])\b(?:f|fa|fakt|faktura|fakturanr|fnr|inv|invoice|nr|no|ocr|ref)?"
    r"([0-9]{1,18})(?!\w|[.,:/-][0-9])",
    re.IGNORECASE,
)

#: An amount with its currency. Between two numbers, the currency might be that of either.
_SUM = r"(?:[0-9]{1,3}(?:[ .][0-9]{3}){1,5}|[0-9]{1,18})(?:[.,][0-9]{1,2})?"
_AMOUNT = re.compile(
    rf"(?<![0-9][.,:/-])\b{_SUM} ?(?:(?:kr|kronor|sek)\b|[:,]-)(?! ?[0-9])"
    rf"|(?<![0-9])(?<![0-9] )\b(?:kr|sek) ?{_SUM}",
    re.IGNORECASE,
)


@hookimpl
def opter_import_types() -> Sequence[ImportType]:
    return [ImportType(CODE, [VERSION], Text("Bankfil (camt.054)", "Bank file (camt.054)"))]


@hookimpl
def opter_errors() -> Sequence[ErrorText]:
    return [ErrorText(code, kind, Text(sv, en)) for code, (kind, sv, en) in ERRORS.items()]


@hookimpl
def opter_settings_fields(type_code: str) -> Sequence[SettingsField] | None:
    return FIELDS if type_code == CODE else None


@hookimpl
def opter_check_settings(type_code: str, values: Mapping[str, str]) -> CheckedSettings | None:
    if type_code != CODE:
        return None
    known = {one.key: values.get(one.key, "").strip() or one.default for one in FIELDS}
    wrong = dict.fromkeys(set(values) - set(known), Text("Fältet finns inte.", "No such field."))
    if not known["path"].isprintable() or not known["path"]:
        wrong["path"] = Text("Ange filens sökväg.", "Give the file's path.")
    if known["references"] not in {"ocr", "number"}:
        wrong["references"] = Text("Skriv ocr eller number.", "Write ocr or number.")
    return CheckedSettings(known, [SettingsProblem(key, "error", wrong[key]) for key in wrong])


@hookimpl
def opter_import_payments(run: Run) -> ImportReport | None:
    if run.type_code != CODE:
        return None
    path, reader, done = Path(run.settings["path"]), Reader(), 0
    try:
        with path.open("rb") as file:
            transactions = reader.read(file)
            while batch := list(islice(transactions, BATCH)):
                _hand_over(run, _company(reader, run), batch)
                done += len(batch)
                message = Text(f"Läste {done} betalningar", f"Read {done} payments")
                progress = Progress("reading", done, None, message)
                if True in run.hook.opter_progress(run=run, progress=progress):
                    raise Failed("CANCELLED")
    except OSError:
        raise Failed("CAMT054_NO_FILE", path=path) from None
    except NotCamt054 as wrong:
        raise Failed("CAMT054_FILE_WRONG", line=wrong.line, path=path, why=wrong.why) from None
    told = ((_PAGES, ", ".join(reader.pages)), (_BY_LOOKS, reader.by_looks))
    notes = [Text(*(text.format(what) for text in note)) for note, what in told if what]
    return ImportReport(_company(reader, run), None, 0, 0, notes)


def _company(reader: Reader, run: Run) -> Company:
    assert reader.company is not None  # it has refused a file without one
    if run.company is not None and run.company.number != reader.company.number:
        found, expected = reader.company.number, run.company.number
        raise Failed("CAMT054_OTHER_ACCOUNT", found=found, expected=expected)
    return reader.company


def _hand_over(run: Run, company: Company, transactions: Sequence[Transaction]) -> None:
    judged = [_judged(run, PaymentKey(company.number, one.number), one) for one in transactions]
    payments = [one for one in judged if isinstance(one, Payment)]
    excluded = [one for one in judged if isinstance(one, ExcludedPayment)]
    taken = []
    if payments:
        taken += run.hook.opter_take_payments(run=run, payments=payments)
    if excluded:
        taken += run.hook.opter_take_excluded(run=run, excluded=excluded)
    if taken != [len(batch) for batch in (payments, excluded) if batch]:
        raise Failed("CAMT054_NOT_TAKEN")


def _judged(run: Run, key: PaymentKey, one: Transaction) -> Payment | ExcludedPayment:
    by_number = run.settings["references"] == "number"
    references = one.references or (_numbers(one.text) if by_number else ())
    problem = one.problem or ("other-currency" if one.currency != "SEK" else "")
    if not problem and len(references) != 1:
        problem = "several-references" if references else "no-reference"
    if problem:
        amount = one.amount if one.currency == "SEK" else None
        said = shorten(", ".join(references) or one.text or "–", 100, placeholder="…")
        said = said if amount is not None else f"{one.amount} {one.currency}, {said}"
        message = Text(*(f"{reason}: {said}" for reason in _REASONS[problem]))
        return ExcludedPayment(key, problem, message, None, amount, None)
    # An OCR number is not handed over as an invoice number: it might be another invoice's. What
    # may be either is first looked for among the numbers.
    return Payment(
        key=key,
        source="bank",
        invoice_number=references[0] if by_number else "",
        ocr=references[0],
        date=one.day,
        amount=one.amount,
        currency="SEK",
        amount_currency=one.amount,
        exchange_rate=None,
        warnings=() if one.references else (_FROM_TEXT,),
    )


def _numbers(text: str) -> tuple[str, ...]:
    """Find what may be invoice numbers in what a payer wrote."""
    return tuple(dict.fromkeys(_NUMBER.findall(_AMOUNT.sub(" ; ", text))))
