"""Fortnox's errors: a status, a code, and a message in Swedish."""

from __future__ import annotations

SYSTEM_EXCEPTION = 1000003
ALPHANUMERIC = 2000106
BOOLEAN = 2000134
CHARACTERS = 2000359
STRUCTURE = 2002649
IDENTIFIER = 2000729
PERIOD_LOCKED = 2000401
PERIOD_LOCKED_BOOKING = 2002141
ACCOUNT_INACTIVE = 2000550
COST_CENTER_REQUIRED = 2000946
COST_CENTER_INACTIVE = 2000947
COUNTRY = 2000919
CUSTOMER_NOT_FOUND = 2000433
CUSTOMER_NUMBER_USED = 2000637
ARTICLE_NOT_FOUND = 2000428
TERMS_NOT_FOUND = 2000429
PRICE_LIST_NOT_FOUND = 2000431
UNIT_NOT_FOUND = 2000432
TERMS_OF_DELIVERY_NOT_FOUND = 2000435
PROJECT_NOT_FOUND = 2001161
NOT_COMPLETED = 2003498
ROW_WITHOUT_DESCRIPTION = 2003977
ALREADY_PAID = 2003055
UNBALANCED = 2000755
#: For a missing right, by route or scope; other codes are not known.
NO_RIGHT = {"GET /3/invoices": 2001339, "invoice": 2001393, "payment": 2003330}
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

    The message is Fortnox's own if it is known, otherwise worded alike.
    """

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class AttachmentRefused(Exception):
    """A request that the attachments service would refuse, with a word as code."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def bad_parameter() -> Refused:
    return Refused(PARAMETER, "Ogiltig parameter i anropet.")


def invoice_not_found(status: int = 404) -> Refused:
    return Refused(INVOICE_NOT_FOUND, "Kan inte hitta fakturan.", status)
