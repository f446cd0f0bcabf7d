"""Schedules, the status of every company, and unattended runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hostsim.ledger import schedules as rules
from hostsim.messages import exports
from hostsim.messages.payments import counted
from hostsim.messages.text import say
from hostsim.views.labels import company, label
from hostsim.views.preview_output import company_object
from hostsim.views.table import Column, Sign, dumps, json_only
from opter_contract.values import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hostsim.ledger.schedules import Schedule, Scheduled, Timetable
    from hostsim.views.output import Output
    from opter_contract.values import EndedRun

OUTCOMES = {
    rules.SAVED: Text("Sparat", "Saved"),
    rules.NOTHING_NEW: Text("Inget nytt", "Nothing new"),
    rules.WAITS: Text("Väntar på en person", "Waits for a person"),
    rules.FAILED: Text("Misslyckades, försöker igen", "Failed, tries again"),
    rules.PAUSED: Text("Pausad", "Paused"),
}

_NOT_RUN = Text("Inte körd än", "Has not run yet")
_RUNS_AGAIN = Text("Försöker igen", "Tries again")

#: The status of an import or export.
STANDINGS = {
    rules.PAUSED: OUTCOMES[rules.PAUSED],
    rules.WAITS: OUTCOMES[rules.WAITS],
    rules.FAILED: OUTCOMES[rules.FAILED],
    rules.TO_RUN: Text("Ska köras", "To be run"),
    rules.FINE: Text("I ordning", "Fine"),
    rules.NOT_SCHEDULED: Text("Inget schema", "Not scheduled"),
}

SAVES = {
    rules.GREEN: Text("Det gröna", "What is green"),
    rules.NONE: Text("Inget", "Nothing"),
}

#: The sign of an outcome: done, a person is needed, or it did not work.
_SIGNS = {
    rules.SAVED: Sign("✓", "", "32"),
    rules.NOTHING_NEW: Sign("✓", "", "32"),
    rules.WAITS: Sign("⚑", "!", "33"),
    rules.FAILED: Sign("✗", "x", "31"),
    rules.PAUSED: Sign("✗", "x", "31"),
}
_NO_SIGN = Sign("", "", "0")


def what(subject: str) -> Text:
    """Return what is imported or exported."""
    return exports.WORDS[subject]["Page"] if subject else Text("Betalningar", "Payments")


def when(timetable: Timetable) -> Text:
    """Return when something runs, in words."""
    if timetable.daily is not None:
        return Text(f"dagligen {timetable.daily:%H:%M}", f"daily {timetable.daily:%H:%M}")
    minutes = _minutes(timetable) or 0
    hours, odd_minutes = divmod(minutes, 60)
    if odd_minutes:
        return Text(f"var {minutes} min", f"every {minutes} min")
    return (
        Text("varje timme", "every hour")
        if hours == 1
        else Text(f"var {hours} tim", f"every {hours} h")
    )


def state(schedule: Schedule | None) -> Text:
    """Return how the last run of a schedule ended."""
    if schedule is None:
        return STANDINGS[rules.NOT_SCHEDULED]
    if schedule.outcome is None:
        return _NOT_RUN
    if schedule.outcome == rules.PAUSED and not schedule.paused:
        return _RUNS_AGAIN
    return label(OUTCOMES, schedule.outcome)


def sign(schedule: Schedule | None) -> Sign:
    return _SIGNS.get((schedule and schedule.outcome) or "", _NO_SIGN)


def problem(schedule: Schedule | None) -> Text | None:
    """Return the error that ended the last run, if one did."""
    if schedule is None or schedule.error_code is None or schedule.resumed:
        return None
    sentence = schedule.error or Text("", "")
    return Text(f"{schedule.error_code}: {sentence.sv}", f"{schedule.error_code}: {sentence.en}")


def hindrance(schedule: Schedule | None) -> Text | None:
    """Return the error that hinders a schedule; ``None`` if a person has resumed it since."""
    if schedule is None or (schedule.outcome == rules.PAUSED and not schedule.paused):
        return None
    return schedule.error


def _minutes(timetable: Timetable) -> int | None:
    return None if timetable.every is None else timetable.every // timedelta(minutes=1)


def _next(schedule: Schedule | None) -> datetime | None:
    return None if schedule is None or schedule.paused else schedule.next_due


def _last(schedule: Schedule) -> Mapping[str, object] | None:
    if schedule.outcome is None:
        return None
    return {
        "ended_at": schedule.ended_at,
        "outcome": schedule.outcome,
        "counts": schedule.counts,
        "code": schedule.error_code,
        "sentence": schedule.error,
    }


SCHEDULES: tuple[Column[Schedule], ...] = (
    Column("name", Text("Namn", "Name"), lambda s: s.definition, json="name"),
    json_only("daily", lambda s: s.timetable.daily and f"{s.timetable.daily:%H:%M}"),
    json_only("every_minutes", lambda s: _minutes(s.timetable)),
    json_only("save", lambda s: s.save),
    json_only("next_due", _next),
    json_only("paused_at", lambda s: s.paused_at),
    json_only("waiting", lambda s: s.waiting),
    json_only("last", _last),
    Column("when", Text("När", "When"), lambda s: when(s.timetable)),
    Column("save", Text("Sparar", "Saves"), lambda s: label(SAVES, s.save)),
    Column("next", Text("Nästa", "Next"), _next),
    Column("last", Text("Senast", "Last"), lambda s: s.ended_at),
    Column("how", Text("Hur det gick", "How it went"), state),
    Column("problem", Text("Vad som hindrar", "What hinders"), problem, wide=True),
)


STATUS: tuple[Column[Scheduled], ...] = (
    json_only("name", lambda s: s.definition.name),
    json_only("subject", lambda s: s.definition.subject or None),
    json_only("company", lambda s: company_object(s.definition.company)),
    json_only("scheduled", lambda s: s.schedule is not None),
    json_only("outcome", lambda s: s.schedule and s.schedule.outcome),
    json_only("paused_at", lambda s: s.schedule and s.schedule.paused_at),
    json_only("waiting", lambda s: s.schedule and s.schedule.waiting),
    json_only("counts", lambda s: s.schedule.counts if s.schedule else {}),
    json_only("ended_at", lambda s: s.schedule and s.schedule.ended_at),
    json_only("next_due", lambda s: _next(s.schedule)),
    json_only("code", lambda s: s.schedule and s.schedule.error_code),
    json_only("sentence", lambda s: s.schedule and s.schedule.error),
    Column("sign", Text("", ""), lambda s: sign(s.schedule), page=False),
    Column("name", Text("Namn", "Name"), lambda s: s.definition.name, wide=True),
    Column(
        "company",
        Text("Företag", "Company"),
        lambda s: s.definition.company and company(s.definition.company),
        wide=True,
    ),
    Column("what", Text("Vad", "What"), lambda s: what(s.definition.subject), terminal=False),
    Column("how", Text("Hur det gick", "How it went"), lambda s: state(s.schedule), wide=True),
    Column(
        "waiting",
        Text("Väntar", "Waiting"),
        lambda s: (s.schedule and s.schedule.waiting) or None,
        right=True,
    ),
    Column("last", Text("Senast", "Last"), lambda s: s.schedule and s.schedule.ended_at),
    Column("next", Text("Nästa", "Next"), lambda s: _next(s.schedule)),
    Column(
        "problem",
        Text("Vad som hindrar", "What hinders"),
        lambda s: problem(s.schedule),
        wide=True,
        page=False,
    ),
    # A page shows the code of the chosen one only.
    Column(
        "problem",
        Text("Vad som hindrar", "What hinders"),
        lambda s: hindrance(s.schedule),
        wide=True,
        terminal=False,
    ),
)


def write_run_line(output: Output, run: EndedRun) -> None:
    """Print on one line how an unattended run ended."""
    parts = [label(OUTCOMES, run.outcome)]
    if run.code:
        sentence = run.message or Text("", "")
        parts.append(Text(f"{run.code}: {sentence.sv}", f"{run.code}: {sentence.en}"))
    counts = counted(run.counts, export=bool(run.subject))
    sentences = [say(part, output.language) for part in parts] + [say(counts, output.language)]
    shown = _SIGNS.get(run.outcome, _NO_SIGN)
    mark = output.style(shown.on(output), shown.colour)
    output.line(f"{mark} {run.definition}: {'; '.join(filter(None, sentences))}".strip())


def write_run_json(output: Output, run: EndedRun) -> None:
    """Write how an unattended run ended, as a JSON object on one line."""
    ended = {
        "name": run.definition,
        "company": company_object(run.company),
        "outcome": run.outcome,
        "counts": run.counts,
        "code": run.code or None,
    }
    output.write(dumps(ended, output) + "\n")
