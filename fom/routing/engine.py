"""What a search engine is: weights of router arcs in, lightest paths out. Two exist: `dijkstra`, `hierarchy_engine`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fom.routing.remaining import Remaining


@dataclass(frozen=True, eq=False, slots=True)
class Ends:
    """Where a search may begin or end: router nodes, and the weight already spent (or still to spend) there."""

    nodes: NDArray[np.int32]
    weights: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """A lightest path between two sets of ends: its whole weight, its router arcs, and which ends it joins."""

    weight: int
    arcs: NDArray[np.int64]
    start: int
    end: int


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """A path that may be an alternate, not yet judged."""

    found: Found
    via: int | None
    """Shortest up to this place in `found.arcs` and shortest from there on; None = nothing is known."""


class Engine(Protocol):
    """Searches over weights that its owner changes in place and then announces."""

    def update(self, arcs: NDArray[np.int64]) -> None:
        """Take note that the weights of router `arcs` have changed."""

    def search(self, sources: Ends, targets: Ends) -> Found | None:
        """Return the lightest path from any source to any target, None when there is none."""

    def distance(self, sources: Ends, targets: Ends) -> int:
        """Return the weight of that path, UNREACHABLE when there is none."""

    def remaining(self, targets: Ends) -> Remaining:
        """Return what is still to be spent from any node to the targets; holds while the weights do."""

    def candidates(
        self, sources: Ends, targets: Ends, best: Found, counted: NDArray[np.float64], allowed: float
    ) -> Iterator[Candidate]:
        """Yield other paths, the most promising first, each once; a bounded number of them.

        `counted` (arcs of the best,) says how much sharing each of them counts; paths that clearly share more than
        `allowed` may be left out.
        """
