"""Patterns in how one unit moves: the same ways, the same hours. What an attacker would learn, told to the unit first.

Pure: departures in, warnings out. Nothing here is kept; who may read it is decided in `movements`.

Source: doctrine, section 5 (patrol pattern).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fom.domain.instants import DAY_US, MINUTE_US

WINDOW_US = 14 * DAY_US
"""Departures looked at. Source: doctrine, section 5."""
KEPT_US = 90 * DAY_US
"""What is older is neither used nor kept. Source: doctrine, section 5."""
ENTROPY_MIN = 0.75
"""Below it the use of routes warns. Source: doctrine, section 5."""
LAST, ALIKE, NEAR_US, SHARED_MIN = 5, 3, 30 * MINUTE_US, 0.50
"""Three of the last five within half an hour of each other on half the length. Source: doctrine, section 5."""
SAME_ROUTE_SHARE = 0.80
"""Two ways that share more are one route; the limit up to which an alternate counts as another way (doctrine 5) (J)."""
DEPARTURES_MIN = 5
"""Fewer departures show no use of routes at all (J)."""

Way = Mapping[str, float]
"""Segment id -> metres driven on it, whatever the direction."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One departure of a unit: when, microseconds, and over which roads."""

    id: str
    at: int
    way: Way


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the departures of a unit show."""

    departures: int
    uses: tuple[int, ...]
    """How often each route was used, the most used first."""
    entropy: float | None
    """0 to 1; None for too few departures."""
    alike: tuple[str, ...]
    """Ids of those of the last five that left at the same hour over the same road; empty = fewer than three."""

    @property
    def is_uneven(self) -> bool:
        """Return whether few routes carry most departures."""
        return self.entropy is not None and self.entropy < ENTROPY_MIN

    @property
    def warns(self) -> bool:
        """Return whether the unit should vary."""
        return self.is_uneven or bool(self.alike)


def normalised_entropy(uses: Sequence[int]) -> float:
    """Return the entropy of use over the entropy of even use of the same routes: 1 = even, 0 = one route only."""
    used = [count for count in uses if count > 0]
    if len(used) < 2:
        return 0.0
    total = sum(used)
    if len(set(used)) == 1:
        return 1.0
    return -sum(count / total * math.log(count / total) for count in used) / math.log(len(used))


def shared_share(one: Way, other: Way) -> float:
    """Return the length on common roads over the length of the longer way, 0 to 1."""
    longer = max(sum(one.values()), sum(other.values()))
    common = sum(min(metres, other[segment]) for segment, metres in one.items() if segment in other)
    return min(1.0, common / longer) if longer > 0 else 0.0


def find_pattern(departures: Sequence[Departure], now: int) -> Pattern:
    """Return what the departures of the last 14 days show; later ones (planned) count as well, older ones do not."""
    looked_at = sorted((d for d in departures if d.at > now - WINDOW_US and d.way), key=lambda d: (d.at, d.id))
    uses = _uses(looked_at)
    entropy = normalised_entropy(uses) if len(looked_at) >= DEPARTURES_MIN else None
    return Pattern(len(looked_at), uses, entropy, _alike(looked_at[-LAST:]))


def _uses(departures: Sequence[Departure]) -> tuple[int, ...]:
    """Return the counts of use; a departure belongs to the first route, by time, of which it shares enough."""
    routes: list[tuple[Way, int]] = []
    for departure in departures:
        for place, (way, count) in enumerate(routes):
            if shared_share(way, departure.way) > SAME_ROUTE_SHARE:
                routes[place] = (way, count + 1)
                break
        else:
            routes.append((departure.way, 1))
    return tuple(sorted((count for _, count in routes), reverse=True))


def _alike(last: Sequence[Departure]) -> tuple[str, ...]:
    """Return the largest group of those that left close to one of them in time of day, over half of its length."""
    best: tuple[str, ...] = ()
    for one in last:
        group = tuple(
            other.id
            for other in last
            if _apart_us(one.at, other.at) <= NEAR_US and shared_share(one.way, other.way) >= SHARED_MIN
        )
        best = max(best, group, key=len)
    return best if len(best) >= ALIKE else ()


def _apart_us(one: int, other: int) -> int:
    """Return how far apart two moments are on the clock, whatever the day."""
    apart = abs(one - other) % DAY_US
    return min(apart, DAY_US - apart)
