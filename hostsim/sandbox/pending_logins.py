"""Logins in progress: the program's request, and how far the person has come."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hostsim.sandbox.company import Company
from hostsim.sandbox.state import State, User
from hostsim.sandbox.tokens import Challenge, Grant

#: How many logins may be in progress; the oldest is dropped first.
MAX_PENDING_LOGINS = 1000


@dataclass
class PendingLogin:
    """A login in progress, bound to the browser that began it."""

    browser: str
    client_id: str
    redirect_uri: str
    """Where the response goes."""

    given_redirect_uri: str | None
    """As sent in the request; the token request must then repeat it."""

    state: str
    scopes: tuple[str, ...]
    service: bool
    """Whether the request is for a service account, which only an administrator can allow."""

    challenge: Challenge | None = None
    """The PKCE challenge, if it is checked."""

    user: User | None = None
    company: Company | None = None
    error: str | None = None
    """The OAuth error of a login that failed."""


class PendingLogins:
    """All logins in progress, by an unguessable ticket."""

    def __init__(self) -> None:
        self._open: dict[str, PendingLogin] = {}
        self._lock = threading.Lock()

    def begin(self, pending: PendingLogin) -> str:
        """Add a login, and return its ticket."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._open[ticket] = pending
            if len(self._open) > MAX_PENDING_LOGINS:
                del self._open[next(iter(self._open))]
        return ticket

    def find(self, ticket: str, browser: str | None) -> PendingLogin | None:
        """Return a login by its ticket, only for the browser that began it."""
        with self._lock:
            pending = self._open.get(ticket)
        return pending if pending is not None and pending.browser == browser else None

    def end(self, ticket: str) -> None:
        with self._lock:
            self._open.pop(ticket, None)


def companies_of(user: User, state: State) -> list[Company]:
    return [state.companies[number] for number in user.companies if number in state.companies]


def complete_login(pending: PendingLogin, user: User, company: Company, state: State) -> str:
    """Complete a login that the person allowed; return the URL to redirect to."""
    if company.locked:
        # Reported by a client's author: neither code nor state is returned.
        return pending.redirect_uri
    requested = Grant(pending.client_id, company.number, user.id, pending.scopes, pending.service)
    scopes = state.licensed_scopes(requested)
    if error := _login_error(pending, user, company, scopes):
        pending.error = error
        return redirect_url(pending, error=error)
    grant = replace(requested, scopes=scopes)
    if pending.service:
        state.tokens.consent(grant)
    code = state.tokens.issue_code(grant, pending.given_redirect_uri, pending.challenge)
    return redirect_url(pending, code=code)


def redirect_url(pending: PendingLogin, **parameters: str) -> str:
    """Return the redirect URI with these parameters and the state."""
    parts = urlsplit(pending.redirect_uri)
    existing = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([*existing, *parameters.items(), ("state", pending.state)])
    return urlunsplit(parts._replace(query=query))


def _login_error(
    pending: PendingLogin, user: User, company: Company, scopes: tuple[str, ...]
) -> str | None:
    if company.consent_error:
        return company.consent_error
    if not company.integration_licence or not scopes:
        return "error_missing_license"
    if pending.service and not user.admin:
        return "error_missing_system_admin_right"
    return None
