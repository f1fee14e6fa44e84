"""When partial passages together verify a segment: the compiled walk and one that tries every moment agree."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.grades import SLACK
from fom.domain.intervals import uncovered_m
from fom.domain.verification import UNCOVERED_MAX_M
from fom.picture.passages import Passages, verified_steps

LENGTH_M = 20.0
METRES = st.integers(-2, 22).map(float) | st.floats(0.0, LENGTH_M)
PARTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), METRES, METRES), max_size=14)


def expected_at(parts: list[tuple[int, int, float, float]], row: int, moment: int) -> int | None:
    """Return the latest moment such that what counts from it on, up to now, covers the row."""
    for since in sorted({eff for _, eff, _, _ in parts if eff <= moment}, reverse=True):
        covering = [(low, high) for r, eff, low, high in parts if r == row and since <= eff <= moment]
        if uncovered_m(covering, LENGTH_M) <= UNCOVERED_MAX_M + SLACK:
            return since if any(r == row and eff == since for r, eff, _, _ in parts) else None
    return None


@given(PARTS)
@settings(max_examples=400, deadline=None)
def test_partial_passages_verify_from_the_latest_moment_since_which_they_cover(parts: list) -> None:
    parts = [(row, eff, min(a, b), max(a, b)) for row, eff, a, b in parts]
    columns = [np.array(column) for column in zip(*parts, strict=True)] if parts else [np.empty(0)] * 4
    row, eff, low, high = columns
    n = len(parts)
    row, eff = row.astype(np.int64), eff.astype(np.int64)
    passages = Passages(row, np.arange(n), eff, low.astype(float), high.astype(float), np.zeros(n, np.bool_))
    steps = verified_steps(passages, np.full(3, LENGTH_M))
    for moment in range(7):
        found = steps.at(2 * moment, 3)
        for number in range(3):
            expected = expected_at(parts, number, moment)
            assert (found[number] if found[number] >= 0 else None) == expected
