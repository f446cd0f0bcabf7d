"""What the administrator gives: from the host or the environment, and where secrets may go."""

from __future__ import annotations

import pytest

from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import SettingsWrong

OURS = {
    "FORTNOX_CLIENT_ID": "k7Qclient",
    "FORTNOX_CLIENT_SECRET": "s3cret-of-ours",
    "FORTNOX_REDIRECT_URI": "http://localhost:51843/callback",
}


def refusal(**values):
    with pytest.raises(SettingsWrong) as caught:
        Configuration.of(OURS | values, {}).require_redirect_uri()
    return caught.value


def test_against_the_real_service_three_values_are_enough():
    made = Configuration.of({}, OURS)
    assert made.client_id == "k7Qclient"
    assert made.client_secret == "s3cret-of-ours"
    assert made.auth_url == "https://apps.fortnox.se/oauth-v1"
    assert made.api_url == "https://api.fortnox.se/3"
    assert made.redirect_uri == OURS["FORTNOX_REDIRECT_URI"]


def test_what_the_host_says_goes_before_the_environment():
    made = Configuration.of({"FORTNOX_CLIENT_ID": "host"}, OURS)
    assert made.client_id == "host"


def test_an_empty_value_of_the_host_leaves_it_to_the_environment():
    assert Configuration.of({"FORTNOX_CLIENT_ID": ""}, OURS).client_id == "k7Qclient"


def test_an_empty_value_of_the_environment_leaves_it_to_the_default():
    made = Configuration.of(OURS, {"FORTNOX_API_URL": ""})
    assert made.api_url == "https://api.fortnox.se/3"


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_has_no_default_is_named_when_it_is_missing(name):
    with pytest.raises(SettingsWrong) as caught:
        Configuration.of({**OURS, name: " "}, {}).require_redirect_uri()
    assert caught.value.code == "CONFIGURATION_MISSING"
    assert name in caught.value.message.sv
    assert name in caught.value.message.en


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8080/callback",
        "http://127.0.0.1:8080/callback",
        "http://[::1]:8080/callback",
        "http://LOCALHOST:8080",
    ],
)
def test_the_redirect_address_is_kept_exactly_as_it_is_registered(address):
    made = Configuration.of(OURS | {"FORTNOX_REDIRECT_URI": address}, {})
    assert made.redirect_uri == address


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com:8080/callback",
        "http://localhost.example.com:8080/callback",
        "http://localhost@example.com:8080/callback",
        "http://0.0.0.0:8080/callback",
        "http://192.168.1.4:8080/callback",
        "https://localhost:8080/callback",
        "http://localhost/callback",
        "http://localhost:0/callback",
        "http://localhost:99999/callback",
        "http://localhost:port/callback",
        "http://localhost:8080/callback?a=b",
        "http://localhost:8080/callback#a",
        "http://[::1:8080/callback",
        "localhost:8080/callback",
        "http://lócalhost:8080/callback",
        "ftp://localhost:8080",
        "x",
    ],
)
def test_a_redirect_address_that_is_not_on_this_machine_is_refused(address):
    error = refusal(FORTNOX_REDIRECT_URI=address)
    assert error.code == "CONFIGURATION_WRONG"
    assert "FORTNOX_REDIRECT_URI" in error.message.sv


@pytest.mark.parametrize("name", ["FORTNOX_API_URL", "FORTNOX_AUTH_URL"])
@pytest.mark.parametrize(
    "address",
    ["http://api.fortnox.se/3", "http://10.0.0.1/3", "ftp://localhost/3", "api.fortnox.se/3", "//"],
)
def test_secrets_go_over_tls_or_nowhere_but_this_machine(name, address):
    error = refusal(**{name: address})
    assert error.code == "CONFIGURATION_WRONG"
    assert name in error.message.en


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/3", "http://localhost:9/3"])
def test_a_sandbox_on_this_machine_needs_no_tls(address):
    made = Configuration.of(OURS | {"FORTNOX_API_URL": address}, {})
    assert made.api_url == address


def test_a_slash_at_the_end_of_a_service_does_not_matter():
    made = Configuration.of(OURS | {"FORTNOX_API_URL": "https://example.com/3/"}, {})
    assert made.api_url == "https://example.com/3"


@pytest.mark.parametrize("secret", ["s3cret\nof-ours", "s3cretåof-ours", "s3cret\x00"])
def test_a_wrong_secret_is_named_and_never_shown(secret):
    error = refusal(FORTNOX_CLIENT_SECRET=secret)
    assert error.code == "CONFIGURATION_WRONG"
    assert "s3cret" not in repr(error) + str(error) + "".join(error.message)


def test_the_secret_is_not_in_the_repr():
    assert "s3cret" not in repr(Configuration.of(OURS, {}))


@pytest.mark.parametrize("address", ["", "https://opter.example.com/fortnox/callback"])
def test_who_signs_in_without_a_person_needs_no_redirect_address(address):
    made = Configuration.of(OURS | {"FORTNOX_REDIRECT_URI": address}, {})
    assert (made.client_id, made.redirect_uri) == ("k7Qclient", "")
