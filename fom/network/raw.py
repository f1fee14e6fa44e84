"""Roads as read from a file, before topology: vertices by node, tags by distinct set, point features, turn relations.

Both readers (`osm_file`, `line_layer`) end here; `pieces` goes on from here. Coordinates are whole numbers of 1e-7
degrees, so that equality and ids never depend on floating point.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNITS_PER_DEGREE = 10_000_000
NO_POSITION = 2**31 - 1
"""Stands in `x` and `y` for a vertex whose position the file does not hold."""


@dataclass(frozen=True, slots=True)
class PointFeature:
    """A tagged vertex: barrier, ford, pass, culvert or bridge drawn as a point."""

    node: int
    """Node label as in `RawRoads.node`."""
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TurnRule:
    """A turn restriction over one node, by map-data way ids."""

    kind: str
    """For example ``no_left_turn`` or ``only_straight_on``."""
    from_ways: tuple[int, ...]
    via: int
    """Node label as in `RawRoads.node`."""
    to_ways: tuple[int, ...]


@dataclass(slots=True)
class RawRoads:
    """w ways over m vertices.

    `dropped` counts what was left out, by reason; `noted` what was kept but deserves a word; both go to the manifest,
    as does `source`.
    """

    x: NDArray[np.int32]
    """(m,) longitude, 1e-7 degrees."""
    y: NDArray[np.int32]
    node: NDArray[np.int64]
    """(m,) label of the vertex: equal labels are one place on the ground at one level."""
    way_start: NDArray[np.int64]
    """(w + 1,); vertices of way i are way_start[i]:way_start[i + 1]."""
    way_tags: NDArray[np.int32]
    """(w,) index into `tag_sets`."""
    way_name: NDArray[np.int32]
    """(w,) index into `names`, -1 = none."""
    way_ref: NDArray[np.int32]
    way_id: NDArray[np.int64]
    """(w,) map-data id, 0 = none."""
    tag_sets: list[Mapping[str, str]]
    names: list[str]
    features: list[PointFeature] = field(default_factory=list)
    turn_rules: list[TurnRule] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    source: dict[str, Any] = field(default_factory=dict)


class Interner:
    """Gives equal values one number, in order of first appearance."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._code: dict[Any, int] = {}

    def code(self, value: Any) -> int:
        """Return the number of a hashable value."""
        code = self._code.get(value)
        if code is None:
            code = self._code[value] = len(self.values)
            self.values.append(value)
        return code


def clean_text(text: str) -> str:
    """Return a name on one line without control or replacement characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text.replace("\ufffd", "")).split())
