"""Every error code stands in one table, is raised in a test, and can be looked up."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from string import Formatter
from types import SimpleNamespace

import pluggy
import pytest

from hostsim import __main__
from hostsim.errors import EXIT_STATUS
from hostsim.messages import errors as error_messages
from hostsim.messages.errors import ERRORS, WHO
from hostsim.plugins.loading import Plugins
from hostsim.views import errors
from opter_contract.values import Text
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.errors import CODES

hookimpl = pluggy.HookimplMarker("opter")

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
THESE = {"test_error_table.py", "test_errors.py"}


def fields(template):
    return {name.split(".")[0] for _, name, _, _ in Formatter().parse(template) if name}


# --- One table --------------------------------------------------------------------


def test_no_error_of_the_host_is_made_beside_the_table():
    sources = {path.name: path.read_text("utf-8") for path in (ROOT / "hostsim").glob("**/*.py")}
    assert [name for name, text in sources.items() if re.search(r'\bHostError\(\s*"', text)] == []


def test_every_code_of_the_host_can_happen():
    source = "".join(path.read_text("utf-8") for path in (ROOT / "hostsim").glob("**/*.py"))
    source = source.replace(Path(error_messages.__file__).read_text("utf-8"), "")
    assert {code for code in ERRORS if f'"{code}"' not in source} == set()


@pytest.mark.parametrize("code", ERRORS)
def test_both_languages_of_the_host_say_the_same_details_and_are_sentences(code):
    kind, message = ERRORS[code]
    assert fields(message.sv) == fields(message.en)
    assert message.sv != message.en
    assert all(text.endswith((".", "sv}", "en}")) for text in message)
    assert (kind in EXIT_STATUS, kind in WHO) == (True, True)


@pytest.mark.parametrize("kind", sorted({error.kind for error in CODES.values()}))
def test_a_host_knows_who_can_act_on_every_kind_of_the_plug_in(kind):
    assert {kind} <= set(WHO) & set(EXIT_STATUS)


# --- Raised in a test ---------------------------------------------------------------


@functools.cache
def words_of_tests():
    """Collect every word in upper case that stands in a string of a test."""
    files = [path for path in TESTS.rglob("test_*.py") if path.name not in THESE]
    strings = re.findall(r'"[^"\n]*"', "\n".join(path.read_text("utf-8") for path in files))
    return set(re.findall(r"[A-Z][A-Z_]+", "\n".join(strings)))


@pytest.mark.parametrize("code", sorted({*ERRORS, *CODES}))
def test_every_code_is_the_end_of_some_test(code):
    assert code in words_of_tests()


# --- Looked up ------------------------------------------------------------------------


@pytest.fixture
def hostsim(monkeypatch, capsys):
    """Run a command with these plug-ins and no other."""

    def run(*arguments, plugins=(("fortnox", hooks),)):
        monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls(plugins)))
        status = __main__.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_the_page_of_errors_is_the_one_that_is_generated(hostsim):
    _, page, _ = hostsim("errors", "--markdown")
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == page


def test_every_code_of_host_and_plug_in_is_listed_with_both_sentences(hostsim):
    _, out, _ = hostsim("errors", "--json")
    listed = {(entry["source"], entry["code"]): entry for entry in json.loads(out)}
    assert set(listed) == {("hostsim", code) for code in ERRORS} | {
        ("fortnox", code) for code in CODES
    }
    company = listed["fortnox", "WRONG_COMPANY"]
    assert company["sv"] == company["sentence"] != company["en"]
    assert (company["kind"], company["exit_status"]) == ("login", 3)


def test_a_code_is_looked_up_in_small_letters_too(hostsim):
    status, out, _ = hostsim("errors", "login_timed_out")
    assert (status, "den som loggar in" in out) == (0, True)


class Broken:
    @hookimpl
    def opter_errors(self):
        raise ValueError


class Small:
    @hookimpl
    def opter_errors(self):
        message = Text("Filen gick inte att läsa. Välj en annan.", "The file is unreadable.")
        return [SimpleNamespace(code="BANK_FILE", kind="unheard-of", message=message)]


def test_a_plug_in_that_cannot_list_its_errors_hides_nobody_elses(hostsim, caplog):
    plugins = (("broken", Broken()), ("small", Small()))
    status, out, _ = hostsim("errors", "BANK_FILE", "--json", plugins=plugins)
    [entry] = json.loads(out)
    assert (status, entry["source"], entry["exit_status"]) == (0, "small", 1)
    assert "broken" in caplog.text


def test_a_plug_in_without_the_hook_is_no_worse_for_it():
    sources = {error.source for error in errors.every_error(Plugins([]))}
    assert sources == {"hostsim"}
