"""What can be the number of an account: a slip in one that money is sent to pays somebody else."""

from __future__ import annotations

import re

from hostsim.errors import host_error

#: Characters of the name or number of the account that payments came to.
MAX_BANK_ACCOUNT_LENGTH = 100

# Not all of them 0, which every formula of check digits takes.
_BANKGIRO = re.compile(r"(?=.*[1-9])[0-9]{3,4}-?[0-9]{4}", re.ASCII)
_PLUSGIRO = re.compile(r"(?=.*[1-9])[0-9]{1,7}-?[0-9]", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)


def is_bankgiro(text: str) -> bool:
    """Return whether this can be a bankgiro number: 5050-1055 or 50501055."""
    return _BANKGIRO.fullmatch(text) is not None and _luhn_holds(text)


def is_plusgiro(text: str) -> bool:
    """Return whether this can be a plusgiro number: 901950-6 or 9019506."""
    return _PLUSGIRO.fullmatch(text) is not None and _luhn_holds(text)


def is_iban(text: str) -> bool:
    """Return whether this can be an IBAN, without spaces; ISO 13616."""
    if not _IBAN.fullmatch(text):
        return False
    digits = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return int(digits) % 97 == 1


def is_bic(text: str) -> bool:
    """Return whether this has the form of a BIC, which has no check digit; ISO 9362."""
    return _BIC.fullmatch(text) is not None


def checked_bank_account(text: str) -> str:
    """Return the bank account as it is stored; ``""`` for none.

    :raises HostError: ``BANK_ACCOUNT``.
    """
    account = text.strip()
    if not account.isprintable() or len(account) > MAX_BANK_ACCOUNT_LENGTH:
        raise host_error("BANK_ACCOUNT")
    return account


def _luhn_holds(text: str) -> bool:
    """Return whether the last digit is the check digit of the others, by Luhn's formula."""
    digits = [int(character) for character in text if character != "-"]
    doubled = [digit * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
