"""Every fault of the sandbox at the refresh of a kept login.

The import goes on, or asks for one login, or ends with an error; and never is
anybody asked a second time.
"""

from __future__ import annotations

import pytest
import stored_login_office
from stored_login_office import TOKEN
from stored_login_process import nobody, session

from opter_fortnox_plugin.fortnox.http import Transport
from tests.end_to_end.test_faults import ANSWER_LOST, FOR_EVER, HURRIED, ONCE, AnswerGoesWrong

sandbox, store = stored_login_office.sandbox, stored_login_office.store
office, signed_in = stored_login_office.office, stored_login_office.signed_in


class Impatient(Transport):
    """Gives its first answer little time, once the fault has struck."""

    def __init__(self, struck):
        super().__init__()
        self._first = Transport(**HURRIED)
        self._first.sent = struck

    def send(self, *where, **what):
        first, self._first = self._first, None
        if first is None:
            return super().send(*where, **what)
        try:
            return first.send(*where, **what)
        finally:
            first.close()


def disturb(office, fault):
    what = AnswerGoesWrong(fault)
    what.happen(office.sandbox, TOKEN)
    first = iter([Impatient(lambda: what.missed(office.sandbox))])
    # The imports after it are given the time that a busy machine needs.
    office.host = office.opened_with(lambda: next(first, None) or Transport())


@pytest.mark.parametrize("name", ONCE)
def test_a_fault_that_passes_costs_no_login(signed_in, name):
    disturb(signed_in, ONCE[name])
    assert [signed_in.logins() for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("name", ANSWER_LOST)
def test_an_answer_that_is_lost_costs_one_login(signed_in, name):
    disturb(signed_in, ANSWER_LOST[name])
    assert [signed_in.logins() for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("name", FOR_EVER)
def test_a_fault_that_stays_is_an_error_and_costs_one_login_at_most(signed_in, name):
    disturb(signed_in, FOR_EVER[name])
    assert signed_in.failure() == ("NOT_FORTNOX" if name == "html" else "FORTNOX_UNAVAILABLE")
    signed_in.sandbox.faults.clear()
    assert [signed_in.logins() for _ in range(2)] == [int(FOR_EVER[name].performed), 0]


@pytest.mark.parametrize("name", ["FORTNOX_CLIENT_ID", "FORTNOX_AUTH_URL"])
def test_a_login_is_kept_for_its_client_and_its_address_alone(signed_in, name):
    environment = signed_in.sandbox.environment()
    changed = environment | {name: environment[name].replace("127.0.0.1", "localhost") + "x"}
    transport = Transport()
    signed_in.sandbox.asked.clear()
    with (
        pytest.raises(AssertionError, match="asked to sign in"),
        session(signed_in.store, changed, transport, nobody),
    ):
        pass
    transport.close()
    assert signed_in.sandbox.asked == []
    assert signed_in.logins() == 0
