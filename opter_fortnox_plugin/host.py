"""What we ask of the host, one method a question, each answer checked.

pluggy answers with a list, and with an empty one where nobody listens: a batch
of payments would be gone without a sound. So exactly one answer is required
wherever the contract says that the host gives it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from opter_contract import BATCH
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

#: Seconds between two words to the host while we wait.
_REPORT_INTERVAL: Final = 0.5

#: Seconds that are still to come: with fewer nobody needs to be told.
_WORTH_SAYING: Final = 10.0


class Host:
    """The host of one run.

    :param sleep, clock: seconds, to wait and to measure how long.
    """

    def __init__(
        self,
        run: Run,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run: Final = run
        self._hook = _Hooks(run.hook)
        self._sleep = sleep
        self._clock = clock
        self._last = Progress("reading", 0, None, Text("Börjar", "Starting"))
        self._told_at = clock()

    # --- payments ---

    def take_payments(self, payments: Sequence[Payment]) -> None:
        """Hand payments over, in batches; each must be acknowledged."""
        for batch in _batches(payments):
            answers = self._hook.opter_take_payments(run=self.run, payments=batch)
            _acknowledged(answers, len(batch), "opter_take_payments")

    def take_excluded(self, excluded: Sequence[ExcludedPayment]) -> None:
        """Hand over what is left out, in batches; each must be acknowledged."""
        for batch in _batches(excluded):
            answers = self._hook.opter_take_excluded(run=self.run, excluded=batch)
            _acknowledged(answers, len(batch), "opter_take_excluded")

    def take_deleted(self, numbers: Sequence[str]) -> None:
        """Say which payments no longer exist; must be acknowledged."""
        for batch in _batches(numbers):
            answers = self._hook.opter_take_deleted(run=self.run, payment_numbers=batch)
            _acknowledged(answers, len(batch), "opter_take_deleted")

    def take_unchecked(self, numbers: Sequence[str]) -> None:
        """Say which registered payments could not be asked after; older hosts do not listen."""
        for batch in _batches(numbers):
            answers = self._hook.opter_take_unchecked(run=self.run, payment_numbers=batch)
            if answers:
                _acknowledged(answers, len(batch), "opter_take_unchecked")

    def takes_balances(self) -> bool:
        """Ask, with an empty batch, whether the host compares balances; older ones do not."""
        answers = self._hook.opter_take_balances(run=self.run, balances=[])
        if answers:
            _acknowledged(answers, 0, "opter_take_balances")
        return bool(answers)

    def take_balances(self, balances: Sequence[InvoiceBalance]) -> None:
        """Hand over what is said of invoices, in batches; each must be acknowledged."""
        for batch in _batches(balances):
            answers = self._hook.opter_take_balances(run=self.run, balances=batch)
            _acknowledged(answers, len(batch), "opter_take_balances")

    def invoices_to_check(self, company: Company) -> Sequence[str]:
        """Ask which invoices to ask for one by one; nobody's answer means none."""
        answers = self._hook.opter_invoices_to_check(run=self.run, company=company)
        return _one(answers, "opter_invoices_to_check") if answers else ()

    def registered_payments(self, company: Company) -> Sequence[RegisteredPayment]:
        """Ask which registered payments to ask after; nobody's answer means none."""
        answers = self._hook.opter_payments_to_check(run=self.run, company=company)
        return _one(answers, "opter_payments_to_check") if answers else ()

    def payments_to_confirm(self, company: Company) -> Sequence[str]:
        """Ask which payments to fetch again, whole."""
        answers = self._hook.opter_payments_to_confirm(run=self.run, company=company)
        return _one(answers, "opter_payments_to_confirm")

    def known_invoices(self, numbers: Collection[str]) -> set[str]:
        """Ask which of these invoices the host has."""
        known: set[str] = set()
        for batch in _batches(sorted(numbers)):
            answers = self._hook.opter_known_invoices(run=self.run, invoice_numbers=batch)
            known.update(_one(answers, "opter_known_invoices"))
        return known

    # --- the person ---

    def report_progress(
        self,
        stage: str,
        done: int,
        total: int | None,
        message: Text,
        seconds_left: float | None = None,
    ) -> None:
        """Say how far we are.

        :param seconds_left: how long it will take, as far as it can be told; added to the
            sentence where that is worth a word.
        :raises Cancelled: where somebody says stop.
        """
        self._last = Progress(stage, done, total, message, seconds_left)
        self._told_at = self._clock()
        self.repeat_progress()

    def repeat_progress(self) -> None:
        """Repeat what was told last, since we still wait; the time that is left goes down.

        :raises Cancelled: where somebody says stop.
        """
        progress = self._last
        if progress.seconds_left is not None:
            left = max(0.0, progress.seconds_left - (self._clock() - self._told_at))
            message = with_time_left(progress.message, left)
            progress = replace(progress, message=message, seconds_left=left)
        answers = self._hook.opter_progress(run=self.run, progress=progress)
        if any(answer is True for answer in answers):
            raise Cancelled("CANCELLED")

    def wait(self, seconds: float) -> None:
        """Wait, saying so now and then.

        :raises Cancelled: where somebody says stop.
        """
        until = self._clock() + seconds
        while (rest := until - self._clock()) > 0:
            self.repeat_progress()
            self._sleep(min(rest, _REPORT_INTERVAL))

    def open_browser(self, address: str, answered: Callable[[str], Text | None]) -> None:
        """Have a person shown an address.

        :raises LoginFailed: where nobody sees it.
        """
        answers = self._hook.opter_open_browser(run=self.run, url=address, on_redirect=answered)
        if not _one(answers, "opter_open_browser"):
            raise LoginFailed("NO_WINDOW")

    # --- what outlives the run ---

    def get_state(self, key: str) -> str | None:
        """Read a small value that was kept; nobody's answer means that there is none."""
        answers = self._hook.opter_get_state(run=self.run, key=key)
        return _one(answers, "opter_get_state") if answers else None

    def set_state(self, key: str, value: str) -> None:
        """Keep a small value for the next run."""
        _one(self._hook.opter_set_state(run=self.run, key=key, value=value), "opter_set_state")

    def get_secret(self, key: str) -> str | None:
        """Read a secret of this definition; nobody's answer means that there is none."""
        answers = self._hook.opter_get_secret(run=self.run, key=key)
        return _one(answers, "opter_get_secret") if answers else None

    def set_secret(self, key: str, value: str | None) -> bool:
        """Put a secret away, durably, or take it away.

        :return: whether the host has a place for secrets at all.
        """
        answers = self._hook.opter_set_secret(run=self.run, key=key, value=value)
        if answers and not _one(answers, "opter_set_secret"):
            raise Refused("HOST_DID_NOT_ANSWER", hook="opter_set_secret")
        return bool(answers)

    @contextmanager
    def lock(
        self, key: str, patience: float, waiting: Text, error: Callable[[], FortnoxError]
    ) -> Iterator[None]:
        """Hold a lock across processes, saying so while another holds it.

        :param patience: seconds to wait for the other one.
        :param error: makes the error for when it did not let go.
        """
        until = self._clock() + patience
        while True:
            answers = self._hook.opter_lock(run=self.run, key=key, timeout=0.0)
            with _one(answers, "opter_lock") as got:
                if got:
                    yield
                    return
            rest = until - self._clock()
            if rest <= 0:
                raise error()
            self.report_progress("waiting", 0, None, waiting)
            self._sleep(min(rest, _REPORT_INTERVAL))


def with_time_left(message: Text, seconds: float) -> Text:
    """Add how long it will take, where that is worth a word."""
    if seconds < _WORTH_SAYING:
        return message
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (hours + minutes > 0)
    if not hours:
        parts.append(f"{rest} s")
    left = " ".join(parts)
    return Text(f"{message.sv}; ungefär {left} kvar", f"{message.en}; about {left} left")


class _Hooks:
    """The host's hooks; one that nobody implements or specifies has no answer."""

    def __init__(self, relay: Any) -> None:
        self._relay = relay

    def __getattr__(self, name: str) -> Any:
        return getattr(self._relay, name, _nobody)


def _nobody(**_: object) -> list[Any]:
    return []


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _one(answers: Sequence[T], hook: str) -> T:
    if len(answers) != 1:
        raise Refused("HOST_DID_NOT_ANSWER", hook=hook)
    return answers[0]


def _acknowledged(answers: Sequence[int], count: int, hook: str) -> None:
    if list(answers) != [count]:
        raise Refused("NOT_ACKNOWLEDGED", hook=hook, count=count)
