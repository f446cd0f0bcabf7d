"""What is shown of a run is what judging all of it anew says, whatever happened before."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fake_plugin import (
    COMPANY,
    NEW_YEAR,
    OTHER_COMPANY,
    FakePlugin,
    excluded,
    invoice,
    payment,
    write_off,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import invoice_matching
from hostsim.storage.import_runs import ImportRun, differs, judgement_values
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.store import Store
from opter_contract.values import Text

NAME, BANK = "A", "B"
NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
AMOUNTS = [
    "100.00", "100.00", "100", "100.5", "100.50", "50.00", "0.00", "-100.00", "100.000",
    "99.99", "99.5", "100.01", "1000", "99.995", "9" * 13 + ".99", "9" * 14 + ".99", "0.01",
]  # fmt: skip
NUMBERS = ["1", "2", "3"]
DECISIONS = ["accept", "keep", "confirm", "take-again", "set-aside"]

invoices = st.lists(
    st.builds(
        invoice,
        st.sampled_from(["1001", "1002", "1003"]),
        st.sampled_from(AMOUNTS),
        st.sampled_from(["SEK", "SEK", "SEK", "sek", "EUR"]),
        ocr=st.sampled_from(["", "", "77", "88"]),
        period_closed=st.sampled_from([True, True, True, False]),
    ),
    max_size=3,
    unique_by=lambda one: one.number,
)
payments = st.lists(
    st.builds(
        payment,
        st.sampled_from(NUMBERS),
        st.sampled_from(["1001", "1001", "1002", "1003", "1004"]),
        st.sampled_from(AMOUNTS),
        ocr=st.sampled_from([None, None, "", "77"]),
        write_offs=st.sampled_from([(), (), (write_off("0.50"),)]),
        warnings=st.sampled_from([(), (), (Text("Obs", "Note"),)]),
        booked=st.sampled_from([True, True, False]),
    ),
    max_size=3,
    unique_by=lambda one: one.key.number,
)


class Office:
    """A host and its one definition."""

    def __init__(self, folder, exported=()):
        self.store = Store.create(Path(folder) / "host.db")
        self.store.load_invoices(exported)
        self.plugin = FakePlugin()
        self.bank = FakePlugin(code="Bank")
        plugins = Plugins([("fake", self.plugin), ("bank", self.bank)])
        self.host = Host(self.store, plugins, clock=lambda: NOW, user="kim")
        self.host.define(NAME, "Fake", "API", "", {})
        self.host.define(BANK, "Bank", "API", "", {})

    def accepts(self, deviation):
        self.store.set_setting("accepted_deviation", deviation)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def reads(self, several):
        self.plugin.source = {one.key.number: one for one in several}
        self.plugin.payments = [one for one in several if one.booked]
        self.plugin.excluded = [excluded("not-booked", one) for one in several if not one.booked]
        return self.host.import_payments(NAME)

    def shown_differently(self):
        """Return the rows of the open preview of which the rules say something else."""
        preview = self.host.open_preview(NAME)
        import_run = ImportRun(self.store, preview.run_id, self.store.definition(NAME))
        with import_run.judging(COMPANY.number) as judging:
            return [
                (dict(row), judgement)
                for group in judging.judge_invoices()
                for row, judgement in zip(group.rows, group.judgements, strict=True)
                if differs(judgement_values(group.invoice_id, judgement), row)
            ]


@pytest.fixture
def office(tmp_path):
    with Office(tmp_path, [invoice("1001", "100"), invoice("1002", "100.00")]) as office:
        yield office


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(exported=invoices, first=payments, second=payments, data=st.data())
def test_what_is_shown_is_what_the_rules_say_of_the_whole_run(exported, first, second, data):
    """Whatever was registered by this way or another, typed, deleted or decided before."""
    with tempfile.TemporaryDirectory() as folder, Office(folder, exported) as office:
        office.accepts(data.draw(st.sampled_from(["0", "0.01", "1", "1000"]), "deviation"))
        office.reads(first)
        assert office.shown_differently() == []
        if data.draw(st.booleans(), "set a series aside"):
            office.host.set_aside_series(NAME, "1002", "1004")
            assert office.shown_differently() == []
        if data.draw(st.booleans(), "another import saves, with the preview open"):
            office.bank.payments = [one for one in data.draw(payments, "of the bank") if one.booked]
            office.host.import_payments(BANK)
            office.host.save(BANK)
        try:
            office.host.save(NAME)
        except PreviewChanged:
            assert office.shown_differently() == []
            office.host.save(NAME)
        if data.draw(st.booleans(), "type one by hand") and exported:
            number = data.draw(st.sampled_from([one.number for one in exported]), "on")
            amount = Decimal(data.draw(st.sampled_from(["50.00", "100.00"]), "of"))
            day = NEW_YEAR + timedelta(data.draw(st.sampled_from([0, 1, 6]), "days later"))
            try:
                office.host.add_payment(number, amount, date=day)
            except HostError as refused:
                assert refused.code  # noqa: PT017 - some invoices take no payment by hand
        if data.draw(st.booleans(), "delete one"):
            for row in list(office.store.payments())[:1]:
                office.host.delete_payment(row.id, why="fel")
        preview = office.reads(second)
        assert office.shown_differently() == []
        for row in list(preview.rows("rejected")):
            decision = data.draw(st.sampled_from(DECISIONS))
            try:
                office.host.decide(NAME, row.payment_number, decision)
            except HostError as refused:
                assert refused.code == "DECISION_DOES_NOT_FIT"  # noqa: PT017 - not all can be
            assert office.shown_differently() == []
        in_force = [one for one in office.host.decisions(NAME) if one.in_force]
        if in_force and data.draw(st.booleans(), "take one back"):
            office.host.take_back(NAME, ids=[data.draw(st.sampled_from(in_force)).id])
            assert office.shown_differently() == []
        shown = list(office.host.open_preview(NAME).rows("ready"))
        office.host.save(NAME)
        saved = list(office.store.registered())
        assert {row.payment_number for row in shown} <= {one.payment.key.number for one in saved}


@pytest.mark.parametrize(
    ("amount", "status", "remaining"),
    [
        ("100.00", "exact", "0.00"),
        ("40.50", "partial", "59.50"),
        ("99.99", "partial", "0.01"),
        ("100.05", "advance", "-0.05"),
        ("1234.56", "advance", "-1134.56"),
    ],
)
def test_a_payment_alone_with_its_invoice_is_saved_as_shown(office, amount, status, remaining):
    preview = office.reads([payment(1, "1001", amount), payment(2, "1002", amount)])
    assert [row.status for row in preview.rows("ready")] == [status] * 2
    office.host.save(NAME)
    assert [str(one.remaining) for one in office.store.invoices()] == [remaining] * 2


def test_a_payment_beside_one_that_was_typed_by_hand_is_doubtful(office):
    office.store.load_invoices([invoice("1001", "200")])
    office.host.add_payment("1001", Decimal("100.00"), date=NEW_YEAR)
    preview = office.reads([payment(1, "1001", "100.00")])
    assert [row.reason for row in preview.rows("rejected")] == ["possibly-registered-already"]


def test_a_payment_is_not_saved_once_its_invoice_has_changed(office):
    office.reads([payment(1, "1001", "100.00")])
    office.store.load_invoices([replace(invoice("1001", "100"), period_closed=False)])
    with pytest.raises(PreviewChanged) as changed:
        office.host.save(NAME)
    assert [row.reason for row in changed.value.preview.rows("rejected")] == ["period-open"]


@pytest.mark.parametrize(
    ("paid", "total_then", "status_then"),
    [("50.00", "50", "exact"), ("100.00", "150", "partial"), ("50.00", "20", "advance")],
)
def test_a_payment_is_not_saved_otherwise_than_it_was_shown(office, paid, total_then, status_then):
    office.reads([payment(1, "1001", paid)])
    office.store.load_invoices([invoice("1001", total_then)])
    with pytest.raises(PreviewChanged) as changed:
        office.host.save(NAME)
    assert [row.status for row in changed.value.preview.rows("ready")] == [status_then]


def test_a_part_payment_is_not_saved_as_one_when_the_office_writes_the_rest_off_now(office):
    office.reads([payment(1, "1001", "99.50")])
    office.accepts("1")
    with pytest.raises(PreviewChanged) as changed:
        office.host.save(NAME)
    assert [row.status for row in changed.value.preview.rows("ready")] == ["written-off"]


def test_a_decision_judges_only_what_it_touches(office, monkeypatch):
    office.store.load_invoices(
        [invoice(str(number), "100", period_closed=False) for number in (1001, 1003)]
    )
    office.reads([payment(1, "1001", "100"), payment(2, "1002", "100"), payment(3, "1003", "100")])
    written = []
    monkeypatch.setattr(
        ImportRun, "_write", lambda _, rows: written.extend(row["id"] for row in rows)
    )
    office.host.set_aside(NAME, ["3"])
    assert len(written) == 1


@pytest.mark.parametrize(("region", "found"), [("", 1), ("Norr", 0)])
def test_an_import_looks_for_payments_of_other_ways_in_its_own_region_alone(office, region, found):
    """So thousands of companies, each a region, cost each other nothing."""
    office.store.load_invoices([invoice("1001", "100", region=region)])
    office.bank.company = OTHER_COMPANY
    office.bank.payments = [payment(2, "1001", "100", company=OTHER_COMPANY)]
    office.host.define("Other", "Bank", "API", region, {})
    office.host.import_payments("Other")
    office.host.save("Other")
    preview = office.reads([payment(1, "1002", "100")])
    run = ImportRun(office.store, preview.run_id, office.store.definition(NAME))
    with run.judging(COMPANY.number) as judging:
        rows = judging.db.execute("SELECT DISTINCT payment_id FROM other_channel").fetchall()
    assert len(rows) == found


def test_payments_with_one_ocr_are_matched_in_time_that_grows_as_their_number(office):
    """Counted in steps of SQLite's virtual machine."""
    office.store.load_invoices([invoice("1001", "100", ocr="77")])
    steps = []
    for many in (200, 400):
        payments = [payment(number, "", "1", ocr="77") for number in range(1, many + 1)]
        preview = office.reads(payments)
        run = ImportRun(office.store, preview.run_id, office.store.definition(NAME))
        with run.judging(COMPANY.number) as judging:
            judging.db.execute("DELETE FROM matched")
            steps.append(0)
            judging.db.set_progress_handler(lambda: steps.append(steps.pop() + 1), 100)
            judging.db.execute(invoice_matching._MATCH, judging.values)
            judging.db.set_progress_handler(None, 0)
    assert steps[1] < 3 * steps[0]
