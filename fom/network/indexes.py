"""The indexes of a network, made once at build and kept beside its arrays: of the segments' boxes and of their ids.

An artefact without them (an older one, or a drawn file) makes them when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.network.box_index import BoxIndex
from fom.network.id_index import IdIndex

BOX_ARRAYS = ("order", "boxes", "blocks", "groups")
ID_ARRAYS = ("order", "hashes")


@dataclass(frozen=True, eq=False, slots=True)
class Indexes:
    """Of the segments' boxes and ids."""

    boxes: BoxIndex
    segments: IdIndex
    coords: NDArray[np.float64]
    """The vertices that the boxes are of."""

    def fit(self, segment_ids: NDArray[np.bytes_], coords: NDArray[np.float64]) -> bool:
        """Return whether these are of the very arrays given: a network made from another one has indexes of its own."""
        return self.segments.ids is segment_ids and self.coords is coords

    @classmethod
    def of(
        cls, segment_ids: NDArray[np.bytes_], coords: NDArray[np.float64], coord_start: NDArray[np.int64]
    ) -> Indexes:
        """Return the indexes of segments with these ids and vertices."""
        return cls(BoxIndex.of_lines(coords, coord_start), IdIndex.of(segment_ids), coords)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to keep, by name."""
        boxes = {f"box_{name}": getattr(self.boxes, name) for name in BOX_ARRAYS}
        return boxes | {f"id_{name}": getattr(self.segments, name) for name in ID_ARRAYS}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], segment_ids: NDArray[np.bytes_], coords: NDArray[np.float64]
    ) -> Indexes:
        """Return the indexes of kept arrays. KeyError or ValueError when they are not of these segments."""
        boxes = BoxIndex(**{name: arrays[f"box_{name}"] for name in BOX_ARRAYS})
        ids = IdIndex(segment_ids, **{name: arrays[f"id_{name}"] for name in ID_ARRAYS})
        for array in (boxes.order, boxes.boxes, ids.order, ids.hashes):
            if len(array) != len(segment_ids):
                raise ValueError("indexes of another network")
        return cls(boxes, ids, coords)
