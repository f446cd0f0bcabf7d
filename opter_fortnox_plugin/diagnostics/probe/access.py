"""How Fortnox refuses, and what its tokens do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import (
    NO_SUCH_NUMBER,
    NO_SUCH_RESOURCE,
    ProbeClient,
)
from opter_fortnox_plugin.diagnostics.probe.question import Questions
from opter_fortnox_plugin.diagnostics.probe.results import (
    NO_REFRESH_TOKEN,
    ProbeResult,
    Results,
    Undecided,
    content_type,
    evidence_of,
    is_refused,
)
from opter_fortnox_plugin.errors import LoginFailed, Temporary
from opter_fortnox_plugin.fortnox.protocol import Response, code_of, decode, error_information
from opter_fortnox_plugin.login.oauth import tokens_of

QUESTIONS: Final = Questions()

#: Questions that may end the login, asked after all others.
LAST: Final = Questions()

# --- Errors and rights -----------------------------------------------------------


@QUESTIONS.ask(missing_bearer=Text("Utan åtkomstnyckel", "Without a bearer"))
def missing_bearer(client: ProbeClient) -> Results:
    response = client.get_once("invoicepayments")
    is_application = error_information(response.body) is not None
    yield ProbeResult(
        "missing_bearer", "application" if is_application else "gateway", evidence_of(response)
    )


@QUESTIONS.ask(missing_scope_status=Text("Scope saknas", "A missing scope"))
def missing_scope(client: ProbeClient) -> Results:
    for path in ("companyinformation", "customers"):
        response = client.get_once(path, client.signed_in.access_token)
        if is_refused(response):
            yield ProbeResult("missing_scope_status", response.status, evidence_of(response))
            return
    raise Undecided(
        Text(
            "inloggningen kom åt även det som den inte bad om",
            "the login could read even what it had not asked for",
        )
    )


@QUESTIONS.ask(
    payment_not_found_code=Text("Inbetalning som inte finns", "A payment that does not exist"),
    unknown_path_code=Text("Resurs som inte finns", "A resource that does not exist"),
)
def not_found(client: ProbeClient) -> Results:
    for name, path in (
        ("payment_not_found_code", f"invoicepayments/{NO_SUCH_NUMBER}"),
        ("unknown_path_code", NO_SUCH_RESOURCE),
    ):
        response = client.get(path)
        evidence = evidence_of(response)
        if is_refused(response):
            yield ProbeResult(name, code_of(error_information(response.body)), evidence)
            continue
        reason = Text("Fortnox svarade som om den fanns", "Fortnox answered as if it existed")
        yield ProbeResult(name, evidence=evidence, undecided=reason)


@QUESTIONS.ask(
    codes_as_text=Text("Felkoder som text", "Error codes as text"),
    error_casing=Text("Felens nycklar, efter status", "Keys of errors, by status"),
)
def errors_spelled(client: ProbeClient) -> Results:
    return spelling(
        [(response.status, error_information(response.body) or {}) for response in client.refusals]
    )


def spelling(refusals: Sequence[tuple[int, Mapping[str, Any]]]) -> Results:
    """Return how errors write their codes and keys, by status."""
    codes = [information.get("Code", information.get("code")) for _, information in refusals]
    kinds = {isinstance(code, str) for code in codes if code is not None}
    if not kinds:
        raise Undecided(
            Text("ingen fråga nekades med en kod", "no request was refused with a code")
        )
    yield ProbeResult("codes_as_text", kinds.pop() if len(kinds) == 1 else "both")
    casings = {(status, "upper" if "Code" in keys else "lower") for status, keys in refusals}
    yield ProbeResult(
        "error_casing", ", ".join(f"{status} {casing}" for status, casing in sorted(casings))
    )


# --- Tokens ----------------------------------------------------------------------

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ERROR_NAME: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)


@QUESTIONS.ask(
    refresh_token_format=Text("Förnyelsenyckelns form", "Form of the refresh token"),
    refresh_works=Text("Förnyelse fungerar", "Refreshing works"),
)
def refresh_token(client: ProbeClient) -> Results:
    before = client.signed_in.tokens
    token, form = before.refresh, f"{len(before.refresh)} characters"
    if _UUID.fullmatch(token):
        yield ProbeResult("refresh_token_format", "uuid", form)
    else:
        yield ProbeResult("refresh_token_format", "forty" if len(token) == 40 else "another", form)
    if not token:
        raise Undecided(NO_REFRESH_TOKEN)
    try:
        client.refresh()
    except LoginFailed:
        yield ProbeResult("refresh_works", answer=False)
        return
    rotated = client.signed_in.tokens.refresh != token
    if rotated:
        client.replaced_tokens = before
    yield ProbeResult("refresh_works", answer=True, evidence="rotated" if rotated else "unchanged")


@QUESTIONS.ask(
    bad_code_status=Text("Påhittad kod", "A code that was made up"),
    bad_code_content_type=Text("… och svarets innehållstyp", "… and its content type"),
)
def bad_code(client: ProbeClient) -> Results:
    """Send an invented code: nothing depends on it."""
    response = client.post_token_form(
        {
            "grant_type": "authorization_code",
            "code": str(uuid.uuid4()),
            "redirect_uri": client.endpoint.configuration.redirect_uri,
        }
    )
    evidence = evidence_of_token(response)
    yield ProbeResult("bad_code_status", response.status, evidence)
    yield ProbeResult("bad_code_content_type", content_type(response), evidence)


@LAST.ask(
    old_refresh_token=Text("Använd förnyelsenyckel", "A used refresh token"),
    reuse_revokes_family=Text("… drar in de senare", "… revokes the later ones"),
)
def reused_refresh_token(client: ProbeClient) -> Results:
    """Use a refresh token twice. Asked last, since Fortnox may revoke all tokens."""
    if client.replaced_tokens is None:
        raise Undecided(NO_REFRESH_TOKEN)
    response = client.post_token_form(
        {"grant_type": "refresh_token", "refresh_token": client.replaced_tokens.refresh}
    )
    if not is_refused(response):
        client.endpoint.revoke(tokens_of(response))
        yield ProbeResult("old_refresh_token", "accepted", evidence_of(response))
        return
    yield ProbeResult("old_refresh_token", oauth_error(response), evidence_of(response))
    try:
        client.refresh()
    except LoginFailed:
        yield ProbeResult("reuse_revokes_family", answer=True)
    else:
        yield ProbeResult("reuse_revokes_family", answer=False)


def evidence_of_token(response: Response) -> str:
    """Return the evidence of a response of the token service."""
    return f"{evidence_of(response)} {oauth_error(response)}"


def oauth_error(response: Response) -> str:
    """Return the ``error`` of the token service, if it is a plain word."""
    try:
        value = decode(response.body)
    except Temporary:
        return "no JSON"
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, str) and _ERROR_NAME.fullmatch(error) else "no error name"
