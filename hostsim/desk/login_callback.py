"""The callback of a login, at a desk with a public URL.

It is passed on to the plug-in of the job with its ``state``, if the same user started that
job in the same browser. Neither ``state`` nor ``code`` is shown.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from hostsim.desk.reverse_proxy import CALLBACK
from hostsim.desk.shared import desk_context, translated
from hostsim.messages.desk import page_text
from hostsim.messages.text import own
from opter_contract.values import Text

pages = Blueprint("login", __name__)


@pages.get(CALLBACK)
def answer() -> Response:
    desk = desk_context()
    refusal: Text | None = page_text("login_unexpected")
    query = request.query_string.decode("latin-1")
    states = request.args.getlist("state") if query else None
    # A HEAD request is no redirect of a login, and a browser that prefetches comes again.
    is_navigation = request.method == "GET" and "Sec-Purpose" not in request.headers
    job = desk.job_of_login(states) if is_navigation else None
    if job is not None:
        message = job.answer(f"{desk.redirect_uri}?{query}")
        refusal = None if message is None else own(message)
    page = render_template(
        "login_window.html",
        title=translated(page_text("login_answered" if refusal is None else "not_done")),
        sentence=translated(refusal or page_text("login_goes_on")),
    )
    return make_response(page, 200 if refusal is None else 400)
