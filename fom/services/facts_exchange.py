"""The store's records as a facts file, as known at a moment; and a history of facts into an empty database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Actor, require, visible
from fom.domain.facts_file import FORMAT, format_record, parse_facts
from fom.domain.overrides import policy_members, profile_members
from fom.errors import Conflict, InvalidInput, NotPermitted
from fom.network.network import Network
from fom.services.policies import policy_in_force, publish_policy
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import Provenance, feature_of, has_records, insert_references, insert_rows, list_known


@dataclass(frozen=True, slots=True)
class LoadedFacts:
    """How many records came in with one change."""

    count: int
    change: int


def export_facts(session: Session, *, actor: Actor, known_at: int) -> dict[str, Any]:
    """Return the facts document (`fom-facts/1`) of everything received up to a moment, microseconds.

    `assess` on it gives the answers of the service for every `known_at` up to that moment.

    Raises
    ------
    NotPermitted
        The actor may not export, or may not see every record: an export without some gives other answers.
    """
    require(actor, "export_facts")
    rows = list(list_known(session, known_at=known_at))
    if not all(visible(actor, row) for row in rows):
        raise NotPermitted("export_facts: this account may not see every record, and a part gives other answers")
    policy, profiles = policy_in_force(session)
    document: dict[str, Any] = {"type": "FeatureCollection", "format": FORMAT}
    if members := policy_members(policy):
        document["policy"] = members
    if own := profile_members(profiles):
        document["profiles"] = own
    document["features"] = [feature_of(row) for row in rows]
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
    facts = parse_facts(document, network=network)
    at = step(session, now)
    if has_records(session):
        raise Conflict("the database holds records already; a history is loaded into an empty one")
    late = [r.id for r in facts.records if r.received is not None and r.received > at]
    if late:
        raise InvalidInput.single("received", late[0], "no receipt after now", late[0])
    if policy_members(facts.policy) or profile_members(facts.profiles):
        publish_policy(session, facts.policy, facts.profiles, reason="loaded with its facts", actor=actor, at=at)
    features = [format_record(record) for record in facts.records]
    change = add_change(session, "record", at=at, subject=("facts", "loaded"))
    for provenance, group in _by_provenance(features, change).items():
        insert_rows(session, group, provenance)
    insert_references(session, features)
    details = {"records": len(features)}
    note(session, "load_facts", ("facts", "loaded"), kind="record", actor=actor, at=at, details=details, change=change)
    return LoadedFacts(len(features), change)


def _by_provenance(features: list[dict[str, Any]], change: int) -> dict[Provenance, list[dict[str, Any]]]:
    """Return the features by the classification and area that their `meta` states, else confidential everywhere."""
    groups: dict[Provenance, list[dict[str, Any]]] = {}
    for feature in features:
        meta = feature["properties"].get("meta") or {}
        stated, area = meta.get("classification"), meta.get("area")
        provenance = Provenance(
            change_number=change,
            classification=stated if stated in CLASSIFICATIONS else "confidential",
            area=area if isinstance(area, str) else None,
        )
        groups.setdefault(provenance, []).append(feature)
    return groups
