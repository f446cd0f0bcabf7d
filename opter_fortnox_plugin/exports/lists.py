"""Reads complete lists from Fortnox."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from opter_fortnox_plugin.errors import Refused, Unavailable
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.protocol import Page, Resource, page_query
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool

#: How often a list is read before it counts as unstable.
ROUNDS: Final = 3


class Lists:
    """Reads complete lists, their pages concurrently."""

    def __init__(self, client: Client, pool: WorkerPool) -> None:
        self._client = client
        self._pool = pool

    def first_page(self, resource: Resource, **query: str) -> Page:
        return self._pool.run(partial(self._page, resource, 1, query))

    def first_page_if_accepted(self, resource: Resource, **query: str) -> Page | None:
        """Read the first page; ``None`` if Fortnox refuses the query."""

        def read() -> Page | None:
            # In the thread of the request: an error that leaves it ends the run.
            try:
                return self._page(resource, 1, query)
            except Refused:
                return None

        return self._pool.run(read)

    def start(self, resource: Resource, **query: str) -> Callable[[], list[Any]]:
        """Request the first page; return a function that waits for all rows."""
        first = self._pool.submit(partial(self._page, resource, 1, query))
        return lambda: self.all_rows(resource, self._pool.result(first), **query)

    def all_rows(self, resource: Resource, first: Page, **query: str) -> list[Any]:
        """Read the pages after the first one; return all rows.

        A row that moved from one page to another meanwhile would be missed, so the rows must be as
        many as Fortnox counts, or the same twice.

        :raises Unavailable: if the list kept changing.
        """
        previous: list[Any] | None = None
        for _ in range(ROUNDS):
            futures = [
                self._pool.submit(partial(self._page, resource, number, query))
                for number in range(2, first.pages + 1)
            ]
            pages = [first, *(self._pool.result(future) for future in futures)]
            rows = [row for page in pages for row in page.rows]
            if len({page.total for page in pages}) == 1 and (
                len(rows) == first.total or rows == previous
            ):
                return rows
            previous = rows
            first = self.first_page(resource, **query)
        raise Unavailable("FORTNOX_LIST_CHANGING", resource=resource.path, attempts=ROUNDS)

    def _page(self, resource: Resource, number: int, query: dict[str, str]) -> Page:
        return self._client.page(resource, page_query(number, **query))
