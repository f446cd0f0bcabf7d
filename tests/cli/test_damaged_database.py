"""A database that is damaged is called that by every command, and nothing is registered in it."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fake_plugin import payment

from hostsim.storage import damage
from hostsim.storage.connection import Database

DATABASE = Path("hostsim.db")

LISTS = [
    ["payments", "--json"],
    ["invoices", "--json"],
    ["bills", "--json"],
    ["runs", "--json"],
    ["decisions", "Butik", "--json"],
    ["formats", "--json"],
    ["status", "--json"],
    ["payments", "show", "1", "--json"],
    ["why", "1001", "--offline", "--json"],
    ["payments", "export", "ut.csv"],
]
CHANGES = [
    ["save", "Butik", "--revision", "REVISION"],
    ["payments", "add", "1002", "10", "--date", "2026-01-03", "--confirm"],
    ["payments", "delete", "1", "--why", "fel"],
    ["set-aside", "Butik", "4"],
    ["import", "Butik"],
    ["run-due"],
    ["settings", "accepted_deviation=3"],
    ["invoices", "load", "fakturor.csv"],
]
CHECKED = [one for one in CHANGES if one[0] not in {"import", "run-due", "settings"}]
OTHERS = [["doctor"], ["report", "r.zip"], ["backup", "kopia.db"], ["init"], ["schedule"]]


@pytest.fixture
def office(run, plugin):
    """Have payments in the books, some that wait, and an open preview."""
    for number in range(2000, 2060):
        plugin.payments.append(payment(number, str(number), "70"))
    rows = [f"{n},,K1,Åkeri Öst AB,SEK,70,2026-01-15,2026-02-14" for n in range(2000, 2060)]
    header = Path("fakturor.csv").read_text("utf-8")
    Path("fakturor.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    assert run("invoices", "load", "fakturor.csv").status == 0
    assert run("payments", "add", "1001", "70", "--date", "2026-01-03", "--confirm").status == 0
    assert run("import", "Butik", "--save").status == 0
    plugin.payments = [payment(1, amount="400"), payment(4, "9999", "70")]
    preview = run("import", "Butik", "--json").json
    assert run("schedule", "Butik", "--every", "1d", "--save", "green").status == 0
    run.revision = preview["revision"]
    return run


def flipped(whole, rng):
    at = rng.randrange(len(whole) * 8)
    return whole[: at // 8] + bytes([whole[at // 8] ^ 1 << at % 8]) + whole[at // 8 + 1 :]


def shortened(whole, rng):
    return whole[: rng.randrange(1, len(whole))]


def with_garbage(whole, rng):
    at = rng.randrange(len(whole) // 4096) * 4096
    return whole[:at] + rng.randbytes(4096) + whole[at + 4096 :]


def with_zeros(whole, rng):
    at = rng.randrange(len(whole) // 512) * 512
    return whole[:at] + bytes(512) + whole[at + 512 :]


DAMAGE = [flipped, shortened, with_garbage, with_zeros]


def lay(whole):
    for left in Path().glob("hostsim.db*"):
        if left.is_file():
            left.unlink()
    DATABASE.write_bytes(whole)


def books(out):
    """Return what adds up: a letter of a name has nothing that it could be compared with."""
    if not out.startswith(("[", "{")):
        return None
    found = json.loads(out)
    rows = found if isinstance(found, list) else [found]
    money = ("id", "amount", "total", "remaining", "effect", "state", "status", "origin")
    return [[row.get(name) for name in money] for row in rows]


def adds_up():
    with Database(DATABASE.resolve()) as database:
        return damage.find_page_damage(database.db) or damage.find_books_damage(database.db)


def wrong_after(office, command, right, whole):
    """Name what is wrong with how a command ends over a damaged database; '' where nothing is."""
    words = [office.revision if word == "REVISION" else word for word in command]
    for left in ("kopia.db", "ut.csv", "r.zip"):
        Path(left).unlink(missing_ok=True)
    try:
        ended = office(*words)
    except BaseException as error:  # noqa: BLE001 whatever it is, it was let through
        return f"{command} raised {error!r}"
    if "Traceback" in ended.err:
        return f"{command} ends with {ended.err[-400:]}"
    if ended.status == 0 and command in LISTS and books(ended.out) != books(right[str(command)]):
        return f"{command} shows other books"
    if ended.status == 0 and command in CHECKED and (found := adds_up()):
        return f"{command} changes books where {found.en}"
    return ""


def tried(office, seed, damages, commands):
    """Do a few commands over each of so many damaged databases; give what went wrong."""
    rng = random.Random(seed)  # noqa: S311 no secret
    whole = DATABASE.read_bytes()
    right = {str(command): office(*command).out for command in LISTS}
    wrong = []
    for number in range(damages):
        harm = DAMAGE[number % len(DAMAGE)]
        broken = harm(whole, rng)
        for command in rng.sample(LISTS + CHANGES + OTHERS, commands):
            lay(broken)
            if found := wrong_after(office, command, right, whole):
                wrong.append(f"{harm.__name__} {number}: {found}")
    return wrong


CODE_WORDS = [
    ("payments", "status", ["payments"]),
    ("payments", "state", ["payments", "--json"]),
    ("payments", "origin", ["payments", "show", "1"]),
    ("run_rows", "status", ["save", "Butik", "--revision", "REVISION"]),
    ("run_rows", "reason", ["set-aside", "Butik", "4"]),
    ("decisions", "decision", ["decisions", "Butik"]),
    ("runs", "state", ["runs"]),
]


@pytest.mark.parametrize("opened", [damage.CHECKED_AT_OPENING, 0], ids=["small", "large"])
def test_a_letter_that_changed_in_a_code_word_is_damage(office, monkeypatch, opened):
    assert office("set-aside", "Butik", "4").status == 0
    whole = DATABASE.read_bytes()
    found = {}
    for table, column, command in CODE_WORDS:
        if not opened and column == "reason":
            continue  # a plug-in may have any
        lay(whole)
        with closing(sqlite3.connect(DATABASE, isolation_level=None)) as db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute("DROP TRIGGER payment_is_taken_back_once")
            db.execute(f"UPDATE {table} SET {column} = upper({column})")  # noqa: S608 ours
        with monkeypatch.context() as patched:
            patched.setattr(damage, "CHECKED_AT_OPENING", opened)
            words = [office.revision if word == "REVISION" else word for word in command]
            found[table, column] = office(*words).last.partition(":")[0]
    assert set(found.values()) == {"DATABASE_DAMAGED"}, found


def test_a_decision_whose_facts_cannot_be_read_is_damage(office):
    assert office("set-aside", "Butik", "4").status == 0
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as db:
        db.execute("UPDATE decisions SET facts = substr(facts, 2)")
    assert office("decisions", "Butik").last.startswith("DATABASE_DAMAGED")


def test_damage_is_told_and_nothing_is_registered_in_it(office):
    assert tried(office, 1, 8, 3) == []


@pytest.mark.parametrize("seed", [2, 3])
def test_wherever_the_damage_is_it_is_told_and_nothing_is_registered_in_it(office, seed):
    assert tried(office, seed, 40, 5) == []
