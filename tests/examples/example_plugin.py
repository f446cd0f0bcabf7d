"""A small import plug-in that keeps to the whole contract, and mutants that do not."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pluggy
from fake_plugin import ExcludedPayment

from opter_contract.values import Company, Payment, PaymentKey, Text, WriteOff

hookimpl = pluggy.HookimplMarker("opter")

CODE = "Example"
COMPANY = Company("77", "Åkeriet AB")
WORD = Text("Ett ord", "A word")


class Failed(Exception):
    def __init__(self, kind="internal", code="EXAMPLE"):
        super().__init__(code)
        self.code, self.kind, self.message = code, kind, Text("Det gick fel.", "It failed.")


def money(number, amount="10", **values):
    sek = Decimal(amount)
    defaults = {
        "key": PaymentKey(COMPANY.number, str(number)),
        "source": "file",
        "invoice_number": "1001",
        "ocr": None,
        "date": date(2026, 2, 1),
        "amount": sek,
        "currency": "SEK",
        "amount_currency": sek,
        "exchange_rate": None,
    }
    return Payment(**defaults | values)


BOOKS = [
    money(1, write_offs=(WriteOff(Decimal("-0.4"), "3740", "Öre"),)),
    money(2, date=date(2025, 12, 31)),
    money(3, "110", currency="EUR", amount_currency=Decimal(10), exchange_rate=Decimal(11)),
    *(money(number, "1") for number in range(4, 600)),
]


def field(key, kind, default="", *, required=False):
    return SimpleNamespace(
        key=key, kind=kind, label=WORD, help=WORD, default=default, required=required, secret=False
    )


FIELDS = (
    field("since", "date", required=True),
    field("least", "integer", "0"),
    field("loud", "boolean", "false"),
)


class Example:
    """What every mutant changes one thing of."""

    types = (SimpleNamespace(code=CODE, formats=("API",), label=WORD),)
    fields = FIELDS
    company = COMPANY
    report = SimpleNamespace(company=COMPANY, cursor=None, not_read=0, requests=0)

    @hookimpl
    def opter_import_types(self):
        return self.types

    @hookimpl
    def opter_settings_fields(self, type_code):
        return self.fields if self.ours(type_code) else None

    @hookimpl
    def opter_check_settings(self, type_code, values):
        if not self.ours(type_code):
            return None
        kept = {one.key: values.get(one.key, "").strip() or one.default for one in FIELDS}
        problems = [
            SimpleNamespace(key=key, severity="error", message=WORD)
            for key, value in kept.items()
            if not self.fine(key, value)
        ]
        return SimpleNamespace(values=self.stored(kept, values), problems=problems)

    @hookimpl
    def opter_import_payments(self, run):
        if not self.ours(run.type_code):
            return None
        self.sign_in(run)
        self.ask_whether_to_go_on(run)
        books = [(one, self.why(run, one)) for one in self.books()]
        payments = [one for one, why in books if why is None]
        excluded = [self.excluded(one, why) for one, why in books if why is not None]
        for start in range(0, len(payments), self.batch()):
            batch = payments[start : start + self.batch()]
            self.hand_over(run, "opter_take_payments", payments=batch)
            self.ask_whether_to_go_on(run)
        self.hand_over(run, "opter_take_excluded", excluded=excluded)
        self.confirm(run)
        return self.report

    @hookimpl
    def opter_exclusion_reasons(self, run, payments):
        if not self.ours(run.type_code):
            return None
        return [self.screened(run, one) for one in payments]

    # --- What mutants do otherwise ---

    def ours(self, type_code):
        return type_code == CODE

    def fine(self, key, value):
        try:
            if key == "since":
                return date.fromisoformat(value).isoformat() == value
            return value in {"true", "false"} if key == "loud" else str(int(value)) == value
        except ValueError:
            return False

    def stored(self, kept, values):
        return kept

    def books(self):
        return BOOKS

    def batch(self):
        return 500

    def why(self, run, one):
        if one.date.isoformat() < run.settings["since"]:
            return SimpleNamespace(reason="before-date", message=WORD)
        return None

    def screened(self, run, one):
        return self.why(run, one)

    def excluded(self, one, why):
        return ExcludedPayment(
            one.key, why.reason, why.message, one, one.amount, one.invoice_number
        )

    def sign_in(self, run):
        if run.company is not None and run.company.number != COMPANY.number:
            raise Failed("login")
        address = "https://example.com/login"
        answers = run.hook.opter_open_browser(run=run, url=address, on_redirect=lambda _: None)
        if answers == [False]:
            self.nobody(run)

    def nobody(self, run):
        raise Failed("login")

    def ask_whether_to_go_on(self, run):
        word = SimpleNamespace(stage="reading", done=0, total=None, message=WORD)
        if True in run.hook.opter_progress(run=run, progress=word):
            raise Failed("cancelled", "CANCELLED")

    def hand_over(self, run, hook, **batch):
        [items] = batch.values()
        if getattr(run.hook, hook)(run=run, **batch) != [len(items)]:
            raise Failed

    def confirm(self, run):
        by_number = {one.key.number: one for one in BOOKS}
        while numbers := run.hook.opter_payments_to_confirm(run=run, company=COMPANY)[0]:
            for number in numbers:
                if number in by_number:
                    self.hand_over(run, "opter_take_payments", payments=[by_number[number]])
                else:
                    self.hand_over(run, "opter_take_deleted", payment_numbers=[number])


# --- Mutants: what is changed, and the test that must notice ---------------------


def mutant(**changed):
    return type("Mutant", (Example,), changed)


def first(**values):
    """Change the first payment."""
    return lambda _self: [replace(BOOKS[0], **values), *BOOKS[1:]]


class NotOne(Example):
    @hookimpl
    def opter_import_paymnets(self, run):
        """A misspelt hook."""


class Raising(Example):
    def fine(self, key, value):
        if "\x00" in value:
            raise ValueError(value)
        return super().fine(key, value)


class Careless(Example):
    def hand_over(self, run, hook, **batch):
        getattr(run.hook, hook)(run=run, **batch)


class Trusting(Example):
    """Looks whether there is an answer, and not at the number."""

    def hand_over(self, run, hook, **batch):
        if not getattr(run.hook, hook)(run=run, **batch):
            raise Failed


class Speechless(Example):
    def hand_over(self, run, hook, **batch):
        [items] = batch.values()
        if getattr(run.hook, hook)(run=run, **batch) != [len(items)]:
            raise RuntimeError(hook)


class PassingOver(Example):
    """Does not read a row without a number again."""

    report = SimpleNamespace(company=COMPANY, cursor="c", not_read=0, requests=0)

    def excluded(self, one, why):
        nameless = replace(one, key=PaymentKey(COMPANY.number, ""))
        return super().excluded(nameless, why)


class Deaf(Example):
    def ask_whether_to_go_on(self, run):
        word = SimpleNamespace(stage="reading", done=0, total=None, message=WORD)
        run.hook.opter_progress(run=run, progress=word)


class Late(Example):
    """Stops, but hands over first what it has."""

    def ask_whether_to_go_on(self, run):
        try:
            super().ask_whether_to_go_on(run)
        except Failed:
            self.hand_over(run, "opter_take_payments", payments=[BOOKS[0]])
            raise


class Threaded(Example):
    def hand_over(self, run, hook, **batch):
        thread = threading.Thread(target=super().hand_over, args=[run, hook], kwargs=batch)
        thread.start()
        thread.join()


class Forgetful(Example):
    """Keeps in itself what belongs to a run, so that it hands over less the second time."""

    def __init__(self):
        self.seen = set()

    def books(self):
        fresh = [one for one in BOOKS if one.key not in self.seen]
        self.seen.update(one.key for one in fresh[:1])
        return fresh


class Mixing(Example):
    """Remembers the latest run for all."""

    def sign_in(self, run):
        self.run = run
        self.barrier().wait(5)

    def barrier(self):
        return BARRIER if self.run.definition in "BC" else threading.Barrier(1)

    def hand_over(self, run, hook, **batch):
        super().hand_over(self.run, hook, **batch)


BARRIER = threading.Barrier(2)


class Silent(Example):
    def ask_whether_to_go_on(self, run):
        pass


class Keeping(Example):
    def sign_in(self, run):
        [_] = run.hook.opter_get_secret(run=run, key="login")


class AskingOnce(Example):
    def confirm(self, run):
        for number in run.hook.opter_payments_to_confirm(run=run, company=COMPANY)[0]:
            self.hand_over(run, "opter_take_deleted", payment_numbers=[number])


class WaitingForNobody(Example):
    def nobody(self, run):
        threading.Event().wait(run.login_timeout)
        super().nobody(run)


WRONG_REPORT = SimpleNamespace(company=Company("78", "X"), cursor=None, not_read=0, requests=0)
BARE = SimpleNamespace(company=COMPANY, cursor=7, not_read=-1, requests=0)
NO_LABEL = SimpleNamespace(code=CODE, formats=("API",), label=Text("", "x"))
PAYMENTS = "test_its_payments_are_valid"
NOBODY = "test_it_does_not_wait_for_a_person_whom_the_host_cannot_show_a_url"
ACKNOWLEDGED = "test_a_batch_that_is_not_acknowledged_is_an_error"

MUTANTS = {
    "passing-over": (
        PassingOver,
        "test_no_cursor_is_returned_with_a_row_without_a_number",
    ),
    "misspelt": (NotOne, "test_its_types_have_a_label_in_both_languages_and_a_format"),
    "no-label": (
        mutant(types=(NO_LABEL,)),
        "test_its_types_have_a_label_in_both_languages_and_a_format",
    ),
    "everybodys": (
        mutant(ours=lambda _self, _type: True),
        "test_it_ignores_a_type_of_another_plug_in",
    ),
    "field-kind": (
        mutant(fields=(*FIELDS, field("colour", "colour"))),
        "test_its_fields_are_complete_in_both_languages",
    ),
    "field-twice": (
        mutant(fields=(*FIELDS, FIELDS[1])),
        "test_its_fields_are_complete_in_both_languages",
    ),
    "refuses-all": (mutant(fine=lambda *_: False), "test_valid_settings_are_accepted"),
    "not-idempotent": (
        mutant(stored=lambda _self, kept, _values: kept | {"least": kept["least"] + "0"}),
        "test_checked_settings_do_not_change_when_checked_again",
    ),
    "wrong-preset": (
        mutant(fields=(FIELDS[0], field("least", "integer", "none"))),
        "test_defaults_are_accepted",
    ),
    "accepts-all": (mutant(fine=lambda *_: True), "test_an_invalid_value_is_refused_for_its_field"),
    "not-required": (
        mutant(fine=lambda self, key, value: not value or Example.fine(self, key, value)),
        "test_a_missing_required_field_is_refused",
    ),
    "raising": (Raising, "test_no_value_makes_the_check_raise"),
    "stores-all": (
        mutant(stored=lambda _self, kept, values: {**values, **kept}),
        "test_an_unknown_field_is_never_stored",
    ),
    "nothing": (mutant(books=lambda _self: []), "test_it_imports_a_payment"),
    "float": (mutant(books=first(amount=10.0)), PAYMENTS),
    "nan": (mutant(books=first(amount=Decimal("NaN"))), PAYMENTS),
    "date-with-time": (mutant(books=first(date=datetime(2026, 2, 1))), PAYMENTS),  # noqa: DTZ001
    "currency": (mutant(books=first(currency="kr")), PAYMENTS),
    "rate-of-sek": (mutant(books=first(exchange_rate=Decimal(1))), PAYMENTS),
    "no-rate": (mutant(books=first(currency="EUR")), PAYMENTS),
    "rate-of-nothing": (
        mutant(books=first(currency="EUR", exchange_rate=Decimal(0))),
        PAYMENTS,
    ),
    "two-amounts": (mutant(books=first(amount_currency=Decimal(11))), PAYMENTS),
    "no-number": (mutant(books=first(key=PaymentKey("77", ""))), PAYMENTS),
    "write-off": (mutant(books=first(write_offs=(WriteOff(1.0, "", ""),))), PAYMENTS),
    "no-reason": (
        mutant(
            excluded=lambda _self, one, _why: ExcludedPayment(
                one.key, "", WORD, one, one.amount, ""
            )
        ),
        "test_its_excluded_payments_are_valid",
    ),
    "twice": (
        mutant(books=lambda _self: [*BOOKS, BOOKS[0]]),
        "test_no_payment_is_handed_over_twice",
    ),
    "large": (mutant(batch=lambda _self: 501), "test_no_batch_is_larger_than_the_contract_allows"),
    "company": (
        mutant(report=WRONG_REPORT),
        "test_the_report_is_of_the_company_of_the_payments",
    ),
    "report": (mutant(report=BARE), "test_the_report_is_of_the_company_of_the_payments"),
    "silent": (Silent, "test_progress_is_reported_in_both_languages"),
    "threaded": (Threaded, "test_hooks_are_called_from_the_thread_of_the_import"),
    "forgetful": (Forgetful, "test_a_second_run_hands_over_the_same"),
    "unscreened": (
        mutant(screened=lambda *_: None),
        "test_exclusion_reasons_agree_with_what_an_import_excludes",
    ),
    "careless": (Careless, ACKNOWLEDGED),
    "trusting": (Trusting, ACKNOWLEDGED),
    "speechless": (Speechless, ACKNOWLEDGED),
    "deaf": (Deaf, "test_it_stops_when_it_is_cancelled"),
    "late": (Late, "test_it_stops_when_it_is_cancelled"),
    "asking-once": (AskingOnce, "test_each_payment_to_confirm_is_handed_over_or_deleted"),
    "mixing": (Mixing, "test_two_concurrent_runs_do_not_mix"),
    "keeping": (Keeping, "test_a_host_with_the_required_hooks_alone_is_enough"),
    "waiting-for-nobody": (WaitingForNobody, NOBODY),
    "window-unseen": (mutant(nobody=lambda *_: None), NOBODY),
    "nobody-is-a-bug": (mutant(nobody=lambda *_: 1 / 0), NOBODY),
    "any-company": (mutant(sign_in=lambda *_: None), "test_another_company_is_refused"),
}
