"""A new network that follows an old one: which segments and assets keep their ids, what changed, and what is lost.

Who is whose is `matching`. An id is kept when one old segment is one new segment, whole to whole and without doubt;
every other road has a new id, and `lineage` tells where the old one went. Kept roads keep their direction too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fom.errors import InvalidInput
from fom.network.artefact import content_hash, load_network, save_network
from fom.network.ids import fresh_id
from fom.network.lineage import MEMBER, ROUNDING_M, Lineage, ancestors_of, as_ids, chained, load_lineage, write_lineages
from fom.network.matching import TOLERANCE_M, Pieces, match_networks
from fom.network.network import Network
from fom.network.overlaps import METRES_PER_DEGREE
from fom.network.progress import Progress, quiet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
OLD_FATES = ("matched", "changed", "split", "merged", "recut", "partly_lost", "lost")
NEW_FATES = ("matched", "changed", "split", "merged", "recut", "partly_new", "new")
"""What may be said of an old and of a new segment. `changed`: one to one, with other attributes; `recut`: several old
ones became several new ones, cut elsewhere."""
WHOLE_M = 15.0
"""A segment is followed whole when no more than this of it has no piece (J)."""
FATES = "fates.npz"
CHANGES = ("oneway", "highway", "surface", "road_type", "speed", "width", "limits", "assets", "name")


@dataclass(frozen=True, eq=False)
class Succession:
    """The new network with its ids, the pieces that lead to it, and the fate of every segment."""

    old: Network
    network: Network
    pieces: Pieces
    old_fate: NDArray[np.uint8]
    """(n,) index into OLD_FATES."""
    new_fate: NDArray[np.uint8]
    """(m,) index into NEW_FATES."""
    changes: NDArray[np.bool_]
    """(m, 9) by CHANGES: what differs on a new segment that is one old one."""
    lineage: Lineage
    report: dict[str, Any]


def succeed(old: Network, new: Network, *, retired: Set[bytes] = frozenset(), progress: Progress = quiet) -> Succession:
    """Return the new network as the follower of the old one; `retired` ids of earlier ones are given to nobody."""
    pieces = match_networks(old, new, progress=progress)
    new, pieces = _turned(new, pieces)
    is_kept = _is_one_to_one(old, new, pieces)
    old_fate, new_fate = _fates(old, new, pieces, is_kept)
    kept_old, kept_new = pieces.old[is_kept], pieces.new[is_kept]
    new, lost_assets = _with_ids(old, new, kept_old, kept_new, retired)
    changes = np.zeros((new.n_segments, len(CHANGES)), np.bool_)
    changes[kept_new] = changes_between(old, new, kept_old, kept_new)
    has_changed: Bools = np.asarray(changes[:, :-1].any(axis=1))
    new_fate[(new_fate == 0) & has_changed] = NEW_FATES.index("changed")
    old_fate[kept_old[has_changed[kept_new]]] = OLD_FATES.index("changed")
    report = _report(old, new, old_fate, new_fate, changes, pieces, lost_assets)
    follower = replace(new, network_id="", manifest={})
    lineage = make_lineage(old, follower, pieces, lost_assets)
    return Succession(old, follower, pieces, old_fate, new_fate, changes, lineage, report)


# direction


def _turned(new: Network, pieces: Pieces) -> tuple[Network, Pieces]:
    """Return the network with two-way segments turned to run as the old roads do, and the pieces to it."""
    length = pieces.new_high - pieces.new_low
    against = np.bincount(pieces.new, weights=np.where(pieces.is_reversed, length, -length), minlength=new.n_segments)
    turn = (against > 0) & ~np.asarray(new.is_oneway)
    if not turn.any():
        return new, pieces
    turned = reverse_segments(new, turn)
    flip = turn[pieces.new]
    full = np.asarray(new.length_m)[pieces.new]
    low = np.where(flip, full - pieces.new_high, pieces.new_low)
    high = np.where(flip, full - pieces.new_low, pieces.new_high)
    return turned, replace(pieces, new_low=low, new_high=high, is_reversed=pieces.is_reversed ^ flip)


def reverse_segments(network: Network, turn: Bools) -> Network:
    """Return the network with some two-way segments drawn the other way round."""
    start = np.asarray(network.coord_start)
    owner = np.repeat(np.arange(network.n_segments), np.diff(start))
    vertex = np.arange(len(network.coords))
    mirrored = start[owner] + start[owner + 1] - 1 - vertex
    first, last = np.asarray(network.from_node), np.asarray(network.to_node)
    turns = np.asarray(network.forbidden_turns).copy()
    if len(turns):
        turns ^= turn[turns >> 1].astype(turns.dtype)
    at_m = np.asarray(network.asset_at_m).copy()
    on = np.repeat(np.arange(network.n_segments), np.diff(network.asset_start))
    at_m[turn[on]] = np.asarray(network.length_m)[on[turn[on]]] - at_m[turn[on]]
    return replace(
        network,
        coords=np.asarray(network.coords)[np.where(turn[owner], mirrored, vertex)],
        from_node=np.where(turn, last, first),
        to_node=np.where(turn, first, last),
        forbidden_turns=turns,
        asset_at_m=at_m,
    )


# fates


def _is_one_to_one(old: Network, new: Network, pieces: Pieces) -> Bools:
    whole = _is_whole(pieces.old_low, pieces.old_high, np.asarray(old.length_m)[pieces.old])
    whole &= _is_whole(pieces.new_low, pieces.new_high, np.asarray(new.length_m)[pieces.new])
    whole &= np.bincount(pieces.old, minlength=old.n_segments)[pieces.old] == 1
    alone: Bools = whole & (np.bincount(pieces.new, minlength=new.n_segments)[pieces.new] == 1)
    return alone & ~pieces.is_doubtful


def _is_whole(low: Floats, high: Floats, length: Floats) -> Bools:
    whole: Bools = (low <= ROUNDING_M) & (high >= length - ROUNDING_M)
    return whole


def _fates(old: Network, new: Network, pieces: Pieces, is_kept: Bools) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    on_old = np.bincount(pieces.old, minlength=old.n_segments)
    on_new = np.bincount(pieces.new, minlength=new.n_segments)
    # A segment that shares a new one with others is merged; one that has several new ones is split; both: recut.
    shares = np.bincount(pieces.old, weights=on_new[pieces.new] > 1, minlength=old.n_segments) > 0
    has_parts = np.bincount(pieces.new, weights=on_old[pieces.old] > 1, minlength=new.n_segments) > 0
    kept_old, kept_new = np.zeros(old.n_segments, np.bool_), np.zeros(new.n_segments, np.bool_)
    kept_old[pieces.old[is_kept]], kept_new[pieces.new[is_kept]] = True, True
    gone = _uncovered(pieces.old, pieces.old_low, pieces.old_high, np.asarray(old.length_m))
    fresh = _uncovered(pieces.new, pieces.new_low, pieces.new_high, np.asarray(new.length_m))
    return (
        _named(OLD_FATES, on_old, kept_old, on_old > 1, shares, gone > WHOLE_M),
        _named(NEW_FATES, on_new, kept_new, has_parts, on_new > 1, fresh > WHOLE_M),
    )


def _named(
    words: tuple[str, ...], count: Ints, is_kept: Bools, is_cut: Bools, is_joined: Bools, is_partly: Bools
) -> NDArray[np.uint8]:
    fate = np.full(len(count), words.index("recut"), np.uint8)
    fate[is_cut & ~is_joined] = words.index("split")
    fate[is_joined & ~is_cut] = words.index("merged")
    fate[is_partly] = 5
    fate[count == 0] = 6
    fate[is_kept] = words.index("matched")
    return fate


def _uncovered(owner: Ints, low: Floats, high: Floats, length: Floats) -> Floats:
    uncovered: Floats = length - np.bincount(owner, weights=high - low, minlength=len(length))
    return uncovered


# ids


def _with_ids(
    old: Network, new: Network, kept_old: Ints, kept_new: Ints, retired: Set[bytes]
) -> tuple[Network, dict[str, tuple[str, ...]]]:
    """Return the new network with kept ids, and asset id -> old segments of the assets that are no more."""
    given = new.segment_ids.astype(object)
    given[kept_new] = old.segment_ids.astype(object)[kept_old]
    own = np.setdiff1d(np.arange(new.n_segments), kept_new)
    taken = set(old.segment_ids.tolist()) | retired
    for number in own[np.isin(given[own].astype("S"), np.array(sorted(taken), "S"))].tolist():
        given[number] = fresh_id(bytes(given[number]), taken)
        taken.add(given[number])
    assets, lost = _asset_ids(old, new)
    return replace(new, segment_ids=_bytes(given), asset_ids=_bytes(assets)), lost


def retired_ids(folder: Path | None, manifest: Mapping[str, Any]) -> frozenset[bytes]:
    """Return the ids that roads of the ancestors of a network had, as far as they did not stay as they were."""
    found: set[bytes] = set()
    for ancestor in ancestors_of(manifest):
        lineage = None if folder is None else load_lineage(folder, manifest, ancestor)
        found |= set() if lineage is None else set(lineage.ids.tolist())
    return frozenset(found)


def _bytes(values: NDArray[np.object_]) -> NDArray[np.bytes_]:
    return values.astype("S") if len(values) else np.empty(0, "S1")


def _asset_ids(old: Network, new: Network) -> tuple[NDArray[np.object_], dict[str, tuple[str, ...]]]:
    """Return the ids of the new assets and what is lost: assets of one kind that lie nearest to each other are one."""
    given = new.asset_ids.astype(object)
    places = [_asset_places(n) for n in (old, new)]
    became = np.full(len(old.asset_ids), -1, np.int64)
    for kind in np.unique(np.asarray(old.asset_type)):
        a, b = np.flatnonzero(old.asset_type == kind), np.flatnonzero(new.asset_type == kind)
        if not len(b):
            continue
        ahead, there = cKDTree(places[1][b]).query(places[0][a])
        _, back = cKDTree(places[0][a]).query(places[1][b])
        is_mutual = (ahead <= TOLERANCE_M) & (back[there] == np.arange(len(a)))
        became[a[is_mutual]] = b[there[is_mutual]]
    kept = became >= 0
    taken = set(old.asset_ids.tolist())
    own = np.setdiff1d(np.arange(len(given)), became[kept])
    for number in own.tolist():
        if bytes(given[number]) in taken:
            given[number] = fresh_id(bytes(given[number]), taken)
    given[became[kept]] = old.asset_ids.astype(object)[kept]
    lost = {}
    owner = np.repeat(np.arange(old.n_segments), np.diff(old.asset_start))
    for asset in np.flatnonzero(~kept).tolist():
        lost[old.asset_id(asset)] = tuple(old.segment_id(int(s)) for s in owner[np.asarray(old.asset_of) == asset])
    return given, lost


def _asset_places(network: Network) -> Floats:
    """Return (a, 3) middles of the assets on the globe, metres."""
    owner = np.repeat(np.arange(network.n_segments), np.diff(network.asset_start))
    start = np.asarray(network.coord_start)
    first, last = np.asarray(network.coords)[start[owner]], np.asarray(network.coords)[start[owner + 1] - 1]
    lon, lat = np.radians((first + last) / 2).T
    middle = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    count = np.bincount(network.asset_of, minlength=len(network.asset_ids))
    total = [np.bincount(network.asset_of, weights=axis, minlength=len(count)) for axis in middle.T]
    places: Floats = np.column_stack(total) / np.maximum(count, 1)[:, None] * np.degrees(METRES_PER_DEGREE)
    return places


# what changed


def changes_between(old: Network, new: Network, a: Ints, b: Ints) -> Bools:
    """Return (j, 9) by CHANGES: whether old segment a[i] and new segment b[i] differ in it."""
    words = [(np.array([*n.highway_words, ""], object), np.array([*n.surface_words, ""], object)) for n in (old, new)]
    names = [np.array([*n.names, ""], object) for n in (old, new)]
    assets = _asset_codes(old, new)
    columns = [
        np.asarray(old.is_oneway)[a] != np.asarray(new.is_oneway)[b],
        words[0][0][np.asarray(old.highway)[a]] != words[1][0][np.asarray(new.highway)[b]],
        words[0][1][np.asarray(old.surface)[a]] != words[1][1][np.asarray(new.surface)[b]],
        np.asarray(old.road_type)[a] != np.asarray(new.road_type)[b],
        np.asarray(old.speed_kmh)[a] != np.asarray(new.speed_kmh)[b],
        _differ(old.carriageway_m, new.carriageway_m, a, b) | _differ(old.shoulder_m, new.shoulder_m, a, b),
        _differ(old.limits, new.limits, a, b).any(axis=1) | _differ(_axles(old), _axles(new), a, b),
        assets[0][a] != assets[1][b],
        names[0][np.asarray(old.name)[a]] != names[1][np.asarray(new.name)[b]],
    ]
    return np.column_stack([column.astype(np.bool_) for column in columns])


def _axles(network: Network) -> NDArray[np.float64]:
    return network.axle_t if len(network.axle_t) else np.full(network.n_segments, np.nan)


def _differ(one: Any, two: Any, a: Ints, b: Ints) -> Bools:
    left, right = np.asarray(one)[a], np.asarray(two)[b]
    differ: Bools = ~((left == right) | (np.isnan(left) & np.isnan(right)))
    return differ


def _asset_codes(old: Network, new: Network) -> tuple[Ints, Ints]:
    """Return for each network (n,) a number of the set of assets with their kinds and limits on each segment."""
    codes: dict[tuple[Any, ...], int] = {(): 0}
    tables = []
    for network in (old, new):
        table = np.zeros(network.n_segments, np.int64)
        for number in np.flatnonzero(np.diff(network.asset_start)).tolist():
            on = network.assets_on(number).tolist()
            limits = np.nan_to_num(network.asset_limits[on], nan=-1.0).tolist()
            key = tuple(sorted((int(network.asset_type[i]), *row) for i, row in zip(on, limits, strict=True)))
            table[number] = codes.setdefault(key, len(codes))
        tables.append(table)
    return tables[0], tables[1]


# what is told and kept


def _report(
    old: Network, new: Network, old_fate: NDArray[np.uint8], new_fate: NDArray[np.uint8], changes: Bools,
    pieces: Pieces, lost_assets: dict[str, tuple[str, ...]],
) -> dict[str, Any]:  # fmt: skip
    def told(words: tuple[str, ...], fate: NDArray[np.uint8], length: Floats) -> dict[str, Any]:
        count = np.bincount(fate, minlength=len(words)).tolist()
        km = np.bincount(fate, weights=length, minlength=len(words)) / 1000
        return {word: {"segments": n, "km": round(float(k), 3)} for word, n, k in zip(words, count, km, strict=True)}

    return {
        "old": told(OLD_FATES, old_fate, np.asarray(old.length_m)),
        "new": told(NEW_FATES, new_fate, np.asarray(new.length_m)),
        "changes": {word: int(n) for word, n in zip(CHANGES, changes.sum(axis=0), strict=True) if n},
        "doubtful": len(np.unique(pieces.old[pieces.is_doubtful])),
        "assets": {"old": len(old.asset_ids), "new": len(new.asset_ids), "lost": len(lost_assets)},
    }


def make_lineage(old: Network, new: Network, pieces: Pieces, lost_assets: dict[str, tuple[str, ...]]) -> Lineage:
    """Return the lineage from old to new: rows for every old segment that is not carried on with its metres."""
    same_id = old.segment_ids.astype(object)[pieces.old] == new.segment_ids.astype(object)[pieces.new]
    plain = same_id & ~pieces.is_reversed & ~pieces.is_doubtful
    plain &= np.abs((pieces.old_high - pieces.old_low) - (pieces.new_high - pieces.new_low)) <= ROUNDING_M
    plain &= _is_whole(pieces.old_low, pieces.old_high, np.asarray(old.length_m)[pieces.old])
    numbers = np.setdiff1d(np.arange(old.n_segments), pieces.old[plain])
    order = numbers[np.argsort(old.segment_ids[numbers], kind="stable")]
    place = np.full(old.n_segments, -1, np.int64)
    place[order] = np.arange(len(order))
    rows = np.flatnonzero(place[pieces.old] >= 0)
    rows = rows[np.lexsort((pieces.old_low[rows], place[pieces.old[rows]]))]
    part = pieces.of(rows)
    start = np.asarray(old.coord_start)
    counts = start[order + 1] - start[order]
    vertex = np.arange(counts.sum()) + np.repeat(start[order] - (np.cumsum(counts) - counts), counts)
    names = sorted(lost_assets)
    return Lineage(
        ancestor=old.network_id, network_id=new.network_id,
        ids=old.segment_ids[order], length_m=np.asarray(old.length_m)[order], coords=np.asarray(old.coords)[vertex],
        coord_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        start=np.searchsorted(place[part.old], np.arange(len(order) + 1)).astype(np.int64),
        low=part.old_low, high=part.old_high, new_ids=new.segment_ids[part.new], new_low=part.new_low,
        new_high=part.new_high, is_reversed=part.is_reversed, is_doubtful=part.is_doubtful,
        asset_ids=as_ids(names),
        asset_start=np.concatenate([[0], np.cumsum([len(lost_assets[n]) for n in names])]).astype(np.int64),
        asset_segments=as_ids([s for n in names for s in lost_assets[n]]),
    )  # fmt: skip


def save_follower(
    succession: Succession, out: Callable[[str], Path], about: dict[str, Any], *, base_folder: Path | None
) -> Network:
    """Write the follower with its lineages as a network folder and return it, loaded from there.

    Parameters
    ----------
    out
        Network id -> folder.
    about
        Manifest of the new network as it was compiled.
    base_folder
        Of the old network, whose own ancestors are followed on; None for one that is in no folder.
    """
    network, old = succession.network, succession.old
    lineages = [succession.lineage]
    for ancestor in ancestors_of(old.manifest):
        described = {**old.manifest, "network_id": old.network_id}
        before = None if base_folder is None else load_lineage(base_folder, described, ancestor)
        if before is not None:
            lineages.append(chained(before, succession.lineage))
    digest, name = content_hash(network), str(about.get("name", "network"))
    network_id = f"{name}-{digest[:8]}"
    if network_id == old.network_id:
        raise InvalidInput.single("base", old.network_id, "another network: this one is the same, byte for byte")

    def beside(folder: Path) -> dict[str, Any]:
        np.savez(folder / FATES, old=succession.old_fate, new=succession.new_fate, changes=succession.changes)
        return {MEMBER: {"ancestors": write_lineages(lineages, folder), "report": succession.report}}

    manifest = {**about, "name": name, "content_hash": digest}
    whole = replace(network, network_id=network_id, manifest=manifest)
    return load_network(save_network(whole, out(network_id), beside=beside))


def report_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the report of a re-import as lines for people."""
    for title in ("old", "new"):
        for word, told in report[title].items():
            if told["segments"]:
                yield f"{title} {word.replace('_', ' '):<12} {told['segments']:>9} segments {told['km']:>12.3f} km"
    for word, n in report["changes"].items():
        yield f"changed {word.replace('_', ' ')}: {n}"
    if report["doubtful"]:
        yield f"doubtful: {report['doubtful']} old segments could as well be another road"
    if report["assets"]["lost"]:
        yield f"assets lost: {report['assets']['lost']} of {report['assets']['old']}"
