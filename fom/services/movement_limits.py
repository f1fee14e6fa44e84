"""What nobody recorded of a way that the vehicles of a movement would have to know: class, width, height, depth.

Not recorded is not unlimited. What makes a road unknown by rule is told by its state; here all of it is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom.domain.physical import REQUIRED
from fom.domain.profiles import Profile
from fom.network.network import ASSET_LIMIT_NAMES, ASSET_TYPES, Network
from fom.services.assets import reported_of_assets
from fom.services.movement_ways import Way
from fom.services.movements import EVERYTHING
from fom.services.picture_host import PictureHost

NEEDS: Mapping[str, tuple[str, ...]] = {
    "bridge": ("class", "width_m"), "culvert": ("class",), "ferry": ("class", "width_m"),
    "tunnel": ("height_m", "width_m"), "ford": ("depth_m",), "pass": (),
}  # fmt: skip
"""Asset type -> what a driver wants to know of it (J); `class` = load class or mass."""
WORDS = {"class": "load class", "width_m": "width", "height_m": "height", "depth_m": "depth"}
PLURALS = {"ferry": "ferries", "pass": "passes"}


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """What is not recorded on a way, against the vehicle by which its roads are judged."""

    profile: Profile
    counts: tuple[tuple[str, str, int], ...]
    """(what, asset type, how many), as `NEEDS` has them."""
    road_width_m: float
    """Metres of road whose width nobody recorded."""
    length_m: float

    @property
    def deciding(self) -> list[str]:
        """Return what is not recorded and decides whether the vehicle may pass, in words: `load class on 3 bridges`."""
        return [
            f"{WORDS[what]} on {count} {_plural(kind, count)}"
            for what, kind, count in self.counts
            if what == "class" or what in REQUIRED[kind]
        ]

    @property
    def other(self) -> list[str]:
        """Return what else is not recorded, in words."""
        found = [
            f"{WORDS[what]} on {count} {_plural(kind, count)}"
            for what, kind, count in self.counts
            if not (what == "class" or what in REQUIRED[kind])
        ]
        if self.road_width_m >= 500:
            found.append(f"width on {self.road_width_m / 1000:.0f} of {self.length_m / 1000:.0f} km of road")
        return found

    @property
    def vehicle(self) -> str:
        """Return the vehicle in words."""
        p = self.profile
        return f"{p.name}: class {p.mlc:g}, {p.mass_t:g} t, {p.width_m:g} m wide, {p.height_m:g} m high"

    def members(self) -> dict[str, Any]:
        """Return it as answers state it."""
        return {"deciding": self.deciding, "other": self.other, "vehicle": self.vehicle}

    def advice(self) -> list[dict[str, Any]]:
        """Return the doubt that must be said, empty where everything that decides is recorded."""
        if not self.deciding:
            return []
        text = f"not recorded: {', '.join(self.deciding)}; its heaviest is {self.vehicle}"
        return [{"kind": "not_recorded", "text": text, "state": None}]


def _plural(kind: str, count: int) -> str:
    return kind if count == 1 else PLURALS.get(kind, f"{kind}s")


def find_unrecorded(
    session: Session, host: PictureHost, ways: Mapping[str, tuple[Way, Profile]], *, at: int
) -> dict[str, Unrecorded]:
    """Return by key what is not recorded on ways for vehicles; one on foot or on two wheels asks for nothing.

    What a report or inspection states of an asset counts as recorded.
    """
    network = host.network
    wanted = {key: pair for key, pair in ways.items() if pair[1].is_vehicle}
    assets = {key: _assets_on(network, way.numbers.tolist()) for key, (way, _) in wanted.items()}
    blank = {number for numbers in assets.values() for number in numbers if _blank(network, number, ())}
    stated = _stated(session, host, at) if blank else {}
    found = {}
    for key, (way, profile) in wanted.items():
        counts: dict[tuple[str, str], int] = {}
        for number in assets[key]:
            kind = ASSET_TYPES[int(network.asset_type[number])]
            for what in _blank(network, number, stated.get(network.asset_id(number), ())) if number in blank else ():
                counts[what, kind] = counts.get((what, kind), 0) + 1
        unknown = np.isnan(np.asarray(network.carriageway_m)[way.numbers])
        width_m = float(np.diff(way.at_m)[unknown].sum())
        rows = tuple((what, kind, count) for (what, kind), count in sorted(counts.items()))
        found[key] = Unrecorded(profile, rows, width_m, way.length_m)
    return found


def _assets_on(network: Network, numbers: Iterable[int]) -> list[int]:
    return sorted({int(asset) for number in set(numbers) for asset in network.assets_on(number)})


def _blank(network: Network, number: int, stated: Iterable[str]) -> list[str]:
    """Return what is neither in the network nor stated of an asset."""
    limits = dict(zip(ASSET_LIMIT_NAMES, network.asset_limits[number].tolist(), strict=True))
    known = {name for name, value in limits.items() if not np.isnan(value)} | set(stated)
    known |= {"class"} if known & {"mlc", "mass_t"} else set()
    return [what for what in NEEDS[ASSET_TYPES[int(network.asset_type[number])]] if what not in known]


def _stated(session: Session, host: PictureHost, at: int) -> dict[str, set[str]]:
    """Return asset id -> limits that reports and inspections state of it."""
    facts = reported_of_assets(session, actor=EVERYTHING, at=at, names=host.names)
    return {
        asset: {name for row in rows for name, value in row["limits"].items() if isinstance(value, int | float)}
        for asset, rows in facts.items()
    }
