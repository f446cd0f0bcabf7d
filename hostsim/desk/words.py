"""The words of the pages, in Swedish and English.

The names of menus, windows, fields and buttons are the ones that users of such
a host know. Sentences about payments and errors are not here: they come from
the plug-in and from :mod:`hostsim.texts`.
"""

from __future__ import annotations

from hostsim.texts import Text, say

WORDS: dict[str, Text] = {
    # The menu bar.
    "menu": Text("Menyrad", "Menu bar"),
    "file": Text("Arkiv", "File"),
    "register": Text("Register", "Register"),
    "order": Text("Order", "Order"),
    "economy": Text("Ekonomi", "Economy"),
    "settings": Text("Inställningar", "Settings"),
    "help": Text("Hjälp", "Help"),
    "not_here": Text(
        "Finns i det riktiga systemet. Simulatorn visar bara betalningsimporten.",
        "Is in the real system. The simulator shows the payment import only.",
    ),
    "about": Text(
        "hostsim {version} efterbildar ett system som Opter, för att visa och prova "
        "insticksprogram för betalningsimport. Det hör inte till Opter AB eller Fortnox AB.",
        "hostsim {version} imitates a system like Opter, to show and try plug-ins for payment "
        "import. It is not affiliated with Opter AB or Fortnox AB.",
    ),
    "sandbox": Text("Fortnox: sandlåda", "Fortnox: sandbox"),
    "sandbox_help": Text(
        "Fortnox här är en efterbildning på den här datorn, med ett påhittat åkeri.",
        "Fortnox here is an imitation on this machine, with an invented haulage company.",
    ),
    "night": Text("Låt en natt gå i sandlådan", "Let a night pass in the sandbox"),
    "night_passed": Text(
        "En natt har gått: Fortnox har fått nya betalningar, bokfört en och ändrat en som kan "
        "vara registrerad. Läs in igen.",
        "A night has passed: Fortnox got new payments, booked one, and changed one that may be "
        "registered. Import again.",
    ),
    "skip": Text("Hoppa till innehållet", "Skip to the content"),
    # Betalningsimport.
    "payment_import": Text("Betalningsimport", "Payment import"),
    "payment_register": Text("Betalningsregistrering", "Manual payments"),
    "read_file": Text("Läs fil", "Read file"),
    "save_payments": Text("Spara betalningar", "Save payments"),
    "file_format": Text("Filformat", "File format"),
    "edit_formats": Text("Redigera filformat", "Edit file formats"),
    "region": Text("Region", "Region"),
    "bank_account": Text("Bankkonto", "Bank account"),
    "date": Text("Datum", "Date"),
    "ok": Text("Ok", "Ok"),
    "cancel": Text("Avbryt", "Cancel"),
    "close": Text("Stäng", "Close"),
    "none": Text("[Ingen]", "[None]"),
    "default": Text("[Standard]", "[Default]"),
    "no_formats": Text(
        "Det finns inget filformat än. Skapa ett med pennan bredvid listrutan.",
        "There is no file format yet. Make one with the pencil beside the drop-down.",
    ),
    "nothing_read": Text(
        "Ingenting är inläst. Klicka på Läs fil längst ner till höger.",
        "Nothing is read. Press Read file at the bottom right.",
    ),
    "ready": Text("Betalningar som kan sparas", "Payments that can be saved"),
    "ready_saved": Text("Sparade betalningar", "Saved payments"),
    "rejected": Text("Betalningar som inte kan sparas", "Payments that cannot be saved"),
    "ignored": Text("Ignorerade enligt inställningarna", "Ignored because of the settings"),
    "payments": Text("Registrerade betalningar", "Registered payments"),
    "sum_read": Text("Lästa", "Read"),
    "sum_ready": Text("Kan sparas", "Can be saved"),
    "sum_ready_saved": Text("Sparade", "Saved"),
    "sum_rejected": Text("Kan inte sparas", "Cannot be saved"),
    "sum_ignored": Text("Ignorerade", "Ignored"),
    "not_read": Text(
        "Därutöver finns {n} äldre betalningar, som inte lästes enligt inställningarna.",
        "Beside these there are {n} older payments, not read because of the settings.",
    ),
    "gone": Text(
        "Finns inte längre där de kom ifrån: {numbers}.",
        "No longer there where they came from: {numbers}.",
    ),
    "nothing_registered": Text("Ingenting är registrerat än.", "Nothing is registered yet."),
    "saved": Text("{n} betalningar är registrerade.", "{n} payments are registered."),
    "show_registered": Text("Visa dem i Betalningsregistrering", "Show them in Manual payments"),
    "open_previews": Text("Öppna inläsningar", "Open previews"),
    "going_on": Text("En import pågår: {name}.", "An import is going on: {name}."),
    "show_it": Text("Visa den", "Show it"),
    # Lists.
    "filter": Text("Sök", "Search"),
    "filter_in": Text("Sök i {title}", "Search in {title}"),
    "all_codes": Text("Alla ({n})", "All ({n})"),
    "only": Text("Visa bara, i {title}", "Show only, in {title}"),
    "search": Text("Sök", "Search"),
    "clear": Text("Rensa", "Clear"),
    "export": Text("Exportera (CSV)", "Export (CSV)"),
    "export_of": Text("Exportera {title} (CSV)", "Export {title} (CSV)"),
    "no_rows": Text("Inga betalningar.", "No payments."),
    "no_match": Text("Ingen betalning stämmer med sökningen.", "No payment matches the search."),
    "rows": Text("{first}–{last} av {found}", "{first}–{last} of {found}"),
    "list_total": Text("summa {total} SEK", "total {total} SEK"),
    "previous": Text("Föregående sida", "Previous page"),
    "next": Text("Nästa sida", "Next page"),
    "pages_of": Text("Sidor i {title}", "Pages of {title}"),
    "page": Text("Sida {page} av {pages}", "Page {page} of {pages}"),
    "sort_by": Text("Sortera efter {column}", "Sort by {column}"),
    # Importing.
    "importing": Text("Läser in betalningar", "Reading payments"),
    "starting": Text("Startar …", "Starting …"),
    "stopping": Text("Avbryter …", "Cancelling …"),
    "sign_in": Text(
        "Logga in i fönstret som har öppnats. Importen fortsätter här när du är klar.",
        "Sign in in the window that has opened. The import goes on here when you are done.",
    ),
    "open_login": Text("Öppna inloggningen", "Open the login"),
    "no_window": Text("Öppnades inget fönster?", "Did no window open?"),
    "paste": Text(
        "Kom du inte tillbaka? Klistra in adressen som inloggningen slutade på:",
        "Did you not come back? Paste the address that the login ended at:",
    ),
    "paste_send": Text("Använd adressen", "Use the address"),
    "read_so_far": Text("Lästa betalningar", "Payments read"),
    "pages_read": Text("Lästa sidor", "Pages read"),
    "time_left": Text("Återstående tid", "Time left"),
    "unknown": Text("–", "–"),
    "progress": Text("Hur långt importen har kommit", "How far the import has come"),
    "nothing_saved": Text(
        "Ingenting registreras förrän du klickar på Spara betalningar.",
        "Nothing is registered before you press Save payments.",
    ),
    "window_title": Text("Inloggning", "Login"),
    "window_wait": Text(
        "Fönstret går strax vidare till inloggningen.", "This window soon goes on to the login."
    ),
    "failed": Text("Importen gick inte att genomföra", "The import could not be done"),
    "stopped": Text("Importen avbröts", "The import was cancelled"),
    "not_done": Text("Det gick inte", "That was not possible"),
    "code": Text("Felkod", "Error code"),
    "try_again": Text("Läs fil igen", "Read file again"),
    # Settings of an import.
    "import_settings": Text("Betalningsimport - Inställningar", "Payment import - Settings"),
    "formats": Text("Betalningsimporter", "Payment imports"),
    "new_format": Text("Ny betalningsimport", "New payment import"),
    "name": Text("Namn", "Name"),
    "import_type": Text("Importtyp", "Import type"),
    "import_format": Text("Importformat", "Import format"),
    "company": Text("Företag", "Company"),
    "no_company": Text(
        "bestäms när den första importen sparas", "decided when the first import is saved"
    ),
    "save": Text("Spara", "Save"),
    "save_all": Text("Spara alla ändringar", "Save all changes"),
    "stored": Text("Inställningarna är sparade.", "The settings are stored."),
    "required": Text("måste fyllas i", "must be filled in"),
    "warning": Text("Varning", "Warning"),
    "error": Text("Fel", "Error"),
    "show_fields": Text("Visa fälten", "Show the fields"),
    "no_types": Text(
        "Inget insticksprogram har registrerat någon importtyp. Kör hostsim plugins.",
        "No plug-in has registered an import type. Run hostsim plugins.",
    ),
    "choose_format": Text(
        "Välj en betalningsimport i listan, eller skapa en ny med plustecknet.",
        "Choose a payment import in the list, or make a new one with the plus sign.",
    ),
    # Settings of the office.
    "office": Text("Kontorets inställningar", "Settings of the office"),
    "default_currency": Text("Standardvaluta", "Default currency"),
    "default_currency_help": Text("Importen kräver SEK.", "The import needs SEK."),
    "accepted_deviation": Text("Accepterad fakturaavvikelse", "Accepted invoice deviation"),
    "accepted_deviation_help": Text(
        "SEK. Fattas högst så mycket skrivs det av i stället för att kallas delbetalning.",
        "SEK. If at most this is missing, it is written off instead of called a partial payment.",
    ),
    # Betalningsregistrering.
    "of_run": Text("Bara importen {at}", "Only the import {at}"),
    "show_all": Text("Visa alla", "Show all"),
    "tabs": Text("Flikar", "Tabs"),
    "tab_payment": Text("Betalning", "Payment"),
    "tab_invoice": Text("Faktura", "Invoice"),
    "tab_origin": Text("Ursprung", "Origin"),
    "choose_payment": Text("Välj en betalning i listan.", "Choose a payment in the list."),
    "chosen": Text("Vald betalning", "Chosen payment"),
    "show_payment": Text("Visa betalning {number}", "Show payment {number}"),
    "invoice_there": Text("Faktura där", "Invoice there"),
    "invoice_here": Text("Faktura här", "Invoice here"),
    "customer": Text("Kund", "Customer"),
    "customer_code": Text("Kundnummer", "Customer number"),
    "ocr": Text("OCR", "OCR"),
    "payment_date": Text("Betalningsdatum", "Payment date"),
    "amount": Text("Belopp", "Amount"),
    "amount_foreign": Text("Belopp i valutan", "Amount in the currency"),
    "rate": Text("Kurs (SEK för en enhet)", "Rate (SEK for one unit)"),
    "written_off": Text("Avskrivet", "Written off"),
    "by_deviation": Text("Accepterad avvikelse", "Accepted deviation"),
    "judgement": Text("Bedömning", "Judgement"),
    "warning_message": Text("Varningsmeddelande", "Warning message"),
    "invoice_total": Text("Fakturans belopp", "Total of the invoice"),
    "remaining": Text("Återstår", "Remaining"),
    "invoice_date": Text("Fakturadatum", "Invoice date"),
    "due_date": Text("Förfallodatum", "Due date"),
    "period": Text("Fakturaperiod", "Invoice period"),
    "closed": Text("stängd", "closed"),
    "open": Text("öppen", "open"),
    "payments_of_invoice": Text("Fakturans betalningar", "Payments of the invoice"),
    "origin_company": Text("Företag", "Company"),
    "origin_number": Text("Nummer", "Number"),
    "origin_source": Text("Källa", "Source"),
    "origin_run": Text("Import", "Import"),
    "origin_format": Text("Filformat", "File format"),
    "origin_user": Text("Användare", "User"),
    "origin_time": Text("Registrerad", "Registered"),
    "never_back": Text(
        "Det som kom därifrån ska aldrig bokföras tillbaka dit.",
        "What came from there must never be booked back there.",
    ),
    "date_form": Text("ÅÅÅÅ-MM-DD", "YYYY-MM-DD"),
    "calendar": Text("Välj {label} i en kalender", "Choose {label} in a calendar"),
    # Language.
    "language": Text("Språk", "Language"),
    "other_language": Text("In English", "På svenska"),
}


class Words:
    """The words of one language, as the templates ask for them."""

    def __init__(self, language: str) -> None:
        """Speak ``sv`` or ``en``."""
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """Give a word, with values in it."""
        text = say(WORDS[key], self.language)
        return text.format_map(values) if values else text


def duration(seconds: float) -> str:
    """Write how long something takes, roughly: a person waits for it."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
