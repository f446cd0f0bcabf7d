"""Where a newcomer finds what in the sandbox."""

import re
from pathlib import Path

from hostsim import sandbox


def test_the_overview_names_every_file():
    files = {path.stem for path in Path(sandbox.__file__).parent.glob("*.py")}
    named = set(re.findall(r"\w+", sandbox.__doc__))
    kinds_of_seed = {name for name in files if name.startswith("seed_")}
    assert files - named == kinds_of_seed | {"__init__", "__main__"}
