"""The icon of the field app as PNG, drawn here: a road that runs to the horizon, as in `static/favicon.svg`."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

import numpy as np

SIZES = (180, 192, 512)
_UNITS = 32.0
_GROUND, _EDGE, _STRIPE = (19, 27, 34), (179, 192, 202), (251, 196, 13)
"""Tokens `--s-1`, `--ink-2` and `--a` of the dark theme."""


@lru_cache(maxsize=len(SIZES))
def draw_icon(size: int) -> bytes:
    """Return a square PNG of `size` pixels; the drawing keeps inside the circle that launchers cut out.

    Raises
    ------
    ValueError
        A size that is not offered.
    """
    if size not in SIZES:
        raise ValueError(size)
    over = 2  # drawn twice as large and averaged, for smooth edges
    axis = (np.arange(size * over) + 0.5) / (size * over) * _UNITS
    y, x = np.meshgrid(axis, axis, indexing="ij")
    image = np.empty((size * over, size * over, 3))
    image[:] = _GROUND
    is_road = (y >= 8) & (y <= 24)
    half = 1.6 + (y - 8) / 16 * 6.4  # the road widens towards the viewer
    image[is_road & (np.abs(np.abs(x - 16) - half) <= 0.75)] = _EDGE
    for top, bottom in ((8.5, 11), (13.5, 16.7), (19.4, 24)):
        image[(y >= top) & (y <= bottom) & (np.abs(x - 16) <= 0.6 + (y - 8) / 40)] = _STRIPE
    small = image.reshape(size, over, size, over, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    rows = np.concatenate((np.zeros((size, 1), np.uint8), small.reshape(size, -1)), axis=1)
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
