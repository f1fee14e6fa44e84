"""An alternate beside the best route: what it costs more, what it avoids, and whether the same thing can break both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fom.domain.states import Component, State
from fom.routing.alternates import stretch_label
from fom.routing.routes import PlannedRoute

RISK_TOLD = 0.01
"""A smaller difference in risk is not told."""
CAUTION_TOLD_M = 500.0
"""Nor is a smaller difference in metres of AMBER road."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an alternate differs from the best route."""

    stretch: float
    """Time of the alternate / time of the best."""
    share: float
    """Time on segments of the best (its first and last 2 km left out) / time of the best."""
    label: str
    is_robust: bool
    """Shares no single point of failure with the best. Source: doctrine, section 5."""
    shared_assets: tuple[str, ...]
    extra_s: float
    extra_m: float
    avoids: tuple[str, ...]
    """Ids of explosive facts that make the best AMBER somewhere and do not touch this."""
    meets: tuple[str, ...]
    """The reverse."""
    trade_off: str


def compare(best: PlannedRoute, other: PlannedRoute, share: float) -> Comparison:
    """Return how `other` differs from the best; `share` as `Sharing` measures it."""
    stretch = other.duration_s / best.duration_s if best.duration_s else 1.0
    mine, its = {a.asset_id for a in best.assets}, {a.asset_id for a in other.assets}
    hazards, others = _hazards(best), _hazards(other)
    shared, avoids, meets = sorted(mine & its), sorted(hazards - others), sorted(others - hazards)
    return Comparison(
        stretch=stretch,
        share=share,
        label=stretch_label(stretch),
        is_robust=not shared,
        shared_assets=tuple(shared),
        extra_s=other.duration_s - best.duration_s,
        extra_m=other.distance_m - best.distance_m,
        avoids=tuple(avoids),
        meets=tuple(meets),
        trade_off=", ".join(_words(best, other, len(avoids), len(meets), shared)),
    )


def _hazards(route: PlannedRoute) -> set[str]:
    return {
        fact
        for part in route.worst
        for reason in part.reasons
        if reason["component"] == Component.EXPLOSIVE.code
        for fact in reason["fact_ids"]
    }


def _words(best: PlannedRoute, other: PlannedRoute, avoids: int, meets: int, shared: list[str]) -> Iterable[str]:
    yield f"{round((other.duration_s - best.duration_s) / 60):+d} min"
    yield f"{(other.distance_m - best.distance_m) / 1000:+.1f} km"
    if avoids:
        yield f"avoids {_count(avoids, 'explosive hazard')}"
    if meets:
        yield f"passes {_count(meets, 'other explosive hazard' if avoids else 'explosive hazard')}"
    if abs(other.risk - best.risk) >= RISK_TOLD:
        yield f"risk {other.risk:.2f} instead of {best.risk:.2f}"
    caution, usual = other.by_state_m.get(State.AMBER, 0.0), best.by_state_m.get(State.AMBER, 0.0)
    if abs(caution - usual) >= CAUTION_TOLD_M:
        yield f"{caution / 1000:.1f} km of caution instead of {usual / 1000:.1f} km"
    if shared:
        yield f"not robust: also depends on {', '.join(shared[:3])}" + (
            f" and {len(shared) - 3} more" * (len(shared) > 3)
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"
