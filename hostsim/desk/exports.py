"""``Ekonomi > Fakturor`` and ``Leverantörsavräkningar``: their periods, and their export."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.background_jobs import CANCELLATION, EXPORT, Choice, Job, ticks_changed
from hostsim.desk.downloads import FORM, list_file
from hostsim.desk.shared import (
    ListView,
    desk_context,
    form_values,
    job_page,
    list_view,
    notify,
    notify_error,
    translated,
    with_query,
    word,
)
from hostsim.errors import HostError, host_error
from hostsim.messages import exports as messages
from hostsim.messages.desk import page_text
from hostsim.messages.text import own
from hostsim.storage import exportable_items
from hostsim.storage.export_previews import ExportPreview, run_items
from hostsim.storage.lists import Selection, Source
from hostsim.views import exports as views
from hostsim.views.labels import BANK_FIELDS, label
from hostsim.views.table import Column, Money
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Definition
    from hostsim.storage.export_previews import Chosen, ShownChange
    from hostsim.storage.exportable_items import ExportableItem
    from hostsim.views.exports import SubjectViews

#: Registered once for each of :data:`SUBJECTS`.
pages = Blueprint("exports", __name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of item that is exported, and its pages."""

    code: str  # as plug-ins call it
    name: str  # of its pages, in their URLs, and of the list of its items
    files: str  # prefix of the names of its files

    @property
    def views(self) -> SubjectViews:
        return views.of(self.code)

    def text(self, key: str, **values: object) -> Text:
        return page_text(key, subject=self.code, **values)

    def word(self, key: str, **values: object) -> str:
        return word(key, subject=self.code, **values)

    def url(self, endpoint: str, **values: Any) -> str:
        return url_for(f"{self.name}.{endpoint}", **values)

    def render(self, template: str, **context: object) -> str:
        """Render a template with the texts and URLs of this subject."""
        return render_template(template, subject=self, w=self.word, to=self.url, **context)

    def columns(self, kind: str) -> Sequence[Column[Any]]:
        """Return the columns of a list on the pages."""
        columns: Mapping[str, Sequence[Column[Any]]] = {
            self.name: self.views.exportable,
            "log": self.views.log,
        }
        return columns.get(kind, self.views.items)

    def listed(
        self, name: str, title: str, source: Source, *, endpoint: str, **more: Any
    ) -> ListView:
        """Read a page of a list on these pages, as :func:`list_view` does."""
        return list_view(
            name,
            title,
            source,
            endpoint=f"{self.name}.{endpoint}",
            columns=self.columns(name),
            **more,
        )


SUBJECTS: Mapping[str, Subject] = {
    subject.code: subject
    for subject in (
        Subject(messages.INVOICES, "invoices", "fakturor"),
        Subject(messages.BILLS, "bills", "avrakningar"),
    )
}


def _current_subject() -> Subject:
    return next(subject for subject in SUBJECTS.values() if subject.name == request.blueprint)


def _subject_of(definition: str) -> Subject:
    return SUBJECTS[desk_context().store.definition(definition, exports=True).subject]


#: The lists of a run in the order of the page: what can be sent before what needs a person.
SECTIONS = (
    *("sent", "ready", "waiting", "refused", "unknown"),
    *("cancelled", "adopted", "booked", "unchanged"),
)

#: Lists that need no action are folded.
FOLDED = frozenset({"unchanged"})

#: Columns that are shown below a row instead of in it.
BELOW = frozenset({"code", "message", "differences"})

#: How many customers are shown; a first export of a large register has thousands.
MAX_CARDS = 200


# --- The window --------------------------------------------------------------


@pages.get("")
def show() -> str:
    return window(_current_subject())


def window(subject: Subject, job: Job | None = None, **dialog: object) -> str:
    """Show the periods and the items of a subject.

    :param job: the running job of an export.
    :param dialog: the dialog in front of the window, and its values.
    """
    definition = _chosen_export(subject, None if job is None else job.choice.definition)
    name = None if definition is None else definition.name
    listed = subject.listed(
        subject.name,
        subject.word("exports_page"),
        _items(subject, name),
        endpoint="show",
        fixed={} if name is None else {"export": name},
    )
    buttons = {
        item.item_number: word("take_back")
        for item in listed.page.entries
        if name is not None and item.may_be_taken_back
    }
    context = {
        "back": subject.url("show", export=name),
        "definitions": desk_context().definitions(subject.code),
    } | dialog
    return subject.render(
        "exports.html",
        listed=replace(listed, buttons=buttons, definition=name or ""),
        definition=definition,
        periods=desk_context().host().export_periods(name, subject.code),
        period_columns=subject.views.periods,
        month=_month_filter(),
        closed=_closed_filter(),
        state_class=_state_class,
        state_now=views.state_now,
        running=desk_context().jobs.running(),
        job=job,
        **context,
    )


def under_job(job: Job, **dialog: object) -> str:
    """Show the window of the subject that a job exports or cancels."""
    return window(_subject_of(job.choice.definition), job, **dialog)


def _chosen_export(subject: Subject, name: str | None = None) -> Definition | None:
    definitions = desk_context().definitions(subject.code)
    name = name or request.args.get("export")
    first = definitions[0] if definitions else None
    return next((definition for definition in definitions if definition.name == name), first)


def _items(subject: Subject, name: str | None) -> Source:
    host = desk_context().host()
    return host.exportable_rows(
        name, _month_filter(), closed=_closed_filter(), subject=subject.code
    )


def _month_filter() -> str | None:
    month = request.args.get("month", "")
    return month if re.fullmatch(r"\d{4}-\d{2}", month, re.ASCII) else None


def _closed_filter() -> bool | None:
    return {"1": True, "0": False}.get(request.args.get("closed", ""))


def _state_class(item: ExportableItem) -> str:
    if item.state in views.FLAGGED or (item.exported and (item.changed or not item.complete)):
        return "flag"
    return "tick" if item.state in views.TICKED else ""


@pages.get(f"/lists/<kind>.{FORM}")
def file(kind: str, form: str) -> Response:
    """Send a list as a file, filtered and sorted as it is shown."""
    subject, run_id = _current_subject(), request.args.get("run", "")
    export, state, prefix = request.args.get("export") or None, kind.removeprefix("items-"), ""
    if kind == subject.name:
        source = _items(subject, export)
    elif kind == "log":
        source = exportable_items.log(export, run_id or None, subject.code)
    elif state in subject.views.lists:
        source, prefix = run_items(run_id, state), f"{state}_"
    else:
        raise host_error("PAGE_UNKNOWN")
    name = subject.files if kind == subject.name else f"{subject.files}-{state}"
    title, selection = subject.word("exports_page"), Selection.of(request.args, prefix)
    return list_file(form, name, title, source, selection, columns=subject.columns(kind))


# --- Exportera ---------------------------------------------------------------


@pages.get("/export")
def ask_what_to_export() -> str:
    return _export_dialog({})


def _export_dialog(values: dict[str, str], wrong: dict[str, Text] | None = None) -> str:
    subject = _current_subject()
    definition = _chosen_export(subject)
    default = {
        "format": "" if definition is None else definition.name,
        "numbers": request.args.get("numbers", ""),
    }
    return window(
        subject,
        dialog="export",
        values=default | values,
        wrong=dict.fromkeys(("format", "numbers")) | (wrong or {}),
    )


#: Errors about the numbers that were typed.
_NUMBER_ERRORS = frozenset({*messages.UNKNOWN_ITEM.values(), "EXPORT_WITHOUT_ROWS"})


@pages.post("/export")
def start() -> AnyResponse:
    form = form_values(("format", "numbers"))
    if not form["format"]:
        page = _export_dialog(form, {"format": _current_subject().text("no_exports")})
        return make_response(page, 422)
    numbers = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", form["numbers"])))
    try:
        desk_context().host().refuse_not_exportable(form["format"], numbers)
        job = desk_context().start(Choice(form["format"], task=EXPORT, numbers=numbers))
    except HostError as error:
        field = "numbers" if error.code in _NUMBER_ERRORS else "format"
        return make_response(_export_dialog(form, {field: own(error.message)}), 422)
    return job_page(job)


def next_page(job: Job) -> str | None:
    """Return the URL of a plan that waits for an answer, or of the result of an ended job.

    :return: ``None`` while the job runs, or if it failed.
    """
    if job.plan.waiting:
        return _subject_of(job.choice.definition).url("plan", job=job.id)
    if not job.ended.is_set() or job.run_id is None:
        return None
    run = desk_context().host().export_run(job.run_id)
    subject = SUBJECTS[run.subject]
    if job.choice.task == CANCELLATION:
        return None if job.failure is not None else _page_after_cancellation(subject, job, run)
    if job.failure is not None and not run.sent:
        return None
    if job.plan.expired:
        notify(messages.EXPIRED, "error")
    elif not run.sent and run.counts["items"]:
        notify(messages.NOTHING_SENT)
        return subject.url("show", export=run.definition)
    return subject.url("run", run=run.run_id)


# --- The plan, and its result --------------------------------------------------


@pages.get("/plan")
def plan() -> AnyResponse | str:
    """Show what an export would do, while it waits for an answer."""
    job = _planned_job(request.args.get("job", ""))
    if not job.plan.waiting:
        return redirect(url_for("jobs.show", job_id=job.id))
    return _run_page(_preview_of(job), job)


@pages.get("/run")
def run() -> str:
    """Show the result of an export."""
    return _run_page(desk_context().host().export_run(request.args.get("run", "")))


def _run_page(preview: ExportPreview, job: Job | None = None) -> str:
    subject = SUBJECTS[preview.subject]
    left_out = frozenset[str]() if job is None else job.plan.left_out
    chosen = preview.without(left_out)
    gaps = list(preview.gaps())
    gap_of = {item_id: gap for gap in reversed(gaps) for item_id in gap.ids}
    cards = list(islice(preview.cards(), MAX_CARDS))
    return subject.render(
        "export_run.html",
        preview=preview,
        job=job,
        chosen=chosen,
        digest=_digest(chosen),
        totals=_totals,
        titles=subject.views.titles,
        bank=_by_party(preview.bank_changes()),
        bank_field=partial(label, BANK_FIELDS),
        source=_source(preview.definition),
        gaps=gaps,
        gap_of=gap_of,
        sections=[
            _section(preview, state, job, gap_of.keys())
            for state in SECTIONS
            if preview.counts[state]
        ],
        folded=FOLDED,
        cards=cards,
        actions=views.ACTIONS,
        counts=list(_counts(preview)),
        log=None if job is not None or not preview.sent else _log(preview),
        nothing=views.nothing(preview),
        failures=views.to_look_at(preview),
        back=subject.url("show", export=preview.definition),
    )


def _by_party(changes: Iterable[ShownChange]) -> Mapping[str, Sequence[ShownChange]]:
    by_party: dict[str, list[ShownChange]] = {}
    for change in changes:
        by_party.setdefault(change.party_number, []).append(change)
    return by_party


def _section(
    preview: ExportPreview, state: str, job: Job | None, in_gaps: Collection[str]
) -> ListView:
    subject = SUBJECTS[preview.subject]
    left_out = preview.sent and state == "ready"
    listed = subject.listed(
        f"items-{state}",
        subject.word("left_out_of_it") if left_out else translated(subject.views.titles[state]),
        run_items(preview.run_id, state),
        endpoint="run" if job is None else "plan",
        prefix=f"{state}_",
        fixed={"run": preview.run_id} if job is None else {"job": job.id},
        hidden=BELOW,
    )
    if job is None or state == "waiting":
        return listed
    may_be_left_out = state in {"ready", "adopted"}
    ticks = {
        item.id: item.id not in job.plan.left_out
        for item in listed.page.entries
        if may_be_left_out or item.id in in_gaps
    }
    return replace(listed, ticks=ticks or None)


def _counts(preview: ExportPreview) -> Iterator[tuple[str, Text, int]]:
    """Count the items of a plan, or of its result, by kind."""
    counts = dict(preview.counts)
    if not preview.sent:
        # Ready items are counted by what sending them does.
        actions = Counter[str](item.action for item in preview.items("ready"))
        counts |= {"ready": 0, **actions}
    for kind, (singular, plural) in messages.COUNTED.items():
        if counts.get(kind):
            yield kind, singular if counts[kind] == 1 else plural, counts[kind]


def _totals(chosen: Chosen) -> tuple[list[Money], list[Money]]:
    """Return the totals here and at the receiver, one per currency."""
    local = [Money(total, currency) for currency, (total, _) in chosen.totals.items()]
    remote = [Money(total, currency) for currency, (_, total) in chosen.totals.items()]
    return local, remote


def _digest(chosen: Chosen) -> str:
    """Return a digest of the items that a page showed as to be sent."""
    return hashlib.sha256("\n".join(chosen.ids).encode()).hexdigest()[:16]


@pages.post("/plan/tick")
def tick() -> AnyResponse:
    """Store which rows are ticked; nothing is sent."""
    job = _planned_job(request.args.get("job", ""))
    _store_ticks(job)
    preview = _preview_of(job)
    every = request.form.get("every", "")
    if every == "all":
        job.plan.tick(shown=(), ticked=preview.ids())
    elif every == "none":
        job.plan.tick(shown=preview.ids(), ticked=())
    elif every == "gaps":
        job.plan.tick(shown=set(preview.ids()) - set(preview.ids_without_gaps()), ticked=())
    return _back_to_plan()


def _back_to_plan() -> AnyResponse:
    return redirect(with_query(".plan"), 303)


@pages.post("/plan/confirm")
def confirm() -> AnyResponse:
    """Confirm the shown bank details of a supplier, in the name of the person."""
    job = _planned_job(request.args.get("job", ""))
    _store_ticks(job)
    if job.plan.waiting:
        host, number = desk_context().host(), request.form.get("party", "")
        try:
            [change, *_] = host.confirm_bank(job.choice.definition, number, job.run_id)
        except HostError as error:
            notify_error(error)
        else:
            notify(_current_subject().text("bank_confirmed", name=change.party or number))
    return _back_to_plan()


@pages.post("/plan/send")
def send() -> AnyResponse:
    """Send the ticked items only, or nothing if another window changed the plan."""
    job = _planned_job(request.args.get("job", ""))
    if job.plan.waiting:
        refusal = _send(job)
        if refusal is not None:
            notify(messages.said(refusal, _current_subject().code), "error")
            return _back_to_plan()
    return job_page(job)


def _send(job: Job) -> Text | None:
    """Send the ticked items; return the reason if nothing is sent."""
    preview, left_out = _preview_of(job), job.plan.left_out
    # Before the digest: what another window ticks or confirms after this is not sent, and what it
    # did before changes the digest.
    chosen = preview.without(ticks_changed(left_out, *_ticks()))
    if _digest(preview.without(left_out)) != request.form.get("seen"):
        return messages.PLAN_CHANGED
    _store_ticks(job)
    if not chosen.possible:
        return messages.GAPS_TICKED if chosen.gaps else messages.NOTHING_TICKED
    job.plan.answer(chosen.ids)
    return None


@pages.post("/plan/close")
def close() -> AnyResponse:
    """End a waiting export without sending anything."""
    job = _planned_job(request.args.get("job", ""))
    if job.plan.answer(None):
        job.ended.wait(10)
    return job_page(job)


def _store_ticks(job: Job) -> None:
    job.plan.tick(*_ticks())


def _ticks() -> tuple[Collection[str], Collection[str]]:
    """Return the rows that the page of a form showed, and those that it has ticked."""
    return request.form.getlist("shown"), request.form.getlist("item")


def _planned_job(job_id: str) -> Job:
    """Return the job of an export that has been planned."""
    job = desk_context().jobs.get(job_id)
    if job is None or job.choice.task != EXPORT or job.run_id is None:
        raise host_error("PAGE_UNKNOWN")
    return job


def _preview_of(job: Job) -> ExportPreview:
    return desk_context().host().export_run(job.run_id or "")


# --- The log -------------------------------------------------------------------


@pages.get("/log", endpoint="log")
def show_log() -> str:
    """Show what each export did with each item, when and by whom."""
    subject, name = _current_subject(), request.args.get("export") or None
    source = exportable_items.log(name, subject=subject.code)
    listed = subject.listed("log", subject.word("export_log"), source, endpoint="log")
    return subject.render("export_log.html", listed=listed)


def _log(preview: ExportPreview) -> ListView:
    subject = SUBJECTS[preview.subject]
    return subject.listed(
        "log",
        subject.word("export_log"),
        exportable_items.log(run_id=preview.run_id),
        endpoint="run",
        prefix="log_",
        fixed={"run": preview.run_id},
    )


# --- Ta tillbaka ---------------------------------------------------------------


@pages.get("/take-back")
def ask_to_take_back() -> str:
    number, name = request.args.get("number", ""), request.args.get("export", "")
    item = desk_context().host().exported(name, number)
    return window(_subject_of(name), dialog="take_back", item=item, source=_source(name))


def _source(name: str) -> str:
    """Return the name of the system that the items of an export are sent to."""
    definition = desk_context().store.definition(name, exports=True)
    return translated(desk_context().host().source(definition.import_type))


@pages.post("/take-back")
def take_back() -> AnyResponse:
    name, number = request.form.get("format", ""), request.form.get("number", "")
    try:
        job = desk_context().start(Choice(name, task=CANCELLATION, number=number))
    except HostError as error:
        notify_error(error)
        return redirect(url_for(".show", export=name), 303)
    return job_page(job)


def _page_after_cancellation(subject: Subject, job: Job, run: ExportPreview) -> str:
    item = next(run.items(), None)
    if run.counts["cancelled"]:
        source = _source(run.definition)
        notify(subject.text("taken_back", number=job.choice.number, name=source))
    elif item is not None:
        notify(item.message or label(views.STATES, item.state), "error")
    return subject.url("show", export=run.definition)
