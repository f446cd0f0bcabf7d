"""The imports of the past at each size, and what stands on the page while one goes on."""

TO_THE_SIDE = """() => [...document.querySelectorAll("html, body, .scroll")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.id || one.tagName)"""

#: The distance between the end of each number in the summary and the beginning of its amount.
GAPS = """() => [...document.querySelectorAll("#detail-scroll .number + td")].map((one) => {
  const text = (cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  };
  return text(one).left - text(one.previousElementSibling).right;
})"""

WHY = "Företaget har inte den licens i Fortnox som importen behöver, och ingenting kunde läsas"


def test_an_import_that_failed_and_the_figures_of_one_are_read_whole(page, person, office):
    person.defines_fortnox()
    person.has_imported()
    office.host().save("Fortnox")
    with office.store.change() as db:
        db.execute(
            "INSERT INTO runs (id, definition, state, user, settings, started_at, error_code,"
            " error_sv, error_en) SELECT 'f', definition, 'failed', user, settings,"
            " '2020-01-01T10:00:00+01:00', 'LICENCE', :why, :why FROM runs",
            {"why": WHY},
        )
    page.goto(page.url.replace("/import", "/runs"))
    state = page.locator("table.runs td.run_state-column").filter(has_text=WHY)
    for width in (1366, 683, 640):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate(TO_THE_SIDE) == []
        assert len(gaps := page.evaluate(GAPS)) == 5
        assert min(gaps) > 12
        assert state.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert "Ignorera nummer före" in page.locator("#detail-scroll").text_content()


def test_while_one_signs_in_the_countdown_stands_on_the_page_once(page, person):
    person.defines_fortnox()
    page.reload()
    person.starts_import()
    page.get_by_text("Logga in i fönstret").wait_for()
    assert page.locator("dialog").get_attribute("aria-describedby") == "sentence"
    # It is announced when it begins, and what was announced is removed.
    page.wait_for_function("() => document.getElementById('heard').innerText === ''")
    sentence = page.locator("#sentence").inner_text()
    page.wait_for_function(
        "said => document.getElementById('sentence').innerText !== said", arg=sentence
    )
    assert page.locator("#heard").inner_text() == ""
