"""A place for secrets: the system's keyring, or a file that only its owner can read.

A secret belongs to a definition of one database, and is never in the database.
Files are in a folder next to the database, ``<database>.secrets``, named by a
hash, and are their owner's alone as :mod:`.private_files` has it.

A secret in the keyring has an empty file there, its mark. Without a mark the keyring is
not read, since that may ask a person to unlock it. The mark is no part of the database,
so that restoring an older copy of the database loses no secret.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, cast

from hostsim.errors import HostError, host_error
from hostsim.storage.locks import Locks
from hostsim.storage.private_files import (
    hashed_name,
    make_file,
    make_folder,
    new_file,
    refuse_links,
    sync,
)

log = logging.getLogger(__name__)

#: What the entries are filed under in a keyring.
SERVICE = "hostsim"

#: Seconds to wait for another process that reads or writes the same secret.
PATIENCE = 10.0

#: A longer file is none of ours; bytes.
MAX_FILE_BYTES = 40_000

#: What the Credential Manager of Windows takes, in bytes of UTF-16
#: (CRED_MAX_CREDENTIAL_BLOB_SIZE in wincred.h; https://github.com/jaraco/keyring/issues/355).
#: The keyrings of other systems take more than the contract allows.
MAX_BYTES_ON_WINDOWS = 2_560


class Keyring(Protocol):
    """The part of a backend of the package ``keyring`` that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


FindKeyring = Callable[[], "Keyring | None"]


def no_keyring() -> Keyring | None:
    """Find none, so that secrets are stored in files."""
    return None


def system_keyring() -> Keyring | None:
    """Find the system's keyring; ``None`` where there is no real one.

    Real is what the package itself recommends: a priority of at least 1. Its
    ``fail`` and ``null`` backends, and plain files, have less.
    """
    try:
        backend: Any = importlib.import_module("keyring").get_keyring()
        real = float(backend.priority) >= 1
    except Exception as error:  # noqa: BLE001 a keyring that fails is none
        log.debug("no keyring: %s", type(error).__name__)
        return None
    return cast("Keyring", backend) if real else None


class Secrets:
    """The secrets of one database's definitions, safe across threads and processes."""

    def __init__(self, database: Path, locks: Locks, keyring: FindKeyring = no_keyring) -> None:
        """Choose the folder; the first secret creates it.

        :param keyring: finds the keyring, when it is first needed.
        """
        self.folder = database.with_name(f"{database.name}.secrets")
        self._database = str(database)
        self._locks = locks
        self._find_keyring = keyring

    def get(self, definition: str, key: str) -> str | None:
        """Read a secret; ``None`` if there is none.

        Logs a warning for a damaged file, which is deleted, and for one that cannot be
        read, as when the folder is another user's.
        """
        with self._locked(definition, key):
            secret = self._read(hashed_name(definition, key))
            if secret is None and self._has_marker(definition, key):
                secret = self._from_keyring(definition, key)
            return secret

    def put(self, definition: str, key: str, value: str | None) -> None:
        """Store a secret, durably and atomically; ``None`` deletes it.

        :raises HostError: ``SECRETS_UNREACHABLE`` if it cannot be stored.
        """
        name = hashed_name(definition, key)
        with self._locked(definition, key):
            if value is not None and not self._to_keyring(definition, key, value):
                # A file goes before the keyring, whose older secret may not be removable now.
                self._write(name, value)
                return
            self._remove(name)
            if value is None:
                self._delete_from_keyring(definition, key)

    @contextlib.contextmanager
    def _locked(self, definition: str, key: str) -> Iterator[None]:
        name = hashed_name(definition, key)
        with self._locks.hold("secret", definition, key, wait=PATIENCE) as acquired:
            if not acquired:
                raise self._unreachable_error()
            marker = self.folder / _marker_of(definition, key)
            refuse_links(self.folder, self.folder / name, marker)
            yield

    # --- In the keyring ---

    @cached_property
    def _keyring(self) -> Keyring | None:
        return self._find_keyring()

    def _user(self, definition: str, key: str) -> str:
        return hashed_name(self._database, definition, key)

    def _from_keyring(self, definition: str, key: str) -> str | None:
        if self._keyring is None:
            log.warning("the keyring that holds a secret cannot be found now")
            return None
        try:
            return self._keyring.get_password(SERVICE, self._user(definition, key)) or None
        except Exception as error:  # noqa: BLE001 backends raise errors of their own
            log.warning("the keyring cannot be read: %s", type(error).__name__)
            return None

    def _to_keyring(self, definition: str, key: str, value: str) -> bool:
        """Put a secret into the keyring; return whether it is there."""
        if self._keyring is None or _is_too_long(value):
            return False
        # First: an interruption in between leaves a marker too many, not one too few.
        self._create_marker(definition, key)
        user = self._user(definition, key)
        try:
            self._keyring.set_password(SERVICE, user, value)
            return self._keyring.get_password(SERVICE, user) == value
        except Exception as error:  # noqa: BLE001 backends raise errors of their own
            log.warning("the keyring cannot be written, a file is: %s", type(error).__name__)
            return False

    def _delete_from_keyring(self, definition: str, key: str) -> None:
        if not self._has_marker(definition, key):
            return
        if self._keyring is None:
            raise self._unreachable_error("keyring")
        # Most backends raise if there is nothing to delete, so the result is checked.
        with contextlib.suppress(Exception):
            self._keyring.delete_password(SERVICE, self._user(definition, key))
        if self._from_keyring(definition, key) is not None:
            raise self._unreachable_error("keyring")
        self._remove(_marker_of(definition, key))

    def _has_marker(self, definition: str, key: str) -> bool:
        # Reading the file has already logged a folder that cannot be read.
        with contextlib.suppress(OSError):
            return (self.folder / _marker_of(definition, key)).exists()
        return False

    def _create_marker(self, definition: str, key: str) -> None:
        if self._has_marker(definition, key):
            return
        try:
            self._make_folder()
            make_file(self.folder / _marker_of(definition, key))
            sync(self.folder)
        except OSError as error:
            raise self._unreachable_error() from error

    # --- In a file ---

    def _read(self, name: str) -> str | None:
        path = self.folder / name
        try:
            with path.open("rb") as file:
                self._restrict_rights(file.fileno())
                content = file.read(MAX_FILE_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            # As when the folder is another user's: an import without a stored login still works.
            log.warning("the place for secrets cannot be read (%s): %s", path, error.strerror)
            return None
        value = _value_in(content)
        if value is None:
            log.warning(
                "the stored secret was damaged (%s) and is deleted; the next import needs a login",
                path,
            )
            self._remove(name)
        return value

    @staticmethod
    def _restrict_rights(file: int) -> None:
        """Remove rights of others, as after a restored backup."""
        if sys.platform != "win32" and os.fstat(file).st_mode & 0o077:
            log.warning("a secret could be read by others; only its owner can now")
            os.fchmod(file, 0o600)

    def _write(self, name: str, value: str) -> None:
        try:
            self._make_folder()
            part = self.folder / f"{name}.new"
            # An interrupted process may have left one, and with other rights.
            part.unlink(missing_ok=True)
            with new_file(part) as file:
                file.write(_content_of(value))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
            sync(self.folder)
        except OSError as error:
            raise self._unreachable_error() from error

    def _remove(self, name: str) -> None:
        if not self.folder.exists():
            return
        try:
            for path in (self.folder / f"{name}.new", self.folder / name):
                path.unlink(missing_ok=True)
            sync(self.folder)
        except OSError as error:
            raise self._unreachable_error() from error

    def _make_folder(self) -> None:
        make_folder(self.folder)
        if sys.platform != "win32":
            self.folder.chmod(0o700)

    def _unreachable_error(self, path: object = None) -> HostError:
        return host_error("SECRETS_UNREACHABLE", path=path or self.folder)


def _marker_of(definition: str, key: str) -> str:
    return f"{hashed_name(definition, key)}.keyring"


def _is_too_long(value: str) -> bool:
    """Return whether the system's keyring would refuse a secret for its length."""
    size = len(value.encode("utf-16-le", "surrogatepass"))
    return sys.platform == "win32" and size > MAX_BYTES_ON_WINDOWS


def _content_of(value: str) -> bytes:
    secret = value.encode("utf-8", "surrogatepass")
    return hashlib.sha256(secret).hexdigest().encode() + b"\n" + secret


def _value_in(content: bytes) -> str | None:
    """Return the secret in a file; ``None`` if the file is damaged."""
    digest, _, secret = content.partition(b"\n")
    if not hmac.compare_digest(digest, hashlib.sha256(secret).hexdigest().encode()):
        return None
    try:
        return secret.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
