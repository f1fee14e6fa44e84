"""How the parties keep to freedom of movement: index, violations per 100 movements, consent by area, slow growth.

Every rate carries its exposure: the movements attempted in the same time, area and class. A case that names no
movement of the register counts as a movement of its own, so that nothing is hindered that was not attempted.

Source: doctrine, section 6 (FoM index, trend alarm); requirements, C1 and lines 837-845 (consent indicator).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from fom.domain.benchmarks import WILSON_Z, Interval, wilson
from fom.domain.growth import GROWTH_WEEKS, Growth, find_growth
from fom.domain.instants import DAY_US

PARTIES = (
    "host_armed_forces", "host_police", "local_authority", "non_state_group", "community", "criminal", "other_force",
)  # fmt: skip
"""Actors that can be held to an agreement or an appeal; mission, partner and nature are none, unknown is not known."""
HOST = ("host_armed_forces", "host_police", "local_authority")
"""Actors of the host state: C1 watches them together, too."""
GROUPS = {"host_state": HOST} | {party: (party,) for party in PARTIES}
"""What has a page of its own -> the actors it holds."""
WEEK_US = 7 * DAY_US
RECENT_WEEKS, BEFORE_WEEKS = 4, 13
GROWTH_TIMES_TWO = 3
"""Alarm from 1.5 times the mean before, kept as 3 halves so that the comparison is exact (J)."""
ALARM_EVENTS = 5
"""Fewer events in the recent weeks raise no alarm (J)."""
CONSENT_WEEKS = 13


@dataclass(frozen=True, slots=True)
class Attempt:
    """A movement that was attempted."""

    id: str
    at: int
    admin_unit: str | None = None
    user_class: str | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """A restriction attributed to somebody."""

    id: str
    at: int
    actor: str
    admin_unit: str | None = None
    user_class: str | None = None
    outcome: str | None = None
    movement: str | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per 100 movements, with both counts and the 95 % interval; nothing but the counts without movements."""

    events: int
    movements: int
    per_100: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Share:
    """Unimpeded of attempted, with its Wilson 95 % interval; `index` gives half to those that were late."""

    unimpeded: int
    late: int
    attempted: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """Return the unimpeded share, None where nothing was attempted."""
        return self.unimpeded / self.attempted if self.attempted else None

    @property
    def index(self) -> float | None:
        """Return the FoM index: (proceeded + half of late) / attempted."""
        return (self.unimpeded + 0.5 * self.late) / self.attempted if self.attempted else None


@dataclass(frozen=True, slots=True)
class Week:
    """One week: events and movements in (start, end]."""

    start: int
    end: int
    events: int
    movements: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Half a year of violations: whether the last four weeks say alarm, and whether all of it grows.

    Judged per 100 movements where both spans have movements, else per week (`is_by_rate`).
    """

    weeks: tuple[Week, ...]
    """Twenty-six, oldest first; the last seventeen are those of `recent` and `before`."""
    recent: Rate
    before: Rate
    is_by_rate: bool
    is_alarm: bool
    """By the last four weeks against the thirteen before."""
    has_enough: bool
    """At least five events in the last four weeks."""
    chance: float | None
    """Of so many of the seventeen weeks' events or more in the last four where nothing changed; None without any."""
    growth: Growth
    """Of all twenty-six weeks: what grows too slowly for the four."""

    @property
    def is_growing(self) -> bool:
        """Return whether either alarm holds."""
        return self.is_alarm or self.growth.is_alarm

    @property
    def recent_mean(self) -> float:
        """Return the mean of the last four weeks: per 100 movements, or events per week."""
        return self.recent.per_100 or 0.0 if self.is_by_rate else self.recent.events / RECENT_WEEKS

    @property
    def before_mean(self) -> float:
        """Return the mean of the thirteen weeks before, in the same unit."""
        return self.before.per_100 or 0.0 if self.is_by_rate else self.before.events / BEFORE_WEEKS

    @property
    def ratio(self) -> float | None:
        """Return recent / before, None where there was nothing before."""
        return self.recent_mean / self.before_mean if self.before_mean else None


def poisson_interval(events: int) -> Interval:
    """Return the 95 % interval of a count of events, by Byar's approximation to the exact one.

    lower = d (1 - 1/9d - z/3√d)³, upper = d' (1 - 1/9d' + z/3√d')³ with d' = d + 1. A movement may be hindered twice,
    so that violations per 100 movements are no share and Wilson's interval is not theirs.

    Source: project decision; the formula is checked against the exact chi-square bounds in the tests.
    """
    if events < 0:
        raise ValueError(f"{events} events")
    z, more = WILSON_Z, events + 1
    lower = 0.0 if events == 0 else events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3
    return Interval(max(0.0, lower), more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3)


def rate_per_100(events: int, movements: int) -> Rate:
    """Return violations per 100 movements; no rate where nothing moved."""
    if movements <= 0:
        return Rate(events, 0, None, None)
    count = poisson_interval(events)
    scale = 100 / movements
    return Rate(events, movements, events * scale, Interval(count.lower * scale, count.upper * scale))


def count_exposure(attempts: Sequence[Attempt], violations: Iterable[Violation]) -> int:
    """Return the movements attempted, each case without a movement among them counted as one more."""
    known = {attempt.id for attempt in attempts}
    return len(attempts) + sum(violation.movement not in known for violation in violations)


def freedom_share(
    attempts: Sequence[Attempt], violations: Sequence[Violation], actors: Collection[str] | None = None
) -> Share:
    """Return how much of what was attempted some parties together (None = anybody) left unimpeded.

    By outcome, not by category: who was stopped and proceeded in time was not impeded; late counts half in the index.
    Of several cases of one movement the worst decides; an outcome not told counts as impeded.
    """
    known = {attempt.id for attempt in attempts}
    hindered: dict[str, float] = {}
    extra = 0
    for violation in violations:
        is_own = violation.movement not in known
        extra += is_own
        if actors is not None and violation.actor not in actors:
            continue
        key = violation.id if is_own else str(violation.movement)
        weight = {"proceeded": 1.0, "proceeded_late": 0.5}.get(violation.outcome or "", 0.0)
        hindered[key] = min(hindered.get(key, 1.0), weight)
    attempted = len(attempts) + extra
    stopped = sum(weight < 1.0 for weight in hindered.values())
    late = sum(weight == 0.5 for weight in hindered.values())
    return Share(attempted - stopped, late, attempted, wilson(attempted - stopped, attempted))


def find_trend(events: Sequence[int], movements: Sequence[int], at: int, *, has_exposure: bool = True) -> Trend:
    """Return the half year up to a moment and both alarms for growing non-compliance.

    Alarm: mean of the last 4 weeks ≥ 1.5 × mean of the 13 weeks before, and ≥ 5 events in the 4 weeks. A mean is
    that of all movements of its weeks together, so that a week with few movements does not outweigh the others.
    What grows by a few per cent a week stays below that; `growth` tests all 26 weeks for it.

    Parameters
    ----------
    events, movements
        Moments, microseconds, in any order; what lies outside the weeks is left out.
    has_exposure
        Whether the movements are enough of all that moved to hold the events against; else judged by week.
    """
    total = RECENT_WEEKS + BEFORE_WEEKS
    weeks = count_weeks(events, movements, at)
    before, recent = (
        rate_per_100(sum(w.events for w in part), sum(w.movements for w in part))
        for part in (weeks[-total:-RECENT_WEEKS], weeks[-RECENT_WEEKS:])
    )
    is_by_rate = has_exposure and before.movements > 0 and recent.movements > 0
    now_weight, then_weight = (before.movements, recent.movements) if is_by_rate else (BEFORE_WEEKS, RECENT_WEEKS)
    has_enough = recent.events >= ALARM_EVENTS
    has_grown = 2 * recent.events * now_weight >= GROWTH_TIMES_TWO * before.events * then_weight
    exposure = [week.movements if is_by_rate else 1 for week in weeks]
    return Trend(
        weeks=weeks,
        recent=recent,
        before=before,
        is_by_rate=is_by_rate,
        is_alarm=has_enough and has_grown,
        has_enough=has_enough,
        chance=_chance_of_split(recent.events, before.events, then_weight / (now_weight + then_weight)),
        growth=find_growth([week.events for week in weeks], exposure),
    )


def count_weeks(
    events: Sequence[int], movements: Sequence[int], at: int, weeks: int = GROWTH_WEEKS
) -> tuple[Week, ...]:
    """Return whole weeks up to a moment, oldest first, with what happened and what moved in each."""
    counts = [[0] * weeks, [0] * weeks]
    for line, moments in zip(counts, (events, movements), strict=True):
        for moment in moments:
            ago = (at - moment) // WEEK_US  # (at - 7 d, at] is week 0
            if 0 <= ago < weeks:
                line[weeks - 1 - ago] += 1
    return tuple(
        Week(at - (weeks - i) * WEEK_US, at - (weeks - 1 - i) * WEEK_US, e, m)
        for i, (e, m) in enumerate(zip(*counts, strict=True))
    )


def _chance_of_split(recent: int, before: int, share: float) -> float | None:
    """Return the chance of `recent` or more of all events in the recent weeks, which have `share` of the exposure."""
    total = recent + before
    if not total or not 0 < share < 1:
        return None
    logs = (
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
        + k * math.log(share) + (total - k) * math.log1p(-share)
        for k in range(recent, total + 1)
    )  # fmt: skip
    return min(1.0, sum(math.exp(log) for log in logs))


@dataclass(frozen=True, slots=True)
class Consent:
    """One party in one area: how much it left unimpeded in the last 13 weeks, in the 13 before, and which way."""

    admin_unit: str | None
    now: Share
    before: Share
    direction: str
    """falling, rising, unclear (the intervals overlap), no_data"""


def consent_by_area(
    attempts: Sequence[Attempt], violations: Sequence[Violation], actors: Collection[str], at: int
) -> list[Consent]:
    """Return the consent indicator of a party for every area in which somebody moved or was hindered.

    Source: requirements, lines 837-845: unimpeded share per party per area, and its trend.
    """
    spans = [(at - CONSENT_WEEKS * WEEK_US, at), (at - 2 * CONSENT_WEEKS * WEEK_US, at - CONSENT_WEEKS * WEEK_US)]
    units = {attempt.admin_unit for attempt in attempts} | {violation.admin_unit for violation in violations}
    found = []
    for unit in sorted(units, key=lambda u: (u is None, u or "")):
        here = [a for a in attempts if a.admin_unit == unit], [v for v in violations if v.admin_unit == unit]
        now, before = (
            freedom_share(
                [a for a in here[0] if low < a.at <= high], [v for v in here[1] if low < v.at <= high], actors
            )
            for low, high in spans
        )
        if now.attempted or before.attempted:
            found.append(Consent(unit, now, before, direction_of(now, before)))
    return found


def direction_of(now: Share, before: Share) -> str:
    """Return whether a share fell or rose by more than chance explains: only when the intervals lie apart."""
    if now.interval is None or before.interval is None:
        return "no_data"
    if now.interval.upper < before.interval.lower:
        return "falling"
    return "rising" if now.interval.lower > before.interval.upper else "unclear"


def group_counts(violations: Iterable[Violation], key: Callable[[Violation], str | None]) -> list[tuple[str, int]]:
    """Return how often each value occurs, most often first, ties by name; what has no value is left out."""
    counts: dict[str, int] = {}
    for violation in violations:
        if (value := key(violation)) is not None:
            counts[value] = counts.get(value, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
