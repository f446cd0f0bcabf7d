"""An export sends what a person saw, each invoice once, and knows what became of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from fake_export import (
    COMPANY,
    LASSE,
    MISSING,
    SETTINGS,
    SUBJECTS,
    FakeExport,
    bill,
    exported_invoice,
    load,
    send_all,
)
from fake_plugin import OTHER_COMPANY, FakePlugin, invoice, payment
from host_and_plugin import NOON, host_of
from host_and_plugin import refusal as error_of

from hostsim.errors import HostError, SettingsRefused
from hostsim.storage.export_previews import LISTS, ExportChanged
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.export_values import BankChange, Customer, Gap, ItemResult, Supplier
from opter_contract.values import Text

#: A claim that holds of both; their items even have the same numbers here.
of_both = pytest.mark.parametrize("subject", SUBJECTS)


@pytest.fixture
def subject():
    return "invoices"


@pytest.fixture
def store(tmp_path):
    numbers = ("10301", "10302", "10303")
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices(map(exported_invoice, numbers))
        store.load_bills(map(bill, numbers))
        yield store


@pytest.fixture
def plugin():
    return FakeExport()


@pytest.fixture
def make_host(store, plugin):
    return partial(host_of, store, plugin)


@pytest.fixture
def host(make_host, subject):
    host = make_host()
    host.define_export("ut", "Fake", subject, "", SETTINGS)
    return host


def listed(preview):
    """Return the numbers in each list that is not empty."""
    lists = {name: [one.item_number for one in preview.items(name)] for name in LISTS}
    return {name: numbers for name, numbers in lists.items() if numbers}


def states(host, name="ut"):
    return {one.item_number: one.state for one in host.exportable(name)}


def refusal(act, *arguments, **more):
    return error_of(act, *arguments, **more).code


def refusal_beside(act, *arguments):
    """Return the code by which a call is refused on another thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(refusal, act, *arguments).result()


# --- Definitions -----------------------------------------------------------------------------


def test_names_of_imports_and_exports_are_one_space(make_host):
    host = make_host(FakePlugin(code="Bank"))
    host.define("in", "Bank", "API", "", {})
    host.define_export("ut", "Fake", "invoices", "", SETTINGS)
    taken = error_of(host.define_export, "in", "Fake", "invoices", "", SETTINGS)
    assert (taken.code, taken.message.en[:15]) == ("DEFINITION_EXISTS", "The file format")
    taken = error_of(host.define, "ut", "Bank", "API", "", {})
    assert (taken.code, taken.message.en[:10]) == ("DEFINITION_EXISTS", "The export")
    assert [one.name for one in host.store.definitions()] == ["in"]
    assert [one.name for one in host.store.definitions(exports=True)] == ["ut"]


def test_an_import_is_no_export_and_the_other_way_round(make_host):
    host = make_host(FakePlugin(code="Bank"))
    host.define("in", "Bank", "API", "", {})
    assert refusal(host.export, "in") == "NO_EXPORTS"
    host.define_export("ut", "Fake", "invoices", "", SETTINGS)
    assert refusal(host.export, "in") == "EXPORT_UNKNOWN"
    assert refusal(host.import_payments, "ut") == "DEFINITION_UNKNOWN"


def test_the_plug_in_checks_the_settings_of_an_export(host):
    with pytest.raises(SettingsRefused):
        host.define_export("ny", "Fake", "invoices", "", {})
    host.change("ut", {"from": "2026-02-01"})
    assert host.store.definitions(exports=True)[0].settings == {"from": "2026-02-01"}


def test_a_secret_setting_of_an_export_is_not_shown(host):
    assert host.shown_settings("Fake", {"key": "abc", "from": "2026-01-01"}, "invoices") == {
        "key": "•••",
        "from": "2026-01-01",
    }


def test_an_unknown_type_of_export_is_refused(host):
    assert refusal(host.define_export, "x", "Nothing", "invoices", "", {}) == "EXPORT_TYPE_UNKNOWN"


# --- What is given ---------------------------------------------------------------------------


def test_new_invoices_of_closed_periods_are_given_with_their_rows(host, store, plugin):
    store.load_invoices([exported_invoice("10304", period_closed=False), invoice("999")])
    host.export("ut")
    assert [one.content.invoice_number for one in plugin.given] == ["10301", "10302", "10303"]
    first = plugin.given[0]
    assert (first.id, first.exported, first.intended) == ("/10301", False, False)
    assert first.content.rows[0].net == Decimal("1000.00")
    assert first.content.customer.ledger_number == "1042"


def test_a_correction_comes_after_what_it_corrects(host, store, plugin):
    store.load_invoices(
        [
            exported_invoice(
                "9001", rows=(("3001", "-10.00", "-2.50"),), type="correction", credits="10301"
            )
        ]
    )
    host.export("ut")
    assert plugin.given[-1].content.credits == "10301"


def test_a_correction_has_date_and_total_of_what_it_corrects_if_that_is_here(host, store, plugin):
    correct = partial(exported_invoice, rows=(("3001", "-1.00", "0.00"),), type="correction")
    foreign = {"credits": "10301", "currency": "EUR", "exchange_rate": Decimal(11)}
    store.load_invoices(
        [correct("1", credits="10301"), correct("2", credits="17"), correct("3", **foreign)]
    )
    host.export("ut", items=["1", "2", "3", "10302"])
    given = {
        one.content.invoice_number: (one.content.credits_date, one.content.credits_total)
        for one in plugin.given
    }
    unknown = (None, None)
    assert given.pop("1") == (date(2026, 11, 2), Decimal("1250.00"))
    assert given.pop("3") == (date(2026, 11, 2), None)
    assert given == {"2": unknown, "10302": unknown}


def test_a_thousand_invoices_come_in_batches_in_one_order(host, store, plugin):
    numbers = [str(20000 + number) for number in range(1100)]
    store.load_invoices([exported_invoice(number) for number in numbers])
    host.export("ut")
    assert [one.content.invoice_number for one in plugin.given[3:]] == numbers


def test_a_region_with_a_slash_in_it_makes_no_id_ambiguous(store, make_host, plugin):
    store.load_invoices([exported_invoice("1", region="A/B"), exported_invoice("B/1", region="A")])
    host = make_host()
    host.define_export("ut", "Fake", "invoices", "A/B", SETTINGS)
    assert listed(host.export("ut")) == {"ready": ["1"]}
    assert plugin.given[0].id == "A%2FB/1"


def test_what_was_sent_is_not_given_again_until_it_changes(host, store, plugin):
    host.export("ut", review=send_all)
    store.load_invoices(
        [exported_invoice("10301"), exported_invoice("10302", rows=(("3001", "5.00", "1.25"),))]
    )
    host.export("ut")
    [again] = plugin.given
    assert (again.id, again.exported, again.number) == ("/10302", True, "10302")


def test_the_customer_of_an_invoice_is_part_of_its_content(host, store, plugin):
    host.export("ut", review=send_all)
    moved = Customer("KALM", "1042", "Kalmar Glas & Porslin AB", zip="392 00", country="SE")
    store.load_invoices([exported_invoice("10303", customer=moved)])
    host.export("ut")
    assert [one.content.customer.zip for one in plugin.given] == ["392 00"]


@pytest.mark.parametrize("subject", ["supplier-bills"])
def test_bills_of_who_sends_invoices_are_given_only_where_they_are_asked_for(host, store, plugin):
    sends = Supplier("SVEN", "Svens Lastbilar AB", sends_invoice=True)
    store.load_bills([bill("10304", supplier=sends)])
    host.export("ut")
    assert [one.content.bill_number for one in plugin.given] == ["10301", "10302", "10303"]
    assert {one.item_number for one in host.exportable("ut") if not one.offered} == {"10304"}
    host.export("ut", items=["10304"])
    assert [one.content.bill_number for one in plugin.given] == ["10304"]


@of_both
def test_asked_for_are_exactly_those_even_if_they_were_sent(host, plugin):
    host.export("ut", review=send_all)
    host.export("ut", items=["10302"])
    assert [one.id for one in plugin.given] == ["/10302"]


@of_both
def test_an_open_period_is_a_gap_of_the_hosts_own_where_it_is_asked_for(host, store, subject):
    load(store, subject, "10304", period_closed=False)
    assert listed(host.export("ut")) == {"ready": ["10301", "10302", "10303"]}
    preview = host.export("ut", items=["10304", "10301"], review=lambda p, _: p.ids_without_gaps())
    [gap] = preview.gaps()
    assert (gap.code, gap.item_numbers) == ("PERIOD_OPEN", ("10304",))
    assert listed(preview) == {"ready": ["10304"], "sent": ["10301"]}


@pytest.mark.parametrize(
    ("number", "code"), [("4711", "INVOICE_UNKNOWN"), ("999", "EXPORT_WITHOUT_ROWS")]
)
def test_an_invoice_that_cannot_be_exported_is_refused_before_anything_is_read(
    host, store, plugin, number, code
):
    store.load_invoices([invoice("999")])
    plugin.before = lambda _: pytest.fail("it was called")
    assert refusal(host.export, "ut", items=[number]) == code


@of_both
def test_what_settings_exclude_is_in_no_list(host, plugin):
    plugin.excluded = {"/10302"}
    assert listed(host.export("ut")) == {"ready": ["10301", "10303"]}


def test_a_document_is_read_when_the_plug_in_asks(host, store, plugin, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    store.load_invoices(
        [
            exported_invoice("10301", document=str(tmp_path / "a.pdf")),
            exported_invoice("10302", document=str(tmp_path / "gone.pdf")),
        ]
    )
    read = {}

    def read_all(run):
        for number in ("10301", "10302", "10303"):
            read[number] = run.hook.opter_read_document(run=run, item_id=f"/{number}")

    plugin.before = read_all
    host.export("ut")
    assert read == {"10301": [b"%PDF"], "10302": [], "10303": []}
    assert plugin.given[0].content.document == "a.pdf"


# --- The preview and the review --------------------------------------------------------------


@of_both
def test_a_preview_alone_sends_nothing(host, plugin):
    preview = host.export("ut")
    assert (preview.sent, preview.state, plugin.events) == (False, "previewed", [])
    assert listed(preview) == {"ready": ["10301", "10302", "10303"]}
    assert states(host) == dict.fromkeys(["10301", "10302", "10303"], "new")


def test_the_revision_is_the_same_until_something_differs(host, store, plugin):
    first, second = host.export("ut").revision, host.export("ut").revision
    assert first == second
    plugin.plans["/10302"] = {"other_total": Decimal("1249.99")}
    assert host.export("ut").revision != first
    plugin.plans.clear()
    store.load_invoices([exported_invoice("10301", order_number="4711")])
    assert host.export("ut").revision != first


def test_other_settings_make_another_revision(host):
    before = host.export("ut").revision
    host.change("ut", {"from": "2026-02-01"})
    assert host.export("ut").revision != before


@of_both
def test_a_revision_sends_what_was_shown(host, plugin):
    sent = host.send("ut", host.export("ut").revision)
    assert listed(sent) == {"sent": ["10301", "10302", "10303"]}
    assert (sent.state, sent.failures) == ("sent", 0)
    assert len(plugin.there) == 3


@pytest.mark.parametrize("revision", ["", "0123456789abcdef"])
def test_another_revision_sends_nothing_and_gives_the_new_preview(host, plugin, revision):
    host.export("ut")
    with pytest.raises(ExportChanged) as changed:
        host.send("ut", revision)
    assert changed.value.code == "EXPORT_CHANGED"
    assert listed(changed.value.preview) == {"ready": ["10301", "10302", "10303"]}
    assert plugin.events == []


@of_both
def test_only_a_preview_that_was_printed_last_is_sent_without_a_revision(host):
    assert host.last_shown("ut") == ""
    preview = host.export("ut")
    assert host.last_shown("ut") == ""
    preview.mark_printed()
    assert host.last_shown("ut") == preview.revision
    host.send("ut", preview.revision).mark_printed()
    assert host.last_shown("ut") == ""


def test_a_check_is_no_preview(host):
    host.export("ut", check=True).mark_printed()
    assert host.last_shown("ut") == ""


@of_both
def test_the_session_of_the_plug_in_lasts_while_a_person_thinks(host, plugin):
    during = []

    def review(preview, timeout):
        during.append((preview.revision, timeout, list(plugin.events)))
        return ["/10302"]

    preview = host.export("ut", review=review)
    assert during == [(preview.revision, 1800.0, [])]
    assert listed(preview) == {"ready": ["10301", "10303"], "sent": ["10302"]}


def test_an_answer_after_the_login_has_ended_sends_nothing(make_host, plugin):
    times = [NOON]
    host = make_host(clock=lambda: times[0])
    host.define_export("ut", "Fake", "invoices", "", SETTINGS)

    def review(preview, timeout):
        times[0] += timedelta(seconds=timeout + 1)
        return preview.ids()

    preview = host.export("ut", review=review)
    assert (preview.sent, plugin.events, len(preview.notes)) == (False, [], 1)


@of_both
def test_an_item_that_is_not_there_cannot_be_chosen(host, plugin):
    with pytest.raises(ValueError, match="/4711"):
        host.export("ut", review=lambda *_: ["/4711"])
    assert plugin.events == []


# --- Gaps ------------------------------------------------------------------------------------


@pytest.fixture
def gap(store):
    store.load_invoices([exported_invoice("10302", rows=(("9999", "1.00", "0.25"),))])


@pytest.mark.usefixtures("gap")
def test_nothing_is_sent_while_a_gap_is_open(host, plugin):
    assert refusal(host.export, "ut", review=send_all) == "EXPORT_GAPS"
    assert plugin.events == []
    [found] = host.export("ut").gaps()
    assert (found.code, found.message, found.item_numbers) == (
        "ACCOUNT_UNKNOWN", MISSING, ("10302",),
    )  # fmt: skip


@pytest.mark.usefixtures("gap")
def test_a_revision_with_a_gap_sends_nothing(host, plugin):
    preview = host.export("ut")
    assert not host.send("ut", preview.revision).sent
    assert plugin.events == []


@pytest.mark.usefixtures("gap")
def test_what_a_gap_does_not_concern_is_sent_where_a_person_leaves_out_the_rest(host):
    preview = host.export("ut", review=lambda p, _: p.ids_without_gaps())
    assert listed(preview) == {"ready": ["10302"], "sent": ["10301", "10303"]}


def test_a_gap_that_concerns_everything_lets_nothing_go(host, plugin):
    gap = Gap("PERIOD_LOCKED", MISSING, [])
    plugin.before = call("opter_take_gaps", gaps=[gap])
    assert host.export("ut").ids_without_gaps() == ()
    assert refusal(host.export, "ut", review=send_all) == "EXPORT_GAPS"


def test_a_gap_that_shows_when_sending_stops_the_rest(host, plugin):
    plugin.late_gap = True
    preview = host.export("ut", review=send_all)
    assert (preview.counts["gaps"], preview.counts["sent"]) == (1, 0)


# --- Results ---------------------------------------------------------------------------------


def test_each_result_is_stored_with_who_and_when_and_the_words_from_there(host):
    host.export("ut", review=lambda *_: ["/10301"])
    [first, *_] = host.exportable("ut")
    assert (first.state, first.number, first.other_total) == ("sent", "10301", Decimal("1250.00"))
    assert (first.user, first.at, first.changed, first.offered) == ("kim", NOON, False, False)
    assert [(one.event, one.theirs, one.user) for one in host.export_log("ut")] == [
        ("intended", "", "kim"),
        ("sent", "200", "kim"),
    ]


@of_both
def test_a_refused_item_is_told_and_offered_again(host, plugin):
    words = Text("Numret är taget.", "The number is taken.")
    refusal = {"state": "refused", "code": "NUMBER_TAKEN", "message": words}
    plugin.results["/10302"] = {**refusal, "number": ""}
    preview = host.export("ut", review=send_all)
    [refused] = preview.items("refused")
    assert (refused.code, refused.message, preview.failures) == ("NUMBER_TAKEN", words, 0)
    host.export("ut")
    assert [(one.id, one.exported, one.intended) for one in plugin.given] == [
        ("/10302", False, False)
    ]


def test_an_item_that_is_refused_and_is_there_is_known_to_be_there(host, plugin):
    plugin.results["/10302"] = {"state": "refused", "code": "TEXT_REFUSED", "number": "10302"}
    host.export("ut", review=send_all)
    host.export("ut")
    assert ("/10302", True, False) in [(one.id, one.exported, one.intended) for one in plugin.given]


@of_both
def test_an_unknown_result_is_a_failure_and_given_as_intended(host, plugin):
    plugin.results["/10302"] = {"state": "unknown"}
    preview = host.export("ut", review=send_all)
    assert (listed(preview)["unknown"], preview.failures) == (["10302"], 1)
    plugin.results.clear()
    again = host.export("ut", review=send_all)
    assert [(one.id, one.intended) for one in plugin.given] == [("/10302", True)]
    assert listed(again) == {"unchanged": ["10302"]}
    assert states(host)["10302"] == "sent"


@of_both
def test_a_refusal_after_an_unknown_result_says_nothing_of_what_was_sent_before(host, plugin):
    def doubted():
        host.export("ut")
        return [one.intended for one in plugin.given]

    def fails(state):
        plugin.results["/10302"] = {"state": state, "number": ""}
        plugin.there.pop("/10302", None)
        host.export("ut", items=["10302"], review=send_all)

    fails("refused")
    assert doubted() == [False, False, False]  # it did not arrive
    fails("unknown")
    fails("refused")
    fails("unknown")
    plugin.after_send = lambda run, item: run.hook.opter_take_results(
        run=run, results=[ItemResult(item.id, "refused")]
    )
    fails("refused")  # twice told
    del plugin.after_send
    plugin.plans["/10302"] = {"state": "refused", "action": "none"}
    host.export("ut", items=["10302"], review=send_all)
    host.cancel("ut", "10302")  # refused, too
    del plugin.plans["/10302"]
    assert doubted() == [False, True, False]
    plugin.results.clear()
    plugin.there.clear()
    host.export("ut", review=send_all)
    assert doubted() == []


def test_another_total_is_a_failure_but_only_of_a_result(host, plugin):
    plugin.plans["/10301"] = {"code": "TOTAL_DIFFERS", "message": MISSING}
    assert host.export("ut").failures == 0
    assert host.export("ut", review=send_all).failures == 0
    plugin.results["/10304"] = {"code": "TOTAL_DIFFERS", "total": Decimal("1250.01")}
    host.store.load_invoices([exported_invoice("10304")])
    preview = host.export("ut", review=send_all)
    [sent] = preview.items("sent")
    assert (preview.failures, sent.other_total) == (1, Decimal("1250.01"))


@of_both
def test_what_is_not_complete_is_given_again(host, plugin):
    plugin.results["/10302"] = {"complete": False}
    host.export("ut", review=send_all)
    host.export("ut")
    assert [(one.id, one.exported, one.incomplete) for one in plugin.given] == [
        ("/10302", True, True)
    ]


@of_both
def test_what_is_booked_there_is_not_offered_again(host, plugin, store, subject):
    host.export("ut", review=send_all)
    load(store, subject, "10302", due_date=date(2026, 12, 9))
    plugin.results["/10302"] = {"state": "booked"}
    assert listed(host.export("ut", review=send_all)) == {"booked": ["10302"]}
    assert listed(host.export("ut")) == {}
    assert states(host)["10302"] == "booked"


@of_both
def test_what_was_there_already_is_adopted(host, plugin):
    plugin.plans["/10302"] = {"state": "adopted", "action": "none"}
    plugin.results["/10302"] = {"state": "adopted"}
    assert listed(host.export("ut"))["adopted"] == ["10302"]
    assert listed(host.export("ut", review=send_all))["adopted"] == ["10302"]
    assert states(host)["10302"] == "adopted"


@of_both
def test_a_content_that_was_loaded_while_it_was_sent_is_offered_again(host, store, plugin, subject):
    def change(_, item):
        if item.id == "/10302":
            load(store, subject, "10302", due_date=date(2026, 12, 9))

    plugin.before_send = change
    host.export("ut", review=send_all)
    assert listed(host.export("ut")) == {"ready": ["10302"]}


@of_both
def test_what_went_before_an_error_stays(host, plugin):
    def fail(_, item):
        if item.id == "/10302":
            raise ZeroDivisionError

    plugin.after_send = fail
    with pytest.raises(ZeroDivisionError):
        host.export("ut", review=send_all)
    assert states(host) == {"10301": "sent", "10302": "intended", "10303": "new"}
    [run, *_] = host.export_runs("ut")
    assert (run.state, run.error_code, listed(run)["unknown"]) == ("failed", "INTERNAL", ["10302"])


def test_an_invoice_of_a_csv_file_is_never_exported(host, store):
    host.export("ut", review=send_all)
    headers = [replace(exported_invoice(number), content=None) for number in ("10302", "20001")]
    assert [(one.number, one.rows) for one in store.load_invoices(headers).lost] == [
        ("10302", True)
    ]
    assert store.load_invoices(headers).lost == ()
    assert listed(host.export("ut")) == {}


def test_another_customer_of_an_invoice_that_had_rows_is_noted(host, store):
    headers = replace(exported_invoice("10302"), content=None)
    other = replace(headers, customer_code="NYBR")
    store.load_invoices([headers])
    [lost] = store.load_invoices([other]).lost
    assert (lost.rows, lost.customer_before, lost.customer) == (False, "KALM", "NYBR")
    assert store.load_invoices([other]).lost == ()


@pytest.mark.parametrize("asked", [(), ("10302",)])
def test_an_unknown_result_is_settled_though_the_invoice_lost_its_rows(host, store, plugin, asked):
    plugin.results["/10302"] = {"state": "unknown", "number": ""}
    host.export("ut", review=send_all)
    store.load_invoices([replace(exported_invoice("10302"), content=None)])
    assert states(host)["10302"] == "unknown"
    plugin.results["/10302"] = {"state": "unchanged"}
    run = host.export("ut", review=send_all, items=asked)
    [given] = plugin.given
    assert (given.intended, given.content.rows) == (True, ())
    [settled] = run.items()
    assert settled.total == exported_invoice("10302").total
    assert states(host)["10302"] == "sent"
    assert listed(host.export("ut")) == {}


def test_another_total_of_an_exported_invoice_without_rows_is_noted_at_each_load(host, store):
    host.export("ut", review=send_all)
    headers = replace(exported_invoice("10302"), content=None, total=Decimal("999.00"))
    totals = [
        [(one.rows, one.total, one.total_there) for one in store.load_invoices([headers]).lost]
        for _ in range(2)
    ]
    there = exported_invoice("10302").total
    assert totals == [[(rows, Decimal("999.00"), there)] for rows in (True, False)]
    assert store.load_invoices([replace(headers, total=there)]).lost == ()


def test_an_exported_invoice_that_lost_its_rows_is_listed_and_can_be_taken_back(host, store):
    host.export("ut", review=send_all)
    store.load_invoices([replace(exported_invoice("10302"), content=None)])
    assert "10302" in states(host)
    assert refusal(host.export, "ut", items=["10302"]) == "EXPORT_WITHOUT_ROWS"
    [taken_back] = host.cancel("ut", "10302").items("cancelled")
    assert taken_back.total == exported_invoice("10302").total
    assert states(host)["10302"] == "cancelled"


def correction():
    rows = (("3001", "-10.00", "-2.50"),)
    return exported_invoice("10304", rows=rows, type="correction", credits="10302")


def replace_credits(correction, number):
    return replace(correction, content=replace(correction.content, credits=number))


def test_an_invoice_is_taken_back_only_once_its_correction_was(host, store, plugin):
    host.export("ut", review=send_all)
    store.load_invoices([correction()])
    host.export("ut", review=send_all)
    error = error_of(host.cancel, "ut", "10302")
    assert (error.code, "10304" in error.message.en) == ("CORRECTION_EXPORTED", True)
    assert error.message.en.endswith("if it is booked there, book invoice 10302, too.")
    host.cancel("ut", "10304")
    host.cancel("ut", "10302")
    assert [states(host)[number] for number in ("10302", "10304")] == ["cancelled"] * 2


def test_an_invoice_is_not_taken_back_while_a_correction_of_it_is_there_whatever_that_is_here(
    host, store
):
    store.load_invoices([correction()])
    host.export("ut", review=send_all)
    store.load_invoices([replace_credits(correction(), "10301")])
    assert refusal(host.cancel, "ut", "10302") == "CORRECTION_EXPORTED"
    host.export("ut", review=send_all)
    host.cancel("ut", "10302")
    assert refusal(host.cancel, "ut", "10301") == "CORRECTION_EXPORTED"


def test_a_correction_that_is_unsettled_may_correct_what_it_ever_was_to_correct(
    host, store, plugin
):
    store.load_invoices([correction()])
    host.export("ut", review=send_all)
    store.load_invoices([replace_credits(correction(), "10301")])
    plugin.results["/10304"] = {"state": "unknown"}
    host.export("ut", review=send_all)
    for number in ("10301", "10302"):
        assert refusal(host.cancel, "ut", number) == "CORRECTION_EXPORTED"


def test_a_booked_correction_corrects_what_was_sent(host, store, plugin):
    store.load_invoices([correction()])
    host.export("ut", review=send_all)
    store.load_invoices([replace_credits(correction(), "10301")])
    plugin.results["/10304"] = {"state": "booked"}
    host.export("ut", review=send_all)
    assert refusal(host.cancel, "ut", "10302") == "CORRECTION_EXPORTED"


def test_a_correction_of_another_region_keeps_an_invoice_from_being_taken_back(host, store):
    host.export("ut", review=send_all)
    host.define_export("nord", "Fake", "invoices", "Nord", SETTINGS, company_of="ut")
    store.load_invoices([replace(correction(), region="Nord")])
    host.export("nord", review=send_all)
    error = error_of(host.cancel, "ut", "10302")
    assert (error.code, "by 10304 (region Nord)," in error.message.en) == (
        "CORRECTION_EXPORTED",
        True,
    )


def test_a_correction_that_was_not_exported_keeps_no_invoice_from_being_taken_back(host, store):
    host.export("ut", review=send_all)
    store.load_invoices([correction()])
    host.cancel("ut", "10302")
    assert states(host)["10302"] == "cancelled"


def test_what_has_no_rows_and_was_never_exported_is_not_taken_back(host, store):
    host.export("ut", review=send_all)
    store.load_invoices([replace(exported_invoice("20001"), content=None)])
    assert refusal(host.cancel, "ut", "20001") == "NOT_EXPORTED"


# --- Bank details ------------------------------------------------------------------------------


@pytest.fixture
def bills(make_host, store, plugin):
    """Make an export of bills whose supplier Lasse is to be paid to another bankgiro."""
    host = make_host()
    host.define_export("av", "Fake", "supplier-bills", "", SETTINGS)
    store.load_bills([bill("200", supplier=OLLE)])
    plugin.bankgiros = {"LASSE": "111-1111", "OLLE": OLLE.bankgiro}
    return host


OLLE = Supplier("OLLE", "Olle på Åsen", country="SE", bankgiro="900-0001")
LASSES = ["10301", "10302", "10303"]
CHANGE = ("LASSE", "Lasses Åkeri AB", "BG", "5555-5551", "111-1111")


def shown(host, name="av"):
    preview = host.export(name)
    preview.mark_printed()
    return preview


def changes(preview):
    return [
        (one.party_number, one.party, one.field, one.ours, one.theirs)
        for one in preview.bank_changes()
    ]


def test_a_change_of_bank_details_is_shown_and_the_new_bills_of_its_supplier_wait(bills):
    preview = bills.export("av")
    assert changes(preview) == [CHANGE]
    assert listed(preview) == {"ready": ["200"], "waiting": LASSES}
    assert preview.ids() == ("/200",)


def test_what_waits_is_not_sent_and_is_offered_again(bills, plugin):
    sent = bills.export("av", review=send_all)
    assert listed(sent) == {"sent": ["200"], "waiting": LASSES}
    assert plugin.bankgiros["LASSE"] == "111-1111"
    assert states(bills, "av") == dict.fromkeys(LASSES, "new") | {"200": "sent"}
    assert listed(bills.export("av")) == {"waiting": LASSES}


def test_what_waits_cannot_be_chosen(bills, plugin):
    assert refusal(bills.export, "av", review=lambda *_: ["/200", "/10301"]) == "BANK_UNCONFIRMED"
    assert plugin.events == []


def test_a_confirmed_change_is_made_and_the_bills_are_sent(bills, plugin):
    revision = shown(bills).revision
    [confirmed] = bills.confirm_bank("av", "LASSE")
    assert (confirmed.confirmed_by, confirmed.confirmed_at) == ("kim", NOON)
    sent = bills.send("av", revision)
    assert listed(sent) == {"sent": ["200", *LASSES]}
    assert plugin.events[0] == ("paid to", "LASSE", "5555-5551")


def test_a_confirmation_changes_lists_and_counts_but_not_the_revision(bills):
    before = shown(bills)
    bills.confirm_bank("av", "LASSE")
    after = bills.export("av")
    assert (before.counts["waiting"], after.counts["waiting"], after.counts["ready"]) == (3, 0, 4)
    assert after.revision == before.revision


def test_a_bank_change_is_part_of_the_revision(bills, plugin):
    before = bills.export("av").revision
    plugin.bankgiros["LASSE"] = "222-2222"
    assert bills.export("av").revision != before


def test_a_person_confirms_what_the_run_that_waits_shows(bills, plugin):
    def review(preview, _):
        bills.confirm_bank("av", "LASSE", preview.run_id)
        return bills.export_run(preview.run_id).ids()

    assert listed(bills.export("av", review=review)) == {"sent": ["200", *LASSES]}
    assert plugin.bankgiros["LASSE"] == "5555-5551"


def test_a_confirmation_is_used_once(bills, plugin):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    bills.export("av", review=send_all)
    # Somebody there writes back what was there before.
    plugin.bankgiros["LASSE"] = "111-1111"
    bills.store.load_bills([bill("10304")])
    again = bills.export("av", review=send_all)
    assert listed(again) == {"waiting": ["10304"]}
    assert plugin.bankgiros["LASSE"] == "111-1111"


@pytest.mark.parametrize(
    "other", [{"theirs": "222-2222"}, {"ours": "900-9999"}], ids=lambda one: next(iter(one))
)
def test_a_confirmation_of_other_values_does_not_count(bills, plugin, other):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    plugin.bankgiros["LASSE"] = other.get("theirs", "111-1111")
    lasse = replace(LASSE, bankgiro=other.get("ours", LASSE.bankgiro))
    bills.store.load_bills([bill("10304", supplier=lasse)])
    preview = bills.export("av", review=send_all)
    assert listed(preview) == {"sent": ["200"], "waiting": [*LASSES, "10304"]}


def test_a_later_confirmation_takes_the_place_of_an_earlier_one(bills, plugin):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    plugin.bankgiros["LASSE"] = "222-2222"
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    plugin.bankgiros["LASSE"] = "111-1111"
    assert bills.export("av").counts["waiting"] == 3


def test_a_confirmation_of_another_user_shows_that_name(bills, make_host):
    shown(bills)
    make_host(user="robin").confirm_bank("av", "LASSE")
    [change] = bills.export("av").bank_changes()
    assert change.confirmed_by == "robin"


def test_who_confirmed_first_stays(bills, make_host):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    [change] = make_host(user="robin").confirm_bank("av", "LASSE")
    assert change.confirmed_by == "kim"


@pytest.fixture
def two_changes(bills, plugin):
    """Have two suppliers that are to be paid otherwise, both confirmed."""
    plugin.bankgiros["OLLE"] = "222-2222"
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    bills.confirm_bank("av", "OLLE")
    return bills


def only_olle(preview, _):
    return ["/200"]


@pytest.mark.parametrize("asked", [{"OLLE"}, {"OLLE", "LASSE"}], ids=["not-asked-for", "asked-for"])
def test_a_confirmation_of_a_supplier_of_which_nothing_is_sent_is_kept(two_changes, plugin, asked):
    """And not made, whatever the plug-in asks for."""
    asking = plugin.confirmed
    plugin.confirmed = lambda run, _: asking(run, asked)
    sent = two_changes.export("av", review=only_olle)
    assert listed(sent) == {"ready": LASSES, "sent": ["200"]}
    assert plugin.bankgiros == {"LASSE": "111-1111", "OLLE": OLLE.bankgiro}
    plugin.confirmed = asking
    assert listed(two_changes.export("av", review=send_all)) == {"sent": LASSES}
    assert plugin.bankgiros["LASSE"] == LASSE.bankgiro


def test_what_is_confirmed_may_be_asked_in_several_calls(two_changes, plugin):
    asking = plugin.confirmed
    plugin.confirmed = lambda run, suppliers: [asking(run, {one}) for one in sorted(suppliers)]
    assert listed(two_changes.export("av", review=send_all)) == {"sent": ["200", *LASSES]}
    assert plugin.bankgiros == {"LASSE": LASSE.bankgiro, "OLLE": OLLE.bankgiro}


def test_a_question_about_one_supplier_does_not_confirm_another(two_changes, plugin):
    asking = plugin.confirmed
    plugin.confirmed = lambda run, _: asking(run, {"OLLE"})
    assert refusal(two_changes.export, "av", review=send_all) == "CONTRACT_BROKEN"
    assert plugin.bankgiros["LASSE"] == "111-1111"
    assert [one for one in plugin.events if one[0] == "sent"] == [("sent", "/200")]


DAY = timedelta(hours=24)
STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.mark.parametrize(
    ("later", "lists"),
    [
        (DAY, {"ready": ["200", *LASSES]}),
        (DAY + timedelta(milliseconds=1), {"ready": ["200"], "waiting": LASSES}),
    ],
    ids=["a-day", "longer"],
)
@pytest.mark.parametrize(
    "given", [NOON, datetime(2026, 10, 24, 20, 0, tzinfo=UTC)], ids=["noon", "before-winter-time"]
)
def test_a_confirmation_holds_for_a_day(bills, make_host, given, later, lists):
    shown(make_host(clock=lambda: given))
    make_host(clock=lambda: given.astimezone(STOCKHOLM)).confirm_bank("av", "LASSE")
    at = (given + later).astimezone(STOCKHOLM)
    assert listed(make_host(clock=lambda: at).export("av")) == lists


def test_a_confirmation_that_is_too_old_is_given_anew(bills, make_host, plugin):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    monday = make_host(user="robin", clock=lambda: NOON + 2 * DAY)
    assert listed(monday.export("av", review=send_all)) == {"sent": ["200"], "waiting": LASSES}
    assert plugin.bankgiros["LASSE"] == "111-1111"
    shown(monday)
    [change] = monday.confirm_bank("av", "LASSE")
    assert (change.confirmed_by, change.confirmed_at) == ("robin", NOON + 2 * DAY)
    assert listed(monday.export("av", review=send_all)) == {"sent": LASSES}


def test_what_was_shown_days_ago_is_confirmed_anew_too(bills, make_host):
    """Although it was confirmed in time for the run that showed it."""
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    monday = make_host(user="robin", clock=lambda: NOON + 2 * DAY)
    [change] = monday.confirm_bank("av", "LASSE")
    assert change.confirmed_by == "robin"
    assert monday.export("av").counts["waiting"] == 0


def test_a_change_that_a_run_has_made_is_not_confirmed_again(bills, make_host, plugin):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    made = bills.export("av", review=send_all)
    late = make_host(clock=lambda: NOON + 2 * DAY)
    assert refusal(late.confirm_bank, "av", "LASSE", made.run_id) == "NO_BANK_CHANGE"
    # Somebody there writes back what was there before.
    plugin.bankgiros["LASSE"] = "111-1111"
    bills.store.load_bills([bill("10304")])
    assert late.export("av").counts["waiting"] == 1


@pytest.mark.parametrize("number", ["OLLE", "4711", ""])
def test_only_what_was_shown_can_be_confirmed(bills, number):
    shown(bills)
    assert refusal(bills.confirm_bank, "av", number) == "NO_BANK_CHANGE"


def test_what_no_command_printed_can_be_confirmed_by_its_run_only(bills):
    assert refusal(bills.confirm_bank, "av", "LASSE") == "NO_BANK_CHANGE"
    preview = bills.export("av")
    assert refusal(bills.confirm_bank, "av", "LASSE") == "NO_BANK_CHANGE"
    assert bills.confirm_bank("av", "LASSE", preview.run_id)


def test_what_an_earlier_run_showed_cannot_be_confirmed(bills):
    earlier = bills.export("av", review=send_all)
    bills.export("av")
    assert refusal(bills.confirm_bank, "av", "LASSE", earlier.run_id) == "NO_BANK_CHANGE"


def test_a_run_that_has_ended_is_not_changed_by_a_later_confirmation(bills):
    sent = bills.export("av", review=send_all)
    bills.confirm_bank("av", "LASSE", sent.run_id)
    assert bills.export_run(sent.run_id).counts["waiting"] == 3


def test_a_confirmation_that_is_overtaken_while_it_is_sent_sends_nothing(bills, plugin, store):
    shown(bills)
    bills.confirm_bank("av", "LASSE")

    def overtaken(run, suppliers):
        with store.change() as db:
            db.execute(
                "INSERT INTO bank_confirmations (run_id, export_type, subject, company,"
                " party_number, field, ours, theirs, user, at, until)"
                " SELECT run_id, export_type, subject, company, party_number, field, 'other',"
                " theirs, user, at, until FROM bank_confirmations"
            )
        run.hook.opter_confirmed_bank_changes(run=run, party_numbers=suppliers)

    plugin.confirmed = overtaken
    assert refusal(bills.export, "av", review=send_all) == "EXPORT_CHANGED"
    assert plugin.events == []


def test_a_supplier_that_is_paid_as_before_does_not_wait(bills, store, plugin):
    plugin.bankgiros["LASSE"] = LASSE.bankgiro
    assert listed(bills.export("av")) == {"ready": ["200", *LASSES]}


def test_a_plug_in_that_does_not_ask_what_is_confirmed_cannot_send_what_waits(bills, plugin):
    shown(bills)
    bills.confirm_bank("av", "LASSE")
    plugin.confirmed = lambda *_: None
    assert refusal(bills.export, "av", review=send_all) == "CONTRACT_BROKEN"
    assert [one for one in plugin.events if one != ("sent", "/200")] == []


# --- A plug-in that does not keep to the contract ----------------------------------------------


def call(hook, **given):
    return lambda run, _item=None: getattr(run.hook, hook)(run=run, **given)


def intend(*ids):
    return call("opter_take_intents", item_ids=ids)


def ask(*party_numbers):
    return call("opter_confirmed_bank_changes", party_numbers=party_numbers)


def changes_bank(*several):
    return {"before": call("opter_take_bank_changes", changes=several)}


def plan(**fields):
    return {"plans": {"/10301": fields}}


def result(**fields):
    return {"results": {"/10301": fields}}


#: What breaks the contract, as attributes of the plug-in.
BROKEN = {
    "a state that is unknown": plan(state="lost"),
    "an action that is unknown": plan(action="destroy"),
    "a total that is no decimal": plan(total=1.5),
    "an item that was not given": plan(id="/4711"),
    "an item planned twice": plan(id="/10302"),
    "a number that is too long": plan(number="1" * 201),
    "an intent before the review": {"before": intend("/10301")},
    "an intent that nobody chose": {"before_send": intend("/10303")},
    "a result with an unknown state": result(state="lost"),
    "a result of another item": result(id="/4711"),
    "a bank change that changes nothing": changes_bank(BankChange("1", "BG", "1", "1")),
    "a bank change of nobody": changes_bank(BankChange("", "BG", "1", "2")),
    "a bank change of no field": changes_bank(BankChange("1", "", "1", "2")),
    "a bank change handed over twice": changes_bank(*[BankChange("1", "BG", "1", "2")] * 2),
    "a bank change without text": changes_bank(BankChange("1", "BG", "1", None)),
    "a question what is confirmed before the review": {"before": ask("1")},
    "a question about too many suppliers": {"before_send": ask(*map(str, range(BATCH + 1)))},
    "a hook of imports": {"before": call("opter_take_deleted", payment_numbers=["1"])},
    "a gap that names another item": {
        "before": call("opter_take_gaps", gaps=[Gap("X", MISSING, ["/4711"])])
    },
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_the_contract_is_refused(host, plugin, what):
    vars(plugin).update(BROKEN[what])
    assert refusal(host.export, "ut", review=lambda *_: ["/10301", "/10302"]) == "CONTRACT_BROKEN"


def test_a_failure_that_the_plug_in_swallows_ends_the_export_all_the_same(host, plugin):
    def swallow(run):
        with pytest.raises(HostError):
            intend("/10301")(run)

    plugin.before = swallow
    assert refusal(host.export, "ut") == "CONTRACT_BROKEN"


# --- Whose books ------------------------------------------------------------------------------


def test_the_first_send_fixes_the_company(host, plugin):
    host.export("ut")
    assert host.store.definitions(exports=True)[0].company is None
    host.export("ut", review=send_all)
    assert host.store.definitions(exports=True)[0].company == COMPANY
    plugin.company = OTHER_COMPANY
    assert refusal(host.export, "ut") == "WRONG_COMPANY"


def test_an_error_about_an_export_calls_it_one(host, plugin, store):
    store.load_invoices([exported_invoice("1", region="Nord")])
    host.define_export("nord", "Fake", "invoices", "Nord", SETTINGS)
    unknown = error_of(host.define_export, "ny", "Fake", "invoices", "", SETTINGS, company_of="ut")
    host.export("ut", review=send_all)
    errors = [
        unknown,
        error_of(host.export, "nord", review=send_all),
        error_of(host.change, "ut", {}, region="Nord"),
        error_of(host.change, "ny", {}),
    ]
    plugin.company = OTHER_COMPANY
    errors.append(error_of(host.export, "ut"))
    assert [error.code for error in errors] == [
        "COMPANY_NOT_KNOWN",
        "COMPANY_OF_OTHER_REGION",
        "REGION_FIXED",
        "DEFINITION_UNKNOWN",
        "WRONG_COMPANY",
    ]
    assert [error.command.sv for error in errors[1:3]] == [
        "Skriv: hostsim exports add NAME --same-company-as ut",
        "Skriv: hostsim exports add NAME --region REGION",
    ]
    assert all("export" in error.message.sv.lower() for error in errors)
    assert all("export" in error.message.en.lower() for error in errors)


def test_the_company_of_another_region_is_refused(host, plugin, store):
    host.export("ut", review=send_all)
    host.define_export("nord", "Fake", "invoices", "Nord", SETTINGS)
    store.load_invoices([exported_invoice("1", region="Nord")])
    assert refusal(host.export, "nord", review=send_all) == "COMPANY_OF_OTHER_REGION"


def test_a_company_that_another_region_saves_from_during_the_review_is_refused(
    host, make_host, plugin, store
):
    store.load_invoices([invoice("1", region="Nord")])
    bank = FakePlugin(code="Bank", payments=[payment(1, "1")])
    other = make_host(bank)
    other.define("nord", "Bank", "API", "Nord", {})

    def review_meanwhile(preview, timeout):
        other.import_payments("nord")
        other.save("nord")
        return send_all(preview, timeout)

    assert refusal(host.export, "ut", review=review_meanwhile) == "COMPANY_OF_OTHER_REGION"
    assert (plugin.there, store.definition("ut", exports=True).company) == ({}, None)


def test_an_export_shares_the_company_of_an_import(make_host):
    bank = FakePlugin(code="Bank")
    host = make_host(bank)
    host.define("in", "Bank", "API", "", {})
    bank.payments = [payment(1)]
    host.import_payments("in")
    host.save("in")
    host.define_export("ut", "Fake", "invoices", "", SETTINGS, company_of="in")
    assert host.store.definitions(exports=True)[0].company == COMPANY


def test_what_makes_the_company_of_the_other_one_known_is_said_of_an_import_and_an_export(
    make_host,
):
    host = make_host(FakePlugin(code="Bank"))
    host.define("in", "Bank", "API", "", {})
    host.define_export("först", "Fake", "invoices", "", SETTINGS)

    def same_company_as(name):
        define = partial(host.define_export, "till", "Fake", "invoices", "", SETTINGS)
        return error_of(define, company_of=name).message

    assert same_company_as("in").en.endswith(
        "in belongs to; import and save payments with it first."
    )
    assert same_company_as("först").sv.endswith("hör till; exportera något med den först.")


@of_both
def test_another_definition_of_the_same_company_sends_nothing_twice(host, plugin, subject):
    host.export("ut", review=send_all)
    host.define_export("igen", "Fake", subject, "", SETTINGS)
    assert listed(host.export("igen")) == {}


def test_another_company_than_the_regions_is_refused(host, plugin):
    host.export("ut", review=send_all)
    host.define_export("annan", "Fake", "invoices", "", SETTINGS)
    plugin.company = OTHER_COMPANY
    assert refusal(host.export, "annan") == "WRONG_COMPANY"


def test_books_that_know_the_invoices_already_are_refused(host, store, plugin):
    host.export("ut", review=send_all)
    other = replace(host.store.definitions(exports=True)[0], name="två", company=OTHER_COMPANY)
    store.add_definition(other)
    # Which of the two it is shows only when the plug-in has signed in.
    host.define_export("tre", "Fake", "invoices", "", SETTINGS)
    assert refusal(host.export, "tre") == "EXPORT_SAME_COMPANY"


# --- Two at once -------------------------------------------------------------------------------


@of_both
@pytest.mark.parametrize("second", ["ut", "igen"])
def test_a_second_export_of_the_definition_or_company_is_refused_before_it_reads(
    host, plugin, make_host, second, subject
):
    host.export("ut", review=lambda *_: ["/10301"])
    host.define_export("igen", "Fake", subject, "", SETTINGS)
    codes, calls = [], []

    def review(preview, _):
        plugin.before = calls.append
        codes.append(refusal_beside(make_host().export, second))

    host.export("ut", review=review)
    assert (codes, calls) == (["EXPORT_RUNNING"], [])


def test_settings_are_not_changed_while_an_export_is_running(host, make_host):
    codes = []

    def review(*_):
        codes.append(refusal_beside(make_host().change, "ut", {"from": "2026-02-01"}))

    host.export("ut", review=review)
    assert codes == ["EXPORT_RUNNING"]


def test_a_company_that_was_not_known_is_locked_when_it_is(host, plugin, make_host):
    host.define_export("igen", "Fake", "invoices", "", SETTINGS)
    codes = []

    def review(preview, _):
        plugin.before = lambda _: None
        codes.append(refusal_beside(make_host().export, "igen"))

    host.export("ut", review=review)
    assert codes == ["EXPORT_RUNNING"]


# --- Taking back --------------------------------------------------------------------------------


@of_both
def test_what_was_taken_back_is_offered_again_only_where_it_is_changed(
    host, plugin, store, subject
):
    host.export("ut", review=send_all)
    preview = host.cancel("ut", "10302")
    assert listed(preview) == {"cancelled": ["10302"]}
    assert plugin.events[-1] == ("cancelled", "/10302")
    assert [one.event for one in host.export_log("ut")][-2:] == ["cancelling", "cancelled"]
    assert listed(host.export("ut")) == {}
    # So that the change is not lost in silence.
    load(store, subject, "10302", due_date=date(2026, 12, 9))
    assert listed(host.export("ut")) == {"ready": ["10302"]}


@of_both
def test_what_was_taken_back_is_given_as_new_where_a_person_asks_for_it(host, plugin):
    host.export("ut", review=send_all)
    host.cancel("ut", "10302")
    host.export("ut", items=["10302"])
    [given] = plugin.given
    assert (given.exported, given.intended, given.number) == (False, False, "")


@of_both
@pytest.mark.parametrize("result", [{"state": "refused", "number": ""}, {"state": "unknown"}])
def test_what_was_taken_back_stays_new_until_it_is_there_again(host, plugin, result):
    host.export("ut", review=send_all)
    host.cancel("ut", "10302")
    plugin.there.clear()
    plugin.results["/10302"] = {"number": "", **result}
    host.export("ut", items=["10302"], review=send_all)
    host.export("ut")
    [given] = plugin.given
    assert (given.exported, given.number) == (False, "")


@of_both
def test_what_was_taken_back_is_not_taken_back_twice(host):
    host.export("ut", review=send_all)
    host.cancel("ut", "10302")
    assert refusal(host.cancel, "ut", "10302") == "NOT_EXPORTED"


OTHERS = {
    "invoices": {"customer": Customer("NYBR", "1043", "Nybro Trä AB")},
    "supplier-bills": {"supplier": Supplier("NYBR", "Nybro Åkeri AB")},
}
SENT_TO = {
    "invoices": ("1042", "Kalmar Glas & Porslin AB"),
    "supplier-bills": ("LASSE", "Lasses Åkeri AB"),
}


@pytest.fixture
def moved(host, store, subject):
    """An exported item that was then loaded of another customer or supplier."""
    host.export("ut", review=send_all)
    load(store, subject, "10302", **OTHERS[subject])


@of_both
def test_what_is_taken_back_is_of_the_party_that_it_was_sent_to(host, moved, subject):
    [listed_item] = [one for one in host.exportable("ut") if one.item_number == "10302"]
    [item] = host.cancel("ut", "10302").items("cancelled")
    assert listed_item.party == item.party
    assert (item.party_number, item.party) == SENT_TO[subject]


@of_both
def test_what_is_refused_is_of_the_party_that_it_was_sent_to(host, plugin, moved, subject):
    number = SENT_TO[subject][0]
    plugin.plans["/10302"] = {"state": "refused", "action": "none", "party_number": number}
    [item] = host.export("ut").items("refused")
    assert (item.party_number, item.party) == SENT_TO[subject]


@of_both
def test_what_the_other_system_refused_is_of_the_party_that_it_was_sent_to(
    host, plugin, moved, subject
):
    plugin.results["/10302"] = {"state": "refused", "party_number": SENT_TO[subject][0]}
    [item] = host.export("ut", review=send_all).items("refused")
    assert (item.party_number, item.party) == SENT_TO[subject]


@of_both
def test_what_would_be_changed_is_of_the_party_that_it_is_of_here(host, moved):
    [item] = host.export("ut").items("ready")
    assert item.party.startswith("Nybro")


@of_both
def test_two_that_take_an_item_back_at_once_take_it_back_once(host, make_host, plugin, monkeypatch):
    host.export("ut", review=send_all)
    exporting = host._exporting

    def another_first(name, numbers, **more):
        make_host().cancel("ut", "10302")
        return exporting(name, numbers, **more)

    monkeypatch.setattr(host, "_exporting", another_first)
    assert refusal(host.cancel, "ut", "10302") == "NOT_EXPORTED"
    assert plugin.events.count(("cancelled", "/10302")) == 1


@of_both
def test_what_is_booked_there_cannot_be_taken_back(host, plugin):
    host.export("ut", review=send_all)
    plugin.results["/10302"] = {"state": "booked", "code": "BOOKED", "message": MISSING}
    assert listed(host.cancel("ut", "10302")) == {"booked": ["10302"]}
    assert states(host)["10302"] == "booked"


def test_what_was_not_exported_cannot_be_taken_back(host):
    assert refusal(host.cancel, "ut", "10302") == "NOT_EXPORTED"
    host.export("ut", review=lambda *_: ["/10301"])
    assert refusal(host.cancel, "ut", "10302") == "NOT_EXPORTED"


def test_a_plug_in_that_cannot_take_back_says_so(host, plugin):
    host.export("ut", review=send_all)
    plugin.code = "Other"
    assert refusal(host.cancel, "ut", "10302") == "CANNOT_CANCEL"


# --- What is known ------------------------------------------------------------------------------


@of_both
def test_periods_count_what_is_there_and_what_the_next_export_has(host, store, subject):
    load(store, subject, "10304", period_closed=False)
    host.export("ut", review=lambda *_: ["/10301"])
    found = host.export_periods("ut")
    assert [(p.month, p.closed, p.items, p.offered, p.exported) for p in found] == [
        ("2026-11", False, 1, 0, 0),
        ("2026-11", True, 3, 2, 1),
    ]  # fmt: skip


@of_both
def test_past_exports_are_told_the_last_one_first(host):
    host.export("ut", review=send_all)
    host.export("ut")
    assert [(one.state, one.counts["sent"]) for one in host.export_runs("ut")] == [
        ("previewed", 0),
        ("sent", 3),
    ]
