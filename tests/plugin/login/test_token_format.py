"""What is kept of a login: the refresh token and, while an import runs, the access token."""

from __future__ import annotations

import math

import pytest
from fortnox import response, tokens

from opter_fortnox_plugin.login.oauth import Tokens, tokens_of
from opter_fortnox_plugin.login.token_format import (
    MAX_LENGTH,
    MAX_LIFETIME,
    REUSE_SECONDS,
    StoredTokens,
    read,
)

NOW = 1_790_000_000.0
PAIR = Tokens("acc-3ss", "refr-3sh", lifetime=3600.0)


def test_what_is_written_is_read():
    kept = StoredTokens.of(PAIR, NOW)
    assert read(kept.write()) == kept
    assert kept.tokens == PAIR


def test_between_imports_there_is_the_refresh_token_alone():
    kept = read(StoredTokens.of(PAIR, NOW).between_imports().write())
    assert kept == StoredTokens("refr-3sh")
    assert PAIR.access not in kept.write()


def test_a_bare_refresh_token_of_an_earlier_version_is_read():
    assert read("0c1d2f6e-refr") == StoredTokens("0c1d2f6e-refr")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '{"version": 2, "refresh": "refr-3sh"}',
        '{"version": 1}',
        '{"version": 1, "refresh": null}',
        '{"version": 1, "refresh": "refr-3sh", "until": "soon"}',
        '{"version": 1, "refresh": "refr-3sh", "until": 1e999}' + "x",
    ],
)
def test_an_unknown_form_is_none_and_told_without_repeating_it(text, caplog):
    assert read(text) is None
    [record] = caplog.records
    assert "unknown form" in record.message
    assert "refr-3sh" not in caplog.text


@pytest.mark.parametrize("text", [None, ""])
def test_nothing_is_none(text, caplog):
    assert read(text) is None
    assert caplog.records == []


@pytest.mark.parametrize(
    ("left", "good"),
    [(3600, True), (REUSE_SECONDS, True), (REUSE_SECONDS - 1, False), (-5, False)],
)
def test_an_access_token_is_used_while_it_is_good_for_a_while(left, good):
    assert StoredTokens("refr", "acc", NOW + left).is_good(NOW) is good


def test_one_that_claims_to_be_good_for_days_is_not_believed():
    """As where another machine's clock, or our own before it was set, wrote the end."""
    assert not StoredTokens("refr", "acc", NOW + MAX_LIFETIME + 1).is_good(NOW)


def test_without_its_end_an_access_token_is_not_kept():
    assert StoredTokens.of(Tokens("acc-3ss", "refr-3sh"), NOW) == StoredTokens("refr-3sh")


def test_a_pair_that_is_too_long_for_the_place_is_kept_without_the_access_token():
    text = StoredTokens.of(Tokens("a" * MAX_LENGTH, "refr-3sh", lifetime=3600.0), NOW).write()
    assert read(text) == StoredTokens("refr-3sh")


def test_a_repr_shows_neither_token():
    shown = repr(StoredTokens.of(PAIR, NOW))
    assert PAIR.access not in shown
    assert PAIR.refresh not in shown


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3600, 3600),
        (None, 0),
        ("3600", 0),
        (-1, 0),
        (0, 0),
        (10**9, 0),
        ("soon", 0),
        (math.nan, 0),
        (math.inf, 0),
    ],
)
def test_a_lifetime_is_what_fortnox_says_within_reason(said, seconds):
    answer = tokens("acc", "refr") | {"expires_in": said}
    assert tokens_of(response(200, answer)).lifetime == seconds
