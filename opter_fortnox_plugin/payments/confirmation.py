"""Payments that the host has already, checked in Fortnox: the registered and those to be saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from opter_contract.values import Company, ExcludedPayment, Text
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.best_effort import BestEffort
from opter_fortnox_plugin.payments.payment_details import Outcome, PaymentDetails
from opter_fortnox_plugin.session import Session

#: The maximum number of registered payments that are checked in a run.
MAX_CHECKED: Final = 100


class Confirmation:
    """The payments of one company that the host names.

    :param hand_over: takes those that were fetched.
    """

    def __init__(
        self,
        session: Session,
        company: Company,
        details: PaymentDetails,
        hand_over: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self._host = session.host
        self._pool = session.pool
        self._seconds_left = session.seconds_left
        self._company = company
        self._details = details
        self._hand_over = hand_over
        #: Notes for a person on what could not be checked.
        self.notes: list[Text] = []

    def check_registered(self) -> None:
        """Check whether the registered payments that the host names still exist.

        Payments that pay another invoice now are handed over, deleted and unchecked ones reported.
        """
        effort = BestEffort(self._pool)
        seen: set[str] = set()
        quota, too_many = MAX_CHECKED, 0
        while registered := self._host.registered_payments(self._company):
            fresh = {
                payment.number: payment.invoice_number
                for payment in registered
                if payment.number not in seen
            }
            if not fresh:
                break
            seen.update(fresh)
            valid = [number for number in fresh if number.isdecimal()]
            requested = valid[:quota]
            quota, too_many = quota - len(requested), too_many + len(valid) - len(requested)
            outcomes = self._fetch(requested, _CHECKING_REGISTERED, effort)
            self._hand_over(
                [
                    outcome
                    for number, outcome in outcomes.items()
                    if _pays_another_invoice(outcome, fresh[number])
                ]
            )
            self._host.take_deleted(
                [number for number, outcome in outcomes.items() if outcome is None]
            )
            self._host.take_unchecked([number for number in fresh if number not in outcomes])
        if too_many:
            self.notes.append(_too_many_to_check(too_many))
        self.notes += [_not_checked(count, why) for why, count in effort.failed.items()]

    def confirm_ready(self) -> None:
        """Fetch the payments again that the host would offer for saving.

        Also those of this run of which it needs the detail. A payment that cannot be fetched
        stays as the host has it.
        """
        effort = BestEffort(self._pool)
        requested: set[str] = set()
        while effort.aborted is None and (numbers := self._host.payments_to_confirm(self._company)):
            fresh = [number for number in dict.fromkeys(numbers) if number not in requested]
            if not fresh:
                break
            requested.update(fresh)
            outcomes = self._fetch(fresh, _CONFIRMING, effort)
            self._hand_over(list(outcomes.values()))
            self._host.take_deleted(
                [number for number, outcome in outcomes.items() if outcome is None]
            )
        self.notes += [_not_confirmed(count, why) for why, count in effort.failed.items()]

    def _fetch(
        self, numbers: Sequence[str], message: Text, effort: BestEffort
    ) -> dict[str, Outcome]:
        """Fetch payments by number, omitting failed ones; ``None`` for a deleted one."""
        futures = {
            number: effort.submit(partial(self._details.fetch, number)) for number in numbers
        }
        outcomes: dict[str, Outcome] = {}
        for done, (number, future) in enumerate(futures.items()):
            left = self._seconds_left()
            self._host.report_progress("confirming", done, len(futures), message, left)
            outcome = effort.result(future)
            if not isinstance(outcome, FortnoxError):
                outcomes[number] = outcome
        return outcomes


def _pays_another_invoice(outcome: Outcome, invoice_number: str) -> bool:
    """Return whether a payment is readable and pays another invoice."""
    payment = outcome.payment if isinstance(outcome, ExcludedPayment) else outcome
    return payment is not None and payment.invoice_number != invoice_number


_CONFIRMING: Final = Text(
    "Kontrollerar enskilda betalningar i Fortnox",
    "Checking single payments in Fortnox",
)
_CHECKING_REGISTERED: Final = Text(
    "Kontrollerar att registrerade betalningar finns kvar i Fortnox",
    "Checking that registered payments still exist in Fortnox",
)


def _too_many_to_check(count: int) -> Text:
    return Text(
        f"{count} registrerade betalningar hann inte kontrolleras i Fortnox: högst "
        f"{MAX_CHECKED} frågas det efter per import",
        f"{count} registered payments were not checked in Fortnox: at most {MAX_CHECKED} "
        "are checked in an import",
    )


def _not_checked(count: int, why: Text) -> Text:
    return Text(
        f"{count} registrerade betalningar kunde inte kontrolleras i Fortnox. {why.sv}",
        f"{count} registered payments could not be checked in Fortnox. {why.en}",
    )


def _not_confirmed(count: int, why: Text) -> Text:
    return Text(
        f"{count} betalningar kunde inte hämtas på nytt från Fortnox och står kvar som de var. "
        f"{why.sv}",
        f"{count} payments could not be fetched again from Fortnox, and stay as they were. "
        f"{why.en}",
    )
