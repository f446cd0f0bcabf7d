"""What is not known of Fortnox where invoices, customers and suppliers are written.

Nothing of it shows by reading payments and invoices, as an import does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hostsim.sandbox.switch_kinds import (
    CLIENTS,
    LIVE,
    RECORDED,
    SILENT,
    SPECIFICATION,
    guess,
    invented,
)


@dataclass(frozen=True, kw_only=True)
class ExportSwitches:
    """How the sandbox behaves where it is written to."""

    # --- Rights and scopes ---

    unlicensed_at_login: Literal["refused", "fewer_scopes"] = guess(
        "refused",
        "A login for a scope whose module the company has no licence for comes back with an error."
        " `fewer_scopes`: the token has the other scopes. A refresh follows it.",
        CLIENTS,
    )
    termsofpayments_scope: Literal["settings", "invoice"] = guess(
        "settings", "Terms of payment belong to the scope `settings`.", SILENT
    )
    attachments_scope: Literal["connectfile", "archive", "invoice"] = guess(
        "connectfile", "Files on invoices belong to the scope `connectfile`.", SILENT
    )
    no_right_code: int = invented(
        2009453,
        "Code where the person lacks a right; 2001393 for invoices is a client's, 2001339 to list"
        " them a help page's.",
    )

    # --- Invoices that are made ---

    used_number_status: int = guess(
        400, "An invoice with a `DocumentNumber` that is in use is refused with 400.", SILENT
    )
    cancelled_number_blocks: bool = guess(
        True, "The number of a cancelled invoice cannot be used again.", SILENT
    )
    number_moves_series: bool = guess(
        False,
        "A number that the client gives does not move the series; the next number of the series,"
        " where it is taken, is refused.",
        "help texts",
    )
    used_ocr: Literal["refused", "accepted"] = guess(
        "refused", "An `OCR` that another invoice has is refused.", SILENT
    )
    invalid_ocr: Literal["refused", "accepted"] = guess(
        "refused", "An `OCR` without a good check digit is refused.", SILENT
    )
    invoice_detail: Literal["2023", "2024"] = guess(
        "2024",
        "A detail is alphabetical, as recorded in 2024 of invoices that were made, whether it was"
        " read or written. `2023`: in the order of that year.",
        RECORDED,
    )
    left_out_discount: Literal["kept", "none"] = guess(
        "kept",
        "A row that is changed without `Discount` and `DiscountType` keeps its discount.",
        LIVE,
    )
    vat_on: Literal["sum", "rows"] = guess(
        "sum", "VAT is computed of the sum of each rate, and not of each row.", SILENT
    )
    whole_kronor: bool = guess(
        False, "The total is not rounded to whole kronor, with the rest in `RoundOff`.", SILENT
    )
    fee_vat: Literal["25", "rows", "0"] = guess(
        "25",
        "Freight and administration fee carry 25 per cent, and nothing for a customer without"
        " VAT. `rows`: the highest rate of the rows.",
        SILENT,
    )
    left_out_vat: Literal["account", "zero"] = guess(
        "account", "A row without `VAT` has the rate of its account.", SILENT
    )
    unknown_vat: Literal["refused", "accepted"] = guess(
        "refused",
        "A VAT rate that the company does not have is refused, by help texts; a live test had 1.23"
        " accepted and returned.",
        "clients disagree",
    )
    vat_of_exempt_customer: Literal["zero", "kept", "refused"] = guess(
        "zero",
        "A row with VAT for a customer with reverse charge or export is made one without.",
        SILENT,
    )
    unbooked_balance: Literal["total", "zero"] = guess(
        "total", "An invoice that is not booked has its total as `Balance`.", "clients disagree"
    )
    cost_center_rules: Literal["at_booking", "at_once"] = guess(
        "at_booking",
        "That an account demands a cost centre, or one is inactive, is refused at booking.",
        "by analogy with vouchers",
    )
    locked_period: Literal["at_once", "at_booking"] = guess(
        "at_once",
        "An invoice in a locked period is refused when it is made, too, and not only booked.",
        "help texts",
    )
    second_credit: Literal["refused", "made"] = guess(
        "refused", "An invoice that is credited already cannot be credited again.", "help texts"
    )
    search_delay: int = guess(
        0, "A new invoice is in the list at once. Seconds, where it takes time.", SILENT
    )
    unknown_reference_status: int = guess(
        400,
        "A customer, account, currency and so on that is not there, named in an invoice: 400.",
        SILENT,
    )
    account_not_found_code: Literal[2000423, 2001304] = guess(
        2000423, "An account that is not there is 2000423.", CLIENTS
    )
    currency_not_found_code: Literal[2000427, 2004344] = guess(
        2000427, "A currency that is not there is 2000427.", CLIENTS
    )
    paid_invoice_payments: Literal["accepted", "refused"] = guess(
        "refused",
        "A payment of an invoice that is fully paid is refused with 2003055; that one cannot be"
        " moved there or booked then either is a guess.",
        "help texts",
    )

    contradicting_amounts: Literal["refused", "computed"] = guess(
        "refused",
        "`Amount`, `AmountCurrency` and `CurrencyRate` that contradict each other are refused"
        " with 2001392, and so are a rate of SEK that is not 1 and an amount of more than two"
        " decimals; where no rate is sent, it follows from the two amounts. `computed`:"
        " `AmountCurrency` and the rate count, and that of SEK is 1.",
        SILENT,
    )
    payment_period: Literal["checked", "free"] = guess(
        "checked",
        "A payment in a locked period, or without a financial year, is refused as an invoice is.",
        "by analogy with invoices",
    )

    unknown_terms: Literal["refused", "accepted"] = guess(
        "refused",
        "A unit, a price list or terms of delivery that are not there, named in an invoice, are"
        " refused: 2000432, 2000431, 2000435; and so is a mode of payment, named in a payment.",
        CLIENTS,
    )

    # --- Customers ---

    customer_country: Literal["refused", "ignored", "accepted"] = guess(
        "refused", "`Country` of a customer is refused; it follows from `CountryCode`.", LIVE
    )
    customer_not_found: Literal["2000433", "2000204"] = guess(
        "2000433",
        "A customer that is not there is 2000433; a client saw 2000204 on the customer's own"
        " address.",
        RECORDED,
    )
    delete_customer_with_invoices: Literal["accepted", "refused"] = guess(
        "accepted", "A customer with invoices can be deleted.", LIVE
    )

    # --- Suppliers ---

    delete_suppliers: Literal["accepted", "unknown"] = guess(
        "accepted",
        "A supplier can be deleted, as in a live test; no specification names it. `unknown`: 404.",
        LIVE,
    )
    supplier_invoice_twice: Literal["accepted", "refused"] = guess(
        "accepted",
        "The same `InvoiceNumber` of a supplier is taken again and again, as in a live test.",
        LIVE,
    )
    booking_needs_attest: bool = guess(
        False, "A supplier invoice is booked without `approvalbookkeep` before.", SILENT
    )
    given_number: Literal["text", "number"] = guess(
        "text", "`GivenNumber` is a text; clients read a number.", SPECIFICATION
    )
    supplier_invoice_shows_files: Literal["never", "empty", "shown"] = guess(
        "never",
        "The detail names no files. `empty`: an empty list although there are some, as seen live.",
        SPECIFICATION,
    )

    # --- Texts and files ---

    text_characters: Literal["known", "plain"] = guess(
        "known",
        "`…`, `·`, `://`, `<` and `>` are refused in texts. `plain`: everything that is neither"
        " a letter nor ASCII, too.",
        LIVE,
    )
    long_texts: Literal["refused", "cut"] = guess(
        "refused", "A text that is too long is refused.", SILENT
    )
    largest_file: int = guess(
        2_621_440, "Bytes of the largest file; the program's help says 2.5 MB.", "help texts"
    )
    attached_file_leaves_inbox: bool = guess(
        True, "A file that is attached to an invoice leaves its folder of the inbox.", SILENT
    )

    # --- Codes ---

    used_number_code: int = invented(
        2009438, "Code for a `DocumentNumber` that is in use, or is the taken next of the series."
    )
    used_ocr_code: int = invented(2009439, "Code for an `OCR` that is in use.")
    invalid_ocr_code: int = invented(2009440, "Code for an `OCR` with a wrong check digit.")
    vat_not_found_code: int = invented(
        2009441, "Code for a VAT rate that the company does not have."
    )
    cost_center_not_found_code: int = invented(2009442, "Code for a cost centre that is not there.")
    financial_year_code: int = invented(
        2009443, "Code for a date without a financial year, and for a year that is not there."
    )
    invoice_locked_code: int = invented(
        2009444, "Code for changing, booking or cancelling an invoice whose state forbids it."
    )
    second_credit_code: int = invented(2009445, "Code for crediting a second time.")
    vat_contradicts_code: int = invented(
        2009446, "Code for VAT on an invoice to a customer without VAT."
    )
    row_not_found_code: int = invented(2009447, "Code for a `RowId` that the invoice lacks.")
    too_many_rows_code: int = invented(2009448, "Code for more than 500 rows.")
    text_length_code: int = invented(
        2009449, "Code for a text that is too long or too short, or a number out of its limits."
    )
    no_bank_details_code: int = invented(
        2009450, "Code for printing or mailing without bank details in the company."
    )
    not_registered_code: int = invented(
        2009451, "Code for `eprint` and `einvoice`, which the sandbox's companies cannot do."
    )
    customer_in_use_code: int = invented(2009452, "Code for deleting a customer with invoices.")
    mode_of_payment_not_found_code: int = invented(
        2009461, "Code for a mode of payment that is not there."
    )
    file_not_found_code: int = invented(2009454, "Code of the 404 for a file or a folder.")
    supplier_not_found_code: int = invented(
        2009456, "Code for a supplier that is not there, alone or named in an invoice."
    )
    supplier_number_code: int = invented(2009457, "Code for a `SupplierNumber` in use.")
    supplier_invoice_not_found_code: int = invented(
        2009458, "Code of the 404 for a supplier invoice."
    )
    supplier_invoice_locked_code: int = invented(
        2009459, "Code for what the state of a supplier invoice forbids."
    )
    supplier_invoice_twice_code: int = invented(
        2009460, "Code for an `InvoiceNumber` that the supplier has used."
    )
    file_too_big_code: int = invented(2009455, "Code for a file that is too big.")
