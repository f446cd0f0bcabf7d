"""The Flask application of the desk: template context, filters, errors and blueprints."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Iterable
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from jinja2 import StrictUndefined
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import IntegerConverter, Map
from werkzeug.utils import cached_property
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk import (
    decisions,
    explanation,
    exports,
    hand_payments,
    job_pages,
    login_callback,
    open_invoices,
    overview,
    payment_import,
    payment_register,
    runs,
    settings,
)
from hostsim.desk.access_control import guard, token
from hostsim.desk.context import DeskContext
from hostsim.desk.reverse_proxy import NO_PROXY, ReverseProxy
from hostsim.desk.shared import KEY, desk_context, language, notify, translated, word
from hostsim.errors import host_error
from hostsim.ledger.values import SEK, Row
from hostsim.messages import help  # noqa: A004 - the texts of the help
from hostsim.messages.desk import page_text
from hostsim.messages.formats import count, day, minute
from hostsim.messages.text import LANGUAGES, own
from hostsim.sandbox import seed_overnight
from hostsim.storage import unreported_commits
from hostsim.storage.rows import MAX_ID
from hostsim.views.labels import FIELDS, SAVED_STATUSES, STATUSES, company, label, period
from hostsim.views.payments import known_amount
from hostsim.views.table import Money, rate, text_of
from opter_contract.values import Failure, Text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

MAX_FORM_BYTES = 200_000

STATUS = {
    "settings": 422,
    "permission": 403,
    "usage": 400,
    "changed": 409,
    "busy": 409,
    "internal": 500,
    "saved": 500,
}

home = Blueprint("home", __name__)

PAGES = (
    overview,
    payment_import,
    decisions,
    settings,
    payment_register,
    open_invoices,
    hand_payments,
    explanation,
    runs,
    job_pages,
)


#: Errors shown as plain text, for requests under a foreign host name, without the key, or not
#: let in by the proxy: they get no page of ours.
PLAIN_ERRORS = {"HOST_UNKNOWN", "ADDRESS_KEY_MISSING", "NOT_THROUGH_PROXY", "USER_NOT_NAMED"}


class DeskRequest(Request):
    """A request to a page, whose query may be handed to ``url_for()``."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """Return the query without the names that ``url_for()`` or the path reserves."""
        reserved = {"endpoint", *(self.view_args or ())}
        return MultiDict(
            (name, value)
            for name, value in super().args.items(multi=True)
            if name not in reserved and not name.startswith("_")
        )


class RowId(IntegerConverter):
    """A row id in a path; SQLite's have 64 bits."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=MAX_ID)


def create_app(
    context: DeskContext,
    host: str = "127.0.0.1",
    proxy: ReverseProxy = NO_PROXY,
    *,
    key: str | None = None,
) -> Flask:
    """Make the application.

    :param host: the address that it listens on.
    :param proxy: in front of it; it passes on the path of its public URL.
    :param key: admits a browser; by default one that nobody knows.
    """
    app = Flask(__name__, static_folder="static", static_url_path="/static")
    app.request_class = DeskRequest
    app.url_map.converters["int"] = RowId
    app.extensions[KEY] = context
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME="hostsim_desk",
        SESSION_COOKIE_HTTPONLY=True,
        # The callback of a login comes from another site, and must find its session.
        SESSION_COOKIE_SAMESITE="Lax" if proxy.public_url else "Strict",
        SESSION_COOKIE_SECURE=proxy.scheme == "https",
        SESSION_COOKIE_PATH=proxy.prefix or "/",
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        money=lambda value, currency="": f"{text_of(value, language())} {currency}".rstrip(),
        sek=_sek,
        rate=lambda value: text_of(rate(value), language()),
        count=lambda value: count(value, language()),
        day=day,
        when=minute,
        text=translated,
        field=lambda code: translated(label(FIELDS, code)),
        company=lambda known: translated(known and company(known)),
        period=lambda closed: translated(period(closed=closed)),
    )
    app.context_processor(_template_context)
    app.register_error_handler(HTTPException, _http_error_page)
    app.register_error_handler(Exception, _error_page)
    guard(app, host, proxy, key or secrets.token_urlsafe(32))
    _watch_commits(app)
    if proxy.prefix:
        # Outside the prefix a browser sends no cookie, and a page would replace its session.
        mounts: dict[str, Any] = {proxy.prefix: app.wsgi_app}
        app.wsgi_app = DispatcherMiddleware(NotFound(), mounts)  # type: ignore[method-assign]
    app.register_blueprint(home)
    for page in PAGES:
        app.register_blueprint(page.pages)
    if proxy.public_url:
        app.register_blueprint(login_callback.pages)
    for subject in exports.SUBJECTS.values():
        app.register_blueprint(exports.pages, name=subject.name, url_prefix=f"/{subject.name}")
    return app


def _sek(row: Row) -> str:
    """Return the amount of a payment in SEK, or the word for unknown."""
    amount = known_amount(row)
    unknown = Text("okänt", "unknown")
    return text_of(unknown if amount is None else Money(amount, SEK), language())


def _watch_commits(app: Flask) -> None:
    """Record what each request commits, so that no error page says that it was not saved."""
    wsgi_app = app.wsgi_app

    def watched_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with unreported_commits.watch():
            return wsgi_app(environ, start_response)

    app.wsgi_app = watched_app  # type: ignore[method-assign]


def _template_context() -> dict[str, object]:
    return {
        "w": word,
        "lang": language(),
        "form_token": token,
        "status_label": lambda status: translated(label(STATUSES, status)),
        "saved_status_label": lambda status: translated(label(SAVED_STATUSES, status)),
        "help": help,
        "job_words": job_pages.WORDS,
        "sandbox": desk_context().sandbox is not None,
        "subjects": exports.SUBJECTS.values(),
        # Defaults: the dialog in front of the window, its job or failure, the exported subject.
        **dict.fromkeys(("dialog", "job", "failure", "subject")),
        "current_url": _current_url(),
        "user": g.get("user"),
        "version": metadata.version("opter-fortnox-plugin"),
    }


def _current_url() -> str:
    """Return the URL of this page for a form that leads back to it.

    Never that of a login's callback or of an unknown page: it may contain a code.
    """
    if request.method != "GET" or request.endpoint in {None, "login.answer"}:
        return url_for("home.start")
    return request.script_root + request.full_path


@home.get("/")
def start() -> AnyResponse:
    return redirect(url_for("imports.show"))


@home.post("/language")
def set_language() -> AnyResponse:
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
    return redirect(_own_page(request.form.get("back", "")) or url_for("imports.show"))


def _own_page(url: str) -> str | None:
    """Rebuild the URL of one of our pages; ``None`` for anything else, which could lead away."""
    path, _, query = url.partition("?")
    adapter = current_app.create_url_adapter(request)
    if adapter is None or not path.startswith(f"{request.script_root}/"):
        return None
    try:
        endpoint, values = adapter.match(path.removeprefix(request.script_root), method="GET")
    except HTTPException:
        return None
    return url_for(endpoint, **values) + (f"?{urlencode(parse_qsl(query))}" if query else "")


@home.post("/night")
def next_night() -> AnyResponse:
    sandbox = desk_context().sandbox
    if sandbox is None:
        raise host_error("PAGE_UNKNOWN")
    seed_overnight.change_overnight(sandbox.state)
    notify(page_text("night_passed"))
    return redirect(url_for("imports.show"))


# --- Errors ------------------------------------------------------------------


def _http_error_page(error: HTTPException) -> AnyResponse:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    return _message(host_error("PAGE_UNKNOWN"), code)


def _error_page(error: Exception) -> AnyResponse:
    failure = desk_context().failure_behind(error)
    if failure is not None:
        return _message(failure, STATUS.get(failure.kind, 400))
    # The place, but not the text of the error, which may contain what a log must not.
    *_, frame = traceback.extract_tb(error.__traceback__)
    log.error("a page ended with %s in %s:%s", type(error).__name__, frame.filename, frame.lineno)
    saved = unreported_commits.noted()
    return _message(saved.not_shown_error() if saved.any else host_error("INTERNAL"), 500)


def _message(failure: Failure, status: int) -> Response:
    code, message = failure.code, own(failure.message)
    if code == "SESSION_ENDED":
        return make_response(render_template("expired.html", message=message), status)
    if code in PLAIN_ERRORS:
        return Response(f"{code}: {message.sv}\n{message.en}\n", status, mimetype="text/plain")
    page = render_template("message.html", code=code, kind=failure.kind, message=message)
    return make_response(page, status)
