"""What the deep suite runs of a long campaign: all of it, or the share that FOM_DEEP_SHARE says (0 to 1)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

VARIABLE = "FOM_DEEP_SHARE"


def share_of(count: int) -> int:
    """Return that share of a number, at least 1."""
    return max(1, round(count * float(os.environ.get(VARIABLE, "1"))))


def in_gate(few: int, values: Iterable[Any]) -> list[Any]:
    """Return values to run a test on: the first few in the gate, all the others in the deep suite."""
    deep = pytest.mark.deep
    return [value if place < few else pytest.param(value, marks=deep) for place, value in enumerate(values)]
