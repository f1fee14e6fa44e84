"""The records that follow from the answers to a form, without what the server sets.

Whether a record holds is the facts format's business, and what it means is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fom.domain.answers import Answers, tracks_of

Feature = dict[str, Any]

MAP_DOUBT_M = 100.0
"""Doubt of a place pointed out on a map when nobody says how far it was zoomed in. Project decision."""
KM_DOUBT_M = 250.0
"""Doubt of a place given by the kilometre of a key route. Project decision."""


def records_of(form: str, answers: Answers, *, stretches: Sequence[Mapping[str, Any]] = ()) -> list[Feature]:
    """Return the features that follow from answers, without the members that the server sets.

    Parameters
    ----------
    stretches
        Of a passage without a track: the stretches it covered, `{id, from_m, to_m}`.

    None follow from forms that only describe (a sighting, an inspection), nor from a place nobody knows.
    """
    build = _BUILDERS.get(form)
    return [] if build is None else build(answers, stretches)


def located(place: Mapping[str, Any] | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return (geometry, location) of a place that was answered, (None, None) where nobody knows the position."""
    if place is None or "lon" not in place:
        return None, None
    datum = {"datum": place["datum"]} if "datum" in place else {}
    accuracy, source = place.get("accuracy_m"), place["source"]
    if source == "mgrs" and place.get("text"):
        return None, {"method": "mgrs", "mgrs": place["text"], **datum}
    geometry = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
    if source == "name":
        radius = place.get("radius_m")
        return geometry, {"method": "place", **({} if radius is None else {"radius_m": radius}), **datum}
    doubts = {"map": MAP_DOUBT_M, "km": KM_DOUBT_M, "bearing": MAP_DOUBT_M}
    if source in doubts:
        return geometry, {"method": "sketch", "uncertainty_m": accuracy or doubts[source], **datum}
    return geometry, {"method": "gps", **({} if not accuracy else {"accuracy_m": accuracy}), **datum}


def _feature(answers: Answers, properties: dict[str, Any]) -> Feature:
    geometry, location = located(answers.get("place"))
    if location is not None:
        properties["location"] = location
    if "occurred" in answers:
        properties["occurred"] = answers["occurred"]
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _passage(answers: Answers, stretches: Sequence[Mapping[str, Any]]) -> list[Feature]:
    tracks = tracks_of(answers["way"])
    properties = {
        "kind": "verification", "strength": answers["strength"], "passed": answers.get("passed") or None,
        "unimpeded": answers.get("unimpeded", False), "user_class": answers["user_class"],
        "track": "gps" if tracks else "stated",
    }  # fmt: skip
    if not tracks:
        properties["segments"] = [dict(stretch) for stretch in stretches]
    feature = _feature(answers, properties)
    lines = [[point[:2] for point in track] for track in tracks]
    if len(lines) == 1:
        feature["geometry"] = {"type": "LineString", "coordinates": lines[0]}
    elif lines:
        feature["geometry"] = {"type": "MultiLineString", "coordinates": lines}
    return [feature]


def _explosive(answers: Answers, _: object) -> list[Feature]:
    properties = {"kind": "explosive", "hazard": answers["hazard"], "class": answers["class"]}
    if answers.get("new_emplacement"):
        properties["new_emplacement"] = True
    return [_feature(answers, properties)]


_NOT_PASSED = ("turned_back", "aborted", "held", "cancelled_no_clearance")
INCIDENT_OF = MappingProxyType(
    {
        "seizure_or_hijack": "hijack_abduction",
        "detention_or_arrest": "hostile_checkpoint",
        "assault_or_threat": "hostile_checkpoint",
        "aggressive_demonstration": "demonstration",
        "attack_on_movement": "fire_on_movement",
    }
)
"""Category of a restriction -> the incident it is besides. Project decision."""


def _restriction(answers: Answers, _: object) -> list[Feature]:
    category, actor = answers["category"], answers.get("actor")
    who = {"imposed_by": actor} if actor else {}
    found: list[Feature] = []
    if category in INCIDENT_OF:
        found.append(_feature(answers, {"kind": "incident", "type": INCIDENT_OF[category]}))
    if category == "denial_of_flight":
        return found
    if answers["outcome"] in _NOT_PASSED and category != "natural_or_infrastructure":
        end = {"end": answers["until"]} if "until" in answers else {}
        properties = {"kind": "control", "control": "denial", "user_class": answers["user_class"], **who, **end}
        found.append(_feature(answers, properties))
    elif category == "taxation_or_fee" or answers.get("delay_min") or category in ("checkpoint_stop", "delay"):
        control = "toll" if category == "taxation_or_fee" else "delay"
        delay = {"delay_min": answers["delay_min"]} if "delay_min" in answers else {}
        found.append(_feature(answers, {"kind": "control", "control": control, **delay, **who}))
    return found


def _bridge(answers: Answers, _: object) -> list[Feature]:
    properties = {"kind": "physical", "damage": answers["damage"]}
    if answers["damage"] == "flooded" and "depth_m" in answers:
        properties["depth_m"] = answers["depth_m"]
    if "next_review" in answers:
        properties["review_by"] = answers["next_review"]
    return [_feature(answers, properties)]


def _incident(answers: Answers, _: object) -> list[Feature]:
    return [_feature(answers, {"kind": "incident", "type": answers["type"]})]


_BUILDERS: dict[str, Callable[[Answers, Sequence[Mapping[str, Any]]], list[Feature]]] = {
    "passage": _passage, "explosive": _explosive, "restriction": _restriction, "bridge": _bridge,
    "incident": _incident,
}  # fmt: skip
