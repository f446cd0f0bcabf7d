"""What the contract pages say of each hook agrees with the hook's signature."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap

import pluggy
import pytest

import opter_contract
from hostsim.plugins.loading import HOSTS_OWN
from opter_contract import export_hooks, export_values, hooks, values
from opter_contract.conformance.export_hosts import (
    ExportHostConfirmsBankChanges,
    ExportHostConformance,
)
from opter_contract.conformance.host_under_test import PROMISED
from opter_contract.conformance.hosts import HostConformance

#: Each page, and the suites that hold a host to its promises.
SUITES = {
    hooks: [HostConformance],
    export_hooks: [ExportHostConformance, ExportHostConfirmsBankChanges],
}


def hooks_of(page):
    return {
        name: function
        for name, function in inspect.getmembers(page, inspect.isfunction)
        if name.startswith("opter_")
    }


HOOKS = hooks_of(hooks) | hooks_of(export_hooks)

#: Everything on the pages that is written for people.
SAID = {
    **{page.__name__: inspect.getdoc(page) for page in SUITES},
    **{name: inspect.getdoc(hook) or "" for name, hook in HOOKS.items()},
    **{
        name: (inspect.getdoc(kind) or "")
        + "".join(map(str, map(inspect.getdoc, vars(kind).values())))
        for module in (values, export_values)
        for name, kind in inspect.getmembers(module, inspect.isclass)
    },
}


every_hook = pytest.mark.parametrize("name", sorted(HOOKS))
every_page = pytest.mark.parametrize("page", SUITES, ids=lambda page: page.__name__)


@every_hook
def test_each_hook_begins_with_one_sentence(name):
    first, *rest = SAID[name].splitlines()
    assert re.fullmatch(r"[A-Z].*\.", first)
    assert not rest or rest[0] == ""


@every_hook
def test_each_argument_of_a_hook_is_described_in_its_order_and_no_other(name):
    described = re.findall(r"^:param (\w+): \S", SAID[name], re.MULTILINE)
    assert described == list(inspect.signature(HOOKS[name]).parameters)


@every_hook
def test_what_comes_back_is_described_where_something_does(name):
    returns = inspect.signature(HOOKS[name]).return_annotation
    described = len(re.findall(r"^:return: \S", SAID[name], re.MULTILINE))
    assert described == (0 if returns == "None" else 1)


@every_hook
def test_each_hook_says_when_it_is_called_and_what_an_error_does(name):
    assert re.search(r"\bCalled\b", SAID[name])
    assert re.search(r"\bAn error\b", SAID[name])


@every_hook
def test_each_argument_and_answer_has_a_type(name):
    signature = inspect.signature(HOOKS[name])
    annotations = [
        signature.return_annotation,
        *(p.annotation for p in signature.parameters.values()),
    ]
    assert inspect.Signature.empty not in annotations


# --- The examples -------------------------------------------------------------------


def example(name):
    [text] = re.findall(r"^Example::\n\n((?:    .*\n?|\n)+)", SAID[name], re.MULTILINE)
    return textwrap.dedent(text)


def implementation(name):
    """Run an example that implements a hook, and return an object with it; ``None`` for a call."""
    namespace = vars(values) | vars(export_values) | vars(opter_contract)
    tree = ast.parse(example(name))
    if not isinstance(tree.body[0], ast.FunctionDef):
        return None
    exec(compile(tree, name, "exec"), namespace)  # noqa: S102 the page's own examples
    function = namespace[name]
    own = (
        staticmethod(function) if "self" not in inspect.signature(function).parameters else function
    )
    return type("Example", (), {name: own})()


@every_hook
def test_each_hook_has_an_example_of_at_most_ten_lines(name):
    assert 2 <= len(example(name).splitlines()) <= 10


@every_hook
def test_an_example_implements_its_hook_or_calls_it_as_specified(name):
    manager = pluggy.PluginManager(opter_contract.PROJECT)
    for page in SUITES:
        manager.add_hookspecs(page)
    if (implemented := implementation(name)) is not None:
        manager.register(implemented)
        manager.check_pending()
        assert [caller.name for caller in manager.get_hookcallers(implemented)] == [name]
    calls = [node for node in ast.walk(ast.parse(example(name))) if isinstance(node, ast.Call)]
    called = {
        call.func.attr: {keyword.arg for keyword in call.keywords}
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in HOOKS
    }
    assert implemented or name in called
    for hook, arguments in called.items():
        assert arguments == set(inspect.signature(HOOKS[hook]).parameters)


def test_the_examples_of_a_plug_in_answer_for_its_own_type_alone():
    fields, types = (
        implementation(name) for name in ("opter_settings_fields", "opter_import_types")
    )
    [one] = types.opter_import_types()
    assert [field.key for field in fields.opter_settings_fields(one.code)] == ["path"]
    assert fields.opter_settings_fields("another") is None
    check = implementation("opter_check_settings").opter_check_settings
    assert check("another", {}) is None
    assert [problem.key for problem in check(one.code, {}).problems] == ["path"]
    assert check(one.code, {"path": " a.txt "}).values == {"path": "a.txt"}


@pytest.mark.parametrize("place", sorted(SAID))
def test_no_sentence_names_a_hook_that_does_not_exist(place):
    named = set(re.findall(r"\bopter_[a-z_]*[a-z]\b(?!_)", SAID[place])) - {
        "opter_contract",
        "opter_contract_version",
    }
    # Groups of hooks are named by how they begin: ``opter_take_…``.
    groups = {name for name in named if f"{name}_…" in SAID[place]}
    assert named - groups <= set(HOOKS)


def answered_by_the_host(page):
    _, offered = inspect.getsource(page).split("# --- Answered by the host")
    return set(re.findall(r"^def (opter_\w+)", offered, re.MULTILINE))


def table(page):
    """Return who answers each hook, by the table of the page."""
    rows = re.findall(r"^(opter_\w+) +(\S+) .* 1\.0$", SAID[page.__name__], re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_the_hosts_own_hooks_stand_in_the_part_that_the_host_answers():
    offered = set.union(*map(answered_by_the_host, SUITES))
    assert offered == HOSTS_OWN | {"opter_progress"}


@every_page
def test_the_table_of_a_page_has_each_of_its_hooks_once(page):
    assert sorted(table(page)) == sorted(hooks_of(page))


@every_page
def test_the_table_of_a_page_says_what_the_host_answers(page):
    by_the_host = {name for name, who in table(page).items() if who in {"host", "anyone"}}
    assert by_the_host == answered_by_the_host(page)


# --- What a host must promise -------------------------------------------------------


def promises(page):
    """Return the promises of a page, with the numbers they have there."""
    _, part = SAID[page.__name__].split("What your host must promise\n")
    lines = re.split(r"^(\d+)\. ", part, flags=re.MULTILINE)[1:]
    sentences = [re.split(r"\.(?:\s|$)", text, maxsplit=1)[0] for text in lines[1::2]]
    return list(zip(map(int, lines[::2]), sentences, strict=True))


def name_of_test(message):
    return "test_" + "_".join(re.findall(r"\w+", message.lower()))


@every_page
def test_the_promises_are_numbered_in_their_order(page):
    numbers = [number for number, _ in promises(page)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_promise_is_a_test_of_a_suite_and_each_promised_test_a_sentence():
    sentences = [message for page in SUITES for _, message in promises(page)]
    assert sorted(map(name_of_test, sentences)) == sorted(PROMISED)


@every_page
def test_each_promise_is_held_by_whoever_claims_the_whole_page(page):
    names = {name_of_test(message) for _, message in promises(page)}
    assert names - {name for suite in SUITES[page] for name in dir(suite)} == set()
