"""A file of invoices with rows."""

#: With every field that an invoice can have.
INVOICE = {
    "invoice_number": "10301",
    "ocr": "103012",
    "type": "invoice",
    "region": "",
    "period_closed": True,
    "currency": "SEK",
    "exchange_rate": None,
    "invoice_date": "2026-11-02",
    "due_date": "2026-12-02",
    "order_number": "4555",
    "order_date": "2026-10-28",
    "credits": None,
    "pdf": "10301.pdf",
    "customer": {
        "code": "KALM",
        "ledger_number": "1042",
        "name": "Kalmar Glas & Porslin AB",
        "organisation_number": "556000-0000",
        "vat_number": "",
        "address1": "Box 1",
        "zip": "392 00",
        "city": "Kalmar",
        "country": "SE",
        "email": "faktura@example.com",
    },
    "rows": [
        {"account": "3001", "unit": "12", "vat_rate": "25", "net": "1000.00", "vat": "250.00"},
        {"account": "3002", "unit": "", "vat_rate": "25", "net": "99.99", "vat": "25.00"},
    ],
}
