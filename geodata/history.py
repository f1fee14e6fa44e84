"""The last step of the demo: records that name segments and assets, once a network gives these their ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from fom.network.network import Network
from geodata.facts import facts_document
from geodata.frame import METRES_PER_LAT, METRES_PER_LON

Record = dict[str, Any]


def make_history(network: Network, facts: Path, by_place: Path) -> Record:
    """Return the whole facts file: the records as written, and those by place completed with ids of a network.

    Parameters
    ----------
    network
        Built from the demo's map data, with any segment length.
    facts, by_place
        Files of `make_demo`.
    """
    document = json.loads(facts.read_text(encoding="utf-8"))
    finder = _Finder(network)
    completed = [finder.complete(record) for record in json.loads(by_place.read_text(encoding="utf-8"))]
    return facts_document([*document["features"], *completed])


class _Finder:
    """Nearest segments and assets of a network, in metres of the frame."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tree = shapely.STRtree(
            shapely.transform(network.lines(), lambda xy: xy * (METRES_PER_LON, METRES_PER_LAT))
        )
        self._with_assets = np.flatnonzero(np.diff(network.asset_start))
        self._asset_tree = shapely.STRtree(self._tree.geometries[self._with_assets])

    def complete(self, record: Record) -> Record:
        """Return a record with every `{"at": [lon, lat]}` replaced by the id found there."""
        body = dict(record["properties"])
        if isinstance(body.get("asset"), dict):
            body["asset"] = self._asset(body["asset"]["at"])
        if "segments" in body:
            ids = [self._segment(place["at"]) for place in body["segments"]]
            body["segments"] = [{"id": segment} for segment in dict.fromkeys(ids)]
        if "crossed" in body:
            body["crossed"] = [self._asset(x["at"]) if isinstance(x, dict) else x for x in body["crossed"]]
        return {**record, "properties": body}

    def _segment(self, at: list[float]) -> str:
        return self._network.segment_id(int(self._tree.nearest(_point(at))))

    def _asset(self, at: list[float]) -> str:
        segment = int(self._with_assets[int(self._asset_tree.nearest(_point(at)))])
        return self._network.asset_id(int(self._network.assets_on(segment)[0]))


def _point(at: list[float]) -> shapely.Point:
    return shapely.Point(at[0] * METRES_PER_LON, at[1] * METRES_PER_LAT)
