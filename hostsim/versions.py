"""Which versions of the contract understand each other.

A version is ``major.minor``. Another major means that something was taken away
or changed its meaning; a higher minor, that something was added which nobody
has to know. So a plug-in says the oldest version that it can do with, and fits
every host of the same major that is not older.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hostsim.messages import texts
from hostsim.messages.texts import Text
from opter_contract.hooks import CONTRACT, UNSAID

_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


class Version(NamedTuple):
    """A version of the contract."""

    major: int
    minor: int

    @classmethod
    def of(cls, said: object) -> Version | None:
        """Read ``"1.0"``; ``None`` for anything else, a number among them."""
        match = _VERSION.fullmatch(said) if isinstance(said, str) else None
        return None if match is None else cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def why_not_spoken(said: object, host: str = CONTRACT) -> Text | None:
    """Say why a plug-in that needs this version does not fit the host; ``None`` where it does.

    :param said: what the plug-in says, :data:`~opter_contract.hooks.UNSAID` where it says nothing.
    :param host: the version that the host speaks.
    """
    needed, spoken = Version.of(said), Version.of(host)
    if needed is None or spoken is None:
        return texts.contract_unreadable(type(said).__name__)
    if needed.major < spoken.major:
        return texts.contract_too_old(str(needed), host)
    if needed > spoken:
        return texts.contract_too_new(str(needed), host)
    return None


def contract_of(plugin: object) -> object:
    """Tell which version a plug-in says that it needs."""
    return getattr(plugin, "opter_contract", UNSAID)
