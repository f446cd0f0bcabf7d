"""How Fortnox refuses: a status, a code, and a sentence in Swedish."""

from __future__ import annotations

PARAMETER = 2000588
FILTER = 2000587
NUMERIC = 2000108
INVOICE_NOT_FOUND = 2000434
NO_SCOPE = 2000663
NO_MODULE_LICENCE = 2001101
NO_API_LICENCE = 2001103
BEFORE_INVOICE = 2001089
NO_DATA = 2001392
FIELD_NAME = 2001399
FIELD_MISSING = 2001795
BAD_JSON = 2002115
RESPONSE_TYPE = 1000030
CONTENT_TYPE = 1000031
NO_CREDENTIALS = 2000311


class Refused(Exception):
    """A request that Fortnox would refuse.

    The message is Fortnox's own where it is known, otherwise worded alike.
    """

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def bad_parameter() -> Refused:
    return Refused(PARAMETER, "Ogiltig parameter i anropet.")


def invoice_not_found() -> Refused:
    return Refused(INVOICE_NOT_FOUND, "Kan inte hitta fakturan.", 404)
