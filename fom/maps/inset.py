"""A small drawing at true scale: the road's corridor, the near band, and the circle within which an item may lie.

Values in, lengths in pixels out; the template draws them. A circle smaller than its symbol is left out, not blown up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import Plane

WIDTH_PX, HEIGHT_PX = 280, 240
SYMBOL_PX = 24
NARROWEST_M = 130.0
"""Half of the drawing's height shows at least this much ground: the near band and a little beyond."""
BARS_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)


@dataclass(frozen=True, slots=True)
class DrawnRoad:
    """One segment: its line as SVG path data, the width of its corridor in pixels, its letter."""

    path: str
    corridor_px: float
    letter: str
    is_nearest: bool


@dataclass(frozen=True, slots=True)
class Inset:
    """The drawing in pixels, y downwards."""

    width: int
    height: int
    roads: tuple[DrawnRoad, ...]
    band_px: float
    """Width of the near band around the lines."""
    x: float
    y: float
    area: str
    """Path data of an area or line, empty for a point."""
    doubt_px: float | None
    """Radius; None when it would be smaller than the symbol."""
    link: tuple[float, float, float, float] | None
    """From the nearest point of the road to the item; None when they are too close to be drawn apart."""
    bar_px: float
    bar_m: int


def draw_inset(
    place: BaseGeometry,
    roads: Sequence[tuple[NDArray[np.float64], float, str]],
    *,
    doubt_m: float,
    band_m: float,
    nearest: int | None,
    nearest_m: float | None,
) -> Inset:
    """Return the drawing around a place.

    Parameters
    ----------
    place
        Degrees lon/lat.
    roads
        (k, 2) degrees, half-width of the corridor in metres, letter of the state.
    nearest
        Place in `roads` of the road whose distance is told, metres in `nearest_m`.
    """
    centre = place.centroid
    plane = Plane.at(centre.x, centre.y)
    shape = plane.project_shape(place)
    extent = 0.0 if shape.geom_type == "Point" else float(np.abs(np.array(shape.bounds)).max())
    half_m = max(NARROWEST_M, 1.18 * (doubt_m + extent), 1.25 * (nearest_m or 0.0))
    scale = HEIGHT_PX / 2 / half_m

    def pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([WIDTH_PX / 2 + xy[:, 0] * scale, HEIGHT_PX / 2 - xy[:, 1] * scale])

    frame = shapely.box(-2 * half_m, -2 * half_m, 2 * half_m, 2 * half_m)
    drawn, link = [], None
    for at, (line, corridor, letter) in enumerate(roads):
        projected = shapely.LineString(plane.project(line))
        path = _path(pixels(np.array(part.coords)) for part in _lines(projected.intersection(frame)))
        if path:
            drawn.append(DrawnRoad(path, round(2 * corridor * scale, 1), letter, at == nearest))
        if at == nearest and nearest_m is not None and nearest_m * scale > SYMBOL_PX / 3:
            ends = pixels(np.array(shapely.shortest_line(projected, shape).coords))
            link = tuple(round(float(v), 1) for v in ends.ravel())
    drawn.sort(key=lambda road: road.is_nearest)
    is_point = shape.geom_type == "Point"
    bar = max((m for m in BARS_M if m * scale <= WIDTH_PX / 3), default=BARS_M[0])
    return Inset(
        width=WIDTH_PX, height=HEIGHT_PX, roads=tuple(drawn), band_px=round(2 * band_m * scale, 1),
        x=WIDTH_PX / 2, y=HEIGHT_PX / 2,
        area="" if is_point else _path((pixels(np.array(r.coords)) for r in _rings(shape)), is_closed=True),
        doubt_px=round(doubt_m * scale, 1) if is_point and doubt_m * scale > SYMBOL_PX / 2 else None,
        link=link,  # type: ignore[arg-type]
        bar_px=round(bar * scale, 1), bar_m=bar,
    )  # fmt: skip


def _lines(shape: BaseGeometry) -> list[BaseGeometry]:
    return [part for part in shapely.get_parts(shape).tolist() if part.geom_type == "LineString" and not part.is_empty]


def _rings(shape: BaseGeometry) -> Iterable[BaseGeometry]:
    for part in shapely.get_parts(shape).tolist():
        if part.geom_type == "Polygon":
            yield part.exterior
            yield from part.interiors
        else:
            yield part


def _path(parts: Iterable[NDArray[np.float64]], *, is_closed: bool = False) -> str:
    """Return SVG path data of polylines."""
    said = []
    for part in parts:
        points = " L".join(f"{x:.1f} {y:.1f}" for x, y in part)
        said.append(f"M{points}{'Z' if is_closed else ''}")
    return "".join(said)
