"""Switches for the behaviour of Fortnox that is not known for sure.

Each default is a guess, the most likely one by reports of clients of the real
service. A client that is right under every setting is safe. Each switch has
its description and source, for both the switchboard and the page of unknowns.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

# --- How a switch is declared ---------------------------------------------------


def guess(default: object, description: str, source: str) -> Any:
    return switch("guess", default, description, source)


def invented(default: object, description: str) -> Any:
    return switch("invented", default, description, "not published")


def documented(default: object, description: str, source: str) -> Any:
    return switch("documented", default, description, source)


def switch(kind: str, default: object, description: str, source: str) -> Any:
    return dataclasses.field(
        default=default, metadata={"kind": kind, "says": description, "source": source}
    )


#: Sources, as ``UNKNOWNS.md`` names them.
AUTH = "Fortnox: authorization pages"
RATE = "Fortnox: rate limits page"
PARAMETERS = "Fortnox: parameters page"
SPECIFICATION = "Fortnox: OpenAPI"
LIVE = "authors of clients, after live runs"
CLIENTS = "source of clients"
RECORDED = "recorded answers"
SILENT = "undocumented"


# --- The switches ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ImportSwitches:
    """How the sandbox behaves at login, and where payments are read and written."""

    # --- Login ---

    refresh_token_days: int = guess(
        45, "A refresh token lives for 45 days; older pages say 31.", AUTH
    )
    refresh_token_format: Literal["uuid", "forty"] = guess(
        "uuid", "A refresh token is a UUID; one client tests for 40 characters.", AUTH
    )
    reuse_revokes_family: bool = guess(
        False,
        "A refresh token used twice is refused, and the tokens that came after it stay good.",
        SILENT,
    )
    client_secret_in_body: bool = guess(
        False,
        "The client's secret is taken from Basic authorization only, not from the body.",
        SILENT,
    )
    pkce: Literal["ignored", "checked", "refused"] = guess(
        "ignored", "The parameters of PKCE are ignored, neither checked nor refused.", SILENT
    )
    token_on_api_host: bool = guess(
        False,
        "A host whose name begins with `api.` has no `/oauth-v1`; one client posts there.",
        CLIENTS,
    )
    bad_code_status: int = guess(
        400, "A bad or used code is answered with 400 and `invalid_grant`.", CLIENTS
    )
    bad_code_content_type: Literal[
        "text/html; charset=UTF-8", "text/plain;charset=UTF-8", "application/json"
    ] = guess(
        "text/html; charset=UTF-8",
        "The answer to a bad code says that it is HTML, as the one to a bad refresh token does.",
        "by analogy with a recorded answer",
    )
    client_credentials: Literal["granted", "unsupported", "not_allowed"] = guess(
        "granted",
        "After a consent for a service account, `client_credentials` with `TenantId` works."
        " `not_allowed`: the client may not, 400 `unauthorized_client`.",
        "Fortnox: client credentials page",
    )
    client_credentials_unlicensed: Literal["refused", "no_consent", "granted"] = guess(
        "refused",
        "Without the integration licence it is 400 `error_missing_license`, as at a refresh."
        " `no_consent`: as without a consent. `granted`: only the API says so.",
        "by analogy with a refresh, as authors of clients have seen it",
    )
    second_consent: Literal["replaces", "adds"] = guess(
        "replaces",
        "A second consent for a service account of a company replaces the first, also where it"
        " gives fewer scopes.",
        SILENT,
    )
    revoke_withdraws_consent: bool = guess(
        False,
        "To revoke the refresh token that came with a consent for a service account does not"
        " withdraw the consent.",
        SILENT,
    )
    withdrawn_consent_ends_refresh: bool = guess(
        True,
        "Where the consent for a service account, or that of a person, is withdrawn, its code"
        " and refresh tokens end, too; its access tokens live out their hour.",
        SILENT,
    )
    client_credentials_status: int = guess(
        400,
        "`client_credentials` without a consent, or for another tenant: 400 `invalid_grant`.",
        SILENT,
    )

    client_credentials_scope: Literal["invalid_scope", "invalid_grant"] = guess(
        "invalid_scope",
        "`client_credentials` with a scope that is unknown, or not in the consent: 400"
        " `invalid_scope`, as the standard has it.",
        SILENT,
    )

    # --- Rights ---

    missing_scope_status: int = guess(
        400, "A missing scope is 400 with code 2000663; the documentation suggests 403.", LIVE
    )
    missing_licence_status: int = guess(
        403, "A missing licence is 403 with code 2001103 or 2001101.", LIVE
    )
    lapsed_licence: Literal["code", "words"] = guess(
        "code",
        "A refresh, or a code, without the integration licence has the error"
        " `error_missing_license`. `words`: `invalid_request`, and a sentence that says so.",
        CLIENTS,
    )
    unregistered_scope: Literal["page", "returned"] = guess(
        "page",
        "A scope that the program is not registered for ends at `/auth` on a page, and the login"
        " never comes back. `returned`: it comes back with `invalid_scope`.",
        LIVE,
    )
    login_errors: Literal["returned", "page"] = guess(
        "returned",
        "A login that fails comes back with `error`. `page`: it ends on a page and never comes"
        " back.",
        CLIENTS,
    )
    person_unlicensed: Literal["fewer_scopes", "refused"] = guess(
        "fewer_scopes",
        "Where the person lacks the licence of a module, the token has the other scopes."
        " `refused`: the login comes back with `error_missing_license`, as it does by default"
        " where no scope is left. A refresh follows it.",
        LIVE,
    )
    missing_right_status: int = guess(
        403, "A right that the person lacks is 403 with a sentence, for that register alone.", LIVE
    )
    missing_bearer: Literal["gateway", "application"] = guess(
        "gateway",
        "Without a bearer the gateway answers 401, as it does for an expired one;"
        " `application` is the older 2000311.",
        "by analogy with a recorded answer",
    )

    # --- Rate limit ---

    rate_limit: int | None = documented(
        25, "Requests in a window. `null` switches the limit off.", RATE
    )
    rate_window: float = documented(5.0, "Seconds that the sliding window is long.", RATE)
    rate_bucket: Literal["company", "token"] = guess(
        "company", "Counted by client id and company; one page says by access token.", RATE
    )
    rate_status: Literal[429, 503] = guess(
        429, "Too many requests are answered with 429; it was 503 years ago.", RATE
    )
    rate_body: Literal["json", "text", "application", "html", "empty"] = guess(
        "json",
        'The body of a 429 is `{"message":"Too Many Requests"}`, in the gateway\'s style.',
        SILENT,
    )
    rate_retry_after: int | None = guess(
        None, "A 429 carries no `Retry-After`. Seconds, where it does.", SILENT
    )
    rate_retry_after_as: Literal["seconds", "date"] = guess(
        "seconds", "`Retry-After`, where there is one, is seconds and not a date.", SILENT
    )
    rate_refused_counts: bool = guess(
        False,
        "A refused request does not count towards the limit.",
        SILENT,
    )

    # --- The wire ---

    gzip: bool = guess(
        True,
        "Where the client asks for it, every 200 of GET, PUT and the token service and every 404"
        " is compressed, and nothing else.",
        RECORDED,
    )
    double_slash: Literal["merged", "unknown"] = guess(
        "merged", "`//` in a path is `/`. `unknown`: an unknown path.", SILENT
    )

    # --- Lists ---

    payment_row: Literal["short", "full"] = guess(
        "short",
        "A list row of payments has eleven fields; a specification of April 2026 declares all.",
        RECORDED,
    )
    payment_order: Literal["number", "newest"] = guess(
        "number",
        "Without `sortby` payments come by ascending number; an old page says newest first.",
        RECORDED,
    )
    default_sortorder: Literal["ascending", "descending"] = guess(
        "ascending", "`sortby` without `sortorder` is ascending.", SILENT
    )
    random_ties: bool = guess(
        False,
        "Rows with equal sort keys come by number. `true`: in a new random order each time.",
        SILENT,
    )
    legacy_headers: bool = switch(
        "own",
        False,
        "The login that Fortnox shut down on 2025-04-30, for old clients: `Access-Token` beside"
        " `Client-Secret`.",
        "the sandbox's",
    )
    random_seed: int = switch("own", 0, "Where the random order of ties begins.", "the sandbox's")
    page_beyond_end: Literal["empty", "refused", "last", "not_found"] = guess(
        "empty", "A page after the last is an empty list.", SILENT
    )
    totals_beyond_end: Literal["zero", "zero_by_offset", "kept"] = guess(
        "zero",
        "An empty list beyond the end counts 0 resources and 0 pages: recorded by `offset`, a"
        " guess by `page`. `zero_by_offset`: by `page` the totals stay.",
        RECORDED,
    )
    limit_above_500: Literal["clamped", "refused", "default", "honoured"] = guess(
        "clamped", "A larger `limit` is taken as 500. `default` takes it as 100.", PARAMETERS
    )
    limit_below_1: Literal["refused", "default"] = guess(
        "refused", "A `limit` below 1 is refused. `default` takes it as 100.", SILENT
    )
    page_below_1: Literal["refused", "first"] = guess(
        "refused", "A `page` below 1 is refused.", SILENT
    )
    page_with_offset: Literal["added", "page", "offset", "refused"] = guess(
        "added",
        "`page` and `offset` together add up. `page` or `offset`: only that one counts.",
        SILENT,
    )
    several_filters: bool = guess(
        True,
        "All filters of a request apply. `false`: a second one is refused, as one sentence of the"
        " parameters page has it.",
        RECORDED,
    )
    number_filters_match_part: bool = guess(
        True,
        "A filter by a number matches a part of it, as one by a text does: `documentnumber`,"
        " `customernumber`, `ocr`, `invoicenumber`, `suppliernumber`, `supplierinvoicenumber`."
        " `false`: whole values.",
        PARAMETERS,
    )
    unpaid_with_unbooked: bool = guess(
        False,
        "`filter=unpaid`, `unpaidoverdue` and `fullypaid` leave out what is not booked.",
        CLIENTS,
    )
    payment_filter_customernumber: bool = guess(
        False,
        "Payments have no filter `customernumber`; one client sends it.",
        CLIENTS,
    )
    lastmodified_inclusive: bool = guess(
        True,
        "What was modified in the very minute that is asked for is included.",
        SILENT,
    )
    lastmodified_zone: str = guess(
        "Europe/Stockholm",
        "`lastmodified` is wall time where Fortnox's servers stand.",
        CLIENTS,
    )
    lastmodified_compares: Literal["wall", "instant"] = guess(
        "wall",
        "Wall times are compared, so that the hour of October that comes twice is one.",
        SILENT,
    )
    lastmodified_seconds: bool = guess(
        False,
        "`lastmodified` with seconds is refused, since minutes are documented.",
        PARAMETERS,
    )

    # --- Payments and invoices ---

    list_amount: Literal["SEK", "currency"] = guess(
        "SEK", "`Amount` in the list is SEK for foreign payments too.", "what the detail means"
    )
    invoice_amounts: Literal["currency", "SEK"] = guess(
        "currency", "`Total` and `Balance` of a foreign invoice are in its currency.", SILENT
    )
    write_off_currency: Literal["own", "SEK", "payment"] = guess(
        "own",
        "A row of `WriteOffs` is in the currency that it was made in, and names it. `SEK`,"
        " `payment`: all are in that one.",
        "help texts",
    )
    write_off_sign: Literal["added", "subtracted"] = guess(
        "added",
        "Payment and `WriteOffs` together are what the invoice is settled by: a reminder fee that"
        " came along is below zero. `subtracted`: the other way round, which our plug-in misjudges:"
        " a payment that settles its invoice with a write-off is shown as a part payment, or as an"
        " advance, by twice the write-off. Only a look at one in Fortnox's program tells.",
        SILENT,
    )
    credit_settlement: Literal["payments", "balances"] = guess(
        "payments",
        "A credit invoice is settled against its invoice by two payments, one of them negative."
        " `balances`: both balances fall, and there is no payment.",
        "help texts",
    )
    finance_ocr: Literal["changed", "kept"] = guess(
        "changed",
        "An invoice that Fortnox Finans has taken over (`NoxFinans`) shows the OCR of Finans.",
        "help texts",
    )
    unit_divides: bool = guess(
        False,
        "`CurrencyUnit` does not divide the rate, in payments and bills; the haulier's books are"
        " made so at the start.",
        "clients disagree",
    )
    negative_payments: bool = guess(
        True,
        "A payment below zero is accepted, as for a credit invoice.",
        CLIENTS,
    )
    other_currency: Literal["refused", "accepted"] = guess(
        "refused", "A payment in another currency than its invoice is refused.", "help texts"
    )
    delete_booked: bool = guess(
        False,
        "A booked payment cannot be deleted over the API.",
        SILENT,
    )
    payment_touches_invoice: bool = guess(
        True,
        "Booking a payment counts as a modification of its invoice.",
        SILENT,
    )
    read_only_fields: Literal["ignored", "refused"] = guess(
        "ignored",
        "Fields that only Fortnox sets, such as `Booked`, are ignored when they are sent.",
        SILENT,
    )

    missing_content_type: Literal["refused", "json"] = guess(
        "refused",
        "A body, and an action, without a `Content-Type` is refused with 1000031. `json`: it is"
        " taken as JSON, as one library has sent it for years.",
        "clients disagree",
    )

    # --- Codes ---

    payment_not_found_code: int = invented(2009434, "Code of the 404 for a payment.")
    payment_locked_code: int = invented(
        2009435, "Code for changing, booking or deleting a booked payment."
    )
    unknown_path_code: int = invented(2009436, "Code of the 404 for an unknown path.")
    payment_currency_code: int = invented(
        2009437, "Code for a payment in another currency than its invoice."
    )
    codes_as_text: bool = guess(
        False,
        "Error codes are numbers; some clients' tests have them as text.",
        RECORDED,
    )


@dataclass(frozen=True, kw_only=True)
class ExportSwitches:
    """How the sandbox behaves where invoices, customers and suppliers are written.

    None of these affects an import, which only reads payments and invoices.
    """

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


@dataclass(frozen=True, kw_only=True)
class Switches(ExportSwitches, ImportSwitches):
    """How the sandbox behaves where Fortnox's behaviour is not known."""

    def with_changes(self, changes: Mapping[str, object]) -> Switches:
        """Return these switches with some changed.

        Raises ``ValueError`` with a message that names the switch and its accepted values.
        """
        checked = {name: _checked_value(name, value) for name, value in changes.items()}
        return dataclasses.replace(self, **checked)

    def describe(self) -> list[dict[str, Any]]:
        return [
            {
                "name": field.name,
                "value": getattr(self, field.name),
                "default": field.default,
                "takes": accepted_values(field.name),
                **field.metadata,
            }
            for field in dataclasses.fields(self)
        ]


def markdown_rows() -> Iterator[str]:
    """Yield the rows of the table in ``UNKNOWNS.md``, in Markdown."""
    for switch in Switches().describe():
        takes = ", ".join(
            value if value.startswith("a ") else f"`{value}`"
            for value in (
                option if isinstance(option, str) else json.dumps(option)
                for option in switch["takes"]
            )
        )
        default = switch["default"]
        default_text = default if isinstance(default, str) else json.dumps(default)
        yield (
            f"| `{switch['name']}` | `{default_text}` | {switch['kind']} | {switch['says']}"
            f" | {takes} | {switch['source']} |"
        )


def parse_switch(text: str) -> dict[str, object]:
    """Parse ``NAME=VALUE``; a value that is not JSON is a text.

    Raises ``ValueError`` for an unknown switch, or a value that it does not accept.
    """
    name, _, value = text.partition("=")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return {name: _checked_value(name, parsed)}


def read_switches(path: Path) -> tuple[Switches, list[str]]:
    """Read a file as ``python -m opter_fortnox_plugin probe --switches FILE`` writes it.

    It holds the probe's findings, ``{"switches": {"default_limit": 100, …}}``, some of which are
    no switches here.

    :return: the switches, and the names that are unknown or have a value that is not accepted.
    :raises OSError: if it cannot be read.
    :raises ValueError: if it is not such a file.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    values = content.get("switches") if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise ValueError('it is no object with "switches"')
    switches, unknown = Switches(), []
    for name, value in values.items():
        try:
            switches = switches.with_changes({name: value})
        except ValueError:
            unknown.append(name)
    return switches, unknown


# --- Accepted values --------------------------------------------------------


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Switches)


def accepted_values(name: str) -> list[Any]:
    """Return the values that a switch accepts, or a phrase for a type of value."""
    return list(_values(_types()[name]))


def _values(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Literal:
        yield from get_args(kind)
    elif origin in {Union, types.UnionType}:
        for part in get_args(kind):
            yield from _values(part)
    elif kind is types.NoneType:
        yield None
    elif kind is bool:
        yield from (False, True)
    else:
        yield {int: "a whole number", float: "a number", str: "a zone"}[kind]


def _checked_value(name: str, value: object) -> Any:
    """Return a value if the switch accepts it; a number also for a text of digits."""
    if name not in _types():
        close = difflib.get_close_matches(name, _types())
        raise ValueError(
            ", ".join((f"there is no switch {name}", *(f"but {match}" for match in close)))
        )
    for candidate in (value, str(value)) if type(value) is int else (value,):
        if any(_accepts(name, candidate, accepted) for accepted in accepted_values(name)):
            return candidate
    takes = ", ".join(_value_text(name, accepted) for accepted in accepted_values(name))
    raise ValueError(f"{name} takes {takes}, and not {json.dumps(value, default=str)}")


def _value_text(name: str, accepted: object) -> str:
    if accepted == "a whole number":
        return f"a whole number from {_minimum(name)} to {_maximum(name)}"
    return "a number above 0" if accepted == "a number" else json.dumps(accepted)


def _accepts(name: str, value: object, accepted: object) -> bool:
    if accepted == "a zone":
        return isinstance(value, str) and _is_zone(value)
    if accepted == "a whole number":
        return type(value) is int and _minimum(name) <= value <= _maximum(name)
    if accepted == "a number":
        return type(value) in {int, float} and 0 < float(str(value)) < math.inf
    return type(value) is type(accepted) and value == accepted


def _minimum(name: str) -> int:
    if name.endswith("_status"):
        return 400
    return 1 if name in {"rate_limit", "refresh_token_days"} else 0


def _maximum(name: str) -> int:
    if name == "refresh_token_days":
        return 36_500
    return 599 if name.endswith("_status") else 2**31


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True
