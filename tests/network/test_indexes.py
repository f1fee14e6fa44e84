"""Boxes and ids are found as by looking at every one of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.network.box_index import BLOCK, BoxIndex
from fom.network.id_index import IdIndex
from fom.network.network import lines_of

SMALL = st.integers(0, 40)
"""Whole coordinates, so that boxes often just touch."""


def lines(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    start = np.concatenate([[0], np.cumsum(rng.integers(2, 5, count))]).astype(np.int64)
    centre = np.repeat(rng.integers(0, 40, (count, 2)), np.diff(start), axis=0)
    return (centre + rng.integers(-2, 3, (start[-1], 2))).astype(float), start


@given(st.integers(0, 2**32 - 1), st.integers(1, 3 * BLOCK * BLOCK), st.lists(st.tuples(*[SMALL] * 4), max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_index_finds_the_lines_whose_boxes_meet_and_no_other(seed: int, count: int, corners: list[tuple]) -> None:
    coords, start = lines(np.random.default_rng(seed), count)
    boxes = np.array([[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners], float).reshape(-1, 4)
    own = np.array([[*part.min(axis=0), *part.max(axis=0)] for part in np.split(coords, start[1:-1])])
    expected = {
        (w, i)
        for w, box in enumerate(boxes)
        for i in np.flatnonzero((own[:, :2] <= box[2:]).all(axis=1) & (own[:, 2:] >= box[:2]).all(axis=1)).tolist()
    }
    box, line = BoxIndex.of_lines(coords, start).query(boxes)
    assert len(box) == len(expected)
    assert set(zip(box.tolist(), line.tolist(), strict=True)) == expected
    assert (np.diff(box) >= 0).all()
    level = (np.arange(count) % 3).astype(np.uint8)
    box, line = BoxIndex.of_lines(coords, start).query(boxes, level=level, up_to=1)
    assert set(zip(box.tolist(), line.tolist(), strict=True)) == {(w, i) for w, i in expected if i % 3 <= 1}


def test_an_index_of_nothing_finds_nothing() -> None:
    index = BoxIndex.of_lines(np.empty((0, 2)), np.zeros(1, np.int64))
    assert len(index.query(np.array([[0.0, 0.0, 1.0, 1.0]]))[0]) == 0


@given(st.lists(st.text("abc/é", min_size=1, max_size=6), unique=True, min_size=1, max_size=60), st.text(max_size=8))
def test_an_id_is_found_at_its_place_and_another_nowhere(ids: list[str], other: str) -> None:
    index = IdIndex.of(np.array([i.encode() for i in ids]))
    assert [index.find(i.encode()) for i in ids] == list(range(len(ids)))
    if other not in ids:
        assert index.find(other.encode()) is None


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fom.network.id_index._hashes", lambda letters: np.zeros(len(letters), np.uint64))
    index = IdIndex.of(np.array([b"a", b"b", b"c"]))
    assert [index.find(i) for i in (b"a", b"b", b"c", b"d")] == [0, 1, 2, None]


def test_lines_are_those_of_their_numbers_in_the_order_asked() -> None:
    coords, start = lines(np.random.default_rng(3), 20)
    every = lines_of(coords, start)
    some = np.array([7, 0, 19, 7])
    assert [line.wkt for line in lines_of(coords, start, some)] == [every[i].wkt for i in some]
    assert len(lines_of(coords, start, np.empty(0, np.int64))) == 0
