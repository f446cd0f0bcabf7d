"""A preview as it is printed: its lists, what can be done about them, and sums that add up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from hostsim.ledger import reasons
from hostsim.ledger.judging import KINDS, LEFT_OUT
from hostsim.ledger.values import SetAsideTotal
from hostsim.messages import payments as messages
from hostsim.messages.formats import count, money
from hostsim.messages.text import say
from hostsim.views.labels import REASONS, SAVED_STATUSES, STATUSES, company, label, region
from hostsim.views.output import Output, one_line, sentence_line
from hostsim.views.payments import write_some_rows, write_title
from hostsim.views.preview import PREVIEW, SAVED_PREVIEW
from hostsim.views.table import (
    Column,
    as_object,
    json_attributes,
    text_of,
    write_json,
    write_table,
)
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Row
    from hostsim.storage.discrepancies import Discrepancy
    from hostsim.storage.previews import Preview
    from opter_contract.values import Company

# --- JSON ------------------------------------------------------------------------------------

DISCREPANCIES: tuple[Column[Discrepancy], ...] = json_attributes(
    *("code", "host_invoice_number", "currency", "remaining", "balance"),
    *("payment_id", "payment_number", "payment_date", "amount", "message"),
)


def write_preview_json(output: Output, preview: Preview) -> None:
    kinds = ("read", *KINDS)
    write_json(
        output,
        {
            "format": preview.definition,
            "revision": preview.revision,
            "company": company_object(preview.company),
            "saved": preview.saved,
            "open": not preview.saved,
            "not_read": preview.not_read,
            "counts": {kind: preview.counts[kind] for kind in kinds},
            "totals": {kind: preview.totals[kind] for kind in kinds},
            "set_aside": preview.set_aside._asdict(),
            **{kind: row_objects(output, preview.rows(kind), kind) for kind in KINDS},
            "gone": preview.deleted,
            "discrepancies": (
                as_object(DISCREPANCIES, discrepancy, output.language)
                for discrepancy in preview.discrepancies()
            ),
            "notes": preview.notes,
            "requests": preview.requests,
            "region": preview.region,
            "bank_account": preview.bank_account,
            "date": preview.date,
        },
    )


def write_no_preview_json(output: Output, definition: str | None) -> None:
    """Write the object of a preview in which there is nothing, since none is open."""
    kinds = ("read", *KINDS)
    write_json(
        output,
        {
            "format": definition,
            **dict.fromkeys(("revision", "company", "region", "date")),
            **dict.fromkeys(("saved", "open"), False),
            **dict.fromkeys(("not_read", "requests"), 0),
            "counts": dict.fromkeys(kinds, 0),
            "totals": dict.fromkeys(kinds, Decimal(0)),
            "set_aside": SetAsideTotal()._asdict(),
            **{key: [] for key in (*KINDS, "gone", "discrepancies", "notes")},
            "bank_account": "",
        },
    )


def row_objects(output: Output, rows: Iterable[Row], kind: str) -> Iterator[dict[str, Any]]:
    return (as_object(PREVIEW[kind], row, output.language) for row in rows)


def company_object(company: Company | None) -> dict[str, str] | None:
    return None if company is None else {"name": company.name, "number": company.number}


# --- On a terminal ---------------------------------------------------------------------------


def write_preview(
    output: Output, preview: Preview, *, show_ignored: bool = False, shorten: bool = False
) -> None:
    """Print the lists of a preview, and totals that add up.

    :param show_ignored: the ignored payments one by one, not only by reason.
    :param shorten: print about 25 rows a list, at least one of each status
        and reason, and print how many more there are.
    """
    name = say(company(preview.company), output.language)
    output.title(f"{one_line(preview.definition)}: {one_line(name)}")
    _write_import(output, preview)
    for kind in KINDS if show_ignored else KINDS[:-1]:
        if kind != LEFT_OUT or preview.counts[kind]:
            _write_list(output, preview, kind, shorten=shorten)
    _write_discrepancies(output, preview)
    _write_codes(output, preview)
    _write_totals(output, preview)
    _write_remarks(output, preview)
    if not shorten:
        _write_how_to_save(output, preview)


def _write_import(output: Output, preview: Preview) -> None:
    facts: list[tuple[Text, object]] = [
        (Text("Region", "Region"), region(preview.region)),
        (Text("Bankkonto", "Bank account"), preview.bank_account),
        (Text("Datum", "Date"), preview.date),
    ]
    texts = [(say(name, output.language), text_of(it, output.language)) for name, it in facts]
    output.line("   ".join(f"{name}: {text}" for name, text in texts if text))


_LIST_TITLES = {
    "ready": Text("Betalningar som kan sparas", "Payments that can be saved"),
    "left": Text("Betalningar som lämnas till nästa import", "Payments left to the next import"),
    "rejected": Text("Betalningar som inte kan sparas", "Payments that cannot be saved"),
    "ignored": Text("Ignorerade och undanlagda", "Ignored and set aside"),
}
_SAVED_TITLES = _LIST_TITLES | {
    "ready": Text("Sparade betalningar", "Saved payments"),
    "left": Text("Betalningar som lämnades till nästa import", "Payments left to the next import"),
    "rejected": Text("Betalningar som inte kunde sparas", "Payments that could not be saved"),
}


def _write_list(output: Output, preview: Preview, kind: str, *, shorten: bool) -> None:
    titles = _SAVED_TITLES if preview.saved else _LIST_TITLES
    output.line()
    write_title(output, titles[kind], preview.counts[kind])
    if preview.counts[kind]:
        columns = (SAVED_PREVIEW if preview.saved else PREVIEW)[kind]
        rows = partial(preview.rows, kind)
        if shorten:
            write_some_rows(output, columns, rows, preview.counts[kind], _code_of(kind))
        else:
            write_table(output, columns, rows)
        if kind == "rejected" and not preview.saved:
            _write_decisions(output, preview)


def _write_decisions(output: Output, preview: Preview) -> None:
    """Print the commands that decide about the rejected payments."""
    name = quoted(preview.definition)
    rejected = {(row.reason, row.obstacle) for row in preview.rows("rejected")}
    offered: dict[Text, str] = {}
    for code in reasons.REASONS:
        for obstacle in sorted(obstacle for reason, obstacle in rejected if reason == code):
            decisions = reasons.possible_decisions(code, obstacle)
            options = " | ".join(
                f"--{option}" for option in decisions if option != reasons.SET_ASIDE
            )
            if options:
                offered[_which(code, obstacle)] = options
    for which, options in offered.items():
        output.say(
            f"  {which.sv}: hostsim decide {name} NUMMER {options}",
            f"  {which.en}: hostsim decide {name} NUMBER {options}",
        )
    if any(code != "already-imported" for code, _ in rejected):
        output.say(
            f"  Lägg undan det som aldrig hör hit: hostsim set-aside {name} NUMMER",
            f"  Set aside what never belongs here: hostsim set-aside {name} NUMBER",
        )


def _which(code: str, obstacle: str) -> Text:
    """Name the payments that the same can be decided about."""
    sv, en = reasons.label(code)
    return Text(f"{sv} (väntar)", f"{en} (waits)") if obstacle in reasons.WAITS else Text(sv, en)


def _write_discrepancies(output: Output, preview: Preview) -> None:
    discrepancies = list(preview.discrepancies())
    if not discrepancies:
        return
    source = preview.source
    title = Text(f"Stämmer inte med {source.sv}", f"Differs from {source.en}")
    output.line()
    write_title(output, title, len(discrepancies))
    for discrepancy in discrepancies:
        output.line(f"  {sentence_line(discrepancy.message, output.language)}.")
        if discrepancy.payment_id is not None and not discrepancy.successors:
            command = f"hostsim payments delete {discrepancy.payment_id} --why TEXT"
            output.say(
                f"    Ta bort den här också: {command}", f"    Delete it here, too: {command}"
            )


# --- Sums ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Totals:
    """How many payments, and their SEK."""

    number: int = 0
    sek: Decimal = field(default_factory=Decimal)

    def add(self, row: Row) -> None:
        self.number += 1
        self.sek += row.amount


def totals_by(rows: Iterable[Row], code: Callable[[Row], str | None]) -> dict[str, Totals]:
    """Count payments by status or reason, in the order of first appearance."""
    totals: dict[str, Totals] = {}
    for row in rows:
        totals.setdefault(code(row) or "?", Totals()).add(row)
    return totals


def _code_of(kind: str) -> Callable[[Row], str | None]:
    return (lambda row: row.status) if kind == "ready" else (lambda row: row.reason)


class SumLine(NamedTuple):
    """How many payments of a kind, or of a status or reason, and their SEK."""

    name: Text
    code: str
    number: int
    sek: Decimal | None


_NUMBER_AND_SEK: tuple[Column[SumLine], ...] = (
    Column("number", Text("Antal", "Number"), lambda s: s.number, right=True),
    Column("sek", Text("SEK", "SEK"), lambda s: s.sek, right=True),
)
_CODES: tuple[Column[SumLine], ...] = (
    Column("name", Text("Bedömning eller orsak", "Judgement or reason"), lambda s: s.name),
    Column("code", Text("Kod", "Code"), lambda s: s.code),
    *_NUMBER_AND_SEK,
)
SUMS: tuple[Column[SumLine], ...] = (
    Column("name", Text("Betalningar", "Payments"), lambda s: s.name),
    *_NUMBER_AND_SEK,
)
_TOTAL_NAMES = {
    "read": Text("Lästa", "Read"),
    "ready": Text("därav kan sparas", "of which can be saved"),
    "left": Text("därav lämnas till nästa import", "of which left to the next import"),
    "rejected": Text("därav kan inte sparas", "of which cannot be saved"),
    "ignored": Text("därav ignorerade", "of which ignored"),
}
_SAVED_TOTAL_NAMES = _TOTAL_NAMES | {
    "ready": Text("därav sparade", "of which saved"),
    "left": Text("därav lämnade till nästa import", "of which left to the next import"),
    "rejected": Text("därav kunde inte sparas", "of which could not be saved"),
}


def _write_codes(output: Output, preview: Preview) -> None:
    statuses = SAVED_STATUSES if preview.saved else STATUSES
    sums = [
        SumLine(
            label(statuses if kind == "ready" else REASONS, code), code, totals.number, totals.sek
        )
        for kind in KINDS
        for code, totals in totals_by(preview.rows(kind), _code_of(kind)).items()
    ]
    if sums:
        output.line()
        output.title(Text("Fördelning", "By kind"))
        write_table(output, _CODES, lambda: sums)


def _write_totals(output: Output, preview: Preview) -> None:
    names = _SAVED_TOTAL_NAMES if preview.saved else _TOTAL_NAMES
    sums = [
        SumLine(name, kind, preview.counts[kind], preview.totals[kind])
        for kind, name in names.items()
        if kind != LEFT_OUT or preview.counts[kind]
    ]
    output.line()
    output.title(Text("Summor", "Totals"))
    write_table(output, SUMS, lambda: sums)


def _write_remarks(output: Output, preview: Preview) -> None:
    output.line()
    if preview.set_aside.number:
        number = count(preview.set_aside.number, output.language)
        sek = money(preview.set_aside.sek, output.language)
        name = quoted(preview.definition)
        output.say(
            f"Undanlagda bland de ignorerade: {number} ({sek} SEK); se hostsim decisions {name}.",
            f"Set aside among the ignored: {number} ({sek} SEK); see hostsim decisions {name}.",
        )
    if preview.not_read:
        output.line(messages.not_read(preview.not_read))
    for note in preview.notes:
        output.line(sentence_line(note, output.language))
    if preview.deleted:
        output.line(sentence_line(messages.not_there(preview.deleted), output.language))
    requests = count(preview.requests, output.language)
    output.say(f"Antal anrop: {requests}.", f"Requests made: {requests}.")


def _write_how_to_save(output: Output, preview: Preview) -> None:
    if preview.saved:
        output.line(messages.registered(preview.counts["ready"]))
        return
    name = quoted(preview.definition)
    output.say(
        f"Ingenting är registrerat än. Spara med: hostsim save {name}",
        f"Nothing is registered yet. Save with: hostsim save {name}",
    )


def quoted(name: str) -> str:
    """Write a name as it is typed in a shell."""
    return name if re.fullmatch(r"\w+", name) else f'"{one_line(name)}"'
