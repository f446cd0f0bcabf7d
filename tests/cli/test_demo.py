"""The demonstration shows everything and ends by itself; the sandbox runs on its own."""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from hostsim.cli.sandbox import run_sandbox
from hostsim.demo import both_sides
from hostsim.demo import run as demo
from hostsim.errors import HostError
from hostsim.ledger.reasons import LEFT, NOT_LOOKED_UP, OTHER_REGION, SETTLEMENT_BLOCKED
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import seed
from hostsim.storage.store import Store
from hostsim.views import labels
from hostsim.views.output import Output
from hostsim.views.payments import some_of_each
from opter_fortnox_plugin import hooks

#: Of the demonstration's books; its host goes by the time of the machine.
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run the demonstration once, in a folder that is kept."""
    folder = tmp_path_factory.mktemp("demo")
    out, err = io.StringIO(), io.StringIO()
    demo.run_demo(
        Output(out, "sv"),
        Plugins([("fortnox", hooks)]),
        progress_stream=err,
        keep=folder,
        now=lambda: NOW,
    )
    return out.getvalue(), err.getvalue(), folder


def test_the_demo_says_what_it_does_at_each_step(shown):
    steps = re.findall(r"^(\d+)\. ", shown[0], re.MULTILINE)
    assert steps == [str(n) for n in range(1, len(steps) + 1)]
    assert len(steps) >= 8


NOT_ORDINARY = {LEFT, NOT_LOOKED_UP, OTHER_REGION, SETTLEMENT_BLOCKED}
REASONS = [code for code in labels.REASONS if code not in NOT_ORDINARY]


@pytest.mark.parametrize("code", [*labels.STATUSES, *REASONS])
def test_the_demo_shows_every_status_and_reason(shown, code):
    steps, _ = shown[0].split("Vad som visades.")
    assert f" {code} " in steps


def test_the_demo_keeps_its_progress_out_of_the_result(shown):
    assert "Läser betalningar" in shown[1]
    assert "Läser betalningar" not in shown[0]


def test_the_demo_never_meets_the_rate_limit(shown):
    assert "429" not in shown[1]


def test_the_demo_registers_no_payment_twice(shown):
    with Store.open(shown[2] / "hostsim.db") as store:
        keys = [entry.payment.key for entry in store.registered()]
    assert len(keys) > 100
    assert len(set(keys)) == len(keys)


def test_the_demo_ends_with_both_sides_sums_of_all_that_went_out_and_came_in(shown):
    flows = shown[0].partition("Båda sidor")[2].strip().splitlines()
    rows = [re.split(r"  +", line.strip()) for line in flows[4:10]]
    assert rows == [
        ["Fakturor ut", "SEK", "7", "64 862,97", "64 862,97", "0,00"],
        ["Fakturor ut", "EUR", "1", "1 845,75", "1 845,75", "0,00"],
        ["Betalningar in", "SEK", "7", "64 862,97", "64 862,97", "0,00"],
        ["Betalningar in", "EUR", "1", "1 845,75", "1 845,75", "0,00"],
        ["Avräkningar ut", "SEK", "3", "20 537,50", "20 537,50", "0,00"],
        ["Avräkningar ut", "EUR", "1", "1 200,40", "1 200,40", "0,00"],
    ]


def test_the_demo_changes_a_bankgiro_only_by_name(shown):
    [line] = [one for one in shown[0].splitlines() if "4122-7745" in one]
    assert "7331-0054" in line
    assert re.search(r"\S+, \d{4}-\d{2}-\d{2} ", line)


@pytest.mark.parametrize(
    ("here", "there"),
    [(["100.00"], ["99.99"]), (["100.00"], ["100.00", "0.00"])],
    ids=["a-hundredth", "one-of-nothing"],
)
def test_the_demo_fails_where_sums_or_numbers_differ(monkeypatch, here, there):
    sides = [list(map(Decimal, side)) for side in (here, there)]
    differing = [both_sides.Flow(labels.STATUSES["exact"], "SEK", *sides)]
    monkeypatch.setattr(both_sides, "flows_of", lambda *_: differing)
    one = demo._Demo(Output(io.StringIO(), "sv"), None, io.StringIO(), Path(), NOW)
    one.store = one.sandbox = None
    with pytest.raises(HostError) as caught:
        one._reconcile(["10301"], ["A-2026-117"])
    assert caught.value.code == "DEMO_FAILED"


def test_the_demo_prints_no_secret(shown):
    assert "Bearer" not in shown[0] + shown[1]
    assert "client_secret" not in shown[0] + shown[1]


def test_the_demo_fails_when_it_does_not_show_what_it_promises(monkeypatch):
    """A status that nobody shows is a broken promise."""
    promised = {**labels.STATUSES, "never-seen": labels.STATUSES["exact"]}
    monkeypatch.setattr(labels, "STATUSES", promised)
    with pytest.raises(HostError) as caught:
        demo.run_demo(
            Output(io.StringIO(), "sv"),
            Plugins([("fortnox", hooks)]),
            progress_stream=io.StringIO(),
            now=lambda: NOW,
        )
    assert (caught.value.code, caught.value.kind) == ("DEMO_FAILED", "internal")
    assert "never-seen" in caught.value.message.sv


def test_without_the_plugin_the_demo_says_so():
    with pytest.raises(HostError) as caught:
        demo.run_demo(
            Output(io.StringIO(), "sv"), Plugins(), progress_stream=io.StringIO(), now=lambda: NOW
        )
    assert caught.value.code == "IMPORT_TYPE_UNKNOWN"


def test_long_lists_show_at_least_one_row_of_each_kind():
    rows = ["a"] * 100 + ["b", "c"] + ["a"] * 100
    chosen = some_of_each(rows, len(rows), lambda row: row)
    assert len(chosen) == 25
    assert {"a", "b", "c"} == set(chosen)
    assert chosen == sorted(chosen)


# --- The sandbox on its own ---------------------------------------------------------


def test_the_sandbox_prints_what_a_client_needs(monkeypatch):
    """The curl line works while the sandbox runs."""
    out = io.StringIO()
    answers = []

    def use_it():
        line = next(line for line in out.getvalue().splitlines() if line.startswith("curl "))
        _, _, header, address = shlex.split(line)
        name, _, value = header.partition(": ")
        answers.append(requests.get(address, headers={name: value}, timeout=10))
        raise KeyboardInterrupt

    run_sandbox(Output(out, "sv"), wait=use_it)
    assert answers[0].status_code == 200
    assert answers[0].json()["InvoicePayments"]
    text = out.getvalue()
    assert seed.PASSWORD in text
    assert "export FORTNOX_CLIENT_SECRET=" in text
    assert "$env:FORTNOX_API_URL = 'http://127.0.0.1:" in text
    assert text.endswith("Avslutat.\n")


def test_the_company_of_the_curl_line_can_be_chosen():
    with pytest.raises(HostError) as caught:
        run_sandbox(Output(io.StringIO(), "sv"), company=1, wait=lambda: None)
    assert str(seed.OTHER_COMPANY) in caught.value.message.sv
    run_sandbox(Output(io.StringIO(), "sv"), company=seed.OTHER_COMPANY, wait=lambda: None)


def test_a_port_that_is_taken_is_an_error_of_its_own():
    out = io.StringIO()

    def start_another():
        port = int(re.search(r"127\.0\.0\.1:(\d+)", out.getvalue())[1])
        with pytest.raises(HostError) as caught:
            run_sandbox(Output(io.StringIO(), "sv"), port=port)
        assert caught.value.code == "SANDBOX_PORT_IN_USE"

    run_sandbox(Output(out, "sv"), wait=start_another)


def test_data_that_cannot_be_used_is_an_error_of_its_own(tmp_path):
    (tmp_path / "fel.json").write_text("[")
    with pytest.raises(HostError) as caught:
        run_sandbox(Output(io.StringIO(), "sv"), data=tmp_path / "fel.json")
    assert caught.value.code == "SANDBOX_DATA_WRONG"


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to one child needs POSIX")
@pytest.mark.parametrize(
    ("sent", "on_ctrl_c", "status"),
    [
        ("SIGINT", "default_int_handler", 0),
        ("SIGINT", "SIG_IGN", 0),
        ("SIGTERM", "SIG_IGN", 143),
    ],
)
def test_ctrl_c_and_sigterm_end_the_sandbox_cleanly(sent, on_ctrl_c, status):
    """Also one whose shell lets it ignore Ctrl-C, as that of a script in the background."""
    root = str(Path(__file__).parents[2])
    # What a child does on Ctrl-C it inherits; so that it is the same wherever the tests run.
    program = (
        f"import signal, sys; signal.signal(signal.SIGINT, signal.{on_ctrl_c});"
        " from hostsim.__main__ import main; sys.exit(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, "sandbox", "--empty", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    ) as child:
        try:
            for line in child.stdout:
                if line.startswith("curl "):
                    break
            child.send_signal(signal.Signals[sent])
            rest, err = child.communicate(timeout=30)
        finally:
            child.kill()  # nobody waits for one that heard nothing
    assert (child.returncode, err) == (status, "")
    assert rest.endswith("Ended.\n")
