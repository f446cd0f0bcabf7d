"""Changes of books, rights, tokens and clock, from JSON.

Such as ``{"do": "book_payment", "company": 17, "number": 3}``; :data:`KINDS` lists all.
``company`` is the first by default. A change is made at once, or before the n-th request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hostsim.sandbox import invoicing, json_records, payments, supplier_invoicing, validation
from hostsim.sandbox.bookkeeping_rules import check_lock
from hostsim.sandbox.clock import RANGE, STOCKHOLM, check_year
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import PERIOD_LOCKED, Refused
from hostsim.sandbox.json_books import parse_fields
from hostsim.sandbox.scopes import SCOPES
from hostsim.sandbox.state import State
from hostsim.sandbox.validation import Validator
from hostsim.sandbox.values import Invoice, Payment

Content = Mapping[str, Any]
Apply = Callable[[State, Content], object]


@dataclass(frozen=True)
class Kind:
    """A kind of change."""

    required: tuple[str, ...]
    make: Apply
    description: str
    optional: tuple[str, ...] = ()
    """Optional fields."""


def parse_change(content: object) -> Callable[[State], object]:
    """Parse a change, to be made now or later.

    Raises ``ValueError`` with a message if it is invalid; making it raises
    ``LookupError`` if its record does not exist (any more).
    """
    fields = validation.OBJECT.read(content)
    kind_name = validation.validate("do", validation.choice(*KINDS), fields.pop("do", None))
    kind = KINDS[kind_name]
    validators = {name: FIELDS[name] for name in ("company", *kind.required, *kind.optional)}
    values = validation.read(validators, fields, kind.required)
    _check_record(kind_name, values)

    def make(state: State) -> object:
        # Never during another request's changes, which may be rolled back.
        with state.tokens.lock:
            try:
                return kind.make(state, values)
            except Refused as refused:
                raise ValueError(refused.message) from refused

    return make


def checked_change(content: object) -> object:
    """Return a change as sent, if it is valid. Raises ``ValueError``."""
    parse_change(content)
    return content


# --- Parsing ----------------------------------------------------------------


def _parse_seconds(value: Any) -> timedelta:
    if type(value) not in {int, float, Decimal}:
        raise TypeError(value)
    return timedelta(seconds=float(value))


def _parse_time(value: Any) -> datetime:
    at = check_year(datetime.fromisoformat(value))
    return at.replace(tzinfo=STOCKHOLM) if at.tzinfo is None else at


def _parse_key(value: Any) -> str:
    return str(value) if type(value) is int else str(validation.TEXT.read(value))


SCOPE_NAMES = validation.choice(*SCOPES)

#: Times of the clock.
TIME = Validator(f"a time {RANGE}", _parse_time, "without a zone it is wall time in Stockholm")
SECONDS = Validator("a number of seconds", _parse_seconds, "also below 0")

#: Records of the books, and the field of a change that holds one.
RECORDS = {"invoice": Invoice, "payment": Payment}

FIELDS: Mapping[str, Validator] = {
    "company": validation.integer(0).with_meaning("of a company; the first by default"),
    "number": validation.integer(0).with_meaning("of the payment, invoice or supplier invoice"),
    **{
        name: Validator(
            f"an object with fields of {kind.__name__}",
            partial(parse_fields, kind),
            f"a new one needs {', '.join(validation.required_fields(kind))}",
        )
        for name, kind in RECORDS.items()
    },
    "scope": SCOPE_NAMES,
    "scopes": validation.nullable(validation.list_of(SCOPE_NAMES)),
    "error": validation.nullable(validation.TEXT).with_meaning("what error= says"),
    "at": TIME,
    "seconds": SECONDS,
    "register": json_records.NAMES,
    "record": validation.OBJECT.with_meaning("with the register's fields of Fortnox"),
    "key": Validator("the number or the code of the record", _parse_key),
    "user": validation.TEXT.with_meaning("the name of a user"),
    "set_up": json_records.SET_UP,
    "years": json_records.YEARS,
    "until": validation.nullable(validation.DAY),
    "day": validation.DAY,
    "amount": validation.AMOUNT,
}


def _check_record(kind_name: str, values: Content) -> None:
    """Refuse a new record that lacks fields, and a change of a number."""
    for name, kind in RECORDS.items():
        missing = [
            field for field in validation.required_fields(kind) if field not in values.get(name, ())
        ]
        if kind_name == f"add_{name}" and missing:
            raise validation.ValidationError(f"{name} needs {', '.join(missing)}")
        if kind_name == f"change_{name}" and "number" in values[name]:
            raise validation.ValidationError(f"{name}.number cannot be changed")


# --- Making changes ---------------------------------------------------------

NUMBER = ("number",)
USER = ("user",)


def _of_company(
    required: tuple[str, ...],
    change: Callable[[Company, Content], object],
    description: str,
    optional: tuple[str, ...] = (),
) -> Kind:
    def make(state: State, content: Content) -> object:
        return change(state.company(content.get("company")), content)

    return Kind(required, make, description, optional)


def _by_number(change: Callable[[Company, int], object], description: str) -> Kind:
    return _of_company(NUMBER, lambda company, c: change(company, c["number"]), description)


def _set_attribute(name: str, value: object, description: str) -> Kind:
    return _of_company((), lambda company, _c: setattr(company, name, value), description)


def _change_scope(name: str, description: str, *, add: bool) -> Kind:
    def change(company: Company, content: Content) -> None:
        scopes: set[str] = getattr(company, name)
        (scopes.add if add else scopes.discard)(content["scope"])

    return _of_company(("scope",), change, description)


def _change_user_scope(name: str, description: str, *, add: bool) -> Kind:
    """Change the scopes of a user if one is named, else of the company."""
    change_company = _change_scope(name, description, add=add).make

    def change(state: State, content: Content) -> None:
        if "user" not in content:
            change_company(state, content)
            return
        user = state.users.get(content["user"])
        if user is None:
            raise LookupError(f"user {content['user']}")
        scope = {content["scope"]}
        scopes = getattr(user, name) | scope if add else getattr(user, name) - scope
        state.users[user.name] = replace(user, **{name: scopes})

    return Kind(("scope",), change, description, USER)


def _withdraw_consent(state: State, content: Content) -> None:
    user = content.get("user")
    if user is not None and user not in state.users:
        raise LookupError(f"user {user}")
    state.withdraw_consent(content.get("company"), user)


def _invoice(company: Company, number: int) -> Invoice:
    invoice = company.invoice(number)
    if invoice is None:
        raise LookupError(f"invoice {number}")
    return invoice


def _credit(company: Company, number: int) -> None:
    """Credit an invoice; unlike the API, Fortnox's program always refuses a second credit."""
    if _invoice(company, number).credited_by:
        raise ValueError("Fakturan är redan krediterad.")
    check_lock(company, company.today(), PERIOD_LOCKED)
    invoicing.credit(company, number)


def _add_payment(company: Company, content: Content) -> None:
    company.add_payment(Payment(**_complete_payment(company, content["payment"])))


def _change_payment(company: Company, content: Content) -> None:
    number = content["number"]
    before = company.payment(number)
    if before is None:
        raise LookupError(f"payment {number}")
    company.change_payment(number, **_complete_payment(company, content["payment"], before))


def _complete_payment(
    company: Company, fields: Content, before: Payment | None = None
) -> dict[str, Any]:
    invoice = _invoice(company, fields.get("invoice_number", before and before.invoice_number))
    try:
        return payments.complete_fields(company, fields, invoice, before)
    except Refused as refused:
        raise ValueError(f"payment: {refused.message}") from refused


def _pay(company: Company, content: Content) -> None:
    """Add a booked payment of an invoice, by default of its balance."""
    invoice = _invoice(company, content["number"])
    amount = content.get("amount", invoice.balance)
    # Factored invoices are paid to Fortnox Finans.
    source = "finance" if invoice.factored else "manual"
    company.pay(invoice, amount, content.get("day", company.today()), source)


def _ordered_scopes(scopes: tuple[str, ...] | None) -> list[str]:
    """Return scopes in the order of the documentation; ``None`` for all."""
    return [scope for scope in SCOPES if scopes is None or scope in scopes]


KINDS: Mapping[str, Kind] = {
    "add_invoice": _of_company(
        ("invoice",),
        lambda company, c: company.add_invoice(Invoice(**c["invoice"])),
        "Add an invoice.",
    ),
    "change_invoice": _of_company(
        ("number", "invoice"),
        lambda company, c: company.change_invoice(c["number"], **c["invoice"]),
        "Change fields of an invoice.",
    ),
    "delete_invoice": _by_number(Company.delete_invoice, "Delete an invoice."),
    "add_payment": _of_company(("payment",), _add_payment, "Add a payment."),
    "change_payment": _of_company(
        ("number", "payment"), _change_payment, "Change fields of a payment, booked or not."
    ),
    "book_payment": _by_number(Company.book_payment, "Book a payment."),
    "unbook_payment": _by_number(Company.unbook_payment, "Undo the booking of a payment."),
    "touch_payment": _by_number(Company.touch_payment, "Count a payment as modified now."),
    "delete_payment": _by_number(Company.delete_payment, "Delete a payment, booked or not."),
    "book_invoice": _by_number(Company.book_invoice, "Book an invoice."),
    "cancel_invoice": _by_number(
        lambda company, number: company.change_invoice(number, cancelled=True), "Cancel an invoice."
    ),
    "credit_invoice": _by_number(_credit, "Make an unbooked invoice that credits this one."),
    "settle_credit": _by_number(
        Company.settle_credit,
        "Settle a credit invoice against the invoice that it credits, as far as both remain.",
    ),
    "send_invoice": _by_number(
        lambda company, number: company.change_invoice(number, sent=True),
        "Mark an invoice as sent.",
    ),
    "pay_invoice": _of_company(
        NUMBER,
        _pay,
        "Pay an invoice, booked; in its currency, its balance unless amount is given.",
        ("amount", "day"),
    ),
    "book_supplier_invoice": _by_number(supplier_invoicing.book, "Book a supplier invoice."),
    "cancel_supplier_invoice": _by_number(
        supplier_invoicing.cancel_as_user, "Cancel a supplier invoice."
    ),
    "pay_supplier_invoice": _of_company(
        NUMBER,
        lambda company, c: supplier_invoicing.pay(
            company, c["number"], c.get("day", company.today())
        ),
        "Pay a supplier invoice in full.",
        ("day",),
    ),
    "put_record": _of_company(
        ("register", "record"),
        lambda company, c: json_records.put(
            company.registers, c["register"], c["record"], company.clock.now()
        ),
        "Add a record to a register, by Fortnox's field names, or change fields of it.",
    ),
    "delete_record": _of_company(
        ("register", "key"),
        lambda company, c: company.registers.delete(c["register"], c["key"]),
        "Delete a record of a register; the number of a customer stays used.",
    ),
    "set_up": _of_company(
        ("set_up",),
        lambda company, c: company.registers.change_set_up(**c["set_up"]),
        "Change how a company has set up its invoicing: fees, VAT rates, locking and so on.",
    ),
    "lock_period": _of_company(
        ("until",),
        lambda company, c: company.registers.change_set_up(locked_until=c["until"]),
        "Lock the books up to a day; null unlocks them.",
    ),
    "set_financial_years": _of_company(
        ("years",),
        lambda company, c: setattr(company.registers, "years", c["years"]),
        "Set the financial years; null for the calendar years up to the present one.",
    ),
    "withdraw_right": _change_user_scope(
        "forbidden", "Take the right to a register from everybody, or from one user.", add=True
    ),
    "restore_right": _change_user_scope("forbidden", "Restore that right.", add=False),
    "register_scopes": Kind(
        ("scopes",),
        lambda state, c: setattr(
            state, "registered_scopes", frozenset(_ordered_scopes(c["scopes"]))
        ),
        "Register the program for these scopes alone; a login with others is refused.",
    ),
    "withdraw_licence": _set_attribute(
        "integration_licence", False, "End the integration licence."
    ),
    "restore_licence": _set_attribute(
        "integration_licence", True, "Restore the integration licence."
    ),
    "withdraw_scope": _change_scope(
        "withdrawn", "Withdraw a scope from tokens that have it.", add=True
    ),
    "restore_scope": _change_scope("withdrawn", "Restore a scope.", add=False),
    "withdraw_module": _change_user_scope(
        "unlicensed",
        "End the licence of the module behind a scope, for the company or for one user.",
        add=True,
    ),
    "restore_module": _change_user_scope("unlicensed", "Restore that licence.", add=False),
    "lock_company": _set_attribute(
        "locked", True, "Lock a company: logins come back with nothing."
    ),
    "unlock_company": _set_attribute("locked", False, "Unlock a company."),
    "refuse_consent": _of_company(
        ("error",),
        lambda company, c: setattr(company, "consent_error", c["error"]),
        "Let logins come back with an error; null ends that.",
    ),
    "give_consent": Kind(
        (),
        lambda state, c: state.consent(_ordered_scopes(c.get("scopes")), c.get("company")),
        "Consent to a service account as an administrator, to every scope unless some are given.",
        ("scopes",),
    ),
    "withdraw_consent": Kind(
        (),
        _withdraw_consent,
        "End the consent for service accounts, or what a user has consented to by signing in.",
        USER,
    ),
    "expire_access_tokens": Kind(
        (),
        lambda state, _c: state.tokens.expire_access_tokens(),
        "Let every access token expire now.",
    ),
    "expire_refresh_tokens": Kind(
        (),
        lambda state, _c: state.tokens.expire_refresh_tokens(),
        "Let every refresh token expire now.",
    ),
    "set_clock": Kind(
        ("at",), lambda state, c: state.clock.set(c["at"]), "Set the clock to a time."
    ),
    "step_clock": Kind(
        ("seconds",),
        lambda state, c: state.clock.step(c["seconds"]),
        "Move the clock forwards, or backwards.",
    ),
    "stop_clock": Kind((), lambda state, _c: state.clock.stop(), "Stop the clock."),
    "start_clock": Kind((), lambda state, _c: state.clock.start(), "Start the clock."),
}
