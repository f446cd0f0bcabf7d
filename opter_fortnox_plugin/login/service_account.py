"""A service account: one consent by a system administrator, and no login to store or to lose.

Whoever has the client's secret gets access tokens of a company that has consented, by its number
(Fortnox's ``client_credentials`` with ``TenantId``), so that nothing of it is a secret here. The
consent lasts until it is removed in Fortnox. What Fortnox says without one is not documented: a
refusal means that there is none, or after it has worked, that it was withdrawn.
Source: Fortnox's page on client credentials.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed, NotPermitted
from opter_fortnox_plugin.fortnox.protocol import Tokens, tenant_of
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.token_storage import digest, storage_key
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint


class ServiceAccount:
    """The consent of one definition's company.

    :param log_in: has a person consent, and returns the authorization code.
    """

    def __init__(
        self,
        host: Host,
        endpoint: TokenEndpoint,
        configuration: Configuration,
        log_in: Callable[[], str],
    ) -> None:
        self._host = host
        self._endpoint = endpoint
        self._log_in = log_in
        # All definitions share the host's state.
        self._key = f"service-account/{digest(host.run.definition)}/{storage_key(configuration)}"
        #: The number of the company that is known to have consented.
        self._consented = host.get_state(self._key) or ""
        company = host.run.company
        self._company = company.number if company else self._consented

    def tokens(self) -> Tokens:
        """Return tokens of the company; where it has not consented, a person is asked to.

        :raises NotPermitted: where there is no consent, and nobody is there.
        """
        if self._company:
            try:
                return self.renewed()
            except NotPermitted as error:
                if error.code not in {"NO_CONSENT", "CONSENT_WITHDRAWN"} or not self._host.attended:
                    raise
                self._host.report_progress("login", 0, None, error.message)
        elif not self._host.attended:
            raise NotPermitted("NO_CONSENT")
        return self.consent()

    def consent(self) -> Tokens:
        """Have a person consent; return tokens of the company."""
        # The refresh token that comes with it is neither used nor kept: to revoke it might
        # withdraw the consent.
        consented = self._endpoint.exchange(self._log_in())
        self._company = tenant_of(consented.access)
        self._consented = ""
        return self.renewed()

    def renewed(self) -> Tokens:
        try:
            tokens = self._endpoint.for_service(self._company)
        except LoginFailed:
            if self._consented:
                raise NotPermitted("CONSENT_WITHDRAWN") from None
            raise NotPermitted("NO_CONSENT") from None
        if self._consented != self._company:
            self._host.set_state(self._key, self._company)
            self._consented = self._company
        return tokens

    def forget(self) -> None:
        self._host.set_state(self._key, "")


class _ServiceSession(SignedIn):
    """A login that needs nobody, and ends by itself."""

    def __init__(
        self,
        endpoint: TokenEndpoint,
        tokens: Tokens,
        account: ServiceAccount,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(endpoint, tokens, clock)
        self._account = account

    def _renewed(self, _: Tokens) -> Tokens:
        return self._account.renewed()

    def sign_out(self) -> None:
        """Do nothing: access tokens cannot be revoked."""


@contextmanager
def signed_in(
    host: Host,
    endpoint: TokenEndpoint,
    configuration: Configuration,
    *,
    log_in: Callable[[], str],
    scopes: Collection[str] = (),
    again: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SignedIn]:
    """Be signed in by a service account for the length of a run.

    :param log_in: has a person consent, and returns the authorization code.
    :param scopes: where the consent gives less than these and a person is there, they are
        asked again.
    :param again: have a person consent even where the company has.
    """
    account = ServiceAccount(host, endpoint, configuration, log_in)
    tokens = account.consent() if again else account.tokens()
    if tokens.lacking(scopes) and host.attended and not again:
        tokens = account.consent()
    try:
        yield _ServiceSession(endpoint, tokens, account, clock)
    except FortnoxError as error:
        if error.code == "WRONG_COMPANY":
            account.forget()
        raise
