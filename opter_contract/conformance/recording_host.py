"""A host in memory that records every call, to test a plug-in against the contract.

It does not match or save payments; tests read the record.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import pluggy

from opter_contract import PROJECT, export_hooks, hookimpl, hooks
from opter_contract.values import Progress, Run, Text

log = logging.getLogger(__name__)


_NOTHING: Mapping[str, str] = MappingProxyType({})
_run_numbers = itertools.count(1)


@dataclass
class RecordedRun:
    """The calls and data of a plug-in in one run."""

    #: Every hook in the order of the calls, with the thread it was called from.
    calls: list[tuple[str, int]] = field(default_factory=list)
    batches: list[Sequence[Any]] = field(default_factory=list)
    payments: list[Any] = field(default_factory=list)
    excluded: list[Any] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    progress: list[Any] = field(default_factory=list)
    report: Any = None

    @property
    def handed_over(self) -> list[Any]:
        """The data that shows that a transfer has begun."""
        return self.payments

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Company and number of everything that was handed over with a number, in order."""
        everything = [*self.payments, *self.excluded]
        return [(row.key.company, row.key.number) for row in everything if row.key.number]

    def count(self, hook: str) -> int:
        return [name for name, _ in self.calls].count(hook)


class FakeBrowser:
    """Signs in with a function instead of a person.

    :param sign_in: called with the URL, in a thread of its own; returns when the person has
        signed in. ``None``: there is no browser.
    """

    def __init__(self, sign_in: Callable[[str], object] | None = None) -> None:
        self._sign_in = sign_in
        self.urls: list[str] = []

    def __call__(self, url: str, on_redirect: Callable[[str], object]) -> bool:  # noqa: ARG002 as the hook has it
        self.urls.append(url)
        if self._sign_in is not None:
            threading.Thread(target=self._open, args=[self._sign_in, url], daemon=True).start()
        return self._sign_in is not None

    def _open(self, sign_in: Callable[[str], object], url: str) -> None:
        try:
            sign_in(url)
        except Exception as error:
            log.warning("nobody signed in: %s", type(error).__name__, exc_info=error)


class WebBrowser:
    """Signs in at a host that is a web application, which hands over the redirect URL.

    It first hands over a callback of another login, and then the right one twice.

    :param sign_in: called with the URL, in a thread of its own; returns the redirect URL.
    """

    def __init__(self, sign_in: Callable[[str], str]) -> None:
        self._sign_in = sign_in
        self.urls: list[str] = []
        #: The plug-in's result for each callback.
        self.results: list[Text | None] = []
        self._callback = ""
        self._on_redirect: Callable[[str], Text | None] = lambda _url: None
        self._thread = threading.Thread(target=self._visit, daemon=True)

    def __call__(self, url: str, on_redirect: Callable[[str], Any]) -> bool:
        self.urls.append(url)
        self._on_redirect = on_redirect
        self._thread.start()
        return True

    def join(self) -> None:
        """Wait until everything was handed over."""
        self._thread.join()

    def hand_over_again(self) -> Text | None:
        return self._on_redirect(self._callback)

    def _visit(self) -> None:
        self._callback = self._sign_in(self.urls[-1])
        url, _, query = self._callback.partition("?")
        values = dict(parse_qsl(query)) | {"state": "of-another-login"}
        for callback in (f"{url}?{urlencode(values)}", self._callback, self._callback):
            self.results.append(self._on_redirect(callback))


class HostFailure(Exception):
    """An error that the host raises in a hook."""

    code, kind = "HOST_FAILED", "internal"

    def __init__(self, hook: str) -> None:
        super().__init__(hook)
        self.message = Text(f"Värden kunde inte svara på {hook}.", f"The host failed in {hook}.")


class _HostHooks:
    """The hooks that the host implements, on one object for pluggy."""


class RecordingHost:
    """Takes everything, unless a test has it misbehave."""

    def __init__(
        self,
        *plugins: object,
        browser: Callable[[str, Callable[[str], object]], bool] | None = None,
        invoices: Collection[str] = (),
        configuration: Mapping[str, str] = _NOTHING,
        without: Collection[str] = (),
    ) -> None:
        """Register the plug-ins and the host's hooks.

        :param browser: opens a URL; by default there is no browser.
        :param invoices: the numbers that ``opter_known_invoices`` knows.
        :param without: hooks that this host does not implement.
        """
        self._plugins = plugins
        self.manager = pluggy.PluginManager(PROJECT)
        for page in (hooks, export_hooks):
            self.manager.add_hookspecs(page)
        for plugin in plugins:
            self.manager.register(plugin)
        self.manager.check_pending()
        self._hooks = _HostHooks()
        for name in dir(self):
            if name.startswith(f"{PROJECT}_") and name not in without:
                setattr(self._hooks, name, getattr(self, name))
        self.manager.register(self._hooks)
        self.browser = browser or FakeBrowser()
        self.runs: dict[str, RecordedRun] = defaultdict(RecordedRun)
        self.to_confirm: list[str] = []
        #: Returns the result for a batch of a hook, by its size; ``None`` for no result.
        self.acknowledge: Callable[[str, int], int | None] = lambda _hook, size: size
        #: The hook in which this host fails.
        self.failing = ""
        #: The number of calls of ``opter_progress`` before it cancels; ``None`` for never.
        self.cancel_at: int | None = None
        self._invoices = frozenset(invoices)
        self._configuration = MappingProxyType(dict(configuration))
        self._state: dict[tuple[str, str], str] = {}
        self._secrets: dict[tuple[str, str], str] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def copy(self, **changes: Any) -> Self:
        """Return another host with the same plug-ins, browser and configuration."""
        values: dict[str, Any] = {
            "browser": self.browser,
            "configuration": self._configuration,
        }
        return type(self)(*self._plugins, **values | changes)

    # --- Calling the plug-in ---

    def call(self, hook: str, /, **arguments: object) -> Any:
        """Call a hook in the plug-ins; return the only result, ``None`` if there is none.

        :raises AssertionError: if two plug-ins return one.
        """
        results = self.manager.subset_hook_caller(hook, [self._hooks])(**arguments)
        if len(results) > 1:
            raise AssertionError(f"{hook} was answered {len(results)} times")
        return results[0] if results else None

    def new_run(self, type_code: str, settings: Mapping[str, str], **more: Any) -> Run:
        """Return a run, which is active until the end of the test."""
        formats = {kind.code: kind.formats[0] for kind in self.call("opter_import_types") or ()}
        values: dict[str, Any] = {
            "id": f"run-{next(_run_numbers)}",
            "hook": self.manager.hook,
            "type_code": type_code,
            "format": formats.get(type_code, ""),
            "definition": "A",
            "settings": MappingProxyType(dict(settings)),
            "configuration": self._configuration,
        }
        return Run(**values | more)

    def import_payments(self, run: Run) -> RecordedRun:
        recorded = self.runs[run.id]
        recorded.report = self.call("opter_import_payments", run=run)
        return recorded

    # --- Hooks ---

    def _record(self, run: Run, hook: str) -> RecordedRun:
        recorded = self.runs[run.id]
        recorded.calls.append((hook, threading.get_ident()))
        if hook == self.failing:
            raise HostFailure(hook)
        return recorded

    def _take(self, run: Run, hook: str, attribute: str, batch: Sequence[Any]) -> int | None:
        recorded = self._record(run, hook)
        recorded.batches.append(batch)
        getattr(recorded, attribute).extend(batch)
        return self.acknowledge(hook, len(batch))

    @hookimpl
    def opter_take_payments(self, run: Run, payments: Sequence[Any]) -> int | None:
        return self._take(run, "opter_take_payments", "payments", payments)

    @hookimpl
    def opter_take_excluded(self, run: Run, excluded: Sequence[Any]) -> int | None:
        return self._take(run, "opter_take_excluded", "excluded", excluded)

    @hookimpl
    def opter_take_deleted(self, run: Run, payment_numbers: Sequence[str]) -> int | None:
        return self._take(run, "opter_take_deleted", "deleted", payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self, run: Run) -> Sequence[str]:
        self._record(run, "opter_payments_to_confirm")
        numbers, self.to_confirm = self.to_confirm, []
        return numbers

    @hookimpl
    def opter_known_invoices(self, run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:
        self._record(run, "opter_known_invoices").batches.append(invoice_numbers)
        return self._invoices.intersection(invoice_numbers)

    @hookimpl
    def opter_progress(self, run: Run, progress: Progress) -> bool | None:
        recorded = self._record(run, "opter_progress")
        recorded.progress.append(progress)
        return self.cancel_at is not None and len(recorded.progress) >= self.cancel_at

    @hookimpl
    def opter_open_browser(
        self, run: Run, url: str, on_redirect: Callable[[str], Text | None]
    ) -> bool:
        self._record(run, "opter_open_browser")
        return self.browser(url, on_redirect)

    @hookimpl
    def opter_get_state(self, run: Run, key: str) -> str | None:
        self._record(run, "opter_get_state")
        return self._state.get((run.type_code, key))

    @hookimpl
    def opter_set_state(self, run: Run, key: str, value: str | None) -> bool:
        self._record(run, "opter_set_state")
        return _set(self._state, (run.type_code, key), value)

    @hookimpl
    def opter_get_secret(self, run: Run, key: str) -> str | None:
        self._record(run, "opter_get_secret")
        return self._secrets.get((run.definition, key))

    @hookimpl
    def opter_set_secret(self, run: Run, key: str, value: str | None) -> bool:
        self._record(run, "opter_set_secret")
        return _set(self._secrets, (run.definition, key), value)

    @hookimpl
    def opter_lock(self, run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:
        self._record(run, "opter_lock")
        return self._locked(key, timeout)

    @contextlib.contextmanager
    def _locked(self, key: str, timeout: float) -> Iterator[bool]:
        lock = self._locks[key]
        acquired = lock.acquire(timeout=timeout) if timeout > 0 else lock.acquire(blocking=False)
        try:
            yield acquired
        finally:
            if acquired:
                lock.release()


def _set(values: dict[tuple[str, str], str], key: tuple[str, str], value: str | None) -> bool:
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value
    return True
