"""Incidents that make a road risky, the grades they were given, and those that turned out otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.restrictions import Event
from geodata.spots import Spot, rural_spots, spot_off_kept_routes, spot_on

WORDS = {
    "detonation": "Explosion at the roadside as a vehicle passed. Injured taken to the clinic.",
    "ied_found": "Device found before it could harm; see the hazard report.",
    "complex_ambush": "Convoy fired on from two sides after the road was blocked.",
    "fire_on_movement": "Shots at a vehicle, nobody hit.",
    "hijack_abduction": "Car taken at gunpoint, driver released the same evening.",
    "armed_robbery": "Bus stopped and passengers robbed by armed men.",
    "hostile_checkpoint": "Post without uniform, threats, phones taken.",
    "demonstration": "Crowd on the road with tyres, dispersed by evening.",
    "crossfire": "Shelling near the road while traffic was moving.",
    "unarmed_crime": "Stones thrown, goods taken from a truck at walking pace.",
}
SHARES = {
    "fire_on_movement": 0.12,
    "armed_robbery": 0.22,
    "hostile_checkpoint": 0.12,
    "demonstration": 0.14,
    "crossfire": 0.07,
    "unarmed_crime": 0.2,
    "hijack_abduction": 0.05,
    "ied_found": 0.04,
    "detonation": 0.02,
    "complex_ambush": 0.02,
}
RISKY = (6, 0.34)
"""Key route and share of its length at which attacks came close together."""


@dataclass(frozen=True, slots=True)
class Story:
    """An incident on a key route; with `user_class` it was an attack on such a movement."""

    key: str
    type_: str
    route: int
    share: float
    hours: float
    grade: str
    unit: str
    origin: str | None = None
    user_class: str | None = None


TOLD = (
    Story("ambush", "complex_ambush", *RISKY, 216.0, "B2", "BN4", user_class="humanitarian"),
    Story("second ambush", "complex_ambush", RISKY[0], RISKY[1] + 0.008, 264.0, "C2", "BN4",
    user_class="mission_military"),
    Story("shots", "fire_on_movement", RISKY[0], RISKY[1] - 0.008, 96.0, "B2", "BN5"),
    Story("shots, police", "fire_on_movement", *RISKY, 97.0, "C2", "POL", "police post"),
    Story("second blast", "detonation", RISKY[0], RISKY[1] + 0.014, 70.0, "B2", "BN5", user_class="mission_military"),
    Story("blast", "detonation", 5, 0.75, 720.0, "B2", "BN1"),
    Story("blast, hospital", "detonation", 5, 0.7503, 719.0, "B2", "POL", "district hospital"),
    Story("robbery", "armed_robbery", 5, 0.753, 504.0, "A1", "POL"),
    Story("bus", "armed_robbery", 3, 0.2, 144.0, "C3", "BN3", "bus driver"),
    Story("bus, police", "armed_robbery", 3, 0.2003, 142.0, "C3", "POL", "police post"),
    Story("convoy hit", "detonation", 2, 0.245, 84.0, "B3", "BN6", user_class="mission_military"),
    Story("post raided", "complex_ambush", 2, 0.25, 120.0, "B2", "BN6"),
    Story("quarry", "detonation", 5, 0.4, 312.0, "C3", "BN7"),
    Story("rumour", "hijack_abduction", 8, 0.5, 168.0, "D4", "BN5"),
    Story("crowd", "demonstration", 1, 0.12, 14.0, "B2", "POL"),
)  # fmt: skip


class IncidentWriter:
    """Writes incidents; attacks on movements become restriction cases."""

    def __init__(self, journal: Journal, cast: Cast) -> None:
        self.journal, self.cast = journal, cast
        self.attacks: list[Event] = []

    def add(
        self,
        key: tuple[object, ...],
        type_: str,
        spot: Spot,
        hours: float,
        *,
        grade: str | None = None,
        unit: str = "BN2",
        origin: str | None = None,
        user_class: str | None = None,
        words: str = "",
    ) -> str:
        """Write an incident at a position; with `user_class` it was an attack on such a movement."""
        record = self.journal.add(
            "incident",
            key,
            hours=hours,
            late_h=0.6,
            shape=spot.point,
            location={"method": "gps"},
            type_=type_,
            grade=grade,
            unit=unit,
            origin=origin or f"{unit} {key[0]} {key[-1]}",
            form="incident",
            by=self.cast.patrol(unit),
            words=words or WORDS[type_],
        )
        if user_class:
            self.attacks.append(
                Event(record, "attack_on_movement", "non_state_group", user_class, "aborted", hours, spot.x, spot.y)
            )
        return record

    def spot(self, route: int, share: float) -> Spot:
        """Return a position on a key route."""
        line = self.journal.mission.routes[route].path.line
        return spot_on(line, share * line.length)


def write_incidents(journal: Journal, cast: Cast) -> IncidentWriter:
    """Write the incidents of the demo; return the writer with the attacks."""
    writer = IncidentWriter(journal, cast)
    rng = journal.mission.country.rng("incidents")
    _told(writer)
    _everyday(writer, rng)
    return writer


def _told(writer: IncidentWriter) -> None:
    """Write clusters that hold a road in caution or closed to free travel, and reports that turned out otherwise."""
    journal, cast = writer.journal, writer.cast
    told = {
        story.key: writer.add(
            (story.key,), story.type_, writer.spot(story.route, story.share), story.hours, grade=story.grade,
            unit=story.unit, origin=story.origin, user_class=story.user_class,
        )
        for story in TOLD
    }  # fmt: skip
    for number, (key, grade, hours) in enumerate(
        (("ambush", "A2", 204.0), ("second ambush", "B2", 204.0), ("crowd", "B1", 13.0))
    ):
        journal.add(
            "grade", ("told", key), hours=hours, late_h=0.0, target=told[key], grade=grade, by=cast.duty(number % 2),
            words="Confirmed by a second unit.",
        )  # fmt: skip
    for relation, keys, hours, words in (
        ("duplicate", ("blast", "blast, hospital"), 696.0, "One blast, told by two."),
        ("same_incident", ("bus", "bus, police"), 139.0, "Independent accounts of one robbery."),
    ):
        journal.add(
            "link", keys, hours=hours, late_h=0.0, relation=relation, members=[told[key] for key in keys],
            by=cast.duty(0), words=words
        )  # fmt: skip
    journal.add(
        "closing_act", ("quarry",), hours=288.0, late_h=0.0, act="erroneous", closes=[told["quarry"]], authority="joc",
        signed_by=cast.pair("joc"), words="Blasting at the quarry, announced.",
    )  # fmt: skip
    journal.add(
        "retraction", ("rumour",), hours=156.0, late_h=0.0, target=told["rumour"], signed_by=[cast.duty(0)],
        words="Car found with its owner.",
    )  # fmt: skip


def _everyday(writer: IncidentWriter, rng: np.random.Generator) -> None:
    """Write the rest: near key routes and away from them, with the grades of the desk."""
    journal = writer.journal
    types, shares = list(SHARES), np.array(list(SHARES.values()))
    away = iter(rural_spots(journal.mission, rng, 60, tiers=(3, 4, 5)))
    for number in range(118):
        type_ = str(rng.choice(types, p=shares / shares.sum()))
        hours = rng.uniform(0.3, 59) * 24
        spot = next(away) if number % 2 else spot_off_kept_routes(journal.mission, rng).beside(rng.normal(0, 220))
        record = writer.add(
            ("everyday", number),
            type_,
            spot,
            hours,
            unit=str(rng.choice(["POL", "REL", *(f"BN{n}" for n in range(1, 8))])),
            user_class="humanitarian" if type_ == "hijack_abduction" else None,
        )
        if rng.random() < 0.78:
            journal.add(
                "grade",
                ("everyday", number),
                hours=max(hours - rng.uniform(0.5, 6), 0.1),
                late_h=0.0,
                target=record,
                by=writer.cast.duty(number % 2),
                grade=str(rng.choice(["B2", "C2", "C3", "B3", "D3", "E4"], p=[0.1, 0.14, 0.38, 0.14, 0.16, 0.08])),
                words="Graded on the desk.",
            )
