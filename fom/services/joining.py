"""Where the rows of registers join the road network, remembered for each network: positions seldom move."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from fom.network.network import Network
from fom.routing.snapping import Snap, snap_to_road

REMEMBERED = 100_000
_known: WeakKeyDictionary[Network, dict[tuple[float, float], Snap | None]] = WeakKeyDictionary()
_lock = threading.Lock()


def join_roads(network: Network, rows: Iterable[Mapping[str, Any]]) -> dict[str, Snap]:
    """Return id -> where a register's row joins the road network; rows farther than 2 km from any road are left out."""
    joined = {row["id"]: join_road(network, float(row["lon"]), float(row["lat"])) for row in rows}
    return {row_id: snap for row_id, snap in joined.items() if snap is not None}


def join_road(network: Network, lon: float, lat: float) -> Snap | None:
    """Return where a position joins the road network, None when no road is within 2 km."""
    with _lock:
        known = _known.setdefault(network, {})
    if (lon, lat) not in known:
        if len(known) >= REMEMBERED:
            known.clear()
        known[lon, lat] = snap_to_road(network, lon, lat)
    return known[lon, lat]
