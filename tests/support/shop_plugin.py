"""A plug-in whose setting ``behave`` chooses what goes wrong, for the command line."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

from opter_contract import hookimpl
from opter_contract.values import (
    CheckedSettings,
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    Payment,
    PaymentKey,
    Progress,
    SettingsField,
    SettingsProblem,
    Text,
    WriteOff,
)

LABEL = Text("Butiken", "The shop")


class Failed(Exception):
    def __init__(self, code, kind):
        super().__init__(code)
        self.code, self.kind = code, kind
        self.message = Text(f"Det gick inte ({code}).", f"It did not work ({code}).")


def paid(number, invoice, amount, **values):
    return Payment(
        **{
            "key": PaymentKey("77", number),
            "source": "file",
            "invoice_number": invoice,
            "ocr": None,
            "date": date(2026, 2, int(number)),
            "amount": Decimal(amount),
            "currency": "SEK",
            "amount_currency": Decimal(amount),
            "exchange_rate": None,
        }
        | values
    )


PAYMENTS = [
    paid("1", "1001", "1000"),
    paid("2", "1002", "1234.5"),
    paid(
        "3",
        "1003",
        "1125",
        currency="EUR",
        exchange_rate=Decimal("11.250"),
        amount_currency=Decimal(100),
        write_offs=(WriteOff(Decimal("5.63"), "3740", "Avrundning"),),
    ),
    paid("4", "9999", "-0.5"),
]
OLD = paid("5", "17", "88")
TOO_OLD = ExcludedPayment(
    OLD.key, "before-date", Text("Äldre.", "Older."), OLD, OLD.amount, OLD.invoice_number
)


class Shop:
    @hookimpl
    def opter_import_types(self):
        return [ImportType("ShopAPI", ("API",), LABEL)]

    @hookimpl
    def opter_settings_fields(self, type_code):
        return [
            SettingsField("behave", "text", LABEL, LABEL),
            SettingsField("word", "text", LABEL, LABEL, secret=True),
        ]

    @hookimpl
    def opter_check_settings(self, type_code, values):
        problems = []
        if values.get("behave") == "nonsense":
            message = Text("Det går inte.", "Not possible.")
            problems.append(SettingsProblem("behave", "error", message))
        if values.get("word"):
            message = Text("Används inte.", "Is not used.")
            problems.append(SettingsProblem("word", "warning", message))
        return CheckedSettings(dict(values), tuple(problems))

    @hookimpl
    def opter_import_payments(self, run):
        behave = run.settings.get("behave", "")
        if behave.startswith("fail:"):
            raise Failed("SHOP_" + behave[5:].upper(), behave[5:])
        if behave == "bug":
            return {}["nothing"]
        if behave == "interrupt":
            raise KeyboardInterrupt
        if behave == "window":
            self._sign_in(run)
        return self._read(run)

    def _sign_in(self, run):
        done = threading.Event()

        def answered(address):
            if "state=right" not in address:
                return Text("Fel adress.", "Wrong address.")
            done.set()
            return None

        url = "http://login.example/"
        if run.hook.opter_open_browser(run=run, url=url, on_redirect=answered) != [True]:
            raise Failed("NO_WINDOW", "login")
        if not done.wait(run.login_timeout):
            raise Failed("NOBODY_CAME", "login")

    def _read(self, run):
        for done in range(1, 4):
            progress = Progress("reading", done, 3, Text("Läser.", "Reading."))
            run.hook.opter_progress(run=run, progress=progress)
        run.hook.opter_take_payments(run=run, payments=PAYMENTS)
        run.hook.opter_take_excluded(run=run, excluded=[TOO_OLD])
        return ImportReport(Company("77", "Butiken AB"), "2026-03-01", not_read=7, requests=3)

    @hookimpl
    def opter_exclusion_reasons(self, run, payments):
        return [None] * len(payments)


SHOP = Shop()
