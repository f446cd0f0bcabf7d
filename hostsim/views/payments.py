"""Payments: the columns that all lists of them share, the registered ones, and one in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from hostsim.ledger.judging import TICKED
from hostsim.ledger.values import HAND, REGISTERED, SEK, ZERO
from hostsim.messages import payments as payments_messages
from hostsim.messages.decisions import by_whom
from hostsim.messages.formats import count, money
from hostsim.messages.past_tense import once_saved
from hostsim.messages.source_name import word_of
from hostsim.messages.text import LANGUAGES, say
from hostsim.views.labels import (
    BY_HAND,
    PAYMENT_STATES,
    SAVED_STATUSES,
    STATUSES,
    label,
    region,
    user_at,
)
from hostsim.views.output import Output
from hostsim.views.table import (
    Column,
    Money,
    Sign,
    json_attributes,
    json_only,
    not_on_page,
    rate,
    text_of,
    write_facts,
    write_table,
)
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.reconciliation import Side
    from hostsim.ledger.values import Entry, Row
    from opter_contract.values import WriteOff

T = TypeVar("T")

_TICK, _FLAG = Sign("✓", "OK", "32"), Sign("⚑", "!", "31")
_PINK = "38;5;211"


def payment_number(row: Row) -> str:
    """Return the number: none of a payment by hand, and perhaps none of an unreadable one."""
    return row.payment_number or ("" if row.status else "?")


def invoice_number(row: Row) -> str:
    """Return the invoice number; both if the number here is another one."""
    source_number, host_number = row.invoice_number or "", row.host_invoice_number or ""
    return (
        f"{source_number} → {host_number}"
        if host_number and host_number != source_number
        else source_number
    )


def known_amount(row: Row) -> Decimal | None:
    """Return the SEK of a payment; ``None`` if it could not be read, which is not nothing."""
    unread = row.payment_date is None or row.reason == "unreadable"
    return None if unread and not row.amount else row.amount


def foreign_amount(row: Row | Side) -> Money | str | None:
    if row.currency in {None, SEK}:
        return None
    currency = row.currency or ""
    return currency if row.amount_currency is None else Money(row.amount_currency, currency)


def write_off_sentences(write_offs: Iterable[Money], paid: Decimal | None) -> list[Text]:
    """Return what was written off at the source; with the opposite sign it is an overpayment.

    :param paid: its sign is that of the payment.
    """
    amounts_by_sentence: dict[Callable[[str, str], Text], list[Money]] = {}
    for amount in write_offs:
        is_overpaid = amount.amount * (paid or 1) < 0
        sentence = (
            payments_messages.paid_too_much
            if is_overpaid
            else payments_messages.written_off_already
        )
        amounts = amounts_by_sentence.setdefault(sentence, [])
        amounts.append(Money(abs(amount.amount), amount.currency or SEK))
    return [
        sentence(*(text_of(amounts, lang) for lang in LANGUAGES))
        for sentence, amounts in amounts_by_sentence.items()
    ]


def written_off_at_source(row: Row) -> list[Money]:
    """Return the write-offs added up by currency; an amount without one is in SEK."""
    return _sums((off.amount, off.currency) for off in row.write_offs)


def written_off(row: Row) -> list[Money]:
    """Return all that is written off, here within the accepted deviation, too."""
    # At the source it has the sign of the payment.
    here = abs(row.written_off or ZERO).copy_sign(row.amount)
    of_source = [(off.amount, off.currency) for off in row.write_offs]
    return _sums([*of_source, (here, SEK)] if here else of_source)


def _sums(amounts: Iterable[tuple[Decimal, str]]) -> list[Money]:
    sums: dict[str, Decimal] = {}
    for amount, currency in amounts:
        key = "" if currency == SEK else currency
        sums[key] = sums.get(key, ZERO) + amount
    return [Money(amount, currency) for currency, amount in sums.items()]


def _write_off_object(write_off: WriteOff) -> dict[str, object]:
    return {
        "amount": write_off.amount,
        "currency": write_off.currency or None,
        "account": write_off.account,
        "description": write_off.description,
    }


PAYMENT_JSON: tuple[Column[Row], ...] = (
    *json_attributes("payment_number", "invoice_number", "host_invoice_number", "payment_date"),
    *json_attributes("amount", "currency", "amount_currency"),
    json_only("exchange_rate", lambda r: rate(r.exchange_rate)),
    *json_attributes("source"),
    json_only("write_offs", lambda r: map(_write_off_object, r.write_offs)),
)
SIGN: Column[Row] = Column(
    "sign", Text("", ""), lambda r: _TICK if r.status in TICKED else _FLAG, page=False
)
STATUS: Column[Any] = Column(
    "mark", Text("Bedömning", "Judgement"), lambda r: label(STATUSES, r.status), terminal=False
)
FIGURES: tuple[Column[Row], ...] = (
    Column("payment", Text("Betalningsnr", "Payment no."), payment_number, right=True),
    Column("invoice", Text("Faktura", "Invoice"), invoice_number, right=True),
    Column("customer", Text("Kund", "Customer"), lambda r: r.customer_name, wide=True),
    Column("date", Text("Datum", "Date"), lambda r: r.payment_date),
    Column("amount", Text("Belopp SEK", "Amount SEK"), known_amount, right=True),
)
FOREIGN: Column[Row] = Column(
    "foreign", Text("Annan valuta", "Other currency"), foreign_amount, right=True
)
RATE_AND_WRITE_OFF: tuple[Column[Row], ...] = (
    Column("rate", Text("Kurs", "Rate"), lambda r: rate(r.exchange_rate), right=True, sorts=False),
    Column("written_off", Text("Avskrivet", "Written off"), written_off, right=True, sorts=False),
)
WARNING: Column[Any] = Column(
    "message",
    Text("Varningsmeddelande", "Warning message"),
    lambda r: r.warning,
    wide=True,
)

# --- Registered payments ---------------------------------------------------------------------


def origin(entry: Entry) -> Text:
    """Return where a payment came from: by hand, or the word of its source."""
    if entry.origin == HAND:
        return BY_HAND
    return word_of(entry.source or "?")


def full_origin(entry: Entry) -> Text:
    word = origin(entry)
    return word if entry.origin == HAND else Text(f"import: {word.sv}", f"import: {word.en}")


def state(entry: Entry) -> Text:
    """Return why a payment does not count; empty for one that does."""
    if entry.deleted_at is not None:
        who = by_whom(entry.deleted_by or "", entry.deleted_at, entry.deleted_why or "")
        return Text(f"Borttagen av {who.sv}", f"Deleted by {who.en}")
    return label(PAYMENT_STATES, entry.state)


def with_states(entries: Iterable[Entry]) -> Text:
    """Return the numbers of payments that do not count, each with its state."""
    named = [(e.payment_number or str(e.id), label(PAYMENT_STATES, e.state)) for e in entries]
    numbers = {lang: [f"{n} ({say(s, lang)})" for n, s in named] for lang in LANGUAGES}
    return Text(*(say(payments_messages.numbered(numbers[lang]), lang) for lang in LANGUAGES))


def _status_or_state(entry: Entry) -> Text:
    if entry.state == REGISTERED:
        return label(SAVED_STATUSES, entry.status)
    return label(PAYMENT_STATES, entry.state)


REGISTERED_PAYMENTS: tuple[Column[Entry], ...] = (
    *PAYMENT_JSON,
    *json_attributes("status", "warning"),
    *json_attributes("id", "origin", "state", "import_type", "company", "region", "bank_account"),
    *json_attributes("effect"),
    json_only("effect_currency", lambda e: e.invoice_currency),
    json_only("run", lambda e: e.run_id),
    *json_attributes("user"),
    json_only("registered_at", lambda e: e.at),
    *json_attributes("deleted_by", "deleted_at", "deleted_why"),
    json_only("reverses", lambda e: e.reverses),
    Column("id", Text("Id", "Id"), lambda e: str(e.id), right=True, page=False),
    SIGN,
    replace(STATUS, value=_status_or_state),
    *FIGURES,
    *not_on_page(FOREIGN, *RATE_AND_WRITE_OFF),
    *not_on_page(replace(WARNING, value=lambda e: once_saved(e.warning))),
    Column("source", Text("Ursprung", "Origin"), origin),
    Column("user", Text("Sparad av", "Saved by"), lambda e: e.user, terminal=False),
    Column("at", Text("Registrerad", "Registered"), lambda e: e.at, terminal=False),
    Column("state", Text("Läge", "State"), state, wide=True, page=False),
)


def write_entries(
    output: Output, entries: Callable[[], Iterable[Entry]], *, shorten: bool = False
) -> None:
    """Print registered payments; ``entries`` is called several times.

    :param shorten: print about 25 rows, at least one of each status.
    """
    number, total = 0, Decimal(0)
    for entry in entries():
        number += 1
        total += entry.amount if entry.state == REGISTERED else 0
    title = Text("Registrerade betalningar", "Registered payments")
    write_title(output, title, number)
    if not number:
        return
    if shorten:
        write_some_rows(output, REGISTERED_PAYMENTS, entries, number, lambda e: e.status)
    else:
        # Deleted ones are pink on a terminal.
        write_table(
            output, REGISTERED_PAYMENTS, entries, colour=lambda e: _PINK if e.deleted_at else None
        )
    text = money(total, output.language)
    output.say(f"  Summa SEK: {text}", f"  Sum SEK: {text}")


def write_title(output: Output, title: Text, number: int) -> None:
    """Print the title of a list with its length, and that it is empty where it is."""
    text = count(number, output.language)
    output.title(Text(f"{title.sv} ({text})", f"{title.en} ({text})"))
    if not number:
        output.say("  (inga)", "  (none)")


def write_entry(output: Output, entry: Entry) -> None:
    facts: list[tuple[Text, object]] = [
        (Text("Betalning", "Payment"), str(entry.id)),
        (Text("Ursprung", "Origin"), full_origin(entry)),
        (Text("Läge", "State"), state(entry)),
        (Text("Importtyp", "Import type"), entry.import_type),
        (Text("Företag där den kom från", "Company that it came from"), entry.company),
        (Text("Nummer där", "Number there"), entry.payment_number),
        (Text("Faktura där", "Invoice there"), entry.invoice_number),
        (Text("Faktura här", "Invoice here"), entry.host_invoice_number),
        (Text("Kund", "Customer"), entry.customer_name),
        (Text("Region", "Region"), region(entry.region)),
        (Text("Datum", "Date"), entry.payment_date),
        (Text("Belopp", "Amount"), Money(entry.amount, SEK)),
        (Text("I annan valuta", "In other currency"), foreign_amount(entry)),
        (Text("Kurs", "Rate"), rate(entry.exchange_rate)),
        (Text("Bedömning", "Judgement"), label(SAVED_STATUSES, entry.status)),
        (Text("Bankkonto", "Bank account"), entry.bank_account),
        (Text("Import", "Import"), (entry.run_id or "")[:8]),
        (Text("Sparad av", "Saved by"), user_at(entry.user, entry.at)),
    ]
    write_facts(output, facts)


# --- A few rows of a long list ----------------------------------------------------------------

_MAX_SHORTENED_LENGTH = 25


def write_some_rows(
    output: Output,
    columns: Sequence[Column[Any]],
    rows: Callable[[], Iterable[Any]],
    number: int,
    code: Callable[[Any], str | None],
) -> None:
    """Print about 25 of ``number`` rows, so that every code is among them, and how many more."""
    if number <= _MAX_SHORTENED_LENGTH:
        write_table(output, columns, rows)
        return
    chosen = some_of_each(rows(), number, code)
    write_table(output, columns, lambda: chosen)
    more = count(number - len(chosen), output.language)
    output.say(f"  … och {more} till", f"  … and {more} more")


def some_of_each(rows: Iterable[T], number: int, code: Callable[[T], str | None]) -> list[T]:
    """Pick about 25 of ``number`` rows so that every code is among them.

    Keeps the order of the rows. Holds a few rows of each code in memory.
    """
    by_code: dict[str | None, list[tuple[int, T]]] = {}
    for index, row in enumerate(rows):
        of_code = by_code.setdefault(code(row), [])
        if len(of_code) < _MAX_SHORTENED_LENGTH:
            of_code.append((index, row))
    chosen: list[tuple[int, T]] = []
    for turn in range(_MAX_SHORTENED_LENGTH):
        layer = [of_code[turn] for of_code in by_code.values() if turn < len(of_code)]
        room = max(_MAX_SHORTENED_LENGTH, len(by_code)) - len(chosen)
        chosen.extend(layer[:room])
    return [row for _, row in sorted(chosen, key=lambda entry: entry[0])][:number]
