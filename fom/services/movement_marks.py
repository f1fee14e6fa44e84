"""Where on the key routes a stretch lies, in the words of the mission: `MSR IBIS km 78–111`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS
from fom.network.network import Network
from fom.services.movement_ahead import Run
from fom.services.movement_ways import Way
from fom.services.picture_host import PictureHost
from fom.store.tables import KeyRoute


class RouteMarks:
    """Kilometres of the key routes by segment; only of routes no more secret than `classification`."""

    def __init__(self, session: Session, host: PictureHost, classification: str) -> None:
        self._network: Network = host.network
        self._on: dict[int, list[tuple[str, float, float]]] = {}
        highest = CLASSIFICATIONS.index(classification)
        for route in session.scalars(select(KeyRoute).order_by(KeyRoute.code)):
            if CLASSIFICATIONS.index(route.classification) <= highest:
                self._lay(route.code, host.names.routes(list(route.segments or [])))

    def _lay(self, code: str, stretches: Iterable[Any]) -> None:
        along = 0.0
        for stretch in stretches:
            number = self._network.find_segment(stretch["id"])
            if number is None:
                continue
            end = float(self._network.length_m[number]) if stretch.get("to_m") is None else float(stretch["to_m"])
            length = max(0.0, end - float(stretch.get("from_m") or 0.0))
            self._on.setdefault(number, []).append((code, along, along + length))
            along += length

    def place(self, run: Run) -> str:
        """Return where a run lies: on the key route that has most of it, else by road and kilometre of the way."""
        return self.name(run.numbers, run.from_m, run.to_m)

    def name(self, numbers: Sequence[int], from_m: float, to_m: float) -> str:
        """Return the same of some segments, which lie between two metres of a way."""
        ends: dict[str, list[float]] = {}
        for number in numbers:
            for code, first, last in self._on.get(number, ()):
                ends.setdefault(code, []).extend((first, last))
        if ends:
            code = max(ends, key=lambda name: (len(ends[name]), name))
            if len(ends[code]) >= len(numbers):  # two ends each: at least half of the stretches are on it
                return f"{code} km {_range(min(ends[code]), max(ends[code]))}"
        number = int(numbers[0])
        road = self._network.word(int(self._network.ref[number])) or self._network.word(int(self._network.name[number]))
        return f"{road or 'an unnamed road'}, km {_range(from_m, to_m)} of the way"

    def position(self, way: Way, at_m: float) -> str:
        """Return where somebody is who drove so many metres of a way: the kilometre of a key route, or of the way."""
        k = min(int((way.at_m[1:] <= at_m).sum()), len(way.numbers) - 1)
        for code, first, last in self._on.get(int(way.numbers[k]), ()):
            inside = at_m - float(way.at_m[k])
            marks = self._on.get(int(way.numbers[k + 1]), ()) if k + 1 < len(way.numbers) else ()
            is_falling = any(other == code and start < first for other, start, _ in marks)
            return f"{code} km {(last - inside if is_falling else first + inside) / 1000:.0f}"
        return f"km {at_m / 1000:.0f} of its way"


def _range(from_m: float, to_m: float) -> str:
    low, high = round(from_m / 1000), round(to_m / 1000)
    return f"{low}–{high}" if high > low else f"{from_m / 1000:.1f}"
