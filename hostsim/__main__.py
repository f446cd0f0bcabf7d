"""Where ``hostsim`` and ``python -m hostsim`` begin."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence

from hostsim import errors
from hostsim.messages import text as text_messages
from opter_contract import languages

#: What the command line cannot start without; the plug-in's own needs are its own.
NEEDED = ("click", "rich", "filelock")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    language = languages.asked(given, os.environ, "HOSTSIM_LANG")
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        missing = errors.host_error("NOT_INSTALLED")
        sys.stderr.write(f"{missing.code}: {text_messages.say(missing.message, language)}\n")
        return errors.exit_status(missing)
    from hostsim.cli import main as cli_main  # noqa: PLC0415 - click may not be there

    return cli_main.run(given, language, last=arguments is None)


if __name__ == "__main__":
    sys.exit(main())
