"""Fixtures to run commands in this process, in an empty folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from shop_plugin import SHOP

from hostsim import __main__
from hostsim.plugins.loading import Plugins

INVOICES = """\
invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date
1001,100146,K1,Åkeri Öst AB,SEK,1000.00,2026-01-15,2026-02-14
1002,100248,K2,Västfrakt [red]AB,SEK,1000.00,2026-01-15,2026-02-14
1003,100345,K3,Nordfrakt GmbH,EUR,100.50,2026-01-15,2026-02-14
"""


@dataclass
class Ended:
    status: int
    out: str
    err: str

    @property
    def last(self):
        return self.err.splitlines()[-1]

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run_command(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder with a file of invoices; the test sets the plug-ins."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOSTSIM_DB", "HOSTSIM_LANG", "HOSTSIM_LOGIN_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("hostsim.services.context.system_user", lambda: "kim")
    Path("fakturor.csv").write_text(INVOICES, encoding="utf-8")

    def run_command(*arguments):
        capsys.readouterr()
        status = __main__.main([str(argument) for argument in arguments])
        return Ended(status, *capsys.readouterr())

    return run_command


@pytest.fixture
def hostsim(run_command, monkeypatch):
    """Run a command with the shop's plug-in and no other."""
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls([("shop", SHOP)])))
    return run_command


def with_definition(run_command, import_type):
    """Create a database with invoices and the definition Butik."""
    assert run_command("init").status == 0
    assert run_command("invoices", "load", "fakturor.csv").status == 0
    assert (
        run_command("formats", "add", "Butik", "--type", import_type, "--format", "API").status == 0
    )
    return run_command


@pytest.fixture
def ready(hostsim):
    return with_definition(hostsim, "ShopAPI")


@pytest.fixture
def run(run_command, monkeypatch, plugin):
    """Run a command with an invented plug-in, in a folder with a definition."""
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls([("fake", plugin)])))
    return with_definition(run_command, "Fake")
