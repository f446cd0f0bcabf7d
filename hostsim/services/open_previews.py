"""Open previews after the books, the invoices or the settings of the office changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from hostsim.storage import locks, previews, unreported_commits
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.store import Store


@contextmanager
def office_settings_change(store: Store) -> Iterator[None]:
    """Change settings of the office in the block, all or none; judge again what they concern."""
    before = store.accepted_deviation
    with store.change():
        yield
    if store.accepted_deviation != before:
        judge_open_previews(store)


def judge_open_previews(store: Store, invoices: Collection[int] | None = None) -> None:
    """Judge open previews again, so that a page shows what a save would do.

    A running import judges itself; a preview that is locked here is judged at its save.

    :param invoices: the ids of those that changed; ``None`` for any.
    """
    for name, run_id in previews.open_runs(store).items():
        import_run = ImportRun(store, run_id, store.definition(name))
        if invoices is not None and not import_run.has_payments_of(invoices):
            continue
        with store.locks.hold("definition", name, wait=locks.PEEK_SECONDS) as acquired:
            if not acquired or previews.open_runs(store).get(name) != run_id:
                continue
            company = previews.preview_of(store, run_id).company
            if company is not None and import_run.is_as_shown():
                with unreported_commits.uncounted(), store.change():
                    if invoices is None:
                        import_run.judge(company)
                    else:
                        import_run.judge_invoices(company, invoices)
