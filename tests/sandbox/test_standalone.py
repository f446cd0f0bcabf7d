"""The sandbox for itself: the same as the host's command, without the host."""

import ast
import json
import re
import signal
import subprocess
import sys

import pytest
import requests

from hostsim.__main__ import main as host_main
from hostsim.cli.sandbox import sandbox as host_command
from hostsim.messages.errors import ERRORS
from hostsim.sandbox import Sandbox, Switches, seed, standalone
from hostsim.sandbox.__main__ import _parser, main
from hostsim.sandbox.standalone import SENTENCES, CannotStart, Writer
from hostsim.sandbox.switches import read_switches


@pytest.fixture
def told():
    """Return the lines that were told."""
    return []


@pytest.fixture
def run(told):
    def start(language="en", **options):
        writer = Writer(told.append, lambda: None, language)
        standalone.run(writer, **{"empty": True, "wait": lambda: None} | options)
        return told

    return start


def test_it_takes_the_options_of_the_hosts_command():
    own = {name for one in _parser()._actions for name in one.option_strings}
    hosts = {name for one in host_command.params for name in one.opts}
    logged = {"--verbose", "-v", "--log-level", "--log-file"}
    assert own - {"-h", "--help", "--version"} == hosts - {"--db"} - logged


@pytest.mark.parametrize(
    ("where", "run"),
    [
        ("hostsim.sandbox.seed.haulier", lambda: main([])),
        ("hostsim.cli.sandbox.run_sandbox", lambda: host_main(["sandbox"])),
    ],
)
def test_ctrl_c_before_it_runs_ends_it_as_later(where, run, monkeypatch, capsys):
    def interrupted(*_arguments, **_options):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(where, interrupted)
    assert run() == 0
    assert capsys.readouterr().err == ""


def test_its_sentences_are_the_hosts():
    for code, words in SENTENCES.items():
        kind, message = ERRORS[code]
        assert (words, kind) == (message, "usage")


def test_its_first_line_says_what_it_imitates(run):
    assert re.match(r"An imitation of Fortnox's API \(login, payments, .* runs at http:", run()[0])


def test_a_company_that_nobody_may_sign_in_to_has_no_user(now):
    state = seed.haulier(now)
    state.add_company(99, "Ensam AB")
    with Sandbox(state) as sandbox:
        *_, last = standalone.connection_details(sandbox)["companies"]
    assert last == {"number": 99, "name": "Ensam AB"}


def test_it_is_refused_with_a_code_and_a_sentence_in_either_language(capsys):
    assert main(["--switch", "nosuch=1"]) == 2
    assert main(["--data", "nosuch.json", "--lang", "sv"]) == 2
    english, swedish = capsys.readouterr().err.splitlines()
    assert english.startswith("USAGE: The command cannot be run: --switch nosuch=1 is not")
    assert swedish.startswith("SANDBOX_DATA_WRONG: Filen nosuch.json går inte att använda")


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("wrong", [{"company": 1}, {"redirect_uri": "xx"}])
def test_what_cannot_work_is_refused_however_it_tells_of_itself(run, wrong, as_json):
    with pytest.raises(CannotStart) as caught:
        run(as_json=as_json, **wrong)
    (value,) = wrong.values()
    assert all(f" {value}" in caught.value.sentence(language) for language in ("en", "sv"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--bogus"], "--bogus finns inte"),
        (["--port"], "--port behöver ett värde"),
        (["--port", "x"], "--port ska vara ett tal från 0 till 65535"),
        (["--companies", "0"], "--companies ska vara ett tal från 1 till"),
        (["--company", "x"], "--company ska vara ett heltal"),
        (["--empty=1"], "--empty tar inget värde"),
        (["--lang", "fr"], "--lang ska vara en av"),
    ],
)
def test_what_it_does_not_understand_is_refused_in_the_language_that_was_asked_for(
    wrong, says, capsys
):
    assert main([*wrong, "--lang=sv"]) == 2
    last = capsys.readouterr().err
    assert last.startswith(f"USAGE: Kommandot kan inte köras: {says}")
    assert last.endswith("; se --help.\n")
    main([*wrong, "--lang=en"])
    assert "Kommandot" not in capsys.readouterr().err


def test_it_loads_nothing_of_the_host_and_no_package_but_its_own():
    program = (
        "import sys; before = set(sys.modules); import hostsim.sandbox.__main__;"
        "names = {one.split('.')[0] for one in set(sys.modules) - before};"
        "print(sorted(one for one in sys.modules if one.startswith('hostsim.')));"
        "print(sorted(names & {'rich', 'filelock', 'keyring', 'marshmallow', 'pytest'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules, others = map(ast.literal_eval, done.stdout.splitlines())
    assert {".".join(name.split(".")[:2]) for name in modules} == {"hostsim.sandbox"}
    assert others == []


# --- A file of switches -------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "switches.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


def test_a_file_sets_what_is_a_switch_here_and_the_rest_is_named(run, file):
    path = file({"switches": {"rate_limit": None, "refresh_works": True, "default_limit": "no"}})
    found = read_switches(path)
    assert found == (Switches(rate_limit=None), ["refresh_works", "default_limit"])
    assert run(switches_from=path)[-1] == (
        "Not used from the file, since these are no switches here: refresh_works, default_limit"
    )


def test_an_option_counts_before_the_file(run, told, file):
    shown = []

    def look():
        url = f"{json.loads(told[0])['control_url']}/switches"
        rows = requests.get(url, timeout=10).json()["switches"]
        shown.append({row["name"]: row["value"] for row in rows})

    path = file({"switches": {"rate_limit": 9, "random_ties": True}})
    run(switches_from=path, switches=["rate_limit=7"], as_json=True, wait=look)
    assert (shown[0]["rate_limit"], shown[0]["random_ties"]) == (7, True)


@pytest.mark.parametrize("content", ["[", [], {}, {"switches": []}])
def test_a_file_that_is_none_is_refused_with_what_writes_one(run, file, content):
    with pytest.raises(CannotStart) as caught:
        run(switches_from=file(content))
    assert "probe --switches" in caught.value.sentence("en")
    assert "probe --switches" in caught.value.sentence("sv")


def test_a_file_that_is_not_there_is_refused(run, tmp_path):
    with pytest.raises(CannotStart, match="USAGE"):
        run(switches_from=tmp_path / "none.json")
