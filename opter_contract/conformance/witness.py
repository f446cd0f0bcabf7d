"""A host in memory that remembers every call, to hold a plug-in to the contract.

Nothing is judged and nothing kept: what a plug-in did is read off afterwards.
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
from typing import Any

import pluggy

from opter_contract import PROJECT, hookimpl, hooks
from opter_contract.values import ExcludedPayment, Payment, Progress, Run, Text

log = logging.getLogger(__name__)


_NOTHING: Mapping[str, str] = MappingProxyType({})
_numbers = itertools.count(1)


@dataclass
class Emitted:
    """What one run handed over, asked for and said."""

    #: Every hook in the order of the calls, with the thread it was called from.
    calls: list[tuple[str, int]] = field(default_factory=list)
    batches: list[Sequence[Any]] = field(default_factory=list)
    payments: list[Any] = field(default_factory=list)
    excluded: list[Any] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    progress: list[Any] = field(default_factory=list)
    questions: int = 0
    report: Any = None

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The keys of all that was handed over, in order, without the numberless."""
        handed = [*self.payments, *self.excluded]
        return [(one.key.company, one.key.number) for one in handed if one.key.number]


class Window:
    """A login window that nobody sees: it has a function sign in, as a person would.

    :param sign_in: is called with the address, in a thread of its own, and
        returns when the person has signed in.
    """

    def __init__(self, sign_in: Callable[[str], object] | None = None) -> None:
        self._sign_in = sign_in
        self.addresses: list[str] = []

    def __call__(self, address: str, answered: Callable[[str], object]) -> bool:  # noqa: ARG002 as the hook has it
        """Open, at once."""
        self.addresses.append(address)
        if self._sign_in is None:
            return False
        threading.Thread(target=self._signed_in, args=[address], daemon=True).start()
        return True

    def _signed_in(self, address: str) -> None:
        if self._sign_in is None:
            return
        try:
            self._sign_in(address)
        except Exception as error:
            log.warning("nobody signed in: %s", type(error).__name__, exc_info=error)


class _Answers:
    """The hooks that a witness answers, as pluggy wants them: on one object."""


class Witness:
    """A host that takes everything, unless it is told to behave badly."""

    def __init__(
        self,
        *plugins: object,
        window: Callable[[str, Callable[[str], object]], bool] | None = None,
        invoices: Collection[str] = (),
        configuration: Mapping[str, str] = _NOTHING,
        without: Collection[str] = (),
    ) -> None:
        """Put a host together.

        :param window: opens a login window; preset: none can be opened.
        :param invoices: the numbers that ``opter_known_invoices`` knows.
        :param without: hooks that this host does not answer.
        """
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hooks)
        for plugin in plugins:
            self.manager.register(plugin)
        self.manager.check_pending()
        self._answers = _Answers()
        for name in dir(self):
            if name.startswith("opter_") and name not in without:
                setattr(self._answers, name, getattr(self, name))
        self.manager.register(self._answers)
        self.window = window or Window()
        self.runs: dict[str, Emitted] = defaultdict(Emitted)
        self.to_confirm: list[str] = []
        #: Answers to a batch, by its size; what returns ``None`` gives no answer.
        self.acknowledge: Callable[[str, int], int | None] = lambda _hook, size: size
        #: Says after how many words of progress to cancel; ``None`` never does.
        self.cancel_at: int | None = None
        self._invoices = frozenset(invoices)
        self._configuration = MappingProxyType(dict(configuration))
        self._state: dict[tuple[str, str], str] = {}
        self._secrets: dict[tuple[str, str], str] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    # --- Asking the plug-in ---

    def ask(self, hook: str, /, **arguments: object) -> Any:
        """Call a hook in the plug-ins; give the only answer, ``None`` where there is none.

        :raises AssertionError: where two answer.
        """
        answers = self.manager.subset_hook_caller(hook, [self._answers])(**arguments)
        if len(answers) > 1:
            raise AssertionError(f"{hook} was answered {len(answers)} times")
        return answers[0] if answers else None

    def run(self, import_type: str, settings: Mapping[str, str], **more: Any) -> Run:
        """Begin a run, which lasts as long as the test."""
        formats = {
            one.code: one.formats[0] for one in self.ask("opter_import_types") if one.formats
        }
        values: dict[str, Any] = {
            "id": f"run-{next(_numbers)}",
            "hook": self.manager.hook,
            "type_code": import_type,
            "format": formats.get(import_type, ""),
            "definition": "A",
            "settings": MappingProxyType(dict(settings)),
            "configuration": self._configuration,
        }
        return Run(**values | more)

    def import_payments(self, run: Run) -> Emitted:
        """Have the plug-in import; give what it handed over."""
        emitted = self.runs[run.id]
        emitted.report = self.ask("opter_import_payments", run=run)
        return emitted

    # --- Answering ---

    def _called(self, run: Run, hook: str) -> Emitted:
        emitted = self.runs[run.id]
        emitted.calls.append((hook, threading.get_ident()))
        return emitted

    @hookimpl
    def opter_take_payments(self, run: Run, payments: Sequence[Payment]) -> int | None:
        emitted = self._called(run, "opter_take_payments")
        emitted.batches.append(payments)
        emitted.payments.extend(payments)
        return self.acknowledge("opter_take_payments", len(payments))

    @hookimpl
    def opter_take_excluded(self, run: Run, excluded: Sequence[ExcludedPayment]) -> int | None:
        emitted = self._called(run, "opter_take_excluded")
        emitted.batches.append(excluded)
        emitted.excluded.extend(excluded)
        return self.acknowledge("opter_take_excluded", len(excluded))

    @hookimpl
    def opter_take_deleted(self, run: Run, payment_numbers: Sequence[str]) -> int | None:
        emitted = self._called(run, "opter_take_deleted")
        emitted.batches.append(payment_numbers)
        emitted.gone.extend(payment_numbers)
        return self.acknowledge("opter_take_deleted", len(payment_numbers))

    @hookimpl
    def opter_payments_to_confirm(self, run: Run) -> Sequence[str]:
        emitted = self._called(run, "opter_payments_to_confirm")
        emitted.questions += 1
        asked, self.to_confirm = self.to_confirm, []
        return asked

    @hookimpl
    def opter_known_invoices(self, run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:
        self._called(run, "opter_known_invoices").batches.append(invoice_numbers)
        return self._invoices.intersection(invoice_numbers)

    @hookimpl
    def opter_progress(self, run: Run, progress: Progress) -> bool | None:
        emitted = self._called(run, "opter_progress")
        emitted.progress.append(progress)
        return self.cancel_at is not None and len(emitted.progress) >= self.cancel_at

    @hookimpl
    def opter_open_browser(
        self, run: Run, url: str, on_redirect: Callable[[str], Text | None]
    ) -> bool:
        self._called(run, "opter_open_browser")
        return self.window(url, on_redirect)

    @hookimpl
    def opter_get_state(self, run: Run, key: str) -> str | None:
        self._called(run, "opter_get_state")
        return self._state.get((run.type_code, key))

    @hookimpl
    def opter_set_state(self, run: Run, key: str, value: str | None) -> bool:
        self._called(run, "opter_set_state")
        return _put(self._state, (run.type_code, key), value)

    @hookimpl
    def opter_get_secret(self, run: Run, key: str) -> str | None:
        self._called(run, "opter_get_secret")
        return self._secrets.get((run.definition, key))

    @hookimpl
    def opter_set_secret(self, run: Run, key: str, value: str | None) -> bool:
        self._called(run, "opter_set_secret")
        return _put(self._secrets, (run.definition, key), value)

    @hookimpl
    def opter_lock(self, run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:
        self._called(run, "opter_lock")
        return self._held(key, timeout)

    @contextlib.contextmanager
    def _held(self, key: str, wait: float) -> Iterator[bool]:
        lock = self._locks[key]
        got = lock.acquire(timeout=wait) if wait > 0 else lock.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                lock.release()


def _put(place: dict[tuple[str, str], str], key: tuple[str, str], value: str | None) -> bool:
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value
    return True
