"""Every error has a code, two sentences, and nothing that is secret."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest

import opter_fortnox_plugin
from opter_contract.values import Text
from opter_fortnox_plugin import errors
from opter_fortnox_plugin.errors import CODES, IN_SWEDISH, FortnoxError, LoginFailed, Unavailable

SOURCES = sorted(Path(opter_fortnox_plugin.__file__).parent.rglob("*.py"))
MESSAGES = {code: error.messages[code] for code, error in CODES.items()}
KINDS = {"settings", "login", "permission", "unavailable", "busy", "cancelled", "internal"}


def fields(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.fixture(scope="module")
def raised():
    """Find every place that makes an error: its class, code and the names of its details."""
    found = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            kind = getattr(errors, node.func.id, None)
            if not (isinstance(kind, type) and issubclass(kind, FortnoxError)):
                continue
            code = node.args[0].value
            found.append((kind, code, {keyword.arg for keyword in node.keywords}))
    return found


@pytest.mark.parametrize("code", MESSAGES)
def test_a_code_is_upper_case_with_underscores(code):
    assert code.replace("_", "").isalpha()
    assert code == code.upper()


@pytest.mark.parametrize("code", MESSAGES)
def test_both_languages_say_something_and_differ(code):
    swedish, english = MESSAGES[code]
    assert swedish.endswith(".")
    assert english.endswith(".")
    assert swedish != english


@pytest.mark.parametrize("code", MESSAGES)
def test_both_languages_tell_the_same_details(code):
    swedish, english = (fields(text) for text in MESSAGES[code])
    assert swedish == english


@pytest.mark.parametrize("code", MESSAGES)
def test_a_sentence_says_its_details_and_leaves_no_braces(code):
    names = set().union(*(fields(text) for text in MESSAGES[code]))
    error = CODES[code](code, **{name: f"<{name}>" for name in names})
    for text, template in zip(error.message, MESSAGES[code], strict=True):
        assert "{" not in text
        assert "\n" not in text
        assert all(f"<{name}>" in text for name in fields(template))


def test_no_two_errors_share_a_sentence():
    for language in (0, 1):
        assert len({text[language] for text in MESSAGES.values()}) == len(MESSAGES)


def test_each_error_is_made_with_what_its_sentence_needs(raised):
    made = [kind(code, **dict.fromkeys(details, "x")).code for kind, code, details in raised]
    assert made == [code for _, code, _ in raised]


@pytest.mark.parametrize("code", MESSAGES)
def test_a_code_that_is_listed_can_happen_and_always_has_the_same_kind(raised, code):
    kinds = {kind.kind for kind, its_code, _ in raised if its_code == code}
    assert kinds == {CODES[code].kind} <= KINDS


def test_an_unknown_code_is_a_fault_at_once():
    with pytest.raises(KeyError):
        LoginFailed("NO_SUCH_CODE")


def test_every_code_is_declared_once():
    declared = [code for error in FortnoxError.__subclasses__() for code in error.messages]
    assert sorted(declared) == sorted(CODES)


def test_a_detail_in_two_languages_is_told_in_each():
    error = errors.SettingsWrong("CONFIGURATION_WRONG", name="X", why=Text("fel", "wrong"))
    assert ("fel" in error.message.sv, "wrong" in error.message.en) == (True, True)


def test_an_error_reads_as_code_and_sentence():
    error = LoginFailed(
        "LOGIN_TIMED_OUT", seconds="300", redirect="https://example.com/", scopes="payment"
    )
    assert str(error) == f"LOGIN_TIMED_OUT: {error.message.en}"
    assert "300" in error.message.sv


def test_a_detail_with_braces_is_said_as_it_is():
    error = errors.Busy("COMPANY_BUSY", company="{seconds}", seconds="10")
    assert "{seconds}" in error.message.en


@pytest.mark.parametrize("problem", [errors.Temporary, errors.Unauthorized, errors.Missing])
def test_what_stays_inside_is_no_error_for_a_person(problem):
    assert not issubclass(problem, FortnoxError)


def phrases():
    """Find what is said of a temporary fault anywhere in the plug-in."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Temporary":
                yield from node.args
            if isinstance(node, ast.keyword) and node.arg == "unexpected":
                yield node.value
            if isinstance(node, ast.FunctionDef) and node.name == "_what":
                yield from (one.value for one in ast.walk(node) if isinstance(one, ast.Return))


def test_what_is_said_of_a_temporary_fault_is_said_in_swedish_too():
    said = {one.value for one in phrases() if isinstance(one, ast.Constant)}
    assert {"no connection", "an answer that is not JSON"} <= said
    assert {one for one in said if not one.isdigit()} <= set(IN_SWEDISH)


def test_a_swedish_sentence_has_its_reason_in_swedish():
    error = Unavailable("FORTNOX_UNAVAILABLE", what="no connection", attempts=6)
    assert "ingen förbindelse" in error.message.sv
    assert "no connection" in error.message.en
