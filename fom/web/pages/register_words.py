"""How the pages of the registers put it: names of members, columns of lists, values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fom.domain.registers import FOLLOWING, Member, members_of
from fom.web.pages.shell import dtg, plain


@dataclass(frozen=True, slots=True)
class Shown:
    """How one register is shown: address, words, columns of its list, members that its form leaves out."""

    slug: str
    register: str
    title: str
    one: str
    about: str
    columns: tuple[str, ...]
    filters: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Not asked for in the form: they follow from inspections, approvals or imports."""
    seen_by: str = ""
    """Who keeps it, for those who may not."""


SHOWN = {
    shown.slug: shown
    for shown in (
        Shown(
            "key-routes", "key_route", "Key routes", "key route",
            "Their course, owner, verification interval, class and studies of where they are vulnerable.",
            ("code", "name", "owner", "planning_profile", "verify_interval_h", "reviewed_at"),
            ("planning_profile",), ("segments",), "the JOC",
        ),
        Shown(
            "air-heads", "air_head", "Air heads", "air head",
            "Runways, approved aircraft types, inspections; whether one serves, and which type, is computed.",
            ("code", "name", "status", "kind", "runways", "aircraft_types", "is_night", "wet_use", "landing_clearance",
             "inspected_at"),
            ("kind", "status", "landing_clearance"),
            ("status", "inspected_at", "inspection_by", "aircraft_types", "approvals", "source"),
            "aviation and the JOC",
        ),
        Shown(
            "crossings", "crossing", "Crossings", "crossing",
            "Border crossings: hours, inspections; whether people, goods and the mission pass is computed.",
            ("name", "is_official", "status", "people_status", "goods_status", "mission_status", "hours", "staffed",
             "checklist_passed_at", "inspected_at"),
            ("status",), FOLLOWING["crossing"],
            "civil affairs and the JOC",
        ),
        Shown(
            "control-points", "control_point", "Control points", "control point",
            "Checkpoints, entry points of zones, control of strategic resources and of illicit traffic.",
            ("name", "kind", "run_by", "status", "inspected_at", "hours", "passes", "starts_at", "ends_at"),
            ("kind", "run_by", "status"), ("status", "inspected_at"), "the JOC and JMAC",
        ),
        Shown(
            "sites", "site", "Sites", "site",
            "Bases, settlements, camps, service hubs, strategic resources, stores of ammunition.",
            ("name", "kind", "population", "is_active", "until", "plan_reviewed_at", "safety_distance_m", "stage"),
            ("kind", "stage"), (), "civil affairs and the JOC",
        ),
        Shown(
            "areas", "area", "Areas and zones", "area",
            "Zones of agreements, curfew areas and areas of operation, with threat levels.",
            ("name", "kind", "agreement_ref", "grade", "reviewed_at", "assessor"),
            ("kind",), (), "JMAC and the JOC",
        ),
    )
}  # fmt: skip
"""Address -> how the register is shown."""

LABELS = {
    "id": "Id", "code": "Code", "name": "Name", "kind": "Kind", "owner": "Owner", "via": "Via points",
    "verify_interval_h": "Verify every", "interval_reason": "Why this interval", "planning_profile": "Planning profile",
    "reviewed_at": "Reviewed", "segments": "Stretches", "lon": "Longitude", "lat": "Latitude", "runways": "Runways",
    "aircraft_types": "Aircraft types", "approvals": "Approved types", "is_night": "Night landings", "status": "Status",
    "inspected_at": "Inspected", "inspection_by": "Inspected by", "notes": "Notes", "elevation_m": "Elevation",
    "strength_note": "Strength", "wet_use": "Use in the wet season", "fuel": "Fuel", "fire_cover": "Fire cover",
    "security_state": "Security", "landing_clearance": "Landing clearance", "landing_sites": "Helicopter spots",
    "source": "Ident in the imported table", "is_official": "Official", "people": "People pass", "goods": "Goods pass",
    "mission": "Mission passes", "people_status": "People", "goods_status": "Goods", "mission_status": "Mission",
    "hours": "Hours", "checklist_passed_at": "Checklist passed", "staffed": "Customs and immigration staffed",
    "population": "Population", "plan_reviewed_at": "Plan reviewed", "is_active": "In use", "until": "Until",
    "parent": "Belongs to", "custodian": "Custodian", "assessed_by": "Distance stated by",
    "safety_distance_m": "Stated safety distance", "stage": "Stage", "geometry": "Shape",
    "agreement_ref": "Agreement", "grade": "Grade", "assessor": "Assessor", "entry_points": "Entry points",
    "marked": "Marked on the ground", "held_by": "Held by", "classification": "Classification",
    "area_id": "Seen only in area",
    "bearing": "Bearing", "length_m": "Length", "width_m": "Width", "surface": "Surface", "slope_percent": "Slope",
    "mlc": "Class", "mass_t": "Mass", "height_m": "Height", "depth_m": "Depth",
    "run_by": "Run by", "reason": "Reason, for the mission only", "starts_at": "From", "ends_at": "Until",
    "public_text": "Public text", "public_place": "Where, in words for everybody", "passes": "Let through",
    "zone": "Entry point of", "site": "Watches", "side": "Side", "is_marked": "Marked", "version": "Version",
}  # fmt: skip
"""Member -> what people call it."""
UNITS = {
    "verify_interval_h": "h", "elevation_m": "m", "safety_distance_m": "m", "length_m": "m", "width_m": "m",
    "bearing": "°", "slope_percent": "%",
}  # fmt: skip
HELP = {
    "verify_interval_h": "Empty: the interval of the threat level. At most 168 h, and then with a reason.",
    "safety_distance_m": "As the assessor stated it. We never work it out.",
    "notes": "No names of victims or informants.",
    "area_id": "Empty: the whole mission.",
    "parent": "The base it belongs to.",
    "owner": "Who answers for it.",
    "passes": "None ticked: not recorded.",
    "zone": "The area into which it leads.",
    "site": "The strategic resource that it watches.",
    "ends_at": "A point that the mission runs has an end, at most a year ahead, and is explained to people.",
    "public_text": "Anybody can read this, the place in words and the times at /controls.",
    "security_state": "In a sentence, as found or reported.",
    "landing_clearance": "Whether the host's leave is needed to land.",
    "strength_note": "As published or stated by engineers.",
}
LISTED = {
    "runways": ("name", "bearing", "length_m", "width_m", "surface", "slope_percent"),
    "entry_points": ("name", "lon", "lat"),
    "marked": ("side", "is_marked"),
}
"""Lists of objects that the forms edit, one row of fields each."""
AIR_HEAD_WHY = {
    "not_approved": "aviation has not approved this type", "found_unserviceable": "the last inspection found it so",
    "inspected": "inspected", "landed": "a landing was completed",
    "too_old": "the last inspection or landing is too old", "never": "no inspection and no landing is recorded",
    "closed_by_hand": "closed by hand", "explosive": "an explosive hazard may lie on its ground",
}  # fmt: skip
"""Reason of the status of an air head -> in words."""
CROSSING_WHY = {
    "inspected": "inspected", "stated": "typed without an inspection", "never": "no inspection is recorded",
    "too_old": "inspected too long ago",
}  # fmt: skip
WHY = {"air_head": AIR_HEAD_WHY, "crossing": CROSSING_WHY}
"""Register whose status is computed -> reason of a status -> in words."""
FORM_WORDS = {
    "air_head": ("Inspect", "Air head inspection"), "landing": ("Completed landing", "Completed landing"),
    "closure": ("Close by hand", "Close an air head by hand"),
    "lifting": ("Lift the closing", "Lift a closing by hand"),
    "crossing": ("Inspect", "Crossing inspection"), "access": ("Inspect", "Access inspection"),
    "control_point": ("Inspect", "Control point inspection"),
    "asset": ("Inspect", "Bridge or asset inspection"),
}  # fmt: skip
"""Inspection form -> its button, its title."""
ITEMS_TOLD = 12
SPEAKING = ("name", "side", "type", "surface")
"""Members of an object whose values speak for themselves, without the name of the member before them."""
CODE_WORDS = {"hls": "helicopter site", "tob": "operating base (TOB)", "not_needed": "not needed"}


@dataclass(frozen=True, slots=True)
class Change:
    """One member of one version: its name, what it said before and says now."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """Who made a version when, and what it changed."""

    version: int
    at: str
    by: str
    changes: list[Change] = field(default_factory=list)


def label(name: str, register: str = "") -> str:
    """Return what people call a member, in a register where it has a name of its own there."""
    if name == "status" and register in ("air_head", "crossing", "control_point"):
        return "Last found"
    return LABELS.get(name, plain(name).capitalize())


def tell(register: str, name: str, value: Any) -> str:
    """Return a value as people read it; a dash for none."""
    member = members_of(register).get(name)
    return tell_value(name, value, member)


def tell_value(name: str, value: Any, member: Member | None) -> str:
    """Return a value of a member by its kind."""
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    kind = member.kind if member is not None else ""
    if kind == "moment":
        return dtg(value)
    if kind == "geometry":
        return _shape_words(value)
    if isinstance(value, list):
        more = f" and {len(value) - ITEMS_TOLD} more" if len(value) > ITEMS_TOLD else ""
        return "; ".join(_item(item) for item in value[:ITEMS_TOLD]) + more
    if isinstance(value, float | int):
        figure = f"{value:.6f}" if name in ("lon", "lat") else f"{value:,.10g}".replace(",", " ")
        return f"{figure} {UNITS[name]}" if name in UNITS else figure
    if member is not None and member.codes:
        return CODE_WORDS.get(value, plain(value))
    return str(value)


def versions_of(register: str, history: list[dict[str, Any]]) -> list[Version]:
    """Return the history of a row, newest first, each change with what stood there before."""
    known: dict[str, Any] = {}
    told = []
    for entry in history:
        changes = [
            Change(name, tell(register, name, known.get(name)), tell(register, name, value))
            for name, value in entry["changes"].items()
            if name != "id" and not (not known and value in (None, [], ""))
        ]
        known |= entry["changes"]
        told.append(Version(entry["version"], entry["at"], entry["by"], changes))
    return told[::-1]


def _item(item: Any) -> str:
    if isinstance(item, list):
        return ", ".join(f"{part:.6g}" if isinstance(part, float) else str(part) for part in item)
    if not isinstance(item, Mapping):
        return str(item)
    told = ((name, tell_value(name, value, None)) for name, value in item.items() if value is not None)
    return ", ".join(text if name in SPEAKING else f"{label(name).lower()} {text}" for name, text in told)


def _shape_words(geometry: Mapping[str, Any]) -> str:
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    corners = sum(max(len(ring) - 1, 0) for part in parts for ring in part)
    return f"{plain(geometry['type']).lower()} of {corners} corners"
