"""Keyrings as the package ``keyring`` finds them by PYTHON_KEYRING_BACKEND, for tests.

They keep their passwords in the file that KEYRING_FILE names, and note there
what they were asked. It is no place for a real secret.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError


class InAFile(KeyringBackend):
    """One that a desktop might have."""

    priority = 5
    longest = None

    def __init__(self):
        super().__init__()
        self._path = Path(os.environ["KEYRING_FILE"])

    def _load(self, asked):
        kept = json.loads(self._path.read_text()) if self._path.exists() else {}
        kept.setdefault("asked", []).append(asked)
        self._path.write_text(json.dumps(kept))
        return kept

    def get_password(self, service, username):
        return self._load("get").get(f"{service}/{username}")

    def set_password(self, service, username, password):
        kept = self._load("set")
        if self.longest and len(password) > self.longest:
            raise PasswordSetError("The stub received bad data.")
        self._path.write_text(json.dumps(kept | {f"{service}/{username}": password}))

    def delete_password(self, service, username):
        kept = self._load("delete")
        if f"{service}/{username}" not in kept:
            raise PasswordDeleteError
        del kept[f"{service}/{username}"]
        self._path.write_text(json.dumps(kept))


class Short(InAFile):
    """One with a limit, as the Credential Manager of Windows has."""

    longest = 300


class Locked(InAFile):
    """One whose person does not unlock it."""

    def _load(self, asked):
        super()._load(asked)
        raise PasswordSetError("locked")


class Poor(InAFile):
    """One that the package does not recommend, as it keeps passwords in plain text."""

    priority = 0.5
