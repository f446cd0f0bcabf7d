"""OCR references: the numbers by which a bank matches a payment with its invoice."""

from functools import lru_cache


@lru_cache(100_000)
def ocr_of(number: int) -> str:
    """Make an OCR reference as Fortnox does: the number, the length, a Luhn digit.

    Invoice 1 has 133, 10 has 1040, 103 has 10355, as recorded.
    """
    digits = f"{number}{(len(str(number)) + 2) % 10}"
    return f"{digits}{luhn_digit(digits)}"


def luhn_digit(digits: str) -> int:
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(digits)))
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def ocr_is_valid(text: str) -> bool:
    """Return whether the last digit is the Luhn digit of the others."""
    return text.isascii() and text.isdigit() and luhn_digit(text[:-1]) == int(text[-1])
