"""Does docs/networks.md say what the code does?"""

from __future__ import annotations

import re
from pathlib import Path

from fom.network.points import PASSABLE_BARRIERS
from fom.network.road_rules import (
    CLASS_SPEED_KMH,
    DEPTH_KEYS,
    HEIGHT_KEYS,
    LOAD_CLASS_KEYS,
    MASS_KEYS,
    SURFACE_SPEED_KMH,
    SURFACE_TYPE,
    WIDTH_KEYS,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")


def test_the_page_states_the_speed_of_every_class() -> None:
    stated = {c: float(kmh) for c, kmh in re.findall(r"`(\w+)` \| (\d+)(?= \|)", PAGE)}
    assert stated == CLASS_SPEED_KMH


def test_the_page_states_the_speed_of_every_surface() -> None:
    stated: dict[str, float] = {}
    for line in re.findall(r"^\| ([\d, ]+) \| (.*) \|$", PAGE, flags=re.MULTILINE):
        numbers, places = line[0].split(", "), line[1].split("; ")
        each = zip(numbers, places, strict=True) if len(numbers) > 1 else ((numbers[0], p) for p in places)
        stated |= {word: float(kmh) for kmh, place in each for word in re.findall(r"`([^`]+)`", place)}
    assert stated == SURFACE_SPEED_KMH


def test_the_page_names_every_surface_key_and_barrier_that_has_a_meaning() -> None:
    keys = (*MASS_KEYS, *LOAD_CLASS_KEYS, *HEIGHT_KEYS, *WIDTH_KEYS, *DEPTH_KEYS)
    assert not [word for word in (*SURFACE_TYPE, *PASSABLE_BARRIERS, *keys) if word not in PAGE]
