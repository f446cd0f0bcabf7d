"""One HTTP exchange over real sockets: a whole response comes back, or it is temporary.

Only outcomes are looked at, never how long something took.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import socket
import threading
from contextlib import closing

import pytest
from fortnox import DATE, KEEP, Wire, drip, hang, raw_response, reset, truncated

from opter_fortnox_plugin.errors import Temporary
from opter_fortnox_plugin.fortnox.http import Transport, bearer

HEAD = b"HTTP/1.1 200 OK\r\n"
ENDLESS = HEAD + b"Content-Length: 1000000\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def make_transport():
    """Make transports, and close them in the end."""
    with contextlib.ExitStack() as stack:

        def make(**seconds):
            transport = Transport(**seconds)
            stack.callback(transport.close)
            return transport

        yield make
    # A connection that nobody closed would be found here, as a warning.
    gc.collect()


@pytest.fixture
def transport(make_transport):
    return make_transport(connect=5.0, read=5.0, total=20.0)


@pytest.fixture
def hasty(make_transport):
    """A transport that gives up soon: on silence, and on a whole exchange."""
    return make_transport(connect=0.3, read=0.3, total=0.3)


@pytest.fixture
def dogged(make_transport):
    """A transport that only its total deadline can stop."""
    return make_transport(connect=5.0, read=60.0, total=0.3)


def get(transport, address, **more):
    return transport.send("GET", address, auth=bearer("acc-0ne"), **more)


def fault(transport, *visits):
    with Wire(*visits) as wire:
        with pytest.raises(Temporary) as caught:
            get(transport, f"{wire.address}/3/x?q=1")
        assert "acc-0ne" not in str(caught.value)
        assert "127.0.0.1" not in str(caught.value)
        return caught.value.what


# --- A whole response ---


def test_status_headers_and_body_come_back(transport):
    with Wire(raw_response(418, b"\x00\xff body", X_Build="0a1b")) as wire:
        came = get(transport, wire.address)
    assert (came.status, came.body) == (418, b"\x00\xff body")
    assert (came.headers["x-build"], came.headers["date"]) == ("0a1b", DATE)


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 429, 500, 503])
def test_a_whole_reply_is_a_value_whatever_its_status(transport, status):
    with Wire(raw_response(status, b"x")) as wire:
        assert get(transport, wire.address).status == status


def test_a_form_is_sent_as_one(transport):
    with Wire(raw_response(200)) as wire:
        transport.send("POST", wire.address, auth=bearer("a"), form={"code": "å b"})
        [request] = wire.requests
    assert "Content-Type: application/x-www-form-urlencoded" in request
    assert request.endswith("code=%C3%A5+b")


def test_a_packed_body_is_unpacked(transport):
    with Wire(raw_response(200, gzip.compress(b"body"), Content_Encoding="gzip")) as wire:
        assert get(transport, wire.address).body == b"body"


def test_a_body_in_chunks_is_put_together(transport):
    with Wire(CHUNKED + b"3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n") as wire:
        assert get(transport, wire.address).body == b"body"


def test_connections_are_kept_alive(transport):
    with Wire(raw_response(200, b"x")) as wire:
        for _ in range(5):
            get(transport, wire.address)
        assert (len(wire.requests), wire.connections) == (5, 1)


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(transport):
    def last_word(connected, over):
        connected.sendall(raw_response(200, b"x", Connection="close"))

    with Wire(last_word) as wire:
        assert [get(transport, wire.address).body for _ in "123"] == [b"x"] * 3
        assert wire.connections == 3


def test_an_answer_is_told_of_before_its_body_is_there(transport):
    told, heard = [], threading.Event()

    def slow_body(connected, _over):
        connected.sendall(HEAD + b"Content-Length: 2\r\n\r\n")
        assert heard.wait(5.0)
        connected.sendall(b"{}")

    def answered(status):
        told.append(status)
        heard.set()

    transport.sent, transport.answered = lambda: told.append("sent"), answered
    with Wire(slow_body) as wire:
        assert get(transport, wire.address).body == b"{}"
    assert told == ["sent", 200]


def test_an_exchange_without_an_answer_is_not_told_of_as_answered(transport):
    told = []
    transport.sent, transport.answered = lambda: told.append("sent"), lambda _: told.append("x")
    fault(transport, reset)
    assert told == ["sent"]


def test_a_redirect_is_shown_and_not_followed(transport):
    with (
        Wire(raw_response(200, b"elsewhere")) as other,
        Wire(raw_response(302, b"", Location=f"{other.address}/steal")) as wire,
    ):
        came = get(transport, wire.address)
        assert (came.status, len(wire.requests), len(other.requests)) == (302, 1, 0)


def test_a_proxy_of_the_environment_does_not_see_what_stays_on_this_machine(transport, monkeypatch):
    with Wire(raw_response(200, b"proxy")) as proxy, Wire(raw_response(200, b"us")) as wire:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("http_proxy", proxy.address)
        assert get(transport, wire.address).body == b"us"
        assert proxy.requests == []


def test_a_cookie_of_one_answer_is_kept_apart_from_the_bearer(transport):
    with Wire(raw_response(200, b"x", Set_Cookie="a=b")) as wire:
        get(transport, wire.address)
        get(transport, wire.address)
        assert "Bearer acc-0ne" in wire.requests[1]


# --- No whole response ---


def test_a_port_that_nobody_listens_on_is_temporary(transport):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Temporary, match="no connection"):
        get(transport, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("visit", [reset, truncated(b"")], ids=["reset", "closed"])
def test_a_connection_that_ends_without_a_word_is_temporary(transport, visit):
    assert fault(transport, visit) == "no connection"


@pytest.mark.parametrize(
    "cut",
    [
        HEAD + b"Content-Length: 99\r\n\r\n" + b'{"whole": true}',
        CHUNKED + b"3\r\nbod\r\n",
        CHUNKED + b"63\r\nbod",
    ],
)
def test_a_body_that_is_cut_off_is_no_answer(transport, cut):
    assert fault(transport, truncated(cut)) == "an answer that was cut off"


def test_a_body_that_is_reset_in_the_middle_is_no_answer(transport):
    def visit(connected, over):
        connected.sendall(HEAD + b"Content-Length: 99\r\n\r\n" + b'{"whole": true}')
        reset(connected, over)

    assert fault(transport, visit)


@pytest.mark.parametrize(
    "strange",
    [
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 x y\r\n\r\n",
        b"HTTP/9.9\r\n\r\n",
        HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        HEAD + b"X: y\r\n" * 1000 + b"\r\n",
        CHUNKED + b"zz\r\nbody\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbody",
    ],
    ids=lambda strange: repr(strange[:40]),
)
def test_what_is_no_http_is_temporary(transport, strange):
    assert fault(transport, truncated(strange))


# urllib3 leaves the connection of such an answer to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_length_that_contradicts_itself_is_temporary(transport):
    assert fault(transport, truncated(HEAD + b"Content-Length: 1, 2\r\n\r\nxy"))


def test_a_server_without_tls_is_not_trusted_with_a_token(hasty):
    with Wire(hang) as wire:
        with pytest.raises(Temporary):
            get(hasty, wire.address.replace("http:", "https:"))
        assert not any("acc-0ne" in request for request in wire.requests)


def test_a_body_without_an_end_is_given_up(transport, monkeypatch):
    monkeypatch.setattr("opter_fortnox_plugin.fortnox.http.MAX_BODY_BYTES", 100_000)

    def pour(connected, over):
        connected.sendall(HEAD + b"\r\n")
        while not over.is_set():
            connected.sendall(b"x" * 65536)

    assert fault(transport, pour)


def test_a_small_body_that_unpacks_to_a_huge_one_is_given_up(transport, monkeypatch):
    monkeypatch.setattr("opter_fortnox_plugin.fortnox.http.MAX_BODY_BYTES", 100_000)
    assert fault(
        transport, raw_response(200, gzip.compress(b"0" * 10_000_000), Content_Encoding="gzip")
    )


def test_headers_that_break_off_are_a_fault_and_no_traceback_in_the_log(transport, caplog):
    assert fault(transport, truncated(HEAD + b"X-Cut: yes\r\nX-Cu"))
    assert [record for record in caplog.records if record.exc_info] == []


# --- Deadlines ---


def test_silence_is_given_up(hasty):
    assert "in time" in fault(hasty, hang)


def test_silence_after_the_headers_is_given_up(hasty):
    def visit(connected, over):
        connected.sendall(ENDLESS)
        hang(connected, over)

    assert "in time" in fault(hasty, visit)
    with closing(Transport(connect=0.3, read=0.3, total=20)) as patient:
        assert fault(patient, visit) == "no answer in time"


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        pytest.param(b"", b"H", id="status line"),
        pytest.param(HEAD + b"X-Slow: ", b"x", id="one header"),
        pytest.param(HEAD, b"X-Slow: x\r\n", id="many headers"),
        pytest.param(ENDLESS, b"x", id="body"),
        pytest.param(HEAD + b"\r\n", b"x", id="body without length"),
        pytest.param(CHUNKED, b"1\r\nx\r\n", id="body in chunks"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", id="100"),
    ],
)
def test_a_slow_drip_is_given_up_though_every_drop_is_in_time(dogged, start, drop):
    assert fault(dogged, drip(start, drop)) == "no whole answer in time"


def test_a_slow_drip_on_a_kept_connection_is_given_up_too(transport):
    def first(connected, over):
        connected.sendall(raw_response(200, b"x"))
        return KEEP

    with Wire(first, drip(ENDLESS, b"x")) as wire:
        assert get(transport, wire.address).body == b"x"
        transport._total = 0.3
        with pytest.raises(Temporary, match="no whole answer in time"):
            get(transport, wire.address)
        assert wire.connections == 1


def test_after_a_deadline_the_next_exchange_is_a_new_one(dogged):
    with Wire(drip(ENDLESS, b"x"), raw_response(200, b"x")) as wire:
        with pytest.raises(Temporary):
            get(dogged, wire.address)
        dogged._total = 20.0
        assert get(dogged, wire.address).body == b"x"


def test_a_transport_shows_no_token():
    assert "acc-0ne" not in repr(bearer("acc-0ne"))
