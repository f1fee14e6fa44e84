"""Time against risk: the ways of a trip of which none is better than another in every respect, each told in words.

A way is compared by its duration, by its risk over distinct incidents, and by its metres under caution (AMBER); the
searches weigh an additive stand-in for the last two (`mixtures`), so what they find is measured anew and whatever
another way beats is left out.

Source: doctrine, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fom.domain.states import VIABLE, State
from fom.routing.comparing import CAUTION_TOLD_M, RISK_TOLD
from fom.routing.mixtures import Mixer
from fom.routing.router import Metric, Path
from fom.routing.routes import PlannedRoute, RouteMaker
from fom.routing.snapping import Snap

KEPT_BESIDE_FASTEST = 3
"""Source: doctrine, section 5 ("return at most three")."""
TIME_TOLD_S = 30.0
"""Ways nearer in time than this, and alike in the rest, are one choice (J)."""
LEVELS = ("confirmed", "suspected", "doubtful")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class TradeOff:
    """One of the ways, and what it costs and saves beside the fastest."""

    route: PlannedRoute
    hazards: Mapping[str, str]
    """Id -> level (`confirmed`, `suspected`, `doubtful`) of the explosive facts that limit it."""
    extra_s: float
    avoids: tuple[str, ...]
    """Ids of explosive facts that limit the fastest and not this."""
    meets: tuple[str, ...]
    """The reverse."""
    words: str

    @property
    def caution_m(self) -> float:
        """Return metres of AMBER road."""
        return self.route.by_state_m.get(State.AMBER, 0.0)


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """A way, measured."""

    route: PlannedRoute
    hazards: Mapping[str, str]

    @property
    def measures(self) -> tuple[float, float, float]:
        """Return seconds, risk and metres of AMBER; less is better."""
        return self.route.duration_s, self.route.risk, self.route.by_state_m.get(State.AMBER, 0.0)


def find_trade_offs(
    fastest: Metric,
    safest: Metric,
    snaps: Sequence[Snap],
    judge: Callable[[Path], Judged | None],
    also: Sequence[Path] = (),
) -> tuple[TradeOff, ...]:
    """Return the fastest way and up to three others by duration; none beats another in time, risk and caution.

    Parameters
    ----------
    fastest, safest
        Metrics of the postures at both ends, over GREEN and AMBER.
    judge
        Measures a way; None = it is not open.
    also
        Ways found otherwise that may take part.
    """
    with fastest.reading() as time, safest.reading() as care:
        paths = [mixed.path for mixed in Mixer(time, care, snaps).supported()]
    judged = [judge(path) for path in _distinct([*paths, *also])]
    ways = chosen(undominated([way for way in judged if way is not None]))
    return tuple(_beside(ways[0], way) for way in ways)


def undominated(ways: Iterable[Judged]) -> list[Judged]:
    """Return ways by duration without those that another equals or beats in everything; of equals the first stays."""
    kept: list[Judged] = []
    for way in sorted(ways, key=lambda way: way.measures):
        if not any(_is_no_worse(other.measures, way.measures) for other in kept):
            kept.append(way)
    return kept


def chosen(ways: Sequence[Judged]) -> list[Judged]:
    """Return the fastest and up to three others by duration: the safest, then those unlike what is taken already.

    `ways` come by duration and none beats another.
    """
    taken, rest = list(ways[:1]), list(ways[1:])
    safest = min(rest, key=lambda way: (*way.measures[1:], way.measures[0]), default=None)
    while rest and len(taken) <= KEPT_BESIDE_FASTEST:
        way = rest.pop(rest.index(safest) if safest in rest else _least_like(rest, taken))
        if all(_differs(way, other) for other in taken):
            taken.append(way)
    return sorted(taken, key=lambda way: way.measures)


def _least_like(rest: Sequence[Judged], taken: Sequence[Judged]) -> int:
    """Return the place of the way whose share of segments with the most alike of those taken is smallest."""

    def alike(way: Judged) -> float:
        mine = set(way.route.path.segments.tolist())
        return max(len(mine & set(t.route.path.segments.tolist())) / len(mine) for t in taken)

    return min(range(len(rest)), key=lambda i: (alike(rest[i]), rest[i].measures))


def _differs(one: Judged, other: Judged) -> bool:
    """Return whether the difference of two ways is worth telling."""
    limits = TIME_TOLD_S, RISK_TOLD, CAUTION_TOLD_M
    pairs = zip(one.measures, other.measures, limits, strict=True)
    return any(abs(mine - its) >= limit for mine, its, limit in pairs) or one.hazards != other.hazards


def _is_no_worse(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(mine <= its for mine, its in zip(one, other, strict=True))


def _distinct(paths: Sequence[Path]) -> list[Path]:
    return list({(tuple(p.arcs.tolist()), float(p.enter[0]), float(p.leave[-1])): p for p in reversed(paths)}.values())


def judge_with(maker: RouteMaker, path: Path) -> Judged | None:
    """Return a way measured under the conditions of a maker, None when it is not open."""
    if not np.isin(maker.states_on(path), VIABLE).all():
        return None
    segments = np.unique(path.segments)
    detail = maker.conditions.detail(segments)
    return Judged(maker.make(path, detail), detail.hazards(segments))


def _beside(fastest: Judged, way: Judged) -> TradeOff:
    avoids, meets = sorted(set(fastest.hazards) - set(way.hazards)), sorted(set(way.hazards) - set(fastest.hazards))
    words = ", ".join(_tell(fastest, way, avoids, meets) if way is not fastest else _tell_alone(way))
    return TradeOff(
        way.route, way.hazards, way.route.duration_s - fastest.route.duration_s, tuple(avoids), tuple(meets), words
    )


def _tell_alone(way: Judged) -> Iterable[str]:
    """Yield what is said of the fastest way itself."""
    yield "fastest"
    if way.hazards:
        yield f"passes {count_by_level(way.hazards, way.hazards)}"
    _, risk, caution_m = way.measures
    if risk >= RISK_TOLD:
        yield f"risk {_share(risk)}"
    if caution_m >= CAUTION_TOLD_M:
        yield f"{caution_m / 1000:.1f} km of caution"


def _tell(fastest: Judged, way: Judged, avoids: Sequence[str], meets: Sequence[str]) -> Iterable[str]:
    """Yield what a way costs and saves beside the fastest."""
    (usual_s, usual_risk, usual_m), (duration_s, risk, caution_m) = fastest.measures, way.measures
    yield f"{round((duration_s - usual_s) / 60):+d} min"
    if avoids:
        yield f"avoids {count_by_level(avoids, fastest.hazards)}"
    if meets:
        yield f"passes {count_by_level(meets, way.hazards)} that the fastest does not"
    if abs(risk - usual_risk) >= RISK_TOLD:
        yield f"risk {_share(usual_risk)} → {_share(risk)}"
    if abs(caution_m - usual_m) >= CAUTION_TOLD_M:
        yield f"caution {usual_m / 1000:.1f} → {caution_m / 1000:.1f} km"
    crossings = len(way.route.assets) - len(fastest.route.assets)
    if crossings:
        number = f"{_number(abs(crossings))} {'more' if crossings > 0 else 'fewer'}"
        yield f"{number} {'crossing' if abs(crossings) == 1 else 'crossings'}"


def count_by_level(ids: Iterable[str], levels: Mapping[str, str]) -> str:
    """Return `one confirmed and two suspected hazards` of some facts."""
    of = [levels[fact] for fact in ids]
    parts = [f"{_number(of.count(level))} {level}" for level in LEVELS if level in of]
    return f"{' and '.join(filter(None, [', '.join(parts[:-1]), parts[-1]]))} hazard{'s' if len(of) != 1 else ''}"


def _number(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _share(risk: float) -> str:
    """Return a share of 1 as the doctrine writes it: `.31`."""
    return f"{risk:.2f}".removeprefix("0")
