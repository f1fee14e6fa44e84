"""A hypothesis: what would come, go, be closed or cleared, under which rules and for which vehicle.

It is judged on a copy of the picture; nothing is stored. What it adds counts as confirmed, because the question is what
would follow if it were so.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.complaints import Complaints
from fom.domain.facts_file import parse_record
from fom.domain.geodesy import metres_per_degree
from fom.domain.geojson import geometry_to_json
from fom.domain.instants import format_instant
from fom.domain.overrides import policy_members, profile_members, read_policy, read_profiles
from fom.domain.places import uncertainty_m
from fom.domain.policy import Policy
from fom.domain.profiles import over_profile, profile_sizes
from fom.domain.records import Record
from fom.errors import FieldError, InvalidInput
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services.drafts import REPORTED_KINDS, checked
from fom.services.judging import get_visible_record
from fom.services.picture_host import PictureHost
from fom.services.record_checks import check_references
from fom.store.records import feature_of, retracted_ids
from fom.store.tables import RecordRow

CHANGES_MAX = 200
"""Records that come, go, close and clear in one hypothesis."""
VERTICES_MAX = 20_000
SEGMENTS_MAX = 250_000
"""Segments that the boxes of all areas may meet: more is a country, and no closure."""
SECOND_PERSON = "hypothetical second person"
CLEAR_MARGIN_M = 50.0
"""Released ground reaches this far beyond where a hazard may lie, so that all of it is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """Every member may be left out; all together are supposed at once."""

    add: tuple[Mapping[str, Any], ...] = ()
    """Features of the facts format that would come."""
    remove: tuple[str, ...] = ()
    """Ids of records that would never have been."""
    close: tuple[Mapping[str, Any], ...] = ()
    """What would be closed: `segments` [{id, from_m, to_m}] or a `geometry`, and a `reason`."""
    clear: tuple[str, ...] = ()
    """Ids of facts that would be cleared, repaired or lifted, whichever ends them, by two persons with the right to."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that would differ from those in force."""
    profiles: Mapping[str, Any] = field(default_factory=dict)
    """Vehicle classes whose values would differ."""
    profile: str | None = None
    """The vehicle that would go instead of the one asked about."""
    user_class: str | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is supposed."""
        changed = self.add or self.remove or self.close or self.clear or self.policy or self.profiles
        return not (changed or self.profile or self.user_class)


@dataclass(frozen=True, slots=True)
class Assumed:
    """The picture and the question under a hypothesis, and the ids of its own records."""

    picture: Picture
    question: Question
    own: frozenset[str]


def assume(
    session: Session, host: PictureHost, picture: Picture, hypothesis: Hypothesis, question: Question, *, actor: Actor
) -> Assumed:
    """Return a copy of `picture` on which the hypothesis holds.

    Raises
    ------
    InvalidInput
        Nothing is supposed, too much is, a part contradicts another, or a member cannot be read.
    NotFound
        A record to remove or clear is not there, or the actor may not see it.
    """
    _check(hypothesis, host.network)
    policy, profiles = _rules(picture, hypothesis)
    removed = [get_visible_record(session, record_id, actor).id for record_id in hypothesis.remove]
    cleared = [get_visible_record(session, record_id, actor) for record_id in hypothesis.clear]
    received = min(question.at, question.known_at)
    _check_present(session, cleared, received)
    moment = format_instant(received)
    added = _come(session, host.network, hypothesis.add, moment, actor)
    added += _closures(session, host.network, hypothesis.close, moment, actor)
    added += [parse_record(_clearance(row, moment, actor, policy, _heaviest(profiles))) for row in cleared]
    is_same_rules = policy == picture.policy and profiles == picture.profiles
    twin = picture.copy() if is_same_rules else picture.under(policy, profiles)
    twin.remove(removed)
    twin.apply(added)
    name = hypothesis.profile or question.profile.name
    if name not in profiles:
        raise InvalidInput.single("profile", name[:40], "one of " + ", ".join(sorted(profiles)))
    question = replace(question, profile=profiles[name], user_class=hypothesis.user_class or question.user_class)
    return Assumed(twin, question, frozenset(record.id for record in added))


def _check(hypothesis: Hypothesis, network: Network) -> None:
    if hypothesis.is_empty:
        raise InvalidInput.single("add", "nothing", "at least one change")
    lists = ("add", "remove", "close", "clear")
    count = sum(len(getattr(hypothesis, name)) for name in lists)
    if count > CHANGES_MAX:
        raise InvalidInput.single("add", f"{count} changes", f"at most {CHANGES_MAX} in all")
    errors = list(_contradictions(hypothesis))
    geometries = [("close", i, c.get("geometry")) for i, c in enumerate(hypothesis.close)]
    geometries += [("add", i, f.get("geometry")) for i, f in enumerate(hypothesis.add)]
    vertices = met = 0
    for name, index, geometry in geometries:
        if geometry is None:
            continue
        vertices += count_vertices(geometry.get("coordinates"), VERTICES_MAX + 1 - vertices)
        if vertices > VERTICES_MAX:
            raise InvalidInput.single(
                f"{name}[{index}].geometry", "more vertices", f"at most {VERTICES_MAX} vertices in all"
            )
        met += _segments_near(network, geometry)
        if met > SEGMENTS_MAX:
            expected = f"areas that meet at most {SEGMENTS_MAX} segments in all"
            raise InvalidInput.single(f"{name}[{index}].geometry", f"{met} segments", expected)
    if errors:
        raise InvalidInput(errors)


def _contradictions(hypothesis: Hypothesis) -> Iterable[FieldError]:
    for name in ("remove", "clear"):
        for record_id, times in Counter(getattr(hypothesis, name)).items():
            if times > 1:
                yield FieldError(name, f"{record_id} twice", "each record once")
    added = {str(feature["id"]) for feature in hypothesis.add if feature.get("id")}
    for record_id in sorted(set(hypothesis.remove) & set(hypothesis.clear)):
        yield FieldError(
            "clear", record_id, "a record that is not removed as well: it would not be there to be cleared"
        )
    for name in ("remove", "clear"):
        for record_id in sorted(added & set(getattr(hypothesis, name))):
            yield FieldError(name, record_id, "a record that is not added as well")
    closed = Counter(
        (str(s.get("id")), s.get("from_m"), s.get("to_m")) for c in hypothesis.close for s in c.get("segments") or ()
    )
    for (segment_id, _, _), times in closed.items():
        if times > 1:
            yield FieldError("close", f"{segment_id} twice", "each stretch once")


def count_vertices(coordinates: object, limit: int) -> int:
    """Return how many positions GeoJSON coordinates hold, counting no further than `limit`."""
    if not isinstance(coordinates, list | tuple):
        return 0
    if coordinates and isinstance(coordinates[0], int | float):
        return 1
    total = 0
    for part in coordinates:
        total += count_vertices(part, limit - total)
        if total >= limit:
            break
    return total


def _segments_near(network: Network, geometry: Mapping[str, Any]) -> int:
    try:
        bounds = np.array(shape(geometry).bounds)
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
        return 0  # what cannot be read is named where records are checked
    return 0 if len(bounds) != 4 or not np.isfinite(bounds).all() else len(network.boxes.query(bounds)[1])


def _rules(picture: Picture, hypothesis: Hypothesis) -> tuple[Policy, dict[str, Any]]:
    if not hypothesis.policy and not hypothesis.profiles:
        return picture.policy, picture.profiles
    complaints = Complaints()
    policy = read_policy(_over(policy_members(picture.policy), hypothesis.policy), complaints)
    profiles = read_profiles(_suggested(picture, hypothesis.profiles), complaints)
    complaints.raise_if_any()
    return policy, profiles


def _suggested(picture: Picture, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profiles of a picture as a facts file states them, with members of some in place of theirs."""
    members = profile_members(picture.profiles)
    for name, value in changed.items():
        is_known = name in picture.profiles and isinstance(value, Mapping)
        members[name] = over_profile(profile_sizes(picture.profiles[name]), value) if is_known else value
    return members


def _over(members: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return members with others in their place, member by member where both are objects."""
    merged = dict(members)
    for name, value in changed.items():
        before = merged.get(name)
        merged[name] = _over(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged


def _heaviest(profiles: Mapping[str, Any]) -> float:
    return float(max(profile.mlc for profile in profiles.values()))


def _check_present(session: Session, rows: Sequence[RecordRow], at: int) -> None:
    gone = retracted_ids(session, known_at=at)
    errors = []
    for row in rows:
        begins = [moment for moment in (row.occurred, row.received) if moment is not None]
        if row.kind not in ACTS:
            errors.append(FieldError("clear", row.kind, "a fact: one of " + ", ".join(ACTS), row.id))
        elif row.id in gone or (begins and (min(begins) > at or (row.received or 0) > at)):
            errors.append(FieldError("clear", "not there at that moment", "a fact that is known and stands", row.id))
    if errors:
        raise InvalidInput(errors)


def _come(
    session: Session, network: Network, features: Sequence[Mapping[str, Any]], moment: str, actor: Actor
) -> list[Record]:
    errors: list[FieldError] = []
    whole = []
    for index, feature in enumerate(features):
        said = feature.get("properties")
        kind = said.get("kind") if isinstance(said, Mapping) else None
        if not isinstance(said, Mapping) or kind not in REPORTED_KINDS:
            expected = "one of " + ", ".join(REPORTED_KINDS)
            errors.append(FieldError(f"add[{index}].properties.kind", repr(kind)[:40], expected))
            continue
        properties = {"occurred": moment, **said, "received": moment, "by": actor.person}
        whole += checked([_feature(feature.get("geometry"), properties)], f"add[{index}].", errors)
    return _read(session, network, whole, errors)


def _closures(
    session: Session, network: Network, closures: Sequence[Mapping[str, Any]], moment: str, actor: Actor
) -> list[Record]:
    errors: list[FieldError] = []
    whole = []
    for index, closure in enumerate(closures):
        geometry, segments = closure.get("geometry"), closure.get("segments")
        if (geometry is None) == (not segments):
            errors.append(FieldError(f"close[{index}]", "both or neither", "either segments or a geometry"))
            continue
        properties: dict[str, Any] = {
            "by": actor.person, "signed_by": [actor.person], "role": "duty_officer", "received": moment,
            "kind": "manual", "mode": "worsen", "state": "BLACK",
            "reason": f"hypothetical: {closure.get('reason') or 'closure'}",
        }  # fmt: skip
        properties |= (
            {"segments": list(segments)} if segments else {"location": {"method": "survey", "uncertainty_m": 0}}
        )
        whole += checked([_feature(geometry, properties)], f"close[{index}].", errors)
    return _read(session, network, whole, errors)


def _read(session: Session, network: Network, features: list[dict[str, Any]], errors: list[FieldError]) -> list[Record]:
    if errors:
        raise InvalidInput(errors)
    check_references(session, features, network)
    return [parse_record(feature) for feature in features]


ACTS: Mapping[str, tuple[str, str]] = {
    "explosive": ("cleared", "mine_action"),
    "physical": ("repaired", "engineer"),
    "control": ("lifted", "joc"),
    "incident": ("erroneous", "joc"),
    "manual": ("lifted", "joc"),
}
"""Kind of fact -> the act that ends it and whose act it is; an incident ends by nothing but an error."""


def _clearance(row: RecordRow, moment: str, actor: Actor, policy: Policy, heaviest: float) -> dict[str, Any]:
    """Return the closing act that would end a fact, signed by two; a repair bears the heaviest profile."""
    act, authority = ACTS[row.kind]
    geometry = None
    said: dict[str, Any] = {}
    if row.kind == "physical":
        said["limits"] = {"mlc": heaviest}
    if row.kind == "explosive":
        record = parse_record(feature_of(row))
        is_item = row.properties.get("hazard") == "item" and (row.geometry is None or row.geometry.geom_type == "Point")
        if is_item:
            act = "destroyed"
        elif row.geometry is None:
            act = "erroneous"
        else:
            around_m = uncertainty_m(record.location, policy) + CLEAR_MARGIN_M
            geometry = geometry_to_json(_grown(row.geometry, around_m))
            said |= {"traffic_mlc": heaviest, "location": {"method": "survey", "uncertainty_m": 0}}
    properties = {
        "kind": "closing_act", "act": act, "closes": [row.id], "authority": authority, "received": moment,
        "occurred": moment, "by": actor.person, "signed_by": [actor.person, SECOND_PERSON], **said,
    }  # fmt: skip
    return _feature(geometry, properties)


def _grown(place: shapely.Geometry, metres: float) -> shapely.Geometry:
    _, per_lat = metres_per_degree(place.centroid.y)
    per_lon, _ = metres_per_degree(min(89.0, abs(place.centroid.y)))
    smallest = min(float(per_lat), float(per_lon))
    return place.buffer(metres / smallest)


def _feature(geometry: object, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "id": str(uuid.uuid4()), "geometry": geometry, "properties": dict(properties)}
