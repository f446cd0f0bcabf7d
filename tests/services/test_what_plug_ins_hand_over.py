"""Every value that a plug-in hands to the host is one of the contract, or is refused as broken."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from fake_export import SETTINGS, FakeExport, exported_invoice, send_all
from fake_plugin import (
    OTHER_COMPANY,
    FakePlugin,
    Refused,
    balance,
    euro,
    excluded,
    hookimpl,
    payment,
    write_off,
)
from host_and_plugin import NOON, host_of, import_and_save, outcomes, preview_of, refusal

from hostsim.storage.history import HIDDEN
from opter_contract import BATCH
from opter_contract.values import Company, Progress, Text

HALF = "\ud800"
MESSAGE = Text("Läser.", "Reading.")
READING = Progress("reading", 1, None, MESSAGE)


def ignored(_answer):
    return None


#: What several hooks take: a batch of texts.
WRONG_BATCHES = {
    "None": None,
    "a generator": (number for number in "12"),
    "a text": "12",
    "bytes": [b"1"],
    "a number": [1],
    "None in it": ["1", None],
    "too many": ["1"] * 1001,
}

WRONG_BALANCES = {
    "NaN": replace(balance("1001", "1"), balance=Decimal("NaN")),
    "infinite": replace(balance("1001", "1"), total=Decimal("-Infinity")),
    "a float": replace(balance("1001", "1"), balance=1.5),
    "huge": replace(balance("1001", "1"), balance=Decimal("1E+999")),
    "of no amount": replace(balance("1001", "1"), balance=None),
    "of an integer": balance(1001, "1"),
    "of no customer": balance("1001", "1", customer_number=None),
    "no balance": SimpleNamespace(invoice_number="1001"),
    "nothing": None,
}

#: Beside other payments, or of a payment alone.
WRONG_PAYMENTS = {
    "too many": [payment(n, date=payment(1).date) for n in range(BATCH + 1)],
    "of no number": [payment("")],
    "of two companies": [payment(1), payment(2, company=OTHER_COMPANY)],
    "of no amount in its currency": [payment(1, "2001", currency="EUR", amount_currency=None)],
    "of no rate": [payment(1, "2001", currency="EUR", write_offs=(write_off("1"),))],
    "NaN": [payment(1, amount="NaN")],
    "a float": [replace(payment(1), amount=1.5)],
    "huge": [replace(payment(1), amount=Decimal("1E+999"))],
    "at a time": [replace(payment(1), date=NOON)],
    "of bytes as source": [payment(1, source=b"file")],
    "of an invoice as a number": [payment(1, invoice=1001)],
    "with an empty warning": [payment(1, warnings=[None])],
    "None in it": [None],
    "None": None,
    "one by one": iter([payment(1)]),
}

WRONG = [
    *[
        (hook, {name: batch}, f"{name} {what}")
        for hook, name in [
            ("opter_take_deleted", "payment_numbers"),
            ("opter_take_unchecked", "payment_numbers"),
            ("opter_known_invoices", "invoice_numbers"),
        ]
        for what, batch in WRONG_BATCHES.items()
    ],
    *[
        ("opter_take_balances", {"balances": [wrong]}, f"a balance {what}")
        for what, wrong in WRONG_BALANCES.items()
    ],
    ("opter_take_balances", {"balances": iter([])}, "balances one by one"),
    *[
        ("opter_take_payments", {"payments": batch}, f"payments {what}")
        for what, batch in WRONG_PAYMENTS.items()
    ],
    ("opter_take_excluded", {"excluded": [None]}, "an excluded that is none"),
    ("opter_take_excluded", {"excluded": iter([])}, "excluded one by one"),
    (
        "opter_take_excluded",
        {"excluded": [replace(excluded("x", payment(1)), reason=None)]},
        "no reason",
    ),
    (
        "opter_take_excluded",
        {"excluded": [replace(excluded("x", payment(1)), message=None)]},
        "no message",
    ),
    ("opter_payments_to_confirm", {"company": None}, "no company"),
    ("opter_invoices_to_check", {"company": Company(77, "Åkeriet AB")}, "a company by number"),
    ("opter_payments_to_check", {"company": Company("77", None)}, "a company without name"),
    ("opter_progress", {"progress": None}, "no progress"),
    ("opter_progress", {"progress": replace(READING, done="1")}, "a count as text"),
    ("opter_progress", {"progress": replace(READING, message=None)}, "progress without words"),
    ("opter_progress", {"progress": replace(READING, seconds_left=float("nan"))}, "no time left"),
    ("opter_open_browser", {"url": None, "on_redirect": ignored}, "no URL"),
    ("opter_get_state", {"key": None}, "no key"),
    ("opter_get_state", {"key": HALF}, "a key that cannot be written"),
    ("opter_set_state", {"key": "k", "value": 1}, "a state of a number"),
    ("opter_set_state", {"key": "k", "value": HALF}, "a state that cannot be written"),
    ("opter_get_secret", {"key": 1}, "a key of a number"),
    ("opter_set_secret", {"key": "k", "value": b"secret"}, "a secret of bytes"),
    ("opter_lock", {"key": None, "timeout": 0.0}, "a lock of no key"),
    ("opter_lock", {"key": "k", "timeout": "1"}, "a time as text"),
    ("opter_lock", {"key": "k", "timeout": float("nan")}, "a time that is no number"),
    ("opter_lock", {"key": "k", "timeout": 10**400}, "a time without end"),
]


@pytest.fixture
def during(store, plugin):
    """Call a hook of the host while a plug-in imports; return its answers."""

    def during(hook, **values):
        answers = []
        plugin.during = lambda run: answers.extend(getattr(run.hook, hook)(run=run, **values))
        host.import_payments("Fortnox")
        return answers

    host = host_of(store, plugin, window=lambda _url, _on_redirect: True)
    host.define("Fortnox", "Fake", "API", "", {})
    return during


@pytest.mark.parametrize(("hook", "values"), [one[:2] for one in WRONG], ids=[w[2] for w in WRONG])
def test_a_value_that_is_none_of_the_contract_is_refused_as_such(during, hook, values):
    refused = refusal(during, hook, **values)
    assert (refused.code, refused.kind) == ("CONTRACT_BROKEN", "internal")


def test_a_hook_without_a_run_is_refused_as_such(host, plugin):
    host.import_payments("Fortnox")
    hook = plugin.runs[0].hook.opter_get_state
    assert refusal(hook, run=None, key="k").code == "CONTRACT_BROKEN"


@pytest.mark.parametrize("hook", ["opter_take_deleted", "opter_take_unchecked"])
def test_a_number_that_no_database_can_keep_is_of_no_payment(during, hook):
    assert during(hook, payment_numbers=[HALF, "9" * 10_000, "a\0b\x1b"]) == [3]


def test_the_texts_of_a_balance_are_mended(during, store, plugin):
    plugin.unpaid = [balance("1001", "1", ocr=HALF, customer_number=f"K{HALF}", currency="\0\x1b")]
    during("opter_get_state", key="k")
    [row] = store.db.execute("SELECT customer, currency FROM run_balances").fetchall()
    assert (row["customer"], row["currency"]) == ("K?", "\0\x1b")


def test_what_has_a_default_in_the_contract_may_be_missing(host, plugin):
    written_off = euro(2, write_offs=(SimpleNamespace(amount=Decimal("1.00")),))
    names = ("key", "source", "invoice_number", "ocr", "date", "amount", "currency",
             "amount_currency", "exchange_rate")  # fmt: skip
    bare = SimpleNamespace(**{name: getattr(payment(1), name) for name in names})
    assert outcomes(preview_of(host, plugin, bare, written_off))["1"] == "exact"


def test_a_reason_that_is_no_text_is_refused_as_such(host, plugin):
    import_and_save(host, plugin, payment(1, "9999"))
    plugin.screening = lambda _payment: SimpleNamespace(reason="before-date", message=None)
    assert refusal(host.import_payments, "Fortnox").code == "CONTRACT_BROKEN"


REPORT = {"company": Company("77", "Åkeriet AB"), "cursor": "c", "not_read": 0, "requests": 1}


@pytest.mark.parametrize(
    "wrong",
    [{"company": None}, {"company": Company("77", 1)}, {"cursor": 1}, {"cursor": HALF},
     {"not_read": None}, {"requests": 1.5}, {"requests": 10**30}, {"notes": None},
     {"notes": [None]}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("hook", ["opter_import_payments", "opter_read_all_payments"])
def test_a_wrong_report_is_refused_as_such(store, plugin, hook, wrong):
    report = hookimpl(lambda run: SimpleNamespace(**REPORT | wrong))
    setattr(plugin, hook, report)
    host = host_of(store, plugin)
    host.define("Fortnox", "Fake", "API", "", {})
    acts = {"opter_import_payments": host.import_payments}

    def compare(name):
        with host.reconcile(name):
            pass

    assert refusal(acts.get(hook, compare), "Fortnox").code == "CONTRACT_BROKEN"


@pytest.mark.parametrize(
    "company", [Company(77, "Åkeriet AB"), SimpleNamespace(number="77")], ids=["number", "no name"]
)
def test_a_wrong_company_of_a_login_is_refused_as_such(host, plugin, company):
    plugin.opter_sign_in = hookimpl(lambda run: company)
    again = host_of(host.store, plugin)
    assert refusal(again.sign_in, "Fortnox").code == "CONTRACT_BROKEN"


def test_the_texts_of_a_report_are_mended(host, plugin):
    plugin.notes, plugin.company = [Text(HALF, HALF)], Company("77", f"{HALF}keriet")
    preview = host.import_payments("Fortnox")
    assert (preview.notes, preview.company.name) == ((Text("?", "?"),), "?keriet")


def test_the_failure_of_a_plug_in_is_its_own_whatever_it_says(host, plugin):
    def fail(_run):
        failure = Refused()
        failure.message = Text(HALF, HALF)
        raise failure

    plugin.during = fail
    with pytest.raises(Refused):
        host.import_payments("Fortnox")


# --- Settings ---

WORDS = Text("Fil", "File")


class Raising:
    """A value with every attribute, of which none can be read."""

    def __getattr__(self, name):
        raise RuntimeError("a secret")


def field(**changes):
    values = {"key": "file", "kind": "text", "label": WORDS, "help": WORDS}
    return SimpleNamespace(**values | changes)


def checked(values=(), problems=()):
    return SimpleNamespace(values=dict(values), problems=problems)


WRONG_FIELDS = {
    "a text": "file",
    "one by one": iter([field()]),
    "a number": 7,
    "None": [None],
    "another class": [object()],
    "raising": [Raising()],
    "a label of None": [field(label=None)],
    "a default that is no number": [field(default=float("nan"))],
    "a key that cannot be written": [field(key=HALF)],
    "choices one by one": [field(kind="choice", choices=iter([]))],
    "a choice of None": [field(kind="choice", choices=[None])],
}
WRONG_CHECKS = {
    "a text": "file",
    "a generator": iter([]),
    "another class": object(),
    "raising": Raising(),
    "values as pairs": SimpleNamespace(values=[("file", "1")], problems=()),
    "a value that is no number": checked({"file": float("nan")}),
    "a value that cannot be written": checked({"file": HALF}),
    "no problems": checked(problems=None),
    "problems one by one": checked(problems=iter([])),
    "a problem of None": checked(problems=[None]),
    "a problem that raises": checked(problems=[Raising()]),
    "a severity of None": checked(
        problems=[SimpleNamespace(key="file", severity=None, message=WORDS)]
    ),
    "an unknown severity": checked(
        problems=[SimpleNamespace(key="file", severity="fatal", message=WORDS)]
    ),
}


def host_that_is_answered(store, hook, answer):
    plugin = FakePlugin()
    setattr(plugin, hook, hookimpl(lambda: answer))
    return host_of(store, plugin, FakePlugin(code="Right"))


def is_told_of_itself_alone(host, act):
    refused = refusal(act)
    host.define("Right", "Right", "API", "", {"before": "2026-01-01"})
    return refused.code == "CONTRACT_BROKEN" and "secret" not in str(refused)


@pytest.mark.parametrize("answer", WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_fields_that_are_none_of_the_contract_are_refused_as_such(store, answer):
    host = host_that_is_answered(store, "opter_settings_fields", answer)
    assert is_told_of_itself_alone(host, lambda: host.settings_fields("Fake"))
    assert [one.key for one in host.settings_fields("Right")] == ["before"]


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("secret"), SystemExit(3), RecursionError()], ids=repr
)
def test_what_fails_when_asked_for_its_fields_is_told_and_nothing_of_it_is_stored(store, error):
    plugin = FakePlugin()
    host = host_of(store, plugin, FakePlugin(code="Right"))
    host.define("F", "Fake", "API", "", {"before": "2026-01-01"})

    def fail():
        raise error

    plugin.opter_settings_fields = hookimpl(fail)
    host = host_of(store, plugin, FakePlugin(code="Right"))
    assert is_told_of_itself_alone(host, lambda: host.change("F", {"before": "2026-02-02"}))
    assert refusal(host.define, "G", "Fake", "API", "", {}).code == "CONTRACT_BROKEN"
    assert [one.settings["before"] for one in store.definitions()] == ["2026-01-01"] * 2
    assert host.shown_settings("Fake", {"before": "2026-01-01"}) == {"before": HIDDEN}


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("secret"), SystemExit(3), RecursionError()], ids=repr
)
def test_what_fails_when_it_checks_settings_is_named_and_nothing_of_it_is_stored(store, error):
    def fail(values):
        raise error

    plugin = FakePlugin()
    plugin.opter_check_settings = hookimpl(fail)
    host = host_of(store, plugin, FakePlugin(code="Right"))
    refused = refusal(host.define, "F", "Fake", "API", "", {"before": "2026-01-01"})
    assert refused.code == "CONTRACT_BROKEN"
    failed = f"plugin0: opter_check_settings failed ({type(error).__name__})"
    assert failed in refused.message.en
    assert store.definitions() == []


def test_what_refuses_to_check_settings_gives_its_own_reason(store):
    class Refused(Exception):
        code, kind, message = "BUSY_THERE", "busy", WORDS

    def refuse(values):
        raise Refused

    plugin = FakePlugin()
    plugin.opter_check_settings = hookimpl(refuse)
    refused = refusal(host_of(store, plugin).define, "F", "Fake", "API", "", {})
    assert (refused.code, refused.kind) == ("BUSY_THERE", "busy")


def test_a_text_that_compares_as_it_likes_is_copied_as_a_plain_one(store):
    class Own(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            raise ZeroDivisionError

    host = host_that_is_answered(store, "opter_settings_fields", [field(key=Own("file"))])
    assert host.settings_fields("Fake")[0].key == "file"


@pytest.mark.parametrize("answer", WRONG_CHECKS.values(), ids=WRONG_CHECKS)
def test_checked_settings_that_are_none_of_the_contract_are_refused_as_such(store, answer):
    host = host_that_is_answered(store, "opter_check_settings", answer)
    assert is_told_of_itself_alone(host, lambda: host.define("F", "Fake", "API", "", {}))
    assert [one.name for one in store.definitions()] == ["Right"]


def test_settings_of_any_class_with_the_attributes_are_taken(store):
    class Own(FakePlugin):
        @hookimpl
        def opter_settings_fields(self):
            return (field(kind="choice", choices=[SimpleNamespace(value="a", label=WORDS)]),)

        @hookimpl
        def opter_check_settings(self, values):
            problem = SimpleNamespace(key="file", severity="warning", message=WORDS)
            return checked(values, [problem])

    host = host_of(store, Own())
    assert [one.choices[0].value for one in host.settings_fields("Fake")] == ["a"]
    assert [one.key for one in host.define("F", "Fake", "API", "", {"file": "a"})] == ["file"]


# --- Exports ---

WRONG_OF_EXPORTS = {
    "items one by one": ("opter_take_planned_items", {"items": iter([])}),
    "an item that is none": ("opter_take_planned_items", {"items": [None]}),
    "cards that are none": ("opter_take_planned_cards", {"cards": [None]}),
    "no cards": ("opter_take_planned_cards", {"cards": None}),
    "bank changes one by one": ("opter_take_bank_changes", {"changes": iter([])}),
    "a bank change that is none": ("opter_take_bank_changes", {"changes": [None]}),
    "no gap": ("opter_take_gaps", {"gaps": [None]}),
    "a gap of no items": ("opter_take_gaps", {"gaps": [SimpleNamespace(code="X", message=MESSAGE,
                                                                       ids=None)]}),
    "after no item": ("opter_items_to_export", {"after": ["/10301"]}),
    "a document of no item": ("opter_read_document", {"item_id": None}),
    "no company": ("opter_review_export", {"company": None, "timeout": 1.0}),
    "no time": ("opter_review_export", {"company": REPORT["company"], "timeout": None}),
    "time without end": (
        "opter_review_export", {"company": REPORT["company"], "timeout": float("inf")}
    ),
}  # fmt: skip
WRONG_WHILE_SENDING = {
    "no intents": ("opter_take_intents", {"item_ids": None}),
    "intents one by one": ("opter_take_intents", {"item_ids": iter(["/10301"])}),
    "an id as intents": ("opter_take_intents", {"item_ids": "1"}),
    "suppliers one by one": ("opter_confirmed_bank_changes", {"party_numbers": iter([])}),
    "a result that is none": ("opter_take_results", {"results": [None]}),
    "no results": ("opter_take_results", {"results": None}),
}


@pytest.fixture
def sending(store):
    plugin = FakeExport()
    store.load_invoices([exported_invoice()])
    host = host_of(store, plugin)
    host.define_export("ut", "Fake", "invoices", "", SETTINGS)
    return host, plugin


@pytest.mark.parametrize("what", WRONG_OF_EXPORTS)
def test_a_plan_that_is_none_of_the_contract_is_refused_as_such(sending, what):
    host, plugin = sending
    hook, values = WRONG_OF_EXPORTS[what]
    plugin.before = lambda run: getattr(run.hook, hook)(run=run, **values)
    assert refusal(host.export, "ut").code == "CONTRACT_BROKEN"


@pytest.mark.parametrize("what", WRONG_WHILE_SENDING)
def test_a_sending_that_is_none_of_the_contract_is_refused_as_such(sending, what):
    host, plugin = sending
    hook, values = WRONG_WHILE_SENDING[what]
    plugin.before_send = lambda run, _item: getattr(run.hook, hook)(run=run, **values)
    assert refusal(host.export, "ut", review=send_all).code == "CONTRACT_BROKEN"
