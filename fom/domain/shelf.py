"""A shelf of passages: most records of a mission, kept as columns and made into records only where one is asked for.

On a shelf stand verifications that have a place and name nothing crossed. What decides how one counts (its *sort*)
takes few different values, so the rules are asked once per sort.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.plain_records import record_from_plain, record_to_plain
from fom.domain.records import Record, Verification

Ints = NDArray[np.int64]
ID_BYTES_MAX = 120


@dataclass(frozen=True, eq=False)
class Texts:
    """Byte strings end to end."""

    data: NDArray[np.uint8]
    start: Ints
    """(n + 1,); text i is data[start[i]:start[i + 1]]."""

    @classmethod
    def of(cls, texts: Iterable[bytes]) -> Texts:
        """Return some byte strings end to end."""
        listed = list(texts)
        start = np.concatenate([[0], np.cumsum([len(text) for text in listed], dtype=np.int64)]).astype(np.int64)
        return cls(np.frombuffer(b"".join(listed), np.uint8), start)

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, number: int) -> bytes:
        return self.data[self.start[number] : self.start[number + 1]].tobytes()

    def joined(self, other: Texts) -> Texts:
        """Return these and then others."""
        start = np.concatenate([self.start, other.start[1:] + self.start[-1]])
        return Texts(np.concatenate([self.data, other.data]), start)


@dataclass(frozen=True, eq=False)
class Shelf:
    """(s,) passages in the order in which they came to stand here."""

    ids: NDArray[np.bytes_]
    """UTF-8."""
    by_id: NDArray[np.int32]
    """Numbers in the order of ids."""
    received: Ints
    """Microseconds."""
    eff: Ints
    sort: NDArray[np.int32]
    """Index into `sorts`."""
    sorts: tuple[Verification, ...]
    """One passage of each sort, without id, place and origin."""
    is_spoken_of: NDArray[np.bool_]
    """Whether a grade, link or retraction names it: then it is judged by itself."""
    bodies: Texts
    places: Texts
    """WKB, nothing where the place is segments."""

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, record_id: str) -> int | None:
        """Return the number of an id, None when it does not stand here."""
        sought = record_id.encode(errors="surrogatepass")
        if not len(self.ids) or len(sought) > ID_BYTES_MAX:
            return None
        place = bisect_left(range(len(self.ids)), sought, key=lambda i: bytes(self.ids[self.by_id[i]]))
        if place == len(self.ids):
            return None
        number = int(self.by_id[place])
        return number if bytes(self.ids[number]) == sought else None

    def id_of(self, number: int) -> str:
        """Return the id of a number."""
        return bytes(self.ids[number]).decode()

    def record(self, number: int) -> Record:
        """Return the record of a number, made anew."""
        return record_from_plain(json.loads(self.bodies[number]), read_place(self.places[number]))

    def with_more(self, passages: Sequence[Verification], spoken_of: Iterable[int]) -> Shelf:
        """Return a shelf with more passages behind these; `spoken_of` are the numbers on it that others name."""
        sorts = {_key(sort): number for number, sort in enumerate(self.sorts)}
        numbers = [sorts.setdefault(_key(sort_of(p)), len(sorts)) for p in passages]
        ids = np.concatenate([self.ids, np.array([p.id.encode() for p in passages], f"S{ID_BYTES_MAX}")])
        kinds = {number: sort_of(p) for number, p in zip(numbers, passages, strict=True)}
        is_spoken_of = np.zeros(len(ids), np.bool_)
        is_spoken_of[np.fromiter(spoken_of, np.int64)] = True
        return Shelf(
            ids, np.argsort(ids, kind="stable").astype(np.int32),
            np.concatenate([self.received, np.array([p.received for p in passages], np.int64)]),
            np.concatenate([self.eff, np.array([p.eff for p in passages], np.int64)]),
            np.concatenate([self.sort, np.array(numbers, np.int32)]),
            (*self.sorts, *(kinds[number] for number in range(len(self.sorts), len(sorts)))),
            is_spoken_of,
            self.bodies.joined(Texts.of(json.dumps(record_to_plain(p)).encode() for p in passages)),
            self.places.joined(Texts.of(write_place(p.geometry) for p in passages)),
        )  # fmt: skip


def empty_shelf() -> Shelf:
    """Return a shelf with nothing on it."""
    none = np.empty(0, np.int64)
    texts = Texts.of(())
    return Shelf(
        np.empty(0, f"S{ID_BYTES_MAX}"), none.astype(np.int32), none, none, none.astype(np.int32), (),
        none.astype(np.bool_), texts, texts,
    )  # fmt: skip


def can_stand(record: Record) -> bool:
    """Return whether a record may stand on a shelf."""
    return (
        isinstance(record, Verification)
        and not record.crossed
        and (record.geometry is not None or bool(record.segments))
        and "\0" not in record.id
        and len(record.id.encode(errors="surrogatepass")) <= ID_BYTES_MAX
    )


def sort_of(passage: Verification) -> Verification:
    """Return all that decides how a passage counts, but for its time, its place and what others say of it."""
    return replace(
        passage, id="", received=0, occurred=None, geometry=None, location=None, origin=None, by=None, signed_by=(),
        meta=None, segments=(),
    )  # fmt: skip


def _key(sort: Verification) -> tuple[Any, ...]:
    return (
        sort.grade, sort.strength, sort.passed, sort.track, sort.authenticated, sort.user_class, sort.unimpeded,
        sort.direction,
    )  # fmt: skip


def read_place(wkb: bytes) -> BaseGeometry | None:
    """Return the geometry of what `write_place` wrote."""
    return shapely.from_wkb(wkb) if wkb else None


def write_place(geometry: BaseGeometry | None) -> bytes:
    """Return a geometry as WKB, nothing for none."""
    return b"" if geometry is None else bytes(shapely.to_wkb(geometry))
