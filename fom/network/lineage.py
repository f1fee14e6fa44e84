"""What became of the segments and assets of earlier networks: old id -> stretches of the network at hand.

Kept in the folder of a network, one file for each ancestor, and chained from version to version. An id stands for one
road for ever: segments that were cut or joined have new ids, and this table says where the old ones went.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.errors import BadReferenceData
from fom.network.id_index import IdIndex
from fom.network.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Ids = NDArray[np.bytes_]
ROUNDING_M = 0.05
"""Ends and lengths that differ by less are the same."""
MEMBER = "lineage"
"""Member of a manifest that lists the ancestors, nearest first."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a segment: metres from its start."""

    segment_id: str
    low_m: float
    high_m: float
    is_reversed: bool = False
    """Runs against the segment it comes from."""
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a stretch went: its parts in the order of the old segment, and what of the old stretch has none."""

    parts: tuple[Part, ...]
    lost: tuple[tuple[float, float], ...] = ()
    """Metres on the old segment."""


@dataclass(frozen=True, eq=False)
class Lineage:
    """From the network `ancestor` to `network_id`. Only what is not carried on as it is has rows.

    Segments (k,): `ids`, `length_m`, and their geometry as `coords[coord_start[i]:coord_start[i + 1]]`.
    Pieces (p,) in the order of the segments, then place: piece j of segment i is start[i] <= j < start[i + 1].
    Assets (j,) that are no more: `asset_ids`, with the old segments that carried them.
    """

    ancestor: str
    network_id: str
    ids: Ids
    length_m: Floats
    coords: Floats
    coord_start: Ints
    start: Ints
    low: Floats
    high: Floats
    new_ids: Ids
    new_low: Floats
    new_high: Floats
    is_reversed: Bools
    is_doubtful: Bools
    asset_ids: Ids
    asset_start: Ints
    asset_segments: Ids
    about: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _index(self) -> IdIndex:
        return IdIndex.of(self.ids)

    @cached_property
    def _assets(self) -> dict[bytes, int]:
        return {asset: i for i, asset in enumerate(self.asset_ids.tolist())}

    def row_of(self, segment_id: str) -> int | None:
        """Return the row of an old segment that did not stay as it was, None for all others."""
        return self._index.find(segment_id.encode()) if len(self.ids) else None

    def follow(self, segment_id: str, low_m: float, high_m: float | None) -> Followed | None:
        """Return where a stretch of an old segment went; None when the segment is not in the table."""
        row = self.row_of(segment_id)
        if row is None:
            return None
        end = float(self.length_m[row]) if high_m is None else min(high_m, float(self.length_m[row]))
        parts, lost, at = [], [], low_m
        for j in range(self.start[row], self.start[row + 1]):
            low, high = max(low_m, float(self.low[j])), min(end, float(self.high[j]))
            if high <= low:
                continue
            if low - at > ROUNDING_M:
                lost.append((at, low))
            parts.append(self._part(j, low, high))
            at = high
        if end - at > ROUNDING_M:
            lost.append((at, end))
        return Followed(tuple(parts), tuple(lost))

    def _part(self, j: int, low: float, high: float) -> Part:
        scale = (self.new_high[j] - self.new_low[j]) / (self.high[j] - self.low[j])
        a, b = (low - self.low[j]) * scale, (high - self.low[j]) * scale
        if self.is_reversed[j]:
            from_m, to_m = self.new_high[j] - b, self.new_high[j] - a
        else:
            from_m, to_m = self.new_low[j] + a, self.new_low[j] + b
        new_id = bytes(self.new_ids[j]).decode()
        return Part(new_id, float(from_m), float(to_m), bool(self.is_reversed[j]), bool(self.is_doubtful[j]))

    def pieces_of(self, row: int) -> list[tuple[float, float, Part]]:
        """Return (low, high, where it went) of the pieces of a row."""
        pieces = range(self.start[row], self.start[row + 1])
        return [(float(self.low[j]), float(self.high[j]), self._part(j, self.low[j], self.high[j])) for j in pieces]

    def line_of(self, segment_id: str) -> Floats | None:
        """Return the vertices of an old segment of the table, (m, 2) degrees."""
        row = self.row_of(segment_id)
        return None if row is None else self.coords[self.coord_start[row] : self.coord_start[row + 1]]

    def lost_asset(self, asset_id: str) -> tuple[str, ...] | None:
        """Return the old segments of an asset that is no more, None for every other id."""
        row = self._assets.get(asset_id.encode())
        if row is None:
            return None
        on = self.asset_segments[self.asset_start[row] : self.asset_start[row + 1]]
        return tuple(segment.decode() for segment in on.tolist())


ARRAYS = tuple(name for name in Lineage.__dataclass_fields__ if name not in ("ancestor", "network_id", "about"))


def chained(first: Lineage, second: Lineage) -> Lineage:
    """Return the lineage from the ancestor of `first` to the network of `second`, which begins where `first` ends."""
    rows: dict[str, tuple[float, Floats, list[tuple[float, float, Part]]]] = {}
    for i, old in enumerate(first.ids.tolist()):
        pieces: list[tuple[float, float, Part]] = []
        for j in range(first.start[i], first.start[i + 1]):
            pieces += _through(first, j, second)
        line = first.coords[first.coord_start[i] : first.coord_start[i + 1]]
        rows[old.decode()] = (float(first.length_m[i]), line, pieces)
    made = _made_by(first)
    for i, old in enumerate(second.ids.tolist()):
        if (name := old.decode()) not in rows and name not in made:
            line = second.coords[second.coord_start[i] : second.coord_start[i + 1]]
            rows[name] = (float(second.length_m[i]), line, second.pieces_of(i))
    return _table(first.ancestor, second.network_id, rows, dict(_assets_through(first, second)))


def _made_by(first: Lineage) -> frozenset[str]:
    """Return the ids that the first step gave: no segment of its ancestor had them."""
    kept = set(first.ids.tolist())
    return frozenset(i.decode() for i in set(first.new_ids.tolist()) - kept)


def _through(first: Lineage, j: int, second: Lineage) -> Iterator[tuple[float, float, Part]]:
    low, high = float(first.low[j]), float(first.high[j])
    middle = first._part(j, low, high)
    row = second.row_of(middle.segment_id)
    if row is None:
        yield low, high, middle
        return
    scale = (high - low) / (middle.high_m - middle.low_m)
    found = []
    for k in range(second.start[row], second.start[row + 1]):
        a, b = max(middle.low_m, float(second.low[k])), min(middle.high_m, float(second.high[k]))
        if b <= a:
            continue
        part = second._part(k, a, b)
        ends = (a - middle.low_m, b - middle.low_m)
        if middle.is_reversed:
            ends = (middle.high_m - b, middle.high_m - a)
        turned = Part(
            part.segment_id, part.low_m, part.high_m, part.is_reversed != middle.is_reversed,
            part.is_doubtful or middle.is_doubtful,
        )  # fmt: skip
        found.append((low + ends[0] * scale, low + ends[1] * scale, turned))
    yield from sorted(found, key=lambda piece: piece[0])


def _assets_through(first: Lineage, second: Lineage) -> Iterator[tuple[str, tuple[str, ...]]]:
    for asset in first.asset_ids.tolist():
        yield asset.decode(), first.lost_asset(asset.decode()) or ()
    origin: dict[str, list[str]] = {}
    for i, old in enumerate(first.ids.tolist()):
        for new in first.new_ids[first.start[i] : first.start[i + 1]].tolist():
            origin.setdefault(new.decode(), []).append(old.decode())
    for asset in second.asset_ids.tolist():
        on = second.lost_asset(asset.decode()) or ()
        yield asset.decode(), tuple(dict.fromkeys(o for s in on for o in origin.get(s, [s])))


def _table(
    ancestor: str, network_id: str, rows: Mapping[str, tuple[float, Floats, list[tuple[float, float, Part]]]],
    assets: Mapping[str, tuple[str, ...]],
) -> Lineage:  # fmt: skip
    ids = sorted(rows)
    pieces = [piece for i in ids for piece in rows[i][2]]
    lines = [np.asarray(rows[i][1]) for i in ids]
    names = sorted(assets)
    return Lineage(
        ancestor=ancestor, network_id=network_id, ids=as_ids(ids), length_m=np.array([rows[i][0] for i in ids]),
        coords=np.vstack(lines) if lines else np.empty((0, 2)),
        coord_start=_starts([len(line) for line in lines]), start=_starts([len(rows[i][2]) for i in ids]),
        low=np.array([p[0] for p in pieces]), high=np.array([p[1] for p in pieces]),
        new_ids=as_ids([p[2].segment_id for p in pieces]),
        new_low=np.array([p[2].low_m for p in pieces]), new_high=np.array([p[2].high_m for p in pieces]),
        is_reversed=np.array([p[2].is_reversed for p in pieces], np.bool_),
        is_doubtful=np.array([p[2].is_doubtful for p in pieces], np.bool_),
        asset_ids=as_ids(names), asset_start=_starts([len(assets[n]) for n in names]),
        asset_segments=as_ids([s for n in names for s in assets[n]]),
    )  # fmt: skip


def inverse(lineage: Lineage, follower: Network, ancestor: Network) -> Lineage:
    """Return the same pieces read from the follower back to its ancestor: for a network that is used again."""
    plain = np.setdiff1d(ancestor.segment_ids.astype(object), lineage.ids.astype(object))
    pieces: dict[str, list[tuple[float, float, Part]]] = {}
    for i, old in enumerate(lineage.ids.tolist()):
        for low, high, part in lineage.pieces_of(i):
            back = Part(old.decode(), low, high, part.is_reversed, part.is_doubtful)
            pieces.setdefault(part.segment_id, []).append((part.low_m, part.high_m, back))
    changed = np.setdiff1d(follower.segment_ids.astype(object), plain)
    rows = {}
    for segment_id in sorted({*(i.decode() for i in changed.tolist()), *pieces}):
        number = follower.find_segment(segment_id)
        if number is not None:
            line = np.asarray(follower.coords)[follower.coord_start[number] : follower.coord_start[number + 1]]
            rows[segment_id] = (float(follower.length_m[number]), line, sorted(pieces.get(segment_id, []), key=_low))
    assets = {}
    owner = np.repeat(np.arange(follower.n_segments), np.diff(follower.asset_start))
    for asset in range(len(follower.asset_ids)):
        if ancestor.find_asset(follower.asset_id(asset)) is None:
            on = owner[np.asarray(follower.asset_of) == asset]
            assets[follower.asset_id(asset)] = tuple(follower.segment_id(int(n)) for n in on)
    return _table(lineage.network_id, lineage.ancestor, rows, assets)


def _low(piece: tuple[float, float, Part]) -> float:
    return piece[0]


def as_ids(texts: Iterable[str]) -> Ids:
    """Return texts as an array of UTF-8 ids."""
    encoded = [text.encode() for text in texts]
    return np.array(encoded, dtype=f"S{max((len(e) for e in encoded), default=1)}")


def _starts(counts: Iterable[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(np.array(list(counts), np.int64))]).astype(np.int64)


# on disk


def write_lineages(lineages: Iterable[Lineage], folder: Path) -> list[dict[str, Any]]:
    """Write lineages into a network's folder, nearest ancestor first; return what the manifest says of them."""
    listed = []
    for place, lineage in enumerate(lineages, start=1):
        buffer = io.BytesIO()
        np.savez(buffer, **{name: getattr(lineage, name) for name in ARRAYS})
        body = buffer.getvalue()
        (folder / f"{MEMBER}-{place}.npz").write_bytes(body)
        listed.append({"ancestor": lineage.ancestor, "rows": len(lineage.ids), "sha256": sha256(body).hexdigest()})
    return listed


def ancestors_of(manifest: Mapping[str, Any]) -> list[str]:
    """Return the ids of the networks whose segments a network follows, nearest first."""
    return [str(entry["ancestor"]) for entry in (manifest.get(MEMBER) or {}).get("ancestors", [])]


def load_lineage(folder: Path, manifest: Mapping[str, Any], ancestor: str) -> Lineage | None:
    """Return the lineage from an ancestor to the network of a folder, None when it does not follow that one.

    Raises
    ------
    BadReferenceData
        The file is missing or damaged.
    """
    listed = (manifest.get(MEMBER) or {}).get("ancestors", [])
    for place, entry in enumerate(listed, start=1):
        if entry["ancestor"] == ancestor:
            return _read(folder / f"{MEMBER}-{place}.npz", entry, ancestor, str(manifest["network_id"]))
    return None


def _read(path: Path, entry: Mapping[str, Any], ancestor: str, network_id: str) -> Lineage:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BadReferenceData(f"{path}: missing or unreadable ({error}); build the network again") from error
    if sha256(body).hexdigest() != entry.get("sha256"):
        raise BadReferenceData(f"{path}: damaged: not what was built; build the network again")
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return Lineage(ancestor=ancestor, network_id=network_id, **{name: arrays[name] for name in ARRAYS})
