"""What is put away of a login, as the host's place for secrets holds it: one short text.

Between imports that is the refresh token alone. While an import runs, the access token
stands beside it, so that other processes which find theirs expired need no refresh of
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

#: The form that is written. The first had no number: it was the bare refresh token.
VERSION: Final = 1

#: What a host's place for secrets takes, in characters.
LONGEST: Final = 8_000

#: Seconds that an access token which is found must still be good for: longer than an
#: import takes, so that one refresh at its beginning is not put off to its middle.
REUSE_SECONDS: Final = 600.0

#: Seconds; what claims to be good for longer was written by another clock than ours.
MAX_LIFETIME: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A refresh token and, while an import runs, the access token that came with it.

    :ivar until: Unix time at which the access token ends.
    """

    refresh: str = field(repr=False)
    access: str = field(default="", repr=False)
    until: float = 0.0

    @classmethod
    def of(cls, tokens: Tokens, now: float) -> StoredToken:
        """Make what is kept of tokens that were issued just now."""
        if not tokens.lifetime:
            # Without its end nobody could tell whether to use it.
            return cls(tokens.refresh)
        return cls(tokens.refresh, tokens.access, now + tokens.lifetime)

    @property
    def tokens(self) -> Tokens:
        """The tokens themselves."""
        return Tokens(self.access, self.refresh)

    def is_good(self, now: float) -> bool:
        """Tell whether the access token is there and good for a while."""
        return bool(self.access) and REUSE_SECONDS <= self.until - now <= MAX_LIFETIME

    def between_imports(self) -> StoredToken:
        """Return what may stay when nobody imports: no access token."""
        return replace(self, access="", until=0.0)

    def write(self) -> str:
        """Return it as text, without the access token where both are too long."""
        value: dict[str, Any] = {"version": VERSION, "refresh": self.refresh}
        if self.access:
            value |= {"access": self.access, "until": int(self.until)}
        text = json.dumps(value, separators=(",", ":"))
        if self.access and len(text) > LONGEST:
            return self.between_imports().write()
        return text


def read(text: str | None) -> StoredToken | None:
    """Read what was written; ``None`` where nothing is there, or nothing that we know."""
    if not text or not text.startswith("{"):
        return StoredToken(text) if text else None
    try:
        value = json.loads(text)
        if value["version"] == VERSION and isinstance(value["refresh"], str):
            access, until = str(value.get("access", "")), float(value.get("until", 0))
            return StoredToken(value["refresh"], access, until)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    # The text itself is a secret, and is not repeated.
    log.warning("the stored login is of an unknown form; a person must sign in")
    return None


def is_stored(run: Run, *, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a login is kept for a definition; asks nobody but the host."""
    try:
        configuration = Configuration.of(run.configuration, environment)
    except SettingsWrong:
        # Not set up yet, so that nobody can have signed in; an import looks again.
        return False
    return bool(Host(run).get_secret(f"login/{storage_key(configuration)}"))


def storage_key(configuration: Configuration) -> str:
    """Name what a login belongs to, beside the definition: program and token service."""
    ours = f"{len(configuration.client_id)}:{configuration.client_id}{configuration.auth_url}"
    # Hashed, since an address may be longer than a host's key.
    return digest(ours)


def digest(text: str) -> str:
    """Make a short name out of a text of any length."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
