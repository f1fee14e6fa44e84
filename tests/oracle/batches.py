"""Many independent histories in one document, each in its own mini area, and the part of an answer that is one's own.

The oracle sees every history alone; the service sees the whole document. So every batch also tests that histories far
apart do not touch each other.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from tests.oracle.histories import History, draw_history
from tests.oracle.setting import Setting, draw_setting

SPACING_DEG = 0.8
"""Between mini areas: 45 km or more at the latitudes drawn; no record reaches further than 10 km."""
PER_ROW = 12
LISTS = (("segments", "segment_id"), ("routes", "route_id"), ("refused", "id"))


class Batch(NamedTuple):
    """Histories of one setting, and how many were given back because a distance was too close to call."""

    seed: int
    setting: Setting
    histories: list[History]

    def documents(self, histories: list[History] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return network file and facts file of some or all histories."""
        chosen = self.histories if histories is None else histories
        network = {"type": "FeatureCollection", "features": [s for h in chosen for s in h.segments]}
        return network, self.setting.facts([f for h in chosen for f in h.features])


def draw_batch(rng: Random, size: int, seed: int = 0) -> Batch:
    """Return `size` histories (a few less where a place was hopeless) in one setting, somewhere on the globe."""
    setting = draw_setting(rng)
    lat = rng.choice((-50.0, -33.2, -8.1, -0.35, 4.7, 15.3, 31.9, 45.5))
    lon = rng.choice((-178.9, -77.3, -3.4, 8.9, 29.8, 44.6, 105.2, 175.6))
    histories = []
    for i in range(size):
        x = lon + SPACING_DEG * (i % PER_ROW) + 180
        history = draw_history(rng, setting, f"h{i:02d}-", x % 360 - 180, lat + SPACING_DEG * (i // PER_ROW))
        if history is not None:
            histories.append(history)
    return Batch(seed, setting, histories)


def seeded_batch(seed: int, size: int) -> Batch:
    """Return the batch of a seed; the same everywhere and always."""
    return draw_batch(Random(seed), size, seed)


def own_part(answer: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return the part of a document's answer that belongs to one history."""
    part = dict(answer)
    for name, key in LISTS:
        part[name] = [row for row in answer[name] if row[key].startswith(prefix)]
    part["unplaced"] = [i for i in answer["unplaced"] if i.startswith(prefix)]
    return part
