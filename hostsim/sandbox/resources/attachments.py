"""``/api/fileattachments``: files on invoices. Its errors have their own format."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import Response, request

from hostsim.sandbox import responses, rest
from hostsim.sandbox.errors import AttachmentRefused
from hostsim.sandbox.registers import Registers, StoredFile
from hostsim.sandbox.switchboard import switchboard

FIELDS = {"entityId": int, "entityType": str, "fileId": str, "includeOnSend": bool, "id": str}
REQUIRED = ("entityId", "entityType", "fileId")
#: Types of documents; the sandbox has only invoices.
TYPES = ("OF", "O", "F", "C", "LGR_IO", "LGR_IG")
SUFFIXES = (".pdf", ".jpg", ".jpeg", ".png")
#: A guess; only that there is a limit is documented.
MAX_PER_REQUEST = 10


def list_attachments() -> Response:
    ids, kind = _requested_documents("entityid")
    rows = [row for row in _attachments().values() if _belongs_to(row, ids, kind)]
    return responses.json_response(rows)


def count_attachments() -> Response:
    ids, kind = _requested_documents("entityids")
    return responses.json_response(
        [
            {
                "entityId": rest.parse_path_number(document_id),
                "numberOfAttachments": sum(
                    _belongs_to(row, [document_id], kind) for row in _attachments().values()
                ),
            }
            for document_id in ids
        ]
    )


def attach() -> Response:
    rows = _parse_rows()
    if len(rows) > MAX_PER_REQUEST:
        raise AttachmentRefused("too_many_attachments_in_one_request")
    company = rest.company()
    with company.lock:
        validated = [_validate_row(row, company.registers) for row in rows]
        if len({(row["entityType"], row["entityId"]) for row, _file in validated}) > 1:
            raise AttachmentRefused("mixed_documents")
        for row, file in validated:
            company.registers.attachments[row["id"]] = row
            if switchboard().switches.attached_file_leaves_inbox:
                company.registers.files[file.id] = replace(file, folder="archive")
    return responses.json_response([row for row, _file in validated], 201)


def change_attachment(key: str) -> Response:
    """Change whether a file is sent with its invoice."""
    rest.require_json()
    attachment, content = _find_attachment(key), rest.json_body()
    fixed = content.keys() & attachment.keys() - {"includeOnSend"}
    if any(content[name] != attachment[name] for name in fixed):
        raise AttachmentRefused("field_not_writable")
    include = bool(content.get("includeOnSend", attachment["includeOnSend"]))
    _attachments()[key] = updated = attachment | {"includeOnSend": include}
    return responses.json_response(updated)


def detach(key: str) -> Response:
    del _attachments()[_find_attachment(key)["id"]]
    return responses.no_content()


def validate() -> Response:
    """Validate files to be sent with an invoice; here all attached files may be."""
    for row in _parse_rows():
        _validate_row(row, rest.company().registers)
    return responses.no_content()


def _requested_documents(parameter: str) -> tuple[list[str], str]:
    ids = ",".join(request.args.getlist(parameter)).split(",")
    kind = request.args.get("entitytype", "")
    if not any(ids) or kind not in TYPES:
        raise AttachmentRefused("missing_mandatory_field")
    return ids, kind


def _parse_rows() -> list[Any]:
    rest.require_json()
    rows = rest.parse_json()
    if not isinstance(rows, list) or not rows:
        raise AttachmentRefused("no_attachment_provided")
    return rows


def _validate_row(row: Any, registers: Registers) -> tuple[dict[str, Any], StoredFile]:
    if not isinstance(row, dict) or any(row.get(name) in (None, "") for name in REQUIRED):
        raise AttachmentRefused("missing_mandatory_field")
    if any(type(value) is not FIELDS.get(name) for name, value in row.items()) or "id" in row:
        raise AttachmentRefused("field_not_writable")
    if row["entityType"] != "F" or rest.company().invoice(row["entityId"]) is None:
        raise AttachmentRefused("document_not_found", 404)
    # The id of the archive here, that of the inbox elsewhere.
    by_archive_id = {file.archive_id: file for file in registers.files.values()}
    file = by_archive_id.get(row["fileId"])
    if file is None:
        raise AttachmentRefused("file_not_found", 404)
    if not file.name.lower().endswith(SUFFIXES):
        raise AttachmentRefused("wrong_file_type")
    attachment = {name: row[name] for name in REQUIRED} | {"id": str(uuid.uuid4())}
    return attachment | {"includeOnSend": row.get("includeOnSend", False)}, file


def _attachments() -> dict[str, dict[str, Any]]:
    return rest.company().registers.attachments


def _find_attachment(key: str) -> dict[str, Any]:
    attachment = _attachments().get(key)
    if attachment is None:
        raise AttachmentRefused("attachment_not_found", 404)
    return attachment


def _belongs_to(row: dict[str, Any], ids: list[str], kind: str) -> bool:
    return row["entityType"] == kind and str(row["entityId"]) in ids
