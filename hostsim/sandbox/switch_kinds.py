"""How a switch is declared: its default, what it means, and where that is from."""

from __future__ import annotations

import dataclasses
from typing import Any


def guess(default: object, description: str, source: str) -> Any:
    return switch("guess", default, description, source)


def invented(default: object, description: str) -> Any:
    return switch("invented", default, description, "not published")


def documented(default: object, description: str, source: str) -> Any:
    return switch("documented", default, description, source)


def switch(kind: str, default: object, description: str, source: str) -> Any:
    return dataclasses.field(
        default=default, metadata={"kind": kind, "says": description, "source": source}
    )


#: Sources, as ``UNKNOWNS.md`` names them.
AUTH = "Fortnox: authorization pages"
RATE = "Fortnox: rate limits page"
PARAMETERS = "Fortnox: parameters page"
SPECIFICATION = "Fortnox: OpenAPI"
LIVE = "authors of clients, after live runs"
CLIENTS = "source of clients"
RECORDED = "recorded answers"
SILENT = "undocumented"
