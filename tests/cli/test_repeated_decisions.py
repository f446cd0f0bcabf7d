"""Deciding what is decided already, too late or at too great length, as it is typed and read."""

import pytest
from fake_plugin import payment


@pytest.fixture
def office(run, shown):
    """The commands, with an open list of everything."""
    return run


@pytest.fixture
def waiting(office, plugin):
    """The commands, with a list of what an earlier import could not save."""
    office("save", "Butik")
    plugin.payments = []
    office("import", "Butik")
    return office


def decisions(run):
    return [
        (one["payment_number"], one["in_force"]) for one in run("decisions", "Butik", "--json").json
    ]


def test_the_same_number_twice_is_set_aside_once(office):
    office("set-aside", "Butik", 4, 4)
    assert decisions(office) == [("4", True)]


def test_what_is_set_aside_already_stays_so_and_it_is_said(office):
    office("set-aside", "Butik", 4)
    ended = office("set-aside", "Butik", 4)
    assert (ended.status, decisions(office)) == (0, [("4", True)])
    assert "Betalning 4 var undanlagd redan" in ended.err
    assert "Ingenting ändrades." in ended.err


def test_beside_what_is_set_aside_already_the_others_are_set_aside(office):
    office("set-aside", "Butik", 4)
    ended = office("set-aside", "Butik", 4, 5)
    assert decisions(office) == [("4", True), ("5", True)]
    assert "Undanlagt." in ended.err
    assert "Betalning 5" not in ended.err


def test_without_a_list_what_is_set_aside_already_stays_so_too(office):
    office("set-aside", "Butik", 4)
    office("save", "Butik")
    assert "Betalning 4 var undanlagd redan" in office("set-aside", "Butik", 4).err


def test_without_a_list_what_is_kept_cannot_be_set_aside(office):
    office("decide", "Butik", 1, "--keep")
    office("save", "Butik")
    ended = office("set-aside", "Butik", 1)
    assert (ended.status, ended.last.partition(":")[0]) == (2, "DECISION_DOES_NOT_FIT")


def test_taking_back_a_payment_that_only_a_series_hides_names_the_series(office):
    office("set-aside", "Butik", "--series", 9000, 9999)
    ended = office("take-back", "Butik", 4)
    assert (ended.status, ended.last.partition(":")[0]) == (2, "HIDDEN_BY_SERIES")
    assert "hostsim take-back Butik --series 9000 9999" in ended.err


def test_taking_back_a_payment_that_a_series_hides_as_well_says_so(office):
    office("set-aside", "Butik", 4)
    office("set-aside", "Butik", "--series", 9000, 9999)
    ended = office("take-back", "Butik", 4)
    assert ended.status == 0
    assert "Betalning 4 döljs ändå, av serien 9000 till 9999" in ended.err
    assert "hostsim take-back Butik --series 9000 9999" in ended.err


@pytest.mark.parametrize("saved", [True, False])
def test_nothing_is_said_of_a_series_that_hides_nothing_of_it(office, saved):
    office("set-aside", "Butik", 4)
    office("set-aside", "Butik", "--series", 1, 9)
    if saved:
        office("save", "Butik")
    assert "serien" not in office("take-back", "Butik", 4).err


def test_without_a_list_the_series_is_named_too(office):
    office("set-aside", "Butik", "--series", 9000, 9999)
    office("save", "Butik")
    assert office("take-back", "Butik", 4).last.startswith("HIDDEN_BY_SERIES")


def test_a_row_of_an_earlier_import_needs_another_import_before_it_is_saved(waiting):
    ended = waiting("decide", "Butik", 3, "--confirm")
    assert "Betalning 3 är från en tidigare import: läs in igen" in ended.err


def test_a_row_of_this_import_is_done_at_the_next_save(office):
    assert "tidigare import" not in office("decide", "Butik", 3, "--confirm").err


def test_what_is_kept_needs_no_other_import(waiting):
    assert "tidigare import" not in waiting("decide", "Butik", 1, "--keep").err


@pytest.mark.parametrize(
    "command",
    [
        ("set-aside", "Butik", 4),
        ("set-aside", "Butik", "--series", 1, 9),
        ("decide", "Butik", 3, "--confirm"),
        ("payments", "delete", 1),
    ],
)
def test_a_reason_that_is_longer_than_is_kept_is_refused_and_nothing_is_done(office, command):
    before = decisions(office), office("payments", "--json").json
    ended = office(*command, "--why", "x" * 501)
    assert (ended.status, ended.last.partition(":")[0]) == (2, "WHY_TOO_LONG")
    assert "501 tecken" in ended.last
    assert (decisions(office), office("payments", "--json").json) == before


@pytest.mark.parametrize("command", [("set-aside",), ("decide",), ("payments", "delete")])
def test_the_help_says_how_long_a_reason_may_be(office, command):
    assert "Högst 500 tecken" in " ".join(office(*command, "--help").out.split())


def test_the_help_of_decide_says_that_an_earlier_row_needs_another_import(office):
    assert "läs in igen innan du sparar" in " ".join(office("decide", "--help").out.split())


def test_without_a_list_json_says_that_none_is_open(office, plugin):
    plugin.payments = [payment(7, "9997")]
    office("save", "Butik")
    assert office("set-aside", "Butik", 4, "--json").json["open"] is False
    assert office("save", "Butik", "--json").json["open"] is False
    assert office("import", "Butik", "--json").json["open"] is True
