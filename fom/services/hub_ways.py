"""Which places reach one of the hubs in time over viable roads, and the way that each of them takes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.routing.roads import NEVER, Roads
from fom.routing.snapping import Snap
from fom.routing.spreading import REACH_MS, Spread, spread_to

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class HubWays:
    """The answer of one search from the hubs outwards."""

    roads: Roads
    places: Mapping[str, Snap]
    hubs: Sequence[Snap]
    spread: Spread | None
    """None when there is no hub."""
    ms: Mapping[str, int]
    """Id of a place -> milliseconds to the nearest hub, for those that reach one in time."""

    @classmethod
    def of(cls, roads: Roads, places: Mapping[str, Snap], hubs: Sequence[Snap]) -> HubWays:
        """Search; a place farther than `REACH_MS` from every hub reaches none."""
        if not hubs or not places:
            return cls(roads, places, hubs, None, {})
        spread = spread_to(roads, roads.arriving(hubs), REACH_MS)
        snaps = list(places.values())
        out = np.full(len(snaps), NEVER, np.int64)
        joints, direct = roads.leaving(snaps), roads.direct(snaps, hubs)
        np.minimum.at(out, joints.place, joints.ms + spread.dist[joints.node])
        np.minimum.at(out, direct.start, direct.ms)
        return cls(
            roads, places, hubs, spread, {i: ms for i, ms in zip(places, out.tolist(), strict=True) if ms <= REACH_MS}
        )

    @property
    def ids(self) -> set[str]:
        """Return the places that reach a hub."""
        return set(self.ms)

    def way(self, place_id: str) -> Ints:
        """Return the segments on the way from a place to its nearest hub, in order; none where no hub is reached."""
        if self.spread is None or place_id not in self.ms:
            return np.empty(0, np.int64)
        snap = self.places[place_id]
        leaving = self.roads.leaving([snap])
        spent = leaving.ms + self.spread.dist[leaving.node]
        if not len(spent) or int(spent.min()) > self.ms[place_id]:
            return np.array([snap.segment], np.int64)  # the hub stands on the same road
        graph = self.roads.topology.graph
        node, segments = int(leaving.node[spent.argmin()]), [snap.segment]
        while (arc := int(self.spread.link[node])) >= 0:
            segments.append(int(graph.arc_of[arc]) >> 1)
            node = int(graph.head[arc])
        hub = self.hubs[int(self.roads.arriving(self.hubs).place[-1 - arc])]
        return np.array([*segments, hub.segment], np.int64)
