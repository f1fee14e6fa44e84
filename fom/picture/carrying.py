"""Records that name segments or assets of an earlier network, read on the network at hand; they stay as they are.

Bad news goes wherever it may belong, also where a match is doubtful; good news only where it surely does. What has no
road any more keeps its place. Source: doctrine, section 9.11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from fom.domain.geodesy import distance_m
from fom.domain.records import Control, Location, Manual, Physical, Record, Route, Stretch, Verification
from fom.domain.references import stretches_of
from fom.network.lineage import ROUNDING_M, Followed, Lineage, Part
from fom.network.network import Network

OLD_PLACE_M = 30.0
"""Uncertainty of the place of a road that is on the map no more: by so much a road may have moved (doctrine 9.11)."""
OTHER_WAY = {"forward": "backward", "backward": "forward", "both": "both"}


@dataclass(frozen=True, slots=True)
class Carried:
    """A record as it reads on the network at hand."""

    record: Any
    """Of the class of the record that was carried."""
    lost: tuple[Stretch, ...] = ()
    """Named stretches that have no road any more."""
    lost_assets: tuple[str, ...] = ()
    is_doubtful: bool = False
    is_changed: bool = False


class Carrier:
    """Reads names on one network. `lineages`: ancestor -> what became of its roads, nearest first."""

    def __init__(self, network: Network, lineages: Mapping[str, Lineage]) -> None:
        self.network = network
        self.lineages = dict(lineages)

    def carry(self, record: Record, written_on: str) -> Carried:
        """Return a record written on one network as it reads on this one."""
        if isinstance(record, Verification):
            return self._passage(record, written_on)
        if isinstance(record, Route):
            found = [self.follow(s, written_on) for s in record.segments]
            return self._told(record, found, segments=self._in_order(record.segments, found))
        if isinstance(record, Manual) and record.mode == "improve":
            found = [self.follow(s, written_on) for s in record.segments]
            return self._told(record, found, segments=self._stretches(found, is_good_news=True))
        if isinstance(record, Physical | Control | Manual):
            return self._limiting(record, written_on)
        return Carried(record)

    # where stretches went

    def follow(self, stretch: Stretch, written_on: str) -> tuple[Stretch, Followed | None]:
        """Return a stretch and where it went, None = it is as it was."""
        name, low, high = stretch.segment_id, stretch.from_m, stretch.to_m
        lineage = self.lineages.get(written_on)
        followed = None if lineage is None else lineage.follow(name, low, high)
        if followed is not None or self.network.find_segment(name) is not None:
            return stretch, followed
        for other in self.lineages.values():
            if (found := other.follow(name, low, high)) is not None:
                return stretch, found
        return stretch, Followed((), ((low, low if high is None else high),))

    def line_of(self, stretch: Stretch) -> shapely.LineString | None:
        """Return the former course of a stretch, degrees, None when nobody knows it."""
        for lineage in self.lineages.values():
            line = lineage.line_of(stretch.segment_id)
            row = lineage.row_of(stretch.segment_id)
            if line is not None and row is not None:
                length = float(lineage.length_m[row])
                return _part_of_line(line, stretch.from_m / length, (stretch.to_m or length) / length)
        return None

    @staticmethod
    def as_stretches(rows: Iterable[Mapping[str, Any]]) -> list[Stretch]:
        """Return the stretches of a key route's row as values."""
        return [
            Stretch(row["id"], row.get("from_m") or 0.0, row.get("to_m"), row.get("direction") or "forward")
            for row in rows
        ]

    def stretches(self, rows: Iterable[Mapping[str, Any]], written_on: str) -> list[dict[str, Any]]:
        """Return stretches `{id, from_m, to_m, direction}` of a route as they read here, what is lost left out."""
        named = self.as_stretches(rows)
        found = [self.follow(stretch, written_on) for stretch in named]
        carried = []
        for stretch in self._in_order(named, found):
            row = {"id": stretch.segment_id, "from_m": round(stretch.from_m, 1), "direction": stretch.direction}
            carried.append(row | {"to_m": None if stretch.to_m is None else round(stretch.to_m, 1)})
        return carried

    # kinds of records

    def _limiting(self, record: Physical | Control | Manual, written_on: str) -> Carried:
        named = stretches_of(record)
        lost_assets: tuple[str, ...] = ()
        if isinstance(record, Physical) and record.asset is not None:
            on = self._lost_asset(record.asset, written_on)
            if on is None:
                return Carried(record)
            named, lost_assets = tuple(Stretch(segment_id) for segment_id in on), (record.asset,)
            record = replace(record, asset=None)
        found = [self.follow(stretch, written_on) for stretch in named]
        segments = self._stretches(found, is_good_news=False)
        told = self._told(record, found, segments=segments, lost_assets=lost_assets)
        if lost_assets:
            told = replace(told, record=replace(told.record, segments=segments), is_changed=True)
        if isinstance(record, Control) and record.direction != "both":
            told = replace(told, record=replace(told.record, direction=_way(record.direction, found)))
        return told if segments or not named else replace(told, record=self._on_old_place(told.record, told.lost))

    def _passage(self, passage: Verification, written_on: str) -> Carried:
        found = [self.follow(stretch, written_on) for stretch in passage.segments]
        lost_assets = tuple(a for a in passage.crossed if self._lost_asset(a, written_on) is not None)
        told = self._told(
            passage, found, segments=self._stretches(found, is_good_news=True, direction=passage.direction),
            lost_assets=lost_assets,
        )  # fmt: skip
        if passage.direction != "both" and told.is_changed:
            parts = [p for _, f in found if f is not None for p in f.parts]
            is_turned = bool(parts) and all(p.is_reversed for p in parts)
            if is_turned:
                told = replace(told, record=replace(told.record, direction=OTHER_WAY[passage.direction]))
        if lost_assets:
            crossed = tuple(a for a in passage.crossed if a not in lost_assets)
            told = replace(told, record=replace(told.record, crossed=crossed), is_changed=True)
        if (
            passage.segments and not told.record.segments
        ):  # named nothing that is left: its track says no more than that
            told = replace(told, record=replace(told.record, geometry=None, direction="both"))
        return told

    def _on_old_place(self, record: Any, lost: tuple[Stretch, ...]) -> Any:
        """Return a record whose roads are all gone with the course that they had."""
        lines = [line for stretch in lost if (line := self.line_of(stretch)) is not None]
        if record.geometry is not None or not lines:
            return record
        place = Location("survey", uncertainty_m=OLD_PLACE_M)
        moved = replace(record, segments=(), geometry=shapely.MultiLineString(lines), location=place)
        return replace(moved, direction="both") if isinstance(moved, Control) else moved

    def _lost_asset(self, asset_id: str, written_on: str) -> tuple[str, ...] | None:
        if self.network.find_asset(asset_id) is not None:
            return None
        first = self.lineages.get(written_on)
        for lineage in (*([] if first is None else [first]), *self.lineages.values()):
            if (on := lineage.lost_asset(asset_id)) is not None:
                return on
        return None

    # put together

    def _told(self, record: Any, found: Any, *, segments: Any, lost_assets: tuple[str, ...] = ()) -> Carried:
        if all(followed is None for _, followed in found):
            return Carried(record, lost_assets=lost_assets)
        lost = tuple(
            replace(stretch, from_m=low, to_m=high)
            for stretch, followed in found
            if followed is not None
            for low, high in followed.lost
        )
        doubtful = any(part.is_doubtful for _, followed in found if followed is not None for part in followed.parts)
        return Carried(replace(record, segments=segments), lost, lost_assets, doubtful, True)

    def _stretches(
        self, found: Iterable[tuple[Stretch, Followed | None]], *, is_good_news: bool, direction: str = "both"
    ) -> tuple[Stretch, ...]:
        """Return the stretches in place of those named; good news only without doubt, and one way only as it went."""
        found = list(found)
        parts = [p for _, f in found if f is not None for p in f.parts]
        ways = {p.is_reversed for p in parts} | ({False} if any(f is None for _, f in found) else set())
        one_way = direction != "both" and len(ways) > 1
        stretches: list[Stretch] = []
        for stretch, followed in found:
            if followed is None:
                stretches.append(stretch)
                continue
            stretches += [
                self._as_stretch(part, stretch.direction)
                for part in followed.parts
                if not (is_good_news and (part.is_doubtful or (one_way and part.is_reversed)))
            ]
        return tuple(stretches)

    def _in_order(
        self, named: Iterable[Stretch], found: Iterable[tuple[Stretch, Followed | None]]
    ) -> tuple[Stretch, ...]:
        """Return the stretches of a route in the order of its travel."""
        stretches: list[Stretch] = []
        for stretch, (_, followed) in zip(named, found, strict=True):
            if followed is None:
                stretches.append(stretch)
                continue
            parts = followed.parts if stretch.direction == "forward" else followed.parts[::-1]
            for part in parts:
                way = OTHER_WAY[stretch.direction] if part.is_reversed else stretch.direction
                stretches.append(self._as_stretch(part, way))
        return tuple(stretches)

    def _as_stretch(self, part: Part, direction: str) -> Stretch:
        number = self.network.find_segment(part.segment_id)
        length = part.high_m if number is None else float(self.network.length_m[number])
        low = 0.0 if part.low_m <= ROUNDING_M else part.low_m
        return Stretch(part.segment_id, low, None if part.high_m >= length - ROUNDING_M else part.high_m, direction)


def _way(direction: str, found: Iterable[tuple[Stretch, Followed | None]]) -> str:
    """Return the direction of a control along what its segments became: both where these run either way."""
    ways = {
        is_reversed
        for _, followed in found
        for is_reversed in ([False] if followed is None else [p.is_reversed for p in followed.parts])
    }
    if len(ways) > 1:
        return "both"
    return OTHER_WAY[direction] if True in ways else direction


def _part_of_line(line: Any, low: float, high: float) -> shapely.LineString:
    """Return the part of a line of vertices (m, 2) between two shares of its length."""
    steps = distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    at = np.concatenate([[0.0], np.cumsum(steps)]) / max(float(np.sum(steps)), 1e-9)
    ends = [[float(np.interp(share, at, line[:, axis])) for axis in (0, 1)] for share in (low, high)]
    inside = line[(at > low) & (at < high)].tolist()
    return shapely.LineString([ends[0], *inside, ends[1]])
