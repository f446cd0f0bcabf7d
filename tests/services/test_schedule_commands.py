"""The commands for runs with nobody there: schedule, run-due, worker and status."""

import json
import os
import signal
import threading
from datetime import datetime, time

import pytest
from fake_plugin import payment
from host_and_plugin import host_of, refusal

from hostsim.ledger.schedules import Timetable
from hostsim.services import worker
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_contract.values import Progress, Text

DAILY = Timetable(daily=time(6))


@pytest.fixture
def scheduled(run):
    assert run("schedule", "Butik", "--every", "30m", "--save", "green").status == 0
    return run


@pytest.fixture
def shop(ready):
    """The shop's import, due, with a setting that says what goes wrong."""

    def behaves(how):
        assert ready("formats", "set", "Butik", f"behave={how}").status == 0
        assert ready("schedule", "Butik", "--every", "30m").status == 0
        return ready

    return behaves


def lines(ended):
    return [json.loads(line) for line in ended.out.splitlines()]


def test_nothing_is_scheduled_at_first(run):
    assert "hostsim schedule NAMN" in run("schedule").out
    assert run("schedule", "--json").json == []
    assert "Inget är dags." in run("run-due").out
    assert run("run-due", "--json").out == ""


def test_a_schedule_is_shown_with_when_it_is_due_next(run):
    [one] = [run("schedule", "Butik", "--daily", "06:00", "--json").json]
    assert (one["name"], one["daily"], one["every_minutes"]) == ("Butik", "06:00", None)
    assert (one["save"], one["paused_at"], one["last"]) == ("none", None, None)
    assert datetime.fromisoformat(one["next_due"]).strftime("%H:%M") == "06:00"
    table = run("schedule").out
    assert "dagligen 06:00" in table
    assert "Inte körd än" in table


def test_one_part_of_a_schedule_may_be_changed(run):
    run("schedule", "Butik", "--daily", "06:00")
    changed = run("schedule", "Butik", "--save", "green", "--json").json
    assert (changed["daily"], changed["save"]) == ("06:00", "green")
    changed = run("schedule", "Butik", "--every", "2h", "--json").json
    assert (changed["daily"], changed["every_minutes"], changed["save"]) == (None, 120, "green")


def test_two_parts_of_a_schedule_that_are_changed_at_once_are_both_changed(scheduled, monkeypatch):
    set_schedule = Host.set_schedule

    def change_first(*arguments):
        with Store.open("hostsim.db", patience=0.0) as others:
            other = host_of(others)
            assert refusal(set_schedule, other, "Butik", DAILY, "green").code == "DATABASE_BUSY"
        return set_schedule(*arguments)

    monkeypatch.setattr(Host, "set_schedule", change_first)
    assert scheduled("schedule", "Butik", "--save", "none", "--json").json["save"] == "none"


def test_a_schedule_is_taken_away(scheduled):
    assert scheduled("schedule", "Butik", "--off").status == 0
    assert scheduled("schedule", "--json").json == []
    assert scheduled("schedule", "Butik", "--off").last.startswith("NOT_SCHEDULED: Butik")


@pytest.mark.parametrize(
    "words",
    [
        ("Butik", "--daily", "25:00"),
        ("Butik", "--every", "10s"),
        ("Butik", "--daily", "06:00", "--every", "1h"),
        ("Butik", "--daily", "06:00", "--off"),
        ("Butik", "--off", "--resume"),
        ("Butik", "--save", "green"),
        ("Butik", "--save", "all"),
        ("--daily", "06:00"),
        ("--off",),
    ],
)
def test_what_makes_no_sense_is_said(run, words):
    ended = run("schedule", *words)
    assert ended.status == 2
    assert ended.last.startswith("USAGE: ")


def test_an_unknown_name_is_said(run):
    ended = run("schedule", "Butk", "--daily", "06:00")
    assert (ended.status, ended.last[:18]) == (2, "DEFINITION_UNKNOWN")


def test_what_is_due_is_done_and_told_on_one_line_a_company(scheduled, plugin):
    plugin.payments = [payment(1), payment(2, "1002", "500"), payment(3, "9999")]
    ended = scheduled("run-due")
    assert ended.status == 0
    assert ended.out.splitlines() == [
        "⚑ Butik: Väntar på en person; 1 sparade, 1 lämnade till en person, 1 kan inte sparas"
    ]
    assert scheduled("run-due").out.startswith("Inget är dags. Nästa: 20")


def test_a_program_reads_one_object_a_company(scheduled, plugin):
    plugin.payments = [payment(1)]
    [ended] = lines(scheduled("run-due", "--json"))
    assert ended == {
        "name": "Butik",
        "company": {"number": "77", "name": "Åkeriet AB"},
        "outcome": "saved",
        "counts": {"read": 1, "saved": 1, "left": 0, "rejected": 0, "ignored": 0},
        "code": None,
    }
    assert lines(scheduled("run-due", "--json")) == []


def test_a_failure_is_a_result_and_no_error_of_the_command(shop):
    hostsim = shop("fail:login")
    ended = hostsim("run-due", "--json")
    assert ended.status == 0
    [run] = lines(ended)
    assert (run["outcome"], run["code"], run["counts"]) == ("paused", "SHOP_LOGIN", {})
    assert lines(hostsim("run-due", "--json")) == []
    table = hostsim("status").out
    assert "Pausad" in table
    assert "SHOP_LOGIN: Det gick inte (SHOP_LOGIN)." in table


def test_a_bug_of_a_plug_in_is_one_line_and_no_traceback(shop):
    ended = shop("bug")("run-due")
    assert "RUN_BROKEN" in ended.out
    assert "Traceback" not in ended.out + ended.err
    assert ended.status == 0


def test_all_that_are_paused_are_resumed_at_once(shop):
    hostsim = shop("fail:permission")
    hostsim("run-due")
    assert "Pausad" in hostsim("schedule").out
    ended = hostsim("schedule", "--resume")
    assert ended.last == "1 pausade körs igen."
    assert "Försöker igen" in ended.out
    [run] = lines(hostsim("run-due", "--json"))
    assert run["outcome"] == "paused"


def test_a_fixed_one_works_again_when_it_is_resumed(shop):
    hostsim = shop("fail:permission")
    hostsim("run-due")
    hostsim("formats", "set", "Butik", "behave=")
    hostsim("schedule", "Butik", "--resume")
    [run] = lines(hostsim("run-due", "--json"))
    assert run["outcome"] == "waits-for-person"


def test_the_status_shows_every_definition(scheduled, plugin):
    scheduled("formats", "add", "Annan", "--type", "Fake", "--format", "API")
    plugin.payments = [payment(1, amount="400")]
    scheduled("run-due")
    annan, butik = scheduled("status", "--json").json
    assert (annan["name"], annan["scheduled"], annan["outcome"]) == ("Annan", False, None)
    assert (butik["outcome"], butik["waiting"], butik["counts"]["left"]) == (
        "waits-for-person",
        1,
        1,
    )
    assert butik["company"] == {"number": "77", "name": "Åkeriet AB"}


def test_a_run_with_nobody_there_opens_no_window(shop, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda *_: pytest.fail("a window was opened"))
    [run] = lines(shop("window")("run-due", "--json"))
    assert (run["outcome"], run["code"]) == ("paused", "NO_WINDOW")


class Refused(Exception):
    code, kind, message = "CANCELLED", "cancelled", Text("Avbrutet.", "Cancelled.")


@pytest.mark.parametrize("command", ["run-due", "worker"])
def test_wrong_settings_of_the_mail_are_said_before_anything_is_done(
    scheduled, plugin, monkeypatch, command
):
    monkeypatch.setenv("HOSTSIM_SMTP", "mail.example")
    ended = scheduled(command)
    assert (ended.status, ended.last[:13]) == (2, "MAIL_SETTINGS")
    assert plugin.runs == []


def asked_to_end(*numbers):
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send itself these signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_it_lets_what_is_going_on_finish(scheduled, plugin, number):
    scheduled("formats", "add", "Zoo", "--type", "Fake", "--format", "API")
    scheduled("schedule", "Zoo", "--every", "1h")
    plugin.payments = [payment(1)]
    plugin.during = lambda _run: asked_to_end(number)
    ended = scheduled("run-due", "--json", "--at-once", "1")
    assert (ended.status, ended.last[:9]) == (130, "CANCELLED")
    [run] = lines(ended)
    assert (run["name"], run["outcome"]) == ("Butik", "saved")
    plugin.during = lambda _run: None
    assert [run["name"] for run in lines(scheduled("run-due", "--json"))] == ["Zoo"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send itself these signals")
def test_whoever_insists_cancels_what_is_going_on_and_it_stays_due(scheduled, plugin):
    def during(run):
        asked_to_end(signal.SIGTERM, signal.SIGINT)
        progress = Progress("reading", 0, None, Text("", ""))
        while not any(run.hook.opter_progress(run=run, progress=progress)):
            pass  # the main thread gets the signals
        raise Refused

    plugin.during = during
    ended = scheduled("run-due", "--json")
    assert (ended.status, ended.out) == (130, "")
    plugin.during = lambda _run: None
    assert len(lines(scheduled("run-due", "--json"))) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send itself these signals")
def test_a_worker_works_until_it_is_told_to_stop(scheduled, plugin, monkeypatch):
    monkeypatch.setattr(worker, "notify_people", lambda *_: asked_to_end(signal.SIGTERM))
    plugin.payments = [payment(1)]
    ended = scheduled("worker")
    assert ended.status == 0
    assert ended.out == "✓ Butik: Sparat; 1 sparade\n"
    assert threading.active_count() == 1 or not any(
        one.name.startswith("run") for one in threading.enumerate()
    )
