"""OAuth 2 as Fortnox has it, without I/O: URLs, tokens, and the errors of the token service.

Source: Fortnox's developer pages on authorization.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from opter_contract.values import Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import (
    FortnoxError,
    LoginFailed,
    NotPermitted,
    SettingsWrong,
    Temporary,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.not_fortnox import is_from_fortnox, not_fortnox, server_of
from opter_fortnox_plugin.fortnox.protocol import Response, code_of, error_information, object_in
from opter_fortnox_plugin.fortnox.responses import (
    INTERNAL_ERRORS,
    LICENCE,
    json_in,
    licence_missing,
    not_permitted,
    temporary_error,
)

#: What the import reads: payments, invoices (for OCR references), the company.
SCOPES: Final = ("payment", "invoice", "companyinformation")

#: A company's number, as it is sent in a header.
_TENANT = re.compile(r"[0-9]{1,18}", re.ASCII)

#: OAuth error codes of a login service that is down.
_SERVICE_DOWN: Final = frozenset({"server_error", "temporarily_unavailable"})

#: OAuth error code of a client that is known, but may not use this grant type.
_NOT_ALLOWED: Final = "unauthorized_client"

#: Fortnox's message for the same, if the client has no service accounts.
_NO_SERVICE = re.compile("does not allow service account", re.IGNORECASE)

_TOKEN_REASON = re.compile(r"[a-z_]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and the single-use refresh token for the next one.

    ``scopes`` are the granted ones; empty if Fortnox did not say.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    scopes: frozenset[str] = field(default=frozenset(), compare=False)
    lifetime: float = field(default=0.0, compare=False)
    """Seconds that the access token was good for when it was issued; 0 if unknown."""

    def lacking(self, scopes: Iterable[str]) -> list[str]:
        """Return which of these scopes were not granted; none if Fortnox did not say."""
        return [scope for scope in scopes if self.scopes and scope not in self.scopes]


_ANY_LICENCE: Final = Text(
    "en licens, hos företaget eller hos den som är inloggad,",
    "a licence, of the company or of whoever is signed in,",
)

#: What is refused where the token service itself says that something is missing.
_EVERYTHING: Final = Text("det som kopplingen behöver", "what the integration needs")


def authorization_url(
    configuration: Configuration,
    state: str,
    scopes: Sequence[str] = SCOPES,
    *,
    service: bool = False,
) -> str:
    """Return the URL at which a person signs in and approves.

    :param service: for a service account, which a system administrator must approve.
    :raises SettingsWrong: if the redirect URI is missing or wrong.
    """
    query = {
        "client_id": configuration.client_id,
        "redirect_uri": configuration.require_redirect_uri(),
        "scope": " ".join(scopes),
        "state": state,
        "access_type": "offline",
        "response_type": "code",
        **({"account_type": "service"} if service else {}),
    }
    # Fortnox documents %20 between scopes, not a plus sign.
    return f"{configuration.auth_url}/auth?{urlencode(query).replace('+', '%20')}"


def tokens_of(response: Response, *, service: bool = False) -> Tokens:
    """Return the tokens of a response, whatever its content type.

    :param service: whether they were requested by ``client_credentials``.
    :raises Temporary: if the same request may succeed later.
    :raises LoginFailed, NotPermitted: if it will not.
    """
    value = object_in(response.body)
    code = code_of(error_information(response.body))
    if missing := not_permitted(code, response.status, _EVERYTHING):
        raise missing
    refused = not 200 <= response.status < 300 or "error" in value
    if refused and _mentions_licence(response.body, value):
        raise licence_missing(_ANY_LICENCE)
    error = str(value.get("error", ""))
    temporary = temporary_error(response)
    if error in _SERVICE_DOWN and not (temporary and temporary.wait):
        raise refusal_of(error)
    if temporary:
        raise temporary
    if code in INTERNAL_ERRORS:
        raise Temporary(f"{response.status}, {code}")
    is_oauth_error = isinstance(value.get("error"), str) and not server_of(response)
    if refused and not (is_oauth_error or is_from_fortnox(response)):
        raise not_fortnox(response)
    if not isinstance(json_in(response), dict):
        raise Temporary("an answer of an unexpected form")
    if refused:
        raise _token_error(response.status, value, code, service=service)
    access, refresh = value.get("access_token"), value.get("refresh_token") or ""
    if not isinstance(access, str) or not access or not isinstance(refresh, str):
        raise Temporary("an answer without a token")
    scopes = value.get("scope")
    granted = frozenset(scopes.split() if isinstance(scopes, str) else ())
    return Tokens(access, refresh, granted, _lifetime(value.get("expires_in")))


def _token_error(
    status: int, value: Mapping[str, Any], code: int | None, *, service: bool
) -> FortnoxError:
    """Return the error of a token service that gave no token, and will give none later."""
    error = str(value.get("error", ""))
    known = refusal_of(error, words=str(value.get("error_description", "")))
    if service and error == "unsupported_grant_type":
        return SettingsWrong("CLIENT_NOT_ALLOWED", reason=error)
    if error == "invalid_grant" or not isinstance(known, LoginFailed):
        return known
    # Not a person's decision, and no reason to give up a stored login.
    word = error if _TOKEN_REASON.fullmatch(error) else f"status {status}"
    reason = word if code is None else Text(f"{word}, kod {code}", f"{word}, code {code}")
    return Unavailable("TOKEN_REFUSED", reason=reason)


def _mentions_licence(body: bytes, value: Mapping[str, Any]) -> bool:
    """Return whether a response, JSON or a sentence, mentions a licence."""
    text = json.dumps(value, default=str) if value else body[:1000].decode("utf-8", "replace")
    return not text.lstrip().startswith("<") and bool(LICENCE.search(text))


def is_revoked(response: Response) -> bool:
    """Return whether Fortnox itself has revoked a token."""
    return response.status == 200 and object_in(response.body).get("revoked") is True


def issued_at(access_token: str) -> datetime | None:
    """Return when an access token was issued (UTC), by its ``iat``; ``None`` if unknown.

    Not verified: it is used as a clock, never for authorization.
    """
    issued = _claims_of(access_token).get("iat")
    try:
        if isinstance(issued, bool) or not isinstance(issued, int | float):
            return None
        return datetime.fromtimestamp(issued, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def tenant_of(access_token: str) -> str:
    """Return the number of the company that an access token is for; ``""`` if unknown.

    Not verified: Fortnox does that where the number is used.
    """
    number = str(_claims_of(access_token).get("tenantId", ""))
    return number if _TENANT.fullmatch(number) else ""


def _claims_of(access_token: str) -> dict[str, Any]:
    try:
        payload = access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, LookupError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _lifetime(seconds: Any) -> float:
    """Read ``expires_in``; 0 if it is not plausible."""
    # Comparing a value that is no number would raise.
    number = isinstance(seconds, int | Decimal) and Decimal(seconds).is_finite()
    good = number and 0 < seconds <= 86_400
    return float(seconds) if good else 0.0


def refusal_of(error: str, scopes: Sequence[str] = SCOPES, words: str = "") -> FortnoxError:
    """Return the exception for an OAuth ``error`` of a login.

    :param scopes: that were requested.
    :param words: ``error_description``.
    """
    if LICENCE.search(f"{error} {words}"):
        return licence_missing(_ANY_LICENCE)
    if error == "error_missing_system_admin_right":
        return NotPermitted("ADMINISTRATOR_NEEDED")
    if error == "access_denied":
        return LoginFailed("LOGIN_REFUSED")
    if error == _NOT_ALLOWED or _NO_SERVICE.search(words):
        return SettingsWrong("CLIENT_NOT_ALLOWED", reason=_plain_word(error))
    if error == "invalid_client":
        return SettingsWrong("LOGIN_CLIENT_UNKNOWN")
    if error == "invalid_scope":
        return SettingsWrong("SCOPES_NOT_REGISTERED", scopes=", ".join(scopes))
    if error in _SERVICE_DOWN:
        return Unavailable("LOGIN_SERVICE_DOWN", reason=error)
    return LoginFailed("LOGIN_FAILED", reason=_plain_word(error))


def _plain_word(error: str) -> str:
    """Return an error if it is a plain word: anything else might be confidential."""
    return error if _TOKEN_REASON.fullmatch(error) else "–"
