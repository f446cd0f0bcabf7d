"""Checks responses against Fortnox's specification, with its known corrections.

The specification is not part of the project; without it nothing is checked.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import jsonschema

SHARED = Path(__file__).parents[3] / "shared" / "fortnox"

META = {"$ref": "#/components/schemas/fortnox_MetaInformation"}

#: Responses of the gateway, which the specification does not describe.
GATEWAY = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
    "additionalProperties": False,
}

#: Fields that are null or an empty text while they are unset.
MAY_BE_NULL = {
    "CostCenter",
    "DeliveryDate",
    "EndDate",
    "FinalPayDate",
    "InvoiceDueDate",
    "LastRemindDate",
    "Project",
    "ProjectLeader",
    "StartDate",
    "TaxReduction",
    "TimeBasisReference",
    "VATCode",
    "VisitAddress",
    "VisitCity",
    "VisitCountryCode",
    "VisitZipCode",
    "VoucherNumber",
    "VoucherSeries",
    "VoucherYear",
}


@functools.cache
def specification():
    """Read the official schemas, made strict: an unknown field is an error."""
    path = SHARED / "openapi.json"
    if not path.is_file():
        return None
    whole = json.loads(path.read_text(encoding="utf-8"))
    schemas = whole["components"]["schemas"]
    more = json.loads((SHARED / "openapi-exports.json").read_text(encoding="utf-8"))
    whole["paths"] |= more["paths"]
    schemas |= more["components"]["schemas"]
    for schema in schemas.values():
        fields = schema.get("properties", {})
        schema["properties"] = {name: lenient(name, kind) for name, kind in fields.items()}
        schema["additionalProperties"] = False
    correct(schemas)
    return whole


def correct(schemas):
    """Correct the schemas where recorded responses differ."""
    schemas["fortnox_InvoiceListItem"]["properties"]["CurrencyRate"] = {"type": "string"}
    # Lists begin with MetaInformation, which this version of the document leaves out.
    for name in ("fortnox_InvoicePaymentListItem_List", "fortnox_InvoiceListItem_Wrap"):
        schemas[name]["properties"]["MetaInformation"] = META
        schemas[name]["required"] = list(schemas[name]["properties"])
    # Recorded in 2023, and not in the document of 2026.
    schemas["fortnox_Invoice"]["properties"]["InvoiceReference"] = {"type": "string"}
    # A number in 2023, and a text since.
    schemas["fortnox_Invoice"]["properties"]["ContractReference"] = {"type": ["integer", "string"]}
    correct_rows(schemas["fortnox_Invoice_InvoiceRow"])
    for name in WITH_META:
        schemas[name]["properties"]["MetaInformation"] = META
        schemas[name]["required"] = list(schemas[name]["properties"])
    # Most of a customer is null until it is set, and the account is answered as a number.
    customer = schemas["fortnox_Customer"]["properties"]
    for name, kind in customer.items():
        customer[name] = {"anyOf": [kind, {"type": "null"}, {"const": ""}]}
    customer["SalesAccount"] = {"type": ["integer", "null"]}
    row = schemas["fortnox_CustomerListItem"]
    row["required"] = list(row["properties"])
    for name in ("fortnox_SupplierInvoiceListItem", "fortnox_SupplierInvoice", "fortnox_Supplier"):
        schemas[name]["required"] = list(schemas[name]["properties"])
    # Seen by live users, and in no schema.
    files = {"type": "array", "items": {"type": "object"}}
    schemas["fortnox_SupplierInvoice"]["properties"]["SupplierInvoiceFileConnections"] = files
    account = schemas["fortnox_Supplier"]["properties"]["PreDefinedAccount"]
    for name in ("fortnox_Supplier", "fortnox_SupplierListItem"):
        schemas[name]["properties"]["PreDefinedAccount"] = {"anyOf": [account, {"const": ""}]}
    # Both answer a list, as the descriptions beside the schemas say.
    attachment = schemas["fileattachments_Attachment"]
    schemas["fileattachments_Attachment"] = {
        "anyOf": [attachment, {"type": "array", "items": attachment}]
    }
    number = schemas["fileattachments_NumberOfAttachments"]
    schemas["fileattachments_NumberOfAttachments"] = {"type": "array", "items": number}
    # Every row that was recorded has all of its fields.
    for name in ("fortnox_InvoicePaymentListItem", "fortnox_InvoicePayment"):
        schemas[name]["required"] = list(schemas[name]["properties"])
    # Errors come in two casings, and the code may be a text.
    error = schemas["fortnox_ErrorInformationWrap_ErrorInformation"]
    error["properties"] |= {name.lower(): kind for name, kind in error["properties"].items()}
    error["minProperties"] = 3


#: More lists that begin with it.
WITH_META = (
    "fortnox_ModeOfPayment_List",
    "fortnox_AccountListItem_Wrap",
    "fortnox_CostCenter_List",
    "fortnox_Currency_List",
    "fortnox_CustomerListItem_List",
    "fortnox_FinancialYear_WrapList",
    "fortnox_ProjectListItem_List",
    "fortnox_SupplierInvoiceFileConnection_List",
    "fortnox_SupplierInvoiceListItem_Wrap",
    "fortnox_SupplierListItem_List",
    "fortnox_TermsOfPayment_List",
)


def correct_rows(row):
    """Correct the schema of an invoice row where recorded rows differ."""
    fields = row["properties"]
    fields["Cost"] = {"type": "number"}
    fields["AccountNumber"] = {"type": "integer", "minimum": 0, "maximum": 9999}
    fields["VAT"] = {"type": "number"}
    for name in ("HouseWorkHoursToReport", "HouseWorkType", "StockPointCode", "VATCode"):
        fields[name] = {"anyOf": [fields[name], {"type": "null"}]}
    row["required"] = sorted(fields.keys() - {"VATCode"})


def lenient(name, kind):
    """Allow ``null`` for fields that may be unset, and an empty text for enumerations."""
    if "enum" in kind:
        kind = kind | {"enum": [*kind["enum"], ""]}
    if name in MAY_BE_NULL or name.startswith(("EDI", "Email")):
        return {"anyOf": [kind, {"type": "null"}]}
    return kind


@functools.cache
def validator(name):
    schema = {"$ref": f"#/components/schemas/{name}"} if name else GATEWAY
    components = specification()["components"]
    return jsonschema.Draft202012Validator(schema | {"components": components})


def check(answer):
    """Fail if a response of ``/3`` does not match the specification.

    :param answer: of requests; of any status.
    """
    if specification() is None:
        return
    name = schema_of(answer)
    if name is NOTHING:
        assert answer.content == b""
        return
    if name is FILE:
        assert answer.content
        return
    validator(name).validate(answer.json())


NOTHING = object()
FILE = object()


def schema_of(answer):
    """Name the schema of an answer; ``None`` for the gateway's."""
    if answer.status_code in {401, 429}:
        return None
    if answer.status_code >= 400:
        elsewhere = answer.request.path_url.startswith("/api/")
        return "fileattachments_WebException" if elsewhere else "fortnox_ErrorInformationWrap"
    operation = operation_of(answer.request.method.lower(), answer.request.path_url)
    assert operation is not None, f"{answer.url} is not in the specification"
    told = operation["responses"][str(answer.status_code)]
    if "content" not in told:
        return NOTHING
    (content,) = told["content"].values()
    if "json" not in answer.headers["Content-Type"]:
        return FILE
    return schema_in(content["schema"])


def schema_in(schema):
    """Name a schema, which a folder of the inbox has not."""
    return schema.get("$ref", "/fortnox_Folder_Wrap").rpartition("/")[2]


def operation_of(method, path_url):
    path = path_url.partition("?")[0].rstrip("/")
    for template, operations in specification()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return operations.get(method)
    return None
