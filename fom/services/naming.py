"""What tells people which segment is meant."""

from __future__ import annotations

from typing import Any

from fom.network.network import Network


def name_segment(network: Network, number: int) -> dict[str, Any]:
    """Return what tells people which segment it is: ids, name, number and class of its road, length."""
    return {
        "segment_id": network.segment_id(number),
        "number": number,
        "name": network.word(int(network.name[number])),
        "ref": network.word(int(network.ref[number])),
        "highway": network.highway_words[int(network.highway[number])],
        "length_m": round(float(network.length_m[number]), 1),
    }
