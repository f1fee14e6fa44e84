"""The registers: which members each has, what they may hold, and how plain values become typed ones and back.

Member names are the same in the API, the demo file and the tables (docs/architecture.md, "Registers"). Moments are
ISO 8601 text outside and microseconds inside; geometry is GeoJSON outside and shapely inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import shapely
from shapely.errors import GEOSException
from shapely.geometry import shape

from fom.domain.access import CLASSIFICATIONS
from fom.domain.geojson import geometry_to_json
from fom.domain.instants import DAY_US, format_instant, parse_bounded
from fom.domain.profiles import USER_CLASSES
from fom.errors import FieldError, InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a register: its kind of value, whether it must be given, its codes or bounds."""

    kind: str
    """text, number, integer, flag, moment, list, codes (list of texts), geometry"""
    required: bool = False
    codes: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf


def _text(*codes: str, required: bool = False) -> Member:
    return Member("text", required, codes)


def _number(low: float, high: float = math.inf, *, required: bool = False) -> Member:
    return Member("number", required, (), low, high)


_NEEDED = Member("text", True)
_ANY = Member("text")
_WHEN = Member("moment")
_LON = _number(-180, 180, required=True)
_LAT = _number(-90, 90, required=True)
_ACCESS = Member("flag")

AIR_HEAD_STATUS = ("serviceable", "restricted", "unserviceable", "unknown")
CROSSING_STATUS = ("operational", "partly", "closed", "unknown")
CONTROL_POINT_KINDS = ("checkpoint", "entry_point", "resource_control", "illicit_flow")
"""On a road, into a zone, of a strategic resource, against illicit traffic. Source: requirement K4."""
CONTROL_POINT_STATUS = ("manned", "unmanned", "closed", "unknown")
OWN_CONTROL_MAX_US = 366 * DAY_US
"""A control of ours that is to hold longer is stated again, so that somebody asks again why. Project decision."""
SITE_KINDS = (
    "headquarters", "base", "tob", "settlement", "camp", "hub", "strategic_resource", "ammunition_storage",
)  # fmt: skip
AREA_KINDS = (
    "separation", "buffer", "security", "curfew", "cordon", "restricted_access", "red_line", "assembly_cantonment",
    "critical", "area_of_operation",
)  # fmt: skip
"""Zones of agreements and controls, then what the mission itself marks out. Source: doctrine, section 7."""
LANDING_CLEARANCES = ("not_needed", "standing", "each_flight", "refused", "unknown")
WET_USE = ("yes", "with_difficulty", "no", "unknown")
AMMUNITION_STAGES = ("recorded", "assessed", "secured", "removed", "closed")
"""Source: requirement A4."""
MOVEMENT_PURPOSES = ("patrol", "convoy", "humanitarian", "flight")
MOVEMENT_OUTCOMES = (
    "proceeded", "proceeded_late", "rerouted", "turned_back", "aborted", "held", "cancelled_no_clearance",
    "cancelled_other",
)  # fmt: skip
RESTRICTION_CATEGORIES = (
    "denial_of_movement", "denial_of_flight", "denial_of_site_access", "checkpoint_stop", "delay", "taxation_or_fee",
    "search_of_vehicle", "seizure_or_hijack", "detention_or_arrest", "assault_or_threat", "conditions_imposed",
    "aggressive_demonstration", "jamming_or_interference", "visa_or_customs_hold", "attack_on_movement",
    "natural_or_infrastructure",
)  # fmt: skip
RESTRICTION_OUTCOMES = MOVEMENT_OUTCOMES[:-1]
ACTORS = (
    "host_armed_forces", "host_police", "local_authority", "non_state_group", "community", "criminal", "other_force",
    "mission", "partner", "nature", "unknown",
)  # fmt: skip
POSITIONS = ("accepted", "contested")
"""Whether the mission accepted a limitation or contested it. Source: requirements, K5."""
BASES = ("notification", "permission")
"""What was asked of the mission: to be told, or to be asked. Source: requirements, K5."""
POLITICAL_KINDS = ("election", "anniversary", "negotiation", "mandate", "holiday", "demonstration", "other")
"""What may move the parties on a date. Source: requirements, C6."""
COMMITMENT_OUTCOMES = ("kept", "partly_kept", "broken", "withdrawn")
TASK_KINDS = ("eod", "engineer", "verify")
BENCHMARK_STATUSES = ("not_assessed", "insufficient_data", "not_met", "partly_met", "met", "regressing")

COMMON: Mapping[str, Member] = MappingProxyType(
    {"id": _NEEDED, "classification": _text(*CLASSIFICATIONS), "area_id": _ANY}
)
"""Members of every register. `area_id` limits who sees the row; null = the whole mission."""

REGISTERS: Mapping[str, Mapping[str, Member]] = MappingProxyType(
    {
        "key_route": {
            "code": _NEEDED, "name": _NEEDED, "owner": _ANY, "verify_interval_h": _number(1, 168),
            "interval_reason": _ANY, "via": Member("list"), "segments": Member("list"), "planning_profile": _ANY,
            "reviewed_at": _WHEN,
        },
        "air_head": {
            "code": _NEEDED, "name": _NEEDED, "kind": _text("airfield", "airstrip", "hls", required=True),
            "lon": _LON, "lat": _LAT, "runways": Member("list"), "aircraft_types": Member("codes"),
            "is_night": Member("flag"), "status": _text(*AIR_HEAD_STATUS), "inspected_at": _WHEN,
            "inspection_by": _ANY, "notes": _ANY, "elevation_m": _number(-500, 6000), "strength_note": _ANY,
            "wet_use": _text(*WET_USE), "fuel": _ANY, "fire_cover": _ANY, "security_state": _ANY,
            "landing_clearance": _text(*LANDING_CLEARANCES), "landing_sites": Member("integer", low=0),
            "approvals": Member("list"), "source": _ANY,
        },
        "crossing": {
            "name": _NEEDED, "lon": _LON, "lat": _LAT, "is_official": Member("flag"),
            "status": _text(*CROSSING_STATUS), "goods": _ACCESS, "people": _ACCESS,
            "mission": _ACCESS, "hours": _ANY, "checklist_passed_at": _WHEN, "staffed": Member("flag"),
            "inspected_at": _WHEN, "people_status": _text(*CROSSING_STATUS), "goods_status": _text(*CROSSING_STATUS),
            "mission_status": _text(*CROSSING_STATUS), "notes": _ANY,
        },
        "control_point": {
            "name": _NEEDED, "kind": _text(*CONTROL_POINT_KINDS, required=True), "lon": _LON, "lat": _LAT,
            "run_by": _text(*ACTORS, required=True), "owner": _ANY, "reason": _ANY, "starts_at": _WHEN,
            "ends_at": _WHEN, "public_text": _ANY, "public_place": _ANY, "hours": _ANY, "passes": Member("codes"),
            "zone": _ANY, "site": _ANY, "status": _text(*CONTROL_POINT_STATUS), "inspected_at": _WHEN, "notes": _ANY,
        },
        "site": {
            "name": _NEEDED, "kind": _text(*SITE_KINDS, required=True), "lon": _LON, "lat": _LAT,
            "population": Member("integer", low=0), "plan_reviewed_at": _WHEN, "is_active": Member("flag"),
            "until": _WHEN, "parent": _ANY, "custodian": _ANY, "assessed_by": _ANY,
            "safety_distance_m": _number(0, 20_000), "stage": _text(*AMMUNITION_STAGES), "notes": _ANY,
        },
        "area": {
            "name": _NEEDED, "kind": _text(*AREA_KINDS, required=True), "geometry": Member("geometry", True),
            "agreement_ref": _ANY, "grade": _ANY, "reviewed_at": _WHEN, "assessor": _ANY,
            "entry_points": Member("list"), "marked": Member("list"), "notes": _ANY,
            "held_by": _text(*ACTORS),
        },
        "movement": {
            "code": _NEEDED, "purpose": _text(*MOVEMENT_PURPOSES, required=True),
            "user_class": _text(*USER_CLASSES, required=True), "profile": _ANY,
            "planned_start": Member("moment", True), "planned_end": _WHEN, "actual_start": _WHEN,
            "actual_end": _WHEN, "outcome": _text(*MOVEMENT_OUTCOMES), "delivered_t": _number(0),
            "planned_t": _number(0), "route": _ANY, "from_site": _ANY, "to_site": _ANY, "unit": _ANY,
            "admin_unit": _ANY,
        },
        "restriction_case": {
            "record_id": _ANY, "category": _text(*RESTRICTION_CATEGORIES, required=True),
            "actor": _text(*ACTORS, required=True), "user_class": _text(*USER_CLASSES), "admin_unit": _ANY,
            "clause": _ANY, "clearance_held": Member("flag"), "outcome": _text(*RESTRICTION_OUTCOMES),
            "opened_at": Member("moment", True), "protest_no": _ANY, "protest_at": _WHEN, "resolved_at": _WHEN,
            "standing": Member("flag"), "occurred_at": _WHEN, "clause_version": Member("integer", low=1),
            "delay_min": _number(0, 525_600), "position": _text(*POSITIONS), "basis": _text(*BASES),
            "order_id": _ANY, "movement_id": _ANY, "route": _ANY, "demand_made": Member("flag"), "summary": _ANY,
        },
        "commitment": {
            "actor": _text(*ACTORS, required=True), "promised": _NEEDED, "promised_by": _NEEDED,
            "promised_at": Member("moment", True), "due_at": _WHEN, "outcome": _text(*COMMITMENT_OUTCOMES),
            "settled_at": _WHEN, "reason": _ANY, "reference": _ANY, "admin_unit": _ANY,
        },
        "liaison_contact": {
            "actor": _text(*ACTORS, required=True), "office": _NEEDED, "channel": _NEEDED, "place": _ANY,
            "lon": _number(-180, 180), "lat": _number(-90, 90), "route": _ANY, "admin_unit": _ANY, "hours": _ANY,
            "rank": Member("integer", low=1), "confirmed_at": _WHEN, "confirmed_by": _ANY, "ended_at": _WHEN,
            "notes": _ANY,
        },
        "political_date": {
            "name": _NEEDED, "kind": _text(*POLITICAL_KINDS, required=True), "starts_at": Member("moment", True),
            "ends_at": _WHEN, "is_yearly": Member("flag"), "admin_unit": _ANY, "expected": _ANY, "source": _ANY,
        },
        "hazard_priority": {
            "hazard_id": _NEEDED, "rank": Member("integer", True, low=1), "set_at": Member("moment", True),
            "set_by": _ANY, "reason": _ANY,
        },
        "task": {
            "kind": _text(*TASK_KINDS, required=True), "target_id": _NEEDED, "assigned_to": _ANY, "due_at": _WHEN,
            "done_at": _WHEN, "created_at": Member("moment", True),
        },
        "assessment": {
            "benchmark": _NEEDED, "status": _text(*BENCHMARK_STATUSES, required=True), "reason": _NEEDED,
            "author": _NEEDED, "role": _NEEDED, "valid_from": Member("moment", True),
            "expires": Member("moment", True),
        },
    }
)  # fmt: skip
"""Register -> members besides `COMMON` and `version`."""

FOLLOWING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "air_head": ("status", "inspected_at", "inspection_by"), "control_point": ("status", "inspected_at"),
        "crossing": (
            "status", "people_status", "goods_status", "mission_status", "people", "goods", "mission", "staffed",
            "checklist_passed_at", "inspected_at",
        ),
    }
)  # fmt: skip
"""Register -> members that nobody types: what the last inspection found. Source: doctrine, section 7."""
ORDER = ("code", "name", "rank", "planned_start", "opened_at", "promised_at", "due_at", "valid_from", "starts_at", "id")
"""Members by which a register is listed, as far as it has them."""


def members_of(register: str) -> dict[str, Member]:
    """Return all members of a register; NotFound for an unknown one."""
    if register not in REGISTERS:
        raise NotFound("register", register)
    return {**COMMON, **REGISTERS[register]}


def parse_values(register: str, values: object) -> dict[str, Any]:
    """Return typed values of a register row: every member present, null where nothing was given.

    Raises
    ------
    InvalidInput
        With every bad member at once: unknown, missing, of another type, code or range.
    """
    members = members_of(register)
    if not isinstance(values, Mapping):
        raise InvalidInput.single(register, type(values).__name__, "an object")
    errors = [FieldError(str(name), "given", "no such member") for name in values if name not in members]
    typed: dict[str, Any] = {}
    for name, member in members.items():
        raw = values.get(name)
        if raw is None or raw == "":
            typed[name] = None
            if member.required:
                errors.append(FieldError(name, "nothing", expectation(member)))
            continue
        try:
            typed[name] = _PARSERS[member.kind](member, raw)
        except (ValueError, TypeError, KeyError, AttributeError, GEOSException):
            errors.append(FieldError(name, repr(raw)[:80], expectation(member)))
    errors += [] if errors else [*_relations(register, typed), *_parts(register, typed)]
    if errors:
        raise InvalidInput(errors)
    typed["classification"] = typed["classification"] or "confidential"
    if register in FOLLOWING:
        typed["status"] = typed["status"] or "unknown"
    return typed


def format_values(register: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain values of a row, moments as ISO 8601 text and geometry as GeoJSON."""
    out: dict[str, Any] = {}
    for name, member in members_of(register).items():
        value = typed[name]
        if value is not None and member.kind == "moment":
            value = format_instant(value)
        elif value is not None and member.kind == "geometry":
            value = geometry_to_json(value)
        out[name] = value
    return out


def expectation(member: Member) -> str:
    """Return in words what a member may hold."""
    if member.codes:
        return "one of " + ", ".join(member.codes)
    words = {
        "text": "a text", "number": "a number", "integer": "a whole number", "flag": "true or false",
        "moment": "an ISO 8601 time with Z or an offset, from 1900 to 2199",
        "list": "a list", "codes": "a list of texts",
        "geometry": "a valid GeoJSON Polygon or MultiPolygon",
    }[member.kind]  # fmt: skip
    if member.low > -math.inf:
        words += f" from {member.low:g}" + (f" to {member.high:g}" if member.high < math.inf else "")
    return words


def _relations(register: str, typed: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    for first, second in (
        ("planned_start", "planned_end"), ("actual_start", "actual_end"), ("opened_at", "resolved_at"),
        ("created_at", "done_at"), ("valid_from", "expires"), ("promised_at", "due_at"), ("promised_at", "settled_at"),
        ("starts_at", "ends_at"),
    ):  # fmt: skip
        if typed.get(first) is not None and typed.get(second) is not None and typed[second] < typed[first]:
            errors.append(FieldError(second, format_instant(typed[second]), f"not before {first}"))
    if typed.get("occurred_at") is not None and typed["occurred_at"] > typed["opened_at"]:
        errors.append(FieldError("occurred_at", format_instant(typed["occurred_at"]), "not after opened_at"))
    if typed.get("clause_version") is not None and not typed["clause"]:
        errors.append(FieldError("clause", "nothing", "the code of a clause of that version"))
    if register == "commitment" and (typed["outcome"] is None) != (typed["settled_at"] is None):
        missing = "outcome" if typed["outcome"] is None else "settled_at"
        errors.append(FieldError(missing, "nothing", "outcome and settled_at together, or neither"))
    if register == "commitment" and typed["outcome"] in ("partly_kept", "broken") and not typed["reason"]:
        errors.append(FieldError("reason", "nothing", "why, in words"))
    if register == "liaison_contact" and (typed["lon"] is None) != (typed["lat"] is None):
        errors.append(
            FieldError("lat" if typed["lat"] is None else "lon", "nothing", "lon and lat together, or neither")
        )
    if register == "key_route" and typed["verify_interval_h"] is not None and not typed["interval_reason"]:
        errors.append(FieldError("interval_reason", "nothing", "why this route has an interval of its own"))
    if register == "control_point":
        errors += _control_point(typed)
    if register == "assessment" and len(typed["reason"].strip()) < 40:
        errors.append(FieldError("reason", f"{len(typed['reason'].strip())} characters", "at least 40 characters"))
    if {"lon", "lat"} <= set(typed) and typed["lon"] == 0 and typed["lat"] == 0:
        errors.append(FieldError("lon", "0/0", "a position; 0/0 is what devices say without one"))
    return errors


def _control_point(typed: Mapping[str, Any]) -> list[FieldError]:
    """A point that the mission runs is a control of ours: owner, reason, start, end, public text. Source: K1."""
    errors = []
    unknown = [name for name in typed["passes"] or () if name not in USER_CLASSES]
    if unknown:
        errors.append(FieldError("passes", unknown[0][:40], "user classes: " + ", ".join(USER_CLASSES)))
    if typed["run_by"] != "mission":
        return errors
    told = ("owner", "reason", "starts_at", "ends_at", "public_text", "public_place")
    expected = "stated: the mission runs this point, and explains it"
    errors += [FieldError(name, "nothing", expected) for name in told if not typed[name]]
    start, end = typed["starts_at"], typed["ends_at"]
    if start is not None and end is not None and end > start + OWN_CONTROL_MAX_US:
        errors.append(FieldError("ends_at", format_instant(end), "within a year of the start; state it again then"))
    return errors


_RUNWAY = {
    "bearing": _number(0, 360), "length_m": _number(0, 10_000), "width_m": _number(0, 300), "surface": _ANY,
    "slope_percent": _number(-20, 20), "name": _ANY,
}  # fmt: skip
_LISTED: Mapping[tuple[str, str], Mapping[str, Member]] = MappingProxyType(
    {
        ("air_head", "runways"): _RUNWAY,
        ("air_head", "approvals"): {"type": _NEEDED, "by": _NEEDED, "at": Member("moment", True), "note": _ANY},
        ("area", "entry_points"): {"name": _NEEDED, "lon": _LON, "lat": _LAT},
        ("area", "marked"): {"side": _NEEDED, "is_marked": Member("flag", True)},
    }
)
"""(register, member) -> members of each object in that list; the lists not named here hold what their service says."""


def _parts(register: str, typed: Mapping[str, Any]) -> list[FieldError]:
    """Return what is wrong inside the lists of objects; the values stay plain."""
    errors = []
    for (owner, name), members in _LISTED.items():
        if owner != register:
            continue
        for index, item in enumerate(typed[name] or ()):
            where = f"{name}[{index}]"
            if not isinstance(item, Mapping):
                errors.append(FieldError(where, repr(item)[:80], "an object with " + ", ".join(members)))
                continue
            errors += [FieldError(f"{where}.{key}", "given", "no such member") for key in item if key not in members]
            for key, member in members.items():
                if (value := item.get(key)) is None:
                    errors += [FieldError(f"{where}.{key}", "nothing", expectation(member))] if member.required else []
                    continue
                try:
                    _PARSERS[member.kind](member, value)
                except (ValueError, TypeError, OverflowError):
                    errors.append(FieldError(f"{where}.{key}", repr(value)[:80], expectation(member)))
    return errors


def _parse_text(member: Member, raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > 4000 or (member.codes and raw not in member.codes):
        raise ValueError(raw)
    return raw


def _parse_number(member: Member, raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not member.low <= raw <= member.high:
        raise ValueError(raw)
    if not math.isfinite(raw):
        raise ValueError(raw)
    return float(raw)


def _parse_integer(member: Member, raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not member.low <= raw <= min(member.high, 2**53):
        raise ValueError(raw)
    return raw


def _parse_flag(member: Member, raw: Any) -> bool:  # noqa: ARG001
    if not isinstance(raw, bool):
        raise ValueError(raw)
    return raw


def _parse_moment(member: Member, raw: Any) -> int:  # noqa: ARG001
    return parse_bounded(raw)


def _parse_list(member: Member, raw: Any) -> list[Any]:
    if not isinstance(raw, list | tuple) or len(raw) > 20_000:
        raise ValueError(raw)
    if member.kind == "codes" and not all(isinstance(item, str) for item in raw):
        raise ValueError(raw)
    return list(raw)


def _parse_geometry(member: Member, raw: Any) -> shapely.Geometry:  # noqa: ARG001
    geometry = shape(raw)
    if geometry.geom_type not in ("Polygon", "MultiPolygon") or geometry.is_empty or not geometry.is_valid:
        raise ValueError(raw)
    low_lon, low_lat, high_lon, high_lat = geometry.bounds
    if low_lon < -180 or high_lon > 180 or low_lat < -90 or high_lat > 90:
        raise ValueError(raw)
    return geometry


_PARSERS: dict[str, Callable[[Member, Any], Any]] = {
    "text": _parse_text,
    "number": _parse_number,
    "integer": _parse_integer,
    "flag": _parse_flag,
    "moment": _parse_moment,
    "list": _parse_list,
    "codes": _parse_list,
    "geometry": _parse_geometry,
}
