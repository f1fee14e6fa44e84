"""What all histories of one document share: the question, policy overrides, extra profiles, seasons without a place.

Everything is drawn from a `random.Random`; hypothesis hands in one of its own, so failures shrink.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.oracle.documents import DAY, DEFAULT_PROFILES, HOUR, SECOND, instant, instant_text, resolve_profiles

USER_CLASSES = (
    "mission_military", "mission_police", "mission_civilian", "humanitarian", "medical", "civil_population",
    "host_authority",
)  # fmt: skip
MINUTE = 60 * SECOND
JITTER = (0, 0, 0, 1, -1, SECOND, -SECOND, MINUTE)
"""Added to a boundary; 0 is on it."""

OVERRIDES: tuple[dict[str, Any], ...] = (
    {"verification_h": {"medium": 48}},
    {"verification_h": {"high": 12, "minimal": 500}},
    {"wet_h": {"Y": 60}},
    {"wet_h": {"Z": 20, "Y": 30}},
    {"verification_h": {"high": 0.5, "medium": 71.5}},
    {"verification_h": {"low": 0}, "wet_h": {"Z": 0}},
    {"verification_min": 0.7},
    {"verification_min": 0.7225},
    {"verification_min": 0.5},
    {"confirmed_min": 0.7},
    {"confirmed_min": 0.25},
    {"confirmed_min": 1},
    {"suspected_min": 0},
    {"suspected_min": 0.25},
    {"suspected_min": 0.3},
    {"corroboration_cap": 0.8},
    {"corroboration_cap": 0},
    {"source": {"F": 0.6}, "information": {"6": 0.4}},
    {"source": {"B": 0.8, "C": 0.7}},
    {"corridor_m": 15},
    {"corridor_m": 0},
    {"gps_m": 25},
    {"near_band_m": 80},
    {"near_band_m": 0},
    {"imprecise_m": 100},
    {"imprecise_m": 0},
    {"place_radius_m": 500},
    {"unknown_datum_m": 120},
    {"track_tolerance_m": 40},
    {"limit_amber": 0.8},
    {"limit_amber": 1},
    {"light_mass_t": 10},
    {"denial_red_h": 48, "denial_amber_h": 240},
    {"denial_other_h": 24},
    {"toll_h": 24},
    {"toll_h": 0, "denial_other_h": 0},
    {"risk_amber": 0.2, "risk_red": 0.5},
    {"risk_amber": 0.225},
    {"risk_near_m": 300, "risk_far_m": 1500},
    {"override_max_h": 12},
    {"incident": {"detonation": {"s": 0.8, "half_life_d": 30}, "unarmed_crime": {"s": 0.3, "half_life_d": 2}}},
)
EXTRA_PROFILES: tuple[dict[str, dict[str, Any]], ...] = (
    {"eleven": {"extends": "P5", "mlc": 11}},
    {"twelve": {"extends": "P5", "mass_t": 12}, "axled": {"extends": "twelve", "axle_t": 6.5}},
    {"laden": {"extends": "axled", "height_m": 3.5}, "axled": {"extends": "P6", "axle_t": 11}},
    {"tracked": {"extends": "P7", "vehicle": "tracked", "mlc": 60}, "tall": {"extends": "tracked", "height_m": 4.5}},
    {"P3": {"vehicle": "wheeled", "mass_t": 3, "mlc": 3, "width_m": 2.1, "height_m": 2.2, "ford_depth_m": 0.4}},
    {"mule": {"vehicle": "foot", "mass_t": 0.4, "mlc": 1, "width_m": 1.2, "height_m": 2.1, "ford_depth_m": 0.6}},
)


@dataclass(frozen=True)
class Setting:
    """The question of a document (times in microseconds) and its document-wide members."""

    at: int
    known_at: int
    profile: str
    user_class: str
    policy: dict[str, Any] = field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    seasons: tuple[dict[str, Any], ...] = ()

    @property
    def question(self) -> dict[str, str]:
        """Return the question as `assess` takes it."""
        return {
            "at": instant_text(self.at),
            "known_at": instant_text(self.known_at),
            "profile": self.profile,
            "user_class": self.user_class,
        }

    @property
    def resolved_profiles(self) -> dict[str, dict[str, Any]]:
        """Return every profile of the document with all its members."""
        return resolve_profiles(self.profiles)

    def facts(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        """Return a facts file with these features and everything document-wide."""
        document: dict[str, Any] = {"type": "FeatureCollection", "format": "fom-facts/1"}
        if self.policy:
            document["policy"] = self.policy
        if self.profiles:
            document["profiles"] = self.profiles
        return {**document, "features": [*self.seasons, *features]}


def draw_setting(rng: Random) -> Setting:
    """Return a random setting."""
    at = instant("2026-03-10T12:00:00Z") + rng.randrange(-20 * 24 * 60, 20 * 24 * 60) * MINUTE
    if chance(rng, 0.3):
        at += rng.randrange(60 * SECOND)
    known_at = at
    if chance(rng, 0.4):
        known_at += rng.choice((-HOUR, -DAY, -10 * DAY, 1, SECOND, HOUR, 3 * DAY, 40 * DAY, -1, -SECOND))
    policy: dict[str, Any] = {}
    if chance(rng, 0.3):
        for _ in range(rng.choice((1, 1, 2, 3))):
            policy.update(rng.choice(OVERRIDES))
    profiles = rng.choice(EXTRA_PROFILES) if chance(rng, 0.3) else {}
    names = sorted({*DEFAULT_PROFILES, *profiles})
    profile = rng.choice(("P3", "P3", "P5", "P6", *names, *profiles))
    seasons: list[dict[str, Any]] = []
    if chance(rng, 0.25):
        seasons.append(draw_global_season(rng, at, known_at))
    return Setting(at, known_at, profile, rng.choice(USER_CLASSES), policy, profiles, tuple(seasons))


def draw_global_season(rng: Random, at: int, known_at: int) -> dict[str, Any]:
    """Return a season that holds everywhere."""
    received = min(known_at, at) - rng.randrange(1, 90) * DAY
    p: dict[str, Any] = {
        "kind": "season",
        "received": instant_text(received),
        "season": rng.choice(("wet", "dry", "dry")),
    }
    draw_span(rng, p, at)
    return {"type": "Feature", "id": "everywhere", "geometry": None, "properties": p}


def draw_span(rng: Random, p: dict[str, Any], at: int) -> None:
    """Give a record a start and an end near or far from the instant asked about, or leave them open."""
    start = at - rng.choice((0, DAY, 30 * DAY)) + rng.choice(JITTER) if chance(rng, 0.35) else None
    end = at + rng.choice((0, 0, HOUR, 2 * DAY, 20 * DAY, 70 * DAY)) + rng.choice(JITTER) if chance(rng, 0.35) else None
    if start is not None:
        p["start"] = instant_text(start)
    if end is not None and (start is None or end >= start):
        p["end"] = instant_text(end)


def chance(rng: Random, share: float) -> bool:
    """Return True in this share of draws."""
    return rng.randrange(1000) < share * 1000
