"""Every fault of the sandbox at every request of an import.

The result is that of an undisturbed import, or a clear error with its exit
status: then nothing was done, and the next import gives what it would have given.
"""

from dataclasses import replace
from itertools import count

import pytest
from scripted_import import Script, ask_for_small_pages, damage, kept

from hostsim.sandbox import Fault
from opter_fortnox_plugin.transport import Transport

LOGIN, PERMISSION, UNAVAILABLE = 3, 4, 5

#: Before this request the access token has expired in any case, so that there is a refresh.
EXPIRES_AT = 5

#: Seconds; a request that nothing disturbs is given time, also on a busy machine.
PATIENT = {"connect": 10.0, "read": 20.0, "total": 30.0}
HURRIED = {"connect": 10.0, "read": 0.2, "total": 0.4}


@pytest.fixture(scope="module", autouse=True)
def _small_pages():
    with pytest.MonkeyPatch.context() as patch:
        ask_for_small_pages(patch)
        yield


class Line:
    """The wire of an import, with something that happens before one of its requests.

    :param at: the number of the request, counted from 0; ``None`` for never.
    """

    def __init__(self, sandbox, at=None, disturb=None):
        self._sandbox, self._at, self._disturb = sandbox, at, disturb
        self._patient, self._hurried = Transport(**PATIENT), Transport(**HURRIED)
        self._sent = count()
        self.requests = []

    def send(self, method, address, **what):
        place = next(self._sent)
        self.requests.append(_name(address, what.get("form")))
        if place == EXPIRES_AT:
            self._sandbox.state.expire_access_tokens()
        if place != self._at:
            return self._patient.send(method, address, **what)
        self._disturb(self._sandbox)
        return self._hurried.send(method, address, **what)

    def itself(self):
        """Stand where the importer makes its transport."""
        return self

    def break_off(self):
        self._patient.break_off()
        self._hurried.break_off()

    def close(self):
        self._patient.close()
        self._hurried.close()


def _name(address, form):
    path = address.partition("/oauth-v1/")[2] or address.partition("/3/")[2]
    return {"authorization_code": "code", "refresh_token": "refresh"}.get(
        (form or {}).get("grant_type"), path
    )


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    script = Script(tmp_path_factory.mktemp("faults"))
    with script.sandbox() as sandbox:
        line = Line(sandbox)
        script.undisturbed = script.run(sandbox, script.copy(), line.itself)
    script.requests = line.requests
    return script


@pytest.fixture
def sandbox(script):
    with script.sandbox() as sandbox:
        yield sandbox


def disturbed_everywhere(script, sandbox, disturb, expected, mend=lambda sandbox: None):
    """Disturb each request in turn; give a line for each import that did not end as it should.

    :param expected: tells, by the number of the request, the exit status that is right.
    """
    wrong = []
    for at, name in enumerate(script.requests):
        path = script.copy()
        outcome = script.run(sandbox, path, Line(sandbox, at, disturb).itself)
        sandbox.faults.clear()
        mend(sandbox)
        told = f"request {at} ({name}): exit status {outcome.status}, not {expected(at)}"
        if outcome.status != expected(at):
            wrong.append(told)
        if outcome.status:
            if kept(path) != script.before:
                wrong.append(f"{told}; the failure left something half done")
            outcome = script.run(sandbox, path, Line(sandbox).itself)
        if outcome != script.undisturbed:
            wrong.append(f"{told}; then {_difference(outcome, script.undisturbed)}")
        if found := damage(path):
            wrong.append(f"{told}; the database is damaged: {found}")
    return wrong


def _difference(outcome, other):
    if outcome.preview is None:
        return f"the next import ended with exit status {outcome.status}"
    if outcome.preview != other.preview:
        return f"the preview counts {outcome.preview['counts']}"
    return f"different: {[t for t in other.kept if outcome.kept[t] != other.kept[t]]}"


# --- Answers that go wrong --------------------------------------------------

ONCE = {
    "429": Fault.too_many(),
    "429 with Retry-After": Fault.too_many("3"),
    "503 with a page": Fault(503, "<html>Fel</html>", "text/html"),
    "504 with Retry-After": Fault(504, headers={"Retry-After": "2"}),
    "html": Fault.html(),
    "garbage": Fault.garbage(),
    "reset": Fault.reset(),
    "hang": Fault.hang(),
}
#: Here Fortnox has done what was asked, and only its answer did not come.
ANSWER_LOST = {
    "truncated": Fault.truncated(),
    "slow drip": Fault.drip(pause=0.1),
    "reset after it was done": Fault.reset(performed=True),
    "503 after it was done": Fault(503, performed=True),
}
#: What no waiting helps against. Silence is not among them: it would be waited for, in real time.
FOR_EVER = {
    name: replace((ONCE | ANSWER_LOST)[name], times=None)
    for name in (
        "429",
        "503 with a page",
        "html",
        "reset",
        "truncated",
    )
}


def test_the_script_makes_every_kind_of_request(script):
    """What is disturbed below: codes, a refresh, several pages, details, invoices, revoking."""
    names = script.requests
    assert names[0] == "code"
    assert names[-1] == "revoke"
    assert names.count("refresh") == 1
    assert names.count("invoicepayments") >= 4
    assert {"companyinformation", "invoices", "invoices/1000"} <= set(names)
    assert sum(name.startswith("invoicepayments/") for name in names) >= 4


def test_the_script_shows_ready_rejected_and_registered_payments(script):
    preview = script.undisturbed.preview
    assert preview["counts"]["ready"] >= 5
    assert {row["reason"] for row in preview["rejected"]} >= {
        "already-imported",
        "invoice-not-found",
        "not-booked",
    }


@pytest.mark.parametrize("name", ONCE)
def test_a_fault_that_passes_harms_no_import(script, sandbox, name):
    """But for the login: a code is asked for once, answered or not."""

    def expected(at):
        return UNAVAILABLE if script.requests[at] == "code" else 0

    fault = ONCE[name]
    assert disturbed_everywhere(script, sandbox, lambda s: s.faults.add(fault), expected) == []


@pytest.mark.parametrize("name", ANSWER_LOST)
def test_an_answer_that_is_lost_harms_no_import(script, sandbox, name):
    """But for tokens: a code, and a refresh token, are spent although nobody got the new ones."""

    def expected(at):
        return {"code": UNAVAILABLE, "refresh": LOGIN}.get(script.requests[at], 0)

    fault = ANSWER_LOST[name]
    assert disturbed_everywhere(script, sandbox, lambda s: s.faults.add(fault), expected) == []


@pytest.mark.parametrize("name", FOR_EVER)
def test_a_fault_that_stays_ends_the_import_with_nothing_half_done(script, sandbox, name):
    """But for the last request: that the refresh token cannot be revoked stops nobody."""

    def expected(at):
        return 0 if script.requests[at] == "revoke" else UNAVAILABLE

    fault = FOR_EVER[name]
    assert disturbed_everywhere(script, sandbox, lambda s: s.faults.add(fault), expected) == []


# --- What an administrator, or time, takes away -----------------------------


def after_the_last(script, wanted):
    """Give the number of the request after the last one with such a name."""
    return max(at for at, name in enumerate(script.requests) if wanted(name)) + 1


def in_the_api(name):
    return name not in {"code", "refresh", "revoke"}


def test_an_access_token_that_expires_in_the_middle_harms_no_import(script, sandbox):
    """Nor do two in one request: the one that came with the refresh may be stale too."""
    wrong = disturbed_everywhere(
        script, sandbox, lambda s: s.state.expire_access_tokens(), lambda _: 0
    )
    assert wrong == []


def test_tokens_that_are_revoked_in_the_middle_ask_for_one_new_login(script, sandbox):
    over = after_the_last(script, in_the_api)

    def revoke(sandbox):
        sandbox.state.expire_access_tokens()
        sandbox.state.expire_refresh_tokens()

    def expected(at):
        return LOGIN if 0 < at < over else 0

    assert disturbed_everywhere(script, sandbox, revoke, expected) == []


def test_a_licence_that_is_withdrawn_in_the_middle_ends_the_import_and_says_so(script, sandbox):
    over = after_the_last(script, in_the_api)

    def expected(at):
        return PERMISSION if at < over else 0

    assert (
        disturbed_everywhere(
            script,
            sandbox,
            lambda s: s.state.withdraw_licence(),
            expected,
            lambda s: s.state.restore_licence(),
        )
        == []
    )


@pytest.mark.parametrize(("scope", "resource"), [("payment", "invoicep"), ("invoice", "invoices")])
def test_a_scope_that_is_withdrawn_in_the_middle_ends_the_import_that_needs_it(
    script, sandbox, scope, resource
):
    over = after_the_last(script, lambda name: name.startswith(resource))

    def expected(at):
        return PERMISSION if at < over else 0

    assert (
        disturbed_everywhere(
            script,
            sandbox,
            lambda s: s.state.withdraw_scope(scope),
            expected,
            lambda s: s.state.restore_scope(scope),
        )
        == []
    )
