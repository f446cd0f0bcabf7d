"""The words of the pages, in Swedish and English.

The names of menus, windows, fields and buttons are the ones that users of such
a host know. Sentences about payments and errors are not here: they come from
the plug-in and from the other modules here.
"""

from __future__ import annotations

from hostsim.messages import exports as exports_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages.text import Template
from opter_contract.values import Text

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
        "Finns i det riktiga systemet. Simulatorn visar bara betalningsimporten och exporterna.",
        "Is in the real system. The simulator shows the payment import and the exports only.",
    ),
    "about": Text(
        "hostsim {version} efterbildar ett system som Opter, för att visa och prova "
        "insticksprogram för betalningsimport och export. Det hör inte till Opter AB eller "
        "Fortnox AB.",
        "hostsim {version} imitates a system like Opter, to show and try plug-ins for payment "
        "import and export. It is not affiliated with Opter AB or Fortnox AB.",
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
    "save_n": Text("Spara {count} betalningar, {total} kr", "Save {count} payments, {total} SEK"),
    "save_n_one": Text("Spara {count} betalning, {total} kr", "Save {count} payment, {total} SEK"),
    "all_are_saved": Text(
        "Alla ikryssade sparas, även de som sökningen döljer.",
        "All that are ticked are saved, also those that the search hides.",
    ),
    "save_this": Text("Spara betalning {number}", "Save payment {number}"),
    "save_all_shown": Text("Spara alla som visas", "Save all that are shown"),
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
    "date_ahead": Text(
        "Datumet har inte varit än. Skriv dagens datum eller ett tidigare.",
        "The date is in the future. Write today's date or an earlier one.",
    ),
    "nothing_read": Text(
        "Ingenting är inläst. Klicka på Läs fil längst ner till höger.",
        "Nothing is read. Press Read file at the bottom right.",
    ),
    "show_last_save": Text("Visa det som sparades senast ({name})", "Show the last save ({name})"),
    "ready": Text("Betalningar som kan sparas", "Payments that can be saved"),
    "ready_undone": Text("Betalningar i en ångrad sparning", "Payments of an undone save"),
    "ready_partly_undone": Text(
        "Sparade betalningar, delvis ångrade", "Saved payments, partly undone"
    ),
    "ready_saved": Text("Sparade betalningar", "Saved payments"),
    "rejected": Text("Betalningar som inte kan sparas", "Payments that cannot be saved"),
    "dealt_with_next": Text(
        "Hanteras när du läser in igen (Läs fil).", "Deal with them when you import again."
    ),
    "rejected_saved": Text("Betalningar som inte kunde sparas", "Payments that could not be saved"),
    "ignored": Text("Ignorerade enligt inställningarna", "Ignored because of the settings"),
    "payments": Text("Registrerade betalningar", "Registered payments"),
    "sum_read": Text("Lästa", "Read"),
    "sum_ready": Text("Kan sparas", "Can be saved"),
    "sum_ready_undone": payments_messages.SAVE_UNDONE,
    "sum_ready_partly_undone": Text("Sparade, sedan delvis ångrade", "Saved, then partly undone"),
    "sum_ready_saved": Text("Sparade", "Saved"),
    "sum_left": Text("Lämnas", "Left"),
    "sum_left_saved": Text("Lämnade", "Left"),
    "sum_rejected": Text("Kan inte sparas", "Cannot be saved"),
    "sum_ignored": Text("Ignorerade", "Ignored"),
    "nothing_registered": Text("Ingenting är registrerat än.", "Nothing is registered yet."),
    "saved_at": Text("Sparad", "Saved"),
    "undo_save": Text("Ångra hela sparningen", "Undo the whole save"),
    "does_undo": Text(
        "{n} betalningar tas bort här: de står kvar, märkta, och fakturorna får tillbaka beloppen.",
        "{n} payments are deleted here: they stay, marked, and the invoices get the amounts back.",
    ),
    "does_undo_one": Text(
        "En betalning tas bort här: den står kvar, märkt, och fakturan får tillbaka beloppet.",
        "One payment is deleted here: it stays, marked, and the invoice gets the amount back.",
    ),
    "offers_again": Text(
        "{n} betalningar erbjuds igen vid nästa import, och tas in med ett klick.",
        "The next import offers {n} payments again, and one press takes them.",
    ),
    "offers_again_one": Text(
        "En betalning erbjuds igen vid nästa import, och tas in med ett klick.",
        "The next import offers one payment again, and one press takes it.",
    ),
    "not_offered_again": Text(
        "Erbjuds inte igen, eftersom de är borttagna i {source}: {which}.",
        "Not offered again, since they were deleted in {source}: {which}.",
    ),
    "not_offered_again_one": Text(
        "Erbjuds inte igen, eftersom den är borttagen i {source}: {which}.",
        "Not offered again, since it was deleted in {source}: {which}.",
    ),
    "stays_of_save": Text(
        "Hör till sparningen men rörs inte: {which}.",
        "Belongs to the save but is not touched: {which}.",
    ),
    "stands_again": Text(
        "{n} betalningar som sparningen motbokade gäller igen.",
        "{n} payments that the save reversed are registered again.",
    ),
    "stands_again_one": Text(
        "Betalningen som sparningen motbokade gäller igen.",
        "The payment that the save reversed is registered again.",
    ),
    "forgets": Text(
        "{n} betalningar från andra ångrade sparningar, av samma fakturor, skulle tas in igen men "
        "är inte sparade än: {which}. De tas då inte in igen av sig själva; knappen för dem kommer "
        "tillbaka.",
        "{n} payments of other undone saves, of the same invoices, were to be taken again but are "
        "not saved yet: {which}. They will then not be taken by themselves; their button comes "
        "back.",
    ),
    "forgets_one": Text(
        "En betalning från en annan ångrad sparning, av samma faktura, skulle tas in igen men är "
        "inte sparad än: {which}. Den tas då inte in igen av sig själv; knappen för den kommer "
        "tillbaka.",
        "One payment of another undone save, of the same invoice, was to be taken again but is not "
        "saved yet: {which}. It will then not be taken automatically; its button comes back.",
    ),
    "kept_of_save": Text(
        "Det här hörde till sparningen men rördes inte: {which}.",
        "This belonged to the save but was not touched: {which}.",
    ),
    "partly_undone": Text("Sparningen är delvis ångrad.", "The save is partly undone."),
    "saved_by_at": Text("Sparad {at} av {who}", "Saved {at} by {who}"),
    "undone_by_at": Text("Ångrad {at} av {who}: {why}", "Undone {at} by {who}: {why}"),
    "undone": Text("Sparningen är ångrad.", "The save is undone."),
    "undone_before": Text(
        "Sparningen {saved} var redan ångrad, av {who} {at}: {why}. Ingenting mer ändrades.",
        "The save of {saved} was undone before, by {who} on {at}: {why}. Nothing more was changed.",
    ),
    "was_undone": Text(
        "Sparningen av {name} {saved} ({by}) ångrades av {who} {at}: {why}.",
        "The save of {name} on {saved} ({by}) was undone by {who} on {at}: {why}.",
    ),
    "earlier_save": Text("en tidigare sparning", "an earlier save"),
    "rejected_not_kept": Text(
        "Den här listan finns inte kvar: något har sparats efteråt. Det som fortfarande inte är "
        "sparat erbjuds vid varje import.",
        "This list is no longer there: something was saved after it. What still is not saved is "
        "offered at each import.",
    ),
    "show_waits_now": Text("Visa det som väntar nu", "Show what waits now"),
    "ignored_not_kept": Text(
        "Den här listan finns inte kvar. Det som inställningarna utelämnar läses igen när de "
        "ändras.",
        "This list is no longer there. What the settings exclude is read again when they change.",
    ),
    "take_all_again": Text("Ta in {n} betalningar igen", "Take {n} payments again"),
    "take_all_again_one": Text("Ta in betalningen igen", "Take the payment again"),
    "taken_again": Text(
        "{n} betalningar tas in igen när du sparar dem.",
        "{n} payments are taken again when you save them.",
    ),
    "taken_again_one": Text(
        "Betalningen tas in igen när du sparar den.",
        "The payment is taken again when you save it.",
    ),
    "taken_again_partly": Text(
        "{n} betalningar tas in igen: {now} när du sparar, resten när du har läst in igen.",
        "{n} payments are taken again: {now} when you save, the rest once you imported again.",
    ),
    "comes_when_read": Text(
        "{n} betalningar tas in igen: läs in igen (Läs fil), så kommer de. De som har ändrats "
        "avgör du på nytt.",
        "{n} payments are taken again: import again (Read file), and they come. Those that have "
        "changed are decided about again.",
    ),
    "comes_when_read_one": Text(
        "En betalning tas in igen: läs in igen (Läs fil), så kommer den. Har den ändrats avgör du "
        "den på nytt.",
        "One payment is taken again: import again (Read file), and it comes. If it has changed, it "
        "is decided about again.",
    ),
    "none_taken_again": Text(
        "Betalningen som skulle tas in igen kan inte sparas: {why}.",
        "The payment that was to be taken again cannot be saved: {why}.",
    ),
    "not_taken_again": Text(
        "Av {total} betalningar som skulle tas in igen kan {n} inte sparas: {why}.",
        "Of {total} payments that were to be taken again {n} cannot be saved: {why}.",
    ),
    "saved_already": Text(
        "Det är sparat redan; ingenting mer registrerades.",
        "It is saved already; nothing more was registered.",
    ),
    "saved_elsewhere": Text(
        "Listan har sparats sedan sidan visades. Så här blev det; ingenting ändras i den längre. "
        "Det som inte kunde sparas erbjuds igen när du läser in.",
        "The list was saved since the page was shown. This is what was saved; nothing in it "
        "changes any more. What could not be saved is offered again when you import.",
    ),
    "show_registered": Text("Visa dem i Betalningsregistrering", "Show them in Manual payments"),
    "open_previews": Text("Öppna inläsningar", "Open previews"),
    "import_running": Text("En import pågår: {name}.", "An import is running: {name}."),
    "show_it": Text("Visa den", "Show it"),
    # Lists.
    "filter_in": Text("Sök i {title}", "Search in {title}"),
    "all_codes": Text("Alla ({n})", "All ({n})"),
    "only": Text("Visa bara, i {title}", "Show only, in {title}"),
    "search": Text("Sök", "Search"),
    "clear": Text("Rensa", "Clear"),
    "about_list": Text("Vad {title} visar", "What {title} shows"),
    "excel": Text("Excel", "Excel"),
    "excel_of": Text("Exportera {title} till Excel", "Export {title} to Excel"),
    "export": Text("CSV", "CSV"),
    "also_in_files": Text("Står också i Excel och CSV", "Also in Excel and CSV"),
    "export_of": Text("Exportera {title} som CSV", "Export {title} as CSV"),
    "print": Text("Skriv ut", "Print"),
    "print_of": Text("Skriv ut {title}", "Print {title}"),
    "sum_of": Text("Summa av {n}", "Sum of {n}"),
    "sum_of_valid": Text("Summa av {n} som gäller", "Sum of {n} that count"),
    "sum_of_some": Text("Summa av {n} av {found}", "Sum of {n} of {found}"),
    "sum": Text("summa", "total"),
    "n_rows": Text("{n} st", "{n} rows"),
    # What a search found, for who hears the page.
    "shown_payments": Text("{found} betalningar visas.", "{found} payments are shown."),
    "shown_payments_one": Text("En betalning visas.", "One payment is shown."),
    "shown_invoices": Text("{found} fakturor visas.", "{found} invoices are shown."),
    "shown_invoices_one": Text("En faktura visas.", "One invoice is shown."),
    "shown_rows": Text("{found} rader visas.", "{found} rows are shown."),
    "shown_rows_one": Text("En rad visas.", "One row is shown."),
    "printed": Text("Utskriven", "Printed"),
    # What files are called.
    "file_ready": Text("betalningsimport-kan-sparas", "payment-import-can-be-saved"),
    "file_ready_saved": Text("betalningsimport-sparade", "payment-import-saved"),
    "file_ready_undone": Text("betalningsimport-angrade", "payment-import-undone"),
    "file_ready_partly_undone": Text(
        "betalningsimport-delvis-angrade", "payment-import-partly-undone"
    ),
    "file_undone": Text("angrad", "undone"),
    "file_rejected": Text("betalningsimport-kan-inte-sparas", "payment-import-cannot-be-saved"),
    "file_ignored": Text("betalningsimport-ignorerade", "payment-import-ignored"),
    "file_payments": Text("betalningsregistrering", "manual-payments"),
    "file_open": Text("oppna-fakturor", "open-invoices"),
    "file_decisions": Text("undanlagda-och-hanterade", "set-aside-and-dealt-with"),
    "file_runs": Text("importer", "imports"),
    "file_overview": Text("oversikt", "overview"),
    "print_whole": Text("Skriv ut alla med Skriv ut på sidan.", "Print all by Print on the page."),
    "no_rows": Text("Inga betalningar.", "No payments."),
    "no_match": Text("Ingen betalning stämmer med sökningen.", "No payment matches the search."),
    "rows": Text("{first}–{last} av {found}", "{first}–{last} of {found}"),
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
    "login_answered": Text("Svaret är mottaget", "The answer has arrived"),
    "login_goes_on": Text(
        "Du kan stänga fönstret. Sidan som du började på går vidare och visar hur det gick.",
        "You may close this window. The page that you began on goes on and shows how it went.",
    ),
    "login_unexpected": Text(
        "Det här svaret hör inte till en inloggning som pågår i den här webbläsaren, så ingenting "
        "har hänt. Stäng fönstret, och börja om på sidan om den inte har gått vidare.",
        "This answer does not belong to a login that is going on in this browser, so nothing "
        "happened. Close this window, and begin again on the page if it has not gone on.",
    ),
    "failed": Text("Importen gick inte att genomföra", "The import could not be done"),
    "stopped": Text("Importen avbröts", "The import was cancelled"),
    "not_done": Text("Det gick inte", "That was not possible"),
    "code": Text("Felkod", "Error code"),
    "for_support": Text("Uppgifter till support", "Details for support"),
    "internal_fault": Text(
        "Ett fel i programmet. Ingenting är sparat till hälften. Meddela den som sköter "
        "programmet, med uppgifterna nedan.",
        "A fault in the program. Nothing is partially saved. Tell whoever maintains the program, "
        "with the details below.",
    ),
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
    "stored": Text("Inställningarna är sparade.", "The settings are saved."),
    "unsaved": Text(
        "Det du har ändrat är inte sparat. Stänga ändå?",
        "Your changes are not saved. Close anyway?",
    ),
    "unsaved_typed": Text(
        "Det du har skrivit är inte sparat. Stänga ändå?",
        "What you typed is not saved. Close anyway?",
    ),
    "unsaved_read": Text(
        "Det du har ändrat är inte använt än. Stänga ändå?",
        "Your changes are not applied yet. Close anyway?",
    ),
    "preview_discarded": Text(
        "Det som var inläst gällde de tidigare inställningarna och är borta; läs in igen.",
        "What was read was of the former settings and is gone; import again.",
    ),
    "find_in_overview": Text("Sök bland alla {n} i Översikt", "Find one of all {n} in Overview"),
    "required": Text("måste fyllas i", "must be filled in"),
    "warning": Text("Varning", "Warning"),
    "error": Text("Fel", "Error"),
    "show_fields": Text("Visa fälten", "Show the fields"),
    "no_types": Text(
        "Inget insticksprogram läser in betalningar. Fråga den som sköter programmet.",
        "No plug-in imports payments. Ask whoever maintains the program.",
    ),
    "choose_format": Text(
        "Välj en betalningsimport i listan, eller skapa en ny med plustecknet.",
        "Choose a payment import in the list, or make a new one with the plus sign.",
    ),
    # Settings of the office.
    "office": Text("Kontorets inställningar", "Settings of the office"),
    "default_currency": Text("Standardvaluta", "Default currency"),
    "default_currency_help": Text("Importen kräver SEK.", "The import needs SEK."),
    "default_currency_other": Text(
        "Med {currency} går ingenting att läsa in eller spara.",
        "With {currency} nothing can be imported or saved.",
    ),
    "accepted_deviation": Text("Accepterad fakturaavvikelse", "Accepted invoice deviation"),
    "accepted_deviation_help": Text(
        "SEK. Saknas högst så här mycket skrivs resten av.",
        "SEK. If at most this is missing, the rest is written off.",
    ),
    # Betalningsregistrering.
    "of_save": Text("Bara sparningen {at}", "Only the save of {at}"),
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
    "total": Text("Totalt", "Total"),
    "remaining": Text("Återstår", "Remaining"),
    "invoice_date": Text("Fakturadatum", "Invoice date"),
    "due_date": Text("Förfallodatum", "Due date"),
    "due": Text("förfaller", "due"),
    "period": Text("Fakturaperiod", "Invoice period"),
    "payments_of_invoice": Text("Fakturans betalningar", "Payments of the invoice"),
    "origin_number": Text("Nummer", "Number"),
    "origin_source": Text("Källa", "Source"),
    "origin_run": Text("Import", "Import"),
    "origin_time": Text("Registrerad", "Registered"),
    "never_back": Text(
        "Det som kom därifrån ska aldrig bokföras tillbaka dit.",
        "What came from there must never be booked back there.",
    ),
    "date_form": Text("ÅÅÅÅ-MM-DD", "YYYY-MM-DD"),
    "calendar": Text("Välj {label} i en kalender", "Choose {label} in a calendar"),
    # Öppna fakturor.
    "open_invoices": Text("Öppna fakturor", "Open invoices"),
    "open_title": Text("Det som återstår att betala", "What remains to be paid"),
    "open_help": Text(
        "Sök på kund, belopp, OCR eller flera ord.",
        "Search by customer, amount, OCR or several words.",
    ),
    "no_open_invoices": Text("Ingenting återstår att betala.", "Nothing remains to be paid."),
    "pay_this": Text("Ny betalning av faktura {number}", "New payment of invoice {number}"),
    "find_invoice_help": Text(
        "Fakturans nummer, eller kund, belopp eller OCR att söka efter.",
        "The number of the invoice, or a customer, an amount or an OCR to look for.",
    ),
    "did_you_mean": Text("Vilken faktura?", "Which invoice?"),
    "more_open": Text("Visa alla {n}", "Show all {n}"),
    # Deciding.
    "action": Text("Åtgärd", "Action"),
    "decide": Text("Hantera …", "Deal with …"),
    "undo": Text("Ångra …", "Undo …"),
    "take_back": Text("Ta tillbaka", "Take back"),
    "act_on": Text("{act} betalning {number}", "{act} payment {number}"),
    "take_back_of": Text("Ta tillbaka {what}", "Take back {what}"),
    "n_set_aside": Text("{n} undanlagda", "{n} set aside"),
    "decide_title": Text("Betalning {number}", "Payment {number}"),
    "reason": Text("Orsak", "Reason"),
    "decided_now": Text("Avgjort", "Decided"),
    "both_values": Text("Båda värdena", "Both values"),
    "registered_here": Text("Registrerat här", "Registered here"),
    "was_here": Text("Var registrerat här", "Was registered here"),
    "by_hand_here": Text("Registrerad för hand", "Registered by hand"),
    "import_here": Text(
        "Registrerad genom importen {name} ({type}, betalning {number})",
        "Registered through the import {name} ({type}, payment {number})",
    ),
    "registered_by": Text("Sparad av", "Saved by"),
    "there_now": Text("I {name} nu", "In {name} now"),
    "what_to_do": Text("Vad ska göras?", "What is to be done?"),
    "choose_one": Text("Välj vad som ska göras.", "Choose what is to be done."),
    "choose_confirm": Text("Bekräfta", "Confirm"),
    "does_confirm": Text(
        "Det är en annan betalning. Den registreras när du sparar, om något återstår att betala.",
        "It is another payment. It is registered when you save, if something remains to pay.",
    ),
    "choose_take_again": Text("Ta in igen", "Take again"),
    "does_take_again": Text(
        "Borttagningen var ett misstag. Den registreras när du sparar, om något återstår att "
        "betala.",
        "The deletion was a mistake. It is registered when you save, if something remains to pay.",
    ),
    "choose_accept": Text("Godkänn ändringen", "Accept the change"),
    "does_accept": Text(
        "När du sparar motbokas den registrerade betalningen och registreras på nytt. Båda syns.",
        "When you save, the registered payment is reversed and registered again. Both are visible.",
    ),
    "read_first": Text(
        "Den är från en tidigare inläsning och hämtades inte på nytt i den här: läs in igen "
        "(Läs fil) när du har valt, så hämtas den och kan sparas.",
        "It is of an earlier import, and was not fetched again in this one: import again "
        "(Read file) once you chose; it is fetched then and can be saved.",
    ),
    "choose_replace": Text("Ersätt den borttagna", "Replace the deleted one"),
    "does_replace": Text(
        "När du sparar motbokas den som är borttagen där, och den här registreras. Båda syns.",
        "When you save, the one that was deleted there is reversed, and this one is registered. "
        "Both are visible.",
    ),
    "choose_advance": Text("Ta in den som förskott", "Take it as an advance"),
    "does_advance": Text(
        "När du sparar registreras den på fakturan, och kunden har så mycket till godo.",
        "When you save, it is registered on the invoice, and the customer has that much in credit.",
    ),
    "choose_settle": Text("Registrera krediten", "Register the credit"),
    "does_settle": Text(
        "När du sparar registreras båda halvorna: inga pengar kom in, och det som kvittades "
        "återstår inte längre.",
        "When you save, both halves are registered: no money came in, and what was settled no "
        "longer remains.",
    ),
    "discrepancies": Text("Stämmer inte med {name}", "Differs from {name}"),
    "delete_it_here": Text("Ta bort den här också", "Delete it here, too"),
    "choose_keep": Text("Behåll det registrerade", "Keep what is registered"),
    "does_keep": Text("Ingenting ändras här.", "Nothing changes here."),
    "choose_set_aside": Text("Lägg undan", "Set aside"),
    "does_set_aside": Text(
        "Den ligger bland det ignorerade tills den kan sparas eller du tar tillbaka den, också om "
        "den tas bort där den kom ifrån.",
        "It stays among the ignored until it can be saved or you take it back, also if it is "
        "deleted where it came from.",
    ),
    "choose_series": Text("Lägg undan en hel serie", "Set a whole series aside"),
    "does_series": Text(
        "Alla betalningar av de här fakturanumren som inte möter en faktura här.",
        "Every payment of these invoice numbers that meets no invoice here.",
    ),
    "choose_take_back": Text("Ta tillbaka det som är avgjort", "Take back what was decided"),
    "does_take_back": Text("Betalningen bedöms på nytt.", "The payment is judged again."),
    "choose_take_back_series": Text("Ta tillbaka hela serien", "Take the whole series back"),
    "does_take_back_series": Text(
        "Alla betalningar i serien bedöms på nytt.",
        "Every payment of the series is judged again.",
    ),
    "nothing_to_do": Text("Ingenting behöver göras.", "Nothing has to be done."),
    "first_invoice": Text("Från faktura", "From invoice"),
    "last_invoice": Text("till och med", "up to and including"),
    "series_of": Text("Fakturor {first}–{last}", "Invoices {first}–{last}"),
    "because": Text("Varför", "Why"),
    "because_help": Text("Sparas med ditt namn och tiden.", "Kept with your name and the time."),
    "decision_made": Text(
        "Betalning {number}: {what}. {became}{n} betalningar kan sparas nu.",
        "Payment {number}: {what}. {became}{n} payments can be saved now.",
    ),
    "decision_made_one": Text(
        "Betalning {number}: {what}. {became}{n} betalning kan sparas nu.",
        "Payment {number}: {what}. {became}{n} payment can be saved now.",
    ),
    "comes_when_saved": Text("Den registreras när du sparar. ", "It is registered when you save. "),
    "cannot_come": Text("Den kan inte sparas nu: {why}. ", "It cannot be saved now: {why}. "),
    "taken_again_otherwise": Text(
        "{n} betalningar har ett annat belopp än de hade här: {which}.",
        "{n} payments have another amount than they had here: {which}.",
    ),
    "taken_again_otherwise_one": Text(
        "En betalning har ett annat belopp än den hade här: {which}.",
        "One payment has another amount than it had here: {which}.",
    ),
    "series_is_set_aside": Text(
        "Fakturorna {first}–{last} är undanlagda. {n} betalningar är undanlagda nu.",
        "The invoices {first}–{last} are set aside. {n} payments are set aside now.",
    ),
    "series_is_set_aside_one": Text(
        "Fakturorna {first}–{last} är undanlagda. {n} betalning är undanlagd nu.",
        "The invoices {first}–{last} are set aside. {n} payment is set aside now.",
    ),
    "decision_taken_back": Text(
        "Återtaget. {n} betalningar kan sparas nu.", "Taken back. {n} payments can be saved now."
    ),
    "decision_taken_back_one": Text(
        "Återtaget. {n} betalning kan sparas nu.", "Taken back. {n} payment can be saved now."
    ),
    "decisions": Text("Undanlagda och hanterade", "Set aside and dealt with"),
    "decisions_title": Text("Vem, när och varför", "Who, when and why"),
    "decisions_help": Text(
        "Det som är undanlagt kommer fram igen så snart det kan sparas.",
        "What is set aside comes up again as soon as it can be saved.",
    ),
    "no_decisions": Text("Ingenting är avgjort.", "Nothing is decided."),
    "no_open_invoice": Text(
        "Ingen öppen faktura har det numret, eller stämmer med orden.",
        "No open invoice has that number, or matches the words.",
    ),
    "nothing_found": Text("Ingenting stämmer med sökningen.", "Nothing matches the search."),
    "not_in_force": Text("Gäller inte längre", "No longer in force"),
    "set_series_aside": Text("Lägg undan en serie", "Set a series aside"),
    # By hand.
    "by_hand": Text("för hand", "by hand"),
    "by_import": Text("från import", "from an import"),
    "all_origins": Text("Alla ursprung", "All origins"),
    "only_origin": Text("Visa bara betalningar med ursprung", "Show only payments with the origin"),
    "add_payment": Text("Ny betalning", "New payment"),
    "register_it": Text("Registrera", "Register"),
    "register_anyway": Text("Registrera ändå", "Register anyway"),
    "show_invoice": Text("Visa fakturan", "Show the invoice"),
    "doubtful": Text("Tveksamt", "Doubtful"),
    "doubtful_lead": Text(
        "Betalningen är inte registrerad. Läs det som är tveksamt, och tryck en gång till om det "
        "stämmer ändå.",
        "The payment is not registered. Read what is doubtful, and press once more if it is right "
        "all the same.",
    ),
    "amount_help": Text(
        "I fakturans valuta, till exempel 1\N{NO-BREAK SPACE}250,50; minustecken vid "
        "återbetalning.",
        "In the invoice's currency, such as 1250.50; a minus sign for a refund.",
    ),
    "rate_help": Text("Bara när fakturan inte är i SEK.", "Only where the invoice is not in SEK."),
    "rate_wrong": Text("Kursen ”{rate}” är inget tal.", "The rate “{rate}” is not a number."),
    "payment_added": Text(
        "Betalningen av faktura {number} är registrerad.",
        "The payment of invoice {number} is registered.",
    ),
    "payment_known": Text(
        "Betalningen av faktura {number} var registrerad redan; ingenting nytt är registrerat.",
        "The payment of invoice {number} was registered already; nothing new is registered.",
    ),
    "delete": Text("Ta bort", "Delete"),
    "delete_payment": Text("Ta bort betalningen", "Delete the payment"),
    "does_delete": Text(
        "Den står kvar i listan, märkt, och fakturan får tillbaka beloppet.",
        "It stays in the list, marked, and the invoice gets the amount back.",
    ),
    "does_delete_import": Text(
        "Den står kvar i listan, märkt, och fakturan får tillbaka beloppet. Vid nästa import "
        "erbjuds den igen, och kommer in bara om någon tar in den igen.",
        "It stays in the list, marked, and the invoice gets the amount back. The next import "
        "offers it again, and it comes in only if somebody takes it again.",
    ),
    "payment_deleted": Text(
        "Betalningen av faktura {number} är borttagen; den står kvar, märkt.",
        "The payment of invoice {number} is deleted; it stays, marked.",
    ),
    "imported_payment_deleted": Text(
        "Betalningen av faktura {number} är borttagen; den står kvar, märkt, och erbjuds igen vid "
        "nästa import.",
        "The payment of invoice {number} is deleted; it stays, marked, and is offered again by "
        "the next import.",
    ),
    "not_registered_now": Text(
        "Betalningen är inte registrerad längre: {state}.",
        "The payment is no longer registered: {state}.",
    ),
    "was_deleted": Text("Borttagen av {who} {at}", "Deleted by {who} on {at}"),
    "reversed_payment": Text("visa den som motbokas", "show the one that is reversed"),
    "ledger": Text("Exportfil för Fortnox", "Export file for Fortnox"),
    "ledger_help": Text(
        "Kundreskontrans betalningar som Fortnox inte har: de som är registrerade för hand.",
        "The payments of the sales ledger that Fortnox does not have: those registered by hand.",
    ),
    "in_the_file": Text("I filen", "In the file"),
    "n_payments": Text("{n} st, {sek} SEK", "{n}, {sek} SEK"),
    "left_out": Text("Utelämnade", "Excluded"),
    "left_out_help": Text(
        "Utelämnade är de som kom från Fortnox: bokförda dit igen vore kunden betald två gånger. "
        "Borttagna och motbokade är inte med.",
        "Excluded are those that came from Fortnox: booked back, the customer would have paid "
        "twice. Deleted and reversed ones are not in the file.",
    ),
    # One invoice.
    "why": Text("Fråga om en faktura", "Ask about an invoice"),
    "why_this": Text("Allt om faktura {number}", "All about invoice {number}"),
    "why_empty": Text(
        "Skriv ett fakturanummer: du ser dess betalningar, vad som blev av dem och vad som fattas.",
        "Write an invoice number: you see its payments, what became of them and what is missing.",
    ),
    "invoice": Text("Faktura", "Invoice"),
    "invoice_number": Text("Fakturanummer", "Invoice number"),
    "any": Text("[Alla]", "[All]"),
    "show": Text("Visa", "Show"),
    "to_do": Text("Att göra", "To do"),
    "here": Text("Här", "Here"),
    "decision": Text("Avgörande", "Decision"),
    "show_decision": Text("Visa vad som är avgjort", "Show what was decided"),
    "show_in_import": Text("Visa den i Betalningsimport", "Show it in Payment import"),
    "ask_now": Text("Fråga {name} nu", "Ask {name} now"),
    "asked_now": Text(
        "{name} är tillfrågat nu ({n} anrop). Ingenting registrerades.",
        "{name} was asked now ({n} requests). Nothing was registered.",
    ),
    "not_asked": Text(
        "Det som är känt här. Fråga {name} för att se hur det är nu; det kan kräva inloggning.",
        "What is known here. Ask {name} to see how it is now; that may need a login.",
    ),
    "asking": Text("Frågar om fakturan", "Asking about the invoice"),
    "nothing_kept": Text(
        "Ingenting registreras, och det som läses sparas inte.",
        "Nothing is registered, and what is read is not stored.",
    ),
    "question_failed": Text("Frågan gick inte att ställa", "The question could not be asked"),
    # Imports of the past.
    "runs": Text("Importer", "Imports"),
    "runs_title": Text("Importer, den senaste först", "Imports, the latest first"),
    "no_runs": Text("Ingenting är importerat än.", "Nothing was imported yet."),
    "show_run": Text("Visa importen {at}", "Show the import {at}"),
    "chosen_run": Text("Vald import", "Chosen import"),
    "run_state": Text("Läge", "State"),
    "chosen_save": Text("Vald sparning, sparad", "Chosen save, saved"),
    "began": Text("började", "began"),
    "made_by": Text("Gjord av", "Made by"),
    "finished": Text("Klar", "Finished"),
    "requests": Text("Anrop", "Requests"),
    "older_not_read": Text("Äldre, inte lästa", "Older, not read"),
    "counted": Text("Sammanställning", "Summary"),
    "kind": Text("Betalningar", "Payments"),
    "number_of": Text("Antal", "Number"),
    "settings_then": Text("Inställningar vid importen", "Settings at the import"),
    "show_lists": Text("Visa listorna", "Show the lists"),
    # Exports; words in braces are of what is exported, see messages/exports.py.
    "exports_page": Text("{Page}", "{Page}"),
    "item": Text("{Item}", "{Item}"),
    "export_items": Text("Exportera", "Export"),
    "exports": Text("{Compound}exporter", "{Compound} exports"),
    "export_name": Text("{Compound}export", "{Compound} export"),
    "edit_exports": Text("Redigera {compound}exporter", "Edit {compound} exports"),
    "new_export": Text("Ny {compound}export", "New {compound} export"),
    "export_type": Text("Exporttyp", "Export type"),
    "what_is_exported": Text("Exporterar", "Exports"),
    "export_settings": Text("{Compound}export - Inställningar", "{Compound} export - Settings"),
    "no_exports": Text(
        "Det finns ingen {compound}export än. Klicka på Exportera och skapa en med pennan.",
        "There is no {compound} export yet. Press Export and make one with the pencil.",
    ),
    "no_export_types": Text(
        "Inget insticksprogram exporterar det här. Fråga den som sköter programmet.",
        "No plug-in exports this. Ask whoever maintains the program.",
    ),
    "choose_export": Text(
        "Välj en {compound}export i listan, eller skapa en ny med plustecknet.",
        "Choose one of the {compound} exports, or make a new one with the plus sign.",
    ),
    "no_company_yet": Text(
        "bestäms när {the_items} skickas första gången",
        "decided when {the_items} are sent for the first time",
    ),
    "periods": Text("{Compound}perioder", "{Compound} periods"),
    "all_periods": Text("Visa alla perioder", "Show all periods"),
    "show_period": Text("Visa {items} i {month}", "Show {items} of {month}"),
    "items_of": Text("{Items} i {month}", "{Items} of {month}"),
    "no_items": Text("Inga {items} med rader.", "No {items} with rows."),
    "offered": Text("{n} {items} väntar på export.", "{n} {items} wait to be exported."),
    "offered_one": Text("{n} {item} väntar på export.", "{n} {item} waits to be exported."),
    "show_items": Text("Till {the_items}", "To {the_items}"),
    "which_items": Text("{Compound}nummer", "{Compound} numbers"),
    "all_waiting": Text("[Alla som väntar]", "[All that wait]"),
    "which_items_help": Text(
        "Tomt: nya och ändrade i stängda perioder, och de som inte är klara. Annars nummer med "
        "komma emellan.",
        "Empty: new and changed ones of closed periods, and those that are not settled. Otherwise "
        "numbers with commas between.",
    ),
    "exporting": Text("Exporterar {items}", "Exporting {items}"),
    "export_running": Text("En export pågår: {name}.", "An export is running: {name}."),
    "export_waits": Text(
        "Exporten {name} väntar på ditt svar.", "The export {name} waits for your answer."
    ),
    "sign_in_to_export": Text(
        "Logga in i fönstret som har öppnats. Exporten fortsätter här när du är klar.",
        "Sign in in the window that has opened. The export goes on here when you are done.",
    ),
    "export_progress": Text("Hur långt exporten har kommit", "How far the export has come"),
    "items_done": Text("Klara {items}", "Finished {items}"),
    "n_of": Text("{n} av {total}", "{n} of {total}"),
    "nothing_sent_yet": Text(
        "Ingenting skickas förrän du har sett vad som ska skickas och klickat på Skicka.",
        "Nothing is sent before you have seen what is to be sent and pressed Send.",
    ),
    "results_stored": Text(
        "Varje resultat skrivs ned så snart svaret kommer. Avbryter du är det som redan är skickat "
        "skickat.",
        "Each result is stored as soon as the answer comes. If you cancel, what was sent already "
        "is sent.",
    ),
    "export_failed": Text("Exporten gick inte att genomföra", "The export could not be done"),
    "export_stopped": Text("Exporten avbröts", "The export was cancelled"),
    "export_again": Text("Exportera igen", "Export again"),
    # What would be sent, and what became of it.
    "export_plan": Text("Förhandsvisning av exporten", "Preview of the export"),
    "export_result": Text("Exportens resultat", "Result of the export"),
    "counted_items": Text("Antal {items}", "Number of {items}"),
    "cards_changed": Text("{parties} läggs upp eller ändras", "{parties} are new or change"),
    "cards_changed_one": Text("{party} läggs upp eller ändras", "{party} is new or changes"),
    "gaps_open": Text("saker saknas", "things are missing"),
    "gaps_open_one": Text("sak saknas", "thing is missing"),
    "gaps_title": Text("Saknas, och måste åtgärdas först", "Missing, and to be corrected first"),
    "concerns": Text("Gäller {n} {items}: {numbers}", "Concerns {n} {items}: {numbers}"),
    "concerns_one": Text("Gäller {item} {numbers}", "Concerns {item} {numbers}"),
    "concerns_all": Text("Gäller alla {items}.", "Concerns all {items}."),
    "send_column": Text("Skicka", "Send"),
    "send_this": Text("Skicka {item} {number}", "Send {item} {number}"),
    "here_short": Text("här", "here"),
    "there_short": Text("i bokföringen", "in accounting"),
    "more_cards": Text("… och {n} {parties} till.", "… and {n} more {parties}."),
    "more_cards_one": Text("… och {n} {party} till.", "… and {n} more {party}."),
    # Bank details that change there, which a person confirms.
    "bank_field": Text("Uppgift", "Detail"),
    "bank_confirmation": Text("Bekräftelse", "Confirmation"),
    "bank_theirs": Text("Nu i {name}", "Now in {name}"),
    "bank_ours": Text("Nytt härifrån", "New from here"),
    "bank_meaning": Text(
        "När du har bekräftat och skickat går framtida betalningar till leverantören till det nya "
        "kontot. Kontrollera först att leverantören själv har begärt ändringen: ring ett nummer "
        "eller fråga en kontakt som du redan har, inte dem som står i begäran. Leverantörens "
        f"avräkningar väntar till dess. Bekräftelsen gäller i {exports_messages.CONFIRMED_HOURS} "
        "timmar.",
        "Once you have confirmed and sent, future payments to the supplier go to the new account. "
        "First check that the supplier itself asked for the change: call a number or ask a "
        "contact that you had before, not the ones in the request. The supplier's bills wait "
        f"until then. The confirmation is valid for {exports_messages.CONFIRMED_HOURS} hours.",
    ),
    "confirm_bank": Text("Bekräfta", "Confirm"),
    "confirm_bank_of": Text(
        "Bekräfta bankuppgifterna för {name}", "Confirm the bank details of {name}"
    ),
    "bank_confirmed_by": Text("Bekräftad av {who} {at}", "Confirmed by {who} on {at}"),
    "bank_not_changed": Text("Ändrades inte", "Not changed"),
    "bank_confirmed": Text(
        "Bankuppgifterna för {name} är bekräftade. De ändras när du skickar; bekräftelsen gäller "
        f"i {exports_messages.CONFIRMED_HOURS} timmar.",
        "The bank details of {name} are confirmed. They change when you send; the confirmation "
        f"is valid for {exports_messages.CONFIRMED_HOURS} hours.",
    ),
    "bank_waits": Text(
        "{n} {items} väntar på att bankuppgifter bekräftas, se överst.",
        "{n} {items} wait for bank details to be confirmed, see above.",
    ),
    "bank_waits_one": Text(
        "{n} {item} väntar på att bankuppgifter bekräftas, se överst.",
        "{n} {item} waits for bank details to be confirmed, see above.",
    ),
    "card_number": Text("{Party_number}", "{Party_number}"),
    "field": Text("Fält i bokföringen", "Field in accounting"),
    "field_there": Text("Står nu", "Now"),
    "field_ours": Text("Blir", "Becomes"),
    "sum_here": Text("Summa här", "Sum here"),
    "sum_there": Text("Summa i bokföringen", "Sum in accounting"),
    "count_again": Text("Räkna om", "Count again"),
    "gaps_hinder": Text(
        "{n} saker saknas för markerade {items}, se överst.",
        "{n} things are missing for ticked {items}, see above.",
    ),
    "gaps_hinder_one": Text(
        "{n} sak saknas för markerade {items}, se överst.",
        "{n} thing is missing for ticked {items}, see above.",
    ),
    "leave_out_gaps": Text("Lämna dem utanför", "Leave them out"),
    "nothing_to_send": Text("Ingenting är markerat som kan skickas.", "Nothing to send is ticked."),
    "waits_for_you": Text(
        "Ingenting är skickat än. Inloggningen väntar i högst 30 minuter.",
        "Nothing is sent yet. The login waits for 30 minutes at most.",
    ),
    "send_items": Text("Skicka {n} {items}, {sum}", "Send {n} {items}, {sum}"),
    "send_items_one": Text("Skicka {n} {item}, {sum}", "Send {n} {item}, {sum}"),
    "record_items": Text(
        "Skriv ned {n} {items} som redan finns i bokföringen",
        "Record {n} {items} already in accounting",
    ),
    "record_items_one": Text(
        "Skriv ned {n} {item} som redan finns i bokföringen",
        "Record {n} {item} already in accounting",
    ),
    "look_at": Text(
        "Kontrollera: {what}. Förklaringen står vid {the_item}.",
        "Look at this: {what}. The explanation is next to {the_item}.",
    ),
    "left_out_of_it": Text("{Items} som lämnades utanför", "{Items} that were left out"),
    # The log, and taking back.
    "export_log": Text("Exportlogg", "Export log"),
    "log_title": Text("Vem, när och vad, det senaste först", "Who, when and what, the last first"),
    "log_of_run": Text("Exportens logg", "Log of the export"),
    "no_log": Text("Ingenting är exporterat än.", "Nothing was exported yet."),
    "number_there": Text("Nummer i bokföringen", "Number in accounting"),
    "take_back_item": Text("Ta tillbaka {item} {number}", "Take back {item} {number}"),
    "does_take_back_item": Text(
        "{The_item} makuleras i {name}, om den inte är bokförd, och numret används inte igen. Är "
        "den bokförd ändras ingenting: gör då en {correction}.",
        "{The_item} is cancelled in {name}, unless it is booked, and its number is not used "
        "again. If it is booked nothing changes: make a {correction} then.",
    ),
    "taking_back": Text("Tar tillbaka {the_item}", "Taking {the_item} back"),
    "one_at_a_time": Text("Bara {the_item} berörs.", "Only {the_item} is concerned."),
    "taken_back": Text(
        "{Item} {number} är makulerad i {name}.", "{Item} {number} is cancelled in {name}."
    ),
    "take_back_failed": Text(
        "{The_item} gick inte att ta tillbaka", "{The_item} could not be taken back"
    ),
    # Everything at a glance, and schedules.
    "overview": Text("Översikt", "Overview"),
    "overview_title": Text("Importer och exporter", "Imports and exports"),
    "show_definition": Text("Visa {name}", "Show {name}"),
    "chosen_definition": Text("Vald import eller export", "Chosen import or export"),
    "no_definitions": Text(
        "Det finns ingen import eller export än. Skapa en under Inställningar.",
        "There is no import or export yet. Make one under Settings.",
    ),
    "n_fine": Text("{n} i ordning", "{n} fine"),
    "n_wait": Text("{n} väntar på en person", "{n} waiting for a person"),
    "n_failed": Text("{n} misslyckades, försöker igen", "{n} failed, trying again"),
    "n_paused": Text("{n} pausade", "{n} paused"),
    "n_paused_one": Text("{n} pausad", "{n} paused"),
    "n_to_run": Text("{n} ska köras", "{n} to be run"),
    "n_not_scheduled": Text("{n} utan schema", "{n} not scheduled"),
    "late": Text(
        "{n} skulle ha körts för mer än en timme sedan. Blir det inte färre, be den som sköter "
        "datorn se efter att scheman körs.",
        "{n} should have run more than an hour ago. If that does not change, ask whoever manages "
        "the machine to check that schedules are run.",
    ),
    "what_it_does": Text("Vad", "What"),
    "saves_alone": Text("Sparas av sig självt", "Saved by itself"),
    "sends_alone": Text("Skickas av sig självt", "Sent by itself"),
    "next_time": Text("Nästa gång", "Next time"),
    "not_until_resumed": Text("när du väljer Kör igen", "when you press Run again"),
    "last_time": Text("Senast", "Last time"),
    "came_to": Text("Blev", "Came to"),
    "waited_before": Text("Väntade före det", "Waited before that"),
    "failed_in_a_row": Text("Misslyckade i rad", "Failures in a row"),
    "not_scheduled_help": Text(
        "Körs bara när någon gör det. Med ett schema körs den av sig själv.",
        "Runs only when somebody does it. With a schedule it runs automatically.",
    ),
    "look_and_save": Text(
        "Inläsningen är öppen: titta på den, avgör det som inte kan sparas, och spara.",
        "The preview is open: look at it, decide what cannot be saved, and save.",
    ),
    "read_to_decide": Text(
        "Det som väntar erbjuds igen när du läser in: klicka på Läs fil.",
        "What waits is offered again when you import: press Read file.",
    ),
    "login_needed": Text(
        "Någon måste logga in. Gör det här, så står den på tur att köras igen. Är den inställd "
        "på att logga in varje gång, välj först en inloggning som varar:",
        "Somebody must sign in. Do it here, and it is due again. If it is set to sign in every "
        "time, first choose a login that lasts:",
    ),
    "login_may": Text(
        "Är det ordnat? Logga in här, så står den på tur att köras igen. Det den loggar in med "
        "väljs under:",
        "Is that done? Sign in here, and it is due again. What it signs in with is chosen under:",
    ),
    "sign_in_here": Text("Logga in", "Sign in"),
    "signing_in": Text("Loggar in", "Signing in"),
    "sign_in_alone": Text(
        "Logga in i fönstret som har öppnats. Sedan står den på tur att köras igen.",
        "Sign in in the window that has opened. Then it is due again.",
    ),
    "sign_in_running": Text("En inloggning pågår: {name}.", "A login is going on: {name}."),
    "only_login": Text("Ingenting läses in eller skickas nu.", "Nothing is imported or sent now."),
    "sign_in_progress": Text("Hur långt inloggningen har kommit", "How far the login has come"),
    "sign_in_failed": Text("Inloggningen gick inte att genomföra", "The login could not be done"),
    "sign_in_stopped": Text("Inloggningen avbröts", "The login was cancelled"),
    "signed_in": Text(
        "{name} är inloggad till {company} och står på tur att köras.",
        "{name} is signed in to {company} and is due.",
    ),
    "resume": Text("Kör igen", "Run again"),
    "resumed": Text(
        "{name} är inte pausad längre och står på tur att köras.",
        "{name} is no longer paused, and is due.",
    ),
    "resume_all": Text("Kör alla {n} pausade igen", "Run all {n} that are paused again"),
    "resumed_all": Text(
        "{n} är inte pausade längre och står på tur att köras.",
        "{n} are no longer paused, and are due.",
    ),
    "resumed_all_one": Text(
        "{n} är inte pausad längre och står på tur att köras.",
        "{n} is no longer paused, and is due.",
    ),
    "show_in_import_window": Text("Visa i Betalningsimport", "Show in Payment import"),
    "n_open_previews": Text("{n} öppna inläsningar", "{n} open previews"),
    "schedule": Text("Schema", "Schedule"),
    "schedule_of": Text("Schema för {name}", "Schedule of {name}"),
    "when": Text("När", "When"),
    "every_day": Text("Varje dag", "Every day"),
    "at_time": Text("klockan", "at"),
    "swedish_time": Text("svensk tid", "Swedish time"),
    "again_and_again": Text("Om och om igen", "Again and again"),
    "with_interval": Text("var", "every"),
    "unit": Text("Minuter eller timmar", "Minutes or hours"),
    "minutes": Text("minuter", "minutes"),
    "hours": Text("timmar", "hours"),
    "never": Text("Inget schema", "No schedule"),
    "never_help": Text("Körs bara när någon gör det.", "Runs only when somebody does it."),
    "saves_none": Text(
        "Ingenting; allt väntar på en person", "Nothing; everything waits for a person"
    ),
    "saves_green": Text(
        "Det som har en grön bock; resten väntar på en person",
        "What has a green tick; the rest waits for a person",
    ),
    "sends_green": Text(
        "Det som är nytt och utan tvekan; resten väntar på en person",
        "What is new and beyond doubt; the rest waits for a person",
    ),
    "daily_wrong": Text("Skriv en tid som 06:00.", "Write a time such as 06:00."),
    "every_wrong": Text(
        "Skriv ett helt tal, från 1 minut till 168 timmar.",
        "Write a whole number, from 1 minute to 168 hours.",
    ),
    "schedule_stored": Text(
        "Schemat är sparat: {name} körs {when}.", "The schedule is stored: {name} runs {when}."
    ),
    "schedule_removed": Text("{name} har inget schema.", "{name} has no schedule."),
    # Language.
    "other_language": Text("In English", "På svenska"),
}


def page_text(key: str, *, subject: str = exports_messages.INVOICES, **values: object) -> Text:
    """Return a text with values in it; the singular where ``n`` is 1 and there is one.

    :param subject: of the export that it is about.
    """
    if values.get("n") == 1 and f"{key}_one" in WORDS:
        key = f"{key}_one"
    return Template(*WORDS[key])(**{**exports_messages.WORDS[subject], **values})


def duration(seconds: float) -> str:
    """Write how long something takes, roughly: a person waits for it."""
    total = max(0, round(seconds))
    if total < 60:
        return f"{total} s"
    minutes, left = divmod(total, 60)
    return f"{minutes} min {left} s" if left else f"{minutes} min"
