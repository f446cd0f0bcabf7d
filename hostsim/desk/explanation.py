"""``Fråga om en faktura``: everything about one invoice, for a customer who says to have paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.background_jobs import QUESTION, Choice, Job
from hostsim.desk.shared import desk_context, job_page, notify_error, translated
from hostsim.errors import HostError, host_error
from hostsim.ledger.values import REGISTERED
from hostsim.messages.explanations import NO_DEFINITION, OFFLINE
from hostsim.messages.exports import INVOICES
from hostsim.messages.source_name import named
from hostsim.messages.text import own
from hostsim.services import outcomes
from hostsim.views import explanation as view
from hostsim.views import exports
from hostsim.views.table import on_page
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.services.explanation import Explanation

pages = Blueprint("why", __name__, url_prefix="/why")


@pages.get("", endpoint="show")
def window(job: Job | None = None, **dialog: object) -> str:
    """Show what is known about an invoice; after a question, the answer of the plug-in.

    :param dialog: the dialog in front of the window, and its values.
    """
    question = job.choice if job else Choice("")
    number = request.args.get("invoice", "").strip()[:200] or question.number
    chosen = request.args.get("format", "") or question.definition
    explanation, wrong = _explanation(number, chosen)
    back = url_for("why.show", invoice=number, format=chosen) if number else url_for("why.show")
    return render_template(
        "why.html",
        number=number,
        chosen=chosen,
        explanation=explanation,
        wrong=wrong,
        definitions=desk_context().definitions(),
        view=view,
        exports=exports,
        log_columns=[c for c in on_page(exports.of(INVOICES).log) if c.key != "invoice"],
        good_outcomes={REGISTERED, outcomes.BY_HAND},
        offline=None if explanation is None else named(OFFLINE, explanation.question.source),
        no_definition=NO_DEFINITION,
        source=translated(
            explanation.question.source if explanation else desk_context().host().source()
        ),
        back=back,
        job=job,
        **dialog,
    )


def _explanation(number: str, chosen: str) -> tuple[Explanation | None, Text | None]:
    job = desk_context().jobs.get(request.args.get("job", ""))
    if job is not None and job.explanation is not None:
        return job.explanation, None
    if not number:
        return None, None
    region = request.args.get("region")
    try:
        return desk_context().host().why(number, chosen or None, region=region, offline=True), None
    except HostError as error:
        return None, own(error.message)


@pages.post("/ask")
def ask() -> AnyResponse:
    """Ask the plug-in for the payments as they are now, which needs a login."""
    number, name = request.form.get("invoice", "").strip()[:200], request.form.get("format", "")
    if not number:
        raise host_error("PAGE_UNKNOWN")
    desk_context().store.definition(name)
    try:
        job = desk_context().start(Choice(name, task=QUESTION, number=number))
    except HostError as error:
        notify_error(error)
        return redirect(url_for("why.show", invoice=number, format=name), 303)
    return job_page(job)
