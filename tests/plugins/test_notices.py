"""Whoever tells people of the runs with nobody there tells everything once."""

import threading
from datetime import timedelta

import pytest
from fake_plugin import COMPANY, hookimpl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scheduled_runs import FAILED, NIGHT, Schedules

from hostsim.plugins.listeners import notify_of_run_end, notify_people
from hostsim.plugins.loading import Plugins
from hostsim.storage import schedule_notices
from hostsim.storage.store import Store
from opter_contract.values import EndedRun, Text


class Teller:
    """Tells people, unless it is in trouble: then it gives that answer, or raises it."""

    def __init__(self):
        self.rounds = []
        self.trouble = None
        self.meanwhile = lambda: None

    @hookimpl
    def opter_notices(self, notices):
        self.rounds.append(list(notices))
        self.meanwhile()
        if isinstance(self.trouble, BaseException):
            raise self.trouble
        return True if self.trouble is None else self.trouble

    @property
    def last(self):
        return [(one.kind, one.run.definition) for one in self.rounds[-1]]


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        yield store


@pytest.fixture
def schedules(store):
    schedules = Schedules(store)
    schedules.add("Norr", "Syd", "Väst")
    return schedules


@pytest.fixture
def teller():
    return Teller()


@pytest.fixture
def round_ends(store, teller):
    """End a round; give what was told in it."""
    plugins = Plugins([("teller", teller)])

    def end():
        before = len(teller.rounds)
        notify_people(plugins, store)
        told = teller.rounds[before:]
        assert len(told) <= 1
        return [(one.kind, one.run.definition) for one in told[0]] if told else []

    return end


# --- What is told ---


def test_one_call_has_all_that_people_should_know_by_the_name_of_the_definition(
    schedules, round_ends
):
    schedules.end("Väst", "waits-for-person", 3)
    schedules.end("Syd", "failed")
    schedules.end("Norr", "paused")
    assert round_ends() == [("needs-person", "Norr"), ("failed", "Syd"), ("needs-person", "Väst")]


def test_a_notice_says_how_the_last_run_ended(schedules, teller, round_ends):
    schedules.end("Norr", "paused", code="CONSENT_WITHDRAWN")
    schedules.end("Syd", "waits-for-person", 3)
    round_ends()
    paused, waits = teller.rounds[0]
    assert paused.run == EndedRun(
        "Norr", "Fake", "", COMPANY, NIGHT + timedelta(days=1), "paused", {},
        "CONSENT_WITHDRAWN", Text("Gör om samtycket.", "Consent again."),
    )  # fmt: skip
    assert (waits.run.counts, waits.run.code, waits.run.message) == ({"left": 3}, "", None)
    assert (paused.waiting, waits.waiting) == (0, 3)


@pytest.mark.parametrize("outcome", ["saved", "nothing-new"])
def test_what_goes_well_and_what_has_not_run_is_not_told(schedules, teller, round_ends, outcome):
    schedules.end("Norr", outcome)
    round_ends()
    assert teller.rounds == []


@pytest.mark.parametrize("outcome", ["failed", "paused", "waits-for-person"])
def test_what_goes_on_is_told_once_and_not_every_night(schedules, round_ends, outcome):
    waiting = 2 if outcome == "waits-for-person" else 0
    schedules.end("Norr", outcome, waiting)
    assert len(round_ends()) == 1
    assert round_ends() == []
    if outcome != "paused":
        schedules.end("Norr", outcome, waiting)
    assert round_ends() == []


def test_what_failed_and_is_then_paused_is_told_since_it_needs_a_person_now(schedules, round_ends):
    schedules.end("Norr", "failed")
    assert round_ends() == [("failed", "Norr")]
    schedules.end("Norr", "paused")
    assert round_ends() == [("needs-person", "Norr")]


@pytest.mark.parametrize("outcome", ["failed", "paused"])
def test_what_failed_and_works_again_is_told_once(schedules, teller, round_ends, outcome):
    schedules.end("Norr", outcome)
    round_ends()
    schedules.end("Norr", "nothing-new")
    assert round_ends() == [("recovered", "Norr")]
    assert teller.rounds[-1][0].works_again
    schedules.end("Norr", "saved")
    assert round_ends() == []


def test_what_mends_itself_before_anybody_is_told_is_not_told(schedules, teller, round_ends):
    teller.trouble = False
    schedules.end("Norr", "failed")
    round_ends()
    teller.trouble = None
    schedules.end("Norr", "saved")
    assert round_ends() == []


def test_what_works_again_while_rows_wait_needs_a_person_and_says_that_it_works(
    schedules, teller, round_ends
):
    schedules.end("Norr", "waits-for-person", 2)
    round_ends()
    schedules.end("Norr", "failed")
    round_ends()
    schedules.end("Norr", "waits-for-person", 2)
    assert round_ends() == [("needs-person", "Norr")]
    [notice] = teller.rounds[-1]
    assert (notice.waiting, notice.works_again) == (2, True)
    assert round_ends() == []


def test_more_rows_that_wait_are_told_and_fewer_are_not(schedules, round_ends):
    told = []
    for waiting in (2, 2, 3, 1, 2):
        schedules.end("Norr", "waits-for-person", waiting)
        told.append(len(round_ends()))
    assert told == [1, 0, 1, 0, 1]


def test_rows_that_wait_when_it_has_worked_again_for_a_while_are_told(schedules, round_ends):
    schedules.end("Norr", "waits-for-person", 2)
    round_ends()
    schedules.end("Norr", "failed")
    round_ends()
    schedules.end("Norr", "saved")
    round_ends()
    schedules.end("Norr", "waits-for-person", 1)
    assert round_ends() == [("needs-person", "Norr")]


def test_what_a_person_resumed_is_not_told_before_it_has_run(schedules, round_ends):
    schedules.end("Norr", "paused")
    schedules.resume("Norr")
    assert round_ends() == []


def test_what_is_paused_again_after_a_person_resumed_it_is_told_again(schedules, round_ends):
    """Whoever resumed it believes that it works now."""
    schedules.end("Norr", "paused")
    round_ends()
    schedules.resume("Norr")
    schedules.end("Norr", "paused")
    assert round_ends() == [("needs-person", "Norr")]


def test_a_schedule_that_was_removed_is_told_no_more_and_begins_anew(schedules, round_ends):
    schedules.end("Norr", "failed")
    round_ends()
    schedules.remove("Norr")
    assert round_ends() == []
    schedules.add("Öst")
    schedules.write("UPDATE schedules SET definition = 'Norr' WHERE definition = 'Öst'")
    schedules.end("Norr", "saved")
    assert round_ends() == []


@pytest.mark.parametrize("again", [(), ("Norr",)])
def test_a_schedule_that_was_removed_while_it_was_told_of_begins_anew(
    store, schedules, teller, round_ends, again
):
    schedules.end("Norr", "failed")

    def remove():
        schedules.remove("Norr")
        for name in again:
            schedules.schedule(name)

    teller.meanwhile = remove
    round_ends()
    assert store.db.execute("SELECT * FROM told").fetchall() == []


# --- Each listener alone ---


def test_each_listener_tells_what_it_has_not_told_itself(store, schedules, teller, round_ends):
    schedules.end("Norr", "failed")
    round_ends()
    late = Teller()
    schedules.end("Syd", "failed")
    notify_people(Plugins([("teller", teller), ("late", late)]), store)
    assert teller.last == [("failed", "Syd")]
    assert late.last == [("failed", "Norr"), ("failed", "Syd")]


@pytest.mark.parametrize(
    "trouble", [RuntimeError("Bageriet Bullen AB"), SystemExit(), False, 1, "True"], ids=repr
)
def test_what_was_not_told_comes_again_with_the_next_round(store, schedules, caplog, trouble):
    caplog.set_level("DEBUG")
    broken, whole = Teller(), Teller()
    plugins = Plugins([("broken", broken), ("whole", whole)])
    broken.trouble = trouble
    schedules.end("Norr", "failed")
    for _ in range(2):
        notify_people(plugins, store)
        assert broken.last == [("failed", "Norr")]
    broken.trouble = None
    schedules.end("Syd", "paused")
    notify_people(plugins, store)
    assert broken.last == [("failed", "Norr"), ("needs-person", "Syd")]
    assert [len(one) for one in whole.rounds] == [1, 1]
    assert "Bullen" not in caplog.text


def test_what_was_told_when_the_program_ended_is_told_again(store, schedules, teller, round_ends):
    teller.trouble = KeyboardInterrupt()
    schedules.end("Norr", "failed")
    with pytest.raises(KeyboardInterrupt):
        round_ends()
    teller.trouble = None
    assert round_ends() == [("failed", "Norr")]


def test_a_database_that_cannot_be_written_now_harms_nobody(
    schedules, round_ends, monkeypatch, caplog
):
    schedules.end("Norr", "failed")
    monkeypatch.setattr(
        schedule_notices, "forget_fewer_waiting", lambda db, _listener: db.execute("no SQL")
    )
    assert round_ends() == []
    assert "could not be sent the notices: OperationalError" in caplog.text
    monkeypatch.undo()
    assert round_ends() == [("failed", "Norr")]


def test_nothing_is_told_that_is_not_committed(store, schedules, teller, round_ends):
    with store.change():
        schedules.end("Norr", "failed")
        assert round_ends() == []
    assert round_ends() == [("failed", "Norr")]


def test_how_it_was_when_it_was_handed_over_is_what_was_told(store, schedules):
    """A run that ends while people are told is told at the end of its own round."""

    class Slow(Teller):
        @hookimpl
        def opter_notices(self, notices):
            if not self.rounds:
                schedules.end("Norr", "saved")
            return super().opter_notices(notices)

    slow = Slow()
    plugins = Plugins([("slow", slow)])
    schedules.end("Norr", "failed")
    notify_people(plugins, store)
    notify_people(plugins, store)
    assert [one.kind for several in slow.rounds for one in several] == ["failed", "recovered"]


def test_two_rounds_that_end_together_tell_nothing_twice_and_leave_nothing(store, schedules):
    """The second waits for the first, which looked before the second ended."""
    telling, second_ended = threading.Event(), threading.Event()

    class Slow(Teller):
        @hookimpl
        def opter_notices(self, notices):
            telling.set()
            assert second_ended.wait(60)
            return super().opter_notices(notices)

    slow = Slow()
    plugins = Plugins([("slow", slow)])
    schedules.end("Norr", "failed")
    threads = [threading.Thread(target=notify_people, args=(plugins, store)) for _ in range(2)]
    threads[0].start()
    assert telling.wait(60)
    schedules.end("Syd", "failed")
    threads[1].start()
    second_ended.set()
    for thread in threads:
        thread.join()
    assert [[one.run.definition for one in several] for several in slow.rounds] == [
        ["Norr"],
        ["Syd"],
    ]


# --- The end of each run ---


def test_every_listener_hears_of_each_run_alone(caplog):
    class Hears:
        def __init__(self, error=None):
            self.heard = []
            self.error = error

        @hookimpl
        def opter_run_ended(self, run):
            self.heard.append(run)
            if self.error is not None:
                raise self.error

    broken, whole = Hears(RuntimeError("Bageriet Bullen AB")), Hears()
    run = EndedRun("Norr", "Fake", "", None, NIGHT, "saved", {"read": 1, "saved": 1})
    notify_of_run_end(Plugins([("broken", broken), ("whole", whole)]), run)
    assert broken.heard == whole.heard == [run]
    assert "plug-in broken failed in opter_run_ended: RuntimeError" in caplog.text
    assert "Bullen" not in caplog.text


# --- Whatever happens ---


ENDS = st.one_of(
    st.just(None),  # it was not due
    st.tuples(st.sampled_from(["saved", "failed", "failed", "paused", "paused"]), st.just(0)),
    st.tuples(st.just("waits-for-person"), st.integers(1, 3)),
)

#: How the runs of two schedules end, each resumed by a person before or not, and whether the
#: listener works.
NIGHTS = st.lists(
    st.tuples(st.tuples(ENDS, st.booleans()), st.tuples(ENDS, st.booleans()), st.integers(0, 3)),
    min_size=3,
    max_size=10,
)


class People:
    """What people believe of one schedule, by what they were told alone."""

    def __init__(self):
        self.works, self.waiting, self.pause = True, 0, None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100
)
@given(nights=NIGHTS)
def test_whatever_happens_nothing_is_told_twice_and_nothing_that_stands_is_untold(
    store, schedules, nights
):
    for table in ("told", "schedules", "definitions"):
        schedules.write(f"DELETE FROM {table}")  # noqa: S608 names of ours
    teller = Teller()
    plugins = Plugins([("teller", teller)])
    schedules.add("Norr", "Syd")
    people = {name: People() for name in ("Norr", "Syd")}
    now = dict.fromkeys(people, ("saved", 0, None))
    for norr, syd, works in nights:
        for name, (end, resumed) in (("Norr", norr), ("Syd", syd)):
            outcome, waiting, _ = now[name]
            if resumed:
                schedules.resume(name)
                now[name] = (outcome, waiting, None)
            if end is not None and now[name][2] is None:  # what is paused does not run
                schedules.end(name, *end)
                now[name] = (*end, schedules.nights if end[0] == "paused" else None)
        teller.rounds, teller.trouble = [], None if works else False
        notify_people(plugins, store)
        told = [one for several in teller.rounds for one in several]
        assert len({one.run.definition for one in told}) == len(told)
        for name, believed in people.items():
            if now[name][0] not in FAILED:
                # They see for themselves what waits no longer.
                believed.waiting = min(believed.waiting, now[name][1])
        if works:
            for one in told:
                believe(people[one.run.definition], one, now[one.run.definition])
            for name, believed in people.items():
                agrees(believed, *now[name])


def believe(people, notice, now):
    """Take a notice in; it must be news."""
    outcome, _waiting, pause = now
    before = vars(people).copy()
    if outcome in FAILED:
        people.works = False
        people.pause = pause or people.pause
    else:
        assert notice.works_again == (not people.works)
        people.works = True
        people.waiting = notice.waiting
    assert vars(people) != before


def agrees(people, outcome, waiting, pause):
    if outcome == "paused" and pause is None:
        return  # a person has taken it on
    assert people.works == (outcome not in FAILED)
    assert outcome != "paused" or people.pause == pause
    if outcome not in FAILED:
        assert people.waiting == waiting


def test_ten_thousand_schedules_are_one_question(store, teller):
    """And one call, however many there are to tell."""
    with store.change() as db:
        names = [{"name": f"Bolag {number:05}"} for number in range(10_000)]
        db.executemany(
            "INSERT INTO definitions (name, import_type, import_format, region, settings)"
            " VALUES (:name, 'Fake', 'API', '', '{}')",
            names,
        )
        db.executemany(
            "INSERT INTO schedules (definition, daily, save, next_due, outcome, ended_at)"
            " VALUES (:name, '06:00', 'green', '', 'failed', '2026-11-29T05:00:00+00:00')",
            names,
        )
    asked = []
    store.db.set_trace_callback(asked.append)
    notify_people(Plugins([("teller", teller)]), store)
    store.db.set_trace_callback(None)
    assert [len(several) for several in teller.rounds] == [10_000]
    assert len([one for one in asked if "SELECT s.*" in one]) == 1
