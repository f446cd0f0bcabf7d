"""A listener that comes with the host: it mails people what they should know of the night.

It is there when ``HOSTSIM_SMTP`` names a server, and is switched off by its name as any
other. Nothing of a customer is mailed: no payment, no invoice, no amount, no name.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import re
import smtplib
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from string import Formatter

from hostsim.errors import HostError, host_error
from hostsim.ledger.schedules import STOCKHOLM
from hostsim.messages import mail as mail_messages
from hostsim.messages.errors import ERRORS
from hostsim.messages.formats import minute
from hostsim.messages.text import say
from opter_contract import hookimpl
from opter_contract.values import Notice, Text

log = logging.getLogger(__name__)

#: Names the server, as ``host:port``; without it nothing is mailed.
VARIABLE = "HOSTSIM_SMTP"

#: TLS from the first byte there (RFC 8314); elsewhere by STARTTLS, where the server offers it.
IMPLICIT_TLS = 465

#: Seconds to wait for any answer of the server.
TIMEOUT_SECONDS = 30.0

#: Notices in one mail.
MAX_LISTED = 200

#: The details that a sentence of the host may have to be mailed; any other could name a
#: customer. A sentence of a plug-in names none (see ``Failure``).
HARMLESS = {
    "company", "currency", "expected", "given", "got", "key", "known", "name", "off", "other",
    "others_region", "path", "region", "subject", "type",
}  # fmt: skip

_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})")
_MAX_LINE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How to mail, and to whom."""

    host: str
    port: int
    sender: str
    recipients: str
    user: str = ""
    password: str = field(default="", repr=False)
    language: str = "sv"


def configured(environment: Mapping[str, str]) -> MailSettings | None:
    """Read the settings; ``None`` if nothing is to be mailed.

    :raises HostError: ``MAIL_SETTINGS``, naming the variable.
    """
    server = environment.get(VARIABLE, "").strip()
    if not server:
        return None
    match = _SERVER.fullmatch(server)
    if match is None or not 0 < int(match[2]) < 2**16:
        raise host_error("MAIL_SETTINGS", name=VARIABLE, why=mail_messages.NO_SERVER)
    sender = _addresses(environment, "HOSTSIM_MAIL_FROM", mail_messages.NO_SENDER, most=1)
    recipients = _addresses(environment, "HOSTSIM_MAIL_TO", mail_messages.NO_RECIPIENT)
    user = environment.get("HOSTSIM_SMTP_USER", "")
    password = environment.get("HOSTSIM_SMTP_PASSWORD", "")
    if bool(user) != bool(password):
        missing = "HOSTSIM_SMTP_PASSWORD" if user else "HOSTSIM_SMTP_USER"
        raise host_error("MAIL_SETTINGS", name=missing, why=mail_messages.NOT_ALONE)
    language = environment.get("HOSTSIM_LANG", "")
    return MailSettings(
        match[1].strip("[]"), int(match[2]), sender, recipients, user, password, language
    )


def _addresses(environment: Mapping[str, str], name: str, why: Text, most: int = 100) -> str:
    text = environment.get(name, "").strip()
    try:
        header = SMTP.header_factory("To", text) if text.isprintable() else None
        addresses = () if header is None or header.defects else header.addresses
        complete = all(address.username and address.domain for address in addresses)
    except Exception as error:  # the standard library's parser raises anything at half an address
        raise host_error("MAIL_SETTINGS", name=name, why=why) from error
    if not complete or not 0 < len(addresses) <= most:
        raise host_error("MAIL_SETTINGS", name=name, why=why)
    return text


@hookimpl
def opter_notices(notices: Sequence[Notice]) -> bool:
    try:
        settings = configured(os.environ)
        return settings is not None and send(settings, notices, datetime.now(UTC))
    except HostError as error:
        log.warning("%s", error)
        return False


def send(settings: MailSettings, notices: Sequence[Notice], now: datetime) -> bool:
    """Mail these as one message; ``True`` when the server has taken it for somebody.

    :raises HostError: ``MAIL_NOT_SENT``, ``MAIL_NOT_ENCRYPTED``.
    """
    message = message_of(settings, notices, now)
    server = f"{settings.host}:{settings.port}"
    try:
        with contextlib.closing(_connect(settings)) as smtp:
            refused = smtp.send_message(message)
            with contextlib.suppress(OSError):
                smtp.quit()  # the message is taken, however this ends
    except (OSError, ValueError) as error:
        # Not the text of the error: it could hold an address, or the password.
        raise host_error("MAIL_NOT_SENT", server=server, why=_error_name(error)) from error
    if refused:
        log.warning("%s took the mail, but not for %s of its recipients", server, len(refused))
    return True


def _connect(settings: MailSettings) -> smtplib.SMTP:
    """Connect, encrypted where that is possible, and sign in where there is a password."""
    context = ssl.create_default_context()
    where = (settings.host, settings.port)
    smtp = (
        smtplib.SMTP_SSL(*where, timeout=TIMEOUT_SECONDS, context=context)
        if settings.port == IMPLICIT_TLS
        else smtplib.SMTP(*where, timeout=TIMEOUT_SECONDS)
    )
    try:
        smtp.ehlo_or_helo_if_needed()
        if settings.port != IMPLICIT_TLS and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
        if settings.user:
            if not _is_private(smtp):
                raise host_error("MAIL_NOT_ENCRYPTED", server=f"{where[0]}:{where[1]}")
            smtp.login(settings.user, settings.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _is_private(smtp: smtplib.SMTP) -> bool:
    """Return whether nobody between can read: it is encrypted, or goes to this machine."""
    connection = smtp.sock
    if connection is None or isinstance(connection, ssl.SSLSocket):
        return connection is not None
    return ipaddress.ip_address(connection.getpeername()[0]).is_loopback


def _error_name(error: Exception) -> str:
    """Return the class of an error, and the status code of the server."""
    statuses: set[object] = set()
    if isinstance(error, smtplib.SMTPResponseException):
        statuses = {error.smtp_code}
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        statuses = {status for status, _ in error.recipients.values()}
    return " ".join([type(error).__name__, *sorted(map(str, statuses))])


# --- The message ---


def message_of(settings: MailSettings, notices: Sequence[Notice], now: datetime) -> EmailMessage:
    message = EmailMessage(SMTP)
    message["Subject"] = _subject(notices, settings.language)
    message["From"] = settings.sender
    message["To"] = settings.recipients
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=message["From"].addresses[0].domain)
    # Neither holidays nor lists answer it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    # Not every server takes eight bits.
    body = "\n".join(_lines(notices, settings.language)) + "\n"
    message.set_content(body, cte="quoted-printable")
    return message


def _subject(notices: Sequence[Notice], language: str) -> str:
    counts = Counter(notice.kind for notice in notices)
    parts = [
        say(template(count=counts[kind]), language)
        for kind, template in mail_messages.SUBJECTS.items()
        if counts[kind]
    ]
    return f"hostsim: {', '.join(parts)}"


def _lines(notices: Sequence[Notice], language: str) -> Iterator[str]:
    yield say(mail_messages.INTRODUCTION, language)
    room = MAX_LISTED
    for kind, heading in mail_messages.HEADINGS.items():
        of_kind = [notice for notice in notices if notice.kind == kind]
        listed = of_kind[:room]
        room -= len(listed)
        if listed:
            yield f"\n{say(heading, language)} ({len(of_kind)})"
        yield from (f"- {_line(notice, language)}" for notice in listed)
    if len(notices) > MAX_LISTED:
        yield f"\n{say(mail_messages.MORE(count=len(notices) - MAX_LISTED), language)}"
    yield f"\n{say(mail_messages.WHAT_NEXT, language)}"


def _line(notice: Notice, language: str) -> str:
    run = notice.run
    company = f" ({run.company.name})" if run.company is not None and run.company.name else ""
    line = f"{run.definition}{company}, {minute(run.ended_at.astimezone(STOCKHOLM))}"
    if run.code:
        line = f"{line}: {run.code}{_sentence(run.code, run.message, language)}"
    elif notice.waiting:
        line = f"{line}: {say(mail_messages.WAITING(count=notice.waiting), language)}"
        if notice.works_again:
            line = f"{line} {say(mail_messages.WORKS_AGAIN, language)}"
    return _one_line(line)


def _sentence(code: str, message: Text | None, language: str) -> str:
    """Return the sentence of an error, where it names no customer."""
    _, template = ERRORS.get(code, ("", Text("", "")))
    details = {name.split(".")[0] for _, name, _, _ in Formatter().parse(template.en) if name}
    return "" if message is None or details - HARMLESS else f": {say(message, language)}"


def _one_line(text: str) -> str:
    """Make text safe for one line: no line breaks or control characters, limited length."""
    clean = "".join(char if char.isprintable() else " " for char in text)
    return clean if len(clean) <= _MAX_LINE_LENGTH else clean[: _MAX_LINE_LENGTH - 1] + "…"
