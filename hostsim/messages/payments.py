"""Sentences about payments: judgements, warnings and refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from hostsim.messages.formats import count, minute, money, money_of
from hostsim.messages.source_name import SOURCE
from hostsim.messages.text import MAX_NAMES, Template, joined, listed, some_of
from opter_contract.values import Text

PARTIAL = Text("Delbetalning", "Partial payment")
ADVANCE = Text("Förskott kommer att skapas", "Advance will be created")
ADVANCE_MADE = Text("Förskott har skapats", "Advance was created")
ADVANCE_UNDONE = Text("Förskottet är ångrat", "The advance is undone")
#: Of a payment that is left out, before the save and after it.
NOT_SAVED = Text("Sparas inte nu", "Not saved now")
NOT_SAVED_THEN = Text("Sparades inte", "Was not saved")
REVERSAL = Text(
    "Återbetalning: det som återstår att betala på fakturan ökar",
    "Refund: what remains to pay on the invoice increases",
)


def by_how_much(warning: Text, status: str, amount: Text) -> Text:
    """Return the warning with the amount that is missing, or paid too much."""
    text = {"partial": PARTIAL, "advance": ADVANCE}[status]
    sv, en = {"partial": ("saknas", "missing"), "advance": ("för mycket", "too much")}[status]
    return Text(
        f"{text.sv}: {amount.sv} {sv}{warning.sv.removeprefix(text.sv)}",
        f"{text.en}: {amount.en} {en}{warning.en.removeprefix(text.en)}",
    )


PAID_BY_WAITING = Text(
    "Fakturan är redan betald, med en betalning som är urkryssad eller kan tas in igen",
    "The invoice is already paid, by a payment that is left out or can be taken again",
)


WRITTEN_OFF = Text(
    "SEK skrivs av inom accepterad fakturaavvikelse",
    "SEK is written off within the accepted invoice deviation",
)


def written_off(amount: Decimal) -> Text:
    """Return the sentence about the amount, in SEK, booked to the write-off account."""
    return Text(
        f"{money(amount, 'sv')} {WRITTEN_OFF.sv}",
        f"{money(amount, 'en')} {WRITTEN_OFF.en}",
    )


def written_off_already(sv: str, en: str) -> Text:
    """Return the sentence about what was written off at the source."""
    return Text(f"{sv} är avskrivet", f"{en} is written off")


def paid_too_much(sv: str, en: str) -> Text:
    """Return the sentence about an overpayment that was booked as a difference there."""
    return Text(
        f"{sv} för mycket betalt är bokfört som differens",
        f"{en} paid too much is booked as a difference",
    )


def left_for_person(warning: Text) -> Text:
    """Return why a payment was not saved unattended."""
    return Text(f"En person behöver se den: {warning.sv}", f"A person must see it: {warning.en}")


NO_MONEY_CAME = Text("Inga pengar kom in", "No money came in")

#: A payment that is taken again without the other half, which need not be at the source any more.
WAS_HALF = Text(
    "Var halva av en kvittning när den sparades, och inga pengar kom in; den andra halvan kommer "
    "inte med den",
    "Was half of a settlement when it was saved, and no money came in; the other half does "
    "not come with it",
)


def written_off_in(currency: str) -> Text:
    """Return the note about the assumed currency of write-offs."""
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
    sv, en = _named(gone)
    are, were = (
        ("är registrerade", "borttagna") if len(gone) > 1 else ("är registrerad", "borttagen")
    )
    verb = "are registered here but were" if len(gone) > 1 else "is registered here but was"
    return Text(
        f"Kan ersätta {sv}, som {are} här men {were} i {SOURCE.sv}",
        f"May replace {en}, which {verb} deleted in {SOURCE.en}",
    )


def paid_by_deleted(payments: Sequence[RegisteredHere]) -> Text:
    """Return why a payment confirmed as another one has nothing left to pay."""
    sv, en = _named(payments)
    return Text(
        f"Bekräftad som en annan betalning, men ingenting återstår: {sv} betalar fakturan här och "
        f"är borttagen i {SOURCE.sv}. Godkänn att den ersätts, eller ta bort den här först",
        f"Confirmed as another payment, but nothing remains: {en} pays the invoice here and was "
        f"deleted in {SOURCE.en}. Accept that it is replaced, or delete it here first",
    )


def not_asked_yet(payments: Sequence[RegisteredHere]) -> Text:
    sv, en = _named(payments)
    return Text(
        f"Kan inte avgöras än: kan ersätta {sv}, och det gick inte att kontrollera i {SOURCE.sv} "
        "den här gången. Läs in igen",
        f"Cannot be decided yet: may replace {en}, and that could not be checked in {SOURCE.en} "
        "this time. Import again",
    )


def beside_changed(payments: Sequence[RegisteredHere], *, set_aside: bool) -> Text:
    """Return why a payment waits for others of its invoice, one of which may be set aside."""
    sv, en = _named(payments)
    if set_aside:
        return Text(
            f"Väntar på {sv}, som är ändrad i {SOURCE.sv} och undanlagd: ta tillbaka den, och "
            "avgör ändringen först",
            f"Waits for {en}, which was changed in {SOURCE.en} and is set aside: take that back, "
            "and decide about the change first",
        )
    return Text(
        f"Väntar på {sv}, som är ändrad i {SOURCE.sv}: avgör den först",
        f"Waits for {en}, which was changed in {SOURCE.en}: decide about that one first",
    )


def beside_kept(payments: Sequence[RegisteredHere]) -> Text:
    sv, en = _named(payments)
    return Text(
        f"Kan vara samma pengar som {sv}, som behålls här men är ändrad i {SOURCE.sv}",
        f"May be the same money as {en}, which is kept here but was changed in {SOURCE.en}",
    )


def paid_by_kept(payments: Sequence[RegisteredHere]) -> Text:
    sv, en = beside_kept(payments)
    return Text(
        f"Fakturan är redan betald, kanske med samma pengar. {sv}",
        f"The invoice is already paid, perhaps with the same money. {en}",
    )


def paid_by_write_off(number: str, amount: Decimal, more: Decimal) -> Text:
    """Return why nothing remains for what was missing when the invoice was paid.

    :param number: of the payment with which the amount, in SEK, was written off.
    :param more: by how much this payment is more than that, in SEK.
    """
    written_off = _written_off_with(number, amount)
    text = Text(
        f"Fakturan är redan betald: {written_off.sv}",
        f"The invoice is already paid: {written_off.en}",
    )
    if not more:
        return text
    return Text(
        f"{text.sv}, och det här är {money(more, 'sv')} SEK mer",
        f"{text.en}, and this is {money(more, 'en')} SEK more",
    )


def _written_off_with(number: str, amount: Decimal) -> Text:
    return Text(
        f"{money(amount, 'sv')} SEK som fattades skrevs av här med betalning {number}",
        f"{money(amount, 'en')} SEK that was missing was written off here with payment {number}",
    )


def settled_though_written_off(number: str, amount: Decimal, more: Decimal) -> Text:
    """Return why what was written off cannot be settled against a credit note, and what helps.

    :param number: of the payment with which the amount, in SEK, was written off.
    :param more: by how much the settlement is more than that, in SEK.
    """
    written_off = _written_off_with(number, amount)
    owed = Text("", "")
    if more:
        owed = Text(
            f". Kvittningen är {money(more, 'sv')} SEK mer, som kunden har till godo",
            f". The settlement is {money(more, 'en')} SEK more, which the customer is owed",
        )
    return Text(
        f"Ingenting återstår av fakturan: {written_off.sv}{owed.sv}. Ta bort betalning {number} "
        "här, läs in igen, ta in den på nytt och spara den med kvittningen",
        f"Nothing remains of the invoice: {written_off.en}{owed.en}. Delete payment {number} here, "
        "import again, take it again and save it with the settlement",
    )


def _named(payments: Sequence[RegisteredHere]) -> Text:
    return _first_few([_named_payment(payment) for payment in payments])


def _named_payment(payment: RegisteredHere) -> Text:
    in_currency = payment.amount if payment.amount_currency is None else payment.amount_currency
    amount, invoice = money_of(in_currency, payment.currency), payment.host_invoice_number
    return Text(
        f"betalning {payment.number} ({amount.sv}, {payment.date.isoformat()}, faktura {invoice})",
        f"payment {payment.number} ({amount.en}, {payment.date.isoformat()}, invoice {invoice})",
    )


def _first_few(names: Sequence[Text]) -> Text:
    """List the first names of many, and count the others."""
    first, more = listed(names[:MAX_NAMES]), len(names) - MAX_NAMES
    if more <= 0:
        return first
    return Text(f"{first.sv} och {more} till", f"{first.en} and {more} more")


def settles(
    number: str, invoice_number: str, currency: str, *, credit: bool, same_date: bool = True
) -> Text:
    """Return the sentence about the other half of a settlement.

    :param currency: of both; their rates, and so their SEK, may differ.
    :param credit: whether this half is that of the credit note.
    """
    sv, en = ("faktura", "an invoice") if credit else ("kreditfaktura", "a credit note")
    of = Text("samma dag och kund", "of the same day and customer")
    if not same_date:
        of = Text("samma kund", "of the same customer")
    return Text(
        f"Kvittad mot {sv}: hör ihop med betalning {number} på faktura "
        f"{invoice_number}, {of.sv}; tillsammans 0 {currency}",
        f"Settled against {en}: belongs to payment {number} on invoice "
        f"{invoice_number}, {of.en}; together 0 {currency}",
    )


class RegisteredHalf(Protocol):
    """A half of a settlement, as it is registered in another region."""

    @property
    def number(self) -> str: ...
    @property
    def invoice_number(self) -> str: ...
    @property
    def definition(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def other_invoice(self) -> str: ...


def may_be_other_half(half: RegisteredHalf) -> Text:
    """Return the warning about a payment that is not what another region's half settles."""
    return Text(
        f"Betalning {half.number} på faktura {half.invoice_number} är registrerad i "
        f"{half.definition} som kvittad mot betalning {half.other} på faktura "
        f"{half.other_invoice}, men de hör inte ihop så i {SOURCE.sv} längre: kontrollera om den "
        "här betalningen är pengar",
        f"Payment {half.number} on invoice {half.invoice_number} is registered in "
        f"{half.definition} as settled against payment {half.other} on invoice "
        f"{half.other_invoice}, but in {SOURCE.en} they no longer belong together so: check "
        "whether this payment is money",
    )


def half_left_alone(number: str, invoice_number: str, other: str) -> Text:
    """Return the note about a registered half whose other half another region did not register."""
    return Text(
        f"Betalning {number} på faktura {invoice_number} är registrerad som kvittad mot betalning "
        f"{other}, men den är pengar i en annan region eller borttagen: kontrollera båda i "
        f"{SOURCE.sv}.",
        f"Payment {number} on invoice {invoice_number} is registered as settled against payment "
        f"{other}, but that is money in another region, or deleted: check both in {SOURCE.en}.",
    )


def settled_too_much(amount: Decimal, currency: str) -> Text:
    """Return the warning about a half of a settlement that is more than remained."""
    sv, en = money_of(amount, currency)
    return Text(
        f"Mer är kvittat än vad som återstod: {sv} för mycket",
        f"More is settled than remained: {en} too much",
    )


def settled_though_paid(
    number: str, kept: Sequence[RegisteredHere], *, credit: bool, by_waiting: bool
) -> Text:
    """Return why a settlement with an invoice of which nothing remains here cannot be saved.

    :param kept: payments of the invoice that changed at the source and are kept here.
    :param credit: whether that is the credit note.
    :param by_waiting: whether a payment pays it that is left out or can be taken again.
    """
    sv, en = ("Kreditfaktura", "Credit note") if credit else ("Faktura", "Invoice")
    if by_waiting:
        return Text(
            f"{sv} {number} är redan reglerad, med en betalning som är urkryssad eller kan tas in "
            "igen: ta in den igen, eller lägg undan den",
            f"{en} {number} is settled already, by a payment that is left out or can be taken "
            "again: take it again, or set it aside",
        )
    if kept:
        payments, which = _named(kept), numbered([payment.number for payment in kept])
        settled = Text("reglerad", "settled") if credit else Text("betald", "paid")
        is_kept = "is kept" if len(kept) == 1 else "are kept"
        return Text(
            f"{sv} {number} är redan {settled.sv} här, med {payments.sv}, som behålls här men är "
            f"ändrad i {SOURCE.sv}. Ta tillbaka att {which.sv} behålls, läs in igen och godkänn "
            "ändringen",
            f"{en} {number} is {settled.en} already here, by {payments.en}, which is kept here but "
            f"was changed in {SOURCE.en}. Take back that {which.en} {is_kept}, import again and "
            "accept the change",
        )
    cause = Text(
        "redan betald här, och en kredit kan inte användas på en betald faktura: kunden har "
        "beloppet till godo",
        "paid already here, and a credit cannot be used on a paid invoice: the customer is owed "
        "the amount",
    )
    if credit:
        cause = Text(
            "redan reglerad här, så ingenting av den återstår att kvitta",
            "settled already here, so that nothing of it remains",
        )
    return Text(
        f"{sv} {number} är {cause.sv}. Ångra kvittningen i {SOURCE.sv}, eller ta bort den "
        f"betalning som inte ska finnas, i {SOURCE.sv} eller här, och läs in igen",
        f"{en} {number} is {cause.en}. Undo the settlement in {SOURCE.en}, or delete the payment "
        f"that should not exist, in {SOURCE.en} or here, and import again",
    )


def deleted_at_source(
    number: str, day: str, amount: Text, invoice: str, successors: Sequence[Successor] = ()
) -> Text:
    """Return the warning about a registered payment that was deleted at its source.

    :param successors: what may have come in its place.
    """
    if successors:
        sv, en = _first_few([_named_successor(successor) for successor in successors])
        return Text(
            f"Betalning {number} ({amount.sv}, {day}) på faktura {invoice} är registrerad här men "
            f"borttagen i {SOURCE.sv}. Den kan vara ersatt av {sv}: avgör det först. Tas bara "
            f"betalning {number} bort här ser en betald faktura obetald ut",
            f"Payment {number} ({amount.en}, {day}) on invoice {invoice} is registered here but "
            f"was deleted in {SOURCE.en}. It may have been replaced by {en}: decide about that "
            f"first. If only payment {number} is deleted here, a paid invoice looks unpaid",
        )
    return Text(
        f"Betalning {number} ({amount.sv}, {day}) på faktura {invoice} är registrerad här men "
        f"borttagen i {SOURCE.sv}, och ingen annan har kommit i dess ställe",
        f"Payment {number} ({amount.en}, {day}) on invoice {invoice} is registered here but was "
        f"deleted in {SOURCE.en}, and no other has come in its place",
    )


class MayExplain(NamedTuple):
    """Which payments of an invoice may explain that less remains at the source than here."""

    unsaved: bool = False
    deleted: bool = False  # here
    by_hand: bool = False  # registered here


_MAY_EXPLAIN = (  # in their order
    Text("inte är sparad", "is not saved"),
    Text("är borttagen", "is deleted"),
    Text("är registrerad för hand", "was registered by hand"),
)


class Successor(NamedTuple):
    """A payment that may have come in the place of one that was deleted at its source."""

    number: str
    invoice_number: str  # at the source
    deleted: bool  # here


def _named_successor(successor: Successor) -> Text:
    gone_sv, gone_en = (", borttagen här", ", deleted here") if successor.deleted else ("", "")
    return Text(
        f"betalning {successor.number} (faktura {successor.invoice_number}{gone_sv})",
        f"payment {successor.number} (invoice {successor.invoice_number}{gone_en})",
    )


def less_remains_at_source(
    invoice: str,
    remaining: Text,
    balance: Text | None,
    explained_by: MayExplain,
    totals: tuple[Text, Text] | None,
) -> Text:
    """Return the warning about an invoice that is settled at the source, but open here.

    :param balance: what remains there; ``None`` for an invoice that is cancelled there.
    :param totals: the invoice's total there and here, where that explains it all.
    """
    if balance is None:
        return Text(
            f"Faktura {invoice} är makulerad i {SOURCE.sv}, men här återstår {remaining.sv}. "
            "Påminn inte kunden; titta där",
            f"Invoice {invoice} is cancelled in {SOURCE.en}, but {remaining.en} remains here. "
            "Do not send a reminder; check there first",
        )
    if totals is not None:
        there, here = totals
        return Text(
            f"Av faktura {invoice} återstår {balance.sv} i {SOURCE.sv} men {remaining.sv} här: den "
            f"är på {there.sv} där men {here.sv} här. Påminn inte kunden innan det är rättat",
            f"Invoice {invoice} has {balance.en} left to pay in {SOURCE.en}, but {remaining.en} "
            f"here: its total is {there.en} there but {here.en} here. Do not send a reminder "
            "before that is corrected",
        )
    cause = _cause(explained_by)
    return Text(
        f"Av faktura {invoice} återstår {balance.sv} i {SOURCE.sv} men {remaining.sv} här. "
        f"{cause.sv} krediterad eller avskriven där, eller betald före tiden som läses. "
        "Påminn inte kunden innan du har tittat där",
        f"Invoice {invoice} has {balance.en} left to pay in {SOURCE.en}, but {remaining.en} here. "
        f"{cause.en} credited or written off there, or paid before the period that was read. Do "
        "not send a reminder before you have checked there",
    )


def _cause(explained_by: MayExplain) -> Text:
    kinds = [what for what, is_so in zip(_MAY_EXPLAIN, explained_by, strict=True) if is_so]
    if not kinds:
        return Text("Den är troligen", "It was probably")
    sv = _either([kind.sv for kind in kinds], "eller")
    en = _either([kind.en for kind in kinds], "or")
    return Text(
        f"En betalning som {sv} här kan förklara det; annars är den",
        f"A payment that {en} here may explain it; if not, it was",
    )


def _either(several: Sequence[str], word: str) -> str:
    *before, last = several
    return f"{', '.join(before)} {word} {last}" if before else last


def half_waits(settles: Text, refusal: Text) -> Text:
    return Text(
        f"{refusal.sv}. Ingen av dem sparas ensam. {settles.sv}",
        f"{refusal.en}. Neither is saved alone. {settles.en}",
    )


def other_half_waits(number: str, refusal: Text) -> Text:
    return Text(
        f"Den andra halvan, betalning {number}, kan inte sparas: {refusal.sv}",
        f"The other half, payment {number}, cannot be saved: {refusal.en}",
    )


#: Of the other half.
HALF_NOT_READY = Text(
    "den är inte godkänd, eller inte hämtad, än: godkänn den, eller läs in igen",
    "it is not accepted, or not fetched, yet: accept it, or import again",
)

#: Of a settlement of which the settings of the import exclude a half.
HALF_IGNORED = Text(
    "Inställningarna utelämnar den ena halvan av en kvittning: ändra Ignorera nummer före eller "
    "Ignorera betalningar före, så att båda kommer in, eller lägg undan dem och registrera dem "
    "för hand",
    "The settings leave out one half of a settlement: change Ignore numbers before or Ignore "
    "payments before, so that both come in, or set them aside and register them by hand",
)


def half_of_other_region(number: str, definition: str) -> Text:
    """Return what the half of a settlement waits for whose other half is another region's.

    :param definition: the import of that region.
    """
    return Text(
        f"Den andra halvan, betalning {number}, är på en faktura i en annan region: läs in och "
        f"spara {definition}, som registrerar den eller säger vad som hindrar den, och läs sedan "
        "in här igen",
        f"The other half, payment {number}, is of an invoice of another region: import and save "
        f"{definition}, which registers it or says what is in the way, and then import here again",
    )


def half_set_aside_there(number: str, definition: str) -> Text:
    """Return that the other half is set aside in the import of another region."""
    return Text(
        f"Den andra halvan, betalning {number}, är undanlagd i {definition}: ta tillbaka den där, "
        "eller lägg undan den här också",
        f"The other half, payment {number}, is set aside in {definition}: take it back there, or "
        "set this one aside, too",
    )


def half_waits_there(number: str, definition: str, refusal: Text) -> Text:
    """Return what the import of another region says of the other half."""
    return Text(
        f"Den andra halvan, betalning {number}, kan inte sparas i {definition}: {refusal.sv}",
        f"The other half, payment {number}, cannot be saved in {definition}: {refusal.en}",
    )


AMOUNT_UNKNOWN = Text(
    "Beloppet i fakturans valuta är inte känt; läs in betalningen på nytt",
    "The amount in the currency of the invoice is not known; read the payment again",
)


def invoice_not_found(number: str, ocr: str | None) -> Text:
    if not number:
        return Text(
            f"Fel vid inläsning av faktura: saknar faktura här med OCR {ocr}, eller har flera",
            f"Error loading invoice: no invoice here has the OCR {ocr}, or more than one",
        )
    return Text(
        f"Fel vid inläsning av faktura: saknar faktura här med nummer {number} eller samma OCR",
        f"Error loading invoice: no invoice here has number {number} or the same OCR",
    )


def of_other_region(definition: str) -> Text:
    """Return why a payment of another region's invoice is ignored.

    :param definition: the import of that region.
    """
    return Text(
        f"Fakturan hör till en annan region av samma företag: {definition} läser in betalningen",
        f"The invoice belongs to another region of the same company: {definition} imports the "
        "payment",
    )


def moved_to_other_region(definition: str, *, declined: bool) -> Text:
    """Return what becomes of a registered payment that now pays another region's invoice.

    :param definition: the import of that region.
    :param declined: whether it is set aside there, or what is registered is kept there.
    """
    if declined:
        return Text(
            "Fakturan hör till en annan region av samma företag, och ändringen är undanlagd eller "
            f"behållen i {definition}: ta tillbaka det där, läs in där och godkänn ändringen",
            "The invoice belongs to another region of the same company, and the change was set "
            f"aside or kept in {definition}: take that back there, import there and accept the "
            "change",
        )
    return Text(
        f"Fakturan hör till en annan region av samma företag: läs in {definition} och godkänn "
        "ändringen där",
        f"The invoice belongs to another region of the same company: import {definition} and "
        "accept the change there",
    )


def of_unsaved_region(definition: str) -> Text:
    """Return why a payment of another region's invoice waits while its import was never saved."""
    return Text(
        "Fakturan hör till en annan region av samma företag, och "
        f"{definition}, som läser in dess betalningar, har aldrig sparats: läs in och spara "
        f"{definition}",
        "The invoice belongs to another region of the same company, and "
        f"{definition}, which imports its payments, was never saved: import and save {definition}",
    )


def currency_differs(payment: str, invoice: str) -> Text:
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
ON_ACCOUNT = Template("{money} (konto {account})", "{money} (account {account})")
YES = Text("ja", "yes")
NO = Text("nej", "no")


def own_invoice_is_here(beside: str, own: str) -> Difference:
    """Return that a half of a settlement is registered on the other half's invoice."""
    what = Text(
        "faktura här (den egna fanns inte då)", "invoice here (its own was not here at that time)"
    )
    return Difference(what, Text(beside, beside), Text(own, own))


def in_words(differences: Iterable[Difference], sentence: Template) -> Text:
    return listed((sentence(**difference._asdict()) for difference in differences), "; ")


_CHANGE = Template(
    "{what} registrerat {registered}, nu {now}", "{what} registered {registered}, now {now}"
)


def changed(differences: Iterable[Difference]) -> Text:
    changes = in_words(differences, _CHANGE)
    return Text(
        f"Ändrad efter registreringen: {changes.sv}",
        f"Changed after it was registered: {changes.en}",
    )


def was_and_is(number: str, difference: Difference) -> Text:
    """Name a payment with a value that it had here, and the one that it has now."""
    return Text(
        f"{number} (var {difference.registered.sv}, nu {difference.now.sv})",
        f"{number} (was {difference.registered.en}, now {difference.now.en})",
    )


#: Said of a run that somebody found unfinished.
INTERRUPTED = Text(
    "Importen avbröts mitt i (programmet eller datorn stängdes av); ingenting sparades. Läs in "
    "igen.",
    "The import was interrupted (the program or the machine was shut down); nothing was saved. "
    "Import again.",
)
DEFAULT_REGION = Text("standardregionen", "the default region")
_ANY = Text("", "")


def payments(number: int, which: Text = _ANY) -> Text:
    """Count payments in words, as ``1 betalning`` and ``1 200 äldre betalningar``."""
    single = number == 1
    return Text(
        f"{count(number, 'sv')} {which.sv}{'betalning' if single else 'betalningar'}",
        f"{count(number, 'en')} {which.en}{'payment' if single else 'payments'}",
    )


def numbered(numbers: Sequence[str], *, begins: bool = False) -> Text:
    """Name payments by number, as ``betalning 2``: a bare 2 is read as a count.

    :param begins: a sentence begins with it.
    """
    which = some_of(numbers)
    sv, en = ("betalning", "payment") if len(numbers) == 1 else ("betalningarna", "payments")
    if begins:
        sv, en = sv.capitalize(), en.capitalize()
    return Text(f"{sv} {which}", f"{en} {which}")


def not_there(numbers: Sequence[str]) -> Text:
    """Say that payments are no longer where they came from."""
    which, single = numbered(numbers, begins=True), len(numbers) == 1
    verb, they = ("is", "it") if single else ("are", "they")
    return Text(
        f"{which.sv} finns inte längre där {'den' if single else 'de'} kom ifrån.",
        f"{which.en} {verb} no longer there where {they} came from.",
    )


def registered(number: int) -> Text:
    counted = payments(number)
    if number == 1:
        return Text(f"{counted.sv} är registrerad.", f"{counted.en} is registered.")
    return Text(f"{counted.sv} är registrerade.", f"{counted.en} are registered.")


def named_import(definition: str, user: str, at: datetime) -> Text:
    """Name an import that was not saved."""
    when = minute(at)
    return Text(
        f"{definition}, gjord av {user} {when},", f"{definition}, made by {user} on {when},"
    )


def named_save(definition: str, user: str, at: datetime) -> Text:
    when = minute(at)
    return Text(
        f"{definition}, sparad av {user} {when},", f"{definition}, saved by {user} on {when},"
    )


def registered_again(number: int, sek: Decimal) -> Text:
    """Return how many payments of a save that was undone are registered again, and their SEK."""
    counted = payments(number)
    return Text(
        f"{counted.sv}, {money(sek, 'sv')} SEK, gäller igen.",
        f"{counted.en}, {money(sek, 'en')} SEK, {'is' if number == 1 else 'are'} registered again.",
    )


#: The title of the payments of a save that was undone; some may have been deleted before.
SAVE_UNDONE = Text("Sparade (sparningen är ångrad)", "Saved (the save is undone)")


def saved_then_partly_undone(number: int) -> Text:
    """Return the title of the payments of an undone save, this many of them registered again."""
    return Text(
        f"Sparade, sedan delvis ångrade ({count(number, 'sv')} gäller igen)",
        f"Saved, then partly undone ({count(number, 'en')} registered again)",
    )


class Restored(Protocol):
    """A payment that is registered again, with the save that it is of."""

    @property
    def number(self) -> str: ...
    @property
    def definition(self) -> str: ...
    @property
    def saved_at(self) -> datetime: ...
    @property
    def saved_by(self) -> str: ...
    @property
    def undone_at(self) -> datetime | None: ...


def saves_of_restored(payments: Iterable[Restored]) -> Text | None:
    """Name payments that are registered again, by the save that they are of."""
    of_save: dict[tuple[datetime, str, str, datetime | None], list[str]] = {}
    for payment in payments:
        key = (payment.saved_at, payment.definition, payment.saved_by, payment.undone_at)
        of_save.setdefault(key, []).append(payment.number)
    sentences = []
    for (saved_at, definition, saved_by, undone_at), numbers in of_save.items():
        saved, single = minute(saved_at), len(numbers) == 1
        which = numbered(numbers, begins=True)
        text = Text(
            f"{which.sv} är från sparningen av {definition} {saved} ({saved_by}).",
            f"{which.en} {'is' if single else 'are'} from the save of {definition} on {saved} "
            f"({saved_by}).",
        )
        if undone_at is not None:
            undone = minute(undone_at)
            text = Text(
                f"{text.sv[:-1]}, som ångrades {undone}: ångra den igen om "
                f"{'den' if single else 'de'} inte ska gälla.",
                f"{text.en[:-1]}, which was undone on {undone}: undo it again if "
                f"{'it' if single else 'they'} should not count.",
            )
        sentences.append(text)
    return joined(sentences)


def save_undone(
    number: int,
    restored: int = 0,
    forgotten: Sequence[str] = (),
    restored_payments: Iterable[Restored] = (),
) -> Text:
    """Say what became of a save that was undone, and of what was to be taken again of others.

    :param forgotten: their payment numbers.
    :param restored_payments: those of imports, with their saves.
    """
    counted, again, others = payments(number), payments(restored), payments(len(forgotten))
    which = numbered(forgotten)
    are = "är borttagen" if number == 1 else "är borttagna"
    sentences = [
        Text(
            f"Sparningen är ångrad: {counted.sv} {are}.",
            f"The save is undone: {counted.en} {'is' if number == 1 else 'are'} deleted.",
        )
    ]
    if restored:
        verb = "is" if restored == 1 else "are"
        sentences.append(
            Text(
                f"{again.sv} som den motbokade gäller igen.",
                f"{again.en} that it had reversed {verb} registered again.",
            )
        )
        named = saves_of_restored(restored_payments)
        if named is not None:
            sentences.append(named)
    if forgotten:
        sentences.append(
            Text(
                f"{others.sv} från andra ångrade sparningar, av samma fakturor, skulle tas in igen "
                f"och gör inte det längre: {which.sv}. Ta in dem igen om de ska in.",
                f"{others.en} of other undone saves, of the same invoices, were to be taken again "
                f"and no longer are: {which.en}. Take them again if they are to come in.",
            )
        )
    return listed(sentences, " ")


def not_read(number: int) -> Text:
    """Return the note about payments that are older than the settings ask for."""
    counted = payments(number, Text("äldre ", "older "))
    verb = "is" if number == 1 else "are"
    return Text(
        f"Därutöver finns {counted.sv}, som inte lästes enligt inställningarna.",
        f"In addition there {verb} {counted.en}, not read because of the settings.",
    )


def region_name(region: str) -> Text:
    """Name a region in a sentence; ``""`` is the default one."""
    return Text(f"region {region}", f"region {region}") if region else DEFAULT_REGION


_COUNTED = {
    "saved": Template("{n} sparade", "{n} saved"),
    "left": Template("{n} lämnade till en person", "{n} left for a person"),
    "rejected": Template("{n} kan inte sparas", "{n} cannot be saved"),
    "ignored": Template("{n} ignorerade", "{n} ignored"),
}
_COUNTED_OF_EXPORT = _COUNTED | {
    "saved": Template("{n} skickade", "{n} sent"),
    "rejected": Template("{n} kan inte skickas", "{n} cannot be sent"),
    "ignored": Template("{n} fanns redan", "{n} there already"),
}


def counted(counts: Mapping[str, int], *, export: bool = False) -> Text:
    """Return the counts of an unattended run in words, without zeros."""
    words = _COUNTED_OF_EXPORT if export else _COUNTED
    return listed(sentence(n=counts[key]) for key, sentence in words.items() if counts.get(key))
