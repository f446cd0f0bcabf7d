"""Bytes and JSON that are changed at random, by a seed."""

from __future__ import annotations

import json
import random
from typing import Any, Final

#: What programs that read text stumble over.
BYTES: Final = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\n", b"\r\n", b"\t", b'"', b"'",
    b",", b";", b"\\", b"\\ud800", b"\\u0000", b"{", b"}", b"[", b"]", b"[" * 3000, b":", b"?",
    b"&", b"=", b"%", b"%00", b"%zz", b"#", b"/", b"//", b"..", b"@", b"[::1]", b" ", b"-", b"+",
    b"0", b"9" * 5000, b"1e999999999", b"1E-999999999999999999999", b"NaN", b"-Infinity", b"null",
    b"true", b"API_NORIGHT", "\N{NO-BREAK SPACE}".encode(), "\N{ARABIC-INDIC DIGIT ONE}".encode(),
    "\N{FULLWIDTH EQUALS SIGN}".encode(), "\N{RIGHT-TO-LEFT OVERRIDE}".encode(), b"a" * 3000,
)  # fmt: skip

#: Values in JSON, as they are written there.
ODD: Final = (
    "null", "true", "false", "0", "-0", "-1", "1e400", "1e-400", "NaN", "-Infinity", "9" * 400,
    "1E999999999999999999999", "0.1000000000000000000001", '""', '" "', '"0"', '"\\ud800"', '"1,5"',
    '"\\u0000"', '"API_NORIGHT"', '"2026-02-30"', '"0000-00-00"', '"9999-12-31"', '"true"', "[]",
    "{}", "[[]]", '{"a": null}', '"=1+1"', '"\\uff11"', '"' + "x" * 3000 + '"', '"NaN"',
)  # fmt: skip

_HOLE: Final = "\ue000"


def changed_bytes(random: random.Random, text: bytes) -> bytes:
    """Change bytes at some places."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        at = random.randint(0, len(text))
        to = min(len(text), at + random.choice((0, 1, 1, 2, 4, 16, 200)))
        piece = random.choice(BYTES)
        new = random.choice((b"", piece, piece, text[at:to] * 2, bytes([random.randrange(256)])))
        text = text[:at] + new + text[to:]
    return text


def changed_json(random: random.Random, value: Any) -> bytes:
    """Write JSON with odd values, keys twice and keys left out, and sometimes broken."""
    holes: list[str] = []
    text = json.dumps(_with_holes(random, value, holes), ensure_ascii=False)
    for number, odd in enumerate(holes):
        text = text.replace(f'"{_HOLE}{number}"', odd)
    body = text.encode()
    return changed_bytes(random, body) if random.random() < 0.2 else body


def _with_holes(random: random.Random, value: Any, holes: list[str]) -> Any:
    if random.random() < 0.06:
        holes.append(random.choice(ODD))
        return f"{_HOLE}{len(holes) - 1}"
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if random.random() > 0.03}
        return {key: _with_holes(random, one, holes) for key, one in kept.items()}
    if isinstance(value, list):
        return [_with_holes(random, one, holes) for one in value * random.choice((1, 1, 1, 0, 2))]
    return value
