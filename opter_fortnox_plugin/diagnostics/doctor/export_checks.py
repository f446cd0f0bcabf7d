"""What the exports need, and how Fortnox must be set up for them.

Settings that the API does not show are ``unknown``, with what a person must check in Fortnox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.doctor.checks import (
    RIGHT_OF_COMPANY,
    RIGHT_OF_INVOICES,
    Check,
    Checks,
    Examination,
    Needs,
    Right,
    Unknown,
)
from opter_fortnox_plugin.errors import Cancelled, FortnoxError, Missing
from opter_fortnox_plugin.exports.settings import ExportSettings
from opter_fortnox_plugin.exports.texts import MARK
from opter_fortnox_plugin.fortnox.fields import Unreadable, text_in
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice, invoice_of, number_in
from opter_fortnox_plugin.fortnox.protocol import (
    ACCOUNTS,
    COMPANY,
    COST_CENTERS,
    CURRENCIES,
    CUSTOMERS,
    FILE_CONNECTIONS,
    FINANCIAL_YEARS,
    INBOX,
    INVOICES,
    LOCKED_PERIOD,
    SUPPLIER_INVOICES,
    SUPPLIERS,
    invoices_query,
)
from opter_fortnox_plugin.invoices.settings import InvoiceSettings
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings

#: The rights of every export.
_RIGHTS: Final = {
    COMPANY.path: RIGHT_OF_COMPANY,
    ACCOUNTS.path: Right(
        "rights.accounts", Text("Rätt att läsa kontoplanen", "Right to read the chart of accounts")
    ),
    FINANCIAL_YEARS.path: Right(
        "rights.years", Text("Rätt att läsa räkenskapsår", "Right to read financial years")
    ),
    CURRENCIES.path: Right(
        "rights.currencies", Text("Rätt att läsa valutor", "Right to read currencies")
    ),
    LOCKED_PERIOD.path: Right(
        "rights.lockedperiod",
        Text("Rätt att läsa låst period", "Right to read the locked period"),
        None,
        may_lack=True,
    ),
}
_COST_CENTERS: Final = Right(
    "rights.costcenters", Text("Rätt att läsa kostnadsställen", "Right to read cost centres")
)
_INBOX: Final = Right("rights.inbox", Text("Rätt till inkorgen", "Right to the inbox"), None)
_ATTACHMENTS: Final = Right(
    "rights.attachments", Text("Rätt till bifogade filer", "Right to attached files")
)

_COMPANY: Final = (
    Text(
        "Exporten hör till det när något har skickats.",
        "The export belongs to it once something has been sent.",
    ),
    Text("som exporten hör till.", "which the export belongs to."),
)


# --- Fortnox's settings -------------------------------------------------------------


#: The checks for invoices, in the order of Fortnox's settings; then those for all exports.
SET_UP: Final = Checks()
SET_UP_OF_ALL: Final = Checks()


@SET_UP.check("setup.ocr", Text("Fortnox eget OCR", "Fortnox's own OCR"))
def check_ocr(_examination: Examination) -> Text:
    raise Unknown(
        "Syns inte i Fortnox API. Kontrollera i Fortnox, under Inställningar, Fakturering och "
        "OCR, att Fortnox eget OCR är avslaget: fakturorna har vårt OCR-nummer.",
        "Fortnox's API does not show it. Check in Fortnox, under Settings, Invoicing and OCR, "
        "that its own OCR is off: the invoices have our OCR reference.",
    )


@SET_UP.check("setup.numbers", Text("Nummerserier", "Number series"), RIGHT_OF_INVOICES.name)
def check_numbers(examination: Examination) -> Text:
    """Look for numbers of other invoices between or above ours, among the newest ones."""
    ours, others = _numbers(_newest(examination))
    if not others:
        if not ours:
            return Text("Fortnox har inga fakturor än.", "Fortnox has no invoices yet.")
        return Text(
            f"De senaste är alla härifrån: {_range(ours)}.",
            f"The newest ones are all from here: {_range(ours)}.",
        )
    if not ours:
        raise Unknown(
            f"De senaste i Fortnox, {_range(others)}, är inte härifrån. Se till att numren som "
            "exporteras är högre, och att Fortnox egna nummer aldrig når dem.",
            f"The newest ones in Fortnox, {_range(others)}, are not from here. See to it that "
            "the numbers to export are higher, and that Fortnox's own never reach them.",
        )
    if mixed := [number for number in others if number >= min(ours)]:
        raise Unknown(
            f"Bland de senaste ligger {len(mixed)} som inte är härifrån, {_range(mixed)}, "
            f"bland eller över våra, {_range(ours)}. Är de gjorda i Fortnox, ge dem där en "
            "egen nummerserie under våra, eller börja våra över dem: numren i Fortnox kan bara "
            "höjas.",
            f"Among the newest ones {len(mixed)} that are not from here, {_range(mixed)}, are "
            f"among or above ours, {_range(ours)}. If they were made in Fortnox, give them a "
            "number series of their own there, below ours, or begin ours above theirs: numbers in "
            "Fortnox can only be raised.",
        )
    return Text(
        f"Våra är {_range(ours)}, de andra {_range(others)}.",
        f"Ours are {_range(ours)}, the others {_range(others)}.",
    )


@SET_UP.check("setup.fees", Text("Avgift och frakt", "Fee and freight"), RIGHT_OF_INVOICES.name)
def check_fees(examination: Examination) -> Text:
    """Check the newest invoice made in Fortnox: it would have a preset fee."""
    others = [row for row in _newest(examination) if not _is_ours(row) and number_in(row)]
    invoice = _invoice(examination, str(number_in(others[0]))) if others else None
    if invoice is None:
        raise Unknown(
            "Syns inte, eftersom ingen faktura är gjord i Fortnox. Kontrollera där, under "
            "Inställningar och Fakturering, att ingen faktureringsavgift eller frakt är "
            "förinställd.",
            "Cannot be seen, since no invoice was made in Fortnox. Check there, under Settings "
            "and Invoicing, that no administration fee or freight is preset.",
        )
    if not invoice.administration_fee and not invoice.freight:
        return Text(
            f"Den senaste som gjorts i Fortnox, {invoice.number}, har ingen avgift eller frakt.",
            f"The newest one that was made in Fortnox, {invoice.number}, has no fee or freight.",
        )
    raise Unknown(
        f"Fakturan {invoice.number}, gjord i Fortnox, har faktureringsavgift eller "
        "frakt. Är den förinställd, under Inställningar och Fakturering, ta bort den: annars "
        "kan totalen bli en annan.",
        f"Invoice {invoice.number}, made in Fortnox, has an administration fee or "
        "freight. If it is preset, under Settings and Invoicing, remove it: otherwise the "
        "total may become another.",
    )


@SET_UP_OF_ALL.check(
    "setup.lockedperiod", Text("Låst period", "Locked period"), "rights.lockedperiod"
)
def check_locked_period(examination: Examination) -> Text:
    outcome = examination.outcomes[LOCKED_PERIOD.path]
    period = outcome.get(LOCKED_PERIOD.key) if isinstance(outcome, dict) else None
    until = period.get("EndDate") if isinstance(period, Mapping) else None
    if not until:
        return Text("Ingen period är låst.", "No period is locked.")
    return Text(
        f"Låst till och med {until}: det som har senare datum kan exporteras.",
        f"Locked up to and including {until}: what has a later date can be exported.",
    )


def check_attachments(examination: Examination) -> Text:
    """Read the files of an invoice that is there: without one, Fortnox cannot be asked."""
    for row in _newest(examination):
        if number := number_in(row):
            examination.client.attachments(str(number))
            return Text("Får läsas.", "May be read.")
    raise Unknown(
        "Syns inte förrän en faktura finns i Fortnox. Kontrollera igen när den första är "
        "exporterad.",
        "Cannot be seen before there is an invoice in Fortnox. Check again when the first one is "
        "exported.",
    )


# --- The newest invoices ------------------------------------------------------------------


def _newest(examination: Examination) -> Sequence[Mapping[str, Any]]:
    outcome = examination.outcomes[INVOICES.path]
    rows = outcome.get(INVOICES.list_key) if isinstance(outcome, dict) else None
    return [row for row in rows or () if isinstance(row, Mapping)]


def _numbers(rows: Sequence[Mapping[str, Any]]) -> tuple[list[int], list[int]]:
    """Return our numbers, and the others."""
    numbers: tuple[list[int], list[int]] = [], []
    for row in rows:
        if (number := number_in(row)) is not None:
            numbers[not _is_ours(row)].append(number)
    return numbers


def _is_ours(row: Mapping[str, Any]) -> bool:
    return text_in(row, "ExternalInvoiceReference1").startswith(MARK)


def _range(numbers: Sequence[int]) -> str:
    first, last = min(numbers), max(numbers)
    return f"{first}" if first == last else f"{first}–{last}"


def _invoice(examination: Examination, number: str) -> Invoice | None:
    try:
        return invoice_of(examination.client.get(INVOICES, number))
    except Cancelled:
        raise
    except (FortnoxError, Missing, Unreadable):
        return None


# --- What each export needs ---------------------------------------------------------------


class _Export(NamedTuple):
    """What one export needs in addition to the others: see :class:`Needs`.

    :param attaching: the rights, and the checks, if it attaches files.
    """

    settings: type[ExportSettings]
    rights: Mapping[str, Right]
    attaching: tuple[Mapping[str, Right], Sequence[Check]]
    licensed: tuple[Sequence[str], Text]
    set_up: Sequence[Check]


_EXPORTS: Final = {
    "invoices": _Export(
        InvoiceSettings,
        {
            # The newest invoices, to compare their numbers.
            INVOICES.path: RIGHT_OF_INVOICES._replace(query=invoices_query(1)),
            CUSTOMERS.path: Right(
                "rights.customers", Text("Rätt att läsa kunder", "Right to read customers")
            ),
        },
        (
            {},
            (
                Check(
                    _ATTACHMENTS.name,
                    _ATTACHMENTS.label,
                    check_attachments,
                    (RIGHT_OF_INVOICES.name,),
                ),
            ),
        ),
        (
            (INVOICES.path, CUSTOMERS.path, ACCOUNTS.path),
            Text(
                "Fakturering finns: fakturor, kunder och konton får läsas.",
                "There is Invoicing: invoices, customers and accounts may be read.",
            ),
        ),
        (*SET_UP, *SET_UP_OF_ALL),
    ),
    "supplier-bills": _Export(
        BillSettings,
        {
            SUPPLIER_INVOICES.path: Right(
                "rights.supplierinvoices",
                Text("Rätt att läsa leverantörsfakturor", "Right to read supplier invoices"),
            ),
            SUPPLIERS.path: Right(
                "rights.suppliers", Text("Rätt att läsa leverantörer", "Right to read suppliers")
            ),
        },
        ({FILE_CONNECTIONS.path: _ATTACHMENTS}, ()),
        (
            (SUPPLIER_INVOICES.path, SUPPLIERS.path, ACCOUNTS.path),
            Text(
                "Leverantörsfakturor finns: de, leverantörer och konton får läsas.",
                "There are supplier invoices: they, suppliers and accounts may be read.",
            ),
        ),
        SET_UP_OF_ALL,
    ),
}


def needs_of(subject: str, values: Mapping[str, str]) -> Needs:
    """Return what an export of a subject with these settings needs."""
    export = _EXPORTS[subject]
    settings = export.settings.of(values)
    rights = {**_RIGHTS, **export.rights}
    if "costcenter" in settings.scopes:
        rights[COST_CENTERS.path] = _COST_CENTERS
    set_up = export.set_up
    if settings.attach_pdf:
        attaching, checks = export.attaching
        rights |= {INBOX.path: _INBOX, **attaching}
        set_up = (*checks, *set_up)
    return Needs(settings.scopes, rights, export.licensed, _COMPANY, set_up)
