"""How physical facts and their ends are written, and what they mean for patrols; which there are: `damage_stories`."""

from __future__ import annotations

from typing import Any

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.patrols import Block
from geodata.spots import Spot, spot_on

Place = dict[str, list[float]]


class DamageWriter:
    """Writes physical facts; knows the bridges and fords of the country and which of them key routes use."""

    def __init__(self, journal: Journal, cast: Cast) -> None:
        self.journal, self.cast = journal, cast
        mission = journal.mission
        self._ways = mission.country.ways
        self.blocks: list[Block] = []
        """What stood in the way of patrols."""
        on_routes = [(step.way, number) for number, route in enumerate(mission.routes) for step in route.path.steps]
        self._route_of = dict(reversed(on_routes))

    def crossings(self, word: str, *, on_route: bool) -> list[int]:
        """Return way numbers of bridges, fords or ferries on key routes or off them, those of the first route first."""
        inside = self.journal.mission.country.land.country
        found = [i for i, way in enumerate(self._ways) if word in (*way.tags, way.tags.get("route"))]
        chosen = [i for i in found if (i in self._route_of) == on_route and inside.contains(self.middle(i).point)]
        return sorted(chosen, key=lambda way: (self._route_of.get(way, 0), way))

    def route_of(self, way: int) -> int:
        """Return the number of the first key route that uses a way."""
        return self._route_of[way]

    def middle(self, way: int) -> Spot:
        """Return the middle of a way."""
        line = self._ways[way].line
        return spot_on(line, line.length / 2)

    def asset(self, way: int) -> Place:
        """Return the way's asset, named by its position until a network gives it an id."""
        middle = self.middle(way)
        return {"at": list(lonlat(middle.x, middle.y))}

    def write(
        self,
        key: tuple[object, ...],
        hours: float,
        damage: str,
        *,
        spot: Spot | None = None,
        words: str,
        unit: str = "ENG",
        grade: str | None = None,
        **properties: Any,
    ) -> str:
        """Write a physical fact at a position, or on the asset or segments that `properties` name."""
        return self.journal.add(
            "physical",
            key,
            hours=hours,
            late_h=0.5,
            damage=damage,
            shape=spot.point if spot else None,
            location={"method": "gps"} if spot else None,
            words=words,
            unit=unit,
            grade=grade,
            by=self.cast.patrol(unit),
            origin=f"{unit} {key[0]}",
            form="bridge" if "asset" in properties else "physical",
            **properties,
        )

    def ended(self, fact: str, hours: float, act: str, words: str, **properties: Any) -> str:
        """Write the engineers' closing act on a fact."""
        return self.journal.add(
            "closing_act",
            (act, fact),
            hours=hours,
            late_h=0.0,
            act=act,
            closes=[fact],
            authority="engineer",
            signed_by=self.cast.pair("engineer"),
            unit="ENG",
            words=words,
            **properties,
        )

    def blocked(self, spot: Spot, from_h: float, until_h: float = 0.0) -> None:
        """Let patrols turn back at a position for a time, on every key route that passes it."""
        for route in self.journal.mission.routes:
            if route.path.line.distance(spot.point) < 30:
                self.blocks.append(Block(route.code, route.path.line.project(spot.point), from_h, until_h))
