"""Ways as they go into map data, and the ranks that order all lines of the country."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import shapely

from geodata.linework import Key, key_of

ROUNDABOUT, DUAL, COLLECTOR, LOCAL = -1, 0, 10, 11
"""Ranks besides the tiers of rural roads (1 to 6): the ring road before them, town streets after them."""


@dataclass(frozen=True)
class Way:
    """A stretch of road between two nodes, with the tags of map data. Metres of the frame."""

    line: shapely.LineString
    rank: int
    tags: dict[str, str]

    @cached_property
    def ends(self) -> tuple[Key, Key]:
        """Return the keys of its two nodes."""
        return key_of(self.line.coords[0]), key_of(self.line.coords[-1])


@dataclass(frozen=True, slots=True)
class Turn:
    """A forbidden turn: way numbers over the node they share."""

    kind: str
    from_way: int
    via: Key
    to_way: int
