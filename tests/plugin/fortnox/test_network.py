"""The way out: a firm's own certificates and proxies work, or are explained, at once."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import trustme
from fortnox import Wire, truncated

from opter_fortnox_plugin.errors import NotFortnox, SettingsWrong, Temporary, Unavailable
from opter_fortnox_plugin.fortnox import network
from opter_fortnox_plugin.fortnox.http import Transport, no_auth

FORTNOX = "https://api.fortnox.se/3/invoicepayments"
VARIABLES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (*VARIABLES, *(one.upper() for one in VARIABLES), *network.CERTIFICATES):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def transport():
    transport = Transport(connect=5.0, read=5.0, total=20.0)
    yield transport
    transport.close()


def get(transport, address=FORTNOX):
    return transport.send("GET", address, auth=no_auth)


# --- Certificates ---


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@contextmanager
def inspecting(authority, name="localhost"):
    """Serve HTTPS with a certificate of a firm's own authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://localhost:{server.server_port}/3/x"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def firm():
    return trustme.CA()


@pytest.fixture
def bundle(firm, tmp_path):
    firm.cert_pem.write_to_path(tmp_path / "firm.pem")
    return tmp_path / "firm.pem"


def test_a_firms_own_certificate_is_refused_with_what_to_do(transport, firm):
    with inspecting(firm) as address, pytest.raises(Unavailable) as caught:
        get(transport, address)
    assert caught.value.code == "FORTNOX_NOT_TRUSTED"
    assert "The machine's certificate store does not trust" in caught.value.message.en
    assert "Waiting does not help" in caught.value.message.en
    assert "anger en fil med det" in caught.value.message.sv


@pytest.mark.parametrize("name", network.CERTIFICATES)
def test_a_file_of_the_firms_certificates_is_taken_by_each_of_its_names(
    environment, transport, firm, bundle, name
):
    environment.setenv(name, str(bundle))
    with inspecting(firm) as address:
        assert get(transport, address).status == 200


def test_the_first_variable_counts_and_is_named(environment, transport, firm, bundle, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    environment.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    environment.setenv("SSL_CERT_FILE", str(bundle))
    with inspecting(firm) as address, pytest.raises(Unavailable) as caught:
        get(transport, address)
    assert "The file in REQUESTS_CA_BUNDLE does not trust" in caught.value.message.en


def test_a_file_of_certificates_is_trusted_alone(environment, bundle):
    environment.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert len(network.ssl_context().get_ca_certs()) == 1


def test_a_folder_of_certificates_is_taken(environment, tmp_path):
    environment.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert network.ssl_context().verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nx\n"])
@pytest.mark.parametrize("name", network.CERTIFICATES)
def test_a_file_that_cannot_be_used_is_an_error_of_the_configuration(
    environment, transport, tmp_path, name, content
):
    path = tmp_path / "firm.pem"
    if content is not None:
        path.write_text(content)
    environment.setenv(name, str(path))
    with pytest.raises(SettingsWrong) as caught:
        get(transport)
    assert caught.value.code == "CERTIFICATES_WRONG"
    assert {name, str(path)} == set(caught.value.details.values())


def test_without_tls_nothing_is_asked_of_certificates(environment, transport):
    environment.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    with Wire(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as wire:
        assert get(transport, wire.address).status == 200


# --- Proxies ---


def tunnelling_to(port):
    """Open a tunnel to a port here, whatever address was asked for."""

    def pump(source, target):
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def visit(connected, over):
        connected.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as there:
            back = threading.Thread(target=pump, args=(there, connected), daemon=True)
            back.start()
            pump(connected, there)
            back.join()

    return visit


def tunnel(status, reason="x"):
    return truncated(f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_wants_another_password_is_asked_once(environment, transport, name):
    with Wire(tunnel(407)) as proxy:
        environment.setenv(name, f"http://kim:hemligt@127.0.0.1:{proxy.port}")
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                get(transport)
        assert len(proxy.requests) == 1
    assert caught.value.code == "PROXY_REFUSED"
    assert caught.value.details == {
        "proxy": f"127.0.0.1:{proxy.port}",
        "status": 407,
        "setting": name,
    }
    assert "hemligt" not in str(caught.value)


def test_threads_that_meet_a_refusing_proxy_together_ask_it_once(environment, transport):
    def send(_):
        together.wait()
        with pytest.raises(Unavailable, match="PROXY_REFUSED"):
            get(transport)

    together = threading.Barrier(8)
    with Wire(tunnel(407)) as proxy:
        environment.setenv("HTTPS_PROXY", proxy.address)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(8)))
        assert len(proxy.requests) == 1


def test_a_firms_certificate_behind_its_proxy_is_explained_too(environment, transport, firm):
    with inspecting(firm) as address, Wire(tunnelling_to(urlsplit(address).port)) as proxy:
        environment.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(Unavailable) as caught:
            get(transport)
    assert caught.value.code == "FORTNOX_NOT_TRUSTED"
    assert caught.value.details["host"] == "api.fortnox.se"


def test_a_firms_certificate_behind_its_proxy_is_trusted_where_it_is_given(
    environment, transport, firm, bundle
):
    environment.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with (
        inspecting(firm, "api.fortnox.se") as address,
        Wire(tunnelling_to(urlsplit(address).port)) as proxy,
    ):
        environment.setenv("HTTPS_PROXY", proxy.address)
        assert get(transport).status == 200
        transport.close()


def test_a_proxy_that_nobody_runs_is_named_with_what_gives_it(environment, transport):
    environment.setenv("HTTPS_PROXY", "http://kim:hemligt@127.0.0.1:1")
    with pytest.raises(Temporary) as caught:
        get(transport)
    assert caught.value.explanation.en == (
        "no connection to the proxy 127.0.0.1:1, which HTTPS_PROXY gives"
    )


def test_a_name_that_nobody_knows_is_told(environment, transport):
    with pytest.raises(Temporary) as caught:
        get(transport, "https://api.fortnox.invalid/3")
    assert caught.value.explanation.en == "the name api.fortnox.invalid cannot be looked up"


def test_a_proxy_that_forbids_one_address_may_allow_another(environment, transport):
    with Wire(tunnel(403)) as proxy:
        environment.setenv("HTTPS_PROXY", proxy.address)
        for address in (FORTNOX, "https://apps.fortnox.se/oauth-v1", FORTNOX):
            with pytest.raises(Unavailable, match="PROXY_REFUSED"):
                get(transport, address)
        assert len(proxy.requests) == 2


def test_a_proxy_that_does_not_reach_fortnox_may_do_so_later(environment, transport):
    with Wire(tunnel(502)) as proxy:
        environment.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(NotFortnox) as caught:
            get(transport)
    assert (caught.value.status, caught.value.may_pass) == (502, True)
    assert caught.value.who.en == f"the proxy 127.0.0.1:{proxy.port}"


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("http://[::1", "not the address"),
        ("proxy:notaport", "not the address"),
        ("http://", "not the address"),
        ("http://pro xy:1", "not the address"),
        ("http://proxy:99999", "not the address"),
        ("ftp://proxy:1", "must begin with http://"),
        ("socks5://proxy:1", "PySocks"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_of_the_configuration(
    environment, transport, proxy, says
):
    environment.setattr(network, "find_spec", lambda _: None)
    environment.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(SettingsWrong) as caught:
        get(transport)
    assert (caught.value.code, caught.value.details["name"]) == ("PROXY_WRONG", "HTTPS_PROXY")
    assert says in caught.value.message.en


def test_an_address_without_a_proxy_needs_none(environment, transport):
    environment.setenv("HTTPS_PROXY", "http://[::1")
    environment.setenv("NO_PROXY", "fortnox.se")
    assert network.proxies_of(FORTNOX) == {}


def test_a_proxy_is_shown_without_its_password(environment):
    environment.setenv("HTTPS_PROXY", "http://kim:hemligt@proxy.example:8080")
    assert network.proxy_of(FORTNOX) == "proxy.example:8080"
    assert network.proxy_of("http://localhost:9/3") is None
