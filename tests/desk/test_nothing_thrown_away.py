"""What a person typed is saved, asked about or refused with a sentence, never thrown away."""

from __future__ import annotations

from datetime import date
from threading import Event
from types import SimpleNamespace

import pytest
from desk_person import HERE, wait_for
from fake_plugin import FakePlugin, hookimpl
from host_and_plugin import NOON

from hostsim.desk.background_jobs import Choice, Job, Jobs, Starter
from hostsim.errors import HostError
from hostsim.ledger.schedules import NONE, Timetable
from hostsim.storage import schedules
from opter_contract.values import Text

READ = "/import/read?format=Fortnox"


class Bank(FakePlugin):
    @hookimpl
    def opter_settings_fields(self, type_code):
        label = Text("Från och med", "From")
        described = {"label": label, "help": label, "default": "", "required": False}
        field = SimpleNamespace(key="since", kind="date", secret=False, **described)
        return [field] if type_code == self.code else None


@pytest.fixture
def plugin():
    return Bank(code="Bank")


def leads_to(person, path, **values):
    return person.submit(path, **values).location


def test_ok_stores_what_was_changed_and_goes_on_to_reading(person, desk_context):
    changed = {"field-since": "2026-01-01", "then": "close"}
    assert leads_to(person, "/settings/of/Fortnox", **changed) == READ
    assert desk_context.store.definition("Fortnox").settings["since"] == "2026-01-01"


def test_ok_without_a_change_stores_nothing(person, desk_context):
    before = desk_context.store.definition("Fortnox")
    values = {f"field-{key}": value for key, value in before.settings.items()}
    assert leads_to(person, "/settings/of/Fortnox", then="close", **values) == READ
    assert person.notices(READ) == []


def test_ok_stays_where_a_value_is_refused(person):
    page = person.post(
        "/settings/new", 422, name="Fortnox", type="Bank", format="API", then="close"
    )
    assert 'id="name-wrong"' in page


def test_a_date_that_has_not_been_is_refused(person):
    page = person.post("/import/start", 200, format="Fortnox", region="", date="2026-11-23")
    assert "Datumet har inte varit än" in page


def test_what_was_chosen_to_be_read_stays_when_it_is_read_again(person):
    page = person.get(f"{READ}&date=2026-11-20&bank_account=1930")
    assert 'value="2026-11-20"' in page
    assert 'value="1930"' in page


def test_typed_text_is_asked_about_before_a_dialog_closes(person):
    assert "data-unsaved=" in person.get("/payments/new")


def test_a_second_import_with_other_values_is_refused_and_says_so():
    goes_on = Event()
    jobs = Jobs(lambda job: goes_on.wait(60))
    choice = Choice("Fortnox", bank_account="1", day=date(2026, 11, 22))
    job = jobs.start(choice, Starter())
    assert jobs.start(choice, Starter()) is job
    for other in (Choice("Fortnox", bank_account="2", day=choice.day), Choice("Fortnox")):
        with pytest.raises(HostError) as caught:
            jobs.start(other, Starter())
        assert caught.value.code == "IMPORT_RUNNING"
        assert "med andra uppgifter" in caught.value.message.sv
    goes_on.set()
    wait_for(job)


def test_no_job_begins_once_the_desk_stops_its_jobs():
    jobs, late = Jobs(lambda job: job.plan.wait(10)), []

    def begin_another(job):
        with pytest.raises(HostError) as caught:
            jobs.start(Choice("Bank"), Starter())
        late.append(caught.value.code)

    job = jobs.start(Choice("Fortnox"), Starter())
    job.stop = lambda: (begin_another(job), Job.stop(job))
    jobs.stop()
    assert late == ["CANCELLED"]
    assert jobs.running() == []


def test_of_many_definitions_a_page_carries_none_and_proposes_what_is_written(person, desk_context):
    with desk_context.store.change() as db:
        db.executemany(
            "INSERT INTO definitions (name, import_type, import_format, region, settings)"
            " SELECT ?, import_type, import_format, region, settings FROM definitions LIMIT 1",
            [(f"Bolag {number}",) for number in range(60)],
        )
    page = person.get("/import/read?format=Bolag+7")
    assert 'value="Bolag 7" list="formats"' in page
    assert "Bolag 8" not in page + person.get("/settings/of/Bolag%207")
    answer = person.client.get("/overview/names?q=LAG+5", headers=HERE)
    assert answer.json == ["Bolag 5", *(f"Bolag {number}" for number in range(50, 60))]
    refused = person.post("/import/start", 200, format="Bolag 99", date="2026-11-22")
    assert 'id="format-wrong"' in refused
    assert "Bolag 99" in refused


def test_without_a_name_nothing_runs_again(person, desk_context):
    desk_context.host().set_schedule("Fortnox", Timetable(daily=NOON.time()), NONE)
    with desk_context.store.change() as db:
        db.execute("UPDATE schedules SET paused_at = '2026-11-22T11:00:00+00:00'")
    person.post("/overview/resume", 400)
    assert schedules.schedule(desk_context.store, "Fortnox").paused


@pytest.mark.parametrize("forged", [{"when": "x"}, {"unit": "d"}, {"save": "all"}])
def test_a_forged_schedule_is_refused(person, desk_context, forged):
    person.post(
        "/overview/schedule?of=Fortnox", 400, **{"when": "daily", "daily": "06:00"} | forged
    )
    assert schedules.schedule(desk_context.store, "Fortnox") is None
