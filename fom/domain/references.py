"""References between records and to the network: every one must lead somewhere, retractions must not run in circles.

Source: facts format, sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fom.domain.complaints import Complaints, Said
from fom.domain.profiles import Profile
from fom.domain.records import (
    ClosingAct,
    Control,
    Grade,
    Link,
    Manual,
    Physical,
    Record,
    Retraction,
    Route,
    Stretch,
    Verification,
)


class NamedPlaces(Protocol):
    """What references need of a network."""

    def find_segment(self, segment_id: str) -> int | None:
        """Return the number of a segment id, or None."""

    def find_asset(self, asset_id: str) -> int | None:
        """Return the number of an asset id, or None."""

    @property
    def is_oneway(self) -> NDArray[np.bool_]:
        """Return (n,) whether a segment may only be travelled along its own geometry."""


def check_references(
    records: Mapping[str, Record],
    ids: Collection[str],
    profiles: Mapping[str, Profile],
    network: NamedPlaces | None,
    complaints: Complaints,
) -> None:
    """Note every reference to something that is in neither file, mixed links and circles of retractions.

    `ids` are all ids of the file, also of features that could not be read.
    """
    for record in records.values():
        for field, target in _named_records(record):
            if target not in ids:
                complaints.add(record.id, field, target, "a record of this file")
        if isinstance(record, Link):
            kinds = {records[m].kind for m in record.members if m in records}
            if len(kinds) > 1:
                complaints.add(record.id, "members", Said(" and ".join(sorted(kinds))), "records of one kind")
        if isinstance(record, Verification):
            _check_verification(record, records, ids, profiles, network, complaints)
        if network is not None:
            _check_places(record, network, complaints)
    _check_circles(records, complaints)


def _named_records(record: Record) -> Iterator[tuple[str, str]]:
    if isinstance(record, Grade | Retraction):
        yield "target", record.target
    elif isinstance(record, ClosingAct):
        yield from (("closes", target) for target in record.closes)
    elif isinstance(record, Link):
        yield from (("members", target) for target in record.members)


def _check_verification(
    record: Verification,
    records: Mapping[str, Record],
    ids: Collection[str],
    profiles: Mapping[str, Profile],
    network: NamedPlaces | None,
    complaints: Complaints,
) -> None:
    if record.passed is not None and record.passed not in profiles:
        complaints.add(record.id, "passed", record.passed, " or ".join(profiles))
    for crossed in record.crossed:
        is_fact = isinstance(records.get(crossed), Physical) or (crossed in ids and crossed not in records)
        if not is_fact and network is not None and network.find_asset(crossed) is None:
            complaints.add(record.id, "crossed", crossed, "an asset of the network or a physical fact of this file")


def stretches_of(record: Record) -> tuple[Stretch, ...]:
    """Return the stretches a record names, none for kinds without."""
    return record.segments if isinstance(record, Physical | Control | Verification | Manual | Route) else ()


def _check_places(record: Record, network: NamedPlaces, complaints: Complaints) -> None:
    if isinstance(record, Physical) and record.asset is not None and network.find_asset(record.asset) is None:
        complaints.add(record.id, "asset", record.asset, "an asset of the network")
    for stretch in stretches_of(record):
        number = network.find_segment(stretch.segment_id)
        if number is None:
            complaints.add(record.id, "segments", stretch.segment_id, "a segment of the network")
        elif stretch.direction == "backward" and network.is_oneway[number]:
            came = Said(f"{stretch.segment_id} backward")
            complaints.add(record.id, "segments", came, "forward: the segment is one-way")


def _check_circles(records: Mapping[str, Record], complaints: Complaints) -> None:
    done: set[str] = set()
    for start in records.values():
        path: list[str] = []
        at: Record | None = start
        while isinstance(at, Retraction) and at.id not in done:
            if at.id in path:
                circle = [*path[path.index(at.id) :], at.id]
                complaints.add(at.id, "target", Said(" -> ".join(circle)), "no circle of retractions")
                break
            path.append(at.id)
            at = records.get(at.target)
        done.update(path)
