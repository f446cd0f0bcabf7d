"""A bank file through the same host and contract: nothing in them is made for Fortnox."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tracemalloc
from datetime import date
from decimal import Decimal

import camt054
import pytest
from camt054 import amount, entry, notification, payment, single

INVOICES = """\
invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date
1001,655969,K1,Åkeri Öst AB,SEK,1000.00,2026-10-15,2026-11-14
1002,658765,K2,Västfrakt AB,SEK,500.00,2026-10-15,2026-11-14
655969,10017,K3,Nordfrakt AB,SEK,70.00,2026-10-15,2026-11-14
"""

FIRST = camt054.file(
    entry(
        1,
        "2682.84",
        payment(10, "1000.00", "655969"),
        payment(11, "200.50", "658765"),
        payment(12, "12.34", "999999"),
        payment(13, "70.00"),
        payment(14, "1400.00", "655969", "658765"),
        batch="<Btch><NbOfTxs>5</NbOfTxs><TtlAmt Ccy='SEK'>2682.84</TtlAmt></Btch>",
    ),
    single(20, "88.00", "655969", currency="EUR"),
)


@pytest.fixture
def notice(monkeypatch):
    monkeypatch.syspath_prepend(camt054.EXAMPLE)
    from camt054_import import notification

    return notification


@pytest.fixture
def read(notice):
    """Read a file, or only what it has of one payment or entry."""
    return lambda text: list(notice.Reader().read(io.BytesIO(text.encode())))


class Office:
    """A person at the command line, with the example installed."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment

    def __call__(self, *words):
        return camt054.hostsim(*words, environment=self.environment, folder=self.folder)

    def json(self, *words):
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def new_office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    office = Office(folder, camt054.installed(folder / "site"))
    office.file("invoices.csv", INVOICES)
    office.file("first.xml", FIRST)
    for words in (
        ("init",),
        ("invoices", "load", "invoices.csv"),
        (*camt054.ADD, "--set", "path=first.xml"),
    ):
        done = office(*words)
        assert done.returncode == 0, done.stderr
    return office


@pytest.fixture
def office(new_office, tmp_path):
    shutil.copytree(new_office.folder, tmp_path, dirs_exist_ok=True)
    return Office(tmp_path, new_office.environment)


def listed(preview):
    return {
        row["payment_number"].split("-")[0][1:]: row.get("status") or row["reason"]
        for kind in ("ready", "rejected", "ignored")
        for row in preview[kind]
    }


# --- Through the command line -----------------------------------------------------


def test_a_bank_file_is_imported_saved_and_shown_by_the_commands_alone(office):
    preview = office.json("import", "Bank")
    assert listed(preview) == {
        "10": "exact",
        "11": "partial",
        "12": "invoice-not-found",
        "13": "no-reference",
        "14": "several-references",
        "20": "other-currency",
    }
    assert "Den är inte i kronor: 88.00 EUR, 655969" in str(preview)
    assert preview["company"] == {"number": camt054.IBAN, "name": "Åkeri Öst AB"}
    assert office.json("save", "Bank")["saved"] is True
    registered = {row["payment_number"]: row for row in office.json("payments")}
    assert [number.split("-")[0] for number in registered] == ["T10", "T11"]
    assert [row["host_invoice_number"] for row in registered.values()] == ["1001", "1002"]


def test_the_same_file_read_twice_registers_nothing_twice(office):
    office.json("import", "Bank", "--save")
    again = office.json("import", "Bank", "--save")
    assert (listed(again)["10"], listed(again)["11"]) == ("already-imported", "already-imported")
    assert len(office.json("payments")) == 2


def test_overlapping_files_without_references_of_the_bank_register_each_payment_once(office):
    morning, noon, twin = (
        single(10, 100, "655969"),
        single(11, 50, "655969"),
        single(12, 25, "658765"),
    )
    again = morning.replace("NOTPROVIDED", "other")
    files = {
        "morning.xml": camt054.file(morning, twin, twin),
        "noon.xml": camt054.file(noon, again).replace("N1", "N2"),
        "day.xml": camt054.file(noon, twin, again, morning, twin).replace("N1", "N3"),
    }
    for name, text in files.items():
        office.file(name, camt054.without_references(text))
        office.json("formats", "set", "Bank", f"path={name}")
        done = office.json("import", "Bank", "--save")
    assert {row["reason"] for row in done["rejected"]} == {"already-imported"}
    amounts = sorted(row["amount"] for row in office.json("payments"))
    assert amounts == ["100.00", "100.00", "25.00", "25.00", "50.00"]
    assert "Betalningar utan bankens referens: 5." in str(done)


def test_its_errors_are_explained_by_their_codes(office):
    listed = {row["code"]: row for row in office.json("errors") if row["source"] == "camt054"}
    assert "Rad {line} i {path}: {why}." in listed["CAMT054_FILE_WRONG"]["sv"]
    assert {"CAMT054_NO_FILE", "CAMT054_OTHER_ACCOUNT", "CAMT054_NOT_TAKEN"} < set(listed)


def test_an_earlier_file_is_read_again_for_what_it_held_that_could_not_be_saved(office):
    office.json("import", "Bank", "--save")
    office.file("second.xml", camt054.file(single(30, "299.50", "658765")))
    office.json("formats", "set", "Bank", "path=second.xml")
    assert listed(office.json("import", "Bank", "--save"))["30"] == "exact"
    (office.folder / "invoices.csv").write_text(
        INVOICES.splitlines()[0] + "\n1004,999999,K4,Sent AB,SEK,12.34,2026-10-15,2026-11-14\n",
        encoding="utf-8",
    )
    office.json("invoices", "load", "invoices.csv")
    assert listed(office.json("import", "Bank"))["12"] == "invoice-not-found"
    office.json("formats", "set", "Bank", "path=first.xml")
    assert listed(office.json("import", "Bank"))["12"] == "exact"


def test_nothing_that_a_person_sees_says_fortnox(office):
    shown = []
    for words in (
        ("formats",),
        ("import", "Bank", "--save"),
        ("import", "Bank"),
        ("payments",),
        ("reconcile", "Bank"),
        ("reconcile", "--help"),
    ):
        for language in ("sv", "en"):
            done = office(*words, "--lang", language)
            shown += [*done.stdout.splitlines(), *done.stderr.splitlines()]
    assert [line for line in shown if "fortnox" in line.lower()] == []


def test_what_only_has_an_ocr_is_shown_with_it(office):
    [row] = [
        row
        for row in office.json("import", "Bank")["rejected"]
        if row["reason"] == "invoice-not-found"
    ]
    assert "999999" in row["message"]


def test_a_file_cannot_be_reconciled_and_says_so(office):
    done = office("reconcile", "Bank")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("CANNOT_RECONCILE: ")


def test_a_damaged_file_is_refused_with_its_line_and_nothing_is_read(office):
    office.file("first.xml", FIRST.replace("2682.84", "2682.85"))
    done = office("import", "Bank")
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("CAMT054_FILE_WRONG: Rad 3 i first.xml: Btch/TtlAmt är 2682.85")


def test_a_file_of_another_account_is_refused(office):
    office.json("import", "Bank", "--save")
    office.file("other.xml", camt054.file(single(1, 1, "1"), account="SE1"))
    office.json("formats", "set", "Bank", "path=other.xml")
    done = office("import", "Bank")
    assert "SE1" in done.stderr
    assert camt054.IBAN in done.stderr


def test_a_day_without_payments_is_no_error(office):
    office.json("import", "Bank", "--save")
    office.file("first.xml", camt054.file())
    assert listed(office.json("import", "Bank")) != {}


def test_without_an_ocr_agreement_a_number_in_the_text_is_found_and_an_ocr_is_one_too(office):
    text = camt054.file(
        single(1, "1000.00", text="Tack! Faktura 1001, 2026-11-19"),
        single(2, "500.00", "658765"),
        single(3, "1.00", text="tack " * 600),
    )
    page = "<NtfctnPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></NtfctnPgntn><Acct>"
    office.file("first.xml", text.replace("<Acct>", page))
    office.json("formats", "set", "Bank", "references=number")
    preview = office.json("import", "Bank")
    by_name, by_ocr = preview["ready"]
    assert (by_name["host_invoice_number"], by_name["status"]) == ("1001", "exact")
    assert "betalarens text" in str(by_name)
    assert (by_ocr["host_invoice_number"], by_ocr["status"]) == ("1002", "exact")
    assert len(preview["rejected"][0]["message"]) < 200
    assert "Filen har sida 1 av en avisering i flera" in str(preview)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1002 100 kr", ("1002",)),
        ("100:- faktura 1002", ("1002",)),
        ("Faktura 1002, SEK 1 000.50", ("1002",)),
        ("1002 summa 1.000,00 kronor", ("1002",)),
        ("1002, 100,00 kr.", ("1002",)),
        ("F1002", ("1002",)),
        ("Fakturanr1002 tack", ("1002",)),
        ("1002 SEK 100", ("1002", "100")),
        ("1002 och 1003", ("1002", "1003")),
        ("v47 2026-11-19 X1002 17krage", ()),
        ("12 100 kr", ()),
    ],
)
def test_a_number_in_the_text_is_no_amount_and_may_have_letters_before_it(notice, text, numbers):
    from camt054_import import plugin

    assert plugin._numbers(text) == numbers


def test_wrong_settings_are_refused_field_by_field(office):
    done = office("formats", "set", "Bank", "path=", "references=name", "colour=red")
    assert done.returncode == 2
    for key in ("path", "references", "colour"):
        assert f"{key}: " in done.stderr


def test_it_is_listed_with_its_distribution(office):
    done = office("plugins", "--json")
    assert "camt054-import" in done.stdout


# --- The file ---------------------------------------------------------------------


def test_an_entry_has_its_day_and_its_signed_payments(read):
    text = camt054.file(
        entry(1, "599.75", payment(1, "1000.00", "655969"), payment(2, "400.25", side="DBIT"))
    )
    first, second = read(text)
    assert first.number.startswith("T1-")
    assert (first.day, first.currency) == (date(2026, 11, 19), "SEK")
    assert (first.amount, second.amount) == (Decimal("1000.00"), Decimal("-400.25"))
    assert (first.references, first.problem, second.problem) == (("655969",), "", "debit")


CODE = "<Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>{}</SubFmlyCd></Fmly></Domn>"
CREDIT_NOTE = "<RfrdDocInf><Tp><CdOrPrtry><Cd>CREN</Cd></CdOrPrtry></Tp></RfrdDocInf>"
DEDUCTED = f"<RfrdDocAmt>{amount(1).replace('Amt', 'CdtNoteAmt')}</RfrdDocAmt>"


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (entry(1, 5, batch="<Btch><NbOfTxs>3</NbOfTxs></Btch>"), "no-details"),
        (entry(1, 5), "no-details"),
        (single(1, 5, "17").replace(amount(5) + "<CdtDbtInd>CRDT</CdtDbtInd><Rmt", "<Rmt"), ""),
        (entry(1, 5, payment(1, 5, "17"), more="<RvslInd>true</RvslInd>"), "returned"),
        (single(1, 5, "17", more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"), "returned"),
        (entry(1, 5, payment(1, 5, side="DBIT"), side="DBIT"), "debit"),
        (single(1, 5, "17", more=f"<Chrgs><Rcrd>{amount(2)}</Rcrd></Chrgs>"), "charges"),
        (single(1, 5, "17", more=f"<Chrgs><Rcrd>{amount(0)}</Rcrd></Chrgs>"), ""),
        (single(1, 5, "17", status="PDNG"), "not-booked"),
        (single(1, 5, "17").replace("<Prtry><Cd>BG</Cd></Prtry>", CODE.format("RRTN")), "returned"),
        (single(1, 5, "17", more=f"<BkTxCd>{CODE.format('UPDD')}</BkTxCd>"), "returned"),
        (single(1, 5, "17").replace("<Prtry><Cd>BG</Cd></Prtry>", CODE.format("DMCT")), ""),
        (single(1, 5, "17").replace("<Strd>", f"<Strd>{CREDIT_NOTE}"), "credit-note"),
        (single(1, 5, "17").replace("<Strd>", f"<Strd>{DEDUCTED}"), "credit-note"),
        (entry(1, 5, payment(1, 5, currency="EUR"), side="DBIT"), "debit"),
        (single(1, 5, "17", day="2027-01-19"), "future"),
        (single(1, 5, "17", day="2026-12-19"), ""),
    ],
)
def test_what_pays_no_invoice_is_told_by_name(read, one, problem):
    [row] = read(camt054.file(one))
    assert (row.problem, abs(row.amount)) == (problem, 5)


BATCH = entry(9, 11, payment(2, 6, "18"), payment(1, 5, "17"))


@pytest.mark.parametrize(
    "of_the_day",
    [
        camt054.file(single(2, 6, "18"), single(1, 5, "17")).replace("N1", "N2"),
        camt054.file(BATCH),
        camt054.file(BATCH.replace("2026-11-19", "2026-11-20")),
        camt054.file(BATCH.replace("T1<", "E1<")),
        camt054.file(BATCH.replace("<AcctSvcrRef>T1</AcctSvcrRef>", "").replace("E9", "E1")),
    ],
)
def test_a_payment_is_known_by_its_reference_whatever_it_stands_in(read, of_the_day):
    of_the_hour = camt054.file(single(1, 5, "17", status="PDNG"))
    if "T1<" not in of_the_day:  # the bank tells the entry's only where there is one payment
        of_the_hour = of_the_hour.replace("<AcctSvcrRef>T1</AcctSvcrRef>", "")
    [first] = read(of_the_hour)
    assert (first.problem, read(of_the_day)[1].number) == ("not-booked", first.number)


@pytest.mark.parametrize(
    "name", ["AcctSvcrTxId", "UETR", "TxId", "ClrSysRef", "InstrId", "PmtInfId", "AcctOwnrTxId"]
)
def test_every_reference_of_a_payment_tells_it_apart(read, name):
    text = camt054.file(single(1, 5, "17")).replace("<AcctSvcrRef>E1</AcctSvcrRef>", "")
    text = text.replace("AcctSvcrRef", name)
    assert read(text) != read(text.replace("T1<", "T2<"))


@pytest.mark.parametrize("tag", ["Ref", "Ustrd"])
def test_a_payment_is_not_taken_for_another_with_the_reference_of_its_entry(read, tag):
    of_the_entry = "<AcctSvcrRef>T1</AcctSvcrRef>"
    text = camt054.file(single(1, 5, "1001", text="1001")).replace(of_the_entry, "")
    text = (
        text
        if tag == "Ref"
        else text.replace("<Strd><CdtrRefInf><Ref>1001</Ref>", "<Strd><CdtrRefInf>")
    )
    other = text.replace(f"<{tag}>1001", f"<{tag}>1002")
    file = camt054.file(entry(1, 8, payment(2, 3), payment(1, 5, "1001", text="1001")))
    assert read(text)[0].number != read(other)[0].number
    assert len({row.number for row in read(file.replace(of_the_entry, ""))}) == 2


@pytest.mark.parametrize(
    "entries",
    [
        (  # the second of two alike, and one with a reference that looks like it
            entry(1, 15, *(payment(n, 5, "17") for n in (1, 1, 1))).replace("T1<", "2<", 1)
        ),
        single(1, 5, "17").replace("T1<", "B-C<").replace("E1<", "A<")
        + single(1, 5, "17").replace("T1<", "C<").replace("E1<", "A-B<"),
        single(1, 5, "17") * 3,
        single(1, 5, "17") + camt054.without_references(single(1, 5, "17")) * 3,
    ],
)
def test_every_payment_of_a_file_has_a_number_of_its_own(read, entries):
    rows = read(camt054.file(entries))
    assert len({row.number for row in rows}) == len(rows) > 1


def test_a_payment_that_is_twice_in_a_file_is_offered_once_and_told(read):
    of_the_entry = single(1, 5, "17").replace("<AcctSvcrRef>T1</AcctSvcrRef>", "")
    for xml in (single(1, 5, "17"), of_the_entry, camt054.without_references(of_the_entry)):
        both = read(camt054.file(notifications=[notification(xml), notification(xml)]))
        assert [row.problem for row in both] == ["", "twice"]


def test_a_payment_that_is_pending_and_booked_in_a_file_is_one(read):
    pending, booked = single(1, 5, "17", status="PDNG"), single(1, 5, "17")
    many = "".join(single(n, 5, "17", status="PDNG") for n in range(2, 2500))
    for entries in (pending + booked, booked + pending):
        assert [row.problem for row in read(camt054.file(entries))] == [""]
        without = read(camt054.without_references(camt054.file(entries)))
        assert without == read(camt054.without_references(camt054.file(booked)))
    assert {row.problem for row in read(camt054.file(many))} == {"not-booked"}


def test_payments_alike_in_one_entry_are_several(read):
    alike = payment(1, 5, "17").replace("<AcctSvcrRef>T1</AcctSvcrRef>", "")
    assert [row.problem for row in read(camt054.file(entry(1, 10, alike, alike)))] == ["", ""]


@pytest.mark.parametrize(
    "change",
    [
        ("2026-11-19", "2026-11-20"),
        (amount(5), amount("5.01")),
        ("655969", "658765"),
        ("NOTPROVIDED", "E2E-17"),
        ("<Ntry>", "<Ntry><NtryRef>2026111900017</NtryRef>"),
    ],
)
def test_without_a_reference_of_the_bank_it_is_known_by_what_tells_it_apart(read, change):
    text = camt054.without_references(camt054.file(single(1, 5, "655969")))
    [row] = read(text)
    [other] = read(text.replace(*change))
    assert row.number != other.number


def test_where_an_entry_stands_in_its_file_tells_nothing(read):
    def numbered(place):
        return single(1, 5, "17").replace("<Ntry>", f"<Ntry><NtryRef>{place}</NtryRef>")

    [first] = read(camt054.without_references(camt054.file(numbered(1))))
    text = camt054.file(single(2, 7, "18"), numbered(2)).replace("N1", "N2")
    assert read(camt054.without_references(text))[1] == first


def test_two_payments_with_one_reference_stay_two(read):
    rows = read(camt054.file(entry(1, 3, payment(1, 1), payment(1, 2))))
    assert len({row.number for row in rows}) == 2


def test_a_reference_of_a_document_is_one_too(read):
    nb = "<Strd><RfrdDocInf><Nb>1001</Nb></RfrdDocInf></Strd></RmtInf>"
    [row] = read(camt054.file(single(1, 5)).replace("</RmtInf>", nb))
    assert row.references == ("1001",)


def test_two_references_of_one_payment_are_two_wherever_they_stand(read):
    nb = "<Strd><RfrdDocInf><Nb>1001</Nb></RfrdDocInf><CdtrRefInf>"
    [row] = read(camt054.file(single(1, 5, "17")).replace("<Strd><CdtrRefInf>", nb))
    assert set(row.references) == {"17", "1001"}


@pytest.mark.parametrize(
    "time", ["2026-11-19T23:30:00+01:00", "2026-11-18T23:30:00Z", "2026-11-19T23:30:00.123"]
)
def test_a_time_is_a_day_in_sweden(read, time):
    text = camt054.file(single(1, 5, "17"))
    [of_the_day] = read(text)
    assert read(text.replace("<Dt>2026-11-19</Dt>", f"<DtTm>{time}</DtTm>")) == [of_the_day]


def test_an_amount_may_have_a_plus_and_a_number_can_be_typed(read):
    text = camt054.file(single(1, 5, "17"))
    [of_it] = read(text.replace(">5.00", ">+5.00"))
    [long] = read(text.replace("T1<", "T\n&lt;1" + "A" * 3000 + "<"))
    assert of_it.amount == 5
    assert long.number.startswith("T-1AAA")
    assert len(long.number) < 60


def test_summaries_that_add_up_are_taken(read):
    summary = (
        "<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>7</Sum><TtlNetNtry><Amt>3.00</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry></TtlNtries><TtlCdtNtries><NbOfNtries>1"
        "</NbOfNtries><Sum>5.00</Sum></TtlCdtNtries><TtlDbtNtries><Sum>2</Sum></TtlDbtNtries>"
    )
    entries = (single(1, 5, "17"), entry(2, 2, payment(2, 2, side="DBIT"), side="DBIT"))
    assert len(read(camt054.file(*entries, summary=summary))) == 2


@pytest.mark.parametrize("page", ["<PgNb>1</PgNb><LastPgInd>false</LastPgInd>", "<PgNb>2</PgNb>"])
@pytest.mark.parametrize(
    ("place", "tag"), [("<Acct>", "NtfctnPgntn"), ("</GrpHdr>", "MsgPgntn")], ids=["notice", "file"]
)
def test_a_page_of_several_is_told_and_its_summary_is_not_that_of_one(notice, page, place, tag):
    text = camt054.file(single(1, 5), summary="<TtlNtries><Sum>6</Sum></TtlNtries>")
    reader = notice.Reader()
    paged = text.replace(place, f"<{tag}>{page}</{tag}>{place}")
    assert len(list(reader.read(io.BytesIO(paged.encode())))) == 1
    assert reader.pages == [page[6]]


ONE = camt054.file(single(1, "10.00", "655969"))
END = "9999-12-31T23:30:00Z"
NET = "<TtlNtries><TtlNetNtry><Amt>5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TtlNetNtry></TtlNtries>"
LAUGHS = """<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<Document"""


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no element found"),
        ("01BGMAX               0120261120173035010331P", 1, "broken XML"),
        ("<html/>", 1, "the file is html"),
        (
            camt054.file(version="camt.054.001.02"),
            2,
            "is camt.054.001.02, but only camt.054.001.08",
        ),
        (camt054.file(version="camt.054.001.04"), 2, "is camt.054.001.04, but only"),
        (camt054.file(version="camt.053.001.08"), 2, "is camt.053.001.08, but only"),
        (ONE.replace("<Document", LAUGHS), 2, "a DTD is not allowed"),
        (ONE.replace('"UTF-8"', '"klingon"'), 1, "unknown encoding"),
        (ONE[: len(ONE) // 2], 3, "broken XML"),
        (ONE.replace("</Ntfctn>", "</Ntfctn>" + "<a>" * 500_000), 3, "too large"),
        (ONE.replace("<Id>N1", "<Id>" + "N" * 1_500_000), 3, "too large"),
        (camt054.file(notifications=[""]), 4, "no notification"),
        (ONE.replace("Othr", "").replace("IBAN>", "BBAN>"), 3, "the account"),
        (
            camt054.file(notifications=[notification(), notification(account="SE1")]),
            4,
            "two accounts",
        ),
        (ONE.replace(amount(10), amount(11), 1), 3, "Amt is 11.00, but what is there is 10.00"),
        (ONE.replace("CRDT", "DBIT", 1), 3, "Amt is 10.00, but what is there is -10.00"),
        (ONE.replace("CRDT", "", 1), 3, "CdtDbtInd is '', but should be CRDT or DBIT"),
        (ONE.replace("CRDT", "crdt"), 3, "CdtDbtInd is 'crdt'"),
        (camt054.file(single(1, 5), summary=NET), 3, "TtlNetNtry/Amt is 5.00, but what is there"),
        (ONE.replace("10.00", "1O.00"), 3, "is no amount"),
        (ONE.replace("10.00", "NaN"), 3, "is no amount"),
        (ONE.replace(' Ccy="SEK"', ""), 3, "'10.00 ' is no amount"),
        (ONE.replace("10.00", "10.005"), 3, "'10.005 SEK' is no amount in a currency and"),
        (ONE.replace("SEK", "JPY").replace("10.00", "10.50"), 3, "'10.50 JPY' is no amount"),
        (ONE.replace("SEK", "XQ1"), 3, "'10.00 XQ1' is no amount"),
        (ONE.replace("2026-11-19", "2026-11-31"), 3, "is no day"),
        (ONE.replace("<Dt>2026-11-19</Dt>", f"<DtTm>{END}</DtTm>"), 3, "is no day"),
        (camt054.file(single(1, 5), summary="<TtlNtries><Sum>6</Sum></TtlNtries>"), 3, "Sum is 6"),
        (
            camt054.file(summary="<TtlCdtNtries><NbOfNtries>1</NbOfNtries></TtlCdtNtries>"),
            3,
            "TtlCdtNtries/NbOfNtries is 1, but what is there is 0",
        ),
        (
            camt054.file(entry(1, 5, payment(1, 5), batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>")),
            3,
            "Btch/NbOfTxs is 2",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(notice, read, text, line, says):
    with pytest.raises(notice.NotCamt054, match=says) as refused:
        read(text)
    assert refused.value.line == line


def test_a_file_of_any_size_is_read_in_the_same_memory(notice):
    """But for the number of each payment, so that none comes twice."""

    def peak(payments):
        text = camt054.file(entry(1, payments, *(payment(n, 1, "17") for n in range(payments))))
        file = io.BytesIO(text.encode())
        del text
        tracemalloc.start()
        assert sum(1 for _ in notice.Reader().read(file)) == payments
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(1500) - peak(500) < 1000 * 300


def test_the_example_needs_the_contract_alone():
    for source in sorted((camt054.EXAMPLE / "camt054_import").glob("*.py")):
        imports = [
            line.split()[1].split(".")[0]
            for line in source.read_text(encoding="utf-8").splitlines()
            if line.startswith(("import ", "from "))
        ]
        assert set(imports) <= {*sys.stdlib_module_names, "opter_contract", "camt054_import"}
