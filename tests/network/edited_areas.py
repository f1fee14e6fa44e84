"""A random area of roads as features of a drawn network, and random edits to it of which the truth is known.

Roads join the nodes of a jittered grid, some in two halves, some with a bridge, some one way. An edited area has other
ids throughout: nothing but shape tells who is whose.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fom.network.drawn import load_network_file
from fom.network.network import Network

LON0, LAT0 = 30.0, 5.0
METRE = 1 / 111_195.0
Road = dict[str, Any]


@dataclass
class Area:
    """Roads by a name of their own, with where each came from."""

    roads: dict[str, Road] = field(default_factory=dict)
    origin: dict[str, list[tuple[str, float, float]]] = field(default_factory=dict)
    """Road -> (old road, share from, share to) of what it is made of, in its own order; [] = new."""
    moved_m: dict[str, float] = field(default_factory=dict)
    """Old road -> how far it was shifted."""
    deleted: set[str] = field(default_factory=set)
    retagged: set[str] = field(default_factory=set)

    def network(self, prefix: str) -> Network:
        """Return the drawn network, its ids made of the prefix."""
        features = []
        for name, road in self.roads.items():
            said = {**road["properties"], "segment_id": f"{prefix}{name}"}
            if "assets" in said:
                said["assets"] = [{**a, "asset_id": f"{prefix}{a['asset_id']}"} for a in said["assets"]]
            line = {"type": "LineString", "coordinates": [list(p) for p in road["line"]]}
            features.append({"type": "Feature", "geometry": line, "properties": said})
        return load_network_file({"type": "FeatureCollection", "features": features})


def make_area(rng: random.Random, width: int = 6, height: int = 5) -> Area:
    """Return a random area of about 2 × width × height roads."""
    area = Area()
    node = {
        (x, y): (
            LON0 + (x * 700 + rng.uniform(-120, 120)) * METRE,
            LAT0 + (y * 700 + rng.uniform(-120, 120)) * METRE,
        )
        for x in range(width)
        for y in range(height)
    }
    for (x, y), start in node.items():
        for other in ((x + 1, y), (x, y + 1)):
            if other not in node or rng.random() < 0.08:
                continue
            line = [start, *_bends(start, node[other], rng), node[other]]
            halves = _cut(line, rng.uniform(0.35, 0.65)) if rng.random() < 0.3 else [line]
            for part in halves:
                name = f"{len(area.roads)}"
                area.roads[name] = {"line": part, "properties": _tags(name, rng)}
                area.origin[name] = [(name, 0.0, 1.0)]
    return area


def _bends(a: tuple[float, float], b: tuple[float, float], rng: random.Random) -> list[tuple[float, float]]:
    count = rng.randint(0, 3)
    shares = [(i + 1) / (count + 1) for i in range(count)]
    return [
        (
            a[0] + s * (b[0] - a[0]) + rng.uniform(-35, 35) * METRE,
            a[1] + s * (b[1] - a[1]) + rng.uniform(-35, 35) * METRE,
        )
        for s in shares
    ]


def _tags(name: str, rng: random.Random) -> dict[str, Any]:
    tags: dict[str, Any] = {
        "highway": rng.choice(["primary", "secondary", "track"]), "road_type": rng.choice(["X", "Y", "Z"]),
        "oneway": rng.random() < 0.12,
    }  # fmt: skip
    if rng.random() < 0.2:
        limits = {"mlc": rng.choice([8, 20, 60])} if rng.random() < 0.8 else {}
        tags["assets"] = [{"asset_id": f"a{name}", "type": "bridge", "at_m": 60, "limits": limits}]
    if rng.random() < 0.1:
        tags["limits"] = {"mass_t": rng.choice([3, 12, 30])}
    return tags


def _cut(line: list[tuple[float, float]], share: float) -> list[list[tuple[float, float]]]:
    """Return the two parts of a line cut at a share of its length."""
    steps = [math.dist(a, b) for a, b in itertools.pairwise(line)]
    left = share * sum(steps)
    for i, step in enumerate(steps):
        if left < step:
            s = left / step
            at = (line[i][0] + s * (line[i + 1][0] - line[i][0]), line[i][1] + s * (line[i + 1][1] - line[i][1]))
            return [[*line[: i + 1], at], [at, *line[i + 1 :]]]
        left -= step
    raise ValueError("a share between 0 and 1")


# edits


def edited(area: Area, rng: random.Random, *, share: float = 0.3, only: str = "") -> Area:
    """Return the area after random edits to about a share of its roads; `only` one kind of edit, by its name."""
    kinds = {"shift": _shift, "split": _split, "merge": _merge, "delete": _delete, "retag": _retag, "reverse": _reverse}
    chosen = [kinds[only]] if only else list(kinds.values())
    new = copy.deepcopy(area)
    for name in list(new.roads):
        if name in new.roads and rng.random() < share:
            rng.choice(chosen)(new, name, rng)
    for _ in range(rng.randint(0, 3)):
        _add(new, rng)
    return new


def _shift(area: Area, name: str, rng: random.Random) -> None:
    """Move a road by up to 60 m; it comes off its neighbours, as in careless map edits."""
    metres, bearing = rng.uniform(1, 60), rng.uniform(0, 2 * math.pi)
    east, north = metres * math.cos(bearing) * METRE, metres * math.sin(bearing) * METRE
    road = area.roads[name]
    road["line"] = [(x + east, y + north) for x, y in road["line"]]
    for old, _, _ in area.origin[name]:
        area.moved_m[old] = max(area.moved_m.get(old, 0.0), metres)


def _split(area: Area, name: str, rng: random.Random) -> None:
    road, origin = area.roads[name], area.origin[name]
    if len(origin) != 1 or origin[0][1:] != (0.0, 1.0):
        return
    share = rng.uniform(0.25, 0.75)
    parts = _cut(road["line"], share)
    del area.roads[name]
    for suffix, line, ends in (("x", parts[0], (0.0, share)), ("y", parts[1], (share, 1.0))):
        properties = copy.deepcopy(road["properties"])
        if suffix == "y":
            properties.pop("assets", None)  # it stood at 60 m
        area.roads[name + suffix] = {"line": line, "properties": properties}
        area.origin[name + suffix] = [(origin[0][0], *ends)]


def _merge(area: Area, name: str, _: random.Random) -> None:
    """Join a road with the one that goes on at its end, if it is the only one there."""
    road = area.roads[name]
    end = road["line"][-1]
    there = [n for n, r in area.roads.items() if end in (r["line"][0], r["line"][-1])]
    following = [n for n in there if n != name and area.roads[n]["line"][0] == end]
    whole = all(len(area.origin[n]) == 1 and area.origin[n][0][1:] == (0.0, 1.0) for n in (*following, name))
    if len(there) != 2 or len(following) != 1 or not whole:
        return
    other = area.roads.pop(following[0])
    area.roads.pop(name)
    joined = {"line": [*road["line"], *other["line"][1:]], "properties": copy.deepcopy(road["properties"])}
    area.roads[name + "m"] = joined
    area.origin[name + "m"] = [*area.origin[name], *area.origin[following[0]]]


def _delete(area: Area, name: str, _: random.Random) -> None:
    area.deleted |= {old for old, _, _ in area.origin[name]}
    del area.roads[name]


def _retag(area: Area, name: str, rng: random.Random) -> None:
    properties = area.roads[name]["properties"]
    change = rng.choice(["oneway", "limits", "bridge", "road_type"])
    if change == "oneway":
        properties["oneway"] = not properties["oneway"]
    elif change == "limits":
        properties["limits"] = rng.choice([{}, {"mass_t": 2}, {"mass_t": 40}])
    elif change == "bridge":
        properties.pop("assets", None)
    else:
        properties["road_type"] = rng.choice(["X", "Y", "Z"])
    area.retagged |= {old for old, _, _ in area.origin[name]}


def _reverse(area: Area, name: str, _: random.Random) -> None:
    """Draw a two-way road the other way round: no change at all."""
    road = area.roads[name]
    if not road["properties"]["oneway"] and "assets" not in road["properties"]:
        road["line"] = road["line"][::-1]
        area.origin[name] = [(old, high, low) for old, low, high in reversed(area.origin[name])]


def _add(area: Area, rng: random.Random) -> None:
    x, y = LON0 + rng.uniform(0, 3500) * METRE, LAT0 + rng.uniform(0, 2800) * METRE
    name = f"n{len(area.roads)}"
    line = [(x, y), (x + rng.uniform(-400, 400) * METRE, y + rng.uniform(150, 400) * METRE)]
    area.roads[name] = {"line": line, "properties": {"highway": "track", "oneway": False}}
    area.origin[name] = []


def shares_of(area: Area, name: str) -> list[tuple[str, float, float]]:
    """Return (old road, low, high) with the ends in order."""
    return [(old, *sorted((low, high))) for old, low, high in area.origin[name]]


def place_on(line: list[tuple[float, float]], share: float) -> tuple[float, float]:
    """Return the position at a share of a line's length."""
    if share <= 0:
        return line[0]
    return _cut(line, share)[0][-1] if share < 1 else line[-1]


def to_numbers(network: Network, prefix: str) -> dict[str, int]:
    """Return road -> segment number of a network straight from an area."""
    return {bytes(i).decode().removeprefix(prefix): n for n, i in enumerate(np.asarray(network.segment_ids))}
