"""What each kind of record may hold in a facts file: members, geometries, and what one member demands of others.

Source: facts format, section 1 (docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fom.domain.complaints import Complaints
from fom.domain.facts_fields import (
    DIRECTIONS,
    Field,
    flag_field,
    grade_field,
    instant_field,
    limits_field,
    list_field,
    location_field,
    object_field,
    recurring_field,
    size_field,
    state_field,
    stretches_field,
    text_field,
    word_field,
)
from fom.domain.geojson import DEPTH
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.profiles import USER_CLASSES

EXPLOSIVE_CLASSES = ("mine", "cluster", "uxo", "axo", "booby_trap", "ied", "stored_ammunition", "unknown_item")
ACTORS = (
    "host_armed_forces", "host_police", "local_authority", "non_state_group", "community", "criminal", "other_force",
    "mission", "partner", "nature", "unknown",
)  # fmt: skip
STRENGTHS = (
    "route_search", "engineer_recce", "own_patrol_traverse", "partner_convoy_traverse", "imagery", "aerial_look",
    "hearsay",
)  # fmt: skip
LAND_RELEASE = ("cancelled", "reduced", "cleared")
THREAT_LEVELS = ("minimal", "low", "medium", "high")
"""In rising order."""
DAMAGES = ("destroyed", "washed_out", "blocked", "flooded", "damaged", "limit")
ANY_SHAPE = tuple(DEPTH)
AREAS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")


@dataclass(frozen=True, slots=True)
class KindSchema:
    """Members of one kind of record, the geometries it may have, and its cross-checks."""

    fields: tuple[Field, ...]
    shapes: tuple[str, ...] = ()
    is_null_allowed: bool = True
    """Whether `geometry` may be null."""
    checks: tuple[Callable[[dict[str, Any], str, Complaints], None], ...] = ()
    """(attribute values read so far, record id, complaints) -> None; `geometry` is a value when not null."""


_RECEIVED = (
    instant_field("received", is_required=True),
    instant_field("occurred", is_null_allowed=True),
)
_COMMON = (
    *_RECEIVED,
    text_field("by", may_be_empty=True, is_null_allowed=True),
    list_field("signed_by"),
    object_field("meta"),
)
_GRADED = (grade_field("grade"), text_field("origin", may_be_empty=True, is_null_allowed=True))
_START_END = (instant_field("start", is_null_allowed=True), instant_field("end", is_null_allowed=True))
_DIRECTION = word_field("direction", DIRECTIONS, default="both")


def _named(fields: tuple[Field, ...], name: str, replacement: Field) -> tuple[Field, ...]:
    return tuple(replacement if f.name == name else f for f in fields)


def _place_needs_location(values: dict[str, Any], record_id: str, complaints: Complaints) -> None:
    location, has_geometry = values.get("location"), values.get("geometry") is not None
    if has_geometry and location is None:
        complaints.add(record_id, "location", None, "how the place of the geometry is known")
    if has_geometry and location is not None and location.method == "mgrs":
        complaints.add(record_id, "geometry", values["geometry"].geom_type, "null: the place is the MGRS reference")


def _needs(condition: str, is_met: Callable[[dict[str, Any]], bool], *names: str) -> Callable[..., None]:
    """Return a check: under the condition every one of the attributes named must be stated."""

    def check(values: dict[str, Any], record_id: str, complaints: Complaints) -> None:
        if is_met(values):
            for name in names:
                if values.get(name) in (None, ()):
                    complaints.add(record_id, name, values.get(name), f"a value, because {condition}")

    return check


def _ends_after_start(values: dict[str, Any], record_id: str, complaints: Complaints) -> None:
    start, end = values.get("start"), values.get("end")
    if start is not None and end is not None and end < start:
        complaints.add(record_id, "end", "before start", "a moment not before start")


def _act_has_its_shape(values: dict[str, Any], record_id: str, complaints: Complaints) -> None:
    act = values.get("act")
    if act in LAND_RELEASE:
        if values.get("geometry") is None:
            complaints.add(record_id, "geometry", None, f"a Polygon or MultiPolygon, because the act is {act}")
        if values.get("location") is None:
            complaints.add(record_id, "location", None, f"how the place is known, because the act is {act}")
    elif act is not None and values.get("geometry") is not None:
        complaints.add(record_id, "geometry", values["geometry"].geom_type, f"null, because the act is {act}")


def _direction_needs_segments(values: dict[str, Any], record_id: str, complaints: Complaints) -> None:
    direction = values.get("direction", "both")
    if direction != "both" and not values.get("segments"):
        complaints.add(record_id, "direction", direction, "both, or segments beside it: a direction is along a segment")


def _is_control(word: str) -> Callable[[dict[str, Any]], bool]:
    return lambda values: values.get("control") == word


SCHEMAS: dict[str, KindSchema] = {
    "explosive": KindSchema(
        (
            *_COMMON, *_GRADED, location_field(),
            word_field("hazard", ("item", "sha", "cha"), is_required=True),
            word_field("class", EXPLOSIVE_CLASSES, is_required=True, attribute="explosive_class"),
            flag_field("eod_confirmed"), flag_field("new_emplacement"),
        ),
        ANY_SHAPE,
        checks=(_place_needs_location,),
    ),
    "physical": KindSchema(
        (
            *_COMMON, *_GRADED, location_field(),
            word_field("damage", DAMAGES, is_required=True),
            size_field("depth_m", is_null_allowed=True), limits_field(), text_field("asset"), stretches_field(),
            instant_field("review_by", is_null_allowed=True),
        ),
        ANY_SHAPE,
        checks=(
            _place_needs_location,
            _needs("damage is limit", lambda v: v.get("damage") == "limit", "limits"),
        ),
    ),
    "control": KindSchema(
        (
            *_COMMON, *_GRADED, location_field(), *_START_END,
            word_field("control", ("order", "denial", "toll", "delay"), is_required=True),
            word_field("effect", ("prohibited", "permission", "escort")),
            list_field("user_classes", (*USER_CLASSES, "all"), at_least=1),
            word_field("user_class", USER_CLASSES), recurring_field(), size_field("delay_min", is_null_allowed=True),
            _DIRECTION, stretches_field(), word_field("imposed_by", ACTORS),
            text_field("owner"), text_field("reason"), text_field("public_text"),
        ),
        ANY_SHAPE,
        checks=(
            _place_needs_location, _ends_after_start, _direction_needs_segments,
            _needs("control is order", _is_control("order"), "effect", "user_classes"),
            _needs("control is denial", _is_control("denial"), "user_class"),
            _needs(
                "the mission imposed it", lambda v: v.get("imposed_by") == "mission",
                "owner", "reason", "start", "end", "public_text",
            ),
        ),
    ),
    "incident": KindSchema(
        (
            *_COMMON, *_GRADED, location_field(),
            word_field("type", tuple(INCIDENT_WEIGHTS), is_required=True, attribute="incident_type"),
        ),
        ("Point", "LineString", "Polygon"),
        checks=(_place_needs_location,),
    ),
    "verification": KindSchema(
        (
            *_named(_COMMON, "occurred", instant_field("occurred", is_required=True)), *_GRADED,
            word_field("strength", STRENGTHS, is_required=True),
            text_field("passed", may_be_empty=True, is_null_allowed=True),
            word_field("track", ("gps", "stated")), flag_field("authenticated"), word_field("user_class", USER_CLASSES),
            flag_field("unimpeded"), list_field("crossed", at_least=1), _DIRECTION, stretches_field(),
        ),
        LINES,
        checks=(_direction_needs_segments,),
    ),
    "closing_act": KindSchema(
        (
            *_named(_COMMON, "signed_by", list_field("signed_by", is_required=True)), location_field(),
            word_field("act", (*LAND_RELEASE, "destroyed", "erroneous", "repaired", "lifted"), is_required=True),
            list_field("closes", at_least=1, is_required=True),
            word_field("authority", ("mine_action", "eod", "engineer", "joc"), is_required=True),
            text_field("method"), size_field("depth_cm", is_null_allowed=True),
            size_field("traffic_mlc", is_null_allowed=True),
            limits_field(),
        ),
        AREAS,
        checks=(_act_has_its_shape, _place_needs_location),
    ),
    "grade": KindSchema(
        (
            *_named(_COMMON, "by", text_field("by", is_required=True)), text_field("target", is_required=True),
            grade_field("grade", is_required=True), flag_field("eod_confirmed"),
        )
    ),
    "link": KindSchema(
        (
            *_COMMON, word_field("relation", ("duplicate", "same_incident", "conflict"), is_required=True),
            list_field("members", at_least=2, is_set=True, is_required=True),
        )
    ),
    "retraction": KindSchema(
        (
            *_named(_COMMON, "signed_by", list_field("signed_by", is_required=True)),
            text_field("target", is_required=True),
        )
    ),
    "manual": KindSchema(
        (
            *_named(_COMMON, "signed_by", list_field("signed_by", is_required=True)), location_field(),
            word_field("mode", ("worsen", "improve"), is_required=True), state_field("state", is_required=True),
            word_field("role", ("duty_officer", "chief_joc"), is_required=True), text_field("reason", is_required=True),
            instant_field("expires", is_null_allowed=True), stretches_field(),
        ),
        AREAS,
        checks=(
            _place_needs_location,
            _needs("the mode is improve", lambda v: v.get("mode") == "improve", "segments"),
        ),
    ),
    "threat_area": KindSchema(
        (*_COMMON, word_field("level", THREAT_LEVELS, is_required=True, is_null_allowed=True), *_START_END),
        AREAS,
        is_null_allowed=False,
        checks=(_ends_after_start,),
    ),
    "season": KindSchema(
        (*_COMMON, word_field("season", ("wet", "dry"), is_required=True), *_START_END),
        AREAS,
        checks=(_ends_after_start,),
    ),
    "route": KindSchema((object_field("meta"), stretches_field(is_route=True, is_required=True))),
}  # fmt: skip
