"""Encoder of Mapbox Vector Tiles 2.1 (one line layer), compiled: quantise, simplify, clip, write.

Source: Mapbox Vector Tile Specification 2.1, sections 4.1 (layers), 4.2 (features), 4.3 (geometry encoding).
"""

from __future__ import annotations

import numba
import numpy as np

EXTENT = 4096
"""Units across a tile; the map draws a tile 512 px wide, so one pixel is 8 units."""
BUFFER = 96
"""Units kept beyond the edge, so that wide lines do not end at tile borders."""
TOLERANCE = 4
"""Largest shift of a line by simplification, in units: half a pixel."""


@numba.njit(cache=True)
def _put_varint(out, at, value):  # type: ignore[no-untyped-def]
    value = np.uint64(value)
    while value > np.uint64(0x7F):
        out[at] = np.uint8((value & np.uint64(0x7F)) | np.uint64(0x80))
        value >>= np.uint64(7)
        at += 1
    out[at] = np.uint8(value)
    return at + 1


@numba.njit(cache=True)
def _varint_size(value):  # type: ignore[no-untyped-def]
    value = np.uint64(value)
    size = 1
    while value > np.uint64(0x7F):
        value >>= np.uint64(7)
        size += 1
    return size


@numba.njit(cache=True)
def _simplify(px, py, n, keep, stack):  # type: ignore[no-untyped-def]
    """Mark in `keep` the vertices of Douglas and Peucker's method within TOLERANCE; both ends stay."""
    for i in range(n):
        keep[i] = False
    keep[0] = keep[n - 1] = True
    stack[0, 0], stack[0, 1] = 0, n - 1
    depth = 1
    while depth:
        depth -= 1
        first, last = stack[depth, 0], stack[depth, 1]
        dx, dy = px[last] - px[first], py[last] - py[first]
        length2 = dx * dx + dy * dy
        worst, at = 0.0, -1
        for i in range(first + 1, last):
            ex, ey = px[i] - px[first], py[i] - py[first]
            if length2 == 0:
                far2 = float(ex * ex + ey * ey)
            else:
                t = (ex * dx + ey * dy) / length2
                t = min(1.0, max(0.0, t))
                far2 = (ex - t * dx) ** 2 + (ey - t * dy) ** 2
            if far2 > worst:
                worst, at = far2, i
        if worst > TOLERANCE * TOLERANCE:
            keep[at] = True
            stack[depth, 0], stack[depth, 1] = first, at
            stack[depth + 1, 0], stack[depth + 1, 1] = at, last
            depth += 2


@numba.njit(cache=True)
def _clip_edge(x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Return (is anything inside, start share, end share) of an edge against the buffered tile (Liang and Barsky)."""
    low, high = -float(BUFFER), float(EXTENT + BUFFER)
    dx, dy = float(x1 - x0), float(y1 - y0)
    t0, t1 = 0.0, 1.0
    for p, q in ((-dx, x0 - low), (dx, high - x0), (-dy, y0 - low), (dy, high - y0)):
        if p == 0.0:
            if q < 0.0:
                return False, 0.0, 0.0
        else:
            t = q / p
            if p < 0.0:
                t0 = max(t0, t)
            else:
                t1 = min(t1, t)
            if t0 > t1:
                return False, 0.0, 0.0
    return True, t0, t1


@numba.njit(cache=True)
def _add_point(gx, gy, part, count, parts, x, y, is_new_part):  # type: ignore[no-untyped-def]
    """Append a vertex, dropping repeats within a part; return the new (count, parts)."""
    if is_new_part:
        parts += 1
    elif count and gx[count - 1] == x and gy[count - 1] == y:
        return count, parts
    gx[count], gy[count], part[count] = x, y, parts
    return count + 1, parts


@numba.njit(cache=True)
def _clip_line(px, py, keep, n, jump, gx, gy, part):  # type: ignore[no-untyped-def]
    """Write the kept, clipped vertices to (gx, gy, part number from 1) and return how many."""
    count, parts = 0, 0
    previous = 0
    is_open = False
    for i in range(1, n):
        if not keep[i]:
            continue
        x0, y0, x1, y1 = px[previous], py[previous], px[i], py[i]
        previous = i
        if abs(x1 - x0) > jump:  # the other side of the 180th meridian
            is_open = False
            continue
        inside, t0, t1 = _clip_edge(x0, y0, x1, y1)
        if not inside:
            is_open = False
            continue
        ax, ay = np.int64(np.rint(x0 + t0 * (x1 - x0))), np.int64(np.rint(y0 + t0 * (y1 - y0)))
        bx, by = np.int64(np.rint(x0 + t1 * (x1 - x0))), np.int64(np.rint(y0 + t1 * (y1 - y0)))
        count, parts = _add_point(gx, gy, part, count, parts, ax, ay, not (is_open and t0 == 0.0))
        count, parts = _add_point(gx, gy, part, count, parts, bx, by, False)
        is_open = t1 == 1.0
    return count


@numba.njit(cache=True)
def _commands(gx, gy, part, count, commands):  # type: ignore[no-untyped-def]
    """Write the geometry commands of all parts with two vertices or more and return how many integers."""
    used = 0
    cx, cy = np.int64(0), np.int64(0)
    i = 0
    while i < count:
        j = i
        while j < count and part[j] == part[i]:
            j += 1
        if j - i >= 2:
            for k in range(i, j):
                if k == i:
                    commands[used] = 9  # MoveTo, once
                    used += 1
                elif k == i + 1:
                    commands[used] = 2 | ((j - i - 1) << 3)  # LineTo
                    used += 1
                dx, dy = gx[k] - cx, gy[k] - cy
                commands[used] = (dx << 1) ^ (dx >> 63)
                commands[used + 1] = (dy << 1) ^ (dy >> 63)
                used += 2
                cx, cy = gx[k], gy[k]
        i = j
    return used


@numba.njit(cache=True)
def _value_index(code, index_of, codes, count):  # type: ignore[no-untyped-def]
    """Return (index of the text among the layer's values, number of texts); the first seven values are the ranks."""
    if index_of[code] == 0:
        codes[count] = code
        count += 1
        index_of[code] = count
    return index_of[code] + 6, count


@numba.njit(cache=True)
def encode_lines(numbers, world, start, rank, name, ref, text, text_start, z, x, y, with_names):  # type: ignore[no-untyped-def]
    """Return the tile of the segments `numbers` as uint8; empty when nothing of them is left inside."""
    most = 0
    vertices = 0
    for number in numbers:
        n = start[number + 1] - start[number]
        most = max(most, n)
        vertices += n
    px, py = np.empty(most, np.int64), np.empty(most, np.int64)
    keep = np.empty(most, np.bool_)
    stack = np.empty((most + 2, 2), np.int64)
    gx, gy = np.empty(2 * most, np.int64), np.empty(2 * most, np.int64)
    part = np.empty(2 * most, np.int64)
    commands = np.empty(8 * most + 8, np.int64)
    index_of = np.zeros(len(text_start), np.int32)
    codes = np.empty(min(len(text_start), 2 * len(numbers)) + 1, np.int32)
    texts = 0
    body = np.empty(vertices * 24 + len(numbers) * 64 + 64, np.uint8)
    at = 0
    shift = np.int64(20 - z)
    half = (np.int64(1) << shift) >> 1
    ox, oy = np.int64(x) << (32 - z), np.int64(y) << (32 - z)
    jump = np.int64(EXTENT) << (z - 1)
    tags = np.empty(6, np.int64)
    for number in numbers:
        n = start[number + 1] - start[number]
        for i in range(n):
            row = start[number] + i
            px[i] = (np.int64(world[row, 0]) - ox + half) >> shift
            py[i] = (np.int64(world[row, 1]) - oy + half) >> shift
        _simplify(px, py, n, keep, stack)
        used = _commands(gx, gy, part, _clip_line(px, py, keep, n, jump, gx, gy, part), commands)
        if not used:
            continue
        tags[0], tags[1] = 0, rank[number]
        n_tags = 2
        if with_names:
            for key, code in ((1, name[number]), (2, ref[number])):
                if code >= 0:
                    tags[n_tags] = key
                    tags[n_tags + 1], texts = _value_index(code, index_of, codes, texts)
                    n_tags += 2
        tag_bytes, geometry_bytes = 0, 0
        for i in range(n_tags):
            tag_bytes += _varint_size(tags[i])
        for i in range(used):
            geometry_bytes += _varint_size(commands[i])
        size = 1 + _varint_size(number) + 2 + tag_bytes + 2 + 1 + _varint_size(geometry_bytes) + geometry_bytes
        body[at] = 0x12  # layer.features
        at = _put_varint(body, at + 1, size)
        body[at] = 0x08  # feature.id
        at = _put_varint(body, at + 1, number)
        body[at], body[at + 1] = 0x12, tag_bytes  # feature.tags: six small numbers at most, one length byte
        at += 2
        for i in range(n_tags):
            at = _put_varint(body, at, tags[i])
        body[at], body[at + 1], body[at + 2] = 0x18, 2, 0x22  # feature.type LINESTRING, feature.geometry
        at = _put_varint(body, at + 3, geometry_bytes)
        for i in range(used):
            at = _put_varint(body, at, commands[i])
    if not at:
        return np.empty(0, np.uint8)
    return _close_layer(body, at, codes, texts, text, text_start)


@numba.njit(cache=True)
def _close_layer(body, size, codes, texts, text, text_start):  # type: ignore[no-untyped-def]
    """Return the whole tile: layer head, features, keys, values, extent."""
    tail = 64
    for i in range(texts):
        tail += text_start[codes[i] + 1] - text_start[codes[i]] + 24
    layer = np.empty(size + tail + 32, np.uint8)
    at = 0
    for byte in (0x78, 2, 0x0A, 8, 115, 101, 103, 109, 101, 110, 116, 115):  # version 2, name "segments"
        layer[at] = byte
        at += 1
    layer[at : at + size] = body[:size]
    at += size
    for key in (104, 110, 114):  # keys "h", "n", "r"
        layer[at], layer[at + 1], layer[at + 2] = 0x1A, 1, key
        at += 3
    for value in range(7):
        layer[at], layer[at + 1], layer[at + 2], layer[at + 3] = 0x22, 2, 0x28, value  # values: uint 0 … 6
        at += 4
    for i in range(texts):
        first, last = text_start[codes[i]], text_start[codes[i] + 1]
        length = last - first
        layer[at] = 0x22
        at = _put_varint(layer, at + 1, 1 + _varint_size(length) + length)
        layer[at] = 0x0A  # value.string
        at = _put_varint(layer, at + 1, length)
        layer[at : at + length] = text[first:last]
        at += length
    layer[at] = 0x28
    at = _put_varint(layer, at + 1, EXTENT)
    tile = np.empty(at + 12, np.uint8)
    tile[0] = 0x1A  # tile.layers
    head = _put_varint(tile, 1, at)
    tile[head : head + at] = layer[:at]
    return tile[: head + at].copy()
