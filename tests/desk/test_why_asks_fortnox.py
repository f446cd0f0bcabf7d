"""What the page says of an invoice once the other system was asked about it."""

import re

import pytest
from desk_person import HERE, words
from fake_plugin import AnsweringPlugin, balance, payment


@pytest.fixture
def plugin():
    return AnsweringPlugin()


def test_what_remains_there_is_beside_what_remains_here(person, plugin):
    plugin.payments = [payment(1, amount="400")]
    plugin.unpaid = [balance("1001", "600")]
    answer = person.client.get("/why?invoice=1001&format=Fortnox", headers=HERE)
    assert "Återstår i" not in answer.text
    token = re.search(r'name="token" value="([^"]+)"', answer.text)[1]
    asked = {"token": token, "invoice": "1001", "format": "Fortnox"}
    started = person.client.post("/why/ask", headers=HERE, data=asked)
    job = person.desk_context.jobs.get(started.headers["Location"].rpartition("/")[2])
    assert job.ended.wait(10)
    page = words(person.get(f"/why?invoice=1001&job={job.id}"))
    assert "Återstår 1 000,00 SEK Återstår i Låtsas 600,00 SEK" in page
