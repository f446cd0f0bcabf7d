"""Why an item is not exported, or what is missing in Fortnox: one row a code.

The codes are stable; see the tables in docs/exports.md. The messages of all exports are here, with
placeholders for the words of each. A gap concerns all items that need it, a refusal one item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, Rejected, filled
from opter_fortnox_plugin.exports.outcomes import Document, Outcome, refusal_text
from opter_fortnox_plugin.exports.texts import MAX_ROWS, amount_in_words, is_refused
from opter_fortnox_plugin.fortnox.fields import MAX_NUMBER

COMMON_GAPS: Final[Mapping[str, Text]] = {
    "ACCOUNT_UNKNOWN": Text(
        "Konto {what} finns inte i Fortnox kontoplan för året. Lägg upp kontot i Fortnox, eller "
        "ändra konteringen.",
        "Account {what} is not in Fortnox's chart of accounts of the year. Add the account in "
        "Fortnox, or change the account coding.",
    ),
    "ACCOUNT_INACTIVE": Text(
        "Konto {what} är inaktivt i Fortnox. Gör det aktivt där, eller ändra konteringen.",
        "Account {what} is inactive in Fortnox. Make it active there, or change the account "
        "coding.",
    ),
    "CURRENCY_UNKNOWN": Text(
        "Valutan {what} finns inte i Fortnox. Lägg upp den i Fortnox, under Inställningar och "
        "Valutor.",
        "The currency {what} is not in Fortnox. Add it in Fortnox, under Settings and Currencies.",
    ),
    "FINANCIAL_YEAR_MISSING": Text(
        "Det finns inget räkenskapsår i Fortnox för {what}. Lägg upp räkenskapsåret i Fortnox.",
        "There is no financial year in Fortnox for {what}. Add the financial year in Fortnox.",
    ),
    "PERIOD_LOCKED": Text(
        "Fortnox är låst till och med {what}. Lås upp perioden i Fortnox, eller ändra {items} "
        "datum.",
        "Fortnox is locked up to and including {what}. Unlock the period in Fortnox, or change "
        "the date of {item}.",
    ),
}

COMMON_REFUSALS: Final[Mapping[str, Text]] = {
    "TOTAL_DIFFERS": Text(
        "Totalen blir {theirs} i Fortnox men är {ours} här. {cause}",
        "The total becomes {theirs} in Fortnox but is {ours} here. {cause}",
    ),
    "CONTENT_DIFFERS": Text(
        "Fortnox gjorde något annat av {item} (här / i Fortnox): {what}. Rätta {item} i "
        "Fortnox, och kontrollera inställningarna där.",
        "Fortnox made something else of {item} (here / in Fortnox): {what}. Correct {item} in "
        "Fortnox, and check the settings there.",
    ),
    "TOO_MANY_ROWS": Text(
        "{Item} blir {count} rader, och Fortnox tar högst 500. Dela upp {item}.",
        "{Item} becomes {count} rows, and Fortnox takes at most 500. Split {item}.",
    ),
    "AMOUNT_TOO_LARGE": Text(
        "{Item} har beloppet {amount}. Så stora belopp skickas inte: 13 siffror före decimalerna "
        "är det största. Rätta beloppet.",
        "{Item} has the amount {amount}. Amounts as large are not sent: 13 digits before the "
        "decimals are the largest. Correct the amount.",
    ),
    "PDF_NOT_USABLE": Text(
        "{Item} är skickad, men bilagan är ingen PDF, eller större än 5 MB, så den bifogades inte.",
        "{Item} is sent, but its document is no PDF, or larger than 5 MB, so it was not attached.",
    ),
    "PDF_NOT_REPLACED": Text(
        "{Item} är uppdaterad, men har redan en bilaga i Fortnox. Byt den där om den är en annan.",
        "{Item} is updated, but has an attachment in Fortnox already. Replace it there if "
        "it is another.",
    ),
    "PDF_NOT_ATTACHED": Text(
        "{Item} är skickad, men dess PDF kunde inte bifogas. Exportera igen.",
        "{Item} is sent, but its PDF could not be attached. Export again.",
    ),
    "TEXT_REFUSED": Text(
        "Fortnox godtar inte tecknen i {what}. Ändra texten och exportera igen.",
        "Fortnox does not accept the characters in {what}. Change the text and export again.",
    ),
    "REFUSED_BY_FORTNOX": Text(
        "Fortnox godtog inte {item} (kod {code}). Orden från Fortnox står i exportloggen.",
        "Fortnox did not accept {item} (code {code}). Fortnox's words are in the export log.",
    ),
    "BOOKED_IN_FORTNOX": Text(
        "{Item} är bokförd i Fortnox och ändras inte. {correct}",
        "{Item} is booked in Fortnox and is not changed. {correct}",
    ),
    "UNREADABLE_IN_FORTNOX": Text(
        "{Item} finns i Fortnox men går inte att läsa där ({what}). Inloggningen kan "
        "sakna en rätt.",
        "{Item} is in Fortnox but cannot be read there ({what}). The login may lack a right.",
    ),
    "RESULT_UNKNOWN": Text(
        "Fortnox svarade inte, och det gick inte att fråga om {item} kom fram. Exportera igen: "
        "då frågas det först.",
        "Fortnox did not answer, and it could not be asked whether {item} arrived. Export "
        "again: it is asked first.",
    ),
    "NOT_SENT": Text(
        "Exporten avbröts innan den kom till {item}. Exportera igen.",
        "The export ended before it came to {item}. Export again.",
    ),
    "NOT_IN_FORTNOX": Text(
        "{Item} har exporterats men finns inte i Fortnox. Kontrollera att det är rätt företag.",
        "{Item} was exported but is not in Fortnox. Check that it is the right company.",
    ),
}

#: Remarks, which have no code of their own.
_REMARKS: Final[Mapping[str, Text]] = {
    "SAME_ORGANISATION": Text(
        "{Party} {several} i Fortnox har samma organisationsnummer. Är det samma, ge den numret "
        "{number} där eller {several} här.",
        "{Party} {several} in Fortnox has the same organisation number. If it is the same one, "
        "give it the number {number} there or {several} here.",
    ),
    "OTHER_NUMBER_BEFORE": Text(
        "{ours} hade {party_number} {several} här förut, och det som är skickat står kvar på det i "
        "Fortnox. Är numret fel, ge {ours} {party_number} {several} igen.",
        "{ours} had the {party_number} {several} here before, and what is sent stays on it in "
        "Fortnox. If the number is wrong, give {ours} the {party_number} {several} again.",
    ),
    "NAME_DIFFERS": Text(
        "{Party} {number} heter {theirs} i Fortnox och {ours} här, och inget organisationsnummer "
        "visar att de är samma. Är de det, ge dem samma namn eller organisationsnummer här och i "
        "Fortnox; annars ge {party} ett annat {party_number} här.",
        "{Party} {number} is called {theirs} in Fortnox and {ours} here, and no organisation "
        "number shows that they are the same one. If they are, give both the same name or "
        "organisation number; otherwise give {party} another {party_number} here.",
    ),
    "VAT_NUMBER_DIFFERS": Text(
        "{Party} {number} har ett annat momsregistreringsnummer i Fortnox ({theirs}, här {ours}), "
        "och inget organisationsnummer visar att de är samma. Är de det, rätta numret som är fel; "
        "annars ge {party} ett annat {party_number} här.",
        "{Party} {number} has another VAT number in Fortnox ({theirs}, here {ours}), and no "
        "organisation number shows that they are the same one. If they are, correct the number "
        "that is wrong; otherwise give {party} another {party_number} here.",
    ),
    "THERE_OF_OTHER": Text(
        "{Item} finns redan i Fortnox, på {party_number} {number} ({theirs}), men räknas inte som "
        "den här.",
        "{Item} is in Fortnox already, with {party_number} {number} ({theirs}), but does not count "
        "as this one.",
    ),
    "NUMBER_OF_OTHER": Text(
        "{Party} {number} i Fortnox är {theirs} här, så {item} för {ours} {is_not_sent}. Ge "
        "{ours} ett annat {party_number}; är de samma, ska namn och organisationsnummer vara lika "
        "här och i Fortnox, eller utan organisationsnummer allt som båda har.",
        "{Party} {number} in Fortnox is {theirs} here, so {item} of {ours} {is_not_sent}. Give "
        "{ours} another {party_number}; if they are the same one, name and organisation number "
        "must be equal here and in Fortnox, or without an organisation number all that both have.",
    ),
}

#: Of a customer or supplier: their codes begin with which it is, as ``CUSTOMER_NOT_WRITTEN``.
_OF_PARTIES: Final[Mapping[str, Text]] = {
    "CONTRADICTS": Text(
        "{Party} {number} i Fortnox har ett annat organisationsnummer ({theirs}, här {ours}), så "
        "det är en annan. Ge {party} ett annat nummer, eller rätta organisationsnumret.",
        "{Party} {number} in Fortnox has another organisation number ({theirs}, here {ours}), so "
        "it is another one. Give {party} another number, or correct the organisation number.",
    ),
    "NUMBER_SHARED": Text(
        "{Parties} {codes} har samma {party_number} {number}. Ge dem varsitt; är de samma, ska "
        "namn och organisationsnummer vara lika.",
        "{Parties} {codes} have the same {party_number} {number}. Give each its own; if they are "
        "the same one, name and organisation number must be equal.",
    ),
    "NUMBER_TAKEN": Text(
        "Numret {number} är förbrukat i Fortnox: det har hört till någon annan, eller någon som är "
        "borttagen. Ge {party} ett annat nummer.",
        "The number {number} is used up in Fortnox: it belonged to another one, or to one that "
        "is deleted. Give {party} another number.",
    ),
    "NOT_WRITTEN": Text(
        "{Party} {number} kunde inte skrivas i Fortnox (kod {code}), så ingenting skickades för "
        "{party}. Rätta {party} och exportera igen.",
        "{Party} {number} could not be written to Fortnox (code {code}), so nothing was sent for "
        "{party}. Correct {party} and export again.",
    ),
}

#: What Fortnox's own codes of a refusal mean; from its error table.
OF_FORTNOX: Final[Mapping[int, str]] = {
    2000423: "ACCOUNT_UNKNOWN",
    2001304: "ACCOUNT_UNKNOWN",
    2000550: "ACCOUNT_INACTIVE",
    2000427: "CURRENCY_UNKNOWN",
    2004344: "CURRENCY_UNKNOWN",
    2000946: "COST_CENTER_DEMANDED",
    2000947: "COST_CENTER_UNKNOWN",
    2000401: "PERIOD_LOCKED",
    2002141: "PERIOD_LOCKED",
    2000359: "TEXT_REFUSED",
    2000106: "TEXT_REFUSED",
    2004167: "VAT_RATE_UNKNOWN",
    2000433: "CUSTOMER_NOT_THERE",
    2000204: "CUSTOMER_NOT_THERE",
}

#: The error of a customer number that is, or was, in use.
NUMBER_USED: Final = 2000637


#: What a refusal means for an item; the second, for one that is in Fortnox.
_IS_NOT_SENT: Final = Text("skickas inte", "is not sent")
IS_NOT_CHANGED: Final = Text("ändras inte i Fortnox", "is not changed in Fortnox")


class Problem(NamedTuple):
    """A code and message about an item."""

    code: str
    message: Text | None


class Problems:
    """The codes of one export with their messages.

    :ivar party: ``CUSTOMER`` or ``SUPPLIER``.
    :ivar texts: names the item and the party, whose texts are sent.
    """

    def __init__(
        self,
        party: str,
        words: Mapping[str, Text],
        gaps: Mapping[str, Text],
        refusals: Mapping[str, Text],
        remarks: Mapping[str, Text] = MappingProxyType({}),
    ) -> None:
        """Add this export's own codes, which override common ones.

        :param words: fill the placeholders of the messages.
        :param remarks: messages that replace that of a code in some cases.
        """
        self.party: Final = party
        self.texts: Final = Text(
            f"{words['item'].sv} eller {words['party'].sv}",
            f"{words['item'].en} or {words['party'].en}",
        )
        self._words = {**words, "is_not_sent": _IS_NOT_SENT, "sides": ""}
        party_refusals = {f"{party}_{code}": text for code, text in _OF_PARTIES.items()}
        self.gaps: Final = {**COMMON_GAPS, **gaps}
        self.refusals: Final = {**COMMON_REFUSALS, **party_refusals, **refusals}
        self._remarks = {**_REMARKS, **remarks}

    def __contains__(self, code: str) -> bool:
        return code in self.gaps or code in self.refusals

    def sentence(self, code: str, /, **details: object) -> Text:
        """Return the message of a code."""
        template = self.gaps.get(code) or self.refusals.get(code) or self._remarks[code]
        return filled(template, {**self._words, **details})

    def problem(self, code: str, /, **details: object) -> Problem:
        return Problem(code, self.sentence(code, **details))

    def text_problem(self, texts: Iterable[tuple[str, str]]) -> Problem | None:
        """Return the problem of the first text that Fortnox refuses, if any.

        :param texts: with the names of their fields.
        """
        refused = next((name for name, text in texts if is_refused(text)), None)
        return self.problem("TEXT_REFUSED", what=refused) if refused else None

    def row_count_problem(self, count: int) -> Problem | None:
        """Return the problem of too many rows, if there are."""
        return self.problem("TOO_MANY_ROWS", count=count) if count > MAX_ROWS else None

    def amount_problem(self, currency: str, amounts: Iterable[Decimal]) -> Problem | None:
        """Return the problem of an amount that could not be read back, if there is one."""
        large = next((amount for amount in amounts if abs(amount) >= MAX_NUMBER), None)
        if large is None:
            return None
        return self.problem("AMOUNT_TOO_LARGE", amount=amount_in_words(large, currency))

    def outcome(
        self,
        state: str,
        code: str,
        document: Document | None = None,
        /,
        *,
        rejected: Rejected | None = None,
        error: FortnoxError | None = None,
        **details: object,
    ) -> Outcome:
        """Return an outcome with the message of its code."""
        words = refusal_text(rejected) if rejected else ""
        return Outcome(state, document, code, self.sentence(code, **details), words, error)
