"""The tokens of a service account, with a consent and without one.

A granted token is neither used nor kept.
"""

from __future__ import annotations

from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.access import evidence_of_token, oauth_error
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.question import Questions
from opter_fortnox_plugin.diagnostics.probe.results import (
    NO_REFRESH_TOKEN,
    ProbeResult,
    Results,
    Undecided,
    evidence_of,
    is_refused,
)
from opter_fortnox_plugin.errors import LoginFailed
from opter_fortnox_plugin.fortnox.protocol import Response
from opter_fortnox_plugin.login.oauth import tenant_of

#: No company's number: any other could be somebody's.
NO_COMPANY: Final = "0"

#: A scope that no application has.
NO_SCOPE: Final = "opternosuchscope"

#: OAuth's errors for a client that may not do this, and our names for them.
_OF_THE_CLIENT: Final = {
    "unsupported_grant_type": "unsupported",
    "unauthorized_client": "not_allowed",
}

QUESTIONS: Final = Questions()

#: Questions that may withdraw the consent, asked after all others.
LAST: Final = Questions()

_NO_NUMBER: Final = Text(
    "åtkomstnyckeln säger inte vilket företag den gäller",
    "the access token does not tell its company",
)
_MIGHT_WITHDRAW: Final = Text(
    "det kan ta bort ett godkännande som används; kör igen med --service-account i ett testföretag",
    "it might withdraw a consent that is in use; run again with --service-account in a test "
    "company",
)


@QUESTIONS.ask(
    client_credentials=Text("Servicekonto", "A service account"),
    client_credentials_status=Text("… utan godkännande", "… without consent"),
    client_credentials_scope=Text("… med en okänd behörighet", "… with an unknown scope"),
)
def client_credentials(client: ProbeClient) -> Results:
    """Request a token for the signed-in company, for an unknown scope, and for no company."""
    response = _ask(client, _company(client))
    error = oauth_error(response)
    if error in _OF_THE_CLIENT:
        yield ProbeResult("client_credentials", _OF_THE_CLIENT[error], evidence_of_token(response))
        raise Undecided(Text("kopplingen får inga", "the integration gets none"))
    if is_refused(response):
        yield ProbeResult("client_credentials_status", response.status, evidence_of_token(response))
        raise _no_consent(response)
    yield ProbeResult("client_credentials", "granted", evidence_of(response))
    response = _ask(client, _company(client), scope=NO_SCOPE)
    if is_refused(response) and (error := oauth_error(response)):
        yield ProbeResult("client_credentials_scope", error, evidence_of_token(response))
    response = _ask(client, NO_COMPANY)
    if not is_refused(response):
        raise Undecided(Text("även inget företag fick en", "even no company got one"))
    yield ProbeResult("client_credentials_status", response.status, evidence_of_token(response))


@LAST.ask(
    revoke_withdraws_consent=Text(
        "… efter att förnyelsenyckeln återkallats", "… after its refresh token was revoked"
    )
)
def revoked_consent(client: ProbeClient) -> Results:
    """Revoke the refresh token that came with the consent, and ask again.

    Asked last, and only if the consent was given for the probe.
    """
    if not client.consented:
        raise Undecided(_MIGHT_WITHDRAW)
    company = _company(client)
    if is_refused(before := _ask(client, company)):
        raise _no_consent(before)
    try:
        # A refresh token that ended with an earlier question would show nothing.
        client.refresh()
    except LoginFailed:
        raise Undecided(NO_REFRESH_TOKEN) from None
    client.signed_in.sign_out()
    response = _ask(client, company)
    yield ProbeResult("revoke_withdraws_consent", is_refused(response), evidence_of(response))


def _no_consent(response: Response) -> Undecided:
    seen = evidence_of_token(response)
    return Undecided(
        Text(
            "företaget har inget godkänt servicekonto; kör igen med --service-account i ett "
            f"testföretag ({seen})",
            "the company has approved no service account; run again with --service-account in a "
            f"test company ({seen})",
        )
    )


def _company(client: ProbeClient) -> str:
    if company := tenant_of(client.signed_in.access_token):
        return company
    raise Undecided(_NO_NUMBER)


def _ask(client: ProbeClient, company: str, **more: str) -> Response:
    return client.post_token_form({"grant_type": "client_credentials"} | more, company)
