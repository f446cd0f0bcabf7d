"""What hostsim serve prepares, and what it says."""

import io
import re
import threading
from decimal import Decimal
from urllib.parse import urljoin

import pytest
import requests
from desk_person import session_at
from fake_plugin import invoice
from ledgers import Ledger

from hostsim.demo.preparation import sign_in_in_background
from hostsim.desk import Desk, DeskContext
from hostsim.desk.reverse_proxy import reverse_proxy
from hostsim.desk.startup import run_desk, sandbox_context
from hostsim.errors import HostError
from hostsim.ledger.judging import KINDS
from hostsim.ledger.reasons import LEFT, NOT_LOOKED_UP, OTHER_REGION, SETTLEMENT_BLOCKED
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import seed
from hostsim.services.host import Host
from hostsim.storage.store import Store
from hostsim.views.labels import REASONS, STATUSES
from hostsim.views.output import Output
from opter_fortnox_plugin import hooks


def opened(address, path=""):
    """Open the address that was printed, and read a page."""
    session = requests.Session()
    session.get(address, timeout=10)
    return session.get(urljoin(address, path or "/"), timeout=10)


def served(use, *, language="sv", environment=None, listeners=(), **keywords):
    """Serve the desk as long as ``use`` looks at it; give what was printed."""
    out = io.StringIO()

    def wait():
        use(re.search(r"https?://\S+", out.getvalue())[0])
        raise KeyboardInterrupt

    defaults = {"database": None, "login_timeout": 5.0, "open_browser": False}
    run_desk(
        Output(out, language),
        Plugins([("fortnox", hooks), *listeners]),
        environment=environment or {},
        wait=wait,
        **defaults | keywords,
    )
    return out.getvalue()


def test_nothing_has_to_be_prepared():
    pages = []
    said = served(lambda address: pages.append(opened(address)))
    assert pages[0].status_code == 200
    assert "Ingenting är inläst" in pages[0].text
    assert "Fortnox: sandlåda" in pages[0].text
    assert f"användare {seed.USER}, lösenord {seed.PASSWORD}" in said
    assert "tas bort när du avslutar" in said
    assert said.endswith("Avslutat.\n")


def test_it_speaks_english_when_asked():
    assert "The payment import is at" in served(lambda _: None, language="en")


def test_a_database_that_is_given_is_kept_with_the_hauliers_invoices(tmp_path):
    path = tmp_path / "mine.db"
    served(lambda _: None, database=path)
    with Store.open(path) as store:
        assert len(list(store.invoices())) > 200


def test_a_database_that_has_data_is_left_as_it_is(tmp_path):
    path = tmp_path / "mine.db"
    Store.create(path).close()
    served(lambda _: None, database=path)
    with Store.open(path) as store:
        assert list(store.invoices()) == []


def test_what_changed_the_books_before_is_told_when_it_opens(tmp_path):
    path, ledger = tmp_path / "mine.db", Ledger()
    with Store.create(path) as store:
        store.load_invoices([invoice("1001")])
        Host(store, Plugins()).add_payment("1001", Decimal(1))
    served(lambda _: None, database=path, listeners=[("ledger", ledger)])
    assert ledger.received == [[1]]


def test_with_real_credentials_there_is_no_sandbox_and_no_invented_data(tmp_path):
    pages = []
    said = served(
        lambda address: pages.append(opened(address).text),
        environment={"FORTNOX_CLIENT_ID": "abc"},
        database=tmp_path / "real.db",
    )
    assert "sandlåda" not in pages[0] + said
    assert f"Databasen är {tmp_path / 'real.db'}." in said
    with Store.open(tmp_path / "real.db") as store:
        assert list(store.invoices()) == []


def test_what_a_reader_held_up_in_the_log_is_moved_while_the_desk_runs(tmp_path, monkeypatch):
    looked = threading.Semaphore(0)
    monkeypatch.setattr(Store, "checkpoint_leftover_wal", lambda _store: looked.release())
    with Store.create(tmp_path / "host.db") as store, Desk(DeskContext(store, Plugins())) as desk:
        for _ in range(2):
            requests.get(desk.url, timeout=10)
            assert looked.acquire(timeout=30)


def test_the_real_desk_has_no_night_to_let_pass(tmp_path):
    with Store.create(tmp_path / "host.db") as store, Desk(DeskContext(store, Plugins())) as desk:
        session = session_at(desk)
        page = session.get(desk.url, timeout=10).text
        token = re.search(r'name="token" value="([^"]+)"', page)[1]
        answer = session.post(f"{desk.url}night", data={"token": token}, timeout=10)
    assert "PAGE_UNKNOWN" in answer.text


def test_a_night_brings_payments_into_the_sandbox():
    with sandbox_context(Plugins([("fortnox", hooks)])) as desk_context, Desk(desk_context) as desk:
        before = len(desk_context.sandbox.state.company(seed.COMPANY).payments())
        session = session_at(desk)
        page = session.get(desk.url, timeout=10).text
        token = re.search(r'name="token" value="([^"]+)"', page)[1]
        told = session.post(f"{desk.url}night", data={"token": token}, timeout=10).text
        after = len(desk_context.sandbox.state.company(seed.COMPANY).payments())
    # Two were paid, two deleted, and one of those made again.
    assert after == before + 2 - 2 + 1
    assert "En natt har gått" in told


def test_a_night_can_pass_after_the_one_that_a_first_visit_begins_with():
    office = sandbox_context(Plugins([("fortnox", hooks)]), second_day=True)
    with office as desk_context, Desk(desk_context) as desk:
        session = session_at(desk)
        page = session.get(desk.url, timeout=10).text
        token = re.search(r'name="token" value="([^"]+)"', page)[1]
        answer = session.post(f"{desk.url}night", data={"token": token}, timeout=10)
    assert "En natt har gått" in answer.text


def test_a_desk_for_other_machines_comes_with_a_warning():
    said = served(lambda _: None, host="0.0.0.0")  # noqa: S104
    assert "Varning: 0.0.0.0 nås utan kryptering" in said


def test_a_desk_for_this_machine_comes_without_one():
    assert "Varning" not in served(lambda _: None)


def test_behind_a_proxy_it_says_where_it_is_where_it_listens_and_what_to_register():
    proxy = reverse_proxy("https://opter.example.com/fortnox")
    said = served(lambda _: None, proxy=proxy)
    assert re.search(r"finns på https://opter.example.com/fortnox/\?key=\S{43}\n", said)
    assert re.search(r"skicka vidare till http://127\.0\.0\.1:\d+/\.", said)
    assert "utvecklarportal: https://opter.example.com/fortnox/callback" in said


def test_behind_a_proxy_that_names_nobody_it_warns():
    public_url = "https://opter.example.com"
    said = served(lambda _: None, proxy=reverse_proxy(public_url))
    assert "Varning: alla som har adressen kan läsa och spara betalningar" in said
    named = reverse_proxy(public_url, "X-Remote-User", "192.0.2.7")
    said = served(lambda _: None, proxy=named, host="0.0.0.0")  # noqa: S104
    assert "finns på https://opter.example.com/\n" in said
    assert "Varning" not in said


def test_the_sandbox_and_the_plug_in_are_told_of_the_public_address():
    uri = "https://opter.example.com/fortnox/callback"
    with sandbox_context(Plugins([("fortnox", hooks)]), redirect_uri=uri) as desk_context:
        assert desk_context.sandbox.redirect_uri == uri
        assert desk_context.redirect_uri == uri


def test_a_port_that_is_taken_is_said_so(tmp_path):
    with Store.create(tmp_path / "host.db") as store, Desk(DeskContext(store, Plugins())) as desk:
        port = int(re.search(r":(\d+)/", desk.url)[1])
        with pytest.raises(HostError) as caught:
            served(lambda _: None, port=port)
    assert (caught.value.code, caught.value.kind) == ("DESK_PORT_IN_USE", "usage")


def test_the_desk_listens_on_this_machine_alone(tmp_path):
    with Store.create(tmp_path / "host.db") as store, Desk(DeskContext(store, Plugins())) as desk:
        assert desk.url.startswith("http://127.0.0.1:")


def test_a_first_visit_shows_every_kind_of_thing():
    """Whoever opens it meets each judgement and each reason at the first reading."""
    with sandbox_context(Plugins([("fortnox", hooks)]), second_day=True) as desk_context:
        assert {row.state for row in desk_context.store.payments()} == {"registered", "deleted"}
        assert {row.origin for row in desk_context.store.payments()} == {"import", "hand"}
        preview = desk_context.host(window=sign_in_in_background).import_payments("Fortnox")
        kinds = {row.status or row.reason for kind in KINDS for row in preview.rows(kind)}
    assert kinds == {*STATUSES, *REASONS} - {LEFT, NOT_LOOKED_UP, OTHER_REGION, SETTLEMENT_BLOCKED}
    assert preview.set_aside.number == 3


def test_with_empty_it_begins_before_the_first_import():
    pages = []
    served(lambda address: pages.append(opened(address, "/import/read")), empty=True)
    assert "Det finns inget filformat än" in pages[0].text
