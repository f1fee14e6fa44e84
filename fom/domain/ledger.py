"""All records by id, and which records speak about which: the index that knowledge is read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fom.domain.records import ClosingAct, Explosive, Grade, Link, Physical, Record, Retraction, Verification
from fom.errors import Conflict

LIMITING_KINDS = ("explosive", "physical", "control", "incident")
"""Kinds that limit movement; what doctrine calls facts."""


class Ledger:
    """Records by id. Values are immutable, so a copy is a copy of the dictionaries only."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: dict[str, Record] = {}
        self.by_kind: dict[str, dict[str, Record]] = {}
        self.retractions_of: dict[str, tuple[Retraction, ...]] = {}
        self.grades_of: dict[str, tuple[Grade, ...]] = {}
        self.links_of: dict[str, tuple[Link, ...]] = {}
        self.acts_on: dict[str, tuple[ClosingAct, ...]] = {}
        self.crossings_of: dict[str, tuple[Verification, ...]] = {}
        """Physical fact id or asset id -> verifications that name it as crossed."""
        self.unimpeded: dict[str, tuple[Verification, ...]] = {}
        """User class -> its passages that nobody impeded."""
        self.facts_on_asset: dict[str, tuple[Physical, ...]] = {}
        self.finds_near: dict[str, tuple[Explosive, ...]] = {}
        """Land-release act id -> new emplacements whose uncertain place meets its area; set by whoever measures."""
        for record in records:
            self.add(record)

    def __contains__(self, record_id: str) -> bool:
        return record_id in self.records

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records.values())

    def of_kind(self, kind: str) -> Iterable[Record]:
        """Return all records of a kind, as they are now."""
        return list(self.by_kind.get(kind, {}).values())

    def copy(self) -> Ledger:
        """Return a ledger that can be changed without changing this one."""
        twin = Ledger()
        for name, table in vars(self).items():
            setattr(twin, name, dict(table))
        twin.by_kind = {kind: dict(table) for kind, table in self.by_kind.items()}
        return twin

    def check(self, record: Record, others: Mapping[str, Record]) -> None:
        """Raise Conflict when the id of a record is here, or among `others`, with another body."""
        present = self.records.get(record.id, others.get(record.id))
        if present is not None and present != record:
            raise Conflict(f"{record.id} is already here with another body", record_id=record.id)

    def add(self, record: Record) -> bool:
        """Add a record; return False when it is already here. Raises Conflict for the same id with another body."""
        self.check(record, {})
        if record.id in self.records:
            return False
        self.records[record.id] = record
        self.by_kind.setdefault(record.kind, {})[record.id] = record
        for table, key in self._entries(record):
            table[key] = (*table.get(key, ()), record)
        return True

    def discard(self, record_id: str) -> Record | None:
        """Take a record out and return it, or None. Records that name it stay."""
        record = self.records.pop(record_id, None)
        if record is None:
            return None
        del self.by_kind[record.kind][record_id]
        for table, key in self._entries(record):
            table[key] = tuple(r for r in table.get(key, ()) if r.id != record_id)
        self.finds_near.pop(record_id, None)
        for act_id, finds in list(self.finds_near.items()):
            if any(find.id == record_id for find in finds):
                self.finds_near[act_id] = tuple(find for find in finds if find.id != record_id)
        return record

    def _entries(self, record: Record) -> Iterator[tuple[dict[str, tuple[Record, ...]], str]]:
        """Yield every (table, key) under which a record stands."""
        tables: dict[str, dict[str, tuple[Record, ...]]] = vars(self)
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
            if record.unimpeded and record.user_class is not None:
                yield tables["unimpeded"], record.user_class
        elif isinstance(record, Physical) and record.asset is not None:
            yield tables["facts_on_asset"], record.asset
