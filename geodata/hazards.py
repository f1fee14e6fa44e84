"""Explosive hazards and what became of them: found, graded, marked, destroyed, cleared, and laid anew.

Class, place, time and status only.
"""

from __future__ import annotations

import numpy as np
import shapely
import shapely.affinity

from fom.domain.mgrs_grid import format_mgrs
from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.spots import Spot, rural_spots, spot_on

CLASSES = ("ied", "mine", "uxo", "uxo", "axo", "cluster", "unknown_item", "booby_trap", "stored_ammunition")
FIRST_WORDS = {
    "ied": "Suspicious object at the roadside. Not approached. Traffic held.", "mine": "Object in the verge, children pointed it out. Marked with stones.",
    "uxo": "Unexploded round reported by a farmer. Marked from a distance.", "axo": "Rounds left in a collapsed building. Guarded.",
    "cluster": "Several small objects in a field. Community told to keep away.", "unknown_item": "Metal object seen from the vehicle. Not approached.",
    "booby_trap": "Abandoned post, door believed unsafe. Not entered.", "stored_ammunition": "Store without guard. Door open.",
}  # fmt: skip


class HazardWriter:
    """Writes hazards and the acts that end them into a journal."""

    def __init__(self, journal: Journal, cast: Cast) -> None:
        self._journal, self.cast = journal, cast
        self._routes = journal.mission.routes
        self.open_on_routes: list[str] = []
        """Hazards on or beside key routes that are not closed; they hold a priority."""
        self.closed: list[str] = []

    def spot(self, route: int, share: float) -> Spot:
        """Return a position on a key route by its share of the length."""
        line = self._routes[route].path.line
        return spot_on(line, share * line.length)

    def found(
        self, key: tuple[object, ...], spot: Spot | None, hours: float, class_: str, *, grade: str | None = None, method: str = "gps",
        words: str = "", shape: shapely.Geometry | None = None, hazard: str = "item", location: dict[str, object] | None = None,
        unit: str = "BN2", on_route: bool = True, **properties: object,
    ) -> str:  # fmt: skip
        """Write a hazard: by position and its uncertainty, by MGRS reference, or by outline."""
        geometry: shapely.Geometry | None = shape
        if location is None and spot is not None:
            location = {"method": method} if method == "gps" else {"method": method, "uncertainty_m": 10}
        if geometry is None and spot is not None and location and location["method"] != "mgrs":
            geometry = spot.point
        record = self._journal.add(
            "explosive", key, hours=hours, late_h=0.35, shape=geometry, location=location, hazard=hazard, class_=class_, grade=grade,
            origin=f"{unit} {key[0]} {key[-1]}", unit=unit, form="explosive", words=words or FIRST_WORDS[class_], by=self.cast.patrol(unit), **properties,
        )  # fmt: skip
        if on_route:
            self.open_on_routes.append(record)
        return record

    def mgrs(self, spot: Spot, digits: int) -> dict[str, object]:
        """Return the location of a grid reference whose square holds a position."""
        return {"method": "mgrs", "mgrs": format_mgrs(*lonlat(spot.x, spot.y), digits=digits)}

    def graded(self, target: str, hours: float, grade: str, *, by: str | None = None, eod: bool | None = None) -> None:
        """Write a grader's judgement of a record."""
        self._journal.add(
            "grade", (target, grade, by or ""), hours=hours, late_h=0.0, target=target, grade=grade, by=by or self.cast.duty(0),
            eod_confirmed=eod, words="Graded on the desk." if not eod else "Seen by EOD from a safe distance.",
        )  # fmt: skip

    def ended(self, target: str, hours: float, act: str, *, signers: int = 2, **properties: object) -> str:
        """Write the closing act of EOD or mine action on a hazard."""
        authority = "mine_action" if act in ("cancelled", "reduced", "cleared") else "eod"
        signed = self.cast.pair(authority)[:signers]
        words = {
            "destroyed": "Destroyed in place, area searched around.", "erroneous": "Looked at: scrap, no hazard.", "cleared": "Cleared to the stated depth.",
            "reduced": "Outline reduced by technical survey.", "cancelled": "No evidence of a hazard. Land cancelled.",
        }  # fmt: skip
        if target in self.open_on_routes and signers == 2 and act in ("destroyed", "erroneous"):
            self.open_on_routes.remove(target)
            self.closed.append(target)
        return self._journal.add(
            "closing_act", (act, target), hours=hours, late_h=0.0, act=act, closes=[target], authority=authority, signed_by=signed,
            unit="MAC" if authority == "mine_action" else "EOD", words=words[act], **properties,
        )  # fmt: skip


def write_hazards(journal: Journal, cast: Cast) -> HazardWriter:
    """Write the hazards of the demo; return the writer, which knows what is still open."""
    writer = HazardWriter(journal, cast)
    _told_stories(writer)
    _land_release(writer, journal)
    _destroyed_on_routes(writer, journal)
    _away_from_routes(writer, journal)
    return writer


def _told_stories(writer: HazardWriter) -> None:
    """Write the hazards that are open now, one for each way in which a hazard holds a road."""
    spot = writer.spot(0, 0.33).beside(60)
    writer.found(("heron",), None, 5.0, "ied", location=writer.mgrs(spot, 6), words="Object 60 m off the road, seen at first light. Traffic held.")
    osprey = writer.found(("osprey",), writer.spot(1, 0.71).beside(58), 46.0, "uxo", grade="B2", words="Round in the ditch west of the road. Marked.")
    writer.graded(osprey, 44.0, "B2")
    teak = writer.found(("teak",), writer.spot(3, 0.42), 19 * 24.0, "mine", shape=writer.spot(3, 0.42).square(460, 170), hazard="cha",
                        location={"method": "survey", "uncertainty_m": 5}, grade="A2", unit="MAC", words="Confirmed hazardous area across the road. Marked on all sides.")  # fmt: skip
    writer.graded(teak, 18.8 * 24, "A2", by="MAC desk")
    writer.found(("acacia",), writer.spot(5, 0.55), 31.0 * 24, "mine", shape=writer.spot(5, 0.55).square(700, 240, off_m=70), hazard="sha",
                 location={"method": "survey", "uncertainty_m": 10}, grade="C3", unit="MAC", words="Suspected hazardous area, old front line.")  # fmt: skip
    cedar = writer.found(("cedar",), writer.spot(2, 0.24), 27.0, "ied", words="Object under the culvert mouth. Cordon set.")
    writer.graded(cedar, 25.0, "B2", by=None, eod=True)
    writer.found(("wren",), writer.spot(10, 0.38).beside(-74), 8.2 * 24, "uxo", grade="B3", words="Round beside the well, 70 m from the road.")
    writer.found(("mahogany",), None, 3.1 * 24, "ied", grade="C3", location=writer.mgrs(writer.spot(11, 0.62).beside(150), 4), words="Device reported near the second village, no better place known.")
    town = writer.spot(9, 0.5).beside(480)
    writer.found(("baobab",), town, 2.2 * 24, "unknown_item", location={"method": "place"}, words="Villagers speak of an object outside the village.")
    swift = writer.found(("swift",), writer.spot(8, 0.66), 40.0, "unknown_item", words="Plastic can on the carriageway, driver unsure.")
    writer.graded(swift, 39.0, "D4")
    old = writer.found(("old map",), writer.spot(6, 0.16).beside(240), 15 * 24.0, "mine", grade="C2", location={"method": "gps", "datum": "unknown"}, words="Position read from an old map sheet.")
    writer.graded(old, 14 * 24.0, "C2")
    writer.graded(old, 13 * 24.0, "C3", by=writer.cast.duty(1))
    for number, days in enumerate((0.4, 1.9)):
        writer.found(("no place", number), None, days * 24, "unknown_item", location=None, on_route=False, words="Caller hung up before giving a place.")


def _land_release(writer: HazardWriter, journal: Journal) -> None:
    """Write areas that were released: wholly, in part, for light traffic only, and one that was mined again."""
    survey = {"method": "survey", "uncertainty_m": 5}

    def area(key: str, route: int, share: float, days: float, along: float, **more: object) -> tuple[str, Spot]:
        spot = writer.spot(route, share)
        fact = writer.found((key,), spot, days * 24, "mine", shape=spot.square(along, 150), hazard="cha", location=survey, unit="MAC",
                            grade="A2", words="Confirmed hazardous area over the road.", **more)  # fmt: skip
        return fact, spot

    def release(fact: str, spot: Spot, days: float, along: float, act: str = "cleared", *, traffic: float | None = 70, signers: int = 2, shift_m: float = 0.0) -> None:
        polygon = shapely.affinity.translate(spot.square(along, 170), shift_m * np.cos(spot.heading), shift_m * np.sin(spot.heading))
        writer.ended(fact, days * 24, act, shape=polygon, location=survey, signers=signers, method="manual clearance", depth_cm=20, traffic_mlc=traffic)

    whole, spot = area("whole", 0, 0.74, 55, 300)
    release(whole, spot, 21, 340)
    part, spot = area("part", 7, 0.44, 49, 240)
    release(part, spot, 6, 160, shift_m=-45)
    light, spot = area("light", 1, 0.44, 52, 180)
    release(light, spot, 15, 220, traffic=20)
    again, spot = area("again", 9, 0.78, 58, 220)
    release(again, spot, 24, 260)
    anew = writer.found(("laid anew",), spot.beside(4), 2.6 * 24, "ied", new_emplacement=True, words="Fresh digging on the cleared stretch. Laid after clearance.")
    writer.graded(anew, 2.4 * 24, "C2")
    lone, spot = area("one signature", 10, 0.72, 33, 160)
    release(lone, spot, 3, 200, signers=1)
    untold, spot = area("no traffic class", 8, 0.86, 41, 140)
    release(untold, spot, 9, 180, traffic=None)
    for number, act in enumerate(("cancelled", "reduced", "cleared", "cancelled", "cleared")):
        field = rural_spots(journal.mission, journal.mission.country.rng(f"field {number}"), 1, tiers=(3, 4))[0]
        fact = writer.found(("field", number), field, (50 - 5 * number) * 24, "mine", shape=field.square(380, 210, off_m=120), hazard="sha", location=survey,
                            unit="MAC", grade="C3", on_route=False, words="Suspected hazardous area beside the road.")  # fmt: skip
        polygon = field.square(420, 250, off_m=120)
        writer.ended(fact, (22 - 4 * number) * 24, act, shape=polygon, location=survey, method="technical survey", depth_cm=20, traffic_mlc=70)


def _destroyed_on_routes(writer: HazardWriter, journal: Journal) -> None:
    """Write items found along key routes over sixty days and destroyed, or found to be nothing, within days."""
    rng = journal.mission.country.rng("destroyed")
    for number in range(34):
        route = int(rng.integers(12))
        hours = rng.uniform(3.5, 59.0) * 24
        class_ = str(rng.choice(CLASSES[:7]))
        spot = writer.spot(route, rng.uniform(0.06, 0.94)).beside(rng.normal(0, 45))
        fact = writer.found(("item", number), spot, hours, class_, unit=f"BN{rng.integers(1, 8)}")
        writer.graded(fact, hours - rng.uniform(0.5, 3.0), str(rng.choice(["B2", "C2", "C3", "B3", "D4"])))
        after = rng.uniform(5, 70)
        if rng.random() < 0.55:
            writer.graded(fact, hours - after * 0.6, "A1", by=writer.cast.eod(0), eod=True)
            writer.ended(fact, hours - after, "destroyed")
        else:
            writer.ended(fact, hours - after, "erroneous" if rng.random() < 0.3 else "destroyed")


def _away_from_routes(writer: HazardWriter, journal: Journal) -> None:
    """Write hazards on and beside other roads; about half are still open."""
    rng = journal.mission.country.rng("away")
    for number, spot in enumerate(rural_spots(journal.mission, rng, 46, tiers=(3, 4, 5, 6))):
        hours = rng.uniform(0.5, 59.5) * 24
        class_ = str(rng.choice(CLASSES))
        off = float(rng.choice([rng.normal(0, 6), rng.normal(0, 60), rng.normal(0, 400)]))
        fact = writer.found(("away", number), spot.beside(off), hours, class_, on_route=False, unit=f"BN{rng.integers(1, 8)}",
                            grade=str(rng.choice(["C3", "B3", "F6", "D3", "E5"])))  # fmt: skip
        if hours > 8 * 24 and rng.random() < 0.6:
            writer.ended(fact, hours - rng.uniform(20, 160), "destroyed")


def write_links(journal: Journal, cast: Cast, writer: HazardWriter) -> None:
    """Write two patrols that saw the same item, and one report that was taken back."""
    spot = writer.spot(4, 0.12).beside(12)
    first = writer.found(("seen twice", 1), spot, 60.0, "ied", grade="C3", unit="BN3", words="Object on the shoulder, seen by the lead vehicle.")
    second = writer.found(("seen twice", 2), spot.beside(9), 58.5, "ied", grade="C3", unit="BN5", words="Object on the shoulder, bus driver stopped us.")
    journal.add("link", ("seen twice",), hours=57.0, late_h=0.0, relation="same_incident", members=[first, second], by=cast.duty(0), words="Two units, one object.")
    third = writer.found(("heard again",), writer.spot(4, 0.12).beside(30), 55.0, "ied", grade="D4", unit="BN3", words="Same object, relayed by the district office.")
    journal.add("link", ("heard again",), hours=54.0, late_h=0.0, relation="duplicate", members=[first, third], by=cast.duty(1), words="Relay of the first report.")
    wrong = writer.found(("wrong road",), writer.spot(6, 0.9), 31.0, "unknown_item", words="Object on the road. (Sent for another road.)")
    journal.add("retraction", ("wrong road",), hours=28.0, late_h=0.0, target=wrong, signed_by=cast.pair("joc"), words="Wrong road named; corrected report follows.")
    writer.open_on_routes.remove(wrong)
    writer.found(("right road",), writer.spot(6, 0.9).beside(900), 28.0, "unknown_item", on_route=False, words="Corrected position, on the farm track.")
    kept = writer.found(("one voice",), writer.spot(2, 0.88).beside(-20), 5.5 * 24, "uxo", grade="C3", words="Round in the drain.")
    journal.add("retraction", ("one voice",), hours=5.0 * 24, late_h=0.0, target=kept, signed_by=[cast.duty(0)], words="Withdrawn by one officer only.")
