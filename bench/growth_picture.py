"""Curves on logarithmic axes as an SVG picture: milliseconds over segments. No plotting package, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 1060, 620
LEFT, RIGHT, TOP, BOTTOM = 90, 400, 56, 70
COLOURS = ("#1b4f9c", "#b3450b", "#1f7a4d", "#7a3b96", "#8a6d00", "#333333")
DASHES = ("", "8 4", "2 4", "10 4 2 4", "5 3", "14 5")
"""A curve is told by its dashes too, not by colour alone."""
LABEL_GAP = 19


@dataclass(frozen=True, slots=True)
class Curve:
    """A named curve of (segments, milliseconds), both > 0, by ascending segments."""

    name: str
    points: Sequence[tuple[float, float]]


def draw(curves: Sequence[Curve]) -> str:
    """Return the picture of curves that share their segments."""
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    x_axis = _Axis(min(xs) / 1.15, max(xs) * 1.15, LEFT, WIDTH - RIGHT)
    y_axis = _Axis(10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys))), HEIGHT - BOTTOM, TOP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="14" fill="#1a1a1a" role="img">',
        "<title>Time of each kind of work over the number of segments, both axes logarithmic</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="30" font-size="18" font-weight="600">How the time of each kind of work grows</text>',
        *_grid(x_axis, y_axis, sorted({x for x, _ in curves[0].points})),
    ]
    for curve, colour, dash, label_y in zip(curves, COLOURS, DASHES, _label_places(curves, y_axis), strict=False):
        out += _curve(curve, colour, dash, x_axis, y_axis, label_y)
    return "\n".join([*out, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Return where a value lies, picture units."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.begin + share * (self.end - self.begin), 1)


def _grid(x_axis: _Axis, y_axis: _Axis, sizes: Sequence[float]) -> list[str]:
    out = []
    for power in range(round(math.log10(y_axis.low)), round(math.log10(y_axis.high)) + 1):
        y = y_axis.at(10.0**power)
        out.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#d9d9d9"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 5}" text-anchor="end">{_duration(10.0**power)}</text>')
    for size in sizes:
        x = x_axis.at(size)
        out.append(f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="#d9d9d9"/>')
        out.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle">{_size(size)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 18}" text-anchor="middle">segments (logarithmic)</text>')
    y = (TOP + HEIGHT - BOTTOM) / 2
    out.append(
        f'<text x="22" y="{y}" text-anchor="middle" transform="rotate(-90 22 {y})">median time (logarithmic)</text>'
    )
    return out


def _curve(curve: Curve, colour: str, dash: str, x_axis: _Axis, y_axis: _Axis, label_y: float) -> list[str]:
    places = [(x_axis.at(x), y_axis.at(y)) for x, y in curve.points]
    line = " ".join(f"{x},{y}" for x, y in places)
    last_x, last_y = places[-1]
    label_x = WIDTH - RIGHT + 26
    exponent = _exponent(curve.points)
    said = f"{escape(curve.name)}: {_duration(curve.points[-1][1])}" + (f", n^{exponent:.2f}" if exponent else "")
    out = [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"/>']
    out += [f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in places]
    out.append(f'<line x1="{last_x}" y1="{last_y}" x2="{label_x - 4}" y2="{label_y - 4}" stroke="{colour}"/>')
    out.append(f'<text x="{label_x}" y="{label_y}" font-size="12.5" fill="{colour}">{said}</text>')
    return out


def _exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the power of the number of segments that the time grows with, from the first point to the last."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    return None if x0 == x1 else math.log(y1 / y0) / math.log(x1 / x0)


def _label_places(curves: Sequence[Curve], y_axis: _Axis) -> list[float]:
    """Return the height of each label: beside the end of its curve, pushed apart where they would overlap."""
    ends = [y_axis.at(curve.points[-1][1]) + 4 for curve in curves]
    order = sorted(range(len(ends)), key=ends.__getitem__)
    for before, after in pairwise(order):
        ends[after] = max(ends[after], ends[before] + LABEL_GAP)
    return ends


def _duration(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.3g} s"
    return f"{milliseconds:.2g} ms"


def _size(segments: float) -> str:
    return f"{segments / 1e6:.3g} M" if segments >= 999_500 else f"{segments / 1e3:.0f} k"
