"""The best path when the state of a road is that of the moment at which it is reached.

A movement neither halts before a closed road nor dawdles: each junction is reached as cheaply as it can be, and a road
that is closed when it is reached is not entered. What remains of the cost over every road at its best (`remaining`)
steers the search.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fom.domain.daylight import HORIZON_SINE, STEP_US
from fom.domain.states import State
from fom.network.compiled import compiled
from fom.routing.remaining import Remaining, remaining_from
from fom.routing.tracing import trace
from fom.routing.two_criteria import Labels, Outgoing
from fom.routing.weights import TIE_BITS, UNREACHABLE

FAR_US = 2**62
"""Stands for "not within what is foreseen"."""
UNKNOWN, ASKED = -1, -2
_AMBER, _BLACK = int(State.AMBER), int(State.BLACK)


class Roads(NamedTuple):
    """What a search needs of n segments and m router arcs; moments and times in microseconds, by network arc."""

    arc_of: NDArray[np.int64]
    barrier: NDArray[np.int32]
    barrier_ms: NDArray[np.int64]
    """(b + 1,); UNREACHABLE = does not pass, the last one 0."""
    travel_us: NDArray[np.int64]
    """(n,)"""
    delay_us: NDArray[np.int64]
    """(2n,); the same delay on neighbours is felt once."""
    seconds: NDArray[np.float64]
    """(n,)"""
    delay_s: NDArray[np.float64]
    steer: NDArray[np.float64]
    """(2n,) 1 + risk weight * lambda."""
    amber: float
    draws: NDArray[np.int64]
    best: NDArray[np.uint8]
    """(2n,) no arc is ever in a better state than this."""
    row: NDArray[np.int32]
    """(n,) row of each segment in the courses of states told so far, UNKNOWN, or ASKED by a search since."""
    states: NDArray[np.uint8]
    """(2k,) at the start of what is foreseen, of the segments told."""
    first: NDArray[np.int64]
    """(2k + 1,); their changes are rows first[b] to first[b + 1] - 1."""
    tick: NDArray[np.int64]
    state: NDArray[np.uint8]
    end: int
    """Nothing is foreseen beyond: there everything counts as closed."""
    by_day_only: bool
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    """(n,) degrees, of the first vertex."""
    sun_start: int
    declination: NDArray[np.float64]
    hour_angle: NDArray[np.float64]


@compiled
def state_at(roads: Roads, arc: int, at: int) -> int:
    """Return the state of an arc at a moment; of a segment not told of, which is then noted, the best it may have."""
    if at > roads.end:
        return _BLACK
    row = roads.row[arc >> 1]
    if row < 0:
        roads.row[arc >> 1] = ASKED
        return int(roads.best[arc])
    line = 2 * row + (arc & 1)
    low, high = roads.first[line], roads.first[line + 1]
    begin = low
    while low < high:
        middle = (low + high) >> 1
        if roads.tick[middle] <= 2 * at:
            low = middle + 1
        else:
            high = middle
    return int(roads.states[line] if low == begin else roads.state[low - 1])


@compiled
def next_better(roads: Roads, arc: int, at: int, than: int) -> int:
    """Return the first moment after `at` at which an arc is in a better state than one, FAR_US = none."""
    row = roads.row[arc >> 1]
    if row < 0:
        return FAR_US
    line = 2 * row + (arc & 1)
    for k in range(roads.first[line], roads.first[line + 1]):
        if roads.tick[k] > 2 * at and roads.state[k] < than:
            return int((roads.tick[k] + 1) // 2)
    return FAR_US


@compiled
def cost_ms(roads: Roads, arc: int, state: int) -> int:
    """Return what an open arc costs in a state, milliseconds; as `posture.arc_costs` and `weights.to_weights` say."""
    factor = roads.amber if state == _AMBER else 1.0
    cost = (roads.seconds[arc >> 1] * factor + roads.delay_s[arc]) * roads.steer[arc]
    return int(max(np.int64(1), np.int64(np.rint(cost * 1000))))


@compiled
def _sun(roads: Roads, segment: int, at: int) -> float:
    """Return how far the sine of the sun's height is above that of sunrise."""
    steps = (at - roads.sun_start) / STEP_US
    k = min(max(np.int64(steps), np.int64(0)), np.int64(len(roads.declination) - 2))
    share = steps - k
    declination = roads.declination[k] + share * (roads.declination[k + 1] - roads.declination[k])
    angle = roads.hour_angle[k] + share * (roads.hour_angle[k + 1] - roads.hour_angle[k])
    phi = np.radians(roads.lat[segment])
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(
        angle + np.radians(roads.lon[segment])
    )
    return float(height - HORIZON_SINE)


@compiled
def is_lit(roads: Roads, segment: int, enters: int, leaves: int) -> bool:
    """Return whether a segment is travelled by day, where that is asked for."""
    return not roads.by_day_only or (_sun(roads, segment, enters) >= 0 and _sun(roads, segment, leaves) >= 0)


@compiled
def next_turn_of_sun(roads: Roads, segment: int, at: int, rises: bool) -> int:
    """Return when the sun next rises (or sets) at a segment, FAR_US = not within what is foreseen."""
    before = _sun(roads, segment, at)
    while at <= roads.end:
        later = at + STEP_US
        after = _sun(roads, segment, later)
        if (rises and before < 0 <= after) or (not rises and after < 0 <= before):
            return int(at + np.int64(np.rint(before / (before - after) * STEP_US)))
        at, before = later, after
    return FAR_US


@compiled
def leaves_at(roads: Roads, arc: int, share: float, before: int, enters: int) -> int:
    """Return when a share of an arc is done; `before` is the arc travelled before, -1 = none."""
    travel = np.int64(np.rint(roads.travel_us[arc >> 1] * share))
    delay = roads.delay_us[arc]
    if before >= 0 and roads.delay_us[before] == delay:
        delay = np.int64(0)
    return int(enters + travel + delay)


@compiled
def meet(roads: Roads, arc: int, share: float, before: int, enters: int) -> tuple[int, int, int, int]:
    """Return the state an arc is met in (BLACK where it may not be entered), when it is left, and two waits.

    Departing earlier than so much later, what is met does not get better; what is met closed does not open.
    """
    state = state_at(roads, arc, enters)
    leaves = leaves_at(roads, arc, share, before, enters)
    better = next_better(roads, arc, enters, state) - enters
    opens = next_better(roads, arc, enters, _AMBER + 1) - enters if state > _AMBER else FAR_US
    if not is_lit(roads, arc >> 1, enters, leaves):
        rises = next_turn_of_sun(roads, arc >> 1, enters, True) - enters
        better = min(better, rises)
        opens = rises if state <= _AMBER else max(opens, rises)
        state = _BLACK
    return state, leaves, better, opens


@compiled
def search_arrivals(
    out: Outgoing,
    roads: Roads,
    source_nodes: NDArray[np.int32],
    source_arcs: NDArray[np.int64],
    source_shares: NDArray[np.float64],
    target_nodes: NDArray[np.int32],
    target_arcs: NDArray[np.int64],
    target_shares: NDArray[np.float64],
    target_barriers: NDArray[np.int64],
    departs: int,
    left: Remaining,
    labels: Labels,
    arrives: NDArray[np.int64],
) -> tuple[NDArray[np.int64], int, int, int, int, int]:
    """Return router arcs, the ends joined (-1 = no way), two waits as `meet` tells them, and labels settled.

    `arrives` (n,) is workspace. Departing earlier than the first wait later nothing that was found closed or costly
    gets better, earlier than the second nothing found closed opens.
    """
    unreachable = np.int64(UNREACHABLE)
    cost, draws, via = labels.cost, labels.draws, labels.via
    heap = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    touched = [np.int64(0) for _ in range(0)]
    best, best_draws, end, at_end = unreachable, unreachable, np.int64(-1), np.int64(-1)
    later, opens = FAR_US, FAR_US
    settled = 0
    for k in range(len(source_nodes)):
        node, arc = np.int64(source_nodes[k]), source_arcs[k]
        state, leaves, better, opening = meet(roads, arc, source_shares[k], -1, departs)
        later, opens = min(later, better), min(opens, opening)
        if state > _AMBER:
            continue
        spent, drawn = np.int64(np.rint(cost_ms(roads, arc, state) * source_shares[k])), roads.draws[arc]
        rest = remaining_from(left, int(node))
        if rest >= unreachable or spent > cost[node] or (spent == cost[node] and drawn >= draws[node]):
            continue
        cost[node], draws[node], via[node], arrives[node] = spent, drawn, -1 - k, leaves
        touched.append(node)
        heapq.heappush(heap, (spent + (rest >> TIE_BITS), drawn, spent, node))
    while len(heap) > 0 and heap[0][0] <= best:
        _, drawn, spent, node = heapq.heappop(heap)
        if spent != cost[node] or drawn != draws[node]:
            continue
        settled += 1
        before = roads.arc_of[via[node]] if via[node] >= 0 else source_arcs[-1 - via[node]]
        for k in range(len(target_nodes)):
            if target_nodes[k] != node:
                continue
            arc, passing = target_arcs[k], roads.barrier_ms[target_barriers[k]]
            enters = arrives[node] + passing * 1000
            state, _, better, opening = meet(roads, arc, target_shares[k], before, enters)
            later, opens = min(later, better), min(opens, opening)
            if state > _AMBER:
                continue
            part = np.int64(np.rint(cost_ms(roads, arc, state) * target_shares[k]))
            total, sum_draws = spent + passing + part, drawn + roads.draws[arc]
            if total < best or (total == best and sum_draws < best_draws):
                best, best_draws, end, at_end = total, sum_draws, np.int64(k), node
        for k in range(out.first[node], out.first[node + 1]):
            router_arc = out.arcs[k]
            arc, passing = roads.arc_of[router_arc], roads.barrier_ms[roads.barrier[router_arc]]
            reached = np.int64(out.head[router_arc])
            if passing >= unreachable:
                continue
            rest = remaining_from(left, int(reached))
            if rest >= unreachable:
                continue
            enters = arrives[node] + passing * 1000
            state, leaves, better, opening = meet(roads, arc, 1.0, before, enters)
            later, opens = min(later, better), min(opens, opening)
            if state > _AMBER:
                continue
            total, more = spent + passing + cost_ms(roads, arc, state), drawn + roads.draws[arc]
            if total > cost[reached] or (total == cost[reached] and more >= draws[reached]):
                continue
            cost[reached], draws[reached], via[reached], arrives[reached] = total, more, router_arc, leaves
            touched.append(reached)
            heapq.heappush(heap, (total + (rest >> TIE_BITS), more, total, reached))

    found, start = trace(via, out.tail, int(at_end))
    for node in touched:
        cost[node] = unreachable
    return found, start, int(end), int(later), int(opens), settled


@compiled
def walk(
    roads: Roads,
    arcs: NDArray[np.int64],
    shares: NDArray[np.float64],
    barriers: NDArray[np.int64],
    pauses: NDArray[np.int64],
    departs: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], bool, int, int]:
    """Return when each arc of a path is entered and left, its state then, whether all of it is travelled by day where
    that is asked for, and how much later one may depart with the same states, and with all of it open still.

    All of it has been told of.

    `barriers` (k,) is the barrier passed before each arc (-1 = none), `pauses` (k,) a halt before it, microseconds.
    """
    enters, leaves = np.empty(len(arcs), np.int64), np.empty(len(arcs), np.int64)
    states = np.empty(len(arcs), np.uint8)
    at, stands, holds, lit = departs, FAR_US, FAR_US, True
    for k in range(len(arcs)):
        at += int(pauses[k] + roads.barrier_ms[barriers[k]] * 1000)
        enters[k] = at
        at = leaves_at(roads, arcs[k], shares[k], arcs[k - 1] if k else -1, at)
        leaves[k] = at
        states[k] = state_at(roads, arcs[k], enters[k])
        lit = lit and is_lit(roads, arcs[k] >> 1, enters[k], leaves[k])
        line = 2 * roads.row[arcs[k] >> 1] + (arcs[k] & 1)
        for change in range(roads.first[line], roads.first[line + 1]):
            if roads.tick[change] > 2 * enters[k]:
                wait = int((roads.tick[change] + 1) // 2 - enters[k])
                stands = min(stands, wait)
                if roads.state[change] > _AMBER:
                    holds = min(holds, wait)
                    break
        if roads.by_day_only:
            sets = next_turn_of_sun(roads, arcs[k] >> 1, at, False) - at
            stands, holds = min(stands, sets), min(holds, sets)
    return enters, leaves, states, lit, int(stands), int(holds)
