"""Signing in ahead, and runs that nobody is there for."""

import pytest
from fake_plugin import COMPANY, OTHER_COMPANY, FakePlugin, hookimpl, payment
from host_and_plugin import host_of, import_and_save, importing_host, preview_of, refusal

from hostsim.storage.store import Store


class SigningIn(FakePlugin):
    @hookimpl
    def opter_sign_in(self, run):
        self.runs.append(run)
        return COMPANY


@pytest.fixture
def plugin():
    return SigningIn()


def test_a_plug_in_without_a_login_says_so(store):
    host = importing_host(store, FakePlugin())
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
    import_and_save(host, plugin, payment(1))
    host.sign_in("Fortnox")
    assert plugin.runs[-1].company == COMPANY


def test_a_company_that_another_definition_shares_may_not_be_left(host, store, plugin):
    host.sign_in("Fortnox")
    host.define("B", "Fake", "API", "", {}, company_of="Fortnox")
    host.sign_in("B")
    assert plugin.runs[-1].company == COMPANY


def test_two_regions_that_share_a_company_on_purpose_may_both_sign_in(host, store):
    host.sign_in("Fortnox")
    host.define("B", "Fake", "API", "Norr", {}, company_of="Fortnox")
    assert [host.sign_in("B"), host.sign_in("Fortnox")] == [COMPANY, COMPANY]


def test_a_company_of_another_region_is_told_at_once(host, store):
    host.sign_in("Fortnox")
    host.define("B", "Fake", "API", "Norr", {})
    assert refusal(host.sign_in, "B").code == "COMPANY_OF_OTHER_REGION"
    assert store.definition("B").company is None


def once_before(monkeypatch, owner, name, act):
    """Let this happen right before the next call of a method."""
    method = getattr(owner, name)

    def preceded(*arguments, **more):
        monkeypatch.setattr(owner, name, method)
        act()
        return method(*arguments, **more)

    monkeypatch.setattr(owner, name, preceded)


def test_a_save_that_a_sign_in_waited_for_has_settled_the_company(host, store, plugin, monkeypatch):
    plugin.company = OTHER_COMPANY
    preview_of(host, plugin, payment(1, company=OTHER_COMPANY))
    once_before(monkeypatch, host, "_definition_lock", lambda: host_of(store, plugin).save())
    assert refusal(host.sign_in, "Fortnox").code == "WRONG_COMPANY"
    assert (plugin.runs[-1].company, store.definition("Fortnox").company) == (OTHER_COMPANY,) * 2


def test_two_that_sign_in_to_one_company_for_two_regions_at_once_take_turns(
    host, store, plugin, monkeypatch
):
    host.define("Norr", "Fake", "API", "Norr", {})
    with Store.open(store.path, patience=0.0) as others:
        other = host_of(others, plugin)

        def sign_in_meanwhile():
            assert refusal(other.sign_in, "Norr").code == "DATABASE_BUSY"

        once_before(monkeypatch, store, "set_definition_company", sign_in_meanwhile)
        host.sign_in("Fortnox")
        assert refusal(other.sign_in, "Norr").code == "COMPANY_OF_OTHER_REGION"


def test_a_company_that_came_to_be_shared_during_a_sign_in_is_not_left(host, store, plugin):
    host.sign_in("Fortnox")

    class SigningInToAnother(FakePlugin):
        @hookimpl
        def opter_sign_in(self, run):
            host.define("B", "Fake", "API", "", {}, company_of="Fortnox")
            return OTHER_COMPANY

    other = host_of(store, SigningInToAnother())
    assert refusal(other.sign_in, "Fortnox").code == "WRONG_COMPANY"
    assert {one.company for one in store.definitions()} == {COMPANY}


def test_a_company_that_another_definition_is_about_to_share_is_not_left(
    host, store, plugin, monkeypatch
):
    host.sign_in("Fortnox")
    with Store.open(store.path, patience=0.0) as others:
        other = host_of(others, plugin)

        def sign_in_meanwhile():
            assert refusal(other.sign_in, "Fortnox").code == "DATABASE_BUSY"

        once_before(monkeypatch, store, "add_definition", sign_in_meanwhile)
        host.define("B", "Fake", "API", "", {}, company_of="Fortnox")
    assert store.is_company_fixed(store.definition("Fortnox"))
