"""Signing in ahead, and runs that nobody is there for."""

import pytest
from fake_plugin import COMPANY, OTHER_COMPANY, FakePlugin, hookimpl, payment
from host_and_plugin import host_of, refusal


class SigningIn(FakePlugin):
    @hookimpl
    def opter_sign_in(self, run):
        self.runs.append(run)
        return COMPANY


@pytest.fixture
def plugin():
    return SigningIn()


def test_a_plug_in_without_a_login_says_so(store):
    host = host_of(store, FakePlugin())
    host.define("Fortnox", "Fake", "API", "", {})
    assert refusal(host.sign_in, "Fortnox").code == "CANNOT_SIGN_IN"


def test_a_person_signs_in_and_the_company_is_told(host, plugin):
    assert host.sign_in("Fortnox") == COMPANY
    assert [run.definition for run in plugin.runs] == ["Fortnox"]


@pytest.mark.parametrize("attended", [True, False])
def test_a_run_says_whether_somebody_is_there(store, plugin, attended):
    host = host_of(store, plugin, attended=attended)
    host.define("A", "Fake", "API", "", {})
    host.sign_in("A")
    assert plugin.runs[0].attended is attended


def test_whoever_was_signed_in_to_is_the_company_from_then_on(host, store, plugin):
    host.sign_in("Fortnox")
    assert store.definition("Fortnox").company == COMPANY
    host.define("B", "Fake", "API", "", {}, company_of="Fortnox")
    plugin.company = OTHER_COMPANY
    assert refusal(host.import_payments, "Fortnox").code == "WRONG_COMPANY"


def test_a_mistaken_company_may_be_left_as_long_as_nothing_is_saved(host, store, plugin):
    host.sign_in("Fortnox")
    host.sign_in("Fortnox")
    assert [run.company for run in plugin.runs] == [None, None]
    plugin.payments = [payment(1)]
    host.import_payments("Fortnox")
    host.save("Fortnox")
    host.sign_in("Fortnox")
    assert plugin.runs[-1].company == COMPANY


def test_a_company_that_another_definition_shares_may_not_be_left(host, store, plugin):
    host.sign_in("Fortnox")
    host.define("B", "Fake", "API", "", {}, company_of="Fortnox")
    host.sign_in("B")
    assert plugin.runs[-1].company == COMPANY


def test_a_company_of_another_region_is_told_at_once(host, store):
    host.sign_in("Fortnox")
    host.define("B", "Fake", "API", "Norr", {})
    assert refusal(host.sign_in, "B").code == "COMPANY_OF_OTHER_REGION"
    assert store.definition("B").company is None
