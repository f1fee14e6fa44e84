"""Does a network on disk come back as it was, and is every kind of damage refused by name?"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fom.errors import BadReferenceData, InvalidInput
from fom.network.artefact import ARRAY_FIELDS, INDEX_FOLDER, MANIFEST, WORDS, load_network, save_network, verify_content
from fom.network.build import build_network, compile_network
from fom.network.network import Network
from fom.network.read import read_network
from fom.network.shelf import find_folder, list_networks
from tests.network.osm_writing import Drawing

ROAD = {"highway": "primary", "name": "Rue Été", "surface": "asphalt"}
PLACES = {"a": (0, 0), "b": (5, 0), "c": (10, 0), "d": (5, 5)}
DRAWING = Drawing(PLACES, [("a b c", ROAD), ("d b", {"highway": "track"})], {"b": {"ford": "yes"}})


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return the folder of a small network."""
    build_network(DRAWING.write(tmp_path / "small.osm.pbf"), tmp_path / "net")
    return tmp_path / "net"


def same(one: Network, two: Network) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(two, f), equal_nan=_is_float(one, f)) for f in ARRAY_FIELDS)


def _is_float(network: Network, field: str) -> bool:
    return getattr(network, field).dtype.kind == "f"


def test_a_saved_network_comes_back_equal_and_read_only(tmp_path: Path, built: Path) -> None:
    network = compile_network(tmp_path / "small.osm.pbf")
    loaded = load_network(built)
    assert same(network, loaded)
    assert (loaded.names, loaded.surface_words) == (("Rue Été",), ("asphalt",))
    assert loaded.network_id == network.network_id
    for field in ARRAY_FIELDS:
        assert not getattr(loaded, field).flags.writeable, field
    with pytest.raises(ValueError, match="read-only"):
        loaded.length_m[0] = 0


def test_a_rebuild_gives_equal_bytes(tmp_path: Path, built: Path) -> None:
    build_network(tmp_path / "small.osm.pbf", tmp_path / "again")
    for field in ARRAY_FIELDS:
        assert (built / f"{field}.npy").read_bytes() == (tmp_path / "again" / f"{field}.npy").read_bytes(), field
    assert (built / WORDS).read_bytes() == (tmp_path / "again" / WORDS).read_bytes()


def test_the_manifest_says_where_the_roads_come_from_and_what_may_be_done_with_them(built: Path) -> None:
    manifest = json.loads((built / MANIFEST).read_text())
    assert manifest["source"]["file"] == "small.osm.pbf"
    assert len(manifest["source"]["sha256"]) == 64
    assert manifest["source"]["licence"] == "ODbL 1.0"
    assert "OpenStreetMap" in manifest["source"]["attribution"]
    assert manifest["counts"]["asset_ford"] == 1
    assert {"fom", "osmium", "numpy"} <= set(manifest["tools"])
    assert manifest["built_at"].endswith("Z")


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(BadReferenceData, match=r"not a network; expected a folder with manifest\.json"):
        load_network(tmp_path)


def test_a_missing_or_truncated_array_is_refused_by_name(built: Path) -> None:
    for field in ARRAY_FIELDS:
        path = built / f"{field}.npy"
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(BadReferenceData, match=rf"{field}\.npy: missing"):
            load_network(built)
        for content in (whole[:-1], whole[:60], b"", whole + b"\0"):
            path.write_bytes(content)
            with pytest.raises(BadReferenceData, match=rf"{field}\.npy: damaged"):
                load_network(built)
        path.write_bytes(whole)
    assert load_network(built).n_segments > 0


def test_an_array_of_another_shape_or_type_is_refused_by_name(built: Path) -> None:
    np.save(built / "length_m.npy", np.ones(7))
    with pytest.raises(BadReferenceData, match=r"length_m\.npy: damaged: not a whole array of <f8 \(6,\)"):
        load_network(built)


def test_noise_in_an_arrays_header_is_refused(built: Path) -> None:
    path = built / "link.npy"
    whole = path.read_bytes()
    rng = random.Random(3)
    for _ in range(200):
        noisy = bytearray(whole)
        noisy[rng.randrange(128)] ^= rng.randrange(1, 256)
        path.write_bytes(noisy)
        with pytest.raises(BadReferenceData, match=r"link\.npy"):
            load_network(built)


@pytest.mark.parametrize(
    "stated", [{}, {"dtype": "O", "shape": [1]}, {"dtype": "<f8", "shape": [-1]}, {"dtype": 5}, "x"]
)
def test_an_array_that_the_manifest_describes_badly_is_refused(built: Path, stated: object) -> None:
    manifest = json.loads((built / MANIFEST).read_text())
    manifest["arrays"]["link"] = stated
    (built / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BadReferenceData, match=r"manifest\.json: arrays\.link"):
        load_network(built)


def test_an_array_with_objects_is_never_unpickled(built: Path) -> None:
    np.save(built / "length_m.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(BadReferenceData, match=r"length_m\.npy"):
        load_network(built)


def test_numbers_that_point_outside_are_refused_by_name(built: Path) -> None:
    for field, wrong in (("from_node", 99), ("asset_of", -1), ("to_node", -1)):
        path = built / f"{field}.npy"
        whole = path.read_bytes()
        array = np.load(path)
        array[0] = wrong
        np.save(path, array)
        with pytest.raises(BadReferenceData, match=rf"{field}\.npy: does not fit"):
            load_network(built)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "not readable as JSON"), ("[]", "expected 'fom-network/1'"),
     ('{"format": "fom-network/9"}', "fom-network/9"),
     ('{"format": "fom-network/1"}', "network_id is missing"),
     ('{"format": "fom-network/1", "network_id": "x", "arrays": {}}', "names other arrays")],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(built: Path, text: str, words: str) -> None:
    (built / MANIFEST).write_text(text)
    with pytest.raises(BadReferenceData) as refused:
        load_network(built)
    assert words in str(refused.value)
    assert MANIFEST in str(refused.value)


def test_damaged_words_are_refused(built: Path) -> None:
    (built / WORDS).write_text('{"names": []}')
    with pytest.raises(BadReferenceData, match=r"words\.json"):
        load_network(built)


def test_a_flipped_bit_is_found_when_the_content_is_verified(built: Path) -> None:
    verify_content(built)
    path = built / "speed_kmh.npy"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadReferenceData, match="hash differs"):
        verify_content(built)


def test_a_network_is_not_written_over_something_else(tmp_path: Path, built: Path) -> None:
    network = load_network(built)
    for target in (tmp_path / "small.osm.pbf", tmp_path):
        before = sorted(p.name for p in tmp_path.iterdir())
        with pytest.raises(InvalidInput, match="a new folder or one that holds a network"):
            save_network(network, target)
        assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_rebuild_replaces_a_network_while_an_old_reader_goes_on(tmp_path: Path, built: Path) -> None:
    old = load_network(built)
    ids = old.segment_ids.tolist()
    other = Drawing(PLACES, [("a d", ROAD)]).write(tmp_path / "other.osm.pbf")
    build_network(other, built)
    assert load_network(built).n_segments == 1
    assert old.segment_ids.tolist() == ids
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net", "other.osm.pbf", "small.osm.pbf"]


def test_scratch_of_a_dead_build_is_removed_and_of_a_living_one_is_left(tmp_path: Path, built: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = tmp_path / f".net.build-{int(dead.stdout)}-00ff00ff"
    busy = tmp_path / f".net.build-{os.getppid()}-00ff00ff"
    for folder in (left, busy):
        folder.mkdir()
    save_network(load_network(built), built)
    assert not left.exists()
    assert busy.exists()


def save_for_ever(networks: list[Network], target: Path) -> int:
    """Start a process of its own that saves these networks in turn; return its number."""
    child = os.fork()
    if child == 0:
        try:
            while True:
                for network in networks:
                    save_network(network, target)
        finally:
            os._exit(1)
    return child


def test_a_build_killed_at_any_moment_leaves_a_whole_network_or_none(tmp_path: Path) -> None:
    """A real process saves in a loop and is killed at random moments, also while it replaces an earlier network."""
    other = Drawing(PLACES, [("a d", ROAD), ("d c", {"highway": "track"})])
    files = [DRAWING.write(tmp_path / "one.osm.pbf"), other.write(tmp_path / "two.osm.pbf")]
    networks = [compile_network(f) for f in files]
    target = tmp_path / "shelf" / "net"
    rng = random.Random(7)
    begun = time.perf_counter()
    save_network(networks[0], tmp_path / "timed")
    one_save_s = time.perf_counter() - begun
    left_scratch = seen = 0
    for attempt in range(24):
        child = save_for_ever(networks, target)
        time.sleep(rng.uniform(0, one_save_s * 2 ** (attempt % 4)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        left_scratch += any(p.name.startswith(".net.build-") for p in target.parent.glob(".*"))
        assert target.exists() or not seen, "a network was there and is gone"
        if target.exists():
            verify_content(target)
            assert load_network(target).network_id in {n.network_id for n in networks}
            seen += 1
    assert left_scratch > 0, "no build was killed half-way: the test proves nothing"
    assert seen > 0
    save_network(networks[0], target)
    assert [p.name for p in target.parent.iterdir()] == ["net"]


def test_one_door_reads_folders_and_refuses_the_rest(tmp_path: Path, built: Path) -> None:
    assert read_network(built).n_segments == load_network(built).n_segments
    with pytest.raises(InvalidInput, match="network build"):
        read_network(tmp_path / "nothing")
    with pytest.raises(BadReferenceData, match="not a JSON file"):
        read_network(tmp_path / "small.osm.pbf")


def test_a_shelf_lists_networks_by_name_and_finds_them_by_name_or_id(tmp_path: Path, built: Path) -> None:
    network = load_network(built)
    shelf = tmp_path / "shelf"
    save_network(network, shelf / network.network_id)
    (shelf / "broken").mkdir()
    (shelf / "broken" / MANIFEST).write_text("{")
    (shelf / "notes").mkdir()
    listed = list_networks(shelf)
    assert [(n.network_id, bool(n.problem)) for n in listed] == [("broken", True), (network.network_id, False)]
    assert find_folder(shelf, "small") == find_folder(shelf, network.network_id) == shelf / network.network_id


def test_indexes_are_kept_with_the_arrays_and_an_artefact_without_them_makes_them(built: Path) -> None:
    """An older artefact, or one whose indexes are damaged, answers the same."""
    kept = load_network(built)
    assert kept.indexes is not None
    assert kept.boxes is kept.indexes.boxes
    (built / INDEX_FOLDER / "box_order.npy").unlink()
    (built / INDEX_FOLDER / "box_order.npy").write_bytes(b"damaged")
    damaged = load_network(built)
    shutil.rmtree(built / INDEX_FOLDER)
    manifest = json.loads((built / MANIFEST).read_text())
    del manifest["index_arrays"]
    (built / MANIFEST).write_text(json.dumps(manifest))
    older = load_network(built)
    for other in (damaged, older):
        assert other.indexes is None
        everywhere = np.array([[-180.0, -90.0, 180.0, 90.0]])
        for mine, theirs in zip(kept.boxes.query(everywhere), other.boxes.query(everywhere), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        for number in range(kept.n_segments):
            assert kept.find_segment(kept.segment_id(number)) == number == other.find_segment(other.segment_id(number))


def test_a_network_made_from_a_loaded_one_does_not_go_by_its_indexes(built: Path) -> None:
    loaded = load_network(built)
    renamed = replace(loaded, segment_ids=np.char.add(np.asarray(loaded.segment_ids), b"-new"))
    assert renamed.find_segment(loaded.segment_id(0) + "-new") == 0
    assert renamed.find_segment(loaded.segment_id(0)) is None
    moved = replace(loaded, coords=np.asarray(loaded.coords) + 10.0)
    here = np.array([[*loaded.coords.min(axis=0), *loaded.coords.max(axis=0)]])
    assert len(loaded.boxes.query(here)[0]) == loaded.n_segments
    assert len(moved.boxes.query(here)[0]) == 0


def test_indexes_of_other_segments_are_found_by_reading_everything(built: Path) -> None:
    verify_content(built)
    order = np.load(built / INDEX_FOLDER / "box_order.npy")
    np.save(built / INDEX_FOLDER / "box_order.npy", order[::-1])
    with pytest.raises(BadReferenceData, match="indexes"):
        verify_content(built)
