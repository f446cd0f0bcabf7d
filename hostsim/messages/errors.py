"""Every error of the host: its code, who can act, and what to do."""

from __future__ import annotations

from opter_contract.values import Text

#: The sentence of every error, by who can act (see ``errors.EXIT_STATUS``) and by its code.
_SENTENCES: dict[str, dict[str, Text]] = {
    "usage": {
        "NO_DATABASE": Text(
            "Det finns ingen databas på {path}; skapa en, eller välj en som finns.",
            "There is no database at {path}; make one, or choose one that is there.",
        ),
        "DATABASE_EXISTS": Text(
            "Databasen {path} finns redan; använd den eller välj ett annat namn.",
            "The database {path} exists already; use it or choose another name.",
        ),
        "DATABASE_FOREIGN": Text(
            "Filen {path} är ingen databas från hostsim; välj en annan fil.",
            "The file {path} is not a hostsim database; choose another file.",
        ),
        "DATABASE_VERSION": Text(
            "Databasen {path} är gjord av en annan version av programmet, och den här kan inte "
            "läsa den; uppgradera programmet eller välj en annan fil.",
            "The database {path} was made by another version of the program, and this one cannot "
            "read it; upgrade the program or choose another file.",
        ),
        "DATABASE_UNREACHABLE": Text(
            "Databasen {path} kan inte öppnas eller skrivas: {why.sv}. Kontrollera mapp, "
            "rättigheter och ledigt utrymme.",
            "The database {path} cannot be opened or written: {why.en}. Check the folder, your "
            "rights and the free space.",
        ),
        "DATABASE_REPLACED": Text(
            "Filen {path} byttes ut medan programmet använde den; ingenting sparades. Avsluta "
            "programmet och starta det igen.",
            "The file {path} was replaced while the program used it; nothing was saved. End the "
            "program and start it again.",
        ),
        "BACKUP_EXISTS": Text(
            "Filen {path} finns redan och är orörd; välj ett annat namn, eller ersätt den med "
            "--replace.",
            "The file {path} exists already and was left as it is; choose another name, or replace "
            "it with --replace.",
        ),
        "BACKUP_HAS_LOG": Text(
            "Bredvid {path} ligger {log}, som skulle tas för en del av kopian. Ingenting är "
            "ändrat. Avsluta det som har {path} öppen; ligger {log} kvar, flytta bort den, eller "
            "öppna {path} själv som databas en gång om de två hör ihop.",
            "Next to {path} is {log}, which would be taken for a part of the copy. Nothing was "
            "changed. End what has {path} open; if {log} is still there, move it away, or open "
            "{path} itself as a database once where the two belong together.",
        ),
        "NO_BACKUP": Text(
            "{path} kan inte vara en säkerhetskopia: den saknas, är ingen vanlig fil eller är "
            "databasen själv. Ange en annan fil.",
            "{path} cannot be a backup: it is missing, not an ordinary file, or the database "
            "itself. Give another file.",
        ),
        "BOOKS_WENT_BACK": Text(
            "Insticksprogrammet {name} har andra ändringar av reskontran än databasen: en äldre "
            "fil har lagts tillbaka för hand. Det får inget mer innan någon gör reskontran ny för "
            "det: kopiera databasen och lägg tillbaka kopian.",
            "The plug-in {name} has other changes of the books than the database: an older file "
            "was put back by hand. It is sent nothing more until somebody makes the books new to "
            "it: make a backup of the database, and restore that.",
        ),
        "BACKUP_UNWRITABLE": Text(
            "Kopian {path} kan inte skrivas: {why.sv}. Inget med det namnet är ändrat. "
            "Kontrollera mapp, rättigheter och ledigt utrymme.",
            "The copy {path} cannot be written: {why.en}. Nothing of that name was changed. Check "
            "the folder, your rights and the free space.",
        ),
        "NOT_SCHEDULED": Text(
            "{name} har inget schema; gör ett först.",
            "{name} has no schedule; make one first.",
        ),
        "SETTING_UNKNOWN": Text(
            "Det finns ingen inställning som heter {key}; välj en av {known}.",
            "There is no setting called {key}; choose one of {known}.",
        ),
        "DEFINITION_UNKNOWN": Text(
            "Det finns {none.sv} som heter {name}; välj bland: {known}.",
            "There is {none.en} called {name}; choose one of: {known}.",
        ),
        "NO_DEFINITIONS": Text(
            "Det finns {none.sv} som heter {name}, och inget annat heller; skapa ett först.",
            "There is {none.en} called {name}, nor any other; make one first.",
        ),
        "EXPORT_UNKNOWN": Text(
            "Det finns ingen export som heter {name}; välj en av: {known}.",
            "There is no export called {name}; choose one of: {known}.",
        ),
        "NO_EXPORTS": Text(
            "Det finns ingen export som heter {name}, och ingen annan heller; skapa en först.",
            "There is no export called {name}, nor any other; make one first.",
        ),
        "EXPORT_TYPE_UNKNOWN": Text(
            "Det finns ingen exporttyp som heter {name} för {subject}; kända är: {known}. "
            "Kontrollera att insticksprogrammet är laddat.",
            "There is no export type called {name} for {subject}; known ones are: {known}. Check "
            "that the plug-in is loaded.",
        ),
        "EXPORT_WITHOUT_ROWS": Text(
            "Faktura {number} har inga rader och kan inte exporteras; läs in den ur en JSON-fil.",
            "Invoice {number} has no rows and cannot be exported; load it from a JSON file.",
        ),
        "NOT_EXPORTED": Text(
            "{Item.sv} {number} är inte exporterad med {name}, så det finns inget att ta tillbaka.",
            "{Item.en} {number} is not exported with {name}, so that there is nothing to take "
            "back.",
        ),
        "CORRECTION_EXPORTED": Text(
            "Faktura {number} rättas i bokföringen av {corrections.sv}, som skulle stå kvar där "
            "utan något att rätta. Ta tillbaka {corrections.sv} först, också om den är makulerad "
            "där; är den bokförd där, ska faktura {number} också bokföras.",
            "Invoice {number} is corrected in accounting by {corrections.en}, which would remain "
            "there with nothing to correct. Take back {corrections.en} first, also if it is "
            "cancelled there; if it is booked there, book invoice {number}, too.",
        ),
        "NOT_CANCELLED": Text(
            "{Item.sv} {number} är inte makulerad; varför står ovanför.",
            "{Item.en} {number} was not cancelled; the reason is above.",
        ),
        "DEFINITION_EXISTS": Text(
            "{The_definition.sv} {name} finns redan; ändra {the_definition.sv} eller välj ett "
            "annat namn.",
            "{The_definition.en} {name} exists already; change {the_definition.en} or choose "
            "another name.",
        ),
        "DEFINITION_NAME": Text(
            "Ange ett namn, på en rad och med högst 200 tecken.",
            "Give a name, on one line and of at most 200 characters.",
        ),
        "DEFINITION_NEEDED": Text(
            "Flera förhandsvisningar är öppna ({names}); säg vilken som ska sparas.",
            "Several previews are open ({names}); say which one is to be saved.",
        ),
        "IMPORT_TYPE_UNKNOWN": Text(
            "Det finns ingen importtyp som heter {name}; kända är: {known}. Kontrollera att "
            "insticksprogrammet är laddat.",
            "There is no import type called {name}; known ones are: {known}. Check that the "
            "plug-in is loaded.",
        ),
        "PLUGIN_UNKNOWN": Text(
            "{place}: inget insticksprogram heter {name}; skriv ett av: {known}, eller all för "
            "alla.",
            "{place}: no plug-in is called {name}; write one of: {known}, or all for every one.",
        ),
        "DISTRIBUTION_UNKNOWN": Text(
            "{place}: inget installerat paket med ett insticksprogram heter {name}; skriv något "
            "av: {known}.",
            "{place}: no installed distribution with a plug-in is called {name}; write one or more "
            "of: {known}.",
        ),
        "DISTRIBUTION_TWICE": Text(
            "{place}: flera installerade paket heter {name}, med olika insticksprogram: {folders}. "
            "Det första döljer de andra; avinstallera det som inte ska finnas där.",
            "{place}: several installed distributions are called {name}, with different plug-ins: "
            "{folders}. The first hides the others; uninstall what should not be there.",
        ),
        "IMPORT_FORMAT_UNKNOWN": Text(
            "Importtypen {type} har inget importformat som heter {name}; välj ett av: {known}.",
            "The import type {type} has no import format called {name}; choose one of: {known}.",
        ),
        "WHY_WHICH": Text(
            "Faktura {number} kan höra till flera ({names}); säg vilket filformat eller vilken "
            "region det gäller.",
            "Invoice {number} may belong to several ({names}); say which file format or which "
            "region it is about.",
        ),
        "RUN_UNKNOWN": Text(
            "Det finns ingen import vars id börjar med {id}; välj en i listan över importer.",
            "There is no import whose id begins with {id}; choose one of the list of imports.",
        ),
        "RUN_AMBIGUOUS": Text(
            "Flera importer har ett id som börjar med {id}; skriv fler tecken.",
            "Several imports have an id that begins with {id}; write more of it.",
        ),
        "PAYMENT_UNKNOWN": Text(
            "Ingen i listan över registrerade betalningar har id {id}; välj en i listan.",
            "None in the list of registered payments has the id {id}; choose one of the list.",
        ),
        "EXPORT_EXISTS": Text(
            "Filen {path} finns redan och skrivs inte över; ingenting är exporterat. Välj ett "
            "annat namn.",
            "The file {path} exists already and is not overwritten; nothing was exported. Choose "
            "another name.",
        ),
        "EXPORT_UNREACHABLE": Text(
            "Filen {path} går inte att skriva, så ingenting är exporterat; välj en mapp som finns "
            "och som du får skriva i.",
            "The file {path} cannot be written, so that nothing was exported; choose a folder that "
            "exists and that you may write to.",
        ),
        "EXPORT_REGION_NEEDED": Text(
            "Betalningar i flera regioner ({names.sv}) hör till olika företag i Fortnox; exportera "
            "en region i taget. Ingenting är exporterat.",
            "Payments in several regions ({names.en}) belong to different companies in Fortnox; "
            "export one region at a time. Nothing was exported.",
        ),
        "EXPORT_REGION_UNKNOWN": Text(
            "Regionen {name} finns inte, varken bland fakturorna eller bland filformaten, så "
            "ingenting är exporterat. Välj en av: {known.sv}.",
            "There is no region {name}, neither among the invoices nor among the formats, so that "
            "nothing was exported. Choose one of: {known.en}.",
        ),
        "BANK_ACCOUNT": Text(
            "Bankkontot ska stå på en rad och ha högst 100 tecken; ingenting har lästs eller "
            "registrerats.",
            "The bank account must be one line of at most 100 characters; nothing "
            "was read or registered.",
        ),
        "PAYMENT_NOT_SHOWN": Text(
            "Betalning {number} finns inte bland dem som {name} visar; läs in igen och välj en "
            "av dem som visas.",
            "Payment {number} is not among those that {name} shows; import again and choose one "
            "of those that are shown.",
        ),
        "DECISION_DOES_NOT_FIT": Text(
            "Betalning {number} ändrades inte: {what.sv} går inte för den, för den är nu: "
            "{state.sv}. Visa listan igen och välj något som går.",
            "Payment {number} was left as it is: {what.en} does not fit, since it is now: "
            "{state.en}. Look at the list again and choose what fits.",
        ),
        "DECISION_UNKNOWN": Text(
            "Det finns inget att ta tillbaka för {what}; det som gäller står i listan över "
            "undanlagda och hanterade.",
            "There is nothing to take back for {what}; what is in force is in the list of what "
            "was set aside and dealt with.",
        ),
        "HIDDEN_BY_SERIES": Text(
            "Betalning {number} är undanlagd med serien {first} till {last}, inte för sig själv. "
            "Ta tillbaka serien.",
            "Payment {number} is set aside with the series {first} to {last}, not on its own. Take "
            "the series back.",
        ),
        "SERIES_WRONG": Text(
            "Serien {first} till {last} kan inte användas; skriv två fakturanummer med bara "
            "siffror, det lägre först.",
            "The series {first} to {last} cannot be used; write two invoice numbers of digits "
            "only, the lower one first.",
        ),
        "SERIES_EXISTS": Text(
            "Serien {first} till {last} är undanlagd redan; ta tillbaka den först om den ska "
            "läggas undan av ett annat skäl.",
            "The series {first} to {last} is set aside already; take it back first if it is to "
            "be set aside for another reason.",
        ),
        "COMPANY_NOT_KNOWN": Text(
            "Det är inte känt än vilket företag {name} hör till; {first.sv} först.",
            "It is not known yet which company {name} belongs to; {first.en} first.",
        ),
        "INVOICE_NEEDED": Text("Skriv fakturans nummer.", "Write the number of the invoice."),
        "INVOICE_UNKNOWN": Text(
            "Det finns ingen faktura {number} i {region.sv}; kontrollera numret och regionen.",
            "There is no invoice {number} in {region.en}; check the number and the region.",
        ),
        "BILL_UNKNOWN": Text(
            "Det finns ingen avräkning {number} i {region.sv}; kontrollera numret och regionen.",
            "There is no bill {number} in {region.en}; check the number and the region.",
        ),
        "NO_BANK_CHANGE": Text(
            "Ingen ändring av bankuppgifter för leverantör {number} visades senast av {name}, så "
            "det finns inget att bekräfta; visa exporten igen.",
            "No change of bank details of supplier {number} was shown last by {name}, so that "
            "there is nothing to confirm; show the export again.",
        ),
        "PAYMENT_PERIOD_OPEN": Text(
            "Faktura {number} ligger i en öppen fakturaperiod och kan inte betalas än; stäng "
            "perioden och registrera sedan betalningen.",
            "Invoice {number} is in an open invoice period and cannot be paid yet; close the "
            "period and register the payment then.",
        ),
        "PAYMENT_AMOUNT": Text(
            "Beloppet {amount} kan inte användas.{meant.sv} Skriv ett belopp som inte är noll, "
            "med högst två decimaler, till exempel 1250,50.",
            "The amount {amount} cannot be used.{meant.en} Write an amount other than zero, with "
            "at most two decimals, such as 1250.50.",
        ),
        "PAYMENT_TOO_LARGE": Text(
            "Beloppet {amount} är för stort; en betalning är på högst {most}.",
            "The amount {amount} is too large; a payment is of at most {most}.",
        ),
        "DOUBTFUL_PAYMENT": Text(
            "Betalningen är tveksam och är inte registrerad. {facts.sv} {doubts.sv} Stämmer det "
            "ändå, bekräfta den.",
            "The payment is doubtful and was not registered. {facts.en} {doubts.en} If it is right "
            "anyway, confirm it.",
        ),
        "PAYMENT_KEY": Text(
            "Nyckeln ska vara en rad text med högst {longest} tecken; ingenting är registrerat.",
            "The key must be one line of text with at most {longest} characters; nothing was "
            "registered.",
        ),
        "PAYMENT_KEY_USED": Text(
            "Nyckeln hör redan till betalningen med id {id}, som har andra uppgifter; ingenting är "
            "registrerat. Är det en annan betalning, registrera den en gång till, med en ny "
            "nyckel.",
            "The key belongs to the payment with id {id} already, which has other figures; nothing "
            "was registered. If it is another payment, register it once more, with a new key.",
        ),
        "PAYMENT_KEY_DELETED": Text(
            "Nyckeln hör till betalningen med id {id}, som är borttagen sedan dess; ingenting är "
            "registrerat. Ska den registreras på nytt, gör det en gång till, med en ny nyckel.",
            "The key belongs to the payment with id {id}, which was deleted since; nothing was "
            "registered. To register it again, do so once more, with a new key.",
        ),
        "PAYMENT_CURRENCY": Text(
            "Faktura {number} är i {invoice}, så betalningen kan inte vara i {currency}; skriv "
            "beloppet i fakturans valuta.",
            "Invoice {number} is in {invoice}, so that the payment cannot be in {currency}; "
            "write the amount in the currency of the invoice.",
        ),
        "PAYMENT_RATE": Text(
            "Faktura {number} är i {invoice}; ange kursen, SEK för en {invoice}, större än "
            "noll och högst en miljon. För en faktura i SEK anges ingen kurs.",
            "Invoice {number} is in {invoice}; give the rate, SEK for one {invoice}, above "
            "zero and at most a million. For an invoice in SEK no rate is given.",
        ),
        "REGISTERED_UNKNOWN": Text(
            "Ingenting togs bort, för ingen i listan över registrerade betalningar har id {id}; "
            "välj en i listan.",
            "Nothing was deleted, since none in the list of registered payments has the id {id}; "
            "choose one of the list.",
        ),
        "PAYMENT_NOT_DELETED": Text(
            "Betalningen med id {id} togs inte bort, för den är {state.sv}; bara en som är "
            "registrerad kan tas bort.",
            "The payment with id {id} was not deleted, since it is {state.en}; only one that is "
            "registered can be deleted.",
        ),
        "NOTHING_TO_UNDO": Text(
            "Importen {which.sv} har inga registrerade betalningar att ta bort: den sparades inte, "
            "är ångrad redan, eller så har senare sparningar motbokat dess betalningar. Ingenting "
            "ändrades.",
            "The import {which.en} has no registered payments to delete: it was not saved, is "
            "undone already, or later saves reversed its payments. Nothing was changed.",
        ),
        "NOTHING_TO_TAKE_AGAIN": Text(
            "Av importen {which.sv} finns ingen betalning att ta in igen: den är inte ångrad, "
            "eller så är det avgjort redan. En betalning som har andra uppgifter nu avgörs för "
            "sig. Ingenting ändrades.",
            "There is no payment of the import {which.en} to take again: it is not undone, or that "
            "is decided already. A payment that has other figures now is decided about on its "
            "own. Nothing was changed.",
        ),
        "WHY_TOO_LONG": Text(
            "Skälet har {length} tecken, och högst {longest} sparas; ingenting ändrades. Skriv "
            "ett kortare.",
            "The reason has {length} characters, and at most {longest} are kept; nothing was "
            "changed. Write a shorter one.",
        ),
        "WHY_NEEDED": Text(
            "Skriv varför det ska tas bort; det sparas och visas.",
            "Write why it is to be deleted; that is kept and shown.",
        ),
        "REPORT_EXISTS": Text(
            "Filen {path} finns redan och skrivs inte över; välj ett annat namn.",
            "The file {path} exists already and is not overwritten; choose another name.",
        ),
        "REPORT_UNREACHABLE": Text(
            "Filen {path} går inte att skriva; välj en mapp som finns och som du får skriva i.",
            "The file {path} cannot be written; choose a folder that exists and that you may "
            "write to.",
        ),
        "HOST_UNKNOWN": Text(
            "Sidan finns inte under det namnet; öppna adressen som programmet skrev när det "
            "startade.",
            "The page does not exist under that name; open the address that the program printed "
            "when it started.",
        ),
        "SERVE_OPTION_WRONG": Text(
            "{option} kan inte användas: {why.sv}.", "{option} cannot be used: {why.en}."
        ),
        "PAGE_UNKNOWN": Text(
            "Sidan finns inte; gå till Ekonomi > Betalningsimport.",
            "There is no such page; go to Economy > Payment import.",
        ),
        "DESK_PORT_IN_USE": Text(
            "Det går inte att lyssna på {host} port {port}; välj något annat med --host eller "
            "--port.",
            "It is not possible to listen on {host} port {port}; choose another with --host or "
            "--port.",
        ),
        "USAGE": Text(
            "Kommandot kan inte köras: {what.sv}", "The command cannot be run: {what.en}"
        ),
        "NOT_INSTALLED": Text(
            "hostsim behöver fler paket; installera dem med "
            '`pip install "opter-fortnox-plugin[hostsim]"`. '
            "Det låtsade Fortnox körs utan dem med `python -m hostsim.sandbox`.",
            "hostsim needs more packages; install them with "
            '`pip install "opter-fortnox-plugin[hostsim]"`. '
            "The simulated Fortnox runs without them: `python -m hostsim.sandbox`.",
        ),
        "INVOICES_FILE_WRONG": Text(
            "Inga fakturor lästes in: {count.sv} i filen {file}. "
            "Rätta raderna som räknas upp ovanför och läs in filen igen.",
            "No invoices were loaded: {count.en} in the file {file}. "
            "Correct the lines listed above and load the file again.",
        ),
        "BILLS_FILE_WRONG": Text(
            "Inga avräkningar lästes in: {count.sv} i filen {file}. "
            "Rätta felen som räknas upp ovanför och läs in filen igen.",
            "No bills were loaded: {count.en} in the file {file}. "
            "Correct the faults listed above and load the file again.",
        ),
        "FOLDER_UNREACHABLE": Text(
            "Mappen {path} kan inte skapas; välj en annan med --keep.",
            "The folder {path} cannot be made; choose another with --keep.",
        ),
        "SANDBOX_DATA_WRONG": Text(
            "Filen {path} går inte att använda som uppgifter: {why}. Rätta filen.",
            "The file {path} cannot be used as data: {why}. Correct the file.",
        ),
        "SANDBOX_PORT_IN_USE": Text(
            "Port {port} är upptagen eller otillåten; välj en annan med --port.",
            "Port {port} is in use or not allowed; choose another with --port.",
        ),
        "ERROR_UNKNOWN": Text(
            "Det finns ingen felkod som heter {code}; hostsim errors visar alla.",
            "There is no error code called {code}; hostsim errors shows all.",
        ),
    },
    "settings": {
        "LINK_REFUSED": Text(
            "{path} är en länk till något annat, eller en fil med flera namn. Ingenting skrivs "
            "genom den, för den kan leda till någon annans fil. Ta reda på vem som lade den där, "
            "och ta bort den.",
            "{path} is a link to something else, or a file with several names. Nothing is written "
            "through it, since it may lead to another's file. Find out who put it there, and "
            "remove it.",
        ),
        "SECRETS_UNREACHABLE": Text(
            "Inloggningen kan inte sparas i {path}; kontrollera att mappen är din, dina "
            "rättigheter och ledigt utrymme, eller välj något annat än att förbli inloggad.",
            "The login cannot be stored in {path}; check that the folder is yours, your rights and "
            "the free space, or choose something other than to stay signed in.",
        ),
        "SETTING_WRONG": Text(
            "Värdet för {key} kan inte användas: {why.sv}",
            "The value of {key} cannot be used: {why.en}",
        ),
        "DEFAULT_CURRENCY": Text(
            "Importen kräver att standardvalutan är SEK, men den är {currency}; ingenting har "
            "lästs eller sparats. Ändra den i kontorets inställningar.",
            "The import needs the default currency to be SEK, but it is {currency}; nothing was "
            "read or saved. Change it in the settings of the office.",
        ),
        "CANNOT_RECONCILE": Text(
            "Insticksprogrammet för {type} kan inte läsa alla betalningar, så det går inte att "
            "stämma av {name}; fråga den som utvecklar det (det som bara läser filer kan inte).",
            "The plug-in for {type} cannot read all payments, so that {name} cannot be "
            "reconciled; ask its developer (one that only reads files cannot).",
        ),
        "CANNOT_SIGN_IN": Text(
            "Insticksprogrammet för {type} har ingen inloggning att göra i förväg, så {name} körs "
            "utan.",
            "The plug-in for {type} has no login to make ahead, so {name} runs without one.",
        ),
        "EXPORT_GAPS": Text(
            "I det andra systemet saknas: {gaps}, se ovanför. Det som behöver det skickas inte. "
            "Rätta det och exportera igen, eller välj {items.sv} som inte behöver det.",
            "Missing in the other system: {gaps}, see above. What needs it is not sent. Correct "
            "it and export again, or choose {items.en} that do not need it.",
        ),
        "BANK_UNCONFIRMED": Text(
            "Leverantörer vars bankuppgifter ändras utan att någon har bekräftat det de senaste "
            "{hours} timmarna: {suppliers}, se ovanför. Deras nya avräkningar väntar. Bekräfta en "
            "leverantör när uppgifterna är kontrollerade.",
            "Suppliers whose bank details change, which nobody has confirmed in the last {hours} "
            "hours: {suppliers}, see above. Their new bills wait. Confirm a supplier when the "
            "details are checked.",
        ),
        "EXPORT_SAME_COMPANY": Text(
            "{Items.sv} som {name} skulle skicka är redan exporterade till {company} med en annan "
            "export; ingenting skickades. Använd den, eller lägg upp den här igen som en till av "
            "samma företag.",
            "{Items.en} that {name} would send are exported to {company} already, by another "
            "export; nothing was sent. Use that one, or define this one again as one more of the "
            "same company.",
        ),
        "CANNOT_CANCEL": Text(
            "Insticksprogrammet för {type} kan inte ta tillbaka det som är exporterat; makulera "
            "det i det andra systemet.",
            "The plug-in for {type} cannot take back what was exported; cancel it in the other "
            "system.",
        ),
        "EXPORT_TYPE_OFF": Text(
            "Inget påslaget insticksprogram har exporttypen {name}; avstängda är: {off}. Den som "
            "sköter programmet slår på det rätta.",
            "No plug-in that is on has the export type {name}; switched off are: {off}. Whoever "
            "maintains the program switches the right one on.",
        ),
        "IMPORT_TYPE_OFF": Text(
            "Inget påslaget insticksprogram har importtypen {name}; avstängda är: {off}. Den som "
            "sköter programmet slår på det rätta.",
            "No plug-in that is on has the import type {name}; switched off are: {off}. Whoever "
            "maintains the program switches the right one on.",
        ),
        "MAIL_SETTINGS": Text(
            "Det går inte att mejla, eftersom {name} inte kan användas: {why.sv}",
            "Nothing can be mailed, since {name} cannot be used: {why.en}",
        ),
        "MAIL_NOT_ENCRYPTED": Text(
            "Mejlservern {server} erbjuder ingen kryptering, så varken lösenordet eller mejlet "
            "skickades. Använd dess krypterade port (ofta 465 eller 587), eller ta bort "
            "HOSTSIM_SMTP_USER och HOSTSIM_SMTP_PASSWORD om de inte behövs.",
            "The mail server {server} offers no encryption, so neither the password nor the mail "
            "was sent. Use its encrypted port (often 465 or 587), or remove HOSTSIM_SMTP_USER and "
            "HOSTSIM_SMTP_PASSWORD if they are not needed.",
        ),
        "SETTINGS_REFUSED": Text(
            "Inställningarna sparades inte: {problems.sv} Rätta dem och spara igen.",
            "The settings were not stored: {problems.en} Correct them and store them again.",
        ),
        "REGION_DIFFERS": Text(
            "Filformatet {name} gäller {expected.sv}, inte {given.sv}; ingenting har lästs. "
            "Fakturorna i en annan region är andra fakturor, även med samma nummer. Välj det "
            "filformat som gäller {given.sv}, eller lägg upp ett för den.",
            "The file format {name} is for {expected.en}, not for {given.en}; nothing was read. "
            "The invoices of another region are other invoices, also where the numbers agree. "
            "Choose the file format that is for {given.en}, or make one for it.",
        ),
        "REGION_FIXED": Text(
            "{The_definition.sv} {name} har redan {has_done.sv} {expected.sv}, så regionen kan "
            "inte ändras; lägg upp {own_definition.sv} för {given.sv}.",
            "{The_definition.en} {name} has {has_done.en} {expected.en} already, so that the "
            "region cannot be changed; make {own_definition.en} for {given.en}.",
        ),
        "DATABASE_DAMAGED": Text(
            "Databasen {path} är skadad: {problem.sv}. Ingenting registreras i den. Den som sköter "
            "programmet avslutar det och lägger tillbaka den senaste säkerhetskopian (den skadade "
            "sparas bredvid); läs sedan in igen: det som kom efter kopian kommer då tillbaka.",
            "The database {path} is damaged: {problem.en}. Nothing is registered in it. Whoever "
            "maintains the program ends it and puts the latest backup back (the damaged one is "
            "kept beside it); then import again: what came after the backup then comes back.",
        ),
        "SECRETS_EXPOSED": Text(
            "Andra än du kan läsa {path}, där inloggningar sparas. Ta bort deras rättigheter "
            "(chmod -R go= {path}).",
            "Others can read {path}, where logins are stored. Remove their permissions "
            "(chmod -R go= {path}).",
        ),
        "PLUGIN_LEFT_OUT": Text(
            "Insticksprogrammet {name} används inte: {why.sv}. Uppgradera eller avinstallera det.",
            "The plug-in {name} is not used: {why.en}. Upgrade or uninstall it.",
        ),
        "PLUGIN_OFF": Text("Insticksprogrammet {name} {why.sv}.", "The plug-in {name} {why.en}."),
        "NO_PLUGINS": Text(
            "Inget insticksprogram används, så inget kan läsas in. Installera ett, till exempel "
            "opter-fortnox-plugin.",
            "No plug-in is in use, so that nothing can be imported. Install one, such as "
            "opter-fortnox-plugin.",
        ),
        "NO_INVOICES": Text(
            "Inga fakturor finns i {region.sv}, så ingen betalning hittar sin faktura. Läs in dem, "
            "eller rätta regionen.",
            "There are no invoices in {region.en}, so no payment finds its invoice. Load them, or "
            "correct the region.",
        ),
    },
    "login": {
        "INPUT_ENDED": Text(
            "Standard input är slut, och adressen som inloggningen slutade på fanns inte där. Kör "
            "kommandot i ett fönster där du kan klistra in den, eller utan --no-browser.",
            "Standard input has ended, and the address that the login ended at was not in it. Run "
            "the command in a window where you can paste it, or without --no-browser.",
        ),
        "WRONG_COMPANY": Text(
            "{The_definition.sv} {name} hör till {expected}, men inloggningen gällde {got}; "
            "logga in på rätt företag eller skapa {own_definition.sv} för det andra.",
            "{The_definition.en} {name} belongs to {expected}, but the login was to {got}; "
            "sign in to the right company or make {own_definition.en} for the other.",
        ),
        "COMPANY_OF_OTHER_REGION": Text(
            "Inloggningen gällde {company}, som hör till {the_other.sv} {other} i "
            "{others_region.sv}; {name} gäller {region.sv}. Ingenting är sparat eller skickat. "
            "Logga in på företaget som hör till {name}. Är regionerna samma företag, lägg upp "
            "{the_definition.sv} för samma företag som {other}.",
            "The login was to {company}, which belongs to {the_other.en} {other} in "
            "{others_region.en}; {name} is for {region.en}. Nothing was saved or sent. Sign in to "
            "the company that belongs to {name}. Where the regions are one company, define "
            "{the_definition.en} for the same company as {other}.",
        ),
    },
    "permission": {
        "NOT_THROUGH_PROXY": Text(
            "Sidan nås bara genom den webbserver som vet vem du är. Öppna adressen som "
            "administratören har gett dig.",
            "The page is reached only through the web server that knows who you are. Open the "
            "address that your administrator gave you.",
        ),
        "ADDRESS_KEY_MISSING": Text(
            "Sidan öppnas med hela den adress som visades när programmet startade; varje start har "
            "en ny. Be den som startade programmet om den.",
            "The page opens with the whole address that was shown when the program started; each "
            "start has a new one. Ask whoever started the program for it.",
        ),
        "SESSION_ENDED": Text(
            "Sidan har gått ut: programmet har startats om, eller webbläsaren har rensats. Det "
            "som var sparat finns kvar. Öppna den nya adress som visades när programmet startade, "
            "eller be den som startade det om den.",
            "The page has expired: the program was started again, or the browser was cleared. What "
            "was saved is still there. Open the new address that was shown when the program "
            "started, or ask whoever started it for it.",
        ),
        "LOGIN_ELSEWHERE": Text(
            "Inloggningen påbörjades i en annan webbläsare; logga in där, eller avbryt och börja "
            "om här.",
            "The login was started in another browser; sign in there, or cancel it and begin again "
            "here.",
        ),
        "USER_NOT_NAMED": Text(
            "Webbservern framför sidan sa inte vem du är ({header} saknas eller är tom). Logga in "
            "på nytt; hjälper det inte rättar administratören webbservern.",
            "The web server before the page did not say who you are ({header} is missing or "
            "empty). Sign in again; if that does not help, the administrator corrects the web "
            "server.",
        ),
    },
    "unavailable": {
        "MAIL_NOT_SENT": Text(
            "Mejlservern {server} tog inte emot mejlet ({why}). Det som skulle berättas berättas "
            "när nästa omgång är klar. Kontrollera att servern går att nå, och adresserna, "
            "användaren och lösenordet i HOSTSIM_MAIL_FROM, HOSTSIM_MAIL_TO, HOSTSIM_SMTP_USER och "
            "HOSTSIM_SMTP_PASSWORD.",
            "The mail server {server} did not accept the mail ({why}). The notices are sent "
            "when the next round has ended. Check that the server can be reached, and the "
            "addresses, user and password in HOSTSIM_MAIL_FROM, HOSTSIM_MAIL_TO, HOSTSIM_SMTP_USER "
            "and HOSTSIM_SMTP_PASSWORD.",
        ),
        "EXPORT_UNSETTLED": Text(
            "Exporten är inte klar: {what.sv}. Det som är okänt kontrolleras vid nästa export; "
            "jämför belopp som skiljer innan {the_item.sv} används.",
            "The export is not settled: {what.en}. What is unknown is checked at the next export; "
            "compare totals that differ before {the_item.en} is used.",
        ),
    },
    "busy": {
        "EXPORT_RUNNING": Text(
            "En export med {name}, eller till samma företag, pågår redan; ingenting lästes. Försök "
            "igen när den är klar.",
            "An export with {name}, or to the same company, is running already; nothing was read. "
            "Try again when it is done.",
        ),
        "DATABASE_BUSY": Text(
            "Databasen {path} används av någon annan just nu; ingenting sparades. Försök igen.",
            "The database {path} is in use by somebody else; nothing was saved. Try again.",
        ),
        "DATABASE_IN_USE": Text(
            "Databasen {path} används av ett annat program, så den är inte utbytt. Avsluta hostsim "
            "serve, worker och de importer som pågår, och försök igen.",
            "The database {path} is in use by another program, so that it was not replaced. End "
            "hostsim serve, worker and the imports that are running, and try again.",
        ),
        "IMPORT_RUNNING": Text(
            "En import med filformatet {name} pågår redan, med andra uppgifter än de här; försök "
            "igen när den är klar.",
            "An import with the file format {name} is running already, with other values than "
            "these; try again when it is done.",
        ),
    },
    "changed": {
        "EXPORT_CHANGED": Text(
            "Uppgifterna har ändrats sedan förhandsvisningen, eller så visades den aldrig här; "
            "ingenting skickades. Granska den nya förhandsvisningen och skicka igen.",
            "The data changed after the preview was shown, or it was never shown here; nothing "
            "was sent. Look at the new preview and send again.",
        ),
        "PREVIEW_CHANGED": Text(
            "Uppgifterna har ändrats sedan förhandsvisningen, eller så visades den aldrig här; "
            "ingenting sparades. Granska den nya förhandsvisningen och spara igen.",
            "The data changed after the preview was shown, or it was never shown here; nothing "
            "was saved. Look at the new preview and save again.",
        ),
        "LIST_CHANGED": Text(
            "Listan har ändrats eller sparats sedan den visades här; ingenting avgjordes. Titta "
            "igen, och avgör det som står kvar.",
            "The list was changed or saved after it was shown here; nothing was decided. Look "
            "again, and decide what is still there.",
        ),
        "SAVED_OTHERWISE": Text(
            "Listan som visades här ändrades och är sparad sedan dess, så som den var då. Granska "
            "vad som registrerades.",
            "The list that was shown here changed and has been saved since, as it was then. Look "
            "at what was registered.",
        ),
        "PAGE_TOO_OLD": Text(
            "Sidan har gått ut, så ingenting ändrades; ladda om den och försök igen.",
            "The page has expired, so nothing was changed; reload it and try again.",
        ),
        "NOTHING_TO_SAVE": Text(
            "Det finns inget att spara: det som visades är redan sparat, eller ersatt av en nyare "
            "inläsning. Granska den.",
            "There is nothing to save: what was shown is saved already, or replaced by a later "
            "import. Look at that one.",
        ),
    },
    "saved": {
        "SAVED_NOT_SHOWN": Text(
            "{saved.sv} Men resultatet kunde inte visas i sin helhet. Se efter innan du gör om "
            "något: registrerade betalningar, importerna och exportloggen visar vad som är gjort.",
            "{saved.en} But the result could not be shown in full. Look before you repeat "
            "anything: the registered payments, the imports and the export log show what is done.",
        ),
    },
    "output": {
        "OUTPUT_FAILED": Text(
            "Resultatet kunde inte skrivas ({why}), och ingenting är ändrat. Frigör plats, eller "
            "skriv det någon annanstans, och kör kommandot igen.",
            "The result could not be written ({why}), and nothing was changed. Make room, or "
            "write it elsewhere, and run the command again.",
        ),
    },
    "cancelled": {
        "CANCELLED": Text(
            "Det avbröts innan det var klart, och inget är sparat till hälften.",
            "It was cancelled before it was done, and nothing is partially saved.",
        ),
    },
    "internal": {
        "CONTRACT_BROKEN": Text(
            "Insticksprogrammet följer inte avtalet med värdsystemet: {what}. "
            "Meddela den som utvecklar insticksprogrammet.",
            "The plug-in does not keep to the contract with the host: {what}. "
            "Tell the developer of the plug-in.",
        ),
        "RUN_BROKEN": Text(
            "Ett fel i programmet avslutade körningen; loggen säger var. Ingenting är sparat till "
            "hälften.",
            "A fault of the program ended the run; the log says where. Nothing is partially saved.",
        ),
        "INTERNAL": Text(
            "Ett fel i programmet. Ingenting är sparat till hälften; skicka raderna ovanför till "
            "den som sköter programmet.",
            "A fault in the program. Nothing is partially saved; send the lines above to whoever "
            "maintains the program.",
        ),
        "DEMO_FAILED": Text(
            "Demonstrationen gick fel: {what.sv}. Skicka raderna ovanför till den som sköter "
            "programmet.",
            "The demonstration went wrong: {what.en}. Send the lines above to whoever maintains "
            "the program.",
        ),
        "PLUGIN_FAILED": Text(
            "Insticksprogrammet {name} kunde inte kontrollera sig självt ({what}). Meddela den som "
            "utvecklar det.",
            "The plug-in {name} could not examine itself ({what}). Tell its developer.",
        ),
    },
}

#: Every error of the host by its code: who can act, and the sentence.
ERRORS: dict[str, tuple[str, Text]] = {
    code: (kind, sentence)
    for kind, sentences in _SENTENCES.items()
    for code, sentence in sentences.items()
}


_SIGN_IN = Text(
    "Logga in för de körningar som ingen är med vid: hostsim sign-in NAMN",
    "Sign in for the runs that nobody is there for: hostsim sign-in NAME",
)


def _type(command: str) -> Text:
    return Text(f"Skriv: {command}", f"Type: {command}")


#: What to type about an error, by its code; with the values of its sentence. Only a front end
#: where commands are typed says it: a sentence knows none.
COMMANDS: dict[str, Text] = {
    code: _type(command)
    for code, command in {
        "NO_DATABASE": "hostsim init",
        "NOT_SCHEDULED": "hostsim schedule {name} --daily 06:00",
        "NO_DEFINITIONS": "hostsim formats add {name}",
        "NO_EXPORTS": "hostsim exports add {name}",
        "EXPORT_TYPE_UNKNOWN": "hostsim plugins",
        "EXPORT_WITHOUT_ROWS": "hostsim invoices load FILE.json",
        "DEFINITION_EXISTS": "hostsim {group} set {name}",
        "IMPORT_TYPE_UNKNOWN": "hostsim plugins",
        "WHY_WHICH": "hostsim why {number} --region REGION",
        "RUN_UNKNOWN": "hostsim runs",
        "PAYMENT_UNKNOWN": "hostsim payments",
        "EXPORT_REGION_NEEDED": "hostsim payments export --region REGION",
        "DECISION_UNKNOWN": "hostsim decisions",
        "HIDDEN_BY_SERIES": "hostsim take-back {name} --series {first} {last}",
        "NO_BANK_CHANGE": "hostsim export {name}",
        "DOUBTFUL_PAYMENT": "hostsim payments add … --confirm",
        "REGISTERED_UNKNOWN": "hostsim payments",
        "DEFAULT_CURRENCY": "hostsim settings default_currency=SEK",
        "BANK_UNCONFIRMED": "hostsim export {name} --confirm-bank NUMBER",
        "EXPORT_SAME_COMPANY": "hostsim exports add … --same-company-as …",
        "EXPORT_TYPE_OFF": "hostsim plugins on NAME (or HOSTSIM_PLUGINS_OFF, HOSTSIM_PLUGINS_ONLY)",
        "IMPORT_TYPE_OFF": "hostsim plugins on NAME (or HOSTSIM_PLUGINS_OFF, HOSTSIM_PLUGINS_ONLY)",
        "REGION_DIFFERS": "hostsim formats add NAME --region REGION",
        "REGION_FIXED": "hostsim {group} add NAME --region REGION",
        "DATABASE_DAMAGED": "hostsim restore FILE",
        "BOOKS_WENT_BACK": "hostsim backup FILE && hostsim restore FILE",
        "NO_INVOICES": "hostsim invoices load FILE",
        "COMPANY_OF_OTHER_REGION": "hostsim {group} add NAME --same-company-as {other}",
        "SAVED_NOT_SHOWN": "hostsim payments, hostsim runs, hostsim exports log",
        "CANCELLED": "hostsim payments",
    }.items()
} | dict.fromkeys(
    ("LOGIN_NEEDED", "NO_CONSENT", "CONSENT_NOT_EFFECTIVE", "CONSENT_WITHDRAWN"), _SIGN_IN
)
COMMANDS["NO_WINDOW"] = Text(
    "Ingen skärm finns här. Kör kommandot med --no-browser där du kan klistra in en adress, och "
    "med --unattended där ingen är.",
    "There is no screen here. Run the command with --no-browser where you can paste an address, "
    "and with --unattended where nobody is.",
)

#: Who can act on an error, by its kind.
WHO = {
    "usage": Text("den som skrev kommandot", "the person who wrote the command"),
    "settings": Text("administratören", "the administrator"),
    "login": Text("den som loggar in", "the person who signs in"),
    "permission": Text(
        "den som ger licenser och rättigheter", "the person who grants licences and rights"
    ),
    "unavailable": Text("ingen: vänta", "nobody: wait"),
    "busy": Text("ingen: vänta på den andra", "nobody: wait for the other one"),
    "changed": Text("den som sparar", "the person who saves"),
    "saved": Text("den som läser resultatet", "the person who reads the result"),
    "output": Text("den som läser resultatet", "the person who reads the result"),
    "cancelled": Text("ingen", "nobody"),
    "internal": Text("den som utvecklar programmet", "the developer"),
}
