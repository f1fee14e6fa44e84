"""Streets of one town: irregular quarters between the roads that enter it, each with its own slightly bent lattice.

All lines are metres of the frame; where they meet is settled later, when all lines of the country are noded together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.noise import NoiseField
from geodata.settlements import Settlement

SQUARE_KM_PER_PERSON = 5.0e-5
QUARTER_KM2 = 0.55


@dataclass(frozen=True, slots=True)
class Town:
    """A town's built-up outline and its streets."""

    settlement: Settlement
    outline: shapely.Geometry
    collectors: tuple[shapely.LineString, ...]
    locals: tuple[shapely.LineString, ...]
    gaps: tuple[float, ...]
    """Per local line: share of its blocks' sides that were never built."""


def make_town(
    rng: np.random.Generator, settlement: Settlement, roads: list[shapely.LineString], dry_land: shapely.Geometry
) -> Town:
    """Return the streets of a settlement that the given roads pass through or end in."""
    area_m2 = max(settlement.population * SQUARE_KM_PER_PERSON, 0.05) * 1e6
    outline = _outline(rng, settlement, roads, area_m2, dry_land)
    seeds = _spread_points(rng, outline, max(1, round(area_m2 / 1e6 / QUARTER_KM2)))
    quarters = _quarters(rng, seeds, outline)
    tree = shapely.STRtree(roads)
    collectors = [line for quarter in quarters for line in _inner_edges(quarter, outline)]
    local_lines: list[shapely.LineString] = []
    gaps: list[float] = []
    for quarter in quarters:
        is_planned = rng.random() < (0.72 if settlement.population > 20_000 else 0.45)
        lines = _fill(rng, quarter, roads, tree, is_planned=is_planned)
        local_lines += lines
        gaps += [float(rng.uniform(0.04, 0.16) if is_planned else rng.uniform(0.14, 0.34))] * len(lines)
    return Town(settlement, outline, tuple(collectors), tuple(local_lines), tuple(gaps))


def _outline(
    rng: np.random.Generator,
    settlement: Settlement,
    roads: list[shapely.LineString],
    area_m2: float,
    dry_land: shapely.Geometry,
) -> shapely.Geometry:
    """Return a ragged blob that reaches out along the roads, cut by water."""
    radius = np.sqrt(area_m2 / np.pi) * 0.86
    angles = np.linspace(0, 2 * np.pi, 73)[:-1]
    wobble = sum(rng.uniform(-0.16, 0.16) * np.sin(k * angles + rng.uniform(0, 6.3)) for k in (1, 2, 3, 5, 7))
    ring = np.stack([np.cos(angles), np.sin(angles)], 1) * (radius * (1 + wobble))[:, None]
    blob = shapely.Polygon(ring + np.array([settlement.x, settlement.y]))
    arms = shapely.union_all(roads).intersection(shapely.Point(settlement.x, settlement.y).buffer(radius * 1.75))
    shape = blob.union(arms.buffer(radius * 0.26, quad_segs=4)).buffer(0)
    shape = shape.intersection(dry_land).simplify(8)
    return max(shapely.get_parts(shape), key=shapely.area)


def _spread_points(rng: np.random.Generator, outline: shapely.Geometry, count: int) -> NDArray[np.float64]:
    """Return (count, 2) points in an outline, each the best of several candidates: spread, not regular."""
    low_x, low_y, high_x, high_y = outline.bounds
    shapely.prepare(outline)
    chosen: list[NDArray[np.float64]] = []
    while len(chosen) < count:
        tries = rng.uniform((low_x, low_y), (high_x, high_y), (24, 2))
        tries = tries[shapely.contains_xy(outline, *tries.T)][:6]
        if len(tries) == 0:
            continue
        if not chosen:
            chosen.append(tries[0])
            continue
        gaps = np.hypot(*(tries[:, None] - np.array(chosen)[None]).transpose(2, 0, 1)).min(axis=1)
        chosen.append(tries[int(np.argmax(gaps))])
    return np.array(chosen)


def _quarters(rng: np.random.Generator, seeds: NDArray[np.float64], outline: shapely.Geometry) -> list[shapely.Polygon]:
    """Return the parts of the outline nearest to each seed, with bent borders."""
    if len(seeds) < 3:
        return [part for part in shapely.get_parts(outline) if part.area > 5000]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=outline))
    dense = shapely.segmentize(cells, 90.0)
    bend = NoiseField(rng, wavelength_m=420, octaves=2)
    bent = shapely.transform(dense, lambda c: c + 38 * np.stack([bend.at(*c.T), bend.at(*(c.T + 5e5))], 1))
    cut = shapely.intersection(shapely.make_valid(bent), outline)
    parts = shapely.get_parts(cut)
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 9000]


def _inner_edges(quarter: shapely.Polygon, outline: shapely.Geometry) -> list[shapely.LineString]:
    """Return the border of a quarter where it faces another quarter."""
    inner = quarter.exterior.difference(outline.exterior.buffer(4.0))
    lines = shapely.line_merge(inner) if inner.geom_type == "MultiLineString" else inner
    return [line for line in shapely.get_parts(lines) if line.length > 30]


def _fill(
    rng: np.random.Generator,
    quarter: shapely.Polygon,
    roads: list[shapely.LineString],
    tree: shapely.STRtree,
    *,
    is_planned: bool,
) -> list[shapely.LineString]:
    """Return a quarter's small streets: a bent lattice along its nearest road, or cells without a plan."""
    centre = quarter.representative_point()
    heading = _heading(roads[tree.nearest(centre)], centre)
    lines = _lattice(rng, quarter, heading) if is_planned else _cells(rng, quarter)
    inside = shapely.intersection(lines, quarter)
    parts = shapely.get_parts(shapely.get_parts(inside))
    return [part for part in parts.tolist() if part.geom_type == "LineString" and part.length > 25]


def _heading(road: shapely.LineString, near: shapely.Point) -> float:
    """Return the direction, radians, of a road where it passes a point."""
    at = road.project(near)
    (x0, y0), (x1, y1) = (road.interpolate(max(at + d, 0)).coords[0] for d in (-60, 60))
    return float(np.arctan2(y1 - y0, x1 - x0))


def _lattice(rng: np.random.Generator, quarter: shapely.Polygon, heading: float) -> NDArray[np.object_]:
    turn = heading + rng.normal(0, 0.16)
    short, long = rng.uniform(82, 125), rng.uniform(115, 190)
    reach = np.hypot(quarter.bounds[2] - quarter.bounds[0], quarter.bounds[3] - quarter.bounds[1]) / 2 + 100
    centre = np.array(quarter.centroid.coords[0])
    along = np.linspace(-reach, reach, max(int(reach / 22), 2))
    rows = _offsets(rng, reach, short)
    columns = _offsets(rng, reach, long)
    grid = [np.stack([along, np.full_like(along, v)], 1) for v in rows]
    for v in columns:
        # Cross streets stop at some rows, so that blocks differ in depth.
        first, last = sorted(rng.integers(0, len(rows), 2).tolist())
        low, high = (rows[0], rows[-1]) if rng.random() < 0.68 else (rows[first], rows[last])
        span = np.linspace(low, high, max(int((high - low) / 44), 2))
        grid.append(np.stack([np.full_like(span, v), span], 1))
    bend = NoiseField(rng, wavelength_m=700, octaves=2)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    placed = [line @ rotation + centre for line in grid]
    warped = [line + 26 * np.stack([bend.at(*line.T), bend.at(*(line.T + 4e5))], 1) for line in placed]
    return np.array([shapely.LineString(np.round(line, 1)) for line in warped], object)


def _offsets(rng: np.random.Generator, reach: float, step: float) -> NDArray[np.float64]:
    """Return positions of parallel streets, unevenly spaced."""
    gaps = step * rng.uniform(0.72, 1.35, int(2 * reach / step) + 4)
    values = np.cumsum(gaps) - reach - step
    return values[values < reach]


def _cells(rng: np.random.Generator, quarter: shapely.Polygon) -> NDArray[np.object_]:
    """Return the edges of irregular cells: an old quarter or one that grew without a plan."""
    low_x, low_y, high_x, high_y = quarter.bounds
    step = rng.uniform(100, 165)
    x, y = np.meshgrid(np.arange(low_x - step, high_x + step, step), np.arange(low_y - step, high_y + step, step))
    points = np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-0.42, 0.42, (x.size, 2)) * step
    edges = shapely.voronoi_polygons(shapely.MultiPoint(points), only_edges=True)
    return np.asarray(shapely.get_parts(edges))
