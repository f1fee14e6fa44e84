"""Where invented records are written down: features of the facts format, with ids, times and the words of their report.

Times are given as hours before the demo's `now`. A record that needs segment or asset ids says positions instead
(`{"at": [lon, lat]}`); it goes to a list of its own and is completed by `geodata.history` once a network exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely

from fom.domain.instants import MINUTE_US, format_instant
from geodata.cast import Cast
from geodata.mission import Mission, geojson

HISTORY_H = 60 * 24.0
Record = dict[str, Any]


class Journal:
    """Collects records in the order in which they are written."""

    def __init__(self, mission: Mission, cast: Cast) -> None:
        self.mission, self.cast = mission, cast
        self.records: list[Record] = []
        """Complete features."""
        self.by_place: list[Record] = []
        """Features that name segments and assets by position, and features about those."""
        self._placed_ids: set[str] = set()

    def moment(self, hours: float) -> str:
        """Return the ISO 8601 text of whole minutes before now; negative hours lie ahead."""
        return format_instant(self.mission.now - round(hours * 60) * MINUTE_US)

    def add(
        self,
        kind: str,
        key: Sequence[object],
        *,
        hours: float,
        late_h: float = 0.2,
        shape: shapely.Geometry | None = None,
        words: str = "",
        unit: str | None = None,
        form: str | None = None,
        report: Sequence[object] | None = None,
        classification: str = "confidential",
        **properties: Any,
    ) -> str:
        """Write a record and return its id.

        Parameters
        ----------
        key
            What tells the record from others of its kind; its id follows from it.
        hours, late_h
            When it happened, hours before now, and how much later it was received.
        report
            Key of the report it belongs to, when that has several records; else it has a report of its own.
        properties
            Members of the kind; `class_` and `type_` stand for `class` and `type`.
        """
        record_id = self.mission.id(kind, *key)
        body: dict[str, Any] = {"kind": kind}
        if kind in ("explosive", "physical", "control", "incident", "verification"):
            body["occurred"] = self.moment(hours)
        body["received"] = self.moment(max(hours - late_h, 0.02))
        body |= {name.rstrip("_"): value for name, value in properties.items() if value is not None}
        meta = {"report_id": self.mission.id("report", *(report or (kind, *key))), "classification": classification}
        meta |= {k: v for k, v in (("words", words), ("unit", unit), ("reported_as", form)) if v}
        body["meta"] = meta
        feature = {"type": "Feature", "id": record_id, "geometry": shape and geojson(shape), "properties": body}
        if self._needs_network(body):
            self._placed_ids.add(record_id)
            self.by_place.append(feature)
        else:
            self.records.append(feature)
        return record_id

    def _needs_network(self, body: dict[str, Any]) -> bool:
        named = [body.get("asset"), *body.get("segments", ()), *body.get("crossed", ())]
        if any(isinstance(item, dict) and "at" in item for item in named):
            return True
        targets = [body.get("target"), *body.get("closes", ()), *body.get("members", ()), *body.get("crossed", ())]
        return any(isinstance(target, str) and target in self._placed_ids for target in targets)
