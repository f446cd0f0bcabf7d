"""The stored form of a login in the host's secret store: one short text.

Between imports that is the refresh token alone. While an import runs, the access token
is stored, too, so that other processes whose token has expired need no refresh of their
own: a refresh token can be used once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import dataclass, field, replace
from typing import Any, Final

from opter_contract.values import Run
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import SettingsWrong
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.oauth import Tokens

log = logging.getLogger(__name__)

#: The version that is written. The first version was the bare refresh token.
VERSION: Final = 1

#: The maximum length of a secret in the host's store, in characters.
MAX_LENGTH: Final = 8_000

#: Seconds that a stored access token must still be valid for: longer than an import
#: takes, so that a refresh at its start is not postponed to its middle.
REUSE_SECONDS: Final = 600.0

#: Seconds; a token that claims to be valid for longer was written by a wrong clock.
MAX_LIFETIME: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """A refresh token and, while an import runs, the access token that came with it.

    :ivar until: Unix time at which the access token ends.
    """

    refresh: str = field(repr=False)
    access: str = field(default="", repr=False)
    until: float = 0.0

    @classmethod
    def of(cls, tokens: Tokens, now: float) -> StoredTokens:
        """Return the stored form of tokens that were issued just now."""
        if not tokens.lifetime:
            # Without its expiry nobody could know whether it is still valid.
            return cls(tokens.refresh)
        return cls(tokens.refresh, tokens.access, now + tokens.lifetime)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.access, self.refresh)

    def is_good(self, now: float) -> bool:
        """Return whether there is an access token that stays valid for a while."""
        return bool(self.access) and REUSE_SECONDS <= self.until - now <= MAX_LIFETIME

    def between_imports(self) -> StoredTokens:
        """Return the form without an access token, for while no import runs."""
        return replace(self, access="", until=0.0)

    def write(self) -> str:
        """Return the text to store, without the access token if that makes it too long."""
        value: dict[str, Any] = {"version": VERSION, "refresh": self.refresh}
        if self.access:
            value |= {"access": self.access, "until": int(self.until)}
        text = json.dumps(value, separators=(",", ":"))
        if self.access and len(text) > MAX_LENGTH:
            return self.between_imports().write()
        return text


def read(text: str | None) -> StoredTokens | None:
    """Read stored text; ``None`` if there is none, or its form is unknown."""
    if not text or not text.startswith("{"):
        return StoredTokens(text) if text else None
    try:
        value = json.loads(text)
        if value["version"] == VERSION and isinstance(value["refresh"], str):
            access, until = str(value.get("access", "")), float(value.get("until", 0))
            return StoredTokens(value["refresh"], access, until)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    # The text is a secret, and is not logged.
    log.warning("the stored login is of an unknown form; a person must sign in")
    return None


def is_stored(run: Run) -> bool:
    """Return whether a login is stored for a definition, without any request to Fortnox."""
    try:
        configuration = Configuration.of_run(run, os.environ)
    except SettingsWrong:
        # Not configured yet, so there cannot be a login; an import checks again.
        return False
    return bool(Host(run).get_secret(f"login/{storage_key(configuration)}"))


def storage_key(configuration: Configuration) -> str:
    """Return the part of a login's key that identifies client and token service."""
    # Hashed, since a URL may be longer than a host's key.
    return digest(
        f"{len(configuration.client_id)}:{configuration.client_id}{configuration.auth_url}"
    )


def digest(text: str) -> str:
    """Return a short hash of text of any length."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
