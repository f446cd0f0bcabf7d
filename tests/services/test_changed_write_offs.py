"""What was written off in Fortnox after a payment was registered is a change like any other."""

from fake_plugin import excluded, payment, write_off
from host_and_plugin import import_and_save, outcomes, preview_of, row_of

from hostsim.ledger.differences import find_differences


def paid(*offs):
    return payment(1, amount="990", write_offs=offs)


def test_both_values_are_said_with_the_account(host, plugin):
    import_and_save(host, plugin, paid())
    row = row_of(preview_of(host, plugin, paid(write_off("10", "6351"))), "1")
    assert row.reason == "changed-in-fortnox"
    assert row.message.sv.endswith("avskrivet registrerat 0,00 SEK, nu 10,00 SEK (konto 6351)")
    assert row.message.en.endswith("written off registered 0.00 SEK, now 10.00 SEK (account 6351)")


def test_another_account_is_a_change_too():
    [one] = find_differences(paid(write_off("10", "6351")), paid(write_off("10", "3740")))
    assert (one.registered.sv, one.now.sv) == ("10,00 SEK (konto 6351)", "10,00 SEK (konto 3740)")


def test_the_same_sum_on_the_same_account_in_other_rows_is_no_change():
    whole, parts = paid(write_off("10.0")), paid(write_off("4"), write_off("6.00"))
    assert find_differences(whole, parts) == []


def test_what_the_settings_leave_out_was_read_without_write_offs_and_is_no_change(host, plugin):
    import_and_save(host, plugin, paid(write_off("10")))
    plugin.excluded = [excluded("before-date", paid())]
    assert outcomes(preview_of(host, plugin)) == {"1": "already-imported"}


def test_a_decision_about_one_write_off_says_nothing_of_another(host, plugin):
    import_and_save(host, plugin, paid())
    preview_of(host, plugin, paid(write_off("10")))
    assert outcomes(host.decide("Fortnox", "1", "accept")) == {"1": "exact"}
    assert outcomes(preview_of(host, plugin, paid(write_off("9")))) == {"1": "changed-in-fortnox"}
