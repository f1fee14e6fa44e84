"""All records by id, and which records speak about which: the index that knowledge is read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fom.domain.layers import Layered
from fom.domain.records import ClosingAct, Explosive, Grade, Link, Physical, Record, Retraction, Verification
from fom.domain.shelf import Shelf, empty_shelf
from fom.errors import Conflict

LIMITING_KINDS = ("explosive", "physical", "control", "incident")
"""Kinds that limit movement; what doctrine calls facts."""

NO_RECORDS: Layered[str, Record] = Layered()


class Records:
    """Records by id: own ones in a dictionary, and passages on a shelf unless they were taken off it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.own: Layered[str, Record] = Layered()
        self.gone: frozenset[int] = frozenset()
        """Numbers on the shelf that were taken out."""

    def find_on_shelf(self, record_id: str) -> int | None:
        """Return the number on the shelf of an id that was not taken out."""
        number = self.shelf.find(record_id)
        return None if number in self.gone else number

    def __contains__(self, record_id: str) -> bool:
        return record_id in self.own or self.find_on_shelf(record_id) is not None

    def __getitem__(self, record_id: str) -> Record:
        found = self.get(record_id)
        if found is None:
            raise KeyError(record_id)
        return found

    def __len__(self) -> int:
        return len(self.own) + len(self.shelf) - len(self.gone)

    def get(self, record_id: str) -> Record | None:
        """Return the record of an id, or None."""
        found = self.own.get(record_id)
        if found is None and (number := self.find_on_shelf(record_id)) is not None:
            return self.shelf.record(number)
        return found

    def discard(self, record_id: str) -> Record | None:
        """Take a record out and return it, or None."""
        found = self.get(record_id)
        if found is not None and self.own.pop(record_id, None) is None:
            self.gone |= {cast("int", self.shelf.find(record_id))}
        return found

    def copy(self) -> Records:
        """Return records that can be changed without changing these."""
        twin = Records(self.shelf)
        twin.own, twin.gone = self.own.copy(), self.gone
        return twin


class Ledger:
    """Records by id. Values are immutable and tables are `Layered`, so a copy costs what changed lately."""

    def __init__(self, records: Iterable[Record] = (), *, shelf: Shelf | None = None) -> None:
        self.records = Records(empty_shelf() if shelf is None else shelf)
        self.by_kind: dict[str, Layered[str, Record]] = {}
        """Without those on the shelf."""
        self.retractions_of: Layered[str, tuple[Retraction, ...]] = Layered()
        self.grades_of: Layered[str, tuple[Grade, ...]] = Layered()
        self.links_of: Layered[str, tuple[Link, ...]] = Layered()
        self.acts_on: Layered[str, tuple[ClosingAct, ...]] = Layered()
        self.crossings_of: Layered[str, tuple[Verification, ...]] = Layered()
        """Physical fact id or asset id -> verifications that name it as crossed."""
        self.facts_on_asset: Layered[str, tuple[Physical, ...]] = Layered()
        self.finds_near: Layered[str, tuple[Explosive, ...]] = Layered()
        """Land-release act id -> new emplacements whose uncertain place meets its area; set by whoever measures."""
        self.named_since: dict[int, None] = {}
        """Numbers on the shelf that a grade, link or retraction has named since they came to stand there."""
        for record in records:
            self.add(record)

    @classmethod
    def begun(cls, records: Iterable[Record], shelf: Shelf) -> Ledger:
        """Return a ledger of records that are known to be distinct, and of a shelf that knows who names whom."""
        ledger = cls(shelf=shelf)
        for record in records:
            ledger._enter(record)
        return ledger

    def __contains__(self, record_id: str) -> bool:
        return record_id in self.records

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        """Yield every record; those on the shelf are made for it one by one."""
        yield from self.records.own.values()
        yield from self._shelved()

    def not_in(self, other: Ledger) -> list[Record]:
        """Return the records that another ledger does not hold."""
        shelved = () if self.shelf is other.shelf else self._shelved()
        found = [record for record in (*self.records.own.values(), *shelved) if record.id not in other]
        if self.shelf is other.shelf:
            found += [self.shelf.record(number) for number in sorted(other.records.gone - self.records.gone)]
        return found

    @property
    def shelf(self) -> Shelf:
        """Return the passages that are kept as columns."""
        return self.records.shelf

    def of_kind(self, kind: str) -> list[Record]:
        """Return all records of a kind, as they are now; those on the shelf are made for it one by one."""
        return [*self.loose(kind), *(self._shelved() if kind == Verification.kind else ())]

    def loose(self, kind: str) -> list[Record]:
        """Return the records of a kind that do not stand on the shelf, as they are now."""
        return list(self.by_kind.get(kind, NO_RECORDS).values())

    def received_after(self, moment: int) -> list[Record]:
        """Return the records received after a moment, microseconds."""
        later = [r for r in self.records.own.values() if r.received is not None and r.received > moment]
        numbers = np.flatnonzero(self.shelf.received > moment).tolist()
        return later + [self.shelf.record(number) for number in numbers if number not in self.records.gone]

    def _shelved(self) -> Iterator[Record]:
        return (self.shelf.record(n) for n in range(len(self.shelf)) if n not in self.records.gone)

    def spoken_of(self) -> NDArray[np.bool_]:
        """Return (s,) which passages on the shelf must be judged by themselves, because others name them."""
        named = np.asarray(self.shelf.is_spoken_of)
        if self.named_since:
            named = named.copy()
            named[list(self.named_since)] = True
        return named

    def copy(self) -> Ledger:
        """Return a ledger that can be changed without changing this one."""
        twin = Ledger(shelf=self.shelf)
        for name, table in vars(self).items():
            setattr(twin, name, table.copy())
        twin.by_kind = {kind: table.copy() for kind, table in self.by_kind.items()}
        return twin

    def check(self, record: Record, others: Mapping[str, Record]) -> None:
        """Raise Conflict when the id of a record is here, or among `others`, with another body."""
        present = self.records.get(record.id) or others.get(record.id)
        if present is not None and present != record:
            raise Conflict(f"{record.id} is already here with another body", record_id=record.id)

    def add(self, record: Record) -> bool:
        """Add a record; return False when it is already here. Raises Conflict for the same id with another body."""
        self.check(record, {})
        if record.id in self.records:
            return False
        self._enter(record)
        if len(self.shelf):
            numbers = (self.shelf.find(named) for named in _named_by(record))
            self.named_since |= {number: None for number in numbers if number is not None}
        return True

    def _enter(self, record: Record) -> None:
        self.records.own[record.id] = record
        self.by_kind.setdefault(record.kind, Layered())[record.id] = record
        for table, key in self._entries(record):
            table[key] = (*table.get(key, ()), record)

    def discard(self, record_id: str) -> Record | None:
        """Take a record out and return it, or None. Records that name it stay."""
        record = self.records.discard(record_id)
        if record is None:
            return None
        self.by_kind.get(record.kind, NO_RECORDS).pop(record_id, None)
        for table, key in self._entries(record):
            table[key] = tuple(r for r in table.get(key, ()) if r.id != record_id)
        self.finds_near.pop(record_id, None)
        for act_id, finds in list(self.finds_near.items()):
            if any(find.id == record_id for find in finds):
                self.finds_near[act_id] = tuple(find for find in finds if find.id != record_id)
        return record

    def _entries(self, record: Record) -> Iterator[tuple[Layered[str, tuple[Record, ...]], str]]:
        """Yield every (table, key) under which a record stands."""
        tables: dict[str, Layered[str, tuple[Record, ...]]] = vars(self)
        if isinstance(record, Retraction):
            yield tables["retractions_of"], record.target
        elif isinstance(record, Grade):
            yield tables["grades_of"], record.target
        elif isinstance(record, Link):
            yield from ((tables["links_of"], member) for member in record.members)
        elif isinstance(record, ClosingAct):
            yield from ((tables["acts_on"], fact) for fact in set(record.closes))
        elif isinstance(record, Verification):
            yield from ((tables["crossings_of"], crossed) for crossed in set(record.crossed))
        elif isinstance(record, Physical) and record.asset is not None:
            yield tables["facts_on_asset"], record.asset


def _named_by(record: Record) -> tuple[str, ...]:
    """Return the ids whose judgement a grade, retraction or link is about."""
    if isinstance(record, Grade | Retraction):
        return (record.target,)
    return record.members if isinstance(record, Link) else ()
