"""``Översikt``: the state of every import and export, what needs a person, and the schedules."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk import exports
from hostsim.desk.background_jobs import SIGN_IN, Choice, Job
from hostsim.desk.downloads import FORM, page_file
from hostsim.desk.shared import desk_context, job_page, list_view, notify, word
from hostsim.errors import host_error
from hostsim.ledger.schedules import (
    FAILED,
    FINE,
    GREEN,
    NONE,
    NOT_SCHEDULED,
    PAUSED,
    TO_RUN,
    WAITS,
    Scheduled,
    Timetable,
    interval,
    time_of_day,
)
from hostsim.messages.desk import page_text
from hostsim.messages.payments import counted
from hostsim.storage import previews, schedules
from hostsim.views.errors import every_error
from hostsim.views.schedules import SAVES, hindrance, state, what, when

if TYPE_CHECKING:
    from opter_contract.values import Company, Text

pages = Blueprint("overview", __name__, url_prefix="/overview")

#: The texts that count the definitions in each state, in the order of the page.
STATE_COUNTS = {
    FINE: "n_fine",
    WAITS: "n_wait",
    FAILED: "n_failed",
    PAUSED: "n_paused",
    TO_RUN: "n_to_run",
    NOT_SCHEDULED: "n_not_scheduled",
}

#: The icons of the states; the others have none.
ICONS = {FINE: "tick", WAITS: "flag", FAILED: "stop", PAUSED: "stop"}

#: The kinds of failures that a person may fix by signing in.
LOGIN = "login"
FIXED_BY_LOGIN = frozenset({LOGIN, "permission"})

#: A schedule overdue for longer suggests that nothing runs the schedules.
MAX_DELAY = timedelta(hours=1)

# The values of the form's choice when something runs.
DAILY = "daily"
EVERY = "every"
NEVER = "never"
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}


# --- The window --------------------------------------------------------------


@pages.get("", endpoint="show")
def window(name: str | None = None, **dialog: object) -> str:
    """Show all definitions on the left, and the chosen one on the right.

    :param name: of the chosen one; by default as in the URL, else the first.
    :param dialog: the dialog in front of the window, and its values.
    """
    store = desk_context().store
    listed = list_view(
        "overview",
        word("overview"),
        schedules.overview(),
        endpoint="overview.show",
        row_argument="of",
    )
    chosen = schedules.scheduled(store, name or request.args.get("of", ""))
    if chosen is None and listed.page.entries:
        chosen = listed.page.entries[0]
    context = {"back": url_for("overview.show", **_list_arguments())} | dialog
    return render_template(
        "overview.html",
        listed=listed,
        state_counts=STATE_COUNTS,
        icons=ICONS,
        chosen=None if chosen is None else _chosen(chosen),
        ended=state,
        hindrance=hindrance,
        what=what,
        when_of=when,
        saves=SAVES,
        counted=counted,
        late=schedules.overdue(store, desk_context().clock() - MAX_DELAY),
        running=desk_context().jobs.running(),
        list_arguments=_list_arguments(),
        **context,
    )


def _list_arguments() -> dict[str, Any]:
    """Return the arguments of the URL that leads back to the list as it is."""
    return {key: value for key, value in request.args.items() if value and key != "kind"}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The chosen row, and where a person can go from it."""

    row: Scheduled
    export: exports.Subject | None
    run: sqlite3.Row | None  # the open preview of an import, or its last save
    login: str  # "needed", "may" if a permission may be missing, otherwise ""

    @property
    def name(self) -> str:
        return self.row.definition.name


def _chosen(row: Scheduled) -> _Chosen:
    export = exports.SUBJECTS.get(row.definition.subject)
    run = previews.run_to_show(desk_context().store, row.definition.name)
    return _Chosen(row, export, run, _login_help(row))


def _login_help(row: Scheduled) -> str:
    schedule = row.schedule
    if schedule is None or not schedule.paused:
        return ""
    errors = every_error(desk_context().plugins)
    kinds = {error.kind for error in errors if error.code == schedule.error_code}
    if LOGIN in kinds:
        return "needed"
    return "may" if kinds & FIXED_BY_LOGIN else ""


@pages.get(f"/overview.{FORM}")
def file(form: str) -> Response:
    return page_file(form, "overview", schedules.overview())


#: Names proposed while one is typed.
MAX_PROPOSALS = 20


@pages.get("/names")
def propose_names() -> Response:
    """Return the names of imports, or of exports of a subject, that contain the typed text."""
    typed = request.args.get("q", "").casefold()
    definitions = desk_context().definitions(request.args.get("subject", ""))
    names = (definition.name for definition in definitions)
    matches = (name for name in names if typed in name.casefold())
    return jsonify(list(islice(matches, MAX_PROPOSALS)))


# --- Its actions ---------------------------------------------------------------


@pages.post("/resume")
def resume() -> AnyResponse:
    """Resume one paused schedule, or all."""
    name = None if request.form.get("all") else request.form.get("name", "")
    resumed = desk_context().host().resume(name)
    if name is None:
        notify(page_text("resumed_all", n=resumed))
    elif resumed:
        notify(page_text("resumed", name=name))
    return _back()


@pages.post("/sign-in")
def sign_in() -> AnyResponse:
    """Start a login as an import does; the definition is due again afterwards."""
    definition = desk_context().store.definition(request.form.get("format", ""), exports=None)
    job = desk_context().start(Choice(definition.name, task=SIGN_IN))
    return job_page(job)


def under_job(job: Job, **dialog: object) -> str:
    """Show the window under the progress of a login."""
    name = job.choice.definition
    return window(name, job=job, **{"back": url_for("overview.show", of=name)} | dialog)


def page_after_sign_in(name: str, company: Company) -> str:
    """Notify of the company of a login; return the URL of the next page."""
    notify(page_text("signed_in", name=name, company=f"{company.name} ({company.number})"))
    return url_for("overview.show", of=name)


def _back() -> AnyResponse:
    return redirect(url_for(".show", **_list_arguments()), 303)


# --- The schedule --------------------------------------------------------------


@pages.get("/schedule")
def ask_when() -> str:
    return _dialog(_values_of(_requested_row()))


def _requested_row() -> Scheduled:
    row = schedules.scheduled(desk_context().store, request.args.get("of", ""))
    if row is None:
        raise host_error("PAGE_UNKNOWN")
    return row


def _values_of(chosen: Scheduled) -> dict[str, str]:
    """Return the form's values for the schedule, or the defaults if there is none."""
    values = {"when": DAILY, "daily": "06:00", "every": "30", "unit": "m", "save": NONE}
    if chosen.schedule is None:
        return values
    values["save"] = chosen.schedule.save
    timetable = chosen.schedule.timetable
    if timetable.daily is not None:
        return values | {"daily": f"{timetable.daily:%H:%M}"}
    if timetable.every is None:
        return values
    unit = "m" if timetable.every % UNITS["h"] else "h"
    return values | {"when": EVERY, "every": str(timetable.every // UNITS[unit]), "unit": unit}


def _dialog(values: Mapping[str, str], wrong: Mapping[str, Text] | None = None) -> str:
    return window(
        dialog="schedule",
        values=dict(values),
        wrong=dict.fromkeys((DAILY, EVERY)) | dict(wrong or {}),
        saves_green=GREEN,
        saves_none=NONE,
    )


@pages.post("/schedule")
def set_when() -> AnyResponse:
    chosen = _requested_row()
    name = chosen.definition.name
    defaults = _values_of(chosen)
    form = {key: request.form.get(key, default) for key, default in defaults.items()}
    if form["when"] not in {DAILY, EVERY, NEVER} or form["unit"] not in UNITS:
        raise host_error("PAGE_UNKNOWN")
    if form["save"] not in {GREEN, NONE}:
        raise host_error("PAGE_UNKNOWN")
    host = desk_context().host()
    if form["when"] == NEVER:
        if chosen.schedule is not None:
            host.unschedule(name)
        notify(page_text("schedule_removed", name=name))
        return _back()
    timetable = _timetable(form)
    if timetable is None:
        field = EVERY if form["when"] == EVERY else DAILY
        sentence = page_text("every_wrong" if field == EVERY else "daily_wrong")
        return make_response(_dialog(form, {field: sentence}), 422)
    host.set_schedule(name, timetable, form["save"])
    notify(page_text("schedule_stored", name=name, when=when(timetable)))
    return _back()


def _timetable(form: Mapping[str, str]) -> Timetable | None:
    """Parse when something is to run; ``None`` if it is no time, or too short or too long."""
    if form["when"] == EVERY:
        every = interval(f"{form['every'].strip()}{form['unit']}")
        return None if every is None else Timetable(every=every)
    daily = time_of_day(form["daily"])
    return None if daily is None else Timetable(daily=daily)
