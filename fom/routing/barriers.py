"""What passing a barrier costs each kind of vehicle.

The network lists the barriers that stop vehicles (`network/points.py`): posts, blocks, and gates that are locked.
None lets a car or a truck through. Whether somebody holds the key today is a report, not map data.

Source: project judgement (J).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fom.network.network import Network

PASSED_ON_TWO_WHEELS = frozenset(
    ("bollard", "block", "cycle_barrier", "jersey_barrier", "planter", "rope", "bus_trap", "tank_trap")
)
"""Kinds with gaps that a motorcycle is pushed through."""
ON_FOOT_S = 10.0
ON_TWO_WHEELS_S = 20.0


def barrier_seconds(network: Network, vehicle: str) -> NDArray[np.float64]:
    """Return (b,) seconds that each barrier of the network costs `vehicle`, inf = impassable."""
    by_word = np.array([_seconds(word, vehicle) for word in network.barrier_words], np.float64)
    return np.asarray(by_word[np.asarray(network.barrier_type)], np.float64)


def _seconds(word: str, vehicle: str) -> float:
    if vehicle == "foot":
        return ON_FOOT_S
    if vehicle == "motorcycle" and word in PASSED_ON_TWO_WHEELS:
        return ON_TWO_WHEELS_S
    return math.inf
