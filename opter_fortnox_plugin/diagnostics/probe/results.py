"""What a probe finds out, and the form of a reply, which is all that it keeps of one.

A result holds nothing of the company: no name, number, amount, date or token, only status,
content type, keys and codes. So a report can be shown to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, Missing, Temporary, Unauthorized
from opter_fortnox_plugin.fortnox.protocol import (
    Page,
    Reply,
    code_of,
    date_of,
    decode,
    error_information,
    page_of,
    value_of,
)

Answer = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was found out about one thing.

    :param answer: a name, a status, a code or a yes or no; ``None`` may be an answer, too
        (nothing is sent, no limit).
    :param evidence: the form of what came, without any content.
    :param undecided: why there is no answer.
    """

    name: str
    answer: Answer = None
    evidence: str = ""
    undecided: Text | None = None

    @property
    def decided(self) -> bool:
        """Whether there is an answer."""
        return self.undecided is None


Results = Iterator[ProbeResult]


class Undecided(Exception):
    """Neither this company nor reading alone can show the answer."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


# --- The form of a reply ---------------------------------------------------------

_CONTENT_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; ?charset=[A-Za-z0-9-]+)?", re.ASCII)
_KEY: Final = re.compile(r"@?[A-Za-z_]{1,40}", re.ASCII)
_MAX_KEYS: Final = 8


def content_type(reply: Reply) -> str:
    """Return the content type, where it is one."""
    text = reply.headers.get("content-type", "")
    return text if _CONTENT_TYPE.fullmatch(text) else ("none" if not text else "strange")


def body_form(body: bytes) -> str:
    """Describe a body by its keys, never by its values."""
    if not body.strip():
        return "empty"
    try:
        value = decode(body)
    except Temporary:
        return "html" if body.lstrip()[:1] == b"<" else "text"
    return _form(value)


def _form(value: Any) -> str:
    if not isinstance(value, dict):
        return "[]" if isinstance(value, list) else ""
    inner = [f"{key if _KEY.fullmatch(key) else '…'}{_form(one)}" for key, one in value.items()]
    more = ["…"] if len(inner) > _MAX_KEYS else []
    return f"{{{', '.join([*inner[:_MAX_KEYS], *more])}}}"


def evidence_of(reply: Reply) -> str:
    """Return status, content type and, for a refusal, form and code."""
    parts = [str(reply.status), content_type(reply)]
    if reply.status >= 300:
        parts.append(body_form(reply.body))
        if code := code_of(error_information(reply.body)):
            parts.append(f"code {code}")
    return " ".join(parts)


def is_refused(reply: Reply) -> bool:
    """Return whether a request was not accepted."""
    return reply.status >= 400


def answered(
    name: str, reply: Reply, accepted: Callable[[], Answer], refused: Answer = "refused"
) -> ProbeResult:
    """Make the result of a request that Fortnox may refuse.

    :param accepted: returns the answer where Fortnox did not.
    """
    answer = refused if is_refused(reply) else accepted()
    return ProbeResult(name, answer, evidence_of(reply))


def page_in(reply: Reply, name: str = "InvoicePayments") -> Page:
    """Read a list that must be there.

    :raises Undecided: where it was refused, or is none.
    """
    if is_refused(reply):
        evidence = evidence_of(reply)
        raise Undecided(
            Text(f"Fortnox godtog inte frågan ({evidence})", f"Fortnox refused it ({evidence})")
        )
    try:
        return page_of(value_of(reply, ""), name, date_of(reply))
    except (Temporary, FortnoxError, Missing, Unauthorized):
        form = body_form(reply.body)
        raise Undecided(
            Text(f"svaret är ingen lista ({form})", f"the reply is not a list ({form})")
        ) from None


# --- Why there is no answer: each goes on from "undecidable here, because" --------

NO_PAYMENT: Final = Text(
    "företaget har inga inbetalningar som går att läsa", "the company has no readable payments"
)
NO_INVOICE: Final = Text("företaget har ingen lämplig faktura", "no invoice is suitable")
NO_FOREIGN_PAYMENT: Final = Text(
    "ingen lämplig inbetalning är i annan valuta än SEK",
    "no suitable payment is in another currency than SEK",
)
SOMETHING_CHANGED: Final = Text(
    "något ändrades medan vi frågade", "something changed during the probe"
)
NO_DATE_HEADER: Final = Text("svaren saknar datum", "replies carry no date")
NO_REFRESH_TOKEN: Final = Text(
    "Fortnox lämnade ingen ny förnyelsenyckel", "Fortnox gave no new refresh token"
)
