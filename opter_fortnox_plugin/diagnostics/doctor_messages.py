"""What an examination says, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opter_contract.values import Company, Text

#: What each finding is about.
WHAT: Final = {
    "configuration.client_id": Text("FORTNOX_CLIENT_ID", "FORTNOX_CLIENT_ID"),
    "configuration.client_secret": Text("FORTNOX_CLIENT_SECRET", "FORTNOX_CLIENT_SECRET"),
    "configuration.redirect_uri": Text("FORTNOX_REDIRECT_URI", "FORTNOX_REDIRECT_URI"),
    "configuration.auth_url": Text("FORTNOX_AUTH_URL", "FORTNOX_AUTH_URL"),
    "configuration.api_url": Text("FORTNOX_API_URL", "FORTNOX_API_URL"),
    "configuration.others": Text("Okända inställningar", "Unknown settings"),
    "currency": Text("Företagets valuta", "The company's currency"),
    "network.proxy": Text("Proxy", "Proxy"),
    "network.login": Text("Väg till inloggningen", "Way to the login"),
    "answer.login": Text("Inloggningen svarar", "The login answers"),
    "network.api": Text("Väg till Fortnox API", "Way to Fortnox's API"),
    "answer.api": Text("Fortnox API svarar", "Fortnox's API answers"),
    "clock": Text("Klocka", "Clock"),
    "redirect": Text("Port för inloggningens svar", "Port for the login's answer"),
    "login": Text("Inloggning", "Login"),
    "licence": Text("Integrationslicens", "Integration licence"),
    "modules": Text("Programlicenser", "Program licences"),
    "scopes": Text("Kopplingens behörigheter", "Scopes of the integration"),
    "rights.company": Text("Rätt att läsa företagsuppgifter", "Right to read the company"),
    "rights.payments": Text("Rätt att läsa inbetalningar", "Right to read invoice payments"),
    "rights.invoices": Text("Rätt att läsa kundfakturor", "Right to read invoices"),
    "company": Text("Företag", "Company"),
    "rate": Text("Frågegräns", "Rate limit"),
}


def skipped(other: Text) -> Text:
    """Say what has to be right first."""
    return Text(
        f"Inte kontrollerat. Rätta först: {other.sv}.",
        f"Not checked. Put this right first: {other.en}.",
    )


# --- Configuration ---------------------------------------------------------------


def given() -> Text:
    """Say that there is a value, and not which."""
    return Text("Angiven.", "Given.")


def address(shown: str, *, preset: bool) -> Text:
    """Say which address applies, and whether anybody chose it."""
    if preset:
        return Text(f"Inte angiven; {shown} gäller.", f"Not given; {shown} applies.")
    return Text(f"Angiven: {shown}.", f"Given: {shown}.")


def odd(name: str) -> Text:
    """Say that a value was probably copied with something around it."""
    return Text(
        f"Angiven, men med blanksteg, citattecken eller vinkelparenteser. Jämför {name} med "
        "Fortnox utvecklarportal och ta bort det som inte står där.",
        f"Given, but with spaces, quotation marks or angle brackets. Compare {name} with Fortnox's "
        "developer portal and remove what does not stand there.",
    )


def strange(names: Sequence[tuple[str, str]]) -> Text:
    """Name the settings that nobody reads, and what was meant."""
    sv = ", ".join(f"{name} (menas {meant}?)" for name, meant in names)
    en = ", ".join(f"{name} (is {meant} meant?)" for name, meant in names)
    return Text(
        f"Används inte: {sv}. Rätta namnet eller ta bort inställningen.",
        f"Not used: {en}. Correct the name or remove the setting.",
    )


COMPANY_CURRENCY: Final = Text(
    "Standardvalutan är SEK här. Företagets egen valuta går inte att fråga efter: kontrollera i "
    "Fortnox att bokföringen förs i SEK.",
    "The default currency here is SEK. The company's own cannot be asked for: make sure in Fortnox "
    "that its books are kept in SEK.",
)

# --- Network and clock -----------------------------------------------------------


def proxies(names: Sequence[str]) -> Text:
    """Name the proxies that are used."""
    if not names:
        return Text("Ingen används.", "None is used.")
    several = ", ".join(names)
    return Text(f"Används: {several}.", f"In use: {several}.")


def by_proxy(proxy: str) -> Text:
    """Say that the way cannot be looked at further."""
    return Text(f"Genom proxyn {proxy}.", f"Through the proxy {proxy}.")


def connected(host: str, port: int) -> Text:
    """Say that name service and connection are fine."""
    return Text(f"{host}:{port} nås.", f"{host}:{port} is reached.")


def answers(*, tls: bool) -> Text:
    """Say that there was an answer, and that it is from whom it should be."""
    if tls:
        return Text(
            "Svarar, med ett giltigt certifikat.", "Answers, with a certificate that is valid."
        )
    return Text(
        "Svarar, på den här datorn och utan kryptering.", "Answers, on this machine, unencrypted."
    )


def no_fortnox(status: int, setting: str) -> Text:
    """Say that somebody else seems to answer."""
    return Text(
        f"Svarar, men inte som Fortnox brukar (status {status} i stället för 401). Kontrollera "
        f"{setting}, och om en proxy eller brandvägg vill att någon loggar in.",
        f"Answers, but not as Fortnox does (status {status} instead of 401). Check {setting}, and "
        "whether a proxy or firewall wants somebody to sign in.",
    )


NO_DATE: Final = Text(
    "Fortnox sade inte vad klockan är. Jämför datorns klocka med en annan.",
    "Fortnox did not tell the time. Compare the machine's clock with another.",
)


def clock(skew: float, zone: str) -> Text:
    """Tell the difference in seconds, and the zone."""
    return Text(
        f"Stämmer med Fortnox på {skew:.0f} s när; tidszon {zone}.",
        f"Agrees with Fortnox to within {skew:.0f} s; time zone {zone}.",
    )


# --- Login -----------------------------------------------------------------------


def port_free(port: int) -> Text:
    """Say that the answer can be received."""
    return Text(f"Port {port} är ledig.", f"Port {port} is free.")


SIGNED_IN: Final = Text("Fortnox godtog inloggningen.", "Fortnox accepted the login.")

ASKING: Final = Text("Frågar Fortnox vad som får läsas", "Asking Fortnox what may be read")


def waiting(seconds: float) -> Text:
    """Say that Fortnox is asked again."""
    return Text(
        f"Fortnox svarade inte som det ska; försöker igen om {seconds:.0f} s",
        f"Fortnox did not answer as it should; trying again in {seconds:.0f} s",
    )


# --- What may be read ------------------------------------------------------------

LICENSED: Final = Text("Finns: Fortnox svarar på frågor.", "There is one: Fortnox answers.")
LICENCE_UNSEEN: Final = Text(
    "Syns inte, eftersom ingen fråga fick ett riktigt svar. Se de andra raderna.",
    "Cannot be seen, since no question got a proper answer. See the other lines.",
)
MODULES: Final = Text(
    "Fakturering finns: både betalningar och fakturor får läsas. Bokföring syns inte i svaren.",
    "Invoicing is there: payments and invoices may both be read. Bookkeeping does not show in "
    "the answers.",
)
MODULES_UNSEEN: Final = Text(
    "Syns inte, eftersom betalningar eller fakturor inte får läsas. Se de andra raderna.",
    "Cannot be seen, since payments or invoices may not be read. See the other lines.",
)
SCOPES_UNSEEN: Final = Text(
    "Fortnox sade inte vilka som gavs. Kontrollera payment, invoice och companyinformation i "
    "utvecklarportalen.",
    "Fortnox did not say which were granted. Check payment, invoice and companyinformation in "
    "the developer portal.",
)


def scopes(names: Sequence[str]) -> Text:
    """Name the scopes that were granted."""
    several = ", ".join(names)
    return Text(f"Har {several}.", f"Has {several}.")


def may_read(total: int | None) -> Text:
    """Say that it may be read, and how many there are."""
    if total is None:
        return Text("Får läsas.", "May be read.")
    return Text(f"Får läsas; {total} finns.", f"May be read; there are {total}.")


def first_company(company: Company) -> Text:
    """Name the company that an import would belong to from now on."""
    return Text(
        f"{company.name} ({company.number}). Importen hör till det när den har sparats första "
        "gången.",
        f"{company.name} ({company.number}). The import belongs to it once it has been saved.",
    )


def same_company(company: Company) -> Text:
    """Name the company."""
    return Text(
        f"{company.name} ({company.number}), som importen hör till.",
        f"{company.name} ({company.number}), which the import belongs to.",
    )


NO_LIMIT: Final = Text("Fortnox bad oss inte att vänta.", "Fortnox did not ask us to wait.")
