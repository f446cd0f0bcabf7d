"""Whoever reads only the beginning of a result gets no complaint, and the shell its status."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys

import pytest

from hostsim import __main__
from hostsim.cli.main import READER_CLOSED
from hostsim.views.output import Output
from opter_contract.programs.streams import reader_closed


@pytest.fixture
def ended_unread(tmp_path, monkeypatch):
    """Run a command into a pipe that nobody reads from; give its status and errors."""
    monkeypatch.setenv("HOSTSIM_DB", str(tmp_path / "host.db"))
    monkeypatch.setenv("HOSTSIM_LANG", "en")
    assert __main__.main(["init"]) == 0

    def ended_unread(*arguments):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as gone:
            ended = subprocess.run(
                [sys.executable, "-m", "hostsim", *arguments],
                stdout=gone,
                stderr=subprocess.PIPE,
                check=False,
            )
        return ended.returncode, ended.stderr.decode()

    return ended_unread


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader fails otherwise there")
@pytest.mark.parametrize(
    "arguments",
    [
        ("payments",),
        ("payments", "--json"),
        ("payments", "show", "--help"),
        ("errors",),
        ("--help",),
    ],
)
def test_a_reader_who_leaves_early_is_no_fault(ended_unread, arguments):
    assert ended_unread(*arguments) == (READER_CLOSED, "")


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader fails otherwise there")
def test_an_export_that_nobody_reads_says_only_what_it_leaves_out(ended_unread):
    status, told = ended_unread("payments", "export", "-")
    assert status == READER_CLOSED
    assert told.splitlines() == ["Excluded, since they came from Fortnox: 0 payments, 0.00 SEK."]


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader fails otherwise there")
def test_an_error_is_told_though_nobody_reads_the_result(ended_unread):
    status, told = ended_unread("payments", "show", "7")
    assert (status, told.splitlines()[-1][:17]) == (2, "PAYMENT_UNKNOWN: ")


def test_windows_reports_a_closed_pipe_as_an_invalid_argument(monkeypatch):
    invalid, closed = OSError(errno.EINVAL, ""), BrokenPipeError(errno.EPIPE, "")
    monkeypatch.setattr(sys, "platform", "linux")
    assert [reader_closed(invalid), reader_closed(closed)] == [False, True]
    monkeypatch.setattr(sys, "platform", "win32")
    assert [reader_closed(invalid), reader_closed(closed)] == [True, True]


def test_an_old_window_of_windows_gets_no_codes_of_colours(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("WT_SESSION", raising=False)
    assert Output(terminal, "sv").style("OK", "32") == "OK"
    monkeypatch.setenv("WT_SESSION", "1")
    assert Output(terminal, "sv").style("OK", "32") != "OK"
