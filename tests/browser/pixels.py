"""What a screenshot shows, without an image library: 8-bit PNG as Chromium writes it."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def decode_png(data: bytes) -> np.ndarray:
    """(h, w, 3) uint8 of a non-interlaced RGB or RGBA PNG."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body, head = 8, b"", b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            head = chunk
        elif kind == b"IDAT":
            body += chunk
        at += 12 + size
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", head)
    assert depth == 8
    assert colour in (2, 6)
    assert interlace == 0
    n = 3 if colour == 2 else 4
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, 1 + width * n)
    image = np.zeros((height, width * n), np.uint8)
    above = np.zeros(width * n, np.int64)
    for y, row in enumerate(rows):
        image[y] = above = _unfilter(int(row[0]), row[1:].astype(np.int64), above, n)
    return image.reshape(height, width, n)[:, :, :3]


def _unfilter(kind: int, line: np.ndarray, above: np.ndarray, n: int) -> np.ndarray:
    if kind == 0:
        return line
    if kind == 2:
        return (line + above) & 255
    if kind == 1:
        return np.cumsum(line.reshape(-1, n), axis=0).reshape(-1) & 255
    out = np.zeros_like(line)
    for i in range(len(line)):
        left = out[i - n] if i >= n else 0
        up, corner = above[i], above[i - n] if i >= n else 0
        if kind == 3:
            guess = (left + up) // 2
        else:
            p = left + up - corner
            guess = min((left, up, corner), key=lambda v: abs(p - v))
        out[i] = (line[i] + guess) & 255
    return out


def share_of(image: np.ndarray, hex_colour: str, tolerance: int = 14) -> float:
    """Share of pixels within `tolerance` of a colour in every channel."""
    colour = np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)])
    return float((np.abs(image.astype(int) - colour) <= tolerance).all(axis=2).mean())
