"""Every fault of the sandbox at every request of an import.

The result is that of an undisturbed import, or a clear error with its exit
status: then nothing was done, and the next import gives what it would have given.
Or what waited from an earlier import still waits, until the next one.

Requests are made beside each other, in an order that nobody can foretell. So a
request is known by what it asks for, and by how often that was asked; a fault is
aimed at it, and counts only where it struck.
"""

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from killed_process import content_digest
from scripted_import import Script, integrity_errors, registered, stored_rows, use_small_pages

from hostsim.sandbox import Fault, Match
from hostsim.storage.store import Store
from opter_fortnox_plugin.fortnox.http import Transport

LOGIN, PERMISSION, UNAVAILABLE = 3, 4, 5

#: Payments of an earlier import that could be saved now, once they are fetched again.
WAITING = {"6", "7"}

#: Seconds; a request that nothing disturbs is given time, also on a busy machine.
PATIENT = {"connect": 10.0, "read": 20.0, "total": 30.0}
HURRIED = {"connect": 10.0, "read": 0.2, "total": 0.4}


@pytest.fixture(scope="module", autouse=True)
def _small_pages():
    with pytest.MonkeyPatch.context() as patch:
        use_small_pages(patch)
        yield


class AnswerGoesWrong:
    """A fault, aimed at one request; from there on at every one, if that is wanted."""

    def __init__(self, fault, *, alone=True):
        self._fault, self._alone = fault, alone
        #: Silence is waited for in real time.
        self.hurried = fault.how in {"hang", "drip"}

    def happen(self, sandbox, match):
        sandbox.faults.add(replace(self._fault, match=match) if self._alone else self._fault)

    def missed(self, sandbox):
        """Return whether it did not strike as often as it should.

        Whoever did not wait for an answer may be here before the request is.
        """
        for _ in range(100):
            if all(fault.happened and not fault.item.times for fault in sandbox.faults.items()):
                return False
            threading.Event().wait(0.1)
        return True

    def mend(self, sandbox):
        sandbox.faults.clear()


class TakenAway:
    """What an administrator, or time, takes away at one moment, while nothing is on its way."""

    hurried = False

    def __init__(self, take, give_back=lambda sandbox: None):
        self._take, self.mend = take, give_back

    def happen(self, sandbox, match):
        self._take(sandbox)

    def missed(self, sandbox):
        return False


class Line:
    """The wire of an import, with something that happens before one of its requests.

    :param at: the name of the request, and when it is made, counted from 1; ``None`` for never.
    """

    def __init__(self, sandbox, at=None, what=None):
        self._sandbox, self._at, self._what = sandbox, at, what
        self._patient, self._hurried = Transport(**PATIENT), Transport(**HURRIED)
        self._moved = threading.Condition()
        self._on_their_way, self._closed = 0, False
        self._made = Counter()
        #: The names of all requests, in the order in which they left, and of those from
        #: the one on that was disturbed.
        self.requests, self.since = [], []

    def send(self, method, address, **what):
        name, query = _name(address, what), what.get("query") or {}
        wire = self._patient
        with self._moved:
            self._made[name] += 1
            request = name, self._made[name]
            if _expires_at(name) and request[1] == 1:
                # So that there is a refresh in any import.
                with self._alone():
                    self._sandbox.state.tokens.expire_access_tokens()
            if request == self._at:
                path = "/" + address.partition("//")[2].partition("/")[2]
                self.since.append(name)
                with self._alone():
                    self._what.happen(self._sandbox, Match(method, path, query))
                if self._what.hurried:
                    wire = self._hurried
                    # Its patience begins when the fault has struck.
                    wire.sent = lambda: self._what.missed(self._sandbox)
            elif self.since:
                self.since.append(name)
            self._moved.wait_for(lambda: not self._closed)
            self._on_their_way += 1
            self.requests.append(name)
        try:
            return wire.send(method, address, **what)
        finally:
            with self._moved:
                self._on_their_way -= 1
                self._moved.notify_all()

    @contextmanager
    def _alone(self):
        """Wait until nothing is on its way, and let nothing leave."""
        self._moved.wait_for(lambda: not self._closed)
        self._closed = True
        self._moved.wait_for(lambda: not self._on_their_way)
        yield
        self._closed = False
        self._moved.notify_all()

    def itself(self):
        """Stand where the importer makes its transport."""
        return self

    def abort(self):
        self._patient.abort()
        self._hurried.abort()

    def close(self):
        self._patient.close()
        self._hurried.close()


def _name(address, what):
    path = address.partition("/oauth-v1/")[2] or address.partition("/3/")[2]
    named = {"authorization_code": "code", "refresh_token": "refresh"}.get(
        (what.get("form") or {}).get("grant_type"), path
    )
    query = what.get("query")
    return f"{named}?{urlencode(sorted(query.items()))}" if query else named


def done_without(name):
    """Return whether an import goes on without the answer to this request."""
    waiting = {f"invoicepayments/{number}" for number in WAITING}
    return name == "revoke" or "filter=unpaid" in name or name in waiting


def _expires_at(name):
    """Return whether the access token has expired before a request: the second page of the list."""
    return name.startswith("invoicepayments?") and "page=2" in name


def _worth_disturbing(requests):
    """Return each request once, and once more the one whose token has always expired.

    Which others meet that, and are made twice, is decided by chance.
    """
    counts = Counter()
    for name in requests:
        counts[name] += 1
        if counts[name] == 1 or (counts[name] == 2 and _expires_at(name)):
            yield name, counts[name]


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    script = Script(tmp_path_factory.mktemp("faults"))
    with script.sandbox() as sandbox:
        line = Line(sandbox)
        path = script.copy()
        script.undisturbed = script.run(sandbox, path, line.itself)
        script.registered = set(registered(path))
    #: What failures left, and the next import made good.
    script.made_good = set()
    script.requests = list(_worth_disturbing(line.requests))
    return script


@pytest.fixture
def sandbox(script):
    with script.sandbox() as sandbox:
        yield sandbox


def disturbed_everywhere(script, sandbox, what, expected):
    """Disturb each request in turn; give a line for each import that did not end as it should.

    :param expected: tells the exit status that is right, by the name of the request, and by
        those of all that left from then on.
    """
    wrong = []
    for at in script.requests:
        path, line = script.copy(), Line(sandbox, at, what)
        outcome = script.run(sandbox, path, line.itself)
        right = expected(at[0], line.since)
        told = f"request {at}: exit status {outcome.status}, not {right}"
        if not line.since or what.missed(sandbox):
            wrong.append(f"{told}; it was not disturbed")
        what.mend(sandbox)
        if outcome.status != right:
            wrong.append(told)
        if outcome.status:
            if stored_rows(path) != script.before:
                wrong.append(f"{told}; the failure left something half done")
            outcome = next_import(script, sandbox, path)
            if outcome is None:
                continue
        waiting = script.registered - set(registered(path))
        without = waiting <= WAITING and any(map(done_without, line.since))
        if waiting and (without or any(map(looks_up, line.since))):
            script.run(sandbox, path, Line(sandbox).itself)
            if sorted(registered(path)) != sorted(script.registered):
                wrong.append(f"{told}; what waited did not come with the next import")
        elif outcome != script.undisturbed:
            wrong.append(f"{told}; then {_difference(outcome, script.undisturbed)}")
        if found := integrity_errors(path):
            wrong.append(f"{told}; the database is damaged: {found}")
    return wrong


def next_import(script, sandbox, path):
    """Import after a failure, or do not where what it left was made good before.

    What it left is alike but for its own row in the list of runs.
    """
    with Store.open(path) as store:
        left = content_digest(store, without="runs")
    if left in script.made_good and not integrity_errors(path):
        return None
    outcome = script.run(sandbox, path, Line(sandbox).itself)
    if outcome == script.undisturbed:
        script.made_good.add(left)
    return outcome


def _difference(outcome, other):
    if outcome.preview is None:
        return f"the next import ended with exit status {outcome.status}"
    if outcome.preview != other.preview:
        return f"the preview counts {outcome.preview['counts']}"
    return f"different: {[t for t in other.rows if outcome.rows[t] != other.rows[t]]}"


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
    names = [name for name, _ in script.requests]
    assert names[0] == "code"
    assert names[-1] == "revoke"
    assert names.count("refresh") == 1
    lists = [name for name in names if name.startswith("invoicepayments?")]
    # Three pages, one of them with a token that has expired, and whether all held still.
    assert len(lists) == 5
    assert {"companyinformation", "invoices/1000"} <= set(names)
    assert sum(name.startswith("invoices?") for name in names) >= 1
    assert sum(name.startswith("invoicepayments/") for name in names) >= 4


def test_every_import_makes_the_requests_that_are_disturbed(script, sandbox):
    """In whatever order: else a fault would be aimed at nothing."""
    for _ in range(3):
        line = Line(sandbox)
        assert script.run(sandbox, script.copy(), line.itself) == script.undisturbed
        assert set(_worth_disturbing(line.requests)) == set(script.requests)


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

    def expected(at, since):
        return UNAVAILABLE if at == "code" else 0

    assert disturbed_everywhere(script, sandbox, AnswerGoesWrong(ONCE[name]), expected) == []


@pytest.mark.parametrize("name", ANSWER_LOST)
def test_an_answer_that_is_lost_harms_no_import(script, sandbox, name):
    """But for tokens: a code, and a refresh token, are spent although nobody got the new ones."""

    def expected(at, since):
        return {"code": UNAVAILABLE, "refresh": LOGIN}.get(at, 0)

    assert disturbed_everywhere(script, sandbox, AnswerGoesWrong(ANSWER_LOST[name]), expected) == []


@pytest.mark.parametrize(
    ("name", "alone"),
    [*((name, True) for name in FOR_EVER), ("429", False), ("reset", False)],
    ids=lambda value: {True: "at one request", False: "everywhere"}.get(value, value),
)
def test_a_fault_that_stays_ends_the_import_with_nothing_half_done(script, sandbox, name, alone):
    """Also where all others go on well; where none does, a refusal and a silence tell enough.

    But for what the import can do without: the comparison of balances, payments of earlier
    imports, and at last that the refresh token is revoked.
    """

    def expected(at, since):
        return 0 if all(map(done_without, [at] if alone else since)) else UNAVAILABLE

    what = AnswerGoesWrong(FOR_EVER[name], alone=alone)
    assert disturbed_everywhere(script, sandbox, what, expected) == []


# --- What an administrator, or time, takes away -----------------------------


def in_the_api(name):
    return name not in {"code", "refresh", "revoke"}


def needed(name):
    """Return whether a refusal of this request ends the import; one of a look-up does not."""
    return in_the_api(name) and not (done_without(name) or looks_up(name))


def looks_up(name):
    return name.startswith("invoices")


def test_an_access_token_that_expires_in_the_middle_harms_no_import(script, sandbox):
    """Nor do two in one request: the one that came with the refresh may be stale too."""
    what = TakenAway(lambda s: s.state.tokens.expire_access_tokens())
    assert disturbed_everywhere(script, sandbox, what, lambda at, since: 0) == []


def test_tokens_that_are_revoked_in_the_middle_ask_for_one_new_login(script, sandbox):
    def revoke(sandbox):
        sandbox.state.tokens.expire_access_tokens()
        sandbox.state.tokens.expire_refresh_tokens()

    def expected(at, since):
        if at == "code":
            return 0
        return LOGIN if at == "refresh" or any(map(in_the_api, since)) else 0

    assert disturbed_everywhere(script, sandbox, TakenAway(revoke), expected) == []


def test_a_licence_that_is_withdrawn_in_the_middle_ends_the_import_and_says_so(script, sandbox):
    def expected(at, since):
        return PERMISSION if at in {"code", "refresh"} or any(map(needed, since)) else 0

    what = TakenAway(lambda s: s.state.withdraw_licence(), lambda s: s.state.restore_licence())
    assert disturbed_everywhere(script, sandbox, what, expected) == []


@pytest.mark.parametrize(("scope", "resource"), [("payment", "invoicep"), ("invoice", "invoices")])
def test_a_scope_that_is_withdrawn_in_the_middle_ends_the_import_that_needs_it(
    script, sandbox, scope, resource
):
    """Where any request that needs it was still to come.

    But for what the import can do without, and look-ups: what needs one comes in later.
    """

    def expected(at, since):
        asked = [name for name in since if name.startswith(resource)]
        return PERMISSION if any(map(needed, asked)) else 0

    what = TakenAway(
        lambda s: s.state.withdraw_scope(scope), lambda s: s.state.restore_scope(scope)
    )
    assert disturbed_everywhere(script, sandbox, what, expected) == []
