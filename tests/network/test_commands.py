"""Do the network commands say what they did, and end with the code that scripts rely on?"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fom.cli import main
from fom.network.artefact import load_network
from tests.network.osm_writing import Drawing

PLACES = {"a": (0, 0), "b": (5, 0), "c": (10, 0), "d": (5, 5)}
HEAVY = {"highway": "primary", "maxweight": "heavy"}
ROADS = Drawing(PLACES, [("a b c", HEAVY), ("d b", {"highway": "track"}), ("c d", {"highway": "path"})])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with two networks, `roads` and `other`."""
    Drawing(PLACES, [("a b", {"highway": "primary"})]).write(tmp_path / "other.osm.pbf")
    ROADS.write(tmp_path / "roads.osm.pbf")
    for name in ("roads", "other"):
        done = network("build", str(tmp_path / f"{name}.osm.pbf"), "--data", str(tmp_path / "data"))
        assert done.exit_code == 0, done.output
    return tmp_path / "data"


def network(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["network", *arguments])


def test_build_prints_what_came_of_it_and_what_was_dropped_with_the_reason(tmp_path: Path) -> None:
    path = ROADS.write(tmp_path / "My Roads (2026).osm.pbf")
    done = network("build", str(path), "--out", str(tmp_path / "net"), "--max-length-m", "300")
    assert done.exit_code == 0
    built = load_network(tmp_path / "net")
    assert built.manifest["name"] == "my-roads-2026"
    assert f"{built.network_id}: 6 segments, 1.662 km" in done.output
    assert "dropped: 1 × not a road for vehicles: path" in done.output
    assert "dropped: 1 × unreadable value of maxweight" in done.output


def test_list_shows_networks_and_a_star_at_the_one_in_use(data: Path) -> None:
    before = network("list", "--data", str(data))
    assert before.exit_code == 0
    assert before.output.count("segments") == 2
    assert "*" not in before.output
    assert network("activate", "roads", "--data", str(data)).exit_code == 0
    starred = [line for line in network("list", "--data", str(data)).output.splitlines() if line.startswith("*")]
    assert len(starred) == 1
    assert starred[0].startswith("* roads-")


def test_activating_what_is_not_there_is_refused(data: Path) -> None:
    done = network("activate", "nowhere", "--data", str(data))
    assert done.exit_code == 2
    assert "no network 'nowhere'" in done.output


def test_a_network_equals_itself_and_differs_from_another(data: Path) -> None:
    same = network("compare", "roads", "roads", "--data", str(data))
    assert same.exit_code == 0
    assert "equal to 0.1 %            200" in same.output
    other = network("compare", "roads", "other", "--data", str(data), "--pairs", "20")
    assert other.exit_code == 0
    assert "common nodes                2" in other.output


def test_a_damaged_network_is_listed_as_unusable_and_compared_with_a_refusal(data: Path) -> None:
    folder = next((data / "networks").glob("roads-*"))
    (folder / "length_m.npy").write_bytes(b"")
    done = network("compare", "roads", "other", "--data", str(data))
    assert done.exit_code == 2
    assert "length_m.npy: damaged" in done.output
    (folder / "manifest.json").write_text("{")
    assert "unusable" in network("list", "--data", str(data)).output
