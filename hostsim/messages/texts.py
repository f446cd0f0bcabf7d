"""All sentences of the host, in Swedish and English.

Swedish is what people read first. The words of the screen (``Delbetalning``,
``Fakturan är redan betald`` …) are the ones that the users of such a host know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from hostsim.messages.source import SOURCE
from opter_contract.values import Text

#: The languages that every sentence exists in; the first is the preset.
LANGUAGES = ("sv", "en")


#: So many payments are named in one sentence.
MOST_NAMED = 5


def say(text: Text, language: str) -> str:
    """Give the sentence in one language; anything but ``en`` is Swedish."""
    return text.en if language == "en" else text.sv


def own(text: Text) -> Text:
    """Copy a sentence that a plug-in made into one of ours."""
    return Text(text.sv, text.en)


def joined(sentences: Iterable[Text]) -> Text | None:
    """Join sentences into one text; ``None`` when there are none."""
    several = list(sentences)
    if not several:
        return None
    *before, last = several
    return Text(
        "".join(f"{text.sv.removesuffix('.')}. " for text in before) + last.sv,
        "".join(f"{text.en.removesuffix('.')}. " for text in before) + last.en,
    )


def money(amount: Decimal, language: str) -> str:
    """Write an amount with at least two decimals as people do: ``1 234,50``, ``1,234.50``."""
    exponent = amount.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    text = f"{amount:,.{max(decimals, 2)}f}"
    if language == "en":
        return text
    return text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


def settings_not_followed() -> Text:
    """Tell that a plug-in failed after its settings were stored."""
    return Text(
        "Inställningarna är sparade, men insticksprogrammet kunde inte följa upp dem. Meddela "
        "den som utvecklar det.",
        "The settings are stored, but the plug-in could not follow them up. Tell its developer.",
    )


# --- What becomes of a payment ----------------------------------------------

PARTIAL = Text("Delbetalning", "Partial payment")
ADVANCE = Text("Förskott kommer att skapas", "Advance will be created")
REVERSAL = Text(
    "Återförd betalning: det som återstår att betala på fakturan ökar",
    "Reversed payment: what remains to pay on the invoice rises",
)


def written_off(amount: Decimal) -> Text:
    """Tell how much is booked to the write-off account; SEK."""
    return Text(
        f"{money(amount, 'sv')} SEK skrivs av inom accepterad fakturaavvikelse",
        f"{money(amount, 'en')} SEK is written off within the accepted invoice deviation",
    )


# --- What is doubtful about a payment by hand --------------------------------


def invoice_facts(
    number: str, customer: str, total: Decimal, remaining: Decimal, currency: str
) -> Text:
    """Tell whose invoice it is, its total and what remains."""
    return Text(
        f"Faktura {number}, {customer}: totalt {money(total, 'sv')} {currency}, "
        f"{money(remaining, 'sv')} {currency} återstår.",
        f"Invoice {number}, {customer}: total {money(total, 'en')} {currency}, "
        f"{money(remaining, 'en')} {currency} remains.",
    )


def doubtful_date(day: date, first: date, today: date) -> Text:
    """Tell that a payment date lies in the future, or long ago."""
    if day > today:
        return Text(
            f"Datumet {day} ligger efter i dag, {today}.",
            f"The date {day} is after today, {today}.",
        )
    return Text(
        f"Datumet {day} ligger mer än ett år tillbaka, före {first}.",
        f"The date {day} is more than a year ago, before {first}.",
    )


def more_than_remains(amount: Decimal, remaining: Decimal, currency: str) -> Text:
    """Tell that an amount is above what remains."""
    return Text(
        f"Beloppet {money(amount, 'sv')} {currency} är mer än de {money(remaining, 'sv')} "
        f"{currency} som återstår.",
        f"The amount {money(amount, 'en')} {currency} is more than the {money(remaining, 'en')} "
        f"{currency} that remain.",
    )


def more_than_was_paid(amount: Decimal, paid: Decimal, currency: str) -> Text:
    """Tell that more goes back than was paid."""
    return Text(
        f"Beloppet {money(amount, 'sv')} {currency} ger tillbaka mer än de {money(paid, 'sv')} "
        f"{currency} som är betalda.",
        f"The amount {money(amount, 'en')} {currency} gives back more than the "
        f"{money(paid, 'en')} {currency} that were paid.",
    )


def first_rate(rate: Decimal, currency: str) -> Text:
    """Tell that there is nothing to compare a rate with."""
    return Text(
        f"Kursen {_rate(rate, 'sv')} är den första i {currency}, så det finns ingen att jämföra "
        "med.",
        f"The rate {_rate(rate, 'en')} is the first in {currency}, so that there is none to "
        "compare it with.",
    )


def doubtful_rate(rate: Decimal, known: Decimal, currency: str) -> Text:
    """Tell that a rate is far from the one that was registered last."""
    return Text(
        f"Kursen {_rate(rate, 'sv')} avviker mer än en tredjedel från den senast registrerade i "
        f"{currency}, {_rate(known, 'sv')}.",
        f"The rate {_rate(rate, 'en')} is more than a third away from the one registered last in "
        f"{currency}, {_rate(known, 'en')}.",
    )


def _rate(rate: Decimal, language: str) -> str:
    text = f"{rate:f}"
    return text if language == "en" else text.replace(".", ",")


def identical(
    payment_id: int, amount: Decimal, currency: str, day: date, *, who: Text, number: str | None
) -> Text:
    """Tell of a registered payment that may be the same; ``number`` where it came from."""
    sv = "för hand" if number is None else f"från import, nummer {number}"
    en = "by hand" if number is None else f"by an import, number {number}"
    return Text(
        f"Samma betalning kan vara registrerad redan: id {payment_id}, {money(amount, 'sv')} "
        f"{currency}, {day}, {sv}, av {who.sv}.",
        f"The same payment may be registered already: id {payment_id}, {money(amount, 'en')} "
        f"{currency}, {day}, {en}, by {who.en}.",
    )


UNREADABLE = Text(
    "Betalningen gick inte att läsa",
    "The payment could not be read",
)
NO_AMOUNT = Text(
    "Beloppet är 0 och ingenting är avskrivet: det finns ingenting att registrera",
    "The amount is 0 and nothing was written off: there is nothing to register",
)
NO_MONEY_CAME = Text("Inga pengar kom in", "No money came in")


def written_off_in(currency: str) -> Text:
    """Say how write-offs were read whose currency is not sure."""
    return Text(
        f"Avskrivningen är läst som {currency}, eftersom fakturan då är exakt betald, som den är "
        f"i {SOURCE.sv}",
        f"The write-off is read as {currency}, since the invoice is then paid exactly, as it is "
        f"in {SOURCE.en}",
    )


class RegisteredHere(Protocol):
    """What a sentence says of a registered payment."""

    @property
    def number(self) -> str: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def amount_currency(self) -> Decimal | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def date(self) -> date: ...
    @property
    def host_invoice_number(self) -> str: ...


def replaces(gone: Sequence[RegisteredHere]) -> Text:
    """Name the registered payments that no longer exist, and that a payment may replace."""
    sv, en = _named(gone)
    are, were = (
        ("är registrerade", "borttagna") if len(gone) > 1 else ("är registrerad", "borttagen")
    )
    verb = "are registered here but were" if len(gone) > 1 else "is registered here but was"
    return Text(
        f"Kan ersätta {sv}, som {are} här men {were} i {SOURCE.sv}",
        f"May replace {en}, which {verb} deleted in {SOURCE.en}",
    )


def not_asked_yet(several: Sequence[RegisteredHere]) -> Text:
    """Name the registered payments that a payment may replace, and that were not asked after."""
    sv, en = _named(several)
    return Text(
        f"Kan ersätta {sv}; det gick inte att kontrollera i {SOURCE.sv} den här gången. "
        "Läs in igen",
        f"May replace {en}; that could not be checked in {SOURCE.en} this time. Import again",
    )


def beside_changed(several: Sequence[RegisteredHere]) -> Text:
    """Name registered payments of the invoice that are less, or elsewhere, where they came from."""
    sv, en = _named(several)
    return Text(
        f"Kan ersätta {sv}, som är ändrad i {SOURCE.sv}: avgör den först",
        f"May replace {en}, which was changed in {SOURCE.en}: decide about that one first",
    )


def _named(several: Sequence[RegisteredHere]) -> tuple[str, str]:
    """Name registered payments, the first few of many."""
    more = len(several) - MOST_NAMED
    sv, en = (
        ", ".join(
            f"{one.number} ({money(_in_currency(one), lang)} {one.currency}, "
            f"{one.date.isoformat()}, {word} {one.host_invoice_number})"
            for one in several[:MOST_NAMED]
        )
        for lang, word in (("sv", "faktura"), ("en", "invoice"))
    )
    return (sv, en) if more <= 0 else (f"{sv} och {more} till", f"{en} and {more} more")


def _in_currency(one: RegisteredHere) -> Decimal:
    return one.amount if one.amount_currency is None else one.amount_currency


def settles(number: str, invoice_number: str) -> Text:
    """Name the other half of a settlement of a debit invoice against a credit note."""
    return Text(
        f"Kvittad mot kreditfaktura: hör ihop med betalning {number} på faktura "
        f"{invoice_number}, samma dag och kund; tillsammans 0",
        f"Settled against a credit note: belongs to payment {number} on invoice "
        f"{invoice_number}, of the same day and customer; together 0",
    )


def deleted_at_source(number: str, day: str, amount: Text, invoice: str) -> Text:
    """Say that a registered payment was deleted where it came from, and nothing came for it."""
    return Text(
        f"Betalning {number} ({amount.sv}, {day}) på faktura {invoice} är registrerad här men "
        f"borttagen i {SOURCE.sv}, och ingen annan har kommit i dess ställe",
        f"Payment {number} ({amount.en}, {day}) on invoice {invoice} is registered here but was "
        f"deleted in {SOURCE.en}, and no other has come in its place",
    )


def less_remains_at_source(invoice: str, remaining: Text, balance: Text | None) -> Text:
    """Say that an invoice is settled where payments come from, but open here.

    :param balance: what remains there; ``None`` for an invoice that is cancelled there.
    """
    if balance is None:
        return Text(
            f"Faktura {invoice} är makulerad i {SOURCE.sv}, men här återstår {remaining.sv}. "
            "Påminn inte kunden; titta där",
            f"Invoice {invoice} is cancelled in {SOURCE.en}, but {remaining.en} remains here. "
            "Do not dun the customer; look there",
        )
    return Text(
        f"Av faktura {invoice} återstår {balance.sv} i {SOURCE.sv} men {remaining.sv} här, och "
        "inga betalningar som importen har läst förklarar det: den är krediterad eller avskriven "
        "där, eller betald före tiden som läses. Påminn inte kunden; titta där",
        f"{balance.en} remains of invoice {invoice} in {SOURCE.en} but {remaining.en} here, and no "
        "payments that the import has read explain it: it was credited or written off there, or "
        "paid before the time that is read. Do not dun the customer; look there",
    )


def half_waits(settles: Text, refusal: Text) -> Text:
    """Say why one half of a settlement waits for the other."""
    return Text(
        f"{settles.sv}. Ingen av dem sparas ensam: {refusal.sv}",
        f"{settles.en}. Neither is saved alone: {refusal.en}",
    )


AMOUNT_UNKNOWN = Text(
    "Beloppet i fakturans valuta är inte känt; läs in betalningen på nytt",
    "The amount in the currency of the invoice is not known; read the payment again",
)
ALREADY_IMPORTED = Text(
    "Betalningen är redan registrerad",
    "The payment is registered already",
)
ALREADY_PAID = Text("Fakturan är redan betald", "The invoice is already paid")
PERIOD_OPEN = Text(
    "Fakturan ligger i en öppen fakturaperiod; stäng perioden och läs in igen",
    "The invoice is in an open invoice period; close the period and import again",
)


def invoice_not_found(number: str, ocr: str | None) -> Text:
    """Say that neither number nor OCR leads to an invoice of the region."""
    if not number:
        return Text(
            f"Fel vid inläsning av faktura: ingen faktura här, eller mer än en, har OCR {ocr}",
            f"Error loading invoice: no invoice here, or more than one, has the OCR {ocr}",
        )
    return Text(
        f"Fel vid inläsning av faktura: ingen faktura här har nummer {number} eller samma OCR",
        f"Error loading invoice: no invoice here has number {number} or the same OCR",
    )


def currency_differs(payment: str, invoice: str) -> Text:
    """Name the currency of a payment and of its invoice."""
    return Text(
        f"Valutan skiljer sig: betalningen är i {payment}, fakturan här i {invoice}",
        f"The currency differs: the payment is in {payment}, the invoice here in {invoice}",
    )


class Difference(NamedTuple):
    """One value that changed after a payment was registered."""

    what: Text
    registered: Text
    now: Text


AMOUNT = Text("belopp", "amount")
AMOUNT_CURRENCY = Text("belopp i valutan", "amount in the currency")
CURRENCY = Text("valuta", "currency")
PAYMENT_DATE = Text("betalningsdatum", "payment date")
INVOICE_NUMBER = Text("fakturanummer", "invoice number")
BOOKED = Text("bokförd", "booked")
WRITE_OFFS = Text("avskrivet", "written off")
YES = Text("ja", "yes")
NO = Text("nej", "no")


def changed(differences: Iterable[Difference]) -> Text:
    """Name each value that changed after the payment was registered, both sides."""
    several = list(differences)
    sv = "; ".join(f"{d.what.sv} registrerat {d.registered.sv}, nu {d.now.sv}" for d in several)
    en = "; ".join(f"{d.what.en} registered {d.registered.en}, now {d.now.en}" for d in several)
    return Text(
        f"Ändrad efter registreringen: {sv}",
        f"Changed after it was registered: {en}",
    )


#: Said of a run that somebody found unfinished.
INTERRUPTED = Text(
    "Importen avbröts mitt i (programmet eller datorn stängdes av); ingenting sparades. Läs in "
    "igen.",
    "The import was broken off (the program or the machine was shut down); nothing was saved. "
    "Import again.",
)
DEFAULT_REGION = Text("standardregionen", "the default region")
_ANY = Text("", "")


def payments(number: int, which: Text = _ANY) -> Text:
    """Count payments in words, as ``1 betalning`` and ``1 200 äldre betalningar``."""
    one = number == 1
    return Text(
        f"{_apart(number, ' ')} {which.sv}{'betalning' if one else 'betalningar'}",
        f"{_apart(number, ',')} {which.en}{'payment' if one else 'payments'}",
    )


def _apart(number: int, between: str) -> str:
    return f"{number:,}".replace(",", between)


def registered(number: int) -> Text:
    """Say how many payments are registered."""
    counted = payments(number)
    if number == 1:
        return Text(f"{counted.sv} är registrerad.", f"{counted.en} is registered.")
    return Text(f"{counted.sv} är registrerade.", f"{counted.en} are registered.")


def not_read(number: int) -> Text:
    """Say how many payments are older than what the settings ask for."""
    counted = payments(number, Text("äldre ", "older "))
    if number == 1:
        return Text(
            f"Därutöver finns {counted.sv}, som inte lästes enligt inställningarna.",
            f"Beside these there is {counted.en}, not read because of the settings.",
        )
    return Text(
        f"Därutöver finns {counted.sv}, som inte lästes enligt inställningarna.",
        f"Beside these there are {counted.en}, not read because of the settings.",
    )


def region_name(region: str) -> Text:
    """Name a region in a sentence; ``""`` is the default one."""
    return Text(f"region {region}", f"region {region}") if region else DEFAULT_REGION


# --- What a person decided ---------------------------------------------------


def by_whom(user: str, at: datetime, why: str = "") -> Text:
    """Say who did something and when, to the minute, and why."""
    reason = f" ({why})" if why else ""
    return Text(f"{user} {at:%Y-%m-%d %H:%M}{reason}", f"{user} on {at:%Y-%m-%d %H:%M}{reason}")


def set_aside(who: Text, below: Text) -> Text:
    """Say who set a payment aside, and what else there is to say of it."""
    return Text(f"Undanlagd av {who.sv}. {below.sv}", f"Set aside by {who.en}. {below.en}")


def set_aside_but_ready(who: Text) -> Text:
    """Warn that a payment which was set aside can be saved now."""
    return Text(
        f"Lades undan av {who.sv}, men kan sparas nu",
        f"Was set aside by {who.en}, but can be saved now",
    )


def other_way(definition: str, import_type: str, number: str) -> Text:
    """Name the way that a payment came: by hand where there is no definition."""
    if not definition:
        return Text("för hand", "by hand")
    return Text(
        f"genom importen {definition} ({import_type}, betalning {number})",
        f"through the import {definition} ({import_type}, payment {number})",
    )


def registered_before(day: str, amount: Text, way: Text, who: Text) -> Text:
    """Name a payment that was registered by another way."""
    return Text(
        f"{amount.sv} den {day} registrerades {way.sv} av {who.sv}",
        f"{amount.en} of {day} was registered {way.en} by {who.en}",
    )


def possibly_registered(several: Sequence[Text]) -> Text:
    """Name the payments by another way that a payment may be the same as."""
    return Text(
        f"Kan vara registrerad redan: {'; '.join(one.sv for one in several)}",
        f"Possibly registered already: {'; '.join(one.en for one in several)}",
    )


def twin(invoice_number: str, registered: Text) -> Text:
    """Warn that the payment may have been registered on an equal invoice of the customer."""
    return Text(
        f"Kan ha registrerats på fel faktura, {invoice_number}: {registered.sv}",
        f"May have been registered on the wrong invoice, {invoice_number}: {registered.en}",
    )


def confirmed(doubt: Text, who: Text) -> Text:
    """Warn that a payment may be there twice, and name who confirmed it."""
    return Text(
        f"{doubt.sv}; bekräftad som en annan betalning av {who.sv}",
        f"{doubt.en}; confirmed as another payment by {who.en}",
    )


def deleted_here(who: Text) -> Text:
    """Say who deleted a registered payment."""
    return Text(
        f"Var registrerad här men togs bort av {who.sv}",
        f"Was registered here but was deleted by {who.en}",
    )


def taken_again(deleted: Text, who: Text) -> Text:
    """Warn that a payment that was deleted comes in again, and name who decided it."""
    return Text(
        f"{deleted.sv}; tas in igen enligt {who.sv}", f"{deleted.en}; taken again by {who.en}"
    )


def accepted(change: Text, who: Text) -> Text:
    """Warn what a save will do to the payment that is registered."""
    return Text(
        f"{change.sv}. Den registrerade betalningen motbokas och registreras på nytt; ändringen "
        f"godkändes av {who.sv}",
        f"{change.en}. The registered payment is reversed and registered again; the change was "
        f"accepted by {who.en}",
    )


def accepted_but(change: Text, refusal: Text) -> Text:
    """Say why a change that was accepted cannot be saved."""
    return Text(
        f"{change.sv}. Ändringen är godkänd men kan inte sparas: {refusal.sv}",
        f"{change.en}. The change is accepted but cannot be saved: {refusal.en}",
    )


def kept(change: Text, who: Text) -> Text:
    """Say that a payment is registered as it was, and that a person wants it so."""
    return Text(
        f"Redan registrerad, och behålls som den är enligt {who.sv}. {change.sv}",
        f"Registered already, and kept as it is by {who.en}. {change.en}",
    )


FETCHED_BEFORE_SAVING = Text(
    "Avgjord, men hämtas på nytt innan den kan sparas; läs in igen",
    "Decided, but fetched again before it can be saved; import again",
)


def reversal_of(payment_id: int) -> Text:
    """Name the payment that a reversal reverses."""
    return Text(
        f"Motbokar betalning med id {payment_id}", f"Reverses the payment with id {payment_id}"
    )


# --- Errors -----------------------------------------------------------------

#: Every error of the host: code, who can act (see ``errors.EXIT_STATUS``), sentence.
ERRORS: dict[str, tuple[str, Text]] = {
    "NO_DATABASE": (
        "usage",
        Text(
            "Det finns ingen databas på {path}; skapa den med hostsim init.",
            "There is no database at {path}; make it with hostsim init.",
        ),
    ),
    "DATABASE_EXISTS": (
        "usage",
        Text(
            "Databasen {path} finns redan; använd den eller välj ett annat namn.",
            "The database {path} exists already; use it or choose another name.",
        ),
    ),
    "DATABASE_FOREIGN": (
        "usage",
        Text(
            "Filen {path} är ingen databas från hostsim; välj en annan fil med --db.",
            "The file {path} is no database of hostsim; choose another file with --db.",
        ),
    ),
    "DATABASE_VERSION": (
        "usage",
        Text(
            "Databasen {path} har version {found}, men programmet kan bara version {known}; "
            "uppgradera hostsim eller skapa en ny databas.",
            "The database {path} has version {found}, but the program knows only version {known}; "
            "upgrade hostsim or make a new database.",
        ),
    ),
    "DATABASE_UNREACHABLE": (
        "usage",
        Text(
            "Databasen {path} kan inte öppnas eller skrivas; kontrollera mapp, rättigheter "
            "och ledigt utrymme.",
            "The database {path} cannot be opened or written; check the folder, your rights "
            "and the free space.",
        ),
    ),
    "SECRETS_UNREACHABLE": (
        "settings",
        Text(
            "Inloggningen kan inte sparas i {path}; kontrollera att mappen är din, dina "
            "rättigheter och ledigt utrymme, eller ställ av stay_signed_in.",
            "The login cannot be kept in {path}; check that the folder is yours, your rights "
            "and the free space, or switch stay_signed_in off.",
        ),
    ),
    "DATABASE_BUSY": (
        "busy",
        Text(
            "Databasen {path} används av någon annan just nu; ingenting sparades. Försök igen.",
            "The database {path} is in use by somebody else; nothing was saved. Try again.",
        ),
    ),
    "SETTING_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen inställning som heter {key}; välj en av {known}.",
            "There is no setting called {key}; choose one of {known}.",
        ),
    ),
    "SETTING_WRONG": (
        "settings",
        Text(
            "Värdet för {key} kan inte användas: {why.sv}",
            "The value of {key} cannot be used: {why.en}",
        ),
    ),
    "DEFAULT_CURRENCY": (
        "settings",
        Text(
            "Importen kräver att inställningen default_currency är SEK, men den är {currency}; "
            "ingenting har lästs eller sparats. Ändra den med hostsim settings "
            "default_currency=SEK.",
            "The import needs the setting default_currency to be SEK, but it is {currency}; "
            "nothing was read or saved. Change it with hostsim settings "
            "default_currency=SEK.",
        ),
    ),
    "DEFINITION_UNKNOWN": (
        "usage",
        Text(
            "Det finns inget filformat som heter {name}; välj ett av: {known}.",
            "There is no file format called {name}; choose one of: {known}.",
        ),
    ),
    "NO_DEFINITIONS": (
        "usage",
        Text(
            "Det finns inget filformat som heter {name}, och inget annat heller; "
            "skapa ett med hostsim formats add.",
            "There is no file format called {name}, nor any other; "
            "make one with hostsim formats add.",
        ),
    ),
    "DEFINITION_EXISTS": (
        "usage",
        Text(
            "Filformatet {name} finns redan; ändra det med hostsim formats set "
            "eller välj ett annat namn.",
            "The file format {name} exists already; change it with hostsim formats set "
            "or choose another name.",
        ),
    ),
    "DEFINITION_NAME": (
        "usage",
        Text(
            "Filformatet måste ha ett namn på en rad och högst 200 tecken.",
            "The file format needs a name on one line and of at most 200 characters.",
        ),
    ),
    "CANNOT_RECONCILE": (
        "settings",
        Text(
            "Insticksprogrammet för {type} kan inte läsa alla betalningar, så det går inte att "
            "stämma av {name}; fråga den som utvecklar det (det som bara läser filer kan inte).",
            "The plug-in for {type} cannot read all payments, so that {name} cannot be "
            "reconciled; ask its developer (one that only reads files cannot).",
        ),
    ),
    "DEFINITION_NEEDED": (
        "usage",
        Text(
            "Flera förhandsvisningar är öppna ({names}); säg vilken som ska sparas.",
            "Several previews are open ({names}); say which one is to be saved.",
        ),
    ),
    "IMPORT_TYPE_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen importtyp som heter {name}; kända är: {known}. "
            "Kontrollera med hostsim plugins att insticksprogrammet är laddat.",
            "There is no import type called {name}; known ones are: {known}. "
            "Check with hostsim plugins that the plug-in is loaded.",
        ),
    ),
    "IMPORT_TYPE_OFF": (
        "settings",
        Text(
            "Inget påslaget insticksprogram har importtypen {name}; avstängda är: {off}. Slå på "
            "det rätta med hostsim plugins on NAMN, eller ta bort det ur HOSTSIM_PLUGINS_OFF.",
            "No plug-in that is on has the import type {name}; switched off are: {off}. Switch "
            "the right one on with hostsim plugins on NAME, or take it out of HOSTSIM_PLUGINS_OFF.",
        ),
    ),
    "PLUGIN_UNKNOWN": (
        "usage",
        Text(
            "{place}: inget insticksprogram heter {name}; skriv ett av: {known}, eller all för "
            "alla.",
            "{place}: no plug-in is called {name}; write one of: {known}, or all for every one.",
        ),
    ),
    "IMPORT_FORMAT_UNKNOWN": (
        "usage",
        Text(
            "Importtypen {type} har inget importformat som heter {name}; välj ett av: {known}.",
            "The import type {type} has no import format called {name}; choose one of: {known}.",
        ),
    ),
    "SETTINGS_REFUSED": (
        "settings",
        Text(
            "Inställningarna sparades inte: {problems.sv} Rätta dem och spara igen.",
            "The settings were not stored: {problems.en} Correct them and store them again.",
        ),
    ),
    "IMPORT_RUNNING": (
        "busy",
        Text(
            "En import med filformatet {name} pågår redan; försök igen när den är klar.",
            "An import with the file format {name} is running already; try again when it is done.",
        ),
    ),
    "WRONG_COMPANY": (
        "login",
        Text(
            "Filformatet {name} hör till {expected}, men inloggningen gällde {got}; "
            "logga in på rätt företag eller skapa ett eget filformat för det andra.",
            "The file format {name} belongs to {expected}, but the login was to {got}; "
            "sign in to the right company or make a file format of its own for the other.",
        ),
    ),
    "REGION_DIFFERS": (
        "settings",
        Text(
            "Filformatet {name} gäller {expected.sv}, inte {given.sv}; ingenting har lästs. "
            "Fakturorna i en annan region är andra fakturor, även med samma nummer. Välj det "
            "filformat som gäller {given.sv}, eller lägg upp ett med hostsim formats add --region; "
            "så länge inget är sparat går det också att ändra med hostsim formats set --region.",
            "The file format {name} is for {expected.en}, not for {given.en}; nothing was read. "
            "The invoices of another region are other invoices, also where the numbers agree. "
            "Choose the file format that is for {given.en}, or make one with hostsim formats add "
            "--region; as long as nothing is saved, hostsim formats set --region changes it, too.",
        ),
    ),
    "REGION_FIXED": (
        "settings",
        Text(
            "Filformatet {name} har redan sparat betalningar i {expected.sv}, så regionen kan inte "
            "ändras; lägg upp ett eget filformat för {given.sv} med hostsim formats add --region.",
            "The file format {name} has saved payments in {expected.en} already, so that the "
            "region cannot be changed; make a file format of its own for {given.en} with hostsim "
            "formats add --region.",
        ),
    ),
    "COMPANY_OF_OTHER_REGION": (
        "login",
        Text(
            "Inloggningen gällde {company}, som filformatet {other} sparar betalningar från i "
            "{others_region.sv}; {name} gäller {region.sv}. Ingenting är sparat. Logga in på "
            "företaget som hör till {name}. Är regionerna samma företag, lägg upp filformatet med "
            "hostsim formats add --same-company-as {other}.",
            "The login was to {company}, whose payments the file format {other} saves in "
            "{others_region.en}; {name} is for {region.en}. Nothing was saved. Sign in to the "
            "company that belongs to {name}. Where the regions are one company, define the file "
            "format with hostsim formats add --same-company-as {other}.",
        ),
    ),
    "WHY_WHICH": (
        "usage",
        Text(
            "Faktura {number} kan höra till flera ({names}); säg vilket filformat det gäller, "
            "eller regionen med --region.",
            "Invoice {number} may belong to several ({names}); say which file format it is about, "
            "or the region with --region.",
        ),
    ),
    "RUN_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen import vars id börjar med {id}; hostsim runs visar alla.",
            "There is no import whose id begins with {id}; hostsim runs shows all.",
        ),
    ),
    "RUN_AMBIGUOUS": (
        "usage",
        Text(
            "Flera importer har ett id som börjar med {id}; skriv fler tecken.",
            "Several imports have an id that begins with {id}; write more of it.",
        ),
    ),
    "PAYMENT_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen registrerad betalning med id {id}; hostsim payments visar alla.",
            "There is no registered payment with the id {id}; hostsim payments shows all.",
        ),
    ),
    "EXPORT_EXISTS": (
        "usage",
        Text(
            "Filen {path} finns redan och skrivs inte över; ingenting är exporterat. Välj ett "
            "annat namn.",
            "The file {path} exists already and is not overwritten; nothing was exported. Choose "
            "another name.",
        ),
    ),
    "EXPORT_UNREACHABLE": (
        "usage",
        Text(
            "Filen {path} går inte att skriva, så ingenting är exporterat; välj en mapp som finns "
            "och som du får skriva i.",
            "The file {path} cannot be written, so that nothing was exported; choose a folder that "
            "exists and that you may write to.",
        ),
    ),
    "EXPORT_REGION_NEEDED": (
        "usage",
        Text(
            "Betalningar i flera regioner ({names.sv}) hör till olika företag i Fortnox; exportera "
            'en region i taget med --region (--region "" är standardregionen). Ingenting är '
            "exporterat.",
            "Payments in several regions ({names.en}) belong to different companies in Fortnox; "
            'export one region at a time with --region (--region "" is the default one). Nothing '
            "was exported.",
        ),
    ),
    "EXPORT_REGION_UNKNOWN": (
        "usage",
        Text(
            "Regionen {name} finns inte, varken bland fakturorna eller bland filformaten, så "
            "ingenting är exporterat. Välj en av: {known.sv}.",
            "There is no region {name}, neither among the invoices nor among the formats, so that "
            "nothing was exported. Choose one of: {known.en}.",
        ),
    ),
    "BANK_ACCOUNT": (
        "usage",
        Text(
            "Bankkontot ska stå på en rad och ha högst 100 tecken; ingenting har lästs eller "
            "registrerats.",
            "The bank account must stand on one line and have at most 100 characters; nothing "
            "was read or registered.",
        ),
    ),
    "PREVIEW_CHANGED": (
        "changed",
        Text(
            "Uppgifterna har ändrats sedan förhandsvisningen, eller så visades den aldrig här; "
            "ingenting sparades. Granska den nya förhandsvisningen och spara igen.",
            "The data changed after the preview was shown, or it was never shown here; nothing "
            "was saved. Look at the new preview and save again.",
        ),
    ),
    "LIST_CHANGED": (
        "changed",
        Text(
            "Listan har ändrats sedan den visades här, eller visades aldrig här; ingenting "
            "avgjordes. Titta igen och avgör det sedan.",
            "The list changed after it was shown here, or was never shown here; nothing was "
            "decided. Look again and decide then.",
        ),
    ),
    "SAVED_OTHERWISE": (
        "changed",
        Text(
            "Listan som visades här ändrades och är sparad sedan dess, så som den var då. Granska "
            "vad som registrerades.",
            "The list that was shown here changed and has been saved since, as it was then. Look "
            "at what was registered.",
        ),
    ),
    "PAYMENT_NOT_SHOWN": (
        "usage",
        Text(
            "Betalning {number} finns inte bland dem som {name} visar; läs in igen och välj en "
            "av dem som visas.",
            "Payment {number} is not among those that {name} shows; import again and choose one "
            "of those that are shown.",
        ),
    ),
    "DECISION_DOES_NOT_FIT": (
        "usage",
        Text(
            "Betalning {number} ändrades inte: {what.sv} går inte för den, för den är nu: "
            "{state.sv}. Visa listan igen och välj något som går.",
            "Payment {number} was left as it is: {what.en} does not fit, since it is now: "
            "{state.en}. Look at the list again and choose what fits.",
        ),
    ),
    "DECISION_UNKNOWN": (
        "usage",
        Text(
            "Det finns inget att ta tillbaka för {what}; hostsim decisions visar vad som gäller.",
            "There is nothing to take back for {what}; hostsim decisions shows what is in force.",
        ),
    ),
    "HIDDEN_BY_SERIES": (
        "usage",
        Text(
            "Betalning {number} är undanlagd med serien {first} till {last}, inte för sig själv. "
            "Med hostsim take-back {name} --series {first} {last} tar du tillbaka serien.",
            "Payment {number} is set aside with the series {first} to {last}, not on its own. "
            "Take the series back with hostsim take-back {name} --series {first} {last}.",
        ),
    ),
    "SERIES_WRONG": (
        "usage",
        Text(
            "Serien {first} till {last} kan inte användas; skriv två fakturanummer med bara "
            "siffror, det lägre först.",
            "The series {first} to {last} cannot be used; write two invoice numbers of digits "
            "only, the lower one first.",
        ),
    ),
    "SERIES_EXISTS": (
        "usage",
        Text(
            "Serien {first} till {last} är undanlagd redan; ta tillbaka den först om den ska "
            "läggas undan av ett annat skäl.",
            "The series {first} to {last} is set aside already; take it back first if it is to "
            "be set aside for another reason.",
        ),
    ),
    "COMPANY_NOT_KNOWN": (
        "usage",
        Text(
            "Det är inte känt än vilket företag {name} hör till; läs in betalningar först.",
            "It is not known yet which company {name} belongs to; import payments first.",
        ),
    ),
    "INVOICE_NEEDED": (
        "usage",
        Text("Skriv fakturans nummer.", "Write the number of the invoice."),
    ),
    "INVOICE_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen faktura {number} i {region.sv}; kontrollera numret och regionen.",
            "There is no invoice {number} in {region.en}; check the number and the region.",
        ),
    ),
    "PAYMENT_PERIOD_OPEN": (
        "usage",
        Text(
            "Faktura {number} ligger i en öppen fakturaperiod och kan inte betalas än; stäng "
            "perioden och registrera sedan betalningen.",
            "Invoice {number} is in an open invoice period and cannot be paid yet; close the "
            "period and register the payment then.",
        ),
    ),
    "PAYMENT_AMOUNT": (
        "usage",
        Text(
            "Beloppet {amount} kan inte användas.{meant.sv} Skriv ett belopp som inte är noll, "
            "med högst två decimaler, till exempel 1250,50.",
            "The amount {amount} cannot be used.{meant.en} Write an amount other than zero, with "
            "at most two decimals, such as 1250.50.",
        ),
    ),
    "PAYMENT_TOO_LARGE": (
        "usage",
        Text(
            "Beloppet {amount} är för stort; en betalning är på högst {most}.",
            "The amount {amount} is too large; a payment is of at most {most}.",
        ),
    ),
    "DOUBTFUL_PAYMENT": (
        "usage",
        Text(
            "Betalningen är tveksam och är inte registrerad. {facts.sv} {doubts.sv} Stämmer det "
            "ändå, bekräfta med --confirm (på sidan: tryck en gång till).",
            "The payment is doubtful and was not registered. {facts.en} {doubts.en} If it is "
            "right all the same, confirm it with --confirm (on the page: press once more).",
        ),
    ),
    "PAYMENT_KEY": (
        "usage",
        Text(
            "Nyckeln ska vara en rad text med högst {longest} tecken; ingenting är registrerat.",
            "The key must be one line of text with at most {longest} characters; nothing was "
            "registered.",
        ),
    ),
    "PAYMENT_KEY_USED": (
        "usage",
        Text(
            "Nyckeln hör redan till betalningen med id {id}, som har andra uppgifter; ingenting "
            "är registrerat. Är det en annan betalning, använd en ny nyckel (på sidan: tryck en "
            "gång till).",
            "The key belongs to the payment with id {id} already, which has other figures; "
            "nothing was registered. If it is another payment, use a new key (on the page: press "
            "once more).",
        ),
    ),
    "PAYMENT_KEY_DELETED": (
        "usage",
        Text(
            "Nyckeln hör till betalningen med id {id}, som är borttagen sedan dess; ingenting är "
            "registrerat. Ska den registreras på nytt, använd en ny nyckel (på sidan: tryck en "
            "gång till).",
            "The key belongs to the payment with id {id}, which was deleted since; nothing was "
            "registered. To register it anew, use a new key (on the page: press once more).",
        ),
    ),
    "PAYMENT_CURRENCY": (
        "usage",
        Text(
            "Faktura {number} är i {invoice}, så betalningen kan inte vara i {currency}; skriv "
            "beloppet i fakturans valuta.",
            "Invoice {number} is in {invoice}, so that the payment cannot be in {currency}; "
            "write the amount in the currency of the invoice.",
        ),
    ),
    "PAYMENT_RATE": (
        "usage",
        Text(
            "Faktura {number} är i {invoice}; ange kursen, SEK för en {invoice}, större än "
            "noll och högst en miljon. För en faktura i SEK anges ingen kurs.",
            "Invoice {number} is in {invoice}; give the rate, SEK for one {invoice}, above "
            "zero and at most a million. For an invoice in SEK no rate is given.",
        ),
    ),
    "REGISTERED_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen registrerad betalning med id {id}; hostsim payments visar alla.",
            "There is no registered payment with id {id}; hostsim payments shows them all.",
        ),
    ),
    "PAYMENT_NOT_DELETED": (
        "usage",
        Text(
            "Betalningen med id {id} togs inte bort, för den är {state.sv}; bara en som är "
            "registrerad kan tas bort.",
            "The payment with id {id} was not deleted, since it is {state.en}; only one that is "
            "registered can be deleted.",
        ),
    ),
    "WHY_TOO_LONG": (
        "usage",
        Text(
            "Skälet har {length} tecken, och högst {longest} sparas; ingenting ändrades. Skriv "
            "ett kortare.",
            "The reason has {length} characters, and at most {longest} are kept; nothing was "
            "changed. Write a shorter one.",
        ),
    ),
    "WHY_NEEDED": (
        "usage",
        Text(
            "Skriv varför betalningen ska tas bort; det sparas och visas.",
            "Write why the payment is to be deleted; it is kept and shown.",
        ),
    ),
    "CONTRACT_BROKEN": (
        "internal",
        Text(
            "Insticksprogrammet följer inte avtalet med värdsystemet: {what}. "
            "Meddela den som utvecklar insticksprogrammet.",
            "The plug-in does not keep to the contract with the host: {what}. "
            "Tell the developer of the plug-in.",
        ),
    ),
    "REPORT_EXISTS": (
        "usage",
        Text(
            "Filen {path} finns redan och skrivs inte över; välj ett annat namn.",
            "The file {path} exists already and is not overwritten; choose another name.",
        ),
    ),
    "REPORT_UNREACHABLE": (
        "usage",
        Text(
            "Filen {path} går inte att skriva; välj en mapp som finns och som du får skriva i.",
            "The file {path} cannot be written; choose a folder that exists and that you may "
            "write to.",
        ),
    ),
    "HOST_UNKNOWN": (
        "usage",
        Text(
            "Sidan finns inte under det namnet; öppna adressen som hostsim serve skrev.",
            "The page does not exist under that name; open the address that hostsim serve printed.",
        ),
    ),
    "PAGE_UNKNOWN": (
        "usage",
        Text(
            "Sidan finns inte; gå till Ekonomi > Betalningsimport.",
            "There is no such page; go to Economy > Payment import.",
        ),
    ),
    "PAGE_TOO_OLD": (
        "changed",
        Text(
            "Sidan hade blivit för gammal, så ingenting ändrades; ladda om den och försök igen.",
            "The page had grown too old, so nothing was changed; load it anew and try again.",
        ),
    ),
    "DESK_PORT_IN_USE": (
        "usage",
        Text(
            "Det går inte att lyssna på {host} port {port}; välj något annat med --host eller "
            "--port.",
            "It is not possible to listen on {host} port {port}; choose another with --host or "
            "--port.",
        ),
    ),
    "NOTHING_TO_SAVE": (
        "changed",
        Text(
            "Det finns inget att spara: det som visades är redan sparat, eller ersatt av en nyare "
            "inläsning. Granska den.",
            "There is nothing to save: what was shown is saved already, or replaced by a later "
            "import. Look at that one.",
        ),
    ),
    "SAVED_NOT_SHOWN": (
        "saved",
        Text(
            "{saved.sv} Men resultatet kunde inte visas i sin helhet. Se efter innan du gör om "
            "något: hostsim payments visar vad som är registrerat, hostsim runs importerna.",
            "{saved.en} But the result could not be shown in full. Look before you repeat "
            "anything: hostsim payments shows what is registered, hostsim runs the imports.",
        ),
    ),
    "OUTPUT_FAILED": (
        "output",
        Text(
            "Resultatet kunde inte skrivas ({why}), och ingenting är ändrat. Frigör plats, eller "
            "skriv det någon annanstans, och kör kommandot igen.",
            "The result could not be written ({why}), and nothing was changed. Make room, or "
            "write it elsewhere, and run the command again.",
        ),
    ),
    "CANCELLED": (
        "cancelled",
        Text(
            "Det avbröts innan det var klart, och inget är sparat till hälften; hostsim payments "
            "visar vad som är registrerat.",
            "It was cancelled before it was done, and nothing is half saved; hostsim payments "
            "shows what is registered.",
        ),
    ),
    "INTERNAL": (
        "internal",
        Text(
            "Ett fel i programmet. Ingenting är sparat till hälften; skicka raderna ovanför till "
            "den som sköter programmet.",
            "A fault in the program. Nothing is half saved; send the lines above to whoever "
            "maintains the program.",
        ),
    ),
    "USAGE": (
        "usage",
        Text("Kommandot kan inte köras: {what.sv}", "The command cannot be run: {what.en}"),
    ),
    "NOT_INSTALLED": (
        "usage",
        Text(
            "hostsim behöver fler paket; installera dem med "
            '`pip install "opter-fortnox-plugin[hostsim]"`.',
            "hostsim needs more packages; install them with "
            '`pip install "opter-fortnox-plugin[hostsim]"`.',
        ),
    ),
    "INVOICES_FILE_WRONG": (
        "usage",
        Text(
            "Inga fakturor lästes in: {count.sv} i filen {file}. "
            "Rätta raderna som räknas upp ovanför och läs in filen igen.",
            "No invoices were loaded: {count.en} in the file {file}. "
            "Correct the lines listed above and load the file again.",
        ),
    ),
    "DEMO_FAILED": (
        "internal",
        Text(
            "Demonstrationen gick fel: {what.sv}. Skicka raderna ovanför till den som sköter "
            "programmet.",
            "The demonstration went wrong: {what.en}. Send the lines above to whoever maintains "
            "the program.",
        ),
    ),
    "FOLDER_UNREACHABLE": (
        "usage",
        Text(
            "Mappen {path} kan inte skapas; välj en annan med --keep.",
            "The folder {path} cannot be made; choose another with --keep.",
        ),
    ),
    "SANDBOX_DATA_WRONG": (
        "usage",
        Text(
            "Filen {path} går inte att använda som uppgifter: {why}. Rätta filen.",
            "The file {path} cannot be used as data: {why}. Correct the file.",
        ),
    ),
    "SANDBOX_PORT_IN_USE": (
        "usage",
        Text(
            "Port {port} är upptagen eller otillåten; välj en annan med --port.",
            "Port {port} is in use or not allowed; choose another with --port.",
        ),
    ),
    "ERROR_UNKNOWN": (
        "usage",
        Text(
            "Det finns ingen felkod som heter {code}; hostsim errors visar alla.",
            "There is no error code called {code}; hostsim errors shows all.",
        ),
    ),
    # What only doctor finds.
    "DATABASE_DAMAGED": (
        "settings",
        Text(
            "Databasen {path} är skadad ({problem}). Använd den inte mer; lägg tillbaka den "
            "senaste säkerhetskopian.",
            "The database {path} is damaged ({problem}). Use it no more; restore the latest "
            "backup.",
        ),
    ),
    "SECRETS_EXPOSED": (
        "settings",
        Text(
            "Andra än du kan läsa {path}, där inloggningar sparas. Ta bort deras rättigheter "
            "(chmod -R go= {path}).",
            "Others than you can read {path}, where logins are kept. Take their rights away "
            "(chmod -R go= {path}).",
        ),
    ),
    "PLUGIN_LEFT_OUT": (
        "settings",
        Text(
            "Insticksprogrammet {name} används inte: {why.sv}. Uppgradera eller avinstallera det.",
            "The plug-in {name} is not used: {why.en}. Upgrade or uninstall it.",
        ),
    ),
    "PLUGIN_OFF": (
        "settings",
        Text("Insticksprogrammet {name} {why.sv}.", "The plug-in {name} {why.en}."),
    ),
    "NO_PLUGINS": (
        "settings",
        Text(
            "Inget insticksprogram används, så inget kan läsas in. Installera ett, till exempel "
            "opter-fortnox-plugin.",
            "No plug-in is in use, so that nothing can be imported. Install one, such as "
            "opter-fortnox-plugin.",
        ),
    ),
    "PLUGIN_FAILED": (
        "internal",
        Text(
            "Insticksprogrammet {name} kunde inte kontrollera sig självt ({what}). Meddela den som "
            "utvecklar det.",
            "The plug-in {name} could not examine itself ({what}). Tell its developer.",
        ),
    ),
    "NO_INVOICES": (
        "settings",
        Text(
            "Inga fakturor finns i {region.sv}, så ingen betalning hittar sin faktura. "
            "Läs in dem med hostsim invoices load, eller rätta regionen.",
            "There are no invoices in {region.en}, so no payment finds its invoice. "
            "Load them with hostsim invoices load, or correct the region.",
        ),
    ),
}

#: Who can act on an error, by its kind.
WHO = {
    "usage": Text("den som skrev kommandot", "whoever wrote the command"),
    "settings": Text("administratören", "the administrator"),
    "login": Text("den som loggar in", "whoever signs in"),
    "permission": Text(
        "den som ger licenser och rättigheter", "whoever grants licences and rights"
    ),
    "unavailable": Text("ingen: vänta", "nobody: wait"),
    "busy": Text("ingen: vänta på den andra", "nobody: wait for the other one"),
    "changed": Text("den som sparar", "whoever saves"),
    "saved": Text("den som läser resultatet", "whoever reads the result"),
    "output": Text("den som läser resultatet", "whoever reads the result"),
    "cancelled": Text("ingen", "nobody"),
    "internal": Text("den som utvecklar programmet", "the developer"),
}

PREVIEW_KEPT = Text(
    "Det inlästa är sparat som förhandsvisning.", "What was read is kept as a preview."
)


def payment_added(payment_id: int) -> Text:
    """Tell the id of a payment by hand."""
    return Text(
        f"Betalningen är registrerad med id {payment_id}.",
        f"The payment is registered with id {payment_id}.",
    )


def payment_known(payment_id: int) -> Text:
    """Tell that nothing was registered, since the key was used for the same payment."""
    return Text(
        f"Betalningen var registrerad redan, med id {payment_id}; ingenting nytt är registrerat.",
        f"The payment was registered already, with id {payment_id}; nothing new is registered.",
    )


def payment_deleted(payment_id: int) -> Text:
    """Tell that a payment was deleted."""
    return Text(
        f"Betalningen med id {payment_id} är borttagen.",
        f"The payment with id {payment_id} is deleted.",
    )


def file_written(path: object) -> Text:
    """Tell that a file is whole."""
    return Text(f"{path} är skriven.", f"{path} is written.")


#: What is said of a commit that nobody knows more of.
SAVED = Text("Det som skulle göras är gjort och sparat.", "What was asked is done and saved.")

CURRENCY_NEEDED = Text("skriv en valuta, till exempel SEK.", "write a currency, such as SEK.")
DEVIATION_NEEDED = Text(
    "skriv ett belopp i SEK, noll eller större och med högst två decimaler, till exempel 5 "
    "eller 2,50.",
    "write an amount in SEK, zero or more and with at most two decimals, such as 5 or 2.50.",
)

#: The decisions, as things that a person does with a payment.
DECISIONS = {
    "set-aside": Text("att lägga undan", "setting aside"),
    "confirm": Text("att bekräfta", "confirming"),
    "take-again": Text("att ta in igen", "taking again"),
    "accept": Text("att godkänna ändringen", "accepting the change"),
    "keep": Text("att behålla det registrerade", "keeping what is registered"),
}

#: The states of what stands in the books.
STATES = {
    "registered": Text("registrerad", "registered"),
    "deleted": Text("borttagen", "deleted"),
    "countered": Text("motbokad", "reversed"),
    "counter": Text("en motbokning", "a reversal"),
}

READY_NOW = Text("klar att sparas", "ready to be saved")

DATE_NEEDED = Text("Skriv ett datum som ÅÅÅÅ-MM-DD.", "Write a date as YYYY-MM-DD.")

# --- Plug-ins that are left out ---------------------------------------------


def not_importable(error: str) -> Text:
    """Say that loading the plug-in's module failed; only the kind of error is named."""
    return Text(f"gick inte att ladda ({error})", f"could not be loaded ({error})")


def is_a_class() -> Text:
    """Say that a class cannot answer hooks."""
    return Text(
        "är en klass; ingången ska visa på en modul eller ett objekt",
        "is a class; the entry point must name a module or an object",
    )


def is_unhashable() -> Text:
    """Say that pluggy cannot tell the object from others."""
    return Text(
        "är ett objekt utan __hash__; det behövs för att registreras",
        "is an object without __hash__, which is needed to be registered",
    )


def no_hook(other_projects: Iterable[str]) -> Text:
    """Say that the plug-in answers nothing, and which other project it was made for."""
    others = ", ".join(sorted(other_projects))
    if not others:
        return Text(
            "svarar inte på någon hook; är den märkt för projektet opter?",
            "answers no hook; is it marked for the project opter?",
        )
    return Text(
        f"svarar inte på någon hook: den är märkt för projektet {others}, inte för opter",
        f"answers no hook: it is marked for the project {others}, not for opter",
    )


def unknown_hook(name: str, similar: str | None) -> Text:
    """Name a hook that the contract does not have, and what was probably meant."""
    if similar is None:
        return Text(f"har en okänd hook: {name}", f"has an unknown hook: {name}")
    return Text(
        f"har en okänd hook: {name} (menas {similar}?)",
        f"has an unknown hook: {name} (is {similar} meant?)",
    )


def unknown_argument(hook: str, arguments: Iterable[str]) -> Text:
    """Name the arguments that a hook does not have."""
    names = ", ".join(sorted(arguments))
    return Text(
        f"begär okända argument i {hook}: {names}",
        f"asks for unknown arguments in {hook}: {names}",
    )


def hosts_own_hook(hook: str) -> Text:
    """Say that only the host may answer a hook."""
    return Text(
        f"svarar på {hook}, som bara värdsystemet får svara på",
        f"answers {hook}, which only the host may answer",
    )


def import_types_wrong(error: str) -> Text:
    """Say that the plug-in could not tell its import types properly."""
    return Text(
        f"kunde inte ange sina importtyper ({error})",
        f"could not tell its import types ({error})",
    )


def import_type_taken(code: str, mine: str, other: str) -> Text:
    """Name the two that register the same import type."""
    return Text(
        f"{mine} registrerar importtypen {code}, som {other} redan har",
        f"{mine} registers the import type {code}, which {other} has already",
    )


def not_registered(error: str) -> Text:
    """Say that pluggy refused the plug-in."""
    return Text(f"kunde inte registreras ({error})", f"could not be registered ({error})")


def name_taken(name: str, mine: str, other: str) -> Text:
    """Name the two whose entry points have one name, and say how to choose."""
    return Text(
        f"{mine} har samma namn som {other}; stäng av det som inte ska användas med "
        f"hostsim plugins off PAKET:{name}",
        f"{mine} has the same name as {other}; switch off the one that is not wanted with "
        f"hostsim plugins off DISTRIBUTION:{name}",
    )


def equals_another(mine: str, other: str) -> Text:
    """Name the two that pluggy could not tell from each other."""
    return Text(
        f"{mine} är samma objekt som {other}, eller säger sig vara lika med det (__eq__)",
        f"{mine} is the same object as {other}, or says that it equals it (__eq__)",
    )


def not_examined(error: str) -> Text:
    """Say that the object fails when it is looked at."""
    return Text(f"gick inte att undersöka ({error})", f"could not be examined ({error})")


def no_plug_in(kind: str) -> Text:
    """Say that the entry point leads to something that can answer no hooks."""
    return Text(
        f"är inget insticksprogram ({kind}); ingången ska visa på en modul eller ett objekt "
        "med hookar",
        f"is no plug-in ({kind}); the entry point must name a module or an object with hooks",
    )


def not_marked(hook: str, other_projects: Iterable[str]) -> Text:
    """Name a hook that pluggy would never call, and the project that it is marked for."""
    others = ", ".join(sorted(other_projects))
    if not others:
        return Text(
            f"har {hook} utan märkning: pluggy skulle aldrig anropa den",
            f"has {hook} without a mark: pluggy would never call it",
        )
    return Text(
        f"har {hook} märkt för projektet {others}, inte för opter: pluggy skulle aldrig anropa den",
        f"has {hook} marked for the project {others}, not for opter: pluggy would never call it",
    )


def contract_unreadable(kind: str) -> Text:
    """Say how a plug-in tells the version of the contract."""
    return Text(
        f'anger avtalets version på fel sätt ({kind}); skriv opter_contract = "1.0"',
        f'tells the version of the contract wrongly ({kind}); write opter_contract = "1.0"',
    )


def contract_too_old(plugin: str, host: str) -> Text:
    """Say that the plug-in is of a major that the host no longer speaks."""
    return Text(
        f"är för gammalt: det är gjort för avtalets version {plugin}, men värdsystemet har "
        f"{host}; uppgradera insticksprogrammet",
        f"is too old: it is made for version {plugin} of the contract, but the host has {host}; "
        "upgrade the plug-in",
    )


def contract_too_new(plugin: str, host: str) -> Text:
    """Say that the plug-in needs more than the host speaks."""
    return Text(
        f"är för nytt: det behöver avtalets version {plugin}, men värdsystemet har {host}; "
        "uppgradera värdsystemet",
        f"is too new: it needs version {plugin} of the contract, but the host has {host}; "
        "upgrade the host",
    )


def switched_off(name: str) -> Text:
    """Say that a person switched the plug-in off, and how it comes on again."""
    return Text(
        f"är avstängt; hostsim plugins on {name} slår på det",
        f"is switched off; hostsim plugins on {name} switches it on",
    )


def switched_off_by(variable: str) -> Text:
    """Say which environment variable switches the plug-in off."""
    return Text(
        f"är avstängt av {variable}; ta bort namnet där så slås det på",
        f"is switched off by {variable}; take the name out there to switch it on",
    )


def wrong_group(group: str) -> Text:
    """Say that nobody looks for plug-ins in that group."""
    return Text(
        f"laddas inte: ingången står i gruppen {group}, men gruppen heter opter",
        f"is not loaded: its entry point is in the group {group}, but the group is called opter",
    )
