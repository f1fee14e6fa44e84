"""The way of a movement laid out on the network at hand: stretches in order, metres and time from its start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import SECOND_US
from fom.domain.movements import Occupied
from fom.domain.profiles import Profile
from fom.domain.states import DIRECTION_CODES
from fom.network.network import Network
from fom.routing.posture import travel_seconds
from fom.services.picture_host import PictureHost

CARRIED_MIN = 0.98
"""A way of which less is found on a newer map has lost a road, and nobody can say how it stands (J)."""
LOST = "not on this network"


@dataclass(frozen=True, eq=False, slots=True)
class Way:
    """Stretches of m segments in order of travel, with metres and time from the departure."""

    numbers: NDArray[np.int64]
    directions: NDArray[np.int64]
    at_m: NDArray[np.float64]
    """(m + 1,) metres from the start at each end of a stretch."""
    after_us: NDArray[np.int64]
    """(m + 1,) microseconds after the departure, without delays."""
    first_m: NDArray[np.float64]
    """(m,) metres into each segment, as it is drawn, at which its stretch begins."""
    lost: int = 0
    """Stretches that are not on the network at hand."""

    @property
    def arcs(self) -> NDArray[np.int64]:
        """Return (m,) arc numbers."""
        return 2 * self.numbers + self.directions

    @property
    def length_m(self) -> float:
        """Return its length."""
        return float(self.at_m[-1])

    @property
    def lasts_us(self) -> int:
        """Return how long it takes without delays."""
        return int(self.after_us[-1])

    def metres_after(self, us: int) -> float:
        """Return how far one who drives as planned has come so long after the departure."""
        return float(np.interp(us, self.after_us, self.at_m)) if len(self.numbers) else 0.0

    def us_at(self, metres: float) -> int:
        """Return how long after the departure one who drives as planned is so far along it."""
        return round(float(np.interp(metres, self.at_m, self.after_us))) if len(self.numbers) else 0

    def shares(self) -> dict[int, float]:
        """Return segment number -> metres driven on it."""
        found: dict[int, float] = {}
        for number, metres in zip(self.numbers.tolist(), np.diff(self.at_m).tolist(), strict=True):
            found[number] = found.get(number, 0.0) + metres
        return found


def lay_out(network: Network, stretches: Iterable[Mapping[str, Any]], profile: Profile) -> Way:
    """Return the way along stretches `{id, direction, from_m, to_m}`; those without a road are counted as lost."""
    numbers, directions, metres, first_m, lost = [], [], [], [], 0
    for stretch in stretches:
        number = network.find_segment(str(stretch["id"]))
        if number is None:
            lost += 1
            continue
        whole = float(network.length_m[number])
        end = whole if stretch.get("to_m") is None else min(float(stretch["to_m"]), whole)
        numbers.append(number)
        directions.append(DIRECTION_CODES.index(stretch.get("direction") or "forward"))
        first_m.append(min(float(stretch.get("from_m") or 0.0), whole))
        metres.append(max(0.0, end - first_m[-1]))
    picked = np.array(numbers, np.int64)
    driven = np.array(metres, np.float64)
    seconds = travel_seconds(network, profile)[picked] * driven / np.maximum(network.length_m[picked], 1e-9)
    return Way(
        picked, np.array(directions, np.int64), np.concatenate([[0.0], np.cumsum(driven)]),
        np.concatenate([[0], np.cumsum(np.round(seconds * SECOND_US).astype(np.int64))]), np.array(first_m, np.float64),
        lost,
    )  # fmt: skip


def stretches_here(
    host: PictureHost, way: Mapping[str, Any], planned_as: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Return the stretches of a stored way as they read on the network at hand."""
    stretches: list[dict[str, Any]] = list(way["segments"])
    written_on = (planned_as or {}).get("network")
    if written_on is None or written_on == host.network.network_id:
        return stretches
    carrier = host.names.carrier
    if written_on not in carrier.lineages:
        return stretches
    carried: list[dict[str, Any]] = carrier.stretches(stretches, written_on)
    found_m = sum(_length_m(host.network, stretch) for stretch in carried)
    if found_m < CARRIED_MIN * float(way.get("distance_m") or 0.0):
        carried.append({"id": LOST, "direction": "forward"})
    return carried


def _length_m(network: Network, stretch: Mapping[str, Any]) -> float:
    number = network.find_segment(str(stretch["id"]))
    if number is None:
        return 0.0
    end = float(network.length_m[number]) if stretch.get("to_m") is None else float(stretch["to_m"])
    return end - float(stretch.get("from_m") or 0.0)


def occupied(way: Way, departs: int) -> list[Occupied]:
    """Return the roads of a way with the times at which a movement is on them."""
    enters, leaves = (departs + way.after_us[:-1]).tolist(), (departs + way.after_us[1:]).tolist()
    columns = way.numbers.tolist(), way.directions.tolist(), enters, leaves
    return [Occupied(*row) for row in zip(*columns, strict=True)]


def part_of(way: Way, stretches: Sequence[Mapping[str, Any]], metres: float) -> list[dict[str, Any]]:
    """Return the stretches of a way up to some metres from its start; the way has them all (none is lost)."""
    part: list[dict[str, Any]] = []
    for k, stretch in enumerate(stretches):
        length = float(way.at_m[k + 1] - way.at_m[k])
        inside = min(length, metres - float(way.at_m[k]))
        if inside <= 0.5:
            break
        first = float(stretch.get("from_m") or 0.0)
        if stretch.get("direction") == "backward":
            part.append({**stretch, "from_m": round(first + length - inside, 1), "to_m": round(first + length, 1)})
        else:
            part.append({**stretch, "from_m": round(first, 1), "to_m": round(first + inside, 1)})
    return part
