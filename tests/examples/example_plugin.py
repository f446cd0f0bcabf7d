"""A small import plug-in that keeps to the whole contract, and mutants that do not."""

from __future__ import annotations

import secrets
import socket
import threading
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlencode, urlsplit

from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    CheckedSettings,
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    Payment,
    PaymentKey,
    Progress,
    Reason,
    SettingsField,
    SettingsProblem,
    Text,
    WriteOff,
)

CODE = "Example"
COMPANY = Company("77", "Åkeriet AB")
TEXT = Text("Ett ord", "A word")


class Failed(Exception):
    def __init__(self, kind="internal", code="EXAMPLE"):
        super().__init__(code)
        self.code, self.kind, self.message = code, kind, Text("Det gick fel.", "It failed.")


def payment(number, amount="10", **values):
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


PAYMENTS = [
    payment(1, write_offs=(WriteOff(Decimal("-0.4"), "3740", "Öre"),)),
    payment(2, date=date(2025, 12, 31)),
    payment(3, "110", currency="EUR", amount_currency=Decimal(10), exchange_rate=Decimal(11)),
    *(payment(number, "1") for number in range(4, 600)),
]


def field(key, kind, default="", *, required=False):
    return SettingsField(key, kind, TEXT, TEXT, default, required)


FIELDS = (
    field("since", "date", required=True),
    field("least", "integer", "0"),
    field("loud", "boolean", "false"),
)


class WebLogin:
    """A login whose answer the host receives, where it is a web application."""

    def __init__(self, redirect_uri=""):
        self.state = secrets.token_urlsafe()
        self.redirect_uri = redirect_uri
        self.url = "https://example.com/login"
        if redirect_uri:
            self.url += f"?{urlencode({'redirect_uri': redirect_uri, 'state': self.state})}"
        self.answered = threading.Event()

    def receive(self, url):
        address, _, query = url.partition("?")
        state = parse_qs(query)["state"]
        if (address, state) != (self.redirect_uri, [self.state]) or self.answered.is_set():
            return TEXT
        self.answered.set()
        return None

    def wait(self):
        if self.redirect_uri and not self.answered.wait(10):
            raise Failed("login")


def answer(url):
    """Sign in at the URL of a :class:`WebLogin`; return where the browser is sent."""
    query = parse_qs(urlsplit(url).query)
    return f"{query['redirect_uri'][0]}?{urlencode({'code': '1', 'state': query['state'][0]})}"


class Example:
    """The correct plug-in that every mutant changes in one place."""

    types = (ImportType(CODE, ("API",), TEXT),)
    fields = FIELDS
    company = COMPANY
    report = ImportReport(COMPANY, None, 0, 0)

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
        known = {one.key: values.get(one.key, "").strip() or one.default for one in FIELDS}
        problems = [
            SettingsProblem(key, "error", TEXT)
            for key, value in known.items()
            if not self.is_valid(key, value)
        ]
        return CheckedSettings(self.to_store(known, values), problems)

    @hookimpl
    def opter_import_payments(self, run):
        if not self.ours(run.type_code):
            return None
        self.sign_in(run)
        self.report_progress(run)
        source = [(one, self.reason(run, one)) for one in self.source()]
        payments = [one for one, reason in source if reason is None]
        excluded = [self.excluded(one, reason) for one, reason in source if reason is not None]
        for start in range(0, len(payments), self.batch_size()):
            batch = payments[start : start + self.batch_size()]
            self.hand_over(run, "opter_take_payments", payments=batch)
            self.report_progress(run)
        self.hand_over(run, "opter_take_excluded", excluded=excluded)
        self.confirm(run)
        return self.report

    @hookimpl
    def opter_exclusion_reasons(self, run, payments):
        if not self.ours(run.type_code):
            return None
        return [self.reason_later(run, one) for one in payments]

    # --- What mutants override ---

    def ours(self, type_code):
        return type_code == CODE

    def is_valid(self, key, value):
        try:
            if key == "since":
                return date.fromisoformat(value).isoformat() == value
            return value in {"true", "false"} if key == "loud" else str(int(value)) == value
        except ValueError:
            return False

    def to_store(self, known, values):
        return known

    def source(self):
        return PAYMENTS

    def batch_size(self):
        return BATCH

    def reason(self, run, one):
        if one.date.isoformat() < run.settings["since"]:
            return Reason("before-date", TEXT)
        return None

    def reason_later(self, run, one):
        return self.reason(run, one)

    def excluded(self, one, reason):
        return ExcludedPayment(
            one.key, reason.reason, reason.message, one, one.amount, one.invoice_number
        )

    def sign_in(self, run):
        if run.company is not None and run.company.number != COMPANY.number:
            raise Failed("login")
        if self.is_nobody_there(run):
            raise Failed("login")
        login = self.web_login(run.redirect_uri)
        answers = run.hook.opter_open_browser(run=run, url=login.url, on_redirect=login.receive)
        if answers == [False]:
            self.without_browser(run)
        login.wait()

    def web_login(self, redirect_uri):
        return WebLogin(redirect_uri)

    def is_nobody_there(self, run):
        return not run.attended

    def without_browser(self, run):
        raise Failed("login")

    def report_progress(self, run):
        progress = Progress("reading", 0, None, TEXT)
        if True in run.hook.opter_progress(run=run, progress=progress):
            raise Failed("cancelled", "CANCELLED")

    def hand_over(self, run, hook, **batch):
        [items] = batch.values()
        if getattr(run.hook, hook)(run=run, **batch) != [len(items)]:
            raise Failed

    def confirm(self, run):
        by_number = {one.key.number: one for one in PAYMENTS}
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
    return lambda _self: [replace(PAYMENTS[0], **values), *PAYMENTS[1:]]


class MisspeltHook(Example):
    @hookimpl
    def opter_import_paymnets(self, run):
        """A misspelt hook."""


class RaisingOnNull(Example):
    def is_valid(self, key, value):
        if "\x00" in value:
            raise ValueError(value)
        return super().is_valid(key, value)


class NotCheckingAnswers(Example):
    def hand_over(self, run, hook, **batch):
        getattr(run.hook, hook)(run=run, **batch)


class CheckingPresence(Example):
    """Checks that there is an answer, and not its number."""

    def hand_over(self, run, hook, **batch):
        if not getattr(run.hook, hook)(run=run, **batch):
            raise Failed


class RaisingABug(Example):
    def hand_over(self, run, hook, **batch):
        [items] = batch.values()
        if getattr(run.hook, hook)(run=run, **batch) != [len(items)]:
            raise RuntimeError(hook)


class ReturningACursor(Example):
    """Returns a cursor with a row without a number."""

    report = ImportReport(COMPANY, "c", 0, 0)

    def excluded(self, one, reason):
        numberless = replace(one, key=PaymentKey(COMPANY.number, ""))
        return super().excluded(numberless, reason)


class IgnoringCancel(Example):
    def report_progress(self, run):
        progress = Progress("reading", 0, None, TEXT)
        run.hook.opter_progress(run=run, progress=progress)


class HandingOverAfterCancel(Example):
    """Stops, but hands over a payment first."""

    def report_progress(self, run):
        try:
            super().report_progress(run)
        except Failed:
            self.hand_over(run, "opter_take_payments", payments=[PAYMENTS[0]])
            raise


class Threaded(Example):
    def hand_over(self, run, hook, **batch):
        thread = threading.Thread(target=super().hand_over, args=[run, hook], kwargs=batch)
        thread.start()
        thread.join()


class RememberingRuns(Example):
    """Remembers an earlier run, and hands over less the second time."""

    def __init__(self):
        self.known = set()

    def source(self):
        fresh = [one for one in PAYMENTS if one.key not in self.known]
        self.known.update(one.key for one in fresh[:1])
        return fresh


class Mixing(Example):
    """Uses the latest run for all."""

    def sign_in(self, run):
        self.run = run
        self.barrier().wait(5)

    def barrier(self):
        return BARRIER if self.run.definition in "BC" else threading.Barrier(1)

    def hand_over(self, run, hook, **batch):
        super().hand_over(self.run, hook, **batch)


BARRIER = threading.Barrier(2)


class RequiringSecrets(Example):
    def sign_in(self, run):
        [_] = run.hook.opter_get_secret(run=run, key="login")


class ConfirmingOnce(Example):
    def confirm(self, run):
        for number in run.hook.opter_payments_to_confirm(run=run, company=COMPANY)[0]:
            self.hand_over(run, "opter_take_deleted", payment_numbers=[number])


class WaitingWithoutBrowser(Example):
    def without_browser(self, run):
        threading.Event().wait(run.login_timeout)
        super().without_browser(run)


class TakingAnyState(WebLogin):
    """Takes the answer of another login, and goes on waiting for its own."""

    def receive(self, url):
        super().receive(url)


class ListeningToo(WebLogin):
    def __init__(self, redirect_uri=""):
        super().__init__(redirect_uri)
        socket.create_server(("127.0.0.1", 0)).close()


class RefusingItsOwn(WebLogin):
    def receive(self, url):
        super().receive(url)
        return TEXT


WRONG_REPORT = ImportReport(Company("78", "X"), None, 0, 0)
BARE = ImportReport(COMPANY, 7, -1, 0)
NO_LABEL = ImportType(CODE, ("API",), Text("", "x"))
VALID = "test_its_payments_are_valid"
NO_BROWSER = "test_it_does_not_wait_for_a_person_whom_the_host_cannot_show_a_url"
WEB = "test_it_signs_in_at_the_own_address_of_a_web_application"
ACKNOWLEDGED = "test_a_batch_that_is_not_acknowledged_is_an_error"

MUTANTS = {
    "passing-over": (
        ReturningACursor,
        "test_no_cursor_is_returned_with_a_row_without_a_number",
    ),
    "misspelt": (MisspeltHook, "test_its_types_have_a_label_in_both_languages_and_a_format"),
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
    "refuses-all": (mutant(is_valid=lambda *_: False), "test_valid_settings_are_accepted"),
    "not-idempotent": (
        mutant(to_store=lambda _self, known, _values: known | {"least": known["least"] + "0"}),
        "test_checked_settings_do_not_change_when_checked_again",
    ),
    "wrong-default": (
        mutant(fields=(FIELDS[0], field("least", "integer", "none"))),
        "test_defaults_are_accepted",
    ),
    "accepts-all": (
        mutant(is_valid=lambda *_: True),
        "test_an_invalid_value_is_refused_for_its_field",
    ),
    "not-required": (
        mutant(is_valid=lambda self, key, value: not value or Example.is_valid(self, key, value)),
        "test_a_missing_required_field_is_refused",
    ),
    "asks-nobody": (
        mutant(is_nobody_there=lambda *_: False),
        "test_an_unattended_run_asks_nobody_and_waits_for_nobody",
    ),
    "raising": (RaisingOnNull, "test_no_value_makes_the_check_raise"),
    "stores-all": (
        mutant(to_store=lambda _self, known, values: {**values, **known}),
        "test_an_unknown_field_is_never_stored",
    ),
    "nothing": (mutant(source=lambda _self: []), "test_it_imports_a_payment"),
    "float": (mutant(source=first(amount=10.0)), VALID),
    "nan": (mutant(source=first(amount=Decimal("NaN"))), VALID),
    "date-with-time": (mutant(source=first(date=datetime(2026, 2, 1))), VALID),  # noqa: DTZ001
    "currency": (mutant(source=first(currency="kr")), VALID),
    "rate-of-sek": (mutant(source=first(exchange_rate=Decimal(1))), VALID),
    "no-rate": (mutant(source=first(currency="EUR")), VALID),
    "rate-of-nothing": (
        mutant(source=first(currency="EUR", exchange_rate=Decimal(0))),
        VALID,
    ),
    "two-amounts": (mutant(source=first(amount_currency=Decimal(11))), VALID),
    "no-number": (mutant(source=first(key=PaymentKey("77", ""))), VALID),
    "write-off": (
        mutant(source=first(write_offs=(WriteOff(1.0, "", ""),))),
        VALID,
    ),
    "no-reason": (
        mutant(
            excluded=lambda _self, one, _why: ExcludedPayment(
                one.key, "", TEXT, one, one.amount, ""
            )
        ),
        "test_its_excluded_payments_are_valid",
    ),
    "twice": (
        mutant(source=lambda _self: [*PAYMENTS, PAYMENTS[0]]),
        "test_no_payment_is_handed_over_twice",
    ),
    "large": (
        mutant(batch_size=lambda _self: BATCH + 1),
        "test_no_batch_is_larger_than_the_contract_allows",
    ),
    "company": (
        mutant(report=WRONG_REPORT),
        "test_the_report_is_of_the_company_of_the_payments",
    ),
    "report": (mutant(report=BARE), "test_the_report_is_of_the_company_of_the_payments"),
    "silent": (
        mutant(report_progress=lambda *_: None),
        "test_progress_is_reported_in_both_languages",
    ),
    "threaded": (Threaded, "test_hooks_are_called_from_the_thread_of_the_import"),
    "forgetful": (RememberingRuns, "test_a_second_run_hands_over_the_same"),
    "unscreened": (
        mutant(reason_later=lambda *_: None),
        "test_exclusion_reasons_agree_with_what_an_import_excludes",
    ),
    "careless": (NotCheckingAnswers, ACKNOWLEDGED),
    "trusting": (CheckingPresence, ACKNOWLEDGED),
    "speechless": (RaisingABug, ACKNOWLEDGED),
    "deaf": (IgnoringCancel, "test_it_stops_when_it_is_cancelled"),
    "late": (HandingOverAfterCancel, "test_it_stops_when_it_is_cancelled"),
    "asking-once": (ConfirmingOnce, "test_each_payment_to_confirm_is_handed_over_or_deleted"),
    "mixing": (Mixing, "test_two_concurrent_runs_do_not_mix"),
    "keeping": (RequiringSecrets, "test_a_host_with_the_required_hooks_alone_is_enough"),
    "waiting-without-browser": (WaitingWithoutBrowser, NO_BROWSER),
    "no-browser-ignored": (mutant(without_browser=lambda *_: None), NO_BROWSER),
    "no-browser-is-a-bug": (mutant(without_browser=lambda *_: 1 / 0), NO_BROWSER),
    "another-address": (mutant(web_login=lambda _self, uri: WebLogin(uri and uri + "/x")), WEB),
    "any-state": (mutant(web_login=lambda _self, uri: TakingAnyState(uri)), WEB),
    "listening": (mutant(web_login=lambda _self, uri: ListeningToo(uri)), WEB),
    "refusing-its-own": (mutant(web_login=lambda _self, uri: RefusingItsOwn(uri)), WEB),
    "any-company": (mutant(sign_in=lambda *_: None), "test_another_company_is_refused"),
}
