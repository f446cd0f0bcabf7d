"""The host's own answers to the hooks, for every run that is going on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from hostsim.plugins.export_session import ExportSession
from hostsim.plugins.session import PluginSession, Session, broken
from opter_contract import hookimpl
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


class HostHooks:
    """The host's own implementation of the hooks that only a host answers."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    @contextmanager
    def active(self, session: Session) -> Iterator[None]:
        """Answer for a session while the block runs."""
        self._sessions[session.run.id] = session
        try:
            yield
        finally:
            del self._sessions[session.run.id]

    @contextmanager
    def _any(self, run: Run) -> Iterator[Session]:
        session = self._sessions.get(run.id)
        if session is None:
            raise broken("a hook was called for a run that is not going on")
        with session.remembering_failure():
            yield session

    @contextmanager
    def _import(self, run: Run) -> Iterator[PluginSession]:
        with self._any(run) as session:
            if not isinstance(session, PluginSession):
                raise broken("a hook of imports was called for an export")
            yield session

    @contextmanager
    def _export(self, run: Run) -> Iterator[ExportSession]:
        with self._any(run) as session:
            if not isinstance(session, ExportSession):
                raise broken("a hook of exports was called for an import")
            yield session

    # --- Of imports ---

    @hookimpl
    def opter_take_payments(self, run: Run, payments: Sequence[Payment]) -> int:
        with self._import(run) as session:
            return session.take_payments(payments)

    @hookimpl
    def opter_take_excluded(self, run: Run, excluded: Sequence[ExcludedPayment]) -> int:
        with self._import(run) as session:
            return session.take_excluded(excluded)

    @hookimpl
    def opter_take_deleted(self, run: Run, payment_numbers: Sequence[str]) -> int:
        with self._import(run) as session:
            return session.take_deleted(payment_numbers)

    @hookimpl
    def opter_take_unchecked(self, run: Run, payment_numbers: Sequence[str]) -> int:
        with self._import(run) as session:
            return session.take_unchecked(payment_numbers)

    @hookimpl
    def opter_take_balances(self, run: Run, balances: Sequence[InvoiceBalance]) -> int:
        with self._import(run) as session:
            return session.take_balances(balances)

    @hookimpl
    def opter_invoices_to_check(self, run: Run, company: Company) -> Sequence[str]:
        with self._import(run) as session:
            return session.invoices_to_check(company)

    @hookimpl
    def opter_payments_to_check(self, run: Run, company: Company) -> Sequence[RegisteredPayment]:
        with self._import(run) as session:
            return session.registered_payments(company)

    @hookimpl
    def opter_payments_to_confirm(self, run: Run, company: Company) -> Sequence[str]:
        with self._import(run) as session:
            return session.payments_to_confirm(company)

    @hookimpl
    def opter_known_invoices(self, run: Run, invoice_numbers: Sequence[str]) -> Collection[str]:
        with self._import(run) as session:
            return session.known_invoices(invoice_numbers)

    # --- Of exports ---

    @hookimpl
    def opter_items_to_export(self, run: Run, after: str) -> Sequence[ExportItem]:
        with self._export(run) as session:
            return session.items(after)

    @hookimpl
    def opter_read_document(self, run: Run, item_id: str) -> bytes | None:
        with self._export(run) as session:
            return session.document(item_id)

    @hookimpl
    def opter_take_planned_items(self, run: Run, items: Sequence[PlannedItem]) -> int:
        with self._export(run) as session:
            return session.take_planned_items(items)

    @hookimpl
    def opter_take_planned_cards(self, run: Run, cards: Sequence[PlannedCard]) -> int:
        with self._export(run) as session:
            return session.take_planned_cards(cards)

    @hookimpl
    def opter_take_bank_changes(self, run: Run, changes: Sequence[BankChange]) -> int:
        with self._export(run) as session:
            return session.take_bank_changes(changes)

    @hookimpl
    def opter_confirmed_bank_changes(
        self, run: Run, party_numbers: Collection[str]
    ) -> Sequence[BankChange]:
        with self._export(run) as session:
            return session.confirmed_bank_changes(party_numbers)

    @hookimpl
    def opter_take_gaps(self, run: Run, gaps: Sequence[Gap]) -> int:
        with self._export(run) as session:
            return session.take_gaps(gaps)

    @hookimpl
    def opter_review_export(
        self, run: Run, company: Company, timeout: float
    ) -> Collection[str] | None:
        with self._export(run) as session:
            return session.review(company, timeout)

    @hookimpl
    def opter_take_intents(self, run: Run, item_ids: Sequence[str]) -> int:
        with self._export(run) as session:
            return session.take_intents(item_ids)

    @hookimpl
    def opter_take_results(self, run: Run, results: Sequence[ItemResult]) -> int:
        with self._export(run) as session:
            return session.take_results(results)

    # --- Of both ---

    @hookimpl
    def opter_progress(self, run: Run, progress: Progress) -> bool | None:
        with self._any(run) as session:
            return session.on_progress(progress)

    @hookimpl
    def opter_open_browser(
        self, run: Run, url: str, on_redirect: Callable[[str], Text | None]
    ) -> bool:
        with self._any(run) as session:
            return session.window(url, on_redirect)

    @hookimpl
    def opter_get_state(self, run: Run, key: str) -> str | None:
        with self._any(run) as session:
            return session.state(key)

    @hookimpl
    def opter_set_state(self, run: Run, key: str, value: str | None) -> bool:
        with self._any(run) as session:
            return session.set_state(key, value)

    @hookimpl
    def opter_get_secret(self, run: Run, key: str) -> str | None:
        with self._any(run) as session:
            return session.secret(key)

    @hookimpl
    def opter_set_secret(self, run: Run, key: str, value: str | None) -> bool:
        with self._any(run) as session:
            return session.set_secret(key, value)

    @hookimpl
    def opter_lock(self, run: Run, key: str, timeout: float) -> AbstractContextManager[bool]:
        with self._any(run) as session:
            return session.lock(key, timeout)
