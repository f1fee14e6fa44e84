"""Tiny OSM files that tests write themselves: named nodes on a grid of 0.001 degrees, ways as words of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from osmium.osm.mutable import Node, Relation, Way

from fom.network.build import compile_network
from fom.network.network import Network

LON0, LAT0, STEP = 30.0, 5.0, 0.001
"""Near the equator: one step is about 111 m each way."""
STEP_M = 111.0
Tags = Mapping[str, str]


@dataclass
class Drawing:
    """Nodes named by letters, at grid places; ways as words of these names."""

    places: Mapping[str, tuple[float, float]]
    ways: Sequence[tuple[str, Tags]]
    """Names of nodes separated by spaces, and tags; way ids count from 1."""
    node_tags: Mapping[str, Tags] = field(default_factory=dict)
    turns: Sequence[tuple[int, str, int, Tags]] = ()
    """From way, via node name, to way, and tags of the restriction besides its type."""
    missing: Sequence[str] = ()
    """Nodes that ways name but the file does not hold."""
    ways_last_first: bool = False
    """Write the ways in the opposite order (their ids stay)."""

    def node_id(self, name: str) -> int:
        """Return the OSM id of a named node."""
        return 100 + list(self.places).index(name)

    def write(self, path: Path) -> Path:
        """Write the file in the format its name says; return the path."""
        with osmium.SimpleWriter(str(path), overwrite=True) as writer:
            for name, (x, y) in self.places.items():
                if name not in self.missing:
                    at = (LON0 + x * STEP, LAT0 + y * STEP)
                    writer.add_node(Node(id=self.node_id(name), location=at, tags=self.node_tags.get(name, {})))
            ways = list(enumerate(self.ways, start=1))
            for number, (names, tags) in reversed(ways) if self.ways_last_first else ways:
                writer.add_way(Way(id=number, nodes=[self.node_id(n) for n in names.split()], tags=tags))
            for number, (before, via, after, tags) in enumerate(self.turns, start=1):
                members = [("w", before, "from"), ("n", self.node_id(via), "via"), ("w", after, "to")]
                writer.add_relation(Relation(id=number, members=members, tags={"type": "restriction", **tags}))
        return path

    def build(self, folder: Path, *, max_length_m: float = 100_000) -> Network:
        """Return the network of the drawing; without a limit on length unless one is given."""
        return compile_network(self.write(folder / "drawing.osm.pbf"), max_length_m=max_length_m)

    def name_at(self, lonlat: np.ndarray) -> str:
        """Return the name of the node at a position, `+` where the build has cut a road between nodes."""
        for name, (x, y) in self.places.items():
            if np.allclose(lonlat, (LON0 + x * STEP, LAT0 + y * STEP), atol=2e-7):
                return name
        return "+"

    def ends(self, network: Network) -> list[str]:
        """Return the segments as texts, sorted: `a-b` both ways, `a>b` one way, `+` for a cut."""
        return sorted(self.end_names(network, i) for i in range(network.n_segments))

    def end_names(self, network: Network, number: int) -> str:
        """Return one segment as a text."""
        one, two = (self.name_at(network.node_lonlat[side[number]]) for side in (network.from_node, network.to_node))
        if network.is_oneway[number]:
            return f"{one}>{two}"
        return "-".join(sorted((one, two)))

    def arc(self, network: Network, one: str, two: str) -> int:
        """Return the arc number from one named node to another; there must be exactly one."""
        tails = [self.name_at(p) for p in network.node_lonlat[network.from_node]]
        heads = [self.name_at(p) for p in network.node_lonlat[network.to_node]]
        found = [2 * i for i, pair in enumerate(zip(tails, heads, strict=True)) if pair == (one, two)]
        found += [
            2 * i + 1
            for i, pair in enumerate(zip(heads, tails, strict=True))
            if pair == (one, two) and not network.is_oneway[i]
        ]
        (arc,) = found
        return arc


def words(network: Network, field_name: str) -> list[str | None]:
    """Return a word field (`highway` or `surface`) of all segments as texts."""
    table = getattr(network, f"{field_name}_words")
    return [table[code] if code >= 0 else None for code in getattr(network, field_name)]
