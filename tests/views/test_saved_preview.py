"""A preview that is printed, before its save and after it: what was to come has happened."""

import io
import re

import host_and_plugin
import pytest
from fake_plugin import FakePlugin, payment
from host_and_plugin import MinuteClock, host_of

from hostsim.views.output import Output
from hostsim.views.payments import write_entries
from hostsim.views.preview_output import write_preview

invoices, store = host_and_plugin.invoices, host_and_plugin.store


@pytest.fixture
def plugin():
    return FakePlugin(payments=[payment(1), payment(2, "1002", "500"), payment(9, "9999")])


@pytest.fixture
def host(store, plugin):
    host = host_of(store, plugin, clock=MinuteClock())
    host.define("Fortnox", "Fake", "API", "", {})
    host.import_payments("Fortnox")
    return host


def printed(write, what):
    stream = io.StringIO()
    write(Output(stream, "sv"), what)
    return re.sub(r"\s+", " ", stream.getvalue())


def test_the_sums_of_a_save_say_what_was_saved_and_left_and_could_not_be_saved(host):
    open_preview = host.leave_out("Fortnox", ["2"])
    before = printed(write_preview, open_preview)
    after = printed(write_preview, host.save("Fortnox"))
    for text, said in ((before, "kan sparas 1"), (after, "sparade 1")):
        assert f"därav {said} 1 000,00" in text
    assert "lämnas till nästa import 1" in before
    assert "lämnade till nästa import 1" in after
    assert "därav kan inte sparas 1" in before
    assert "därav kunde inte sparas 1" in after


def test_what_was_taken_again_and_reversed_is_said_to_have_been(host, plugin, store):
    run = host.save("Fortnox").run_id
    plugin.payments = [payment(1, amount="900"), payment(2, "1002", "500")]
    host.import_payments("Fortnox")
    accepted = host.decide("Fortnox", "1", "accept")
    assert "Den registrerade betalningen motbokas och registreras på nytt" in printed(
        write_preview, accepted
    )
    changed = printed(write_preview, host.save("Fortnox"))
    assert "Den registrerade betalningen motbokades och registrerades på nytt" in changed
    host.undo_save(run, why="fel")
    host.take_save_again("Fortnox", run)
    assert "Tas in igen" in printed(write_preview, host.import_payments("Fortnox"))
    again = printed(write_preview, host.save("Fortnox"))
    registered = printed(write_entries, store.payments)
    assert ("Tas in igen" in again, "Togs in igen" in again) == (False, True)
    assert ("Tas in igen" in registered, "Togs in igen" in registered) == (False, True)
