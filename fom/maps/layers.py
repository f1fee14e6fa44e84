"""Layers of the map: records and register rows in, GeoJSON features out.

Every feature says in `part` what it is: `point` (a symbol), `area` (an outline as reported) or `doubt` (where the true
place may lie, to scale). Records come as features of the facts format, rows as the registers' plain values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import mapping, shape

from fom.domain.facts_file import parse_record
from fom.domain.grades import Level, confidence_of, level_of
from fom.domain.instants import DAY_US, HOUR_US, format_instant, parse_instant
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.policy import Policy
from fom.domain.records import Explosive, Record
from fom.domain.states import State

Feature = dict[str, Any]

GEOD = Geod(ellps="WGS84")
DOUBT_FROM_M = 20.0
"""Smallest doubt that is drawn: below, the symbol covers it at any zoom and the number stands in the panel."""
CIRCLE_POINTS = 64
RELEASED_SHOWN_US = 30 * DAY_US
"""How long a released hazard stays on the map, so that those who knew it see that it is gone."""
INCIDENTS_SHOWN_US = 30 * DAY_US
RELEASING = ("cancelled", "reduced", "cleared")
CONTROL_SYMBOLS = {"denial": "den", "toll": "chk", "delay": "chk", "order": "ord"}
SITE_SYMBOLS = {
    "headquarters": "base", "base": "base", "tob": "tob", "hub": "hub", "camp": "camp", "strategic_resource": "res",
    "ammunition_storage": "res",
}  # fmt: skip
AIR_HEAD_STATES = {"serviceable": "O", "restricted": "C", "unserviceable": "X", "unknown": "?"}
CROSSING_STATES = {"operational": "O", "partly": "C", "closed": "X", "unknown": "?"}
LETTERS = "OC?RX"


def hazard_features(
    explosives: Sequence[Feature], acts: Sequence[Feature], grades: Mapping[str, str], *,
    in_work: Iterable[str], at: int, policy: Policy,
) -> list[Feature]:  # fmt: skip
    """Return explosive hazards with area and doubt; released ones for 30 days, erroneous ones not at all.

    Parameters
    ----------
    grades
        Record id -> grade in force; else the record's own, else F6.
    in_work
        Ids of hazards with an open EOD task.
    """
    working, ending = set(in_work), _by_target(acts)
    features: list[Feature] = []
    for feature in explosives:
        record = parse_record(_plain(feature))
        place = shape_of(record)
        if place is None or not isinstance(record, Explosive):
            continue
        act = _ending(place, ending.get(feature["id"], ()))
        if act is not None and (act["properties"]["act"] == "erroneous" or at - effective_at(act) > RELEASED_SHOWN_US):
            continue
        grade = grades.get(record.id, record.grade or "F6")
        is_confirmed = (
            record.hazard == "cha"
            or record.eod_confirmed
            or (record.hazard == "item" and level_of(confidence_of(grade, policy), policy) == Level.CONFIRMED)
        )
        symbol, status = "cha" if is_confirmed else "sha", "confirmed" if is_confirmed else "suspected"
        if record.id in working:
            symbol, status = "wrk", f"{status}, being worked on"
        if act is not None:
            symbol, status = "clr", f"{act['properties']['act']}, residual risk remains"
        features += _placed(
            record, place, policy, symbol=symbol, status=status, grade=grade, kind=record.explosive_class,
            label=_hazard_words(record, is_confirmed), order={"clr": 0, "wrk": 1, "sha": 2, "cha": 3}[symbol],
        )  # fmt: skip
    return features


def restriction_features(
    records: Sequence[Feature], grades: Mapping[str, str], lines: Mapping[str, shapely.Geometry], *, policy: Policy
) -> list[Feature]:
    """Return controls and damage, each where it was reported or where its segments lie.

    `lines`: segment or asset id -> geometry, for records that name segments or an asset instead of a place.
    """
    features: list[Feature] = []
    for feature in records:
        properties = feature["properties"]
        record = parse_record(_plain(feature))
        place = shape_of(record)
        if place is None:
            named = [properties.get("asset"), *(stretch["id"] for stretch in properties.get("segments") or [])]
            parts = [lines[name] for name in named if name in lines]
            place = parts[len(parts) // 2].interpolate(0.5, normalized=True) if parts else None
        if place is None:
            continue
        control = properties.get("control")
        kind = control or properties["damage"]
        features += _placed(
            record, place, policy, symbol=CONTROL_SYMBOLS.get(control or "", "dmg"), kind=kind,
            status=properties.get("effect"), grade=grades.get(record.id, record.grade or "F6"),
            label=_words(properties.get("public_text") or _restriction_words(properties)), order=0,
        )  # fmt: skip
    return features


def incident_features(incidents: Sequence[Feature], grades: Mapping[str, str], *, policy: Policy) -> list[Feature]:
    """Return incidents that have a place."""
    features: list[Feature] = []
    for feature in incidents:
        record = parse_record(_plain(feature))
        place = shape_of(record)
        if place is None:
            continue
        kind = feature["properties"]["type"]
        features += _placed(
            record, place, policy, symbol="inc", kind=kind, label=_words(kind), status=None, order=0,
            grade=grades.get(record.id, record.grade or "F6"),
        )  # fmt: skip
    return features


def air_head_features(rows: Sequence[Mapping[str, Any]]) -> list[Feature]:
    """Return air heads: runway at its true bearing, state letter by status."""
    features = []
    for row in rows:
        runways = row.get("runways") or [{}]
        state = AIR_HEAD_STATES[row["status"]]
        features.append(_row_point(
            row, symbol="hls" if row["kind"] == "hls" else "air", state=state, s=LETTERS.index(state), kind=row["kind"],
            label=f"{row['code']} {row['name']}", status=row["status"], at=row.get("inspected_at"),
            bearing=0 if row["kind"] == "hls" else float(runways[0].get("bearing") or 0),
        ))  # fmt: skip
    return features


def crossing_features(rows: Sequence[Mapping[str, Any]]) -> list[Feature]:
    """Return border crossings as they stand: the status as a letter, and who passes."""
    return [
        _row_point(
            row, symbol="bxp", state=CROSSING_STATES[row["status"]], s=LETTERS.index(CROSSING_STATES[row["status"]]),
            label=row["name"], kind="official crossing" if row.get("is_official") else "unofficial crossing",
            status=row["status"], at=row["decided_at"], text=_who_passes(row), href=f"/registers/crossings/{row['id']}",
        )
        for row in rows
    ]  # fmt: skip


def _who_passes(row: Mapping[str, Any]) -> str:
    each = [f"{name} {row[f'{name}_status']}" for name in ("people", "goods", "mission")]
    late = " Its review is overdue." if row["is_overdue"] else ""
    return f"{', '.join(each).capitalize()}.{late}"


def control_point_features(rows: Sequence[Mapping[str, Any]], *, at: int) -> list[Feature]:
    """Return control points that are run at a moment, microseconds: who runs each, and how it was last found."""
    return [
        _row_point(
            row, symbol="ctl", label=row["name"], kind=row["kind"], status=row["status"], at=row.get("inspected_at"),
            text=" ".join(filter(None, (f"Run by {row['run_by'].replace('_', ' ')}.", row.get("public_text")))),
            href=f"/registers/control-points/{row['id']}",
        )
        for row in rows
        if (row.get("starts_at") is None or parse_instant(row["starts_at"]) <= at)
        and (row.get("ends_at") is None or parse_instant(row["ends_at"]) > at)
    ]  # fmt: skip


def site_features(rows: Sequence[Mapping[str, Any]]) -> list[Feature]:
    """Return sites that are used now, without settlements (those are places of the background)."""
    return [
        _row_point(row, symbol=SITE_SYMBOLS[row["kind"]], label=row["name"], kind=row["kind"], status=None)
        for row in rows
        if row["kind"] in SITE_SYMBOLS and row.get("is_active") is not False
    ]


def area_features(rows: Sequence[Mapping[str, Any]]) -> list[Feature]:
    """Return areas and zones as outlines with a label inside."""
    features: list[Feature] = []
    for row in rows:
        label = f"{row['name']} ({_words(row['kind'])})"
        outline = shape(row["geometry"])
        common = {"id": row["id"], "label": label, "kind": row["kind"]}
        features.append(_feature(outline, part="area", **common))
        features.append(_feature(outline.representative_point(), part="point", **common))
    return features


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementMark:
    """One movement as it is drawn: its place with what it is known by, the way before it, the worst state of that."""

    id: str
    code: str
    purpose: str
    phase: str
    label: str
    text: str
    state: State
    is_seen: bool
    """Whether somebody saw it there; else it is where its plan puts it."""
    at: str | None
    """When it was seen."""
    place: tuple[float, float]
    bearing: float
    expected: tuple[float, float] | None
    """Where one that was seen should be by now, where that is elsewhere."""
    way: Sequence[Sequence[float]]


def movement_features(marks: Iterable[MovementMark]) -> list[Feature]:
    """Return movements: `point` where each was seen (symbol mov) or should be (mov-plan), `expected`, `way` ahead."""
    features: list[Feature] = []
    for mark in marks:
        letter = LETTERS[mark.state]
        common = {"id": mark.id, "label": mark.label, "bearing": mark.bearing}
        if len(mark.way) > 1:
            features.append(_feature(shapely.LineString(mark.way), part="way", id=mark.id, s=int(mark.state)))
        if mark.expected is not None:
            features.append(_feature(shapely.Point(mark.expected), part="expected", symbol="mov-plan", **common))
        features.append(
            _feature(
                shapely.Point(mark.place),
                part="point",
                symbol="mov" if mark.is_seen else "mov-plan",
                **common,
                kind=mark.purpose,
                status=mark.phase,
                text=mark.text,
                s=int(mark.state),
                state=letter,
                at=mark.at,
                href=f"/movements/{mark.id}",
            )
        )
    return features


def _placed(record: Record, place: shapely.Geometry, policy: Policy, **properties: Any) -> list[Feature]:
    """Return a record's symbol, its outline where it has an extent, and its doubt where that can be seen."""
    radius = uncertainty_m(record.location, policy)
    at = {"at": _iso(record), "radius_m": round(radius, 1)}
    point = place if place.geom_type == "Point" else place.representative_point()
    features = [_feature(point, part="point", id=record.id, **properties, **at)]
    if place.area > 0:
        features.append(_feature(place, part="area", id=record.id, symbol=properties["symbol"]))
    if radius >= DOUBT_FROM_M and properties["symbol"] != "clr":
        features.append(_feature(circle(point.x, point.y, radius), part="doubt", id=record.id))
    return features


def circle(lon: float, lat: float, radius_m: float) -> shapely.Polygon:
    """Return the geodesic circle of a radius in metres around a position, degrees."""
    bearings = np.linspace(0, 360, CIRCLE_POINTS, endpoint=False)
    flat = np.full(CIRCLE_POINTS, 1.0)
    lons, lats, _ = GEOD.fwd(lon * flat, lat * flat, bearings, radius_m * flat)
    return shapely.Polygon(np.round(np.column_stack((lons, lats)), 6))


def _by_target(acts: Sequence[Feature]) -> dict[str, list[Feature]]:
    """Return record -> the acts that close it, in their order."""
    found: dict[str, list[Feature]] = {}
    for act in acts:
        for target in act["properties"]["closes"]:
            found.setdefault(target, []).append(act)
    return found


def _ending(place: shapely.Geometry, acts: Sequence[Feature]) -> Feature | None:
    """Return the act that surely ended a hazard: signed by two, and for land release covering the whole of it."""
    for act in acts:
        said = act["properties"]
        if len(set(said.get("signed_by") or ())) < 2:
            continue
        if said["act"] not in RELEASING or shape(act["geometry"]).buffer(1e-9).covers(place):
            return act
    return None


def holds(feature: Feature, at: int, policy: Policy) -> bool:
    """Return whether a control may still limit somebody; damage holds until it is ended. Source: facts format, 6."""
    said = feature["properties"]
    if said.get("end"):
        return parse_instant(said["end"]) >= at
    spans = {"denial": policy.denial_amber_h, "toll": policy.toll_h, "delay": policy.toll_h}
    hours = spans.get(said.get("control", ""))
    return hours is None or at - effective_at(feature) <= hours * HOUR_US


def effective_at(feature: Feature) -> int:
    """Return when a record takes effect, microseconds: when it happened or was received, whichever came first."""
    said = feature["properties"]
    return min(parse_instant(said[name]) for name in ("occurred", "received") if said.get(name))


def _iso(record: Record) -> str | None:
    return None if record.received is None else format_instant(record.eff)


def _hazard_words(record: Explosive, is_confirmed: bool) -> str:
    shapes = {"item": "item", "sha": "hazardous area", "cha": "hazardous area"}
    return f"{'Confirmed' if is_confirmed else 'Suspected'} {shapes[record.hazard]}: {_words(record.explosive_class)}"


def _restriction_words(properties: Mapping[str, Any]) -> str:
    if properties.get("control") == "order":
        return f"order: {properties.get('effect')}"
    if properties.get("control"):
        minutes = properties.get("delay_min")
        return str(properties["control"]) + (f", {minutes:g} min" if minutes else "")
    return str(properties["damage"])


def _words(code: str) -> str:
    text = code.replace("_", " ")
    return text.upper() if code in ("ied", "uxo", "axo") else text[:1].upper() + text[1:]


def _plain(feature: Feature) -> Feature:
    """Return the members that the facts format knows."""
    return {name: feature[name] for name in ("type", "id", "geometry", "properties")}


def _row_point(row: Mapping[str, Any], **properties: Any) -> Feature:
    return _feature(shapely.Point(row["lon"], row["lat"]), part="point", id=row["id"], **properties)


def _feature(geometry: shapely.Geometry, **properties: Any) -> Feature:
    return {"type": "Feature", "geometry": mapping(geometry), "properties": properties}
