"""What a probe says to a person: what each question is about, and why one has no answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opter_contract.values import Text

#: What each finding is about, by its name.
TITLES: Final[Mapping[str, Text]] = {
    "meta_information": Text("MetaInformation i listor", "MetaInformation in lists"),
    "payment_row": Text("Inbetalningens rad i listan", "A payment's row in the list"),
    "payment_row_fields": Text("Fält i raden", "Fields in that row"),
    "payment_order": Text("Ordning utan sortby", "Order without sortby"),
    "default_limit": Text("Rader utan limit", "Rows without limit"),
    "default_sortorder": Text("Riktning utan sortorder", "Direction without sortorder"),
    "random_ties": Text("Samma datum byter plats", "Those of one date change places"),
    "page_beyond_end": Text("Sida efter den sista", "A page after the last"),
    "limit_above_500": Text("limit över 500", "limit above 500"),
    "limit_below_1": Text("limit 0", "limit 0"),
    "page_below_1": Text("page 0", "page 0"),
    "page_with_offset": Text("page och offset ihop", "page with offset"),
    "trailing_slash": Text("Snedstreck sist", "A slash at the end"),
    "unknown_parameter": Text("Okänd parameter", "An unknown parameter"),
    "payment_filter_customernumber": Text(
        "Inbetalningar efter kundnummer", "Payments by customer number"
    ),
    "several_filters": Text("Två filter på en gång", "Two filters at once"),
    "number_filters_match_part": Text(
        "Nummerfilter hittar del av nummer", "Filters for numbers match a part"
    ),
    "lastmodified_zone": Text("Tidszon för lastmodified", "Time zone of lastmodified"),
    "lastmodified_inclusive": Text(
        "lastmodified tar med sin minut", "lastmodified includes its minute"
    ),
    "lastmodified_compares": Text("lastmodified vid sommartid", "lastmodified at summer time"),
    "lastmodified_seconds": Text("lastmodified med sekunder", "lastmodified with seconds"),
    "payment_touches_invoice": Text(
        "Bokförd inbetalning ändrar fakturan", "A booked payment modifies its invoice"
    ),
    "list_amount": Text("Amount i listan för valuta", "Amount in the list, foreign payments"),
    "unit_divides": Text("CurrencyUnit delar kursen", "CurrencyUnit divides"),
    "invoice_amounts": Text("Valuta i fakturans belopp", "Currency of an invoice's amounts"),
    "negative_payments": Text("Negativa inbetalningar", "Negative payments"),
    "missing_bearer": Text("Utan åtkomstnyckel", "Without a bearer"),
    "missing_scope_status": Text("Scope saknas", "A missing scope"),
    "payment_not_found_code": Text("Inbetalning som inte finns", "A payment that is not there"),
    "unknown_path_code": Text("Resurs som inte finns", "A resource that is not there"),
    "codes_as_text": Text("Felkoder som text", "Error codes as text"),
    "error_casing": Text("Felens nycklar, efter status", "Keys of errors, by status"),
    "refresh_token_format": Text("Förnyelsenyckelns form", "Form of the refresh token"),
    "refresh_works": Text("Förnyelse fungerar", "Refreshing works"),
    "bad_code_status": Text("Påhittad kod", "A code that was made up"),
    "bad_code_content_type": Text("… och svarets innehållstyp", "… and its content type"),
    "rate_limit": Text("Frågor i ett fönster", "Requests in a window"),
    "rate_status": Text("Status vid för många frågor", "Status of too many requests"),
    "rate_body": Text("Svarets innehåll då", "Its body"),
    "rate_retry_after": Text("Retry-After, sekunder", "Retry-After, seconds"),
    "rate_retry_after_as": Text("Retry-After, form", "Retry-After, form"),
    "rate_bucket": Text("Räknas efter", "Counted by"),
    "rate_window": Text("Fönstret, sekunder", "The window, seconds"),
    "rate_refused_counts": Text("Nekade frågor räknas", "What is refused counts"),
    "old_refresh_token": Text("Använd förnyelsenyckel", "A used refresh token"),
    "reuse_revokes_family": Text("… drar in de senare", "… takes the later ones away"),
    "missing_licence_status": Text("Licens saknas", "A missing licence"),
    "refresh_token_days": Text("Förnyelsenyckelns livslängd", "Life of a refresh token"),
    "client_secret_in_body": Text("Hemligheten i anropet", "The secret in the body"),
    "token_on_api_host": Text("Nycklar från api-adressen", "Tokens from the api host"),
    "pkce": Text("PKCE", "PKCE"),
    "client_credentials": Text("client_credentials", "client_credentials"),
    "client_credentials_status": Text("… utan godkännande", "… without a consent"),
    "other_currency": Text("Betalning i annan valuta", "Payment in another currency"),
    "delete_booked": Text("Ta bort bokförd", "Deleting a booked payment"),
    "read_only_fields": Text("Skrivskyddade fält", "Read-only fields"),
    "payment_locked_code": Text("Kod för bokförd", "Code for a booked one"),
    "payment_currency_code": Text("Kod för annan valuta", "Code for another currency"),
}

# --- Why not: each goes on from "undecidable here, because" ----------------------


def refused(what: str) -> Text:
    return Text(f"Fortnox godtog inte frågan ({what})", f"Fortnox refused the question ({what})")


def no_list(form: str) -> Text:
    return Text(f"svaret är ingen lista ({form})", f"the answer is no list ({form})")


def change_now(left: int) -> Text:
    return Text(
        f"Spara eller bokför en inbetalning i Fortnox nu ({left} s kvar)",
        f"Save or book a payment in Fortnox now ({left} s left)",
    )


NO_CLOCK: Final = Text("svaren saknar datum", "answers carry no date")
NO_PAYMENT: Final = Text(
    "företaget har inga inbetalningar som går att läsa", "the company has no readable payments"
)
NO_INVOICE: Final = Text("företaget har ingen lämplig faktura", "the company has no fit invoice")
NO_CHANGE: Final = Text("ingen inbetalning har ändrats", "no payment has been changed")
SAME_EITHER_WAY: Final = Text(
    "inbetalningarna skulle komma likadant i vilket fall",
    "the payments would come alike either way",
)
NO_TIES: Final = Text("inga inbetalningar har samma datum", "no payments have the same date")
MOVED: Final = Text("något ändrades medan vi frågade", "something changed while we asked")
TOO_FEW: Final = Text("inbetalningarna är färre än 5", "there are fewer than 5 payments")
ALL_ON_A_PAGE: Final = Text("alla får plats på en sida", "all fit on one page")
TOO_FEW_FOR_A_PAGE: Final = Text(
    "varken inbetalningar eller fakturor är fler än 500; frågan godtogs, men inte mer syns",
    "neither payments nor invoices are more than 500; it was accepted, and no more can be seen",
)
WATCH: Final = Text(
    "ingen vet när den senaste ändringen gjordes; kör igen med --watch 300 och spara en "
    "inbetalning i Fortnox medan den väntar",
    "nobody knows when the last change was made; run again with --watch 300, and save a payment "
    "in Fortnox while it waits",
)
NOBODY_CHANGED: Final = Text(
    "ingen inbetalning ändrades medan vi väntade", "no payment was changed while we waited"
)
AT_THE_TURN: Final = Text(
    "ändringen gjordes när en minut tog slut; kör igen",
    "the change came as a minute ended; run again",
)
STRANGE_ZONE: Final = Text("tidszonen är okänd", "the time zone is unknown")
NO_NIGHT_CHANGE: Final = Text(
    "ingen inbetalning ändrades den halvtimme på natten då klockan ställdes fram",
    "no payment was changed in the half-hour of the night after clocks were put forward",
)
NO_BOOKED_CHANGE: Final = Text(
    "den inbetalning som ändrades sist är inte bokförd, eller så ändrades fakturan senare",
    "the payment that was changed last is not booked, or its invoice was changed later",
)
NO_FOREIGN: Final = Text(
    "ingen lämplig inbetalning är i annan valuta än SEK",
    "no fit payment is in another currency than SEK",
)
NO_UNIT: Final = Text(
    "ingen inbetalning i en valuta med annan enhet än 1 stämmer med sin kurs",
    "no payment in a currency of another unit than 1 agrees with its rate",
)
DISAGREE: Final = Text("inbetalningarna säger olika", "the payments say different things")
NO_NEGATIVE: Final = Text(
    "ingen inbetalning är negativ, och det visar inte att det är förbjudet",
    "no payment is negative, which does not show that none may be",
)
ALL_SCOPES: Final = Text(
    "inloggningen kom åt även det som den inte bad om",
    "the login could read even what it had not asked for",
)
FOUND: Final = Text("Fortnox svarade som om den fanns", "Fortnox answered as if it were there")
NO_REFUSAL: Final = Text("ingen fråga nekades med en kod", "no question was refused with a code")
NO_REFRESH_TOKEN: Final = Text(
    "Fortnox lämnade ingen ny förnyelsenyckel", "Fortnox gave no new refresh token"
)
NOT_PROVOKED: Final = Text(
    "det kräver fler frågor än Fortnox tillåter; kör igen med --provoke-429 om det får ske",
    "it takes more requests than Fortnox allows; run again with --provoke-429 if that may be",
)
PROVOKING: Final = Text(
    "Ställer med flit fler frågor än Fortnox tillåter, i ungefär en halv minut",
    "Asking more than Fortnox allows on purpose, for about half a minute",
)
TOO_SLOW: Final = Text("förbindelsen är för långsam", "the connection is too slow")
NO_LIMIT: Final = Text("ingen gräns visade sig", "no limit showed itself")
NO_RETRY_AFTER: Final = Text("Retry-After skickas inte", "no Retry-After is sent")
ONE_TOKEN: Final = Text(
    "inloggningen har bara en giltig åtkomstnyckel", "the login has only one valid access token"
)
OBEYED: Final = Text(
    "Fortnox sade hur länge man ska vänta, och det lyds",
    "Fortnox said how long to wait, and that is obeyed",
)
NEVER_AGAIN: Final = Text("Fortnox nekade i 30 sekunder", "Fortnox refused for 30 seconds")
ONLY_BY_WRITING: Final = Text("det syns bara när något skrivs", "only writing would show it")
SECRETS_ONE_WAY: Final = Text(
    "hemligheter skickas bara på det dokumenterade sättet",
    "secrets are sent in the documented way only",
)
TAKES_WEEKS: Final = Text("det tar veckor att se", "it takes weeks to see")
HAS_LICENCE: Final = Text("företaget har sina licenser", "the company has its licences")


def not_answered(what: object) -> Text:
    return Text(
        f"Fortnox svarade inte som det ska ({what})", f"Fortnox did not answer well ({what})"
    )


NOT_ASKED: Final = Text("undersökningen slutade i förtid", "the probe ended early")
STRANGE: Final = Text("svaret går inte att förstå", "the answer cannot be understood")
