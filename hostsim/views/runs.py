"""Imports and comparisons of the past, as a list and one in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hostsim.messages.payments import SAVE_UNDONE, registered_again, saved_then_partly_undone
from hostsim.views.labels import RUN_STATES, company, label, region, user_at
from hostsim.views.output import Output
from hostsim.views.payments import REGISTERED_PAYMENTS, write_entries
from hostsim.views.preview_output import SUMS, SumLine, company_object, row_objects
from hostsim.views.table import (
    Column,
    as_object,
    json_attributes,
    json_only,
    write_facts,
    write_json,
    write_table,
)
from opter_contract.values import Text

if TYPE_CHECKING:
    from decimal import Decimal

    from hostsim.ledger.values import Entry, Row
    from hostsim.storage.history import PastRun

# An id is shown, and may be typed, by its first characters.
_SHORT_ID = 8


def short_id(run_id: str | None) -> str:
    return (run_id or "")[:_SHORT_ID]


def state(run: PastRun) -> Text:
    """Return how an import ended, with the first sentence of its error if it failed."""
    text = label(RUN_STATES, run.state_shown)
    if run.error is None or run.state_shown == "cancelled":
        return text
    return Text(
        *(
            f"{state_label}: {why.split('. ')[0].rstrip('.')}"
            for state_label, why in zip(text, run.error, strict=True)
        )
    )


def full_state(run: PastRun) -> Text:
    """Return how an import ended, and who saved it."""
    if run.state != "saved":
        return state(run)
    text, who = label(RUN_STATES, run.state), user_at(run.saved_by, run.saved_at)
    if run.undone_at is None:
        return Text(f"{text.sv} av {who}", f"{text.en} by {who}")
    undone = f"{user_at(run.undone_by, run.undone_at)}: {run.undone_why}"
    if run.standing is None:
        return Text(
            f"{text.sv} av {who}; ångrad av {undone}", f"{text.en} by {who}; undone by {undone}"
        )
    again = registered_again(*run.standing)
    return Text(
        f"{text.sv} av {who}; delvis ångrad av {undone}. {again.sv}",
        f"{text.en} by {who}; partly undone by {undone}. {again.en}",
    )


def _company(run: PastRun) -> Text | None:
    return None if run.company is None else company(run.company)


def _saved_object(run: PastRun) -> dict[str, object] | None:
    if run.saved is None:
        return None
    number, sek = run.saved
    return {"at": run.saved_at, "by": run.saved_by, "payments": number, "amount": sek}


def _undone_object(run: PastRun) -> dict[str, object] | None:
    if run.undone_at is None:
        return None
    return {"at": run.undone_at, "by": run.undone_by, "why": run.undone_why}


def _error_object(run: PastRun) -> dict[str, object] | None:
    return None if run.error_code is None else {"code": run.error_code, "sentence": run.error}


def _count_column(kind: str, heading: Text) -> Column[PastRun]:
    return Column(kind, heading, lambda r: r.counts.get(kind), right=True)


def _standing_sek(run: PastRun) -> Decimal | None:
    sums = run.saved if run.undone_at is None else run.standing
    return sums and sums[1]


RUNS: tuple[Column[PastRun], ...] = (
    *json_attributes("id"),
    json_only("format", lambda r: r.definition),
    json_only("type", lambda r: r.import_type),
    *json_attributes("state", "user", "started_at", "finished_at", "region", "bank_account"),
    *json_attributes("date"),
    json_only("company", lambda r: company_object(r.company)),
    *json_attributes("settings", "counts", "totals", "not_read", "requests"),
    json_only("saved", _saved_object),
    json_only("undone", _undone_object),
    json_only("error", _error_object),
    Column("id", Text("Id", "Id"), lambda r: short_id(r.id), page=False),
    Column("began", Text("Började", "Began"), lambda r: r.started_at),
    Column("format", Text("Filformat", "File format"), lambda r: r.definition, wide=True),
    Column("region", Text("Region", "Region"), lambda r: r.region, page=False),
    Column("company", Text("Företag", "Company"), _company, wide=True, page=False),
    Column("user", Text("Användare", "User"), lambda r: r.user),
    Column("run_state", Text("Läge", "State"), state, terminal=False),
    Column("run_state", Text("Läge", "State"), full_state, wide=True, page=False),
    _count_column("read", Text("Lästa", "Read")),
    _count_column("ready", Text("Kan sparas", "Can be saved")),
    Column("sek", Text("SEK", "SEK"), lambda r: r.totals.get("ready"), right=True, page=False),
    _count_column("left", Text("Lämnade", "Left")),
    _count_column("rejected", Text("Kan inte sparas", "Cannot be saved")),
    _count_column("ignored", Text("Ignorerade", "Ignored")),
    Column(
        "sek",
        Text("Sparat SEK", "Saved SEK"),
        _standing_sek,
        right=True,
        sorts=False,
        terminal=False,
    ),
    Column("requests", Text("Anrop", "Requests"), lambda r: r.requests, right=True, page=False),
)


def write_runs(output: Output, runs: Callable[[], Iterable[PastRun]]) -> None:
    """Print imports, latest first; ``runs`` is called several times."""
    if not any(True for _ in runs()):
        output.say("Ingen import är gjord än.", "No import was made yet.")
        return
    write_table(output, RUNS, runs)
    output.say(
        "Visa en import i sin helhet med: hostsim runs ID",
        "Show one import in full with: hostsim runs ID",
    )


def write_run_json(
    output: Output, run: PastRun, entries: Iterable[Entry], lists: Mapping[str, Iterable[Row]]
) -> None:
    """Write one import in full as one JSON object, a payment at a time.

    :param entries: what it registered.
    :param lists: rows of its preview by kind, where it is open.
    """
    language = output.language
    parts: dict[str, Any] = as_object(RUNS, run, language)
    parts["registered"] = (as_object(REGISTERED_PAYMENTS, e, language) for e in entries)
    write_json(output, parts | {k: row_objects(output, rows, k) for k, rows in lists.items()})


def write_run(output: Output, run: PastRun, entries: Callable[[], Iterable[Entry]]) -> None:
    """Print one import in full but the rows of its open preview."""
    facts: list[tuple[Text, object]] = [
        (Text("Import", "Import"), run.id),
        (Text("Filformat", "Format"), run.definition),
        (Text("Läge", "State"), full_state(run)),
        (Text("Fel", "Error"), run.error),
        (Text("Gjord av", "Made by"), user_at(run.user, run.started_at)),
        (Text("Klar", "Finished"), run.finished_at),
        (Text("Företag", "Company"), _company(run)),
        (Text("Region", "Region"), region(run.region)),
        (Text("Bankkonto", "Bank account"), run.bank_account),
        (Text("Datum", "Date"), run.date),
        *((Text(key, key), value) for key, value in run.settings.items()),
        (Text("Inte lästa", "Not read"), run.not_read or None),
        (Text("Antal anrop", "Requests made"), run.requests),
    ]
    write_facts(output, facts)
    _write_counts(output, run)
    if run.state == "saved":
        output.line()
        write_entries(output, entries)


def _write_counts(output: Output, run: PastRun) -> None:
    counts = [
        SumLine(kind_label(kind, run), kind, number, run.totals.get(kind))
        for kind, number in run.counts.items()
    ]
    if counts:
        output.line()
        write_table(output, SUMS, lambda: counts)


_KINDS = {
    "read": Text("Lästa", "Read"),
    "ready": Text("Kan sparas", "Can be saved"),
    "left": Text("Lämnade till nästa import", "Left to the next import"),
    "rejected": Text("Kan inte sparas", "Cannot be saved"),
    "ignored": Text("Ignorerade", "Ignored"),
    "equal": Text("Lika på båda ställena", "Equal in both places"),
    "differs": Text("Skiljer sig", "Different"),
    "only-in-fortnox": Text("Bara där", "Only there"),
    "only-in-host": Text("Bara här", "Only here"),
}


def kind_label(kind: str, run: PastRun) -> Text:
    if kind == "ready" and run.standing is not None:
        return saved_then_partly_undone(run.standing[0])
    if kind == "ready" and run.undone_at is not None:
        return SAVE_UNDONE
    if kind == "ready" and run.state == "saved":
        return Text("Sparade", "Saved")
    return label(_KINDS, kind)
