"""The scopes of OAuth in Fortnox."""

#: The scopes of Fortnox's documentation, with their names in Swedish and English. The error for a
#: missing right uses the Swedish name; that of suppliers was seen live.
SCOPES = {
    "payment": ("In- och utbetalningar", "Payments"),
    "invoice": ("Kundfakturor", "Customer invoices"),
    "companyinformation": ("Företagsinformation", "Company information"),
    "currency": ("Valutor", "Currencies"),
    "settings": ("Inställningar", "Settings"),
    "bookkeeping": ("Bokföring", "Bookkeeping"),
    "profile": ("Din användare", "Your user"),
    "customer": ("Kundregister", "Customers"),
    "article": ("Artiklar", "Articles"),
    "offer": ("Offerter", "Offers"),
    "order": ("Order", "Orders"),
    "price": ("Priser", "Prices"),
    "print": ("Utskrifter", "Printing"),
    "project": ("Projekt", "Projects"),
    "costcenter": ("Kostnadsställen", "Cost centres"),
    "supplier": ("Leverantörsregister", "Suppliers"),
    "supplierinvoice": ("Leverantörsfakturor", "Supplier invoices"),
    "inbox": ("Inkorg", "Inbox"),
    "archive": ("Arkiv", "Archive"),
    "connectfile": ("Filkopplingar", "Connected files"),
    "assets": ("Anläggningsregister", "Assets"),
    "salary": ("Lön", "Salaries"),
    "timereporting": ("Tidrapporter", "Time reports"),
    "warehouse": ("Lager", "Warehouse"),
    "noxfinansinvoice": ("Fakturor i Fortnox Finans", "Invoices in Fortnox Finans"),
    "deletevoucher": ("Borttagning av verifikationer", "Deletion of vouchers"),
    "companylogo": ("Företagets logotyp", "The company's logo"),
}

#: The default scopes of a token that is issued without a login.
IMPORT_SCOPES = ("payment", "invoice", "companyinformation")
