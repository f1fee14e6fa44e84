"""One point of a recorded track; apart from `tracks`, so that a reader of files need not load what works tracks out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """A point of a track; `at` is None where no time was recorded, microseconds."""

    lon: float
    lat: float
    at: int | None
