"""``/3/inbox``: uploaded files, in Fortnox's own folders."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from hostsim.sandbox import query, responses, rest
from hostsim.sandbox.errors import CONTENT_TYPE, Refused
from hostsim.sandbox.fields import no_data
from hostsim.sandbox.registers import StoredFile
from hostsim.sandbox.switchboard import switchboard

#: The names of the folders by id.
FOLDERS = {
    "inbox_a": "Tillgångar",
    "inbox_b": "Bankfiler",
    "inbox_d": "Dagskassor",
    "inbox_kf": "Kundfakturor",
    "inbox_l": "Lön",
    "inbox_o": "Order",
    "inbox_of": "Offerter",
    "inbox_s": "Leverantörsfakturor",
    "inbox_v": "Verifikationer",
}
ROOT = "root"


def show_root() -> Response:
    """Show the folders, or the folder of a given path with its files."""
    query.check_parameters(request.args, {"path"})
    path = request.args.get("path", "")
    return _folder_response(_folder_id(path) if path else ROOT)


def show(key: str) -> Response:
    """Show a folder, or send a file."""
    if key.lower() in {ROOT, *FOLDERS}:
        return _folder_response(key.lower())
    return responses.file_response(_find_file(key).content, "application/octet-stream")


def upload() -> Response:
    query.check_parameters(request.args, {"path", "folderId"})
    if request.mimetype != "multipart/form-data":
        raise Refused(CONTENT_TYPE, "Invalid content type")
    folder = _folder_id(request.args.get("folderId") or request.args.get("path") or ROOT)
    uploaded = request.files.get("file")
    if uploaded is None or not uploaded.filename:
        raise no_data()
    content, switches = uploaded.read(), switchboard().switches
    if len(content) > switches.largest_file:
        raise Refused(switches.file_too_big_code, "Filen är för stor.")
    stored = StoredFile(str(uuid.uuid4()), str(uuid.uuid4()), uploaded.filename, folder, content)
    company = rest.company()
    with company.lock:
        company.registers.files[stored.id] = stored
    return rest.created_response("File", _serialized(stored), "inbox")


def delete(key: str) -> Response:
    company = rest.company()
    with company.lock:
        del company.registers.files[_find_file(key).id]
    return responses.no_content()


def _folder_id(text: str) -> str:
    folder = text.lower()
    if folder not in {ROOT, *FOLDERS}:
        raise _not_found("Kan inte hitta mappen.")
    return folder


def _find_file(key: str) -> StoredFile:
    file = rest.company().registers.files.get(key)
    if file is None:
        raise _not_found("Kan inte hitta filen.")
    return file


def _not_found(message: str) -> Refused:
    return Refused(switchboard().switches.file_not_found_code, message, 404)


def _folder_response(folder: str) -> Response:
    files = rest.company().registers.files.values()
    folders = FOLDERS if folder == ROOT else {}
    fields = {
        "@url": _url(folder),
        "Email": "",
        "Files": [_serialized(file) for file in files if file.folder == folder],
        "Folders": [{"@url": _url(key), "Id": key, "Name": name} for key, name in folders.items()],
        "Id": folder,
        "Name": FOLDERS.get(folder, ROOT),
    }
    return responses.json_response({"Folder": fields})


def _serialized(file: StoredFile) -> dict[str, Any]:
    return {
        "@url": _url(file.id),
        "ArchiveFileId": file.archive_id,
        "Comments": "",
        "Id": file.id,
        "Name": file.name,
        "Path": file.folder,
        "Size": len(file.content),
    }


def _url(key: str) -> str:
    return f"{rest.base_url()}/3/inbox/{key}"
