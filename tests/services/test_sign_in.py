"""Signing in ahead, and runs that nobody is there for."""

import pytest
from fake_plugin import COMPANY, OTHER_COMPANY, FakePlugin, hookimpl, payment
from host_and_plugin import host_of

from hostsim.errors import HostError


class SigningIn(FakePlugin):
    def __init__(self):
        super().__init__()
        self.runs = []

    @hookimpl
    def opter_sign_in(self, run):
        self.runs.append(run)
        return COMPANY


def test_a_plug_in_without_a_login_says_so(host):
    with pytest.raises(HostError, match="CANNOT_SIGN_IN"):
        host.sign_in("Fortnox")


def test_a_person_signs_in_and_the_company_is_told(store):
    plugin = SigningIn()
    host = host_of(store, plugin)
    host.define("A", "Fake", "API", "", {})
    assert host.sign_in("A") == COMPANY
    assert [run.definition for run in plugin.runs] == ["A"]


@pytest.mark.parametrize("attended", [True, False])
def test_a_run_says_whether_somebody_is_there(store, attended):
    plugin = SigningIn()
    host = host_of(store, plugin, attended=attended)
    host.define("A", "Fake", "API", "", {})
    host.sign_in("A")
    assert plugin.runs[0].attended is attended


def test_whoever_was_signed_in_to_is_the_company_from_then_on(store):
    plugin = SigningIn()
    host = host_of(store, plugin)
    host.define("A", "Fake", "API", "", {})
    host.sign_in("A")
    assert store.definition("A").company == COMPANY
    host.define("B", "Fake", "API", "", {}, company_of="A")
    plugin.company = OTHER_COMPANY
    with pytest.raises(HostError, match="WRONG_COMPANY"):
        host.import_payments("A")


def test_a_mistaken_company_may_be_left_as_long_as_nothing_is_saved(store):
    plugin = SigningIn()
    host = host_of(store, plugin)
    host.define("A", "Fake", "API", "", {})
    host.sign_in("A")
    host.sign_in("A")
    assert [run.company for run in plugin.runs] == [None, None]
    plugin.payments = [payment(1)]
    host.import_payments("A")
    host.save("A")
    host.sign_in("A")
    assert plugin.runs[-1].company == COMPANY


def test_a_company_that_another_definition_shares_may_not_be_left(store):
    plugin = SigningIn()
    host = host_of(store, plugin)
    host.define("A", "Fake", "API", "", {})
    host.sign_in("A")
    host.define("B", "Fake", "API", "", {}, company_of="A")
    host.sign_in("B")
    assert plugin.runs[-1].company == COMPANY


def test_a_company_of_another_region_is_told_at_once(store):
    host = host_of(store, SigningIn())
    host.define("A", "Fake", "API", "", {})
    host.sign_in("A")
    host.define("B", "Fake", "API", "Norr", {})
    with pytest.raises(HostError, match="COMPANY_OF_OTHER_REGION"):
        host.sign_in("B")
    assert store.definition("B").company is None
