"""The host's hooks, one method each, with every result checked.

pluggy returns a list of results, which is empty if nothing implements the hook: a batch
of payments would be lost silently. So exactly one result is required wherever the
contract says that the host returns it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from opter_contract import BATCH
from opter_contract.export_values import (
    BankChange,
    ExportItem,
    Gap,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import (
    Company,
    ExcludedPayment,
    InvoiceBalance,
    Payment,
    Progress,
    RegisteredPayment,
    Run,
    Text,
)
from opter_fortnox_plugin.errors import Cancelled, FortnoxError, LoginFailed, Refused

T = TypeVar("T")

#: Seconds between two reports of progress while we wait.
_REPORT_INTERVAL: Final = 0.5

#: A shorter time left is not mentioned.
_MIN_SECONDS_LEFT: Final = 10.0

_REQUIRED: Final[Any] = object()


class Host:
    """The host of one run.

    :param now: Unix time, for what other processes read.
    :param sleep, clock: seconds, to wait and to measure how long.
    """

    def __init__(
        self,
        run: Run,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run: Final = run
        self.now: Final = now
        self.clock: Final = clock
        self._sleep = sleep
        self._last = Progress("reading", 0, None, Text("Börjar", "Starting"))
        self._reported_at = clock()

    # --- payments ---

    def take_payments(self, payments: Sequence[Payment]) -> None:
        self._deliver("opter_take_payments", "payments", payments)

    def take_excluded(self, excluded: Sequence[ExcludedPayment]) -> None:
        self._deliver("opter_take_excluded", "excluded", excluded)

    def take_deleted(self, numbers: Sequence[str]) -> None:
        self._deliver("opter_take_deleted", "payment_numbers", numbers)

    def take_unchecked(self, numbers: Sequence[str]) -> None:
        """Deliver the numbers of registered payments that could not be checked."""
        self._deliver("opter_take_unchecked", "payment_numbers", numbers, optional=True)

    def takes_balances(self) -> bool:
        """Deliver an empty batch; return whether the host compares balances. Older ones do not."""
        return self._deliver_batch("opter_take_balances", "balances", [], optional=True)

    def take_balances(self, balances: Sequence[InvoiceBalance]) -> None:
        self._deliver("opter_take_balances", "balances", balances)

    def invoices_to_check(self, company: Company) -> Sequence[str]:
        return self._ask("opter_invoices_to_check", default=(), company=company)

    def registered_payments(self, company: Company) -> Sequence[RegisteredPayment]:
        return self._ask("opter_payments_to_check", default=(), company=company)

    def payments_to_confirm(self, company: Company) -> Sequence[str]:
        """Return the numbers of the payments to fetch again, with their details."""
        return self._ask("opter_payments_to_confirm", company=company)

    def known_invoices(self, numbers: Collection[str]) -> set[str]:
        known_numbers: set[str] = set()
        for batch in _batches(sorted(numbers)):
            known_numbers.update(self._ask("opter_known_invoices", invoice_numbers=batch))
        return known_numbers

    # --- exports ---

    def items_to_export(self) -> list[ExportItem]:
        items: list[ExportItem] = []
        batch: Sequence[ExportItem]
        while batch := self._ask("opter_items_to_export", after=items[-1].id if items else ""):
            items.extend(batch)
        return items

    def read_document(self, item_id: str) -> bytes | None:
        return self._ask("opter_read_document", default=None, item_id=item_id)

    def take_planned_items(self, items: Sequence[PlannedItem]) -> None:
        self._deliver("opter_take_planned_items", "items", items)

    def take_planned_cards(self, cards: Sequence[PlannedCard]) -> None:
        self._deliver("opter_take_planned_cards", "cards", cards, optional=True)

    def take_bank_changes(self, changes: Sequence[BankChange]) -> None:
        self._deliver("opter_take_bank_changes", "changes", changes, optional=True)

    def confirmed_bank_changes(self, party_numbers: Sequence[str]) -> Sequence[BankChange]:
        """Return the bank changes of these that a person has confirmed; older hosts have none."""
        confirmed: list[BankChange] = []
        for batch in _batches(party_numbers):
            confirmed += self._ask("opter_confirmed_bank_changes", default=(), party_numbers=batch)
        return confirmed

    def take_gaps(self, gaps: Sequence[Gap]) -> None:
        self._deliver("opter_take_gaps", "gaps", gaps)

    def review(self, company: Company, timeout: float) -> frozenset[str]:
        """Show the plan to a person; return the ids of the items to send."""
        result = self._ask("opter_review_export", default=None, company=company, timeout=timeout)
        return frozenset(result or ())

    def take_intents(self, item_ids: Sequence[str]) -> None:
        """Store that items are about to be sent."""
        self._deliver("opter_take_intents", "item_ids", item_ids)

    def take_results(self, results: Sequence[ItemResult]) -> None:
        self._deliver("opter_take_results", "results", results)

    # --- the person ---

    def report_progress(
        self,
        stage: str,
        done: int,
        total: int | None,
        message: Text,
        seconds_left: float | None = None,
    ) -> None:
        """Report progress.

        :param seconds_left: an estimate, if there is one; added to the message unless it is short.
        :raises Cancelled: if a person cancels.
        """
        self._last = Progress(stage, done, total, message, seconds_left)
        self._reported_at = self.clock()
        self.repeat_progress()

    def repeat_progress(self) -> None:
        """Repeat the last report while we wait, with the remaining time updated.

        :raises Cancelled: if a person cancels.
        """
        progress = self._last
        if progress.seconds_left is not None:
            left = max(0.0, progress.seconds_left - (self.clock() - self._reported_at))
            message = with_time_left(progress.message, left)
            progress = replace(progress, message=message, seconds_left=left)
        results = self._call("opter_progress", progress=progress)
        if any(result is True for result in results):
            raise Cancelled("CANCELLED")

    def wait(self, seconds: float) -> None:
        """Wait, repeating the last report now and then.

        :raises Cancelled: if a person cancels.
        """
        until = self.clock() + seconds
        while (remaining := until - self.clock()) > 0:
            self.repeat_progress()
            self._sleep(min(remaining, _REPORT_INTERVAL))

    def open_browser(self, url: str, on_redirect: Callable[[str], Text | None]) -> None:
        """Show a URL to a person.

        :raises LoginFailed: if the host cannot show it to anyone.
        """
        if not self._ask("opter_open_browser", url=url, on_redirect=on_redirect):
            raise LoginFailed("NO_WINDOW")

    # --- state and secrets ---

    @property
    def redirect_uri(self) -> str:
        """Where the host receives the callback of a login; ``""`` if it does not."""
        return str(getattr(self.run, "redirect_uri", ""))

    @property
    def attended(self) -> bool:
        """Whether a person is present; an older host does not say."""
        return bool(getattr(self.run, "attended", True))

    def get_state(self, key: str) -> str | None:
        return self._ask("opter_get_state", default=None, key=key)

    def set_state(self, key: str, value: str | None) -> None:
        self._ask("opter_set_state", key=key, value=value)

    def get_secret(self, key: str) -> str | None:
        return self._ask("opter_get_secret", default=None, key=key)

    def set_secret(self, key: str, value: str | None) -> bool:
        """Store a secret durably, or delete it.

        :return: whether the host can store secrets.
        """
        stored = self._ask("opter_set_secret", default=None, key=key, value=value)
        if stored is not None and not stored:
            raise Refused("HOST_DID_NOT_ANSWER", hook="opter_set_secret")
        return stored is not None

    @contextmanager
    def lock(
        self, key: str, timeout: float, waiting: Text, error: Callable[[], FortnoxError]
    ) -> Iterator[None]:
        """Hold a lock across processes, reporting that we wait while another holds it.

        :param timeout: seconds to wait for the other one.
        :param error: returns the error to raise if it is not released in time.
        """
        until = self.clock() + timeout
        while True:
            lock: AbstractContextManager[bool] = self._ask("opter_lock", key=key, timeout=0.0)
            with lock as acquired:
                if acquired:
                    yield
                    return
            remaining = until - self.clock()
            if remaining <= 0:
                raise error()
            self.report_progress("waiting", 0, None, waiting)
            self._sleep(min(remaining, _REPORT_INTERVAL))

    # --- calling hooks ---

    def _call(self, hook: str, **arguments: Any) -> list[Any]:
        """Return all results; none if the host does not implement or specify the hook."""
        results: list[Any] = getattr(self.run.hook, hook, _no_results)(run=self.run, **arguments)
        return results

    def _ask(self, hook: str, *, default: T = _REQUIRED, **arguments: Any) -> T:
        """Return the only result, of the type that the contract says.

        :param default: returned if there is none; without it, the host must return one.
        """
        results = self._call(hook, **arguments)
        if not results and default is not _REQUIRED:
            return default
        if len(results) != 1:
            raise Refused("HOST_DID_NOT_ANSWER", hook=hook)
        result: T = results[0]
        return result

    def _deliver(
        self, hook: str, argument: str, items: Sequence[Any], *, optional: bool = False
    ) -> None:
        for batch in _batches(items):
            self._deliver_batch(hook, argument, batch, optional=optional)

    def _deliver_batch(
        self, hook: str, argument: str, batch: Sequence[Any], *, optional: bool
    ) -> bool:
        """Deliver a batch, which must be acknowledged by its length.

        :param optional: whether older hosts do not have the hook.
        :return: whether the host has it.
        """
        results = self._call(hook, **{argument: batch})
        if not results and optional:
            return False
        if list(results) != [len(batch)]:
            raise Refused("NOT_ACKNOWLEDGED", hook=hook, count=len(batch))
        return True


def with_time_left(message: Text, seconds: float) -> Text:
    """Add the remaining time to a message, unless it is short."""
    if seconds < _MIN_SECONDS_LEFT:
        return message
    minutes, odd_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (hours + minutes > 0)
    if not hours:
        parts.append(f"{odd_seconds} s")
    left = " ".join(parts)
    return Text(f"{message.sv}; ungefär {left} kvar", f"{message.en}; about {left} left")


def _no_results(**_: object) -> list[Any]:
    return []


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
