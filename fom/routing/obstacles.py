"""Why there is no route, and what would make one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import DIRECTION_CODES, NO_STATE, State
from fom.routing.blocking import find_cut, find_least_opening
from fom.routing.conditions import Reason
from fom.routing.router import Metric
from fom.routing.routes import RouteMaker, deciding_reasons
from fom.routing.snapping import Snap

CLOSED, UNVERIFIED, NOT_CONNECTED = "closed", "unverified", "not_connected"


@dataclass(frozen=True, slots=True)
class ClosedPiece:
    """One segment, in one direction, that is not open."""

    segment_id: str
    direction: str
    state: State


@dataclass(frozen=True, slots=True)
class BlockedRoad:
    """Closed pieces of one road link, between two junctions."""

    name: str | None
    ref: str | None
    highway: str
    state: State
    """The worst of the pieces."""
    pieces: tuple[ClosedPiece, ...]
    reasons: tuple[Reason, ...]
    """What holds them, each reason once."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What cuts two places apart."""

    kind: str
    """`closed`: by RED and BLACK roads; `unverified`: only GREY ones would connect; `not_connected`: by the map."""
    leg: int
    """Which leg has no route, from 0; with via points there are several."""
    cut: tuple[BlockedRoad, ...]
    """The smallest set of closed pieces of which every way uses one; empty when the map does not connect the places."""
    opening: tuple[BlockedRoad, ...]
    """The least that must be opened, or verified, for one way, in order of travel."""


def find_obstacle(maker: RouteMaker, with_grey: Metric, snaps: Sequence[Snap]) -> Obstacle:
    """Return what stands in the way on the first leg that has no route over GREEN and AMBER."""
    states = np.asarray(maker.conditions.states).reshape(-1)
    is_verified = states <= State.AMBER
    is_passable = (states <= State.GREY) & (states != NO_STATE)
    costs = np.where(is_verified, np.repeat(maker.seconds, 2), np.inf)
    for leg, (start, end) in enumerate(pairwise(snaps)):
        if with_grey.best_at(costs, start, end) is not None:
            continue
        is_unverified = with_grey.best(start, end) is not None
        is_open = is_verified if is_unverified else is_passable
        with with_grey.reading() as searches:
            cut = find_cut(searches, is_open, start, end)
        if cut is None or not len(cut):
            return Obstacle(NOT_CONNECTED, leg, (), ())
        way = find_least_opening(
            with_grey, maker.seconds, np.asarray(maker.router.network.length_m), is_open, start, end
        )
        opening = () if way is None else _roads(maker, way.arcs[~is_open[way.arcs]])
        return Obstacle(UNVERIFIED if is_unverified else CLOSED, leg, _roads(maker, cut), opening)
    raise ValueError("every leg has a route")


def _roads(maker: RouteMaker, arcs: NDArray[np.int64]) -> tuple[BlockedRoad, ...]:
    """Return arcs gathered by road link, links in the order of their first arc."""
    network = maker.router.network
    states = np.asarray(maker.conditions.states).reshape(-1)
    detail = maker.conditions.detail(np.unique(arcs >> 1))
    links: dict[int, list[int]] = {}
    for arc in arcs.tolist():
        links.setdefault(int(network.link[arc >> 1]), []).append(arc)
    roads = []
    for members in links.values():
        name, ref, word = maker.road_of(members[0] >> 1)
        pieces = tuple(
            ClosedPiece(network.segment_id(a >> 1), DIRECTION_CODES[a & 1], State(int(states[a]))) for a in members
        )
        worst = max(piece.state for piece in pieces)
        reasons = [
            reason
            for state in sorted({piece.state for piece in pieces}, reverse=True)
            for reason in deciding_reasons(detail, [a for a in members if states[a] == state], state)
        ]
        roads.append(BlockedRoad(name, ref, word, worst, pieces, tuple(reasons)))
    return tuple(roads)
