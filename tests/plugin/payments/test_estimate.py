"""How long the limit will make a reading take: told before it, and right once the list is read."""

from __future__ import annotations

from datetime import date, timedelta

import pluggy
import pytest
from executors import Executor
from fortnox import Clock
from second_host import Host, hookimpl, new_run

from opter_contract.values import Text
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.host import Host as HostSide
from opter_fortnox_plugin.host import with_time_left
from opter_fortnox_plugin.payments.importer import Importer
from opter_fortnox_plugin.payments.settings import Settings
from opter_fortnox_plugin.session import Session
from tests.plugin.payments.test_importer import COMPANY, SETTINGS, SignedIn, Wire, listed


class Counted(Executor):
    """Hands that know how much is left to do."""

    @property
    def waiting(self):
        return len(self._queue)


class Listening(Host):
    def __init__(self, clock):
        super().__init__()
        self.clock, self.reports = clock, []

    @hookimpl
    def opter_known_invoices(self, run, invoice_numbers):
        return invoice_numbers

    @hookimpl
    def opter_progress(self, run, progress):
        self.reports.append((self.clock(), progress))


def told_while_reading(wire):
    """Import with a clock that only the limit moves; return what was told, and the end."""
    clock = Clock()
    host, manager = Listening(clock), pluggy.PluginManager("opter")
    manager.register(host)
    side = HostSide(new_run(manager, SETTINGS), sleep=clock.sleep, clock=clock)
    limiter = RateLimiter(sleep=clock.sleep, clock=clock)
    client = Client(
        "https://api.fortnox.se/3", wire, SignedIn(), limiter,
        sleep=clock.sleep, waiting=lambda what, seconds: None,
    )  # fmt: skip
    session = Session(side, client, Counted(), limiter, "client")
    Importer(session, COMPANY, Settings.of(SETTINGS)).run()
    return host.reports, clock()


def euros(*numbers):
    """Make payments in euro, the newest first, ten a day."""
    rows = [
        listed(
            n,
            Currency="EUR",
            CurrencyRate=10,
            Amount=1000,
            PaymentDate=(date(2026, 6, 30) - timedelta(days=n // 10)).isoformat(),
        )
        for n in numbers
    ]
    return rows, {row["Number"]: row | {"AmountCurrency": 100, "InvoiceOCR": ""} for row in rows}


def far_off(after):
    """Find what was said of more than ten seconds, and was not right within a tenth."""
    return [(real, said) for real, said in after if real > 10 and abs(real - said) > real / 10]


def test_once_the_list_is_read_the_time_that_is_left_is_right_within_a_tenth():
    rows, details = euros(*range(1, 601))
    told, end = told_while_reading(Wire(*rows, details=details, page_size=300))
    after = [(end - now, one.seconds_left) for now, one in told if one.stage == "details"]
    assert len(after) > 100
    assert far_off(after) == []


@pytest.mark.parametrize("pages", [74, 75, 76, 80])
def test_what_is_asked_behind_the_list_is_counted_wherever_the_limit_falls(pages):
    """Seventy-five pages, and whether anything changed: one request more than three windows."""
    newest = date(2026, 6, 30)
    rows = [
        listed(n + 1, PaymentDate=(newest - timedelta(days=n // 9)).isoformat())
        for n in range(pages * 10)
    ]
    told, end = told_while_reading(Wire(*rows, page_size=10))
    after = [(end - now, one.seconds_left) for now, one in told if one.seconds_left is not None]
    assert max(real for real, _ in after) > 10
    assert far_off(after) == []


def test_nothing_is_told_as_long_as_one_date_alone_could_be_anywhere_in_the_list():
    rows = [listed(n) for n in range(1, 401)]
    rows += [listed(n, PaymentDate="2020-01-01") for n in range(401, 20_001)]
    told, _ = told_while_reading(Wire(*rows, page_size=200))
    said = [(one.done, one.seconds_left) for _, one in told if one.stage == "reading"]
    # The end of the list tells, and it is near: nothing long is ever told.
    assert said[1] == (200, None)
    assert max(left or 0.0 for _, left in said) < 10


def test_the_time_that_is_left_goes_down_while_nothing_happens():
    clock = Clock()
    host, manager = Listening(clock), pluggy.PluginManager("opter")
    manager.register(host)
    side = HostSide(new_run(manager, SETTINGS), sleep=clock.sleep, clock=clock)
    side.report_progress("reading", 1, 2, Text("Läser", "Reading"), 12.4)
    clock.sleep(1.0)
    side.repeat_progress()
    clock.sleep(2.0)
    side.repeat_progress()
    clock.sleep(20.0)
    side.repeat_progress()
    assert [(one.seconds_left, one.message.en) for _, one in host.reports] == [
        (12.4, "Reading; about 12 s left"),
        (pytest.approx(11.4), "Reading; about 11 s left"),
        (pytest.approx(9.4), "Reading"),
        (0.0, "Reading"),
    ]


def test_before_the_list_is_read_it_is_told_as_if_the_rest_were_like_what_was_read():
    rows, details = euros(*range(1, 601))
    told, end = told_while_reading(Wire(*rows, details=details, page_size=100))
    now, first = next((now, one) for now, one in told if one.stage == "reading" and one.done)
    assert first.seconds_left == pytest.approx(end - now, rel=0.1)


@pytest.mark.parametrize(
    ("seconds", "sv", "en"),
    [
        (9.9, "Läser", "Reading"),
        (40.2, "Läser; ungefär 40 s kvar", "Reading; about 40 s left"),
        (130, "Läser; ungefär 2 min 10 s kvar", "Reading; about 2 min 10 s left"),
        (3725, "Läser; ungefär 1 h 2 min kvar", "Reading; about 1 h 2 min left"),
    ],
)
def test_the_time_is_said_in_both_languages_where_it_is_worth_a_word(seconds, sv, en):
    assert with_time_left(Text("Läser", "Reading"), seconds) == (sv, en)
