"""The writable fields of an invoice and of its rows, by the specification."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hostsim.sandbox.fields import (
    Field,
    amount,
    blanks,
    choice,
    code,
    day,
    flag,
    integer,
    list_of,
    nested,
    not_clearable,
    rate,
    text,
)
from hostsim.sandbox.values import INVOICE_TYPES

MAX_ROWS = 500

HOUSE_WORK = choice(
    "CONSTRUCTION", "ELECTRICITY", "GLASSMETALWORK", "GROUNDDRAINAGEWORK", "MASONRY",
    "PAINTINGWALLPAPERING", "HVAC", "MAJORAPPLIANCEREPAIR", "MOVINGSERVICES", "ITSERVICES",
    "CLEANING", "TEXTILECLOTHING", "SNOWPLOWING", "GARDENING", "BABYSITTING", "OTHERCARE",
    "OTHERCOSTS", "SOLARCELLS", "STORAGESELFPRODUCEDELECTRICITY",
    "CHARGINGSTATIONELECTRICVEHICLE", "HOMEMAINTENANCE", "FURNISHING", "TRANSPORTATIONSERVICES",
    "WASHINGANDCAREOFCLOTHING", blank=None,
)  # fmt: skip

ROW: Mapping[str, Field] = {
    "AccountNumber": integer(1000, 9999, blank=0),
    "ArticleNumber": text(50),
    "CostCenter": text(),
    "DeliveredQuantity": amount(),
    "Description": text(255),
    "Discount": amount(),
    "DiscountType": choice("AMOUNT", "PERCENT", blank="PERCENT"),
    "HouseWork": flag(),
    "HouseWorkHoursToReport": integer(0, 999),
    "HouseWorkType": HOUSE_WORK,
    "Price": amount(),
    "Project": text(),
    "RowId": integer(),
    "StockPointCode": text(blank=None),
    "Unit": text(),
    "VAT": amount(None),
    "VATCode": text(blank=None),
}

ROW_READ_ONLY = {
    "ContributionPercent",
    "ContributionValue",
    "Cost",
    "PriceExcludingVAT",
    "Total",
    "TotalExcludingVAT",
}

LONG = text(1024)

EMAIL = {
    "EmailAddressBCC": text(blank=None),
    "EmailAddressCC": text(blank=None),
    "EmailAddressFrom": text(blank=None),
    "EmailAddressTo": text(),
    "EmailBody": text(20_000, checked=False, blank=" "),
    "EmailSubject": text(100),
}

EDI = {
    name: text(13 if "Location" in name else None, blank=None)
    for name in (
        "EDIGlobalLocationNumber",
        "EDIGlobalLocationNumberDelivery",
        "EDIInvoiceExtra1",
        "EDIInvoiceExtra2",
        "EDIOurElectronicReference",
        "EDIYourElectronicReference",
    )
}

#: Fields that lists and payments show, too, with the sandbox's attributes.
ATTRIBUTES: Mapping[str, tuple[str, Field]] = {
    "City": ("city", LONG),
    "CostCenter": ("cost_center", text()),
    "CreditInvoiceReference": ("credit_of", integer(0, blank=0)),
    "Currency": ("currency", text(3, 3, blank="SEK")),
    "CurrencyRate": ("currency_rate", rate(blank=Decimal(1))),
    "CurrencyUnit": ("currency_unit", integer(1, blank=1)),
    "CustomerName": ("customer_name", LONG),
    "CustomerNumber": ("customer_number", code(1024)),
    "DueDate": ("due_date", not_clearable(day())),
    "ExternalInvoiceReference1": ("external_reference_1", text(80)),
    "ExternalInvoiceReference2": ("external_reference_2", text(80)),
    "InvoiceDate": ("invoice_date", not_clearable(day())),
    "InvoiceType": ("invoice_type", choice(*INVOICE_TYPES, blank="INVOICE")),
    "NotCompleted": ("not_completed", flag()),
    "OCR": ("ocr", text(blank=None)),
    "OurReference": ("our_reference", text(50)),
    "Project": ("project", text()),
    "TermsOfPayment": ("terms_of_payment", text()),
    "WayOfDelivery": ("way_of_delivery", text()),
    "YourOrderNumber": ("order_number", text(75)),
    "YourReference": ("your_reference", text(50)),
    "ZipCode": ("zip_code", LONG),
}  # fmt: skip

#: Everything else.
WRITTEN: Mapping[str, Field] = {
    "Address1": LONG,
    "Address2": LONG,
    "AdministrationFee": amount(),
    "Comments": LONG,
    "Country": text(),
    "DeliveryAddress1": LONG,
    "DeliveryAddress2": LONG,
    "DeliveryCity": LONG,
    "DeliveryCountry": text(),
    "DeliveryDate": day(),
    "DeliveryName": LONG,
    "DeliveryZipCode": LONG,
    "EDIInformation": nested(EDI, {}),
    "EUQuarterlyReport": flag(),
    "EmailInformation": nested(EMAIL, {}),
    "Freight": amount(),
    "Labels": list_of({"Id": integer(1)}, MAX_ROWS),
    "Language": choice("SV", "EN", blank="SV"),
    "OutboundDate": day(),
    "PaymentWay": choice("CASH", "CARD", "AG"),
    "Phone1": LONG,
    "Phone2": LONG,
    "PriceList": text(blank="A"),
    "PrintTemplate": text(blank="st"),
    "Remarks": LONG,
    "TaxReductionType": choice("none", "rot", "rut", "green", blank="none"),
    "TermsOfDelivery": text(),
    "VATIncluded": flag(),
}

FIELDS: Mapping[str, Field] = {
    **{name: field for name, (_attribute, field) in ATTRIBUTES.items()},
    **WRITTEN,
    "DocumentNumber": integer(1, 10**15),
    "InvoiceRows": list_of(ROW, MAX_ROWS, ROW_READ_ONLY),
}


def row_with_blanks(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields of a row, unset ones included."""
    return blanks(ROW) | dict(fields)
