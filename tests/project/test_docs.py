"""The README and the pages in docs name what there is, and nothing that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hostsim.cli import hostsim
from hostsim.errors import EXIT_STATUS
from hostsim.ledger import reasons
from hostsim.storage.store import SETTINGS as OFFICE_SETTINGS
from hostsim.views import labels
from opter_fortnox_plugin import configuration
from opter_fortnox_plugin.errors import CODES
from opter_fortnox_plugin.invoices import problems as invoice_problems
from opter_fortnox_plugin.invoices import settings as invoice_settings
from opter_fortnox_plugin.login import oauth
from opter_fortnox_plugin.payments import settings
from opter_fortnox_plugin.supplier_invoices import problems as bill_problems
from opter_fortnox_plugin.supplier_invoices import settings as bill_settings
from tests.project import contract_page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {
    page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))
}
#: All that is written for people.
GUIDE = "\n".join([README, *DOCS.values()])
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(
        page
        for folder in ("docs", "hostsim", "opter_contract", "opter_fortnox_plugin", "tests")
        for page in sorted((ROOT / folder).rglob("*.md"))
    ),
]
SOURCES = [
    path.read_text(encoding="utf-8")
    for folder in ("hostsim", "opter_fortnox_plugin")
    for path in sorted((ROOT / folder).rglob("*.py"))
]

#: What stands in a console: blocks and code within a sentence.
CODE = "\n".join(re.findall(r"^```(?:sh|powershell)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))
CODE += "\n" + "\n".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", GUIDE))


def test_the_first_two_python_lines_are_the_demo_and_the_tests():
    first, second = re.findall(r"^python3 .*$", README, re.MULTILINE)
    assert first.endswith("hostsim demo")
    assert second.endswith("-m pytest -n 4 --dist worksteal")
    assert "venv" in first
    assert "venv" in second


@pytest.mark.parametrize(
    "field",
    [*settings.FIELDS, *invoice_settings.FIELDS, *bill_settings.FIELDS],
    ids=lambda field: field.key,
)
def test_every_settings_field_is_in_the_pages_with_its_default(field):
    lines = re.findall(rf"^\| `{field.key}` .*$", GUIDE, re.MULTILINE)
    assert any(f"`{field.default}`" in line for line in lines) or not field.default


@pytest.mark.parametrize(
    ("what", "scopes"),
    [
        ("imports", oauth.SCOPES),
        ("exports of invoices", invoice_settings.SCOPES),
        ("exports of bills", bill_settings.SCOPES),
    ],
)
def test_the_pages_lists_the_scopes_of_what_an_integration_is_to_do(what, scopes):
    [line] = re.findall(rf"^ +\| {what} \| ([^;|]*)", GUIDE, re.MULTILINE)
    assert tuple(re.findall("`([a-z]+)`", line)) == scopes


@pytest.mark.parametrize(
    "code",
    sorted(
        {
            code
            for problems in (invoice_problems.PROBLEMS, bill_problems.PROBLEMS)
            for code in (*problems.gaps, *problems.refusals)
        }
    ),
)
def test_every_gap_and_refusal_of_an_export_is_in_the_pages(code):
    assert f"`{code}`" in GUIDE


@pytest.mark.parametrize(
    "name",
    sorted(set(re.findall(r"\b(?:FORTNOX|HOSTSIM)_[A-Z_]+[A-Z]\b", "".join(SOURCES))) - set(CODES)),
)
def test_every_environment_variable_is_in_the_pages(name):
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize(("name", "value"), sorted(configuration.DEFAULTS.items()))
def test_every_default_of_the_configuration_is_in_the_pages(name, value):
    [line] = re.findall(rf"^\| `{name}` .*$", GUIDE, re.MULTILINE)
    assert value in line


@pytest.mark.parametrize("name", sorted({*labels.STATUSES, *labels.REASONS}))
def test_every_status_and_reason_is_in_the_pages(name):
    assert f"`{name}`" in GUIDE


def test_every_ignored_reason_is_called_ignored():
    [line] = re.findall(r"^Ignored: .*$", DOCS["commands"], re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", line)) == reasons.IGNORED


def test_the_lower_list_of_the_commands_is_the_table_of_reasons():
    [_, table] = DOCS["commands"].split("| in the lower list ", 1)
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", table.split("\n\n", 1)[0], re.MULTILINE))
    assert list(rows) == [code for code in reasons.REASONS if code not in reasons.IGNORED]
    for code, text in rows.items():
        options = {f"--{one}" for one in reasons.possible_decisions(code)} - {"--set-aside"}
        assert options == set(re.findall(r"--[a-z-]+", text))


@pytest.mark.parametrize("status", sorted({0, *EXIT_STATUS.values()}))
def test_every_exit_status_is_in_the_pages(status):
    assert re.search(rf"^\| {status} \| ", GUIDE, re.MULTILINE)


def commands(group: click.Group, path: str = "") -> list[str]:
    names = []
    for name, command in sorted(group.commands.items()):
        names.append(f"{path}{name}")
        if isinstance(command, click.Group):
            names += commands(command, f"{path}{name} ")
    return names


@pytest.mark.parametrize("command", commands(hostsim))
def test_every_command_is_in_the_pages(command):
    assert f"hostsim {command}" in GUIDE or f"`{command}`" in GUIDE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_exists(page):
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text):
        if target.startswith("https://"):
            continue
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"
        assert target != "../README.md", "its tables stand in docs/ now"


def anchors(page):
    """Return the anchors that a Markdown page gets from its headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_no_page_links_to_a_package_registry():
    registry = re.compile(r"\b(pypi|npmjs|nuget|debian)\.[a-z]")
    for page in PAGES:
        assert not registry.search(page.read_text(encoding="utf-8")), page


@pytest.mark.parametrize(
    ("name", "language"), [("economist", "en"), ("ekonom", "sv")], ids=["English", "Swedish"]
)
def test_the_economists_page_says_what_each_word_of_the_lists_means(name, language):
    words = [*labels.STATUSES.values(), *labels.REASONS.values()]
    missing = [word for one in words if (word := getattr(one, language)) not in DOCS[name]]
    assert missing == []


def test_the_page_of_the_contract_is_made_from_it():
    assert DOCS["contract"] == contract_page.page()


def test_the_readme_is_read_in_a_minute():
    assert len(README.splitlines()) <= 120


# --- And nothing that is gone ---


@pytest.mark.parametrize("name", sorted(OFFICE_SETTINGS))
def test_every_setting_of_the_office_is_in_the_pages(name):
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\b(?:FORTNOX|HOSTSIM)_[A-Z_]+\b", GUIDE))))
def test_every_environment_variable_of_the_pages_is_read_by_the_program(name):
    assert f'"{name}"' in "".join(SOURCES)


def test_every_field_in_the_table_of_settings_exists():
    _, table = GUIDE.split("## Settings of an import")
    table, *_ = table.split("##")
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert named == [field.key for field in settings.FIELDS]


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"\bhostsim((?: [a-z]+(?:-[a-z]+)*)+)", CODE)))
)
def test_every_command_of_the_pages_exists(line):
    command, words = hostsim, line.split()
    while isinstance(command, click.Group) and words:
        word = words.pop(0)
        assert word in command.commands
        command = command.commands[word]


@pytest.mark.parametrize(
    "option", sorted(set(re.findall(r"\bhostsim [^\n`]*?(--[a-z]+(?:-[a-z]+)*)", CODE)))
)
def test_every_option_of_a_command_of_the_pages_exists(option):
    assert option in options_of(hostsim)


def options_of(command):
    options = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    nested = command.commands.values() if isinstance(command, click.Group) else ()
    return options.union({"--help"}, *map(options_of, nested))
