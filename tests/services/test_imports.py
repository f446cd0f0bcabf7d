"""An import from beginning to end, with a small plug-in in place of a real one.

What the suite for hosts proves of this one (tests/contract) is not said again here.
"""

import logging
import os
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from fake_plugin import (
    COMPANY,
    OTHER_COMPANY,
    FakePlugin,
    Refused,
    euro,
    excluded,
    hookimpl,
    invoice,
    payment,
    unreadable,
    write_off,
)
from host_and_plugin import (
    NOON,
    host_of,
    import_and_save,
    importing_host,
    outcomes,
    preview_of,
    refusal,
    remaining,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostsim.errors import HostError, SettingsRefused, exit_status, failure_of
from hostsim.services.browser import open_browser
from hostsim.storage import history
from hostsim.storage.lists import Selection, all_of
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import Progress, SettingsProblem, Text
from opter_fortnox_plugin.diagnostics.console import open_browser as open_of_the_probe


def runs_of(store):
    runs = history.runs(store, lambda _import_type, settings: settings)
    return list(all_of(store, runs, Selection()))


@pytest.fixture
def host(store, plugin):
    host = host_of(store, plugin)
    host.define("Fortnox", "Fake", "API", "", {"before": "2026-01-01"})
    return host


def registered(store):
    return [row.payment_number for row in store.payments()]


def pending(store):
    rows = store.db.execute("SELECT number FROM pending WHERE deleted_at IS NULL ORDER BY number")
    return [row["number"] for row in rows]


# --- Reading and judging ----------------------------------------------------


def test_every_payment_ends_in_exactly_one_list(host, plugin):
    plugin.payments = [payment(1), payment(2), payment(3, "9999", "12.34")]
    plugin.excluded = [
        excluded("before-date", payment(4, "1002", "1.11")),
        excluded("not-booked", payment(5, "1002", "2.22")),
        unreadable("6"),
        unreadable("", Decimal("3.33")),
    ]
    preview = host.import_payments("Fortnox")
    assert preview.counts == {"read": 7, "ready": 1, "left": 0, "rejected": 5, "ignored": 1}
    assert preview.totals == {
        "read": Decimal("2019.00"),
        "ready": Decimal(1000),
        "left": Decimal(0),
        "rejected": Decimal("1017.89"),
        "ignored": Decimal("1.11"),
    }
    assert outcomes(preview) == {
        "1": "exact",
        "2": "invoice-already-paid",
        "3": "invoice-not-found",
        "4": "before-date",
        "5": "not-booked",
        "6": "unreadable",
        "": "unreadable",
    }


def test_a_preview_says_whose_payments_were_read_and_how(host):
    preview = host.import_payments("Fortnox")
    assert (preview.company.name, preview.not_read, preview.requests) == ("Åkeriet AB", 3, 5)
    assert (preview.definition, preview.saved) == ("Fortnox", False)


def test_a_row_shows_all_that_a_person_needs(host, plugin):
    paid = euro(1, amount="98", write_offs=(write_off("22", "3960", "Kursdifferens"),))
    [row] = preview_of(host, plugin, paid).rows("ready")
    assert (row.payment_number, row.invoice_number, row.host_invoice_number) == (
        "1",
        "2001",
        "2001",
    )
    assert (row.amount, row.amount_currency, row.exchange_rate) == (1078, 98, 11)
    assert row.write_offs == paid.write_offs
    assert (row.currency, row.source, row.customer_name) == ("EUR", "manual", "Bageriet Bullen AB")


def test_an_amount_that_nobody_knows_counts_as_nothing(host, plugin):
    plugin.excluded = [unreadable("6")]
    [row] = host.import_payments("Fortnox").rows("rejected")
    assert (row.amount, row.payment_date, row.currency) == (0, None, None)


def test_rows_come_by_date_and_then_by_number(host, plugin):
    same_day = payment(1).date
    plugin.payments = [payment(n, "9999", date=same_day) for n in (10, 9, 100)] + [payment(8)]
    plugin.excluded = [unreadable("7")]
    rows = host.import_payments("Fortnox").rows("rejected")
    assert [row.payment_number for row in rows] == ["9", "10", "100", "7"]


def test_the_same_payment_again_replaces_the_earlier_one(host, plugin):
    plugin.payments = [payment(1, amount="1"), payment(1, amount="1000")]
    plugin.excluded = [excluded("not-booked", payment(1, amount="2"))]
    preview = host.import_payments("Fortnox")
    assert (preview.counts["read"], preview.totals["read"]) == (1, 2)


def test_a_payment_finds_its_invoice_by_ocr(host, store, plugin):
    store.load_invoices([invoice("A-7", "300", ocr="1234 5674")])
    [row] = preview_of(host, plugin, payment(1, "77", "300", ocr="12345674")).rows("ready")
    assert (row.invoice_number, row.host_invoice_number) == ("77", "A-7")


def test_the_number_goes_before_the_ocr(host, store, plugin):
    store.load_invoices([invoice("A-7", "1000", ocr="123")])
    [row] = preview_of(host, plugin, payment(1, "1001", ocr="123")).rows("ready")
    assert row.host_invoice_number == "1001"


@pytest.mark.parametrize("ocr", ["", None, "123", "0456"])
def test_an_ocr_that_is_empty_or_held_twice_or_differs_matches_nothing(host, store, plugin, ocr):
    store.load_invoices([
        invoice("A", ocr=""),
        invoice("B", ocr="123"),
        invoice("C", ocr="123"),
        invoice("D", ocr="456"),
    ])  # fmt: skip
    plugin.payments = [payment(1, "77", ocr=ocr)]
    assert outcomes(host.import_payments("Fortnox")) == {"1": "invoice-not-found"}


def test_an_ocr_that_two_invoices_over_there_hold_matches_nothing(host, store, plugin):
    store.load_invoices([invoice("A-7", "300", ocr="123")])
    plugin.payments = [payment(1, "77", "100", ocr="123"), payment(2, "78", "100", ocr="123")]
    assert set(outcomes(host.import_payments("Fortnox")).values()) == {"invoice-not-found"}


def test_an_ocr_that_a_registered_payment_of_another_invoice_held_matches_nothing(
    host, store, plugin
):
    store.load_invoices([invoice("A-7", "300", ocr="123")])
    import_and_save(host, plugin, payment(1, "77", "100", ocr="123"))
    plugin.payments = [payment(2, "78", "100", ocr="123"), payment(3, "77", "100", ocr="123")]
    assert set(outcomes(host.import_payments("Fortnox")).values()) == {"invoice-not-found"}


def test_a_payment_without_a_number_is_of_no_other_invoice_than_one_with_its_ocr(
    host, store, plugin
):
    store.load_invoices([invoice("A-7", "300", ocr="123")])
    plugin.payments = [payment(1, "77", "100", ocr="123"), payment(2, "", "100", ocr="123")]
    assert "invoice-not-found" not in outcomes(host.import_payments("Fortnox")).values()


def test_several_payments_of_one_invoice_over_there_all_find_it_by_ocr(host, store, plugin):
    store.load_invoices([invoice("A-7", "300", ocr="123")])
    plugin.payments = [payment(n, "77", "100", ocr="123") for n in (1, 2, 3)]
    statuses = outcomes(host.import_payments("Fortnox"))
    assert statuses == {"1": "partial", "2": "partial", "3": "exact"}


def test_a_currency_that_the_host_calls_otherwise_is_told_with_both_names(host, store, plugin):
    store.load_invoices([invoice("3001", "100", "Euro")])
    [row] = preview_of(host, plugin, euro(1, "3001")).rows("rejected")
    assert all(name in row.message.sv for name in ("EUR", "Euro"))


def test_only_invoices_of_the_own_region_are_looked_at(host, store, plugin):
    store.load_invoices([invoice("3001", region="Syd", ocr="9"), invoice("1001", region="Syd")])
    host.define("Söder", "Fake", "API", "Syd", {})
    plugin.payments = [payment(1, "3001", ocr="9"), payment(2, "1001")]
    assert outcomes(host.import_payments("Fortnox")) == {"1": "invoice-not-found", "2": "exact"}
    assert outcomes(host.import_payments("Söder")) == {"1": "exact", "2": "exact"}


def test_memory_holds_one_batch_at_a_time(host, plugin):
    """More payments than a batch arrive batch by batch."""

    def read(run):
        for first in range(1, 2 * BATCH, BATCH):
            batch = [payment(n, "9999", date=payment(1).date) for n in range(first, first + BATCH)]
            assert run.hook.opter_take_payments(run=run, payments=batch) == [BATCH]

    plugin.during = read
    assert host.import_payments("Fortnox").counts["read"] == 2 * BATCH


# --- Saving -----------------------------------------------------------------


def test_a_registered_payment_is_the_one_that_was_read_and_says_where_from(host, store, plugin):
    plugin.payments = [euro(1, rate="11.25", source="file")]
    run_id = host.import_payments("Fortnox").run_id
    host.save()
    [one] = store.registered()
    assert (one.payment, one.host_invoice_number) == (plugin.payments[0], "2001")
    [entry] = store.payments()
    assert (entry.run_id, entry.user, entry.at, entry.status) == (run_id, "kim", NOON, "exact")


def test_what_was_written_off_is_kept_with_the_payment(host, store, plugin):
    store.set_setting("accepted_deviation", "5")
    import_and_save(host, plugin, payment(1, amount="997"))
    [one] = store.payments()
    assert (one.status, one.written_off, remaining(store)) == ("written-off", 3, 0)


def test_a_change_after_registration_is_offered_until_it_is_changed_back(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    import_and_save(host, plugin, payment(1, amount="900"))
    assert outcomes(host.import_payments("Fortnox")) == {"1": "changed-in-fortnox"}
    assert outcomes(preview_of(host, plugin, payment(1))) == {"1": "already-imported"}
    host.save()
    assert (pending(store), remaining(store)) == ([], 0)


def test_saving_when_nothing_is_open_does_nothing(host):
    assert host.save() is None
    assert host.save("Fortnox") is None


def test_a_preview_is_saved_once(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    assert host.save() is None
    assert remaining(store) == 600


def test_a_saved_preview_can_still_be_shown(host, plugin):
    assert outcomes(import_and_save(host, plugin, payment(1))) == {"1": "exact"}


def test_one_of_several_previews_must_be_named(host):
    host.define("Andra", "Fake", "API", "", {})
    host.import_payments("Fortnox")
    host.import_payments("Andra")
    refused = refusal(host.save)
    assert (refused.code, refused.kind) == ("DEFINITION_NEEDED", "usage")
    assert "Andra, Fortnox" in refused.message.sv
    assert host.save("Andra").saved


def test_a_new_import_replaces_the_open_preview(host, store, plugin):
    preview_of(host, plugin, payment(1))
    import_and_save(host, plugin, payment(2))
    assert registered(store) == ["2"]


def test_saving_needs_no_plug_in(host, store, plugin):
    preview_of(host, plugin, payment(1))
    host_of(store).save()
    assert registered(store) == ["1"]


# --- When the host's data changed in between --------------------------------


def test_a_changed_result_is_shown_and_not_saved(host, store, plugin):
    preview_of(host, plugin, payment(1), payment(2, "1002", "500"))
    store.load_invoices([invoice("1001", "1200")])
    with pytest.raises(PreviewChanged) as refused:
        host.save()
    assert outcomes(refused.value.preview) == {"1": "partial", "2": "exact"}
    assert (refused.value.code, exit_status(refused.value)) == ("PREVIEW_CHANGED", 6)
    assert (registered(store), remaining(store), remaining(store, "1002")) == ([], 1200, 500)


def test_the_new_preview_can_be_saved(host, store, plugin):
    preview_of(host, plugin, payment(1))
    store.load_invoices([invoice("1001", "1200")])
    with pytest.raises(PreviewChanged):
        host.save()
    assert host.save().saved
    assert remaining(store) == 200


def test_a_changed_deviation_changes_the_preview(host, store, plugin):
    preview_of(host, plugin, payment(1, amount="997"))
    store.set_setting("accepted_deviation", "5")
    with pytest.raises(PreviewChanged) as refused:
        host.save()
    assert outcomes(refused.value.preview) == {"1": "written-off"}


def invoice_file(*invoices):
    heading = "invoice_number,total,ocr,customer_code,customer_name,currency,invoice_date,due_date"
    rest = ",,K1,Kund,SEK,2026-01-01,2026-01-31"
    path = Path("loaded.csv")
    path.write_text("\n".join([heading, *(f"{line}{rest}" for line in invoices)]))
    return path


def test_an_open_list_is_judged_again_when_an_invoice_is_loaded(host, store, plugin, run_command):
    plugin.payments = [payment(1), payment(2, "4711", "500")]
    assert outcomes(host.import_payments("Fortnox")) == {"1": "exact", "2": "invoice-not-found"}
    file = invoice_file("1001,1200", "4711,500")
    assert run_command("invoices", "load", file, "--db", store.path).status == 0
    assert outcomes(host.open_preview("Fortnox")) == {"1": "partial", "2": "exact"}
    assert host.save().saved


def test_who_saw_an_open_list_before_an_invoice_was_loaded_cannot_save_it(
    host, store, plugin, run_command
):
    seen = preview_of(host, plugin, payment(1)).revision
    file = invoice_file("1001,1200")
    assert run_command("invoices", "load", file, "--db", store.path).status == 0
    with pytest.raises(PreviewChanged):
        host.save("Fortnox", seen)
    assert registered(store) == []


def test_an_open_list_is_judged_again_with_another_deviation(host, store, plugin, run_command):
    assert outcomes(preview_of(host, plugin, payment(1, amount="997"))) == {"1": "partial"}
    assert run_command("settings", "accepted_deviation=5", "--db", store.path).status == 0
    assert outcomes(host.open_preview("Fortnox")) == {"1": "written-off"}


def test_a_change_that_decides_nothing_is_no_change(host, store, plugin):
    preview_of(host, plugin, payment(1))
    store.load_invoices([invoice("1001", customer_name="Nytt namn"), invoice("4711")])
    assert host.save().saved


# --- What is remembered -----------------------------------------------------


def test_the_company_of_the_first_save_is_remembered(host, store, plugin):
    plugin.company = OTHER_COMPANY
    host.import_payments("Fortnox")
    plugin.company = COMPANY
    host.import_payments("Fortnox")
    assert store.definition("Fortnox").company is None
    host.save()
    assert store.definition("Fortnox").company == COMPANY


def test_another_company_is_refused_naming_both(host, store, plugin):
    host.import_payments("Fortnox")
    host.save()
    plugin.company = OTHER_COMPANY
    refused = refusal(host.import_payments, "Fortnox")
    assert (refused.code, exit_status(refused)) == ("WRONG_COMPANY", 3)
    assert "Åkeriet AB (77)" in refused.message.sv
    assert "Grannens Åkeri AB (88)" in refused.message.sv


def test_payments_of_another_company_are_refused(host, store, plugin):
    host.import_payments("Fortnox")
    host.save()
    plugin.payments = [payment(1, company=OTHER_COMPANY)]
    assert refusal(host.import_payments, "Fortnox").code == "WRONG_COMPANY"


def test_a_company_that_was_remembered_meanwhile_stops_the_save(host, store, plugin):
    host.import_payments("Fortnox")
    store.db.execute("UPDATE definitions SET company = '88', company_name = 'Grannen'")
    assert refusal(host.save).code == "WRONG_COMPANY"
    assert store.definition("Fortnox").cursor is None


# --- Rejected payments are offered again ------------------------------------


@pytest.fixture
def kept(host, store, plugin):
    """A host that keeps payment 1, for an invoice that was unknown when it was saved."""
    import_and_save(host, plugin, payment(1, "3001"))
    return host


def test_what_was_rejected_is_offered_again_and_counts_as_read(kept):
    preview = kept.import_payments("Fortnox")
    assert outcomes(preview) == {"1": "invoice-not-found"}
    assert preview.counts["read"] == 1


def test_what_was_rejected_is_kept_only_when_saved(host, store, plugin):
    preview_of(host, plugin, payment(1, "3001"))
    assert pending(store) == []


def test_what_was_rejected_is_judged_with_what_it_is_at_the_source_now(kept, plugin):
    plugin.source = {"1": payment(1, "1001")}
    assert outcomes(kept.import_payments("Fortnox")) == {"1": "exact"}


def test_what_was_rejected_and_set_aside_is_not_asked_for(kept, plugin):
    kept.import_payments("Fortnox")
    kept.set_aside("Fortnox", ["1"])
    plugin.asked.clear()
    kept.import_payments("Fortnox")
    assert plugin.asked == []


def test_of_many_that_were_rejected_each_run_asks_for_others(host, plugin):
    import_and_save(host, plugin, *[payment(number, "3001") for number in range(1, 201)])
    host.import_payments("Fortnox")
    first, plugin.asked = set(plugin.asked), []
    host.import_payments("Fortnox")
    assert len(first) == len(plugin.asked) == 25
    assert first != set(plugin.asked)


def test_of_many_that_were_rejected_those_of_paid_invoices_are_asked_for_first(host, plugin):
    paid = payment(1)
    plugin.payments = [paid, *(payment(number, "3001") for number in range(2, 40))]
    plugin.payments += [payment(number) for number in range(40, 43)]
    host.import_payments("Fortnox")
    host.save()
    preview_of(host, plugin)
    assert set(plugin.asked) > {"40", "41", "42"}


def test_it_is_fetched_again_before_it_becomes_ready(kept, store, plugin):
    store.load_invoices([invoice("3001")])
    plugin.source = {"1": payment(1, "3001", "400")}
    preview = kept.import_payments("Fortnox")
    assert (plugin.asked, outcomes(preview)) == (["1"], {"1": "partial"})
    kept.save()
    assert (registered(store), pending(store), remaining(store, "3001")) == (["1"], [], 600)


@pytest.mark.parametrize("loaded", [[], [invoice("3001")]], ids=["unknown", "it would be ready"])
def test_what_is_gone_is_said_and_not_offered_again(kept, store, plugin, loaded):
    plugin.deleted = {"1"}
    store.load_invoices(loaded)
    preview = kept.import_payments("Fortnox")
    assert (preview.deleted, preview.counts["read"]) == (("1",), 0)
    kept.save()
    assert pending(store) == []
    assert kept.import_payments("Fortnox").deleted == ()


def test_what_is_gone_is_offered_again_until_that_is_saved(kept, store, plugin):
    store.load_invoices([invoice("3001")])
    kept.import_payments("Fortnox")
    kept.import_payments("Fortnox")
    assert plugin.asked == ["1", "1"]


def test_it_keeps_its_reason_when_nobody_confirms_it(kept, store, plugin):
    store.load_invoices([invoice("3001")])
    plugin.confirms = False
    preview = kept.import_payments("Fortnox")
    assert outcomes(preview) == {"1": "invoice-not-found"}
    kept.save()
    assert (registered(store), pending(store)) == ([], ["1"])


def test_it_never_becomes_ready_at_save(kept, store, plugin):
    kept.import_payments("Fortnox")
    store.load_invoices([invoice("3001")])
    assert kept.save().saved
    assert registered(store) == []


def test_what_was_read_anew_replaces_what_was_kept(kept, store, plugin):
    plugin.payments = [payment(1, "1001")]
    assert outcomes(kept.import_payments("Fortnox")) == {"1": "exact"}
    assert plugin.asked == []


def test_the_next_of_two_is_asked_for_when_the_first_is_gone(host, store, plugin):
    import_and_save(host, plugin, payment(1, "3001"), payment(2, "3001"))
    store.load_invoices([invoice("3001")])
    plugin.source = {"2": payment(2, "3001")}
    preview = host.import_payments("Fortnox")
    assert (plugin.asked, outcomes(preview), preview.deleted) == (
        ["1", "2"],
        {"2": "exact"},
        ("1",),
    )


def test_the_second_of_two_that_pay_one_invoice_is_asked_for_last(host, store, plugin):
    import_and_save(host, plugin, payment(1, "3001"), payment(2, "3001"))
    store.load_invoices([invoice("3001")])
    plugin.source = {"1": payment(1, "3001"), "2": payment(2, "3001")}
    preview = host.import_payments("Fortnox")
    assert plugin.asked == ["1", "2"]
    assert outcomes(preview) == {"1": "exact", "2": "invoice-already-paid"}


def test_it_can_be_rejected_again_when_it_is_fetched(kept, store, plugin):
    store.load_invoices([invoice("3001")])
    plugin.source = {"1": excluded("not-booked", payment(1, "3001", booked=False))}
    assert outcomes(kept.import_payments("Fortnox")) == {"1": "not-booked"}


def test_todays_settings_screen_what_was_kept(kept, store, plugin):
    """A stricter date ignores what was rejected before, and it is not kept any longer."""
    store.load_invoices([invoice("3001")])
    plugin.screening = lambda one: excluded("before-date", one)
    assert outcomes(kept.import_payments("Fortnox")) == {"1": "before-date"}
    assert plugin.asked == []
    kept.save()
    assert pending(store) == []


def test_an_unbooked_payment_is_kept_and_screened_anew(host, store, plugin):
    plugin.excluded = [excluded("not-booked", payment(1, booked=False))]
    host.import_payments("Fortnox")
    host.save()
    plugin.excluded = []
    plugin.screening = lambda one: None if one.booked else excluded("not-booked", one)
    assert outcomes(host.import_payments("Fortnox")) == {"1": "not-booked"}
    plugin.screening = lambda _one: None
    plugin.source = {"1": payment(1, booked=False)}
    assert outcomes(host.import_payments("Fortnox")) == {"1": "exact"}


def test_an_unreadable_row_is_kept_with_what_is_known(host, store, plugin):
    plugin.excluded = [unreadable("6", Decimal(12), "1001"), unreadable("", Decimal(1))]
    host.import_payments("Fortnox")
    host.save()
    plugin.excluded = []
    [row] = host.import_payments("Fortnox").rows("rejected")
    assert (row.payment_number, row.reason, row.amount) == ("6", "unreadable", 12)
    assert (row.invoice_number, row.message) == ("1001", Text("oläslig", "unreadable"))


def test_what_was_imported_already_is_not_kept(host, store, plugin):
    plugin.payments = [payment(1)]
    for _ in range(2):
        host.import_payments("Fortnox")
        host.save()
    assert pending(store) == []


def test_what_is_kept_belongs_to_a_definition_and_a_company(kept, store, plugin):
    kept.define("Andra", "Fake", "API", "", {})
    assert kept.import_payments("Andra").counts["read"] == 0


def test_more_than_a_batch_is_asked_for_in_batches(host, store, plugin):
    numbers = [str(number) for number in range(1, BATCH + 2)]
    day = payment(1).date
    batch = [payment(number, f"X{number}", date=day) for number in numbers]
    plugin.payments = batch[:BATCH]
    plugin.excluded = [excluded("not-booked", batch[BATCH])]
    host.import_payments("Fortnox")
    host.save()
    plugin.payments, plugin.excluded = [], []
    store.load_invoices([invoice(f"X{number}") for number in numbers])
    plugin.source = {one.key.number: one for one in batch}
    preview = host.import_payments("Fortnox")
    assert preview.counts["ready"] == BATCH + 1
    assert sorted(plugin.asked) == sorted(numbers)


# --- What goes wrong --------------------------------------------------------


def test_an_error_ends_the_run_as_it_was_raised(host, store, plugin):
    def fail(run):
        run.hook.opter_take_payments(run=run, payments=[payment(1)])
        raise Refused

    plugin.during = fail
    with pytest.raises(Refused):
        host.import_payments("Fortnox")
    [run] = runs_of(store)
    assert (run.state, run.saved) == ("failed", None)
    assert (run.error_code, run.error) == ("NO_LICENCE", Refused.message)
    assert store.db.execute("SELECT count(*) FROM run_rows").fetchone()[0] == 0


def test_a_failed_run_leaves_the_earlier_preview(host, store, plugin):
    plugin.payments = [payment(1)]
    earlier = host.import_payments("Fortnox")

    def fail(run):
        raise Refused

    plugin.during = fail
    with pytest.raises(Refused):
        host.import_payments("Fortnox")
    assert host.open_preview("Fortnox") == earlier
    assert host.save().saved


def test_a_run_that_died_is_cleared_away_by_the_next(host, store, plugin):
    """The process is killed in the middle: its run is still marked as running."""
    plugin.payments = [payment(1)]
    host.import_payments("Fortnox")
    store.db.execute("UPDATE runs SET state = 'running'")
    host.import_payments("Fortnox")
    began, died = runs_of(store)
    assert (began.state, died.state, died.error_code) == ("open", "failed", "INTERRUPTED")
    assert "Läs in igen" in died.error.sv
    assert store.db.execute("SELECT count(*) FROM run_rows").fetchone()[0] == 1


def test_a_save_that_fails_half_way_saves_nothing(host, store, plugin):
    preview_of(host, plugin, payment(1), payment(2, "9999"))
    store.db.execute(
        "CREATE TRIGGER fail BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(Exception, match="no"):
        host.save()
    assert (registered(store), remaining(store)) == ([], 1000)
    assert store.definition("Fortnox").company is None
    store.db.execute("DROP TRIGGER fail")
    assert host.save().saved


def test_a_plug_in_that_swallows_a_refusal_does_not_get_away_with_it(host, plugin):
    def swallow(run):
        with pytest.raises(HostError):
            run.hook.opter_take_payments(run=run, payments=[payment("")])

    plugin.during = swallow
    assert refusal(host.import_payments, "Fortnox").code == "CONTRACT_BROKEN"


def test_a_hook_for_a_run_that_is_over_is_refused(host, plugin):
    host.import_payments("Fortnox")
    [run] = plugin.runs
    late = refusal(run.hook.opter_take_payments, run=run, payments=[payment(1)])
    assert late.code == "CONTRACT_BROKEN"


def test_another_default_currency_refuses_the_import_naming_the_setting(host, store, plugin):
    store.set_setting("default_currency", "EUR")
    refused = refusal(host.import_payments, "Fortnox")
    assert (refused.code, exit_status(refused)) == ("DEFAULT_CURRENCY", 2)
    assert "default_currency" in refused.command.sv
    assert plugin.runs == []


def test_an_unknown_name_is_refused_naming_the_known_ones(host):
    for command in (host.import_payments, host.save, lambda name: host.change(name, {})):
        refused = refusal(command, "Fortnix")
        assert refused.code == "DEFINITION_UNKNOWN"
        assert "Fortnox" in refused.message.sv


def test_text_that_no_database_can_keep_is_mended(host, store, plugin):
    import_and_save(host, plugin, payment(1, source="fil\ud800"))
    assert [row.source for row in store.payments()] == ["fil?"]


# --- Definitions ------------------------------------------------------------


def test_only_what_the_plug_in_returns_is_stored(host, store):
    host.define("Andra", "Fake", "API", "Syd", {"before": "2026-02-02", "secret": "s3cret"})
    stored = store.definition("Andra")
    assert (stored.settings, stored.region) == ({"before": "2026-02-02"}, "Syd")


def problem(severity):
    message = Text("Skriv ett datum.", "Write a date.")
    return SettingsProblem("before", severity, message)


def test_wrong_values_are_refused_field_by_field(host, store, plugin):
    plugin.problems = [problem("error")]
    with pytest.raises(SettingsRefused) as refused:
        host.define("Andra", "Fake", "API", "", {})
    assert refused.value.problems == (plugin.problems[0],)
    assert "before: Skriv ett datum." in refused.value.message.sv
    assert [one.name for one in store.definitions()] == ["Fortnox"]


def test_a_warning_is_reported_and_refuses_nothing(host, store, plugin):
    plugin.problems = [problem("warning")]
    assert host.define("Andra", "Fake", "API", "", {}) == plugin.problems
    assert store.definition("Andra").name == "Andra"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("", "Fake", "API"), "DEFINITION_NAME"),
        (("två\nrader", "Fake", "API"), "DEFINITION_NAME"),
        (("Andra", "Okänd", "API"), "IMPORT_TYPE_UNKNOWN"),
        (("Andra", "Fake", "XML"), "IMPORT_FORMAT_UNKNOWN"),
        (("Fortnox", "Fake", "API"), "DEFINITION_EXISTS"),
    ],
)
def test_a_definition_needs_a_name_of_its_own_and_a_known_type(host, arguments, code):
    refused = refusal(host.define, *arguments, "", {})
    assert (refused.code, exit_status(refused)) == (code, 2)


def test_a_change_keeps_what_is_not_given(host, store):
    host.change("Fortnox", {"number": "7"})
    assert store.definition("Fortnox").settings == {"before": "2026-01-01", "number": "7"}


def test_a_change_discards_the_open_preview(host, store, plugin):
    preview_of(host, plugin, payment(1))
    host.change("Fortnox", {"number": "7"})
    assert host.save() is None
    assert [run.state for run in runs_of(store)] == ["discarded"]


def test_the_fields_of_a_type_come_from_its_plug_in(host):
    assert [field.key for field in host.settings_fields("Fake")] == ["before"]


# --- What a plug-in is offered ----------------------------------------------


def during(host, plugin, action):
    """Do something with the run while the plug-in reads; give the result."""
    results = []
    plugin.during = lambda run: results.append(action(run))
    host.import_payments("Fortnox")
    return results[0]


def test_the_run_says_what_the_plug_in_needs(store, plugin):
    host = host_of(store, plugin, configuration={"CLIENT": "x"}, login_timeout=5.0)
    host.define("Fortnox", "Fake", "API", "", {"before": "2026-01-01"})
    host.import_payments("Fortnox")
    [run] = plugin.runs
    assert (run.definition, run.type_code, run.format) == ("Fortnox", "Fake", "API")
    assert (run.settings["before"], run.configuration["CLIENT"]) == ("2026-01-01", "x")
    assert (run.login_timeout, run.default_currency, run.company) == (5.0, "SEK", None)


def test_a_run_shows_no_configuration_in_its_repr(store, plugin):
    host = importing_host(store, plugin, configuration={"SECRET": "s3cret"})
    host.import_payments("Fortnox")
    assert "s3cret" not in repr(plugin.runs[0])


def test_progress_reaches_the_person_who_can_cancel(store, plugin):
    seen = []

    def watch(progress):
        seen.append(progress)
        return True

    host = importing_host(store, plugin, on_progress=watch)
    progress = Progress("reading", 1, None, Text("a", "b"))
    answers = []
    with pytest.raises(HostError) as ended:
        during(
            host,
            plugin,
            lambda run: answers.append(run.hook.opter_progress(run=run, progress=progress)),
        )
    assert ended.value.code == "CANCELLED", "also where the plug-in goes on"
    assert (answers, seen[0]) == ([[True]], progress)
    stages = list(dict.fromkeys(one.stage for one in seen))
    assert stages == ["reading", "comparing", "matching"], "what follows the last page"


def test_what_is_judged_is_counted_for_the_person_who_waits(store, plugin):
    seen = []
    host = importing_host(store, plugin, on_progress=seen.append)
    several = [payment(number) for number in range(1, 2 * BATCH + 2)]
    plugin.payments = several[:BATCH]
    plugin.during = lambda run: [
        run.hook.opter_take_payments(run=run, payments=batch)
        for batch in (several[BATCH : 2 * BATCH], several[2 * BATCH :])
    ]
    host.import_payments("Fortnox")
    judged = [(one.done, one.total) for one in seen if one.stage == "matching"]
    assert judged == [(0, None), (BATCH, 2 * BATCH + 1), (2 * BATCH, 2 * BATCH + 1)]


@pytest.mark.parametrize(("key", "value"), [("k" * 201, "v"), ("k", "v" * 100_001)])
def test_state_is_small(host, plugin, key, value):
    act = lambda run: run.hook.opter_set_state(run=run, key=key, value=value)  # noqa: E731
    assert refusal(during, host, plugin, act).code == "CONTRACT_BROKEN"


@pytest.mark.skipif(os.name == "nt", reason="BROWSER takes no interpreter with a script there")
def test_the_default_window_is_the_browser_of_the_system(tmp_path, monkeypatch, capfd):
    """The browser has none of our streams, and it stays no zombie."""
    script, opened = tmp_path / "browser.py", tmp_path / "opened"
    script.write_text(
        "import pathlib, sys; print('a browser at', sys.argv[1]); print('!', file=sys.stderr);"
        f"pathlib.Path({str(opened)!r}).write_text(sys.argv[1])"
    )
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    assert open_browser("http://127.0.0.1:9/login", lambda _address: None)
    for thread in threading.enumerate():
        if thread.name == "browser":
            thread.join()
    assert opened.read_text().startswith("file:///")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="there are no browsers in terminals there")
@pytest.mark.parametrize("opener", [open_browser, open_of_the_probe])
@pytest.mark.parametrize("named", [None, "w3m", "lynx %s", "www-browser", "links:elinks", "/w3m"])
def test_no_browser_in_the_terminal_is_started(opener, named, tmp_path, monkeypatch):
    started = tmp_path / "started"
    for name in ("www-browser", "links", "elinks", "lynx", "w3m"):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\ntouch {started}\n")
        script.chmod(0o700)
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("TERM", "xterm")
    if named is not None:
        monkeypatch.setenv("BROWSER", named.replace("/", f"{tmp_path}/"))
    there = set(threading.enumerate())
    opener("http://127.0.0.1:9/login", *[str] * (opener is open_browser))
    for thread in set(threading.enumerate()) - there:
        thread.join()
    assert not started.exists()


# --- Two at once ------------------------------------------------------------


def test_a_second_import_of_a_definition_says_that_one_is_running(host, store, plugin):
    other = host_of(store, FakePlugin())

    def meanwhile(_run):
        return refusal(other.import_payments, "Fortnox")

    refused = during(host, plugin, meanwhile)
    assert (refused.code, exit_status(refused)) == ("IMPORT_RUNNING", 6)


def test_saving_and_changing_wait_for_a_running_import(host, store, plugin):
    host.import_payments("Fortnox")
    other = host_of(store, FakePlugin())

    def meanwhile(_run):
        for command in (other.save, lambda: other.change("Fortnox", {})):
            assert refusal(command).code == "IMPORT_RUNNING"
        return True

    assert during(host, plugin, meanwhile)


# --- Listeners --------------------------------------------------------------


def test_listeners_hear_what_was_registered_after_the_commit(host, store, plugin):
    preview = preview_of(host, plugin, payment(1), payment(2, "9999"))
    assert plugin.saved == []
    host.save()
    [(run, [one]), end] = plugin.saved
    assert run == end
    assert (run.id, run.company, run.payment_count, run.definition) == (
        preview.run_id,
        COMPANY,
        1,
        "Fortnox",
    )
    assert (one.payment, one.host_invoice_number, one.status) == (payment(1), "1001", "exact")


class FailingListener:
    @hookimpl
    def opter_payments_saved(self, run, payments):
        raise RuntimeError("Bageriet Bullen AB owes money")

    @hookimpl
    def opter_run_saved(self, run):
        raise Refused


def test_a_listener_that_fails_is_logged_and_harms_nobody(store, plugin, caplog):
    caplog.set_level(logging.DEBUG)
    host = importing_host(store, FailingListener(), plugin, FailingListener())
    import_and_save(host, plugin, payment(1))
    assert len(plugin.saved) == 2
    assert "plugin0 failed in opter_payments_saved: RuntimeError" in caplog.text
    assert "plugin2 failed in opter_run_saved: NO_LICENCE" in caplog.text
    assert "Bullen" not in caplog.text


# --- Errors -----------------------------------------------------------------


def test_a_failure_of_a_plug_in_is_reported_from_a_bug():
    assert failure_of(Refused()).code == "NO_LICENCE"
    assert failure_of(RuntimeError("bug")) is None
    assert failure_of(SystemExit(3)) is None
    assert (exit_status(failure_of(KeyboardInterrupt())), exit_status(None)) == (130, 1)


# --- For all that can be read -----------------------------------------------

amounts = st.decimals(-5_000, 5_000, places=2)
readings = st.lists(
    st.tuples(
        st.sampled_from(["1001", "1002", "9999"]),
        amounts,
        st.sampled_from([None, None, "before-date", "not-booked", "unreadable"]),
    ),
    max_size=8,
)


@given(readings=readings)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_read_is_always_ready_and_rejected_and_ignored(tmp_path_factory, readings):
    """In number and in money; and what was saved is imported already the next time."""
    plugin = FakePlugin()
    for number, (beside, amount, reason) in enumerate(readings, start=1):
        one = payment(number, beside, amount)
        if reason is None:
            plugin.payments.append(one)
        else:
            plugin.excluded.append(excluded(reason, one))
    with Store.create(tmp_path_factory.mktemp("db") / "host.db") as store:
        store.load_invoices([invoice("1001"), invoice("1002", "-500")])
        host = host_of(store, plugin)
        host.define("Fortnox", "Fake", "API", "", {})
        first = host.import_payments("Fortnox")
        host.save()
        saved = registered(store)
        second = host.import_payments("Fortnox")
        by_number = outcomes(second)
    assert first.counts["read"] == len(readings)
    assert first.totals["read"] == sum((amount for _, amount, _ in readings), Decimal(0))
    for figures in (first.counts, first.totals, second.counts, second.totals):
        assert figures["read"] == figures["ready"] + figures["rejected"] + figures["ignored"]
    assert {by_number[number] for number in saved} <= {"already-imported"}
