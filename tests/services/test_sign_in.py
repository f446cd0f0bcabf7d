"""Signing in ahead, and runs that nobody is there for."""

import pytest
from fake_plugin import COMPANY, FakePlugin, hookimpl
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
