"""Host, plug-in and sandbox together over real HTTP, as a person meets them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import haulier
import pytest
from haulier import Person, define, host_of
from own_process import Program

from hostsim.errors import exit_status, failure_of
from hostsim.sandbox import seed
from hostsim.sandbox.faults import Fault
from opter_fortnox_plugin.fortnox.http import bearer
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter

sandbox, store = haulier.sandbox, haulier.store
person, host, saved = haulier.person, haulier.host, haulier.saved


def refusal(host, name="Fortnox"):
    """Import; return code and exit status of the error that it ends with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        host.import_payments(name)
    failure = failure_of(caught.value)
    assert failure is not None
    return failure.code, exit_status(failure)


def registered(store):
    return [row.payment_number for row in store.payments()]


# --- The main job ---


def test_nothing_is_registered_before_save_and_nothing_twice_after(host, store, sandbox):
    preview = host.import_payments("Fortnox")
    assert registered(store) == []
    assert preview.counts["ready"] > 150
    host.save("Fortnox")
    first = registered(store)
    assert len(first) == len(set(first)) == preview.counts["ready"]
    again = host.import_payments("Fortnox")
    assert again.counts["ready"] == 0
    host.save("Fortnox")
    assert registered(store) == first


def test_a_payment_meets_the_invoice_whose_number_differs_but_whose_ocr_agrees(host):
    ready = host.import_payments("Fortnox").rows("ready")
    assert any(row.invoice_number != row.host_invoice_number for row in ready)


def test_the_rate_limit_is_never_met(host, monkeypatch):
    """In no five seconds do more than 25 requests leave, whatever time they take to arrive."""
    monkeypatch.setattr("opter_fortnox_plugin.session.RateLimiter", RateLimiter)
    left = []

    def leaving(token):
        def leave(request):
            left.append(time.monotonic())
            return bearer(token)(request)

        return leave

    monkeypatch.setattr("opter_fortnox_plugin.fortnox.client.bearer", leaving)
    host.import_payments("Fortnox")
    host.import_payments("Fortnox")
    left.sort()
    assert len(left) > 25
    assert all(later - earlier >= 5.0 for earlier, later in zip(left, left[25:], strict=False))


# --- Signing in ---


def test_the_refresh_token_is_revoked_at_the_end(host, sandbox):
    host.import_payments("Fortnox")
    assert sandbox.state.tokens.valid_refresh_tokens() == 0


def test_it_is_revoked_after_an_error_too(host, sandbox):
    sandbox.faults.add(Fault(status=403, match=lambda asked: "/3/" in asked.path, times=None))
    refusal(host)
    assert sandbox.state.tokens.valid_refresh_tokens() == 0


def test_nobody_is_waited_for_where_the_host_shows_the_login_to_nobody(store, sandbox, now):
    host = host_of(store, sandbox, lambda _address, _answered: False, login_timeout=3600.0)
    define(host, now)
    began = time.monotonic()
    assert refusal(host) == ("NO_WINDOW", 3)
    assert time.monotonic() - began < 60


def test_the_page_that_ends_the_login_speaks_both_languages_and_runs_no_script(host, person):
    host.import_payments("Fortnox")
    [page] = person.pages
    assert "Du kan stänga fönstret" in page
    assert "You may close this window" in page
    assert "<script" not in page


# --- In the middle ---


def test_a_licence_that_is_withdrawn_in_the_middle_stops_the_import_and_saves_nothing(
    host, store, sandbox
):
    def at_first_detail(asked):
        if asked.path.startswith("/3/invoicepayments/"):
            sandbox.state.withdraw_licence(seed.COMPANY)
        return False

    sandbox.faults.add(Fault(status=500, match=at_first_detail, times=None))
    assert refusal(host) == ("LICENCE_MISSING", 4)
    assert host.save("Fortnox") is None
    assert registered(store) == []


# --- Two companies ---


def test_a_login_to_another_company_is_refused_with_both_names(saved, store, sandbox):
    before = registered(store)
    other = Person(seed.OTHER_COMPANY)
    with pytest.raises(Exception, match="WRONG_COMPANY") as caught:
        host_of(store, sandbox, other).import_payments("Fortnox")
    failure = failure_of(caught.value)
    assert exit_status(failure) == 3
    for number in (seed.COMPANY, seed.OTHER_COMPANY):
        assert str(number) in failure.message.sv
    assert registered(store) == before


def test_two_companies_are_imported_at_once_and_their_logins_take_turns(store, sandbox, now):
    """One process, one redirect port: the second login waits for the first, and says so."""
    waits, results = threading.Event(), {}

    class Patient(Person):
        def _sign_in(self, address):
            # Whoever is first signs in once the other one waits for that.
            assert waits.wait(20)
            super()._sign_in(address)

    def told(progress):
        if progress.stage == "waiting":
            waits.set()

    def work(name, company):
        host = host_of(store, sandbox, Patient(company), on_progress=told)
        results[name] = host.import_payments(name)

    setup = host_of(store, sandbox)
    companies = {"Ett": seed.COMPANY, "Två": seed.OTHER_COMPANY}
    for name in companies:
        define(setup, now, name, region="" if name == "Ett" else "Två")
    threads = [threading.Thread(target=work, args=pair) for pair in companies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {name: preview.company.number for name, preview in results.items()} == {
        name: str(company) for name, company in companies.items()
    }


# --- Secrets ---


def test_no_secret_is_in_any_output_log_or_file(sandbox, tmp_path, now):
    """Every code, token and secret that was issued is searched for, with logging at its loudest."""
    program = Program(tmp_path / "work", sandbox)
    out = program.run("init")
    date = f"ignore_payments_before={seed.cut_off_date(now)}"
    words = ("formats", "add", "F", "--type", "FortnoxAPI", "--format", "API", "--set", date)
    out += program.run(*words)
    out += program.run("import", "F", "--save", "-vv")
    out += program.run("import", "F", "--json", "--log-level", "debug", "--log-file", "host.log")
    assert b"urllib3" in (program.folder / "host.log").read_bytes()
    files = b"".join(path.read_bytes() for path in program.folder.rglob("*") if path.is_file())
    secrets = [secret for secret in sandbox.issued if len(secret) > 8]
    assert len(secrets) >= 7  # the client's, and two logins with a code and two tokens each
    assert [secret for secret in secrets if secret.encode() in out + files] == []


def test_the_watermark_is_fortnoxs_clock_not_ours(host, sandbox):
    """Our clock may be hours wrong: what is asked for comes from Fortnox's Date header."""
    long_ago = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    sandbox.clock.set(long_ago)
    host.import_payments("Fortnox")
    host.save("Fortnox")
    host.import_payments("Fortnox")
    since = [
        asked.query["lastmodified"] for asked in sandbox.asked if "lastmodified" in asked.query
    ]
    assert since == ["2026-07-01 12:00"]  # 14:00 in Stockholm in summer, less two hours
