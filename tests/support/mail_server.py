"""A mail server for tests: SMTP (RFC 5321) with STARTTLS, AUTH PLAIN and AUTH LOGIN."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import ssl
import threading
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    """Receives mail, and records it.

    :ivar tls: a context for STARTTLS; ``None`` offers none.
    :ivar users: passwords by user; if there are any, a client must sign in.
    :ivar refuses: recipients that are refused, with 550.
    :ivar status: of the response to a message; 250 unless it fails.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0, *, tls=None, implicit=False):
        self.tls, self.implicit = tls, implicit
        self.users, self.refuses, self.status = {}, set(), 250
        self.messages, self.recipients, self.commands, self.encrypted = [], [], [], []
        super().__init__(("127.0.0.1", port), Visit)

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, *_):
        """A client that goes away is no matter of the server's."""


class Visit(socketserver.StreamRequestHandler):
    """One connection."""

    def setup(self):
        if self.server.implicit:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        super().finish()
        self.request.close()  # one that is encrypted is not the one that the server knows

    def handle(self):
        self.recipients, self.signed_in = [], False
        self.say(220, "mail.test")
        while line := self.rfile.readline().decode("ascii").strip():
            word, _, rest = line.partition(" ")
            self.server.commands.append(word.upper())
            if getattr(self, word.lower())(rest) == "ends":
                return

    def say(self, status, *lines):
        *before, last = lines
        text = "".join(f"{status}-{line}\r\n" for line in before) + f"{status} {last}\r\n"
        self.wfile.write(text.encode("ascii"))

    @property
    def encrypted(self):
        return isinstance(self.request, ssl.SSLSocket)

    def ehlo(self, _name):
        offers = ["mail.test"]
        if self.server.tls is not None and not self.encrypted:
            offers.append("STARTTLS")
        if self.server.users:
            offers.append("AUTH PLAIN LOGIN")
        self.say(250, *offers)

    def starttls(self, _):
        self.say(220, "go on")
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = (
            self.request.makefile("rb"),
            socketserver._SocketWriter(self.request),
        )

    def auth(self, rest):
        how, _, given = rest.partition(" ")
        if how == "PLAIN":
            _, user, password = base64.b64decode(given).decode().split("\0")
        else:
            user = base64.b64decode(given).decode()
            self.say(334, "UGFzc3dvcmQ6")
            password = base64.b64decode(self.rfile.readline()).decode()
        self.signed_in = self.server.users.get(user) == password
        self.say(*(235, "welcome") if self.signed_in else (535, f"{user} {password} is wrong"))

    def mail(self, _):
        may = self.signed_in or not self.server.users
        self.say(*(250, "ok") if may else (530, "sign in first"))

    def rcpt(self, rest):
        address = rest.partition("<")[2].partition(">")[0]
        if address in self.server.refuses:
            self.say(550, f"{address} is unknown")
            return
        self.recipients.append(address)
        self.say(250, "ok")

    def data(self, _):
        self.say(354, "go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        if self.server.status == 250:
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            self.server.messages.append(message)
            self.server.recipients.append(self.recipients)
            self.server.encrypted.append(self.encrypted)
        self.say(self.server.status, "as asked")

    def rset(self, _):
        self.say(250, "ok")

    def quit(self, _):
        self.say(221, "bye")
        return "ends"


@contextmanager
def serving(port=0, **how):
    with MailServer(port, **how) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
