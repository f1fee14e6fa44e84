"""Benchmarks computed for a moment as known at a moment, and the signed assessments shown beside them.

Source: doctrine, section 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom import __version__
from fom.domain.access import Actor, require, visible
from fom.domain.benchmarks import (
    DEFINITIONS,
    EVALUATION_INTERVAL_US,
    BenchmarkValue,
    Indicator,
    Status,
    gated,
    judge,
    with_history,
)
from fom.domain.indicators import (
    AREA_REVIEW_MAX_US,
    PLAN_MAX_US,
    PRESENCE_MIN,
    PRESENCE_PERIOD_US,
    VIOLENT,
    by_admin_unit,
    count_share,
    coverage,
    freedom_index,
    hazards_identified,
    humanitarian_deliveries,
    presence,
    routes_updated,
    secure_routes,
    serviceable_air_heads,
    violence_on_routes,
)
from fom.domain.instants import DAY_US, HOUR_US, NEVER_US, format_instant, parse_instant
from fom.domain.records import ClosingAct, Incident
from fom.domain.registers import AREA_KINDS
from fom.domain.route_studies import MET_AT, PARTLY_AT, studied_share
from fom.errors import NotFound
from fom.services.assets import routes_near_stores
from fom.services.benchmark_evidence import Evidence
from fom.services.established import routes_with_alternate
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.services.route_studies import length_of

REVIEW_DEFAULT_US = 24 * HOUR_US
"""For how long a signed review confirms a route that sets no interval of its own: the shortest of the table (J)."""
DATED = frozenset({"S1", "S2", "M1", "M4"})
"""Benchmarks whose evidence is dated throughout, so that earlier reviews can be computed again and compared."""


def benchmark_status(session: Session, host: PictureHost, *, at: int, known_at: int) -> list[BenchmarkValue]:
    """Return every benchmark and neighbour, in the order of the board.

    `known_at` is what was known; the periods measured end at `at`. Earlier reviews, for "regressing", are computed from
    the same knowledge, so that a late report cannot fake a decline.
    """
    now = _values(Evidence(session, host, at=at, known_at=known_at))
    earlier = [
        _values(Evidence(session, host, at=at - back * EVALUATION_INTERVAL_US, known_at=known_at), DATED)
        for back in (1, 2)
    ]
    return [
        replace(value, status=with_history(value.status, [e[code].status for e in earlier])) if code in DATED else value
        for code, value in now.items()
    ]


def benchmark_board(
    session: Session, host: PictureHost, *, actor: Actor, at: int | None = None, known_at: int | None = None
) -> dict[str, Any]:
    """Return the board: each benchmark with definition, computed value, evidence and the assessment in force beside it.

    Raises
    ------
    NotPermitted
        The actor may not read benchmarks.
    """
    require(actor, "read_benchmarks")
    version, question = host.version, host.question(at, known_at)
    if at is None and known_at is None:
        question, values = host.benchmarks.at_hand(
            question, version, lambda q: benchmark_status(session, host, at=q.at, known_at=q.known_at)
        )
    else:
        values = benchmark_status(session, host, at=question.at, known_at=question.known_at)
    signed = _assessments(session, actor, question.at)
    return {
        "at": format_instant(question.at),
        "known_at": format_instant(question.known_at),
        "version": version,
        "code_version": __version__,
        "benchmarks": [_body(value, signed.get(value.code), host, actor) for value in values],
    }


def benchmark_evidence(
    session: Session, host: PictureHost, code: str, *, actor: Actor, at: int | None = None, known_at: int | None = None
) -> dict[str, Any]:
    """Return one benchmark of the board with the ids of its evidence; NotFound for an unknown code."""
    if code not in DEFINITIONS:
        raise NotFound("benchmark", code)
    board = benchmark_board(session, host, actor=actor, at=at, known_at=known_at)
    found: dict[str, Any] = next(b for b in board["benchmarks"] if b["code"] == code)
    return {"at": board["at"], "known_at": board["known_at"], **found}


def _values(evidence: Evidence, codes: frozenset[str] | None = None) -> dict[str, BenchmarkValue]:
    wanted = [code for code in DEFINITIONS if codes is None or code in codes]
    values = {code: MEASURES[code](evidence) for code in wanted if code in MEASURES}
    return {code: values[code] if code in values else NEIGHBOURS[code](evidence, values) for code in wanted}


def _value(
    evidence: Evidence, code: str, status: Status, *indicators: Indicator, missing: str | None = None, **more: Any
) -> BenchmarkValue:
    return BenchmarkValue(code, evidence.at, evidence.known_at, status, indicators, missing, **more)


def _judged(evidence: Evidence, code: str, *indicators: Indicator, missing: str) -> BenchmarkValue:
    """Return a value judged by its indicators; `missing` is said when one of them cannot be said."""
    status = judge(indicators)
    return _value(evidence, code, status, *indicators, missing=missing if status is Status.INSUFFICIENT_DATA else None)


def _gate(value: BenchmarkValue, share: float | None) -> BenchmarkValue:
    status = gated(value.status, share)
    if status is value.status:
        return replace(value, coverage=share)
    known = "no key routes" if share is None else f"{share:.0%} of key-route km known; 60 % needed"
    return replace(value, status=status, coverage=share, missing=known)


def _s1(evidence: Evidence) -> BenchmarkValue:
    week = evidence.week()
    with_alternate = routes_with_alternate(evidence)
    indicators = (
        secure_routes(
            week.states, week.risk, week.is_ageing, week.is_lifted, evidence.length_m, evidence.route_ids
        ),
        serviceable_air_heads(evidence.air_heads),
        count_share(
            "c", "key routes with an established alternate", len(with_alternate), len(evidence.key_routes),
            met_at=0.80, evidence=sorted(with_alternate),
        ),
    )  # fmt: skip
    value = _judged(evidence, "S1", *indicators, missing="key routes or air heads are not registered")
    return _gate(value, coverage(week.states, evidence.length_m))


def _s2(evidence: Evidence) -> BenchmarkValue:
    since = evidence.at - 30 * DAY_US
    moves = [m for m in evidence.movements if m.user_class == "humanitarian" and since < m.planned_start <= evidence.at]
    delivered = humanitarian_deliveries(moves)
    counted = int(delivered.denominator or 0)
    return _judged(evidence, "S2", delivered, missing=f"{counted} movements counted in 30 days; 20 needed")


def _s3(evidence: Evidence) -> BenchmarkValue:
    areas = [row for row in evidence.rows("area") if row["kind"] == "area_of_operation"]
    current = [a for a in areas if _within(a["reviewed_at"], evidence.at, AREA_REVIEW_MAX_US) and _is_c3(a["grade"])]
    incidents = [
        i for i in evidence.known(Incident) if i.geometry is not None and i.eff > evidence.at - AREA_REVIEW_MAX_US
    ]
    shapes = evidence.shapes(areas)
    inside = [i for i in incidents if any(shape.intersects(i.geometry) for shape in shapes)]
    return _judged(
        evidence, "S3",
        count_share("a", "areas reviewed within 90 days at C3 or better", len(current), len(areas), met_at=0.90,
                    evidence=[a["id"] for a in areas]),
        count_share("b", "incidents of 90 days inside a known area", len(inside), len(incidents), met_at=0.70,
                    evidence=[i.id for i in incidents]),
        missing="no areas of operation are registered, or no incident is known",
    )  # fmt: skip


def _s4(evidence: Evidence) -> BenchmarkValue:
    complete, priority = hazards_identified(evidence.hazards, evidence.at)
    if priority.denominator == 0 and evidence.hazards:
        priority = replace(priority, value=1.0, words=f"{priority.words}: none touches one")
    return _judged(evidence, "S4", complete, priority, missing="no hazard is known")


def _m1(evidence: Evidence) -> BenchmarkValue:
    window_d, at = 90, evidence.at
    near = evidence.incidents_near(VIOLENT, at - window_d * DAY_US, at)
    before = evidence.incidents_near(VIOLENT, at - 2 * window_d * DAY_US, at - window_d * DAY_US)
    is_violent = np.zeros(len(evidence.numbers), np.bool_)
    for touched in near.values():
        is_violent[touched] = True
    quiet, rate = violence_on_routes(is_violent, evidence.length_m, len(near), len(before), window_d, sorted(near))
    if rate.value is not None:
        # judged by "at most 1, or falling": a share of 1 or 0 beside the rate that is shown
        rate = replace(rate, met_at=rate.value if rate.parts["reached"] else -1.0, partly_at=rate.value)
    seen = _presence(evidence)
    value = _judged(evidence, "M1", quiet, rate, missing="no key routes")
    value = replace(value, indicators=(quiet, replace(rate, met_at=1.0, partly_at=None), seen))
    if seen.value is None or seen.value < PRESENCE_MIN:
        share = 0.0 if seen.value is None else seen.value
        missing = f"passages on {share:.0%} of key-route km in the emptiest 14 days; 70 % needed"
        return replace(value, status=Status.INSUFFICIENT_DATA, missing=missing)
    return _gate(value, coverage(evidence.week().states, evidence.length_m))


def _presence(evidence: Evidence) -> Indicator:
    """Return presence over the six periods of 14 days before the moment, from the age of verification at their ends."""
    ends = [evidence.at - i * PRESENCE_PERIOD_US for i in range(6)]
    verified = evidence.sample(ends).verified_at
    passed = np.array(ends)[:, None] - np.where(verified == NEVER_US, -(2**61), verified) <= PRESENCE_PERIOD_US
    return presence(passed, evidence.length_m, evidence.route_ids)


def _m2(evidence: Evidence) -> BenchmarkValue:
    sites = [row for row in evidence.rows("site") if row["kind"] == "strategic_resource"]
    states = evidence.access_states(sites)
    since = evidence.at - 90 * DAY_US

    def is_protected(site: dict[str, Any]) -> bool:
        has_plan = _within(site["plan_reviewed_at"], evidence.at, PLAN_MAX_US)
        is_open = states[site["id"]] <= 1
        return has_plan and is_open and not evidence.is_attacked(site["lon"], site["lat"], VIOLENT, since, 2000.0)

    good = sum(is_protected(site) for site in sites)
    indicator = count_share(
        "a", "sites with plan, viable access and no attack in 90 days", good, len(sites), met_at=0.90,
        evidence=[s["id"] for s in sites],
    )  # fmt: skip
    return _judged(evidence, "M2", indicator, missing="no strategic resource site is registered")


def _m3(evidence: Evidence) -> BenchmarkValue:
    areas = [row["id"] for row in evidence.rows("area") if row["kind"] == "critical"]
    indicator = Indicator("a", "critical areas with police presence and robbery down", None, denominator=len(areas),
                          met_at=0.80, evidence=tuple(areas))  # fmt: skip
    missing = "signed police returns are not stored yet; only a signed assessment can stand here"
    return _value(evidence, "M3", Status.NOT_ASSESSED, indicator, missing=missing)


def _m4(evidence: Evidence) -> BenchmarkValue:
    days = evidence.days(30)
    moments = np.array([evidence.at - i * DAY_US for i in reversed(range(30))])[:, None]
    own = evidence.intervals_us[None, :]
    age = moments - np.where(days.verified_at == NEVER_US, -(2**61), days.verified_at)
    confirmed = np.where(own > 0, age <= own, days.is_fresh)
    review_age = moments - evidence.reviewed_at[None, :]
    reviewed = (review_age >= 0) & (review_age <= np.where(own > 0, own, REVIEW_DEFAULT_US))
    updated = routes_updated(confirmed, reviewed, evidence.length_m, evidence.route_ids)
    return _judged(evidence, "M4", updated, missing="no key routes are registered")


def _l1(evidence: Evidence) -> BenchmarkValue:
    since = evidence.at - 180 * DAY_US
    moves = [m for m in evidence.movements if since < m.planned_start <= evidence.at]
    units = by_admin_unit(moves)
    both = [sides for sides in units.values() if {"civil", "mission"} <= sides.keys()]
    good = sum(all((side.judged or 0.0) >= 0.95 for side in sides.values()) for sides in both)
    share = count_share("a", "administrative units with both lower bounds ≥ 95 %", good, len(both), met_at=0.90,
                        evidence=[m.id for m in moves])  # fmt: skip
    standing = [
        row for row in evidence.rows("restriction_case")
        if row["standing"] and row["actor"].startswith(("host_", "local_")) and row["resolved_at"] is None
        and evidence.at - parse_instant(row["opened_at"]) > 30 * DAY_US
    ]  # fmt: skip
    none_standing = Indicator("b", "standing state restrictions over 30 days", float(len(standing)), unit="count",
                              evidence=tuple(row["id"] for row in standing))  # fmt: skip
    status = judge([share])
    missing = None
    if status is Status.MET and standing:
        status = Status.PARTLY_MET
    if status is Status.MET:
        status, missing = Status.PARTLY_MET, "a signed national assessment is needed for met"
    if status is Status.INSUFFICIENT_DATA:
        missing = "no administrative unit has both civil and mission movements"
    return _value(evidence, "L1", status, share, none_standing, freedom_index(moves), missing=missing)


def _l2(evidence: Evidence) -> BenchmarkValue:
    official = [row for row in evidence.crossings if row["is_official"]]
    good = [row for row in official if row["status"] == "operational" and row["staffed"] and row["checklist_passed_at"]]
    share = count_share("a", "official crossings operational with a passed checklist", len(good), len(official),
                        met_at=0.80, evidence=[row["id"] for row in official])  # fmt: skip
    return _judged(evidence, "L2", share, missing="no official crossing is registered")


def _l3(evidence: Evidence) -> BenchmarkValue:
    since = evidence.at - 90 * DAY_US
    acts = [a for a in evidence.known(ClosingAct) if a.eff > since and a.act in ("cancelled", "reduced", "cleared")]
    tasks = [
        row
        for row in evidence.rows("task")
        if row["kind"] == "eod" and _within(row["done_at"], evidence.at, 90 * DAY_US)
    ]
    released = Indicator("a", "land-release acts in 90 days", float(len(acts)), unit="count",
                         evidence=tuple(a.id for a in acts))  # fmt: skip
    closed = Indicator("b", "clearance tasks closed in 90 days", float(len(tasks)), unit="count",
                       evidence=tuple(row["id"] for row in tasks))  # fmt: skip
    funded = Indicator("c", "funded team-months of the next 180 days", None, met_at=0.75)
    missing = "funded and planned team-months are not stored yet"
    return _value(evidence, "L3", Status.INSUFFICIENT_DATA, released, closed, funded, missing=missing)


def _fom(evidence: Evidence, values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    """Return S1 met and S2 at least partly; what cannot be said of one cannot be said of both."""
    s1, s2 = values["S1"].status, values["S2"].status
    unknown = (Status.INSUFFICIENT_DATA, Status.NOT_ASSESSED)
    if s1 in unknown or s2 in unknown:
        return _value(evidence, "FOM", Status.INSUFFICIENT_DATA, missing="S1 or S2 has insufficient data")
    if s1 is Status.MET and s2 in (Status.MET, Status.PARTLY_MET):
        return _value(evidence, "FOM", Status.MET)
    partly = (Status.MET, Status.PARTLY_MET)
    return _value(evidence, "FOM", Status.PARTLY_MET if s1 in partly and s2 in partly else Status.NOT_MET)


def _civ(_evidence: Evidence, values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    return replace(values["M1"], code="CIV")


def _camps(evidence: Evidence, _values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    camps = [row for row in evidence.rows("site") if row["kind"] == "camp"]
    states = evidence.access_states(camps)
    good = sum(states[row["id"]] <= 1 for row in camps)
    share = count_share("a", "camps with a viable access", good, len(camps), met_at=1.0,
                        evidence=[row["id"] for row in camps])  # fmt: skip
    alternate = Indicator("b", "camps with a viable alternate", None, met_at=1.0)
    missing = "alternates of camps are not computed yet"
    status = Status.NOT_MET if share.value is not None and share.value < 0.60 else Status.INSUFFICIENT_DATA
    return _value(evidence, "CAMPS", status, share, alternate, missing=missing)


def _tasks(evidence: Evidence, _values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    ranked = evidence.rows("hazard_priority")
    open_ids = {hazard.id for hazard in evidence.hazards}
    closed = [row for row in ranked if row["hazard_id"] not in open_ids]
    share = count_share("a", "ranked hazards that are closed", len(closed), len(ranked), met_at=0.80,
                        evidence=[row["id"] for row in ranked])  # fmt: skip
    return _judged(evidence, "TASKS", share, missing="no hazard has a priority")


def _zones(evidence: Evidence, _values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    kinds = set(AREA_KINDS) - {"critical", "area_of_operation"}
    zones = [row for row in evidence.rows("area") if row["kind"] in kinds]
    good = [z for z in zones if z["agreement_ref"] and _within(z["reviewed_at"], evidence.at, AREA_REVIEW_MAX_US)]
    share = count_share("a", "zones with agreement and review within 90 days", len(good), len(zones), met_at=0.90,
                        evidence=[row["id"] for row in zones])  # fmt: skip
    return _judged(evidence, "ZONES", share, missing="no zone is registered")


def _studied(evidence: Evidence, _values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    lengths = {row["id"]: length_of(evidence.network, row["segments"] or ()) for row in evidence.key_routes}
    newest = {route: row.studied_at for route, row in evidence.studies.items() if route in lengths}
    share, total = studied_share(lengths, newest, evidence.at), sum(lengths.values())
    indicator = Indicator(
        "a", "key-route km with a study within 180 days", share,
        numerator=None if share is None else share * total / 1000, denominator=total / 1000, met_at=MET_AT,
        partly_at=PARTLY_AT, evidence=tuple(sorted(lengths)),
    )  # fmt: skip
    return _judged(evidence, "A1", indicator, missing="no key routes are registered")


def _ammunition(evidence: Evidence, _values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    stores = evidence.stores
    closed = [row for row in stores if row["stage"] == "closed"]
    days = evidence.days_to_secured()
    standing = [row for row in stores if row["stage"] not in ("removed", "closed")]
    near = routes_near_stores(evidence.network, standing, evidence.key_routes)
    reached = sorted(store for store, segments in near.items() if segments)
    return _judged(
        evidence, "A4",
        count_share("a", "stores of ammunition that are closed", len(closed), len(stores), met_at=MET_AT,
                    partly_at=PARTLY_AT, evidence=[row["id"] for row in stores]),
        Indicator("b", f"days from record to secured, median of {len(days)}",
                  median(days.values()) if days else None, unit="d", evidence=tuple(sorted(days))),
        Indicator("c", "open stores whose stated distance reaches a key route", float(len(reached)), unit="count",
                  evidence=tuple(reached)),
        missing="no store of ammunition is registered",
    )  # fmt: skip


def _roads(evidence: Evidence, _values: dict[str, BenchmarkValue]) -> BenchmarkValue:
    clear, patrolled = evidence.main_roads()
    return _judged(evidence, "ROADS", clear, patrolled, missing="the network has no main roads")


MEASURES: dict[str, Callable[[Evidence], BenchmarkValue]] = {
    "S1": _s1, "S2": _s2, "S3": _s3, "S4": _s4, "M1": _m1, "M2": _m2, "M3": _m3, "M4": _m4, "L1": _l1, "L2": _l2,
    "L3": _l3,
}  # fmt: skip
NEIGHBOURS: dict[str, Callable[[Evidence, dict[str, BenchmarkValue]], BenchmarkValue]] = {
    "FOM": _fom, "ROADS": _roads, "CIV": _civ, "CAMPS": _camps, "TASKS": _tasks, "ZONES": _zones,
    "A1": _studied, "A4": _ammunition,
}  # fmt: skip


def _within(text: str | None, at: int, span_us: int) -> bool:
    return text is not None and 0 <= at - parse_instant(text) <= span_us


def _is_c3(grade: str | None) -> bool:
    return grade is not None and grade[0] in "ABC" and grade[1] in "123"


def _assessments(session: Session, actor: Actor, at: int) -> dict[str, dict[str, Any]]:
    """Return benchmark -> the signed assessment in force, the latest where there are several."""
    signed: dict[str, dict[str, Any]] = {}
    for row in list_register(session, "assessment", actor=actor):
        if parse_instant(row["valid_from"]) <= at < parse_instant(row["expires"]):
            signed[row["benchmark"]] = row
    return signed


def _body(value: BenchmarkValue, signed: dict[str, Any] | None, host: PictureHost, actor: Actor) -> dict[str, Any]:
    definition = DEFINITIONS[value.code]
    seen = [e for e in value.evidence if visible(actor, host.access_of(e))]
    return {
        "code": value.code,
        "term": definition.term,
        "title": definition.title,
        "computed_as": definition.computed_as,
        "met_when": definition.met_when,
        "window_d": definition.window_d,
        "status": value.status.value,
        "missing": value.missing,
        "coverage": value.coverage,
        "indicators": [{k: v for k, v in asdict(i).items() if k != "evidence"} for i in value.indicators],
        "evidence": seen,
        "evidence_hidden": len(value.evidence) - len(seen),
        "assessment": signed,
        "differs": signed is not None and signed["status"] != value.status.value,
    }
