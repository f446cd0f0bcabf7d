"""A second host in memory, for tests of what our plug-in hands over."""

import contextlib
import threading
import webbrowser
from collections import defaultdict
from types import SimpleNamespace

from opter_contract import hookimpl


class Host:
    def __init__(self):
        self.state, self.locks = {}, defaultdict(threading.Lock)
        self.payments, self.excluded, self.stages = {}, [], []

    @hookimpl
    def opter_take_payments(self, run, payments):
        self.payments |= {payment.key.number: payment for payment in payments}
        return len(payments)

    @hookimpl
    def opter_take_excluded(self, run, excluded):
        self.excluded.extend(excluded)
        return len(excluded)

    @hookimpl
    def opter_take_deleted(self, run, payment_numbers):
        return len(payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self, run, company):
        return []

    @hookimpl
    def opter_known_invoices(self, run, invoice_numbers):
        return []

    @hookimpl
    def opter_progress(self, run, progress):
        self.stages.append(progress.stage)

    @hookimpl
    def opter_open_browser(self, run, url, on_redirect):
        threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
        return True

    @hookimpl
    def opter_get_state(self, run, key):
        return self.state.get(key)

    @hookimpl
    def opter_set_state(self, run, key, value):
        self.state[key] = value
        return True

    @hookimpl
    def opter_lock(self, run, key, timeout):
        return self.lock(key, timeout)

    @contextlib.contextmanager
    def lock(self, key, wait):
        got = self.locks[key].acquire(timeout=wait) if wait else self.locks[key].acquire(False)
        try:
            yield got
        finally:
            if got:
                self.locks[key].release()


class HostWithSecrets(Host):
    def __init__(self):
        super().__init__()
        self.secrets = {}

    @hookimpl
    def opter_get_secret(self, run, key):
        return self.secrets.get(key)

    @hookimpl
    def opter_set_secret(self, run, key, value):
        self.secrets[key] = value
        return True


def new_run(manager, settings, **more):
    run = SimpleNamespace(
        id="1", hook=manager.hook, type_code="FortnoxAPI", format="API",
        definition="Fortnox", settings=settings, company=None, cursor=None,
        default_currency="SEK", configuration={}, login_timeout=60.0,
    )  # fmt: skip
    run.__dict__.update(more)
    return run
