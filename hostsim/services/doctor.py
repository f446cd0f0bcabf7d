"""Checks what the host itself needs, one thing after the other, and then its plug-in's part.

Each check returns a sentence, or raises the error that a command would end with.
One that needs another which did not succeed is skipped.
"""

from __future__ import annotations

import logging
import os
import platform
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from hostsim.errors import HostError, failure_of, host_error
from hostsim.ledger.values import SEK, Definition
from hostsim.messages import exports as export_messages
from hostsim.messages.text import own
from hostsim.plugins.loading import FoundPlugin, Plugins
from hostsim.services.host import Host
from hostsim.storage import damage, database_checks, exportable_items, invoices, unreported_commits
from hostsim.storage.secrets import FindKeyring, system_keyring
from hostsim.storage.store import Store
from opter_contract.values import Finding, Text

log = logging.getLogger(__name__)

#: Seconds that the database may be busy before the check fails.
PATIENCE_SECONDS = 2.0

#: The host's own checks.
LABELS = {
    "host.versions": Text("Program", "Programs"),
    "host.plugins": Text("Insticksprogram", "Plug-ins"),
    "host.database": Text("Databas", "Database"),
    "host.integrity": Text("Databasen är hel", "Integrity of the database"),
    "host.writable": Text("Databasen kan skrivas", "The database can be written"),
    "host.locks": Text("Lås", "Locks"),
    "host.currency": Text("Standardvaluta", "Default currency"),
    "host.secrets": Text("Plats för hemligheter", "Place for secrets"),
    "host.definition": Text("Filformat eller export", "File format or export"),
    "host.invoices": Text("Fakturor eller avräkningar", "Invoices or bills"),
    "host.import": Text("Insticksprogrammets del", "The plug-in's part"),
}

#: One finding for each plug-in that the host does without: ``failed`` if it concerns what is
#: checked, otherwise ``noted``, which does not change the exit status.
NOT_USED = "host.plugins_not_used"


class Unknown(Exception):
    """Cannot be checked; the message says what a person can check instead."""

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


class Doctor:
    """One run of the checks, of the host and of one of its definitions where it is named."""

    def __init__(
        self,
        database: Path,
        plugins: Plugins,
        make_host: Callable[[Store], Host],
        *,
        definition: str | None = None,
        keyring: FindKeyring = system_keyring,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Prepare the checks.

        :param make_host: makes the host that calls the plug-in.
        :param definition: whose plug-in checks, too; ``None`` for none.
        :param patience: seconds that the database may be busy.
        """
        self._database = database
        self._plugins = plugins
        self._make_host = make_host
        self._name = definition
        self._find_keyring = keyring
        self._patience = patience
        self._findings: list[Finding] = []
        self._store: Store
        self._definition: Definition | None = None
        self._owner = ""  # the plug-in of the definition

    def run(self) -> list[Finding]:
        with ExitStack() as held:
            self._check("host.versions", _versions)
            self._check("host.plugins", self._check_plugins)
            self._check("host.database", lambda: self._open_database(held))
            needs = ("host.database",)
            self._note_plugins_not_used()
            self._check("host.integrity", self._check_integrity, *needs)
            self._check("host.writable", self._check_writable, *needs)
            self._check("host.locks", self._check_locks, *needs)
            self._check("host.currency", self._check_currency, *needs)
            self._check("host.secrets", self._check_secrets, *needs)
            if self._name is not None:
                self._check("host.definition", self._check_definition, *needs)
                needs = ("host.definition",)
            self._check("host.invoices", self._check_invoices, *needs)
            if self._name is not None:
                self._check("host.import", self._ask_plugin, "host.database", "host.definition")
            return self._findings

    def _check(self, name: str, check: Callable[[], Text | None], *needs: str) -> None:
        """Add the finding of a check; one that returns ``None`` added its own."""
        label = LABELS[name]
        for other in self._findings:
            if other.name in needs and other.state in {"failed", "skipped"}:
                self._findings.append(Finding(name, label, "skipped", _skipped(other.label)))
                return
        try:
            if (sentence := check()) is None:
                return
            finding = Finding(name, label, "ok", sentence)
        except HostError as error:
            if error.kind == "cancelled":
                raise
            finding = Finding(name, label, "failed", error.message, error.code, error.kind)
        except sqlite3.Error as broken:
            damaged = damage.damage_error(self._database, damage.untranslated(_name_of(broken)))
            finding = Finding(name, label, "failed", damaged.message, damaged.code, damaged.kind)
        except Unknown as unknown:
            finding = Finding(name, label, "unknown", unknown.message)
        self._findings.append(finding)

    def _check_plugins(self) -> Text:
        if not self._has_types:
            for plugin in self._plugins.excluded:
                raise _not_used(plugin)
            raise host_error("NO_PLUGINS")
        names = ", ".join(
            f"{plugin.full_name} {plugin.version or ''}".strip() for plugin in self._plugins.loaded
        )
        return Text(f"Används: {names}.", f"In use: {names}.")

    @property
    def _has_types(self) -> bool:
        return bool(self._plugins.import_types or self._plugins.export_types)

    def _note_plugins_not_used(self) -> None:
        """Report each plug-in that is not in use; only noted if the definition does not need it."""
        concerned = self._name is None or not self._has_owner(self._name)
        what = Text("Insticksprogram som inte används", "Plug-in not in use")
        for plugin in self._plugins.excluded if self._has_types else ():
            error = _not_used(plugin)
            state = "failed" if concerned and plugin.state == "left-out" else "noted"
            self._findings.append(
                Finding(NOT_USED, what, state, error.message, error.code, error.kind)
            )

    def _has_owner(self, name: str) -> bool:
        try:
            definition = self._store.definition(name, exports=None)
            self._plugins.owner(definition.import_type, definition.subject)
        except (AttributeError, HostError, sqlite3.Error):
            return False
        return True

    def _open_database(self, held: ExitStack) -> Text:
        self._store = held.enter_context(
            Store.open(self._database, patience=self._patience, checked=False)
        )
        return Text(f"{self._store.path}.", f"{self._store.path}.")

    def _check_integrity(self) -> Text:
        if (problem := database_checks.find_damage(self._store)) is not None:
            raise damage.damage_error(self._store.path, problem)
        return Text("Hel, och böckerna går ihop.", "Intact, and the books add up.")

    def _check_writable(self) -> Text:
        with unreported_commits.uncounted():
            database_checks.test_write(self._store)
        return Text("Går att skriva.", "Can be written.")

    def _check_locks(self) -> Text:
        with self._store.locks.hold("doctor", wait=self._patience) as got:
            if not got:
                raise host_error("DATABASE_BUSY", path=self._store.locks.folder)
        return Text("Kan låsas.", "Can be locked.")

    def _check_currency(self) -> Text:
        currency = self._store.settings()["default_currency"]
        if currency.upper() != SEK:
            raise host_error("DEFAULT_CURRENCY", currency=currency)
        return Text("SEK.", "SEK.")

    def _check_secrets(self) -> Text:
        folder = self._store.path.with_name(f"{self._store.path.name}.secrets")
        if exposed := _exposed_path(folder):
            raise host_error("SECRETS_EXPOSED", path=exposed)
        if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise host_error("SECRETS_UNREACHABLE", path=folder)
        if self._find_keyring() is not None:
            return Text("Systemets nyckelring.", "The system's keyring.")
        if not folder.exists():
            return Text(
                f"Mappen {folder} skapas när den behövs.",
                f"The folder {folder} is made when it is needed.",
            )
        return Text(f"Mappen {folder}, bara för dig.", f"The folder {folder}, for you only.")

    def _check_definition(self) -> Text:
        definition = self._store.definition(self._name or "", exports=None)
        owner = self._plugins.owner(definition.import_type, definition.subject).full_name
        self._definition, self._owner = definition, owner
        return Text(
            f"{definition.name}: {definition.import_type} genom {owner}.",
            f"{definition.name}: {definition.import_type} by {owner}.",
        )

    def _check_invoices(self) -> Text:
        if self._definition is None:
            count = invoices.count(self._store)
            if not count:
                raise Unknown(
                    Text(
                        "Inga är inlästa än; gör det med hostsim invoices load.",
                        "None are loaded yet; do so with hostsim invoices load.",
                    )
                )
            return Text(f"Inlästa: {count}.", f"Loaded: {count}.")
        region = self._definition.region
        called = _region(region)
        if self._definition.subject:
            return self._to_export(self._definition, called)
        count = invoices.count(self._store, region)
        if not count:
            raise host_error("NO_INVOICES", region=called)
        return Text(f"Antal i {called.sv}: {count}.", f"Number in {called.en}: {count}.")

    def _to_export(self, definition: Definition, region: Text) -> Text:
        periods = exportable_items.periods(self._store, definition, "")
        words = export_messages.WORDS[definition.subject]
        items, heading = words["items"], words["Items"]
        count = sum(period.items for period in periods)
        if not count:
            raise Unknown(
                Text(
                    f"Inga {items.sv} med rader är inlästa i {region.sv} än.",
                    f"No {items.en} with rows are loaded in {region.en} yet.",
                )
            )
        return Text(
            f"{heading.sv} i {region.sv}: {count}.", f"{heading.en} in {region.en}: {count}."
        )

    # --- The plug-in's part ---

    def _ask_plugin(self) -> None:
        """Add the findings of the definition's plug-in."""
        try:
            findings = self._make_host(self._store).diagnose(self._name or "")
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                log.warning("a plug-in failed in opter_diagnose", exc_info=error)
                what = type(error).__name__
                raise host_error("PLUGIN_FAILED", name=self._owner, what=what) from error
            if failure.kind == "cancelled":
                raise
            raise HostError(failure.code, failure.kind, own(failure.message)) from error
        if findings is None:
            name = self._owner
            raise Unknown(
                Text(
                    f"Insticksprogrammet {name} kan inte kontrollera sig självt; prova "
                    "överföringen.",
                    f"The plug-in {name} cannot check itself; try the transfer.",
                )
            )
        self._findings += findings


def first_failure(findings: list[Finding], definition: str | None = None) -> HostError | None:
    """Return the error that a command ends with; ``None`` if no check failed."""
    for finding in findings:
        if finding.state == "failed":
            error = HostError(finding.code, finding.kind, own(finding.message))
            if error.command is not None:
                error.command = Text(
                    *(c.replace("{name}", definition or "") for c in error.command)
                )
            return error
    return None


def _not_used(plugin: FoundPlugin) -> HostError:
    code = "PLUGIN_OFF" if plugin.is_off else "PLUGIN_LEFT_OUT"
    return host_error(code, name=plugin.full_name, why=plugin.reason or Text("–", "–"))


def _region(name: str) -> Text:
    if not name:
        return Text("standardregionen", "the default region")
    return Text(f"regionen {name}", f"the region {name}")


def _skipped(other: Text) -> Text:
    return Text(
        f"Inte kontrollerat. Rätta först: {other.sv}.",
        f"Not checked. Correct this first: {other.en}.",
    )


def _versions() -> Text:
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Text(f"{versions}.", f"{versions}.")


def _name_of(error: sqlite3.Error) -> str:
    # The message could hold a value of a row.
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    return name


def _exposed_path(folder: Path) -> Path | None:
    """Return the folder, or a file in it, that others than its owner can read."""
    if sys.platform == "win32" or not folder.exists():
        return None
    if folder.stat().st_mode & 0o077:
        return folder
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return None
    return next((file for file in files if _is_exposed(file)), None)


def _is_exposed(file: Path) -> bool:
    with suppress(FileNotFoundError):  # a run that stores a secret renames its file
        return bool(file.stat().st_mode & 0o077)
    return False
