"""An item as it should look in Fortnox, and whether a document there is that item."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from opter_fortnox_plugin.exports.outcomes import Document
from opter_fortnox_plugin.exports.problems import Problem
from opter_fortnox_plugin.exports.texts import MARK


@dataclass(frozen=True, slots=True)
class Content:
    """An item as it should look in Fortnox.

    :ivar ours: the invoice or supplier invoice.
    :ivar card: the record of its customer or supplier.
    :ivar party_id: identifies that party at the host.
    :ivar host_total: the host's total, with VAT.
    :ivar problem: why it cannot be written; it can be compared anyway.
    """

    ours: Any
    card: Any
    party_id: str
    host_total: Decimal
    problem: Problem | None = None


def party_id(region: str, code: str) -> str:
    """Return what identifies a customer or supplier at the host, as messages show it."""
    return f"{region}/{code}" if region else code


def have_one_code(one_id: str, other_id: str) -> bool:
    """Return whether two parties have the same code, in one region or in two."""
    return one_id.rpartition("/")[2] == other_id.rpartition("/")[2]


def is_ours(ours: Document, theirs: Document) -> bool:
    """Return whether a document in Fortnox has the mark of this item."""
    return theirs.external_reference == ours.external_reference


def is_marked(theirs: Document) -> bool:
    """Return whether a document in Fortnox has the mark of an item of ours."""
    return theirs.external_reference.startswith(MARK)


def is_of_another(mark: str, theirs: Document) -> bool:
    """Return whether a document in Fortnox has the mark of another item of ours than this one."""
    return is_marked(theirs) and theirs.external_reference != mark
