"""Keyrings as the package ``keyring`` finds them by PYTHON_KEYRING_BACKEND, for tests.

They store passwords and the calls in the file that KEYRING_FILE names. It is
no place for a real secret.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError


class InAFile(KeyringBackend):
    """A keyring like that of a desktop."""

    priority = 5
    max_length = None

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
        if self.max_length and len(password) > self.max_length:
            raise PasswordSetError("The stub received bad data.")
        self._path.write_text(json.dumps(kept | {f"{service}/{username}": password}))

    def delete_password(self, service, username):
        kept = self._load("delete")
        if f"{service}/{username}" not in kept:
            raise PasswordDeleteError
        del kept[f"{service}/{username}"]
        self._path.write_text(json.dumps(kept))


class Short(InAFile):
    """A keyring with a maximal length, like the Credential Manager of Windows."""

    max_length = 300


class Locked(InAFile):
    """A keyring that is not unlocked."""

    def _load(self, asked):
        super()._load(asked)
        raise PasswordSetError("locked")


class Poor(InAFile):
    """A keyring that the package does not recommend, like one in plain text."""

    priority = 0.5
