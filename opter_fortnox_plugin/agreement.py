"""Whether the host speaks a contract that we understand.

A version is ``major.minor``: another major means something else, a higher
minor only adds. A host that does not say its version speaks the first one.
"""

from __future__ import annotations

import re

from opter_fortnox_plugin.contract import NEEDED, Run
from opter_fortnox_plugin.errors import SettingsWrong

#: The version of a host that does not say any.
_UNSAID = "1.0"


def refuse_other_contract(run: Run, needed: str = NEEDED) -> None:
    """Refuse a host that is too old or too new for us.

    :param needed: the oldest version that we can do with.
    :raises SettingsWrong: ``HOST_CONTRACT``, which says which side to upgrade.
    """
    said = getattr(run, "contract", _UNSAID)
    spoken, ours = _version(said), _version(needed)
    if spoken[0] == ours[0] and spoken >= ours:
        return
    too_new = spoken > ours
    raise SettingsWrong(
        "HOST_CONTRACT",
        host=".".join(map(str, spoken)) if spoken != _UNREADABLE else "?",
        needed=needed,
        upgrade_sv="insticksprogrammet" if too_new else "värdsystemet",
        upgrade_en="the plug-in" if too_new else "the host",
    )


#: Older than every version, so that the host is what has to be put right.
_UNREADABLE = (-1, -1)


def _version(said: object) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,4})\.([0-9]{1,4})", said) if isinstance(said, str) else None
    return _UNREADABLE if match is None else (int(match[1]), int(match[2]))
