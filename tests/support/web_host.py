"""The surroundings of a host that is a web application: a portal, a proxy, and a browser."""

import http.client
import http.server
import re
import shutil
import ssl
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import trustme
from ports import free_port

from hostsim.sandbox import scripted_login, seed

#: The header in which the proxy names the user.
USER_HEADER = "X-Remote-User"

#: Hop-by-hop headers (RFC 9110, 7.6.1).
HOPS = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}

GUIDE = Path(__file__).parents[2] / "docs" / "administrator.md"


def register_redirect_uri(sandbox, redirect_uri):
    """Change the client's redirect address in the sandbox's developer portal."""
    board = sandbox.switchboard
    board.client = replace(board.client, redirect_uri=redirect_uri)


class Proxy:
    """A reverse proxy with TLS on this machine, under ``https://localhost:<port>``.

    :ivar user: whom it names; ``None`` names nobody.
    """

    def __init__(self, folder, *, user="kim"):
        self.port, self.user = free_port(), user
        self.upstream = ""
        authority = trustme.CA()
        self.trust = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.trust)
        self.certificate = folder / "proxy.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            self.certificate
        )

    @property
    def origin(self):
        return f"https://localhost:{self.port}"

    @contextmanager
    def before(self, upstream):
        """Forward to an upstream URL."""
        self.upstream = urlsplit(upstream).netloc
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        handler = type("Handler", (_Handler,), {"proxy": self})
        with http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler) as server:
            server.daemon_threads = True
            # The handshake is made by the request's own thread.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            server.handle_error = lambda *_: None
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            yield self
            server.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    proxy: Proxy
    timeout = 20

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in HOPS | {USER_HEADER.lower()}
        }
        if self.proxy.user is not None:
            headers[USER_HEADER] = self.proxy.user.encode().decode("latin-1")
        upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=20)
        with closing(upstream):
            upstream.request(self.command, self.path, body, headers)
            response = upstream.getresponse()
            content = response.read()
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in HOPS | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_HEAD = do_GET  # noqa: N815 as http.server calls them

    def log_message(self, *_):
        """Log nothing."""


class Nginx(Proxy):
    """The same with nginx, as the administrator's page configures it."""

    @contextmanager
    def before(self, upstream):
        [block] = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
        location = block.replace("http://127.0.0.1:8000", upstream.rstrip("/"))
        location = location.replace("$remote_user", f'"{self.user}"')
        location = re.sub(r"\n *auth_basic.*", "", location)
        folder = self.certificate.parent
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {folder}/body;\n"
            f"proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/fastcgi;\n"
            f"uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
            f"server {{ listen 127.0.0.1:{self.port} ssl; server_name localhost;\n"
            f"ssl_certificate {self.certificate}; ssl_certificate_key {self.certificate};\n"
            f"{location} }} }}\n"
        )
        command = [shutil.which("nginx"), "-e", "stderr", "-c", folder / "nginx.conf"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
            _wait_for(self._listens)
            yield self
            nginx.terminate()

    def _listens(self):
        try:
            requests.get(self.origin, verify=self.trust, timeout=5)
        except requests.ConnectionError:
            return False
        return True


class Visitor:
    """A person's browser without scripts, which comes through a proxy."""

    def __init__(self, proxy, address):
        self.address = address.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(proxy.trust)

    def get(self, path, **more):
        return self.session.get(f"{self.address}{path}", timeout=20, **more)

    def post(self, path, **values):
        [token, *_] = re.findall(r'name="token" value="([^"]+)"', self.get("/import").text)
        return self.session.post(
            f"{self.address}{path}", data={"token": token} | values, timeout=20
        )

    def start_import(self, name="Fortnox"):
        """Start an import; return its URL, and the URL to sign in at."""
        job = self.post("/import/start", format=name, region="", date="2026-11-22").url
        login = _wait_for(lambda: self.session.get(f"{job}/now", timeout=20).json()["login"])
        sent_on = self.session.get(urljoin(job, login), timeout=20, allow_redirects=False)
        return job, sent_on.headers["Location"]

    def finish_import(self, job):
        """Wait for the end of an import; give the page that it leads to."""
        _wait_for(lambda: self.session.get(f"{job}/now", timeout=20).json()["ended"])
        return self.session.get(job, timeout=20)


def callback_url(login):
    """Sign in; give the address that the browser is sent to."""
    return scripted_login.callback_url(login, seed.USER, seed.PASSWORD)


def _wait_for(ask, seconds=30):
    """Call ``ask`` until it returns something."""
    end = time.monotonic() + seconds
    while not (result := ask()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return result
