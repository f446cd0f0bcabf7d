"""A service account: one consent by a system administrator, and no login to store or to lose.

Whoever has the client's secret gets access tokens of a company that has consented, by its number
(Fortnox's ``client_credentials`` with ``TenantId``), so that nothing of it is a secret here. The
consent lasts until it is removed in Fortnox. What Fortnox says without one is not documented: a
refusal means that there is none, that it has no effect yet where it was given just now, or after
it has worked, that it was withdrawn.
Source: Fortnox's page on client credentials.

Where a login was stored before, its company is asked for first, since its consent may be one for
a service account. It stays stored until a run has succeeded without it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from opter_fortnox_plugin.errors import LoginFailed, NotPermitted
from opter_fortnox_plugin.fortnox.protocol import Tokens, tenant_of
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.stored_login import StoredLogin, named
from opter_fortnox_plugin.login.token_storage import digest, storage_key
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

#: Has a person consent, also to these scopes; returns the authorization code.
LogIn = Callable[[Collection[str]], str]

#: After the number of a company that has consented, where no token has come of it yet.
_UNPROVEN: Final = " given"

#: What another consent may mend.
_CONSENT_AGAIN: Final = frozenset({"NO_CONSENT", "CONSENT_NOT_EFFECTIVE", "CONSENT_WITHDRAWN"})


class ServiceAccount:
    """The consent of one definition's company.

    :param number_of: asks Fortnox for the number of the company that tokens are for.
    :param now: Unix time.
    """

    def __init__(
        self,
        host: Host,
        endpoint: TokenEndpoint,
        *,
        number_of: Callable[[Tokens], str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._endpoint = endpoint
        self._number_of = number_of
        self._stored_login = StoredLogin(host, endpoint, now)
        # All definitions share the host's state.
        ours = storage_key(endpoint.configuration)
        self._key = f"service-account/{digest(host.run.definition)}/{ours}"
        #: The company that is known to have consented, and whether a token has come of it.
        self._known = host.get_state(self._key) or ""
        company = host.run.company
        self._company = company.number if company else self._known.removesuffix(_UNPROVEN)
        self._consented_now = False
        #: What the last token may do.
        self._granted: frozenset[str] = frozenset()

    def tokens(self, log_in: LogIn) -> Tokens:
        """Return tokens of the company; where it has not consented, a person is asked to.

        :raises NotPermitted: if there is no consent, and nobody is there.
        """
        try:
            return self.tokens_without_anybody()
        except NotPermitted as error:
            if error.code not in _CONSENT_AGAIN or not self._host.attended:
                raise
            if self._company:
                self._host.report_progress("login", 0, None, error.message)
        return self.consent(log_in)

    def tokens_without_anybody(self) -> Tokens:
        """Return tokens of the company, or of that of a stored login.

        :raises NotPermitted: if there is no consent.
        """
        self._company = self._company or self._company_of_stored_login()
        if not self._company:
            raise NotPermitted("NO_CONSENT")
        return self.renewed()

    def consent(self, log_in: LogIn) -> Tokens:
        """Have a person consent; return tokens of the company.

        A company has one service account for each client, which imports and exports share. So
        that a consent to one does not end the other, what the last token may do is asked for again.
        """
        # The refresh token that comes with it is neither used nor kept: to revoke it might
        # withdraw the consent, which Fortnox does not document.
        consented = self._endpoint.exchange(log_in(self._granted), lambda _: None)
        self._company = self._company_of(consented)
        self._remember(self._company + _UNPROVEN)
        self._consented_now = True
        return self.renewed()

    def renewed(self) -> Tokens:
        try:
            tokens = self._endpoint.for_service(self._company)
        except LoginFailed:
            if self._known == self._company:
                raise NotPermitted("CONSENT_WITHDRAWN") from None
            if self._known == self._company + _UNPROVEN:
                raise NotPermitted("CONSENT_NOT_EFFECTIVE") from None
            raise NotPermitted("NO_CONSENT") from None
        self._granted = tokens.scopes
        if self._known != self._company:
            self._remember(self._company)
        return tokens

    def forget(self) -> None:
        self._remember("")

    def end_stored_login(self) -> None:
        """End the login that was stored before, now that runs succeed without it.

        It is revoked only where another consent was given in its place: otherwise it may be what
        came with this one. If that fails, the next run does it.
        """
        try:
            if self._stored_login.exists:
                self._stored_login.end(revoke=self._consented_now)
        except Exception as error:  # noqa: BLE001 - the run itself has succeeded
            log.warning("the earlier login stays stored until the next run: %s", named(error))

    def _remember(self, known: str) -> None:
        self._host.set_state(self._key, known)
        self._known = known

    def _company_of(self, tokens: Tokens) -> str:
        return tenant_of(tokens.access) or self._number_of(tokens)

    def _company_of_stored_login(self) -> str:
        if not self._stored_login.exists:
            return ""
        try:
            tokens = self._stored_login.resume()
            return self._company_of(tokens) if tokens else ""
        except NotPermitted:
            # What its person lacks, a service account may have.
            return ""
        finally:
            self._stored_login.delete_access_token()


@contextmanager
def signed_in(
    host: Host,
    endpoint: TokenEndpoint,
    *,
    log_in: LogIn,
    number_of: Callable[[Tokens], str],
    scopes: Collection[str] = (),
    again: bool = False,
    proof: bool = True,
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SignedIn]:
    """Be signed in by a service account for the length of a run.

    :param log_in: has a person consent, also to these scopes; returns the authorization code.
    :param number_of, now: as :class:`ServiceAccount` has them.
    :param scopes: where the consent gives less than these and a person is there, they are
        asked again.
    :param again: have a person consent even where the company has.
    :param proof: whether what is done shows that runs succeed, so that nobody needs a login that
        was stored before.
    """
    account = ServiceAccount(host, endpoint, number_of=number_of, now=now)
    if again:
        # To know what has been consented to before.
        with suppress(NotPermitted, LoginFailed):
            account.tokens_without_anybody()
    tokens = account.consent(log_in) if again else account.tokens(log_in)
    if tokens.lacking(scopes) and host.attended and not again:
        tokens = account.consent(log_in)
    try:
        yield SignedIn(endpoint, tokens, clock, lambda _: account.renewed())
    except Exception as error:
        # The host may have refused the company, too.
        if getattr(error, "code", None) == "WRONG_COMPANY":
            account.forget()
        raise
    if proof:
        account.end_stored_login()
