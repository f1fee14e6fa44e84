"""Hazardous areas and their release: wholly, in part, for light traffic only, not validly, and mined again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely.affinity

from geodata.hazards import HazardWriter
from geodata.journal import Journal
from geodata.spots import Spot, rural_spots

SURVEY = {"method": "survey", "uncertainty_m": 5}
MINED_AGAIN = (3, 0.33)
"""Key route and share of its length where a device was laid after clearance."""


@dataclass(frozen=True, slots=True)
class Area:
    """A hazardous area over a key route, and the act on it, if any."""

    key: str
    route: int
    share: float
    days: float
    along_m: float
    across_m: float = 150.0
    off_m: float = 0.0
    hazard: str = "cha"
    released_days: float | None = None
    released_m: float = 0.0
    shift_m: float = 0.0
    """How far the released outline lies off along the road."""
    traffic_mlc: float | None = 70
    signers: int = 2


AREAS = (
    Area("teak", 3, 0.42, 19, 460, 170),
    Area("old front line", 8, 0.78, 31, 700, 240, 70, "sha"),
    Area("whole", 0, 0.74, 55, 300, released_days=21, released_m=340),
    Area("part", 2, 0.72, 49, 240, released_days=6, released_m=160, shift_m=-45),
    Area("light traffic", 3, 0.55, 52, 180, released_days=15, released_m=220, traffic_mlc=20),
    Area("again", *MINED_AGAIN, 58, 220, released_days=24, released_m=260),
    Area("one signature", 11, 0.56, 33, 160, released_days=3, released_m=200, signers=1),
    Area("no traffic class", 2, 0.8, 41, 140, released_days=9, released_m=180, traffic_mlc=None),
)


def write_areas(writer: HazardWriter, journal: Journal) -> None:
    """Write the areas on key routes and the released fields beside other roads."""
    for area in AREAS:
        spot = writer.spot(area.route, area.share)
        words = "Confirmed hazardous area over the road." if area.hazard == "cha" else "Suspected area, old front line."
        fact = writer.found(
            (area.key,), spot, area.days * 24, "mine", shape=spot.square(area.along_m, area.across_m, off_m=area.off_m),
            hazard=area.hazard, location=SURVEY, unit="MAC", grade="A2" if area.hazard == "cha" else "C3", words=words,
        )  # fmt: skip
        if area.released_days is not None:
            _release(writer, fact, spot, area, area.released_days)
    laid = writer.spot(*MINED_AGAIN).beside(4)
    words = "Fresh digging on the cleared stretch. Laid after clearance."
    anew = writer.found(("laid anew",), laid, 62.0, "ied", new_emplacement=True, words=words)
    writer.graded(anew, 58.0, "C2")
    _write_fields(writer, journal)


def _release(writer: HazardWriter, fact: str, spot: Spot, area: Area, days: float) -> None:
    outline = spot.square(area.released_m, 170)
    moved = shapely.affinity.translate(
        outline, area.shift_m * np.cos(spot.heading), area.shift_m * np.sin(spot.heading)
    )
    writer.ended(
        fact, days * 24, "cleared", shape=moved, location=SURVEY, signers=area.signers,
        method="manual clearance", depth_cm=20, traffic_mlc=area.traffic_mlc,
    )  # fmt: skip


def _write_fields(writer: HazardWriter, journal: Journal) -> None:
    """Write suspected fields that survey cancelled or reduced, or that were cleared."""
    rng = journal.mission.country.rng("fields")
    acts = ("cancelled", "reduced", "cleared", "cancelled", "cleared")
    for number, (act, field) in enumerate(zip(acts, rural_spots(journal.mission, rng, 5, tiers=(3, 4)), strict=True)):
        fact = writer.found(
            ("field", number), field, (50 - 5 * number) * 24, "mine", shape=field.square(380, 210, off_m=120),
            hazard="sha",
            location=SURVEY, unit="MAC", grade="C3", on_route=False, words="Suspected hazardous area beside the road.",
        )  # fmt: skip
        writer.ended(
            fact, (22 - 4 * number) * 24, act, shape=field.square(420, 250, off_m=120), location=SURVEY,
            method="technical survey", depth_cm=20, traffic_mlc=70,
        )  # fmt: skip
