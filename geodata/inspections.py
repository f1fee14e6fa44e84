"""Inspections and route studies of the demo: what the engineers, aviation and civil affairs wrote down lately.

Made from the registers as they stand in the database, because only there key routes have their stretches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fom.domain.inspections import CHECKLIST
from fom.domain.instants import DAY_US, HOUR_US
from fom.network.network import ASSET_TYPES, Network
from geodata.identity import make_id

Row = Mapping[str, Any]
Draft = dict[str, Any]
STUDIED = ((0, 34.0), (1, 71.0), (2, 160.0), (3, 12.0), (4, 203.0), (5, 96.0), (7, 171.0))
"""Number of the key route in the order of codes, days ago of its study; the others were never studied."""
POINT_WORDS = {
    "bridge": "The only crossing for heavy vehicles.",
    "ford": "Not to be used after rain upstream.",
    "culvert": "Blocks with driftwood in the wet season.",
    "ferry": "One boat, by daylight.",
    "defile": "No place to turn for eight kilometres.",
    "settlement": "Market on Wednesdays and Saturdays fills the road.",
    "junction": "Easily closed with a single lorry.",
}


def make_inspections(
    rows: Mapping[str, Sequence[Row]], network: Network, *, seed: int, now: int
) -> tuple[list[Draft], list[Draft]]:
    """Return (inspections, studies) as members of their drafts; `now` in microseconds."""
    rng = np.random.default_rng(seed)

    def id_of(*names: object) -> str:
        return make_id(seed, "inspection", *names)

    found = [
        *_landings(rows["air_head"], id_of, now),
        *_crossings(rows["crossing"], id_of, now),
        *_camps(rows["site"], id_of, now),
        *_assets(rows["key_route"], network, id_of, now),
    ]
    return found, _studies(rows["key_route"], network, rng, id_of, now)


def _draft(id: str, kind: str, subject: str, form: str, at: int, by: str, **rest: Any) -> Draft:
    return {
        "id": id, "subject_kind": kind, "subject_id": subject, "form": form, "inspected_at": at, "inspected_by": by,
        **rest,
    }  # fmt: skip


def _landings(rows: Sequence[Row], id_of: Any, now: int) -> list[Draft]:
    drafts = []
    for number, (row, days) in enumerate(zip(rows, (0.6, 1.1, 2.4, 3.2, 1.7, 9.0), strict=False)):
        landing = {"aircraft_type": "helicopter", "remarks": "No remarks."}
        at = now - round(days * DAY_US)
        drafts.append(
            _draft(id_of("landing", number), "air_head", row["id"], "landing", at, "Aviation Unit", findings=landing)
        )
    findings = {
        "surface_condition": "worn", "standing_water": "yes", "obstacles": "no", "markings_seen": "no",
        "wind_sign": "yes", "usable_length_m": 820,
    }  # fmt: skip
    if len(rows) > 5:
        drafts.append(
            _draft(
                id_of("strip"), "air_head", rows[5]["id"], "air_head", now - 26 * HOUR_US, "Aviation Unit",
                status="serviceable", findings=findings, notes="Water on the last 80 m after rain.",
                next_review=now + 2 * DAY_US,
            )
        )  # fmt: skip
    return drafts


def _crossings(rows: Sequence[Row], id_of: Any, now: int) -> list[Draft]:
    """Return one that passes whole, one partly, one whose review has passed, one that the neighbour closed."""
    whole = dict.fromkeys(CHECKLIST, "yes")
    waiting: dict[str, Any] = {"staffed": "yes", "waiting_min": 35}
    partly = whole | {"quarantine_point": "no", "secure_store": "not_seen"}
    told = (
        ("operational", whole | _passing("operational", "operational", "operational"), 5.0, 30, ""),
        ("partly", partly | _passing("operational", "partly", "operational"), 6.5, 30, ""),
        ("operational", whole | _passing("operational", "operational", "partly"), 41.0, -11, ""),
        ("closed", _passing("closed", "closed", "closed"), 12.5, 18, "Closed from the other side since the morning."),
    )
    drafts = []
    for number, (row, (status, findings, days, review, notes)) in enumerate(zip(rows, told, strict=False)):
        drafts.append(
            _draft(
                id_of("crossing", number), "crossing", row["id"], "crossing", now - round(days * DAY_US),
                "Civil affairs", status=status, findings=findings if status == "closed" else findings | waiting,
                notes=notes, next_review=now + review * DAY_US,
            )
        )  # fmt: skip
    return drafts


def _passing(people: str, goods: str, mission: str) -> dict[str, str]:
    return {"people": people, "goods": goods, "mission": mission}


def _camps(rows: Sequence[Row], id_of: Any, now: int) -> list[Draft]:
    camps = [row for row in rows if row["kind"] == "camp"]
    told = (("open", 4.0, 20.0), ("restricted", 12.0, -2.0), ("open", 30.0, 10.0))
    return [
        _draft(
            id_of("camp", number), "site", row["id"], "access", now - round(days * DAY_US), "Civil affairs",
            status=status, findings={"heaviest_vehicle": "10 t truck", "alternate_way": "no", "relief_let_in": "yes",
                                     "surface_condition": "worn" if status == "open" else "poor"},
            notes="The last two kilometres are soft." if status == "restricted" else "",
            next_review=now + round(review * DAY_US),
        )
        for number, (row, (status, days, review)) in enumerate(zip(camps, told, strict=False))
    ]  # fmt: skip


def _assets(routes: Sequence[Row], network: Network, id_of: Any, now: int) -> list[Draft]:
    bridges = list(
        dict.fromkeys(a for row in routes for a in _assets_along(row, network) if _kind(network, a) == "bridge")
    )
    drafts = []
    for number, asset in enumerate(bridges[:14:2]):
        status = ("good", "worn", "good", "poor", "good", "worn", "good")[number]
        drafts.append(
            _draft(
                id_of("bridge", number), "asset", network.asset_id(asset), "asset",
                now - round((3 + 9 * number) * DAY_US), "Engineer Company", status=status,
                findings={"approaches": "good" if status == "good" else "worn", "signed_limit": "no"},
                notes="Scour at the second pier, watched." if status == "poor" else "",
                next_review=now + (60 - 20 * number) * DAY_US if number < 4 else None,
            )
        )  # fmt: skip
    return drafts


def _kind(network: Network, asset: int) -> str:
    return ASSET_TYPES[network.asset_type[asset]]


def _assets_along(row: Row, network: Network) -> list[int]:
    found: dict[int, None] = {}
    for stretch in row["segments"] or ():
        number = network.find_segment(stretch["id"])
        if number is not None:
            found |= dict.fromkeys(int(a) for a in network.assets_on(number))
    return list(found)


def _studies(routes: Sequence[Row], network: Network, rng: np.random.Generator, id_of: Any, now: int) -> list[Draft]:
    drafts = []
    for number, days in STUDIED:
        if number >= len(routes):
            continue
        row, at = routes[number], now - round(days * DAY_US)
        points = [*_asset_points(row, network)[:6], *_other_points(_length_km(row, network), rng)]
        drafts.append({
            "id": id_of("study", row["code"]), "route_id": row["id"], "author": "Engineer Company",
            "studied_at": at, "review_by": at + 180 * DAY_US,
            "summary": f"{len(points)} points at which one failure or one event would stop {row['code']}.",
            "points": points, "classification": "confidential",
        })  # fmt: skip
    return drafts


def _length_km(row: Row, network: Network) -> float:
    metres = 0.0
    for stretch in row["segments"] or ():
        number = network.find_segment(stretch["id"])
        if number is not None:
            end = stretch.get("to_m")
            metres += (float(network.length_m[number]) if end is None else end) - (stretch.get("from_m") or 0.0)
    return metres / 1000


def _asset_points(row: Row, network: Network) -> list[Draft]:
    points, along, seen = [], 0.0, set()
    for stretch in row["segments"] or ():
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        for asset in (int(a) for a in network.assets_on(number)):
            kind = _kind(network, asset)
            if asset in seen or kind not in POINT_WORDS:
                continue
            seen.add(asset)
            mlc = float(network.asset_limits[asset, 0])
            point: Draft = {"kind": kind, "km": round(along, 1), "note": POINT_WORDS[kind]}
            if name := network.word(int(network.asset_name[asset])):
                point["place"] = name
            point["limit"] = "class not recorded" if np.isnan(mlc) else f"class {mlc:.0f}"
            points.append(point)
        end = stretch.get("to_m")
        along += ((float(network.length_m[number]) if end is None else end) - (stretch.get("from_m") or 0.0)) / 1000
    return points


def _other_points(length_km: float, rng: np.random.Generator) -> list[Draft]:
    return [
        {"kind": kind, "km": round(float(rng.uniform(0.1, 0.9)) * length_km, 1), "note": POINT_WORDS[kind]}
        for kind in ("defile", "settlement", "junction")
    ]
