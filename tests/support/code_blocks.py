"""The code blocks of a page, as a reader would copy them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "write-your-own.md"

#: How the blocks begin that tests run.
HOST = '"""A host of fifty lines'
LEDGER = '"""A ledger'


def block(beginning: str) -> str:
    """Return the block that begins with these words."""
    blocks = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    [code] = [text for text in blocks if text.startswith(beginning)]
    return code


def lines_of_code(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())
