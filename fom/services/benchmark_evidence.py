"""Evidence for the benchmarks at one moment, as known at one moment: fetched once, measured by `domain/indicators`.

All evidence counts, whoever asks; which ids of it a viewer sees is decided where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import OPERATOR
from fom.domain.benchmarks import Indicator
from fom.domain.geodesy import Plane
from fom.domain.indicators import AirHeadEvidence, HazardEvidence, MovementEvidence
from fom.domain.instants import DAY_US, HOUR_US, parse_instant
from fom.domain.records import Explosive, Incident
from fom.domain.registers import AMMUNITION_STAGES
from fom.domain.states import Component, State
from fom.picture.question import Question
from fom.routing.snapping import snap_to_road
from fom.services.air_heads import stand
from fom.services.crossings import stand as stand_crossings
from fom.services.key_routes import DEFAULT_PROFILE
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.store.tables import RegisterVersion, RouteStudy

USER_CLASS = "mission_military"
"""Benchmarks judge the roads for the mission's own movement (J)."""
SAMPLE_US = 6 * HOUR_US
"""Distance of the moments at which states of the last seven days are sampled (J)."""
MAIN_ROADS = frozenset({"motorway", "trunk", "primary"})
CLEAR_WORDS = "main-road km without open explosive fact"
PATROLLED_WORDS = "main-road km passed within 7 days"
ACCESS_RADIUS_M = 2000.0
"""A site is reached by the nearest road within this distance. Source: doctrine, section 5 (settlements)."""


@dataclass(frozen=True)
class Sampled:
    """States of the key-route stretches over some moments, worst of both directions. Arrays (moments, j)."""

    states: NDArray[np.uint8]
    risk: NDArray[np.float64]
    is_ageing: NDArray[np.bool_]
    is_lifted: NDArray[np.bool_]
    is_fresh: NDArray[np.bool_]
    """Verified within T (V1) in every direction."""
    verified_at: NDArray[np.int64]
    """Oldest of the directions, NEVER_US = never."""


class Evidence:
    """What the benchmarks read, each part fetched when first asked for."""

    def __init__(self, session: Session, host: PictureHost, *, at: int, known_at: int) -> None:
        self.session, self.host, self.at, self.known_at = session, host, at, known_at
        self.network = host.network
        with host.reading(known_at) as picture:
            self._picture = picture
        self.profiles = host.edition_at(known_at).profiles
        self._survey = picture.survey(known_at)
        self._sampled: dict[int, dict[str, Any]] = {}

    # registers

    def rows(self, register: str) -> list[dict[str, Any]]:
        """Return a register as it was known, every row."""
        then = None if self.known_at >= self.host.now() else self.known_at
        return list_register(self.session, register, actor=OPERATOR, known_at=then)

    @cached_property
    def key_routes(self) -> list[dict[str, Any]]:
        """Return the key routes."""
        return self.rows("key_route")

    @cached_property
    def movements(self) -> list[MovementEvidence]:
        """Return every movement known."""
        return [_movement(row) for row in self.rows("movement")]

    # key-route stretches

    @cached_property
    def stretches(self) -> dict[int, str]:
        """Return segment number -> planning profile of the key-route segments, each once, ascending.

        Where routes of several profiles share a segment the first route by code decides.
        """
        found: dict[int, str] = {}
        for row in self.key_routes:
            for stretch in row["segments"] or []:
                number = self.network.find_segment(stretch["id"])
                if number is not None:
                    found.setdefault(number, row["planning_profile"] or DEFAULT_PROFILE)
        return dict(sorted(found.items()))

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """Return (j,) numbers of the key-route segments."""
        return np.fromiter(self.stretches, np.int64, len(self.stretches))

    @cached_property
    def length_m(self) -> NDArray[np.float64]:
        """Return (j,) metres."""
        return np.asarray(self.network.length_m[self.numbers])

    @property
    def route_ids(self) -> list[str]:
        """Return the ids of the key routes."""
        return [row["id"] for row in self.key_routes]

    def sample(self, moments: Sequence[int]) -> Sampled:
        """Return the states of the key-route stretches at some moments, each judged for its planning profile."""
        missing = [moment for moment in moments if moment not in self._sampled]
        profiles = np.array(list(self.stretches.values()), dtype=object)
        parts: dict[int, list[tuple[NDArray[np.bool_], dict[str, Any]]]] = {moment: [] for moment in missing}
        for name in sorted(set(profiles.tolist())):
            mine = profiles == name
            question = self._question(self.at, name)
            assessed = self._picture.assess_over(question, missing, self.numbers[mine])
            for moment, assessment in zip(missing, assessed, strict=True):
                parts[moment].append((mine, _worst_ways(assessment)))
        for moment, pieces in parts.items():
            self._sampled[moment] = _joined(pieces, len(profiles))
        chosen = [self._sampled[moment] for moment in moments]
        return Sampled(**{name: np.stack([c[name] for c in chosen]) for name in Sampled.__annotations__})

    def week(self) -> Sampled:
        """Return the states sampled in the middle of each of the last 28 spans of six hours."""
        return self.sample([self.at - SAMPLE_US // 2 - i * SAMPLE_US for i in reversed(range(28))])

    def days(self, count: int) -> Sampled:
        """Return the states at this time of the day on each of the last days, today last."""
        return self.sample([self.at - i * DAY_US for i in reversed(range(count))])

    def _question(self, at: int, profile: str) -> Question:
        return Question(at, self.known_at, self.profiles[profile], USER_CLASS)

    @cached_property
    def intervals_us(self) -> NDArray[np.int64]:
        """Return (j,) own verification interval of the routes over each segment, the shortest; 0 = by threat."""
        found = dict.fromkeys(self.stretches, 0)
        for row in self.key_routes:
            hours = row["verify_interval_h"]
            for stretch in (row["segments"] or []) if hours else []:
                number = self.network.find_segment(stretch["id"])
                if number is not None:
                    own = int(hours * HOUR_US)
                    found[number] = own if not found[number] else min(found[number], own)
        return np.fromiter(found.values(), np.int64, len(found))

    @cached_property
    def reviewed_at(self) -> NDArray[np.int64]:
        """Return (j,) latest signed review of a route over each segment, 0 = none."""
        found = dict.fromkeys(self.stretches, 0)
        for row in self.key_routes:
            reviewed = _moment(row["reviewed_at"])
            for stretch in (row["segments"] or []) if reviewed else []:
                number = self.network.find_segment(stretch["id"])
                if number is not None:
                    found[number] = max(found[number], reviewed or 0)
        return np.fromiter(found.values(), np.int64, len(found))

    @cached_property
    def studies(self) -> dict[str, RouteStudy]:
        """Return key route -> its newest study of those signed by then."""
        query = select(RouteStudy).where(RouteStudy.received <= self.known_at, RouteStudy.studied_at <= self.at)
        rows = self.session.scalars(query.order_by(RouteStudy.studied_at, RouteStudy.received))
        return {row.route_id: row for row in rows}

    # ammunition

    @cached_property
    def stores(self) -> list[dict[str, Any]]:
        """Return the stores of ammunition that are known."""
        return [row for row in self.rows("site") if row["kind"] == "ammunition_storage"]

    def days_to_secured(self) -> dict[str, float]:
        """Return store -> days from its record to the version that first said secured or later.

        A store that was recorded as secured tells nothing of how long it took.
        """
        stores = {row["id"] for row in self.stores}
        query = select(RegisterVersion).where(
            RegisterVersion.register == "site",
            RegisterVersion.row_id.in_(stores),
            RegisterVersion.changed_at <= min(self.at, self.known_at),
        )
        first: dict[str, int] = {}
        found: dict[str, float] = {}
        for version in self.session.scalars(query.order_by(RegisterVersion.row_id, RegisterVersion.version)):
            row_id, stage = version.row_id, version.body.get("stage")
            is_secured = stage in AMMUNITION_STAGES[AMMUNITION_STAGES.index("secured") :]
            if row_id not in first:
                first[row_id] = version.changed_at
                if is_secured:
                    found[row_id] = -1.0
            elif is_secured and row_id not in found:
                found[row_id] = (version.changed_at - first[row_id]) / DAY_US
        return {row_id: days for row_id, days in found.items() if days >= 0}

    # records

    def known(self, kind: type[Any]) -> list[Any]:
        """Return the records of a class that are known, and not retracted, and happened by now."""
        return [r for r in self._survey.known(kind.kind) if r.eff <= self.at]

    def incidents_near(self, types: Iterable[str], after: int, until: int) -> dict[str, NDArray[np.int64]]:
        """Return id -> positions in `numbers` of the segments within 500 m, for incidents of (after, until].

        Linked incidents count once.
        """
        wanted, near = set(types), {}
        groups: set[str] = set()
        for incident in self.known(Incident):
            if incident.incident_type not in wanted or not after < incident.eff <= until:
                continue
            group = self._survey.group_of(incident, self.at)
            at = np.flatnonzero(np.isin(self.numbers, self._survey.segments_near(incident)))
            if len(at) and group not in groups:
                groups.add(group)
                near[incident.id] = at
        return near

    @cached_property
    def hazards(self) -> list[HazardEvidence]:
        """Return every open explosive hazard; it touches a key route when a state there names it as a reason."""
        touching = self._explosive_reasons()
        set_at: dict[str, int] = {}
        for row in self.rows("hazard_priority"):
            moment = _moment(row["set_at"]) or 0
            if moment <= self.at:
                set_at[row["hazard_id"]] = max(set_at.get(row["hazard_id"], 0), moment)
        open_hazards = (h for h in self.known(Explosive) if self._survey.is_open(h, self.at))
        return [
            HazardEvidence(
                hazard.id,
                is_complete=_is_complete(hazard),
                touches_key_route=hazard.id in touching,
                priority_set_at=set_at.get(hazard.id),
            )
            for hazard in open_hazards
        ]

    def _explosive_reasons(self) -> set[str]:
        found: set[str] = set()
        profile = self.profiles[DEFAULT_PROFILE]
        assessment = self._picture.assess(Question(self.at, self.known_at, profile, USER_CLASS), self.numbers)
        hit = (assessment.components[:, :, Component.EXPLOSIVE] > State.GREEN).any(axis=1)
        for number in self.numbers[hit].tolist():
            for reason in assessment.reasons(number, 0):
                if reason.component is Component.EXPLOSIVE:
                    found.update(reason.fact_ids)
        return found

    def main_roads(self) -> tuple[Indicator, Indicator]:
        """Return the share of main-road km without open explosive fact, and that passed within 7 days."""
        main = [i for i, word in enumerate(self.network.highway_words) if word.removesuffix("_link") in MAIN_ROADS]
        numbers = np.flatnonzero(np.isin(self.network.highway, main)).astype(np.int64)
        length = np.asarray(self.network.length_m[numbers])
        total = float(length.sum())
        if not total:
            return Indicator("a", CLEAR_WORDS, None, met_at=0.95), Indicator("b", PATROLLED_WORDS, None, met_at=0.80)
        assessment = self._picture.assess(self._question(self.at, DEFAULT_PROFILE), numbers)
        is_clear = (assessment.components[:, :, Component.EXPLOSIVE] == State.GREEN).all(axis=1)
        age = self.at - np.maximum(_worst_ways(assessment)["verified_at"], -(2**61))
        clear, patrolled = float(length[is_clear].sum()), float(length[age <= 7 * DAY_US].sum())
        return (
            Indicator("a", CLEAR_WORDS, clear / total, "share", clear / 1000, total / 1000, None, 0.95, 0.60),
            Indicator(
                "b", PATROLLED_WORDS, patrolled / total, "share", patrolled / 1000, total / 1000, None, 0.80, 0.60
            ),
        )

    # places

    @staticmethod
    def shapes(rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Return the geometries of register rows, degrees."""
        return [shapely.geometry.shape(row["geometry"]) for row in rows]

    @cached_property
    def air_heads(self) -> list[AirHeadEvidence]:
        """Return every air head as it stood at the moment asked about."""
        rows = stand(self.session, self.rows("air_head"), self._survey, at=self.at, known_at=self.known_at)
        return [AirHeadEvidence(row["id"], row["status"]) for row in rows]

    @cached_property
    def crossings(self) -> list[dict[str, Any]]:
        """Return every crossing as it stood at the moment asked about."""
        return stand_crossings(self.session, self.rows("crossing"), at=self.at, known_at=self.known_at)

    def access_states(self, places: Sequence[dict[str, Any]]) -> dict[str, State]:
        """Return id -> state of the nearest road within 2 km, worst of both ways; GREY where no road is near."""
        snaps = {
            row["id"]: snap_to_road(self.network, row["lon"], row["lat"], radius_m=ACCESS_RADIUS_M) for row in places
        }
        numbers = np.array(sorted({s.segment for s in snaps.values() if s is not None}), np.int64)
        if not len(numbers):
            return dict.fromkeys(snaps, State.GREY)
        assessment = self._picture.assess(self._question(self.at, DEFAULT_PROFILE), numbers)
        states = dict(zip(numbers.tolist(), _worst_ways(assessment)["states"].tolist(), strict=True))
        return {key: State.GREY if s is None else State(states[s.segment]) for key, s in snaps.items()}

    def is_attacked(self, lon: float, lat: float, types: Iterable[str], after: int, reach_m: float) -> bool:
        """Return whether a graded incident of some types happened within reach of a place since a moment."""
        wanted, plane = set(types), Plane.at(lon, lat)
        here = plane.project_shape(shapely.Point(lon, lat))
        return any(
            incident.geometry is not None
            and incident.incident_type in wanted
            and incident.eff > after
            and plane.project_shape(incident.geometry).distance(here) <= reach_m
            for incident in self.known(Incident)
        )


def _worst_ways(assessment: Any) -> dict[str, Any]:
    """Return the worse of both directions of each segment; a one-way segment has only the one."""
    exists = assessment.states != 255
    states = np.where(exists, assessment.states, State.GREEN).max(axis=1)
    verification = np.where(exists, assessment.components[:, :, Component.VERIFICATION], State.GREEN).max(axis=1)
    other = np.delete(assessment.components, Component.VERIFICATION, axis=2).max(axis=2)
    return {
        "states": states.astype(np.uint8),
        "risk": np.where(exists, assessment.risk, 0.0).max(axis=1),
        "is_ageing": (states == State.AMBER)
        & (verification == State.AMBER)
        & (np.where(exists, other, 0).max(axis=1) == State.GREEN),
        "is_lifted": np.stack([verdict.improved for verdict in assessment.verdicts], axis=1).any(axis=1),
        "is_fresh": verification == State.GREEN,
        "verified_at": np.where(exists, assessment.verified_at, np.iinfo(np.int64).max).min(axis=1),
    }


def _joined(pieces: list[tuple[NDArray[np.bool_], dict[str, Any]]], size: int) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "states": np.zeros(size, np.uint8), "risk": np.zeros(size), "is_ageing": np.zeros(size, np.bool_),
        "is_lifted": np.zeros(size, np.bool_), "is_fresh": np.zeros(size, np.bool_),
        "verified_at": np.zeros(size, np.int64),
    }  # fmt: skip
    for mine, values in pieces:
        for name, value in values.items():
            whole[name][mine] = value
    return whole


def _is_complete(hazard: Explosive) -> bool:
    """Return whether a hazard's record has place, class, source and date (the minimum for setting priorities)."""
    has_place = hazard.geometry is not None or (hazard.location is not None and hazard.location.mgrs is not None)
    has_class = hazard.explosive_class != "unknown_item" or hazard.hazard != "item"
    return has_place and has_class and hazard.origin is not None and hazard.occurred is not None


def _movement(row: dict[str, Any]) -> MovementEvidence:
    return MovementEvidence(
        id=row["id"],
        user_class=row["user_class"],
        admin_unit=row["admin_unit"],
        planned_start=parse_instant(row["planned_start"]),
        planned_end=_moment(row["planned_end"]) or parse_instant(row["planned_start"]),
        actual_start=_moment(row["actual_start"]),
        actual_end=_moment(row["actual_end"]),
        outcome=row["outcome"],
    )


def _moment(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)
