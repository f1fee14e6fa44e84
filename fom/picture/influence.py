"""What a record can move: the facts whose judgement depends on it, and the segments these lie on.

Errs towards too many: a segment named here may turn out not to have moved, but no other may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fom.domain.ledger import Ledger
from fom.domain.records import (
    ClosingAct,
    Control,
    Explosive,
    Grade,
    Link,
    Record,
    Retraction,
    Season,
    ThreatArea,
    Verification,
)
from fom.picture.binding import Binder
from fom.picture.bindings import Bindings
from fom.picture.ranges import distinct

Ints = NDArray[np.int64]


class Influence:
    """Follows who speaks about whom."""

    def __init__(self, ledger: Ledger, bindings: Bindings, binder: Binder) -> None:
        self._ledger, self._bindings, self._binder = ledger, bindings, binder
        self._n = binder.network.n_segments

    def records(self, changed: Iterable[Record]) -> dict[str, Record]:
        """Return all records whose judgement may depend on those changed, these included."""
        found = {record.id: record for record in changed}
        waiting = list(found.values())
        while waiting:
            for dependent in self._dependents(waiting.pop()):
                if dependent.id not in found:
                    found[dependent.id] = dependent
                    waiting.append(dependent)
        return found

    def segments(self, changed: Iterable[Record]) -> Ints:
        """Return the numbers of the segments whose state may depend on those changed, ascending."""
        return self.segments_of(self.records(changed).values())

    def segments_of(self, records: Iterable[Record]) -> Ints:
        """Return the segments that records lie on, ascending."""
        parts: list[NDArray[np.int32]] = []
        for record in records:
            if isinstance(record, Season) and record.geometry is None:
                return np.arange(self._n, dtype=np.int64)
            parts += self._bindings.segments_of(record)
        return distinct(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def expect(self, changed: Iterable[Record]) -> int:
        """Return on about how many segments records lie that are not bound yet, and those they speak about."""
        count = 0
        for record in changed:
            if isinstance(record, Season) and record.geometry is None:
                return self._n
            count += self._binder.expect(record)
            count += sum(len(part) for other in self._dependents(record) for part in self._bindings.segments_of(other))
        return count

    def _named(self, ids: Iterable[str]) -> Iterator[Record]:
        records = self._ledger.records
        return (record for record_id in ids if (record := records.get(record_id)) is not None)

    def _dependents(self, record: Record) -> Iterator[Record]:
        if isinstance(record, Retraction | Grade):
            yield from self._named([record.target])
        elif isinstance(record, Link):
            yield from self._named(record.members)
        elif isinstance(record, ClosingAct):
            yield from self._named(record.closes)
        elif isinstance(record, Verification):
            yield from self._named(record.crossed)
            for crossed in record.crossed:
                yield from self._ledger.facts_on_asset.get(crossed, ())
            yield from self._denials_under(record)
        if isinstance(record, Explosive) and record.new_emplacement:
            yield from (
                act
                for act in self._named(list(self._ledger.finds_near))
                if any(find.id == record.id for find in self._ledger.finds_near[act.id])
            )
        for link in self._ledger.links_of.get(record.id, ()):
            yield from self._named(link.members)

    def _denials_under(self, record: Verification) -> Iterator[Record]:
        if not record.unimpeded:
            return
        segments = np.unique(np.concatenate([np.empty(0, np.int32), *self._bindings.segments_of(record)]))
        for on in self._named(self._bindings.ids_on("limits", segments.astype(np.int64))):
            if isinstance(on, Control) and on.control == "denial":
                yield on


def is_ground(record: Record) -> bool:
    """Return whether a record decides how long passages stay fresh."""
    return isinstance(record, ThreatArea | Season)
