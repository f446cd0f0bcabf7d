"""Every page at each size: nothing lies to the side or over another, and all can be reached."""

import pytest
from desk_person import open_desk

from hostsim.desk import Desk

#: Width and height in the page's own pixels: 200 % of 1366 x 768 leaves 683 x 384.
WHOLE, NARROW, ENLARGED = (1366, 768), (640, 800), (683, 384)

PAGES = [
    *("import", "import/read", "settings", "settings/new", "settings/office", "decisions"),
    *("decisions/series", "payments?sort=mark", "payments?tab=invoice", "payments?tab=origin"),
    *("payments/new", "payments/ledger", "open-invoices", "why", "why?invoice=10230"),
    *("why?invoice=20001", "runs"),
    *("overview", "overview/schedule?of=Fortnox", "invoices", "invoices/export", "invoices/log"),
    *("bills", "bills/log", "settings?subject=invoices"),
]

#: Where the page, or a list or dialog in it, is wider than what shows it.
TO_THE_SIDE = """() => [...document.querySelectorAll("html, body, body *")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .filter((one) => one.matches("html, body, main, dialog, .scroll")
      || ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
    .map((one) => `to the side: ${one.outerHTML.slice(0, 80)}`)"""

#: A column that has something in it, and is not shown.
HIDDEN = """() => [...document.querySelectorAll(".rows td:not(:empty), .rows th:not(.act)")]
    .filter((one) => getComputedStyle(one).display === "none")
    .map((one) => `hidden: ${one.outerHTML.slice(0, 80)}`)"""

#: Each control, brought into view: it has a size, and is in the window.
OUT_OF_REACH = """() => {
  const within = document.querySelector("dialog[open]") ?? document;
  const all = [...within.querySelectorAll("a[href], button, input, select, summary")];
  return all.filter((one) => {
    if (!one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.matches(".skip, .picker, [type=hidden]")) return false;
    one.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = one.getBoundingClientRect();
    const shown = box.width >= 6 && box.height >= 12
      && box.left >= -1 && box.right <= innerWidth + 1 && box.bottom > 0 && box.top < innerHeight;
    if (!shown) return true;
    const [line] = one.getClientRects();  // the first one of a link that is wrapped
    const x = line.left + Math.min(line.width / 2, 20);
    const met = document.elementFromPoint(x, line.top + Math.min(line.height / 2, 8));
    return met && met !== one && !one.contains(met) && !met.contains(one);
  }).map((one) => `out of reach: ${one.outerHTML.slice(0, 100)}`);
}"""

#: Labels and values, headings and numbers: each has its own place, a few pixels from the next.
ONE_OVER_ANOTHER = """() => {
  const text = (node) => {
    const words = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    const boxes = [];
    for (let one = words.nextNode(); one; one = words.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(one);
      if (one.parentElement.checkVisibility()) boxes.push(range.getBoundingClientRect());
    }
    const drawn = boxes.filter((box) => box.width > 1);
    return {
      left: Math.min(...drawn.map((box) => box.left)),
      right: Math.max(...drawn.map((box) => box.right)),
      top: Math.min(...drawn.map((box) => box.top)),
      bottom: Math.max(...drawn.map((box) => box.bottom)),
    };
  };
  const within = document.querySelector("dialog[open]") ?? document;
  const pairs = [
    ...[...within.querySelectorAll("dt")].map((dt) => [dt, dt.nextElementSibling]),
    ...[...within.querySelectorAll(".field > label")].map((one) => [one, one.nextElementSibling]),
    ...[...within.querySelectorAll("td + td, th + th, th + td")]
        .map((one) => [one.previousElementSibling, one]),
  ].filter((pair) => pair.every((one) => one?.textContent.trim() && one.checkVisibility()));
  const numbers = (pair) => pair.every((one) => one.matches(".number"));
  return pairs.filter((pair) => {
    const [left, right] = pair.map(text);
    const beside = left.top < right.bottom - 2 && right.top < left.bottom - 2;
    const gap = right.left - Math.min(left.right, pair[0].getBoundingClientRect().right);
    return beside && gap < (numbers(pair) ? 7 : 2);
  }).map((pair) => `too near: ${pair.map((one) => one.textContent.trim()).join(" | ")}`);
}"""


def dialogs(office):
    """Return the dialog of one row of each reason, and those about a payment and a save."""
    db = office.store.db
    rows = db.execute(
        "SELECT max(r.id) AS id FROM run_rows r JOIN runs u ON u.id = r.run_id"
        " WHERE u.state = 'open' AND reason IS NOT NULL GROUP BY reason"
    )
    kept = next(payment.id for payment in office.store.payments() if payment.state == "registered")
    [saved] = db.execute("SELECT id FROM runs WHERE state = 'saved'")
    decided = [f"decisions/row/{row['id']}" for row in rows]
    return [
        *decided,
        f"payments/{kept}/delete",
        f"payments?payment={kept}",
        f"runs/{saved['id']}/undo",
    ]


@pytest.mark.parametrize(
    ("language", "sizes", "scale"), [("en", (WHOLE, NARROW), 1), ("sv", (WHOLE, ENLARGED), 2)]
)
def test_nothing_lies_to_the_side_or_over_another_and_all_can_be_reached(
    browser, open_day, language, sizes, scale
):
    office, desk = open_day
    context = browser.new_context(device_scale_factor=scale, locale="sv-SE")
    page = context.new_page()
    open_desk(page, desk)
    if language == "en":
        page.get_by_role("button", name="In English").click()
        page.get_by_role("heading", name="Payment import").wait_for()
    found = {}
    for path in [*PAGES, *dialogs(office)]:
        page.goto(desk.url + path)
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            found[path, width] = [
                fault
                for script in (TO_THE_SIDE, HIDDEN, ONE_OVER_ANOTHER, OUT_OF_REACH)
                for fault in page.evaluate(script)
            ]
    context.close()
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


#: What a list must have on paper; ``sums`` are those that the screen shows below it.
ON_PAPER = """(sums) => {
  const visible = (one) => one.checkVisibility();
  const pressed = [...document.querySelectorAll("button, .button, input, select, summary")]
    .filter((one) => !one.querySelector("h2"));
  const heads = [...document.querySelectorAll("table.list thead")].filter(visible);
  return [
    ...pressed.filter(visible).map((one) => `is pressed: ${one.outerHTML.slice(0, 80)}`),
    ...(heads.length ? [] : ["no table"]),
    ...heads.filter((one) => getComputedStyle(one).display !== "table-header-group")
      .map(() => "no heading on each page"),
    ...sums.filter((one) => !document.body.innerText.includes(one)).map((one) => `no sum: ${one}`),
  ];
}"""

#: The sums in the line below each list.
SUMS = r"""() => [...document.querySelectorAll(".pager")].map((one) =>
  [...one.innerText.matchAll(/(?:summa|:) (-?[\d\u00a0]+,\d\d [A-Za-z]+)/g)]
    .map((found) => found[1]))"""


@pytest.mark.parametrize(
    "path",
    [
        *("import", "payments", "decisions", "runs", "open-invoices", "overview", "invoices"),
        *("bills", "invoices/log", "why?invoice=10230"),
    ],
)
def test_on_paper_are_the_rows_with_headings_and_sums_and_nothing_to_press(browser, open_day, path):
    """On a sheet of A4, lying, without its margins: each list alone, and the page as it is."""
    _, desk = open_day
    context = browser.new_context(viewport={"width": 1032, "height": 700}, locale="sv-SE")
    page = context.new_page()
    open_desk(page, desk)
    page.add_init_script("window.print = () => {}")
    page.goto(desk.url + path)
    sums = page.evaluate(SUMS)
    lists = [link.get_attribute("href") for link in page.locator(".tools a[target]").all()]
    page.emulate_media(media="print")
    problems = {path: page.evaluate(ON_PAPER, []) + page.evaluate(TO_THE_SIDE)}
    for number, href in enumerate(lists):
        page.goto(desk.url.rstrip("/") + href)
        expected_sums = sums[number] if number < len(sums) else []
        problems[href] = page.evaluate(ON_PAPER, expected_sums) + page.evaluate(TO_THE_SIDE)
    context.close()
    if path.startswith("why"):
        problems[path].remove("no table")
    assert {name: wrong for name, wrong in problems.items() if wrong} == {}
    if path in {"import", "payments", "open-invoices", "invoices", "bills"}:
        assert any(sums)


def test_what_was_flagged_fits_beside_its_list_once_it_is_saved(browser, second_day):
    with second_day.office(imported=True) as office, Desk(office) as desk:
        office.host().save("Fortnox")
        ids = {row.status: row.id for row in office.store.payments() if row.state == "registered"}
        context = browser.new_context(locale="sv-SE")
        page = context.new_page()
        open_desk(page, desk)
        found = {}
        for status, payment in ids.items():
            page.goto(f"{desk.url}payments?tab=invoice&payment={payment}")
            for width in (640, 1024, 1366):
                page.set_viewport_size({"width": width, "height": 768})
                found[status, width] = page.evaluate(TO_THE_SIDE) + page.evaluate(ONE_OVER_ANOTHER)
        context.close()
    assert {"advance", "partial", "reversal"} <= ids.keys()
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


#: What of the button cannot be seen without scrolling, in pixels.
HIDDEN_OF_OK = """() => {
  const box = document.getElementById("ok").getBoundingClientRect();
  const form = document.querySelector("dialog form").getBoundingClientRect();
  return Math.max(0, box.bottom - form.bottom, box.bottom - innerHeight, form.top - box.top);
}"""


def test_the_ok_of_a_dialog_is_seen_whole_before_anything_is_scrolled(browser, open_day):
    office, desk = open_day
    context = browser.new_context(viewport={"width": 1366, "height": 600}, locale="sv-SE")
    page = context.new_page()
    open_desk(page, desk)
    hidden, scrolls = {}, []
    for path in dialogs(office):
        page.goto(desk.url + path)
        if page.locator("dialog #ok").count():
            hidden[path] = page.evaluate(HIDDEN_OF_OK)
            scrolls.append(
                page.evaluate(
                    "(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight)"
                    "(document.querySelector('dialog form'))"
                )
            )
    context.close()
    assert any(scrolls)
    assert {path: pixels for path, pixels in hidden.items() if pixels > 0} == {}
