"""What every service needs: the database, the plug-ins, the clock and the user."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from hostsim.errors import failure_of, host_error
from hostsim.ledger.values import SEK
from hostsim.messages.source_name import UNNAMED
from hostsim.messages.text import own
from hostsim.plugins.listeners import notify_of_changes
from hostsim.plugins.loading import Plugins
from hostsim.plugins.session import OnProgress, Session, StoredRun, Window
from hostsim.services import browser
from hostsim.storage import previews
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.previews import Preview
from hostsim.storage.rows import clean
from hostsim.storage.secrets import FindKeyring, Secrets, no_keyring
from hostsim.storage.store import Store
from opter_contract import CONTRACT_VERSION
from opter_contract.values import Company, Progress, Run, Text

AnySession = TypeVar("AnySession", bound=Session)

_NOTHING: Mapping[str, str] = MappingProxyType({})


def now() -> datetime:
    """Return the time, in the machine's zone."""
    return datetime.now(UTC).astimezone()


def new_id() -> str:
    return uuid.uuid4().hex


def system_user() -> str:
    """Return the name of the system's user; ``?`` if it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # As in a container whose user has no name, or on Windows without USERNAME.
        return "?"


def ignore_progress(progress: Progress) -> bool | None:  # noqa: ARG001 as the hook has it
    """Never cancel."""
    return None


class Context:
    """One database and its plug-ins. Two imports may run at once, in two threads."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        *,
        configuration: Mapping[str, str] = _NOTHING,
        login_timeout: float = 300.0,
        attended: bool = True,
        redirect_uri: str = "",
        window: Window | None = None,
        on_progress: OnProgress = ignore_progress,
        clock: Callable[[], datetime] = now,
        user: str | None = None,
        new_id: Callable[[], str] = new_id,
        lock_wait: float = 10.0,
        keyring: FindKeyring = no_keyring,
    ) -> None:
        """Take the parts.

        :param configuration: the administrator's values for plug-ins; they take precedence
            over the environment.
        :param login_timeout: seconds that a person may take to sign in.
        :param attended: whether a person is there.
        :param redirect_uri: where a login sends the browser back to, if the front end
            receives it.
        :param window: opens a URL without blocking; default: the system's browser.
        :param on_progress: called with progress; ``True`` cancels.
        :param clock: returns the time, with its zone.
        :param user: who imports and saves; default: the user of the system.
        :param lock_wait: seconds to wait for another import of a definition.
        :param keyring: finds a keyring for secrets; default: a file next to the database.
        """
        self.store = store
        self.plugins = plugins
        self._configuration = MappingProxyType(dict(configuration))
        self._login_timeout = login_timeout
        self._attended = attended
        self._redirect_uri = redirect_uri
        self._window = window or browser.open_browser
        self._on_progress = on_progress
        self._clock = clock
        self._user = system_user() if user is None else user
        self._new_id = new_id
        self._lock_wait = lock_wait
        self._secrets = Secrets(store.path, store.locks, keyring)

    def source(self, import_type: str | None = None) -> Text:
        """Return the plug-in's name for the system that payments of an import type come from.

        :param import_type: default: the only one.
        """
        types = self.plugins.import_types
        if import_type is None:
            [name, *others] = types or [""]
            return UNNAMED if others or not name else own(types[name].label)
        type_ = types.get(import_type)
        return Text(import_type, import_type) if type_ is None else own(type_.label)

    def open_preview(self, name: str) -> Preview | None:
        """Return the open preview of a definition; ``None`` when nothing is open."""
        self.store.definition(name)
        run_id = self._open_run(name)
        return None if run_id is None else previews.preview_of(self.store, run_id)

    def _open_run(self, name: str) -> str | None:
        """Return the id of the run whose preview is open."""
        return previews.open_runs(self.store).get(name)

    def notify_listeners(self) -> None:
        """Send each listening plug-in the changes of the books that it has not acknowledged.

        Every method that changes the books calls it after the commit; an import and a save
        also before they begin, for changes that a program left unsent when it ended.
        """
        notify_of_changes(self.plugins, self.store)

    def _company_of(self, name: str) -> Company | None:
        """Return the company of the open preview, else that of the definition."""
        preview = self.open_preview(name)
        return self.store.definition(name).company if preview is None else preview.company

    def _new_run(self, name: str, *, exports: bool | None = False) -> ImportRun:
        definition = self.store.definition(name, exports=exports)
        return ImportRun(self.store, self._new_id(), definition)

    @contextmanager
    def _session(self, kind: type[AnySession], stored: Any) -> Iterator[AnySession]:
        """Answer the host's hooks for a run while the block calls its plug-in."""
        session = kind(
            self._run(stored),
            stored,
            call_owner=self.plugins.call_owner,
            window=self._window,
            on_progress=self._on_progress,
            secrets=self._secrets,
            clock=self._clock,
        )
        with self.plugins.host_hooks.active(session):
            yield session

    def _run(self, stored: StoredRun) -> Run:
        definition = stored.definition
        return Run(
            id=stored.run_id,
            hook=self.plugins.manager.hook,
            type_code=definition.import_type,
            format=definition.import_format,
            definition=definition.name,
            settings=MappingProxyType(dict(definition.settings)),
            company=definition.company,
            cursor=definition.cursor,
            default_currency=self.store.settings()["default_currency"],
            configuration=self._configuration,
            login_timeout=self._login_timeout,
            contract_version=CONTRACT_VERSION,
            subject=definition.subject,
            attended=self._attended,
            redirect_uri=self._redirect_uri,
        )

    def _refuse_other_currency(self) -> None:
        currency = self.store.settings()["default_currency"]
        if currency.upper() != SEK:
            raise host_error("DEFAULT_CURRENCY", currency=currency)

    @contextmanager
    def _definition_lock(self, name: str, kind: str = "definition") -> Iterator[None]:
        """Exclude every other import, save and change of this definition.

        :raises HostError: ``IMPORT_RUNNING``, ``EXPORT_RUNNING`` if another one takes too long.
        """
        with self.store.locks.hold(kind, name, wait=self._lock_wait) as acquired:
            if not acquired:
                exports = {export.name for export in self.store.definitions(exports=True)}
                raise host_error(
                    "EXPORT_RUNNING" if name in exports else "IMPORT_RUNNING", name=name
                )
            yield


@contextmanager
def recording_failure(run: StoredRun) -> Iterator[None]:
    """Store the error that ends a run; of a bug only its code."""
    try:
        yield
    except BaseException as error:
        failure = failure_of(error)
        if failure is None:
            run.fail("INTERNAL")
        else:
            run.fail(clean(failure.code), own(failure.message))
        raise
