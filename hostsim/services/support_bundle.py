"""The support bundle: what support needs to understand a run, and nothing more.

A ZIP file that can be attached to an issue. What is free text (names of
definitions, regions and companies) is numbered, what names a customer, an
invoice or a payment is counted, and secrets are not read at all. Nothing is
trusted to be harmless because of its place: a code that does not look
like a code is hidden.
"""

from __future__ import annotations

import functools
import io
import json
import locale
import platform
import re
import sqlite3
import sys
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hostsim.errors import HostError, host_error
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.messages import results as results_messages
from hostsim.plugins.loading import FoundPlugin, Plugins
from hostsim.services.definitions import settings_fields
from hostsim.storage import database_checks, unreported_commits
from hostsim.storage.private_files import new_file
from hostsim.storage.store import Store
from opter_contract import CONTRACT_VERSION
from opter_contract.values import Text

#: Variables that decide how a run goes. Only which of them are set is written.
ENVIRONMENT = (
    "FORTNOX_CLIENT_ID",
    "FORTNOX_CLIENT_SECRET",
    "FORTNOX_REDIRECT_URI",
    "FORTNOX_AUTH_URL",
    "FORTNOX_API_URL",
    "HOSTSIM_DB",
    "HOSTSIM_LANG",
    "HOSTSIM_LOGIN_TIMEOUT",
    "HOSTSIM_MAIL_FROM",
    "HOSTSIM_MAIL_TO",
    "HOSTSIM_PLUGINS_OFF",
    "HOSTSIM_PLUGINS_ONLY",
    "HOSTSIM_SMTP",
    "HOSTSIM_SMTP_PASSWORD",
    "HOSTSIM_SMTP_USER",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "BROWSER",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)

#: Stands for a value that is not shown.
HIDDEN = "•••"
OTHER = "other"

#: How many runs are described, latest first.
MAX_RUNS = 500

_PACKAGES = (
    "opter-fortnox-plugin",
    "click",
    "filelock",
    "flask",
    "marshmallow",
    "openpyxl",
    "pluggy",
    "requests",
    "rich",
    "tenacity",
    "urllib3",
    "waitress",
)

#: A code may have digits, but not so many that they could be the number of a person.
_CODE = re.compile(r"(?!.*\d{4})[A-Za-z][A-Za-z0-9_-]{0,59}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z.+!-]{1,40}", re.ASCII)
_PATH = re.compile(r"\S*[/\\]\S*")

_ABOUT = Text(
    "Underlag för felsökning, skrivet av hostsim report. Här finns inga hemligheter, inga kunder, "
    "inga faktura- eller betalningsnummer och inga namn: filformat, regioner och företag är "
    "numrerade. Titta gärna igenom filerna innan de skickas vidare.",
    "Material for support, written by hostsim report. It holds no secrets, no customers, no "
    "invoice or payment numbers and no names: file formats, regions and companies are numbered. "
    "Feel free to look the files through before they are passed on.",
)


#: The files of the bundle, and what they are.
PARTS: Mapping[str, Text] = {
    "README.txt": Text("vad filerna är", "what the files are"),
    "versions.json": Text("versioner och insticksprogram", "versions and plug-ins"),
    "environment.json": Text(
        "vilka miljövariabler som är satta (inte deras värden), språk och tidszon",
        "which environment variables are set (not their values), language, time zone",
    ),
    "settings.json": Text(
        "kontorets inställningar och filformatens",
        "settings of the office and of the file formats",
    ),
    "runs.json": Text(
        "tidigare importer: tider, antal, summor och felkoder",
        "imports of the past: times, counts, totals and error codes",
    ),
    "rows.json": Text(
        "hur många betalningar som väntar, och varför", "how many payments are waiting, and why"
    ),
    "payments.json": Text(
        "antal registrerade betalningar per månad, valuta och ursprung, och antal beslut",
        "number of registered payments by month, currency and origin, and of decisions",
    ),
    "database.json": Text("databasens skick", "the state of the database"),
}


def write_bundle(
    path: Path,
    store: Store,
    plugins: Plugins,
    *,
    environment: Mapping[str, str],
    language: str,
    at: datetime,
) -> None:
    """Write :data:`PARTS` into a new file.

    :param environment: only the names of :data:`ENVIRONMENT` are looked for in it.
    :raises HostError: ``REPORT_EXISTS``, ``REPORT_UNREACHABLE``; nothing is left behind then.
    """
    contents = contents_of(store, plugins, environment=environment, language=language, at=at)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in PARTS:
            # Zips know no years before 1980.
            stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
            file = zipfile.ZipInfo(name, stamp)
            bundle.writestr(file, contents[name].encode(), zipfile.ZIP_DEFLATED)
    _write_new(path, archive.getvalue())
    unreported_commits.note(results_messages.FILE_WRITTEN(path=path))


def _write_new(path: Path, content: bytes) -> None:
    try:
        file = new_file(path)
    except FileExistsError as error:
        raise host_error("REPORT_EXISTS", path=path) from error
    except OSError as error:
        raise host_error("REPORT_UNREACHABLE", path=path) from error
    try:
        with file:
            file.write(content)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise host_error("REPORT_UNREACHABLE", path=path) from error


def contents_of(
    store: Store,
    plugins: Plugins,
    *,
    environment: Mapping[str, str],
    language: str,
    at: datetime,
) -> dict[str, str]:
    content = _Content(store, plugins)
    makers: Mapping[str, Callable[[], object]] = {
        "versions.json": lambda: _versions(plugins),
        "environment.json": lambda: _environment(environment, language, at),
        "settings.json": content.settings,
        "runs.json": content.runs,
        "rows.json": content.rows,
        "payments.json": content.payments,
        "database.json": content.database,
    }
    with database_checks.snapshot(store):
        contents = {name: _json(_or_error(make)) for name, make in makers.items()}
    return contents | {"README.txt": f"{_ABOUT.sv}\n\n{_ABOUT.en}\n"}


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _or_error(make: Callable[[], object]) -> object:
    """Return one part, or the error that prevents it, as of a damaged database."""
    try:
        return make()
    except HostError as error:
        return {"error": error.code}
    except sqlite3.Error as error:
        # Never the message: it may quote what is stored.
        return {"error": getattr(error, "sqlite_errorname", type(error).__name__)}
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        return {"error": type(error).__name__}


# --- The program and its surroundings ----------------------------------------


def _versions(plugins: Plugins) -> object:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "packages": {name: _installed(name) for name in _PACKAGES},
        "plugins": [_plugin(plugin, active=True) for plugin in plugins.loaded]
        + [_plugin(plugin, active=False) for plugin in plugins.excluded],
        "contract": CONTRACT_VERSION,
        "contract_hooks": sorted(
            name for name in vars(plugins.manager.hook) if name.startswith("opter_")
        ),
    }


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _plugin(plugin: FoundPlugin, *, active: bool) -> object:
    version = plugin.version or ""
    return {
        "name": _code(plugin.name),
        "distribution": _code(plugin.distribution),
        "version": version if _VERSION.fullmatch(version) else None,
        "active": active,
        "reason": None if plugin.reason is None else _PATH.sub(HIDDEN, plugin.reason.en),
        "hooks": list(plugin.hooks),
        "import_types": [_code(name) for name in plugin.import_types],
        "contract": _code(plugin.contract),
    }


def _environment(environment: Mapping[str, str], language: str, at: datetime) -> object:
    return {
        "written_at": _seconds(at.isoformat()),
        "set": [name for name in ENVIRONMENT if environment.get(name)],
        "not_set": [name for name in ENVIRONMENT if not environment.get(name)],
        "language": language,
        "locale": list(locale.getlocale()),
        "file_names": sys.getfilesystemencoding(),
        "output": getattr(sys.stdout, "encoding", None),
        "time_zone": list(time.tzname),
    }


# --- The database -------------------------------------------------------------


class _Numbers:
    """Numbers in the place of names, in the order of their coming."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, name: str | None) -> int | None:
        return None if name is None else self._known.setdefault(name, len(self._known) + 1)


class _Content:
    """What the bundle holds of one database."""

    def __init__(self, store: Store, plugins: Plugins) -> None:
        self._store = store
        self._plugins = plugins
        self._definitions = _Numbers()
        self._companies = _Numbers()
        self._regions = _Numbers()
        with suppress(HostError, sqlite3.Error):
            # In the order in which they were made.
            for row in database_checks.definitions(store):
                self._definitions(row["name"])

    def settings(self) -> object:
        stored = self._store.settings()
        currency = stored["default_currency"]
        return {
            "office": {
                "accepted_deviation": stored["accepted_deviation"],
                "default_currency": currency if _CURRENCY.fullmatch(currency) else OTHER,
            },
            "definitions": [
                self._definition(row) for row in database_checks.definitions(self._store)
            ],
        }

    def _definition(self, row: sqlite3.Row) -> object:
        return {
            "definition": self._definitions(row["name"]),
            "subject": row["subject"],
            "import_type": _code(row["import_type"]),
            "import_format": _code(row["import_format"]),
            "region": self._region(row["region"]),
            "company": self._companies(row["company"]),
            "settings": self._shown_settings(
                row["import_type"], json.loads(row["settings"]), row["subject"]
            ),
            "watermark": _watermark(row["cursor"]),
        }

    def _region(self, region: str) -> int | str | None:
        return self._regions(region) if region else "default"

    def _shown_settings(self, type_code: str, values: Mapping[str, str], subject: str) -> object:
        kinds = self._kinds(type_code, subject)
        return {
            key if key in kinds else _code(key): _shown_value(kinds.get(key), value)
            for key, value in values.items()
        }

    def _kinds(self, type_code: str, subject: str) -> Mapping[str, str]:
        """Return the kinds of the fields that may be shown; without the plug-in none may."""
        try:
            fields = settings_fields(self._plugins, type_code, subject)
        except HostError:
            return {}
        return {field.key: field.kind for field in fields if not field.secret}

    def runs(self) -> object:
        [count] = database_checks.counts(self._store, "runs")
        latest = database_checks.latest_runs(self._store, MAX_RUNS)
        return {"runs": count["runs"], "latest": [self._run(row) for row in latest]}

    def _run(self, row: sqlite3.Row) -> object:
        return {
            "definition": self._definitions(row["definition"]),
            "company": self._companies(row["company"]),
            "state": row["state"],
            "started_at": _seconds(row["started_at"]),
            "finished_at": _seconds(row["finished_at"]),
            "saved_at": _seconds(row["saved_at"]),
            "counts": _without_set_aside(row["counts"]),
            "totals_sek": _without_set_aside(row["totals"]),
            "set_aside": json.loads(row["counts"]).get(SET_ASIDE, 0),
            "not_read": row["not_read"],
            "requests": row["requests"],
            "error_code": _code(row["error_code"]),
            "watermark": _watermark(row["cursor"]),
            "region": self._region(row["region"]),
            "date": row["date"] and date.fromisoformat(row["date"]).isoformat(),
            "has_bank_account": bool(row["bank_account"]),
            "saved_by_another_user": None
            if row["saved_by"] is None
            else row["saved_by"] != row["user"],
        }

    def rows(self) -> object:
        return {what: self._counts(what) for what in ("open_previews", "pending")}

    def payments(self) -> object:
        months: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in database_checks.counts(self._store, "by_month"):
            currency = row["currency"] if _CURRENCY.fullmatch(row["currency"]) else OTHER
            months[row["month"]][currency] += row["rows"]
        by_status = database_checks.counts(self._store, "by_status")
        return {
            "registered": sum(row["rows"] for row in by_status),
            "by_month_and_currency": months,
            "by_status": {_code(row["status"]): row["rows"] for row in by_status},
            "by_origin": self._counts("by_origin"),
            "decisions": self._counts("decisions"),
        }

    def _counts(self, what: str) -> list[object]:
        """Return rows of counts, each column as :data:`_COLUMNS` allows it to be shown."""
        shown: dict[str, Callable[[Any], object]] = {
            **_COLUMNS,
            "definition": self._definitions,
        }
        return [
            {key: shown[key](row[key]) if key in shown else row[key] for key in row.keys()}  # noqa: SIM118 a row's keys are not what it iterates over
            for row in database_checks.counts(self._store, what)
        ]

    def database(self) -> object:
        store = self._store
        return {
            "schema_version": database_checks.version(store),
            "journal_mode": database_checks.pragma(store, "journal_mode"),
            "pages": database_checks.pragma(store, "page_count"),
            "page_size": database_checks.pragma(store, "page_size"),
            "integrity": _or_error(lambda: database_checks.integrity_problems(store, limit=100)),
            "foreign_keys": _or_error(lambda: database_checks.broken_references(store)),
            "rows": {
                _code(name): _or_error(functools.partial(database_checks.row_count, store, name))
                for name in database_checks.tables(store)
            },
        }


def _without_set_aside(text: str) -> dict[str, object]:
    return {kind: value for kind, value in json.loads(text).items() if kind != SET_ASIDE}


# --- What may be shown of a value ----------------------------------------------


def _code(text: str | None) -> str | None:
    """Return a code as it is, and of anything else only that there is something."""
    if text is None:
        return None
    return text if _CODE.fullmatch(text) else OTHER


#: How columns of counts are shown that are neither a number nor the host's own word.
_COLUMNS: Mapping[str, Callable[[Any], object]] = {
    **dict.fromkeys(("status", "reason", "source"), _code),
    **dict.fromkeys(
        ("read_in_this_run", "gone", "has_bank_account", "of_a_series", "settled", "taken_back"),
        bool,
    ),
}


def _shown_value(kind: str | None, value: str) -> str:
    """Return days, booleans and choices; of a number, maybe an invoice's, only its length."""
    if not value:
        return ""
    if kind == "date":
        with suppress(ValueError):
            return datetime.fromisoformat(value).date().isoformat()
    if kind == "boolean" and value in {"true", "false"}:
        return value
    if kind == "choice":
        return _code(value) or ""
    if kind == "integer" and value.isascii() and value.isdigit():
        return f"a number of {len(value)} digits" if value.strip("0") else "0"
    return HIDDEN


def _seconds(text: str | None) -> str | None:
    return None if text is None else datetime.fromisoformat(text).isoformat(timespec="seconds")


def _watermark(cursor: str | None) -> str | None:
    """Return where the next import begins, if the plug-in stores it readably."""
    if cursor is None:
        return None
    try:
        stored: Any = json.loads(cursor)
        return _seconds(stored["watermark"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return HIDDEN
