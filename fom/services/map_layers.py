"""The map's layers for one viewer: what he may see of records and registers, and key routes with their states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import shapely
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.grades import confidence_of
from fom.domain.instants import NEVER_US, format_instant
from fom.domain.policy import Policy
from fom.domain.states import State
from fom.errors import NotFound
from fom.maps import layers
from fom.maps.route_lines import Life, route_feature
from fom.maps.style import letter_of
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.question import Question
from fom.services.air_heads import list_air_heads
from fom.services.consent_layer import consent_features
from fom.services.crossings import list_crossings
from fom.services.disclosure import KnowsAccess, disclose_reason
from fom.services.key_routes import assess_key_routes
from fom.services.movement_layer import read_movement_features
from fom.services.picture_host import PictureHost
from fom.services.record_reads import list_records
from fom.services.registers import list_register

Feature = dict[str, Any]


class OnNetwork(KnowsAccess, Protocol):
    """What telling the cause of a route's state needs of the host."""

    network: Network


def read_layer(
    session: Session,
    host: PictureHost,
    name: str,
    question: Question,
    *,
    actor: Actor,
    units: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a layer as a FeatureCollection with `version` and `as_of`.

    `units`: outlines of the administrative units, of which the layer `consent` is made.

    Raises
    ------
    NotFound
        No such layer.
    NotPermitted
        `consent`, to those who read no restriction cases.
    """
    if name not in LAYERS:
        raise NotFound("layer", name)
    version = host.version
    if name == CONSENT:
        known_at = None if host.knows_all(question) else question.known_at
        features = consent_features(session, units, actor=actor, at=question.at, known_at=known_at)
    else:
        features = READERS[name](session, host, question, actor)
    return {
        "type": "FeatureCollection",
        "version": version,
        "as_of": format_instant(question.at),
        "features": features,
    }


def grades_in_force(grades: Sequence[Feature], policy: Policy) -> dict[str, str]:
    """Return target -> grade: of each grader his latest, of these the one with the highest confidence.

    Source: facts format, section 2 (for facts that limit movement, which all records on the map are).
    """
    latest: dict[tuple[str, str], Feature] = {}
    for grade in sorted(grades, key=lambda g: (g["properties"]["received"], g["id"])):
        latest[grade["properties"]["target"], grade["properties"]["by"]] = grade
    best: dict[str, str] = {}
    for (target, _), grade in latest.items():
        value = grade["properties"]["grade"]
        if target not in best or confidence_of(value, policy) > confidence_of(best[target], policy):
            best[target] = value
    return best


def _records(
    session: Session, host: PictureHost, question: Question, actor: Actor, *kinds: str, since: int | None = None
) -> list[Feature]:
    """Return what a viewer may see of some kinds, as known and as it was at the moments of a question."""
    found = list_records(session, actor=actor, kinds=kinds, known_at=question.known_at, at=question.at, since=since)
    return [host.names.feature(feature) for feature in found]


def _about(
    session: Session, host: PictureHost, question: Question, actor: Actor, kind: str, records: Iterable[Feature]
) -> list[Feature]:
    """Return the acts or grades that speak of some records."""
    found = list_records(
        session, actor=actor, kinds=(kind,), known_at=question.known_at, at=question.at,
        about=[record["id"] for record in records],
    )  # fmt: skip
    return [host.names.feature(feature) for feature in found]


def _ended(acts: Iterable[Feature]) -> set[str]:
    """Return the records that an act of a kind that needs no area has ended."""
    return {
        target
        for act in acts
        if act["properties"]["act"] == "lifted" or len(set(act["properties"].get("signed_by") or ())) >= 2
        for target in act["properties"]["closes"]
    }


def _hazards(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    known = list_records(session, actor=actor, kinds=("explosive",), known_at=question.known_at)
    hazards = [host.names.feature(hazard) for hazard in known if _lay_there(hazard, question.at)]
    policy = host.edition_at(question.known_at).policy
    tasks = list_register(session, "task", actor=actor, kind="eod")
    return layers.hazard_features(
        hazards,
        _about(session, host, question, actor, "closing_act", hazards),
        grades_in_force(_about(session, host, question, actor, "grade", hazards), policy),
        in_work=[task["target_id"] for task in tasks if task.get("done_at") is None],
        at=question.at,
        policy=policy,
    )


def _lay_there(hazard: Feature, at: int) -> bool:
    """Return whether a hazard counts at a moment: what is found lay there before, unless it was newly placed."""
    return not hazard["properties"].get("new_emplacement") or layers.effective_at(hazard) <= at


def _restrictions(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    policy = host.edition_at(question.known_at).policy
    records = [
        record
        for record in _records(session, host, question, actor, "control", "physical")
        if layers.holds(record, question.at, policy)
    ]
    ended = _ended(_about(session, host, question, actor, "closing_act", records))
    records = [record for record in records if record["id"] not in ended]
    grades = grades_in_force(_about(session, host, question, actor, "grade", records), policy)
    return layers.restriction_features(records, grades, _named_lines(host.network, records), policy=policy)


def _incidents(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    policy = host.edition_at(question.known_at).policy
    since = question.at - layers.INCIDENTS_SHOWN_US
    records = _records(session, host, question, actor, "incident", since=since)
    ended = _ended(_about(session, host, question, actor, "closing_act", records))
    records = [record for record in records if record["id"] not in ended]
    grades = grades_in_force(_about(session, host, question, actor, "grade", records), policy)
    return layers.incident_features(records, grades, policy=policy)


def _named_lines(network: Network, records: Sequence[Feature]) -> dict[str, shapely.Geometry]:
    """Return the lines of the segments and assets that records name instead of a place."""
    lines: dict[str, shapely.Geometry] = {}
    for record in records:
        said = record["properties"]
        for stretch in said.get("segments") or ():
            number = network.find_segment(stretch["id"])
            if number is not None:
                lines[stretch["id"]] = network.line(number)
        asset = network.find_asset(said["asset"]) if said.get("asset") else None
        if asset is not None:
            place = int(np.flatnonzero(network.asset_of == asset)[0])
            lines[said["asset"]] = network.line(int(np.searchsorted(network.asset_start, place, side="right")) - 1)
    return lines


def _routes(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    rows, assessment = assess_key_routes(session, host, question, actor=actor)
    lives = verification_lives(assessment)
    return [
        route_feature(
            host.network,
            row["segments"] or [],
            lives,
            id=row["id"],
            code=row["code"],
            name=row["name"],
            state=letter_of(State[row["state"]]),
            length_m=row["length_m"],
            by_state_m={letter_of(State[state]): metres for state, metres in row["by_state_m"].items()},
            verified_at=row["verified_at"],
            risk=row["risk"],
            confidence=row["confidence"],
            owner=row["owner"],
            reviewed_at=row["reviewed_at"],
            cause=deciding_cause(host, assessment, row, actor=actor),
        )
        for row in rows
    ]


def verification_lives(assessment: Assessment) -> dict[tuple[int, int], Life]:
    """Return (segment number, direction) -> (verified at, when its life T ends), microseconds, where ever verified."""
    fresh_us = assessment.contributions.fresh_us(assessment.tick)
    lives: dict[tuple[int, int], Life] = {}
    for row, number in enumerate(assessment.segments):
        for direction in (0, 1):
            verified = int(assessment.verified_at[row, direction])
            if verified != NEVER_US:
                lives[int(number), direction] = (verified, verified + int(fresh_us[row]))
    return lives


def deciding_cause(host: OnNetwork, assessment: Assessment, row: Mapping[str, Any], *, actor: Actor) -> str | None:
    """Return where along a route its worst state begins and why, as the viewer may know; None for an open route."""
    found = deciding_row(host.network, assessment, row)
    return None if found is None else tell_cause(host, assessment, found, actor=actor)


def tell_cause(host: KnowsAccess, assessment: Assessment, found: tuple[float, int, int], *, actor: Actor) -> str:
    """Return the same in words for what `deciding_row` found."""
    at_m, row, direction = found
    return f"km {at_m / 1000:.0f}: {first_reason(host, assessment, row, direction, actor=actor)}"


def deciding_row(network: Network, assessment: Assessment, row: Mapping[str, Any]) -> tuple[float, int, int] | None:
    """Return (metres along a route, row, direction) where its worst state begins; None for an open route."""
    worst, along, found = State.GREEN, 0.0, None
    for stretch in row["segments"] or []:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        direction = 1 if stretch.get("direction") == "backward" else 0
        place = assessment.row_of(number)
        state = int(assessment.states[place, direction])
        if worst < state <= max(State):
            worst, found = State(state), (along, place, direction)
        end = float(network.length_m[number]) if stretch.get("to_m") is None else stretch["to_m"]
        along += end - (stretch.get("from_m") or 0.0)
    return found


def first_reason(host: KnowsAccess, assessment: Assessment, row: int, direction: int, *, actor: Actor) -> str:
    """Return the text of the worst reason of a row, or the advice to contact the JOC."""
    reason = assessment.reason_members(row, direction)[0]
    return str(disclose_reason(reason, actor=actor, host=host)["text"])


Reader = Callable[[Session, PictureHost, Question, Actor], list[Feature]]


def _register(name: str, make: Callable[[Sequence[Mapping[str, Any]]], list[Feature]]) -> Reader:
    def read(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
        known_at = None if host.knows_all(question) else question.known_at
        return make(list_register(session, name, actor=actor, known_at=known_at))

    return read


def _air_heads(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    known_at = None if host.knows_all(question) else question.known_at
    return layers.air_head_features(list_air_heads(session, host, actor=actor, at=question.at, known_at=known_at))


def _crossings(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    known_at = None if host.knows_all(question) else question.known_at
    return layers.crossing_features(list_crossings(session, host, actor=actor, at=question.at, known_at=known_at))


def _control_points(session: Session, host: PictureHost, question: Question, actor: Actor) -> list[Feature]:
    known_at = None if host.knows_all(question) else question.known_at
    rows = list_register(session, "control_point", actor=actor, known_at=known_at)
    return layers.control_point_features(rows, at=question.at)


READERS: dict[str, Reader] = {
    "hazards": _hazards,
    "restrictions": _restrictions,
    "incidents": _incidents,
    "routes": _routes,
    "air-heads": _air_heads,
    "crossings": _crossings,
    "control-points": _control_points,
    "sites": _register("site", layers.site_features),
    "areas": _register("area", layers.area_features),
    "movements": read_movement_features,
}
"""Layer -> how it is read, of those that everybody may ask for."""
CONSENT = "consent"
LAYERS = (*READERS, CONSENT)
