"""Everything bound to a network so far, by what is needed of it: which placements lie on which segments."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.records import Manual, Record
from fom.network.network import Network
from fom.picture.pairs import Pairs, Selection

Ints = NDArray[np.int64]
NO_ACTS: frozenset[str] = frozenset()
PHASED_PAIRS = ("limits", "risks", "passages", "improvements")
"""Pairs of records that have phases of their own."""
PAIR_NAMES = (*PHASED_PAIRS, "areas", "seasons")


def pairs_for(record: Record) -> str:
    """Return the name of the pairs in which a record is bound."""
    if isinstance(record, Manual) and record.mode == "improve":
        return "improvements"
    return {"incident": "risks", "verification": "passages", "threat_area": "areas", "season": "seasons"}.get(
        record.kind, "limits"
    )


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
    place_of: dict[tuple[str, frozenset[str]], int] = field(default_factory=dict)
    """(record id, acts whose land is taken off) -> placement among the pairs of its kind."""
    finds: dict[str, BaseGeometry] = field(default_factory=dict)
    """New emplacement -> its shape."""
    release_areas: dict[str, BaseGeometry] = field(default_factory=dict)
    """Land-release act -> its area."""
    asset_segments: dict[bytes, Ints] = field(default_factory=dict)
    owners: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PAIR_NAMES})
    """Name of the pairs -> placement -> record id."""
    _name_of: dict[str, str] = field(default_factory=dict)
    dropped: list[tuple[str, int]] = field(default_factory=list)
    """(name of the pairs, placement) of records taken out."""

    def add(
        self, name: str, record_id: str, segments: NDArray[Any], *, acts: frozenset[str] = NO_ACTS, **values: Any
    ) -> int:
        """Add a placement of a record and return its number."""
        placement = self.pairs(name).add(segments, **values)
        self.owners[name].append(record_id)
        self._name_of[record_id] = name
        self.place_of[record_id, acts] = placement
        return placement

    def pairs(self, name: str) -> Pairs:
        """Return the pairs of a name in PAIR_NAMES."""
        found: Pairs = getattr(self, name)
        return found

    def forget(self, record_id: str) -> None:
        """Drop a record and what was worked out with it; its pairs stay and are not read any more."""
        for key in [key for key in self.place_of if key[0] == record_id or record_id in key[1]]:
            self.dropped.append((self._name_of[key[0]], self.place_of.pop(key)))
        self.finds.pop(record_id, None)
        self.release_areas.pop(record_id, None)

    def segments_of(self, record: Record) -> list[NDArray[np.int32]]:
        """Return the segments of a record's whole place."""
        placement = self.place_of.get((record.id, NO_ACTS))
        return [] if placement is None else [self.pairs(pairs_for(record)).segments_of[placement]]

    def limiting_on(self, segments: Ints) -> list[str]:
        """Return the ids of facts, controls and worsenings that lie on some segments."""
        return self._on("limits", segments)

    def records_on(self, segments: Ints) -> list[str]:
        """Return the ids of all records with phases that lie on some segments."""
        return [record_id for name in PHASED_PAIRS for record_id in self._on(name, segments)]

    def _on(self, name: str, segments: Ints) -> list[str]:
        pairs = self.pairs(name)
        placements = np.unique(pairs.view().gather(Selection(segments, pairs.n_segments))["placement"])
        owners = self.owners[name]
        return list(dict.fromkeys(owners[placement] for placement in placements.tolist()))

    @classmethod
    def empty(cls, network: Network) -> Bindings:
        """Return bindings of nothing to a network."""
        n = network.n_segments
        parts = {"low": np.float64, "high": np.float64, "is_whole": np.bool_}
        owner = np.repeat(np.arange(n), np.diff(network.asset_start))
        ids = network.asset_ids[network.asset_of] if len(network.asset_of) else np.empty(0, "S1")
        by_asset: dict[bytes, list[int]] = {}
        for asset_id, segment in zip(ids.tolist(), owner.tolist(), strict=True):
            by_asset.setdefault(asset_id, []).append(segment)
        return cls(
            Pairs(n, {"zone": np.uint8}), Pairs(n, {"nearness": np.float64}), Pairs(n, parts), Pairs(n, parts),
            Pairs(n, {}), Pairs(n, {}),
            asset_segments={asset_id: np.unique(np.array(of)) for asset_id, of in by_asset.items()},
        )  # fmt: skip

    def emptied(self, names: Container[str]) -> Bindings:
        """Return a copy without what is bound in some of the pairs, for their records to be bound anew."""
        twin = self.copy()
        for name in [name for name in PAIR_NAMES if name in names]:
            setattr(twin, name, self.pairs(name).emptied())
            twin.owners[name] = []
        twin.place_of = {key: at for key, at in self.place_of.items() if self._name_of[key[0]] not in names}
        twin._name_of = {record_id: name for record_id, name in self._name_of.items() if name not in names}
        twin.dropped = [(name, placement) for name, placement in self.dropped if name not in names]
        if "limits" in names:
            twin.finds, twin.release_areas = {}, {}
        return twin

    def copy(self) -> Bindings:
        """Return bindings that grow on their own."""
        return Bindings(
            self.limits.copy(), self.risks.copy(), self.passages.copy(), self.areas.copy(), self.seasons.copy(),
            self.improvements.copy(), dict(self.place_of), dict(self.finds), dict(self.release_areas),
            self.asset_segments,
            {name: list(owners) for name, owners in self.owners.items()}, dict(self._name_of), list(self.dropped),
        )  # fmt: skip
