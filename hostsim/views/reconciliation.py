"""What a person sees of a comparison: the differences, each with its way, and sums.

Tables show the days on which the two sides differ; JSON has every day. Rows
are streamed, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hostsim.ledger import reasons
from hostsim.ledger.comparison import (
    DIFFERS,
    EQUAL,
    ONLY_AT_SOURCE,
    ONLY_IN_HOST,
    Pair,
    Side,
    Sum,
    Unequal,
)
from hostsim.messages import formats
from hostsim.messages.formats import plain
from hostsim.messages.text import say
from hostsim.views import terminal
from hostsim.views.terminal import Column, Output, amount, count, one_line
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.reconciliation import Reconciliation

#: The kinds of differences, in the order to show them; ``there`` is the name that a person
#: gave to the import.
_LISTS = {
    ONLY_AT_SOURCE: Text("Finns i {there} men inte här", "In {there} but not here"),
    ONLY_IN_HOST: Text("Finns här men inte i {there}", "Here but not in {there}"),
    DIFFERS: Text("Finns på båda ställena men skiljer sig", "In both places but different"),
}
_EQUAL = Text("Lika på båda ställena", "Equal in both places")

#: What is said of a way that is no reason of an import.
_WAYS = {
    "in-preview": Text("Inläst men inte sparad", "Brought in but not saved"),
    "at-next-import": Text("Inte inläst än", "Not brought in yet"),
    "kept-difference": Text("Skillnaden behålls", "The difference is kept"),
    "deleted-in-fortnox": Text("Borttagen i efterhand", "Deleted afterwards"),
    "deleted-or-unreadable": Text("Borttagen eller oläslig", "Deleted or unreadable"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of sums: what it is about, and both sides."""

    name: str
    code: str
    pair: Pair


# --- JSON --------------------------------------------------------------------


def write_json(output: Output, found: Reconciliation) -> None:
    """Write a comparison as one JSON object, a difference at a time."""
    totals = found.totals
    everything = totals.all
    head = {
        "format": found.definition,
        "company": terminal.company_object(found.company),
        "requests": found.requests,
        "counts": {
            "fortnox": everything.source.number,
            "host": everything.host.number,
            **{_key(kind): totals.count(kind) for kind in (EQUAL, *_LISTS)},
        },
        "totals": _sek_object(everything),
        "by_kind": {_key(kind): _sek_object(totals.kind(kind)) for kind in (EQUAL, *_LISTS)},
    }
    output.write(terminal.dumps(head, output, indent=2).removesuffix("\n}"))
    _array(
        output,
        "by_currency",
        ({"currency": name or None, **_pair_object(p)} for name, p in totals.currencies.items()),
    )
    _array(
        output,
        "by_day",
        (
            {
                "payment_date": formats.day(day) or None,
                "currency": currency or None,
                **_pair_object(pair),
            }
            for (day, currency), pair in totals.days.items()
        ),
    )
    for kind in _LISTS:
        objects = (finding_object(one, output.language) for one in found.unequal(kind))
        _array(output, _key(kind), objects)
    output.line("\n}")


def finding_object(one: Unequal, language: str) -> dict[str, Any]:
    """Make the JSON object of one difference."""
    return {
        "payment_number": one.payment_number,
        "way": one.reason,
        "message": say(one.message, language),
        "fields": list(one.fields),
        "fortnox": _side_object(one.source),
        "host": _side_object(one.host),
    }


def _array(output: Output, key: str, entries: Iterable[object]) -> None:
    output.write(f",\n  {terminal.dumps(key, output)}: ")
    terminal.write_array(output, entries, indent="  ")


def _key(kind: str) -> str:
    return kind.replace("-", "_")


def _side_object(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "invoice_number": side.invoice_number,
        "payment_date": formats.day(side.date) or None,
        "amount": _plain(side.amount),
        "currency": side.currency,
        "amount_currency": _plain(side.amount_currency),
        "written_off": plain(side.written_off),
        "booked": side.booked,
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _sek_object(pair: Pair) -> dict[str, str]:
    return {
        "fortnox": plain(pair.source.sek),
        "host": plain(pair.host.sek),
        "difference": plain(pair.difference.sek),
    }


def _pair_object(pair: Pair) -> dict[str, Any]:
    return {
        "fortnox": _sum_object(pair.source),
        "host": _sum_object(pair.host),
        "difference": _sum_object(pair.difference),
    }


def _sum_object(its: Sum) -> dict[str, Any]:
    return {"number": its.number, "sek": plain(its.sek), "amount": plain(its.amount)}


# --- Tables ------------------------------------------------------------------


def show(output: Output, found: Reconciliation, *, show_ignored: bool = False) -> None:
    """Print the differences, why there are, and sums that add up.

    :param show_ignored: what the settings ignore one by one, not only by reason.
    """
    label = terminal.company_label(found.company, output.language)
    output.line(output.style(f"{one_line(found.definition)}: {label}", "1"))
    for kind in _LISTS:
        _show_findings(output, found, kind, show_ignored=show_ignored)
    _show_ways(output, found)
    _show_kinds(output, found)
    _show_currencies(output, found)
    _show_days(output, found)
    _show_verdict(output, found)


def _show_findings(output: Output, found: Reconciliation, kind: str, *, show_ignored: bool) -> None:
    def shown() -> Iterator[Unequal]:
        return (
            one for one in found.unequal(kind) if show_ignored or one.reason not in reasons.IGNORED
        )

    number = found.totals.count(kind)
    title = _named(_LISTS[kind], found, output.language)
    _title(output, f"{title} ({count(number, output.language)})")
    if not number:
        output.say("  (inga)", "  (none)")
        return
    terminal.show_table(output, _columns(output.language), shown)
    if hidden := number - sum(1 for _ in shown()):
        more = count(hidden, output.language)
        output.say(
            f"  … och {more} ignorerade eller undanlagda (visas med --show-ignored)",
            f"  … and {more} ignored or set aside (shown with --show-ignored)",
        )


def _columns(language: str) -> list[Column[Unequal]]:
    def side(one: Unequal) -> Side:
        known = one.host or one.source
        if known is None:
            message = "a difference of nothing"
            raise RuntimeError(message)
        return known

    def foreign(one: Unequal) -> str:
        its = side(one)
        if its.currency in {None, "SEK"}:
            return ""
        return f"{amount(its.amount_currency, language)} {one_line(its.currency or '')}".lstrip()

    def number(heading: Text, cell: Callable[[Unequal], str]) -> Column[Unequal]:
        return Column(heading, cell, right=True)

    return [
        number(Text("Betalning", "Payment"), lambda f: one_line(f.payment_number) or "?"),
        number(Text("Faktura", "Invoice"), lambda f: one_line(side(f).invoice_number or "")),
        Column(Text("Datum", "Date"), lambda f: formats.day(side(f).date)),
        number(Text("Belopp SEK", "Amount SEK"), lambda f: amount(side(f).amount, language)),
        number(Text("I annan valuta", "In other currency"), foreign),
        Column(Text("Varför", "Why"), lambda f: one_line(say(f.message, language)), wraps=True),
    ]


def _show_ways(output: Output, found: Reconciliation) -> None:
    ways: dict[tuple[str, str], Pair] = {}
    for kind in _LISTS:
        for one in found.unequal(kind):
            ways.setdefault((kind, one.reason), Pair()).add(one.source, one.host)
    if not ways:
        return
    lines = [_Line(_way(code, output.language), code, pair) for (_, code), pair in ways.items()]
    columns: list[Column[_Line]] = [
        Column(Text("Varför de skiljer sig", "Why they differ"), lambda line: line.name),
        Column(Text("Kod", "Code"), lambda line: one_line(line.code)),
        *_sek_columns(found, output.language),
    ]
    output.line()
    terminal.show_table(output, columns, lambda: lines)


def _named(title: Text, found: Reconciliation, language: str) -> str:
    return say(title, language).replace("{there}", one_line(found.definition))


def _way(code: str, language: str) -> str:
    label = _WAYS.get(code)
    return terminal.reason_label(code, language) if label is None else say(label, language)


def _show_kinds(output: Output, found: Reconciliation) -> None:
    language, totals = output.language, found.totals
    kinds = {EQUAL: _EQUAL, **_LISTS}
    lines = [
        _Line(_named(label, found, language), kind, totals.kind(kind))
        for kind, label in kinds.items()
    ]
    lines.append(_Line("Totals" if language == "en" else "Summa", "", totals.all))
    columns: list[Column[_Line]] = [
        Column(Text("Betalningar", "Payments"), lambda line: line.name),
        *_sek_columns(found, language),
    ]
    output.line()
    terminal.show_table(output, columns, lambda: lines)


def _show_currencies(output: Output, found: Reconciliation) -> None:
    lines = [_Line(one_line(name) or "?", name, p) for name, p in found.totals.currencies.items()]
    if not lines:
        return
    columns: list[Column[_Line]] = [
        Column(Text("Valuta", "Currency"), lambda line: line.name),
        *_currency_columns(found, output.language),
    ]
    output.line()
    terminal.show_table(output, columns, lambda: lines)


def _show_days(output: Output, found: Reconciliation) -> None:
    days = found.totals.days
    lines = [
        _Line(formats.day(day) or "?", one_line(currency) or "?", pair)
        for (day, currency), pair in days.items()
        if not pair.agrees
    ]
    output.line()
    same = count(len(days) - len(lines), output.language)
    output.say(
        f"Dagar och valutor vars summor är lika: {same}.",
        f"Days and currencies whose sums are equal: {same}.",
    )
    if not lines:
        return
    columns: list[Column[_Line]] = [
        Column(Text("Dag", "Day"), lambda line: line.name),
        Column(Text("Valuta", "Currency"), lambda line: line.code),
        *_currency_columns(found, output.language),
    ]
    terminal.show_table(output, columns, lambda: lines)


def _show_verdict(output: Output, found: Reconciliation) -> None:
    output.line()
    different = sum(found.totals.count(kind) for kind in _LISTS)
    if different:
        number = count(different, output.language)
        output.say(f"Antal skillnader: {number}.", f"Differences: {number}.")
    else:
        output.say("Allt stämmer.", "Everything agrees.")
    requests = count(found.requests, output.language)
    output.say(
        f"Ingenting är ändrat. Antal anrop: {requests}.",
        f"Nothing is changed. Requests made: {requests}.",
    )


def _sek_columns(found: Reconciliation, language: str) -> list[Column[_Line]]:
    there = one_line(found.definition)
    return [
        *_number_columns(there, language),
        *_money_columns(there, language, Text("SEK", "SEK"), _sek),
    ]


def _currency_columns(found: Reconciliation, language: str) -> list[Column[_Line]]:
    there = one_line(found.definition)
    return [
        *_number_columns(there, language),
        *_money_columns(there, language, Text("i valutan", "in currency"), _in_currency),
        Column(
            Text("Skillnad SEK", "Difference SEK"),
            lambda line: amount(line.pair.difference.sek, language),
            right=True,
        ),
    ]


def _sek(its: Sum) -> Decimal:
    return its.sek


def _in_currency(its: Sum) -> Decimal:
    return its.amount


def _number_columns(there: str, language: str) -> list[Column[_Line]]:
    return [
        Column(
            Text(f"Antal {there}", f"Number {there}"),
            lambda line: count(line.pair.source.number, language),
            right=True,
        ),
        Column(
            Text("Antal här", "Number here"),
            lambda line: count(line.pair.host.number, language),
            right=True,
        ),
    ]


def _money_columns(
    there: str, language: str, unit: Text, value: Callable[[Sum], Decimal]
) -> list[Column[_Line]]:
    def heading(sv: str, en: str) -> Text:
        return Text(f"{sv} {unit.sv}", f"{en} {unit.en}")

    return [
        Column(
            heading(there, there),
            lambda line: amount(value(line.pair.source), language),
            right=True,
        ),
        Column(
            heading("Här", "Here"), lambda line: amount(value(line.pair.host), language), right=True
        ),
        Column(
            heading("Skillnad", "Difference"),
            lambda line: amount(value(line.pair.difference), language),
            right=True,
        ),
    ]


def _title(output: Output, title: str) -> None:
    output.line()
    output.line(output.style(title, "1"))
