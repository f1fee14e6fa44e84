"""Map-data tags of roads: class, surface, width, names and what carries them over water."""

from __future__ import annotations

import numpy as np

from geodata.chains import Chain
from geodata.names import NameMaker

HIGHWAY = {
    -1: "trunk",
    0: "trunk",
    1: "trunk",
    2: "primary",
    3: "secondary",
    4: "tertiary",
    5: "unclassified",
    6: "track",
    10: "tertiary",
    11: "residential",
}
SURFACES = {
    -1: (("asphalt", 1.0),),
    0: (("asphalt", 1.0),),
    1: (("asphalt", 1.0),),
    2: (("asphalt", 0.62), ("compacted", 0.38)),
    3: (("asphalt", 0.18), ("compacted", 0.36), ("gravel", 0.46)),
    4: (("gravel", 0.34), ("compacted", 0.16), ("ground", 0.38), ("", 0.12)),
    5: (("ground", 0.42), ("dirt", 0.28), ("gravel", 0.16), ("", 0.14)),
    6: (("ground", 0.44), ("dirt", 0.3), ("sand", 0.1), ("mud", 0.06), ("", 0.1)),
    10: (("asphalt", 0.5), ("compacted", 0.3), ("gravel", 0.2)),
    11: (("ground", 0.44), ("compacted", 0.22), ("asphalt", 0.16), ("", 0.18)),
}
"""Tier -> surfaces with their share; an empty one is not recorded."""
BRIDGE_T = {
    0: (60,),
    1: (40, 60, 50),
    2: (30, 40, 25),
    3: (20, 25, 12, 30),
    4: (10, 12, 15, 8),
    5: (5, 8, 10),
    6: (3, 5),
}
"""Tier -> posted limits of its bridges, tonnes."""
SPEED = {1: 80, 2: 70}


class Tagger:
    """Chooses tags once per chain or street, so that a road keeps its surface from junction to junction."""

    def __init__(self, rng: np.random.Generator, chains: list[Chain]) -> None:
        self._rng, self._chains = rng, chains
        self._names = NameMaker(rng)
        self._of_chain: dict[int, dict[str, str]] = {}

    def tags(self, rank: int, number: int) -> dict[str, str]:
        """Return the tags of a piece of a chain (rank up to 6) or of a town's street."""
        if rank < 1:
            return self._ring(is_roundabout=rank == -1)
        if rank > 6:
            return self._street(rank)
        if number not in self._of_chain:
            self._of_chain[number] = self._rural(rank, self._chains[number].road)
        return self._of_chain[number]

    def flyover(self) -> dict[str, str]:
        """Return the tags of the ring road's bridges over another road."""
        return self._ring(is_roundabout=False) | {"bridge": "yes", "layer": "1", "maxweight": "60"}

    def _ring(self, *, is_roundabout: bool) -> dict[str, str]:
        tags = {"highway": "trunk", "surface": "asphalt", "lanes": "2", "oneway": "yes", "name": "Ring Road"}
        return tags | ({"junction": "roundabout"} if is_roundabout else {"maxspeed": "80"})

    def over_water(self, tags: dict[str, str], rank: int, water: int) -> dict[str, str]:
        """Return the tags of a span over water of a rank: a bridge with its posted limit, or a ford."""
        ford_share = {0: 0.0, 1: 0.0, 2: 0.0, 3: 0.06, 4: 0.3, 5: 0.6, 6: 0.88}[rank] if water == 1 else 0.0
        if water == 2 and rank >= 5:
            ford_share = 0.5
        if self._rng.random() < ford_share:
            depth = self._rng.choice([0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
            return {**tags, "ford": "yes"} | ({"depth": f"{depth:.1f}"} if self._rng.random() < 0.7 else {})
        if water == 1 and rank in (2, 3, 4) and self._rng.random() < 0.3:
            return {**tags, "culvert": "yes"} | ({"maxweight": "30"} if self._rng.random() < 0.7 else {})
        span = {**tags, "bridge": "yes", "layer": "1"}
        if water >= 2:
            span["bridge:name"] = f"{self._names.place()} Bridge"
        if self._rng.random() < 0.86:
            limit_t = int(self._rng.choice(BRIDGE_T[rank]))
            span["maxweight"] = str(limit_t)
            if rank <= 3 and self._rng.random() < 0.6:
                span["mlc"] = str(limit_t)
        return span

    def _rural(self, tier: int, road: int) -> dict[str, str]:
        tags = {"highway": HIGHWAY[tier]} | self._surface(tier)
        if tier <= 2:
            tags |= {"ref": f"N{road}", "lanes": "2", "maxspeed": str(SPEED[tier])}
        elif tier == 3:
            tags |= {"ref": f"R{road}"}
        if tier == 6:
            tags["tracktype"] = f"grade{self._rng.integers(2, 6)}"
        return tags

    def _street(self, rank: int) -> dict[str, str]:
        tags = {"highway": HIGHWAY[rank]} | self._surface(rank)
        if rank == 10 or self._rng.random() < 0.12:
            tags["name"] = self._names.street()
        return tags

    def _surface(self, rank: int) -> dict[str, str]:
        words, shares = zip(*SURFACES[rank], strict=True)
        word = str(words[int(self._rng.choice(len(words), p=shares))])
        return {"surface": word} if word else {}
