"""Key routes: drawn along via points over the network, kept in the register and as a `route` record."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.facts_file import format_record, parse_record
from fom.domain.instants import format_instant
from fom.domain.profiles import PROFILES
from fom.domain.states import DIRECTION_CODES, State
from fom.errors import FieldError, InvalidInput
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.question import Question
from fom.routing.planning import best_through
from fom.routing.router import Path, Router
from fom.routing.snapping import Snap, snap_to_road
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register, save_register
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import Provenance, insert_records
from fom.store.tables import KeyRoute

DEFAULT_PROFILE = "P5"
"""Planning profile of a route that names none: the truck that supplies move on."""


def define_key_route(
    session: Session,
    values: Mapping[str, Any],
    *,
    version: int | None,
    actor: Actor,
    now: int,
    network: Network,
    router: Router,
) -> dict[str, Any]:
    """Write a key route and return its row; with `via`, its stretches are the quickest way along it.

    The way is searched on the road as it is recorded, whatever its state now: a closed key route stays a key route.
    A changed course becomes a new `route` record and retracts the one before.

    Raises
    ------
    InvalidInput
        A via point far from any road, no way between two of them, neither via points nor stretches.
    Conflict
        Stale, as in `save_register`.
    """
    require(actor, "edit_key_routes")
    values = dict(values)
    if values.get("via"):
        values["segments"] = stretches_along(network, router, values["via"])
    elif not values.get("segments"):
        raise InvalidInput.single("via", "nothing", "at least two positions [lon, lat]")
    at = step(session, now)
    before = session.get(KeyRoute, values.get("id"))
    old_segments = None if before is None else before.segments
    saved = save_register(session, "key_route", values, version=version, actor=actor, now=at)
    row = session.get_one(KeyRoute, saved["id"])
    if row.record_id is None or old_segments != row.segments:
        renew_record(session, row, actor=actor, at=at)
    return saved


def list_key_routes(session: Session, host: PictureHost, question: Question, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the key routes by code with `state, risk, confidence, verified_at, length_m, by_state_m` at a moment.

    Confidence and verification are null where any part has none; lengths are metres, by the state of each stretch.
    """
    return assess_key_routes(session, host, question, actor=actor)[0]


def assess_key_routes(
    session: Session, host: PictureHost, question: Question, *, actor: Actor
) -> tuple[list[dict[str, Any]], Assessment]:
    """Return the same with the assessment of all their segments, which tells why."""
    rows = list_register(session, "key_route", actor=actor)
    assessment = host.assess(question, _numbers(host.network, rows))
    place = {int(number): index for index, number in enumerate(assessment.segments)}
    rated = [row | _rated(host.network, assessment, place, row["segments"] or []) for row in rows]
    return rated, assessment


def stretches_along(network: Network, router: Router, via: object) -> list[dict[str, Any]]:
    """Return the stretches `[{id, from_m, to_m, direction}]` of the quickest way along positions [[lon, lat], …]."""
    snaps = _snap_all(network, via)
    hours = np.asarray(network.length_m) / 1000 / np.asarray(network.speed_kmh)
    costs = np.repeat(hours * 3600, 2)
    costs[1::2][np.asarray(network.is_oneway)] = np.inf
    with router.metric(costs, vehicle=PROFILES[DEFAULT_PROFILE].vehicle).reading() as searches:
        for index, pair in enumerate(itertools.pairwise(snaps)):
            if searches.best(*pair) is None:
                came, expected = "no way from the position before", "a connected position"
                raise InvalidInput.single(f"via[{index + 1}]", came, expected, reason="no_way")
        path = best_through(searches, snaps)
    if path is None:
        came, expected = "no way through all positions", "positions that one drive can pass in order"
        raise InvalidInput.single("via", came, expected, reason="no_way")
    return _stretches(network, path)


def _snap_all(network: Network, via: object) -> list[Snap]:
    errors, snaps = [], []
    for index, position in enumerate(via if isinstance(via, list | tuple) else ()):
        try:
            lon, lat = (float(value) for value in position)
            snap = snap_to_road(network, lon, lat)
        except (TypeError, ValueError):
            errors.append(FieldError(f"via[{index}]", repr(position)[:40], "[lon, lat] in degrees"))
            continue
        if snap is None:
            came, expected = f"{lon:.5f}, {lat:.5f}", "a position within 2 km of a road"
            errors.append(FieldError(f"via[{index}]", came, expected, reason="no_road"))
        else:
            snaps.append(snap)
    if not errors and len(snaps) < 2:
        errors.append(FieldError("via", f"{len(snaps)} positions", "at least two positions [lon, lat]"))
    if errors:
        raise InvalidInput(errors)
    return snaps


def _stretches(network: Network, path: Path) -> list[dict[str, Any]]:
    stretches = []
    for arc, enter, leave in zip(path.arcs, path.enter, path.leave, strict=True):
        number, direction = int(arc) >> 1, int(arc) & 1
        if leave <= enter:
            continue
        start, end = (enter, leave) if direction == 0 else (1 - leave, 1 - enter)
        length = float(network.length_m[number])
        stretches.append(
            {
                "id": network.segment_id(number),
                "from_m": round(float(start) * length, 1),
                "to_m": round(float(end) * length, 1),
                "direction": DIRECTION_CODES[direction],
            }
        )
    return stretches


def renew_record(session: Session, row: KeyRoute, *, actor: Actor, at: int, change: int | None = None) -> None:
    """Write the `route` record of the row's course and take the one before back.

    A route record has no times in the facts format: the old course ends with its retraction. `change`: of what it is a
    part, without it is a change of its own.
    """
    record_id, old_id = f"{row.id}.{row.version}", row.record_id
    ways = [{"id": stretch["id"], "direction": stretch.get("direction") or "forward"} for stretch in row.segments or []]
    meta = {"key_route": row.id, "code": row.code}
    features = [_feature(record_id, {"kind": "route", "segments": ways, "meta": meta})]
    if old_id is not None:
        signed = {"received": format_instant(at), "by": actor.person, "signed_by": [actor.person]}
        features.append(_feature(f"{old_id}.retracted", {"kind": "retraction", "target": old_id, **signed}))
    ids = [feature["id"] for feature in features]
    change = change or add_change(session, "record", at=at, subject=("record", record_id), record_ids=ids)
    insert_records(session, features, Provenance(change_number=change, classification=row.classification))
    row.record_id = record_id
    details = {"key_route": row.id, "replaces": old_id}
    note(session, "course", ("record", record_id), kind="record", actor=actor, at=at, details=details, change=change)


def _feature(record_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    feature = {"type": "Feature", "id": record_id, "geometry": None, "properties": dict(properties)}
    return format_record(parse_record(feature))


def _numbers(network: Network, rows: list[dict[str, Any]]) -> list[int]:
    found = (network.find_segment(stretch["id"]) for row in rows for stretch in row["segments"] or [])
    return sorted({number for number in found if number is not None})


def _rated(network: Network, assessment: Assessment, place: Mapping[int, int], stretches: list[Any]) -> dict[str, Any]:
    by_state = {state.name: 0.0 for state in State}
    ways = []
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        end = stretch.get("to_m")
        part_m = (float(network.length_m[number]) if end is None else end) - (stretch.get("from_m") or 0)
        direction = DIRECTION_CODES.index(stretch.get("direction") or "forward")
        ways.append((number, direction))
        by_state[State(int(assessment.states[place[number], direction])).name] += part_m
    rated = {"state": State.GREY.name, "risk": None, "confidence": None, "verified_at": None}
    if ways:
        rated = assessment.route_state(ways).members()
        del rated["route_id"]
    by_state = {name: round(metres, 1) for name, metres in by_state.items()}
    return rated | {"length_m": round(sum(by_state.values()), 1), "by_state_m": by_state}
