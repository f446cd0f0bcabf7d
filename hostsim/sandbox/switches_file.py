"""A file of switches, as ``python -m opter_fortnox_plugin probe --switches FILE`` writes it.

The probe names what it has found out, ``{"switches": {"default_limit": 100, …}}``. Whoever
writes it does not know what is a switch here, so what is none is left and named.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from hostsim.sandbox.switches import Switches


class Found(NamedTuple):
    """The switches of a file."""

    switches: Switches
    #: Names of what is no switch here, or has a value that the switch does not take.
    not_taken: list[str]


def read(path: Path) -> Found:
    """Read a file of switches.

    :raises OSError: where it cannot be read.
    :raises ValueError: where it is not such a file.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    values = content.get("switches") if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise ValueError('it is no object with "switches"')
    switches, not_taken = Switches(), []
    for name, value in values.items():
        try:
            switches = switches.changed({name: value})
        except ValueError:
            not_taken.append(name)
    return Found(switches, not_taken)
