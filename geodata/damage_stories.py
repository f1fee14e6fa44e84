"""What happened to bridges, fords and carriageways in sixty days, and what was mended, crossed or found whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely.ops

from geodata.cast import Cast
from geodata.damage import DamageWriter
from geodata.journal import Journal
from geodata.spots import rural_spots, spot_on

STORIES_ON = (2, 11, 3, 8)
"""Key routes whose bridges have stories, the first with the fallen one: closed today, or held."""


@dataclass(frozen=True, slots=True)
class BridgeStory:
    """A fact about one bridge, and its repair, if any. `blocks` = patrols turned back meanwhile."""

    key: str
    hours: float
    damage: str
    words: str
    grade: str | None = "B2"
    unit: str = "ENG"
    limits: dict[str, float | None] | None = None
    review_h: float | None = None
    repaired_h: float | None = None
    repair_words: str = ""
    repair_limits: dict[str, float | None] | None = None
    blocks: bool = False


BRIDGES = (
    BridgeStory("fallen", 216.0, "destroyed", "Bridge down, one span in the river. No bypass seen.", blocks=True),
    BridgeStory("rumour", 30.0, "destroyed", "Driver says the bridge was burnt. Not seen by us.", None, "BN4"),
    BridgeStory(
        "weak", 384.0, "limit", "Posted down to class 12 until the decking is changed.", "A2", limits={"mlc": 12},
        review_h=40.0
    ),
    BridgeStory(
        "unknown class", 144.0, "limit", "Class plate missing, abutment cracked. Old class not to be used.",
        limits={"mlc": None, "mass_t": None},
    ),
    BridgeStory(
        "mended", 816.0, "destroyed", "Span blown. Traffic stopped.", "A2", repaired_h=480.0,
        repair_words="Panel bridge laid over the gap.", repair_limits={"mlc": 40, "mass_t": 40}, blocks=True,
    ),
    BridgeStory(
        "unclassed", 648.0, "damaged", "Scour at the pier.", repaired_h=312.0,
        repair_words="Scour filled. Class to follow after the engineers' check.",
    ),
)  # fmt: skip
FLOODS = ((11, 0.45, None, "B2", 36.0), (8, 0.58, 0.3, "B2", 30.0), (4, 0.72, 0.45, "B3", 52.0))
"""Key route, share of its length, depth in metres, grade, hours: water over the road."""
FORD_DEPTHS_M = (0.9, 0.4, None, 0.65, 1.4)


@dataclass(frozen=True, slots=True)
class RoadStory:
    """Something on the carriageway of a key route, until engineers cleared it."""

    route: int
    share: float
    hours: float
    damage: str
    words: str
    grade: str | None = "B2"
    until_h: float = 0.0
    limits: dict[str, float | None] | None = None
    blocks: bool = False


ROADS = (
    RoadStory(11, 0.34, 28.0, "blocked", "Landslide over both lanes, buses turn round.", None, blocks=True),
    RoadStory(3, 0.77, 576.0, "washed_out", "Embankment gone over ten metres.", until_h=456.0, blocks=True),
    RoadStory(6, 0.62, 70.0, "damaged", "Edge of the road broken away, one lane left.", "B3"),
    RoadStory(9, 0.16, 192.0, "damaged", "Deep potholes for a kilometre, trucks at walking pace.", "C3"),
    RoadStory(1, 0.58, 984.0, "blocked", "Fallen trees across the road.", "A1", until_h=960.0, blocks=True),
    RoadStory(5, 0.28, 360.0, "limit", "Overhead line sagging.", limits={"height_m": 3.4}),
    RoadStory(10, 0.55, 20.0, "blocked", "Child says stones lie on the road.", "D4"),
)


def write_damage(journal: Journal, cast: Cast) -> DamageWriter:
    """Write physical facts on key routes and off them; return the writer with what blocked patrols."""
    writer = DamageWriter(journal, cast)
    _write_bridges(writer)
    _write_floods(writer)
    for story in ROADS:
        line = journal.mission.routes[story.route].path.line
        spot = spot_on(line, story.share * line.length)
        fact = writer.write(
            ("road", story.route, story.share), story.hours, story.damage, spot=spot, grade=story.grade,
            unit=f"BN{story.route % 7 + 1}", words=story.words, limits=story.limits,
        )  # fmt: skip
        if story.until_h:
            writer.ended(fact, story.until_h, "repaired", "Cleared and rolled.", limits={"mlc": 60, "mass_t": 60})
        if story.blocks:
            writer.blocked(spot, story.hours, story.until_h)
    _write_damage_away(writer)
    return writer


def _write_bridges(writer: DamageWriter) -> None:
    """Tell each story of a bridge of its own, the fallen one first; then a crossing and a contradiction."""
    bridges = sorted(
        (way for way in writer.crossings("bridge", on_route=True) if writer.route_of(way) in STORIES_ON),
        key=lambda way: (STORIES_ON.index(writer.route_of(way)), way % 7, way),
    )
    for story, way in zip(BRIDGES, bridges, strict=False):
        review_by = None if story.review_h is None else writer.journal.moment(story.review_h)
        fact = writer.write(
            (story.key,), story.hours, story.damage, asset=writer.asset(way), grade=story.grade, unit=story.unit,
            words=story.words, limits=story.limits, review_by=review_by,
        )  # fmt: skip
        if story.repaired_h is not None:
            writer.ended(fact, story.repaired_h, "repaired", story.repair_words, limits=story.repair_limits)
        if story.blocks:
            writer.blocked(writer.middle(way), story.hours, story.repaired_h or 0.0)
    for way, write in zip(bridges[len(BRIDGES) :], (_write_crossing, _write_conflict), strict=False):
        write(writer, way)


def _write_crossing(writer: DamageWriter, way: int) -> None:
    """Write a damaged bridge over which engineers then took their heaviest vehicle."""
    words = "Decking loose, some planks gone."
    fact = writer.write(("crossed",), 288.0, "damaged", asset=writer.asset(way), grade="B3", words=words)
    line = writer.journal.mission.routes[writer.route_of(way)].path.line
    at = line.project(writer.middle(way).point)
    writer.journal.add(
        "verification", ("crossed",), hours=120.0, shape=shapely.ops.substring(line, max(at - 3000, 0), at + 3000),
        strength="engineer_recce", passed="P7", track="gps", authenticated=True, user_class="mission_military",
        unimpeded=True, crossed=[fact], unit="ENG", form="passage", words="Low-loader taken over at walking pace.",
    )  # fmt: skip


def _write_conflict(writer: DamageWriter, way: int) -> None:
    """Write two reports of one bridge that disagree."""
    reports = (
        ("BN2", 50.0, "damaged", "Railing hit, deck fine."),
        ("BN6", 47.0, "blocked", "Truck stuck on the bridge, nobody passes."),
    )
    facts = [
        writer.write(("conflict", unit), hours, damage, asset=writer.asset(way), unit=unit, grade="C3", words=words)
        for unit, hours, damage, words in reports
    ]
    writer.journal.add(
        "link", ("conflict",), hours=45.0, late_h=0.0, relation="conflict", members=facts, by=writer.cast.duty(0),
        words="Reports disagree; patrol asked to look.",
    )  # fmt: skip


def _write_floods(writer: DamageWriter) -> None:
    """Write high water at fords of the provinces where the rains have come, on key routes, and a broken ferry."""
    journal = writer.journal
    wet = [journal.mission.provinces[i].outline for i in (3, 5)]
    fords = writer.crossings("ford", on_route=False)
    in_rain = [way for way in fords if any(area.contains(writer.middle(way).point) for area in wet)] or fords
    for number, (way, depth) in enumerate(zip(in_rain, FORD_DEPTHS_M, strict=False)):
        writer.write(
            ("ford", number), (1.5 + number) * 24, "flooded", asset=writer.asset(way), depth_m=depth, unit="BN4",
            grade="C3" if number % 2 else "B2",
            words="River up over the ford." if depth else "Ford under water, depth not taken.",
        )  # fmt: skip
    for route, share, depth, grade, hours in FLOODS:
        line = journal.mission.routes[route].path.line
        spot = spot_on(line, share * line.length)
        words = "Water over the road for some two hundred metres."
        writer.write(
            ("flood", route, share), hours, "flooded", spot=spot, depth_m=depth, grade=grade, unit="BN6", words=words
        )
        if depth is None:
            writer.blocked(spot, hours)
    for way in writer.crossings("ferry", on_route=False)[:1]:
        fact = writer.write(
            ("ferry",), 480.0, "blocked", asset=writer.asset(way), grade="B2", words="Ferry cable parted."
        )
        writer.ended(fact, 288.0, "repaired", "Cable renewed, ferry runs by day.", limits={"mass_t": 15})


def _write_damage_away(writer: DamageWriter) -> None:
    """Write damage off the key routes, about half of it mended since."""
    journal = writer.journal
    rng = journal.mission.country.rng("damage away")
    words = {
        "damaged": "Surface broken, slow.",
        "blocked": "Tree over the track.",
        "washed_out": "Culvert washed away.",
        "flooded": "Low ground under water.",
    }
    for number, spot in enumerate(rural_spots(journal.mission, rng, 30, tiers=(3, 4, 5, 6))):
        damage = str(rng.choice(list(words)))
        hours = rng.uniform(1, 59) * 24
        more: dict[str, Any] = {"depth_m": float(rng.choice([0.2, 0.5, 0.8]))} if damage == "flooded" else {}
        grade = str(rng.choice(["B2", "B3", "C3", "F6", "D3"]))
        fact = writer.write(
            ("away", number), hours, damage, spot=spot, grade=grade, unit=f"BN{rng.integers(1, 8)}",
            words=words[damage], **more
        )  # fmt: skip
        if hours < 9 * 24 or rng.random() > 0.6:
            continue
        if rng.random() < 0.15:
            writer.ended(fact, hours - rng.uniform(60, 200), "erroneous", "Looked at: road whole.")
        else:
            limits = {"mass_t": 25, "mlc": 25}
            writer.ended(fact, hours - rng.uniform(60, 200), "repaired", "Repaired by the district.", limits=limits)
    for number, way in enumerate(writer.crossings("bridge", on_route=False)[:6]):
        damage, text = (("damaged", "Deck damaged, seen in passing."), ("destroyed", "Bridge said to be down."))[
            number % 2
        ]
        writer.write(
            ("bridge away", number), float(np.round(rng.uniform(2, 50) * 24, 1)), damage, asset=writer.asset(way),
            grade=("B2", "C3", "F6")[number % 3], unit=f"BN{number + 1}", words=text,
        )  # fmt: skip
