"""The parameters on which it depends where a record lies: all that binding is given of a policy.

Pictures whose measures are equal share what is bound. Binding gets this value and not the policy, so a parameter
that it came to read without being named here would be an error of types and an AttributeError, not a stale picture.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from fom.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Measures:
    """Distances in metres; names and meaning as in `Policy`."""

    corridor_m: float
    near_band_m: float
    imprecise_m: float
    gps_m: float
    place_radius_m: float
    unknown_datum_m: float
    track_tolerance_m: float
    risk_near_m: float
    risk_far_m: float

    @classmethod
    def of(cls, policy: Policy) -> Measures:
        """Return the measures of a policy."""
        return cls(**{f.name: getattr(policy, f.name) for f in fields(cls)})
