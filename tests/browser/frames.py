"""What a person saw of a map while it moved: every frame, its moment, and how much of it was blank."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page, Request

from tests.browser.pixels import decode_png

WIDTH = 640
"""Frames are kept so wide, pixels."""
CELL = 20
QUIET_MS = 1000
INK_TOLERANCE = 10
BLANK = 0.35
"""A frame is blank when it carries less than this share of the ink that is there both before and after."""
FILLED = 0.2
"""A cell is missing when it carries less than this share of the ink that it carries in the end."""


@dataclass(frozen=True)
class Seen:
    """One act on a map. Times are seconds of the wall clock from the first input."""

    settled_s: float
    """Until nothing changed any more."""
    whole_s: float
    """Until 95 % of what is there in the end was there, if coarser."""
    blank_s: float
    """How long the frames shown were blank."""
    gap_s: float
    """The longest that one frame stood while the hand moved."""
    frames: int
    tiles: int
    tiles_mb: float
    """As they came over the wire, packed."""

    def __str__(self) -> str:
        return (
            f"whole after {self.whole_s:.2f} s, still after {self.settled_s:.2f} s, blank {self.blank_s:.2f} s, "
            f"longest frame {self.gap_s:.2f} s of {self.frames}, {self.tiles} tiles with {self.tiles_mb:.1f} MB"
        )


@dataclass
class Frames:
    """Takes the frames of one page between `begin` and `settle`."""

    page: Page
    taken: list[tuple[float, bytes]] = field(default_factory=list)
    """(seconds of the epoch, PNG)"""

    def __post_init__(self) -> None:
        self._session: CDPSession = self.page.context.new_cdp_session(self.page)
        self._session.on("Page.screencastFrame", self._take)
        self._tiles: list[Request] = []
        self.page.on("requestfinished", self._ended)

    def begin(self) -> None:
        """Take frames from now on; the first is what stands there."""
        self.taken, self._tiles = [], []
        self._session.send("Page.startScreencast", {"format": "png", "maxWidth": WIDTH, "maxHeight": WIDTH})
        self.page.wait_for_timeout(300)
        self.begun = self.moved = time.time()

    def mark_end_of_input(self) -> None:
        """Say that the hand is still from now on."""
        self.moved = time.time()

    def settle(self) -> None:
        """Wait until the map is drawn in full and stays so, and stop."""
        self.page.locator("[data-map][data-still]").wait_for()
        self.page.wait_for_timeout(QUIET_MS)
        self.page.locator("[data-map][data-still]").wait_for()
        self._session.send("Page.stopScreencast")

    def seen(self) -> Seen:
        """Return what the frames of the map's box tell."""
        images = [(moment, self._map_of(png)) for moment, png in self.taken]
        ground = _ground(images[-1][1])
        inks = [(moment, _ink(image, ground)) for moment, image in images]
        after = inks[-1][1]
        least = min(inks[0][1].mean(), after.mean())
        shown = [(moment, ink) for moment, ink in inks if moment >= self.begun]
        stands = np.diff([*(moment for moment, _ in shown), max(self.moved, shown[-1][0])]) if shown else np.empty(0)
        blank = sum(s for s, (_, ink) in zip(stands, shown, strict=True) if ink.mean() < BLANK * least)
        is_inked = after > 0.01
        moving = [moment for moment, _ in shown if moment <= self.moved]

        def is_there(ink: np.ndarray) -> bool:
            return bool(np.mean(ink[is_inked] < FILLED * after[is_inked]) <= 0.05)

        def is_same(ink: np.ndarray) -> bool:
            return bool(np.abs(ink - after).max() < 0.05)

        return Seen(
            settled_s=self._from_when_on(shown, is_same),
            whole_s=self._from_when_on(shown, is_there),
            blank_s=float(blank),
            gap_s=float(np.diff([self.begun, *moving, self.moved]).max()),
            frames=len(shown),
            tiles=len(self._tiles),
            tiles_mb=sum(request.sizes()["responseBodySize"] for request in self._tiles) / 1e6,
        )

    def _from_when_on(self, shown: list[tuple[float, np.ndarray]], holds: Callable[[np.ndarray], bool]) -> float:
        """Return from when on all frames hold, seconds from the first input."""
        fails = [place for place, (_, ink) in enumerate(shown) if not holds(ink)]
        if not fails:
            return 0.0
        return shown[min(fails[-1] + 1, len(shown) - 1)][0] - self.begun

    def first_change(self, x: float, y: float, radius: float, *, since: float) -> float | None:
        """Return when the page first changed within some pixels of a point after a moment, seconds of the epoch."""
        scale = WIDTH / self._size()["width"]
        left, top, side = int((x - radius) * scale), int((y - radius) * scale), max(2, int(2 * radius * scale))
        before = None
        for moment, png in self.taken:
            part = decode_png(png)[max(0, top) : top + side, max(0, left) : left + side].astype(int)
            if moment <= since or before is None:
                before = part
            elif np.abs(part - before).max() > 40:
                return moment
        return None

    def _take(self, event: dict[str, Any]) -> None:
        self.taken.append((float(event["metadata"]["timestamp"]), base64.b64decode(event["data"])))
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    def _ended(self, request: Request) -> None:
        if "/tiles/" in request.url:
            self._tiles.append(request)

    def _size(self) -> dict[str, int]:
        size = self.page.viewport_size
        assert size is not None
        return dict(size)

    def _map_of(self, png: bytes) -> np.ndarray:
        """Return the part of a frame that shows the map beside the legend, all in whole cells."""
        box = self.page.locator("[data-map]").bounding_box()
        legend = self.page.locator("[data-legend]").bounding_box()
        assert box is not None
        scale, image = WIDTH / self._size()["width"], decode_png(png)
        left = box["x"] if legend is None else legend["x"] + legend["width"]
        x0, y0 = (int(value * scale) + 2 for value in (left, box["y"]))
        x1, y1 = int((box["x"] + box["width"] - 60) * scale), int((box["y"] + box["height"] - 30) * scale)
        part = image[y0:y1, x0:x1]
        return part[: part.shape[0] // CELL * CELL, : part.shape[1] // CELL * CELL]


def _ground(image: np.ndarray) -> np.ndarray:
    """Return the commonest colour."""
    colours, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
    return np.asarray(colours[counts.argmax()], int)


def _ink(image: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Return the share of each cell that is not ground, (rows * columns,)."""
    is_ink = (np.abs(image.astype(int) - ground) > INK_TOLERANCE).any(axis=2)
    rows, columns = is_ink.shape[0] // CELL, is_ink.shape[1] // CELL
    return np.asarray(is_ink.reshape(rows, CELL, columns, CELL).mean(axis=(1, 3)).reshape(-1))
