"""A service account: one consent by a system administrator, and no login to store or to lose.

The client secret is enough for access tokens of a company that has consented, by its number
(Fortnox's ``client_credentials`` with ``TenantId``), so nothing stored here is secret. The consent
lasts until it is removed in Fortnox. What Fortnox responds without one is not documented: a refusal
is taken to mean that there is none; that it is not effective yet, right after it was given; or that
it was withdrawn, once it has worked.
Source: Fortnox's page on client credentials.

If a login was stored before, its company is looked up first, since its consent may include a
service account. It stays stored until a run has succeeded without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from opter_fortnox_plugin.errors import LoginFailed, NotPermitted
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.oauth import Tokens, tenant_of
from opter_fortnox_plugin.login.stored_login import StoredLogin, error_name
from opter_fortnox_plugin.login.token_format import digest, storage_key
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

#: Asks a person for consent, also to these scopes; returns the authorization code.
RequestConsent = Callable[[Collection[str]], str]

#: Suffix of the stored company number if the consent has not returned a token yet.
_UNPROVEN: Final = " given"

#: Errors that another consent may fix.
_CONSENT_AGAIN: Final = frozenset({"NO_CONSENT", "CONSENT_NOT_EFFECTIVE", "CONSENT_WITHDRAWN"})


class ServiceAccount:
    """The consent of one definition's company.

    :param number_of: fetches the number of the company that tokens are for.
    """

    def __init__(
        self, host: Host, endpoint: TokenEndpoint, *, number_of: Callable[[Tokens], str]
    ) -> None:
        self._host = host
        self._endpoint = endpoint
        self._number_of = number_of
        self._stored_login = StoredLogin(host, endpoint)
        # All definitions share the host's state.
        client_key = storage_key(endpoint.configuration)
        self._key = f"service-account/{digest(host.run.definition)}/{client_key}"
        #: The company that has consented, and whether that has returned a token.
        self._consenting = host.get_state(self._key) or ""
        company = host.run.company
        self._company = company.number if company else self._consenting.removesuffix(_UNPROVEN)
        self._consented_now = False
        #: The scopes of the last token.
        self._granted: frozenset[str] = frozenset()

    def tokens(self, log_in: RequestConsent) -> Tokens:
        """Return tokens of the company, asking a person for consent if needed.

        :raises NotPermitted: if there is no consent, and the run is unattended.
        """
        try:
            return self.tokens_unattended()
        except NotPermitted as error:
            if error.code not in _CONSENT_AGAIN or not self._host.attended:
                raise
            if self._company:
                self._host.report_progress("login", 0, None, error.message)
        return self.consent(log_in)

    def tokens_unattended(self) -> Tokens:
        """Return tokens of the company, or of the company of a stored login.

        :raises NotPermitted: if there is no consent.
        """
        self._company = self._company or self._company_of_stored_login()
        if not self._company:
            raise NotPermitted("NO_CONSENT")
        return self.new_tokens()

    def consent(self, log_in: RequestConsent) -> Tokens:
        """Ask a person for consent; return tokens of the company.

        A company has one service account for each client, shared by imports and exports. The
        scopes of the last token are requested again, so that one consent does not end the other.
        """
        # The refresh token that comes with it is neither used nor kept: revoking it might
        # withdraw the consent, which Fortnox does not document.
        consented = self._endpoint.exchange(log_in(self._granted), lambda _: None)
        self._company = self._company_of(consented)
        self._remember(self._company + _UNPROVEN)
        self._consented_now = True
        return self.new_tokens()

    def new_tokens(self) -> Tokens:
        try:
            tokens = self._endpoint.for_service(self._company)
        except LoginFailed:
            if self._consenting == self._company:
                raise NotPermitted("CONSENT_WITHDRAWN") from None
            if self._consenting == self._company + _UNPROVEN:
                raise NotPermitted("CONSENT_NOT_EFFECTIVE") from None
            raise NotPermitted("NO_CONSENT") from None
        self._granted = tokens.scopes
        if self._consenting != self._company:
            self._remember(self._company)
        return tokens

    def forget(self) -> None:
        self._remember("")

    def end_stored_login(self) -> None:
        """End the login that was stored before, now that runs succeed without it.

        It is revoked only if another consent replaced it: otherwise it may belong to this
        consent. If that fails, the next run does it.
        """
        try:
            if self._stored_login.exists:
                self._stored_login.end(revoke=self._consented_now)
        except Exception as error:  # noqa: BLE001 - the run itself has succeeded
            log.warning("the earlier login stays stored until the next run: %s", error_name(error))

    def _remember(self, company: str) -> None:
        self._host.set_state(self._key, company)
        self._consenting = company

    def _company_of(self, tokens: Tokens) -> str:
        return tenant_of(tokens.access) or self._number_of(tokens)

    def _company_of_stored_login(self) -> str:
        if not self._stored_login.exists:
            return ""
        try:
            tokens = self._stored_login.resume()
            return self._company_of(tokens) if tokens else ""
        except NotPermitted:
            # A service account may have rights that the person lacks.
            return ""
        finally:
            self._stored_login.delete_access_token()


@contextmanager
def signed_in(
    host: Host,
    endpoint: TokenEndpoint,
    *,
    log_in: RequestConsent,
    number_of: Callable[[Tokens], str],
    scopes: Collection[str] = (),
    again: bool = False,
    proof: bool = True,
) -> Iterator[SignedIn]:
    """Sign in by a service account for the length of a run.

    :param log_in: asks a person for consent, also to these scopes; returns the authorization code.
    :param number_of: as in :class:`ServiceAccount`.
    :param scopes: in an attended run, a consent without all of these is requested again.
    :param again: ask a person for consent even if the company has consented.
    :param proof: whether success shows that runs work without a login that was stored before.
    """
    account = ServiceAccount(host, endpoint, number_of=number_of)
    if again:
        # To learn the scopes of the earlier consent.
        with suppress(NotPermitted, LoginFailed):
            account.tokens_unattended()
    tokens = account.consent(log_in) if again else account.tokens(log_in)
    if tokens.lacking(scopes) and host.attended and not again:
        tokens = account.consent(log_in)
    try:
        yield SignedIn(endpoint, tokens, host.clock, lambda _: account.new_tokens())
    except Exception as error:
        # The host may have refused the company, too.
        if getattr(error, "code", None) == "WRONG_COMPANY":
            account.forget()
        raise
    if proof:
        account.end_stored_login()
