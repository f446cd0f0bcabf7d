"""``/api/fileattachments``: files on invoices. Its errors are of a kind of their own."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import Response, request

from hostsim.sandbox import exchange, responses
from hostsim.sandbox.errors import AttachmentRefused
from hostsim.sandbox.registers import Registers, StoredFile
from hostsim.sandbox.switchboard import switchboard

FIELDS = {"entityId": int, "entityType": str, "fileId": str, "includeOnSend": bool, "id": str}
REQUIRED = ("entityId", "entityType", "fileId")
#: What a document may be; the sandbox has invoices alone.
TYPES = ("OF", "O", "F", "C", "LGR_IO", "LGR_IG")
SUFFIXES = (".pdf", ".jpg", ".jpeg", ".png")
#: A guess: how many are told is that there is a limit.
AT_ONCE = 10


def list_attachments() -> Response:
    wanted, kind = _asked_for("entityid")
    found = [one for one in _all().values() if _is_of(one, wanted, kind)]
    return responses.json_response(found)


def count_attachments() -> Response:
    wanted, kind = _asked_for("entityids")
    return responses.json_response(
        [
            {
                "entityId": exchange.parse_path_number(one),
                "numberOfAttachments": sum(_is_of(row, [one], kind) for row in _all().values()),
            }
            for one in wanted
        ]
    )


def attach() -> Response:
    rows = _sent()
    if len(rows) > AT_ONCE:
        raise AttachmentRefused("too_many_attachments_in_one_request")
    company = exchange.company()
    with company.lock:
        checked = [_checked(row, company.registers) for row in rows]
        if len({(row["entityType"], row["entityId"]) for row, _file in checked}) > 1:
            raise AttachmentRefused("mixed_documents")
        for row, file in checked:
            company.registers.attachments[row["id"]] = row
            if switchboard().switches.attached_file_leaves_inbox:
                company.registers.files[file.id] = replace(file, folder="archive")
    return responses.json_response([row for row, _file in checked], 201)


def change_attachment(key: str) -> Response:
    """Change whether a file goes along when the invoice is sent."""
    exchange.require_json()
    found, sent = _find(key), exchange.json_body()
    if any(sent[name] != found[name] for name in sent.keys() & found.keys() - {"includeOnSend"}):
        raise AttachmentRefused("field_not_writable")
    changed = found | {"includeOnSend": bool(sent.get("includeOnSend", found["includeOnSend"]))}
    _all()[key] = changed
    return responses.json_response(changed)


def detach(key: str) -> Response:
    del _all()[_find(key)["id"]]
    return responses.no_content()


def validate() -> Response:
    """Check files that are to go along; everything that is attached here is good."""
    for row in _sent():
        _checked(row, exchange.company().registers)
    return responses.no_content()


def _asked_for(parameter: str) -> tuple[list[str], str]:
    """Return the documents and the kind of documents that are asked for."""
    wanted = ",".join(request.args.getlist(parameter)).split(",")
    kind = request.args.get("entitytype", "")
    if not any(wanted) or kind not in TYPES:
        raise AttachmentRefused("missing_mandatory_field")
    return wanted, kind


def _sent() -> list[Any]:
    exchange.require_json()
    rows = exchange.parse_json(request.get_data())
    if not isinstance(rows, list) or not rows:
        raise AttachmentRefused("no_attachment_provided")
    return rows


def _checked(row: Any, registers: Registers) -> tuple[dict[str, Any], StoredFile]:
    if not isinstance(row, dict) or any(row.get(name) in (None, "") for name in REQUIRED):
        raise AttachmentRefused("missing_mandatory_field")
    if any(type(value) is not FIELDS.get(name) for name, value in row.items()) or "id" in row:
        raise AttachmentRefused("field_not_writable")
    if row["entityType"] != "F" or exchange.company().invoice(row["entityId"]) is None:
        raise AttachmentRefused("document_not_found", 404)
    # Named by the id of the archive here, and by that of the inbox elsewhere.
    file = next((one for one in registers.files.values() if one.archive_id == row["fileId"]), None)
    if file is None:
        raise AttachmentRefused("file_not_found", 404)
    if not file.name.lower().endswith(SUFFIXES):
        raise AttachmentRefused("wrong_file_type")
    made = {name: row[name] for name in REQUIRED} | {"id": str(uuid.uuid4())}
    return made | {"includeOnSend": row.get("includeOnSend", False)}, file


def _all() -> dict[str, dict[str, Any]]:
    return exchange.company().registers.attachments


def _find(key: str) -> dict[str, Any]:
    found = _all().get(key)
    if found is None:
        raise AttachmentRefused("attachment_not_found", 404)
    return found


def _is_of(row: dict[str, Any], wanted: list[str], kind: str) -> bool:
    return row["entityType"] == kind and str(row["entityId"]) in wanted
