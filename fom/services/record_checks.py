"""Whether what a record names exists: segments and assets in the network, records in the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.errors import Conflict, FieldError, InvalidInput
from fom.network.network import Network
from fom.store.records import existing_ids, find_records, references_of


def check_references(session: Session, features: Sequence[Mapping[str, Any]], network: Network | None) -> None:
    """Refuse features that name what is not there, and ids that are taken.

    Raises
    ------
    InvalidInput
        Every name that leads nowhere.
    Conflict
        A record of this id exists already.
    """
    taken = existing_ids(session, [f["id"] for f in features])
    if taken:
        raise Conflict(f"records exist already: {', '.join(sorted(taken))}")
    errors = [error for f in features for error in _network_errors(f, network)] if network is not None else []
    errors += _record_errors(session, features, network)
    if errors:
        raise InvalidInput(errors)


def _network_errors(feature: Mapping[str, Any], network: Network) -> Iterator[FieldError]:
    properties = feature["properties"]
    for index, stretch in enumerate(properties.get("segments") or ()):
        number = network.find_segment(stretch["id"])
        where = f"segments[{index}]"
        if number is None:
            expected = "a segment of the network"
            yield FieldError(f"{where}.id", stretch["id"], expected, feature["id"], reason="road_gone")
            continue
        length = float(network.length_m[number])
        for name in ("from_m", "to_m"):
            if (value := stretch.get(name)) is not None and value > length + 1:
                yield FieldError(f"{where}.{name}", f"{value:g}", f"at most {length:.1f} m", feature["id"])
    asset = properties.get("asset")
    if asset is not None and network.find_asset(asset) is None:
        yield FieldError("asset", asset, "an asset of the network", feature["id"])


def _record_errors(
    session: Session, features: Sequence[Mapping[str, Any]], network: Network | None
) -> list[FieldError]:
    named = [(f, role, target) for f in features for role, target in references_of(f)]
    found = {row.id: row.kind for row in find_records(session, {target for _, _, target in named})}
    found |= {f["id"]: f["properties"]["kind"] for f in features}
    errors = []
    for feature, role, target in named:
        kind = found.get(target)
        if role == "crossed":
            is_asset = network is None or network.find_asset(target) is not None
            if kind != "physical" and not is_asset:
                errors.append(FieldError("crossed", target, "an asset or a physical record", feature["id"]))
        elif kind is None:
            errors.append(FieldError(role, target, "the id of a record", feature["id"]))
    return errors
