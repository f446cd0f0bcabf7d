"""``/3/supplierinvoicefileconnections``: files of the inbox on supplier invoices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, request

from hostsim.sandbox import query, responses, rest, supplier_invoicing
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import parse_changes, require, text
from hostsim.sandbox.registers import StoredFile
from hostsim.sandbox.switchboard import switchboard

FIELDS = {"FileId": text(), "SupplierInvoiceNumber": text()}
READ_ONLY = {"@url", "Name", "SupplierName"}


def list_connections() -> Response:
    query.check_parameters(
        request.args, query.COMMON_PARAMETERS - {"sortby"} | {"supplierinvoicenumber"}
    )
    number, switches = request.args.get("supplierinvoicenumber"), switchboard().switches
    files = [
        file
        for file in rest.company().registers.files.values()
        if file.supplier_invoice
        and (number is None or query.number_matches(number, str(file.supplier_invoice), switches))
    ]
    return rest.page_response("SupplierInvoiceFileConnections", files, _serialized)


def show_connection(key: str) -> Response:
    return responses.json_response(
        {"SupplierInvoiceFileConnection": _serialized(_find_connected_file(key))}
    )


def connect() -> Response:
    """Connect a file, by its inbox id, with a supplier invoice."""
    company, switches = rest.company(), switchboard().switches
    content = rest.record_in_body("SupplierInvoiceFileConnection")
    fields = parse_changes(content, FIELDS, switches, READ_ONLY)
    require(fields, FIELDS)
    with company.lock:
        number = rest.parse_path_number(fields["SupplierInvoiceNumber"])
        supplier_invoicing.find(company, number)
        file = company.registers.files.get(fields["FileId"])
        if file is None:
            raise Refused(switches.file_not_found_code, "Kan inte hitta filen.", 404)
        folder = "archive" if switches.attached_file_leaves_inbox else file.folder
        connected = replace(file, supplier_invoice=number, folder=folder)
        company.registers.files[file.id] = connected
    return rest.created_response(
        "SupplierInvoiceFileConnection", _serialized(connected), "supplierinvoicefileconnections"
    )


def disconnect(key: str) -> Response:
    file = _find_connected_file(key)
    rest.company().registers.files[key] = replace(file, supplier_invoice=0)
    return responses.no_content()


def _find_connected_file(key: str) -> StoredFile:
    file = rest.company().registers.files.get(key)
    if file is None or not file.supplier_invoice:
        message = "Kan inte hitta kopplingen."
        raise Refused(switchboard().switches.file_not_found_code, message, 404)
    return file


def _serialized(file: StoredFile) -> dict[str, Any]:
    invoice = rest.company().registers.supplier_invoices[file.supplier_invoice]
    return {
        "@url": f"{rest.base_url()}/3/supplierinvoicefileconnections/{file.id}",
        "FileId": file.id,
        "Name": file.name,
        "SupplierInvoiceNumber": str(file.supplier_invoice),
        "SupplierName": invoice.fields["SupplierName"],
    }
