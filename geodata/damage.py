"""Damage, floods, obstructions and load limits, and the repairs and crossings that ended them."""

from __future__ import annotations

import numpy as np
import shapely
import shapely.ops

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.patrols import Block
from geodata.spots import Spot, rural_spots, spot_on

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
        """Return way numbers of bridges, fords, ferries or tunnels, on key routes or off them, inside the country."""
        inside = self.journal.mission.country.land.country
        found = [i for i, way in enumerate(self._ways) if (way.tags.get("route") if word == "ferry" else way.tags.get(word))]
        return [i for i in found if (i in self._route_of) == on_route and inside.contains(shapely.Point(way_middle(self._ways[i].line)))]

    def middle(self, way: int) -> Spot:
        """Return the middle of a way."""
        line = self._ways[way].line
        return spot_on(line, line.length / 2)

    def asset(self, way: int) -> Place:
        """Return the way's asset, named by its position until a network gives it an id."""
        middle = self.middle(way)
        return {"at": list(lonlat(middle.x, middle.y))}

    def write(self, key: tuple[object, ...], hours: float, damage: str, *, spot: Spot | None = None, method: str = "gps", words: str,
              unit: str = "ENG", grade: str | None = None, **properties: object) -> str:  # fmt: skip
        """Write a physical fact at a position, or on the asset or segments that `properties` name."""
        return self.journal.add(
            "physical", key, hours=hours, late_h=0.5, damage=damage, shape=spot.point if spot else None,
            location={"method": method} if spot else None, words=words, unit=unit, grade=grade, by=self.cast.patrol(unit),
            origin=f"{unit} {key[0]}", form="bridge" if "asset" in properties else "physical", **properties,
        )  # fmt: skip

    def ended(self, fact: str, hours: float, act: str, words: str, **properties: object) -> str:
        """Write the engineers' closing act on a fact."""
        return self.journal.add(
            "closing_act", (act, fact), hours=hours, late_h=0.0, act=act, closes=[fact], authority="engineer",
            signed_by=self.cast.pair("engineer"), unit="ENG", words=words, **properties,
        )  # fmt: skip

    def blocked(self, route: int, spot: Spot, from_h: float, until_h: float = 0.0) -> None:
        """Let patrols on a route turn back at a position for a time."""
        path = self.journal.mission.routes[route]
        self.blocks.append(Block(path.code, path.path.line.project(spot.point), from_h, until_h))


def way_middle(line: shapely.LineString) -> tuple[float, float]:
    """Return the middle of a line."""
    return tuple(line.interpolate(0.5, normalized=True).coords[0])  # type: ignore[return-value]


def write_damage(journal: Journal, cast: Cast) -> DamageWriter:
    """Write physical facts on key routes and off them; return the writer with what blocked patrols."""
    writer = DamageWriter(journal, cast)
    _bridges_on_routes(writer)
    _fords_and_floods(writer)
    _roads(writer)
    _away(writer)
    return writer


def _bridges_on_routes(writer: DamageWriter) -> None:
    """Write one story per bridge of the key routes, in order of the routes that use them."""
    bridges = sorted(writer.crossings("bridge", on_route=True), key=lambda way: (writer._route_of[way] != 2, writer._route_of[way], way))
    stories = iter(bridges)
    down = next(stories)
    route = writer._route_of[down]
    writer.write(("fallen",), 9 * 24.0, "destroyed", asset=writer.asset(down), grade="B2", words="Bridge down, one span in the river. No bypass seen.")
    writer.blocked(route, writer.middle(down), 9 * 24.0)
    for index in (i for i, r in enumerate(writer.journal.mission.routes) if i != route and any(s.way == down for s in r.path.steps)):
        writer.blocked(index, writer.middle(down), 9 * 24.0)
    rumour = next(stories)
    writer.write(("rumour",), 30.0, "destroyed", asset=writer.asset(rumour), unit="BN4", words="Driver says the bridge was burnt. Not seen by us.")
    weak = next(stories)
    writer.write(("weak",), 16 * 24.0, "limit", asset=writer.asset(weak), grade="A2", limits={"mlc": 12}, review_by=writer.journal.moment(40.0),
                 words="Engineer look: posted down to class 12 until decking is changed.")  # fmt: skip
    unknown = next(stories)
    writer.write(("unknown class",), 6 * 24.0, "limit", asset=writer.asset(unknown), grade="B2", limits={"mlc": None, "mass_t": None}, words="Class plate missing, abutment cracked. Old class not to be used.")
    mended = next(stories)
    fact = writer.write(("mended",), 34 * 24.0, "destroyed", asset=writer.asset(mended), grade="A2", words="Span blown. Traffic stopped.")
    writer.ended(fact, 20 * 24.0, "repaired", "Panel bridge laid over the gap.", limits={"mlc": 40, "mass_t": 40})
    writer.blocked(writer._route_of[mended], writer.middle(mended), 34 * 24.0, 20 * 24.0)
    unclassed = next(stories)
    fact = writer.write(("unclassed",), 27 * 24.0, "damaged", asset=writer.asset(unclassed), grade="B2", words="Scour at the pier.")
    writer.ended(fact, 13 * 24.0, "repaired", "Scour filled. Class to follow after the engineers' check.")
    crossed = next(stories)
    fact = writer.write(("crossed",), 12 * 24.0, "damaged", asset=writer.asset(crossed), grade="B3", words="Decking loose, some planks gone.")
    journal, route = writer.journal, writer.journal.mission.routes[writer._route_of[crossed]]
    at = route.path.line.project(writer.middle(crossed).point)
    journal.add("verification", ("crossed",), hours=5 * 24.0, shape=_cut(route.path.line, at - 3000, at + 3000), strength="engineer_recce", passed="P7", track="gps",
                authenticated=True, user_class="mission_military", unimpeded=True, crossed=[fact], unit="ENG", form="passage", words="Low-loader taken over the bridge at walking pace.")  # fmt: skip
    two = next(stories, crossed)
    a = writer.write(("two voices", 1), 50.0, "damaged", asset=writer.asset(two), unit="BN2", grade="C3", words="Railing hit, deck fine.")
    b = writer.write(("two voices", 2), 47.0, "blocked", asset=writer.asset(two), unit="BN6", grade="C3", words="Truck stuck on the bridge, nobody passes.")
    journal.add("link", ("two voices",), hours=45.0, late_h=0.0, relation="conflict", members=[a, b], by=writer.cast.duty(0), words="Reports disagree; patrol asked to look.")


def _fords_and_floods(writer: DamageWriter) -> None:
    """Write high water at fords and low bridges in the provinces where the rains have come."""
    journal = writer.journal
    wet = [journal.mission.provinces[i].outline for i in (3, 5)]
    fords = writer.crossings("ford", on_route=False)
    in_rain = [way for way in fords if any(area.contains(writer.middle(way).point) for area in wet)] or fords
    for number, (way, depth) in enumerate(zip(in_rain, (0.9, 0.4, None, 0.65, 1.4), strict=False)):
        writer.write(("ford", number), (1.5 + number) * 24, "flooded", asset=writer.asset(way), depth_m=depth, grade="B2" if number % 2 == 0 else "C3",
                     unit="BN4", words="River up over the ford." if depth else "Ford under water, depth not taken.")  # fmt: skip
    for route, share, depth, grade, hours in ((8, 0.36, None, "B2", 36.0), (8, 0.58, 0.3, "B2", 30.0), (4, 0.72, 0.45, "B3", 52.0)):
        spot = spot_on(journal.mission.routes[route].path.line, share * journal.mission.routes[route].path.line.length)
        writer.write(("flood", route, share), hours, "flooded", spot=spot, depth_m=depth, grade=grade, unit="BN6", words="Water over the road for some two hundred metres.")
        if depth is None:
            writer.blocked(route, spot, hours)
    for number, way in enumerate(writer.crossings("ferry", on_route=False)[:1]):
        fact = writer.write(("ferry", number), 20 * 24.0, "blocked", asset=writer.asset(way), grade="B2", words="Ferry cable parted. No crossing.")
        writer.ended(fact, 12 * 24.0, "repaired", "Cable renewed, ferry runs by day.", limits={"mass_t": 15})


def _roads(writer: DamageWriter) -> None:
    """Write what happened to the carriageway of key routes: slides, wash-outs, potholes, fallen trees."""
    routes = writer.journal.mission.routes
    stories = (
        (11, 0.34, 28.0, 0.0, "blocked", None, "Landslide over both lanes, buses turn round."),
        (3, 0.77, 24 * 24.0, 19 * 24.0, "washed_out", "B2", "Embankment gone over ten metres."),
        (6, 0.62, 70.0, 0.0, "damaged", "B3", "Edge of the road broken away, one lane left."),
        (9, 0.16, 8 * 24.0, 0.0, "damaged", "C3", "Deep potholes for a kilometre, trucks at walking pace."),
        (1, 0.58, 41 * 24.0, 40 * 24.0, "blocked", "A1", "Fallen trees across the road."),
        (5, 0.28, 15 * 24.0, 0.0, "limit", "B2", "Overhead line sagging."),
        (10, 0.55, 20.0, 0.0, "blocked", "D4", "Child says stones lie on the road."),
    )  # fmt: skip
    for route, share, hours, until, damage, grade, words in stories:
        spot = spot_on(routes[route].path.line, share * routes[route].path.line.length)
        more: dict[str, object] = {"limits": {"height_m": 3.4}} if damage == "limit" else {}
        fact = writer.write(("road", route, share), hours, damage, spot=spot, grade=grade, unit=f"BN{route % 7 + 1}", words=words, **more)
        if until:
            writer.ended(fact, until, "repaired", "Filled and rolled, open to all classes." if damage == "washed_out" else "Cleared from the road.", limits={"mlc": 60, "mass_t": 60})
        if damage in ("blocked", "washed_out") and grade != "D4":
            writer.blocked(route, spot, hours, until)


def _away(writer: DamageWriter) -> None:
    """Write damage off the key routes, about half of it mended since."""
    journal = writer.journal
    rng = journal.mission.country.rng("damage away")
    words = {"damaged": "Surface broken, slow.", "blocked": "Tree over the track.", "washed_out": "Culvert washed away.", "flooded": "Low ground under water."}
    for number, spot in enumerate(rural_spots(journal.mission, rng, 30, tiers=(3, 4, 5, 6))):
        damage = str(rng.choice(list(words)))
        hours = rng.uniform(1, 59) * 24
        more: dict[str, object] = {"depth_m": float(rng.choice([0.2, 0.5, 0.8]))} if damage == "flooded" else {}
        fact = writer.write(("away", number), hours, damage, spot=spot, grade=str(rng.choice(["B2", "B3", "C3", "F6", "D3"])), unit=f"BN{rng.integers(1, 8)}", words=words[damage], **more)
        if hours > 9 * 24 and rng.random() < 0.6:
            erroneous = rng.random() < 0.15
            writer.ended(fact, hours - rng.uniform(60, 200), "erroneous" if erroneous else "repaired", "Looked at: road whole." if erroneous else "Repaired by the district.",
                         **({} if erroneous else {"limits": {"mass_t": 25, "mlc": 25}}))  # fmt: skip
    for number, way in enumerate(writer.crossings("bridge", on_route=False)[:6]):
        grade = ("B2", "C3", "F6")[number % 3]
        writer.write(("bridge away", number), float(np.round(rng.uniform(2, 50) * 24, 1)), ("damaged", "destroyed")[number % 2], asset=writer.asset(way), grade=grade,
                     unit=f"BN{number + 1}", words="Bridge looked at in passing: deck damaged." if number % 2 == 0 else "Bridge said to be down.")  # fmt: skip


def _cut(line: shapely.LineString, start: float, end: float) -> shapely.LineString:
    return shapely.ops.substring(line, max(start, 0), min(end, line.length))
