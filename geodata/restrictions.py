"""How control records are written, and the cases that follow them up; which there are is in `control_stories`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import shapely
import shapely.ops

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import Row
from geodata.spots import Spot, spot_on


@dataclass(frozen=True, slots=True)
class Event:
    """A denial, toll, delay or attack that a restriction case follows up."""

    record: str
    category: str
    actor: str
    user_class: str
    outcome: str
    hours: float
    x: float
    y: float


class ControlWriter:
    """Writes control records and remembers those that become cases."""

    def __init__(self, journal: Journal, cast: Cast) -> None:
        self.journal, self.cast = journal, cast
        self.events: list[Event] = []

    def stretch(self, route: int, share: float, length_m: float) -> shapely.LineString:
        """Return a stretch of a key route around a share of its length."""
        line = self.journal.mission.routes[route].path.line
        middle = share * line.length
        return shapely.ops.substring(line, max(middle - length_m / 2, 0), min(middle + length_m / 2, line.length))

    def spot(self, route: int, share: float) -> Spot:
        """Return a position on a key route by its share of the length."""
        line = self.journal.mission.routes[route].path.line
        return spot_on(line, share * line.length)

    def order(
        self,
        key: str,
        hours: float,
        effect: str,
        classes: list[str],
        *,
        shape: shapely.Geometry | None = None,
        words: str,
        grade: str = "A1",
        **properties: Any,
    ) -> str:
        """Write a standing order over a surveyed outline or line, or over `segments`."""
        location = {"method": "survey", "uncertainty_m": 5} if shape is not None else None
        return self.journal.add(
            "control",
            ("order", key),
            hours=hours,
            late_h=0.5,
            control="order",
            effect=effect,
            user_classes=classes,
            shape=shape,
            location=location,
            grade=grade,
            words=words,
            form="restriction",
            **properties,
        )

    def denial(
        self,
        key: tuple[object, ...],
        spot: Spot,
        hours: float,
        user_class: str,
        *,
        actor: str,
        grade: str = "B2",
        words: str,
        end: str | None = None,
        outcome: str = "turned_back",
        category: str = "denial_of_movement",
        unit: str = "BN2",
    ) -> str:
        """Write a denial at a position and note it as an event."""
        record = self.journal.add(
            "control",
            ("denial", *key),
            hours=hours,
            late_h=0.3,
            control="denial",
            user_class=user_class,
            shape=spot.point,
            location={"method": "gps"},
            imposed_by=actor,
            grade=grade,
            end=end,
            words=words,
            unit=unit,
            form="restriction",
            by=self.cast.patrol(unit),
        )
        self.events.append(Event(record, category, actor, user_class, outcome, hours, spot.x, spot.y))
        return record

    def lifted(self, fact: str, hours: float, words: str) -> None:
        """Write the end of an order or denial."""
        self.journal.add(
            "closing_act",
            ("lifted", fact),
            hours=hours,
            late_h=0.0,
            act="lifted",
            closes=[fact],
            authority="joc",
            signed_by=[self.cast.duty(0)],
            words=words,
        )


def case_rows(journal: Journal, writer: ControlWriter, attacks: list[Event]) -> list[Row]:
    """Return the restriction cases: who, what clause, protested and settled when."""
    rng = journal.mission.country.rng("cases")
    rows = []
    for number, event in enumerate(sorted([*writer.events, *attacks], key=lambda e: (-e.hours, e.record))):
        protested = rng.random() < 0.6 and event.hours > 30
        protest_h = event.hours - rng.uniform(10, 90) if protested else 0.0
        settled = event.hours > 120 and rng.random() < 0.62
        rows.append(
            {
                "id": journal.mission.id("case", event.record),
                "record_id": event.record,
                "category": event.category,
                "actor": event.actor,
                "user_class": event.user_class,
                "admin_unit": journal.mission.id("province", journal.mission.province_at(event.x, event.y).number),
                "clearance_held": bool(rng.random() < 0.75),
                "outcome": event.outcome,
                "opened_at": journal.moment(event.hours - 0.5),
                "protest_no": f"P-{number + 1:03d}" if protested and protest_h > 0 else None,
                "protest_at": journal.moment(protest_h) if protested and protest_h > 0 else None,
                "resolved_at": journal.moment(max(event.hours - rng.uniform(100, 400), 1.0)) if settled else None,
                "standing": bool(event.hours > 31 * 24 and not settled and event.actor.startswith("host")),
            }
        )
    return rows


ORDER_CASES = (
    ("border permit", 1056.0, "host_police", "mission_civilian", "permission", "accepted"),
    ("army", 624.0, "host_armed_forces", "mission_military", None, "contested"),
)
"""Key of the order, hours, actor, who is stopped, what is asked, the mission's position."""


def order_case_rows(journal: Journal) -> list[Row]:
    """Return the cases that follow up standing orders; the order's window says how long they stand."""
    mission = journal.mission
    return [
        {
            "id": mission.id("case", "order", key),
            "record_id": mission.id("control", "order", key),
            "order_id": mission.id("control", "order", key),
            "category": "conditions_imposed" if basis else "denial_of_movement",
            "actor": actor,
            "user_class": user_class,
            "admin_unit": mission.id("province", 2),
            "clearance_held": False,
            "outcome": "cancelled_no_clearance",
            "opened_at": journal.moment(hours - 2),
            "occurred_at": journal.moment(hours),
            "standing": True,
            "position": position,
        }
        for key, hours, actor, user_class, basis, position in ORDER_CASES
    ]
