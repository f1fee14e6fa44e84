"""Properties of the oracle itself: it stands alone, order does not matter, and histories far apart do not touch."""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random

import pytest

from tests.oracle.answer import assess
from tests.oracle.batches import seeded_batch
from tests.oracle.checking import check_batch
from tests.oracle.compare import differences
from tests.oracle.mgrs_reading import read_mgrs, write_mgrs

MEETING = {"checking.py"}
"""The one module that may call the service, to compare."""


def imported(path: Path) -> set[str]:
    """Return the first names of all modules a file imports."""
    out: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            out.add((node.module or "").split(".")[0])
    return out


def test_nothing_of_the_oracle_imports_the_service() -> None:
    files = {p for p in Path(__file__).parent.glob("*.py") if not p.name.startswith("test_")}
    assert {p.name for p in files if "fom" in imported(p)} <= MEETING
    assert {p.name for p in files if "numpy" in imported(p)} == set()


@pytest.mark.parametrize("seed", range(900, 903))
def test_many_histories_in_one_document_are_judged_as_each_alone(seed: int) -> None:
    assert check_batch(seeded_batch(seed, 25), assess) == []


@pytest.mark.parametrize("seed", range(910, 913))
def test_the_order_of_the_features_does_not_matter(seed: int) -> None:
    batch, rng = seeded_batch(seed, 20), Random(seed)
    for history in batch.histories:
        network, facts = batch.documents([history])
        rng.shuffle(facts["features"])
        rng.shuffle(network["features"])
        assert differences(history.answer, assess(network, facts, **batch.setting.question)) == []


@pytest.mark.parametrize(
    ("text", "lon", "lat", "side"),
    [
        ("31N AA 66021 00000", 0.0000005, 0.0000045, 1),
        ("33UXP04", 16.4144414, 48.2495114, 10_000),
        ("18SUJ2348306479", -77.0352364, 38.8894674, 1),
        ("56h lh 3436 5158", 151.2093806, -33.8630602, 10),
    ],
)
def test_a_grid_reference_is_read_at_the_centre_of_its_square(text: str, lon: float, lat: float, side: float) -> None:
    assert read_mgrs(text) == pytest.approx((lon, lat, side), abs=1e-6)


def test_a_grid_reference_written_is_read_back_within_its_square() -> None:
    rng = Random(1)
    for _ in range(500):
        lon, lat = rng.uniform(-179.9, 179.9), rng.uniform(-79, 55)
        for digits in (2, 4, 6, 8, 10):
            east, north, side = read_mgrs(write_mgrs(lon, lat, digits))
            assert abs(north - lat) * 110_000 < 0.8 * side + 0.5
            assert abs(east - lon) < 0.8 * side / 15_000 + 1e-4
