"""One item of the desk in full: what it says, where it lies to the roads, what each grade would do, what is near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.facts_file import parse_record
from fom.domain.geodesy import bounds_with_reach
from fom.domain.grades import confidence_of
from fom.domain.instants import DAY_US
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.positions import reading
from fom.domain.states import NO_STATE, State
from fom.errors import NotFound
from fom.maps.inset import Inset, draw_inset
from fom.maps.style import STYLES
from fom.services.asking import list_questions
from fom.services.effects import GRADES, Bench, Effect
from fom.services.judging import get_visible_record
from fom.services.movement_outlook import affected_movements
from fom.services.pending import list_pending_of
from fom.services.picture_host import PictureHost
from fom.services.queue import Waiting, look_at
from fom.services.record_reads import get_record
from fom.services.reporting import get_report
from fom.services.seen import mark_now
from fom.services.suggesting import Suggestion, distance_between_m, suggest_links
from fom.store.records import list_present
from fom.store.reports import find_report
from fom.store.tables import RecordRow

ROADS_DRAWN = 60
PASSAGES_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """How a place lies to the nearest road that matters; the rule in figures, all metres."""

    segment_id: str
    route: str | None
    distance_m: float
    doubt_m: float
    corridor_m: float
    band_m: float
    imprecise_m: float
    zone: str
    """`on`, `imprecise` (on, but the doubt is so large that it counts one level less), `near` or `off`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Grades that lead to one state on the road that matters, from the surest down."""

    state: State
    least: float
    """Smallest confidence."""
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """All that the desk shows of one report or record."""

    waiting: Waiting
    report: dict[str, Any] | None
    record: dict[str, Any] | None
    """The record looked at, with what was said of it; None when the report has none."""
    row: RecordRow | None
    seen: int
    place: str | None
    """Read in two forms."""
    lie: Lie | None
    inset: Inset | None
    outlook: Mapping[str, Effect]
    ladder: tuple[Rung, ...]
    suggestions: tuple[Suggestion, ...]
    linked: Mapping[str, Mapping[str, Effect]]
    """Record id of a likely suggestion -> relation -> what the link would do."""
    passages: tuple[dict[str, Any], ...]
    questions: tuple[dict[str, Any], ...]
    pending: tuple[dict[str, Any], ...]
    """Acts about its records that wait for a second person, as far as the actor may see them."""
    affected: tuple[dict[str, Any], ...]
    """Open movements whose way ahead leads over what it touches (`affected_movements`)."""
    centre: tuple[float, float] | None
    """Where it is, or the middle of the road it is on."""
    view: tuple[float, float, float, float] | None
    """West, south, east, north of the item and the stretch on which it does most."""
    touched: tuple[int, ...]
    """Numbers of the segments that it changes once accepted."""
    stretch: tuple[str, ...]
    """Segments on which the record does most, for a state set by hand."""
    is_late_proof: bool
    """Whether it shows that a road was told better than it was, since the event and before it came."""


def look_into(
    session: Session,
    host: PictureHost,
    *,
    report_id: str | None = None,
    record_id: str | None = None,
    actor: Actor,
    now: int,
) -> Item:
    """Return one item: of a report the record named, else its first ungraded one.

    Raises
    ------
    NotFound
        No such report or record for this actor.
    """
    require(actor, "read_reports")
    if report_id is None and record_id is not None:
        report_id = get_visible_record(session, record_id, actor).report_id
    shown = None if report_id is None else get_report(session, report_id, actor=actor)
    rows = _rows(session, shown, record_id, actor)
    report = None if report_id is None else find_report(session, report_id)
    waiting = look_at(session, host, actor=actor, now=now, report=report, rows=rows)
    row = _chosen(rows, waiting, record_id)
    if row is None:
        return Item(
            waiting=waiting, report=shown, record=None, row=None, seen=mark_now(session), place=None, lie=None,
            inset=None, outlook={}, ladder=(), suggestions=(), linked={}, passages=(),
            questions=_questions(session, report_id, actor), pending=(), affected=(), centre=None, view=None,
            touched=(), stretch=(), is_late_proof=False,
        )  # fmt: skip
    bench = Bench(session, host, by=actor.person)
    outlook = bench.outlook(row)
    suggestions = suggest_links(session, row.id, actor=actor, now=now)
    shape, doubt_m = _where(row, host)
    lie = None if shape is None else _lie(bench, row, shape, doubt_m, host)
    stretch = _stretch(bench, waiting, host)
    view = _view(shape, stretch, host)
    centre = None if view is None else ((view[0] + view[2]) / 2, (view[1] + view[3]) / 2)
    return Item(
        waiting=waiting, report=shown, record=get_record(session, row.id, actor=actor), row=row,
        seen=mark_now(session), place=None if shape is None else reading(shape.centroid.x, shape.centroid.y),
        lie=lie, inset=None if shape is None else _inset(bench, shape, doubt_m, lie, host), outlook=outlook,
        ladder=tuple(_ladder(outlook, host)), suggestions=tuple(suggestions),
        linked={
            s.record["id"]: {name: bench.linked(row, s.record["id"], name) for name in ("same_incident", "duplicate")}
            for s in suggestions
            if s.is_likely and s.link is None and may(actor, "link")
        },
        passages=tuple(_passages(session, shape, actor, now)), questions=_questions(session, report_id, actor),
        pending=tuple(list_pending_of(session, [r.id for r in rows], actor=actor)),
        affected=tuple(affected_movements(session, host, bench.touched(waiting.rows), actor=actor)),
        centre=centre if shape is None else (shape.centroid.x, shape.centroid.y), view=view,
        touched=tuple(number for name in stretch if (number := host.network.find_segment(name)) is not None),
        stretch=stretch, is_late_proof=_is_late_proof(waiting, host),
    )  # fmt: skip


def _rows(session: Session, report: dict[str, Any] | None, record_id: str | None, actor: Actor) -> list[RecordRow]:
    if report is None:
        return [] if record_id is None else [get_visible_record(session, record_id, actor)]
    rows = [get_visible_record(session, feature["id"], actor) for feature in report["records"]]
    if record_id is not None and record_id not in {row.id for row in rows}:
        rows.append(get_visible_record(session, record_id, actor))
    return rows


def _chosen(rows: Sequence[RecordRow], waiting: Waiting, record_id: str | None) -> RecordRow | None:
    if record_id is not None:
        found = next((row for row in rows if row.id == record_id), None)
        if found is None:
            raise NotFound("record", record_id)
        return found
    return next(iter((*waiting.ungraded, *waiting.rows, *rows)), None)


def _questions(session: Session, report_id: str | None, actor: Actor) -> tuple[dict[str, Any], ...]:
    return () if report_id is None else tuple(list_questions(session, report_id, actor=actor))


def _where(row: RecordRow, host: PictureHost) -> tuple[BaseGeometry | None, float]:
    record = parse_record(host.names.feature_of(row))
    return shape_of(record), uncertainty_m(record.location, host.policy)


def _lie(bench: Bench, row: RecordRow, shape: BaseGeometry, doubt_m: float, host: PictureHost) -> Lie | None:
    """Return how a place lies to the nearest touched road, of key routes if any is touched."""
    network, policy = host.network, host.policy
    touched = bench.touched([row])
    on_routes = {int(number): way.code for way in bench.ways for number in way.numbers.tolist()}
    wanted = [n for n in touched.tolist() if n in on_routes] or touched.tolist()
    if not wanted:
        return None
    number = min(wanted, key=lambda n: (distance_between_m(shape, network.line(n)), n))
    distance, corridor = distance_between_m(shape, network.line(number)), _corridor_m(host, number)
    nearest = distance - doubt_m
    zone = "off"
    if nearest <= corridor:
        is_loose = doubt_m > policy.imprecise_m and distance + doubt_m > corridor
        zone = "imprecise" if is_loose and row.kind in ("explosive", "physical", "control") else "on"
    elif row.kind == "explosive" and nearest <= policy.near_band_m:
        zone = "near"
    return Lie(
        segment_id=network.segment_id(number), route=on_routes.get(number), distance_m=distance, doubt_m=doubt_m,
        corridor_m=corridor, band_m=policy.near_band_m, imprecise_m=policy.imprecise_m, zone=zone,
    )  # fmt: skip


def _corridor_m(host: PictureHost, number: int) -> float:
    network = host.network
    half = float(np.nan_to_num(network.carriageway_m[number])) / 2 + float(np.nan_to_num(network.shoulder_m[number]))
    return max(host.policy.corridor_m, half)


def _inset(bench: Bench, shape: BaseGeometry, doubt_m: float, lie: Lie | None, host: PictureHost) -> Inset:
    network = host.network
    reach = max(260.0, 3 * doubt_m, 3 * (lie.distance_m if lie else 0.0))
    box = bounds_with_reach(np.array([shape.bounds]), reach)[0]
    _, near = network.boxes.query(box)
    numbers = sorted(np.unique(near).tolist(), key=lambda n: (distance_between_m(shape, network.line(n)), n))
    numbers = numbers[:ROADS_DRAWN]
    states = host.assess(bench.question, numbers).states if numbers else np.zeros((0, 2), np.uint8)
    worst = np.where(states == NO_STATE, 0, states).max(axis=1) if len(states) else np.zeros(0, np.uint8)
    roads = [
        (np.array(network.line(number).coords), _corridor_m(host, number), STYLES[State(int(state))].letter)
        for number, state in zip(numbers, worst, strict=True)
    ]
    nearest = None
    if lie is not None:
        nearest = next((at for at, n in enumerate(numbers) if network.segment_id(n) == lie.segment_id), None)
    return draw_inset(
        shape, roads, doubt_m=doubt_m, band_m=host.policy.near_band_m, nearest=nearest,
        nearest_m=None if lie is None else lie.distance_m,
    )  # fmt: skip


def _ladder(outlook: Mapping[str, Effect], host: PictureHost) -> list[Rung]:
    """Return which grades lead to which state on the road that matters most at worst, the surest first."""
    roads = {road.segment_id: road for effect in outlook.values() for road in effect.roads[:1]}
    if not roads:
        return []
    confidence = {grade: confidence_of(grade, host.policy) for grade in GRADES}
    rungs: list[Rung] = []
    for grade in sorted(GRADES, key=lambda g: (-confidence[g], g)):
        first = outlook[grade].first
        if first is None:
            continue
        if rungs and rungs[-1].state == first.after:
            before = rungs.pop()
            rungs.append(Rung(state=first.after, least=confidence[grade], grades=(*before.grades, grade)))
        else:
            rungs.append(Rung(state=first.after, least=confidence[grade], grades=(grade,)))
    return rungs


def _passages(session: Session, shape: BaseGeometry | None, actor: Actor, now: int) -> list[dict[str, Any]]:
    """Return the latest passages of the last day that went by with a track, newest first; they clear nothing."""
    if shape is None:
        return []
    west, south, east, north = bounds_with_reach(np.array([shape.bounds]), 250.0)[0].tolist()
    if not (-180 <= west <= east <= 180):
        return []
    rows = list_present(session, ["verification"], known_at=now, since=now - DAY_US, bbox=(west, south, east, north))
    seen = [row for row in rows if visible(actor, row)]
    seen.sort(key=lambda row: (-(row.occurred or 0), row.id))
    return [
        {"id": r.id, "by": r.by, "occurred": r.occurred, "strength": r.properties.get("strength")}
        for r in seen[:PASSAGES_TOLD]
    ]


def _stretch(bench: Bench, waiting: Waiting, host: PictureHost) -> tuple[str, ...]:
    first = waiting.effect.first
    if first is None:
        return ()
    if first.route is None or first.from_km is None or first.to_km is None:
        return (first.segment_id,)
    way = next(way for way in bench.ways if way.code == first.route)
    inside = (way.start_m >= first.from_km * 1000 - 60) & (way.end_m <= first.to_km * 1000 + 60)
    return tuple(dict.fromkeys(host.network.segment_id(int(number)) for number in way.numbers[inside]))


def _view(
    shape: BaseGeometry | None, stretch: Sequence[str], host: PictureHost
) -> tuple[float, float, float, float] | None:
    numbers = [number for name in stretch if (number := host.network.find_segment(name)) is not None]
    bounds = [host.network.line(number).bounds for number in numbers] + ([] if shape is None else [shape.bounds])
    if not bounds:
        return None
    low, high = np.min(np.array(bounds)[:, :2], axis=0), np.max(np.array(bounds)[:, 2:], axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _is_late_proof(waiting: Waiting, host: PictureHost) -> bool:
    """Return whether a late report shows a road as worse than it was told between the event and its receipt."""
    first = waiting.effect.first
    if "late" not in waiting.badges or first is None or first.now <= State.AMBER:
        return False
    occurred = min((row.occurred for row in waiting.rows if row.occurred is not None), default=waiting.received)
    number = host.network.find_segment(first.segment_id)
    if number is None:
        return False
    told = host.assess(host.question(waiting.received - 1, waiting.received - 1), [number]).states[0]
    before = host.assess(host.question(occurred, occurred), [number]).states[0]
    return State.GREEN in (int(told[0]), int(before[0]))
