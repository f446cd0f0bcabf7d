"""All questions, one after the other, and their report.

Each is a function that asks a few things of the API and yields results; where this company's
books cannot show the response, the result says why.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe import (
    access,
    amounts,
    last_modified,
    lists,
    rate_limit,
    service_account,
)
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.question import Question, undecidable
from opter_fortnox_plugin.diagnostics.probe.results import ProbeResult, Undecided
from opter_fortnox_plugin.errors import (
    FortnoxError,
    LoginFailed,
    Missing,
    Refused,
    Temporary,
    Unauthorized,
    Unavailable,
    filled,
)
from opter_fortnox_plugin.fortnox.responses import value_of

log = logging.getLogger(__name__)

#: The scopes of the login. Without companyinformation, which the probe does not need, to see
#: the response for a missing scope.
SCOPES: Final = ("payment", "invoice")

#: In the order in which they are asked. Those that may end the login, or a consent, come last.
QUESTIONS: Final = (
    *lists.QUESTIONS,
    *last_modified.QUESTIONS,
    *amounts.QUESTIONS,
    *access.QUESTIONS,
    *rate_limit.QUESTIONS,
    *service_account.QUESTIONS,
    *access.LAST,
    *service_account.LAST,
    undecidable(
        Text("företaget har sina licenser", "the company has its licences"),
        missing_licence_status=Text("Licens saknas", "A missing licence"),
        client_credentials_unlicensed=Text(
            "Servicekonto utan licens", "A service account without a licence"
        ),
        lapsed_licence=Text("Licens som tagit slut", "A licence that has lapsed"),
    ),
    undecidable(
        Text(
            "det kräver en annan person eller en annan registrering",
            "it takes another person or another registration",
        ),
        unregistered_scope=Text("Scope som inte är registrerat", "A scope not registered"),
        login_errors=Text("Inloggning som inte går", "A login that fails"),
        person_unlicensed=Text("Person utan licens", "A person without a licence"),
        missing_right_status=Text("Person utan behörighet", "A person without a right"),
    ),
    undecidable(
        Text(
            "det kräver att någon jämför med vad Fortnox visar",
            "it takes somebody who compares it with what Fortnox shows",
        ),
        write_off_currency=Text("Avskrivningars valuta", "Currency of write-offs"),
        write_off_sign=Text("Avskrivningars tecken", "Sign of write-offs"),
        credit_settlement=Text("Kvittad kreditfaktura", "A credit that was settled"),
        finance_ocr=Text("OCR hos Finans", "OCR of an invoice sold to Finans"),
    ),
    undecidable(
        Text("det kräver ett andra godkännande", "it takes a second consent"),
        second_consent=Text("Godkännande på nytt", "Another consent"),
        withdrawn_consent_ends_refresh=Text("Indraget godkännande", "A consent withdrawn"),
    ),
    undecidable(
        Text("det tar veckor att se", "it would take weeks"),
        refresh_token_days=Text("Förnyelsenyckelns livslängd", "Lifetime of a refresh token"),
    ),
    undecidable(
        Text(
            "hemligheter skickas bara på det dokumenterade sättet",
            "secrets are sent in the documented way only",
        ),
        client_secret_in_body=Text("Hemligheten i anropet", "The secret in the body"),
        token_on_api_host=Text("Nycklar från api-adressen", "Tokens from the API host"),
        pkce=Text("PKCE", "PKCE"),
    ),
    undecidable(
        Text("det syns bara när något skrivs", "only writing would show it"),
        other_currency=Text("Betalning i annan valuta", "Payment in another currency"),
        delete_booked=Text("Ta bort bokförd", "Deleting a booked payment"),
        missing_content_type=Text("Utan Content-Type", "Without a Content-Type"),
        read_only_fields=Text("Skrivskyddade fält", "Read-only fields"),
        payment_locked_code=Text("Kod för bokförd", "Code for a booked one"),
        payment_currency_code=Text("Kod för annan valuta", "Code for another currency"),
    ),
)

#: The title of each result, by its name.
TITLES: Final[Mapping[str, Text]] = {
    name: title for question in QUESTIONS for name, title in question.titles.items()
}

#: The exceptions that a response of an unexpected form can cause.
_UNEXPECTED: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    Missing,
    TypeError,
    Unauthorized,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Report:
    """The results, in the order of :data:`QUESTIONS`, and the error that ended the probe early."""

    results: Sequence[ProbeResult]
    requests: int
    error: FortnoxError | None = None


def probe(client: ProbeClient) -> Report:
    if error := _listing_error(client):
        return _report(client, _missing_licence(error), error)
    results: dict[str, ProbeResult] = {}
    unavailable = 0
    for number, question in enumerate(QUESTIONS, 1):
        client.progress(
            Text(
                f"Undersöker Fortnox ({number} av {len(QUESTIONS)})",
                f"Probing Fortnox ({number} of {len(QUESTIONS)})",
            )
        )
        try:
            reason = _ask(question, client, results)
            unavailable = 0
        except Unavailable as error:
            unavailable += 1
            if unavailable > 1:
                return _report(client, results, error)
            reason = _failure_reason(error.details.get("what", error.code))
        except FortnoxError as error:
            return _report(client, results, error)
        for name in question.titles:
            results.setdefault(name, ProbeResult(name, undecided=reason))
    return _report(client, results)


def _listing_error(client: ProbeClient) -> FortnoxError | None:
    try:
        value_of(client.default_list, "invoicepayments")
    except Temporary as error:
        return Unavailable("FORTNOX_UNAVAILABLE", what=error.what, attempts=1)
    except Unauthorized:
        return LoginFailed("LOGIN_EXPIRED")
    except Missing:
        return Refused("FORTNOX_REFUSED", resource="invoicepayments", status=404, fortnox_code="–")
    except FortnoxError as error:
        return error
    return None


def _missing_licence(error: FortnoxError) -> dict[str, ProbeResult]:
    name, status = "missing_licence_status", error.details.get("status")
    if error.code != "LICENCE_MISSING" or not isinstance(status, int):
        return {}
    return {name: ProbeResult(name, status, f"code {error.details.get('fortnox_code')}")}


def _ask(question: Question, client: ProbeClient, results: dict[str, ProbeResult]) -> Text:
    """Add the results, and return why others are missing."""
    try:
        for result in question.ask(client):
            results[result.name] = result
    except Undecided as undecided:
        return undecided.reason
    except Temporary as error:
        return _failure_reason(error.what)
    except _UNEXPECTED as error:
        # Fortnox may respond with anything: one strange response must not hide the others.
        log.warning("a question failed: %s", type(error).__name__)
    return Text("svaret går inte att förstå", "the reply is of an unexpected form")


def _failure_reason(what: object) -> Text:
    reason = Text(
        "Fortnox svarade inte som det ska ({what})", "Fortnox did not answer properly ({what})"
    )
    return filled(reason, {"what": what})


def _report(
    client: ProbeClient, results: Mapping[str, ProbeResult], error: FortnoxError | None = None
) -> Report:
    early = Text("undersökningen slutade i förtid", "the probe ended early")
    unanswered = {name: ProbeResult(name, undecided=early) for name in TITLES}
    return Report(list((unanswered | dict(results)).values()), client.requests, error)
