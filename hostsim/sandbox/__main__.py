"""``python -m hostsim.sandbox``: the sandbox without the host.

Needs what the extra ``opter-fortnox-plugin[sandbox]`` installs, and nothing else.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NoReturn

from hostsim.sandbox import standalone
from opter_contract.programs.languages import asked
from opter_contract.programs.streams import reader_closed, write_nowhere


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until Ctrl-C or SIGTERM; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    language = asked(words, {"LANG": "en"})
    encoding = (sys.stdout.encoding or "utf-8").lower().replace("-", "")
    out = standalone.Writer(_line, sys.stdout.flush, language, unicode=encoding.startswith("utf"))
    try:
        options = vars(_parser().parse_args(words))
        del options["lang"]
        return standalone.run(out, **options)
    except standalone.CannotStart as error:
        sys.stderr.write(f"{error.code}: {error.sentence(language)}\n")
        return 2
    except OSError as error:
        if not reader_closed(error):
            raise
        write_nowhere()
    return 0


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


#: argparse's messages, which are in English only, and their Swedish.
_SWEDISH = (
    (r"unrecognized arguments: (.*)", "{0} finns inte"),
    (r"argument (.*): expected one argument", "{0} behöver ett värde"),
    (r"argument (.*): ignored explicit argument .*", "{0} tar inget värde"),
    (r"argument (.*): invalid choice: .* \(choose from (.*)\)", "{0} ska vara en av {1}"),
    (
        r"argument (.*): a number from (.*) to (.*) is needed",
        "{0} ska vara ett tal från {1} till {2}",
    ),
    (r"argument (.*): invalid int value: .*", "{0} ska vara ett heltal"),
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        matches = ((re.fullmatch(english, message), swedish) for english, swedish in _SWEDISH)
        sv = next((swedish.format(*match.groups()) for match, swedish in matches if match), message)
        raise standalone.usage_error(f"{sv}; se --help.", f"{message}; see --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m hostsim.sandbox",
        description="An imitation of Fortnox's API on this machine, until Ctrl-C or SIGTERM.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    version = f"opter-fortnox-plugin {metadata.version('opter-fortnox-plugin')}"
    add("--version", action="version", version=version)
    add("--port", type=_port, default=0, help="the port; 0 takes a free one (%(default)s)")
    add("--company", type=int, metavar="N", help="the company of the curl line; else the first")
    add("--data", type=Path, metavar="FILE", help="a JSON file with data of your own")
    add("--empty", action="store_true", help="begin without invoices and payments")
    add(
        "--companies",
        type=_count,
        metavar="N",
        help="so many small companies, all with consent to a service account",
    )
    add(
        "--switch",
        dest="switches",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set an unknown of Fortnox; may be repeated",
    )
    add(
        "--switches",
        dest="switches_from",
        type=Path,
        metavar="FILE",
        help="set those that `python -m opter_fortnox_plugin probe --switches FILE` found out",
    )
    add("--redirect-uri", metavar="URL", help="where the answer to a login goes; must match")
    add("--json", dest="as_json", action="store_true", help="one line of JSON once it answers")
    add("--lang", choices=("sv", "en"), default="en", help="language (%(default)s)")
    return parser


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _count(text: str) -> int:
    return _whole(text, 1, 1_000_000)


def _whole(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise argparse.ArgumentTypeError(f"a number from {low} to {high} is needed")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
