"""OSMnx's reading of an OSM file: the same ways, its own topology and simplification. For tests and measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import osmium
import osmnx

from fom.network.compare import PathGraph
from fom.network.cutting import GEOD
from fom.network.road_rules import TAG_KEYS, read_road


def write_roads_as_xml(source: Path, target: Path) -> Path:
    """Write the nodes and those ways of an OSM file that a vehicle may use; OSMnx keeps every way it is given."""
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for entity in osmium.FileProcessor(str(source)):
            is_road = entity.is_way() and read_road({t.k: t.v for t in entity.tags if t.k in TAG_KEYS}).road
            if entity.is_node() or is_road:
                writer.add(entity)
    return target


def simplified_graph(source: Path, folder: Path) -> Any:
    """Return OSMnx's graph of a file's roads, edges from junction to junction; lone rings stay, as in ours."""
    graph = osmnx.graph_from_xml(write_roads_as_xml(source, folder / "roads.osm"), simplify=False, retain_all=True)
    return osmnx.simplify_graph(graph, remove_rings=False)


def path_graph_of(graph: Any) -> PathGraph:
    """Return what a comparison needs; lengths are measured again on the ellipsoid, as ours are."""
    number = {node: i for i, node in enumerate(graph.nodes)}
    lonlat = np.array([(data["x"], data["y"]) for _, data in graph.nodes(data=True)])
    tail, head, length, street = [], [], [], {}
    for u, v, data in graph.edges(data=True):
        tail.append(number[u])
        head.append(number[v])
        line = data["geometry"].coords if "geometry" in data else lonlat[[number[u], number[v]]]
        length.append(GEOD.line_length(*np.asarray(line).T))
        ids = data["osmid"] if isinstance(data["osmid"], list) else [data["osmid"]]
        street[frozenset((u, v)), tuple(sorted(ids)), round(length[-1], 2)] = length[-1]
    return PathGraph(
        lonlat, np.array(tail), np.array(head), np.array(length), len(street), len(street), sum(street.values())
    )
