"""The command line says what it does, refuses with a sentence, and ends as promised."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from bill_file import bill
from command_line import INVOICES
from fake_plugin import FakePlugin, hookimpl
from invoice_file import INVOICE
from shop_plugin import SHOP, Shop

from hostsim.cli import hostsim as root
from hostsim.cli.command import translate_placeholders
from hostsim.cli.common import Common, write_stderr
from hostsim.cli.login import LoginWindow
from hostsim.errors import HostError
from hostsim.messages import formats
from hostsim.plugins.loading import Plugins
from hostsim.storage.history import HIDDEN
from hostsim.views.output import Output
from hostsim.views.progress import ProgressLines, progress_on
from hostsim.views.table import Column, write_table
from opter_contract.programs import languages
from opter_contract.values import Progress, Text
from opter_fortnox_plugin import __version__

# --- The database ---------------------------------------------------------------


def test_init_makes_the_database(hostsim):
    assert hostsim("init").out == "Databasen hostsim.db är skapad.\n"
    assert Path("hostsim.db").exists()


def test_init_leaves_an_existing_database_as_it_is(hostsim):
    hostsim("init")
    again = hostsim("init")
    assert (again.status, again.out) == (0, "Databasen hostsim.db finns redan.\n")


def test_other_commands_do_not_make_the_database(hostsim):
    ended = hostsim("payments")
    assert ended.status == 2
    assert ended.last.startswith("NO_DATABASE: ")
    assert "hostsim init" in ended.err
    assert not Path("hostsim.db").exists()


@pytest.mark.parametrize(
    "arguments", [["--db", "a.db", "init"], ["init", "--db", "a.db"], ["init", "--db=a.db"]]
)
def test_the_database_is_chosen_before_or_after_the_command(hostsim, arguments):
    assert hostsim(*arguments).status == 0
    assert Path("a.db").exists()


def test_the_database_is_chosen_after_a_subcommand_too(hostsim):
    hostsim("init", "--db", "a.db")
    assert hostsim("invoices", "load", "fakturor.csv", "--db", "a.db").status == 0
    assert len(hostsim("--db", "a.db", "invoices", "--json").json) == 3


def test_the_environment_chooses_the_database_unless_an_option_does(hostsim, monkeypatch):
    monkeypatch.setenv("HOSTSIM_DB", "b.db")
    hostsim("init")
    hostsim("init", "--db", "c.db")
    assert Path("b.db").exists()
    assert Path("c.db").exists()


def test_a_folder_is_no_database(hostsim):
    ended = hostsim("payments", "--db", ".")
    assert (ended.status, ended.last.partition(":")[0]) == (2, "DATABASE_UNREACHABLE")


# --- Language -------------------------------------------------------------------


def test_people_are_spoken_to_in_swedish_unless_they_choose(hostsim, monkeypatch):
    assert "är skapad" in hostsim("init", "--db", "1.db").out
    assert "is made" in hostsim("--lang", "en", "init", "--db", "2.db").out
    assert "is made" in hostsim("init", "--db", "3.db", "--lang=en").out
    monkeypatch.setenv("HOSTSIM_LANG", "en")
    assert "is made" in hostsim("init", "--db", "4.db").out
    assert "är skapad" in hostsim("init", "--db", "5.db", "--lang", "sv").out


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "sv"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en"}, "en"),
        ({"LANG": "eng"}, "sv"),
        ({"LANG": "de_DE.UTF-8"}, "sv"),
        ({"LANG": "C.UTF-8"}, "sv"),
        ({"LANG": "en_GB", "LC_MESSAGES": "sv_SE"}, "sv"),
        ({"LANG": "sv_SE", "LC_MESSAGES": "en_GB"}, "en"),
        ({"LC_MESSAGES": "en_GB", "LC_ALL": "sv_SE"}, "sv"),
        ({"LC_MESSAGES": "en_GB", "LC_ALL": ""}, "en"),
        ({"LANG": "en_US.UTF-8", "HOSTSIM_LANG": "sv"}, "sv"),
        ({"LANG": "sv_SE.UTF-8", "HOSTSIM_LANG": "en"}, "en"),
    ],
    ids=str,
)
def test_an_english_locale_is_english_where_nobody_chose_and_any_other_is_swedish(
    environment, language
):
    assert languages.asked([], environment, "HOSTSIM_LANG") == language
    assert languages.asked(["--lang", "sv"], environment, "HOSTSIM_LANG") == "sv"
    assert languages.asked(["--lang", "de"], environment, "HOSTSIM_LANG") == language


def test_a_command_takes_the_language_of_the_locale(hostsim, monkeypatch):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert "is made" in hostsim("init").out


@pytest.mark.parametrize(
    ("typed", "sv", "en"),
    [
        (("nonsense",), "Kommandot nonsense finns inte.", "There is no command nonsense."),
        (("init", "x"), "Oväntade argument: x.", "Got unexpected extra argument (x). Run"),
        (("import", "--date"), "Valet --date behöver ett värde.", "requires an argument."),
        (
            ("set-aside", "F", "--series", "1"),
            "--series behöver 2 värden.",
            "requires 2 arguments.",
        ),
        (("serve", "--port", "99999"), "ett heltal från 0 till 65535.", "from 0 to 65535."),
        (("worker", "--at-once", "x"), "ett heltal från 1 till 64.", "a whole number from 1 to"),
        (("sandbox", "--companies", "0"), "ett heltal, minst 1.", "a whole number, at least 1."),
        (("sandbox", "--company", "x"), "'--company' ska vara ett heltal.", "a whole number."),
        (("init", "--log-file", "."), "en fil som du får läsa, och ingen", "a file that you may"),
        (("demo", "--keep", __file__), "en mapp som du får läsa, och", "a folder that you may"),
        (("init", "--json=1"), "Valet --json tar inget värde.", "does not take a value."),
    ],
    ids=str,
)
def test_refusals_speak_the_chosen_language_also_where_the_words_are_clicks(hostsim, typed, sv, en):
    assert sv in hostsim(*typed).last
    assert en in hostsim(*typed, "--lang", "en").last or en in hostsim("--lang=en", *typed).last


def every_command(command, words=()):
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command(below, (*words, name))


@pytest.mark.parametrize(
    "words", [" ".join(words) for words, _ in every_command(root)], ids=lambda words: words or "-"
)
def test_help_speaks_the_chosen_language_also_where_the_words_are_clicks(hostsim, words):
    swedish, english = hostsim(*words.split(), "-h").out, hostsim(*words.split(), "--help").out
    assert swedish == english
    english = hostsim(*words.split(), "-h", "--lang", "en").out
    ours = r"Usage|Options|OPTIONS|Commands|COMMAND|ARGS|Show this|required]"
    assert re.findall(ours, swedish) == []
    values = "NAMN|FAKTURA|BELOPP|DATUM|FIL|NUMMER|KOD|KONTO|MAPP|ADRESS|URSPRUNG"
    theirs = rf"Användning|\bVal:|VAL\b|Visa den här texten|krävs]|[ÅÄÖ]|\b({values})\b"
    assert re.findall(theirs, english) == []


def test_every_placeholder_of_help_is_a_word_in_both_languages():
    """Those that are not translated are the same in both."""
    metavars = {
        word
        for _, command in every_command(root)
        for param in command.params
        for word in re.findall("[A-ZÅÄÖ_]+", param.metavar or "")
    }
    same = {"ID", "REGION", "REVISION", "TEXT", "URL"}
    assert {word for word in metavars if translate_placeholders(word, "en") == word} == same


def test_help_says_which_commands_have_no_json(hostsim):
    leaves = [one for one in every_command(root) if not getattr(one[1], "commands", {})]
    without = [
        " ".join(words)
        for words, command in leaves
        if "--json" not in {name for param in command.params for name in param.opts}
    ]
    *some, last = sorted(without)
    assert f"utom {', '.join(some)} och {last}." in hostsim("-h").out
    assert f"but {', '.join(some)} and {last} takes --json." in hostsim("-h", "--lang=en").out


def test_the_version_is_told(hostsim):
    ended = hostsim("--version")
    assert (ended.status, ended.out) == (0, f"hostsim {__version__}\n")


# --- A shell that completes what is typed ------------------------------------------


@pytest.fixture
def completed(hostsim, monkeypatch):
    """Ask as a shell does, and give the answer."""

    def completed(shell, *words, language="sv"):
        monkeypatch.setenv("_HOSTSIM_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["hostsim", *words]))
        monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words)))
        monkeypatch.setenv("HOSTSIM_LANG", language)
        ended = hostsim()
        assert (ended.status, ended.err) == (0, "")
        return ended.out

    return completed


def test_each_shell_is_told_how_a_line_goes_on_and_in_its_language_what_that_means(completed):
    assert completed("bash", "pay") == "plain,payments\n"
    assert "--unattended\nIngen är där" in completed("zsh", "import", "--un")
    assert "--unattended\nNobody is there" in completed("zsh", "import", "--un", language="en")
    assert "init\tMake the database." in completed("fish", "in", language="en")
    assert completed("bash", "import", "--lang", "") == "plain,sv\nplain,en\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_program(hostsim, monkeypatch, shell):
    monkeypatch.setenv("_HOSTSIM_COMPLETE", f"{shell}_source")
    ended = hostsim()
    assert (ended.status, f"_HOSTSIM_COMPLETE={shell}_complete" in ended.out) == (0, True)


def test_a_shell_that_nobody_knows_is_refused(hostsim, monkeypatch):
    monkeypatch.setenv("_HOSTSIM_COMPLETE", "cmd_source")
    ended = hostsim()
    assert (ended.status, ended.out) == (2, "")
    assert "bash, zsh, fish" in ended.last


# --- The log --------------------------------------------------------------------


def test_the_log_goes_to_a_file_of_its_owner_and_grows(hostsim, monkeypatch):
    def load(cls, **_):
        logging.getLogger("shop").info("för er kännedom")
        return cls([("shop", SHOP)])

    monkeypatch.setattr(Plugins, "load", classmethod(load))
    words = ("plugins", "--log-file", "host.log")
    assert hostsim(*words).status == 0
    assert Path("host.log").read_text("utf-8") == ""
    for _ in range(2):
        assert "kännedom" not in hostsim(*words, "--log-level", "info").err
    lines = Path("host.log").read_text("utf-8").splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["INFO shop: för er kännedom"] * 2
    assert datetime.fromisoformat(lines[0].partition(" ")[0]).utcoffset() is not None
    assert sys.platform == "win32" or Path("host.log").stat().st_mode & 0o777 == 0o600
    assert "INFO shop" in hostsim("plugins", "-v").err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes")
def test_a_log_that_others_could_read_becomes_its_owners_alone(hostsim):
    Path("host.log").touch()
    Path("host.log").chmod(0o644)
    assert hostsim("init", "--log-file", "host.log").status == 0
    assert Path("host.log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_ends_the_command_before_it_does_anything(hostsim):
    ended = hostsim("init", "--log-file", "nowhere/host.log")
    assert (ended.status, ended.last.partition(":")[0]) == (2, "USAGE")
    assert "nowhere" in ended.last
    assert not Path("hostsim.db").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such owners there")
def test_a_log_is_not_written_to_a_file_of_somebody_else(hostsim, monkeypatch):
    """Who made it beforehand could read it, and change it."""
    Path("host.log").touch()
    found = list(Path("host.log").stat()[:10])
    found[4] += 1  # st_uid
    monkeypatch.setattr(os, "fstat", lambda _file: os.stat_result(found))
    ended = hostsim("plugins", "--log-file", "host.log", "--log-level", "debug")
    assert (ended.status, "en fil som är din" in ended.last) == (2, True)
    assert Path("host.log").read_text("utf-8") == ""


@pytest.mark.parametrize("name", ["hostsim.db", "hostsim.db-wal", "fakturor.csv"])
def test_a_log_is_not_put_into_what_is_no_log(ready, name):
    path = Path(name)
    before = path.exists() and path.read_bytes()
    ended = ready("plugins", "--log-file", name, "--log-level", "debug")
    assert (ended.status, "en tidigare logg" in ended.last) == (2, True)
    assert (path.exists() and path.read_bytes()) == before


def test_a_log_is_not_put_where_the_database_is_to_be(hostsim):
    assert hostsim("init", "--db", "new.db", "--log-file", "new.db").status == 2
    assert not Path("new.db").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_log_does_not_wait_for_who_reads_a_pipe(hostsim, tmp_path):
    os.mkfifo(tmp_path / "pipe.log")
    assert hostsim("init", "--log-file", str(tmp_path / "pipe.log")).status == 2


def test_a_log_is_not_written_through_a_link(hostsim):
    Path("other.txt").touch()
    Path("host.log").symlink_to("other.txt")
    assert hostsim("init", "--log-file", "host.log").last.startswith("LINK_REFUSED: ")


def test_an_unknown_language_is_refused(hostsim, monkeypatch):
    assert hostsim("init", "--lang", "fr").status == 2
    monkeypatch.setenv("HOSTSIM_LANG", "fr")
    assert "HOSTSIM_LANG" in hostsim("init").last


# --- What is written wrongly ------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["init", "--nonsense"],
        ["import"],
        ["init", "extra"],
        ["formats", "add", "X"],
        ["sandbox", "--port", "99999"],
        ["sandbox", "--port", "x"],
        ["settings", "no-equals-sign"],
        ["settings", "a=1", "a=2"],
        ["sandbox", "--db"],
        ["formats", "set", "Butik"],
    ],
)
def test_what_is_written_wrongly_ends_with_a_usage_line(ready, arguments):
    ended = ready(*arguments)
    assert ended.status == 2
    assert ended.last.startswith("USAGE: ")
    assert ended.out == ""


@pytest.mark.parametrize("command", [["import"], ["save"], ["formats", "set"]])
def test_an_unknown_name_is_refused_with_the_known_ones(ready, command):
    rest = ["behave=x"] if command == ["formats", "set"] else []
    ended = ready(*command, "Fel", *rest)
    assert ended.status == 2
    assert ended.last.startswith("DEFINITION_UNKNOWN: ")
    assert "Butik" in ended.last


# --- Settings ---------------------------------------------------------------------


def test_settings_are_shown_with_their_defaults(ready):
    assert ready("settings", "--json").json == {
        "default_currency": "SEK",
        "accepted_deviation": "0",
        "invoice_columns": "",
    }
    assert "Standardvaluta" in ready("settings").out


def test_settings_are_changed_and_shown(ready):
    ended = ready("settings", "accepted-deviation=2,50", "--json")
    assert ended.json["accepted_deviation"] == "2.50"


def test_settings_are_changed_all_or_none(ready):
    ended = ready("settings", "default_currency=EUR", "accepted_deviation=-1")
    assert ended.status == 2
    assert ready("settings", "--json").json["default_currency"] == "SEK"


# --- Invoices ---------------------------------------------------------------------


def test_invoices_are_loaded_and_shown(ready):
    rows = ready("invoices", "--json").json
    assert rows[2] == {
        "invoice_number": "1003",
        "ocr": "100345",
        "customer_code": "K3",
        "customer_name": "Nordfrakt GmbH",
        "currency": "EUR",
        "total": "100.50",
        "remaining": "100.50",
        "invoice_date": "2026-01-15",
        "due_date": "2026-02-14",
        "region": "",
        "period_closed": True,
    }
    assert "1 000,00" in ready("invoices").out
    assert "1,000.00" in ready("invoices", "--lang", "en").out


def test_loading_again_updates(ready):
    ended = ready("invoices", "load", "fakturor.csv", "--json")
    assert ended.json == {"added": 0, "updated": 3, "noted": 0, "notes": []}


def test_an_invoice_that_loses_its_rows_is_noted(ready):
    Path("rader.json").write_text(json.dumps([INVOICE | {"invoice_number": "1001"}]))
    ready("invoices", "load", "rader.json")
    ended = ready("invoices", "load", "fakturor.csv", "--json")
    assert ended.err.startswith("Obs: faktura 1001: den hade rader, och filen har inga")
    assert "den hör nu till kund K1, förut KALM" in ended.err
    assert [note["invoice_number"] for note in ended.json["notes"]] == ["1001", "1001"]


@pytest.mark.parametrize(("language", "place"), [("sv", "rad 4, "), ("en", "line 4, ")])
def test_one_wrong_line_is_named_and_nothing_is_loaded(ready, language, place):
    Path("fel.csv").write_text(INVOICES.replace("1003", "1004").replace("100.50", "x"))
    ended = ready("invoices", "load", "fel.csv", "--lang", language)
    assert ended.status == 2
    assert ended.err.startswith(f"{place}total: ")
    assert ended.last.startswith("INVOICES_FILE_WRONG: ")
    assert len(ready("invoices", "--json").json) == 3


def test_an_odd_number_is_loaded_with_a_note(ready):
    Path("egna.csv").write_text(INVOICES.replace("\n100", "\nF100"), encoding="utf-8")
    ended = ready("invoices", "load", "egna.csv", "--json")
    assert ended.err.splitlines()[0].startswith("Obs: rad 2, invoice_number: ”F1001” är inte bara")
    assert (ended.status, ended.json["added"], ended.json["noted"]) == (0, 3, 3)
    assert ended.json["notes"][0]["column"] == "invoice_number"


def test_what_headings_mean_is_kept_unless_the_file_is_wrong(ready):
    Path("egna.csv").write_text(INVOICES.replace("invoice_number,", "Fakturanr,"), encoding="utf-8")
    assert "--columns" in ready("invoices", "load", "egna.csv").err
    for options in (("--columns", "Fakturanr=invoice_number"), ()):
        assert ready("invoices", "load", "egna.csv", "--json", *options).json["updated"] == 3
    assert ready("invoices", "load", "egna.csv", "--columns", "Fakturanr=ocr").status == 2
    assert ready("settings", "--json").json["invoice_columns"] == "Fakturanr=invoice_number"


def test_what_one_more_heading_means_is_added_to_what_is_kept_until_it_is_forgotten(ready):
    other = INVOICES.replace("invoice_number,", "Fakturanr,").replace("total,", '"Belopp, kr",')
    Path("egna.csv").write_text(other, encoding="utf-8")
    assert ready("invoices", "load", "egna.csv", "--columns", "fakturanr=ocr").status == 2
    meant = "Fakturanr=invoice_number,Belopp, kr=total"
    assert ready("invoices", "load", "egna.csv", "--columns", meant).status == 0
    rebate = "\n".join(f"{line},5" for line in other.splitlines()).replace(",5", ",Rabatt", 1)
    Path("egna.csv").write_text(rebate, encoding="utf-8")
    advised = re.search('--columns "(.*?)"', ready("invoices", "load", "egna.csv").err)[1]
    assert ready("invoices", "load", "egna.csv", "--columns", advised).status == 0
    kept = ready("settings", "--json").json["invoice_columns"]
    assert kept == f"{meant},Rabatt="
    assert ready("invoices", "load", "fakturor.csv", "--columns", "").status == 0
    assert ready("settings", "--json").json["invoice_columns"] == ""


def test_a_region_is_given_to_all_lines(ready):
    ready("invoices", "load", "fakturor.csv", "--region", "Norr")
    assert {row["region"] for row in ready("invoices", "--json").json} == {"", "Norr"}


# --- Bills of subcontractors --------------------------------------------------------


@pytest.fixture
def bills(ready):
    """Load these bills from a file."""

    def load(*bills, options=()):
        Path("avräkningar.json").write_text(json.dumps(bills), encoding="utf-8")
        return ready("bills", "load", "avräkningar.json", *options)

    return load


def test_bills_are_loaded_and_shown(ready, bills):
    assert bills(bill()).out == "Avräkningarna är inlästa: 1 nya, 0 uppdaterade.\n"
    assert ready("bills", "--json").json == [
        {
            "bill_number": "A-2026-117",
            "bill_date": "2026-11-02",
            "due_date": "2026-12-02",
            "supplier_code": "LASSE",
            "supplier_name": "Lasses Åkeri AB",
            "total": "12500.00",
            "currency": "SEK",
            "region": "",
            "vat": "2500.00",
            "period_closed": True,
            "sends_invoice": False,
        }
    ]
    shown = ready("bills").out
    assert "12 500,00" in shown
    assert "Fakturerar" not in shown


def test_who_sends_invoices_is_shown(ready, bills):
    bills(bill(supplier__sends_invoice=True))
    assert "Fakturerar" in ready("bills").out
    assert "Sends" in ready("bills", "--lang", "en").out


def test_bills_loaded_again_are_updated_and_noted(bills):
    bills(bill())
    again = bills(bill(pdf="borta.pdf"), bill(bill_number="2"), options=["--json"])
    assert again.err.startswith("Obs: avräkning A-2026-117, pdf: filen borta.pdf finns inte")
    assert (again.json["added"], again.json["updated"], again.json["noted"]) == (1, 1, 1)
    assert again.json["notes"][0]["bill_number"] == "A-2026-117"


def test_one_wrong_bill_is_named_and_none_is_loaded(ready, bills):
    ended = bills(bill(), bill(bill_number="2", supplier__bankgiro="5050-1056"))
    assert ended.status == 2
    assert ended.err.splitlines()[0].startswith("avräkning 2, supplier.bankgiro: är inget")
    assert ended.last.startswith("BILLS_FILE_WRONG: ")
    assert ready("bills", "--json").json == []


def test_a_region_is_given_to_bills_that_name_none(ready, bills):
    bills(bill(), bill(bill_number="2", region="Syd"), options=["--region", "Norr"])
    assert [one["region"] for one in ready("bills", "--json").json] == ["Norr", "Syd"]


# --- Imports that are defined -------------------------------------------------------


def test_a_definition_may_have_any_name(ready):
    values = ("--type", "ShopAPI", "--format", "API", "--region", "Norr", "--set", "behave=bug")
    ended = ready("formats", "add", "Åkeriets nya import", *values, "--json")
    assert ended.json == {
        "name": "Åkeriets nya import",
        "type": "ShopAPI",
        "format": "API",
        "region": "Norr",
        "settings": {"behave": "bug"},
        "company": None,
    }
    assert [row["name"] for row in ready("formats", "--json").json] == [
        "Butik",
        "Åkeriets nya import",
    ]
    assert "Åkeriets nya import" in ready("formats").out


def test_one_field_is_changed_and_the_others_stay(ready):
    ready("formats", "set", "Butik", "behave=bug")
    assert ready("formats", "set", "Butik", "more=1", "--json").json["settings"]["behave"] == "bug"


def test_an_import_whose_plug_in_fails_keeps_no_other_from_the_list(ready, monkeypatch):
    def fail():
        raise SystemExit

    failing, right = FakePlugin(), FakePlugin(code="Right")
    plugins = [("fake", failing), ("right", right)]
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls(plugins)))
    for name, code in (("Ena", "Fake"), ("Andra", "Right")):
        ready("formats", "add", name, "--type", code, "--format", "API", "--set", "before=1")
    failing.opter_settings_fields = hookimpl(fail)
    listed = ready("formats", "--json")
    assert listed.status == 0
    assert {one["name"]: one["settings"] for one in listed.json} == {
        "Butik": {},
        "Ena": {"before": HIDDEN},
        "Andra": {"before": "1"},
    }
    assert "Varning: Ena: Insticksprogrammet följer inte avtalet" in listed.err
    assert listed.err.count("Varning") == 1
    assert ready("formats", "set", "Ena", "before=2").last.startswith("CONTRACT_BROKEN: ")


def test_refused_settings_are_named_field_by_field(ready):
    ended = ready("formats", "set", "Butik", "behave=nonsense")
    assert ended.status == 2
    assert ended.err.splitlines()[0] == "behave: Det går inte."
    assert ended.last.startswith("SETTINGS_REFUSED: ")


def test_a_warning_stands_on_standard_error_and_the_secret_nowhere(ready):
    ended = ready("formats", "set", "Butik", "word=hemligt")
    assert ended.status == 0
    assert "Varning: word: Används inte." in ended.err
    assert "hemligt" not in ended.out + ended.err + ready("formats", "--json").out


# --- Importing and saving -------------------------------------------------------------


def test_import_prints_one_object(ready):
    ended = ready("import", "Butik", "--json")
    assert " ".join(ended.json) == (
        "format revision company saved open not_read counts totals set_aside ready left rejected"
        " ignored gone discrepancies notes requests region bank_account date"
    )
    assert ended.json["format"] == "Butik"
    assert ended.json["company"] == {"name": "Butiken AB", "number": "77"}
    assert (ended.json["saved"], ended.json["not_read"]) == (False, 7)
    assert ended.json["counts"] == {"read": 5, "ready": 3, "left": 0, "rejected": 1, "ignored": 1}
    assert ended.json["totals"] == {
        "read": "3447.00",
        "ready": "3359.50",
        "left": "0.00",
        "rejected": "-0.50",
        "ignored": "88.00",
    }


def test_a_payment_that_can_be_saved_has_status_and_warning(ready):
    payment = ready("import", "Butik", "--json").json["ready"][2]
    expected = {
        "payment_number": "3",
        "invoice_number": "1003",
        "host_invoice_number": "1003",
        "payment_date": "2026-02-03",
        "amount": "1125.00",
        "currency": "EUR",
        "amount_currency": "100.00",
        "exchange_rate": "11.25",
        "source": "file",
        "write_offs": [
            {"amount": "5.63", "currency": None, "account": "3740", "description": "Avrundning"}
        ],
        "due_date": "2026-02-14",
        "invoice_currency": "EUR",
        "invoice_total": "100.50",
        "remaining_before": "100.50",
        "remaining": "0.00",
        "status": "exact",
        "warning": None,
    }
    assert list(payment.items()) == list(expected.items())


def test_a_payment_that_cannot_be_saved_has_reason_and_message(ready):
    shown = ready("import", "Butik", "--json").json
    (rejected,) = shown["rejected"]
    assert list(rejected)[-2:] == ["reason", "message"]
    assert rejected["reason"] == "invoice-not-found"
    assert rejected["message"].startswith("Fel vid inläsning av faktura")
    assert (rejected["amount"], rejected["host_invoice_number"]) == ("-0.50", None)
    assert shown["ignored"][0]["reason"] == "before-date"


def test_messages_are_in_the_chosen_language(ready):
    shown = ready("import", "Butik", "--json", "--lang", "en").json
    assert shown["ready"][1]["warning"].startswith("Advance will be created")


def test_saving_registers_what_is_ready(ready):
    ready("import", "Butik")
    assert ready("save", "--json").json["saved"] is True
    registered = ready("payments", "--json").json
    assert [p["payment_number"] for p in registered] == ["1", "2", "3"]
    assert registered[1]["status"] == "advance"
    assert registered[1]["host_invoice_number"] == "1002"


def test_an_advance_that_is_saved_has_been_created(ready):
    assert "Förskott kommer att skapas" in squeezed(ready("import", "Butik").out)
    for listed in (squeezed(ready("save").out), squeezed(ready("payments").out)):
        assert "Förskott har skapats" in listed
        assert "kommer att skapas" not in listed


def squeezed(text):
    """Return a table's text without what wraps it."""
    return " ".join(text.split())


def test_saving_when_nothing_is_open_is_no_error(ready):
    assert ready("save").out == "Det finns inget att spara.\n"
    ended = ready("save", "Butik", "--json")
    assert (ended.status, ended.json["saved"], ended.json["ready"]) == (0, False, [])
    assert ended.json["revision"] is None


def test_a_preview_that_changed_is_shown_anew_and_not_saved(ready):
    ready("import", "Butik")
    Path("ny.csv").write_text(INVOICES.replace("1000.00", "900.00"), encoding="utf-8")
    ready("invoices", "load", "ny.csv")
    ended = ready("save", "Butik", "--json")
    assert ended.status == 6
    assert ended.last.startswith("PREVIEW_CHANGED: ")
    assert ended.json["ready"][0]["status"] == "advance"
    assert ready("payments", "--json").json == []


def test_the_tables_show_ticks_flags_reasons_and_totals(ready):
    out = ready("import", "Butik").out
    assert "Betalningar som kan sparas (3)" in out
    assert "Betalningar som inte kan sparas (1)" in out
    assert "Orsak till att inte spara" in out
    marked = [line for line in out.splitlines() if line[1:2] in {"✓", "⚑"}]
    assert [line.split()[:3] for line in marked] == [
        ["✓", "1", "1001"],
        ["⚑", "2", "1002"],
        ["✓", "3", "1003"],
    ]
    assert marked[1].endswith("Förskott kommer att")
    assert "before-date" in out
    assert "1 234,50" in out
    assert "Västfrakt [red]AB" in out
    totals = out[out.index("Summor") :]
    for line in ("Lästa 5 3 447,00", "sparas 3 3 359,50", "sparas 1 -0,50", "ignorerade 1 88,00"):
        assert line in " ".join(totals.split())
    assert "7 äldre betalningar" in out


def test_the_ignored_are_shown_one_by_one_when_asked(ready):
    assert "Ignorerade och undanlagda" not in ready("import", "Butik").out
    assert "Ignorerade och undanlagda (1)" in ready("import", "Butik", "--show-ignored").out


def test_no_line_of_a_table_is_wider_than_140_columns(ready):
    out = ready("import", "Butik", "--show-ignored").out
    assert max(map(len, out.splitlines())) <= 140


def test_progress_stands_on_standard_error(ready):
    ended = ready("import", "Butik", "--json")
    assert "Läser. (1/3)" in ended.err
    assert "Läser." not in ended.out


def test_english_tables_write_amounts_the_english_way(ready):
    out = ready("--lang", "en", "import", "Butik").out
    assert "1,234.50" in out
    assert "Reason for not saving" in out


# --- How it ends -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("internal", 1),
        ("settings", 2),
        ("login", 3),
        ("permission", 4),
        ("unavailable", 5),
        ("busy", 6),
        ("cancelled", 130),
    ],
)
def test_the_exit_status_says_who_can_act(ready, kind, status):
    ready("formats", "set", "Butik", f"behave=fail:{kind}")
    ended = ready("import", "Butik", "--json")
    code = f"SHOP_{kind.upper()}"
    assert (ended.status, ended.out) == (status, "")
    assert ended.last == f"{code}: Det gick inte ({code})."
    assert "Traceback" not in ended.err


def test_a_fault_of_the_program_shows_where_it_is(ready):
    ready("formats", "set", "Butik", "behave=bug")
    ended = ready("import", "Butik")
    assert (ended.status, ended.out) == (1, "")
    assert "Traceback" in ended.err
    assert ended.last.startswith("INTERNAL: ")


def test_an_interrupt_cancels(ready):
    ready("formats", "set", "Butik", "behave=interrupt")
    ended = ready("import", "Butik")
    assert ended.status == 130
    assert ended.last.startswith("CANCELLED: ")
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("seconds", ["0", "-1", "x", "nan", "inf"])
def test_a_login_timeout_is_a_positive_number_of_seconds(ready, monkeypatch, seconds):
    monkeypatch.setenv("HOSTSIM_LOGIN_TIMEOUT", seconds)
    ended = ready("import", "Butik")
    assert ended.status == 2
    assert "HOSTSIM_LOGIN_TIMEOUT" in ended.last


def test_an_error_stays_on_one_line(capsys):
    write_stderr("FEL: två\nrader\x1b[31m")
    assert capsys.readouterr().err == "FEL: två rader [31m\n"


def test_an_address_to_sign_in_at_stays_whole(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    address = "https://login.example/?state=" + "x" * 2000
    window = LoginWindow(Common("sv", no_browser=True))
    with pytest.raises(HostError, match="INPUT_ENDED"):
        window(address, lambda _: None)
    assert address in capsys.readouterr().err


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="there is always a screen there")
@pytest.mark.parametrize("there", [True, False])
def test_without_a_screen_the_address_is_shown_where_somebody_is_there(there, capsys, monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    stdin = io.StringIO()
    stdin.isatty = lambda: there
    monkeypatch.setattr(sys, "stdin", stdin)
    window = LoginWindow(Common("sv"))
    assert window("https://login.example", lambda _: None) is there
    assert ("https://login.example" in capsys.readouterr().err) is there


# --- Plug-ins ------------------------------------------------------------------------


def test_plugins_are_listed_with_what_they_do(ready):
    (entry,) = ready("plugins", "--json").json
    assert entry["name"] == "shop"
    assert (entry["active"], entry["reason"]) == (True, None)
    assert entry["import_types"] == ["ShopAPI"]
    assert "opter_import_payments" in entry["hooks"]
    assert "ShopAPI" in ready("plugins").out


def test_a_plugin_that_is_left_out_is_listed_with_the_reason(hostsim, monkeypatch):
    two = classmethod(lambda cls, **_: cls([("shop", SHOP), ("twin", Shop())]))
    monkeypatch.setattr(Plugins, "load", two)
    twin = hostsim("plugins", "--json").json[1]
    assert twin["active"] is False
    assert "ShopAPI" in twin["reason"]


# --- In a process of its own ----------------------------------------------------------


@pytest.fixture
def process(tmp_path):
    """Run a command in a process that finds the shop's plug-in by its entry point."""
    root = Path(__file__).parents[2]
    info = tmp_path / "site" / "shop-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[opter]\nshop = shop_plugin:SHOP\n")
    path = os.pathsep.join(map(str, (root, root / "tests/support", tmp_path / "site")))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HOSTSIM_")}
    environment |= {"PYTHONPATH": path, "PYTHONWARNINGS": "error", "HOSTSIM_LOGIN_TIMEOUT": "30"}

    def run(*arguments, **keywords):
        command = [sys.executable, "-m", "hostsim", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment | keywords.pop("env", {}),
            check=False,
            capture_output=True,
            timeout=60,
            **keywords,
        )

    run.command = [sys.executable, "-m", "hostsim"]
    run.keywords = {"cwd": tmp_path, "env": environment}
    return run


@pytest.fixture
def process_ready(process, ready):
    """The same, with a database and an import that asks to sign in."""
    assert ready("formats", "set", "Butik", "behave=window").status == 0
    return process


def test_the_answers_address_is_read_from_standard_input(process_ready):
    """A wrong line gets its sentence, and the wait goes on."""
    answers = "http://localhost/?state=wrong\n\nhttp://localhost/?state=right\n"
    ended = process_ready("import", "Butik", "--no-browser", "--json", input=answers.encode())
    err = ended.stderr.decode()
    assert ended.returncode == 0, err
    assert "http://login.example/" in err
    assert "Fel adress." in err
    assert json.loads(ended.stdout)["counts"]["read"] == 5


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="there is always a screen there")
def test_without_a_screen_and_with_nobody_there_it_says_which_option_is_for_that(
    process_ready, monkeypatch
):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    ended = process_ready("import", "Butik", input=b"")
    *_, advice, last = ended.stderr.decode().splitlines()
    assert (ended.returncode, last.partition(":")[0]) == (3, "NO_WINDOW")
    assert "--no-browser" in advice
    assert "--unattended" in advice


@pytest.mark.parametrize("typed", [b"", b"http://localhost/?state=wrong\n"])
def test_where_standard_input_has_ended_nobody_is_waited_for(process_ready, typed):
    ended = process_ready("import", "Butik", "--no-browser", input=typed)
    assert ended.returncode == 3
    assert ended.stderr.decode().splitlines()[-1].startswith("INPUT_ENDED: ")


def test_a_wait_that_ends_while_standard_input_is_open_ends_cleanly(process_ready):
    with subprocess.Popen(
        [*process_ready.command, "import", "Butik", "--no-browser"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **process_ready.keywords
        | {"env": process_ready.keywords["env"] | {"HOSTSIM_LOGIN_TIMEOUT": "0.01"}},
    ) as child:
        _, err = child.stdout.read(), child.stderr.read()
    assert child.returncode == 3
    assert err.decode().splitlines()[-1].startswith("NOBODY_CAME: ")


def test_output_is_utf8_whatever_the_locale_is(process):
    ended = process("init", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert "är skapad" in ended.stdout.decode("utf-8")


def test_ascii_output_has_marks_of_its_own_and_valid_json(process, ready):
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    table = process("import", "Butik", env=ascii_only)
    assert b"\n OK             1     1001  " in table.stdout
    shown = process("import", "Butik", "--json", env=ascii_only)
    assert "Fel vid inläsning" in json.loads(shown.stdout)["rejected"][0]["message"]


def test_a_missing_package_is_one_sentence(process, tmp_path):
    """With hostsim's extra left out, the command says how to get it."""
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'click' else real(name, *a)\n"
    )
    ended = process("init")
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("NOT_INSTALLED: ")
    assert 'pip install "opter-fortnox-plugin[hostsim]"' in ended.stderr.decode()
    assert ended.stdout == b""
    # The extra `sandbox` is enough for the sandbox.
    ended = process("sandbox", "--json", "--switch", "rate_limits=1", "--lang", "en")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"there is no switch rate_limits, but rate_limit. " in ended.stderr
    assert b"/_sandbox/unknowns describes all" in ended.stderr


# --- Amounts and progress ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1000", "1000.00"),
        ("1E+3", "1000.00"),
        ("-0.5", "-0.50"),
        ("0E-9", "0.00"),
        ("-0.00", "0.00"),
        ("12.345", "12.345"),
        ("12.3400", "12.34"),
    ],
)
def test_an_amount_has_at_least_two_decimals_and_no_exponent(value, text):
    assert formats.plain(Decimal(value)) == text


def test_a_rate_is_a_plain_decimal():
    assert formats.plain(Decimal("1.125E+1"), decimals=0) == "11.25"
    assert formats.plain(Decimal("10.000000"), decimals=0) == "10"


@pytest.mark.parametrize(
    ("value", "sv", "en"),
    [
        ("1234.5", "1 234,50", "1,234.50"),
        ("-0.5", "-0,50", "-0.50"),
        ("-1234567", "-1 234 567,00", "-1,234,567.00"),
        ("999", "999,00", "999.00"),
    ],
)
def test_an_amount_is_written_as_the_reader_writes_it(value, sv, en):
    assert formats.money(Decimal(value), "sv").replace("\N{NO-BREAK SPACE}", " ") == sv
    assert formats.money(Decimal(value), "en") == en


def told(*progress):
    stream = io.StringIO()
    lines = ProgressLines(stream, "en")
    for step in progress:
        lines(step)
    return stream.getvalue().splitlines()


def step(stage, done, total, message):
    return Progress(stage, done, total, Text(message, message))


def test_progress_without_a_terminal_is_a_line_at_sensible_steps():
    lines = told(*[step("reading", done, 10_000, "Reading.") for done in range(0, 10_001, 100)])
    assert len(lines) == 11
    assert lines[-1] == "Reading. (10,000/10,000)"


def test_a_wait_is_told_once_although_its_seconds_run():
    waits = [step("waiting", 0, None, f"Waiting, {left} s left") for left in range(60, 0, -1)]
    assert told(*waits) == ["Waiting, 60 s left"]


def test_progress_does_not_repeat_the_numbers_of_its_sentence():
    assert told(step("reading", 5, 9, "Read 5 of 9.")) == ["Read 5 of 9."]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_begins_when_the_login_is_over():
    """An address above a moving bar would be broken and could not be copied."""
    stream = Terminal()
    with progress_on(stream, "en") as bar:
        bar(step("login", 0, None, "Sign in."))
        assert stream.getvalue() == "Sign in.\n"
        bar(step("reading", 1, 2, "Reading."))
    assert "Reading." in stream.getvalue()


def test_a_table_on_a_narrow_terminal_breaks_no_number(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    output = Output(stream, "sv")
    columns = [
        Column("", Text("Belopp", "Amount"), lambda row: row[0], right=True),
        Column("", Text("Kund", "Customer"), lambda row: row[1], wide=True),
    ]
    row = ("1 234 567 890,00", "En kund med ett mycket långt namn som inte får plats")
    write_table(output, columns, lambda: [row])
    assert row[0] in stream.getvalue()
    assert len(stream.getvalue().splitlines()) > 4
