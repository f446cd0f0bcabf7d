"""The pages of a running job: its login, its progress, and the next page when it ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk import explanation, exports, overview, payment_import
from hostsim.desk.background_jobs import CANCELLATION, EXPORT, IMPORT, QUESTION, SIGN_IN, Job
from hostsim.desk.shared import desk_context, language, notify, word
from hostsim.errors import host_error
from hostsim.messages.desk import duration
from hostsim.messages.formats import count
from hostsim.messages.text import own, say

pages = Blueprint("jobs", __name__, url_prefix="/jobs")

#: The window behind the dialog, by the task of the job.
_UNDER: Mapping[str, Callable[..., str]] = {
    IMPORT: payment_import.window,
    QUESTION: explanation.window,
    EXPORT: exports.under_job,
    CANCELLATION: exports.under_job,
    SIGN_IN: overview.under_job,
}


class JobWords(NamedTuple):
    """What the pages say of a job: the keys of their texts."""

    title: str  # while it runs
    sign_in: str
    progress: str  # what the bar shows
    meanwhile: str  # what it does not do
    running: str  # on another page
    failed: str
    stopped: str


_OF_EXPORT = ("sign_in_to_export", "export_progress")

#: By the task of the job.
WORDS = {
    IMPORT: JobWords(
        *("importing", "sign_in", "progress", "nothing_saved"),
        *("import_running", "failed", "stopped"),
    ),
    QUESTION: JobWords(
        *("asking", "sign_in", "progress", "nothing_kept"),
        *("import_running", "question_failed", "stopped"),
    ),
    EXPORT: JobWords(
        *("exporting", *_OF_EXPORT, "nothing_sent_yet"),
        *("export_running", "export_failed", "export_stopped"),
    ),
    CANCELLATION: JobWords(
        *("taking_back", *_OF_EXPORT, "one_at_a_time"),
        *("export_running", "take_back_failed", "export_stopped"),
    ),
    SIGN_IN: JobWords(
        *("signing_in", "sign_in_alone", "sign_in_progress", "only_login"),
        *("sign_in_running", "sign_in_failed", "sign_in_stopped"),
    ),
}


@pages.get("/<job_id>")
def show(job_id: str) -> AnyResponse | str:
    job = _job(job_id)
    is_export = job.choice.task in {EXPORT, CANCELLATION}
    if job.run_id is not None and not is_export:
        return redirect(url_for("imports.show", run=job.run_id))
    if job.explanation is not None:
        return redirect(url_for("why.show", job=job.id, invoice=job.choice.number))
    if job.company is not None:
        return redirect(overview.page_after_sign_in(job.choice.definition, job.company))
    if is_export and (url := exports.next_page(job)):
        return redirect(url)
    under = _UNDER[job.choice.task]
    if job.ended.is_set():
        return under(dialog="failure", job=job, failure=job.failure)
    return under(dialog="progress", job=job, now=_progress(job))


@pages.get("/<job_id>/now")
def now(job_id: str) -> Response:
    return jsonify(_progress(_job(job_id)))


@pages.post("/<job_id>/stop")
def stop(job_id: str) -> AnyResponse:
    """Ask a job to stop; an import then stores nothing of what it has read."""
    _job(job_id).stop()
    return redirect(url_for(".show", job_id=job_id), 303)


@pages.get("/<job_id>/login")
def login(job_id: str) -> AnyResponse:
    """Redirect the browser that began a job to its login; no page shows that URL."""
    job = _job(job_id)
    url = job.login_url
    if url is None or not job.signing_in:
        return redirect(url_for(".show", job_id=job_id))
    if not desk_context().is_starter(job):
        raise host_error("LOGIN_ELSEWHERE")
    return redirect(url)


@pages.post("/<job_id>/answer")
def answer(job_id: str) -> AnyResponse:
    """Accept the URL that the login ended at, pasted because the redirect did not reach us."""
    job = _job(job_id)
    if not desk_context().is_starter(job):
        raise host_error("LOGIN_ELSEWHERE")
    refusal = job.answer(request.form.get("address", ""))
    if refusal is not None:
        notify(own(refusal), "error")
    return redirect(url_for(".show", job_id=job_id), 303)


@pages.get("/window")
def login_window() -> str:
    """Fill the login's window until its URL is known."""
    return render_template(
        "login_window.html", title=word("window_title"), sentence=word("window_wait")
    )


def _job(job_id: str) -> Job:
    job = desk_context().jobs.get(job_id)
    if job is None:
        raise host_error("PAGE_UNKNOWN")
    return job


def _progress(job: Job) -> dict[str, object]:
    progress = job.progress
    seconds_left = getattr(progress, "seconds_left", None)
    # Whoever answers a login decides whose books are read, so only its starter may.
    signing_in = job.signing_in and desk_context().is_starter(job)
    message = say(progress.message, language()) if progress else word("starting")
    if job.signing_in and not signing_in:
        message = say(host_error("LOGIN_ELSEWHERE").message, language())
    total = progress.total if progress else None
    done = progress.done if progress else 0
    done_of_total = word("n_of", n=count(done, language()), total=count(total or 0, language()))
    if total and not re.search(r"\d", message):
        message = f"{message} ({done_of_total})"
    return {
        "ended": job.ended.is_set() or job.plan.waiting,
        "waiting": job.plan.waiting,
        "login": url_for(".login", job_id=job.id, number=job.logins) if signing_in else None,
        "signing_in": signing_in,
        "stage": progress.stage if progress else "",
        "sentence": word("stopping") if job.stopping else message,
        "done": done,
        "total": total,
        "done_of": done_of_total if total else word("unknown"),
        "read": count(job.read, language()),
        "pages": count(job.pages, language()),
        # An estimate that has run out says nothing about the remaining time.
        "left": duration(seconds_left) if seconds_left and seconds_left >= 1 else word("unknown"),
    }
