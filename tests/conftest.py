"""Fixtures that more than one test file uses."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import fortnox_openapi
import pytest
from flask import Flask
from hypothesis import settings
from jinja2.bccache import Bucket, BytecodeCache

from hostsim.storage.connection import Database

# Tests start hundreds of programs: without compiled files each compiles all of the code, which
# took a third of the time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def now() -> datetime:
    """Return a time for invented data; the real one, since real servers stamp with theirs."""
    return datetime.now(UTC)


@pytest.fixture
def in_a_terminal() -> Iterator[None]:
    """Have signals end this process as in a terminal: in the background, some are ignored."""
    wanted = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    numbers = {getattr(signal, name): one for name, one in wanted.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, one) for number, one in numbers.items()}
    yield
    for number, one in before.items():
        signal.signal(number, one)


#: Long proofs of what shorter tests hold too, by folder, file, test, or ``file::test`` where
#: several files have a test of that name: the seconds on one of two busy cores (as
#: ``pytest -m slow -n 2 --durations=0`` adds them up), and what each proves.
SLOW = {
    "browser": (300, "the pages in a real browser"),
    "test_an_export_holds_all_fifty_thousand": (3, "a long list, whole"),
    "test_read_is_always_ready_and_rejected_and_ignored": (2, "any payments and decisions"),
    "test_read_is_ready_and_rejected_and_ignored_whatever_comes": (8, "any rows and details"),
    "test_every_payment_of_one_page_is_in_exactly_one_list_with_the_amount_that_it_had": (
        4,
        "any page",
    ),
    "test_a_list_that_contradicts_itself_is_read_or_is_an_error_for_a_person": (3, "any totals"),
    "test_a_company_that_cannot_be_read_is_an_error_for_a_person": (2, "any company"),
    "test_demo.py": (15, "the demonstration, whole, and how it ends"),
    "test_desk_opening.py": (10, "the pages' server as it is started and ended"),
    "test_exports_on_the_command_line.py": (4, "exports typed as commands"),
    "test_repeated_decisions.py": (4, "decisions typed as commands, again and again"),
    "test_broken_pipe.py": (2, "a reader that goes away, under whole programs"),
    "test_lazy_imports.py": (3, "what each command imports, in a process of its own"),
    "test_benchmarks.py": (5, "the benchmarks run"),
    "test_desk_exports.py": (10, "the exports' pages, each case of them"),
    "test_a_person_signs_in_at_fortnox_through_the_proxy": (2, "real proxies, nginx if it is here"),
    "test_companies.py": (5, "several companies and regions in one database"),
    "test_reconcile.py": (11, "both ledgers compared whole"),
    "test_watermark.py": (13, "where the next import begins"),
    "test_ten_megabytes_in_a_name_are_shortened_and_harm_nobody": (2, "in any field"),
    "test_client_requests.py": (1, "the requests of six public clients"),
    "test_run_due.py": (13, "many companies with nobody there, over HTTP"),
    "test_fleet_host.py": (6, "the host for many machines, beside the sandbox"),
    "test_conformance_of_the_fleet_host.py": (6, "and its promises"),
    "test_one_service_account.py": (5, "three processes that share a service account"),
    "test_signals.py": (7, "each end that a program is told"),
    "test_whatever_is_decided.py": (7, "any decisions, in any order"),
    "test_what_is_shown_is_what_the_rules_say_of_the_whole_run": (6, "any rows, in SQL and not"),
    "test_the_verdict_is_that_of_the_rule": (6, "any payments that may be the same"),
    "test_whatever_fails_with_bills.py": (6, "any failure while bills are sent"),
    "test_whatever_fails.py": (4, "so of invoices"),
    "test_no_payment_is_lost_where_the_filter_has_another_zone": (1, "any zone"),
    "test_the_demo_fails_when_it_does_not_show_what_it_promises": (1, "each thing that is shown"),
    "test_the_rate_limit_is_never_met": (3, "at the sandbox's own limit"),
    "test_a_slow_drip_is_given_up_though_every_drop_is_in_time": (1, "a server that never ends"),
    "test_stored_login_faults.py": (4, "every fault at a refresh"),
    "test_it_is_installed_as_any_plug_in_and_hears_whatever_a_person_does": (1, "in a wheel"),
    "test_camt054.py": (22, "the second import type, from the wheel to the books"),
    "test_shared_refresh.py": (7, "threads and processes that refresh one login at once"),
    "test_saved_not_shown.py": (13, "full disks and closed pipes under every command"),
    "test_a_process_that_dies_before_a_step_leads_to_one_login_at_most": (
        5,
        "a process that ends at any step of a refresh",
    ),
    "test_no_payment_is_lost_in_the_night_of_the_clocks": (1, "any filter in both nights"),
    "test_faults.py": (60, "every fault at every request"),
    "test_keyring.py": (6, "real keyrings, each in a process of its own"),
    "test_kill.py": (24, "a process killed at each step of an import"),
    "test_wherever_the_damage_is_it_is_told_and_nothing_is_registered_in_it": (
        11,
        "damage anywhere under every command",
    ),
    "test_one_that_is_killed_leaves_the_old_or_the_new_and_nothing_half": (
        2,
        "a copy, and its way back, killed at each step",
    ),
    "test_what_cannot_be_written_can_be_read_and_copied": (1, "a disk that cannot be written"),
    "test_kill_commit.py": (22, "killed inside SQLite's own writes"),
    "test_kill_export.py": (80, "an export killed at each request and commit, and answers lost"),
    "test_kill_fleet.py": (
        18,
        "hundreds of companies, killed workers, a database that restarts",
    ),
    "test_kill_listeners.py": (3, "a listener's ledger, wherever the host is killed"),
    "test_kill_stored_login.py": (20, "killed at each step of keeping a login"),
    "test_listeners_whatever_is_decided.py": (5, "a listener's ledger, whatever is decided"),
    "test_public_clients.py": (13, "other clients read the same pages"),
    "test_every_command_that_signs_in_revokes_its_login_when_it_is_told_to_end": (
        1,
        "a signal in the middle of each",
    ),
    "test_a_page_that_is_told_to_end_ends_the_import_that_runs_and_its_login": (1, "so of serve"),
    "test_a_login_that_is_to_stay_is_kept_by_a_sign_in_that_is_told_to_end": (1, "so of sign-in"),
    "test_second_host.py": (10, "the wheel alone, and with one extra, in empty environments"),
}


def pytest_report_header() -> str:
    """Say how long it takes, before it does."""
    more = sum(seconds for seconds, _ in SLOW.values()) / 2 / 60
    return f"about three minutes on two cores; the long proofs (-m slow) take {more:.0f} more"


class CompiledTemplates(BytecodeCache):
    """Compiles each template once in a process, for all of its applications."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


# Most tests of the pages make an application; compiling its templates took most of their time.
Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}

_change = Database.change


@contextmanager
def _change_without_waiting(database: Database) -> Iterator[sqlite3.Connection]:
    if not database.db.in_transaction:
        database.db.execute("PRAGMA synchronous = OFF")
    with _change(database) as db:
        yield db


# No test cuts the power, so nothing has to have reached the disk: to wait for it took a fourth of
# the time. Programs that tests start, and kill, wait for it.
Database.change = _change_without_waiting  # type: ignore[method-assign]

# What collecting makes stays to the end: the garbage collector would go through it again and again.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark the long proofs, so that they run when they are asked for.

    What needs more than the project has is left out where that is not at hand.

    :raises LookupError: if ``SLOW`` has an entry that none of all tests fits.
    """
    found = set()
    for item in items:
        file, test = item.path.name, getattr(item, "originalname", None)
        if entries := SLOW.keys() & {item.path.parent.name, file, test, f"{file}::{test}"}:
            item.add_marker(pytest.mark.slow)
            found |= entries
    if not session.testsfailed and _is_whole(config) and (unknown := SLOW.keys() - found):
        raise LookupError(f"SLOW in tests/conftest.py fits no test: {sorted(unknown)}")
    if not fortnox_openapi.SHARED.is_dir():
        without = [item for item in items if item.get_closest_marker("recorded")]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]
    # Its days at an office are played once, if its tests are not divided among processes: the first
    # are not.
    items.sort(key=lambda item: item.path.name != "test_golden.py")


def _is_whole(config: pytest.Config) -> bool:
    """Return whether all of the tests were collected."""
    folder, option = Path(__file__).parent, config.option
    asked = {config.invocation_params.dir.joinpath(path).resolve() for path in config.args}
    left_out = option.ignore or option.ignore_glob or option.deselect or option.lf
    return not left_out and not asked.isdisjoint({folder, folder.parent})


# No test touches the keyring of whoever runs it; programs that tests start inherit this.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
# Whoever runs them may have an English locale; the programs speak Swedish here.
os.environ["LC_ALL"] = "C.UTF-8"

# How fast a machine is says nothing about the code: no deadlines.
settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")
