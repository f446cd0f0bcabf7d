"""No clock is trusted alone: Fortnox's ``Date``, the token's ``iat`` and our own, in any state."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from second_host import Host, hookimpl

from opter_fortnox_plugin.fortnox.protocol import payments_query
from opter_fortnox_plugin.login.oauth import Tokens, issued_at
from opter_fortnox_plugin.login.tokens import SignedIn
from opter_fortnox_plugin.payments.watermark import Cursor
from tests.plugin.payments import test_importer
from tests.plugin.payments.test_importer import Wire, listed, run_import

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def token(claims):
    """Make an access token as Fortnox does; its signature is nobody's."""
    parts = ({"alg": "HS256"}, claims, {"signature": "none"})
    coded = (base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in parts)
    return ".".join(one.rstrip("=") for one in coded)


class Clocked(Wire):
    """Fortnox's answers with a ``Date`` for each in turn, the last for all that follow."""

    def __init__(self, *rows, dates, **more):
        super().__init__(*rows, **more)
        self.dates = list(dates)

    def _reply(self, status, value):
        response = super()._reply(status, value)
        at = self.dates.pop(0) if len(self.dates) > 1 else self.dates[0]
        response.headers.pop("date")
        if at is not None:
            response.headers["date"] = (
                at if isinstance(at, str) else format_datetime(at, usegmt=True)
            )
        return response


@pytest.fixture
def clocks(monkeypatch):
    """Set our clock and the token's."""

    def set_to(ours, by_token=None):
        monkeypatch.setattr(test_importer, "NOON", ours)
        monkeypatch.setattr(test_importer.SignedIn, "time", by_token)

    set_to(NOON)
    return set_to


def watermark(report):
    return Cursor.load(report.cursor).watermark


# --- The time of a token ---


def test_a_token_tells_when_it_was_issued():
    assert issued_at(token({"iat": int(NOON.timestamp())})) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "", "opaque", "a.b.c", "a.å.c", "a." + "A" * 5 + ".c", token([]), token({}), token(None),
        *(token({"iat": iat}) for iat in (None, True, "1764", [], 1e300, float("nan"), 10**40)),
        "a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c",
    ],
)  # fmt: skip
def test_a_token_that_does_not_tell_is_left_out(text):
    assert issued_at(text) is None
    assert SignedIn(None, Tokens(text, "r")).time is None


def test_the_time_of_a_token_goes_on_while_we_have_it():
    now = [100.0]
    signed_in = SignedIn(None, Tokens(token({"iat": NOON.timestamp()}), "r"), lambda: now[0])
    now[0] += 90
    assert signed_in.time == NOON + timedelta(seconds=90)


def test_the_next_token_brings_the_time_anew():
    now, later = [100.0], NOON + HOUR

    class Endpoint:
        def refresh(self, tokens, take):
            return Tokens(token({"iat": later.timestamp()}), "r2")

    first = Tokens(token({"iat": NOON.timestamp()}), "r")
    signed_in = SignedIn(Endpoint(), first, lambda: now[0])
    now[0] += 3600
    signed_in.renew(first.access)
    assert signed_in.time == later


# --- The watermark ---


@pytest.mark.parametrize("first", ["Fortnox", "ours", "token"])
@pytest.mark.parametrize("off", [SECOND, HOUR, 400 * DAY])
def test_the_watermark_is_the_earliest_clock(clocks, first, off):
    at = {name: NOON - off * (name == first) for name in ("Fortnox", "ours", "token")}
    clocks(at["ours"], at["token"])
    report = run_import(Clocked(listed(1), dates=[at["Fortnox"]]), Host())
    assert watermark(report) == NOON - off


@pytest.mark.parametrize("absurd", [NOON + 2 * DAY, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_one_answer_that_is_days_ahead_does_not_move_the_watermark_there(clocks, absurd):
    report = run_import(Clocked(listed(1), dates=[absurd, NOON]), Host())
    assert watermark(report) == NOON


@pytest.mark.parametrize("missing", [None, "", "yesterday"])
def test_without_a_date_the_token_and_our_clock_tell(clocks, missing):
    clocks(NOON, NOON + SECOND)
    assert watermark(run_import(Clocked(listed(1), dates=[missing]), Host())) == NOON


def test_our_clock_alone_moves_no_watermark(clocks):
    assert run_import(Clocked(listed(1), dates=[None]), Host()).cursor is None


def test_the_date_of_a_later_page_is_not_taken_for_the_first(clocks):
    rows = [listed(number) for number in range(1, 5)]
    report = run_import(Clocked(*rows, dates=[None, NOON], page_size=2), Host())
    assert report.cursor is None


def test_whether_the_list_held_still_is_asked_by_the_earliest_clock(clocks):
    rows = [listed(number) for number in range(1, 5)]
    wire = Clocked(*rows, dates=[NOON + 2 * DAY], page_size=2)
    run_import(wire, Host())
    # 11:59 in Greenwich is 12:59 in Stockholm in November.
    assert {query["lastmodified"] for _, query in wire.asked if "lastmodified" in query} == {
        "2026-11-22 12:59"
    }


def test_a_year_long_past_is_asked_for_with_four_digits():
    query = payments_query(1, datetime(900, 1, 2, 12, 0, tzinfo=UTC))
    assert query["lastmodified"].startswith("0900-01-02 ")


# --- A cursor that lies ahead ---


@pytest.fixture
def kept(clocks):
    """Make the cursor of a moment."""

    def at(moment):
        clocks(moment, moment)
        return run_import(Clocked(listed(1), dates=[moment]), Host()).cursor

    return at


class Listening(Host):
    def __init__(self):
        super().__init__()
        self.reports = []

    @hookimpl
    def opter_progress(self, run, progress):
        self.reports.append(progress.message.en)


@pytest.mark.parametrize("by_token", [NOON, None])
@pytest.mark.parametrize("ahead", [SECOND, 2 * DAY])
def test_a_cursor_that_is_later_than_the_clocks_reads_everything_again_and_says_so(
    clocks, kept, ahead, by_token
):
    cursor = kept(NOON + ahead)
    clocks(NOON, by_token)
    host, wire = Listening(), Clocked(listed(1), dates=[NOON])
    report = run_import(wire, host, cursor=cursor)
    assert "lastmodified" not in wire.asked[0][1]
    [note] = report.notes
    assert note.en in host.reports
    assert watermark(report) == NOON


@pytest.mark.parametrize("right", ["ours", "token"])
def test_a_cursor_that_one_clock_has_passed_is_read_from(clocks, kept, right):
    cursor = kept(NOON)
    behind, passed = NOON - DAY, NOON + HOUR
    clocks(*((passed, behind) if right == "ours" else (behind, passed)))
    wire = Clocked(listed(1), dates=[NOON + HOUR])
    report = run_import(wire, Host(), cursor=cursor)
    assert wire.asked[0][1]["lastmodified"] == "2026-11-22 11:00"
    assert report.notes == ()


def test_a_cursor_of_the_beginning_of_time_reads_everything(clocks):
    kept = json.loads(run_import(Clocked(listed(1), dates=[NOON]), Host()).cursor)
    cursor = json.dumps(kept | {"watermark": "0001-01-01T00:00:00+00:00"})
    wire = Clocked(listed(1), dates=[NOON])
    assert run_import(wire, Host(), cursor=cursor).notes == ()
    assert "lastmodified" not in wire.asked[0][1]
