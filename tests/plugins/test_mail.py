"""The listener that mails: one message a round, to a real server, with nothing of a customer."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from string import Formatter

import pytest
import trustme
from mail_server import serving
from ports import free_port
from scheduled_runs import Schedules

from hostsim.errors import HostError
from hostsim.messages.errors import ERRORS
from hostsim.plugins import mail
from hostsim.plugins.listeners import notify_people
from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store
from opter_contract.values import Company, EndedRun, Notice, Text
from opter_fortnox_plugin import hooks

MORNING = datetime(2026, 11, 29, 5, 0, tzinfo=UTC)
AKERIET = Company("77", "Åkeriet AB")


def run(definition="Norr", outcome="failed", company=AKERIET, **more):
    return EndedRun(definition, "Fake", "", company, MORNING, outcome, {}, **more)


def paused(definition="Norr", code="NO_CONSENT", message=None, **more):
    sentence = message or Text("Gör om samtycket.", "Consent again.")
    ended = run(definition, "paused", code=code, message=sentence, **more)
    return Notice("needs-person", ended)


def waits(definition="Väst", waiting=3, **more):
    return Notice("needs-person", run(definition, "waits-for-person"), waiting, **more)


def failed(definition="Syd"):
    message = Text("Vänta en stund.", "Wait a while.")
    return Notice("failed", run(definition, code="FORTNOX_UNAVAILABLE", message=message))


def recovered(definition="Öst"):
    return Notice("recovered", run(definition, "saved"), works_again=True)


@pytest.fixture
def environment(monkeypatch):
    """Set the variables of the listener for a server."""

    def put(server=None, **more):
        port = server and server.port
        values = {
            "HOSTSIM_SMTP": f"localhost:{port}" if server else "",
            "HOSTSIM_MAIL_FROM": "hostsim@byra.example",
            "HOSTSIM_MAIL_TO": "Kim <kim@byra.example>, robin@byra.example",
        }
        for name in ("HOSTSIM_SMTP_USER", "HOSTSIM_SMTP_PASSWORD", "HOSTSIM_LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in (values | more).items():
            monkeypatch.setenv(name, value)

    return put


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "firm.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "firm.pem"))


@pytest.fixture
def remote(monkeypatch):
    """Have the server be another machine."""
    monkeypatch.setattr(
        mail.ipaddress, "ip_address", lambda _: mail.ipaddress.IPv4Address("192.0.2.1")
    )


def body_of(server):
    [message] = server.messages
    return message.get_content().replace("\r\n", "\n")


# --- The message ---


def test_all_of_a_night_is_one_message_to_everybody(environment, server):
    environment(server)
    assert mail.opter_notices([failed(), paused(), recovered(), waits()]) is True
    [message] = server.messages
    assert server.recipients == [["kim@byra.example", "robin@byra.example"]]
    assert message["Subject"] == "hostsim: 2 behöver en person, 1 misslyckades, 1 fungerar igen"
    assert message["From"] == "hostsim@byra.example"
    assert (
        body_of(server)
        == """\
Importer och exporter som kördes utan att någon var där:

Behöver en person (2)
- Norr (Åkeriet AB), 2026-11-29 06:00: NO_CONSENT: Gör om samtycket.
- Väst (Åkeriet AB), 2026-11-29 06:00: rader som väntar på en person: 3.

Misslyckades och försöks igen (1)
- Syd (Åkeriet AB), 2026-11-29 06:00: FORTNOX_UNAVAILABLE: Vänta en stund.

Fungerar igen (1)
- Öst (Åkeriet AB), 2026-11-29 06:00

hostsim status visar alla företag. Det som är pausat körs igen med hostsim schedule NAMN --resume.
"""
    )


def test_it_is_in_english_where_that_is_the_language(environment, server):
    environment(server, HOSTSIM_LANG="en")
    mail.opter_notices([paused(), waits(works_again=True)])
    assert server.messages[0]["Subject"] == "hostsim: 2 to be seen by a person"
    body = body_of(server)
    assert "NO_CONSENT: Consent again." in body
    assert "rows that wait for a person: 3. It works again." in body
    assert not re.search("[åäö]", body.replace("Väst", "").replace("Åkeriet", ""))


def test_a_machine_that_reads_it_sees_that_it_must_not_answer(environment, server):
    environment(server)
    mail.opter_notices([failed()])
    mail.opter_notices([failed()])
    one, other = server.messages
    assert one["Auto-Submitted"] == "auto-generated"
    assert one["Message-ID"].endswith("@byra.example>")
    assert one["Message-ID"] != other["Message-ID"]
    assert abs(datetime.now(UTC) - one["Date"].datetime).days == 0


def test_a_company_that_is_not_known_yet_is_left_out(environment, server):
    environment(server)
    mail.opter_notices([paused(company=None)])
    assert "- Norr, 2026-11-29 06:00: NO_CONSENT" in body_of(server)


def test_two_hundred_are_listed_and_the_rest_counted(environment, server):
    environment(server)
    mail.opter_notices([failed(f"Bolag {n}") for n in range(250)] + [paused()])
    body = body_of(server)
    assert body.count("\n- ") == mail.MAX_LISTED == 200
    assert "- Norr" in body
    assert "(250)" in body
    assert "\n… och 51 till.\n" in body


@pytest.mark.parametrize(
    "name", ["Norr\r\nBcc: all@example.com", "Norr\n\nBcc: x", "Norr\N{LINE SEPARATOR}x", "\ud800"]
)
def test_no_name_makes_a_header_or_a_line(environment, server, name):
    environment(server)
    assert mail.opter_notices([paused(name, company=Company("1", name))]) is True
    [message] = server.messages
    assert set(message.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert server.recipients == [["kim@byra.example", "robin@byra.example"]]
    assert len([line for line in body_of(server).split("\n") if line.startswith("-")]) == 1


# --- Nothing of a customer ---

CUSTOMER = "Bageriet Bullen AB 1042 1 250,50"

#: What could name a customer, an invoice or a payment in a sentence of the host.
NAMES_SOMEBODY = {
    "amount", "first", "gaps", "id", "invoice", "items", "Item", "last", "names", "number",
    "problem", "problems", "suppliers", "the_item", "what", "why",
}  # fmt: skip


def details(text):
    return {name.split(".")[0] for _, name, _, _ in Formatter().parse(text) if name}


def of_customer(code):
    """Fill every detail of an error that could name a customer with one."""
    _, template = ERRORS[code]
    values = {
        name: Text(*[CUSTOMER if name in NAMES_SOMEBODY else name] * 2)
        for name in details(template.sv)
    }
    return paused(code=code, message=Text(*(text.format_map(values) for text in template)))


def test_no_customer_is_in_a_mail_whatever_error_it_tells(environment, server):
    """An export may end with one that names suppliers or invoices."""
    environment(server)
    mail.opter_notices([of_customer(code) for code in ERRORS])
    told = re.findall(r"^- .*? 06:00: ([A-Z_]+)", body_of(server), re.MULTILINE)
    assert told == list(ERRORS)
    assert "Bullen" not in body_of(server)
    assert "1042" not in body_of(server)


#: What stands in a sentence of an error of the plug-in. None of it names a customer, an invoice
#: or a payment; look where a new one is filled in before it is added here.
REVIEWED = {
    "act", "actual", "actual_number", "attempts", "company", "consent", "count", "currency",
    "expected", "expected_number", "fortnox_code", "hook", "host", "licence", "name", "needed",
    "ours", "path", "port", "proxy", "reason", "redirect", "resource", "scopes", "seconds",
    "setting", "status", "store", "theirs", "time", "times", "upgrade", "what", "who", "why",
}  # fmt: skip


def test_no_error_of_the_plug_in_names_a_customer():
    found = {name for error in hooks.opter_errors() for name in details(error.message.sv)}
    assert found == REVIEWED


def test_no_count_of_what_was_read_is_mailed(environment, server):
    environment(server)
    ended = EndedRun("Norr", "Fake", "", None, MORNING, "saved", {"read": 4711, "saved": 4711})
    mail.opter_notices([Notice("recovered", ended)])
    assert "4711" not in body_of(server)


# --- The way there ---


def test_it_is_encrypted_where_the_server_offers_it(environment, tls, trusted, remote):
    with serving(tls=tls) as server:
        server.users["kim"] = "hemligt"
        environment(server, HOSTSIM_SMTP_USER="kim", HOSTSIM_SMTP_PASSWORD="hemligt")
        assert mail.opter_notices([failed()]) is True
    assert server.encrypted == [True]
    assert server.commands[:3] == ["EHLO", "STARTTLS", "EHLO"]


def test_the_port_for_it_is_encrypted_from_the_start(
    environment, tls, trusted, remote, monkeypatch
):
    with serving(tls=tls, implicit=True) as server:
        monkeypatch.setattr(mail, "IMPLICIT_TLS", server.port)
        server.users["kim"] = "hemligt"
        environment(server, HOSTSIM_SMTP_USER="kim", HOSTSIM_SMTP_PASSWORD="hemligt")
        assert mail.opter_notices([failed()]) is True
    assert server.encrypted == [True]


@pytest.mark.parametrize("implicit", [True, False])
def test_a_server_whose_certificate_is_not_trusted_gets_nothing(
    environment, tls, monkeypatch, caplog, implicit
):
    with serving(tls=tls, implicit=implicit) as server:
        if implicit:
            monkeypatch.setattr(mail, "IMPLICIT_TLS", server.port)
        environment(server, HOSTSIM_SMTP_USER="kim", HOSTSIM_SMTP_PASSWORD="hemligt")
        assert mail.opter_notices([failed()]) is False
    assert {"AUTH", "MAIL"} & set(server.commands) == set()
    assert "MAIL_NOT_SENT" in caplog.text
    assert "SSLCertVerificationError" in caplog.text


def test_no_password_is_sent_to_another_machine_without_encryption(
    environment, server, remote, caplog
):
    environment(server, HOSTSIM_SMTP_USER="kim", HOSTSIM_SMTP_PASSWORD="hemligt")
    assert mail.opter_notices([failed()]) is False
    assert (server.messages, {"AUTH", "MAIL"} & set(server.commands)) == ([], set())
    assert "MAIL_NOT_ENCRYPTED: The mail server" in caplog.text


def test_on_this_machine_a_password_needs_no_encryption(environment, server):
    server.users["kim"] = "hemligt"
    environment(server, HOSTSIM_SMTP_USER="kim", HOSTSIM_SMTP_PASSWORD="hemligt")
    assert mail.opter_notices([failed()]) is True


# --- When it is not sent ---


@pytest.mark.parametrize("password", ["fel-hemlighet", "hemligt å"])
def test_a_password_that_is_refused_stands_in_no_log(environment, server, caplog, password):
    caplog.set_level("DEBUG")
    server.users["kim"] = "hemligt"
    environment(server, HOSTSIM_SMTP_USER="kim", HOSTSIM_SMTP_PASSWORD=password)
    assert mail.opter_notices([failed()]) is False
    assert "MAIL_NOT_SENT: The mail server localhost" in caplog.text
    assert "hemlig" not in caplog.text
    assert "hemlig" not in repr(mail.configured(mail.os.environ))


def test_one_recipient_that_is_refused_keeps_nobody_else_from_being_told(
    environment, server, caplog
):
    server.refuses = {"kim@byra.example"}
    environment(server)
    assert mail.opter_notices([failed()]) is True
    assert server.recipients == [["robin@byra.example"]]
    assert "not for 1 of its recipients" in caplog.text
    assert "kim@" not in caplog.text


def test_where_every_recipient_is_refused_nobody_was_told(environment, server, caplog):
    server.refuses = {"kim@byra.example", "robin@byra.example"}
    environment(server)
    assert mail.opter_notices([failed()]) is False
    assert "SMTPRecipientsRefused 550" in caplog.text


def test_a_message_that_is_refused_was_not_told(environment, server, caplog):
    server.status = 554
    environment(server)
    assert mail.opter_notices([failed()]) is False
    assert "SMTPDataError 554" in caplog.text


def test_what_a_server_that_is_down_did_not_take_is_told_once_when_it_is_up(
    environment, store_with_failure, caplog
):
    tell, port = store_with_failure, free_port()
    environment(HOSTSIM_SMTP=f"localhost:{port}")
    tell()
    assert "MAIL_NOT_SENT" in caplog.text
    with serving(port) as server:
        tell()
        tell()
    assert len(server.messages) == 1


@pytest.fixture
def store_with_failure(tmp_path):
    """End rounds after a run that failed."""
    with Store.create(tmp_path / "host.db") as store:
        schedules = Schedules(store)
        schedules.add("Norr")
        schedules.end("Norr", "failed")
        yield lambda: notify_people(Plugins([("mail", mail)]), store)


# --- Its settings ---


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSTSIM_SMTP", "mail.example.com"),
        ("HOSTSIM_SMTP", "mail.example.com:smtp"),
        ("HOSTSIM_SMTP", "mail.example.com:0"),
        ("HOSTSIM_SMTP", "mail.example.com:65536"),
        ("HOSTSIM_SMTP", "smtp://mail.example.com:587"),
        ("HOSTSIM_SMTP", "::1:25"),
        ("HOSTSIM_MAIL_FROM", ""),
        ("HOSTSIM_MAIL_FROM", "a@example.com, b@example.com"),
        ("HOSTSIM_MAIL_FROM", "hostsim"),
        ("HOSTSIM_MAIL_TO", ""),
        ("HOSTSIM_MAIL_TO", "kim@example.com robin"),
        ("HOSTSIM_MAIL_TO", "kim@example.com, Robin <robin@"),
        ("HOSTSIM_MAIL_TO", "kim@[e"),
        ("HOSTSIM_MAIL_TO", "kim@example.com\nBcc: all@example.com"),
        ("HOSTSIM_SMTP_USER", "kim"),
        ("HOSTSIM_SMTP_PASSWORD", "hemligt"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_to_write(environment, name, value):
    environment(**{"HOSTSIM_SMTP": "mail.example.com:587", name: value})
    with pytest.raises(HostError) as refused:
        mail.configured(mail.os.environ)
    error = refused.value
    assert (error.code, error.kind) == ("MAIL_SETTINGS", "settings")
    assert "HOSTSIM_" in error.message.sv
    assert "hemligt" not in str(error)


@pytest.mark.parametrize("server", ["[::1]:25", "127.0.0.1:25", "mail.exämple.se:465"])
def test_a_server_may_be_named_or_numbered(environment, server):
    environment(HOSTSIM_SMTP=server)
    assert f"{mail.configured(mail.os.environ).port}" in server


def test_without_a_server_nothing_is_mailed_and_nothing_is_wrong(environment):
    environment(HOSTSIM_MAIL_TO="nobody")
    assert mail.configured(mail.os.environ) is None


def test_settings_that_cannot_be_used_tell_nobody_and_are_logged(environment, caplog):
    environment(HOSTSIM_SMTP="mail.example.com")
    assert mail.opter_notices([failed()]) is False
    assert "MAIL_SETTINGS: Nothing can be mailed, since HOSTSIM_SMTP" in caplog.text


# --- A plug-in like any other ---


def test_it_is_there_where_a_server_is_named(environment):
    environment(HOSTSIM_SMTP="mail.example.com:587")
    assert [one.hooks for one in Plugins.load().loaded if one.name == "mail"] == [
        ("opter_notices",)
    ]


def test_otherwise_it_is_not_there_and_not_imported(environment):
    environment()
    assert "mail" not in {one.name for one in Plugins.load().loaded}


def test_it_is_switched_off_by_name(environment, tmp_path, monkeypatch, capsys):
    from hostsim import __main__

    environment(HOSTSIM_SMTP="mail.example.com:587")
    monkeypatch.setenv("HOSTSIM_DB", str(tmp_path / "host.db"))
    for words in (["init"], ["plugins", "off", "mail"], ["plugins"]):
        assert __main__.main(words) == 0
    assert "hostsim plugins on mail" in capsys.readouterr().out
