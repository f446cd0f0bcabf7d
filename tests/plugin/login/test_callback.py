"""The login: one right answer ends the wait, and nothing else that comes does."""

from __future__ import annotations

import html
import quopri
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlencode

import pytest
import requests
from fortnox import Clock
from hypothesis import given
from hypothesis import strategies as st
from ports import free_port

from opter_fortnox_plugin.errors import Cancelled, FortnoxError, LoginFailed
from opter_fortnox_plugin.login.callback import (
    GRACE_SECONDS,
    Callback,
    Login,
    UnexpectedCallback,
    parse_callback,
)
from opter_fortnox_plugin.login.callback_server import CallbackServer

STATE = "st4te-of-ours"
REDIRECT = "http://localhost:51843/callback"


def query(**values):
    return urlencode(values)


def wait(login, clock=None, seconds=300.0, nap=1.0):
    """Wait by a clock on which every look takes so many seconds."""
    clock = clock or Clock()

    def look(left):
        clock.now += nap

    return login.wait(seconds, look, clock)


def failure(login, **more):
    with pytest.raises(FortnoxError) as caught:
        wait(login, **more)
    return caught.value


# --- What an answer means ---


def test_the_right_state_with_a_code_is_the_answer():
    assert parse_callback(query(code="c0de", state=STATE), STATE) == Callback(code="c0de")


def test_the_right_state_with_an_error_is_a_refusal():
    came = query(error="access_denied", error_description="x", state=STATE)
    assert parse_callback(came, STATE) == Callback(
        error="access_denied", description="access_denied x"
    )


def test_neither_code_nor_state_is_a_locked_company():
    assert parse_callback("", STATE) == Callback()


@pytest.mark.parametrize(
    "came",
    [
        query(code="c0de"),
        query(state=STATE),
        query(code="c0de", state="other"),
        query(code="c0de", state=STATE + "x"),
        query(code="c0de", state=STATE[:-1]),
        query(code="c0de", state=STATE.upper()),
        query(code="c0de", state=""),
        query(code="", state=STATE),
        query(error="access_denied"),
        query(error="access_denied", state="other"),
        query(code="c0de", error="access_denied", state=STATE),
        f"code=c0de&state={STATE}&state={STATE}",
        f"code=c0de&code=d&state={STATE}",
        f"code=c0de&state={STATE}&state=other",
        f"code=c0de&State={STATE}",
        "code=c0de&state=%FF%FE",
        "code=c0de&state=å",
        "hello=1",
        "&".join(f"a{n}=1" for n in range(1000)),
    ],
    ids=lambda came: came[:50],
)
def test_anything_else_is_not_our_answer(came):
    with pytest.raises(UnexpectedCallback):
        parse_callback(came, STATE)


@given(st.text() | st.text(st.characters(codec=None)))
def test_whatever_comes_without_our_state_is_no_code(came):
    try:
        assert parse_callback(came, STATE).code == ""
    except UnexpectedCallback:
        return


def test_every_login_has_a_fresh_state_that_nobody_can_guess():
    states = {Login(REDIRECT).state for _ in range(50)}
    assert len(states) == 50
    assert all(len(state) >= 32 for state in states)
    assert all(quote(state, safe="") == state for state in states)


# --- Waiting ---


def test_the_code_of_the_right_answer_ends_the_wait():
    login = Login(REDIRECT, STATE)
    login.deliver(login.receive(query(code="c0de", state=STATE)))
    assert wait(login) == "c0de"


def test_a_code_is_taken_once():
    login = Login(REDIRECT, STATE)
    login.receive(query(code="c0de", state=STATE))
    with pytest.raises(UnexpectedCallback):
        login.receive(query(code="c0de", state=STATE))


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        ("access_denied", "LOGIN_REFUSED", "login"),
        ("error_missing_license", "LICENCE_MISSING", "permission"),
        ("error_missing_system_admin_right", "ADMINISTRATOR_NEEDED", "permission"),
        ("temporarily_unavailable", "LOGIN_SERVICE_DOWN", "unavailable"),
        ("server_error", "LOGIN_SERVICE_DOWN", "unavailable"),
        ("invalid_scope", "SCOPES_NOT_REGISTERED", "settings"),
        ("unauthorized_client", "CLIENT_NOT_ALLOWED", "settings"),
        ("unsupported_response_type", "LOGIN_FAILED", "login"),
    ],
)
def test_a_refusal_is_named(error, code, kind):
    login = Login(REDIRECT, STATE)
    login.deliver(login.receive(query(error=error, state=STATE)))
    problem = failure(login)
    assert (problem.code, problem.kind) == (code, kind)


def test_nobody_came():
    problem = failure(Login(REDIRECT), seconds=300.0, nap=150.0)
    assert problem.code == "LOGIN_TIMED_OUT"
    assert "300" in problem.message.sv


@pytest.mark.parametrize(
    ("came", "code"),
    [(query(code="c0de", state="other"), "LOGIN_STATE_WRONG"), ("hello=1", "LOGIN_TIMED_OUT")],
    ids=["a wrong state", "a stray visitor"],
)
def test_a_wrong_state_and_then_nobody_is_an_error_of_its_own(came, code):
    login = Login(REDIRECT, STATE)
    with pytest.raises(UnexpectedCallback):
        login.receive(came)
    assert failure(login, nap=150.0).code == code


def test_a_wrong_state_does_not_end_the_wait():
    login = Login(REDIRECT, STATE)
    with pytest.raises(UnexpectedCallback):
        login.receive(query(code="forged", state="other"))
    login.deliver(login.receive(query(code="c0de", state=STATE)))
    assert wait(login) == "c0de"


def test_a_locked_company_is_named_after_a_short_grace():
    login, clock = Login(REDIRECT, STATE), Clock()
    login.deliver(login.receive(""))
    first_answer_at = clock.now
    assert failure(login, clock=clock).code == "LOGIN_COMPANY_LOCKED"
    assert GRACE_SECONDS <= clock.now - first_answer_at <= 10


def test_the_right_answer_within_the_grace_is_the_answer():
    login = Login(REDIRECT, STATE)
    login.deliver(login.receive(""))
    login.deliver(login.receive(query(code="c0de", state=STATE)))
    assert wait(login) == "c0de"


def test_a_locked_company_is_named_even_where_the_time_ends_before_the_grace():
    login = Login(REDIRECT, STATE)
    login.deliver(login.receive(""))
    assert failure(login, seconds=2.0).code == "LOGIN_COMPANY_LOCKED"


def test_a_person_can_cancel_while_we_wait():
    def look(left):
        raise Cancelled("CANCELLED")

    with pytest.raises(Cancelled):
        Login(REDIRECT).wait(300.0, look, Clock())


def test_the_seconds_left_are_told():
    clock, told = Clock(), []

    def look(left):
        told.append(left)
        clock.now += 100

    with pytest.raises(LoginFailed):
        Login(REDIRECT).wait(300.0, look, clock)
    assert told == [300.0, 200.0, 100.0]


# --- An address that is pasted back ---


WHOLE = f"{REDIRECT}?{query(code='c0de', state=STATE)}"
SAFE_LINK = "https://eur01.safelinks.protection.outlook.com/?" + query(
    url=WHOLE, data="05|02|kim@example.com|0", sdata="a+b/c=", reserved="0"
)


@pytest.mark.parametrize(
    "lines",
    [
        [f"  {WHOLE}\n"],
        [f'"{WHOLE}"'],
        [f"<{WHOLE}>"],
        [f"”{WHOLE}”"],
        [f"\x1b[200~{WHOLE}\x1b[201~"],
        [f"[200~{WHOLE}[201~"],
        [WHOLE.removeprefix("http://")],
        [WHOLE.partition("?")[2]],
        ["?" + WHOLE.partition("?")[2]],
        [WHOLE.replace("&", "&amp;")],
        [WHOLE + "#"],
        [WHOLE.replace("localhost", "127.0.0.1")],
        [WHOLE[:45] + " \t" + WHOLE[45:]],
        [WHOLE[:10], WHOLE[10:48], WHOLE[48:]],
        [f"<{WHOLE[:-3]}", f"{WHOLE[-3:]}>"],
        ["http://example.com/?a=1", WHOLE[:40], WHOLE[40:]],
        [WHOLE + "."],
        [f"Här är den: {WHOLE}, eller?"],
        ["Adressen: " + WHOLE.partition("?")[2] + " ."],
        [f"GET /callback?{query(code='c0de', state=STATE)} HTTP/1.1"],
        [f'"GET /callback?{query(state=STATE, code="c0de")} HTTP/1.1" 200 512 "-"'],
        [f"[{WHOLE}]({WHOLE})"],
        [f"[svaret]({WHOLE})."],
        [f"**{WHOLE}**"],
        [f"\ufeff{WHOLE[:50]}\u200b{WHOLE[50:]}\u200b"],
        [f"{REDIRECT}?{query(state=STATE, code='c0de')}."],
        [f"({REDIRECT}?{query(state=STATE, code='c0de')})"],
        [SAFE_LINK],
        [html.escape(SAFE_LINK)],
        [f"https://urldefense.com/v3/__{WHOLE}__;!!abc$"],
        quopri.encodestring(f"{'Hej! ' * 9}<{WHOLE}>\n".encode()).decode().splitlines(),
        [quopri.encodestring(html.escape(SAFE_LINK).encode()).decode()],
        [f"http://example.com/?{query(code='x', state='other')}", WHOLE],
    ],
    ids=repr,
)
def test_what_carries_code_and_state_is_the_answer_in_any_form(lines):
    login = Login(REDIRECT, STATE)
    *before, last = [login.paste(line) for line in lines]
    assert all(before)
    assert last is None
    assert wait(login) == "c0de"


@pytest.mark.parametrize("address", [REDIRECT, REDIRECT + "/?", f"<{REDIRECT[7:]}>"])
def test_the_bare_address_is_what_a_locked_company_ends_at(address):
    assert Login(REDIRECT, STATE).paste(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "c0de",
        "http://example.com/callback",
        REDIRECT + "?" + query(code="c0de", state="other"),
        REDIRECT + "?" + query(code="c0de"),
        "http://[::1",
        "http://[hello]/",
        "http://a\u2100b/",
        REDIRECT + "?code=c0de&state=\udce5",
        f"{REDIRECT}?code=c0de&state={STATE}x",
        f"{REDIRECT}?code=&state={STATE}",
        REDIRECT + "?" + "a=1&" * 10_000,
    ],
    ids=lambda address: repr(address[:40]),
)
def test_what_is_pasted_wrongly_is_explained_and_ends_nothing(address):
    login = Login(REDIRECT, STATE)
    swedish, english = login.paste(address)
    assert REDIRECT in swedish
    assert REDIRECT in english
    assert login.paste(f"{REDIRECT}?{query(code='c0de', state=STATE)}") is None
    assert wait(login) == "c0de"


@given(
    st.text(st.characters(codec=None)), st.sampled_from(["", "http://", REDIRECT, REDIRECT + "?"])
)
def test_whatever_is_pasted_is_taken_or_explained(text, start):
    explained = Login(REDIRECT, STATE).paste(start + text)
    assert explained is None or len(explained) == 2


def test_an_answer_and_what_waits_for_it_show_no_code():
    callback = Callback(code="c0de")
    assert "c0de" not in repr(callback)


# --- The listener ---


@contextmanager
def listening(host="127.0.0.1", path="/callback", page_seconds=0.0):
    login = Login(f"http://{host}:{free_port()}{path}", STATE)
    with CallbackServer(login, page_seconds):
        yield login


def visit(address, method="GET", **more):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, address, timeout=10, allow_redirects=False, **more)


def shout(login, said):
    """Say these bytes to the listener; return what it answers."""
    port = int(login.redirect_uri.split(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connected:
        came = b""
        # Who answers before it has heard all may reset the connection; its answer is here then.
        with suppress(OSError):
            connected.sendall(said)
            connected.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connected.recv(65536):
                came += part
        return came


def test_the_right_answer_gets_a_readable_page_in_both_languages_and_ends_the_wait():
    with listening() as login:
        shown = visit(f"{login.redirect_uri}?{query(code='c0de', state=STATE)}")
        assert wait(login) == "c0de"
    assert shown.status_code == 200
    assert "stänga fönstret" in shown.text
    assert "close this window" in shown.text
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
    assert shown.headers["Cache-Control"] == "no-store"


def test_a_refusal_gets_a_page_that_is_no_success():
    with listening() as login:
        shown = visit(f"{login.redirect_uri}?{query(error='access_denied', state=STATE)}")
        assert failure(login).code == "LOGIN_REFUSED"
    assert shown.status_code >= 400
    assert "gav inte åtkomst" in shown.text
    assert "did not grant access" in shown.text


@pytest.mark.parametrize(
    "wrong", ["", "?code=c0de", "?code=c0de&state=other", "?state=other", "?hello=1", "?code=%00"]
)
def test_no_or_a_wrong_state_gets_an_error_page_and_does_not_end_the_wait(wrong):
    with listening() as login:
        shown = visit(login.redirect_uri + wrong)
        assert shown.status_code >= 400
        assert "<p lang" in shown.text
        assert "c0de" not in shown.text
        visit(f"{login.redirect_uri}?{query(code='r1ght', state=STATE)}")
        assert wait(login) == "r1ght"


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/callback/", "/callbackx", "/other?a=b"])
def test_another_path_gets_an_error_page_even_with_our_state(path):
    with listening() as login:
        base = login.redirect_uri.removesuffix("/callback")
        joint = "&" if "?" in path else "?"
        shown = visit(f"{base}{path}{joint}{query(code='c0de', state=STATE)}")
        assert shown.status_code >= 400
        visit(f"{login.redirect_uri}?{query(code='r1ght', state=STATE)}")
        assert wait(login) == "r1ght"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS", "DELETE"])
def test_another_method_is_not_the_answer(method):
    with listening() as login:
        shown = visit(f"{login.redirect_uri}?{query(code='c0de', state=STATE)}", method)
        assert shown.status_code >= 400
        visit(f"{login.redirect_uri}?{query(code='r1ght', state=STATE)}")
        assert wait(login) == "r1ght"


def test_a_page_of_another_site_does_not_reach_us_under_its_own_name():
    with listening() as login:
        shown = visit(
            f"{login.redirect_uri}?{query(code='c0de', state=STATE)}",
            headers={"Host": "attacker.example"},
        )
        assert shown.status_code >= 400


@pytest.mark.parametrize(
    "said",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /callback?code=c0de&state=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=lambda said: repr(said[:30]),
)
def test_any_other_stray_request_gets_an_error_page_and_does_not_end_the_wait(said):
    with listening() as login:
        came = shout(login, said)
        if said.strip():
            assert b"<p lang" in came
        assert b"c0de" not in came
        visit(f"{login.redirect_uri}?{query(code='r1ght', state=STATE)}")
        assert wait(login) == "r1ght"


def test_a_page_repeats_nothing_of_what_was_asked():
    with listening() as login:
        shown = visit(f"{login.redirect_uri}?x=<script>alert(1)</script>&code=c0de&state=no")
        assert "script" not in shown.text.lower()
        assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


def test_a_visitor_who_says_nothing_keeps_nobody_waiting():
    with listening() as login:
        port = int(login.redirect_uri.split(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)):
            visit(f"{login.redirect_uri}?{query(code='c0de', state=STATE)}")
            assert wait(login) == "c0de"


def test_a_visitor_who_hangs_up_harms_nobody():
    with listening() as login:
        port = int(login.redirect_uri.split(":")[2].partition("/")[0])
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as connected:
                connected.sendall(b"GET /callback?co")
        visit(f"{login.redirect_uri}?{query(code='c0de', state=STATE)}")
        assert wait(login) == "c0de"


def test_who_opens_the_answer_after_a_scanner_of_links_sees_the_page_and_it_is_taken_once():
    with listening() as login:
        address = f"{login.redirect_uri}?{query(code='c0de', state=STATE)}"
        first, again = visit(address), visit(address)
        assert (again.status_code, again.text) == (200, first.text)
        other = visit(f"{login.redirect_uri}?{query(code='other', state=STATE)}")
        assert other.status_code == 400
        assert wait(login) == "c0de"
        assert failure(login, nap=150.0).code == "LOGIN_TIMED_OUT"


def test_the_page_stays_for_the_person_after_a_scanner_that_does_not_say_what_it_is(monkeypatch):
    shown = []
    with listening(page_seconds=3.0) as login:
        address = f"{login.redirect_uri}?{query(code='c0de', state=STATE)}"
        visit(address)
        assert wait(login) == "c0de"

        def come(seconds):
            assert seconds == 3.0
            shown.append(visit(address, headers={"Sec-Fetch-Dest": "document"}).text)

        monkeypatch.setattr(login.seen, "wait", come)
    assert "close this window" in shown[0]
    assert login.seen.is_set()


def test_the_page_that_the_person_saw_at_once_keeps_nobody_waiting():
    with listening(page_seconds=60.0) as login:
        address = f"{login.redirect_uri}?{query(code='c0de', state=STATE)}"
        visit(address, headers={"Sec-Fetch-Dest": "document"})
        assert wait(login) == "c0de"
        assert login.seen.is_set()


@pytest.mark.parametrize("header", ["Sec-Purpose", "X-Moz"])
def test_a_browser_that_fetches_ahead_of_its_person_has_to_come_again(header):
    with listening() as login:
        address = f"{login.redirect_uri}?{query(code='c0de', state=STATE)}"
        assert visit(address, headers={header: "prefetch"}).status_code == 503
        assert failure(login, nap=150.0).code == "LOGIN_TIMED_OUT"
        assert visit(address).status_code == 200
        assert wait(login) == "c0de"


def test_many_answers_at_once_are_one_answer():
    together = threading.Barrier(8)
    with listening() as login, ThreadPoolExecutor(8) as pool:

        def come(_):
            together.wait()
            return visit(f"{login.redirect_uri}?{query(code='c0de', state=STATE)}").status_code

        assert list(pool.map(come, range(8))) == [200] * 8
        assert wait(login) == "c0de"
        assert failure(login, nap=150.0).code == "LOGIN_TIMED_OUT"


def test_the_listener_is_ready_before_it_is_waited_for():
    """A browser that is faster than we are finds it there."""
    login = Login(f"http://127.0.0.1:{free_port()}/callback", STATE)
    listener = CallbackServer(login, page_seconds=0.0)
    port = int(login.redirect_uri.split(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as early:
        early.sendall(b"GET /callback?code=c0de&state=%b HTTP/1.1\r\n" % STATE.encode())
        early.sendall(b"Host: 127.0.0.1:%d\r\n\r\n" % port)
        with listener:
            assert early.recv(20).startswith(b"HTTP/1.0 200")
            assert wait(login) == "c0de"


def test_after_the_login_the_port_is_free_again():
    with listening() as login:
        pass
    with CallbackServer(login):
        assert visit(login.redirect_uri).status_code >= 400


def test_localhost_is_listened_to_wherever_the_browser_looks():
    with listening("localhost") as login:
        port = int(login.redirect_uri.split(":")[2].partition("/")[0])
        for name in ("127.0.0.1", "[::1]"):
            try:
                shown = visit(
                    f"http://{name}:{port}/callback", headers={"Host": f"localhost:{port}"}
                )
            except requests.ConnectionError:
                assert name == "[::1]", "this machine may lack IPv6, but not IPv4"
            else:
                assert shown.status_code >= 400


def test_nobody_outside_this_machine_can_reach_the_listener():
    for host in ("127.0.0.1", "localhost"):
        with listening(host) as login, CallbackServer(Login(_elsewhere(login))) as listener:
            bound = {server.server_address[0] for server in listener._servers}
            assert bound <= {"127.0.0.1", "::1"}


def _elsewhere(login):
    host = login.redirect_uri.split(":")[1]
    return f"http:{host}:{free_port()}/callback"


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(LoginFailed) as caught:
                CallbackServer(Login(f"http://{host}:{port}/callback"))
            assert caught.value.code == "LOGIN_PORT_IN_USE"
            assert f"{host}:{port}" in caught.value.message.sv


def test_a_second_listener_on_the_same_port_is_refused_and_the_first_goes_on():
    with listening() as login:
        with pytest.raises(LoginFailed, match="LOGIN_PORT_IN_USE"):
            CallbackServer(Login(login.redirect_uri))
        visit(f"{login.redirect_uri}?{query(code='c0de', state=STATE)}")
        assert wait(login) == "c0de"


def test_no_log_holds_a_code_or_a_state(caplog, capfd):
    caplog.set_level("DEBUG", logger="opter_fortnox_plugin")
    with listening() as login:
        for came in ("code=c0de&state=no", query(code="c0de", state=STATE)):
            shout(login, f"GET /callback?{came} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            login.paste(f"http://example.com/?{came}")
        shout(login, b"BREW /callback?code=c0de HTTP/1.1\r\n\r\n")
    said = "".join(capfd.readouterr()) + "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("opter")
    )
    assert "c0de" not in said
    assert STATE not in said
