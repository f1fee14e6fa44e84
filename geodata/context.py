"""Quiet background layers of the map: land, water, relief, towns, provinces, labels. GeoJSON, degrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy.ndimage import gaussian_filter

from geodata.contours import outline_above
from geodata.frame import CELL_M
from geodata.mission import Mission, geojson, lonlat
from geodata.names import COUNTRY, EASTERN_NEIGHBOUR, NORTHERN_NEIGHBOUR, SEA

LIGHT_FROM = (-0.6, 0.6)
"""Where the light of the relief comes from: north-west, east and north parts of its direction."""
SHADE_SHARES = (("shadow", 0.16), ("deep", 0.05), ("light", 0.10))
"""Band -> share of the land it covers, whatever the height of the mountains."""

Layer = dict[str, Any]


def make_context(mission: Mission) -> dict[str, Layer]:
    """Return the background layers by name."""
    land = mission.country.land
    rivers = [
        _feature(river.line, kind="river", rank=river.rank, name=river.name)
        for river in mission.country.rivers
        if river.line.length > 400
    ]
    return {
        "land": _layer(
            [
                _feature(land.coast.simplify(120), kind="land", name=None),
                _feature(land.country.simplify(120), kind="country", name=COUNTRY),
                _feature(_border(mission).simplify(120), kind="border", name=None),
            ]
        ),
        "water": _layer([_feature(land.lake.simplify(80), kind="lake"), *rivers]),
        "relief": _layer(_relief(mission)),
        "urban": _layer(
            [
                _feature(town.outline.simplify(15), kind="urban", name=town.settlement.name)
                for town in mission.country.towns
            ]
        ),
        "admin": _layer(
            [
                _feature(p.outline.simplify(120), kind="province", name=p.name, id=mission.id("province", p.number))
                for p in mission.provinces
            ]
        ),
        "places": _layer(_places(mission)),
    }


def _border(mission: Mission) -> shapely.Geometry:
    """Return the land border: the country's outline away from the coast."""
    land = mission.country.land
    return shapely.line_merge(land.country.exterior.difference(land.coast.exterior.buffer(60)))


def _relief(mission: Mission) -> list[Layer]:
    """Return bands of light and shadow on slopes, from the smoothed relief."""
    land = mission.country.land
    height = gaussian_filter(np.where(land.elevation > 0, land.elevation, 0.0), 1.3)
    north, east = np.gradient(height, CELL_M)
    slope = east * LIGHT_FROM[0] + north * LIGHT_FROM[1]
    bands = []
    for name, share in SHADE_SHARES:
        field = -slope if name == "light" else slope
        level = float(np.quantile(field[land.elevation > 0], 1 - share))
        shape = outline_above(field, level).intersection(land.coast)
        parts = [part.simplify(250) for part in shapely.get_parts(shape) if part.area > 6e6]
        bands.append(_feature(shapely.union_all(parts), kind="relief", band=name))
    return bands


def _places(mission: Mission) -> list[Layer]:
    places = [
        _feature(
            shapely.Point(s.x, s.y),
            kind=s.place,
            name=s.name,
            population=s.population,
            rank=s.rank,
            capital=s.rank == 0,
        )
        for s in mission.country.settlements
    ]
    centre = mission.country.land.country.centroid
    labels = (
        (COUNTRY, "country", centre.x, centre.y),
        (NORTHERN_NEIGHBOUR, "neighbour", 190_000, 352_000),
        (EASTERN_NEIGHBOUR, "neighbour", 378_000, 190_000),
        (SEA, "sea", 60_000, 52_000),
    )
    return places + [_feature(shapely.Point(x, y), kind=kind, name=name) for name, kind, x, y in labels]


def _feature(shape: shapely.Geometry, **properties: Any) -> Layer:
    if shape.geom_type == "Point":
        geometry: Layer = {"type": "Point", "coordinates": list(lonlat(shape.x, shape.y))}
    else:
        geometry = geojson(shape)
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _layer(features: list[Layer]) -> Layer:
    return {"type": "FeatureCollection", "features": features}
