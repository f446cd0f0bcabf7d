"""Files: the inbox, and what hangs on an invoice."""

import pytest
from fortnox_exporter import sold

parametrize = pytest.mark.parametrize

ATTACHMENTS = "../api/fileattachments/attachments-v1"
PDF = b"%PDF-1.4 ett"


def upload(fortnox, query="?path=inbox_kf", name="10301.pdf", content=PDF):
    answer = fortnox.ask("POST", f"inbox{query}", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.json()["File"]


def attach(fortnox, *rows):
    return fortnox.ask("POST", ATTACHMENTS, list(rows))


def row(file, number=1, **more):
    return {"entityId": number, "entityType": "F", "fileId": file["ArchiveFileId"]} | more


def listed(fortnox, number=1):
    return fortnox.get(f"{ATTACHMENTS}?entityid={number}&entitytype=F")


def files_in(fortnox, folder="inbox_kf"):
    return [file["Name"] for file in fortnox.get(f"inbox/{folder}")["Folder"]["Files"]]


@pytest.fixture
def made(fortnox):
    fortnox.create_invoice([sold()])
    return fortnox


@parametrize("query", ["?path=inbox_kf", "?path=Inbox_kf", "?folderId=inbox_kf"])
def test_a_file_is_uploaded_into_a_folder_and_can_be_read_again(fortnox, query):
    file = upload(fortnox, query)
    assert (file["Name"], file["Size"], file["Path"]) == ("10301.pdf", len(PDF), "inbox_kf")
    assert file["Id"] != file["ArchiveFileId"]
    assert fortnox.ask("GET", f"inbox/{file['Id']}").content == PDF
    assert files_in(fortnox) == ["10301.pdf"]
    assert fortnox.get("inbox?path=inbox_kf")["Folder"]["Files"] == [file]


def test_the_root_shows_the_folders(fortnox):
    root = fortnox.get("inbox")["Folder"]
    assert {"inbox_s", "inbox_kf"} <= {folder["Id"] for folder in root["Folders"]}
    assert root["Files"] == []


def test_the_same_upload_twice_makes_two_files(fortnox):
    assert upload(fortnox)["Id"] != upload(fortnox)["Id"]
    assert files_in(fortnox) == ["10301.pdf", "10301.pdf"]


def test_a_file_can_be_deleted(fortnox):
    file = upload(fortnox)
    assert fortnox.ask("DELETE", f"inbox/{file['Id']}").status_code == 204
    assert fortnox.ask("GET", f"inbox/{file['Id']}").status_code == 404


def test_an_upload_that_cannot_be_is_refused(fortnox):
    fortnox.set(largest_file=10, file_too_big_code=2000001, file_not_found_code=2000002)
    assert fortnox.error_code("POST", "inbox?path=inbox_kf", {}) == (400, 1000031)
    answers = [
        fortnox.ask("POST", "inbox?path=inbox_kf", files={"other": ("a.pdf", b"x")}),
        fortnox.ask("POST", "inbox?path=inbox_kf", files={"file": ("a.pdf", b"x" * 11)}),
        fortnox.ask("POST", "inbox?path=inbox_zz", files={"file": ("a.pdf", b"x")}),
    ]
    errors = [list(answer.json()["ErrorInformation"].values())[2] for answer in answers]
    assert errors == [2001392, 2000001, 2000002]
    assert files_in(fortnox) == []


def test_a_file_hangs_on_an_invoice_by_the_id_of_the_archive(made):
    file = upload(made)
    answer = attach(made, row(file, includeOnSend=True))
    (attached,) = answer.json()
    assert (answer.status_code, attached["includeOnSend"]) == (201, True)
    assert listed(made) == [attached]
    wrong = attach(made, row(file) | {"fileId": file["Id"]})
    assert (wrong.status_code, wrong.json()["error"]) == (404, "file_not_found")


@parametrize(("attached_file_leaves_inbox", "left"), [(True, []), (False, ["10301.pdf"])])
def test_an_attached_file_leaves_its_folder_by_a_switch(made, attached_file_leaves_inbox, left):
    made.set(attached_file_leaves_inbox=attached_file_leaves_inbox)
    attach(made, row(upload(made)))
    assert files_in(made) == left


@parametrize(
    ("change", "status", "error"),
    [
        ({"entityId": 99}, 404, "document_not_found"),
        ({"entityType": "O"}, 404, "document_not_found"),
        ({"fileId": None}, 400, "missing_mandatory_field"),
        ({"entityId": "1"}, 400, "field_not_writable"),
        ({"id": "x"}, 400, "field_not_writable"),
        ({"wings": 2}, 400, "field_not_writable"),
    ],
)
def test_an_attachment_that_cannot_be_is_refused_with_a_word(made, change, status, error):
    answer = attach(made, row(upload(made)) | change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert listed(made) == []


def test_lists_of_attachments_that_cannot_be_are_refused(made):
    made.create_invoice([sold()])
    file = upload(made)
    wrong = {
        "no_attachment_provided": [],
        "mixed_documents": [row(file), row(file, 2)],
        "too_many_attachments_in_one_request": [row(file)] * 11,
        "wrong_file_type": [row(upload(made, name="a.exe"))],
        "missing_mandatory_field": ["x"],
    }
    assert [attach(made, *rows).json()["error"] for rows in wrong.values()] == list(wrong)


def test_attachments_are_changed_counted_and_detached(made):
    (attached,) = attach(made, row(upload(made))).json()
    own = f"{ATTACHMENTS}/{attached['id']}"
    assert made.ask("PUT", own, {"includeOnSend": True}).json()["includeOnSend"] is True
    assert made.ask("PUT", own, {"entityId": 2}).json()["error"] == "field_not_writable"
    count = made.get(f"{ATTACHMENTS}/numberofattachments?entityids=1,2&entitytype=F")
    assert [one["numberOfAttachments"] for one in count] == [1, 0]
    assert made.ask("DELETE", own).status_code == 204
    assert made.ask("DELETE", own).json()["error"] == "attachment_not_found"
    assert listed(made) == []


def test_what_is_to_go_along_can_be_checked_first(made):
    check = f"{ATTACHMENTS}/validateincludedonsend"
    assert made.ask("POST", check, [row(upload(made))]).status_code == 204
    assert made.ask("POST", check, []).json()["error"] == "no_attachment_provided"
    assert listed(made) == []


def test_a_list_without_a_document_is_refused(made):
    for path in (ATTACHMENTS, f"{ATTACHMENTS}/numberofattachments"):
        assert made.ask("GET", path).json()["error"] == "missing_mandatory_field"
