"""A signal while Fortnox answers with tokens: they are revoked, or kept, before it goes on."""

from __future__ import annotations

import signal
import sys
import threading
from concurrent.futures import Future

import pytest
import stored_login_office
from fortnox import configuration, response, tokens
from scripted_import import NAME

from opter_contract.programs import signals
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.login import tokens as login_tokens
from opter_fortnox_plugin.login.oauth import Tokens
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint, finish_despite_interrupt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a signal to one thread")

sandbox, store = stored_login_office.sandbox, stored_login_office.store
office, signed_in = stored_login_office.office, stored_login_office.signed_in


def interrupt(number=signal.SIGINT):
    signal.pthread_kill(threading.main_thread().ident, number)


class Wire:
    """Fortnox, which answers a token request when we have been told to end."""

    def __init__(self, number):
        self.number, self.asked = number, []

    def send(self, method, address, *, form, **_):
        path = address.rpartition("/")[2]
        self.asked.append((path, form.get("token")))
        if path == "revoke":
            return response(200, {"revoked": True})
        interrupt(self.number)
        return response(200, tokens("acc-tw0", "refr-tw0"))

    @property
    def endpoint(self):
        return TokenEndpoint(self, configuration(), None)


@pytest.mark.usefixtures("in_a_terminal")
@pytest.mark.parametrize("told", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_what_a_code_gave_is_revoked_before_the_interruption_goes_on(told):
    wire = Wire(signal.Signals[told])
    with signals.ending(), pytest.raises(KeyboardInterrupt):
        wire.endpoint.exchange("c0de")
    assert wire.asked == [("token", None), ("revoke", "refr-tw0")]


def test_after_a_refresh_that_was_interrupted_the_next_refresh_token_is_revoked():
    wire = Wire(signal.SIGINT)
    login = SignedIn(wire.endpoint, Tokens("acc-0ne", "refr-0ne"))
    with signals.ending():
        with pytest.raises(KeyboardInterrupt):
            login.renew("acc-0ne")
        login.sign_out()
    assert wire.asked == [("token", None), ("revoke", "refr-tw0")]


def test_a_kept_login_outlives_a_refresh_that_was_interrupted(signed_in):
    class Interrupting(Transport):
        def send(self, method, address, **what):
            answer = super().send(method, address, **what)
            if address.endswith("/token"):
                interrupt()
            return answer

    host = signed_in.opened_with(Interrupting)
    with signals.ending(), pytest.raises(KeyboardInterrupt):
        host.import_payments(NAME)
    assert signed_in.logins() == 0
    assert signed_in.alive == 1


def test_nor_does_it_end_where_its_next_token_was_being_stored(signed_in):
    host, told = signed_in.opened_with(), []
    put = host._secrets.put

    def interrupted(*what):
        if not told:
            told.append(True)
            interrupt()
        put(*what)

    host._secrets.put = interrupted
    with signals.ending(), pytest.raises(KeyboardInterrupt):
        host.import_payments(NAME)
    assert (told, signed_in.logins(), signed_in.alive) == ([True], 0, 1)


def test_who_insists_does_not_wait_for_the_answer(monkeypatch):
    class Interrupted(Future):
        """One whose wait is always interrupted: two signals in time cannot be had reliably."""

        def result(self, timeout=None):
            raise KeyboardInterrupt

        exception = result

    monkeypatch.setattr(login_tokens, "Future", Interrupted)
    answered, got = threading.Event(), []
    with pytest.raises(KeyboardInterrupt):
        finish_despite_interrupt(answered.wait, got.append)
    answered.set()
    assert got == []


def test_an_error_is_not_mistaken_for_an_interruption():
    got = []
    with pytest.raises(ZeroDivisionError):
        finish_despite_interrupt(lambda: 1 // 0, got.append)
    assert got == []
