"""What a person decides about payments is kept, done at the save, and can be taken back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from fake_plugin import AnsweringPlugin, euro, excluded, invoice, payment, unreadable
from host_and_plugin import (
    NOON,
    books,
    host_of,
    import_and_save,
    importing_host,
    outcomes,
    preview_of,
    refusal,
    remaining,
    row_of,
)

from hostsim.errors import exit_status
from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import reasons
from hostsim.ledger.values import SetAsideTotal
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.previews import PreviewChanged


@pytest.fixture
def plugin():
    return AnsweringPlugin()


# --- Set aside ---------------------------------------------------------------


def test_what_is_set_aside_counts_among_the_ignored(host, plugin):
    preview_of(host, plugin, payment(1), payment(2, "9999", "12.34"))
    preview = host.set_aside("Fortnox", ["2"], why="räntefaktura")
    assert preview.counts == {"read": 2, "ready": 1, "left": 0, "rejected": 0, "ignored": 1}
    assert preview.totals["ignored"] == Decimal("12.34")
    assert preview.set_aside == SetAsideTotal(1, Decimal("12.34"))


def test_who_set_aside_and_when_and_why_is_said_with_the_reason_below(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    row = row_of(host.set_aside("Fortnox", ["1"], why="räntefaktura"), "1")
    assert row.reason == "set-aside"
    assert row.message.sv.startswith("Undanlagd av kim 2026-11-22 12:00 (räntefaktura). Fel vid")


def test_it_stays_set_aside_from_import_to_import_and_is_not_fetched(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    host.set_aside("Fortnox", ["1"])
    host.save()
    for _ in range(2):
        assert outcomes(host.import_payments("Fortnox")) == {"1": "set-aside"}
        host.save()
    assert plugin.asked == []


def test_it_can_be_set_aside_when_nothing_is_open(host, plugin):
    import_and_save(host, plugin, payment(1, "9999"))
    assert host.set_aside("Fortnox", ["1"]) is None
    assert outcomes(host.import_payments("Fortnox")) == {"1": "set-aside"}


def test_what_is_taken_back_is_shown_again_and_both_stay_readable(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    host.set_aside("Fortnox", ["1"], why="räntefaktura")
    assert outcomes(host.take_back("Fortnox", ["1"])) == {"1": "invoice-not-found"}
    [one] = host.decisions("Fortnox")
    assert (one.user, one.at, one.why, one.in_force) == ("kim", NOON, "räntefaktura", False)
    assert (one.taken_back_by, one.taken_back_at) == ("kim", NOON)


def test_what_was_set_aside_when_it_was_saved_is_taken_back_with_its_reason(host, store, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    host.set_aside("Fortnox", ["1"])
    host.save()
    host.take_back("Fortnox", ["1"])
    assert outcomes(host.import_payments("Fortnox")) == {"1": "invoice-not-found"}


def test_an_unreadable_row_that_is_set_aside_stays_unreadable_below(host, plugin):
    plugin.excluded = [unreadable("6", Decimal(12))]
    host.import_payments("Fortnox")
    host.set_aside("Fortnox", ["6"])
    host.save()
    plugin.excluded = []
    assert outcomes(host.import_payments("Fortnox")) == {"6": "set-aside"}
    assert outcomes(host.take_back("Fortnox", ["6"])) == {"6": "unreadable"}


def test_what_is_set_aside_and_can_be_saved_comes_up_and_names_who(host, store, plugin):
    preview_of(host, plugin, payment(1, "3001"))
    host.set_aside("Fortnox", ["1"])
    host.save()
    store.load_invoices([invoice("3001")])
    plugin.source = {"1": payment(1, "3001")}
    preview = host.import_payments("Fortnox")
    assert outcomes(preview) == {"1": "exact"}
    assert "Lades undan av kim 2026-11-22 12:00" in row_of(preview, "1").warning.sv
    host.save()
    assert [one.in_force for one in host.decisions("Fortnox")] == [False]


def test_several_are_set_aside_all_or_none(host, plugin):
    preview_of(host, plugin, payment(1, "9998"), payment(2, "9999"))
    assert refusal(lambda: host.set_aside("Fortnox", ["1", "77"])).code == "PAYMENT_NOT_SHOWN"
    assert host.decisions("Fortnox") == []
    assert set(outcomes(host.set_aside("Fortnox", ["1", "2"])).values()) == {"set-aside"}


@pytest.mark.parametrize("reason", ["ready", "ignored"])
def test_only_what_cannot_be_saved_can_be_set_aside(host, plugin, reason):
    """Money that can be saved is never hidden."""
    plugin.excluded = [excluded("before-date", payment(2))]
    preview_of(host, plugin, payment(1))
    number = {"ready": "1", "ignored": "2"}[reason]
    assert refusal(lambda: host.set_aside("Fortnox", [number])).code == "DECISION_DOES_NOT_FIT"


def test_a_series_hides_what_meets_no_invoice_and_nothing_else(host, store, plugin):
    store.load_invoices([invoice("9002", period_closed=False)])
    host.import_payments("Fortnox")
    host.set_aside_series("Fortnox", "9000", "9003", why="direkt")
    preview = preview_of(
        host,
        plugin,
        payment(1, "9000"),
        payment(2, "9002"),
        payment(3, "9003"),
        payment(4, "9004"),
        payment(5, "09001"),
        payment(6, "9001-B"),
    )
    assert outcomes(preview) == {
        "1": "set-aside",
        "2": "period-open",
        "3": "set-aside",
        "4": "invoice-not-found",
        "5": "set-aside",
        "6": "invoice-not-found",
    }
    assert preview.set_aside.number == 3


def test_a_series_is_taken_back_by_its_ends(host, plugin):
    preview_of(host, plugin, payment(1, "9000"))
    host.set_aside_series("Fortnox", "9000", "9999")
    assert refusal(lambda: host.take_back("Fortnox", series=[("9000", "9998")])).code == (
        "DECISION_UNKNOWN"
    )
    preview = host.take_back("Fortnox", series=[("9000", "9999")])
    assert outcomes(preview) == {"1": "invoice-not-found"}


@pytest.mark.parametrize(
    ("first", "last"), [("2", "1"), ("A1", "A9"), ("", "9"), ("1", "9" * 51), ("٣", "٤")]
)
def test_a_series_has_two_numbers_the_lower_first(host, plugin, first, last):
    preview_of(host, plugin, payment(1))
    assert refusal(lambda: host.set_aside_series("Fortnox", first, last)).code == "SERIES_WRONG"


def test_a_series_is_set_aside_once(host, plugin):
    preview_of(host, plugin, payment(1))
    host.set_aside_series("Fortnox", "1", "9")
    assert refusal(lambda: host.set_aside_series("Fortnox", "01", "9")).code == "SERIES_EXISTS"


def test_before_the_first_import_nothing_can_be_decided(host):
    assert refusal(lambda: host.set_aside_series("Fortnox", "1", "9")).code == "COMPANY_NOT_KNOWN"


def test_a_change_of_what_is_registered_is_shown_although_the_payment_was_set_aside(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1))
    host.set_aside("Fortnox", ["1"])
    assert outcomes(preview_of(host, plugin, payment(1))) == {"1": "set-aside"}
    assert outcomes(preview_of(host, plugin, payment(1, amount="900"))) == {
        "1": "changed-in-fortnox"
    }
    host.set_aside("Fortnox", ["1"])
    assert outcomes(preview_of(host, plugin, payment(1, amount="900"))) == {"1": "set-aside"}
    assert outcomes(preview_of(host, plugin, payment(1, amount="800"))) == {
        "1": "changed-in-fortnox"
    }


# --- Possibly registered already -----------------------------------------------


def test_the_payment_by_hand_is_named(host, plugin):
    host.add_payment("1001", Decimal(400), date=payment(1).date)
    row = row_of(preview_of(host, plugin, payment(1, amount="400")), "1")
    assert row.message.sv == (
        "Kan vara registrerad redan: 400,00 SEK den 2026-01-01 registrerades för hand av "
        "kim 2026-11-22 12:00"
    )


def test_a_confirmation_is_about_these_figures_and_this_payment_by_hand(host, store, plugin):
    typed = host.add_payment("1001", Decimal(400), date=payment(1).date)
    preview_of(host, plugin, payment(1, amount="400"))
    host.decide("Fortnox", "1", "confirm")
    host.delete_payment(typed, why="fel")
    host.add_payment("1001", Decimal(400), date=payment(1).date)
    assert outcomes(preview_of(host, plugin, payment(1, amount="400"))) == {
        "1": "possibly-registered-already"
    }


def test_what_was_set_aside_as_the_one_by_hand_stays_that_when_an_equal_one_comes(host, plugin):
    """Also where it was set aside while nothing was open, and the new one has a lower number."""
    host.add_payment("1001", Decimal(100), date=payment(1).date)
    same = payment(2, amount="100", date=payment(1).date)
    import_and_save(host, plugin, same)
    host.set_aside("Fortnox", ["2"])
    preview = preview_of(host, plugin, payment(1, amount="100"))
    assert outcomes(preview) == {"1": "partial", "2": "set-aside"}


def test_one_that_was_confirmed_and_then_deleted_is_doubted_again(host, plugin):
    host.add_payment("1001", Decimal(100), date=payment(1).date)
    preview_of(host, plugin, payment(1, amount="100"))
    host.decide("Fortnox", "1", "confirm")
    host.save()
    host.delete_payment(2, why="fel")
    preview_of(host, plugin, payment(1, amount="100"))
    preview = host.decide("Fortnox", "1", "take-again")
    assert outcomes(preview) == {"1": "possibly-registered-already"}
    assert "registrerades för hand av kim" in row_of(preview, "1").message.sv


def test_two_by_hand_and_two_from_there_are_both_doubtful(host, plugin):
    day = payment(1).date
    for _ in range(2):
        host.add_payment("1001", Decimal(100), date=day, confirm=True)
    preview = preview_of(host, plugin, payment(1, amount="100"), payment(2, amount="100", date=day))
    assert set(outcomes(preview).values()) == {"possibly-registered-already"}
    assert outcomes(host.decide("Fortnox", "2", "confirm"))["1"] == "possibly-registered-already"


def test_only_what_is_doubtful_can_be_confirmed(host, plugin):
    preview_of(host, plugin, payment(1), payment(2, "9999"))
    for number in ("1", "2"):
        act = lambda number=number: host.decide("Fortnox", number, "confirm")  # noqa: E731
        assert refusal(act).code == "DECISION_DOES_NOT_FIT"


# --- Deleted here ----------------------------------------------------------------


def test_who_deleted_and_when_and_why_is_said(host, plugin):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel faktura")
    row = row_of(host.import_payments("Fortnox"), "1")
    assert (row.reason, row.message.sv) == (
        "deleted-in-host",
        "Var registrerad här men togs bort av kim 2026-11-22 12:00 (fel faktura)",
    )


def test_what_is_taken_again_is_registered_anew_and_the_deleted_one_stays(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    host.import_payments("Fortnox")
    plugin.source = {"1": payment(1)}
    assert outcomes(host.decide("Fortnox", "1", "take-again")) == {"1": "deleted-in-host"}
    preview = host.import_payments("Fortnox")
    assert (plugin.asked, outcomes(preview)) == (["1", "1"], {"1": "exact"})
    assert row_of(preview, "1").warning.sv == "Tas in igen"
    host.save()
    assert books(store) == [(1, "1", "deleted", 1000), (2, "1", "registered", 1000)]
    assert remaining(store) == 0


def test_a_decision_about_what_must_be_fetched_again_says_so(host, plugin):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    host.import_payments("Fortnox")
    row = row_of(host.decide("Fortnox", "1", "take-again"), "1")
    assert "läs in igen" in row.message.sv


def test_taken_again_although_it_was_typed_by_hand_meanwhile_is_said(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    host.delete_payment(1, why="fel")
    host.add_payment("1001", Decimal(400), date=payment(1).date)
    preview_of(host, plugin, payment(1, amount="400"))
    preview = host.decide("Fortnox", "1", "take-again")
    assert outcomes(preview) == {"1": "possibly-registered-already"}
    preview = host.decide("Fortnox", "1", "confirm")
    assert outcomes(preview) == {"1": "partial"}
    assert "registrerades för hand av kim" in row_of(preview, "1").warning.sv


def test_a_deleted_payment_that_the_settings_ignore_needs_nobody(host, plugin):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    plugin.screening = lambda one: excluded("before-date", one)
    assert outcomes(host.import_payments("Fortnox")) == {"1": "before-date"}


# --- Changed in Fortnox -----------------------------------------------------------


def test_accepting_counters_the_registered_payment_and_registers_it_anew(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    preview = host.decide("Fortnox", "1", "accept")
    warning = row_of(preview, "1").warning.sv
    assert "belopp registrerat 1\N{NO-BREAK SPACE}000,00 SEK, nu 900,00 SEK" in warning
    assert "motbokas och registreras på nytt; ändringen godkändes av kim" in warning
    host.save()
    assert books(store) == [
        (1, "1", "reversed", 1000),
        (2, "1", "reversal", -1000),
        (3, "1", "registered", 900),
    ]
    assert [row.reverses for row in store.payments()] == [None, 1, None]
    assert remaining(store) == 100


def test_nothing_is_reversed_before_the_save(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    assert (books(store), remaining(store)) == ([(1, "1", "registered", 1000)], 0)


def test_an_accepted_change_to_an_invoice_that_is_not_here_waits_and_says_why(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, "9999"))
    preview = host.decide("Fortnox", "1", "accept")
    assert outcomes(preview) == {"1": "changed-in-fortnox"}
    assert "Godkänd men kan inte sparas: Fel vid inläsning" in row_of(preview, "1").message.sv
    host.save()
    assert (books(store), remaining(store)) == ([(1, "1", "registered", 1000)], 0)
    store.load_invoices([invoice("9999")])
    plugin.source = {"1": payment(1, "9999")}
    assert outcomes(host.import_payments("Fortnox")) == {"1": "exact"}
    host.save()
    assert (remaining(store), remaining(store, "9999")) == (1000, 0)


def test_an_invoice_that_gets_its_amount_back_can_be_paid_in_the_same_save(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    store.load_invoices([invoice("1003")])
    preview = preview_of(host, plugin, payment(1, "1003"), payment(2, "1001"))
    assert outcomes(preview) == {"1": "changed-in-fortnox", "2": "replaced"}
    assert outcomes(host.decide("Fortnox", "1", "accept")) == {"1": "exact", "2": "exact"}
    host.save()
    assert (remaining(store), remaining(store, "1003")) == (0, 0)


def test_one_of_two_that_would_change_places_cannot_and_so_neither_can_the_other(
    host, store, plugin
):
    store.load_invoices([invoice("1003")])
    import_and_save(host, plugin, payment(1, "1001"), payment(2, "1003"))
    preview_of(host, plugin, payment(1, "1003"), payment(2, "9999"))
    host.decide("Fortnox", "1", "accept")
    preview = host.decide("Fortnox", "2", "accept")
    assert set(outcomes(preview).values()) == {"changed-in-fortnox"}
    assert "redan betald" in row_of(preview, "1").message.sv
    host.save()
    assert (remaining(store), remaining(store, "1003")) == (0, 0)


def test_keeping_says_so_and_is_offered_again_when_it_is_taken_back(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    preview = host.decide("Fortnox", "1", "keep", why="rabatt")
    assert outcomes(preview) == {"1": "already-imported"}
    assert "behålls som den är enligt kim 2026-11-22 12:00 (rabatt)" in (
        row_of(preview, "1").message.sv
    )
    host.save()
    assert outcomes(host.import_payments("Fortnox")) == {}
    host.take_back("Fortnox", ["1"])
    assert outcomes(host.import_payments("Fortnox")) == {"1": "changed-in-fortnox"}


def test_whoever_accepted_can_keep_instead(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    assert outcomes(host.decide("Fortnox", "1", "accept")) == {"1": "partial"}
    assert outcomes(host.decide("Fortnox", "1", "keep")) == {"1": "already-imported"}
    assert outcomes(host.decide("Fortnox", "1", "accept")) == {"1": "partial"}
    assert [one.in_force for one in host.decisions("Fortnox")] == [False, False, True]


def test_in_euro_the_invoice_gets_exactly_what_the_payment_took(host, store, plugin):
    import_and_save(host, plugin, euro(1, amount="33.33", rate="11.2345"))
    preview_of(host, plugin, euro(1, amount="40", rate="11.5"))
    host.decide("Fortnox", "1", "accept")
    host.save()
    assert remaining(store, "2001") == 60


def test_deleting_a_payment_ends_what_was_decided_about_it(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "keep")
    host.save()
    host.delete_payment(1, why="fel")
    assert outcomes(host.import_payments("Fortnox")) == {"1": "deleted-in-host"}
    assert [one.in_force for one in host.decisions("Fortnox")] == [False]


# --- How a decision is made --------------------------------------------------------


def test_deciding_needs_no_login_and_no_plug_in(store, host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    alone = host_of(store, user="bo")
    assert outcomes(alone.set_aside("Fortnox", ["1"])) == {"1": "set-aside"}
    assert [one.user for one in alone.decisions("Fortnox")] == ["bo"]


def test_only_what_is_shown_can_be_decided(host, plugin):
    import_and_save(host, plugin, payment(1, "9999"))
    act = lambda: host.decide("Fortnox", "1", "accept")  # noqa: E731
    assert refusal(act).code == "PAYMENT_NOT_SHOWN"
    host.import_payments("Fortnox")
    assert refusal(act).code == "DECISION_DOES_NOT_FIT"


def test_a_refusal_is_a_sentence_and_a_usage_error(host, plugin):
    preview_of(host, plugin, payment(1))
    refused = refusal(host.decide, "Fortnox", "1", "take-again")
    assert exit_status(refused) == 2
    assert "att ta in igen går inte för den, för den är nu: klar att sparas" in (refused.message.sv)


@pytest.mark.parametrize("what", [{"numbers": ["1"]}, {"ids": [7]}, {"series": [("1", "2")]}])
def test_nothing_can_be_taken_back_that_is_not_in_force(host, plugin, what):
    preview_of(host, plugin, payment(1))
    assert refusal(lambda: host.take_back("Fortnox", **what)).code == "DECISION_UNKNOWN"


def test_a_decision_is_taken_back_by_its_id(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    host.set_aside("Fortnox", ["1"])
    [one] = host.decisions("Fortnox")
    assert outcomes(host.take_back("Fortnox", ids=[one.id])) == {"1": "invoice-not-found"}


def test_an_unknown_decision_fits_nothing_and_setting_aside_is_a_decision(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    assert refusal(lambda: host.decide("Fortnox", "1", "forget")).code == "DECISION_DOES_NOT_FIT"
    assert outcomes(host.decide("Fortnox", "1", "set-aside")) == {"1": "set-aside"}


def test_a_decision_waits_for_a_running_import(host, store, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    codes = []
    plugin.during = lambda _run: codes.append(
        refusal(host_of(store).set_aside, "Fortnox", ["1"]).code
    )
    host.import_payments("Fortnox")
    assert codes == ["IMPORT_RUNNING"]


def test_a_process_that_ends_between_deciding_and_judging_leaves_a_preview_that_is_refused(
    host, store, plugin, monkeypatch
):
    host.add_payment("1001", Decimal(400), date=payment(1).date)
    preview_of(host, plugin, payment(1, amount="400"))
    with monkeypatch.context() as patch:
        patch.setattr(ImportRun, "judge_again", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            host.decide("Fortnox", "1", "confirm")
    with pytest.raises(PreviewChanged) as changed:
        host.save()
    assert outcomes(changed.value.preview) == {"1": "partial"}


def test_a_decision_of_one_definition_is_none_of_another(host, plugin):
    host.define("Andra", "Fake", "API", "", {})
    plugin.payments = [payment(1, "9999")]
    host.import_payments("Fortnox")
    host.import_payments("Andra")
    host.set_aside("Fortnox", ["1"])
    assert outcomes(host.open_preview("Andra")) == {"1": "invoice-not-found"}
    assert host.decisions("Andra") == []


def test_a_reason_is_one_line_of_at_most_500_characters(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    host.set_aside("Fortnox", ["1"], why="två\nrader " + "x" * 490)
    [one] = host.decisions("Fortnox")
    assert one.why == "två rader " + "x" * 490


def test_what_can_be_decided_is_reported_by_reason():
    assert reasons.possible_decisions("changed-in-fortnox") == ("accept", "keep", "set-aside")
    assert reasons.possible_decisions("invoice-not-found") == ("set-aside",)


def test_equal_amounts_make_equal_figures_however_they_are_written():
    one, other = payment(1, amount="1000"), payment(1, amount="1000.00")
    assert decision_rules.facts_of(one) == decision_rules.facts_of(other)


# --- In a comparison ------------------------------------------------------------------


def ways(host, plugin, *payments):
    plugin.payments = list(payments)
    with host.reconcile("Fortnox") as found:
        return {
            one.payment_number: one.reason
            for kind in ("only-in-fortnox", "only-in-host", "differs")
            for one in found.unequal(kind)
        }


def test_a_comparison_knows_what_was_deleted_here(host, plugin):
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    assert ways(host, plugin, payment(1)) == {"1": "deleted-in-host"}


def test_a_comparison_knows_what_is_set_aside(host, plugin):
    preview_of(host, plugin, payment(1, "9999"), payment(2, "8888"))
    host.set_aside("Fortnox", ["1"])
    host.set_aside_series("Fortnox", "8000", "8999")
    host.save()
    assert ways(host, plugin, payment(1, "9999"), payment(2, "8888")) == {
        "1": "set-aside",
        "2": "set-aside",
    }


def test_a_comparison_knows_which_difference_is_kept(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "keep")
    host.save()
    assert ways(host, plugin, payment(1, amount="900")) == {"1": "kept-difference"}
    assert ways(host, plugin, payment(1, amount="800")) == {"1": "changed-in-fortnox"}


def test_payments_by_hand_and_counters_are_on_neither_side_of_a_comparison(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    host.save()
    host.add_payment("1001", Decimal(50))
    assert ways(host, plugin, payment(1, amount="900")) == {}


def test_time_runs_from_decision_to_decision(store, plugin):
    """Each decision has its own time, with its zone."""
    times = iter(NOON + timedelta(hours=n) for n in range(10))
    host = importing_host(store, plugin, clock=lambda: next(times))
    preview_of(host, plugin, payment(1, "9998"), payment(2, "9999"))
    host.set_aside("Fortnox", ["1"])
    host.set_aside("Fortnox", ["2"])
    first, second = (one.at for one in host.decisions("Fortnox"))
    assert second - first == timedelta(hours=1)
