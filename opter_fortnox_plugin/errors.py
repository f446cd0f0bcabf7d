"""The errors, sorted by who can act.

Every error for a person is declared once, in the class of who can act: a code that
never changes, and a message in Swedish and English. The host shows ``code``, ``kind``
and ``message``, as the contract describes; details for programs are attributes.

No error contains a token, a secret or data from Fortnox: only status, Fortnox's
own error code, and which resource was requested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from opter_contract.values import ErrorText, Text


class FortnoxError(Exception):
    """The base of all errors for a person.

    :param details: fill in the message; one that is a :class:`Text` has both languages.
    """

    #: Who can act: see ``kind`` in the contract.
    kind: ClassVar[str]
    #: What happened and what to do next, by code.
    messages: ClassVar[Mapping[str, Text]]

    def __init__(self, code: str, **details: object) -> None:
        self.code: Final = code
        self.details: Final = details
        self.message: Final = filled(self.messages[code], details)
        super().__init__(code, self.message.en)

    def __str__(self) -> str:
        return f"{self.code}: {self.message.en}"


def filled(template: Text, details: Mapping[str, object]) -> Text:
    """Fill in a message; a detail that is a :class:`Text` has both languages."""
    return Text(
        template.sv.format_map({name: _swedish(value) for name, value in details.items()}),
        template.en.format_map({name: _english(value) for name, value in details.items()}),
    )


def _swedish(detail: object) -> object:
    return detail.sv if isinstance(detail, Text) else in_swedish(detail)


def _english(detail: object) -> object:
    return detail.en if isinstance(detail, Text) else detail


class Temporary(Exception):
    """The same request may succeed later; never leaves :mod:`.client`.

    :param what: what happened, in a few words without any content of the response.
    :param wait: seconds that Fortnox asked us to wait, if it did.
    :param limited: whether the rate limit was the reason (429).
    :param explanation: a longer description for a person, if there is one.
    :ivar may_pass: whether a retry may succeed.
    """

    def __init__(
        self,
        what: str,
        *,
        wait: float | None = None,
        limited: bool = False,
        explanation: Text | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.wait = wait
        self.limited = limited
        self.explanation = explanation
        self.may_pass = True


class NotFortnox(Temporary):
    """A proxy, a firewall or a network's login page responded instead of Fortnox.

    :param status: of the response.
    :param who: describes the server, as far as known.
    """

    def __init__(self, status: int, who: Text, *, may_pass: bool = True) -> None:
        super().__init__("an answer that is not Fortnox's own")
        self.status = status
        self.who = who
        self.may_pass = may_pass


class Unauthorized(Exception):
    """The access token is not accepted (401); never leaves :mod:`.client`."""


class Missing(Exception):
    """The resource does not exist in Fortnox (404)."""


class OutcomeUnknown(Exception):
    """Fortnox may have carried out a write request, or not.

    Sending it again could write twice; only reading can tell.

    :param what: what happened, as in :class:`Temporary`.
    :param error: that keeps requests from reaching Fortnox, so that none is retried.
    """

    def __init__(self, what: str, error: FortnoxError | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.error = error


class Rejected(Exception):
    """Fortnox refused a write request.

    :param code: Fortnox's own; ``None`` if it gave none.
    :param words: Fortnox's own message. It may name a customer: for the journal, never for a log.
    """

    def __init__(self, code: int | None, words: str) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


#: The temporary errors, as named in :class:`Temporary`, and the resources, in Swedish.
IN_SWEDISH: Final = {
    "company information of an unexpected form": "företagsuppgifter av oväntat slag",
    "a payment of an unexpected form": "en betalning av oväntat slag",
    "an invoice of an unexpected form": "en faktura av oväntat slag",
    "a supplier invoice of an unexpected form": "en leverantörsfaktura av oväntat slag",
    "a list of an unexpected form": "en lista av oväntat slag",
    "an answer of an unexpected form": "ett svar av oväntat slag",
    "an answer that is not JSON": "ett svar som inte är JSON",
    "an answer without a token": "ett svar utan åtkomstnyckel",
    "an answer that was cut off": "ett svar som bröts av",
    "an answer that cannot be read": "ett svar som inte går att läsa",
    "no answer in time": "inget svar i tid",
    "no whole answer in time": "inget helt svar i tid",
    "no connection": "ingen förbindelse",
    "no connection to the proxy": "ingen förbindelse med proxyn",
    "a name that cannot be looked up": "ett namn som inte går att slå upp",
    "an answer that is not Fortnox's own": "ett svar som inte är Fortnox eget",
    "companyinformation": "företagsuppgifter (companyinformation)",
    "invoicepayments": "inbetalningar (invoicepayments)",
    "invoices": "kundfakturor (invoices)",
    "supplierinvoices": "leverantörsfakturor (supplierinvoices)",
    "suppliers": "leverantörer (suppliers)",
    "customers": "kunder (customers)",
    "accounts": "konton (accounts)",
    "currencies": "valutor (currencies)",
    "costcenters": "kostnadsställen (costcenters)",
    "financialyears": "räkenskapsår (financialyears)",
    "settings/lockedperiod": "låst period (settings/lockedperiod)",
    "inbox": "inkorgen (inbox)",
    "supplierinvoicefileconnections": "bifogade filer (supplierinvoicefileconnections)",
    "attached files": "bifogade filer",
}


def in_swedish(value: object) -> object:
    """Return a phrase of :class:`Temporary` in Swedish, and anything else as it is."""
    return IN_SWEDISH.get(value, value) if isinstance(value, str) else value


class SettingsWrong(FortnoxError):
    """The administrator must change a setting or the configuration."""

    kind = "settings"
    messages: ClassVar = {
        "CONFIGURATION_MISSING": Text(
            "Inställningen {name} saknas. Administratören anger den i värdsystemet eller i datorns "
            "miljö; värdet finns i Fortnox utvecklarportal.",
            "The setting {name} is missing. The administrator gives it in the host or in the "
            "environment of the machine; its value is found in Fortnox's developer portal.",
        ),
        "CONFIGURATION_WRONG": Text(
            "Inställningen {name} kan inte användas: {why}. Administratören rättar den.",
            "The setting {name} cannot be used: {why}. The administrator corrects it.",
        ),
        "PROXY_WRONG": Text(
            "Proxyn kan inte användas: {why}. Administratören rättar {name}.",
            "The proxy cannot be used: {why}. The administrator corrects {name}.",
        ),
        "CERTIFICATES_WRONG": Text(
            "Certifikaten i {path} går inte att läsa. Administratören rättar {name}, eller tar "
            "bort den så att datorns egna certifikat gäller.",
            "The certificates in {path} cannot be read. The administrator corrects {name}, or "
            "removes it so that the machine's own certificates apply.",
        ),
        "SIGN_IN_EVERY_TIME": Text(
            "Inloggningen är inställd på Varje gång, så en inloggning i förväg skulle inte räcka "
            "till. Välj Förbli inloggad eller Servicekonto först.",
            "The login is set to Every time, so that one ahead would be of no use. Choose Stay "
            "signed in or Service account first.",
        ),
        "LOGIN_CLIENT_UNKNOWN": Text(
            "Fortnox känner inte igen kopplingens Client-Id och Client-Secret. Administratören "
            "kontrollerar båda i Fortnox utvecklarportal.",
            "Fortnox does not recognise the Client-Id and Client-Secret of the integration. The "
            "administrator checks both in Fortnox's developer portal.",
        ),
        "CLIENT_NOT_ALLOWED": Text(
            "Fortnox känner igen kopplingen men låter den inte logga in på det här sättet "
            "({reason}). Administratören tillåter det i Fortnox utvecklarportal, eller väljer en "
            "annan inloggning i inställningarna.",
            "Fortnox recognises the integration but does not let it sign in this way ({reason}). "
            "The administrator allows it in Fortnox's developer portal, or chooses another login "
            "in the settings.",
        ),
        "SCOPES_NOT_REGISTERED": Text(
            "Kopplingen är inte registrerad för allt den ber om ({scopes}). Administratören "
            "kryssar i det som fattas i Fortnox utvecklarportal.",
            "The integration is not registered for all that it asks for ({scopes}). The "
            "administrator ticks what is missing in Fortnox's developer portal.",
        ),
        "HOST_CONTRACT": Text(
            "Värdsystemet talar version {host} av avtalet för insticksprogram, men det här "
            "insticksprogrammet behöver {needed}. Inget har lästs. Administratören uppgraderar "
            "{upgrade}.",
            "The host speaks version {host} of the contract for plug-ins, but this plug-in needs "
            "{needed}. Nothing has been read. The administrator upgrades {upgrade}.",
        ),
        "CLOCK_WRONG": Text(
            "Datorns klocka går {seconds} sekunder fel mot Fortnox: här är den {ours}, där "
            "{theirs}. Administratören ställer den, eller låter den ställas över nätet.",
            "The machine's clock is {seconds} seconds off against Fortnox: {ours} here, {theirs} "
            "there. The administrator sets it, or lets it be set over the network.",
        ),
        "USAGE": Text(
            "Kommandot gick inte att förstå ({why}). Se --help.",
            "The command was not understood ({why}). See --help.",
        ),
        "DEFAULT_CURRENCY_NOT_SEK": Text(
            "Betalningar från Fortnox kan bara importeras när standardvalutan är SEK; den är "
            "{currency}. Ändra den, eller importera inte från Fortnox.",
            "Payments from Fortnox can only be imported when the default currency is SEK; it is "
            "{currency}. Change it, or do not import from Fortnox.",
        ),
    }


class LoginFailed(FortnoxError):
    """A person must sign in, or sign in to another company."""

    kind = "login"
    messages: ClassVar = {
        "LOGIN_REFUSED": Text(
            "Inloggningen avbröts i Fortnox, eller så godkändes inte åtkomsten. Försök igen och "
            "välj att godkänna.",
            "The login was cancelled in Fortnox, or access was not granted. Try again and choose "
            "to approve.",
        ),
        "LOGIN_NEEDED": Text(
            "Någon måste logga in i Fortnox, men ingen är där. Logga in en gång själv, och välj "
            "att förbli inloggad eller ett servicekonto i inställningarna.",
            "Somebody must sign in to Fortnox, but nobody is there. Sign in yourself once, and "
            "choose to stay signed in or a service account in the settings.",
        ),
        "LOGIN_STATE_WRONG": Text(
            "Ett svar kom från webbläsaren, men det hörde inte till den här inloggningen och "
            "användes inte. Stäng andra inloggningsfönster och försök igen.",
            "An answer came from the browser, but it did not belong to this login and was not "
            "used. Close other login windows and try again.",
        ),
        "LOGIN_TIMED_OUT": Text(
            "Inget svar kom från inloggningen i Fortnox inom {seconds} sekunder. Försök igen och "
            "logga in i fönstret som öppnas. Visade Fortnox ett fel där, kontrollerar "
            "administratören kopplingens Client-Id i utvecklarportalen, att allt som kopplingen "
            "ber om ({scopes}) är ikryssat där, och att redirect URI där är exakt {redirect}.",
            "No answer came from the login to Fortnox within {seconds} seconds. Try again and sign "
            "in in the window that opens. If Fortnox showed an error there, the administrator "
            "checks the Client-Id of the integration in the developer portal, that all that the "
            "integration asks for ({scopes}) is ticked there, and that the redirect URI there is "
            "exactly {redirect}.",
        ),
        "INPUT_ENDED": Text(
            "Standard input är slut, och adressen som inloggningen slutade på fanns inte där. Kör "
            "kommandot i ett fönster där du kan klistra in den, eller utan --no-browser.",
            "Standard input has ended, and the address that the login ended at was not in it. Run "
            "the command in a window where you can paste it, or without --no-browser.",
        ),
        "NO_WINDOW": Text(
            "Värdsystemet kunde inte visa Fortnox inloggning för någon, så ingen kan logga in. Kör "
            "importen där det finns en webbläsare, eller välj att förbli inloggad och importera en "
            "gång där.",
            "The host could not show Fortnox's login to anybody, so nobody can sign in. Run the "
            "import where there is a browser, or choose to stay signed in and import there once.",
        ),
        "LOGIN_COMPANY_LOCKED": Text(
            "Fortnox skickade tillbaka inloggningen utan svar. Så gör Fortnox när företaget är "
            "låst, till exempel för obetald licens. Logga in på fortnox.se och kontrollera "
            "företaget, och försök sedan igen.",
            "Fortnox sent the login back without an answer. Fortnox does so when the company is "
            "locked, for instance for an unpaid licence. Sign in at fortnox.se and check the "
            "company, then try again.",
        ),
        "LOGIN_PORT_IN_USE": Text(
            "Inloggningens svar tas emot på {host}:{port}, men ett annat program använder den "
            "porten. Stäng det programmet och försök igen, eller ändra Redirect URI här och i "
            "Fortnox utvecklarportal.",
            "The answer to the login is received on {host}:{port}, but another program uses that "
            "port. Close that program and try again, or change the redirect URI here and in "
            "Fortnox's developer portal.",
        ),
        "LOGIN_WAITED_FOR_ANOTHER": Text(
            "En annan inloggning på samma dator blev inte klar i tid. Avsluta den och importera "
            "igen.",
            "Another login on the same machine did not end in time. Finish it and try again.",
        ),
        "LOGIN_FAILED": Text(
            "Fortnox godtog inte inloggningen ({reason}). Försök igen; hjälper det inte får "
            "administratören kontrollera Redirect URI och resten av kopplingen i "
            "utvecklarportalen.",
            "Fortnox did not accept the login ({reason}). Try again; if that does not help, the "
            "administrator checks the redirect URI and the rest of the integration in the "
            "developer portal.",
        ),
        "LOGIN_EXPIRED": Text(
            "Fortnox godtar inte längre inloggningen. Försök igen och logga in på nytt; inget har "
            "sparats till hälften.",
            "Fortnox no longer accepts the login. Try again and sign in again; nothing has been "
            "partially saved.",
        ),
        "WRONG_COMPANY": Text(
            "Importen hör till {expected} ({expected_number}), men inloggningen gällde {actual} "
            "({actual_number}). {consent}Försök igen och välj {expected} i Fortnox.",
            "The import belongs to {expected} ({expected_number}), but the login was to {actual} "
            "({actual_number}). {consent}Try again and choose {expected} in Fortnox.",
        ),
    }


class NotPermitted(FortnoxError):
    """A licence or a right is missing in Fortnox."""

    kind = "permission"
    messages: ClassVar = {
        "LICENCE_MISSING": Text(
            "Fortnox säger att {licence} saknas. Den som sköter företagets licenser i Fortnox "
            "ordnar den. Är det en person som är inloggad kan i stället någon som har den logga "
            "in; en sparad inloggning avslutas då först i inställningarna.",
            "Fortnox says that {licence} is missing. Whoever manages the company's licences in "
            "Fortnox provides it. If the login is a person's, somebody who has it may sign in "
            "instead; a stored login is then ended first in the settings.",
        ),
        "NO_CONSENT": Text(
            "Företaget har inte godkänt ett servicekonto i Fortnox. En systemadministratör i "
            "Fortnox loggar in här en gång och godkänner det; i utvecklarportalen ska kopplingen "
            "tillåta servicekonton.",
            "The company has not approved a service account in Fortnox. A system administrator in "
            "Fortnox signs in here once and approves it; the integration must allow service "
            "accounts in the developer portal.",
        ),
        "CONSENT_NOT_EFFECTIVE": Text(
            "Servicekontot är godkänt i Fortnox, men Fortnox ger ingen åtkomst genom det än. Vänta "
            "några minuter och försök igen. Hjälper inte det kontrollerar administratören i "
            "Fortnox utvecklarportal att kopplingen tillåter servicekonton, och frågar sedan "
            "Fortnox support.",
            "The service account has been approved in Fortnox, but Fortnox gives no access by it "
            "yet. Wait some minutes and try again. If that does not help, the administrator checks "
            "in Fortnox's developer portal that the integration allows service accounts, and then "
            "asks Fortnox's support.",
        ),
        "CONSENT_WITHDRAWN": Text(
            "Godkännandet av servicekontot i Fortnox är borttaget. En systemadministratör i "
            "Fortnox loggar in här en gång och godkänner det igen, om kopplingen ska finnas kvar.",
            "The approval of the service account in Fortnox has been withdrawn. A system "
            "administrator in Fortnox signs in here once and approves it again, if the "
            "integration is to stay.",
        ),
        "ADMINISTRATOR_NEEDED": Text(
            "Fortnox kräver att en systemadministratör godkänner kopplingen. Be företagets "
            "systemadministratör i Fortnox att importera en gång.",
            "Fortnox requires that a system administrator approves the integration. Ask the "
            "company's system administrator in Fortnox to import once.",
        ),
        "SCOPE_MISSING": Text(
            "Inloggningen ger inte åtkomst till {resource} i Fortnox (kod {fortnox_code}). Den som "
            "är inloggad, en person eller ett servicekonto, saknar licensen eller rätten, eller så "
            "gavs inloggningen innan den behövdes. Logga in på nytt, som någon som har den; ett "
            "servicekonto godkänns på nytt av en systemadministratör.",
            "The login does not give access to {resource} in Fortnox (code {fortnox_code}). "
            "Whoever is signed in, a person or a service account, lacks the licence or the right, "
            "or the login was granted before it was needed. Sign in again, as somebody who has it; "
            "a service account is approved again by a system administrator.",
        ),
        "SCOPES_NOT_GRANTED": Text(
            "Inloggningen gav inte åtkomst till {scopes} i Fortnox. Den som är inloggad, en person "
            "eller ett servicekonto, saknar licensen eller rätten, eller så gavs inloggningen "
            "innan det behövdes. En systemadministratör i Fortnox ger rätten; logga sedan in på "
            "nytt, eller godkänn servicekontot på nytt.",
            "The login did not give access to {scopes} in Fortnox. Whoever is signed in, a person "
            "or a service account, lacks the licence or the right, or the login was granted before "
            "it was needed. A system administrator in Fortnox grants the right; then sign in "
            "again, or approve the service account again.",
        ),
        "RIGHT_MISSING": Text(
            "Den som är inloggad, en person eller ett servicekonto, får inte {act} {resource} i "
            "Fortnox (kod {fortnox_code}). En systemadministratör i Fortnox ger rätten. Är det en "
            "person kan i stället någon annan logga in; en sparad inloggning avslutas då först i "
            "inställningarna.",
            "Whoever is signed in, a person or a service account, may not {act} {resource} in "
            "Fortnox (code {fortnox_code}). A system administrator in Fortnox grants the right. If "
            "it is a person, somebody else may sign in instead; a stored login is then ended first "
            "in the settings.",
        ),
    }


class Unavailable(FortnoxError):
    """Fortnox did not answer as it should, in spite of all retries."""

    kind = "unavailable"
    messages: ClassVar = {
        "FORTNOX_UNAVAILABLE": Text(
            "Fortnox svarar inte som det ska ({what}), trots {attempts} försök. Vänta en stund och "
            "försök igen; inget har sparats till hälften.",
            "Fortnox does not answer as it should ({what}; attempts: {attempts}). Wait a while "
            "and try again; nothing has been partially saved.",
        ),
        "NOT_FORTNOX": Text(
            "Något annat än Fortnox svarade i dess ställe (status {status}): {who}. Det är ett fel "
            "på vägen dit. Administratören kontrollerar nätet, proxyn och brandväggen, och "
            "adresserna till Fortnox om andra är angivna.",
            "Something other than Fortnox answered in its place (status {status}): {who}. The "
            "fault is on the way there. The administrator checks the network, the proxy and the "
            "firewall, and the addresses of Fortnox if others are given.",
        ),
        "PROXY_REFUSED": Text(
            "Proxyn {proxy} släppte inte fram oss till Fortnox (status {status}). Den frågas inte "
            "igen, så att inget konto låses. Administratören kontrollerar proxyns namn och "
            "lösenord i {setting}, och att den tillåter Fortnox.",
            "The proxy {proxy} did not let us through to Fortnox (status {status}). It is not "
            "asked again, so that no account is locked. The administrator checks the proxy's user "
            "and password in {setting}, and that it allows Fortnox.",
        ),
        "FORTNOX_ASKS_TO_WAIT": Text(
            "Fortnox ber oss återkomma om {time}. Försök igen då; inget har sparats till hälften.",
            "Fortnox asks us to come back in {time}. Try again then; nothing has been partially "
            "saved.",
        ),
        "LOGIN_SERVICE_DOWN": Text(
            "Fortnox inloggning fungerar inte just nu ({reason}). Det är ett fel hos Fortnox. "
            "Vänta en stund och försök igen.",
            "Fortnox's login does not work right now ({reason}). The fault is Fortnox's. Wait a "
            "while and try again.",
        ),
        "TOKEN_REFUSED": Text(
            "Fortnox gav ingen åtkomst den här gången ({reason}). Vänta en stund och försök igen; "
            "hjälper inte det, logga in på nytt.",
            "Fortnox granted no access this time ({reason}). Wait a while and try again; if that "
            "does not help, sign in again.",
        ),
        "LOGIN_NOT_REVOKED": Text(
            "Den sparade inloggningen är borttagen här, men Fortnox bekräftade inte att den har "
            "återkallats. Den slutar gälla av sig själv inom 45 dagar; ta bort kopplingen i "
            "Fortnox om den ska upphöra genast.",
            "The stored login is removed here, but Fortnox did not confirm that it is revoked. It "
            "ends by itself within 45 days; remove the integration in Fortnox if it must end at "
            "once.",
        ),
        "FORTNOX_NAME_UNKNOWN": Text(
            "Namnet {host} går inte att slå upp, så Fortnox nås inte. Administratören kontrollerar "
            "nätet, datorns namnserver (DNS) och {setting}.",
            "The name {host} cannot be looked up, so Fortnox is out of reach. The administrator "
            "checks the network, the machine's name server (DNS) and {setting}.",
        ),
        "FORTNOX_NOT_REACHED": Text(
            "Ingen förbindelse med {host}:{port}. Administratören kontrollerar nätet, brandväggen "
            "och om en proxy behövs, och {setting}.",
            "No connection to {host}:{port}. The administrator checks the network, the firewall "
            "and whether a proxy is needed, and {setting}.",
        ),
        "RATE_LIMITED": Text(
            "Fortnox bad oss vänta {times} (429), fast bara några få frågor ställdes: ett "
            "annat program använder samma koppling. Låt det bli klart och försök igen.",
            "Fortnox asked us to wait {times} (429), though only a few questions were asked: "
            "another program uses the same integration. Let it finish and try again.",
        ),
        "FORTNOX_NOT_TRUSTED": Text(
            "{store} litar inte på certifikatet hos {host}, så inget skickades dit. Att vänta "
            "hjälper inte. Granskar en brandvägg eller ett virusskydd trafiken, lägger "
            "administratören in dess rotcertifikat i datorns certifikatlager, eller anger en fil "
            "med det. Annars är datorns klocka fel, eller någon annan svarar.",
            "{store} does not trust the certificate of {host}, so nothing was sent there. Waiting "
            "does not help. If a firewall or a virus scanner inspects the traffic, the "
            "administrator adds its root certificate to the machine's certificate store, or gives "
            "a file with it. Otherwise the machine's clock is wrong, or somebody else answers.",
        ),
        "FORTNOX_LIST_CHANGING": Text(
            "Listan {resource} i Fortnox ändrades hela tiden medan den lästes, {attempts} gånger i "
            "rad. Vänta tills ingen arbetar med den och exportera igen.",
            "The list {resource} in Fortnox kept changing while it was read, {attempts} times in "
            "a row. Wait until nobody works with it and export again.",
        ),
        "FORTNOX_LIST_UNSTABLE": Text(
            "Betalningarna i Fortnox ändrades hela tiden medan de lästes, {attempts} gånger i rad. "
            "Vänta tills ingen arbetar med dem och försök igen.",
            "The payments in Fortnox kept changing while they were read, {attempts} times in a "
            "row. Wait until nobody works with them and try again.",
        ),
    }


class Busy(FortnoxError):
    """Another import of the same company, or another login, is going on."""

    kind = "busy"
    messages: ClassVar = {
        "EXPORT_BUSY": Text(
            "En annan export till {company} pågår, så den här började inte. Exportera igen när "
            "den är klar.",
            "Another export to {company} is running, so this one did not begin. Export again when "
            "it has ended.",
        ),
        "COMPANY_BUSY": Text(
            "En annan import eller export av {company} pågår (väntade {seconds} sekunder). Försök "
            "igen när den är klar.",
            "Another import or export of {company} is running (waited {seconds} seconds). Try "
            "again when it has ended.",
        ),
    }


class Cancelled(FortnoxError):
    """A person cancelled."""

    kind = "cancelled"
    messages: ClassVar = {
        "CANCELLED": Text(
            "Det avbröts innan det var klart. Inget har sparats; börja om när det passar.",
            "It was cancelled before it was done. Nothing has been saved; begin again when it "
            "suits.",
        ),
    }


class Refused(FortnoxError):
    """Fortnox, or the host, does not accept what we did: a fault of ours."""

    kind = "internal"
    messages: ClassVar = {
        "FORTNOX_REFUSED": Text(
            "Fortnox godtog inte en fråga om {resource} (status {status}, kod {fortnox_code}). Det "
            "är ett fel i kopplingen: meddela den som utvecklar den.",
            "Fortnox did not accept a request for {resource} (status {status}, code "
            "{fortnox_code}). This is a fault of the plug-in: tell its developer.",
        ),
        "NOT_ACKNOWLEDGED": Text(
            "Värdsystemet tog inte emot {count} betalningar ({hook}). Inget har sparats. Meddela "
            "den som utvecklar värdsystemet.",
            "The host did not take {count} payments ({hook}). Nothing has been saved. Tell the "
            "developer of the host.",
        ),
        "HOST_DID_NOT_ANSWER": Text(
            "Värdsystemet svarade inte på {hook}, eller svarade flera gånger. Meddela den som "
            "utvecklar värdsystemet.",
            "The host did not answer {hook}, or answered more than once. Tell the developer of the "
            "host.",
        ),
        "INTERNAL": Text(
            "Det blev ett fel i programmet. Meddela den som utvecklar det, med raderna ovan.",
            "The program failed. Tell its developer, with the lines above.",
        ),
    }


#: Every code, and the class that declares it.
CODES: Final = {code: error for error in FortnoxError.__subclasses__() for code in error.messages}


def error_texts() -> list[ErrorText]:
    return [ErrorText(code, error.kind, error.messages[code]) for code, error in CODES.items()]
