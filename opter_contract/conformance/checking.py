"""What is wrong with a value that crossed between a host and a plug-in, in words.

Every function gives a list of sentences for a developer, empty where all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

#: The kinds of settings fields.
FIELD_KINDS: Final = frozenset({"date", "integer", "boolean", "text"})

#: The kinds of failures: who can act.
FAILURE_KINDS: Final = frozenset(
    {"settings", "login", "permission", "unavailable", "busy", "cancelled", "internal"}
)

#: The stages of progress.
STAGES: Final = frozenset({"login", "reading", "details", "invoices", "confirming", "waiting"})


def wrong_text(what: str, text: Any) -> list[str]:
    """Look at a sentence or a label: there in both languages."""
    words = [getattr(text, language, None) for language in ("sv", "en")]
    if all(isinstance(word, str) and word.strip() for word in words):
        return []
    return [f"{what} is not there in both languages: {words}"]


def wrong_import_type(one: Any) -> list[str]:
    """Look at an import type."""
    found = _filled(f"the code {one.code!r}", one.code)
    if not list(one.formats) or not all(isinstance(name, str) and name for name in one.formats):
        found.append(f"the formats of {one.code!r} are {one.formats!r}")
    return found + wrong_text(f"the label of {one.code!r}", one.label)


def wrong_field(one: Any) -> list[str]:
    """Look at a settings field."""
    found = _filled(f"the key {one.key!r}", one.key)
    if one.kind not in FIELD_KINDS:
        found.append(f"{one.key}: there is no kind {one.kind!r}")
    if not isinstance(one.default, str):
        found.append(f"{one.key}: the default is no text: {one.default!r}")
    found += [
        f"{one.key}: {name} is neither True nor False"
        for name in ("required", "secret")
        if not isinstance(getattr(one, name), bool)
    ]
    found += wrong_text(f"the label of {one.key}", one.label)
    return found + wrong_text(f"the help of {one.key}", one.help)


def wrong_checked(checked: Any, keys: Iterable[str]) -> list[str]:
    """Look at the answer of ``opter_check_settings``.

    :param keys: of the fields, and so of all that may be stored.
    """
    known = set(keys)
    found = [f"{key} is no field, but would be stored" for key in set(checked.values) - known]
    found += [
        f"the value of {key} is no text: {value!r}"
        for key, value in checked.values.items()
        if not isinstance(value, str)
    ]
    for problem in checked.problems:
        if problem.severity not in {"error", "warning"}:
            found.append(f"{problem.key}: there is no severity {problem.severity!r}")
        found += wrong_text(f"the problem of {problem.key}", problem.message)
    return found


def wrong_payment(one: Any) -> list[str]:
    """Look at a payment that may be saved."""
    name = f"payment {one.key.number}"
    return [f"{name}: {what}" for what in _wrong_in_payment(one)]


def wrong_excluded(one: Any) -> list[str]:
    """Look at a payment that was left out."""
    name = f"left out {one.key.number}"
    found = _filled("the reason", one.reason) + wrong_text("the sentence", one.message)
    found += _texts(one.key, "company")
    if not isinstance(one.key.number, str):
        found.append(f"the number is {one.key.number!r}")
    if one.amount is not None:
        found += _money("the amount", one.amount)
    if one.invoice_number is not None and not isinstance(one.invoice_number, str):
        found.append(f"the invoice number is {one.invoice_number!r}")
    if one.payment is None:
        return [f"{name}: {what}" for what in found]
    if (one.payment.key.company, one.payment.key.number) != (one.key.company, one.key.number):
        found.append("its payment has another key")
    if one.payment.amount != one.amount:
        found.append("its payment has another amount")
    found += _wrong_in_payment(one.payment, amount_in_currency_needed=False)
    return [f"{name}: {what}" for what in found]


def wrong_progress(one: Any) -> list[str]:
    """Look at a word of progress."""
    found = [] if one.stage in STAGES else [f"there is no stage {one.stage!r}"]
    if not isinstance(one.done, int) or one.done < 0:
        found.append(f"done is {one.done!r}")
    if one.total is not None and (not isinstance(one.total, int) or one.total < one.done):
        found.append(f"{one.done!r} of {one.total!r} are done")
    return found + wrong_text("the sentence of progress", one.message)


def wrong_report(one: Any) -> list[str]:
    """Look at the report of a run."""
    found = _texts(one.company, "number", "name")
    if one.cursor is not None and not isinstance(one.cursor, str):
        found.append(f"the cursor is no text: {one.cursor!r}")
    found += [
        f"{name} is {getattr(one, name)!r}"
        for name in ("not_read", "requests")
        if not isinstance(getattr(one, name), int) or getattr(one, name) < 0
    ]
    return found


def wrong_failure(error: BaseException) -> list[str]:
    """Look at an exception that a person is to be told of."""
    found = _filled("the code", getattr(error, "code", None))
    if getattr(error, "kind", None) not in FAILURE_KINDS:
        found.append(f"there is no kind {getattr(error, 'kind', None)!r}")
    return found + wrong_text("the sentence", getattr(error, "message", None))


def all_wrong(look: Callable[[Any], list[str]], values: Iterable[Any]) -> list[str]:
    """Look at several values."""
    return [what for value in values for what in look(value)]


def _wrong_in_payment(one: Any, *, amount_in_currency_needed: bool = True) -> Iterator[str]:
    yield from _texts(one.key, "company", "number")
    yield from _texts(one, "source")
    if not isinstance(one.invoice_number, str):
        yield f"the invoice number is {one.invoice_number!r}"
    if one.ocr is not None and not isinstance(one.ocr, str):
        yield f"the OCR reference is {one.ocr!r}"
    if not isinstance(one.date, date) or isinstance(one.date, datetime):
        yield f"the date is {one.date!r}"
    if not isinstance(one.booked, bool):
        yield f"booked is {one.booked!r}"
    yield from _money("the amount", one.amount)
    yield from _wrong_currency(one, needed=amount_in_currency_needed)
    for write_off in one.write_offs:
        yield from _money("a write-off", write_off.amount)
        if not isinstance(write_off.account, str) or not isinstance(write_off.description, str):
            yield "account or description of a write-off is no text"
    for warning in one.warnings:
        yield from wrong_text("a warning", warning)


def _wrong_currency(one: Any, *, needed: bool) -> Iterator[str]:
    code = one.currency
    if not (isinstance(code, str) and len(code) == 3 and code.isascii() and code.isupper()):
        yield f"the currency is {code!r}, and not three capital letters"
    if one.amount_currency is not None:
        yield from _money("the amount in the currency", one.amount_currency)
    elif needed:
        yield "the amount in the currency is missing"
    rate = one.exchange_rate
    if code == "SEK":
        if rate is not None:
            yield f"a payment in SEK has the rate {rate}"
        if one.amount_currency is not None and one.amount_currency != one.amount:
            yield f"{one.amount} SEK are {one.amount_currency} SEK"
    elif rate is not None or needed:
        yield from _rate(rate)


def _rate(rate: Any) -> list[str]:
    if isinstance(rate, Decimal) and rate.is_finite() and rate > 0:
        return []
    return [f"the rate is {rate!r}, and not a number above 0"]


def _money(what: str, amount: Any) -> list[str]:
    if isinstance(amount, Decimal) and amount.is_finite():
        return []
    return [f"{what} is {amount!r}, and not a finite Decimal"]


def _filled(what: str, value: Any) -> list[str]:
    return [] if isinstance(value, str) and value.strip() else [f"{what} is empty, or no text"]


def _texts(thing: Any, *names: str) -> list[str]:
    return [what for name in names for what in _filled(f"the {name}", getattr(thing, name, None))]
