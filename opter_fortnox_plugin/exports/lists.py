"""Reads whole lists of Fortnox's, of which nothing may be missed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from opter_fortnox_plugin.errors import Refused, Unavailable
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.protocol import PAGE_SIZE, Page, Resource
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool

#: How often a list is read before it counts as unstable.
ROUNDS: Final = 3


class Lists:
    """Reads whole lists, their pages beside each other."""

    def __init__(self, client: Client, pool: WorkerPool) -> None:
        self._client = client
        self._pool = pool

    def first(self, resource: Resource, **query: str) -> Page:
        """Read the first page."""
        return self._pool.run(partial(self._page, resource, 1, query))

    def first_if_accepted(self, resource: Resource, **query: str) -> Page | None:
        """Read the first page; ``None`` if Fortnox does not take the query."""

        def read() -> Page | None:
            # In the thread of the request: an error that leaves it ends the run.
            try:
                return self._page(resource, 1, query)
            except Refused:
                return None

        return self._pool.run(read)

    def start(self, resource: Resource, **query: str) -> Callable[[], list[Any]]:
        """Request the first page; return what waits for all of them."""
        first = self._pool.submit(partial(self._page, resource, 1, query))
        return lambda: self.rest(resource, self._pool.result(first), **query)

    def rest(self, resource: Resource, first: Page, **query: str) -> list[Any]:
        """Read the pages after the first one.

        A row that moved from one page to another while they were read would be missed: so there
        must be as many as Fortnox counts, or twice the same.

        :raises Unavailable: if the list kept changing.
        """
        before: list[Any] | None = None
        for _ in range(ROUNDS):
            futures = [
                self._pool.submit(partial(self._page, resource, number, query))
                for number in range(2, first.pages + 1)
            ]
            pages = [first, *(self._pool.result(future) for future in futures)]
            rows = [row for page in pages for row in page.rows]
            if len({page.total for page in pages}) == 1 and (
                len(rows) == first.total or rows == before
            ):
                return rows
            before = rows
            first = self.first(resource, **query)
        raise Unavailable("FORTNOX_LIST_CHANGING", resource=resource.path, attempts=ROUNDS)

    def _page(self, resource: Resource, number: int, query: dict[str, str]) -> Page:
        limits = {"limit": str(PAGE_SIZE), "page": str(number)}
        return self._client.page(resource, limits | query)
