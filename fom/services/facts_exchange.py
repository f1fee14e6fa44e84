"""The store's records as a facts file, as known at a moment; and a history of facts into an empty database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require, visible
from fom.domain.facts_file import FORMAT, FactsFile, format_record, parse_facts
from fom.domain.overrides import policy_members, profile_members
from fom.domain.records import Grade, Record, Verification
from fom.errors import Conflict, InvalidInput, NotPermitted
from fom.network.network import Network
from fom.services.former_networks import FormerNetworks
from fom.services.policies import edition_in_force, publish_first
from fom.services.report_loading import classification_of, insert_reports, meta_of, name_records_of, reports_of
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.columns import canonical_json
from fom.store.records import Provenance, feature_of, has_records, insert_many, insert_references, list_known

RECORDS_AT_ONCE = 2_000
"""Records written together while a history is loaded; the whole of it may be large."""


@dataclass(frozen=True, slots=True)
class LoadedFacts:
    """How many records came in with one change."""

    count: int
    change: int


def export_facts(
    session: Session, *, actor: Actor, known_at: int, names: FormerNetworks | None = None
) -> dict[str, Any]:
    """Return the facts document (`fom-facts/1`) of everything received up to a moment, microseconds.

    `assess` on it gives the answers of the service for every `known_at` up to that moment from which the policy in
    force then holds. With `names` the roads of former networks are named as they read on the one in use; without, as
    they were written.

    Raises
    ------
    NotPermitted
        The actor may not export, or may not see every record: an export without some gives other answers.
    """
    require(actor, "export_facts")
    rows = list(list_known(session, known_at=known_at))
    if not all(visible(actor, row) for row in rows):
        raise NotPermitted("export_facts: this account may not see every record, and a part gives other answers")
    edition = edition_in_force(session, known_at)
    document: dict[str, Any] = {"type": "FeatureCollection", "format": FORMAT}
    if members := policy_members(edition.policy):
        document["policy"] = members
    if own := profile_members(edition.profiles):
        document["profiles"] = own
    document["features"] = [feature_of(row) if names is None else names.feature_of(row) for row in rows]
    return document


def load_facts(session: Session, document: object, *, network: Network | None, actor: Actor, now: int) -> LoadedFacts:
    """Store a whole history of facts, receipts and signatures as they stand; only into a database without records.

    Into a database in use this would go round the rule of two persons, so it is refused there.

    Raises
    ------
    InvalidInput
        Anything the facts format refuses, and receipts that lie in the future.
    Conflict
        There are records already.
    """
    require(actor, "load_facts")
    return load_history(session, parse_facts(document, network=network), actor=actor, now=now)


def load_history(session: Session, facts: FactsFile, *, actor: Actor, now: int) -> LoadedFacts:
    """Store a history that is read and checked already, as `load_facts` does; its records are written a part at a time.

    Raises
    ------
    InvalidInput
        Receipts that lie in the future.
    Conflict
        There are records already.
    """
    require(actor, "load_facts")
    at = step(session, now)
    if has_records(session):
        raise Conflict("the database holds records already; a history is loaded into an empty one")
    late = [r.id for r in facts.records if r.received is not None and r.received > at]
    if late:
        raise InvalidInput.single("received", late[0], "no receipt after now", late[0])
    if policy_members(facts.policy) or profile_members(facts.profiles):
        publish_first(session, facts.policy, facts.profiles, reason="loaded with its facts", actor=actor, at=at)
    change = add_change(session, "record", at=at, subject=("facts", "loaded"))
    told = [format_record(record) for record in facts.records if record.meta is not None]
    reports = reports_of(told)
    judged = {record.target for record in facts.records if isinstance(record, Grade)}
    insert_reports(session, reports, judged, change)
    report_of = {f["id"]: report_id for report_id, group in reports.items() for f in group}
    digest = sha256()
    for part in batched(facts.records, RECORDS_AT_ONCE):
        features = [format_record(record) for record in part]
        digest.update(canonical_json(features).encode())
        insert_many(session, ((f, _provenance(f, report_of.get(f["id"]), change)) for f in features))
    for part in batched(facts.records, RECORDS_AT_ONCE):
        insert_references(session, [format_record(replace(r, geometry=None)) for r in part if may_refer(r)])
    name_records_of(session, reports)
    details = {"records": len(facts.records), "reports": len(reports), "sha256": digest.hexdigest()}
    note(session, "load_facts", ("facts", "loaded"), kind="record", actor=actor, at=at, details=details, change=change)
    return LoadedFacts(len(facts.records), change)


def batched(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    """Yield records in parts of a size."""
    return (records[first : first + size] for first in range(0, len(records), size))


def may_refer(record: Record) -> bool:
    """Return whether a record can speak of others."""
    return not isinstance(record, Verification) or bool(record.crossed)


def _provenance(feature: Mapping[str, Any], report_id: str | None, change: int) -> Provenance:
    area = meta_of(feature).get("area")
    return Provenance(
        change_number=change,
        classification=classification_of(feature),
        area=area if isinstance(area, str) else None,
        report_id=report_id,
        report_version=None if report_id is None else 1,
    )
