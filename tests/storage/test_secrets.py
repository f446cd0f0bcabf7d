"""Secrets lie in a keyring or in a file of their owner alone, whole, and nowhere else."""

from __future__ import annotations

import multiprocessing
import os
import sys
from types import SimpleNamespace

import pytest

import hostsim.storage.secrets
from hostsim.errors import HostError
from hostsim.storage.locks import Locks
from hostsim.storage.secrets import Secrets, no_keyring, system_keyring

SECRET = "refr-0ne-åäö"

posix = pytest.mark.skipif(sys.platform == "win32", reason="files have no modes on Windows")


class FakeKeyring:
    """A keyring in memory, that may refuse."""

    def __init__(self):
        self.kept, self.locked = {}, False

    def _look(self):
        if self.locked:
            raise RuntimeError("locked")

    def get_password(self, service, username):
        self._look()
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self._look()
        self.kept[service, username] = password

    def delete_password(self, service, username):
        self._look()
        del self.kept[service, username]


def secrets_of(folder, keyring=None, name="host.db"):
    database = folder / name
    return Secrets(database, Locks(database), (lambda: keyring) if keyring else no_keyring)


@pytest.fixture
def secrets(tmp_path):
    return secrets_of(tmp_path)


def files(secrets):
    """Return the files that hold secrets; the marks of the keyring are empty."""
    if not secrets.folder.exists():
        return []
    return sorted(path for path in secrets.folder.iterdir() if path.suffix != ".keyring")


# --- In a file ---


def test_what_is_put_is_got_by_another_who_opens_the_same_database(secrets, tmp_path):
    secrets.put("Fortnox", "login", SECRET)
    assert secrets_of(tmp_path).get("Fortnox", "login") == SECRET


def test_what_nobody_put_is_none_and_makes_no_folder(secrets):
    assert secrets.get("Fortnox", "login") is None
    secrets.put("Fortnox", "login", None)
    assert not secrets.folder.exists()


def test_none_takes_a_secret_away(secrets):
    secrets.put("Fortnox", "login", SECRET)
    secrets.put("Fortnox", "login", None)
    assert secrets.get("Fortnox", "login") is None
    assert files(secrets) == []


def test_definitions_keys_and_databases_do_not_share(secrets, tmp_path):
    secrets.put("Fortnox", "login", SECRET)
    assert secrets.get("Fortnox", "other") is None
    assert secrets.get("Fortnox 2", "login") is None
    assert secrets.get("Fortnoxlo", "gin") is None
    assert secrets_of(tmp_path, name="other.db").get("Fortnox", "login") is None


def test_a_file_name_tells_nothing(secrets):
    secrets.put("Fortnox", "login", SECRET)
    [file] = files(secrets)
    assert "ortnox" not in file.name
    assert "login" not in file.name


@posix
def test_only_the_owner_can_read_it_whatever_the_umask(secrets):
    before = os.umask(0)
    try:
        secrets.put("Fortnox", "login", SECRET)
    finally:
        os.umask(before)
    [file] = files(secrets)
    assert secrets.folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600


@posix
def test_rights_that_others_got_since_are_told_and_taken_away(secrets, caplog):
    secrets.put("Fortnox", "login", SECRET)
    [file] = files(secrets)
    file.chmod(0o644)
    assert secrets.get("Fortnox", "login") == SECRET
    assert file.stat().st_mode & 0o777 == 0o600
    assert "could be read by others" in caplog.text


@pytest.mark.parametrize(
    "damage", [b"", b"x", b"\n", b"\xff\xfe" * 40, b"a" * 64 + b"\nrefr", b"x" * 20_000]
)
def test_a_damaged_file_is_told_once_and_can_be_put_anew(secrets, caplog, damage):
    secrets.put("Fortnox", "login", SECRET)
    [file] = files(secrets)
    file.write_bytes(damage)
    assert secrets.get("Fortnox", "login") is None
    assert secrets.get("Fortnox", "login") is None
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "damaged" in record.message
    secrets.put("Fortnox", "login", SECRET)
    assert secrets.get("Fortnox", "login") == SECRET


@pytest.mark.parametrize("cut", range(0, 70, 7))
def test_a_file_that_was_cut_off_is_damaged_and_never_half_a_secret(secrets, cut):
    secrets.put("Fortnox", "login", SECRET)
    [file] = files(secrets)
    file.write_bytes(file.read_bytes()[:cut])
    assert secrets.get("Fortnox", "login") is None


def test_a_sudden_end_while_writing_leaves_the_earlier_secret(secrets, monkeypatch):
    class SuddenEnd(BaseException):
        pass

    def end(_):
        raise SuddenEnd

    secrets.put("Fortnox", "login", "earlier")
    monkeypatch.setattr(os, "fsync", end)
    with pytest.raises(SuddenEnd):
        secrets.put("Fortnox", "login", SECRET)
    monkeypatch.undo()
    assert secrets.get("Fortnox", "login") == "earlier"


def test_what_a_sudden_end_left_behind_is_cleared_away(secrets):
    secrets.put("Fortnox", "login", "earlier")
    [file] = files(secrets)
    file.with_name(f"{file.name}.new").write_text("half", encoding="utf-8")
    secrets.put("Fortnox", "login", SECRET)
    assert files(secrets) == [file]
    file.with_name(f"{file.name}.new").write_text("half", encoding="utf-8")
    secrets.put("Fortnox", "login", None)
    assert files(secrets) == []


def test_it_is_on_the_disk_before_it_takes_its_name(secrets, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append("sync"))
    replace = type(secrets.folder).replace

    def told(path, target):
        done.append("name")
        return replace(path, target)

    monkeypatch.setattr(type(secrets.folder), "replace", told)
    secrets.put("Fortnox", "login", SECRET)
    assert done[:2] == ["sync", "name"]
    assert sys.platform == "win32" or done == ["sync", "name", "sync"]


def test_a_place_that_cannot_be_written_is_an_error_with_a_sentence(secrets):
    secrets.folder.write_text("in the way", encoding="utf-8")
    with pytest.raises(HostError) as caught:
        secrets.put("Fortnox", "login", SECRET)
    assert caught.value.code == "SECRETS_UNREACHABLE"
    assert SECRET not in str(caught.value)


def test_a_place_that_cannot_be_read_is_told_and_holds_nothing(secrets, caplog):
    secrets.put("Fortnox", "login", SECRET)
    [file] = files(secrets)
    file.unlink()
    file.mkdir()
    assert secrets.get("Fortnox", "login") is None
    assert "cannot be read" in caplog.text


def _put_and_get_many(folder, name):
    secrets = secrets_of(folder)
    for turn in range(25):
        secrets.put("Fortnox", "login", f"{name}-{turn}" * 20)
        if secrets.get("Fortnox", "login") is None:
            sys.exit(1)


def test_processes_that_write_at_once_never_see_half_a_secret(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_put_and_get_many, args=(tmp_path, str(n))) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4


# --- In a keyring ---


def test_where_there_is_a_keyring_no_file_is_made(tmp_path):
    keyring = FakeKeyring()
    secrets = secrets_of(tmp_path, keyring)
    secrets.put("Fortnox", "login", SECRET)
    assert list(keyring.kept.values()) == [SECRET]
    assert files(secrets) == []
    assert secrets_of(tmp_path, keyring).get("Fortnox", "login") == SECRET
    secrets.put("Fortnox", "login", None)
    assert keyring.kept == {}


def test_in_one_keyring_definitions_and_databases_do_not_share(tmp_path):
    keyring = FakeKeyring()
    secrets_of(tmp_path, keyring).put("Fortnox", "login", SECRET)
    assert secrets_of(tmp_path, keyring).get("Fortnox 2", "login") is None
    assert secrets_of(tmp_path, keyring, "other.db").get("Fortnox", "login") is None


def test_a_keyring_that_refuses_is_none_and_what_it_held_before_does_not_come_back(tmp_path):
    keyring = FakeKeyring()
    secrets = secrets_of(tmp_path, keyring)
    secrets.put("Fortnox", "login", "earlier")
    keyring.locked = True
    secrets.put("Fortnox", "login", SECRET)
    assert len(files(secrets)) == 1
    keyring.locked = False
    assert secrets.get("Fortnox", "login") == SECRET
    secrets.put("Fortnox", "login", "later")
    assert files(secrets) == []
    assert secrets.get("Fortnox", "login") == "later"


def test_a_keyring_that_forgets_is_none(tmp_path):
    keyring = FakeKeyring()
    keyring.set_password = lambda *_: None
    secrets = secrets_of(tmp_path, keyring)
    secrets.put("Fortnox", "login", SECRET)
    assert secrets.get("Fortnox", "login") == SECRET
    assert len(files(secrets)) == 1


def test_the_keyring_is_not_even_looked_for_where_nothing_was_put_there(tmp_path):
    """Looking may ask a person to unlock it."""

    def find():
        raise AssertionError

    secrets = Secrets(tmp_path / "host.db", Locks(tmp_path / "host.db"), find)
    assert secrets.get("Fortnox", "login") is None
    secrets.put("Fortnox", "login", None)


def test_it_is_not_looked_into_any_more_when_all_was_taken_away(tmp_path):
    keyring = FakeKeyring()
    secrets = secrets_of(tmp_path, keyring)
    secrets.put("Fortnox", "login", SECRET)
    secrets.put("Fortnox", "login", None)
    assert list(secrets.folder.iterdir()) == []
    keyring.get_password = None
    assert secrets_of(tmp_path, keyring).get("Fortnox", "login") is None


def test_what_a_keyring_holds_that_is_gone_now_is_told_and_found_when_it_is_back(tmp_path, caplog):
    keyring = FakeKeyring()
    secrets_of(tmp_path, keyring).put("Fortnox", "login", SECRET)
    without = secrets_of(tmp_path)
    assert without.get("Fortnox", "login") is None
    assert "cannot be found" in caplog.text
    with pytest.raises(HostError, match="keyring"):
        without.put("Fortnox", "login", None)
    assert secrets_of(tmp_path, keyring).get("Fortnox", "login") == SECRET


def test_what_windows_would_refuse_for_its_length_goes_to_a_file(tmp_path, monkeypatch, caplog):
    keyring = FakeKeyring()
    secrets = secrets_of(tmp_path, keyring)
    monkeypatch.setattr(hostsim.storage.secrets, "_is_too_long", lambda value: len(value) > 1280)
    secrets.put("Fortnox", "login", "x" * 1280)
    assert (len(keyring.kept), files(secrets)) == (1, [])
    secrets.put("Fortnox", "login", "y" * 1281)
    assert len(files(secrets)) == 1
    assert secrets.get("Fortnox", "login") == "y" * 1281
    secrets.put("Fortnox", "login", "z")
    assert (list(keyring.kept.values()), files(secrets)) == (["z"], [])
    secrets.put("Fortnox", "login", None)
    assert (keyring.kept, caplog.records) == ({}, [])


def test_too_long_is_what_exceeds_2560_bytes_on_windows_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert [hostsim.storage.secrets._is_too_long("å" * n) for n in (1280, 1281)] == [False, True]
    monkeypatch.setattr(sys, "platform", "linux")
    assert not hostsim.storage.secrets._is_too_long("å" * 8000)


def test_the_longest_secret_of_the_contract_comes_back_from_a_file(tmp_path):
    secrets = secrets_of(tmp_path)
    secrets.put("Fortnox", "login", "\U0001f69a" * 8000)
    assert secrets.get("Fortnox", "login") == "\U0001f69a" * 8000


def test_a_keyring_with_a_real_backend_is_found(monkeypatch):
    backend = SimpleNamespace(priority=5)
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_keyring=lambda: backend))
    assert system_keyring() is backend


@pytest.mark.parametrize("priority", [0, -1, 0.5, None])
def test_a_backend_that_is_not_recommended_is_none(monkeypatch, priority):
    backend = SimpleNamespace(priority=priority)
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_keyring=lambda: backend))
    assert system_keyring() is None


def test_without_the_package_there_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert system_keyring() is None
