"""What an arc costs: time of travel, steered by how cautious the movement wants to be.

cost = (travel time * caution factor of the state + delay) * (1 + risk weight * lambda),   lambda = -ln(1 - R)

The factors steer the choice of a route; they never enter the time shown. RED and BLACK arcs are absent, not expensive.
Lambda multiplies the time spent in it: added once for each segment it would count a road ten times because
the map cuts it into ten pieces.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fom.domain.profiles import Profile
from fom.domain.states import State
from fom.network.network import Network


@dataclass(frozen=True, slots=True)
class Posture:
    """How time and caution are weighed. Source: project judgement (J)."""

    name: str
    amber: float
    """Factor on time in AMBER: minutes of GREEN road one would drive to save one minute of AMBER."""
    grey: float
    """The same for GREY; used for the separate "unverified" answer only, elsewhere GREY is absent."""
    risk: float
    """Added factor for each unit of lambda, which is .29 at the AMBER threshold (R = .25) and .92 at the RED (.60)."""
    beside: str
    """Posture whose best way is offered as an alternate where it differs enough: the one that weighs risk otherwise."""


POSTURES: Mapping[str, Posture] = MappingProxyType(
    {
        p.name: p
        for p in (
            # An emergency: conditions are accepted as they are, only closures bind; still rather verified than not.
            Posture("fastest", amber=1.0, grey=1.5, risk=0.0, beside="safest"),
            # Routine: half as long again is worth it to stay on GREEN; near the RED threshold a minute counts as three.
            Posture("balanced", amber=1.5, grey=3.0, risk=2.0, beside="safest"),
            # People who must not be put at risk: up to four times as long on GREEN, ten times around recent attacks.
            Posture("safest", amber=4.0, grey=8.0, risk=10.0, beside="balanced"),
        )
    }
)
DEFAULT_POSTURE = "balanced"

ROAD_SPEED_KMH = MappingProxyType({"foot": 4.5, "motorcycle": 70.0, "tracked": 35.0})
"""Most that a vehicle kind makes on any road, km/h (J): walking pace with kit, tracks on a road march."""

WHEELED_SPEED_KMH = ((3.5, 90.0), (20.0, 70.0), (math.inf, 40.0))
"""Wheeled: up to this mass in tonnes, this many km/h at most (J): light vehicle, truck in convoy, low-loader."""


def top_speed_kmh(profile: Profile) -> float:
    """Return the most a profile drives on a road that allows more."""
    if profile.vehicle != "wheeled":
        return ROAD_SPEED_KMH[profile.vehicle]
    return next(speed for mass_t, speed in WHEELED_SPEED_KMH if profile.mass_t <= mass_t)


def travel_seconds(network: Network, profile: Profile) -> NDArray[np.float64]:
    """Return (n,) seconds that each segment takes: its length at its speed, or at the profile's top speed if lower.

    Worked out once for a network and speed; read-only.
    """
    kept, top = _seconds_on.setdefault(network, {}), top_speed_kmh(profile)
    if top not in kept:
        seconds = np.asarray(network.length_m) / (np.minimum(np.asarray(network.speed_kmh), top) / 3.6)
        seconds.setflags(write=False)
        kept[top] = seconds
    return kept[top]


_seconds_on: WeakKeyDictionary[Network, dict[float, NDArray[np.float64]]] = WeakKeyDictionary()
"""By top speed, of which there are few."""


def arc_costs(
    seconds: NDArray[np.float64],
    states: NDArray[np.uint8],
    risk: NDArray[np.float64],
    delay_min: NDArray[np.float64],
    posture: Posture,
    *,
    allow_grey: bool = False,
) -> NDArray[np.float64]:
    """Return costs in equivalent seconds, inf = absent; all arrays have one shape, `risk` is R (0 to 1).

    GREY is absent unless `allow_grey`; a direction that does not exist (NO_STATE) is absent always.
    """
    factor = np.full(256, math.inf)
    factor[[State.GREEN, State.AMBER]] = 1.0, posture.amber
    if allow_grey:
        factor[State.GREY] = posture.grey
    exposure = -np.log1p(-np.clip(risk, 0.0, 0.999_999))
    return np.asarray((seconds * factor[states] + delay_min * 60.0) * (1.0 + posture.risk * exposure))
