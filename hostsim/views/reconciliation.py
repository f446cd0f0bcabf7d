"""A comparison with the source: the differences, each with its reason, and sums.

Tables show the days on which the two sides differ; JSON has every day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from hostsim.ledger import reasons
from hostsim.ledger.reconciliation import (
    DIFFERS,
    EQUAL,
    ONLY_AT_SOURCE,
    ONLY_IN_HOST,
    Mismatch,
    Pair,
    Side,
    Sum,
)
from hostsim.messages.formats import count, day
from hostsim.messages.text import say
from hostsim.views.labels import REASONS, company, label
from hostsim.views.output import Output, one_line
from hostsim.views.payments import foreign_amount, write_title
from hostsim.views.preview_output import company_object
from hostsim.views.table import (
    Column,
    as_object,
    json_attributes,
    json_only,
    write_json,
    write_table,
)
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.reconciliation import Reconciliation

#: The kinds of differences, in the order to show them; ``there`` is the name of the import.
_LISTS = {
    ONLY_AT_SOURCE: Text("Finns i {there} men inte här", "In {there} but not here"),
    ONLY_IN_HOST: Text("Finns här men inte i {there}", "Here but not in {there}"),
    DIFFERS: Text("Finns på båda ställena men skiljer sig", "In both places but different"),
}
_EQUAL = Text("Lika på båda ställena", "Equal in both places")

#: The reasons of differences, in addition to those of an import.
_REASONS = REASONS | {
    "in-preview": Text("Inläst men inte sparad", "Brought in but not saved"),
    "at-next-import": Text("Inte inläst än", "Not brought in yet"),
    "kept-difference": Text("Skillnaden behålls", "The difference is kept"),
    "deleted-in-fortnox": Text("Borttagen i efterhand", "Deleted afterwards"),
    "deleted-or-unreadable": Text("Borttagen eller oläslig", "Deleted or unreadable"),
}


def _side(difference: Mismatch) -> Side:
    side = difference.host or difference.source
    if side is None:
        message = "a difference of nothing"
        raise RuntimeError(message)
    return side


def _side_object(side: Side | None) -> dict[str, object] | None:
    return None if side is None else as_object(_SIDE, side, "sv")


_SIDE: tuple[Column[Side], ...] = (
    *json_attributes("invoice_number", "amount", "currency", "amount_currency", "written_off"),
    *json_attributes("booked"),
    json_only("payment_date", lambda s: s.date),
)

DIFFERENCES: tuple[Column[Mismatch], ...] = (
    *json_attributes("payment_number", "fields"),
    json_only("way", lambda d: d.reason),
    json_only("fortnox", lambda d: _side_object(d.source)),
    json_only("host", lambda d: _side_object(d.host)),
    Column("payment", Text("Betalning", "Payment"), lambda d: d.payment_number or "?", right=True),
    Column("invoice", Text("Faktura", "Invoice"), lambda d: _side(d).invoice_number, right=True),
    Column("date", Text("Datum", "Date"), lambda d: _side(d).date),
    Column("amount", Text("Belopp SEK", "Amount SEK"), lambda d: _side(d).amount, right=True),
    Column(
        "foreign",
        Text("Annan valuta", "Other currency"),
        lambda d: foreign_amount(_side(d)),
        right=True,
    ),
    Column("message", Text("Varför", "Why"), lambda d: d.message, wide=True, json="message"),
)


# --- JSON ------------------------------------------------------------------------------------


def write_reconciliation_json(output: Output, reconciliation: Reconciliation) -> None:
    """Write a comparison as one JSON object, a difference at a time."""
    totals, kinds = reconciliation.totals, (EQUAL, *_LISTS)
    write_json(
        output,
        {
            "format": reconciliation.definition,
            "company": company_object(reconciliation.company),
            "requests": reconciliation.requests,
            "counts": {
                "fortnox": totals.all.source.number,
                "host": totals.all.host.number,
                **{_key(kind): totals.count(kind) for kind in kinds},
            },
            "totals": _of_both(totals.all, lambda total: total.sek),
            "by_kind": {
                _key(kind): _of_both(totals.kind(kind), lambda total: total.sek) for kind in kinds
            },
            "by_currency": (
                {"currency": currency or None, **_of_both(pair, _sum_object)}
                for currency, pair in totals.currencies.items()
            ),
            "by_day": (
                {"payment_date": at, "currency": currency or None, **_of_both(pair, _sum_object)}
                for (at, currency), pair in totals.days.items()
            ),
            **{_key(kind): _difference_objects(output, reconciliation, kind) for kind in _LISTS},
        },
    )


def _difference_objects(
    output: Output, reconciliation: Reconciliation, kind: str
) -> Iterator[dict[str, Any]]:
    return (
        as_object(DIFFERENCES, difference, output.language)
        for difference in reconciliation.unequal(kind)
    )


def _key(kind: str) -> str:
    return kind.replace("-", "_")


def _of_both(pair: Pair, value: Callable[[Sum], object]) -> dict[str, object]:
    return {
        "fortnox": value(pair.source),
        "host": value(pair.host),
        "difference": value(pair.difference),
    }


def _sum_object(total: Sum) -> dict[str, object]:
    return {"number": total.number, "sek": total.sek, "amount": total.amount}


# --- On a terminal ---------------------------------------------------------------------------


def write_reconciliation(
    output: Output, reconciliation: Reconciliation, *, show_ignored: bool = False
) -> None:
    """Print the differences, their reasons, and sums that add up.

    :param show_ignored: what the settings ignore one by one, not only by reason.
    """
    name = say(company(reconciliation.company), output.language)
    output.title(f"{one_line(reconciliation.definition)}: {one_line(name)}")
    for kind in _LISTS:
        _write_differences(output, reconciliation, kind, show_ignored=show_ignored)
    there = one_line(reconciliation.definition)
    reason, code = _name("Varför de skiljer sig", "Why they differ"), _code("Kod", "Code")
    _write_sums(output, _reason_lines(reconciliation), [reason, code, *_sek_columns(there)])
    kind_of_payments = _name("Betalningar", "Payments")
    _write_sums(output, _kind_lines(reconciliation), [kind_of_payments, *_sek_columns(there)])
    currencies = [
        _Line(code or "?", "", pair) for code, pair in reconciliation.totals.currencies.items()
    ]
    _write_sums(output, currencies, [_name("Valuta", "Currency"), *_currency_columns(there)])
    _write_days(output, reconciliation)
    _write_conclusion(output, reconciliation)


def _write_differences(
    output: Output, reconciliation: Reconciliation, kind: str, *, show_ignored: bool
) -> None:
    def shown() -> Iterator[Mismatch]:
        return (
            difference
            for difference in reconciliation.unequal(kind)
            if show_ignored or difference.reason not in reasons.IGNORED
        )

    number = reconciliation.totals.count(kind)
    output.line()
    write_title(output, _list_title(kind, reconciliation), number)
    if not number:
        return
    write_table(output, DIFFERENCES, shown)
    if hidden := number - sum(1 for _ in shown()):
        more = count(hidden, output.language)
        output.say(
            f"  … och {more} ignorerade eller undanlagda (visas med --show-ignored)",
            f"  … and {more} ignored or set aside (shown with --show-ignored)",
        )


def _list_title(kind: str, reconciliation: Reconciliation) -> Text:
    title, there = _LISTS[kind], one_line(reconciliation.definition)
    return Text(title.sv.replace("{there}", there), title.en.replace("{there}", there))


class _Line(NamedTuple):
    """A line of sums: what it is about, and both sides."""

    name: Text | str
    code: str
    pair: Pair


def _reason_lines(reconciliation: Reconciliation) -> list[_Line]:
    sums: dict[tuple[str, str], Pair] = {}
    for kind in _LISTS:
        for difference in reconciliation.unequal(kind):
            sums.setdefault((kind, difference.reason), Pair()).add(
                difference.source, difference.host
            )
    return [_Line(label(_REASONS, code), code, pair) for (_, code), pair in sums.items()]


def _kind_lines(reconciliation: Reconciliation) -> list[_Line]:
    names = {EQUAL: _EQUAL} | {kind: _list_title(kind, reconciliation) for kind in _LISTS}
    lines = [_Line(name, kind, reconciliation.totals.kind(kind)) for kind, name in names.items()]
    return [*lines, _Line(Text("Summa", "Totals"), "", reconciliation.totals.all)]


def _write_sums(output: Output, lines: list[_Line], columns: Iterable[Column[_Line]]) -> None:
    if lines:
        output.line()
        write_table(output, columns, lambda: lines)


def _write_days(output: Output, reconciliation: Reconciliation) -> None:
    days = reconciliation.totals.days
    lines = [
        _Line(day(at) or "?", currency or "?", pair)
        for (at, currency), pair in days.items()
        if not pair.agrees
    ]
    output.line()
    same = count(len(days) - len(lines), output.language)
    output.say(
        f"Dagar och valutor vars summor är lika: {same}.",
        f"Days and currencies whose sums are equal: {same}.",
    )
    columns = [_name("Dag", "Day"), _code("Valuta", "Currency")]
    columns += _currency_columns(one_line(reconciliation.definition))
    write_table(output, columns, lambda: lines)


def _write_conclusion(output: Output, reconciliation: Reconciliation) -> None:
    output.line()
    number = sum(reconciliation.totals.count(kind) for kind in _LISTS)
    if number:
        text = count(number, output.language)
        output.say(f"Antal skillnader: {text}.", f"Differences: {text}.")
    else:
        output.say("Allt stämmer.", "Everything agrees.")
    requests = count(reconciliation.requests, output.language)
    output.say(
        f"Ingenting är ändrat. Antal anrop: {requests}.",
        f"Nothing is changed. Requests made: {requests}.",
    )


# --- Columns of sums -------------------------------------------------------------------------


def _name(sv: str, en: str) -> Column[_Line]:
    return Column("name", Text(sv, en), lambda line: line.name)


def _code(sv: str, en: str) -> Column[_Line]:
    return Column("code", Text(sv, en), lambda line: line.code)


def _number(key: str, sv: str, en: str, value: Callable[[Pair], int | Decimal]) -> Column[_Line]:
    return Column(key, Text(sv, en), lambda line: value(line.pair), right=True)


def _sek_columns(there: str) -> tuple[Column[_Line], ...]:
    return (
        *_numbers(there),
        _number("source_sek", f"{there} SEK", f"{there} SEK", lambda p: p.source.sek),
        _number("host_sek", "Här SEK", "Here SEK", lambda p: p.host.sek),
        _number("sek", "Skillnad SEK", "Difference SEK", lambda p: p.difference.sek),
    )


def _currency_columns(there: str) -> tuple[Column[_Line], ...]:
    return (
        *_numbers(there),
        _number(
            "source_amount", f"{there} i valutan", f"{there} in currency", lambda p: p.source.amount
        ),
        _number("host_amount", "Här i valutan", "Here in currency", lambda p: p.host.amount),
        _number(
            "amount", "Skillnad i valutan", "Difference in currency", lambda p: p.difference.amount
        ),
        _number("sek", "Skillnad SEK", "Difference SEK", lambda p: p.difference.sek),
    )


def _numbers(there: str) -> tuple[Column[_Line], ...]:
    return (
        _number("source", f"Antal {there}", f"Number {there}", lambda p: p.source.number),
        _number("host", "Antal här", "Number here", lambda p: p.host.number),
    )
