"""Passages: who drove which part of a road when, how it was recorded, and where a blocked road turned them round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geodata.ground_rules import ThreatMap
from geodata.journal import HISTORY_H, Journal
from geodata.key_routes import KeyRoute
from geodata.mission import Mission
from geodata.spots import Track

LEG_M = 74_000.0
TURN_BACK_M = 700.0
"""How far before a block a patrol stops."""
MODES = {
    "kept": (0.04, 0.46, 0.52),
    "fresh": (0.04, 0.46, 0.52),
    "due": (0.56, 0.94, 0.74),
    "ageing": (1.12, 1.75, 0.80),
    "lost": (2.3, 3.1, 0.85),
}
"""Rhythm of a leg: last passage from and to, and time between passages, all in lives of a passage."""
KEPT_STEP_M = 1000.0
"""How closely the shortest life of a passage is looked for along a leg kept open throughout."""
ROUTE_MODES = (
    "kept",
    "kept",
    "due ageing lost fresh",
    "fresh ageing",
    "lost due lost ageing",
    "fresh due ageing",
    "fresh ageing",
    "lost fresh lost",
    "fresh due",
    "ageing",
    "due",
    "lost due lost",
)
"""Per key route, repeated along its legs: two are kept open throughout, two are neglected."""
WORDS = (
    "Patrol passed, nothing to report.",
    "Travelled, no incident. Road good.",
    "Passed the bridge site both ways, few vehicles met.",
    "Convoy through without a halt.",
    "Travelled. Market traffic in the villages, people greeted us.",
    "Passed. Soft shoulders, keep to the carriageway.",
    "Travelled at reduced speed, dust. No obstacles.",
)


@dataclass(frozen=True, slots=True)
class Block:
    """Something on a key route that turned patrols round for a while, in hours before now."""

    route: str
    at_m: float
    from_h: float
    until_h: float = 0.0

    def holds(self, route: str, hours: float) -> bool:
        """Return whether it stood in the way then."""
        return route == self.route and self.until_h <= hours <= self.from_h


def write_passages(journal: Journal, threat: ThreatMap, blocks: list[Block]) -> None:
    """Write sixty days of passages along the key routes and around the bases."""
    rng = journal.mission.country.rng("passages")
    for number, route in enumerate(journal.mission.routes):
        track = Track(journal.mission.graph, route.path)
        for start_m, end_m, mode in _legs(number, track.length_m):
            _write_leg(journal, rng, route, track, (start_m, end_m), mode, threat, blocks)
    _write_local_passages(journal, rng)


def _legs(number: int, length_m: float) -> list[tuple[float, float, str]]:
    """Return the legs of a key route: from, to, and how well it is kept."""
    count = max(1, round(length_m / LEG_M))
    modes = ROUTE_MODES[number].split()
    return [(i * length_m / count, (i + 1) * length_m / count, modes[i % len(modes)]) for i in range(count)]


def neglected_ways(mission: Mission) -> set[int]:
    """Return the ways of key routes that no patrol keeps any more."""
    kept, lost = set[int](), set[int]()
    for number, route in enumerate(mission.routes):
        legs = _legs(number, route.path.length_m)
        at_m = 0.0
        for step in route.path.steps:
            length_m = mission.country.ways[step.way].line.length
            modes = {mode for low, high, mode in legs if low < at_m + length_m and high > at_m}
            (lost if "lost" in modes else kept).add(step.way)
            at_m += length_m
    return lost - kept


def _write_leg(
    journal: Journal,
    rng: np.random.Generator,
    route: KeyRoute,
    track: Track,
    ends: tuple[float, float],
    mode: str,
    threat: ThreatMap,
    blocks: list[Block],
) -> None:
    line = route.path.line
    middle = line.interpolate(sum(ends) / 2)
    is_kept = mode == "kept"
    places = [line.interpolate(at) for at in np.arange(*ends, KEPT_STEP_M)] if is_kept else [middle]
    life_h = min(168.0, *(threat.hours_at(place) for place in places))
    low, high, rhythm = MODES[mode]
    hours = min(rng.uniform(low, high) * life_h, 20 * 24.0)
    unit = f"BN{journal.mission.province_at(middle.x, middle.y).number + 1}"
    step = 0
    while hours < HISTORY_H:
        every_h = (
            float(np.clip(rhythm * life_h, 26.0, 118.0))
            if hours > 14 * 24
            else float(np.clip(rhythm * life_h, 20.0, 160.0))
        )
        heavy = rng.choice(["P6", "P5", "P4", "P3"], p=[0.56, 0.2, 0.14, 0.1]) if step else "P6"
        write_passage(
            journal, rng, (route.code, round(ends[0]), step), route.code, track, ends, hours, str(heavy), unit, blocks,
            is_tasked=is_kept and step == 0,
        )  # fmt: skip
        hours += every_h * rng.uniform(0.7, 1.25)
        step += 1


def write_passage(
    journal: Journal,
    rng: np.random.Generator,
    key: tuple[object, ...],
    route: str,
    track: Track,
    ends: tuple[float, float],
    hours: float,
    passed: str,
    unit: str,
    blocks: list[Block],
    *,
    is_tasked: bool = False,
) -> None:
    """Write one passage, or the part of it up to what stood in the way; a tasked one is a patrol and beyond doubt."""
    start, end = ends if rng.random() < 0.5 else ends[::-1]
    words = WORDS[int(rng.integers(len(WORDS)))]
    in_way = [b for b in blocks if b.holds(route, hours) and min(ends) < b.at_m < max(ends)]
    is_through = not in_way
    if in_way:
        block = min(in_way, key=lambda b: abs(b.at_m - start))
        stop = block.at_m - np.sign(end - start) * TURN_BACK_M
        if abs(stop - start) < 2000 or (stop - start) * (end - start) < 0:
            return
        end, words = float(stop), "Road not passable ahead. Turned back, no bypass used."
    convoy = rng.random() < 0.14 and not is_tasked
    trusted = rng.random() < 0.93 or is_tasked
    journal.add(
        "verification",
        key,
        hours=hours,
        late_h=float(rng.choice([0.1, 0.4, 1.5, 6.0], p=[0.5, 0.3, 0.15, 0.05])),
        shape=track.drive(rng, start, end),
        words=words,
        unit="REL" if convoy else unit,
        by=journal.cast.patrol("REL" if convoy else unit),
        form="passage",
        strength="partner_convoy_traverse" if convoy else "own_patrol_traverse",
        passed="P5" if convoy else passed,
        track="gps",
        authenticated=trusted,
        user_class="humanitarian" if convoy else "mission_military",
        unimpeded=is_through and rng.random() < 0.9,
        grade=None if trusted else "C2",
        classification="unclassified",
    )


def _write_local_passages(journal: Journal, rng: np.random.Generator) -> None:
    """Write patrols from each base to towns around it, on whatever road leads there."""
    mission = journal.mission
    towns = mission.country.settlements[:110]
    for province in mission.provinces:
        seat = province.seat
        near = sorted(towns, key=lambda t: np.hypot(t.x - seat.x, t.y - seat.y))[1:15]
        start = mission.graph.nearest_node((seat.x, seat.y))
        paths = mission.graph.find_paths(start, [mission.graph.nearest_node((t.x, t.y)) for t in near])
        for town, path in zip(near, paths, strict=True):
            if path is None or path.length_m > 75_000:
                continue
            track = Track(mission.graph, path)
            hours = float(rng.choice([rng.uniform(3, 60), rng.uniform(60, 260), rng.uniform(260, 800)]))
            step = 0
            while hours < HISTORY_H and step < 3:
                key = ("local", province.number, town.name, step)
                write_passage(
                    journal,
                    rng,
                    key,
                    "",
                    track,
                    (0.0, track.length_m),
                    hours,
                    "P4" if step % 2 else "P6",
                    f"BN{province.number + 1}",
                    [],
                )
                hours += rng.uniform(150, 420)
                step += 1


def write_searches(journal: Journal) -> None:
    """Write route searches, engineer recces, weak signs and clocks that were wrong."""
    rng = journal.mission.country.rng("searches")
    routes = journal.mission.routes
    plan = (
        (0, 0.22, 30.0, "route_search", "EOD"),
        (3, 0.4, 52.0, "route_search", "EOD"),
        (7, 0.52, 20.0, "engineer_recce", "ENG"),
        (8, 0.3, 44.0, "engineer_recce", "ENG"),
        (5, 0.6, 70.0, "route_search", "EOD"),
        (2, 0.7, 12.0, "engineer_recce", "ENG"),
    )
    for number, (route, share, hours, strength, unit) in enumerate(plan):
        track = Track(journal.mission.graph, routes[route].path)
        at = share * track.length_m
        journal.add(
            "verification",
            ("search", number),
            hours=hours,
            late_h=1.0,
            shape=track.drive(rng, at, at + 9000),
            unit=unit,
            form="passage",
            strength=strength,
            passed="P7" if strength == "engineer_recce" else "P6",
            track="gps",
            authenticated=True,
            user_class="mission_military",
            unimpeded=True,
            words="Search complete along the stretch, verges looked at.",
        )
    for number, (route, strength, words) in enumerate(
        (
            (4, "aerial_look", "Seen from the air: road dry, no traffic."),
            (11, "imagery", "Image of yesterday shows a light car under way."),
            (11, "hearsay", "Traders say the road can be driven."),
            (4, "own_patrol_traverse", "On foot along the cut, vehicles left behind."),
        )
    ):
        track = Track(journal.mission.graph, routes[route].path)
        at = track.length_m * (0.2 + 0.15 * number)
        is_foot = strength == "own_patrol_traverse"
        journal.add(
            "verification",
            ("weak", number),
            hours=30.0 + 20 * number,
            shape=track.drive(rng, at, at + 6000),
            words=words,
            form="passage",
            strength=strength,
            passed="P1" if is_foot else None,
            track="gps" if is_foot else "stated",
            authenticated=is_foot,
            grade=None if is_foot else "C3",
            user_class="mission_military",
        )
    track = Track(journal.mission.graph, routes[4].path)
    journal.add(
        "verification",
        ("fast clock",),
        hours=15.0,
        late_h=-6.0,
        shape=track.drive(rng, 4000, 14_000),
        strength="own_patrol_traverse",
        passed="P6",
        track="gps",
        authenticated=True,
        user_class="mission_police",
        unimpeded=True,
        unit="POL",
        form="passage",
        words="Device clock found six hours fast at sync.",
    )
    both = shapely.multilinestrings([track.drive(rng, 30_000, 38_000), track.drive(rng, 39_500, 47_000)])
    journal.add(
        "verification",
        ("two parts",),
        hours=9.0,
        shape=both,
        strength="own_patrol_traverse",
        passed="P5",
        track="gps",
        authenticated=True,
        user_class="mission_military",
        unimpeded=True,
        unit="BN1",
        form="passage",
        words="Receiver lost the sky in the cutting; track in two parts.",
    )
