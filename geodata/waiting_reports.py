"""What came in the last hours and waits at the desk, ungraded, for the demo's moment.

A device on a key route with its alarm running, the same told by another, a passage that saw nothing of it, a find
without a place, a robbery told late, a fee. Class, place, time and status only.
"""

from __future__ import annotations

import shapely

from geodata.hazards import HazardWriter
from geodata.journal import Journal
from geodata.key_routes import KEPT_OPEN
from geodata.mission import lonlat
from geodata.spots import CLEAR_OF_KEPT_M, Spot, spot_on

PATROL, PARTNER = "patrol@demo.example", "partner@demo.example"
"""Demo accounts, so that what the desk asks back reaches somebody."""
DEVICE_ROUTE, DEVICE_FROM = 4, 0.3
"""Key route by number, and the share of it from which on a place clear of the roads kept open is looked for."""
OTHER_ROUTES = (6, 5)
DUPLICATE_M, PASSED_M = 310.0, 6_000.0
"""How far along the road the second voice places the device; how much of the road the passage covers on each side."""
STEP_M = 500.0


def write_waiting(writer: HazardWriter, journal: Journal) -> list[str]:
    """Write the reports that nobody has judged yet; return the ids of the hazards among them that hold a key route."""
    line = journal.mission.routes[DEVICE_ROUTE].path.line
    at_m = _clear_of_kept(journal, line, DEVICE_FROM * line.length)
    device = journal.add(
        "explosive", ("waiting", "device"), hours=0.52, late_h=0.13, shape=spot_on(line, at_m).beside(6).point,
        location={"method": "gps", "accuracy_m": 12}, hazard="item", class_="ied", origin="BN1 patrol", unit="BN1",
        form="explosive", by=PATROL, new_emplacement=True,
        words="Object at the right edge, not there this morning. We moved back 300 m and hold the traffic.",
    )  # fmt: skip
    told_twice = journal.add(
        "explosive", ("waiting", "told twice"), hours=0.72, late_h=0.5,
        location=writer.mgrs(spot_on(line, at_m + DUPLICATE_M), 6), hazard="item", class_="ied",
        origin="police post", unit="POL", form="explosive", by=writer.cast.patrol("POL"),
        words="Bus driver told our post of an object by the road. He did not stop.",
    )  # fmt: skip
    _passage(journal, line, at_m)
    journal.add(
        "explosive", ("waiting", "no place"), hours=0.3, late_h=0.1, hazard="item", class_="unknown_item",
        origin="herdsman", unit="BN6", form="explosive", by=writer.cast.patrol("BN6"),
        words="Herdsman speaks of a metal object by the old well. Which well he could not say; he comes back tonight.",
    )  # fmt: skip
    robbed, fee = (journal.mission.routes[number].path.line for number in OTHER_ROUTES)
    journal.add(
        "incident", ("waiting", "late"), hours=31.0, late_h=30.3,
        shape=spot_on(robbed, _clear_of_kept(journal, robbed, 0.5 * robbed.length)).point,
        location={"method": "gps"}, type_="armed_robbery", origin="bus company", unit="POL", form="incident",
        by=writer.cast.patrol("POL"), words="Bus robbed yesterday morning. The company told us only today.",
    )  # fmt: skip
    spot = spot_on(fee, _clear_of_kept(journal, fee, 0.4 * fee.length))
    journal.add(
        "control", ("waiting", "fee"), hours=1.4, late_h=0.4, control="toll", user_class="humanitarian", delay_min=25,
        imposed_by="local_authority", segments=[{"at": list(lonlat(spot.x, spot.y))}], origin="relief convoy",
        form="restriction", by=PARTNER, words="Fee asked of our trucks at the rope. Not paid; 25 minutes lost.",
    )  # fmt: skip
    return [device, told_twice]


def _passage(journal: Journal, line: shapely.LineString, at_m: float) -> None:
    """Write a convoy that went by the device after it was seen, and noticed nothing."""
    places = [spot_on(line, at_m + way) for way in _steps(-PASSED_M, PASSED_M)]
    journal.add(
        "verification", ("waiting", "passage"), hours=0.35, late_h=0.2, strength="partner_convoy_traverse", passed="P5",
        track="stated", segments=[{"at": list(lonlat(spot.x, spot.y))} for spot in places], origin="relief convoy two",
        form="passage", by=PARTNER, words="Four trucks through to the second town. Saw nothing, were not stopped.",
    )  # fmt: skip


def _steps(low_m: float, high_m: float) -> list[float]:
    return [low_m + STEP_M * number for number in range(int((high_m - low_m) / STEP_M) + 1)]


def _clear_of_kept(journal: Journal, line: shapely.LineString, from_m: float) -> float:
    """Return the first distance along a road from which on it lies away from the roads kept open."""
    routes = journal.mission.routes

    def is_clear(spot: Spot) -> bool:
        return all(routes[kept].path.line.distance(spot.point) > CLEAR_OF_KEPT_M for kept in KEPT_OPEN)

    tried = (from_m + STEP_M * number for number in range(int((line.length - from_m) / STEP_M)))
    return next((at_m for at_m in tried if is_clear(spot_on(line, at_m))), from_m)
