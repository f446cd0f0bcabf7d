"""What is written is its owner's alone, and goes where we chose."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.services import payments_file, support_bundle
from hostsim.storage.private_files import make_folder
from hostsim.storage.secrets import Secrets
from hostsim.storage.store import Store

ROOT = Path(__file__).parents[2]

posix = pytest.mark.skipif(sys.platform == "win32", reason="files have no modes on Windows")


@pytest.fixture(params=[0o000, 0o777], ids=["umask 000", "umask 777"])
def _any_umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder):
    """Give the rights of others, and of the owner, of all that is in a folder."""
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in sorted(folder.rglob("*"))}


@posix
@pytest.mark.usefixtures("_any_umask")
def test_what_is_written_is_its_owners_alone_whatever_the_umask(tmp_path, now):
    folder = tmp_path / "kept"
    make_folder(folder)
    with Store.create(folder / "host.db") as store, store.locks.hold("x", wait=0):
        Secrets(store.path, store.locks).put("F", "login", "secret")
        payments_file.write_new(folder / "payments.csv", "x")
        support_bundle.write_bundle(
            folder / "report.zip", store, Plugins(), environment={}, language="en", now=lambda: now
        )
        files = modes(folder)
    folders = [files.pop("host.db.secrets"), files.pop("host.db.locks")]
    assert [*folders, f"{folder.stat().st_mode & 0o777:o}"] == ["700"] * 3
    assert {"host.db-wal", "host.db-shm", "host.db", "payments.csv", "report.zip"} < files.keys()
    assert len([name for name in files if name.endswith(".lock")]) == 2
    assert set(files.values()) == {"600"}


@posix
def test_a_journal_beside_the_database_has_its_mode(tmp_path):
    """For a database that somebody has put into another journal mode."""
    with Store.create(tmp_path / "host.db") as store:
        store.db.execute("PRAGMA journal_mode = PERSIST")
        store.set_setting("accepted_deviation", "5")
    assert modes(tmp_path)["host.db-journal"] == "600"


# --- Links ---


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "ours" / "host.db") as store:
        yield store


@pytest.fixture
def tmp_path(tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_text("precious")
    return tmp_path


def nothing_was_written_there(tmp_path):
    """Tell whether what the links lead to is as it was."""
    there = tmp_path / "theirs"
    return [path.read_text() for path in there.iterdir()] == ["precious"]


def link(kind, place, target):
    (os.link if kind == "hard" else os.symlink)(target, place)


def refusal(act, *arguments):
    with pytest.raises(HostError) as refused:
        act(*arguments)
    return refused.value.code


def hold(locks):
    with locks.hold("x", wait=0):
        pass


@posix
def test_a_link_in_the_place_of_the_folder_of_locks_is_refused(store, tmp_path):
    link("symbolic", store.locks.folder, tmp_path / "theirs")
    assert refusal(hold, store.locks) == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


@posix
@pytest.mark.parametrize("kind", ["symbolic", "hard", "to nothing"])
def test_a_link_in_the_place_of_a_lock_is_refused(store, tmp_path, kind):
    hold(store.locks)
    [lock] = store.locks.folder.iterdir()
    lock.unlink()
    link(kind, lock, tmp_path / "theirs" / ("new" if kind == "to nothing" else "file"))
    assert refusal(hold, store.locks) == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


@posix
@pytest.mark.parametrize("value", ["secret", None])
def test_a_link_in_the_place_of_the_folder_of_secrets_is_refused(store, tmp_path, value):
    secrets = Secrets(store.path, store.locks)
    link("symbolic", secrets.folder, tmp_path / "theirs")
    assert refusal(secrets.put, "F", "login", value) == "LINK_REFUSED"
    assert refusal(secrets.get, "F", "login") == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


@posix
@pytest.mark.parametrize("kind", ["symbolic", "hard", "to nothing"])
def test_a_link_in_the_place_of_a_secret_is_refused(store, tmp_path, kind):
    secrets = Secrets(store.path, store.locks)
    secrets.put("F", "login", "secret")
    [file] = secrets.folder.iterdir()
    file.unlink()
    link(kind, file, tmp_path / "theirs" / ("new" if kind == "to nothing" else "file"))
    assert refusal(secrets.put, "F", "login", "other") == "LINK_REFUSED"
    assert refusal(secrets.get, "F", "login") == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


# --- One place ---

#: What makes a file or a folder.
MAKES = re.compile(
    r"""\.open\(["'][wxa]|\bopen\([^)]*["'][wxa]b?\+?["']|\.mkdir\(|\.touch\(|write_text\("""
    r"""|write_bytes\(|makedirs\(|O_CREAT|NamedTemporaryFile|mkstemp"""
)


def test_files_and_folders_are_made_in_one_place():
    """But for the examples in a docstring, and what the conformance suites write of their own."""
    packages = [ROOT / name for name in ("hostsim", "opter_fortnox_plugin", "opter_contract")]
    found = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in package.rglob("*.py")
        if MAKES.search(path.read_text(encoding="utf-8"))
    }
    found = {name for name in found if "/conformance/" not in name}
    # What a probe writes for the sandbox says how Fortnox behaves, and nothing else.
    told = {"opter_fortnox_plugin/diagnostics/probe_command.py"}
    # A page for the browser, in a folder of its owner's alone, and what closed streams become.
    told |= {"opter_fortnox_plugin/diagnostics/console.py", "hostsim/services/browser.py"}
    told |= {"opter_contract/streams.py"}
    assert found - told == {"hostsim/storage/private_files.py", "opter_contract/hooks.py"}
