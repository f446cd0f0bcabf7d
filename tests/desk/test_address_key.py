"""The key of the address that hostsim serve prints: nobody else on the machine comes in."""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
import threading
from pathlib import Path

import pytest
import requests
from desk_person import HERE, KEY, session_at, signed_in_client

from hostsim.desk import Desk
from hostsim.desk.app import create_app
from hostsim.desk.reverse_proxy import reverse_proxy
from hostsim.services.browser import open_browser

CLOSED = "ADDRESS_KEY_MISSING: "


@pytest.fixture
def stranger(desk_context):
    """Have somebody else on this machine, who knows where it listens."""
    return create_app(desk_context, key=KEY).test_client()


def test_nothing_answers_without_the_key(stranger):
    """Whatever route and method, of all that exist, and of none."""
    rules = [one.rule for one in stranger.application.url_map.iter_rules()]
    paths = [re.sub("<[^>]+>", "1", rule) for rule in rules]
    paths += ["/static/desk.js", "/nothing", "/import/", "/?key=", "/?key=wrong", "/?key=%FF"]
    for path in paths:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
            answer = stranger.open(path, method=method, headers=HERE)
            assert answer.status_code == 403, path
            assert method == "HEAD" or answer.text.startswith(CLOSED)
            assert "Set-Cookie" not in answer.headers


def test_tabs_that_are_opened_at_once_carry_one_token(desk_context):
    client = signed_in_client(desk_context)
    cookie = f"hostsim_desk={client.get_cookie('hostsim_desk', '127.0.0.1').value}"
    tab = client.application.test_client(use_cookies=False)
    pages = [tab.get("/import", headers=HERE | {"Cookie": cookie}).text for _ in range(2)]
    first, second = (re.search(r'name="token" value="([^"]+)"', page)[1] for page in pages)
    assert first == second


def test_it_says_calmly_in_both_languages_what_to_open(stranger):
    said = stranger.get("/import", headers=HERE)
    assert said.mimetype == "text/plain"
    assert "hela den adress som visades när programmet startade" in said.text
    assert "the whole address that was shown when the program started" in said.text


@pytest.mark.parametrize("restarted", [True, False])
def test_a_page_that_was_open_is_told_that_it_expired_and_what_to_open(stranger, restarted):
    if restarted:
        stranger.set_cookie("hostsim_desk", "of-an-earlier-start", domain="127.0.0.1")
    site = {} if restarted else {"Sec-Fetch-Site": "same-origin"}
    said = stranger.get("/import?ready_q=10", headers=HERE | site)
    assert (said.status_code, said.mimetype) == (403, "text/html")
    assert "Sidan har gått ut" in said.text
    assert "Öppna den nya adress som visades" in said.text
    assert "SESSION_ENDED" not in said.text


def test_nobody_else_registers_a_payment(desk_context, stranger):
    mine = signed_in_client(desk_context)
    token = re.search(r'name="token" value="([^"]+)"', mine.get("/payments/new", headers=HERE).text)
    form = {"token": token[1], "invoice": "1001", "amount": "5", "date": "2026-01-20"}
    assert stranger.post("/payments/new", headers=HERE, data=form).status_code == 403
    assert list(desk_context.store.payments()) == []


def test_the_key_leaves_the_address_at_once_and_stands_on_no_page(stranger):
    opened = stranger.get(f"/?key={KEY}", headers=HERE)
    assert '<meta http-equiv="refresh" content="0; url=/">' in opened.text
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    assert opened.headers["Cache-Control"] == "no-store"
    led = stranger.get("/", headers=HERE, follow_redirects=True)
    assert led.request.url.endswith("/import")
    for answer in (opened, led, stranger.get("/nothing", headers=HERE)):
        assert KEY not in answer.text + str(answer.headers)
    assert KEY not in str(stranger.get_cookie("hostsim_desk", domain="127.0.0.1"))


def test_a_wrong_key_shuts_nobody_out_who_is_in(desk_context):
    mine = signed_in_client(desk_context)
    assert mine.get("/?key=wrong", headers=HERE).headers["Location"] == "/import"
    assert mine.get("/import", headers=HERE).status_code == 200


def test_each_start_has_a_key_of_its_own_that_nobody_guesses(desk_context):
    keys = {Desk(desk_context).start_url.rpartition("?key=")[2] for _start in range(3)}
    assert len(keys) == 3
    # 43 characters of 6 bits.
    assert all(re.fullmatch(r"[\w-]{43}", key) for key in keys)


def test_the_key_is_in_no_log_and_no_exception(desk_context, caplog):
    for name in ("hostsim", "waitress", "werkzeug"):
        caplog.set_level(logging.DEBUG, name)
    with Desk(desk_context) as desk:
        key = desk.start_url.rpartition("=")[2]
        session_at(desk).get(f"{desk.url}nothing", timeout=10)
        requests.post(desk.start_url, data="x", timeout=10)
        assert key not in repr(desk) + repr(desk.app) + str(desk.app.config)
    assert key not in caplog.text


def test_two_desks_of_one_machine_take_no_cookie_of_each_other(desk_context):
    """Browsers send a cookie to every port of a machine."""
    with Desk(desk_context) as first, Desk(desk_context) as other:
        session = session_at(first)
        assert session.get(f"{other.url}import", timeout=10).status_code == 403
        session.get(other.start_url, timeout=10)
        for desk in (first, other):
            assert session.get(f"{desk.url}import", timeout=10).status_code == 200


# --- Behind a proxy ---------------------------------------------------------------


def test_a_public_address_alone_needs_the_key_and_its_callback_a_session(desk_context):
    proxy = reverse_proxy("https://opter.example.com/fortnox")
    client = create_app(desk_context, proxy=proxy, key=KEY).test_client()
    base = {"base_url": "https://opter.example.com"}
    for path in ("import", "static/desk.js", "callback?code=c0de&state=5t4te"):
        answer = client.get(f"/fortnox/{path}", **base)
        assert (answer.status_code, answer.text[: len(CLOSED)]) == (403, CLOSED)
        assert "5t4te" not in answer.text
    assert "url=/fortnox/" in client.get(f"/fortnox/?key={KEY}", **base).text
    assert client.get("/fortnox/import", **base).status_code == 200
    assert Desk(desk_context, proxy=proxy).start_url.startswith(f"{proxy.public_url}/?key=")


def test_where_the_proxy_names_the_users_there_is_no_key(desk_context):
    proxy = reverse_proxy("https://opter.example.com", "X-Remote-User")
    assert Desk(desk_context, proxy=proxy).start_url == "https://opter.example.com/"


# --- The browser's command line ------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="BROWSER takes no interpreter with a script there")
def test_the_browser_gets_a_file_of_the_owner_alone_and_not_the_address(tmp_path, monkeypatch):
    """Every user of the machine sees a command line."""
    script, told = tmp_path / "browser.py", tmp_path / "told"
    script.write_text(f"import pathlib, sys; pathlib.Path({str(told)!r}).write_text(sys.argv[1])")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    assert open_browser("http://127.0.0.1:9/?key=s3cret&a=b", lambda _address: None)
    for thread in threading.enumerate():
        if thread.name == "browser":
            thread.join()
    assert "s3cret" not in told.read_text()
    page = Path(told.read_text().removeprefix("file://"))
    assert 'content="0; url=http://127.0.0.1:9/?key=s3cret&amp;a=b"' in page.read_text()
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
