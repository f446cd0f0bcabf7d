"""The results of a probe, and the form of a response, which is all that they contain.

A result contains no data of the company: no name, number, amount, date or token, only status,
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
    Response,
    code_of,
    date_of,
    decode,
    error_information,
)
from opter_fortnox_plugin.fortnox.responses import page_of, value_of

Answer = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one question.

    :param answer: a name, a status, a code, or a yes or no; ``None`` may be an answer, too
        (nothing is sent, no limit).
    :param evidence: the form of the response, without any content.
    :param undecided: why there is no answer.
    """

    name: str
    answer: Answer = None
    evidence: str = ""
    undecided: Text | None = None

    @property
    def decided(self) -> bool:
        return self.undecided is None


Results = Iterator[ProbeResult]


class Undecided(Exception):
    """Neither the company's books nor reading alone show the answer."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


# --- The form of a response ---------------------------------------------------------

_CONTENT_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; ?charset=[A-Za-z0-9-]+)?", re.ASCII)
_KEY: Final = re.compile(r"@?[A-Za-z_]{1,40}", re.ASCII)
_MAX_KEYS: Final = 8


def content_type(response: Response) -> str:
    """Return the content type, if it is valid."""
    text = response.headers.get("content-type", "")
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
    inner = [f"{key if _KEY.fullmatch(key) else '…'}{_form(item)}" for key, item in value.items()]
    more = ["…"] if len(inner) > _MAX_KEYS else []
    return f"{{{', '.join([*inner[:_MAX_KEYS], *more])}}}"


def evidence_of(response: Response) -> str:
    """Return status, content type and, for a refusal, form and code."""
    parts = [str(response.status), content_type(response)]
    if response.status >= 300:
        parts.append(body_form(response.body))
        if code := code_of(error_information(response.body)):
            parts.append(f"code {code}")
    return " ".join(parts)


def is_refused(response: Response) -> bool:
    return response.status >= 400


def result_of(
    name: str, response: Response, accepted: Callable[[], Answer], refused: Answer = "refused"
) -> ProbeResult:
    """Return the result of a request that Fortnox may refuse.

    :param accepted: returns the answer if Fortnox accepted it.
    """
    answer = refused if is_refused(response) else accepted()
    return ProbeResult(name, answer, evidence_of(response))


def page_in(response: Response, name: str = "InvoicePayments") -> Page:
    """Read a list.

    :raises Undecided: if it was refused, or is no list.
    """
    if is_refused(response):
        evidence = evidence_of(response)
        raise Undecided(
            Text(f"Fortnox godtog inte frågan ({evidence})", f"Fortnox refused it ({evidence})")
        )
    try:
        return page_of(value_of(response, ""), name, date_of(response))
    except (Temporary, FortnoxError, Missing, Unauthorized):
        form = body_form(response.body)
        raise Undecided(
            Text(f"svaret är ingen lista ({form})", f"the reply is not a list ({form})")
        ) from None


# --- Reasons that follow "undecidable here, because" --------

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
