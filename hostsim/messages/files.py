"""What is wrong or odd in a file of invoices, or of bills of subcontractors."""

from __future__ import annotations

from hostsim.messages.text import Template
from opter_contract.values import Text

NOT_UTF8 = Text("filen är inte UTF-8.", "the file is not UTF-8.")
NOT_JSON = Template(
    "filen är inte JSON (rad {line}, tecken {column}).",
    "the file is not JSON (line {line}, column {column}).",
)
NOT_A_LIST = Text(
    "filen ska vara en lista av objekt: [{…}, {…}].",
    "the file must be a list of objects: [{…}, {…}].",
)
NOT_AN_OBJECT = Text("ska vara ett objekt med fält: {…}.", "must be an object with fields: {…}.")
NO_ROWS = Text("ska vara en lista med minst en rad.", "must be a list of at least one row.")
TWICE = Text("står två gånger.", "is there twice.")
UNKNOWN_FIELD = Template(
    "fältet är okänt; fälten heter {known}.", "the field is unknown; the fields are called {known}."
)
MISSING = Text("saknas och måste anges.", "is missing and must be given.")
NOT_TEXT = Text("ska vara text, inom citattecken.", "must be text, within quotation marks.")
NOT_PRINTABLE = Text(
    "innehåller en radbrytning eller ett annat styrtecken; ta bort det.",
    "contains a line break or another control character; remove it.",
)
NO_TYPE = Text(
    "ska vara invoice, correction eller interest.", "must be invoice, correction or interest."
)
NO_TRUTH = Text("ska vara true eller false.", "must be true or false.")
NO_AMOUNT = Text(
    "är inget belopp; skriv det som text med högst två decimaler och punkt, till exempel "
    '"1250.50".',
    'is not an amount; write it as text with at most two decimals and a point, such as "1250.50".',
)
NO_RATE = Text(
    'är ingen kurs; skriv SEK för en enhet som text, till exempel "11.2345", eller null.',
    'is not a rate; write SEK for one unit as text, such as "11.2345", or null.',
)
RATE_OF_SEK = Text("ska vara null för SEK.", "must be null for SEK.")
NO_CURRENCY = Text(
    "ska vara en valuta i ISO 4217, till exempel SEK.", "must be an ISO 4217 currency, such as SEK."
)
NO_COUNTRY = Text(
    "ska vara två stora bokstäver, till exempel SE, eller tomt.",
    "must be two capitals, such as SE, or empty.",
)
NO_VAT_RATE = Text(
    'är ingen momssats; skriv en procentsats som "25", eller 0 % av ett slag som "0-eu".',
    'is not a VAT rate; write a percentage such as "25", or 0 % of a kind such as "0-eu".',
)
DUPLICATE = Text(
    "står redan tidigare i filen; varje nummer får bara stå en gång.",
    "is in the file already; each number may be there only once.",
)
CREDITS_NOTHING = Text(
    "anges bara för en rättelse (correction).", "is only given for a correction."
)
CREDITS_ITSELF = Text("är fakturan själv.", "is the invoice itself.")
CORRECTION_POSITIVE = Text(
    "en rättelse (correction) är negativ, men summan är större än noll.",
    "a correction is negative, but the sum is above zero.",
)
VAT_OF_NOTHING = Text(
    "momssatsen är 0 %, så momsen ska vara 0.", "the rate is 0 %, so the VAT must be 0."
)
SIGNS_DIFFER = Text(
    "momsen och nettot har olika tecken.", "the VAT and the net have different signs."
)
NEGATIVE_SIDE = Text(
    "är negativt; skriv beloppet utan minustecken på den andra sidan (debit eller credit).",
    "is negative; write the amount without the minus sign on the other side (debit or credit).",
)
TWO_SIDES = Text(
    "har både debit och credit; en av dem ska vara 0.00.",
    "has both debit and credit; one of them must be 0.00.",
)
NOT_THE_ROWS = Template(
    "är {total}, men raderna blir {rows} (debit minus credit).",
    "is {total}, but the rows come to {rows} (debit less credit).",
)
VAT_BEYOND_TOTAL = Template(
    "är {vat}, men ska ligga mellan 0.00 och summan {total}.",
    "is {vat}, but must be between 0.00 and the total, {total}.",
)
OTHER_CARD = Template(
    "{code} har andra uppgifter än i {first}; en leverantör ska ha samma uppgifter i hela filen.",
    "{code} has other details than in {first}; a supplier must have the same ones in all of the "
    "file.",
)
NO_BANKGIRO = Text(
    "är inget bankgironummer; skriv 7 eller 8 siffror som 5050-1055, eller lämna tomt. "
    "Kontrollsiffran måste stämma.",
    "is not a bankgiro number; write 7 or 8 digits such as 5050-1055, or leave it empty. The check "
    "digit must be right.",
)
NO_PLUSGIRO = Text(
    "är inget plusgironummer; skriv 2 till 8 siffror som 901950-6, eller lämna tomt. "
    "Kontrollsiffran måste stämma.",
    "is not a plusgiro number; write 2 to 8 digits such as 901950-6, or leave it empty. The check "
    "digit must be right.",
)
NO_IBAN = Text(
    "är inget IBAN; skriv det utan mellanslag som SE4550000000058398257466, eller lämna tomt. "
    "Kontrollsiffrorna måste stämma.",
    "is not an IBAN; write it without spaces such as SE4550000000058398257466, or leave it empty. "
    "The check digits must be right.",
)
NO_BIC = Text(
    "är ingen BIC; skriv 8 eller 11 stora bokstäver och siffror som ESSESESS, eller lämna tomt.",
    "is not a BIC; write 8 or 11 capitals and digits such as ESSESESS, or leave it empty.",
)
PDF_ELSEWHERE = Text(
    "ska ligga i samma mapp som filen, eller i en mapp i den.",
    "must be in the folder of the file, or in a folder below it.",
)
NO_PDF = Text("ska heta något på .pdf.", "must end with .pdf.")
#: The item is loaded anyway.
PDF_MISSING = Template(
    "filen {name} finns inte, så det finns inget dokument.",
    "there is no file {name}, so that there is no document.",
)
TOO_LONG = Template(
    "är för långt; högst {longest} tecken.", "is too long; at most {longest} characters."
)

#: Of an invoice that was loaded from JSON before, and from a table now.
LOST_ROWS = Text(
    "den hade rader, och filen har inga, så den exporteras inte mer; läs in den ur en JSON-fil.",
    "it had rows, and the file has none, so it is no longer exported; load it from a JSON file.",
)

#: Of such an invoice that was exported, or may have been.
LOST_ROWS_THERE = Text(
    "den hade rader, och filen har inga, så den ändras inte mer i bokföringen; läs in den ur en "
    "JSON-fil.",
    "it had rows, and the file has none, so that it is not changed in accounting any more; load it "
    "from a JSON file.",
)

#: Of such an invoice, where the table has another total.
OTHER_TOTAL = Template(
    "den är på {now} här men på {there} i bokföringen, och ändras inte där av det. Läs in den ur "
    "en JSON-fil och exportera den, eller ta tillbaka den.",
    "it is of {now} here but of {there} in accounting, and that does not change it there. Load it "
    "from a JSON file and export it, or take it back.",
)

#: Of such an invoice, where the table names another customer.
OTHER_CUSTOMER = Template(
    "den hör nu till kund {now}, förut {before}; är den redan exporterad ändras den inte av det. "
    "Läs in den ur en JSON-fil och exportera den, eller ta tillbaka den.",
    "it is of customer {now} now, before of {before}; if it is exported already, that does not "
    "change it. Load it from a JSON file and export it, or take it back.",
)
