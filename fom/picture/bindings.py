"""Everything bound to a network so far, by what is needed of it: which placements lie on which segments."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.records import Manual, Record
from fom.domain.shelf import Shelf, empty_shelf
from fom.network.network import Network
from fom.picture.pairs import KeptPairs, Pairs, Selection

Ints = NDArray[np.int64]
NO_ACTS: frozenset[str] = frozenset()
PHASED_PAIRS = ("limits", "risks", "passages", "improvements")
"""Pairs of records that have phases of their own."""
PAIR_NAMES = (*PHASED_PAIRS, "areas", "seasons")
_PARTS: dict[str, DTypeLike] = {"low": np.float64, "high": np.float64, "is_whole": np.bool_}
VALUES: dict[str, dict[str, DTypeLike]] = {
    "limits": {"zone": np.uint8}, "risks": {"nearness": np.float64}, "passages": _PARTS, "improvements": {},
    "areas": _PARTS, "seasons": {},
}  # fmt: skip
"""Name of the pairs -> their values."""


def pairs_for(record: Record) -> str:
    """Return the name of the pairs in which a record is bound."""
    if isinstance(record, Manual) and record.mode == "improve":
        return "improvements"
    return {"incident": "risks", "verification": "passages", "threat_area": "areas", "season": "seasons"}.get(
        record.kind, "limits"
    )


class AssetSegments:
    """Asset id -> the segments on which it stands, ascending; one id may be described on several."""

    def __init__(self, network: Network) -> None:
        ids = network.asset_ids[network.asset_of] if len(network.asset_of) else np.empty(0, "S1")
        owner = np.repeat(np.arange(network.n_segments), np.diff(network.asset_start))
        order = np.argsort(ids, kind="stable")
        self._ids, self._owner = ids[order], owner[order]

    def __getitem__(self, asset_id: bytes) -> Ints:
        low, high = (int(np.searchsorted(self._ids, asset_id, side=side)) for side in ("left", "right"))
        if low == high:
            raise KeyError(asset_id)
        return np.unique(self._owner[low:high])


class Places:
    """(record id, acts whose land is taken off) -> placement; passage i of a shelf has placement i."""

    def __init__(self, shelf: Shelf) -> None:
        self.own: dict[tuple[str, frozenset[str]], int] = {}
        self._shelf = shelf
        self._gone: frozenset[int] = frozenset()

    def get(self, key: tuple[str, frozenset[str]]) -> int | None:
        """Return the placement, None when there is none."""
        found = self.own.get(key)
        if found is None and not key[1] and len(self._shelf):
            found = self._shelf.find(key[0])
            return None if found in self._gone else found
        return found

    def __getitem__(self, key: tuple[str, frozenset[str]]) -> int:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: tuple[str, frozenset[str]], placement: int) -> None:
        self.own[key] = placement

    def __contains__(self, key: tuple[str, frozenset[str]]) -> bool:
        return self.get(key) is not None

    def forget(self, record_id: str) -> list[tuple[str, int]]:
        """Drop what is placed for a record or with it, and return (record id, placement) of each."""
        keys = [key for key in self.own if key[0] == record_id or record_id in key[1]]
        dropped = [(key[0], self.own.pop(key)) for key in keys]
        number = self.get((record_id, NO_ACTS))
        if number is not None:
            self._gone |= {number}
            dropped.append((record_id, number))
        return dropped

    def copy(self) -> Places:
        """Return places that change on their own."""
        twin = Places(self._shelf)
        twin.own, twin._gone = dict(self.own), self._gone
        return twin


class Owners:
    """Placement -> record id; those of a shelf come first."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.shelf = shelf
        self.n_shelved = 0 if shelf is None else len(shelf)
        self.own: list[str] = []

    def __getitem__(self, placement: int) -> str:
        if self.shelf is not None and placement < self.n_shelved:
            return self.shelf.id_of(placement)
        return self.own[placement - self.n_shelved]

    def append(self, record_id: str) -> None:
        """Add the owner of the next placement."""
        self.own.append(record_id)

    def copy(self) -> Owners:
        """Return what grows on its own."""
        twin = Owners(self.shelf)
        twin.own = list(self.own)
        return twin


@dataclass
class Bindings:
    """Everything bound so far, by what is needed of it."""

    limits: Pairs
    """Explosive, physical, control, worsening by hand; value `zone`."""
    risks: Pairs
    """Incidents; value `nearness` 0 to 1."""
    passages: Pairs
    """Verifications; one row per interval: `low`, `high` metres, `is_whole` when it alone covers the segment."""
    areas: Pairs
    """Threat areas; rows as for passages."""
    seasons: Pairs
    improvements: Pairs
    place_of: Places
    """(record id, acts whose land is taken off) -> placement among the pairs of its kind."""
    asset_segments: AssetSegments
    finds: dict[str, BaseGeometry] = field(default_factory=dict)
    """New emplacement -> its shape."""
    release_areas: dict[str, BaseGeometry] = field(default_factory=dict)
    """Land-release act -> its area."""
    owners: dict[str, Owners] = field(default_factory=dict)
    """Name of the pairs -> placement -> record id."""
    _name_of: dict[str, str] = field(default_factory=dict)
    dropped: list[tuple[str, int]] = field(default_factory=list)
    """(name of the pairs, placement) of records taken out."""

    def add(
        self, name: str, record_id: str, segments: NDArray[Any], *, acts: frozenset[str] = NO_ACTS, **values: Any
    ) -> int:
        """Add a placement of a record and return its number."""
        placement = self.pairs(name).add(segments, **values)
        self.own(name, record_id, acts, placement)
        return placement

    def name_of(self, record_id: str) -> str:
        """Return the name of the pairs in which a record is placed."""
        return self._name_of.get(record_id, "passages")

    def pairs(self, name: str) -> Pairs:
        """Return the pairs of a name in PAIR_NAMES."""
        found: Pairs = getattr(self, name)
        return found

    def forget(self, record_id: str) -> None:
        """Drop a record and what was worked out with it; its pairs stay and are not read any more."""
        for owner_id, placement in self.place_of.forget(record_id):
            self.dropped.append((self.name_of(owner_id), placement))
        self.finds.pop(record_id, None)
        self.release_areas.pop(record_id, None)

    def segments_of(self, record: Record) -> list[NDArray[np.int32]]:
        """Return the segments of a record's whole place."""
        placement = self.place_of.get((record.id, NO_ACTS))
        return [] if placement is None else [self.pairs(pairs_for(record)).segments_of[placement]]

    def placements_on(self, name: str, segments: Ints) -> NDArray[np.int32]:
        """Return the placements that lie on some segments (each once), ascending."""
        pairs = self.pairs(name)
        return np.unique(pairs.view().gather(Selection(segments))["placement"])

    def ids_on(self, name: str, segments: Ints) -> list[str]:
        """Return the ids of the records of some pairs that lie on some segments."""
        owners = self.owners[name]
        return list(dict.fromkeys(owners[placement] for placement in self.placements_on(name, segments).tolist()))

    @classmethod
    def empty(cls, network: Network) -> Bindings:
        """Return bindings of nothing to a network."""
        return cls.begun(network, empty_shelf(), {})

    @classmethod
    def begun(cls, network: Network, shelf: Shelf, kept: Mapping[str, KeptPairs]) -> Bindings:
        """Return bindings that go on from pairs kept by name; passages of the shelf are the first of theirs."""
        pairs: dict[str, Any] = {name: Pairs(network.n_segments, VALUES[name], kept.get(name)) for name in PAIR_NAMES}
        owners = {name: Owners(shelf if name == "passages" else None) for name in PAIR_NAMES}
        return cls(**pairs, place_of=Places(shelf), asset_segments=AssetSegments(network), owners=owners)

    def own(self, name: str, record_id: str, acts: frozenset[str], placement: int) -> None:
        """Say whose a kept placement is; called in their order, for those behind the shelf."""
        self.owners[name].append(record_id)
        self._name_of[record_id] = name
        self.place_of[record_id, acts] = placement

    def emptied(self, names: Container[str]) -> Bindings:
        """Return a copy without what is bound in some of the pairs, for their records to be bound anew.

        Not of passages: those of a shelf stand where they stand.
        """
        twin = self.copy()
        for name in [name for name in PAIR_NAMES if name in names]:
            setattr(twin, name, self.pairs(name).emptied())
            twin.owners[name] = Owners(None)
        twin.place_of.own = {key: at for key, at in self.place_of.own.items() if self._name_of[key[0]] not in names}
        twin._name_of = {record_id: name for record_id, name in self._name_of.items() if name not in names}
        twin.dropped = [(name, placement) for name, placement in self.dropped if name not in names]
        if "limits" in names:
            twin.finds, twin.release_areas = {}, {}
        return twin

    def copy(self) -> Bindings:
        """Return bindings that grow on their own."""
        pairs: dict[str, Any] = {name: self.pairs(name).copy() for name in PAIR_NAMES}
        return Bindings(
            **pairs, place_of=self.place_of.copy(),
            finds=dict(self.finds), release_areas=dict(self.release_areas), asset_segments=self.asset_segments,
            owners={name: owners.copy() for name, owners in self.owners.items()}, _name_of=dict(self._name_of),
            dropped=list(self.dropped),
        )  # fmt: skip
