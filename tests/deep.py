"""How much of a long campaign is run: all of it, or the share that FOM_DEEP_SHARE says (0 to 1)."""

from __future__ import annotations

import os

VARIABLE = "FOM_DEEP_SHARE"


def share_of(count: int) -> int:
    """Return that share of a number, at least 1."""
    return max(1, round(count * float(os.environ.get(VARIABLE, "1"))))
