"""How hazards and the acts that end them are written; which ones there are is in `hazard_stories` and `land_release`.

Class, place, time and status only.
"""

from __future__ import annotations

from typing import Any

import shapely

from fom.domain.mgrs_grid import format_mgrs
from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import lonlat
from geodata.spots import Spot, spot_on

CLASSES = ("ied", "mine", "uxo", "uxo", "axo", "cluster", "unknown_item", "booby_trap", "stored_ammunition")
KNOWN_CLASSES = tuple(word for word in CLASSES if word != "unknown_item")
FIRST_WORDS = {
    "ied": "Suspicious object at the roadside. Not approached. Traffic held.",
    "mine": "Object in the verge, children pointed it out. Marked with stones.",
    "uxo": "Unexploded round reported by a farmer. Marked from a distance.",
    "axo": "Rounds left in a collapsed building. Guarded.",
    "cluster": "Several small objects in a field. Community told to keep away.",
    "unknown_item": "Metal object seen from the vehicle. Not approached.",
    "booby_trap": "Abandoned post, door believed unsafe. Not entered.",
    "stored_ammunition": "Store without guard. Door open.",
}


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
        self,
        key: tuple[object, ...],
        spot: Spot | None,
        hours: float,
        class_: str,
        *,
        grade: str | None = None,
        words: str = "",
        shape: shapely.Geometry | None = None,
        hazard: str = "item",
        location: dict[str, object] | None = None,
        unit: str = "BN2",
        on_route: bool = True,
        **properties: Any,
    ) -> str:
        """Write a hazard: by position and its uncertainty, by MGRS reference, or by outline."""
        geometry = shape
        if location is None and spot is not None:
            location = {"method": "gps"}
        if geometry is None and spot is not None and location and location["method"] != "mgrs":
            geometry = spot.point
        record = self._journal.add(
            "explosive",
            key,
            hours=hours,
            late_h=0.35,
            shape=geometry,
            location=location,
            hazard=hazard,
            class_=class_,
            grade=grade,
            origin=f"{unit} {key[0]} {key[-1]}",
            unit=unit,
            form="explosive",
            words=words or FIRST_WORDS[class_],
            by=self.cast.patrol(unit),
            **properties,
        )
        if on_route:
            self.open_on_routes.append(record)
        return record

    def mgrs(self, spot: Spot, digits: int) -> dict[str, object]:
        """Return the location of a grid reference whose square holds a position."""
        return {"method": "mgrs", "mgrs": format_mgrs(*lonlat(spot.x, spot.y), digits=digits)}

    def graded(self, target: str, hours: float, grade: str, *, by: str | None = None, eod: bool | None = None) -> None:
        """Write a grader's judgement of a record."""
        self._journal.add(
            "grade",
            (target, grade, by or ""),
            hours=hours,
            late_h=0.0,
            target=target,
            grade=grade,
            by=by or self.cast.duty(0),
            eod_confirmed=eod,
            words="Graded on the desk." if not eod else "Seen by EOD from a safe distance.",
        )

    def ended(self, target: str, hours: float, act: str, *, signers: int = 2, **properties: Any) -> str:
        """Write the closing act of EOD or mine action on a hazard."""
        authority = "mine_action" if act in ("cancelled", "reduced", "cleared") else "eod"
        signed = self.cast.pair(authority)[:signers]
        words = {
            "destroyed": "Destroyed in place, area searched around.",
            "erroneous": "Looked at: scrap, no hazard.",
            "cleared": "Cleared to the stated depth.",
            "reduced": "Outline reduced by technical survey.",
            "cancelled": "No evidence of a hazard. Land cancelled.",
        }
        if target in self.open_on_routes and signers == 2 and act in ("destroyed", "erroneous"):
            self.open_on_routes.remove(target)
            self.closed.append(target)
        return self._journal.add(
            "closing_act",
            (act, target),
            hours=hours,
            late_h=0.0,
            act=act,
            closes=[target],
            authority=authority,
            signed_by=signed,
            unit="MAC" if authority == "mine_action" else "EOD",
            words=words[act],
            **properties,
        )

    def taken_back(self, target: str, hours: float, signed_by: list[str], words: str) -> None:
        """Write the retraction of a hazard; with two signatures it is open no longer."""
        if len(signed_by) > 1:
            self.open_on_routes.remove(target)
        self._journal.add(
            "retraction", (target,), hours=hours, late_h=0.0, target=target, signed_by=signed_by, words=words
        )
