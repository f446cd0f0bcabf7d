"""The stored form of a login in the host's secret store: one short text.

Between imports that is the refresh token alone. While an import runs, the access token
is stored beside it, so that other processes whose token has expired need no refresh of
their own: a refresh token is good once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from opter_contract.values import Run
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import SettingsWrong
from opter_fortnox_plugin.fortnox.protocol import Tokens
from opter_fortnox_plugin.host import Host

log = logging.getLogger(__name__)

#: The version that is written. The first had no number: it was the bare refresh token.
VERSION: Final = 1

#: What a host's secret store takes, in characters.
LONGEST: Final = 8_000

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
        """Make the stored form of tokens that were issued just now."""
        if not tokens.lifetime:
            # Without its expiry it could not be known whether to use it.
            return cls(tokens.refresh)
        return cls(tokens.refresh, tokens.access, now + tokens.lifetime)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.access, self.refresh)

    def is_good(self, now: float) -> bool:
        """Return whether there is an access token that is valid for a while."""
        return bool(self.access) and REUSE_SECONDS <= self.until - now <= MAX_LIFETIME

    def between_imports(self) -> StoredTokens:
        """Return what may stay stored while no import runs: no access token."""
        return replace(self, access="", until=0.0)

    def write(self) -> str:
        """Return it as text, without the access token if that makes it too long."""
        value: dict[str, Any] = {"version": VERSION, "refresh": self.refresh}
        if self.access:
            value |= {"access": self.access, "until": int(self.until)}
        text = json.dumps(value, separators=(",", ":"))
        if self.access and len(text) > LONGEST:
            return self.between_imports().write()
        return text


def read(text: str | None) -> StoredTokens | None:
    """Read stored text; ``None`` if there is none, or none of a known form."""
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


def is_stored(run: Run, *, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a login is stored for a definition, by asking the host alone."""
    try:
        configuration = Configuration.of_run(run, environment)
    except SettingsWrong:
        # Not configured yet, so there cannot be a login; an import checks again.
        return False
    return bool(Host(run).get_secret(f"login/{storage_key(configuration)}"))


def storage_key(configuration: Configuration) -> str:
    """Name what a login belongs to, besides the definition: client and token service."""
    ours = f"{len(configuration.client_id)}:{configuration.client_id}{configuration.auth_url}"
    # Hashed, since an address may be longer than a host's key.
    return digest(ours)


def digest(text: str) -> str:
    """Return a short hash of text of any length."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
