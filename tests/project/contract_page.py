"""The contract as a page: ``python -m tests.project.contract_page > docs/contract.md``."""

from __future__ import annotations

import inspect
import re
import sys
from types import ModuleType

from opter_contract import export_hooks, hooks

_ABOUT = """\
# The contract, hook by hook

Made from [`hooks.py`](../opter_contract/hooks.py) and
[`export_hooks.py`](../opter_contract/export_hooks.py); the values that cross are in
[`values.py`](../opter_contract/values.py) and
[`export_values.py`](../opter_contract/export_values.py). How to write a host, a plug-in or a
listener: [a page of its own](write-your-own.md).
"""


def page() -> str:
    return "\n".join([_ABOUT, *_module("Imports", hooks), *_module("Exports", export_hooks)])


def _module(title: str, module: ModuleType) -> list[str]:
    found = [
        function
        for name, function in vars(module).items()
        if name.startswith("opter_") and function.__module__ == module.__name__
    ]
    about = _markdown(inspect.getdoc(module) or "")
    lines = [f"## {title}", "", about, ""]
    for function in found:
        signature = re.sub(r"'", "", str(inspect.signature(function)))
        text = _markdown(inspect.getdoc(function) or "")
        lines += [f"### {function.__name__}", "", f"`{function.__name__}{signature}`", "", text, ""]
    return lines


def _markdown(text: str) -> str:
    """Make Markdown of a docstring in reStructuredText, as far as the contract uses it."""
    text = re.sub(r":\w+:`~?([^`<]+ <)?([^`>]+)>?`", lambda m: f"`{m[2].split('.')[-1]}`", text)
    text = text.replace("``", "`")
    text = re.sub(r"^(.+)\n-+$", r"**\1**", text, flags=re.MULTILINE)
    text = re.sub(r"^:param (\w+): ", r"- `\1`: ", text, flags=re.MULTILINE)
    text = re.sub(r"^:return: ", "- gives ", text, flags=re.MULTILINE)
    text = re.sub(
        r"^(\=[= ]+)\n(.*?)\n\1\n(.*?)\n\1$", _table, text, flags=re.MULTILINE | re.DOTALL
    )
    return re.sub(r"::$", ":", text, flags=re.MULTILINE)


def _table(match: re.Match[str]) -> str:
    widths = [len(part) for part in match[1].split(" ")]
    rows = [match[2], *match[3].splitlines()]
    lines = [f"| {' | '.join(_cells(row, widths))} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(widths), *lines[1:]])


def _cells(row: str, widths: list[int]) -> list[str]:
    cells, at = [], 0
    for width in widths:
        cell = row[at : at + width].strip()
        cells.append(f"[{cell}](#{cell})" if cell.startswith("opter_") else cell)
        at += width + 1
    return cells


if __name__ == "__main__":
    sys.stdout.write(page())
