"""Which language a program speaks: Swedish, unless English is asked for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence


def asked(arguments: Sequence[str], environment: Mapping[str, str], variable: str = "") -> str:
    """Find the language before anything is parsed, so that refusals speak it too.

    ``--lang`` decides, then ``variable`` of the environment, then an English locale; another
    language than the two decides nothing.

    :return: ``en`` or ``sv``.
    """
    told = [_of_locale(environment), environment.get(variable, "")]
    for word, following in itertools.pairwise([*arguments, ""]):
        if word == "--lang":
            told.append(following)
        elif word.startswith("--lang="):
            told.append(word.removeprefix("--lang="))
    return next((one for one in reversed(told) if one in {"en", "sv"}), "sv")


def _of_locale(environment: Mapping[str, str]) -> str:
    """Return the language of messages, by the first of the three that is set, as POSIX has it."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return re.split("[_.@-]", locale)[0].lower()
