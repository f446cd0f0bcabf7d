"""Which language a program speaks: Swedish, unless English is asked for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence


def asked(arguments: Sequence[str], environment: Mapping[str, str], variable: str = "") -> str:
    """Return the language before arguments are parsed, so that errors use it, too.

    ``--lang`` decides, then ``variable`` of the environment, then an English locale; other
    languages are ignored.

    :return: ``en`` or ``sv``.
    """
    candidates = [_of_locale(environment), environment.get(variable, "")]
    for word, following in itertools.pairwise([*arguments, ""]):
        if word == "--lang":
            candidates.append(following)
        elif word.startswith("--lang="):
            candidates.append(word.removeprefix("--lang="))
    return next((language for language in reversed(candidates) if language in {"en", "sv"}), "sv")


def _of_locale(environment: Mapping[str, str]) -> str:
    """Return the language of messages, by the first locale variable that is set, as in POSIX."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return re.split("[_.@-]", locale)[0].lower()
