"""A database of an earlier version, opened by this one."""

import pytest

from hostsim.errors import HostError
from hostsim.storage import damage, migrations
from hostsim.storage.store import Store


@pytest.fixture
def path(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        return store.path


def rename_state(db):
    db.execute("ALTER TABLE state RENAME TO options")


def version_of(store):
    return damage.version_of(store.db.execute("PRAGMA user_version").fetchone()[0])


def test_each_step_is_taken_once(path, monkeypatch):
    monkeypatch.setattr(migrations, "STEPS", (rename_state,))
    for _ in range(2):
        with Store.open(path) as store:
            assert version_of(store) == 2
            assert store.db.execute("SELECT count(*) FROM options").fetchone()[0] == 0


def test_only_the_steps_that_a_database_lacks_are_taken(path, monkeypatch):
    monkeypatch.setattr(migrations, "STEPS", (rename_state,))
    Store.open(path).close()
    steps = (rename_state, lambda db: db.execute("DROP TABLE options"))
    monkeypatch.setattr(migrations, "STEPS", steps)
    with Store.open(path) as store:
        assert version_of(store) == 3


def test_a_step_that_fails_leaves_the_database_as_it_was(path, monkeypatch):
    def fails(db):
        raise RuntimeError

    monkeypatch.setattr(migrations, "STEPS", (rename_state, fails))
    with pytest.raises(RuntimeError):
        Store.open(path)
    monkeypatch.undo()
    with Store.open(path) as store:
        assert store.settings()["default_currency"] == "SEK"


@pytest.mark.parametrize("version", [0, 2, 99999])
def test_a_database_of_a_version_that_is_not_known_is_refused(path, version):
    with Store.open(path) as store:
        store.db.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(HostError) as refused:
        Store.open(path)
    assert refused.value.code == "DATABASE_VERSION"
