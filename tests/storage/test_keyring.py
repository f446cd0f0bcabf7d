"""A kept login in a keyring that the package ``keyring`` finds in its own ways, end to end."""

from __future__ import annotations

import json

import pytest
from own_process import Program
from ports import free_port

from hostsim.sandbox import Sandbox, seed


@pytest.fixture
def sandbox():
    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(seed.empty(), redirect_uri=redirect) as sandbox:
        yield sandbox


class Desktop(Program):
    """hostsim beside a keyring."""

    def __init__(self, folder, sandbox, backend):
        self._keyring = folder.with_suffix(".keyring.json")
        super().__init__(
            folder,
            sandbox,
            PYTHON_KEYRING_BACKEND=f"keyring_backends.{backend}",
            KEYRING_FILE=str(self._keyring),
        )

    @property
    def _all(self):
        return json.loads(self._keyring.read_text()) if self._keyring.exists() else {}

    @property
    def asked(self):
        return self._all.get("asked", [])

    @property
    def in_the_keyring(self):
        return [value for name, value in self._all.items() if name != "asked"]

    @property
    def in_files(self):
        folder = self.folder / "hostsim.db.secrets"
        texts = [file.read_text() for file in folder.iterdir()] if folder.exists() else []
        return [text for text in texts if text]

    def issued_in(self, places):
        return [one for one in self._sandbox.issued if any(one in place for place in places)]


def test_with_a_keyring_a_login_is_kept_there_alone_and_ended_there(tmp_path, sandbox):
    desktop = Desktop(tmp_path / "work", sandbox, "InAFile")
    desktop.define(sign_in="stay")
    desktop.run("import", "F")
    desktop.run("import", "F")
    assert desktop.logins == 1
    assert desktop.in_files == []
    [kept] = desktop.issued_in(desktop.in_the_keyring)
    assert sandbox.state.tokens.grant_of_refresh(kept) is not None
    desktop.run("formats", "set", "F", "sign_in=every-time")
    assert desktop.in_the_keyring == []
    assert sandbox.state.tokens.valid_refresh_tokens() == 0


def test_where_nothing_is_kept_the_keyring_is_never_asked(tmp_path, sandbox):
    """A desktop may ask a person to unlock it."""
    desktop = Desktop(tmp_path / "work", sandbox, "InAFile")
    desktop.define()
    desktop.run("import", "F")
    desktop.run("formats", "set", "F", "ignore_numbers_before=7")
    assert desktop.asked == []


@pytest.mark.parametrize(
    ("backend", "place"),
    [("Short", "in_the_keyring"), ("Locked", "in_files"), ("Poor", "in_files")],
)
def test_what_a_keyring_cannot_take_is_left_to_a_file(tmp_path, sandbox, backend, place):
    """A short one cannot take the access token as well, but the refresh token afterwards."""
    desktop = Desktop(tmp_path / "work", sandbox, backend)
    desktop.define(sign_in="stay")
    desktop.run("import", "F")
    desktop.run("import", "F")
    assert desktop.logins == 1
    [kept] = desktop.issued_in(getattr(desktop, place))
    assert sandbox.state.tokens.grant_of_refresh(kept) is not None
    assert len(desktop.in_files) == ["in_the_keyring", "in_files"].index(place)
