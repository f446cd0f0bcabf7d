"""The pages name no setting, command or environment variable that is gone."""

from __future__ import annotations

import re

import click
import pytest

from hostsim.cli import hostsim
from hostsim.storage.store import SETTINGS as OFFICE_SETTINGS
from opter_fortnox_plugin.payments import settings
from tests.project.test_docs import GUIDE, SOURCES

#: What stands in a console: blocks and code within a sentence.
CODE = "\n".join(re.findall(r"^```(?:sh|powershell)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))
CODE += "\n" + "\n".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", GUIDE))


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
