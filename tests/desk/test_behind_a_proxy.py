"""The desk behind a reverse proxy: its public address, its users, and its logins."""

import re
import shutil
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from desk_person import signed_in_client, wait_for
from fake_plugin import FakePlugin, hookimpl, payment
from web_host import USER_HEADER, Nginx, Proxy, Visitor, callback_url

from hostsim.desk import Desk
from hostsim.desk.app import create_app
from hostsim.desk.reverse_proxy import MAX_NAME_LENGTH, reverse_proxy
from hostsim.desk.startup import sandbox_context
from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import seed
from opter_contract.values import Text
from opter_fortnox_plugin import hooks

PUBLIC = "https://opter.example.com/fortnox"
STATE = "st4te-that-nobody-guesses"


class LoginPlugin(FakePlugin):
    """Waits for the answer of a login at the host's address."""

    def __init__(self):
        super().__init__(code="Bank")
        self.payments = [payment(1, "1001")]
        self.taken = []
        self.uris = []

    @hookimpl
    def opter_import_payments(self, run):
        self.uris.append(run.redirect_uri)
        url = f"https://bank.example/login?state={STATE}"
        run.hook.opter_open_browser(run=run, url=url, on_redirect=self.receive)
        while not self.taken:
            self.wait(run)
        return super().opter_import_payments(run)

    def receive(self, url):
        if f"state={STATE}" not in url and "?" in url.rstrip("?"):
            return Text("Inte svaret.", "Not the answer.")
        self.taken.append(url)
        return None

    def wait(self, run):
        from opter_contract.values import Progress

        progress = Progress("login", 0, None, Text("Logga in", "Sign in"))
        if True in run.hook.opter_progress(run=run, progress=progress):
            raise KeyError


@pytest.fixture
def plugin():
    return LoginPlugin()


@pytest.fixture
def desk_context(desk_context):
    desk_context.redirect_uri = f"{PUBLIC}/callback"
    desk_context.host().define("Bank", "Bank", "API", "", {})
    return desk_context


class Browser:
    """A browser that comes through the proxy, which strips nothing of what it says."""

    def __init__(self, desk_context, user="kim", app=None, **options):
        proxy = reverse_proxy(PUBLIC, USER_HEADER, **options)
        self.client = (app or create_app(desk_context, proxy=proxy)).test_client()
        self.headers = {} if user is None else {USER_HEADER: user}
        self.peer = "127.0.0.1"

    def another(self, user="kim"):
        return Browser(None, user, self.client.application)

    def get(self, path, **headers):
        return self._open("GET", path, headers)

    def post(self, path, data=None, **headers):
        return self._open("POST", path, {"Origin": "https://opter.example.com"} | headers, data)

    def token(self):
        return re.search(r'name="token" value="([^"]+)"', self.get("/import").text)[1]

    def start_import(self, desk_context):
        form = {"token": self.token(), "format": "Bank", "region": "", "date": "2026-11-22"}
        job = desk_context.jobs.get(
            self.post("/import/start", form).headers["Location"].rpartition("/")[2]
        )
        while job.progress is None or job.login_url is None:
            assert not job.ended.wait(0.01)
        return job

    def _open(self, method, path, headers, data=None):
        return self.client.open(
            f"/fortnox{path}",
            base_url="https://opter.example.com",
            method=method,
            data=data,
            headers=self.headers | {"Host": "opter.example.com"} | headers,
            environ_overrides={"REMOTE_ADDR": self.peer},
        )


@pytest.fixture
def browser(desk_context):
    return Browser(desk_context)


# --- The options --------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "redirect_uri", "origin", "prefix"),
    [
        (PUBLIC, f"{PUBLIC}/callback", "https://opter.example.com", "/fortnox"),
        (f"{PUBLIC}/", f"{PUBLIC}/callback", "https://opter.example.com", "/fortnox"),
        ("https://a.example", "https://a.example/callback", "https://a.example", ""),
        (
            "https://A.example:443/x/y-z",
            "https://A.example:443/x/y-z/callback",
            "https://a.example",
            "/x/y-z",
        ),
        (
            "https://a.example:8443",
            "https://a.example:8443/callback",
            "https://a.example:8443",
            "",
        ),
        ("http://localhost:80", "http://localhost:80/callback", "http://localhost", ""),
        ("http://[::1]:8000", "http://[::1]:8000/callback", "http://[::1]:8000", ""),
    ],
)
def test_a_public_address_has_a_callback_an_origin_and_a_path(given, redirect_uri, origin, prefix):
    proxy = reverse_proxy(given)
    assert (proxy.redirect_uri, proxy.origin, proxy.prefix) == (redirect_uri, origin, prefix)


@pytest.mark.parametrize(
    "options",
    [
        {"public_url": "http://opter.example.com"},
        {"public_url": "opter.example.com"},
        {"public_url": ""},
        {"public_url": "https://"},
        {"public_url": "https://kim:pw@opter.example.com"},
        {"public_url": "https://opter.example.com/a?b=c"},
        {"public_url": "https://opter.example.com/a#b"},
        {"public_url": "https://opter.example.com/../a"},
        {"public_url": "https://opter.example.com//a"},
        {"public_url": "https://opter.example.com/å"},
        {"public_url": "https://opter.example.com:port"},
        {"public_url": "https://[opter"},
        {"user_header": ""},
        {"user_header": "X_Remote_User"},
        {"user_header": "Cookie"},
        {"user_header": "X-Remote-User:"},
        {"trusted_proxy": "127.0.0.1"},
        {"user_header": "X-Remote-User", "trusted_proxy": "proxy.example.com"},
        {"user_header": "X-Remote-User", "trusted_proxy": "10.0.0.0/8"},
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_its_name(options):
    with pytest.raises(HostError) as caught:
        reverse_proxy(**options)
    assert (caught.value.code, caught.value.kind) == ("SERVE_OPTION_WRONG", "usage")
    assert caught.value.message.sv.startswith("--")


# --- The public name -----------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["opter.example.com", "OPTER.example.com", "opter.example.com:443"]
)
def test_it_answers_under_its_public_name(browser, host):
    assert browser.get("/import", Host=host).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "example.com", "192.0.2.1", ""])
def test_it_answers_under_no_other_name(browser, host):
    answer = browser.get("/import", Host=host)
    assert (answer.status_code, answer.text[:13]) == (400, "HOST_UNKNOWN:")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://opter.example.com", "https://opter.example.com:8443"]
)
def test_a_form_of_another_origin_changes_nothing(browser, origin):
    form = {"token": browser.token(), "language": "en", "back": "/fortnox/import"}
    assert browser.post("/language", form, Origin=origin).status_code == 409
    assert browser.post("/language", form).status_code == 302


def test_its_cookie_is_for_its_path_and_for_tls_alone(browser):
    cookie = browser.get("/import").headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "Path=/fortnox", "SameSite=Lax"):
        assert part in cookie


def test_every_link_and_form_has_the_path_of_the_public_address(browser):
    for path in ("/import", "/import/read", "/settings/new", "/payments", "/runs"):
        page = browser.get(path).text
        urls = re.findall(r'(?:href|src|action|data-[a-z]+)="(/[^"]*)"', page)
        assert urls
        assert [url for url in urls if not url.startswith("/fortnox/")] == []


def test_outside_of_its_path_it_answers_nothing_and_sets_no_cookie(browser):
    """A browser sends no cookie there, and would lose its session to a new one."""
    for path in ("/favicon.ico", "/import", "/fortnoxy/import", "/"):
        answer = browser.client.get(path, headers=browser.headers | {"Host": "opter.example.com"})
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["", "/"])
def test_its_address_leads_to_the_import(browser, path):
    answer = browser.get(path)
    while answer.status_code in {301, 302, 308}:
        answer = browser.get(urlsplit(answer.headers["Location"]).path.removeprefix("/fortnox"))
    assert "Betalningsimport" in answer.text


def test_the_language_leads_back_to_the_page_and_nowhere_else(browser):
    back = re.search(r'name="back" value="([^"]+)"', browser.get("/payments?page=1").text)[1]
    assert back == "/fortnox/payments?page=1"
    for back_url, led in ((back, back), ("/other", "/fortnox/import"), ("//x", "/fortnox/import")):
        form = {"token": browser.token(), "language": "en", "back": back_url}
        assert browser.post("/language", form).headers["Location"] == led


def test_without_a_public_address_there_is_no_callback(desk_context):
    client = signed_in_client(desk_context, here="127.0.0.1")
    answer = client.get("/callback?code=c0de&state=x", headers={"Host": "127.0.0.1"})
    assert answer.status_code == 404
    assert "c0de" not in answer.text


# --- The user ------------------------------------------------------------------


def test_the_user_is_whom_the_proxy_names(desk_context, browser, plugin):
    plugin.taken.append("signed in before")
    someone = browser.another("anna.berg")
    assert ">anna.berg<" in someone.get("/import").text
    form = {"token": someone.token(), "format": "Bank", "region": "", "date": "2026-11-22"}
    led = someone.post("/import/start", form).headers["Location"]
    job = desk_context.jobs.get(led.rpartition("/")[2])
    wait_for(job)
    page = someone.get(f"/import?run={job.run_id}").text
    shown = dict(re.findall(r'name="(run|revision)" value="([^"]*)"', page))
    cookie = {"token": someone.token()}
    assert someone.post("/import/save", cookie | shown).status_code == 303
    [row] = desk_context.store.payments()
    assert row.user == "anna.berg"
    [run] = desk_context.host().runs()
    assert run.user == "anna.berg"


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::2", ""])
def test_a_request_past_the_proxy_is_refused_whatever_it_says(browser, peer):
    browser.peer = peer
    for path in ("/import", "/static/desk.js", f"/callback?state={STATE}"):
        answer = browser.get(path)
        assert (answer.status_code, answer.text[:18]) == (403, "NOT_THROUGH_PROXY:")
        assert STATE not in answer.text


@pytest.mark.parametrize("name", ["chef,bo", "chef, bo", ", bo"])
def test_a_header_that_came_twice_names_nobody(browser, name):
    assert browser.another(name).get("/import").status_code == 403


@pytest.mark.parametrize("name", [None, "", "  ", "\x7f"])
def test_a_request_without_a_name_is_refused(browser, name):
    answer = browser.another(name).get("/import")
    assert (answer.status_code, answer.text[:15]) == (403, "USER_NOT_NAMED:")
    assert USER_HEADER in answer.text


@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7"])
def test_the_proxy_may_be_another_machine_and_then_is_it_alone(desk_context, peer):
    browser = Browser(desk_context, trusted_proxy="192.0.2.7")
    assert browser.get("/import").status_code == 403
    browser.peer = peer
    assert browser.get("/import").status_code == 200


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("kim", "kim"),
        ("Åsa Öhman".encode().decode("latin-1"), "Åsa Öhman"),
        ("\xc5sa", "Åsa"),
        ("  a \t b  ", "a b"),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("a\u202eb".encode().decode("latin-1"), "a b"),
        ("x" * 5000, "x" * MAX_NAME_LENGTH),
    ],
    ids=repr,
)
def test_a_name_is_cleaned(given, name):
    assert reverse_proxy(user_header=USER_HEADER).user_of("127.0.0.1", given) == name


def test_a_name_with_markup_is_only_a_name(browser):
    page = browser.another("<script>alert(1)</script>").get("/import").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_header_that_only_resembles_the_users_names_nobody(desk_context):
    """A proxy overwrites X-Remote-User, but passes on what a client calls X_Remote_User."""
    with Desk(desk_context, proxy=reverse_proxy(PUBLIC, USER_HEADER)) as desk:
        headers = {"Host": "opter.example.com", "X_Remote_User": "admin"}
        answer = requests.get(f"{desk.url}fortnox/import", headers=headers, timeout=10)
    assert answer.text.startswith("USER_NOT_NAMED:")


# --- The answer of a login ---------------------------------------------------------


def test_the_answer_reaches_the_job_that_it_belongs_to(desk_context, browser, plugin):
    job = browser.start_import(desk_context)
    page = browser.get(f"/callback?code=c%2B1&state={STATE}&scope=a+b")
    assert page.status_code == 200
    assert "Du kan stänga fönstret." in page.text
    wait_for(job)
    assert job.failure is None
    # The address that is registered, and the query as it came.
    assert plugin.uris == [f"{PUBLIC}/callback"]
    assert plugin.taken == [f"{PUBLIC}/callback?code=c%2B1&state={STATE}&scope=a+b"]


def test_its_page_is_in_the_language_of_the_browser(desk_context, browser):
    browser.post("/language", {"token": browser.token(), "language": "en"})
    browser.start_import(desk_context)
    assert "You may close this window." in browser.get(f"/callback?state={STATE}").text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?code=c0de",
        "?state=another",
        "?code=c0de&state=another",
        f"?code=c0de&state={STATE}&state={STATE}",
        f"?code=c0de&state={STATE}x",
        "?state=%FF%00<script>",
    ],
)
def test_an_unknown_answer_gets_a_calm_page_and_changes_nothing(
    desk_context, browser, plugin, query
):
    browser.start_import(desk_context)
    stranger = browser.another()
    stranger.token()
    for visitor_client in (stranger, browser) if query.strip("?") else (stranger,):
        page = visitor_client.get(f"/callback{query}")
        assert page.status_code == 400
        assert "så ingenting har hänt" in page.text
        assert not any(word in page.text for word in ("c0de", STATE, "another", "<script>"))
    assert plugin.taken == []


@pytest.mark.parametrize("user", ["kim", "anna"])
def test_only_the_browser_and_user_that_began_it_answer_a_login(
    desk_context, browser, plugin, user
):
    """Else somebody could have another person sign in for them, by a link."""
    browser.start_import(desk_context)
    other = browser.another(user)
    other.token()
    assert other.get(f"/callback?code=c0de&state={STATE}").status_code == 400
    browser.headers = {USER_HEADER: "anna"}
    assert browser.get(f"/callback?code=c0de&state={STATE}").status_code == 400
    assert plugin.taken == []


@pytest.mark.parametrize("user", ["kim", "anna"])
def test_nor_do_others_see_the_login_or_paste_an_answer(desk_context, browser, plugin, user):
    job = browser.start_import(desk_context)
    other = browser.another(user)
    form = {"token": other.token(), "address": f"{PUBLIC}/callback?code=c0de&state={STATE}"}
    page = other.get(f"/jobs/{job.id}").text
    assert STATE not in page + other.get(f"/jobs/{job.id}/now").text
    assert "påbörjades i en annan webbläsare" in page
    assert other.post(f"/jobs/{job.id}/answer", form).status_code == 403
    assert plugin.taken == []
    form["token"] = browser.token()
    browser.post(f"/jobs/{job.id}/answer", form)
    wait_for(job)
    assert len(plugin.taken) == 1


def test_whoever_starts_the_same_meanwhile_is_told_where_it_goes_on(desk_context, browser, plugin):
    job = browser.start_import(desk_context)
    other = browser.another("anna")
    assert other.start_import(desk_context) is job
    assert "i en annan webbläsare" in other.get(f"/jobs/{job.id}").text


def test_a_browser_that_fetches_ahead_of_its_person_has_to_come_again(
    desk_context, browser, plugin
):
    browser.start_import(desk_context)
    path = f"/callback?code=c0de&state={STATE}"
    assert browser._open("GET", path, {"Sec-Purpose": "prefetch"}).status_code == 400
    assert plugin.taken == []
    assert browser.get(path).status_code == 200


def test_a_browser_without_a_session_answers_no_login(desk_context, browser, plugin):
    browser.start_import(desk_context)
    fresh = browser.another()
    assert fresh.get(f"/callback?code=c0de&state={STATE}").status_code == 400
    assert plugin.taken == []


def test_an_empty_answer_is_that_of_the_browsers_own_login(desk_context, browser, plugin):
    """So a company that is locked is sent back."""
    browser.start_import(desk_context)
    assert browser.get("/callback").status_code == 200
    assert plugin.taken == [f"{PUBLIC}/callback?"]


def test_what_the_plug_in_says_of_an_answer_is_shown(desk_context, browser, plugin):
    browser.start_import(desk_context)
    plugin.receive = None
    job = next(iter(desk_context.jobs.running()))
    job.window(job.login_url, lambda _url: Text("Det räckte inte.", "That was not enough."))
    page = browser.get(f"/callback?code=c0de&state={STATE}")
    assert page.status_code == 400
    assert "Det räckte inte." in page.text


def test_neither_a_bug_nor_another_method_shows_the_answer(desk_context, browser):
    browser.start_import(desk_context)
    job = next(iter(desk_context.jobs.running()))
    job.window(job.login_url, lambda _url: 1 / 0)
    path = f"/callback?code=c0de&state={STATE}"
    assert browser.client.application.url_map  # the same application
    for page in (
        browser.get(path),
        browser._open("HEAD", path, {}),
        browser.post(path, {"token": browser.token()}),
        browser.get(f"/callback/{path.removeprefix('/callback')}"),
    ):
        assert page.status_code >= 400
        assert "c0de" not in page.text
        assert STATE not in page.text


# --- A real proxy, a real login ------------------------------------------------------

PROXIES = [
    pytest.param(Proxy, id="standard-library"),
    pytest.param(
        Nginx,
        id="nginx",
        marks=pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed"),
    ),
]


@pytest.mark.parametrize("kind", PROXIES)
def test_a_person_signs_in_at_fortnox_through_the_proxy(tmp_path, kind):
    before = kind(tmp_path, user="Åsa")
    proxy = reverse_proxy(f"{before.origin}/fortnox", USER_HEADER)
    plugins = Plugins([("fortnox", hooks)])
    with (
        sandbox_context(plugins, login_timeout=30.0, redirect_uri=proxy.redirect_uri) as office,
        Desk(office, proxy=proxy) as desk,
        before.before(desk.url),
    ):
        settings = {"ignore_payments_before": seed.cut_off_date(datetime.now(UTC)).isoformat()}
        office.host().define("Fortnox", "FortnoxAPI", "API", "", settings)
        person = Visitor(before, desk.public_url)
        job, login = person.start_import()
        assert parse_qs(urlsplit(login).query)["redirect_uri"] == [proxy.redirect_uri]
        answered = person.session.get(callback_url(login), timeout=20)
        assert "Du kan stänga fönstret." in answered.text
        page = person.finish_import(job)
        assert page.url.startswith(f"{before.origin}/fortnox/import?run=")
        assert "Åsa" in person.get("/runs?run=" + page.url.rpartition("=")[2]).text
        # The same answer a second time is no answer.
        assert person.session.get(answered.url, timeout=20).status_code == 400
        past = requests.get(f"{desk.url}fortnox/import", headers={"Host": "localhost"}, timeout=10)
        assert past.text.startswith("USER_NOT_NAMED:")
        [run] = office.host().runs()
        assert run.user == "Åsa"
