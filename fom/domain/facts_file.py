"""Facts files: one JSON document -> records, policy, profiles, with every bad field told at once; and back.

Source: facts format, section 1 (docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fom.domain.complaints import Complaints, Said
from fom.domain.facts_fields import read_fields, write_fields
from fom.domain.facts_schema import SCHEMAS
from fom.domain.geojson import geometry_to_json, read_geometry
from fom.domain.overrides import policy_members, profile_members, read_policy, read_profiles
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES, Profile
from fom.domain.records import RECORD_CLASSES, Record
from fom.domain.references import NamedPlaces, check_references
from fom.errors import InvalidInput

FORMAT = "fom-facts/1"
_MEMBERS = ("type", "format", "policy", "profiles", "features", "meta")
_FEATURE_MEMBERS = {"type", "id", "geometry", "properties"}


@dataclass(frozen=True, slots=True)
class FactsFile:
    """What a facts file says: records in the order of the file, the policy and the profiles in force."""

    records: tuple[Record, ...] = ()
    policy: Policy = field(default_factory=Policy)
    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)


def parse_facts(document: object, *, network: NamedPlaces | None = None) -> FactsFile:
    """Return what a facts document says. References to segments and assets are checked when a network is given.

    Raises
    ------
    InvalidInput
        Anything the facts format refuses; every bad field at once, each with its record id.
    """
    complaints = Complaints()
    if not isinstance(document, dict):
        raise InvalidInput.single("facts", type(document).__name__, "a FeatureCollection object")
    for name in document:
        if name not in _MEMBERS:
            complaints.add(None, str(name), document[name], "no such member")
    if document.get("type") != "FeatureCollection":
        complaints.add(None, "type", document.get("type"), "FeatureCollection")
    if document.get("format") != FORMAT:
        complaints.add(None, "format", document.get("format"), FORMAT)
    if "meta" in document and not isinstance(document["meta"], dict):
        complaints.add(None, "meta", document["meta"], "an object")
    policy = read_policy(document["policy"], complaints) if "policy" in document else Policy()
    profiles = read_profiles(document["profiles"], complaints) if "profiles" in document else dict(PROFILES)
    records, ids = _read_features(document.get("features"), complaints)
    check_references(records, ids, profiles, network, complaints)
    complaints.raise_if_any()
    return FactsFile(tuple(records.values()), policy, profiles)


def _read_features(features: Any, complaints: Complaints) -> tuple[dict[str, Record], Collection[str]]:
    """Return id -> record, and all ids seen. One id with one body counts once; with another body it is noted."""
    if not isinstance(features, list):
        complaints.add(None, "features", features, "a list of features")
        return {}, ()
    bodies: dict[str, Any] = {}
    records: dict[str, Record] = {}
    for place, feature in enumerate(features):
        record_id = _read_id(feature, place, complaints)
        if record_id is None:
            continue
        if record_id in bodies:
            if bodies[record_id] != feature:
                complaints.add(record_id, "id", Said("the same id with another body"), "one body for one id")
            continue
        bodies[record_id] = feature
        record = _read_record(feature, record_id, complaints)
        if record is not None:
            records[record_id] = record
    return records, bodies.keys()


def _read_id(feature: Any, place: int, complaints: Complaints) -> str | None:
    if not isinstance(feature, dict):
        complaints.add(None, f"features[{place}]", feature, "a Feature object")
        return None
    record_id = feature.get("id")
    if not isinstance(record_id, str) or not record_id:
        complaints.add(None, f"features[{place}].id", record_id, "a text, not empty")
        return None
    return record_id


def _read_record(feature: dict[str, Any], record_id: str, complaints: Complaints) -> Record | None:
    before = len(complaints.errors)
    if feature.get("type") != "Feature":
        complaints.add(record_id, "type", feature.get("type"), "Feature")
    for name in feature:
        if name not in _FEATURE_MEMBERS:
            complaints.add(record_id, str(name), feature[name], "no such member")
    properties = feature.get("properties")
    kind = properties.get("kind") if isinstance(properties, dict) else None
    schema = SCHEMAS.get(kind) if isinstance(kind, str) else None
    if not isinstance(properties, dict) or schema is None:
        complaints.add(record_id, "kind", kind, " or ".join(SCHEMAS))
        return None
    members = {name: item for name, item in properties.items() if name != "kind"}
    values = read_fields(members, schema.fields, record_id, "", complaints)
    if "geometry" not in feature:
        complaints.add(record_id, "geometry", Said("nothing"), "a geometry or null")
    elif feature["geometry"] is not None:
        if schema.shapes:
            values["geometry"] = read_geometry(feature["geometry"], schema.shapes, complaints, record_id)
        else:
            complaints.add(record_id, "geometry", feature["geometry"], "null")
    elif not schema.is_null_allowed:
        complaints.add(record_id, "geometry", None, " or ".join(schema.shapes))
    if len(complaints.errors) == before:
        for check in schema.checks:
            check(values, record_id, complaints)
    if len(complaints.errors) > before:
        return None
    return RECORD_CLASSES[str(kind)](id=record_id, **{"received": None, **values})


def parse_record(feature: object) -> Record:
    """Return the record of one GeoJSON feature; references to others are not checked.

    Raises
    ------
    InvalidInput
        Every bad field at once.
    """
    complaints = Complaints()
    record_id = _read_id(feature, 0, complaints)
    if record_id is not None and isinstance(feature, dict):
        record = _read_record(feature, record_id, complaints)
        if record is not None:
            return record
    raise InvalidInput(complaints.errors)


def format_record(record: Record) -> dict[str, Any]:
    """Return the GeoJSON feature of a record; `parse_record` gives the same record back."""
    return {
        "type": "Feature",
        "id": record.id,
        "geometry": geometry_to_json(record.geometry),
        "properties": {"kind": record.kind, **write_fields(record, SCHEMAS[record.kind].fields)},
    }


def format_facts(
    records: Iterable[Record], policy: Policy | None = None, profiles: Mapping[str, Profile] | None = None
) -> dict[str, Any]:
    """Return the facts document of records, with what differs from the default policy and profiles."""
    document: dict[str, Any] = {"type": "FeatureCollection", "format": FORMAT}
    if policy is not None and (changed := policy_members(policy)):
        document["policy"] = changed
    if profiles is not None and (own := profile_members(profiles)):
        document["profiles"] = own
    document["features"] = [format_record(record) for record in records]
    return document
