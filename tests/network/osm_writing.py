"""Tiny OSM files that tests write themselves: named nodes on a grid of 0.001 degrees, ways as words of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Relation, Way

LON0, LAT0, STEP = 30.0, 5.0, 0.001
"""Near the equator: one step is about 111 m each way."""


@dataclass
class Drawing:
    """Nodes named by letters, at grid places; ways as words of these names."""

    places: Mapping[str, tuple[float, float]]
    ways: Sequence[tuple[str, Mapping[str, str]]]
    """Names of nodes separated by spaces, and tags; way ids count from 1."""
    node_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    restrictions: Sequence[tuple[str, int, str, int]] = ()
    """Kind, from way, via node name, to way."""
    missing: Sequence[str] = ()
    """Nodes that ways name but the file does not hold."""

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
            for number, (names, tags) in enumerate(self.ways, start=1):
                writer.add_way(Way(id=number, nodes=[self.node_id(n) for n in names.split()], tags=tags))
            for number, (kind, before, via, after) in enumerate(self.restrictions, start=1):
                members = [("w", before, "from"), ("n", self.node_id(via), "via"), ("w", after, "to")]
                tags = {"type": "restriction", "restriction": kind}
                writer.add_relation(Relation(id=number, members=members, tags=tags))
        return path
