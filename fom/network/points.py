"""What a tagged vertex of a road says: a barrier, a ford, a culvert, a pass, a limit at one spot.

The table of barriers is in docs/networks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fom.network.measures import read_length_m
from fom.network.raw import clean_text
from fom.network.road_rules import DEPTH_KEYS, NOT, Limits, Values, asset_type, read_limits

PASSABLE_BARRIERS = frozenset(
    ("gate", "lift_gate", "swing_gate", "sliding_gate", "hampshire_gate", "toll_booth", "border_control", "checkpoint",
     "cattle_grid", "height_restrictor", "entrance", "sally_port", "sump_buster", "speed_bump", "rising_barrier",
     "boom", "chain")
)  # fmt: skip
"""Kinds that let vehicles through, unless they are tagged as locked or closed (J)."""
IGNORED_BARRIERS = frozenset(("kerb", "no", "traffic_island", ""))
OPEN = frozenset(("yes", "permissive", "designated", "destination", "official"))


@dataclass(frozen=True, slots=True)
class Spot:
    """A point on a road, read. Empty text and None = nothing of that kind."""

    barrier: str = ""
    is_closed: bool = False
    """The barrier stops vehicles."""
    asset: str = ""
    name: str = ""
    limits: Limits = (None, None, None, None)
    depth_m: float | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def has_extent(self) -> bool:
        """Return whether a short stretch of road around it is to be set apart."""
        return bool(self.asset) or any(limit is not None for limit in self.limits)


def read_spot(tags: Mapping[str, str]) -> Spot:
    """Return what a vertex's tags say about the road through it."""
    barrier = clean_text(tags.get("barrier", "").lower())
    if barrier in IGNORED_BARRIERS:
        barrier = ""
    asset = _asset(tags)
    values = Values(tags)
    limits = read_limits(values) if barrier or asset else (None, None, None, None)
    depth_m = values.smallest(DEPTH_KEYS, read_length_m) if asset == "ford" else None
    return Spot(
        barrier=barrier,
        is_closed=bool(barrier) and _stops_vehicles(barrier, tags),
        asset=asset,
        name=clean_text(tags.get("name", "")) if asset else "",
        limits=limits,
        depth_m=depth_m,
        unreadable=tuple(values.unreadable),
    )


def _asset(tags: Mapping[str, str]) -> str:
    if tags.get("highway") == "ford":
        return "ford"
    if tags.get("mountain_pass", "no") not in NOT:
        return "pass"
    if tags.get("man_made") == "culvert":
        return "culvert"
    return asset_type({k: v for k, v in tags.items() if k != "route"})


def _stops_vehicles(barrier: str, tags: Mapping[str, str]) -> bool:
    """Return whether vehicles cannot pass: a kind that is not in the table of passable ones counts as closed."""
    if tags.get("locked") == "yes":
        return True
    access = next((tags[k] for k in ("motorcar", "motor_vehicle", "vehicle", "access") if k in tags), "")
    if access == "no":
        return True
    return barrier not in PASSABLE_BARRIERS and access not in OPEN
