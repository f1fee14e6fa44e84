"""Every threshold of the rules, with unit and default, as one frozen value.

Source: doctrine section 3, all marked (J); names and defaults as in the facts format, section 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class IncidentWeight:
    """Severity (0 to 1) and half-life of one type of incident."""

    s: float
    half_life_d: float


def _frozen(**values: float) -> Mapping[str, float]:
    return MappingProxyType(values)


INCIDENT_WEIGHTS: Mapping[str, IncidentWeight] = MappingProxyType(
    {
        "detonation": IncidentWeight(0.90, 60),
        "ied_found": IncidentWeight(0.60, 60),
        "complex_ambush": IncidentWeight(0.90, 30),
        "fire_on_movement": IncidentWeight(0.50, 30),
        "hijack_abduction": IncidentWeight(0.60, 30),
        "armed_robbery": IncidentWeight(0.40, 21),
        "hostile_checkpoint": IncidentWeight(0.50, 14),
        "demonstration": IncidentWeight(0.20, 3),
        "crossfire": IncidentWeight(0.50, 7),
        "unarmed_crime": IncidentWeight(0.10, 14),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The parameter set in force. `_h` hours, `_m` metres, `_t` tonnes, `_d` days; the rest are shares."""

    verification_h: Mapping[str, float] = field(
        default_factory=lambda: _frozen(high=24, medium=72, low=168, minimal=336)
    )
    wet_h: Mapping[str, float] = field(default_factory=lambda: _frozen(Y=96, Z=48))
    verification_min: float = 0.60
    confirmed_min: float = 0.60
    suspected_min: float = 0.20
    corroboration_cap: float = 0.95
    source: Mapping[str, float] = field(default_factory=lambda: _frozen(A=1.0, B=0.85, C=0.65, D=0.40, E=0.20, F=0.50))
    information: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"1": 1.0, "2": 0.85, "3": 0.65, "4": 0.35, "5": 0.15, "6": 0.50})
    )
    corridor_m: float = 10
    near_band_m: float = 100
    imprecise_m: float = 250
    gps_m: float = 15
    place_radius_m: float = 2000
    unknown_datum_m: float = 300
    track_tolerance_m: float = 25
    limit_amber: float = 0.9
    light_mass_t: float = 3.5
    denial_red_h: float = 72
    denial_amber_h: float = 336
    denial_other_h: float = 72
    toll_h: float = 72
    risk_amber: float = 0.25
    risk_red: float = 0.60
    risk_near_m: float = 500
    risk_far_m: float = 2000
    override_max_h: float = 24
    incident: Mapping[str, IncidentWeight] = field(default_factory=lambda: INCIDENT_WEIGHTS)
