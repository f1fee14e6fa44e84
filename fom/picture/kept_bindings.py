"""What a picture has bound, as arrays and plain values that can be kept beside the network, and how one begins with it.

Kept are the placements of all records, and passages as a shelf; knowledge and time play no part, so what is kept stays
true for as long as the network and the numbers of the policy that binding reads (`binding_key`) stay the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.explosive import explosive_phases
from fom.domain.geodesy import unroll_geometry
from fom.domain.knowledge import Knowledge
from fom.domain.ledger import Ledger
from fom.domain.places import shape_of
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.domain.records import ClosingAct, Explosive, Record, Verification
from fom.domain.shelf import Shelf, can_stand
from fom.network.network import Network
from fom.picture.binding import Binder
from fom.picture.bindings import NO_ACTS, PAIR_NAMES, VALUES, Bindings
from fom.picture.measures import Measures
from fom.picture.pairs import KeptPairs


@dataclass(frozen=True)
class KeptBindings:
    """Records with what is bound of them."""

    records: Sequence[Record]
    """Those that do not stand on the shelf."""
    shelf: Shelf
    pairs: Mapping[str, KeptPairs]
    """By PAIR_NAMES; the first placements of passages are those on the shelf."""
    owners: Mapping[str, Sequence[tuple[str, Sequence[str]]]]
    """By PAIR_NAMES: (record id, acts) of each placement, without those on the shelf."""
    finds_near: Mapping[str, Sequence[str]]
    """Land-release act -> new emplacements that may lie on its area."""


def binding_key(network: Network, policy: Policy) -> str:
    """Return the name under which bindings to a network under a policy are kept."""
    read = asdict(Measures.of(policy))
    text = json.dumps([network.network_id, network.manifest.get("content_hash"), read], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:32]


def begin(network: Network, kept: KeptBindings) -> tuple[Ledger, Bindings]:
    """Return a ledger and bindings that go on from what was kept."""
    ledger = Ledger.begun(kept.records, kept.shelf)
    bindings = Bindings.begun(network, kept.shelf, kept.pairs)
    for name, owners in kept.owners.items():
        for placement, (record_id, acts) in enumerate(owners, len(kept.shelf) if name == "passages" else 0):
            bindings.own(name, record_id, frozenset(acts) if acts else NO_ACTS, placement)
    for record in ledger.loose("explosive"):
        if isinstance(record, Explosive) and record.new_emplacement and (shape := shape_of(record)) is not None:
            bindings.finds[record.id] = unroll_geometry(shape)
    for record in ledger.loose("closing_act"):
        if isinstance(record, ClosingAct) and record.geometry is not None:
            bindings.release_areas[record.id] = unroll_geometry(record.geometry)
    for act_id, ids in kept.finds_near.items():
        finds = (ledger.records.get(find_id) for find_id in ids)
        ledger.finds_near[act_id] = tuple(find for find in finds if isinstance(find, Explosive))
    return ledger, bindings


def bind_released(knowledge: Knowledge, profiles: Iterable[Profile], binder: Binder, bindings: Bindings) -> None:
    """Bind what the closing acts that work leave of hazards: measuring it is the dearest part of a first view."""
    hazards = [r for r in knowledge.ledger.loose("explosive") if r.id in knowledge.ledger.acts_on]
    for profile in profiles:
        for hazard in hazards:
            if isinstance(hazard, Explosive) and knowledge.is_known(hazard):
                for phase in explosive_phases(hazard, knowledge, profile):
                    binder.place_without(hazard, phase.acts, bindings)


def keep(ledger: Ledger, bindings: Bindings) -> KeptBindings:
    """Return what is there now, to be kept. Nothing may ever have been taken out of it."""
    if ledger.records.gone or bindings.dropped:
        raise ValueError("a picture from which records were taken out is not kept")
    new = [r for r in ledger.loose("verification") if isinstance(r, Verification) and can_stand(r)]
    shelf = ledger.shelf.with_more(new, np.flatnonzero(ledger.spoken_of()).tolist() + _named(ledger, new))
    shelved = {record.id for record in new}
    records = [record for record in ledger.records.own.values() if record.id not in shelved]
    owners: dict[str, list[tuple[str, Sequence[str]]]] = {name: [] for name in PAIR_NAMES}
    pairs: dict[str, KeptPairs] = {}
    keys = _keys_by_placement(bindings)
    for name in PAIR_NAMES:
        column = bindings.pairs(name).by_placement()
        if name == "passages":
            column, keys[name] = _shelf_first(column, keys[name], bindings.owners[name].n_shelved, shelved)
        owners[name] = [(record_id, sorted(acts)) for record_id, acts in keys[name]]
        n_placements = bindings.pairs(name).n_placements
        pairs[name] = KeptPairs.of(bindings.limits.n_segments, value_names(name), column, n_placements)
    finds_near = {act_id: [find.id for find in finds] for act_id, finds in ledger.finds_near.items()}
    owners["passages"] = owners["passages"][len(new) :]
    return KeptBindings(records, shelf, pairs, owners, finds_near)


def _named(ledger: Ledger, new: Sequence[Verification]) -> list[int]:
    """Return the numbers that passages new on the shelf will have, of those that others name."""
    speak = (ledger.grades_of, ledger.retractions_of, ledger.links_of)
    first = len(ledger.shelf)
    return [first + i for i, record in enumerate(new) if any(record.id in table for table in speak)]


def _keys_by_placement(bindings: Bindings) -> dict[str, list[tuple[str, frozenset[str]]]]:
    """Return by name of the pairs the key of each placement behind the shelf, in order."""
    found: dict[str, dict[int, tuple[str, frozenset[str]]]] = {name: {} for name in PAIR_NAMES}
    for key, placement in bindings.place_of.own.items():
        found[bindings.name_of(key[0])][placement] = key
    return {name: [of[placement] for placement in sorted(of)] for name, of in found.items()}


def _shelf_first(
    column: Callable[[str], NDArray[Any]],
    keys: Sequence[tuple[str, frozenset[str]]],
    n_shelved: int,
    shelved: set[str],
) -> tuple[Callable[[str], NDArray[Any]], list[tuple[str, frozenset[str]]]]:
    """Return columns and keys of passages with the placements that go to the shelf moved in front of the others."""
    is_loose = np.array([key[0] not in shelved for key in keys], np.bool_)
    order = np.argsort(is_loose, kind="stable")
    number = np.arange(n_shelved + len(keys), dtype=np.int32)
    number[n_shelved + order] = np.arange(n_shelved, n_shelved + len(keys), dtype=np.int32)
    rows = np.argsort(number[column("placement")], kind="stable").astype(np.int32)

    def moved(name: str) -> NDArray[Any]:
        values = column(name)
        return (number[values] if name == "placement" else values)[rows]

    return moved, [keys[place] for place in order.tolist()]


def value_names(name: str) -> tuple[str, ...]:
    """Return the columns of the pairs of a name."""
    return ("placement", "segment", *VALUES[name])
