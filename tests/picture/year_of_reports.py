"""A year of reports on a few roads: everything that time moves, in order of receipt.

Curfews by night and windows on weekdays, orders that begin and end, denials, tolls, delays, passages that age, threat
areas and seasons that change, incidents whose risk decays, states set by hand, hazards and what closes them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLASSES = ("all", "mission_military", "humanitarian")
INCIDENTS = ("detonation", "complex_ambush", "demonstration", "crossfire", "armed_robbery")


class Year:
    """Draws the records; `roads` are segment ids with a place on each, lon/lat degrees."""

    def __init__(self, seed: int, begin: int, days: int, roads: Mapping[str, tuple[float, float]]) -> None:
        self.rng, self.begin, self.days, self.roads = random.Random(seed), begin, days, roads
        self.features: list[dict[str, Any]] = []

    def draw(self) -> list[dict[str, Any]]:
        """Return the features, by receipt."""
        self._ground()
        for name in self.roads:
            self._passage(self.begin - 6 * HOUR_US, name)
        for _ in range(3):
            self._curfew(self.begin)
        at = self.begin
        while (at := at + self.rng.randrange(MINUTE_US, 12 * HOUR_US)) < self.begin + self.days * DAY_US:
            name = self.rng.choice(list(self.roads))
            draw = self.rng.choices(
                (self._passage, self._incident, self._order, self._denial, self._by_hand, self._hazard, self._delay),
                (14, 3, 2, 2, 2, 1, 2),
            )[0]
            draw(at, name)
        self.features.sort(key=lambda feature: str(feature["properties"]["received"]))
        return self.features

    def _add(self, kind: str, at: int, *, place: str | None = None, geometry: Any = None, **said: Any) -> str:
        record_id = f"{kind} {len(self.features)}"
        if place is not None:
            geometry = {"type": "Point", "coordinates": list(self.roads[place])}
            said["location"] = {"method": "gps"}
        moment = format_instant(at)
        properties = {"kind": kind, "received": moment, "occurred": moment, **said}
        self.features.append({"type": "Feature", "id": record_id, "geometry": geometry, "properties": properties})
        return record_id

    def _ground(self) -> None:
        lon, lat = next(iter(self.roads.values()))
        ring = [[lon + x, lat + y] for x, y in ((-2, -2), (2, -2), (2, 2), (-2, 2), (-2, -2))]
        quarter = self.days * DAY_US // 4
        for number in range(4):
            span = [format_instant(self.begin + (number + step) * quarter) for step in (0, 1)]
            level = self.rng.choice(("high", "medium", "low"))
            area = {"type": "Polygon", "coordinates": [ring]}
            self._add("threat_area", self.begin - DAY_US, geometry=area, level=level, start=span[0], end=span[1])
            self._add("season", self.begin - DAY_US, season=("dry", "wet")[number % 2], start=span[0], end=span[1])

    def _passage(self, at: int, name: str) -> None:
        way = {"direction": "backward"} if self.rng.random() < 0.2 else {}
        self._add(
            "verification", at, strength="own_patrol_traverse", passed="P7", grade="B2", segments=[{"id": name}], **way
        )

    def _incident(self, at: int, name: str) -> None:
        self._add("incident", at, place=name, type=self.rng.choice(INCIDENTS), grade=self.rng.choice(("A1", "B2")))

    def _curfew(self, at: int) -> None:
        rng = self.rng
        window = {
            "from": f"{rng.randrange(17, 23)}:{rng.randrange(60):02d}", "to": f"0{rng.randrange(3, 7)}:00",
            "days": sorted(rng.sample(DAYS, rng.choice((2, 5, 7))), key=DAYS.index), "zone": "+03:00",
        }  # fmt: skip
        self._order(at, rng.choice(list(self.roads)), recurring=window)

    def _order(self, at: int, name: str, **more: Any) -> None:
        rng = self.rng
        start = at + rng.randrange(-HOUR_US, 3 * DAY_US)
        end = start + (self.days * DAY_US // 2 if more else rng.randrange(HOUR_US, 6 * DAY_US))
        self._add(
            "control", at, control="order", effect=rng.choice(("prohibited", "escort")), grade="B2",
            user_classes=[rng.choice(CLASSES)], segments=[{"id": name}], start=format_instant(start),
            end=format_instant(end), **more,
        )  # fmt: skip

    def _denial(self, at: int, name: str) -> None:
        said = {"user_class": self.rng.choice(CLASSES[1:])}
        if self.rng.random() < 0.3:
            said["end"] = format_instant(at + self.rng.randrange(HOUR_US, 4 * DAY_US))
        self._add("control", at, control="denial", grade="B2", segments=[{"id": name}], **said)

    def _delay(self, at: int, name: str) -> None:
        kind = self.rng.choice(("toll", "delay"))
        self._add("control", at, control=kind, delay_min=30, grade="B2", segments=[{"id": name}])

    def _by_hand(self, at: int, name: str) -> None:
        rng = self.rng
        mode, state = rng.choice((("worsen", "RED"), ("worsen", "AMBER"), ("improve", "AMBER")))
        self._add(
            "manual", at, mode=mode, state=state, role="chief_joc", reason="convoy", signed_by=["Ana"],
            segments=[{"id": name}], expires=format_instant(at + rng.randrange(HOUR_US, 12 * HOUR_US)),
        )  # fmt: skip

    def _hazard(self, at: int, name: str) -> None:
        item = self._add("explosive", at, place=name, hazard="item", **{"class": "ied"}, grade="B2")
        later = at + self.rng.randrange(HOUR_US, 5 * DAY_US)
        self._add("closing_act", later, act="destroyed", closes=[item], authority="eod", signed_by=["Ana", "Ben"])
