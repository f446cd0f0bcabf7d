"""A real browser for the desk: Chromium from the system, and a person who uses it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from desk_person import define_fortnox, open_desk

from hostsim.demo.preparation import sign_in_in_background
from hostsim.desk import Desk
from hostsim.desk.startup import sandbox_context
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import seed
from opter_fortnox_plugin import hooks

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Milliseconds; a busy machine is slow, and only a wait in vain costs them.
TIMEOUT = 60_000

#: A container has no sandbox for its processes, and tests call nobody outside.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    """Start the system's Chromium; without one skip with the reason, but fail in CI."""
    missing = None
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        missing = "playwright is not installed (extra: test)"
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = f"no Chromium on this machine (looked for {', '.join(NAMES)})"
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def plugins():
    return Plugins([("fortnox", hooks)])


@pytest.fixture
def office(plugins):
    """Have a desk's office beside a sandbox of its own, with the haulier's invoices."""
    with sandbox_context(plugins, login_timeout=60.0) as office:
        yield office


class SecondDay:
    """The sandbox's second day, played once: its database and its Fortnox, to be copied."""

    def __init__(self, folder):
        self._path = folder / "second-day.db"
        with sandbox_context(Plugins([("fortnox", hooks)]), self._path, second_day=True) as office:
            self._state = office.sandbox.state.snapshot()

    @contextmanager
    def office(self, *, imported=False):
        """Have an office on that day, if wanted with an open preview of what came overnight."""
        plugins = Plugins([("fortnox", hooks)])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "host.db"
            shutil.copy(self._path, path)
            with sandbox_context(plugins, path, login_timeout=60.0) as office:
                office.sandbox.state.restore(self._state)
                if imported:
                    office.host(window=sign_in_in_background).import_payments("Fortnox")
                yield office


@pytest.fixture(scope="session")
def second_day(tmp_path_factory):
    return SecondDay(tmp_path_factory.mktemp("second-day"))


@pytest.fixture(scope="session")
def open_day(second_day):
    """Have a desk with an open preview of that day, for tests that only look."""
    with second_day.office(imported=True) as office, Desk(office) as desk:
        yield office, desk


@pytest.fixture
def desk(office):
    with Desk(office) as desk:
        yield desk


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="sv-SE")
    context.set_default_timeout(TIMEOUT)
    yield context
    context.close()


@pytest.fixture
def page(context, desk):
    """Open the desk; a script that fails, or that the policy refuses, fails the test."""
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if _is_fault(message) else None)
    open_desk(page, desk)
    yield page
    assert wrong == []


def _is_fault(message):
    # A refused form answers with 4xx on purpose, and Chromium notes that as an error.
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def plain_page(browser, desk):
    """Open the desk in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, locale="sv-SE")
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    open_desk(page, desk)
    yield page
    context.close()


@pytest.fixture
def person(page, context, office):
    return Person(page, context, office)


class Person:
    """An economist at the screen, who knows the Swedish words."""

    def __init__(self, page, context, office):
        self.page = page
        self.context = context
        self.office = office

    # --- Finding things by what is written on them ---

    def button(self, name, within=None):
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def link(self, name, within=None):
        return (within or self.page).get_by_role("link", name=name, exact=True)

    def field(self, name):
        return self.page.get_by_role("textbox", name=name, exact=True)

    @property
    def dialog(self):
        return self.page.locator("dialog")

    def opens_menu(self, menu, entry):
        self.page.locator("summary").filter(has_text=menu).first.click()
        self.link(entry, self.page.get_by_role("navigation", name="Menyrad")).click()

    # --- What is done every morning ---

    def defines_fortnox(self):
        define_fortnox(self.office)

    def starts_import(self):
        """Press Läs fil and Ok; give the login's window."""
        self.link("Läs fil").click()
        with self.context.expect_page() as opened:
            self.button("Ok", self.dialog).click()
        return opened.value

    def signs_in(self, window, *, company="Björkviks Åkeri AB", allow=True):
        window.get_by_label("Användarnamn").fill(seed.USER)
        window.get_by_label("Lösenord").fill(seed.PASSWORD)
        window.get_by_role("button", name="Logga in").click()
        window.get_by_label(company).check()
        window.get_by_role("button").first.click()
        window.get_by_role("button", name="Godkänn" if allow else "Avbryt").click()

    def signs_in_after(self, opener, **how):
        """Press what opens the window of a login, sign in there, and give the window."""
        with self.context.expect_page() as opened:
            opener.click()
        self.signs_in(opened.value, **how)
        return opened.value

    def has_imported(self):
        """See the open preview of an import whose login is not what the test is about."""
        self.office.host(window=sign_in_in_background).import_payments("Fortnox")
        self.page.reload()
        self.waits_for_lists()

    def imports(self):
        window = self.starts_import()
        self.signs_in(window)
        window.get_by_text("Du kan stänga fönstret").wait_for()
        self.waits_for_lists()
        return window

    def waits_for_lists(self):
        self.page.get_by_role("columnheader", name="Orsak till att inte spara").wait_for()
        self.dialog.wait_for(state="detached")

    def rows(self, name):
        cells = self.page.locator(f"table.{name} tbody tr").all()
        return [row.locator("td").all_inner_texts() for row in cells]


#: What the focused element is called, roughly as a screen reader would say it.
NAME = """(() => {
  const e = document.activeElement;
  return e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText || e.id;
})()"""


@pytest.fixture
def tab_to():
    def tab_to(page, what):
        """Press Tab until the focus is on what is called so; fail when it never is."""
        for _ in range(60):
            name = page.evaluate(NAME)
            if name.strip() == what:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {what}")

    return tab_to
