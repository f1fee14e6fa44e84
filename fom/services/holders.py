"""Who holds the key routes: how much of them lies under the state, under others, contested, or is not known.

Evidence is what people stated: areas that somebody holds, as their assessor says (grade, review), and where a party
stopped movements lately. Each piece of a road is judged by the evidence that still counts there; where none does, it is
unknown. Nothing is carried along a road: a post says who is there, not who holds the next town.

Source: requirements, C2 and C5. Spans and distances: project decision, beside each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.compliance import CONSENT_WEEKS, HOST, WEEK_US, count_exposure, rate_per_100
from fom.domain.geodesy import metres_per_degree
from fom.domain.instants import DAY_US, format_instant, parse_instant
from fom.domain.policy import Policy
from fom.network.network import Network
from fom.services.map_layers import grades_in_force
from fom.services.parties import Evidence, read_evidence
from fom.services.record_reads import list_records
from fom.services.registers import list_register

PIECE_M = 250.0
"""Length of the pieces of road that are judged one by one, at most (J)."""
AREA_LIFE_US = 90 * DAY_US
"""An area not reviewed for longer says nothing any more. Source: doctrine, section 6, S3."""
STOP_LIFE_US = 30 * DAY_US
"""So long the place of a stop tells who was there (J)."""
STOP_REACH_M = 1_000.0
"""So far from its place (J)."""
VIOLENT = ("attack_on_movement", "assault_or_threat", "seizure_or_hijack")
"""Restrictions by force. Source: requirements, C2 (violent or criminal)."""
HOLDERS = ("state", "others", "mission", "contested", "unknown")
GROUP_OF = {
    **dict.fromkeys(HOST, "state"), "mission": "mission",
    **dict.fromkeys(("non_state_group", "community", "criminal", "other_force"), "others"),
}  # fmt: skip
"""Actor -> who holds; partner, nature and unknown hold nothing."""
Pieces = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Held:
    """Metres by holder; `doubtful` are those of them for which no evidence is graded C3 or better."""

    length_m: float
    metres: dict[str, float]
    doubtful: dict[str, float]
    lapsed_m: float
    """Of the unknown: metres of which something was known once, too long ago."""

    def share(self, holder: str) -> float | None:
        """Return the share of the length under a holder, None where there is no length."""
        return self.metres[holder] / self.length_m if self.length_m else None


@dataclass(slots=True)
class _Claim:
    """One piece of evidence: who, where (an outline or a point), how surely, and whether it still counts."""

    group: str
    place: shapely.Geometry
    is_sure: bool
    counts: bool
    told: dict[str, Any] = field(default_factory=dict)


def find_holders(
    session: Session, network: Network, policy: Policy, *, actor: Actor, at: int, known_at: int | None = None
) -> dict[str, Any]:
    """Return who holds the key routes at a moment, as far as the actor may see the evidence.

    Returns
    -------
    `routes`: of each key route `id, code, name, held` (`Held`) and its violent restrictions of 13 weeks with their
    rate; `total`: the same of all, a segment of two routes counted once; `under_state`: violent restrictions per 100
    movements on routes that the state holds for the most part; `evidence`: every claim with its age, its grade and
    how many metres it reached.
    """
    require(actor, "read_restriction_cases")
    known = at if known_at is None else known_at
    claims = [*_areas(session, actor, at, known_at), *_stops(session, actor, policy, at, known)]
    rows = list_register(session, "key_route", actor=actor, known_at=known_at)
    numbers = {row["id"]: _numbers(network, row) for row in rows}
    every = np.unique(np.concatenate([*numbers.values(), np.zeros(0, np.int64)])).astype(np.int64)
    pieces, owner = _cut(network, every)
    judged = _judge(pieces, claims)
    evidence = read_evidence(session, actor=actor, at=at, known_at=known_at)
    routes = []
    for row in rows:
        of_route = np.isin(owner, numbers[row["id"]])
        held = _held(pieces, of_route, judged)
        routes.append({"id": row["id"], "code": row["code"], "name": row["name"], "held": held,
                       "violent": _violent(evidence, {row["id"]})})  # fmt: skip
    mostly = {row["id"] for row in routes if (row["held"].share("state") or 0) >= 0.5}
    return {
        "routes": routes,
        "total": _held(pieces, np.ones(len(pieces), bool), judged),
        "under_state": {"routes": len(mostly), "violent": _violent(evidence, mostly)},
        "evidence": [claim.told for claim in claims],
        "weeks": CONSENT_WEEKS,
    }


def holder_values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return who holds the key routes as plain values, kilometres and shares, for the API."""

    def rate(violent: Any) -> dict[str, Any]:
        interval = violent.interval and {"lower": violent.interval.lower, "upper": violent.interval.upper}
        counts = {"events": violent.events, "movements": violent.movements}
        return {**counts, "per_100": violent.per_100, "interval": interval}

    def held(one: Held) -> dict[str, Any]:
        return {
            "length_m": one.length_m, "metres": one.metres, "doubtful_m": one.doubtful, "lapsed_m": one.lapsed_m,
        }  # fmt: skip

    return {
        "routes": [
            {"id": row["id"], "code": row["code"], **held(row["held"]), "violent": rate(row["violent"])}
            for row in found["routes"]
        ],
        "total": held(found["total"]),
        "under_state": {**found["under_state"], "violent": rate(found["under_state"]["violent"])},
        "evidence": found["evidence"],
    }


def _areas(session: Session, actor: Actor, at: int, known_at: int | None) -> Iterable[_Claim]:
    for row in list_register(session, "area", actor=actor, known_at=known_at):
        group = GROUP_OF.get(row["held_by"] or "")
        reviewed = None if row["reviewed_at"] is None else parse_instant(row["reviewed_at"])
        if group is None or (reviewed is not None and reviewed > at):
            continue
        counts = reviewed is not None and at - reviewed <= AREA_LIFE_US
        yield _claim("area", row["id"], row["name"], row["held_by"], shape(row["geometry"]), row["grade"],
                     row["reviewed_at"], counts, group)  # fmt: skip


def _stops(session: Session, actor: Actor, policy: Policy, at: int, known_at: int) -> Iterable[_Claim]:
    """Yield where a party stopped somebody, charged him or gave an order; what lost its life tells what was known."""
    found = list_records(
        session, actor=actor, kinds=("control",), known_at=known_at, at=at, since=at - 6 * STOP_LIFE_US
    )
    stops = [one for one in found if one["geometry"] and GROUP_OF.get(one["properties"].get("imposed_by") or "")]
    about = [one["id"] for one in stops]
    grades = (
        list_records(session, actor=actor, kinds=("grade",), known_at=known_at, at=at, about=about) if about else []
    )
    wrong = (
        list_records(session, actor=actor, kinds=("closing_act",), known_at=known_at, at=at, about=about)
        if about
        else []
    )
    erroneous = {i for act in wrong if act["properties"]["act"] == "erroneous" for i in act["properties"]["closes"]}
    in_force = grades_in_force(grades, policy)
    for one in stops:
        said = one["properties"]
        if one["id"] in erroneous:
            continue
        moment = parse_instant(said.get("occurred") or said["received"])
        grade = in_force.get(one["id"], said.get("grade"))
        place = shape(one["geometry"]).representative_point()
        yield _claim("stop", one["id"], said["control"], said["imposed_by"], place, grade, format_instant(moment),
                     at - moment <= STOP_LIFE_US, GROUP_OF[said["imposed_by"]])  # fmt: skip


def _claim(
    kind: str, id: str, name: str, held_by: str, place: shapely.Geometry, grade: str | None, said_at: str | None,
    counts: bool, group: str,
) -> _Claim:  # fmt: skip
    told = {
        "kind": kind, "id": id, "name": name, "held_by": held_by, "grade": grade, "at": said_at, "counts": counts,
        "is_sure": is_sure(grade),
    }  # fmt: skip
    return _Claim(group, place, is_sure(grade), counts, told)


def is_sure(grade: str | None) -> bool:
    """Return whether a grade is C3 or better; not judged is not sure. Source: requirements, BS3."""
    return grade is not None and grade[0] in "ABC" and grade[1] in "123"


def _numbers(network: Network, row: Mapping[str, Any]) -> NDArray[np.int64]:
    found = (network.find_segment(stretch["id"]) for stretch in row["segments"] or [])
    return np.array(sorted({number for number in found if number is not None}), np.int64)


def _cut(network: Network, numbers: NDArray[np.int64]) -> tuple[Pieces, NDArray[np.int64]]:
    """Return pieces of road (p, 3): lon, lat of the middle in degrees, length in metres; and the segment of each."""
    if not len(numbers):
        return np.zeros((0, 3)), np.zeros(0, np.int64)
    lengths = np.asarray(network.length_m)[numbers]
    counts = np.maximum(1, np.ceil(lengths / PIECE_M)).astype(np.int64)
    which = np.repeat(np.arange(len(numbers)), counts)
    place = np.concatenate([(np.arange(n) + 0.5) / n for n in counts])
    middles = shapely.line_interpolate_point(network.lines(numbers)[which], place, normalized=True)
    lonlat = shapely.get_coordinates(middles)
    return np.column_stack((lonlat, (lengths / counts)[which])), numbers[which]


def _judge(pieces: Pieces, claims: Sequence[_Claim]) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of each piece: who holds it, whether any of that evidence is sure, whether something lapsed there."""
    groups = ("state", "others", "mission")
    says = {name: np.zeros(len(pieces), bool) for name in groups}
    sure = {name: np.zeros(len(pieces), bool) for name in groups}
    lapsed = np.zeros(len(pieces), bool)
    for claim in claims:
        reached = _reached(pieces, claim.place)
        claim.told["reached_m"] = round(float(pieces[reached, 2].sum()), 1)
        if not claim.counts:
            lapsed |= reached
            continue
        says[claim.group] |= reached
        if claim.is_sure:
            sure[claim.group] |= reached
    voices = sum(says.values(), np.zeros(len(pieces), np.int64))
    holder = np.full(len(pieces), "unknown", dtype="<U9")
    is_sure_there = np.zeros(len(pieces), bool)
    for name in groups:
        alone = says[name] & (voices == 1)
        holder[alone] = name
        is_sure_there |= alone & sure[name]
    holder[voices > 1] = "contested"
    is_sure_there |= (voices > 1) & (sum(sure.values(), np.zeros(len(pieces), np.int64)) > 1)
    return holder, is_sure_there, lapsed & (voices == 0)


def _reached(pieces: Pieces, place: shapely.Geometry) -> NDArray[np.bool_]:
    if place.geom_type == "Point":
        east, north = metres_per_degree(place.y)
        return np.asarray(np.hypot((pieces[:, 0] - place.x) * east, (pieces[:, 1] - place.y) * north) <= STOP_REACH_M)
    shapely.prepare(place)
    return np.asarray(shapely.contains_xy(place, pieces[:, 0], pieces[:, 1]))


def _held(
    pieces: Pieces, chosen: NDArray[np.bool_], judged: tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]
) -> Held:
    holder, sure, lapsed = judged
    metres = {name: float(pieces[chosen & (holder == name), 2].sum()) for name in HOLDERS}
    doubtful = {
        name: float(pieces[chosen & (holder == name) & ~sure, 2].sum()) for name in HOLDERS if name != "unknown"
    }
    return Held(float(pieces[chosen, 2].sum()), metres, doubtful, float(pieces[chosen & lapsed, 2].sum()))


def _violent(evidence: Evidence, routes: set[str]) -> Any:
    """Return violent and criminal restrictions on some routes by others than the state, per 100 movements there."""
    categories = {case["id"]: case["category"] for case in evidence.cases}
    attempts, violations = evidence.within(evidence.at - CONSENT_WEEKS * WEEK_US, evidence.at)
    here = [violation for violation in violations if violation.route in routes]
    events = sum(
        (categories[violation.id] in VIOLENT and violation.actor not in HOST) or violation.actor == "criminal"
        for violation in here
    )
    return rate_per_100(events, count_exposure([a for a in attempts if a.route in routes], here))
