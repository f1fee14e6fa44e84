"""The country as map data: nodes, ways and turn restrictions in one .osm.pbf, like any file from outside."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from osmium.osm.mutable import Node, Relation, Way

from fom.network.osm_file import INVENTED
from geodata.country import Country
from geodata.frame import to_lonlat
from geodata.linework import GRID_M, Key, key_of


def write_osm(country: Country, path: Path, *, timestamp: datetime) -> None:
    """Write the country's roads, places and rivers; an existing file is replaced."""
    path.unlink(missing_ok=True)
    numbers: dict[Key, int] = {}
    lines = [way.line for way in country.ways] + [river.line for river in country.rivers]
    keyed = [[key_of(xy) for xy in line.coords] for line in lines]
    for keys in keyed:
        for key in keys:
            numbers.setdefault(key, len(numbers) + 1)
    lonlat = to_lonlat(np.array(list(numbers), float) * GRID_M)
    stamp: dict[str, Any] = {"version": 1, "timestamp": timestamp}
    header = osmium.io.Header()
    header.set("generator", f"demo mission recipe ({INVENTED})")
    writer = osmium.SimpleWriter(str(path), header=header)
    try:
        for (key, number), (lon, lat) in zip(numbers.items(), lonlat.tolist(), strict=True):
            writer.add_node(Node(id=number, location=(lon, lat), tags=country.node_tags.get(key, {}), **stamp))
        for offset, place in enumerate(country.settlements, len(numbers) + 1):
            ((lon, lat),) = to_lonlat([(place.x, place.y)]).tolist()
            tags = {"place": place.place, "name": place.name, "population": str(place.population)}
            writer.add_node(Node(id=offset, location=(lon, lat), tags=tags, **stamp))
        for number, (way, keys) in enumerate(zip(country.ways, keyed, strict=False), 1):
            writer.add_way(Way(id=number, nodes=[numbers[k] for k in keys], tags=way.tags, **stamp))
        words = {1: "stream", 2: "river", 3: "river"}
        rivers = zip(country.rivers, keyed[len(country.ways) :], strict=True)
        for number, (river, keys) in enumerate(rivers, len(country.ways) + 1):
            tags = {"waterway": words[river.rank]} | ({"name": river.name} if river.name else {})
            writer.add_way(Way(id=number, nodes=[numbers[k] for k in keys], tags=tags, **stamp))
        for number, turn in enumerate(country.turns, 1):
            members = [("w", turn.from_way + 1, "from"), ("n", numbers[turn.via], "via"), ("w", turn.to_way + 1, "to")]
            tags = {"type": "restriction", "restriction": turn.kind}
            writer.add_relation(Relation(id=number, members=members, tags=tags, **stamp))
    finally:
        writer.close()
