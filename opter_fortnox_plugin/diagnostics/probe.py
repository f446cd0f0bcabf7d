"""What nobody outside Fortnox knows for sure, asked of a real company by reading alone.

Fortnox documents its API, and is silent or contradicts itself in places. Each
question here asks a few things of the API, and a pure function beside it
judges what came. An answer is a name, a status, a code or a yes or no; where
this company's books cannot show it, the finding says why.

A finding holds nothing of the company: no name, number, amount, date or token,
only the form of what came. So a report can be shown to anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from opter_fortnox_plugin.diagnostics import probe_access as access
from opter_fortnox_plugin.diagnostics import probe_changes as changes
from opter_fortnox_plugin.diagnostics import probe_lists as lists
from opter_fortnox_plugin.diagnostics import probe_messages as words
from opter_fortnox_plugin.diagnostics.probe_reader import (
    Finding,
    Findings,
    Reader,
    Undecidable,
    undecidable,
)
from opter_fortnox_plugin.errors import (
    FortnoxError,
    LoginFailed,
    Missing,
    Refused,
    Temporary,
    Unauthorized,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.protocol import value_of

log = logging.getLogger(__name__)

#: What the probe asks for. Not companyinformation, which it does not need and
#: by which it sees what a missing scope looks like.
SCOPES: Final = ("payment", "invoice")


@dataclass(frozen=True, slots=True)
class Report:
    """What a probe found, in the order of :data:`QUESTIONS`; ``error`` is what ended it early."""

    findings: Sequence[Finding]
    requests: int
    error: FortnoxError | None = None


# --- What reading cannot show ----------------------------------------------------


def by_writing(_reader: Reader) -> Findings:
    raise Undecidable(words.ONLY_BY_WRITING)


def other_ways_in(_reader: Reader) -> Findings:
    raise Undecidable(words.SECRETS_ONE_WAY)


def by_waiting(_reader: Reader) -> Findings:
    raise Undecidable(words.TAKES_WEEKS)


def other_licences(_reader: Reader) -> Findings:
    raise Undecidable(words.HAS_LICENCE)


# --- All questions ---------------------------------------------------------------


class Question(NamedTuple):
    """How to ask, and the names of what is found by it."""

    ask: Callable[[Reader], Findings]
    names: Sequence[str]


#: In the order in which they are asked. What may end the login comes last.
QUESTIONS: Final = (
    Question(lists.meta_information, ("meta_information",)),
    Question(lists.payment_rows, ("payment_row", "payment_row_fields")),
    Question(lists.payment_order, ("payment_order",)),
    Question(lists.default_limit, ("default_limit",)),
    Question(lists.default_sortorder, ("default_sortorder",)),
    Question(lists.random_ties, ("random_ties",)),
    Question(lists.page_beyond_end, ("page_beyond_end",)),
    Question(lists.limit_above_500, ("limit_above_500",)),
    Question(lists.limit_below_1, ("limit_below_1",)),
    Question(lists.page_below_1, ("page_below_1",)),
    Question(lists.page_with_offset, ("page_with_offset",)),
    Question(lists.trailing_slash, ("trailing_slash",)),
    Question(lists.unknown_parameter, ("unknown_parameter",)),
    Question(lists.payment_filter_customernumber, ("payment_filter_customernumber",)),
    Question(lists.several_filters, ("several_filters",)),
    Question(lists.number_filters_match_part, ("number_filters_match_part",)),
    Question(changes.lastmodified, ("lastmodified_zone", "lastmodified_inclusive")),
    Question(changes.lastmodified_compares, ("lastmodified_compares",)),
    Question(changes.lastmodified_seconds, ("lastmodified_seconds",)),
    Question(changes.payment_touches_invoice, ("payment_touches_invoice",)),
    Question(lists.list_amount, ("list_amount",)),
    Question(lists.unit_divides, ("unit_divides",)),
    Question(lists.invoice_amounts, ("invoice_amounts",)),
    Question(lists.negative_payments, ("negative_payments",)),
    Question(access.missing_bearer, ("missing_bearer",)),
    Question(access.missing_scope, ("missing_scope_status",)),
    Question(access.not_found, ("payment_not_found_code", "unknown_path_code")),
    Question(access.errors_spelled, ("codes_as_text", "error_casing")),
    Question(access.refresh_token, ("refresh_token_format", "refresh_works")),
    Question(access.bad_code, ("bad_code_status", "bad_code_content_type")),
    Question(
        access.rate_limit,
        (
            "rate_limit",
            "rate_status",
            "rate_body",
            "rate_retry_after",
            "rate_retry_after_as",
            "rate_bucket",
            "rate_window",
            "rate_refused_counts",
        ),
    ),
    Question(access.reused_refresh_token, ("old_refresh_token", "reuse_revokes_family")),
    Question(other_licences, ("missing_licence_status",)),
    Question(by_waiting, ("refresh_token_days",)),
    Question(
        other_ways_in,
        (
            "client_secret_in_body",
            "token_on_api_host",
            "pkce",
            "client_credentials",
            "client_credentials_status",
        ),
    ),
    Question(
        by_writing,
        (
            "other_currency",
            "delete_booked",
            "read_only_fields",
            "payment_locked_code",
            "payment_currency_code",
        ),
    ),
)


#: What an answer of an unexpected form can end in.
_STRANGE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    Missing,
    TypeError,
    Unauthorized,
    ValueError,
)


def probe(reader: Reader, asking: Callable[[int, int], None] = lambda _at, _of: None) -> Report:
    """Ask everything, and report it.

    :param asking: is told how many questions are done, and of how many.
    """
    if error := _why_not_at_all(reader):
        return _ended(reader, _licence(error), error)
    findings: list[Finding] = []
    unanswered = 0
    for at, question in enumerate(QUESTIONS):
        asking(at, len(QUESTIONS))
        found = {}
        try:
            for finding in question.ask(reader):
                found[finding.name] = finding
        except Unavailable as error:
            unanswered += 1
            if unanswered > 1:
                return _ended(reader, findings, error)
            because = words.not_answered(error.details.get("what", error.code))
        except FortnoxError as error:
            return _ended(reader, findings, error)
        except Undecidable as undecided:
            because, unanswered = undecided.because, 0
        except Temporary as error:
            because, unanswered = words.not_answered(error.what), 0
        except _STRANGE as error:
            # Fortnox may say anything: one strange answer must not hide the others.
            log.warning("a question failed: %s", type(error).__name__)
            because, unanswered = words.STRANGE, 0
        else:
            because, unanswered = words.STRANGE, 0
        findings += [found.get(name) or undecidable(name, because) for name in question.names]
    return Report(findings, reader.requests)


def _why_not_at_all(reader: Reader) -> FortnoxError | None:
    """Return what keeps us from listing payments, if anything does."""
    try:
        value_of(reader.unsorted, "invoicepayments")
    except Temporary as error:
        return Unavailable("FORTNOX_UNAVAILABLE", what=error.what, attempts=1)
    except Unauthorized:
        return LoginFailed("LOGIN_EXPIRED")
    except Missing:
        return Refused("FORTNOX_REFUSED", resource="invoicepayments", status=404, fortnox_code="–")
    except FortnoxError as error:
        return error
    return None


def _licence(error: FortnoxError) -> list[Finding]:
    status = error.details.get("status")
    if error.code != "LICENCE_MISSING" or not isinstance(status, int):
        return []
    return [Finding("missing_licence_status", status, f"code {error.details.get('fortnox_code')}")]


def _ended(reader: Reader, findings: Sequence[Finding], error: FortnoxError) -> Report:
    """Report what was found before the end."""
    found = {finding.name: finding for finding in findings}
    rest = [found.get(name) or undecidable(name, words.NOT_ASKED) for name in words.TITLES]
    return Report(rest, reader.requests, error)
