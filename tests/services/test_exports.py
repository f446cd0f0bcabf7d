"""An export sends what a person saw, each invoice once, and knows what became of it."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from fake_export import COMPANY, MISSING, SETTINGS, FakeExport, everything, loaded
from fake_plugin import OTHER_COMPANY, FakePlugin, invoice, payment

from hostsim.errors import HostError, SettingsRefused
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.export_previews import LISTS, ExportChanged
from hostsim.storage.store import Store
from opter_contract.export_values import Customer, Gap
from opter_contract.values import Text

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([loaded("10301"), loaded("10302"), loaded("10303")])
        yield store


@pytest.fixture
def plugin():
    return FakeExport()


@pytest.fixture
def make_host(store, plugin):
    def make(*more, **values):
        plugins = [(f"plugin{place}", one) for place, one in enumerate((plugin, *more))]
        given = {"clock": lambda: NOON, "user": "kim", "lock_wait": 0.0} | values
        return Host(store, Plugins(plugins), **given)

    return make


@pytest.fixture
def host(make_host):
    host = make_host()
    host.define_export("ut", "Fake", "invoices", "", SETTINGS)
    return host


def listed(preview):
    """Give the numbers in each list that is not empty."""
    lists = {name: [one.item_number for one in preview.items(name)] for name in LISTS}
    return {name: numbers for name, numbers in lists.items() if numbers}


def states(host, name="ut"):
    return {one.item_number: one.state for one in host.exportable(name)}


def refusal(act, *arguments, **more):
    with pytest.raises(HostError) as refused:
        act(*arguments, **more)
    return refused.value.code


# --- Definitions -----------------------------------------------------------------------------


def test_names_of_imports_and_exports_are_one_space(make_host):
    host = make_host(FakePlugin(code="Bank"))
    host.define("in", "Bank", "API", "", {})
    host.define_export("ut", "Fake", "invoices", "", SETTINGS)
    assert refusal(host.define_export, "in", "Fake", "invoices", "", SETTINGS) == (
        "DEFINITION_EXISTS"
    )
    assert [one.name for one in host.store.definitions()] == ["in"]
    assert [one.name for one in host.export_definitions()] == ["ut"]


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
    assert host.export_definitions()[0].settings == {"from": "2026-02-01"}


def test_a_secret_setting_of_an_export_is_not_shown(host):
    assert host.shown_settings("Fake", {"key": "abc", "from": "2026-01-01"}, "invoices") == {
        "key": "•••",
        "from": "2026-01-01",
    }


def test_an_unknown_type_of_export_is_refused(host):
    assert refusal(host.define_export, "x", "Nothing", "invoices", "", {}) == "EXPORT_TYPE_UNKNOWN"


# --- What is given ---------------------------------------------------------------------------


def test_new_invoices_of_closed_periods_are_given_with_their_rows(host, store, plugin):
    store.load_invoices([loaded("10304", period_closed=False), invoice("999")])
    host.export("ut")
    assert [one.invoice.invoice_number for one in plugin.given] == ["10301", "10302", "10303"]
    first = plugin.given[0]
    assert (first.id, first.exported, first.intended) == ("/10301", False, False)
    assert first.invoice.rows[0].net == Decimal("1000.00")
    assert first.invoice.customer.ledger_number == "1042"


def test_a_correction_comes_after_what_it_corrects(host, store, plugin):
    store.load_invoices(
        [loaded("9001", rows=(("3001", "-10.00", "-2.50"),), type="correction", credits="10301")]
    )
    host.export("ut")
    assert plugin.given[-1].invoice.credits == "10301"


def test_a_thousand_invoices_come_in_batches_in_one_order(host, store, plugin):
    numbers = [str(20000 + number) for number in range(1100)]
    store.load_invoices([loaded(number) for number in numbers])
    host.export("ut")
    assert [one.invoice.invoice_number for one in plugin.given[3:]] == numbers


def test_a_region_with_a_slash_in_it_makes_no_id_ambiguous(store, make_host, plugin):
    store.load_invoices([loaded("1", region="A/B"), loaded("B/1", region="A")])
    host = make_host()
    host.define_export("ut", "Fake", "invoices", "A/B", SETTINGS)
    assert listed(host.export("ut")) == {"ready": ["1"]}
    assert plugin.given[0].id == "A%2FB/1"


def test_what_was_sent_is_not_given_again_until_it_changes(host, store, plugin):
    host.export("ut", review=everything)
    store.load_invoices([loaded("10301"), loaded("10302", rows=(("3001", "5.00", "1.25"),))])
    host.export("ut")
    [again] = plugin.given
    assert (again.id, again.exported, again.number) == ("/10302", True, "10302")


def test_the_customer_of_an_invoice_is_part_of_its_content(host, store, plugin):
    host.export("ut", review=everything)
    moved = Customer("KALM", "1042", "Kalmar Glas & Porslin AB", zip="392 00", country="SE")
    store.load_invoices([loaded("10303", customer=moved)])
    host.export("ut")
    assert [one.invoice.customer.zip for one in plugin.given] == ["392 00"]


def test_asked_for_are_exactly_those_even_if_they_were_sent(host, plugin):
    host.export("ut", review=everything)
    host.export("ut", invoices=["10302"])
    assert [one.id for one in plugin.given] == ["/10302"]


def test_an_open_period_is_a_gap_of_the_hosts_own_where_it_is_asked_for(host, store):
    store.load_invoices([loaded("10304", period_closed=False)])
    preview = host.export(
        "ut", invoices=["10304", "10301"], review=lambda p, _: p.ids_without_gaps()
    )
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
    assert refusal(host.export, "ut", invoices=[number]) == code


def test_what_settings_exclude_is_in_no_list(host, plugin):
    plugin.excluded = {"/10302"}
    assert listed(host.export("ut")) == {"ready": ["10301", "10303"]}


def test_a_document_is_read_when_the_plug_in_asks(host, store, plugin, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    store.load_invoices(
        [
            loaded("10301", document=str(tmp_path / "a.pdf")),
            loaded("10302", document=str(tmp_path / "gone.pdf")),
        ]
    )
    read = {}

    def read_all(run):
        for number in ("10301", "10302", "10303"):
            read[number] = run.hook.opter_read_document(run=run, item_id=f"/{number}")

    plugin.before = read_all
    host.export("ut")
    assert read == {"10301": [b"%PDF"], "10302": [], "10303": []}
    assert plugin.given[0].invoice.document == "a.pdf"


# --- The preview and the review --------------------------------------------------------------


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
    store.load_invoices([loaded("10301", order_number="4711")])
    assert host.export("ut").revision != first


def test_other_settings_make_another_revision(host):
    before = host.export("ut").revision
    host.change("ut", {"from": "2026-02-01"})
    assert host.export("ut").revision != before


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


def test_an_item_that_is_not_there_cannot_be_chosen(host, plugin):
    with pytest.raises(ValueError, match="/4711"):
        host.export("ut", review=lambda *_: ["/4711"])
    assert plugin.events == []


# --- Gaps ------------------------------------------------------------------------------------


@pytest.fixture
def gap(store):
    store.load_invoices([loaded("10302", rows=(("9999", "1.00", "0.25"),))])


@pytest.mark.usefixtures("gap")
def test_nothing_is_sent_while_a_gap_is_open(host, plugin):
    assert refusal(host.export, "ut", review=everything) == "EXPORT_GAPS"
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
    plugin.before = lambda run: run.hook.opter_take_gaps(run=run, gaps=[gap])
    assert host.export("ut").ids_without_gaps() == ()
    assert refusal(host.export, "ut", review=everything) == "EXPORT_GAPS"


def test_a_gap_that_shows_when_sending_stops_the_rest(host, plugin):
    plugin.late_gap = True
    preview = host.export("ut", review=everything)
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


def test_a_refused_item_is_told_and_offered_again(host, plugin):
    words = Text("Numret är taget.", "The number is taken.")
    refusal = {"state": "refused", "code": "NUMBER_TAKEN", "message": words}
    plugin.results["/10302"] = {**refusal, "number": ""}
    preview = host.export("ut", review=everything)
    [refused] = preview.items("refused")
    assert (refused.code, refused.message, preview.failures) == ("NUMBER_TAKEN", words, 0)
    host.export("ut")
    assert [(one.id, one.exported, one.intended) for one in plugin.given] == [
        ("/10302", False, False)
    ]


def test_an_item_that_is_refused_and_is_there_is_known_to_be_there(host, plugin):
    plugin.results["/10302"] = {"state": "refused", "code": "TEXT_REFUSED", "number": "10302"}
    host.export("ut", review=everything)
    host.export("ut")
    assert ("/10302", True, False) in [(one.id, one.exported, one.intended) for one in plugin.given]


def test_an_unknown_result_is_a_failure_and_given_as_intended(host, plugin):
    plugin.results["/10302"] = {"state": "unknown"}
    preview = host.export("ut", review=everything)
    assert (listed(preview)["unknown"], preview.failures) == (["10302"], 1)
    plugin.results.clear()
    again = host.export("ut", review=everything)
    assert [(one.id, one.intended) for one in plugin.given] == [("/10302", True)]
    assert listed(again) == {"unchanged": ["10302"]}
    assert states(host)["10302"] == "sent"


def test_another_total_is_a_failure_but_only_of_a_result(host, plugin):
    plugin.plans["/10301"] = {"code": "TOTAL_DIFFERS", "message": MISSING}
    assert host.export("ut").failures == 0
    assert host.export("ut", review=everything).failures == 0
    plugin.results["/10304"] = {"code": "TOTAL_DIFFERS", "total": Decimal("1250.01")}
    host.store.load_invoices([loaded("10304")])
    preview = host.export("ut", review=everything)
    [sent] = preview.items("sent")
    assert (preview.failures, sent.other_total) == (1, Decimal("1250.01"))


def test_what_is_not_complete_is_given_again(host, plugin):
    plugin.results["/10302"] = {"complete": False}
    host.export("ut", review=everything)
    host.export("ut")
    assert [(one.id, one.exported, one.incomplete) for one in plugin.given] == [
        ("/10302", True, True)
    ]


def test_what_is_booked_there_is_not_offered_again(host, plugin, store):
    host.export("ut", review=everything)
    store.load_invoices([loaded("10302", order_number="4711")])
    plugin.results["/10302"] = {"state": "booked"}
    assert listed(host.export("ut", review=everything)) == {"booked": ["10302"]}
    assert listed(host.export("ut")) == {}
    assert states(host)["10302"] == "booked"


def test_what_was_there_already_is_adopted(host, plugin):
    plugin.plans["/10302"] = {"state": "adopted", "action": "none"}
    plugin.results["/10302"] = {"state": "adopted"}
    assert listed(host.export("ut"))["adopted"] == ["10302"]
    assert listed(host.export("ut", review=everything))["adopted"] == ["10302"]
    assert states(host)["10302"] == "adopted"


def test_a_content_that_was_loaded_while_it_was_sent_is_offered_again(host, store, plugin):
    changed = loaded("10302", order_number="4711")
    plugin.before_send = lambda _, item: item.id == "/10302" and store.load_invoices([changed])
    host.export("ut", review=everything)
    assert listed(host.export("ut")) == {"ready": ["10302"]}


def test_what_went_before_an_error_stays(host, plugin):
    def fail(_, item):
        if item.id == "/10302":
            raise ZeroDivisionError

    plugin.after_send = fail
    with pytest.raises(ZeroDivisionError):
        host.export("ut", review=everything)
    assert states(host) == {"10301": "sent", "10302": "intended", "10303": "new"}
    [run, *_] = host.export_runs("ut")
    assert (run.state, run.error_code, listed(run)["unknown"]) == ("failed", "INTERNAL", ["10302"])


def test_an_invoice_of_a_csv_file_is_never_exported(host, store):
    host.export("ut", review=everything)
    store.load_invoices([replace(loaded("10302"), content=None)])
    assert listed(host.export("ut")) == {}


# --- A plug-in that does not keep to the contract ----------------------------------------------


def intend(*ids):
    return lambda run: run.hook.opter_take_intents(run=run, item_ids=ids)


def plan(**fields):
    def change(plugin):
        plugin.plans["/10301"] = fields

    return change


BROKEN = {
    "a state that is unknown": plan(state="lost"),
    "an action that is unknown": plan(action="destroy"),
    "a total that is no decimal": plan(total=1.5),
    "an item that was not given": plan(id="/4711"),
    "an item planned twice": plan(id="/10302"),
    "a number that is too long": plan(number="1" * 201),
    "an intent before the review": lambda plugin: setattr(plugin, "before", intend("/10301")),
    "an intent that nobody chose": lambda plugin: setattr(
        plugin, "before_send", lambda run, _: intend("/10303")(run)
    ),
    "a result with an unknown state": lambda plugin: plugin.results.update(
        {"/10301": {"state": "lost"}}
    ),
    "a result of another item": lambda plugin: plugin.results.update({"/10301": {"id": "/4711"}}),
    "a gap that names another item": lambda plugin: setattr(
        plugin,
        "before",
        lambda run: run.hook.opter_take_gaps(run=run, gaps=[Gap("X", MISSING, ["/4711"])]),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_the_contract_is_refused(host, plugin, what):
    BROKEN[what](plugin)
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
    assert host.export_definitions()[0].company is None
    host.export("ut", review=everything)
    assert host.export_definitions()[0].company == COMPANY
    plugin.company = OTHER_COMPANY
    assert refusal(host.export, "ut") == "WRONG_COMPANY"


def test_the_company_of_another_region_is_refused(host, plugin, store):
    host.export("ut", review=everything)
    host.define_export("nord", "Fake", "invoices", "Nord", SETTINGS)
    store.load_invoices([loaded("1", region="Nord")])
    assert refusal(host.export, "nord", review=everything) == "COMPANY_OF_OTHER_REGION"


def test_an_export_shares_the_company_of_an_import(make_host):
    bank = FakePlugin(code="Bank")
    host = make_host(bank)
    host.define("in", "Bank", "API", "", {})
    bank.payments = [payment(1)]
    host.import_payments("in")
    host.save("in")
    host.define_export("ut", "Fake", "invoices", "", SETTINGS, company_of="in")
    assert host.export_definitions()[0].company == COMPANY


def test_another_definition_of_the_same_company_sends_nothing_twice(host, plugin):
    host.export("ut", review=everything)
    host.define_export("igen", "Fake", "invoices", "", SETTINGS)
    assert listed(host.export("igen")) == {}


def test_another_company_than_the_regions_is_refused(host, plugin):
    host.export("ut", review=everything)
    host.define_export("annan", "Fake", "invoices", "", SETTINGS)
    plugin.company = OTHER_COMPANY
    assert refusal(host.export, "annan") == "WRONG_COMPANY"


def test_books_that_know_the_invoices_already_are_refused(host, store, plugin):
    host.export("ut", review=everything)
    other = replace(host.export_definitions()[0], name="två", company=OTHER_COMPANY)
    store.add_definition(other)
    # Which of the two it is shows only when the plug-in has signed in.
    host.define_export("tre", "Fake", "invoices", "", SETTINGS)
    assert refusal(host.export, "tre") == "EXPORT_SAME_COMPANY"


# --- Two at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("second", ["ut", "igen"])
def test_a_second_export_of_the_definition_or_company_is_refused_before_it_reads(
    host, plugin, make_host, second
):
    host.export("ut", review=lambda *_: ["/10301"])
    host.define_export("igen", "Fake", "invoices", "", SETTINGS)
    codes, calls = [], []

    def review(preview, _):
        plugin.before = calls.append
        thread = threading.Thread(target=lambda: codes.append(refusal(make_host().export, second)))
        thread.start()
        thread.join()

    host.export("ut", review=review)
    assert (codes, calls) == (["EXPORT_RUNNING"], [])


def test_settings_are_not_changed_while_an_export_is_running(host, make_host):
    codes = []

    def review(*_):
        change = make_host().change
        thread = threading.Thread(
            target=lambda: codes.append(refusal(change, "ut", {"from": "2026-02-01"}))
        )
        thread.start()
        thread.join()

    host.export("ut", review=review)
    assert codes == ["EXPORT_RUNNING"]


def test_a_company_that_was_not_known_is_locked_when_it_is(host, plugin, make_host):
    host.define_export("igen", "Fake", "invoices", "", SETTINGS)
    codes = []

    def review(preview, _):
        plugin.before = lambda _: None
        thread = threading.Thread(target=lambda: codes.append(refusal(make_host().export, "igen")))
        thread.start()
        thread.join()

    host.export("ut", review=review)
    assert codes == ["EXPORT_RUNNING"]


# --- Taking back --------------------------------------------------------------------------------


def test_an_invoice_that_was_taken_back_is_offered_again_only_where_it_is_changed(
    host, plugin, store
):
    host.export("ut", review=everything)
    preview = host.cancel("ut", "10302")
    assert listed(preview) == {"cancelled": ["10302"]}
    assert plugin.events[-1] == ("cancelled", "/10302")
    assert [one.event for one in host.export_log("ut")][-2:] == ["cancelling", "cancelled"]
    assert listed(host.export("ut")) == {}
    # So that the change is not lost in silence: the plug-in says that it cannot be made.
    store.load_invoices([loaded("10302", order_number="4711")])
    assert listed(host.export("ut")) == {"ready": ["10302"]}


def test_what_is_booked_there_cannot_be_taken_back(host, plugin):
    host.export("ut", review=everything)
    plugin.results["/10302"] = {"state": "booked", "code": "BOOKED", "message": MISSING}
    assert listed(host.cancel("ut", "10302")) == {"booked": ["10302"]}
    assert states(host)["10302"] == "booked"


def test_what_was_not_exported_cannot_be_taken_back(host):
    assert refusal(host.cancel, "ut", "10302") == "NOT_EXPORTED"
    host.export("ut", review=lambda *_: ["/10301"])
    assert refusal(host.cancel, "ut", "10302") == "NOT_EXPORTED"


def test_a_plug_in_that_cannot_take_back_says_so(host, plugin):
    host.export("ut", review=everything)
    plugin.code = "Other"
    assert refusal(host.cancel, "ut", "10302") == "CANNOT_CANCEL"


# --- What is known ------------------------------------------------------------------------------


def test_periods_count_what_is_there_and_what_the_next_export_has(host, store):
    store.load_invoices([loaded("10304", period_closed=False)])
    host.export("ut", review=lambda *_: ["/10301"])
    found = host.export_periods("ut")
    assert [(p.month, p.closed, p.items, p.offered, p.exported) for p in found] == [
        ("2026-11", False, 1, 0, 0),
        ("2026-11", True, 3, 2, 1),
    ]  # fmt: skip


def test_past_exports_are_told_the_last_one_first(host):
    host.export("ut", review=everything)
    host.export("ut")
    assert [(one.state, one.counts["sent"]) for one in host.export_runs("ut")] == [
        ("previewed", 0),
        ("sent", 3),
    ]
