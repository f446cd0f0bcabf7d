"""Every route of the API: method, path, scope, description and view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    supplier_invoices,
    suppliers,
)
from hostsim.sandbox.resources.customers import CUSTOMERS
from hostsim.sandbox.resources.invoice_payments import PAYMENTS
from hostsim.sandbox.resources.invoices import INVOICES
from hostsim.sandbox.resources.read_only_registers import (
    COST_CENTERS,
    CURRENCIES,
    MODES_OF_PAYMENT,
    PROJECTS,
    TERMS_OF_PAYMENT,
)
from hostsim.sandbox.resources.supplier_invoices import SUPPLIER_INVOICES
from hostsim.sandbox.resources.suppliers import SUPPLIERS
from hostsim.sandbox.switches import Switches

View = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """A route of the API."""

    method: str
    path: str
    scope: str
    """Or, after a colon, the name of the switch that decides it."""

    description: str
    view: View

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}".replace(".", "")

    def scope_by(self, switches: Switches) -> str:
        if self.scope.startswith(":"):
            return str(getattr(switches, self.scope[1:]))
        return self.scope


#: By base path and scope of a resource: method, rest of the path, description and view.
RESOURCES: Mapping[tuple[str, str], Sequence[tuple[str, str, str, View]]] = {
    ("/3/companyinformation", "companyinformation"): (
        ("GET", "", "Say which company the bearer belongs to.", company.company_information),
    ),
    # --- Payments ---
    ("/3/invoicepayments", "payment"): (
        ("GET", "", "List payments.", invoice_payments.list_payments),
        ("GET", "/<number>", "Show a payment with what the list leaves out.", PAYMENTS.show_one),
        ("POST", "", "Make an unbooked payment.", PAYMENTS.create_one),
        ("PUT", "/<number>", "Change an unbooked payment.", PAYMENTS.change_one),
        ("PUT", "/<number>/bookkeep", "Book a payment.", invoice_payments.book_payment),
        ("DELETE", "/<number>", "Delete a payment.", invoice_payments.delete_payment),
    ),
    # --- Invoices ---
    ("/3/invoices", "invoice"): (
        ("GET", "", "List invoices.", invoices.list_invoices),
        ("GET", "/<number>", "Show an invoice.", INVOICES.show_one),
        ("POST", "", "Make an invoice.", INVOICES.create_one),
        ("PUT", "/<number>", "Change an invoice that is not booked.", INVOICES.change_one),
        ("PUT", "/<number>/bookkeep", "Book an invoice.", invoices.bookkeep),
        ("PUT", "/<number>/cancel", "Cancel an invoice that is not booked.", invoices.cancel),
        ("PUT", "/<number>/credit", "Make the invoice that credits this one.", invoices.credit),
        ("PUT", "/<number>/externalprint", "Mark an invoice as sent.", invoices.externalprint),
        ("PUT", "/<number>/warehouseready", "Say that the warehouse is done.",
         invoices.warehouseready),
        ("GET", "/<number>/email", "Mail an invoice.", invoices.email),
        ("GET", "/<number>/print", "Print an invoice.", invoices.print_invoice),
        ("GET", "/<number>/printreminder", "Print a reminder.", invoices.printreminder),
        ("GET", "/<number>/preview", "Show an invoice on paper, without marking it as sent.",
         invoices.preview),
        ("GET", "/<number>/eprint", "Refuse: the companies here are not registered for it.",
         invoices.refuse_sending),
        ("GET", "/<number>/einvoice", "Refuse: the companies here are not registered for it.",
         invoices.refuse_sending),
    ),
    # --- Customers ---
    ("/3/customers", "customer"): (
        ("GET", "", "List customers.", CUSTOMERS.list_all),
        ("GET", "/<key>", "Show a customer.", CUSTOMERS.show_one),
        ("POST", "", "Make a customer.", customers.create_customer),
        ("PUT", "/<number>", "Change a customer.", customers.change_customer),
        ("DELETE", "/<number>", "Delete a customer; the number stays used.",
         customers.delete_customer),
    ),
    # --- Registers ---
    ("/3/accounts", "bookkeeping"): (
        ("GET", "", "List the accounts of a financial year.", accounts.list_accounts),
        ("GET", "/<number>", "Show an account.", accounts.show_account),
    ),
    ("/3/financialyears", "bookkeeping"): (
        ("GET", "", "List financial years, or the one of a day.", financial_years.list_years),
        ("GET", "/<number>", "Show a financial year.", financial_years.show_year),
    ),
    ("/3/settings", "settings"): (
        ("GET", "/company", "Show the company.", company.show_settings),
        ("GET", "/lockedperiod", "Show until when the books are locked.",
         company.show_locked_period),
    ),
    # --- Suppliers ---
    ("/3/suppliers", "supplier"): (
        ("GET", "", "List suppliers.", SUPPLIERS.list_all),
        ("GET", "/<key>", "Show a supplier.", SUPPLIERS.show_one),
        ("POST", "", "Make a supplier.", suppliers.create_supplier),
        ("PUT", "/<number>", "Change a supplier.", suppliers.change_supplier),
        ("DELETE", "/<number>", "Delete a supplier.", suppliers.delete_supplier),
    ),
    ("/3/supplierinvoices", "supplierinvoice"): (
        ("GET", "", "List supplier invoices.", supplier_invoices.list_invoices),
        ("GET", "/<number>", "Show a supplier invoice.", SUPPLIER_INVOICES.show_one),
        ("POST", "", "Make a supplier invoice.", SUPPLIER_INVOICES.create_one),
        ("PUT", "/<number>", "Change a supplier invoice that is not booked.",
         SUPPLIER_INVOICES.change_one),
        ("PUT", "/<number>/approvalbookkeep", "Attest a supplier invoice.",
         supplier_invoices.approvalbookkeep),
        ("PUT", "/<number>/approvalpayment", "Attest the payment of a supplier invoice.",
         supplier_invoices.approvalpayment),
        ("PUT", "/<number>/bookkeep", "Book a supplier invoice.", supplier_invoices.bookkeep),
        ("PUT", "/<number>/cancel", "Cancel a supplier invoice that is not booked.",
         supplier_invoices.cancel),
        ("PUT", "/<number>/credit", "Make the supplier invoice that credits this one.",
         supplier_invoices.credit),
    ),
    ("/3/supplierinvoicefileconnections", "connectfile"): (
        ("GET", "", "List the files on supplier invoices.", file_connections.list_connections),
        ("GET", "/<key>", "Show a file on a supplier invoice.", file_connections.show_connection),
        ("POST", "", "Connect a file with a supplier invoice.", file_connections.connect),
        ("DELETE", "/<key>", "Disconnect a file.", file_connections.disconnect),
    ),
    # --- Files ---
    ("/3/inbox", "inbox"): (
        ("GET", "", "List the folders, or the files of one.", inbox.show_root),
        ("GET", "/<key>", "Show a folder, or send a file.", inbox.show),
        ("POST", "", "Upload a file.", inbox.upload),
        ("DELETE", "/<key>", "Delete a file.", inbox.delete),
    ),
    ("/api/fileattachments/attachments-v1", ":attachments_scope"): (
        ("GET", "", "List the files on invoices.", attachments.list_attachments),
        ("GET", "/numberofattachments", "Count the files on invoices.",
         attachments.count_attachments),
        ("POST", "", "Attach files to an invoice.", attachments.attach),
        ("POST", "/validateincludedonsend", "Check files that are to go along with an invoice.",
         attachments.validate),
        ("PUT", "/<key>", "Change whether a file goes along with its invoice.",
         attachments.change_attachment),
        ("DELETE", "/<key>", "Detach a file.", attachments.detach),
    ),
}  # fmt: skip

#: Registers that are only read: with their scope, and in the plural and the singular.
READ_ONLY_REGISTERS = (
    (COST_CENTERS, "costcenter", "cost centres", "a cost centre"),
    (CURRENCIES, "currency", "currencies", "a currency"),
    (MODES_OF_PAYMENT, "settings", "modes of payment", "a mode of payment"),
    (PROJECTS, "project", "projects", "a project"),
    (TERMS_OF_PAYMENT, ":termsofpayments_scope", "terms of payment", "terms of payment"),
)

READ_ONLY_RESOURCES = {
    (f"/3/{register.name}", scope): (
        ("GET", "", f"List {plural}.", register.list_all),
        ("GET", "/<key>", f"Show {singular}.", register.show_one),
    )
    for register, scope, plural, singular in READ_ONLY_REGISTERS
}

ROUTES = [
    Route(method, f"{base}{below}", scope, says, view)
    for (base, scope), rows in (*RESOURCES.items(), *READ_ONLY_RESOURCES.items())
    for method, below, says, view in rows
]

#: GET requests with side effects, which ``HEAD`` must not have.
WITH_EFFECT = {invoices.email, invoices.print_invoice, invoices.printreminder}

#: The route of each endpoint in Flask.
BY_ENDPOINT = {f"api.{route.endpoint}": route for route in ROUTES}


def make_blueprint() -> Blueprint:
    api = Blueprint("api", __name__)
    for route in ROUTES:
        api.add_url_rule(route.path, route.endpoint, _described(route), methods=[route.method])
    return api


def _described(route: Route) -> View:
    def view(**parameters: str) -> Response:
        if request.method == "HEAD" and route.view in WITH_EFFECT:
            abort(404)
        return route.view(**parameters)

    view.__doc__ = route.description
    return view
