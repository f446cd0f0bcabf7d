"""Fortnox's API: rate-limited, retried, signed in.

Temporary errors are retried (:mod:`.retries`); a stale token is renewed. Every error
that leaves is a :class:`~.errors.FortnoxError`, or one for the caller to act on:
:class:`~.errors.Missing`, :class:`~.errors.OutcomeUnknown` or :class:`~.errors.Rejected`.

A new resource is a :class:`~.protocol.Resource`, a schema for its rows, and calls of
:meth:`Client.page`, :meth:`~Client.get`, :meth:`~Client.create` and :meth:`~Client.update`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

from opter_contract.values import Company, Text
from opter_fortnox_plugin.errors import Missing, Refused, Temporary, Unauthorized, Unavailable
from opter_fortnox_plugin.fortnox.http import Transport, bearer
from opter_fortnox_plugin.fortnox.payment_schemas import company_of
from opter_fortnox_plugin.fortnox.protocol import (
    ATTACHMENTS,
    COMPANY,
    FILES,
    Page,
    Query,
    Resource,
    Response,
    date_of,
    page_query,
)
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.responses import (
    list_in,
    page_of,
    raw_response,
    resource_in,
    value_of,
    written_resource,
)
from opter_fortnox_plugin.fortnox.retries import Retries

log = logging.getLogger(__name__)

T = TypeVar("T")

#: How often one request may ask for another token: the first may be one that
#: another thread or process was given, and be stale too.
RENEWALS: Final = 2


class Authorization(Protocol):
    """A login's permission to use the API."""

    @property
    def access_token(self) -> str:
        """The current access token."""

    @property
    def time(self) -> datetime | None:
        """The time by the token service's clock (UTC); ``None`` if unknown."""

    def renew(self, refused: str) -> str:
        """Return a new access token for one that Fortnox has refused."""


class Client:
    """One company's Fortnox.

    :param sleep, waiting, uniform, check: see :class:`~.retries.Retries`.
    :param renew: returns a new access token for one that was refused, if the thread of a
        request may not do that.
    :param now: Unix time.
    """

    def __init__(
        self,
        api_url: str,
        transport: Transport,
        signed_in: Authorization,
        limiter: RateLimiter,
        *,
        sleep: Callable[[float], None],
        waiting: Callable[[str, float], None],
        uniform: Callable[[float, float], float] = random.uniform,
        renew: Callable[[str], str] | None = None,
        check: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api_url = api_url
        self._transport = transport
        self._signed_in = signed_in
        self._limiter = limiter
        self._retries = Retries(limiter, sleep, waiting, uniform, check)
        self._renew = renew
        self._now = now

    # --- any resource ---

    def page(self, resource: Resource, query: Query) -> Page:
        """Return a page of a list.

        Its time is the earliest of all clocks: a time that is too early makes us read rows
        again, one that is too late would hide changes. It has none if Fortnox sent no time.
        """
        by_our_clock, by_token = self.now, self._signed_in.time

        def read(response: Response) -> Page:
            value = value_of(response, resource.path)
            clocks = [moment for moment in (date_of(response), by_token) if moment]
            at = min([*clocks, by_our_clock]) if clocks else None
            return page_of(value, resource.list_key, at)

        return self._get_existing(resource.path, read, query)

    def rows(self, resource: Resource, query: Query) -> Iterator[Any]:
        """Yield the rows of a list, page by page; it may change meanwhile."""
        number = pages = 1
        while number <= pages:
            page = self.page(resource, query | page_query(number))
            yield from page.rows
            number, pages = number + 1, page.pages

    def get(self, resource: Resource, number: str = "") -> Any:
        """Return the detail of one resource, undecoded.

        :param number: which one; ``""`` if there is only one.
        :raises Missing: if Fortnox does not have it.
        """
        return self._send("GET", _path(resource, number), partial(resource_in, resource=resource))

    def create(self, resource: Resource, value: Mapping[str, Any]) -> Any:
        """Create a resource; return it as Fortnox has it now.

        :raises OutcomeUnknown: if it may have been created.
        :raises Rejected: if Fortnox did not create it.
        """
        read = partial(written_resource, resource=resource)
        return self._send("POST", resource.path, read, json={resource.key: value})

    def update(self, resource: Resource, number: str, value: Mapping[str, Any]) -> Any:
        """Change these fields of a resource; return it as Fortnox has it now.

        :raises OutcomeUnknown: if it may have been changed.
        :raises Rejected: if Fortnox did not change it.
        """
        read = partial(written_resource, resource=resource)
        return self._send("PUT", _path(resource, number), read, json={resource.key: value})

    def act(self, resource: Resource, number: str, action: str) -> Any:
        """Do something with a resource, such as ``cancel``; return it as Fortnox has it now.

        :raises OutcomeUnknown: if it may have been done.
        :raises Rejected: if Fortnox did not do it.
        """
        read = partial(written_resource, resource=resource)
        return self._send("PUT", f"{_path(resource, number)}/{action}", read, json={})

    # --- files ---

    def upload(self, folder: str, name: str, content: bytes) -> Any:
        """Put a file into a folder of the inbox; return it as Fortnox has it now.

        :raises OutcomeUnknown, Rejected: as :meth:`create` does.
        """
        read = partial(written_resource, resource=FILES)
        return self._send(
            "POST", FILES.path, read, query={"path": folder}, files={"file": (name, content)}
        )

    def attachments(self, number: str) -> list[Any]:
        """Return the attachments of an invoice, undecoded."""
        query = {"entityid": number, "entitytype": "F"}
        return self._get_existing(ATTACHMENTS.path, partial(list_in, resource=ATTACHMENTS), query)

    def attach(self, number: str, file_id: str) -> None:
        """Attach a file of the archive to an invoice; it is not mailed with it.

        :raises OutcomeUnknown, Rejected: as :meth:`create` does.
        """
        attachment = {
            "entityId": int(number),
            "entityType": "F",
            "fileId": file_id,
            "includeOnSend": False,
        }

        def read(response: Response) -> None:
            if 200 <= response.status < 300:
                list_in(response, ATTACHMENTS)
            else:
                written_resource(response, ATTACHMENTS)

        self._send("POST", ATTACHMENTS.path, read, json=[attachment])

    def response(self, path: str, query: Query | None = None) -> Response:
        """Return the raw response, even a refusal, for questions about responses themselves."""
        return self._get_existing(path, raw_response, query)

    def company(self) -> Company:
        """Return the company that we are signed in to."""

        def read(response: Response) -> Company:
            company = company_of(resource_in(response, COMPANY))
            if company is None:
                raise Temporary(COMPANY.unexpected)
            return company

        return self._get_existing(COMPANY.path, read)

    # --- time ---

    @property
    def now(self) -> datetime:
        """The time by our clock (UTC)."""
        return datetime.fromtimestamp(self._now(), UTC)

    def is_in_future(self, moment: datetime) -> bool:
        """Return whether a moment is later than now by our clock, and by the token service's."""
        by_token = self._signed_in.time
        return moment > self.now and (by_token is None or moment > by_token)

    # --- one request ---

    def _get_existing(
        self, path: str, read: Callable[[Response], T], query: Query | None = None
    ) -> T:
        """Get a resource that always exists."""
        try:
            return self._send("GET", path, read, query=query)
        except Missing:
            raise Refused("FORTNOX_REFUSED", resource=path, status=404, fortnox_code="–") from None

    def _send(
        self,
        method: str,
        path: str,
        read: Callable[[Response], T],
        *,
        query: Query | None = None,
        json: object = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> T:
        """Send a request with an accepted token; return what ``read`` makes of the response."""

        def attempt(token: str) -> T:
            auth = bearer(token)
            self._limiter.acquire()
            try:
                response = self._transport.send(
                    method, self._url(path), auth=auth, query=query, json=json, files=files
                )
            finally:
                self._limiter.release()
            return read(response)

        with_retries = partial(self._retries.run, writes=method != "GET")
        token = self._signed_in.access_token
        for _ in range(RENEWALS):
            try:
                return with_retries(partial(attempt, token))
            except Unauthorized:
                log.info("the access token is no longer accepted; refreshing it")
            token = (self._renew or self._signed_in.renew)(token)
        try:
            return with_retries(partial(attempt, token))
        except Unauthorized:
            # The login is good: the token service has just given this token.
            raise Unavailable("TOKEN_REFUSED", reason=_NOT_ACCEPTED) from None

    def _url(self, path: str) -> str:
        if path.startswith("/"):
            return self._api_url.removesuffix("/3") + path
        return f"{self._api_url}/{path}"


def _path(resource: Resource, number: str) -> str:
    return f"{resource.path}/{quote(number, safe='')}" if number else resource.path


_NOT_ACCEPTED: Final = Text(
    "den nya åtkomstnyckeln godtogs inte", "the new access token was not accepted"
)
