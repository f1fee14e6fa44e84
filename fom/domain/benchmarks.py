"""Benchmarks of freedom of movement: what each one measures, when it counts as met, and how small numbers are judged.

Measuring the indicators is `indicators`; fetching the evidence is `services/benchmarks`.

Source: doctrine, section 6; mission leadership considerations, section 4.3.2. Thresholds are project judgements (J).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fom.domain.instants import DAY_US

WILSON_Z = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""
COVERAGE_MIN = 0.60
"""Share of key-route kilometres that must not be GREY before a network benchmark is judged at all (J)."""
EVALUATION_INTERVAL_US = 7 * DAY_US
"""Benchmarks are reviewed weekly (J): "regressing" compares this review with the two before it."""
ASSESSMENT_REASON_MIN = 40


class Status(StrEnum):
    """Status of a benchmark, computed or asserted."""

    NOT_ASSESSED = "not_assessed"
    INSUFFICIENT_DATA = "insufficient_data"
    NOT_MET = "not_met"
    PARTLY_MET = "partly_met"
    MET = "met"
    REGRESSING = "regressing"


@dataclass(frozen=True, slots=True)
class Interval:
    """Wilson score interval of a share, 95 %."""

    lower: float
    upper: float


def wilson(successes: int, attempts: int) -> Interval | None:
    """Return the Wilson 95 % interval of successes / attempts, None when nothing was attempted.

    centre ± half-width, centre = (p + z²/2n) / (1 + z²/n), half-width = z / (1 + z²/n) * sqrt(p(1-p)/n + z²/4n²).
    Small counts must not read as success: 9 of 10 has the lower bound .596.

    Raises
    ------
    ValueError
        Counts that cannot be: negative, or more successes than attempts.
    """
    if attempts < 0 or not 0 <= successes <= attempts:
        raise ValueError(f"{successes} of {attempts} is not a count of successes")
    if attempts == 0:
        return None
    z2 = WILSON_Z**2
    p = successes / attempts
    scale = 1 + z2 / attempts
    centre = (p + z2 / (2 * attempts)) / scale
    half = WILSON_Z / scale * math.sqrt(p * (1 - p) / attempts + z2 / (4 * attempts**2))
    lower = 0.0 if successes == 0 else centre - half
    upper = 1.0 if successes == attempts else centre + half
    return Interval(lower, upper)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a benchmark is: its place in the source, its indicators in words, and when it is met."""

    code: str
    term: str
    """short, medium, long, neighbour or activity."""
    title: str
    computed_as: str
    met_when: str
    window_d: int


DEFINITIONS: dict[str, Definition] = {
    d.code: d
    for d in (
        Definition(
            "S1",
            "short",
            "Routes and air heads secure, alternates established",
            "a: key-route km open or caution with risk under .25, time-weighted over 7 days; b: serviceable air heads; "
            "c: key routes with an established alternate",
            "a ≥ 85 %, b ≥ 90 %, c ≥ 80 %; partly: all ≥ 60 %",
            7,
        ),
        Definition(
            "S2",
            "short",
            "Humanitarian supplies are moving",
            "movements delivered within 1.5 × planned time, of those not cancelled for other reasons; n ≥ 20",
            "lower bound ≥ 80 %; partly ≥ 60 %",
            30,
        ),
        Definition(
            "S3",
            "short",
            "Spoilers and their areas of operation identified",
            "a: areas of operation reviewed within 90 days at C3 or better; b: graded incidents inside a known area",
            "a ≥ 90 %, b ≥ 70 %",
            90,
        ),
        Definition(
            "S4",
            "short",
            "Mines and IEDs identified, clearing priorities established",
            "a: open hazards with geometry, class, source and date; b: hazards touching a key route with a priority "
            "at most 30 days old",
            "a ≥ 95 %, b = 100 %",
            30,
        ),
        Definition(
            "M1",
            "medium",
            "Population moves on key routes without violence",
            "a: key-route km without violent incident in 90 days; b: incidents per 1,000 km and 30 days; "
            "needs presence on 70 % of key-route km in each 14 days",
            "a ≥ 90 % and b falling or ≤ 1",
            90,
        ),
        Definition(
            "M2",
            "medium",
            "Key strategic resources protected",
            "sites with a plan at most 180 days old, a viable access (unknown does not count), no attack in 90 days",
            "≥ 90 %",
            90,
        ),
        Definition(
            "M3",
            "medium",
            "Police have restored law and order in critical areas",
            "critical areas with police presence on 25 of 30 days and robbery down by 30 %; needs signed police input",
            "≥ 80 %",
            30,
        ),
        Definition(
            "M4",
            "medium",
            "Status of routes is updated",
            "key-route km confirmed, by verification or by signed review, within the interval of the route, each day",
            "≥ 90 % on at least 27 of 30 days",
            30,
        ),
        Definition(
            "L1",
            "long",
            "National authorities ensure full freedom of movement",
            "unimpeded of attempted movements, civil and mission apart, in each unit; signed national assessment",
            "lower bound of both ≥ 95 % in 90 % of units, no standing state restriction over 30 days",
            180,
        ),
        Definition(
            "L2",
            "long",
            "Customs and border procedures re-established",
            "official crossings operational with a passed checklist",
            "≥ 80 %",
            180,
        ),
        Definition(
            "L3",
            "long",
            "Mine action continues",
            "area released and tasks closed in 90 days; funded team-months of the next 180 days",
            "both > 0, ≥ 75 % funded, no stop over 60 days",
            90,
        ),
        Definition(
            "FOM",
            "neighbour",
            "Freedom of movement established",
            "S1 met and S2 at least partly met",
            "both",
            30,
        ),
        Definition(
            "ROADS",
            "neighbour",
            "Main roads cleared of ERW and patrolled",
            "a: main-road km without open explosive fact; b: main-road km patrolled within 7 days",
            "a ≥ 95 %, b ≥ 80 %",
            7,
        ),
        Definition("CIV", "neighbour", "Civilians can move on key thoroughfares safely", "as M1", "M1 met", 90),
        Definition(
            "CAMPS",
            "neighbour",
            "Key displaced-persons camps secured",
            "camps with a viable access and a viable alternate",
            "all",
            1,
        ),
        Definition(
            "TASKS",
            "neighbour",
            "Priority mine-action tasks completed",
            "closed of the ranked hazards with a priority",
            "≥ 80 %",
            90,
        ),
        Definition(
            "ZONES",
            "neighbour",
            "Control measures in place and complied with",
            "zones with an agreement reference and a review within 90 days",
            "≥ 90 %",
            90,
        ),
        Definition(
            "A1",
            "activity",
            "Vulnerabilities of key routes identified through study",
            "key-route km with a signed study at most 180 days old",
            "≥ 90 %; partly ≥ 50 %",
            180,
        ),
        Definition(
            "A4",
            "activity",
            "Abandoned ammunition secured and removed",
            "a: known stores of ammunition that are closed; b: days from record to secured, median; c: stores whose "
            "stated safety distance reaches a key route",
            "a ≥ 90 %; partly ≥ 50 % (our own figures: the source gives none)",
            180,
        ),
    )
}
"""All benchmarks in the order of the board; the eleven of section 4.3.2, their neighbours, activities of 4.3.1."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One measured number with everything needed to check it."""

    code: str
    words: str
    value: float | None
    """Share 0 to 1, or a rate; None = cannot be said."""
    unit: str = "share"
    numerator: float | None = None
    denominator: float | None = None
    interval: Interval | None = None
    met_at: float | None = None
    partly_at: float | None = None
    evidence: tuple[str, ...] = ()
    """Ids of the rows it was computed from."""
    parts: dict[str, float] = field(default_factory=dict)
    """Named components shown beside the value, in the unit of the value."""

    @property
    def judged(self) -> float | None:
        """Return the number that is held against the target: the lower bound where there is one."""
        return self.value if self.interval is None else self.interval.lower


@dataclass(frozen=True, slots=True)
class BenchmarkValue:
    """A benchmark computed for a moment, as known at a moment."""

    code: str
    at: int
    known_at: int
    status: Status
    indicators: tuple[Indicator, ...]
    missing: str | None = None
    """What is not there, in words, when the status is not_assessed or insufficient_data."""
    coverage: float | None = None
    """Non-GREY share of key-route km, for benchmarks that read the network."""

    @property
    def evidence(self) -> tuple[str, ...]:
        """Return the ids of all evidence, sorted, each once."""
        return tuple(sorted({e for i in self.indicators for e in i.evidence}))


def judge(indicators: Sequence[Indicator]) -> Status:
    """Return met when every indicator reaches its target, partly when every one reaches its lower one.

    An indicator without a value makes the whole insufficient: one missing leg must not be hidden by two good ones.
    """
    targeted = [i for i in indicators if i.met_at is not None]
    if not targeted or any(i.judged is None for i in targeted):
        return Status.INSUFFICIENT_DATA
    if all(_reaches(i.judged, i.met_at) for i in targeted):
        return Status.MET
    if all(i.partly_at is not None and _reaches(i.judged, i.partly_at) for i in targeted):
        return Status.PARTLY_MET
    return Status.NOT_MET


def _reaches(value: float | None, target: float | None) -> bool:
    return value is not None and target is not None and value >= target - 1e-9


def gated(status: Status, coverage: float | None) -> Status:
    """Return insufficient_data when too much of the key routes is GREY to judge, else the status itself."""
    if coverage is None or coverage < COVERAGE_MIN - 1e-9:
        return Status.INSUFFICIENT_DATA
    return status


def with_history(now: Status, previous: Sequence[Status]) -> Status:
    """Return regressing when the benchmark was met two reviews ago and has failed in this and the last one.

    Parameters
    ----------
    now
        Status of this review.
    previous
        Statuses of earlier reviews, latest first.
    """
    failing = (Status.NOT_MET, Status.PARTLY_MET)
    if now in failing and len(previous) >= 2 and previous[0] in failing and previous[1] is Status.MET:
        return Status.REGRESSING
    return now
