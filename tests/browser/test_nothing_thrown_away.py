"""What is typed in a dialog is asked about, whichever way it is left."""

import pytest
from desk_person import define_fortnox

from hostsim.demo.preparation import sign_in_in_background
from hostsim.desk import Desk
from hostsim.desk.startup import sandbox_context
from hostsim.plugins.loading import Plugins
from opter_fortnox_plugin import hooks

#: Each dialog: its address, the field that is typed in, and the words that open it, if any.
DIALOGS = {
    "settings": ("settings/of/Fortnox", "#field-ignore_payments_before", "2026-01-02"),
    "office": ("settings/office", "#accepted_deviation", "7,25"),
    "read": ("import/read", "#date", "2026-01-02"),
    "payment": ("payments/new", "#invoice", "10133"),
    "schedule": ("overview/schedule?of=Fortnox", "#daily", "05:30"),
}


@pytest.fixture
def answers(page):
    """Answer every question with no, or with yes once one agrees, and remember its kind."""

    class Answers(list):
        agree = False

    answers = Answers()

    def answer(question):
        answers.append(question.type)
        (question.accept if answers.agree else question.dismiss)()

    page.on("dialog", answer)
    return answers


@pytest.fixture(scope="module")
def office():
    """Have one office for all: what is typed in a dialog is stored by one test alone."""
    with sandbox_context(Plugins([("fortnox", hooks)]), login_timeout=60.0) as office:
        define_fortnox(office)
        yield office


@pytest.fixture(scope="module")
def desk(office):
    with Desk(office) as desk:
        yield desk


#: The browser's own buttons; the page's script may ask before it lets go.
BACK = "history.back()"
RELOAD = "setTimeout(() => location.reload(), 0)"


def opens(page, desk, path):
    """Open a dialog by a link, as on the page before it."""
    page.goto(f"{desk.url}import")
    page.evaluate(
        "path => { const one = document.createElement('a'); one.href = path;"
        " one.dataset.swap = ''; one.textContent = 'dialog';"
        " document.querySelector('main').prepend(one); one.click(); }",
        desk.url + path,
    )
    page.locator("dialog[open] form").first.wait_for()


@pytest.mark.parametrize("name", DIALOGS)
@pytest.mark.parametrize("opened", ["by a link", "by its address"])
def test_back_and_reload_ask_about_what_is_typed(page, desk, answers, name, opened):
    path, field, value = DIALOGS[name]
    if opened == "by a link":
        opens(page, desk, path)
    else:
        page.goto(desk.url + path)
    address = page.url
    page.locator(field).fill(value)
    for leave in (BACK, RELOAD):
        with page.expect_event("dialog"):
            page.evaluate(leave)
        page.wait_for_url(address)
        assert page.locator(field).input_value() == value
    assert answers == [("confirm" if opened == "by a link" else "beforeunload"), "beforeunload"]
    answers.agree = True
    page.evaluate(BACK)
    page.locator("dialog").wait_for(state="detached")
    assert len(answers) == 3


@pytest.mark.parametrize("name", DIALOGS)
def test_what_nobody_changed_is_left_without_a_question(page, desk, answers, name):
    path, field, _ = DIALOGS[name]
    opens(page, desk, path)
    with page.expect_navigation():
        page.evaluate(RELOAD)
    page.locator(field).wait_for()
    page.evaluate(BACK)
    page.locator("dialog").wait_for(state="detached")
    assert answers == []


def test_what_was_sent_or_stored_is_not_asked_about(page, person, desk, answers):
    opens(page, desk, "settings/of/Fortnox")
    page.locator("#field-ignore_payments_before").fill("2026-01-03")
    person.button("Spara", person.dialog).click()
    page.get_by_text("Inställningarna är sparade.").wait_for()
    with page.expect_navigation():
        page.evaluate(RELOAD)
    page.locator("#field-ignore_payments_before").wait_for()
    page.goto(f"{desk.url}import/read")
    page.locator("#date").fill("2026-01-02")
    with page.context.expect_page():
        page.locator("#ok").click()
    page.get_by_text("Logga in i fönstret").wait_for()
    with page.expect_navigation():
        page.evaluate(RELOAD)
    person.button("Avbryt").click()
    page.get_by_role("alertdialog").wait_for()
    assert answers == []


def test_what_was_refused_or_shown_anew_is_asked_about(page, desk, answers):
    """What stands in the fields then is stored nowhere."""
    opens(page, desk, "payments/new")
    page.locator("#invoice").fill("10133")
    page.locator("#show-invoice").click()
    page.locator("dialog").get_by_text("Sörmlands Trädgård AB").wait_for()
    with page.expect_event("dialog"):
        page.evaluate(BACK)
    page.wait_for_url("**/payments/new")
    page.locator("#amount").fill("x")
    page.locator("#ok").click()
    page.locator("#amount[aria-invalid=true]").wait_for()
    with page.expect_event("dialog"):
        page.evaluate(RELOAD)
    assert page.locator("#amount").input_value() == "x"


def test_a_reason_that_is_typed_is_asked_about(page, office, desk, answers):
    office.host(window=sign_in_in_background).import_payments("Fortnox")
    page.goto(f"{desk.url}import")
    page.locator("table.rejected td.act a").first.click()
    page.locator("#why").fill("räntefaktura")
    address = page.url
    for leave in (BACK, RELOAD):
        with page.expect_event("dialog"):
            page.evaluate(leave)
        page.wait_for_url(address)
        assert page.locator("#why").input_value() == "räntefaktura"
