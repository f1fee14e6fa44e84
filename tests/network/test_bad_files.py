"""Is every file that is no road network refused by name, with nothing left behind?"""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way

from fom.errors import BadReferenceData, FomError, InvalidInput
from fom.network.build import build_network
from fom.network.osm_file import INVALID_TEXT
from tests.network.osm_writing import LAT0, LON0, Drawing

ROAD = {"highway": "primary"}
GRID = {f"n{i}": (i, i % 7) for i in range(400)}
GOOD = Drawing(GRID, [(" ".join(GRID), ROAD)])


def truncated(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        whole = GOOD.write(folder / name).read_bytes()
        path = folder / f"cut-{name}"
        path.write_bytes(whole[: len(whole) // 2])
        return path

    return make


def holding(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def of_ways(tags: dict[str, str]) -> Callable[[Path], Path]:
    return lambda folder: Drawing(GRID, [("n0 n1 n2", tags)]).write(folder / "roads.osm.pbf")


BAD_FILES = {
    "empty pbf": (holding("x.osm.pbf", b""), BadReferenceData, "empty"),
    "empty geojson": (holding("x.geojson", b""), BadReferenceData, "empty"),
    "noise as pbf": (holding("x.osm.pbf", b"\x00\x01noise" * 50), BadReferenceData, "cannot be read as OSM data"),
    "noise as xml": (holding("x.osm", b"<osm><node id='1'"), BadReferenceData, "cannot be read as OSM data"),
    "noise as gzip": (holding("x.osm.gz", b"no gzip at all"), BadReferenceData, "cannot be read as OSM data"),
    "page as xml": (holding("x.osm", b"<html><body>404</body></html>"), BadReferenceData, "cannot be read as OSM data"),
    "no objects": (holding("x.osm", b"<osm version='0.6'></osm>"), BadReferenceData, "holds no road"),
    "truncated pbf": (truncated("roads.osm.pbf"), BadReferenceData, "cannot be read as OSM data"),
    "truncated xml": (truncated("roads.osm"), BadReferenceData, "cannot be read as OSM data"),
    "truncated gzip": (truncated("roads.osm.gz"), BadReferenceData, "cannot be read as OSM data"),
    "footpaths only": (of_ways({"highway": "footway"}), BadReferenceData, "holds no road"),
    "buildings only": (of_ways({"building": "yes"}), BadReferenceData, "holds no road"),
    "closed roads only": (
        of_ways({"highway": "track", "access": "no"}),
        BadReferenceData,
        "1 closed to vehicles by tag",
    ),
    "unknown suffix": (holding("roads.docx", b"x"), InvalidInput, "roads.docx; expected OSM data"),
    "no file": (lambda folder: folder / "nowhere.osm.pbf", InvalidInput, "expected an existing file"),
    "a folder": (lambda folder: folder, InvalidInput, "expected an existing file"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_by_name_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    make, error, words = BAD_FILES[case]
    folder = tmp_path / "in"
    folder.mkdir()
    path = make(folder)
    with pytest.raises(error) as refused:
        build_network(path, tmp_path / "out" / "net")
    assert words in str(refused.value)
    assert path.name in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("metres", [0, -1, 49.9, 1e9, float("nan")])
def test_a_limit_on_length_outside_its_range_is_refused(tmp_path: Path, metres: float) -> None:
    path = GOOD.write(tmp_path / "roads.osm.pbf")
    with pytest.raises(InvalidInput, match="max_length_m"):
        build_network(path, tmp_path / "net", max_length_m=metres)


def test_the_command_ends_with_code_2_and_one_line_on_a_bad_file(tmp_path: Path) -> None:
    path = truncated("roads.osm.pbf")(tmp_path)
    command = [sys.executable, "-m", "fom", "network", "build", str(path), "--out", str(tmp_path / "net")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {path}: cannot be read as OSM data")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "net").exists()


def test_tags_in_broken_encoding_are_left_out_and_the_road_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "broken.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf,pbf_compression=none")) as writer:
        for number in (1, 2, 3):
            writer.add_node(Node(id=number, location=(LON0 + number / 1000, LAT0)))
        writer.add_way(Way(id=1, nodes=[1, 2], tags={**ROAD, "name": "QQQQ street", "surface": "asphalt"}))
        writer.add_way(Way(id=2, nodes=[2, 3], tags={"highway": "QQQQ"}))
    path.write_bytes(path.read_bytes().replace(b"QQQQ", b"\xff\xfeQQ"))
    network = build_network(path, tmp_path / "net")
    assert network.n_segments == 1
    assert network.name.tolist() == [-1]
    assert network.surface_words == ("asphalt",)
    assert network.manifest["noted"] == {INVALID_TEXT: 1}


def test_xml_in_broken_encoding_is_read_without_the_broken_letters(tmp_path: Path) -> None:
    drawing = Drawing({"a": (0, 0), "b": (1, 0)}, [("a b", {**ROAD, "name": "RueXX"})])
    path = drawing.write(tmp_path / "latin.osm")
    path.write_bytes(path.read_bytes().replace(b"RueXX", "Rué".encode("latin-1") + b" Nord"))
    network = build_network(path, tmp_path / "net")
    assert network.word(int(network.name[0])) == "Ru Nord"


def test_a_file_with_ways_before_nodes_and_negative_ids_is_read(tmp_path: Path) -> None:
    """Editors write such files."""
    path = tmp_path / "editor.osm"
    path.write_text(
        "<osm version='0.6'><way id='-5'><nd ref='-1'/><nd ref='-2'/><tag k='highway' v='track'/></way>"
        "<node id='-1' lat='5.0' lon='30.0'/><node id='-2' lat='5.001' lon='30.0'/></osm>"
    )
    network = build_network(path, tmp_path / "net")
    assert network.n_segments == 1
    assert float(network.length_m[0]) == pytest.approx(110.6, abs=0.2)


@pytest.mark.parametrize("name", ["roads.osm.pbf", "roads.osm", "roads.osm.gz", "roads.osm.bz2"])
def test_every_kind_of_osm_file_gives_the_same_network(tmp_path: Path, name: str) -> None:
    expected = build_network(GOOD.write(tmp_path / "good.osm.pbf"), tmp_path / "a").manifest["content_hash"]
    assert build_network(GOOD.write(tmp_path / name), tmp_path / "b").manifest["content_hash"] == expected


def test_a_gzip_bomb_of_nothing_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "bomb.osm.gz"
    path.write_bytes(gzip.compress(b" " * 20_000_000))
    with pytest.raises(FomError, match=r"bomb\.osm\.gz"):
        build_network(path, tmp_path / "net")
