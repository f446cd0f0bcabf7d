"""Faulty responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Unpack

from hostsim.sandbox.matching import Queue, ReceivedRequest, Scheduled, When

HTML = "<html><head><title>Fel</title></head><body><h1>Tillfälligt fel</h1></body></html>"

How = Literal["answer", "truncate", "reset", "hang", "drip"]


@dataclass(frozen=True)
class Fault(Scheduled):
    """A faulty response.

    ``performed``: the request takes effect, and only its response is lost. A refresh token is
    then used up although the client did not get the new one.
    """

    status: int = 503
    body: str | bytes = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    performed: bool = False
    how: How = "answer"
    pause: float = 1.0
    """Seconds between two bytes of a slow drip."""

    @classmethod
    def html(cls, **when: Unpack[When]) -> Fault:
        """Respond 200 with an HTML page."""
        return cls(200, HTML, "text/html; charset=UTF-8", **when)

    @classmethod
    def garbage(cls, **when: Unpack[When]) -> Fault:
        """Respond 200 with invalid JSON."""
        return cls(200, b'{"InvoicePayments":[{\xff\xfe', "application/json", **when)

    @classmethod
    def too_many(cls, retry_after: str | None = None, **when: Unpack[When]) -> Fault:
        """Respond 429, with ``Retry-After`` if given."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return cls(429, '{"message":"Too Many Requests"}', "application/json", headers, **when)

    @classmethod
    def truncated(cls, **when: Unpack[When]) -> Fault:
        """Perform the request, and send the first half of what ``Content-Length`` promises."""
        return cls(performed=True, how="truncate", **when)

    @classmethod
    def reset(cls, *, performed: bool = False, **when: Unpack[When]) -> Fault:
        """Close the connection without a response."""
        return cls(performed=performed, how="reset", **when)

    @classmethod
    def hang(cls, **when: Unpack[When]) -> Fault:
        """Send nothing until the sandbox stops."""
        return cls(how="hang", **when)

    @classmethod
    def drip(cls, pause: float = 1.0, **when: Unpack[When]) -> Fault:
        """Perform the request, and send its response one byte at a time."""
        return cls(performed=True, how="drip", pause=pause, **when)


#: The faults by name.
FAULTS: Mapping[str, Fault] = {
    "status": Fault(),
    "html": Fault.html(),
    "garbage": Fault.garbage(),
    "too_many": Fault.too_many(),
    "truncated": Fault.truncated(),
    "reset": Fault.reset(),
    "hang": Fault.hang(),
    "drip": Fault.drip(),
}


class Faults(Queue[Fault]):
    """The queue of faults; if several are due the first is used, and the others wait."""

    def next(self, request: ReceivedRequest) -> Fault | None:
        return next(iter(self.due(request, 1)), None)
