"""The state of a sandbox: companies, users and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hostsim.sandbox.clock import Clock
from hostsim.sandbox.company import Company
from hostsim.sandbox.scopes import SCOPES
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import CONSENTS, Grant, Tokens


@dataclass(frozen=True)
class StateSnapshot:
    """Everything but tokens, at one time."""

    companies: Mapping[int, Mapping[str, Any]]
    users: Mapping[str, User]
    registered_scopes: frozenset[str]
    clock: tuple[timedelta, datetime | None]
    consents: Mapping[str, Mapping[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class User:
    """A person who can sign in."""

    id: int
    name: str
    password: str = field(repr=False)
    companies: tuple[int, ...]
    admin: bool = True
    unlicensed: frozenset[str] = frozenset()
    """Scopes of modules that the user has no licence for."""

    forbidden: frozenset[str] = frozenset()
    """Scopes of registers that the user has no right to."""


class State:
    """All companies, users and tokens of one sandbox."""

    def __init__(self, clock: Clock | None = None, switches: Switches | None = None) -> None:
        self.clock = clock or Clock()
        self.switches = switches or Switches()
        self.tokens = Tokens(self.clock, self.switches)
        self.companies: dict[int, Company] = {}
        self.users: dict[str, User] = {}
        #: The scopes of the program in the developer portal.
        self.registered_scopes = frozenset(SCOPES)
        #: The user whose name and password the login page shows.
        self.shown_user: str | None = None
        #: Of the registered program; set by the sandbox.
        self.client_id = ""

    def configure(self, clock: Clock | None, switches: Switches) -> None:
        """Set clock and switches, here and in the tokens and companies."""
        self.clock = clock or self.clock
        self.switches = switches
        self.tokens.clock = self.clock
        self.tokens.switches = switches
        for company in self.companies.values():
            company.clock = self.clock
            company.switches = switches

    def snapshot(self) -> StateSnapshot:
        return StateSnapshot(
            {number: company.snapshot() for number, company in self.companies.items()},
            dict(self.users),
            self.registered_scopes,
            self.clock.snapshot(),
            self.tokens.snapshot(CONSENTS),
        )

    def restore(self, before: StateSnapshot) -> None:
        """Restore books, rights, users, consents and clock; tokens stay valid."""
        for number in self.companies.keys() - before.companies.keys():
            del self.companies[number]
        for number, company in self.companies.items():
            company.restore(before.companies[number])
        self.users = dict(before.users)
        self.registered_scopes = before.registered_scopes
        self.clock.restore(before.clock)
        self.tokens.restore(before.consents)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Roll back every change made within, tokens included, if one of them fails.

        Other threads wait: they neither change anything nor use or get a token.
        """
        with ExitStack() as locks:
            locks.enter_context(self.tokens.lock)
            for company in self.companies.values():
                locks.enter_context(company.lock)
            before, tokens = self.snapshot(), self.tokens.snapshot()
            try:
                yield
            except Exception:
                self.restore(before)
                self.tokens.restore(tokens)
                raise

    def add_company(self, number: int, name: str, **details: str) -> Company:
        company = Company(number, name, clock=self.clock, **details)
        company.switches = self.switches
        self.companies[number] = company
        return company

    def add_user(
        self,
        name: str,
        password: str,
        companies: Iterable[int] | None = None,
        *,
        admin: bool = True,
        unlicensed: Iterable[str] = (),
        forbidden: Iterable[str] = (),
    ) -> User:
        """Add a user of these companies, or of all."""
        numbers = tuple(self.companies if companies is None else companies)
        user = User(
            id=len(self.users) + 1,
            name=name,
            password=password,
            companies=numbers,
            admin=admin,
            unlicensed=frozenset(unlicensed),
            forbidden=frozenset(forbidden),
        )
        self.users[name] = user
        return user

    def has_right(self, grant: Grant, scope: str) -> bool:
        """Whether a grant has the right to a scope's register.

        A service account has the rights of the company, not those of a person.
        """
        user = self.user_of(grant)
        forbidden = self.company(grant.company).forbidden
        return scope not in forbidden and not (user and scope in user.forbidden)

    def user_of(self, grant: Grant) -> User | None:
        """Return the user of a grant; ``None`` for a service account, which has its own rights."""
        if grant.service:
            return None
        return next((user for user in self.users.values() if user.id == grant.user), None)

    def unlicensed(self, grant: Grant) -> frozenset[str]:
        """Return the scopes of modules that the company, or the user, has no licence for."""
        user = self.user_of(grant)
        user_scopes = user.unlicensed if user else frozenset()
        return user_scopes | self.company(grant.company).unlicensed

    def licensed_scopes(self, grant: Grant) -> tuple[str, ...]:
        """Return the scopes for a grant's tokens; none if a licence is missing."""
        company_unlicensed = self.company(grant.company).unlicensed
        missing = self.unlicensed(grant) & set(grant.scopes)
        refused: frozenset[str] = frozenset()
        if self.switches.unlicensed_at_login == "refused":
            refused |= missing & company_unlicensed
        if self.switches.person_unlicensed == "refused":
            refused |= missing - company_unlicensed
        return () if refused else tuple(scope for scope in grant.scopes if scope not in missing)

    def company(self, number: int | str | None = None) -> Company:
        """Return a company by its number, or the first one. Raises ``KeyError``."""
        number = int(next(iter(self.companies), -1) if number is None else number)
        if number not in self.companies:
            raise KeyError(f"company {number}")
        return self.companies[number]

    # --- Consents, licences, scopes ---

    def consent(self, scopes: Iterable[str], company: int | str | None = None) -> None:
        """Consent to a service account, as an administrator."""
        number = self.company(company).number
        self.tokens.consent(Grant(self.client_id, number, 1, tuple(scopes)))

    def withdraw_consent(self, company: int | str | None = None, user: str | None = None) -> None:
        """Withdraw the consent for service accounts, or a user's. Raises ``KeyError``."""
        user_id = None if user is None else self.users[user].id
        self.tokens.withdraw_consent(self.company(company).number, user_id)

    def withdraw_licence(self, company: int | str | None = None) -> None:
        self.company(company).integration_licence = False

    def restore_licence(self, company: int | str | None = None) -> None:
        self.company(company).integration_licence = True

    def withdraw_scope(self, scope: str, company: int | str | None = None) -> None:
        """Withdraw a scope from tokens that have it."""
        self.company(company).withdrawn.add(scope)

    def restore_scope(self, scope: str, company: int | str | None = None) -> None:
        self.company(company).withdrawn.discard(scope)
