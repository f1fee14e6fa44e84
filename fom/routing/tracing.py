"""From the last node of a search back to where it began."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled


@compiled
def trace(via: NDArray[np.int64], tail: NDArray[np.int32], end: int) -> tuple[NDArray[np.int64], int]:
    """Return the router arcs on the way to a node, in order, and the number of the seed at which it begins.

    `via` (nodes,) holds the arc by which a node was reached, or -1 - k at seed k; `end` < 0 = no way: nothing and -1.
    """
    if end < 0:
        return np.empty(0, np.int64), -1
    count, node = 0, np.int64(end)
    while via[node] >= 0:
        node = np.int64(tail[via[node]])
        count += 1
    start = int(-1 - via[node])
    found = np.empty(count, np.int64)
    node = np.int64(end)
    for k in range(count - 1, -1, -1):
        found[k] = via[node]
        node = np.int64(tail[via[node]])
    return found, start
