"""Fortnox's registers of customers and suppliers: which records are equal, and of whom they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opter_contract.export_values import Difference
from opter_fortnox_plugin.exports.problems import Problems
from opter_fortnox_plugin.exports.texts import bare_number, clean
from opter_fortnox_plugin.fortnox.protocol import Resource

#: The fields of every record: Fortnox's names, and ours.
CARD: Final = (
    ("Name", "name"),
    ("OrganisationNumber", "organisation_number"),
    ("VATNumber", "vat_number"),
    ("Address1", "address1"),
    ("ZipCode", "zip_code"),
    ("City", "city"),
    ("CountryCode", "country_code"),
)

#: Fields that the contract names differently.
_IN_CONTRACT: Final = {"zip_code": "zip", "country_code": "country"}


def card_texts(party: Any, fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the host's data of a customer or supplier, cleaned for Fortnox, by our names.

    :param fields: as in :data:`CARD`.
    """
    texts = {name: clean(getattr(party, _IN_CONTRACT.get(name, name), "")) for _, name in fields}
    return texts | {"country_code": texts["country_code"].upper()}


@dataclass(frozen=True, slots=True)
class PartyRegister:
    """Fortnox's register of customers, or of suppliers.

    :ivar read, write: convert a record from a response, and for a request.
    :ivar fields: the compared fields: Fortnox's names, and ours.
    :ivar bank: the fields of each way to pay; the first way whose first field is filled in is used.
    :ivar has_filters: the list can be sorted, and filtered by change and organisation number.
    """

    resource: Resource
    number_key: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Mapping[str, Any]]
    fields: Sequence[tuple[str, str]]
    problems: Problems
    bank: Sequence[Sequence[tuple[str, str]]] = ()
    has_filters: bool = True

    def differences(self, ours: Any, theirs: Any) -> list[Difference]:
        """Return the fields that are filled in here and differ there."""
        return [
            Difference(name, mine, other)
            for name, field in self.fields
            if (mine := getattr(ours, field))
            and _normalised(name, mine) != _normalised(name, other := getattr(theirs, field))
        ]

    def is_recognised(self, ours: Any, theirs: Any) -> bool:
        """Return whether a record that nothing was exported with may be this party's.

        By its organisation number or VAT number, or else by its name, if both have one.
        """
        if _numbers(ours) & _numbers(theirs):
            return True
        names = {bare_number(party.name) for party in (ours, theirs) if party.name}
        return len(names) < 2

    def have_other_vat_numbers(self, one: Any, other: Any) -> bool:
        """Return whether two records have two VAT numbers, and no number that is equal.

        One may lack its country.
        """
        mine, theirs = (_normalised("VATNumber", party.vat_number) for party in (one, other))
        if mine.endswith(theirs) or theirs.endswith(mine):
            return False
        return not _numbers(one) & _numbers(other)

    def is_same(self, one: Any, other: Any, *, one_code: bool = False) -> bool:
        """Return whether two records are of the same customer or supplier.

        Name and organisation number must be equal, or if there is no number, all that both have.

        :param one_code: they have one code at the host, in two regions: the number is enough then,
            or if there is none, the name and the bank details that both have.
        """
        same_name = _is_equal("Name", one, other)
        if not _is_equal("OrganisationNumber", one, other):
            return False
        if one.organisation_number:
            return same_name or one_code
        if self.have_other_vat_numbers(one, other):
            return False
        differences = self.bank_differences(one, other)
        if not one_code:
            differences += self.differences(one, other)
        return same_name and not any(difference.theirs for difference in differences)

    def still_agrees(self, ours: Any, theirs: Any) -> bool:
        """Return whether one that shares a record with others may still do so.

        The organisation number must be equal, or if one of them has none, the name, and the VAT
        number and bank details that both have.
        """
        if ours.organisation_number and theirs.organisation_number:
            return _is_equal("OrganisationNumber", ours, theirs)
        if self.have_other_vat_numbers(ours, theirs):
            return False
        bank = self.bank_differences(ours, theirs)
        same_name = bare_number(ours.name) == bare_number(theirs.name)
        return same_name and not any(difference.theirs for difference in bank)

    def bank_differences(self, ours: Any, theirs: Any) -> list[Difference]:
        """Return the bank details that lead to another account than ours.

        Those of ours that differ there; those that would be used before ours; and those that
        belong to a changed account, such as its clearing number.
        """
        changes: list[Difference] = []
        is_ours = False
        for way in self.bank if any(getattr(ours, way[0][1]) for way in self.bank) else ():
            pairs = [(name, getattr(ours, attr), getattr(theirs, attr)) for name, attr in way]
            if _account_parts(mine for _, mine, _ in pairs) == _account_parts(
                other for _, _, other in pairs
            ):
                is_ours = is_ours or bool(pairs[0][1])
                continue
            changed = [
                Difference(name, mine, other)
                for name, mine, other in pairs
                if _normalised_account(mine) != _normalised_account(other)
            ]
            if pairs[0][1]:
                is_ours = True
                # An account without such details here keeps those that it has there.
                same = not any(difference.ours for difference in changed)
                changes += [] if same else changed
            elif not is_ours:
                changes += [difference for difference in changed if difference.field == pairs[0][0]]
        return changes


def _account_parts(texts: Iterable[str]) -> str:
    """Return the parts of an account, which may be in one field or two."""
    return "".join(sorted(filter(None, map(_normalised_account, texts)), key=len))


def _normalised_account(text: str) -> str:
    """Return an account's number, or a BIC without the branch that means the head office."""
    bare = bare_number(text)
    return bare.removesuffix("XXX") if len(bare) == _BIC_WITH_BRANCH else bare


_BIC_WITH_BRANCH: Final = 11


def _numbers(party: Any) -> set[str]:
    """Return the numbers that are of one company alone: of a VAT number also what it contains."""
    organisation = _normalised("OrganisationNumber", party.organisation_number)
    vat_number = _normalised("VATNumber", party.vat_number)
    contained = _SWEDISH_VAT_NUMBER.fullmatch(vat_number)
    return {organisation, vat_number, contained[1] if contained else ""} - {""}


def _is_equal(name: str, one: Any, other: Any) -> bool:
    """Return whether two records have equal values of a field, by Fortnox's name of it."""
    mine, theirs = (_normalised(name, getattr(party, _ATTRIBUTES[name])) for party in (one, other))
    return mine == theirs


_ATTRIBUTES: Final = dict(CARD)


#: Fields with different notations.
_NORMALISED: Final = frozenset({"OrganisationNumber", "VATNumber", "ZipCode"})


def _normalised(name: str, text: str) -> str:
    """Return text without differences in notation."""
    if name not in _NORMALISED:
        return text
    bare = bare_number(text)
    is_long = name == "OrganisationNumber" and _LONG_ORGANISATION_NUMBER.fullmatch(bare)
    return bare[2:] if is_long else bare


#: With 16 before it, as a century before the number of a person; a company's third digit is at
#: least 2, so that it is no month.
_LONG_ORGANISATION_NUMBER: Final = re.compile(r"16[0-9]{2}[2-9][0-9]{7}")

#: A Swedish VAT number is the organisation number between SE and 01.
_SWEDISH_VAT_NUMBER: Final = re.compile(r"(?:SE)?([0-9]{10})01")
