"""Changes of books, rights, tokens and clock, from JSON.

Such as ``{"do": "book_payment", "company": 17, "number": 3}``; :data:`KINDS` lists them
all. Without ``company`` it is the first. A change is made at once, or before the n-th request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hostsim.sandbox import invoicing, payments, records, supplier_invoicing, validation
from hostsim.sandbox.clock import RANGE, STOCKHOLM, within
from hostsim.sandbox.errors import PERIOD_LOCKED, Refused
from hostsim.sandbox.json_books import fields_of
from hostsim.sandbox.pending_logins import SCOPES
from hostsim.sandbox.state import Company, Invoice, Payment, State
from hostsim.sandbox.validation import Validator

Content = Mapping[str, Any]
Maker = Callable[[State, Content], object]


@dataclass(frozen=True)
class Kind:
    """A kind of change."""

    needs: tuple[str, ...]
    make: Maker
    description: str
    may: tuple[str, ...] = ()
    """What it takes besides."""


def change_of(content: object) -> Callable[[State], object]:
    """Read a change, to be made now or later.

    Raises ``ValueError`` with a sentence when it makes no sense; making it
    raises ``LookupError`` when what it changes is not there (any more).
    """
    given = validation.OBJECT.read(content)
    do = validation.validate("do", validation.choice(*KINDS), given.pop("do", None))
    kind = KINDS[do]
    fields = {name: FIELDS[name] for name in ("company", *kind.needs, *kind.may)}
    read = validation.read(fields, given, kind.needs)
    _check_record(do, read)

    def make(state: State) -> object:
        # Not between the changes of a request that may have to be undone.
        with state.tokens.lock:
            try:
                return kind.make(state, read)
            except Refused as refused:
                raise ValueError(refused.message) from refused

    return make


def checked_change(content: object) -> object:
    """Return a change as it was sent, where it makes sense. Raises ``ValueError``."""
    change_of(content)
    return content


# --- Reading what a change needs --------------------------------------------


def _seconds(value: Any) -> timedelta:
    if type(value) not in {int, float, Decimal}:
        raise TypeError(value)
    return timedelta(seconds=float(value))


def _time(value: Any) -> datetime:
    at = within(datetime.fromisoformat(value))
    return at.replace(tzinfo=STOCKHOLM) if at.tzinfo is None else at


def _key(value: Any) -> str:
    return str(value) if type(value) is int else str(validation.TEXT.read(value))


SCOPE_NAMES = validation.choice(*SCOPES)

#: Times of the clock.
TIME = Validator(f"a time {RANGE}", _time, "without a zone it is wall time in Stockholm")
SECONDS = Validator("a number of seconds", _seconds, "also below 0")

#: Records of the books, and the field of a change that holds one.
RECORDS = {"invoice": Invoice, "payment": Payment}

FIELDS: Mapping[str, Validator] = {
    "company": validation.integer(0).meaning("of a company; the first by default"),
    "number": validation.integer(0).meaning("of the payment, invoice or supplier invoice"),
    **{
        name: Validator(
            f"an object with fields of {kind.__name__}",
            partial(fields_of, kind),
            f"a new one needs {', '.join(validation.needed_by(kind))}",
        )
        for name, kind in RECORDS.items()
    },
    "scope": SCOPE_NAMES,
    "scopes": validation.or_null(validation.listed(SCOPE_NAMES)),
    "error": validation.or_null(validation.TEXT).meaning("what error= says"),
    "at": TIME,
    "seconds": SECONDS,
    "register": records.NAMES,
    "record": validation.OBJECT.meaning("with the register's fields of Fortnox"),
    "key": Validator("the number or the code of the record", _key),
    "user": validation.TEXT.meaning("the name of a user"),
    "set_up": records.SET_UP,
    "years": records.YEARS,
    "until": validation.or_null(validation.DAY),
    "day": validation.DAY,
    "amount": validation.AMOUNT,
}


def _check_record(do: str, given: Content) -> None:
    """Find out now what a record to be added lacks, or a change may not change."""
    for name, kind in RECORDS.items():
        missing = [one for one in validation.needed_by(kind) if one not in given.get(name, ())]
        if do == f"add_{name}" and missing:
            raise validation.ValidationError(f"{name} needs {', '.join(missing)}")
        if do == f"change_{name}" and "number" in given[name]:
            raise validation.ValidationError(f"{name}.number cannot be changed")


# --- Making changes ---------------------------------------------------------

NUMBER = ("number",)
USER = ("user",)


def _at(company: Callable[[Company, Content], object]) -> Maker:
    return lambda state, content: company(state.company(content.get("company")), content)


def _numbered(change: Callable[[Company, int], object], says: str) -> Kind:
    """Change what has a number."""
    return Kind(NUMBER, _at(lambda company, content: change(company, content["number"])), says)


def _set(name: str, value: object, says: str) -> Kind:
    return Kind((), _at(lambda company, _content: setattr(company, name, value)), says)


def _scopes(name: str, says: str, *, add: bool) -> Kind:
    def change(company: Company, content: Content) -> None:
        scopes: set[str] = getattr(company, name)
        (scopes.add if add else scopes.discard)(content["scope"])

    return Kind(("scope",), _at(change), says)


def _of_person(name: str, says: str, *, add: bool) -> Kind:
    """Change scopes of one person where a user is named, else of the company."""
    of_company = _scopes(name, says, add=add).make

    def change(state: State, content: Content) -> None:
        if "user" not in content:
            of_company(state, content)
            return
        user = state.users.get(content["user"])
        if user is None:
            raise LookupError(f"user {content['user']}")
        scope = {content["scope"]}
        scopes = getattr(user, name) | scope if add else getattr(user, name) - scope
        state.users[user.name] = replace(user, **{name: scopes})

    return Kind(("scope",), change, says, USER)


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
    """Credit an invoice; Fortnox's program refuses what the API may allow by a switch."""
    if _invoice(company, number).credited_by:
        raise ValueError("Fakturan är redan krediterad.")
    invoicing.check_lock(company, company.today(), PERIOD_LOCKED)
    invoicing.credit(company, number)


def _add_payment(company: Company, content: Content) -> None:
    company.add_payment(Payment(**_completed(company, content["payment"])))


def _change_payment(company: Company, content: Content) -> None:
    number = content["number"]
    before = company.payment(number)
    if before is None:
        raise LookupError(f"payment {number}")
    company.change_payment(number, **_completed(company, content["payment"], before))


def _completed(company: Company, given: Content, before: Payment | None = None) -> dict[str, Any]:
    invoice = _invoice(company, given.get("invoice_number", before and before.invoice_number))
    try:
        return payments.completed(company, given, invoice, before)
    except Refused as refused:
        raise ValueError(f"payment: {refused.message}") from refused


def _pay(company: Company, content: Content) -> None:
    """Add a booked payment of an invoice, of its balance unless an amount is given."""
    invoice = _invoice(company, content["number"])
    amount = content.get("amount", invoice.balance)
    # What Fortnox Finans has taken over is paid to Finans.
    source = "finance" if invoice.factored else "manual"
    company.pay(invoice, amount, content.get("day", company.today()), source)


def _known(scopes: tuple[str, ...] | None) -> list[str]:
    """Return scopes in the order of the documentation; ``None`` for all."""
    return [one for one in SCOPES if scopes is None or one in scopes]


KINDS: Mapping[str, Kind] = {
    "add_invoice": Kind(
        ("invoice",),
        _at(lambda company, c: company.add_invoice(Invoice(**c["invoice"]))),
        "Add an invoice.",
    ),
    "change_invoice": Kind(
        ("number", "invoice"),
        _at(lambda company, c: company.change_invoice(c["number"], **c["invoice"])),
        "Change fields of an invoice.",
    ),
    "delete_invoice": _numbered(Company.delete_invoice, "Delete an invoice."),
    "add_payment": Kind(
        ("payment",),
        _at(_add_payment),
        "Add a payment.",
    ),
    "change_payment": Kind(
        ("number", "payment"),
        _at(_change_payment),
        "Change fields of a payment, booked or not.",
    ),
    "book_payment": _numbered(Company.book_payment, "Book a payment."),
    "unbook_payment": _numbered(Company.unbook_payment, "Undo the booking of a payment."),
    "touch_payment": _numbered(Company.touch_payment, "Count a payment as modified now."),
    "delete_payment": _numbered(Company.delete_payment, "Delete a payment, booked or not."),
    "book_invoice": _numbered(Company.book_invoice, "Book an invoice."),
    "cancel_invoice": _numbered(
        lambda company, number: company.change_invoice(number, cancelled=True), "Cancel an invoice."
    ),
    "credit_invoice": _numbered(_credit, "Make an unbooked invoice that credits this one."),
    "settle_credit": _numbered(
        Company.settle_credit,
        "Settle a credit invoice against the invoice that it credits, as far as both remain.",
    ),
    "send_invoice": _numbered(
        lambda company, number: company.change_invoice(number, sent=True),
        "Mark an invoice as sent.",
    ),
    "pay_invoice": Kind(
        NUMBER,
        _at(_pay),
        "Pay an invoice, booked; in its currency, its balance unless amount is given.",
        ("amount", "day"),
    ),
    "book_supplier_invoice": _numbered(supplier_invoicing.book, "Book a supplier invoice."),
    "cancel_supplier_invoice": _numbered(
        supplier_invoicing.cancel_there, "Cancel a supplier invoice."
    ),
    "pay_supplier_invoice": Kind(
        NUMBER,
        _at(
            lambda company, c: supplier_invoicing.pay(
                company, c["number"], c.get("day", company.today())
            )
        ),
        "Pay a supplier invoice in full.",
        ("day",),
    ),
    "put_record": Kind(
        ("register", "record"),
        _at(
            lambda company, c: records.put(
                company.registers, c["register"], c["record"], company.clock.now()
            )
        ),
        "Add a record to a register, by Fortnox's field names, or change fields of it.",
    ),
    "delete_record": Kind(
        ("register", "key"),
        _at(lambda company, c: records.delete(company.registers, c["register"], c["key"])),
        "Delete a record of a register; the number of a customer stays used.",
    ),
    "set_up": Kind(
        ("set_up",),
        _at(lambda company, c: company.registers.change_set_up(**c["set_up"])),
        "Change how a company has set up its invoicing: fees, VAT rates, locking and so on.",
    ),
    "lock_period": Kind(
        ("until",),
        _at(lambda company, c: company.registers.change_set_up(locked_until=c["until"])),
        "Lock the books up to a day; null unlocks them.",
    ),
    "set_financial_years": Kind(
        ("years",),
        _at(lambda company, c: setattr(company.registers, "years", c["years"])),
        "Set the financial years; null for the calendar years up to the present one.",
    ),
    "withdraw_right": _of_person(
        "forbidden", "Take the right to a register from everybody, or from one user.", add=True
    ),
    "restore_right": _of_person("forbidden", "Restore that right.", add=False),
    "register_scopes": Kind(
        ("scopes",),
        lambda state, c: setattr(
            state, "registered_scopes", None if c["scopes"] is None else frozenset(c["scopes"])
        ),
        "Register the program for these scopes alone; a login with others is refused.",
    ),
    "withdraw_licence": _set("integration_licence", False, "End the integration licence."),
    "restore_licence": _set("integration_licence", True, "Restore the integration licence."),
    "withdraw_scope": _scopes("withdrawn", "Withdraw a scope from tokens that have it.", add=True),
    "restore_scope": _scopes("withdrawn", "Restore a scope.", add=False),
    "withdraw_module": _of_person(
        "unlicensed",
        "End the licence of the module behind a scope, for the company or for one user.",
        add=True,
    ),
    "restore_module": _of_person("unlicensed", "Restore that licence.", add=False),
    "lock_company": _set("locked", True, "Lock a company: logins come back with nothing."),
    "unlock_company": _set("locked", False, "Unlock a company."),
    "refuse_consent": Kind(
        ("error",),
        _at(lambda company, c: setattr(company, "consent_error", c["error"])),
        "Let logins come back with an error; null ends that.",
    ),
    "give_consent": Kind(
        (),
        lambda state, c: state.consent(_known(c.get("scopes")), c.get("company")),
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
