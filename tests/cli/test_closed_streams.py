"""A program that is started without standard streams ends as any other, and harms no file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostsim.cli.main import READER_CLOSED

ROOT = str(Path(__file__).parents[2])

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a shell")


@pytest.fixture
def started(tmp_path):
    """Start Python as a shell does with streams closed; give status and all that it wrote."""

    def started(closed, *words):
        ended = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" -W error "$@" {closed}', sys.executable, *words],
            env=os.environ | {"PYTHONPATH": ROOT, "HOSTSIM_DB": str(tmp_path / "host.db")},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return ended.returncode, ended.stdout.decode()

    return started


@pytest.mark.parametrize(
    ("closed", "words", "status"),
    [
        (">&-", ["hostsim", "errors"], READER_CLOSED),
        ("2>&-", ["hostsim", "payments", "show", "1"], 2),
        (">&- 2>&- <&-", ["hostsim", "init"], 7),
        ("2>&- <&-", ["opter_fortnox_plugin", "nonsense"], 2),
        (">&-", ["opter_fortnox_plugin", "doctor"], READER_CLOSED),
    ],
)
def test_a_program_without_streams_has_the_status_of_any_other(started, closed, words, status):
    ended, out = started(closed, "-m", *words)
    assert ended == status
    assert "Traceback" not in out


def test_no_file_gets_the_number_of_a_stream_that_was_closed(started):
    """What some library writes to standard error would otherwise go into the database."""
    program = (
        "import os, sys; from opter_contract.programs.streams import have_streams; have_streams();"
        "sys.exit(min(os.open(os.devnull, os.O_RDONLY) for _ in range(3)))"
    )
    assert started("<&- >&- 2>&-", "-c", program)[0] > 2
