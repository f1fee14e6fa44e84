"""What somebody sends with the names of a former network, from a page opened before the change, named anew.

Records stored on a former network are read through the lineage and stay (`former_networks`). What comes in now is
stored with the names in use, but only where its roads surely went: a person is there to say where he meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fom.domain.facts_file import format_record, parse_record
from fom.domain.records import Stretch
from fom.errors import FieldError, InvalidInput
from fom.network.lineage import Followed
from fom.network.network import Network
from fom.picture.carrying import Carrier
from fom.services.former_networks import FormerNetworks

LOST_M = 1.0
"""So much of a named stretch may have no road any more, as a passage may leave out. Source: facts format, section 3."""
FORMER = "former"
"""No network has this id: where a stretch was named is not known, so every lineage is asked, the nearest first."""


def named_in_use(features: Sequence[Mapping[str, Any]], names: FormerNetworks | None) -> list[dict[str, Any]]:
    """Return features whose stretches of a former network are those of the one in use; others stay as they are.

    `meta.named` keeps what was named. A segment that no network knows is left to `check_references`.

    Raises
    ------
    InvalidInput
        A stretch of a former network whose road is gone in part or whole, is not surely one of today's, or lies beyond
        the end of its segment; each is named.
    """
    if names is None:
        return [dict(feature) for feature in features]
    errors: list[FieldError] = []
    found = [_feature(feature, names.carrier, errors) for feature in features]
    if errors:
        raise InvalidInput(errors)
    return found


def _feature(feature: Mapping[str, Any], carrier: Carrier, errors: list[FieldError]) -> dict[str, Any]:
    stretches = feature["properties"].get("segments") or ()
    former = {i: s for i, s in enumerate(stretches) if _is_former(s["id"], carrier)}
    faults = [error for i, s in former.items() for error in _faults(s, f"segments[{i}]", carrier, feature["id"])]
    if not former or faults:
        errors += faults
        return dict(feature)
    record = parse_record(dict(feature))
    told = format_record(carrier.carry(record, FORMER).record)
    if told["properties"].get("direction", "both") == "both" != feature["properties"].get("direction", "both"):
        errors.append(
            FieldError(
                "direction",
                f"{feature['properties']['direction']} along {', '.join(s['id'] for s in former.values())}",
                "roads of the map in use: these now run either way",
                feature["id"],
            )
        )
    meta = {**feature["properties"].get("meta", {}), "named": list(stretches)}
    return {**told, "properties": {**told["properties"], "meta": meta}}


def _is_former(segment_id: str, carrier: Carrier) -> bool:
    return carrier.network.find_segment(segment_id) is None and _length_m(segment_id, carrier) is not None


def _length_m(segment_id: str, carrier: Carrier) -> float | None:
    for lineage in carrier.lineages.values():
        if (row := lineage.row_of(segment_id)) is not None:
            return float(lineage.length_m[row])
    return None


def _faults(stretch: Mapping[str, Any], where: str, carrier: Carrier, record_id: str) -> Iterator[FieldError]:
    name, length = stretch["id"], _length_m(stretch["id"], carrier) or 0.0
    for end in ("from_m", "to_m"):
        if (value := stretch.get(end)) is not None and value > length + 1:
            yield FieldError(f"{where}.{end}", f"{value:g}", f"at most {length:.1f} m", record_id)
    _, followed = carrier.follow(Stretch(name, stretch.get("from_m") or 0.0, stretch.get("to_m")), FORMER)
    if followed is None:
        return
    lost_m = sum(high - low for low, high in followed.lost)
    expected = "a segment of the network in use; name the road anew"
    if not followed.parts:
        yield FieldError(f"{where}.id", f"{name}, which is on the map no more", expected, record_id)
    elif lost_m > LOST_M:
        gone = ", ".join(f"{low:.0f} to {high:.0f} m" for low, high in followed.lost)
        yield FieldError(f"{where}.id", f"{name}, of which {gone} are on the map no more", expected, record_id)
    elif not _is_sure(followed, carrier.network):
        yield FieldError(f"{where}.id", f"{name}, which may be more than one road now", expected, record_id)


def _is_sure(followed: Followed, network: Network) -> bool:
    return all(not p.is_doubtful and network.find_segment(p.segment_id) is not None for p in followed.parts)
