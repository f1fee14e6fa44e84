"""Reads a network file and a facts file into plain records; policy and profiles with their defaults.

It trusts its input: refusing bad files is the service's business and is tested there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

DEFAULT_POLICY: dict[str, Any] = {
    "verification_h": {"high": 24, "medium": 72, "low": 168, "minimal": 336},
    "wet_h": {"Y": 96, "Z": 48},
    "verification_min": 0.60,
    "confirmed_min": 0.60,
    "suspected_min": 0.20,
    "corroboration_cap": 0.95,
    "source": {"A": 1.0, "B": 0.85, "C": 0.65, "D": 0.40, "E": 0.20, "F": 0.50},
    "information": {"1": 1.0, "2": 0.85, "3": 0.65, "4": 0.35, "5": 0.15, "6": 0.50},
    "corridor_m": 10,
    "near_band_m": 100,
    "imprecise_m": 250,
    "gps_m": 15,
    "place_radius_m": 2000,
    "unknown_datum_m": 300,
    "track_tolerance_m": 25,
    "limit_amber": 0.9,
    "light_mass_t": 3.5,
    "denial_red_h": 72,
    "denial_amber_h": 336,
    "denial_other_h": 72,
    "toll_h": 72,
    "risk_amber": 0.25,
    "risk_red": 0.60,
    "risk_near_m": 500,
    "risk_far_m": 2000,
    "override_max_h": 24,
    "incident": {
        "detonation": {"s": 0.90, "half_life_d": 60},
        "ied_found": {"s": 0.60, "half_life_d": 60},
        "complex_ambush": {"s": 0.90, "half_life_d": 30},
        "fire_on_movement": {"s": 0.50, "half_life_d": 30},
        "hijack_abduction": {"s": 0.60, "half_life_d": 30},
        "armed_robbery": {"s": 0.40, "half_life_d": 21},
        "hostile_checkpoint": {"s": 0.50, "half_life_d": 14},
        "demonstration": {"s": 0.20, "half_life_d": 3},
        "crossfire": {"s": 0.50, "half_life_d": 7},
        "unarmed_crime": {"s": 0.10, "half_life_d": 14},
    },
}
DEFAULT_PROFILES: dict[str, dict[str, Any]] = {
    name: {
        "vehicle": vehicle,
        "mass_t": mass,
        "mlc": mlc,
        "width_m": width,
        "height_m": height,
        "ford_depth_m": ford,
        "axle_t": axle,
    }
    for name, vehicle, mass, mlc, width, height, ford, axle in (
        ("P1", "foot", 0.1, 0, 0.6, 2.0, 0.5, 0.1),
        ("P2", "motorcycle", 0.3, 1, 0.9, 2.0, 0.3, 0.2),
        ("P3", "wheeled", 3.5, 4, 2.0, 2.0, 0.5, 2),
        ("P4", "wheeled", 15, 16, 2.9, 2.8, 1.0, 8),
        ("P5", "wheeled", 10, 12, 2.5, 3.2, 0.6, 7),
        ("P6", "wheeled", 20, 20, 2.5, 3.6, 0.7, 8),
        ("P7", "wheeled", 60, 70, 3.4, 4.2, 0.7, 12),
    )
}


def instant(text: str) -> int:
    """Return the microseconds since 1970 UTC of an ISO 8601 text with a zone."""
    return (datetime.fromisoformat(text) - EPOCH) // US


def instant_text(us: int) -> str:
    """Return ISO 8601 in UTC ending in Z."""
    return (EPOCH + us * US).isoformat().replace("+00:00", "Z")


def find_instant(text: str | None) -> int | None:
    """Return the microseconds of a text, None for None."""
    return None if text is None else instant(text)


def hours(number: float) -> int:
    """Return a number of hours in microseconds."""
    return round(number * HOUR)


class Record:
    """One feature of a facts file: the common members as attributes, everything else in `p`."""

    __slots__ = ("eff", "end", "expires", "geometry", "id", "kind", "p", "received", "signatures", "skewed", "start")

    def __init__(self, feature: dict[str, Any]) -> None:
        p = feature["properties"]
        self.id: str = feature["id"]
        self.kind: str = p["kind"]
        self.p: dict[str, Any] = p
        self.geometry: dict[str, Any] | None = feature.get("geometry")
        self.signatures = len(set(p.get("signed_by") or ()))
        self.start = find_instant(p.get("start"))
        self.end = find_instant(p.get("end"))
        self.expires = find_instant(p.get("expires"))
        if self.kind == "route":
            self.received = self.eff = 0
            self.skewed = False
            return
        self.received = instant(p["received"])
        occurred = find_instant(p.get("occurred"))
        self.eff = self.received if occurred is None else min(occurred, self.received)
        self.skewed = occurred is not None and occurred - self.received > 600 * SECOND

    @property
    def segment_ids(self) -> list[str]:
        """Return the ids of the segments it names, in order."""
        return [s["id"] for s in self.p.get("segments") or ()]


class Segment:
    """One drawn line of the network file."""

    __slots__ = ("assets", "coordinates", "id", "limits", "oneway", "p", "road_type")

    def __init__(self, feature: dict[str, Any]) -> None:
        p = feature["properties"]
        self.id: str = p["segment_id"]
        self.p: dict[str, Any] = p
        self.coordinates: list[list[float]] = feature["geometry"]["coordinates"]
        self.oneway: bool = bool(p.get("oneway"))
        self.road_type: str = p.get("road_type") or "Z"
        self.limits: dict[str, float | None] = p.get("limits") or {}
        self.assets: list[dict[str, Any]] = p.get("assets") or []

    @property
    def directions(self) -> tuple[str, ...]:
        """Return the directions it has."""
        return ("forward",) if self.oneway else ("forward", "backward")


class Documents:
    """Both files, read. Records and segments by id."""

    def __init__(self, network: dict[str, Any], facts: dict[str, Any]) -> None:
        self.segments = {s.id: s for s in sorted((Segment(f) for f in network["features"]), key=lambda s: s.id)}
        self.records: dict[str, Record] = {f["id"]: Record(f) for f in facts["features"]}
        self.policy = merge_policy(facts.get("policy") or {})
        self.profiles = resolve_profiles(facts.get("profiles") or {})

    def of_kind(self, kind: str) -> list[Record]:
        """Return the records of one kind, sorted by id."""
        return sorted((r for r in self.records.values() if r.kind == kind), key=lambda r: r.id)


def merge_policy(overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults with the overrides laid over them, member by member."""
    policy = dict(DEFAULT_POLICY)
    for name, value in overrides.items():
        policy[name] = {**policy[name], **value} if isinstance(value, dict) else value
    return policy


def resolve_profiles(overrides: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return every profile with all members; one that extends takes what it does not state from the profile named."""
    stated = {**DEFAULT_PROFILES, **overrides}

    def resolve(name: str) -> dict[str, Any]:
        profile = stated[name]
        if "extends" not in profile:
            return profile
        parent = dict(resolve(profile["extends"]))
        if profile.get("mass_t", parent["mass_t"]) != parent["mass_t"]:
            parent.pop("axle_t", None)
        return {**parent, **profile}

    return {name: resolve(name) for name in stated} if overrides else stated
