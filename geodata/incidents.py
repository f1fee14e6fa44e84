"""Incidents that make a road risky, the grades they were given, and the manual states that the watch set on top."""

from __future__ import annotations

import numpy as np

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.restrictions import Event
from geodata.spots import Spot, rural_spots, spot_on

WORDS = {
    "detonation": "Explosion at the roadside as a vehicle passed. Injured taken to the clinic.", "ied_found": "Device found before it could harm; see the hazard report.",
    "complex_ambush": "Convoy fired on from two sides after the road was blocked.", "fire_on_movement": "Shots at a vehicle, nobody hit.",
    "hijack_abduction": "Car taken at gunpoint, driver released the same evening.", "armed_robbery": "Bus stopped and passengers robbed by armed men.",
    "hostile_checkpoint": "Post without uniform, threats, phones taken.", "demonstration": "Crowd on the road with tyres, dispersed by evening.",
    "crossfire": "Shelling near the road while traffic was moving.", "unarmed_crime": "Stones thrown, goods taken from a truck at walking pace.",
}  # fmt: skip
SHARES = {
    "fire_on_movement": 0.12, "armed_robbery": 0.22, "hostile_checkpoint": 0.12, "demonstration": 0.14, "crossfire": 0.07, "unarmed_crime": 0.2,
    "hijack_abduction": 0.05, "ied_found": 0.04, "detonation": 0.02, "complex_ambush": 0.02,
}  # fmt: skip
RISKY = (6, 0.34)
"""Key route and share of its length at which attacks came close together."""


class IncidentWriter:
    """Writes incidents; attacks on movements become restriction cases."""

    def __init__(self, journal: Journal, cast: Cast) -> None:
        self.journal, self.cast = journal, cast
        self.attacks: list[Event] = []

    def add(self, key: tuple[object, ...], type_: str, spot: Spot, hours: float, *, grade: str | None = None, unit: str = "BN2", origin: str | None = None,
            user_class: str | None = None, words: str = "") -> str:  # fmt: skip
        """Write an incident at a position; with `user_class` it was an attack on such a movement."""
        record = self.journal.add(
            "incident", key, hours=hours, late_h=0.6, shape=spot.point, location={"method": "gps"}, type_=type_, grade=grade, unit=unit,
            origin=origin or f"{unit} {key[0]} {key[-1]}", form="incident", by=self.cast.patrol(unit), words=words or WORDS[type_],
        )  # fmt: skip
        if user_class:
            self.attacks.append(Event(record, "attack_on_movement", "non_state_group", user_class, "aborted", hours, spot.x, spot.y))
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
    risky = writer.spot(*RISKY)
    ambush = writer.add(("ambush",), "complex_ambush", risky, 9 * 24.0, grade="B2", unit="BN4", user_class="humanitarian")
    second = writer.add(("second ambush",), "complex_ambush", writer.spot(RISKY[0], RISKY[1] + 0.004), 11 * 24.0, grade="C2", unit="BN4", user_class="mission_military")
    writer.add(("shots",), "fire_on_movement", writer.spot(RISKY[0], RISKY[1] - 0.003), 4 * 24.0, grade="B2", unit="BN5")
    writer.add(("police shots",), "fire_on_movement", risky, 4 * 24.0 + 1, grade="C2", unit="POL", origin="police post")
    for number, target in enumerate((ambush, second)):
        journal.add("grade", ("ambush", number), hours=8.5 * 24, late_h=0.0, target=target, grade=("A2", "B2")[number], by=cast.duty(number), words="Confirmed by a second unit.")
    blast = writer.add(("blast",), "detonation", writer.spot(0, 0.42), 30 * 24.0, grade="B2", unit="BN1")
    again = writer.add(("blast told again",), "detonation", writer.spot(0, 0.42).beside(35), 30 * 24.0 - 1, grade="B2", unit="POL", origin="district hospital")
    journal.add("link", ("blast",), hours=29 * 24.0, late_h=0.0, relation="duplicate", members=[blast, again], by=cast.duty(0), words="One blast, told by two.")
    writer.add(("robbery",), "armed_robbery", writer.spot(0, 0.423), 21 * 24.0, grade="A1", unit="POL")
    one = writer.add(("bus",), "armed_robbery", writer.spot(3, 0.2), 6 * 24.0, grade="C3", unit="BN3", origin="bus driver")
    two = writer.add(("bus, police",), "armed_robbery", writer.spot(3, 0.2).beside(60), 6 * 24.0 - 2, grade="C3", unit="POL", origin="police post")
    journal.add("link", ("bus",), hours=5.8 * 24, late_h=0.0, relation="same_incident", members=[one, two], by=cast.duty(1), words="Independent accounts of one robbery.")
    writer.add(("convoy hit",), "detonation", writer.spot(2, 0.24), 3.5 * 24, grade="B3", unit="BN6", user_class="mission_military")
    quarry = writer.add(("quarry",), "detonation", writer.spot(5, 0.4), 13 * 24.0, grade="C3", unit="BN7")
    journal.add("closing_act", ("quarry",), hours=12 * 24.0, late_h=0.0, act="erroneous", closes=[quarry], authority="joc", signed_by=cast.pair("joc"), words="Blasting at the quarry, announced.")
    rumour = writer.add(("rumour",), "hijack_abduction", writer.spot(8, 0.5), 7 * 24.0, grade="D4", unit="BN5")
    journal.add("retraction", ("rumour",), hours=6.5 * 24, late_h=0.0, target=rumour, signed_by=[cast.duty(0)], words="Car found with its owner.")
    crowd = writer.add(("crowd",), "demonstration", writer.spot(1, 0.12), 14.0, grade="B2", unit="POL")
    journal.add("grade", ("crowd",), hours=13.0, late_h=0.0, target=crowd, grade="B1", by=cast.duty(0), words="Seen by the watch.")


def _everyday(writer: IncidentWriter, rng: np.random.Generator) -> None:
    """Write the rest: near key routes and away from them, with the grades of the desk."""
    journal = writer.journal
    types, shares = list(SHARES), np.array(list(SHARES.values()))
    away = iter(rural_spots(journal.mission, rng, 60, tiers=(3, 4, 5)))
    for number in range(118):
        type_ = str(rng.choice(types, p=shares / shares.sum()))
        hours = rng.uniform(0.3, 59) * 24
        spot = next(away) if number % 2 else writer.spot(int(rng.integers(12)), rng.uniform(0.04, 0.96)).beside(rng.normal(0, 220))
        record = writer.add(("everyday", number), type_, spot, hours, unit=str(rng.choice(["POL", "REL", *(f"BN{n}" for n in range(1, 8))])),
                            user_class="humanitarian" if type_ == "hijack_abduction" else None)  # fmt: skip
        if rng.random() < 0.78:
            journal.add("grade", ("everyday", number), hours=max(hours - rng.uniform(0.5, 6), 0.1), late_h=0.0, target=record, by=writer.cast.duty(number % 2),
                        grade=str(rng.choice(["B2", "C2", "C3", "B3", "D3", "E4"], p=[0.1, 0.14, 0.38, 0.14, 0.16, 0.08])), words="Graded on the desk.")  # fmt: skip


def write_manual_states(journal: Journal, cast: Cast) -> None:
    """Write what the watch set by hand: worsened at once, improved for hours by the chief, and what had no effect."""
    routes = journal.mission.routes

    def along(route: int, share: float, length_m: float) -> list[dict[str, object]]:
        line = routes[route].path.line
        steps = np.arange(share * line.length - length_m / 2, share * line.length + length_m / 2, 250.0)
        places = [spot_on(line, at) for at in steps]
        return [{"at": list(lonlat(p.x, p.y))} for p in places]

    chief, duty = cast.names("chief_joc")[0], cast.duty(0)
    near = spot_on(routes[8].path.line, 0.78 * routes[8].path.line.length)
    journal.add("manual", ("worsen",), hours=8.0, late_h=0.0, mode="worsen", state="RED", role="duty_officer", signed_by=[duty], shape=near.square(5200, 700), location={"method": "sketch", "uncertainty_m": 10},
                reason="Shots heard by the village head, no patrol near", words="Held until a patrol has looked.")  # fmt: skip
    far = spot_on(routes[4].path.line, 0.6 * routes[4].path.line.length)
    old = journal.add("manual", ("worsen and lift",), hours=19 * 24.0, late_h=0.0, mode="worsen", state="RED", role="duty_officer", signed_by=[duty], shape=far.square(3000, 500), location={"method": "sketch", "uncertainty_m": 10},
                      reason="Armed group reported crossing the road", words="Held for a day.")  # fmt: skip
    journal.add("closing_act", ("worsen and lift",), hours=18 * 24.0, late_h=0.0, act="lifted", closes=[old], authority="joc", signed_by=[duty], words="Patrol looked, nothing found.")
    journal.add("manual", ("improve",), hours=9.0, late_h=0.0, mode="improve", state="AMBER", role="chief_joc", signed_by=[chief], segments=along(*RISKY, 9000.0), expires=journal.moment(-14.5),
                reason="Escorted convoy must pass today; helicopter overhead", words="Lifted to caution for the escorted convoy.")  # fmt: skip
    journal.add("manual", ("improve hazard",), hours=4.0, late_h=0.0, mode="improve", state="AMBER", role="chief_joc", signed_by=[chief], segments=along(5, 0.55, 700.0), expires=journal.moment(-10.0),
                reason="Asked for by the district; refused by the rules", words="Without effect: only a closing act ends an explosive reason.")  # fmt: skip
    journal.add("manual", ("improve over",), hours=9 * 24.0, late_h=0.0, mode="improve", state="AMBER", role="chief_joc", signed_by=[chief], segments=along(9, 0.28, 3000.0), expires=journal.moment(9 * 24.0 - 20),
                reason="Convoy with escort", words="Lifted for one day.")  # fmt: skip
    journal.add("manual", ("improve by duty",), hours=20.0, late_h=0.0, mode="improve", state="AMBER", role="duty_officer", signed_by=[duty], segments=along(9, 0.3, 900.0), expires=journal.moment(2.0),
                reason="Only the chief may improve", words="Refused: role.")  # fmt: skip
