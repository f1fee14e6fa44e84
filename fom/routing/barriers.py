"""What passing a barrier costs each kind of vehicle.

Source: project judgement (J). A thing that was put there to stop vehicles stops them; a gate is opened in a minute.
Lift gates and toll booths are manned, so they cost a stop. Whether a barrier is locked today is a report, not map data.
"""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fom.network.network import Network

CLOSED = math.inf

_ORDER = ("foot", "motorcycle", "wheeled", "tracked")
_GATE = (10.0, 60.0, 60.0, 60.0)
_STOP = (0.0, 60.0, 60.0, 60.0)
_POST = (0.0, 10.0, CLOSED, CLOSED)
_WALL = (60.0, CLOSED, CLOSED, CLOSED)

SECONDS = MappingProxyType(
    {
        "gate": _GATE,
        "swing_gate": _GATE,
        "sliding_gate": _GATE,
        "hampshire_gate": _GATE,
        "wicket_gate": _POST,
        "lift_gate": _STOP,
        "toll_booth": _STOP,
        "border_control": (0.0, 300.0, 300.0, 300.0),
        "checkpoint": (0.0, 300.0, 300.0, 300.0),
        "cattle_grid": (10.0, 10.0, 5.0, 5.0),
        "entrance": (0.0, 0.0, 0.0, 0.0),
        "kerb": (0.0, 5.0, 5.0, 0.0),
        "bollard": _POST,
        "cycle_barrier": _POST,
        "motorcycle_barrier": (0.0, CLOSED, CLOSED, CLOSED),
        "stile": (10.0, CLOSED, CLOSED, CLOSED),
        "kissing_gate": (5.0, CLOSED, CLOSED, CLOSED),
        "turnstile": (5.0, CLOSED, CLOSED, CLOSED),
        "full-height_turnstile": (5.0, CLOSED, CLOSED, CLOSED),
        "chain": (5.0, CLOSED, CLOSED, CLOSED),
        "rope": (5.0, CLOSED, CLOSED, CLOSED),
        "block": (5.0, 30.0, CLOSED, CLOSED),
        "jersey_barrier": (5.0, 30.0, CLOSED, CLOSED),
        "sump_buster": (0.0, 0.0, CLOSED, 10.0),
        "bus_trap": (0.0, 0.0, CLOSED, 10.0),
        "debris": (30.0, 120.0, CLOSED, CLOSED),
        "log": (10.0, CLOSED, CLOSED, CLOSED),
    }
)
"""Barrier word -> seconds for foot, motorcycle, wheeled, tracked."""


def barrier_seconds(network: Network, vehicle: str) -> NDArray[np.float64]:
    """Return (b,) seconds that each barrier of the network costs `vehicle`, inf = impassable.

    A word that is not in the table stops vehicles.
    """
    column = _ORDER.index(vehicle)
    by_word = np.array([SECONDS.get(word, _WALL)[column] for word in network.barrier_words], np.float64)
    return np.asarray(by_word[np.asarray(network.barrier_type)], np.float64)
