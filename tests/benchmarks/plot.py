"""A small line chart with logarithmic axes, as SVG: light background, readable labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50

#: Distinguishable with colour blindness, too.
STYLES: Final = (("#777777", "6 4"), ("#0072b2", ""), ("#d55e00", ""), ("#009e73", ""))


def chart(title: str, lines: Mapping[str, Points]) -> str:
    """Draw lines over the number of payments.

    :param lines: by name; points of no positive value are not drawn.
    """
    lines = {name: [p for p in points if min(p) > 0] for name, points in lines.items()}
    lines = {name: points for name, points in lines.items() if points}
    every = [point for points in lines.values() for point in points]
    across = _Scale([x for x, _ in every], LEFT, WIDTH - RIGHT)
    up = _Scale([y for _, y in every], HEIGHT - BOTTOM, TOP)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif">',
        f"<title>{escape(title)} against the number of payments</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 24, title, size=15, weight="bold"),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "payments", anchor="middle"),
        *_grid(across, up),
        *_curves(lines, across, up),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """A logarithmic axis with whole powers of ten at both ends."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.first = math.floor(math.log10(min(values)) + 1e-9)
        self.last = max(math.ceil(math.log10(max(values)) - 1e-9), self.first + 1)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return round(self._start + part * (self._end - self._start), 1)

    @property
    def marks(self) -> list[float]:
        """The powers of ten, and two and five times each where there are few."""
        tens = [10.0**power for power in range(self.first, self.last + 1)]
        if len(tens) > 3:
            return tens
        return [one * ten for ten in tens for one in (1, 2, 5) if one * ten <= tens[-1]]


def _grid(across: _Scale, up: _Scale) -> Iterator[str]:
    for mark in across.marks:
        x = across(mark)
        yield f'<path d="M{x} {TOP}V{HEIGHT - BOTTOM}" stroke="#dddddd"/>'
        yield _text(x, HEIGHT - BOTTOM + 18, f"{mark:,.0f}", anchor="middle")
    for mark in up.marks:
        y = up(mark)
        yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
        yield _text(LEFT - 8, y + 4, f"{mark:,g}", anchor="end")


def _curves(lines: Mapping[str, Points], across: _Scale, up: _Scale) -> Iterator[str]:
    label_heights: list[float] = []
    named = sorted(lines.items(), key=lambda one: up(one[1][-1][1]))
    styles = dict(zip(lines, STYLES if len(lines) == len(STYLES) else STYLES[1:], strict=False))
    for name, points in named:
        colour, dash = styles[name]
        places = [(across(x), up(y)) for x, y in points]
        path = "L".join(f"{x} {y}" for x, y in places)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
        if not dash:
            yield from (f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in places)
        # Labels are at the ends of the lines, each below the one before.
        y = max([places[-1][1] + 4, *(one + 16 for one in label_heights)])
        label_heights.append(y)
        yield _text(WIDTH - RIGHT + 10, y, name, colour=colour, weight="bold")


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = "#222222",
    size: int = 13,
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}" font-size="{size}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )
