"""Threat levels and seasons by area: how long a passage counts, and where the rains have come."""

from __future__ import annotations

from typing import Any

import shapely

from geodata.journal import HISTORY_H, Journal
from geodata.mission import Mission

HOURS = {"high": 24.0, "medium": 72.0, "low": 168.0, "minimal": 336.0}
"""How long a passage counts by threat level; the policy's defaults."""
HIGH_SINCE_H = 12 * 24.0
RAINS_SINCE_H = 9 * 24.0


class ThreatMap:
    """The threat areas of the demo, for the patrol plan and for the facts file alike."""

    def __init__(self, mission: Mission) -> None:
        country = mission.country.land.country
        towns = mission.country.settlements
        capital = mission.provinces[0].outline
        self.minimal = shapely.simplify(capital.buffer(1500), 200)
        self.low = shapely.simplify(country.buffer(14_000), 500).difference(capital.buffer(-1500))
        medium = [mission.provinces[i].outline for i in (2, 4)] + [_around(towns[14].x, towns[14].y, 21_000)]
        self.medium = shapely.simplify(shapely.union_all(medium), 300)
        self.high = [_around(towns[i].x, towns[i].y, radius) for i, radius in ((21, 19_000), (33, 14_000))]
        self.unrated = _around(towns[52].x, towns[52].y, 8000)

    def hours_at(self, point: shapely.Point) -> float:
        """Return for how many hours a passage at a position counts now, in dry weather."""
        if any(area.contains(point) for area in [*self.high, self.unrated]):
            return HOURS["high"]
        if self.medium.contains(point):
            return HOURS["medium"]
        return HOURS["low"] if self.low.contains(point) else HOURS["minimal"]


def write_ground_rules(journal: Journal, threat: ThreatMap) -> None:
    """Write threat areas and seasons; the base of both holds from the first day, what changed since lies over it."""
    start = journal.moment(HISTORY_H)
    by: dict[str, Any] = {"by": "JOC", "start": start}
    journal.add(
        "threat_area", ("low",), hours=HISTORY_H, shape=threat.low, level="low", words="Low outside named areas.", **by
    )
    journal.add(
        "threat_area",
        ("minimal",),
        hours=HISTORY_H,
        shape=threat.minimal,
        level="minimal",
        words="Capital district quiet.",
        **by,
    )
    journal.add(
        "threat_area",
        ("medium",),
        hours=HISTORY_H,
        shape=threat.medium,
        level="medium",
        words="Armed bands move at night.",
        **by,
    )
    for number, area in enumerate(threat.high):
        journal.add(
            "threat_area",
            ("high", number),
            hours=HIGH_SINCE_H,
            shape=area,
            level="high",
            by="JOC",
            start=journal.moment(HIGH_SINCE_H),
            words="Raised after the ambushes; daily verification.",
        )
    journal.add(
        "threat_area",
        ("unrated",),
        hours=6 * 24.0,
        shape=threat.unrated,
        level=None,
        by="JMAC",
        start=journal.moment(6 * 24.0),
        words="Not yet assessed.",
    )
    journal.records[-1]["properties"]["level"] = None
    provinces = journal.mission.provinces
    whole = shapely.simplify(journal.mission.country.land.country.buffer(14_000), 500)
    journal.add("season", ("dry",), hours=HISTORY_H, shape=whole, season="dry", words="Dry season.", **by)
    journal.records[-1]["properties"]["meta"]["name"] = "The whole country"
    for number in (3, 5):
        journal.add(
            "season",
            ("wet", number),
            hours=RAINS_SINCE_H,
            shape=shapely.simplify(provinces[number].outline.buffer(300), 200),
            season="wet",
            start=journal.moment(RAINS_SINCE_H),
            by="JOC",
            words=f"Rains have set in over {provinces[number].name}.",
        )
        journal.records[-1]["properties"]["meta"]["name"] = provinces[number].name


def _around(x: float, y: float, radius_m: float) -> shapely.Polygon:
    return shapely.Point(x, y).buffer(radius_m, quad_segs=6)
