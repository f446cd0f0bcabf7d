"""Questions of a probe about errors, rights, tokens and the rate limit."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from opter_fortnox_plugin.diagnostics import probe_messages as words
from opter_fortnox_plugin.diagnostics.probe_reader import (
    NO_RESOURCE,
    NOBODY,
    Finding,
    Findings,
    Reader,
    Undecidable,
    body_form,
    content_type,
    refused,
    seen,
    undecidable,
)
from opter_fortnox_plugin.errors import LoginFailed, Temporary
from opter_fortnox_plugin.fortnox.protocol import (
    Reply,
    code_of,
    date_of,
    decode,
    error_information,
    tokens_of,
)
from opter_fortnox_plugin.fortnox.rate_limiter import WINDOW

#: At most so many requests at once, and in all, to meet the rate limit.
AT_ONCE: Final = 8
BURST: Final = 64

# --- Errors and rights -----------------------------------------------------------


def missing_bearer(reader: Reader) -> Findings:
    reply = reader.ask_once("invoicepayments")
    own = error_information(reply.body) is not None
    yield Finding("missing_bearer", "application" if own else "gateway", seen(reply))


def missing_scope(reader: Reader) -> Findings:
    for path in ("companyinformation", "customers"):
        reply = reader.ask_once(path, reader.signed_in.access_token)
        if refused(reply):
            yield Finding("missing_scope_status", reply.status, seen(reply))
            return
    raise Undecidable(words.ALL_SCOPES)


def not_found(reader: Reader) -> Findings:
    for name, path in (
        ("payment_not_found_code", f"invoicepayments/{NOBODY}"),
        ("unknown_path_code", NO_RESOURCE),
    ):
        reply = reader.ask(path)
        if not refused(reply):
            yield undecidable(name, words.FOUND, seen(reply))
            continue
        yield Finding(name, code_of(error_information(reply.body)), seen(reply))


def errors_spelled(reader: Reader) -> Findings:
    yield from judge_errors(
        [(one.status, error_information(one.body) or {}) for one in reader.refusals]
    )


def judge_errors(refusals: Sequence[tuple[int, Mapping[str, Any]]]) -> Findings:
    """Tell how errors spell their codes and their keys, by status."""
    codes = [information.get("Code", information.get("code")) for _, information in refusals]
    kinds = {isinstance(code, str) for code in codes if code is not None}
    if not kinds:
        raise Undecidable(words.NO_REFUSAL)
    yield Finding("codes_as_text", kinds.pop() if len(kinds) == 1 else "both")
    casings = {(status, "upper" if "Code" in keys else "lower") for status, keys in refusals}
    yield Finding(
        "error_casing", ", ".join(f"{status} {casing}" for status, casing in sorted(casings))
    )


# --- Tokens ----------------------------------------------------------------------


def refresh_token(reader: Reader) -> Findings:
    before = reader.signed_in.tokens
    yield judge_refresh_token(before.refresh)
    if not before.refresh:
        raise Undecidable(words.NO_REFRESH_TOKEN)
    reader.count_refresh()
    try:
        reader.signed_in.renew(before.access)
    except LoginFailed:
        yield Finding("refresh_works", answer=False)
        return
    if reader.signed_in.tokens.refresh != before.refresh:
        reader.spent = before
    yield Finding(
        "refresh_works", answer=True, seen="rotated" if reader.spent else "the same again"
    )


def judge_refresh_token(token: str) -> Finding:
    """Tell the form of a refresh token, and nothing else of it."""
    form = f"{len(token)} characters"
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", token, re.IGNORECASE):
        return Finding("refresh_token_format", "uuid", form)
    return Finding("refresh_token_format", "forty" if len(token) == 40 else "another", form)


def bad_code(reader: Reader) -> Findings:
    """Ask with a code that was made up: nothing depends on it."""
    form = {
        "grant_type": "authorization_code",
        "code": str(uuid.uuid4()),
        "redirect_uri": reader.configuration.redirect_uri,
    }
    reply = reader.post(form)
    what = f"{seen(reply)} {oauth_error(reply)}"
    yield Finding("bad_code_status", reply.status, what)
    yield Finding("bad_code_content_type", content_type(reply), what)


def reused_refresh_token(reader: Reader) -> Findings:
    """Use a refresh token twice. Asked last, since Fortnox may take all tokens away."""
    if reader.spent is None:
        raise Undecidable(words.NO_REFRESH_TOKEN)
    form = {"grant_type": "refresh_token", "refresh_token": reader.spent.refresh}
    reply = reader.post(form)
    if not refused(reply):
        reader.endpoint.revoke(tokens_of(reply))
        yield Finding("old_refresh_token", "accepted", seen(reply))
        return
    yield Finding("old_refresh_token", oauth_error(reply), seen(reply))
    reader.count_refresh()
    try:
        reader.signed_in.renew(reader.signed_in.access_token)
    except LoginFailed:
        yield Finding("reuse_revokes_family", answer=True)
    else:
        yield Finding("reuse_revokes_family", answer=False)


_ERROR_NAME: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)


def oauth_error(reply: Reply) -> str:
    """Return the ``error`` of the token service, where it is a plain word."""
    try:
        value = decode(reply.body)
    except Temporary:
        return "no JSON"
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, str) and _ERROR_NAME.fullmatch(error) else "no error name"


# --- The rate limit --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of many requests at once."""

    began: float
    took: float
    admitted: int
    refused: list[Reply] = field(default_factory=list)


def too_many(reply: Reply) -> bool:
    """Tell whether the rate limit was the reason; years ago it was answered with 503."""
    return reply.status in (429, 503)


def rate_limit(reader: Reader) -> Findings:
    if not reader.provoke:
        raise Undecidable(words.NOT_PROVOKED)
    other = reader.spent.access if reader.spent else None
    token = reader.signed_in.access_token
    if other and reader.ask_once("invoicepayments", other).status == 401:
        other = None
    reader.tell(words.PROVOKING)
    reader.sleep(WINDOW)
    try:
        burst = _burst(reader, token, BURST)
        # At once, before the window moves on.
        bucket = _bucket(reader, other) if burst.refused else None
        yield from judge_burst(burst)
        if bucket is not None:
            yield bucket
            yield from _window(reader, token, burst)
    finally:
        reader.pace.hold(WINDOW)


def _burst(reader: Reader, token: str, most: int, *, until_refused: bool = True) -> Burst:
    began, admitted, refused_ones = reader.clock(), 0, []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, most, AT_ONCE):
            count = min(AT_ONCE, most - start)
            for reply in pool.map(lambda _: _one(reader, token), range(count)):
                if too_many(reply):
                    refused_ones.append(reply)
                else:
                    admitted += 1
            if refused_ones and until_refused:
                break
    return Burst(began, reader.clock() - began, admitted, refused_ones)


def _one(reader: Reader, token: str) -> Reply:
    return reader.ask_once("invoicepayments?limit=1", token, paced=False)


def judge_burst(burst: Burst) -> Findings:
    """Tell the limit, and what a refusal for it carries."""
    if not burst.refused:
        if burst.took >= WINDOW:
            raise Undecidable(words.TOO_SLOW)
        yield Finding("rate_limit", None, f"{burst.admitted} at once")
        raise Undecidable(words.NO_LIMIT)
    yield Finding("rate_limit", burst.admitted)
    reply = burst.refused[0]
    yield Finding("rate_status", reply.status, seen(reply))
    yield Finding("rate_body", judge_rate_body(reply), seen(reply))
    wait = reply.headers.get("retry-after", "").strip()
    seconds, form = judge_retry_after(wait, date_of(reply))
    yield Finding("rate_retry_after", seconds, form)
    if wait:
        yield Finding("rate_retry_after_as", form)
    else:
        yield undecidable("rate_retry_after_as", words.NO_RETRY_AFTER)


def judge_rate_body(reply: Reply) -> str:
    """Name the body of a refusal for the rate limit."""
    form = body_form(reply.body)
    if error_information(reply.body) is not None:
        return "application"
    return "json" if form.startswith("{") else form


def judge_retry_after(text: str, now: datetime | None) -> tuple[int | None, str]:
    """Return the seconds that ``Retry-After`` asks for, and its form."""
    if not text:
        return None, "none"
    if text.isascii() and text.isdigit() and len(text) < 6:
        return int(text), "seconds"
    until = date_of(Reply(0, {"date": text}, b""))
    if until is None or now is None:
        return None, "strange"
    return round((until - now).total_seconds()), "date"


def _bucket(reader: Reader, other: str | None) -> Finding:
    """Ask with another token of the same login, right after the first was refused."""
    if other is None:
        return undecidable("rate_bucket", words.ONE_TOKEN)
    answer = "company" if too_many(_one(reader, other)) else "token"
    return Finding("rate_bucket", answer)


def _window(reader: Reader, token: str, burst: Burst) -> Findings:
    """Find out how long the window is, and whether what was refused counts."""
    if burst.refused[0].headers.get("retry-after"):
        raise Undecidable(words.OBEYED)
    # A quarter of a second beside the whole and the half ones, since clocks differ.
    wait = 0.25
    while too_many(_one_at(reader, token, burst.began + wait)):
        wait += 0.5
        if wait > 30:
            raise Undecidable(words.NEVER_AGAIN)
    window = wait - 0.25
    yield Finding("rate_window", window, f"{window:g}–{window + 0.5:g} s")
    reader.sleep(window + 1)
    again = _burst(reader, token, burst.admitted, until_refused=False)
    if again.refused:
        raise Undecidable(words.MOVED)
    reader.sleep(max(0.0, again.began + window * 0.6 - reader.clock()))
    _burst(reader, token, burst.admitted, until_refused=False)
    last = _one_at(reader, token, again.began + again.took + window + 0.25)
    yield Finding("rate_refused_counts", too_many(last))


def _one_at(reader: Reader, token: str, moment: float) -> Reply:
    reader.sleep(max(0.0, moment - reader.clock()))
    return _one(reader, token)
