"""The support bundle: what somebody else needs to understand a run, and nothing more.

A ZIP file that can be attached to an issue. What is free text (names of
definitions, regions and companies) is numbered, what names a customer, an
invoice or a payment is counted, and secrets are not read at all. Nothing is
trusted to be harmless because of where it stands: a code that does not look
like a code is left out.
"""

from __future__ import annotations

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hostsim.errors import HostError, host_error
from hostsim.ledger.decisions import SET_ASIDE
from hostsim.messages import texts
from hostsim.plugins.loading import Found, Plugins
from hostsim.storage import commits
from hostsim.storage.store import SETTINGS, Store
from opter_contract import CONTRACT
from opter_contract.values import Text

#: Variables that decide how a run goes. Only which of them are set is told.
ENVIRONMENT = (
    "FORTNOX_CLIENT_ID",
    "FORTNOX_CLIENT_SECRET",
    "FORTNOX_REDIRECT_URI",
    "FORTNOX_AUTH_URL",
    "FORTNOX_API_URL",
    "HOSTSIM_DB",
    "HOSTSIM_LANG",
    "HOSTSIM_LOGIN_TIMEOUT",
    "HOSTSIM_PLUGINS_OFF",
    "BROWSER",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)

#: What stands in the place of something that is not told.
HIDDEN = "•••"
OTHER = "other"

#: The runs that are told about, latest first.
MOST_RUNS = 500

_PACKAGES = (
    "opter-fortnox-plugin",
    "click",
    "filelock",
    "flask",
    "marshmallow",
    "pluggy",
    "requests",
    "rich",
    "tenacity",
    "urllib3",
    "waitress",
)

#: A code may have digits, but not so many that they could be somebody's number.
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


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle: its name, what a person is told of it, and its content."""

    name: str
    says: Text
    content: str = field(repr=False)


def write_bundle(
    path: Path,
    store: Store,
    plugins: Plugins,
    *,
    environment: Mapping[str, str],
    language: str,
    now: Callable[[], datetime],
) -> Sequence[Part]:
    """Write the bundle into a new file; give what is in it.

    :param environment: only the names of :data:`ENVIRONMENT` are looked for in it.
    :raises HostError: ``REPORT_EXISTS``, ``REPORT_UNREACHABLE``; nothing is left behind then.
    """
    at = now()
    parts = parts_of(store, plugins, environment=environment, language=language, at=at)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for part in parts:
            # Zips know no years before 1980.
            stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
            bundle.writestr(
                zipfile.ZipInfo(part.name, stamp), part.content.encode(), zipfile.ZIP_DEFLATED
            )
    _write_new(path, archive.getvalue())
    commits.note(texts.file_written(path))
    return parts


def _write_new(path: Path, content: bytes) -> None:
    try:
        file = path.open("xb")
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


def parts_of(
    store: Store,
    plugins: Plugins,
    *,
    environment: Mapping[str, str],
    language: str,
    at: datetime,
) -> Sequence[Part]:
    """Gather the files of the bundle."""
    telling = _Telling(store, plugins)
    contents: tuple[tuple[str, Text, Callable[[], object]], ...] = (
        (
            "versions.json",
            Text("versioner och insticksprogram", "versions and plug-ins"),
            lambda: _versions(plugins),
        ),
        (
            "environment.json",
            Text(
                "vilka miljövariabler som är satta (inte deras värden), språk och tidszon",
                "which environment variables are set (not their values), language, time zone",
            ),
            lambda: _environment(environment, language, at),
        ),
        (
            "settings.json",
            Text(
                "kontorets inställningar och filformatens",
                "settings of the office and of the file formats",
            ),
            telling.settings,
        ),
        (
            "runs.json",
            Text(
                "tidigare importer: tider, antal, summor och felkoder",
                "imports of the past: times, counts, totals and error codes",
            ),
            telling.runs,
        ),
        (
            "rows.json",
            Text(
                "hur många betalningar som väntar, och varför",
                "how many payments are waiting, and why",
            ),
            telling.rows,
        ),
        (
            "payments.json",
            Text(
                "antal registrerade betalningar per månad, valuta och ursprung, och antal beslut",
                "number of registered payments by month, currency and origin, and of decisions",
            ),
            telling.payments,
        ),
        (
            "database.json",
            Text("databasens skick", "the state of the database"),
            telling.database,
        ),
    )
    with _one_moment(store):
        written = [
            Part(name, says, json.dumps(_whole(make), ensure_ascii=False, indent=2) + "\n")
            for name, says, make in contents
        ]
    return [Part("README.txt", Text("vad filerna är", "what the files are"), _about()), *written]


@contextmanager
def _one_moment(store: Store) -> Iterator[None]:
    """Read the database as it is at one moment, so that all files tell of the same."""
    db = store.db
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def _about() -> str:
    return f"{_ABOUT.sv}\n\n{_ABOUT.en}\n"


def _whole(make: Callable[[], object]) -> object:
    """Make one part; a database that is damaged spoils only what it cannot give."""
    try:
        return make()
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
        "plugins": [_plugin(found, active=True) for found in plugins.loaded]
        + [_plugin(found, active=False) for found in plugins.excluded],
        "contract": CONTRACT,
        "contract_hooks": sorted(
            name for name in vars(plugins.manager.hook) if name.startswith("opter_")
        ),
    }


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _plugin(found: Found, *, active: bool) -> object:
    version = found.version or ""
    return {
        "name": _code(found.name),
        "distribution": _code(found.distribution),
        "version": version if _VERSION.fullmatch(version) else None,
        "active": active,
        "reason": None if found.reason is None else _PATH.sub(HIDDEN, found.reason.en),
        "hooks": list(found.hooks),
        "import_types": [_code(name) for name in found.import_types],
        "contract": _code(found.contract),
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


class _Telling:
    """What is told of one database."""

    def __init__(self, store: Store, plugins: Plugins) -> None:
        self._store = store
        self._plugins = plugins
        self._definitions = _Numbers()
        self._companies = _Numbers()
        self._regions = _Numbers()
        with suppress(sqlite3.Error):
            # In the order in which they were made.
            for row in self._read("SELECT name FROM definitions ORDER BY rowid"):
                self._definitions(row["name"])

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        return self._store.db.execute(query, values).fetchall()

    def settings(self) -> object:
        stored = self._store.settings()
        currency = stored["default_currency"]
        return {
            "office": {name: stored[name] for name in SETTINGS if name != "default_currency"}
            | {"default_currency": currency if _CURRENCY.fullmatch(currency) else OTHER},
            "definitions": [
                self._definition(row)
                for row in self._read("SELECT * FROM definitions ORDER BY rowid")
            ],
        }

    def _definition(self, row: sqlite3.Row) -> object:
        return {
            "definition": self._definitions(row["name"]),
            "import_type": _code(row["import_type"]),
            "import_format": _code(row["import_format"]),
            "region": self._region(row["region"]),
            "company": self._companies(row["company"]),
            "settings": self._shown(row["import_type"], json.loads(row["settings"])),
            "watermark": _watermark(row["cursor"]),
        }

    def _region(self, region: str) -> int | str | None:
        return self._regions(region) if region else "default"

    def _shown(self, import_type: str, values: Mapping[str, str]) -> object:
        kinds = self._kinds(import_type)
        return {
            key if key in kinds else _code(key): _shown_value(kinds.get(key), value)
            for key, value in values.items()
        }

    def _kinds(self, import_type: str) -> Mapping[str, str]:
        """Give the kinds of the fields that may be shown; without the plug-in none may."""
        try:
            fields = self._plugins.call_owner(
                import_type, "opter_settings_fields", import_type=import_type
            )
        except HostError:
            return {}
        return {field.key: field.kind for field in fields or () if not field.secret}

    def runs(self) -> object:
        [count] = self._read("SELECT count(*) AS runs FROM runs")
        rows = self._read(
            "SELECT * FROM runs ORDER BY started_at DESC, rowid DESC LIMIT ?", (MOST_RUNS,)
        )
        return {"runs": count["runs"], "latest": [self._run(row) for row in rows]}

    def _run(self, row: sqlite3.Row) -> object:
        return {
            "definition": self._definitions(row["definition"]),
            "company": self._companies(row["company"]),
            "state": row["state"],
            "started_at": _seconds(row["started_at"]),
            "finished_at": _seconds(row["finished_at"]),
            "saved_at": _seconds(row["saved_at"]),
            "counts": _without_aside(row["counts"]),
            "totals_sek": _without_aside(row["totals"]),
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
        previews = self._read(
            "SELECT r.definition, d.kind, d.status, d.reason, d.fresh, d.gone, count(*) AS rows"
            " FROM runs r JOIN run_rows d ON d.run_id = r.id WHERE r.state = 'open'"
            " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"
        )
        pending = self._read(
            "SELECT definition, reason, gone_at IS NOT NULL AS gone, count(*) AS rows"
            " FROM pending GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        return {
            "open_previews": [
                {
                    "definition": self._definitions(row["definition"]),
                    "kind": row["kind"],
                    "status": _code(row["status"]),
                    "reason": _code(row["reason"]),
                    "read_in_this_run": bool(row["fresh"]),
                    "gone": bool(row["gone"]),
                    "rows": row["rows"],
                }
                for row in previews
            ],
            "pending": [
                {
                    "definition": self._definitions(row["definition"]),
                    "reason": _code(row["reason"]),
                    "gone": bool(row["gone"]),
                    "rows": row["rows"],
                }
                for row in pending
            ],
        }

    def payments(self) -> object:
        counts: Counter[tuple[str, str]] = Counter()
        for row in self._read(
            "SELECT substr(date, 1, 7) AS month, currency, count(*) AS rows FROM payments"
            " WHERE state = 'registered' GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            currency = row["currency"] if _CURRENCY.fullmatch(row["currency"]) else OTHER
            counts[row["month"], currency] += row["rows"]
        by_status = self._read(
            "SELECT status, count(*) AS rows FROM payments WHERE state = 'registered'"
            " GROUP BY 1 ORDER BY 1"
        )
        by_origin = self._read(
            "SELECT origin, source, state, bank_account <> '' AS has_account, count(*) AS rows"
            " FROM payments GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        decisions = self._read(
            "SELECT definition, decision, number IS NULL AS series,"
            " settled_at IS NOT NULL AS settled, taken_back_at IS NOT NULL AS back,"
            " count(*) AS rows FROM decisions GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
        )
        months: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (month, currency), number in counts.items():
            months[month][currency] = number
        return {
            "registered": sum(counts.values()),
            "by_month_and_currency": months,
            "by_status": {_code(row["status"]): row["rows"] for row in by_status},
            "by_origin": [
                {
                    "origin": row["origin"],
                    "source": _code(row["source"]),
                    "state": row["state"],
                    "has_bank_account": bool(row["has_account"]),
                    "payments": row["rows"],
                }
                for row in by_origin
            ],
            "decisions": [
                {
                    "definition": self._definitions(row["definition"]),
                    "decision": row["decision"],
                    "of_a_series": bool(row["series"]),
                    "settled": bool(row["settled"]),
                    "taken_back": bool(row["back"]),
                    "decisions": row["rows"],
                }
                for row in decisions
            ],
        }

    def database(self) -> object:
        tables = [
            row["name"]
            for row in self._read(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                " ORDER BY name"
            )
        ]
        return {
            "schema_version": self._pragma("user_version"),
            "journal_mode": self._pragma("journal_mode"),
            "pages": self._pragma("page_count"),
            "page_size": self._pragma("page_size"),
            "integrity": _whole(lambda: self._problems("integrity_check")),
            "foreign_keys": _whole(self._broken_references),
            "rows": {_code(name): _whole(lambda n=name: self._size(n)) for name in tables},  # type: ignore[misc]
        }

    def _pragma(self, name: str) -> object:
        return self._read(f"PRAGMA {name}")[0][0]

    def _problems(self, pragma: str) -> object:
        """Tell what SQLite finds wrong: names of tables and indexes, numbers of rows."""
        return [row[0] for row in self._read(f"PRAGMA {pragma}(100)")]

    def _broken_references(self) -> object:
        return dict(Counter(row["table"] for row in self._read("PRAGMA foreign_key_check")))

    def _size(self, table: str) -> object:
        quoted = table.replace('"', '""')
        return self._read(f'SELECT count(*) FROM "{quoted}"')[0][0]  # noqa: S608 a table's own name


def _without_aside(text: str) -> dict[str, object]:
    return {kind: its for kind, its in json.loads(text).items() if kind != SET_ASIDE}


# --- What may be told of a value ----------------------------------------------


def _code(text: str | None) -> str | None:
    """Tell a code as it is, and of anything else only that there is something."""
    if text is None:
        return None
    return text if _CODE.fullmatch(text) else OTHER


def _shown_value(kind: str | None, value: str) -> str:
    """Tell days and truth values; of a number, which may be an invoice's, how long it is."""
    if not value:
        return ""
    if kind == "date":
        with suppress(ValueError):
            return datetime.fromisoformat(value).date().isoformat()
    if kind == "boolean" and value in {"true", "false"}:
        return value
    if kind == "integer" and value.isascii() and value.isdigit():
        return "0" if int(value) == 0 else f"a number of {len(value)} digits"
    return HIDDEN


def _seconds(text: str | None) -> str | None:
    """Tell a time to the second, with its zone."""
    return None if text is None else datetime.fromisoformat(text).isoformat(timespec="seconds")


def _watermark(cursor: str | None) -> str | None:
    """Tell where the next reading begins, where a plug-in keeps it in the open."""
    if cursor is None:
        return None
    try:
        kept: Any = json.loads(cursor)
        return _seconds(kept["watermark"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return HIDDEN


def lines_of(parts: Iterable[Part], say: Callable[[Text], str]) -> Iterable[str]:
    """Write one line for each file of the bundle."""
    return (f"  {part.name}: {say(part.says)}" for part in parts)
