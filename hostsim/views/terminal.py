"""What a person sees: tables, JSON, progress and errors as text.

Nothing here decides anything. Rows are streamed twice, once to measure the
columns and once to print, so that a list of any length costs no memory.
"""

from __future__ import annotations

import errno
import json
import math
import re
import shutil
import sys
import textwrap
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TextIO, TypeVar

from hostsim.errors import host_error
from hostsim.ledger import reasons
from hostsim.ledger.values import SEK, SetAsideTotal
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import day, plain
from hostsim.messages.text import say
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Decision, Row
    from hostsim.storage.discrepancies import Discrepancy
    from hostsim.storage.previews import Preview
    from opter_contract.values import Company, Progress

T = TypeVar("T")

#: Columns of text when nobody tells: wide enough that no number is broken.
WIDTH = 140

#: Statuses of the upper list that get a green tick; the others get a red flag.
RIGHT = frozenset({"exact", "written-off"})

#: The order in which kinds of payments are counted and shown.
KINDS = ("ready", "rejected", "ignored")

#: What is said of a payment in the upper list, by its status.
STATUSES = {
    "exact": Text("Rätt belopp", "Right amount"),
    "written-off": Text("Mindre avvikelse skrivs av", "Small deviation is written off"),
    "partial": Text("Delbetalning", "Partial payment"),
    "advance": Text("Förskott", "Advance"),
    "reversal": Text("Återföring", "Reversal"),
    "settled-against-credit": Text("Kvittad", "Settled"),
}

#: What is said of a payment that cannot be saved or is ignored, by its reason.
REASONS = {code: reason.label for code, reason in reasons.REASONS.items()}

#: What stands in the place of a region where there is none.
NO_REGION = Text("[Standard]", "[Default]")

# A name of ten megabytes is shown by its beginning.
_LONGEST_CELL = 300
_NARROWEST_TEXT = 20
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ENTRIES_BEFORE_SHORTENING = 25


# --- Where it goes -----------------------------------------------------------


class ReaderClosed(Exception):
    """Nobody reads what is written any more, as after ``| head``."""


class Output:
    """Standard output, or whatever stands in for it, in one language."""

    def __init__(self, stream: TextIO, language: str) -> None:
        """Write to ``stream``; ``language`` is ``sv`` or ``en``."""
        self.stream = stream
        self.language = language
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
        self.unicode = encoding.replace("-", "").startswith("utf")
        self.coloured = _is_terminal(stream)
        self.width = _width_of(stream)

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.write(text + "\n")

    def say(self, sv: str, en: str) -> None:
        """Write one line in the language of the reader."""
        self.line(en if self.language == "en" else sv)

    def write(self, text: str) -> None:
        """Write text as it is.

        :raises ReaderGone: when the other end of a pipe is closed.
        :raises HostError: ``OUTPUT_FAILED`` where it cannot be written, as to a full disk.
        """
        try:
            self.stream.write(text)
        except OSError as error:
            raise _closed_or(error) from error

    def flush(self) -> None:
        """See to it that everything has arrived.

        :raises ReaderGone: when the other end of a pipe is closed.
        :raises HostError: ``OUTPUT_FAILED`` where it cannot be written, as to a full disk.
        """
        try:
            self.stream.flush()
        except OSError as error:
            raise _closed_or(error) from error

    def style(self, text: str, code: str) -> str:
        """Colour text on a terminal; ``code`` is the number of an ANSI style."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured else text


def _closed_or(error: OSError) -> Exception:
    # Windows reports a closed pipe as an invalid argument.
    if error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL):
        return ReaderClosed()
    return host_error("OUTPUT_FAILED", why=error.strerror or type(error).__name__)


def _is_terminal(stream: TextIO) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())


def _width_of(stream: TextIO) -> int:
    if not _is_terminal(stream):
        return WIDTH
    return shutil.get_terminal_size((WIDTH, 24)).columns


# --- Words and numbers -------------------------------------------------------


def one_line(text: str, longest: int = _LONGEST_CELL) -> str:
    """Make text safe for a line of a terminal: no control characters, not endless."""
    clean = _UNSAFE.sub(" ", text).strip()
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def amount(value: Decimal | None, language: str, *, decimals: int = 2) -> str:
    """Write an amount as the language does: ``1 234,50`` or ``1,234.50``."""
    if value is None:
        return ""
    whole, _, fraction = plain(value, decimals=decimals).partition(".")
    grouped = f"{int(whole):,}"
    if whole.startswith("-") and not grouped.startswith("-"):
        grouped = "-" + grouped
    thousands, point = (",", ".") if language == "en" else (" ", ",")
    return grouped.replace(",", thousands) + (point + fraction if fraction else "")


def known_amount(row: Row) -> Decimal | None:
    """Give the SEK of a payment; ``None`` where it could not be read, which is not nothing."""
    unread = row.payment_date is None or row.reason == "unreadable"
    return None if unread and not row.amount else row.amount


def count(value: int, language: str) -> str:
    """Write a whole number with its thousands apart."""
    return f"{value:,}".replace(",", "," if language == "en" else " ")


def status_label(status: str | None, language: str) -> str:
    """Name a status in the words of a person."""
    return _label(STATUSES, status, language)


def reason_label(reason: str | None, language: str) -> str:
    """Name a reason in the words of a person."""
    return _label(REASONS, reason, language)


def _label(labels: Mapping[str, Text], code: str | None, language: str) -> str:
    if code is None:
        return ""
    label = labels.get(code)
    return one_line(code) if label is None else say(label, language)


def company_label(company: Company | None, language: str) -> str:
    """Name a company, or say that it is unknown."""
    if company is None:
        return "unknown company" if language == "en" else "okänt företag"
    return f"{one_line(company.name)} ({one_line(company.number)})"


# --- JSON --------------------------------------------------------------------


def write_json(output: Output, value: object) -> None:
    """Write one JSON value, indented."""
    output.line(dumps(value, output, indent=2))


def write_preview_json(output: Output, preview: Preview) -> None:
    """Write a preview as one JSON object, a payment at a time."""
    head = {
        "format": preview.definition,
        "revision": preview.revision,
        "company": company_object(preview.company),
        "saved": preview.saved,
        "open": not preview.saved,
        "not_read": preview.not_read,
        "counts": {key: preview.counts[key] for key in ("read", *KINDS)},
        "totals": {key: plain(preview.totals[key]) for key in ("read", *KINDS)},
        "set_aside": _aside_object(preview.set_aside),
    }
    # Everything but the closing brace; the lists follow inside the object.
    output.write(dumps(head, output, indent=2).removesuffix("\n}"))
    for kind in KINDS:
        output.write(f",\n  {dumps(kind, output)}: ")
        entries = (payment_object(row, kind, output.language) for row in preview.rows(kind))
        write_array(output, entries, indent="  ")
    tail = {
        "gone": list(preview.deleted),
        "discrepancies": [
            discrepancy_object(one, output.language) for one in preview.discrepancies()
        ],
        "notes": [say(note, output.language) for note in preview.notes],
        "requests": preview.requests,
        "region": preview.region,
        "bank_account": preview.bank_account,
        "date": day(preview.date) or None,
    }
    output.write("".join(f",\n  {dumps(k, output)}: {dumps(v, output)}" for k, v in tail.items()))
    output.line("\n}")


def write_nothing_open_json(output: Output, definition: str | None) -> None:
    """Write an object that says that no list is open: a preview in which there is nothing."""
    nothing: dict[str, object] = {
        "format": definition,
        "revision": None,
        "company": None,
        "saved": False,
        "open": False,
        "not_read": 0,
        "counts": dict.fromkeys(("read", *KINDS), 0),
        "totals": dict.fromkeys(("read", *KINDS), "0.00"),
        "set_aside": _aside_object(SetAsideTotal()),
        **{kind: [] for kind in KINDS},
        "gone": [],
        "discrepancies": [],
        "notes": [],
        "requests": 0,
        "region": None,
        "bank_account": "",
        "date": None,
    }
    write_json(output, nothing)


def discrepancy_object(one: Discrepancy, language: str) -> dict[str, Any]:
    """Make the JSON object of a discrepancy; amounts are in the invoice's currency."""
    return {
        "code": one.code,
        "host_invoice_number": one.host_invoice_number,
        "currency": one.currency,
        "remaining": plain(one.remaining),
        "balance": None if one.balance is None else plain(one.balance),
        "payment_id": one.payment_id,
        "payment_number": one.payment_number,
        "payment_date": None if one.payment_date is None else one.payment_date.isoformat(),
        "amount": None if one.amount is None else plain(one.amount),
        "message": say(one.message, language),
    }


def _aside_object(aside: SetAsideTotal) -> dict[str, object]:
    return {"number": aside.number, "sek": plain(aside.sek)}


def write_payments_json(output: Output, rows: Iterable[Row]) -> None:
    """Write registered payments as one JSON array, a payment at a time."""
    write_array(output, (payment_object(row, "ready", output.language) for row in rows))
    output.line()


def write_array_json(output: Output, entries: Iterable[object]) -> None:
    """Write a JSON array of anything, an entry at a time."""
    write_array(output, entries)
    output.line()


def payment_object(row: Row, kind: str, language: str) -> dict[str, Any]:
    """Make the JSON object of one payment; ``kind`` is the list that it stands in."""
    common: dict[str, Any] = {
        "payment_number": row.payment_number,
        "invoice_number": row.invoice_number,
        "host_invoice_number": row.host_invoice_number,
        "payment_date": None if row.payment_date is None else row.payment_date.isoformat(),
        "amount": plain(row.amount),
        "currency": row.currency,
        "amount_currency": None if row.amount_currency is None else plain(row.amount_currency),
        "exchange_rate": (
            None if row.exchange_rate is None else plain(row.exchange_rate, decimals=0)
        ),
        "source": row.source,
        "write_offs": [
            {
                "amount": plain(w.amount),
                "currency": w.currency or None,
                "account": w.account,
                "description": w.description,
            }
            for w in row.write_offs
        ],
    }
    if kind == "ready":
        return common | {"status": row.status, "warning": _said(row.warning, language)}
    return common | {"reason": row.reason, "message": _said(row.message, language)}


def company_object(company: Company | None) -> dict[str, str] | None:
    """Make the JSON object of a company."""
    return None if company is None else {"name": company.name, "number": company.number}


def _said(text: Text | None, language: str) -> str | None:
    return None if text is None else say(text, language)


def write_array(output: Output, entries: Iterable[object], *, indent: str = "") -> None:
    """Write a JSON array, an entry at a time, without ending the line."""
    between = "["
    for entry in entries:
        output.write(f"{between}\n{indent}  {dumps(entry, output)}")
        between = ","
    output.write("[]" if between == "[" else f"\n{indent}]")


def dumps(value: object, output: Output, *, indent: int | None = None) -> str:
    """Make JSON text that the output can hold."""
    return json.dumps(value, ensure_ascii=not output.unicode, indent=indent)


# --- Tables ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its heading, what stands in it, and how."""

    heading: Text
    cell: Callable[[T], str]
    right: bool = False
    #: May be broken into several lines; numbers never are.
    wraps: bool = False
    style: Callable[[T], str | None] = lambda _: None


def show_table(
    output: Output, columns: list[Column[T]], rows: Callable[[], Iterable[T]], *, indent: int = 1
) -> None:
    """Print rows under headings; ``rows`` is called twice. Empty columns are left out."""
    measured = _measure(columns, rows())
    columns = [column for column, width in zip(columns, measured, strict=True) if width]
    if not columns:
        return
    headings = [say(column.heading, output.language) for column in columns]
    needed = [
        max([width, *map(_cells, heading.split())])
        for width, heading in zip(filter(None, measured), headings, strict=True)
    ]
    widths = _fit(needed, columns, output.width - indent)
    margin = " " * indent
    for line in _laid_out(headings, widths, columns):
        output.line(output.style((margin + line).rstrip(), "1"))
    rule = "─" if output.unicode else "-"
    output.line(margin + "  ".join(rule * width for width in widths))
    for row in rows():
        styles = [column.style(row) if output.coloured else None for column in columns]
        for line in _laid_out([c.cell(row) for c in columns], widths, columns, styles, output):
            output.line((margin + line).rstrip())


def _measure(columns: list[Column[T]], rows: Iterable[T]) -> list[int]:
    widths = [0] * len(columns)
    for row in rows:
        for index, column in enumerate(columns):
            widths[index] = max(widths[index], _cells(column.cell(row)))
    return widths


def _fit(widths: list[int], columns: list[Column[T]], available: int) -> list[int]:
    """Give columns of text what the columns of numbers leave over, fairly."""
    fixed = sum(w for w, c in zip(widths, columns, strict=True) if not c.wraps)
    left = available - fixed - 2 * (len(columns) - 1)
    wrapping = sorted(
        (w, n) for n, (w, c) in enumerate(zip(widths, columns, strict=True)) if c.wraps
    )
    fitted = list(widths)
    for done, (width, index) in enumerate(wrapping):
        share = left // (len(wrapping) - done)
        fitted[index] = min(width, max(share, _NARROWEST_TEXT))
        left -= fitted[index]
    return fitted


def _laid_out(
    cells: list[str],
    widths: list[int],
    columns: list[Column[T]],
    styles: list[str | None] | None = None,
    output: Output | None = None,
) -> Iterator[str]:
    wrapped = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(len(lines) for lines in wrapped)):
        parts = []
        for index, lines in enumerate(wrapped):
            text = lines[number] if number < len(lines) else ""
            padding = " " * (widths[index] - _cells(text))
            if styles is not None and output is not None and (style := styles[index]) and text:
                text = output.style(text, style)
            parts.append(padding + text if columns[index].right else text + padding)
        yield "  ".join(parts)


def _wrapped(cell: str, width: int) -> list[str]:
    if _cells(cell) <= width:
        return [cell]
    return textwrap.wrap(cell, width, break_long_words=True, break_on_hyphens=False) or [""]


def _cells(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


# --- Payments in tables ------------------------------------------------------


def payment_columns(output: Output, kind: str) -> list[Column[Row]]:
    """Choose the columns for one of the three lists of a preview."""
    columns = _figures(output.language)
    if kind == "ready":
        return [
            _mark_column(output),
            *columns,
            _customer_column(),
            _warning_column(output.language),
        ]
    return [*columns, _source_column(), _customer_column(), _reason_column(kind, output.language)]


def _figures(language: str) -> list[Column[Row]]:
    def number(heading: Text, cell: Callable[[Row], str]) -> Column[Row]:
        return Column(heading, cell, right=True)

    return [
        number(Text("Betalning", "Payment"), _number),
        number(Text("Faktura", "Invoice"), _invoice),
        Column(Text("Datum", "Date"), lambda r: day(r.payment_date)),
        number(Text("Belopp SEK", "Amount SEK"), lambda r: amount(known_amount(r), language)),
        number(Text("I annan valuta", "In other currency"), lambda r: _foreign(r, language)),
        number(Text("Kurs", "Rate"), lambda r: amount(r.exchange_rate, language, decimals=0)),
        number(Text("Avskrivet SEK", "Written off SEK"), lambda r: written_off(r, language)),
    ]


def _number(row: Row) -> str:
    """Name a payment; one by hand has none, and an unreadable one may have lost it."""
    return one_line(row.payment_number) or ("" if row.status else "?")


def _mark_column(output: Output) -> Column[Row]:
    return Column(Text("", ""), lambda r: mark(r, unicode=output.unicode), style=_mark_style)


def _customer_column() -> Column[Row]:
    return Column(Text("Kund", "Customer"), lambda r: one_line(r.customer_name or ""), wraps=True)


def _source_column() -> Column[Row]:
    return Column(Text("Källa", "Source"), lambda r: one_line(r.source or ""))


def _warning_column(language: str) -> Column[Row]:
    return Column(
        Text("Varningsmeddelande", "Warning message"),
        lambda r: one_line(_said(r.warning, language) or ""),
        wraps=True,
    )


_REASON_HEADINGS = {
    "rejected": Text("Orsak till att inte spara", "Reason for not saving"),
    "ignored": Text("Varför den ignoreras", "Why it is ignored"),
}


def _reason_column(kind: str, language: str) -> Column[Row]:
    return Column(_REASON_HEADINGS[kind], lambda r: _why(r, language), wraps=True)


def mark(row: Row, *, unicode: bool) -> str:
    """Choose the tick or the flag of a payment in the upper list."""
    if row.status in RIGHT:
        return "✓" if unicode else "OK"
    return "⚑" if unicode else "!"


def _mark_style(row: Row) -> str:
    return "32" if row.status in RIGHT else "31"


def _invoice(row: Row) -> str:
    """Name the invoice; where the number here is another one, name both."""
    theirs = one_line(row.invoice_number or "")
    ours = one_line(row.host_invoice_number or "")
    return f"{theirs} → {ours}" if ours and ours != theirs else theirs


def _foreign(row: Row, language: str) -> str:
    if row.currency in {None, "SEK"}:
        return ""
    return f"{amount(row.amount_currency, language)} {one_line(row.currency or '')}".lstrip()


def written_off(row: Row, language: str) -> str:
    """Write what was written off with a payment; SEK unless a currency stands beside it."""
    sums: dict[str, Decimal] = {}
    for one in row.write_offs:
        currency = "" if one.currency == SEK else one.currency
        sums[currency] = sums.get(currency, Decimal(0)) + one.amount
    return " + ".join(f"{amount(its, language)} {code}".rstrip() for code, its in sums.items())


def _why(row: Row, language: str) -> str:
    return one_line(_said(row.message, language) or reason_label(row.reason, language))


@dataclass(slots=True)
class Totals:
    """How many payments there are of a kind, and their SEK."""

    number: int = 0
    sek: Decimal = field(default_factory=Decimal)

    def add(self, row: Row) -> None:
        """Count one more."""
        self.number += 1
        self.sek += row.amount


def tally(rows: Iterable[Row], code: Callable[[Row], str | None]) -> dict[str, Totals]:
    """Count payments by status or reason, in the order of first appearance."""
    tallies: dict[str, Totals] = {}
    for row in rows:
        tallies.setdefault(code(row) or "?", Totals()).add(row)
    return tallies


def show_preview(
    output: Output, preview: Preview, *, show_ignored: bool = False, shorten: bool = False
) -> None:
    """Print the lists of a preview, and totals that add up.

    :param show_ignored: the ignored payments one by one, not only by reason.
    :param shorten: print about 25 rows a list, at least one of each status
        and reason, and say how many there are beside them.
    """
    output.line(
        output.style(
            f"{one_line(preview.definition)}: {company_label(preview.company, output.language)}",
            "1",
        )
    )
    _show_what_was_given(output, preview)
    _show_list(output, preview, "ready", shorten=shorten)
    _show_list(output, preview, "rejected", shorten=shorten)
    if show_ignored:
        _show_list(output, preview, "ignored", shorten=shorten)
    _show_discrepancies(output, preview)
    _show_kinds(output, preview)
    _show_totals(output, preview)
    if not shorten:
        _show_how_to_save(output, preview)


def _show_what_was_given(output: Output, preview: Preview) -> None:
    """Say for which region, bank account and date the import was made."""
    region = one_line(preview.region)
    parts = [
        (Text("Region", "Region"), region or say(NO_REGION, output.language)),
        (Text("Bankkonto", "Bank account"), one_line(preview.bank_account)),
        (Text("Datum", "Date"), day(preview.date)),
    ]
    given = (f"{say(name, output.language)}: {value}" for name, value in parts if value)
    output.line("   ".join(given))


_LIST_TITLES = {
    "ready": {
        False: Text("Betalningar som kan sparas", "Payments that can be saved"),
        True: Text("Sparade betalningar", "Saved payments"),
    },
    "rejected": {
        False: Text("Betalningar som inte kan sparas", "Payments that cannot be saved"),
        True: Text("Betalningar som inte kunde sparas", "Payments that could not be saved"),
    },
    "ignored": {
        False: Text("Ignorerade och undanlagda", "Ignored and set aside"),
        True: Text("Ignorerade och undanlagda", "Ignored and set aside"),
    },
}


def _show_list(output: Output, preview: Preview, kind: str, *, shorten: bool) -> None:
    number = preview.counts[kind]
    _title(output, say(_LIST_TITLES[kind][preview.saved], output.language), number)
    if not number:
        output.say("  (inga)", "  (none)")
        return
    rows: Callable[[], Iterable[Row]] = lambda: preview.rows(kind)  # noqa: E731
    if not shorten or number <= _ENTRIES_BEFORE_SHORTENING:
        show_table(output, payment_columns(output, kind), rows)
        _show_what_to_do(output, preview, kind)
        return
    chosen = some_of_each(rows(), number, _code_of(kind))
    show_table(output, payment_columns(output, kind), lambda: chosen)
    more = count(number - len(chosen), output.language)
    output.say(f"  … och {more} till", f"  … and {more} more")
    _show_what_to_do(output, preview, kind)


def _show_what_to_do(output: Output, preview: Preview, kind: str) -> None:
    """Name under the lower list what can be done about it."""
    if kind != "rejected" or preview.saved:
        return
    name = _quoted(preview.definition)
    found = tally(preview.rows(kind), lambda row: row.reason)
    for reason in reasons.REASONS.values():
        options = [f"--{one}" for one in reason.decisions if one != reasons.SET_ASIDE]
        if options and reason.code in found:
            label = say(reason.label, output.language)
            number = "NUMMER" if output.language == "sv" else "NUMBER"
            output.line(f"  {label}: hostsim decide {name} {number} {' | '.join(options)}")
    if any(code != "already-imported" for code in found):
        output.say(
            f"  Lägg undan det som aldrig hör hit: hostsim set-aside {name} NUMMER",
            f"  Set aside what never belongs here: hostsim set-aside {name} NUMBER",
        )


def _show_discrepancies(output: Output, preview: Preview) -> None:
    """Say where the source does not agree with the books, beside the payments."""
    several = list(preview.discrepancies())
    if not several:
        return
    source = say(preview.source, output.language)
    _title(output, discrepancies_title(source, output.language), len(several))
    for one in several:
        output.line(f"  {one_line(say(one.message, output.language))}.")
        if one.payment_id is not None:
            command = f"hostsim payments delete {one.payment_id} --why TEXT"
            output.say(
                f"    Ta bort den här också: {command}", f"    Delete it here, too: {command}"
            )


def discrepancies_title(source: str, language: str) -> str:
    """Name the list of discrepancies."""
    return f"Differs from {source}" if language == "en" else f"Stämmer inte med {source}"


def _title(output: Output, title: str, number: int) -> None:
    output.line()
    output.line(output.style(f"{title} ({count(number, output.language)})", "1"))


def _code_of(kind: str) -> Callable[[Row], str | None]:
    return (lambda row: row.status) if kind == "ready" else (lambda row: row.reason)


def some_of_each(
    rows: Iterable[Row],
    number: int,
    code: Callable[[Row], str | None],
    most: int = _ENTRIES_BEFORE_SHORTENING,
) -> list[Row]:
    """Pick at most about ``most`` of ``number`` rows so that every code is among them.

    Keeps the order of the rows. Holds a few rows of each code in memory.
    """
    by_code: dict[str | None, list[tuple[int, Row]]] = {}
    for place, row in enumerate(rows):
        same = by_code.setdefault(code(row), [])
        if len(same) < most:
            same.append((place, row))
    chosen: list[tuple[int, Row]] = []
    for turn in range(most):
        layer = [same[turn] for same in by_code.values() if turn < len(same)]
        room = max(most, len(by_code)) - len(chosen)
        chosen.extend(layer[:room])
    return [row for _, row in sorted(chosen, key=lambda entry: entry[0])][:number]


@dataclass(frozen=True, slots=True)
class _Sum:
    name: str
    code: str
    tally: Totals


def _show_kinds(output: Output, preview: Preview) -> None:
    language = output.language
    sums = [
        _Sum(label(code, language), code, found)
        for kind, label in (
            ("ready", status_label),
            ("rejected", reason_label),
            ("ignored", reason_label),
        )
        for code, found in tally(preview.rows(kind), _code_of(kind)).items()
    ]
    if not sums:
        return
    output.line()
    output.line(output.style("By kind" if language == "en" else "Fördelning", "1"))
    columns: list[Column[_Sum]] = [
        Column(Text("Bedömning eller orsak", "Judgement or reason"), lambda s: s.name),
        Column(Text("Kod", "Code"), lambda s: one_line(s.code)),
        *_sum_columns(language),
    ]
    show_table(output, columns, lambda: sums)


def _sum_columns(language: str) -> list[Column[_Sum]]:
    return [
        Column(Text("Antal", "Number"), lambda s: count(s.tally.number, language), right=True),
        Column(Text("SEK", "SEK"), lambda s: amount(s.tally.sek, language), right=True),
    ]


_TOTALS = {
    "read": Text("Lästa", "Read"),
    "ready": Text("därav kan sparas", "of which can be saved"),
    "rejected": Text("därav kan inte sparas", "of which cannot be saved"),
    "ignored": Text("därav ignorerade", "of which ignored"),
}


def _show_totals(output: Output, preview: Preview) -> None:
    language = output.language
    sums = [
        _Sum(say(label, language), key, Totals(preview.counts[key], preview.totals[key]))
        for key, label in _TOTALS.items()
    ]
    output.line()
    output.line(output.style("Totals" if language == "en" else "Summor", "1"))
    columns: list[Column[_Sum]] = [
        Column(Text("Betalningar", "Payments"), lambda s: s.name),
        *_sum_columns(language),
    ]
    show_table(output, columns, lambda: sums)
    _show_afterwards(output, preview)


def _show_afterwards(output: Output, preview: Preview) -> None:
    output.line()
    if preview.set_aside.number:
        number = count(preview.set_aside.number, output.language)
        sek = amount(preview.set_aside.sek, output.language)
        name = _quoted(preview.definition)
        output.say(
            f"Undanlagda bland de ignorerade: {number} ({sek} SEK); se hostsim decisions {name}.",
            f"Set aside among the ignored: {number} ({sek} SEK); see hostsim decisions {name}.",
        )
    if preview.not_read:
        output.line(say(payments_messages.not_read(preview.not_read), output.language))
    for note in preview.notes:
        output.line(one_line(say(note, output.language)))
    if preview.deleted:
        numbers = one_line(", ".join(preview.deleted))
        output.say(
            f"Finns inte längre där de kom ifrån: {numbers}.",
            f"No longer there where they came from: {numbers}.",
        )
    requests = count(preview.requests, output.language)
    output.say(f"Antal anrop: {requests}.", f"Requests made: {requests}.")


def _show_how_to_save(output: Output, preview: Preview) -> None:
    if preview.saved:
        output.line(say(payments_messages.registered(preview.counts["ready"]), output.language))
        return
    output.say(
        f"Ingenting är registrerat än. Spara med: hostsim save {_quoted(preview.definition)}",
        f"Nothing is registered yet. Save with: hostsim save {_quoted(preview.definition)}",
    )


def _quoted(name: str) -> str:
    """Write a name as it is typed in a shell."""
    return name if re.fullmatch(r"\w+", name) else f'"{one_line(name)}"'


def show_payments(
    output: Output, rows: Callable[[], Iterable[Row]], *, shorten: bool = False
) -> None:
    """Print the payments that are registered; ``rows`` is called several times."""
    found = sum(t.number for t in tally(rows(), lambda row: row.status).values())
    title = "Registered payments" if output.language == "en" else "Registrerade betalningar"
    output.line(output.style(f"{title} ({count(found, output.language)})", "1"))
    if not found:
        output.say("  (inga)", "  (none)")
        return
    columns = payment_columns(output, "ready")
    if not shorten or found <= _ENTRIES_BEFORE_SHORTENING:
        show_table(output, columns, rows)
    else:
        chosen = some_of_each(rows(), found, lambda row: row.status)
        show_table(output, columns, lambda: chosen)
        more = count(found - len(chosen), output.language)
        output.say(f"  … och {more} till", f"  … and {more} more")
    standing = (row.amount for row in rows() if row.state != "deleted")
    total = amount(sum(standing, Decimal(0)), output.language)
    output.say(f"  Summa SEK: {total}", f"  Sum SEK: {total}")


# --- Decisions ---------------------------------------------------------------


def decision_object(one: Decision) -> dict[str, Any]:
    """Make the JSON object of one decision."""
    return {
        "id": one.id,
        "decision": one.decision,
        "payment_number": one.number,
        "first_invoice": one.first_invoice,
        "last_invoice": one.last_invoice,
        "why": one.why,
        "user": one.user,
        "at": one.at.isoformat(),
        "in_force": one.in_force,
        "settled_at": None if one.applied_at is None else one.applied_at.isoformat(),
        "taken_back_by": one.taken_back_by,
        "taken_back_at": None if one.taken_back_at is None else one.taken_back_at.isoformat(),
    }


def show_decisions(output: Output, decisions: list[Decision]) -> None:
    """Print what was decided, who did, and whether it is still in force."""
    language = output.language
    if not decisions:
        output.say("Ingenting är avgjort.", "Nothing is decided.")
        return

    columns: list[Column[Decision]] = [
        Column(Text("Id", "Id"), lambda d: str(d.id), right=True),
        Column(Text("Betalning", "Payment"), lambda d: decided_about(d, language)),
        Column(Text("Avgörande", "Decision"), lambda d: decision_label(d.decision, language)),
        Column(Text("Vem och när", "Who and when"), lambda d: _by(d, language)),
        Column(Text("Varför", "Why"), lambda d: one_line(d.why), wraps=True),
        Column(Text("Gäller", "In force"), lambda d: in_force_label(d, language), wraps=True),
    ]
    show_table(output, columns, lambda: decisions)


_DECIDED = {
    reasons.SET_ASIDE: Text("Undanlagd", "Set aside"),
    reasons.CONFIRM: Text("Bekräftad", "Confirmed"),
    reasons.TAKE_AGAIN: Text("Tas in igen", "Taken again"),
    reasons.ACCEPT: Text("Ändringen godkänd", "Change accepted"),
    reasons.KEEP: Text("Behålls som registrerad", "Kept as registered"),
}


def decision_label(decision: str, language: str) -> str:
    """Name a decision."""
    return _label(_DECIDED, decision, language)


def decided_about(one: Decision, language: str) -> str:
    """Name the payment, or the series of invoices, that a decision is about."""
    if one.number is not None:
        return one_line(one.number)
    word = "invoices" if language == "en" else "fakturor"
    return one_line(f"{word} {one.first_invoice}–{one.last_invoice}")


def _by(one: Decision, language: str) -> str:
    return one_line(say(decisions_messages.by_whom(one.user, one.at), language))


def in_force_label(one: Decision, language: str) -> str:
    """Say whether a decision still holds, and if not, since when."""
    if one.applied_at is not None:
        done = f"{one.applied_at:%Y-%m-%d %H:%M}"
        return f"done at the save {done}" if language == "en" else f"gjort när det sparades {done}"
    if one.taken_back_at is not None:
        who = decisions_messages.by_whom(one.taken_back_by or "", one.taken_back_at)
        return one_line(f"taken back by {who.en}" if language == "en" else f"återtaget av {who.sv}")
    return "yes" if language == "en" else "ja"


# --- Progress ----------------------------------------------------------------


class ProgressLines:
    """Progress for a file or a pipe: a line a stage, and at sensible steps."""

    def __init__(self, stream: TextIO, language: str) -> None:
        """Write to ``stream``, from any thread."""
        self._paper = Output(stream, language)
        self._lock = threading.Lock()
        self._told: dict[str, int] = {}
        self._waits: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind."""

    def __call__(self, progress: Progress) -> None:
        """Tell about progress where it is worth a line."""
        with self._lock:
            if self._worth_telling(progress):
                self._paper.line(progress_sentence(progress, self._paper.language))
                self._paper.flush()

    def _worth_telling(self, progress: Progress) -> bool:
        if progress.stage == "waiting":
            # The seconds that are left change all the time, the words do not.
            words = re.sub(r"\d+", "", progress.message.en)
            new = words not in self._waits
            self._waits.add(words)
            return new
        told = self._told.get(progress.stage)
        if told is not None and progress.done < _next_step(told, progress.total):
            return False
        if told is not None and progress.done == told:
            return False
        self._told[progress.stage] = progress.done
        return True


def _next_step(told: int, total: int | None) -> int:
    """Say at which count the next line comes: tenths of a total, else doublings."""
    if total is None:
        return max(2 * told, told + 500)
    return min(total, told + max(math.ceil(total / 10), 25))


def progress_sentence(progress: Progress, language: str) -> str:
    """Say how far a run has come, in one line."""
    message = one_line(say(progress.message, language))
    if not progress.total or re.search(r"\d", message):
        return message
    return f"{message} ({count(progress.done, language)}/{count(progress.total, language)})"


class ProgressBar:
    """Progress for a terminal: one bar that moves, gone when it is over.

    It begins when the login is over: an address that stands above a moving
    bar would be broken at the edge of the window, and could not be copied.
    """

    def __init__(self, stream: TextIO, language: str) -> None:
        """Draw on ``stream``, from any thread."""
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self._language = language
        self._before = ProgressLines(stream, language)
        self._lock = threading.Lock()
        self._moving = False
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._moving:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Move the bar."""
        with self._lock:
            if not self._moving and progress.stage in {"login", "waiting"}:
                self._before(progress)
                return
            if not self._moving:
                self._moving = True
                self._bar.start()
        self._bar.update(
            self._task,
            description=progress_sentence(progress, self._language),
            completed=progress.done,
            total=progress.total,
        )


def progress_on(stream: TextIO, language: str) -> ProgressBar | ProgressLines:
    """Choose how to show progress on a stream."""
    if _is_terminal(stream):
        return ProgressBar(stream, language)
    return ProgressLines(stream, language)
