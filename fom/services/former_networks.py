"""Names of former networks, read on the one at hand: on which each record was written, and where its roads went.

A record is never rewritten. What it names is looked up in the lineage from the network that was in use when it was
received to the network that is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.facts_file import format_record, parse_record
from fom.domain.records import Record
from fom.errors import BadReferenceData, NotFound
from fom.network.artefact import load_network, read_manifest
from fom.network.lineage import Lineage, ancestors_of, inverse, load_lineage
from fom.network.network import Network
from fom.network.shelf import find_folder
from fom.picture.carrying import Carried, Carrier
from fom.services.policies import active_network
from fom.store.changes import list_activations
from fom.store.records import feature_of
from fom.store.tables import RecordRow

PLACE_MEMBERS = ("segments", "asset", "location", "direction", "crossed")
"""Members of a record that say where it lies."""


class FormerNetworks:
    """Reads what records name on one network."""

    def __init__(self, network: Network, activations: list[tuple[int, str]], lineages: Mapping[str, Lineage]) -> None:
        self._carrier = Carrier(network, lineages)
        self._activations = activations
        """(change number, network id), oldest first."""
        self.carried: dict[str, Carried] = {}
        """Record id -> how it reads, of those that do not read as they were written."""

    @classmethod
    def read(cls, session: Session, shelf: Path, network: Network) -> FormerNetworks:
        """Return the names as they read on `network`, whether it is in use or only made ready."""
        activations = list_activations(session)
        former = dict.fromkeys(network_id for _, network_id in reversed(activations))
        found = {name: find_lineage(shelf, name, network) for name in former if name != network.network_id}
        return cls(network, activations, {name: lineage for name, lineage in found.items() if lineage is not None})

    @property
    def carrier(self) -> Carrier:
        """Return what follows single stretches."""
        return self._carrier

    def activated(self, change_number: int, network_id: str) -> None:
        """Note that from a change on another network is in use."""
        if (change_number, network_id) not in self._activations:
            self._activations.append((change_number, network_id))

    def written_on(self, change_number: int) -> str:
        """Return the network in use at a change; before the first activation, the first."""
        before = [network_id for number, network_id in self._activations if number <= change_number]
        if before:
            return before[-1]
        return self._activations[0][1] if self._activations else self._carrier.network.network_id

    @property
    def since(self) -> int:
        """Return the change that brought the network at hand into use, 0 while it is not."""
        if self._activations and self._activations[-1][1] == self._carrier.network.network_id:
            return self._activations[-1][0]
        return 0

    def record_of(self, row: RecordRow) -> Record:
        """Return the record of a row as it reads here."""
        told = self._carrier.carry(parse_record(feature_of(row)), self.written_on(row.change_number))
        if told.is_changed or told.lost_assets:
            self.carried[row.id] = told
        record: Record = told.record
        return record

    def routes(self, stretches: list[Any]) -> list[Any]:
        """Return the stretches of a key route, which are kept on the network in use, as they read here."""
        in_use = self._activations[-1][1] if self._activations else self._carrier.network.network_id
        return stretches if in_use == self._carrier.network.network_id else self._carrier.stretches(stretches, in_use)

    def feature(self, feature: dict[str, Any]) -> dict[str, Any]:
        """Return a feature of a record with its place as it reads here; all else stays."""
        told = self.carried.get(feature["id"])
        if told is None:
            return feature
        read = format_record(told.record)
        named = {k: v for k, v in feature["properties"].items() if k not in PLACE_MEMBERS}
        placed = {k: read["properties"][k] for k in PLACE_MEMBERS if k in read["properties"]}
        return {**feature, "geometry": read["geometry"], "properties": named | placed}

    def feature_of(self, row: RecordRow) -> dict[str, Any]:
        """Return the feature of a row with its place as it reads here."""
        self.record_of(row)
        return self.feature(feature_of(row))


def names_in_use(session: Session, shelf: Path) -> FormerNetworks | None:
    """Return the names as they read on the network in use; None before the first, or where it is not on the shelf."""
    network_id = active_network(session)
    try:
        network = None if network_id is None else load_network(find_folder(shelf, network_id))
    except NotFound:
        return None
    return None if network is None else FormerNetworks.read(session, shelf, network)


def find_lineage(shelf: Path, former: str, network: Network) -> Lineage | None:
    """Return what became of the roads of a former network on another, None when neither follows the other.

    A network that is activated again (rolled back to) is followed backwards.
    """
    ahead = _lineage(shelf, network.network_id, former)
    if ahead is not None:
        return ahead
    back = _lineage(shelf, former, network.network_id)
    if back is None:
        return None
    return inverse(back, load_network(find_folder(shelf, former)), network)


def _lineage(shelf: Path, network_id: str, ancestor: str) -> Lineage | None:
    try:
        folder = find_folder(shelf, network_id)
        manifest = read_manifest(folder)
    except (NotFound, BadReferenceData):
        return None
    return load_lineage(folder, manifest, ancestor) if ancestor in ancestors_of(manifest) else None


def without_lineages(network: Network) -> FormerNetworks:
    """Return names that read as they are written: a network without a past."""
    return FormerNetworks(network, [], {})
