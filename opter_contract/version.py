"""Which versions of the contract understand each other.

A version is ``major.minor``. Another major means that something was removed or changed its
meaning; a higher minor, that something optional was added. So a plug-in states the oldest version
that it supports, and works with every host of the same major that is not older.
"""

from __future__ import annotations

import re
from enum import Enum

#: The version of this contract.
CONTRACT_VERSION = "1.0"

#: The version of a host or a plug-in that states none.
DEFAULT_VERSION = "1.0"

_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


class Mismatch(Enum):
    """Why a plug-in does not work with a host."""

    UNREADABLE = "unreadable"
    """The plug-in or the host states an invalid version."""
    PLUGIN_TOO_OLD = "too old"
    """Upgrade the plug-in."""
    PLUGIN_TOO_NEW = "too new"
    """Upgrade the host."""


def mismatch(required: object, offered: object = CONTRACT_VERSION) -> Mismatch | None:
    """Compare the versions of a plug-in and a host; ``None`` if they work together.

    :param required: the oldest version that the plug-in supports.
    :param offered: the version of the host.
    """
    plugin, host = _parse(required), _parse(offered)
    if plugin is None or host is None:
        return Mismatch.UNREADABLE
    if plugin[0] < host[0]:
        return Mismatch.PLUGIN_TOO_OLD
    if plugin > host:
        return Mismatch.PLUGIN_TOO_NEW
    return None


def required_version(plugin: object) -> object:
    """Return the version that a plug-in states, of any type."""
    return getattr(plugin, "opter_contract_version", DEFAULT_VERSION)


def _parse(version: object) -> tuple[int, int] | None:
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    return None if match is None else (int(match[1]), int(match[2]))
