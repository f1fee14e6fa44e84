"""Which roads of a new network are those of an old one, by shape: stretches of old segments and what they became.

Map-data ids are never asked. What ids come of it is `succession`; what is kept of it on disk is `lineage`.
Source: doctrine, section 9.11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.box_index import BoxIndex
from fom.network.compiled import compiled
from fom.network.network import Network
from fom.network.overlaps import (
    LENGTH_SHARE,
    LENGTH_SLACK_M,
    METRES_PER_DEGREE,
    SHORTEST_M,
    Overlaps,
    overlaps,
    planar_lengths,
)
from fom.network.progress import Progress, quiet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
TOLERANCE_M = 30.0
"""How far a road may have moved and still be the same. Source: doctrine, section 9.11 (J)."""
AT_ONCE = 50_000
"""Old segments whose neighbours are looked at together."""
JOINED_M = 15.0
"""Ends and gaps up to so long belong to the piece beside them (J)."""
DOUBT_M = 10.0
"""A rival that lies by no more than this worse makes a match doubtful (J)."""
WHOLE_BONUS_M = 12.0
CLASS_M, NAME_M, FLIP_M, NODE_M = 5.0, 3.0, 20.0, 8.0
"""What counts against a pair beside its distance: another class, another name, opposite one-way streets, an end that
leads to another junction (J)."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Parts of old segments and the parts of new ones that they became: one row each, by old segment, then place.

    Segment numbers (p,), metres on the stated lengths (p,). `is_reversed`: the new segment runs the other way.
    `is_doubtful`: another road could as well be meant. `apart_m`: how far the two lie apart at most.
    """

    old: Ints
    old_low: Floats
    old_high: Floats
    new: Ints
    new_low: Floats
    new_high: Floats
    is_reversed: Bools
    is_doubtful: Bools
    apart_m: Floats

    def of(self, rows: Ints | Bools) -> Pieces:
        """Return some rows."""
        return Pieces(*(getattr(self, name)[rows] for name in PIECE_COLUMNS))


PIECE_COLUMNS = tuple(Pieces.__dataclass_fields__)


def match_networks(
    old: Network, new: Network, *, tolerance_m: float = TOLERANCE_M, progress: Progress = quiet
) -> Pieces:
    """Return the pieces that old and new have in common; `progress` counts old segments."""
    same_old, same_new, is_reversed = _same_lines(old, new)
    progress(len(same_old))
    exact = _whole_pieces(old, new, same_old, same_new, is_reversed)
    left_old = np.setdiff1d(np.arange(old.n_segments), same_old)
    left_new = np.setdiff1d(np.arange(new.n_segments), same_new)
    found = _run_together(old, new, left_old, left_new, tolerance_m, progress)
    if not len(found[0]):
        return _sorted([exact])
    chosen = _joined(old, new, _choose(old, new, exact, *found))
    return _sorted([exact, chosen, _between_nodes(old, new, _sorted([exact, chosen]))])


# the same line, vertex for vertex


def _same_lines(old: Network, new: Network) -> tuple[Ints, Ints, Bools]:
    """Return (old, new, whether the other way) of the lines that are equal to 0.1 m and alone in that."""
    keys = [_line_keys(np.asarray(n.coords), np.asarray(n.coord_start)) for n in (old, new)]
    lone = []
    for hashed in keys:
        value, first, count = np.unique(hashed[0], return_index=True, return_counts=True)
        lone.append((value[count == 1], first[count == 1]))
    _, at_old, at_new = np.intersect1d(lone[0][0], lone[1][0], assume_unique=True, return_indices=True)
    numbers = lone[0][1][at_old], lone[1][1][at_new]
    order = np.argsort(numbers[0])
    old_numbers, new_numbers = numbers[0][order].astype(np.int64), numbers[1][order].astype(np.int64)
    return old_numbers, new_numbers, keys[0][1][old_numbers] != keys[1][1][new_numbers]


@compiled
def _line_keys(coords: Floats, start: Ints) -> tuple[NDArray[np.uint64], Bools]:
    """Return a hash of each line that does not depend on its direction, and whether it was hashed from its end."""
    keys, turned = np.empty(len(start) - 1, np.uint64), np.empty(len(start) - 1, np.bool_)
    for i in range(len(keys)):
        first, last = start[i], start[i + 1] - 1
        ways = np.empty(2, np.uint64)
        for way in range(2):
            value = np.uint64(14695981039346656037)
            for k in range(last - first + 1):
                at = first + k if way == 0 else last - k
                for axis in range(2):
                    step = np.int64(np.rint(coords[at, axis] * 1e6))
                    value = (value ^ np.uint64(step & 0xFFFFFFFF)) * np.uint64(1099511628211)
                    value ^= value >> np.uint64(29)
            ways[way] = value
        keys[i], turned[i] = min(ways[0], ways[1]), ways[1] < ways[0]
    return keys, turned


def _whole_pieces(old: Network, new: Network, a: Ints, b: Ints, is_reversed: Bools) -> Pieces:
    zero, no = np.zeros(len(a)), np.zeros(len(a), np.bool_)
    old_length, new_length = np.asarray(old.length_m)[a], np.asarray(new.length_m)[b]
    return Pieces(a, zero, old_length, b, zero.copy(), new_length, is_reversed, no, zero.copy())


# lines that run together


def _run_together(
    old: Network, new: Network, left_old: Ints, left_new: Ints, tolerance_m: float, progress: Progress
) -> tuple[Ints, Ints, Overlaps]:
    """Return (old, new, overlap) of the pairs among what is left."""
    coords, start = np.asarray(new.coords), np.asarray(new.coord_start)
    sub_coords, sub_start = _lines(coords, start, left_new)
    olds, news, found = [np.empty(0, np.int64)], [np.empty(0, np.int64)], []
    if len(left_old) and len(left_new):
        index = BoxIndex.of_lines(sub_coords, sub_start)
        old_coords, old_start = np.asarray(old.coords), np.asarray(old.coord_start)
        for at in range(0, len(left_old), AT_ONCE):
            numbers = left_old[at : at + AT_ONCE]
            item, line = _near(old, numbers, index, tolerance_m)
            a, b = numbers[item], left_new[line]
            rows = overlaps(old_coords, old_start, coords, start, a, b, tolerance_m)
            olds.append(a[rows.pair])
            news.append(b[rows.pair])
            found.append(rows)
            progress(len(numbers))
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else [np.empty(0)] * 8
    return np.concatenate(olds), np.concatenate(news), Overlaps(*columns)


def _lines(coords: Floats, start: Ints, numbers: Ints) -> tuple[Floats, Ints]:
    counts = start[numbers + 1] - start[numbers]
    vertex = np.arange(counts.sum()) + np.repeat(start[numbers] - (np.cumsum(counts) - counts), counts)
    return coords[vertex], np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _near(old: Network, numbers: Ints, index: BoxIndex, tolerance_m: float) -> tuple[Ints, Ints]:
    """Return (place in `numbers`, line of the index) of pairs whose boxes come within the tolerance."""
    coords, start = _lines(np.asarray(old.coords), np.asarray(old.coord_start), numbers)
    boxes = BoxIndex.of_lines(coords, start)
    wanted = np.empty_like(boxes.boxes)
    wanted[boxes.order] = boxes.boxes
    reach = tolerance_m / METRES_PER_DEGREE
    east = reach / np.maximum(0.01, np.cos(np.radians(np.abs(wanted[:, [1, 3]]).max(axis=1))))
    wanted += np.column_stack([-east, np.full(len(wanted), -reach), east, np.full(len(wanted), reach)])
    found = [index.query(wanted)]
    for shift in (-360.0, 360.0):
        beyond = np.flatnonzero((wanted[:, 0] < -180.0) if shift > 0 else (wanted[:, 2] > 180.0))
        if len(beyond):
            item, line = index.query(wanted[beyond] + np.array([shift, 0.0, shift, 0.0]))
            found.append((beyond[item], line))
    item, line = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return item, line


# who is whose


def _choose(old: Network, new: Network, exact: Pieces, a: Ints, b: Ints, rows: Overlaps) -> Pieces:
    """Return the pairs that hold when every stretch belongs to one road only, the best first."""
    old_planar = planar_lengths(np.asarray(old.coords), np.asarray(old.coord_start))
    new_planar = planar_lengths(np.asarray(new.coords), np.asarray(new.coord_start))
    starts = _meets_start(rows, new_planar[b])
    ends = _meets_end(rows, old_planar[a], new_planar[b])
    is_whole = starts & ends
    score = rows.mean_m + _strangeness(old, new, a, b, rows.is_reversed) - WHOLE_BONUS_M * is_whole
    score += NODE_M * _other_ends(old, new, exact, a, b, rows, score, starts, ends)
    kept, o_low, o_high, n_low, n_high, doubtful = _assign(a, b, rows, score, old.n_segments, new.n_segments)
    scale_old = np.asarray(old.length_m)[a[kept]] / old_planar[a[kept]]
    scale_new = np.asarray(new.length_m)[b[kept]] / new_planar[b[kept]]
    return Pieces(
        a[kept], o_low * scale_old, o_high * scale_old, b[kept], n_low * scale_new, n_high * scale_new,
        rows.is_reversed[kept], doubtful, rows.most_m[kept],
    )  # fmt: skip


def _meets_start(rows: Overlaps, new_length: Floats) -> Bools:
    other = np.where(rows.is_reversed, new_length - rows.new_high, rows.new_low)
    return (rows.old_low <= JOINED_M) & (other <= JOINED_M)


def _meets_end(rows: Overlaps, old_length: Floats, new_length: Floats) -> Bools:
    other = np.where(rows.is_reversed, rows.new_low, new_length - rows.new_high)
    return (old_length - rows.old_high <= JOINED_M) & (other <= JOINED_M)


def _strangeness(old: Network, new: Network, a: Ints, b: Ints, is_reversed: Bools) -> Floats:
    classes = [np.array(n.highway_words, dtype=object)[np.asarray(n.highway)[i]] for n, i in ((old, a), (new, b))]
    names = [np.array([*n.names, ""], dtype=object)[np.asarray(n.name)[i]] for n, i in ((old, a), (new, b))]
    is_renamed = (names[0] != names[1]) & (names[0] != "") & (names[1] != "")
    is_flipped = is_reversed & np.asarray(old.is_oneway)[a] & np.asarray(new.is_oneway)[b]
    strange: Floats = CLASS_M * (classes[0] != classes[1]) + NAME_M * is_renamed + FLIP_M * is_flipped
    return strange


def _other_ends(
    old: Network,
    new: Network,
    exact: Pieces,
    a: Ints,
    b: Ints,
    rows: Overlaps,
    score: Floats,
    starts: Bools,
    ends: Bools,
) -> NDArray[np.int64]:
    """Return how many ends of each pair lead to another junction than those that certain matches lead to."""
    kept, *_, doubtful = _assign(a, b, rows, score, old.n_segments, new.n_segments)
    sure = kept[starts[kept] & ends[kept] & ~doubtful]
    first, last = np.asarray(new.from_node), np.asarray(new.to_node)
    became = _junctions(old, new, _sorted([exact, _whole_pieces(old, new, a[sure], b[sure], rows.is_reversed[sure])]))
    begin, end = became[np.asarray(old.from_node)[a]], became[np.asarray(old.to_node)[a]]
    at_start: Bools = starts & (begin >= 0) & (begin != np.where(rows.is_reversed, last[b], first[b]))
    at_end: Bools = ends & (end >= 0) & (end != np.where(rows.is_reversed, first[b], last[b]))
    return at_start.astype(np.int64) + at_end


def _assign(
    a: Ints, b: Ints, rows: Overlaps, score: Floats, n_old: int, n_new: int
) -> tuple[Ints, Floats, Floats, Floats, Floats, Bools]:
    """Return the pairs kept, their stretches, and which of them had a rival almost as good."""
    order = np.lexsort((b, a, score))
    return _greedy(
        order, a, b, rows.old_low, rows.old_high, rows.new_low, rows.new_high, rows.is_reversed, score, n_old, n_new
    )


@compiled
def _free(
    head: Ints, following: Ints, low: Floats, high: Floats, line: int, a: float, b: float
) -> tuple[float, float, int]:
    """Return what is left of [a, b] on a line beside what is taken, and who took most of it (-1 = nobody)."""
    taker, most = -1, 0.0
    at = head[line]
    x, y = a, b
    while at >= 0:
        covered = min(b, high[at]) - max(a, low[at])
        if covered > most:
            most, taker = covered, at
        if low[at] < y and high[at] > x:
            if low[at] - x >= y - high[at]:
                y = max(x, low[at])
            else:
                x = min(y, high[at])
        at = following[at]
    return x, y, taker if most >= 0.5 * (b - a) else -1


@compiled
def _greedy(
    order: Ints, a: Ints, b: Ints, old_low: Floats, old_high: Floats, new_low: Floats, new_high: Floats,
    is_reversed: Bools, score: Floats, n_old: int, n_new: int,
) -> tuple[Ints, Floats, Floats, Floats, Floats, Bools]:  # fmt: skip
    count = len(order)
    kept = np.empty(count, np.int64)
    lows, highs, new_lows, new_highs = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    doubtful = np.zeros(count, np.bool_)
    old_head, new_head = np.full(n_old, -1, np.int64), np.full(n_new, -1, np.int64)
    old_next, new_next = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    size = 0
    for pair in order:
        x, y, by_old = _free(old_head, old_next, lows, highs, a[pair], old_low[pair], old_high[pair])
        u, v, by_new = _free(new_head, new_next, new_lows, new_highs, b[pair], new_low[pair], new_high[pair])
        on_old, on_new = old_high[pair] - old_low[pair], new_high[pair] - new_low[pair]
        # What is free on both: the shares of the overlap, brought to the direction of the old line.
        low, high = (x - old_low[pair]) / on_old, (y - old_low[pair]) / on_old
        there_low, there_high = (u - new_low[pair]) / on_new, (v - new_low[pair]) / on_new
        if is_reversed[pair]:
            there_low, there_high = 1.0 - there_high, 1.0 - there_low
        low, high = max(low, there_low), min(high, there_high)
        if (high - low) * on_old < min(SHORTEST_M, 0.5 * on_old):
            for taker in (by_old, by_new):
                if taker >= 0 and score[pair] < score[kept[taker]] + DOUBT_M:
                    doubtful[taker] = True
            continue
        lows[size], highs[size] = old_low[pair] + low * on_old, old_low[pair] + high * on_old
        if is_reversed[pair]:
            new_lows[size], new_highs[size] = new_high[pair] - high * on_new, new_high[pair] - low * on_new
        else:
            new_lows[size], new_highs[size] = new_low[pair] + low * on_new, new_low[pair] + high * on_new
        kept[size] = pair
        old_next[size], old_head[a[pair]] = old_head[a[pair]], size
        new_next[size], new_head[b[pair]] = new_head[b[pair]], size
        size += 1
    return kept[:size], lows[:size], highs[:size], new_lows[:size], new_highs[:size], doubtful[:size]


# short streets between junctions that are known


def _between_nodes(old: Network, new: Network, sure: Pieces) -> Pieces:
    """Return what is left and alone joins the same two junctions, by about as much road: streets too short for shape.

    Length within a tenth or some metres; both junctions within the tolerance follow from the matches that lead there.
    """
    became = _junctions(old, new, sure)
    left_old = np.setdiff1d(np.arange(old.n_segments), sure.old)
    left_new = np.setdiff1d(np.arange(new.n_segments), sure.new)
    ends = became[np.asarray(old.from_node)[left_old]], became[np.asarray(old.to_node)[left_old]]
    known = (ends[0] >= 0) & (ends[1] >= 0)
    left_old, ends = left_old[known], (ends[0][known], ends[1][known])
    first, last = np.asarray(new.from_node)[left_new], np.asarray(new.to_node)[left_new]
    stride = len(new.node_lonlat) + 1
    keys = [np.minimum(f, t).astype(np.int64) * stride + np.maximum(f, t) for f, t in (ends, (first, last))]
    lone = [np.unique(key, return_index=True, return_counts=True) for key in keys]
    (key_a, at_a, n_a), (key_b, at_b, n_b) = lone
    _, i, j = np.intersect1d(key_a[n_a == 1], key_b[n_b == 1], return_indices=True)
    a, b = at_a[n_a == 1][i], at_b[n_b == 1][j]
    is_reversed = ends[0][a] != first[b]
    a, b = left_old[a], left_new[b]
    lengths = np.asarray(old.length_m)[a], np.asarray(new.length_m)[b]
    alike = np.abs(lengths[0] - lengths[1]) <= np.maximum(LENGTH_SLACK_M, LENGTH_SHARE * np.maximum(*lengths))
    alike &= np.maximum(*lengths) <= 2 * TOLERANCE_M  # a longer road is told by its shape
    return _whole_pieces(old, new, a[alike], b[alike], is_reversed[alike])


def _junctions(old: Network, new: Network, sure: Pieces) -> Ints:
    """Return (k,) the new node that each old one became, by the segments that end there on both sides; -1 = unknown."""
    became = np.full(len(old.node_lonlat), -1, np.int64)
    length_old, length_new = np.asarray(old.length_m)[sure.old], np.asarray(new.length_m)[sure.new]
    first, last = np.asarray(new.from_node)[sure.new], np.asarray(new.to_node)[sure.new]
    at_start, at_end = sure.new_low == 0.0, sure.new_high == length_new
    for is_end in (False, True):
        reaches = (sure.old_high == length_old) if is_end else (sure.old_low == 0.0)
        at_last = sure.is_reversed != is_end
        meets = reaches & np.where(at_last, at_end, at_start)
        node = np.asarray(old.to_node if is_end else old.from_node)[sure.old]
        became[node[meets]] = np.where(at_last, last, first)[meets]
    return became


# pieces that meet


def _joined(old: Network, new: Network, pieces: Pieces) -> Pieces:
    """Return the pieces with small gaps closed: at the ends of a segment, and in the middle between two pieces."""
    old_low, old_high = _close(pieces.old, pieces.old_low, pieces.old_high, np.asarray(old.length_m)[pieces.old])
    new_low, new_high = _close(pieces.new, pieces.new_low, pieces.new_high, np.asarray(new.length_m)[pieces.new])
    return Pieces(
        pieces.old, old_low, old_high, pieces.new, new_low, new_high,
        pieces.is_reversed, pieces.is_doubtful, pieces.apart_m,
    )  # fmt: skip


def _close(owner: Ints, low: Floats, high: Floats, length: Floats) -> tuple[Floats, Floats]:
    order = np.lexsort((low, owner))
    o, lo, hi, full = owner[order], low[order].copy(), high[order].copy(), length[order]
    joined = np.minimum(JOINED_M, full / 2)
    same = o[1:] == o[:-1]
    gap = same & (np.abs(lo[1:] - hi[:-1]) <= joined[1:])
    middle = (lo[1:] + hi[:-1]) / 2
    lo[1:][gap], hi[:-1][gap] = middle[gap], middle[gap]
    first, last = np.concatenate([[True], ~same]), np.concatenate([~same, [True]])
    lo[first & (lo <= joined)] = 0.0
    at_end = last & (full - hi <= joined)
    hi[at_end] = full[at_end]
    out_low, out_high = np.empty_like(lo), np.empty_like(hi)
    out_low[order], out_high[order] = lo, np.minimum(hi, full)
    return out_low, out_high


def _sorted(parts: list[Pieces]) -> Pieces:
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in PIECE_COLUMNS]
    order = np.lexsort((columns[1], columns[0]))
    return Pieces(*(column[order] for column in columns))
