"""Where ``hostsim`` and ``python -m hostsim`` begin."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence

from hostsim import errors
from hostsim.messages import text as text_messages
from opter_contract.programs import languages

#: What the command line cannot start without; the plug-in's own needs are its own.
NEEDED = ("click", "rich", "filelock")

#: What the extra ``sandbox`` installs, with which ``hostsim sandbox`` runs, too.
SANDBOX_NEEDED = ("flask", "waitress")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    language = languages.asked(typed, os.environ, "HOSTSIM_LANG")
    if not _are_there(NEEDED):
        if typed[:1] == ["sandbox"] and _are_there(SANDBOX_NEEDED):
            from hostsim.sandbox.__main__ import main as sandbox  # noqa: PLC0415 - likewise

            return sandbox(["--lang", language, *typed[1:]])
        missing = errors.host_error("NOT_INSTALLED")
        sys.stderr.write(f"{missing.code}: {text_messages.say(missing.message, language)}\n")
        return errors.exit_status(missing)
    from hostsim.cli import main as cli_main  # noqa: PLC0415 - click may not be there

    return cli_main.run(typed, language, last=arguments is None)


def _are_there(names: Sequence[str]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


if __name__ == "__main__":
    sys.exit(main())
