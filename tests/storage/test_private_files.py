"""What is written is its owner's alone, and goes where we chose."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from host_and_plugin import refusal

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.services import payments_file, support_bundle
from hostsim.storage import backup
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
    """Return the rights of others, and of the owner, of all that is in a folder."""
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
            folder / "report.zip", store, Plugins(), environment={}, language="en", at=now
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
    """Return whether what the links lead to is as it was."""
    there = tmp_path / "theirs"
    return [path.read_text() for path in there.iterdir()] == ["precious"]


def link(kind, place, target):
    (os.link if kind == "hard" else os.symlink)(target, place)


def hold(locks):
    with locks.hold("x", wait=0):
        pass


@posix
def test_a_link_in_the_place_of_the_folder_of_locks_is_refused(store, tmp_path):
    link("symbolic", store.locks.folder, tmp_path / "theirs")
    assert refusal(hold, store.locks).code == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


@posix
@pytest.mark.parametrize("kind", ["symbolic", "hard", "to nothing"])
def test_a_link_in_the_place_of_a_lock_is_refused(store, tmp_path, kind):
    hold(store.locks)
    [lock] = store.locks.folder.iterdir()
    lock.unlink()
    link(kind, lock, tmp_path / "theirs" / ("new" if kind == "to nothing" else "file"))
    assert refusal(hold, store.locks).code == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


@posix
@pytest.mark.parametrize("value", ["secret", None])
def test_a_link_in_the_place_of_the_folder_of_secrets_is_refused(store, tmp_path, value):
    secrets = Secrets(store.path, store.locks)
    link("symbolic", secrets.folder, tmp_path / "theirs")
    assert refusal(secrets.put, "F", "login", value).code == "LINK_REFUSED"
    assert refusal(secrets.get, "F", "login").code == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


@posix
@pytest.mark.parametrize("kind", ["symbolic", "hard", "to nothing"])
def test_a_link_in_the_place_of_a_secret_is_refused(store, tmp_path, kind):
    secrets = Secrets(store.path, store.locks)
    secrets.put("F", "login", "secret")
    [file] = secrets.folder.iterdir()
    file.unlink()
    link(kind, file, tmp_path / "theirs" / ("new" if kind == "to nothing" else "file"))
    assert refusal(secrets.put, "F", "login", "other").code == "LINK_REFUSED"
    assert refusal(secrets.get, "F", "login").code == "LINK_REFUSED"
    assert nothing_was_written_there(tmp_path)


# --- What others may put beside a database ---


@pytest.fixture
def closed(tmp_path):
    """A database that nobody has open, so that nothing is beside it."""
    with Store.create(tmp_path / "ours" / "host.db") as store:
        return store.path


def owned_by_another(monkeypatch, name):
    real = Path.lstat

    def lstat(path):
        found = real(path)
        if path.name != name:
            return found
        fields = list(found[:10])
        fields[4] += 1  # st_uid
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "lstat", lstat)


def plant(kind, place, monkeypatch):
    theirs = place.parents[1] / "theirs"
    if kind == "FIFO":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "another's":
        place.write_bytes(b"")
        owned_by_another(monkeypatch, place.name)
    else:
        link(kind, place, theirs / ("new" if kind == "to nothing" else "file"))


@posix
@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["FIFO", "folder", "another's", "symbolic", "hard", "to nothing"])
def test_what_is_not_ours_beside_a_database_is_refused(closed, tmp_path, monkeypatch, kind, ending):
    plant(kind, Path(f"{closed}{ending}"), monkeypatch)
    with pytest.raises(HostError) as refused:
        Store.open(closed)
    assert refused.value.code == "DATABASE_UNREACHABLE"
    assert f"host.db{ending} is not your own" in refused.value.message.en
    assert nothing_was_written_there(tmp_path)


@posix
def test_nothing_is_put_back_beside_what_is_not_ours(closed, monkeypatch, now):
    copy = closed.with_name("copy.db")
    backup.back_up(closed, copy)
    plant("FIFO", Path(f"{closed}-wal"), monkeypatch)
    assert refusal(backup.restore, copy, closed, now).code == "DATABASE_UNREACHABLE"


@posix
def test_a_database_that_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "host.db")
    assert refusal(Store.open, tmp_path / "host.db").code == "DATABASE_UNREACHABLE"
    assert refusal(Store.create, tmp_path / "host.db").code == "DATABASE_UNREACHABLE"


@posix
def test_a_folder_of_locks_of_another_is_refused(store, monkeypatch):
    hold(store.locks)
    owned_by_another(monkeypatch, store.locks.folder.name)
    assert refusal(hold, store.locks).code == "DATABASE_UNREACHABLE"


@posix
@pytest.mark.parametrize("kind", ["folder of another", "symbolic"])
def test_nothing_is_done_beside_locks_that_are_not_ours(closed, tmp_path, monkeypatch, now, kind):
    copy, other = closed.with_name("copy.db"), closed.with_name("other.db")
    backup.back_up(closed, copy)
    folder = closed.with_name("host.db.locks")
    if kind == "symbolic":
        link(kind, folder, tmp_path / "theirs")
    else:
        folder.mkdir()
        owned_by_another(monkeypatch, folder.name)
    assert refusal(Store.open, closed).code == "DATABASE_UNREACHABLE"
    assert refusal(backup.back_up, closed, other).code == "DATABASE_UNREACHABLE"
    assert refusal(backup.restore, copy, closed, now).code == "DATABASE_UNREACHABLE"


@posix
def test_what_is_ours_is_narrowed_to_the_rights_of_the_database(store):
    hold(store.locks)
    store.settings()  # its log lies there as long as somebody has it open
    beside = [*(Path(f"{store.path}{ending}") for ending in ("-wal", "-shm")), store.locks.folder]
    for path in beside:
        path.chmod(0o777)
    with Store.open(store.path) as again:
        hold(again.locks)
        assert [f"{path.stat().st_mode & 0o777:o}" for path in beside] == ["600", "600", "700"]


@posix
def test_who_lets_others_write_a_database_works_with_what_they_put_beside_it(closed, monkeypatch):
    closed.chmod(0o660)
    plant("another's", Path(f"{closed}-wal"), monkeypatch)
    with Store.open(closed) as store:
        assert store.uses_wal


@posix
@pytest.mark.parametrize("kind", ["to nothing", "symbolic"])
def test_no_database_is_made_through_a_link(tmp_path, kind):
    (tmp_path / "theirs" / "file").write_bytes(b"")
    place = tmp_path / "ours" / "host.db"
    link(kind, place, tmp_path / "theirs" / ("new" if kind == "to nothing" else "file"))
    assert refusal(Store.create, place).code == "LINK_REFUSED"
    assert [path.stat().st_size for path in (tmp_path / "theirs").iterdir()] == [0]


@posix
def test_no_database_is_made_in_an_empty_file_of_another(tmp_path, monkeypatch):
    plant("another's", tmp_path / "ours" / "host.db", monkeypatch)
    assert refusal(Store.create, tmp_path / "ours" / "host.db").code == "DATABASE_UNREACHABLE"


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
    told |= {"opter_contract/programs/streams.py"}
    assert found - told == {"hostsim/storage/private_files.py", "opter_contract/hooks.py"}
