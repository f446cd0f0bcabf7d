"""Errors that few people will ever meet end as the table says, too."""

from __future__ import annotations

import sys

import pluggy
import pytest
from fortnox import Wire, raw_response
from second_host import Host as HostInMemory
from second_host import HostWithSecrets, new_run

from hostsim import __main__
from hostsim.demo.run import run_demo
from hostsim.errors import HostError, command_for
from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store
from hostsim.views.output import Output
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import Refused, Unavailable
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.oauth import Tokens
from opter_fortnox_plugin.login.stored_login import StoredLogin
from opter_fortnox_plugin.login.tokens import TokenEndpoint
from opter_fortnox_plugin.session import Surroundings, end_stored_login


def test_a_code_that_nobody_has_is_refused(capsys):
    assert __main__.main(["errors", "NO_SUCH"]) == 2
    assert capsys.readouterr().err.startswith("ERROR_UNKNOWN: ")


def test_an_option_of_the_page_that_cannot_be_used_is_refused_before_it_opens(capsys):
    assert __main__.main(["serve", "--public-url", "http://opter.example.com"]) == 2
    assert capsys.readouterr().err.startswith("SERVE_OPTION_WRONG: --public-url ")


def test_a_name_is_refused_where_nothing_is_defined_at_all(tmp_path):
    with Store.create(tmp_path / "host.db") as store, pytest.raises(HostError) as caught:
        store.definition("Fortnox")
    assert caught.value.code == "NO_DEFINITIONS"
    assert "hostsim formats add Fortnox" in command_for(caught.value).sv


def test_the_demonstration_refuses_a_folder_that_cannot_be_made(tmp_path, capsys):

    (tmp_path / "file").write_text("")
    with pytest.raises(HostError) as caught:
        run_demo(
            Output(sys.stdout, "sv"),
            Plugins([]),
            keep=tmp_path / "file" / "folder",
            progress_stream=sys.stderr,
        )
    assert (caught.value.code, caught.value.kind) == ("FOLDER_UNREACHABLE", "usage")


def run_with(*hosts, **more):
    manager = pluggy.PluginManager("opter")
    for host in hosts:
        manager.register(host)
    return new_run(manager, {}, **more)


def test_a_login_that_fortnox_did_not_revoke_is_told_and_gone_here_all_the_same():
    host = HostWithSecrets()
    with Wire(raw_response(400, {"error": "invalid_request"})) as wire:
        values = {
            "FORTNOX_CLIENT_ID": "k7Qclient",
            "FORTNOX_CLIENT_SECRET": "s3cret",
            "FORTNOX_REDIRECT_URI": "http://localhost:51843/callback",
            "FORTNOX_AUTH_URL": wire.address,
            "FORTNOX_API_URL": wire.address,
        }
        run = run_with(host, configuration=values)
        transport = Transport()
        configured = Configuration.of(values, {})
        endpoint = TokenEndpoint(transport, configured, lambda _: None)
        assert StoredLogin(Host(run), endpoint).store(Tokens("a", "r"))
        transport.close()
        with pytest.raises(Unavailable) as caught:
            end_stored_login(run, Surroundings(environment={}))
    assert caught.value.code == "LOGIN_NOT_REVOKED"
    assert set(host.secrets.values()) == {None}


@pytest.mark.parametrize("hosts", [0, 2])
def test_a_question_that_no_host_or_two_hosts_answer_is_refused(hosts):
    run = run_with(*(HostInMemory() for _ in range(hosts)))
    with pytest.raises(Refused) as caught:
        Host(run).open_browser("http://login.example/", lambda _: None)
    assert caught.value.code == "HOST_DID_NOT_ANSWER"
    assert "opter_open_browser" in caught.value.message.sv
