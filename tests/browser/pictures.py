"""Make the pictures of the pages anew: ``python tests/browser/pictures.py`` (and ImageMagick).

They show the sandbox's invented haulier, so that no real payment is in them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from conftest import ARGUMENTS, NAMES, Person
from desk_person import open_desk
from playwright.sync_api import sync_playwright

from hostsim.desk import Desk
from hostsim.desk.startup import sandbox_context
from hostsim.plugins.loading import Plugins

FOLDER = Path(__file__).parents[2] / "hostsim" / "desk" / "pictures"


def main() -> None:
    """Import on the sandbox's second day, accept a change, save, look at its invoice; export."""
    chromium = next(filter(None, map(shutil.which, NAMES)))
    with (
        sandbox_context(Plugins.load(), second_day=True, user="ekonomi") as office,
        Desk(office) as desk,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1360, "height": 820}, locale="sv-SE")
        page = context.new_page()
        person = Person(page, context, office)
        open_desk(page, desk)
        person.imports()
        take(page, "betalningsimport")
        row = page.locator("table.rejected tbody tr").filter(has_text="Ändrad efter")
        row.get_by_role("link", name="Hantera").click()
        page.get_by_label("Godkänn ändringen", exact=True).check()
        page.locator("#ok").click()
        page.locator("dialog").wait_for(state="detached")
        page.locator("#save-payments").click()
        page.get_by_text("betalningar är registrerade.").wait_for()
        page.goto(f"{desk.url}payments?sort=mark&tab=invoice&payment={_of('10235', office)}")
        take(page, "betalningsregistrering")
        for where, name in (("invoices", "fakturaexport"), ("bills", "avrakningsexport")):
            page.goto(f"{desk.url}{where}")
            person.link("Exportera").click()
            with context.expect_page() as opened:
                page.locator("#ok").click()
            person.signs_in(opened.value)
            if where == "invoices":
                page.locator("#leave-out").click()
            page.locator("#send:enabled").wait_for()
            take(page, name)
            person.button("Avbryt").click()
        browser.close()


def _of(invoice, office):
    rows = office.store.db.execute(
        "SELECT p.id FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE i.number = ?",
        (invoice,),
    )
    return rows.fetchone()["id"]


def take(page, name):
    """Save a picture; the mouse and the focus are elsewhere."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    # A few dozen colours are enough, and a third of the bytes.
    command = ["convert", path, "-strip", "-dither", "None", "-colors", "128", f"PNG8:{path}"]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
