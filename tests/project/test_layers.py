"""Imports go downwards only, and never in a circle."""

import ast
import configparser
import functools
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: From the ground up; a room imports only what stands before it.
FLOORS = {
    "opter_contract": [
        "version currencies programs", "values", "export_values",
        "hooks export_hooks", "conformance",
    ],
    "opter_fortnox_plugin": [
        "errors", "configuration settings host", "fortnox", "login", "session",
        "payments exports", "invoices supplier_invoices", "diagnostics", "hooks", "__main__",
    ],
    "hostsim": [
        "messages sandbox", "errors", "ledger", "storage", "plugins", "services", "views",
        "demo pytest_plugin", "desk", "cli", "__main__",
    ],
}  # fmt: skip


def modules():
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in FLOORS
        for path in (ROOT / package).rglob("*.py")
    }


@functools.cache
def imports():
    """Return what each module imports, wherever it does so."""
    paths = modules()
    graph = {name: set() for name in paths}
    for name, path in paths.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                graph[name] |= {n if n in paths else node.module for n in names} & set(paths)
            elif isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names} & set(paths)
    return graph


def test_there_is_no_circle():
    # A package only gathers what stands in it.
    TopologicalSorter(
        {
            name: {other for other in needed if not name.startswith(f"{other}.")}
            for name, needed in imports().items()
        }
    ).prepare()


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_downwards_only(package):
    floor = {
        f"{package}.{room}": number
        for number, rooms in enumerate(FLOORS[package])
        for room in rooms.split()
    }
    upwards = []
    for name, needed in imports().items():
        room = ".".join(name.split(".")[:2])
        for other in sorted(needed):
            below = ".".join(other.split(".")[:2])
            if room != below and room in floor and below in floor and floor[below] >= floor[room]:
                upwards.append(f"{name} imports {other}")
    assert upwards == []
    assert {".".join(name.split(".")[:2]) for name in modules() if name.startswith(package)} == {
        package, *floor
    }  # fmt: skip


ALLOWED = {
    "opter_contract": set(),
    "opter_fortnox_plugin": {"opter_contract"},
    "hostsim": {"opter_contract"},
}


@pytest.mark.parametrize("package", FLOORS)
def test_plug_in_and_host_meet_in_the_contract_alone(package):
    outside = {
        other.split(".")[0]
        for name, needed in imports().items()
        if name.split(".")[0] == package
        for other in needed
    }
    assert outside - {package} <= ALLOWED[package]


#: How SQL begins; a word alone is one that a person may see.
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|WITH)\s", re.ASCII)


def test_all_sql_of_the_host_stands_in_storage():
    outside = [
        f"{name}:{node.lineno}"
        for name, path in modules().items()
        if name.startswith("hostsim.") and not name.startswith("hostsim.storage.")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _is_sql(node)
    ]
    assert outside == []


def _is_sql(node):
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and SQL.match(node.value)
    return isinstance(node, ast.Attribute) and node.attr in {"execute", "executemany"}


def test_the_host_names_no_system_that_payments_come_from():
    """Not in its rules, SQL, plug-in room and services; the label of an import type is its name."""
    # What a file of invoices may hold is told by Fortnox's own rules for numbers.
    rooms = ("hostsim.ledger.", "hostsim.storage.", "hostsim.plugins.", "hostsim.services.")
    naming = [
        name
        for name, path in modules().items()
        if name.startswith(rooms) and name != "hostsim.services.invoices_table"
        if "Fortnox" in path.read_text(encoding="utf-8")
    ]
    assert naming == []


def test_the_distribution_requires_only_what_the_plug_in_needs():
    """What hostsim needs beside it is an extra."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    required = setup["options"]["install_requires"].split("\n")[1:]
    assert {re.match(r"\w+", requirement)[0] for requirement in required} == {
        "pluggy", "requests", "marshmallow", "tenacity", "truststore", "tzdata",
        "idna", "urllib3",  # of requests, for their floors
    }  # fmt: skip
