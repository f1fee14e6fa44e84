"""Encoded polylines read back, by the words of the format alone: an oracle for what the service writes."""

from __future__ import annotations


def decode(text: str) -> list[tuple[float, float]]:
    """Return (lon, lat), degrees, of an encoded polyline of precision 5."""
    numbers: list[int] = []
    value, shift = 0, 0
    for character in text:
        five = ord(character) - 63
        value |= (five & 31) << shift
        shift += 5
        if five < 32:
            numbers.append(-((value + 1) // 2) if value & 1 else value // 2)
            value, shift = 0, 0
    line, lat, lon = [], 0, 0
    for step_lat, step_lon in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + step_lat, lon + step_lon
        line.append((lon / 1e5, lat / 1e5))
    return line
