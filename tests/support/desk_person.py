"""A user of the desk's pages, without a browser."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import requests

from hostsim.desk.app import create_app
from hostsim.sandbox import seed

HERE = {"Host": "127.0.0.1:8000"}
KEY = "the-key"


def signed_in_client(*args, here="127.0.0.1:8000", **options):
    """Return the client of an application that was let in with its key."""
    client = create_app(*args, key=KEY, **options).test_client()
    opened = client.get(f"/?key={KEY}", headers={"Host": here})
    assert opened.status_code == 200, opened.text
    return client


def token_of(client):
    """Return the token of the forms that a client is shown."""
    page = client.get("/import", headers=HERE).text
    return re.search(r'name="token" value="([^"]+)"', page)[1]


def session_at(desk):
    """Return a browser that has opened a running desk."""
    session = requests.Session()
    assert session.get(desk.start_url, timeout=10).status_code == 200
    return session


def open_desk(page, desk):
    """Open a running desk in a real browser."""
    page.goto(desk.start_url)
    page.wait_for_url("**/import")


@contextmanager
def swapped(page):
    """Wait until what is done in a real browser has put another body in the place of this one."""
    page.evaluate("document.body.dataset.before = ''")
    yield
    page.locator("body:not([data-before])").wait_for()


def define_fortnox(office):
    """Define the import of the sandbox's haulier."""
    values = {
        "ignore_payments_before": seed.cut_off_date(datetime.now(UTC)).isoformat(),
        "ignore_numbers_before": str(seed.LOWEST_NUMBER),
    }
    office.host().define("Fortnox", "FortnoxAPI", "API", "", values)


def wait_for(job):
    """Wait until a job has ended, however busy the machine is; return it."""
    assert job.ended.wait(60)
    return job


class Person:
    """Opens pages, submits forms, and imports the payments of a plug-in."""

    def __init__(self, desk_context):
        self.desk_context = desk_context
        self.client = signed_in_client(desk_context)

    def get(self, path, status=200):
        response = self.client.get(path, headers=HERE)
        assert response.status_code == status, response.text
        return response.text

    def submit(self, path, status=303, **values):
        """Submit a form and return the response."""
        values = {"token": token_of(self.client)} | values
        response = self.client.post(path, headers=HERE, data=values)
        assert response.status_code == status, response.text
        return response

    def post(self, path, status=303, **values):
        return self.submit(path, status, **values).text

    def start_import(self, name="Fortnox", **values):
        """Start an import as the page does, and return its job."""
        values = {"format": name, "region": "", "date": "2026-11-22"} | values
        location = self.submit("/import/start", **values).location
        return self.desk_context.jobs.get(location.rpartition("/")[2])

    def run_import(self, name="Fortnox", **values):
        """Import as the page does, wait for the end, and return the job."""
        return wait_for(self.start_import(name, **values))

    def save(self, name="Fortnox"):
        run = self.desk_context.open_previews()[name]
        self.post("/import/save", run=run, revision=self.revision(name))

    def revision(self, name="Fortnox"):
        """Return the revision in the forms of a page that is loaded now."""
        return self.desk_context.revisions().get(name, "")

    def row(self, number):
        """Return the id of a payment's row in the open preview."""
        [row] = self.desk_context.store.db.execute(
            "SELECT r.id FROM run_rows r JOIN runs u ON u.id = r.run_id"
            " WHERE u.state = 'open' AND r.number = ?",
            (str(number),),
        )
        return row["id"]

    def decision_page(self, number):
        return self.get(f"/decisions/row/{self.row(number)}")

    def decide(self, number, choice, status=303, **values):
        path = f"/decisions/row/{self.row(number)}"
        values = {"revision": self.revision()} | values
        return self.post(path, status, choice=choice, **values)

    def notices(self, path="/import"):
        return [
            words(notice)
            for notice in re.findall(r'<p class="notice.*?</p>', self.get(path), re.DOTALL)
        ]


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").split())


def rows_of(page, name):
    """Return the rows of a list, each with its cells."""
    table = re.search(rf'<table class="list {name}">.*?</table>', page, re.DOTALL)[0]
    body = table.partition("<tbody>")[2]
    return [
        [words(cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def seal_of(page):
    """Return the seal that confirms the doubts shown on a page."""
    return re.search(r'name="seal" value="([^"]+)"', page)[1]


def choices_of(page):
    return re.findall(r'name="choice" id="[^"]+" value="([^"]+)"', page)
