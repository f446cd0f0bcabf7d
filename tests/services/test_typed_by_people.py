"""What a person types is taken as it was meant, or refused with a sentence; never half."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from exported import export
from fake_plugin import FakePlugin, invoice, payment
from host_and_plugin import host_of, importing_host, refusal

from hostsim.errors import DoubtfulPayment
from hostsim.ledger import amounts
from hostsim.ledger.hand_payments import TypedPayment
from hostsim.messages import payments as payments_messages

ENDLESS = "9" * 23


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("=1+1"), invoice("1002", region="@Syd")]


@pytest.fixture
def host(store):
    host = host_of(store, FakePlugin())
    host.define("Fortnox", "Fake", "API", "Nord", {})
    return host


# --- Ids ---


@pytest.mark.parametrize("number", [ENDLESS, f"-{ENDLESS}", "0"])
def test_an_id_that_no_payment_can_have_is_an_unknown_payment(run, number):
    shown = run("payments", "show", "--", number)
    deleted = run("payments", "delete", "--why", "fel", "--", number)
    assert (shown.status, deleted.status) == (2, 2)
    assert shown.last.startswith("PAYMENT_UNKNOWN: ")
    assert deleted.last.startswith("REGISTERED_UNKNOWN: ")


def test_an_id_that_no_decision_can_have_is_an_unknown_decision(host):
    host.import_payments("Fortnox")
    assert refusal(host.take_back, "Fortnox", ids=[int(ENDLESS)]).code == "DECISION_UNKNOWN"


# --- Amounts ---


@pytest.mark.parametrize(
    "amount",
    ["1_000", "1e2", "12 50", "1,000.50", "٣", "", "NaN", "1,", "--1", "12.5000", "12\t500",
     "100 kr", "1'000", "12.500", "12,500", "-1.250", "0,001", "１２", "–5", "1.2.3"],
)  # fmt: skip
def test_what_nobody_writes_as_an_amount_is_none(amount):
    assert amounts.typed_amount(amount) is None


def test_what_is_no_amount_is_refused(run):
    ended = run("payments", "add", "1001", "--", "1_000")
    assert (ended.status, ended.last[:15]) == (2, "PAYMENT_AMOUNT:")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1 250,50", "1250.50"), ("1250.50", "1250.50"), ("−100", "-100.00"), ("1 000", "1000.00")],
)
def test_an_amount_is_taken_as_people_write_it(run, written, meant):
    ended = run("payments", "add", "1001", "--json", "--confirm", "--", written)
    assert (ended.status, ended.json["amount"]) == (0, meant)


@pytest.mark.parametrize(
    ("written", "money"),
    [
        ("1000:-", "1000 SEK"),
        ("1 000:–", "1000 SEK"),
        ("−990,-", "-990 SEK"),
        ("50 kr", "50 SEK"),
        ("1 250,50KR", "1250.50 SEK"),
        ("600,00\xa0SEK", "600.00 SEK"),
        ("7 eur", "7 EUR"),
        ("7", "7 "),
        ("50 :-", "50 SEK"),
        ("1000.-", "1000 SEK"),
        ("5375,00:-", "5375.00 SEK"),
        ("50 kr.", "50 SEK"),
        ("SEK 50", "50 SEK"),
        ("kr 1 250,50", "1250.50 SEK"),
        ("eur −7", "-7 EUR"),
        *((written, None) for written in ("12.500:-", "SEK 12.500", "50 st", "50-", "SEK", ":-")),
        *((written, None) for written in ("kr", "50 kr kr", "50:- kr", "SEK 50 kr", "SEK SEK 50")),
    ],
)
def test_kronor_or_a_currency_may_stand_beside_an_amount_and_nothing_else(written, money):
    typed = amounts.typed_money(written)
    assert (typed and f"{typed[0]} {typed[1]}") == money


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (["50 EUR"], "PAYMENT_CURRENCY: "),
        (["50 kr", "--currency", "EUR"], "PAYMENT_AMOUNT: "),
        (["50 st"], "PAYMENT_AMOUNT: "),
    ],
)
def test_a_currency_beside_an_amount_is_that_of_the_invoice(run, written, code):
    paid = run("payments", "add", "1001", "600 kr", "--currency", "SEK", "--json")
    refused = run("payments", "add", "1001", *written)
    assert (paid.status, paid.json["amount"]) == (0, "600.00")
    assert (refused.status, refused.last[: len(code)]) == (2, code)


@pytest.mark.parametrize(
    ("written", "swedish", "english"),
    [
        ("12.500", "12 500,00 eller 12,50", "12500.00 or 12.50"),
        ("12,500", "12 500,00 eller 12,50", "12500.00 or 12.50"),
        ("1,000", "1 000,00 eller 1,00", "1000.00 or 1.00"),
        ("−1.250", "-1 250,00 eller -1,25", "-1250.00 or -1.25"),
        ("12.505", "12 505,00", "12505.00"),
        ("1 250,500", "1 250,50", "1250.50"),
        ("1250,500", "1 250,50", "1250.50"),
        ("1.250,500", "1 250,50", "1250.50"),
        ("1,250.500", "1 250,50", "1250.50"),
        ("5,005", "5 005,00", "5005.00"),
        ("1,250.50", "1 250,50", "1250.50"),
        ("1.250,5", "1 250,50", "1250.50"),
        ("1.250.500", "1 250 500,00", "1250500.00"),
        ("1'250", "1 250,00", "1250.00"),
        ("0,500", "0,50", "0.50"),
        ("12.505 kr", "12 505,00", "12505.00"),
        ("12.505:-", "12 505,00", "12505.00"),
    ],
)
def test_three_digits_after_a_separator_are_asked_about_with_both_readings(
    written, swedish, english
):
    asked = amounts.suggest_amounts(written)
    assert asked.sv.replace("\xa0", " ") == f" Menade du {swedish}?"
    assert asked.en == f" Did you mean {english}?"


@pytest.mark.parametrize("written", ["0,001", "12.505", "1250.505", "0.000", "9" * 15 + ".500"])
def test_nothing_is_asked_about_that_would_be_refused_again(written):
    assert all(amounts.typed_amount(f"{one:f}") for one in amounts.possible_amounts(written))
    assert all(0 < one <= amounts.MAX_AMOUNT for one in amounts.possible_amounts(written))


@pytest.mark.parametrize("written", ["1000,005", "1.000,005", "1,000.005", "1 000,005"])
def test_three_decimals_of_thousands_are_never_a_million_but_too_many_decimals(run, written):
    ended = run("payments", "add", "1001", "--", written)
    assert ended.status == 2
    assert "Menade du" not in ended.last
    assert f"Beloppet {written} kan inte användas. Skriv ett belopp" in ended.last
    assert "högst två decimaler" in ended.last


def test_an_amount_that_is_too_large_is_reported_to_be(run):
    ended = run("payments", "add", "1001", "9" * 15, "--lang", "en")
    assert (ended.status, ended.last[:18]) == (2, "PAYMENT_TOO_LARGE:")
    assert "too large" in ended.last


@pytest.mark.parametrize("day", ["٢٠٢٦-11-28", "2026-11-２８", "20261128", "2026-W48-6", "i dag"])
def test_a_date_in_other_digits_is_none(day):
    assert amounts.typed_date(day) is None


@pytest.mark.parametrize("command", [["payments", "add", "1001", "1"], ["import", "Butik"]])
def test_what_is_no_date_is_refused_wherever_it_is_typed(run, command):
    ended = run(*command, "--date", "٢٠٢٦-11-28")
    assert (ended.status, ended.last[:7]) == (2, "USAGE: ")
    assert "2026-03-31" in ended.last


def test_a_key_of_a_payment_that_was_deleted_since_says_so_and_registers_nothing(run):
    run("payments", "add", "1001", "100", "--key", "k")
    run("payments", "delete", "1", "--why", "fel")
    ended = run("payments", "add", "1001", "100", "--key", "k", "--lang", "en")
    assert (ended.status, ended.last[:21]) == (2, "PAYMENT_KEY_DELETED: ")
    assert "deleted" in ended.last
    assert len(run("payments", "--json").json) == 1


@pytest.mark.parametrize(
    ("language", "usage"), [("en", "INVOICE AMOUNT"), ("sv", "FAKTURA BELOPP")]
)
def test_help_names_what_is_to_be_typed_in_its_own_language(run, language, usage):
    assert usage in run("payments", "add", "--help", "--lang", language).out


def test_what_is_asked_in_english_can_be_typed_as_it_stands():
    assert [amounts.typed_amount(word) for word in ("12500.00", "12.50")] == [
        Decimal("12500.00"),
        Decimal("12.50"),
    ]


@pytest.mark.parametrize("rate", ["11.250", "11,2505", "0,0981"])
def test_a_rate_may_have_many_decimals(rate):
    assert amounts.typed_rate(rate) == Decimal(rate.replace(",", "."))


def test_an_amount_is_kept_with_two_decimals_everywhere(host, store):
    host.add_payment("1001", Decimal("12.500"))
    [(kept, left)] = store.db.execute(
        "SELECT p.amount_currency, i.remaining FROM payments p JOIN invoices i ON i.id = invoice_id"
    )
    assert (kept, left) == ("12.50", "987.50")
    assert '"12.50"' in export(store).text or ",12.50," in export(store).text


@pytest.mark.parametrize("written", ["12.500", "5E+2", "٣", "1'000", "-1"])
def test_the_accepted_deviation_is_typed_by_the_same_rule(run, written):
    ended = run("settings", f"accepted_deviation={written}")
    assert (ended.status, ended.last[:14]) == (2, "SETTING_WRONG:")


# --- What is doubtful ---


def doubts(host, *entry, **more):
    """Return the places of the doubts, and the sentence that tells them all."""
    with pytest.raises(DoubtfulPayment) as caught:
        host.add_payment(*entry, **more)
    return [doubt.place for doubt in caught.value.doubts], caught.value.message


@pytest.mark.parametrize(
    ("day", "doubted"),
    [
        (date(1999, 11, 22), True),
        (date(2025, 11, 21), True),
        (date(2025, 11, 22), False),
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), True),
        (date(2036, 11, 22), True),
    ],
)
def test_a_date_is_doubtful_outside_a_year_back_and_today(host, store, day, doubted):
    if doubted:
        places, reported = doubts(host, "1001", Decimal(1), date=day)
        assert places == ["date"]
        assert day.isoformat() in reported.sv
        assert day.isoformat() in reported.en
    else:
        host.add_payment("1001", Decimal(1), date=day)
    assert len(list(store.payments())) == (not doubted)


def test_a_year_before_the_29th_of_february_is_the_28th(store):
    host = host_of(store, FakePlugin(), clock=lambda: datetime(2028, 2, 29, 12, tzinfo=UTC))
    host.add_payment("1001", Decimal(1), date=date(2027, 2, 28))
    assert doubts(host, "1001", Decimal(2), date=date(2027, 2, 27))[0] == ["date"]


@pytest.mark.parametrize(
    ("number", "paid", "amount", "doubted"),
    [
        ("1001", [], "1000", False),
        ("1001", [], "1000.01", True),
        ("1001", ["1000"], "5000", True),
        ("1001", ["400"], "600", False),
        ("1001", ["400"], "601", True),
        ("1001", [], "-1", True),
        ("1001", ["400"], "-400", False),
        ("1001", ["400"], "-401", True),
        ("3001", [], "-500", False),
        ("3001", [], "-501", True),
        ("3001", [], "1", True),
        ("3001", ["-200"], "200", False),
        ("3001", ["-200"], "201", True),
    ],
)
def test_more_than_remains_and_more_back_than_was_paid_are_doubtful(
    host, store, *, number, paid, amount, doubted
):
    store.load_invoices([invoice("3001", "-500")])
    for one in paid:
        host.add_payment(number, Decimal(one), date=date(2026, 1, 2))
    if doubted:
        assert doubts(host, number, Decimal(amount))[0] == ["amount"]
    else:
        host.add_payment(number, Decimal(amount))


@pytest.mark.parametrize(
    ("number", "paid", "amount", "said"),
    [
        ("1001", "1200", "500", "Ingenting återstår av fakturan: 200,00 SEK för mycket är redan"),
        ("3001", "-600", "-50", "Ingenting återstår av fakturan: 100,00 SEK för mycket är redan"),
        ("1001", "1000", "500", "Ingenting återstår av fakturan."),
    ],
)
def test_where_nothing_remains_it_is_said_so(host, store, *, number, paid, amount, said):
    store.load_invoices([invoice("3001", "-500")])
    host.add_payment(number, Decimal(paid), date=date(2026, 1, 2), confirm=True)
    assert said in doubts(host, number, Decimal(amount))[1].sv


def test_a_deleted_payment_counts_as_paid_by_nobody(host):
    host.delete_payment(host.add_payment("1001", Decimal(400)), why="fel")
    assert doubts(host, "1001", Decimal(-400))[0] == ["amount"]


@pytest.fixture
def euro_invoices(store):
    store.load_invoices([invoice(str(number), "100", "Eur ") for number in (2001, 2002, 2003)])


@pytest.mark.usefixtures("euro_invoices")
def test_the_first_rate_of_a_currency_is_always_asked_about(host):
    places, reported = doubts(host, "2001", Decimal(50), rate=Decimal(1125))
    assert places == ["rate"]
    assert "1125" in reported.sv
    host.add_payment("2001", Decimal(50), rate=Decimal("11.25"), confirm=True)
    host.add_payment("2002", Decimal(50), rate=Decimal("11.250"))


@pytest.mark.usefixtures("euro_invoices")
@pytest.mark.parametrize(
    ("rate", "doubted"),
    [("8", False), ("7.99", True), ("16", False), ("16.01", True), ("1200", True)],
)
def test_a_rate_more_than_a_third_away_is_doubtful(host, rate, doubted):
    host.add_payment("2001", Decimal(50), rate=Decimal(12), confirm=True)
    if doubted:
        places, reported = doubts(host, "2002", Decimal(1), rate=Decimal(rate))
        assert places == ["rate"]
        assert all(figure in reported.en for figure in (rate, "12"))
    else:
        host.add_payment("2002", Decimal(1), rate=Decimal(rate))


@pytest.mark.usefixtures("euro_invoices")
def test_a_rate_is_compared_with_the_one_of_its_own_invoice_first(host):
    host.add_payment("2001", Decimal(50), rate=Decimal(6), confirm=True)
    host.add_payment("2002", Decimal(50), rate=Decimal(12), confirm=True)
    host.add_payment("2001", Decimal(1), rate=Decimal("6.5"))
    assert doubts(host, "2002", Decimal(1), rate=Decimal("6.5"))[0] == ["rate"]


@pytest.mark.parametrize(("days", "doubted"), [(0, True), (4, True), (-4, True), (5, False)])
def test_a_second_identical_payment_is_doubtful_within_four_days(host, days, doubted):
    first = date(2026, 11, 10)
    host.add_payment("1001", Decimal(100), date=first)
    again = ("1001", Decimal("100.0"))
    if doubted:
        places, reported = doubts(host, *again, date=first + timedelta(days))
        assert places == ["identical"]
        assert (
            "id 1, 100,00 SEK, 2026-11-10, för hand, av kim 2026-11-22 12:00"
            in reported.sv.replace("\xa0", " ")
        )
    else:
        host.add_payment(*again, date=first + timedelta(days))


def test_an_imported_payment_is_identical_too_but_not_a_deleted_one(store):
    there = [payment(1, amount="400", date=date(2026, 11, 20))]
    host = importing_host(store, FakePlugin(payments=there))
    host.import_payments("Fortnox")
    host.save()
    places, reported = doubts(host, "1001", Decimal(400))
    assert places == ["identical"]
    assert "by an import, number 1" in reported.en
    host.delete_payment(1, why="fel")
    host.add_payment("1001", Decimal(400))


def test_every_doubt_is_reported_with_customer_total_and_remaining(run):
    ended = run("payments", "add", "1003", "5000", "--date", "1999-01-02", "--rate", "1125")
    assert (ended.status, ended.out) == (2, "")
    assert ended.last.startswith("DOUBTFUL_PAYMENT: ")
    reported = ended.last.replace("\xa0", " ")
    for figure in ("Faktura 1003", "totalt 100,50 EUR", "5 000,00 EUR", "1999-01-02", "1125"):
        assert figure in reported
    assert "--confirm" in ended.err
    assert run("payments", "--json").json == []


def test_confirming_registers_and_tells_what_was_doubtful(run):
    ended = run("payments", "add", "1001", "5000", "--confirm", "--json", "--lang", "en")
    assert (ended.status, ended.json["amount"]) == (0, "5000.00")
    assert ended.err.startswith("Confirmed: The amount 5,000.00 SEK is more than ")


def test_the_doubts_that_were_shown_are_confirmed_and_no_others(host):
    typed = TypedPayment("1001", Decimal(5000), None)
    with pytest.raises(DoubtfulPayment) as caught:
        host.enter_payment(typed)
    seen = caught.value.confirmation_digest
    for other in (typed._replace(amount=Decimal(5001)), typed._replace(bank_account="5050-1055")):
        with pytest.raises(DoubtfulPayment):
            host.enter_payment(other, shown=seen)
    host.add_payment("1001", Decimal(1))
    with pytest.raises(DoubtfulPayment) as caught:
        host.enter_payment(typed, shown=seen)
    assert host.enter_payment(typed, shown=caught.value.confirmation_digest).id == 2


# --- Once ---


def test_the_same_key_again_is_the_same_payment(run):
    first, again = (
        run("payments", "add", "1001", "100", "--key", "2026-11/7", "--json") for _ in range(2)
    )
    assert (first.status, again.status) == (0, 0)
    assert first.json == again.json
    assert len(run("payments", "--json").json) == 1
    reported = run("payments", "add", "1001", "100", "--key", "2026-11/7").out
    assert reported.startswith("Betalningen var registrerad redan, med id 1; ingenting nytt")


@pytest.mark.parametrize(
    "other",
    [("1002", "100"), ("1001", "101"), ("1001", "100", "--bank-account", "5050-1055"),
     ("1001", "100", "--date", "1999-01-02")],
)  # fmt: skip
def test_a_key_of_a_payment_with_other_figures_is_refused(run, other):
    run("payments", "add", "1001", "100", "--key", "k")
    ended = run("payments", "add", *other, "--key", "k")
    assert (ended.status, ended.last[:17]) == (2, "PAYMENT_KEY_USED:")
    assert "id 1" in ended.last
    assert len(run("payments", "--json").json) == 1


@pytest.mark.parametrize("key", ["", " ", "a\nb", "k" * 101])
def test_a_key_that_protects_from_nothing_is_refused(run, key):
    ended = run("payments", "add", "1001", "100", "--key", key)
    assert (ended.status, ended.last[:12]) == (2, "PAYMENT_KEY:")
    assert run("payments", "--json").json == []


def test_two_who_send_one_key_at_once_register_one_payment(store):
    hosts = [host_of(store, FakePlugin()) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        add = lambda host: host.add_payment("1001", Decimal(100), key="k")  # noqa: E731
        assert set(threads.map(add, hosts)) == {1}
    assert len(list(store.payments())) == 1


def test_two_who_type_the_same_at_once_register_one_and_ask_the_other(store):
    def add(host):
        try:
            return host.add_payment("1001", Decimal(100))
        except DoubtfulPayment as error:
            return [doubt.place for doubt in error.doubts]

    hosts = [host_of(store, FakePlugin()) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        came = list(threads.map(add, hosts))
    assert sorted(map(str, came)) == ["1", "['identical']"]


# --- Bank accounts ---


@pytest.mark.parametrize("account", ["5050\n1055", "\x1b[31m", "5" * 101])
def test_a_bank_account_by_hand_is_held_to_the_rule_of_an_import(host, store, account):
    added = refusal(host.add_payment, "1001", Decimal(1), bank_account=account)
    brought_in = refusal(host.import_payments, "Fortnox", bank_account=account)
    assert (added.code, brought_in.code) == ("BANK_ACCOUNT", "BANK_ACCOUNT")
    assert list(store.payments()) == []


# --- Exports ---


def test_an_export_of_a_region_that_is_nowhere_is_refused_with_the_known_ones(host, store):
    refused = refusal(export, store, region="Nej")
    assert refused.code == "EXPORT_REGION_UNKNOWN"
    assert "standardregionen, region @Syd, region Nord" in refused.message.sv
    for known in ("", "Nord", "@Syd"):
        assert export(store, region=known).payments == 0


def test_no_text_of_an_export_can_be_taken_for_a_formula(host, store):
    host.add_payment("=1+1", Decimal(-1), bank_account="@BANK()", confirm=True)
    host.add_payment("1002", Decimal(1), region="@Syd")
    text = export(store, everything=True).text
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["invoice_number"], first["bank_account"]) == ("'=1+1", "'@BANK()")
    assert (first["amount"], second["region"]) == ("-1.00", "'@Syd")


def test_an_export_over_a_file_is_refused_before_anything_is_reported(run, tmp_path):
    (tmp_path / "ut.csv").write_text("mitt", encoding="utf-8")
    [reported] = run("payments", "export", "ut.csv").err.splitlines()
    assert reported.startswith("EXPORT_EXISTS: ")


# --- Words ---


def test_a_payment_is_shown_with_its_customer(run):
    run("payments", "add", "1001", "100")
    customer = run("payments", "show", "1", "--json").json
    shown = run("payments", "show", "1").out
    assert customer["id"] == 1
    assert any(line.split()[0] == "Kund" for line in shown.splitlines())


def test_one_payment_is_not_several(run, plugin):
    plugin.payments = [payment(1)]
    assert "1 betalning är registrerad." in run("import", "Butik", "--save").out
    assert "1 payment, " in run("payments", "export", "-", "--lang", "en").err
    assert (
        payments_messages.registered(1200).sv
        == "1\N{NO-BREAK SPACE}200 betalningar är registrerade."
    )
    assert payments_messages.not_read(1).en.startswith("In addition there is 1 older payment,")
    assert payments_messages.not_read(2).en.startswith("In addition there are 2 older payments,")
