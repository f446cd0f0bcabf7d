"""Plug-ins in packages, as ``pip`` installs them: discovered, not registered."""

from __future__ import annotations

import sys
from itertools import count

import pytest

HOOKS = "import pluggy\nhookimpl = pluggy.HookimplMarker('opter')\n"

LISTENER = HOOKS + "@hookimpl\ndef opter_run_saved(run):\n    pass\n"

TYPE = (
    HOOKS
    + """
from types import SimpleNamespace as Made

@hookimpl
def opter_import_types():
    return [Made(code={code!r}, formats={formats}, label=Made(sv="Bank", en="Bank"))]
"""
)


def bank(code="BankAPI", formats=("API",)):
    return TYPE.format(code=code, formats=repr(formats))


_unique = count()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package with one module and one entry point; return the module's name."""
    modules = []

    def install(distribution, source, *, name=None, group="opter", value="{}", points=None):
        site = tmp_path / distribution
        info = site / f"{distribution}-1.2.dist-info"
        info.mkdir(parents=True)
        module = f"installed_{next(_unique)}"
        (site / f"{module}.py").write_text(source, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2")
        line = points or f"[{group}]\n{name or distribution} = {value.format(module)}\n"
        (info / "entry_points.txt").write_text(line, encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        modules.append(module)
        return module

    yield install
    for module in modules:
        sys.modules.pop(module, None)
