"""Authorization codes, tokens and consents; they expire by the sandbox's clock.

Lifetimes and rotation as documented: a code is valid for 10 minutes and once,
an access token for an hour, a refresh token for 45 days and once.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import secrets
import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hostsim.sandbox.clock import Clock
from hostsim.sandbox.switches import Switches

CODE_LIFETIME = timedelta(minutes=10)
ACCESS_LIFETIME = timedelta(hours=1)

#: The attributes that hold the consents, and all tables.
CONSENTS = ("_consents",)
TABLES = ("_codes", "_access", "_refresh", "_used", *CONSENTS)


@dataclass(frozen=True)
class Grant:
    """The scopes that a user granted a client in a company."""

    client_id: str
    company: int
    user: int
    scopes: tuple[str, ...]
    service: bool = False
    """Whether it is for a service account."""


@dataclass(frozen=True)
class Challenge:
    """The PKCE challenge of a login."""

    value: str
    method: str

    def verify(self, verifier: str) -> bool:
        if self.method == "plain":
            challenge = verifier
        else:
            challenge = _base64url(hashlib.sha256(verifier.encode()).digest())
        return hmac.compare_digest(challenge.encode(), self.value.encode())


@dataclass(frozen=True)
class TokenPair:
    """An access token and its refresh token."""

    grant: Grant
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    """Empty for a service account, which has none."""


@dataclass(frozen=True)
class _Issued:
    grant: Grant
    until: datetime
    redirect_uri: str | None = None
    challenge: Challenge | None = None


class Tokens:
    """The store of codes, tokens and consents."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.clock = clock
        self.switches = switches
        #: Every code and token ever issued, valid or not.
        self.issued: list[str] = []
        self._key = secrets.token_bytes(32)
        self._codes: dict[str, _Issued] = {}
        self._access: dict[str, _Issued] = {}
        self._refresh: dict[str, _Issued] = {}
        self._used: dict[str, Grant] = {}
        #: The consents for service accounts, by client and company.
        self._consents: dict[tuple[str, int], Grant] = {}
        #: Held while tokens or rights change.
        self.lock = threading.RLock()

    def issue_code(
        self, grant: Grant, redirect_uri: str | None, challenge: Challenge | None = None
    ) -> str:
        """Issue a code.

        :param redirect_uri: as sent in the request, if at all.
        :param challenge: to be verified with the code, if PKCE is checked.
        """
        with self.lock:
            code = str(uuid.uuid4())
            until = self.clock.now() + CODE_LIFETIME
            self._codes[code] = _Issued(grant, until, redirect_uri, challenge)
            self.issued.append(code)
            return code

    def redeem(
        self,
        code: str,
        client_id: str,
        redirect_uri: str | None,
        verifier: str = "",
        scopes: tuple[str, ...] | None = None,
    ) -> TokenPair | None:
        """Exchange a code for tokens, once, with all of its scopes or these."""
        with self.lock:
            issued = self._codes.get(code)
            if issued is None or issued.grant.client_id != client_id:
                return None
            if issued.redirect_uri is not None and issued.redirect_uri != redirect_uri:
                return None
            if issued.challenge is not None and not issued.challenge.verify(verifier):
                return None
            del self._codes[code]
            return self._issue_pair(issued.grant, scopes) if self._valid(issued) else None

    def issue(self, grant: Grant) -> TokenPair:
        """Issue tokens without a code."""
        with self.lock:
            return self._issue_pair(grant)

    def refresh(
        self, token: str, client_id: str, scopes: tuple[str, ...] | None = None
    ) -> TokenPair | None:
        """Exchange a refresh token for a new pair, once, with all of its scopes or these."""
        with self.lock:
            issued = self._refresh.get(token)
            if issued is None:
                self._revoke_family(token)
                return None
            if issued.grant.client_id != client_id:
                return None
            del self._refresh[token]
            self._used[token] = issued.grant
            return self._issue_pair(issued.grant, scopes) if self._valid(issued) else None

    def consent(self, grant: Grant) -> None:
        """Store the consent for a service account, valid until withdrawn."""
        with self.lock:
            key = grant.client_id, grant.company
            earlier = self._consents.get(key)
            if earlier is not None and self.switches.second_consent == "adds":
                scopes = tuple(dict.fromkeys((*earlier.scopes, *grant.scopes)))
                grant = replace(grant, scopes=scopes)
            self._consents[key] = grant

    def withdraw_consent(self, company: int, user: int | None = None) -> None:
        """Withdraw a company's consents for service accounts, or a user's consent."""

        def is_withdrawn(grant: Grant) -> bool:
            matches = grant.service if user is None else grant.user == user and not grant.service
            return matches and grant.company == company

        with self.lock:
            for key in [key for key in self._consents if user is None and key[1] == company]:
                del self._consents[key]
            if self.switches.withdrawn_consent_ends_refresh:
                for table in (self._codes, self._refresh):
                    for token in [
                        token for token, issued in table.items() if is_withdrawn(issued.grant)
                    ]:
                        del table[token]

    def consented(self, client_id: str, company: int) -> Grant | None:
        """Return the consent for a service account."""
        with self.lock:
            return self._consents.get((client_id, company))

    def for_service(
        self, client_id: str, company: int, scopes: tuple[str, ...]
    ) -> TokenPair | None:
        """Issue an access token by a consent; for all of its scopes if none are given."""
        with self.lock:
            grant = self._consents.get((client_id, company))
            if grant is None or not set(scopes) <= set(grant.scopes):
                return None
            requested = Grant(client_id, company, grant.user, scopes or grant.scopes, service=True)
            return self._issue_access(requested)

    def revoke(self, token: str) -> None:
        """Revoke a refresh token. Any other text is ignored, as Fortnox does."""
        with self.lock:
            issued = self._refresh.pop(token, None)
            if issued is None or not self.switches.revoke_withdraws_consent:
                return
            # The token of a user's own login withdraws no consent.
            if issued.grant.service:
                self._consents.pop((issued.grant.client_id, issued.grant.company), None)

    def grant_of(self, access: str) -> Grant | None:
        """Return the grant of an access token if it is valid now."""
        with self.lock:
            issued = self._access.get(access)
            return issued.grant if issued is not None and self._valid(issued) else None

    def grant_of_code(self, code: str) -> Grant | None:
        """Return the grant of a code, without using it."""
        with self.lock:
            issued = self._codes.get(code)
            return None if issued is None else issued.grant

    def grant_of_refresh(self, token: str) -> Grant | None:
        """Return the grant of a refresh token, without using it."""
        with self.lock:
            issued = self._refresh.get(token)
            return None if issued is None else issued.grant

    def valid_refresh_tokens(self) -> int:
        with self.lock:
            return sum(self._valid(issued) for issued in self._refresh.values())

    def expire_access_tokens(self) -> None:
        with self.lock:
            self._access.clear()

    def expire_refresh_tokens(self) -> None:
        with self.lock:
            self._refresh.clear()

    def snapshot(self, tables: Iterable[str] = TABLES) -> dict[str, dict[Any, Any]]:
        """Return these tables, for :meth:`restore`."""
        with self.lock:
            return {name: dict(getattr(self, name)) for name in tables}

    def restore(self, before: Mapping[str, Mapping[Any, Any]]) -> None:
        with self.lock:
            for name, table in before.items():
                setattr(self, name, dict(table))

    def _valid(self, issued: _Issued) -> bool:
        return self.clock.now() < issued.until

    def _issue_pair(self, grant: Grant, scopes: tuple[str, ...] | None = None) -> TokenPair:
        access_grant = grant if scopes is None else replace(grant, scopes=scopes)
        pair = replace(self._issue_access(access_grant), refresh=self._new_refresh_token())
        lifetime = timedelta(days=self.switches.refresh_token_days)
        self._refresh[pair.refresh] = _Issued(grant, self.clock.now() + lifetime)
        self.issued.append(pair.refresh)
        return pair

    def _issue_access(self, grant: Grant) -> TokenPair:
        now = self.clock.now()
        pair = TokenPair(grant, self._make_jwt(grant, now), "")
        self._access[pair.access] = _Issued(grant, now + ACCESS_LIFETIME)
        self.issued.append(pair.access)
        return pair

    def _new_refresh_token(self) -> str:
        if self.switches.refresh_token_format == "forty":  # noqa: S105 - a format
            return secrets.token_hex(20)
        return str(uuid.uuid4())

    def _revoke_family(self, token: str) -> None:
        if not self.switches.reuse_revokes_family or token not in self._used:
            return
        grant = self._used[token]
        self._refresh = {
            text: issued for text, issued in self._refresh.items() if issued.grant != grant
        }

    def _make_jwt(self, grant: Grant, now: datetime) -> str:
        """Return a JWT with the claims of a recorded token, in their order."""
        head = _segment({"typ": "JWT", "alg": "HS256"})
        body = _segment(_claims(grant, int(now.timestamp()), secrets.token_hex(20)))
        signature = hmac.new(self._key, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{_base64url(signature)}"


def _claims(grant: Grant, now: int, identity: str) -> dict[str, object]:
    rights = gzip.compress(json.dumps(dict.fromkeys(grant.scopes, True)).encode(), mtime=0)
    return {
        "userId": grant.user,
        "tenantId": grant.company,
        "clientId": grant.client_id,
        "rightsAsJson": base64.b64encode(rights).decode(),
        "scopes": list(grant.scopes),
        "authsource": "OAUTH2",
        "id": identity,
        "jti": identity,
        "iss": "https://api.fortnox.se/oauth2",
        "aud": grant.client_id,
        "sub": f"{grant.user}@{grant.company}",
        "exp": now + int(ACCESS_LIFETIME.total_seconds()),
        "iat": now,
        "token_type": "bearer",
        "scope": " ".join(grant.scopes),
    }


def _segment(content: dict[str, object]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
