"""Every address of the API: its method, its scope, what it does, and who answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request

from hostsim.sandbox.resources import (
    accounts,
    attachments,
    company,
    customers,
    file_connections,
    financial_years,
    inbox,
    invoice_payments,
    invoices,
    settings,
    supplier_invoices,
    suppliers,
)
from hostsim.sandbox.resources.cost_centers import COST_CENTERS
from hostsim.sandbox.resources.currencies import CURRENCIES
from hostsim.sandbox.resources.customers import CUSTOMERS
from hostsim.sandbox.resources.modes_of_payment import MODES_OF_PAYMENT
from hostsim.sandbox.resources.projects import PROJECTS
from hostsim.sandbox.resources.suppliers import SUPPLIERS
from hostsim.sandbox.resources.terms_of_payment import TERMS_OF_PAYMENT
from hostsim.sandbox.switches import Switches

View = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """An address of the API."""

    method: str
    path: str
    scope: str
    """Or the name of the switch that tells it, after a colon."""

    says: str
    view: View
    has_effect: bool = False
    """Whether reading it changes something, which ``HEAD`` must not."""

    @property
    def endpoint(self) -> str:
        """The name by which the application knows it."""
        return f"{self.method} {self.path}".replace(".", "")

    def scope_by(self, switches: Switches) -> str:
        if self.scope.startswith(":"):
            return str(getattr(switches, self.scope[1:]))
        return self.scope


ROUTES = (
    Route(
        "GET",
        "/3/companyinformation",
        "companyinformation",
        "Say which company the bearer belongs to.",
        company.company_information,
    ),
    # --- Payments ---
    Route("GET", "/3/invoicepayments", "payment", "List payments.", invoice_payments.list_payments),
    Route(
        "GET",
        "/3/invoicepayments/<number>",
        "payment",
        "Show a payment with what the list leaves out.",
        invoice_payments.show_payment,
    ),
    Route(
        "POST",
        "/3/invoicepayments",
        "payment",
        "Make an unbooked payment.",
        invoice_payments.make_payment,
    ),
    Route(
        "PUT",
        "/3/invoicepayments/<number>",
        "payment",
        "Change an unbooked payment.",
        invoice_payments.change_payment,
    ),
    Route(
        "PUT",
        "/3/invoicepayments/<number>/bookkeep",
        "payment",
        "Book a payment.",
        invoice_payments.book_payment,
    ),
    Route(
        "DELETE",
        "/3/invoicepayments/<number>",
        "payment",
        "Delete a payment.",
        invoice_payments.delete_payment,
    ),
    # --- Invoices ---
    Route("GET", "/3/invoices", "invoice", "List invoices.", invoices.list_invoices),
    Route("GET", "/3/invoices/<number>", "invoice", "Show an invoice.", invoices.show_invoice),
    Route("POST", "/3/invoices", "invoice", "Make an invoice.", invoices.make_invoice),
    Route(
        "PUT",
        "/3/invoices/<number>",
        "invoice",
        "Change an invoice that is not booked.",
        invoices.change_invoice,
    ),
    Route("PUT", "/3/invoices/<number>/bookkeep", "invoice", "Book an invoice.", invoices.bookkeep),
    Route(
        "PUT",
        "/3/invoices/<number>/cancel",
        "invoice",
        "Cancel an invoice that is not booked.",
        invoices.cancel,
    ),
    Route(
        "PUT",
        "/3/invoices/<number>/credit",
        "invoice",
        "Make the invoice that credits this one.",
        invoices.credit,
    ),
    Route(
        "PUT",
        "/3/invoices/<number>/externalprint",
        "invoice",
        "Mark an invoice as sent.",
        invoices.externalprint,
    ),
    Route(
        "PUT",
        "/3/invoices/<number>/warehouseready",
        "invoice",
        "Say that the warehouse is done.",
        invoices.warehouseready,
    ),
    Route(
        "GET",
        "/3/invoices/<number>/email",
        "invoice",
        "Mail an invoice.",
        invoices.email,
        has_effect=True,
    ),
    Route(
        "GET",
        "/3/invoices/<number>/print",
        "invoice",
        "Print an invoice.",
        invoices.print_it,
        has_effect=True,
    ),
    Route(
        "GET",
        "/3/invoices/<number>/printreminder",
        "invoice",
        "Print a reminder.",
        invoices.printreminder,
        has_effect=True,
    ),
    Route(
        "GET",
        "/3/invoices/<number>/preview",
        "invoice",
        "Show an invoice on paper, without marking it as sent.",
        invoices.preview,
    ),
    Route(
        "GET",
        "/3/invoices/<number>/eprint",
        "invoice",
        "Refuse: the companies here are not registered for it.",
        invoices.refuse_to_send,
    ),
    Route(
        "GET",
        "/3/invoices/<number>/einvoice",
        "invoice",
        "Refuse: the companies here are not registered for it.",
        invoices.refuse_to_send,
    ),
    # --- Customers ---
    Route("GET", "/3/customers", "customer", "List customers.", CUSTOMERS.list_all),
    Route("GET", "/3/customers/<key>", "customer", "Show a customer.", CUSTOMERS.show),
    Route("POST", "/3/customers", "customer", "Make a customer.", customers.make_customer),
    Route(
        "PUT", "/3/customers/<number>", "customer", "Change a customer.", customers.change_customer
    ),
    Route(
        "DELETE",
        "/3/customers/<number>",
        "customer",
        "Delete a customer; the number stays used.",
        customers.delete_customer,
    ),
    # --- Registers ---
    Route(
        "GET",
        "/3/accounts",
        "bookkeeping",
        "List the accounts of a financial year.",
        accounts.list_accounts,
    ),
    Route("GET", "/3/accounts/<number>", "bookkeeping", "Show an account.", accounts.show_account),
    Route("GET", "/3/costcenters", "costcenter", "List cost centres.", COST_CENTERS.list_all),
    Route("GET", "/3/costcenters/<key>", "costcenter", "Show a cost centre.", COST_CENTERS.show),
    Route("GET", "/3/currencies", "currency", "List currencies.", CURRENCIES.list_all),
    Route("GET", "/3/currencies/<key>", "currency", "Show a currency.", CURRENCIES.show),
    Route("GET", "/3/projects", "project", "List projects.", PROJECTS.list_all),
    Route("GET", "/3/projects/<key>", "project", "Show a project.", PROJECTS.show),
    Route(
        "GET",
        "/3/termsofpayments",
        ":termsofpayments_scope",
        "List terms of payment.",
        TERMS_OF_PAYMENT.list_all,
    ),
    Route(
        "GET",
        "/3/termsofpayments/<key>",
        ":termsofpayments_scope",
        "Show terms of payment.",
        TERMS_OF_PAYMENT.show,
    ),
    Route(
        "GET",
        "/3/modesofpayments",
        "settings",
        "List modes of payment.",
        MODES_OF_PAYMENT.list_all,
    ),
    Route(
        "GET",
        "/3/modesofpayments/<key>",
        "settings",
        "Show a mode of payment.",
        MODES_OF_PAYMENT.show,
    ),
    Route(
        "GET",
        "/3/financialyears",
        "bookkeeping",
        "List financial years, or the one of a day.",
        financial_years.list_years,
    ),
    Route(
        "GET",
        "/3/financialyears/<number>",
        "bookkeeping",
        "Show a financial year.",
        financial_years.show_year,
    ),
    Route("GET", "/3/settings/company", "settings", "Show the company.", settings.show_company),
    Route(
        "GET",
        "/3/settings/lockedperiod",
        "settings",
        "Show until when the books are locked.",
        settings.show_locked_period,
    ),
    # --- Suppliers ---
    Route("GET", "/3/suppliers", "supplier", "List suppliers.", SUPPLIERS.list_all),
    Route("GET", "/3/suppliers/<key>", "supplier", "Show a supplier.", SUPPLIERS.show),
    Route("POST", "/3/suppliers", "supplier", "Make a supplier.", suppliers.make_supplier),
    Route(
        "PUT", "/3/suppliers/<number>", "supplier", "Change a supplier.", suppliers.change_supplier
    ),
    Route(
        "DELETE",
        "/3/suppliers/<number>",
        "supplier",
        "Delete a supplier.",
        suppliers.delete_supplier,
    ),
    Route(
        "GET",
        "/3/supplierinvoices",
        "supplierinvoice",
        "List supplier invoices.",
        supplier_invoices.list_invoices,
    ),
    Route(
        "GET",
        "/3/supplierinvoices/<number>",
        "supplierinvoice",
        "Show a supplier invoice.",
        supplier_invoices.show_invoice,
    ),
    Route(
        "POST",
        "/3/supplierinvoices",
        "supplierinvoice",
        "Make a supplier invoice.",
        supplier_invoices.make_invoice,
    ),
    Route(
        "PUT",
        "/3/supplierinvoices/<number>",
        "supplierinvoice",
        "Change a supplier invoice that is not booked.",
        supplier_invoices.change_invoice,
    ),
    Route(
        "PUT",
        "/3/supplierinvoices/<number>/approvalbookkeep",
        "supplierinvoice",
        "Attest a supplier invoice.",
        supplier_invoices.approvalbookkeep,
    ),
    Route(
        "PUT",
        "/3/supplierinvoices/<number>/approvalpayment",
        "supplierinvoice",
        "Attest the payment of a supplier invoice.",
        supplier_invoices.approvalpayment,
    ),
    Route(
        "PUT",
        "/3/supplierinvoices/<number>/bookkeep",
        "supplierinvoice",
        "Book a supplier invoice.",
        supplier_invoices.bookkeep,
    ),
    Route(
        "PUT",
        "/3/supplierinvoices/<number>/cancel",
        "supplierinvoice",
        "Cancel a supplier invoice that is not booked.",
        supplier_invoices.cancel,
    ),
    Route(
        "PUT",
        "/3/supplierinvoices/<number>/credit",
        "supplierinvoice",
        "Make the supplier invoice that credits this one.",
        supplier_invoices.credit,
    ),
    Route(
        "GET",
        "/3/supplierinvoicefileconnections",
        "connectfile",
        "List the files on supplier invoices.",
        file_connections.list_connections,
    ),
    Route(
        "GET",
        "/3/supplierinvoicefileconnections/<key>",
        "connectfile",
        "Show a file on a supplier invoice.",
        file_connections.show_connection,
    ),
    Route(
        "POST",
        "/3/supplierinvoicefileconnections",
        "connectfile",
        "Connect a file with a supplier invoice.",
        file_connections.connect,
    ),
    Route(
        "DELETE",
        "/3/supplierinvoicefileconnections/<key>",
        "connectfile",
        "Disconnect a file.",
        file_connections.disconnect,
    ),
    # --- Files ---
    Route("GET", "/3/inbox", "inbox", "List the folders, or the files of one.", inbox.show_root),
    Route("GET", "/3/inbox/<key>", "inbox", "Show a folder, or send a file.", inbox.show),
    Route("POST", "/3/inbox", "inbox", "Upload a file.", inbox.upload),
    Route("DELETE", "/3/inbox/<key>", "inbox", "Delete a file.", inbox.delete),
    Route(
        "GET",
        "/api/fileattachments/attachments-v1",
        ":attachments_scope",
        "List the files on invoices.",
        attachments.list_attachments,
    ),
    Route(
        "GET",
        "/api/fileattachments/attachments-v1/numberofattachments",
        ":attachments_scope",
        "Count the files on invoices.",
        attachments.count_attachments,
    ),
    Route(
        "POST",
        "/api/fileattachments/attachments-v1",
        ":attachments_scope",
        "Attach files to an invoice.",
        attachments.attach,
    ),
    Route(
        "POST",
        "/api/fileattachments/attachments-v1/validateincludedonsend",
        ":attachments_scope",
        "Check files that are to go along with an invoice.",
        attachments.validate,
    ),
    Route(
        "PUT",
        "/api/fileattachments/attachments-v1/<key>",
        ":attachments_scope",
        "Change whether a file goes along with its invoice.",
        attachments.change_attachment,
    ),
    Route(
        "DELETE",
        "/api/fileattachments/attachments-v1/<key>",
        ":attachments_scope",
        "Detach a file.",
        attachments.detach,
    ),
)

#: The route that answers each endpoint of the application.
BY_ENDPOINT = {f"api.{route.endpoint}": route for route in ROUTES}


def blueprint() -> Blueprint:
    """Make the part of the application that answers them."""
    api = Blueprint("api", __name__)
    for route in ROUTES:
        api.add_url_rule(
            route.path,
            route.endpoint,
            _described(route),
            methods=[route.method],
        )
    return api


def _described(route: Route) -> View:
    def view(**parameters: str) -> Response:
        if request.method == "HEAD" and route.has_effect:
            abort(404)
        return route.view(**parameters)

    view.__doc__ = route.says
    return view
