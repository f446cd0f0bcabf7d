"""What a page says is for an economist: no command to type, no code word, no variable."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import hostsim
import opter_fortnox_plugin
from hostsim.messages import help  # noqa: A004
from hostsim.messages.errors import ERRORS
from hostsim.views.pages import PAGES
from hostsim.views.table import on_page
from opter_fortnox_plugin.errors import error_texts

#: A command, an option, an environment variable, a hook, a key or a code.
NOT_FOR_AN_ECONOMIST = re.compile(
    r"hostsim [a-z]|(?<![-\w])--[a-z]|\b[A-Z]+_[A-Z_]+\b|opter_[a-z]|\b\w+_\w+\b(?<!})"
    r"|every-time|service-account|\bnone\b-",
)

#: Errors that only a command, or whoever starts the program, meets.
OF_COMMANDS = {
    *("DATABASE_EXISTS", "DATABASE_FOREIGN", "BACKUP_EXISTS", "BACKUP_UNWRITABLE"),
    *("DATABASE_IN_USE", "SERVE_OPTION_WRONG", "DESK_PORT_IN_USE", "NOT_INSTALLED", "USAGE"),
    *("FOLDER_UNREACHABLE", "SANDBOX_DATA_WRONG", "SANDBOX_PORT_IN_USE", "ERROR_UNKNOWN"),
    *("MAIL_SETTINGS", "MAIL_NOT_ENCRYPTED", "MAIL_NOT_SENT", "INPUT_ENDED"),
}

#: What only a terminal, a mail or whoever starts the program sees.
NOT_ON_A_PAGE = {
    *("messages/errors.py", "messages/mail.py", "messages/plugins.py", "messages/files.py"),
    *("views/preview_output.py", "views/runs.py", "views/errors.py", "desk/startup.py"),
    *("desk/reverse_proxy.py",),
}
ROOMS = ("messages", "ledger", "views", "desk")


def test_no_error_that_a_page_shows_has_a_command_or_a_code_in_its_sentence():
    ours = {code: text for code, (kind, text) in ERRORS.items() if kind != "internal"}
    theirs = {error.code: error.message for error in error_texts() if error.kind != "internal"}
    shown = {**ours, **theirs}
    wrong = {
        code: found[0]
        for code in shown.keys() - OF_COMMANDS
        for text in shown[code]
        if (found := NOT_FOR_AN_ECONOMIST.search(re.sub(r"{.*?}", "", text)))
    }
    assert not wrong


def test_nothing_else_that_a_page_says_has_one():
    host = Path(hostsim.__file__).parent
    files = [file for room in ROOMS for file in (host / room).rglob("*.py")]
    files = [file for file in files if file.relative_to(host).as_posix() not in NOT_ON_A_PAGE]
    plugin = Path(opter_fortnox_plugin.__file__).parent
    files += [
        file
        for file in plugin.rglob("*.py")
        if "diagnostics" not in file.parts and file.name != "errors.py"
    ]
    wrong = [
        f"{file.name}: {text}"
        for file in files
        for text in sentences(file)
        if NOT_FOR_AN_ECONOMIST.search(text)
    ]
    assert not wrong


def test_each_list_says_what_it_shows_and_no_column_is_explained_that_there_is_not():
    # What is left out stands among what can be saved.
    assert help.LISTS.keys() | {"left"} == PAGES.keys() | {"invoices", "bills", "log"}
    for name in ("runs", "overview", "decisions"):
        explained = help.COLUMNS.keys() | help.OF_LIST[name].keys()
        assert {column.key for column in on_page(PAGES[name])} <= explained
    assert help.COLUMNS.keys() <= {column.key for columns in PAGES.values() for column in columns}


def sentences(file):
    """Return each text in two languages of a module, without what is put into it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Text", "Template"}:
            for argument in node.args:
                parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
                for part in parts:
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield re.sub(r"{.*?}", "", part.value)
