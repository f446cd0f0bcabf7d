"""``Ekonomi > Fakturor``: the invoices with their periods, and their export to other books."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.background_jobs import CANCELLATION, EXPORT, Choice, Job
from hostsim.desk.payment_import import csv_response
from hostsim.desk.shared import ListView, desk_context, list_view, notify, translated, word
from hostsim.errors import HostError, host_error
from hostsim.messages import exports as messages
from hostsim.messages.desk import page_text
from hostsim.messages.text import own
from hostsim.storage import export_lists
from hostsim.storage.export_previews import LISTS, ExportPreview
from hostsim.storage.lists import Selection, Source, all_of
from hostsim.views import exports as views
from hostsim.views.labels import label
from hostsim.views.table import Money
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Definition
    from hostsim.storage.export_previews import Chosen
    from hostsim.storage.export_states import ExportableItem

pages = Blueprint("exports", __name__, url_prefix="/invoices")

#: The lists of a run in the order of the page: first what can be sent, then what needs a person.
SECTIONS = (
    *("sent", "ready", "refused", "unknown", "cancelled", "adopted", "booked", "unchanged"),
)

#: Lists of which nobody has to do anything are folded.
FOLDED = frozenset({"unchanged"})

#: What stands below a row instead of in it.
BELOW = frozenset({"code", "message", "differences"})

#: How many customers are shown; a first export of a large register has thousands.
MOST_CARDS = 200


# --- The window --------------------------------------------------------------


@pages.get("", endpoint="show")
def window(job: Job | None = None, **dialog: object) -> str:
    """Show the periods and the invoices.

    :param job: what runs, of one export.
    :param dialog: what stands before the window.
    """
    definition = _chosen_export(None if job is None else job.choice.definition)
    name = None if definition is None else definition.name
    listed = list_view(
        "invoices",
        word("invoices"),
        _invoices(name),
        endpoint="exports.show",
        csv="exports.csv",
        fixed={} if name is None else {"export": name},
    )
    buttons = {
        one.item_number: word("take_back")
        for one in listed.page.entries
        if name is not None and one.may_be_taken_back
    }
    given = {
        "back": url_for("exports.show", export=name),
        "definitions": desk_context().definitions(exports=True),
    } | dialog
    return render_template(
        "invoices.html",
        listed=replace(listed, buttons=buttons, definition=name or ""),
        definition=definition,
        periods=desk_context().host().export_periods(name),
        period_columns=views.PERIODS,
        month=_month(),
        closed=_closed(),
        state_class=_state_class,
        state_now=views.state_now,
        running=desk_context().jobs.running(),
        job=job,
        **given,
    )


def _chosen_export(name: str | None = None) -> Definition | None:
    several = desk_context().definitions(exports=True)
    wanted = name or request.args.get("export")
    return next((one for one in several if one.name == wanted), several[0] if several else None)


def _invoices(name: str | None) -> Source:
    return desk_context().host().exportable_rows(name, _month(), closed=_closed())


def _month() -> str | None:
    month = request.args.get("month", "")
    return month if re.fullmatch(r"\d{4}-\d{2}", month, re.ASCII) else None


def _closed() -> bool | None:
    return {"1": True, "0": False}.get(request.args.get("closed", ""))


def _state_class(one: ExportableItem) -> str:
    if one.state in views.FLAGGED or (one.exported and (one.changed or not one.complete)):
        return "flag"
    return "tick" if one.state in views.TICKED else ""


@pages.get("/lists/<kind>.csv")
def csv(kind: str) -> Response:
    """Send a list as a file, filtered and sorted as it is shown."""
    run_id = request.args.get("run", "")
    state = kind.removeprefix("items-")
    prefix = ""
    if kind == "invoices":
        source = _invoices(request.args.get("export") or None)
    elif kind == "log":
        source = export_lists.log(request.args.get("export") or None, run_id or None)
    elif state in LISTS:
        source, prefix = export_lists.run_items(run_id, state), f"{state}_"
    else:
        raise host_error("PAGE_UNKNOWN")
    selected = all_of(desk_context().store, source, Selection.of(request.args, prefix))
    return csv_response(kind, f"fakturor-{state}", selected)


# --- Exportera ---------------------------------------------------------------


@pages.get("/export")
def ask_what_to_export() -> str:
    return _export_dialog({})


def _export_dialog(values: dict[str, str], wrong: dict[str, Text] | None = None) -> str:
    definition = _chosen_export()
    default = {
        "format": "" if definition is None else definition.name,
        "invoices": request.args.get("invoices", ""),
    }
    return window(
        dialog="export",
        values=default | values,
        wrong=dict.fromkeys(("format", "invoices")) | (wrong or {}),
    )


#: The errors that are about the numbers that were typed.
_OF_INVOICES = frozenset({"INVOICE_UNKNOWN", "EXPORT_WITHOUT_ROWS"})


@pages.post("/export")
def start() -> AnyResponse:
    form = {key: request.form.get(key, "") for key in ("format", "invoices")}
    if not form["format"]:
        page = _export_dialog(form, {"format": page_text("no_exports")})
        return make_response(page, 422)
    numbers = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", form["invoices"])))
    try:
        desk_context().host().refuse_what_cannot_be_exported(form["format"], numbers)
        job = desk_context().jobs.start(Choice(form["format"], task=EXPORT, invoices=numbers))
    except HostError as error:
        beside = "invoices" if error.code in _OF_INVOICES else "format"
        return make_response(_export_dialog(form, {beside: own(error.message)}), 422)
    return redirect(url_for("jobs.show", job_id=job.id), 303)


def after(job: Job) -> str | None:
    """Say what a job that has ended came to, and where it is shown; ``None`` where it failed."""
    run = None if job.run_id is None else desk_context().host().export_run(job.run_id)
    if job.choice.task == CANCELLATION:
        return None if run is None or job.failure is not None else _after_cancellation(job, run)
    if run is None or (job.failure is not None and not run.sent):
        return None
    if job.plan.expired:
        notify(messages.EXPIRED, "error")
    elif not run.sent and run.counts["items"]:
        notify(messages.NOTHING_SENT)
        return url_for("exports.show", export=run.definition)
    return url_for("exports.run", run=run.run_id)


# --- The plan, and what became of it -------------------------------------------


@pages.get("/plan")
def plan() -> AnyResponse | str:
    """Show what an export would do, while it waits for an answer."""
    job = _planned(request.args.get("job", ""))
    if not job.plan.waiting:
        return redirect(url_for("jobs.show", job_id=job.id))
    return _run_page(_plan_of(job), job)


@pages.get("/run")
def run() -> str:
    """Show what became of an export."""
    return _run_page(desk_context().host().export_run(request.args.get("run", "")))


def _run_page(preview: ExportPreview, job: Job | None = None) -> str:
    left_out = frozenset[str]() if job is None else job.plan.left_out
    address = {"run": preview.run_id} if job is None else {"job": job.id}
    gaps = list(preview.gaps())
    in_gaps = {item_id for gap in gaps for item_id in gap.ids}
    cards = list(_first(preview.cards(), MOST_CARDS))
    return render_template(
        "export_run.html",
        preview=preview,
        job=job,
        chosen=preview.without(left_out),
        sums=_sums,
        gaps=gaps,
        gap_of={item_id: gap for gap in reversed(gaps) for item_id in gap.ids},
        sections=[
            _section(preview, state, address, job, in_gaps)
            for state in SECTIONS
            if preview.counts[state]
        ],
        folded=FOLDED,
        cards=cards,
        actions=views.ACTIONS,
        counted=list(_counted(preview)),
        log=None if job is not None or not preview.sent else _log(preview),
        nothing=messages.NOTHING,
        failures=messages.lost_and_differing(
            preview.counts["unknown"], preview.failures - preview.counts["unknown"]
        ),
        back=url_for("exports.show", export=preview.definition),
    )


def _first(cards: Iterator[Any], most: int) -> Iterator[Any]:
    return (one for _, one in zip(range(most), cards, strict=False))


def _section(
    preview: ExportPreview,
    state: str,
    address: dict[str, str],
    job: Job | None,
    in_gaps: set[str],
) -> ListView:
    left_out = preview.sent and state == "ready"
    listed = list_view(
        f"items-{state}",
        word("left_out_of_it") if left_out else translated(views.TITLES[state]),
        export_lists.run_items(preview.run_id, state),
        endpoint="exports.run" if job is None else "exports.plan",
        csv="exports.csv",
        prefix=f"{state}_",
        fixed=address | {"run": preview.run_id} if job is None else address,
        hidden=BELOW,
    )
    if job is None:
        return listed
    may_be_left_out = state in {"ready", "adopted"}
    ticks = {
        one.id: one.id not in job.plan.left_out
        for one in listed.page.entries
        if may_be_left_out or one.id in in_gaps
    }
    return replace(listed, ticks=ticks or None)


def _counted(preview: ExportPreview) -> Iterator[tuple[str, Text, int]]:
    """Count what a plan has, or what became of it."""
    counts = dict(preview.counts)
    if not preview.sent:
        # What can be sent is told by what it does there.
        counts |= {"ready": 0, **Counter(one.action for one in preview.items("ready"))}
    for kind, (one, several) in messages.COUNTED.items():
        if counts.get(kind):
            yield kind, one if counts[kind] == 1 else several, counts[kind]


def _sums(chosen: Chosen) -> tuple[list[Money], list[Money]]:
    """Give the totals here and there, a sum a currency."""
    here = [Money(ours, currency) for currency, (ours, _) in chosen.totals.items()]
    there = [Money(theirs, currency) for currency, (_, theirs) in chosen.totals.items()]
    return here, there


@pages.post("/plan/tick")
def tick() -> AnyResponse:
    """Note what is ticked; nothing is sent."""
    job = _planned(request.args.get("job", ""))
    _note_ticks(job)
    preview = _plan_of(job)
    every = request.form.get("every", "")
    if every == "all":
        job.plan.left_out = set()
    elif every == "none":
        job.plan.left_out = set(preview.ids())
    elif every == "gaps":
        job.plan.left_out |= set(preview.ids()) - set(preview.ids_without_gaps())
    values = {key: value for key, value in request.args.items() if key != "job"}
    return redirect(url_for(".plan", job=job.id, **values), 303)  # type: ignore[arg-type]


@pages.post("/plan/send")
def send() -> AnyResponse:
    """Send what is ticked, and nothing else."""
    job = _planned(request.args.get("job", ""))
    if job.plan.waiting:
        _note_ticks(job)
        chosen = _plan_of(job).without(job.plan.left_out)
        if not chosen.possible:
            notify(messages.GAPS_TICKED if chosen.gaps else messages.NOTHING_TICKED, "error")
            return redirect(url_for(".plan", job=job.id), 303)
        job.plan.answer(chosen.ids)
    return redirect(url_for("jobs.show", job_id=job.id), 303)


@pages.post("/plan/close")
def close() -> AnyResponse:
    """End an export that waits, without sending anything."""
    job = _planned(request.args.get("job", ""))
    if job.plan.answer(None):
        job.ended.wait(10)
    return redirect(url_for("jobs.show", job_id=job.id), 303)


def _note_ticks(job: Job) -> None:
    job.plan.tick(request.form.getlist("shown"), request.form.getlist("item"))


def _planned(job_id: str) -> Job:
    """Give an export that has been planned."""
    job = desk_context().jobs.get(job_id)
    if job is None or job.choice.task != EXPORT or job.run_id is None:
        raise host_error("PAGE_UNKNOWN")
    return job


def _plan_of(job: Job) -> ExportPreview:
    return desk_context().host().export_run(job.run_id or "")


# --- The log -------------------------------------------------------------------


@pages.get("/log", endpoint="log")
def show_log() -> str:
    """Show what exports did with each invoice, when and by whom."""
    name = request.args.get("export") or None
    listed = list_view(
        "log",
        word("export_log"),
        export_lists.log(name),
        endpoint="exports.log",
        csv="exports.csv",
    )
    return render_template("export_log.html", listed=listed)


def _log(preview: ExportPreview) -> ListView:
    return list_view(
        "log",
        word("export_log"),
        export_lists.log(run_id=preview.run_id),
        endpoint="exports.run",
        csv="exports.csv",
        prefix="log_",
        fixed={"run": preview.run_id},
    )


# --- Ta tillbaka ---------------------------------------------------------------


@pages.get("/take-back")
def ask_to_take_back() -> str:
    number = request.args.get("number", "")
    host, name = desk_context().host(), request.args.get("export", "")
    found = host.exported(name, number)
    source = translated(
        host.source(desk_context().store.definition(name, exports=True).import_type)
    )
    return window(dialog="take_back", one=found, source=source)


@pages.post("/take-back")
def take_back() -> AnyResponse:
    name, number = request.form.get("format", ""), request.form.get("number", "")
    try:
        job = desk_context().jobs.start(Choice(name, task=CANCELLATION, invoice=number))
    except HostError as error:
        notify(own(error.message), "error")
        return redirect(url_for(".show", export=name), 303)
    return redirect(url_for("jobs.show", job_id=job.id), 303)


def _after_cancellation(job: Job, run: ExportPreview) -> str:
    one = next(run.items(), None)
    if run.counts["cancelled"]:
        definition = desk_context().store.definition(run.definition, exports=True)
        source = translated(desk_context().host().source(definition.import_type))
        notify(page_text("taken_back", number=job.choice.invoice, name=source))
    elif one is not None:
        notify(one.message or label(views.STATES, one.state), "error")
    return url_for("exports.show", export=run.definition)
