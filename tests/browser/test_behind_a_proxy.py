"""The page behind a reverse proxy with TLS, in a real browser: Fortnox sends it back there."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from web_host import USER_HEADER, Proxy

from hostsim.desk import Desk
from hostsim.desk.reverse_proxy import reverse_proxy
from hostsim.desk.startup import sandbox_context

TIMEOUT = 60_000


@pytest.fixture
def before(tmp_path):
    return Proxy(tmp_path, user="åsa")


@pytest.fixture
def proxy(before):
    return reverse_proxy(f"{before.origin}/fortnox", USER_HEADER)


@pytest.fixture
def office(plugins, proxy):
    redirect_uri = proxy.redirect_uri
    with sandbox_context(plugins, login_timeout=60.0, redirect_uri=redirect_uri) as office:
        yield office


@pytest.fixture
def desk(office, proxy, before):
    with Desk(office, proxy=proxy) as desk, before.before(desk.url):
        yield desk


@pytest.fixture
def context(browser):
    # The certificate is the test's own.
    context = browser.new_context(locale="sv-SE", ignore_https_errors=True)
    context.set_default_timeout(TIMEOUT)
    yield context
    context.close()


def test_a_person_signs_in_at_fortnox_and_comes_back_to_the_public_address(
    page, person, office, proxy
):
    person.defines_fortnox()
    window = person.imports()
    answer = urlsplit(window.url)
    assert window.url.startswith(f"{proxy.redirect_uri}?")
    [state] = parse_qs(answer.query)["state"]
    assert state not in window.content()
    assert page.url.startswith(f"{proxy.public_url}/import?run=")
    page.get_by_text("åsa", exact=True).wait_for()
    page.locator("#save-payments").click()
    page.get_by_text("Sparade betalningar").first.wait_for()
    assert {row.user for row in office.store.payments()} == {"åsa"}

    window.reload()
    window.get_by_text("så ingenting har hänt").wait_for()


def test_somebody_who_follows_the_link_of_another_signs_in_for_nobody(
    page, person, browser, office
):
    person.defines_fortnox()
    window = person.starts_import()
    window.get_by_label("Användarnamn").wait_for()
    elsewhere = browser.new_context(ignore_https_errors=True)
    elsewhere.set_default_timeout(TIMEOUT)
    victim = elsewhere.new_page()
    [job] = office.jobs.running()
    victim.goto(job.login_url)
    person.signs_in(victim)
    victim.get_by_text("så ingenting har hänt").wait_for()
    elsewhere.close()

    person.signs_in(window)
    window.get_by_text("Du kan stänga fönstret").wait_for()
    person.waits_for_lists()
