"""Movements around the moment of the demo, with plans: what the board, the week and the pattern of a unit show.

The register's rows of sixty days are in `operations`; these have ways, which need the network and are laid there later.
"""

from __future__ import annotations

from dataclasses import dataclass

from geodata.journal import Journal
from geodata.mission import Row, lonlat

PATTERN_UNIT = "FPU2"
"""Leaves by the same road at the same hour: its planner is warned."""
PARTNER = "partner@demo.example"
CONVOY = [{"class": "truck_gt_10t", "count": 8}, {"class": "light4x4", "count": 3}]
TRUCKS = [{"class": "truck_le_10t", "count": 6}, {"class": "light4x4", "count": 1}]
PATROL = [{"class": "apc", "count": 3}]
CARS = [{"class": "light4x4", "count": 3}]


@dataclass(frozen=True, slots=True)
class Story:
    """One movement: key route by number and shares of it from and to, hours until it leaves, how long it lasts."""

    name: str
    purpose: str
    unit: str
    route: int
    shares: tuple[float, float]
    leaves_h: float
    lasts_h: float
    vehicles: list[Row]
    user_class: str = "mission_military"
    level: str = "open"
    clearance: tuple[str, str, str] | None = None
    """Asked of whom, party, answer."""
    left_h: float | None = None
    """Hours ago that it left."""
    closing: Row | None = None
    escort: str = "none"
    tonnes: float | None = None
    classification: str = "confidential"
    notes: str | None = None
    seen: tuple[float, float] | None = None
    """A check-in: hours ago, kilometre of its way."""
    leg: tuple[int, int, str] | None = None
    """Of a flight: air heads by number, aircraft type."""


ARMY = ("Army headquarters, operations", "host_armed_forces")
POLICE = ("Police, road office", "host_police")
DISTRICT = ("District office", "local_authority")
AIR = ("Civil aviation", "local_authority")
MEN = ("Liaison to the group in the hills", "non_state_group")
STORIES = (
    Story("fuel north", "convoy", "LOG", 0, (0.05, 0.9), 3.0, 4.5, CONVOY, clearance=(*ARMY, "given"), escort="given",
          tonnes=60, level="dispatch"),
    Story("rations back", "convoy", "BN4", 0, (0.95, 0.1), 3.5, 5.0, TRUCKS, clearance=(*ARMY, "given"), tonnes=24),
    Story("bridge watch", "patrol", "BN1", 1, (0.05, 0.5), 1.5, 3.0, PATROL),
    Story("market visit", "patrol", "POL", 1, (0.6, 0.2), 5.0, 3.0, CARS, user_class="mission_police"),
    Story("clinic stock", "humanitarian", "REL", 4, (0.1, 0.8), 6.0, 6.0, TRUCKS, user_class="humanitarian",
          clearance=(*DISTRICT, "none"), tonnes=18, level="supervised"),
    Story("engineer stores", "convoy", "ENG", 5, (0.1, 0.7), 20.0, 6.0, [{"class": "low_loader", "count": 2}, *CARS],
          clearance=(*POLICE, "none"), escort="asked", tonnes=40, level="reserved"),
    Story("far post", "patrol", "BN5", 8, (0.2, 0.9), 26.0, 7.0, PATROL, clearance=(*MEN, "refused"),
          level="supervised"),
    Story("water points", "humanitarian", "REL", 0, (0.2, 0.6), 22.0, 4.0, TRUCKS, user_class="humanitarian",
          clearance=(*DISTRICT, "given"), tonnes=12, classification="unclassified"),
    Story("hazard road", "convoy", "BN3", 2, (0.02, 0.6), -1.2, 6.0, CONVOY, clearance=(*ARMY, "given"), left_h=1.0,
          escort="given", tonnes=40, notes="Rest halt at the second town."),
    Story("long relief", "humanitarian", "REL", 1, (0.1, 0.95), -2.0, 6.0, TRUCKS, user_class="humanitarian",
          clearance=(*POLICE, "given"), left_h=1.9, tonnes=24, seen=(0.4, 38)),
    Story("river patrol", "patrol", "BN2", 0, (0.4, 0.1), -0.8, 3.0, PATROL, left_h=0.7, seen=(0.15, 17)),
    Story("east patrol", "patrol", "BN6", 6, (0.1, 0.7), -1.5, 5.0, PATROL, left_h=1.4),
    Story("mail run", "convoy", "LOG", 1, (0.8, 0.1), -7.0, 5.0, CARS, left_h=6.8, user_class="mission_civilian"),
    Story("late start", "patrol", "BN7", 0, (0.7, 0.95), -1.5, 3.0, PATROL),
    Story("samples by air", "flight", "AVN", 0, (0.0, 1.0), 2.0, 1.5, [], clearance=(*AIR, "given"),
          user_class="mission_civilian", leg=(0, 4, "helicopter")),
    Story("morning fuel", "convoy", "LOG", 0, (0.05, 0.6), -7.5, 4.0, CONVOY, left_h=7.4, tonnes=50,
          closing={"outcome": "proceeded", "ended_h": 3.6, "delivered_t": 50}),
    Story("school desks", "humanitarian", "REL", 1, (0.1, 0.6), -8.0, 4.0, TRUCKS, user_class="humanitarian",
          left_h=7.9, tonnes=10, closing={"outcome": "proceeded_late", "ended_h": 1.6, "delay_min": 95,
                                         "party": "host_police", "delivered_t": 10}),
    Story("seeds denied", "humanitarian", "REL", 6, (0.1, 0.9), -5.0, 6.0, TRUCKS, user_class="humanitarian",
          clearance=(*MEN, "none"), tonnes=30, closing={"outcome": "cancelled_no_clearance", "ended_h": 5.0,
                                                      "party": "non_state_group"}),
    Story("turned at the log", "patrol", "BN5", 8, (0.05, 0.6), -9.0, 5.0, PATROL, left_h=9.0,
          closing={"outcome": "turned_back", "ended_h": 6.2, "stop_km": 21, "party": "non_state_group"}),
    Story("range day", "patrol", "BN2", 1, (0.1, 0.4), -6.0, 2.0, PATROL,
          closing={"outcome": "cancelled_other", "ended_h": 6.5}),
    Story("camp supply", "humanitarian", "REL", 3, (0.1, 0.6), 46.0, 7.0, TRUCKS, user_class="humanitarian", tonnes=24,
          clearance=(*ARMY, "none"), level="supervised"),
    Story("rotation out", "convoy", "BN1", 0, (0.1, 0.9), 68.0, 6.0, CONVOY, clearance=(*ARMY, "given")),
    Story("rotation back", "convoy", "BN1", 0, (0.9, 0.1), 92.0, 6.0, CONVOY, clearance=(*ARMY, "none"),
          level="supervised"),
    Story("governor's visit", "patrol", "JOC", 1, (0.1, 0.9), 50.0, 5.0, CARS, classification="strictly_confidential",
          user_class="mission_civilian", escort="asked"),
    Story("doctors by air", "flight", "AVN", 0, (0.0, 1.0), -0.6, 1.4, [], clearance=(*AIR, "given"), left_h=0.5,
          user_class="medical", leg=(1, 7, "helicopter")),
)  # fmt: skip
"""Routes 2 and 3 are blocked by a hazard, 0 and 1 are kept open, 8 has men at a log (`control_stories`)."""
DAILY = (0, 0, 1, 0, 0, 0, 2, 0, 1, 0)
"""Which of three ways the unit with the pattern took, newest first: seven, two and one of ten."""


def planned_rows(journal: Journal) -> list[Row]:
    """Return the movements with their plans; `course` says how their way is laid over the network."""
    rows = [_row(journal, number, story) for number, story in enumerate(STORIES)]
    return [*rows, _through_the_curfew(journal, len(rows)), *_same_road(journal)]


def _row(journal: Journal, number: int, story: Story) -> Row:
    mission = journal.mission
    route = mission.routes[story.route]
    first, last = story.shares
    towns = route.start_name, route.end_name
    names = towns if first < last else towns[::-1]
    closing = dict(story.closing or {})
    ended_h = closing.pop("ended_h", None)
    has_left = story.left_h is not None
    return {
        "id": mission.id("planned movement", story.name),
        "code": f"{CODES[story.purpose]}-{number + 101}",
        "purpose": story.purpose,
        "user_class": story.user_class,
        "planned_start": journal.moment(-story.leaves_h),
        "planned_end": journal.moment(-story.leaves_h - story.lasts_h),
        "actual_start": journal.moment(story.left_h) if story.left_h is not None else None,
        "actual_end": journal.moment(ended_h) if closing and has_left else None,
        "outcome": closing.pop("outcome", None),
        "delivered_t": closing.pop("delivered_t", None),
        "planned_t": story.tonnes,
        "route": None if story.purpose == "flight" else mission.id("route", route.code),
        "unit": story.unit,
        "admin_unit": mission.id("province", number % len(mission.provinces)),
        "classification": story.classification,
        "vehicles": story.vehicles,
        "escort": story.escort,
        "escort_by": "BN2" if story.escort == "given" else None,
        "control_level": story.level,
        "notes": story.notes,
        "names": list(names),
        "course": None if story.purpose == "flight" else {"key_route": mission.id("route", route.code),
                                                          "shares": list(story.shares)},
        **_leg(journal, story),
        "check_ins": [] if story.seen is None else [_check_in(journal, story, *story.seen)],
        "clearances": [] if story.clearance is None else [_clearance(journal, story)],
        "closing": {**closing, "closed_at": journal.moment(ended_h)} if ended_h is not None else None,
        "notified_by": PARTNER if story.unit == "REL" else None,
    }  # fmt: skip


def _leg(journal: Journal, story: Story) -> Row:
    if story.leg is None:
        return {}
    first, last, kind = story.leg
    ends = [journal.mission.id("air head", number) for number in (first, last)]
    return {"from_air_head": ends[0], "to_air_head": ends[1], "aircraft_type": kind}


def _check_in(journal: Journal, story: Story, hours_ago: float, km: float) -> Row:
    return {"id": journal.mission.id("check-in", story.name), "at": journal.moment(hours_ago), "km": km}


CODES = {"patrol": "PAT", "convoy": "CON", "humanitarian": "HUM", "flight": "FLT"}


def _clearance(journal: Journal, story: Story) -> Row:
    asked_of, party, answer = story.clearance or ("", "", "")
    asked_h = max(30.0 - story.leaves_h, 4.0)
    return {
        "id": journal.mission.id("clearance", story.name),
        "asked_of": asked_of,
        "party": party,
        "asked_at": journal.moment(asked_h),
        "answer": answer,
        "answered_at": None if answer == "none" else journal.moment(asked_h - 3.0),
        "reference": f"MC-{len(story.name) * 37 % 900 + 100}",
        "conditions": "By daylight, no halt in the market."
        if answer == "given" and story.purpose == "convoy"
        else None,
    }


def _through_the_curfew(journal: Journal, number: int) -> Row:
    """Return a delivery that would reach the town with the curfew of `control_stories` at night."""
    mission = journal.mission
    towns = mission.country.settlements
    hour_us = 3_600_000_000
    start = (mission.now // (24 * hour_us)) * 24 * hour_us + 21 * hour_us + hour_us // 2
    leaves_h = (start - mission.now) / hour_us
    leaves_h += 24 if leaves_h < 1 else 0
    story = Story("night delivery", "humanitarian", "REL", 0, (0.0, 1.0), leaves_h, 6.0, TRUCKS,
                  user_class="humanitarian", clearance=(*DISTRICT, "given"), tonnes=14)  # fmt: skip
    via = [list(lonlat(towns[rank].x, towns[rank].y)) for rank in (0, 7)]
    row = _row(journal, number, story)
    return {**row, "route": None, "names": [towns[0].name, towns[7].name], "course": {"via": via}}


def _same_road(journal: Journal) -> list[Row]:
    """Return ten patrols of one unit in the last fortnight: seven over one road, the last ones at one hour."""
    ways = ((0, (0.02, 0.35)), (1, (0.02, 0.35)), (4, (0.05, 0.4)))
    rows = []
    for back, way in enumerate(DAILY):
        left_h = 24.0 * (1 + back * 1.3) + (0.2 if back < 6 else 5.0 * (back % 3))
        if back < 6:
            left_h = 24.0 * (1 + back) + 0.1 * back
        route, shares = ways[way]
        story = Story(f"daily {back}", "patrol", PATTERN_UNIT, route, shares, -left_h - 0.1, 3.0, CARS,
                      user_class="mission_police", left_h=left_h,
                      closing={"outcome": "proceeded", "ended_h": left_h - 2.5})  # fmt: skip
        rows.append(_row(journal, len(STORIES) + 1 + back, story))
    return rows
