"""Which versions of the contract understand each other.

A version is ``major.minor``. Another major means that something was taken away or changed its
meaning; a higher minor, that something was added which nobody has to know. So a plug-in says
the oldest version that it supports, and fits every host of the same major that is not older.
"""

from __future__ import annotations

import re
from enum import Enum

#: The version of the contract, and that of whoever does not say any.
CONTRACT = "1.0"
UNSAID = "1.0"

_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


class Mismatch(Enum):
    """Why a plug-in does not fit a host."""

    UNREADABLE = "unreadable"
    """What the plug-in or the host says is no version."""
    PLUGIN_TOO_OLD = "too old"
    """Upgrade the plug-in."""
    PLUGIN_TOO_NEW = "too new"
    """Upgrade the host."""


def mismatch(needed: object, spoken: object = CONTRACT) -> Mismatch | None:
    """Tell why a plug-in does not fit a host; ``None`` where it does.

    :param needed: the oldest version that the plug-in supports.
    :param spoken: the version that the host speaks.
    """
    plugin, host = _version(needed), _version(spoken)
    if plugin is None or host is None:
        return Mismatch.UNREADABLE
    if plugin[0] < host[0]:
        return Mismatch.PLUGIN_TOO_OLD
    if plugin > host:
        return Mismatch.PLUGIN_TOO_NEW
    return None


def needed_by(plugin: object) -> object:
    """Give the version that a plug-in says it needs, whatever that is."""
    return getattr(plugin, "opter_contract", UNSAID)


def _version(said: object) -> tuple[int, int] | None:
    match = _VERSION.fullmatch(said) if isinstance(said, str) else None
    return None if match is None else (int(match[1]), int(match[2]))
