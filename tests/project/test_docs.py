"""The README names what there is, and its commands are the ones that work."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import requests

from hostsim.cli import hostsim
from hostsim.errors import EXIT_STATUS
from hostsim.ledger import reasons
from hostsim.sandbox import Sandbox, seed
from hostsim.views import labels
from opter_fortnox_plugin import configuration, settings
from opter_fortnox_plugin.errors import CODES
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.invoices import problems as invoice_problems
from opter_fortnox_plugin.invoices import settings as invoice_settings
from opter_fortnox_plugin.supplier_invoices import problems as bill_problems
from opter_fortnox_plugin.supplier_invoices import settings as bill_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SANDBOX = (ROOT / "hostsim/sandbox/README.md").read_text(encoding="utf-8")
PAGES = sorted(page for page in ROOT.glob("*.md")) + sorted((ROOT / "hostsim").rglob("*.md"))
SOURCES = [
    path.read_text(encoding="utf-8")
    for folder in ("hostsim", "opter_fortnox_plugin")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


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
def test_every_settings_field_is_in_the_readme_with_its_preset(field):
    lines = re.findall(rf"^\| `{field.key}` .*$", README, re.MULTILINE)
    assert any(f"`{field.default}`" in line for line in lines) or not field.default


@pytest.mark.parametrize(
    ("what", "scopes"),
    [
        ("imports", protocol.SCOPES),
        ("exports of invoices", invoice_settings.SCOPES),
        ("exports of bills", bill_settings.SCOPES),
    ],
)
def test_the_readme_lists_the_scopes_of_what_an_integration_is_to_do(what, scopes):
    [line] = re.findall(rf"^ +\| {what} \| ([^;|]*)", README, re.MULTILINE)
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
def test_every_gap_and_refusal_of_an_export_is_in_the_readme(code):
    assert f"`{code}`" in README


@pytest.mark.parametrize(
    "name",
    sorted(set(re.findall(r"\b(?:FORTNOX|HOSTSIM)_[A-Z_]+[A-Z]\b", "".join(SOURCES))) - set(CODES)),
)
def test_every_environment_variable_is_in_the_readme(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize(("name", "value"), sorted(configuration.DEFAULTS.items()))
def test_every_preset_of_the_configuration_is_in_the_readme(name, value):
    [line] = re.findall(rf"^\| `{name}` .*$", README, re.MULTILINE)
    assert value in line


@pytest.mark.parametrize("name", sorted({*labels.STATUSES, *labels.REASONS}))
def test_every_status_and_reason_is_in_the_readme(name):
    assert f"`{name}`" in README


def test_every_ignored_reason_is_called_ignored():
    [line] = re.findall(r"^Ignored: .*$", README, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", line)) == reasons.IGNORED


def test_the_lower_list_of_the_readme_is_the_table_of_reasons():
    [_, table] = README.split("| in the lower list ", 1)
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", table.split("\n\n", 1)[0], re.MULTILINE))
    assert list(rows) == [code for code in reasons.REASONS if code not in reasons.IGNORED]
    for code, text in rows.items():
        options = {f"--{one}" for one in reasons.possible_decisions(code)} - {"--set-aside"}
        assert options == set(re.findall(r"--[a-z-]+", text))


@pytest.mark.parametrize("status", sorted({0, *EXIT_STATUS.values()}))
def test_every_exit_status_is_in_the_readme(status):
    assert re.search(rf"^\| {status} \| ", README, re.MULTILINE)


def commands(group: click.Group, path: str = "") -> list[str]:
    names = []
    for name, command in sorted(group.commands.items()):
        names.append(f"{path}{name}")
        if isinstance(command, click.Group):
            names += commands(command, f"{path}{name} ")
    return names


@pytest.mark.parametrize("command", commands(hostsim))
def test_every_command_is_in_the_readme(command):
    assert f"hostsim {command}" in README or f"`{command}`" in README


@pytest.fixture(scope="module")
def switchboard(now):
    with Sandbox(seed.haulier(now)) as sandbox:
        yield sandbox.switchboard_url


@pytest.mark.parametrize(
    ("method", "path", "body"),
    re.findall(r"\| `(GET|PUT|PATCH|POST) /_sandbox(\S*?)(?: (\{.*\}))?` \|", SANDBOX),
)
def test_every_line_for_the_switchboard_works(switchboard, method, path, body):
    answer = requests.request(
        method,
        switchboard + path,
        data=body or None,
        headers={"Content-Type": "application/json"} if body else {},
        timeout=10,
    )
    assert answer.ok, answer.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_exists(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target
